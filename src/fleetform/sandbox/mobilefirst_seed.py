# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The phones and tablets of an office company: staff in Hamburg, Berlin and Boston, each with the company's apps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from fleetform.sandbox.cloud import stable_uuid

RUNTIME, SECOND, STOPPED = "mfp", "service", "pilot"
_TODAY = datetime.fromisoformat("2026-11-16T08:00:00+00:00")
_DESK, _ROUNDS, _VISITORS, _TICKETS = "deskbooking", "rounds", "Visitor Desk", "tickets"
_PACKAGES = {
    _DESK: "com.nordlicht.desk",
    _ROUNDS: "com.nordlicht.facility.rounds",
    _VISITORS: "com.nordlicht.visitors",
    _TICKETS: "com.nordlicht.tickets",
}
_CURRENT = {_DESK: "2.4.1", _ROUNDS: "5.0.0", _VISITORS: "1.8.2", _TICKETS: "3.1.0"}
_ANDROID, _IOS = "android", "ios"


def mobilefirst_seed(name: str, size: int, now: float) -> dict[str, Any]:
    """``demo``: 22 devices in three runtimes; ``empty``: none; ``large``: ``size`` devices, all in the runtime ``mfp``."""
    rows = _demo() if name == "demo" else [_large(number) for number in range(size)] if name == "large" else []
    return {
        "epoch": now,
        "runtimes": {runtime: {"name": runtime} for runtime in (RUNTIME, SECOND, STOPPED)},
        "devices": {row["id"]: row for row in rows},
        "transactions": {RUNTIME: [], SECOND: [], STOPPED: []},
        "bookmarks": {},
        "returning": [],
        "push": _push(rows) if name == "demo" else [],
        "clients": {
            "demo-admin": {"secret": "admin-secret", "role": "mfpadmin"},
            "demo-deployer": {"secret": "deployer-secret", "role": "mfpdeployer"},
            "demo-operator": {"secret": "operator-secret", "role": "mfpoperator"},
            "demo-monitor": {"secret": "monitor-secret", "role": "mfpmonitor"},
            "demo-guest": {"secret": "guest-secret", "role": None},
        },
    }


def association(name: str, platform: str, version: str | None = None, status: str = "ENABLED") -> dict[str, Any]:
    """One app on one device, without what it repeats of the device."""
    version = version or _CURRENT[name]
    return {
        "appId": f"{_PACKAGES[name]}${platform}${version}",
        "appName": name,
        "certSerialNumber": "",
        "status": status,
    }


def _device(
    serial: str,
    name: str | None,
    users: list[str],
    model: str,
    system: str,
    apps: list[dict[str, Any]],
    *,
    runtime: str = RUNTIME,
    status: str = "ACTIVE",
    hours: int = 2,
) -> dict[str, Any]:
    seen = _TODAY - timedelta(hours=hours)
    number = stable_uuid("phone", serial)
    return {
        "id": number if sum(serial.encode()) % 4 else number.replace("-", ""),
        "runtime": runtime,
        "deviceDisplayName": name,
        "deviceModel": model,
        "deviceOs": system,
        "lastAccessed": seen.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "status": status,
        "userIds": users,
        "applicationDeviceAssociations": [dict(app) for app in apps],
        "idle": hours * 3600,
    }


