# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Xyte adapter without a network: pages, spaces, records and calls."""

from __future__ import annotations

import datetime
import json

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import AFTER_READING, NEVER, Answer, NewId
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    Ambiguous,
    BadAnswer,
    DeclarationError,
    Forbidden,
    Gone,
    IncompleteRead,
    NotFound,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.masking import Masker
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import account_settings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_calls import call_for
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_json import _device_from_json, base_info
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_listing import (
    DEVICES,
    INFO,
    SPACES,
    all_devices,
    listed,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_query import refuse_unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_spaces import Missing, Spaces
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.xyte import Xyte

ROW = {
    "id": "d1",
    "name": "Demo",
    "sn": "445454",
    "mac": "43:A9:00:56:00:01",
    "cloud_id": None,
    "status": "offline",
    "last_seen_at": "2023-03-12T10:19:56.274Z",
    "details": {"custom": "value"},
    "model": {"id": "m1", "name": "Display - Test Device", "sub_model": None},
    "firmware": {"version": "1.0.0"},
    "space": {"id": 17, "full_path": "Wiz/Berlin/Room #1"},
}


class FakeClient:
    """Answers GETs: a path to a body, an error, a list of bodies in order, or a function of the query. ``calls`` logs them."""

    crowd = 1

    def __init__(self, routes):
        self.routes = routes
        self.calls = []
        self.masker = Masker()

    def get(self, path, query=(), **_options):
        self.calls.append((path, dict(query)))
        found = self.routes[path]
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if callable(found):
            found = found(dict(query))
        if isinstance(found, Exception):
            raise found
        return Answer(200, found)

    def page(self, path, query=(), **options):
        return self.get(path, query, **options)

    def map(self, function, items):
        return [function(item) for item in items]


def rows(*numbers):
    return [{"id": f"d{number}"} for number in numbers]


def pages(*bodies):
    """A listing that answers page 1, 2, ... with these bodies."""
    return lambda query: bodies[query["page"] - 1] if query["page"] <= len(bodies) else {"items": [], "next_page": None}


def numbers(client, **options):
    return [row["id"] for row in listed(client, DEVICES, **options).rows]


# Pages


@pytest.mark.parametrize(
    "bodies",
    [
        [{"items": rows(1, 2), "next_page": 2}, {"items": rows(3), "next_page": None}],
        [{"items": rows(1, 2), "next_page": "2"}, {"items": rows(3), "next_page": None}],
        [{"items": rows(1, 2), "has_next_page": True}, {"items": rows(3), "has_next_page": False}],
        [
            {"items": rows(1, 2), "has_next_page": True, "next_page": 2},
            {"items": rows(3), "has_next_page": False, "next_page": None},
        ],
        [{"items": rows(1, 2), "has_next_page": True, "next_page": None}, {"items": rows(3), "has_next_page": False}],
        [{"items": rows(1, 2)}, {"items": rows(3)}],
        [{"items": rows(1, 2), "has_next_page": None}, {"items": rows(3), "has_next_page": None}],
        [{"items": rows(1, 2), "next_page": 2}, {"items": rows(2, 3), "next_page": None}],
    ],
    ids=["number", "text", "flag", "both", "flag beside null", "neither", "no flag", "a row that moved"],
)
def test_pages_of_either_style_are_read_to_the_end(bodies):
    client = FakeClient({DEVICES: pages(*bodies)})
    assert numbers(client, size=2) == ["d1", "d2", "d3"]
    assert [query for _path, query in client.calls] == [{"page": 1, "per_page": 2}, {"page": 2, "per_page": 2}]


def test_a_page_number_may_leave_some_out():
    client = FakeClient({DEVICES: lambda query: {"items": rows(query["page"]), "next_page": 7 if query["page"] == 1 else None}})
    assert numbers(client) == ["d1", "d7"]


@pytest.mark.parametrize("body", [{"items": rows(1), "next_page": 1}, {"items": rows(1), "next_page": 0}])
def test_a_page_number_that_does_not_grow_is_an_error(body):
    with pytest.raises(IncompleteRead):
        numbers(FakeClient({DEVICES: body}))


def test_a_listing_that_shows_the_same_page_for_ever_is_an_error():
    with pytest.raises(IncompleteRead):
        numbers(FakeClient({DEVICES: {"items": rows(1, 2), "has_next_page": True}}))


def test_an_empty_page_between_others_is_asked_for_again():
    first, last = {"items": rows(1), "next_page": 2}, {"items": rows(2), "next_page": None}
    client = FakeClient({DEVICES: [first, {"items": [], "next_page": None}, last]})
    assert numbers(client) == ["d1", "d2"]
    client = FakeClient({DEVICES: [{"items": [], "next_page": 2}, first, last]})
    assert numbers(client) == ["d1", "d2"]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [[]],
        {},
        {"items": None},
        {"items": ["d1"]},
        {"items": [{"name": "x"}]},
        {"items": [{"id": ""}]},
        {"items": rows(1), "next_page": "soon"},
        {"items": rows(1), "next_page": True},
        {"items": rows(1), "has_next_page": "yes"},
    ],
)
def test_what_is_no_page_is_a_bad_answer(body):
    with pytest.raises(BadAnswer):
        numbers(FakeClient({DEVICES: body}))


