# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading Xyte: which calls show the devices that somebody means (docs/vendors/xyte.md, "Reading")."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    BadAnswer,
    DeclarationError,
    Gone,
    IncompleteRead,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.identity import Index, key_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device, Listing, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.reading import asking_is_cheaper
from ansible_collections.fleetform.devices.plugins.module_utils._engine.select import select
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_json import (
    _device_from_json,
    base_info,
    shown_paths,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_listing import (
    DEVICE,
    DEVICES,
    LARGEST_PAGE,
    Found,
    Row,
    all_devices,
    listed,
    organization_of,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_query import (
    FILTERS,
    READ_OPTIONS,
    only_pages,
    refuse_unsupported,
    sifted,
    space_asked,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import Sight, Vendor


class XyteReading(Vendor):
    """The reading half of an account."""

    READ_OPTIONS = READ_OPTIONS
    FILTERS = FILTERS

    def __init__(self, settings: AccountSettings, client: Client | None = None) -> None:
        super().__init__(settings, client)
        self._state_paths: dict[str, str | None] = {}
        self._shown: dict[int, str] = {}

    def own_organization(self) -> str | None:
        """See Vendor."""
        return organization_of(self.client)

    def read(self, declarations: t.Sequence[Declaration]) -> Sight:
        """One listing for all: nothing can be searched for. A single device that is declared by its id alone is asked for."""
        self._state_paths.update((one.address, one.state_path) for one in declarations)
        ids = [one.device_id for one in declarations if one.device_id and len(one.identifiers) == 1]
        if len(ids) == len(declarations) and asking_is_cheaper(len(ids) * self.client.crowd, 1, LARGEST_PAGE):
            rows = [row for row in self.client.map(self._row, ids) if row is not None]
            if len(rows) == len(ids):
                devices = self._devices(rows)
                self._shown = shown_paths(devices)
                return Sight(devices)
        found = all_devices(self.client, lambda rows: self._lacks(declarations, rows))
        devices = self._devices(found.rows)
        self._shown = shown_paths(devices)
        if found.doubt is None:
            return Sight(devices)
        # A claim is safe: what is in the organization already cannot be claimed again.
        absent = (one.address for one in declarations if one.state == "absent")
        return Sight(devices, hidden=dict.fromkeys(absent, found.doubt), warnings=(found.doubt,))

    def _row(self, device_id: str) -> Row | None:
        """The object of one device. None proves nothing: where there is no such call, each device is not found."""
        try:
            body = self.client.get(_path_of(device_id)).body
        except Gone:
            return None
        if not isinstance(body, dict):
            raise BadAnswer("the answer is not the object of a device", method="GET", path=_path_of(device_id))
        return body if key_of("device_id", str(body.get("id"))) == key_of("device_id", device_id) else None

    def _devices(self, rows: t.Iterable[Row], *, raw: bool = False) -> list[Device]:
        return [_device_from_json(row, account=self.settings.name, path=DEVICES, raw=raw) for row in rows]

    def _lacks(self, declarations: t.Sequence[Declaration], rows: list[Row]) -> bool:
        """Whether one of these is not among the rows."""
        index = Index(self._devices(rows))
        for declaration in declarations:
            try:
                if index.find(declaration) is None:
                    return True
            except DeclarationError:
                # It is there more than once, or in part: that is for the plan to say.
                continue
        return False

    def refresh(self, device: Device, attributes: t.Collection[str]) -> Device | None:
        """By id; what that does not show is looked for in the listing."""
        return self.refresh_all([device], attributes)[0]

    def refresh_all(self, devices: t.Sequence[Device], attributes: t.Collection[str]) -> list[Device | None]:
        """Each by its id, and one listing for all that are not found so."""
        rows = dict(zip([str(device.id) for device in devices], self.client.map(self._row, _ids(devices)), strict=True))
        missing = {number for number, row in rows.items() if row is None}
        if missing:
            found = all_devices(self.client, lambda rows: not missing <= {str(row["id"]) for row in rows})
            if found.doubt is not None:
                raise IncompleteRead(f"{found.doubt}; run again", method="GET", path=DEVICES)
            rows.update((str(row["id"]), row) for row in found.rows if str(row["id"]) in missing)
        known = {device.id: device for device in self._devices(row for row in rows.values() if row is not None)}
        return [known.get(device.id) for device in devices]

    def list_devices(self, query: Query) -> Listing:
        """The listing, or one space of it. Everything else is sifted here."""
        refuse_unsupported(query)
        found = self._asked(query)
        devices = select(sifted(self._devices(found.rows, raw=query.include_raw), query), query)
        if "base_info" in query.gather:
            devices = self.client.map(lambda device: self._with_base_info(device, query), devices)
        warnings = [] if found.doubt is None else [found.doubt]
        if "base_info" in query.gather and (bare := [device.label() for device in devices if not device.gathered]):
            warnings.append(
                f"there is no base_info of {len(bare)} devices, such as {bare[0]}: the vendor does not show them by id"
            )
        return Listing(devices, warnings=tuple(warnings))

    def _asked(self, query: Query) -> Found:
        size = query.page_size or LARGEST_PAGE
        if query.device_id is not None and (row := self._row(query.device_id)) is not None:
            return Found([row], 1)
        if (space := space_asked(query)) is not None:
            found = self._in_space(space, size)
            # Without rows the number may still be the name of a space.
            if found.rows or "space" not in query.filters:
                return found
        if only_pages(query):
            return listed(self.client, DEVICES, size=size, most=query.limit)
        return all_devices(self.client, lambda rows: not sifted(self._devices(rows), query), size=size)

    def _in_space(self, space: int, size: int) -> Found:
        try:
            return listed(self.client, DEVICES, (("space_id", space),), size=size)
        except Gone:
            return Found([], 1)

    def _with_base_info(self, device: Device, query: Query) -> Device:
        try:
            row = self.client.get(_path_of(str(device.id))).body
        except Gone:
            # It went away since the listing, or there is no such call.
            return device
        fresh = _device_from_json(row, account=self.settings.name, path=DEVICE, raw=query.include_raw)
        if fresh.id != device.id:
            raise BadAnswer(f"the answer is about device {fresh.id}, not {device.id}", method="GET", path=DEVICE)
        return replace(fresh, gathered={"base_info": base_info(row)})


def _path_of(device_id: str) -> str:
    return Call("GET", DEVICE, path_id=device_id).filled({}).path


def _ids(devices: t.Iterable[Device]) -> list[str]:
    return [str(device.id) for device in devices]
