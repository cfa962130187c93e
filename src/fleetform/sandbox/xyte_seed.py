# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Xyte side of an office company: displays, projectors and players of Wiz, what Suedwind owns, and what can be claimed."""

from __future__ import annotations

import copy
from typing import Any

from fleetform.sandbox.cloud import stable_uuid

WIZ, STRANGER = "wiz", "suedwind"
_ROOT, _UNSORTED, _STRANGER_ROOT, _STRANGER_UNSORTED = 11530, 11531, 12030, 12031
_MADE = "2024-02-08T08:00:00.000Z"
_SEEN = "2026-03-12T10:19:56.274Z"
_HARDWARE = ("id", "sn", "mac", "cloud_id", "model", "sub_model", "firmware", "last_seen_at", "details", "kind")
_CLOCK = {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"}
_DISPLAY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "display": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "brightness": {"type": "integer", "minimum": 0, "maximum": 100},
                "input": {"type": "string", "enum": ["HDMI 1", "HDMI 2", "DisplayPort", "USB-C"]},
                "power_save": {"type": "boolean"},
            },
        },
        "network": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "hostname": {"type": "string", "maxLength": 63},
                "ntp_servers": {"type": "array", "items": {"type": "string"}},
                "web_password": {"type": "string"},
            },
        },
    },
}
_PROJECTOR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "projection": {
            "type": "object",
            "additionalProperties": False,
            "required": ["mode"],
            "properties": {
                "mode": {"type": "string", "enum": ["front", "rear", "ceiling"]},
                "lamp_power": {"type": "integer", "minimum": 30, "maximum": 100},
                "keystone": {"type": "number", "minimum": -30, "maximum": 30},
            },
        },
        "schedule": {"type": "object", "additionalProperties": False, "properties": {"on": _CLOCK, "off": _CLOCK}},
    },
}
_OPEN_SCHEMA: dict[str, Any] = {"type": "object"}

# name, authentication, sub-model, firmware, kind, schema, serial prefix, number of the MAC
_Kind = tuple[str, str, str | None, str, str, dict[str, Any], str, int]
_KINDS: dict[str, _Kind] = {
    "display": ("Display - QM55", "sn_mac", "QM55C", "2.4.1", "native", _DISPLAY_SCHEMA, "XQD", 1),
    "projector": ("Projector - PT900", "cloud_id", None, "1.9.0", "native", _PROJECTOR_SCHEMA, "XPJ", 0),
    "player": ("Signage Player S2", "sn_mac", None, "5.0.3", "native", _OPEN_SCHEMA, "XSP", 2),
    "trackpad": ("Trackpad", "cloud_id", None, "1.0.0", "native", _OPEN_SCHEMA, "XAt", 0),
    "pdu": ("Power Strip 8", "edge", None, "3.2", "edge", _OPEN_SCHEMA, "XPD", 3),
    "room": ("Video Room", "connector", None, "6.1.0", "connector", _OPEN_SCHEMA, "XVR", 0),
    "application": ("Signage Application", "application", None, "8.12.0", "application", _OPEN_SCHEMA, "XAP", 0),
}


def model_id(kind: str) -> str:
    return stable_uuid("xyte model", kind)


def as_hardware(device: dict[str, Any]) -> dict[str, Any]:
    """What is left of a device that its organization deleted: hardware that anybody may claim who can prove to own it."""
    return {**{name: device[name] for name in _HARDWARE}, "deleted": True}


def claimed(hardware: dict[str, Any], organization: str, space: int, name: str | None) -> dict[str, Any]:
    """A device as it is right after it was claimed."""
    return {
        **{part: hardware[part] for part in _HARDWARE},
        "name": name,
        "status": None,
        "effective_status": None,
        "state": {},
        "space": space,
        "organization": organization,
        "parent": None,
        "configuration": {},
        "configuration_version": 0,
        "custom_parameters": {},
    }


def _hardware(kind: str, number: int) -> dict[str, Any]:
    """What was built: ``number`` makes its serial number, and its MAC or cloud id. It has called in, and nobody owns it."""
    _name, proof, sub_model, firmware, family, _schema, prefix, series = _KINDS[kind]
    mac = f"02:5e:10:{series:02x}:{number >> 8 & 255:02x}:{number & 255:02x}" if series else None
    return {
        "id": stable_uuid("xyte device", kind, number),
        "sn": f"{prefix}-{number:05d}",
        "mac": mac,
        "cloud_id": f"{prefix.lower()}-cloud-{number:05d}" if proof == "cloud_id" else None,
        "model": model_id(kind),
        "sub_model": sub_model,
        "firmware": firmware,
        "last_seen_at": _SEEN,
        "details": {"operating_hours": 400 + number % 97},
        "kind": family,
        "deleted": False,
    }


