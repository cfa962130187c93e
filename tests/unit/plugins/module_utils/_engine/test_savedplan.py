# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Saved plans: what they are bound to, when they are refused, and what of them is still to be done."""

from __future__ import annotations

import copy
import datetime
import json
import typing as t
from dataclasses import replace

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import Report
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import FleetformError, Forbidden
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet, Scope
from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import plan_as_data
from ansible_collections.fleetform.devices.plugins.module_utils._engine.savedplan import (
    Held,
    PlanRefused,
    binding,
    check,
    check_whole,
    hold,
    only,
    signed,
)
from tests.unit.plugins.module_utils._engine.fake_vendor import BRANCH, FakeCloud, FakeVendor, fleet_over, open_fake, open_placing

NOW = datetime.datetime(2026, 3, 1, 12, 0, 0, tzinfo=datetime.UTC)
SECRET = "tr0mbone-of-the-pin"

Data = dict[str, t.Any]
Declared = t.Sequence[dict[str, t.Any]]


class World:
    """A cloud, the fleet over it, and what is declared."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rows: Declared, declared: Declared, *, placing: bool = False) -> None:
        self.cloud = FakeCloud(*rows)
        self.vendor = (open_placing if placing else open_fake)(self.cloud)
        self.fleet: Fleet = fleet_over(monkeypatch, self.vendor)
        self.declared = [dict(options) for options in declared]
        self.prune: list[Scope] = []

    def declarations(self) -> list[t.Any]:
        return [declaration_from(options, account="lab", declared_at=f"f:{n}") for n, options in enumerate(self.declared, 1)]

    def bound(self) -> Data:
        clouds = {name or "": parts for name, parts in self.fleet.homes(["lab"]).items()}
        return binding(clouds, self.declarations(), [[scope.account, scope.filters] for scope in self.prune])

    def fresh(self) -> t.Any:
        self.fleet.forget()
        return self.fleet.plan(self.declarations(), self.prune)

    def saved(self, key: str | None = None) -> Data:
        """A plan as it comes out of a file."""
        data = plan_as_data(self.fresh(), tool_version="1", now=NOW)
        return t.cast(Data, json.loads(json.dumps(signed({**data, "bound": self.bound()}, key))))

    def held(self, data: Data, *, key: str | None = None, now: datetime.datetime = NOW, partial: bool = False) -> Held:
        check(data, self.bound(), now=now, key=key, partial=partial)
        return hold(data, self.fresh(), self.fleet.plan)

    def apply(self, data: Data, **more: t.Any) -> tuple[Held, Report]:
        check(data, self.bound(), now=more.get("now", NOW), key=more.get("key"), partial=more.get("partial", False))
        fresh = self.fresh()
        held = hold(data, fresh, self.fleet.plan)
        return held, self.fleet.apply(only(fresh, held, self.fleet.narrowed))

    @property
    def sent(self) -> list[tuple[str, str, t.Any]]:
        return [(call.method, call.path, call.body) for call in self.cloud.writes]


ROWS = (
    {"id": "d1", "serial": "S1", "name": "Lobby", "tags": ["a"], "metafields": {"Room": "1", "Pin": "old"}},
    {"id": "d2", "serial": "S2", "name": "Hall", "contact": {"email": "ann@example.com"}},
    {"id": "d3", "serial": "S3", "name": "Attic"},
)
DECLARED = (
    {"serial": "S1", "name": "Foyer", "tags": ["b"], "metafields": {"Room": "2", "Pin": SECRET}, "secret_metafields": ["Pin"]},
    {"serial": "S2", "name": "Hall", "contact": {"email": "ben@example.com"}},
    {"serial": "S4", "name": "Roof", "model": "M1", "owner": "ada@example.com", "tags": ["new"]},
    {"serial": "S3", "state": "absent"},
)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch, ROWS, DECLARED)


def resigned(data: Data, key: str | None = None) -> Data:
    """The plan as somebody would save it who has changed it and knows how."""
    return signed({name: value for name, value in data.items() if name not in ("digest", "hmac")}, key)


def test_a_saved_plan_does_what_it_says_and_twice_sends_nothing(world: World) -> None:
    data = world.saved()
    held, report = world.apply(data)
    assert not report.failed
    assert (set(held.keep), held.already, held.skipped) == ({"lab/S1", "lab/S2", "lab/S3", "lab/S4"}, (), {})
    rows = {row["serial"]: row for row in world.cloud.rows.values()}
    assert set(rows) == {"S1", "S2", "S4"}
    assert (rows["S1"]["name"], rows["S2"]["contact"]["email"], rows["S4"]["owner"], rows["S4"]["tags"]) == (
        "Foyer",
        "ben@example.com",
        "u1",
        ["new"],
    )
    count = len(world.sent)
    held, report = world.apply(data)
    assert (held.keep, sorted(held.already), held.skipped) == ({}, ["lab/S1", "lab/S2", "lab/S3", "lab/S4"], {})
    assert (len(world.sent), report.results) == (count, ())


def test_a_saved_plan_holds_no_secret(world: World) -> None:
    assert SECRET not in json.dumps(world.saved("key"))
    assert "token-of-lab" not in json.dumps(world.saved())


def outcome(world: World, text: bytes) -> t.Any:
    """What would be sent for the bytes of a plan, None where it is refused."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    try:
        return world.held(data)
    except PlanRefused:
        return None


