# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From Xyte's device object to the record (docs/vendors/xyte.md, "The device object")."""

from __future__ import annotations

import typing as t
from datetime import UTC, datetime

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import BadAnswer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, mac_text
from ansible_collections.fleetform.devices.plugins.module_utils._engine.redaction import without_secrets
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_listing import Row

_ONLINE = {"online": True, "error": True, "offline": False}
"""A device that reports an error is there to report it; null, and words that are not documented, tell nothing."""

_DETAILS = ("effective_status", "merged_effective_status", "details", "state", "custom_parameters")
"""What is no field of the record. Listings lack the last two."""


def _device_from_json(row: t.Any, *, account: str | None, path: str, raw: bool = False) -> Device:
    """The record of a device object. Raises BadAnswer where it has no id."""
    number = row.get("id") if isinstance(row, dict) else None
    if not isinstance(number, (str, int)) or isinstance(number, bool) or number == "":
        raise BadAnswer("the answer shows no device with an id", method="GET", path=path)
    model, firmware = _part(row, "model"), _part(row, "firmware")
    status = _text(row.get("status"))
    fields: dict[str, t.Any] = {
        "vendor": "xyte",
        "account": account,
        "id": str(number),
        "name": _text(row.get("name")),
        "serial": _text(row.get("sn")),
        "mac": mac_text(_text(row.get("mac"))),
        "cloud_id": _text(row.get("cloud_id")),
        "model": _text(model.get("name")),
        "status": status,
        "online": _ONLINE.get(status or ""),
        "last_seen": _moment(row.get("last_seen_at")),
        "firmware": _text(firmware.get("version")),
        "space": _space_from_json(row.get("space")),
        "facts": {"model_id": _text(model.get("id"))},
    }
    if raw:
        fields["raw"] = without_secrets(row)
    return Device.of(fields)


def base_info(row: Row) -> dict[str, t.Any]:
    """What Xyte tells of a device beyond the record, secrets removed."""
    return {name: without_secrets(row[name]) for name in _DETAILS if name in row}


def _space_from_json(space: t.Any) -> dict[str, t.Any] | None:
    """``{id, name, path}``; ids are text in records."""
    if not isinstance(space, dict) or space.get("id") in (None, ""):
        return None
    path = _text(space.get("full_path"))
    return {"id": str(space["id"]), "name": path.rpartition("/")[2] if path else None, "path": path}


def shown_paths(devices: t.Iterable[Device]) -> dict[int, str]:
    """The full paths of the spaces that devices are in, by id."""
    spaces = [device.space for device in devices if device.space]
    return {int(space["id"]): space["path"] for space in spaces if space["path"] and str(space["id"]).isdecimal()}


def _part(row: Row, name: str) -> Row:
    part = row.get(name)
    return part if isinstance(part, dict) else {}


def _text(value: t.Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _moment(value: t.Any) -> str | None:
    """ISO 8601 in UTC with Z, as documented; another offset is converted, and what is no time is left out."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if value.endswith("Z"):
        return value
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).isoformat().replace("+00:00", "Z")
