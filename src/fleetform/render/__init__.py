# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan for its readers. Every format is made from the plan as data, so that a saved plan looks the same as a fresh one."""

from __future__ import annotations

import json

from fleetform.render.html import html
from fleetform.render.junit import junit
from fleetform.render.markdown import MAX_CHARS, markdown
from fleetform.render.text import text
from fleetform.render.words import Data


def rendered(plan: Data, form: str, *, colour: bool = False, max_chars: int = MAX_CHARS) -> str:
    """A plan as text, json, markdown, html or junit. ``colour`` is for text, ``max_chars`` for markdown."""
    if form == "json":
        return json.dumps(plan, indent=2, ensure_ascii=True) + "\n"
    if form == "markdown":
        return markdown(plan, max_chars=max_chars)
    if form == "html":
        return html(plan)
    if form == "junit":
        return junit(plan)
    return text(plan, colour=colour)
