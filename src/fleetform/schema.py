# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON Schemas: of fleet files, made from argument specs and documentation, for editors; of the JSON plan, for programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from ansible_collections.fleetform.devices.plugins.doc_fragments import account, declaration, identity, metafields
from ansible_collections.fleetform.devices.plugins.module_utils._engine import argspec
from ansible_collections.fleetform.devices.plugins.module_utils._engine.limits import ACTIONS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import RECORD_FIELDS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import ACTIONS as CHANGES
from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import DECLARATION, FORMAT, VENDOR

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Ansible's marks around options, values, environment variables, modules and code.
_MARKUP = re.compile(r"\b[OVEMCIB]\(([^)]*)\)")
_TEMPLATE: Schema = {"type": "string", "pattern": r"\{\{|\{%"}
_TYPES: Mapping[str, Schema] = {
    "str": {"type": "string"},
    "path": {"type": "string"},
    "bool": {"anyOf": [{"type": "boolean"}, _TEMPLATE]},
    "int": {"anyOf": [{"type": "integer"}, _TEMPLATE]},
    "float": {"anyOf": [{"type": "number"}, _TEMPLATE]},
    "dict": {"anyOf": [{"type": "object"}, _TEMPLATE]},
    "raw": {},
}


@cache
def _descriptions() -> dict[str, str]:
    """What the documentation says of each option, as one text."""
    found: dict[str, str] = {}
    for module in (account, declaration, identity, metafields):
        for name, option in yaml.safe_load(module.ModuleDocFragment.DOCUMENTATION)["options"].items():
            words = option["description"]
            text = " ".join(words) if isinstance(words, list) else words
            found.setdefault(name, _MARKUP.sub(r"\1", text))
    return found


def _option(name: str, option: Mapping[str, Any]) -> Schema:
    """One option. It may be null as well, which means that it is not declared."""
    kind = option["type"]
    schema = {"type": "array", "items": _TYPES[option["elements"]]} if kind == "list" else _TYPES[kind]
    if "choices" in option:
        schema = {"anyOf": [{"enum": list(option["choices"])}, _TEMPLATE]}
    described = {"description": _descriptions()[name]} if name in _descriptions() else {}
    return {**described, "anyOf": [schema, {"type": "null"}]}


def _object(options: Mapping[str, Mapping[str, Any]], more: Schema | None = None) -> Schema:
    properties = {name: _option(name, option) for name, option in options.items()}
    return {"type": "object", "properties": {**(more or {}), **properties}, "additionalProperties": False}


def fleet_schema() -> Schema:
    """The schema of a fleet file."""
    named = {"account": {"description": "The account that the device is in.", "type": "string"}}
    device = _object({**argspec.IDENTITY, **argspec.DECLARATION, **argspec.METAFIELDS}, named)
    limit = {
        "type": "object",
        "properties": {name: {"type": "integer", "minimum": 0} for name in ("percent", "count")},
        "additionalProperties": False,
        "minProperties": 1,
    }
    key = f"^({'|'.join(RECORD_FIELDS)})(\\..+)?$"
    scope = {"type": "object", "patternProperties": {key: {}}, "additionalProperties": False, "minProperties": 1}
    prune = {
        "type": "object",
        "properties": {**named, "scope": scope},
        "required": ["scope"],
        "additionalProperties": False,
    }
    return {
        "$schema": DIALECT,
        "title": "fleetform fleet file",
        "type": "object",
        "properties": {
            "accounts": {"type": "object", "additionalProperties": _object(argspec.ACCOUNT)},
            "vars_files": {"type": "array", "items": {"type": "string"}},
            "defaults": device,
            "devices": {"type": "array", "items": device},
            "prune": {"type": "array", "items": prune},
            "max_changes": {"type": "object", "properties": dict.fromkeys(ACTIONS, limit), "additionalProperties": False},
        },
        "additionalProperties": False,
    }


def plan_schema() -> Schema:
    """The schema of a plan as `--format json` prints it and `--out` saves it."""
    text, maybe = {"type": "string"}, {"type": ["string", "null"]}
    count = {"type": "integer", "minimum": 0}
    actions = ["create", "update", "delete", "no-op"]
    changes = sorted({*CHANGES.values(), "claim", "create_space", "delete", "remove_owner", "unarchive"})
    call = {
        "type": "object",
        "properties": {"method": text, "path": text, "path_id": {}, "query": {"type": "array"}, "body": {}},
        "required": ["method", "path"],
        "additionalProperties": False,
    }
    device = {
        "address": text,
        "account": maybe,
        "vendor": text,
        "id": maybe,
        "name": maybe,
        "serial": maybe,
        "model": maybe,
        "actions": {"type": "array", "items": {"enum": actions}, "minItems": 1, "maxItems": 1},
        "before": {"type": ["object", "null"]},
        "after": {"type": ["object", "null"]},
        "after_unknown": {"type": "array", "items": text},
        "sensitive": {"type": "array", "items": text},
        "irreversible": {"type": "boolean"},
        "reason": maybe,
        "declared_at": maybe,
    }
    change = {
        "address": text,
        "action": {"enum": changes},
        "attribute": maybe,
        "before": {},
        "after": {},
        "calls": {"type": "array", "items": call},
    }
    error = {"account": maybe, "address": maybe, "kind": text, "cause": {"enum": [DECLARATION, VENDOR]}, "message": text}
    seconds = {"type": "number", "minimum": 0}
    effort = {"type": "object", "properties": {"calls": count, "seconds": seconds}, "required": ["calls", "seconds"]}
    summary = dict.fromkeys(("create", "update", "delete", "unchanged", "unverified", "calls"), count)
    properties: Schema = {
        "format": {"const": FORMAT},
        "tool_version": text,
        "created_at": {"type": "string", "format": "date-time"},
        "expires_at": {"type": "string", "format": "date-time"},
        "complete": {"type": "boolean"},
        "warnings": {"type": "array", "items": text},
        "errors": {"type": "array", "items": {"type": "object", "properties": error, "required": list(error)}},
        "blocked": {"type": "array", "items": {"type": "object", "required": ["address", "reason"]}},
        "summary": {
            "type": "object",
            "properties": {**summary, "seconds": seconds},
            "required": [*summary, "seconds"],
        },
        "effort": {"type": "object", "additionalProperties": effort},
        "devices": {"type": "array", "items": {"type": "object", "properties": device, "required": list(device)}},
        "changes": {"type": "array", "items": {"type": "object", "properties": change, "required": list(change)}},
    }
    return {
        "$schema": DIALECT,
        "title": "fleetform plan",
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }
