# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Blynk side of an office company: Nordlicht Offices with branches in Berlin and Boston."""

from __future__ import annotations

from typing import Any

from fleetform.sandbox.cloud import stable_uuid

ROOT, BERLIN, BOSTON, STRANGER = 2001, 2002, 2003, 9001
_INSTALLED = 1_718_000_000_000
_HOUR = 3_600_000


def blynk_seed(name: str, size: int, now: int) -> dict[str, Any]:
    """``demo``: a dozen devices; ``empty``: none; ``large``: ``size`` devices in the root organization and both branches."""
    templates = _templates()
    data: dict[str, Any] = {
        "organizations": _organizations(),
        "users": _users(),
        "templates": templates,
        "tags": _tags(),
        "devices": {},
        "next_device": 1000,
        "next_entry": 90_000,
        "clients": {
            "oa2-client-id_demo": {"secret": "demo-secret", "org": ROOT, "platform": True},
            "oa2-client-id_berlin": {"secret": "berlin-secret", "org": BERLIN, "platform": True},
            "oa2-client-id_noscope": {"secret": "noscope-secret", "org": ROOT, "platform": False},
        },
        "refresh_tokens": {},
        "tokens": {
            "blynk-demo-token": {"org": ROOT, "platform": True, "expires": None},
            "blynk-berlin-token": {"org": BERLIN, "platform": True, "expires": None},
            "blynk-noscope-token": {"org": ROOT, "platform": False, "expires": None},
        },
        "static_tokens": [_static_token(number) for number in (1, 2)],
    }
    rows = _demo_rows() if name == "demo" else _large_rows(size) if name == "large" else []
    users = {user["id"]: user for user in data["users"]}
    by_key = {(template["orgId"], template["templateIds"][0]): template for template in templates}
    for place, row in enumerate(rows):
        _add(data, by_key[row["org"], row["template"]], users, row, place)
    if name == "demo":
        devices = list(data["devices"].values())
        devices[-1].update(activatedAt=now - 120_000, firstConnectTime=now - 120_000, connectTime=now - 120_000)
        _stranger(data)
    return data


def _organizations() -> list[dict[str, Any]]:
    def one(
        number: int, name: str, parent: int | None, tz: str, street: str, city: str, country: str, units: str
    ) -> dict[str, Any]:
        return {
            "id": number,
            "name": name,
            "description": f"{name}, facility management",
            "parentOrganizationId": parent,
            "tz": tz,
            "unitSystem": units,
            "phoneNumber": None,
            "address": {"fullAddress": f"{street}, {city}", "country": country, "city": city, "state": None, "zip": None},
            "lastModifiedTs": _INSTALLED,
            "isActive": True,
        }

    return [
        one(ROOT, "Nordlicht Offices", None, "Europe/Berlin", "Alsterufer 12", "Hamburg", "Germany", "METRIC"),
        one(BERLIN, "Nordlicht Berlin", ROOT, "Europe/Berlin", "Torstrasse 49", "Berlin", "Germany", "METRIC"),
        one(BOSTON, "Nordlicht Boston", ROOT, "America/New_York", "88 Congress Street", "Boston", "United States", "IMPERIAL"),
        one(STRANGER, "Südwind Logistik", None, "Europe/Vienna", "Hafenstrasse 3", "Linz", "Austria", "METRIC"),
    ]


def _users() -> list[dict[str, Any]]:
    rows = [
        (501, "Ada Keller", "ada.keller@nordlicht.example", 1, ROOT, "Active"),
        (502, "Jonas Weber", "jonas.weber@nordlicht.example", 2, ROOT, "Active"),
        (511, "Mara Lindt", "mara.lindt@nordlicht.example", 2, BERLIN, "Active"),
        (512, "Emre Aydin", "emre.aydin@nordlicht.example", 3, BERLIN, "Pending"),
        (513, "Lena Vogt", "lena.vogt@nordlicht.example", 3, BERLIN, "Active"),
        (521, "Sam Ortiz", "sam.ortiz@nordlicht.example", 2, BOSTON, "Active"),
        (522, "Priya Nair", "priya.nair@nordlicht.example", 3, BOSTON, "Active"),
        (901, "Otto Graf", "otto.graf@suedwind.example", 1, STRANGER, "Active"),
    ]
    return [
        {
            "id": number,
            "name": name,
            "email": email,
            "roleId": role,
            "orgId": org,
            "isDev": role == 1,
            "title": None,
            "nickName": None,
            "phoneNumber": None,
            "tz": "America/New_York" if org == BOSTON else "Europe/Berlin",
            "locale": "en_US" if org == BOSTON else "de_DE",
            "status": status,
            "lastModifiedTs": _INSTALLED,
            "lastLoggedAt": _INSTALLED + _HOUR if status == "Active" else 0,
            "registeredAt": _INSTALLED,
        }
        for number, name, email, role, org, status in rows
    ]


