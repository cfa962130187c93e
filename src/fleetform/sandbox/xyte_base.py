# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Xyte's organization API, the ground: keys, organizations, errors, pages, the space tree and the forms of a device.

Facts: docs/vendors/xyte.md. What is assumed there is a switch here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from fleetform.sandbox.cloud import Cloud, Switch
from fleetform.sandbox.wire import Answer, Call, Refusal, encode
from fleetform.sandbox.xyte_seed import xyte_seed

BASE = "/core/v1/organization"
_DEVICE_PATH = re.compile(re.escape(BASE) + r"/devices(?:/([^/]+))?(?:/move)?")
_NUMBER = re.compile(r"\d{1,9}")

SWITCHES: dict[str, Switch] = {
    "bearer_key": Switch("refuse", "a key with 'Bearer ' in front of it: 'refuse' (401) or 'accept'"),
    "partner_key_status": Switch(403, "status for a partner key, which is no organization key: 403 or 401"),
    "page_style": Switch("next_page", "pages of devices say 'next_page' (first page of the docs), 'has_next_page' or 'both'"),
    "spaces_page_style": Switch("next_page", "pages of spaces say 'next_page', 'has_next_page' or 'both'"),
    "next_page_form": Switch("number", "next_page is a 'number' or its 'text'; only null has been shown"),
    "order": Switch("claimed", "devices as they were 'claimed', or the 'newest' first"),
    "endless_pages": Switch(False, "the next page never grows: next_page is the page asked for, has_next_page is always true"),
    "page_beyond_end": Switch(200, "status of a page beyond the end: 200 (no rows) or 404"),
    "page_bounds": Switch("refuse", "page or per_page below 1, or no number: 'refuse' (422) or 'default'"),
    "unknown_query": Switch("refuse", "an unknown query parameter: 'refuse' (422) or 'ignore'"),
    "body_on_get": Switch("refuse", "parameters in the body of a GET: 'refuse' (422), or 'accept', where the query wins"),
    "unknown_space_filter": Switch(404, "a listing of a space that is not there: 404, or 200 (no rows)"),
    "space_filter_depth": Switch("exact", "devices of a space: 'exact', or those 'below' it too"),
    "newer_fields": Switch(True, "effective_status, merged_effective_status, and in one device's answer state, are there"),
    "beyond_first_page": Switch(True, "one device, its move, a rename, spaces and info, which the docs' device page lacks"),
    "claim_status": Switch(200, "status of a claim: 200 or 201"),
    "claim_refused_status": Switch(422, "status of a claim of hardware that is not known or cannot be claimed: 422 or 404"),
    "both_identifiers": Switch("refuse", "cloud_id together with sn and mac: 'refuse' (422) or 'accept'"),
    "space_required": Switch(False, "a claim without space_id: false, lands in Unsorted; true, 422 as on newer pages"),
    "foreign_space_status": Switch(422, "status for a space of another organization in a claim or move: 422 or 404"),
    "unknown_space_status": Switch(404, "status for a space that is not there in a claim or move: 404 or 422"),
    "empty_is_absent": Switch(True, "null and empty keys of a claim count as not sent; false: they are refused (422)"),
    "unnamed": Switch("null", "name of a device claimed without one: 'null', or that of its 'model'"),
    "mac_compare": Switch("normal", "MACs compare without separators and case ('normal') or as they are sent ('exact')"),
    "deleted_claimable": Switch(True, "hardware can be claimed again right after it was deleted"),
    "reclaim_keeps_id": Switch(True, "hardware that is claimed again has its earlier id"),
    "unknown_patch_keys": Switch("ignore", "unknown keys in PATCH: 'ignore' (logged as a violation) or 'refuse' (422)"),
    "unknown_keys": Switch("refuse", "unknown keys in other bodies: 'refuse' (422) or 'ignore' (logged as a violation)"),
    "edge_keys": Switch("refuse", "keys of edge devices in the PATCH of another device: 'refuse' (422) or 'ignore'"),
    "empty_patch": Switch("refuse", "a PATCH of nothing: 'refuse' (422) or 'accept'"),
    "rename_applied": Switch(True, "a rename takes effect; false: it is answered with success and nothing happens"),
    "configuration_merge": Switch(False, "configuration replaces the object; true: it is merged into it"),
    "move_answer": Switch("json", "answer of a move: 'json', 'empty' (200 without a body) or 'none' (204)"),
    "children_stay": Switch(True, "a device that is bound to a parent cannot be moved by itself (422)"),
    "media_type_status": Switch(415, "status for a body that is not application/json"),
    "space_by_id": Switch(True, "GET /spaces/{id} exists; false: only the listing with id"),
    "root_parent": Switch("null", "parent_id of the root is 'null', or not there ('omit')"),
    "space_fields": Switch("documented", "a space shows 'documented' keys, or 'extended': full_path, space_type, created_at too"),
    "space_name_filter": Switch("folded", "name and path_includes compare without case ('folded') or 'exact'"),
    "parent_filter": Switch("children", "parent_id finds 'children', or everything 'below'"),
    "find_ignores_case": Switch(False, "find_or_create takes a space of the same name in another case"),
    "space_created_status": Switch(200, "status of making a space: 200 or 201"),
    "space_put_answer": Switch("space", "answer of PUT on a space: the 'space', or 'success'"),
    "space_delete_answer": Switch("json", "answer of deleting a space: 'json', or 'none' (204)"),
    "full_space": Switch("refuse", "deleting a space that is not empty: 'refuse' (422), or 'unsort' its devices"),
    "slash_in_name": Switch("accept", "a space name with a slash in POST and PUT: 'accept' or 'refuse' (422)"),
    "retry_after": Switch("omit", "Retry-After on 429: 'omit' or 'send'"),
    "trouble_body": Switch("json", "body of 429 and 5xx: 'json', 'html' or 'empty'"),
    "no_route_body": Switch("json", "body of the 404 for a path that does not exist: 'json' or 'html'"),
}
_HTML = b"<!DOCTYPE html><html><body><h1>We're sorry, but something went wrong.</h1></body></html>"


