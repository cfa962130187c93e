# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prune and its limits: what is not declared goes, never more than a person expects, and nothing where anything is doubtful."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DECLARED_WRONG, DeclarationError, Forbidden
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet, Scope
from ansible_collections.fleetform.devices.plugins.module_utils._engine.limits import (
    DEFAULTS,
    DELETE,
    UPDATE,
    Limit,
    excesses,
    limits_from,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Plan
from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import plan_as_data
from tests.unit.plugins.module_utils._engine.fake_vendor import FakeCloud, FakeVendor, fleet_over, open_fake

ALL = Scope("lab", {"organization": "org-home"}, "fleet.yml:9")


@pytest.mark.parametrize(
    ("limit", "devices", "allowed"),
    [
        (Limit(percent=10), 1, 0),
        (Limit(percent=10), 2, 1),
        (Limit(percent=10), 3, 1),
        (Limit(percent=10), 9, 1),
        (Limit(percent=10), 29, 2),
        (Limit(percent=10), 5000, 500),
        (Limit(percent=10, count=5), 5000, 5),
        (Limit(percent=100), 9, 8),
        (Limit(count=50), 9, 8),
        (Limit(percent=10, count=0), 5000, 0),
        (Limit(percent=10), 0, 0),
        (Limit(), 7, 7),
        (Limit(percent=0), 9, 0),
        (Limit(percent=50, spares=False), 1, 1),
        (Limit(percent=100, spares=False), 9, 9),
        (Limit(count=10, spares=False), 1, 1),
        (Limit(count=0, spares=False), 9, 0),
    ],
)
def test_a_limit_is_rounded_down_at_least_one_and_never_all_where_one_is_to_be_left(
    limit: Limit, devices: int, allowed: int
) -> None:
    assert limit.allowed(devices) == allowed


def test_what_a_file_does_not_limit_keeps_the_default() -> None:
    assert limits_from(None) == DEFAULTS
    assert limits_from({"delete": {"percent": 20, "count": 3}}) == {DELETE: Limit(20, 3), UPDATE: DEFAULTS[UPDATE]}


@pytest.mark.parametrize(
    "given",
    [
        {"create": {"count": 1}},
        {"delete": 5},
        {"delete": {}},
        {"delete": {"number": 5}},
        {"delete": {"count": -1}},
        {"update": {"percent": True}},
    ],
)
def test_a_limit_that_means_nothing_is_refused(given: dict[str, t.Any]) -> None:
    with pytest.raises(DeclarationError, match="max_changes"):
        limits_from(given)


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
        self.cloud = FakeCloud(*({"id": f"d{n}", "name": f"Room {n}", "serial": f"S{n}"} for n in range(count)))
        self.vendor: FakeVendor = open_fake(self.cloud)
        self.fleet: Fleet = fleet_over(monkeypatch, self.vendor)

    def plan(self, *declared: dict[str, t.Any], prune: t.Sequence[Scope] = (ALL,)) -> Plan:
        return self.fleet.plan([declaration_from({"account": "lab", **options}) for options in declared], prune)

    def keeping(self, *numbers: int) -> Plan:
        return self.plan(*({"serial": f"S{number}"} for number in numbers))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[int], World]:
    return lambda count: World(monkeypatch, count)


def test_what_is_in_scope_and_not_declared_is_deleted(world: t.Callable[[int], World]) -> None:
    here = world(12)
    plan = here.keeping(*range(1, 12))
    (gone,) = [device for device in plan.devices if device.changes]
    assert (gone.action, gone.pruned, gone.address) == ("delete", True, "lab/d0")
    assert plan.accounts[0].in_scope == 12
    assert excesses(plan, limits_from(None)) == []
    report = here.fleet.apply(plan)
    assert not report.failed
    assert "d0" not in here.cloud.rows
    assert len(here.cloud.rows) == 11
    assert [device for device in here.keeping(*range(1, 12)).devices if device.changes] == []


def test_the_plan_says_why_a_device_goes(world: t.Callable[[int], World]) -> None:
    import datetime

    data = plan_as_data(world(3).keeping(1, 2), tool_version="1", now=datetime.datetime.now(datetime.UTC))
    (gone,) = [device for device in data["devices"] if device["actions"] == ["delete"]]
    assert gone["reason"] == "not declared, and in the scope of fleet.yml:9"
    assert gone["declared_at"] == "fleet.yml:9"
    assert data["summary"]["delete"] == 1


def test_a_device_outside_of_the_scope_is_nobodys_business(world: t.Callable[[int], World]) -> None:
    plan = world(3).plan({"serial": "S0"}, prune=[Scope("lab", {"name": "Room 1"}, "x")])
    assert [device.address for device in plan.devices if device.changes] == ["lab/d1"]
    assert plan.accounts[0].in_scope == 1


