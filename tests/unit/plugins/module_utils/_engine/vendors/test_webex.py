# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pure parts of the Webex adapter: ids, links, records, value spaces, tags, calls, what a declaration can create."""

from __future__ import annotations

import base64
import json
import typing as t
from urllib.parse import parse_qsl, urlsplit

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    BadAnswer,
    DeclarationError,
    Gone,
    IncompleteRead,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.exchange import Request, Response
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import account_settings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_calls import renamed, tag_operation
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_configurations import (
    Configuration,
    configurations_from_json,
    fitting,
    not_in_effect,
    wanted_values,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_declared import (
    claim_refusal,
    claims_phone,
    is_room_device,
    problem,
    refuse_personal,
    waits_for,
    wanted_tags,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_finding import Finder, Sought, shows_others
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import (
    MADE_UP_DEVICE,
    decoded,
    device_from_json,
    id_key,
    mac_forms,
    same_id,
    same_place,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_paging import next_link
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_query import fits, parameters
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.webex import Webex
from tests.unit.plugins.module_utils._engine.wire import URL, FakeTransport, answer, client

UUID = "5101b07b-4f8f-4ef7-b565-db19c7b723f7"
SEED = json.loads("""{
  "id": "Y2lzY29zcGFyazovL3VybjpURUFNOnVzLWVhc3QtMV9pbnQxMy9ERVZJQ0UvNTEwMUIwN0ItNEY4Ri00RUY3LUI1NjUtREIxOUM3QjcyM0Y3",
  "displayName": "SFO12-3-PanHandle",
  "placeId": "Y2lzY29zcGFyazovL3VzL1BFT1BMRS83MTZlOWQxYy1jYTQ0LTRmZWQtOGZjYS05ZGY0YjRmNDE3ZjU",
  "workspaceId": "Y2lzY29zcGFyazovL3VzL1BFT1BMRS83MTZlOWQxYy1jYTQ0LTRmZWQtOGZjYS05ZGY0YjRmNDE3ZjU",
  "personId": "Y2lzY29zcGFyazovL3VzL1BFT1BMRS83MTZlOWQxYy1jYTQ0LTRmZWQtOGZjYS05ZGY0YjRmNDE3ZjU",
  "orgId": "Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi85NmFiYzJhYS0zZGNjLTExZTUtYTE1Mi1mZTM0ODE5Y2RjOWE",
  "capabilities": [{}], "permissions": [{}], "connectionStatus": "connected", "product": "Cisco Webex DX80",
  "type": "roomdesk", "tags": ["First Tag", "Second Tag"], "ip": "100.110.120.130", "activeInterface": "wired",
  "mac": "11:22:33:44:AA:FF", "serial": "FOC1923NVVN", "software": "RoomOS 2018-06-01 608dcdbb6e1",
  "upgradeChannel": "beta", "created": "2016-04-21T17:00:00.000Z", "errorCodes": ["sipprofileregistration"],
  "firstSeen": "2021-02-24T09:08:38.822Z", "lastSeen": "2023-08-15T14:04:00.444Z", "managedBy": "CISCO",
  "devicePlatform": "cisco"
}""")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def vendor() -> Webex:
    options = {"vendor": "webex", "token": "t"}
    return Webex(account_settings(options, name=None, vendor_facts=Webex.FACTS, environ={}))


# Ids


@pytest.mark.parametrize(
    "other",
    [
        encoded(f"ciscospark://us/DEVICE/{UUID}"),
        encoded(f"ciscospark://us/DEVICE/{UUID}").rstrip("="),
        encoded(f"ciscospark://urn:TEAM:eu-central-1_k/DEVICE/{UUID.upper()}"),
        base64.urlsafe_b64encode(f"ciscospark://us/DEVICE/{UUID}".encode()).decode(),
    ],
)
def test_ids_compare_by_type_and_uuid(other: str) -> None:
    assert same_id(SEED["id"], other)
    assert id_key(other) == f"DEVICE/{UUID}"


def test_ids_of_other_things_differ_and_strange_texts_are_their_own_keys() -> None:
    assert not same_id(SEED["id"], encoded(f"ciscospark://us/PEOPLE/{UUID}"))
    assert same_id(encoded(f"ciscospark://us/PLACE/{UUID}"), encoded(f"ciscospark://us/PLACES/{UUID}"))
    for text in ("", "Lobby", "a b", "\ud800", "==", "Y2lz", encoded("https://example.com/DEVICE/1")):
        assert decoded(text) is None
        assert id_key(text) == text
    assert decoded(MADE_UP_DEVICE) is not None


def test_a_place_that_is_still_to_be_made_is_told_by_its_name() -> None:
    assert same_place({"id": SEED["workspaceId"]}, {"id": SEED["workspaceId"] + "=="})
    assert not same_place({"id": "a", "name": "Lobby"}, {"id": None, "name": "Hall"})
    assert same_place({"id": "a", "name": "Hall"}, {"id": None, "name": "Hall"})
    assert not same_place(None, {"id": None, "name": "Hall"})
    assert same_place(None, None)


# Links


@pytest.mark.parametrize(
    ("header", "link"),
    [
        (None, None),
        ("", None),
        ('<https://a/v1/devices?start=2>; rel="next"', "https://a/v1/devices?start=2"),
        ("<https://a/?b=1,2>; rel=next", "https://a/?b=1,2"),
        ('<https://a/1>; rel="first", <https://a/2>; title="x, y"; REL="prev next"', "https://a/2"),
        ('<https://a/1>; rel="prev"', None),
        ('<https://a/1>; rel="nextish"', None),
        ("nonsense", None),
    ],
)
def test_only_the_relation_next_leads_on(header: str | None, link: str | None) -> None:
    assert next_link(header) == link


# Records


def test_the_seeds_device_becomes_a_record() -> None:
    device = device_from_json(SEED, account="lab", include_raw=True)
    record = device.record()
    assert record["mac"] == "11:22:33:44:aa:ff"
    assert (record["model"], record["firmware"]) == ("Cisco Webex DX80", "RoomOS 2018-06-01 608dcdbb6e1")
    assert (record["online"], record["tags"]) == (True, ["First Tag", "Second Tag"])
    assert record["raw"] == SEED


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"id": None, "tags": None, "mac": None},
        {"id": 5, "tags": "one", "serial": 12, "displayName": ["x"]},
        {"tags": [{}, "a", "a", None], "connectionStatus": "brand_new", "plannedMaintenance": {"mode": "off"}},
        {"workspaceId": {}, "personId": False, "orgId": 0.5, "unknown": object()},
    ],
)
def test_no_property_is_taken_for_granted(row: dict[str, t.Any]) -> None:
    device = device_from_json(row)
    assert device.online is None
    assert (device.tags is None) == (row.get("tags") is None)
    assert device.space is None
    assert not shows_others([row])


