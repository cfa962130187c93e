# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fewest calls that show a set of wanted devices: asking for them, or reading the pages of a listing. Pure."""

from __future__ import annotations

import math
import typing as t

T = t.TypeVar("T")


def asking_is_cheaper(wanted: int, per_call: int, page_size: int, rows_left: int | None = None) -> bool:
    """Whether asking for ``wanted`` things, ``per_call`` of them in a call, takes at most as many calls as reading pages.

    ``rows_left`` is the number of rows that were not read yet, None before anything was read. Then one page may hold all, so that
    asking is taken for cheaper only where one call is enough; the total of the first page decides about the rest. When both take
    the same number of calls, asking moves fewer rows.
    """
    pages = 1 if rows_left is None else math.ceil(max(rows_left, 0) / page_size)
    return math.ceil(wanted / per_call) <= pages


def chunks(items: t.Sequence[T], size: int, *, weight: t.Callable[[T], int] | None = None, heaviest: int = 0) -> list[list[T]]:
    """``items`` in order, cut into lists of at most ``size``, and of at most ``heaviest`` in weight where ``weight`` is given.

    A single item heavier than that stands alone.
    """
    cut: list[list[T]] = []
    load = 0
    for item in items:
        heavy = weight(item) if weight else 0
        if not cut or len(cut[-1]) >= size or (weight is not None and load + heavy > heaviest):
            cut.append([])
            load = 0
        cut[-1].append(item)
        load += heavy
    return cut
