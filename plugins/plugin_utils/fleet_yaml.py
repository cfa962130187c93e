# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text of a fleet file as nodes with their places, and what these stand for, without Ansible: no vault, no template.

Ansible takes a file for JSON first and for YAML otherwise, and so does this.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass

import yaml

TEXT_TAG = "tag:yaml.org,2002:str"
NULL_TAG = "tag:yaml.org,2002:null"
MERGE_TAG = "tag:yaml.org,2002:merge"
IN_QUOTES = 'a value that begins with {{ must be in quotes: "{{ ... }}"'

OPEN: t.Final = object()
"""Stands for a vaulted value, which nobody knows before it is opened."""

_VAULT_TAGS = frozenset({"!vault", "!vault-encrypted"})
_UNSAFE_TAG = "!unsafe"
_TIME_TAG = "tag:yaml.org,2002:timestamp"
_KNOWN_TAGS = frozenset(
    {TEXT_TAG, NULL_TAG, MERGE_TAG, _TIME_TAG, _UNSAFE_TAG, *_VAULT_TAGS}
    | {f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "map", "seq")}
)
TEXT_TAGS = frozenset({TEXT_TAG, _UNSAFE_TAG, *_VAULT_TAGS})
"""Tags of what is a text to Ansible: its own are a vaulted text, and a text that is no template."""

_SIGNS = ("{{", "{%", "{#", "#jinja2:")
_DEEPEST = 100
_MOST_REPEATED = 1_000_000
_HALF = re.compile("[\ud800-\udfff]+")
# An escape of JSON: one half of a character followed by its other half, or any other one.
_ESCAPE = re.compile(r"\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|.)", re.IGNORECASE)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where: lines and columns from 1."""

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.text}"


class Unreadable(Exception):
    """The text is no YAML, or none that can be looked into. ``place`` is line and column, from 1."""

    def __init__(self, text: str, place: tuple[int, int] = (1, 1)) -> None:
        super().__init__(text)
        self.text = text
        self.place = place


# The same nodes and marks as the parser in Python, in a tenth of the time.
_Loader: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _JsonLoader(_Loader):  # type: ignore[misc]
    """Takes 1e5 for the number that it is in JSON."""


_JsonLoader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"-?\d+(?:\.\d+)?[eE][-+]?\d+\Z"), ["-", *"0123456789"])


def place_of(node: yaml.Node) -> tuple[int, int]:
    """Line and column of a node, from 1."""
    return node.start_mark.line + 1, node.start_mark.column + 1


def compose(text: str) -> yaml.Node | None:
    """The node of the whole text, None where nothing stands in it. Raises Unreadable."""
    loader = _Loader
    if _is_json(text):
        # No text of JSON holds a tab, and YAML wants blanks and whole characters.
        text, loader = _ESCAPE.sub(_whole, text.replace("\t", " ")), _JsonLoader
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        raise _unreadable(text, error) from None
    except yaml.reader.ReaderError as error:
        raise _unprintable(text, error) from None
    except yaml.YAMLError as error:
        raise Unreadable(f"this is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        # PyYAML goes down one call for each level.
        raise Unreadable("this cannot be read: it is nested too deeply") from None
    except ValueError as error:
        # It makes characters of escapes before it knows whether there are such.
        raise Unreadable(f"this cannot be read: {error}") from None
    if node is not None:
        _Shape().look_at(node, 0)
    return node


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _whole(escape: re.Match[str]) -> str:
    """Two halves of a character as YAML writes the whole."""
    if escape[1] is None:
        return escape[0]
    character = bytes.fromhex(escape[1] + escape[2]).decode("utf-16-be")
    return f"\\U{ord(character):08x}"


def _unprintable(text: str, error: yaml.reader.ReaderError) -> Unreadable:
    """The problem of a character that YAML does not have."""
    # The parser in C counts the bytes before it.
    by_characters = error.encoding == "unicode"
    before = text[: error.position] if by_characters else text.encode()[: error.position].decode("utf-8", "ignore")
    place = before.count("\n") + 1, len(before) - before.rfind("\n")
    character = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or "\0")
    return Unreadable(f"this is not YAML: the character #x{character:04x} may not stand here; take it away", place)


def _unreadable(text: str, error: yaml.MarkedYAMLError) -> Unreadable:
    """A problem of the parser in words, at the place where a person has to look."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Unreadable(f"this is not YAML: {error.problem}")
    if "escape code" in (error.problem or ""):
        return Unreadable(_half_a_character(""), (mark.line + 1, mark.column + 1))
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    words = " ".join(part for part in (error.context, error.problem) if part)
    if mark.index >= len(text.rstrip()) and error.context_mark is not None and error.context_mark.index < mark.index:
        # What was opened and never closed is told where it was opened, not at the end of the file.
        mark = error.context_mark
        if "quoted scalar" in (error.context or ""):
            words = "this quote is never closed"
        elif "flow" in (error.context or ""):
            words = "this bracket is never closed"
    elif "cannot start any token" in words and line[mark.column : mark.column + 1] == "\t":
        words = "a tab stands here; indent with blanks"
    near = " ".join(lines[max(0, mark.line - 1) : mark.line + 1])
    hint = f"; {IN_QUOTES}" if "{{" in near else ""
    return Unreadable(f"this is not YAML: {words}{hint}", (mark.line + 1, mark.column + 1))


