# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Webex adapter over HTTP against the sandbox: plan, apply, plan again, and what goes wrong on the way."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import Report
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    Ambiguous,
    DeclarationError,
    IncompleteRead,
    NotFound,
    Unclear,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Plan
from ansible_collections.fleetform.devices.plugins.module_utils._engine.tasks import perform
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import _webex_settling
from fleetform.sandbox.server import Running, running
from fleetform.sandbox.webex_ids import other_form, vendor_id

BOARDROOM, BOARD, HUDDLE, BAR = "FOC2710N0A1", "FOC2710N0A2", "FOC2711N0B1", "FOC2713N0D1"
DESK, PHONE, BOOTH = "FOC2716N0G1", "FCH2701P0A1", "FOC2714N0E1"
NEW_MAC = "c4:1f:3b:99:00:01"
NEW_PHONE = {"mac": NEW_MAC, "model": "DMS Cisco 8845"}
EMPTY = "Berlin Mail Room"
GHOST = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture(scope="module")
def sandbox() -> t.Iterator[Running]:
    with running() as box:
        yield box


@pytest.fixture(autouse=True)
def fresh(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_webex_settling, "PAUSE", 0.0)
    sandbox.reset()


@pytest.fixture
def fleet(sandbox: Running) -> t.Iterator[Fleet]:
    with open_fleet(sandbox) as opened:
        yield opened


def open_fleet(sandbox: Running, **options: t.Any) -> Fleet:
    token = {} if "refresh_token" in options else {"token": "webex-demo-token"}
    return Fleet({None: {"vendor": "webex", "url": sandbox.account("webex"), **token, **options}}, environ={})


def planned(fleet: Fleet, *devices: dict[str, t.Any]) -> Plan:
    plan = fleet.plan([declaration_from(device) for device in devices])
    assert not plan.errors, [str(error) for error in plan.errors]
    return plan


def refused(fleet: Fleet, *devices: dict[str, t.Any]) -> str:
    plan = fleet.plan([declaration_from(device) for device in devices])
    assert plan.errors
    return "\n".join(str(error) for error in plan.errors)


def converged(fleet: Fleet, *devices: dict[str, t.Any]) -> Report:
    """Applies, and checks that nothing is left to do."""
    report = fleet.apply(planned(fleet, *devices))
    assert not report.problems(), report.problems()
    again = planned(fleet, *devices)
    assert [change.as_data() for change in again.changes] == []
    return report


def requests(sandbox: Running, **wanted: t.Any) -> list[tuple[str, str]]:
    return [(entry["method"], entry["path"]) for entry in sandbox.requests("webex", **wanted) if not entry["token"]]


def writes(sandbox: Running) -> list[dict[str, t.Any]]:
    return [entry for entry in sandbox.requests("webex", write=True) if not entry["token"]]


def assert_clean(sandbox: Running) -> None:
    """Nothing that a careful client would not have sent."""
    for entry in sandbox.requests("webex"):
        assert entry["violation"] is None, entry
        assert not entry["noop"], entry
        assert not entry["blind_repeat"], entry


def shown(fleet: Fleet, serial: str, **options: t.Any) -> Device:
    return fleet.list_devices(None, Query(serial=serial, **options)).devices[0]


def place(sandbox: Running, name: str) -> dict[str, t.Any]:
    return next(row for row in sandbox.state["webex"]["workspaces"].values() if row["displayName"] == name)


# Reading


def test_every_property_of_a_device_is_in_the_record_or_in_raw(fleet: Fleet, sandbox: Running) -> None:
    device = shown(fleet, BOARDROOM, include_raw=True)
    assert (device.name, device.model, device.device_type) == ("Alster Boardroom", "Cisco Room Kit Pro", "roomdesk")
    assert (device.mac, device.online, device.status) == ("8c:a5:3b:70:00:0b", True, "connected")
    assert device.raw is not None
    assert device.raw["activeInterface"] == "wired"
    assert device.space == {"id": device.raw["workspaceId"], "name": None, "path": None}
    assert_clean(sandbox)


@pytest.mark.parametrize("switch", [{}, {"text_filters": "folded"}, {"text_filters": "prefix"}, {"mac_filter": "listed"}])
@pytest.mark.parametrize("serial", [BOARDROOM, PHONE])
def test_a_device_is_found_by_any_identifier_under_each_reading_of_the_filters(
    fleet: Fleet, sandbox: Running, switch: dict[str, t.Any], serial: str
) -> None:
    sandbox.switch("webex", **switch)
    device = shown(fleet, serial)
    plain = str(device.mac).replace(":", "")
    for identity in ({"serial": serial}, {"mac": device.mac}, {"mac": plain}, {"device_id": device.id}, {"cloud_id": device.id}):
        assert planned(fleet, identity).devices[0].observed == device
    assert_clean(sandbox)


def test_one_device_takes_one_call_and_many_take_the_pages(sandbox: Running, fleet: Fleet) -> None:
    sandbox.reset(seed="large", size=450)
    serials = [row["serial"] for row in sandbox.state["webex"]["devices"].values()]
    planned(fleet, {"serial": serials[-1]})
    assert fleet.calls == {"read": 1, "write": 0}
    planned(fleet, *({"serial": serial} for serial in serials))
    assert fleet.calls["read"] == 6
    assert len(fleet.list_devices(None, Query()).devices) == 450
    planned(fleet, {"name": "Room 00444"})
    assert fleet.calls["read"] == 12
    assert_clean(sandbox)


