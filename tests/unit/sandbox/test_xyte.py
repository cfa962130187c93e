# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Xyte's side: keys, strictness, and what each operation does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from fleetform.sandbox.cloud import stable_uuid
from fleetform.sandbox.server import Running, running
from tests.unit.sandbox.conftest import Client

BASE = "/core/v1/organization"
ROOT, UNSORTED, BERLIN, ROOM_1, LAB, FOREIGN_SPACE = 11530, 11531, 11540, 11541, 11551, 12041


def device_id(kind: str, number: int) -> str:
    return stable_uuid("xyte device", kind, number)


DISPLAY = device_id("display", 1)
PROJECTOR = device_id("projector", 11)
PDU, APPLICATION, PLAYER = device_id("pdu", 18), device_id("application", 20), device_id("player", 15)
FOREIGN = device_id("display", 701)
NEW_DISPLAY = {"sn": "XQD-00901", "mac": "02:5E:10:01:03:85"}
NEW_PROJECTOR = {"cloud_id": "xpj-cloud-00901"}


class Keyed(Client):
    """A client with a bare key."""

    def __init__(self, base: str, key: str) -> None:
        super().__init__(base, key)
        self.session.headers["Authorization"] = key


@pytest.fixture
def xyte(sandbox: Running) -> Iterator[Client]:
    client = Keyed(sandbox.account("xyte") + BASE, "xyte-demo-key")
    with client.session:
        yield client


@pytest.fixture
def stranger(sandbox: Running) -> Iterator[Client]:
    client = Keyed(sandbox.account("xyte") + BASE, "xyte-other-key")
    with client.session:
        yield client


