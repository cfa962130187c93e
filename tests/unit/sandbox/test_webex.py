# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Webex's side: tokens and rights, strictness, pages by Link, tags, configurations, workspaces, phones and codes."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import requests

from fleetform.sandbox.cloud import stable_uuid
from fleetform.sandbox.server import Running
from fleetform.sandbox.webex_ids import decoded, other_form, vendor_id
from fleetform.sandbox.webex_seed import MANAGED, ORG, STRANGER, workspace_uuid
from fleetform.sandbox.webex_settings import chosen, fits
from tests.unit.sandbox.conftest import Client

PATCH = {"Content-Type": "application/json-patch+json"}


def device_id(serial: str) -> str:
    return vendor_id("DEVICE", stable_uuid("webex device", serial))


def place(name: str, location: str) -> str:
    return vendor_id("PLACE", workspace_uuid(name, location))


def person(name: str) -> str:
    return vendor_id("PEOPLE", stable_uuid("webex person", name))


CODEC, BOARD, KIT, BOOTH, BAR = (
    device_id(s) for s in ("FOC2710N0A1", "FOC2710N0A2", "FOC2711N0B1", "FOC2714N0E1", "FOC2713N0D1")
)
ADAS, PHONE, PHONE_9800 = (device_id(s) for s in ("FOC2716N0G1", "FCH2701P0A1", "FCH2701P0A2"))
TENANTS = device_id("FOC2720N0H1")
BOARDROOM = place("Alster Boardroom", "Hamburg Alsterufer")
LOUNGE, MAIL_ROOM = place("Spree Lounge", "Berlin Torstrasse"), place("Berlin Mail Room", "Berlin Torstrasse")
RECEPTION = place("Hamburg Reception", "Hamburg Alsterufer")
HAMBURG, BERLIN = (vendor_id("LOCATION", stable_uuid("webex location", n)) for n in ("Hamburg Alsterufer", "Berlin Torstrasse"))
TENANT_ORG, FOREIGN_ORG = vendor_id("ORGANIZATION", MANAGED), vendor_id("ORGANIZATION", STRANGER)
UNKNOWN = vendor_id("DEVICE", "00000000-0000-4000-8000-000000000000")
NEW_PHONE = {"mac": "C41F3B710001", "model": "DMS Cisco 8845", "workspaceId": MAIL_ROOM}
VALIDATE = "/telephony/config/devices/actions/validateMacs/invoke"


def as_token(sandbox: Running, token: str) -> Client:
    return Client(sandbox.account("webex"), token)


def patch(webex: Client, path: str, body: Any, **options: Any) -> requests.Response:
    return webex("PATCH", path, data=json.dumps(body), headers=PATCH, **options)


def tag(webex: Client, op: str, *value: str, device: str = CODEC) -> list[str]:
    body = {"op": op, "path": "tags", **({"value": list(value)} if value or op != "remove" else {})}
    answer = patch(webex, f"/devices/{device}", [body])
    assert answer.status_code == 200, answer.text
    return list(answer.json()["tags"])


def configure(webex: Client, *operations: dict[str, Any], device: str = CODEC) -> requests.Response:
    return patch(webex, "/deviceConfigurations", list(operations), params={"deviceId": device})


def operation(op: str, key: str, **value: Any) -> dict[str, Any]:
    return {"op": op, "path": f"{key}/sources/configured/value", **value}


def listed(webex: Client, path: str = "/devices", **query: Any) -> list[dict[str, Any]]:
    """All pages, by the links that the answers hold."""
    answer = webex.get(path, **query)
    rows: list[dict[str, Any]] = []
    for _number in range(100):
        assert answer.status_code == 200, answer.text
        rows.extend(answer.json()["items"])
        following = answer.links.get("next", {}).get("url")
        if following is None:
            return rows
        answer = webex.session.get(following, timeout=10)
    raise AssertionError("the listing did not end")


def test_a_refresh_token_gives_access_tokens_that_run_out(sandbox: Running) -> None:
    form = {
        "grant_type": "refresh_token",
        "client_id": "webex-demo-client",
        "client_secret": "webex-demo-secret",
        "refresh_token": "webex-demo-refresh",
    }
    url = sandbox.account("webex") + "/access_token"
    granted = requests.post(url, data=form, timeout=10).json()
    assert (granted["expires_in"], granted["refresh_token_expires_in"]) == (1_209_600, 7_776_000)
    assert (granted["refresh_token"], granted["token_type"]) == ("webex-demo-refresh", "Bearer")
    client = as_token(sandbox, granted["access_token"])
    assert client.get("/people/me").json()["displayName"] == "Mara Lindt"
    sandbox.advance(1_209_601)
    assert client.get("/people/me").status_code == 401
    assert requests.post(url, data=form, timeout=10).status_code == 200
    assert "webex-demo-secret" not in str(sandbox.requests())
    sandbox.advance(7_776_001)
    assert requests.post(url, data=form, timeout=10).status_code == 400


