# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blynk's metafields: how a typed value is read, and what may be written to which kind.

Reading and writing are not alike: a value is read as an object with its kind inside, and written as a bare text or number. Only
the kinds that hold a single value have a documented way of writing (docs/vendors/blynk.md, "Metafields").
"""

from __future__ import annotations

import difflib
import math
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleetform.devices.plugins.module_utils._engine.diff import same
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Ambiguous, DeclarationError, Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_answers import Row, needed

LONGEST_TEXT = 255

_TEXT = frozenset({"text", "hotspotname", "imei", "iccid"})
_NUMBER = frozenset({"number", "int", "integer", "measurement"})
_LIST = "list"
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
# Kinds whose value is one scalar, and the key that holds it.
_SCALAR_KEY = {
    **dict.fromkeys((*_TEXT, *_NUMBER, "email", "devicename", "deviceowner", "tz"), "value"),
    _LIST: "selectedOption",
    "image": "url",
    "time": "time",
}
_OTHER_OPTION = {"devicename": "name", "deviceowner": "owner"}
_READ_ONLY_REASON = {
    "email": "the API reads values of kind {kind} and does not write them",
    "image": "the API reads values of kind {kind} and does not write them",
}
_COMPOSITE_REASON = "kind {kind} has no documented way of writing"


@dataclass(frozen=True)
class Metafield:
    """One metafield of a device, or of a template (then ``value`` is None). ``kind`` is None where the vendor did not say it.

    ``value`` is what the device record shows; ``form`` the vendor's object, which holds limits and options; ``told`` is False
    where the kind is only what the bare value looks like.
    """

    id: int
    name: str
    kind: str | None = None
    value: t.Any = None
    form: t.Mapping[str, t.Any] = field(default_factory=dict)
    told: bool = True


def metafields_from_json(rows: t.Sequence[Row], path: str) -> tuple[Metafield, ...]:
    """The metafields of a device. Raises BadAnswer where a documented key is missing."""
    return tuple(_metafield_from_json(row, path) for row in rows)


def definitions_from_json(rows: t.Sequence[Row], path: str) -> tuple[Metafield, ...]:
    """The metafields of a template, without values. Raises BadAnswer where a documented key is missing."""
    return tuple(
        Metafield(needed(row, "id", int, path), needed(row, "name", str, path), row.get("type") or None, form=row) for row in rows
    )


def shown(fields: t.Iterable[Metafield]) -> dict[str, t.Any]:
    """The ``metafields`` of the device record: scalars for the kinds of a single value, else the object without its kind."""
    return {item.name: item.value for item in fields}


def settable(fields: t.Iterable[Metafield]) -> dict[str, t.Any]:
    """The values that there are and that can be set, as far as their kinds are known."""
    kinds = {*_TEXT, *_NUMBER, _LIST, ""}
    return {item.name: item.value for item in fields if item.value is not None and _plain(item.kind) in kinds}


def find(fields: t.Sequence[Metafield], name: str) -> Metafield:
    """The metafield of that name. Raises DeclarationError with the nearest names, Ambiguous where two have it."""
    hits = [item for item in fields if item.name == name]
    if len(hits) > 1:
        listed = ", ".join(str(item.id) for item in hits)
        raise Ambiguous(f"the template has {len(hits)} metafields named {name!r} (ids {listed}); rename one of them")
    if hits:
        return hits[0]
    names = sorted({item.name for item in fields})
    near = difflib.get_close_matches(name, names, n=3) or names[:10]
    raise DeclarationError(
        f"the template has no metafield {name!r}; " + (f"nearest: {', '.join(near)}" if near else "it has none at all")
    )


def declared_value(item: Metafield, value: t.Any, *, secret: bool = False) -> t.Any:
    """The declared value in the form of the metafield's kind: the value of the record where both mean the same.

    Raises DeclarationError for a value that does not fit, Unsupported for a kind that cannot be written. ``secret`` keeps the
    value out of messages.
    """
    kind = _plain(item.kind)
    if value is None:
        if item.value in (None, ""):
            return item.value
        raise Unsupported(
            f"metafields: blynk cannot unset {item.name!r}; the nearest thing it can do is an empty text, for kinds of text"
        )
    if kind in _TEXT:
        text = _text(item, value, secret)
        # A server that sends bare values may send a text of digits as a number.
        return item.value if _real(item.value) and str(item.value) == text else text
    if kind in _NUMBER:
        number = _number(item, value, secret)
        return item.value if isinstance(item.value, str) and _number_of(item.value) == number else number
    if kind == _LIST:
        return _option(item, value, secret)
    if kind:
        return _read_only(item, kind, value)
    # Neither the value nor the template says the kind: the vendor has the last word.
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _wrong(item, value, secret, "its kind is not known; write a text or a number")
    return value


def with_kind(item: Metafield, definitions: t.Sequence[Metafield]) -> Metafield:
    """The metafield with the kind and limits that its template states, for one whose value does not say them."""
    stated = next((row for row in definitions if row.id == item.id and row.kind), None)
    return item if stated is None else Metafield(item.id, item.name, stated.kind, item.value, stated.form)


def without_stale_mirrors(
    values: t.Mapping[str, t.Any], fields: t.Iterable[Metafield], *, renamed: bool, given_away: bool
) -> dict[str, t.Any]:
    """The values without those that mirror a name or an owner of before: what stands there now was not read."""
    stale = {kind for kind, changed in (("devicename", renamed), ("deviceowner", given_away)) if changed}
    gone = {item.name for item in fields if _plain(item.kind) in stale}
    return {name: value for name, value in values.items() if name not in gone}


def _metafield_from_json(row: Row, path: str) -> Metafield:
    number, name, value = needed(row, "id", int, path), needed(row, "name", str, path), row.get("value")
    if isinstance(value, dict):
        kind = value.get("type")
        kind = kind if isinstance(kind, str) else None
        return Metafield(number, name, kind, _shown_value(kind, value), value, told=kind is not None)
    # Older servers send the bare scalar.
    bare = (
        "Text"
        if isinstance(value, str)
        else "Number"
        if isinstance(value, (int, float)) and not isinstance(value, bool)
        else None
    )
    return Metafield(number, name, bare, value, told=False)


def _shown_value(kind: t.Any, value: Row) -> t.Any:
    inner = {name: part for name, part in value.items() if name != "type"}
    key = _SCALAR_KEY.get(_plain(kind))
    if key is not None:
        shown_value = inner.get(key)
        if isinstance(shown_value, str) and _plain(kind) in _NUMBER:
            number = _number_of(shown_value)
            return shown_value if number is None else number
        return shown_value
    return inner["value"] if inner.keys() == {"value"} else inner


def _plain(kind: t.Any) -> str:
    return "".join(character for character in str(kind or "").lower() if character.isalnum())


def _text(item: Metafield, value: t.Any, secret: bool) -> str:
    if isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise _wrong(item, value, secret, "a text is needed")
    text = str(value)
    if len(text) > LONGEST_TEXT:
        raise _wrong(item, value, secret, f"{len(text)} characters are more than {LONGEST_TEXT}")
    if _plain(item.kind) == "imei" and not (len(text) == 15 and text.isascii() and text.isdecimal()):
        raise _wrong(item, value, secret, "an IMEI has 15 digits")
    return text


def _number(item: Metafield, value: t.Any, secret: bool) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _wrong(item, value, secret, "a number is needed")
    number = _number_of(value)
    if number is None:
        raise _wrong(item, value, secret, "a number is needed")
    low, high = item.form.get("min"), item.form.get("max")
    # 0 stands for "not set" in the vendor's examples, so that two equal bounds bound nothing.
    if _real(low) and _real(high) and low < high and not low <= number <= high:
        raise _wrong(item, value, secret, f"it must be from {low:g} to {high:g}")
    if isinstance(number, float) and _plain(item.kind) in ("int", "integer"):
        raise _wrong(item, value, secret, "a whole number is needed")
    return number


def _number_of(value: str | float) -> int | float | None:
    """The number, an int where it is whole; of a text only what a decimal notation of ASCII digits says. None for any other."""
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT or not _DECIMAL.fullmatch(value):
            return None
        if value.lstrip("+-").isdigit():
            return int(value)
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def _option(item: Metafield, value: t.Any, secret: bool) -> str:
    text = _text(item, value, secret)
    options = item.form.get("options")
    if isinstance(options, list) and options and text not in options:
        raise _wrong(item, value, secret, f"it must be one of {', '.join(str(option) for option in options)}")
    return text


def _read_only(item: Metafield, kind: str, value: t.Any) -> t.Any:
    """The record's own value where the declared one is equal."""
    if isinstance(value, dict):
        value = {name: part for name, part in value.items() if name != "type"}
    equal = same(item.value, value)
    if kind == "deviceowner" and isinstance(value, str) and isinstance(item.value, str):
        equal = value.casefold() == item.value.casefold()
    if equal:
        return item.value
    text = f"metafields: blynk cannot set {item.name!r}: "
    if option := _OTHER_OPTION.get(kind):
        raise Unsupported(f"{text}it mirrors what `{option}` sets; declare `{option}` instead")
    reason = _READ_ONLY_REASON.get(kind, _COMPOSITE_REASON).format(kind=item.kind)
    raise Unsupported(f"{text}{reason}; the nearest thing it can do is a metafield of kind Text")


def _wrong(item: Metafield, value: t.Any, secret: bool, reason: str) -> DeclarationError:
    given = "the declared value" if secret else repr(value)
    return DeclarationError(f"metafields: {given} does not fit {item.name!r} (kind {item.kind or 'unknown'}): {reason}")


def _real(value: t.Any) -> t.TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