def _tags() -> list[dict[str, Any]]:
    rows = [
        (71, "In Service", ROOT, "#23C890"),
        (72, "Needs Battery", ROOT, "#D3435C"),
        (73, "Server Room", BERLIN, "#04C0F8"),
        (74, "Lobby", BOSTON, "#ED9D00"),
    ]
    return [{"id": number, "name": name, "orgId": org, "color": color} for number, name, org, color in rows]


def _field(number: int, name: str, kind: str, *, mandatory: bool = False, provision: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "type": kind,
        "description": "",
        "hint": "",
        "icon": "",
        "isMandatory": mandatory,
        "includeInProvision": provision,
        **more,
    }


def _system_fields(first: int) -> list[dict[str, Any]]:
    return [
        _field(first, "Device Name", "DeviceName", mandatory=True, provision=True),
        _field(first + 1, "Device Owner", "DeviceOwner"),
        _field(first + 2, "Location", "Location"),
        _field(first + 3, "Device Timezone", "Tz"),
        _field(first + 4, "Hotspot Name", "HotspotName"),
        _field(first + 5, "Serial Number", "Text", mandatory=True, provision=True),
        _field(first + 6, "MAC Address", "Text"),
    ]


def _templates() -> list[dict[str, Any]]:
    climate = [
        *_system_fields(1),
        _field(8, "Floor", "Number", min=-2, max=40, step=1),
        _field(9, "Calibration Offset", "Number", min=-5, max=5, step=0.1),
        _field(10, "Mount", "List", options=["Wall", "Ceiling", "Desk"]),
        _field(11, "Maintenance Mode", "Switch"),
        _field(12, "Facility Contact", "Contact"),
        _field(13, "Alert Email", "Email"),
        _field(14, "Asset Note", "Text"),
        _field(15, "Coordinates", "Coordinates"),
    ]
    leak = [
        *_system_fields(21),
        _field(28, "Floor", "Number", min=-2, max=40, step=1),
        _field(29, "Zone", "List", options=["Kitchen", "Server Room", "Basement"]),
    ]
    power = [
        *_system_fields(41),
        _field(48, "Rated Current", "Number", min=0, max=400, step=1),
        _field(49, "Tariff", "Cost"),
        _field(50, "Panel", "Text"),
        _field(51, "Cost Center", "Int"),
    ]
    door = [*_system_fields(61), _field(68, "Room", "Text"), _field(69, "Working Hours", "Range")]
    kinds: list[tuple[str, str, str, list[dict[str, Any]], list[tuple[int, str, str, str]]]] = [
        (
            "Room Climate",
            "TMPL8RITg_f9Q",
            "ESP32",
            climate,
            [
                (801, "WARNING", "High temperature", "high_temperature"),
                (802, "CRITICAL", "High CO2", "high_co2"),
                (803, "INFORMATION", "Filter service", "filter_service"),
            ],
        ),
        (
            "Leak Sensor",
            "TMPL2LkSn0r7w",
            "ESP8266",
            leak,
            [(811, "CRITICAL", "Water detected", "water_detected"), (812, "WARNING", "Battery low", "battery_low")],
        ),
        ("Power Meter", "TMPL5PwrMt3_x", "RTL8720DN", power, [(821, "WARNING", "Overload", "overload")]),
        ("Door Contact", "TMPL7DoorCt9k", "ESP8266", door, [(831, "INFORMATION", "Door left open", "door_left_open")]),
    ]
    found = []
    for base, org in ((301, ROOT), (311, BERLIN), (321, BOSTON)):
        for place, (name, firmware_id, board, fields, events) in enumerate(kinds):
            if org == BOSTON and name == "Door Contact":
                continue
            found.append(
                {
                    "id": base + place,
                    "templateIds": [firmware_id],
                    "parentId": None if org == ROOT else 301 + place,
                    "orgId": org,
                    "name": name,
                    "boardType": board,
                    "connectionType": "WI_FI",
                    "description": f"{name}, standard fit-out",
                    "logoUrl": None,
                    "createdAt": _INSTALLED,
                    "metafields": fields,
                    "events": [
                        {"id": number, "type": kind, "name": title, "eventCode": code} for number, kind, title, code in events
                    ],
                    "defaults": {str(f["id"]): _start_value(f) for f in fields if _start_value(f) is not None},
                }
            )
    found.append(
        {**found[0], "id": 391, "templateIds": ["TMPL9Strang3r"], "parentId": None, "orgId": STRANGER, "name": "Cold Chain"}
    )
    return found


