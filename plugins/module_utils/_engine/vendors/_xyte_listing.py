# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Xyte's listings: pages of ``items`` in two styles, with neither a total nor a snapshot (docs/vendors/xyte.md, "Listing")."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    BadAnswer,
    Forbidden,
    Gone,
    IncompleteRead,
    Refused,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.paging import follow

Row = dict[str, t.Any]
Pairs = tuple[tuple[str, t.Any], ...]

API = "/core/v1/organization"
DEVICES = f"{API}/devices"
DEVICE = f"{DEVICES}/{{id}}"
SPACES = f"{API}/spaces"
INFO = f"{API}/info"

LARGEST_PAGE = 100
"""A larger ``per_page`` is refused, not cut down."""


@dataclass(frozen=True)
class Page:
    """One page of a listing; ``next`` is the number of the page after it, None at the end."""

    number: int
    rows: list[Row]
    next: int | None


@dataclass(frozen=True)
class Found:
    """The rows of a listing, each once, and on how many pages they stood. ``whole`` is false where reading stopped early."""

    rows: list[Row]
    pages: int
    whole: bool = True


def listed(client: Client, path: str, query: Pairs = (), *, size: int = LARGEST_PAGE, most: int | None = None) -> Found:
    """The rows of a listing, or as many of its first pages as hold ``most`` of them.

    Raises IncompleteRead where the pages do not lead to an end, and ApiError.
    """

    def fetch(number: int) -> Page:
        page = _page(client, path, query, number, size)
        # Of a listing with several pages none should be empty: what is missing there would count as not there at all.
        strange = not page.rows and (number > 1 or page.next is not None)
        return _page(client, path, query, number, size) if strange else page

    found: dict[t.Hashable, Row] = {}
    pages = 0
    for page in follow(fetch, 1, lambda page: page.next):
        known = len(found)
        for row in page.rows:
            found.setdefault(_id(row, path), row)
        pages += 1
        if page.rows and len(found) == known:
            raise IncompleteRead(
                f"page {page.number} shows again what was read before, and nothing else", method="GET", path=path
            )
        if most is not None and len(found) >= most and page.next is not None:
            return Found(list(found.values()), pages, whole=False)
    return Found(list(found.values()), pages)


def one_page(client: Client, path: str, query: Pairs = ()) -> Found:
    """The first page of a listing, and whether it is the whole."""
    page = _page(client, path, query, 1, LARGEST_PAGE)
    return Found(list({_id(row, path): row for row in page.rows}.values()), 1, whole=page.next is None)


def all_devices(client: Client, lacking: t.Callable[[list[Row]], bool], *, size: int = LARGEST_PAGE) -> list[Row]:
    """Every device. Where ``lacking`` says that the rows leave somebody out, and that could be a mistake, they are read again.

    Offset pages skip rows while others are deleted, and an empty listing is a strange one. The organization's own count tells
    whether to look again; it may lag, so that it tells no more.
    """
    found = listed(client, DEVICES, size=size)
    if (found.pages > 1 or not found.rows) and lacking(found.rows):
        count = _count(client)
        if count is not None and count != len(found.rows):
            found = listed(client, DEVICES, size=size)
    return found.rows


def _count(client: Client) -> int | None:
    """The number of devices that the organization has by its own account, None where that cannot be read."""
    try:
        body = client.get(INFO).body
    except (Forbidden, Gone, Refused, BadAnswer):
        return None
    statistics = body.get("statistics") if isinstance(body, dict) else None
    count = statistics.get("devices") if isinstance(statistics, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def _page(client: Client, path: str, query: Pairs, number: int, size: int) -> Page:
    body = client.page(path, (*query, ("page", number), ("per_page", size))).body
    rows = body.get("items") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadAnswer("the listing has no items, or one that is no object", method="GET", path=path)
    following = _next(body, number, len(rows) >= size, path)
    if following is not None and following <= number:
        raise IncompleteRead(f"page {number} names page {following} as the next one", method="GET", path=path)
    return Page(number, rows, following)


def _next(body: Row, number: int, full: bool, path: str) -> int | None:
    """The next page's number. One style of answer names it, another says only whether there is one."""
    following, more = body.get("next_page"), body.get("has_next_page")
    if not (more is None or isinstance(more, bool)):
        raise BadAnswer("has_next_page is neither true nor false", method="GET", path=path)
    if more is False:
        return None
    if isinstance(following, str) and following.isascii() and following.isdigit():
        following = int(following)
    if isinstance(following, int) and not isinstance(following, bool):
        return following
    if following is not None:
        raise BadAnswer("next_page is not the number of a page", method="GET", path=path)
    if more or (full and "next_page" not in body and "has_next_page" not in body):
        return number + 1
    return None


def _id(row: Row, path: str) -> t.Hashable:
    label = row.get("id")
    if not isinstance(label, (str, int)) or isinstance(label, bool) or label == "":
        raise BadAnswer("a row of the listing has no id", method="GET", path=path)
    return str(label)
