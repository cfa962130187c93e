# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carrying a plan out: order, what follows a failure, and what is said of lost answers."""

from __future__ import annotations

import threading
import typing as t
from dataclasses import replace

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine import fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import ChangeResult, Report
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import AFTER_READING, Call, NewId
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    Gone,
    Interrupted,
    SettingsError,
    Unclear,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Plan, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import DONE, FAILED, Outcome
from tests.unit.plugins.module_utils._engine.fake_vendor import (
    DARK,
    FakeCloud,
    FakeVendor,
    fleet_over,
    open_fake,
    open_placing,
    refused,
    unavailable,
)


class World:
    """A cloud, its open account and the fleet over it. ``apply`` plans and applies declarations; ``plan`` only plans."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *rows: dict[str, t.Any], opened: t.Any = open_fake, **options: t.Any
    ) -> None:
        self.cloud = FakeCloud(*rows)
        self.vendor = opened(self.cloud, **options)
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
    return lambda *rows, **how: World(monkeypatch, *rows, **how)


@pytest.fixture
def placing(world: Make) -> Make:
    return lambda *rows, **options: world(*rows, opened=open_placing, **options)


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


class Looking:
    """A Watch that remembers."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.results: list[ChangeResult] = []
        self.stops: list[float] = []

    def sending(self, account: str | None, step: Step) -> None:
        self.sent.append(f"{account} {step.call.method} {step.call.path}")

    def ended(self, result: ChangeResult) -> None:
        self.results.append(result)

    def stopping(self, seconds: float) -> None:
        self.stops.append(seconds)


