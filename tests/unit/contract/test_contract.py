# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What holds for every vendor: reading, planning, applying, and that a second time nothing is left to do.

A vendor that is registered and has no profile fails here, with a word about what to add.
"""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import AT_CLAIM, NO, READ_ONLY, YES
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    DeclarationError,
    FleetformError,
    NotFound,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import ATTRIBUTES, IDENTIFIERS, RECORD_FIELDS, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS
from tests.unit.contract.profiles import PROFILES, REFUSED, SPOKEN, Case, Profile
from tests.unit.contract.world import World, actions_of, converge, plan_of, words

CASES = [pytest.param(profile, case, id=f"{spoken}-{case.name}") for spoken, profile in SPOKEN.items() for case in profile.cases]
RISKY = [
    pytest.param(profile, case, id=f"{profile.vendor}-{case.name}")
    for profile in PROFILES.values()
    for case in profile.cases
    if not case.creates and (case.declared.get("transfer_to") or case.declared.get("archived"))
]
EACH = pytest.mark.parametrize("profile", SPOKEN.values(), ids=SPOKEN)


def test_every_registered_vendor_has_a_profile_and_cases_for_all_that_it_can_do() -> None:
    for vendor, adapter in VENDORS.items():
        assert vendor in PROFILES, f"{vendor} is registered: add a Profile for it to tests/unit/contract/profiles.py"
        profile = PROFILES[vendor]
        able = {row for row, capability in adapter.CAPABILITIES.items() if capability.level == YES}
        tried = {case.attribute for case in profile.cases}
        assert able - tried == set(), f"{vendor} can do {sorted(able - tried)}: add a Case for each to its profile"
        readable = {row for row, capability in adapter.CAPABILITIES.items() if capability.level == READ_ONLY}
        assert readable == set(profile.read_only), f"read_only of the profile of {vendor} must have {sorted(readable)}"
        assert set(profile.identifiers) == adapter.IDENTIFIERS, (
            f"identifiers of the profile of {vendor} must be {sorted(adapter.IDENTIFIERS)}"
        )
    assert list(VENDORS) == sorted(VENDORS)


# Whose the credentials are


@EACH
def test_credentials_of_another_organization_are_another_home(world: World, profile: Profile) -> None:
    with world.fleet(lab=profile.account, same=profile.fetched, other=profile.second[0]) as fleet:
        homes = fleet.homes(["lab", "same", "other"])
        calls = fleet.calls
    assert homes["lab"] == homes["same"]
    assert bool(homes["lab"][2]) is profile.tells_organization
    assert (homes["lab"] != homes["other"]) or not profile.tells_organization
    assert calls["read"] <= len(homes)
    assert calls["write"] == 0


@EACH
def test_credentials_that_may_not_be_asked_whose_they_are_have_a_home_all_the_same(world: World, profile: Profile) -> None:
    world.sandbox.fault({"vendor": profile.vendor, "status": 403, "times": None})
    with world.fleet(lab=profile.account) as fleet:
        assert fleet.homes(["lab"])["lab"][2] == ""
    world.sandbox.clear_faults()
    world.sandbox.fault({"vendor": profile.vendor, "status": 503, "times": None})
    with world.fleet(lab={**profile.account, "deadline": 5}) as fleet:
        assert (fleet.homes(["lab"])["lab"][2] is None) is profile.tells_organization, "what cannot be read now is not nothing"


# Reading

KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("vendor", "account", "id", "name", "serial", "mac", "cloud_id", "model", "device_type", "status"), (str,)),
    **dict.fromkeys(("last_seen", "ip", "firmware"), (str,)),
    **dict.fromkeys(("online", "archived"), (bool,)),
    **dict.fromkeys(
        ("metafields", "owner", "organization", "space", "applications", "application", "contact", "warranty"), (dict,)
    ),
    "tags": (list, dict),
    "subscriptions": (list,),
}
PARTS = {
    "owner": {"id", "email", "name"},
    "organization": {"id", "name"},
    "space": {"id", "name", "path"},
    "application": {"id", "region"},
}


@EACH
@pytest.mark.parametrize("extras", [False, True], ids=["listed", "gathered"])
def test_every_record_has_the_documented_shape(world: World, profile: Profile, extras: bool) -> None:
    query = Query(gather=profile.gather, include_raw=True) if extras else Query()
    with world.fleet(lab=profile.account) as fleet:
        devices = fleet.list_devices("lab", query).devices
    assert len(devices) == profile.listed
    for device in devices:
        record = device.record()
        assert list(record)[: len(RECORD_FIELDS)] == list(RECORD_FIELDS)
        assert (record["vendor"], record["account"]) == (profile.vendor, "lab")
        assert record["id"]
        for name, kinds in KINDS.items():
            value = record[name]
            assert value is None or isinstance(value, kinds), f"{name} is {value!r}"
            if value and name in PARTS:
                assert set(value) == PARTS[name], f"{name} is {value!r}"
        assert record["mac"] is None or record["mac"] == record["mac"].lower()
        assert record["last_seen"] is None or record["last_seen"].endswith("Z")
        assert ("raw" in record) is extras
        json.dumps(record)
    assert [entry for entry in world.log() if entry["write"]] == []
    assert world.blunders() == []


@EACH
def test_secrets_inside_vendor_data_are_in_no_record_not_even_raw(world: World, profile: Profile) -> None:
    secrets = [secret for device in world.devices(profile.vendor).values() for secret in profile.secrets(device)]
    with world.fleet(lab=profile.account) as fleet:
        devices = fleet.list_devices("lab", Query(gather=profile.gather, include_raw=True)).devices
        plan = plan_of(fleet, [profile.known])
    shown = json.dumps([device.record() for device in devices]) + repr(devices) + repr(plan)
    assert [secret for secret in secrets if secret in shown] == []


@EACH
def test_a_device_is_found_by_each_of_its_identifiers_and_read_only(world: World, profile: Profile) -> None:
    with world.fleet(lab=profile.account) as fleet:
        device = plan_of(fleet, [profile.known]).devices[0].observed
        assert device is not None
        assert set(profile.identifiers) <= set(IDENTIFIERS)
        listed = fleet.list_devices("lab", Query()).devices
        for option, field in profile.identifiers.items():
            # Not every device has every identifier.
            meant = next(one for one in (device, *listed) if getattr(one, field) is not None)
            found = plan_of(fleet, [{option: getattr(meant, field)}]).devices[0].observed
            assert found is not None, option
            assert found.id == meant.id
    assert world.log(write=True) == []
    assert world.blunders() == []


# Changing


@pytest.mark.parametrize(("profile", "case"), CASES)
def test_planned_applied_and_nothing_left_to_do(world: World, profile: Profile, case: Case) -> None:
    with world.fleet(lab=profile.account) as fleet:
        if case.first is not None:
            converge(fleet, [case.first])
        before = world.devices(profile.vendor)
        world.sandbox.clear()

        plan = plan_of(fleet, [case.declared])
        assert words(plan.errors) == ""
        assert plan.changes, "the case must change something"
        assert world.log(write=True) == [], "a plan, and so check mode, sends nothing that writes"
        predicted = plan.devices[0].after

        report = fleet.apply(plan)
        assert report.problems() == []
        assert report.changed
        assert {result.status for result in report.results} <= {"done", "already"}
        writes = len(world.log(write=True))
        assert 0 < writes <= len(plan.accounts[0].steps)

        again = plan_of(fleet, [case.declared])
        assert (words(again.errors), actions_of(again)) == ("", [])
        assert fleet.apply(again).results == ()
        assert len(world.log(write=True)) == writes, "a second time nothing is written"

        after, seen = report.devices[plan.devices[0].address], again.devices[0].observed
        assert (after is None) is (seen is None) is (predicted is None)
        if after is not None and seen is not None and predicted is not None:
            assert after.id == seen.id
            for attribute in plan.devices[0].declaration.attributes():
                field = {"transfer_to": "organization"}.get(attribute, attribute)
                vendor = VENDORS[profile.vendor](fleet._vendors["lab"].settings)
                shown, real = getattr(after, field), getattr(seen, field)
                if attribute in vendor.WHOLE and real is None:
                    # The vendor takes it and never shows it.
                    continue
                if field == "metafields":
                    keys = plan.devices[0].declaration.metafields or {}
                    shown, real = {key: shown[key] for key in keys}, {key: real[key] for key in keys}
                assert vendor.same(attribute, shown, real), f"the report shows {field} as {shown!r}, the cloud as {real!r}"
    assert world.blunders() == []
    touched = untouched_except(world, profile, case, before)
    assert touched == []


def untouched_except(world: World, profile: Profile, case: Case, before: t.Mapping[str, t.Any]) -> list[str]:
    """The devices other than the target that are not as before, and a number of devices that is not as it should be."""
    after = world.devices(profile.vendor)
    key, value = case.target
    wrong = [number for number in before if before[number][key] != value and after.get(number) != before[number]]
    new = [number for number in after if number not in before]
    gone = [number for number in before if number not in after]
    if len(new) != case.creates or len(gone) != case.deletes:
        wrong.append(f"{len(new)} new instead of {case.creates}, {len(gone)} gone instead of {case.deletes}")
    return wrong


@pytest.mark.parametrize(("profile", "case"), CASES)
def test_the_counters_equal_what_was_sent(world: World, profile: Profile, case: Case) -> None:
    with world.fleet(lab=profile.fetched) as fleet:
        if case.first is not None:
            converge(fleet, [case.first])
        converge(fleet, [case.declared])
        assert fleet.calls == {"read": len(world.log(write=False)), "write": len(world.log(write=True))}
    assert world.blunders() == []


@pytest.mark.parametrize(("profile", "case"), CASES)
def test_rehearsing_at_the_vendor_changes_nothing_and_finds_no_fault(world: World, profile: Profile, case: Case) -> None:
    with world.fleet(lab=profile.account) as fleet:
        if case.first is not None:
            converge(fleet, [case.first])
        before = world.devices(profile.vendor)
        assert words(fleet.rehearse(plan_of(fleet, [case.declared]))) == ""
    assert world.devices(profile.vendor) == before
    assert [blunder for blunder in world.blunders() if "noop" not in blunder] == []


@EACH
def test_all_changes_of_a_fleet_in_one_plan(world: World, profile: Profile) -> None:
    chosen: dict[t.Any, Case] = {}
    for case in profile.cases:
        if case.first is None:
            chosen.setdefault(case.target, case)
    with world.fleet(lab=profile.account) as fleet:
        converge(fleet, [case.declared for case in chosen.values()])
        again = plan_of(fleet, [case.declared for case in chosen.values()])
        assert (words(again.errors), actions_of(again)) == ("", [])
    assert world.blunders() == []


@pytest.mark.parametrize(
    ("profile", "fleet_name"),
    [pytest.param(profile, name, id=f"{spoken}-{name}") for spoken, profile in SPOKEN.items() for name in profile.fleets],
)
def test_the_same_change_for_many_devices(world: World, profile: Profile, fleet_name: str) -> None:
    declared = profile.fleets[fleet_name]
    with world.fleet(lab=profile.account) as fleet:
        plan = plan_of(fleet, declared)
        assert fleet.apply(plan).problems() == []
        assert len(world.log(write=True)) == len(plan.accounts[0].steps)
        assert plan_of(fleet, declared).changes == ()
    assert world.blunders() == []


# Actions that are no state

ACTS = [
    pytest.param(profile, action, id=f"{profile.vendor}-{action}") for profile in PROFILES.values() for action in profile.acts
]


def test_every_action_of_a_vendor_is_tried() -> None:
    assert {vendor: adapter.ACTIONS for vendor, adapter in VENDORS.items()} == {
        vendor: frozenset(profile.acts) for vendor, profile in PROFILES.items()
    }


@pytest.mark.parametrize(("profile", "action"), ACTS)
def test_an_action_sends_one_write_and_in_check_mode_none(world: World, profile: Profile, action: str) -> None:
    declaration = declaration_from(profile.known)
    with world.fleet(lab=profile.account) as fleet:
        fleet.act("lab", action, declaration, profile.acts[action], check_mode=True)
        assert world.log(write=True) == []
        fleet.act("lab", action, declaration, profile.acts[action], check_mode=False)
        assert len(world.log(write=True)) == 1
        assert fleet.calls == {"read": len(world.log(write=False)), "write": 1}
    assert world.blunders() == []


# Refusals


@pytest.mark.parametrize(
    ("profile", "attribute"),
    [
        pytest.param(profile, name, id=f"{profile.vendor}-{name}")
        for profile in PROFILES.values()
        for name, capability in VENDORS[profile.vendor].CAPABILITIES.items()
        if capability.level == NO and name in ("name", *ATTRIBUTES)
    ],
)
def test_what_a_vendor_cannot_do_is_refused_before_any_call(world: World, profile: Profile, attribute: str) -> None:
    capability = VENDORS[profile.vendor].CAPABILITIES[attribute]
    with world.fleet(lab=profile.account) as fleet:
        plan = plan_of(fleet, [{**profile.known, attribute: REFUSED[attribute]}])
    (error,) = plan.errors
    assert isinstance(error, Unsupported)
    assert (error.account, error.device) == ("lab", f"lab/{next(iter(profile.known.values()))}")
    text = str(error)
    assert profile.vendor in text
    assert attribute in text or attribute == "transfer_to"
    assert capability.nearest is not None, "a refusal names the nearest thing that works"
    assert capability.nearest in text
    assert world.sandbox.requests() == []


@pytest.mark.parametrize(
    ("profile", "attribute"),
    [pytest.param(profile, name, id=f"{profile.vendor}-{name}") for profile in PROFILES.values() for name in profile.read_only],
)
def test_what_can_only_be_read_is_refused_where_it_differs_and_nothing_else_happens(
    world: World, profile: Profile, attribute: str
) -> None:
    with world.fleet(lab=profile.account) as fleet:
        plan = plan_of(fleet, [profile.read_only[attribute]])
        (error,) = plan.errors
        assert isinstance(error, Unsupported)
        assert f"{profile.vendor} cannot set {attribute}" in str(error)
        fleet.apply(plan)
    assert world.log(write=True) == []


@EACH
def test_absence_is_refused_where_nothing_can_be_deleted(world: World, profile: Profile) -> None:
    capability = VENDORS[profile.vendor].CAPABILITIES["absent"]
    with world.fleet(lab=profile.account) as fleet:
        plan = plan_of(fleet, [{**profile.known, "state": "absent"}])
    if capability.level == NO:
        assert [type(error) for error in plan.errors] == [Unsupported]
        assert str(capability.nearest) in str(plan.errors[0])
        assert world.sandbox.requests() == []
    else:
        assert actions_of(plan) == ["delete"]
    assert world.log(write=True) == []


@EACH
def test_a_missing_device_that_is_not_declared_well_enough_is_an_error(world: World, profile: Profile) -> None:
    with world.fleet(lab=profile.account) as fleet:
        plan = plan_of(fleet, [profile.missing])
    assert [type(error) for error in plan.errors] == [NotFound]
    assert plan.changes == ()
    assert world.log(write=True) == []


@EACH
def test_two_declarations_of_one_device_are_an_error_that_names_both(world: World, profile: Profile) -> None:
    with world.fleet(lab=profile.account) as fleet:
        plan = plan_of(fleet, profile.twins)
    (error,) = plan.errors
    assert isinstance(error, DeclarationError)
    assert all(next(iter(twin.values())) in str(error) for twin in profile.twins)


@EACH
def test_identifiers_of_two_devices_never_lead_to_a_claim(world: World, profile: Profile) -> None:
    with world.fleet(lab=profile.account) as fleet:
        plan = plan_of(fleet, [profile.contradictory])
        assert [type(error).__name__ for error in plan.errors] == ["Ambiguous"]
        fleet.apply(plan)
    assert world.log(write=True) == []


@pytest.mark.parametrize(("profile", "case"), RISKY)
def test_a_protected_device_is_neither_transferred_nor_archived(world: World, profile: Profile, case: Case) -> None:
    with world.fleet(lab=profile.account) as fleet:
        plan = plan_of(fleet, [{**case.declared, "protect": True}])
        assert plan.devices[0].blocked is not None
        assert fleet.apply(plan).results == ()
    assert world.log(write=True) == []


# Accounts


@EACH
@pytest.mark.parametrize("status", [403, 500])
def test_an_account_that_cannot_be_read_is_an_error_and_nothing_is_created(world: World, profile: Profile, status: int) -> None:
    world.sandbox.fault({"vendor": profile.vendor, "method": "GET", "status": status, "times": None})
    with world.fleet(lab={**profile.account, "deadline": 20}) as fleet:
        plan = plan_of(fleet, [profile.main_case.declared])
        assert not plan.complete
        assert [isinstance(error, FleetformError) and error.account for error in plan.errors] == ["lab"]
        assert plan.changes == ()
        assert fleet.apply(plan).results == ()
    assert world.log(write=True) == []


@EACH
def test_two_accounts_of_one_vendor_in_one_plan(world: World, profile: Profile) -> None:
    options, declared = profile.second
    wanted = [{**profile.main_case.declared, "account": "one"}, {**declared, "account": "two"}]
    with world.fleet(one=profile.account, two=options) as fleet:
        converge(fleet, wanted)
        assert plan_of(fleet, wanted).changes == ()
    assert world.blunders() == []


def test_all_vendors_in_one_plan(world: World) -> None:
    wanted = [{**profile.main_case.declared, "account": vendor} for vendor, profile in PROFILES.items()]
    with world.fleet(**{vendor: profile.account for vendor, profile in PROFILES.items()}) as fleet:
        report = converge(fleet, wanted)
        assert {change.change.address.split("/")[0] for change in report.results} == set(PROFILES)
        assert plan_of(fleet, wanted).changes == ()
        assert fleet.calls == {"read": len(world.log(write=False)), "write": len(world.log(write=True))}


@EACH
def test_one_account_that_fails_leaves_the_others_alone(world: World, profile: Profile) -> None:
    others = {vendor: other for vendor, other in PROFILES.items() if vendor != profile.vendor}
    world.sandbox.fault({"vendor": profile.vendor, "status": 403, "times": None})
    wanted = [{**held.main_case.declared, "account": vendor} for vendor, held in PROFILES.items()]
    with world.fleet(**{vendor: held.account for vendor, held in PROFILES.items()}) as fleet:
        plan = plan_of(fleet, wanted)
        assert [error.account for error in plan.errors] == [profile.vendor]
        assert {device.address.split("/")[0] for device in plan.devices} == set(others)
        assert fleet.apply(plan).problems() == []


def test_levels_are_words_of_the_interface() -> None:
    assert {capability.level for vendor in VENDORS.values() for capability in vendor.CAPABILITIES.values()} <= {
        YES,
        AT_CLAIM,
        READ_ONLY,
        NO,
    }
