# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every format says in the same words: values, titles, and the sums of a plan."""

from __future__ import annotations

import json
from typing import Any

from fleetform.yaml_text import shows

Data = dict[str, Any]

SIGNS = {"create": "+", "update": "~", "delete": "-", "no-op": " "}
"""What stands before a device."""

_REFERENCE = frozenset({"id", "name", "path", "email"})
_STYLES = frozenset("\ufe0e\ufe0f")
"""What says whether a sign is shown in colour: part of a sign that is seen."""


def plain(text: str) -> str:
    """Text in one line in which nothing is hidden: control, direction, blank and unseen characters are written out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if shows(character) or character in _STYLES else json.dumps(character)[1:-1] for character in text)


def value(item: Any) -> str:
    """A value as JSON in one line, nothing hidden; null reads as "nothing", and a reference as what people call it."""
    if item is None:
        return "nothing"
    if isinstance(item, dict) and "id" in item and item.keys() <= _REFERENCE:
        item = next((item[name] for name in ("path", "name", "email", "id") if item.get(name)), None)
        return value(item)
    return plain(json.dumps(item, ensure_ascii=False, sort_keys=True))


def warnings(plan: Data) -> list[str]:
    """The warnings, those that several devices share once, with their number."""
    addresses = {device["address"] for device in plan["devices"]}
    shared: dict[str, list[str]] = {}
    for text in plan["warnings"]:
        address, colon, rest = text.partition(": ")
        known = bool(colon) and address in addresses
        shared.setdefault(rest if known else text, []).append(address if known else "")
    return [
        text if not owners[0] else f"{owners[0]}: {text}" if len(owners) == 1 else f"{len(owners)} devices: {text}"
        for text, owners in shared.items()
    ]


def title(device: Data) -> str:
    """What a device is called: its name, else its serial number, else its address."""
    return plain(str(device["name"] or device["serial"] or device["address"]))


def action(device: Data) -> str:
    """create, update, delete or no-op."""
    return str(device["actions"][0])


def changes_by_address(plan: Data) -> dict[str, list[Data]]:
    """The changes of each device, for every address in the plan. Made once for a plan: a search per device would be quadratic."""
    found: dict[str, list[Data]] = {device["address"]: [] for device in plan["devices"]}
    for change in plan["changes"]:
        found.setdefault(change["address"], []).append(change)
    return found


def label(change: Data) -> str:
    """What changes: the attribute, or the action where it is about the device as a whole."""
    return plain(str(change["attribute"] or change["action"]))


def sums(plan: Data) -> list[tuple[str, int, str]]:
    """What the summary counts: its kind, how many devices, and in which words."""
    summary = plan["summary"]
    rows = [(kind, summary[kind], f"to {kind}") for kind in ("create", "update", "delete")]
    rows.append(("unchanged", summary["unchanged"], "unchanged"))
    if summary["unverified"]:
        rows.append(("unverified", summary["unverified"], "that cannot be compared and are sent"))
    if plan["blocked"]:
        rows.append(("blocked", len(plan["blocked"]), "blocked"))
    return rows


def counts(plan: Data) -> str:
    """How many devices, in the words of the summary."""
    return ", ".join(f"{number} {words}" for _kind, number, words in sums(plan))


def effort(plan: Data) -> str:
    """The calls that an apply makes at each vendor, and how long they take at the vendor's limits."""
    total = plan["summary"]["calls"]
    calls = f"{total} call{'' if total == 1 else 's'}"
    shares = [
        f"{vendor} {share['calls']}" + (f" ({duration(share['seconds'])} at its limits)" if share["seconds"] else "")
        for vendor, share in plan["effort"].items()
    ]
    return f"{calls}: {', '.join(shares)}" if shares else calls


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


def changes_with_outcomes(plan: Data) -> dict[str, list[Data]]:
    """The changes of each device; once an apply was asked for, each with its ``outcome``: a status, and why."""
    if "results" not in plan:
        return changes_by_address(plan)
    came = {_key(row): row["status"] + (f": {row['message']}" if row["message"] else "") for row in plan["results"]}
    return changes_by_address(
        {**plan, "changes": [{**change, "outcome": came.get(_key(change), "not sent")} for change in plan["changes"]]}
    )


def _key(row: Data) -> tuple[str, str, str | None]:
    return row["address"], row["action"], row["attribute"]


def is_good(outcome: str) -> bool:
    """Whether a change is in effect after an apply."""
    return outcome in ("done", "already")


def verdict(plan: Data) -> str:
    """The plan in a few words, or what an apply of it came to."""
    if plan.get("results"):
        done = sum(is_good(row["status"]) for row in plan["results"])
        words = "interrupted" if plan["interrupted"] else "applied" if done == len(plan["results"]) else "applied in part"
        return f"{words}, {done} of {len(plan['results'])} changes are in effect"
    if "results" in plan and plan["changes"]:
        return "nothing was sent"
    if plan["errors"]:
        return "the plan has errors"
    return "changes are planned" if has_changes(plan) or plan["summary"]["calls"] else "nothing to do"


def has_changes(plan: Data) -> bool:
    """Whether an apply would change something that can be compared."""
    summary = plan["summary"]
    return bool(summary["create"] or summary["update"] or summary["delete"])


def by_account(plan: Data) -> list[tuple[str, list[Data]]]:
    """The devices of each account, accounts by name."""
    groups: dict[str, list[Data]] = {}
    for device in plan["devices"]:
        groups.setdefault(device["account"] or "", []).append(device)
    return sorted(groups.items())
