# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Xyte's writing operations on devices, and drift."""

from __future__ import annotations

import copy
from typing import Any

from fleetform.sandbox.cloud import stable_uuid
from fleetform.sandbox.wire import Answer, Call, Refusal
from fleetform.sandbox.xyte_base import unfit
from fleetform.sandbox.xyte_reads import XyteReads
from fleetform.sandbox.xyte_schema import complaint
from fleetform.sandbox.xyte_seed import as_hardware, claimed

_TEXT, _SPACE_ID = (str,), (int, str)
_EDGE_KEYS: dict[str, tuple[type, ...]] = {
    "custom_parameters": (dict,),
    "device_host_address": _TEXT,
    "sub_model": _TEXT,
    "sn": _TEXT,
    "mac": _TEXT,
    "custom_model_name": _TEXT,
    "custom_vendor_name": _TEXT,
}
_SUCCESS = {"success": True}


class XyteWrites(XyteReads):
    """Claiming, changing, moving and deleting devices."""

    def claim(self, call: Call) -> Answer:
        self.query(call)
        kinds = {"name": _TEXT, "space_id": _SPACE_ID, "mac": _TEXT, "sn": _TEXT, "cloud_id": _TEXT}
        body = {name: value for name, value in self.fields(call, kinds).items() if value != ""}
        if len(body) < len(call.json().keys() & kinds) and not self.switches["empty_is_absent"]:
            raise unfit("a key without a value")
        identifiers = self._identifiers(body)
        own = self.own(call)
        if "space_id" in body:
            space = self.space(call, body["space_id"])
        elif self.switches["space_required"]:
            raise unfit("space_id is required")
        else:
            space = self.unsorted(own)
        found = self.hardware(identifiers)
        gone = found is not None and found.get("deleted") and not self.switches["deleted_claimable"]
        if found is None or gone:
            raise Refusal(int(self.switches["claim_refused_status"]), "Device not found or cannot be claimed")
        if "organization" in found:
            raise Refusal(422, "Device already claimed")
        del self.data["hardware"][found["id"]]
        if found["deleted"] and not self.switches["reclaim_keeps_id"]:
            self.data["claims"] += 1
            found["id"] = stable_uuid("xyte reclaimed", found["id"], self.data["claims"])
            self._found = None
        name = body.get("name")
        if name is None and self.switches["unnamed"] == "model":
            name = self.model_of(found)["name"]
        device = claimed(found, own, int(space["id"]), name)
        self.data["devices"][device["id"]] = device
        self.changed(device)
        call.devices = (device["id"],)
        return Answer.of(self.shown(device), int(self.switches["claim_status"]))

    def _identifiers(self, body: dict[str, Any]) -> dict[str, str]:
        pair: dict[str, str] = {name: body[name] for name in ("sn", "mac") if name in body}
        if "cloud_id" in body:
            if pair and self.switches["both_identifiers"] == "refuse":
                raise unfit("cloud_id together with sn or mac")
            return {"cloud_id": body["cloud_id"]}
        if len(pair) < 2:
            raise unfit("Either cloud_id, or mac and sn are required")
        return pair

    def update(self, call: Call, number: str) -> Answer:
        self.query(call)
        device = self.device(call, number)
        kinds: dict[str, tuple[type, ...]] = {"configuration": (dict,)}
        if self.switches["beyond_first_page"]:
            kinds["name"] = _TEXT
            if device["kind"] == "edge" or self.switches["edge_keys"] == "refuse":
                kinds.update(_EDGE_KEYS)
        given = self.fields(call, kinds, "unknown_patch_keys")
        if not given and call.violation is None and self.switches["empty_patch"] == "refuse":
            raise unfit("nothing to update")
        edge = {name: value for name, value in given.items() if name in _EDGE_KEYS}
        if edge and device["kind"] != "edge":
            raise unfit(f"{', '.join(edge)}: only for edge devices")
        if given.get("name") == "":
            raise unfit("name is invalid")
        wanted = copy.deepcopy(device)
        if "configuration" in given:
            self._configure(wanted, given["configuration"])
        if "name" in given and self.switches["rename_applied"]:
            wanted["name"] = given["name"]
        wanted["custom_parameters"].update(edge.pop("custom_parameters", {}))
        wanted.update(edge)
        # Nobody can read a configuration back, so that sending an equal one is no carelessness.
        call.noop = wanted == device and "configuration" not in given and bool(self.switches["rename_applied"])
        device.update(wanted)
        if edge:
            self._found = None
        self.changed(device)
        return Answer.of(_SUCCESS)

    def _configure(self, device: dict[str, Any], wanted: dict[str, Any]) -> None:
        if self.switches["configuration_merge"]:
            wanted = _merged(device["configuration"], wanted)
        wrong = complaint(wanted, self.model_of(device)["schema"])
        if wrong:
            # The schema is not published, so that no client could have known.
            raise Refusal(422, wrong)
        device["configuration"] = wanted
        device["configuration_version"] += 1

    def move(self, call: Call, number: str) -> Answer:
        self.beyond(call)
        self.query(call)
        device = self.device(call, number)
        body = self.fields(call, {"space_id": _SPACE_ID})
        if "space_id" not in body:
            raise unfit("space_id is required")
        space = self.space(call, body["space_id"])
        if device["parent"] is not None and self.switches["children_stay"]:
            raise Refusal(422, "The device is bound to the space of its parent")
        call.noop = device["space"] == space["id"]
        self._place(device, int(space["id"]))
        form = self.switches["move_answer"]
        return Answer.of(_SUCCESS) if form == "json" else Answer(204 if form == "none" else 200)

    def _place(self, device: dict[str, Any], space: int) -> None:
        for moved in (device, *(d for d in self.data["devices"].values() if d["parent"] == device["id"])):
            moved["space"] = space
            self.changed(moved)

    def delete(self, call: Call, number: str) -> Answer:
        self.query(call)
        self._remove(self.device(call, number))
        return Answer.of(_SUCCESS)

    def _remove(self, device: dict[str, Any]) -> None:
        """Out of the organization; what was registered by itself can be claimed again."""
        for gone in (device, *(d for d in list(self.data["devices"].values()) if d["parent"] == device["id"])):
            del self.data["devices"][gone["id"]]
            if gone["kind"] == "native":
                self.data["hardware"][gone["id"]] = as_hardware(gone)
            self.changed(gone)

    def drift(self, device: str, changes: dict[str, Any]) -> dict[str, Any]:
        """``set``: any field of the stored device; ``space`` by id or full path. The device by id, serial, cloud id or name."""
        devices = self.data["devices"]
        found = devices.get(device) or next((d for d in devices.values() if device in (d["sn"], d["cloud_id"], d["name"])), None)
        if found is None:
            raise KeyError(device)
        self._found = None
        if changes.get("remove"):
            self._remove(found)
            return dict(found)
        for name, value in changes.items():
            if name == "space":
                self._place(found, self._space_like(found["organization"], value))
            elif name in found:
                found[name] = value
            else:
                raise KeyError(name)
        self.changed(found)
        return dict(found)

    def _space_like(self, organization: str, wanted: Any) -> int:
        for space in self.spaces_of(organization):
            if wanted == space["id"] or wanted in (str(space["id"]), self.path(space["id"])):
                return int(space["id"])
        raise KeyError(wanted)


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    both = {
        name: _merged(old[name], value) if isinstance(value, dict) and isinstance(old.get(name), dict) else value
        for name, value in new.items()
    }
    return {**old, **both}
