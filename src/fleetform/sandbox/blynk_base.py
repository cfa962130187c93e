# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blynk's organization API, the ground: tokens, organization tree, errors, pages and the forms of a device.

Facts: docs/vendors/blynk.md. What is assumed there is a switch here.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from fleetform.sandbox.blynk_seed import blynk_seed
from fleetform.sandbox.cloud import Cloud, Switch, basic_credentials
from fleetform.sandbox.wire import Answer, Call, Refusal, bad, encode

BASE = "/api/v1/organization"
_MAX_BODY = 2 * 1024 * 1024
_NOT_REPEATABLE = ("/device/create", "/device/transfer/", "/device/trigger-event", "/static-tokens/")
_PAGE_NAMES = ("page", "size")

SWITCHES: dict[str, Switch] = {
    "unauthorized_status": Switch(401, "the status for a missing, bad or expired token is not documented"),
    "unknown_query": Switch("refuse", "whether an unknown query parameter is refused or ignored ('ignore') is not documented"),
    "owner_none": Switch("omit", "no owner: 'omit' the field, or send 'zero' or 'null'"),
    "create_flag": Switch("baseInfo", "name of create's base-info query parameter"),
    "create_foreign_owner": Switch("refuse", "create with an owner of another organization: 'refuse' or 'accept'"),
    "name_letters": Switch("unicode", "letters of a device name: 'unicode' or 'ascii'"),
    "remove_absent_owner": Switch("accept", "removing the owner of a device that has none: 'accept' (204) or 'refuse' (400)"),
    "by_user_unknown": Switch(400, "status of by-user-org for an unknown e-mail; the seed lists no 404"),
    "by_email": Switch("exact", "e-mail match of by-owner and by-user-org: 'exact' or 'folded'"),
    "same_organization": Switch("refuse", "transfer to the organization that the device is in: 'refuse' (400) or 'accept'"),
    "inactive_owner": Switch("refuse", "transfer to a user who never logged in: 'refuse' (400) or 'accept'"),
    "owner_elsewhere_moves": Switch(True, "an owner in another organization moves the device there (older route's behaviour)"),
    "foreign_owner_cleared": Switch(True, "a transfer to an organization clears an owner who is not a member"),
    "template_follows": Switch(True, "after a move templateId is that organization's copy"),
    "target_lacks_template": Switch(400, "status when the target organization lacks the device's template"),
    "transfer_reach": Switch("hierarchy", "targets of a transfer: the whole 'hierarchy', or only what the token sees ('tree')"),
    "search_sub_organizations": Switch(True, "whether search covers sub-organizations"),
    "users_search_email": Switch(True, "whether user search looks at e-mails"),
    "rename_writes_metafield": Switch(True, "a rename also changes the DeviceName metafield, and the reverse"),
    "writable_types": Switch(
        ["Text", "Number", "HotspotName", "DeviceName", "List", "Int", "IMEI", "ICCID"],
        "metafield types with a documented write form",
    ),
    "number_as_text": Switch(False, "whether a Number accepts a numeric string"),
    "empty_text": Switch("accept", "an empty string for Text clears it: 'accept' or 'refuse'"),
    "metafield_flags": Switch(True, "isMandatory and includeInProvision are sent"),
    "metafield_value": Switch("object", "form of a metafield value: 'object' with type inside, or 'bare'"),
    "event_limit_status": Switch(400, "status over the event limits: 400 or 429"),
    "quota_status": Switch(400, "status of create over the device quota: 400 or 403"),
    "sub_organizations_paged": Switch(True, "sub-organizations: a page, or a plain array"),
    "page_bounds": Switch("refuse", "page < 0 or size < 1: 'refuse' (400) or 'clamp'"),
    "last_activated_form": Switch("array", "last-activated: 'array' (seed) or 'object' (older page)"),
    "claim_field": Switch("token", "name of the QR text in the body of claim and unclaim"),
    "retry_after": Switch("omit", "Retry-After on 429: 'omit' or 'send'"),
}


