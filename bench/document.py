# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes the figures into docs/benchmark.md: counts and ratios only, since seconds tell of a machine and not of fleetform."""

from __future__ import annotations

import platform
import re
import typing as t
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.report import Section, cells, number

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmark.md"
_PLACE = re.compile(r"(?<=<!-- figures:begin -->\n).*?(?=<!-- figures:end -->)", re.DOTALL)
_HEAD = ["", "| figure | measured | least or aim | |", "|---|---|---|---|"]


def write(sections: t.Sequence[Section]) -> None:
    """Replaces the figures in the page. Raises RuntimeError where the page has no place for them."""
    page = PAGE.read_text(encoding="utf-8")
    if not _PLACE.search(page):
        raise RuntimeError(f"{PAGE.name} has no place for figures")
    where = f"Python {platform.python_version()}, ansible-core {version('ansible-core')}"
    text = f"Measured on {datetime.now(UTC):%Y-%m-%d} with {where}.\n\n" + figures(sections) + "\n"
    PAGE.write_text(_PLACE.sub(lambda _found: text, page), encoding="utf-8")


def figures(sections: t.Sequence[Section]) -> str:
    """Counts and ratios as Markdown. What is measured in seconds or bytes is told by its ratio to the aim, or left out."""
    lines: list[str] = []
    for section in sections:
        lines += [f"**{section.title}**", *_HEAD]
        for row in section.rows:
            _what, measured, least, _ratio, verdict = cells(row)
            if row.unit not in ("", "x"):
                if row.ratio is None:
                    continue
                measured = f"{number(row.ratio)} of the aim"
            lines.append(f"| {row.what} | {measured} | {least} | {verdict} |")
        lines.append("")
    return "\n".join(lines)
