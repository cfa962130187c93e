# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The front door: accounts, matching, errors that stand in the plan, and the rules about what is out of sight."""

from __future__ import annotations

import random
import threading
import typing as t
from dataclasses import replace

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine import fleet as fleet_module
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Call, NewId
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    Ambiguous,
    ApiError,
    DeclarationError,
    FleetformError,
    Forbidden,
    Gone,
    IncompleteRead,
    MissingLibrary,
    NotFound,
    Refused,
    SettingsError,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device, Listing, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Desired, Plan
from tests.unit.plugins.module_utils._engine.fake_vendor import FakeCloud, FakeVendor, fleet_over, open_fake, refused, unavailable

LOBBY = {"id": "d1", "name": "Lobby", "serial": "S1", "mac": "11:22:33:44:aa:01"}
ROOF = {"id": "d2", "name": "Roof", "serial": "S2", "mac": "11:22:33:44:aa:02"}


def declared(*options: dict[str, t.Any]) -> list[Declaration]:
    return [declaration_from(entry) for entry in options]


def kinds(plan: Plan) -> list[tuple[str, str | None]]:
    return [(type(error).__name__, error.device) for error in plan.errors]


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud(LOBBY, ROOF)


@pytest.fixture
def lab(cloud: FakeCloud) -> FakeVendor:
    return open_fake(cloud)


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch, lab: FakeVendor) -> fleet_module.Fleet:
    return fleet_over(monkeypatch, lab)


# Accounts


def test_leaving_the_fleet_closes_its_connections(fleet: fleet_module.Fleet, lab: FakeVendor) -> None:
    with fleet as opened:
        assert opened is fleet
    assert t.cast("t.Any", lab.client).closed


def test_the_only_account_need_not_be_named(fleet: fleet_module.Fleet) -> None:
    assert fleet.account(None) == "lab"
    assert fleet.plan(declared({"serial": "S1"})).devices[0].address == "lab/S1"


def test_one_of_several_accounts_has_to_be_named(monkeypatch: pytest.MonkeyPatch, lab: FakeVendor) -> None:
    fleet = fleet_over(monkeypatch, lab, open_fake(FakeCloud(), "av"))
    with pytest.raises(SettingsError, match=r"there are several accounts \(av, lab\); say which one with `account`"):
        fleet.account(None)
    with pytest.raises(SettingsError, match="there is no account 'lob'; the accounts are: av, lab"):
        fleet.account("lob")


def test_the_account_without_a_name_has_none_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = fleet_over(monkeypatch, open_fake(FakeCloud(LOBBY), None))
    assert fleet.account(None) is None
    assert fleet.plan(declared({"serial": "S1"})).devices[0].address == "-/S1"
    with pytest.raises(SettingsError, match="the accounts are: none is named"):
        fleet.account("lab")


def test_a_declaration_for_an_unknown_account_is_an_error_in_the_plan_and_the_others_are_planned(
    fleet: fleet_module.Fleet,
) -> None:
    plan = fleet.plan(
        declared({"serial": "S1", "name": "Hall"}, {"serial": "S2", "account": "lob"}, {"serial": "A2", "account": "lob"})
    )
    assert kinds(plan) == [("SettingsError", "lob/A2"), ("SettingsError", "lob/S2")]
    assert len(plan.changes) == 1
    assert plan.complete


def test_several_accounts_make_one_plan_in_their_order(monkeypatch: pytest.MonkeyPatch, lab: FakeVendor) -> None:
    other = FakeCloud({"id": "d1", "serial": "S1", "name": "Lobby"})
    fleet = fleet_over(monkeypatch, lab, open_fake(other, "av"))
    plan = fleet.plan(
        declared({"account": "lab", "serial": "S1", "name": "Hall"}, {"account": "av", "serial": "S1", "name": "Hall"})
    )
    assert [device.address for device in plan.devices] == ["av/S1", "lab/S1"]
    report = fleet.apply(plan)
    assert set(report.devices) == {"av/S1", "lab/S1"}
    assert [result.status for result in report.results] == ["done", "done"]
    assert fleet.calls == {"read": 2, "write": 2}


