# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The vendor's limits hold in every minute."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import SettingsError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.pace import WINDOW, Pacer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.shared import SharedState
from tests.unit.plugins.module_utils._engine.wire import Clock


def most_in_a_minute(times):
    return max(sum(1 for other in times if time_of <= other < time_of + 60) for time_of in times)


def pacer(limits, clock, shared=None):
    return Pacer(limits, shared or SharedState(), clock=clock)


def run(pacer_, clock, classes):
    """Requests one after the other, each at its slot; returns their times."""
    times = []
    for pace in classes:
        clock.now += pacer_.reserve(pace).wait
        times.append(clock.now)
    return times


def test_requests_within_the_limit_do_not_wait():
    clock = Clock()
    assert run(pacer({"read": 5}, clock), clock, ["read"] * 5) == [1000.0] * 5


def test_one_more_waits_for_the_window():
    clock = Clock()
    book = pacer({"read": 5}, clock)
    run(book, clock, ["read"] * 5)
    slot = book.reserve("read")
    assert WINDOW <= slot.wait < WINDOW + 1
    assert slot.paused == 0


def test_slots_in_the_future_are_booked_in_order():
    clock = Clock()
    book = pacer({"patch": 2}, clock)
    waits = [book.reserve("patch").wait for _request in range(6)]
    assert waits == [0, 0, WINDOW, WINDOW, 2 * WINDOW, 2 * WINDOW]


def test_slots_that_are_given_back_are_free_for_the_next_one_in_every_pool():
    clock = Clock()
    book = pacer({"patch": 1, "all": 1}, clock)
    now = book.reserve("patch")
    second, third = book.reserve("patch"), book.reserve("patch")
    # Twice, and one that was used: neither frees what another has booked.
    for slot in (third, third, now):
        book.give_back("patch", slot)
    assert book.reserve("read").wait == third.wait
    book = pacer({"patch": 1}, clock)
    slots = [book.reserve("patch") for _request in range(4)]
    for slot in slots[1:]:
        book.give_back("patch", slot)
    assert book.reserve("patch").wait == second.wait


def test_a_class_without_limit_does_not_wait():
    clock = Clock()
    assert run(pacer({"patch": 1}, clock), clock, ["read"] * 50) == [1000.0] * 50


def test_classes_have_their_own_limits():
    clock = Clock()
    book = pacer({"read": 1, "patch": 1}, clock)
    assert [book.reserve(pace).wait for pace in ("read", "patch")] == [0, 0]


def test_a_common_pool_is_drawn_from_by_all_classes():
    clock = Clock()
    book = pacer({"all": 3, "add": 1}, clock)
    assert [book.reserve(pace).wait > 0 for pace in ("read", "add", "add", "poll", "patch")] == [False, False, True, True, True]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["read", "add"]), st.floats(0, 20)), min_size=1, max_size=60),
    st.integers(1, 6),
    st.booleans(),
)
def test_no_minute_ever_holds_more_than_the_limit(requests, limit, common):
    clock = Clock(0.0)
    book = pacer({"all": limit} if common else {"read": limit, "add": limit}, clock)
    times = {"read": [], "add": []}
    for pace, gap in requests:
        clock.now += gap
        clock.now += book.reserve(pace).wait
        times[pace].append(clock.now)
    groups = [times["read"] + times["add"]] if common else times.values()
    for group in groups:
        if group:
            assert most_in_a_minute(group) <= limit


def test_a_pause_stops_the_class_for_everybody():
    clock = Clock()
    shared = SharedState()
    one, other = pacer({"read": 9, "add": 9}, clock, shared), pacer({"read": 9, "add": 9}, clock, shared)
    assert one.pause("read", 30)
    slot = other.reserve("read")
    assert slot.wait == slot.paused == 30
    assert other.paused_for("read") == 30
    assert other.paused_for("add") == 0
    assert other.reserve("add").wait == 0
    clock.now += 31
    assert other.paused_for("read") == 0
    assert one.reserve("read").wait == 0


def test_a_pause_tells_whether_it_is_news():
    clock = Clock()
    book = pacer({"read": 9}, clock)
    assert book.pause("read", 10)
    assert not book.pause("read", 20)
    assert not book.pause("read", 5)
    assert book.paused_for("read") == 20
    clock.now += 21
    assert book.pause("read", 1)


def test_a_pause_of_a_common_pool_stops_all_classes():
    clock = Clock()
    book = pacer({"all": 9}, clock)
    book.pause("read", 10)
    assert book.reserve("add").paused == 10


