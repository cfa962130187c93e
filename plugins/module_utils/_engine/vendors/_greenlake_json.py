# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GreenLake's JSON and the neutral record, in both directions, and when two values of an attribute mean the same. Pure.

Facts: docs/vendors/greenlake.md, section "The device object".
"""

from __future__ import annotations

import re
import typing as t
from datetime import UTC, datetime

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import BadAnswer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, mac_key, mac_text

NAME = "greenlake"
UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)

_CONTACT = {"email": "email", "firstName": "first_name", "lastName": "last_name", "phoneNumber": "phone_number"}
_LEVEL = {
    "serviceLevel": "service_level",
    "serviceLevelRank": "service_level_rank",
    "contractLevel": "contract_level",
    "contractLevelRank": "contract_level_rank",
    "startDate": "start_date",
    "endDate": "end_date",
}

VENDOR_NAMES: t.Mapping[str, tuple[str, ...]] = {
    "id": ("id",),
    "cloud_id": ("id",),
    "name": ("deviceName", "secondaryName"),
    "serial": ("serialNumber",),
    "mac": ("macAddress",),
    "model": ("model",),
    "device_type": ("deviceType",),
    "status": ("assignedState",),
    "tags": ("tags",),
    "space": ("location",),
    "application": ("application", "region"),
    "subscriptions": ("subscription",),
    "warranty": ("warranty",),
    "archived": ("archived",),
}
"""Record field to the properties that it is read from, for ``select``. A field that is not here needs whole rows: the
properties of ``contact`` and ``organization`` are not known to work in ``select``."""


def uuid_key(text: str | None) -> str:
    """An id without hyphens and case: both spellings of workspace ids occur."""
    return (text or "").replace("-", "").lower()


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID, with or without hyphens."""
    return UUID.fullmatch(text) is not None


def same_id(before: t.Any, after: t.Any) -> bool:
    """Whether two ``{id, ...}`` records point at the same thing; absent and null are one."""
    return uuid_key((before or {}).get("id")) == uuid_key((after or {}).get("id"))


def _device_from_json(
    row: dict[str, t.Any], *, account: str | None = None, include_raw: bool = False, selected: t.Collection[str] | None = None
) -> Device:
    """The record of one row of the listing. An absent property is the same as a null one.

    ``selected`` holds the properties that ``select`` asked for; what was not asked for stays None. Raises BadAnswer for a row
    without the properties that identify a device.
    """
    for name in ("id", "serialNumber"):
        if not isinstance(row.get(name), str) or not row[name]:
            raise BadAnswer(
                f"a device of the listing has no {name}", account=account, device=row.get("serialNumber") or row.get("id") or None
            )

    def asked(name: str) -> bool:
        return selected is None or name in selected

    get = row.get
    fields: dict[str, t.Any] = {
        "vendor": NAME,
        "account": account,
        "id": row["id"],
        "name": (get("deviceName") or get("secondaryName") or row["serialNumber"]) if asked("deviceName") else None,
        "serial": row["serialNumber"],
        "mac": mac_text(get("macAddress")),
        "cloud_id": row["id"],
        "model": get("model"),
        "device_type": get("deviceType"),
        "status": get("assignedState"),
        "tags": (get("tags") or {}) if asked("tags") else None,
        "organization": _organization(row),
        "space": _space(get("location")),
        "application": _application(row),
        "subscriptions": _subscriptions(get("subscription")) if asked("subscription") else None,
        "contact": contact_record(get("contact")),
        "warranty": _warranty(get("warranty")),
        "archived": get("archived"),
        "facts": {"category": get("category"), "discovered": "DISCOVERED" in (get("ownership"), get("source"))},
    }
    if include_raw:
        fields["raw"] = row
    return Device.of(fields)