def test_two_devices_of_one_name_are_ambiguous_wherever_they_are_listed(fleet: Fleet) -> None:
    plan = fleet.plan([declaration_from({"name": "Alster Boardroom"}), declaration_from({"name": "Elbe Huddle"})])
    assert isinstance(plan.errors[0], Ambiguous)
    assert [device.action for device in plan.devices] == ["no-op"]


@pytest.mark.parametrize(
    "switch",
    [
        {"next_filters": "lose"},
        {"next_url": "max_null"},
        {"link_relations": "all"},
        {"empty_page": "middle"},
        {"nameless_device": True},
        {"absent_fields": "null"},
        {"list_form": "objects"},
        {"maintenance_form": "object"},
        {"maintenance_form": "text"},
        {"undocumented_fields": True},
        {"reference_ids": "variant"},
    ],
)
def test_a_listing_is_read_whole_whatever_its_links_and_rows_look_like(
    fleet: Fleet, sandbox: Running, switch: dict[str, t.Any]
) -> None:
    sandbox.switch("webex", **switch)
    assert len(fleet.list_devices(None, Query(page_size=4)).devices) == 19
    phones = fleet.list_devices(None, Query(page_size=2, filters={"device_type": "phone"})).devices
    assert {device.device_type for device in phones} == {"phone"}
    assert len(phones) == 6
    assert_clean(sandbox)


@pytest.mark.parametrize("switch", [{"next_url": "same"}, {"next_url": "foreign"}, {"empty_page": "last"}])
def test_a_listing_that_cannot_be_trusted_is_an_error(fleet: Fleet, sandbox: Running, switch: dict[str, t.Any]) -> None:
    sandbox.switch("webex", **switch)
    with pytest.raises(IncompleteRead):
        fleet.list_devices(None, Query(page_size=4))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"filters": {"status": "connected"}}, 13),
        ({"filters": {"status": ["disconnected", "offline_expired"]}}, 4),
        ({"filters": {"device_type": "phone"}}, 6),
        ({"filters": {"tags": "floor 5"}}, 4),
        ({"filters": {"tags": ["reception", "on-loan"]}}, 3),
        ({"filters": {"space": "Elbe Huddle"}}, 1),
        ({"filters": {"owner": "ada.keller@nordlicht.example"}}, 1),
        ({"owner_email": "Ada.Keller@nordlicht.example"}, 1),
        ({"filters": {"firmware": "PhoneOS 3.4.1"}}, 2),
        ({"filters": {"name": "Focus Room"}}, 2),
        ({"name": "Focus Room"}, 2),
        ({"filters": {"online": False}}, 5),
        ({"filters": {"model": "Cisco 8845"}}, 2),
        ({"search": "no such words"}, 0),
        ({"search": "BOARDROOM"}, 3),
        ({"limit": 3}, 3),
        ({"limit": 2, "filters": {"device_type": "phone"}}, 2),
        ({"mac": "c41f3b700dec", "serial": PHONE}, 1),
        ({"mac": "c41f3b700dec", "serial": DESK}, 0),
        ({"filters": {"metafields.SystemUnit.Name": "alster-boardroom"}, "serial": BOARDROOM}, 1),
    ],
)
def test_reading_options_choose_what_they_say(fleet: Fleet, sandbox: Running, query: dict[str, t.Any], count: int) -> None:
    assert len(fleet.list_devices(None, Query(**query)).devices) == count
    assert_clean(sandbox)


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"errorCode": "sipprofileregistration"}, 1),
        ({"upgradeChannel": "Stable"}, 19),
        ({"capability": "xapi"}, 13),
        ({"permission": "xapi:all"}, 13),
        ({"devicePlatform": "cisco"}, 19),
        ({"plannedMaintenance": "off"}, 19),
        ({"product": "RoomBar"}, 1),
        ({"tag": ["floor 5", "whiteboard"]}, 1),
        ({"tag": "floor 5,av-managed"}, 1),
    ],
)
def test_the_vendors_own_words_reach_every_documented_filter(
    fleet: Fleet, sandbox: Running, filters: dict[str, t.Any], count: int
) -> None:
    assert len(fleet.list_devices(None, Query(filters=filters)).devices) == count
    assert_clean(sandbox)


def test_what_webex_cannot_read_by_is_refused(fleet: Fleet) -> None:
    for query in (
        Query(gather=frozenset({"timeline"})),
        Query(activated_within=5),
        Query(include_sub_organizations=True),
        Query(filters={"warranty": "x"}),
        Query(filters={"owner": "Ada"}),
        Query(vendor_filter="a"),
    ):
        with pytest.raises(Unsupported, match="webex"):
            fleet.list_devices(None, query)
    with pytest.raises(NotFound, match="nearest: Elbe Huddle"):
        fleet.list_devices(None, Query(filters={"space": "elbe huddle"}))


def test_configurations_are_gathered_and_phones_without_any_have_none(fleet: Fleet) -> None:
    devices = fleet.list_devices(None, Query(gather=frozenset({"metafields", "tags"}))).devices
    by_serial = {device.serial: device for device in devices}
    assert (by_serial[BOARDROOM].metafields or {})["Audio.Ultrasound.MaxVolume"] == 60
    assert by_serial[PHONE].metafields is None


