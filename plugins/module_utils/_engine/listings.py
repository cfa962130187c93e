# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Listings that the tasks of one run read once for all of them.

A play over 200 hosts runs one task 200 times, in processes that know nothing of each other. What one of them has read serves the
others for a short while, except for devices that any of them has written to since.
"""

from __future__ import annotations

import hashlib
import json
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
    """The pages that a crowd has read, in private files beside the shared state."""

    def __init__(self, shared: SharedState, crowd: Crowd, *, wall: t.Callable[[], float] = time.time) -> None:
        self.crowd = crowd
        self._shared = shared
        self._wall = wall

    def page(self, account: str, asked: str, fetch: t.Callable[[], Answer]) -> Answer:
        """What somebody of the crowd was answered lately, else what ``fetch`` brings, which the others then get as well."""
        key = hashlib.sha256(json.dumps([self.crowd.label, account, asked]).encode()).hexdigest()
        with self._shared.exclusive(f"listing {key}"):
            kept = self._kept(key)
            if kept is not None:
                return kept
            begun = self._wall()
            answer = fetch()
            self._keep(key, begun, answer)
            return answer

    def touch(self, account: str, ids: t.Iterable[str]) -> None:
        """Notes that these devices are about to be written to, so that nobody believes an older page about them."""
        found = [device_id for device_id in ids if device_id]
        if found:
            self._shared.update(f"touched {account}", lambda section: section.update(dict.fromkeys(found, self._wall())))

    def touched(self, account: str) -> frozenset[str]:
        """The devices that were written to within the lifetime of a page."""
        since = self._wall() - 2 * LIFETIME
        found = self._shared.update(f"touched {account}", dict)
        return frozenset(device_id for device_id, when in found.items() if when >= since)

    def _path(self, key: str) -> Path | None:
        return None if self._shared.path is None else self._shared.path.with_name(f"listing.{key}")

    def _kept(self, key: str) -> Answer | None:
        path = self._path(key)
        content = None if path is None else private_file.read(path, _PURPOSE, most=_LARGEST_FILE)
        if content is None:
            return None
        try:
            held = json.loads(content)
        except ValueError:
            return None
        if not 0 <= self._wall() - held["begun"] < LIFETIME:
            return None
        return Answer(held["status"], held["body"], held["headers"])

    def _keep(self, key: str, begun: float, answer: Answer) -> None:
        path = self._path(key)
        if path is not None and isinstance(answer.body, (dict, list)):
            held = {"begun": begun, "status": answer.status, "body": answer.body, "headers": dict(answer.headers)}
            private_file.replace(path, json.dumps(held), _PURPOSE)