def stored(sandbox: Running, device: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(sandbox.url + "/_sandbox/state/xyte", timeout=10).json()["devices"][device]
    return found


def names(answer: requests.Response) -> list[str]:
    return [row["name"] for row in answer.json()["items"]]


def last(sandbox: Running) -> dict[str, Any]:
    return sandbox.requests("xyte")[-1]


# Keys


def test_the_key_is_sent_bare(xyte: Client, sandbox: Running) -> None:
    assert xyte.get("/devices").status_code == 200
    entry = last(sandbox)
    assert " " not in entry["headers"]["authorization"]
    assert "xyte-demo-key" not in json.dumps(entry)
    xyte.session.headers["Authorization"] = "Bearer xyte-demo-key"
    refused = xyte.get("/devices")
    assert (refused.status_code, refused.json()) == (401, {"error": "Not authorized"})
    assert last(sandbox)["violation"] == "the key is sent bare, without a scheme"
    sandbox.switch("xyte", bearer_key="accept")
    assert xyte.get("/devices").status_code == 200


@pytest.mark.parametrize(
    ("key", "status", "violation"),
    [
        ("", 401, "Authorization is missing"),
        ("no-such-key", 401, None),
        ("xyte-expired-key", 401, None),
        ("xyte-partner-key", 403, None),
    ],
)
def test_a_wrong_key_is_refused(xyte: Client, sandbox: Running, key: str, status: int, violation: str | None) -> None:
    xyte.session.headers["Authorization"] = key
    refused = xyte.get("/info")
    assert (refused.status_code, refused.json()) == (status, {"error": "Not authorized"})
    assert last(sandbox)["violation"] == violation


def test_a_key_shows_its_own_organization_only(xyte: Client, stranger: Client) -> None:
    assert len(xyte.get("/devices").json()["items"]) == 20
    assert names(stranger.get("/devices")) == ["Linz Display", "Linz Projector", "Linz Trackpad"]
    assert xyte.get(f"/devices/{FOREIGN}").status_code == 404
    assert xyte("DELETE", f"/devices/{FOREIGN}").status_code == 404
    assert xyte.get(f"/spaces/{FOREIGN_SPACE}").status_code == 404
    assert (xyte.get("/info").json()["name"], stranger.get("/info").json()["name"]) == ("Wiz", "Suedwind AV")


# Refusals


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "status", "broken"),
    [
        ("GET", "/nowhere", {}, None, 404, True),
        ("DELETE", "/devices/", {}, None, 404, True),
        ("PATCH", "/devices", {}, {}, 405, True),
        ("GET", "/devices/claim", {}, None, 405, True),
        ("GET", "/devices", {"per_page": 101}, None, 422, True),
        ("GET", "/devices", {"per_page": 0}, None, 422, True),
        ("GET", "/devices", {"page": 0}, None, 422, True),
        ("GET", "/devices", {"page": "two"}, None, 422, True),
        ("GET", "/devices", {"name": "x"}, None, 422, True),
        ("GET", "/devices", {"page": [1, 2]}, None, 422, True),
        ("GET", "/devices", {"space_id": "Wiz"}, None, 422, True),
        ("GET", "/devices", {"space_id": 4711}, None, 404, False),
        ("GET", "/devices", {"space_id": FOREIGN_SPACE}, None, 404, False),
        ("GET", "/devices", {}, {"page": 1}, 422, True),
        ("GET", "/devices/nobody", {}, None, 404, False),
        ("POST", "/devices/claim", {}, {}, 422, True),
        ("POST", "/devices/claim", {}, {"name": "x", "sn": "XQD-00901"}, 422, True),
        ("POST", "/devices/claim", {}, {"mac": "02:5e:10:01:03:85"}, 422, True),
        ("POST", "/devices/claim", {}, {"sn": "XQD-00901", "mac": ""}, 422, True),
        ("POST", "/devices/claim", {}, {**NEW_DISPLAY, **NEW_PROJECTOR}, 422, True),
        ("POST", "/devices/claim", {}, {**NEW_PROJECTOR, "sn": "XPJ-00901"}, 422, True),
        ("POST", "/devices/claim", {}, {**NEW_DISPLAY, "space": "Berlin"}, 422, True),
        ("POST", "/devices/claim", {}, {**NEW_DISPLAY, "space_id": "Berlin"}, 422, True),
        ("POST", "/devices/claim", {}, {**NEW_DISPLAY, "space_id": True}, 422, True),
        ("POST", "/devices/claim", {}, {**NEW_DISPLAY, "name": 5}, 422, True),
        ("POST", "/devices/claim", {}, {**NEW_DISPLAY, "space_id": 4711}, 404, False),
        ("POST", "/devices/claim", {}, {**NEW_DISPLAY, "space_id": FOREIGN_SPACE}, 422, False),
        ("POST", "/devices/claim", {}, {"sn": "XQD-00901", "mac": "02:5e:10:01:03:86"}, 422, False),
        ("POST", "/devices/claim", {}, {"cloud_id": "xpj-cloud-99999"}, 422, False),
        ("POST", "/devices/claim", {}, {"cloud_id": "XPJ-00901"}, 422, False),
        ("POST", "/devices/claim", {}, {"sn": "XPJ-00901", "mac": "None"}, 422, False),
        ("POST", "/devices/claim", {}, [], 400, True),
        ("PATCH", f"/devices/{DISPLAY}", {}, {}, 422, True),
        ("PATCH", f"/devices/{DISPLAY}", {}, {"configuration": None}, 422, True),
        ("PATCH", f"/devices/{DISPLAY}", {}, {"configuration": '{"display": {}}'}, 422, True),
        ("PATCH", f"/devices/{DISPLAY}", {}, {"configuration": {"display": {"brightness": 101}}}, 422, False),
        ("PATCH", f"/devices/{DISPLAY}", {}, {"configuration": {"display": {"brightness": True}}}, 422, False),
        ("PATCH", f"/devices/{DISPLAY}", {}, {"configuration": {"display": {"input": "VGA"}}}, 422, False),
        ("PATCH", f"/devices/{DISPLAY}", {}, {"configuration": {"brightness": 1}}, 422, False),
        ("PATCH", f"/devices/{DISPLAY}", {}, {"configuration": {"network": {"hostname": "x" * 64}}}, 422, False),
        ("PATCH", f"/devices/{DISPLAY}", {}, {"configuration": {"network": {"ntp_servers": ["a", 5]}}}, 422, False),
        ("PATCH", f"/devices/{PROJECTOR}", {}, {"configuration": {"projection": {"lamp_power": 50}}}, 422, False),
        ("PATCH", f"/devices/{PROJECTOR}", {}, {"configuration": {"schedule": {"on": "25:00"}}}, 422, False),
        ("PATCH", f"/devices/{DISPLAY}", {}, {"name": ""}, 422, True),
        ("PATCH", f"/devices/{DISPLAY}", {}, {"name": ["x"]}, 422, True),
        ("PATCH", f"/devices/{DISPLAY}", {}, {"sn": "XQD-1"}, 422, True),
        ("PATCH", "/devices/nobody", {}, {"name": "x"}, 404, False),
        ("POST", f"/devices/{DISPLAY}/move", {}, {}, 422, True),
        ("POST", f"/devices/{DISPLAY}/move", {}, {"space_id": 4711}, 404, False),
        ("POST", f"/devices/{DISPLAY}/move", {}, {"space_id": FOREIGN_SPACE}, 422, False),
        ("POST", f"/devices/{DISPLAY}/move", {}, {"space_id": "Wiz/Berlin"}, 422, True),
        ("POST", f"/devices/{APPLICATION}/move", {}, {"space_id": LAB}, 422, False),
        ("DELETE", f"/devices/{DISPLAY}", {}, {"id": DISPLAY}, 422, True),
        ("DELETE", "/devices/nobody", {}, None, 404, False),
        ("GET", "/spaces", {"id": "x"}, None, 422, True),
        ("GET", "/spaces", {"created_after": "soon"}, None, 422, True),
        ("GET", "/spaces", {"full_path": "Wiz"}, None, 422, True),
        ("GET", "/spaces/4711", {}, None, 404, False),
        ("POST", "/spaces", {}, {}, 422, True),
        ("POST", "/spaces", {}, {"name": " "}, 422, True),
        ("POST", "/spaces", {}, {"name": "Berlin"}, 422, False),
        ("POST", "/spaces", {}, {"name": "x", "parent_id": 4711}, 404, False),
        ("POST", "/spaces", {}, {"name": "x", "parent_id": FOREIGN_SPACE}, 422, False),
        ("POST", "/spaces", {}, {"name": "x", "config": {"colour": 1}}, 422, True),
        ("POST", "/spaces/find_or_create", {}, {"name": "Berlin//Room"}, 422, True),
        ("POST", "/spaces/find_or_create", {}, {"parent_id": BERLIN}, 422, True),
        ("PUT", f"/spaces/{ROOM_1}", {}, {"name": "Room #2"}, 422, False),
        ("PUT", f"/spaces/{BERLIN}", {}, {"parent_id": ROOM_1}, 422, True),
        ("PUT", f"/spaces/{ROOT}", {}, {"parent_id": BERLIN}, 422, True),
        ("PUT", f"/spaces/{UNSORTED}", {}, {"name": "Sorted"}, 422, True),
        ("DELETE", f"/spaces/{BERLIN}", {}, None, 422, False),
        ("DELETE", f"/spaces/{ROOT}", {}, None, 422, True),
        ("DELETE", f"/spaces/{FOREIGN_SPACE}", {}, None, 404, False),
        ("GET", "/info", {"device_id": DISPLAY}, None, 422, True),
    ],
)
def test_it_is_as_strict_as_the_vendor(
    xyte: Client, sandbox: Running, method: str, path: str, query: dict[str, Any], body: Any, status: int, broken: bool
) -> None:
    before = sandbox.sandbox.clouds["xyte"].public()
    refused = xyte(method, path, params=query, **({} if body is None else {"json": body}))
    assert refused.status_code == status
    assert isinstance(refused.json()["error"], str)
    assert bool(last(sandbox)["violation"]) is broken
    assert sandbox.sandbox.clouds["xyte"].public() == before