def test_a_refresh_can_replace_the_refresh_token(sandbox: Running) -> None:
    sandbox.switch("webex", refresh_rotates=True)
    form = {"grant_type": "refresh_token", "client_id": "webex-demo-client", "client_secret": "webex-demo-secret"}
    url = sandbox.account("webex") + "/access_token"
    first = requests.post(url, data={**form, "refresh_token": "webex-demo-refresh"}, timeout=10).json()
    assert first["refresh_token"] != "webex-demo-refresh"
    assert requests.post(url, data={**form, "refresh_token": "webex-demo-refresh"}, timeout=10).status_code == 400
    assert requests.post(url, data={**form, "refresh_token": first["refresh_token"]}, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"json": {"grant_type": "refresh_token"}}, 415),
        ({"data": {"grant_type": "refresh_token"}}, 400),
        ({"data": {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b", "refresh_token": "c"}}, 400),
        ({"data": {"grant_type": "refresh_token", "client_id": "a", "client_secret": "b", "refresh_token": "c"}}, 401),
        (
            {
                "data": {
                    "grant_type": "refresh_token",
                    "client_id": "webex-demo-client",
                    "client_secret": "webex-demo-secret",
                    "refresh_token": "c",
                }
            },
            400,
        ),
    ],
)
def test_the_token_endpoint_refuses(sandbox: Running, options: Any, status: int) -> None:
    refused = requests.post(sandbox.account("webex") + "/access_token", timeout=10, **options)
    assert refused.status_code == status
    assert set(refused.json()) == {"message", "errors", "trackingId"}


@pytest.mark.parametrize("token", ["", "nonsense", "webex-expired-token"])
def test_a_bad_token_is_401_with_the_vendors_error_body(sandbox: Running, token: str) -> None:
    refused = as_token(sandbox, token).get("/devices")
    assert refused.status_code == 401
    error = refused.json()
    assert error["message"] == "The request requires a valid access token set in the Authorization request header."
    assert error["trackingId"] == refused.headers["trackingid"]
    assert error["trackingId"].startswith("ROUTERGW_")


def test_a_tracking_id_of_the_client_comes_back(webex: Client) -> None:
    answer = webex("GET", "/devices", headers={"TrackingID": "mine_1"})
    assert answer.headers["trackingid"] == "mine_1"


def test_a_weak_token_sees_and_changes_only_its_own_devices(sandbox: Running) -> None:
    ada = as_token(sandbox, "webex-own-token")
    assert [row["id"] for row in listed(ada)] == [ADAS]
    assert ada.get(f"/devices/{ADAS}").status_code == 200
    assert ada.get(f"/devices/{CODEC}").status_code == 403
    assert tag(ada, "add", "mine", device=ADAS) == ["home office", "mine"]
    assert patch(ada, f"/devices/{CODEC}", [{"op": "remove", "path": "tags"}]).status_code == 403
    assert ada.get("/workspaces").status_code == 403
    assert ada.get("/people").status_code == 400
    assert ada.get("/people", email="jonas.weber@nordlicht.example").status_code == 200
    assert ada("POST", "/devices", json=NEW_PHONE).status_code == 403
    assert ada.get("/people/me").json()["emails"] == ["ada.keller@nordlicht.example"]
    sandbox.switch("webex", weak_details=404)
    assert ada.get(f"/devices/{CODEC}").status_code == 404
    assert ada("DELETE", f"/devices/{ADAS}").status_code == 204


def test_a_read_only_administrator_reads_everything_and_changes_nothing(sandbox: Running) -> None:
    reader = as_token(sandbox, "webex-readonly-token")
    assert len(listed(reader)) == 19
    entry = reader.get("/deviceConfigurations", deviceId=CODEC, key="Standby.Delay").json()["items"]["Standby.Delay"]
    assert entry["sources"]["configured"]["editability"] == {"isEditable": False, "reason": "NOT_AUTHORIZED"}
    assert patch(reader, f"/devices/{CODEC}", [{"op": "remove", "path": "tags"}]).status_code == 403
    assert configure(reader, operation("remove", "Standby.Delay")).status_code == 403
    assert reader("POST", "/workspaces", json={"displayName": "New"}).status_code == 403
    assert reader("DELETE", f"/devices/{CODEC}").status_code == 403
    assert reader("POST", VALIDATE, json={"macs": ["C41F3B710001"]}).status_code == 200


def test_a_partner_acts_on_the_organization_that_orgid_names(sandbox: Running, webex: Client) -> None:
    partner = as_token(sandbox, "webex-partner-token")
    assert [row["displayName"] for row in partner.get("/organizations").json()["items"]] == ["Nordlicht Offices", "Cafe Alster"]
    assert len(listed(partner)) == 19
    assert [row["serial"] for row in listed(partner, orgId=TENANT_ORG)] == ["FOC2720N0H1", "FCH2720P0D1"]
    assert partner.get(f"/devices/{TENANTS}").status_code == 404
    assert partner.get(f"/devices/{TENANTS}", orgId=TENANT_ORG).status_code == 200
    assert partner.get(f"/devices/{TENANTS}", orgId="").status_code == 404
    made = partner("POST", "/workspaces", json={"displayName": "Terrace", "orgId": TENANT_ORG})
    assert made.json()["orgId"] == TENANT_ORG
    assert partner.get("/devices", orgId=FOREIGN_ORG).status_code == 403
    assert [row["displayName"] for row in webex.get("/organizations").json()["items"]] == ["Nordlicht Offices"]
    assert webex.get("/devices", orgId=TENANT_ORG).status_code == 403
    assert webex.get("/devices", orgId=vendor_id("ORGANIZATION", ORG)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/nothing", {}, 404),
        ("PUT", f"/devices/{CODEC}", {"json": {}}, 405),
        ("GET", "/devices", {"params": {"serialNumber": "x"}}, 400),
        ("GET", "/devices", {"params": [("serial", "a"), ("serial", "b")]}, 400),
        ("GET", "/devices", {"params": {"max": 0}}, 400),
        ("GET", "/devices", {"params": {"max": "null"}}, 400),
        ("GET", "/devices", {"params": {"start": -1}}, 400),
        ("GET", "/devices", {"params": {"type": "tv"}}, 400),
        ("GET", "/devices", {"params": {"orgId": "Nordlicht"}}, 400),
        ("GET", "/devices", {"data": "x"}, 400),
        ("GET", f"/devices/{UNKNOWN}", {}, 404),
        ("GET", "/devices/not-an-id", {}, 404),
        ("GET", f"/devices/{BOARDROOM}", {}, 404),
        ("PATCH", f"/devices/{CODEC}", {"json": [{"op": "remove", "path": "tags"}]}, 415),
        ("PATCH", f"/devices/{CODEC}", {"data": "[]", "headers": PATCH}, 400),
        ("PATCH", f"/devices/{CODEC}", {"data": "{", "headers": PATCH}, 400),
        ("PATCH", f"/devices/{CODEC}", {"data": '[{"op": "add", "path": "/tags", "value": ["a"]}]', "headers": PATCH}, 400),
        ("PATCH", f"/devices/{CODEC}", {"data": '[{"op": "add", "path": "displayName", "value": ["a"]}]', "headers": PATCH}, 400),
        ("PATCH", f"/devices/{CODEC}", {"data": '[{"op": "add", "path": "tags", "value": "a"}]', "headers": PATCH}, 400),
        ("PATCH", f"/devices/{CODEC}", {"data": '[{"op": "add", "path": "tags", "value": [1]}]', "headers": PATCH}, 400),
        ("PATCH", f"/devices/{CODEC}", {"data": '[{"op": "add", "path": "tags"}]', "headers": PATCH}, 400),
        ("PATCH", f"/devices/{CODEC}", {"data": '[{"op": "test", "path": "tags", "value": []}]', "headers": PATCH}, 400),
        ("PATCH", f"/devices/{CODEC}", {"data": '[{"op": "remove", "path": "tags", "from": "a"}]', "headers": PATCH}, 400),
        ("DELETE", f"/devices/{UNKNOWN}", {}, 404),
        ("POST", "/devices", {"json": {**NEW_PHONE, "personId": person("Ada Keller")}}, 400),
        ("POST", "/devices", {"json": {"mac": "C41F3B710001", "model": "DMS Cisco 8845"}}, 400),
        ("POST", "/devices", {"json": {**NEW_PHONE, "mac": "C4:1F:3B:71:00:01"}}, 400),
        ("POST", "/devices", {"json": {**NEW_PHONE, "mac": "C41F3B7000"}}, 400),
        ("POST", "/devices", {"json": {**NEW_PHONE, "mac": "C41F3B700DEC"}}, 400),
        ("POST", "/devices", {"json": {**NEW_PHONE, "model": "Cisco Room Bar"}}, 400),
        ("POST", "/devices", {"json": {**NEW_PHONE, "name": "x"}}, 400),
        ("POST", "/devices", {"json": {**NEW_PHONE, "password": "x"}}, 400),
        ("POST", "/devices", {"json": {**NEW_PHONE, "workspaceId": LOUNGE}}, 400),
        ("POST", "/devices", {"json": {**NEW_PHONE, "workspaceId": UNKNOWN}}, 404),
        ("POST", "/devices", {"data": "{}"}, 415),
        ("POST", "/devices/activationCode", {"json": {}}, 400),
        ("POST", "/devices/activationCode", {"json": {"workspaceId": LOUNGE, "personId": person("Ada Keller")}}, 400),
        ("POST", "/devices/activationCode", {"json": {"workspaceId": MAIL_ROOM}}, 400),
        ("POST", "/devices/activationCode", {"json": {"workspaceId": LOUNGE, "model": "Cisco 1"}}, 400),
        ("GET", "/deviceConfigurations", {}, 400),
        ("GET", "/deviceConfigurations", {"params": {"deviceId": CODEC, "orgId": TENANT_ORG}}, 400),
        ("GET", "/deviceConfigurations", {"params": {"deviceId": CODEC, "key": "Audio..x"}}, 400),
        ("GET", "/deviceConfigurations", {"params": {"deviceId": PHONE}}, 404),
        ("POST", "/workspaces", {"json": {}}, 400),
        ("POST", "/workspaces", {"json": {"displayName": " "}}, 400),
        ("POST", "/workspaces", {"json": {"displayName": "New", "color": "red"}}, 400),
        ("POST", "/workspaces", {"json": {"displayName": "New", "type": "kitchen"}}, 400),
        ("POST", "/workspaces", {"json": {"displayName": "New", "capacity": -1}}, 400),
        ("POST", "/workspaces", {"json": {"displayName": "New", "notes": None}}, 400),
        ("POST", "/workspaces", {"json": {"displayName": "New", "floorId": "x"}}, 400),
        ("POST", "/workspaces", {"json": {"displayName": "New", "sipAddress": "x@y"}}, 400),
        ("POST", "/workspaces", {"json": {"displayName": "New", "supportedDevices": "tv"}}, 400),
        ("POST", "/workspaces", {"json": {"displayName": "New", "calling": {"type": "webexCalling"}}}, 400),
        ("POST", "/workspaces", {"json": {"displayName": "New", "locationId": UNKNOWN}}, 404),
        ("POST", "/workspaces", {"params": {"orgId": TENANT_ORG}, "json": {"displayName": "New"}}, 400),
        ("PUT", f"/workspaces/{BOARDROOM}", {"json": {"notes": "x"}}, 400),
        ("PUT", f"/workspaces/{BOARDROOM}", {"json": {"displayName": "New", "id": BOARDROOM}}, 400),
        ("PUT", f"/workspaces/{BOARDROOM}", {"json": {"displayName": "New", "supportedDevices": "phones"}}, 400),
        ("PUT", f"/workspaces/{BOARDROOM}", {"json": {"displayName": "New", "locationId": BERLIN}}, 400),
        ("PUT", f"/workspaces/{BOARDROOM}", {"json": {"displayName": "New", "calling": {"type": "none"}}}, 400),
        ("PUT", f"/workspaces/{RECEPTION}", {"json": {"displayName": "New", "calling": {"type": "webexCalling"}}}, 400),
        ("PUT", f"/workspaces/{UNKNOWN}", {"json": {"displayName": "New"}}, 404),
        ("GET", "/people", {"params": {"start": 1}}, 400),
        ("GET", "/people", {"params": {"after": "nonsense"}}, 400),
        ("GET", "/people", {"params": {"id": ",".join([person("Ada Keller")] * 86)}}, 400),
        ("GET", f"/people/{UNKNOWN}", {}, 404),
        ("GET", f"/people/{person('Otto Graf')}", {}, 404),
        ("GET", f"/organizations/{TENANT_ORG}", {}, 404),
        ("GET", f"/locations/{UNKNOWN}", {}, 404),
        ("GET", f"/workspaceLocations/{HAMBURG}", {}, 404),
        ("POST", VALIDATE, {"json": {"macs": []}}, 400),
    ],
)
def test_what_the_vendor_refuses_is_refused(
    webex: Client, sandbox: Running, method: str, path: str, options: Any, status: int
) -> None:
    before = json.dumps(sandbox.state["webex"], sort_keys=True)
    refused = webex(method, path, **options)
    assert refused.status_code == status, refused.text
    error = refused.json()
    assert set(error) == {"message", "errors", "trackingId"}
    assert error["errors"][0]["description"]
    assert json.dumps(sandbox.state["webex"], sort_keys=True) == before
    assert sandbox.requests()[-1]["violation"] or status in (403, 404)