def _start_value(field: dict[str, Any]) -> dict[str, Any] | None:
    kind = field["type"]
    if kind == "Tz":
        return {"type": kind, "value": "Europe/Berlin"}
    if kind == "Switch":
        return {"type": kind, "value": "Off", "from": "Off", "to": "On"}
    if kind == "List":
        return {"type": kind, "options": field["options"], "selectedOption": field["options"][0]}
    if kind == "Cost":
        return {"type": kind, "currency": "EUR", "price": 0.31, "perValue": 1, "units": "kWh", "min": 0, "max": 10}
    if kind == "Range":
        return {"type": kind, "from": 28_800, "to": 64_800}
    return None


def _add(
    data: dict[str, Any], template: dict[str, Any], users: dict[int, dict[str, Any]], row: dict[str, Any], place: int
) -> None:
    number = data["next_device"]
    data["next_device"] = number + 1
    owner = row.get("owner")
    online = row.get("online", True)
    since = _INSTALLED + place * _HOUR
    firmware = template["templateIds"][0]
    metafields: dict[str, Any] = dict(template["defaults"])
    declared = {
        "Device Name": row["name"],
        "Device Owner": users[owner]["email"] if owner else None,
        "Serial Number": f"SN-{number:06d}",
        "MAC Address": f"A4:CF:12:{number >> 16 & 255:02X}:{number >> 8 & 255:02X}:{number & 255:02X}",
        **row.get("fields", {}),
    }
    for field in template["metafields"]:
        value = declared.get(field["name"])
        if value is not None:
            metafields[str(field["id"])] = _value(field, value)
    timeline = [
        {
            "id": 10_000 + number,
            "eventId": 1,
            "orgId": row["org"],
            "eventType": "ONLINE",
            "description": "",
            "ts": since,
            "isResolved": False,
            "resolvedAt": 0,
            "resolvedComment": None,
        }
    ]
    data["devices"][str(number)] = {
        "id": number,
        "name": row["name"],
        "templateId": template["id"],
        "originalTemplateId": template["parentId"] or template["id"],
        "orgId": row["org"],
        "token": stable_uuid("blynk device", number).replace("-", ""),
        "activatedAt": since,
        "ownerUserId": owner,
        "hardwareInfo": {
            "version": row.get("firmware", "1.4.2"),
            "fwType": firmware,
            "blynkVersion": "1.3.2",
            "boardType": template["boardType"],
            "build": "Mar 12 2024 10:22:41",
            "templateId": firmware,
        },
        "connected": online,
        "lifecycleStatus": {"eventId": 2, "name": "Active", "icon": "far fa-check", "color": "#23C890"},
        "firstConnectTime": since,
        "connectTime": since + 30 * _HOUR,
        "disconnectTime": since + (29 if online else 40) * _HOUR,
        "firmwareUpdatedAt": since + 2 * _HOUR,
        "ip": f"10.20.{number >> 8 & 255}.{number & 255}",
        "isLocked": False,
        "lastReceivedEventAt": since + 31 * _HOUR,
        "dataStreamValues": _streams(template["name"], number, since + 31 * _HOUR),
        "metafields": metafields,
        "tags": row.get("tags", []),
        "timeline": timeline,
        "logs": [
            {
                "triggerUserEmail": users[owner]["email"],
                "value": "1",
                "pin": 4,
                "pinType": "VIRTUAL",
                "isOnline": True,
                "createdAt": since + _HOUR,
            }
        ]
        if owner
        else [],
    }


def _value(field: dict[str, Any], value: Any) -> dict[str, Any]:
    kind = field["type"]
    if isinstance(value, dict):
        return {"type": kind, **value}
    if kind == "Number":
        return {"type": kind, "value": float(value), "min": field["min"], "max": field["max"], "step": field["step"]}
    if kind == "List":
        return {"type": kind, "options": field["options"], "selectedOption": value}
    return {"type": kind, "value": value}


def _streams(template: str, number: int, moment: int) -> list[dict[str, Any]]:
    values: dict[str, list[tuple[str, float]]] = {
        "Room Climate": [("temperature", 19 + number % 50 / 10), ("co2", 520 + number % 300)],
        "Leak Sensor": [("leak", 0), ("battery", 60 + number % 40)],
        "Power Meter": [("power", 800 + number % 900)],
        "Door Contact": [("open", number % 2)],
    }
    return [
        {
            "dataStreamId": place + 1,
            "pin": f"v{place + 1}",
            "dataStreamLabel": alias.title(),
            "dataStreamAlias": alias,
            "value": value,
            "updatedAt": moment,
        }
        for place, (alias, value) in enumerate(values.get(template, []))
    ]


