# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Webex's writing operations on devices and workspaces."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

from fleetform.sandbox.cloud import stable_uuid
from fleetform.sandbox.webex_base import plain_mac, texts
from fleetform.sandbox.webex_configurations import WebexConfigurations
from fleetform.sandbox.webex_ids import decoded
from fleetform.sandbox.webex_seed import PHONES, device_row, stamp, workspace_row
from fleetform.sandbox.wire import Answer, Call, Refusal, bad, check_fields

_MAC = re.compile(r"[0-9A-Fa-f]{12}")
_MAC_IN_USE = "5675"
_TYPES = ("notSet", "focus", "huddle", "meetingRoom", "open", "desk", "other")
_CALLING = ("freeCalling", "hybridCalling", "webexCalling", "webexEdgeForDevices", "thirdPartySipCalling", "none")
_CALLING_MOVABLE = ("freeCalling", "none", "thirdPartySipCalling", "webexCalling")
_CALLING_NO_DEVICES = ("none", "thirdPartySipCalling", "webexCalling")
_SETTABLE = {
    "displayName": "string",
    "locationId": "string",
    "workspaceLocationId": "string",
    "floorId": "string",
    "capacity": "int32",
    "type": "string",
    "notes": "string",
    "sipAddress": "string",
    "calling": "object",
    "calendar": "object",
    "hotdeskingStatus": "string",
    "deviceHostedMeetings": "object",
    "indoorNavigation": "object",
}
_READ_ONLY = (
    "id",
    "orgId",
    "created",
    "health",
    "devices",
    "capabilities",
    "plannedMaintenance",
    "customAttributes",
    "devicePlatform",
    "supportedDevices",
)


