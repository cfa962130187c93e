# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GreenLake's side: tokens, strictness, listing, adding, patching and jobs."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from fleetform.sandbox.cloud import stable_uuid
from fleetform.sandbox.greenlake_seed import CENTRAL, COMPUTE_OPS, TENANTS, WORKSPACE
from fleetform.sandbox.server import Running
from tests.unit.sandbox.conftest import Client

V1, V2 = "/devices/v1/devices", "/devices/v2beta1/devices"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
BERLIN = stable_uuid("location", "Berlin Torstrasse")
NEW = {"serialNumber": "CN0020000K", "macAddress": "B8:D4:E7:00:4E:20"}
SERVER = {"serialNumber": "CZ0022000K", "partNumber": "P52499-B21"}


def device_id(serial: str) -> str:
    return stable_uuid("greenlake device", serial)


def subscription(key: str) -> str:
    return stable_uuid("subscription", key)


IDLE, STACK, IDLE_SERVER, ARRAY = (device_id(s) for s in ("CN0010006K", "CN0010001K", "CZ0013004K", "4U0014001K"))


def lists(**given: list[dict[str, Any]]) -> dict[str, Any]:
    return {"network": [], "compute": [], "storage": [], **given}


def finish(greenlake: Client, accepted: requests.Response) -> dict[str, Any]:
    """Poll a job to its end."""
    assert accepted.status_code == 202, accepted.text
    for _number in range(10):
        job: dict[str, Any] = greenlake.get(accepted.headers["Location"]).json()
        if job["status"] not in ("INITIALIZED", "RUNNING"):
            return job
    raise AssertionError("the job did not end")


def patch(greenlake: Client, body: dict[str, Any], *ids: str, **query: str) -> requests.Response:
    return greenlake("PATCH", V2, params=[("id", i) for i in ids] + list(query.items()), json=body)


def patched(greenlake: Client, body: dict[str, Any], device: str) -> dict[str, Any]:
    job = finish(greenlake, patch(greenlake, body, device))
    assert job["status"] == "SUCCEEDED", job
    assert job["result"] == {"succeededDevices": [{"id": device}]}
    found: dict[str, Any] = greenlake.get(f"{V1}/{device}").json()
    return found


@pytest.mark.parametrize("basic", [True, False])
@pytest.mark.parametrize("path", ["/as/token.oauth2", f"/authorization/v2/oauth2/{WORKSPACE}/token"])
def test_both_token_endpoints_take_the_client_as_form_or_basic(sandbox: Running, path: str, basic: bool) -> None:
    form = {"grant_type": "client_credentials"}
    client = {"client_id": "greenlake-demo-client", "client_secret": "greenlake-demo-secret"}
    auth = ("greenlake-demo-client", "greenlake-demo-secret") if basic else None
    granted = requests.post(
        sandbox.account("greenlake") + path, data=form if basic else {**form, **client}, auth=auth, timeout=10
    ).json()
    assert granted["expires_in"] == 900
    client_ = Client(sandbox.account("greenlake"), granted["access_token"])
    assert client_.get(V1).status_code == 200
    sandbox.advance(901)
    refused = client_.get(V1)
    assert refused.status_code == 401
    assert refused.json()["errorCode"] == "HPE_GL_ERROR_UNAUTHORIZED"


def test_the_token_endpoint_refuses_a_bad_client_a_query_and_json(sandbox: Running) -> None:
    url = sandbox.account("greenlake") + "/as/token.oauth2"
    form = {"grant_type": "client_credentials", "client_id": "greenlake-demo-client", "client_secret": "wrong"}
    refused = requests.post(url, data=form, timeout=10)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert requests.post(url, json=form, timeout=10).status_code == 400
    assert requests.post(url, params=form, timeout=10).status_code == 400
    assert "wrong" not in str(sandbox.requests())