def unfit(message: str, status: int = 422) -> Refusal:
    """A refusal that the client could have avoided: always a violated rule."""
    return Refusal(status, message, rule=message)


def mac_key(mac: str) -> str:
    """A MAC without separators, lower case."""
    return re.sub(r"[^0-9a-zA-Z]", "", mac).lower()


class XyteBase(Cloud):
    """What reading and writing both need."""

    vendor = "xyte"
    mount = "xyte"
    SWITCHES = SWITCHES
    LIMITS: ClassVar[dict[str, int]] = {"window": 60, "requests": 0, "per_page": 100}
    """``requests`` per window and organization; 0 is no limit, as no number is published."""
    TOKEN_LIFETIME = 86_400
    rows_key = "items"
    total_key = ""

    def seed(self, name: str, size: int) -> dict[str, Any]:
        return xyte_seed(name, size)

    def reloaded(self) -> None:
        self._rows: dict[str, bytes] = {}
        self._listed: dict[tuple[str, int | None], list[dict[str, Any]]] = {}
        self._paths: dict[int, str] = {}
        self._found: dict[tuple[str, ...], str] | None = None

    def turn(self, switches: dict[str, Any], limits: dict[str, int]) -> None:
        super().turn(switches, limits)
        self._rows, self._listed, self._found = {}, {}, None

    def describe(self, call: Call) -> None:
        call.write = call.method not in ("GET", "HEAD", "OPTIONS")
        below = call.path.removeprefix(BASE)
        if below.startswith("/spaces"):
            # All spaces count as one thing: whoever reads any of them has looked.
            call.devices, call.reads = ("spaces",), not call.write
            call.idempotent = not (call.method == "POST" and below == "/spaces")
            return
        found = _DEVICE_PATH.fullmatch(call.path)
        call.reads = found is not None and not call.write
        if found is None or found.group(1) is None:
            return
        call.devices = (found.group(1),)
        if below == "/devices/claim":
            call.idempotent = False
            named = re.findall(rb'"(?:cloud_id|sn)"\s*:\s*"([^"]*)"', call.body)
            call.devices = tuple(identifier.decode("utf-8", "replace") for identifier in named)

    def previous_page(self, query: list[tuple[str, str]]) -> list[tuple[str, str]] | None:
        page = next((value for name, value in query if name == "page"), "1")
        if not page.isdigit() or int(page) < 2:
            return None
        return [(name, str(int(page) - 1)) if name == "page" else (name, value) for name, value in query]

    def refuse(self, call: Call, refusal: Refusal) -> Answer:
        status = refusal.status
        form = "json"
        if status == 429 or status >= 500:
            form = str(self.switches["trouble_body"])
        elif refusal.source == "path":
            form = str(self.switches["no_route_body"])
        if form == "empty":
            return Answer(status)
        if form == "html":
            return Answer(status, _HTML, content_type="text/html; charset=utf-8")
        words = {401: "Not authorized", 403: "Not authorized", 404: "Errors::NotFound"}
        return Answer.of({"error": words.get(status, refusal.message)}, status)

    def admit(self, call: Call) -> dict[str, str]:
        sent = call.headers.get("authorization", "")
        scheme, _space, rest = sent.partition(" ")
        key = rest if scheme == "Bearer" and self.switches["bearer_key"] == "accept" else sent
        grant = self.data["tokens"].get(key)
        if grant is None or (grant["expires"] is not None and grant["expires"] <= self.clock.now()):
            rule = "Authorization is missing" if not sent else "the key is sent bare, without a scheme" if rest else None
            raise Refusal(401, "Not authorized", rule=rule)
        if grant["kind"] != "organization":
            raise Refusal(int(self.switches["partner_key_status"]), "Not authorized")
        call.note["org"] = grant["org"]
        if self.limits["requests"]:
            left, seconds = self.charge(f"org/{grant['org']}", self.limits["requests"])
            if left < 0:
                headers = {"Retry-After": str(seconds)} if self.switches["retry_after"] == "send" else {}
                raise Refusal(429, "Too many requests", rule="rate limit", headers=headers)
        if call.body and call.media_type() != "application/json":
            raise unfit(f"content type {call.media_type() or 'missing'}", int(self.switches["media_type_status"]))
        if call.body and call.method == "DELETE":
            raise unfit("DELETE with a body")
        if call.body and call.method == "GET":
            if self.switches["body_on_get"] == "refuse":
                raise unfit("GET with a body")
            given = {name for name, _value in call.query}
            call.query = [*call.query, *((k, str(v)) for k, v in call.json().items() if k not in given and v is not None)]
        return {}

    def query(self, call: Call, *names: str) -> None:
        """Refuse what is not in ``names``."""
        wrong = call.unknown_query(names)
        if wrong is None:
            return
        if self.switches["unknown_query"] == "refuse":
            raise unfit(wrong)
        call.violation = wrong

    def fields(self, call: Call, kinds: Mapping[str, tuple[type, ...]], switch: str = "unknown_keys") -> dict[str, Any]:
        """The body's known keys that are not null, held against their types."""
        body = call.json()
        try:
            json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        except ValueError:
            raise unfit("the body holds what is neither Unicode nor JSON", 400) from None
        for name, value in body.items():
            if name not in kinds:
                call.violation = f"unknown key: {name}"
                if self.switches[switch] == "refuse":
                    raise unfit(call.violation)
            elif value is not None and (not isinstance(value, kinds[name]) or isinstance(value, bool)):
                raise unfit(f"{name} is invalid")
        return {name: value for name, value in body.items() if name in kinds and value is not None}

    def beyond(self, call: Call) -> None:
        """Refuse what the docs' own device page does not have, where the switch says so."""
        if not self.switches["beyond_first_page"]:
            raise Refusal(404, "Not Found", rule=f"unknown path: {call.path}", source="path")

    def own(self, call: Call) -> str:
        """The organization of the call's key."""
        return str(call.note["org"])

    def device(self, call: Call, number: str) -> dict[str, Any]:
        """The device of that id, if the key's organization has it."""
        device: dict[str, Any] | None = self.data["devices"].get(number)
        if device is None or device["organization"] != self.own(call):
            raise Refusal(404, "no such device")
        return device

    def model_of(self, device: Mapping[str, Any]) -> dict[str, Any]:
        model: dict[str, Any] = self.data["models"][device["model"]]
        return model

    def hardware(self, identifiers: Mapping[str, str]) -> dict[str, Any] | None:
        """The claimed device or unclaimed hardware with exactly these identifiers, by its model's way to prove ownership."""
        if self._found is None:
            self._found = {}
            for rows in (self.data["hardware"], self.data["devices"]):
                for number, row in rows.items():
                    if row["kind"] != "native":
                        continue
                    self._found[self._proof(row, self.model_of(row)["authentication"])] = number
        kind = "cloud_id" if "cloud_id" in identifiers else "sn_mac"
        known = self._found.get(self._proof(identifiers, kind), "")
        found: dict[str, Any] | None = self.data["devices"].get(known) or self.data["hardware"].get(known)
        return found

    def _proof(self, row: Mapping[str, Any], kind: str) -> tuple[str, ...]:
        if kind == "cloud_id":
            return (str(row["cloud_id"]),)
        mac = str(row["mac"])
        return (str(row["sn"]), mac if self.switches["mac_compare"] == "exact" else mac_key(mac))

    def changed(self, device: Mapping[str, Any]) -> None:
        """Forget what was encoded and listed of a device."""
        self._rows.pop(str(device["id"]), None)
        self._listed.clear()

    def regrown(self) -> None:
        """Forget everything that depends on the space tree."""
        self._rows, self._listed, self._paths = {}, {}, {}

    def spaces_of(self, organization: str) -> Iterator[dict[str, Any]]:
        return (space for space in self.data["spaces"].values() if space["organization"] == organization)

    def children(self, parent: int) -> list[dict[str, Any]]:
        return [space for space in self.data["spaces"].values() if space["parent_id"] == parent]

    def root(self, organization: str) -> dict[str, Any]:
        return next(space for space in self.spaces_of(organization) if space["parent_id"] is None)

    def unsorted(self, organization: str) -> dict[str, Any]:
        return next(space for space in self.spaces_of(organization) if space["space_type"] == "unsorted")

    def below(self, number: int) -> set[int]:
        """The space with everything under it."""
        found = {number}
        waiting = [number]
        while waiting:
            inner = [space["id"] for space in self.children(waiting.pop())]
            found.update(inner)
            waiting.extend(inner)
        return found

    def path(self, number: int) -> str:
        """Names from the root down, joined by slashes."""
        known = self._paths.get(number)
        if known is None:
            space = self.data["spaces"][str(number)]
            parent = space["parent_id"]
            known = self._paths[number] = space["name"] if parent is None else f"{self.path(parent)}/{space['name']}"
        return known

    def space(self, call: Call, number: Any, what: str = "space_id") -> dict[str, Any]:
        """The key's own space of that id, which may come as a number or as digits."""
        if not _NUMBER.fullmatch(str(number)):
            raise unfit(f"{what} is invalid")
        space: dict[str, Any] | None = self.data["spaces"].get(str(int(number)))
        if space is None:
            raise Refusal(int(self.switches["unknown_space_status"]), f"{what} is not a space")
        if space["organization"] != self.own(call):
            raise Refusal(int(self.switches["foreign_space_status"]), f"{what} is not a space of this organization")
        return space

    def shown(self, device: Mapping[str, Any]) -> dict[str, Any]:
        """The form of lists."""
        model = self.model_of(device)
        row = {name: device[name] for name in ("id", "name", "sn", "mac", "cloud_id", "status")}
        if self.switches["newer_fields"]:
            row["effective_status"] = row["merged_effective_status"] = device["effective_status"]
        return {
            **row,
            "last_seen_at": device["last_seen_at"],
            "details": device["details"],
            "model": {
                "id": model["id"],
                "name": device.get("custom_model_name") or model["name"],
                "sub_model": device["sub_model"],
            },
            "firmware": {"version": device["firmware"]},
            "space": {"id": device["space"], "full_path": self.path(device["space"])},
        }

    def whole(self, device: Mapping[str, Any]) -> dict[str, Any]:
        """The form of one device."""
        row = self.shown(device)
        if self.switches["newer_fields"]:
            row["state"] = device["state"]
            if device["kind"] == "edge":
                row["custom_parameters"] = {
                    label: "*****" if value and "password" in label.lower() else value
                    for label, value in device["custom_parameters"].items()
                }
        return row

    def row(self, device: Mapping[str, Any]) -> bytes:
        """:meth:`shown`, encoded once per change."""
        encoded = self._rows.get(device["id"])
        if encoded is None:
            encoded = self._rows[device["id"]] = encode(self.shown(device))
        return encoded

    def devices_in(self, organization: str, space: int | None) -> list[dict[str, Any]]:
        """Devices in the order in which they were claimed, of one space or of all."""
        listed = self._listed.get((organization, space))
        if listed is None:
            wanted = None if space is None else {space} if self.switches["space_filter_depth"] == "exact" else self.below(space)
            listed = self._listed[organization, space] = [
                device
                for device in self.data["devices"].values()
                if device["organization"] == organization and (wanted is None or device["space"] in wanted)
            ]
            if self.switches["order"] == "newest":
                listed.reverse()
        return listed

    def _count(self, call: Call, name: str, default: int) -> int:
        raw = call.get(name)
        if raw is None:
            return default
        if _NUMBER.fullmatch(raw) and int(raw) > 0:
            return int(raw)
        if self.switches["page_bounds"] == "refuse":
            raise unfit(f"{name} must be a number of 1 or more")
        call.violation = f"{name} must be a number of 1 or more"
        return default

    def page(self, call: Call, rows: list[dict[str, Any]], style: str) -> Answer:
        """One page of rows; ``style`` is the switch that says how it names the next one."""
        page = self._count(call, "page", 1)
        size = self._count(call, "per_page", self.limits["per_page"])
        if size > self.limits["per_page"]:
            raise unfit(f"per_page must be at most {self.limits['per_page']}")
        start = (page - 1) * size
        if start >= len(rows) and page > 1 and self.switches["page_beyond_end"] != 200:
            raise Refusal(int(self.switches["page_beyond_end"]), "no such page")
        more, follower = start + size < len(rows), page + 1
        if self.switches["endless_pages"]:
            more, follower = True, page
        ends: dict[str, Any] = {}
        if self.switches[style] != "has_next_page":
            ends["next_page"] = None if not more else str(follower) if self.switches["next_page_form"] == "text" else follower
        if self.switches[style] != "next_page":
            ends["has_next_page"] = more
        shown = rows[start : start + size]
        items = [self.row(row) for row in shown] if style == "page_style" else [encode(row) for row in shown]
        return Answer(200, b'{"items":[' + b",".join(items) + b"]," + json.dumps(ends).encode()[1:])