def damaged(text: bytes, count: int) -> t.Iterator[tuple[str, bytes]]:
    """The text with one bit flipped, or two neighbours swapped, at places spread evenly over it."""
    step = len(text) / count
    for number in range(count):
        place = min(int(number * step), len(text) - 2)
        flipped = bytearray(text)
        flipped[place] ^= 1 << (number % 8)
        yield f"bit {number % 8} of byte {place}", bytes(flipped)
        swapped = bytearray(text)
        swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
        yield f"bytes {place} and {place + 1}", bytes(swapped)


@pytest.mark.parametrize("knows_how", [False, True], ids=["as it is", "with a new digest"])
def test_whatever_byte_is_damaged_the_plan_is_refused_or_does_no_more_than_it_did(world: World, knows_how: bool) -> None:
    text = json.dumps(world.saved(), indent=1).encode()
    data, fresh, bound = json.loads(text), world.fresh(), world.bound()
    whole = hold(data, fresh, world.fleet.plan)
    tried = refused = 0
    for what, bad in damaged(text, 600):
        tried += 1
        try:
            found = json.loads(bad)
            if knows_how and isinstance(found, dict):
                found = resigned(found)
            check(found, bound, now=NOW, key=None, partial=False)
            held = hold(found, fresh, world.fleet.plan)
        except (PlanRefused, ValueError, RecursionError):
            refused += 1
            continue
        if knows_how:
            # Who edits a plan can take away from it, and can add nothing.
            assert all(held.keep[address] <= whole.keep[address] for address in held.keep), what
        else:
            assert held == whole, what
    assert tried >= 1000
    assert refused >= tried // (3 if knows_how else 2)
    assert world.sent == []


@pytest.mark.parametrize(
    "bad", [None, [], 5, "x", {}, {"format": 1}, {"format": 1, "digest": 5}, {"format": 1, "digest": None}, {"digest": "é"}]
)
def test_what_is_no_plan_is_refused(world: World, bad: t.Any) -> None:
    with pytest.raises(PlanRefused):
        check_whole(bad)
    with pytest.raises(PlanRefused):
        world.held(bad)


@pytest.mark.parametrize("name", ["format", "expires_at", "complete", "devices", "changes", "bound"])
def test_a_plan_without_one_of_its_parts_is_refused(world: World, name: str) -> None:
    data = world.saved()
    del data[name]
    with pytest.raises(PlanRefused):
        world.held(resigned(data))


@pytest.mark.parametrize("part", ["devices", "changes", "bound"])
@pytest.mark.parametrize("value", [None, 5, "text", [5], [None], ["x"], [{}], {"x": 5}])
def test_a_plan_with_a_part_of_another_shape_is_refused_or_does_nothing(world: World, part: str, value: t.Any) -> None:
    with pytest.raises(PlanRefused):
        world.held(resigned({**world.saved(), part: value}))


