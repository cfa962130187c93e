# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a listing of many pages so that it shows everything, or says that it does not.

Vendors keep no snapshot while a listing is read: rows move between pages, totals change. Rows are de-duplicated, held against the
total, and read again when they do not fit; a listing that never fits is an error, because "not listed" would else mean "missing".
"""

from __future__ import annotations

import enum
import typing as t
from dataclasses import dataclass

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import IncompleteRead

Row = t.TypeVar("Row")
PageOf = t.TypeVar("PageOf")
Link = t.TypeVar("Link", bound=t.Hashable)

# How often a listing is read before it counts as incomplete.
MOST_READS = 3
# Pages of one listing; a server that never comes to an end must not keep us for ever.
MOST_PAGES = 100_000


class Numbering(enum.Enum):
    """What the first argument of ``fetch_page`` counts, from 0."""

    ROWS = "rows"
    PAGES = "pages"


@dataclass(frozen=True)
class Page(t.Generic[Row]):
    """The rows of one page and the number of rows in all, None where the vendor does not tell."""

    rows: t.Sequence[Row]
    total: int | None = None


class ParallelMap(t.Protocol):
    """Client.map: results in the order of the items."""

    def __call__(self, function: t.Callable[[int], t.Any], items: t.Iterable[int], /) -> list[t.Any]: ...


class _Misfit(Exception):
    """The pages of one reading do not fit together."""


def read_numbered(
    fetch_page: t.Callable[[int, int], Page[Row]],
    *,
    size: int,
    numbering: Numbering,
    parallel_map: ParallelMap,
    key: t.Callable[[Row], t.Hashable],
) -> list[Row]:
    """All rows of a listing, each once, in the order of the pages.

    ``fetch_page(start, size)`` reads one page, where start is a row or a page number; ``key`` gives the id of a row. Where the
    first page tells the total, the others are read in parallel. Raises IncompleteRead, and whatever ``fetch_page`` raises.
    """
    problem = ""
    for _reading in range(MOST_READS):
        try:
            return _read_once(fetch_page, size, numbering, parallel_map, key)
        except _Misfit as misfit:
            problem = str(misfit)
    raise IncompleteRead(f"the listing does not fit together, read {MOST_READS} times: {problem}")


def follow(
    fetch: t.Callable[[Link], PageOf], first: Link, next_of: t.Callable[[PageOf], Link | None], *, most_pages: int = MOST_PAGES
) -> t.Iterator[PageOf]:
    """The pages of a listing in which each names the next. Raises IncompleteRead for one that comes round again or never ends."""
    seen: set[Link] = set()
    link: Link | None = first
    while link is not None:
        if link in seen:
            raise IncompleteRead("the listing names a page as the next one that was read already")
        if len(seen) >= most_pages:
            raise IncompleteRead(f"the listing does not end within {most_pages} pages")
        seen.add(link)
        page = fetch(link)
        yield page
        link = next_of(page)


def _read_once(
    fetch_page: t.Callable[[int, int], Page[Row]],
    size: int,
    numbering: Numbering,
    parallel_map: ParallelMap,
    key: t.Callable[[Row], t.Hashable],
) -> list[Row]:
    first = fetch_page(0, size)
    if first.total is None:
        return _read_to_the_end(fetch_page, first, size, numbering, key)
    total = first.total
    # A server may cut the page size down without a word: what it really returned is the step.
    step = min(len(first.rows), size)
    if not step and total:
        raise _Misfit(f"the first page is empty, although there are {total} rows")

    def segment(start: int) -> list[Row]:
        if numbering is Numbering.PAGES:
            return list(_checked(fetch_page(start, size), total).rows)
        rows: list[Row] = []
        wanted = min(step, total - start)
        while len(rows) < wanted:
            page = _checked(fetch_page(start + len(rows), size), total)
            rows += page.rows
        return rows

    if total <= step:
        starts = range(0)
    elif numbering is Numbering.ROWS:
        starts = range(step, total, step)
    else:
        starts = range(1, -(-total // step))
    if len(starts) > MOST_PAGES:
        raise IncompleteRead(f"the listing would take {len(starts)} pages of {step} rows")
    found: dict[t.Hashable, Row] = {}
    repeated = _collect(found, first.rows, key)
    for rows in parallel_map(segment, starts):
        repeated += _collect(found, rows, key)
    if len(found) != total:
        again = f", {repeated} of them more than once" if repeated else ""
        raise _Misfit(f"{len(found)} different rows were returned{again}, and the total is {total}")
    return list(found.values())


def _checked(page: Page[Row], total: int) -> Page[Row]:
    if page.total is not None and page.total != total:
        raise _Misfit(f"the total changed from {total} to {page.total} while reading")
    if not page.rows:
        raise _Misfit(f"an empty page came before the end of {total} rows")
    return page


def _read_to_the_end(
    fetch_page: t.Callable[[int, int], Page[Row]],
    first: Page[Row],
    size: int,
    numbering: Numbering,
    key: t.Callable[[Row], t.Hashable],
) -> list[Row]:
    """Without a total only an empty page is the end: a short one may just be the server's own page size."""
    found: dict[t.Hashable, Row] = {}
    page, start = first, 0
    for _number in range(MOST_PAGES):
        if not page.rows:
            return list(found.values())
        if _collect(found, page.rows, key) == len(page.rows):
            raise _Misfit("a page was returned twice")
        start += len(page.rows) if numbering is Numbering.ROWS else 1
        page = fetch_page(start, size)
    raise IncompleteRead(f"the listing does not end within {MOST_PAGES} pages")


def _collect(found: dict[t.Hashable, Row], rows: t.Iterable[Row], key: t.Callable[[Row], t.Hashable]) -> int:
    """Adds rows that are new; returns how many were not."""
    repeated = 0
    for row in rows:
        label = key(row)
        if label is None:
            raise IncompleteRead("a row of the listing has no id")
        if label in found:
            repeated += 1
        else:
            found[label] = row
    return repeated
