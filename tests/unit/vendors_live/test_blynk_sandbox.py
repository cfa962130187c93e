# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Blynk adapter through the engine's front door, against the sandbox over HTTP."""

from __future__ import annotations

import json

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.tasks import perform
from fleetform.sandbox.server import running

CLIMATE, POWER = "TMPL8RITg_f9Q", "TMPL5PwrMt3_x"
# A template that Boston (2003) does not have.
DOOR_IN_BERLIN = 314
MARA, JONAS = "mara.lindt@nordlicht.example", "jonas.weber@nordlicht.example"
CREATE, METAFIELD, TO_OWNER, TO_ORGANIZATION = (
    ("POST", "/api/v1/organization/device/create"),
    ("POST", "/api/v1/organization/device/metafield"),
    ("POST", "/api/v1/organization/device/transfer/to-owner"),
    ("POST", "/api/v1/organization/device/transfer/to-organization"),
)


@pytest.fixture(scope="module")
def cloud():
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(cloud):
    cloud.reset()
    return cloud


@pytest.fixture
def fleet(sandbox):
    with opened(sandbox) as found:
        yield found


def opened(sandbox, **options):
    account = {
        "vendor": "blynk",
        "url": sandbox.account("blynk"),
        "client_id": "oa2-client-id_demo",
        "client_secret": "demo-secret",
    }
    fleet = Fleet({"lab": {**account, **options}}, environ={})
    # The pauses before repeats are the client's own business; here they would only take time.
    fleet._vendors["lab"].client._sleep = lambda seconds: None
    return fleet


def plan_of(fleet, *declared):
    return fleet.plan([declaration_from(options, account="lab") for options in declared])


def converge(fleet, *declared):
    """Plans and applies; the report. The plan has no errors."""
    plan = plan_of(fleet, *declared)
    assert not plan.errors, plan.errors
    return fleet.apply(plan)


def settled(fleet, sandbox, *declared):
    """Whether a second run writes nothing, and nothing written so far was refused or without effect."""
    seen = sandbox.requests("blynk")
    assert [entry for entry in seen if entry.get("violation") or entry.get("noop")] == []
    sandbox.clear()
    plan = plan_of(fleet, *declared)
    return not plan.errors and not plan.changes and sandbox.requests("blynk", write=True) == []


def writes(sandbox):
    return [(entry["method"], entry["path"]) for entry in sandbox.requests("blynk", write=True)]


def reads(sandbox):
    return [
        entry["path"].rpartition("organization")[2]
        for entry in sandbox.requests("blynk", write=False)
        if "oauth2" not in entry["path"]
    ]


def device(sandbox, name):
    return next(found for found in sandbox.state["blynk"]["devices"].values() if found["name"] == name)


def test_a_new_device_gets_owner_and_metafields_and_then_nothing_more(fleet, sandbox):
    wanted = {
        "name": "Lobby sensor",
        "model": CLIMATE,
        "owner": JONAS.upper(),
        "metafields": {"Asset Note": 12, "Floor": "3", "Mount": "Wall"},
    }
    report = converge(fleet, wanted)
    assert [result.status for result in report.results] == ["done", "done", "done", "already"]
    made = device(sandbox, "Lobby sensor")
    assert (made["ownerUserId"], made["metafields"]["14"]["value"]) == (502, "12")
    assert report.devices["lab/Lobby sensor"].id == str(made["id"])
    assert settled(fleet, sandbox, wanted)


def test_a_new_device_is_made_in_the_target_organization(fleet, sandbox):
    wanted = {"name": "Newcomer", "model": CLIMATE, "owner": MARA, "transfer_to": "Nordlicht Berlin", "metafields": {"Floor": 2}}
    converge(fleet, wanted)
    made = device(sandbox, "Newcomer")
    assert (made["orgId"], made["ownerUserId"]) == (2002, 511)
    assert writes(sandbox) == [CREATE, METAFIELD]
    assert settled(fleet, sandbox, wanted)


def test_a_transfer_comes_before_the_new_owner_and_after_the_metafields(fleet, sandbox):
    wanted = {"name": "Hamburg Board Room Climate", "owner": MARA, "transfer_to": "2002", "metafields": {"Floor": 6}}
    converge(fleet, wanted)
    assert writes(sandbox) == [METAFIELD, TO_ORGANIZATION, TO_OWNER]
    assert settled(fleet, sandbox, wanted)


def test_an_owner_elsewhere_is_refused_before_anything_is_written(fleet, sandbox):
    plan = plan_of(fleet, {"name": "Hamburg Main Panel", "owner": MARA})
    assert "transfer_to" in str(plan.errors[0])
    assert writes(sandbox) == []