def test_a_managed_organization_is_read_with_its_id(sandbox: Running) -> None:
    managed = sandbox.state["webex"]["organizations"]
    org = next(row["id"] for row in managed.values() if row["displayName"] == "Cafe Alster")
    with open_fleet(sandbox, token="webex-partner-token", organization=org) as fleet:
        assert {device.name for device in fleet.list_devices(None, Query()).devices} == {"Cafe Office", "Cafe Counter"}
        converged(
            fleet, {"serial": "FOC2720N0H1", "name": "Cafe Back Office", "tags": ["espresso"], "metafields": {"Standby.Delay": 5}}
        )
        converged(
            fleet, {"mac": NEW_MAC, "model": "DMS Cisco 8845", "space": "New Counter", "create_space": True, "tags": ["till"]}
        )
        converged(fleet, {"mac": NEW_MAC, "state": "absent"})
    assert_clean(sandbox)


# A weak token


@pytest.mark.parametrize("details", [403, 404])
def test_a_weak_token_never_concludes_that_a_device_is_absent(sandbox: Running, details: int) -> None:
    sandbox.switch("webex", weak_details=details)
    with open_fleet(sandbox) as fleet:
        other = shown(fleet, BOARDROOM).id
    with open_fleet(sandbox, token="webex-own-token") as fleet:
        plan = planned(
            fleet,
            {"serial": BOARDROOM, "state": "absent"},
            {"device_id": other, "tags": ["x"]},
            {**NEW_PHONE, "space": EMPTY},
            {"serial": DESK, "tags": ["mine"]},
        )
        blocked = {device.address: device.blocked for device in plan.devices}
        assert blocked.pop(f"-/{DESK}") is None
        assert all(str(reason).startswith("out_of_sight") for reason in blocked.values()), blocked
        assert not fleet.apply(plan).problems()
        listing = fleet.list_devices(None, Query())
        assert [device.serial for device in listing.devices] == [DESK]
        assert "spark-admin:devices_read" in listing.warnings[0]
    assert len(writes(sandbox)) == 1


def test_an_admin_of_an_empty_organization_is_not_weak(sandbox: Running, fleet: Fleet) -> None:
    sandbox.reset(seed="empty")
    assert fleet.list_devices(None, Query()).warnings == ()
    assert planned(fleet, {"serial": BOARDROOM, "state": "absent"}).devices[0].action == "no-op"
    converged(fleet, {**NEW_PHONE, "space": EMPTY})
    assert_clean(sandbox)


# Tags


def test_tags_are_added_replaced_and_emptied_with_the_gentlest_operation(fleet: Fleet, sandbox: Running) -> None:
    converged(fleet, {"serial": BOARDROOM, "tags": ["floor 5", "new"]})
    converged(fleet, {"serial": BOARDROOM, "tags": ["new"], "purge_tags": True})
    converged(fleet, {"serial": BOARDROOM, "tags": [], "purge_tags": True})
    converged(fleet, {"serial": BOARDROOM, "tags": ["a,b"]})
    assert [entry["body"] for entry in writes(sandbox)] == [
        [{"op": "add", "path": "tags", "value": ["new"]}],
        [{"op": "replace", "path": "tags", "value": ["new"]}],
        [{"op": "remove", "path": "tags"}],
        [{"op": "add", "path": "tags", "value": ["a,b"]}],
    ]
    assert_clean(sandbox)


def test_another_writer_of_tags_is_named(fleet: Fleet, sandbox: Running) -> None:
    plan = planned(fleet, {"serial": BOARDROOM, "tags": ["mine"], "purge_tags": True})
    sandbox.drift("webex", BOARDROOM, tags=["theirs"])
    report = fleet.apply(plan)
    assert "are ['theirs'] now; nothing was sent" in report.problems()[0]
    assert not writes(sandbox)
    plan = planned(fleet, {"serial": BOARDROOM, "tags": ["mine"]})
    sandbox.fault({"method": "PATCH", "status": 200, "body": "{}", "times": 1})
    assert "mine missing" in fleet.apply(plan).problems()[0]


# Names


def test_a_name_is_the_workspaces_and_the_rest_of_it_stays(fleet: Fleet, sandbox: Running) -> None:
    before = dict(place(sandbox, "Kreuzberg Booth"))
    converged(fleet, {"serial": BOOTH, "name": "Booth 1"})
    after = place(sandbox, "Booth 1")
    assert {**before, "displayName": "Booth 1"} == after
    assert [entry["method"] for entry in writes(sandbox)] == ["PUT"]
    assert_clean(sandbox)


def test_what_changes_in_a_workspace_after_planning_is_carried_over(fleet: Fleet, sandbox: Running) -> None:
    plan = planned(fleet, {"serial": BOOTH, "name": "Booth 1"})
    sandbox.drift("webex", place(sandbox, "Kreuzberg Booth")["id"], notes="fragile", capacity=3)
    assert not fleet.apply(plan).problems()
    assert (place(sandbox, "Booth 1")["notes"], place(sandbox, "Booth 1")["capacity"]) == ("fragile", 3)


def test_a_personal_device_keeps_its_name(fleet: Fleet, sandbox: Running) -> None:
    assert "called after its person" in refused(fleet, {"serial": DESK, "name": "Desk of Ada"})
    assert planned(fleet, {"serial": DESK, "name": "Ada Keller"}).devices[0].action == "no-op"
    assert not writes(sandbox)