def _demo() -> list[dict[str, Any]]:
    def both(platform: str) -> list[dict[str, Any]]:
        return [association(_DESK, platform), association(_ROUNDS, platform)]

    def desk(platform: str) -> list[dict[str, Any]]:
        return [association(_DESK, platform)]

    old = [association(_DESK, _ANDROID, "2.3.0")]
    two_versions = [
        *old,
        association(_DESK, _ANDROID),
        association(_ROUNDS, _ANDROID),
    ]
    blocked_app = [association(_DESK, _ANDROID), association(_ROUNDS, _ANDROID, status="DISABLED")]
    reception = [association(_VISITORS, _IOS), association(_DESK, _IOS)]
    tickets = [association(_TICKETS, _ANDROID)]
    return [
        _device("ada", "Ada's iPhone", ["ada.keller"], "iPhone16,1", "18.6", both(_IOS)),
        _device("jonas", "Jonas Weber Pixel", ["jonas.weber"], "Pixel 8", "15", both(_ANDROID), hours=5),
        _device("jonas-old", "Jonas Weber Pixel", ["jonas.weber"], "Pixel 8", "14", old, status="EXPIRED", hours=2328),
        _device("mara", "Mara's Galaxy", ["mara.lindt"], "SM-S921B", "15", two_versions),
        _device("emre", "Emre XCover", ["emre.aydin"], "SM-G736B", "14", blocked_app, hours=26),
        _device("lena", "Lena iPhone SE", ["lena.vogt"], "iPhone14,6", "17.7.2", desk(_IOS), status="LOST", hours=70),
        _device("sam", "Sam's Moto", ["sam.ortiz"], "moto g84 5G", "14", desk(_ANDROID), status="STOLEN", hours=300),
        _device("priya", "Priya iPhone", ["priya.nair"], "iPhone15,4", "18.6", both(_IOS)),
        _device(
            "reception", "Hamburg Reception Tablet", ["front.desk", "ada.keller", "temp.hamburg"], "iPad13,18", "18.6", reception
        ),
        _device("berlin", "Berlin Reception Tablet", ["front.desk", "mara.lindt"], "iPad13,18", "18.5", reception, hours=9),
        _device("tools", None, ["caretaker"], "TC58", "13", [association(_ROUNDS, _ANDROID)], hours=12),
        _device("spare", "Spare Phone 4", [], "Pixel 6a", "14", [association(_ROUNDS, _ANDROID)], hours=500),
        _device("leaver", "Torben's Galaxy", ["torben.hahn"], "SM-A546B", "14", desk(_ANDROID), status="DISABLED", hours=900),
        _device("drawer", "Boston Loaner", ["sam.ortiz"], "iPhone12,8", "16.7.10", desk(_IOS), status="EXPIRED", hours=2418),
        _device("rounds-1", "Rounds Hamburg 1", ["caretaker"], "TC58", "13", [association(_ROUNDS, _ANDROID)], hours=1),
        _device("rounds-2", "Rounds Hamburg 2", ["caretaker"], "", "", [association(_ROUNDS, _ANDROID, "4.9.3")], hours=30),
        _device("van-1", "Van 1 Tablet", ["emre.aydin"], "SM-T636B", "14", tickets, runtime=SECOND),
        _device("van-2", "Van 2 Tablet", ["lena.vogt"], "SM-T636B", "14", tickets, runtime=SECOND, hours=3),
        _device("van-3", "Van 3 Tablet", [], "SM-T636B", "13", tickets, runtime=SECOND, status="LOST", hours=150),
        _device("ada-2", "Ada's iPhone", ["ada.keller"], "iPhone16,1", "18.6", [association(_TICKETS, _IOS)], runtime=SECOND),
        _device("pilot-1", "Pilot Phone 1", ["jonas.weber"], "Pixel 8", "15", desk(_ANDROID), runtime=STOPPED, hours=1000),
        _device("pilot-2", "Pilot Phone 2", ["ada.keller"], "iPhone16,1", "18.0", desk(_IOS), runtime=STOPPED, hours=1100),
    ]


def _large(number: int) -> dict[str, Any]:
    platform = _IOS if number % 3 == 0 else _ANDROID
    return _device(
        f"large-{number}",
        f"Staff Phone {number:05}",
        [f"user{number % 500:03}"],
        "iPhone15,4" if platform == _IOS else "Pixel 8",
        "18.6" if platform == _IOS else "15",
        [association(_DESK, platform), association(_ROUNDS, platform)][: 1 + number % 2],
        status=("ACTIVE", "ACTIVE", "ACTIVE", "LOST", "ACTIVE", "DISABLED", "ACTIVE")[number % 7],
        hours=1 + number % 2000,
    )


def _push(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made = "2026-03-02T09:15:00Z"
    return [
        {
            "runtime": row["runtime"],
            "application": app["appName"],
            "createdMode": "SDK",
            "createdTime": made,
            "deviceId": row["id"],
            "lastUpdatedTime": made,
            "platform": "A" if "$ios$" in app["appId"] else "G",
            "token": stable_uuid("push", row["id"], app["appName"]).replace("-", ""),
            "userId": row["userIds"][0] if row["userIds"] else "",
        }
        for row in rows
        for app in row["applicationDeviceAssociations"]
        if app["appName"] == _DESK and row["status"] == "ACTIVE" and "2.3.0" not in app["appId"]
    ]
