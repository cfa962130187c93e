# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Xyte's tree of spaces: from an id or a path to a space, in the fewest calls (docs/vendors/xyte.md, "Spaces").

A path is the names from the root down, joined by ``/``. Names compare exactly. A name may hold a ``/`` itself, so that a path is
never cut up: each space on the way down takes its whole name off the front of it.
"""

from __future__ import annotations

import difflib
import typing as t
from dataclasses import dataclass

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    Ambiguous,
    ApiError,
    BadAnswer,
    DeclarationError,
    Forbidden,
    Gone,
    NotFound,
    Refused,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_listing import (
    SPACES,
    Found,
    Row,
    listed,
    one_page,
)

MOST_WALKED = 4
"""Paths that are followed down the tree, level by level, before reading a tree of many pages as a whole takes fewer calls."""


@dataclass(frozen=True)
class Space:
    """One space; ``path`` holds its name and those of all spaces above it. Both are empty where spaces cannot be read."""

    id: int
    name: str
    path: str

    def record(self) -> dict[str, t.Any]:
        """As it stands in a device record."""
        return {"id": str(self.id), "name": self.name or None, "path": self.path or None}


@dataclass(frozen=True)
class Missing:
    """A space that is not there: its full path, the nearest space above it that is, and the path below that one."""

    path: str
    above: Space
    below: str
    hint: str


class Spaces:
    """The spaces of one organization, read when they are first asked for.

    ``shown`` are full paths by id that are known from elsewhere, such as from the devices. They tell what stands above the
    spaces that these credentials see, where that is not the root.
    """

    def __init__(self, client: Client, shown: t.Mapping[int, str] | None = None) -> None:
        self._client = client
        self._shown = shown or {}
        self._rows: dict[int, Row] = {}
        self._whole = False
        self._children: dict[int, list[Space]] = {}
        self._to_make: dict[str, str] = {}
        self._unreadable: ApiError | None = None

    def look_up(self, texts: t.Collection[str]) -> None:
        """Reads what finding these takes. A small tree is one page; of a large one only the way down to a few paths is read."""
        if not texts or self._whole or self._unreadable:
            return
        walked = len(texts) <= MOST_WALKED
        try:
            if walked and not self._rows:
                self._keep(one_page(self._client, SPACES))
            if not self._suffices(walked):
                self._keep(listed(self._client, SPACES))
        except (Forbidden, Gone) as error:
            # The oldest documentation knows of no such call, and a member's token may not make it. An id needs none.
            self._unreadable = error

    def find(self, text: str) -> Space | Missing:
        """The space with this id or full path.

        Raises Ambiguous for a path that several spaces have, NotFound for an id that none has or a path that cannot be.
        """
        self.look_up([text])
        numeric = text.isascii() and text.isdigit()
        if self._unreadable is not None:
            if numeric:
                return Space(int(text), "", "")
            raise NotFound(f"space {text!r} cannot be looked up, declare the id of the space instead: {self._unreadable}")
        if not numeric:
            return self._by_path(text)
        # A root that is not shown has an id all the same.
        by_id = self._by_id(int(text)) or next((top for top in self._tops() if top.id == int(text)), None)
        # Of all full paths only a root's name can look like an id.
        named = next((top for top in self._tops() if top.path == text), None)
        if by_id is not None and named is not None and named.id != by_id.id:
            raise Ambiguous(
                f"space {text!r} is the id of {by_id.path!r} and the name of a root; write the id of the one you mean"
            )
        if (found := by_id or named) is None:
            raise NotFound(f"there is no space with the id {text}; correct it, or write its full path")
        return found

    def _keep(self, found: Found) -> None:
        for row in found.rows:
            self._rows[_number(row)] = row
        self._whole = self._whole or found.whole
        self._children.clear()

    def _suffices(self, walked: bool) -> bool:
        """Whether what was read is the whole tree, or holds the root that a walk begins at."""
        return self._whole or (walked and [_parent(row) for row in self._rows.values()].count(None) == 1)

    def _tops(self) -> list[Space]:
        """Where paths begin: the root. For credentials that do not see it, what is above the highest spaces that they see."""
        tops = [row for row in self._rows.values() if _parent(row) is None]
        if tops:
            return [Space(_number(row), _name(row), _name(row)) for row in tops]
        paths = {parent: above.removesuffix("/") for parent, above in self._above().items()}
        return [Space(parent, path.rpartition("/")[2], path) for parent, path in paths.items()]

    def _above(self) -> dict[int, str]:
        """What stands in full paths above a visible space, with a slash at the end, by the id of an invisible one above it."""
        above: dict[int, str] = {}
        for number, row in self._rows.items():
            path = self._shown.get(number) or row.get("full_path")
            below = _name(row)
            seen = {number}
            while (parent := _parent(row)) in self._rows and parent not in seen:
                row = self._rows[parent]
                seen.add(parent)
                below = f"{_name(row)}/{below}"
            if parent is not None and parent not in seen and isinstance(path, str) and path.endswith(f"/{below}"):
                above.setdefault(parent, path.removesuffix(below))
        return above

    def _below(self, space: Space) -> list[Space]:
        """The direct children of a space, each with its path."""
        if space.id not in self._children:
            rows = self._rows.values() if self._whole else self._asked(space.id)
            self._children[space.id] = [
                Space(_number(row), _name(row), f"{space.path}/{_name(row)}") for row in rows if _parent(row) == space.id
            ]
        return self._children[space.id]

    def _asked(self, parent: int) -> list[Row]:
        rows = listed(self._client, SPACES, (("parent_id", parent),)).rows
        self._rows.update((_number(row), row) for row in rows)
        return rows

    def _row(self, number: int) -> Row | None:
        """A space by the filter of the listing: a call for a single space is not in every revision."""
        try:
            rows = listed(self._client, SPACES, (("id", number),)).rows
        except (Gone, Refused):
            return None
        return next((row for row in rows if _number(row) == number), None)

    def _by_id(self, number: int) -> Space | None:
        row = self._rows.get(number)
        if row is None and not self._whole:
            row = self._row(number)
        if row is None:
            return None
        self._rows[number] = row
        names = [_name(row)]
        seen = {number}
        while (above := _parent(row)) is not None and above not in seen:
            seen.add(above)
            if above not in self._rows and not self._whole:
                parent = self._row(above)
                if parent is not None:
                    self._rows[above] = parent
            if above not in self._rows:
                names[-1] = f"{self._above().get(above, '')}{names[-1]}"
                break
            row = self._rows[above]
            names.append(_name(row))
        return Space(number, names[0], "/".join(reversed(names)))

    def _by_path(self, text: str) -> Space | Missing:
        if not self._rows:
            raise NotFound(f"space {text!r} can be neither found nor made: these credentials see no space at all")
        tops = self._tops()
        if not tops:
            raise NotFound(f"the full paths of spaces are not shown to these credentials: write the id instead of space {text!r}")
        found, nearest = self._descend([(top, _rest(text, top.path)) for top in tops])
        if len(found) > 1:
            ids = ", ".join(str(space.id) for space in sorted(found, key=lambda space: space.id))
            raise Ambiguous(f"space {text!r} fits {len(found)}: ids {ids}; use the id")
        if found:
            return found[0]
        if nearest:
            missing = self._missing(text, nearest)
            self._refuse_other_case(missing)
            return missing
        raise NotFound(f"there is no space {text!r}, {self._meant(text, tops)}")

    def _refuse_other_case(self, missing: Missing) -> None:
        """One new space in two spellings would be one or two spaces, as the vendor likes."""
        path = missing.above.path
        for name in missing.below.split("/"):
            path = f"{path}/{name}"
            first = self._to_make.setdefault(path.casefold(), path)
            if first != path:
                raise DeclarationError(f"space {path!r} is declared as {first!r} as well, and neither is there: write both alike")

    def _meant(self, text: str, tops: t.Sequence[Space]) -> str:
        """What a path may be meant for that does not begin at the root."""
        for top in tops:
            if _rest(text.casefold(), top.path.casefold()) is not None:
                return f"but there is {top.path!r}: names compare exactly; write it so"
        found, _nearest = self._descend([(top, text) for top in tops])
        if found:
            return f"but there is {found[0].path!r}; write the full path"
        return f"as every full path begins with {' or '.join(sorted(repr(top.path) for top in tops))}; correct it, or use an id"

    def _descend(self, starts: t.Sequence[tuple[Space, str | None]]) -> tuple[list[Space], list[tuple[Space, str]]]:
        """The spaces that the rest of a path leads to, and how far it leads: the lowest on the way, each with what is left."""
        found: list[Space] = []
        nearest: list[tuple[Space, str]] = []
        open_ends = [(space, rest) for space, rest in starts if rest is not None]
        while open_ends:
            space, rest = open_ends.pop()
            if rest == "":
                found.append(space)
                continue
            if not nearest or len(rest) < len(nearest[0][1]):
                nearest = []
            if not nearest or len(rest) == len(nearest[0][1]):
                nearest.append((space, rest))
            open_ends += [(child, left) for child in self._below(space) if (left := _rest(rest, child.name)) is not None]
        return found, nearest

    def _missing(self, text: str, nearest: t.Sequence[tuple[Space, str]]) -> Missing:
        """What is missing below the lowest space on the way. Raises Ambiguous where there are several."""
        first = nearest[0][1].split("/", 1)[0]
        children = [(space, child.name) for space, _below in nearest for child in self._below(space)]
        other_case = next((f"{space.path}/{name}" for space, name in children if name.casefold() == first.casefold()), None)
        if other_case is not None:
            raise DeclarationError(f"there is no space {text!r}, but there is {other_case!r}: names compare exactly; write it so")
        if len(nearest) > 1:
            ids = " or ".join(sorted(f"{space.path!r} with id {space.id}" for space, _below in nearest))
            raise Ambiguous(f"there is no space {text!r}, and it could stand below {ids}; write the full path, or use an id")
        ((above, below),) = nearest
        near = difflib.get_close_matches(first, [name for _space, name in children], n=1)
        hint = f"the nearest that exists is {above.path!r}"
        if near:
            hint += f", in which there is {near[0]!r}"
        return Missing(f"{above.path}/{below}", above, below, hint)


def refuse_path(text: str) -> None:
    """Refuses what can be neither an id nor a path. Raises DeclarationError."""
    if any(not part.strip() for part in text.split("/")):
        raise DeclarationError(
            f"space {text!r} is neither an id nor a path of names joined by single slashes, such as Wiz/Berlin/Room 1"
        )


def stands_in(device: Device | None, text: str) -> bool:
    """Whether a device is in the space that an id or a full path names."""
    space = (device and device.space) or {}
    return text in (space.get("id"), space.get("path"))


def apart(before: str | None, after: str) -> bool:
    """Whether two full paths, empty where unknown, begin at different roots."""
    return bool(before and after) and str(before).partition("/")[0] != after.partition("/")[0]


def _rest(text: str, name: str) -> str | None:
    """What is left of a path below a name at its front; None where it does not begin with that name."""
    if text == name:
        return ""
    return text[len(name) + 1 :] if text.startswith(f"{name}/") else None


def _number(row: Row) -> int:
    return _whole_number(row.get("id"), "id")


def _parent(row: Row) -> int | None:
    """The id of the space above. That of the root is null, left out or 0."""
    parent = row.get("parent_id")
    return None if parent is None else _whole_number(parent, "parent_id") or None


def _whole_number(value: t.Any, key: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise BadAnswer(f"{key} of a space is not a number", method="GET", path=SPACES)


def _name(row: Row) -> str:
    name = row.get("name")
    if not isinstance(name, str) or not name:
        raise BadAnswer("a space has no name", method="GET", path=SPACES)
    return name
