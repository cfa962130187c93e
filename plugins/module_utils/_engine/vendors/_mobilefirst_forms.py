# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MobileFirst's answers, JSON and XML, as plain data, and the neutral record of a device. Pure.

Facts: docs/vendors/mobilefirst.md. In XML every value is an attribute and every list an element around its entries, so that one
table of names makes both forms the same data.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import UTC, datetime

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import BadAnswer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.markup import BadMarkup, Element, as_data
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device

NAME = "mobilefirst"
ENABLED, DISABLED = "ENABLED", "DISABLED"
MIXED = "MIXED"
"""What the record shows for an application of which a device has several versions that are not in the same state."""

# The root elements of the answers in XML.
DEVICES = ("devices",)
RUNTIMES = ("projectconfiguration",)
LOCK = ("lock",)
TRANSACTION = ("transaction",)
RESULTS = ("set-device-status-result", "set-applicationdevice-status-result", "remove-device-result")

_LISTS = frozenset({"items", "applicationDeviceAssociations", "userIds", "projects", "errors"})
_NUMBERS = frozenset({"pageNumber", "pageSize", "startIndex", "totalListSize"})
_MOST_REASONS = 10
_FLAGS = {"true": True, "false": False}
_FLAG_NAMES = frozenset({"ok", "busy", "running"})

Row = dict[str, t.Any]


def data_of(body: t.Any, roots: t.Collection[str], path: str) -> Row:
    """The object that an answer is, whatever its form. Raises BadAnswer for anything else than the documented one."""
    if isinstance(body, Element):
        if body.name not in roots:
            raise BadAnswer("the answer is another XML document than the documented one", method="GET", path=path)
        try:
            return _typed(as_data(body, _LISTS))
        except BadMarkup as error:
            raise BadAnswer(f"the answer is no XML of the documented form: {error}", method="GET", path=path) from None
    if not isinstance(body, dict):
        raise BadAnswer("the answer is not the documented object", method="GET", path=path)
    return body


def _typed(data: Row) -> Row:
    """Numbers and truths of a document's top level as such: XML has nothing but text."""
    typed = dict(data)
    for name in _NUMBERS & data.keys():
        if data[name].isascii() and data[name].isdigit():
            typed[name] = int(data[name])
    for name in _FLAG_NAMES & data.keys():
        typed[name] = _FLAGS.get(data[name], data[name])
    if isinstance(data.get("projects"), list):
        typed["projects"] = [_typed(project) for project in data["projects"]]
    return typed


def reasons(body: t.Any) -> str:
    """Why something failed, as the ``errors`` of an answer in either form say it, unmasked; empty where they do not.

    The documented form is a list of objects with ``details``; whoever writes another one still says why.
    """
    try:
        data = as_data(body, _LISTS) if isinstance(body, Element) else body
    except BadMarkup:
        return ""
    return "; ".join(_texts(data.get("errors"))[:_MOST_REASONS]) if isinstance(data, dict) else ""


def _texts(value: t.Any, levels: int = 4) -> list[str]:
    """Every text in plain data, so many levels down."""
    if isinstance(value, (list, dict)) and levels:
        return [text for part in (value.values() if isinstance(value, dict) else value) for text in _texts(part, levels - 1)]
    return [value] if isinstance(value, str) and value else []


@dataclass(frozen=True)
class Page:
    """One page of the listing of devices: rows in one form, without nulls and with their lists always there.

    ``total`` is how many devices the server says there are; it decides nothing, because IBM's own sample contradicts itself
    there. ``bookmark`` leads to the next page; None is the end.
    """

    rows: list[Row]
    total: int | None
    bookmark: str | None


def page_of(body: t.Any, path: str) -> Page:
    """One page of the listing. Raises BadAnswer."""
    data = data_of(body, DEVICES, path)
    total = data.get("totalListSize")
    rows = data.get("items")
    if rows is None and (total == 0 or (isinstance(body, Element) and _bare(data))):
        rows = []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadAnswer("the listing has no items, or one that is no object", method="GET", path=path)
    bookmark = data.get("nextPageBookmark")
    return Page(
        [_row(row, path) for row in rows],
        total if isinstance(total, int) and not isinstance(total, bool) else None,
        # Absent, null and empty text are the end.
        None if bookmark is None or bookmark == "" or isinstance(bookmark, bool) else str(bookmark),
    )


def _bare(data: Row) -> bool:
    """Whether a listing in XML has left out the wrapper of a list that is empty, and is a listing all the same: it counts."""
    return isinstance(data.get("totalListSize"), int) and not any(isinstance(value, (dict, list)) for value in data.values())


def _row(row: Row, path: str) -> Row:
    if not isinstance(row.get("id"), str) or not row["id"]:
        raise BadAnswer("a device of the listing has no id", method="GET", path=path)
    whole = {name: value for name, value in row.items() if value is not None}
    for name in ("applicationDeviceAssociations", "userIds"):
        entries = whole.get(name, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise BadAnswer(f"{name} of device {row['id']} is not the documented list", method="GET", path=path)
        whole[name] = entries
    return whole


def users_of(row: Row) -> tuple[str, ...]:
    """The users that were seen on a device, the first of them first; version 1.0 has one, ``uid``."""
    users = [entry.get("str") for entry in row["userIds"]] or [row.get("uid")]
    return tuple(user for user in users if isinstance(user, str) and user)


def name_of(row: Row) -> str | None:
    """The friendly name, which version 1.0 calls so."""
    name = row.get("deviceDisplayName") or row.get("friendlyName")
    return name if isinstance(name, str) and name else None


def device_from_row(row: Row, *, account: str | None, runtime: str, include_raw: bool = False) -> Device:
    """The record of one row of a page. ``facts`` holds ``users`` and, by application, ``versions``."""
    users = users_of(row)
    applications, versions = _applications(row)
    fields: dict[str, t.Any] = {
        "vendor": NAME,
        "account": account,
        "id": row["id"],
        "cloud_id": row["id"],
        "name": name_of(row),
        "model": _text(row.get("deviceModel")),
        "firmware": _text(row.get("deviceOs")),
        "status": _text(row.get("status")),
        "last_seen": _moment(row.get("lastAccessed")),
        "owner": owner_record(users[0]) if users else None,
        "organization": {"id": runtime, "name": runtime},
        "applications": applications,
        "facts": {"users": users, "versions": versions},
    }
    if include_raw:
        fields["raw"] = row
    return Device.of(fields)


def owner_record(user: str) -> dict[str, t.Any]:
    """A user, who is known by the name that the login gave; some logins use the e-mail address."""
    return {"id": user, "email": user if "@" in user else None, "name": user}


def _applications(row: Row) -> tuple[dict[str, str | None], dict[str, int]]:
    """The state of each application by name, None where the vendor does not say, and how many versions the device has."""
    states: dict[str, list[str | None]] = {}
    for entry in row["applicationDeviceAssociations"]:
        name = entry.get("appName")
        if isinstance(name, str) and name:
            states.setdefault(name, []).append(_text(entry.get("status")))
    applications = {name: seen[0] if len(set(seen)) == 1 else MIXED for name, seen in states.items()}
    return applications, {name: len(seen) for name, seen in states.items()}


def _text(value: t.Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _moment(value: t.Any) -> str | None:
    """ISO 8601 in UTC with a Z, as documented; a time with another offset is converted, and what is no time is None."""
    text = _text(value)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if text.endswith("Z"):
        return text
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
