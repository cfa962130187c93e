# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A device's configuration, which Xyte takes and never shows: whether to send it, told from fingerprints on this machine.

An entry is the account's url and the device's id, so that a new key for the same organization leaves it valid.
"""

from __future__ import annotations

import math
import os
import threading
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, SettingsError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fingerprints import (
    FingerprintFile,
    Snapshot,
    Ticket,
    default_path,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device

_UNKNOWN = (
    "whether this configuration is in effect is not known, so it is sent: Xyte does not show it, and {path} has no fingerprint "
    "of it; keep that file, see `state_path`"
)
_UNSEEN = (
    "the configuration is the one that was accepted last, so it is not sent; what was changed elsewhere since then, as in Xyte's "
    "portal, cannot be seen: `metafields_policy: always` sends it every time"
)


@dataclass(frozen=True)
class Verdict:
    """Whether a configuration is to be sent, whether that is a difference for certain, and what the user should know."""

    sends: bool
    unverified: bool = False
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Configurations:
    """The fingerprints of one account's configurations."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._snapshots: dict[Path, Snapshot] = {}
        self._tickets: dict[str, tuple[FingerprintFile, Ticket]] = {}
        self._lock = threading.Lock()

    def path(self, state_path: str | None) -> Path:
        """The file that a declaration's fingerprint is in. Raises SettingsError."""
        return default_path("xyte", os.environ) if state_path is None else Path(state_path).expanduser()

    def renew(self) -> None:
        """Forgets what was read of the files."""
        self._snapshots.clear()

    def judge(self, declaration: Declaration, observed: Device | None) -> Verdict:
        """What to do about a declared configuration. Reads files and touches nothing. Raises DeclarationError."""
        try:
            path = self.path(declaration.state_path)
            if path not in self._snapshots:
                self._snapshots[path] = FingerprintFile(path).read()
            accepted = None
            if observed is not None:
                accepted = self._snapshots[path].accepted(self._entry(str(observed.id)), declaration.metafields)
            if accepted and declaration.metafields_policy != "always":
                return Verdict(sends=False, notes=(_UNSEEN,))
            if obstacle := FingerprintFile(path).obstacle():
                raise SettingsError(obstacle)
        except SettingsError as error:
            raise DeclarationError(error.message) from error
        if observed is None or accepted is False:
            return Verdict(sends=True)
        warnings = () if accepted or declaration.metafields_policy == "always" else (_UNKNOWN.format(path=path),)
        return Verdict(sends=True, unverified=True, warnings=warnings)

    def begin(self, address: str, device_id: str, state_path: str | None) -> None:
        """Notes that a configuration is about to be sent. Raises SettingsError where that cannot be noted."""
        file = FingerprintFile(self.path(state_path))
        ticket = file.begin(self._entry(device_id))
        with self._lock:
            self._tickets[address] = (file, ticket)

    def accepted(self, address: str, configuration: t.Any) -> None:
        """Notes that the configuration was accepted. Raises SettingsError."""
        file, ticket = self._taken(address)
        file.accept(ticket, configuration)

    def refused(self, address: str) -> None:
        """Notes that the configuration was certainly not accepted. Raises SettingsError."""
        file, ticket = self._taken(address)
        file.put_back(ticket)

    def forget(self, device_id: str, state_path: str | None) -> None:
        """Takes the fingerprint of a device out, which is about to be deleted or was just claimed.

        Raises SettingsError for one that cannot be taken out. In a file that cannot be read there is none that could match.
        """
        try:
            file = FingerprintFile(self.path(state_path))
            held = file.read()
        except SettingsError:
            return
        if self._entry(device_id) in held.entries:
            file.forget(self._entry(device_id))

    def _taken(self, address: str) -> tuple[FingerprintFile, Ticket]:
        with self._lock:
            return self._tickets.pop(address)

    def _entry(self, device_id: str) -> str:
        return f"{self._url} {device_id}"


def refuse_configuration(declaration: Declaration) -> None:
    """Refuses a configuration that is no JSON, and a file that is not named in full. Raises DeclarationError."""
    if declaration.metafields is None:
        return
    if wrong := _not_json(declaration.metafields, "metafields"):
        raise DeclarationError(wrong)
    if declaration.state_path is not None and not os.path.isabs(os.path.expanduser(declaration.state_path)):
        raise DeclarationError(f"state_path {declaration.state_path!r} must be an absolute path")


def texts_in(value: t.Any) -> t.Iterator[str]:
    """Every text in a value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, str):
        yield value


def _not_json(value: t.Any, place: str) -> str | None:
    """What of a value is no JSON. Values are not quoted: they may be secret."""
    if value is None or isinstance(value, (str, bool, int)):
        return None
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{place} is no number that JSON can hold"
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                return f"{place} has the name {key!r}, which is no text; quote it"
            if wrong := _not_json(item, f"{place}.{key}"):
                return wrong
        return None
    if isinstance(value, (list, tuple)):
        return next((wrong for item in value if (wrong := _not_json(item, place))), None)
    kind = type(value).__name__
    return f"{place} is a {kind}, which JSON does not have; quote it"