def test_a_body_has_to_be_labelled_as_json(xyte: Client, sandbox: Running) -> None:
    refused = xyte("PATCH", f"/devices/{DISPLAY}", data='{"name": "x"}', headers={"Content-Type": "text/plain"})
    assert (refused.status_code, last(sandbox)["violation"]) == (415, "content type text/plain")
    for wrong in ("{", '{"name": "\\ud800"}', '{"configuration": {"display": {"brightness": NaN}}}'):
        refused = xyte("PATCH", f"/devices/{DISPLAY}", data=wrong, headers={"Content-Type": "application/json"})
        assert (refused.status_code, bool(last(sandbox)["violation"])) == (400, True)


def test_errors_are_one_sentence_or_what_a_gateway_says(xyte: Client, sandbox: Running) -> None:
    assert xyte.get("/devices/nobody").json() == {"error": "Errors::NotFound"}
    sandbox.switch("xyte", no_route_body="html", trouble_body="html")
    assert xyte.get("/nowhere").headers["Content-Type"].startswith("text/html")
    sandbox.limit("xyte", requests=1)
    limited = [xyte.get("/info") for _number in range(3)][-1]
    assert (limited.status_code, limited.headers.get("Retry-After")) == (429, None)
    assert limited.text.startswith("<!DOCTYPE html>")
    sandbox.switch("xyte", trouble_body="empty", retry_after="send")
    limited = xyte.get("/info")
    assert (limited.content, limited.headers["Retry-After"].isdigit()) == (b"", True)
    sandbox.advance(61)
    assert xyte.get("/info").status_code == 200


# Reading


def test_a_row_of_the_listing_has_what_the_docs_show(xyte: Client, sandbox: Running) -> None:
    listing = xyte.get("/devices").json()
    assert set(listing) == {"items", "next_page"}
    row = listing["items"][0]
    assert row == {
        "id": DISPLAY,
        "name": "Berlin Room 1 Display",
        "sn": "XQD-00001",
        "mac": "02:5e:10:01:00:01",
        "cloud_id": None,
        "status": "online",
        "effective_status": "ok",
        "merged_effective_status": "ok",
        "last_seen_at": "2026-03-12T10:19:56.274Z",
        "details": {"operating_hours": 401},
        "model": {"id": row["model"]["id"], "name": "Display - QM55", "sub_model": "QM55C"},
        "firmware": {"version": "2.4.1"},
        "space": {"id": ROOM_1, "full_path": "Wiz/Berlin/Room #1"},
    }
    one = xyte.get(f"/devices/{DISPLAY}").json()
    assert {**row, "state": one["state"]} == one
    assert "configuration" not in one
    sandbox.switch("xyte", newer_fields=False)
    plain = xyte.get(f"/devices/{DISPLAY}").json()
    assert set(row) - set(plain) == {"effective_status", "merged_effective_status"}
    assert "state" not in plain


def test_passwords_of_an_edge_device_are_masked(xyte: Client) -> None:
    shown = xyte.get(f"/devices/{PDU}").json()["custom_parameters"]
    assert shown == {"User name": "admin", "Admin Password": "*****", "SNMP Password": ""}
    assert "custom_parameters" not in xyte.get(f"/devices/{DISPLAY}").json()


def walked(xyte: Client, size: int) -> list[str]:
    found: list[str] = []
    page: Any = 1
    while page is not None:
        answer = xyte.get("/devices", per_page=size, page=page).json()
        found += [row["id"] for row in answer["items"]]
        page = answer["next_page"] if "next_page" in answer else page + 1 if answer["has_next_page"] else None
    return found


@pytest.mark.parametrize(
    ("style", "keys"),
    [("next_page", {"next_page"}), ("has_next_page", {"has_next_page"}), ("both", {"next_page", "has_next_page"})],
)
def test_pages_are_walked_in_each_style(xyte: Client, sandbox: Running, style: str, keys: set[str]) -> None:
    whole = walked(xyte, 100)
    sandbox.switch("xyte", page_style=style)
    first, end = xyte.get("/devices", per_page=10).json(), xyte.get("/devices", per_page=10, page=2).json()
    assert set(first) == set(end) == {"items"} | keys
    assert (first.get("next_page", 2), first.get("has_next_page", True)) == (2, True)
    assert (end.get("next_page"), end.get("has_next_page", False)) == (None, False)
    assert walked(xyte, 7) == whole
    assert set(xyte.get("/spaces").json()) == {"items", "next_page"}
    sandbox.switch("xyte", next_page_form="text")
    assert xyte.get("/devices", per_page=10).json().get("next_page", "2") == "2"
    beyond = xyte.get("/devices", page=9)
    assert (beyond.status_code, beyond.json()["items"]) == (200, [])


