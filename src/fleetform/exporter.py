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
    Declaration,
    Device,
    Query,
    mac_key,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import Vendor
from fleetform.render.words import plain

_ROUNDS = 40
_TEMPLATE = ("{{", "{%", "{#")
_OWN_SIGNS = "#jinja2:"
_PRINTABLE = re.compile("[\t\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_TURNING = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069]")
_LONGEST_COMMENT = 60


@dataclass
class Entry:
    """One device of the new file: what was observed, and the options that declare it."""

    device: Device
    options: dict[str, Any]


@dataclass
class Exported:
    """Devices as declarations, and what could not be declared: reason and option to the addresses that it concerns."""

    account: str
    vendor: str
    devices: list[Entry] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)

    def leave_out(self, who: str, what: str) -> None:
        """Notes what of a device is not in the file, and why."""
        self.left_out.setdefault(what, []).append(who)

    def warnings(self) -> list[str]:
        """One line for each reason, whatever the number of devices."""
        return [
            plain(f"{whose[0]}: {text}" if len(whose) == 1 else f"{len(whose)} devices, such as {whose[0]}: {text}")
            for text, whose in self.left_out.items()
        ]


def export(fleet: Fleet, account: str, vendor: str) -> Exported:
    """Every device of an account as options that plan to nothing. Raises FleetformError."""
    kind = VENDORS[vendor]
    gather = frozenset({"metafields"} if _settable(kind, "metafields") and "metafields" in kind.DETAIL else ())
    listing = fleet.list_devices(account, Query(gather=gather))
    devices = sorted(listing.devices, key=lambda device: (device.name or "", str(device.id)))
    exported = Exported(account, vendor)
    entries = []
    for device in devices:
        if device.id is None:
            exported.leave_out(device.label(), "it has no id, and nothing to declare it by")
        else:
            entries.append(Entry(device, _options(device, devices, kind)))
    _until_it_plans_to_nothing(fleet, exported, entries)
    exported.devices = [entry for entry in entries if entry.options]
    return exported


def _settable(kind: type[Vendor], attribute: str) -> bool:
    return kind.CAPABILITIES[attribute].level in (YES, AT_CLAIM)


def _options(device: Device, devices: Sequence[Device], kind: type[Vendor]) -> dict[str, Any]:
    """What declares a device as it is: its identity, then every attribute that can be set and is not empty."""
    options: dict[str, Any] = dict([_identity(device, devices, kind)])
    for attribute in ("name", *ATTRIBUTES):
        if attribute == "transfer_to" or not _settable(kind, attribute):
            continue
        if (value := kind.stated(device, attribute)) is not None:
            options[attribute] = value
    if "tags" in options:
        # These and no others: what somebody adds in a portal is a change as well.
        options["purge_tags"] = True
    return options


def _identity(device: Device, devices: Sequence[Device], kind: type[Vendor]) -> tuple[str, str]:
    """The identifier that people read best and that no other device shares."""
    for name in ("serial", "mac", "cloud_id"):
        value = getattr(device, name)
        if name not in kind.IDENTIFIERS or not value:
            continue
        if name == "mac" and len(mac_key(value)) != 12:
            continue
        if sum(getattr(other, name) == value for other in devices) == 1 and str(value).strip():
            return name, str(value)
    return "device_id", str(device.id)


def _until_it_plans_to_nothing(fleet: Fleet, exported: Exported, entries: list[Entry]) -> None:
    for _round in range(_ROUNDS):
        plan = fleet.plan([declaration for entry in entries if (declaration := _declaration(entry, exported)) is not None])
        wrong: dict[str, list[tuple[str | None, str]]] = {}
        for change in plan.changes:
            wrong.setdefault(change.address, []).append((change.attribute, "it would change"))
        for error in plan.errors:
            if not isinstance(error, DeclarationError) or error.device is None:
                raise error
            wrong.setdefault(error.device, []).append((None, str(error.message)))
        if not wrong:
            return
        for entry in entries:
            if entry.options:
                _take_out(entry.options, exported, wrong)
    raise FleetformError("what is there could not be written so that it plans to nothing", account=exported.account)


