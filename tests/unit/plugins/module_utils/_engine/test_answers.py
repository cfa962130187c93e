# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What answers mean, in all the forms that vendors and gateways have."""

from __future__ import annotations

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine import markup
from ansible_collections.fleetform.devices.plugins.module_utils._engine.answers import Asked, Kind, read_answer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    AuthFailed,
    BadAnswer,
    Forbidden,
    Gone,
    JobFailed,
    MissingLibrary,
    RateLimited,
    Refused,
    Unavailable,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.markup import Element
from ansible_collections.fleetform.devices.plugins.module_utils._engine.masking import Masker
from tests.unit.plugins.module_utils._engine.wire import answer

READING = Asked("GET", "/things", "lab")
WRITING = Asked("POST", "/things", "lab", reads=False)
FETCHING = Asked("POST", "/token", "lab", reads=False, token=True)


def ending(response, asked=READING):
    return read_answer(asked, response, Masker(["canary"]), 0.0)


def words(body, status=400, **headers):
    return ending(answer(status, body, **headers)).error


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (400, Kind.FINAL, Refused),
        (401, Kind.UNAUTHORIZED, AuthFailed),
        (403, Kind.FINAL, Forbidden),
        (404, Kind.FINAL, Gone),
        (409, Kind.FINAL, Refused),
        (410, Kind.FINAL, Gone),
        (414, Kind.FINAL, Refused),
        (422, Kind.FINAL, Refused),
        (408, Kind.UNCLEAR, Unavailable),
        (423, Kind.NOT_DONE, Unavailable),
        (425, Kind.UNCLEAR, Unavailable),
        (429, Kind.NOT_DONE, RateLimited),
        (500, Kind.UNCLEAR, Unavailable),
        (501, Kind.UNCLEAR, Unavailable),
        (502, Kind.UNCLEAR, Unavailable),
        (503, Kind.UNCLEAR, Unavailable),
        (504, Kind.UNCLEAR, Unavailable),
        (304, Kind.UNCLEAR, BadAnswer),
        (199, Kind.UNCLEAR, BadAnswer),
    ],
)
def test_each_status_has_its_meaning(status, kind, error):
    found = ending(answer(status))
    assert found.kind is kind
    assert found.error.__class__ is error
    assert (found.error.account, found.error.method, found.error.path, found.error.status) == ("lab", "GET", "/things", status)


@pytest.mark.parametrize("status", [400, 401, 403])
def test_the_token_endpoint_refuses_with_several_statuses(status):
    found = ending(answer(status, {"error": "invalid_client", "error_description": "Bad secret canary"}), FETCHING)
    assert found.error.__class__ is AuthFailed
    assert found.error.vendor_message == "invalid_client: Bad secret ********"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "Device is not found."}}, "Device is not found."),
        ({"error": "x", "error_description": "y"}, "x: y"),
        ({"message": "m"}, "m"),
        ({"error": "Not authorized"}, "Not authorized"),
        ("just text", "just text"),
        ('"a string"', "a string"),
        (["one", {"message": "two"}], "one: two"),
        ({"message": "Bad", "errors": [{"description": "d1"}, {"description": "d2"}], "trackingId": "T1"}, "Bad: d1: d2"),
        (
            {
                "errorCode": "HPE_GL_ERROR_BAD_REQUEST",
                "message": "Bad Request",
                "errorDetails": [{"issues": [{"subject": "limit", "description": "too large"}]}],
                "debugId": "D1",
            },
            "HPE_GL_ERROR_BAD_REQUEST: Bad Request: limit: too large",
        ),
        ({"message": "m", "badRequestErrorDetails": [{"issues": [{"description": "old form"}]}]}, "m: old form"),
        ({"failedDevices": [{"messages": ["x"]}], "messages": ["already claimed"]}, "already claimed"),
        ({"message": {"nested": 1}, "error": None, "code": 3}, None),
        ({"subject": "limit"}, None),
        ({}, None),
        ({"errors": [5, None, {"description": "d"}]}, "d"),
        ({"errors": [{"details": "FWLSE3002E: not found"}], "productVersion": "8.0"}, "FWLSE3002E: not found"),
        ({"errors": "not found"}, "not found"),
        ({"errors": [{"details": ["not", "found"]}]}, "not: found"),
        ({"errors": "", "details": []}, None),
        ({"ok": False, "transaction": {"errors": [{"details": "one"}, {"details": "two"}], "status": "FAILURE"}}, "one: two"),
        ("", None),
        ("<html><head><title>502 Bad\nGateway</title></head>canary</html>", "a web page, 502 Bad Gateway"),
        ("<h1>Not <b>here</b></h1>", "a web page, Not here"),
        ("<html></html>", "a web page"),
        (b"\xff\xfe{", "\ufffd\ufffd{"),
        ("{broken", "{broken"),
        ("[" * 100_000, "[" * 157 + "..."),
        ({"message": "\x1b[31m{{ lookup }}\n<b>"}, "{{ lookup }} <b>"),
    ],
)
def test_the_vendors_words_are_found_in_every_form(body, said):
    assert words(body).vendor_message == said