def xyte_seed(name: str, size: int) -> dict[str, Any]:
    """``demo``: 20 devices; ``empty``: none claimed; ``large``: ``size`` devices in 60 rooms, and as many to be claimed."""
    data: dict[str, Any] = {
        "organizations": {
            WIZ: _organization("Wiz", "wiz.example"),
            STRANGER: _organization("Suedwind AV", "suedwind.example"),
        },
        "models": {
            model_id(kind): {
                "id": model_id(kind),
                "name": parts[0],
                "authentication": parts[1],
                "schema": copy.deepcopy(parts[5]),
            }
            for kind, parts in _KINDS.items()
        },
        "spaces": {},
        "next_space": 13_000,
        "claims": 0,
        "hardware": {},
        "devices": {},
        "clients": {"Wiz": {"key": "xyte-demo-key"}, "Suedwind AV": {"key": "xyte-other-key"}},
        "tokens": {
            "xyte-demo-key": {"org": WIZ, "kind": "organization", "expires": None},
            "xyte-other-key": {"org": STRANGER, "kind": "organization", "expires": None},
            "xyte-partner-key": {"org": WIZ, "kind": "partner", "expires": None},
            "xyte-expired-key": {"org": WIZ, "kind": "organization", "expires": 0},
        },
    }
    for number, title, parent, kind in _spaces():
        _add_space(data, WIZ if number < _STRANGER_ROOT else STRANGER, number, title, parent, kind)
    if name == "large":
        _large(data, size)
        return data
    for kind, numbers in _UNCLAIMED.items():
        for number in numbers:
            _stock(data, _hardware(kind, number))
    # One that reports its MAC in another way of writing.
    data["hardware"][stable_uuid("xyte device", "display", 904)]["mac"] = "02-5E-10-01-03-88"
    if name == "demo":
        for organization, first, rows in ((WIZ, 1, _DEMO), (STRANGER, 701, _STRANGERS)):
            for number, (label, kind, space, status) in enumerate(rows, first):
                _own(data, organization, label, kind, number, space, status)
        _special(data)
    return data


def _organization(name: str, domain: str) -> dict[str, Any]:
    return {
        "id": stable_uuid("xyte organization", name),
        "name": name,
        "created_at": _MADE,
        "lab": True,
        "partner": "Sandbox Integrators",
        "domain": domain,
        "mobile_domain": f"m.{domain}",
        "pricing_plan": "standard",
        "contacts": {
            "admin_email": f"av@{domain}",
            "admin_name": "AV Desk",
            "finance_email": f"invoices@{domain}",
            "finance_name": "Invoices",
        },
        "statistics": {"users": 4, "groups": 1, "open_tickets": 0, "open_incidents": 1, "pending_invoices": 0},
    }


def _spaces() -> list[tuple[int, str, int | None, str]]:
    return [
        (_ROOT, "Wiz", None, "root"),
        (_UNSORTED, "Unsorted", _ROOT, "unsorted"),
        (11540, "Berlin", _ROOT, "building"),
        (11541, "Room #1", 11540, "room"),
        (11542, "Room #2", 11540, "room"),
        (11543, "Floor 3", 11540, "floor"),
        (11544, "Room 3.07", 11543, "room"),
        (11545, "Town Hall & Lounge", 11543, "room"),
        (11546, "Berlin2", _ROOT, "building"),
        (11547, "Room #1", 11546, "room"),
        (11550, "Hamburg", _ROOT, "building"),
        (11551, "Lab", 11550, "room"),
        (11552, "lab", 11550, "room"),
        (11553, "Hall A/B", 11550, "room"),
        (11554, "Studio 50%", 11550, "room"),
        (11560, "Boston", _ROOT, "building"),
        (11561, "Lobby", 11560, "room"),
        (11562, "Café, what else?", 11560, "room"),
        (11570, "Archive", _ROOT, "building"),
        (_STRANGER_ROOT, "Suedwind", None, "root"),
        (_STRANGER_UNSORTED, "Unsorted", _STRANGER_ROOT, "unsorted"),
        (12040, "Linz", _STRANGER_ROOT, "building"),
        (12041, "Room #1", 12040, "room"),
    ]