def _declaration(entry: Entry, exported: Exported) -> Declaration | None:
    if not entry.options:
        return None
    try:
        return declaration_from({**entry.options, "account": exported.account})
    except DeclarationError as error:
        # A record may hold what nobody can declare, such as half a character.
        exported.leave_out(f"{exported.account}/{next(iter(entry.options.values()))}", f"it is left out: {error.message}")
        entry.options.clear()
        return None


def _take_out(options: dict[str, Any], exported: Exported, wrong: Mapping[str, list[tuple[str | None, str]]]) -> None:
    """Takes out of a device's options what the plan finds wrong with them, as little as possible."""
    identity = next(name for name in IDENTIFIERS if name in options)
    address = f"{exported.account}/{options[identity]}"
    for attribute, reason in wrong.get(address, ()):
        name = attribute or _named_in(reason, options, identity)
        root, _dot, key = name.partition(".")
        if key and key in options.get(root, {}):
            del options[root][key]
        elif root in options and root != identity:
            del options[root]
            if root == "tags":
                del options["purge_tags"]
        else:
            continue
        exported.leave_out(address, f"{name} is left out: {reason}")


def _named_in(reason: str, options: Mapping[str, Any], identity: str) -> str:
    """The option that an error is about: a key of a dictionary that it quotes, else an option that it names, else the last."""
    for name, value in options.items():
        for key in value if isinstance(value, dict) else ():
            if repr(key) in reason:
                return f"{name}.{key}"
    others = [name for name in options if name not in (identity, "purge_tags")]
    named = [name for name in others if re.search(rf"\b{name}\b", reason)]
    return named[0] if named else others[-1] if others else identity


def as_yaml(exported: Exported, accounts: str) -> str:
    """The fleet file. ``accounts`` is the text that stands before the devices."""
    lines = [accounts.rstrip("\n"), "devices:" if exported.devices else "devices: []"]
    for entry in exported.devices:
        rows = [("account", exported.account), *entry.options.items()]
        for number, (name, value) in enumerate(rows):
            start = "  - " if number == 0 else "    "
            lines.append(f"{start}{name}: {flow(value)}{_comment(entry, name, value)}")
    return "\n".join(lines) + "\n"


def _comment(entry: Entry, name: str, value: Any) -> str:
    """What people call a device or a thing that is written as its id."""
    device = entry.device
    text = device.name if name == "account" and "name" not in entry.options else None
    held = {"space": device.space, "owner": device.owner, "application": device.application}.get(name)
    if held is not None and held.get("id") in (value, value.get("id") if isinstance(value, dict) else value):
        text = held.get("name")
    if not text or text in entry.options.values():
        return ""
    shown = "".join(character if _shows(character) else "?" for character in text)
    return f"  # {shown[:_LONGEST_COMMENT]}"


def split(exported: Exported) -> dict[str, Exported]:
    """The same by space: the last segments of each path make the name of a file, devices without a space are ``elsewhere``."""
    groups: dict[str, Exported] = {}
    for entry in exported.devices:
        name = re.sub(r"[^\w-]+", "-", str(entry.options.get("space") or "elsewhere")).strip("-").lower() or "elsewhere"
        groups.setdefault(name, Exported(exported.account, exported.vendor)).devices.append(entry)
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
    template = any(mark in text for mark in _TEMPLATE) or text.startswith(_OWN_SIGNS)
    return ("!unsafe " if template else "") + _quoted(text)


def _shows(character: str) -> bool:
    """Whether a character is seen as what it is, in one line."""
    return _PRINTABLE.fullmatch(character) is not None and _TURNING.fullmatch(character) is None


def _quoted(text: str) -> str:
    return '"' + "".join(_escaped(text)) + '"'


def _escaped(text: str) -> Iterator[str]:
    for character in text:
        if character in '"\\':
            yield "\\" + character
        elif _shows(character):
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
