# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan for a person at a terminal, or in a log."""

from __future__ import annotations

import os
from io import StringIO

from rich.console import Console
from rich.text import Text

from fleetform.render.words import (
    SIGNS,
    Data,
    action,
    by_account,
    changes_with_outcomes,
    counts,
    effort,
    is_good,
    label,
    plain,
    title,
    value,
    verdict,
    warnings,
)

_COLOURS = {"create": "green", "update": "yellow", "delete": "red", "no-op": "dim"}


def text(plan: Data, *, colour: bool = False, unchanged: bool = False) -> str:
    """The plan as lines. ``colour`` adds terminal sequences, unless NO_COLOR forbids; ``unchanged`` lists those devices too."""
    target = StringIO()
    colour = colour and not os.environ.get("NO_COLOR")
    console = Console(file=target, force_terminal=colour, no_color=not colour, highlight=False, soft_wrap=True, width=1000)
    changes = changes_with_outcomes(plan)
    for account, devices in by_account(plan):
        shown = [device for device in devices if unchanged or action(device) != "no-op" or device["reason"]]
        if not shown:
            continue
        console.print(Text(f"{plain(account) or 'the account'} ({devices[0]['vendor']})", style="bold"))
        for device in shown:
            _device(console, device, changes[device["address"]])
        console.print()
    for kind, style, rows in (
        ("error", "red", [error["message"] for error in plan["errors"]]),
        ("warning", "yellow", warnings(plan)),
    ):
        for row in rows:
            console.print(Text(f"{kind}: {plain(row)}", style=style))
    if not plan["complete"]:
        console.print(Text("This plan is not complete: an account could not be read.", style="red"))
    words = verdict(plan).capitalize()
    if words == "Changes are planned":
        words = "Plan"
    console.print(Text(f"{words}: {counts(plan)}. {effort(plan)}.", style="bold"))
    return target.getvalue()


def _device(console: Console, device: Data, changes: list[Data]) -> None:
    kind = action(device)
    head = Text(f"  {'!' if device['reason'] and kind == 'no-op' else SIGNS[kind]} {title(device)}", style=_COLOURS[kind])
    if device["id"] is not None:
        head.append(f" (id {plain(str(device['id']))})", style="dim")
    if device["declared_at"]:
        head.append(f"  {plain(device['declared_at'])}", style="dim")
    if device["irreversible"]:
        head.append("  cannot be undone", style="bold red")
    console.print(head)
    if device["reason"]:
        console.print(Text(f"      {'blocked: ' if kind == 'no-op' else ''}{plain(device['reason'])}", style="yellow"))
    for change in changes:
        outcome = change.get("outcome")
        line = Text(f"      {label(change)}: ")
        if change["action"] == "delete":
            if outcome is not None:
                console.print(line.append(plain(outcome), style=_style(outcome)))
            continue
        if change["before"] is not None or kind == "update":
            line.append("not known" if change.get("unverified") else value(change["before"]), style="red")
            line.append(" -> ")
        line.append(value(change["after"]), style="green")
        if outcome is not None:
            line.append(f"  {plain(outcome)}", style=_style(outcome))
        console.print(line)


def _style(outcome: str) -> str:
    return "green" if is_good(outcome) else "bold red"
