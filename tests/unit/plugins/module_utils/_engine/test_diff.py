# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When two values are the same, and how the places where they differ are shown."""

from __future__ import annotations

import sys
import typing as t

import deepdiff
import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.diff import nested, same, same_labels, same_reference


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (5, 5.0),
        ("a", "a"),
        (True, True),
        (None, ""),
        ("", []),
        ([], {}),
        ((), None),
        ([1, 2], [1.0, 2]),
        ([1], (1,)),
        ({"a": 1}, {"a": 1.0}),
        ({"a": 1, "b": None}, {"a": 1}),
        ({"a": {"b": ""}}, {"a": {}}),
    ],
)
def test_these_are_the_same(one: t.Any, other: t.Any) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (False, 0),
        (False, None),
        (0, None),
        (0, ""),
        ("5", 5),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, [1]),
        ("a", "A"),
    ],
)
def test_these_differ(one: t.Any, other: t.Any) -> None:
    assert not same(one, other)
    assert not same(other, one)


def test_references_are_compared_by_id_alone() -> None:
    assert same_reference({"id": "1", "name": "x"}, {"id": "1", "name": None})
    assert not same_reference({"id": "1"}, {"id": "2"})
    assert same_reference(None, {"id": None})
    assert same_reference({"id": ""}, None)
    assert not same_reference(None, {"id": "1"})


def test_labels_are_compared_without_their_order() -> None:
    assert same_labels(["a", "b"], ["b", "a"])
    assert same_labels(None, [])
    assert not same_labels(["a"], ["a", "b"])


def test_a_nested_difference_is_shown_by_path_in_order() -> None:
    rows = nested({"b": {"c": 1, "keep": 0}, "a": [1, 2]}, {"b": {"c": 2, "keep": 0}, "a": [1, 3]})
    assert rows == [{"path": "a.1", "before": 2, "after": 3}, {"path": "b.c", "before": 1, "after": 2}]


def test_what_came_or_went_shows_null_on_the_other_side() -> None:
    assert nested({"a": 1}, {"b": 2}) == [{"path": "a", "before": 1, "after": None}, {"path": "b", "before": None, "after": 2}]


@pytest.mark.parametrize(("one", "other"), [("a", "b"), (1, 2), (None, {"a": 1}), ({"a": 1}, ["a"])])
def test_scalars_and_unlike_kinds_have_no_detail(one: t.Any, other: t.Any) -> None:
    assert nested(one, other) == []


def test_without_deepdiff_there_is_no_detail_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deepdiff", None)
    assert nested({"a": 1}, {"a": 2}) == []


def test_deepdiff_is_never_asked_about_equal_values(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_args: t.Any, **_options: t.Any) -> t.NoReturn:
        raise AssertionError("deepdiff was asked")

    monkeypatch.setattr(deepdiff, "DeepDiff", never)
    assert same({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2.0}]})
