# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan as a comment for a pull request: what matters first, no longer than a comment may be."""

from __future__ import annotations

import re

from fleetform.render.words import (
    SIGNS,
    Data,
    action,
    changes_with_outcomes,
    counts,
    effort,
    label,
    plain,
    title,
    value,
    verdict,
    warnings,
)

MARKER = "<!-- fleetform plan -->"
"""Stands first, hidden, so that a pipeline finds its own comment and updates it."""

MAX_CHARS = 65_000
"""A little less than what GitHub takes in a comment."""

# What begins a mark-up, a mention, an issue number, a link, a table cell or a comment.
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~@&:$=^-]|(?<=www)\.)", re.IGNORECASE)


def escaped(text: str) -> str:
    """Text that shows as it is. A character that could mean something is written as its number, which no dialect reads anew.

    Mentions and issues are looked for in what is shown, so that something unseen stands behind their signs.
    """
    return _SPECIAL.sub(lambda found: f"&#{ord(found[1])};" + ("&#8203;" if found[1] in "@#" else ""), plain(text))


def code(text: str) -> str:
    """Text as code, with a fence that it cannot end; in a table cell as well."""
    runs = [len(run) for run in re.findall("`+", text)]
    fence = "`" * (max(runs, default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def markdown(plan: Data, *, max_chars: int = MAX_CHARS) -> str:
    """The plan. Errors, what cannot be undone and the sums come first; what does not fit is counted."""
    head = [MARKER, "", f"### fleetform: {verdict(plan)}", "", f"{escaped(counts(plan))}. {escaped(effort(plan))}.", ""]
    head += _list("Errors", [error["message"] for error in plan["errors"]])
    if not plan["complete"]:
        head += ["**This plan is not complete: an account could not be read.**", ""]
    risky = [device for device in plan["devices"] if device["irreversible"]]
    head += _list("Cannot be undone", [f"{SIGNS[action(device)]} {device['account'] or ''} {title(device)}" for device in risky])
    head += _list("Blocked", [f"{row['address']}: {row['reason']}" for row in plan["blocked"]])
    head += _list("Warnings", warnings(plan))
    lines = _fitting(head, max_chars - 200)
    room = max_chars - 100 - len("\n".join(lines))
    changes = changes_with_outcomes(plan)
    changed = [device for device in plan["devices"] if action(device) != "no-op"]
    shown = 0
    for device in changed:
        block = _device(device, changes[device["address"]])
        size = len("\n".join(block)) + 1
        if size > room:
            break
        lines += block
        room -= size
        shown += 1
    if shown < len(changed):
        lines += ["", f"... and {len(changed) - shown} more devices. The whole plan is in the run that made this comment."]
    return "\n".join(lines) + "\n"


def _list(heading: str, rows: list[str]) -> list[str]:
    return [f"**{heading}**", "", *(f"- {escaped(row)}" for row in rows), ""] if rows else []


def _fitting(lines: list[str], room: int) -> list[str]:
    """As many whole lines as fit, and how many do not."""
    kept: list[str] = []
    for number, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            return [*kept, "", f"... and {len(lines) - number} more lines.", ""]
        kept.append(line)
    return kept


def _device(device: Data, changes: list[Data]) -> list[str]:
    kind = action(device)
    where = f" ({escaped(device['declared_at'])})" if device["declared_at"] else ""
    account = f"{escaped(device['account'])}: " if device["account"] else ""
    lines = ["", f"**{SIGNS[kind]} {account}{escaped(title(device))}** {kind}{where}", ""]
    rows = [change for change in changes if change["action"] != "delete" or "outcome" in change]
    if rows:
        heads = ["what", "before", "after", *(["outcome"] if "outcome" in rows[0] else [])]
        lines += [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for change in rows:
        before = "not known" if change.get("unverified") else value(change["before"])
        cells = [escaped(label(change)), _cell(before), _cell(value(change["after"]))]
        cells += [escaped(change["outcome"])] if "outcome" in change else []
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _cell(text: str) -> str:
    # A pipe ends a cell even inside code.
    return code(text) if "|" not in text else escaped(text)