def test_an_unknown_query_parameter_can_be_ignored_and_is_logged(webex: Client, sandbox: Running) -> None:
    sandbox.switch("webex", unknown_query="ignore")
    assert len(webex.get("/devices", serialNumber="x").json()["items"]) == 19
    assert sandbox.requests()[-1]["violation"] == "unknown query parameter: serialNumber"


def test_the_rate_limit_answers_429_with_retry_after(webex: Client, sandbox: Running) -> None:
    sandbox.limit("webex", requests=2)
    statuses = [webex.get("/people/me").status_code for _number in range(3)]
    assert statuses == [200, 200, 429]
    assert int(webex.get("/people/me").headers["Retry-After"]) >= 1
    sandbox.switch("webex", retry_after="omit")
    assert "Retry-After" not in webex.get("/people/me").headers
    sandbox.advance(61)
    assert webex.get("/people/me").status_code == 200


def test_a_device_has_the_fields_of_the_reference_page(webex: Client) -> None:
    row = webex.get(f"/devices/{CODEC}").json()
    assert row["displayName"] == "Alster Boardroom"
    assert (row["workspaceId"], row["placeId"], "personId" in row) == (BOARDROOM, BOARDROOM, False)
    assert (row["product"], row["type"], row["tags"]) == ("Cisco Room Kit Pro", "roomdesk", ["floor 5", "av-managed"])
    assert (row["mac"], row["serial"], row["locationId"]) == ("8C:A5:3B:70:00:0B", "FOC2710N0A1", HAMBURG)
    assert {"ip", "software", "upgradeChannel", "created", "firstSeen", "lastSeen", "managedBy", "devicePlatform"} <= set(row)
    phone = webex.get(f"/devices/{PHONE}").json()
    assert len(phone["mac"]) == 12
    assert phone["webexDeviceId"] == phone["id"] != phone["callingDeviceId"]
    assert webex.get(f"/devices/{ADAS}").json()["personId"] == person("Ada Keller")


@pytest.mark.parametrize(
    ("switch", "value", "field", "expected"),
    [
        ("absent_fields", "null", "personId", None),
        ("list_form", "objects", "capabilities", [{}]),
        ("maintenance_form", "text", "plannedMaintenance", "off"),
        ("maintenance_form", "object", "plannedMaintenance", {"mode": "off"}),
        ("undocumented_fields", True, "lifecycle", "ACTIVE"),
        ("reference_ids", "variant", "workspaceId", other_form(BOARDROOM)),
    ],
)
def test_the_forms_of_a_device_can_be_switched(
    webex: Client, sandbox: Running, switch: str, value: Any, field: str, expected: Any
) -> None:
    sandbox.switch("webex", **{switch: value})
    assert webex.get(f"/devices/{CODEC}").json()[field] == expected


