# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HPE's own client against the sandbox: what it expects of the cloud, the sandbox has to give."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from fleetform.sandbox.greenlake_seed import CENTRAL
from fleetform.sandbox.server import Running, running

# Its dependencies bring deprecations of their own, which are not ours to judge.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def cloud() -> Iterator[Running]:
    # pycentral keeps only the host of its base_url.
    with running(root="greenlake") as sandbox:
        yield sandbox


@pytest.fixture
def connection(cloud: Running) -> Any:
    from pycentral import NewCentralBase

    cloud.reset(limits={"greenlake": {"job_polls": 0}})
    account = {"glp": {"base_url": cloud.url, "access_token": "greenlake-demo-token"}}
    return NewCentralBase(token_info=account, logger=logging.getLogger("pycentral"), log_level="ERROR")


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> Any:
    from pycentral.glp.devices import Devices

    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    return Devices()


def test_it_lists_the_whole_inventory(connection: Any, devices: Any) -> None:
    rows = devices.get_all_devices(connection, select=["id", "serialNumber"])
    assert len(rows) == 14
    assert set(rows[0]) == {"id", "serialNumber"}


def test_it_finds_an_id_by_serial(connection: Any, devices: Any) -> None:
    found, number = devices.get_device_id(connection, "CN0010006K")
    assert found is True
    assert len(number) == 36
    assert devices.get_device_id(connection, "CN0099999K") == (False, "Serial not found")


def test_it_adds_a_device_that_can_be_claimed(connection: Any, devices: Any, cloud: Running) -> None:
    (answer,) = devices.add_devices(connection, network=[{"serialNumber": "CN0020000K", "macAddress": "B8:D4:E7:00:4E:20"}])
    assert answer["code"] == 202
    status = devices.get_status(connection, answer["msg"]["transactionId"])
    assert status["msg"]["status"] == "SUCCEEDED"
    assert devices.get_device_id(connection, "CN0020000K")[0] is True


def test_it_assigns_and_unassigns_an_application_and_a_subscription(connection: Any, devices: Any, cloud: Running) -> None:
    _found, number = devices.get_device_id(connection, "CN0010006K")

    def row() -> Any:
        return devices.get_device(connection, filter="serialNumber eq 'CN0010006K'")["msg"]["items"][0]

    devices.assign_devices(connection, devices=[number], application=CENTRAL, region="eu-central")
    assert (row()["application"]["id"], row()["region"]) == (CENTRAL, "eu-central")
    devices.add_sub(connection, [number], "NLSWITCHFND0001", key=True)
    assert [held["key"] for held in row()["subscription"]] == ["NLSWITCHFND0001"]
    devices.remove_sub(connection, [number])
    assert not row()["subscription"]
    devices.unassign_devices(connection, devices=[number])
    assert row()["application"] is None
    assert [entry["violation"] for entry in cloud.requests() if entry["violation"]] == []
