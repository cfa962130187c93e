# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files of this user alone: opened without following links, locked against other processes, replaced as a whole.

``purpose`` in these functions is what the caller wants to do with the file, as it begins an error: "cannot keep shared state in".
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
import typing as t
from pathlib import Path

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import SettingsError

LOOK_UP = 0.1
"""Seconds between two looks of whoever waits for a lock and may be called off."""


def make_folder(folder: Path, purpose: str) -> os.stat_result:
    """The status of a folder, which is made for this user alone where it is missing. Raises SettingsError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder.stat()
    except OSError as error:
        raise SettingsError(f"{purpose} {folder}: {error.strerror}") from None


def make_private_folder(folder: Path, purpose: str) -> None:
    """The same for a folder in which nobody else may write. Raises SettingsError."""
    found = make_folder(folder, purpose)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022:
        raise SettingsError(f"{purpose} {folder}: the folder is not this user's alone")


@contextlib.contextmanager
def locked(path: Path, purpose: str, *, looking_up: t.Callable[[], None] | None = None) -> t.Iterator[None]:
    """Holds a lock against every thread and process that locks the same path. Raises SettingsError.

    ``looking_up`` is called now and then while somebody else holds it, and ends the wait by what it raises.
    """
    try:
        descriptor = _open(path, os.O_RDWR | os.O_CREAT, purpose)
    except OSError as error:
        raise SettingsError(f"{purpose} {path}: {error.strerror}") from None
    try:
        # flock belongs to the open file, so that it also holds between threads; it ends with the process.
        _lock(descriptor, looking_up)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, looking_up: t.Callable[[], None] | None) -> None:
    """Locks an open file as soon as it can be had."""
    if looking_up is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        looking_up()
        time.sleep(LOOK_UP)


def read(path: Path, purpose: str, *, most: int) -> bytes | None:
    """The content, or None where there is no such file. At most ``most`` bytes and one, which tells that there is more.

    Raises SettingsError for a file that others may read or that is none.
    """
    try:
        descriptor = _open(path, os.O_RDONLY, purpose)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{purpose} {path}: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most + 1)


def replace(path: Path, text: str, purpose: str, *, durable: bool = False) -> None:
    """Puts ASCII text in the place of a file, at once and for good. ``durable`` waits until it is on the disk.

    Raises SettingsError.
    """
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        with os.fdopen(_open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, purpose), "w", encoding="ascii") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(new, path)
        if durable:
            _sync_folder(path.parent)
    except OSError as error:
        raise SettingsError(f"{purpose} {path}: {error.strerror}") from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path, flags: int, purpose: str) -> int:
    """A descriptor of a regular file of this user that nobody else may read. Raises OSError or SettingsError."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        os.close(descriptor)
        raise SettingsError(f"{purpose} {path}: the file is not this user's alone")
    return descriptor
