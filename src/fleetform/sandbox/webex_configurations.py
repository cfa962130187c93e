# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Webex's device configurations: reading by key pattern, and patching under a value space."""

from __future__ import annotations

from typing import Any

from fleetform.sandbox.webex_ids import decoded
from fleetform.sandbox.webex_reads import WebexReads
from fleetform.sandbox.webex_settings import Setting, chosen, fits, settings_of
from fleetform.sandbox.wire import Answer, Call, Refusal, bad, check_fields

_TAIL = "/sources/configured/value"


class WebexConfigurations(WebexReads):
    """``/deviceConfigurations``, whose device is in the query."""

    def get_configurations(self, call: Call) -> Answer:
        self.query(call, "deviceId", "key")
        self.need(call, "spark-admin:devices_read")
        row, known = self._configured(call)
        keys = list(known)
        pattern = call.get("key")
        if pattern:
            found = chosen(keys, pattern)
            if found is None:
                raise bad(f"malformed key: {pattern}")
            keys = found
        return self._entries(call, row, known, keys)

    def patch_configurations(self, call: Call) -> Answer:
        self.query(call, "deviceId")
        self.need(call, "spark-admin:devices_read", "spark-admin:devices_write")
        row, known = self._configured(call)
        uuid = (decoded(row["id"]) or ("", ""))[1]
        held = dict(self.data["configurations"].get(uuid, {}))
        keys = []
        for entry in self.operations(call, str(self.switches["configuration_body"])):
            key = self._apply(entry, known, self.data["locked"].get(uuid, []), held)
            keys.append(key)
        call.noop = held == self.data["configurations"].get(uuid, {})
        self.data["configurations"][uuid] = held
        if self.switches["system_name_shows"] and "SystemUnit.Name" in keys:
            self.named(row, held.get("SystemUnit.Name") or self.holder_name(row))
        shown = list(known) if self.switches["configuration_answer"] == "all" else list(dict.fromkeys(keys))
        status = int(self.switches["configuration_status"])
        answer = self._entries(call, row, known, shown)
        return Answer(status) if status == 204 else Answer(status, answer.body)

    def _configured(self, call: Call) -> tuple[dict[str, Any], dict[str, Setting]]:
        given = call.text("deviceId", required=True) or ""
        row = self.find("devices", "DEVICE", given)
        grant = self.grant(call)
        if row is None or not any(self.owned(row, org) for org in (grant["org"], *grant["managed"])):
            raise self.gone(given)
        known = settings_of(row["product"])
        if known is None:
            raise Refusal(int(self.switches["no_configurations_status"]), "The device does not use the configuration service.")
        return row, known

    def _apply(self, entry: dict[str, Any], known: dict[str, Setting], locked: list[str], held: dict[str, Any]) -> str:
        check_fields(entry, {"op": "string", "path": "string"}, {"value": "any"})
        path: str = entry["path"]
        key = path.removesuffix(_TAIL)
        if key == path or path.startswith("/"):
            raise bad(f"unsupported path: {path}")
        if key not in known:
            raise bad(f"the device does not know {key}")
        if entry["op"] not in ("replace", "remove"):
            raise bad(f"unsupported op: {entry['op']}")
        if key in locked:
            raise Refusal(int(self.switches["locked_status"]), f"{key} is not editable.", rule=f"{key} is not editable")
        if entry["op"] == "remove":
            if "value" in entry:
                raise bad("remove takes no value")
            held.pop(key, None)
            return key
        if "value" not in entry or not fits(known[key][0], entry["value"]):
            raise bad(f"{key}: the value is not in the value space")
        held[key] = entry["value"]
        return key

    def _entries(self, call: Call, row: dict[str, Any], known: dict[str, Setting], keys: list[str]) -> Answer:
        uuid = (decoded(row["id"]) or ("", ""))[1]
        held, locked = self.data["configurations"].get(uuid, {}), self.data["locked"].get(uuid, [])
        writes = self.may(call, "spark-admin:devices_write")
        items = {key: self._entry(known[key], held, key, locked=key in locked, writes=writes) for key in keys}
        return Answer.of({"deviceId": row["id"], "items": items})

    def _entry(self, setting: Setting, held: dict[str, Any], key: str, *, locked: bool, writes: bool) -> dict[str, Any]:
        space, default = setting
        reason = "CONFIG_MANAGED_BY_DIFFERENT_AUTHORITY" if locked else None if writes else "NOT_AUTHORIZED"
        name = str(self.switches["editability_name"])
        editable: dict[str, Any] = {name: reason is None}
        if reason is not None:
            editable["reason"] = reason
        factory = {"value": default, "editability": {name: False, "reason": "FACTORY_DEFAULT"}, "level": "FACTORY"}
        return {
            "value": held.get(key, default),
            "source": "configured" if key in held else "default",
            "sources": {
                "default": factory,
                "configured": {"value": held.get(key), "editability": editable, "level": "DEVICE"},
            },
            "valueSpace": space,
        }

    def holder_name(self, row: dict[str, Any]) -> str:
        """The name of the workspace or person that has the device."""
        table, given = ("workspaces", row["workspaceId"]) if row["workspaceId"] else ("people", row["personId"])
        uuid = (decoded(given) or ("", ""))[1]
        return str(self.data[table][uuid]["displayName"])

    def named(self, row: dict[str, Any], name: str) -> None:
        """Let the device show another name."""
        row["displayName"] = name
        self.changed(row)