def test_an_msp_exchanges_its_token_for_a_tenants(greenlake: Client, sandbox: Running) -> None:
    sandbox.switch("greenlake", msp=True)
    assert greenlake.get("/workspaces/v1/msp-tenants").json()["total"] == 2
    body = {"application": {"id": CENTRAL}, "region": "us-west", "tenantWorkspaceId": TENANTS[0]}
    assert patched(greenlake, body, IDLE)["tenantWorkspaceId"] == TENANTS[0]
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "greenlake-demo-token",
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    }
    url = sandbox.account("greenlake") + f"/authorization/v2/oauth2/{TENANTS[0]}/token"
    granted = requests.post(url, data=form, auth=("greenlake-demo-client", "greenlake-demo-secret"), timeout=10).json()
    tenant = Client(sandbox.account("greenlake"), granted["access_token"])
    assert [row["id"] for row in tenant.get(V1).json()["items"]] == [IDLE]
    assert tenant.get(f"{V1}/{STACK}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/devices/v1/nothing", {}, 404),
        ("DELETE", V1, {}, 405),
        ("GET", V1, {"params": {"fliter": "serialNumber eq 'A'"}}, 400),
        ("GET", V1, {"params": {"limit": 2001}}, 400),
        ("GET", V1, {"params": {"limit": 0}}, 400),
        ("GET", V1, {"params": {"offset": -1}}, 400),
        ("GET", V1, {"params": {"filter": "serialNumber eq A"}}, 400),
        ("GET", V1, {"params": {"filter-tags": "city eq 'x'"}}, 400),
        ("GET", V1, {"params": {"select": "colour"}}, 400),
        ("GET", V1, {"params": {"select": "id,id"}}, 400),
        ("GET", V1, {"params": {"sort": "colour"}}, 400),
        ("GET", V1, {"params": {"filter": "serialNumber eq '" + "A" * 5000 + "'"}}, 414),
        ("GET", V2, {"params": {"filter-tags": "'city' eq 'x'"}}, 400),
        ("GET", V2, {"params": {"limit": 501}}, 400),
        ("GET", f"{V2}/group", {}, 400),
        ("GET", f"{V1}/not-a-uuid", {}, 400),
        ("GET", f"{V1}/{UNKNOWN}", {}, 404),
        ("GET", f"/devices/v1/async-operations/{UNKNOWN}", {}, 404),
        ("GET", "/locations/v1/locations", {"params": {"filter": "city eq 'x'"}}, 400),
        ("GET", "/subscriptions/v1/subscriptions", {"params": {"limit": 201}}, 400),
        ("GET", "/workspaces/v1/msp-tenants", {}, 403),
        ("POST", V1, {"json": {"network": [NEW]}}, 400),
        ("POST", V1, {"json": lists()}, 400),
        ("POST", V1, {"json": lists(network=[NEW] * 6)}, 400),
        ("POST", V1, {"json": lists(network=[NEW, NEW])}, 400),
        ("POST", V1, {"json": lists(network=[{"serialNumber": "CN0020000K"}])}, 400),
        ("POST", V1, {"json": lists(network=[{**NEW, "name": "x"}])}, 400),
        ("POST", V1, {"json": lists(compute=[{"serialNumber": "CZ0022000K"}])}, 400),
        ("POST", V1, {"json": lists(network=[{**NEW, "tags": {"hpe:x": "y"}}])}, 400),
        ("POST", V1, {"json": lists(network=[{**NEW, "tags": {"a": "don't"}}])}, 400),
        ("POST", V1, {"json": lists(network=[{**NEW, "tags": {"a": 5}}])}, 400),
        ("POST", V1, {"json": lists(network=[{**NEW, "tags": {"a": None}}])}, 400),
        ("POST", V1, {"json": lists(network=[{**NEW, "tags": {"a": "1", "A": "2"}}])}, 400),
        ("POST", V1, {"json": lists(network=[{**NEW, "tags": {f"k{n}": "v" for n in range(51)}}])}, 400),
        ("POST", V1, {"data": "{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ("POST", V1, {"data": "{}"}, 415),
        ("POST", V1, {"data": "{", "headers": {"Content-Type": "application/json"}}, 400),
        ("POST", V2, {"json": [NEW]}, 400),
        ("POST", V2, {"json": NEW}, 400),
        ("POST", V2, {"json": {**NEW, "deviceType": "SWITCH"}}, 400),
        ("POST", V2, {"json": {"serialNumber": "CN0020000K", "deviceType": "NETWORK"}}, 400),
        ("POST", V2, {"json": {**NEW, "deviceType": "NETWORK", "location": {}}}, 400),
        ("POST", V2, {"json": {**NEW, "deviceType": "NETWORK", "region": "us-west"}}, 400),
        ("PATCH", V2, {"json": {"archived": True}}, 400),
        ("PATCH", V2, {"params": {"id": "x"}, "json": {"archived": True}}, 400),
        ("PATCH", V2, {"params": [("id", IDLE), ("id", IDLE)], "json": {"archived": True}}, 400),
        ("PATCH", V2, {"params": [("id", stable_uuid(n)) for n in range(26)], "json": {"archived": True}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"name": "x"}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"archived": "true"}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"archived": True, "tags": {"a": "b"}}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"subscription": [], "tags": {"a": "b"}}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"subscription": [{"key": "x"}]}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"application": {"id": CENTRAL}}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"region": "us-west"}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"application": {"id": None}, "region": "us-west"}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"tenantWorkspaceId": "x"}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"tags": {"": "x"}}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"tags": {"k" * 129: "x"}}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"tags": {"k": "v" * 257}}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"location": {"name": "Berlin"}}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"contact": {"type": "PERSON"}}}, 400),
        ("PATCH", V2, {"params": {"id": IDLE}, "json": {"contact": {"type": "NON-WORKSPACE-USER", "nonWorkspaceUser": {}}}}, 400),
        ("PATCH", V1, {"params": {"id": IDLE}, "json": {"tags": {"a": "b"}}}, 400),
        ("PATCH", V1, {"params": {"id": IDLE}, "json": {"subscription": [], "application": {"id": None}}}, 400),
        ("PATCH", V1, {"params": [("id", stable_uuid(n)) for n in range(6)], "json": {"subscription": []}}, 400),
        ("PATCH", "/devices/v1beta1/devices", {"params": {"id": IDLE, "dry-run": "true"}, "json": {"subscription": []}}, 400),
    ],
)
def test_what_the_vendor_refuses_is_refused(
    greenlake: Client, sandbox: Running, method: str, path: str, options: Any, status: int
) -> None:
    refused = greenlake(method, path, **options)
    assert refused.status_code == status, refused.text
    error = refused.json()
    assert error["httpStatusCode"] == status
    assert {"errorCode", "message", "debugId", "errorDetails"} <= set(error)
    assert sandbox.state["greenlake"]["jobs"] == {}
    assert sandbox.requests()[-1]["violation"] or status in (403, 404)


