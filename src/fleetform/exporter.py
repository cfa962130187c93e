# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From devices that exist to a fleet file that plans to nothing.

What is written is planned before it is shown: an attribute that would change something, or that the vendor refuses in this form,
is left out and named.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import AT_CLAIM, YES
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, FleetformError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import ATTRIBUTES, Declaration, Device, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import Vendor
from fleetform.render.words import plain
from fleetform.yaml_text import flow, is_template, shows

_ROUNDS = 40
_LONGEST_COMMENT = 60
_READABLE = ("serial", "mac", "cloud_id")
_KEPT_BY = ({"mac"}, {"cloud_id"}, {"mac", "cloud_id"})


@dataclass
class Entry:
    """One device of the new file: what was observed, and the options that declare it.

    ``identity`` is the option that it is known by; ``for_claim`` are those that are needed only to claim it anew.
    """

    device: Device
    options: dict[str, Any]
    identity: str = "device_id"
    for_claim: tuple[str, ...] = ()


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
    known = Counter(text for device in devices for text in {key for _name, key in _identifiers(device, kind)})
    entries = []
    for device in devices:
        if device.id is None:
            exported.leave_out(device.label(), "it has no id, and nothing to declare it by")
        else:
            entries.append(_entry(device, kind, known, exported))
    if _settable(kind, "create"):
        for entry in entries:
            _say_how_to_claim(entry, kind, known, fleet, account)
    _until_it_plans_to_nothing(fleet, exported, entries)
    exported.devices = [entry for entry in entries if entry.options]
    return exported


def _settable(kind: type[Vendor], attribute: str) -> bool:
    return kind.CAPABILITIES[attribute].level in (YES, AT_CLAIM)


def _identifiers(device: Device, kind: type[Vendor]) -> list[tuple[str, str]]:
    """The identifiers of a device by name, each in the spelling that is compared."""
    found = [("device_id", str(device.id))]
    for name in _READABLE:
        value = getattr(device, name)
        if value and name in kind.IDENTIFIERS:
            found.append((name, str(value)))
    return [(name, "".join(filter(str.isalnum, value)).lower() if name == "mac" else value) for name, value in found]


def _usable(device: Device, name: str, kind: type[Vendor], known: Counter[str]) -> bool:
    """Whether a device has this identifier, shares it with no other, and it can be declared."""
    key = dict(_identifiers(device, kind)).get(name)
    return key is not None and known[key] == 1 and _refusal({name: str(getattr(device, name))}) is None


def _entry(device: Device, kind: type[Vendor], known: Counter[str], exported: Exported) -> Entry:
    """A device as it is: the identifier that people read best, then every attribute that can be set and is not empty."""
    identity = next((name for name in _READABLE if _usable(device, name, kind, known)), "device_id")
    options: dict[str, Any] = {identity: str(device.id if identity == "device_id" else getattr(device, identity))}
    who, before = f"{exported.account}/{options[identity]}", {}
    for attribute in ("name", *ATTRIBUTES):
        if attribute == "transfer_to" or not _settable(kind, attribute):
            continue
        value = kind.stated(device, attribute)
        if value is None and getattr(device, attribute) is False:
            # What can be switched on is off, and stays so.
            value = False
        if value is None:
            continue
        before[attribute] = value
        value, refused = _declarable(attribute, value)
        for name, reason in refused:
            exported.leave_out(who, f"{name} is left out: {reason}")
        if value is not None:
            options[attribute] = value
    if "tags" in options:
        if options["tags"] == before["tags"]:
            # These and no others: what somebody adds in a portal is a change as well.
            options["purge_tags"] = True
        else:
            exported.leave_out(who, "purge_tags is left out: it would take away the tags that are left out")
    return Entry(device, options, identity)