def test_a_shared_workspace_is_renamed_only_where_that_is_said(fleet: Fleet, sandbox: Running) -> None:
    assert "rename_shared_space" in refused(fleet, {"serial": BOARDROOM, "name": "Alster 1"})
    both = [{"serial": serial, "name": "Alster 2"} for serial in (BOARDROOM, BOARD)]
    converged(fleet, *both)
    assert len(writes(sandbox)) == 1
    text = refused(fleet, {"serial": BOARDROOM, "name": "One"}, {"serial": BOARD, "name": "Two", "rename_shared_space": True})
    assert f"-/{BOARDROOM} 'One'; -/{BOARD} 'Two'" in text
    converged(fleet, {"serial": BOARDROOM, "name": "Alster 3", "rename_shared_space": True})
    assert_clean(sandbox)


def test_a_device_that_does_not_show_its_workspaces_name_is_not_written_again_and_again(fleet: Fleet, sandbox: Running) -> None:
    sandbox.switch("webex", device_shows_workspace_name=False)
    assert not fleet.apply(planned(fleet, {"serial": BOOTH, "name": "Booth 1"})).problems()
    plan = planned(fleet, {"serial": BOOTH, "name": "Booth 1"})
    assert plan.changes == ()
    assert "still shows 'Kreuzberg Booth'" in plan.devices[0].warnings[0]


# Claims


@pytest.mark.parametrize(
    "switch", [{}, {"add_answer": "empty"}, {"add_answer": "empty", "list_lag": 1}, {"mac_filter": "listed"}]
)
def test_a_phone_is_claimed_into_a_workspace_and_found_again(fleet: Fleet, sandbox: Running, switch: dict[str, t.Any]) -> None:
    sandbox.switch("webex", **switch)
    report = converged(fleet, {**NEW_PHONE, "space": EMPTY, "name": EMPTY, "tags": ["new"]})
    device = report.devices[f"-/{NEW_MAC}"]
    assert device is not None
    assert (device.id is not None, device.name, device.tags) == (True, EMPTY, ["new"])
    assert writes(sandbox)[0]["body"] == {
        "mac": "C41F3B990001",
        "model": "DMS Cisco 8845",
        "workspaceId": place(sandbox, EMPTY)["id"],
    }
    assert_clean(sandbox)


def test_a_phone_is_claimed_for_a_person(fleet: Fleet, sandbox: Running) -> None:
    converged(fleet, {**NEW_PHONE, "owner": "Priya.Nair@nordlicht.example"})
    assert "called after its person" in refused(
        fleet, {"mac": NEW_MAC[:-1] + "2", "model": "DMS Cisco 8845", "owner": "priya.nair@nordlicht.example", "name": "X"}
    )
    assert_clean(sandbox)


def test_phones_come_into_one_workspace_one_after_the_other(fleet: Fleet, sandbox: Running) -> None:
    sandbox.fault({"method": "POST", "latency": 0.05, "times": None})
    converged(fleet, *({**NEW_PHONE, "mac": f"c41f3b99000{number}", "space": EMPTY} for number in range(4)))
    assert len(writes(sandbox)) == 4
    assert_clean(sandbox)


def test_a_workspace_is_made_once_where_that_is_declared(fleet: Fleet, sandbox: Running) -> None:
    assert "create_space" in refused(fleet, {**NEW_PHONE, "space": "Berlin Mailroom"})
    phones = [{**NEW_PHONE, "mac": f"c41f3b99000{number}", "space": "Annex", "create_space": True} for number in range(2)]
    report = converged(fleet, *phones)
    assert [entry["path"] for entry in writes(sandbox)] == ["/workspaces", "/devices", "/devices"]
    assert {(device.space or {})["id"] for device in report.devices.values() if device} == {place(sandbox, "Annex")["id"]}
    assert_clean(sandbox)


def test_a_new_phone_renames_its_empty_workspace(fleet: Fleet, sandbox: Running) -> None:
    converged(fleet, {**NEW_PHONE, "space": place(sandbox, EMPTY)["id"], "name": "Post Desk"})
    assert [entry["method"] for entry in writes(sandbox)] == ["POST", "PUT"]
    assert_clean(sandbox)


@pytest.mark.parametrize("path", ["/devices$", "/workspaces$"])
@pytest.mark.parametrize("rule", [{"drop": "after"}, {"status": 502, "after": True}, {"drop": "before"}, {"cut_body": True}])
def test_a_claim_whose_answer_is_lost_is_settled_by_reading(
    fleet: Fleet, sandbox: Running, path: str, rule: dict[str, t.Any]
) -> None:
    sandbox.fault({"method": "POST", "path": path, **rule})
    report = fleet.apply(planned(fleet, {**NEW_PHONE, "space": "Annex", "create_space": True}))
    held = [row for row in sandbox.state["webex"]["devices"].values() if row["mac"] == "C41F3B990001"]
    statuses = {result.change.action: result.status for result in report.results}
    assert len(held) <= 1
    assert (statuses["claim"] == "done") is bool(held), report.problems()
    assert len([entry for entry in writes(sandbox) if entry["path"] == "/devices"]) <= 1
    sandbox.clear_faults()
    converged(fleet, {**NEW_PHONE, "space": "Annex", "create_space": True})
    assert [row["displayName"] for row in sandbox.state["webex"]["workspaces"].values()].count("Annex") == 1


