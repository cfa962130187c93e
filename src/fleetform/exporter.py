# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From devices that exist to a fleet file that plans to nothing.

What is written is planned before it is shown: an attribute that would change something, or that the vendor refuses in this form,
is left out and named. Accounts are copied as they are written, so that no secret is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import AT_CLAIM, YES
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, FleetformError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import (
    ATTRIBUTES,
    IDENTIFIERS,
    Device,
    Query,
    mac_key,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS

_FIELD = {"device_id": "id"}
_EMPTY: tuple[Any, ...] = (None, "", [], {}, False)
_ROUNDS = 40
_TEMPLATE = ("{{", "{%", "{#")
_PRINTABLE = re.compile("[\t\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_TURNING = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069]")


@dataclass
class Exported:
    """Devices as declarations, and what could not be declared: text by device."""

    account: str
    vendor: str
    devices: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def export(fleet: Fleet, account: str, vendor: str) -> Exported:
    """Every device of an account as options that plan to nothing. Raises FleetformError."""
    kind = VENDORS[vendor]
    gather = frozenset({"metafields"} if _settable(vendor, "metafields") and "metafields" in kind.DETAIL else ())
    listing = fleet.list_devices(account, Query(gather=gather))
    devices = sorted(listing.devices, key=lambda device: (device.name or "", str(device.id)))
    exported = Exported(account, vendor)
    rows = []
    for device in devices:
        if device.id is None:
            exported.left_out.append(f"{device.label()}: it has no id")
        else:
            rows.append(_options(device, devices, vendor))
    _until_it_plans_to_nothing(fleet, exported, rows)
    exported.devices = [row for row in rows if row]
    return exported


def _settable(vendor: str, attribute: str) -> bool:
    return VENDORS[vendor].CAPABILITIES[attribute].level in (YES, AT_CLAIM)


def _options(device: Device, devices: Sequence[Device], vendor: str) -> dict[str, Any]:
    """What declares a device as it is: its identity, then every attribute that can be set and is not empty."""
    options: dict[str, Any] = dict([_identity(device, devices, vendor)])
    if device.name and _settable(vendor, "name"):
        options["name"] = device.name
    for attribute in ATTRIBUTES:
        if attribute == "transfer_to" or not _settable(vendor, attribute):
            continue
        value = _declared(attribute, getattr(device, attribute))
        if value not in _EMPTY:
            options[attribute] = value
    return options


def _identity(device: Device, devices: Sequence[Device], vendor: str) -> tuple[str, str]:
    """The identifier that people read best and that no other device shares."""
    for name in ("serial", "mac", "cloud_id"):
        value = getattr(device, name)
        if name not in VENDORS[vendor].IDENTIFIERS or not value:
            continue
        if name == "mac" and len(mac_key(value)) != 12:
            continue
        if sum(getattr(other, name) == value for other in devices) == 1 and str(value).strip():
            return name, str(value)
    return "device_id", str(device.id)


def _declared(attribute: str, value: Any) -> Any:
    """A value of a record in the form in which it is declared."""
    if value is None:
        return None
    if attribute == "space":
        return value.get("path") or value.get("id")
    if attribute == "owner":
        return value.get("email") or value.get("id")
    if attribute == "subscriptions":
        return [entry.get("key") or entry.get("id") for entry in value]
    if attribute == "applications":
        return {name: status for name, status in value.items() if status in ("ENABLED", "DISABLED")}
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if item is not None}
    return value


def _until_it_plans_to_nothing(fleet: Fleet, exported: Exported, rows: list[dict[str, Any]]) -> None:
    for _round in range(_ROUNDS):
        plan = fleet.plan([declaration for row in rows if (declaration := _declaration(row, exported)) is not None])
        wrong: dict[str, list[tuple[str | None, str]]] = {}
        for change in plan.changes:
            wrong.setdefault(change.address, []).append((change.attribute, "it would change"))
        for error in plan.errors:
            if not isinstance(error, DeclarationError) or error.device is None:
                raise error
            wrong.setdefault(error.device, []).append((None, str(error.message)))
        if not wrong:
            return
        for row in rows:
            if row:
                _take_out(row, exported, wrong)
    raise FleetformError("what is there could not be written so that it plans to nothing", account=exported.account)