def test_a_class_without_limit_pauses_too():
    clock = Clock()
    book = pacer({}, clock)
    book.pause("read", 10)
    assert book.reserve("read").wait == 10


def test_what_others_use_of_the_limit_is_left_to_them_until_the_reset():
    clock = Clock()
    book = pacer({"patch": 20}, clock)
    book.reserve("patch")
    book.learn("patch", 3, 30)
    assert [book.reserve("patch").wait > 0 for _request in range(4)] == [False, False, False, True]
    clock.now += 31
    assert [book.reserve("patch").wait for _request in range(5)] == [0] * 5


def test_an_answer_that_agrees_with_the_book_changes_nothing():
    clock = Clock()
    book = pacer({"patch": 20}, clock)
    for _request in range(5):
        book.reserve("patch")
    book.learn("patch", 15, 30)
    book.learn("patch", 16, 30)  # overtaken by a later one
    book.learn("patch", 1, 0)
    book.learn("add", 1, 30)
    assert [book.reserve("patch").wait for _request in range(15)] == [0] * 15


def test_nothing_left_stops_the_class_until_the_reset():
    book = pacer({}, Clock())
    book.learn("read", 0, 12)
    assert book.paused_for("read") == 12


def test_a_limit_below_one_is_an_error():
    with pytest.raises(SettingsError, match="at least 1"):
        Pacer({"read": 0}, SharedState())


def test_processes_share_the_limit_through_a_file(tmp_path):
    clock = Clock()
    path = tmp_path / "p" / "state"
    pacers = [pacer({"read": 10}, clock, SharedState(path)) for _process in range(3)]
    waits = [pacers[number % 3].reserve("read").wait for number in range(12)]
    assert waits[:10] == [0] * 10
    assert min(waits[10:]) > 60


def test_a_busy_process_books_blocks_and_still_keeps_the_limit(tmp_path):
    clock = Clock()
    shared = SharedState(tmp_path / "p" / "state")
    updates = []
    update = shared.update
    shared.update = lambda section, change: updates.append(section) or update(section, change)
    book = pacer({"all": 600}, clock, shared)
    times = []
    for _request in range(1500):
        clock.now += 0.01
        clock.now += book.reserve("read").wait
        times.append(clock.now)
    assert most_in_a_minute(times) <= 600
    assert len(updates) < 400
    # What is lost with the rests of blocks is little: 600 of a burst, and so again in each window.
    assert times[-1] - times[0] < 3 * WINDOW


def test_a_slow_process_does_not_hoard_slots(tmp_path):
    clock = Clock()
    book = pacer({"all": 600}, clock, SharedState(tmp_path / "p" / "state"))
    for _request in range(100):
        book.reserve("read")
    other = pacer({"all": 600}, clock, SharedState(tmp_path / "p" / "state"))
    for _request in range(60):
        clock.now += 2
        assert other.reserve("read").wait == 0


@pytest.mark.parametrize(
    "damaged",
    [
        {"slots": 3, "pauses": []},
        {"slots": {"read": [["x", 1], 4]}, "pauses": {"read": "soon"}},
        {"slots": {"read": 5}},
        {"slots": {"read": [[9e99, 1000]]}, "pauses": {"read": 9e99}},
    ],
)
def test_a_damaged_book_is_started_afresh(damaged):
    shared = SharedState()
    shared.update("pace:", lambda data: data.update(damaged))
    assert pacer({"read": 5}, Clock(), shared).reserve("read").wait == 0


def test_threads_never_get_more_slots_than_the_limit():
    clock = Clock()
    book = pacer({"read": 40}, clock)
    waits = []
    threads = [threading.Thread(target=lambda: waits.append(book.reserve("read").wait)) for _thread in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(1 for wait in waits if wait == 0) == 40


def test_the_book_stays_small():
    clock = Clock(0.0)
    shared = SharedState()
    book = pacer({"all": 10_000}, clock, shared)
    for _request in range(10_000):
        clock.now += 0.02
        book.reserve("read")
    assert shared.update("pace:", lambda data: len(data["slots"]["all"])) < 300


def test_the_clock_is_one_that_the_sharers_have_in_common(tmp_path):
    alone, together = Pacer({"read": 1}, SharedState()), Pacer({"read": 1}, SharedState(tmp_path / "p" / "s"))
    alone.reserve("read")
    together.reserve("read")
    assert abs(alone._clock() - time.monotonic()) < 5
    assert abs(together._clock() - time.time()) < 5
