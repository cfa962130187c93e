# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carrying a plan out: order, what follows a failure, and what is said of lost answers."""

from __future__ import annotations

import threading
import typing as t
from dataclasses import replace

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import ChangeResult, Report
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Gone
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Plan, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import DONE, FAILED, Outcome
from tests.unit.plugins.module_utils._engine.fake_vendor import (
    DARK,
    FakeCloud,
    FakeVendor,
    fleet_over,
    open_fake,
    refused,
    unavailable,
)


class World:
    """A cloud, its open account and the fleet over it. ``apply`` plans and applies declarations; ``plan`` only plans."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *rows: dict[str, t.Any]) -> None:
        self.cloud = FakeCloud(*rows)
        self.vendor = open_fake(self.cloud)
        self.client = t.cast("t.Any", self.vendor.client)
        self.fleet = fleet_over(monkeypatch, self.vendor)

    def plan(self, *declared: dict[str, t.Any]) -> Plan:
        plan = self.fleet.plan([declaration_from(options) for options in declared])
        assert plan.errors == ()
        return plan

    def apply(self, *declared: dict[str, t.Any]) -> Report:
        return self.fleet.apply(self.plan(*declared))

    def paths(self) -> list[str]:
        return [call.path for call in self.cloud.writes]


Make = t.Callable[..., World]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Make:
    return lambda *rows: World(monkeypatch, *rows)


LOBBY = {"id": "d1", "name": "Lobby", "serial": "S1"}
ROOF = {"id": "d2", "name": "Roof", "serial": "S2"}
CELLAR = {"id": "d3", "name": "Cellar", "serial": "S3"}


def statuses(report: Report) -> dict[str, str]:
    return {f"{result.change.address.split('/')[1]} {result.change.action}": result.status for result in report.results}


def test_a_plan_without_changes_sends_nothing(world: Make) -> None:
    here = world(LOBBY)
    report = here.apply({"serial": "S1", "name": "Lobby"})
    assert (report.results, report.changed, report.failed, here.cloud.writes) == ((), False, False, [])
    assert report.devices["lab/S1"] is not None


def test_what_was_done_is_reported_and_the_record_is_the_one_afterwards(world: Make) -> None:
    here = world(LOBBY)
    report = here.apply({"serial": "S1", "name": "Hall", "tags": ["red"], "metafields": {"Room": "H"}})
    assert statuses(report) == {"S1 rename": "done", "S1 tag": "done", "S1 set_metafield": "done"}
    assert (report.changed, report.failed, report.problems()) == (True, False, [])
    device = report.devices["lab/S1"]
    assert device is not None
    assert (device.name, device.tags, device.metafields) == ("Hall", ["red"], {"Room": "H"})
    assert here.plan({"serial": "S1", "name": "Hall", "tags": ["red"], "metafields": {"Room": "H"}}).changes == ()


def test_results_stand_in_the_order_of_the_plan(world: Make) -> None:
    report = world(LOBBY, ROOF).apply(
        {"serial": "S2", "name": "B", "tags": ["x"]}, {"serial": "S1", "name": "A", "owner": "ada@example.com"}
    )
    assert [(result.change.address, result.change.action) for result in report.results] == [
        ("lab/S1", "rename"),
        ("lab/S1", "set_owner"),
        ("lab/S2", "rename"),
        ("lab/S2", "tag"),
    ]


def test_the_steps_of_one_device_go_in_the_order_of_their_stages(world: Make) -> None:
    here = world(LOBBY)
    here.apply(
        {
            "serial": "S1",
            "name": "Hall",
            "transfer_to": "org-branch",
            "owner": "ada@example.com",
            "archived": True,
            "metafields": {"Room": "H"},
        }
    )
    assert here.paths() == ["/organization", "/owner", "/name", "/metafield", "/archived"]


def test_devices_go_side_by_side(world: Make) -> None:
    here = world(LOBBY, ROOF)
    both = threading.Barrier(2, timeout=5)
    here.client.gates["/name"] = lambda call: both.wait()
    assert here.apply({"serial": "S1", "name": "A"}, {"serial": "S2", "name": "B"}).changed


def test_no_more_go_side_by_side_than_the_account_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = FakeCloud(*({"serial": f"S{number}"} for number in range(12)))
    vendor = open_fake(cloud, concurrency=3)
    lock, under_way, most = threading.Lock(), [0], [0]

    def gate(call: Call) -> None:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        threading.Event().wait(0.002)
        with lock:
            under_way[0] -= 1

    t.cast("t.Any", vendor.client).gates["/name"] = gate
    fleet = fleet_over(monkeypatch, vendor)
    fleet.apply(fleet.plan([declaration_from({"serial": f"S{number}", "name": "n"}) for number in range(12)]))
    assert most[0] <= 3
    assert len(cloud.writes) == 12


def test_one_call_serves_several_devices_where_the_vendor_has_bulk_calls(world: Make) -> None:
    here = world(LOBBY, ROOF, CELLAR)
    report = here.apply(*({"serial": f"S{number}", "tags": ["red"]} for number in (1, 2, 3)))
    assert [call.body["devices"] for call in sorted(here.cloud.writes, key=lambda call: call.targets)] == [["d1", "d2"], ["d3"]]
    assert set(statuses(report).values()) == {"done"}
    assert here.client.budget == 2


# Creation


def test_a_new_device_is_claimed_first_and_its_id_is_used_from_then_on(world: Make) -> None:
    here = world()
    report = here.apply({"serial": "S9", "name": "New", "model": "M1", "owner": "ada@example.com", "metafields": {"Room": "H"}})
    assert here.paths() == ["/devices", "/owner", "/metafield"]
    assert here.cloud.writes[1].body == {"device": "d1", "value": "u1"}
    device = report.devices["lab/S9"]
    assert device is not None
    assert (device.id, device.owner, device.metafields) == (
        "d1",
        {"id": "u1", "email": "ada@example.com", "name": None},
        {"Room": "H"},
    )


def test_nothing_follows_a_device_that_could_not_be_created(world: Make) -> None:
    here = world()
    here.client.refuse["/devices"] = refused("the model is unknown")
    report = here.apply({"serial": "S9", "model": "M1", "owner": "ada@example.com"}, {"serial": "S8", "model": "M1"})
    assert statuses(report) == {"S8 claim": "failed", "S9 claim": "failed", "S9 set_owner": "skipped"}
    assert report.problems()[1].startswith("lab/S9: claim failed: the model is unknown")
    assert report.problems()[2] == "lab/S9: set_owner skipped: the device could not be created"
    assert here.cloud.rows == {}


def test_a_claim_whose_answer_was_lost_is_found_by_reading_and_its_id_is_used(world: Make) -> None:
    here = world()
    here.client.lose["/devices"] = "after"
    report = here.apply({"serial": "S9", "model": "M1", "owner": "ada@example.com"})
    assert statuses(report) == {"S9 claim": "done", "S9 set_owner": "done"}
    assert len(here.cloud.rows) == 1
    assert here.cloud.rows["d1"]["owner"] == "u1"


def test_a_claim_that_got_lost_is_never_sent_again(world: Make) -> None:
    here = world()
    here.client.lose["/devices"] = "before"
    report = here.apply({"serial": "S9", "model": "M1", "owner": "ada@example.com"})
    assert statuses(report) == {"S9 claim": "unclear", "S9 set_owner": "skipped"}
    assert here.cloud.writes == []
    assert report.failed
    assert not report.changed


def test_what_needs_the_id_of_a_new_device_is_skipped_where_the_vendor_did_not_tell_it(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = world()
    monkeypatch.setattr(
        here.vendor, "finish", lambda step, answer, deadline: {address: Outcome(DONE) for address in step.addresses}
    )
    report = here.apply({"serial": "S9", "model": "M1", "owner": "ada@example.com"})
    assert statuses(report) == {"S9 claim": "done", "S9 set_owner": "skipped"}
    assert "the id of the new device is not known yet; run again" in report.problems()[0]


# After a failure


def test_after_a_failure_nothing_irreversible_follows_on_that_device_and_the_rest_does(world: Make) -> None:
    here = world(LOBBY, ROOF)
    here.client.refuse["/name"] = refused("too long")
    report = here.apply(
        {"serial": "S1", "name": "Hall", "metafields": {"Room": "H"}, "archived": True}, {"serial": "S2", "archived": True}
    )
    assert statuses(report) == {"S1 rename": "failed", "S1 set_metafield": "done", "S1 archive": "skipped", "S2 archive": "done"}
    assert here.cloud.rows["d1"]["archived"] is False
    assert "an earlier change of this device failed, and it goes with one that cannot be undone" in "".join(report.problems())


def test_a_change_that_is_pointless_after_a_failed_one_is_skipped(world: Make) -> None:
    here = world(LOBBY)
    here.client.refuse["/name"] = refused()
    report = here.apply({"serial": "S1", "name": "Hall", "contact": {"email": "x"}, "tags": ["red"]})
    assert statuses(report) == {"S1 rename": "failed", "S1 tag": "done", "S1 set_contact": "skipped"}
    assert "it needs a change that failed" in "".join(report.problems())


def test_after_an_unclear_change_nothing_follows_on_that_device(world: Make) -> None:
    here = world(LOBBY, ROOF)
    here.client.lose["/organization"] = "before"
    report = here.apply({"serial": "S1", "transfer_to": "org-branch", "name": "Hall"}, {"serial": "S2", "name": "Attic"})
    assert statuses(report) == {"S1 rename": "skipped", "S1 transfer": "unclear", "S2 rename": "done"}
    assert "an earlier change of this device is unclear" in "".join(report.problems())


def test_one_device_of_a_bulk_call_that_the_vendor_refused_is_the_only_one_that_failed(world: Make) -> None:
    here = world(LOBBY, ROOF)
    here.cloud.refused_tags = {"d2"}
    report = here.apply({"serial": "S1", "tags": ["red"]}, {"serial": "S2", "tags": ["red"]})
    assert statuses(report) == {"S1 tag": "done", "S2 tag": "failed"}
    assert report.problems() == ["lab/S2: tag failed: no more tags"]


def test_a_device_whose_earlier_step_is_unclear_is_left_out_of_a_bulk_call(world: Make) -> None:
    here = world(LOBBY, ROOF)
    here.client.lose["/organization"] = "before"
    report = here.apply({"serial": "S1", "tags": ["red"], "transfer_to": "org-branch"}, {"serial": "S2", "tags": ["red"]})
    assert statuses(report) == {"S1 transfer": "unclear", "S1 tag": "skipped", "S2 tag": "done"}
    assert [call.body["devices"] for call in here.cloud.writes] == [["d2"]]


def test_a_device_that_an_answer_does_not_mention_is_unclear(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY)
    monkeypatch.setattr(here.vendor, "finish", lambda step, answer, deadline: {})
    report = here.apply({"serial": "S1", "name": "Hall"})
    assert report.problems() == ["lab/S1: rename unclear: the vendor's answer does not mention this device"]


def test_an_error_of_finish_fails_the_step(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY)

    def finish(step: Step, answer: t.Any, deadline: t.Any) -> t.NoReturn:
        raise refused("the job failed")

    monkeypatch.setattr(here.vendor, "finish", finish)
    assert statuses(here.apply({"serial": "S1", "name": "Hall"})) == {"S1 rename": "failed"}


def test_a_change_of_two_calls_is_as_good_as_the_worse_of_them(world: Make) -> None:
    here = world(LOBBY)
    here.client.refuse["/contact"] = refused("no such address")
    report = here.apply({"serial": "S1", "contact": {"email": "x"}})
    assert here.paths() == ["/contact-draft"]
    assert [(result.status, result.message) for result in report.results] == [("failed", "no such address [PUT /x, HTTP 400]")]


# Lost answers


@pytest.mark.parametrize("loss", ["before", "after"])
@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"name": "Hall"}, "/name"),
        ({"owner": "ada@example.com"}, "/owner"),
        ({"tags": ["red"]}, "/tags"),
        ({"metafields": {"Room": "H"}}, "/metafield"),
        ({"archived": True}, "/archived"),
    ],
)
def test_a_lost_answer_to_setting_a_value_is_settled_by_reading_and_sent_again_where_it_must(
    world: Make, options: dict[str, t.Any], path: str, loss: str
) -> None:
    here = world(LOBBY)
    here.client.lose[path] = loss
    assert set(statuses(here.apply({"serial": "S1", **options})).values()) == {"done"}
    assert here.paths() == [path]
    assert here.plan({"serial": "S1", **options}).changes == ()


def test_a_delete_that_was_carried_out_although_its_answer_was_lost_is_done(world: Make) -> None:
    here = world(LOBBY)
    here.client.lose["/device"] = "after"
    report = here.apply({"serial": "S1", "state": "absent"})
    assert statuses(report) == {"S1 delete": "done"}
    assert report.devices["lab/S1"] is None


def test_a_delete_that_was_lost_on_the_way_is_unclear(world: Make) -> None:
    here = world(LOBBY)
    here.client.lose["/device"] = "before"
    assert statuses(here.apply({"serial": "S1", "state": "absent"})) == {"S1 delete": "unclear"}


def test_a_transfer_out_of_sight_whose_answer_was_lost_is_done(world: Make) -> None:
    here = world(LOBBY)
    here.client.lose["/organization"] = "after"
    assert statuses(here.apply({"serial": "S1", "transfer_to": DARK})) == {"S1 transfer": "done"}


def test_when_reading_fails_too_the_change_is_unclear(world: Make) -> None:
    here = world(LOBBY)
    plan = here.plan({"serial": "S1", "name": "Hall"})
    here.client.lose["/name"] = "after"
    here.cloud.unreadable = unavailable()
    assert statuses(here.fleet.apply(plan)) == {"S1 rename": "unclear"}


def test_a_device_that_vanished_under_a_lost_answer_is_unclear(world: Make) -> None:
    here = world(LOBBY)
    here.client.lose["/name"] = "before"
    here.client.gates["/name"] = lambda call: here.cloud.rows.pop("d1", None)
    assert statuses(here.apply({"serial": "S1", "name": "Hall"})) == {"S1 rename": "unclear"}


def test_a_lost_answer_to_a_bulk_call_is_settled_device_by_device(world: Make) -> None:
    here = world(LOBBY, ROOF)
    here.cloud.refused_tags = {"d2"}
    here.client.lose["/tags"] = "after"
    report = here.apply({"serial": "S1", "tags": ["red"]}, {"serial": "S2", "tags": ["red"]})
    assert statuses(report) == {"S1 tag": "done", "S2 tag": "unclear"}
    assert len(here.cloud.writes) == 1


def test_a_lost_answer_to_a_call_that_starts_a_job_never_counts_as_not_done(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY)
    as_job(here.vendor, monkeypatch)
    here.client.lose["/name"] = "before"
    assert statuses(here.apply({"serial": "S1", "name": "Hall"})) == {"S1 rename": "unclear"}
    assert here.client.pauses, "a job may still be at work, so that it is looked for more than once"
    assert here.paths() == []


def test_a_job_that_shows_its_work_a_little_later_is_done(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY)
    as_job(here.vendor, monkeypatch)
    here.client.lose["/name"] = "before"
    monkeypatch.setattr(here.client, "pause", lambda seconds: here.cloud.rows["d1"].update(name="Hall"))
    assert statuses(here.apply({"serial": "S1", "name": "Hall"})) == {"S1 rename": "done"}


def as_job(vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call of this vendor only starts a job from now on."""
    original = vendor.calls_for

    def calls_for(change: Change) -> tuple[Call, ...]:
        return tuple(replace(call, job=True) for call in original(change))

    monkeypatch.setattr(vendor, "calls_for", calls_for)


