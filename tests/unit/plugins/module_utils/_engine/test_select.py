# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which devices somebody asked for, with the same words for every vendor."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.select import (
    check_query,
    group,
    matches,
    select,
    sort_term,
    within,
)

LOBBY = Device(
    "acme", id="1", name="Lobby sensor", serial="S1", mac="11:22:33:44:aa:01", tags=["blue", "new"], online=True,
    owner={"id": "7", "email": "ada@example.com", "name": "Ada"}, space={"id": "s1", "name": "Berlin", "path": "Wiz/Berlin"},
    metafields={"Floor": 3},
)  # fmt: skip
ROOM = Device(
    "acme", id="2", name="Room sensor", serial="S2", tags={"city": "Berlin", "floor": "3"}, online=False, archived=True,
    space={"id": "s2", "name": "Room 1", "path": "Wiz/Berlin/Room 1"}, subscriptions=[{"id": "u1", "key": "K1"}],
)  # fmt: skip
ROOF = Device(
    "acme",
    id="3",
    name="roof",
    serial="S3",
    space={"id": "s3", "name": "Berlin2", "path": "Wiz/Berlin2"},
    applications={"app": "ENABLED"},
)
ALL = [LOBBY, ROOM, ROOF]


def ids(devices: t.Iterable[Device]) -> list[str | None]:
    return [device.id for device in devices]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["1", "2", "3"]),
        ({"serial": "S2"}, ["2"]),
        ({"serial": ["S1", "S3"]}, ["1", "3"]),
        ({"serial": "S1", "name": "roof"}, []),
        ({"mac": "1122.3344.AA01"}, ["1"]),
        ({"id": 2}, ["2"]),
        ({"online": True}, ["1"]),
        ({"online": 1}, []),
        ({"owner": None}, ["2", "3"]),
        ({"tags": None}, ["3"]),
        ({"owner": "ada@example.com"}, ["1"]),
        ({"owner": 7}, ["1"]),
        ({"owner.name": "Ada"}, ["1"]),
        ({"owner": {"name": "Ada"}}, ["1"]),
        ({"owner": {"name": "Ada", "email": "eve@example.com"}}, []),
        ({"space": {"id": "s2"}}, ["2"]),
        ({"owner.phone": "1"}, []),
        ({"tags": "blue"}, ["1"]),
        ({"tags": "city"}, ["2"]),
        ({"tags": {"city": "Berlin"}}, ["2"]),
        ({"tags": {"city": None}}, ["2"]),
        ({"tags": {"city": "Bonn"}}, []),
        ({"tags": {"town": None}}, []),
        ({"tags.floor": 3}, ["2"]),
        ({"metafields": {"Floor": 3}}, ["1"]),
        ({"metafields.Floor": "3"}, ["1"]),
        ({"subscriptions": "K1"}, ["2"]),
        ({"subscriptions": "u1"}, ["2"]),
        ({"subscriptions": "K2"}, []),
        ({"applications": "app"}, ["3"]),
        ({"archived": True}, ["2"]),
        ({"space": "Wiz/Berlin"}, ["1", "2"]),
        ({"space": "Berlin2"}, ["3"]),
        ({"space": "s2"}, ["2"]),
    ],
)
def test_filters(filters: dict[str, t.Any], found: list[str]) -> None:
    assert ids(select(ALL, Query(filters=filters))) == found
    assert ids(device for device in ALL if matches(device, filters)) == found


def test_a_filter_on_something_that_no_device_has_names_the_nearest_field() -> None:
    with pytest.raises(DeclarationError, match="filters: a device has no field 'serail'; did you mean 'serial'"):
        select(ALL, Query(filters={"serail": "S1"}))
    with pytest.raises(DeclarationError, match="filters: a device has no field 'qqqq'$"):
        select(ALL, Query(filters={"qqqq": "S1"}))


def test_a_filter_that_nobody_knows_names_the_nearest_word_of_the_vendor_too() -> None:
    words = {"errorCode": "GET /devices errorCode", "serial": "GET /devices serial"}
    check_query(Query(filters={"errorCode": "x", "serial.part": "y"}), words)
    with pytest.raises(DeclarationError, match="filters: a device has no field 'errorcode'; did you mean 'errorCode'"):
        check_query(Query(filters={"errorcode": "x"}), words)
    with pytest.raises(DeclarationError, match="did you mean 'serial'"):
        check_query(Query(filters={"serail": "x"}), words)
    with pytest.raises(DeclarationError, match="sort: a device has no field 'errorCode'"):
        check_query(Query(sort=("errorCode",)), words)


@pytest.mark.parametrize(
    ("search", "found"),
    [("SENSOR", ["1", "2"]), ("s3", ["3"]), ("aa:01", ["1"]), ("2", ["1", "2"]), ("nowhere", [])],
)
def test_search_looks_into_name_and_identifiers_without_case(search: str, found: list[str]) -> None:
    assert ids(select(ALL, Query(search=search))) == found


