# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Webex's device object and the neutral record, and the ids in it. Pure. Facts: docs/vendors/webex.md, "The device object".

Every property may be missing or null, several change their type between schema, sample and service, and new words appear in
lists of words. So nothing is required here, and what does not have the expected form counts as not told.

Ids are base64 of ``ciscospark://<where>/<TYPE>/<uuid>``. One thing can have ids with another cluster in them, in upper or lower
case, with or without padding: they are sent as they came and compared by type and UUID.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, mac_key, mac_text

Row = dict[str, t.Any]

NAME = "webex"
_ONLINE = {
    "connected": True,
    "connected_with_issues": True,
    "disconnected": False,
    "offline_expired": False,
    "offline_deep_sleep": False,
}

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})")


def text_of(row: t.Mapping[str, t.Any], *names: str) -> str | None:
    """The first of these properties that holds a text, or a number, which some servers make of digits."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def texts_of(value: t.Any) -> list[str]:
    """A list of texts, from a list, a single text, or anything else, which is none."""
    if isinstance(value, str):
        return [value] if value else []
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def device_from_json(
    row: Row,
    *,
    account: str | None = None,
    space: t.Callable[[str], str | None] = lambda _id: None,
    person: t.Callable[[str], dict[str, t.Any]] | None = None,
    include_raw: bool = False,
) -> Device:
    """The record of a device object. ``space`` gives the name of a workspace and ``person`` the owner, where they were read."""
    identifier = text_of(row, "id")
    workspace, owner = text_of(row, "workspaceId", "placeId"), text_of(row, "personId")
    organization, status = text_of(row, "orgId"), text_of(row, "connectionStatus")
    fields: dict[str, t.Any] = {
        "vendor": NAME,
        "account": account,
        "id": identifier,
        "name": text_of(row, "displayName"),
        "serial": text_of(row, "serial"),
        "mac": mac_text(text_of(row, "mac")),
        "cloud_id": text_of(row, "webexDeviceId") or identifier,
        "model": text_of(row, "product"),
        "device_type": text_of(row, "type"),
        "status": status,
        "online": _ONLINE.get(status or ""),
        "last_seen": _utc(text_of(row, "lastSeen")),
        "ip": text_of(row, "ip"),
        "firmware": text_of(row, "software"),
        "tags": None if row.get("tags") is None else list(dict.fromkeys(texts_of(row["tags"]))),
        "organization": {"id": organization, "name": None} if organization else None,
        "space": {"id": workspace, "name": space(workspace), "path": None} if workspace else None,
        "owner": _owner(owner, person) if owner else None,
        "facts": {"site": text_of(row, "locationId", "workspaceLocationId")},
    }
    if include_raw:
        fields["raw"] = row
    return Device.of(fields)


def _utc(text: str | None) -> str | None:
    """A moment in the spelling of the record: some of the vendor's services write +00:00 for Z. None for what is none."""
    if not text or not _MOMENT.fullmatch(text):
        return None
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _owner(identifier: str, person: t.Callable[[str], dict[str, t.Any]] | None) -> dict[str, t.Any]:
    return {"id": identifier, "email": None, "name": None} if person is None else person(identifier)


def plain_mac(mac: str) -> str:
    """A MAC as phones are listed and added with: twelve digits, upper case, no separators."""
    return mac_key(mac).upper()


def mac_forms(mac: str, *, phone: bool) -> tuple[str, ...]:
    """A MAC in the forms in which devices are listed, likelier one first: phones without separators, RoomOS with colons."""
    plain = plain_mac(mac)
    colons = ":".join(plain[index : index + 2] for index in range(0, len(plain), 2))
    return (plain, colons) if phone else (colons, plain)


_CONTENT = re.compile(r"ciscospark://[^/]+(?:/[^/]+)*?/([A-Za-z_]+)/([^/]+)", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_SYNONYMS = {"PLACES": "PLACE", "DEVICES": "DEVICE"}


@functools.lru_cache(maxsize=65536)
def decoded(text: str) -> tuple[str, str] | None:
    """Type and UUID of an id in the form in which they compare, or None where the text is no id of this form."""
    if not _BASE64.fullmatch(text):
        return None
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        content = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    found = _CONTENT.fullmatch(content)
    if not found:
        return None
    kind = found[1].upper()
    return _SYNONYMS.get(kind, kind), found[2].lower()


def id_key(text: str | None) -> str:
    """What two spellings of one id have in common; another text is its own key, None is empty."""
    if not text:
        return ""
    parts = decoded(text)
    return text if parts is None else "/".join(parts)


def same_id(before: str | None, after: str | None) -> bool:
    """Whether two ids mean the same thing."""
    return id_key(before) == id_key(after)


def same_place(before: t.Mapping[str, t.Any] | None, after: t.Mapping[str, t.Any] | None) -> bool:
    """Whether two ``{id, name, ...}`` records point at the same thing. What is still to be made has a name and no id."""
    held, wanted = before or {}, after or {}
    if wanted and not wanted.get("id"):
        return bool(held) and held.get("name") == wanted.get("name")
    return same_id(held.get("id"), wanted.get("id"))


MADE_UP_DEVICE = base64.b64encode(b"ciscospark://urn:TEAM:us-east-2_a/DEVICE/00000000-0000-4000-8000-000000000000").decode(
    "ascii"
)
"""A well-formed id that no device has."""