def test_a_listing_shows_others_where_a_device_is_shared_or_people_differ() -> None:
    ada, jonas = encoded("ciscospark://us/PEOPLE/1"), encoded("ciscospark://us/PEOPLE/2")
    assert not shows_others([])
    assert not shows_others([{"personId": ada}, {"personId": ada.rstrip("=")}, SEED | {"personId": ada}])
    assert shows_others([{"personId": ada}, {"personId": jonas}])
    assert shows_others([{"workspaceId": "x"}])


def test_macs_are_asked_for_in_both_forms() -> None:
    assert mac_forms("11-22-33-44-aa-ff", phone=False) == ("11:22:33:44:AA:FF", "11223344AAFF")
    assert mac_forms("11:22:33:44:aa:ff", phone=True)[0] == "11223344AAFF"


def test_what_is_sought_is_open_until_each_identifier_was_seen_or_contradicted() -> None:
    item = Sought({"serial": "S", "mac": "11:22:33:44:aa:ff"})
    assert item.open_in([]) == ["serial", "mac"]
    assert item.open_in([{"serial": "S"}]) == ["mac"]
    assert item.open_in([{"serial": "S", "mac": "000000000000"}]) == []
    assert item.is_row({"serial": "S", "mac": "11223344AAFF"})


# Filters