# What somebody else did meanwhile


def test_a_device_that_is_gone_when_it_is_to_be_deleted_counts_as_already_done(world: Make) -> None:
    here = world(LOBBY)
    plan = here.plan({"serial": "S1", "state": "absent"})
    here.cloud.rows.clear()
    report = here.fleet.apply(plan)
    assert statuses(report) == {"S1 delete": "already"}
    assert (report.devices["lab/S1"], report.changed, report.failed) == (None, False, False)


def test_a_404_to_a_delete_is_not_believed_where_the_device_can_still_be_read(world: Make) -> None:
    here = world(LOBBY)
    here.client.refuse["/device"] = Gone("no such device", status=404)
    report = here.apply({"serial": "S1", "state": "absent"})
    assert statuses(report) == {"S1 delete": "failed"}
    assert "but the device is still there" in report.problems()[0]


def test_a_404_to_a_delete_is_unclear_where_the_device_cannot_be_read_again(world: Make) -> None:
    here = world(LOBBY)
    plan = here.plan({"serial": "S1", "state": "absent"})
    here.client.refuse["/device"] = Gone("no such device", status=404)
    here.cloud.unreadable = unavailable()
    assert statuses(here.fleet.apply(plan)) == {"S1 delete": "unclear"}


def test_a_device_that_is_gone_when_it_is_to_be_changed_is_a_failure(world: Make) -> None:
    here = world(LOBBY)
    plan = here.plan({"serial": "S1", "name": "Hall"})
    here.cloud.rows.clear()
    report = here.fleet.apply(plan)
    assert statuses(report) == {"S1 rename": "failed"}
    assert "no device d1" in report.problems()[0]