def test_a_device_is_renamed_and_loses_its_owner(fleet, sandbox):
    wanted = {"name": "Hall Panel", "previous_name": "Hamburg Main Panel", "owner": ""}
    converge(fleet, wanted)
    assert device(sandbox, "Hall Panel")["ownerUserId"] is None
    assert settled(fleet, sandbox, wanted)


def test_a_device_is_deleted_once(fleet, sandbox):
    wanted = {"name": "Hamburg Basement Leak", "state": "absent"}
    converge(fleet, wanted)
    assert len(writes(sandbox)) == 1
    assert settled(fleet, sandbox, wanted)


def test_a_fleet_by_name_costs_one_listing(fleet, sandbox):
    names = ["Hamburg Board Room Climate", "Hamburg Main Panel", "Hamburg Basement Leak"]
    assert not plan_of(fleet, *({"name": name} for name in names)).changes
    assert reads(sandbox) == ["/devices"]


def test_unknown_tags_metafields_and_kinds_are_refused_while_planning(fleet, sandbox):
    plan = plan_of(
        fleet,
        {"device_id": "1000", "metafields": {"Flor": 1}},
        {"device_id": "1001", "tags": ["Lobby"]},
        {"device_id": "1002", "metafields": {"Location": {"city": "Kiel"}}},
        {"name": "Nowhere"},
    )
    assert len(plan.errors) == 4
    assert writes(sandbox) == []


def test_a_transfer_out_of_sight_is_neither_repeated_nor_created_again(sandbox):
    with opened(sandbox, client_id="oa2-client-id_berlin", client_secret="berlin-secret") as fleet:
        wanted = {"name": "Berlin Rack Power", "model": POWER, "transfer_to": "2003"}
        report = converge(fleet, wanted)
        assert [result.status for result in report.results] == ["done"]
        sandbox.clear()
        plan = plan_of(fleet, wanted)
        assert plan.devices[0].blocked.startswith("out_of_sight")
        assert not plan.changes


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"drop": "before"}, {"status": 503}])
@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (CREATE, {"name": "Lobby sensor", "model": CLIMATE}),
        (METAFIELD, {"device_id": "1000", "metafields": {"Floor": 6}}),
        (("PUT", "/api/v1/organization/device"), {"device_id": "1000", "name": "Board Room"}),
        (("DELETE", "/api/v1/organization/device"), {"device_id": "1000", "state": "absent"}),
        (("DELETE", "/api/v1/organization/device/owner"), {"device_id": "1000", "owner": ""}),
        (TO_OWNER, {"device_id": "1000", "owner": JONAS}),
        (TO_ORGANIZATION, {"device_id": "1000", "transfer_to": "2002"}),
    ],
)
def test_a_lost_answer_doubles_nothing_and_a_second_run_ends_it(fleet, sandbox, call, wanted, fault):
    method, path = call
    before = len(sandbox.state["blynk"]["devices"])
    sandbox.fault({"vendor": "blynk", "method": method, "path": f"{path}$", **fault})
    report = converge(fleet, wanted)
    statuses = {result.status for result in report.results}
    assert statuses <= {"done", "already", "unclear"}
    if fault == {"drop": "after"}:
        assert statuses <= {"done", "already"}
    sandbox.clear_faults()
    if "unclear" in statuses:
        converge(fleet, wanted)
    assert settled(fleet, sandbox, wanted)
    grown = {"Lobby sensor": 1}.get(wanted.get("name", ""), -1 if wanted.get("state") == "absent" else 0)
    assert len(sandbox.state["blynk"]["devices"]) == before + grown


@pytest.mark.parametrize(
    "fault", [{"status": 500, "times": None}, {"wrong_total": 5, "times": None}, {"missing_page": True, "times": None}]
)
def test_a_failed_listing_is_an_error_and_creates_nothing(fleet, sandbox, fault):
    sandbox.fault({"vendor": "blynk", "path": "/api/v1/organization/devices", **fault})
    plan = plan_of(fleet, {"name": "Lobby sensor", "model": CLIMATE})
    assert plan.errors
    assert not plan.complete
    assert not plan.changes