@pytest.mark.parametrize("count", [1, 3, 9, 500])
def test_an_empty_file_deletes_nothing(world: t.Callable[[int], World], count: int) -> None:
    plan = world(count).plan()
    found = excesses(plan, limits_from(None))
    assert [(excess.action, excess.wanted) for excess in found] == [(DELETE, count)]
    assert f"--limit delete={count}" in str(found[0])
    assert excesses(plan, limits_from(None), {"delete": count}) == []


def test_an_empty_cloud_deletes_nothing(world: t.Callable[[int], World]) -> None:
    plan = world(0).plan()
    assert plan.changes == ()
    assert excesses(plan, limits_from(None)) == []


@pytest.mark.parametrize(
    "declared",
    [
        [{"serial": "S1"}, {"serial": "unknown"}],
        [{"serial": "S1", "warranty": {"a": 1}}],
        [{"serial": "S1"}, {"device_id": "d1"}],
    ],
)
def test_nothing_is_pruned_while_a_declaration_is_unresolved(
    world: t.Callable[[int], World], declared: list[dict[str, t.Any]]
) -> None:
    plan = world(30).plan(*declared)
    assert not [device for device in plan.devices if device.pruned]
    assert any("prune does nothing while" in str(error) for error in plan.errors)


def test_nothing_is_pruned_where_a_declared_device_is_out_of_sight(world: t.Callable[[int], World]) -> None:
    here = world(30)
    here.vendor.hides = {"lab/T1": "it went to the branch"}
    plan = here.plan({"serial": "S1"}, {"serial": "T1", "model": "M"})
    assert not [device for device in plan.devices if device.pruned]
    assert any("unresolved" in str(error) for error in plan.errors)


def test_nothing_is_pruned_in_what_looks_like_the_wrong_organization(world: t.Callable[[int], World]) -> None:
    plan = world(30).plan({"serial": "T1", "mac": "02:00:00:00:00:01", "model": "M"})
    assert not [device for device in plan.devices if device.pruned]
    assert any("the right organization" in str(error) for error in plan.errors)


def test_nothing_is_pruned_in_an_account_that_cannot_be_read(world: t.Callable[[int], World]) -> None:
    here = world(30)
    here.cloud.unreadable = Forbidden("no", status=403)
    plan = here.keeping(*range(1, 30))
    assert plan.devices == ()
    assert not plan.complete


def test_nothing_is_pruned_while_a_device_is_declared_under_an_account_that_is_not_there(
    world: t.Callable[[int], World],
) -> None:
    here = world(30)
    declared = [declaration_from({"account": "lab", "serial": f"S{number}"}) for number in range(1, 30)]
    plan = here.fleet.plan([*declared, declaration_from({"account": "lob", "serial": "S0"})], [ALL])
    assert not [device for device in plan.devices if device.pruned]
    assert ["there is no account 'lob'" in str(error) for error in plan.errors] == [True]


def test_a_scope_of_an_unknown_account_or_field_is_an_error(world: t.Callable[[int], World]) -> None:
    here = world(3)
    assert "there is no account 'lob'" in str(here.plan({"serial": "S1"}, prune=[Scope("lob", {"name": "x"}, "w")]).errors[0])
    plan = here.plan({"serial": "S1"}, prune=[Scope("lab", {"nmae": "x"}, "w")])
    assert "did you mean 'name'" in str(plan.errors[0])
    assert not [device for device in plan.devices if device.pruned]


