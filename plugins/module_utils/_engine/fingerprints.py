# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was last accepted of a value that a vendor never shows: a keyed fingerprint of it in a private file.

The file holds no value, only HMACs under a random key of its own. Planning reads it and touches nothing, not even a lock. A
fingerprint is taken out before the value is sent, and put in after it was certainly accepted. A crash, an unclear answer or a
second process in between leaves "not known" behind, and never a fingerprint that could match by mistake.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.fleetform.devices.plugins.module_utils._engine import private_file
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import SettingsError

_FORMAT = "fleetform fingerprints 1"
_LARGEST_FILE = 64 * 1024 * 1024
_PURPOSE = "cannot keep fingerprints in"
# Stands in the place of a fingerprint while a value is on its way. No HMAC begins like this.
_SENDING = "sending "

T = t.TypeVar("T")


def default_path(name: str, environ: t.Mapping[str, str]) -> Path:
    """``fleetform/<name>.json`` in the user's folder for state. Raises SettingsError where there is no such folder."""
    # A relative folder is to be ignored, says the XDG base directory specification.
    state = environ.get("XDG_STATE_HOME", "")
    folder = Path(state if os.path.isabs(state) else "~/.local/state")
    try:
        return folder.expanduser() / "fleetform" / f"{name}.json"
    except RuntimeError:
        raise SettingsError(f"{_PURPOSE} {folder}: this user has no home folder; name a file in `state_path`") from None


@dataclass(frozen=True)
class Ticket:
    """One value on its way: for which entry, what marks it in the file, and what stood there before."""

    entry: str
    mark: str
    before: str | None


@dataclass(frozen=True)
class Snapshot:
    """What a file held when it was read."""

    key: bytes = b""
    entries: t.Mapping[str, str] = field(default_factory=dict)

    def accepted(self, entry: str, value: t.Any) -> bool | None:
        """Whether this is the value that was last accepted; None where that is not known."""
        held = self.entries.get(entry)
        if held is None or held.startswith(_SENDING):
            return None
        return hmac.compare_digest(held, _fingerprint(self.key, entry, value))


class FingerprintFile:
    """The fingerprints in one file. Several threads and processes may use it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Snapshot:
        """What the file holds; nothing where there is none. Raises SettingsError for a file that is not ours."""
        content = private_file.read(self.path, _PURPOSE, most=_LARGEST_FILE)
        if content is None:
            return Snapshot()
        try:
            data = json.loads(content) if len(content) <= _LARGEST_FILE else None
            if not isinstance(data, dict) or data.get("format") != _FORMAT:
                raise ValueError
            key, entries = bytes.fromhex(data["key"]), data["entries"]
            if not key or not isinstance(entries, dict) or not all(isinstance(mark, str) for mark in entries.values()):
                raise ValueError
        except (ValueError, KeyError, TypeError, RecursionError):
            raise SettingsError(
                f"{self.path} exists and is no file of fingerprints; it is left as it is: name another file in `state_path`"
            ) from None
        return Snapshot(key, entries)

    def obstacle(self) -> str | None:
        """Why the file could not be written, as far as that shows without touching anything."""
        folder = self.path.parent
        while not os.path.lexists(folder) and folder != folder.parent:
            folder = folder.parent
        if not os.path.isdir(folder):
            return f"{_PURPOSE} {self.path}: {folder} is not a folder"
        return None if os.access(folder, os.W_OK | os.X_OK) else f"{_PURPOSE} {self.path}: {folder} cannot be written"

    def begin(self, entry: str) -> Ticket:
        """Takes the fingerprint out, because a value is about to be sent. Raises SettingsError."""
        mark = _SENDING + secrets.token_hex(8)

        def change(entries: dict[str, str], _key: bytes) -> Ticket:
            before = entries.get(entry)
            entries[entry] = mark
            return Ticket(entry, mark, before)

        private_file.make_folder(self.path.parent, _PURPOSE)
        return self._change(change)

    def accept(self, ticket: Ticket, value: t.Any) -> None:
        """Puts the fingerprint of a value in that was certainly accepted. Raises SettingsError."""

        def change(entries: dict[str, str], key: bytes) -> None:
            if entries.get(ticket.entry) == ticket.mark:
                entries[ticket.entry] = _fingerprint(key, ticket.entry, value)
            else:
                # Somebody else sent one in the meantime; which of the two came last is not known.
                entries.pop(ticket.entry, None)

        self._change(change)

    def put_back(self, ticket: Ticket) -> None:
        """As it was before ``begin``, because the value was certainly not accepted. Raises SettingsError."""

        def change(entries: dict[str, str], _key: bytes) -> None:
            if entries.get(ticket.entry) != ticket.mark:
                return
            if ticket.before is None:
                del entries[ticket.entry]
            else:
                entries[ticket.entry] = ticket.before

        self._change(change)

    def forget(self, entry: str) -> None:
        """Takes an entry out. Raises SettingsError."""
        self._change(lambda entries, _key: entries.pop(entry, None))

    def _change(self, change: t.Callable[[dict[str, str], bytes], T]) -> T:
        with private_file.locked(self.path.with_name(self.path.name + ".lock"), _PURPOSE):
            held = self.read()
            key = held.key or secrets.token_bytes(32)
            entries = dict(held.entries)
            result = change(entries, key)
            if entries != held.entries:
                data = {"format": _FORMAT, "key": key.hex(), "entries": entries}
                private_file.replace(self.path, json.dumps(data), _PURPOSE, durable=True)
            return result


def _fingerprint(key: bytes, entry: str, value: t.Any) -> str:
    """HMAC-SHA256 over the entry and canonical JSON. Raises TypeError or ValueError for what JSON cannot hold."""
    text = json.dumps([entry, value], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hmac.new(key, text.encode("ascii"), hashlib.sha256).hexdigest()