def test_accounts_are_read_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=5)
    vendors = [open_fake(FakeCloud(), name) for name in ("a", "b")]
    for vendor in vendors:
        original = vendor.read
        monkeypatch.setattr(vendor, "read", lambda asked, original=original: (both.wait(), original(asked))[1])
    plan = fleet_over(monkeypatch, *vendors).plan(
        declared({"account": "a", "serial": "S", "model": "M"}, {"account": "b", "serial": "S", "model": "M"})
    )
    assert len(plan.changes) == 2


def test_an_account_is_read_once_whatever_the_number_of_devices(fleet: fleet_module.Fleet, cloud: FakeCloud) -> None:
    fleet.plan(declared({"serial": "S1"}, {"serial": "S2"}, {"name": "Attic", "model": "M"}))
    assert cloud.reads == ["/devices"]


def test_an_account_without_declarations_is_not_read(monkeypatch: pytest.MonkeyPatch, lab: FakeVendor) -> None:
    idle = FakeCloud()
    fleet_over(monkeypatch, lab, open_fake(idle, "av")).plan(declared({"account": "lab", "serial": "S1"}))
    assert idle.reads == []


def test_an_account_whose_declarations_are_all_refused_is_not_read(fleet: fleet_module.Fleet, cloud: FakeCloud) -> None:
    plan = fleet.plan(declared({"serial": "S1", "warranty": {"a": 1}}))
    assert kinds(plan) == [("Unsupported", "lab/S1")]
    assert cloud.reads == []


def test_an_account_that_cannot_be_read_leaves_the_others_alone_and_creates_nothing(
    monkeypatch: pytest.MonkeyPatch, lab: FakeVendor
) -> None:
    dark = FakeCloud(LOBBY)
    dark.unreadable = unavailable()
    fleet = fleet_over(monkeypatch, lab, open_fake(dark, "av"))
    plan = fleet.plan(
        declared({"account": "lab", "serial": "S1", "name": "Hall"}, {"account": "av", "serial": "S9", "model": "M1"})
    )
    assert not plan.complete
    assert kinds(plan) == [("Unavailable", None)]
    assert plan.errors[0].account == "av"
    assert [device.address for device in plan.devices] == ["lab/S1"]
    fleet.apply(plan)
    assert dark.writes == []


def test_an_incomplete_read_is_an_error_and_never_a_missing_device(fleet: fleet_module.Fleet, cloud: FakeCloud) -> None:
    cloud.unreadable = IncompleteRead("the total does not fit")
    plan = fleet.plan(declared({"serial": "S9", "model": "M1"}))
    assert (plan.changes, plan.complete, kinds(plan)) == ((), False, [("IncompleteRead", None)])


def test_a_missing_library_is_no_matter_of_one_account(
    fleet: fleet_module.Fleet, lab: FakeVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_declarations: t.Any) -> t.NoReturn:
        raise MissingLibrary("requests")

    monkeypatch.setattr(lab, "read", read)
    with pytest.raises(MissingLibrary):
        fleet.plan(declared({"serial": "S1"}))


def test_known_secrets_of_all_accounts_are_told_for_masking(fleet: fleet_module.Fleet) -> None:
    assert fleet.secrets() == {"token-of-lab"}


# Matching


def test_a_declaration_that_contradicts_itself_is_an_error_and_never_leads_to_a_claim(fleet: fleet_module.Fleet) -> None:
    plan = fleet.plan(declared({"serial": "S1", "mac": "11:22:33:44:aa:02", "model": "M1"}))
    assert kinds(plan) == [("Ambiguous", "lab/S1")]
    assert plan.changes == ()


def test_two_declarations_of_one_device_are_one_error_that_names_both_and_neither_is_planned(fleet: fleet_module.Fleet) -> None:
    plan = fleet.plan(
        declared({"name": "Lobby", "tags": ["a"]}, {"serial": "S1", "tags": ["b"]}, {"serial": "S2", "tags": ["c"]})
    )
    (error,) = plan.errors
    assert "lab/Lobby and lab/S1 mean the same device, Lobby (id d1); declare it once" in str(error)
    assert [device.address for device in plan.devices] == ["lab/S2"]


def test_the_same_identity_twice_is_one_error_that_says_where(fleet: fleet_module.Fleet) -> None:
    twins = [
        declaration_from({"serial": "S1", "name": name}, declared_at=place)
        for name, place in (("A", "fleet.yml:9"), ("B", "fleet.yml:3"))
    ]
    plan = fleet.plan(twins)
    assert kinds(plan) == [("DeclarationError", "lab/S1")]
    assert "declared twice: fleet.yml:3 and fleet.yml:9; keep one" in str(plan.errors[0])
    assert plan.devices == ()


