# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MobileFirst's pages: bookmarks, the older offset, and the numbers that stand beside the rows."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Collection
from typing import Any, NamedTuple

from fleetform.sandbox.cloud import stable_uuid
from fleetform.sandbox.mobilefirst_base import MobileFirstBase
from fleetform.sandbox.wire import Call, Refusal, bad

Row = dict[str, Any]
Keyed = tuple[tuple[Any, Any], Row]
"""A row after its sort key, which ends with the row's id and is therefore unique."""


class Asked(NamedTuple):
    """What a listing was asked for. ``mark`` is the table's entry of the bookmark."""

    scope: str
    query: str
    order: str
    size: int
    token: str | None
    mark: Row | None
    offset: int | None

    @property
    def down(self) -> bool:
        return self.order.startswith("-")

    @property
    def key(self) -> str:
        """What it is ordered by."""
        return self.order.removeprefix("-")

    def parameters(self) -> list[Any]:
        """What must be the same in all pages of one listing."""
        return [self.scope, self.query, self.order, self.size]


class MobileFirstPages(MobileFirstBase):
    """A bookmark remembers the last row before its page, so that it survives what comes and goes meanwhile."""

    def asked(self, call: Call, scope: str, query: str, orders: Collection[str], default: str, paging: str) -> Asked:
        """Read the parameters of a listing, whose pages go by ``bookmark`` or by ``offset``."""
        size = call.integer("pageSize", 100, 1, self.limits["page_size"])
        order = self._order(call, orders, default)
        if paging == "offset":
            return Asked(scope, query, order, size, None, None, call.integer("offset", 0, 0))
        token = call.get("bookmark")
        found = Asked(scope, query, order, size, token, None, None)
        if token is None:
            return found
        mark = self.data["bookmarks"].get(token)
        if mark is None or mark["asked"][0] != scope:
            raise bad("the bookmark is not known", "bookmark", "query.parameter")
        if mark["asked"] != found.parameters():
            alone = not {"query", "orderBy", "pageSize"} & {name for name, _value in call.query}
            if not alone or self.switches["bookmark_alone"] == "refuse":
                raise bad("the bookmark belongs to a listing with other parameters", "bookmark", "query.parameter")
        _scope, query, order, size = mark["asked"]
        return Asked(scope, query, order, size, token, mark, None)

    def _order(self, call: Call, orders: Collection[str], default: str) -> str:
        order = call.get("orderBy") or default
        if order.removeprefix("-") in orders:
            return order
        text = f"orderBy must be one of: {', '.join(orders)}"
        if self.switches["order_by_unknown"]:
            raise Refusal(int(self.switches["order_by_unknown"]), text, rule=text, source="query.parameter")
        call.violation = text
        return default

    def page(self, asked: Asked, rows: list[Keyed], total: int) -> tuple[list[Row], Row]:
        """One page of the rows, which are sorted ascending, and the members that stand beside it."""
        start = self._start(asked, rows)
        take = max(1, asked.size // 2) if self.switches["short_pages"] else asked.size
        sequence = rows[::-1] if asked.down else rows
        part = sequence[start : start + take]
        number = asked.mark["number"] if asked.mark else start // asked.size + 1
        beside = {**self._numbers(number, asked.size, start), "totalListSize": total}
        if asked.offset is None:
            more = start + take < len(rows) or (self.switches["full_last_page"] == "more" and len(part) == take)
            beside.update(self._bookmarks(asked, number, part[-1][0] if part and more else None))
        return [row for _key, row in part], beside

    def _start(self, asked: Asked, rows: list[Keyed]) -> int:
        if asked.offset is not None:
            return min(asked.offset, len(rows))
        if asked.mark is None or asked.mark["after"] is None:
            return 0
        after = tuple(asked.mark["after"])
        keys = [key for key, _row in rows]
        return len(rows) - bisect_left(keys, after) if asked.down else bisect_right(keys, after)

    def _numbers(self, number: int, size: int, start: int) -> Row:
        form = self.switches["page_numbers"]
        if form == "absent":
            return {}
        if form == "sample":
            return {"pageNumber": 2, "pageSize": size, "startIndex": 0}
        return {"pageNumber": number, "pageSize": size, "startIndex": start}

    def _bookmarks(self, asked: Asked, number: int, last: tuple[Any, Any] | None) -> Row:
        found: Row = {}
        own = asked.token
        if last is not None:
            following = self._token(asked, number + 1, last, own)
            found["nextPageBookmark"] = own if own and self.switches["repeating_bookmark"] else following
        elif self.switches["last_page"] != "absent":
            found["nextPageBookmark"] = None if self.switches["last_page"] == "null" else ""
        if asked.mark is not None:
            first = self._token(asked, 1, None, None)
            before = asked.mark["before"] or first
            found["prevPageBookmark"] = {"first": first, "previous": before, "same": own}[self.switches["previous_page"]]
        return found

    def _token(self, asked: Asked, number: int, after: tuple[Any, Any] | None, before: str | None) -> str:
        """The bookmark of a page: opaque, the same for the same place, kept in a table."""
        place = list(after) if after else None
        token = stable_uuid("bookmark", json.dumps([*asked.parameters(), number, place])).replace("-", "")
        if token not in self.data["bookmarks"]:
            entry = {"asked": asked.parameters(), "number": number, "after": place, "before": before}
            self.data["bookmarks"][token] = entry
            self.dirty = True
        return token

    def previous_page(self, query: list[tuple[str, str]]) -> list[tuple[str, str]] | None:
        given = dict(query)
        if "bookmark" in given:
            mark = self.data["bookmarks"].get(given["bookmark"])
            if mark is None or mark["number"] == 1:
                return None
            rest = [(name, value) for name, value in query if name != "bookmark"]
            return [*rest, ("bookmark", mark["before"])] if mark["before"] else rest
        offset = given.get("offset", "0")
        if not offset.isdigit() or int(offset) == 0:
            return None
        step = given.get("pageSize", "100")
        before = max(0, int(offset) - (int(step) if step.isdigit() else 100))
        return [(name, str(before)) if name == "offset" else (name, value) for name, value in query]