def test_ids_of_another_form_lead_to_the_same_row_where_that_is_switched_on(webex: Client, sandbox: Running) -> None:
    assert other_form(CODEC) != CODEC
    assert decoded(other_form(BOARDROOM)) == decoded(BOARDROOM)
    assert webex.get(f"/devices/{other_form(CODEC)}").status_code == 404
    sandbox.switch("webex", id_forms="decoded")
    assert webex.get(f"/devices/{other_form(CODEC)}").json()["id"] == CODEC
    assert len(webex.get("/devices", workspaceId=other_form(BOARDROOM)).json()["items"]) == 2
    sandbox.switch("webex", malformed_id=400)
    assert webex.get("/devices/not-an-id").status_code == 400


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"serial": "FOC2710N0A1"}, 1),
        ({"displayName": "Focus Room"}, 2),
        ({"displayName": "focus room"}, 0),
        ({"type": "phone"}, 6),
        ({"connectionStatus": "disconnected"}, 3),
        ({"personId": person("Ada Keller")}, 1),
        ({"workspaceId": BOARDROOM}, 2),
        ({"locationId": BERLIN}, 9),
        ({"tag": "floor 5"}, 4),
        ({"tag": "floor 5,whiteboard"}, 1),
        ({"tag": ["floor 5", "av-managed"]}, 1),
        ({"mac": "8C:A5:3B:70:00:0B"}, 1),
        ({"mac": "8ca53b70000b"}, 1),
        ({"errorCode": "sipprofileregistration"}, 1),
        ({"capability": "xapi"}, 13),
        ({"permission": "xapi:all"}, 13),
        ({"product": "RoomKit"}, 1),
        ({"product": "Cisco Room Kit"}, 0),
        ({"software": "PhoneOS 3.4.1"}, 2),
        ({"upgradeChannel": "Stable"}, 19),
        ({"devicePlatform": "microsoftTeamsRoom"}, 0),
        ({"plannedMaintenance": "on"}, 0),
        ({"type": "phone", "tag": "reception", "max": "1"}, 2),
    ],
)
def test_devices_are_filtered_and_the_links_keep_the_filters(webex: Client, query: dict[str, Any], count: int) -> None:
    assert len(listed(webex, **query)) == count


def test_the_mac_filter_can_be_as_strict_as_the_listing(webex: Client, sandbox: Running) -> None:
    sandbox.switch("webex", mac_filter="listed")
    assert len(listed(webex, mac="8ca53b70000b")) == 0
    assert len(listed(webex, mac="8C:A5:3B:70:00:0B")) == 1


@pytest.mark.parametrize(("way", "count"), [("exact", 0), ("folded", 2), ("prefix", 2)])
def test_text_filters_can_match_loosely(webex: Client, sandbox: Running, way: str, count: int) -> None:
    sandbox.switch("webex", text_filters=way)
    assert len(listed(webex, displayName="focus room")) == count


def test_pages_follow_link_and_a_page_size_is_cut_silently(webex: Client, sandbox: Running) -> None:
    sandbox.limit("webex", page=5, page_cap=8)
    first = webex.get("/devices")
    assert len(first.json()["items"]) == 5
    assert first.links["next"]["url"] == f"{webex.base}/devices?max=5&start=5"
    assert len(webex.get("/devices", max=1000).json()["items"]) == 8
    assert len({row["id"] for row in listed(webex)}) == 19
    assert "next" not in webex.get("/devices", start=15).links
    assert webex.get("/devices", start=99).json() == {"items": []}
    sandbox.switch("webex", link_relations="all")
    assert set(webex.get("/devices", start=5, max=5).links) == {"first", "prev", "next", "last"}


def test_people_page_by_an_opaque_cursor(webex: Client) -> None:
    first = webex.get("/people", max=4)
    assert "before=&after=" in first.links["next"]["url"]
    assert [row["displayName"] for row in listed(webex, "/people", max=4)][3:5] == ["Priya Nair", "Emre Aydin"]


def test_the_next_link_can_go_wrong_in_every_known_way(webex: Client, sandbox: Running) -> None:
    query = {"type": "phone", "max": 2}
    sandbox.switch("webex", next_filters="lose")
    assert webex.get("/devices", **query).links["next"]["url"] == f"{webex.base}/devices?max=2&start=2"
    sandbox.switch("webex", next_filters="keep", next_url="same")
    assert webex.get("/devices", **query).links["next"]["url"] == f"{webex.base}/devices?type=phone&max=2"
    sandbox.switch("webex", next_url="foreign")
    assert webex.get("/devices", **query).links["next"]["url"].startswith("http://elsewhere.invalid/")
    sandbox.switch("webex", next_url="max_null")
    assert "max=null" in webex.get("/devices", **query).links["next"]["url"]
    assert len(listed(webex, **query)) == 6


def test_empty_pages_can_have_a_next(webex: Client, sandbox: Running) -> None:
    sandbox.switch("webex", empty_page="middle")
    answer = webex.get("/devices", type="phone", max=4)
    sizes = [len(answer.json()["items"])]
    while "next" in answer.links:
        answer = webex.session.get(answer.links["next"]["url"], timeout=10)
        sizes.append(len(answer.json()["items"]))
    assert sizes == [4, 0, 2]
    assert [entry["violation"] for entry in sandbox.requests()] == [None, None, None]
    sandbox.switch("webex", empty_page="last")
    last = webex.get("/devices", start=19)
    assert last.json()["items"] == []
    assert "next" in last.links


def test_the_listing_can_lag_after_a_create_and_a_delete(webex: Client, sandbox: Running) -> None:
    sandbox.switch("webex", list_lag=2)
    made = webex("POST", "/devices", json=NEW_PHONE).json()
    assert webex.get(f"/devices/{made['id']}").status_code == 200
    assert [len(listed(webex, mac="C41F3B710001")) for _number in range(3)] == [0, 0, 1]
    assert webex("DELETE", f"/devices/{made['id']}").status_code == 204
    assert webex.get(f"/devices/{made['id']}").status_code == 404
    assert [len(listed(webex, mac="C41F3B710001")) for _number in range(3)] == [1, 1, 0]
    webex("POST", "/workspaces", json={"displayName": "Later"})
    assert [len(listed(webex, "/workspaces", displayName="Later")) for _number in range(3)] == [0, 0, 1]


def test_what_else_is_assumed_can_be_otherwise(webex: Client, sandbox: Running) -> None:
    sandbox.switch(
        "webex",
        foreign_device=403,
        tag_duplicates=True,
        no_configurations_status=400,
        workspace_name_twice="refuse",
        unknown_email_status=404,
        owner_ids="both",
    )
    assert webex.get(f"/devices/{TENANTS}").status_code == 403
    assert tag(webex, "add", "floor 5") == ["floor 5", "av-managed", "floor 5"]
    assert webex.get("/deviceConfigurations", deviceId=PHONE).status_code == 400
    assert webex("POST", "/workspaces", json={"displayName": "Elbe Huddle"}).status_code == 409
    assert webex.get("/people", email="nobody@nordlicht.example").status_code == 404
    assert webex.get(f"/devices/{CODEC}").json()["personId"] == BOARDROOM


def test_a_listed_device_can_lack_its_id(webex: Client, sandbox: Running) -> None:
    sandbox.switch("webex", nameless_device=True)
    assert ["id" in row for row in listed(webex, workspaceId=BOARDROOM)] == [True, False]