def test_as_many_pages_as_are_wanted():
    client = FakeClient({DEVICES: lambda query: {"items": rows(query["page"]), "next_page": query["page"] + 1}})
    assert listed(client, DEVICES, most=2).rows == rows(1, 2)
    assert len(client.calls) == 2


def test_who_is_missing_from_several_pages_is_looked_for_once_more_where_the_count_differs():
    skipped = [{"items": rows(1), "next_page": 2}, {"items": rows(3), "next_page": None}]
    whole = [{"items": rows(1, 2), "next_page": 2}, {"items": rows(3), "next_page": None}]
    client = FakeClient({DEVICES: [*skipped, *whole], INFO: {"statistics": {"devices": 3}}})
    assert all_devices(client, lambda found: {"id": "d2"} not in found).rows == rows(1, 2, 3)


@pytest.mark.parametrize(
    "info", [{"statistics": {"devices": 2}}, {"statistics": {"devices": 1}}, {}, [[]], Gone("no"), Forbidden("no")]
)
def test_a_count_that_agrees_lags_or_is_not_there_is_no_error(info):
    client = FakeClient({DEVICES: pages({"items": rows(1), "next_page": 2}, {"items": rows(2), "next_page": None}), INFO: info})
    found = all_devices(client, lambda _found: True)
    assert (found.rows, found.doubt) == (rows(1, 2), None)
    again = info == {"statistics": {"devices": 1}}
    assert len(client.calls) == (5 if again else 3)


def test_a_higher_count_than_the_listing_shows_twice_is_a_doubt_and_beside_no_rows_an_error():
    short = pages({"items": rows(1), "next_page": 2}, {"items": rows(2), "next_page": None})
    client = FakeClient({DEVICES: short, INFO: {"statistics": {"devices": 9}}})
    found = all_devices(client, lambda _found: True)
    assert (found.rows, found.doubt) == (rows(1, 2), "the organization counts 9 devices, and its listing shows 2")
    assert all_devices(client, lambda _found: False).doubt is None
    client = FakeClient({DEVICES: {"items": [], "next_page": None}, INFO: {"statistics": {"devices": 6}}})
    with pytest.raises(IncompleteRead, match="counts 6 devices, and its listing shows 0"):
        all_devices(client, lambda _found: True)
    client = FakeClient({DEVICES: {"items": [], "next_page": None}, INFO: {"statistics": {"devices": 0}}})
    assert all_devices(client, lambda _found: True).rows == []


def test_a_single_page_is_believed_unless_it_is_empty_or_full():
    client = FakeClient({DEVICES: {"items": rows(1), "next_page": None}})
    assert all_devices(client, lambda _found: True).rows == rows(1)
    assert len(client.calls) == 1
    client = FakeClient({DEVICES: [{"items": [], "next_page": None}, {"items": rows(1), "next_page": None}], INFO: Gone("no")})
    assert all_devices(client, lambda _found: True).rows == rows(1)
    for first in ([], rows(*range(100))):
        whole = [{"items": rows(*range(100)), "next_page": 2}, {"items": rows(100), "next_page": None}]
        client = FakeClient({DEVICES: [{"items": first, "next_page": None}, *whole], INFO: {"statistics": {"devices": 101}}})
        assert len(all_devices(client, lambda _found: True).rows) == 101


