# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rows of the result and how they are shown."""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass

_HEADINGS = ("", "measured", "least or aim", "ratio", "")


@dataclass(frozen=True)
class Row:
    """One figure. ``least`` is what is possible at the least, or the aim; None where a figure is only there to be read.

    ``slack`` is how far above it still counts as met: counts must be equal, anything that is timed may waver.
    """

    what: str
    measured: float
    least: float | None = None
    unit: str = ""
    slack: float = 1.0

    @property
    def ratio(self) -> float | None:
        return None if not self.least else self.measured / self.least

    @property
    def verdict(self) -> str:
        """``met``, ``missed``, or nothing where there is no aim."""
        if self.least is None:
            return ""
        return "met" if self.measured <= self.least * self.slack else "missed"

    def as_data(self) -> dict[str, t.Any]:
        """The row as plain JSON data."""
        return {**asdict(self), "ratio": self.ratio, "verdict": self.verdict}


@dataclass(frozen=True)
class Section:
    """Rows that belong together, and the measurements among them that could not be made, in words."""

    title: str
    rows: tuple[Row, ...]
    failures: tuple[str, ...] = ()


def table(sections: t.Sequence[Section]) -> str:
    """All sections as aligned text."""
    lines: list[tuple[str, ...]] = [_HEADINGS]
    for section in sections:
        lines.append((section.title,))
        lines.extend(cells(row) for row in section.rows)
        lines.extend((f"  FAILED {failure}",) for failure in section.failures)
    full = [line for line in lines if len(line) > 1]
    widths = [max(len(line[column]) for line in full) for column in range(len(_HEADINGS))]
    shown = []
    for line in lines:
        first, *rest = line
        padded = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=False))]
        shown.append("  ".join(padded).rstrip())
    return "\n".join(shown)


def cells(row: Row) -> tuple[str, ...]:
    """The row as text: what, measured, least or aim, ratio, verdict."""
    least = "" if row.least is None else f"{number(row.least)} {row.unit}".strip()
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    return (f"  {row.what}", f"{number(row.measured)} {row.unit}".strip(), least, ratio, row.verdict)


def number(value: float) -> str:
    """A number as people read it: counts whole, everything else with three digits or so."""
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}"