def test_the_same_identity_twice_without_places(fleet: fleet_module.Fleet) -> None:
    assert "declared twice; keep one" in str(fleet.plan(declared({"serial": "S1"}, {"serial": "S1"})).errors[0])


def test_an_identifier_that_the_vendor_does_not_know_is_refused(fleet: fleet_module.Fleet) -> None:
    plan = fleet.plan(declared({"cloud_id": "c1"}))
    assert "fake does not know cloud_id; it identifies devices by device_id, mac, serial" in str(plan.errors[0])


def test_devices_that_a_declaration_cannot_mean_are_passed_over(fleet: fleet_module.Fleet, cloud: FakeCloud) -> None:
    cloud.add(id="d9", name="Lobby", elsewhere=True)
    assert fleet.plan(declared({"name": "Lobby"})).devices[0].observed.id == "d1"  # type: ignore[union-attr]


def test_a_device_known_by_an_earlier_name_is_renamed(fleet: fleet_module.Fleet, cloud: FakeCloud) -> None:
    wanted = declared({"name": "Hall", "previous_name": "Lobby", "model": "M1"})
    fleet.apply(fleet.plan(wanted))
    assert cloud.rows["d1"]["name"] == "Hall"
    assert fleet.plan(wanted).changes == ()


def test_a_device_known_by_neither_name_is_created_under_the_new_one(fleet: fleet_module.Fleet) -> None:
    (change,) = fleet.plan(declared({"name": "Attic", "previous_name": "Loft", "model": "M1"})).changes
    assert (change.action, change.after["name"]) == ("claim", "Attic")


# Planning


def test_what_costs_extra_calls_is_read_only_where_it_is_declared(fleet: fleet_module.Fleet, cloud: FakeCloud) -> None:
    fleet.plan(declared({"serial": "S1", "metafields": {"Room": "H"}}, {"serial": "S2", "tags": ["a"]}))
    assert cloud.reads == ["/devices", "/devices/d1/metafields"]


def test_a_device_that_is_to_go_is_not_read_in_detail(fleet: fleet_module.Fleet, cloud: FakeCloud) -> None:
    fleet.plan(declared({"serial": "S1", "state": "absent", "metafields": {"Room": "H"}}))
    assert cloud.reads == ["/devices"]


def test_a_name_that_means_nothing_is_an_error_of_that_device_only(fleet: fleet_module.Fleet) -> None:
    plan = fleet.plan(declared({"serial": "S1", "owner": "nobody@example.com"}, {"serial": "S2", "name": "Attic"}))
    assert kinds(plan) == [("NotFound", "lab/S1")]
    assert [change.address for change in plan.changes] == ["lab/S2"]
    assert plan.complete


def test_errors_are_sorted_by_device(fleet: fleet_module.Fleet) -> None:
    plan = fleet.plan(declared({"serial": "Z"}, {"serial": "B", "warranty": {"a": 1}}, {"serial": "A"}))
    assert kinds(plan) == [("NotFound", "lab/A"), ("Unsupported", "lab/B"), ("NotFound", "lab/Z")]


def test_a_device_out_of_sight_is_blocked_and_never_created_again(fleet: fleet_module.Fleet, lab: FakeVendor) -> None:
    lab.hides = {"lab/Attic": "organization org-dark cannot be read", "lab/Lobby": "not used, as the device is seen"}
    plan = fleet.plan(declared({"name": "Attic", "model": "M1", "transfer_to": "org-dark"}, {"name": "Lobby", "tags": ["a"]}))
    assert plan.devices[0].blocked == "out_of_sight: organization org-dark cannot be read"
    assert plan.devices[0].changes == ()
    assert [change.address for change in plan.changes] == ["lab/Lobby"]