@pytest.mark.parametrize("name", ["address", "action", "attribute", "before", "after", "calls"])
def test_a_change_without_one_of_its_parts_is_refused(world: World, name: str) -> None:
    data = world.saved()
    for row in data["changes"]:
        del row[name]
    with pytest.raises(PlanRefused):
        world.held(resigned(data))


@pytest.mark.parametrize(
    ("field", "value"),
    [("method", "DELETE"), ("path", "/device"), ("body", {"device": "d2"}), ("body", None), ("query", [["force", "true"]])],
)
def test_an_edited_call_is_refused_although_the_digest_was_made_anew(world: World, field: str, value: t.Any) -> None:
    data = world.saved()
    (row,) = [row for row in data["changes"] if (row["address"], row["action"]) == ("lab/S1", "tag")]
    assert row["calls"][0]["method"] == "PATCH"
    row["calls"][0][field] = value
    with pytest.raises(PlanRefused, match="changed or damaged since"):
        world.held(data)
    with pytest.raises(PlanRefused, match="the calls in the plan are not those"):
        world.held(resigned(data))
    assert world.sent == []


def test_an_added_or_removed_call_is_refused(world: World) -> None:
    data = world.saved()
    (row,) = [row for row in data["changes"] if (row["address"], row["action"]) == ("lab/S1", "tag")]
    for calls in ([], row["calls"] * 2):
        row["calls"] = calls
        with pytest.raises(PlanRefused, match="the calls in the plan|the summary says 10 calls"):
            world.held(resigned(data))


def test_an_edited_value_is_not_sent(world: World) -> None:
    data = world.saved()
    (row,) = [row for row in data["changes"] if (row["address"], row["action"]) == ("lab/S1", "rename")]
    row["after"] = "Taken"
    held = world.held(resigned(data))
    assert set(held.skipped) == {"lab/S1"}
    assert "lab/S1" not in held.keep


def test_an_added_change_is_refused_or_left(world: World) -> None:
    data = world.saved()
    data["changes"].append({**data["changes"][0], "address": "lab/S9", "action": "delete", "attribute": None})
    with pytest.raises(PlanRefused):
        world.held(resigned(data))


def test_a_plan_expires(world: World) -> None:
    data = world.saved()
    world.held(data, now=NOW + datetime.timedelta(hours=23, minutes=59))
    with pytest.raises(PlanRefused, match="expired at 2026-03-02T12:00:00Z"):
        world.held(data, now=NOW + datetime.timedelta(hours=24))
    for bad in ("never", "", None, 5, "2026-03-02T12:00:00"):
        with pytest.raises(PlanRefused):
            world.held(resigned({**data, "expires_at": bad}))


def test_another_format_is_refused(world: World) -> None:
    with pytest.raises(PlanRefused, match="format 2"):
        world.held(resigned({**world.saved(), "format": 2}))


@pytest.mark.parametrize("number", [0, 1, 2, 3], ids=["vendor", "url", "organization", "runtime"])
def test_a_plan_for_another_vendor_url_or_organization_is_refused(world: World, number: int) -> None:
    data = world.saved()
    bound = world.bound()
    bound["accounts"]["lab"][number] = "other"
    with pytest.raises(PlanRefused, match="account lab was another cloud"):
        check(data, bound, now=NOW, key=None, partial=False)


def test_credentials_of_another_organization_are_another_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def world_of(organization: str | FleetformError) -> World:
        def own(_vendor: t.Any) -> str:
            seen.append(str(organization))
            if isinstance(organization, FleetformError):
                raise organization
            return organization

        monkeypatch.setattr(FakeVendor, "own_organization", own)
        return World(monkeypatch, ROWS, DECLARED)

    data = world_of("org-1").saved()
    assert data["bound"]["accounts"]["lab"][2] == "org-1"
    check(data, world_of("org-1").bound(), now=NOW, key=None, partial=False)
    with pytest.raises(PlanRefused, match="account lab was another cloud"):
        check(data, world_of("org-2").bound(), now=NOW, key=None, partial=False)
    broken = Forbidden("no", method="GET", path="/profile", status=403)
    with pytest.raises(PlanRefused, match="cannot be read now which organization account lab is of"):
        check(data, world_of(broken).bound(), now=NOW, key=None, partial=False)
    world = world_of("org-1")
    seen.clear()
    for _again in range(2):
        world.bound()
    assert seen == ["org-1"]
    world.vendor.settings = replace(world.vendor.settings, organization="org-9")
    assert world.bound()["accounts"]["lab"][2] == "org-9"


