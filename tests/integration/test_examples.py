# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every example of every module as it stands in the documentation: check, change, no change."""

from __future__ import annotations

import importlib
import typing as t

import pytest
import yaml

from ansible_collections.fleetform.devices.plugins.module_utils._engine.argspec import TASKS

from .conftest import CREDENTIALS, Playbook, Sandbox

PLUGINS = "ansible_collections.fleetform.devices.plugins"
SECRET = "the-alarm-code"


def examples() -> list[t.Any]:
    """Each example with a readable name."""
    found = []
    for task in TASKS:
        for example in yaml.safe_load(importlib.import_module(f"{PLUGINS}.modules.{task}").EXAMPLES):
            found.append(pytest.param(task, example, id=f"{task}: {example['name']}"))
    return found


def environment(sandbox: Sandbox, options: dict[str, t.Any]) -> dict[str, str]:
    """The url of each account in the example, which the environment may give."""
    accounts = options.get("accounts")
    if accounts is None:
        return {"FLEETFORM_URL": sandbox.account(options["vendor"])["url"]}
    return {f"FLEETFORM_{name.upper()}_URL": sandbox.account(account["vendor"])["url"] for name, account in accounts.items()}


@pytest.mark.parametrize(("task", "example"), examples())
def test_an_example_runs_as_check_change_and_no_change(
    sandbox: Sandbox, playbook: Playbook, task: str, example: dict[str, t.Any]
) -> None:
    options = example[f"fleetform.devices.{task}"]
    # What an example hides is to be judged here.
    example = {**example, "no_log": False}
    tasks = [{**example, "check_mode": True, "diff": True}, {**example, "diff": True}, example]
    run = playbook(
        *(tasks[:2] if task == "device_action" else tasks),
        environment=environment(sandbox, options),
        vars={**CREDENTIALS, "alarm_code": SECRET, "mobilefirst_url": sandbox.account("mobilefirst")["url"]},
    )
    checked, done, *rest = (entry["result"] for entry in run.results)
    writes = sandbox.requests(write=True)
    assert not [entry for entry in writes if entry["noop"] or entry["blind_repeat"]]
    assert not [entry for entry in sandbox.requests() if entry["violation"]]
    assert checked["calls"]["write"] == 0
    if task == "device_info":
        assert done["changed"] is False
        assert done["count"] == len(done["devices"]) > 0
        assert not writes
        return
    assert checked["changed"] is True
    assert done["changed"] is True
    assert done["calls"]["write"] >= 1
    if task == "device_action":
        return
    (again,) = rest
    assert checked["changes"] == done["changes"]
    assert checked["diff"] == done["diff"]
    assert again["changed"] is False
    assert again["changes"] == []
    assert again["calls"]["write"] == 0
    assert SECRET not in run.output