def test_a_wildcard_is_no_wildcard() -> None:
    assert select(ALL, Query(search="L*y")) == []


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        (("name",), ["1", "2", "3"]),
        (("name desc",), ["3", "2", "1"]),
        (("serial DESC",), ["3", "2", "1"]),
        (("owner",), ["1", "2", "3"]),
        (("space desc",), ["3", "2", "1"]),
        (("online", "serial"), ["2", "1", "3"]),
        (("online desc",), ["1", "2", "3"]),
        (("mac",), ["1", "2", "3"]),
    ],
)
def test_sort(sort: tuple[str, ...], found: list[str]) -> None:
    assert ids(select(ALL, Query(sort=sort))) == found


def test_devices_without_the_field_come_last_in_either_direction() -> None:
    assert ids(select([ROOF, LOBBY], Query(sort=("mac desc",)))) == ["1", "3"]
    assert ids(select([ROOF, LOBBY], Query(sort=("mac",)))) == ["1", "3"]


def test_sorting_keeps_the_order_of_equals_in_either_direction() -> None:
    twins = [Device("acme", id=str(number), name="same", model="m") for number in range(4)]
    assert ids(select(twins, Query(sort=("name desc", "model")))) == ["0", "1", "2", "3"]


def test_limit_comes_after_filter_and_sort() -> None:
    assert ids(select(ALL, Query(sort=("serial desc",), limit=2))) == ["3", "2"]


@pytest.mark.parametrize("term", ["", "name up", "name desc really"])
def test_a_sort_term_that_makes_no_sense_is_refused(term: str) -> None:
    with pytest.raises(DeclarationError, match="is not a field, or a field followed by asc or desc"):
        sort_term(term)


def test_a_sort_term_is_field_and_direction() -> None:
    assert sort_term("name") == ("name", "asc")
    assert sort_term("name DESC") == ("name", "desc")
    with pytest.raises(DeclarationError, match="sort: a device has no field 'nmae'"):
        sort_term("nmae")


@pytest.mark.parametrize(
    ("field", "groups"),
    [
        ("online", [("false", 1), ("true", 1), (None, 1)]),
        ("tags", [("blue", 1), ("city=Berlin", 1), ("floor=3", 1), ("new", 1), (None, 1)]),
        ("owner", [("Ada", 1), (None, 2)]),
        ("subscriptions", [("K1", 1), (None, 2)]),
        ("vendor", [("acme", 3)]),
        ("metafields", [("Floor=3", 1), (None, 2)]),
    ],
)
def test_groups_are_sorted_by_key_with_null_at_the_end(field: str, groups: list[tuple[str | None, int]]) -> None:
    assert group(ALL, field) == [{"key": key, "count": count} for key, count in groups]


def test_an_empty_list_counts_as_null() -> None:
    assert group([Device("acme", tags=[]), Device("acme", tags={})], "tags") == [{"key": None, "count": 2}]


def test_grouping_by_an_unknown_field_is_refused() -> None:
    with pytest.raises(DeclarationError, match="group_by: a device has no field 'colour'"):
        group(ALL, "colour")


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("Wiz/Berlin", True),
        ("Wiz/Berlin/Room 1", True),
        ("Wiz/Berlin2", False),
        ("Wiz", False),
        ("wiz/berlin", False),
        (None, False),
    ],
)
def test_a_scope_means_whole_segments(path: str | None, inside: bool) -> None:
    assert within(path, "Wiz/Berlin") is inside


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (Query(serial=""), "serial is an empty string"),
        (Query(search=""), "search is an empty string"),
        (Query(limit=0), "limit must be at least 1"),
        (Query(limit=-1), "limit must be at least 1"),
        (Query(page_size=0), "page_size must be at least 1"),
        (Query(fields=("serail",)), "did you mean 'serial'"),
        (Query(sort=("serial sideways",)), "asc or desc"),
        (Query(group_by="modell"), "did you mean 'model'"),
    ],
)
def test_a_query_that_is_wrong_in_itself_is_refused(query: Query, words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        check_query(query)


def test_tag_keys_are_found_in_any_case_and_macs_without_separators() -> None:
    device = Device("acme", id="9", mac="aa:bb:cc:00:01:02", tags={"Site": "b"})
    assert select([device], Query(filters={"tags.SITE": "b"})) == [device]
    assert select([device], Query(filters={"tags": {"site": "b"}})) == [device]
    assert select([device], Query(filters={"tags.SITE": "c"})) == []
    assert select([device], Query(search="CC000102")) == [device]
    assert select([device], Query(search="cc-00-01-02")) == [device]
    assert select([device], Query(search="dd0001")) == []
