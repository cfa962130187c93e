# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fewer calls for the same changes."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, DevicePlan, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.steps import (
    batch_devices,
    combine_per_device,
    joined_step,
    merged,
    steps_for,
)


def change(address: str, attribute: str, *calls: Call) -> Change:
    return Change(address, "tag", attribute, None, "x", device_id=address, calls=calls)


def call(address: str, path: str = "/tags", *, stage: int = 0, body: t.Any = None) -> Call:
    return Call("PATCH", path, body=body, stage=stage, targets=(address,))


def single(address: str, path: str = "/tags", body: t.Any = None) -> Step:
    asked = call(address, path, body=body)
    return Step(asked, (change(address, path, asked),))


def plan(address: str, *changes: Change) -> DevicePlan:
    return DevicePlan(Declaration(name=address), None, None, changes)


class Merger:
    """Keeps what it was given, so that a test can look at it."""

    def __init__(self) -> None:
        self.groups: list[list[Step]] = []

    def merge(self, steps: t.Sequence[Step]) -> list[Step]:
        self.groups.append(list(steps))
        return list(steps)


def fold(calls: t.Sequence[Call]) -> Call:
    return replace(calls[0], body=[body for item in calls for body in item.body])


def test_every_call_of_every_change_becomes_a_step_ordered_by_stage_then_device() -> None:
    early, late = call("b", "/first"), call("b", "/last", stage=5)
    steps = steps_for(Merger(), [plan("b", change("b", "x", late, early)), plan("a", change("a", "y", call("a", "/first")))])
    assert [(step.call.path, step.addresses) for step in steps] == [("/first", ("a",)), ("/first", ("b",)), ("/last", ("b",))]


def test_only_steps_of_one_stage_are_offered_for_merging() -> None:
    merger = Merger()
    steps_for(merger, [plan("a", change("a", "x", call("a"), call("a", stage=1))), plan("b", change("b", "x", call("b")))])
    assert [[step.addresses[0] for step in group] for group in merger.groups] == [["a", "b"], ["a"]]


def test_the_calls_of_one_device_are_folded_into_one() -> None:
    steps = combine_per_device([single("a", body=[1]), single("b", body=[2]), single("a", body=[3])], fold)
    assert [(step.addresses, step.call.body) for step in steps] == [(("a",), [1, 3]), (("b",), [2])]
    assert len(steps[0].changes) == 2


def test_alike_calls_of_several_devices_are_joined_up_to_the_size() -> None:
    steps = batch_devices([single(name, body=[name]) for name in "abcde"], 2, lambda held: held.path, fold)
    assert [step.addresses for step in steps] == [("a", "b"), ("c", "d"), ("e",)]
    assert steps[0].call.body == ["a", "b"]
    assert [part.addresses for part in steps[0].parts] == [("a",), ("b",)]
    assert steps[2].parts == ()


def test_calls_that_are_not_alike_stay_apart() -> None:
    steps = batch_devices(
        [single("a", "/x", body=[1]), single("b", "/y", body=[2]), single("c", "/x", body=[3])], 9, lambda held: held.path, fold
    )
    assert [step.addresses for step in steps] == [("a", "c"), ("b",)]


def test_a_joined_step_carries_the_changes_of_its_parts() -> None:
    parts = [single("a", body=[1]), single("b", body=[2])]
    step = joined_step(parts, fold)
    assert step.changes == (*parts[0].changes, *parts[1].changes)
    assert step.parts == tuple(parts)


def making(address: str, made: str, stage: int = 0) -> DevicePlan:
    asked = Call("POST", "/spaces", body={"name": made}, stage=stage, targets=(address,), makes=f"space:{made}")
    return plan(address, Change(address, "create_space", None, None, {"space": made}, calls=(asked,)))


def test_what_several_devices_need_made_is_made_once_for_all_of_them() -> None:
    merger = Merger()
    steps = steps_for(merger, [making("b", "Hall"), making("c", "Roof"), making("a", "Hall")])
    assert [(step.addresses, step.call.body) for step in steps] == [
        (("a", "b"), {"name": "Hall"}),
        (("c",), {"name": "Roof"}),
    ]
    assert [change.address for change in steps[0].changes] == ["a", "b"]
    assert [part.addresses for part in steps[0].parts] == [("a",), ("b",)]
    assert steps[1].parts == ()
    assert merger.groups == []


def test_what_makes_something_comes_before_the_rest_of_its_stage_and_is_not_merged_by_the_vendor() -> None:
    merger = Merger()
    steps = steps_for(merger, [plan("a", change("a", "x", call("a", "/claim"))), making("b", "Hall"), making("c", "Hall")])
    assert [step.call.path for step in steps] == ["/spaces", "/claim"]
    assert [[step.addresses for step in group] for group in merger.groups] == [[("a",)]]


def test_of_a_step_that_makes_something_any_of_its_parts_will_do() -> None:
    (step,) = steps_for(Merger(), [making("a", "Hall"), making("b", "Hall"), making("c", "Hall")])
    (left,) = merged(Merger(), step.parts[1:])
    assert (left.addresses, left.call.makes, len(left.changes)) == (("b", "c"), "space:Hall", 2)
    assert merged(Merger(), step.parts[2:]) == [step.parts[2]]
    assert merged(Merger(), []) == []


def test_what_is_made_in_different_stages_stays_apart() -> None:
    steps = steps_for(Merger(), [making("a", "Hall", stage=1), making("b", "Hall")])
    assert [step.addresses for step in steps] == [("b",), ("a",)]
