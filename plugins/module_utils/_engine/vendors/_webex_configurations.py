# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Webex's device configurations as metafields: what a device has, what may be written, and the operations that write it. Pure.

Facts: docs/vendors/webex.md, "Configurations". Each has an effective value, a source (``default`` or ``configured``) and a
value space in the words of JSON Schema, against which a declared value is held before anything is sent.
"""

from __future__ import annotations

import difflib
import math
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.fleetform.devices.plugins.module_utils._engine.diff import same
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import BadAnswer, DeclarationError, Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import HIDDEN, Declaration
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import same_id, text_of

DEFAULT, CONFIGURED = "default", "configured"

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
# What YAML makes true and false of, and what the vendor's value spaces call it.
_WORDS = {True: ("on", "true", "yes"), False: ("off", "false", "no")}
_KINDS: t.Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (),
}
_MOST_NAMED = 20
_REASONS = {
    "NOT_AUTHORIZED": "these credentials may not",
    "CONFIG_MANAGED_BY_DIFFERENT_AUTHORITY": "another system manages it",
}


@dataclass(frozen=True)
class Configuration:
    """One configuration of a device. ``space`` is its value space; ``refused`` says why it cannot be written, if so."""

    key: str
    value: t.Any = None
    source: str = DEFAULT
    default: t.Any = None
    space: t.Mapping[str, t.Any] | None = None
    refused: str | None = None


Configurations = t.Mapping[str, Configuration]


def configurations_from_json(body: t.Any, device_id: str | None = None) -> dict[str, Configuration]:
    """The configurations of an answer by key. Raises BadAnswer where it is not in the documented form, or another device's."""
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, dict):
        raise BadAnswer(
            "the answer lacks the documented key 'items', an object by name", method="GET", path="/deviceConfigurations"
        )
    told = text_of(body, "deviceId")
    if device_id is not None and told is not None and not same_id(told, device_id):
        raise BadAnswer(f"the answer is about another device, {told}", method="GET", path="/deviceConfigurations")
    return {key: _configuration(key, entry) for key, entry in items.items() if isinstance(entry, dict)}


def _configuration(key: str, entry: t.Mapping[str, t.Any]) -> Configuration:
    sources = entry.get("sources")
    sources = sources if isinstance(sources, dict) else {}
    default, configured = (part if isinstance(part := sources.get(name), dict) else {} for name in (DEFAULT, CONFIGURED))
    source = entry.get("source")
    if source not in (DEFAULT, CONFIGURED):
        source = CONFIGURED if configured.get("value") is not None else DEFAULT
    editability = configured.get("editability")
    editability = editability if isinstance(editability, dict) else {}
    refused = None
    # Schema and samples disagree on the name of the flag.
    if editability.get("isEditable", editability.get("editable")) is False:
        reason = editability.get("reason")
        refused = _REASONS.get(
            str(reason), f"the vendor says {reason}" if isinstance(reason, str) else "the vendor does not say why"
        )
    space = entry.get("valueSpace")
    return Configuration(
        key, entry.get("value"), source, default.get("value"), space if isinstance(space, dict) else None, refused
    )


def shown(configurations: Configurations) -> dict[str, t.Any]:
    """The ``metafields`` of the record: the effective values."""
    return {key: item.value for key, item in configurations.items()}


def configured(configurations: Configurations) -> dict[str, t.Any]:
    """The values that somebody has set and that can be set."""
    return {key: item.value for key, item in configurations.items() if item.source == CONFIGURED and item.refused is None}


@dataclass(frozen=True)
class Wanted:
    """Declared configurations: values by key, which of them go back to the default, and which do although the value is equal."""

    values: dict[str, t.Any]
    reset: frozenset[str]
    forced: frozenset[str]


def wanted_values(declaration: Declaration, held: Configurations) -> Wanted:
    """What the declared configurations of a device come to. Raises DeclarationError that names key and allowed values."""
    values: dict[str, t.Any] = {}
    reset: set[str] = set()
    forced: set[str] = set()
    declared = declaration.metafields or {}
    for key in (*declared, *(declaration.absent_metafields or ())):
        item = _find(held, key)
        secret = key in declaration.secret_metafields
        if declared.get(key) is not None:
            value = fitting(item, declared[key], secret=secret)
        elif item.source == DEFAULT:
            continue
        else:
            value = item.default
            reset.add(key)
            if same(item.value, value):
                forced.add(key)
        values[key] = value
        if item.refused and (key in forced or not same(item.value, value)):
            seen = "" if secret else f" (it is {item.value!r}, declared is {value!r})"
            raise Unsupported(
                f"metafields: webex cannot set {key!r}{seen}: {item.refused}; the nearest thing it can do is `tags`"
            )
    return Wanted(values, frozenset(reset), frozenset(forced))


def _find(held: Configurations, key: str) -> Configuration:
    if key in held:
        return held[key]
    near = difflib.get_close_matches(key, held, n=3)
    folded = [name for name in held if name.casefold() == key.casefold()]
    known = ", ".join([*folded, *(name for name in near if name not in folded)][:3])
    raise DeclarationError(
        f"metafields: the device has no configuration {key!r}; "
        + (f"nearest: {known}" if known else f"it has {len(held)} others")
    )