def _declarable(attribute: str, value: Any) -> tuple[Any, list[tuple[str, str]]]:
    """What of a value can be declared, None for nothing; and name and reason of each part that cannot, as a record may hold
    what nobody can declare, such as half a character."""
    if (reason := _refusal_of(attribute, value)) is None:
        return value, []
    refused: list[tuple[str, str]] = []
    if isinstance(value, dict):
        kept: Any = {}
        for key, item in value.items():
            if part := _refusal_of(attribute, {key: item}):
                refused.append((f"{attribute}.{key}", part))
            else:
                kept[key] = item
    elif isinstance(value, list):
        kept = []
        for item in value:
            if part := _refusal_of(attribute, [item]):
                refused.append((f"{attribute}: {item}", part))
            else:
                kept.append(item)
    else:
        kept, refused = None, [(attribute, reason)]
    if kept and (reason := _refusal_of(attribute, kept)):
        return None, [(attribute, reason)]
    return kept or None, refused


def _refusal_of(attribute: str, value: Any) -> str | None:
    if any(is_template(key) for key in _keys(value)):
        return "a name in it looks like a template, and cannot be marked as none"
    return _refusal({"device_id": "-", attribute: value})


def _refusal(options: Mapping[str, Any]) -> str | None:
    """Why these options are no declaration, None where they are one."""
    try:
        declaration_from(options)
    except DeclarationError as error:
        return str(error.message)
    return None


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _keys(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _keys(item)


def _say_how_to_claim(entry: Entry, kind: type[Vendor], known: Counter[str], fleet: Fleet, account: str) -> None:
    """Adds as little as it takes to claim the device anew once it is gone, or nothing where that cannot be said."""
    device = entry.device
    given = {**entry.options, **kind.claimed_as(device), "account": account}
    usable = {name for name in _READABLE if name != entry.identity and _usable(device, name, kind, known)}
    for names in (set(), *_KEPT_BY):
        if not names <= usable:
            continue
        wanted = {**{name: str(getattr(device, name)) for name in _READABLE if name in names}, **kind.claimed_as(device)}
        if _refusal({**given, **wanted}) is None and fleet.could_create(declaration_from({**given, **wanted})):
            entry.for_claim = tuple(wanted)
            entry.options = {entry.identity: entry.options.pop(entry.identity), **wanted, **entry.options}
            return


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
                _take_out(entry, exported, wrong)
    raise FleetformError("what is there could not be written so that it plans to nothing", account=exported.account)


def _declaration(entry: Entry, exported: Exported) -> Declaration | None:
    if not entry.options:
        return None
    try:
        return declaration_from({**entry.options, "account": exported.account})
    except DeclarationError as error:
        exported.leave_out(f"{exported.account}/{entry.options[entry.identity]}", f"it is left out: {error.message}")
        entry.options.clear()
        return None


def _take_out(entry: Entry, exported: Exported, wrong: Mapping[str, list[tuple[str | None, str]]]) -> None:
    """Takes out of a device's options what the plan finds wrong with them, as little as possible."""
    options, identity = entry.options, entry.identity
    address = f"{exported.account}/{options[identity]}"
    for attribute, reason in wrong.get(address, ()):
        if attribute is None and entry.for_claim:
            name = " and ".join(entry.for_claim)
            for option in entry.for_claim:
                del options[option]
            entry.for_claim = ()
            exported.leave_out(address, f"{name} is left out: {reason}")
            return
        name = attribute or _named_in(reason, options, identity)
        root, dot, key = name.partition(".")
        if root == "tags" and options.pop("purge_tags", False):
            # The plan may object to no more than that it takes tags away.
            exported.leave_out(address, f"purge_tags is left out: {reason}")
        elif root == identity:
            _by_its_id(entry, exported, address, reason)
            return
        elif root in options:
            held = options[root]
            if dot and isinstance(held, dict) and key in held and len(held) > 1:
                options[root] = {other: item for other, item in held.items() if other != key}
            else:
                del options[root]
            exported.leave_out(address, f"{name} is left out: {reason}")


def _by_its_id(entry: Entry, exported: Exported, address: str, reason: str) -> None:
    """Declares a device by its id, or not at all where that is what is wrong."""
    if entry.identity == "device_id":
        exported.leave_out(address, f"it is left out: {reason}")
        entry.options.clear()
        return
    exported.leave_out(address, f"{entry.identity} is left out for device_id: {reason}")
    del entry.options[entry.identity]
    entry.options = {"device_id": str(entry.device.id), **entry.options}
    entry.identity = "device_id"


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
    shown = "".join(character if shows(character) else "?" for character in text)
    return f"  # {shown[:_LONGEST_COMMENT]}"