class Two:
    """Two accounts that show the same cloud, each under an url of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud = FakeCloud(*({"id": f"d{n}", "name": f"Room {n}", "serial": f"S{n}"} for n in range(12)))
        self.lab, self.team = open_fake(self.cloud), open_fake(self.cloud, "team")
        self.fleet = fleet_over(monkeypatch, self.lab, self.team)

    def plan(self) -> Plan:
        """One device is declared through the account team, the others through lab, where prune removes what nobody declares."""
        mine = [declaration_from({"account": "lab", "serial": f"S{number}"}) for number in range(1, 12)]
        return self.fleet.plan([*mine, declaration_from({"account": "team", "serial": "S0"})], [ALL])


def test_a_device_that_another_account_declares_is_not_pruned(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Two(monkeypatch)
    plan = here.plan()
    assert plan.changes == ()
    assert [str(error) for error in plan.errors] == [
        "account lab: prune does nothing: Room 0 (id d0) seems to be declared as team/S0"
    ]


def test_nothing_is_pruned_while_another_account_of_the_vendor_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Two(monkeypatch)
    read = FakeVendor.read

    def unreadable(vendor: FakeVendor, declarations: t.Any) -> t.Any:
        if vendor is here.team:
            raise Forbidden("no", status=403)
        return read(vendor, declarations)

    monkeypatch.setattr(FakeVendor, "read", unreadable)
    plan = here.plan()
    assert plan.changes == ()
    assert any("may be declared in account team, which could not be planned whole" in str(error) for error in plan.errors)


def test_a_device_that_comes_into_sight_between_two_readings_is_neither_created_nor_pruned(
    world: t.Callable[[int], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = world(12)
    late = here.cloud.rows.pop("d0")
    read = FakeVendor.read

    def first(vendor: FakeVendor, declarations: t.Any) -> t.Any:
        sight = read(vendor, declarations)
        here.cloud.rows["d0"] = late
        return sight

    monkeypatch.setattr(FakeVendor, "read", first)
    plan = here.plan(*({"serial": f"S{number}", "model": "M"} for number in range(12)))
    assert plan.changes == ()
    assert not plan.complete
    assert "two readings disagree about lab/S0; run again" in str(plan.errors[0])


def test_prune_that_has_to_wait_holds_up_nothing_else(world: t.Callable[[int], World]) -> None:
    here = world(12)
    here.vendor.hides = {"lab/T1": "it went to the branch"}
    waiting = {"serial": "T1", "model": "M"}
    plan = here.plan({"serial": "S1", "name": "Hall"}, waiting)
    assert [change.action for change in plan.changes] == ["rename"]
    assert not any(isinstance(error, DECLARED_WRONG) for error in plan.errors)
    assert plan.complete
    nothing_there = here.plan({"serial": "S1"}, waiting, prune=[Scope("lab", {"name": "Nothing Such"}, "x")])
    assert nothing_there.errors == ()


def test_an_account_that_is_read_in_part_creates_and_deletes_nothing(
    world: t.Callable[[int], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = world(3)

    def enrich(vendor: FakeVendor, device: Device, attributes: t.Collection[str]) -> Device:
        raise Forbidden("no", status=403)

    monkeypatch.setattr(FakeVendor, "enrich", enrich)
    declared = (
        {"serial": "S0", "state": "absent"},
        {"serial": "S1", "metafields": {"Room": "1"}},
        {"serial": "S2", "name": "Hall"},
        {"serial": "S9", "model": "M"},
    )
    plan = here.plan(*declared, prune=())
    assert not plan.complete
    assert [(change.address, change.action) for change in plan.changes] == [("lab/S2", "rename")]
    assert {device.address: device.blocked for device in plan.devices if device.blocked} == {
        "lab/S0": "the account could not be read whole, so that nothing of it is deleted",
        "lab/S9": "the account could not be read whole, so that nothing of it is created",
    }


def test_a_vendor_that_cannot_delete_refuses_the_scope(world: t.Callable[[int], World]) -> None:
    from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import NO, Capability

    here = world(12)
    here.vendor.CAPABILITIES = {
        **here.vendor.CAPABILITIES,
        "absent": Capability(NO, reason="it keeps them", nearest="`archived`"),
    }  # type: ignore[misc]
    plan = here.keeping(*range(1, 12))
    assert not [device for device in plan.devices if device.pruned]
    assert any("it keeps them" in str(error) and "`archived`" in str(error) for error in plan.errors)


def test_updates_are_limited_above_ten_devices_unless_the_file_says_otherwise(world: t.Callable[[int], World]) -> None:
    def renamed(count: int) -> Plan:
        return world(count).plan(*({"serial": f"S{n}", "name": "New"} for n in range(count)), prune=[])

    assert excesses(renamed(10), limits_from(None)) == []
    (excess,) = excesses(renamed(11), limits_from(None))
    assert (excess.action, excess.wanted, excess.allowed, excess.devices) == (UPDATE, 11, 5, 11)
    (excess,) = excesses(renamed(4), limits_from({"update": {"count": 2}}))
    assert excess.allowed == 2


def test_a_part_of_a_plan_is_held_to_the_size_of_the_whole_fleet(world: t.Callable[[int], World]) -> None:
    here = world(20)
    whole = here.plan(*({"serial": f"S{number}", "name": f"Hall {number}"} for number in range(20)), prune=())
    (over,) = excesses(whole, limits_from(None))
    assert (over.wanted, over.allowed, over.devices) == (20, 10, 20)
    for count, excess in ((10, 0), (11, 1)):
        chosen = {f"lab/S{number}" for number in range(count)}
        part = here.fleet.narrowed(whole, lambda device, chosen=chosen: device if device.address in chosen else None)
        assert len(excesses(part, limits_from(None), whole=whole)) == excess
