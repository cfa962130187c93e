# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A neutral query in the words of GreenLake's listing. Pure. Facts: docs/vendors/greenlake.md, section "Option to operation"."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, Query, mac_key
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_json import VENDOR_NAMES
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_listing import (
    DEVICE_PAGE,
    any_of,
    quoted,
)

READ_OPTIONS: t.Mapping[str, str] = {
    "device_id": "GET /devices/v1/devices filter=id, and GET /devices/v1/devices/{id} where that shows nothing",
    "cloud_id": "the same as device_id: GreenLake has one id",
    "serial": "GET /devices/v1/devices filter=serialNumber",
    "mac": "whole listing, sifted here",
    "name": "whole listing, sifted here",
    "search": "whole listing, sifted here",
    "filters": "serial and device_type: filter; tags and tags.KEY: filter-tags; any other field of the record: sifted here",
    "vendor_filter": "filter, verbatim",
    "vendor_filter_tags": "filter-tags, verbatim",
    "fields": "select",
    "sort": "sort",
    "limit": "limit, where nothing is sifted here; else cut here",
    "page_size": "limit (1 to 2000)",
    "group_by": "GET /devices/v2beta1/devices/group group-by; what that cannot group is counted here",
    "include_raw": "the row as it came",
}

FILTERS: t.Mapping[str, str] = {
    "serial": "filter=serialNumber",
    "device_type": "filter=deviceType",
    "tags": "filter-tags",
    "tags.KEY": "filter-tags",
}

_SORT = {
    "id": "id",
    "serial": "serialNumber",
    "mac": "macAddress",
    "model": "model",
    "device_type": "deviceType",
    "status": "assignedState",
}
_SERVED = {"serial": "serialNumber", "device_type": "deviceType"}
_GROUPS = {"device_type": "deviceType", "model": "model"}
GROUP_NAMES = (
    "make",
    "source",
    "category",
    "manufacturedDate",
    "currentSupportLevelEndDate",
    "billingAccountId",
    "billingTier",
    "deviceType",
    "ownership",
    "isFlex",
    "model",
)
"""The properties that the group operation takes."""

_NEAREST = {
    "include_sub_organizations": "an MSP's listing shows its tenants' devices already",
    "owner_email": "a device has no owner; nearest is filters: {contact: ...} with the e-mail address",
    "user_email": "a device has no user; nearest is filters: {contact: ...} with the e-mail address",
    "activated_within": "GreenLake knows when a row was created or changed, not when a device was last heard of; "
    "nearest is vendor_filter: updatedAt ge '2026-01-31T00:00:00.000Z'",
    "event_type": "GreenLake's inventory has no events",
}


def refuse_unsupported(query: Query) -> None:
    """Raises Unsupported for a reading option that GreenLake does not have, DeclarationError for one out of range."""
    for name, nearest in _NEAREST.items():
        if getattr(query, name):
            raise Unsupported(f"greenlake has no {name}: {nearest}")
    if query.gather:
        what = ", ".join(sorted(query.gather))
        raise Unsupported(
            f"greenlake has nothing to gather ({what}): a listing shows all that is known of a device, tags included"
        )
    if query.page_size is not None and not 1 <= query.page_size <= DEVICE_PAGE:
        raise DeclarationError(f"page_size must be 1 to {DEVICE_PAGE} for greenlake, not {query.page_size}")


@dataclass(frozen=True)
class Asked:
    """The listing call for a query: ``parameters`` beside limit and offset; ``most`` rows are enough, None for all.

    ``selected`` are the properties asked for, None for all; ``served`` tells whether the vendor does all the sifting.
    """

    parameters: tuple[tuple[str, t.Any], ...]
    sort: str
    selected: frozenset[str] | None
    most: int | None
    served: bool

    @property
    def vendor_filter(self) -> str | None:
        """The filter that is sent, or None."""
        return dict(self.parameters).get("filter")