@pytest.mark.parametrize(
    ("switches", "wanted"),
    [
        ({"owner_none": "zero"}, {"name": "Hamburg Basement Leak", "owner": ""}),
        ({"owner_none": "null"}, {"name": "Hamburg Basement Leak", "owner": ""}),
        ({"metafield_value": "bare"}, {"name": "Hamburg Board Room Climate", "metafields": {"Floor": 5, "Mount": "Wall"}}),
        ({"metafield_flags": False}, {"name": "Hamburg Board Room Climate", "metafields": {"Floor": 5}}),
        ({"users_search_email": False}, {"name": "Hamburg Main Panel", "owner": JONAS}),
    ],
)
def test_what_is_assumed_of_the_vendor_may_be_otherwise(fleet, sandbox, switches, wanted):
    sandbox.switch("blynk", **switches)
    assert settled(fleet, sandbox, wanted)


def test_a_value_that_was_never_set_takes_its_kind_from_the_template(fleet, sandbox):
    wanted = {"name": "Hamburg Board Room Climate", "metafields": {"Calibration Offset": "0.5"}}
    converge(fleet, wanted)
    assert device(sandbox, "Hamburg Board Room Climate")["metafields"]["9"]["value"] == 0.5
    assert settled(fleet, sandbox, wanted)


def test_every_reading_option_is_served_and_no_token_comes_out(fleet, sandbox):
    gather = frozenset({"tags", "metafields", "online", "timeline", "logs", "base_info"})
    tokens = [found["token"] for found in sandbox.state["blynk"]["devices"].values()]
    for options in (
        {"include_sub_organizations": True, "gather": gather, "event_type": "ONLINE"},
        {"search": "berlin", "sort": ("name",)},
        {"owner_email": JONAS},
        {"user_email": MARA},
        {"activated_within": 5},
        {"device_id": "1003"},
    ):
        listing = fleet.list_devices("lab", Query(include_raw=True, **options))
        text = json.dumps([found.record() for found in listing.devices])
        assert listing.devices
        assert not [token for token in tokens if token in text]
    assert [entry for entry in sandbox.requests("blynk") if entry["status"] >= 400 or entry.get("violation")] == []


def test_an_event_is_triggered_once_and_data_cleared(fleet, sandbox):
    panel = declaration_from({"name": "Hamburg Main Panel"}, account="lab")
    fleet.act("lab", "trigger_event", panel, {"event_code": "overload", "description": "80 A"}, check_mode=True)
    assert writes(sandbox) == []
    fleet.act("lab", "trigger_event", panel, {"event_code": "overload", "description": "80 A"}, check_mode=False)
    fleet.act("lab", "clear_data", panel, {}, check_mode=False)
    assert writes(sandbox) == [
        ("POST", "/api/v1/organization/device/trigger-event"),
        ("DELETE", "/api/v1/organization/device/clear"),
    ]