@pytest.mark.parametrize("path", ["/devices", "/spaces"])
def test_pages_can_be_without_end(xyte: Client, sandbox: Running, path: str) -> None:
    sandbox.switch("xyte", endless_pages=True, page_style="both", spaces_page_style="both")
    for page in (1, 2, 99):
        answer = xyte.get(path, per_page=15, page=page).json()
        assert (answer["next_page"], answer["has_next_page"]) == (page, True)


def test_switches_of_pages_and_queries_say_what_is_not_known(xyte: Client, sandbox: Running) -> None:
    sandbox.switch(
        "xyte",
        page_beyond_end=404,
        page_bounds="default",
        unknown_query="ignore",
        body_on_get="accept",
        unknown_space_filter=200,
    )
    assert xyte.get("/devices", page=9).status_code == 404
    assert len(xyte.get("/devices", page=0, colour="red").json()["items"]) == 20
    assert last(sandbox)["violation"]
    assert len(xyte("GET", "/devices", params={"per_page": 3}, json={"per_page": 2, "page": "2"}).json()["items"]) == 3
    assert xyte.get("/devices", space_id=4711).json() == {"items": [], "next_page": None}


def test_devices_of_one_space_are_listed(xyte: Client, sandbox: Running) -> None:
    assert names(xyte.get("/devices", space_id=ROOM_1)) == ["Berlin Room 1 Display", "Berlin Room 1 Trackpad"]
    assert names(xyte.get("/devices", space_id=BERLIN)) == []
    sandbox.switch("xyte", space_filter_depth="below")
    assert len(names(xyte.get("/devices", space_id=BERLIN))) == 8


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"id": ROOM_1}, ["Room #1"]),
        ({"parent_id": BERLIN}, ["Room #1", "Room #2", "Floor 3"]),
        ({"parent_id": BERLIN, "name": "room #1"}, ["Room #1"]),
        ({"name": "LAB"}, ["Lab", "lab"]),
        ({"path_includes": "wiz/berlin/floor 3/"}, ["Room 3.07", "Town Hall & Lounge"]),
        ({"space_type": "floor"}, ["Floor 3"]),
        ({"space_type": "shed"}, []),
        ({"created_after": "2025-01-01T00:00:00Z"}, []),
        ({"created_before": "1800000000", "name": "Café, what else?"}, ["Café, what else?"]),
    ],
)
def test_spaces_are_filtered(xyte: Client, query: dict[str, Any], found: list[str]) -> None:
    assert names(xyte.get("/spaces", **query)) == found


def test_a_space_shows_its_path_only_where_the_switch_says_so(xyte: Client, sandbox: Running) -> None:
    assert xyte.get(f"/spaces/{ROOM_1}").json() == {"id": ROOM_1, "name": "Room #1", "parent_id": BERLIN, "config": {}}
    sandbox.switch("xyte", space_fields="extended", space_name_filter="exact", parent_filter="below", space_by_id=False)
    shown = xyte.get("/spaces", name="Room #1").json()["items"]
    assert [row["full_path"] for row in shown] == ["Wiz/Berlin/Room #1", "Wiz/Berlin2/Room #1"]
    assert names(xyte.get("/spaces", name="room #1")) == []
    assert len(names(xyte.get("/spaces", parent_id=BERLIN))) == 5
    assert xyte.get(f"/spaces/{ROOM_1}").status_code == 404


def test_info_counts_what_is_there(xyte: Client) -> None:
    info = xyte.get("/info").json()
    assert (info["lab"], info["contacts"]["admin_email"]) == (True, "av@wiz.example")
    assert (info["statistics"]["devices"], info["statistics"]["spaces"], info["statistics"]["users"]) == (20, 19, 4)
    xyte("POST", "/devices/claim", json=NEW_DISPLAY)
    assert xyte.get("/info").json()["statistics"]["devices"] == 21


# Claiming


@pytest.mark.parametrize("mac", ["02:5E:10:01:03:85", "025e.1001.0385", "02-5e-10-01-03-85"])
def test_a_display_is_claimed_by_serial_number_and_mac(xyte: Client, sandbox: Running, mac: str) -> None:
    body = {"sn": "XQD-00901", "mac": mac, "cloud_id": None, "name": "New Display", "space_id": ROOM_1}
    answer = xyte("POST", "/devices/claim", json=body)
    assert answer.status_code == 200
    row = answer.json()
    assert (row["name"], row["status"], row["space"]) == ("New Display", None, {"id": ROOM_1, "full_path": "Wiz/Berlin/Room #1"})
    assert (row["sn"], row["mac"], row["cloud_id"]) == ("XQD-00901", "02:5e:10:01:03:85", None)
    assert xyte.get("/devices").json()["items"][-1] == row
    assert sandbox.requests(write=True)[0]["devices"] == [row["id"]]


def test_a_projector_is_claimed_by_cloud_id_and_lands_unsorted(xyte: Client) -> None:
    row = xyte("POST", "/devices/claim", json={**NEW_PROJECTOR, "sn": "", "mac": None}).json()
    assert (row["name"], row["cloud_id"], row["mac"]) == (None, "xpj-cloud-00901", None)
    assert row["space"] == {"id": UNSORTED, "full_path": "Wiz/Unsorted"}