def test_a_filter_is_sent_only_where_the_list_means_the_same_by_it() -> None:
    def asked(**filters: t.Any) -> dict[str, t.Any]:
        return dict(parameters(Query(filters=filters), [], []))

    assert asked(status="connected", device_type="phone") == {"connectionStatus": "connected", "type": "phone"}
    assert asked(status="pending", device_type="anything") == {}
    assert asked(status=["connected", "unknown"]) == {}
    assert asked(tags="a,b") == {}
    assert asked(tags=["a"]) == {"tag": "a"}
    assert asked(product="DX-80", errorCode=["x"]) == {"product": "DX-80", "errorCode": "x"}
    assert parameters(Query(filters={"tag": ["a", "b,c"]}), [], []) == (("tag", "a"), ("tag", "b"), ("tag", "c"))


def test_rows_are_held_against_the_vendors_own_words() -> None:
    assert fits(SEED, {"product": "DX-80", "errorCode": "sipprofileregistration", "devicePlatform": "cisco"})
    assert fits(SEED, {"upgradeChannel": ["beta", "stable"], "tag": ["First Tag"]})
    assert not fits(SEED, {"upgradeChannel": "stable"})
    assert not fits(SEED, {"tag": ["First Tag", "Third Tag"]})
    assert not fits({**SEED, "plannedMaintenance": {"mode": "off"}}, {"plannedMaintenance": "on"})


# Tags


@pytest.mark.parametrize(
    ("declared", "after"),
    [
        ({"tags": ["b", "c"]}, ["a", "b", "c"]),
        ({"tags": ["b", "c"], "purge_tags": True}, ["b", "c"]),
        ({"tags": [], "purge_tags": True}, []),
        ({"tags": []}, ["a", "b"]),
    ],
)
def test_declared_tags_are_merged_with_those_that_are_there(declared: dict[str, t.Any], after: list[str]) -> None:
    observed = device_from_json({"id": "1", "tags": ["a", "b"]})
    assert wanted_tags(declaration_from({"serial": "S", **declared}), observed) == after


def test_named_tags_go_away_alone() -> None:
    observed = device_from_json({"id": "1", "tags": ["a", "b"]})
    assert wanted_tags(Declaration(serial="S", absent_tags={"a": None, "z": None}), observed) == ["b"]


def test_remove_is_used_to_empty_all_and_never_names_a_tag() -> None:
    assert tag_operation(["a"], ["a", "b"]) == {"op": "add", "path": "tags", "value": ["b"]}
    assert tag_operation(None, ["b"]) == {"op": "add", "path": "tags", "value": ["b"]}
    assert tag_operation(["a", "b"], ["b"]) == {"op": "replace", "path": "tags", "value": ["b"]}
    assert tag_operation(["a", "b"], []) == {"op": "remove", "path": "tags"}


# Configurations


def item(space: dict[str, t.Any] | None, value: t.Any = None) -> Configuration:
    return Configuration("Some.Key", value, space=space)


@pytest.mark.parametrize(
    ("space", "declared", "sent"),
    [
        ({"type": "integer", "minimum": 0, "maximum": 90}, "40", 40),
        ({"type": "integer"}, 4.0, 4),
        ({"type": "number"}, "0.5", 0.5),
        ({"type": "boolean"}, "true", True),
        ({"type": "string"}, 4400, "4400"),
        ({"type": "string", "enum": ["On", "Off"]}, True, "On"),
        ({"type": "string", "enum": ["Auto", "True", "False"]}, False, "False"),
        ({"type": "string", "enum": ["24", "12"]}, 24, "24"),
        ({"enum": [1, 2]}, "2", 2),
        ({"type": ["string", "integer"]}, "5", "5"),
        ({"type": ["string", "null"], "maxLength": 3}, "abc", "abc"),
        ({"type": "string", "pattern": "^[a-z]+$"}, "abc", "abc"),
        ({"type": "string", "pattern": "(?<broken"}, "abc", "abc"),
        (None, "anything", "anything"),
        ({"type": "mystery"}, 5, 5),
    ],
)
def test_a_value_takes_the_form_of_its_value_space(space: dict[str, t.Any] | None, declared: t.Any, sent: t.Any) -> None:
    value = fitting(item(space), declared)
    assert (value, type(value)) == (sent, type(sent))


