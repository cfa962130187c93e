# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each task accepts, as plain data: one group of options per documentation fragment, under the same name.

Account options have no default here: settings.py fills them in, after the environment was asked. ``vendor`` has no choices, so
that a further vendor is not a change to every module. Structures that may hold a secret somewhere inside are marked ``no_log``,
which keeps them out of the target's system log; which of their values are secrets is decided by tasks.secret_values.
"""

from __future__ import annotations

import copy
import typing as t

Options = dict[str, dict[str, t.Any]]

ACCOUNT: Options = {
    "vendor": {"type": "str"},
    "url": {"type": "str"},
    "token": {"type": "str", "no_log": True},
    "client_id": {"type": "str"},
    "client_secret": {"type": "str", "no_log": True},
    "refresh_token": {"type": "str", "no_log": True},
    "token_url": {"type": "str", "no_log": False},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "organization": {"type": "str"},
    "runtime": {"type": "str"},
    "api_version": {"type": "str"},
    "response_format": {"type": "str", "choices": ["json", "xml"]},
    "locale": {"type": "str"},
    "validate_certs": {"type": "bool"},
    "ca_path": {"type": "path"},
    "timeout": {"type": "float"},
    "deadline": {"type": "float"},
    "concurrency": {"type": "int"},
    "requests_per_minute": {"type": "raw"},
}

ACCOUNTS: Options = {
    "accounts": {"type": "dict", "no_log": True},
    "account": {"type": "str"},
}

IDENTITY: Options = {
    "device_id": {"type": "str"},
    "serial": {"type": "str"},
    "mac": {"type": "str"},
    "cloud_id": {"type": "str"},
    "name": {"type": "str"},
}

METAFIELDS: Options = {
    "metafields_policy": {"type": "str", "default": "when_changed", "choices": ["when_changed", "always"]},
    "state_path": {"type": "path"},
    "secret_metafields": {"type": "list", "elements": "str", "no_log": False},
}

REHEARSAL: Options = {
    "validate_at_vendor": {"type": "bool", "default": False},
}

DECLARATION: Options = {
    "previous_name": {"type": "str"},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "model": {"type": "str"},
    "device_type": {"type": "str"},
    "space": {"type": "str"},
    "create_space": {"type": "bool", "default": False},
    "rename_shared_space": {"type": "bool", "default": False},
    "transfer_to": {"type": "str"},
    "owner": {"type": "str"},
    "tags": {"type": "raw"},
    "purge_tags": {"type": "bool", "default": False},
    "metafields": {"type": "dict", "no_log": True},
    "status": {"type": "str"},
    "applications": {"type": "dict"},
    "application": {"type": "dict"},
    "subscriptions": {"type": "list", "elements": "str"},
    "contact": {"type": "dict"},
    "warranty": {"type": "dict"},
    "archived": {"type": "bool"},
    "protect": {"type": "bool", "default": False},
}

READING: Options = {
    "search": {"type": "str"},
    "filters": {"type": "dict"},
    "vendor_filter": {"type": "str"},
    "vendor_filter_tags": {"type": "str"},
    "fields": {"type": "list", "elements": "str"},
    "sort": {"type": "list", "elements": "str"},
    "limit": {"type": "int"},
    "page_size": {"type": "int"},
    "group_by": {"type": "str"},
    "include_sub_organizations": {"type": "bool", "default": False},
    "owner_email": {"type": "str"},
    "user_email": {"type": "str"},
    "activated_within": {"type": "int"},
    "gather": {
        "type": "list",
        "elements": "str",
        "choices": ["tags", "metafields", "online", "timeline", "logs", "base_info"],
    },
    "event_type": {"type": "str"},
    "include_raw": {"type": "bool", "default": False},
}


def _without_defaults(options: Options) -> Options:
    """The same options for one device of many: what is not given there may come from ``defaults``."""
    return {name: {key: value for key, value in option.items() if key != "default"} for name, option in options.items()}


_TAG: Options = {
    "tags": {"type": "raw", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent", "exact"]},
}

_METAFIELD: Options = {
    "metafields": {"type": "raw", "required": True, "no_log": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
}

_OWNER: Options = {
    "owner": {"type": "str"},
    "transfer_to": {"type": "str"},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
}

_ACTION: Options = {
    "action": {"type": "str", "required": True, "choices": ["trigger_event", "clear_data", "activation_code"]},
    "event_code": {"type": "str"},
    "description": {"type": "str"},
    "space": {"type": "str"},
    "owner": {"type": "str"},
    "model": {"type": "str"},
}

_FLEET: Options = {
    "file": {"type": "list", "elements": "path"},
    "devices": {
        "type": "list",
        "elements": "dict",
        "options": {
            "account": {"type": "str"},
            "declared_at": {"type": "str"},
            **_without_defaults({**IDENTITY, **DECLARATION, **METAFIELDS}),
        },
    },
    "defaults": {"type": "dict", "no_log": True},
    "prune": {
        "type": "list",
        "elements": "dict",
        "options": {
            "account": {"type": "str"},
            "declared_at": {"type": "str"},
            "scope": {"type": "dict", "required": True},
        },
    },
    "max_changes": {"type": "dict"},
    "return_devices": {"type": "str", "default": "changed", "choices": ["changed", "all"]},
}

_IDENTIFIED = [list(IDENTITY)]

_SPECS: dict[str, dict[str, t.Any]] = {
    "device": {
        "argument_spec": {**ACCOUNT, **ACCOUNTS, **IDENTITY, **DECLARATION, **METAFIELDS, **REHEARSAL},
        "required_one_of": _IDENTIFIED,
        "required_by": {"previous_name": ["name"]},
    },
    "device_info": {"argument_spec": {**ACCOUNT, **ACCOUNTS, **IDENTITY, **READING}},
    "device_tag": {"argument_spec": {**ACCOUNT, **ACCOUNTS, **IDENTITY, **_TAG}, "required_one_of": _IDENTIFIED},
    "device_metafield": {
        "argument_spec": {**ACCOUNT, **ACCOUNTS, **IDENTITY, **METAFIELDS, **_METAFIELD},
        "required_one_of": _IDENTIFIED,
    },
    "device_owner": {
        "argument_spec": {**ACCOUNT, **ACCOUNTS, **IDENTITY, **_OWNER},
        "required_one_of": _IDENTIFIED,
        "required_if": [["state", "present", ["owner", "transfer_to"], True]],
    },
    "device_action": {
        "argument_spec": {**ACCOUNT, **ACCOUNTS, **IDENTITY, **_ACTION},
        "required_if": [
            ["action", "trigger_event", ["event_code"]],
            ["action", "trigger_event", list(IDENTITY), True],
            ["action", "clear_data", list(IDENTITY), True],
            ["action", "activation_code", ["space", "owner"], True],
        ],
    },
    "fleet": {
        "argument_spec": {**ACCOUNT, **ACCOUNTS, **_FLEET, **REHEARSAL},
        "required_one_of": [["devices", "file"]],
    },
}

TASKS: tuple[str, ...] = tuple(_SPECS)
"""The names of all tasks, each of them a module and an action plugin."""


def spec_of(task: str) -> dict[str, t.Any]:
    """What arguments are held against: ``argument_spec`` and the conditions beside it. A copy, because Ansible writes in it."""
    return copy.deepcopy(_SPECS[task])