def test_tags_are_added_replaced_and_all_removed(webex: Client, sandbox: Running) -> None:
    assert tag(webex, "add", "new", "floor 5", "new") == ["floor 5", "av-managed", "new"]
    assert tag(webex, "replace", "b", "a") == ["b", "a"]
    assert tag(webex, "add", "a") == ["b", "a"]
    assert sandbox.requests()[-1]["noop"] is True
    assert tag(webex, "remove") == []
    assert webex.get(f"/devices/{CODEC}").json()["tags"] == []
    assert [entry["violation"] for entry in sandbox.requests()] == [None] * 5


def test_remove_takes_all_tags_even_where_a_value_names_some(webex: Client, sandbox: Running) -> None:
    assert tag(webex, "remove", "floor 5") == []
    assert "all tags" in str(sandbox.requests()[-1]["violation"])


def test_the_body_of_a_tag_patch_is_an_array_an_object_or_what_the_switch_says(webex: Client, sandbox: Running) -> None:
    one = {"op": "add", "path": "tags", "value": ["x"]}
    both = [one, {"op": "add", "path": "tags", "value": ["y"]}]
    assert patch(webex, f"/devices/{KIT}", one).json()["tags"] == ["floor 5", "x"]
    assert patch(webex, f"/devices/{KIT}", both).json()["tags"] == ["floor 5", "x", "y"]
    sandbox.switch("webex", tag_body="array")
    assert patch(webex, f"/devices/{KIT}", one).status_code == 400
    sandbox.switch("webex", tag_body="object")
    assert patch(webex, f"/devices/{KIT}", both).status_code == 400


def test_the_patch_content_type_can_be_lenient(webex: Client, sandbox: Running) -> None:
    sandbox.switch("webex", patch_type="any")
    assert webex("PATCH", f"/devices/{KIT}", json=[{"op": "remove", "path": "tags"}]).status_code == 200
    assert sandbox.requests()[-1]["violation"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("Audio.Ultrasound.MaxVolume", ["Audio.Ultrasound.MaxVolume"]),
        ("Audio.Ultrasound.*", ["Audio.Ultrasound.MaxVolume"]),
        ("Audio.SoundsAndAlerts", ["Audio.SoundsAndAlerts.RingVolume", "Audio.SoundsAndAlerts.RingTone"]),
        ("FacilityService.Service[1].Name", ["FacilityService.Service[1].Name"]),
        ("FacilityService.Service[*].Name", [f"FacilityService.Service[{n}].Name" for n in range(1, 6)]),
        ("FacilityService.Service[1..3].Name", [f"FacilityService.Service[{n}].Name" for n in range(1, 4)]),
        ("FacilityService.Service[4..n].Name", [f"FacilityService.Service[{n}].Name" for n in (4, 5)]),
        ("FacilityService.Service.Name", []),
        ("Nothing.Here", []),
    ],
)
def test_configurations_are_read_by_key_pattern(webex: Client, pattern: str, expected: list[str]) -> None:
    answer = webex.get("/deviceConfigurations", deviceId=CODEC, key=pattern)
    assert answer.json()["deviceId"] == CODEC
    assert list(answer.json()["items"]) == expected


def test_a_configuration_tells_value_source_and_value_space(webex: Client) -> None:
    items = webex.get("/deviceConfigurations", deviceId=CODEC).json()["items"]
    assert items["Audio.Ultrasound.MaxVolume"] == {
        "value": 60,
        "source": "configured",
        "sources": {
            "default": {
                "value": 70,
                "editability": {"isEditable": False, "reason": "FACTORY_DEFAULT"},
                "level": "FACTORY",
            },
            "configured": {"value": 60, "editability": {"isEditable": True}, "level": "DEVICE"},
        },
        "valueSpace": {"type": "integer", "minimum": 0, "maximum": 90},
    }
    assert items["Conference.MaxReceiveCallRate"]["source"] == "default"
    assert items["Phonebook.Server[1].ID"]["value"] is None
    assert "Video.Output.Connector[1].Brightness" not in items
    assert set(webex.get("/deviceConfigurations", deviceId=PHONE_9800).json()["items"]) > {"Bluetooth.Enabled"}


def test_configurations_are_set_and_reset_in_one_patch(webex: Client, sandbox: Running) -> None:
    answer = configure(
        webex,
        operation("replace", "Standby.Delay", value=30),
        operation("replace", "FacilityService.Service[2].Name", value="Janitor"),
        operation("remove", "Audio.Ultrasound.MaxVolume"),
    )
    assert answer.status_code == 201
    items = answer.json()["items"]
    assert {key: (entry["value"], entry["source"]) for key, entry in items.items()} == {
        "Standby.Delay": (30, "configured"),
        "FacilityService.Service[2].Name": ("Janitor", "configured"),
        "Audio.Ultrasound.MaxVolume": (70, "default"),
    }
    again = configure(webex, operation("replace", "Standby.Delay", value=30))
    assert (again.status_code, sandbox.requests()[-1]["noop"]) == (201, True)
    sandbox.switch("webex", configuration_answer="all", configuration_status=200)
    assert len(configure(webex, operation("remove", "Standby.Delay")).json()["items"]) > 20
    sandbox.switch("webex", configuration_status=204)
    assert configure(webex, operation("remove", "Standby.Delay")).content == b""


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (operation("replace", "Audio.Ultrasound.MaxVolume", value=91), 400),
        (operation("replace", "Audio.Ultrasound.MaxVolume", value="60"), 400),
        (operation("replace", "Audio.Ultrasound.MaxVolume", value=True), 400),
        (operation("replace", "Audio.Ultrasound.MaxVolume", value=None), 400),
        (operation("replace", "Audio.Ultrasound.MaxVolume"), 400),
        (operation("replace", "Standby.Control", value="on"), 400),
        (operation("replace", "SystemUnit.Name", value="x" * 51), 400),
        (operation("replace", "Audio.Unknown", value=1), 400),
        (operation("add", "Standby.Delay", value=1), 400),
        (operation("remove", "Standby.Delay", value=1), 400),
        ({"op": "replace", "path": "/Standby.Delay/sources/configured/value", "value": 5}, 400),
        ({"op": "replace", "path": "Standby.Delay/value", "value": 5}, 400),
        ({"op": "replace", "path": "Standby.Delay", "value": 5}, 400),
    ],
)
def test_one_bad_operation_rejects_the_whole_patch(webex: Client, sandbox: Running, wrong: Any, status: int) -> None:
    refused = configure(webex, operation("replace", "Standby.Delay", value=33), wrong)
    assert refused.status_code == status
    assert sandbox.requests()[-1]["violation"]
    kept = webex.get("/deviceConfigurations", deviceId=CODEC, key="Standby.Delay").json()["items"]
    assert kept["Standby.Delay"]["value"] == 10


def test_a_configuration_patch_is_an_array_for_one_device(webex: Client, sandbox: Running) -> None:
    one = operation("replace", "Standby.Delay", value=33)
    assert patch(webex, "/deviceConfigurations", one, params={"deviceId": CODEC}).status_code == 400
    assert patch(webex, "/deviceConfigurations", [one]).status_code == 400
    sandbox.switch("webex", configuration_body="both")
    assert patch(webex, "/deviceConfigurations", one, params={"deviceId": CODEC}).status_code == 201