def test_a_space_id_may_come_as_digits(xyte: Client) -> None:
    assert xyte("POST", "/devices/claim", json={**NEW_DISPLAY, "space_id": "11541"}).json()["space"]["id"] == ROOM_1


def test_what_is_claimed_already_is_refused_whoever_owns_it(xyte: Client, sandbox: Running) -> None:
    own = xyte("POST", "/devices/claim", json={"sn": "XQD-00001", "mac": "02:5e:10:01:00:01"})
    foreign = xyte("POST", "/devices/claim", json={"cloud_id": "xpj-cloud-00702"})
    assert (own.status_code, own.json()) == (foreign.status_code, foreign.json()) == (422, {"error": "Device already claimed"})
    assert [entry["violation"] for entry in sandbox.requests()] == [None, None]


@pytest.mark.parametrize("body", [{"cloud_id": "xvr-cloud-00019"}, {"sn": "XPD-00018", "mac": "02:5e:10:03:00:12"}])
def test_edge_devices_and_imported_ones_cannot_be_claimed(xyte: Client, body: dict[str, str]) -> None:
    assert "already" not in xyte("POST", "/devices/claim", json=body).json()["error"]


def test_more_switches_of_claiming(xyte: Client, sandbox: Running) -> None:
    sandbox.switch("xyte", empty_is_absent=False, unknown_space_status=422, deleted_claimable=False, order="newest")
    assert xyte("POST", "/devices/claim", json={**NEW_DISPLAY, "cloud_id": None}).status_code == 422
    assert xyte("POST", "/devices/claim", json={**NEW_DISPLAY, "space_id": 4711}).status_code == 422
    row = xyte("POST", "/devices/claim", json=NEW_DISPLAY).json()
    assert xyte.get("/devices").json()["items"][0] == row
    xyte("DELETE", f"/devices/{row['id']}")
    assert "not found" in xyte("POST", "/devices/claim", json=NEW_DISPLAY).json()["error"]


def test_switches_of_claiming(xyte: Client, sandbox: Running) -> None:
    sandbox.switch("xyte", space_required=True, both_identifiers="accept", claim_status=201, unnamed="model")
    assert xyte("POST", "/devices/claim", json=NEW_DISPLAY).status_code == 422
    both = xyte("POST", "/devices/claim", json={**NEW_PROJECTOR, "sn": "XPJ-00901", "mac": "x", "space_id": LAB})
    assert (both.status_code, both.json()["name"]) == (201, "Projector - PT900")
    sandbox.switch("xyte", space_required=False, mac_compare="exact", claim_refused_status=404, foreign_space_status=404)
    assert xyte("POST", "/devices/claim", json=NEW_DISPLAY).status_code == 404
    lower = {**NEW_DISPLAY, "mac": NEW_DISPLAY["mac"].lower()}
    assert xyte("POST", "/devices/claim", json={**lower, "space_id": FOREIGN_SPACE}).status_code == 404
    assert xyte("POST", "/devices/claim", json=lower).status_code == 201


# Changing


def test_a_configuration_is_replaced_and_nobody_can_read_it_back(xyte: Client, sandbox: Running) -> None:
    first = {"display": {"brightness": 40}, "network": {"web_password": "s3cret", "ntp_servers": ["a", "b"]}}
    second = {"display": {"input": "USB-C", "power_save": True}}
    for number, wanted in enumerate((first, second, second), 4):
        answer = xyte("PATCH", f"/devices/{DISPLAY}", json={"configuration": wanted})
        assert (answer.status_code, answer.json()) == (200, {"success": True})
        shown = stored(sandbox, DISPLAY)
        assert (shown["configuration"], shown["configuration_version"]) == (wanted, number)
        assert last(sandbox)["noop"] is False
    seen = xyte.get(f"/devices/{DISPLAY}").text + xyte.get("/devices").text
    assert "USB-C" not in seen
    assert "configuration" not in seen
    sandbox.switch("xyte", configuration_merge=True)
    xyte("PATCH", f"/devices/{DISPLAY}", json={"configuration": {"display": {"brightness": 5}}})
    assert stored(sandbox, DISPLAY)["configuration"] == {"display": {"input": "USB-C", "power_save": True, "brightness": 5}}


def test_a_refused_configuration_changes_nothing_beside_it(xyte: Client, sandbox: Running) -> None:
    body = {"name": "Renamed", "configuration": {"display": {"brightness": "bright"}}}
    refused = xyte("PATCH", f"/devices/{DISPLAY}", json=body)
    assert refused.json()["error"] == "configuration/display/brightness must be of type integer"
    assert stored(sandbox, DISPLAY)["name"] == "Berlin Room 1 Display"


@pytest.mark.parametrize("wanted", [{}, {"anything": [1, {"at": "all"}], "deep": {"er": None}}])
def test_a_model_without_rules_takes_any_object(xyte: Client, sandbox: Running, wanted: dict[str, Any]) -> None:
    assert xyte("PATCH", f"/devices/{PLAYER}", json={"configuration": wanted}).status_code == 200
    assert stored(sandbox, PLAYER)["configuration"] == wanted


