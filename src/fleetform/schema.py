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
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import NEVER_EMPTY
from ansible_collections.fleetform.devices.plugins.module_utils._engine.limits import ACTIONS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import RECORD_FIELDS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import ACTIONS as CHANGES
from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import DECLARATION, FORMAT, REFUSED, VENDOR
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import PACE_CLASSES
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Ansible's marks around options, values, environment variables, modules and code.
_MARKUP = re.compile(r"\b[OVEMCIB]\(([^)]*)\)")
_TEMPLATE: Schema = {"type": "string", "pattern": r"\{\{|\{%"}
_NOTHING: Schema = {"type": "null"}
_TEXT: Schema = {"type": "string", "pattern": r"\S"}
_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_COUNT: Schema = {"type": "integer", "minimum": 1}
# Account options may be written as texts as well, as they are in the environment.
_SECONDS: Schema = {
    "anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": r"^\s*[0-9.]+(e[0-9]+)?\s*$"}]
}
_TYPES: Mapping[str, Schema] = {
    "str": {"type": "string"},
    "path": {"type": "string"},
    "bool": {"type": "boolean"},
    "dict": {"type": "object"},
    "raw": {},
}


def _any(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


_OWN: Mapping[str, Schema] = {
    "account": _TEXT,
    "tags": _any(
        {"type": "array", "items": {**_SCALAR, "minLength": 1}},
        {"type": "object", "additionalProperties": {"type": [*_SCALAR["type"], "null"]}},
    ),
    "applications": {"type": "object", "additionalProperties": _any({"enum": ["ENABLED", "DISABLED"]}, _TEMPLATE)},
    "subscriptions": {
        "type": "array",
        "items": _any(
            {"type": "string", "minLength": 1},
            *(
                {"type": "object", "properties": {name: {"type": "string", "minLength": 1}}, "required": [name]}
                for name in ("id", "key")
            ),
        ),
    },
    "secret_metafields": {"type": "array", "items": {"type": "string"}},
    "mac": {"type": "string", "pattern": "^[^0-9A-Za-z]*([0-9A-Fa-f][^0-9A-Za-z]*){12}$"},
}
"""What a device's options take where their type alone says too little."""

_OWN_OF_ACCOUNTS: Mapping[str, Schema] = {
    "url": {"type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/]"},
    "token_url": {"type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/]"},
    "api_version": _any(_TEXT, {"type": "number"}),
    "validate_certs": _any({"type": "boolean"}, {"enum": [0, 1, "true", "false", "yes", "no", "on", "off", "1", "0"]}),
    "timeout": _SECONDS,
    "deadline": _SECONDS,
    "concurrency": _any({"type": "integer", "minimum": 1, "maximum": 64}, {"type": "string", "pattern": "^[1-9][0-9]?$"}),
    "requests_per_minute": _any(
        _COUNT,
        {"type": "string", "pattern": r"^\s*([1-9][0-9]*|\{.*\})\s*$"},
        {
            "type": "object",
            "properties": {
                name: _any(_COUNT, {"type": "string", "pattern": "^0*[1-9][0-9]*$"}, _TEMPLATE, _NOTHING) for name in PACE_CLASSES
            },
            "additionalProperties": False,
        },
    ),
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


def _option(name: str, option: Mapping[str, Any], own: Mapping[str, Schema]) -> Schema:
    """One option. It may be null as well, which means that it is not declared, and a template wherever it is a value."""
    if "choices" in option:
        schema: Schema = {"enum": list(option["choices"])}
    else:
        schema = own.get(name) or _TYPES[option["type"]]
    described = {"description": _descriptions()[name]} if name in _descriptions() else {}
    return {**described, **_any(schema, _TEMPLATE, _NOTHING)}


def _object(options: Mapping[str, Mapping[str, Any]], own: Mapping[str, Schema], more: Schema | None = None) -> Schema:
    properties = {name: _option(name, option, own) for name, option in options.items()}
    return {"type": "object", "properties": {**(more or {}), **properties}, "additionalProperties": False}


def _account() -> Schema:
    """An account. One that says nothing has everything from the environment; one that says something says its vendor."""
    texts = {name: _TEXT for name, option in argspec.ACCOUNT.items() if option["type"] in ("str", "path")}
    account = _object(argspec.ACCOUNT, {**texts, "vendor": {"enum": list(VENDORS)}, **_OWN_OF_ACCOUNTS})
    says_vendor = {"properties": {"vendor": {"type": "string"}}, "required": ["vendor"]}
    return _any({**account, **_any(says_vendor, {"maxProperties": 0})}, _NOTHING)


def _identified() -> Schema:
    """That something says which device is meant."""
    ways = ({"properties": {name: {"type": "string"}}, "required": [name]} for name in argspec.IDENTITY)
    return {"type": "object", **_any(*ways)}


def fleet_schema() -> Schema:
    """The schema of a fleet file."""
    account = {"description": "The account that the device is in.", **_any(_TEXT, _NOTHING)}
    named = {"account": account}
    own = {**dict.fromkeys(NEVER_EMPTY, _TEXT), **_OWN}
    device = _object({**argspec.IDENTITY, **argspec.DECLARATION, **argspec.METAFIELDS}, own, named)
    most: Mapping[str, Schema] = {"percent": {"maximum": 100}, "count": {}}
    limit = {
        "type": "object",
        "properties": {name: {"type": "integer", "minimum": 0, **bound} for name, bound in most.items()},
        "additionalProperties": False,
        "minProperties": 1,
    }
    key = f"^({'|'.join(RECORD_FIELDS)})(\\..*)?$"
    wanted = {"not": _any(_NOTHING, {"type": "array", "contains": _NOTHING})}
    scope = {"type": "object", "patternProperties": {key: wanted}, "additionalProperties": False, "minProperties": 1}
    prune = {
        "type": "object",
        "properties": {**named, "scope": scope},
        "required": ["scope"],
        "additionalProperties": False,
    }
    limits = {"type": "object", "properties": dict.fromkeys(ACTIONS, limit), "additionalProperties": False}
    identified = _identified()
    return {
        "$schema": DIALECT,
        "title": "fleetform fleet file",
        **_any({"type": "object"}, _NOTHING),
        "properties": {
            "accounts": _any(
                {"type": "object", "propertyNames": {"pattern": r"\S"}, "additionalProperties": _account()}, _NOTHING
            ),
            "vars_files": _any({"type": "array", "items": _TEXT}, _NOTHING),
            "defaults": _any(device, _NOTHING),
            "devices": _any({"type": "array", "items": device}, _NOTHING),
            "prune": _any({"type": "array", "items": prune}, _NOTHING),
            "max_changes": _any(limits, _NOTHING),
        },
        "additionalProperties": False,
        # The defaults may say which device is meant, which is of use for a file with one device only.
        "if": {"properties": {"defaults": {"not": identified}}},
        "then": {"properties": {"devices": {"items": identified}}},
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
    error = {"account": maybe, "address": maybe, "kind": text, "cause": {"enum": [DECLARATION, VENDOR, REFUSED]}, "message": text}
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