def test_only_devices_that_will_be_resolved_are_prepared(
    fleet: fleet_module.Fleet, lab: FakeVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(lab, "prepare", lambda pairs: seen.extend(declaration.address for declaration, _device in pairs))
    lab.hides = {"lab/Attic": "dark"}
    fleet.plan(declared({"name": "Attic", "model": "M"}, {"serial": "S1", "state": "absent"}, {"serial": "S2"}))
    assert seen == ["lab/S2"]


def test_a_failure_of_the_lookups_that_devices_share_is_one_of_the_account(
    fleet: fleet_module.Fleet, lab: FakeVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(_pairs: t.Any) -> t.NoReturn:
        raise unavailable()

    monkeypatch.setattr(lab, "prepare", prepare)
    plan = fleet.plan(declared({"serial": "S1", "warranty": {}}, {"serial": "S2", "tags": ["a"]}))
    assert kinds(plan) == [("Unsupported", "lab/S1"), ("Unavailable", None)]
    assert (plan.devices, plan.complete) == ((), False)


def test_planning_twice_in_any_order_gives_the_same_plan(fleet: fleet_module.Fleet) -> None:
    wanted = declared(
        {"serial": "S1", "name": "Hall", "tags": ["a"]},
        {"serial": "S2", "owner": "ada@example.com"},
        {"serial": "S9", "model": "M1"},
        {"name": "Lobby"},
        {"serial": "X"},
        {"serial": "Y"},
    )
    first = fleet.plan(wanted)
    for seed in range(5):
        mixed = random.Random(seed).sample(wanted, len(wanted))
        plan = fleet.plan(mixed)
        assert (plan.devices, [account.steps for account in plan.accounts]) == (
            first.devices,
            [account.steps for account in first.accounts],
        )
        assert [str(error) for error in plan.errors] == [str(error) for error in first.errors]


def test_a_plan_says_how_long_it_takes_at_the_pace_of_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = open_fake(FakeCloud(), requests_per_minute={"add": 20})
    fleet = fleet_over(monkeypatch, vendor)
    plan = fleet.plan(declared(*({"serial": f"S{number}", "model": "M", "owner": "ada@example.com"} for number in range(50))))
    assert plan.accounts[0].seconds == 90.0


# Reading and actions


def test_a_listing_is_filtered_sorted_and_limited_for_every_vendor(fleet: fleet_module.Fleet) -> None:
    assert [device.id for device in fleet.list_devices(None, Query(sort=("name desc",), limit=1)).devices] == ["d2"]
    listing = fleet.list_devices("lab", Query(group_by="vendor"))
    assert listing.groups == [{"key": "fake", "count": 2}]
    assert fleet.list_devices("lab", Query()).groups is None


def test_an_error_of_a_listing_says_which_account(fleet: fleet_module.Fleet, cloud: FakeCloud) -> None:
    cloud.unreadable = unavailable()
    with pytest.raises(FleetformError) as caught:
        fleet.list_devices("lab", Query())
    assert caught.value.account == "lab"


def test_an_action_gets_the_device_and_the_mode(
    fleet: fleet_module.Fleet, lab: FakeVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, Device | None, t.Any]] = []
    monkeypatch.setattr(lab, "act", lambda action, device, options: asked.append((action, device, options)))
    (lobby,) = declared({"serial": "S1"})
    fleet.act(None, "blink", lobby, {"times": 3}, check_mode=True)
    fleet.act(None, "reset", None, {}, check_mode=False)
    assert [(action, device and device.id, options) for action, device, options in asked] == [
        ("blink", "d1", {"times": 3, "check_mode": True}),
        ("reset", None, {"check_mode": False}),
    ]


def test_an_action_on_a_device_that_is_not_there_is_an_error(fleet: fleet_module.Fleet) -> None:
    with pytest.raises(NotFound, match="no such device") as caught:
        fleet.act(None, "blink", declared({"serial": "S9"})[0], {}, check_mode=True)
    assert (caught.value.account, caught.value.device) == ("lab", "lab/S9")


def test_an_action_that_the_vendor_does_not_have_says_which_it_has(fleet: fleet_module.Fleet) -> None:
    with pytest.raises(Unsupported, match="fake has no dance; it has activation_code, blink"):
        fleet.act(None, "dance", declared({"serial": "S1"})[0], {}, check_mode=True)
    assert fleet.calls == {"read": 0, "write": 0}


def test_an_action_on_an_ambiguous_device_is_an_error(fleet: fleet_module.Fleet, cloud: FakeCloud) -> None:
    cloud.add(id="d9", name="Lobby")
    with pytest.raises(Ambiguous):
        fleet.act(None, "blink", declared({"name": "Lobby"})[0], {}, check_mode=True)


# Rehearsing


def test_a_vendor_that_cannot_validate_is_not_asked(fleet: fleet_module.Fleet, cloud: FakeCloud) -> None:
    assert fleet.rehearse(fleet.plan(declared({"serial": "S1", "name": "Hall"}))) == []
    assert (cloud.writes, fleet.calls["write"]) == ([], 0)


def test_what_the_vendor_would_refuse_is_told_with_account_and_device(
    fleet: fleet_module.Fleet, lab: FakeVendor, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "dry_run_call", lambda call: replace(call, path=f"/dry{call.path}"))
    t.cast("t.Any", lab.client).refuse["/dry/name"] = refused("too long")
    monkeypatch.setattr(cloud, "do", lambda call: None)
    plan = fleet.plan(declared({"serial": "S1", "name": "Hall", "tags": ["a"]}, {"account": "nowhere", "serial": "S2"}))
    (error,) = fleet.rehearse(plan)
    assert (error.account, error.device) == ("lab", "lab/S1")
    assert "too long" in str(error)


# The port's own defaults


def test_a_vendor_that_was_made_for_planning_only_has_no_client(lab: FakeVendor) -> None:
    with pytest.raises(RuntimeError, match="without a client"):
        _client = FakeVendor(lab.settings).client


def test_the_only_row_is_it_and_several_are_listed(lab: FakeVendor) -> None:
    assert lab.one([], "user x", str) is None
    assert lab.one(["a"], "user x", str) == "a"
    with pytest.raises(DeclarationError, match="user x fits 2: a, b; use the id"):
        lab.one(["b", "a"], "user x", str)


def test_one_device_declared_through_two_accounts_of_one_cloud_is_an_error_that_names_both(
    monkeypatch: pytest.MonkeyPatch, lab: FakeVendor
) -> None:
    same = open_fake(lab.client.cloud, "av")
    same.settings = replace(same.settings, url=lab.settings.url)
    fleet = fleet_over(monkeypatch, lab, same)
    plan = fleet.plan(
        declared({"account": "lab", "serial": "S1", "name": "Hall"}, {"account": "av", "serial": "S1", "name": "Foyer"})
    )
    assert plan.devices == ()
    assert [account.steps for account in plan.accounts] == [(), ()]
    assert len(plan.errors) == 2
    assert "av/S1 and lab/S1 mean the same device" in str(plan.errors[0])


@pytest.mark.parametrize("error", [Gone("gone", status=404), Forbidden("no right", status=403), Refused("odd", status=400)])
def test_a_device_that_cannot_be_looked_into_leaves_the_others_alone(
    monkeypatch: pytest.MonkeyPatch, lab: FakeVendor, fleet: fleet_module.Fleet, error: ApiError
) -> None:
    lab.client.cloud.add(id="d2", serial="S2", name="Roof")
    normal = lab.enrich

    def enrich(device: Device, attributes: t.Collection[str]) -> Device:
        if device.serial == "S1":
            raise error
        return normal(device, attributes)

    monkeypatch.setattr(lab, "enrich", enrich)
    plan = fleet.plan(declared({"serial": "S1", "metafields": {"Floor": 1}}, {"serial": "S2", "metafields": {"Floor": 1}}))
    assert [device.address for device in plan.devices] == ["lab/S2"]
    assert [found.device for found in plan.errors] == ["lab/S1"]
    assert not plan.complete


@pytest.mark.parametrize("identity", [{"serial": "S9", "model": "M1"}, {"name": "New", "model": "M1"}])
def test_a_new_device_declared_through_two_accounts_of_one_cloud_is_created_by_neither(
    monkeypatch: pytest.MonkeyPatch, lab: FakeVendor, identity: dict[str, t.Any]
) -> None:
    same = open_fake(lab.client.cloud, "av")
    same.settings = replace(same.settings, url=lab.settings.url)
    fleet = fleet_over(monkeypatch, lab, same)
    plan = fleet.plan(declared(*({"account": account, "name": "New", **identity} for account in ("lab", "av"))))
    assert plan.devices == ()
    assert len(plan.errors) == 2


# What a read and a plan have to say


def test_what_a_read_has_to_say_stands_in_the_plan_of_the_account(
    fleet: fleet_module.Fleet, lab: FakeVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = lab.read
    monkeypatch.setattr(lab, "read", lambda declarations: replace(read(declarations), warnings=("a page was odd",)))
    assert fleet.plan(declared({"serial": "S1"})).accounts[0].warnings == ("account lab: a page was odd",)
    assert fleet.plan(declared({"serial": "S1", "warranty": {"a": 1}})).accounts[0].warnings == ()


def test_the_warnings_of_an_account_outlive_a_device_that_two_accounts_declare(
    monkeypatch: pytest.MonkeyPatch, lab: FakeVendor
) -> None:
    same = open_fake(lab.client.cloud, "av")
    same.settings = replace(same.settings, url=lab.settings.url)
    read = lab.read
    monkeypatch.setattr(lab, "read", lambda declarations: replace(read(declarations), warnings=("a page was odd",)))
    fleet = fleet_over(monkeypatch, lab, same)
    plan = fleet.plan(declared({"account": "lab", "serial": "S1"}, {"account": "av", "serial": "S1"}))
    assert [account.warnings for account in plan.accounts] == [(), ("account lab: a page was odd",)]


def test_what_a_listing_has_to_say_comes_with_it(
    fleet: fleet_module.Fleet, lab: FakeVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "list_devices", lambda query: Listing([], warnings=("one place cannot be read",)))
    assert fleet.list_devices("lab", Query()).warnings == ("account lab: one place cannot be read",)


def test_a_device_that_waits_for_a_person_is_blocked_and_the_others_are_planned(
    fleet: fleet_module.Fleet, lab: FakeVendor, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab, "waits_for", lambda declaration: f"needs activation: {declaration.serial}")
    plan = fleet.plan(declared({"serial": "S9"}, {"serial": "S1", "name": "Hall"}))
    assert [(device.address, device.blocked) for device in plan.devices] == [
        ("lab/S1", None),
        ("lab/S9", "needs activation: S9"),
    ]
    assert (plan.errors, plan.complete) == ((), True)
    fleet.apply(plan)
    assert [call.path for call in cloud.writes] == ["/name"]


def test_a_device_that_waits_through_two_accounts_of_one_cloud_is_no_error(
    monkeypatch: pytest.MonkeyPatch, lab: FakeVendor
) -> None:
    same = open_fake(lab.client.cloud, "av")
    same.settings = replace(same.settings, url=lab.settings.url)
    for vendor in (lab, same):
        monkeypatch.setattr(vendor, "waits_for", lambda declaration: "needs activation")
    plan = fleet_over(monkeypatch, lab, same).plan(
        declared({"account": "lab", "serial": "S9"}, {"account": "av", "serial": "S9"})
    )
    assert (plan.errors, [device.blocked for device in plan.devices]) == ((), ["needs activation", "needs activation"])


def test_a_call_that_names_what_is_not_there_yet_is_not_rehearsed(
    fleet: fleet_module.Fleet, lab: FakeVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Call] = []
    monkeypatch.setattr(lab, "dry_run_call", asked.append)

    def calls_for(change: t.Any) -> tuple[Call, ...]:
        body = {"user": change.ids.get("user")}
        if change.action == "claim":
            body = {"space": NewId("space:Attic")}
        return (Call("PUT", "/devices/{id}", body=body, repeat="never", path_id=change.target(), targets=(change.address,)),)

    monkeypatch.setattr(lab, "calls_for", calls_for)
    owned = [{"serial": serial, "model": "M1", "owner": "ada@example.com"} for serial in ("S1", "S9")]
    assert fleet.rehearse(fleet.plan(declared(*owned))) == []
    assert [(call.path, call.path_id, call.body) for call in asked] == [("/devices/d1", None, {"user": "u1"})]


# The port's own defaults for what few vendors have


def test_a_vendor_waits_for_nobody_warns_of_nothing_and_sends_a_step_as_it_is(lab: FakeVendor) -> None:
    step = t.cast("t.Any", object())
    (declaration,) = declared({"serial": "S1"})
    assert lab.before_sending(step) is step
    assert lab.waits_for(declaration) is None
    assert lab.DELETE_WARNING is None
    assert not lab.WHOLE
    assert (Desired().new_space, Desired().forced, Desired().unverified, Desired().notes) == (None, frozenset(), frozenset(), ())
    with pytest.raises(NotImplementedError):
        lab.made(t.cast("t.Any", None))