def test_a_rename_takes_effect_unless_the_switch_says_that_it_does_not(xyte: Client, sandbox: Running) -> None:
    assert xyte("PATCH", f"/devices/{DISPLAY}", json={"name": "Huddle <b>1</b>"}).json() == {"success": True}
    assert xyte.get(f"/devices/{DISPLAY}").json()["name"] == names(xyte.get("/devices"))[0] == "Huddle <b>1</b>"
    xyte("PATCH", f"/devices/{DISPLAY}", json={"name": "Huddle <b>1</b>"})
    assert last(sandbox)["noop"] is True
    sandbox.switch("xyte", rename_applied=False)
    assert xyte("PATCH", f"/devices/{DISPLAY}", json={"name": "Other"}).json() == {"success": True}
    assert last(sandbox)["noop"] is False
    assert xyte.get(f"/devices/{DISPLAY}").json()["name"] == "Huddle <b>1</b>"


def test_unknown_keys_of_a_patch_are_ignored_and_logged_unless_strict(xyte: Client, sandbox: Running) -> None:
    assert xyte("PATCH", f"/devices/{DISPLAY}", json={"nickname": "x"}).json() == {"success": True}
    assert last(sandbox)["violation"] == "unknown key: nickname"
    assert xyte("PATCH", f"/devices/{DISPLAY}", json={"space_id": LAB}).status_code == 200
    assert stored(sandbox, DISPLAY)["space"] == ROOM_1
    sandbox.switch("xyte", unknown_patch_keys="refuse")
    assert xyte("PATCH", f"/devices/{DISPLAY}", json={"name": "x", "nickname": "x"}).status_code == 422
    assert stored(sandbox, DISPLAY)["name"] == "Berlin Room 1 Display"


def test_an_edge_device_takes_keys_that_others_do_not(xyte: Client, sandbox: Running) -> None:
    body = {"custom_parameters": {"SNMP Password": "public"}, "custom_model_name": "Strip", "sn": "XPD-X"}
    assert xyte("PATCH", f"/devices/{PDU}", json=body).status_code == 200
    shown = xyte.get(f"/devices/{PDU}").json()
    assert (shown["model"]["name"], shown["sn"]) == ("Strip", "XPD-X")
    assert shown["custom_parameters"] == {"User name": "admin", "Admin Password": "*****", "SNMP Password": "*****"}
    sandbox.switch("xyte", edge_keys="ignore")
    assert xyte("PATCH", f"/devices/{DISPLAY}", json={"sn": "XQD-X"}).status_code == 200
    assert stored(sandbox, DISPLAY)["sn"] == "XQD-00001"


@pytest.mark.parametrize(
    ("form", "status", "body"), [("json", 200, b'{"success":true}'), ("empty", 200, b""), ("none", 204, b"")]
)
def test_a_device_is_moved(xyte: Client, sandbox: Running, form: str, status: int, body: bytes) -> None:
    sandbox.switch("xyte", move_answer=form)
    answer = xyte("POST", f"/devices/{DISPLAY}/move", json={"space_id": LAB})
    assert (answer.status_code, answer.content) == (status, body)
    assert xyte.get(f"/devices/{DISPLAY}").json()["space"]["full_path"] == "Wiz/Hamburg/Lab"
    assert names(xyte.get("/devices", space_id=ROOM_1)) == ["Berlin Room 1 Trackpad"]
    xyte("POST", f"/devices/{DISPLAY}/move", json={"space_id": str(LAB)})
    assert [entry["noop"] for entry in sandbox.requests(write=True)] == [False, True]


def test_what_is_bound_to_a_device_moves_and_goes_with_it(xyte: Client, sandbox: Running) -> None:
    xyte("POST", f"/devices/{PLAYER}/move", json={"space_id": LAB})
    assert stored(sandbox, APPLICATION)["space"] == LAB
    sandbox.switch("xyte", children_stay=False)
    assert xyte("POST", f"/devices/{APPLICATION}/move", json={"space_id": ROOM_1}).status_code == 200
    xyte("DELETE", f"/devices/{PLAYER}")
    assert xyte.get(f"/devices/{APPLICATION}").status_code == 404


def test_a_deleted_device_can_be_claimed_by_another_organization(xyte: Client, stranger: Client, sandbox: Running) -> None:
    assert xyte("DELETE", f"/devices/{DISPLAY}").json() == {"success": True}
    again = xyte("DELETE", f"/devices/{DISPLAY}")
    assert (again.status_code, again.json()) == (404, {"error": "Errors::NotFound"})
    row = stranger("POST", "/devices/claim", json={"sn": "XQD-00001", "mac": "02:5e:10:01:00:01"}).json()
    assert (row["id"], row["name"], row["space"]["full_path"]) == (DISPLAY, None, "Suedwind/Unsorted")
    shown = stored(sandbox, DISPLAY)
    assert (shown["configuration"], shown["configuration_version"]) == ({}, 0)


def test_a_claim_after_a_delete_can_give_another_id(xyte: Client, sandbox: Running) -> None:
    sandbox.switch("xyte", reclaim_keeps_id=False)
    proof = {"sn": "XQD-00001", "mac": "02:5e:10:01:00:01"}
    seen = [DISPLAY]
    for _number in range(2):
        xyte("DELETE", f"/devices/{seen[-1]}")
        seen.append(xyte("POST", "/devices/claim", json=proof).json()["id"])
    assert len(set(seen)) == 3
    assert xyte("POST", "/devices/claim", json=proof).json() == {"error": "Device already claimed"}


