# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan as one page that needs nothing else: summary, a filter, each device with its changes; for phone and paper alike."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from fleetform.render.words import (
    SIGNS,
    Data,
    action,
    by_account,
    changes_with_outcomes,
    duration,
    is_good,
    label,
    plain,
    sums,
    title,
    value,
    verdict,
    warnings,
)

# A longer list of notes is closed at first, so that the devices are not far below.
_LONG = 10
# More devices are laid out as they come into sight: to filter 5,000 took seconds otherwise.
_MANY = 500


def html(plan: Data) -> str:
    """The page."""
    style, script = _asset("page.css"), _asset("page.js")
    # Nothing from elsewhere is loaded, and nothing runs but this script, whatever a device is called.
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    changes = changes_with_outcomes(plan)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        # A serial number is not to be called.
        '<meta name="format-detection" content="telephone=no">',
        f"<title>fleetform: {verdict(plan)}</title><style>{style}</style></head>",
        '<body class="many">' if len(plan["devices"]) > _MANY else "<body>",
        *_summary(plan),
        *_notes("Errors", "delete", [error["message"] for error in plan["errors"]], opened=True),
        *_notes("Blocked", "update", [f"{row['address']}: {row['reason']}" for row in plan["blocked"]]),
        *_notes("Warnings", "update", warnings(plan)),
        # The script shows the controls: without it they would do nothing.
        '<div id="find" role="search"><div id="controls" hidden>',
        '<label>Filter devices <input id="filter" type="search" autocomplete="off" spellcheck="false"></label>',
        '<label><input id="hide" type="checkbox" autocomplete="off"> Hide unchanged</label></div>',
        f'<output id="shown" for="filter hide">{_number(len(plan["devices"]), "device")}</output></div>',
    ]
    for account, devices in by_account(plan):
        about = f"{_text(devices[0]['vendor'])}, {_number(len(devices), 'device')}"
        parts.append(
            f'<section class="account"><h2><bdi>{_text(account or "the account")}</bdi> <span class="dim">{about}</span></h2>'
        )
        parts += [_device(device, changes[device["address"]]) for device in devices]
        parts.append("</section>")
    parts.append(f"<script>{script}</script></body></html>")
    return "\n".join(parts) + "\n"


@cache
def _asset(name: str) -> str:
    return files("fleetform.render").joinpath(name).read_text("utf-8")


@cache
def _hash(text: str) -> str:
    """What a policy calls a style or a script by."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _summary(plan: Data) -> list[str]:
    rows = sums(plan)
    if lasting := sum(device["irreversible"] for device in plan["devices"]):
        rows.append(("delete", lasting, "cannot be undone"))
    parts = [
        f"<h1>fleetform: {verdict(plan)}</h1>",
        f'<p class="dim">Made {_text(plan["created_at"])}, may be applied until {_text(plan["expires_at"])}.</p>',
        '<ul class="counts">',
        *(f'<li class="{kind if number else "dim"}"><b>{number}</b> {words}</li>' for kind, number, words in rows),
        "</ul>",
    ]
    if not plan["complete"]:
        parts.append('<p class="delete"><strong>This plan is not complete: an account could not be read.</strong></p>')
    if not plan["effort"]:
        return parts
    shares = [(vendor, share["calls"], share["seconds"]) for vendor, share in plan["effort"].items()]
    body = "".join(_effort(vendor, calls, seconds) for vendor, calls, seconds in shares)
    total = _effort("all", plan["summary"]["calls"], plan["summary"]["seconds"])
    parts.append("<table><thead><tr><th>Vendor</th><th>Calls</th><th>At its limits</th></tr></thead>")
    parts.append(f"<tbody>{body}</tbody>" + (f"<tfoot>{total}</tfoot>" if len(shares) > 1 else "") + "</table>")
    return parts


def _effort(vendor: str, calls: int, seconds: float) -> str:
    return f"<tr><td>{_text(vendor)}</td><td>{calls}</td><td>{duration(seconds) if seconds else 'no wait'}</td></tr>"


def _notes(heading: str, kind: str, rows: list[str], *, opened: bool = False) -> list[str]:
    if not rows:
        return []
    head = f'<summary><h2 class="{kind}">{heading} ({len(rows)})</h2></summary>'
    items = "".join(f"<li>{_text(row)}</li>" for row in rows)
    return [f"<details{' open' if opened or len(rows) <= _LONG else ''}>{head}<ul>{items}</ul></details>"]


def _device(device: Data, changes: list[Data]) -> str:
    kind = action(device)
    word = kind if kind != "no-op" else "blocked" if device["reason"] else "unchanged"
    sign = "!" if word == "blocked" else SIGNS[kind].strip()
    head = f'<b class="{word}">{sign} <bdi>{_text(title(device))}</bdi></b> <span class="{word}">{word}</span>'
    if device["irreversible"]:
        head += ' <strong class="once">cannot be undone</strong>'
    facts = [("address", device["address"]), ("id", device["id"]), ("serial", device["serial"])]
    facts.append(("declared in", device["declared_at"]))
    about = ", ".join(f"{name} <bdi>{_text(str(fact))}</bdi>" for name, fact in facts if fact is not None)
    body = f'<p class="dim">{about}</p>'
    if device["reason"]:
        body += f' <p class="update">{_text(device["reason"])}</p>'
    if changes:
        rows = [f"<dt>{_text(label(change))}</dt> <dd>{_difference(change, kind)}{_outcome(change)}</dd>" for change in changes]
        body += f" <dl>{' '.join(rows)}</dl>"
    state = ' class="device same"' if word == "unchanged" else ' class="device" open'
    return f"<details{state}><summary>{head}</summary> {body}</details>"


def _difference(change: Data, kind: str) -> str:
    if change["action"] == "delete":
        return f"<del>{_text(value(change['before']))}</del>"
    after = f"<ins>{_text(value(change['after']))}</ins>"
    if kind == "create" and change["before"] is None:
        return after
    before = "not known" if change.get("unverified") else value(change["before"])
    return f"<del>{_text(before)}</del> {after}"


def _outcome(change: Data) -> str:
    if "outcome" not in change:
        return ""
    return f' <span class="{"create" if is_good(change["outcome"]) else "delete"}">{_text(change["outcome"])}</span>'


def _number(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _text(text: str) -> str:
    return escape(plain(text))
