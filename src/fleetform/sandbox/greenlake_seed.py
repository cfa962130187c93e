# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The GreenLake side of an office company: switch stacks, servers, a storage array, and what can still be claimed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fleetform.sandbox.cloud import stable_uuid

WORKSPACE = stable_uuid("workspace", "nordlicht").replace("-", "")
TENANTS = tuple(stable_uuid("tenant", name).replace("-", "") for name in ("cafe", "coworking"))
CENTRAL, COMPUTE_OPS = stable_uuid("service", "central"), stable_uuid("service", "com")
_START = datetime(2024, 3, 4, 8, 0, tzinfo=UTC)

# serial, category, device type, part number, model
_Kind = tuple[str, str, str, str, str]
_KINDS: dict[str, _Kind] = {
    "switch": ("CN", "NETWORK", "SWITCH", "JL659A", "Aruba 6300M 48SR5 CL6 PoE 4SFP56 Swch"),
    "ap": ("PH", "NETWORK", "AP", "R4W43A", "Aruba AP-535 (RW)"),
    "gateway": ("SG", "NETWORK", "GATEWAY", "R1B21A", "Aruba 9004 (RW) Gateway"),
    "server": ("CZ", "COMPUTE", "COMPUTE", "P52499-B21", "HPE ProLiant DL360 Gen11"),
    "storage": ("4U", "STORAGE", "STORAGE", "S0B84A", "HPE Alletra Storage MP B10000"),
}


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def catalogue_entry(kind: str, number: int, tag: str = "K") -> dict[str, Any]:
    """What HPE knows of a device that was built: ``number`` makes serial and MAC."""
    prefix, category, device_type, part, model = _KINDS[kind]
    mac = None
    if category == "NETWORK":
        mac = f"B8:D4:E7:{number >> 16 & 255:02X}:{number >> 8 & 255:02X}:{number & 255:02X}"
    return {
        "serialNumber": f"{prefix}{number:07d}{tag}",
        "macAddress": mac,
        "partNumber": part,
        "category": category,
        "deviceType": device_type,
        "model": model,
    }


def new_row(known: dict[str, Any], now: str) -> dict[str, Any]:
    """A device as it is right after it was claimed."""
    return {
        "id": stable_uuid("greenlake device", known["serialNumber"]),
        "type": "devices/device",
        "serialNumber": known["serialNumber"],
        "partNumber": known["partNumber"],
        "macAddress": known["macAddress"],
        "deviceType": known["deviceType"],
        "category": known["category"],
        "model": known["model"],
        "make": "HPE",
        "manufacturedDate": None,
        "deviceName": None,
        "secondaryName": None,
        "assignedState": "UNASSIGNED",
        "application": None,
        "region": None,
        "subscription": [],
        "subscriptionCategory": "ProLiant" if known["category"] == "COMPUTE" else None,
        "tags": {},
        "location": None,
        "contact": None,
        "archived": False,
        "tenantWorkspaceId": None,
        "inUseWorkspace": None,
        "management": None,
        "dedicatedPlatformWorkspace": None,
        "ownership": "MANAGED",
        "source": "MANAGED",
        "isFlex": None,
        "billingTier": None,
        "billingAccountId": None,
        "billingAccountName": None,
        "warranty": None,
        "createdAt": now,
        "updatedAt": now,
    }


