# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blynk's side: tokens, strictness, and what each operation does."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from fleetform.sandbox.server import Running
from tests.unit.sandbox.conftest import Client

ROOT, BERLIN, BOSTON = 2001, 2002, 2003
CLIMATE = 1003  # Berlin Room 3-07 Climate, owned by 511


def token(
    sandbox: Running, auth: tuple[str, str] | None = ("oa2-client-id_demo", "demo-secret"), **query: str
) -> requests.Response:
    return requests.post(sandbox.account("blynk") + "/oauth2/token", params=query, auth=auth, timeout=10)


def message(answer: requests.Response) -> str:
    return str(answer.json()["error"]["message"])


def metafields(blynk: Client, device: int) -> dict[str, Any]:
    return {field["name"]: field for field in blynk.get("/device/metafield", deviceId=device).json()}


def test_a_client_gets_a_token_that_works_until_it_expires(sandbox: Running) -> None:
    granted = token(sandbox, grant_type="client_credentials").json()
    assert granted["token_type"] == "Bearer"
    assert granted["expires_in"] == 86_400
    client = Client(sandbox.account("blynk") + "/api/v1/organization", granted["access_token"])
    assert client.get("/profile").json()["id"] == ROOT
    sandbox.advance(86_401)
    refused = client.get("/profile")
    assert refused.status_code == 401
    assert message(refused)


