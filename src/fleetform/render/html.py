# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan as one page that needs nothing else: summary, a filter, each device with its changes; for phone and paper alike."""

from __future__ import annotations

from html import escape

from fleetform.render.words import (
    SIGNS,
    Data,
    action,
    by_account,
    changes_of,
    counts,
    effort,
    label,
    plain,
    title,
    value,
    warnings,
)

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --add: #1a7f37; --gone: #cf222e; --edit: #9a6700; }
body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
ul { padding-left: 1.2rem; } .error { color: var(--gone); } .warning { color: var(--edit); }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; margin: 1rem 0; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .4rem 0; padding: .4rem .7rem; overflow-wrap: anywhere; }
summary { cursor: pointer; } .create { color: var(--add); } .update { color: var(--edit); } .delete { color: var(--gone); }
.where { opacity: .7; font-size: .85rem; } .once { font-weight: bold; color: var(--gone); }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .3rem 1rem; margin: .5rem 0; }
dt { font-weight: bold; } dd { margin: 0; } del { color: var(--gone); } ins { color: var(--add); text-decoration: none; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { padding-left: 1rem; } }
@media print { input { display: none; } details { break-inside: avoid; } }
"""

_SCRIPT = """
const box = document.getElementById("filter");
box.addEventListener("input", () => {
  const wanted = box.value.toLowerCase();
  for (const device of document.querySelectorAll("details")) {
    device.hidden = !device.textContent.toLowerCase().includes(wanted);
  }
});
addEventListener("beforeprint", () => { for (const device of document.querySelectorAll("details")) device.open = true; });
"""

# Nothing from elsewhere is loaded or run, whatever a device is called.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def html(plan: Data) -> str:
    """The page."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">',
        f"<title>fleetform plan</title><style>{_STYLE}</style></head><body>",
        "<h1>fleetform plan</h1>",
        f"<p>{_text(counts(plan))}. {_text(effort(plan))}.</p>",
        f'<p class="where">made {_text(plan["created_at"])}, may be applied until {_text(plan["expires_at"])}</p>',
    ]
    if not plan["complete"]:
        parts.append('<p class="error">This plan is not complete: an account could not be read.</p>')
    parts += _rows("error", [error["message"] for error in plan["errors"]])
    parts += _rows("warning", warnings(plan))
    parts.append('<input id="filter" type="search" placeholder="Filter devices" aria-label="Filter devices">')
    for account, devices in by_account(plan):
        parts.append(f'<h2>{_text(account or "the account")} <span class="where">{_text(devices[0]["vendor"])}</span></h2>')
        parts += [_device(plan, device) for device in devices]
    parts.append(f"<script>{_SCRIPT}</script></body></html>")
    return "\n".join(parts) + "\n"


def _device(plan: Data, device: Data) -> str:
    kind = action(device)
    opened = " open" if kind != "no-op" else ""
    head = f'<span class="{kind}">{escape(SIGNS[kind])} {_text(title(device))}</span> <span class="where">{kind}'
    head += f" {_text(device['declared_at'])}" if device["declared_at"] else ""
    head += "</span>" + (' <span class="once">cannot be undone</span>' if device["irreversible"] else "")
    rows = [f"<dt>address</dt><dd>{_text(device['address'])}</dd>"]
    if device["id"] is not None:
        rows.append(f"<dt>id</dt><dd>{_text(str(device['id']))}</dd>")
    if device["reason"]:
        rows.append(f'<dt>why</dt><dd class="warning">{_text(device["reason"])}</dd>')
    for change in changes_of(plan, device["address"]):
        before = "not known" if change.get("unverified") else value(change["before"])
        after = "gone" if change["action"] == "delete" else value(change["after"])
        rows.append(f"<dt>{_text(label(change))}</dt><dd><del>{_text(before)}</del> <ins>{_text(after)}</ins></dd>")
    return f"<details{opened}><summary>{head}</summary><dl>{''.join(rows)}</dl></details>"


def _rows(kind: str, rows: list[str]) -> list[str]:
    return [f'<ul class="{kind}">', *(f"<li>{_text(row)}</li>" for row in rows), "</ul>"] if rows else []


def _text(text: str) -> str:
    return escape(plain(text))
