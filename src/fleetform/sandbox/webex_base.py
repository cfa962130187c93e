# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Webex, the ground: tokens and rights, organizations, errors, pages by Link, and the form of a device.

Facts: docs/vendors/webex.md. What is assumed there is a switch here.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from fleetform.sandbox.cloud import Cloud, Switch, stable_uuid
from fleetform.sandbox.webex_ids import decoded, other_form, vendor_id
from fleetform.sandbox.webex_seed import webex_seed
from fleetform.sandbox.wire import Answer, Call, Refusal, bad, encode

JSON_PATCH = "application/json-patch+json"
_VALIDATE = "/telephony/config/devices/actions/validateMacs/invoke"
_MESSAGES = {
    401: "The request requires a valid access token set in the Authorization request header.",
    403: "The access token is missing required scopes or the user is missing required roles or licenses.",
    404: "The requested resource could not be found.",
    429: "Too Many Requests",
}

SWITCHES: dict[str, Switch] = {
    "unknown_query": Switch("refuse", "whether an unknown query parameter is refused or ignored ('ignore') is not documented"),
    "id_forms": Switch("exact", "ids in requests: 'exact' as issued, or any form that decodes to the same ('decoded')"),
    "reference_ids": Switch("same", "ids of owners and sites in a device: the 'same' form as their own, or another ('variant')"),
    "malformed_id": Switch(404, "status for an id that does not decode: 404 or 400"),
    "foreign_organization": Switch(403, "status for an orgId that the token does not manage: 403 or 404"),
    "foreign_device": Switch(404, "status for a device of another organization: 404 or 403"),
    "weak_details": Switch(403, "status when a token without administrator rights reads another's device: 403 or 404"),
    "refresh_rotates": Switch(False, "a refresh makes a new refresh token and ends the old one"),
    "bad_client_status": Switch(401, "status of the token endpoint for a wrong client: 401 or 400"),
    "retry_after": Switch("send", "Retry-After on 429 'should' be there: 'send' or 'omit'"),
    "absent_fields": Switch("omit", "fields without a value: 'omit' or 'null'"),
    "owner_ids": Switch("one", "workspaceId and personId: 'one' of them, or 'both' as in the reference page's sample"),
    "list_form": Switch("names", "capabilities and permissions: 'names', or '[{}]' as in the reference's sample ('objects')"),
    "maintenance_form": Switch("omit", "plannedMaintenance of a device: 'omit', 'object' ({mode}) or 'text'"),
    "undocumented_fields": Switch(False, "send deviceId and lifecycle, which clients have seen"),
    "nameless_device": Switch(False, "the last listed device has no id; clients have seen such rows"),
    "text_filters": Switch("exact", "match of text filters of the device list: 'exact', 'folded' or 'prefix'"),
    "mac_filter": Switch("normalised", "mac filter: without separators and case ('normalised'), or only exactly as 'listed'"),
    "workspace_name_filter": Switch("substring", "displayName filter of workspaces: 'substring', 'prefix' or 'exact'"),
    "page_bounds": Switch("refuse", "max < 1 or start < 0: 'refuse' (400) or 'clamp'"),
    "link_relations": Switch("next", "relations in Link: 'next' alone, or 'all' four"),
    "next_filters": Switch("keep", "the next link keeps the filters of the request, or 'lose's them"),
    "next_url": Switch(
        "next", "the next link: right ('next'), the page's own url ('same'), at another origin ('foreign'), with 'max_null'"
    ),
    "empty_page": Switch("none", "pages without items that have a next: 'none', in the 'middle', or endless at the 'last'"),
    "list_lag": Switch(0, "for how many listings a new row is missing and a deleted one still there"),
    "patch_type": Switch("required", "PATCH takes application/json-patch+json only ('required'), or application/json ('any')"),
    "tag_body": Switch("both", "body of a tag patch: 'array' as in the sample, 'object' as in the schema, 'both'"),
    "tag_duplicates": Switch(False, "adding a tag that is there makes a second one"),
    "configuration_body": Switch("array", "body of a configuration patch: 'array' as documented, or 'both'"),
    "configuration_answer": Switch("changed", "keys in the answer of a configuration patch: the 'changed' ones or 'all'"),
    "configuration_status": Switch(201, "status of a configuration patch; older pages say 200 and 204"),
    "no_configurations_status": Switch(404, "status for a phone that does not use the configuration service: 404 or 400"),
    "editability_name": Switch("isEditable", "'isEditable' as in the schema, 'editable' as in a sample"),
    "locked_status": Switch(403, "status for a key that is not editable"),
    "system_name_shows": Switch(False, "the setting SystemUnit.Name also changes displayName"),
    "device_shows_workspace_name": Switch(True, "displayName of a shared device is the workspace's"),
    "add_answer": Switch("device", "answer of POST /devices: the 'device', or 'empty'"),
    "add_mac_form": Switch("plain", "mac of POST /devices: 12 hex digits ('plain'), or separators too ('any')"),
    "mac_in_use_status": Switch(400, "status of POST /devices for a MAC in use: 400 or 409"),
    "phone_in_room": Switch("refuse", "a phone for a workspace with collaboration devices: 'refuse' (400) or 'accept'"),
    "phone_needs_calling": Switch(False, "a phone for a workspace without Webex Calling is refused"),
    "pending_device": Switch(False, "an activation code that was not redeemed shows as a device that is activating"),
    "put_drops": Switch(["capacity", "type", "notes"], "what PUT of a workspace erases when it is left out"),
    "put_read_only": Switch("refuse", "read-only fields in PUT of a workspace: 'refuse' (400) or 'ignore'"),
    "workspace_name_twice": Switch("accept", "a second workspace of the same name: 'accept' or 'refuse' (409)"),
    "unknown_email_status": Switch(200, "people by an unknown e-mail address: 200 with an empty list, or 404"),
    "person_takes_devices": Switch(True, "a person that is removed takes the devices along"),
}


