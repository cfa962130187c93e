# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The server itself: log, faults, seeds, state file, start and stop."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from fleetform.sandbox.server import Running, running
from tests.unit.sandbox.conftest import Client

V1, V2 = "/devices/v1/devices", "/devices/v2beta1/devices"
RENAME: dict[str, Any] = {"params": {"deviceId": 1003}, "json": {"name": "Renamed"}}
CREATE: dict[str, Any] = {"json": {"templateId": "TMPL8RITg_f9Q", "name": "Twice"}}


def name(blynk: Client) -> str:
    return str(blynk.get("/device", deviceId=1003).json()["name"])


def test_the_log_names_each_request_and_hides_secrets(blynk: Client, sandbox: Running) -> None:
    blynk("PUT", "/device", **RENAME)
    entry = requests.get(sandbox.url + "/_sandbox/requests", params={"vendor": "blynk"}, timeout=10).json()[-1]
    assert (entry["n"], entry["method"], entry["path"], entry["status"]) == (1, "PUT", "/api/v1/organization/device", 200)
    assert (entry["query"], entry["body"], entry["write"], entry["violation"]) == (
        {"deviceId": "1003"},
        {"name": "Renamed"},
        True,
        None,
    )
    assert entry["headers"]["authorization"].startswith("Bearer ")
    assert "blynk-demo-token" not in json.dumps(entry)
    assert requests.delete(sandbox.url + "/_sandbox/requests", timeout=10).status_code == 204
    assert sandbox.requests() == []


def test_a_status_fault_does_no_work_unless_it_comes_after(blynk: Client, sandbox: Running) -> None:
    sandbox.fault(
        {"vendor": "blynk", "method": "PUT", "status": 503}, {"vendor": "blynk", "method": "PUT", "status": 500, "after": True}
    )
    assert blynk("PUT", "/device", **RENAME).status_code == 503
    assert name(blynk) == "Berlin Room 3-07 Climate"
    assert blynk("PUT", "/device", **RENAME).status_code == 500
    assert name(blynk) == "Renamed"
    assert [entry["fault"] for entry in sandbox.requests(write=True)] == ["status=503", "after=True status=500"]


def test_skip_and_times_choose_which_matches_go_wrong(blynk: Client, sandbox: Running) -> None:
    sandbox.fault({"path": "/api/v1/organization/profile$", "skip": 1, "times": 2, "status": 502})
    assert [blynk.get("/profile").status_code for _number in range(5)] == [200, 502, 502, 200, 200]
    sandbox.fault({"vendor": "blynk", "status": 500, "times": None, "query": {"deviceId": 1003}})
    assert [blynk.get("/device", deviceId=n).status_code for n in (1003, 1004, 1003)] == [500, 200, 500]
    shown = requests.get(sandbox.url + "/_sandbox/faults", timeout=10).json()
    assert [(rule["seen"], rule["used"]) for rule in shown] == [(5, 2), (2, 2)]
    requests.delete(sandbox.url + "/_sandbox/faults", timeout=10)
    assert blynk.get("/device", deviceId=1003).status_code == 200


def test_body_contains_and_methods_narrow_a_rule(blynk: Client, sandbox: Running) -> None:
    sandbox.fault({"method": ["PUT", "POST"], "body_contains": "Renamed", "status": 500})
    assert blynk("PUT", "/device", params={"deviceId": 1004}, json={"name": "Other"}).status_code == 200
    assert blynk("PUT", "/device", **RENAME).status_code == 500


def test_token_requests_are_spared_unless_the_path_names_them(sandbox: Running) -> None:
    url = sandbox.account("blynk") + "/oauth2/token?grant_type=client_credentials"
    auth = ("oa2-client-id_demo", "demo-secret")
    sandbox.fault({"vendor": "blynk", "status": 500, "times": None})
    assert requests.post(url, auth=auth, timeout=10).status_code == 200
    sandbox.fault({"path": "/oauth2/token", "status": 429, "retry_after": 1})
    assert requests.post(url, auth=auth, timeout=10).status_code == 429


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_dropped_connection_gives_no_answer_before_or_after_the_work(blynk: Client, sandbox: Running, drop: str) -> None:
    sandbox.fault({"method": "PUT", "drop": drop})
    with pytest.raises(requests.ConnectionError):
        blynk("PUT", "/device", **RENAME)
    assert name(blynk) == ("Renamed" if drop == "after" else "Berlin Room 3-07 Climate")
    assert (sandbox.requests()[0]["status"], sandbox.requests()[0]["fault"]) == (None, f"drop={drop}")