def asked(query: Query) -> Asked:
    """How the listing is asked for what a query wants. What it cannot be asked for is sifted by the caller."""
    conditions, tag_conditions, served = _conditions(query)
    if query.vendor_filter:
        conditions.insert(0, f"({query.vendor_filter})" if conditions else query.vendor_filter)
    if query.vendor_filter_tags:
        served = served and not tag_conditions
        tag_conditions = [query.vendor_filter_tags]
    parameters: list[tuple[str, t.Any]] = []
    if conditions:
        parameters.append(("filter", " and ".join(conditions)))
    if tag_conditions:
        parameters.append(("filter-tags", " and ".join(tag_conditions)))
    selected = _selected(query)
    if selected is not None:
        parameters.append(("select", ",".join(sorted(selected))))
    sort = _sort(query.sort)
    in_order = not query.sort or query.sort in (("serial",), ("serial asc",), ("serial desc",))
    most = query.limit if served and in_order and query.group_by is None else None
    return Asked(tuple(parameters), sort, selected, most, served)


def sifted(devices: t.Iterable[Device], query: Query) -> list[Device]:
    """The devices that have the identity which the query names."""
    wanted = {"id": query.device_id, "cloud_id": query.cloud_id, "serial": query.serial, "name": query.name}
    return [
        device
        for device in devices
        if all(value is None or getattr(device, name) == value for name, value in wanted.items())
        and (query.mac is None or mac_key(device.mac or "") == mac_key(query.mac))
    ]


def group_property(query: Query) -> str | None:
    """What the group operation has to be asked for, or None where the devices must be counted here."""
    name = query.group_by or ""
    wanted = _GROUPS.get(name, name)
    request = asked(query)
    if wanted not in GROUP_NAMES:
        return None
    if not request.served or any(key == "filter-tags" for key, _value in request.parameters):
        return None
    return wanted


def _conditions(query: Query) -> tuple[list[str], list[str], bool]:
    """Conditions for ``filter`` and ``filter-tags``, and whether they are all that the query wants."""
    conditions: list[str] = []
    tags: list[str] = []
    served = not any((query.search, query.mac, query.name, query.device_id, query.cloud_id))
    if query.serial is not None:
        conditions.append(any_of("serialNumber", [query.serial]))
    for name, wanted in query.filters.items():
        texts = _texts(wanted)
        if name in _SERVED and texts:
            conditions.append(any_of(_SERVED[name], texts))
        elif name.startswith("tags.") and texts:
            tags.append(_tag_condition(name.partition(".")[2], texts))
        elif name == "tags" and isinstance(wanted, dict) and wanted and all(_texts(value) for value in wanted.values()):
            tags += [_tag_condition(key, _texts(value)) for key, value in wanted.items()]
        else:
            served = False
    return conditions, tags, served


def _texts(wanted: t.Any) -> list[str]:
    """The values as text, or an empty list where one of them is not text and cannot be asked for."""
    values = list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]
    return [value for value in values if isinstance(value, str)] if all(isinstance(value, str) for value in values) else []


def _tag_condition(key: str, values: t.Sequence[str]) -> str:
    """One value by ``eq``, several as the bare list that the vendor documents for tags."""
    if len(values) == 1:
        return f"{quoted(key)} eq {quoted(values[0])}"
    return f"{quoted(key)} in {', '.join(quoted(value) for value in values)}"


def _selected(query: Query) -> frozenset[str] | None:
    """The properties to ask for, or None for whole rows. What is needed for sifting and sorting here is always among them."""
    if not query.fields:
        return None
    names = {
        *query.fields,
        *(name.partition(".")[0] for name in query.filters),
        *(term.split()[0] for term in query.sort if term.split()),
    }
    names |= {"serial", "id"} | ({"name", "mac"} if query.search or query.name or query.mac else set())
    if query.group_by:
        names.add(query.group_by)
    if query.include_raw or not names <= VENDOR_NAMES.keys() | _NEVER_THERE:
        return None
    return frozenset(vendor for name in names for vendor in VENDOR_NAMES.get(name, ()))


_NEVER_THERE = frozenset({"vendor", "account", "online", "last_seen", "ip", "firmware", "metafields", "owner", "applications"})
"""Fields of the record that no property of the vendor fills."""


def _sort(terms: t.Sequence[str]) -> str:
    """The ``sort`` parameter; by serial number, which never changes, where a term has no property of the vendor."""
    words = [term.split() for term in terms]
    if not words or not all(parts and parts[0] in _SORT for parts in words):
        return "serialNumber"
    return ",".join(" ".join([_SORT[parts[0]], *parts[1:]]) for parts in words)