def test_an_account_that_is_not_there_any_more_is_another_cloud(world: World) -> None:
    with pytest.raises(PlanRefused, match="account lab was another cloud"):
        check(world.saved(), {**world.bound(), "accounts": {}}, now=NOW, key=None, partial=False)


def test_an_account_of_which_nothing_is_planned_may_change(world: World) -> None:
    bound = world.bound()
    bound["accounts"]["office"] = ["fake", "https://other.example", "", ""]
    check(world.saved(), bound, now=NOW, key=None, partial=False)


def test_a_rotated_credential_still_applies(world: World) -> None:
    data = world.saved()
    world.vendor.settings = replace(world.vendor.settings, token="another token")
    _held, report = world.apply(data)
    assert report.changed
    assert not report.failed


def test_a_rotated_secret_value_still_applies_and_the_new_one_is_sent(world: World) -> None:
    data = world.saved()
    world.declared[0]["metafields"] = {"Room": "2", "Pin": "newer"}
    held, _report = world.apply(data)
    assert held.skipped == {}
    assert world.cloud.rows["d1"]["metafields"]["Pin"] == "newer"


@pytest.mark.parametrize(
    "change", [{"name": "Other"}, {"protect": True}, {"metafields": {"Room": "3", "Pin": SECRET}}, {"purge_tags": True}]
)
def test_a_planned_device_that_is_declared_otherwise_is_refused(world: World, change: dict[str, t.Any]) -> None:
    data = world.saved()
    world.declared[0].update(change)
    with pytest.raises(PlanRefused, match="lab/S1 is declared otherwise"):
        world.held(data)
    assert world.sent == []


def test_a_planned_device_that_nobody_declares_any_more_is_refused(world: World) -> None:
    data = world.saved()
    del world.declared[1]
    with pytest.raises(PlanRefused, match="lab/S2 is declared otherwise"):
        world.held(data)


def test_a_device_that_was_not_planned_may_be_declared_otherwise(world: World) -> None:
    world.declared.append({"device_id": "d9", "serial": "S9", "name": "Cellar"})
    world.cloud.add(id="d9", serial="S9", name="Cellar")
    data = world.saved()
    world.declared[-1]["name"] = "Crypt"
    held, report = world.apply(data)
    assert held.skipped == {}
    assert not report.failed
    assert world.cloud.rows["d9"]["name"] == "Cellar"


def test_the_place_in_the_file_does_not_matter(world: World) -> None:
    data = world.saved()
    world.declared.reverse()
    assert world.held(data).skipped == {}


def test_changed_prune_scopes_are_refused(world: World) -> None:
    data = world.saved()
    world.prune = [Scope("lab", {"name": "x"}, "f:9")]
    with pytest.raises(PlanRefused, match="scopes of prune have changed"):
        world.held(data)


def pruning(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(monkeypatch, ROWS, [{"serial": "S1", "name": "Lobby"}])
    world.prune = [Scope("lab", {"organization.id": "org-home"}, "f:9")]
    return world


def test_pruned_devices_are_removed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = pruning(monkeypatch)
    data = world.saved()
    _held, report = world.apply(data)
    assert not report.failed
    assert set(world.cloud.rows) == {"d1"}
    held, report = world.apply(data)
    assert (sorted(held.already), held.skipped, report.results) == (["lab/d2", "lab/d3"], {}, ())


def test_a_device_to_prune_that_left_the_scope_is_not_taken_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = pruning(monkeypatch)
    data = world.saved()
    world.cloud.rows["d2"]["organization"] = BRANCH
    del world.cloud.rows["d3"]
    held, report = world.apply(data)
    assert (held.already, report.results) == (("lab/d3",), ())
    assert held.skipped == {"lab/d2": "it is not in the scope of prune any more, and Hall (id d2) is still there"}


def test_a_device_to_delete_that_is_called_otherwise_is_not_taken_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, ROWS, [{"name": "Hall", "state": "absent"}])
    data = world.saved()
    world.cloud.rows["d2"]["name"] = "Corridor"
    held, report = world.apply(data)
    assert (held.already, report.results) == ((), ())
    assert held.skipped == {"lab/Hall": "what is declared does not find it any more, and Corridor (id d2) is still there"}


