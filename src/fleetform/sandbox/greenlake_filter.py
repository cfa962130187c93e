# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GreenLake's ``filter``, ``filter-tags`` and ``sort``: tokens, grammar, evaluation (docs/vendors/greenlake.md, section 8).

::

    expr    := term { "or" term }
    term    := factor { "and" factor }
    factor  := "not" factor | "(" expr ")" | compare
    compare := prop op literal | prop "not" op literal | prop ["not"] "in" list
    list    := literal {"," literal} | "(" same ")" | "[" same "]"
    op      := eq | ne | gt | ge | lt | le
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

Predicate = Callable[[Mapping[str, Any]], bool]
Getter = Callable[[Mapping[str, Any]], Any]

_KEYWORDS = frozenset({"and", "or", "not", "in", "eq", "ne", "gt", "ge", "lt", "le", "true", "false", "null"})
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {"gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le}
_PROPERTY = re.compile(r"[A-Za-z][A-Za-z0-9_./]*")
_WORD = re.compile(r"[^\s'(),\[\]]+")


class FilterError(ValueError):
    """The expression cannot be read; the text says where and why."""


class Property(NamedTuple):
    """A name that can be filtered by: its kind (``string``, ``time``, ``boolean``) and how to read it from a row."""

    kind: str
    get: Getter


class _Token(NamedTuple):
    kind: str  # word, key, text, punctuation, end
    text: str
    place: int


def _tokens(source: str) -> list[_Token]:
    found: list[_Token] = []
    place = 0
    while place < len(source):
        char = source[place]
        if char.isspace():
            place += 1
        elif char == "'":
            text, after = _quoted(source, place)
            found.append(_Token("text", text, place))
            place = after
        elif char in "(),[]":
            found.append(_Token("punctuation", char, place))
            place += 1
        else:
            word = _WORD.match(source, place)
            if word is None:
                raise FilterError(f"unexpected character at {place}")
            lowered = word.group().lower()
            found.append(_Token("key", lowered, place) if lowered in _KEYWORDS else _Token("word", word.group(), place))
            place = word.end()
    found.append(_Token("end", "", len(source)))
    return found


def _quoted(source: str, start: int) -> tuple[str, int]:
    """The literal that begins with the quote at ``start``, and the place after it.

    A quote inside is doubled or follows a backslash. The seed's slip, quotes doubled round the whole value, is read as meant.
    """
    following = source[start + 2 : start + 3]
    if source.startswith("''", start) and following and not following.isspace() and following not in ",)]'":
        end = source.find("''", start + 2)
        if end < 0:
            raise FilterError(f"unterminated string at {start}")
        return source[start + 2 : end], end + 2
    text: list[str] = []
    place = start + 1
    while place < len(source):
        char = source[place]
        if char == "\\" and source[place + 1 : place + 2] in ("'", "\\"):
            text.append(source[place + 1])
            place += 2
        elif char == "'":
            if source[place + 1 : place + 2] != "'":
                return "".join(text), place + 1
            text.append("'")
            place += 2
        else:
            text.append(char)
            place += 1
    raise FilterError(f"unterminated string at {start}")


class _Parser:
    """Recursive descent; what a comparison means is left to the subclass."""

    def __init__(self, source: str) -> None:
        self._found = _tokens(source)
        self._at = 0

    def parse(self) -> Predicate:
        if self._peek().kind == "end":
            raise FilterError("the expression is empty")
        result = self._expr()
        if self._peek().kind != "end":
            raise self._unexpected("end of the expression")
        return result

    def _peek(self) -> _Token:
        return self._found[self._at]

    def _next(self) -> _Token:
        token = self._found[self._at]
        self._at += 1
        return token

    def _take(self, kind: str, text: str) -> bool:
        if self._peek()[:2] == (kind, text):
            self._at += 1
            return True
        return False

    def _unexpected(self, wanted: str) -> FilterError:
        token = self._peek()
        return FilterError(f"expected {wanted} at {token.place}, found {token.text or 'the end'}")

    def _expr(self) -> Predicate:
        parts = [self._term()]
        while self._take("key", "or"):
            parts.append(self._term())
        if len(parts) == 1:
            return parts[0]
        return lambda row: any(part(row) for part in parts)

    def _term(self) -> Predicate:
        parts = [self._factor()]
        while self._take("key", "and"):
            parts.append(self._factor())
        if len(parts) == 1:
            return parts[0]
        return lambda row: all(part(row) for part in parts)

    def _factor(self) -> Predicate:
        if self._take("key", "not"):
            inner = self._factor()
            return lambda row: not inner(row)
        if self._take("punctuation", "("):
            inside = self._expr()
            if not self._take("punctuation", ")"):
                raise self._unexpected(")")
            return inside
        return self._compare()

    def _compare(self) -> Predicate:
        left = self._left()
        negated = self._take("key", "not")
        token = self._peek()
        if token.kind != "key" or token.text not in ("in", "eq", "ne", *_ORDERED):
            raise self._unexpected("an operator")
        self._at += 1
        result = self._meaning(left, token.text, self._list() if token.text == "in" else [self._literal()])
        return (lambda row: not result(row)) if negated else result

    def _list(self) -> list[Any]:
        closing = ""
        for opening, end in (("(", ")"), ("[", "]")):
            if self._take("punctuation", opening):
                closing = end
        values = [self._literal()]
        while self._take("punctuation", ","):
            values.append(self._literal())
        if closing and not self._take("punctuation", closing):
            raise self._unexpected(closing)
        return values

    def _literal(self) -> Any:
        token = self._next()
        if token.kind == "text":
            return token.text
        if token.kind == "key" and token.text in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[token.text]
        self._at -= 1
        if token.kind == "word":
            raise FilterError(f"strings, numbers and dates stand in single quotes: {token.text} at {token.place}")
        raise self._unexpected("a value")

    def _left(self) -> str:
        raise NotImplementedError

    def _meaning(self, left: str, op: str, values: list[Any]) -> Predicate:
        raise NotImplementedError


class _Filter(_Parser):
    def __init__(self, source: str, properties: Mapping[str, Property]) -> None:
        super().__init__(source)
        self._properties = properties

    def _left(self) -> str:
        token = self._next()
        if token.kind != "word" or not _PROPERTY.fullmatch(token.text):
            self._at -= 1
            raise self._unexpected("a property")
        if token.text not in self._properties:
            raise FilterError(f"unknown property {token.text}")
        return token.text

    def _meaning(self, left: str, op: str, values: list[Any]) -> Predicate:
        kind, get = self._properties[left]
        wanted = [_typed(left, kind, value) for value in values]
        if kind == "time":
            raw = get

            def get(row: Mapping[str, Any]) -> Any:
                return instant(raw(row))

        if op == "in":
            options = set(wanted)
            return lambda row: get(row) in options
        value = wanted[0]
        if op == "eq":
            return lambda row: bool(get(row) == value)
        if op == "ne":
            return lambda row: bool(get(row) != value)
        if kind == "boolean":
            raise FilterError(f"{op} does not fit the boolean {left}")
        if value is None:
            return lambda _row: False
        compare = _ORDERED[op]

        def ordered(row: Mapping[str, Any]) -> bool:
            found = get(row)
            return found is not None and compare(found, value)

        return ordered


class _TagFilter(_Parser):
    def _left(self) -> str:
        token = self._next()
        if token.kind != "text":
            self._at -= 1
            raise self._unexpected("a tag key in single quotes")
        return token.text

    def _meaning(self, left: str, op: str, values: list[Any]) -> Predicate:
        if op not in ("eq", "ne", "in"):
            raise FilterError(f"{op} is not available for tags")
        if any(not isinstance(value, str) for value in values):
            raise FilterError("tag values are strings in single quotes")
        key, options = left.lower(), set(values)

        def hit(row: Mapping[str, Any]) -> bool:
            return any(name.lower() == key and value in options for name, value in (row.get("tags") or {}).items())

        return (lambda row: not hit(row)) if op == "ne" else hit


def instant(value: str | None) -> datetime | None:
    """A timestamp or date as an instant in UTC; None stays None.

    :raises ValueError: when it is neither.
    """
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _typed(name: str, kind: str, value: Any) -> Any:
    if value is None:
        return None
    if (kind == "boolean") != isinstance(value, bool):
        raise FilterError(f"{name} does not compare with {value!r}")
    if kind != "time":
        return value
    try:
        return instant(value)
    except ValueError:
        raise FilterError(f"{name} needs a timestamp, not {value!r}") from None


def read_filter(source: str, properties: Mapping[str, Property]) -> Predicate:
    """A test of rows for a ``filter`` expression.

    :raises FilterError: for a syntax error, an unknown property, or a value of the wrong type.
    """
    return _Filter(source, properties).parse()


def read_tag_filter(source: str) -> Predicate:
    """A test of rows (their ``tags``) for a ``filter-tags`` expression.

    :raises FilterError: as :func:`read_filter`.
    """
    return _TagFilter(source).parse()


def read_sort(source: str, properties: Mapping[str, Property]) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    """A sorter for ``property [asc or desc], ...``; null comes first.

    :raises FilterError: for an unknown property or direction.
    """
    wanted: list[tuple[Getter, bool]] = []
    for part in source.split(","):
        words = part.split()
        if not words or len(words) > 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
            raise FilterError(f"cannot read the sort expression {part.strip()!r}")
        if words[0] not in properties:
            raise FilterError(f"unknown property {words[0]}")
        wanted.append((properties[words[0]].get, len(words) == 2 and words[1].lower() == "desc"))

    def sort(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for get, down in reversed(wanted):
            rows = sorted(rows, key=lambda row: (get(row) is not None, get(row) or ""), reverse=down)
        return rows

    return sort