@pytest.mark.parametrize("path", [DEVICES, SPACES])
def test_an_empty_page_that_says_there_are_more_is_an_error(path):
    client = FakeClient({path: {"items": [], "has_next_page": True}})
    with pytest.raises(IncompleteRead, match="page 1 is empty and says that there are more"):
        listed(client, path)
    bodies = [{"items": rows(1), "next_page": 2}, {"items": [], "next_page": 3}, {"items": rows(3), "next_page": None}]
    with pytest.raises(IncompleteRead, match="page 2 is empty and says that there are more"):
        listed(FakeClient({path: pages(*bodies)}), path)


@pytest.mark.parametrize(
    ("count", "error"), [(1, None), (2, IncompleteRead), (Gone("no"), IncompleteRead)], ids=["agrees", "differs", "unknown"]
)
def test_a_promised_page_that_is_empty_is_the_end_only_where_the_count_says_so(count, error):
    info = count if isinstance(count, Exception) else {"statistics": {"devices": count}}
    bodies = [{"items": rows(1), "has_next_page": True}, {"items": [], "has_next_page": False}]
    client = FakeClient({DEVICES: pages(*bodies), INFO: info})
    if error is None:
        assert numbers(client) == ["d1"]
    else:
        with pytest.raises(error):
            numbers(client)
    with pytest.raises(IncompleteRead):
        listed(client, DEVICES, (("space_id", 1),))


def test_where_the_two_styles_contradict_each_other_the_next_page_is_looked_at():
    last = {"items": rows(3), "next_page": None, "has_next_page": False}
    client = FakeClient({DEVICES: pages({"items": rows(1, 2), "next_page": 2, "has_next_page": False}, last)})
    assert numbers(client) == ["d1", "d2", "d3"]
    bodies = ({"items": rows(1), "next_page": 2, "has_next_page": False}, {"items": [], "next_page": 3, "has_next_page": False})
    assert numbers(FakeClient({DEVICES: pages(*bodies)})) == ["d1"]


def test_a_listing_that_is_not_there_at_all_hints_at_the_address():
    with pytest.raises(Gone, match="`url` is the address that stands before"):
        numbers(FakeClient({DEVICES: Gone("no", status=404)}))


# Spaces

TREE = {
    1: ("Wiz", None),
    2: ("Berlin", 1),
    3: ("Room #1", 2),
    4: ("Hall A/B", 2),
    5: ("Hamburg", 1),
    6: ("Hall A", 2),
    7: ("B", 6),
    8: ("2024", 1),
    9: ("Twin", 5),
    10: ("Twin", 5),
}


def space_rows(tree):
    return [{"id": number, "name": name, "parent_id": parent, "config": {}} for number, (name, parent) in tree.items()]


def spaces(tree=None, size=100):
    """The directory over a tree in pages of ``size``, and its client."""

    def answer(query):
        found = space_rows(TREE if tree is None else tree)
        for name in ("id", "parent_id"):
            if name in query:
                found = [row for row in found if row[name] == query[name]]
        start = (query["page"] - 1) * size
        more = len(found) > start + size
        return {"items": found[start : start + size], "next_page": query["page"] + 1 if more else None}

    client = FakeClient({SPACES: answer})
    return Spaces(client), client


@pytest.mark.parametrize("size", [100, 3])
@pytest.mark.parametrize(
    ("text", "number", "path"),
    [
        ("Wiz", 1, "Wiz"),
        ("Wiz/Berlin/Room #1", 3, "Wiz/Berlin/Room #1"),
        ("Wiz/Hamburg", 5, "Wiz/Hamburg"),
        ("3", 3, "Wiz/Berlin/Room #1"),
        ("10", 10, "Wiz/Hamburg/Twin"),
        ("Wiz/2024", 8, "Wiz/2024"),
    ],
)
def test_a_space_is_found_by_id_or_full_path(text, number, path, size):
    found = spaces(size=size)[0].find(text)
    assert (found.id, found.path) == (number, path)
    assert found.record() == {"id": str(number), "name": found.name, "path": path}


