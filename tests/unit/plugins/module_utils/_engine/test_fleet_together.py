# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The same task for many hosts: what is read once for all of them, and what each reads for himself."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import IncompleteRead
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet, Scope
from ansible_collections.fleetform.devices.plugins.module_utils._engine.listings import Crowd
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Plan
from tests.unit.plugins.module_utils._engine.fake_vendor import (
    FakeCloud,
    FakeVendor,
    fleet_over,
    open_fake,
    open_placing,
    unavailable,
)

LOBBY = {"id": "d1", "name": "Lobby", "serial": "S1", "space": None}
ROOF = {"id": "d2", "name": "Roof", "serial": "S2"}
CROWD = Crowd("task", 200)


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud(LOBBY, ROOF)


class Hosts:
    """One process for each task, over the same cloud and the same private files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, opener: t.Callable[[], FakeVendor]) -> None:
        self._patch = monkeypatch
        self._shared = str(folder / "private" / "shared.json")
        self._opener = opener
        self.crowd: Crowd | None = CROWD

    def fleet(self) -> Fleet:
        return fleet_over(self._patch, self._opener(), shared_path=self._shared, crowd=self.crowd)

    def plan(self, **options: t.Any) -> Plan:
        return self.fleet().plan([declaration_from(options)])


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cloud: FakeCloud) -> Hosts:
    return Hosts(monkeypatch, tmp_path, lambda: open_fake(cloud))


@pytest.fixture
def placing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cloud: FakeCloud) -> Hosts:
    return Hosts(monkeypatch, tmp_path, lambda: open_placing(cloud))


def test_a_listing_is_read_once_for_all_hosts(hosts: Hosts, cloud: FakeCloud) -> None:
    plans = [hosts.plan(device_id=number, name="Hall") for number in ("d1", "d2")]
    assert [plan.changes[0].action for plan in plans] == ["rename", "rename"]
    assert cloud.reads == ["/devices"]


def test_a_task_of_its_own_reads_for_itself(hosts: Hosts, cloud: FakeCloud) -> None:
    hosts.crowd = None
    for number in ("d1", "d2"):
        hosts.plan(device_id=number, name="Hall")
    assert cloud.reads == ["/devices", "/devices"]


def test_what_names_mean_is_looked_up_once_for_all_hosts(placing: Hosts, cloud: FakeCloud) -> None:
    cloud.spaces["Berlin"] = "s1"
    for number in ("d1", "d2"):
        assert placing.plan(device_id=number, space="Berlin").changes[0].action == "move"
    assert sorted(cloud.reads) == ["/devices", "/spaces"]


def test_a_device_that_is_not_in_the_common_listing_is_looked_for_again(hosts: Hosts, cloud: FakeCloud) -> None:
    hosts.plan(device_id="d1", name="Hall")
    cloud.add(id="d3", name="Attic")
    plan = hosts.plan(device_id="d3", name="Garret")
    assert plan.changes[0].before == "Attic"
    assert cloud.reads == ["/devices", "/devices"]


def test_a_device_that_a_task_has_written_to_is_read_again(hosts: Hosts, cloud: FakeCloud) -> None:
    fleet = hosts.fleet()
    fleet.apply(fleet.plan([declaration_from({"device_id": "d1", "name": "Hall"})]))
    assert not hosts.plan(device_id="d1", name="Hall").changes
    assert not hosts.plan(device_id="d2", name="Roof").changes
    assert cloud.reads == ["/devices", "/devices"], "the other device is still read from the common listing"


def test_the_next_task_of_the_play_reads_once_for_all_hosts_too(hosts: Hosts, cloud: FakeCloud) -> None:
    for number in ("d1", "d2"):
        fleet = hosts.fleet()
        fleet.apply(fleet.plan([declaration_from({"device_id": number, "name": f"Hall {number}"})]))
    hosts.crowd = Crowd("next task", 200)
    for number in ("d1", "d2"):
        assert not hosts.plan(device_id=number, name=f"Hall {number}").changes
    assert cloud.reads == ["/devices", "/devices"]


def test_a_space_is_made_only_where_it_is_missing_at_this_moment(placing: Hosts, cloud: FakeCloud) -> None:
    placing.plan(device_id="d2", name="Roof", space="Berlin", create_space=True)
    cloud.spaces["Berlin"] = "s1"
    plan = placing.plan(device_id="d1", space="Berlin", create_space=True)
    assert [change.action for change in plan.changes] == ["move"]


def test_an_error_is_believed_only_after_a_reading_of_its_own(placing: Hosts, cloud: FakeCloud) -> None:
    placing.plan(device_id="d1", name="Hall")
    assert "no space Berlin" in str(placing.plan(device_id="d1", space="Berlin").errors[0])
    assert sorted(cloud.reads) == ["/devices", "/devices", "/spaces"], "what it read itself just now, it need not read again"
    cloud.spaces["Berlin"] = "s1"
    assert not placing.plan(device_id="d1", space="Berlin").errors


def test_pages_that_do_not_fit_together_are_read_again(hosts: Hosts, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    read = FakeVendor.read

    def misfit(self: FakeVendor, declarations: t.Any) -> t.Any:
        if self.client.together is not None:
            raise IncompleteRead("the listing does not fit together")
        return read(self, declarations)

    monkeypatch.setattr(FakeVendor, "read", misfit)
    assert hosts.plan(device_id="d1", name="Hall").changes[0].action == "rename"
    assert cloud.reads == ["/devices"]


def test_a_device_out_of_sight_is_looked_for_again(hosts: Hosts, cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    hides = {"lab/d9": "cannot be read"}
    opener = hosts._opener

    def hiding() -> FakeVendor:
        vendor = opener()
        vendor.hides = hides
        return vendor

    hosts._opener = hiding
    hosts.plan(device_id="d1", name="Hall")
    hosts.plan(device_id="d9", name="Hall")
    assert cloud.reads == ["/devices", "/devices"]


def test_what_is_pruned_is_never_planned_by_a_common_listing(hosts: Hosts, cloud: FakeCloud) -> None:
    hosts.plan(device_id="d1", name="Lobby")
    scope = Scope(account="lab", filters={"name": "Roof"}, where="prune")
    plan = hosts.fleet().plan([declaration_from({"device_id": "d1"})], [scope])
    assert [device.declaration.state for device in plan.devices] == ["present", "absent"]
    assert len(cloud.reads) > 2


def test_a_refusal_is_not_asked_for_again(hosts: Hosts, cloud: FakeCloud) -> None:
    cloud.unreadable = unavailable()
    assert not hosts.plan(device_id="d1", name="Hall").complete
    assert cloud.reads == ["/devices"]


def test_a_device_that_went_away_since_the_common_listing_is_looked_for_again(hosts: Hosts, cloud: FakeCloud) -> None:
    hosts.plan(device_id="d1", name="Hall")
    del cloud.rows["d1"]
    (error,) = hosts.plan(device_id="d1", metafields={"Floor": 1}, model="M", name="New").errors or (None,)
    assert cloud.reads.count("/devices") == 2
    assert error is None
