# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the processes of one run share."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from .conftest import CREDENTIALS, Playbook, Sandbox

RENEWED = {
    "client_id": "webex-demo-client",
    "client_secret": CREDENTIALS["webex_client_secret"],
    "refresh_token": CREDENTIALS["webex_refresh_token"],
}


def account(sandbox: Sandbox, vendor: str) -> dict[str, t.Any]:
    """Account options with which a token has to be fetched, where the vendor has that."""
    options = sandbox.account(vendor)
    if vendor == "webex":
        del options["token"]
        options.update(RENEWED)
    return options


# GreenLake takes 160 listings a minute; more hosts would wait for the next one.
@pytest.mark.parametrize(("vendor", "hosts"), [("blynk", 60), ("greenlake", 60), ("webex", 60)])
def test_many_hosts_ask_for_one_token(sandbox: Sandbox, playbook: Playbook, tmp_path: Path, vendor: str, hosts: int) -> None:
    inventory = "localhost ansible_connection=local\n" + "".join(f"host{number:03d}\n" for number in range(hosts))
    run = playbook(
        {"fleetform.devices.device_info": {**account(sandbox, vendor), "limit": 1}, "delegate_to": "localhost"},
        inventory=inventory,
        hosts="host*",
        arguments=("--forks", "10"),
    )
    assert len(run.results) == hosts
    assert all(entry["result"]["count"] == 1 for entry in run.results)
    log = sandbox.requests(vendor=vendor)
    assert len([entry for entry in log if entry["token"]]) == 1, [entry["path"] for entry in log if entry["token"]]
    assert not [entry for entry in log if entry["status"] == 429]
    assert not list((tmp_path / "local").rglob("*")), "the tokens outlive the run"


@pytest.mark.parametrize("vendor", ["webex", "xyte", "mobilefirst"])
def test_credentials_that_go_with_each_call_ask_for_no_token(sandbox: Sandbox, playbook: Playbook, vendor: str) -> None:
    playbook({"fleetform.devices.device_info": {**sandbox.account(vendor), "limit": 1}, "loop": [1, 2]})
    log = sandbox.requests(vendor=vendor)
    assert log
    assert not [entry for entry in log if entry["token"]]


@pytest.mark.parametrize("vendor", ["blynk", "webex"])
def test_modules_on_the_controller_share_the_token_too(sandbox: Sandbox, playbook: Playbook, vendor: str) -> None:
    inventory = "localhost ansible_connection=local\n" + "".join(f"host{number}\n" for number in range(6))
    task = {"fleetform.devices.device_info": {**account(sandbox, vendor), "limit": 1}, "delegate_to": "localhost"}
    run = playbook({**task, "environment": {"LANG": "C.UTF-8"}}, inventory=inventory, hosts="host*", arguments=("--forks", "3"))
    assert len(run.results) == 6
    assert len([entry for entry in sandbox.requests(vendor=vendor) if entry["token"]]) == 1