@pytest.mark.parametrize(
    ("space", "declared", "words"),
    [
        ({"type": "integer", "minimum": 0, "maximum": 90}, 91, "must be 0 to 90"),
        ({"type": "integer", "minimum": "0", "maximum": "90"}, -1, "must be 0 to 90"),
        ({"type": "integer"}, True, "a whole number"),
        ({"type": "integer"}, "4.5", "a whole number"),
        ({"type": "number"}, float("nan"), "no number"),
        ({"type": "boolean"}, "yes", "true or false"),
        ({"type": "string", "enum": ["On", "Off", "True"]}, True, "one of 'On', 'Off', 'True'"),
        ({"type": "string", "enum": ["On", "Off"]}, "on", "one of 'On', 'Off'"),
        ({"type": "string", "maxLength": 2}, "abc", "at most 2 characters, and has 3"),
        ({"type": "string", "pattern": "^[a-z]+$"}, "A", "fit the pattern"),
        ({"type": "string"}, ["a"], "a single value"),
    ],
)
def test_a_value_outside_its_value_space_is_refused_with_what_is_allowed(
    space: dict[str, t.Any], declared: t.Any, words: str
) -> None:
    with pytest.raises(DeclarationError, match="Some.Key") as caught:
        fitting(item(space), declared)
    assert words in str(caught.value)
    with pytest.raises(DeclarationError) as caught:
        fitting(item(space), declared, secret=True)
    assert "(hidden) does not fit" in str(caught.value)


def configuration(value: t.Any, source: str, default: t.Any, **editability: t.Any) -> dict[str, t.Any]:
    configured = value if source == "configured" else None
    sources = {"default": {"value": default}, "configured": {"value": configured, "editability": editability}}
    return {"value": value, "source": source, "sources": sources, "valueSpace": {"type": "integer", "minimum": 0}}


def test_declared_configurations_come_to_values_resets_and_forced_resets() -> None:
    held = configurations_from_json(
        {
            "items": {
                "A": configuration(5, "default", 5),
                "B": configuration(7, "configured", 5),
                "C": configuration(5, "configured", 5),
                "D": configuration(1, "default", 1, isEditable=False, reason="NOT_AUTHORIZED"),
            }
        }
    )
    wanted = wanted_values(Declaration(serial="S", metafields={"A": "6", "D": 1}, absent_metafields=["B", "C"]), held)
    assert wanted.values == {"A": 6, "D": 1, "B": 5, "C": 5}
    assert (wanted.reset, wanted.forced) == ({"B", "C"}, {"C"})
    assert wanted_values(Declaration(serial="S", absent_metafields=["A"]), held).values == {}
    with pytest.raises(Unsupported, match="cannot set 'D'.*these credentials may not"):
        wanted_values(Declaration(serial="S", metafields={"D": 2}), held)
    with pytest.raises(DeclarationError, match="no configuration 'a'; nearest: A"):
        wanted_values(Declaration(serial="S", metafields={"a": 2}), held)
    assert not_in_effect(held, {"A": 6, "B": 5, "C": 5}, {"B"}) == ["A", "B"]


def test_configurations_in_another_form_are_a_bad_answer() -> None:
    for body in (None, [], {"items": []}, {}):
        with pytest.raises(BadAnswer):
            configurations_from_json(body)


# Declarations