def _declaration(row: dict[str, Any], exported: Exported) -> Any:
    if not row:
        return None
    try:
        return declaration_from({**row, "account": exported.account})
    except DeclarationError as error:
        # A record may hold what nobody can declare, such as half a character.
        exported.left_out.append(f"{next(iter(row.values()))}: {error.message}")
        row.clear()
        return None


def _take_out(row: dict[str, Any], exported: Exported, wrong: Mapping[str, list[tuple[str | None, str]]]) -> None:
    """Takes out of a device's options what the plan finds wrong with them, as little as possible."""
    identity = next(name for name in IDENTIFIERS if name in row)
    address = f"{exported.account}/{row[identity]}"
    for attribute, reason in wrong.get(address, ()):
        name = attribute or _named_in(reason, row, identity)
        root, _dot, key = name.partition(".")
        if key and key in row.get(root, {}):
            del row[root][key]
        elif root in row and root != identity:
            del row[root]
        else:
            continue
        exported.left_out.append(f"{address}: {name} is left out: {reason}")


def _named_in(reason: str, row: Mapping[str, Any], identity: str) -> str:
    """The option that an error is about: a key of a dictionary that it quotes, else an option that it names, else the last."""
    for name, value in row.items():
        for key in value if isinstance(value, dict) else ():
            if repr(key) in reason:
                return f"{name}.{key}"
    named = [name for name in row if name != identity and re.search(rf"\b{name}\b", reason)]
    return named[0] if named else list(row)[-1]


def as_yaml(exported: Exported, accounts: str) -> str:
    """The fleet file. ``accounts`` is the text that stands before the devices."""
    lines = [accounts.rstrip("\n"), "devices:" if exported.devices else "devices: []"]
    for row in exported.devices:
        entries = [("account", exported.account), *row.items()]
        for number, (name, value) in enumerate(entries):
            lines.append(f"{'  - ' if number == 0 else '    '}{name}: {flow(value)}")
    return "\n".join(lines) + "\n"


def split(exported: Exported) -> dict[str, Exported]:
    """The same by space: the last segments of each path make the name of a file, devices without a space are ``elsewhere``."""
    groups: dict[str, Exported] = {}
    for row in exported.devices:
        name = re.sub(r"[^\w-]+", "-", str(row.get("space") or "elsewhere")).strip("-").lower() or "elsewhere"
        groups.setdefault(name, Exported(exported.account, exported.vendor)).devices.append(row)
    return groups


def flow(value: Any) -> str:
    """A value as YAML in one line: every text quoted, and no template where it looks like one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(str(name))}: {flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    text = str(value)
    return ("!unsafe " if any(mark in text for mark in _TEMPLATE) else "") + _quoted(text)


def _quoted(text: str) -> str:
    return '"' + "".join(_escaped(text)) + '"'


def _escaped(text: str) -> Iterator[str]:
    for character in text:
        if character in '"\\':
            yield "\\" + character
        elif _PRINTABLE.fullmatch(character) and not _TURNING.fullmatch(character):
            yield character
        elif ord(character) < 0x10000:
            yield f"\\u{ord(character):04x}"
        else:
            yield f"\\U{ord(character):08x}"


def account_text(files: Sequence[str], account: str) -> str:
    """The accounts part of a new file: the lines of this account as they are written, and the files of variables it may need."""
    for file in files:
        text = Path(file).read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        top = {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
        accounts = top.get("accounts")
        for key, value in accounts.value if isinstance(accounts, yaml.MappingNode) else ():
            if key.value == account:
                lines = text[key.start_mark.index : value.end_mark.index].rstrip().splitlines()
                indent = key.start_mark.column
                body = [lines[0], *(line[indent:] if line[:indent].isspace() else line for line in lines[1:])]
                found = "accounts:\n" + "".join(f"  {line}\n" for line in body)
                variables = top.get("vars_files")
                if isinstance(variables, yaml.SequenceNode):
                    found += "vars_files:\n" + "".join(f"  - {_quoted(row.value)}\n" for row in variables.value)
                return found
    raise FleetformError(f"there is no account {account!r} in {', '.join(files)}")
