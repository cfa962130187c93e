# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The neutral records: a device as it was observed, and a device as it is declared."""

from __future__ import annotations

import dataclasses
import functools
import re
import typing as t
from dataclasses import dataclass, field

HIDDEN = "(hidden)"
"""Stands for a value that must not be shown, see `secret_metafields`."""


_NOTHING: dict[str, t.Any] = {}


@dataclass(frozen=True)
class Device:
    """One device as a vendor shows it, in the shape of the public device record.

    A field is None where the vendor does not have it or the read did not include it. ``tags`` is a list of labels, or a dict
    where the vendor has key/value tags; ``owner`` is ``{id, email, name}``; ``organization`` ``{id, name}``; ``space`` ``{id,
    name, path}``. ``facts`` holds what the adapter needs later and nobody else may see, such as a numeric template id.
    """

    vendor: str
    account: str | None = None
    id: str | None = None
    name: str | None = None
    serial: str | None = None
    mac: str | None = None
    cloud_id: str | None = None
    model: str | None = None
    device_type: str | None = None
    status: str | None = None
    online: bool | None = None
    last_seen: str | None = None
    ip: str | None = None
    firmware: str | None = None
    tags: list[str] | dict[str, str] | None = None
    metafields: dict[str, t.Any] | None = None
    owner: dict[str, t.Any] | None = None
    organization: dict[str, t.Any] | None = None
    space: dict[str, t.Any] | None = None
    applications: dict[str, str | None] | None = None
    application: dict[str, t.Any] | None = None
    subscriptions: list[dict[str, t.Any]] | None = None
    contact: dict[str, t.Any] | None = None
    warranty: dict[str, t.Any] | None = None
    archived: bool | None = None
    raw: dict[str, t.Any] | None = None
    gathered: dict[str, t.Any] = field(default_factory=dict, compare=False)
    facts: t.Mapping[str, t.Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, fields: dict[str, t.Any]) -> Device:
        """The same as calling the class, at a fifth of the cost: a frozen dataclass sets every field by a call of its own.

        ``fields`` becomes the device's own; what it does not name stays at the default of the class.
        """
        fields.setdefault("gathered", _NOTHING)
        device = object.__new__(cls)
        object.__setattr__(device, "__dict__", fields)
        return device

    def record(self) -> dict[str, t.Any]:
        """The public record:

        every field of it in documented order; gathered extras (``timeline``, ``logs``) where they were read.
        """
        data = {name: getattr(self, name) for name in RECORD_FIELDS}
        if self.raw is not None:
            data["raw"] = self.raw
        data.update(self.gathered)
        return data

    def label(self) -> str:
        """How a message names this device: name and id."""
        return f"{self.name or self.serial or 'unnamed'} (id {self.id})"


RECORD_FIELDS: tuple[str, ...] = tuple(
    item.name for item in dataclasses.fields(Device) if item.name not in ("raw", "gathered", "facts")
)