class Breaking(Looking):
    """One that ends the apply at this moment."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at = at

    def sending(self, account: str | None, step: Step) -> None:
        if self.at == "sending":
            raise Interrupted("the journal is full")
        super().sending(account, step)

    def ended(self, result: ChangeResult) -> None:
        super().ended(result)
        if self.at == "ended":
            raise Interrupted("the journal is full")


def test_a_watch_sees_every_call_before_it_goes_out_and_every_change_as_it_ends(world: Make) -> None:
    here = world(LOBBY)
    here.client.refuse["/name"] = refused()
    looking = Looking()
    here.client.gates["/tags"] = lambda call: looking.sent.index(f"lab {call.method} /tags")
    here.fleet.apply(here.plan({"serial": "S1", "name": "Hall", "tags": ["red"], "archived": True}), looking)
    assert sorted(looking.sent) == ["lab PATCH /tags", "lab PUT /name"]
    assert sorted((result.change.action, result.status) for result in looking.results) == [
        ("archive", "skipped"),
        ("rename", "failed"),
        ("tag", "done"),
    ]


@pytest.mark.parametrize(("at", "sent"), [("sending", []), ("ended", ["/name"])])
def test_a_watch_may_end_the_apply_and_the_report_is_whole(world: Make, at: str, sent: list[str]) -> None:
    here = world(LOBBY)
    looking = Breaking(at)
    report = here.fleet.apply(here.plan({"serial": "S1", "name": "Hall", "metafields": {"A": "1", "B": "2"}}), looking)
    assert here.paths() == sent
    assert [result.status for result in report.results] == ["done" if sent else "skipped", "skipped", "skipped"]
    assert report.interrupted
    assert report.results[0].message == (None if sent else "the journal is full")


def test_who_asks_to_stop_gets_what_is_under_way_ended_and_nothing_more_sent(world: Make) -> None:
    here = world(LOBBY)
    stop, looking = threading.Event(), Looking()
    here.client.gates["/name"] = lambda call: stop.set()
    report = here.fleet.apply(here.plan({"serial": "S1", "name": "Hall", "metafields": {"A": "1"}}), looking, stop)
    assert statuses(report) == {"S1 rename": "done", "S1 set_metafield": "skipped"}
    assert report.problems() == ["lab/S1: set_metafield A skipped: interrupted before this was sent"]
    assert here.client.stop is stop


def test_a_call_that_an_interruption_kept_back_is_skipped(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY)
    here.client.refuse["/name"] = Interrupted("interrupted before this was sent again; it was not carried out: 429")
    report = here.apply({"serial": "S1", "name": "Hall"})
    assert report.problems() == ["lab/S1: rename skipped: interrupted before this was sent again; it was not carried out: 429"]


def test_interruptions_are_told_of_once_and_end_in_a_report(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here, looking, begun, gate = world(LOBBY), Looking(), threading.Event(), threading.Event()
    wait, calls = fleet.wait, []

    def interrupted(running: t.Any, timeout: float | None) -> t.Any:
        calls.append(timeout)
        begun.wait(5)
        if len(calls) < 3:
            raise KeyboardInterrupt
        gate.set()
        return wait(running, timeout)

    here.client.gates["/name"] = lambda call: begun.set() or gate.wait(5)
    monkeypatch.setattr(fleet, "wait", interrupted)
    report = here.fleet.apply(here.plan({"serial": "S1", "name": "Hall", "metafields": {"A": "1"}}), looking)
    assert statuses(report) == {"S1 rename": "done", "S1 set_metafield": "skipped"}
    assert report.interrupted
    assert len(looking.stops) == 1


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


# New spaces


def moves(*serials: str, **more: t.Any) -> list[dict[str, t.Any]]:
    return [{"serial": serial, "space": "Attic", "create_space": True, **more} for serial in serials]


FIVE = [{"id": f"d{number}", "serial": f"S{number}", "name": f"N{number}"} for number in range(1, 6)]
ALL = [row["serial"] for row in FIVE]


def test_a_space_that_five_devices_want_is_made_once_and_each_goes_there(placing: Make) -> None:
    here = placing(*FIVE)
    report = here.apply(*moves(*ALL))
    assert here.paths().count("/spaces") == 1
    assert set(statuses(report).values()) == {"done"}
    assert {row["space"] for row in here.cloud.rows.values()} == {"s1"}
    assert {device.space["id"] for device in report.devices.values() if device and device.space} == {"s1"}
    assert here.cloud.writes[0].body == {"name": "Attic", "parent": "s0"}


def test_devices_are_claimed_into_a_space_that_is_made_for_them(placing: Make) -> None:
    here = placing()
    report = here.apply(*moves("S8", "S9", model="M1"))
    assert here.paths() == ["/spaces", "/devices", "/devices"]
    assert set(statuses(report).values()) == {"done"}
    assert {row["space"] for row in here.cloud.rows.values()} == {"s1"}


def test_a_device_is_claimed_and_then_moved_by_the_ids_that_both_got(placing: Make) -> None:
    here = placing()
    here.vendor.CLAIM_SETS = frozenset({"name"})
    report = here.apply(*moves("S9", model="M1"))
    assert statuses(report) == {"S9 create_space": "done", "S9 claim": "done", "S9 move": "done"}
    assert here.paths() == ["/spaces", "/devices", "/devices/d1"]
    assert here.cloud.rows["d1"]["space"] == "s1"


def test_the_id_of_a_new_device_is_encoded_where_it_goes_into_a_path(placing: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = placing()
    here.cloud.spaces["Attic"] = "s1"
    here.vendor.CLAIM_SETS = frozenset({"name"})
    add = here.cloud.add
    monkeypatch.setattr(here.cloud, "add", lambda **row: add(id="d 1/2", **row))
    report = here.apply(*moves("S9", model="M1"))
    assert statuses(report) == {"S9 claim": "done", "S9 move": "done"}
    assert here.paths() == ["/devices", "/devices/d%201%2F2"]
    assert here.cloud.rows["d 1/2"]["space"] == "s1"


def test_when_a_space_could_not_be_made_nobody_goes_there_and_everything_else_is_done(placing: Make) -> None:
    here = placing(*FIVE)
    here.client.refuse["/spaces"] = refused("no more spaces")
    report = here.apply(*moves(*ALL, tags=["red"]), {"serial": "S9", "model": "M1", "owner": "ada@example.com", **moves("S9")[0]})
    for serial in ALL:
        assert {key: value for key, value in statuses(report).items() if key.startswith(serial)} == {
            f"{serial} create_space": "failed",
            f"{serial} tag": "done",
            f"{serial} move": "skipped",
        }
    assert {key: value for key, value in statuses(report).items() if key.startswith("S9")} == {
        "S9 create_space": "failed",
        "S9 claim": "skipped",
        "S9 set_owner": "skipped",
    }
    assert "lab/S1: move skipped: the space that it goes to could not be made" in report.problems()
    assert here.client.writes == 1 + 3
    assert "/devices" not in here.paths()


def test_nothing_irreversible_follows_a_space_that_could_not_be_made(placing: Make) -> None:
    here = placing(LOBBY)
    here.client.refuse["/spaces"] = refused("no more spaces")
    assert statuses(here.apply(*moves("S1", archived=True)))["S1 archive"] == "skipped"


def test_a_space_that_was_made_although_the_answer_was_lost_is_found_by_reading_and_used(placing: Make) -> None:
    here = placing(*FIVE)
    plan = here.plan(*moves(*ALL))
    here.cloud.reads.clear()
    here.client.lose["/spaces"] = "after"
    report = here.fleet.apply(plan)
    assert set(statuses(report).values()) == {"done"}
    assert here.cloud.spaces == {"Attic": "s1"}
    assert {row["space"] for row in here.cloud.rows.values()} == {"s1"}
    assert here.cloud.reads == ["/spaces"]


def test_a_space_that_got_lost_is_never_made_again_where_it_must_not_be(placing: Make) -> None:
    here = placing(*FIVE)
    here.client.lose["/spaces"] = "before"
    report = here.apply(*moves(*ALL, name="New"))
    assert {key.split()[1]: value for key, value in statuses(report).items()} == {
        "create_space": "unclear",
        "rename": "done",
        "move": "skipped",
    }
    assert here.cloud.spaces == {}
    assert here.paths().count("/spaces") == 0


def test_a_space_that_got_lost_is_made_again_where_reading_shows_that_it_is_not_there(placing: Make) -> None:
    here = placing(LOBBY)
    here.vendor.MAKES = AFTER_READING
    here.client.lose["/spaces"] = "before"
    assert set(statuses(here.apply(*moves("S1"))).values()) == {"done"}
    assert here.cloud.spaces == {"Attic": "s1"}


@pytest.mark.parametrize("loss", ["before", "after"])
def test_a_space_that_cannot_be_looked_for_is_unclear_and_nobody_goes_there(placing: Make, loss: str) -> None:
    here = placing(LOBBY, ROOF)
    plan = here.plan(*moves("S1", "S2"))
    here.client.lose["/spaces"] = loss
    here.cloud.unreadable = unavailable()
    assert {key.split()[1]: value for key, value in statuses(here.fleet.apply(plan)).items()} == {
        "create_space": "unclear",
        "move": "skipped",
    }


def test_a_space_that_an_unclear_ending_left_open_is_looked_for(placing: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = placing(LOBBY, ROOF)
    finish = here.vendor.finish

    def unclear(step: Step, *rest: t.Any) -> t.Any:
        if step.call.makes:
            raise Unclear("the job did not end", method="POST", path="/spaces")
        return finish(step, *rest)

    monkeypatch.setattr(here.vendor, "finish", unclear)
    assert set(statuses(here.apply(*moves("S1", "S2"))).values()) == {"done"}
    assert {row["space"] for row in here.cloud.rows.values()} == {"s1"}


def test_nobody_goes_to_a_space_whose_id_the_vendor_did_not_tell(placing: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = placing(LOBBY)
    monkeypatch.setattr(here.vendor, "finish", lambda step, *_rest: dict.fromkeys(step.addresses, Outcome(DONE)))
    report = here.apply(*moves("S1", name="New"))
    assert statuses(report) == {"S1 create_space": "done", "S1 rename": "done", "S1 move": "skipped"}
    assert "the id of what was made for it is not known yet; run again" in report.problems()[0]


def test_devices_that_came_to_grief_before_leave_the_making_of_a_space_to_the_others(placing: Make) -> None:
    here = placing(LOBBY, {**ROOF, "archived": True})
    here.client.refuse["/archived"] = Unclear("lost", method="PUT", path="/archived")
    plan = here.plan(*moves("S1"), *moves("S2", archived=False))
    early = [step for step in plan.accounts[0].steps if step.call.path == "/archived"]
    late = [step for step in plan.accounts[0].steps if step.call.path != "/archived"]
    report = here.fleet.apply(Plan((replace(plan.accounts[0], steps=(*early, *late)),)))
    assert statuses(report) == {
        "S1 create_space": "done", "S1 move": "done",
        "S2 create_space": "skipped", "S2 unarchive": "unclear", "S2 move": "skipped",
    }  # fmt: skip
    assert [call.targets for call in here.cloud.writes] == [("lab/S1",), ("lab/S1",)]


@pytest.mark.parametrize("loss", ["before", "after"])
@pytest.mark.parametrize("held", [None, "s0"])
def test_a_lost_move_to_a_new_space_is_settled_by_the_id_that_the_space_got(placing: Make, loss: str, held: str | None) -> None:
    here = placing({**LOBBY, "space": held})
    here.client.lose["/devices/d1"] = loss
    report = here.apply(*moves("S1"))
    assert set(statuses(report).values()) == {"done"}
    assert here.cloud.rows["d1"]["space"] == "s1"
    assert here.paths() == ["/spaces", "/devices/d1"]


def test_a_lost_claim_into_a_new_space_is_settled_by_the_id_that_the_space_got(placing: Make) -> None:
    here = placing()
    here.client.lose["/devices"] = "after"
    report = here.apply(*moves("S9", model="M1"))
    assert statuses(report) == {"S9 create_space": "done", "S9 claim": "done"}


def test_the_record_of_a_device_claimed_without_a_word_holds_the_new_space(
    placing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = placing()
    finish = here.vendor.finish
    monkeypatch.setattr(
        here.vendor,
        "finish",
        lambda step, *rest: finish(step, *rest) if step.call.makes else dict.fromkeys(step.addresses, Outcome(DONE)),
    )
    device = here.apply(*moves("S9", model="M1")).devices["lab/S9"]
    assert device is not None
    assert device.space == {"id": "s1", "name": "Attic", "path": "Attic"}


# Before sending


def test_a_step_is_sent_as_it_is_after_a_last_look(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY)
    seen: list[t.Any] = []

    def look(step: Step) -> Step:
        seen.append((len(here.cloud.writes), step.call.body))
        return replace(step, call=replace(step.call, body={**step.call.body, "value": "Fresh"}))

    monkeypatch.setattr(here.vendor, "before_sending", look)
    report = here.apply({"serial": "S1", "name": "Hall"})
    assert seen == [(0, {"device": "d1", "value": "Hall"})]
    assert here.cloud.rows["d1"]["name"] == "Fresh"
    assert statuses(report) == {"S1 rename": "done"}


def test_what_comes_before_sending_sees_the_ids_of_what_was_created(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world()
    seen: list[t.Any] = []
    monkeypatch.setattr(here.vendor, "before_sending", lambda step: seen.append(step.call.body) or step)
    here.apply({"serial": "S9", "model": "M1", "owner": "ada@example.com"})
    assert seen[1] == {"device": "d1", "value": "u1"}


def test_an_error_before_sending_fails_the_step_and_nothing_is_sent(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY, ROOF)

    def look(step: Step) -> Step:
        if step.call.path == "/tags":
            raise refused("it looks different now")
        return step

    monkeypatch.setattr(here.vendor, "before_sending", look)
    report = here.apply({"serial": "S1", "tags": ["a"], "name": "Hall"}, {"serial": "S2", "tags": ["a"]})
    assert statuses(report) == {"S1 rename": "done", "S1 tag": "failed", "S2 tag": "failed"}
    assert here.paths() == ["/name"]
    assert "it looks different now" in report.problems()[0]


def test_planning_and_rehearsing_do_not_come_before_sending(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY)
    monkeypatch.setattr(here.vendor, "before_sending", lambda step: pytest.fail("nothing is to be sent"))
    monkeypatch.setattr(here.vendor, "dry_run_call", lambda call: None)
    assert here.fleet.rehearse(here.plan({"serial": "S1", "name": "Hall"})) == []


# Lanes


class Traffic:
    """A gate that counts how many calls are under way in each lane, and in all."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.under_way: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.order: list[str] = []

    def enter(self, lane: str) -> None:
        with self.lock:
            for name in (lane, "all"):
                self.under_way[name] = self.under_way.get(name, 0) + 1
                self.most[name] = max(self.most.get(name, 0), self.under_way[name])

    def leave(self, lane: str) -> None:
        with self.lock:
            self.order.append(lane)
            for name in (lane, "all"):
                self.under_way[name] -= 1


