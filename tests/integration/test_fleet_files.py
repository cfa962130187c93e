# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fleet files in a task: read on the controller, pruned with care, stopped by limits."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from .conftest import Playbook, Sandbox

SECRET = "demo-secret"

FleetFile = t.Callable[..., str]


@pytest.fixture
def fleet_file(tmp_path: Path, sandbox: Sandbox) -> FleetFile:
    """Writes a file beside the playbook and returns its name; SANDBOX in it is the url."""

    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("SANDBOX", sandbox.url), encoding="utf-8")
        return name

    return write


def converge(file: t.Any, **keywords: t.Any) -> dict[str, t.Any]:
    """A task."""
    return {"name": str(file), "fleetform.devices.fleet": {"file": file}, **keywords}


def test_a_file_sees_vaulted_variables_those_of_the_play_and_extra_ones(
    playbook: Playbook, fleet_file: FleetFile, sandbox: Sandbox, tmp_path: Path
) -> None:
    fleet_file(
        "fleet/sensors.yml",
        """
accounts:
  lab: {vendor: blynk, url: SANDBOX/blynk, client_id: oa2-client-id_demo, client_secret: "{{ vault_secret }}"}
vars_files: [secrets.yml]
defaults: {account: lab}
devices:
  - {name: Lobby sensor, model: TMPL8RITg_f9Q, owner: "{{ keeper }}", metafields: {Floor: "{{ floor | int }}"}}
""",
    )
    fleet_file(
        "fleet/displays.yml",
        """
accounts:
  av: {vendor: xyte, url: SANDBOX/xyte, token: "{{ lookup('env', 'AV_KEY') }}"}
defaults: {account: av}
devices:
  - {serial: XQD-00001, name: "{{ title }}"}
""",
    )
    plain = f"vault_secret: {SECRET}\nkeeper: nobody@example.com\nfloor: 9\n"
    vault = VaultLib([("default", VaultSecret(b"open sesame"))])
    (tmp_path / "fleet" / "secrets.yml").write_bytes(vault.encrypt(plain))
    (tmp_path / "password").write_text("open sesame\n")
    # What the play looks up is its own business.
    room = "{{ lookup('ansible.builtin.pipe', 'echo Room 1') }}"
    task = converge("fleet", vars={"title": "Berlin {{ room }}", "floor": 3})
    run = playbook(
        {**task, "check_mode": True, "diff": True},
        task,
        task,
        arguments=(
            "--vault-password-file",
            "password",
            "-e",
            json.dumps({"keeper": "ada.keller@nordlicht.example", "room": room}),
        ),
        environment={"AV_KEY": "xyte-demo-key"},
    )
    checked, done, again = (entry["result"] for entry in run.results)
    assert checked["changed"] is True
    assert checked["calls"]["write"] == 0
    assert checked["changes"] == done["changes"]
    assert [row["declared_at"] for row in checked["plan"]["devices"]] == [
        f"{tmp_path}/fleet/displays.yml:6",
        f"{tmp_path}/fleet/sensors.yml:7",
    ]
    sensor, display = sorted(done["devices"], key=lambda device: str(device["vendor"]))
    assert sensor["owner"]["email"] == "ada.keller@nordlicht.example"
    # What a vars_file says beats the play, and -e beats both.
    assert sensor["metafields"]["Floor"] == 9
    assert display["name"] == "Berlin Room 1"
    assert (again["changed"], again["calls"]["write"]) == (False, 0)
    assert SECRET not in run.output
    assert "open sesame" not in run.output


WRONG = {
    "word.yml:4": ("devices:\n  - name: One\n    serial: A1\n    modell: TMPL8RITg_f9Q\n", "did you mean 'model'?"),
    "number.yml:2": ("devices:\n  - {serial: 0012}\n", 'quote it: "0012"'),
    "mac.yml:2": ("devices:\n  - {mac: 11:22:33:44:55:06}\n", "quote it"),
    "truth.yml:3": ("devices:\n  - serial: A1\n    name: on\n", "quote it"),
    "twice.yml:3": ("devices:\n  - name: One\n    name: Two\n", "first in line 2"),
    "undefined.yml:2": ("accounts:\n  lab: {vendor: blynk, token: '{{ nowhere }}'}\ndevices: []\n", "'nowhere' is undefined"),
    "blank.yml:2": ("accounts:\n  lab: {vendor: blynk, token: \"{{ '' }}\"}\ndevices: []\n", "token is empty"),
    "lookup.yml:2": ("devices:\n  - {name: \"{{ lookup('pipe', 'date') }}\"}\n", "the lookup 'pipe' is not allowed"),
    "scope.yml": ("prune:\n  - {account: lab}\n", "prune needs a scope"),
    "absent.yml": (None, "there is no such file or folder"),
}
"""Where the mistake is, the text, and what is said of it."""


def test_a_mistake_is_named_with_file_and_line_before_anything_is_sent(
    playbook: Playbook, fleet_file: FleetFile, sandbox: Sandbox
) -> None:
    account = "accounts: {lab: {vendor: blynk, url: SANDBOX/blynk, token: blynk-demo-token}}\n"
    tasks = []
    for place, (text, _words) in WRONG.items():
        name = place.partition(":")[0]
        if text is not None:
            fleet_file(name, text)
        tasks.append(converge(name, ignore_errors=True))
    twice = {"file": fleet_file("right.yml", account), "devices": [{"name": "One"}], "max_changes": {"delete": {"count": 1}}}
    tasks.append({"name": "both", "fleetform.devices.fleet": twice, "ignore_errors": True})
    run = playbook(*tasks)
    *entries, both = run.results
    for (place, (_text, words)), entry in zip(WRONG.items(), entries, strict=True):
        assert entry["outcome"] == "failed", place
        assert f"/{place}" in entry["result"]["msg"], entry["result"]["msg"]
        assert words in entry["result"]["msg"], entry["result"]["msg"]
    assert both["result"]["msg"] == "file: devices, max_changes stand in the fleet file; take them out of the task"
    assert not sandbox.requests()


