# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether data is a plan as `plan_as_data` makes it, and says the same of a device wherever it speaks of it. Pure.

A digest shows that a file was damaged, not who made it: whoever edits a plan can make the digest anew. So that nobody is shown
less than an apply would do, what is shown in short has to follow from the changes, of which nothing can be added.
"""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import IRREVERSIBLE

Data = dict[str, t.Any]

_TEXT: t.Mapping[str, tuple[type, ...]] = {"address": (str,)}
_MAYBE = (str, type(None))
_NUMBER = (int, float)

_PLAN: t.Mapping[str, tuple[type, ...]] = {
    "tool_version": (str,),
    "created_at": (str,),
    "expires_at": (str,),
    "complete": (bool,),
    "warnings": (list,),
    "errors": (list,),
    "blocked": (list,),
    "summary": (dict,),
    "effort": (dict,),
    "devices": (list,),
    "changes": (list,),
    "bound": (dict,),
}
_ROWS: t.Mapping[str, t.Mapping[str, tuple[type, ...]]] = {
    "errors": {"account": _MAYBE, "address": _MAYBE, "kind": (str,), "cause": (str,), "message": (str,)},
    "blocked": {**_TEXT, "reason": (str,)},
    "devices": {
        **_TEXT,
        "account": _MAYBE,
        "vendor": (str,),
        "id": (str, int, type(None)),
        "name": _MAYBE,
        "serial": _MAYBE,
        "model": _MAYBE,
        "actions": (list,),
        "before": (dict, type(None)),
        "after": (dict, type(None)),
        "after_unknown": (list,),
        "sensitive": (list,),
        "irreversible": (bool,),
        "reason": _MAYBE,
        "declared_at": _MAYBE,
    },
    "changes": {**_TEXT, "action": (str,), "attribute": _MAYBE, "before": (object,), "after": (object,), "calls": (list,)},
}
_CALL: t.Mapping[str, tuple[type, ...]] = {"method": (str,), "path": (str,)}
_COUNTED = ("create", "update", "delete", "unchanged", "unverified")
_SUMMARY: t.Mapping[str, tuple[type, ...]] = {**dict.fromkeys((*_COUNTED, "calls"), (int,)), "seconds": _NUMBER}
_SHARE: t.Mapping[str, tuple[type, ...]] = {"calls": (int,), "seconds": _NUMBER}


def has_shape(data: t.Any) -> bool:
    """Whether every part of a plan is there and of its kind."""
    return (
        _has(data, _PLAN)
        and all(_is_time(data[name]) for name in ("created_at", "expires_at"))
        and all(isinstance(text, str) for text in data["warnings"])
        and all(_has(row, kinds) for name, kinds in _ROWS.items() for row in data[name])
        and all(_has(call, _CALL) for change in data["changes"] for call in change["calls"])
        and _has(data["summary"], _SUMMARY)
        and all(_has(share, _SHARE) for share in data["effort"].values())
        and isinstance(data.get("files", []), list)
        and all(isinstance(name, str) and name.strip() and "\0" not in name for name in data.get("files", []))
    )


def _has(row: t.Any, kinds: t.Mapping[str, tuple[type, ...]]) -> bool:
    return isinstance(row, dict) and all(name in row and _is(row[name], kind) for name, kind in kinds.items())


def _is(value: t.Any, kinds: tuple[type, ...]) -> bool:
    # True is no 1.
    return isinstance(value, kinds) and (bool in kinds or object in kinds or not isinstance(value, bool))


def _is_time(text: str) -> bool:
    try:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None
    except ValueError:
        return False


def contradiction(data: Data) -> str | None:
    """Where a plan of the right shape says one thing here and another there; None where it does not."""
    changes: dict[str, list[Data]] = {}
    for row in data["changes"]:
        changes.setdefault(row["address"], []).append(row)
    devices = {row["address"]: row for row in data["devices"]}
    if len(devices) != len(data["devices"]):
        return "a device stands in it twice"
    if strays := sorted(changes.keys() - devices.keys()):
        return f"there are changes of {strays[0]}, and no such device"
    blocked = {row["address"] for row in data["blocked"]}
    counts = dict.fromkeys(_COUNTED, 0)
    for address, device in devices.items():
        mine = changes.get(address, [])
        action = _action(mine)
        if device["actions"] != [action]:
            return f"{address} is shown as {', '.join(map(str, device['actions'])) or 'nothing'}, and its changes are {action}"
        if device["irreversible"] != any(row["action"] in IRREVERSIBLE for row in mine):
            return f"{address} is not shown as what its changes are: what cannot be undone"
        if action == "delete" and not _is_of(mine[0], device):
            return f"{address} is shown as another device than the one that is deleted"
        if address in blocked and mine:
            return f"{address} is shown as blocked, and has changes"
        if address not in blocked:
            unverified = bool(mine) and all(row.get("unverified") is True for row in mine)
            counts["unverified" if unverified else "unchanged" if action == "no-op" else action] += 1
    summary = data["summary"]
    for kind, count in counts.items():
        if summary[kind] != count:
            return f"the summary says {summary[kind]} {kind}, and there are {count}"
    calls = sum(len(row["calls"]) for row in data["changes"])
    if summary["calls"] > calls or bool(summary["calls"]) is not bool(calls):
        return f"the summary says {summary['calls']} calls, and there are {calls}"
    return None


def _action(changes: t.Sequence[Data]) -> str:
    """What a device with these changes is, see DevicePlan.action."""
    actions = {row["action"] for row in changes}
    return "no-op" if not changes else "create" if "claim" in actions else "delete" if "delete" in actions else "update"


def _is_of(delete: Data, device: Data) -> bool:
    """Whether a deletion is of the device that is shown."""
    before = delete["before"]
    shown = (device["id"], device["name"])
    return isinstance(before, dict) and (before.get("id"), before.get("name")) == shown and device["before"] == before