def test_a_refresh_token_works_once(sandbox: Running) -> None:
    first = token(sandbox, grant_type="client_credentials").json()
    again = token(sandbox, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert again.status_code == 200
    third = token(sandbox, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert third.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("query", "auth", "error"),
    [
        ({"grant_type": "client_credentials"}, ("oa2-client-id_demo", "wrong"), "invalid_client"),
        ({"grant_type": "client_credentials"}, None, "invalid_client"),
        ({"grant_type": "password"}, ("oa2-client-id_demo", "demo-secret"), "unsupported_grant_type"),
        ({}, ("oa2-client-id_demo", "demo-secret"), "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "x"}, ("oa2-client-id_demo", "demo-secret"), "invalid_request"),
    ],
)
def test_the_token_endpoint_refuses_with_400(
    sandbox: Running, query: dict[str, str], auth: tuple[str, str] | None, error: str
) -> None:
    refused = token(sandbox, auth, **query)
    assert (refused.status_code, refused.json()["error"]) == (400, error)


def test_the_token_request_has_no_body(sandbox: Running) -> None:
    url = sandbox.account("blynk") + "/oauth2/token"
    refused = requests.post(
        url, data={"grant_type": "client_credentials"}, auth=("oa2-client-id_demo", "demo-secret"), timeout=10
    )
    assert refused.status_code == 400
    assert sandbox.requests()[-1]["violation"]


def test_a_client_without_the_platform_scope_gets_403(sandbox: Running) -> None:
    granted = token(sandbox, ("oa2-client-id_noscope", "noscope-secret"), grant_type="client_credentials").json()
    refused = Client(sandbox.account("blynk") + "/api/v1/organization", granted["access_token"]).get("/devices")
    assert refused.status_code == 403
    assert message(refused) == "Platform API scope is not enabled for this oauth client."


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "status"),
    [
        ("GET", "/nowhere", {}, None, 404),
        ("POST", "/devices", {}, {}, 405),
        ("PATCH", "/device", {"deviceId": CLIMATE}, {}, 405),
        ("GET", "/devices", {"pagesize": 5}, None, 400),
        ("GET", "/devices", {"size": 1001}, None, 400),
        ("GET", "/devices", {"size": 0}, None, 400),
        ("GET", "/devices", {"page": -1}, None, 400),
        ("GET", "/devices", {"includeSubOrgDevices": "yes"}, None, 400),
        ("GET", "/devices", {"orgId": 9001}, None, 404),
        ("GET", "/device", {"deviceId": "abc"}, None, 400),
        ("GET", "/device", {}, None, 400),
        ("GET", "/device", {"deviceId": 99001}, None, 404),
        ("GET", "/search/devices", {}, None, 400),
        ("GET", "/search/devices", {"query": "a" * 256}, None, 400),
        ("GET", "/search/devices", {"query": "a", "sortBy": "name"}, None, 400),
        ("GET", "/device/by-owner", {"ownerEmail": "nobody@nordlicht.example"}, None, 404),
        ("GET", "/device/by-user-org", {"userEmail": "nobody@nordlicht.example"}, None, 400),
        ("GET", "/device/last-activated", {"minutes": 61}, None, 400),
        ("PUT", "/device", {"deviceId": CLIMATE}, {"name": "Pump #3 (A.1)"}, 400),
        ("PUT", "/device", {"deviceId": CLIMATE}, {"name": "x" * 51}, 400),
        ("PUT", "/device", {"deviceId": CLIMATE}, {"name": " "}, 400),
        ("PUT", "/device", {"deviceId": CLIMATE}, {"name": "ok", "label": "x"}, 400),
        ("PUT", "/device", {"deviceId": CLIMATE}, {"name": 5}, 400),
        ("PUT", "/device", {"deviceId": CLIMATE}, {}, 400),
        ("PUT", "/device", {"deviceId": CLIMATE}, [], 400),
        ("POST", "/device/create", {}, {"templateId": 301, "name": "a"}, 400),
        ("POST", "/device/create", {}, {"templateId": "TMPL8RITg_f9Q"}, 400),
        ("POST", "/device/create", {}, {"templateId": "TMPLunknown00", "name": "a"}, 404),
        ("POST", "/device/create", {}, {"templateId": "TMPL8RITg_f9Q", "name": "a", "orgId": 9001}, 404),
        ("POST", "/device/create", {}, {"templateId": "TMPL7DoorCt9k", "name": "a", "orgId": BOSTON}, 404),
        ("POST", "/device/create", {}, {"templateId": "TMPL8RITg_f9Q", "name": "a", "ownerId": 901}, 404),
        ("POST", "/device/create", {}, {"templateId": "TMPL8RITg_f9Q", "name": "a", "ownerId": 511}, 400),
        ("POST", "/device/create", {}, {"templateId": "TMPL8RITg_f9Q", "name": "a", "orgId": BERLIN, "ownerId": 512}, 400),
        ("POST", "/device/transfer/to-owner", {}, {"deviceId": CLIMATE, "newUserId": 511}, 400),
        ("POST", "/device/transfer/to-owner", {}, {"deviceId": CLIMATE, "newUserId": 512}, 400),
        ("POST", "/device/transfer/to-owner", {}, {"deviceId": CLIMATE, "newUserId": 901}, 404),
        ("POST", "/device/transfer/to-owner", {}, {"deviceId": str(CLIMATE), "newUserId": 513}, 400),
        ("POST", "/device/transfer/to-organization", {}, {"deviceId": CLIMATE, "newOrgId": BERLIN}, 400),
        ("POST", "/device/transfer/to-organization", {}, {"deviceId": CLIMATE, "newOrgId": 9001}, 404),
        ("POST", "/device/transfer/to-organization", {}, {"deviceId": 1007, "newOrgId": BOSTON}, 400),
        ("POST", "/device/trigger-event", {}, {"deviceId": CLIMATE, "eventCode": "nothing"}, 404),
        ("POST", "/device/trigger-event", {}, {"deviceId": CLIMATE, "eventCode": "high-co2"}, 400),
        ("POST", "/device/trigger-event", {}, {"deviceId": CLIMATE, "eventCode": "high_co2", "eventDescription": "x" * 301}, 400),
        ("POST", "/device/metafield", {}, {"deviceId": CLIMATE, "metaFieldId": 99, "newValue": "x"}, 404),
        ("POST", "/device/metafield", {}, {"deviceId": CLIMATE, "metaFieldId": 3, "newValue": "x"}, 400),
        ("POST", "/device/metafield", {}, {"deviceId": CLIMATE, "metaFieldId": 3, "newValue": {"lat": 1}}, 400),
        ("POST", "/device/metafield", {}, {"deviceId": CLIMATE, "metaFieldId": 8, "newValue": "five"}, 400),
        ("POST", "/device/metafield", {}, {"deviceId": CLIMATE, "metaFieldId": 8, "newValue": True}, 400),
        ("POST", "/device/metafield", {}, {"deviceId": CLIMATE, "metaFieldId": 8, "newValue": 41}, 400),
        ("POST", "/device/metafield", {}, {"deviceId": CLIMATE, "metaFieldId": 10, "newValue": "Floor"}, 400),
        ("POST", "/device/metafield", {}, {"deviceId": CLIMATE, "metaFieldId": 13, "newValue": "a@b.example"}, 400),
        ("POST", "/device/metafield", {}, {"deviceId": CLIMATE, "metaFieldId": 6, "newValue": "x" * 256}, 400),
        ("POST", "/device/tags", {"deviceId": CLIMATE}, {"tagId": 71}, 405),
        ("GET", "/user/profile", {}, None, 403),
    ],
)
def test_what_the_vendor_refuses_is_refused(
    blynk: Client, method: str, path: str, query: dict[str, Any], body: Any, status: int
) -> None:
    before = blynk.get("/device", deviceId=CLIMATE).json()
    refused = blynk(method, path, params=query, **({} if body is None else {"json": body}))
    assert refused.status_code == status, refused.text
    assert message(refused)
    assert blynk.get("/device", deviceId=CLIMATE).json() == before