def test_a_configuration_of_another_authority_is_not_editable(webex: Client, sandbox: Running) -> None:
    entry = webex.get("/deviceConfigurations", deviceId=BOOTH, key="Standby.Delay").json()["items"]["Standby.Delay"]
    assert entry["sources"]["configured"]["editability"] == {
        "isEditable": False,
        "reason": "CONFIG_MANAGED_BY_DIFFERENT_AUTHORITY",
    }
    assert configure(webex, operation("replace", "Standby.Delay", value=3), device=BOOTH).status_code == 403
    sandbox.switch("webex", editability_name="editable")
    entry = webex.get("/deviceConfigurations", deviceId=BOOTH, key="Standby.Delay").json()["items"]["Standby.Delay"]
    assert entry["sources"]["configured"]["editability"]["editable"] is False


def test_the_system_name_can_be_the_display_name(webex: Client, sandbox: Running) -> None:
    configure(webex, operation("replace", "SystemUnit.Name", value="Codec"))
    assert webex.get(f"/devices/{CODEC}").json()["displayName"] == "Alster Boardroom"
    sandbox.switch("webex", system_name_shows=True)
    configure(webex, operation("replace", "SystemUnit.Name", value="Codec 2"))
    assert webex.get(f"/devices/{CODEC}").json()["displayName"] == "Codec 2"
    configure(webex, operation("remove", "SystemUnit.Name"))
    assert webex.get(f"/devices/{CODEC}").json()["displayName"] == "Alster Boardroom"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"displayName": "Focus Room"}, 2),
        ({"displayName": "focus"}, 2),
        ({"locationId": HAMBURG}, 7),
        ({"type": "huddle"}, 1),
        ({"type": "notSet"}, 5),
        ({"capacity": 14}, 1),
        ({"capacity": -1}, 6),
        ({"calling": "webexCalling"}, 5),
        ({"calendar": "microsoft"}, 1),
        ({"supportedDevices": "phones"}, 5),
        ({"healthLevel": "error"}, 0),
        ({"devicePlatform": "cisco"}, 16),
        ({"floorId": "x"}, 0),
        ({"deviceHostedMeetingsEnabled": "true"}, 0),
        ({"plannedMaintenance": "on"}, 0),
        ({"customAttribute": "asset"}, 0),
    ],
)
def test_workspaces_are_filtered(webex: Client, query: dict[str, Any], count: int) -> None:
    assert len(listed(webex, "/workspaces", max=4, **query)) == count


def test_workspaces_show_their_devices_and_capabilities_on_request(webex: Client) -> None:
    plain = webex.get(f"/workspaces/{BOARDROOM}").json()
    assert (plain["displayName"], plain["capacity"], "devices" in plain) == ("Alster Boardroom", 14, False)
    shown = webex.get("/workspaces", displayName="Alster", includeDevices="true", includeCapabilities="true").json()["items"][0]
    assert [row["id"] for row in shown["devices"]] == [CODEC, BOARD]
    assert shown["capabilities"]["presenceDetection"] == {"supported": True, "configured": True}
    assert len(webex.get(f"/workspaces/{BOARDROOM}", includeDevices="true").json()["devices"]) == 2
    assert webex.get(f"/workspaces/{BOARDROOM}/capabilities").json()["capabilities"] == shown["capabilities"]
    assert webex.get("/workspaces", includeDevices="yes").status_code == 400


def test_a_put_renames_the_devices_and_erases_what_it_leaves_out(webex: Client) -> None:
    renamed = webex("PUT", f"/workspaces/{BOARDROOM}", json={"displayName": "Alster Hall", "capacity": 14})
    assert renamed.status_code == 200
    row = renamed.json()
    assert (row["displayName"], row["capacity"], "notes" in row, "type" in row) == ("Alster Hall", 14, False, False)
    assert (row["locationId"], row["calling"], row["hotdeskingStatus"]) == (HAMBURG, {"type": "freeCalling"}, "off")
    assert [webex.get(f"/devices/{number}").json()["displayName"] for number in (CODEC, BOARD)] == ["Alster Hall"] * 2


def test_what_a_put_erases_and_the_name_of_devices_can_be_switched(webex: Client, sandbox: Running) -> None:
    sandbox.switch("webex", put_drops=["capacity", "type", "notes", "calendar"], device_shows_workspace_name=False)
    spree = place("Spree Boardroom", "Berlin Torstrasse")
    row = webex("PUT", f"/workspaces/{spree}", json={"displayName": "Spree Hall"}).json()
    assert "calendar" not in row
    assert webex.get(f"/devices/{BAR}").json()["displayName"] == "Spree Boardroom"


def test_a_put_that_changes_nothing_is_noted(webex: Client, sandbox: Running) -> None:
    body = {"displayName": "Elbe Huddle", "capacity": 4, "type": "huddle"}
    webex("PUT", f"/workspaces/{place('Elbe Huddle', 'Hamburg Alsterufer')}", json=body)
    assert sandbox.requests()[-1]["noop"] is True


def test_a_put_may_carry_read_only_fields_where_that_is_switched_on(webex: Client, sandbox: Running) -> None:
    sandbox.switch("webex", put_read_only="ignore")
    body = {**webex.get(f"/workspaces/{BOARDROOM}").json(), "displayName": "New"}
    del body["sipAddress"]
    assert webex("PUT", f"/workspaces/{BOARDROOM}", json=body).json()["displayName"] == "New"


def test_a_workspace_is_made_with_a_name_that_another_has_and_placed_once(webex: Client) -> None:
    made = webex("POST", "/workspaces", json={"displayName": "Focus Room", "capacity": 3, "type": "focus"})
    assert made.status_code == 201
    row = made.json()
    assert (row["supportedDevices"], row["calling"], "locationId" in row) == (
        "collaborationDevices",
        {"type": "freeCalling"},
        False,
    )
    assert len(listed(webex, "/workspaces", displayName="Focus Room")) == 3
    path = f"/workspaces/{row['id']}"
    assert webex("PUT", path, json={"displayName": "Focus Room", "locationId": BERLIN}).json()["locationId"] == BERLIN
    assert webex("PUT", path, json={"displayName": "Focus Room", "locationId": HAMBURG}).status_code == 400


def test_a_workspace_for_phones_without_calling_is_unhealthy(webex: Client) -> None:
    row = webex("POST", "/workspaces", json={"displayName": "Gate", "supportedDevices": "phones"}).json()
    assert row["health"]["level"] == "error"
    calling = {"type": "webexCalling", "webexCalling": {"locationId": HAMBURG, "extension": "4410"}}
    body = {"displayName": "Gate 2", "supportedDevices": "phones", "calling": calling, "locationId": HAMBURG}
    row = webex("POST", "/workspaces", json=body).json()
    assert (row["health"]["level"], row["calling"]) == ("ok", {"type": "webexCalling"})


def test_a_deleted_workspace_takes_its_devices_along(webex: Client) -> None:
    assert webex("DELETE", f"/workspaces/{BOARDROOM}").status_code == 204
    assert webex.get(f"/workspaces/{BOARDROOM}").status_code == 404
    assert [webex.get(f"/devices/{number}").status_code for number in (CODEC, BOARD)] == [404, 404]
    assert len(listed(webex)) == 17


def test_a_deleted_device_is_gone_with_its_settings(webex: Client, sandbox: Running) -> None:
    assert webex("DELETE", f"/devices/{CODEC}").content == b""
    assert webex("DELETE", f"/devices/{CODEC}").status_code == 404
    assert webex.get("/deviceConfigurations", deviceId=CODEC).status_code == 404
    assert stable_uuid("webex device", "FOC2710N0A1") not in sandbox.state["webex"]["configurations"]


