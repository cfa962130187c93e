# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A neutral query in the words of MobileFirst's listing. Pure. Facts: docs/vendors/mobilefirst.md."""

from __future__ import annotations

import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.select import sort_term
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._mobilefirst_runtime import LARGEST_PAGE

READ_OPTIONS: t.Mapping[str, str] = {
    "device_id": "GET devices, all pages up to the device: there is no call for one, and query does not look at ids",
    "cloud_id": "the same as device_id: MobileFirst has one id",
    "name": "GET devices query, held against the whole name here; all pages where that finds nothing",
    "search": "GET devices query: part of the name or of a user's name, in any case; below 3 characters sifted here",
    "filters": "all pages, sifted here",
    "fields": "chosen here",
    "sort": "orderBy for the first term where it has one, sorted here",
    "limit": "pageSize, and no further pages, where nothing is sifted or sorted; else cut here",
    "page_size": "pageSize (1 to 1000)",
    "group_by": "counted here",
    "owner_email": "GET devices query, held against the first of the device's users here",
    "user_email": "GET devices query, held against all of the device's users here",
    "include_raw": "the item as it came, in JSON's form also where it came in XML",
}

_HERE = "sifted here"
FILTERS: t.Mapping[str, str] = dict.fromkeys(
    (
        *("vendor", "account", "id", "cloud_id", "name", "model", "firmware", "status", "last_seen"),
        *("owner", "organization", "applications"),
    ),
    _HERE,
)
"""The fields that a listing can be sifted by: those that the vendor fills."""

ORDERS: t.Mapping[str, str] = {
    "owner": "uid",
    "name": "friendlyName",
    "model": "deviceModel",
    "device_type": "deviceEnvironment",
    "status": "status",
    "last_seen": "lastAccessed",
}
"""Record field to ``orderBy``. The platform is in no field of the record: sorting by it keeps the vendor's order."""

SHORTEST_QUERY = 3
"""The console wants so many characters for a partial search; whether the service does is not documented."""

_NEAREST = {
    "serial": "the server knows no serial numbers; the nearest thing it can do is device_id",
    "mac": "the server knows no MAC addresses; the nearest thing it can do is device_id",
    "vendor_filter": "the nearest thing it can do is search or filters",
    "vendor_filter_tags": "a device has no tags; the nearest thing it can do is filters: {applications: ...}",
    "include_sub_organizations": "a runtime has none below it; the nearest thing it can do is an account for each runtime",
    "activated_within": "the server knows when a device was last seen, not when it was activated; the nearest thing it can do is "
    "sort: [last_seen desc]",
    "event_type": "a device has no events",
    "gather": "a listing shows all that is known of a device",
}


def refuse_unsupported(query: Query) -> None:
    """Raises Unsupported for a reading option that MobileFirst does not have, DeclarationError for one out of range."""
    for name, nearest in _NEAREST.items():
        if getattr(query, name):
            raise Unsupported(f"mobilefirst has no {name}: {nearest}")
    for name in query.filters:
        if name.partition(".")[0] not in FILTERS:
            raise Unsupported(f"mobilefirst shows no {name} to filter by; it can filter by {', '.join(sorted(FILTERS))}")
    if query.page_size is not None and not 1 <= query.page_size <= LARGEST_PAGE:
        raise DeclarationError(f"page_size must be 1 to {LARGEST_PAGE} for mobilefirst, not {query.page_size}")


def order_of(query: Query) -> str | None:
    """The ``orderBy`` for a query's first sort term, with its minus sign; None where the vendor cannot sort so."""
    if not query.sort:
        return None
    name, direction = sort_term(query.sort[0])
    order = ORDERS.get(name)
    return order if order is None or direction == "asc" else f"-{order}"


def needle_of(query: Query) -> str | None:
    """What to ask the server for with ``query``: all that fits the query is among what it finds. None to read everything."""
    for text in (query.name, query.search, query.user_email, query.owner_email):
        if text is not None and len(text.strip()) >= SHORTEST_QUERY:
            return text
    return None


def exact(query: Query) -> bool:
    """Whether a query names what it wants, so that finding nothing is to be made certain."""
    return query.name is not None or query.user_email is not None or query.owner_email is not None


def chosen_by_limit(query: Query) -> bool:
    """Whether the first ``limit`` devices in the server's order are what the query wants."""
    sifted = (query.device_id, query.cloud_id, query.name, query.search, query.owner_email, query.user_email)
    return query.limit is not None and not any((*sifted, query.filters, query.sort, query.group_by))


def sifted(devices: t.Iterable[Device], query: Query) -> list[Device]:
    """The devices that fit what the server was asked for: it is asked, and not believed."""
    return [device for device in devices if _fits(device, query)]


def _fits(device: Device, query: Query) -> bool:
    users = device.facts["users"]
    if any(wanted is not None and device.id != wanted for wanted in (query.device_id, query.cloud_id)):
        return False
    if query.name is not None and device.name != query.name:
        return False
    if query.search is not None and not any(query.search.casefold() in text.casefold() for text in (device.name or "", *users)):
        return False
    for wanted, seen in ((query.owner_email, users[:1]), (query.user_email, users)):
        if wanted is not None and wanted.casefold() not in (user.casefold() for user in seen):
            return False
    return True