def _demo_rows() -> list[dict[str, Any]]:
    climate, leak, power, door = "TMPL8RITg_f9Q", "TMPL2LkSn0r7w", "TMPL5PwrMt3_x", "TMPL7DoorCt9k"
    desk = {
        "firstName": "Ada",
        "lastName": "Keller",
        "email": "ada.keller@nordlicht.example",
        "phone": "+49 40 5550 100",
        "city": "Hamburg",
        "country": "Germany",
    }
    berlin = {
        "siteName": "Berlin Torstrasse",
        "city": "Berlin",
        "country": "Germany",
        "lat": 52.5296,
        "lon": 13.4014,
        "floor": 3,
        "room": "3.07",
    }
    boston = {
        "siteName": "Boston Congress Street",
        "city": "Boston",
        "country": "United States",
        "lat": 42.3577,
        "lon": -71.0561,
        "floor": 9,
    }
    return [
        {
            "org": ROOT,
            "template": climate,
            "name": "Hamburg Board Room Climate",
            "owner": 501,
            "tags": [71],
            "fields": {"Floor": 5, "Facility Contact": desk, "Asset Note": "Fit-out 2024"},
        },
        {
            "org": ROOT,
            "template": power,
            "name": "Hamburg Main Panel",
            "owner": 502,
            "tags": [71],
            "fields": {"Rated Current": 250, "Panel": "MP-1", "Cost Center": 4711},
        },
        {
            "org": ROOT,
            "template": leak,
            "name": "Hamburg Basement Leak",
            "owner": None,
            "tags": [72],
            "online": False,
            "fields": {"Floor": -1, "Zone": "Basement"},
        },
        {
            "org": BERLIN,
            "template": climate,
            "name": "Berlin Room 3-07 Climate",
            "owner": 511,
            "tags": [71],
            "fields": {"Floor": 3, "Location": berlin, "Alert Email": "mara.lindt@nordlicht.example"},
        },
        {
            "org": BERLIN,
            "template": climate,
            "name": "Berlin Open Space Climate",
            "owner": 513,
            "fields": {"Floor": 2, "Mount": "Ceiling", "Calibration Offset": 0.4},
        },
        {
            "org": BERLIN,
            "template": leak,
            "name": "Berlin Server Room Leak",
            "owner": 511,
            "tags": [73],
            "fields": {"Floor": 0, "Zone": "Server Room"},
        },
        {
            "org": BERLIN,
            "template": power,
            "name": "Berlin Rack Power",
            "owner": None,
            "tags": [73],
            "fields": {"Rated Current": 63, "Panel": "R-2"},
        },
        {"org": BERLIN, "template": door, "name": "Berlin Entrance Door", "owner": 513, "fields": {"Room": "Entrance"}},
        {
            "org": BOSTON,
            "template": climate,
            "name": "Boston Lobby Climate",
            "owner": 521,
            "tags": [74],
            "fields": {"Floor": 0, "Location": boston, "Device Timezone": "America/New_York"},
        },
        {
            "org": BOSTON,
            "template": leak,
            "name": "Boston Kitchen Leak",
            "owner": 522,
            "online": False,
            "fields": {"Floor": 9, "Zone": "Kitchen"},
        },
        {
            "org": BOSTON,
            "template": power,
            "name": "Boston Floor 9 Panel",
            "owner": 521,
            "fields": {"Rated Current": 125, "Panel": "B9"},
        },
        {"org": BERLIN, "template": climate, "name": "Berlin New Sensor", "owner": None, "firmware": "1.5.0"},
        {"org": ROOT, "template": climate, "name": "Hamburg New Sensor", "owner": None, "firmware": "1.5.0"},
    ]


def _large_rows(size: int) -> list[dict[str, Any]]:
    templates = ("TMPL8RITg_f9Q", "TMPL2LkSn0r7w", "TMPL5PwrMt3_x")
    owners = {ROOT: (501, 502, None), BERLIN: (511, 513, None), BOSTON: (521, 522, None)}
    rows = []
    for number in range(size):
        org = (ROOT, BERLIN, BOSTON)[number % 3]
        rows.append(
            {
                "org": org,
                "template": templates[number // 3 % 3],
                "name": f"Sensor {number:05d}",
                "owner": owners[org][number // 9 % 3],
            }
        )
    return rows


def _static_token(number: int) -> dict[str, Any]:
    return {
        "token": f"sqr_demo{number:08d}",
        "orgId": ROOT,
        "productId": 301,
        "deviceToken": None,
        "createdAt": _INSTALLED,
        "status": "UNCLAIMED",
    }


def _stranger(data: dict[str, Any]) -> None:
    template = next(t for t in data["templates"] if t["orgId"] == STRANGER)
    users = {901: {"email": "otto.graf@suedwind.example"}}
    kept = data["next_device"]
    data["next_device"] = 99_001
    _add(data, template, users, {"org": STRANGER, "template": "TMPL9Strang3r", "name": "Truck 7", "owner": 901}, 0)
    data["next_device"] = kept
