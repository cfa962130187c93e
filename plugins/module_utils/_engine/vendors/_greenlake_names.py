# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that declarations use and what they stand for: locations, service managers, subscriptions. Each is looked up once.

Facts: docs/vendors/greenlake.md, section "Looking up names".
"""

from __future__ import annotations

import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, Forbidden, Gone, Refused
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_json import is_uuid, uuid_key
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_listing import (
    LOCATIONS,
    PROVISIONS,
    SERVICES,
    SUBSCRIPTIONS,
    Row,
    read_all,
    read_wanted,
)


class Names:
    """What was looked up for one account."""

    def __init__(self) -> None:
        self._locations: dict[str, list[Row]] = {}
        self._subscriptions: dict[str, list[Row]] = {}
        self._services: list[Row] = []
        self._provisions: list[Row] = []
        self._refused: dict[str, str] = {}

    def look_up(self, client: Client, pairs: t.Sequence[tuple[Declaration, Device | None]]) -> None:
        """Reads what these declarations name and their devices do not show, in the fewest calls. Raises ApiError."""
        places = {
            text for declaration, device in pairs if (text := unknown_space(declaration, device)) and text not in self._locations
        }
        keys = {
            key for declaration, device in pairs for key in unknown_keys(declaration, device) if key not in self._subscriptions
        }
        wanted = [(declaration.application, device) for declaration, device in pairs if declaration.application]
        by_name = any(application.get("name") for application, _device in wanted) and not self._services
        no_region = any(region_of(application, device) is None for application, device in wanted) and not self._provisions

        def locations() -> None:
            self._locations.update(_by_value("name", places, read_wanted(client, LOCATIONS, "name", sorted(places)).rows))

        def subscriptions() -> None:
            self._subscriptions.update(_by_value("key", keys, read_wanted(client, SUBSCRIPTIONS, "key", sorted(keys)).rows))

        def services() -> None:
            self._services = read_all(client, SERVICES)

        def provisions() -> None:
            self._provisions = read_all(client, PROVISIONS)

        chosen = [
            read
            for needed, read in ((places, locations), (keys, subscriptions), (by_name, services), (no_region, provisions))
            if needed
        ]
        client.map(self._tried, chosen)

    def _tried(self, read: t.Callable[[], None]) -> None:
        """Runs a look-up. Where the vendor refuses it, only the declarations that need it are in error."""
        try:
            read()
        except (Forbidden, Gone, Refused) as error:
            self._refused[read.__name__] = str(error)
        else:
            self._refused.pop(read.__name__, None)

    def _allowed(self, kind: str, name: str) -> None:
        if kind in self._refused:
            raise DeclarationError(f"{name!r} could not be looked up among the {kind}, give the id: {self._refused[kind]}")

    def locations(self, name: str) -> list[Row]:
        """The locations of exactly this name. Raises DeclarationError where they may not be read."""
        self._allowed("locations", name)
        return self._locations.get(name, [])

    def subscriptions(self, key: str) -> list[Row]:
        """The subscriptions with this key. Raises DeclarationError where they may not be read."""
        self._allowed("subscriptions", key)
        return self._subscriptions.get(key, [])

    def services(self, name: str) -> list[Row]:
        """The service managers of exactly this name. Raises DeclarationError where they may not be read."""
        self._allowed("services", name)
        return [row for row in self._services if row.get("name") == name]

    def regions(self, service: str) -> list[str]:
        """Where a service manager is provisioned, as far as that was read."""
        return sorted(
            {
                str(row.get("region"))
                for row in self._provisions
                if uuid_key((row.get("serviceManager") or {}).get("id")) == uuid_key(service)
                and row.get("region")
                and row.get("provisionStatus") in (None, "PROVISIONED")
            }
        )


def unknown_space(declaration: Declaration, device: Device | None) -> str | None:
    """The name of a location that has to be looked up: not an id, and not where the device is."""
    wanted = declaration.space
    if not wanted or is_uuid(wanted) or (device is not None and (device.space or {}).get("name") == wanted):
        return None
    return wanted


def unknown_keys(declaration: Declaration, device: Device | None) -> list[str]:
    """The subscription keys that have to be looked up: not ids, and not among those of the device."""
    shown = {entry.get("key") for entry in (device.subscriptions if device else None) or ()}
    return [key for key in declaration.subscriptions or () if not is_uuid(key) and key not in shown]


def region_of(application: t.Mapping[str, t.Any], device: Device | None) -> str | None:
    """The declared region, or that of the device where it has this very application already."""
    if application.get("region"):
        return str(application["region"])
    held = (device.application if device else None) or {}
    if application.get("id") and uuid_key(held.get("id")) == uuid_key(application["id"]):
        return held.get("region")
    return None


def _by_value(name: str, wanted: t.Collection[str], rows: t.Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {value: [] for value in wanted}
    for row in rows:
        if row.get(name) in found:
            found[row[name]].append(row)
    return found
