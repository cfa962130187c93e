# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The MobileFirst adapter without a network: what it asks for, what it makes of answers in both forms, and what it refuses."""

from __future__ import annotations

import contextlib
import json
import re
import typing as t
from urllib.parse import parse_qsl, urlsplit

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine import markup
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import AFTER_READING, Answer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import ROWS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    ApiError,
    AuthFailed,
    BadAnswer,
    DeclarationError,
    Forbidden,
    Gone,
    IncompleteRead,
    JobFailed,
    MissingLibrary,
    NotFound,
    Refused,
    SettingsError,
    Unavailable,
    Unclear,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.exchange import ConnectionLost, Request
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.markup import parse_markup
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, DevicePlan, Step, plan_device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings, account_settings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._mobilefirst_forms import device_from_row, page_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import Outcome
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.mobilefirst import MobileFirst
from tests.unit.plugins.module_utils._engine.wire import Clock, FakeTransport, Play, answer

URL = "http://127.0.0.1:1/mfpadmin"
DEVICES = "/mfpadmin/management-apis/2.0/runtimes/mfp/devices"
RUNNING = answer(200, {"projects": [{"name": "mfp", "running": True}, {"name": "old", "running": False}]})
FREE, BUSY = answer(200, {"busy": False}), answer(200, {"busy": True})

SAMPLE = {
    "items": [
        {
            "applicationDeviceAssociations": [
                {
                    "appId": "com.ibm.app$ios$1.0.0",
                    "appName": "myapplication",
                    "certSerialNumber": "",
                    "deviceId": "12345-6789",
                    "deviceStatus": "LOST",
                    "status": "ENABLED",
                }
            ],
            "deviceDisplayName": "Jeremy's Personal Phone",
            "deviceModel": "Nexus 7",
            "deviceOs": "4.4",
            "id": "12345-6789",
            "lastAccessed": "2014-05-13T00:18:36.979Z",
            "status": "LOST",
            "userIds": [{"str": "Jeremy"}],
        }
    ],
    "nextPageBookmark": "DEF",
    "pageNumber": 2,
    "pageSize": 100,
    "prevPageBookmark": "ABC",
    "productVersion": "8.0",
    "startIndex": 0,
    "totalListSize": 33,
}
SAMPLE_XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<devices nextPageBookmark="DEF" pageNumber="2" pageSize="100" prevPageBookmark="ABC" productVersion="8.0" startIndex="0"
  totalListSize="33">
  <items>
    <item deviceDisplayName="Jeremy's Personal Phone" deviceModel="Nexus 7" deviceOs="4.4" id="12345-6789"
      lastAccessed="2014-05-13T00:18:36.979Z" status="LOST">
      <applicationDeviceAssociations>
        <applicationDeviceAssociation appId="com.ibm.app$ios$1.0.0" appName="myapplication" certSerialNumber=""
          deviceId="12345-6789" deviceStatus="LOST" status="ENABLED"/>
      </applicationDeviceAssociations>
      <userIds><userId str="Jeremy"/></userIds>
    </item>
  </items>