def test_a_lost_answer_of_a_job_still_does_its_work(greenlake: Client, sandbox: Running) -> None:
    sandbox.fault({"vendor": "greenlake", "method": "POST", "drop": "after"})
    body = {"network": [{"serialNumber": "CN0020000K", "macAddress": "B8:D4:E7:00:4E:20"}], "compute": [], "storage": []}
    with pytest.raises(requests.ConnectionError):
        greenlake("POST", V1, json=body)
    assert greenlake.get(V1, filter="serialNumber eq 'CN0020000K'").json()["total"] == 1


def test_a_cut_body_is_shorter_than_its_length_says(blynk: Client, sandbox: Running) -> None:
    sandbox.fault({"path": "/api/v1/organization/devices", "cut_body": True})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        blynk.get("/devices")
    assert blynk.get("/devices").status_code == 200


def test_bodies_and_content_types_can_lie(blynk: Client, sandbox: Running) -> None:
    sandbox.fault(
        {"body": "<html>Sign in</html>", "content_type": "text/html"},
        {"body": ""},
        {"content_type": "text/plain"},
        {"status": 500, "body": {"oops": 1}},
    )
    page, empty, mislabelled, other = (blynk.get("/profile") for _number in range(4))
    assert (page.status_code, page.headers["Content-Type"], page.text) == (200, "text/html", "<html>Sign in</html>")
    assert (empty.status_code, empty.content) == (200, b"")
    assert (mislabelled.headers["Content-Type"], mislabelled.json()["id"]) == ("text/plain", 2001)
    assert (other.status_code, other.json()) == (500, {"oops": 1})


def test_retry_after_comes_in_every_form(blynk: Client, sandbox: Running) -> None:
    sandbox.fault(
        {"retry_after": 3}, {"status": 503, "retry_after": {"date_in": 60}}, {"retry_after": "soon"}, {"ratelimit_reset": 7}
    )
    seconds, date, nonsense, reset = (blynk.get("/profile") for _number in range(4))
    assert (seconds.status_code, seconds.headers["Retry-After"]) == (429, "3")
    assert date.status_code == 503
    assert 50 < (parsedate_to_datetime(date.headers["Retry-After"]) - datetime.now(UTC)).total_seconds() <= 60
    assert nonsense.headers["Retry-After"] == "soon"
    assert (reset.status_code, reset.headers["ratelimit-reset"]) == (429, "7")


def test_latency_and_redirects(blynk: Client, sandbox: Running) -> None:
    sandbox.fault({"latency": 0.02}, {"redirect": "http://127.0.0.1:9/elsewhere"}, {"status": 302, "redirect": "/x"})
    start = time.monotonic()
    assert blynk.get("/profile").status_code == 200
    assert time.monotonic() - start >= 0.02
    moved = blynk.get("/profile")
    assert (moved.status_code, moved.headers["Location"], moved.content) == (308, "http://127.0.0.1:9/elsewhere", b"")
    assert blynk.get("/profile").status_code == 302


def test_page_faults_lie_about_pages(blynk: Client, greenlake: Client, sandbox: Running) -> None:
    sandbox.fault({"vendor": "blynk", "repeat_page": True}, {"vendor": "blynk", "missing_page": True, "skip": 2})
    first, again, gone = (blynk.get("/devices", size=2, page=page).json() for page in (0, 1, 1))
    assert again == first
    sandbox.clear_faults()
    sandbox.fault(
        {"vendor": "blynk", "missing_page": True},
        {"vendor": "blynk", "wrong_total": True},
        {"vendor": "blynk", "wrong_total": {"plus": -2}},
    )
    gone, more, less = (blynk.get("/devices").json() for _number in range(3))
    assert (gone["content"], gone["totalElements"], more["totalElements"], less["totalElements"]) == ([], 4, 5, 2)
    sandbox.fault({"vendor": "greenlake", "repeat_page": True}, {"vendor": "greenlake", "wrong_total": 3})
    start, repeated = (greenlake.get(V1, limit=5, offset=offset, sort="serialNumber").json() for offset in (0, 5))
    assert start["total"] == 3
    assert (repeated["items"], repeated["offset"]) == (start["items"], 5)