def greenlake_seed(name: str, size: int) -> dict[str, Any]:
    """``demo``: fourteen claimed devices; ``empty``: none; ``large``: ``size`` of them."""
    claimable = [
        *[catalogue_entry("switch", 20_000 + n) for n in range(8)],
        *[catalogue_entry("ap", 21_000 + n) for n in range(6)],
        *[catalogue_entry("server", 22_000 + n) for n in range(6)],
        *[catalogue_entry("storage", 23_000 + n) for n in range(2)],
    ]
    elsewhere = [catalogue_entry("switch", 29_000), catalogue_entry("server", 29_001), catalogue_entry("ap", 29_002)]
    data: dict[str, Any] = {
        "workspace": WORKSPACE,
        "workspaces": [
            {"id": WORKSPACE, "type": "workspaces/workspace", "workspaceName": "Nordlicht Offices", "createdAt": _stamp(_START)}
        ],
        "tenants": [
            {"id": tenant, "type": "workspaces/workspace", "workspaceName": title, "createdAt": _stamp(_START)}
            for tenant, title in zip(TENANTS, ("Cafe Alster", "Coworking Spree"), strict=True)
        ],
        "locations": _locations(),
        "service_managers": [
            {"id": CENTRAL, "type": "service-catalog/service-manager", "name": "Aruba Central", "createdAt": _stamp(_START)},
            {
                "id": COMPUTE_OPS,
                "type": "service-catalog/service-manager",
                "name": "Compute Ops Management",
                "createdAt": _stamp(_START),
            },
        ],
        "manager_categories": {CENTRAL: ["NETWORK"], COMPUTE_OPS: ["COMPUTE"]},
        "provisions": [
            {
                "id": stable_uuid("provision", manager, region),
                "type": "service-catalog/service-manager-provision",
                "serviceManager": {"id": manager, "resourceUri": f"/service-catalog/v1/service-managers/{manager}"},
                "region": region,
                "provisionStatus": "PROVISIONED",
                "createdAt": _stamp(_START),
            }
            for manager, region in (
                (CENTRAL, "us-west"),
                (CENTRAL, "eu-central"),
                (COMPUTE_OPS, "us-west"),
                (COMPUTE_OPS, "eu-central"),
            )
        ],
        "subscriptions": [],
        "subscription_categories": {},
        "users": [
            {
                "id": stable_uuid("user", mail),
                "type": "identity/user",
                "username": mail,
                "firstName": first,
                "lastName": last,
                "userStatus": status,
            }
            for mail, first, last, status in (
                ("ada.keller@nordlicht.example", "Ada", "Keller", "VERIFIED"),
                ("jonas.weber@nordlicht.example", "Jonas", "Weber", "VERIFIED"),
                ("priya.nair@nordlicht.example", "Priya", "Nair", "UNVERIFIED"),
            )
        ],
        "catalogue": {entry["serialNumber"]: entry for entry in claimable + elsewhere},
        "elsewhere": [entry["serialNumber"] for entry in elsewhere],
        "devices": {},
        "jobs": {},
        "hidden": {},
        "job_serial": 0,
        "clients": {"greenlake-demo-client": {"secret": "greenlake-demo-secret"}},
        "tokens": {"greenlake-demo-token": {"workspace": WORKSPACE, "expires": None}},
    }
    _subscriptions(data)
    if name == "demo":
        _demo_devices(data)
    elif name == "large":
        _large_devices(data, size)
    return data


def _locations() -> list[dict[str, Any]]:
    rows = [
        ("Hamburg Alsterufer", "Alsterufer 12", "Hamburg", None, "Germany", "20354", 53.5631, 9.9943),
        ("Berlin Torstrasse", "Torstrasse 49", "Berlin", None, "Germany", "10119", 52.5296, 13.4014),
        ("Boston Congress Street", "88 Congress Street", "Boston", "MA", "United States", "02109", 42.3577, -71.0561),
    ]
    names = ("streetAddress", "city", "state", "country", "postalCode", "latitude", "longitude")
    return [
        {
            "id": stable_uuid("location", name),
            "type": "locations/location",
            "name": name,
            "description": f"Office {name}",
            "addresses": [{"type": "street", **dict(zip(names, address, strict=True))}],
            "createdAt": _stamp(_START),
            "updatedAt": _stamp(_START),
        }
        for name, *address in rows
    ]


def _subscriptions(data: dict[str, Any]) -> None:
    rows = [
        ("NLSWITCHFND0001", "CENTRAL_SWITCH", "FOUNDATION_SWITCH_6300", "NETWORK", 40, 2034),
        ("NLSWITCHADV0002", "CENTRAL_SWITCH", "ADVANCED_SWITCH_6300", "NETWORK", 40, 2034),
        ("NLAPFOUND000003", "CENTRAL_AP", "FOUNDATION_AP", "NETWORK", 40, 2034),
        ("NLCOMPUTE000004", "CENTRAL_COMPUTE", "ENHANCED_PROLIANT", "COMPUTE", 40, 2034),
        ("NLSINGLE0000005", "CENTRAL_COMPUTE", "STANDARD_PROLIANT", "COMPUTE", 1, 2034),
        ("NLEXPIRED000006", "CENTRAL_AP", "FOUNDATION_AP", "NETWORK", 10, 2022),
    ]
    for key, kind, tier, category, quantity, until in rows:
        number = stable_uuid("subscription", key)
        data["subscription_categories"][number] = category
        data["subscriptions"].append(
            {
                "id": number,
                "type": "subscriptions/subscription",
                "key": key,
                "subscriptionType": kind,
                "tier": tier,
                "quantity": quantity,
                "sku": tier[:8],
                "skuDescription": tier.replace("_", " ").title(),
                "startTime": _stamp(datetime(until - 10, 1, 1, tzinfo=UTC)),
                "endTime": _stamp(datetime(until, 1, 1, tzinfo=UTC)),
                "isEval": False,
                "createdAt": _stamp(_START),
                "updatedAt": _stamp(_START),
            }
        )


def _place(data: dict[str, Any], name: str) -> dict[str, Any]:
    place = next(location for location in data["locations"] if location["name"] == name)
    address = {key: value for key, value in place["addresses"][0].items() if key != "type"}
    return {
        "id": place["id"],
        "resourceUri": f"/locations/v1/locations/{place['id']}",
        "locationName": name,
        "locationSource": "USER",
        **address,
    }