def test_lists_are_paged_filtered_sorted_and_selected(greenlake: Client) -> None:
    page = greenlake.get(V1, limit=4, offset=12).json()
    assert (page["count"], page["offset"], page["total"], len(page["items"])) == (2, 12, 14, 2)
    assert greenlake.get(V1, offset=99).json() == {"items": [], "count": 0, "offset": 99, "total": 14}
    found = greenlake.get(
        V1,
        **{
            "filter": "category eq 'COMPUTE'",
            "filter-tags": "'ENV' eq 'prod'",
            "select": "serialNumber,tags",
            "sort": "serialNumber desc",
        },
    )
    assert found.json()["items"] == [
        {"serialNumber": s, "tags": {"cluster": "ham-esx", "env": "prod"}} for s in ("CZ0013002K", "CZ0013001K")
    ]
    repeated = greenlake("GET", V1, params=[("select", "id"), ("select", "model"), ("limit", "1")])
    assert set(repeated.json()["items"][0]) == {"id", "model"}
    assert greenlake.get(V2).json()["total"] == 14
    old = greenlake.get("/devices/v1beta1/devices", limit=1)
    assert old.headers["Sunset"] == "Tue, 15 Apr 2025 23:59:59 GMT"
    assert "Deprecation" in old.headers


def test_an_unknown_query_parameter_can_be_ignored_and_is_logged(greenlake: Client, sandbox: Running) -> None:
    sandbox.switch("greenlake", unknown_query="ignore")
    assert greenlake.get(V1, fliter="x").json()["total"] == 14
    assert sandbox.requests()[-1]["violation"] == "unknown query parameter: fliter"


def test_group_by_counts_values_and_date_buckets(greenlake: Client) -> None:
    assert greenlake.get(f"{V2}/group", **{"group-by": "category"}).json()["items"] == [
        {"category": "COMPUTE", "count": 4},
        {"category": "NETWORK", "count": 9},
        {"category": "STORAGE", "count": 1},
    ]
    query = {"group-by": "manufacturedDate", "upper-threshold": "2023-06-03T00:00:00Z", "filter": "category eq 'NETWORK'"}
    assert sum(group["count"] for group in greenlake.get(f"{V2}/group", **query).json()["items"]) == 9
    assert greenlake.get(f"{V2}/group", **{"group-by": "make", "select": "make"}).json()["items"] == [{"make": "HPE"}]