@dataclass(frozen=True)
class Declaration:
    """One device as it should be. None means "not declared, leave alone"; empty means "make it empty".

    That is why no third value is needed: null in YAML, and an option that was not given, are both "not declared".
    """

    account: str | None = None
    device_id: str | None = None
    serial: str | None = None
    mac: str | None = None
    cloud_id: str | None = None
    name: str | None = None
    previous_name: str | None = None
    state: str = "present"
    model: str | None = None
    device_type: str | None = None
    space: str | None = None
    create_space: bool = False
    rename_shared_space: bool = False
    transfer_to: str | None = None
    owner: str | None = None
    tags: list[str] | dict[str, str | None] | None = None
    absent_tags: dict[str, str | None] | None = None
    purge_tags: bool = False
    metafields: dict[str, t.Any] | None = None
    absent_metafields: list[str] | None = None
    metafields_policy: str = "when_changed"
    state_path: str | None = None
    secret_metafields: tuple[str, ...] = ()
    status: str | None = None
    applications: dict[str, str] | None = None
    application: dict[str, t.Any] | None = None
    subscriptions: list[str] | None = None
    contact: dict[str, t.Any] | None = None
    warranty: dict[str, t.Any] | None = None
    archived: bool | None = None
    protect: bool = False
    renames: bool = True
    creates: bool = True
    declared_at: str | None = None

    @classmethod
    def of(cls, fields: dict[str, t.Any]) -> Declaration:
        """The same as calling the class, see Device.of."""
        declaration = object.__new__(cls)
        object.__setattr__(declaration, "__dict__", fields)
        return declaration

    @functools.cached_property
    def identifiers(self) -> t.Mapping[str, str]:
        """The identifiers that were given, by option name."""
        given = self.__dict__
        return {name: given[name] for name in IDENTIFIERS if given.get(name) is not None}

    @functools.cached_property
    def address(self) -> str:
        """Account plus declared identity: stable before the device has an id."""
        identity = next(iter(self.identifiers.values()), None) or self.name or ""
        return f"{self.account or '-'}/{identity}"

    def attributes(self) -> t.Mapping[str, t.Any]:
        """The declared attributes by option name. Identity is not among them, except ``name`` where it can be a rename."""
        return self._attributes

    @functools.cached_property
    def _attributes(self) -> t.Mapping[str, t.Any]:
        given = self.__dict__
        found = {name: given[name] for name in ATTRIBUTES if given.get(name) is not None}
        if self.absent_tags is not None:
            found.setdefault("tags", [])
        if self.absent_metafields is not None:
            found.setdefault("metafields", {})
        if self.name is not None and self.renames and (self.identifiers or self.previous_name):
            found["name"] = self.name
        return found


IDENTIFIERS = ("device_id", "serial", "mac", "cloud_id")

ATTRIBUTES = (
    "transfer_to",
    "owner",
    "space",
    "tags",
    "metafields",
    "status",
    "applications",
    "application",
    "subscriptions",
    "contact",
    "warranty",
    "archived",
)
"""The declared attributes other than ``name``, in the order in which plans list them."""


@dataclass(frozen=True)
class Query:
    """What a reader asks for: the reading options of device_info and the inventory."""

    device_id: str | None = None
    serial: str | None = None
    mac: str | None = None
    cloud_id: str | None = None
    name: str | None = None
    search: str | None = None
    filters: t.Mapping[str, t.Any] = field(default_factory=dict)
    vendor_filter: str | None = None
    vendor_filter_tags: str | None = None
    fields: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    limit: int | None = None
    page_size: int | None = None
    group_by: str | None = None
    include_sub_organizations: bool = False
    owner_email: str | None = None
    user_email: str | None = None
    activated_within: int | None = None
    gather: frozenset[str] = frozenset()
    event_type: str | None = None
    include_raw: bool = False


@dataclass(frozen=True)
class Listing:
    """What a reader found. ``groups`` is a list of ``{key, count}`` where grouping was asked for.

    ``searched`` says that the vendor has searched: it may look at more than the record shows, so its hits are not sifted again.
    ``warnings`` is text for the user, such as that the credentials show a part of the cloud only.
    """

    devices: list[Device]
    groups: list[dict[str, t.Any]] | None = None
    searched: bool = False
    warnings: tuple[str, ...] = ()


def mac_key(mac: str) -> str:
    """A MAC without separators and case, for comparing."""
    return "".join(character for character in mac.lower() if character.isalnum())


_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")


def mac_text(mac: str | None) -> str | None:
    """A MAC in the form of the record: lower case with colons. Text that is no MAC is returned in lower case; empty is None."""
    if not mac:
        return None
    if _MAC.fullmatch(mac):
        return mac.lower()
    key = mac_key(mac)
    if len(key) != 12:
        return mac.lower()
    return ":".join(key[index : index + 2] for index in range(0, 12, 2))