@pytest.mark.parametrize("size", [100, 3])
@pytest.mark.parametrize(("text", "ids"), [("Wiz/Berlin/Hall A/B", "4, 7"), ("Wiz/Hamburg/Twin", "9, 10")])
def test_a_path_that_several_spaces_have_is_an_error_that_lists_the_ids(text, ids, size):
    with pytest.raises(Ambiguous, match=f"ids {ids}; use the id"):
        spaces(size=size)[0].find(text)


def test_a_space_whose_name_holds_a_slash_is_found_where_it_is_the_only_one():
    found = spaces({number: entry for number, entry in TREE.items() if number not in (6, 7)})[0].find("Wiz/Berlin/Hall A/B")
    assert found.id == 4


@pytest.mark.parametrize("size", [100, 3])
@pytest.mark.parametrize(
    ("text", "above", "below", "path"),
    [
        ("Wiz/Berlin/Room 9", 2, "Room 9", "Wiz/Berlin/Room 9"),
        ("Wiz/Berlin/Floor/Room", 2, "Floor/Room", "Wiz/Berlin/Floor/Room"),
        ("Wiz/Oslo", 1, "Oslo", "Wiz/Oslo"),
    ],
)
def test_what_is_missing_says_where_it_would_stand(text, above, below, path, size):
    found = spaces(size=size)[0].find(text)
    assert isinstance(found, Missing)
    assert (found.above.id, found.below, found.path) == (above, below, path)
    assert found.above.path in found.hint


@pytest.mark.parametrize("size", [100, 3])
@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Wiz/berlin/Room #1", "Wiz/Berlin"),
        ("Wiz/Berlin/room #1", "Wiz/Berlin/Room #1"),
        ("WIZ/Berlin", "Wiz"),
        ("Wiz/hamburg", "Wiz/Hamburg"),
    ],
)
def test_another_case_is_an_error_that_says_how_it_is_written(text, right, size):
    with pytest.raises(DeclarationError, match=f"there is '{right}'"):
        spaces(size=size)[0].find(text)


@pytest.mark.parametrize("size", [100, 3])
def test_an_unknown_id_is_an_error(size):
    with pytest.raises(NotFound, match="no space with the id 999"):
        spaces(size=size)[0].find("999")


@pytest.mark.parametrize("size", [100, 3])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Berlin/Room #1", "but there is 'Wiz/Berlin/Room #1'; write the full path"),
        ("Viz/Berlin", "every full path begins with 'Wiz'"),
        ("12 ", "every full path begins with 'Wiz'"),
    ],
)
def test_a_path_that_does_not_begin_at_the_root_is_an_error_and_nothing_is_made_of_it(text, words, size):
    with pytest.raises(NotFound, match=words):
        spaces(size=size)[0].find(text)


def test_a_number_that_is_an_id_and_the_name_of_a_root_is_an_error():
    with pytest.raises(Ambiguous, match="the name of a root"):
        spaces({20: ("8", None), **TREE})[0].find("8")
    assert spaces({20: ("77", None), **TREE})[0].find("77").id == 20


def test_a_small_tree_is_one_call_for_all():
    directory, client = spaces()
    directory.look_up({"Wiz/Berlin", "Wiz/Hamburg", "3", "Wiz/Berlin/Room #1", "Wiz/2024", "Wiz/Oslo"})
    for text in ("Wiz/Berlin", "Wiz/Hamburg", "3", "Wiz/Oslo"):
        directory.find(text)
    assert len(client.calls) == 1


def test_of_a_large_tree_only_the_way_down_is_read():
    many = {**TREE, **{number: (f"Room {number}", 5) for number in range(100, 1100)}}
    directory, client = spaces(many)
    directory.look_up({"Wiz/Berlin/Room #1"})
    assert directory.find("Wiz/Berlin/Room #1").id == 3
    assert [query.get("parent_id") for _path, query in client.calls] == [None, 1, 2]
    directory, client = spaces(many)
    directory.look_up({f"Wiz/Hamburg/Room {number}" for number in range(100, 110)})
    assert directory.find("Wiz/Hamburg/Room 109").id == 109
    assert len(client.calls) == 11