def test_adding_is_a_job_and_the_device_appears_at_its_end(greenlake: Client, sandbox: Running) -> None:
    sandbox.limit("greenlake", job_polls=2)
    accepted = greenlake("POST", V1, json=lists(network=[{**NEW, "tags": {"floor": "1"}}], compute=[SERVER]))
    assert accepted.json()["transactionId"] == accepted.headers["Location"].rpartition("/")[2]
    assert greenlake.get(V1).json()["total"] == 14
    states = [greenlake.get(accepted.headers["Location"]).json()["status"] for _number in range(3)]
    assert states == ["INITIALIZED", "RUNNING", "SUCCEEDED"]
    assert greenlake.get(accepted.headers["Location"]).json()["result"] == "SUCCEEDED"
    added = greenlake.get(V1, filter="serialNumber eq 'CN0020000K'").json()["items"][0]
    assert (added["tags"], added["assignedState"], added["deviceType"]) == ({"floor": "1"}, "UNASSIGNED", "SWITCH")


def test_adding_one_by_v2_answers_without_a_body_and_takes_location_and_contact(greenlake: Client) -> None:
    body = {
        **SERVER,
        "deviceType": "COMPUTE",
        "location": {"id": BERLIN},
        "contact": {"type": "NON-WORKSPACE-USER", "nonWorkspaceUser": {"email": "a@b.example"}},
    }
    accepted = greenlake("POST", V2, json=body)
    assert accepted.content == b""
    assert finish(greenlake, accepted)["status"] == "SUCCEEDED"
    added = greenlake.get(f"{V1}/{device_id('CZ0022000K')}").json()
    assert added["location"]["locationName"] == "Berlin Torstrasse"
    assert added["contact"]["nonWorkspaceUser"]["email"] == "a@b.example"


@pytest.mark.parametrize(
    "entry",
    [
        {"serialNumber": "CN0010001K", "macAddress": "B8:D4:E7:00:27:11", "tags": {"new": "tag"}},
        {"serialNumber": "CN0029000K", "macAddress": "B8:D4:E7:00:71:48"},
        {"serialNumber": "CN0020000K", "macAddress": "B8:D4:E7:00:4E:21"},
        {"serialNumber": "CN0020000K", "macAddress": "b8:d4:e7:00:4e:20"},
        {"serialNumber": "cn0020000k", "macAddress": "B8:D4:E7:00:4E:20"},
        {"serialNumber": "CN9999999K", "macAddress": "B8:D4:E7:00:4E:20"},
    ],
)
def test_a_device_that_cannot_be_added_fails_alone_and_without_a_reason(greenlake: Client, entry: dict[str, Any]) -> None:
    job = finish(greenlake, greenlake("POST", V1, json=lists(network=[entry], compute=[SERVER])))
    assert job["status"] == "FAILED"
    assert job["result"] == {"failedDevicesSerial": [entry["serialNumber"]]}
    assert greenlake.get(f"{V1}/{device_id('CZ0022000K')}").status_code == 200
    assert greenlake.get(f"{V1}/{STACK}").json()["tags"] == {"stack": "ham-1", "floor": "5", "env": "prod"}


def test_application_subscription_and_archive_follow_each_other(greenlake: Client) -> None:
    assigned = patched(greenlake, {"application": {"id": CENTRAL}, "region": "us-west"}, IDLE)
    assert (assigned["assignedState"], assigned["region"]) == ("ASSIGNED_TO_SERVICE", "us-west")
    held = patched(greenlake, {"subscription": [{"id": subscription("NLSWITCHFND0001")}]}, IDLE)
    assert held["subscription"][0]["key"] == "NLSWITCHFND0001"
    freed = patched(greenlake, {"application": {"id": None}, "region": None}, IDLE)
    assert (freed["subscription"], freed["application"], freed["region"]) == ([], None, None)
    patched(greenlake, {"application": {"id": CENTRAL}, "region": "us-west"}, IDLE)
    archived = patched(greenlake, {"archived": True}, IDLE)
    assert (archived["archived"], archived["application"]) == (True, None)
    assert finish(greenlake, patch(greenlake, {"application": {"id": CENTRAL}, "region": "us-west"}, IDLE))["status"] == "FAILED"
    assert patched(greenlake, {"tags": {"a": "b"}}, IDLE)["tags"] == {"a": "b"}
    assert patched(greenlake, {"archived": False}, IDLE)["archived"] is False


