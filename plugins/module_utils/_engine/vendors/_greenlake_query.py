# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A neutral query in the words of GreenLake's listing. Pure. Facts: docs/vendors/greenlake.md, section "Option to operation"."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, Query, mac_key
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_json import (
    VENDOR_NAMES,
    is_uuid,
    uuid_key,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_listing import (
    DEVICE_PAGE,
    MOST_WANTED,
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

_HERE = "sifted here"
FILTERS: t.Mapping[str, str] = {
    "serial": "filter=serialNumber",
    "device_type": "filter=deviceType",
    "tags": "filter-tags, as a dictionary or as tags.KEY",
    **dict.fromkeys(("vendor", "account", "id", "cloud_id", "name", "mac", "model", "status"), _HERE),
    **dict.fromkeys(("organization", "space", "application", "subscriptions", "contact", "warranty", "archived"), _HERE),
}
"""The fields that a listing can be sifted by: those that the vendor fills."""

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
    for uuid in (query.device_id, query.cloud_id):
        if uuid is not None and not is_uuid(uuid):
            raise DeclarationError(f"{uuid!r} is not a UUID, which every greenlake device id is")
    if strange := sorted(_NEVER_THERE & {name.partition(".")[0] for name in query.filters}):
        raise Unsupported(f"greenlake shows no {strange[0]} to filter by; it can filter by {', '.join(sorted(FILTERS))}")
    if query.page_size is not None and not 1 <= query.page_size <= DEVICE_PAGE:
        raise DeclarationError(f"page_size must be 1 to {DEVICE_PAGE} for greenlake, not {query.page_size}")


@dataclass(frozen=True)
class Asked:
    """The listing call for a query: ``parameters`` beside limit and offset; ``most`` rows are enough, None for all.

    ``selected`` are the properties asked for, None for all; ``served`` tells whether the vendor does all the sifting.
    ``conditions`` and ``tag_conditions`` map properties and tag keys to the values that rows must have, which are asked for but
    not believed.
    """

    parameters: tuple[tuple[str, t.Any], ...]
    sort: str
    selected: frozenset[str] | None
    most: int | None
    served: bool
    conditions: t.Mapping[str, t.Collection[str]]
    tag_conditions: t.Mapping[str, t.Collection[str]]

    @property
    def vendor_filter(self) -> str | None:
        """The filter that is sent, or None."""
        return dict(self.parameters).get("filter")

    def fits(self, row: t.Mapping[str, t.Any]) -> bool:
        """Whether a row is one that was asked for: a filter that the vendor does not understand can be ignored without a word."""
        held = {str(key).casefold(): value for key, value in (row.get("tags") or {}).items()}
        return all(row.get(name) in values for name, values in self.conditions.items()) and all(
            held.get(key.casefold()) in values for key, values in self.tag_conditions.items()
        )


def asked(query: Query) -> Asked:
    """How the listing is asked for what a query wants. What it cannot be asked for is sifted by the caller."""
    wanted, wanted_tags, served = _conditions(query)
    conditions = [any_of(name, texts) for name, texts in wanted.items()]
    if query.vendor_filter:
        conditions.insert(0, f"({query.vendor_filter})" if conditions else query.vendor_filter)
    tag_conditions = [_tag_condition(key, texts) for key, texts in wanted_tags.items()]
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
    in_order = not query.sort or query.sort in (("serial",), ("serial asc",), ("serial desc",))
    most = query.limit if served and in_order and query.group_by is None else None
    return Asked(tuple(parameters), _sort(query.sort), selected, most, served, wanted, wanted_tags)


def sifted(devices: t.Iterable[Device], query: Query) -> list[Device]:
    """The devices that have the identity which the query names."""
    wanted = {"serial": query.serial, "name": query.name}
    ids = {uuid_key(uuid) for uuid in (query.device_id, query.cloud_id) if uuid is not None}
    return [
        device
        for device in devices
        if all(value is None or getattr(device, name) == value for name, value in wanted.items())
        and ids <= {uuid_key(device.id)}
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


def _conditions(query: Query) -> tuple[dict[str, list[str]], dict[str, list[str]], bool]:
    """The values that properties and tags must have, and whether they are all that the query wants."""
    conditions: dict[str, list[str]] = {}
    tags: dict[str, list[str]] = {}
    served = not any((query.search, query.mac, query.name, query.device_id, query.cloud_id))
    if query.serial is not None:
        conditions["serialNumber"] = [query.serial]
    for name, wanted in query.filters.items():
        texts = _texts(wanted)
        if name in _SERVED and texts and _SERVED[name] not in conditions:
            conditions[_SERVED[name]] = texts
        elif name.startswith("tags.") and texts:
            tags[name.partition(".")[2]] = texts
        elif name == "tags" and isinstance(wanted, dict) and wanted and all(_texts(value) for value in wanted.values()):
            tags.update((key, _texts(value)) for key, value in wanted.items())
        else:
            served = False
    return conditions, tags, served


def _texts(wanted: t.Any) -> list[str]:
    """The values as text, or an empty list where one of them is no text, or there are more than one filter may hold."""
    values = list(wanted) if isinstance(wanted, (list, tuple)) else [wanted]
    if len(values) > MOST_WANTED:
        return []
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
    if query.include_raw or not names <= VENDOR_NAMES.keys() | _NEVER_THERE | {"vendor", "account"}:
        return None
    return frozenset(vendor for name in names for vendor in VENDOR_NAMES.get(name, ()))


_NEVER_THERE = frozenset({"online", "last_seen", "ip", "firmware", "metafields", "owner", "applications"})
"""Fields of the record that no property of the vendor fills."""


def _sort(terms: t.Sequence[str]) -> str:
    """The ``sort`` parameter; by serial number, which never changes, where a term has no property of the vendor."""
    words = [term.split() for term in terms]
    if not words or not all(parts and parts[0] in _SORT for parts in words):
        return "serialNumber"
    return ",".join(" ".join([_SORT[parts[0]], *parts[1:]]) for parts in words)
