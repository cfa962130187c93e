# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans as data, for whoever shows them."""

from __future__ import annotations

from typing import Any

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a | b ` c `` d",
    "@everyone #1 <!-- hidden -->",
    "[click](https://evil.example)",
    "line\nbreak\x1b[31mred\x07",
    "\u202eturned\u200b\u061c",
    "]]> &amp; <x/>",
    "{{ 1 + 1 }}",
    "\x00\ud800",
]


def device(number: int, action: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "address": f"lab/{number}",
        "account": "lab",
        "vendor": "blynk",
        "id": None if action == "create" else str(number),
        "name": name,
        "serial": None,
        "actions": [action],
        "before": None,
        "after": None,
        "after_unknown": [],
        "sensitive": [],
        "irreversible": action == "delete",
        "reason": None,
        "declared_at": f"fleet.yml:{number}",
        **more,
    }


def change(number: int, action: str, attribute: str | None, before: Any, after: Any, **more: Any) -> dict[str, Any]:
    row = {"address": f"lab/{number}", "action": action, "attribute": attribute, "before": before, "after": after}
    return {**row, "calls": [{"method": "PUT", "path": "/device"}], **more}


def plan(*pairs: tuple[dict[str, Any], list[dict[str, Any]]], **more: Any) -> dict[str, Any]:
    devices = [pair[0] for pair in pairs]
    counts = {
        name: sum(one["actions"] == [name] for one in devices if not one["reason"])
        for name in ("create", "update", "delete", "no-op")
    }
    effort = more.get("effort", {"blynk": {"calls": 3, "seconds": 0.0}})
    return {
        "format": 1,
        "tool_version": "1.0.0",
        "created_at": "2026-11-21T10:00:00Z",
        "expires_at": "2026-11-22T10:00:00Z",
        "complete": True,
        "effort": effort,
        "warnings": [],
        "errors": [],
        "blocked": [],
        "summary": {
            "create": counts["create"],
            "update": counts["update"],
            "delete": counts["delete"],
            "unchanged": counts["no-op"],
            "unverified": 0,
            "calls": sum(share["calls"] for share in effort.values()),
            "seconds": max((share["seconds"] for share in effort.values()), default=0.0),
        },
        "devices": devices,
        "changes": [row for pair in pairs for row in pair[1]],
        **more,
    }


USUAL = plan(
    (device(1, "update", "Lobby"), [change(1, "rename", "name", "Lobby", "Hall")]),
    (device(2, "create", "New"), [change(2, "claim", None, None, {"model": "M"})]),
    (device(3, "delete", "Old"), [change(3, "delete", None, {"id": "3", "name": "Old"}, None)]),
    (device(4, "no-op", "Same"), []),
    (device(5, "no-op", "Waiting", reason="needs activation"), []),
    blocked=[{"address": "lab/5", "reason": "needs activation"}],
    errors=[{"account": "av", "address": None, "kind": "Forbidden", "message": "account av: no right"}],
    warnings=["lab/3: it does not come back", "something general"],
)
