# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A neutral query in the words of Webex's device list. Pure. Facts: docs/vendors/webex.md, "Option to operation".

How the list matches a value is documented for none of its filters: what it returns is held against the query again. Where a
filter has no field in the record, ``filters`` takes the vendor's own word for it.
"""

from __future__ import annotations

import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Query, mac_key
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import Row, same_id, texts_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_paging import Pairs

_LIST = "GET /devices"
_HERE = "compared by fleetform in what was read"

READ_OPTIONS: t.Mapping[str, str] = {
    "device_id": "GET /devices/{id}, and the listing where that shows nothing: an id has several spellings",
    "cloud_id": "the same as device_id",
    "serial": f"{_LIST} serial, and the whole listing where that shows nothing",
    "mac": f"{_LIST} mac in both forms, and the whole listing where that shows nothing",
    "name": f"{_LIST} displayName, and the whole listing where that shows nothing",
    "search": "whole listing, compared by fleetform",
    "filters": "see the filters",
    "owner_email": f"GET /people email, then {_LIST} personId",
    "page_size": "max, 100 where not given",
    "limit": "no more pages are read than are needed",
    "sort": "sorted by fleetform",
    "group_by": "counted by fleetform",
    "gather": "tags and online: shown by every read",
    "gather: metafields": "GET /deviceConfigurations for each device",
    "include_raw": "the row as it came",
}

SERVED: t.Mapping[str, str] = {
    "name": "displayName",
    "serial": "serial",
    "firmware": "software",
    "status": "connectionStatus",
    "device_type": "type",
    "tags": "tag",
    "owner": "personId",
    "space": "workspaceId",
}
"""Record field to the list's parameter for it."""

_WORDS: t.Mapping[str, str] = {
    "upgradeChannel": "upgradeChannel",
    "errorCode": "errorCodes",
    "permission": "permissions",
    "capability": "capabilities",
    "devicePlatform": "devicePlatform",
    "plannedMaintenance": "plannedMaintenance",
    "product": "product",
    "locationId": "locationId",
    "workspaceLocationId": "workspaceLocationId",
    "tag": "tags",
    "displayName": "displayName",
    "connectionStatus": "connectionStatus",
    "type": "type",
    "software": "software",
    "personId": "personId",
    "workspaceId": "workspaceId",
}
"""The vendor's own words among the filters, with the property that shows the value."""

FILTERS: t.Mapping[str, str] = {
    **{name: f"{_LIST} {parameter}" for name, parameter in SERVED.items()},
    **{name: f"{_LIST} {name}, the vendor's own word" for name in _WORDS},
    "tag": f"{_LIST} tag, the vendor's own word: a list means all of them",
    "product": f"{_LIST} product, the vendor's own word and spelling (DX-80); `model` is what the record shows",
    "metafields": f"{_HERE}, after `gather: metafields`",
    **dict.fromkeys(
        ("vendor", "account", "model", "online", "last_seen", "ip", "organization"),
        _HERE,
    ),
    **{name: f"as the option {option}" for name, option in (("id", "device_id"), ("cloud_id", "cloud_id"), ("mac", "mac"))},
}

_KNOWN: t.Mapping[str, frozenset[str]] = {
    "connectionStatus": frozenset(
        {
            "connected",
            "disconnected",
            "connected_with_issues",
            "offline_expired",
            "activating",
            "unknown",
            "offline_deep_sleep",
        }
    ),
    "type": frozenset({"roomdesk", "phone", "accessory", "webexgo", "unknown"}),
    "product": frozenset({"DX-80", "RoomKit", "SX-80"}),
}
"""The documented words of a parameter; devices show others too, and those are sifted here."""

_NEAREST = {
    "vendor_filter": "`filters`, which takes the vendor's own words too",
    "vendor_filter_tags": "`filters` with tags",
    "include_sub_organizations": "an account of its own with `organization` for each of them",
    "user_email": "`owner_email`",
    "activated_within": "`include_raw`, which shows `created`",
    "event_type": "`filters` with errorCode",
}
GATHER = frozenset({"tags", "online", "metafields"})


def refuse_unsupported(query: Query) -> None:
    """Raises Unsupported for a reading option that Webex does not have."""
    for name, nearest in _NEAREST.items():
        if getattr(query, name):
            raise Unsupported(f"webex has no {name}; the nearest thing it can do is {nearest}")
    for name in sorted(query.gather - GATHER):
        raise Unsupported(f"webex has nothing to gather as {name}; it has {', '.join(sorted(GATHER))}")
    for name in query.filters:
        if name.partition(".")[0] not in FILTERS:
            raise Unsupported(f"webex cannot filter by {name}; it can by {', '.join(sorted(FILTERS))}")


def own_words(query: Query) -> dict[str, t.Any]:
    """The filters in the vendor's own words."""
    return {name: value for name, value in query.filters.items() if name in _WORDS}


def parameters(query: Query, people: t.Sequence[str], spaces: t.Sequence[str]) -> Pairs:
    """What the list is asked for: the filters that name one value each.

    ``people`` and ``spaces`` are the ids that the filters on owner and space come to.
    """
    asked: list[tuple[str, t.Any]] = []
    for name, parameter in SERVED.items():
        values = _single(query.filters.get(name))
        if name == "owner":
            values = list(people)
        elif name == "space":
            values = list(spaces)
        known = _KNOWN.get(parameter)
        # A comma would make two tags of one.
        if len(values) == 1 and (known is None or values[0] in known) and not (parameter == "tag" and "," in values[0]):
            asked.append((parameter, values[0]))
    for name, value in own_words(query).items():
        if name == "tag":
            asked += [("tag", tag) for tag in tags_of(value)]
        elif len(values := _single(value)) == 1 and values[0] in _KNOWN.get(name, values):
            asked.append((name, values[0]))
    return tuple(asked)


def _single(value: t.Any) -> list[str]:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return values if len(values) == 1 and isinstance(values[0], str) and values[0] else []


def tags_of(value: t.Any) -> list[str]:
    """The tags of the vendor's own ``tag``: all of them are meant, also where commas divide them."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return list(dict.fromkeys(part.strip() for item in values for part in str(item).split(",") if part.strip()))


def fits(row: Row, words: t.Mapping[str, t.Any]) -> bool:
    """Whether a row has what the filters in the vendor's own words ask for. A list means any of its values; of ``tag`` all."""
    return all(_fits(row, name, value) for name, value in words.items())


def _fits(row: Row, name: str, wanted: t.Any) -> bool:
    held = row.get(_WORDS[name])
    if name == "tag":
        return set(tags_of(wanted)) <= set(texts_of(held))
    values = wanted if isinstance(wanted, (list, tuple)) else [wanted]
    return any(_has(name, held, value) for value in values)


def _has(name: str, held: t.Any, wanted: t.Any) -> bool:
    if wanted is None:
        return held in (None, "", [], {})
    text = str(wanted)
    if name.endswith("Id"):
        return isinstance(held, str) and same_id(held, text)
    if name == "product":
        # The list takes DX-80 for what the device calls Cisco Webex DX80.
        return isinstance(held, str) and mac_key(text) in mac_key(held)
    if name == "plannedMaintenance":
        held = held.get("mode") if isinstance(held, dict) else held
        # Not every answer shows it, and then only the list knows.
        return held is None or held == text
    if isinstance(held, list):
        # In one of the vendor's samples the names are empty objects: those tell nothing, and the list has sifted.
        return text in held or bool(held and not texts_of(held))
    return bool(held == text)
