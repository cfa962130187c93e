# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Xyte's listings: pages of ``items`` in two styles, with neither a total nor a snapshot (docs/vendors/xyte.md, "Listing")."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

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
    """One page of a listing. ``next`` is the number of the page after it, None at the end; ``sure`` whether there is one."""

    number: int
    rows: list[Row]
    next: int | None
    sure: bool


@dataclass(frozen=True)
class Found:
    """The rows of a listing, each once.

    ``whole`` is false where reading stopped early, ``pages`` is how many were read. ``doubt`` says why what is not among the rows
    may be there all the same.
    """

    rows: list[Row]
    pages: int
    whole: bool = True
    doubt: str | None = None


def listed(client: Client, path: str, query: Pairs = (), *, size: int = LARGEST_PAGE, most: int | None = None) -> Found:
    """The rows of a listing, or as many of its first pages as hold ``most`` of them.

    Raises IncompleteRead where the pages do not lead to an end or contradict each other, and ApiError.
    """

    def fetch(number: int) -> Page:
        page = _page(client, path, query, number, size)
        # Of a listing with several pages none should be empty: what is missing there would count as not there at all.
        strange = not page.rows and (number > 1 or page.next is not None)
        page = _page(client, path, query, number, size) if strange else page
        if not page.rows and page.sure:
            raise IncompleteRead(f"page {number} is empty and says that there are more", method="GET", path=path)
        return page

    found: dict[t.Hashable, Row] = {}
    pages = 0
    promised = False
    for page in follow(fetch, 1, lambda page: page.next if page.rows else None):
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
        # A vendor may take a full last page for a sign that there are more; the organization's count tells that from a loss.
        if not page.rows and promised and (query or _count(client, path) != len(found)):
            raise IncompleteRead(
                f"page {page.number} is empty, although the one before says that it is there", method="GET", path=path
            )
        promised = page.sure
    return Found(list(found.values()), pages)


def one_page(client: Client, path: str, query: Pairs = ()) -> Found:
    """The first page of a listing, and whether it is the whole."""
    page = _page(client, path, query, 1, LARGEST_PAGE)
    return Found(list({_id(row, path): row for row in page.rows}.values()), 1, whole=page.next is None)


def all_devices(client: Client, lacking: t.Callable[[list[Row]], bool], *, size: int = LARGEST_PAGE) -> Found:
    """Every device. Where ``lacking`` says that the rows leave somebody out, and that could be a mistake, they are read again.

    Offset pages skip rows while others are deleted, and an empty or a full page may be a cut one. The organization's own count
    tells whether to look again. Whether it counts just what the listing shows is not documented, so that a higher count alone is
    a doubt; beside an empty listing it is an error, IncompleteRead.
    """
    found = listed(client, DEVICES, size=size)
    count = None
    if (found.pages > 1 or not found.rows or len(found.rows) >= size) and lacking(found.rows):
        count = _count(client, DEVICES)
        if count != len(found.rows) and (count is not None or not found.rows):
            found = listed(client, DEVICES, size=size)
    if count is None or count <= len(found.rows) or not lacking(found.rows):
        return found
    doubt = f"the organization counts {count} devices, and its listing shows {len(found.rows)}"
    if not found.rows:
        raise IncompleteRead(f"{doubt}; run again", method="GET", path=DEVICES)
    return replace(found, doubt=doubt)


def _count(client: Client, path: str) -> int | None:
    """The number of devices or spaces that the organization has by its own account, None where that cannot be read."""
    try:
        statistics = _info(client).get("statistics")
    except (Forbidden, Gone, Refused, BadAnswer):
        return None
    count = statistics.get(path.rpartition("/")[2]) if isinstance(statistics, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) else None


def organization_of(client: Client) -> str | None:
    """The id of the organization that the key is of, None where it may not be asked. Raises ApiError."""
    try:
        identifier = _info(client).get("id")
    except (Forbidden, Gone, Refused):
        return None
    return identifier if isinstance(identifier, str) and identifier else None


def _info(client: Client) -> Row:
    """What an organization says of itself (docs/vendors/xyte.md, "Operations that are used"). Raises ApiError."""
    body = client.get(INFO).body
    if not isinstance(body, dict):
        raise BadAnswer("the organization's profile is no object", method="GET", path=INFO)
    return body


def _page(client: Client, path: str, query: Pairs, number: int, size: int) -> Page:
    try:
        body = client.page(path, (*query, ("page", number), ("per_page", size))).body
    except Gone as error:
        if path == DEVICES and not query and number == 1:
            # Every organization has this listing: it is the address that is wrong.
            error.message += "; `url` is the address that stands before /core/v1/organization, such as https://hub.xyte.io"
        raise
    rows = body.get("items") if isinstance(body, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        said = body.get("error") if isinstance(body, dict) else None
        words = client.masker.mask(said) if isinstance(said, str) else None
        text = "the listing has no items, or one that is no object"
        raise BadAnswer(text, method="GET", path=path, vendor_message=words)
    following, sure = _next(body, number, len(rows) >= size, path)
    if following is not None and following <= number:
        raise IncompleteRead(f"page {number} names page {following} as the next one", method="GET", path=path)
    return Page(number, rows, following, sure)


def _next(body: Row, number: int, full: bool, path: str) -> tuple[int | None, bool]:
    """The next page's number, and whether there certainly is one.

    One style of answer names it, another says only whether there is one. Where the two contradict each other, looking tells.
    """
    following, more = body.get("next_page"), body.get("has_next_page")
    if not (more is None or isinstance(more, bool)):
        raise BadAnswer("has_next_page is neither true nor false", method="GET", path=path)
    if isinstance(following, str) and following.isascii() and following.isdigit():
        following = int(following)
    if isinstance(following, int) and not isinstance(following, bool):
        return following, more is not False
    if following is not None:
        raise BadAnswer("next_page is not the number of a page", method="GET", path=path)
    if more:
        return number + 1, True
    says_nothing = more is None and "next_page" not in body
    return (number + 1, False) if full and says_nothing else (None, False)


def _id(row: Row, path: str) -> t.Hashable:
    label = row.get("id")
    if not isinstance(label, (str, int)) or isinstance(label, bool) or label == "":
        raise BadAnswer("a row of the listing has no id", method="GET", path=path)
    return str(label)
