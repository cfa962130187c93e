# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From device records to the names, variables and groups of inventory hosts. Pure.

Device names are text that anybody at the vendor can type: they may collide, be reserved, hold pattern characters or a path. What
comes out is safe as a host name, unique, and does not depend on the order in which devices were read.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import typing as t
from dataclasses import dataclass

Record = t.Mapping[str, t.Any]

RESERVED = frozenset({"all", "ungrouped", "localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
"""Names that mean something else to Ansible, or to the machine that it runs on; addresses of that machine do so as well."""

GROUP_KINDS = ("vendor", "account", "model", "status", "tag", "organization", "space")
"""What hosts can be grouped by without a template."""

# Ansible's pattern language, white space apart, its templates, and what makes a path of a name (host_vars are found by name).
_SPECIAL = frozenset("[]{}:,&!*?~/\\")
# What must not stand first: an option to ssh, a hidden file, a response file.
_NOT_FIRST = frozenset("-.@")
_UNSAFE_IN_GROUP = re.compile(r"\W")
_MARK = 6
# Bytes: longer names do not fit into the names of files, such as those of a fact cache.
_LONGEST = 180


@dataclass(frozen=True)
class Wanted:
    """What a device would like to be called, and what tells it from its namesakes. ``text`` is None where nothing is known."""

    text: str | None
    account: str | None
    device_id: str


@dataclass(frozen=True)
class Grouped:
    """A tree of groups: ``members`` maps a group to the positions of its hosts, ``parents`` a group to the one above it."""

    members: t.Mapping[str, t.Sequence[int]]
    parents: t.Mapping[str, str]


def host_names(wanted: t.Sequence[Wanted], taken: t.Collection[str] = ()) -> list[str]:
    """A name for each device, in the same order.

    A name that is reserved, taken, empty or shared gets ``_<id>`` appended, for every device that shares it, so that the name of
    none changes when another one goes; ids that repeat in several accounts get the account as well.
    """
    occupied = frozenset(taken)
    bases = [safe_name(entry.text or "") for entry in wanted]
    forms = [_forms(base, entry) for base, entry in zip(bases, wanted, strict=True)]
    levels = [0] * len(wanted)
    while True:
        names = [form[level] for form, level in zip(forms, levels, strict=True)]
        users: dict[str, list[int]] = {}
        for number, name in enumerate(names):
            users.setdefault(name, []).append(number)
        clashing = [
            number
            for name, numbers in users.items()
            if len(numbers) > 1 or not name or name in occupied or _means_this_machine(name)
            for number in numbers
            if levels[number] < len(forms[number]) - 1
        ]
        if not clashing:
            return names
        for number in clashing:
            levels[number] += 1


def _forms(base: str, entry: Wanted) -> tuple[str, ...]:
    """The names that a device may end up with, from the wanted one to one that nobody else can have."""
    mark = safe_name(entry.device_id)
    account = safe_name(entry.account or "")
    sure = hashlib.sha256(f"{entry.account}\0{entry.device_id}".encode()).hexdigest()
    return base, f"{base}_{mark}", f"{base}_{account}_{mark}", f"{base}_{sure}"


def _means_this_machine(name: str) -> bool:
    if name.casefold() in RESERVED:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def safe_name(text: str) -> str:
    """Text as a host name: no pattern, no template, no path, nothing that cannot be seen. Empty stays empty."""
    name = "".join(
        "_" if character in _SPECIAL or character.isspace() or not character.isprintable() else character
        for character in text.strip()
    )
    name = "_" + name[1:] if name[:1] in _NOT_FIRST else name
    if len(name.encode()) <= _LONGEST:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name.encode()[: _LONGEST - 17].decode(errors='ignore')}_{mark}"


def address_of(text: t.Any) -> str | None:
    """An address that plays can connect to, or None: a device that reports a loopback address would mean the controller.

    Reserved addresses are among those that only wrap another one, such as ``::ffff:127.0.0.1``.
    """
    if not isinstance(text, str) or "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    nowhere = address.is_loopback or address.is_unspecified or address.is_multicast or address.is_reserved
    return None if nowhere or text.startswith("::ffff:") or getattr(address, "ipv4_mapped", None) else text


def variables(record: Record, prefix: str) -> dict[str, t.Any]:
    """The host variables of a device: its record under a prefix, and where to connect to when the vendor says so."""
    found = {prefix + name: value for name, value in record.items()}
    address = address_of(record.get("ip"))
    if address is not None:
        found["ansible_host"] = address
    return found


def grouped(records: t.Sequence[Record], kinds: t.Collection[str], taken: t.Collection[str] = ()) -> Grouped:
    """The groups of these kinds, spaces nested. Values that differ never share a group, whatever is left of them as a name.

    ``taken`` are names that no group may have, those of hosts.
    """
    hosts: dict[tuple[str, ...], list[int]] = {}
    above: dict[tuple[str, ...], tuple[str, ...]] = {}
    for number, record in enumerate(records):
        for kind in kinds:
            for label in _labels(kind, record):
                hosts.setdefault((kind, *label), []).append(number)
                for depth in range(len(label), 1, -1):
                    above[(kind, *label[:depth])] = (kind, *label[: depth - 1])
    labels = sorted({*hosts, *above, *above.values()})
    names = _unique(labels, frozenset(taken))
    return Grouped(
        {names[label]: hosts.get(label, []) for label in labels}, {names[child]: names[parent] for child, parent in above.items()}
    )


def _labels(kind: str, record: Record) -> list[tuple[str, ...]]:
    """The values that a record has of a kind, each as the path of a group."""
    if kind == "tag":
        tags = record.get("tags") or {}
        return [(str(key), str(value)) if value else (str(key),) for key, value in _pairs(tags)]
    value = record.get(kind)
    if kind == "space" and isinstance(value, dict):
        path = value.get("path")
        segments = tuple(part for part in path.split("/") if part) if isinstance(path, str) else ()
        return [segments] if segments else _single(value.get("name") or value.get("id"))
    if kind == "organization" and isinstance(value, dict):
        return _single(value.get("name") or value.get("id"))
    return _single(value)


def _pairs(tags: t.Any) -> list[tuple[t.Any, t.Any]]:
    return list(tags.items()) if isinstance(tags, dict) else [(label, None) for label in tags]


def _single(value: t.Any) -> list[tuple[str, ...]]:
    return [(str(value),)] if value not in (None, "") else []


def _group_name(label: tuple[str, ...]) -> str:
    return _UNSAFE_IN_GROUP.sub("_", "_".join(label))


def _unique(labels: t.Sequence[tuple[str, ...]], taken: frozenset[str]) -> dict[tuple[str, ...], str]:
    """A name for each label: as short as it can be, a mark behind it where several would share it, a longer one at last."""
    forms = {}
    for label in labels:
        base, mark = _group_name(label), hashlib.sha256(repr(label).encode("utf-8", "backslashreplace")).hexdigest()
        forms[label] = (base, f"{base}_{mark[:_MARK]}", f"{base}_{mark}")
    levels = dict.fromkeys(labels, 0)
    while True:
        names = {label: forms[label][level] for label, level in levels.items()}
        users: dict[str, list[tuple[str, ...]]] = {}
        for label, name in names.items():
            users.setdefault(name, []).append(label)
        clashing = [
            label
            for name, sharing in users.items()
            if len(sharing) > 1 or name in taken
            for label in sharing
            if levels[label] < len(forms[label]) - 1
        ]
        if not clashing:
            return names
        for label in clashing:
            levels[label] += 1
