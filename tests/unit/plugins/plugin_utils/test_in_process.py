# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which way a task takes, and what happens to arguments and results in the controller's process."""

from __future__ import annotations

import json
import os
import sys
import typing as t
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.utils.display import Display

from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import RequestNote
from ansible_collections.fleetform.devices.plugins.module_utils._engine.listings import Crowd
from ansible_collections.fleetform.devices.plugins.plugin_utils import in_process
from ansible_collections.fleetform.devices.plugins.plugin_utils.in_process import (
    InProcess,
    collection_version,
    is_this_interpreter,
    plain,
    wants_invocation,
)

SPEAKS = {"ansible_python_interpreter": sys.executable, "ansible_inject_invocation": True}


class Device(InProcess):
    TASK = "device"


def action(args: dict[str, t.Any] | None = None, **keywords: t.Any) -> Device:
    """The action plugin of a task with these keywords on a local connection."""
    task = {"action": "fleetform.devices.device", "become": False, "async_val": 0, "environment": [], "delegate_to": None}
    task.update({"check_mode": False, "diff": False, "no_log": False, "args": args or {}})
    task.update({"run_once": False, "until": None, "_uuid": "task-1"})
    transport = keywords.pop("transport", "local")
    shell = SimpleNamespace(tmpdir=None)
    connection = SimpleNamespace(transport=transport, become=keywords.pop("become_plugin", None), _shell=shell)
    templar = SimpleNamespace(template=lambda value: value)
    play_context = SimpleNamespace(remote_addr="localhost")
    return Device(SimpleNamespace(**{**task, **keywords}), connection, play_context, DataLoader(), templar, None)


@pytest.fixture
def performed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, t.Any]]:
    """What was handed to the engine, which answers with the parameter ``name`` and a secret."""
    seen: list[dict[str, t.Any]] = []

    def perform(task: str, params: dict[str, t.Any], **how: t.Any) -> dict[str, t.Any]:
        seen.append({"task": task, "params": params, **how})
        return {"changed": True, "device": {"name": params["name"]}, "echo": "a canary here", "warnings": ["beware of canary"]}

    monkeypatch.setattr(in_process, "perform", perform)
    return seen


@pytest.mark.parametrize(
    ("keywords", "here"),
    [
        ({}, True),
        ({"environment": [{}]}, True),
        ({"environment": [{"LANG": "C"}]}, False),
        ({"become": True}, False),
        ({"become_plugin": "sudo"}, False),
        ({"async_val": 10}, False),
        ({"transport": "ssh"}, False),
    ],
    ids=str,
)
def test_a_task_runs_here_only_where_a_module_would_do_the_same(
    monkeypatch: pytest.MonkeyPatch, performed: list[t.Any], keywords: dict[str, t.Any], here: bool
) -> None:
    monkeypatch.setattr(Device, "_execute_module", lambda _self, **_how: {"as": "module"})
    result = action({"name": "A"}, **keywords).run(task_vars=dict(SPEAKS))
    assert (result.get("as") != "module") is here
    assert bool(performed) is here


def test_the_interpreter_of_the_host_that_a_task_is_delegated_to_counts(
    monkeypatch: pytest.MonkeyPatch, performed: list[t.Any]
) -> None:
    monkeypatch.setattr(Device, "_execute_module", lambda _self, **_how: {"as": "module"})
    other = {"ansible_delegated_vars": {"other": {"ansible_python_interpreter": "/opt/other/python"}}}
    assert action({"name": "A"}, delegate_to="other").run(task_vars={**SPEAKS, **other}) == {"as": "module"}


def test_only_the_same_link_in_the_same_folder_is_this_interpreter(tmp_path: Path) -> None:
    (tmp_path / "python").symlink_to(os.path.realpath(sys.executable))
    assert is_this_interpreter(sys.executable)
    assert is_this_interpreter("auto")
    assert is_this_interpreter("auto_legacy_silent")
    assert not is_this_interpreter(str(tmp_path / "python"))
    assert not is_this_interpreter("/usr/bin/env python3")