def fitting(item: Configuration, value: t.Any, *, secret: bool = False) -> t.Any:
    """The declared value as the value space has it. Raises DeclarationError that says what is allowed."""
    space = item.space
    if isinstance(value, (dict, list, tuple)):
        raise _wrong(item, value, "a single value is needed", secret)
    if isinstance(value, float) and not math.isfinite(value):
        raise _wrong(item, value, "it is no number that JSON can hold", secret)
    if not space or same(item.value, value):
        return item.value if same(item.value, value) else value
    enum = space.get("enum")
    if isinstance(enum, list) and enum:
        return _of_enum(item, value, enum, secret)
    kinds = _kinds(space)
    value = _coerced(value, kinds)
    if kinds and not _is_kind(value, kinds):
        raise _wrong(item, value, f"it must be {_words(kinds)}{_bounds(space)}", secret)
    if problem := _beyond(value, space):
        raise _wrong(item, value, f"it must {problem}", secret)
    return value


def _kinds(space: t.Mapping[str, t.Any]) -> list[str]:
    kind = space.get("type")
    named = kind if isinstance(kind, list) else [kind]
    return [name for name in named if isinstance(name, str) and name in _KINDS and name != "null"]


def _of_enum(item: Configuration, value: t.Any, enum: list[t.Any], secret: bool) -> t.Any:
    for entry in enum:
        if entry.__class__ is value.__class__ and entry == value:
            return entry
    if isinstance(value, bool):
        # YAML reads On and Off as true and false.
        near = [entry for entry in enum if isinstance(entry, str) and entry.casefold() in _WORDS[value]]
    else:
        near = [entry for entry in enum if not isinstance(entry, bool) and str(entry) == str(value)]
    if len(near) == 1:
        return near[0]
    listed = ", ".join(repr(entry) for entry in enum[:_MOST_NAMED]) + (", ..." if len(enum) > _MOST_NAMED else "")
    raise _wrong(item, value, f"it must be one of {listed}", secret)


def _coerced(value: t.Any, kinds: t.Sequence[str]) -> t.Any:
    """A number or boolean that was written as text, and text that YAML took for a number, where only one kind is possible."""
    if len(kinds) != 1 or _is_kind(value, kinds):
        return value
    if kinds[0] == "string" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if kinds[0] == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if kinds[0] == "boolean" and isinstance(value, str) and value.casefold() in ("true", "false"):
        return value.casefold() == "true"
    if kinds[0] in ("integer", "number") and isinstance(value, str) and _DECIMAL.fullmatch(value):
        number = float(value)
        if value.lstrip("+-").isdigit():
            return int(value)
        if math.isfinite(number) and (kinds[0] == "number" or number.is_integer()):
            return int(number) if kinds[0] == "integer" else number
    return value


def _is_kind(value: t.Any, kinds: t.Sequence[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in kinds
    return any(isinstance(value, _KINDS[kind]) for kind in kinds if kind != "boolean")


def _beyond(value: t.Any, space: t.Mapping[str, t.Any]) -> str | None:
    """What the value must be beside its kind, where it is not."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = _number(space.get("minimum")), _number(space.get("maximum"))
        if (low is not None and value < low) or (high is not None and value > high):
            return _range("be", low, high)
    if isinstance(value, str):
        low, high = _number(space.get("minLength")), _number(space.get("maxLength"))
        if (low is not None and len(value) < low) or (high is not None and len(value) > high):
            return f"{_range('have', low, high)} characters, and has {len(value)}"
        pattern = space.get("pattern")
        if isinstance(pattern, str) and not _matches(pattern, value):
            return f"fit the pattern {pattern}"
    return None


def _matches(pattern: str, value: str) -> bool:
    """Whether a text has the pattern in it, as JSON Schema means it; a pattern that Python cannot read is left to the vendor."""
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return True


def _number(value: t.Any) -> float | None:
    """A bound, also one that is written as text."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _range(verb: str, low: float | None, high: float | None) -> str:
    if low is None:
        return f"{verb} at most {high:g}"
    return f"{verb} at least {low:g}" if high is None else f"{verb} {low:g} to {high:g}"


def _bounds(space: t.Mapping[str, t.Any]) -> str:
    low, high = _number(space.get("minimum")), _number(space.get("maximum"))
    return "" if low is None and high is None else f" ({_range('from', low, high).removeprefix('from ')})"


def _words(kinds: t.Sequence[str]) -> str:
    named = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
    return " or ".join(named[kind] for kind in kinds)


def _wrong(item: Configuration, value: t.Any, reason: str, secret: bool) -> DeclarationError:
    given = HIDDEN if secret else repr(value)
    return DeclarationError(f"metafields: {given} does not fit {item.key!r}: {reason}")


def operation(key: str, value: t.Any, *, reset: bool) -> dict[str, t.Any]:
    """The JSON Patch operation for one configuration; back to the default is a ``remove``, for null cannot be written."""
    path = f"{key}/sources/configured/value"
    return {"op": "remove", "path": path} if reset else {"op": "replace", "path": path, "value": value}


def not_in_effect(held: Configurations, wanted: t.Mapping[str, t.Any], reset: t.Collection[str]) -> list[str]:
    """The keys that do not show what was written."""
    wrong = []
    for key, value in wanted.items():
        item = held.get(key)
        if key in reset:
            right = item is None or item.source == DEFAULT
        else:
            right = item is not None and same(item.value, value)
        if not right:
            wrong.append(key)
    return wrong