@pytest.mark.parametrize("model", ["DMS Cisco 8845", "Cisco 8845"])
def test_a_phone_is_added_by_mac_to_a_workspace_or_a_person(webex: Client, model: str) -> None:
    added = webex("POST", "/devices", json={**NEW_PHONE, "model": model})
    assert added.status_code == 200
    row = added.json()
    assert (row["displayName"], row["product"], row["type"]) == ("Berlin Mail Room", "Cisco 8845", "phone")
    assert (row["mac"], row["connectionStatus"], "serial" in row) == ("C41F3B710001", "activating", False)
    assert [found["id"] for found in listed(webex, mac="C41F3B710001")] == [row["id"]]
    body = {"mac": "c41f3b710002", "model": model, "personId": person("Lena Vogt")}
    assert webex("POST", "/devices", json=body).json()["personId"] == person("Lena Vogt")


def test_a_mac_in_use_is_refused_also_by_another_organizations(webex: Client, sandbox: Running) -> None:
    taken = next(row for row in sandbox.state["webex"]["devices"].values() if row["serial"] == "FCH2720P0D1")["mac"]
    refused = webex("POST", "/devices", json={**NEW_PHONE, "mac": taken})
    assert (refused.status_code, refused.json()["errors"][0]["errorCode"]) == (400, 5675)
    sandbox.switch("webex", mac_in_use_status=409)
    assert webex("POST", "/devices", json={**NEW_PHONE, "mac": taken}).status_code == 409


def test_adding_a_phone_can_answer_nothing_and_take_other_forms(webex: Client, sandbox: Running) -> None:
    sandbox.switch("webex", add_answer="empty", add_mac_form="any", phone_in_room="accept")
    added = webex("POST", "/devices", json={**NEW_PHONE, "mac": "C4:1F:3B:71:00:01", "workspaceId": LOUNGE})
    assert (added.status_code, added.content) == (200, b"")
    assert len(listed(webex, mac="C41F3B710001")) == 1
    sandbox.switch("webex", phone_needs_calling=True)
    assert webex("POST", "/devices", json={**NEW_PHONE, "mac": "C41F3B710002", "workspaceId": LOUNGE}).status_code == 400


def test_two_phones_at_once_for_one_workspace_are_logged(webex: Client, sandbox: Running) -> None:
    sandbox.fault({"vendor": "webex", "method": "POST", "latency": 0.1, "times": 2})
    first = threading.Thread(target=lambda: webex("POST", "/devices", json=NEW_PHONE))
    first.start()
    with as_token(sandbox, "webex-demo-token").session as session:
        url = webex.base + "/devices"
        session.post(url, json={**NEW_PHONE, "mac": "C41F3B710002"}, timeout=10)
        first.join()
        session.post(url, json={**NEW_PHONE, "mac": "C41F3B710003"}, timeout=10)
    found = [bool(entry["violation"]) for entry in sandbox.requests("webex")]
    assert sorted(found[:2]) == [False, True]
    assert found[2] is False


def test_macs_are_checked(webex: Client, sandbox: Running) -> None:
    macs = ["C41F3B710001", "C41F3B700DEC", "C4:1F", "AABBCCDDEEFF", "aabbccddeeff"]
    answer = webex("POST", VALIDATE, json={"macs": macs}).json()
    assert answer["status"] == "ERRORS"
    assert [row["state"] for row in answer["macStatus"]] == [
        "AVAILABLE",
        "UNAVAILABLE",
        "INVALID",
        "DUPLICATE_IN_LIST",
        "DUPLICATE_IN_LIST",
    ]
    assert webex("POST", VALIDATE, json={"macs": ["C41F3B710001"]}).json()["status"] == "OK"
    assert sandbox.requests()[-1]["write"] is False


def test_an_activation_code_becomes_a_device_when_it_is_redeemed(webex: Client, sandbox: Running) -> None:
    made = webex("POST", "/devices/activationCode", json={"workspaceId": LOUNGE})
    assert made.status_code == 200
    code = made.json()["code"]
    assert (len(code), set(made.json())) == (16, {"code", "expiryTime"})
    assert webex("POST", "/devices/activationCode", json={"workspaceId": LOUNGE}).json()["code"] != code
    assert listed(webex, workspaceId=LOUNGE) == []
    device = {"event": "redeem", "code": code, "serial": "FOC2801N0A1", "product": "Cisco Room Bar"}
    url = sandbox.url + "/_sandbox/state/webex"
    redeemed = requests.post(url, json=device, timeout=10)
    assert redeemed.status_code == 200
    row = listed(webex, workspaceId=LOUNGE)[0]
    assert (row["serial"], row["displayName"], row["connectionStatus"]) == ("FOC2801N0A1", "Spree Lounge", "connected")
    assert requests.post(url, json=device, timeout=10).status_code == 404
    assert requests.post(url, json={"event": "dance"}, timeout=10).status_code == 404


def test_a_code_for_a_phone_runs_out(webex: Client, sandbox: Running) -> None:
    body = {"personId": person("Lena Vogt"), "model": "Cisco 9861"}
    code = webex("POST", "/devices/activationCode", json=body).json()["code"]
    row = sandbox.happen("webex", "redeem", code=code, mac="C41F3B710009")
    assert (row["product"], row["type"], row["mac"]) == ("Cisco 9861", "phone", "C41F3B710009")
    code = webex("POST", "/devices/activationCode", json=body).json()["code"]
    sandbox.advance(7 * 86_400 + 1)
    with pytest.raises(KeyError, match=code):
        sandbox.happen("webex", "redeem", code=code)


def test_a_pending_code_can_show_as_an_activating_device(webex: Client, sandbox: Running) -> None:
    sandbox.switch("webex", pending_device=True)
    code = webex("POST", "/devices/activationCode", json={"workspaceId": LOUNGE}).json()["code"]
    assert [row["connectionStatus"] for row in listed(webex, workspaceId=LOUNGE)] == ["activating"]
    sandbox.happen("webex", "redeem", code=code)
    assert [row["connectionStatus"] for row in listed(webex, workspaceId=LOUNGE)] == ["connected"]


def test_adding_a_device_resets_calling_that_does_not_go_with_it(webex: Client, sandbox: Running) -> None:
    sandbox.drift("webex", LOUNGE, calling={"type": "none"})
    code = webex("POST", "/devices/activationCode", json={"workspaceId": LOUNGE}).json()["code"]
    assert webex.get(f"/workspaces/{LOUNGE}").json()["calling"] == {"type": "none"}
    sandbox.happen("webex", "redeem", code=code)
    assert webex.get(f"/workspaces/{LOUNGE}").json()["calling"] == {"type": "freeCalling"}