def test_other_content_types_and_bodies_on_reads_are_refused(blynk: Client, sandbox: Running) -> None:
    assert (
        blynk("PUT", "/device", params={"deviceId": CLIMATE}, data="name=x", headers={"Content-Type": "text/plain"}).status_code
        == 415
    )
    assert blynk("PUT", "/device", params={"deviceId": CLIMATE}, data=b'{"name":"Ohne Typ"}').status_code == 200
    assert blynk("GET", "/devices", json={}).status_code == 400
    assert blynk("DELETE", "/device", params={"deviceId": CLIMATE}, json={}).status_code == 400
    assert sandbox.requests()[-1]["violation"] == "DELETE with a body"


def test_lists_page_through_the_organizations_in_reach(blynk: Client) -> None:
    assert blynk.get("/devices").json()["totalElements"] == 4
    everything = blynk.get("/devices", includeSubOrgDevices="true", size=5, page=2).json()
    assert everything["totalElements"] == 13
    assert [device["id"] for device in everything["content"]] == [1010, 1011, 1012]
    assert blynk.get("/devices", orgId=BERLIN, page=9).json() == {"content": [], "totalElements": 6}
    assert "ownerUserId" not in blynk.get("/device", deviceId=1002).json()


def test_a_token_sees_its_own_tree_only(sandbox: Running) -> None:
    berlin = Client(sandbox.account("blynk") + "/api/v1/organization", "blynk-berlin-token")
    assert berlin.get("/devices", includeSubOrgDevices="true").json()["totalElements"] == 6
    assert berlin.get("/device", deviceId=1000).status_code == 404
    assert berlin("POST", "/device/transfer/to-organization", json={"deviceId": CLIMATE, "newOrgId": ROOT}).status_code == 204
    assert berlin.get("/device", deviceId=CLIMATE).status_code == 404


def test_search_finds_parts_of_names_and_sorts(blynk: Client) -> None:
    found = blynk.get("/search/devices", query="CLIMATE", sortBy="Name", sortOrder="DESC").json()
    names = [device["name"] for device in found["content"]]
    assert names == sorted(names, reverse=True)
    assert "Boston Lobby Climate" in names


def test_by_owner_by_user_and_last_activated(blynk: Client) -> None:
    owned = blynk.get("/device/by-owner", ownerEmail="mara.lindt@nordlicht.example", orgId=BERLIN).json()
    assert [device["id"] for device in owned["content"]] == [1003, 1005]
    assert blynk.get("/device/by-owner", ownerEmail="mara.lindt@nordlicht.example").json()["totalElements"] == 0
    assert blynk.get("/device/by-user-org", userEmail="sam.ortiz@nordlicht.example").json()["totalElements"] == 3
    recent = blynk.get("/device/last-activated").json()
    assert [set(row) for row in recent] == [{"id", "orgId", "templateId", "activationTime"}]


def test_create_answers_201_and_each_call_makes_a_new_device(blynk: Client) -> None:
    body = {"templateId": "TMPL8RITg_f9Q", "name": "Büro O'Neil_1-2", "orgId": BERLIN, "ownerId": 513}
    first = blynk("POST", "/device/create", json=body)
    second = blynk("POST", "/device/create", params={"baseInfo": "true"}, json=body)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    assert first.json()["templateId"] == 311
    assert first.json()["originalTemplateId"] == 301
    assert first.json()["ownerUserId"] == 513
    assert "metaFieldValues" in first.json()
    assert "metaFieldValues" not in second.json()
    assert len(first.json()["token"]) == 32


