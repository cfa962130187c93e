# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Holding a configuration against a model's JSON schema: the keywords of draft 6 that the seeds use."""

from __future__ import annotations

import re
from typing import Any

_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def complaint(value: Any, schema: dict[str, Any], where: str = "configuration") -> str | None:
    """The first thing that is wrong with ``value``, as one sentence that shows no value; None when it fits."""
    kind = schema.get("type")
    if kind is not None:
        right = isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))
        if not right:
            return f"{where} must be of type {kind}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where} must be one of {', '.join(map(str, schema['enum']))}"
    if isinstance(value, str):
        return _text(value, schema, where)
    if isinstance(value, (int, float)):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        return None if low <= value <= high else f"{where} must be between {low} and {high}"
    if isinstance(value, list):
        entries = (complaint(entry, schema.get("items", {}), f"{where}/{place}") for place, entry in enumerate(value))
        return next((found for found in entries if found), None)
    if isinstance(value, dict):
        return _object(value, schema, where)
    return None


def _text(value: str, schema: dict[str, Any], where: str) -> str | None:
    if len(value) > schema.get("maxLength", len(value)):
        return f"{where} must have at most {schema['maxLength']} characters"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return f"{where} must match {schema['pattern']}"
    return None


def _object(value: dict[str, Any], schema: dict[str, Any], where: str) -> str | None:
    for name in schema.get("required", ()):
        if name not in value:
            return f"{where}/{name} is required"
    properties = schema.get("properties", {})
    for name, part in value.items():
        if name in properties:
            found = complaint(part, properties[name], f"{where}/{name}")
            if found:
                return found
        elif schema.get("additionalProperties") is False:
            return f"{where}/{name} is not in the schema of the model"
    return None