def test_a_device_to_prune_that_cannot_be_looked_for_is_not_taken_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = pruning(monkeypatch)
    data = world.saved()
    del world.cloud.rows["d2"]
    fresh = world.fresh()
    world.fleet.forget()
    world.cloud.unreadable = Forbidden("no", method="GET", path="/devices", status=403)
    held = hold(data, fresh, world.fleet.plan)
    assert held.already == ()
    assert held.skipped["lab/d2"].startswith("it could not be looked for: ")


def forged(world: World, part: str, number: int, **values: t.Any) -> Data:
    """The plan with other values in one row, and a digest that fits them."""
    data = world.saved()
    (data[part][number] if isinstance(data[part], list) else data[part]).update(values)
    return resigned(data)


def test_a_plan_that_shows_less_than_it_does_is_refused(world: World) -> None:
    shown = {row["address"]: number for number, row in enumerate(world.saved()["devices"])}
    deleted, updated = shown["lab/S3"], shown["lab/S1"]
    for bad, words in (
        (forged(world, "devices", deleted, actions=["no-op"]), "lab/S3 is shown as no-op, and its changes are delete"),
        (forged(world, "devices", updated, actions=["no-op"]), "lab/S1 is shown as no-op, and its changes are update"),
        (forged(world, "devices", deleted, irreversible=False), "what cannot be undone"),
        (forged(world, "devices", deleted, name="Harmless"), "lab/S3 is shown as another device"),
        (forged(world, "devices", deleted, address="lab/S1"), "twice"),
        (forged(world, "devices", deleted, address="lab/S9"), "there are changes of lab/S3, and no such device"),
        (forged(world, "summary", 0, delete=0), "the summary says 0 delete, and there are 1"),
        (forged(world, "summary", 0, calls=0), "the summary says 0 calls"),
        (resigned({**world.saved(), "blocked": [{"address": "lab/S3", "reason": "x"}]}), "lab/S3 is shown as blocked"),
    ):
        with pytest.raises(PlanRefused, match="the plan contradicts itself: ") as refused:
            check_whole(bad)
        assert words in str(refused.value)


PARTS = ("tool_version", "created_at", "expires_at", "complete", "warnings", "errors", "blocked", "summary", "effort")


@pytest.mark.parametrize("name", [*PARTS, "devices", "changes", "bound", "files"])
@pytest.mark.parametrize("value", [None, 5, True, "text", [5], [None], [{}], {"x": 5}], ids=str)
def test_a_part_of_a_plan_that_has_another_shape_is_refused(world: World, name: str, value: t.Any) -> None:
    fits = {("tool_version", "text"), ("complete", "True"), ("warnings", "['text']"), ("bound", "{'x': 5}")}
    bad = resigned({**world.saved(), name: value})
    if (name, str(value)) in fits:
        check_whole(bad)
        return
    with pytest.raises(PlanRefused):
        check_whole(bad)


def test_a_device_to_prune_that_is_declared_by_now_is_left_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    world = pruning(monkeypatch)
    data = world.saved()
    world.declared.append({"serial": "S2", "name": "Hall", "protect": True})
    held, report = world.apply(data)
    assert held.skipped == {"lab/d2": "it is declared by now"}
    assert not report.failed
    assert set(world.cloud.rows) == {"d1", "d2"}


def test_unrelated_drift_applies(world: World) -> None:
    data = world.saved()
    world.cloud.rows["d1"]["contact"] = "somebody"
    world.cloud.rows["d1"]["metafields"]["Floor"] = "9"
    world.cloud.add(id="d8", serial="S8", name="Stranger")
    held, report = world.apply(data)
    assert held.skipped == {}
    assert not report.failed
    assert world.cloud.rows["d1"]["contact"] == "somebody"
    assert world.cloud.rows["d1"]["metafields"]["Floor"] == "9"