def test_rename_answers_the_short_form_and_marks_a_rename_to_the_same_name(blynk: Client, sandbox: Running) -> None:
    renamed = blynk("PUT", "/device", params={"deviceId": CLIMATE}, json={"name": "Berlin Meeting"})
    assert renamed.json()["name"] == "Berlin Meeting"
    assert "connectTime" not in renamed.json()
    assert metafields(blynk, CLIMATE)["Device Name"]["value"] == {"type": "DeviceName", "value": "Berlin Meeting"}
    assert not sandbox.requests(write=True)[-1]["noop"]
    blynk("PUT", "/device", params={"deviceId": CLIMATE}, json={"name": "Berlin Meeting"})
    assert sandbox.requests(write=True)[-1]["noop"]


def test_delete_is_final_and_the_second_one_is_404(blynk: Client) -> None:
    deleted = blynk("DELETE", "/device", params={"deviceId": CLIMATE})
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert blynk("DELETE", "/device", params={"deviceId": CLIMATE}).status_code == 404


def test_clear_erases_data_and_keeps_the_device(blynk: Client) -> None:
    assert blynk("DELETE", "/device/clear", params={"deviceId": CLIMATE}).status_code == 204
    cleared = blynk.get("/device", deviceId=CLIMATE).json()
    assert cleared["dataStreamValues"] == []
    assert cleared["ownerUserId"] == 511
    assert blynk.get("/device/logs", deviceId=CLIMATE).json()["totalElements"] == 0


def test_owner_can_be_changed_and_removed(blynk: Client) -> None:
    assert blynk("POST", "/device/transfer/to-owner", json={"deviceId": CLIMATE, "newUserId": 513}).status_code == 204
    assert blynk.get("/device", deviceId=CLIMATE).json()["ownerUserId"] == 513
    assert metafields(blynk, CLIMATE)["Device Owner"]["value"]["value"] == "lena.vogt@nordlicht.example"
    assert blynk("DELETE", "/device/owner", params={"deviceId": CLIMATE}).status_code == 204
    assert "ownerUserId" not in blynk.get("/device", deviceId=CLIMATE).json()


def test_an_owner_in_another_organization_takes_the_device_along(blynk: Client) -> None:
    assert blynk("POST", "/device/transfer/to-owner", json={"deviceId": CLIMATE, "newUserId": 521}).status_code == 204
    moved = blynk.get("/device", deviceId=CLIMATE).json()
    assert (moved["orgId"], moved["templateId"], moved["originalTemplateId"]) == (BOSTON, 321, 301)


def test_a_move_between_organizations_clears_a_foreign_owner(blynk: Client) -> None:
    assert blynk("POST", "/device/transfer/to-organization", json={"deviceId": CLIMATE, "newOrgId": BOSTON}).status_code == 204
    moved = blynk.get("/device", deviceId=CLIMATE).json()
    assert moved["orgId"] == BOSTON
    assert "ownerUserId" not in moved


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [(6, "SN-7", "SN-7"), (8, 5, 5.0), (9, 0.5, 0.5), (10, "Desk", "Desk"), (5, "office-iot", "office-iot")],
)
def test_scalar_metafields_are_written_and_read_as_objects(blynk: Client, field: int, value: Any, shown: Any) -> None:
    assert (
        blynk("POST", "/device/metafield", json={"deviceId": CLIMATE, "metaFieldId": field, "newValue": value}).status_code == 204
    )
    row = next(row for row in blynk.get("/device/metafield", deviceId=CLIMATE).json() if row["id"] == field)
    assert row["value"].get("value", row["value"].get("selectedOption")) == shown
    assert {"isMandatory", "includeInProvision"} <= set(row)


def test_an_event_writes_the_timeline_within_its_limits(blynk: Client, sandbox: Running) -> None:
    body = {"deviceId": CLIMATE, "eventCode": "high_co2", "eventDescription": "1400 ppm"}
    assert blynk("POST", "/device/trigger-event", json=body).status_code == 204
    newest = blynk.get("/device/timeline", deviceId=CLIMATE, eventType="CRITICAL").json()["content"][0]
    assert (newest["eventId"], newest["description"]) == (802, "1400 ppm")
    assert blynk("POST", "/device/trigger-event", json=body).status_code == 400
    sandbox.limit("blynk", events_per_day=2)
    sandbox.advance(2)
    assert blynk("POST", "/device/trigger-event", json=body).status_code == 204
    sandbox.advance(2)
    assert blynk("POST", "/device/trigger-event", json=body).status_code == 400