def _organization(row: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
    workspace = row.get("tenantWorkspaceId") or (row.get("inUseWorkspace") or {}).get("id")
    return {"id": workspace, "name": None} if workspace else None


def _space(location: t.Any) -> dict[str, t.Any] | None:
    if not location or not location.get("id"):
        return None
    return {"id": location["id"], "name": location.get("locationName"), "path": None}


def _application(row: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
    identifier = (row.get("application") or {}).get("id")
    return {"id": identifier, "region": row.get("region")} if identifier else None


def _subscriptions(value: t.Any) -> list[dict[str, t.Any]]:
    """A list whatever the vendor sends: it documents an array, and shows one object or null in its examples."""
    if not value:
        return []
    entries = value if isinstance(value, list) else [value]
    return [
        {
            "id": entry.get("id"),
            "key": entry.get("key"),
            "tier": entry.get("tier"),
            "start": entry.get("startTime"),
            "end": entry.get("endTime"),
        }
        for entry in entries
        if entry and entry.get("id")
    ]


def contact_record(value: t.Any) -> dict[str, t.Any] | None:
    """A contact in the flat form of the record: ``user_id``, ``email``, ``first_name``, ``last_name``, ``phone_number``.

    Takes the vendor's flat form, its nested one in either spelling (``workspaceUser``, ``WorkspaceUser``), and the record's own.
    """
    if not value or not isinstance(value, dict):
        return None
    person: dict[str, t.Any] = {}
    user = False
    for name, item in value.items():
        if name.lower() in ("workspaceuser", "nonworkspaceuser"):
            person.update(item or {})
            user = user or name.lower() == "workspaceuser"
        elif name != "type":
            person[name] = item
    record: dict[str, t.Any] = {}
    identifier = person.get("user_id") or person.get("userId") or person.get("id")
    if identifier and value.get("type") != "NON-WORKSPACE-USER":
        record["user_id"] = identifier
    for theirs, ours in _CONTACT.items():
        if text := person.get(theirs) or person.get(ours):
            record[ours] = text
    return record or None


def _warranty(value: t.Any) -> dict[str, t.Any] | None:
    if not value:
        return None
    level = value.get("currentSupportLevel")
    level = level if isinstance(level, dict) else {"serviceLevel": level}
    record = {ours: level[theirs] for theirs, ours in _LEVEL.items() if level.get(theirs) is not None}
    if value.get("country"):
        record["country"] = value["country"]
    return record or None


def warranty_record(value: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A declared warranty in the form of the record, from our spelling or the vendor's. Unknown keys stay."""
    return {_LEVEL.get(name, name): item for name, item in value.items() if item is not None}


def _json_from_mac(mac: str) -> str:
    """Upper case with colons: in any other form the vendor answers that there is no such device."""
    text = mac_key(mac).upper()
    return ":".join(text[index : index + 2] for index in range(0, len(text), 2))


def _json_from_contact(contact: t.Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    if not contact:
        return {}
    if contact.get("user_id"):
        return {"type": "WORKSPACE-USER", "workspaceUser": {"id": contact["user_id"]}}
    person = {theirs: contact[ours] for theirs, ours in _CONTACT.items() if contact.get(ours)}
    return {"type": "NON-WORKSPACE-USER", "nonWorkspaceUser": person}


def _json_from_space(space: t.Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    return {"id": space["id"]} if space else {}


def _json_from_application(application: t.Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    """Application and region together: live, an application without its region is refused."""
    held = application or {}
    return {"application": {"id": held.get("id")}, "region": held.get("region")}


def _json_from_warranty(warranty: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        theirs: warranty[ours]
        for theirs, ours in (("endDate", "end_date"), ("serviceLevel", "service_level"))
        if ours in warranty
    }


def _json_from_tags(before: t.Mapping[str, str] | None, after: t.Mapping[str, str] | None) -> dict[str, str | None]:
    """The merge patch between two complete sets of tags: what is new or differs, and null for what goes."""
    old, new = before or {}, after or {}
    patch: dict[str, str | None] = {key: None for key in old if key not in new}
    patch.update({key: value for key, value in new.items() if old.get(key) != value})
    return patch


def same_application(before: t.Any, after: t.Any) -> bool:
    """Whether two assignments are the same application in the same region."""
    return same_id(before, after) and ((before or {}).get("region") or None) == ((after or {}).get("region") or None)


def same_subscriptions(before: t.Any, after: t.Any) -> bool:
    """Whether two lists hold the same subscriptions, in any order."""
    return {uuid_key(entry.get("id")) for entry in before or ()} == {uuid_key(entry.get("id")) for entry in after or ()}


def same_contact(before: t.Any, after: t.Any) -> bool:
    """Whether the contact that is there has every declared part. A workspace user is an id; e-mail compares without case."""
    if not before or not after:
        return not before and not after
    if after.get("user_id"):
        return uuid_key(before.get("user_id")) == uuid_key(after["user_id"])
    if before.get("user_id") and not before.get("email"):
        return False
    return all(_folded(name, before.get(name)) == _folded(name, value) for name, value in after.items())


def same_warranty(before: t.Any, after: t.Any) -> bool:
    """Whether the warranty that is there has every declared part; dates compare as points in time."""
    held = before or {}
    return all(_instant(held.get(name)) == _instant(value) for name, value in (after or {}).items())


def _folded(name: str, value: t.Any) -> t.Any:
    return value.casefold() if name == "email" and isinstance(value, str) else value


def _instant(value: t.Any) -> t.Any:
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d", value):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
