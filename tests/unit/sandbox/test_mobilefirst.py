# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MobileFirst's side: users and roles, both forms, bookmarks, and what a transaction does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import defusedxml.ElementTree as ET
import pytest
import requests

from fleetform.sandbox.mobilefirst_forms import chosen
from fleetform.sandbox.server import Running
from tests.unit.sandbox.conftest import Client

MFP, PILOT = "/runtimes/mfp", "/runtimes/pilot"
JSON, XML, TEXT_XML = "application/json", "application/xml", "text/xml"
ROLES = ("admin", "deployer", "operator", "monitor")


def client(sandbox: Running, user: str = "admin", version: str = "2.0") -> Client:
    made = Client(f"{sandbox.account('mobilefirst')}/management-apis/{version}", "")
    del made.session.headers["Authorization"]
    made.session.auth = (f"demo-{user}", f"{user}-secret")
    made.session.headers["Accept"] = JSON
    return made


@pytest.fixture
def mfp(sandbox: Running) -> Iterator[Client]:
    made = client(sandbox)
    with made.session:
        yield made


def device(sandbox: Running, name: str | None, runtime: str = "mfp") -> str:
    rows = sandbox.state["mobilefirst"]["devices"].values()
    return next(row["id"] for row in rows if (row["deviceDisplayName"], row["runtime"]) == (name, runtime))


def row(mfp: Client, number: str) -> dict[str, Any]:
    return next(item for item in mfp.get(MFP + "/devices").json()["items"] if item["id"] == number)


def put(mfp: Client, path: str, status: Any, **query: str) -> requests.Response:
    return mfp("PUT", MFP + "/devices/" + path, params=query, json={"status": status})


def pages(mfp: Client, path: str = MFP + "/devices", **query: Any) -> list[dict[str, Any]]:
    """Every page, by bookmark, from the first on."""
    found = [mfp.get(path, **query).json()]
    while found[-1].get("nextPageBookmark") and len(found) < 100:
        found.append(mfp.get(path, bookmark=found[-1]["nextPageBookmark"], **query).json())
    return found


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [item["id"] for page in found for item in page["items"]]


def error(answer: requests.Response) -> str:
    return str(answer.json()["errors"][0]["details"])


def plain(element: Any) -> dict[str, Any]:
    """An element of XML as the JSON of the same answer would be, all scalars text."""
    data: dict[str, Any] = dict(element.attrib)
    for child in element:
        wraps = len(child) and not child.attrib and all(entry.tag + "s" == child.tag for entry in child)
        empty = child.tag in ("items", "errors", "userIds", "applicationDeviceAssociations") and not len(child)
        data[child.tag] = [plain(entry) for entry in child] if wraps or empty else plain(child)
    return data


def texts(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: texts(value) for name, value in data.items() if value is not None}
    if isinstance(data, list):
        return [texts(value) for value in data]
    return str(data).lower() if isinstance(data, bool) else str(data)


# Users and roles


def test_a_request_without_credentials_is_answered_by_the_container(sandbox: Running) -> None:
    url = sandbox.account("mobilefirst") + "/management-apis/2.0/runtimes"
    with requests.Session() as session:
        session.trust_env = False
        bare, wrong = session.get(url, timeout=10), session.get(url, auth=("demo-admin", "x"), timeout=10)
        bearer = session.get(url, headers={"Authorization": "Bearer x"}, timeout=10)
    for answer in (bare, wrong, bearer):
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="WASRealm"')
        assert answer.headers["Content-Type"].startswith("text/html")
    assert [bool(entry["violation"]) for entry in sandbox.requests()] == [True, False, True]


def test_a_password_is_taken_as_it_is(sandbox: Running) -> None:
    sandbox.state["mobilefirst"]["clients"]["demo-odd"] = {"secret": "50%25: ä+", "role": "mfpmonitor"}
    made = client(sandbox)
    made.session.auth = (b"demo-odd", "50%25: ä+".encode())  # type: ignore[assignment]
    with made.session:
        assert made.get("/runtimes").status_code == 200


@pytest.mark.parametrize("user", [*ROLES, "guest"])
def test_each_role_may_do_what_the_reference_says(sandbox: Running, user: str) -> None:
    made = client(sandbox, user)
    number = device(sandbox, "Ada's iPhone")
    with made.session:
        reading = {
            made.get(path).status_code for path in ("/runtimes", MFP, MFP + "/devices", MFP + "/transactions", MFP + "/lock")
        }
        status = put(made, number, "LOST").status_code
        app = put(made, number + "/applications/rounds", "DISABLED").status_code
        lock = made("DELETE", MFP + "/lock").status_code
        gone = made("DELETE", MFP + "/devices/" + number).status_code
    assert reading == {403 if user == "guest" else 200}
    assert {status, app, gone} == {403 if user in ("guest", "monitor") else 200}
    assert lock == (200 if user == "admin" else 403)


def test_whether_an_operator_deletes_is_a_switch(sandbox: Running) -> None:
    sandbox.switch("mobilefirst", operator_deletes=False)
    made = client(sandbox, "operator")
    with made.session:
        assert made("DELETE", MFP + "/devices/" + device(sandbox, "Ada's iPhone")).status_code == 403
        assert made("DELETE", MFP + "/devices/unknown").status_code == 403, "the role comes before the device"