def test_a_mac_that_somebody_else_took_meanwhile_is_a_conflict_and_our_own_is_done(fleet: Fleet, sandbox: Running) -> None:
    ours = planned(fleet, {**NEW_PHONE, "space": EMPTY})
    theirs = planned(fleet, {**NEW_PHONE, "space": "Berlin Workshop"})
    assert not fleet.apply(ours).problems()
    assert "in use" in fleet.apply(theirs).problems()[0]
    with open_fleet(sandbox) as other:
        assert "cannot change space after" in refused(other, {**NEW_PHONE, "space": "Berlin Workshop"})
        assert "deleting it and onboarding it anew" in refused(other, {"mac": NEW_MAC, "owner": "priya.nair@nordlicht.example"})


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"serial": "FOC0000XXXX"}, "needs activation"),
        ({"serial": "FOC0000XXXX", "name": "Boardroom", "space": EMPTY, "model": "Cisco Room Bar"}, "needs activation"),
        ({"mac": NEW_MAC, "space": EMPTY}, "needs activation"),
        ({"mac": NEW_MAC, "model": "Cisco Board Pro 55", "space": EMPTY}, "RoomOS"),
        ({"name": "Nowhere", "space": EMPTY}, "needs activation"),
    ],
)
def test_a_room_device_that_is_not_there_waits_and_the_others_proceed(
    fleet: Fleet, sandbox: Running, declared: dict[str, t.Any], words: str
) -> None:
    plan = planned(fleet, declared, {"serial": BOARDROOM, "tags": ["x"]})
    assert words in str([device.blocked for device in plan.devices])
    assert not fleet.apply(plan).problems()
    assert len(writes(sandbox)) == 1


def test_what_can_never_be_created_is_an_error(fleet: Fleet) -> None:
    assert "no such device" in refused(fleet, {"name": "Nowhere", "tags": ["x"]})
    assert "device_id" in refused(fleet, {"device_id": "Y2lzY29zcGFyazovL3VzL0RFVklDRS8x", "tags": ["x"]})
    assert "declare space or owner" in refused(fleet, NEW_PHONE)
    assert "exclude each other" in refused(fleet, {**NEW_PHONE, "space": EMPTY, "owner": "a@example.com"})
    assert "no person" in refused(fleet, {**NEW_PHONE, "owner": "nobody@nordlicht.example"})
    assert "fits 2" in refused(fleet, {**NEW_PHONE, "space": "Focus Room"})


# Configurations


def test_configurations_of_one_device_travel_in_one_request(fleet: Fleet, sandbox: Running) -> None:
    wanted = {"Audio.DefaultVolume": "40", "Standby.Control": False, "SystemUnit.Name": "boardroom", "Standby.Delay": 10}
    converged(fleet, {"serial": BOARDROOM, "metafields": wanted})
    (sent,) = writes(sandbox)
    assert sent["body"] == [
        {"op": "replace", "path": "Audio.DefaultVolume/sources/configured/value", "value": 40},
        {"op": "replace", "path": "Standby.Control/sources/configured/value", "value": "Off"},
        {"op": "replace", "path": "SystemUnit.Name/sources/configured/value", "value": "boardroom"},
    ]
    assert_clean(sandbox)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_configuration_goes_back_to_its_default(fleet: Fleet, sandbox: Running, status: int) -> None:
    sandbox.switch("webex", configuration_status=status)
    converged(fleet, {"serial": BOARDROOM, "metafields": {"SystemUnit.Name": None, "Standby.Delay": None}})
    assert writes(sandbox)[0]["body"] == [{"op": "remove", "path": "SystemUnit.Name/sources/configured/value"}]
    assert_clean(sandbox)


def test_absent_configurations_are_removed_also_where_the_value_is_the_default(fleet: Fleet, sandbox: Running) -> None:
    sandbox.drift("webex", BOARDROOM, configurations={"Standby.Delay": 10})
    account = {"vendor": "webex", "url": sandbox.account("webex"), "token": "webex-demo-token"}
    params = {**account, "serial": BOARDROOM, "metafields": ["Standby.Delay", "Audio.DefaultVolume"], "state": "absent"}
    first = perform("device_metafield", params, check_mode=False, diff_mode=True, environ={})
    assert first["changed"], first
    assert first["diff"]["before"]["metafields"]["Standby.Delay"] == 10
    again = perform("device_metafield", params, check_mode=False, diff_mode=True, environ={})
    assert not again["changed"], again
    assert [entry["body"] for entry in writes(sandbox)] == [[{"op": "remove", "path": "Standby.Delay/sources/configured/value"}]]