@pytest.mark.parametrize("error", [Gone("no such call", status=404), Forbidden("no", status=403)])
def test_where_spaces_cannot_be_read_an_id_is_taken_as_it_is(error):
    directory = Spaces(FakeClient({SPACES: error}))
    assert directory.find("17").record() == {"id": "17", "name": None, "path": None}
    with pytest.raises(NotFound, match="declare the id"):
        directory.find("Wiz/Berlin")


def test_without_any_visible_space_nothing_is_made():
    with pytest.raises(NotFound, match="see no space"):
        spaces({})[0].find("Wiz/Berlin")


def rootless(**shown):
    """The tree without its root; ``shown`` is what every space shows beside its name."""
    listing = [row for row in space_rows(TREE) if row["parent_id"] is not None]
    paths = {2: "Wiz/Berlin", 3: "Wiz/Berlin/Room #1", 5: "Wiz/Hamburg"}
    if shown.get("paths"):
        listing = [{**row, "full_path": paths.get(row["id"])} for row in listing]
    client = FakeClient({SPACES: {"items": listing, "next_page": None}})
    return Spaces(client, {3: paths[3], 9: "Wiz/Hamburg/Twin", 8: "Wiz/2024"} if shown.get("devices") else None)


@pytest.mark.parametrize("shown", [{"paths": True}, {"devices": True}], ids=["by the listing", "by devices"])
def test_where_the_root_is_not_shown_full_paths_tell_its_name(shown):
    for text in ("Wiz/Berlin/Room #1", "3"):
        found = rootless(**shown).find(text)
        assert (found.id, found.path) == (3, "Wiz/Berlin/Room #1")
    assert rootless(**shown).find("1").record() == {"id": "1", "name": "Wiz", "path": "Wiz"}
    for text, above, below in [("Wiz/Berlin/Room 9", 2, "Room 9"), ("Wiz/Oslo/Room", 1, "Oslo/Room")]:
        missing = rootless(**shown).find(text)
        assert (missing.above.id, missing.below, missing.path) == (above, below, text)
    with pytest.raises(NotFound, match="write the full path"):
        rootless(**shown).find("Berlin")


def test_of_a_tree_of_which_only_a_branch_is_shown_paths_begin_above_the_branch():
    listing = [{"id": 3, "name": "Room #1", "parent_id": 2, "full_path": "Wiz/Berlin/Room #1"}]
    directory = Spaces(FakeClient({SPACES: {"items": listing, "next_page": None}}))
    assert directory.find("Wiz/Berlin/Room #1").id == 3
    assert directory.find("Wiz/Berlin/Room 9").above.id == 2
    with pytest.raises(NotFound, match="begins with 'Wiz/Berlin'"):
        directory.find("Wiz/Oslo")


@pytest.mark.parametrize("text", ["Wiz/Berlin/Room #1", "Wiz/Berlin/Room 9", "Berlin/Room 9"])
def test_where_no_full_path_is_known_no_path_is_believed(text):
    with pytest.raises(NotFound, match="write the id instead"):
        rootless().find(text)
    assert rootless().find("3").id == 3


@pytest.mark.parametrize("parent", [None, 0])
def test_a_root_may_say_in_several_ways_that_nothing_is_above_it(parent):
    found = Spaces(FakeClient({SPACES: {"items": space_rows({**TREE, 1: ("Wiz", parent)}), "next_page": None}})).find("Wiz/Oslo")
    assert (found.above.id, found.below) == (1, "Oslo")


def test_what_could_be_made_in_several_places_is_an_error():
    with pytest.raises(Ambiguous, match="with id 10 or 'Wiz/Hamburg/Twin' with id 9"):
        spaces()[0].find("Wiz/Hamburg/Twin/Room")


@pytest.mark.parametrize("text", ["Wiz/Neu", "Wiz/Neu/Room", "Wiz/neu/room"])
def test_one_new_space_in_two_spellings_is_an_error(text):
    directory = spaces()[0]
    directory.find("Wiz/neu/Room")
    with pytest.raises(DeclarationError, match="write both alike"):
        directory.find(text)


def test_below_several_roots_a_path_begins_with_one_of_them():
    directory = spaces({**TREE, 20: ("Other", None)})[0]
    assert directory.find("Other/Oslo").above.id == 20
    with pytest.raises(NotFound, match="begins with 'Other' or 'Wiz'"):
        directory.find("Oslo")


