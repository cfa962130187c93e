# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading Xyte: which calls show the devices that somebody means (docs/vendors/xyte.md, "Reading")."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import BadAnswer, DeclarationError, Gone
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.identity import Index
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device, Listing, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.reading import asking_is_cheaper
from ansible_collections.fleetform.devices.plugins.module_utils._engine.select import select
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_json import _device_from_json, base_info
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_listing import (
    DEVICE,
    DEVICES,
    LARGEST_PAGE,
    Row,
    all_devices,
    listed,
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

    def read(self, declarations: t.Sequence[Declaration]) -> Sight:
        """One listing for all: nothing can be searched for. A single device that is declared by its id alone is asked for."""
        self._state_paths.update((one.address, one.state_path) for one in declarations)
        ids = [one.device_id for one in declarations if one.device_id and len(one.identifiers) == 1]
        if len(ids) == len(declarations) and asking_is_cheaper(len(ids) * self.client.crowd, 1, LARGEST_PAGE):
            rows = [row for row in self.client.map(self._row, ids) if row is not None]
            if len(rows) == len(ids):
                return Sight(self._devices(rows))
        rows = all_devices(self.client, lambda rows: self._lacks(declarations, rows))
        return Sight(self._devices(rows))

    def _row(self, device_id: str) -> Row | None:
        """The object of one device. None proves nothing: where there is no such call, each device is not found."""
        try:
            body = self.client.get(_path_of(device_id)).body
        except Gone:
            return None
        if not isinstance(body, dict):
            raise BadAnswer("the answer is not the object of a device", method="GET", path=_path_of(device_id))
        return body if str(body.get("id")) == device_id else None

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
            rows.update((str(row["id"]), row) for row in found if str(row["id"]) in missing)
        known = {device.id: device for device in self._devices(row for row in rows.values() if row is not None)}
        return [known.get(device.id) for device in devices]

    def list_devices(self, query: Query) -> Listing:
        """The listing, or one space of it. Everything else is sifted here."""
        refuse_unsupported(query)
        devices = select(sifted(self._devices(self._asked(query), raw=query.include_raw), query), query)
        if "base_info" in query.gather:
            devices = self.client.map(lambda device: self._with_base_info(device, query), devices)
        return Listing(devices)

    def _asked(self, query: Query) -> list[Row]:
        size = query.page_size or LARGEST_PAGE
        if query.device_id is not None and (row := self._row(query.device_id)) is not None:
            return [row]
        if (space := space_asked(query)) is not None and (rows := self._in_space(space, size) or "space" not in query.filters):
            return rows if isinstance(rows, list) else []
        if only_pages(query):
            return listed(self.client, DEVICES, size=size, most=query.limit).rows
        return all_devices(self.client, lambda rows: not rows, size=size)

    def _in_space(self, space: int, size: int) -> list[Row]:
        try:
            return listed(self.client, DEVICES, (("space_id", space),), size=size).rows
        except Gone:
            return []

    def _with_base_info(self, device: Device, query: Query) -> Device:
        row = self.client.get(_path_of(str(device.id))).body
        fresh = _device_from_json(row, account=self.settings.name, path=DEVICE, raw=query.include_raw)
        if fresh.id != device.id:
            raise BadAnswer(f"the answer is about device {fresh.id}, not {device.id}", method="GET", path=DEVICE)
        return replace(fresh, gathered={"base_info": base_info(row)})


def _path_of(device_id: str) -> str:
    return Call("GET", DEVICE, path_id=device_id).filled({}).path


def _ids(devices: t.Iterable[Device]) -> list[str]:
    return [str(device.id) for device in devices]