def test_without_what_the_first_page_lacks_only_its_four_calls_remain(xyte: Client, sandbox: Running) -> None:
    sandbox.switch("xyte", beyond_first_page=False)
    for method, path, body in (
        ("GET", f"/devices/{DISPLAY}", None),
        ("POST", f"/devices/{DISPLAY}/move", {"space_id": LAB}),
        ("GET", "/spaces", None),
        ("POST", "/spaces/find_or_create", {"name": "x"}),
        ("GET", "/info", None),
    ):
        assert xyte(method, path, **({"json": body} if body else {})).status_code == 404
    assert xyte("PATCH", f"/devices/{DISPLAY}", json={"name": "x"}).status_code == 200
    assert names(xyte.get("/devices"))[0] == "Berlin Room 1 Display"
    assert xyte("POST", "/devices/claim", json=NEW_DISPLAY).status_code == 200
    assert xyte("DELETE", f"/devices/{DISPLAY}").status_code == 200


# Spaces


@pytest.mark.parametrize("name", ["Room #9", "Büro 5 & 6", "a?b=c&d#e", "50% off", "..", "A/B", "{{ x }}"])
def test_a_space_of_any_name_is_made(xyte: Client, sandbox: Running, name: str) -> None:
    made = xyte("POST", "/spaces", json={"name": name, "parent_id": BERLIN, "config": {"temperature_units": "fahrenheit"}})
    assert made.status_code == 200
    row = made.json()
    assert row == {"id": 13000, "name": name, "parent_id": BERLIN, "config": {"temperature_units": "fahrenheit"}}
    assert xyte.get("/spaces", name=name, parent_id=BERLIN).json()["items"] == [row]
    device = xyte("POST", "/devices/claim", json={**NEW_DISPLAY, "space_id": row["id"]}).json()
    assert device["space"] == {"id": 13000, "full_path": f"Wiz/Berlin/{name}"}


def test_a_space_without_a_parent_stands_below_the_root(xyte: Client, sandbox: Running) -> None:
    sandbox.switch("xyte", space_created_status=201, slash_in_name="refuse")
    made = xyte("POST", "/spaces", json={"name": "Munich"})
    assert (made.status_code, made.json()["parent_id"]) == (201, ROOT)
    assert xyte("POST", "/spaces", json={"name": "A/B"}).status_code == 422


def test_a_path_is_found_or_made(xyte: Client, sandbox: Running) -> None:
    sandbox.switch("xyte", space_fields="extended")
    found = xyte("POST", "/spaces/find_or_create", json={"name": "Berlin/Floor 3/Room 3.07"}).json()
    assert (found["id"], found["found"], last(sandbox)["noop"]) == (11544, True, True)
    made = xyte("POST", "/spaces/find_or_create", json={"name": "Floor 4/Room #9", "parent_id": BERLIN}).json()
    assert (made["full_path"], made["found"], last(sandbox)["noop"]) == ("Wiz/Berlin/Floor 4/Room #9", False, False)
    assert xyte("POST", "/spaces/find_or_create", json={"name": "Wiz/Berlin"}).json()["full_path"] == "Wiz/Wiz/Berlin"


def test_find_or_create_tells_cases_apart_unless_the_switch_says_otherwise(xyte: Client, sandbox: Running) -> None:
    assert xyte("POST", "/spaces/find_or_create", json={"name": "berlin"}).json()["id"] == 13000
    sandbox.reset(switches={"xyte": {"find_ignores_case": True}})
    assert xyte("POST", "/spaces/find_or_create", json={"name": "berlin"}).json()["id"] == BERLIN


def test_a_renamed_or_moved_space_changes_the_paths_below_it(xyte: Client, sandbox: Running) -> None:
    renamed = xyte("PUT", f"/spaces/{BERLIN}", json={"name": "Berlin Mitte", "config": {"priority_factor": 1}})
    assert renamed.json()["config"] == {"temperature_units": "celsius", "priority_factor": 1}
    assert xyte.get("/devices").json()["items"][0]["space"] == {"id": ROOM_1, "full_path": "Wiz/Berlin Mitte/Room #1"}
    sandbox.switch("xyte", space_put_answer="success")
    assert xyte("PUT", f"/spaces/{ROOM_1}", json={"parent_id": LAB}).json() == {"success": True}
    assert xyte.get(f"/devices/{DISPLAY}").json()["space"]["full_path"] == "Wiz/Hamburg/Lab/Room #1"
    xyte("PUT", f"/spaces/{ROOM_1}", json={"parent_id": str(LAB)})
    assert last(sandbox)["noop"] is True


def test_an_empty_space_is_deleted(xyte: Client, sandbox: Running) -> None:
    assert xyte("DELETE", "/spaces/11570").json() == {"success": True}
    assert xyte("DELETE", "/spaces/11570").status_code == 404
    sandbox.switch("xyte", full_space="unsort", space_delete_answer="none", root_parent="omit")
    assert xyte("DELETE", f"/spaces/{BERLIN}").status_code == 204
    assert xyte.get(f"/spaces/{ROOT}").json() == {"id": ROOT, "name": "Wiz", "config": {}}
    assert xyte.get(f"/devices/{DISPLAY}").json()["space"]["full_path"] == "Wiz/Unsorted"
    assert xyte.get(f"/spaces/{ROOM_1}").status_code == 404


# Drift, faults and seeds