@pytest.mark.parametrize(
    "rule",
    [
        {"status": 500, "colour": "red"},
        {"vendor": "blynk"},
        {"drop": "sideways"},
        {"job": "sometimes"},
        {"path": "(", "status": 1},
    ],
)
def test_a_fault_rule_that_makes_no_sense_is_refused(sandbox: Running, rule: dict[str, Any]) -> None:
    answer = requests.post(sandbox.url + "/_sandbox/faults", json=rule, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_write_sent_again_without_reading_is_a_blind_repeat(blynk: Client, sandbox: Running) -> None:
    sandbox.fault({"method": "POST", "drop": "after", "times": 2})
    for _number in range(2):
        with pytest.raises(requests.ConnectionError):
            blynk("POST", "/device/create", **CREATE)
    blynk.get("/device", deviceId=1003)
    blynk("POST", "/device/create", **CREATE)
    assert [entry["blind_repeat"] for entry in sandbox.requests(write=True)] == [False, True, True]
    assert not any(entry["idempotent"] for entry in sandbox.requests(write=True))


def test_a_write_sent_again_after_a_look_is_not_blind(blynk: Client, greenlake: Client, sandbox: Running) -> None:
    sandbox.fault({"method": "PUT", "status": 502}, {"method": "PATCH", "drop": "before"})
    blynk("PUT", "/device", **RENAME)
    blynk.get("/device", deviceId=1003)
    blynk("PUT", "/device", **RENAME)
    device = greenlake.get(V1, limit=1).json()["items"][0]["id"]
    with pytest.raises(requests.ConnectionError):
        greenlake("PATCH", V2, params={"id": device}, json={"tags": {"a": "b"}})
    greenlake.get(V1, limit=1)
    greenlake("PATCH", V2, params={"id": device}, json={"tags": {"a": "b"}})
    assert not any(entry["blind_repeat"] for entry in sandbox.requests())


def test_reset_restores_the_start_state_with_switches_limits_and_seed(blynk: Client, sandbox: Running) -> None:
    blynk("PUT", "/device", **RENAME)
    wanted = {
        "seed": "empty",
        "switches": {"blynk": {"owner_none": "zero"}},
        "limits": {"greenlake": {"list_v1": 5}},
        "token_lifetime": 60,
    }
    assert requests.post(sandbox.url + "/_sandbox/reset", json=wanted, timeout=10).status_code == 200
    assert blynk.get("/devices").json() == {"content": [], "totalElements": 0}
    assert blynk("POST", "/device/create", **CREATE).json()["ownerUserId"] == 0
    shown = requests.get(sandbox.url + "/_sandbox/switches", timeout=10).json()
    assert (shown["switches"]["blynk"]["owner_none"], shown["limits"]["greenlake"]["list_v1"]) == ("zero", 5)
    assert requests.post(sandbox.url + "/_sandbox/reset", timeout=10).status_code == 200
    assert name(blynk) == "Berlin Room 3-07 Climate"
    assert len(sandbox.requests()) == 1


@pytest.mark.parametrize("wanted", [{"seed": "huge"}, {"colour": 1}, {"switches": {"blynk": {"x": 1}}}, {"limits": {"acme": {}}}])
def test_an_unknown_reset_option_is_refused(sandbox: Running, wanted: dict[str, Any]) -> None:
    assert requests.post(sandbox.url + "/_sandbox/reset", json=wanted, timeout=10).status_code == 400


def test_switches_are_set_by_vendor(sandbox: Running) -> None:
    url = sandbox.url + "/_sandbox/switches"
    assert requests.post(url, json={"greenlake": {"msp": True}}, timeout=10).status_code == 200
    assert requests.post(url, json={"switches": {"greenlake": {"zero_limit": "accept"}}}, timeout=10).status_code == 200
    assert requests.get(url, timeout=10).json()["switches"]["greenlake"]["msp"] is True
    assert requests.post(url, json={"greenlake": {"nothing": True}}, timeout=10).status_code == 400
    about = requests.get(sandbox.url + "/_sandbox", timeout=10).json()
    assert about["greenlake"]["url"] == sandbox.account("greenlake")
    assert all(switch["reason"] for vendor in about.values() for switch in vendor["switches"].values())


def test_the_large_seed_is_deterministic(blynk: Client, greenlake: Client, sandbox: Running) -> None:
    sandbox.reset(seed="large", size=1200)
    first = greenlake.get(V1, limit=2000).json()
    assert (first["total"], len({row["serialNumber"] for row in first["items"]})) == (1200, 1200)
    page = blynk.get("/devices", includeSubOrgDevices="true", size=1000, page=1).json()
    assert (page["totalElements"], len(page["content"])) == (1200, 200)
    sandbox.reset(seed="large", size=1200)
    assert greenlake.get(V1, limit=2000).json() == first


def test_a_cloud_can_be_served_at_the_root_as_well() -> None:
    with running(root="greenlake") as started:
        for base in (started.url, started.account("greenlake")):
            client = Client(base, "greenlake-demo-token")
            with client.session:
                assert client.get(V1).json()["total"] == 14
        assert [entry["path"] for entry in started.requests()] == [V1, V1]
        assert requests.get(started.url + "/_sandbox", timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("form", "start"), [("plain", "/devices/"), ("mounted", "/greenlake/devices/"), ("absolute", "http://127.0.0.1:")]
)
def test_a_job_is_found_in_every_form_of_location(greenlake: Client, sandbox: Running, form: str, start: str) -> None:
    sandbox.switch("greenlake", location_form=form)
    device = greenlake.get(V1, limit=1).json()["items"][0]["id"]
    assert greenlake("PATCH", V2, params={"id": device}, json={"tags": {"a": "b"}}).headers["Location"].startswith(start)


def test_the_clock_can_be_moved(sandbox: Running) -> None:
    assert requests.post(sandbox.url + "/_sandbox/clock", json={"advance": 60}, timeout=10).status_code == 200
    assert sandbox.sandbox.clock.offset == 60
    assert requests.post(sandbox.url + "/_sandbox/clock", json={}, timeout=10).status_code == 400


def test_the_state_is_shown_without_tokens(sandbox: Running) -> None:
    shown = requests.get(sandbox.url + "/_sandbox/state/greenlake", timeout=10).json()
    assert len(shown["devices"]) == 14
    assert not {"tokens", "clients"} & set(shown)
    assert requests.get(sandbox.url + "/_sandbox/state/acme", timeout=10).status_code == 404


def test_state_in_a_file_survives_a_restart_unless_reset(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    for reset, expected in ((False, "Berlin Room 3-07 Climate"), (False, "Renamed"), (True, "Berlin Room 3-07 Climate")):
        with running(state=file, reset=reset) as started:
            client = Client(started.account("blynk") + "/api/v1/organization", "blynk-demo-token")
            with client.session:
                assert name(client) == expected
                client("PUT", "/device", **RENAME)
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]
    assert file.stat().st_mode & 0o077 == 0


def test_a_job_under_way_survives_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    location = ""
    for step in range(3):
        with running(state=file) as started:
            client = Client(started.account("greenlake"), "greenlake-demo-token")
            with client.session:
                if not step:
                    device = client.get(V1, limit=1).json()["items"][0]["id"]
                    location = client("PATCH", V2, params={"id": device}, json={"tags": {"a": "b"}}).headers["Location"]
                else:
                    assert client.get(location).json()["status"] == ("RUNNING" if step == 1 else "SUCCEEDED")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_one_line_and_stops_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "fleetform.sandbox", "--state", str(tmp_path / "s.json"), "--seed", "large", "--size", "3"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        with contextlib.closing(requests.Session()) as session:
            session.headers["Authorization"] = "Bearer greenlake-demo-token"
            assert session.get(f"{url}/greenlake{V1}", timeout=10).json()["total"] == 3
        process.send_signal(number)
        rest, errors = process.communicate(timeout=10)
    assert (process.returncode, rest, errors) == (0, "", "")