def test_what_begins_with_the_root_is_a_full_path_and_nothing_else():
    twice = {1: ("Wiz", None), 2: ("Wiz", 1), 3: ("Berlin", 2)}
    assert isinstance(spaces(twice)[0].find("Wiz/Berlin"), Missing)
    assert spaces(twice)[0].find("Wiz/Wiz/Berlin").id == 3


# Records


def test_the_record_of_the_documented_device():
    record = _device_from_json(ROW, account="av", path=DEVICES, raw=True).record()
    assert {name: value for name, value in record.items() if value is not None} == {
        "vendor": "xyte",
        "account": "av",
        "id": "d1",
        "name": "Demo",
        "serial": "445454",
        "mac": "43:a9:00:56:00:01",
        "model": "Display - Test Device",
        "status": "offline",
        "online": False,
        "last_seen": "2023-03-12T10:19:56.274Z",
        "firmware": "1.0.0",
        "space": {"id": "17", "name": "Room #1", "path": "Wiz/Berlin/Room #1"},
        "raw": ROW,
    }


@pytest.mark.parametrize(
    ("status", "online"), [("online", True), ("error", True), ("offline", False), (None, None), ("strange", None), (7, None)]
)
def test_online_follows_from_the_status(status, online):
    assert _device_from_json({**ROW, "status": status}, account=None, path=DEVICES).online is online


@pytest.mark.parametrize(
    ("seen", "shown"),
    [
        ("2023-03-12T11:19:56+01:00", "2023-03-12T10:19:56Z"),
        ("2023-03-12T10:19:56", "2023-03-12T10:19:56Z"),
        ("never", None),
        (5, None),
    ],
)
def test_times_are_in_utc(seen, shown):
    assert _device_from_json({**ROW, "last_seen_at": seen}, account=None, path=DEVICES).last_seen == shown


def test_a_device_that_shows_next_to_nothing_is_one_all_the_same():
    device = _device_from_json({"id": "d1", "model": None, "space": None, "mac": ""}, account=None, path=DEVICES)
    assert (device.id, device.name, device.mac, device.space) == ("d1", None, None, None)


def test_passwords_and_tokens_are_in_neither_raw_nor_base_info():
    row = {
        **ROW,
        "custom_parameters": {"User name": "admin", "Admin Password": "*****", "API-Key": "x"},
        "state": {"wifi": [{"passphrase": "canary", "ssid": "Guests"}]},
        "details": {"web_password": "canary", "accessToken": "canary"},
    }
    raw = _device_from_json(row, account=None, path=DEVICES, raw=True).raw
    assert "canary" not in json.dumps([raw, base_info(row)])
    assert base_info(row)["custom_parameters"] == {"User name": "admin"}
    assert base_info(row)["state"] == {"wifi": [{"ssid": "Guests"}]}


# Calls


def change(action, after, **more):
    return Change("lab/x", action, None, None, after, **more)


def test_a_claim_holds_one_set_of_identifiers_only():
    both = {"serial": "S1", "mac": "00:11:22:33:44:55", "cloud_id": "c-1", "name": "N", "space": {"id": "17"}}
    call = call_for(change("claim", both, ids={"space_id": 17}))
    assert (call.method, call.path, call.repeat) == ("POST", f"{DEVICES}/claim", NEVER)
    assert call.body == {"cloud_id": "c-1", "name": "N", "space_id": 17}
    assert call_for(change("claim", {"serial": "S1", "mac": "00:11:22:33:44:55"})).body == {
        "sn": "S1",
        "mac": "00:11:22:33:44:55",
    }


def test_every_change_has_its_call():
    calls = {
        "rename": ("PATCH", f"{DEVICES}/a%2Fb", {"name": "N"}, AFTER_READING),
        "move": ("POST", f"{DEVICES}/a%2Fb/move", {"space_id": 17}, AFTER_READING),
        "set_metafield": ("PATCH", f"{DEVICES}/a%2Fb", {"configuration": {}}, NEVER),
        "delete": ("DELETE", f"{DEVICES}/a%2Fb", None, AFTER_READING),
    }
    after = {"rename": "N", "move": {"id": "17"}, "set_metafield": {}, "delete": None}
    for action, expected in calls.items():
        call = call_for(change(action, after[action], device_id="a/b", ids={"space_id": 17})).filled({})
        assert (call.method, call.path, call.body, call.repeat) == expected
    with pytest.raises(Unsupported):
        call_for(change("tag", []))


