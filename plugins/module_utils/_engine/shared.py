# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the threads, and where a file is given the processes, of one run share: tokens and the use of the vendor's limits.

The file holds tokens. It is private (folder 0700, file 0600, owned by this user, no symbolic links followed), replaced as a whole
under a lock, and thrown away when it cannot be read: everything in it can be fetched or counted again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import stat
import threading
import typing as t
from pathlib import Path

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import SettingsError

Data = dict[str, t.Any]
T = t.TypeVar("T")

# A file of one run is far smaller; anything else was not written here.
_LARGEST_FILE = 4 * 1024 * 1024


class SharedState:
    """Named sections of plain JSON data. With ``path`` None they live in memory, for the threads of this process."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = None if path is None else Path(path)
        self._memory: Data = {}
        self._lock = threading.RLock()
        self._named: dict[str, threading.RLock] = {}
        if self.path is not None:
            _make_private_folder(self.path.parent)

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
            with _locked(self.path.with_name(self.path.name + ".lock")):
                everything = _read(self.path)
                part = everything.get(section)
                data: Data = part if isinstance(part, dict) else {}
                before = json.dumps(data)
                result = change(data)
                if json.dumps(data) != before:
                    everything[section] = data
                    _replace(self.path, json.dumps(everything))
                return result

    @contextlib.contextmanager
    def exclusive(self, name: str) -> t.Iterator[None]:
        """Holds a lock of that name against all threads and processes, for as long as a token takes to fetch."""
        with self._lock:
            mine = self._named.setdefault(name, threading.RLock())
        with mine:
            if self.path is None:
                yield
                return
            label = hashlib.sha256(name.encode()).hexdigest()[:16]
            with _locked(self.path.with_name(f"{self.path.name}.{label}.lock")):
                yield


def _make_private_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise SettingsError(f"cannot keep shared state in {folder}: {error.strerror}") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022:
        raise SettingsError(f"cannot keep shared state in {folder}: the folder is not this user's alone")


def _open_private(path: Path, flags: int) -> int:
    """A descriptor of a regular file of this user that nobody else may read. Raises OSError or SettingsError."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        os.close(descriptor)
        raise SettingsError(f"cannot keep shared state in {path}: the file is not this user's alone")
    return descriptor


@contextlib.contextmanager
def _locked(path: Path) -> t.Iterator[None]:
    try:
        descriptor = _open_private(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise SettingsError(f"cannot keep shared state in {path}: {error.strerror}") from None
    try:
        # flock belongs to the open file, so that it also holds between threads; it ends with the process.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(path: Path) -> Data:
    """The whole content, or nothing at all where it cannot be understood."""
    try:
        descriptor = _open_private(path, os.O_RDONLY)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"cannot keep shared state in {path}: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(_LARGEST_FILE + 1)
    try:
        data = json.loads(content) if len(content) <= _LARGEST_FILE else None
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        with os.fdopen(_open_private(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w", encoding="ascii") as file:
            file.write(text)
        os.replace(new, path)
    except OSError as error:
        raise SettingsError(f"cannot keep shared state in {path}: {error.strerror}") from None
