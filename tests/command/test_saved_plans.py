# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Saved plans at the command: which files they are read with, when they are refused and shown, and what an apply reports."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.savedplan import signed
from tests.command.conftest import Command, rows, sent, wait_until
from tests.command.test_apply import SLOW
from tests.command.test_output import shell

RENAMED = {"name": "Hamburg Cafeteria Climate", "previous_name": "Hamburg New Sensor"}
PANEL = {"name": "Hamburg Main Panel"}
SENSOR = "Hamburg New Sensor"
KEY = {"FLEETFORM_PLAN_KEY": "a key"}
DELETES = ("--yes", "--allow", "delete")


def scope_of(*names: str) -> list[dict[str, t.Any]]:
    """A prune that looks at the devices of these names."""
    return [{"account": "lab", "scope": {"name": list(names)}}]


def edited(path: Path, change: t.Callable[[dict[str, t.Any]], None]) -> None:
    """Changes a saved plan as somebody would who knows how its digest is made, and has no key."""
    data = {name: value for name, value in json.loads(path.read_text()).items() if name not in ("digest", "hmac")}
    change(data)
    path.write_text(json.dumps(signed(data, None)))


def names(fleetform: Command) -> list[str]:
    """What the devices in the cloud are called."""
    return [device["name"] for device in fleetform.sandbox.state("blynk")["devices"]]


def test_a_file_that_came_into_the_folder_since_is_read_when_the_plan_is_applied(fleetform: Command) -> None:
    fleetform.fleet(PANEL, name="fl/a.yml", prune=scope_of("Hamburg Main Panel", SENSOR))
    fleetform("plan", "fl", "--out", "p.json")
    saved = json.loads((fleetform.folder / "p.json").read_text())
    assert (saved["files"], saved["summary"]["delete"]) == (["fl"], 1)
    fleetform.write("fl/b.yml", {"devices": [{"account": "lab", "name": SENSOR}]})
    ran = fleetform("apply", "p.json", *DELETES, code=1)
    assert "skipped: it is declared by now" in ran.err
    assert fleetform.written() == []


