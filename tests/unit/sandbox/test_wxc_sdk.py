# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Webex client that others wrote against the sandbox: what it expects of the cloud, the sandbox has to give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fleetform.sandbox.server import Running

# Its dependencies bring deprecations of their own, which are not ours to judge.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def api(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    pytest.importorskip("wxc_sdk", reason="wxc-sdk is not made for this Python")
    from wxc_sdk import WebexSimpleApi
    from wxc_sdk.rest import RestSession

    monkeypatch.setattr(RestSession, "BASE", sandbox.account("webex"))
    with WebexSimpleApi(tokens="webex-demo-token") as client:
        client.session.trust_env = False
        yield client


def one(api: Any, serial: str) -> Any:
    (found,) = api.devices.list(serial=serial)
    return found


def violations(sandbox: Running) -> list[str]:
    return [entry["violation"] for entry in sandbox.requests("webex") if entry["violation"]]


def test_it_lists_devices_over_several_pages(api: Any, sandbox: Running) -> None:
    rows = list(api.devices.list(max=4))
    assert len({row.device_id for row in rows}) == 19
    assert len(sandbox.requests("webex")) == 5
    phones = list(api.devices.list(product_type="phone", max=4))
    assert {row.product_type for row in phones} == {"phone"}
    assert len(phones) == 6
    assert violations(sandbox) == []


def test_it_reads_one_device_and_an_error(api: Any) -> None:
    from wxc_sdk.rest import RestError

    device = api.devices.details(one(api, "FOC2710N0A1").device_id)
    assert (device.display_name, device.mac, device.connection_status) == (
        "Alster Boardroom",
        "8CA53B70000B",
        "connected",
    )
    with pytest.raises(RestError, match="404") as caught:
        api.devices.details("unknown")
    assert caught.value.detail.tracking_id.startswith("SIMPLE_")


def test_it_waits_for_retry_after_and_goes_on(api: Any, sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    sandbox.fault({"vendor": "webex", "retry_after": 3})
    assert len(list(api.devices.list())) == 19
    assert waited == [3]


def test_it_adds_replaces_and_removes_tags(api: Any, sandbox: Running) -> None:
    number = one(api, "FOC2711N0B1").device_id
    assert set(api.devices.modify_device_tags(number, "add", ["x", "y"]).tags) == {"floor 5", "x", "y"}
    assert api.devices.modify_device_tags(number, "replace", ["b", "a"]).tags == ["b", "a"]
    assert api.devices.modify_device_tags(number, "remove").tags == []
    assert api.devices.details(number).tags == []
    assert violations(sandbox) == []


def test_it_makes_an_activation_code_that_a_device_redeems(api: Any, sandbox: Running) -> None:
    (lounge,) = api.workspaces.list(display_name="Spree Lounge")
    made = api.devices.activation_code(workspace_id=lounge.workspace_id)
    assert len(made.code) == 16
    sandbox.happen("webex", "redeem", code=made.code, serial="FOC2801N0A1")
    assert [row.serial for row in api.devices.list(workspace_id=lounge.workspace_id)] == ["FOC2801N0A1"]
    assert violations(sandbox) == []


def test_it_adds_a_phone_by_mac(api: Any, sandbox: Running) -> None:
    (room,) = api.workspaces.list(display_name="Berlin Mail Room")
    models = [device.model for device in api.telephony.supported_devices().devices]
    assert "DMS Cisco 8845" in models
    checked = api.telephony.devices.validate_macs(["C41F3B710001"])
    assert checked.status == "OK"
    added = api.devices.create_by_mac_address("C41F3B710001", workspace_id=room.workspace_id, model="DMS Cisco 8845")
    assert [row.device_id for row in api.devices.list(mac="C41F3B710001")] == [added.device_id]
    sandbox.switch("webex", add_answer="empty")
    assert api.devices.create_by_mac_address("C41F3B710002", workspace_id=room.workspace_id, model="DMS Cisco 8845") is None
    assert violations(sandbox) == []


def test_it_reads_and_sets_a_configuration(api: Any, sandbox: Running) -> None:
    from wxc_sdk.device_configurations import DeviceConfigurationOperation

    number = one(api, "FOC2710N0A1").device_id
    found = api.device_configurations.list(number, key="Audio.Ultrasound.*").items["Audio.Ultrasound.MaxVolume"]
    assert (found.value, found.source, found.sources.default.value) == (60, "configured", 70)
    changed = api.device_configurations.update(
        number,
        [
            DeviceConfigurationOperation("remove", "Audio.Ultrasound.MaxVolume"),
            DeviceConfigurationOperation("replace", "FacilityService.Service[1].Name", "AV desk"),
        ],
    )
    assert changed.items["Audio.Ultrasound.MaxVolume"].source == "default"
    shown = api.device_configurations.list(number, key="FacilityService.Service[1].Name").items
    assert [entry.value for entry in shown.values()] == ["AV desk"]
    assert violations(sandbox) == []


def test_it_looks_up_people_locations_and_workspaces(api: Any) -> None:
    assert api.people.me().display_name == "Mara Lindt"
    assert [row.display_name for row in api.people.list(email="ada.keller@nordlicht.example")] == ["Ada Keller"]
    assert {row.name for row in api.locations.list()} == {"Hamburg Alsterufer", "Berlin Torstrasse"}
    assert [row.display_name for row in api.organizations.list()] == ["Nordlicht Offices"]
    rows = list(api.workspaces.list(include_devices=True, max=5))
    assert len(rows) == 16
    assert sum(len(row.devices) for row in rows) == 15


def test_it_deletes_a_device_and_a_workspace(api: Any, sandbox: Running) -> None:
    device = one(api, "FOC2711N0B1")
    api.devices.delete(device.device_id)
    assert list(api.devices.list(serial="FOC2711N0B1")) == []
    api.workspaces.delete_workspace(device.workspace_id)
    assert list(api.workspaces.list(display_name="Elbe Huddle")) == []
    assert violations(sandbox) == []
