# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Xyte's reading operations."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from fleetform.sandbox.wire import Answer, Call, Refusal
from fleetform.sandbox.xyte_base import XyteBase, unfit

_SPACE_FILTERS = ("id", "parent_id", "name", "path_includes", "space_type", "created_before", "created_after")


class XyteReads(XyteBase):
    """GET operations."""

    def list_devices(self, call: Call) -> Answer:
        self.query(call, "page", "per_page", "space_id")
        wanted = call.get("space_id")
        space = None
        if wanted is not None:
            if not re.fullmatch(r"\d{1,9}", wanted):
                raise unfit("space_id is invalid")
            found = self.data["spaces"].get(str(int(wanted)))
            if found is not None and found["organization"] == self.own(call):
                space = int(found["id"])
            elif self.switches["unknown_space_filter"] != 200:
                raise Refusal(int(self.switches["unknown_space_filter"]), "no such space")
            else:
                return self.page(call, [], "page_style")
        return self.page(call, self.devices_in(self.own(call), space), "page_style")

    def get_device(self, call: Call, number: str) -> Answer:
        self.beyond(call)
        self.query(call)
        return Answer.of(self.whole(self.device(call, number)))

    def list_spaces(self, call: Call) -> Answer:
        self.beyond(call)
        self.query(call, "page", "per_page", *_SPACE_FILTERS)
        rows = [self.space_shown(space) for space in self.spaces_of(self.own(call)) if self._wanted(call, space)]
        return self.page(call, rows, "spaces_page_style")

    def _wanted(self, call: Call, space: dict[str, Any]) -> bool:
        for name in _SPACE_FILTERS:
            value = call.get(name)
            if value is not None and not self._fits(name, value, space):
                return False
        return True

    def _fits(self, name: str, value: str, space: dict[str, Any]) -> bool:
        if name in ("id", "parent_id"):
            if not re.fullmatch(r"\d{1,9}", value):
                raise unfit(f"{name} is invalid")
            if name == "id":
                return bool(space["id"] == int(value))
            if self.switches["parent_filter"] == "below":
                return space["id"] != int(value) and space["id"] in self.below(int(value))
            return bool(space["parent_id"] == int(value))
        if name in ("name", "path_includes"):
            have = str(space["name"]) if name == "name" else self.path(space["id"])
            if self.switches["space_name_filter"] == "folded":
                have, value = have.casefold(), value.casefold()
            return have == value if name == "name" else value in have
        if name == "space_type":
            return bool(space["space_type"] == value)
        made, limit = _moment(name, space["created_at"]), _moment(name, value)
        return made < limit if name == "created_before" else made > limit

    def get_space(self, call: Call, number: str) -> Answer:
        self.beyond(call)
        self.query(call)
        if not self.switches["space_by_id"]:
            raise Refusal(404, "Not Found", rule=f"unknown path: {call.path}", source="path")
        return Answer.of(self.space_shown(self.own_space(call, number)))

    def own_space(self, call: Call, number: str) -> dict[str, Any]:
        """The space that a path names; a foreign one is not there."""
        space: dict[str, Any] | None = self.data["spaces"].get(number)
        if space is None or space["organization"] != self.own(call):
            raise Refusal(404, "no such space")
        return space

    def space_shown(self, space: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A space as its routes show it; ``more`` is what only the extended form has."""
        row = {name: space[name] for name in ("id", "name", "parent_id", "config")}
        if row["parent_id"] is None and self.switches["root_parent"] == "omit":
            del row["parent_id"]
        if self.switches["space_fields"] == "extended":
            row.update(full_path=self.path(space["id"]), space_type=space["space_type"], created_at=space["created_at"], **more)
        return row

    def info(self, call: Call) -> Answer:
        self.beyond(call)
        self.query(call)
        organization = self.data["organizations"][self.own(call)]
        counted = {
            **organization["statistics"],
            "devices": len(self.devices_in(self.own(call), None)),
            "spaces": sum(1 for _space in self.spaces_of(self.own(call))),
        }
        return Answer.of({**organization, "statistics": counted})


def _moment(name: str, text: str) -> datetime:
    """A point in time, from ISO 8601 or from seconds since 1970."""
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise unfit(f"{name} is invalid") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