# Strictness


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "broken"),
    [
        ("GET", "/nowhere", {}, 404, True),
        ("POST", "/devices", {}, 405, True),
        ("GET", "/devices/ada", {}, 405, True),
        ("PATCH", "/devices/ada", {}, 405, True),
        ("GET", "/devices", {"params": {"pageSize": 0}}, 400, True),
        ("GET", "/devices", {"params": {"pageSize": 1001}}, 400, True),
        ("GET", "/devices", {"params": {"pageSize": "many"}}, 400, True),
        ("GET", "/devices", {"params": {"orderBy": "name"}}, 400, True),
        ("GET", "/devices", {"params": {"pagesize": 5}}, 400, True),
        ("GET", "/devices", {"params": {"bookmark": "ABC"}}, 400, True),
        ("GET", "/devices", {"params": {"bookmark": ""}}, 400, True),
        ("GET", "/devices", {"params": [("query", "a"), ("query", "b")]}, 400, True),
        ("GET", "/devices", {"params": {"locale": "german please"}}, 400, True),
        ("GET", "/devices", {"headers": {"Accept": "image/png"}}, 406, True),
        ("GET", "/devices", {"data": b"{}"}, 400, True),
        ("GET", "/transactions/7", {}, 404, False),
        ("GET", "/transactions", {"params": {"mode": "all"}}, 400, True),
        ("PUT", "/devices/unknown", {"json": {"status": "LOST"}}, 404, False),
        ("PUT", "/devices/ada", {"data": b'{"status":"LOST"}', "headers": {"Content-Type": "application/xml"}}, 415, True),
        ("PUT", "/devices/ada", {"data": b'{"status":"LOST"}'}, 415, True),
        ("PUT", "/devices/ada", {"json": {"status": "lost"}}, 400, True),
        ("PUT", "/devices/ada", {"json": {"status": "GONE"}}, 400, True),
        ("PUT", "/devices/ada", {"json": {"status": None}}, 400, True),
        ("PUT", "/devices/ada", {"json": {}}, 400, True),
        ("PUT", "/devices/ada", {"json": {"status": "LOST", "name": "x"}}, 400, True),
        ("PUT", "/devices/ada", {"json": ["LOST"]}, 400, True),
        ("PUT", "/devices/ada", {"data": b"{", "headers": {"Content-Type": "application/json"}}, 400, True),
        ("PUT", "/devices/ada", {"json": {"status": "LOST"}, "params": {"async": "yes"}}, 400, True),
        ("PUT", "/devices/ada/applications/rounds", {"json": {"status": "LOST"}}, 400, True),
        ("PUT", "/devices/ada/applications/solitaire", {"json": {"status": "ENABLED"}}, 404, False),
        ("DELETE", "/devices/unknown", {}, 404, False),
        ("DELETE", "/devices/ada", {"json": {}}, 400, True),
    ],
)
def test_what_is_wrong_is_refused(
    mfp: Client, sandbox: Running, method: str, path: str, options: dict[str, Any], status: int, broken: bool
) -> None:
    path = MFP + path.replace("/ada", "/" + device(sandbox, "Ada's iPhone"))
    before = sandbox.sandbox.clouds["mobilefirst"].public()["devices"]
    assert mfp(method, path, **options).status_code == status
    assert bool(sandbox.requests()[-1]["violation"]) is broken
    assert sandbox.sandbox.clouds["mobilefirst"].public()["devices"] == before


@pytest.mark.parametrize(("path", "code"), [("/runtimes/nowhere/devices", "FWLSE3030E"), (PILOT + "/devices", "FWLSE3041E")])
def test_a_runtime_that_is_missing_or_stopped_is_not_found(mfp: Client, sandbox: Running, path: str, code: str) -> None:
    refused = mfp.get(path)
    assert refused.status_code == 404
    assert error(refused).startswith(code)
    number = device(sandbox, "Pilot Phone 1", "pilot")
    gone = mfp("DELETE", f"{path}/{number}")
    assert (gone.status_code, error(gone)[:10]) == (404, code), "looks like a device that is gone"
    sandbox.switch("mobilefirst", stopped=[])
    assert mfp.get(PILOT + "/devices").json()["totalListSize"] == 2


def test_the_locale_changes_error_texts_only(mfp: Client) -> None:
    english, german = (mfp("DELETE", MFP + "/devices/x", params={"locale": locale}) for locale in ("en_US", "de_DE"))
    assert error(english).startswith("FWLSE3002E: The resource")
    assert error(german).startswith("FWLSE3002E: Die Ressource")
    assert mfp.get(MFP + "/devices", locale="de").json() == mfp.get(MFP + "/devices").json()


# Forms


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, JSON),
        ("*/*", JSON),
        (XML, XML),
        (TEXT_XML, TEXT_XML),
        ("text/*", TEXT_XML),
        ("application/*", JSON),
        ("application/xml;q=0.9, application/json;q=0.1", XML),
        ("application/json;q=0, */*", XML),
        ("text/html, application/xml;q=0.5", XML),
        ("Application/XML", XML),
        ("text/html", None),
        ("application/json;q=0", None),
        ("application/xml;q=high", None),
    ],
)
def test_accept_chooses_the_form(accept: str | None, form: str | None) -> None:
    assert chosen(accept) == form


