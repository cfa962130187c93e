# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A request as data: ids that are filled in later, and how it is shown."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import AFTER_READING, ALWAYS, NEVER, Call, NewId

NEW = NewId("lab/S1")


@pytest.mark.parametrize(("repeat", "writes"), [(ALWAYS, False), (AFTER_READING, True), (NEVER, True)])
def test_whatever_may_not_simply_be_repeated_writes(repeat: str, writes: bool) -> None:
    assert Call("POST", "/x", repeat=repeat).writes is writes


def test_an_id_that_is_known_goes_into_the_path() -> None:
    call = Call("PATCH", "/devices/{id}/name", path_id="d1")
    assert call.filled({}).path == "/devices/d1/name"
    assert call.filled({}).path_id is None
    assert call.as_data() == {"method": "PATCH", "path": "/devices/d1/name"}


def test_an_id_that_comes_later_goes_into_path_query_and_body() -> None:
    call = Call("PATCH", "/devices/{id}", (("ids", [NEW, "d0"]), ("n", 1)), {"a": [{"b": NEW}], "c": (NEW, None)}, path_id=NEW)
    filled = call.filled({"lab/S1": "d7"})
    assert filled.path == "/devices/d7"
    assert filled.query == (("ids", ["d7", "d0"]), ("n", 1))
    assert filled.body == {"a": [{"b": "d7"}], "c": ["d7", None]}
    assert call.body["a"] == [{"b": NEW}]


@pytest.mark.parametrize(
    "call",
    [
        Call("PATCH", "/devices/{id}", path_id=NEW),
        Call("GET", "/devices", (("id", NEW),)),
        Call("POST", "/devices", body={"x": [NEW]}),
    ],
)
def test_an_id_that_is_not_known_yet_cannot_be_filled_in(call: Call) -> None:
    with pytest.raises(KeyError, match="lab/S1"):
        call.filled({"lab/S2": "d2"})


@pytest.mark.parametrize(
    ("made", "path"),
    [
        ("a/b?c#d", "/devices/a%2Fb%3Fc%23d/x"),
        ("ä é", "/devices/%C3%A4%20%C3%A9/x"),
        ("50%", "/devices/50%25/x"),
        ("{id}", "/devices/%7Bid%7D/x"),
        (42, "/devices/42/x"),
    ],
)
def test_an_id_is_percent_encoded_in_a_path_and_nowhere_else(made: t.Any, path: str) -> None:
    call = Call("PUT", "/devices/{id}/x", (("q", NEW),), {"b": NEW}, path_id=NEW).filled({"lab/S1": made})
    assert (call.path, call.query, call.body) == (path, (("q", made),), {"b": made})
    assert Call("PUT", "/devices/{id}/x", path_id=str(made)).as_data()["path"] == path


def test_filling_leaves_the_rest_of_a_call_as_it_is() -> None:
    call = Call(
        "PUT", "/a", pace="patch", repeat=NEVER, stage=3, targets=("x",), job=True, accept="text/xml", lane="l", makes="space:A"
    )
    assert call.filled({}) == call


def test_a_call_is_shown_as_plain_json_with_placeholders_for_ids_that_come_later() -> None:
    call = Call("PATCH", "/devices/{id}", (("ids", (NEW,)), ("n", 1)), {"a": [NEW], "b": {"c": (1, NEW)}}, path_id=NEW)
    data = call.as_data()
    later = {"id_of_new": "lab/S1"}
    assert data == {
        "method": "PATCH",
        "path": "/devices/{id}",
        "path_id": later,
        "query": [["ids", [later]], ["n", 1]],
        "body": {"a": [later], "b": {"c": [1, later]}},
    }
    assert json.loads(json.dumps(data)) == data


def test_a_call_without_query_and_body_shows_neither() -> None:
    assert Call("DELETE", "/devices/d1").as_data() == {"method": "DELETE", "path": "/devices/d1"}
    assert Call("PUT", "/x", body=[]).as_data()["body"] == []