@pytest.mark.parametrize(
    ("body", "headers", "tracking_id"),
    [
        ({"trackingId": "ROUTER_1"}, {"trackingid": "other"}, "ROUTER_1"),
        ({"debugId": "D1"}, {}, "D1"),
        ({"message": "m"}, {"x-request-id": "R1"}, "R1"),
        ("text", {"trackingid": "T\x1b[0m1"}, "T1"),
        (["x"], {}, None),
        ({"debugId": 5}, {}, None),
    ],
)
def test_the_tracking_id_comes_from_body_or_headers(body, headers, tracking_id):
    assert words(body, **headers).tracking_id == tracking_id


def test_an_expired_token_may_come_with_another_status():
    body = {"errorCode": "HPE_GL_ERROR_BAD_REQUEST", "message": "Signature has expired"}
    assert ending(answer(400, body)).kind is Kind.UNAUTHORIZED
    assert ending(answer(500, body)).kind is Kind.UNCLEAR
    assert ending(answer(400, {"message": "Signature has expired"})).kind is Kind.FINAL
    assert ending(answer(400, {"errorCode": "HPE_GL_ERROR_X", "message": "no"})).kind is Kind.FINAL


def test_the_pause_asked_for_is_kept():
    assert ending(answer(503, None, retry_after="9")).wait == 9
    assert ending(answer(429, {"errorDetails": [{"retryAfterSeconds": 4}]})).wait == 4
    assert ending(answer(500)).wait is None


@pytest.mark.parametrize(
    "media", ["application/json", "application/json; charset=utf-8", "application/problem+json", "Application/JSON"]
)
def test_json_is_read(media):
    found = ending(answer(200, '{"a": [1, "\\u00e4"]}', content_type=media))
    assert (found.kind, found.answer.status, found.answer.body) == (Kind.GOOD, 200, {"a": [1, "ä"]})
    assert found.answer.headers == {"content-type": media}


def test_a_missing_or_plain_label_is_forgiven_where_the_content_is_an_object_or_a_list():
    assert ending(answer(200, "{}")).answer.body == {}
    assert ending(answer(200, "[1]", content_type="text/plain;charset=x")).answer.body == [1]
    assert isinstance(ending(answer(200, "12", content_type="text/plain")).error, BadAnswer)
    assert ending(answer(200, "12", content_type="application/json")).answer.body == 12


@pytest.mark.parametrize(
    ("body", "media", "message"),
    [
        ("<html><title>Sign in</title>canary</html>", "text/html", "a web page instead of JSON"),
        ("<html><title>Sign in</title>canary</html>", "application/json", "not JSON"),
        ('{"a": 1}', "text/html", "a web page instead of JSON"),
        ('{"a": 1}', "application/x\x1b[0mml", "content of type"),
        ('{"a": ', "application/json", "cut"),
        ('{"a": NaN}', "application/json", "not JSON"),
        (b"\xff\xff\xff", "application/json", "not JSON"),
        ("[" * 100_000, "application/json", "not JSON"),
        ("", "application/json", "empty"),
        ("  \n", "", "empty"),
    ],
)
def test_anything_else_is_a_bad_answer_with_a_masked_excerpt(body, media, message):
    found = ending(answer(200, body, content_type=media, trackingid="T1"))
    assert found.kind is Kind.UNCLEAR
    assert found.error.__class__ is BadAnswer
    assert message in str(found.error)
    assert "canary" not in str(found.error)
    assert "\x1b" not in str(found.error)
    assert found.error.tracking_id == "T1"
    assert len(found.error.message) < 400


def test_writes_and_204_may_be_empty():
    assert ending(answer(204)).answer.body is None
    assert ending(answer(202, None, location="/jobs/1"), WRITING).answer.headers == {"location": "/jobs/1"}


