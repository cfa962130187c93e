# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A neutral query in the words of MobileFirst's listing. Pure. Facts: docs/vendors/mobilefirst.md."""

from __future__ import annotations

import re
import typing as t
from dataclasses import replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.select import sort_term
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._mobilefirst_runtime import LARGEST_PAGE

READ_OPTIONS: t.Mapping[str, str] = {
    "device_id": "GET devices, all pages up to the device: there is no call for one, and query does not look at ids",
    "cloud_id": "the same as device_id: MobileFirst has one id",
    "name": "GET devices query, held against the whole name here; all pages where that finds nothing",
    "search": "all pages, sifted here by name, id and users; GET devices query where the text cannot be part of an id",
    "filters": "GET devices query for a name or a user, device_id's way for an id, else all pages; sifted here",
    "fields": "the others are left out of the result here",
    "sort": "orderBy for the first term where it has one, sorted here",
    "limit": "pageSize, and no further pages, where nothing is sifted or sorted, or only by last_seen; else cut here",
    "page_size": "pageSize (1 to 1000)",
    "group_by": "counted here",
    "owner_email": "GET devices query, held against the first of the device's users here",
    "user_email": "GET devices query, held against all of the device's users here",
    "include_raw": "the item as it came, in JSON's form also where it came in XML",
}

_UP_TO, _ASKED, _HERE = "pages up to the device", "`query`, exact here", "sifted here"
FILTERS: t.Mapping[str, str] = {
    "vendor": _HERE,
    "account": _HERE,
    "id": _UP_TO,
    "cloud_id": _UP_TO,
    "name": _ASKED,
    "model": _HERE,
    "firmware": _HERE,
    "status": _HERE,
    "last_seen": _HERE,
    "owner": _ASKED,
    "organization": _HERE,
    "applications": _HERE,
}
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

# Ids are dashed or hexadecimal words (docs/vendors/mobilefirst.md): a text with anything else is part of none of them.
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._:-]")

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
    searched = query.search if query.search is not None and _NOT_IN_IDS.search(query.search) else None
    for text in (*_named(query), searched):
        if text is not None and len(text.strip()) >= SHORTEST_QUERY:
            return text
    return None


def ids_of(query: Query) -> set[str]:
    """The ids that a query names; a device has all of them or does not fit."""
    named = (query.device_id, query.cloud_id, query.filters.get("id"), query.filters.get("cloud_id"))
    return {number for number in named if isinstance(number, str)}


def exact(query: Query) -> bool:
    """Whether a query names what it wants, so that finding nothing is to be made certain."""
    return any(text is not None for text in _named(query))


def _named(query: Query) -> list[str | None]:
    """What the query gives as the whole of a name or of a user's name."""
    filters = [query.filters.get(name) for name in ("name", "owner", "owner.id", "owner.name", "owner.email")]
    return [query.name, query.user_email, query.owner_email, *(text for text in filters if isinstance(text, str))]


def chosen_by_limit(query: Query) -> bool:
    """Whether the first ``limit`` devices in the server's order are what the query wants."""
    sifted = (query.device_id, query.cloud_id, query.name, query.search, query.owner_email, query.user_email)
    return query.limit is not None and not any((*sifted, query.filters, query.sort, query.group_by))


def ordered_by_server(query: Query) -> bool:
    """Whether the first ``limit`` devices in the order of ``order_of`` are what the query wants.

    Only times have one order: how a server sorts names, and what it does with empty ones, nobody says.
    """
    return len(query.sort) == 1 and sort_term(query.sort[0])[0] == "last_seen" and chosen_by_limit(replace(query, sort=()))


def in_order(rows: t.Iterable[t.Mapping[str, t.Any]], descending: bool) -> bool:
    """Whether rows are seen to be in the order of their last access, so that what follows can be no earlier in it."""
    times = [str(row.get("lastAccessed")) for row in rows]
    if not all(moment.endswith("Z") and len(moment) == len(times[0]) for moment in times):
        return False
    # Equal times show no order.
    return times == sorted(times, reverse=descending) and times[0] != times[-1]


def sifted(devices: t.Iterable[Device], query: Query) -> list[Device]:
    """The devices that fit what the server was asked for: it is asked, and not believed."""
    return [device for device in devices if _fits(device, query)]


def _fits(device: Device, query: Query) -> bool:
    users = device.facts["users"]
    if any(wanted is not None and device.id != wanted for wanted in (query.device_id, query.cloud_id)):
        return False
    if query.name is not None and device.name != query.name:
        return False
    texts = (device.name or "", device.id or "", *users)
    if query.search is not None and not any(query.search.casefold() in text.casefold() for text in texts):
        return False
    for wanted, seen in ((query.owner_email, users[:1]), (query.user_email, users)):
        if wanted is not None and wanted.casefold() not in (user.casefold() for user in seen):
            return False
    return True