def test_an_owner_that_came_with_the_transfer_is_not_set_again(world: Make) -> None:
    here = world(LOBBY)
    here.client.gates["/organization"] = lambda call: here.cloud.rows["d1"].update(owner="u2")
    report = here.apply({"serial": "S1", "transfer_to": "org-branch", "owner": "ben@example.com"})
    assert statuses(report) == {"S1 transfer": "done", "S1 set_owner": "already"}
    assert here.paths() == ["/organization"]
    assert report.devices["lab/S1"].owner["id"] == "u2"  # type: ignore[union-attr, index]


def test_an_owner_is_set_after_the_transfer_where_it_is_still_another(world: Make) -> None:
    here = world(LOBBY)
    report = here.apply({"serial": "S1", "transfer_to": "org-branch", "owner": "ben@example.com"})
    assert statuses(report) == {"S1 transfer": "done", "S1 set_owner": "done"}


def test_a_device_that_its_transfer_took_out_of_sight_cannot_get_its_owner(world: Make) -> None:
    here = world(LOBBY)
    report = here.apply({"serial": "S1", "transfer_to": DARK, "owner": "ben@example.com"})
    assert statuses(report) == {"S1 transfer": "done", "S1 set_owner": "failed"}
    assert "out of sight" in report.problems()[0]