def test_a_large_fleet_is_read_by_whole_pages(sandbox):
    sandbox.reset(seed="large", size=3000)
    names = [found["name"] for found in sandbox.state["blynk"]["devices"].values() if found["orgId"] == 2001]
    with opened(sandbox) as fleet:
        assert not plan_of(fleet, *({"name": name} for name in names)).changes
    assert len(reads(sandbox)) == -(-len(names) // 1000)


class TestOwnersById:
    """Ids of users are held against organizations like e-mail addresses: the wrong owner would take the device along."""

    @pytest.mark.parametrize("owner", ["511", "mara.lindt@nordlicht.example"])
    def test_an_owner_in_another_organization_is_refused(self, sandbox, owner):
        for declared in ({"name": "Hamburg New Sensor"}, {"name": "New", "model": CLIMATE}):
            result = perform("device", params(sandbox, owner=owner, **declared), check_mode=False, diff_mode=False)
            assert "belongs to organization 2002" in result["msg"]
        assert [entry for entry in sandbox.requests() if entry["write"] and not entry["token"]] == []

    def test_an_owner_in_the_devices_organization_is_set_and_then_costs_no_call(self, sandbox):
        declared = params(sandbox, name="Hamburg New Sensor", owner="502")
        assert perform("device", declared, check_mode=False, diff_mode=False)["changed"] is True
        sandbox.clear()
        assert perform("device", declared, check_mode=False, diff_mode=False)["changed"] is False
        assert [entry["path"].rpartition("/")[2] for entry in sandbox.requests()] == ["devices"]

    def test_an_owner_with_an_unknown_id_is_an_error(self, sandbox):
        result = perform("device", params(sandbox, name="Hamburg New Sensor", owner="777777"), check_mode=False, diff_mode=False)
        assert "no user with id 777777" in result["msg"]

    def test_an_owner_whose_organization_may_not_be_read_is_taken_with_a_warning(self, sandbox):
        sandbox.fault({"vendor": "blynk", "path": "/api/v1/organization/user", "status": 403, "times": None})
        result = perform("device", params(sandbox, name="Hamburg New Sensor", owner="502"), check_mode=True, diff_mode=False)
        assert result["changed"] is True
        assert "could not be read" in result["warnings"][0]


def params(sandbox, **declared):
    """The options of a task, validated as far as these tests need it."""
    return {"vendor": "blynk", "url": f"{sandbox.url}/blynk", "token": "blynk-demo-token", "state": "present", **declared}


class TestTruth:
    """What the vendor did otherwise than declared, or says in another form than documented, is found and told."""

    def test_a_device_that_followed_an_owner_out_of_its_organization_is_a_failure(self, sandbox):
        sandbox.fault({"vendor": "blynk", "path": "/api/v1/organization/user", "status": 403, "times": None})
        result = perform("device", params(sandbox, name="Hamburg New Sensor", owner="511"), check_mode=False, diff_mode=False)
        assert result["failed"] is True
        assert (
            'belongs to organization 2002, and the device has gone there from 2001; declare `transfer_to: "2002"`'
            in result["msg"]
        )
        assert device(sandbox, "Hamburg New Sensor")["orgId"] == 2002

    def test_an_owner_whose_organization_could_not_be_read_and_who_is_no_stranger_is_set(self, sandbox):
        sandbox.fault({"vendor": "blynk", "path": "/api/v1/organization/user", "status": 403, "times": None})
        result = perform("device", params(sandbox, name="Hamburg New Sensor", owner="502"), check_mode=False, diff_mode=False)
        assert (result.get("failed", False), result["changed"]) == (False, True)
        assert reads(sandbox)[-1].startswith("/device")

    @pytest.mark.parametrize("body", ["{}", "[]", "null"])
    def test_a_creation_answered_without_the_device_is_settled_by_reading(self, fleet, sandbox, body):
        wanted = {"name": "Lobby sensor", "model": CLIMATE, "metafields": {"Floor": 3}}
        sandbox.fault(
            {
                "vendor": "blynk",
                "method": "POST",
                "path": CREATE[1],
                "after": True,
                "status": 201,
                "body": body,
                "content_type": "application/json",
            }
        )
        report = converge(fleet, wanted)
        assert {result.status for result in report.results} == {"done"}
        assert report.devices["lab/Lobby sensor"].id == str(device(sandbox, "Lobby sensor")["id"])
        assert settled(fleet, sandbox, wanted)

    def test_a_device_token_that_the_vendor_names_in_an_error_is_hidden(self, sandbox):
        token = device(sandbox, "Hamburg Main Panel")["token"]
        sandbox.fault(
            {
                "vendor": "blynk",
                "method": "PUT",
                "status": 400,
                "path": "/api/v1/organization/device$",
                "body": json.dumps({"error": {"message": f"device {token} is locked"}}),
                "content_type": "application/json",
            }
        )
        result = perform("device", params(sandbox, device_id="1001", name="Hall Panel"), check_mode=False, diff_mode=False)
        assert result["failed"] is True
        assert "is locked" in result["msg"]
        assert token not in json.dumps(result)

    def test_a_record_after_a_rename_shows_no_name_of_before(self, sandbox):
        old = "Hamburg Board Room Climate"
        declared = params(sandbox, device_id="1000", name="Board Room", owner="", metafields={"Floor": 6})
        shown = perform("device", declared, check_mode=False, diff_mode=False)["device"]
        assert shown["name"] == "Board Room"
        assert old not in json.dumps(shown["metafields"])
        assert shown["metafields"]["Floor"] == 6
        assert "Device Owner" not in shown["metafields"]

    def test_a_user_who_never_logged_in_and_a_target_without_the_template_are_refused_before_anything_is_written(
        self, fleet, sandbox
    ):
        contact = next(found for found in sandbox.state["blynk"]["devices"].values() if found["templateId"] == DOOR_IN_BERLIN)
        wanted = [
            {"device_id": "1000", "owner": "512", "transfer_to": "2002"},
            {"device_id": str(contact["id"]), "name": "Door", "transfer_to": "2003"},
        ]
        plan = plan_of(fleet, *wanted)
        assert ["Pending" in str(plan.errors[0]), "has no template" in str(plan.errors[1])] == [True, True]
        assert writes(sandbox) == []

    def test_bare_values_are_judged_by_the_template_while_planning(self, fleet, sandbox):
        sandbox.switch("blynk", metafield_value="bare")
        plan = plan_of(
            fleet,
            {"device_id": "1000", "metafields": {"Device Name": "x"}},
            {"device_id": "1001", "metafields": {"Device Owner": "x"}},
        )
        assert ["`name`" in str(plan.errors[0]), "`owner`" in str(plan.errors[1])] == [True, True]
        assert writes(sandbox) == []