def test_look_ups_that_turn_names_into_ids(blynk: Client) -> None:
    assert [o["name"] for o in blynk.get("/sub-organizations").json()["content"]] == ["Nordlicht Berlin", "Nordlicht Boston"]
    assert blynk.get("/search", query="boston").json()["content"][0]["id"] == BOSTON
    assert blynk.get("", orgId=BERLIN).json()["name"] == "Nordlicht Berlin"
    assert blynk.get("/users").json()["totalElements"] == 2
    assert blynk.get("/users", includeSubOrgUsers="true").json()["totalElements"] == 7
    assert blynk.get("/search/users", query="mara.lindt@").json()["content"][0]["id"] == 511
    assert blynk.get("/user", userId=512).json()["status"] == "Pending"
    assert blynk.get("/user", userId=901).status_code == 404
    assert blynk.get("/templates", orgId=BOSTON).json()["content"][0]["templateIds"] == ["TMPL8RITg_f9Q"]
    assert blynk.get("/template", templateId=311).json()["boardType"] == "ESP32"
    assert blynk.get("/template/metafields", templateId=311).json()[0]["type"] == "DeviceName"
    assert blynk.get("/template/events", templateId=301).json()[1]["eventCode"] == "high_co2"
    assert [t["name"] for t in blynk.get("/tags").json()] == ["In Service", "Needs Battery"]
    assert blynk.get("/device/tags", deviceId=1005).json() == [{"id": 73, "name": "Server Room", "tagOwnerOrgId": BERLIN}]
    assert blynk.get("/device/online", deviceId=1002).json() == {"connected": False}
    assert "metaFieldValues" not in blynk.get("/device/baseInfo", deviceId=CLIMATE).json()


def test_a_static_token_is_claimed_once(blynk: Client) -> None:
    assert blynk.get("/static-tokens").json()["totalElements"] == 2
    claimed = blynk("POST", "/static-tokens/claim", json={"token": "sqr_demo00000001+2001", "userId": 511})
    assert claimed.json()["orgId"] == BERLIN
    assert blynk("POST", "/static-tokens/claim", json={"token": "sqr_demo00000001", "userId": 511}).status_code == 400
    assert blynk("POST", "/static-tokens/unclaim", json={"token": "sqr_demo00000001"}).status_code == 204


def test_the_rate_limit_counts_per_organization_and_window(blynk: Client, sandbox: Running) -> None:
    sandbox.limit("blynk", requests=3, window=3600)
    statuses = [blynk.get("/profile").status_code for _number in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert sandbox.requests()[-1]["violation"] == "rate limit"
    sandbox.advance(3600)
    assert blynk.get("/profile").status_code == 200


@pytest.mark.parametrize(
    ("switch", "value", "method", "path", "options", "status"),
    [
        ("remove_absent_owner", "refuse", "DELETE", "/device/owner", {"params": {"deviceId": 1002}}, 400),
        (
            "same_organization",
            "accept",
            "POST",
            "/device/transfer/to-organization",
            {"json": {"deviceId": CLIMATE, "newOrgId": BERLIN}},
            204,
        ),
        ("name_letters", "ascii", "PUT", "/device", {"params": {"deviceId": CLIMATE}, "json": {"name": "Büro"}}, 400),
        ("unknown_query", "ignore", "GET", "/devices", {"params": {"colour": "red"}}, 200),
        ("by_user_unknown", 404, "GET", "/device/by-user-org", {"params": {"userEmail": "x@y.example"}}, 404),
        ("create_flag", "onlyBaseInfo", "GET", "/devices", {}, 200),
    ],
)
def test_an_assumption_is_corrected_by_its_switch(
    blynk: Client, sandbox: Running, switch: str, value: Any, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    sandbox.switch("blynk", **{switch: value})
    assert blynk(method, path, **options).status_code == status


def test_drift_changes_a_device_behind_the_clients_back(blynk: Client, sandbox: Running) -> None:
    change = {
        "device": "Berlin Rack Power",
        "set": {"name": "Moved", "ownerUserId": 511, "metafields": {"Rated Current": 32}, "tags": ["Lobby"]},
    }
    assert requests.patch(sandbox.url + "/_sandbox/state/blynk", json=change, timeout=10).status_code == 200
    found = blynk.get("/device", deviceId=1006).json()
    assert (found["name"], found["ownerUserId"]) == ("Moved", 511)
    assert metafields(blynk, 1006)["Rated Current"]["value"]["value"] == 32
    assert requests.patch(sandbox.url + "/_sandbox/state/blynk", json={"device": "nope"}, timeout=10).status_code == 404
    sandbox.drift("blynk", 1006, remove=True)
    assert blynk.get("/device", deviceId=1006).status_code == 404