def test_people_are_found_by_mail_exactly_by_name_prefix_and_by_id(webex: Client) -> None:
    def names(**query: Any) -> list[str]:
        return [row["displayName"] for row in webex.get("/people", **query).json()["items"]]

    assert names(email="ada.keller@nordlicht.example") == ["Ada Keller"]
    assert names(email="ada.keller@nordlicht") == []
    assert names(displayName="pri") == ["Priya Nair"]
    assert names(locationId=BERLIN) == ["Jonas Weber", "Priya Nair", "Lena Vogt"]
    answer = webex.get("/people", id=f"{person('Ada Keller')},{UNKNOWN}").json()
    assert ([row["displayName"] for row in answer["items"]], answer["notFoundIds"]) == (["Ada Keller"], [UNKNOWN])
    assert "status" not in webex.get("/people", excludeStatus="true").json()["items"][0]
    assert len(names(roles=vendor_id("ROLE", stable_uuid("webex role", "admin")))) == 1


def test_organizations_locations_and_phone_models_can_be_looked_up(webex: Client) -> None:
    org = vendor_id("ORGANIZATION", ORG)
    assert webex.get(f"/organizations/{org}").json()["displayName"] == "Nordlicht Offices"
    assert [row["name"] for row in webex.get("/locations", name="BERLIN").json()["items"]] == ["Berlin Torstrasse"]
    assert webex.get(f"/locations/{HAMBURG}").json()["address"]["city"] == "Hamburg"
    old = webex.get("/workspaceLocations", displayName="Hamburg Alsterufer").json()["items"][0]
    assert (old["locationId"], old["latitude"]) == (HAMBURG, 53.5631)
    assert webex.get(f"/workspaceLocations/{old['id']}").json() == old
    assert webex.get(f"/devices/{CODEC}").json()["workspaceLocationId"] == old["id"]
    models = {row["model"]: row["displayName"] for row in webex.get("/telephony/config/supportedDevices").json()["devices"]}
    assert (models["DMS Cisco 8845"], models["Cisco 9861"]) == ("Cisco 8845", "Cisco 9861")


def test_drift_reaches_each_attribute_that_can_be_declared(webex: Client, sandbox: Running) -> None:
    sandbox.drift("webex", "FOC2711N0B1", displayName="Elbe Den", tags=["drifted"], configurations={"Standby.Delay": 99})
    row = webex.get(f"/devices/{KIT}").json()
    assert (row["displayName"], row["tags"]) == ("Elbe Den", ["drifted"])
    assert webex.get(f"/workspaces/{row['workspaceId']}").json()["displayName"] == "Elbe Den"
    entry = webex.get("/deviceConfigurations", deviceId=KIT, key="Standby.Delay").json()["items"]["Standby.Delay"]
    assert (entry["value"], entry["source"]) == (99, "configured")
    assert sandbox.drift("webex", "8CA53B700255", workspace="Spree Lounge")["workspaceId"] == LOUNGE
    assert sandbox.drift("webex", KIT, person="Lena Vogt")["personId"] == person("Lena Vogt")
    sandbox.drift("webex", KIT, configurations={"Standby.Delay": None}, connectionStatus="disconnected")
    sandbox.drift("webex", BOARDROOM, notes="Moved")
    assert webex.get(f"/workspaces/{BOARDROOM}").json()["notes"] == "Moved"
    sandbox.drift("webex", person("Ada Keller"), remove=True)
    assert webex.get(f"/devices/{ADAS}").status_code == 404
    sandbox.drift("webex", KIT, remove=True)
    assert webex.get(f"/devices/{KIT}").status_code == 404
    with pytest.raises(KeyError, match="colour"):
        sandbox.drift("webex", CODEC, colour="red")


def test_a_lost_answer_leaves_its_work_and_a_blind_repeat_is_noticed(webex: Client, sandbox: Running) -> None:
    sandbox.fault({"vendor": "webex", "method": "POST", "drop": "after"})
    with pytest.raises(requests.ConnectionError):
        webex("POST", "/devices", json=NEW_PHONE)
    assert webex("POST", "/devices", json=NEW_PHONE).status_code == 400
    entry = sandbox.requests()[-1]
    assert (entry["blind_repeat"], entry["idempotent"], entry["write"]) == (True, False, True)
    sandbox.fault({"vendor": "webex", "method": "PUT", "drop": "after"})
    body = {"json": {"displayName": "Alster Hall"}}
    with pytest.raises(requests.ConnectionError):
        webex("PUT", f"/workspaces/{BOARDROOM}", **body)
    webex.get(f"/devices/{CODEC}")
    webex("PUT", f"/workspaces/{BOARDROOM}", **body)
    assert sandbox.requests()[-1]["blind_repeat"] is False


def test_page_faults_hit_pages_by_link(webex: Client, sandbox: Running) -> None:
    sandbox.fault({"vendor": "webex", "path": "/devices", "repeat_page": True})
    ids = [row["id"] for row in listed(webex, max=5)]
    assert (len(ids), len(set(ids))) == (24, 19)
    sandbox.fault({"vendor": "webex", "path": "/devices", "missing_page": True, "skip": 1})
    assert len(listed(webex, max=5)) == 14
    sandbox.fault({"vendor": "webex", "path": "/people", "repeat_page": True})
    assert len(listed(webex, "/people", max=4)) == 10
    sandbox.fault({"vendor": "webex", "path": "/devices", "wrong_total": True})
    assert set(webex.get("/devices").json()) == {"items"}


def test_error_faults_have_the_vendors_form_or_html(webex: Client, sandbox: Running) -> None:
    sandbox.fault(
        {"vendor": "webex", "status": 503},
        {"vendor": "webex", "status": 502, "body": "<html>", "content_type": "text/html"},
        {"vendor": "webex", "retry_after": 7},
        {"vendor": "webex", "status": 423, "headers": {"Retry-After": "1"}},
    )
    assert set(webex.get("/devices").json()) == {"message", "errors", "trackingId"}
    assert webex.get("/devices").text == "<html>"
    limited = webex.get("/devices")
    assert (limited.status_code, limited.headers["Retry-After"], limited.json()["message"]) == (429, "7", "Too Many Requests")
    assert webex.get("/devices").status_code == 423


def test_the_seeds_have_their_sizes(sandbox: Running) -> None:
    sandbox.reset(seed="empty")
    client = as_token(sandbox, "webex-demo-token")
    assert listed(client) == []
    assert len(listed(client, "/workspaces")) == 16
    sandbox.reset(seed="large", size=250)
    assert len({row["id"] for row in listed(client)}) == 250
    assert len(listed(client, type="phone")) == 84


@pytest.mark.parametrize(
    ("space", "value", "good"),
    [
        ({"type": "boolean"}, True, True),
        ({"type": "boolean"}, "True", False),
        ({"type": "number", "minimum": 0, "maximum": 1}, 0.5, True),
        ({"type": "number", "minimum": 0, "maximum": 1}, 1, True),
        ({"type": "number", "minimum": 0, "maximum": 1}, 1.1, False),
        ({"type": "integer", "minimum": 0, "maximum": 9}, 1.0, False),
        ({"type": "string", "minLength": 1, "maxLength": 3}, "", False),
    ],
)
def test_values_are_held_against_a_value_space(space: dict[str, Any], value: Any, good: bool) -> None:
    assert fits(space, value) is good


def test_a_star_matches_any_segment_and_a_malformed_pattern_none() -> None:
    assert chosen(["A.B[1].C", "A.D.C"], "A.*.C") == ["A.B[1].C", "A.D.C"]
    assert chosen(["A"], "A[x]") is None