def test_a_device_drifts_in_everything_that_can_be_declared(xyte: Client, sandbox: Running) -> None:
    sandbox.drift("xyte", DISPLAY, name="\x1b[31mred", space="Wiz/Hamburg/lab", status="offline", configuration={"a": 1})
    row = xyte.get("/devices").json()["items"][0]
    assert (row["name"], row["space"]["id"], row["status"]) == ("\x1b[31mred", 11552, "offline")
    assert stored(sandbox, DISPLAY)["configuration"] == {"a": 1}
    sandbox.drift("xyte", "XQD-00001", space=LAB, sn="XQD-X")
    assert xyte("POST", "/devices/claim", json={"sn": "XQD-X", "mac": "02:5e:10:01:00:01"}).json()["error"].endswith("claimed")
    sandbox.drift("xyte", "Hall Projector", remove=True)
    assert xyte("POST", "/devices/claim", json={"cloud_id": "xpj-cloud-00012"}).status_code == 200
    for wrong in ({"colour": "red"}, {"space": "Wiz/Nowhere"}):
        with pytest.raises(KeyError):
            sandbox.drift("xyte", DISPLAY, **wrong)
    answer = requests.patch(sandbox.url + "/_sandbox/state/xyte", json={"device": "nobody", "set": {}}, timeout=10)
    assert answer.status_code == 404


def test_a_claim_can_lose_its_answer(xyte: Client, sandbox: Running) -> None:
    sandbox.fault({"vendor": "xyte", "method": "POST", "drop": "after"})
    with pytest.raises(requests.ConnectionError):
        xyte("POST", "/devices/claim", json=NEW_DISPLAY)
    assert xyte("POST", "/devices/claim", json=NEW_DISPLAY).json() == {"error": "Device already claimed"}
    assert [(entry["idempotent"], entry["blind_repeat"]) for entry in sandbox.requests(write=True)] == [
        (False, False),
        (False, True),
    ]


def test_a_write_is_not_blind_after_the_listing_was_read(xyte: Client, sandbox: Running) -> None:
    sandbox.fault(
        {"vendor": "xyte", "path": f"{BASE}/devices/claim", "status": 500, "after": True},
        {"vendor": "xyte", "path": f"{BASE}/spaces", "method": "POST", "status": 503},
    )
    for look, path, body in (("/devices", "/devices/claim", NEW_DISPLAY), ("/spaces", "/spaces", {"name": "Munich"})):
        assert xyte("POST", path, json=body).status_code >= 500
        xyte.get(look)
        xyte("POST", path, json=body)
    assert not any(entry["blind_repeat"] for entry in sandbox.requests())


def test_page_faults_need_no_total(xyte: Client, sandbox: Running) -> None:
    sandbox.fault(
        {"vendor": "xyte", "repeat_page": True}, {"vendor": "xyte", "missing_page": True}, {"vendor": "xyte", "wrong_total": True}
    )
    missing, wrong, again = (xyte.get("/devices", per_page=5, page=page).json() for page in (1, 1, 2))
    assert missing == {"items": [], "next_page": 2}
    assert (len(wrong["items"]), set(wrong)) == (5, {"items", "next_page"})
    assert again["items"] == wrong["items"]


def test_gateway_faults_reach_every_route(xyte: Client, sandbox: Running) -> None:
    sandbox.fault(
        {"vendor": "xyte", "retry_after": 2},
        {"vendor": "xyte", "status": 502, "body": "<html>", "content_type": "text/html"},
        {"vendor": "xyte", "cut_body": True},
    )
    limited, html = xyte.get("/devices"), xyte.get("/devices")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "2")
    assert (html.status_code, html.text) == (502, "<html>")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        xyte.get("/devices")


def test_the_empty_seed_has_spaces_and_hardware_and_no_devices(xyte: Client, sandbox: Running) -> None:
    sandbox.reset(seed="empty")
    assert xyte.get("/devices").json() == {"items": [], "next_page": None}
    assert len(xyte.get("/spaces").json()["items"]) == 19
    assert xyte("POST", "/devices/claim", json=NEW_DISPLAY).status_code == 200


def test_the_large_seed_is_deterministic(xyte: Client, sandbox: Running) -> None:
    sandbox.reset(seed="large", size=250)
    first = walked(xyte, 100)
    assert (len(first), len(set(first))) == (250, 250)
    assert xyte("POST", "/devices/claim", json={"sn": "XQD-30000", "mac": "02:5e:10:01:75:30"}).status_code == 200
    sandbox.reset(seed="large", size=250)
    assert walked(xyte, 100) == first


def test_configurations_and_claims_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    for step in range(2):
        with running(state=file) as started:
            client = Keyed(started.account("xyte") + BASE, "xyte-demo-key")
            with client.session:
                if not step:
                    client("POST", "/devices/claim", json={**NEW_DISPLAY, "name": "New"})
                    client("PATCH", f"/devices/{PLAYER}", json={"configuration": {"a": {"b": 1}}})
                assert names(client.get("/devices"))[-1] == "New"
                assert stored(started, PLAYER)["configuration"] == {"a": {"b": 1}}


def test_the_state_hides_the_keys(sandbox: Running) -> None:
    shown = requests.get(sandbox.url + "/_sandbox/state/xyte", timeout=10).text
    assert "xyte-demo-key" not in shown
    about = requests.get(sandbox.url + "/_sandbox", timeout=10).json()["xyte"]
    assert about["url"] == sandbox.account("xyte")
    assert about["credentials"]["Wiz"] == {"key": "xyte-demo-key"}
