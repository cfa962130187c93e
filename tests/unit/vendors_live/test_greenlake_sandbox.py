# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The GreenLake adapter over HTTP against the sandbox: plan, apply, plan again, and what goes wrong on the way."""

from __future__ import annotations

import typing as t
from collections import Counter

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import Report
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Ambiguous, ApiError, Gone
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Plan
from ansible_collections.fleetform.devices.plugins.module_utils._engine.tasks import perform
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import greenlake
from fleetform.sandbox.server import Running, running

CLIENT = {"client_id": "greenlake-demo-client", "client_secret": "greenlake-demo-secret"}
FAST = {"read": 6000, "add": 6000, "patch": 6000, "poll": 6000}
CENTRAL = {"name": "Aruba Central", "region": "eu-central"}
SWITCH, SPARE, SERVER = "CN0010001K", "CN0010006K", "CZ0013004K"


@pytest.fixture(scope="module")
def sandbox() -> t.Iterator[Running]:
    with running() as box:
        yield box


@pytest.fixture(autouse=True)
def fresh(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greenlake, "VISIBLE_PAUSE", 0.0)
    roomy = dict.fromkeys(("list_v1", "get_v1", "add_v1", "add_v2beta1", "patch_v2beta1", "job_v1", "neighbour"), 100_000)
    sandbox.reset(limits={"greenlake": {**roomy, "poll_interval": 0, "job_polls": 1}})


@pytest.fixture
def fleet(sandbox: Running) -> t.Iterator[Fleet]:
    with open_fleet(sandbox) as opened:
        yield opened


def open_fleet(sandbox: Running, **options: t.Any) -> Fleet:
    account = {"vendor": "greenlake", "url": f"{sandbox.url}/greenlake", **CLIENT, "requests_per_minute": FAST, **options}
    return Fleet({None: account}, environ={})


def planned(fleet: Fleet, *devices: dict[str, t.Any]) -> Plan:
    plan = fleet.plan([declaration_from(device) for device in devices])
    assert not plan.errors, [str(error) for error in plan.errors]
    return plan


def converged(fleet: Fleet, *devices: dict[str, t.Any]) -> Report:
    """Applies, and checks that nothing is left to do."""
    report = fleet.apply(planned(fleet, *devices))
    assert not report.problems()
    again = planned(fleet, *devices)
    assert [change.as_data() for change in again.changes] == []
    return report


def writes(sandbox: Running) -> list[dict[str, t.Any]]:
    entries = sandbox.requests("greenlake", write=True)
    return [entry for entry in entries if not entry["token"]]


def assert_clean(sandbox: Running) -> None:
    """Nothing that a careful client would not have sent."""
    for entry in sandbox.requests("greenlake"):
        assert entry["violation"] is None, entry
        assert not entry["noop"], entry
        assert not entry["blind_repeat"], entry
        assert not entry.get("noop_devices"), entry


def catalogue(sandbox: Running, category: str) -> list[dict[str, t.Any]]:
    data = sandbox.state["greenlake"]
    known = [entry for entry in data["catalogue"].values() if entry["category"] == category]
    return [entry for entry in known if entry["serialNumber"] not in data["elsewhere"]]


