# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands that write nothing, as processes: validate, plan, show, explain, capabilities, help and completion."""

from __future__ import annotations

import json
import resource
import stat
from pathlib import Path

import pytest

from tests.command.conftest import Command
from tests.integration.conftest import CREDENTIALS

PANEL = {"name": "Hamburg Main Panel", "metafields": {"Panel": "MP-1"}}
RENAMED = {"name": "Hamburg Cafeteria Climate", "previous_name": "Hamburg New Sensor"}
NEW = {"name": "Hamburg Lobby Climate", "model": "TMPL8RITg_f9Q"}


def computed() -> float:
    """The seconds that processes which have ended have computed, whatever else the machine had to do."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


SECRETS = sorted(CREDENTIALS.values())


def test_validate_says_yes_or_where_what_is_wrong_and_sends_nothing(fleetform: Command) -> None:
    fleetform.fleet(PANEL)
    ran = fleetform("validate")
    assert (ran.out, ran.err) == ("The fleet files are right.\n", "")
    fleetform.write("bad.yml", "devices:\n- {serial: 0012}\n- {nmae: x}\n")
    ran = fleetform("validate", "bad.yml", "fleet.yml", code=1)
    assert ran.out == ""
    assert ran.err == (
        'bad.yml:2:12: devices[0]: serial: 0012 is a number to YAML; quote it: "0012"\n'
        "bad.yml:3:4: devices[1]: unknown option 'nmae'; did you mean 'name'?\n"
        "error: 2 problems found\n"
    )
    assert fleetform.sandbox.requests() == []


def test_validate_needs_no_secret_no_variables_and_no_lookup(fleetform: Command) -> None:
    fleetform.write(
        "fleet.yml", "vars_files: [nowhere.yml]\naccounts: {lab: {vendor: xyte, token: \"{{ lookup('pipe', 'touch made') }}\"}}\n"
    )
    fleetform("validate")
    assert not (fleetform.folder / "made").exists()


def test_a_plan_goes_to_stdout_and_the_exit_code_tells_of_changes(fleetform: Command) -> None:
    fleetform.fleet(PANEL, RENAMED)
    ran = fleetform("plan")
    assert 'name: "Hamburg New Sensor" -> "Hamburg Cafeteria Climate"' in ran.out
    assert "0 to create, 1 to update, 0 to delete, 1 unchanged" in ran.out
    assert (ran.err, "\x1b" in ran.out) == ("", False)
    fleetform("plan", "--exit-code", code=2)
    fleetform("plan", "--exit-code", "--exclude", "name=Hamburg New Sensor")
    assert fleetform.written() == []


def test_a_device_under_an_account_that_is_not_there_is_an_error_in_words(fleetform: Command) -> None:
    fleetform.fleet({**PANEL, "account": "nowhere"})
    for arguments in (("plan",), ("plan", "--out", "saved.json")):
        ran = fleetform(*arguments, code=1)
        assert "there is no account 'nowhere'" in ran.out
        assert "Traceback" not in ran.out + ran.err
    assert fleetform.written() == []


def test_errors_beat_changes(fleetform: Command) -> None:
    fleetform.fleet(RENAMED, {"name": "Nowhere"})
    ran = fleetform("plan", "--exit-code", code=1)
    assert "no such device" in ran.out
    assert "Hamburg Cafeteria Climate" in ran.out


def test_an_account_that_cannot_be_read_leaves_the_others_and_ends_with_an_error(fleetform: Command) -> None:
    accounts = {"lab": fleetform.sandbox.account("blynk"), "av": {**fleetform.sandbox.account("xyte"), "token": "not-the-key"}}
    fleetform.write(
        "fleet.yml", {"accounts": accounts, "devices": [{"account": "lab", **RENAMED}, {"account": "av", "name": "x"}]}
    )
    data = fleetform("plan", "--format", "json", "--out", "plan.json", code=1).json
    assert (data["complete"], data["summary"]["update"]) == (False, 1)
    assert data["errors"][0]["account"] == "av"
    assert "not-the-key" not in json.dumps(data)
    fleetform("show", "plan.json", code=1)
    ran = fleetform("apply", "plan.json", "--yes", code=3)
    assert "--partial" in ran.err
    fleetform("apply", "plan.json", "--yes", "--partial")
    fleetform("plan", "--where", "account=lab", "--exit-code", code=1)
    assert fleetform.sandbox.state("xyte") is not None


def test_where_and_exclude_choose_devices(fleetform: Command) -> None:
    fleetform.fleet(PANEL, RENAMED, NEW)
    for chosen, wanted in (
        (["--where", "action=create"], ["lab/Hamburg Lobby Climate"]),
        (
            ["--where", "account=lab", "--exclude", "action=no-op", "--exclude", "action=create"],
            ["lab/Hamburg Cafeteria Climate"],
        ),
        (
            ["--where", "account=lab", "--where", "vendor=blynk", "--exclude", "action=create", "--exclude", "action=update"],
            ["lab/Hamburg Main Panel"],
        ),
    ):
        data = fleetform("plan", "--format", "json", *chosen).json
        assert [device["address"] for device in data["devices"]] == wanted, chosen
    fleetform.fleet({"serial": "XQD-00001"}, {"serial": "XQD-00008"}, vendor="xyte")
    online = {row["sn"] for row in fleetform.sandbox.state("xyte")["devices"].values() if row["status"] == "online"}
    for option, wanted in (("--where", online), ("--exclude", {"XQD-00001", "XQD-00008"} - online)):
        data = fleetform("plan", "--format", "json", option, "online=true").json
        assert {device["serial"] for device in data["devices"]} == wanted & {"XQD-00001", "XQD-00008"}
    assert "there is no field 'nmae'" in fleetform("plan", "--where", "nmae=x", code=1).err


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--frmat", "json"],
        ["plan", "--format", "yaml"],
        ["plan", "--where", "name"],
        ["plan", "--expires", "soon"],
        ["plan", "--expires", "0h"],
        ["plan", "--format", "json", "--format", "html"],
        ["plan", "--format", "json", "--output", "a", "--output", "b"],
        ["plan", "--max-chars", "5"],
        ["plan", "nowhere.yml"],
        ["apply", "--limit", "deletes=5"],
        ["apply", "--limit", "delete=many"],
        ["apply", "--lock-timeout", "long"],
        ["apply", "--lock-timeout", "nan"],
        ["apply", "--lock-timeout", "-1"],
        ["show"],
        ["show", "fleet.yml"],
        ["show", "nowhere.json"],
        ["import"],
        ["import", "--account", "nowhere"],
        ["explain"],
        ["explain", "nothing like it"],
        ["nonsense"],
        [],
    ],
)
def test_wrong_usage_ends_with_1_and_talks_on_stderr(fleetform: Command, arguments: list[str]) -> None:
    fleetform.fleet(PANEL)
    ran = fleetform(*arguments, code=1)
    assert ran.out == ""
    assert ran.err
    assert fleetform.written() == []


def test_formats_and_outputs_go_in_pairs_and_one_may_stay_on_stdout(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    pairs = [
        "--format",
        "json",
        "--output",
        "p.json",
        "--format",
        "html",
        "--output",
        "p.html",
        "--format",
        "junit",
        "--output",
        "p.xml",
    ]
    ran = fleetform("plan", *pairs, "--format", "markdown")
    assert ran.out.startswith("<!-- fleetform plan -->")
    assert json.loads((fleetform.folder / "p.json").read_text())["summary"]["update"] == 1
    assert "<html" in (fleetform.folder / "p.html").read_text()
    assert "<testsuite" in (fleetform.folder / "p.xml").read_text()
    assert "cannot be written" in fleetform("plan", "--output", "no/such/folder/p.txt", code=1).err


def test_markdown_is_no_longer_than_it_may_be(fleetform: Command) -> None:
    fleetform.fleet(*({"name": f"Sensor {number:03}", "model": "TMPL8RITg_f9Q"} for number in range(40)))
    whole = fleetform("plan", "--format", "markdown", "--out", "plan.json").out
    short = fleetform("show", "plan.json", "--format", "markdown", "--max-chars", "1500").out
    assert len(short) <= 1500 < len(whole) <= 65_000
    assert "more devices" in short


def test_a_saved_plan_is_private_and_shows_as_it_was(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    shown = fleetform("plan", "--out", "plan.json").out
    path = fleetform.folder / "plan.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert fleetform("show", "plan.json").out == shown
    fleetform("show", "plan.json", "--exit-code", code=2)
    assert not any(secret in path.read_text() for secret in SECRETS)
    path.write_bytes(path.read_bytes().replace(b"Cafeteria", b"Cafeterja"))
    assert "changed or damaged" in fleetform("show", "plan.json", code=1).err
    assert "the plan cannot be written" in fleetform("plan", "--out", "no/such/plan.json", code=1).err


def test_colour_is_for_terminals_that_want_it(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    with fleetform.terminal("plan") as terminal:
        ran = terminal.ended()
    assert (ran.code, "\x1b[" in ran.out) == (0, True)
    with fleetform.terminal("plan", env={"NO_COLOR": "1"}) as terminal:
        ran = terminal.ended()
    assert (ran.code, "\x1b[3" in ran.out) == (0, False)


def test_verbose_shows_every_request_on_stderr_and_no_secret(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    quiet = fleetform("plan")
    fleetform.sandbox.clear()
    ran = fleetform("plan", "-v")
    assert ran.out == quiet.out
    sent = fleetform.sandbox.requests()
    lines = ran.err.splitlines()
    assert len(lines) == len(sent)
    assert any(line.startswith("GET ") and "/organization/devices: HTTP 200 after " in line for line in lines)
    assert any(line.startswith("POST ") and "/oauth2/token: HTTP 200" in line for line in lines)
    assert not any(secret in ran.all for secret in SECRETS)


def test_lookups_extra_variables_and_vault_come_from_the_command_line(fleetform: Command) -> None:
    account = {**fleetform.sandbox.account("blynk"), "client_secret": "{{ lookup('ansible.builtin.env', 'BLYNK_WORD') }}"}
    fleetform.write("fleet.yml", {"accounts": {"lab": account}, "devices": [{**RENAMED, "name": "{{ wanted }}"}]})
    ran = fleetform("plan", "-e", "wanted='From the command'", env={"BLYNK_WORD": CREDENTIALS["blynk_client_secret"]})
    assert '-> "From the command"' in ran.out
    fleetform.write("more.yml", "wanted: From a file\n")
    ran = fleetform("plan", "-e", "@more.yml", env={"BLYNK_WORD": CREDENTIALS["blynk_client_secret"]})
    assert '-> "From a file"' in ran.out
    ran = fleetform("plan", "-e", "wanted=x", code=1)
    assert "account lab: client_secret is empty" in ran.err
    fleetform.write("more.yml", "wanted: \"{{ lookup('pipe', 'touch made') }}\"\n")
    ran = fleetform("plan", "-e", "@more.yml", code=1)
    assert "the lookup 'pipe' is not allowed" in ran.err
    assert not (fleetform.folder / "made").exists()


def test_a_named_account_takes_its_credentials_from_the_environment(fleetform: Command) -> None:
    fleetform.write(
        "fleet.yml", {"accounts": {"lab": {"vendor": "blynk", "url": f"{fleetform.sandbox.url}/blynk"}}, "devices": [PANEL]}
    )
    fleetform("plan", env={"FLEETFORM_LAB_TOKEN": CREDENTIALS["blynk_token"]})
    ran = fleetform("plan", code=1)
    assert "FLEETFORM_LAB_" in ran.err


def test_help_is_quick_and_teaches_by_example(fleetform: Command) -> None:
    for command in ([], ["plan"], ["apply"], ["import"]):
        begun = computed()
        ran = fleetform.installed(*command, "--help")
        assert computed() - begun < 0.5
        assert ran.out.count("  fleetform ") >= 2
    assert fleetform("--version").out.startswith("fleetform")


def test_capabilities_is_a_table_and_quick(fleetform: Command) -> None:
    fleetform.installed("capabilities")
    begun = computed()
    ran = fleetform.installed("capabilities")
    assert computed() - begun < 0.5
    assert all(vendor in ran.out for vendor in ("webex", "blynk", "xyte", "mobilefirst", "greenlake"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_gets_its_completion(fleetform: Command, shell: str) -> None:
    assert "_FLEETFORM_COMPLETE" in fleetform.installed(env={"_FLEETFORM_COMPLETE": f"{shell}_source"}).out
    words = {"COMP_WORDS": "fleetform pl", "COMP_CWORD": "1" if shell != "fish" else "pl"}
    assert "plan" in fleetform.installed(env={"_FLEETFORM_COMPLETE": f"{shell}_complete", **words}).out
    if shell != "fish":
        fleetform.fleet(PANEL)
        words = {"COMP_WORDS": "fleetform import --account l", "COMP_CWORD": "3"}
        assert "lab" in fleetform.installed(env={"_FLEETFORM_COMPLETE": f"{shell}_complete", **words}).out
        words = {"COMP_WORDS": "fleetform plan --for", "COMP_CWORD": "2"}
        assert "--format" in fleetform.installed(env={"_FLEETFORM_COMPLETE": f"{shell}_complete", **words}).out


def test_nothing_but_the_named_files_is_written(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    fleetform("plan", "--out", "plan.json")
    kept = {path.relative_to(fleetform.folder).parts[0] for path in Path(fleetform.folder).rglob("*") if path.is_file()}
    assert kept <= {"ansible.cfg", "fleet.yml", "plan.json", "local"}