def test_tags_location_and_contact_go_in_one_call_and_come_off_again(greenlake: Client) -> None:
    contact = {"type": "WORKSPACE-USER", "workspaceUser": {"id": stable_uuid("user", "ada.keller@nordlicht.example")}}
    changed = patched(
        greenlake, {"tags": {"floor": None, "Rack": "", "env": "test"}, "location": {"id": BERLIN}, "contact": contact}, STACK
    )
    assert changed["tags"] == {"stack": "ham-1", "env": "test", "Rack": ""}
    assert (changed["location"]["city"], changed["contact"]) == ("Berlin", contact)
    emptied = patched(
        greenlake, {"tags": {"stack": None, "ENV": None, "Rack": None, "none": None}, "location": {}, "contact": {}}, STACK
    )
    assert (emptied["tags"], emptied["location"], emptied["contact"]) == (None, None, None)


def test_a_support_level_is_for_discovered_devices(greenlake: Client) -> None:
    level = {"warranty/currentSupportLevel": {"endDate": "2030-01-01T00:00:00Z", "serviceLevel": "Tech Care"}}
    assert patched(greenlake, level, device_id("CZ0013003K"))["warranty"]["currentSupportLevel"]["serviceLevel"] == "Tech Care"
    assert finish(greenlake, patch(greenlake, level, IDLE))["status"] == "FAILED"


@pytest.mark.parametrize(
    ("device", "body", "code"),
    [
        (UNKNOWN, {"tags": {"a": "b"}}, "HPE_GL_ERROR_NOT_FOUND"),
        (STACK, {"tags": {"ENV": "prod"}}, "HPE_GL_ERROR_PRECONDITION_FAILED"),
        (IDLE, {"location": {"id": UNKNOWN}}, "HPE_GL_ERROR_NOT_FOUND"),
        (IDLE, {"application": {"id": UNKNOWN}, "region": "us-west"}, "HPE_GL_ERROR_NOT_FOUND"),
        (IDLE, {"application": {"id": CENTRAL}, "region": "ap-south"}, "HPE_GL_ERROR_PRECONDITION_FAILED"),
        (IDLE, {"application": {"id": COMPUTE_OPS}, "region": "us-west"}, "HPE_GL_ERROR_PRECONDITION_FAILED"),
        (ARRAY, {"subscription": [{"id": subscription("NLCOMPUTE000004")}]}, "HPE_GL_ERROR_PRECONDITION_FAILED"),
        (IDLE, {"subscription": [{"id": subscription("NLEXPIRED000006")}]}, "HPE_GL_ERROR_PRECONDITION_FAILED"),
        (IDLE, {"subscription": [{"id": UNKNOWN}]}, "HPE_GL_ERROR_NOT_FOUND"),
        (IDLE, {"contact": {"type": "WORKSPACE-USER", "workspaceUser": {"id": UNKNOWN}}}, "HPE_GL_ERROR_NOT_FOUND"),
    ],
)
def test_a_device_that_cannot_be_patched_fails_with_a_code(
    greenlake: Client, device: str, body: dict[str, Any], code: str
) -> None:
    job = finish(greenlake, patch(greenlake, body, device))
    assert job["status"] == "FAILED"
    assert [(failed["id"], failed["errorCode"]) for failed in job["result"]["failedDevices"]] == [(device, code)]


def test_a_batch_can_fail_in_part_and_seats_run_out(greenlake: Client) -> None:
    job = finish(
        greenlake,
        patch(greenlake, {"subscription": [{"id": subscription("NLSINGLE0000005")}]}, IDLE_SERVER, device_id("CZ0013003K")),
    )
    assert job["result"]["succeededDevices"] == [{"id": IDLE_SERVER}]
    assert job["result"]["failedDevices"][0]["messages"] == ["subscription has no free seat"]
    seats = greenlake.get("/subscriptions/v1/subscriptions", filter="key eq 'NLSINGLE0000005'").json()["items"]
    assert seats[0]["availableQuantity"] == 0