@pytest.mark.parametrize("body", [b'{"access_token": "eyJhbGciOiJ', b'[{"token": "0123456789abcdef0123'])
def test_what_looks_like_data_is_not_quoted(body: bytes) -> None:
    """It may hold a secret that nobody has seen yet."""
    found = read_answer(Asked("GET", "/x"), answer(200, body, content_type="application/json"), Masker(), 0.0)
    assert "not JSON, or was cut" in str(found.error)
    assert "token" not in str(found.error)


def test_the_answer_of_a_token_endpoint_is_never_quoted() -> None:
    found = read_answer(Asked("POST", "/t", token=True), answer(200, b"eyJhbGciOiJ", content_type="text/html"), Masker(), 0.0)
    assert "eyJ" not in str(found.error)


READING_XML = Asked("GET", "/things", "lab", accept="application/xml")
FAILED_TRANSACTION = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<set-device-status-result ok="false" productVersion="8.0"><transaction id="4" '
    b'status="FAILURE"><description deviceId="d" status="LOST"/><errors><error details="no canary luck"/></errors>'
    b"</transaction></set-device-status-result>"
)


@pytest.mark.parametrize("media", ["application/xml", "text/xml;charset=UTF-8", "application/atom+xml", "text/plain", ""])
def test_xml_is_read_where_it_was_asked_for(media):
    found = ending(answer(200, b'<devices pageSize="1"/>', content_type=media), READING_XML)
    assert (found.kind, found.answer.body) == (Kind.GOOD, Element("devices", {"pageSize": "1"}))
    refused = ending(answer(200, b'<devices pageSize="1"/>', content_type=media))
    assert isinstance(refused.error, BadAnswer)


def test_json_is_still_read_where_xml_was_asked_for():
    found = ending(answer(200, '{"items": []}', content_type="application/json"), READING_XML)
    assert found.answer.body == {"items": []}


@pytest.mark.parametrize(
    ("body", "media", "message"),
    [
        (b"<devices", "application/xml", "no XML that can be read"),
        (b"<!DOCTYPE a><a/>", "application/xml", "document type"),
        (b"<html><title>Sign in</title></html>", "text/html", "a web page instead of XML"),
        (b"<a/>", "application/xhtml+xml", "a web page instead of XML"),
        (b"not xml", "text/plain", "not JSON"),
        (b"", "application/xml", "empty"),
    ],
)
def test_anything_else_than_the_xml_that_was_asked_for_is_a_bad_answer(body, media, message):
    found = ending(answer(200, body, content_type=media), READING_XML)
    assert (found.kind, found.error.__class__) == (Kind.UNCLEAR, BadAnswer)
    assert message in str(found.error)


def test_the_words_of_an_error_are_found_in_xml_too():
    text = b'<error-result productVersion="8.0"><errors><error details="FWLSE3002E: canary"/></errors></error-result>'
    for asked in (READING, READING_XML):
        assert ending(answer(404, text, content_type="application/xml"), asked).error.vendor_message == "FWLSE3002E: ********"
    assert words(b"<?xml version='1.0'?><!DOCTYPE html><html><h1>No</h1></html>").vendor_message == "a web page, No"
    assert words(b"<broken", content_type="text/xml").vendor_message is None
    unlabelled = b'<error-result><errors><error details="not found"/></errors></error-result>'
    assert words(unlabelled, content_type="application/json").vendor_message == "not found"


def test_a_failed_transaction_is_a_failure_whatever_the_status():
    as_json = {"ok": False, "transaction": {"status": "FAILURE", "errors": [{"details": "no luck"}]}}
    for response in (answer(500, as_json), answer(500, FAILED_TRANSACTION, content_type="application/xml"), answer(503, as_json)):
        found = ending(response, WRITING)
        assert (found.kind, found.error.__class__) == (Kind.FINAL, JobFailed)
        assert "luck" in found.error.vendor_message
        assert "canary" not in found.error.vendor_message
    for status in ("SUCCESS", "PENDING", "COMMITTING"):
        assert ending(answer(500, {"ok": False, "transaction": {"status": status}}), WRITING).kind is Kind.UNCLEAR
    assert ending(answer(500, as_json), READING).kind is Kind.UNCLEAR


def test_without_the_library_an_error_in_xml_is_still_that_error(monkeypatch):
    monkeypatch.setattr(markup, "HAS_DEFUSEDXML", False)
    assert ending(answer(404, FAILED_TRANSACTION, content_type="application/xml")).error.__class__ is Gone
    with pytest.raises(MissingLibrary):
        ending(answer(200, b"<a/>", content_type="application/xml"), READING_XML)
