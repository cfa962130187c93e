# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Webex's listings: pages of ``items`` that name the next one in the ``Link`` header. Facts: docs/vendors/webex.md, "Pages".

The link to the next page is not to be trusted: it has lost filters and has held ``max=null``, and a token must never follow it
to another host. So only its query is used, and only for where the page begins.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass
from urllib.parse import parse_qsl, urljoin, urlsplit

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import BadAnswer, Gone, IncompleteRead
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.paging import follow
from ansible_collections.fleetform.devices.plugins.module_utils._engine.reading import asking_is_cheaper
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import origin
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import Row, id_key, same_id, text_of

Pairs = tuple[tuple[str, t.Any], ...]

PAGE = 100
"""Rows of a page. No largest one is documented; a larger one than the vendor likes is cut without a word."""
MOST_BARREN = 25
"""Pages in a row that show nothing new. One of them is known to occur; so many are a listing that does not end."""

_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[^;,=\s]+\s*(?:=\s*(?:\"[^\"]*\"|[^;,]*))?)*)")
_RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^;,\s]*))", re.IGNORECASE)


@dataclass(frozen=True)
class Shown:
    """One page: its rows, and the query of the next one, None where it is the last."""

    rows: list[Row]
    following: Pairs | None


def pages(client: Client, path: str, query: Pairs, size: int = PAGE) -> t.Iterator[Shown]:
    """The pages of a listing. Raises IncompleteRead for one that cannot be trusted, and other ApiErrors."""

    def once(asked: Pairs) -> Shown:
        try:
            answer = client.page(path, asked)
        except Gone as error:
            error.message = f"webex has no listing at this address, which is always there: is `url` right? ({error.message})"
            raise
        rows = rows_of(answer.body, path, client.settings.name)
        refuse_foreign(rows, dict(query).get("orgId"), path)
        return Shown(rows, _following(client, path, (*query, ("max", str(size))), answer.headers.get("link")))

    def fetch(asked: Pairs) -> Shown:
        page = once(asked)
        # An empty page may have others behind it; whether it is really empty is worth a second look.
        return once(asked) if page.following is not None and not page.rows else page

    return follow(fetch, (*query, ("max", str(size))), lambda page: page.following)


def rows_of(body: t.Any, path: str, account: str | None) -> list[Row]:
    """The objects of a page. Raises BadAnswer."""
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not all(isinstance(row, dict) for row in items):
        raise BadAnswer(
            "the listing has no items, or one that is no object, which is not what is documented",
            account=account,
            method="GET",
            path=path,
        )
    return items


def refuse_foreign(rows: t.Iterable[Row], organization: str | None, path: str) -> None:
    """Raises BadAnswer for a row of another organization than the one that was asked for."""
    for row in rows if organization is not None else ():
        held = text_of(row, "orgId")
        # The account may name it by its UUID alone.
        if held and not same_id(held, organization) and id_key(held).rpartition("/")[2] != str(organization).lower():
            raise BadAnswer(
                f"organization {organization} was asked for, and the answer shows {row.get('id')} of organization {held}",
                method="GET",
                path=path,
            )


def next_link(header: str | None) -> str | None:
    """The address of the next page in a ``Link`` header, or None."""
    for found in _LINK.finditer(header or ""):
        relation = _RELATION.search(found[2])
        if relation and "next" in (relation[1] if relation[1] is not None else relation[2]).lower().split():
            return found[1].strip()
    return None


def _following(client: Client, path: str, query: Pairs, header: str | None) -> Pairs | None:
    """The query of the next page: our own filters, and from the link only what is not ours, which is where the page begins."""
    link = next_link(header)
    if link is None:
        return None

    def refuse(text: str) -> IncompleteRead:
        return IncompleteRead(text, account=client.settings.name, method="GET", path=path)

    try:
        target = urljoin(f"{client.settings.url}{path}", link)
        there, parts = origin(target), urlsplit(target)
    except ValueError:
        raise refuse("the listing goes on at an address that cannot be read") from None
    if there != origin(client.settings.url) or "@" in parts.netloc:
        where = client.masker.mask(f"{there[0]}://{there[1]}:{there[2]}", 120)
        raise refuse(f"the listing goes on at {where}, another host than that of `url`, to which the credentials do not go")
    ours = {name for name, _value in query}
    theirs = parse_qsl(parts.query, keep_blank_values=True)
    size = next((value for name, value in theirs if name == "max" and value.isdigit() and int(value)), None)
    kept = [(name, value) for name, value in query if name != "max" or size is None]
    placed = [(name, value) for name, value in theirs if name not in ours and value != "null"]
    return (*kept, *placed, *((("max", size),) if size is not None else ()))


class Listing:
    """The rows of a listing, each once, read page by page as far as somebody needs it."""

    def __init__(self, client: Client, path: str, query: Pairs = (), size: int = PAGE) -> None:
        self.rows: list[Row] = []
        self.pages = 0
        self.whole = False
        self._where: dict[str, t.Any] = {"account": client.settings.name, "method": "GET", "path": path}
        self._source = pages(client, path, query, size)
        self._seen: set[str] = set()
        self._barren = 0

    def more(self) -> list[Row]:
        """The new rows of the next page; the last page makes ``whole`` true. Raises as ``pages``."""
        page = next(self._source, None)
        if page is None:
            self.whole = True
            return []
        self.pages += 1
        fresh = []
        for row in page.rows:
            key = row_key(row)
            if key not in self._seen:
                self._seen.add(key)
                fresh.append(row)
        self.rows += fresh
        self.whole = page.following is None
        self._barren = 0 if fresh else self._barren + 1
        if self._barren >= MOST_BARREN and not self.whole:
            raise IncompleteRead(f"the listing does not end: {MOST_BARREN} pages in a row show nothing new", **self._where)
        return fresh

    def all(self) -> list[Row]:
        """Every row."""
        while not self.whole:
            self.more()
        return self.rows


def row_key(row: Row) -> str:
    """What tells a row from the others: its id, or its whole content where it has none."""
    identifier = row.get("id")
    return id_key(identifier) if isinstance(identifier, str) and identifier else json.dumps(row, sort_keys=True, default=str)


Item = t.TypeVar("Item")


def look_up(
    client: Client,
    listing: Listing,
    wanted: t.Sequence[Item],
    *,
    keep: t.Callable[[t.Iterable[Row]], None],
    shown: t.Callable[[Item, bool], bool],
    ask: t.Callable[[Item], tuple[list[Row], bool]],
) -> None:
    """Reads rows that show all that is wanted, in the fewest calls, and the whole listing where something is not to be found.

    ``keep`` gets every row that is read, some perhaps twice; ``shown(item, whole)`` tells whether those rows settle an item;
    ``ask(item)`` reads by the vendor's filter and tells whether that settled it. How long the listing is nobody knows: as many
    pages are taken to be left as were read.
    """
    unseen = list(wanted)
    if not asking_is_cheaper(len(unseen) * client.crowd, 1, PAGE):
        while not listing.whole:
            keep(listing.more())
            unseen = [item for item in unseen if not shown(item, listing.whole)]
            if not unseen or asking_is_cheaper(len(unseen) * client.crowd, 1, 1, listing.pages):
                break
    if not unseen or listing.whole:
        return
    answers = client.map(ask, unseen)
    for rows, _settled in answers:
        keep(rows)
    if not all(settled for _rows, settled in answers):
        while not listing.whole:
            keep(listing.more())