def _half_a_character(text: str) -> str:
    """What to say of halves of characters; both halves in a row are shown as the character that they make."""
    try:
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        whole = ""
    shown = f": {whole}" if whole else ""
    return f"this is half a character (\\ud800 to \\udfff), which YAML cannot put together; write the character itself{shown}"


class _Shape:
    """Looks at each node once, however often it is meant: what holds itself, goes too deep or is too much raises Unreadable."""

    def __init__(self) -> None:
        # How many values a node stands for once every anchor is filled in, and how many levels of them.
        self._known: dict[int, tuple[int, int]] = {}
        self._within: set[int] = set()

    def look_at(self, node: yaml.Node, level: int) -> tuple[int, int]:
        """The size and the depth of a node."""
        known = self._known.get(id(node))
        if level + (known[1] if known else 0) > _DEEPEST:
            raise Unreadable("this is nested too deeply", place_of(node))
        if known is None:
            known = self._known[id(node)] = self._looked_at(node, level)
            # Every node that was looked at is written once; the rest comes of anchors.
            if known[0] - len(self._known) > _MOST_REPEATED:
                text = f"the anchors in this stand for more than {_MOST_REPEATED} values; write it with fewer of them"
                raise Unreadable(text, place_of(node))
        return known

    def _looked_at(self, node: yaml.Node, level: int) -> tuple[int, int]:
        if id(node) in self._within:
            raise Unreadable("this anchor holds itself", place_of(node))
        if node.tag not in _KNOWN_TAGS:
            raise Unreadable(self._stray_tag(node), place_of(node))
        if isinstance(node, yaml.ScalarNode):
            if not node.value.isascii() and (half := _HALF.search(node.value)):
                raise Unreadable(_half_a_character(half[0]), place_of(node))
            return 1, 0
        parts = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else node.value
        self._within.add(id(node))
        found = [self.look_at(part, level + 1) for part in parts]
        self._within.discard(id(node))
        return 1 + sum(size for size, _depth in found), 1 + max((depth for _size, depth in found), default=0)

    @staticmethod
    def _stray_tag(node: yaml.Node) -> str:
        if node.tag == "tag:yaml.org,2002:value":
            return '= alone means something else to YAML; quote it: "="'
        shown = node.tag.replace("tag:yaml.org,2002:", "!!")
        return f"the tag {shown} means nothing here, only !vault and !unsafe do; take it away"


class Values:
    """What nodes stand for, as Ansible hands it on: a date is a text, and what is vaulted is OPEN."""

    def __init__(self) -> None:
        self._scalars = yaml.constructor.SafeConstructor()
        self._made: dict[int, t.Any] = {}

    def of(self, node: yaml.Node) -> t.Any:
        """The value of a node whose shape is known to be right. Raises ValueError for a date or number that there is not."""
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        key = id(node)
        if key not in self._made:
            if isinstance(node, yaml.MappingNode):
                self._made[key] = {self._key(name): self.of(value) for name, value in merged(node)}
            else:
                self._made[key] = [self.of(value) for value in node.value]
        return self._made[key]

    def _key(self, node: yaml.Node) -> str:
        return str(node.value) if isinstance(node, yaml.ScalarNode) else ""

    def _scalar(self, node: yaml.ScalarNode) -> t.Any:
        if node.tag == TEXT_TAG:
            return node.value
        if node.tag in _VAULT_TAGS:
            return OPEN
        if node.tag == _UNSAFE_TAG:
            tag = yaml.resolver.Resolver().resolve(yaml.ScalarNode, node.value, (node.style in (None, ""), False))
            node = yaml.ScalarNode(tag, node.value, node.start_mark, node.end_mark)
        try:
            value = self._scalars.construct_object(node)
        except (yaml.YAMLError, OverflowError, KeyError) as error:
            raise ValueError(str(error)) from None
        return str(value) if node.tag == _TIME_TAG else value


def merged(node: yaml.MappingNode) -> t.Iterator[tuple[yaml.Node, yaml.Node]]:
    """The pairs of a mapping with those that merge keys bring, in such an order that the last of two equal keys counts."""
    for key, value in node.value:
        if key.tag == MERGE_TAG:
            parts = value.value if isinstance(value, yaml.SequenceNode) else [value]
            # Of several the first one counts.
            for part in reversed(parts):
                if isinstance(part, yaml.MappingNode):
                    yield from merged(part)
    for key, value in node.value:
        if key.tag != MERGE_TAG:
            yield key, value


def is_open(value: t.Any) -> bool:
    """Whether a value is known only once it is rendered or opened. Names are never rendered."""
    if isinstance(value, str):
        return any(sign in value for sign in _SIGNS)
    if isinstance(value, dict):
        return any(is_open(item) for item in value.values())
    if isinstance(value, list):
        return any(is_open(item) for item in value)
    return value is OPEN