@pytest.mark.parametrize(
    ("model", "room"),
    [
        ("Cisco Room Bar", True),
        ("Cisco Board Pro 55", True),
        ("Cisco Desk Mini", True),
        ("Cisco Webex DX80", True),
        ("Cisco Codec Pro", True),
        ("DMS Cisco 8845", False),
        ("Cisco 9861", False),
        ("Cisco Desk Phone 9871", False),
        ("Generic IPPhone Customer Managed", False),
    ],
)
def test_models_of_room_devices_are_told_from_phones(model: str, room: bool) -> None:
    assert is_room_device(model) is room


@pytest.mark.parametrize(
    ("declared", "claims", "waits"),
    [
        ({"mac": "11:22:33:44:aa:ff", "model": "DMS Cisco 8845", "space": "x"}, True, False),
        ({"mac": "11:22:33:44:aa:ff", "serial": "S", "model": "Cisco 9861", "owner": "a@b"}, True, False),
        ({"mac": "11:22:33:44:aa:ff", "model": "DMS Cisco 8845"}, False, False),
        ({"mac": "11:22:33:44:aa:ff", "model": "Cisco Room Bar", "space": "x"}, False, True),
        ({"mac": "11:22:33:44:aa:ff"}, False, True),
        ({"serial": "S", "model": "DMS Cisco 8845", "space": "x"}, False, True),
        ({"name": "Lobby"}, False, False),
        ({"name": "Lobby", "space": "Lobby"}, False, True),
        ({"device_id": "x", "mac": "11:22:33:44:aa:ff", "model": "DMS Cisco 8845", "space": "x"}, False, False),
    ],
)
def test_what_a_declaration_can_create_and_what_waits_for_somebody(declared: dict[str, t.Any], claims: bool, waits: bool) -> None:
    declaration = declaration_from(declared)
    assert claims_phone(declaration) is claims
    assert (waits_for(declaration) is not None) is waits
    assert claims or waits or claim_refusal(declaration) is not None


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"tags": {"a": "b"}}, "labels"),
        ({"space": "x", "owner": "a@b"}, "exclude each other"),
        ({"device_type": "PHONE"}, "model"),
    ],
)
def test_what_is_wrong_whatever_the_device_looks_like(declared: dict[str, t.Any], words: str) -> None:
    assert words in str(problem(declaration_from({"serial": "S", **declared})))
    assert problem(Declaration(serial="S", absent_tags={"a": "b"})) is not None


# Calls


def test_a_renaming_carries_over_what_would_be_dropped_and_nothing_else() -> None:
    workspace = {
        "id": "W",
        "orgId": "O",
        "displayName": "Old",
        "capacity": 0,
        "type": "huddle",
        "notes": "n",
        "locationId": "L",
        "supportedDevices": "phones",
        "calling": {"type": "webexCalling"},
        "calendar": {"type": "none"},
        "hotdeskingStatus": "on",
        "sipAddress": "a@b",
        "health": {},
        "created": "2020",
    }
    assert renamed(workspace, "New") == {
        "displayName": "New",
        "capacity": 0,
        "type": "huddle",
        "notes": "n",
        "hotdeskingStatus": "on",
    }


def test_writing_calls_carry_the_organization_where_it_is_documented() -> None:
    options = {"vendor": "webex", "token": "t", "organization": "ORG"}
    webex = Webex(account_settings(options, name=None, vendor_facts=Webex.FACTS, environ={}))

    def call(action: str, attribute: str | None, after: t.Any, ids: dict[str, t.Any] | None = None) -> t.Any:
        return webex.calls_for(Change("-/S", action, attribute, None, after, device_id="a/b=", ids=ids or {}))[0]

    assert call("tag", "tags", ["x"]).query == (("orgId", "ORG"),)
    assert call("tag", "tags", ["x"]).as_data()["path"] == "/devices/a%2Fb%3D"
    assert call("delete", None, None).query == (("orgId", "ORG"),)
    claim = call("claim", None, {"mac": "11:22:33:44:aa:ff", "model": "M"}, {"person": "P", "lane": "P"})
    assert (claim.query, claim.repeat) == ((("orgId", "ORG"),), "never")
    assert claim.body == {"mac": "11223344AAFF", "model": "M", "personId": "P"}
    made = call("create_space", None, {"space": "Annex"}, {"supportedDevices": "phones"})
    assert made.query == ()
    assert made.body == {"displayName": "Annex", "supportedDevices": "phones", "orgId": "ORG"}
    assert made.makes == "space:Annex"
    configured = call("set_metafield", "metafields.A.B[1]", 5)
    assert configured.query == (("deviceId", "a/b="),)
    assert configured.content_type == "application/json-patch+json"