@pytest.mark.parametrize("name", ["isEditable", "editable"])
@pytest.mark.parametrize(
    ("serial", "metafields", "words"),
    [
        (BOARDROOM, {"Audio.Ultrasound.MaxVolume": 91}, "must be 0 to 90"),
        (BOARDROOM, {"Audio.Ultrasound.MaxVolume": "loud"}, "a whole number"),
        (BOARDROOM, {"Standby.Control": "off"}, "'On', 'Off'"),
        (BOARDROOM, {"SystemUnit.Name": "x" * 51}, "0 to 50 characters"),
        (BOARDROOM, {"Standby.Dealy": 1}, "nearest: Standby.Delay"),
        (BOOTH, {"Standby.Delay": 3}, "cannot set 'Standby.Delay'"),
        (PHONE, {"Standby.Delay": 3}, "has no configurations"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_before_anything_is_sent(
    fleet: Fleet, sandbox: Running, name: str, serial: str, metafields: dict[str, t.Any], words: str
) -> None:
    sandbox.switch("webex", editability_name=name)
    text = refused(fleet, {"serial": serial, "metafields": metafields, "tags": ["x"]})
    assert words in text, text
    assert not writes(sandbox)


def test_a_secret_configuration_shows_nowhere(sandbox: Running) -> None:
    account = {"vendor": "webex", "url": sandbox.account("webex"), "token": "webex-demo-token"}
    params = {**account, "serial": BOARDROOM, "state": "present", "metafields": {"SystemUnit.Name": "hush-hush"}}
    params["secret_metafields"] = ["SystemUnit.Name"]
    result = perform("device", params, check_mode=False, diff_mode=True, environ={})
    assert result["changed"], result
    assert "hush-hush" not in str(result)


# Deleting, codes, tokens


@pytest.mark.parametrize("rule", [None, {"drop": "after"}, {"drop": "before"}, {"status": 503, "after": True}])
def test_a_device_is_deleted_once(fleet: Fleet, sandbox: Running, rule: dict[str, t.Any] | None) -> None:
    if rule:
        sandbox.fault({"method": "DELETE", **rule})
    plan = planned(fleet, {"serial": PHONE, "state": "absent"})
    assert any("onboarded anew" in text for text in plan.devices[0].warnings)
    converged(fleet, {"serial": PHONE, "state": "absent"})
    assert len([row for row in sandbox.state["webex"]["devices"].values() if row["serial"] == PHONE]) == 0


def test_a_deleted_device_that_is_still_listed_is_already_gone(fleet: Fleet, sandbox: Running) -> None:
    sandbox.switch("webex", list_lag=3)
    converged_twice = {"serial": PHONE, "state": "absent"}
    assert not fleet.apply(planned(fleet, converged_twice)).problems()
    report = fleet.apply(planned(fleet, converged_twice))
    assert not report.problems()
    assert not report.changed


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_activation_code_is_made_for_a_space_or_an_owner(sandbox: Running, check_mode: bool) -> None:
    account = {"vendor": "webex", "url": sandbox.account("webex"), "token": "webex-demo-token"}
    for holder in (
        {"space": "Elbe Huddle"},
        {"owner": "ada.keller@nordlicht.example"},
        {"space": EMPTY, "model": "DMS Cisco 8845"},
    ):
        params = {**account, "action": "activation_code", **holder}
        result = perform("device_action", params, check_mode=check_mode, diff_mode=False, environ={})
        assert result["changed"], result
        assert (result["result"]["code"] is None) is check_mode
    assert len(writes(sandbox)) == (0 if check_mode else 3)
    assert_clean(sandbox)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "neither is given"),
        ({"space": "Elbe Huddle", "owner": "ada.keller@nordlicht.example"}, "not both"),
        ({"space": "Elbe"}, "nearest: Elbe Huddle"),
        ({"owner": "nobody@nordlicht.example"}, "no person"),
    ],
)
def test_a_code_for_nobody_is_refused(fleet: Fleet, options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        fleet.act(None, "activation_code", None, options, check_mode=False)


def test_a_code_is_never_asked_for_twice(fleet: Fleet, sandbox: Running) -> None:
    sandbox.fault({"method": "POST", "path": "/devices/activationCode", "drop": "after"})
    account = {"vendor": "webex", "url": sandbox.account("webex"), "token": "webex-demo-token"}
    result = perform(
        "device_action", {**account, "action": "activation_code", "space": EMPTY, "model": "DMS Cisco 8845"},
        check_mode=False, diff_mode=False, environ={},
    )  # fmt: skip
    assert result.get("failed"), result
    assert len(writes(sandbox)) == 1


@pytest.mark.parametrize("rotates", [True, False])
def test_a_refresh_token_gets_and_renews_the_access_token(sandbox: Running, rotates: bool) -> None:
    sandbox.switch("webex", refresh_rotates=rotates)
    client = {"client_id": "webex-demo-client", "client_secret": "webex-demo-secret", "refresh_token": "webex-demo-refresh"}
    with open_fleet(sandbox, **client) as fleet:
        assert len(fleet.list_devices(None, Query()).devices) == 19
        for grant in sandbox.state["webex"]["tokens"].values():
            if "webex-" not in str(grant):
                grant["expires"] = 0
        assert len(fleet.list_devices(None, Query()).devices) == 19


def test_ids_compare_by_what_they_mean(fleet: Fleet, sandbox: Running) -> None:
    device = shown(fleet, BOARDROOM)
    other = other_form(str(device.id))
    assert other != device.id
    assert planned(fleet, {"device_id": other}).devices[0].observed == device
    assert len(fleet.list_devices(None, Query(device_id=other)).devices) == 1
    assert (device.space or {})["id"] != other_form((device.space or {})["id"])
    assert planned(fleet, {"serial": BOARDROOM, "space": other_form((device.space or {})["id"])}).changes == ()


def test_a_workspace_that_somebody_made_since_the_plan_is_not_made_twice(fleet: Fleet, sandbox: Running) -> None:
    declared = {**NEW_PHONE, "space": "Annex", "create_space": True}
    plan = planned(fleet, declared)
    with open_fleet(sandbox) as other:
        converged(other, {**NEW_PHONE, "mac": "c41f3b990009", "space": "Annex", "create_space": True})
    report = fleet.apply(plan)
    assert not report.problems()
    assert {result.change.action: result.status for result in report.results} == {"create_space": "already", "claim": "done"}
    converged(fleet, declared)
    assert len([row for row in sandbox.state["webex"]["workspaces"].values() if row["displayName"] == "Annex"]) == 1
    assert_clean(sandbox)


def test_a_model_that_no_phone_has_is_refused_with_the_nearest(fleet: Fleet, sandbox: Running) -> None:
    assert "DMS Cisco 8845" in refused(fleet, {**NEW_PHONE, "model": "DMS Cisco 8854", "space": EMPTY})
    with pytest.raises(DeclarationError, match="not among the phones"):
        fleet.act(None, "activation_code", None, {"space": EMPTY, "model": "Toaster 9000"}, check_mode=True)
    sandbox.fault({"path": "/telephony", "status": 403, "times": None})
    converged(fleet, {**NEW_PHONE, "space": EMPTY})


def test_a_claim_into_a_workspace_that_is_not_there_is_refused(fleet: Fleet, sandbox: Running) -> None:
    ghost = "Y2lzY29zcGFyazovL3VzL1BMQUNFLzAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMA"
    assert "no workspace with the id" in refused(fleet, {**NEW_PHONE, "space": ghost})
    assert not writes(sandbox)


def test_an_empty_page_that_is_not_really_empty_is_looked_at_again(fleet: Fleet, sandbox: Running) -> None:
    sandbox.fault({"path": "/devices$", "missing_page": True, "skip": 1})
    assert len(fleet.list_devices(None, Query(page_size=4)).devices) == 19
    sandbox.fault({"path": "/devices$", "missing_page": True})
    declared = [{"serial": serial, "tags": ["x"]} for serial in (BOARDROOM, BOARD)]
    assert len(planned(fleet, *declared).changes) == 2


def test_a_made_workspace_that_is_listed_late_is_not_made_twice(fleet: Fleet, sandbox: Running) -> None:
    sandbox.switch("webex", list_lag=2)
    declared = {**NEW_PHONE, "space": "Annex", "create_space": True}
    assert not fleet.apply(planned(fleet, declared)).problems()
    with open_fleet(sandbox) as other:
        assert not other.apply(planned(other, {**declared, "mac": "c41f3b990009"})).problems()
    assert [row["displayName"] for row in sandbox.state["webex"]["workspaces"].values()].count("Annex") == 1


# Names of workspaces that declarations mean, and give


@pytest.mark.parametrize(
    "devices",
    [
        [{"serial": BOARDROOM, "space": "Alster Boardroom", "name": "Other"}],
        [{"serial": BOARDROOM, "name": "Annex"}, {**NEW_PHONE, "space": "Annex", "create_space": True}],
        [{"serial": BOARDROOM, "name": EMPTY}, {**NEW_PHONE, "space": EMPTY}],
        [{**NEW_PHONE, "space": EMPTY, "name": "Post Desk"}],
    ],
)
def test_a_workspace_is_not_renamed_from_or_to_a_name_that_a_declaration_means_it_by(
    fleet: Fleet, sandbox: Running, devices: list[dict[str, t.Any]]
) -> None:
    plan = fleet.plan([declaration_from({"rename_shared_space": True, **device}) for device in devices])
    assert "declare `space` by its id" in str(plan.errors[0])
    assert not [change for change in plan.changes if change.action == "rename"]


def test_a_device_told_with_workspace_and_person_is_renamed_by_its_workspace(fleet: Fleet, sandbox: Running) -> None:
    sandbox.switch("webex", owner_ids="both")
    converged(fleet, {"serial": HUDDLE, "name": "Elbe Nook", "rename_shared_space": True})
    assert place(sandbox, "Elbe Nook")
    assert "personal device" in refused(fleet, {"serial": DESK, "name": "Mine"})


def test_the_record_after_renaming_is_what_the_devices_show(fleet: Fleet, sandbox: Running) -> None:
    rename = {"serial": BOARDROOM, "name": "Boardroom One", "rename_shared_space": True}
    report = fleet.apply(planned(fleet, rename, {"serial": BOARD, "tags": ["x"]}))
    names = {device.serial: device.name for device in report.devices.values() if device}
    assert names[BOARDROOM] == "Boardroom One"
    assert names[BOARD] == shown(fleet, BOARD).name


def test_a_device_that_keeps_its_own_name_is_told(fleet: Fleet, sandbox: Running) -> None:
    sandbox.switch("webex", device_shows_workspace_name=False)
    assert not fleet.apply(planned(fleet, {"serial": BOOTH, "name": "Booth 1"})).problems()
    report = fleet.apply(planned(fleet, {"serial": BOOTH, "name": "Booth 2"}))
    assert not report.problems()
    assert [device.name for device in report.devices.values() if device] == ["Kreuzberg Booth"]
    assert "shows 'Kreuzberg Booth'" in str(report.results[0].message)


# What is refused or left alone before anything is sent


def test_an_owner_that_is_nobody_is_refused(fleet: Fleet, sandbox: Running) -> None:
    assert "neither an e-mail address" in refused(fleet, {**NEW_PHONE, "owner": "Ada"})
    assert "neither an e-mail address" in refused(fleet, {**NEW_PHONE, "owner": place(sandbox, EMPTY)["id"]})
    assert not requests(sandbox)
    assert "no person with the id" in refused(fleet, {**NEW_PHONE, "owner": vendor_id("PEOPLE", GHOST)})
    assert not writes(sandbox)


def test_the_record_of_a_phone_to_come_says_what_is_known(fleet: Fleet) -> None:
    after = planned(fleet, {**NEW_PHONE, "serial": "FCH0", "space": EMPTY}).devices[0].after
    assert after is not None
    assert (after.name, after.model, after.serial) == (EMPTY, "Cisco 8845", None)


def test_no_configurations_are_read_where_none_is_named(fleet: Fleet, sandbox: Running) -> None:
    assert not planned(fleet, {"serial": PHONE, "metafields": {}}).changes
    assert requests(sandbox) == [("GET", "/devices")]


@pytest.mark.parametrize(
    "query", [{"mac": NEW_MAC}, {"filters": {"mac": NEW_MAC}}, {"device_id": "GHOST"}, {"filters": {"id": "GHOST"}}]
)
def test_a_device_that_is_not_there_is_told_from_the_listing_alone(
    fleet: Fleet, sandbox: Running, query: dict[str, t.Any]
) -> None:
    ghost = vendor_id("DEVICE", GHOST)
    asked = Query(**{name: ghost if value == "GHOST" else value for name, value in query.items() if name != "filters"})
    filters = {name: ghost if value == "GHOST" else value for name, value in query.get("filters", {}).items()}
    listing = fleet.list_devices(None, replace(asked, filters=filters))
    assert (listing.devices, listing.warnings) == ([], ())
    assert not [entry for entry in requests(sandbox) if "onfigurations" in entry[1]]


@pytest.mark.parametrize(
    "filters", [{"mac": "8c:a5:3b:70:00:0b"}, {"connectionStatus": "connected"}, {"type": "phone"}, {"product": "RoomKit"}]
)
def test_filters_are_served_by_one_call(fleet: Fleet, sandbox: Running, filters: dict[str, t.Any]) -> None:
    assert fleet.list_devices(None, Query(filters=filters)).devices
    assert len(requests(sandbox)) == 1
    assert dict(sandbox.requests("webex")[0]["query"]).keys() >= filters.keys()


def test_an_id_of_another_form_proves_nothing(fleet: Fleet, sandbox: Running) -> None:
    plan = planned(fleet, {"device_id": GHOST, "state": "absent"})
    assert "not the form of an id" in str(plan.devices[0].blocked)
    assert not planned(fleet, {"device_id": vendor_id("DEVICE", GHOST), "state": "absent"}).devices[0].blocked


# What came of a write


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_what_is_locked_is_tried_again_and_done_once(fleet: Fleet, sandbox: Running, method: str) -> None:
    sandbox.fault({"method": method, "path": "/devices", "status": 423, "headers": {"Retry-After": "0"}})
    converged(fleet, {"serial": BOARDROOM, "tags": ["locked"]})
    assert len(writes(sandbox)) == (2 if method == "PATCH" else 1)


def test_a_write_that_shows_no_effect_is_unclear_and_no_change(fleet: Fleet, sandbox: Running) -> None:
    sandbox.fault({"method": "PATCH", "status": 200})
    report = fleet.apply(planned(fleet, {"serial": BOARDROOM, "tags": ["new"]}))
    assert [result.status for result in report.results] == ["unclear"]
    assert "late, or not at all" in str(report.results[0].message)
    assert not report.changed


def test_a_phone_that_was_added_since_the_plan_is_nobodys_change(fleet: Fleet, sandbox: Running) -> None:
    declared = {**NEW_PHONE, "space": EMPTY, "tags": ["x"]}
    plan = planned(fleet, declared)
    with open_fleet(sandbox) as other:
        converged(other, declared)
    sent = len(writes(sandbox))
    report = fleet.apply(plan)
    assert not report.problems()
    assert not report.changed
    assert [result.status for result in report.results] == ["already", "already"]
    assert [entry["path"] for entry in writes(sandbox)[sent:]] == ["/devices"]


def test_a_mac_in_use_that_no_listing_shows_is_explained(fleet: Fleet, sandbox: Running) -> None:
    sandbox.fault({"method": "POST", "path": "/devices$", "status": 400, "body": {"message": "MAC address is in use"}})
    (problem,) = fleet.apply(planned(fleet, {**NEW_PHONE, "space": EMPTY})).problems()
    assert "another organization" in problem
    assert len(writes(sandbox)) == 1


def test_a_code_whose_answer_is_lost_is_said_to_be_lost(fleet: Fleet, sandbox: Running) -> None:
    sandbox.fault({"method": "POST", "path": "/devices/activationCode", "drop": "after"})
    with pytest.raises(Unclear, match="nobody can read or cancel") as caught:
        fleet.act(None, "activation_code", None, {"space": "Elbe Huddle"}, check_mode=False)
    assert "Look at the device" not in str(caught.value)