def _assign(data: dict[str, Any], row: dict[str, Any], manager: str, region: str, key: str | None) -> None:
    row["application"] = {"id": manager, "resourceUri": f"/service-catalog/v1/service-managers/{manager}"}
    row["region"] = region
    row["assignedState"] = "ASSIGNED_TO_SERVICE"
    row["inUseWorkspace"] = {
        "id": WORKSPACE,
        "type": "workspaces/workspace",
        "resourceUri": f"/workspaces/v1/workspaces/{WORKSPACE}",
    }
    for held in data["subscriptions"]:
        if held["key"] == key:
            entry = {name: held[name] for name in ("id", "key", "tier", "startTime", "endTime")}
            row["subscription"] = [{**entry, "resourceUri": f"/subscriptions/v1/subscriptions/{held['id']}"}]


def _demo_devices(data: dict[str, Any]) -> None:
    hamburg, berlin, boston = "Hamburg Alsterufer", "Berlin Torstrasse", "Boston Congress Street"
    stack, floor = "stack", "floor"
    # kind, number, host name, place, tags, region or None, subscription key
    rows: list[tuple[str, int, str | None, str | None, dict[str, str], str | None, str | None]] = [
        ("switch", 10_001, "ham-stack1-1", hamburg, {stack: "ham-1", floor: "5", "env": "prod"}, "eu-central", "NLSWITCHFND0001"),
        ("switch", 10_002, "ham-stack1-2", hamburg, {stack: "ham-1", floor: "5", "env": "prod"}, "eu-central", "NLSWITCHFND0001"),
        ("switch", 10_003, "ber-stack1-1", berlin, {stack: "ber-1", floor: "3", "env": "prod"}, "eu-central", "NLSWITCHADV0002"),
        ("switch", 10_004, "ber-stack1-2", berlin, {stack: "ber-1", floor: "3", "env": "prod"}, "eu-central", "NLSWITCHADV0002"),
        ("switch", 10_005, "bos-stack1-1", boston, {stack: "bos-1", floor: "9"}, "us-west", "NLSWITCHFND0001"),
        ("switch", 10_006, None, None, {}, None, None),
        ("ap", 11_001, "ber-ap-301", berlin, {floor: "3"}, "eu-central", "NLAPFOUND000003"),
        ("ap", 11_002, "bos-ap-901", boston, {floor: "9"}, "us-west", "NLAPFOUND000003"),
        ("gateway", 12_001, "ham-gw-1", hamburg, {"env": "prod"}, "eu-central", None),
        ("server", 13_001, "ham-esx-1", hamburg, {"cluster": "ham-esx", "env": "prod"}, "eu-central", "NLCOMPUTE000004"),
        ("server", 13_002, "ham-esx-2", hamburg, {"cluster": "ham-esx", "env": "prod"}, "eu-central", "NLCOMPUTE000004"),
        ("server", 13_003, "bos-build-1", boston, {"env": "test", "Owner Team": "Build"}, None, None),
        ("server", 13_004, None, None, {}, None, None),
        ("storage", 14_001, "ham-array-1", hamburg, {"env": "prod"}, None, None),
    ]  # fmt: skip
    for position, (kind, number, host, place, tags, region, key) in enumerate(rows):
        row = new_row(catalogue_entry(kind, number), _stamp(_START + timedelta(hours=position)))
        row["deviceName"] = host
        row["tags"] = dict(tags)
        row["manufacturedDate"] = _stamp(datetime(2023, 6, 1, tzinfo=UTC) + timedelta(days=position))
        row["location"] = _place(data, place) if place else None
        if region:
            _assign(data, row, COMPUTE_OPS if kind == "server" else CENTRAL, region, key)
        if number == 13_003:
            row.update(source="DISCOVERED", ownership="DISCOVERED", secondaryName="build01.nordlicht.example")
        if number == 10_001:
            person = {
                "email": "noc@nordlicht.example",
                "firstName": "Network",
                "lastName": "Desk",
                "phoneNumber": "+49 40 5550 200",
            }
            row["contact"] = {"type": "NON-WORKSPACE-USER", "nonWorkspaceUser": person}
        data["devices"][row["id"]] = row
        data["catalogue"][row["serialNumber"]] = catalogue_entry(kind, number)


def _large_devices(data: dict[str, Any], size: int) -> None:
    kinds = ("switch", "ap", "server")
    places = [_place(data, location["name"]) for location in data["locations"]]
    for number in range(size):
        known = catalogue_entry(kinds[number % 3], 100_000 + number, "L")
        row = new_row(known, _stamp(_START + timedelta(seconds=number)))
        row["deviceName"] = f"host-{number:05d}"
        row["tags"] = {"env": "prod" if number % 2 else "test", "row": str(number % 40)}
        row["location"] = places[number % 3]
        data["devices"][row["id"]] = row