@pytest.mark.parametrize(
    ("drift", "word"),
    [
        ({"name": "Elsewhere"}, "name"),
        ({"tags": ["z"]}, "tags"),
        ({"metafields": {"Room": "7", "Pin": "old"}}, "metafields.Room"),
    ],
)
def test_related_drift_skips_that_device_alone(world: World, drift: dict[str, t.Any], word: str) -> None:
    data = world.saved()
    world.cloud.rows["d1"].update(drift)
    before = dict(world.cloud.rows["d1"])
    held, report = world.apply(data)
    assert list(held.skipped) == ["lab/S1"]
    assert held.skipped["lab/S1"].startswith(f"{word} has changed since the plan was made")
    assert not report.failed
    assert world.cloud.rows["d1"] == before
    assert world.cloud.rows["d2"]["contact"] == {"email": "ben@example.com"}
    assert "d3" not in world.cloud.rows


def test_what_somebody_has_done_already_is_left_and_the_rest_is_done(world: World) -> None:
    data = world.saved()
    world.cloud.rows["d1"]["name"] = "Foyer"
    held, report = world.apply(data)
    assert held.skipped == {}
    assert ("rename", "name") not in held.keep["lab/S1"]
    assert not report.failed
    assert world.cloud.rows["d1"]["tags"] == ["a", "b"]


def test_drift_that_comes_after_the_plan_and_is_not_in_it_is_not_repaired(world: World) -> None:
    data = world.saved()
    world.cloud.rows["d2"]["name"] = "Drifted"
    held, _report = world.apply(data)
    assert held.keep["lab/S2"] == {("set_contact", "contact")}
    assert world.cloud.rows["d2"]["name"] == "Drifted"


def test_a_device_that_went_away_is_skipped_and_not_made_anew(world: World) -> None:
    data = world.saved()
    world.declared[1]["model"] = "M1"
    data = world.saved()
    del world.cloud.rows["d2"]
    held, _report = world.apply(data)
    assert held.skipped == {"lab/S2": "the device is not there any more"}
    assert not [row for row in world.cloud.rows.values() if row["serial"] == "S2"]


def test_another_device_of_the_same_serial_number_is_skipped(world: World) -> None:
    data = world.saved()
    del world.cloud.rows["d2"]
    world.cloud.add(id="d7", serial="S2", name="Hall", contact={"email": "ann@example.com"})
    held = world.held(data)
    assert held.skipped == {"lab/S2": "it is another device by now: it had the id d2 and has d7"}


def test_a_device_that_cannot_be_planned_any_more_is_skipped_with_the_reason(world: World) -> None:
    data = world.saved()
    world.cloud.add(id="d7", serial="S2", name="Twin")
    held, report = world.apply(data)
    assert list(held.skipped) == ["lab/S2"]
    assert held.skipped["lab/S2"].startswith("it could not be planned again: ")
    assert not report.failed


def test_an_account_that_cannot_be_read_skips_all_of_its_devices(world: World) -> None:
    data = world.saved()
    world.cloud.unreadable = Forbidden("no", method="GET", path="/devices", status=403)
    held = world.held(data)
    assert set(held.skipped) == {"lab/S1", "lab/S2", "lab/S3", "lab/S4"}
    assert (held.keep, held.already) == ({}, ())


@pytest.mark.parametrize("boundary", range(8))
def test_after_a_crash_at_any_call_the_rest_is_done_and_nothing_twice(monkeypatch: pytest.MonkeyPatch, boundary: int) -> None:
    class Crash(Exception):
        pass

    whole = World(monkeypatch, ROWS, DECLARED)
    whole.apply(whole.saved())
    world = World(monkeypatch, ROWS, DECLARED)
    data = world.saved()
    sent = 0
    really = world.cloud.do

    def do(call: t.Any) -> t.Any:
        nonlocal sent
        if sent >= boundary:
            raise Crash
        sent += 1
        return really(call)

    monkeypatch.setattr(world.cloud, "do", do)
    with pytest.raises(Crash):
        world.apply(data)
    monkeypatch.setattr(world.cloud, "do", really)
    held, report = world.apply(data)
    assert held.skipped == {}
    assert not report.failed

    def by_serial(cloud: FakeCloud) -> list[dict[str, t.Any]]:
        return sorted(({**row, "id": "-"} for row in cloud.rows.values()), key=lambda row: str(row["serial"]))

    assert by_serial(world.cloud) == by_serial(whole.cloud)
    shown = sorted(json.dumps(call) for call in world.sent)
    assert len([call for call in shown if '"/devices"' in call]) == 1
    assert world.held(data).keep == {}