def network(entry: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return {"serial": entry["serialNumber"], "mac": entry["macAddress"].lower(), **more}


def shown(fleet: Fleet, serial: str) -> Device:
    return fleet.list_devices(None, Query(serial=serial)).devices[0]


def test_every_attribute_of_one_device_converges_in_two_patches(fleet: Fleet, sandbox: Running) -> None:
    contact = {"email": "noc@example.com", "first_name": "Night"}
    declared = {
        "serial": SPARE,
        "tags": {"city": "London"},
        "space": "Berlin Torstrasse",
        "application": CENTRAL,
        "subscriptions": ["NLSWITCHFND0001"],
        "contact": contact,
    }
    converged(fleet, declared)
    device = shown(fleet, SPARE)
    assert (device.tags, device.contact) == ({"city": "London"}, contact)
    assert device.space is not None
    assert device.space["name"] == "Berlin Torstrasse"
    assert [entry["key"] for entry in device.subscriptions or ()] == ["NLSWITCHFND0001"]
    assert [sorted(entry["body"]) for entry in writes(sandbox)] == [
        ["application", "contact", "location", "region", "tags"],
        ["subscription"],
    ]
    assert_clean(sandbox)


def test_everything_is_taken_away_again(fleet: Fleet, sandbox: Running) -> None:
    converged(
        fleet,
        {"serial": SWITCH, "tags": {}, "purge_tags": True, "space": "", "application": {}, "subscriptions": [], "contact": {}},
    )
    device = shown(fleet, SWITCH)
    assert (device.tags, device.space, device.application, device.subscriptions, device.contact) == ({}, None, None, [], None)
    assert len(writes(sandbox)) == 1
    assert_clean(sandbox)


def test_archiving_and_unarchiving_show_what_they_take_along(fleet: Fleet, sandbox: Running) -> None:
    report = converged(fleet, {"serial": SWITCH, "archived": True})
    assert {result.change.attribute for result in report.results} == {"archived", "application", "subscriptions"}
    assert [entry["body"] for entry in writes(sandbox)] == [{"archived": True}]
    converged(fleet, {"serial": SWITCH, "archived": False, "application": CENTRAL, "tags": {"back": "yes"}})
    assert_clean(sandbox)


def test_a_subscription_that_is_declared_to_stay_is_applied_again_after_unassigning(fleet: Fleet, sandbox: Running) -> None:
    converged(fleet, {"serial": SWITCH, "application": {}, "subscriptions": ["NLSWITCHFND0001"]})
    assert len(writes(sandbox)) == 2
    assert_clean(sandbox)


def test_the_same_patch_goes_to_many_devices_at_once(fleet: Fleet, sandbox: Running) -> None:
    rows = list(sandbox.state["greenlake"]["devices"].values())
    converged(fleet, *({"serial": row["serialNumber"], "tags": {"audit": "2026"}} for row in rows))
    assert len(writes(sandbox)) == 1
    assert_clean(sandbox)


def test_new_devices_are_added_five_at_a_time_and_then_patched_together(fleet: Fleet, sandbox: Running) -> None:
    switches = catalogue(sandbox, "NETWORK")[:6]
    converged(
        fleet, *(network(entry, tags={"new": "yes"}, space="Hamburg Alsterufer", application=CENTRAL) for entry in switches)
    )
    assert Counter((entry["method"], entry["path"]) for entry in writes(sandbox)) == {
        ("POST", "/devices/v1/devices"): 2,
        ("PATCH", "/devices/v2beta1/devices"): 1,
    }
    assert_clean(sandbox)


def test_a_single_new_device_with_a_location_takes_one_call(fleet: Fleet, sandbox: Running) -> None:
    entry = catalogue(sandbox, "COMPUTE")[0]
    declared = {"serial": entry["serialNumber"], "model": entry["partNumber"], "device_type": "COMPUTE"}
    more = {"space": "Hamburg Alsterufer", "contact": {"email": "a@example.com"}, "tags": {"k": "v"}}
    report = converged(fleet, {**declared, **more})
    assert [entry["path"] for entry in writes(sandbox)] == ["/devices/v2beta1/devices"]
    device = report.devices[f"-/{entry['serialNumber']}"]
    assert device is not None
    assert device.space is not None
    assert device.id is not None
    assert_clean(sandbox)


def test_the_whole_way_of_a_new_device_add_wait_find_assign_subscribe(fleet: Fleet, sandbox: Running) -> None:
    sandbox.limit("greenlake", visibility_reads=2)
    entry = next(entry for entry in catalogue(sandbox, "NETWORK") if entry["deviceType"] == "SWITCH")
    converged(fleet, network(entry, tags={"a": "b"}, application=CENTRAL, subscriptions=["NLSWITCHFND0001"]))
    assert [entry["method"] for entry in writes(sandbox)] == ["POST", "PATCH", "PATCH"]
    assert_clean(sandbox)


def test_an_add_that_the_vendor_refuses_fails_with_its_reasons_and_the_others_go_on(fleet: Fleet, sandbox: Running) -> None:
    data = sandbox.state["greenlake"]
    theirs = next(data["catalogue"][serial] for serial in data["elsewhere"] if data["catalogue"][serial]["macAddress"])
    ours = catalogue(sandbox, "NETWORK")[0]
    report = fleet.apply(planned(fleet, network(theirs), network(ours)))
    assert {result.change.address: result.status for result in report.results} == {
        f"-/{theirs['serialNumber']}": "failed",
        f"-/{ours['serialNumber']}": "done",
    }
    assert "another workspace" in report.problems()[0]
    assert len(writes(sandbox)) == 1


def test_two_identifiers_of_two_devices_never_lead_to_an_add(fleet: Fleet, sandbox: Running) -> None:
    row = next(row for row in sandbox.state["greenlake"]["devices"].values() if row["macAddress"])
    plan = fleet.plan([declaration_from({"serial": "CN0099999K", "mac": row["macAddress"]})])
    assert isinstance(plan.errors[0], Ambiguous)
    assert_clean(sandbox)


def test_reading_one_hundred_declared_devices_takes_one_filter(sandbox: Running, fleet: Fleet) -> None:
    sandbox.reset(seed="large", size=2500)
    serials = [row["serialNumber"] for row in list(sandbox.state["greenlake"]["devices"].values())[:150]]
    planned(fleet, *({"serial": serial} for serial in serials[:100]))
    assert fleet.calls == {"read": 1, "write": 0}
    planned(fleet, *({"serial": serial} for serial in serials))
    assert fleet.calls["read"] - 1 <= 2
    assert len(fleet.list_devices(None, Query()).devices) == 2500
    assert_clean(sandbox)


def test_devices_are_found_by_id_by_mac_and_by_name(sandbox: Running, fleet: Fleet) -> None:
    device = shown(fleet, SWITCH)
    for identity in ({"device_id": device.id}, {"mac": device.mac}, {"name": device.name}, {"cloud_id": device.id}):
        assert planned(fleet, identity).devices[0].observed == device
    assert_clean(sandbox)


def test_a_device_id_that_is_not_there_is_an_error_and_not_an_add(sandbox: Running, fleet: Fleet) -> None:
    plan = fleet.plan([declaration_from({"device_id": "00000000-0000-4000-8000-000000000000", "tags": {"a": "b"}})])
    assert "cannot be created" in str(plan.errors[0])
    assert_clean(sandbox)


def test_a_repeated_tag_key_keeps_the_spelling_that_it_has(sandbox: Running, fleet: Fleet) -> None:
    converged(fleet, {"serial": "CZ0013003K", "tags": {"ENV": "prod", "owner team": None}})
    assert shown(fleet, "CZ0013003K").tags == {"env": "prod"}
    assert_clean(sandbox)


def test_a_tenant_gets_the_device_with_its_application(sandbox: Running, fleet: Fleet) -> None:
    sandbox.switch("greenlake", msp=True)
    tenant = sandbox.state["greenlake"]["tenants"][0]["id"]
    converged(fleet, {"serial": SPARE, "application": CENTRAL, "transfer_to": tenant})
    assert [sorted(entry["body"]) for entry in writes(sandbox)] == [["application", "region", "tenantWorkspaceId"]]
    assert_clean(sandbox)


def test_a_warranty_is_set_on_a_discovered_device_only(sandbox: Running, fleet: Fleet) -> None:
    warranty = {"service_level": "FOUNDATION_CARE", "end_date": "2030-01-01"}
    refused = fleet.plan([declaration_from({"serial": SERVER, "warranty": warranty})])
    assert "discovered" in str(refused.errors[0])
    sandbox.drift("greenlake", SERVER, source="DISCOVERED", ownership="DISCOVERED")
    converged(fleet, {"serial": SERVER, "warranty": warranty})
    assert_clean(sandbox)


def test_a_new_owner_of_a_name_is_looked_up_once(sandbox: Running, fleet: Fleet) -> None:
    serials = [row["serialNumber"] for row in sandbox.state["greenlake"]["devices"].values()][:6]
    planned(fleet, *({"serial": serial, "space": "Boston Congress Street"} for serial in serials))
    assert [entry["path"] for entry in sandbox.requests("greenlake", write=False) if "locations" in entry["path"]] == [
        "/locations/v1/locations"
    ]


def test_a_region_is_asked_for_and_the_possible_ones_are_named(sandbox: Running, fleet: Fleet) -> None:
    plan = fleet.plan([declaration_from({"serial": SPARE, "application": {"name": "Aruba Central"}})])
    assert "eu-central, us-west" in str(plan.errors[0])


@pytest.mark.parametrize("job", ["failed", "failed_empty", "partial", "timeout", "timedout", "string_result", "slow", "vanish"])
@pytest.mark.parametrize("effect", [True, False])
def test_a_patch_job_ends_right_or_says_what_is_wrong(sandbox: Running, fleet: Fleet, job: str, effect: bool) -> None:
    serials = [SWITCH, SPARE]
    sandbox.fault({"method": "PATCH", "job": job, "effect": effect, "polls": 2})
    report = fleet.apply(planned(fleet, *({"serial": serial, "tags": {"x": "y"}} for serial in serials)))
    for result in report.results:
        serial = result.change.address[2:]
        there = "x" in (shown(fleet, serial).tags or {})
        assert result.status == "done" if there else result.status in ("failed", "unclear"), (result, there)
    assert len(writes(sandbox)) == 1


@pytest.mark.parametrize("job", ["failed", "failed_empty", "partial", "timeout", "timedout", "slow", "vanish"])
@pytest.mark.parametrize("effect", [True, False])
def test_an_add_job_ends_right_or_says_what_is_wrong(sandbox: Running, fleet: Fleet, job: str, effect: bool) -> None:
    switches = catalogue(sandbox, "NETWORK")[:3]
    sandbox.fault({"method": "POST", "path": "/devices/v1/devices", "job": job, "effect": effect, "polls": 2})
    report = fleet.apply(planned(fleet, *(network(entry, tags={"x": "y"}) for entry in switches)))
    held = {row["serialNumber"] for row in sandbox.state["greenlake"]["devices"].values()}
    for result in report.results:
        there = result.change.address[2:] in held
        assert result.status == "done" if there else result.status in ("failed", "unclear"), (result, there)
    assert len(writes(sandbox)) == 1


def test_a_job_that_never_ends_is_settled_by_reading_after_the_deadline(sandbox: Running) -> None:
    sandbox.fault({"method": "PATCH", "job": "never", "effect": True})
    with open_fleet(sandbox, deadline=0.3) as fleet:
        report = fleet.apply(planned(fleet, {"serial": SPARE, "tags": {"x": "y"}}))
    assert [result.status for result in report.results] == ["done"]


def test_a_lost_answer_is_settled_without_a_second_write(sandbox: Running, fleet: Fleet) -> None:
    sandbox.fault({"method": "PATCH", "drop": "after"}, {"method": "POST", "path": "/devices/v1/devices", "drop": "after"})
    converged(fleet, {"serial": SPARE, "tags": {"x": "y"}})
    converged(fleet, network(catalogue(sandbox, "NETWORK")[0]))
    assert len(writes(sandbox)) == 2


def test_the_workspace_endpoint_gives_tokens_too(sandbox: Running) -> None:
    workspace = sandbox.state["greenlake"]["workspace"]
    with open_fleet(sandbox, organization=workspace.upper()) as fleet:
        assert fleet.list_devices(None, Query(limit=1)).devices
    assert [entry["path"] for entry in sandbox.requests("greenlake") if entry["token"]] == [
        f"/authorization/v2/oauth2/{workspace}/token"
    ]


def test_every_query_parameter_of_the_listing_is_reached(sandbox: Running, fleet: Fleet) -> None:
    query = Query(
        vendor_filter="deviceType in 'SWITCH', 'AP'",
        vendor_filter_tags="'env' eq 'prod'",
        fields=("serial", "name", "tags"),
        sort=("serial desc",),
        page_size=2,
    )
    found = fleet.list_devices(None, query).devices
    assert [device.serial for device in found] == ["CN0010004K", "CN0010003K", "CN0010002K", "CN0010001K"]
    assert found[0].model is None
    sent = [entry["query"] for entry in sandbox.requests("greenlake") if entry["path"] == "/devices/v1/devices"]
    assert sent[0].keys() == {"filter", "filter-tags", "limit", "select", "sort"}
    assert sent[1]["offset"] == "2"
    assert_clean(sandbox)


def test_neutral_filters_are_sent_to_the_vendor(sandbox: Running, fleet: Fleet) -> None:
    query = Query(
        filters={"device_type": ["SWITCH", "AP"], "tags": {"env": "prod"}, "serial": SWITCH}, vendor_filter="archived eq false"
    )
    assert [device.serial for device in fleet.list_devices(None, query).devices] == [SWITCH]
    query = Query(filters={"tags.floor": ["3", "9"]}, limit=2)
    assert len(fleet.list_devices(None, query).devices) == 2
    assert_clean(sandbox)


def test_the_vendor_counts_what_it_can_and_the_engine_the_rest(sandbox: Running, fleet: Fleet) -> None:
    by_type = fleet.list_devices(None, Query(group_by="device_type")).groups or []
    assert {"key": "SWITCH", "count": 6} in by_type
    by_category = fleet.list_devices(None, Query(group_by="category")).groups or []
    assert {row["key"] for row in by_category} == {"COMPUTE", "NETWORK", "STORAGE"}
    by_space = fleet.list_devices(None, Query(group_by="space")).groups or []
    assert {"key": "Berlin Torstrasse", "count": 3} in by_space
    assert_clean(sandbox)


def test_a_dry_run_lets_the_vendor_check_a_plan_without_changing_anything(sandbox: Running, fleet: Fleet) -> None:
    plan = planned(fleet, {"serial": SPARE, "tags": {"x": "y"}}, network(catalogue(sandbox, "NETWORK")[0], application=CENTRAL))
    assert fleet.rehearse(plan) == []
    assert len([entry for entry in sandbox.requests() if "dry-run" in entry["query"]]) == len(plan.accounts[0].steps) - 1
    assert fleet.calls["write"] == 0
    assert not shown(fleet, SPARE).tags
    assert_clean(sandbox)


def test_what_the_vendor_refuses_in_a_dry_run_is_named(sandbox: Running, fleet: Fleet) -> None:
    plan = planned(fleet, {"serial": SPARE, "tags": {"x": "y"}})
    sandbox.fault({"method": "PATCH", "path": "/devices/v2beta1/devices", "status": 400, "body": {"message": "no such luck"}})
    (error,) = fleet.rehearse(plan)
    assert "no such luck" in str(error)
    assert SPARE in str(error)


def test_a_task_in_check_mode_has_the_vendor_judge_the_plan_where_it_is_asked_to(sandbox: Running) -> None:
    account = {"vendor": "greenlake", "url": f"{sandbox.url}/greenlake", "token": "greenlake-demo-token"}
    params = {**account, "serial": SPARE, "tags": {"x": "y"}, "state": "present", "validate_at_vendor": True}
    fault = {"method": "PATCH", "path": "/devices/v2beta1/devices", "status": 400, "body": {"message": "no such luck"}}
    sandbox.fault(fault)
    result = perform("device", params, check_mode=True, diff_mode=False)
    assert result["failed"]
    assert "no such luck" in result["msg"]
    assert result["calls"]["write"] == 0
    assert perform("device", params, check_mode=True, diff_mode=False)["changed"] is True


def test_a_listing_that_does_not_fit_together_is_an_error(sandbox: Running, fleet: Fleet) -> None:
    sandbox.fault({"method": "GET", "path": "/devices/v1/devices", "wrong_total": True, "times": None})
    plan = fleet.plan([declaration_from({"name": "ham-array-1", "tags": {"a": "b"}})])
    assert isinstance(plan.errors[0], ApiError)
    assert not isinstance(plan.errors[0], Gone)
    assert not plan.complete
