# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The same task in the controller's process and as a module: one result, whatever keyword decides the way."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest

from .conftest import Playbook, Run, Sandbox

LOUD = ("-vvv",)
INVENTORY = """
localhost ansible_connection=local
elsewhere ansible_connection=stand_in
twin ansible_connection=local
"""
TO_MODULE = {"environment": {"FLEETFORM_TEST": "to the module"}}
"""What sends any task to the module, for comparison."""

NOT_OURS = ("ansible_facts", "results_file", "_ansible_delegated_vars")
ASYNC_KEYS = ("ansible_job_id", "started", "finished", "stdout", "stdout_lines", "stderr", "stderr_lines")

Task = dict[str, t.Any]
Compare = t.Callable[..., dict[str, tuple[str, Task]]]


def account(sandbox: Sandbox, vendor: str) -> dict[str, t.Any]:
    """Account options with a token that outlives a reset of the sandbox, so that no run has to fetch one more than another."""
    return {"vendor": vendor, "url": f"{sandbox.url}/{vendor}", "token": f"{vendor}-demo-token"}


def device(sandbox: Sandbox, **more: t.Any) -> Task:
    """A task that changes three attributes of one device."""
    options = {
        **account(sandbox, "blynk"),
        "name": "Hamburg Board Room Climate",
        "owner": "jonas.weber@nordlicht.example",
        "metafields": {"Floor": 6, "Asset Note": "hidden from all"},
        "secret_metafields": ["Asset Note"],
    }
    return {"fleetform.devices.device": {**options, **more}}


def fleet(sandbox: Sandbox, **more: t.Any) -> Task:
    """A task that changes devices in two accounts."""
    options = {
        "accounts": {"sensors": account(sandbox, "blynk"), "network": account(sandbox, "greenlake")},
        "devices": [
            {"account": "sensors", "name": "Hamburg Main Panel", "owner": "ada.keller@nordlicht.example"},
            {"account": "network", "serial": "CN0010003K", "tags": {"rack": 12}},
        ],
    }
    return {"fleetform.devices.fleet": {**options, **more}}


def sections(run: Run) -> dict[str, str]:
    """The output by task."""
    parts = [part.partition("] *") for part in run.output.split("TASK [")[1:]]
    return {name: text for name, _end, text in parts}


def results(run: Run) -> dict[str, list[tuple[t.Any, ...]]]:
    """What must be the same, by task. Times differ from run to run, and discovery of an interpreter is for modules only."""
    found: dict[str, list[tuple[t.Any, ...]]] = {}
    for entry in run.results:
        result = {name: value for name, value in entry["result"].items() if name not in NOT_OURS}
        found.setdefault(entry["task"], []).append((entry["outcome"], entry["host"], without_times(result)))
    return found


