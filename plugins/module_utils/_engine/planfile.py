# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan as JSON data, format 1. It holds no secret: secret values are hidden here, and credentials never reach a plan."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DECLARED_WRONG, ApiError, FleetformError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import (
    IRREVERSIBLE,
    AccountPlan,
    Change,
    DevicePlan,
    Plan,
    shown_diff,
)

FORMAT = 1
LIFETIME = datetime.timedelta(hours=24)

DECLARATION, VENDOR, REFUSED = "declaration", "vendor", "refused"
"""What an error of a plan comes from: what is declared is wrong, a vendor did not answer as it should, or it was not applied."""

# Keys of a plan, none of which a fleet file has. Some may be damaged.
_MARKS = ("format", "tool_version", "created_at", "expires_at", "summary", "changes", "digest")
_ENOUGH = 4


def is_plan(text: str) -> bool:
    """Whether text is a plan or a report as JSON, though perhaps a damaged one, and no fleet file."""
    return text.lstrip().startswith("{") and sum(f'"{mark}"' in text for mark in _MARKS) >= _ENOUGH


def plan_as_data(plan: Plan, *, tool_version: str, now: datetime.datetime) -> dict[str, t.Any]:
    """The plan as plain data. ``now`` is an aware time."""
    devices = [(account.vendor, device) for account in plan.accounts for device in account.devices]
    counts = {"create": 0, "update": 0, "delete": 0, "no-op": 0, "unverified": 0}
    for _vendor, device in devices:
        if device.blocked is None:
            counts["unverified" if device.unverified else device.action] += 1
    return {
        "format": FORMAT,
        "tool_version": tool_version,
        "created_at": _time(now),
        "expires_at": _time(now + LIFETIME),
        "complete": plan.complete,
        "warnings": [text for account in plan.accounts for text in account.warnings]
        + [f"{device.address}: {text}" for _vendor, device in devices for text in device.warnings],
        "errors": [_error(error) for error in plan.errors],
        "blocked": [
            {"address": device.address, "reason": device.blocked} for _vendor, device in devices if device.blocked is not None
        ],
        "summary": {
            "create": counts["create"],
            "update": counts["update"],
            "delete": counts["delete"],
            "unchanged": counts["no-op"],
            "unverified": counts["unverified"],
            "calls": sum(len(account.steps) for account in plan.accounts),
            "seconds": _longest(plan.accounts),
        },
        "effort": _effort(plan.accounts),
        "devices": [_device(vendor, device) for vendor, device in devices],
        "changes": [_change(change) for _vendor, device in devices for change in device.changes],
    }


def _effort(accounts: t.Sequence[AccountPlan]) -> dict[str, dict[str, t.Any]]:
    """What carrying the plan out takes at each vendor: calls, and seconds at the vendor's limits."""
    by_vendor: dict[str, list[AccountPlan]] = {}
    for account in accounts:
        if account.steps:
            by_vendor.setdefault(account.vendor, []).append(account)
    return {
        vendor: {"calls": sum(len(account.steps) for account in mine), "seconds": _longest(mine)}
        for vendor, mine in sorted(by_vendor.items())
    }


def _longest(accounts: t.Iterable[AccountPlan]) -> float:
    # Accounts go side by side.
    return round(max((account.seconds for account in accounts), default=0.0), 1)


def _device(vendor: str, device: DevicePlan) -> dict[str, t.Any]:
    known = device.observed or device.after
    sides = shown_diff(device)
    claimed = device.action == "create"
    return {
        "address": device.address,
        "account": device.declaration.account,
        "vendor": vendor,
        "id": None if device.observed is None else device.observed.id,
        "name": device.declaration.name if known is None else known.name,
        "serial": device.declaration.serial if known is None else known.serial,
        "model": device.declaration.model if known is None else known.model,
        "actions": [device.action],
        "before": None if device.observed is None else sides["before"],
        "after": None if device.action == "delete" else sides["after"],
        "after_unknown": ["id"] if claimed else [],
        "sensitive": sorted({name for change in device.changes for name in change.sensitive}),
        "irreversible": any(change.action in IRREVERSIBLE for change in device.changes),
        "reason": device.blocked
        or (f"not declared, and in the scope of {device.declaration.declared_at}" if device.pruned else None),
        "declared_at": device.declaration.declared_at,
    }


def _change(change: Change) -> dict[str, t.Any]:
    return {"address": change.address, **change.as_data(), "calls": [call.as_data() for call in change.shown_calls]}


def _error(error: FleetformError) -> dict[str, t.Any]:
    data: dict[str, t.Any] = {
        "account": error.account,
        "address": error.device,
        "kind": type(error).__name__,
        "cause": DECLARATION if isinstance(error, DECLARED_WRONG) else VENDOR,
        "message": str(error),
    }
    if isinstance(error, ApiError):
        data["status"] = error.status
        data["tracking_id"] = error.tracking_id
    return data


def _time(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