def test_when_it_cannot_be_read_again_before_a_change_that_change_fails(world: Make) -> None:
    here = world(LOBBY)
    plan = here.plan({"serial": "S1", "transfer_to": "org-branch", "owner": "ben@example.com"})
    here.cloud.unreadable = unavailable()
    report = here.fleet.apply(plan)
    assert statuses(report) == {"S1 transfer": "done", "S1 set_owner": "failed"}
    assert "could not be read again before this change" in report.problems()[0]


# The report


def test_the_observer_sees_every_change_as_it_ends(world: Make) -> None:
    here = world(LOBBY)
    here.client.refuse["/name"] = refused()
    seen: list[ChangeResult] = []
    here.fleet.apply(here.plan({"serial": "S1", "name": "Hall", "tags": ["red"], "archived": True}), seen.append)
    assert sorted((result.change.action, result.status) for result in seen) == [
        ("archive", "skipped"),
        ("rename", "failed"),
        ("tag", "done"),
    ]


def test_a_second_apply_of_the_same_declaration_sends_nothing(world: Make) -> None:
    here = world(LOBBY)
    declared = [
        {"serial": "S1", "name": "Hall", "owner": "ada@example.com", "tags": ["red"]},
        {"serial": "S9", "model": "M1", "name": "New"},
    ]
    here.apply(*declared)
    sent = len(here.cloud.writes)
    assert here.apply(*declared).results == ()
    assert len(here.cloud.writes) == sent
    assert here.fleet.calls["write"] == sent


def test_a_failure_after_something_was_written_counts_as_changed(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY)
    moved = Outcome(FAILED, "the device went elsewhere", written=True)
    monkeypatch.setattr(here.vendor, "finish", lambda step, *_rest: dict.fromkeys(step.addresses, moved))
    report = here.apply({"serial": "S1", "name": "Hall"})
    assert statuses(report) == {"S1 rename": "failed"}
    assert (report.changed, report.failed) == (True, True)
    monkeypatch.setattr(here.vendor, "finish", lambda step, *_rest: dict.fromkeys(step.addresses, Outcome(FAILED, "no")))
    assert here.apply({"serial": "S1", "name": "Foyer"}).changed is False
