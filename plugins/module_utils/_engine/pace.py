# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Holds an account to the vendor's limits: never more than the limit of a class in any 60 seconds.

Each request reserves a slot, which may lie in the future, and whoever reserved it sleeps until then: first come, first served,
and nobody holds a lock while waiting. Slots are booked in the shared state, so that several processes keep one limit together; to
spare the file, a busy process books a block of slots that it must use within a second.
"""

from __future__ import annotations

import math
import threading
import time
import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import SettingsError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.shared import Data, SharedState

ALL = "all"
# A second more than a minute, because requests take unequal time to arrive.
WINDOW = 61.0
# Slots that lie as near as this are booked together, which bounds the book to a few hundred entries.
_GRAIN = 0.25
_BLOCK_LIFE = 1.0
# A booking further ahead than this is from another clock.
_FARTHEST = 86_400.0


class Slot(t.NamedTuple):
    """``wait`` is the seconds until it may be used; ``paused`` how many of them are a pause that the vendor asked for.

    ``at`` is its time by the pacer's clock.
    """

    wait: float
    paused: float
    at: float = 0.0


class Pacer:
    """The limits of one account.

    ``limits`` are requests per minute by class; ``all``, where given, is a pool that every class draws from, besides its own.
    A class without a limit is not paced, but pauses like any other. ``key`` tells accounts apart in the shared state. ``clock``
    counts seconds; with a file it must be the same for all processes.
    """

    def __init__(
        self,
        limits: t.Mapping[str, int],
        shared: SharedState,
        *,
        key: str = "",
        clock: t.Callable[[], float] | None = None,
    ) -> None:
        if any(limit < 1 for limit in limits.values()):
            raise SettingsError("a limit of requests per minute must be at least 1")
        self.limits = dict(limits)
        self._shared = shared
        self._section = f"pace:{key}"
        self._clock = clock or (time.monotonic if shared.in_memory else time.time)
        self._lock = threading.Lock()
        self._blocks: dict[str, _Block] = {}

    def reserve(self, pace: str) -> Slot:
        """Books the next free slot of a class."""
        pools = self._pools(pace)
        with self._lock:
            now = self._clock()
            block = self._blocks.setdefault(pace, _Block())
            if block.take(now):
                return Slot(0.0, 0.0)
            wanted = 1
            if pools and not self._shared.in_memory:
                wanted = block.next_size(now, min(self.limits[pool] for pool in pools))
            at, got, paused = self._shared.update(self._section, lambda book: self._booked(book, pace, pools, now, wanted))
            block.fill(now, got)
            return Slot(max(0.0, at - now), max(0.0, paused - now), at)

    def give_back(self, pace: str, slot: Slot) -> None:
        """Frees a slot that somebody waited for and will not use, so that those who come later need not wait behind it."""
        pools = self._pools(pace)
        if slot.wait <= 0 or not pools:
            return
        with self._lock:
            now = self._clock()

            def free(book: Data) -> None:
                for pool in pools:
                    slots = _slots(book, pool, now)
                    _leave(slots, slot.at)

            self._shared.update(self._section, free)

    def pause(self, pace: str, seconds: float) -> bool:
        """Stops a class for everybody. Returns False when it was stopped already, for about as long."""
        with self._lock:
            now = self._clock()
            until = now + seconds
            # Where one pool serves all classes, its exhaustion is everybody's.
            name = ALL if ALL in self.limits and pace not in self.limits else pace
            self._blocks.clear()

            def stop(book: Data) -> bool:
                pauses = _dict_in(book, "pauses")
                already = _paused_until(book, name, now)
                pauses[name] = max(already, until)
                return already <= now

            return self._shared.update(self._section, stop)

    def learn(self, pace: str, left: int, reset: float) -> None:
        """Takes in what an answer tells: ``left`` requests until ``reset`` seconds from now.

        With nothing left the class stops until then. With less left than is booked, somebody else uses the same limit: what they
        have used counts as ours until the reset.
        """
        pools = self._pools(pace)
        if reset > 0 and left <= 0:
            self.pause(pace, reset)
        elif reset > 0 and pools:
            with self._lock:
                now = self._clock()
                limit = self.limits[pools[0]]

                def correct(book: Data) -> None:
                    slots = _slots(book, pools[0], now)
                    foreign = limit - sum(int(count) for at, count in slots if at < now + _BLOCK_LIFE) - left
                    if foreign > 0:
                        _enter(slots, now + min(reset, WINDOW) - WINDOW, foreign)

                self._shared.update(self._section, correct)

    def paused_for(self, pace: str) -> float:
        """Seconds until a stopped class goes on, 0.0 when it is not stopped."""
        with self._lock:
            now = self._clock()
            until = self._shared.update(
                self._section, lambda book: max(_paused_until(book, pace, now), _paused_until(book, ALL, now))
            )
            return max(0.0, until - now)

    def _pools(self, pace: str) -> tuple[str, ...]:
        return tuple(pool for pool in (pace, ALL) if pool in self.limits)

    def _booked(self, book: Data, pace: str, pools: tuple[str, ...], now: float, wanted: int) -> tuple[float, int, float]:
        """The time of the next free slot, how many were booked for it, and until when the class is stopped."""
        paused = max(_paused_until(book, pace, now), _paused_until(book, ALL, now))
        at = max(now, paused)
        slots = {pool: _slots(book, pool, now) for pool in pools}
        for pool in pools:
            at = max(at, _free_from(slots[pool], self.limits[pool], at))
        got = 1
        if at <= now and wanted > 1:
            free = min(self.limits[pool] - sum(int(count) for _time, count in slots[pool]) for pool in pools)
            got = max(1, min(wanted, free))
        for pool in pools:
            _enter(slots[pool], at + _BLOCK_LIFE if got > 1 else at, got)
        return at, got, paused


class _Block:
    """Slots booked ahead for immediate use; its size follows the demand."""

    def __init__(self) -> None:
        self._left = 0
        self._until = 0.0
        self._size = 0

    def take(self, now: float) -> bool:
        if self._left > 0 and now < self._until:
            self._left -= 1
            return True
        return False

    def next_size(self, now: float, limit: int) -> int:
        # Used up within its life: demand is high. Otherwise the rest is lost, so that the next one is what was used.
        used = self._size - self._left
        wanted = used * 2 if now < self._until else used
        return max(1, min(wanted, limit // 60))

    def fill(self, now: float, size: int) -> None:
        self._size = size
        self._left = size - 1
        self._until = now + _BLOCK_LIFE


def _dict_in(data: Data, name: str) -> Data:
    """The dict of that name, made where there is none, or where a damaged file has something else."""
    if not isinstance(data.get(name), dict):
        data[name] = {}
    found: Data = data[name]
    return found


def _paused_until(book: Data, name: str, now: float) -> float:
    until = _dict_in(book, "pauses").get(name)
    return float(until) if isinstance(until, (int, float)) and now < until < now + _FARTHEST else 0.0


def _slots(book: Data, pool: str, now: float) -> list[list[float]]:
    """The bookings of a pool that still count, oldest first, as lists of time and number."""
    pools = _dict_in(book, "slots")
    try:
        slots = [slot for slot in pools.get(pool, ()) if now - WINDOW < slot[0] < now + _FARTHEST and slot[1] > 0]
    except (TypeError, LookupError):
        slots = []
    pools[pool] = slots
    return slots


def _free_from(slots: list[list[float]], limit: int, at: float) -> float:
    """The first time, not before ``at``, when one more keeps the limit in every window."""
    room = limit
    for time_of, count in reversed(slots):
        room -= int(count)
        if room < 1:
            return max(at, time_of + WINDOW)
    return at


def _booked_at(at: float) -> float:
    # Rounded up: later is on the safe side.
    return math.ceil(at / _GRAIN) * _GRAIN


def _leave(slots: list[list[float]], at: float) -> None:
    """Takes one booking of that time out, where it is still there."""
    for number, slot in enumerate(slots):
        if slot[0] == _booked_at(at):
            slot[1] -= 1
            if slot[1] < 1:
                del slots[number]
            return


def _enter(slots: list[list[float]], at: float, count: int) -> None:
    at = _booked_at(at)
    if slots and slots[-1][0] == at:
        slots[-1][1] += count
        return
    slots.append([at, count])
    if len(slots) > 1 and slots[-2][0] > at:
        slots.sort()
