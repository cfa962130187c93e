# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Webex side of an office company: meeting rooms with video systems, phones at the reception desks, devices of people.

Credentials: ``webex-demo-token`` (full administrator), ``webex-partner-token`` (the same, and manages a second organization by
``orgId``), ``webex-readonly-token`` (read-only administrator), ``webex-own-token`` (no administrator: own devices only),
``webex-expired-token``; client ``webex-demo-client`` / ``webex-demo-secret`` with refresh token ``webex-demo-refresh``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fleetform.sandbox.cloud import stable_uuid
from fleetform.sandbox.webex_ids import calling_id, legacy_location_id, vendor_id

ORG = stable_uuid("webex organization", "Nordlicht Offices")
MANAGED = stable_uuid("webex organization", "Cafe Alster")
STRANGER = stable_uuid("webex organization", "Suedwind Logistik")
_START = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)
_SOFTWARE = {"roomdesk": "RoomOS 11.27.2.0 8a3f2b16c41", "phone": "sip88xx.12-0-6-0201", "9800": "PhoneOS 3.4.1"}

OWN_SCOPES = ("spark:devices_read", "spark:devices_write", "spark:people_read")
READ_SCOPES = (
    "spark-admin:devices_read",
    "spark-admin:workspaces_read",
    "spark-admin:people_read",
    "spark-admin:organizations_read",
    "spark-admin:locations_read",
    "spark-admin:workspace_locations_read",
    "spark-admin:telephony_config_read",
)
WRITE_SCOPES = (
    "spark-admin:devices_write",
    "spark-admin:workspaces_write",
    "spark-admin:telephony_config_write",
    "identity:placeonetimepassword_create",
    "identity:one_time_password",
)

# model of `GET /telephony/config/supportedDevices`, the product that devices show, line ports
PHONES: dict[str, tuple[str, int]] = {
    "DMS Cisco 8845": ("Cisco 8845", 5),
    "DMS Cisco 8865": ("Cisco 8865", 10),
    "DMS Cisco 7841": ("Cisco 7841", 4),
    "Cisco 9861": ("Cisco 9861", 16),
}


