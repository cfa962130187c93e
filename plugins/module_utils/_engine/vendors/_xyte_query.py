# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A neutral query in the words of Xyte's listing, which takes pages and one space. Pure (docs/vendors/xyte.md, "Reading")."""

from __future__ import annotations

import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.identity import key_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_listing import DEVICE, DEVICES, LARGEST_PAGE

IDENTITY = ("serial", "mac", "cloud_id", "name")
_HERE = "compared by fleetform in what was read"

READ_OPTIONS: t.Mapping[str, str] = {
    "device_id": f"GET {DEVICE}, and GET {DEVICES} where that shows nothing",
    **dict.fromkeys((*IDENTITY, "search"), f"GET {DEVICES}; {_HERE}"),
    "filters": f"space with an id: space_id of GET {DEVICES}, that space only; everything else {_HERE}",
    "page_size": f"per_page of GET {DEVICES}, 1 to {LARGEST_PAGE}; {LARGEST_PAGE} where not given",
    "limit": f"as many pages of GET {DEVICES} as hold it, where nothing else is asked for",
    "gather: base_info": f"GET {DEVICE} for each device: its state and custom parameters, under base_info and in raw",
    "include_raw": "the row as it came, without passwords and the like",
}

FILTERS: t.Mapping[str, str] = {
    **dict.fromkeys(("vendor", "account", "id", "name", "serial", "mac", "cloud_id", "model"), _HERE),
    **dict.fromkeys(("status", "online", "last_seen", "firmware"), _HERE),
    "space": "space_id for an id; a path with all that is below it is " + _HERE,
}
"""The fields that devices can be filtered by: those that Xyte fills."""

_NEAREST = {
    "vendor_filter": "`filters`, which fleetform compares itself",
    "vendor_filter_tags": "`filters`",
    "include_sub_organizations": "an account for each organization, since a key is bound to one",
    "owner_email": "`filters` by space",
    "user_email": "`filters` by space",
    "activated_within": "`sort: [last_seen desc]`",
    "event_type": "`gather: [base_info]`",
}


def refuse_unsupported(query: Query) -> None:
    """Raises Unsupported for a reading option that Xyte does not have, DeclarationError for one out of range."""
    for name, nearest in _NEAREST.items():
        if getattr(query, name):
            raise Unsupported(f"xyte has no {name}; the nearest thing it can do is {nearest}")
    for name in sorted(query.gather - {"base_info"}):
        raise Unsupported(f"xyte has nothing to gather as {name}; it has base_info")
    for name in sorted(query.filters):
        if name.partition(".")[0] not in FILTERS:
            raise Unsupported(f"xyte cannot filter by {name}; it can by {', '.join(sorted(FILTERS))}")
    if query.page_size is not None and not 1 <= query.page_size <= LARGEST_PAGE:
        raise DeclarationError(f"page_size must be from 1 to {LARGEST_PAGE} for xyte, not {query.page_size}")
    if query.device_id is not None:
        refuse_id(query.device_id)


def refuse_id(device_id: str) -> None:
    """Refuses what would lead to another address than a device's, or to none. Raises DeclarationError."""
    if device_id in (".", "..", "claim", "histories", "notes") or any("\ud800" <= letter <= "\udfff" for letter in device_id):
        raise DeclarationError(f"device_id {device_id!r} is not the id of a device")


def space_asked(query: Query) -> int | None:
    """The id of the one space whose devices are wanted, or None."""
    for name in ("space.id", "space"):
        wanted = str(query.filters.get(name, ""))
        if wanted.isascii() and wanted.isdigit():
            return int(wanted)
    return None


def only_pages(query: Query) -> bool:
    """Whether the first rows of the listing are all that is asked for."""
    choosing = (
        *(getattr(query, name) for name in ("device_id", *IDENTITY)),
        query.search,
        query.filters,
        query.sort,
        query.group_by,
    )
    return query.limit is not None and not any(choosing)


def sifted(devices: t.Iterable[Device], query: Query) -> list[Device]:
    """The devices that have the identity which the query names."""
    given = {name: getattr(query, name) for name in ("device_id", *IDENTITY)}
    wanted = {name: key_of(name, value) for name, value in given.items() if value is not None}
    return [device for device in devices if all(_key(device, name) == key for name, key in wanted.items())]


def _key(device: Device, identifier: str) -> str:
    return key_of(identifier, (device.id if identifier == "device_id" else getattr(device, identifier)) or "")
