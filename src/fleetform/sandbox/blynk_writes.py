# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blynk's writing operations."""

from __future__ import annotations

import copy
import math
import re
from typing import Any

from fleetform.sandbox.blynk_reads import BlynkReads
from fleetform.sandbox.cloud import stable_uuid
from fleetform.sandbox.wire import Answer, Call, Refusal, bad, check_fields

_ASCII_NAME = re.compile(r"[A-Za-z0-9 '_-]+")
_UNICODE_NAME = re.compile(r"(?:[^\W]|[ '-])+")
_EVENT_CODE = re.compile(r"[A-Za-z0-9_ ]{1,50}")
_DAY = 86_400_000


class BlynkWrites(BlynkReads):
    """POST, PUT and DELETE operations."""

    def _name(self, name: str) -> str:
        shape = _ASCII_NAME if self.switches["name_letters"] == "ascii" else _UNICODE_NAME
        if not shape.fullmatch(name) or not name.strip():
            raise bad("Device name may hold only letters, digits, spaces, apostrophes, underscores and hyphens.", "name")
        if len(name) > self.limits["name_length"]:
            raise bad(f"Device name must have at most {self.limits['name_length']} characters.", "name")
        return name

    def _no_content(self) -> Answer:
        return Answer(204)

    def create(self, call: Call) -> Answer:
        flag = str(self.switches["create_flag"])
        self.query(call, flag)
        only_base = call.boolean(flag)
        body = call.json()
        check_fields(body, {"templateId": "string", "name": "string"}, {"orgId": "int32", "ownerId": "int64"})
        name = self._name(body["name"])
        org = body.get("orgId", self.own(call))
        if org not in self.tree(self.own(call)):
            raise Refusal(404, "Organization is not found or you don't have access to it.")
        template = next((t for t in self.data["templates"] if t["orgId"] == org and body["templateId"] in t["templateIds"]), None)
        if template is None:
            raise Refusal(404, "Template is not found.")
        owner = None
        if "ownerId" in body:
            owner = self.user(call, body["ownerId"])
            if owner["orgId"] != org and self.switches["create_foreign_owner"] == "refuse":
                raise bad("The owner is not a member of the organization.", "ownerId")
            self._active(owner)
        if len(self.data["devices"]) >= self.limits["devices"]:
            raise Refusal(int(self.switches["quota_status"]), "Device quota is exceeded.")
        device = self.make_device(name, template, org, owner["id"] if owner else None)
        call.devices = (str(device["id"]),)
        return Answer.of(self.base(device) if only_base else self.full(device), 201)

    def make_device(self, name: str, template: dict[str, Any], org: int, owner: int | None) -> dict[str, Any]:
        """A new device that never connected."""
        number = self.data["next_device"]
        self.data["next_device"] = number + 1
        device = {
            "id": number,
            "name": name,
            "templateId": template["id"],
            "originalTemplateId": template.get("parentId") or template["id"],
            "orgId": org,
            "token": stable_uuid("blynk device", number).replace("-", ""),
            "activatedAt": self.clock.millis(),
            "ownerUserId": owner,
            "hardwareInfo": None,
            "connected": False,
            "lifecycleStatus": {"eventId": 0, "name": "Waiting for connection", "icon": "far fa-clock", "color": "#A6A6A6"},
            "firstConnectTime": 0,
            "connectTime": 0,
            "disconnectTime": 0,
            "firmwareUpdatedAt": 0,
            "ip": None,
            "isLocked": False,
            "lastReceivedEventAt": 0,
            "dataStreamValues": [],
            "metafields": copy.deepcopy(template["defaults"]),
            "tags": [],
            "timeline": [],
            "logs": [],
        }
        self.data["devices"][str(number)] = device
        self._follow_name(device)
        self._follow_owner(device)
        return device

    def _set_typed(self, device: dict[str, Any], kind: str, value: str | None) -> None:
        for field in self.template_of(device)["metafields"]:
            if field["type"] == kind:
                device["metafields"][str(field["id"])] = None if value is None else {"type": kind, "value": value}

    def _follow_name(self, device: dict[str, Any]) -> None:
        if self.switches["rename_writes_metafield"]:
            self._set_typed(device, "DeviceName", device["name"])

    def _follow_owner(self, device: dict[str, Any]) -> None:
        owner = self._users.get(device["ownerUserId"] or 0)
        self._set_typed(device, "DeviceOwner", owner["email"] if owner else None)

    def rename(self, call: Call) -> Answer:
        self.query(call, "deviceId")
        device = self.device(call)
        body = call.json()
        check_fields(body, {"name": "string"})
        name = self._name(body["name"])
        call.noop = name == device["name"]
        device["name"] = name
        self._follow_name(device)
        self.changed(device)
        return Answer.of(self.short(device))

    def delete(self, call: Call) -> Answer:
        self.query(call, "deviceId")
        device = self.device(call)
        del self.data["devices"][str(device["id"])]
        self.changed(device)
        return self._no_content()

    def clear(self, call: Call) -> Answer:
        self.query(call, "deviceId")
        device = self.device(call)
        erased: dict[str, Any] = {"dataStreamValues": [], "logs": [], "timeline": [], "lastReceivedEventAt": 0}
        call.noop = all(device[name] == value for name, value in erased.items())
        device.update(erased)
        return self._no_content()

    def remove_owner(self, call: Call) -> Answer:
        self.query(call, "deviceId")
        device = self.device(call)
        call.noop = device["ownerUserId"] is None
        if call.noop and self.switches["remove_absent_owner"] == "refuse":
            raise bad("The device has no owner.")
        self._set_owner(device, None)
        return self._no_content()

    def _set_owner(self, device: dict[str, Any], owner: int | None) -> None:
        device["ownerUserId"] = owner
        self._follow_owner(device)
        self.changed(device)

    def _active(self, user: dict[str, Any]) -> None:
        if user["status"] != "Active" and self.switches["inactive_owner"] == "refuse":
            raise bad("The user's account is not activated.", "newUserId")

    def to_owner(self, call: Call) -> Answer:
        self.query(call)
        body = call.json()
        check_fields(body, {"deviceId": "int32", "newUserId": "int64"})
        device = self.device(call, body["deviceId"])
        user = self.user(call, body["newUserId"])
        if device["ownerUserId"] == user["id"]:
            raise bad("Can't transfer to the same owner", "newUserId")
        self._active(user)
        if user["orgId"] != device["orgId"] and self.switches["owner_elsewhere_moves"]:
            self._move(device, user["orgId"])
        self._set_owner(device, user["id"])
        return self._no_content()

    def to_organization(self, call: Call) -> Answer:
        self.query(call)
        body = call.json()
        check_fields(body, {"deviceId": "int32", "newOrgId": "int32"})
        device = self.device(call, body["deviceId"])
        target = body["newOrgId"]
        own = self.own(call)
        reach = self.hierarchy(own) if self.switches["transfer_reach"] == "hierarchy" else self.tree(own)
        if target not in reach:
            raise Refusal(404, "Destination organization is not found or you don't have access to it.")
        if target == device["orgId"]:
            call.noop = True
            if self.switches["same_organization"] == "refuse":
                raise bad("Can't transfer to the same organization", "newOrgId")
            return self._no_content()
        self._move(device, target)
        owner = self._users.get(device["ownerUserId"] or 0)
        if owner is not None and owner["orgId"] != target and self.switches["foreign_owner_cleared"]:
            self._set_owner(device, None)
        return self._no_content()

    def _move(self, device: dict[str, Any], org: int) -> None:
        copied = self.copy_for(self.template_of(device), org)
        if copied is None:
            raise Refusal(
                int(self.switches["target_lacks_template"]), "The organization does not have the template of the device."
            )
        device["orgId"] = org
        if self.switches["template_follows"]:
            device["templateId"] = copied["id"]
        self.changed(device)

    def trigger_event(self, call: Call) -> Answer:
        self.query(call)
        body = call.json()
        check_fields(body, {"deviceId": "int32", "eventCode": "string"}, {"eventDescription": "string"})
        device = self.device(call, body["deviceId"])
        code, text = body["eventCode"], body.get("eventDescription", "")
        if not _EVENT_CODE.fullmatch(code):
            raise bad("eventCode: letters, digits, spaces and underscores, at most 50", "eventCode")
        if len(text) > 300 or len(code) + len(text) > 1024:
            raise bad("eventDescription is too long", "eventDescription")
        event = next((e for e in self.template_of(device)["events"] if e["eventCode"] == code), None)
        if event is None:
            raise Refusal(404, "Event with provided code is not found.")
        now = self.clock.millis()
        mine = [entry for entry in device["timeline"] if entry.get("triggered")]
        if sum(entry["ts"] > now - _DAY for entry in mine) >= self.limits["events_per_day"]:
            raise Refusal(
                int(self.switches["event_limit_status"]), "Event limit of the device is reached.", rule="events per day"
            )
        if any(entry["eventId"] == event["id"] and now - entry["ts"] < 1000 for entry in mine):
            raise Refusal(
                int(self.switches["event_limit_status"]),
                "The same event was triggered within a second.",
                rule="events per second",
            )
        number = self.data["next_entry"]
        self.data["next_entry"] = number + 1
        device["timeline"].append(
            {
                "id": number,
                "eventId": event["id"],
                "orgId": device["orgId"],
                "eventType": event["type"],
                "description": text,
                "ts": now,
                "isResolved": False,
                "resolvedAt": 0,
                "resolvedComment": None,
                "triggered": True,
            }
        )
        return self._no_content()

    def set_metafield(self, call: Call) -> Answer:
        self.query(call)
        body = call.json()
        check_fields(body, {"deviceId": "int32", "metaFieldId": "int32", "newValue": "scalar"})
        device = self.device(call, body["deviceId"])
        field = next((f for f in self.template_of(device)["metafields"] if f["id"] == body["metaFieldId"]), None)
        if field is None:
            raise Refusal(404, "Meta field is not found.")
        value = self._metafield_value(field, body["newValue"])
        key = str(field["id"])
        call.noop = device["metafields"].get(key) == value
        device["metafields"][key] = value
        if field["type"] == "DeviceName" and self.switches["rename_writes_metafield"]:
            device["name"] = value["value"]
            self.changed(device)
        return self._no_content()

    def _metafield_value(self, field: dict[str, Any], value: Any) -> dict[str, Any]:
        kind = field["type"]
        wrong = bad("The provided value for metafield is invalid.", "newValue")
        if kind not in self.switches["writable_types"]:
            raise wrong
        if kind == "Number":
            if isinstance(value, str) and self.switches["number_as_text"]:
                try:
                    value = float(value)
                except ValueError:
                    raise wrong from None
            low, high = field.get("min", -math.inf), field.get("max", math.inf)
            if isinstance(value, str) or not math.isfinite(value) or not low <= value <= high:
                raise wrong
            return {"type": kind, "value": float(value), **{n: field[n] for n in ("min", "max", "step") if n in field}}
        if kind == "Int":
            if not isinstance(value, int):
                raise wrong
            return {"type": kind, "value": value}
        if not isinstance(value, str) or len(value) > 255 or (value == "" and self.switches["empty_text"] == "refuse"):
            raise wrong
        if kind == "DeviceName":
            self._name(value)
        if kind == "IMEI" and not re.fullmatch(r"\d{15}", value):
            raise wrong
        if kind == "List":
            if value not in field["options"]:
                raise wrong
            return {"type": kind, "options": field["options"], "selectedOption": value}
        return {"type": kind, "value": value}

    def claim(self, call: Call) -> Answer:
        self.query(call)
        body = call.json()
        name = str(self.switches["claim_field"])
        check_fields(body, {name: "string", "userId": "int64"})
        user = self.user(call, body["userId"])
        token = self._static_token(body[name].partition("+")[0])
        if token["status"] == "CLAIMED":
            raise bad("The static token is already claimed.", name)
        template = self.copy_for(self._templates[token["productId"]], user["orgId"])
        if template is None:
            raise Refusal(404, "Template is not found.")
        device = self.make_device(template["name"], template, user["orgId"], user["id"])
        token.update(
            status="CLAIMED", ownerId=user["id"], deviceId=device["id"], claimedOrgId=user["orgId"], deviceToken=device["token"]
        )
        return Answer.of(self.base(device))

    def unclaim(self, call: Call) -> Answer:
        self.query(call)
        body = call.json()
        name = str(self.switches["claim_field"])
        check_fields(body, {name: "string"})
        token = self._static_token(body[name].partition("+")[0])
        if token["status"] != "CLAIMED":
            raise bad("The static token is not claimed.", name)
        self.data["devices"].pop(str(token.pop("deviceId", None)), None)
        for gone in ("ownerId", "claimedOrgId"):
            token.pop(gone, None)
        token["status"] = "UNCLAIMED"
        return self._no_content()

    def _static_token(self, text: str) -> dict[str, Any]:
        for token in self.data["static_tokens"]:
            if token["token"] == text:
                found: dict[str, Any] = token
                return found
        raise Refusal(404, "Static token is not found.")

    def drift(self, device: str, changes: dict[str, Any]) -> dict[str, Any]:
        """``set``: any field of the stored device; ``metafields`` by name (a scalar or a whole value), ``tags`` by name."""
        devices = self.data["devices"]
        found = devices.get(device) or next((d for d in devices.values() if d["name"] == device), None)
        if found is None:
            raise KeyError(device)
        self.changed(found)
        if changes.get("remove"):
            removed: dict[str, Any] = devices.pop(str(found["id"]))
            return removed
        for name, value in changes.items():
            if name == "metafields":
                self._drift_metafields(found, value)
            elif name == "tags":
                found["tags"] = [next(t["id"] for t in self.data["tags"] if t["name"] == tag) for tag in value]
            elif name in found:
                found[name] = value
            else:
                raise KeyError(name)
        if "name" in changes:
            self._follow_name(found)
        if "ownerUserId" in changes:
            self._follow_owner(found)
        return dict(found)

    def _drift_metafields(self, device: dict[str, Any], values: dict[str, Any]) -> None:
        fields = {field["name"]: field for field in self.template_of(device)["metafields"]}
        for name, value in values.items():
            field = fields[name]
            if value is None or isinstance(value, dict):
                device["metafields"][str(field["id"])] = value
            elif field["type"] in ("Number", "List"):
                device["metafields"][str(field["id"])] = self._metafield_value(field, value)
            else:
                device["metafields"][str(field["id"])] = {"type": field["type"], "value": value}
