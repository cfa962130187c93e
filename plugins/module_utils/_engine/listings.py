# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Listings that the tasks of one run read once for all of them.

A play over 200 hosts runs one task 200 times, in processes that know nothing of each other. What one of them has read serves the
others for a short while, except for devices that any of them has written to since.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.fleetform.devices.plugins.module_utils._engine import private_file
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Answer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.shared import SharedState

LIFETIME = 30.0
"""Seconds for which a page is good: about what the reading of a large listing takes."""

_PURPOSE = "cannot keep a listing in"
_LARGEST_FILE = 64 * 1024 * 1024


@dataclass(frozen=True)
class Crowd:
    """Tasks that run side by side and ask for the same: ``label`` is theirs alone, ``size`` is how many they are."""

    label: str
    size: int


class SharedListings:
    """The pages that a crowd has read, in private files beside the shared state, and which devices are being written to."""

    def __init__(self, shared: SharedState, crowd: Crowd, *, wall: t.Callable[[], float] = time.time) -> None:
        self.crowd = crowd
        self._shared = shared
        # Every request of the run reads and writes the shared state, which therefore has to stay small.
        self._writes = SharedState(None if shared.path is None else shared.path.with_name("writes.json"))
        self._wall = wall

    def reading(self, account: str, *, not_before: float = 0.0) -> Reading:
        """To be used for one plan. Pages that were asked for before that time are not good enough for it."""
        return Reading(self, account, not_before)

    def now(self) -> float:
        """The time by which pages are dated, in seconds since 1970."""
        return self._wall()

    @contextlib.contextmanager
    def writing(self, account: str, ids: t.Iterable[str]) -> t.Iterator[None]:
        """Notes that these devices are written to within the block, so that nobody believes an older page about them."""
        found = [device_id for device_id in ids if device_id]
        if not found:
            yield
            return
        self._writes.update(account, lambda section: section.update(dict.fromkeys(found)))
        yield
        # A process that dies before leaves them as they are: whoever comes next reads for himself.
        self._writes.update(account, lambda section: self._ended(section, found))

    def _ended(self, section: dict[str, t.Any], ids: t.Iterable[str]) -> None:
        now = self._wall()
        for device_id in [one for one, ended in section.items() if ended is not None and ended < now - 10 * LIFETIME]:
            del section[device_id]
        section.update(dict.fromkeys(ids, now))

    def written_since(self, account: str, moment: float) -> frozenset[str]:
        """The devices that are being written to, or were later than that."""
        found = self._writes.update(account, dict)
        return frozenset(device_id for device_id, ended in found.items() if ended is None or ended >= moment)

    def page(self, account: str, asked: str, fetch: t.Callable[[], Answer], not_before: float) -> tuple[float, Answer]:
        """What somebody of the crowd was answered since then, else what ``fetch`` brings, which the others then get as well.

        With the time at which it was asked for.
        """
        key = hashlib.sha256(json.dumps([self.crowd.label, account, asked]).encode()).hexdigest()
        with self._shared.exclusive(f"listing {key}"):
            kept = self._kept(key)
            if kept is not None and kept[0] >= not_before:
                return kept
            begun = self._wall()
            answer = fetch()
            self._keep(key, begun, answer)
            return begun, answer

    def _path(self, key: str) -> Path | None:
        return None if self._shared.path is None else self._shared.path.with_name(f"listing.{key}")

    def _kept(self, key: str) -> tuple[float, Answer] | None:
        path = self._path(key)
        content = None if path is None else private_file.read(path, _PURPOSE, most=_LARGEST_FILE)
        if content is None:
            return None
        try:
            held = json.loads(content)
            begun, answer = float(held["begun"]), Answer(held["status"], held["body"], held["headers"])
        except (KeyError, TypeError, ValueError):
            return None
        return (begun, answer) if 0 <= self._wall() - begun < LIFETIME else None

    def _keep(self, key: str, begun: float, answer: Answer) -> None:
        path = self._path(key)
        if path is not None and isinstance(answer.body, (dict, list)):
            held = {"begun": begun, "status": answer.status, "body": answer.body, "headers": dict(answer.headers)}
            private_file.replace(path, json.dumps(held), _PURPOSE)


class Reading:
    """What one plan reads of one account together with others."""

    def __init__(self, listings: SharedListings, account: str, not_before: float) -> None:
        self.size = listings.crowd.size
        self._listings = listings
        self._account = account
        self._not_before = not_before
        self._oldest: float | None = None
        self._lock = threading.Lock()

    def page(self, asked: str, fetch: t.Callable[[], Answer]) -> Answer:
        """The answer to a question that others may have asked before."""
        begun, answer = self._listings.page(self._account, asked, fetch, self._not_before)
        with self._lock:
            self._oldest = begun if self._oldest is None else min(begun, self._oldest)
        return answer

    def written_since(self) -> frozenset[str]:
        """The devices about which what was read may be out of date."""
        return frozenset() if self._oldest is None else self._listings.written_since(self._account, self._oldest)
