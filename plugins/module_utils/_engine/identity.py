# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which observed device a declaration means.

Each given identifier agrees with a device, contradicts it, or is unknown because the vendor leaves the field empty. Found is
exactly one device with at least one agreement and no contradiction. Anything mixed is an error, never a reason to create.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Ambiguous
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device, mac_key

_FIELD = {"device_id": "id"}
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


Key = t.Callable[[str, str], str]


def key_of(identifier: str, value: str) -> str:
    """What two spellings of one identifier have in common: MACs go without separators and case, and so do UUIDs without case."""
    if identifier == "mac":
        return mac_key(value)
    return value.lower() if identifier == "device_id" and _UUID.fullmatch(value) else value


class Index:
    """The observed devices of one account, found by identifier or name in constant time.

    ``key`` gives what two spellings of an identifier have in common, for a vendor that writes the same id in several ways.
    """

    def __init__(self, devices: t.Iterable[Device], key: Key = key_of) -> None:
        self._devices = list(devices)
        self._key = key
        self._by: dict[str, dict[str, list[Device]]] = {}

    def find(self, declaration: Declaration, eligible: t.Callable[[Device], bool] = lambda _device: True) -> Device | None:
        """The device that is meant, or None. Raises Ambiguous where more than one fits, or one fits in part only."""
        identifiers = declaration.identifiers
        if identifiers:
            candidates = self._candidates([(name, self._key(name, value)) for name, value in identifiers.items()], eligible)
            for device in candidates if len(identifiers) > 1 or "mac" in identifiers else ():
                if contradiction := self._contradiction(identifiers, device):
                    raise Ambiguous(
                        f"{_words(identifiers)}: {device.label()} fits only in part, {contradiction}; correct the identifiers",
                        account=declaration.account,
                        device=declaration.address,
                    )
        else:
            names = [name for name in (declaration.name, declaration.previous_name) if name]
            candidates = self._candidates([("name", name) for name in names], eligible)
        if len(candidates) > 1:
            listed = ", ".join(sorted(device.label() for device in candidates))
            words = _words(identifiers) if identifiers else f"name {declaration.name!r}"
            if not identifiers and declaration.previous_name:
                words += f" or previous_name {declaration.previous_name!r}"
            raise Ambiguous(
                f"{words} fits {len(candidates)} devices: {listed}; say device_id to choose one",
                account=declaration.account,
                device=declaration.address,
            )
        return candidates[0] if candidates else None

    def _contradiction(self, identifiers: t.Mapping[str, str], device: Device) -> str | None:
        for name, value in identifiers.items():
            seen = getattr(device, _FIELD.get(name, name))
            if seen and self._key(name, seen) != self._key(name, value):
                return f"its {name} is {seen}"
        return None

    def _sorted_by(self, identifier: str) -> dict[str, list[Device]]:
        """The devices by one identifier, sorted when it is first asked for: most fleets are declared by one."""
        found = self._by.get(identifier)
        if found is None:
            found = self._by[identifier] = {}
            field = _FIELD.get(identifier, identifier)
            for device in self._devices:
                if value := getattr(device, field):
                    found.setdefault(self._key(identifier, value), []).append(device)
        return found

    def _candidates(self, keys: t.Sequence[tuple[str, str]], eligible: t.Callable[[Device], bool]) -> list[Device]:
        if len(keys) == 1:
            hits = [device for device in self._sorted_by(keys[0][0]).get(keys[0][1], ()) if eligible(device)]
            if len(hits) < 2:
                return hits
        found: dict[str | None, Device] = {}
        for name, key in keys:
            for device in self._sorted_by(name).get(key, ()):
                if eligible(device):
                    found.setdefault(device.id, device)
        return list(found.values())


def _words(identifiers: t.Mapping[str, str]) -> str:
    return " and ".join(f"{name} {value!r}" for name, value in identifiers.items())
