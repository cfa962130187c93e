# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Xyte adapter through the engine's front door, against the sandbox over HTTP."""

from __future__ import annotations

import json

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import ApiError, Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.tasks import perform
from fleetform.sandbox.server import running

API = "/core/v1/organization"
FRESH = {"serial": "XQD-00901", "mac": "02:5E:10:01:03:85"}
DISPLAY = "XQD-00001"


@pytest.fixture(scope="module")
def cloud():
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(cloud):
    cloud.reset()
    return cloud


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    """The file of fingerprints, which is not there yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "fleetform" / "xyte.json"


def opened(sandbox, **options):
    account = {"vendor": "xyte", "url": sandbox.account("xyte"), "token": "xyte-demo-key", **options}
    fleet = Fleet({"av": account}, environ={})
    # The pauses before repeats and second looks are the client's own business; here they would only take time.
    fleet._vendors["av"].client._sleep = lambda seconds: None
    return fleet


@pytest.fixture
def fleet(sandbox):
    with opened(sandbox) as found:
        yield found


def plan_of(fleet, *declared):
    return fleet.plan([declaration_from(options, account="av") for options in declared])


def applied(fleet, *declared):
    plan = plan_of(fleet, *declared)
    assert not plan.errors, plan.errors
    return fleet.apply(plan)


def converge(fleet, *declared):
    report = applied(fleet, *declared)
    assert report.problems() == []
    return report


def settled(fleet, sandbox, *declared):
    """Whether a second run writes nothing, and nothing written so far was refused or without effect."""
    seen = sandbox.requests("xyte")
    assert [entry for entry in seen if entry["violation"] or entry["noop"] or entry["blind_repeat"]] == []
    sandbox.clear()
    plan = plan_of(fleet, *declared)
    return not plan.errors and not plan.changes and sandbox.requests("xyte", write=True) == []


def calls(sandbox, write=None):
    return [(entry["method"], entry["path"].removeprefix(API)) for entry in sandbox.requests("xyte", write=write)]


def bodies(sandbox):
    return [entry["body"] for entry in sandbox.requests("xyte", write=True)]


def device(sandbox, **wanted):
    name, value = next(iter(wanted.items()))
    return next((held for held in sandbox.state["xyte"]["devices"].values() if held[name] == value), None)


def task(sandbox, name, *, check_mode=False, token="xyte-demo-key", **params):
    account = {"vendor": "xyte", "url": sandbox.account("xyte"), "token": token}
    defaults = {"state": "present", "metafields_policy": "when_changed", "secret_metafields": []}
    return perform(name, {**defaults, **account, **params}, check_mode=check_mode, diff_mode=True, environ={})


# Claiming


def test_a_device_is_claimed_with_name_space_and_configuration(fleet, sandbox):
    wanted = {**FRESH, "name": "Foyer", "space": "Wiz/Berlin/Room #2", "metafields": {"display": {"brightness": 60}}}
    report = converge(fleet, wanted)
    made = device(sandbox, sn="XQD-00901")
    assert (made["name"], made["space"], made["configuration"]) == ("Foyer", 11542, {"display": {"brightness": 60}})
    assert report.devices["av/XQD-00901"].id == made["id"]
    assert bodies(sandbox)[0] == {"sn": "XQD-00901", "mac": "02:5e:10:01:03:85", "name": "Foyer", "space_id": 11542}
    assert calls(sandbox) == [
        ("GET", "/devices"),
        ("GET", "/spaces"),
        ("POST", "/devices/claim"),
        ("PATCH", f"/devices/{made['id']}"),
    ]
    assert settled(fleet, sandbox, wanted)


def test_a_cloud_id_goes_alone(fleet, sandbox):
    wanted = {"cloud_id": "xpj-cloud-00901", "serial": "XPJ-00901", "mac": "02:5e:10:00:00:01"}
    converge(fleet, wanted)
    assert bodies(sandbox) == [{"cloud_id": "xpj-cloud-00901"}]
    assert settled(fleet, sandbox, {"cloud_id": "xpj-cloud-00901", "serial": "XPJ-00901"})


@pytest.mark.parametrize("switches", [{"claim_status": 201}, {"unnamed": "model"}, {"page_style": "has_next_page"}], ids=str)
def test_a_claim_is_understood_in_every_documented_form(fleet, sandbox, switches):
    sandbox.reset(switches={"xyte": switches})
    converge(fleet, {**FRESH, "space": "Wiz"})
    assert settled(fleet, sandbox, {**FRESH, "space": "Wiz"})


@pytest.mark.parametrize("switches", [{}, {"claim_refused_status": 404}], ids=str)
def test_hardware_of_somebody_else_is_said_to_be_claimed_elsewhere(fleet, sandbox, switches):
    sandbox.reset(switches={"xyte": switches})
    report = applied(fleet, {"cloud_id": "xpj-cloud-00702", "space": "Wiz"})
    (problem,) = report.problems()
    assert "claimed elsewhere" in problem
    assert "already claimed" in problem
    assert not report.changed
    assert calls(sandbox)[-1] == ("GET", "/devices")


def test_another_refusal_keeps_its_own_words(fleet, sandbox):
    (problem,) = applied(fleet, {"cloud_id": "nowhere", "space": "Wiz"}).problems()
    assert "cannot be claimed" in problem
    assert "elsewhere" not in problem
    sandbox.reset(switches={"xyte": {"space_required": True}})
    (problem,) = applied(fleet, FRESH).problems()
    assert "no `space` is declared" in problem


def test_a_device_that_somebody_claimed_for_us_in_the_meantime_is_done(fleet, sandbox):
    wanted = {**FRESH, "name": "Foyer", "space": "Wiz/Berlin"}
    plan = plan_of(fleet, wanted)
    with opened(sandbox) as other:
        converge(other, wanted)
    report = fleet.apply(plan)
    assert report.problems() == []
    assert report.devices["av/XQD-00901"].id == device(sandbox, sn="XQD-00901")["id"]


def test_a_device_that_is_ours_already_but_elsewhere_is_said_to_be_so_and_put_right_by_the_next_run(fleet, sandbox):
    wanted = {**FRESH, "name": "Foyer", "space": "Wiz/Berlin"}
    plan = plan_of(fleet, wanted)
    with opened(sandbox) as other:
        converge(other, {**FRESH, "name": "Hall", "space": "Wiz/Hamburg"})
    (problem,) = fleet.apply(plan).problems()
    assert "it is called 'Hall' and it is in space 'Wiz/Hamburg'" in problem
    converge(fleet, wanted)
    assert device(sandbox, sn="XQD-00901")["space"] == 11540


@pytest.mark.parametrize(
    "fault", [{"drop": "after"}, {"status": 500, "after": True}, {"status": 200, "body": None, "after": True}]
)
def test_a_claim_without_a_usable_answer_is_settled_by_the_listing_and_not_sent_again(fleet, sandbox, fault):
    sandbox.fault({"vendor": "xyte", "method": "POST", **fault})
    converge(fleet, {**FRESH, "name": "Foyer", "space": "Wiz/Berlin"})
    assert calls(sandbox, write=True) == [("POST", "/devices/claim")]


def test_a_claim_that_was_perhaps_never_carried_out_is_unclear_and_not_sent_again(fleet, sandbox):
    sandbox.fault({"vendor": "xyte", "method": "POST", "drop": "before"})
    report = applied(fleet, {**FRESH, "name": "Foyer"})
    assert [result.status for result in report.results] == ["unclear"]
    assert calls(sandbox, write=True) == [("POST", "/devices/claim")]


def test_an_empty_page_in_place_of_the_listing_leads_to_no_claim(fleet, sandbox):
    sandbox.fault({"vendor": "xyte", "method": "GET", "path": ".*/devices", "missing_page": True})
    plan = plan_of(fleet, {"serial": DISPLAY, "mac": "02:5e:10:01:00:01"})
    assert (plan.errors, plan.changes) == ((), ())
    assert calls(sandbox) == [("GET", "/devices"), ("GET", "/info"), ("GET", "/devices")]


@pytest.mark.parametrize("after", [False, True])
def test_a_claim_whose_answer_denies_success_is_settled_by_the_listing(fleet, sandbox, after):
    body = {"success": False, "error": "not \x1b[2Jtoday"}
    sandbox.fault({"vendor": "xyte", "method": "POST", "status": 200, "body": body, "after": after})
    report = applied(fleet, FRESH)
    assert report.changed is after
    if not after:
        (problem,) = report.problems()
        assert "the vendor did not accept the claim. The vendor says: not today" in problem


def test_a_claim_that_was_accepted_and_is_not_shown_is_unclear_and_counts_as_written(fleet, sandbox):
    sandbox.fault({"vendor": "xyte", "method": "POST", "status": 200, "body": {"success": True}})
    report = applied(fleet, FRESH)
    assert ([result.status for result in report.results], report.changed) == (["unclear"], True)
    assert "does not show it yet; run again" in report.problems()[0]


def test_a_claim_that_the_listing_shows_late_is_found(fleet, sandbox):
    sandbox.fault({"vendor": "xyte", "method": "POST", "status": 200, "body": None, "after": True})
    plan = plan_of(fleet, FRESH)
    number = sum(entry["path"].endswith("/devices") for entry in sandbox.requests("xyte"))
    old = {"status": 200, "body": {"items": [{"id": "another"}], "next_page": None}}
    sandbox.fault({"vendor": "xyte", "method": "GET", "path": ".*/devices", "times": 1, **old})
    report = fleet.apply(plan)
    assert (number, report.problems()) == (1, [])


def test_a_claim_without_an_answer_is_looked_for_a_little_later_too(fleet, sandbox):
    plan = plan_of(fleet, {**FRESH, "name": "Foyer"})
    sandbox.fault({"vendor": "xyte", "method": "POST", "drop": "after"})
    body = {"items": [{"id": "another"}], "next_page": None}
    sandbox.fault({"vendor": "xyte", "method": "GET", "path": ".*/devices", "status": 200, "body": body})
    assert fleet.apply(plan).problems() == []
    assert calls(sandbox, write=True) == [("POST", "/devices/claim")]


def test_a_refused_claim_speaks_of_a_space_only_where_the_vendor_does(fleet, sandbox):
    sandbox.fault({"vendor": "xyte", "method": "POST", "status": 405})
    (problem,) = applied(fleet, FRESH).problems()
    assert "no `space`" not in problem


# Reading


def test_what_a_listing_of_several_pages_leaves_out_twice_is_not_taken_for_absent(fleet, sandbox):
    sandbox.reset(seed="large", size=150)
    body = {"items": [{"id": "another"}], "next_page": None}
    sandbox.fault(
        {
            "vendor": "xyte",
            "method": "GET",
            "path": ".*/devices",
            "query": {"page": "2"},
            "status": 200,
            "body": body,
            "times": None,
        }
    )
    plan = plan_of(fleet, {"serial": "nobody", "state": "absent"}, {"cloud_id": "somebody"})
    gone, new = plan.devices
    assert "counts 150 devices, and its listing shows 101" in gone.blocked
    assert "counts 150 devices" in plan.warnings[0]
    # What is in the organization already cannot be claimed again.
    assert [change.action for change in new.changes] == ["claim"]
    assert "counts 150 devices" in fleet.list_devices("av", Query(serial="nobody")).warnings[0]


def test_a_fleet_costs_one_listing(fleet, sandbox):
    assert not plan_of(fleet, *({"serial": f"XQD-0000{number}"} for number in range(1, 10))).changes
    assert calls(sandbox) == [("GET", "/devices")]


def test_a_single_id_is_one_call_and_its_absence_needs_the_listing(fleet, sandbox):
    number = device(sandbox, sn=DISPLAY)["id"]
    assert not plan_of(fleet, {"device_id": number}).errors
    assert calls(sandbox) == [("GET", f"/devices/{number}")]
    sandbox.clear()
    assert "device_id" in str(plan_of(fleet, {"device_id": "nobody"}).errors[0])
    assert calls(sandbox) == [("GET", "/devices/nobody"), ("GET", "/devices")]


@pytest.mark.parametrize("style", ["next_page", "has_next_page", "both"])
@pytest.mark.parametrize("form", ["number", "text"])
def test_many_pages_of_every_style_are_read(fleet, sandbox, style, form):
    sandbox.reset(seed="large", size=250, switches={"xyte": {"page_style": style, "next_page_form": form}})
    assert len(fleet.list_devices("av", Query()).devices) == 250
    assert calls(sandbox) == [("GET", "/devices")] * 3


def test_endless_pages_are_an_error_and_nothing_is_claimed(fleet, sandbox):
    sandbox.reset(seed="large", size=150, switches={"xyte": {"endless_pages": True}})
    plan = plan_of(fleet, FRESH)
    assert not plan.complete
    assert isinstance(plan.errors[0], ApiError)


def test_an_empty_listing_beside_a_count_is_an_error(fleet, sandbox):
    sandbox.fault({"vendor": "xyte", "method": "GET", "path": ".*/devices", "missing_page": True, "times": None})
    plan = plan_of(fleet, {"serial": DISPLAY, "state": "absent"})
    assert not plan.complete
    assert "counts 20 devices, and its listing shows 0" in str(plan.errors[0])
    with pytest.raises(ApiError):
        fleet.list_devices("av", Query())


def test_an_id_is_the_same_in_either_case(fleet, sandbox):
    number = device(sandbox, sn=DISPLAY)["id"]
    assert number != number.upper()
    assert len(fleet.list_devices("av", Query(device_id=number.upper())).devices) == 1
    converge(fleet, {"device_id": number.upper(), "state": "absent"})
    assert device(sandbox, sn=DISPLAY) is None


def test_an_account_without_a_name_goes_by_vendor_and_host_in_errors(sandbox):
    sandbox.fault({"vendor": "xyte", "method": "GET", "status": 400, "times": None})
    for name, options in (("device", {"serial": DISPLAY}), ("device_info", {})):
        assert task(sandbox, name, **options)["msg"].startswith("xyte at 127.0.0.1:")


def test_what_stands_in_place_of_a_listing_is_shown(fleet, sandbox):
    sandbox.fault({"vendor": "xyte", "method": "GET", "status": 200, "body": {"error": "closed today"}})
    with pytest.raises(ApiError, match="closed today"):
        fleet.list_devices("av", Query())


def test_device_info_uses_what_the_listing_takes(fleet, sandbox):
    assert len(fleet.list_devices("av", Query(page_size=7)).devices) == 20
    assert [entry["query"]["per_page"] for entry in sandbox.requests("xyte")] == ["7"] * 3
    sandbox.clear()
    assert len(fleet.list_devices("av", Query(page_size=5, limit=4)).devices) == 4
    assert len(sandbox.requests("xyte")) == 1
    with pytest.raises(Unsupported):
        fleet.list_devices("av", Query(owner_email="a@example.com"))


@pytest.mark.parametrize("depth", ["exact", "below"])
def test_a_space_id_is_that_space_only_and_a_path_all_below_it(fleet, sandbox, depth):
    sandbox.reset(switches={"xyte": {"space_filter_depth": depth}})
    only = fleet.list_devices("av", Query(filters={"space": "11541"})).devices
    assert {found.space["path"] for found in only} == {"Wiz/Berlin/Room #1"}
    assert sandbox.requests("xyte")[0]["query"]["space_id"] == "11541"
    below = fleet.list_devices("av", Query(filters={"space": "Wiz/Berlin"})).devices
    assert len(below) == 8
    assert all(found.space["path"].startswith("Wiz/Berlin/") for found in below)
    assert fleet.list_devices("av", Query(filters={"space.id": "99"})).devices == []


def test_base_info_shows_the_state_and_no_password(fleet):
    query = Query(search="rack power", gather=frozenset({"base_info"}), include_raw=True)
    (found,) = fleet.list_devices("av", query).devices
    assert found.record()["base_info"]["custom_parameters"] == {"User name": "admin"}
    assert "Password" not in json.dumps(found.record())


def test_a_device_that_went_away_since_the_listing_leaves_the_others_their_base_info(fleet, sandbox):
    number = device(sandbox, sn=DISPLAY)["id"]
    sandbox.fault({"vendor": "xyte", "method": "GET", "path": f".*/{number}", "status": 404})
    listing = fleet.list_devices("av", Query(gather=frozenset({"base_info"})))
    assert [bool(found.gathered) for found in listing.devices].count(False) == 1
    assert "no base_info of 1 devices" in listing.warnings[0]


# Name and space


def test_a_device_is_renamed_and_moved_and_both_are_read_back(fleet, sandbox):
    wanted = {"serial": DISPLAY, "name": "Window", "space": "Wiz/Hamburg/Hall A/B"}
    converge(fleet, wanted)
    held = device(sandbox, sn=DISPLAY)
    assert (held["name"], held["space"]) == ("Window", 11553)
    assert bodies(sandbox) == [{"name": "Window"}, {"space_id": 11553}]
    assert settled(fleet, sandbox, wanted)
    assert calls(sandbox) == [("GET", "/devices")]


@pytest.mark.parametrize("answer", ["json", "empty", "none"])
def test_a_move_may_be_answered_by_nothing(fleet, sandbox, answer):
    sandbox.reset(switches={"xyte": {"move_answer": answer}})
    converge(fleet, {"serial": DISPLAY, "space": "11552"})
    assert settled(fleet, sandbox, {"serial": DISPLAY, "space": "Wiz/Hamburg/lab"})


def test_a_rename_that_is_accepted_without_effect_is_not_taken_for_done(fleet, sandbox):
    sandbox.reset(switches={"xyte": {"rename_applied": False}})
    report = applied(fleet, {"serial": DISPLAY, "name": "Window", "metafields": {"display": {"brightness": 3}}})
    assert [result.status for result in report.results] == ["failed", "done"]
    assert "accepted, not confirmed: the device still shows 'Berlin Room 1 Display'" in report.problems()[0]


def test_a_name_that_the_vendor_changes_is_a_failure_that_wrote(fleet, sandbox):
    plan = plan_of(fleet, {"serial": DISPLAY, "name": " Window "})
    with opened(sandbox) as other:
        converge(other, {"serial": DISPLAY, "name": "Window"})
    sandbox.fault({"vendor": "xyte", "method": "PATCH", "status": 200, "body": {"success": True}})
    report = fleet.apply(plan)
    assert "it was changed, but not as declared: the device shows 'Window' now" in report.problems()[0]
    assert report.changed


def test_a_rename_whose_answer_denies_success_was_not_accepted(fleet, sandbox):
    sandbox.fault({"vendor": "xyte", "method": "PATCH", "status": 200, "body": {"success": False}})
    (problem,) = applied(fleet, {"serial": DISPLAY, "name": "Window"}).problems()
    assert "not accepted: the device still shows" in problem


def test_a_move_to_another_customer_is_refused_before_anything_is_written(fleet, sandbox):
    tree = [{"id": 1, "name": "Wiz", "parent_id": None}, {"id": 50, "name": "Acme", "parent_id": None}]
    for space in ("Acme", "50", "Acme/New"):
        sandbox.fault(
            {"vendor": "xyte", "method": "GET", "path": ".*/spaces", "status": 200, "body": {"items": tree, "next_page": None}}
        )
        (error,) = plan_of(fleet, {"serial": DISPLAY, "space": space, "create_space": True}).errors
        assert "another customer" in str(error)


def test_the_oldest_documentation_is_enough_for_claiming_configuring_and_deleting(fleet, sandbox):
    sandbox.reset(switches={"xyte": {"beyond_first_page": False}})
    converge(fleet, {**FRESH, "name": "Foyer", "space": "11540", "metafields": {"display": {}}})
    assert "declare the id" in str(plan_of(fleet, {"serial": DISPLAY, "space": "Wiz/Berlin"}).errors[0])
    (problem,) = applied(fleet, {"serial": DISPLAY, "name": "Window"}).problems()
    assert "the device still shows" in problem or "accepted" in problem or "refuses" in problem
    number = device(sandbox, sn=DISPLAY)["id"]
    converge(fleet, {"device_id": number, "state": "absent"})
    assert device(sandbox, sn=DISPLAY) is None


def test_unknown_and_wrongly_written_spaces_are_refused_before_anything_is_written(fleet, sandbox):
    for space, words in [
        ("Wiz/Berlin/Room 9", "create_space: true"),
        ("wiz/Berlin", "there is 'Wiz'"),
        ("Wiz/Hamburg/LAB", "names compare exactly"),
        ("12040", "no space with the id"),
    ]:
        plan = plan_of(fleet, {"serial": DISPLAY, "name": "Window", "space": space})
        assert words in str(plan.errors[0])
    assert calls(sandbox, write=True) == []


def test_missing_spaces_are_made_once_for_all_and_the_higher_ones_first(fleet, sandbox):
    wanted = [
        {**FRESH, "space": "Wiz/Berlin/Floor 9/Room 1", "create_space": True},
        {"serial": DISPLAY, "space": "Wiz/Berlin/Floor 9/Room 1", "create_space": True},
        {"serial": "XQD-00002", "space": "Wiz/Berlin/Floor 9", "create_space": True},
    ]
    plan = plan_of(fleet, *wanted)
    assert calls(sandbox, write=True) == []
    report = fleet.apply(plan)
    assert report.problems() == []
    assert calls(sandbox, write=True).count(("POST", "/spaces/find_or_create")) == 2
    shown = report.devices[f"av/{DISPLAY}"].space
    assert shown == {"id": str(device(sandbox, sn=DISPLAY)["space"]), "name": "Room 1", "path": "Wiz/Berlin/Floor 9/Room 1"}
    assert device(sandbox, sn=DISPLAY)["space"] == device(sandbox, sn="XQD-00901")["space"]
    assert settled(fleet, sandbox, *wanted)


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"drop": "before"}, {"status": 200, "body": None, "after": True}])
def test_a_space_whose_making_was_not_answered_is_looked_for(fleet, sandbox, fault):
    sandbox.fault({"vendor": "xyte", "method": "POST", **fault})
    wanted = {"serial": DISPLAY, "space": "Wiz/Oslo/Room", "create_space": True}
    converge(fleet, wanted)
    assert settled(fleet, sandbox, wanted)


# Configuration


def test_a_configuration_is_sent_once_and_then_known(fleet, sandbox, state):
    wanted = {"serial": DISPLAY, "metafields": {"display": {"brightness": 20}}}
    first = plan_of(fleet, wanted)
    assert first.devices[0].unverified
    assert str(state) in first.devices[0].warnings[0]
    assert not state.parent.exists()
    fleet.apply(first)
    assert device(sandbox, sn=DISPLAY)["configuration"] == {"display": {"brightness": 20}}
    second = plan_of(fleet, wanted)
    assert second.changes == ()
    assert "always" in second.devices[0].notes[0]
    changed = plan_of(fleet, {**wanted, "metafields": {"display": {"brightness": 21}}})
    assert [change.unverified for change in changed.changes] == [False]


def test_an_empty_configuration_is_one(fleet, sandbox):
    wanted = {"serial": DISPLAY, "metafields": {}}
    converge(fleet, wanted)
    assert bodies(sandbox) == [{"configuration": {}}]
    assert settled(fleet, sandbox, wanted)


def test_always_sends_it_every_time(fleet, sandbox):
    wanted = {"serial": DISPLAY, "metafields": {"display": {"brightness": 20}}, "metafields_policy": "always"}
    for _run in range(2):
        plan = plan_of(fleet, wanted)
        assert plan.devices[0].warnings == ()
        assert fleet.apply(plan).problems() == []
    assert len(bodies(sandbox)) == 2


def test_a_new_key_for_the_same_organization_changes_nothing(sandbox):
    wanted = {"serial": DISPLAY, "metafields": {"display": {"brightness": 20}}}
    with opened(sandbox) as fleet:
        converge(fleet, wanted)
    held = sandbox.state["xyte"]["tokens"]["xyte-demo-key"]
    sandbox.sandbox.clouds["xyte"].data["tokens"]["xyte-new-key"] = held
    with opened(sandbox, token="xyte-new-key") as fleet:
        assert plan_of(fleet, wanted).changes == ()


def test_each_declaration_can_have_a_file_of_its_own(fleet, sandbox, state, tmp_path):
    wanted = {"serial": DISPLAY, "metafields": {"display": {}}, "state_path": str(tmp_path / "kept" / "here.json")}
    converge(fleet, wanted)
    assert (tmp_path / "kept" / "here.json").exists()
    assert not state.exists()
    assert settled(fleet, sandbox, wanted)
    assert plan_of(fleet, {**wanted, "state_path": None}).changes != ()


def test_check_mode_touches_no_file(sandbox, state):
    result = task(sandbox, "device_metafield", check_mode=True, serial=DISPLAY, metafields={"display": {"brightness": 5}})
    assert result["changed"]
    assert not state.parent.parent.exists()


def test_a_file_that_is_not_ours_stops_the_change_before_anything_is_sent(fleet, sandbox, tmp_path):
    path = tmp_path / "notes.txt"
    path.touch(0o600)
    path.write_text("mine")
    plan = plan_of(fleet, {"serial": DISPLAY, "name": "Window", "metafields": {"display": {}}, "state_path": str(path)})
    assert str(path) in str(plan.errors[0])
    assert plan.changes == ()
    assert path.read_text() == "mine"


def test_a_file_that_cannot_be_written_stops_the_change_before_anything_is_sent(fleet, sandbox, tmp_path):
    (tmp_path / "file").touch()
    plan = plan_of(
        fleet, {"serial": DISPLAY, "name": "W", "metafields": {"a": 1}, "state_path": str(tmp_path / "file" / "x.json")}
    )
    assert "cannot keep fingerprints" in str(plan.errors[0])
    assert calls(sandbox, write=True) == []


@pytest.mark.parametrize("fault", [{"drop": "after"}, {"drop": "before"}, {"status": 502}, {"cut_body": True}])
def test_a_configuration_without_an_answer_is_unclear_and_sent_again_by_the_next_run_only(fleet, sandbox, fault):
    old, new = ({"serial": DISPLAY, "metafields": {"display": {"brightness": number}}} for number in (20, 30))
    converge(fleet, old)
    sandbox.clear()
    sandbox.fault({"vendor": "xyte", "method": "PATCH", **fault})
    report = applied(fleet, new)
    assert [result.status for result in report.results] == ["unclear"]
    assert "the next run sends it again" in report.problems()[0]
    assert len(bodies(sandbox)) == 1
    # Neither the old nor the new one is known to be in effect.
    assert plan_of(fleet, old).devices[0].unverified
    converge(fleet, new)
    assert device(sandbox, sn=DISPLAY)["configuration"] == {"display": {"brightness": 30}}


def test_a_refused_configuration_leaves_the_old_one_known(fleet, sandbox):
    good = {"serial": DISPLAY, "metafields": {"display": {"brightness": 20}}}
    converge(fleet, good)
    (problem,) = applied(fleet, {**good, "metafields": {"display": {"brightness": 900}}}).problems()
    assert "brightness" in problem
    assert plan_of(fleet, good).changes == ()


def test_the_device_as_an_answer_says_that_the_configuration_was_accepted(fleet, sandbox):
    body = {"id": device(sandbox, sn=DISPLAY)["id"], "name": "x"}
    sandbox.fault({"vendor": "xyte", "method": "PATCH", "status": 200, "body": body, "after": True})
    wanted = {"serial": DISPLAY, "metafields": {"display": {}}}
    converge(fleet, wanted)
    assert plan_of(fleet, wanted).changes == ()


@pytest.mark.parametrize("number", [2, 9])
def test_what_many_devices_have_to_say_alike_stands_once(fleet, state, number):
    many = [{"serial": f"XQD-0000{count}", "metafields": {"display": {}}} for count in range(1, number + 1)]
    lines = number if number == 2 else 1
    plan = plan_of(fleet, *many)
    assert len(plan.warnings) == lines
    assert all(str(state) in text for text in plan.warnings)
    assert plan.warnings[0].startswith("9 devices of account av, such as av/XQD-00001: whether") is (number == 9)
    fleet.apply(plan)
    assert len(plan_of(fleet, *many).notes) == lines


def test_an_answer_that_says_no_success_is_a_failure(fleet, sandbox):
    sandbox.fault({"vendor": "xyte", "method": "PATCH", "status": 200, "body": {"success": False, "error": "busy"}})
    wanted = {"serial": DISPLAY, "metafields": {"display": {}}}
    (problem,) = applied(fleet, wanted).problems()
    assert "busy" in problem
    assert plan_of(fleet, wanted).changes != ()


def test_secret_parts_are_shown_nowhere(sandbox, state):
    secret = "canary-in-the-display"
    wanted = {"display": {"brightness": 5}, "network": {"web_password": secret}}
    for check_mode in (True, False):
        result = task(sandbox, "device", check_mode=check_mode, serial=DISPLAY, metafields=wanted, secret_metafields=["network"])
        assert result["changed"]
        assert secret not in json.dumps(result)
        assert result["changes"][0]["after"] == {"display": {"brightness": 5}, "network": "(hidden)"}
    assert secret not in state.read_text()
    assert device(sandbox, sn=DISPLAY)["configuration"] == wanted
    sandbox.fault({"vendor": "xyte", "method": "PATCH", "status": 422, "body": {"error": f"{secret} is too short"}})
    wanted["display"] = {}
    failed = task(sandbox, "device", serial=DISPLAY, metafields=wanted, secret_metafields=["network"])
    assert secret not in json.dumps(failed)


@pytest.mark.parametrize("name", ["web_password", "network.web_password"])
def test_a_secret_deep_inside_is_shown_nowhere_either(sandbox, name):
    wanted = {"display": {"brightness": 5}, "network": {"web_password": "canary"}}
    result = task(sandbox, "device", serial=DISPLAY, metafields=wanted, secret_metafields=[name])
    assert "canary" not in json.dumps(result)
    assert result["changes"][0]["after"]["network"] == {"web_password": "(hidden)"}
    assert device(sandbox, sn=DISPLAY)["configuration"] == wanted


def test_secret_names_that_fit_nothing_are_warned_of(fleet):
    wanted = {"serial": DISPLAY, "metafields": {"network": {"web_password": "x"}}}
    for names, warned in ((["network.web_pasword"], True), (["other", "web_password"], False)):
        plan = plan_of(fleet, {**wanted, "secret_metafields": names})
        assert any("hides nothing" in text for text in plan.warnings) is warned


def test_a_rename_that_was_granted_and_could_not_be_read_back_counts_as_written(fleet, sandbox):
    sandbox.fault({"vendor": "xyte", "method": "GET", "path": ".*/devices/.*", "status": 403, "times": None})
    report = applied(fleet, {"serial": DISPLAY, "name": "Window"})
    assert ([result.status for result in report.results], report.changed) == (["unclear"], True)


# Deleting


def test_a_device_is_deleted_once_with_a_warning_and_its_fingerprint_goes_too(fleet, sandbox, state):
    wanted = {**FRESH, "metafields": {"display": {}}}
    converge(fleet, wanted)
    plan = plan_of(fleet, {**FRESH, "state": "absent"})
    assert "history" in plan.devices[0].warnings[0]
    assert fleet.apply(plan).problems() == []
    assert json.loads(state.read_text())["entries"] == {}
    assert settled(fleet, sandbox, {**FRESH, "state": "absent"})
    # Claimed again it has the same id, and no configuration any more.
    converge(fleet, wanted)
    assert calls(sandbox, write=True)[-1][0] == "PATCH"


def test_a_device_that_went_away_in_the_meantime_is_as_good_as_deleted(fleet, sandbox):
    gone = {"serial": DISPLAY, "state": "absent"}
    plan = plan_of(fleet, gone)
    with opened(sandbox) as other:
        converge(other, gone)
    report = fleet.apply(plan)
    assert [result.status for result in report.results] == ["already"]
    assert not report.changed


def test_nothing_can_be_transferred_and_the_nearest_thing_is_named(fleet, sandbox):
    (error,) = plan_of(fleet, {"serial": DISPLAY, "transfer_to": "Suedwind"}).errors
    assert isinstance(error, Unsupported)
    assert "the other organization's key" in str(error)
    assert sandbox.requests() == []


def test_a_model_is_compared_and_not_set(fleet):
    plan = plan_of(fleet, {"serial": DISPLAY, "model": "Projector - PT900"})
    assert "the device says 'Display - QM55'" in plan.devices[0].warnings[0]
    assert plan_of(fleet, {"serial": DISPLAY, "model": "Display - QM55"}).devices[0].warnings == ()