def test_a_device_that_is_listed_without_an_id_cannot_be_changed() -> None:
    device = device_from_json({"serial": "S", "displayName": "Lobby"})
    with pytest.raises(DeclarationError, match="without an id"):
        vendor().resolve(declaration_from({"serial": "S", "tags": ["a"]}), device)
    with pytest.raises(DeclarationError, match="without an id"):
        vendor().calls_for(Change("-/S", "delete", None, {}, None))


# Finding


def listed(rows: list[dict[str, t.Any]], link: str = f"{URL}/devices") -> tuple[Finder, FakeTransport]:
    """A cloud with these devices whose list filters by nothing at all, two rows to a page."""

    def page(request: Request) -> Response:
        start = int(dict(parse_qsl(urlsplit(request.url).query)).get("start", 0))
        more = {"link": f'<{link}?start={start + 2}&max=null>; rel="next"'} if start + 2 < len(rows) else {}
        return answer(200, {"items": rows[start : start + 2]}, **more)

    made = client(page)
    return Finder(made, (("orgId", "ORG"),)), made.transport  # type: ignore[attr-defined]


ROWS = [{"id": f"id-{number}", "serial": f"S{number}", "displayName": f"Room {number // 2}"} for number in range(7)]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Sought({"serial": "S6"}), ["id-6"]),
        (Sought({"serial": "S9"}), []),
        (Sought(names=("Room 0",)), ["id-0", "id-1"]),
        (Sought(names=("Room 3", "Room 2")), ["id-4", "id-5", "id-6"]),
        (Sought({"serial": "S6", "mac": "11:22:33:44:aa:ff"}), ["id-6"]),
    ],
)
def test_devices_are_found_also_where_the_vendor_ignores_every_filter(wanted: Sought, ids: list[str]) -> None:
    finder, transport = listed(ROWS)
    rows, _listing = finder.find([wanted])
    assert sorted(str(row["id"]) for row in rows.of(wanted)) == ids
    for request in transport.sent:
        asked = dict(parse_qsl(urlsplit(request.url).query))
        assert (asked["orgId"], asked["max"]) == ("ORG", "100")


def test_the_token_never_goes_to_another_host_for_the_next_page() -> None:
    finder, transport = listed(ROWS, link="https://elsewhere.example/devices")
    with pytest.raises(IncompleteRead, match="elsewhere"):
        finder.find([Sought({"serial": "S6"}), Sought({"serial": "S5"})])
    assert len(transport.sent) == 1


def paged(rows: list[dict[str, t.Any]], leaves: bool = False) -> tuple[Finder, FakeTransport]:
    """A cloud that filters by serial, two rows to a page; one device goes while the first page is read."""

    def page(request: Request) -> Response:
        asked = dict(parse_qsl(urlsplit(request.url).query))
        fits = [row for row in rows if asked.get("serial") in (None, row["serial"])]
        start = int(asked.get("start", 0))
        more = {"link": f'<{URL}/devices?start={start + 2}>; rel="next"'} if start + 2 < len(fits) else {}
        shown = fits[start : start + 2]
        if leaves and len(rows) == len(ROWS):
            del rows[0]
        return answer(200, {"items": shown}, **more)

    made = client(page)
    return Finder(made, ()), made.transport  # type: ignore[attr-defined]