def test_v1_patches_take_merge_patch_and_plain_json(greenlake: Client, sandbox: Running) -> None:
    body = b'{"application":{"id":"%s"},"region":"us-west"}' % CENTRAL.encode()
    for kind in ("application/merge-patch+json", "application/json"):
        accepted = greenlake("PATCH", V1, params={"id": IDLE}, data=body, headers={"Content-Type": kind})
        assert finish(greenlake, accepted)["status"] == "SUCCEEDED"
    assert [entry["noop"] for entry in sandbox.requests(write=True)] == [False, True]


def test_a_dry_run_changes_nothing_and_keeps_no_job(greenlake: Client) -> None:
    accepted = patch(greenlake, {"tags": {"a": "b"}}, IDLE, **{"dry-run": "true"})
    assert accepted.status_code == 202
    assert greenlake.get(accepted.headers["Location"]).status_code == 404
    assert greenlake.get(f"{V1}/{IDLE}").json()["tags"] is None
    assert patch(greenlake, {"archived": 1}, IDLE, **{"dry-run": "true"}).status_code == 400


def test_a_write_that_changes_nothing_is_marked_per_device(greenlake: Client, sandbox: Running) -> None:
    finish(greenlake, patch(greenlake, {"tags": {"env": "prod"}}, STACK, IDLE))
    entry = sandbox.requests(write=True)[-1]
    assert (entry["noop"], entry["noop_devices"]) == (False, [STACK])
    finish(greenlake, patch(greenlake, {"tags": {"env": "prod"}}, STACK, IDLE))
    assert sandbox.requests(write=True)[-1]["noop"]


def test_two_jobs_for_one_device_at_once_are_a_violation(greenlake: Client, sandbox: Running) -> None:
    first = patch(greenlake, {"tags": {"a": "b"}}, IDLE)
    patch(greenlake, {"tags": {"a": "c"}}, STACK)
    assert sandbox.requests()[-1]["violation"] is None
    patch(greenlake, {"location": {"id": BERLIN}}, IDLE)
    assert "still under way" in sandbox.requests()[-1]["violation"]
    finish(greenlake, first)


def test_a_job_that_nobody_polls_ends_by_itself_and_is_gone_after_a_day(greenlake: Client, sandbox: Running) -> None:
    accepted = patch(greenlake, {"tags": {"a": "b"}}, IDLE)
    sandbox.advance(11)
    assert greenlake.get(f"{V1}/{IDLE}").json()["tags"] == {"a": "b"}
    assert finish(greenlake, accepted)["status"] == "SUCCEEDED"
    sandbox.advance(86_401)
    assert greenlake.get(accepted.headers["Location"]).status_code == 404


def test_a_new_device_can_lag_behind_its_job(greenlake: Client, sandbox: Running) -> None:
    sandbox.limit("greenlake", visibility_reads=2)
    finish(greenlake, greenlake("POST", V1, json=lists(network=[NEW])))
    assert [greenlake.get(V1, filter="serialNumber eq 'CN0020000K'").json()["total"] for _number in range(3)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("kind", "status", "result", "tagged"),
    [
        ("failed", "FAILED", 2, 0),
        ("failed_empty", "FAILED", {}, 0),
        ("partial", "FAILED", 1, 1),
        ("timeout", "TIMEOUT", None, 0),
        ("timedout", "TIMEDOUT", None, 0),
        ("string_result", "SUCCEEDED", "SUCCEEDED", 2),
        ("slow", "SUCCEEDED", 0, 2),
    ],
)
def test_job_faults_end_as_told(greenlake: Client, sandbox: Running, kind: str, status: str, result: Any, tagged: int) -> None:
    sandbox.fault({"vendor": "greenlake", "method": "PATCH", "job": kind})
    job = finish(greenlake, patch(greenlake, {"tags": {"fault": "x"}}, IDLE, STACK))
    assert job["status"] == status
    found = job.get("result")
    assert (len(found.get("failedDevices", [])) if isinstance(result, int) else found) == result
    assert greenlake.get(V1, **{"filter-tags": "'fault' eq 'x'"}).json()["total"] == tagged