def test_arguments_become_what_json_would_make_of_them() -> None:
    class Text(str):
        pass

    value = plain({Text("a"): Text("b"), 2: (True, None, 1.5), True: [{None: Text("c")}]})
    assert value == {"a": "b", "2": [True, None, 1.5], "true": [{"null": "c"}]}
    assert not isinstance(next(iter(value)), Text)
    assert not isinstance(value["a"], Text)
    assert json.loads(json.dumps(value)) == value


def test_the_engine_gets_modes_paths_and_version(performed: list[dict[str, t.Any]]) -> None:
    action({"name": "A", "ca_path": "ca.pem"}, check_mode=True, diff=True).run(task_vars=dict(SPEAKS))
    (call,) = performed
    assert call["task"] == "device"
    assert call["check_mode"] is True
    assert call["diff_mode"] is True
    assert call["params"]["state"] == "present"
    assert os.path.isabs(call["params"]["ca_path"])
    assert call["tool_version"] == collection_version()
    assert Path(call["shared_path"]).parent.name == "fleetform"


def test_secrets_are_taken_out_of_result_invocation_and_warnings(
    performed: list[dict[str, t.Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, text, **_more: warned.append(text))
    result = action({"name": "A", "token": "canary"}).run(task_vars=dict(SPEAKS))
    assert "canary" not in json.dumps(result) + str(warned)
    assert result["changed"] is True
    assert result["device"] == {"name": "A"}
    assert result["invocation"]["module_args"]["name"] == "A"
    assert warned == ["beware of ********"]


def test_arguments_that_are_wrong_never_reach_the_engine(performed: list[dict[str, t.Any]]) -> None:
    result = action({"name": "A", "token": "canary", "nmae": "canary"}).run(task_vars=dict(SPEAKS))
    assert result["failed"] is True
    assert result["msg"].startswith("Unsupported parameters for (fleetform.devices.device) module: nmae. ")
    assert "canary" not in json.dumps(result)
    assert performed == []


def test_requests_are_shown_when_asked_for_and_nothing_is_secret(
    performed: list[dict[str, t.Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(Display, "vvv", lambda _self, text, **_more: shown.append(text))
    for verbosity, no_log in ((0, False), (3, False), (3, True)):
        monkeypatch.setattr(Display(), "verbosity", verbosity)
        action({"name": "A"}, no_log=no_log).run(task_vars=dict(SPEAKS))
    assert [call["observer"] is not None for call in performed] == [False, True, False]
    performed[1]["observer"](RequestNote("GET", "/devices", 503, 1, 0.5))
    performed[1]["observer"](RequestNote("GET", "/devices", None, 2, 0.25))
    assert shown == [
        "fleetform: GET /devices: HTTP 503 after 0.50 s",
        "fleetform: GET /devices: no answer after 0.25 s, attempt 2",
    ]


def test_the_version_stands_in_the_plan_whoever_made_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Device, "_execute_module", lambda _self, **_how: {"plan": {"tool_version": "unknown"}})
    assert action(transport="ssh").run(task_vars={})["plan"]["tool_version"] == collection_version()


def test_the_arguments_are_returned_where_a_module_would_return_them(monkeypatch: pytest.MonkeyPatch) -> None:
    if hasattr(in_process.C, "INJECT_INVOCATION"):
        assert wants_invocation({}) is False
        assert wants_invocation({"ansible_inject_invocation": True}) is True
        monkeypatch.delattr(in_process.C, "INJECT_INVOCATION")
    assert wants_invocation({}) is True


@pytest.mark.parametrize(
    ("keywords", "hosts", "size"),
    [
        ({}, ["a", "b", "c"], 3),
        ({}, ["a"], None),
        ({}, [], None),
        ({}, None, None),
        ({"run_once": True}, ["a", "b"], None),
        ({"until": ["result is changed"]}, ["a", "b"], None),
    ],
    ids=["many hosts", "one host", "no hosts", "not told", "run once", "repeated until"],
)
def test_the_same_task_of_other_hosts_is_a_crowd(
    performed: list[dict[str, t.Any]], keywords: dict[str, t.Any], hosts: list[str] | None, size: int | None
) -> None:
    variables = SPEAKS if hosts is None else {**SPEAKS, "ansible_play_batch": hosts}
    action({"name": "A"}, **keywords).run(task_vars=dict(variables))
    assert performed[0]["crowd"] == (None if size is None else Crowd("task-1", size))