@pytest.mark.parametrize("form", [XML, TEXT_XML])
@pytest.mark.parametrize(
    ("method", "path", "options", "root"),
    [
        ("GET", MFP + "/devices", {"params": {"pageSize": 5}}, "devices"),
        ("GET", "/runtimes", {"params": {"mode": "db"}}, "projectconfiguration"),
        ("GET", MFP, {}, "runtime"),
        ("GET", MFP + "/lock", {}, "lock"),
        ("GET", MFP + "/transactions", {}, "transactions"),
        ("GET", MFP + "/transactions/1", {}, "transaction"),
        ("GET", MFP + "/transactions/9", {}, "error-result"),
        ("GET", PILOT + "/devices", {}, "error-result"),
        ("PUT", MFP + "/devices/x", {"json": {"status": "LOST"}}, "error-result"),
        ("GET", MFP + "/notifications/applications/deskbooking/devices", {}, "push-devices"),
    ],
)
def test_xml_says_what_json_says(
    mfp: Client, sandbox: Running, form: str, method: str, path: str, options: dict[str, Any], root: str
) -> None:
    put(mfp, device(sandbox, "Ada's iPhone"), "LOST")
    data = mfp(method, path, **options).json()
    answer = mfp(method, path, headers={"Accept": form}, **options)
    assert answer.headers["Content-Type"] == form
    assert answer.content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    element = ET.fromstring(answer.content)
    assert element.tag == root
    assert plain(element) == texts(data)


def test_the_results_of_writes_in_xml_have_names_of_their_own(mfp: Client, sandbox: Running) -> None:
    number = device(sandbox, "Ada's iPhone")
    mfp.session.headers["Accept"] = XML
    answers = (
        put(mfp, number, "LOST"),
        put(mfp, number + "/applications/rounds", "DISABLED"),
        mfp("DELETE", MFP + "/devices/" + number),
    )
    found = [ET.fromstring(answer.content) for answer in answers]
    assert [element.tag for element in found] == [
        "set-device-status-result",
        "set-applicationdevice-status-result",
        "remove-device-result",
    ]
    assert {element.get("ok") for element in found} == {"true"}
    assert found[1].find("transaction/description").attrib == {"appName": "rounds", "deviceId": number, "status": "DISABLED"}
    assert found[0].find("transaction/project").attrib == {"name": "mfp"}


def test_any_text_survives_xml_but_what_xml_cannot_hold(mfp: Client, sandbox: Running) -> None:
    name = "<&\"' {{ x }} \n\t ü 🙂"
    number = device(sandbox, "Ada's iPhone")
    sandbox.drift("mobilefirst", number, deviceDisplayName=name + "\x1b\x00")
    assert row(mfp, number)["deviceDisplayName"] == name + "\x1b\x00"
    answer = mfp("GET", MFP + "/devices", headers={"Accept": XML})
    items = {item.get("id"): item for item in ET.fromstring(answer.content).find("items")}
    assert items[number].get("deviceDisplayName") == name + "\ufffd\ufffd"


@pytest.mark.parametrize(
    ("switches", "status", "kind", "body"),
    [
        ({"error_form": "html"}, 404, "text/html;charset=ISO-8859-1", "<html>"),
        ({"error_form": "empty"}, 404, None, ""),
    ],
)
def test_an_error_may_have_no_form_at_all(
    mfp: Client, sandbox: Running, switches: dict[str, Any], status: int, kind: str | None, body: str
) -> None:
    sandbox.switch("mobilefirst", **switches)
    answer = mfp.get(PILOT + "/devices")
    assert (answer.status_code, answer.headers.get("Content-Type"), answer.text[:6]) == (status, kind, body)


# Listing


def test_a_device_has_the_fields_of_the_page(mfp: Client, sandbox: Running) -> None:
    number = device(sandbox, "Hamburg Reception Tablet")
    assert row(mfp, number) == {
        "applicationDeviceAssociations": [
            {
                "appId": f"com.nordlicht.{package}$ios${version}",
                "appName": name,
                "certSerialNumber": "",
                "deviceId": number,
                "deviceStatus": "ACTIVE",
                "status": "ENABLED",
            }
            for package, name, version in (("visitors", "Visitor Desk", "1.8.2"), ("desk", "deskbooking", "2.4.1"))
        ],
        "deviceDisplayName": "Hamburg Reception Tablet",
        "deviceModel": "iPad13,18",
        "deviceOs": "18.6",
        "id": number,
        "lastAccessed": "2026-11-16T06:00:00.000Z",
        "status": "ACTIVE",
        "userIds": [{"str": "front.desk"}, {"str": "ada.keller"}, {"str": "temp.hamburg"}],
    }


def test_the_demo_has_something_of_everything(mfp: Client) -> None:
    rows = mfp.get(MFP + "/devices").json()["items"]
    assert {item["status"] for item in rows} == {"ACTIVE", "LOST", "STOLEN", "EXPIRED", "DISABLED"}
    assert sum("deviceDisplayName" not in item for item in rows) == 1
    assert {len(item["userIds"]) for item in rows} >= {0, 1, 2, 3}
    names = [[app["appName"] for app in item["applicationDeviceAssociations"]] for item in rows]
    assert any(len(set(apps)) < len(apps) for apps in names), "two versions of one app"