@pytest.mark.parametrize("concurrency", [1, 2, 8])
def test_calls_of_one_lane_are_never_under_way_side_by_side_their_finish_included(
    placing: Make, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    here = placing(*({"serial": f"S{number}"} for number in range(12)), concurrency=concurrency)
    here.vendor.lanes["rename"] = lambda change: f"lane {int(change.address.split('S')[1]) % 2}"
    traffic = Traffic()
    lane_of = {f"lab/S{number}": f"lane {number % 2}" for number in range(12)}
    here.client.gates["/name"] = lambda call: traffic.enter(lane_of[call.targets[0]])
    finish = here.vendor.finish

    def slow(step: Step, *rest: t.Any) -> t.Any:
        threading.Event().wait(0.001)
        traffic.leave(lane_of[step.addresses[0]])
        return finish(step, *rest)

    monkeypatch.setattr(here.vendor, "finish", slow)
    report = here.apply(*({"serial": f"S{number}", "name": "n"} for number in range(12)))
    assert set(statuses(report).values()) == {"done"}
    assert (traffic.most["lane 0"], traffic.most["lane 1"]) == (1, 1)
    assert len(traffic.order) == 12


def test_a_lane_that_is_taken_keeps_no_place_from_the_others(placing: Make) -> None:
    here = placing(*FIVE, concurrency=2)
    here.vendor.lanes["rename"] = lambda change: None if change.address in ("lab/S4", "lab/S5") else "narrow"
    others, sent = threading.Semaphore(0), []

    def gate(call: Call) -> None:
        sent.append(call.targets[0])
        if call.targets[0] == "lab/S1":
            assert others.acquire(timeout=5), "S4 is kept waiting"
            assert others.acquire(timeout=5), "S5 is kept waiting"
        elif call.targets[0] in ("lab/S4", "lab/S5"):
            others.release()

    here.client.gates["/name"] = gate
    report = here.apply(*({"serial": serial, "name": "n"} for serial in ALL))
    assert set(statuses(report).values()) == {"done"}
    assert set(sent[:3]) == {"lab/S1", "lab/S4", "lab/S5"}
    assert sent[3:] == ["lab/S2", "lab/S3"]


def test_two_lanes_go_side_by_side(placing: Make) -> None:
    here = placing(LOBBY, ROOF)
    here.vendor.lanes["rename"] = lambda change: change.address
    both = threading.Barrier(2, timeout=5)
    here.client.gates["/name"] = lambda call: both.wait()
    assert set(statuses(here.apply({"serial": "S1", "name": "A"}, {"serial": "S2", "name": "B"})).values()) == {"done"}


def test_a_failure_frees_its_lane(placing: Make) -> None:
    here = placing(LOBBY, ROOF, CELLAR)
    here.vendor.lanes["rename"] = lambda change: "narrow"

    def gate(call: Call) -> None:
        if call.targets[0] == "lab/S1":
            raise refused()

    here.client.gates["/name"] = gate
    report = here.apply(*({"serial": f"S{number}", "name": "n"} for number in (1, 2, 3)))
    assert statuses(report) == {"S1 rename": "failed", "S2 rename": "done", "S3 rename": "done"}


def test_a_step_that_is_not_sent_holds_no_lane_up(placing: Make) -> None:
    here = placing(LOBBY, ROOF)
    here.vendor.lanes.update(archive=lambda change: "narrow", rename=lambda change: "narrow")

    def gate(call: Call) -> None:
        if call.targets[0] == "lab/S1":
            raise refused()

    here.client.gates["/name"] = gate
    report = here.apply({"serial": "S1", "name": "n", "archived": True}, {"serial": "S2", "name": "n", "archived": True})
    assert statuses(report) == {"S1 rename": "failed", "S1 archive": "skipped", "S2 rename": "done", "S2 archive": "done"}


def test_a_lane_that_cannot_be_had_is_a_failure_of_the_step_and_nothing_is_sent(placing: Make) -> None:
    here = placing(LOBBY, ROOF)
    here.vendor.lanes["rename"] = lambda change: "narrow"
    here.client.lane_error = SettingsError("cannot keep shared state")
    report = here.apply({"serial": "S1", "name": "n", "tags": ["a"]}, {"serial": "S2", "tags": ["a"]})
    assert statuses(report) == {"S1 rename": "failed", "S1 tag": "done", "S2 tag": "done"}
    assert "/name" not in here.paths()


# What reading cannot tell


def only(world_: World, **fields: t.Any) -> Plan:
    """The plan of a rename whose change has these fields instead."""
    plan = world_.plan({"serial": "S1", "name": "Hall"})
    (account,) = plan.accounts
    (device,) = account.devices
    (step,) = account.steps
    change = replace(device.changes[0], **fields)
    return Plan((replace(account, devices=(replace(device, changes=(change,)),), steps=(replace(step, changes=(change,)),)),))


@pytest.mark.parametrize("fields", [{"unverified": True}, {"before": "Hall"}])
def test_a_lost_value_that_reading_cannot_tell_is_not_taken_for_set(world: Make, fields: dict[str, t.Any]) -> None:
    here = world({**LOBBY, "name": "Hall"})
    here.cloud.rows["d1"]["name"] = "Lobby"
    plan = only(here, **fields)
    here.cloud.rows["d1"]["name"] = "Hall"
    here.client.lose["/name"] = "before"
    assert statuses(here.fleet.apply(plan)) == {"S1 rename": "done"}
    assert here.paths() == ["/name"]


def test_a_value_that_cannot_be_read_is_sent_even_where_the_device_is_looked_at_first(world: Make) -> None:
    here = world(LOBBY)
    plan = only(here, unverified=True, verify=True)
    here.cloud.rows["d1"]["name"] = "Hall"
    assert statuses(here.fleet.apply(plan)) == {"S1 rename": "done"}
    assert here.paths() == ["/name"]


@pytest.mark.parametrize("loss", ["before", "after"])
def test_of_values_that_one_call_sets_those_that_can_be_read_speak_for_the_others(world: Make, loss: str) -> None:
    here = world(LOBBY)
    plan = only(here)
    (account,) = plan.accounts
    (device,) = account.devices
    blind = Change("lab/S1", "set_contact", "contact", None, {"pin": 1}, device_id="d1", unverified=True)
    changes = (*device.changes, blind)
    step = replace(account.steps[0], changes=changes)
    here.client.lose["/name"] = loss
    report = here.fleet.apply(Plan((replace(account, devices=(replace(device, changes=changes),), steps=(step,)),)))
    assert statuses(report) == {"S1 rename": "done", "S1 set_contact": "done"}
    assert here.paths() == ["/name"]


def test_a_change_that_names_what_nobody_made_is_skipped(world: Make) -> None:
    here = world(LOBBY)
    plan = here.plan({"serial": "S1", "name": "Hall"})
    (step,) = plan.accounts[0].steps
    step = replace(step, call=replace(step.call, body={"device": "d1", "value": NewId("space:none")}))
    report = here.fleet.apply(Plan((replace(plan.accounts[0], steps=(step,)),)))
    assert statuses(report) == {"S1 rename": "skipped"}
    assert here.cloud.writes == []


# Where the vendor knows better


def test_the_vendor_may_say_what_came_of_a_step_that_ended_in_an_error(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY)
    asked: list[t.Any] = []
    here.client.refuse["/name"] = refused("it has that name already")

    def after_error(step: Step, error: t.Any, deadline: t.Any) -> dict[str, Outcome]:
        asked.append((step.call.body, error.status))
        return dict.fromkeys(step.addresses, Outcome(DONE))

    monkeypatch.setattr(here.vendor, "after_error", after_error)
    assert statuses(here.apply({"serial": "S1", "name": "Hall"})) == {"S1 rename": "done"}
    assert asked == [({"device": "d1", "value": "Hall"}, 400)]


def test_after_an_error_the_vendor_sees_the_ids_that_were_sent(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world()
    asked: list[t.Any] = []
    here.client.refuse["/owner"] = refused()
    monkeypatch.setattr(here.vendor, "after_error", lambda step, *_rest: asked.append(step.call.body))
    report = here.apply({"serial": "S9", "model": "M1", "owner": "ada@example.com"})
    assert statuses(report) == {"S9 claim": "done", "S9 set_owner": "failed"}
    assert asked == [{"device": "d1", "value": "u1"}]


def test_an_error_while_an_error_is_explained_hides_nothing(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY)
    here.client.refuse["/name"] = refused("too long")

    def after_error(*_args: t.Any) -> t.NoReturn:
        raise unavailable()

    monkeypatch.setattr(here.vendor, "after_error", after_error)
    report = here.apply({"serial": "S1", "name": "Hall"})
    assert statuses(report) == {"S1 rename": "failed"}
    assert "too long" in report.problems()[0]


def test_an_error_that_is_no_answer_is_not_for_the_vendor_to_explain(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY)
    monkeypatch.setattr(here.vendor, "after_error", lambda *_args: pytest.fail("there was no answer"))
    here.client.refuse["/name"] = SettingsError("cannot keep shared state")
    assert statuses(here.apply({"serial": "S1", "name": "Hall"})) == {"S1 rename": "failed"}


def test_while_the_vendor_is_at_work_it_is_looked_at_again_until_it_shows(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY)
    here.client.lose["/name"] = "before"
    looks: list[int] = []
    refresh = here.vendor.refresh_all

    def late(*args: t.Any) -> t.Any:
        looks.append(1)
        if len(looks) == 3:
            here.cloud.rows["d1"]["name"] = "Hall"
        return refresh(*args)

    monkeypatch.setattr(here.vendor, "refresh_all", late)
    monkeypatch.setattr(here.vendor, "at_work", lambda: True)
    assert statuses(here.apply({"serial": "S1", "name": "Hall"})) == {"S1 rename": "done"}
    assert here.client.pauses == [2.0, 4.0]
    assert here.cloud.writes == []


def test_a_vendor_that_stays_at_work_leaves_a_lost_answer_unclear_at_the_deadline(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = world(LOBBY)
    here.client.lose["/name"] = "before"
    monkeypatch.setattr(here.vendor, "at_work", lambda: True)
    assert statuses(here.apply({"serial": "S1", "name": "Hall"})) == {"S1 rename": "unclear"}
    assert here.client.pauses[:6] == [2.0, 4.0, 8.0, 16.0, 16.0, 16.0]
    assert sum(here.client.pauses) <= 600.0
    assert here.cloud.writes == []


def test_a_vendor_that_has_come_to_rest_is_believed(world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = world(LOBBY)
    here.client.lose["/name"] = "before"
    busy = [True, False]
    monkeypatch.setattr(here.vendor, "at_work", lambda: busy.pop(0))
    assert statuses(here.apply({"serial": "S1", "name": "Hall"})) == {"S1 rename": "done"}
    assert here.client.pauses == [2.0]
    assert here.paths() == ["/name"]
