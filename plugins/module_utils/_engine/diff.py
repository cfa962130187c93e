# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When two values count as the same, and how a nested difference is made readable.

Equality comes first and is our own; deepdiff, the only third party here, is asked only about values that are known to differ.
"""

from __future__ import annotations

import typing as t

_EMPTY: tuple[t.Any, ...] = (None, "", [], {}, ())


def same(before: t.Any, after: t.Any) -> bool:
    """Whether two values mean the same: 5 and 5.0 do, true and 1 do not, and every kind of empty is one."""
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    if isinstance(before, dict) and isinstance(after, dict):
        return all(same(before.get(key), after.get(key)) for key in before.keys() | after.keys())
    if isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        return len(before) == len(after) and all(same(one, other) for one, other in zip(before, after, strict=True))
    if before == after:
        return True
    return _empty(before) and _empty(after)


def same_reference(before: t.Mapping[str, t.Any] | None, after: t.Mapping[str, t.Any] | None) -> bool:
    """Whether two ``{id, ...}`` records point at the same thing; absent, null and a null id are one."""
    return ((before or {}).get("id") or None) == ((after or {}).get("id") or None)


def same_labels(before: t.Sequence[str] | None, after: t.Sequence[str] | None) -> bool:
    """Whether two lists hold the same labels, in any order."""
    return set(before or ()) == set(after or ())


def nested(before: t.Any, after: t.Any) -> list[dict[str, t.Any]]:
    """The places where two nested values differ, as ``{path, before, after}`` sorted by path.

    Empty where one of them is a scalar (then before and after say it all) or where deepdiff is not installed.
    """
    if type(before) is not type(after) or not isinstance(before, (dict, list)):
        return []
    try:
        # Here, because it takes longer to import than everything else of the engine, and few runs ever need it.
        from deepdiff import DeepDiff
    except ImportError:
        return []
    tree = DeepDiff(before, after, view="tree", ignore_numeric_type_changes=True, threshold_to_diff_deeper=0)
    rows: list[dict[str, t.Any]] = []
    for entries in tree.values():
        for entry in entries:
            path = ".".join(str(part) for part in entry.path(output_format="list"))
            rows.append({"path": path, "before": _shown(entry.t1), "after": _shown(entry.t2)})
    return sorted(rows, key=lambda row: str(row["path"]))


def _shown(value: t.Any) -> t.Any:
    return None if type(value).__name__ == "NotPresent" else value


def _empty(value: t.Any) -> bool:
    return any(value is kind or (type(value) is type(kind) and value == kind) for kind in _EMPTY)