class BlynkBase(Cloud):
    """What reading and writing both need."""

    vendor = "blynk"
    mount = "blynk"
    SWITCHES = SWITCHES
    LIMITS: ClassVar[dict[str, int]] = {
        "window": 60,
        "requests": 10_000,
        "page_size": 1000,
        "name_length": 50,
        "events_per_day": 100,
        "devices": 1_000_000,
    }
    TOKEN_LIFETIME = 86_400
    rows_key = "content"
    total_key = "totalElements"

    def seed(self, name: str, size: int) -> dict[str, Any]:
        return blynk_seed(name, size, self.clock.millis())

    def reloaded(self) -> None:
        self._rows: dict[int, bytes] = {}
        self._trees: dict[int, frozenset[int]] = {}
        self._templates: dict[int, dict[str, Any]] = {template["id"]: template for template in self.data["templates"]}
        self._users: dict[int, dict[str, Any]] = {user["id"]: user for user in self.data["users"]}

    def describe(self, call: Call) -> None:
        if call.path == "/oauth2/token":
            call.token = True
            return
        call.write = call.method not in ("GET", "HEAD", "OPTIONS")
        number = call.get("deviceId")
        if call.write:
            call.idempotent = not call.path[len(BASE) :].startswith(_NOT_REPEATABLE)
            if number is None and call.body:
                found = re.search(rb'"deviceId"\s*:\s*(\d+)', call.body)
                number = found.group(1).decode() if found else None
        else:
            below = call.path[len(BASE) :]
            call.reads = below.startswith("/device") or below == "/search/devices"
        call.devices = (number,) if number is not None else ()

    def previous_page(self, query: list[tuple[str, str]]) -> list[tuple[str, str]] | None:
        page = next((value for name, value in query if name == "page"), "0")
        if not page.isdigit() or int(page) == 0:
            return None
        return [(name, str(int(page) - 1)) if name == "page" else (name, value) for name, value in query]

    def refuse(self, call: Call, refusal: Refusal) -> Answer:
        if call.token:
            return Answer.of({"error": refusal.code or "invalid_request", "error_description": refusal.message}, refusal.status)
        return Answer.of({"error": {"message": refusal.message}}, refusal.status)

    def token(self, call: Call) -> Answer:
        """``POST /oauth2/token``: everything in the query, credentials as Basic or in the query, no body."""
        names = ("grant_type", "refresh_token", "client_id", "client_secret")
        wrong = call.unknown_query(names)
        if wrong or call.body:
            raise Refusal(
                400, wrong or "the token request has no body", rule=wrong or "body on the token request", code="invalid_request"
            )
        kind = call.get("grant_type")
        if kind not in ("client_credentials", "refresh_token"):
            code = "invalid_request" if kind is None else "unsupported_grant_type"
            raise Refusal(400, "grant_type is missing or not supported", rule=f"grant_type {kind}", code=code)
        user, secret = basic_credentials(call) or (call.get("client_id"), call.get("client_secret"))
        client = self.data["clients"].get(user)
        if client is None or client["secret"] != secret:
            raise Refusal(400, "Client authentication failed", code="invalid_client")
        if kind == "refresh_token":
            used = self.data["refresh_tokens"].pop(call.get("refresh_token"), None)
            if used is None or used["client"] != user or used["expires"] <= self.clock.now():
                raise Refusal(400, "The refresh token is unknown, used or expired", code="invalid_grant")
        grant = {"client": user, "org": client["org"], "platform": client["platform"]}
        access = self.issue(grant)
        refresh = "refresh-" + access
        self.data["refresh_tokens"][refresh] = {"client": user, "expires": self.clock.now() + self.token_lifetime}
        return Answer.of(
            {"access_token": access, "token_type": "Bearer", "expires_in": self.token_lifetime, "refresh_token": refresh}
        )

    def admit(self, call: Call) -> dict[str, str]:
        grant = self.bearer(call)
        if grant is None:
            rule = None if call.headers.get("authorization", "").startswith("Bearer ") else "Authorization is not a bearer token"
            raise Refusal(int(self.switches["unauthorized_status"]), "Access token is missing, invalid or expired.", rule=rule)
        if not grant["platform"]:
            raise Refusal(403, "Platform API scope is not enabled for this oauth client.")
        call.note["org"] = grant["org"]
        left, seconds = self.charge(f"org/{grant['org']}", self.limits["requests"])
        if left < 0:
            headers = {"Retry-After": str(seconds)} if self.switches["retry_after"] == "send" else {}
            raise Refusal(429, "Too many requests", rule="rate limit", headers=headers)
        if call.method in ("GET", "DELETE") and call.body:
            raise bad(f"{call.method} with a body")
        if call.body and call.media_type() not in ("", "application/json"):
            raise Refusal(415, "Unsupported Media Type", rule=f"content type {call.media_type()}")
        if len(call.body) > _MAX_BODY:
            raise Refusal(413, "Request is too large", rule="request over 2 MB")
        return {}

    def query(self, call: Call, *names: str) -> None:
        """Refuse what is not in ``names``."""
        wrong = call.unknown_query(names)
        if wrong is None:
            return
        if self.switches["unknown_query"] == "refuse":
            raise bad(wrong)
        call.violation = wrong

    def tree(self, org: int) -> frozenset[int]:
        """The organization with everything below it."""
        known = self._trees.get(org)
        if known is None:
            found = {org}
            while True:
                below = {o["id"] for o in self.data["organizations"] if o["parentOrganizationId"] in found} | found
                if below == found:
                    break
                found = below
            known = self._trees[org] = frozenset(found)
        return known

    def hierarchy(self, org: int) -> frozenset[int]:
        """The whole tree that the organization stands in."""
        while True:
            parent = self.organization(org)["parentOrganizationId"]
            if parent is None:
                return self.tree(org)
            org = parent

    def organization(self, number: int) -> dict[str, Any]:
        for organization in self.data["organizations"]:
            if organization["id"] == number:
                return dict(organization)
        raise Refusal(404, "Organization is not found or you don't have access to it.")

    def own(self, call: Call) -> int:
        """The organization of the call's token."""
        return int(call.note["org"])

    def org_asked(self, call: Call) -> int:
        """The ``orgId`` of the query, within reach, else the token's own."""
        own = self.own(call)
        asked = call.integer("orgId", own)
        if asked not in self.tree(own):
            raise Refusal(404, "Organization is not found or you don't have access to it.")
        return asked

    def device(self, call: Call, number: int | None = None) -> dict[str, Any]:
        """The device that the call names, if the token's organization tree holds it."""
        if number is None:
            number = call.integer("deviceId", None)
        device: dict[str, Any] | None = self.data["devices"].get(str(number))
        if device is None or device["orgId"] not in self.tree(self.own(call)):
            raise Refusal(404, f"Device with identifier {number} is not found or belong to another organization.")
        return device

    def user(self, call: Call, number: int) -> dict[str, Any]:
        user = self._users.get(number)
        if user is None or user["orgId"] not in self.tree(self.own(call)):
            raise Refusal(404, "User is not found or you don't have access to him.")
        return user

    def template_of(self, device: dict[str, Any]) -> dict[str, Any]:
        return self._templates[device["templateId"]]

    def copy_for(self, template: dict[str, Any], org: int) -> dict[str, Any] | None:
        """The organization's copy of a template."""
        root = template.get("parentId") or template["id"]
        for other in self.data["templates"]:
            if other["orgId"] == org and root in (other["id"], other.get("parentId")):
                return dict(other)
        return None

    def changed(self, device: dict[str, Any]) -> None:
        """Forget what was encoded of a device."""
        self._rows.pop(device["id"], None)

    def short(self, device: dict[str, Any]) -> dict[str, Any]:
        """The form of lists and of rename's answer."""
        names = ("id", "name", "templateId", "originalTemplateId", "orgId", "token", "activatedAt")
        row = {name: device[name] for name in names if device[name] is not None}
        owner = device["ownerUserId"]
        if owner is not None:
            row["ownerUserId"] = owner
        elif self.switches["owner_none"] != "omit":
            row["ownerUserId"] = 0 if self.switches["owner_none"] == "zero" else None
        if device["hardwareInfo"] is not None:
            row["hardwareInfo"] = device["hardwareInfo"]
        return row

    def row(self, device: dict[str, Any]) -> bytes:
        """:meth:`short`, encoded once per change."""
        encoded = self._rows.get(device["id"])
        if encoded is None:
            encoded = self._rows[device["id"]] = encode(self.short(device))
        return encoded

    def turn(self, switches: dict[str, Any], limits: dict[str, int]) -> None:
        super().turn(switches, limits)
        self._rows = {}

    def bounds(self, call: Call) -> tuple[int, int]:
        """First row and row count of the page asked for."""
        lowest = 0 if self.switches["page_bounds"] == "refuse" else -(2**31)
        page = call.integer("page", 0, lowest)
        size = call.integer("size", 50, 1 if lowest == 0 else lowest)
        if size > self.limits["page_size"]:
            raise bad("requested page size is too big", "size", "query.parameter")
        page, size = max(page, 0), max(size, 1)
        return page * size, size

    def page(self, call: Call, rows: list[dict[str, Any]]) -> Answer:
        start, size = self.bounds(call)
        return Answer.of({"content": rows[start : start + size], "totalElements": len(rows)})

    def device_page(self, call: Call, devices: list[dict[str, Any]]) -> Answer:
        start, size = self.bounds(call)
        rows = b",".join([self.row(device) for device in devices[start : start + size]])
        return Answer(200, b'{"content":[' + rows + b'],"totalElements":' + str(len(devices)).encode() + b"}")
