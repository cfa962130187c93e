# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GreenLake's listings: filters, pages of ``items``, and the fewest calls for a set of wanted values.

Facts: docs/vendors/greenlake.md, sections "Listing" and "Filters". Live, a filter that the vendor does not understand can be
ignored without a word; every row is therefore held against the filter that was sent.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from urllib.parse import quote

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import BadAnswer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.paging import Numbering, Page, read_numbered
from ansible_collections.fleetform.devices.plugins.module_utils._engine.reading import asking_is_cheaper, chunks

Row = dict[str, t.Any]

DEVICES = "/devices/v1/devices"
DEVICE_PAGE = 2000
MOST_WANTED = 100
"""Values in one ``in`` filter: about 112 of them have brought a 414."""
LONGEST_FILTER = 2800
"""Encoded characters of a filter's values, which keeps the whole URL below 4,000."""


def quoted(value: str) -> str:
    """A string literal; a quote inside is doubled, as OData has it."""
    return "'" + value.replace("'", "''") + "'"


def any_of(name: str, values: t.Sequence[str]) -> str:
    """The filter for rows whose property is one of the values."""
    if len(values) == 1:
        return f"{name} eq {quoted(values[0])}"
    return f"{name} in ({','.join(quoted(value) for value in values)})"


@dataclass(frozen=True)
class Collection:
    """One of the vendor's listings: path, rows of its largest page, the property to sort by, how many values one filter takes."""

    path: str
    page_size: int
    sort: str | None = None
    per_filter: int = 1


INVENTORY = Collection(DEVICES, DEVICE_PAGE, sort="serialNumber", per_filter=MOST_WANTED)
LOCATIONS = Collection("/locations/v1/locations", 2000)
SUBSCRIPTIONS = Collection("/subscriptions/v1/subscriptions", 200)
SERVICES = Collection("/service-catalog/v1/service-managers", 2000)
PROVISIONS = Collection("/service-catalog/v1/service-manager-provisions", 2000)


class FilterIgnored(BadAnswer):
    """Rows came that do not fit the filter that was sent."""


def read_page(client: Client, collection: Collection, query: t.Sequence[tuple[str, t.Any]], offset: int, limit: int) -> Page[Row]:
    """One page. Raises BadAnswer for an answer that is no list of ``items``."""
    pairs = (*query, ("limit", limit), ("offset", offset), ("sort", collection.sort))
    body = client.page(
        collection.path, [pair for pair in pairs if pair[1] is not None and not (pair[0] == "offset" and not offset)]
    ).body
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not all(isinstance(row, dict) for row in items):
        raise BadAnswer(
            "the listing has no items, or one that is no object", account=client.settings.name, method="GET", path=collection.path
        )
    total = body.get("total")
    return Page(items, total if isinstance(total, int) and not isinstance(total, bool) else None)


def read_all(
    client: Client,
    collection: Collection,
    query: t.Sequence[tuple[str, t.Any]] = (),
    *,
    size: int | None = None,
    first: Page[Row] | None = None,
    fits: t.Callable[[Row], bool] | None = None,
) -> list[Row]:
    """Every row of a listing. ``first`` is its first page where that was read before; ``fits`` holds each row against the filter.

    Raises FilterIgnored for a row that does not fit, IncompleteRead for a listing that does not fit together.
    """
    ready = [first] if first is not None else []

    def fetch(offset: int, limit: int) -> Page[Row]:
        page = ready.pop() if ready and offset == 0 else read_page(client, collection, query, offset, limit)
        if fits is not None and not all(fits(row) for row in page.rows):
            raise FilterIgnored(
                "the vendor ignored the filter that was sent", account=client.settings.name, method="GET", path=collection.path
            )
        return page

    return read_numbered(fetch, size=size or collection.page_size, numbering=Numbering.ROWS, parallel_map=client.map, key=row_id)


def row_id(row: Row) -> t.Hashable:
    """The id of a row, None where it has none."""
    return row.get("id")


@dataclass(frozen=True)
class Found:
    """Rows that were read; ``whole`` tells whether they are the whole listing and not just what was asked for."""

    rows: list[Row]
    whole: bool


def read_wanted(client: Client, collection: Collection, name: str, values: t.Sequence[str]) -> Found:
    """The rows whose property ``name`` is one of ``values``, in the fewest calls; perhaps with all other rows as well.

    One filter where it holds all values; else the first page, whose total decides between the other pages and filters for what it
    does not show. The filters go in parallel.
    """
    wanted = list(dict.fromkeys(values))
    if not wanted:
        return Found([], whole=False)
    rows: list[Row] = []
    # Cutting many values into filters only to count them is dear; twice as many as one filter holds never fit into one.
    many = len(wanted) > 2 * collection.per_filter
    if many or not asking_is_cheaper(len(_filters(collection, wanted)) * client.crowd, 1, collection.page_size):
        first = read_page(client, collection, (), 0, collection.page_size)
        shown = {row.get(name) for row in first.rows}
        unseen = [value for value in wanted if value not in shown]
        rows_left = None if first.total is None else first.total - len(first.rows)
        if (
            rows_left is None
            or rows_left <= 0
            or not asking_is_cheaper(len(_filters(collection, unseen)) * client.crowd, 1, max(len(first.rows), 1), rows_left)
        ):
            return Found(read_all(client, collection, first=first), whole=True)
        rows, wanted = list(first.rows), unseen
    for part in client.map(lambda chunk: read_chosen(client, collection, name, chunk), _filters(collection, wanted)):
        rows += part
    return Found(list({row_id(row): row for row in rows}.values()), whole=False)


def read_chosen(client: Client, collection: Collection, name: str, values: t.Sequence[str]) -> list[Row]:
    """The rows of one filter. Raises as ``read_all``."""
    chosen = frozenset(values)
    return read_all(client, collection, [("filter", any_of(name, values))], fits=lambda row: row.get(name) in chosen)


def _filters(collection: Collection, values: t.Sequence[str]) -> list[list[str]]:
    return chunks(
        values, collection.per_filter, weight=lambda value: len(quote(quoted(value), safe="")) + 3, heaviest=LONGEST_FILTER
    )


GROUP, GROUP_PAGE = "/devices/v2beta1/devices/group", 100


def read_group(client: Client, name: str, condition: str | None) -> list[dict[str, t.Any]]:
    """How many devices share each value of a property, counted by the vendor: ``[{key, count}]``, null last. Raises BadAnswer."""
    collection = Collection(GROUP, GROUP_PAGE)

    def fetch(offset: int, limit: int) -> Page[Row]:
        return read_page(client, collection, [("group-by", name), ("filter", condition)], offset, limit)

    def key(row: Row) -> t.Hashable:
        return (row.get(name),)

    rows = read_numbered(fetch, size=GROUP_PAGE, numbering=Numbering.ROWS, parallel_map=client.map, key=key)
    if not all(isinstance(row.get("count"), int) for row in rows):
        raise BadAnswer("a group of the listing has no count", account=client.settings.name, method="GET", path=GROUP)
    counted = [{"key": row.get(name), "count": row["count"]} for row in rows]
    return sorted(counted, key=lambda row: (row["key"] is None, str(row["key"])))