def stamp(moment: datetime) -> str:
    """UTC with milliseconds and Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def device_row(
    uuid: str,
    org: str,
    owner: dict[str, Any],
    product: str,
    kind: str,
    mac: str,
    created: str,
    serial: str | None = None,
    status: str = "connected",
) -> dict[str, Any]:
    """A device as it is kept: the wire fields, None for what is not sent. ``owner`` is its workspace or its person."""
    place = "supportedDevices" in owner
    number = vendor_id("DEVICE", uuid)
    phone = kind == "phone"
    joined = serial is not None
    mac = mac.upper() if phone else ":".join(mac.upper()[i : i + 2] for i in range(0, 12, 2))
    sip = f"{owner['displayName'].lower().replace(' ', '.')}@nordlicht.rooms.example" if not phone else None
    generation = "9800" if "98" in product else kind
    return {
        "id": number,
        "callingDeviceId": calling_id(uuid) if phone else None,
        "webexDeviceId": number if phone else None,
        "displayName": owner["displayName"],
        "placeId": owner["id"] if place else None,
        "workspaceId": owner["id"] if place else None,
        "personId": None if place else owner["id"],
        "orgId": vendor_id("ORGANIZATION", org),
        "capabilities": [] if phone else ["xapi"],
        "permissions": [] if phone else ["xapi:all"],
        "connectionStatus": status,
        "product": product,
        "type": kind,
        "tags": [],
        "ip": _address(mac) if joined else None,
        "activeInterface": "wired" if joined else None,
        "mac": mac,
        "primarySipUrl": sip,
        "sipUrls": [sip] if sip else [],
        "serial": serial,
        "software": _SOFTWARE[generation] if joined else None,
        "upgradeChannel": "Stable" if joined else None,
        "created": created,
        "locationId": owner.get("locationId"),
        "workspaceLocationId": owner.get("workspaceLocationId"),
        "errorCodes": [],
        "firstSeen": created if joined else None,
        "lastSeen": created if joined else None,
        "managedBy": "CISCO",
        "devicePlatform": "cisco",
        "plannedMaintenance": "off",
    }


def _address(mac: str) -> str:
    plain = mac.replace(":", "")
    return f"10.40.{int(plain[-2:], 16) % 8}.{int(plain[-4:-2], 16) % 240 + 10}"


def workspace_row(uuid: str, org: str, name: str, created: str, place: dict[str, Any] | None, **fields: Any) -> dict[str, Any]:
    """A workspace as it is kept; None for what is not sent."""
    return {
        "id": vendor_id("PLACE", uuid),
        "orgId": vendor_id("ORGANIZATION", org),
        "locationId": place["id"] if place else None,
        "workspaceLocationId": place["_legacy"] if place else None,
        "floorId": None,
        "displayName": name,
        "capacity": None,
        "type": None,
        "sipAddress": None,
        "created": created,
        "calling": {"type": "freeCalling"},
        "calendar": {"type": "none"},
        "notes": None,
        "hotdeskingStatus": "off",
        "deviceHostedMeetings": {"enabled": False},
        "supportedDevices": "collaborationDevices",
        "devicePlatform": "cisco",
        "indoorNavigation": None,
        "health": {"level": "ok"},
        **fields,
    }


def webex_seed(name: str, size: int) -> dict[str, Any]:
    """``demo``: 21 devices in two locations; ``empty``: no device; ``large``: ``size`` devices, each in its own workspace."""
    data: dict[str, Any] = {
        "organizations": {
            uuid: {"id": vendor_id("ORGANIZATION", uuid), "displayName": title, "created": "2023-11-06T09:12:44+00:00"}
            for uuid, title in ((ORG, "Nordlicht Offices"), (MANAGED, "Cafe Alster"), (STRANGER, "Suedwind Logistik"))
        },
        "locations": {},
        "people": {},
        "workspaces": {},
        "devices": {},
        "configurations": {},
        "locked": {},
        "models": {},
        "codes": {},
        "lag": {"devices": {}, "workspaces": {}},
        "ghosts": {"devices": {}, "workspaces": {}},
        "serial": 0,
        "clients": {"webex-demo-client": {"secret": "webex-demo-secret"}},
    }
    _locations(data)
    _people(data)
    _grants(data)
    _workspaces(data)
    if name == "demo":
        _demo_devices(data)
    elif name == "large":
        _large_devices(data, size)
    return data


def _grants(data: dict[str, Any]) -> None:
    mara, ada = _person("Mara Lindt"), _person("Ada Keller")
    full = {"person": mara, "org": ORG, "role": "full", "scopes": [*OWN_SCOPES, *READ_SCOPES, *WRITE_SCOPES], "managed": []}
    data["tokens"] = {
        "webex-demo-token": {**full, "expires": None},
        "webex-partner-token": {**full, "managed": [MANAGED], "expires": None},
        "webex-readonly-token": {**full, "role": "readonly", "expires": None},
        "webex-own-token": {
            "person": ada, "org": ORG, "role": "user", "scopes": list(OWN_SCOPES), "managed": [], "expires": None,
        },
        "webex-expired-token": {**full, "expires": 0},
    }  # fmt: skip
    data["refresh_tokens"] = {"webex-demo-refresh": {"client": "webex-demo-client", "grant": full, "expires": None}}


def _person(name: str) -> str:
    return stable_uuid("webex person", name)


def _locations(data: dict[str, Any]) -> None:
    rows = [
        ("Hamburg Alsterufer", ORG, "Alsterufer 12", "Hamburg", "DE", "20354", "Europe/Berlin", "53.5631", "9.9943"),
        ("Berlin Torstrasse", ORG, "Torstrasse 49", "Berlin", "DE", "10119", "Europe/Berlin", "52.5296", "13.4014"),
        ("Cafe Jungfernstieg", MANAGED, "Jungfernstieg 4", "Hamburg", "DE", "20095", "Europe/Berlin", "53.5537", "9.9928"),
    ]
    for name, org, street, city, country, code, zone, latitude, longitude in rows:
        uuid = stable_uuid("webex location", name)
        data["locations"][uuid] = {
            "id": vendor_id("LOCATION", uuid),
            "name": name,
            "orgId": vendor_id("ORGANIZATION", org),
            "address": {"address1": street, "city": city, "postalCode": code, "country": country},
            "timeZone": zone,
            "preferredLanguage": "de_DE",
            "latitude": latitude,
            "longitude": longitude,
            "notes": f"Office {city}",
            "_legacy": legacy_location_id(org, uuid),
        }


def _people(data: dict[str, Any]) -> None:
    hamburg = data["locations"][stable_uuid("webex location", "Hamburg Alsterufer")]["id"]
    berlin = data["locations"][stable_uuid("webex location", "Berlin Torstrasse")]["id"]
    rows = [
        ("Mara Lindt", ORG, hamburg, ["admin"], "active"),
        ("Ada Keller", ORG, hamburg, [], "active"),
        ("Jonas Weber", ORG, berlin, [], "inactive"),
        ("Priya Nair", ORG, berlin, [], "active"),
        ("Emre Aydin", ORG, hamburg, [], "unknown"),
        ("Lena Vogt", ORG, berlin, [], "active"),
        ("Otto Graf", MANAGED, None, [], "active"),
    ]
    for place, (name, org, location, roles, status) in enumerate(rows):
        first, last = name.split()
        domain = "nordlicht.example" if org == ORG else "cafe-alster.example"
        uuid = _person(name)
        moment = stamp(_START - timedelta(days=90 - place))
        data["people"][uuid] = {
            "id": vendor_id("PEOPLE", uuid),
            "emails": [f"{first}.{last}@{domain}".lower()],
            "displayName": name,
            "firstName": first,
            "lastName": last,
            "orgId": vendor_id("ORGANIZATION", org),
            "locationId": location,
            "roles": [vendor_id("ROLE", stable_uuid("webex role", role)) for role in roles],
            "licenses": [vendor_id("LICENSE", stable_uuid("webex license", "calling"))],
            "created": moment,
            "lastModified": moment,
            "lastActivity": moment,
            "status": status,
            "invitePending": "false",
            "loginEnabled": "true",
            "type": "person",
        }


def _workspaces(data: dict[str, Any]) -> None:
    phones = {"supportedDevices": "phones", "calling": {"type": "webexCalling"}}
    hamburg, berlin, cafe = "Hamburg Alsterufer", "Berlin Torstrasse", "Cafe Jungfernstieg"
    room = "meetingRoom"
    # name, organization, location, fields; the two focus rooms share a name
    rows: list[tuple[str, str, str | None, dict[str, Any]]] = [
        ("Alster Boardroom", ORG, hamburg, {"capacity": 14, "type": room, "notes": "Catering by the front desk"}),
        ("Elbe Huddle", ORG, hamburg, {"capacity": 4, "type": "huddle"}),
        ("Speicher Training", ORG, hamburg, {"capacity": 24, "type": room, "notes": "Second screen on loan until May"}),
        ("Fleet Open Space", ORG, hamburg, {"type": "open"}),
        ("Spree Boardroom", ORG, berlin, {"capacity": 12, "type": room, "calendar": {
            "type": "microsoft", "emailAddress": "spree-boardroom@nordlicht.example"}}),
        ("Torstrasse Project Room", ORG, berlin, {"capacity": 8, "type": room}),
        ("Kreuzberg Booth", ORG, berlin, {"capacity": 1, "type": "focus", "hotdeskingStatus": "on"}),
        ("Panke Quiet Room", ORG, berlin, {"capacity": 2, "type": "focus"}),
        ("Focus Room", ORG, hamburg, {"capacity": 2, "type": "focus"}),
        ("Focus Room", ORG, berlin, {"capacity": 2, "type": "focus"}),
        ("Spree Lounge", ORG, berlin, {"capacity": 6, "type": "other"}),
        ("Hamburg Reception", ORG, hamburg, phones),
        ("Hamburg Kitchen", ORG, hamburg, phones),
        ("Berlin Reception", ORG, berlin, {**phones, "notes": "Staffed from 8 to 18"}),
        ("Berlin Workshop", ORG, berlin, phones),
        ("Berlin Mail Room", ORG, berlin, phones),
        ("Cafe Office", MANAGED, cafe, {"capacity": 3, "type": "huddle"}),
        ("Cafe Counter", MANAGED, cafe, phones),
    ]  # fmt: skip
    for place, (name, org, location, fields) in enumerate(rows):
        uuid = workspace_uuid(name, location or "")
        site = data["locations"][stable_uuid("webex location", location)] if location else None
        row = workspace_row(uuid, org, name, stamp(_START - timedelta(days=30, hours=-place)), site, **fields)
        if org == ORG and row["supportedDevices"] == "collaborationDevices":
            row["sipAddress"] = f"{name.lower().replace(' ', '.')}@nordlicht.rooms.example"
        data["workspaces"][uuid] = row


def workspace_uuid(name: str, location: str) -> str:
    """The UUID of a workspace of the demo; the location tells the two focus rooms apart."""
    return stable_uuid("webex workspace", name, location)


def _demo_devices(data: dict[str, Any]) -> None:
    hamburg, berlin, cafe = "Hamburg Alsterufer", "Berlin Torstrasse", "Cafe Jungfernstieg"
    # serial, product, type, workspace or person, location (None for a person), status, tags
    rows: list[tuple[str, str, str, str, str | None, str, list[str]]] = [
        ("FOC2710N0A1", "Cisco Room Kit Pro", "roomdesk", "Alster Boardroom", hamburg, "connected", ["floor 5", "av-managed"]),
        ("FOC2710N0A2", "Cisco Board 70", "roomdesk", "Alster Boardroom", hamburg, "connected", ["floor 5", "whiteboard"]),
        ("FOC2711N0B1", "Cisco Room Kit Mini", "roomdesk", "Elbe Huddle", hamburg, "connected", ["floor 5"]),
        ("FOC2711N0B2", "Cisco Room Kit", "roomdesk", "Speicher Training", hamburg, "disconnected", ["floor 1", "on-loan"]),
        ("FOC2712N0C1", "Cisco Board Pro 55", "roomdesk", "Fleet Open Space", hamburg, "connected_with_issues", ["floor 2"]),
        ("FOC2713N0D1", "Cisco Room Bar", "roomdesk", "Spree Boardroom", berlin, "connected", ["floor 3", "av-managed"]),
        ("FOC2713N0D2", "Cisco Room Kit EQ", "roomdesk", "Torstrasse Project Room", berlin, "connected", ["floor 3"]),
        ("FOC2714N0E1", "Cisco Desk Mini", "roomdesk", "Kreuzberg Booth", berlin, "offline_deep_sleep", ["hot-desk"]),
        ("FOC2714N0E2", "Cisco Desk Pro", "roomdesk", "Panke Quiet Room", berlin, "connected", []),
        ("FOC2715N0F1", "Cisco Desk Mini", "roomdesk", "Focus Room", hamburg, "connected", []),
        ("FOC2715N0F2", "Cisco Desk Mini", "roomdesk", "Focus Room", berlin, "offline_expired", ["replace"]),
        ("FOC2716N0G1", "Cisco Desk Pro", "roomdesk", "Ada Keller", None, "connected", ["home office"]),
        ("FOC2716N0G2", "Cisco Desk", "roomdesk", "Jonas Weber", None, "disconnected", []),
        ("FCH2701P0A1", "Cisco 8845", "phone", "Hamburg Reception", hamburg, "connected", ["reception"]),
        ("FCH2701P0A2", "Cisco 9861", "phone", "Hamburg Kitchen", hamburg, "connected", ["floor 5"]),
        ("FCH2702P0B1", "Cisco 8865", "phone", "Berlin Reception", berlin, "connected", ["reception"]),
        ("FCH2702P0B2", "Cisco 8845", "phone", "Berlin Workshop", berlin, "disconnected", []),
        ("FCH2703P0C1", "Cisco 8865", "phone", "Priya Nair", None, "connected", []),
        ("FCH2703P0C2", "Cisco 9861", "phone", "Emre Aydin", None, "connected", ["night shift"]),
        ("FOC2720N0H1", "Cisco Room Bar", "roomdesk", "Cafe Office", cafe, "connected", ["tenant"]),
        ("FCH2720P0D1", "Cisco 8845", "phone", "Cafe Counter", cafe, "connected", ["tenant"]),
    ]
    for place, (serial, product, kind, owner, location, status, tags) in enumerate(rows):
        holder = data["people"][_person(owner)] if location is None else data["workspaces"][workspace_uuid(owner, location)]
        org = MANAGED if location == cafe else ORG
        uuid = stable_uuid("webex device", serial)
        created = stamp(_START + timedelta(days=place, minutes=7 * place))
        mac = f"{'c41f' if kind == 'phone' else '8ca5'}3b70{place:02x}{(place * 37 + 11) % 256:02x}"
        row = device_row(uuid, org, holder, product, kind, mac, created, serial, status)
        row["tags"] = tags
        row["lastSeen"] = stamp(datetime(2026, 11, 2, 6, 30, tzinfo=UTC) + timedelta(minutes=place))
        if status == "connected_with_issues":
            row["errorCodes"] = ["sipprofileregistration"]
        data["devices"][uuid] = row
    boardroom, booth, video_bar = (stable_uuid("webex device", s) for s in ("FOC2710N0A1", "FOC2714N0E1", "FOC2713N0D1"))
    data["configurations"] = {
        boardroom: {"SystemUnit.Name": "alster-boardroom", "Audio.Ultrasound.MaxVolume": 60},
        video_bar: {"FacilityService.Service[1].Name": "AV desk", "FacilityService.Service[1].Number": "4400"},
    }
    data["locked"] = {booth: ["Standby.Control", "Standby.Delay"]}


def _large_devices(data: dict[str, Any], size: int) -> None:
    sites = [data["locations"][stable_uuid("webex location", n)] for n in ("Hamburg Alsterufer", "Berlin Torstrasse")]
    for number in range(size):
        created = stamp(_START + timedelta(seconds=number))
        phone = number % 3 == 0
        fields = {"supportedDevices": "phones", "calling": {"type": "webexCalling"}} if phone else {"capacity": 4}
        space = stable_uuid("webex workspace", "large", number)
        owner = workspace_row(space, ORG, f"Room {number:05d}", created, sites[number % 2], **fields)
        data["workspaces"][space] = owner
        uuid = stable_uuid("webex device", "large", number)
        product, kind = ("Cisco 8845", "phone") if phone else ("Cisco Room Bar", "roomdesk")
        row = device_row(uuid, ORG, owner, product, kind, f"8ca53c{number:06x}", created, f"FOC28{number:06d}")
        row["tags"] = [f"row {number % 40}", "prod" if number % 2 else "test"]
        data["devices"][uuid] = row
