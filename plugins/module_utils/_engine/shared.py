# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the threads, and where a file is given the processes, of one run share: tokens and the use of the vendor's limits.

The file holds tokens. It is private (folder 0700, file 0600, owned by this user, no symbolic links followed), replaced as a whole
under a lock, and thrown away when it cannot be read: everything in it can be fetched or counted again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import typing as t
from pathlib import Path

from ansible_collections.fleetform.devices.plugins.module_utils._engine import private_file

Data = dict[str, t.Any]
T = t.TypeVar("T")

# A file of one run is far smaller; anything else was not written here.
_LARGEST_FILE = 4 * 1024 * 1024
_PURPOSE = "cannot keep shared state in"


class SharedState:
    """Named sections of plain JSON data. With ``path`` None they live in memory, for the threads of this process."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = None if path is None else Path(path)
        self._memory: Data = {}
        self._lock = threading.RLock()
        self._named: dict[str, threading.RLock] = {}
        if self.path is not None:
            private_file.make_private_folder(self.path.parent, _PURPOSE)

    @property
    def in_memory(self) -> bool:
        """Whether nobody but this process sees it."""
        return self.path is None

    def update(self, section: str, change: t.Callable[[Data], T]) -> T:
        """Runs ``change`` on the section, a dict that it may alter in place, while nobody else can; returns its result.

        Keep ``change`` short: with a file, all processes wait for it.
        """
        with self._lock:
            if self.path is None:
                return change(self._memory.setdefault(section, {}))
            with private_file.locked(self.path.with_name(self.path.name + ".lock"), _PURPOSE):
                everything = _read(self.path)
                part = everything.get(section)
                data: Data = part if isinstance(part, dict) else {}
                before = json.dumps(data)
                result = change(data)
                if json.dumps(data) != before:
                    everything[section] = data
                    private_file.replace(self.path, json.dumps(everything), _PURPOSE)
                return result

    @contextlib.contextmanager
    def exclusive(self, name: str, *, looking_up: t.Callable[[], None] | None = None) -> t.Iterator[None]:
        """Holds a lock of that name against all threads and processes, for as long as a token takes to fetch.

        ``looking_up`` is called now and then while somebody else holds it, and ends the wait by what it raises.
        """
        with self._lock:
            mine = self._named.setdefault(name, threading.RLock())
        while not mine.acquire(timeout=-1 if looking_up is None else private_file.LOOK_UP):
            if looking_up is not None:
                looking_up()
        try:
            if self.path is None:
                yield
                return
            label = hashlib.sha256(name.encode()).hexdigest()[:16]
            path = self.path.with_name(f"{self.path.name}.{label}.lock")
            with private_file.locked(path, _PURPOSE, looking_up=looking_up):
                yield
        finally:
            mine.release()


def _read(path: Path) -> Data:
    """The whole content, or nothing at all where it cannot be understood."""
    content = private_file.read(path, _PURPOSE, most=_LARGEST_FILE)
    try:
        data = json.loads(content) if content is not None and len(content) <= _LARGEST_FILE else None
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