def test_a_device_that_moves_up_to_a_page_that_was_read_is_found_all_the_same() -> None:
    finder, _transport = paged(list(ROWS), leaves=True)
    wanted = [Sought({"serial": serial}) for serial in ("S2", "S9", "S8", "S7")]
    rows, _listing = finder.find(wanted)
    assert [row["id"] for row in rows.of(wanted[0])] == ["id-2"]


def test_one_page_is_the_truth_and_nothing_is_asked_twice() -> None:
    finder, transport = paged(ROWS[:2])
    finder.find([Sought({"mac": f"11:22:33:44:00:0{number}"}, phone=True) for number in range(3)])
    assert len(transport.sent) == 1


@pytest.mark.parametrize(
    ("answers", "sees"),
    [
        ([answer(200, {"items": {}})], True),
        ([answer(403)], False),
        ([answer(404), answer(200, {"items": []})], True),
        ([answer(404), answer(403)], False),
        ([answer(400), answer(403)], False),
    ],
)
def test_a_device_that_is_not_there_proves_no_right_to_see_others(answers: list[Response], sees: bool) -> None:
    assert Finder(client(*answers), ()).sees_all([]) is sees


@pytest.mark.parametrize("organization", [SEED["orgId"], "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"])
def test_rows_of_another_organization_are_never_taken(organization: str) -> None:
    stranger = {**SEED, "orgId": encoded("ciscospark://us/ORGANIZATION/00000000-0000-4000-8000-000000000000")}
    assert Finder(client(answer(200, {"items": [SEED]})), (("orgId", organization),)).listing().all() == [SEED]
    with pytest.raises(BadAnswer, match="was asked for"):
        Finder(client(answer(200, {"items": [stranger]})), (("orgId", organization),)).listing().all()
    with pytest.raises(BadAnswer, match="was asked for"):
        Finder(client(answer(200, stranger)), (("orgId", organization),)).row(SEED["id"])
    assert Finder(client(answer(200, {"items": [stranger]})), ()).listing().all() == [stranger]


def test_tags_that_the_listing_leaves_out_are_read_by_id() -> None:
    bare = {name: value for name, value in SEED.items() if name != "tags"}
    made = client(answer(200, SEED))
    reading = Webex(vendor().settings, made)
    assert reading.enrich(device_from_json(bare), {"tags"}).tags == ["First Tag", "Second Tag"]
    assert reading.enrich(device_from_json(SEED), {"tags"}).tags == ["First Tag", "Second Tag"]
    assert len(made.transport.sent) == 1  # type: ignore[attr-defined]


def test_configurations_of_another_device_are_never_taken() -> None:
    other = encoded("ciscospark://us/DEVICE/00000000-0000-4000-8000-000000000000")
    for told in ({}, {"deviceId": SEED["id"]}):
        assert configurations_from_json({"items": {}, **told}, SEED["id"]) == {}
    with pytest.raises(BadAnswer, match="another device"):
        configurations_from_json({"items": {}, "deviceId": other}, SEED["id"])


def test_a_moment_that_is_none_is_not_told() -> None:
    assert device_from_json({"lastSeen": "garbage"}).last_seen is None
    assert device_from_json({"lastSeen": "2023-08-15T14:04:00.444+00:00"}).last_seen == "2023-08-15T14:04:00.444Z"


def test_a_device_without_workspace_and_person_is_not_called_personal() -> None:
    device = device_from_json({**SEED, "workspaceId": None, "placeId": None, "personId": None})
    with pytest.raises(Unsupported, match="tells no workspace"):
        refuse_personal(Declaration(serial="FOC1923NVVN", name="X"), device)


def test_a_listing_that_is_not_there_asks_for_the_url() -> None:
    with pytest.raises(Gone, match="is `url` right"):
        Finder(client(answer(404)), ()).listing().all()


def test_writers_of_one_devices_tags_go_one_by_one() -> None:
    changes = [Change(address, "tag", "tags", ["a"], after, SEED["id"]) for address, after in (("-/a", ["a", "b"]), ("-/b", []))]
    lanes = {vendor().calls_for(change)[0].lane for change in changes}
    assert lanes == {f"tags of DEVICE/{UUID}"}