@pytest.mark.parametrize(("kind", "status"), [("never", 200), ("vanish", 404)])
def test_a_job_that_never_ends_or_vanishes_may_have_done_its_work(
    greenlake: Client, sandbox: Running, kind: str, status: int
) -> None:
    sandbox.fault({"vendor": "greenlake", "method": "POST", "job": kind})
    accepted = greenlake("POST", V1, json=lists(network=[NEW]))
    polls = [greenlake.get(accepted.headers["Location"]) for _number in range(5)]
    assert {poll.status_code for poll in polls} == {status}
    assert greenlake.get(f"{V1}/{device_id('CN0020000K')}").status_code == 200


def test_rate_limits_are_per_class_and_every_answer_carries_the_headers(greenlake: Client, sandbox: Running) -> None:
    sandbox.limit("greenlake", list_v1=2, window=3600)
    answers = [greenlake.get(V1) for _number in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert 0 < int(answers[2].headers["ratelimit-reset"]) <= 3601
    assert answers[2].json()["errorCode"] == "HPE_GL_ERROR_TOO_MANY_REQUESTS"
    assert greenlake.get(V2).status_code == 200
    assert greenlake.get(V1, limit=0).status_code == 429


def test_neighbours_turn_names_and_keys_into_ids(greenlake: Client) -> None:
    assert greenlake.get("/locations/v1/locations", filter="name eq 'Berlin Torstrasse'").json()["items"][0]["id"] == BERLIN
    key = greenlake.get("/subscriptions/v1/subscriptions", filter="key eq 'NLAPFOUND000003'").json()
    assert (key["total"], key["items"][0]["id"], key["items"][0]["availableQuantity"]) == (1, subscription("NLAPFOUND000003"), 38)
    assert [m["name"] for m in greenlake.get("/service-catalog/v1/service-managers").json()["items"]] == [
        "Aruba Central",
        "Compute Ops Management",
    ]
    assert greenlake.get("/service-catalog/v1/per-region-service-managers").json()["total"] == 2
    provisioned = "provisionStatus eq 'PROVISIONED' and region eq 'us-west'"
    assert greenlake.get("/service-catalog/v1/service-manager-provisions", filter=provisioned).json()["total"] == 2
    hyphened = f"{WORKSPACE[:8]}-{WORKSPACE[8:12]}-{WORKSPACE[12:16]}-{WORKSPACE[16:20]}-{WORKSPACE[20:]}"
    assert greenlake.get(f"/workspaces/v1/workspaces/{hyphened}").json()["workspaceName"] == "Nordlicht Offices"
    assert greenlake.get("/identity/v1/users", filter="username eq 'ada.keller@nordlicht.example'").json()["total"] == 1
    assert greenlake.get("/tags/v1/tags", filter="key eq 'floor'").json()["total"] == 3
    assert greenlake.get("/tags/v1/tag-resources", filter="key eq 'Owner Team'").json()["total"] == 1


@pytest.mark.parametrize(
    ("switch", "value", "field", "expected"),
    [
        ("tags_none", "empty", "tags", {}),
        ("subscription_form", "null", "subscription", None),
        ("subscription_form", "object", "subscription", None),
        ("msp", True, "management", "MSP"),
    ],
)
def test_forms_of_a_device_follow_their_switches(
    greenlake: Client, sandbox: Running, switch: str, value: Any, field: str, expected: Any
) -> None:
    sandbox.switch("greenlake", **{switch: value})
    assert greenlake.get(f"{V1}/{IDLE}").json()[field] == expected


@pytest.mark.parametrize(
    ("form", "keys"),
    [("flat", {"type", "email", "firstName", "lastName", "phoneNumber"}), ("capital", {"type", "NonWorkspaceUser"})],
)
def test_contacts_come_in_every_form_that_was_seen(greenlake: Client, sandbox: Running, form: str, keys: set[str]) -> None:
    sandbox.switch("greenlake", contact_form=form, absent_keys=True)
    found = greenlake.get(f"{V1}/{STACK}").json()
    assert set(found["contact"]) == keys
    assert "secondaryName" not in found
    sandbox.drift("greenlake", "CN0010001K", tags={"by": "hand"})
    assert greenlake.get(f"{V1}/{STACK}").json()["tags"] == {"by": "hand"}