def test_what_is_made_first_is_named_in_what_comes_after():
    path = "Wiz/Berlin/New"
    made = call_for(change("create_space", {"space": path}, ids={"parent_id": 2, "name": "New"}))
    assert (made.makes, made.lane, made.body) == (f"space:{path}", "spaces", {"parent_id": 2, "name": "New"})
    claimed = call_for(change("claim", {"cloud_id": "c", "space": {"id": None, "path": path}}))
    assert claimed.body["space_id"] == NewId(made.makes)
    configured = call_for(change("set_metafield", {"a": {}}))
    assert configured.path_id == NewId("lab/x")
    higher = call_for(change("create_space", {"space": "Wiz/Berlin"}, ids={"name": "Berlin"}))
    assert higher.stage < made.stage < claimed.stage < configured.stage


# What is refused without a call


def vendor():
    options = {"vendor": "xyte", "url": "http://127.0.0.1:9", "token": "key"}
    return Xyte(account_settings(options, name="lab", vendor_facts=Xyte.FACTS, environ={}))


def test_the_key_stands_bare_in_the_header():
    held = vendor()
    assert held.auth(held.settings).authorization(lambda request: Answer(200)) == "key"


def test_the_key_of_the_vendors_own_tools_is_used_on_its_own_host_only():
    environ = {"XYTE_ORG_API_KEY": "from-there"}
    facts = Xyte.FACTS
    assert account_settings({"vendor": "xyte"}, name=None, vendor_facts=facts, environ=environ).token == "from-there"
    with pytest.raises(Exception, match="credentials for xyte are missing"):
        account_settings({"vendor": "xyte", "url": "http://127.0.0.1:9"}, name=None, vendor_facts=facts, environ=environ)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"space": ""}, "Unsorted"),
        ({"space": "Wiz//Berlin"}, "single slashes"),
        ({"space": "/Wiz"}, "single slashes"),
        ({"device_type": "COMPUTE"}, "the model"),
        ({"absent_metafields": ["a"]}, "complete"),
        ({"device_id": ".."}, "not the id of a device"),
        ({"device_id": "claim"}, "not the id of a device"),
        ({"metafields": {"a": {"since": datetime.date(2026, 1, 1)}}}, "metafields.a.since is a date"),
        ({"metafields": {"a": {5: "x"}}}, "quote it"),
        ({"metafields": {"a": [float("nan")]}}, "no number"),
        ({"metafields": {}, "state_path": "xyte.json"}, "absolute path"),
    ],
)
def test_what_is_wrong_in_itself_is_refused_without_a_call(declared, words):
    with pytest.raises(DeclarationError, match=words):
        vendor().check(Declaration(**{"serial": "S1", **declared}))


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"serial": "S1"}, "`mac`"),
        ({"mac": "00:11:22:33:44:55"}, "`serial`"),
        ({"name": "Lobby"}, "`cloud_id`, or `serial` and `mac`"),
        ({"device_id": "d1", "cloud_id": "c"}, "leave it out"),
        ({"serial": "S1", "mac": "00:11:22:33:44:55"}, None),
        ({"cloud_id": "c"}, None),
        ({"cloud_id": "c", "serial": "S1"}, None),
    ],
)
def test_what_a_claim_lacks_is_said(declared, words):
    refusal = vendor().claim_refusal(Declaration(**declared))
    assert refusal is None if words is None else words in str(refusal)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"page_size": 101}, "1 to 100"),
        ({"vendor_filter": "x"}, "vendor_filter"),
        ({"owner_email": "a@example.com"}, "owner_email"),
        ({"activated_within": 5}, "last_seen"),
        ({"include_sub_organizations": True}, "an account for each"),
        ({"gather": frozenset({"tags"})}, "base_info"),
        ({"filters": {"tags": "x"}}, "cannot filter by tags"),
        ({"device_id": "histories"}, "not the id"),
    ],
)
def test_a_reading_option_that_xyte_does_not_have_is_refused_without_a_call(query, words):
    with pytest.raises(DeclarationError, match=words):
        refuse_unsupported(Query(**query))