def without_times(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: without_times(item) for name, item in value.items() if name not in ("created_at", "expires_at")}
    return [without_times(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def both(sandbox: Sandbox, playbook: Playbook) -> Compare:
    """Runs cases both ways, each from the start state, and returns outcome and result of each where they are equal."""

    def compare(cases: dict[str, Task], faults: t.Sequence[Task] = (), **how: t.Any) -> dict[str, tuple[str, Task]]:
        how = {"arguments": LOUD, "inventory": INVENTORY, "environment": {"ANSIBLE_INJECT_INVOCATION": "1"}, **how}

        def run(extra: Task) -> Run:
            tasks = []
            for name, case in cases.items():
                tasks.append({"name": "reset", "reset_sandbox": {"url": sandbox.url, "faults": list(faults)}, "run_once": True})
                tasks.append({"name": name, "ignore_errors": True, **case, **extra})
            return playbook(*tasks, expect=None, **how)

        here, there = run({}), run(TO_MODULE)
        ways = {
            name: ("Using module file" in sections(here)[name], "Using module file" in sections(there)[name]) for name in cases
        }
        assert ways == dict.fromkeys(cases, (False, True)), here.output
        one, other = results(here), results(there)
        assert set(cases) <= set(one)
        for name in cases:
            assert one[name] == other[name], name
        return {name: (one[name][-1][0], one[name][-1][2]) for name in cases}

    return compare


def test_keywords_that_stay_in_process(sandbox: Sandbox, both: Compare) -> None:
    task = device(sandbox)
    defaults = {"group/fleetform.devices.all": account(sandbox, "blynk")}
    bare = {name: value for name, value in task["fleetform.devices.device"].items() if name not in account(sandbox, "blynk")}
    found = both(
        {
            "no keyword": task,
            "check_mode": {**task, "check_mode": True},
            "diff": {**task, "diff": True},
            "check_mode and diff": {**task, "check_mode": True, "diff": True},
            "no_log": {**task, "no_log": True},
            "delegate_to localhost": {**task, "delegate_to": "localhost"},
            "delegate_to a local host": {**task, "delegate_to": "twin"},
            "run_once": {**task, "run_once": True},
            "loop": {**task, "loop": [1, 2]},
            "loop with no_log": {**task, "loop": [1, 2], "no_log": True},
            "failed_when": {**task, "register": "kept", "failed_when": "kept.changed"},
            "timeout": {**task, "timeout": 60},
            "module_defaults": {"fleetform.devices.device": bare, "module_defaults": defaults},
            "paths": device(sandbox, ca_path="play.yml"),
            "fleet": fleet(sandbox),
            "fleet, check_mode and diff": {**fleet(sandbox), "check_mode": True, "diff": True},
            "fleet, loop": {**fleet(sandbox, return_devices="all"), "loop": [1, 2]},
        }
    )
    for name in ("no keyword", "check_mode", "delegate_to localhost", "module_defaults", "fleet"):
        outcome, result = found[name]
        assert (outcome, result["changed"]) == ("ok", True), name
        assert "invocation" in result, name
    assert "censored" in found["no_log"][1]


def test_the_other_clouds(sandbox: Sandbox, both: Compare) -> None:
    webex, xyte, mobilefirst = (sandbox.account(vendor) for vendor in ("webex", "xyte", "mobilefirst"))
    phone = {"mac": "c4:1f:3b:70:a0:01", "model": "DMS Cisco 8845", "space": "Post Room", "create_space": True, "tags": ["new"]}
    display = {"serial": "XQD-00901", "mac": "02:5e:10:01:03:85", "name": "Stage", "space": "Wiz/Berlin/Stage"}
    configuration = {"network": {"hostname": "stage", "web_password": "hidden from all"}}
    claimed = {**display, "create_space": True, "metafields": configuration, "secret_metafields": ["network"]}
    sent = {"name": "Bench Display", "metafields": configuration, "metafields_policy": "always"}
    blocked = {"name": "Priya iPhone", "status": "LOST", "applications": {"rounds": "DISABLED"}}
    many = {
        "accounts": {"rooms": webex, "av": xyte, "phones": mobilefirst},
        "devices": [{"account": "rooms", **phone}, {"account": "av", **claimed}, {"account": "phones", **blocked}],
    }
    found = both(
        {
            "webex": {"fleetform.devices.device": {**webex, **phone}, "diff": True},
            "webex, renamed": {"fleetform.devices.device": {**webex, "serial": "FOC2711N0B1", "name": "Elbe"}, "diff": True},
            "xyte": {"fleetform.devices.device": {**xyte, **claimed}, "diff": True},
            "xyte, what cannot be known": {"fleetform.devices.device_metafield": {**xyte, **sent}, "diff": True},
            "mobilefirst": {"fleetform.devices.device": {**mobilefirst, **blocked}, "diff": True},
            "mobilefirst, XML": {"fleetform.devices.device_info": {**mobilefirst, "response_format": "xml"}},
            "fleet": {"fleetform.devices.fleet": many, "diff": True},
            "fleet, check_mode": {"fleetform.devices.fleet": many, "check_mode": True},
            "wrong for webex": {"fleetform.devices.device": {**webex, "serial": "FOC2711N0B1", "space": "Focus Room"}},
            "wrong for xyte": {"fleetform.devices.device": {**xyte, "serial": "XQD-00701", "mac": "02:5e:10:01:02:bd"}},
            "wrong for mobilefirst": {"fleetform.devices.device": {**mobilefirst, "name": "Priya iPhone", "status": "EXPIRED"}},
        }
    )
    assert [name for name, (outcome, _result) in found.items() if outcome == "ok"] == list(found)[:8]
    unverified = found["xyte, what cannot be known"][1]["changes"]
    assert [change["unverified"] for change in unverified] == [True]


def test_arguments_that_are_wrong_and_failures(sandbox: Sandbox, both: Compare) -> None:
    wrong: list[Task] = [
        {"nmae": "x"},
        {"name": None},
        {"state": "gone"},
        {"concurrency": "many"},
        {"metafields": "no dictionary"},
        {"subscriptions": {"no": "list"}},
        {"timeout": "long"},
        {"previous_name": "x", "name": None, "device_id": "1"},
        {"applications": {"app": "ENABLED"}},
        {"name": "Not there"},
        {"metafields": {"No such field": 1}},
        {"token": "a-wrong-token"},
        {"client_secret": "a secret too many"},
        {"vendor": "blink"},
        {"account": "lab"},
        {"validate_certs": "yes", "concurrency": "4"},
    ]
    wrong_fleet: list[Task] = [
        {"devices": [{"nmae": "x"}]},
        {"devices": [{"name": "A", "state": "gone"}]},
        {"devices": "none"},
        {"devices": [{"name": "Not there"}, {"name": "Nor this"}], "defaults": {"account": "sensors"}},
        {"devices": []},
        {"accounts": {"sensors": {"vendor": "blynk", "tokne": "canary"}}},
        {"accounts": "sensors"},
    ]
    found = both(
        {
            **{f"device {options}": device(sandbox, **options) for options in wrong},
            **{f"fleet {options}": fleet(sandbox, **options) for options in wrong_fleet},
        }
    )
    right = [name for name, (outcome, _result) in found.items() if outcome == "ok"]
    assert right == [f"device {wrong[-1]}", "fleet {'devices': []}"]
    assert "Unsupported parameters for (fleetform.devices.device) module: nmae" in found["device {'nmae': 'x'}"][1]["msg"]


def test_a_failure_half_way(sandbox: Sandbox, both: Compare) -> None:
    fault = {"vendor": "blynk", "method": "POST", "path": ".*metafield", "status": 400, "times": None}
    outcome, result = both({"half way": device(sandbox)}, faults=[fault])["half way"]
    assert outcome == "failed"
    assert result["changed"] is True
    assert [change["action"] for change in result["changes"]] == ["set_owner"]


def test_run_once_on_many_hosts(sandbox: Sandbox, playbook: Playbook) -> None:
    run = playbook({**device(sandbox), "run_once": True}, hosts="localhost,twin", inventory=INVENTORY)
    assert len(run.results) == 1


def test_check_mode_of_the_whole_run(sandbox: Sandbox, playbook: Playbook) -> None:
    run = playbook(device(sandbox), {**device(sandbox), **TO_MODULE}, arguments=("--check", "--diff"))
    assert [entry["result"]["changed"] for entry in run.results] == [True, True]
    assert not sandbox.requests(write=True)


def test_tasks_for_the_module(sandbox: Sandbox, playbook: Playbook, tmp_path: Path) -> None:
    """Keywords that change where or as whom a task runs."""
    wrapper = tmp_path / "other-python"
    wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    keywords: dict[str, Task] = {
        "none": {},
        "environment": {"environment": {"FLEETFORM_TEST": "x"}},
        "async": {"async": 60, "poll": 1},
        "become": {"become": True, "become_method": "stand_in"},
        "delegate_to": {"delegate_to": "elsewhere"},
        "connection": {"vars": {"ansible_connection": "stand_in"}},
        "interpreter": {"vars": {"ansible_python_interpreter": str(wrapper)}},
    }
    tasks = []
    for name, more in keywords.items():
        tasks.append({"name": "reset", "reset_sandbox": {"url": sandbox.url}})
        tasks.append({"name": name, **device(sandbox), **more})
    run = playbook(*tasks, arguments=LOUD, inventory=INVENTORY)
    assert [name for name in keywords if "Using module file" not in sections(run)[name]] == ["none"]
    found = results(run)
    for name in keywords:
        result = {key: value for key, value in found[name][-1][2].items() if key not in ASYNC_KEYS}
        assert result == found["none"][0][2], name
    assert found["none"][0][2]["changed"] is True


def test_interpreters_that_are_this_one(sandbox: Sandbox, playbook: Playbook) -> None:
    named = ["auto", "auto_silent", "{{ ansible_playbook_python }}"]
    run = playbook(*({**device(sandbox), "vars": {"ansible_python_interpreter": name}} for name in named), arguments=LOUD)
    assert not run.went_to_the_module()


def test_the_environment_of_a_task_reaches_its_module(sandbox: Sandbox, playbook: Playbook) -> None:
    task = device(sandbox)
    url = task["fleetform.devices.device"].pop("url")
    run = playbook({**task, "environment": {"FLEETFORM_URL": url}})
    assert run.only["changed"] is True


def test_the_plan_names_the_version_of_the_collection_either_way(sandbox: Sandbox, playbook: Playbook) -> None:
    tasks = [{**fleet(sandbox), "check_mode": True}, {**fleet(sandbox), "check_mode": True, **TO_MODULE}]
    versions = {entry["result"]["plan"]["tool_version"] for entry in playbook(*tasks).results}
    assert len(versions) == 1
    assert versions.pop()[0].isdigit()