def _add_space(data: dict[str, Any], organization: str, number: int, name: str, parent: int | None, kind: str) -> None:
    data["spaces"][str(number)] = {
        "id": number,
        "name": name,
        "parent_id": parent,
        "config": {"temperature_units": "celsius"} if kind == "building" else {},
        "space_type": kind,
        "created_at": _MADE,
        "organization": organization,
    }


# name, kind, space, status; the number of a device is its place, from 1
_Row = tuple[str | None, str, int, str | None]
_DEMO: tuple[_Row, ...] = (
    ("Berlin Room 1 Display", "display", 11541, "online"),
    ("Berlin Room 2 Display", "display", 11542, "online"),
    ("Town Hall Display Left", "display", 11545, "online"),
    ("Town Hall Display Right", "display", 11545, "error"),
    ("Hamburg Lab Display", "display", 11551, "online"),
    ("Bench Display", "display", 11552, "offline"),
    ("Boston Lobby Display", "display", 11561, "offline"),
    ("Spare Display", "display", _UNSORTED, None),
    ("Spare Display", "display", _UNSORTED, None),
    ("Berlin2 Display", "display", 11547, "online"),
    ("Room 3.07 Projector", "projector", 11544, "online"),
    ("Hall Projector", "projector", 11553, "online"),
    ("Studio Projector", "projector", 11554, "error"),
    (None, "projector", _UNSORTED, None),
    ("Lobby Signage", "player", 11561, "online"),
    ("Menu Board", "player", 11562, "online"),
    ("Berlin Room 1 Trackpad", "trackpad", 11541, "online"),
    ("Rack Power", "pdu", 11543, "online"),
    ("Room 3.07 Video", "room", 11544, "online"),
    ("Lobby Signage Application", "application", 11561, "online"),
)
_STRANGERS: tuple[_Row, ...] = (
    ("Linz Display", "display", 12041, "online"),
    ("Linz Projector", "projector", 12041, "offline"),
    ("Linz Trackpad", "trackpad", _STRANGER_UNSORTED, None),
)
_UNCLAIMED = {
    "display": (901, 902, 903, 904),
    "projector": (901, 902, 903),
    "player": (901, 902),
    "trackpad": (901,),
}
_HEALTH = {"online": "ok", "offline": "offline", "error": "error"}


def _stock(data: dict[str, Any], hardware: dict[str, Any]) -> None:
    data["hardware"][hardware["id"]] = hardware


def _own(
    data: dict[str, Any], organization: str, name: str | None, kind: str, number: int, space: int, status: str | None
) -> dict[str, Any]:
    device = claimed(_hardware(kind, number), organization, space, name)
    device["status"] = status
    device["effective_status"] = _HEALTH.get(status or "")
    device["state"] = {"temperature": 31 + number % 9, "input": "HDMI 1"} if status == "online" else {}
    data["devices"][device["id"]] = device
    return device


def _special(data: dict[str, Any]) -> None:
    """What only some devices have: a configuration, a parent, parameters of an edge device, a secret among the details."""
    by_name = {device["name"]: device for device in data["devices"].values()}
    by_name["Berlin Room 1 Display"].update(
        configuration={"display": {"brightness": 70, "input": "HDMI 1"}}, configuration_version=3
    )
    by_name["Room 3.07 Projector"].update(configuration={"projection": {"mode": "ceiling"}}, configuration_version=1)
    by_name["Studio Projector"]["details"]["web_password"] = "pt900-studio-secret"
    by_name["Lobby Signage Application"]["parent"] = by_name["Lobby Signage"]["id"]
    by_name["Lobby Signage Application"]["sn"] = None
    by_name["Rack Power"]["custom_parameters"] = {"User name": "admin", "Admin Password": "rack-secret", "SNMP Password": ""}


def _large(data: dict[str, Any], size: int) -> None:
    rooms = []
    for building in range(6):
        parent = 20_000 + building * 100
        _add_space(data, WIZ, parent, f"Site {building + 1}", _ROOT, "building")
        for room in range(1, 11):
            _add_space(data, WIZ, parent + room, f"Room #{room}", parent, "room")
            rooms.append(parent + room)
    data["next_space"] = 30_000
    kinds = ("display", "projector", "player")
    for number in range(size):
        kind = kinds[number % 3]
        _own(data, WIZ, f"Screen {number:05d}", kind, number + 1, rooms[number % len(rooms)], "online")
        _stock(data, _hardware(kind, 30_000 + number))
