# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Listings are whole, or they are an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import IncompleteRead, Unavailable
from ansible_collections.fleetform.devices.plugins.module_utils._engine.paging import (
    MOST_READS,
    Numbering,
    Page,
    follow,
    read_numbered,
)


def one_by_one(function, items):
    return [function(item) for item in items]


class Server:
    """A listing of numbers; ``faults`` maps a page's place in the order of requests to a function of the page."""

    def __init__(self, rows, numbering, *, cap=1000, tells_total=True, faults=None):
        self.rows = list(rows)
        self.numbering = numbering
        self.cap = cap
        self.tells_total = tells_total
        self.faults = faults or {}
        self.asked = []

    def page(self, start, size):
        number = len(self.asked)
        self.asked.append(start)
        size = min(size, self.cap)
        first = start if self.numbering is Numbering.ROWS else start * size
        page = Page(self.rows[first : first + size], len(self.rows) if self.tells_total else None)
        return self.faults[number](page) if number in self.faults else page

    def read(self, size=10, key=lambda row: row, parallel_map=one_by_one):
        return read_numbered(self.page, size=size, numbering=self.numbering, parallel_map=parallel_map, key=key)


both = pytest.mark.parametrize("numbering", list(Numbering))


@given(st.integers(0, 60), st.integers(1, 12), st.integers(1, 12), st.sampled_from(list(Numbering)), st.booleans())
def test_every_row_is_read_once(count, size, cap, numbering, tells_total):
    server = Server(range(count), numbering, cap=cap, tells_total=tells_total)
    assert server.read(size) == list(range(count))
    fewest = max(1, -(-count // min(size, cap)))
    # Without a total, the end shows only in an empty page.
    assert len(server.asked) == (fewest if tells_total else fewest + 1 if count else 1)


@both
def test_pages_after_the_first_are_read_in_parallel(numbering):
    server = Server(range(35), numbering)
    batches = []

    def parallel_map(function, items):
        batches.append(list(items))
        return one_by_one(function, batches[-1])

    server.read(parallel_map=parallel_map)
    assert batches == [[10, 20, 30] if numbering is Numbering.ROWS else [1, 2, 3]]


def test_a_short_page_is_continued_where_it_ended():
    server = Server(range(35), Numbering.ROWS, faults={1: lambda page: Page(page.rows[:4], page.total)})
    assert server.read() == list(range(35))
    assert server.asked == [0, 10, 14, 20, 30]


FAULTS = {
    "a repeated page": lambda page: Page(list(range(10)), page.total),
    "an empty page": lambda page: Page([], page.total),
    "a changed total": lambda page: Page(page.rows, 34),
    "a missing row": lambda page: Page([*page.rows[:-1], page.rows[0]], page.total),
    "a strange row": lambda page: Page([*page.rows, 99], page.total),
}


@both
@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_pages_that_do_not_fit_are_read_again(numbering, fault):
    server = Server(range(35), numbering, faults={1: fault})
    assert sorted(server.read()) == list(range(35))


@both
@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_pages_that_never_fit_are_an_incomplete_read(numbering, fault):
    server = Server(range(35), numbering, faults=dict.fromkeys(range(1, 100), fault))
    with pytest.raises(IncompleteRead, match=f"read {MOST_READS} times"):
        server.read()


@both
@pytest.mark.parametrize("fault", [lambda page: Page([], 35), lambda page: Page([1], 0), lambda page: Page([], 1)])
def test_a_first_page_that_does_not_fit_its_total_is_an_incomplete_read(numbering, fault):
    with pytest.raises(IncompleteRead):
        Server(range(35), numbering, faults=dict.fromkeys(range(100), fault)).read()


@both
def test_a_total_that_later_pages_leave_out_is_no_change(numbering):
    server = Server(range(25), numbering, faults={1: lambda page: Page(page.rows)})
    assert server.read() == list(range(25))


@both
def test_a_failed_page_fails_the_reading(numbering):
    def fail(_page):
        raise Unavailable("down")

    with pytest.raises(Unavailable):
        Server(range(35), numbering, faults={2: fail}).read()


@both
def test_a_row_without_id_is_an_error(numbering):
    with pytest.raises(IncompleteRead, match="no id"):
        Server(range(5), numbering).read(key=lambda _row: None)


@both
def test_a_page_for_ever_the_same_without_total_is_an_incomplete_read(numbering):
    server = Server(range(5), numbering, tells_total=False, faults={n: lambda page: Page([1, 2]) for n in range(100)})
    with pytest.raises(IncompleteRead, match="returned twice"):
        server.read()


def test_a_listing_without_end_is_an_incomplete_read(monkeypatch):
    monkeypatch.setattr("ansible_collections.fleetform.devices.plugins.module_utils._engine.paging.MOST_PAGES", 5)
    with pytest.raises(IncompleteRead, match="within 5 pages"):
        Server(range(10), Numbering.ROWS, tells_total=False).read(size=1)
    with pytest.raises(IncompleteRead, match="would take 9 pages of 1 rows"):
        Server(range(10), Numbering.ROWS).read(size=1)


def test_links_are_followed_to_the_end():
    pages = {"a": ([1], "b"), "b": ([], "c"), "c": ([2], None)}
    assert [rows for rows, _next in follow(pages.__getitem__, "a", lambda page: page[1])] == [[1], [], [2]]


def test_a_link_that_comes_round_again_is_an_incomplete_read():
    pages = {"a": ([1], "b"), "b": ([2], "a")}
    with pytest.raises(IncompleteRead, match="read already"):
        list(follow(pages.__getitem__, "a", lambda page: page[1]))


def test_links_without_end_are_an_incomplete_read():
    with pytest.raises(IncompleteRead, match="within 3 pages"):
        list(follow(lambda link: link, 0, lambda page: page + 1, most_pages=3))