class WebexWrites(WebexConfigurations):
    """PATCH, POST, PUT and DELETE, and what happens without a call."""

    def patch_device(self, call: Call, given: str) -> Answer:
        self.query(call, "orgId")
        row = self.device(call, given, "devices_write")
        tags = list(row["tags"])
        for entry in self.operations(call, str(self.switches["tag_body"])):
            tags = self._tagged(call, entry, tags)
        call.noop = tags == row["tags"]
        row["tags"] = tags
        self.changed(row)
        return Answer(200, self.encoded(row))

    def _tagged(self, call: Call, entry: dict[str, Any], tags: list[str]) -> list[str]:
        check_fields(entry, {"op": "string", "path": "string"}, {"value": "list"})
        if entry["path"] != "tags":
            raise bad(f"unsupported path: {entry['path']}")
        if entry["op"] == "remove":
            if "value" in entry:
                call.violation = "remove takes away all tags, whatever its value says"
            return []
        if entry["op"] not in ("add", "replace"):
            raise bad(f"unsupported op: {entry['op']}")
        if "value" not in entry or not texts(entry["value"]):
            raise bad("value: a list of texts")
        wanted = list(dict.fromkeys(entry["value"]))
        if entry["op"] == "replace":
            return wanted
        return [*tags, *[tag for tag in wanted if self.switches["tag_duplicates"] or tag not in tags]]

    def delete_device(self, call: Call, given: str) -> Answer:
        self.query(call, "orgId")
        self._drop(self.device(call, given, "devices_write"))
        return Answer(204)

    def _drop(self, row: dict[str, Any]) -> dict[str, Any]:
        uuid = (decoded(row["id"]) or ("", ""))[1]
        self.changed(row)
        self.data["configurations"].pop(uuid, None)
        return self.leave("devices", uuid)

    def _holder(self, call: Call, body: dict[str, Any], org: str) -> tuple[str, dict[str, Any]]:
        """The workspace or person that is to have a device; ``(PLACE or PEOPLE, row)``."""
        if ("workspaceId" in body) == ("personId" in body):
            raise bad("exactly one of workspaceId and personId is needed")
        name, table, kind = ("workspaceId", "workspaces", "PLACE") if "workspaceId" in body else ("personId", "people", "PEOPLE")
        row = self.find(table, kind, body[name])
        if row is None or not self.owned(row, org):
            raise Refusal(404, f"{name} is not known in the organization.")
        return kind, row

    def add_device(self, call: Call) -> Answer:
        self.query(call, "orgId")
        self.need(call, "spark-admin:devices_write")
        org = self.org(call)
        body = call.json()
        check_fields(
            body, {"mac": "string", "model": "string"}, {"workspaceId": "string", "personId": "string", "password": "string"}
        )
        kind, holder = self._holder(call, body, org)
        mac = body["mac"] if self.switches["add_mac_form"] == "plain" else plain_mac(body["mac"])
        if not _MAC.fullmatch(mac):
            raise bad("mac: 12 hexadecimal digits without separators")
        product = self._phone(body["model"])
        if "password" in body:
            raise bad("password is for third-party phones only")
        self._takes_phone(kind, holder)
        if call.note["began"] < self._added.get(holder["id"], 0.0):
            call.violation = "two phones are added to one workspace or person at the same time"
        if self.mac_taken(mac):
            seen = any(plain_mac(row["mac"]) == mac.upper() and self.owned(row, org) for row in self._seen())
            rule = "the MAC is a listed device's" if seen else None
            raise Refusal(int(self.switches["mac_in_use_status"]), "The MAC address is in use.", rule=rule, code=_MAC_IN_USE)
        row = self._join(org, holder, product, "phone", mac, None, "activating")
        self._added[holder["id"]] = time.time()
        if self.switches["add_answer"] == "empty":
            return Answer(200, b"")
        return Answer(200, self.encoded(row))

    def _seen(self) -> list[dict[str, Any]]:
        """The devices that a listing shows already."""
        return [row for uuid, row in self.data["devices"].items() if uuid not in self.data["lag"]["devices"]]

    def _phone(self, model: str) -> str:
        for known, (product, _lines) in PHONES.items():
            if model in (known, product):
                return product
        raise bad(f"model {model} is not among the supported devices")

    def _takes_phone(self, kind: str, holder: dict[str, Any]) -> None:
        if kind != "PLACE":
            return
        if holder["supportedDevices"] != "phones" and self.switches["phone_in_room"] == "refuse":
            raise bad("the workspace does not support phones")
        if holder["calling"]["type"] != "webexCalling" and self.switches["phone_needs_calling"]:
            raise bad("the workspace has no Webex Calling")

    def _join(
        self, org: str, holder: dict[str, Any], product: str, kind: str, mac: str, serial: str | None, status: str
    ) -> dict[str, Any]:
        self.data["serial"] += 1
        uuid = stable_uuid("webex device", "new", self.data["serial"])
        row = device_row(uuid, org, holder, product, kind, mac, self.clock.rfc3339(), serial, status)
        self.enter("devices", uuid, row)
        if holder.get("calling", {}).get("type") in ("none", "thirdPartySipCalling"):
            holder["calling"] = {"type": "freeCalling"}
        return row

    def make_code(self, call: Call) -> Answer:
        self.query(call, "orgId")
        self.need(call, "spark-admin:devices_write")
        org = self.org(call)
        body = call.json()
        check_fields(body, {}, {"workspaceId": "string", "personId": "string", "model": "string"})
        kind, holder = self._holder(call, body, org)
        if not self.may(call, "identity:one_time_password") and (
            kind != "PLACE" or not self.may(call, "identity:placeonetimepassword_create")
        ):
            raise Refusal(403, "The token lacks a scope for one-time passwords.")
        product = None
        if "model" in body:
            product = self._phone(body["model"])
            self._takes_phone(kind, holder)
        elif kind == "PLACE" and holder["supportedDevices"] == "phones":
            raise bad("a phone's activation code needs a model")
        self.data["serial"] += 1
        seed = stable_uuid("webex code", self.data["serial"]).replace("-", "")
        code = str(int(seed, 16))[:16].rjust(16, "5")
        expires = self.clock.now() + self.limits["code_days"] * 86_400
        pending = None
        if product is None:
            uuid = stable_uuid("webex pending", code)
            mac = "000000000000"
            pending = device_row(uuid, org, holder, "", "unknown", mac, self.clock.rfc3339(), None, "activating")
            pending["mac"] = None
        self.data["codes"][code] = {
            "org": org, "kind": kind, "holder": holder["id"], "product": product, "expires": expires, "row": pending,
        }  # fmt: skip
        return Answer.of({"code": code, "expiryTime": stamp(datetime.fromtimestamp(expires, UTC))})

    def happen(self, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        """``redeem``: a device takes an activation ``code``; ``serial``, ``mac`` and (RoomOS) ``product`` are its own.

        :raises KeyError: for another event, or a code that is unknown, used or expired.
        """
        if event != "redeem":
            raise KeyError(event)
        code = str(fields["code"])
        entry = self.data["codes"][code]
        if entry["expires"] <= self.clock.now():
            raise KeyError(code)
        del self.data["codes"][code]
        uuid = (decoded(entry["holder"]) or ("", ""))[1]
        holder = self.data["workspaces" if entry["kind"] == "PLACE" else "people"][uuid]
        phone = entry["product"] is not None
        product = entry["product"] or str(fields.get("product") or "Cisco Room Bar")
        serial = str(fields.get("serial") or f"FOC29{int(code[-6:]):06d}")
        mac = plain_mac(str(fields.get("mac") or f"8ca53d{int(code[-6:]) % 0xFFFFFF:06x}"))
        return dict(self._join(entry["org"], holder, product, "phone" if phone else "roomdesk", mac, serial, "connected"))

    def add_workspace(self, call: Call) -> Answer:
        self.query(call)
        self.need(call, "spark-admin:workspaces_write", "spark-admin:telephony_config_write")
        body = call.json()
        check_fields(body, {"displayName": "string"}, {**_SETTABLE, "orgId": "string", "supportedDevices": "string"})
        org = self.org(call, body.get("orgId"))
        supported = body.get("supportedDevices", "collaborationDevices")
        if supported not in ("collaborationDevices", "phones"):
            raise bad("supportedDevices: collaborationDevices or phones")
        uuid = stable_uuid("webex workspace", "new", self.data["serial"] + 1)
        if self.switches["workspace_name_twice"] == "refuse" and any(
            self.owned(other, org) and other["displayName"] == body["displayName"] for other in self.data["workspaces"].values()
        ):
            raise Refusal(409, "A workspace of this name exists.")
        row = workspace_row(uuid, org, body["displayName"], self.clock.rfc3339(), None, supportedDevices=supported)
        self._set(call, row, body, org)
        if supported == "phones" and row["calling"]["type"] != "webexCalling":
            row["health"] = {"level": "error", "issues": [{"title": "Webex Calling is not set up"}]}
        self.data["serial"] += 1
        self.enter("workspaces", uuid, row)
        return Answer.of(self.workspace_shown(row, []), 201)

    def put_workspace(self, call: Call, given: str) -> Answer:
        self.query(call)
        self.need(call, "spark-admin:workspaces_write", "spark-admin:telephony_config_write")
        row = self.workspace(call, given)
        body = call.json()
        wrong = [name for name in _READ_ONLY if name in body]
        if wrong and self.switches["put_read_only"] == "refuse":
            raise bad(f"read-only field: {', '.join(wrong)}")
        for name in wrong:
            del body[name]
        check_fields(body, {"displayName": "string"}, _SETTABLE)
        org = (decoded(row["orgId"]) or ("", ""))[1]
        before = dict(row)
        draft = {**row, **{name: None for name in self.switches["put_drops"] if name not in body}}
        self._set(call, draft, body, org, old=row)
        call.noop = draft == before
        row.update(draft)
        self._spread(row)
        return Answer.of(self.workspace_shown(row, self.inside(row)))

    def _spread(self, workspace: dict[str, Any]) -> None:
        """What a change of a workspace does to its devices."""
        for device in self.inside(workspace):
            if self.switches["device_shows_workspace_name"]:
                device["displayName"] = workspace["displayName"]
            device["locationId"], device["workspaceLocationId"] = workspace["locationId"], workspace["workspaceLocationId"]
            self.changed(device)

    def _set(self, call: Call, row: dict[str, Any], body: dict[str, Any], org: str, old: dict[str, Any] | None = None) -> None:
        """Take the fields of a body over into a row.

        :raises Refusal: 400 for a value that cannot be, 404 for a location that is not there.
        """
        if not body["displayName"].strip():
            raise bad("displayName: must not be blank")
        if body.get("type") not in (None, *_TYPES):
            raise bad(f"type: one of {', '.join(_TYPES)}")
        if body.get("capacity", 0) < 0:
            raise bad("capacity: must not be negative")
        if body.get("hotdeskingStatus") not in (None, "on", "off"):
            raise bad("hotdeskingStatus: on or off")
        self._set_calling(row, body, old)
        if "sipAddress" in body and row["calling"]["type"] != "thirdPartySipCalling":
            raise bad("sipAddress goes with thirdPartySipCalling only")
        self._set_location(row, body, org)
        if body.get("floorId") and not row["locationId"]:
            raise bad("floorId needs a locationId")
        for name, value in body.items():
            if name not in ("calling", "locationId", "workspaceLocationId", "orgId", "supportedDevices"):
                row[name] = value
        if row["type"] == "notSet":
            row["type"] = None

    def _set_location(self, row: dict[str, Any], body: dict[str, Any], org: str) -> None:
        for name in ("locationId", "workspaceLocationId"):
            if name not in body or body[name] == row[name]:
                continue
            if row[name] is not None:
                raise bad(f"{name} cannot be changed once it is set")
            for place in self.data["locations"].values():
                if self.owned(place, org) and body[name] in (place["id"], place["_legacy"]):
                    row["locationId"], row["workspaceLocationId"] = place["id"], place["_legacy"]
                    break
            else:
                raise Refusal(404, f"{name} is not known in the organization.")

    def _set_calling(self, row: dict[str, Any], body: dict[str, Any], old: dict[str, Any] | None) -> None:
        calling = body.get("calling")
        if calling is None:
            return
        kind = calling.get("type")
        if kind not in _CALLING:
            raise bad(f"calling.type: one of {', '.join(_CALLING)}")
        if kind == "webexCalling":
            detail = calling.get("webexCalling") or {}
            if not detail.get("locationId") or not (detail.get("phoneNumber") or detail.get("extension")):
                raise bad("webexCalling needs locationId and a phoneNumber or extension")
        if old is not None and kind != old["calling"]["type"]:
            if old["calling"]["type"] not in _CALLING_MOVABLE:
                raise bad(f"calling cannot be changed from {old['calling']['type']}")
            if kind in _CALLING_NO_DEVICES and self.inside(old):
                raise bad(f"calling cannot become {kind} while the workspace has devices")
        row["calling"] = calling

    def delete_workspace(self, call: Call, given: str) -> Answer:
        self.query(call)
        self.need(call, "spark-admin:workspaces_write", "spark-admin:telephony_config_write")
        row = self.workspace(call, given)
        self._drop_workspace(row)
        return Answer(204)

    def _drop_workspace(self, row: dict[str, Any]) -> dict[str, Any]:
        for device in self.inside(row):
            self._drop(device)
        return self.leave("workspaces", (decoded(row["id"]) or ("", ""))[1])

    def drift(self, device: str, changes: dict[str, Any]) -> dict[str, Any]:
        """``device``: id, serial, MAC or name of a device, or id of a workspace or person.

        ``set``: any field of the stored row; of a device also ``configurations`` (``{key: value, or None for the default}``),
        ``workspace`` and ``person`` (id or name: who has it now). A displayName is the workspace's, as far as there is one.
        """
        for table, drop in (("workspaces", self._drop_workspace), ("people", self._drop_person)):
            row = next((r for r in self.data[table].values() if r["id"] == device), None)
            if row is not None:
                return self._drift_holder(row, changes, drop)
        found = self._drifting(device)
        if changes.get("remove"):
            return self._drop(found)
        for name, value in changes.items():
            if name == "configurations":
                self._drift_configurations(found, value)
            elif name in ("workspace", "person"):
                self._drift_owner(found, name, value)
            elif name in found:
                found[name] = value
            else:
                raise KeyError(name)
        if "displayName" in changes and found["workspaceId"]:
            holder = self.data["workspaces"][(decoded(found["workspaceId"]) or ("", ""))[1]]
            holder["displayName"] = changes["displayName"]
            self._spread(holder)
        self.changed(found)
        return dict(found)

    def _drifting(self, device: str) -> dict[str, Any]:
        rows: list[dict[str, Any]] = list(self.data["devices"].values())
        for fits in (
            lambda row: device in (row["id"], row["serial"]),
            lambda row: row["mac"] is not None and plain_mac(row["mac"]) == plain_mac(device),
            lambda row: row["displayName"] == device,
        ):
            for row in rows:
                if fits(row):
                    return row
        raise KeyError(device)

    def _drift_holder(self, row: dict[str, Any], changes: dict[str, Any], drop: Any) -> dict[str, Any]:
        if changes.get("remove"):
            dropped: dict[str, Any] = drop(row)
            return dropped
        for name, value in changes.items():
            if name not in row:
                raise KeyError(name)
            row[name] = value
        if "supportedDevices" in row:
            self._spread(row)
        return dict(row)

    def _drop_person(self, row: dict[str, Any]) -> dict[str, Any]:
        if self.switches["person_takes_devices"]:
            for device in [d for d in self.data["devices"].values() if d["personId"] == row["id"]]:
                self._drop(device)
        dropped: dict[str, Any] = self.data["people"].pop((decoded(row["id"]) or ("", ""))[1])
        return dropped

    def _drift_configurations(self, row: dict[str, Any], values: dict[str, Any]) -> None:
        held = self.data["configurations"].setdefault((decoded(row["id"]) or ("", ""))[1], {})
        for key, value in values.items():
            if value is None:
                held.pop(key, None)
            else:
                held[key] = value

    def _drift_owner(self, row: dict[str, Any], name: str, value: str) -> None:
        table = "workspaces" if name == "workspace" else "people"
        holder = next((r for r in self.data[table].values() if value in (r["id"], r["displayName"])), None)
        if holder is None:
            raise KeyError(value)
        row["workspaceId"] = row["placeId"] = holder["id"] if name == "workspace" else None
        row["personId"] = holder["id"] if name == "person" else None
        row["locationId"], row["workspaceLocationId"] = holder.get("locationId"), holder.get("workspaceLocationId")
        row["displayName"] = holder["displayName"]