def test_after_a_crash_between_a_transfer_and_what_follows_the_rest_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = [{"serial": "S1", "transfer_to": BRANCH, "owner": "ben@example.com"}]
    world = World(monkeypatch, [{"id": "d1", "serial": "S1", "name": "x", "owner": "u1"}], declared)
    data = world.saved()
    world.cloud.rows["d1"].update(organization=BRANCH, owner=None)
    held, report = world.apply(data)
    assert held.skipped == {}
    assert not report.failed
    assert world.cloud.rows["d1"]["owner"] == "u2"


def test_after_a_crash_between_a_new_space_and_the_move_the_rest_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = [
        {"serial": "S1", "space": "Studio", "create_space": True},
        {"serial": "S2", "space": "Studio", "create_space": True},
    ]
    world = World(monkeypatch, ROWS[:2], declared, placing=True)
    data = world.saved()
    world.cloud.spaces["Studio"] = "s77"
    held, report = world.apply(data)
    assert held.skipped == {}
    assert not report.failed
    assert {row["space"] for row in world.cloud.rows.values()} == {"s77"}
    assert [path for _method, path, _body in world.sent if path == "/spaces"] == []


def test_a_call_to_another_path_is_no_call_for_a_new_id(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = [{"serial": "S1", "space": "Studio", "create_space": True}]
    world = World(monkeypatch, ROWS[:1], declared, placing=True)
    data = world.saved()
    (row,) = [row for row in data["changes"] if row["action"] == "move"]
    row["calls"][0]["path"] = "/elsewhere/{id}"
    with pytest.raises(PlanRefused, match="the calls in the plan"):
        world.held(resigned(data))


def test_an_incomplete_plan_needs_to_be_wanted(world: World) -> None:
    data = resigned({**world.saved(), "complete": False})
    with pytest.raises(PlanRefused, match="--partial"):
        world.held(data)
    assert world.held(data, partial=True).keep


def test_a_plan_of_what_is_declared_wrong_in_part_is_refused_whatever_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    here = World(monkeypatch, ROWS, (*DECLARED, {"serial": "S9", "name": "Nowhere"}))
    data = here.saved()
    assert [error["cause"] for error in data["errors"]] == ["declaration"]
    for partial in (False, True):
        with pytest.raises(PlanRefused, match="wrong in part; mend that and plan again"):
            here.held(data, partial=partial)


def test_a_signed_plan_is_held_to_its_key(world: World) -> None:
    data = world.saved("key")
    assert world.held(data, key="key").keep
    with pytest.raises(PlanRefused, match="not signed with FLEETFORM_PLAN_KEY"):
        world.held(data, key="other")
    with pytest.raises(PlanRefused, match="FLEETFORM_PLAN_KEY is not set"):
        world.held(data)
    with pytest.raises(PlanRefused, match="not signed"):
        world.held(world.saved(), key="key")


def test_who_does_not_know_the_key_can_change_nothing_of_a_signed_plan(world: World) -> None:
    data = world.saved("key")
    for name, value in (
        ("expires_at", "2099-01-01T00:00:00Z"),
        ("changes", data["changes"][:1]),
        ("complete", True),
        ("more", 1),
    ):
        changed = {**resigned({**copy.deepcopy(data), name: value}), "hmac": data["hmac"]}
        if changed["digest"] == data["digest"]:
            continue
        with pytest.raises(PlanRefused, match="not signed with|contradicts itself"):
            world.held(changed, key="key")
    for forged in (None, "", 5, "é", data["hmac"].upper()):
        with pytest.raises(PlanRefused):
            world.held({**data, "hmac": forged}, key="key")
