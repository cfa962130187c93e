# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan for its readers. Every format is made from the plan as data, so that a saved plan looks the same as a fresh one."""

from __future__ import annotations

import json

from fleetform.render.text import text
from fleetform.render.words import Data


def rendered(plan: Data, form: str, *, colour: bool = False) -> str:
    """A plan in one of the formats."""
    if form == "json":
        return json.dumps(plan, indent=2, ensure_ascii=True) + "\n"
    return text(plan, colour=colour)