def test_a_plan_of_nothing_named_is_one_of_fleet_yml(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    fleetform("plan", "--out", "p.json")
    assert json.loads((fleetform.folder / "p.json").read_text())["files"] == ["fleet.yml"]


def test_the_files_of_a_plan_are_named_before_they_are_read_and_lie_below_the_folder(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    fleetform("plan", "--out", "p.json")
    path = fleetform.folder / "p.json"
    absolute = str(fleetform.fleet(RENAMED, name="away/fleet.yml"))
    for name in (absolute, "../fleet.yml", "away/../fleet.yml"):
        edited(path, lambda data, name=name: data.update(files=[name]))
        ran = fleetform("apply", "p.json", "--yes", code=3)
        assert f"the plan names {name}, outside of this folder; if that is meant, say it with --file" in ran.err
        assert "Reading" not in ran.err
    assert fleetform.sandbox.requests() == [] or fleetform.written() == []
    ran = fleetform("apply", "p.json", "--yes", "--file", absolute)
    assert "Reading" not in ran.err
    edited(path, lambda data: data.update(files=["away"]))
    assert "Reading away as the plan says.\n" in fleetform("apply", "p.json", "--yes").err


def test_a_plan_of_files_outside_of_the_folder_says_how_it_is_applied(fleetform: Command) -> None:
    absolute = str(fleetform.fleet(RENAMED))
    ran = fleetform("plan", absolute, "--out", "p.json")
    assert f"It names {absolute}, outside of this folder: apply it with --file {absolute}" in ran.err


@pytest.mark.parametrize("key", [{}, KEY], ids=["no key", "a key"])
def test_nothing_that_a_plan_names_is_read_before_the_plan_is_known_to_be_right(fleetform: Command, key: dict[str, str]) -> None:
    fleetform.fleet(RENAMED)
    fleetform("plan", "--out", "p.json", env=key)
    path = fleetform.folder / "p.json"
    fleetform.write("evil/fleet.yml", {"accounts": {"lab": {"vendor": "blynk", "url": "{{ lookup('file', 'made') }}"}}})
    if key:
        edited(path, lambda data: data.update(files=["evil/fleet.yml"]))
        refusal = "not signed with FLEETFORM_PLAN_KEY"
    else:
        path.write_text(path.read_text().replace('"fleet.yml"', '"evil/fleet.yml"'))
        refusal = "changed or damaged"
    ran = fleetform("apply", "p.json", "--yes", env=key, code=3)
    assert refusal in ran.err
    assert "evil" not in ran.err


def test_a_plan_whose_files_are_not_here_says_what_to_do(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    fleetform("plan", "--out", "p.json")
    (fleetform.folder / "fleet.yml").rename(fleetform.folder / "moved.yml")
    ran = fleetform("apply", "p.json", "--yes", code=1)
    assert ran.err == (
        "error: fleet.yml: the plan names it, and it is not here; run where it is, or say with --file where it is\n"
    )


@pytest.mark.parametrize("arguments", [["--file", "other.yml"], ["--partial"], ["fleet.yml", "--file", "other.yml"]])
def test_what_goes_with_a_saved_plan_is_not_ignored_without_one(fleetform: Command, arguments: list[str]) -> None:
    fleetform.fleet(RENAMED)
    fleetform.fleet(PANEL, name="other.yml")
    ran = fleetform("apply", "--yes", *arguments, code=1)
    assert "goes with a saved plan, and " in ran.err
    assert fleetform.sandbox.requests() == []


def test_a_saved_plan_is_no_fleet_file(fleetform: Command) -> None:
    fleetform.fleet(RENAMED, name="fl/fleet.yml")
    fleetform("plan", "fl", "--out", "fl/p.json")
    ran = fleetform("plan", "fl", "--out", "fl/p.json", "--format", "json", "--output", "fl/q.json")
    assert ran.err.startswith("The plan is saved in fl/p.json and holds until ")
    fleetform("validate", "fl")
    for arguments in (["apply", "--yes", "fl/p.json", "fl/fleet.yml"], ["plan", "fl/p.json"], ["validate", "fl/q.json"]):
        ran = fleetform(*arguments, code=1)
        assert f"{next(name for name in arguments if 'json' in name)} is a saved plan; apply it alone\n" in ran.err
        assert ran.err.count("\n") <= 2
    assert fleetform.written() == []
    fleetform("apply", "fl/p.json", "--yes")


def test_a_device_that_left_the_scope_of_prune_is_not_said_to_be_deleted(fleetform: Command) -> None:
    fleetform.fleet(PANEL, prune=scope_of("Hamburg Main Panel", SENSOR))
    fleetform("plan", "--out", "p.json")
    fleetform.sandbox.drift("blynk", SENSOR, name="Renamed")
    ran = fleetform("apply", "p.json", *DELETES, code=1)
    assert "skipped: it is not in the scope of prune any more, and Renamed (id " in ran.err
    assert "as planned already" not in ran.err
    assert fleetform.written() == []


def test_a_device_that_was_deleted_meanwhile_is_as_planned(fleetform: Command) -> None:
    fleetform.fleet(PANEL, prune=scope_of("Hamburg Main Panel", SENSOR))
    fleetform("plan", "--out", "p.json")
    fleetform("apply", "p.json", *DELETES)
    assert len(fleetform.written()) == 1
    assert "1 of the planned devices are as planned already." in fleetform("apply", "p.json", *DELETES).err


def test_show_checks_the_signature_where_there_is_a_key(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    fleetform("plan", "--out", "p.json", env=KEY)
    assert fleetform("show", "p.json", env=KEY).err == ""
    assert "whether by the right key cannot be told" in fleetform("show", "p.json").err
    for wrong in ({"FLEETFORM_PLAN_KEY": "another key"}, KEY):
        ran = fleetform("show", "p.json", env=wrong, code=1)
        assert "not signed with FLEETFORM_PLAN_KEY" in ran.err
        assert ran.out == ""
        edited(fleetform.folder / "p.json", lambda data: None)


def test_show_says_that_a_plan_has_expired(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    fleetform("plan", "--out", "p.json")
    edited(fleetform.folder / "p.json", lambda data: data.update(expires_at="2026-01-01T00:00:00Z"))
    ran = fleetform("show", "p.json", "--exit-code", code=2)
    assert ran.err == "The plan has expired at 2026-01-01T00:00:00Z; it will not be applied.\n"


def test_a_plan_that_shows_less_than_it_does_is_not_shown(fleetform: Command) -> None:
    fleetform.fleet({"name": SENSOR, "state": "absent"}, PANEL)
    fleetform("plan", "--out", "p.json")

    def unchanged(data: dict[str, t.Any]) -> None:
        data["summary"].update(delete=0, unchanged=2)
        for device in data["devices"]:
            device.update(actions=["no-op"], irreversible=False)

    edited(fleetform.folder / "p.json", unchanged)
    for command in (["show", "p.json"], ["apply", "p.json", *DELETES]):
        ran = fleetform(*command, code=1 if command[0] == "show" else 3)
        assert "the plan contradicts itself" in ran.err
        assert ran.out == ""
    assert fleetform.written() == []


@pytest.mark.parametrize("part", ["changes", "devices", "summary", "errors", "effort", "warnings", "expires_at"])
def test_a_plan_of_another_shape_is_refused_in_words(fleetform: Command, part: str) -> None:
    fleetform.fleet(RENAMED)
    fleetform("plan", "--out", "p.json")
    edited(fleetform.folder / "p.json", lambda data: data.update({part: None}))
    for command, code in (("show", 1), ("apply", 3)):
        assert "this is not a plan that fleetform has saved" in fleetform(command, "p.json", code=code).err


def test_a_plan_is_saved_before_it_is_printed_and_says_where_and_until_when(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    ran = shell(fleetform, "fleetform plan --out p.json > /dev/full")
    assert ran.returncode == 1
    until = json.loads((fleetform.folder / "p.json").read_text())["expires_at"]
    assert ran.stderr.startswith(f"The plan is saved in p.json and holds until {until}.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["plan", "--out", "p.json", "--expires", "99999999999d"], "--expires 99999999999d: write a number"),
        (["plan", "--out", "p.json", "--expires", "999999999d"], "longer than 3650d"),
        (["apply", "--yes", "--limit", "delete=²"], "--limit delete=²: write delete=NUMBER"),
        (["apply", "--yes", "--limit", f"delete={'9' * 5000}"], "write delete=NUMBER"),
        (["apply", "--yes", "--allow", "delte"], "--allow delte: there is no such action; did you mean delete?"),
        (["apply", "--yes", "--allow", "x"], "--allow x: there is no such action; there are archive, delete, transfer"),
    ],
)
def test_a_mistyped_option_is_an_error_in_words(fleetform: Command, arguments: list[str], words: str) -> None:
    fleetform.fleet(RENAMED)
    assert words in fleetform(*arguments, code=1).err
    assert fleetform.sandbox.requests() == []


def test_a_choice_that_fits_no_declared_device_is_not_green_for_ever(fleetform: Command) -> None:
    fleetform.fleet(PANEL)
    told = "warning: no declared device fits --where account=lba\n"
    assert fleetform("plan", "--where", "account=lba").err == told
    assert fleetform("plan", "--where", "account=lba", "--exit-code", code=1).err == told
    assert told in fleetform("apply", "--yes", "--where", "account=lba").err
    for pair in ("account=lab", "name=Hamburg Main Panel", "action=delete", "declared_at=fleet.yml"):
        assert fleetform("plan", "--where", pair, "--exit-code").err == ""
    fleetform("plan", "--where", "action=delte", "--exit-code", code=1)
    fleetform("plan", "--exclude", "account=lba", "--exit-code")


def test_a_device_that_cannot_be_planned_is_no_mistyped_choice(fleetform: Command) -> None:
    fleetform.fleet({"name": "Nowhere"}, PANEL)
    assert "warning: no declared" not in fleetform("plan", "--where", "name=Nowhere", code=1).err


def test_an_empty_key_is_a_missing_secret(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    fleetform("plan", "--out", "p.json", env=KEY)
    for command, code in ((["plan", "--out", "q.json"], 1), (["show", "p.json"], 1), (["apply", "p.json", "--yes"], 3)):
        for empty in ("", " "):
            ran = fleetform(*command, env={"FLEETFORM_PLAN_KEY": empty}, code=code)
            assert "FLEETFORM_PLAN_KEY is set and empty; is the secret missing?" in ran.err
    assert not (fleetform.folder / "q.json").exists()
    fleetform("plan", env={"FLEETFORM_PLAN_KEY": ""})
    assert fleetform.written() == []


def test_a_refused_apply_leaves_a_report_of_its_own(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    fleetform("plan", "--out", "p.json")
    report = fleetform.folder / "report.json"
    edited(fleetform.folder / "p.json", lambda data: data.update(expires_at="2026-01-01T00:00:00Z"))
    for bad, words in (("", "has expired"), ("x", "not a plan")):
        (fleetform.folder / "p.json").write_text((fleetform.folder / "p.json").read_text() + bad)
        report.write_text("yesterday's")
        ran = fleetform("apply", "p.json", "--yes", "--format", "json", "--output", "report.json", code=3)
        data = json.loads(report.read_text())
        assert (data["results"], data["changes"], data["changed"]) == ([], [], False)
        assert words in data["refused"]
        assert data["errors"][0]["message"] == data["refused"]
        assert data["refused"] in ran.err
    for form in ("text", "markdown", "html", "junit"):
        assert "not a plan" in fleetform("apply", "p.json", "--yes", "--format", form, code=3).out


def test_a_locked_cloud_leaves_a_report_of_its_own(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    fleetform.sandbox.fault({**SLOW, "latency": 1.0})
    with fleetform.started("apply", "--yes", "--journal", "j.jsonl") as first:
        wait_until(lambda: sent(fleetform.folder / "j.jsonl"))
        data = fleetform("apply", "--yes", "--format", "json", code=3).json
        assert first.wait(30) == 0
    assert data["results"] == []
    assert "another apply is at work on blynk" in data["refused"]


def test_a_report_fails_where_the_command_does(fleetform: Command) -> None:
    accounts = {"lab": fleetform.sandbox.account("blynk"), "av": {**fleetform.sandbox.account("xyte"), "token": "not-the-key"}}
    devices = [{"account": "lab", **RENAMED}, {"account": "av", "name": "x"}]
    fleetform.write("fleet.yml", {"accounts": accounts, "devices": devices})
    for _again in range(2):
        assert fleetform("apply", "--yes", "--format", "json", code=1).json["failed"] is True
    fleetform.fleet(RENAMED)
    assert fleetform("apply", "--yes", "--format", "json").json["failed"] is False


@pytest.mark.parametrize("place", ["no/such/folder/x", "fleet.yml/x"])
def test_a_report_that_cannot_be_written_stops_before_the_first_call(fleetform: Command, place: str) -> None:
    fleetform.fleet(RENAMED)
    ran = fleetform("apply", "--yes", "--format", "json", "--output", place, code=1)
    assert f"{place}: it cannot be written: " in ran.err
    assert fleetform.sandbox.requests() == []


def test_an_apply_that_may_not_do_what_is_declared_ends_with_1_and_says_so(fleetform: Command) -> None:
    accounts = {"lab": fleetform.sandbox.account("blynk")}
    moved = {"name": SENSOR, "transfer_to": "Nordlicht Boston", "protect": True, "metafields": {"Floor": 9}}
    fleetform.write("fleet.yml", {"accounts": accounts, "defaults": {"account": "lab"}, "devices": [moved, PANEL]})
    ran = fleetform("apply", "--yes", "--format", "json", code=1)
    assert f"1 device is blocked: lab/{SENSOR}.\n" in ran.err
    assert (ran.json["failed"], ran.json["blocked"][0]["address"]) == (True, f"lab/{SENSOR}")
    fleetform("plan", "--exit-code", "--out", "p.json")
    assert "1 device is blocked" in fleetform("apply", "p.json", "--yes", code=1).err
    fleetform("apply", "--yes", "--exclude", f"name={SENSOR}")


def test_a_plan_and_the_lock_know_the_organization_of_credentials_that_name_none(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    fleetform("plan", "--out", "p.json")
    saved = json.loads((fleetform.folder / "p.json").read_text())
    own = saved["bound"]["accounts"]["lab"][2]
    assert own
    fleetform.sandbox.clear()
    fleetform("plan", "--where", "action=create")
    assert not [entry for entry in fleetform.sandbox.requests() if entry["path"].endswith("/profile")]
    edited(fleetform.folder / "p.json", lambda data: data["bound"]["accounts"]["lab"].__setitem__(2, "99"))
    assert "account lab was another cloud when the plan was made" in fleetform("apply", "p.json", "--yes", code=3).err
    fleetform("apply", "--yes", "--journal", "j.jsonl")
    assert rows(fleetform.folder / "j.jsonl")[0]["clouds"]["lab"].endswith(f" {own}")
