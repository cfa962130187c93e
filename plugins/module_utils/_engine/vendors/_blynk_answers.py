# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The forms in which Blynk answers: pages, plain arrays, objects; held against what is documented (docs/vendors/blynk.md)."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import BadAnswer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.paging import Numbering, Page, read_numbered
from ansible_collections.fleetform.devices.plugins.module_utils._engine.reading import asking_is_cheaper

API = "/api/v1/organization"
LARGEST_ID = 2**31 - 1
LARGEST_PAGE = 1000
LONGEST_QUERY = 255

Row = dict[str, t.Any]
Pairs = tuple[tuple[str, t.Any], ...]

# Listings of devices that take ``orgId``. Templates may come from an organization above, so that theirs is not among them.
_BY_ORGANIZATION = frozenset(f"{API}/{name}" for name in ("devices", "device/by-owner", "device/last-activated"))


def needed(payload: t.Any, key: str, kind: type, path: str) -> t.Any:
    """The value of a documented key. Raises BadAnswer that names the key where it is missing or of another kind."""
    value = payload.get(key) if isinstance(payload, dict) else None
    # Decoded JSON has exactly these types; true is no int.
    if value.__class__ is not kind:
        raise BadAnswer(f"the answer lacks the documented key {key!r}", method="GET", path=path)
    return value


def rows_of(body: t.Any, path: str) -> list[Row]:
    """The objects of a plain array. Raises BadAnswer."""
    if not isinstance(body, list) or not all(isinstance(row, dict) for row in body):
        raise BadAnswer("the answer is not the documented array of objects", method="GET", path=path)
    return body


def held_to_organization(rows: list[Row], query: Pairs, path: str) -> list[Row]:
    """The rows of devices, none of which stands in another organization than the one asked for. Raises BadAnswer."""
    asked = dict(query).get("orgId")
    if asked is None or path not in _BY_ORGANIZATION or ("includeSubOrgDevices", True) in query:
        return rows
    for row in rows:
        # A row without the key is refused where it is used.
        if row.get("orgId", asked) != asked:
            raise BadAnswer(
                f"organization {asked} was asked for, and the answer shows device {row.get('id')} of organization {row['orgId']}",
                method="GET",
                path=path,
            )
    return rows


def fetch_page(client: Client, path: str, query: Pairs, number: int, size: int = LARGEST_PAGE) -> Page[Row]:
    """One page of a listing, numbered from 0. Raises ApiError."""
    body = client.page(path, (*query, ("page", number), ("size", size))).body
    rows = held_to_organization(rows_of(needed(body, "content", list, path), path), query, path)
    return Page(rows, needed(body, "totalElements", int, path))


def listed(client: Client, path: str, query: Pairs, *, size: int = LARGEST_PAGE, first: Page[Row] | None = None) -> list[Row]:
    """Every row of a listing, each once. ``first`` is its first page where that was read already. Raises ApiError."""
    kept = [] if first is None else [first]

    def fetch(number: int, wanted: int) -> Page[Row]:
        return kept.pop() if number == 0 and kept else fetch_page(client, path, query, number, wanted)

    return read_numbered(fetch, size=size, numbering=Numbering.PAGES, parallel_map=client.map, key=lambda row: row.get("id"))


def listed_by_place(client: Client, path: str, query: Pairs, *, size: int = LARGEST_PAGE) -> list[Row]:
    """Every row of a listing whose rows have no id, such as log entries: told apart by their place alone."""

    def fetch(number: int, wanted: int) -> Page[tuple[tuple[int, int], Row]]:
        page = fetch_page(client, path, query, number, wanted)
        return Page([((number, place), row) for place, row in enumerate(page.rows)], page.total)

    found = read_numbered(fetch, size=size, numbering=Numbering.PAGES, parallel_map=client.map, key=lambda pair: pair[0])
    return [row for _place, row in found]


@dataclass
class Found:
    """What a look-up of wanted keys found: rows by key, the rows that the listing showed, and whether it was the whole."""

    by_key: dict[str, list[Row]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    whole: bool = False


def look_up(
    client: Client,
    path: str,
    query: Pairs,
    wanted: t.Iterable[str],
    key: t.Callable[[Row], str],
    ask: t.Callable[[str], list[Row]],
) -> Found:
    """The rows of the wanted keys in the fewest calls: asking for each with ``ask``, or listing ``path``.

    The first page of the listing tells how many more there are, and so which way is shorter. A key that the whole
    listing does not show is not asked for: whether that helps is known to the caller.
    """
    missing = sorted(set(wanted))
    found = Found()
    if not asking_is_cheaper(len(missing) * client.crowd, 1, LARGEST_PAGE):
        first = fetch_page(client, path, query, 0)
        left = (first.total or 0) - len(first.rows)
        found.rows = list(first.rows)
        missing = _sorted_in(found, missing, key)
        if left <= 0 or (missing and not asking_is_cheaper(len(missing) * client.crowd, 1, LARGEST_PAGE, left)):
            found = Found(rows=listed(client, path, query, first=first), whole=True)
            _sorted_in(found, sorted(set(wanted)), key)
            return found
    for name, rows in zip(missing, client.map(ask, missing), strict=True):
        if rows:
            found.by_key[name] = rows
    return found


def _sorted_in(found: Found, wanted: list[str], key: t.Callable[[Row], str]) -> list[str]:
    """Puts the wanted ones of the rows under their keys; returns the keys that no row has."""
    for row in found.rows:
        found.by_key.setdefault(key(row), []).append(row)
    found.by_key = {name: rows for name, rows in found.by_key.items() if name in wanted}
    return [name for name in wanted if name not in found.by_key]