class WebexBase(Cloud):
    """What reading and writing both need."""

    vendor = "webex"
    mount = "webex/v1"
    SWITCHES = SWITCHES
    LIMITS: ClassVar[dict[str, int]] = {
        "window": 60,
        "requests": 100_000,
        "page": 100,
        "page_cap": 1000,
        "people_page": 100,
        "location_page": 500,
        "people_ids": 85,
        "code_days": 7,
        "refresh_days": 90,
    }
    TOKEN_LIFETIME = 1_209_600
    rows_key = "items"
    total_key = ""

    def seed(self, name: str, size: int) -> dict[str, Any]:
        return webex_seed(name, size)

    def reloaded(self) -> None:
        self._rows: dict[str, bytes] = {}
        self._added: dict[str, float] = {}
        self._tracked = 0

    def turn(self, switches: dict[str, Any], limits: dict[str, int]) -> None:
        super().turn(switches, limits)
        self._rows = {}

    def describe(self, call: Call) -> None:
        if call.path == "/access_token":
            call.token = True
            return
        parts = call.path.split("/")
        kind, number = parts[1] if len(parts) > 1 else "", parts[2] if len(parts) > 2 else None
        call.write = call.method not in ("GET", "HEAD", "OPTIONS") and call.path != _VALIDATE
        call.idempotent = call.method != "POST" or call.path == _VALIDATE
        if kind == "deviceConfigurations":
            number = call.get("deviceId")
        if call.write:
            call.devices = self._touched(kind, number)
            call.note["began"] = time.time()
        else:
            call.reads = kind in ("devices", "deviceConfigurations", "workspaces")
            call.devices = (number,) if call.reads and number else ()

    def _touched(self, kind: str, number: str | None) -> tuple[str, ...]:
        if number is None or number == "activationCode":
            return ()
        if kind != "workspaces":
            return (number,)
        inside = [row["id"] for row in self.data["devices"].values() if row["workspaceId"] == number]
        return (number, *inside)

    def previous_page(self, query: list[tuple[str, str]]) -> list[tuple[str, str]] | None:
        given = dict(query)
        size = given.get("max", "")
        step = int(size) if size.isdigit() else self.limits["page"]
        if given.get("after"):
            before = _offset(given["after"]) - step
            return [(name, _cursor(max(0, before)) if name == "after" else value) for name, value in query]
        start = given.get("start", "0")
        if not start.isdigit() or int(start) == 0:
            return None
        return [(name, str(max(0, int(start) - step)) if name == "start" else value) for name, value in query]

    def answer(self, call: Call) -> Answer:
        answer = super().answer(call)
        answer.headers["trackingid"] = self._tracking(call)
        return answer

    def refuse(self, call: Call, refusal: Refusal) -> Answer:
        body: dict[str, Any] = {"message": _MESSAGES.get(refusal.status, refusal.message)}
        detail: dict[str, Any] = {"description": refusal.message}
        if refusal.code is not None:
            detail["errorCode"] = int(refusal.code)
        body["errors"] = [detail]
        body["trackingId"] = self._tracking(call)
        return Answer.of(body, refusal.status)

    def _tracking(self, call: Call) -> str:
        if "tracking" not in call.note:
            self._tracked += 1
            made = "ROUTERGW_" + stable_uuid("webex tracking", self._tracked).upper()
            call.note["tracking"] = call.headers.get("trackingid") or made
        return str(call.note["tracking"])

    def token(self, call: Call) -> Answer:
        """``POST /access_token``: a form; only refreshing, since a code needs a browser."""
        wrong = call.unknown_query(())
        if wrong:
            raise bad(wrong)
        if call.media_type() != "application/x-www-form-urlencoded":
            raise Refusal(415, "the token request is a form", rule=f"content type {call.media_type()} on the token request")
        form = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
        names = ("grant_type", "client_id", "client_secret", "refresh_token")
        for name in names:
            if not form.get(name):
                raise bad(f"{name} is required")
        extra = set(form) - set(names)
        if extra:
            raise bad(f"unknown form field: {', '.join(sorted(extra))}")
        if form["grant_type"] != "refresh_token":
            raise bad(f"grant_type {form['grant_type']} is not supported")
        client = self.data["clients"].get(form["client_id"])
        if client is None or client["secret"] != form["client_secret"]:
            raise Refusal(int(self.switches["bad_client_status"]), "Client authentication failed")
        known = self.data["refresh_tokens"].get(form["refresh_token"])
        now = self.clock.now()
        if known is None or known["client"] != form["client_id"] or (known["expires"] is not None and known["expires"] <= now):
            raise Refusal(400, "The refresh token provided is expired, revoked, malformed, or invalid.")
        access, refresh = self.issue(known["grant"]), form["refresh_token"]
        if self.switches["refresh_rotates"]:
            del self.data["refresh_tokens"][refresh]
            refresh = "refresh-" + access
        life = self.limits["refresh_days"] * 86_400
        self.data["refresh_tokens"][refresh] = {**known, "expires": now + life}
        return Answer.of(
            {
                "access_token": access,
                "expires_in": self.token_lifetime,
                "refresh_token": refresh,
                "refresh_token_expires_in": life,
                "token_type": "Bearer",
                "scope": " ".join(known["grant"]["scopes"]),
            }
        )

    def admit(self, call: Call) -> dict[str, str]:
        grant = self.bearer(call)
        if grant is None:
            rule = None if call.headers.get("authorization", "").startswith("Bearer ") else "Authorization is not a bearer token"
            raise Refusal(401, "Access token is missing, unknown or expired.", rule=rule)
        call.note["person"] = grant["person"]
        left, seconds = self.charge(f"org/{grant['org']}", self.limits["requests"])
        if left < 0:
            headers = {"Retry-After": str(seconds)} if self.switches["retry_after"] == "send" else {}
            raise Refusal(429, "Too Many Requests", rule="rate limit", headers=headers)
        if call.method in ("GET", "DELETE") and call.body:
            raise bad(f"{call.method} with a body")
        if call.method in ("POST", "PUT") and call.media_type() != "application/json":
            raise Refusal(415, "Unsupported Media Type", rule=f"content type {call.media_type()} on {call.method}")
        if call.method == "PATCH" and call.media_type() != JSON_PATCH:
            if self.switches["patch_type"] == "required" or call.media_type() != "application/json":
                raise Refusal(415, "Unsupported Media Type", rule=f"content type {call.media_type()} on PATCH")
            call.violation = "PATCH is not application/json-patch+json"
        return {}

    def query(self, call: Call, *names: str, repeatable: tuple[str, ...] = ()) -> None:
        """Refuse, or log, what is not in ``names``."""
        wrong = call.unknown_query(names, repeatable)
        if wrong is None:
            return
        if self.switches["unknown_query"] == "refuse":
            raise bad(wrong)
        call.violation = wrong

    def grant(self, call: Call) -> dict[str, Any]:
        """What the token of an admitted call stands for."""
        found = self.bearer(call)
        if found is None:
            raise Refusal(401, "Access token is missing, unknown or expired.")
        return found

    def may(self, call: Call, scope: str) -> bool:
        """Whether the token has the scope and its user the role that goes with it."""
        grant = self.grant(call)
        writes = scope.endswith("_write") or scope.startswith("identity:")
        if scope.startswith(("spark-admin:", "identity:")) and grant["role"] == "user":
            return False
        return scope in grant["scopes"] and (not writes or grant["role"] != "readonly")

    def need(self, call: Call, *scopes: str) -> None:
        """All of the scopes, or 403."""
        for scope in scopes:
            if not self.may(call, scope):
                raise Refusal(403, f"The token lacks {scope} or its user the role for it.")

    def org(self, call: Call, asked: str | None = None) -> str:
        """The organization that a call is about: ``orgId``, or the caller's own. UUID."""
        grant = self.grant(call)
        given = asked if asked is not None else call.get("orgId")
        if not given:
            return str(grant["org"])
        found = decoded(given)
        if found is None or found[0] != "ORGANIZATION":
            raise bad(f"orgId is no organization id: {given}")
        if found[1] != grant["org"] and found[1] not in grant["managed"]:
            raise Refusal(int(self.switches["foreign_organization"]), "The organization is not managed by the caller.")
        return found[1]

    def find(self, table: str, kind: str, given: str) -> dict[str, Any] | None:
        """The row that an id means, if the sandbox is to know the form it is in."""
        found = decoded(given)
        if found is None or found[0] != kind:
            return None
        row: dict[str, Any] | None = self.data[table].get(found[1])
        if row is None:
            return None
        strict = self.switches["id_forms"] == "exact" and self.switches["reference_ids"] == "same"
        return row if not strict or row["id"] == given else None

    def gone(self, given: str) -> Refusal:
        """What an id that leads nowhere is answered with."""
        if decoded(given) is None and int(self.switches["malformed_id"]) == 400:
            return bad(f"malformed id: {given}")
        return Refusal(404, "The requested resource could not be found.")

    def of_org(self, rows: Iterable[dict[str, Any]], org: str) -> list[dict[str, Any]]:
        """The rows that stand in the organization (UUID)."""
        wanted = vendor_id("ORGANIZATION", org)
        return [row for row in rows if row["orgId"] == wanted]

    def owned(self, row: dict[str, Any], org: str) -> bool:
        """Whether the row stands in the organization (UUID)."""
        return bool(row["orgId"] == vendor_id("ORGANIZATION", org))

    def changed(self, row: dict[str, Any]) -> None:
        """Forget what was encoded of a device."""
        self._rows.pop(row["id"], None)

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        """The device as it is sent."""
        wire = dict(row)
        if self.switches["list_form"] == "objects":
            wire.update(capabilities=[{}], permissions=[{}])
        form = self.switches["maintenance_form"]
        mode = wire.pop("plannedMaintenance")
        if form != "omit":
            wire["plannedMaintenance"] = mode if form == "text" else {"mode": mode}
        if self.switches["owner_ids"] == "both":
            wire["workspaceId"] = wire["workspaceId"] or wire["personId"]
            wire["personId"] = wire["personId"] or wire["workspaceId"]
        if self.switches["reference_ids"] == "variant":
            for name in ("placeId", "workspaceId", "personId", "orgId", "locationId"):
                if wire[name] is not None:
                    wire[name] = other_form(wire[name])
        if self.switches["undocumented_fields"]:
            wire.update(deviceId=other_form(row["id"]), lifecycle="ACTIVE")
        if self.switches["absent_fields"] == "null":
            return wire
        return {name: value for name, value in wire.items() if value is not None}

    def encoded(self, row: dict[str, Any]) -> bytes:
        """:meth:`shown`, encoded once per change."""
        known = self._rows.get(row["id"])
        if known is None:
            known = self._rows[row["id"]] = encode(self.shown(row))
        return known

    def listed(self, table: str, call: Call) -> list[dict[str, Any]]:
        """The rows of a listing as far as it is up to date; asking for a first page ends a round of the lag."""
        lag, ghosts = self.data["lag"][table], self.data["ghosts"][table]
        rows = [row for uuid, row in self.data[table].items() if uuid not in lag] + [ghost["row"] for ghost in ghosts.values()]
        if (lag or ghosts) and not call.get("start"):
            self.dirty = True
            self.data["lag"][table] = {uuid: left - 1 for uuid, left in lag.items() if left > 1}
            self.data["ghosts"][table] = {u: {**g, "left": g["left"] - 1} for u, g in ghosts.items() if g["left"] > 1}
        return rows

    def enter(self, table: str, uuid: str, row: dict[str, Any]) -> None:
        """A new row, which the listing may show later."""
        self.data[table][uuid] = row
        if int(self.switches["list_lag"]) > 0:
            self.data["lag"][table][uuid] = int(self.switches["list_lag"])

    def leave(self, table: str, uuid: str) -> dict[str, Any]:
        """Take a row away, which the listing may still show for a while."""
        row: dict[str, Any] = self.data[table].pop(uuid)
        shown = self.data["lag"][table].pop(uuid, None) is None
        if shown and int(self.switches["list_lag"]) > 0:
            self.data["ghosts"][table][uuid] = {"row": row, "left": int(self.switches["list_lag"])}
        return row

    def page(
        self,
        call: Call,
        rows: list[dict[str, Any]],
        encoded: Callable[[dict[str, Any]], bytes],
        size: int,
        cap: int,
        *,
        opaque: bool = False,
        also: bytes = b"",
    ) -> Answer:
        """One page of the rows with its Link header; ``opaque`` pages by cursor, the others by ``start``.

        :raises Refusal: 400 for a page that cannot be.
        """
        refused = self.switches["page_bounds"] == "refuse"
        lowest = 1 if refused else -(2**31)
        asked = call.get("max")
        if asked == "null" and self.switches["next_url"] == "max_null":
            asked = None
        size = size if asked is None else min(max(1, call.integer("max", size, lowest)), cap)
        start = _offset(call.get("after")) if opaque else max(0, call.integer("start", 0, 0 if refused else lowest))
        middle = self.switches["empty_page"] == "middle" and start > 0 and call.get("cursor") is None
        items = [] if middle else rows[start : start + size]
        headers: dict[str, str] = {}
        following = start if middle else start + size
        if middle or following < len(rows) or self.switches["empty_page"] == "last":
            headers["Link"] = self._link(call, start, following, size, len(rows), opaque=opaque, marker=middle)
        return Answer(200, b'{"items":[' + b",".join([encoded(row) for row in items]) + b"]" + also + b"}", headers)

    def _link(self, call: Call, start: int, following: int, size: int, total: int, *, opaque: bool, marker: bool) -> str:
        own = f"http://{call.headers.get('host', 'localhost')}/{self.mount}{call.path}"
        keep = self.switches["next_filters"] == "keep"
        given = [(k, v) for k, v in call.query if keep and k not in ("start", "max", "after", "before", "cursor")]

        def url(offset: int) -> str:
            place = [("before", ""), ("after", _cursor(offset))] if opaque else [("start", str(offset))]
            wanted = "null" if self.switches["next_url"] == "max_null" else str(size)
            mark = [("cursor", "on")] if marker and offset == following else []
            return f"{own}?{urlencode([*given, ('max', wanted), *place, *mark])}"

        target = url(following)
        if self.switches["next_url"] == "same":
            target = own + (f"?{call.query_string}" if call.query_string else "")
        elif self.switches["next_url"] == "foreign":
            target = f"http://elsewhere.invalid/{self.mount}{call.path}?{target.partition('?')[2]}"
        links = [f'<{target}>; rel="next"']
        if self.switches["link_relations"] == "all":
            last = max(0, (total - 1) // size * size)
            links = [
                f'<{url(0)}>; rel="first"',
                *([f'<{url(max(0, start - size))}>; rel="prev"'] if start else []),
                *links,
                f'<{url(last)}>; rel="last"',
            ]
        return ", ".join(links)

    @property
    def page_names(self) -> tuple[str, ...]:
        """The query names that paging by ``start`` needs; ``cursor`` only where a link of ours holds it."""
        return ("start", "max", "cursor") if self.switches["empty_page"] == "middle" else ("start", "max")

    def operations(self, call: Call, form: str) -> list[dict[str, Any]]:
        """The operations of a patch; ``form`` array, object or both.

        :raises Refusal: 400 for what is neither.
        """
        data = json_value(call)
        if isinstance(data, dict) and form != "array":
            return [data]
        if isinstance(data, list) and data and form != "object" and all(isinstance(entry, dict) for entry in data):
            return data
        raise bad(f"the body is not a JSON patch ({form})")


def json_value(call: Call) -> Any:
    """Any JSON of the body."""
    try:
        return json.loads(call.body.decode())
    except ValueError:
        raise bad("the body is not valid JSON") from None


def plain_mac(mac: str) -> str:
    """A MAC without separators, upper case."""
    return re.sub(r"[-:.\s]", "", mac).upper()


def _cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(f"after:{offset}".encode()).decode().rstrip("=")


def _offset(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        raise bad("the cursor is not ours") from None
    if not re.fullmatch(r"after:\d{1,9}", text):
        raise bad("the cursor is not ours")
    return int(text[6:])


def texts(values: Iterable[Any]) -> bool:
    """Whether all of them are strings."""
    return all(isinstance(value, str) for value in values)
