# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which devices somebody asked for: filters, search, sort, limit and grouping, with the same words for every vendor.

A vendor that can filter does so to save calls; what it returns is held against the same filter here, so the words mean the same.
"""

from __future__ import annotations

import difflib
import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import (
    IDENTIFIERS,
    RECORD_FIELDS,
    Device,
    Query,
    mac_key,
)

_REFERENCES = ("owner", "organization", "space", "application")


def select(devices: t.Iterable[Device], query: Query) -> list[Device]:
    """The devices that fit the query's filters and search, sorted and limited. Raises DeclarationError for an unknown field."""
    check_query(query)
    chosen = [device for device in devices if matches(device, query.filters) and _found(device, query.search)]
    for term in reversed(query.sort):
        name, direction = sort_term(term)
        keyed = [(device, _value(device, name)) for device in chosen]
        held = [pair for pair in keyed if pair[1] is not None]
        held.sort(key=lambda pair: _order(pair[1]), reverse=direction == "desc")
        chosen = [device for device, _key in held] + [device for device, key in keyed if key is None]
    return chosen if query.limit is None else chosen[: query.limit]


def check_query(query: Query, words: t.Collection[str] = (), groups: t.Collection[str] = ()) -> None:
    """Refuses a query that is wrong in itself, before any call. Raises DeclarationError.

    ``words`` are what the vendor can filter by besides the fields of a record, ``groups`` what it can group by.
    """
    for name in (*IDENTIFIERS, "name", "search", "owner_email", "user_email"):
        if getattr(query, name) == "":
            raise DeclarationError(f"{name} is an empty string; leave it out where it is not meant")
    for name, least in (("limit", 1), ("page_size", 1), ("activated_within", 1)):
        value = getattr(query, name)
        if value is not None and value < least:
            raise DeclarationError(f"{name} must be at least {least}, not {value}")
    for name in query.filters:
        _known(name.partition(".")[0], "filters", words)
    for name in query.fields:
        _known(name, "fields")
    if query.group_by is not None:
        _known(query.group_by, "group_by", groups)
    for term in query.sort:
        sort_term(term)


def matches(device: Device, filters: t.Mapping[str, t.Any]) -> bool:
    """Whether a device fits every filter. A list means any of its values; null means that the field is empty."""
    return all(
        any(_fits(device, name, value) for value in wanted) if isinstance(wanted, (list, tuple)) else _fits(device, name, wanted)
        for name, wanted in filters.items()
    )


def group(devices: t.Iterable[Device], name: str) -> list[dict[str, t.Any]]:
    """How many devices share each value of a field: ``[{key, count}]`` sorted by key, empty values as null at the end."""
    _known(name, "group_by")
    counts: dict[str | None, int] = {}
    for device in devices:
        for key in _group_keys(device, name):
            counts[key] = counts.get(key, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (item[0] is None, item[0] or ""))
    return [{"key": key, "count": count} for key, count in ordered]


def sort_term(term: str) -> tuple[str, str]:
    """``name desc`` as field and direction. Raises DeclarationError."""
    words = term.split()
    if not words or len(words) > 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
        raise DeclarationError(f"sort: {term!r} is not a field, or a field followed by asc or desc")
    _known(words[0], "sort")
    return words[0], words[1].lower() if len(words) == 2 else "asc"


def within(path: str | None, scope: str) -> bool:
    """Whether a space path is a scope or below it, by whole segments.

    ``Wiz/Berlin`` holds ``Wiz/Berlin/Room 1``, not ``Wiz/Berlin2``.
    """
    return path is not None and (path == scope or path.startswith(f"{scope}/"))


def _fits(device: Device, name: str, wanted: t.Any) -> bool:
    head, _dot, key = name.partition(".")
    value = getattr(device, head)
    if key:
        return _equal(_entry(value, key, loose=head == "tags"), wanted)
    if wanted is None:
        return value in (None, "", [], {})
    if head == "mac":
        return value is not None and mac_key(str(value)) == mac_key(str(wanted))
    if head == "space" and isinstance(value, dict) and within(value.get("path"), str(wanted)):
        return True
    if head in _REFERENCES and isinstance(value, dict) and not isinstance(wanted, dict):
        return any(
            _equal(value.get(part), wanted) for part in ("id", "name", "email", "path", "region") if value.get(part) is not None
        )
    if head == "subscriptions":
        return any(_equal(entry.get(part), wanted) for entry in value or () for part in ("id", "key"))
    if isinstance(value, dict) and isinstance(wanted, dict):
        held = {part: _entry(value, part, loose=head == "tags") for part in wanted}
        return all(held[part] is not None and (item is None or _equal(held[part], item)) for part, item in wanted.items())
    if isinstance(value, (list, dict)):
        return any(_equal(part, wanted) for part in value)
    return _equal(value, wanted)


def _entry(value: t.Any, key: str, *, loose: bool) -> t.Any:
    """What stands under a key, or None. ``loose`` takes it in any case, as the keys of tags are meant."""
    if not isinstance(value, dict):
        return None
    if key in value or not loose:
        return value.get(key)
    return next((item for name, item in value.items() if name.casefold() == key.casefold()), None)


def _equal(value: t.Any, wanted: t.Any) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    return bool(value == wanted) or (value is not None and str(value) == str(wanted))


def _found(device: Device, search: str | None) -> bool:
    if search is None:
        return True
    needle = search.casefold()
    digits = mac_key(search)
    if len(digits) > 3 and device.mac and digits in mac_key(device.mac):
        return True
    return any(needle in text.casefold() for text in (device.name, device.serial, device.mac, device.id, device.cloud_id) if text)


def _value(device: Device, name: str) -> t.Any:
    value = getattr(device, name)
    if name in _REFERENCES and isinstance(value, dict):
        return value.get("path") or value.get("name") or value.get("email") or value.get("id")
    return value


def _order(value: t.Any) -> tuple[int, t.Any]:
    return (0, value) if isinstance(value, (int, float)) else (1, str(value))


def _group_keys(device: Device, name: str) -> list[str | None]:
    value = getattr(device, name)
    if isinstance(value, list):
        labels = [str(entry.get("key") or entry.get("id")) if isinstance(entry, dict) else str(entry) for entry in value]
        return list(labels) or [None]
    if isinstance(value, dict) and name in ("tags", "metafields", "applications"):
        return [f"{key}={item}" for key, item in value.items()] or [None]
    value = _value(device, name)
    return [None if value is None else "true" if value is True else "false" if value is False else str(value)]


def _known(name: str, option: str, words: t.Collection[str] = ()) -> None:
    if name not in RECORD_FIELDS and name not in words:
        near = difflib.get_close_matches(name, (*RECORD_FIELDS, *words), n=1)
        raise DeclarationError(f"{option}: a device has no field {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
