# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long to wait before a request is sent again, and whether there is still time for it."""

from __future__ import annotations

import math
import threading
import typing as t
from datetime import UTC
from email.utils import parsedate_to_datetime

# Seconds. Full jitter: a wait is drawn between 0 and the bound, so that many clients do not come back together.
_FIRST_BOUND = 0.5
_LAST_BOUND = 30.0
# A limit that gives no hint is most often a window of a minute, so that the waits grow to about that.
_FIRST_LIMITED = 2.0
_LAST_LIMITED = 60.0
# Above this a "reset" is a point in time, in seconds since 1970, and no number of seconds.
_EPOCH = 1_000_000_000.0


def backoff(repeats: int, *, limited: bool, random: t.Callable[[], float]) -> float:
    """Seconds before repeat number ``repeats`` (from 0); ``limited`` after a 429 without a hint. ``random`` is in [0, 1)."""
    if limited:
        bound = min(_LAST_LIMITED, _FIRST_LIMITED * 2.0 ** min(repeats, 10))
        return bound / 2 + bound / 2 * random()
    return min(_LAST_BOUND, _FIRST_BOUND * 2.0 ** min(repeats, 10)) * random()


def demanded(headers: t.Mapping[str, str], body: t.Any, wall: float, *, limited: bool = True) -> float | None:
    """The pause in seconds that an answer asks for, or None. Headers in lower case; ``wall`` is seconds since 1970.

    ``limited`` says that the answer is a 429. A vendor may send its rate limit headers with every answer, and then the reset
    is no pause that it asks for, unless nothing is left until then.

    ``Retry-After`` as seconds or date; ``retryAfterSeconds`` in GreenLake's error details; ``ratelimit-reset`` with or without
    ``x-`` (docs/vendors/greenlake.md). Nonsense and negative values count as no hint.
    """
    reset = reset_in(headers, wall) if limited or remaining(headers) == 0 else None
    for seconds in (_retry_after(headers.get("retry-after"), wall), _from_details(body), reset):
        if seconds is not None:
            return seconds
    return None


def reset_in(headers: t.Mapping[str, str], wall: float) -> float | None:
    """Seconds until the vendor counts afresh, by its rate limit headers."""
    for name in ("ratelimit-reset", "x-ratelimit-reset"):
        seconds = _number(headers.get(name))
        if seconds is not None:
            if seconds > _EPOCH * 1000:
                seconds /= 1000  # a point in time in milliseconds
            return max(0.0, seconds - wall) if seconds > _EPOCH else seconds
    return None


def remaining(headers: t.Mapping[str, str]) -> int | None:
    """How many requests the vendor says are left until the reset, where it says so."""
    for name in ("ratelimit-remaining", "x-ratelimit-remaining"):
        number = _number(headers.get(name))
        if number is not None:
            return int(number)
    return None


class Deadline:
    """What one call, with everything that belongs to it, may still spend. Waiting for the pace is not counted."""

    def __init__(self, seconds: float, clock: t.Callable[[], float]) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def left(self) -> float:
        """Seconds left; negative when over."""
        return self._end - self._clock()

    def forgive(self, seconds: float) -> None:
        """Leaves a wait out of the account."""
        self._end += seconds


class RetryBudget:
    """How many repeats a client may make in all: a tenth of the planned calls, at least 10. It bounds an outage."""

    SHARE = 10
    LEAST = 10

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned = 0
        self._spent = 0

    @property
    def size(self) -> int:
        """Repeats allowed in all."""
        return max(self.LEAST, -(-self._planned // self.SHARE))

    def planned(self, calls: int) -> None:
        """So many more calls are intended."""
        with self._lock:
            self._planned += max(0, calls)

    def spend(self) -> bool:
        """Takes one repeat; False when there is none left."""
        with self._lock:
            if self._spent >= self.size:
                return False
            self._spent += 1
            return True


def _retry_after(text: str | None, wall: float) -> float | None:
    if not text:
        return None
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, date.timestamp() - wall)


def _from_details(body: t.Any) -> float | None:
    """``retryAfterSeconds`` of the first entry that has a usable one; the name of the list has changed over time."""
    if not isinstance(body, dict):
        return None
    for entries in body.values():
        for entry in entries if isinstance(entries, list) else ():
            seconds = _number(entry.get("retryAfterSeconds")) if isinstance(entry, dict) else None
            if seconds is not None:
                return seconds
    return None


def _number(value: t.Any) -> float | None:
    """A finite number that is not negative, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None