def test_prune_removes_what_nobody_declares_and_nothing_else(playbook: Playbook, fleet_file: FleetFile, sandbox: Sandbox) -> None:
    sandbox.reset(seed="large", size=3)
    file = fleet_file(
        "fleet.yml",
        """
accounts: {av: {vendor: xyte, url: SANDBOX/xyte, token: xyte-demo-key}}
devices:
  - {account: av, name: Screen 00000}
  - {account: av, name: Screen 00002}
prune:
  - {account: av, scope: {vendor: xyte}}
""",
    )
    checking = converge(file, check_mode=True)
    tasks = (checking, {**checking, "environment": {"ELSEWHERE": "a module"}}, converge(file), converge(file))
    checked, in_a_module, done, again = (entry["result"] for entry in playbook(*tasks).results)
    assert checked["calls"]["write"] == 0
    assert in_a_module["plan"]["devices"] == checked["plan"]["devices"]
    (removed,) = [row for row in checked["plan"]["devices"] if row["actions"] == ["delete"]]
    assert (removed["name"], removed["model"], removed["irreversible"]) == ("Screen 00001", "Projector - PT900", True)
    assert removed["declared_at"].endswith("fleet.yml: prune[0]")
    assert [change["action"] for change in done["changes"]] == ["delete"]
    assert (again["changed"], again["calls"]["write"]) == (False, 0)
    assert sorted(device["name"] for device in sandbox.state("xyte")["devices"].values()) == ["Screen 00000", "Screen 00002"]


def fleet_of(names: t.Sequence[str], *, token: str = "xyte-demo-key", rename: bool = False, more: str = "") -> str:
    """A file that declares devices by name and prunes the others."""
    rows = [
        f"  - {{account: av, name: {name}{' new' if rename else ''}{f', previous_name: {name}' if rename else ''}}}\n"
        for name in names
    ]
    accounts = f"accounts: {{av: {{vendor: xyte, url: SANDBOX/xyte, token: {token}}}}}\n"
    return f"{accounts}devices:\n{''.join(rows)}prune:\n  - {{account: av, scope: {{vendor: xyte}}}}\n{more}"


@pytest.mark.parametrize("size", [1, 3, 9])
def test_no_fleet_is_emptied_by_a_wrong_file_a_wrong_account_or_a_wrong_answer(
    playbook: Playbook, fleet_file: FleetFile, sandbox: Sandbox, size: int
) -> None:
    names = [f"Screen {number:05}" for number in range(size)]
    # Of one device a half is one.
    half = f"max_changes: {{update: {{percent: {50 if size > 1 else 0}}}}}\n"
    full, refused = {"seed": "large", "size": size}, {"vendor": "xyte", "method": "GET", "path": ".*/devices", "status": 403}
    # File, state of the cloud, faults, and what is said.
    cases: dict[str, tuple[str, dict[str, t.Any], list[dict[str, t.Any]], str]] = {
        "lost declarations": (fleet_of([]), full, [], f"delete of {size} devices is over the limit"),
        "an empty file": ("", full, [], "`accounts` is empty"),
        "an empty cloud": (fleet_of(names), {"seed": "empty"}, [], "prune does nothing"),
        "a wrong organization": (fleet_of(names, token="xyte-other-key"), full, [], "prune does nothing"),
        "a 403": (fleet_of(names[:1]), full, [refused], "403"),
        "a misspelt name": (fleet_of([*names[1:], "Scren 00000"]), full, [], "prune does nothing while"),
        "all renamed": (fleet_of(names, rename=True, more=half), full, [], f"update of {size} devices is over the limit"),
    }
    tasks: list[dict[str, t.Any]] = []
    for number, (text, start, faults, _words) in enumerate(cases.values()):
        tasks.append({"reset_sandbox": {"url": sandbox.url, "start": start, "faults": faults}})
        tasks.append(converge(fleet_file(f"{number}.yml", text), ignore_errors=True))
    tasks.append({"reset_sandbox": {"url": sandbox.url}})
    entries = playbook(*tasks).results
    assert [entry["result"]["writes"] for entry in entries[0::2]] == [[]] * (len(cases) + 1)
    for (case, (*_given, words)), entry in zip(cases.items(), entries[1::2], strict=True):
        assert entry["outcome"] == "failed", case
        assert words in entry["result"]["msg"], f"{case}: {entry['result']['msg']}"


def test_a_plan_over_a_limit_is_shown_in_check_mode_and_says_what_is_too_much(
    playbook: Playbook, fleet_file: FleetFile, sandbox: Sandbox
) -> None:
    sandbox.reset(seed="large", size=3)
    file = fleet_file("fleet.yml", fleet_of(["Screen 00000"]))
    result = playbook(converge(file, check_mode=True, diff=True, ignore_errors=True)).only
    (excess,) = result["plan"]["over_limit"]
    assert (excess["wanted"], excess["allowed"], excess["devices"]) == (2, 1, 3)
    assert result["msg"] == excess["message"]
    assert result["plan"]["summary"]["delete"] == 2
    assert len(result["diff"]) == 2
    assert not sandbox.requests(write=True)
