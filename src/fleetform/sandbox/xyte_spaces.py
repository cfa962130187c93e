# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Xyte's writing operations on the space tree."""

from __future__ import annotations

from typing import Any

from fleetform.sandbox.wire import Answer, Call, Refusal
from fleetform.sandbox.xyte_base import unfit
from fleetform.sandbox.xyte_writes import XyteWrites

_KINDS: dict[str, tuple[type, ...]] = {"name": (str,), "parent_id": (int, str), "config": (dict,)}
_SETTINGS = ("img", "location", "temperature_units", "priority_factor", "notification_delay")
_CONFIG = frozenset(_SETTINGS) | {f"inherit_{name}" for name in _SETTINGS}


class XyteSpaces(XyteWrites):
    """Making, finding, changing and deleting spaces."""

    def _body(self, call: Call) -> dict[str, Any]:
        self.beyond(call)
        self.query(call)
        body = self.fields(call, _KINDS)
        unknown = sorted(set(body.get("config", {})) - _CONFIG)
        if unknown:
            raise unfit(f"config: unknown {', '.join(unknown)}")
        return body

    def _parent(self, call: Call, body: dict[str, Any]) -> dict[str, Any]:
        return self.space(call, body["parent_id"], "parent_id") if "parent_id" in body else self.root(self.own(call))

    def _name(self, body: dict[str, Any]) -> str:
        name = str(body.get("name", ""))
        if not name.strip():
            raise unfit("name is required")
        if "/" in name and self.switches["slash_in_name"] == "refuse":
            raise unfit("name must not hold a slash")
        return name

    def _taken(self, parent: int, name: str, but: int | None = None) -> None:
        if any(space["name"] == name and space["id"] != but for space in self.children(parent)):
            raise Refusal(422, "Name has already been taken")

    def _make(self, parent: dict[str, Any], name: str, config: dict[str, Any]) -> dict[str, Any]:
        number = self.data["next_space"]
        self.data["next_space"] = number + 1
        space = {
            "id": number,
            "name": name,
            "parent_id": parent["id"],
            "config": config,
            "space_type": "space",
            "created_at": self.clock.rfc3339(),
            "organization": parent["organization"],
        }
        self.data["spaces"][str(number)] = space
        return space

    def create_space(self, call: Call) -> Answer:
        body = self._body(call)
        name, parent = self._name(body), self._parent(call, body)
        self._taken(parent["id"], name)
        space = self._make(parent, name, body.get("config", {}))
        return Answer.of(self.space_shown(space), int(self.switches["space_created_status"]))

    def find_or_create(self, call: Call) -> Answer:
        body = self._body(call)
        names = str(body.get("name", "")).split("/")
        if not all(name.strip() for name in names):
            raise unfit("name must be a path of names")
        space = self._parent(call, body)
        found = True
        for name in names:
            known = next((child for child in self.children(space["id"]) if self._alike(child["name"], name)), None)
            found = found and known is not None
            space = known or self._make(space, name, {})
        if not found:
            space["config"].update(body.get("config", {}))
        call.noop = found
        return Answer.of(self.space_shown(space, found=found), 200 if found else int(self.switches["space_created_status"]))

    def _alike(self, one: str, other: str) -> bool:
        return one == other or (bool(self.switches["find_ignores_case"]) and one.casefold() == other.casefold())

    def put_space(self, call: Call, number: str) -> Answer:
        body = self._body(call)
        space = self.own_space(call, number)
        before = dict(space)
        wanted = dict(space)
        if "name" in body:
            wanted["name"] = self._name(body)
        if "parent_id" in body:
            parent = self.space(call, body["parent_id"], "parent_id")
            if space["parent_id"] is None or parent["id"] in self.below(space["id"]):
                raise unfit("parent_id: a space cannot be below itself, nor the root below another")
            wanted["parent_id"] = parent["id"]
        if space["space_type"] == "unsorted" and wanted != before:
            raise unfit("the space for what is not sorted stays as it is")
        if wanted["parent_id"] is not None:
            self._taken(wanted["parent_id"], wanted["name"], but=space["id"])
        wanted["config"] = {**space["config"], **body.get("config", {})}
        call.noop = wanted == before
        space.update(wanted)
        self.regrown()
        return Answer.of(self.space_shown(space) if self.switches["space_put_answer"] == "space" else {"success": True})

    def delete_space(self, call: Call, number: str) -> Answer:
        self.beyond(call)
        self.query(call)
        space = self.own_space(call, number)
        if space["space_type"] in ("root", "unsorted"):
            raise unfit("the root and the space for what is not sorted stay")
        gone = self.below(space["id"])
        inside = [device for device in self.data["devices"].values() if device["space"] in gone]
        if (inside or len(gone) > 1) and self.switches["full_space"] == "refuse":
            raise Refusal(422, "The space is not empty")
        for device in inside:
            device["space"] = self.unsorted(self.own(call))["id"]
        for other in gone:
            del self.data["spaces"][str(other)]
        self.regrown()
        return Answer.of({"success": True}) if self.switches["space_delete_answer"] == "json" else Answer(204)