</devices>"""


def settings(**options: t.Any) -> AccountSettings:
    given = {"url": URL, "username": "ops", "password": "s3cret-word", **options}
    return account_settings(given, name="lab", vendor_facts=MobileFirst.FACTS, environ={})


def pure(**options: t.Any) -> MobileFirst:
    return MobileFirst(settings(**options))


class Wired(t.NamedTuple):
    vendor: MobileFirst
    transport: FakeTransport
    clock: Clock

    def asked(self) -> list[tuple[str, str, dict[str, str]]]:
        """Method, path and query of each request."""
        parts = [(request.method, urlsplit(request.url)) for request in self.transport.sent]
        return [(method, url.path, dict(parse_qsl(url.query))) for method, url in parts]

    def queries(self) -> list[dict[str, str]]:
        return [query for _method, _path, query in self.asked()]


def wired(*plays: Play, **options: t.Any) -> Wired:
    """An adapter over answers that are played back in order, the last one for ever."""
    held, clock, transport = settings(**options), Clock(), FakeTransport(*plays)
    client = Client(
        held,
        auth=MobileFirst.auth(held),
        transport=transport,
        clock=clock,
        wall=clock,
        sleep=clock.sleep,
        random=lambda: 0.5,
    )
    return Wired(MobileFirst(held, client), transport, clock)


def row(number: int, **more: t.Any) -> dict[str, t.Any]:
    return {
        "id": f"d{number}",
        "deviceDisplayName": f"Phone {number}",
        "status": "ACTIVE",
        "userIds": [{"str": f"user{number}"}],
        "applicationDeviceAssociations": [{"appName": "desk", "status": "ENABLED"}],
        **more,
    }


def page(*numbers: int, more: str | None = None, total: int | None = None, **members: t.Any) -> t.Any:
    body: dict[str, t.Any] = {"items": [row(number) for number in numbers], **members}
    body.update({name: value for name, value in (("nextPageBookmark", more), ("totalListSize", total)) if value is not None})
    return answer(200, body)


def device(**more: t.Any) -> Device:
    return device_from_row({**row(1), **more}, account="lab", runtime="mfp")


def planned(observed: Device | None, vendor: MobileFirst | None = None, **declared: t.Any) -> DevicePlan:
    vendor = vendor or pure()
    declaration = declaration_from({"device_id": "d1", **declared}, account="lab")
    vendor.check(declaration)
    return plan_device(vendor, declaration, observed, vendor.resolve(declaration, observed))


def step_of(plan: DevicePlan) -> Step:
    (change,) = plan.changes
    return Step(change.calls[0], (change,))


def result(status: str = "SUCCESS", *, ok: t.Any = True, **more: t.Any) -> dict[str, t.Any]:
    return {"ok": ok, "transaction": {"id": 4, "status": status, "errors": [], **more}}


# Account options


def test_the_facts_cover_every_row_of_the_table_and_every_refusal_names_the_nearest_thing() -> None:
    assert set(MobileFirst.CAPABILITIES) == set(ROWS)
    for capability in MobileFirst.CAPABILITIES.values():
        assert capability.level == "yes" or (capability.reason and capability.nearest)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"api_version": "3.0"}, "api_version"),
        ({"response_format": "yaml"}, "response_format"),
        ({"runtime": "/mfp"}, "without a slash"),
        ({"runtime": ".."}, "runtime"),
        ({"username": "a:b"}, "colon"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_sent(options: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        MobileFirst.auth(settings(**options))


def test_xml_without_the_library_is_refused_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "HAS_DEFUSEDXML", False)
    with pytest.raises(MissingLibrary, match="defusedxml"):
        MobileFirst.auth(settings(response_format="xml"))
    MobileFirst.auth(settings())


# The record


def test_the_sample_of_the_documentation_is_the_same_record_in_both_forms() -> None:
    from_json, from_xml = page_of(SAMPLE, DEVICES), page_of(parse_markup(SAMPLE_XML), DEVICES)
    assert from_json == from_xml
    assert (from_json.total, from_json.bookmark) == (33, "DEF")
    record = device_from_row(from_xml.rows[0], account="lab", runtime="mfp", include_raw=True).record()
    assert {name: value for name, value in record.items() if value is not None} == {
        "vendor": "mobilefirst",
        "account": "lab",
        "id": "12345-6789",
        "cloud_id": "12345-6789",
        "name": "Jeremy's Personal Phone",
        "model": "Nexus 7",
        "firmware": "4.4",
        "status": "LOST",
        "last_seen": "2014-05-13T00:18:36.979Z",
        "owner": {"id": "Jeremy", "email": None, "name": "Jeremy"},
        "organization": {"id": "mfp", "name": "mfp"},
        "applications": {"myapplication": "ENABLED"},
        "raw": SAMPLE["items"][0],  # type: ignore[index]
    }


def test_what_is_missing_null_or_empty_is_none() -> None:
    bare = page_of({"items": [{"id": "x", "deviceDisplayName": None, "deviceModel": "", "unknown": 5}]}, DEVICES).rows[0]
    found = device_from_row(bare, account=None, runtime="mfp", include_raw=True)
    assert (found.name, found.model, found.owner, found.status, found.last_seen) == (None, None, None, None, None)
    assert (found.applications, found.online) == ({}, None)
    assert found.raw == {"id": "x", "deviceModel": "", "unknown": 5, "applicationDeviceAssociations": [], "userIds": []}


def test_an_application_of_two_versions_is_one_state_or_mixed() -> None:
    def of(*states: str) -> dict[str, str] | None:
        return device(applicationDeviceAssociations=[{"appName": "desk", "status": state} for state in states]).applications

    assert of("ENABLED", "ENABLED") == {"desk": "ENABLED"}
    assert of("DISABLED", "ENABLED") == of("ENABLED", "DISABLED") == {"desk": "MIXED"}


def test_an_application_whose_state_the_vendor_leaves_out_has_none_and_can_be_set() -> None:
    found = device(applicationDeviceAssociations=[{"appName": "desk"}])
    assert found.applications == {"desk": None}
    assert len(planned(found, applications={"desk": "DISABLED"}).changes) == 1


def test_times_are_in_utc_and_users_by_e_mail_have_one() -> None:
    assert device(lastAccessed="2024-03-05T09:08:09.123+02:00").last_seen == "2024-03-05T07:08:09.123Z"
    assert device(lastAccessed="2024-03-05T07:08:09.123Z").last_seen == "2024-03-05T07:08:09.123Z"
    for text in ("yesterday", "neverZ", "", 1400000000000):
        assert device(lastAccessed=text).last_seen is None
    assert device(userIds=[{"str": "a@example.com"}]).owner == {
        "id": "a@example.com",
        "email": "a@example.com",
        "name": "a@example.com",
    }


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"items": None, "totalListSize": 3},
        {"items": {}},
        {"items": [5]},
        {"items": [{}]},
        {"items": [{"id": 5}]},
        {"items": [{"id": ""}]},
        {"items": [{"id": "x", "userIds": "me"}]},
        {"items": [{"id": "x", "applicationDeviceAssociations": [1]}]},
        parse_markup(b"<html/>"),
        parse_markup(b"<devices/>"),
        parse_markup(b'<devices><item id="x"/></devices>'),
        parse_markup(b'<devices totalListSize="1"><item id="x"/></devices>'),
        parse_markup(b'<devices><items><item name="x"/></items></devices>'),
        parse_markup(b'<devices><items><item id="x"><userIds/><userIds/></item></items></devices>'),
    ],
)
def test_a_page_that_is_not_as_documented_is_a_bad_answer(body: t.Any) -> None:
    with pytest.raises(BadAnswer):
        page_of(body, DEVICES)


def test_an_empty_listing_is_empty_in_both_forms() -> None:
    bare = parse_markup(b'<devices totalListSize="0"/>')
    assert page_of({"items": []}, DEVICES).rows == page_of(bare, DEVICES).rows == []
    assert page_of(parse_markup(b"<devices><items/></devices>"), DEVICES).rows == []
    assert page_of({"totalListSize": 0}, DEVICES).rows == []


# Reading


def test_all_pages_are_read_by_bookmark_with_the_same_parameters() -> None:
    wire = wired(page(1, 2, more="B 1"), page(more="B/2"), page(3, 2), locale="de_DE")
    found = wire.vendor.list_devices(Query(page_size=2, sort=("last_seen desc",)))
    assert [one.id for one in found.devices] == ["d1", "d2", "d3"]
    same = {"orderBy": "-lastAccessed", "pageSize": "2", "locale": "de_DE"}
    assert wire.queries() == [same, {**same, "bookmark": "B 1"}, {**same, "bookmark": "B/2"}]
    assert {path for _method, path, _query in wire.asked()} == {DEVICES}
    assert {request.headers["Accept"] for request in wire.transport.sent} == {"application/json"}


def test_xml_is_asked_for_where_it_is_wanted() -> None:
    wire = wired(
        answer(200, SAMPLE_XML, content_type="application/xml"),
        answer(200, b'<devices totalListSize="1"/>', content_type="text/xml"),
        response_format="xml",
    )
    assert [one.id for one in wire.vendor.list_devices(Query(search="Jeremy's")).devices] == ["12345-6789"]
    assert {request.headers["Accept"] for request in wire.transport.sent} == {"application/xml"}


@pytest.mark.parametrize("end", [{}, {"nextPageBookmark": None}, {"nextPageBookmark": ""}])
def test_absent_null_and_empty_bookmarks_are_the_end(end: dict[str, t.Any]) -> None:
    wire = wired(page(1, more="B"), page(2, **end))
    assert len(wire.vendor.list_devices(Query()).devices) == 2
    assert len(wire.transport.sent) == 2


def test_a_bookmark_that_comes_again_is_the_end_only_where_nothing_is_left() -> None:
    wire = wired(page(1, more="B", total=2), page(2, more="B", total=2))
    assert len(wire.vendor.list_devices(Query()).devices) == 2
    for total in (3, None):
        wire = wired(*[page(1, more="B", total=total), page(2, more="B", total=total)] * 3)
        with pytest.raises(IncompleteRead, match="read already"):
            wire.vendor.list_devices(Query())


def test_a_listing_that_is_short_of_its_own_count_is_read_again() -> None:
    wire = wired(page(1, more="B", total=3), page(total=3), page(1, more="C", total=3), page(2, 3, total=3))
    found = wire.vendor.list_devices(Query())
    assert (len(found.devices), found.warnings) == (3, ())


@pytest.mark.parametrize(
    "query",
    [Query(), Query(limit=3), Query(device_id="d3"), Query(name="Phone 3"), Query(search="3"), Query(filters={"id": "d3"})],
)
def test_a_listing_that_stays_short_of_its_own_count_is_an_error(query: Query) -> None:
    for pages in ([page(1, 2, total=33)], [page(total=7)], [page(1, more="B", total=33), page(2, total=33)] * 2):
        wire = wired(*pages)
        with pytest.raises(IncompleteRead, match=r"counts \d+ devices and lists \d"):
            wire.vendor.list_devices(query)
    wire = wired(page(1, 2, total=1))
    assert len(wire.vendor.list_devices(Query()).devices) == 2
    assert len(wire.transport.sent) == 1


@pytest.mark.parametrize("query", [Query(limit=2), Query(device_id="d2"), Query(filters={"id": "d2"}), Query(name="Phone 2")])
def test_what_a_listing_short_of_its_own_count_shows_is_found_all_the_same(query: Query) -> None:
    assert wired(page(1, 2, total=33)).vendor.list_devices(query).devices


@pytest.mark.parametrize("declared", [{"device_id": "d3"}, {"name": "Phone 3"}, {"name": "Ph"}])
def test_a_listing_short_of_its_own_count_proves_no_absence_and_no_name_to_be_the_only_one(declared: dict[str, t.Any]) -> None:
    with pytest.raises(IncompleteRead, match="may be there all the same"):
        read(wired(page(1, 2, total=33)), declared)
    short = wired(answer(200, {"items": [row(1, deviceDisplayName="Ph")], "totalListSize": 33}))
    with pytest.raises(IncompleteRead):
        read(short, {"name": "Ph"}, {"device_id": "d1"})


def test_what_a_listing_short_of_its_own_count_shows_can_be_planned() -> None:
    assert read(wired(page(1, 2, total=33)), {"device_id": "d2"}) == ["d1", "d2"]
    assert read(wired(page(1, 2, total=33), concurrency=1), {"name": "Phone 1"}, {"name": "Phone 2"}) == ["d1", "d2"]


def test_a_device_is_not_gone_because_a_listing_short_of_its_own_count_leaves_it_out() -> None:
    with pytest.raises(IncompleteRead):
        wired(page(2, total=33)).vendor.refresh(device(), [])
    assert outcome(None, FREE, page(2, total=33), declared={"state": "absent"})[0].status == "unclear"


def test_a_listing_that_never_fits_together_is_an_error() -> None:
    wire = wired(page(1, total=9), page(2, total=9), page(3, total=9))
    with pytest.raises(IncompleteRead, match="other ones each time"):
        wire.vendor.list_devices(Query())


def test_a_bookmark_that_the_server_has_forgotten_begins_anew() -> None:
    wire = wired(page(1, more="B"), answer(400, {"errors": [{"details": "FWLSE3053E"}]}), page(1, more="C"), page(2))
    assert len(wire.vendor.list_devices(Query()).devices) == 2
    with pytest.raises(Refused):
        wired(answer(400)).vendor.list_devices(Query())


@pytest.mark.parametrize(
    ("runtimes", "words"),
    [
        (answer(200, {"projects": [{"name": "mfp", "running": False}]}), "'mfp' is not running"),
        (
            answer(200, {"projects": [{"name": "other", "running": True}]}),
            "no runtime 'mfp' that is running; the server knows other",
        ),
        (answer(200, {"projects": []}), "the server knows none"),
        (answer(404, "<h1>Not Found</h1>", content_type="text/html"), "admin root"),
        (answer(403), "could not be read"),
    ],
)
def test_a_404_for_the_listing_says_what_is_wrong_with_the_runtime(runtimes: t.Any, words: str) -> None:
    wire = wired(answer(404, {"errors": [{"details": "FWLSE3041E: no bean"}]}), runtimes)
    with pytest.raises(Gone, match=words) as caught:
        wire.vendor.list_devices(Query())
    assert caught.value.vendor_message == "FWLSE3041E: no bean"
    assert wire.asked()[1][1:] == ("/mfpadmin/management-apis/2.0/runtimes", {"mode": "db"})


def test_a_404_of_a_runtime_that_is_running_is_asked_again_once() -> None:
    assert len(wired(answer(404), RUNNING, page(1)).vendor.list_devices(Query()).devices) == 1
    with pytest.raises(Gone):
        wired(answer(404), RUNNING, answer(404)).vendor.list_devices(Query())


def read(wire: Wired, *declared: dict[str, t.Any]) -> list[str | None]:
    return [one.id for one in wire.vendor.read([declaration_from(options, account="lab") for options in declared]).devices]


def test_devices_declared_by_id_are_read_up_to_the_last_of_them() -> None:
    wire = wired(page(1, 2, more="B", total=9), page(3, 4, more="C", total=9))
    assert read(wire, {"device_id": "d1"}, {"cloud_id": "d4"}) == ["d1", "d2", "d3", "d4"]
    assert len(wire.transport.sent) == 2


def test_a_device_declared_by_name_is_asked_for_and_its_absence_is_proven_by_the_whole_listing() -> None:
    wire = wired(page(1))
    assert read(wire, {"name": "Phone 1"}) == ["d1"]
    assert wire.queries() == [{"query": "Phone 1", "pageSize": "100"}]
    wire = wired(page(11), page(1, 11))
    assert read(wire, {"name": "Phone 1"}) == ["d1", "d11"]
    assert [query.get("query") for query in wire.queries()] == ["Phone 1", None]


def test_names_too_short_to_ask_for_are_looked_for_in_the_whole_listing() -> None:
    wire = wired(page(1, more="B", total=500), page(2))
    read(wire, {"name": "ab"})
    assert [query.get("query") for query in wire.queries()[:2]] == [None, None]


def test_several_names_are_asked_for_only_where_that_takes_fewer_calls_than_the_pages() -> None:
    names = ({"name": "Phone 1"}, {"name": "Phone 2"})
    wire = wired(page(1, 2, total=2))
    assert read(wire, *names) == ["d1", "d2"]
    assert len(wire.transport.sent) == 1
    wire = wired(page(*range(100), more="B", total=1000), page(1), page(2), concurrency=1)
    assert read(wire, *names) == ["d1", "d2"]
    assert [query.get("query") for query in wire.queries()] == [None, "Phone 1", "Phone 2"]


@pytest.mark.parametrize(
    ("query", "sent", "found"),
    [
        (Query(search="HONE 1"), {"query": "HONE 1"}, ["d1", "d11"]),
        (Query(search="D11"), {}, ["d11"]),
        (Query(search="user2"), {}, ["d2"]),
        (Query(filters={"name": "Phone 1"}), {"query": "Phone 1"}, ["d1", "d2", "d11"]),
        (Query(filters={"owner": "user1"}), {"query": "user1"}, ["d1", "d2", "d11"]),
        (Query(filters={"owner.name": "user1", "status": "ACTIVE"}), {"query": "user1"}, ["d1", "d2", "d11"]),
        (Query(filters={"name": ["Phone 1", "Phone 2"]}), {}, ["d1", "d2", "d11"]),
        (Query(filters={"name": "ab"}), {}, ["d1", "d2", "d11"]),
        (Query(search="r1"), {}, ["d1", "d11"]),
        (Query(name="Phone 1"), {"query": "Phone 1"}, ["d1"]),
        (Query(user_email="USER2"), {"query": "USER2"}, ["d2"]),
        (Query(owner_email="user1"), {"query": "user1"}, ["d1"]),
        (Query(device_id="d2"), {}, ["d2"]),
        (Query(device_id="d2", cloud_id="d1"), {}, []),
        (Query(sort=("name desc",)), {"orderBy": "-friendlyName"}, ["d1", "d2", "d11"]),
        (Query(sort=("device_type",)), {"orderBy": "deviceEnvironment"}, ["d1", "d2", "d11"]),
        (Query(sort=("model", "name")), {"orderBy": "deviceModel"}, ["d1", "d2", "d11"]),
        (Query(sort=("id",)), {}, ["d1", "d2", "d11"]),
    ],
)
def test_a_query_in_the_words_of_the_listing(query: Query, sent: dict[str, str], found: list[str]) -> None:
    wire = wired(page(1, 2, 11))
    assert [one.id for one in wire.vendor.list_devices(query).devices] == found
    assert wire.queries() == [{**sent, "pageSize": "100"}]


def test_a_limit_alone_reads_no_more_than_that() -> None:
    wire = wired(page(1, 2, more="B"), page(3, 4, more="C"))
    wire.vendor.list_devices(Query(limit=2))
    assert wire.queries() == [{"pageSize": "2"}]
    wire = wired(page(1, 2, more="B"), page(3, 4))
    wire.vendor.list_devices(Query(limit=2, filters={"status": "ACTIVE"}))
    assert len(wire.transport.sent) == 2


def times(*days: int, **members: t.Any) -> t.Any:
    return answer(200, {"items": [row(day, lastAccessed=f"2024-03-{day:02}T00:00:00.000Z") for day in days], **members})


def test_the_last_seen_are_read_no_further_than_the_limit_where_the_server_is_seen_to_sort() -> None:
    latest = Query(limit=2, sort=("last_seen desc",))
    wire = wired(times(9, 8, 7, nextPageBookmark="B"), times(6))
    assert [one.id for one in wire.vendor.list_devices(latest).devices] == ["d9", "d8", "d7"]
    assert wire.queries() == [{"orderBy": "-lastAccessed", "pageSize": "100"}]
    wire = wired(times(1, 2, nextPageBookmark="B"), times(3))
    wire.vendor.list_devices(Query(limit=2, sort=("last_seen",)))
    assert len(wire.transport.sent) == 1


@pytest.mark.parametrize("first", [(8, 9), (9, 9), (9,)])
def test_a_server_that_is_not_seen_to_sort_is_read_to_the_end(first: tuple[int, ...]) -> None:
    wire = wired(times(*first, nextPageBookmark="B"), times(3))
    wire.vendor.list_devices(Query(limit=2, sort=("last_seen desc",)))
    assert len(wire.transport.sent) == 2
    wire = wired(page(1, 2, more="B"), page(3))
    wire.vendor.list_devices(Query(limit=2, sort=("last_seen desc",)))
    assert len(wire.transport.sent) == 2, "devices without a time have no place in the order"
    wire = wired(times(9, 8, nextPageBookmark="B"), times(3))
    wire.vendor.list_devices(Query(limit=2, sort=("last_seen desc",), filters={"status": "ACTIVE"}))
    assert len(wire.transport.sent) == 2


def test_a_filter_that_a_search_finds_nothing_for_is_looked_for_in_the_whole_listing() -> None:
    wire = wired(page(11), page(1, 11))
    wire.vendor.list_devices(Query(filters={"name": "Phone 1"}))
    assert [query.get("query") for query in wire.queries()] == ["Phone 1", None]


def test_a_name_that_a_search_does_not_find_is_looked_for_in_the_whole_listing() -> None:
    wire = wired(page(), page(1))
    assert [one.id for one in wire.vendor.list_devices(Query(name="Phone 1")).devices] == ["d1"]


@pytest.mark.parametrize(
    "query",
    [
        Query(serial="x"),
        Query(mac="11:22:33:44:55:66"),
        Query(vendor_filter="x"),
        Query(vendor_filter_tags="x"),
        Query(include_sub_organizations=True),
        Query(activated_within=5),
        Query(event_type="x"),
        Query(gather=frozenset({"tags"})),
        Query(filters={"serial": "x"}),
        Query(filters={"tags.env": "x"}),
        Query(page_size=1001),
    ],
)
def test_what_the_listing_cannot_be_asked_is_refused_before_any_call(query: Query) -> None:
    wire = wired(page())
    with pytest.raises(DeclarationError):
        wire.vendor.list_devices(query)
    assert wire.transport.sent == []


# Version 1.0

OLD = {"id": "d1", "uid": "jeremy", "friendlyName": "Phone 1", "deviceEnvironment": "android", "status": "ACTIVE"}


def test_version_1_0_pages_by_offset_or_by_bookmark() -> None:
    def old(*numbers: int, **members: t.Any) -> t.Any:
        return answer(200, {"items": [{**OLD, "id": f"d{number}"} for number in numbers], **members})

    by_offset = wired(old(1, 2, totalListSize=3), old(3, totalListSize=3), api_version="1.0")
    found = by_offset.vendor.list_devices(Query(page_size=2)).devices
    assert [(one.id, one.name, (one.owner or {})["id"]) for one in found][-1] == ("d3", "Phone 1", "jeremy")
    assert by_offset.queries() == [{"pageSize": "2"}, {"pageSize": "2", "offset": "2"}]
    assert by_offset.asked()[0][1] == "/mfpadmin/management-apis/1.0/runtimes/mfp/devices"
    by_bookmark = wired(old(1, nextPageBookmark="B", totalListSize=2), old(2, totalListSize=2), api_version="1.0")
    assert len(by_bookmark.vendor.list_devices(Query()).devices) == 2
    assert by_bookmark.queries()[1]["bookmark"] == "B"
    uncounted = wired(old(1), old(2), old(2), api_version="1")
    assert len(uncounted.vendor.list_devices(Query()).devices) == 2


@pytest.mark.parametrize("declared", [{"status": "LOST"}, {"applications": {"desk": "DISABLED"}}, {"state": "absent"}])
def test_version_1_0_refuses_every_write_while_planning(declared: dict[str, t.Any]) -> None:
    with pytest.raises(Unsupported, match=r"api_version 1\.0.*nearest thing.*2\.0"):
        planned(device(), pure(api_version="1.0"), **declared)
    assert planned(device(), pure(api_version="1.0"), status="ACTIVE").changes == ()


# Planning


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"status": "EXPIRED"}, "the server's to set"),
        ({"status": "active"}, "ACTIVE, LOST, STOLEN, DISABLED"),
        ({"applications": {"": "ENABLED"}}, "empty name"),
        ({"device_id": None, "serial": "x"}, "does not know serial"),
        ({"device_id": None, "mac": "11:22:33:44:55:66"}, "does not know mac"),
    ],
)
def test_a_wrong_declaration_is_refused_without_any_call(declared: dict[str, t.Any], words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        pure().check(declaration_from({"device_id": "d1", **declared}, account="lab"))


@pytest.mark.parametrize(
    ("observed", "declared", "changes"),
    [
        ("ACTIVE", "ACTIVE", 0),
        ("EXPIRED", "ACTIVE", 0),
        ("EXPIRED", "DISABLED", 1),
        ("LOST", "STOLEN", 1),
        ("QUARANTINED", "ACTIVE", 1),
        (None, "ACTIVE", 1),
    ],
)
def test_a_status_is_set_where_it_differs_and_an_expired_device_is_active(
    observed: str | None, declared: str, changes: int
) -> None:
    assert len(planned(device(status=observed), status=declared).changes) == changes


def test_mixed_versions_satisfy_neither_state() -> None:
    mixed = device(applicationDeviceAssociations=[{"appName": "desk", "status": state} for state in ("ENABLED", "DISABLED")])
    for state in ("ENABLED", "DISABLED"):
        (change,) = planned(mixed, applications={"desk": state}).changes
        assert (change.before, change.after, change.ids["versions"]) == ("MIXED", state, 2)


def test_a_device_that_is_not_there_cannot_be_made() -> None:
    with pytest.raises(NotFound, match=r"no such device in the runtime 'mfp'; mobilefirst cannot create devices.*nearest"):
        planned(None, status="LOST")


def test_an_application_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(NotFound, match=r"'desc' is not on Phone 1 \(id d1\); there are desk"):
        planned(device(), applications={"desc": "DISABLED"})
    with pytest.raises(NotFound, match="there are none"):
        planned(device(applicationDeviceAssociations=[]), applications={"desk": "DISABLED"})


def test_any_user_of_the_device_satisfies_an_owner_and_no_other_can_be_set() -> None:
    observed = device(userIds=[{"str": "ada"}, {"str": "ben"}])
    assert planned(observed, owner="ben").changes == ()
    assert planned(device(userIds=[]), owner="").changes == ()
    for owner in ("carl", ""):
        with pytest.raises(Unsupported, match="cannot set owner"):
            planned(observed, owner=owner)


def test_a_deletion_is_planned_with_a_warning() -> None:
    plan = planned(device(), state="absent")
    assert [change.action for change in plan.changes] == ["delete"]
    assert "comes back under a new id" in plan.warnings[0]


# Calls


def test_each_change_is_one_synchronous_call_in_the_lane_of_its_runtime() -> None:
    vendor = pure(runtime="my app", response_format="xml", locale="de_DE")
    odd = device(id="a/b ?#é", applicationDeviceAssociations=[{"appName": "Desk & Co/2", "status": "ENABLED"}])
    plan = planned(odd, vendor, device_id="a/b ?#é", status="LOST", applications={"Desk & Co/2": "DISABLED"})
    calls = [call for change in plan.changes for call in change.calls]
    base = "/management-apis/2.0/runtimes/my%20app/devices/a%2Fb%20%3F%23%C3%A9"
    assert [(call.method, call.path, call.body) for call in calls] == [
        ("PUT", base, {"status": "LOST"}),
        ("PUT", f"{base}/applications/Desk%20%26%20Co%2F2", {"status": "DISABLED"}),
    ]
    (delete,) = planned(odd, vendor, device_id="a/b ?#é", state="absent").changes[0].calls
    assert (delete.method, delete.path, delete.body) == ("DELETE", base, None)
    for call in (*calls, delete):
        assert call.query == (("async", "false"), ("locale", "de_DE"))
        assert (call.repeat, call.lane, call.accept) == (AFTER_READING, "runtime:my app", "application/xml")
    assert [call.stage for call in calls] == sorted(call.stage for call in calls)


# What an answer means


def outcome(
    body: t.Any, *plays: Play, declared: dict[str, t.Any] | None = None, observed: Device | None = None
) -> tuple[Outcome, Wired]:
    wire = wired(*(plays or (page(1),)))
    step = step_of(planned(observed or device(), wire.vendor, **(declared or {"status": "LOST"})))
    found = wire.vendor.finish(step, Answer(200, body), wire.vendor.client.deadline())
    return found["lab/d1"], wire


def lost_page() -> t.Any:
    return answer(200, {"items": [row(1, status="LOST")]})


@pytest.mark.parametrize(
    "body",
    [
        result(),
        result(description={"deviceId": "d1", "status": "LOST"}),
        parse_markup(
            b'<set-device-status-result ok="true" productVersion="8.0">'
            b'<transaction id="4" status="SUCCESS" type="CHANGE_DEVICE_STATUS">'
            b'<description deviceId="d1" status="LOST"/><errors/><project name="mfp"/></transaction></set-device-status-result>'
        ),
    ],
)
def test_ok_and_success_together_are_done_without_another_look(body: t.Any) -> None:
    found, wire = outcome(body)
    assert (found, wire.transport.sent) == (Outcome("done"), [])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (result("FAILURE", ok=False, errors=[{"details": "FWLSE4201E: no"}]), "FAILURE: FWLSE4201E: no"),
        (result("FAILURE", ok=True, errors=[{"details": "a"}, {"details": "b"}]), "FAILURE: a; b"),
        (result("CANCELED", ok=False), "CANCELED, without saying why"),
        (
            parse_markup(
                b'<set-device-status-result ok="false"><transaction id="4" status="FAILURE">'
                b'<errors><error details="no"/></errors></transaction></set-device-status-result>'
            ),
            "FAILURE: no",
        ),
    ],
)
def test_a_failed_transaction_is_a_failure_in_the_vendors_words(body: t.Any, words: str) -> None:
    found, wire = outcome(body)
    assert found.status == "failed"
    assert words in (found.message or "")
    assert wire.transport.sent == []


@pytest.mark.parametrize("errors", ["why", ["why"], {"details": "why"}, [{"message": "why"}], [{"details": ["why"]}]])
def test_a_reason_in_another_form_is_told_too(errors: t.Any) -> None:
    assert "FAILURE: why" in (outcome(result("FAILURE", ok=False, errors=errors))[0].message or "")


def test_a_listing_that_lags_behind_a_success_is_looked_at_again() -> None:
    found, wire = outcome(result(description={"deviceId": "another"}), page(1), page(1), lost_page())
    assert found == Outcome("done")
    assert wire.clock.slept == [1.0, 2.0]


def test_success_that_is_not_ok_is_no_success() -> None:
    found, _wire = outcome(result(ok=False))
    assert (found.status, found.written) == ("failed", False)
    found, _wire = outcome(result(ok=False), lost_page())
    assert (found.status, found.written) == ("failed", True)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [1],
        {},
        {"ok": True},
        {"transaction": {"status": "SUCCESS"}},
        parse_markup(b"<strange/>"),
        result(description={"deviceId": "another"}),
        result(description={"deviceId": "d1", "status": "ACTIVE"}),
        result("PENDING", id=None),
    ],
)
def test_an_answer_that_leaves_it_open_is_settled_by_reading(body: t.Any) -> None:
    success = isinstance(body, dict) and body.get("ok") is True and (body.get("transaction") or {}).get("status") == "SUCCESS"
    plays = (lost_page(),) if success else (FREE, lost_page())
    assert outcome(body, *plays)[0] == Outcome("done")
    plays = (page(1),) if success else (FREE, page(1))
    found, _wire = outcome(body, *plays)
    assert found.status == ("failed" if success else "unclear")
    assert "does not show it" in (found.message or "")
    assert outcome(body, *plays[:-1], answer(403))[0].status == "unclear"


@pytest.mark.parametrize("status", ["PENDING", "PREPARING", "COMMITTING", "REJECTING", "SOMETHING_NEW"])
def test_a_transaction_under_way_is_polled_to_its_end(status: str) -> None:
    going = answer(200, {"id": 4, "status": status})
    found, wire = outcome(result(status), going, going, answer(200, {"id": 4, "status": "SUCCESS"}))
    assert found == Outcome("done")
    assert [path for _method, path, _query in wire.asked()] == [f"{DEVICES.rpartition('/')[0]}/transactions/4"] * 3
    assert wire.clock.slept == [0.5, 1.0, 2.0]
    found, _wire = outcome(result(status), going, answer(200, {"status": "FAILURE", "errors": [{"details": "why"}]}))
    assert (found.status, found.message) == ("failed", "the vendor's transaction ended with FAILURE: why")


def test_a_transaction_that_never_ends_takes_no_longer_than_the_deadline() -> None:
    def play(request: Request) -> t.Any:
        if "/lock" in request.url:
            return BUSY
        return page(1) if "/devices" in request.url else answer(200, {"id": 4, "status": "COMMITTING"})

    found, wire = outcome(result("PENDING"), play)
    assert found.status == "unclear"
    assert "did not end within 600 seconds; its last status is COMMITTING" in (found.message or "")
    assert 600 <= sum(wire.clock.slept) <= 601
    with pytest.raises(Unavailable, match="nothing was sent"):
        wire.vendor.before_sending(step_of(planned(device(), wire.vendor, status="LOST")))


def test_a_transaction_that_has_vanished_is_settled_by_reading() -> None:
    assert outcome(result("PENDING"), answer(404), BUSY, FREE, lost_page())[0] == Outcome("done")
    assert outcome(result("PENDING"), answer(404), FREE, page(1))[0].status == "unclear"


def test_every_version_of_an_application_is_read_back() -> None:
    def versions(*states: str) -> Device:
        return device(applicationDeviceAssociations=[{"appName": "desk", "status": state} for state in states])

    def listed(*states: str) -> t.Any:
        return answer(200, {"items": [row(1, applicationDeviceAssociations=[{"appName": "desk", "status": s} for s in states])]})

    declared = {"applications": {"desk": "DISABLED"}}
    assert outcome(result(), declared=declared)[1].transport.sent == []
    found, _wire = outcome(result(), listed("DISABLED", "DISABLED"), declared=declared, observed=versions("ENABLED", "ENABLED"))
    assert found == Outcome("done")
    found, _wire = outcome(result(), listed("DISABLED", "ENABLED"), declared=declared, observed=versions("ENABLED", "ENABLED"))
    assert (found.status, found.written) == ("failed", True)


def test_a_deletion_that_is_left_open_is_settled_by_a_listing_of_a_running_runtime() -> None:
    declared = {"state": "absent"}
    assert outcome(result(description={"deviceId": "d1", "status": "LOST"}), declared=declared)[0] == Outcome("done")
    assert outcome(None, FREE, page(2), RUNNING, declared=declared)[0] == Outcome("done")
    assert outcome(None, FREE, page(1), declared=declared)[0].status == "unclear"
    stopped = answer(200, {"projects": [{"name": "mfp", "running": False}]})
    assert outcome(None, FREE, page(2), stopped, declared=declared)[0].status == "unclear"


# What a lost answer and a 404 mean


def test_a_device_is_read_again_by_its_name_or_user_and_by_the_whole_listing_where_that_fails() -> None:
    wire = wired(page(1))
    assert [found and found.id for found in wire.vendor.refresh_all([device()], ["status"])] == ["d1"]
    assert wire.queries() == [{"query": "Phone 1", "pageSize": "100"}]
    wire = wired(page(), page(2, more="B"), page(1, more="C"))
    assert [found and found.id for found in wire.vendor.refresh_all([device(deviceDisplayName=None)], ["status"])] == ["d1"]
    assert [query.get("query") for query in wire.queries()] == ["user1", None, None]


def test_a_device_that_is_not_listed_is_gone_only_where_the_runtime_is_running() -> None:
    wire = wired(page(2), RUNNING)
    assert wire.vendor.refresh(device(), []) is None
    assert [path.rpartition("/")[2] for _method, path, _query in wire.asked()] == ["devices", "runtimes"]
    with pytest.raises(Gone, match="not running"):
        wired(page(2), answer(200, {"projects": [{"name": "mfp", "running": False}]})).vendor.refresh(device(), [])
    with pytest.raises(Forbidden):
        wired(page(2), answer(403)).vendor.refresh(device(), [])


def test_the_lock_tells_whether_the_runtime_is_at_work() -> None:
    wire = wired(BUSY, FREE)
    assert [wire.vendor.at_work() for _look in range(2)] == [True, False]
    wire = wired(answer(200, b'<lock busy="true"/>', content_type="text/xml"), response_format="xml")
    assert [wire.vendor.at_work() for _look in range(3)] == [True, True, True]


@pytest.mark.parametrize("lock", [FREE, answer(403), answer(200, {})])
def test_the_first_look_after_each_lost_answer_proves_nothing_as_a_request_may_wait_in_front_of_the_lock(lock: t.Any) -> None:
    vendor = wired(lock).vendor
    assert [vendor.at_work() for _look in range(4)] == [True, False, True, False]


def test_nothing_is_sent_before_what_was_left_behind_has_ended() -> None:
    wire = wired(BUSY, BUSY, FREE)
    step = step_of(planned(device(), wire.vendor, status="LOST"))
    assert wire.vendor.before_sending(step) is step
    assert wire.transport.sent == []
    wire.vendor.at_work()
    assert wire.vendor.before_sending(step) is step
    assert len(wire.transport.sent) == 3


@pytest.mark.parametrize("declared", [{"status": "LOST"}, {"state": "absent"}])
def test_a_404_for_a_write_is_told_apart_by_the_list_of_runtimes(declared: dict[str, t.Any]) -> None:
    def after(*plays: Play) -> dict[str, Outcome] | None:
        wire = wired(*plays)
        step = step_of(planned(device(), wire.vendor, **declared))
        return wire.vendor.after_error(step, Gone("gone", status=404), wire.vendor.client.deadline())

    stopped = after(answer(200, {"projects": [{"name": "mfp", "running": False}]}))
    assert stopped is not None
    assert "'mfp' is not running" in str(stopped["lab/d1"].message)
    unread = after(answer(403))
    assert unread is not None
    assert unread["lab/d1"].status == "failed"
    running = after(RUNNING)
    if "state" in declared:
        assert running is None, "reading shows whether it is gone"
    else:
        assert running is not None
        assert "the runtime is running" in str(running["lab/d1"].message)


def test_other_errors_are_the_engines() -> None:
    wire = wired(page())
    step = step_of(planned(device(), wire.vendor, status="LOST"))
    for error in (Refused("no"), Unavailable("no"), Unclear("no")):
        assert wire.vendor.after_error(step, error, wire.vendor.client.deadline()) is None
    assert wire.transport.sent == []


def test_a_missing_right_names_user_server_runtime_and_the_roles_that_have_it() -> None:
    wire = wired(answer(403))
    step = step_of(planned(device(), wire.vendor, status="LOST"))
    found = wire.vendor.after_error(step, Forbidden("no right", status=403), wire.vendor.client.deadline())
    assert found is not None
    assert (
        "no right: user 'ops' at 127.0.0.1:1; writing to the runtime 'mfp' takes the role mfpadmin, mfpdeployer or mfpoperator"
        in (found["lab/d1"].message or "")
    )
    with pytest.raises(
        Forbidden, match="reading the runtime 'mfp' takes the role mfpadmin, mfpdeployer, mfpoperator or mfpmonitor"
    ):
        wire.vendor.list_devices(Query())
    with pytest.raises(Forbidden, match="worklightmonitor"):
        wired(answer(403), api_version="1.0").vendor.list_devices(Query())
    with pytest.raises(AuthFailed, match=r"does not accept the credentials: user 'ops' at 127\.0\.0\.1:1"):
        wired(answer(401)).vendor.list_devices(Query())


def test_an_unclear_end_says_that_the_lock_is_held() -> None:
    wire = wired(BUSY)
    step = step_of(planned(device(), wire.vendor, status="LOST"))
    wire.vendor.at_work()
    found = wire.vendor.after_error(step, Unclear("not known"), wire.vendor.client.deadline())
    assert found is not None
    assert found["lab/d1"].status == "unclear"
    assert "not known. The lock of the runtime 'mfp' is held" in (found["lab/d1"].message or "")


@pytest.mark.parametrize(
    ("plays", "words"),
    [
        (
            [page(2), answer(200, {"projects": [{"name": "mfp", "running": False}]})],
            "not known. The device could not be read: .*not running",
        ),
        ([answer(403)], "could not be read: .*do not have the right"),
        ([page(2), RUNNING], "not known. The device is not listed any more"),
    ],
)
def test_an_unclear_end_says_what_the_look_that_should_have_settled_it_found(plays: list[Play], words: str) -> None:
    wire = wired(FREE, *plays)
    step = step_of(planned(device(deviceDisplayName=None, userIds=[]), wire.vendor, status="LOST"))
    wire.vendor.before_sending(step)
    wire.vendor.at_work()
    with contextlib.suppress(ApiError):
        wire.vendor.refresh(device(deviceDisplayName=None, userIds=[]), ["status"])
    found = wire.vendor.after_error(step, Unclear("not known"), wire.vendor.client.deadline())
    assert found is not None
    assert re.search(words, found["lab/d1"].message or "")


def test_an_error_in_the_place_of_a_listing_is_told_in_the_vendors_words() -> None:
    for body, content_type, form in (
        ({"errors": [{"details": "FWLSE3000E: boom s3cret-word"}]}, "application/json", "json"),
        (b'<error-result><errors><error details="FWLSE3000E: boom s3cret-word"/></errors></error-result>', "text/xml", "xml"),
    ):
        with pytest.raises(BadAnswer) as caught:
            wired(answer(200, body, content_type=content_type), response_format=form).vendor.list_devices(Query())
        assert "FWLSE3000E: boom" in str(caught.value)
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("seen", "status", "words"),
    [
        (page(2), "failed", "but the device has gone"),
        (page(1), "failed", "and the device is still there"),
        (answer(200, {"items": [row(1, applicationDeviceAssociations=[])]}), "failed", "but application 'desk' has gone"),
        (answer(500), "failed", "could not be read"),
        (answer(200, {"items": [row(1, applicationDeviceAssociations=[{"appName": "desk", "status": "DISABLED"}])]}), "done", ""),
    ],
)
def test_a_404_for_an_application_is_explained_by_reading(seen: t.Any, status: str, words: str) -> None:
    def play(request: Request) -> t.Any:
        return RUNNING if "/runtimes?" in request.url else seen

    wire = wired(play)
    step = step_of(planned(device(), wire.vendor, applications={"desk": "DISABLED"}))
    found = wire.vendor.after_error(step, Gone("gone", status=404), wire.vendor.client.deadline())
    assert found is not None
    assert found["lab/d1"].status == status
    assert words in (found["lab/d1"].message or "")


@pytest.mark.parametrize(
    ("declared", "shows", "hides"),
    [
        ({"status": "LOST"}, [answer(200, {"items": [row(1, status="LOST")]})], [page(1)]),
        ({"state": "absent"}, [page(2), RUNNING], [page(1)]),
    ],
)
@pytest.mark.parametrize(
    "error", [Refused("set already", status=400), JobFailed("no", status=500), Gone("no", status=404), Forbidden("no")]
)
def test_what_is_refused_when_it_is_sent_again_may_have_been_done_before(
    declared: dict[str, t.Any], shows: list[Play], hides: list[Play], error: ApiError
) -> None:
    def after(*plays: Play) -> str | None:
        wire = wired(FREE, *plays)
        step = step_of(planned(device(), wire.vendor, **declared))
        wire.vendor.before_sending(step)
        wire.vendor.at_work()
        found = wire.vendor.after_error(step, error, wire.vendor.client.deadline())
        return found and found["lab/d1"].status

    assert after(*shows) == "done", "it counts as written"
    assert after(*hides, RUNNING) in ("failed", None)
    assert after(answer(403)) == "unclear"


def test_a_failed_transaction_after_a_lost_answer_is_settled_by_reading() -> None:
    def after(*plays: Play) -> Outcome:
        wire = wired(FREE, *plays)
        step = step_of(planned(device(), wire.vendor, status="LOST"))
        wire.vendor.at_work()
        return wire.vendor.finish(step, Answer(200, result("FAILURE", ok=False)), wire.vendor.client.deadline())["lab/d1"]

    assert after(lost_page()) == Outcome("done")
    assert after(page(1)).status == "failed"


def test_no_secret_is_shown() -> None:
    wire = wired(answer(200, result("FAILURE", errors=[{"details": "s3cret-word"}])), ConnectionLost("x"))
    step = step_of(planned(device(), wire.vendor, status="LOST"))
    body = json.loads(wire.transport.plays[0].body)  # type: ignore[union-attr]
    found = wire.vendor.finish(step, Answer(200, body), wire.vendor.client.deadline())["lab/d1"]
    assert "s3cret" not in str(found.message)
    assert "s3cret" not in repr(wire.vendor.settings)


def test_a_change_that_nobody_knows_has_no_call() -> None:
    with pytest.raises(Unsupported, match="no call for rename"):
        pure().calls_for(Change("lab/d1", "rename", "name", "a", "b", device_id="d1"))