@pytest.mark.parametrize("size", [0, 1, 100, 101, 250])
@pytest.mark.parametrize("order", ["uid", "-uid", "friendlyName", "-lastAccessed"])
def test_the_pages_hold_every_device_once(mfp: Client, sandbox: Running, size: int, order: str) -> None:
    sandbox.reset(seed="large", size=size)
    found = pages(mfp, orderBy=order)
    assert len(found) == max(1, -(-size // 100))
    assert len(set(ids(found))) == len(ids(found)) == size
    for number, page in enumerate(found, 1):
        assert (page["pageNumber"], page["pageSize"], page["startIndex"], page["totalListSize"]) == (
            number,
            100,
            (number - 1) * 100,
            size,
        )
    assert [entry["violation"] for entry in sandbox.requests() if entry["violation"]] == []


KEYS: dict[str, Any] = {
    "uid": lambda item: item["userIds"][0]["str"] if item["userIds"] else "",
    "friendlyName": lambda item: item.get("deviceDisplayName", ""),
    "deviceModel": lambda item: item["deviceModel"],
    "deviceEnvironment": lambda item: item["applicationDeviceAssociations"][0]["appId"].split("$")[1],
    "status": lambda item: item["status"],
    "lastAccessed": lambda item: item["lastAccessed"],
}


@pytest.mark.parametrize("order", KEYS)
def test_each_order_goes_both_ways(mfp: Client, order: str) -> None:
    up, down = (pages(mfp, orderBy=sign + order, pageSize=3) for sign in ("", "-"))
    keys = [KEYS[order](item) for page in up for item in page["items"]]
    assert keys == sorted(keys)
    assert ids(down) == ids(up)[::-1]


def test_the_default_order_is_by_user_not_by_device(mfp: Client) -> None:
    assert mfp.get(MFP + "/devices").json() == mfp.get(MFP + "/devices", orderBy="uid").json()


@pytest.mark.parametrize(
    ("query", "count"), [("ADA.KELLER", 2), ("weber", 2), ("reception", 2), ("caretaker", 3), ("nobody", 0), ("", 16)]
)
def test_a_query_is_contained_in_name_or_user_whatever_the_case(mfp: Client, query: str, count: int) -> None:
    page = mfp.get(MFP + "/devices", query=query).json()
    assert (len(page["items"]), page["totalListSize"]) == (count, count)


def test_a_query_does_not_look_at_the_id(mfp: Client, sandbox: Running) -> None:
    assert mfp.get(MFP + "/devices", query=device(sandbox, "Ada's iPhone")).json()["items"] == []


def test_offset_is_ignored_and_noted(mfp: Client, sandbox: Running) -> None:
    assert mfp.get(MFP + "/devices", offset=5).json() == mfp.get(MFP + "/devices").json()
    assert sandbox.requests()[0]["violation"] == "offset is not supported since 7.1"


def test_a_bookmark_survives_what_comes_and_goes(mfp: Client, sandbox: Running) -> None:
    before = ids(pages(mfp, pageSize=4))
    first = mfp.get(MFP + "/devices", pageSize=4).json()
    sandbox.drift("mobilefirst", before[3], remove=True)
    sandbox.drift("mobilefirst", before[9], remove=True)
    second = mfp.get(MFP + "/devices", pageSize=4, bookmark=first["nextPageBookmark"]).json()
    assert ids([second]) == before[4:8]
    assert second["startIndex"] == 3


@pytest.mark.parametrize("query", [{"pageSize": 5}, {"pageSize": 4, "orderBy": "status"}, {"pageSize": 4, "query": "a"}, {}])
def test_a_bookmark_belongs_to_its_listing(mfp: Client, sandbox: Running, query: dict[str, Any]) -> None:
    mark = mfp.get(MFP + "/devices", pageSize=4).json()["nextPageBookmark"]
    assert mfp.get(MFP + "/devices", bookmark=mark, **query).status_code == 400
    assert mfp.get("/runtimes/service/devices", bookmark=mark, pageSize=4).status_code == 400
    sandbox.switch("mobilefirst", bookmark_alone="accept")
    assert mfp.get(MFP + "/devices", bookmark=mark, **query).status_code == (400 if query else 200)


def test_a_bookmark_alone_goes_on_as_its_listing_did(mfp: Client, sandbox: Running) -> None:
    sandbox.switch("mobilefirst", bookmark_alone="accept")
    query: dict[str, Any] = {"pageSize": 2, "orderBy": "-status", "query": "a"}
    first = mfp.get(MFP + "/devices", **query).json()
    alone = mfp.get(MFP + "/devices", bookmark=first["nextPageBookmark"]).json()
    assert alone == mfp.get(MFP + "/devices", bookmark=first["nextPageBookmark"], **query).json()


@pytest.mark.parametrize(("form", "last"), [("absent", []), ("null", [None]), ("empty", [""])])
def test_the_last_page_has_no_bookmark_in_every_form(mfp: Client, sandbox: Running, form: str, last: list[Any]) -> None:
    sandbox.switch("mobilefirst", last_page=form)
    found = pages(mfp, pageSize=7)
    assert [page["nextPageBookmark"] for page in found[-1:] if "nextPageBookmark" in page] == last
    assert len(ids(found)) == 16


def test_pages_may_be_short_or_empty_although_more_follows(mfp: Client, sandbox: Running) -> None:
    sandbox.switch("mobilefirst", short_pages=True, full_last_page="more")
    found = pages(mfp, pageSize=4)
    assert [len(page["items"]) for page in found] == [2] * 8 + [0]
    assert len(set(ids(found))) == 16


def test_a_bookmark_may_repeat_itself(mfp: Client, sandbox: Running) -> None:
    sandbox.switch("mobilefirst", repeating_bookmark=True)
    first = mfp.get(MFP + "/devices", pageSize=5).json()
    second = mfp.get(MFP + "/devices", pageSize=5, bookmark=first["nextPageBookmark"]).json()
    assert second["nextPageBookmark"] == first["nextPageBookmark"]


@pytest.mark.parametrize(("form", "target"), [("first", 0), ("previous", 1), ("same", 2)])
def test_the_previous_bookmark_is_no_good_for_finding_the_start(mfp: Client, sandbox: Running, form: str, target: int) -> None:
    sandbox.switch("mobilefirst", previous_page=form)
    found = pages(mfp, pageSize=5)
    assert "prevPageBookmark" not in found[0]
    back = mfp.get(MFP + "/devices", pageSize=5, bookmark=found[2]["prevPageBookmark"]).json()
    assert ids([back]) == ids([found[target]])


@pytest.mark.parametrize(
    ("switch", "value", "shown"),
    [
        ("page_numbers", "absent", [None, None, None]),
        ("page_numbers", "sample", [2, 5, 0]),
        ("page_numbers", "true", [1, 5, 0]),
    ],
)
def test_the_numbers_of_a_page_may_be_nonsense(mfp: Client, sandbox: Running, switch: str, value: str, shown: list[Any]) -> None:
    sandbox.switch("mobilefirst", **{switch: value})
    page = mfp.get(MFP + "/devices", pageSize=5).json()
    assert [page.get(name) for name in ("pageNumber", "pageSize", "startIndex")] == shown


def test_the_forms_of_nothing_are_switches(mfp: Client, sandbox: Running) -> None:
    nameless, spare = device(sandbox, None), device(sandbox, "Spare Phone 4")
    sandbox.switch("mobilefirst", no_name="null", empty_lists="absent", app_device_status="lags", total="all")
    assert row(mfp, nameless)["deviceDisplayName"] is None
    assert "userIds" not in row(mfp, spare)
    assert row(mfp, device(sandbox, "Sam's Moto"))["applicationDeviceAssociations"][0]["deviceStatus"] == "ACTIVE"
    assert mfp.get(MFP + "/devices", query="ada").json()["totalListSize"] == 16
    sandbox.switch("mobilefirst", no_name="empty", query_minimum=3)
    assert row(mfp, nameless)["deviceDisplayName"] == ""
    assert mfp.get(MFP + "/devices", query="ad").status_code == 400


# Version 1.0


def test_the_older_version_shows_the_same_devices_in_its_own_words(mfp: Client, sandbox: Running) -> None:
    old = client(sandbox, "monitor", "1.0")
    old.base = old.base.replace("mfpadmin", "worklightadmin")
    with old.session:
        page = old.get(MFP + "/devices").json()
        rows = {item["id"]: item for item in page["items"]}
        number = device(sandbox, "Hamburg Reception Tablet")
        assert set(page) == {"items", "pageNumber", "pageSize", "productVersion", "startIndex", "totalListSize"}
        assert rows.keys() == set(ids(pages(mfp)))
        assert rows[number]["friendlyName"] == "Hamburg Reception Tablet"
        assert (rows[number]["uid"], rows[number]["deviceEnvironment"]) == ("front.desk", "ios")
        assert set(rows[number]["applicationDeviceAssociations"][0]) == {"appName", "deviceId", "deviceStatus", "status"}
        assert [name for name in ("userIds", "deviceDisplayName") if name in rows[number]] == []
        assert old("PUT", f"{MFP}/devices/{number}", json={"status": "LOST"}).status_code == 404, "read only"
        assert [runtime["apiVersion"] for runtime in old.get("/runtimes").json()["projects"]] == ["1.0", "1.0"]


def test_the_older_version_pages_by_offset_or_by_bookmark(sandbox: Running) -> None:
    old = client(sandbox, version="1.0")
    with old.session:
        parts = [old.get(MFP + "/devices", pageSize=6, offset=offset).json() for offset in (0, 6, 12, 18)]
        assert [len(part["items"]) for part in parts] == [6, 6, 4, 0]
        assert len(set(ids(parts))) == 16
        assert old.get(MFP + "/devices", bookmark="x").status_code == 400
        sandbox.switch("mobilefirst", old_paging="bookmark")
        assert ids(pages(old, pageSize=6)) == ids(parts)


# Writing


@pytest.mark.parametrize("status", ["ACTIVE", "LOST", "STOLEN", "EXPIRED", "DISABLED"])
def test_each_status_can_be_set(mfp: Client, sandbox: Running, status: str) -> None:
    number = device(sandbox, "Ada's iPhone")
    answer = put(mfp, number, status).json()
    assert answer["ok"] is True
    assert answer["transaction"]["description"] == {"deviceId": number, "status": status}
    assert (answer["transaction"]["id"], answer["transaction"]["status"], answer["transaction"]["type"]) == (
        1,
        "SUCCESS",
        "CHANGE_DEVICE_STATUS",
    )
    shown = row(mfp, number)
    assert {shown["status"], *(app["deviceStatus"] for app in shown["applicationDeviceAssociations"])} == {status}
    assert [entry["noop"] for entry in sandbox.requests(write=True)] == [status == "ACTIVE"]


def test_an_application_status_holds_for_every_version_of_it(mfp: Client, sandbox: Running) -> None:
    number = device(sandbox, "Mara's Galaxy")
    assert put(mfp, number + "/applications/deskbooking", "DISABLED").json()["ok"] is True
    apps = [(app["appName"], app["status"]) for app in row(mfp, number)["applicationDeviceAssociations"]]
    assert apps == [("deskbooking", "DISABLED"), ("deskbooking", "DISABLED"), ("rounds", "ENABLED")]
    other = row(mfp, device(sandbox, "Jonas Weber Pixel"))["applicationDeviceAssociations"]
    assert {app["status"] for app in other} == {"ENABLED"}, "on that device only"


def test_the_name_of_an_application_is_decoded(mfp: Client, sandbox: Running) -> None:
    number = device(sandbox, "Hamburg Reception Tablet")
    sandbox.state["mobilefirst"]["devices"][number]["applicationDeviceAssociations"][0]["appName"] = "Ä/Z 50%"
    assert put(mfp, number + "/applications/%C3%84%2FZ%2050%25", "DISABLED").status_code == 200
    assert put(mfp, device(sandbox, "Berlin Reception Tablet") + "/applications/Visitor%20Desk", "DISABLED").status_code == 200


def test_a_deleted_device_is_gone_and_the_second_time_it_is_not_found(mfp: Client, sandbox: Running) -> None:
    number = device(sandbox, "Torben's Galaxy")
    answer = mfp("DELETE", MFP + "/devices/" + number)
    assert answer.json()["transaction"]["description"] == {"deviceId": number, "status": "DISABLED"}
    assert mfp("DELETE", MFP + "/devices/" + number).status_code == 404
    assert number not in ids(pages(mfp))


def test_a_living_phone_comes_back_unblocked_under_a_new_id(mfp: Client, sandbox: Running) -> None:
    sandbox.switch("mobilefirst", returns_after=2)
    number = device(sandbox, "Sam's Moto")
    mfp("DELETE", MFP + "/devices/" + number)
    counts = [len(mfp.get(MFP + "/devices").json()["items"]) for _number in range(3)]
    assert counts == [15, 16, 16]
    back = [item for item in pages(mfp, query="sam.ortiz")[0]["items"] if item["deviceModel"] == "moto g84 5G"]
    assert [(item["status"], item["id"] == number, "deviceDisplayName" in item) for item in back] == [("ACTIVE", False, False)]


def test_an_asynchronous_transaction_advances_with_each_poll(mfp: Client, sandbox: Running) -> None:
    number = device(sandbox, "Ada's iPhone")
    started = put(mfp, number, "LOST", **{"async": "true"})
    assert (started.status_code, started.json()["transaction"]["status"]) == (200, "PENDING")
    assert mfp.get(MFP + "/lock").json() == {"busy": True}
    polls = [mfp.get(MFP + "/transactions/1").json() for _number in range(4)]
    assert [poll["status"] for poll in polls] == ["PREPARING", "COMMITTING", "SUCCESS", "SUCCESS"]
    assert "ok" not in polls[0]
    assert "transaction" not in polls[0]
    assert row(mfp, number)["status"] == "LOST"
    assert mfp.get(MFP + "/lock").json() == {"busy": False}


def test_a_transaction_that_nobody_polls_ends_by_itself(mfp: Client, sandbox: Running) -> None:
    number = device(sandbox, "Ada's iPhone")
    put(mfp, number, "LOST", **{"async": "true"})
    assert row(mfp, number)["status"] == "ACTIVE"
    sandbox.advance(11)
    assert row(mfp, number)["status"] == "LOST"


def test_a_server_may_answer_before_the_end_although_it_was_asked_to_wait(mfp: Client, sandbox: Running) -> None:
    sandbox.switch("mobilefirst", synchronous=False, async_status=202, async_ok=False)
    answer = put(mfp, device(sandbox, "Ada's iPhone"), "LOST")
    assert (answer.status_code, answer.json()["ok"], answer.json()["transaction"]["status"]) == (202, False, "PENDING")


@pytest.mark.parametrize("status", [200, 500])
def test_a_failed_transaction_is_told_by_its_words(mfp: Client, sandbox: Running, status: int) -> None:
    sandbox.switch("mobilefirst", fails=True, failed_status=status)
    number = device(sandbox, "Ada's iPhone")
    answer = put(mfp, number, "LOST")
    assert answer.status_code == status
    assert (answer.json()["ok"], answer.json()["transaction"]["status"]) == (False, "FAILURE")
    assert answer.json()["transaction"]["errors"][0]["details"].startswith("FWLSE3091W")
    assert row(mfp, number)["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("fault", "first", "polls", "done"),
    [
        ({"job": "failed"}, "FAILURE", [], False),
        ({"job": "failed", "effect": True}, "FAILURE", [], True),
        ({"job": "failed_empty"}, "FAILURE", [], False),
        ({"job": "canceled"}, "CANCELED", [], False),
        ({"job": "never"}, "PENDING", ["PENDING"] * 3, True),
        ({"job": "never", "effect": False}, "PENDING", ["PENDING"] * 3, False),
        ({"job": "slow", "polls": 2}, "PENDING", ["PREPARING", "COMMITTING", "SUCCESS"], True),
        ({"job": "vanish"}, "PENDING", [None], True),
    ],
)
def test_a_transaction_may_end_as_it_should_not(
    mfp: Client, sandbox: Running, fault: dict[str, Any], first: str, polls: list[Any], done: bool
) -> None:
    sandbox.fault({"vendor": "mobilefirst", **fault})
    number = device(sandbox, "Ada's iPhone")
    assert put(mfp, number, "LOST").json()["transaction"]["status"] == first
    assert [mfp.get(MFP + "/transactions/1").json().get("status") for _poll in polls] == polls
    assert row(mfp, number)["status"] == ("LOST" if done else "ACTIVE")


def test_a_fault_of_another_vendors_jobs_does_not_fit(mfp: Client, sandbox: Running) -> None:
    sandbox.fault({"job": "partial", "times": None})
    assert put(mfp, device(sandbox, "Ada's iPhone"), "LOST").json()["ok"] is True


def test_a_write_beside_another_one_is_noted_or_refused(mfp: Client, sandbox: Running) -> None:
    ada, mara = device(sandbox, "Ada's iPhone"), device(sandbox, "Mara's Galaxy")
    put(mfp, ada, "LOST", **{"async": "true"})
    assert put(mfp, mara, "LOST").json()["ok"] is True
    assert sandbox.requests()[-1]["violation"] == "transaction 1 of the runtime is still under way"
    assert row(mfp, ada)["status"] == "LOST", "one after the other"
    sandbox.switch("mobilefirst", overlap="refuse")
    put(mfp, ada, "ACTIVE", **{"async": "true"})
    assert put(mfp, mara, "ACTIVE").status_code == 500
    other = client(sandbox)
    with other.session:
        van = device(sandbox, "Van 1 Tablet", "service")
        assert other("PUT", "/runtimes/service/devices/" + van, json={"status": "LOST"}).status_code == 200, "its own lock"


def test_a_busy_lock_stops_writes_until_it_is_forced(mfp: Client, sandbox: Running) -> None:
    sandbox.switch("mobilefirst", lock="busy")
    number = device(sandbox, "Ada's iPhone")
    refused = put(mfp, number, "LOST")
    assert (refused.status_code, error(refused)[:10]) == (500, "FWLSE3021E")
    assert mfp.get(MFP + "/lock").json() == {"busy": True}
    assert mfp("DELETE", MFP + "/lock").json() == {"busy": False}
    assert put(mfp, number, "LOST").status_code == 200


def test_a_passing_lock_is_free_after_a_few_looks(mfp: Client, sandbox: Running) -> None:
    sandbox.switch("mobilefirst", lock="passing")
    assert [mfp.get(MFP + "/lock").json()["busy"] for _look in range(4)] == [True, True, False, False]
    sandbox.switch("mobilefirst", lock="passing")
    assert [put(mfp, device(sandbox, "Ada's iPhone"), "LOST").status_code for _try in range(3)] == [500, 500, 200]


def test_forcing_the_lock_cancels_what_is_under_way(mfp: Client, sandbox: Running) -> None:
    number = device(sandbox, "Ada's iPhone")
    put(mfp, number, "LOST", **{"async": "true"})
    mfp("DELETE", MFP + "/lock")
    assert mfp.get(MFP + "/transactions/1").json()["status"] == "CANCELED"
    assert row(mfp, number)["status"] == "ACTIVE"


def test_the_history_of_transactions_is_listed(mfp: Client, sandbox: Running) -> None:
    number = device(sandbox, "Ada's iPhone")
    put(mfp, number, "LOST")
    sandbox.advance(1)
    sandbox.fault({"job": "failed"})
    put(mfp, number, "STOLEN")
    sandbox.advance(1)
    mfp("DELETE", MFP + "/devices/" + number)
    path = MFP + "/transactions"
    assert ids(pages(mfp, path, pageSize=2)) == [1, 2, 3]
    assert ids(pages(mfp, path, orderBy="-created")) == [3, 2, 1]
    assert ids([mfp.get(path, offset=1, pageSize=1).json()]) == [2]
    assert ids(pages(mfp, path, mode="errors")) == [2]
    assert mfp.get("/runtimes/service/transactions").json()["items"] == []


# Runtimes, expiry, push


def test_the_runtimes_show_which_of_them_runs(mfp: Client) -> None:
    running, every = (
        [(p["name"], p["running"]) for p in mfp.get("/runtimes", **q).json()["projects"]] for q in ({}, {"mode": "db"})
    )
    assert running == [("mfp", True), ("service", True)]
    assert every == [*running, ("pilot", False)]


def test_one_runtime_counts_devices_and_holds_secrets(mfp: Client) -> None:
    shown = mfp.get(MFP).json()
    assert (shown["numberOfActiveDevices"], shown["numberOfDecommisionedDevices"], shown["running"]) == (14, 2, True)
    assert shown["confidentialClients"][0]["secret"]
    assert mfp.get(PILOT).json()["running"] is False


def test_devices_without_contact_expire_return_and_leave_the_list(mfp: Client, sandbox: Running) -> None:
    sandbox.switch("mobilefirst", expire_after_days=90, archive_after_days=90)
    number = device(sandbox, "Spare Phone 4")
    assert row(mfp, number)["status"] == "ACTIVE"
    sandbox.advance(80 * 86_400)
    assert row(mfp, number)["status"] == "EXPIRED"
    assert sandbox.drift("mobilefirst", number, contact=True)["status"] == "ACTIVE"
    assert row(mfp, number)["status"] == "ACTIVE"
    assert row(mfp, device(sandbox, "Lena iPhone SE"))["status"] == "LOST"
    sandbox.advance(100 * 86_400)
    assert {item["status"] for item in pages(mfp)[0]["items"]} == {"EXPIRED", "LOST", "STOLEN", "DISABLED"}
    assert len(ids(pages(mfp))) < 16
    sandbox.switch("mobilefirst", expired_returns=False)
    assert sandbox.drift("mobilefirst", number, contact=True)["status"] == "EXPIRED"


def test_push_registrations_are_a_data_set_of_their_own(mfp: Client, sandbox: Running) -> None:
    path = MFP + "/notifications/applications/deskbooking/devices"
    short = mfp.get(path, size=1).json()["devices"]
    assert [set(entry) for entry in short] == [{"deviceId", "href", "userId"}]
    apple = mfp.get(path, filter="platform==A", expand="true").json()["devices"]
    assert {entry["platform"] for entry in apple} == {"A"}
    number = device(sandbox, "Ada's iPhone")
    assert mfp.get(f"{path}/{number}").json()["userId"] == "ada.keller"
    assert [entry["deviceId"] for entry in mfp.get(path, userId="ada.keller").json()["devices"]] == [number]
    assert mfp.get(path + "/unknown").status_code == 404
    assert mfp.get(MFP + "/notifications/applications/solitaire/devices").status_code == 404


# Log, faults, drift


def test_the_log_names_devices_writes_and_users(mfp: Client, sandbox: Running) -> None:
    number = device(sandbox, "Ada's iPhone")
    mfp.get(MFP + "/devices")
    put(mfp, number + "/applications/rounds", "DISABLED")
    mfp.get(MFP + "/transactions/1")
    listing, write, poll = sandbox.requests()
    assert (listing["write"], listing["devices"], write["write"], write["devices"]) == (False, [], True, [number])
    assert (write["idempotent"], write["token"], write["user"], poll["write"]) == (True, False, "demo-admin", False)
    assert write["headers"]["authorization"].startswith("Basic demo-admin:")
    assert "secret" not in write["headers"]["authorization"]


def test_a_write_sent_again_is_blind_unless_the_devices_were_read(mfp: Client, sandbox: Running) -> None:
    number = device(sandbox, "Ada's iPhone")
    sandbox.fault({"method": "PUT", "drop": "after", "times": 3})
    for look in (None, MFP + "/lock", MFP + "/devices"):
        if look:
            mfp.get(look)
        with pytest.raises(requests.ConnectionError):
            put(mfp, number, "LOST")
    assert [entry["blind_repeat"] for entry in sandbox.requests(write=True)] == [False, True, False]


@pytest.mark.parametrize("form", [JSON, XML])
def test_page_faults_lie_about_pages_in_both_forms(mfp: Client, sandbox: Running, form: str) -> None:
    def listing(**query: Any) -> tuple[list[str], str | None, int]:
        answer = mfp("GET", MFP + "/devices", params={"pageSize": 5, **query}, headers={"Accept": form})
        data = answer.json() if form == JSON else plain(ET.fromstring(answer.content))
        return [item["id"] for item in data["items"]], data.get("nextPageBookmark"), int(data["totalListSize"])

    first, mark, total = listing()
    second, following, _total = listing(bookmark=mark)
    sandbox.fault({"repeat_page": True}, {"missing_page": True}, {"wrong_total": {"plus": 3}})
    assert listing(bookmark=mark)[:2] == (first, mark)
    assert listing(bookmark=mark)[:2] == ([], following)
    assert listing(bookmark=mark) == (second, following, total + 3)
    sandbox.fault({"repeat_page": True})
    assert listing(bookmark=following)[0] == second


def test_the_older_version_repeats_pages_by_offset(sandbox: Running) -> None:
    old = client(sandbox, version="1.0")
    with old.session:
        sandbox.fault({"repeat_page": True})
        first, again = (old.get(MFP + "/devices", pageSize=5, offset=offset).json() for offset in (0, 5))
    assert ids([again]) == ids([first])


@pytest.mark.parametrize("form", [JSON, XML])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_status_faults_have_the_form_that_was_asked_for(mfp: Client, sandbox: Running, form: str, status: int) -> None:
    sandbox.fault({"vendor": "mobilefirst", "status": status})
    answer = mfp("GET", MFP + "/devices", headers={"Accept": form})
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, form)


def test_drift_changes_what_can_be_declared(mfp: Client, sandbox: Running) -> None:
    number = device(sandbox, "Mara's Galaxy")
    sandbox.drift("mobilefirst", "Mara's Galaxy", status="STOLEN", applications={"deskbooking": "DISABLED"}, userIds=["x"])
    shown = row(mfp, number)
    assert (shown["status"], shown["userIds"]) == ("STOLEN", [{"str": "x"}])
    assert [app["status"] for app in shown["applicationDeviceAssociations"]] == ["DISABLED", "DISABLED", "ENABLED"]
    for wrong in ({"applications": {"solitaire": "ENABLED"}}, {"colour": "red"}, {"id": "x"}):
        with pytest.raises(KeyError):
            sandbox.drift("mobilefirst", number, **wrong)
    with pytest.raises(KeyError):
        sandbox.drift("mobilefirst", "nobody", status="LOST")


def test_the_seeds_are_the_same_each_time(mfp: Client, sandbox: Running) -> None:
    sandbox.reset(seed="empty")
    assert mfp.get(MFP + "/devices").json()["items"] == []
    assert len(mfp.get("/runtimes", mode="db").json()["projects"]) == 3
    found = []
    for _number in range(2):
        sandbox.reset(seed="large", size=1200)
        found.append(pages(mfp, pageSize=1000))
    assert found[0] == found[1]
    assert len(set(ids(found[0]))) == 1200


def test_no_two_devices_share_an_application(sandbox: Running) -> None:
    rows = sandbox.state["mobilefirst"]["devices"].values()
    apps = list(itertools.chain.from_iterable(row["applicationDeviceAssociations"] for row in rows))
    assert len({id(app) for app in apps}) == len(apps)
