# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What declarations mean for Webex: what is wrong with one, what it can create, what has to wait, and which names they want.

Facts: docs/vendors/webex.md, sections "Adding a phone", "Tags" and "Names". A shared device is called as its workspace, so that
naming it renames the workspace. Everything else in there gets the new name too: a workspace with several devices is renamed only
where the declarations say so, and never to two names.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_directory import Directory
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import (
    Row,
    decoded,
    id_key,
    same_id,
    text_of,
)

_ROOM = re.compile(r"\b(?:room|board|desk|codec|quad|navigator|[dms]x[- ]?\d+)", re.IGNORECASE)
_PHONE = re.compile(r"phone|\b[1-9]8\d\d\b|\bdms\b", re.IGNORECASE)

_BY_CODE = "`device_action` with `action: activation_code` makes a code, which somebody enters on the device"


def problem(declaration: Declaration) -> str | None:
    """The first thing that is wrong with a declaration whatever the device looks like, or None."""
    if isinstance(declaration.tags, dict):
        return "tags must be a list: Webex's tags are labels without values"
    if any(value is not None for value in (declaration.absent_tags or {}).values()):
        return "tags must be a list of names: Webex's tags are labels without values"
    if declaration.device_type is not None:
        return "webex tells the type of a device itself; the nearest thing that can be declared is `model`"
    if declaration.space and declaration.owner:
        return "space and owner exclude each other: a Webex device belongs to a workspace or to a person"
    return not_a_person(declaration.owner) if declaration.owner else None


def not_a_person(owner: str) -> str | None:
    """What is wrong with how a person is named, or None."""
    kind = (decoded(owner) or ("", ""))[0]
    if "@" in owner or (kind and kind != "PLACE"):
        return None
    return f"owner {owner!r} is neither an e-mail address nor a person's id"


def no_id(declaration: Declaration) -> str | None:
    """Why a device that was not found by its id may be there all the same: no id looks like that one. None where one does."""
    for name in ("device_id", "cloud_id"):
        value = getattr(declaration, name)
        if value and decoded(value) is None:
            return f"{name} {value!r} has not the form of an id at Webex, so that nothing follows from its not being found"
    return None


def is_room_device(model: str) -> bool:
    """Whether a model is a RoomOS device, which no call can add; a model that says nothing is taken for a phone."""
    return bool(_ROOM.search(model)) and not _PHONE.search(model)


def claims_phone(declaration: Declaration) -> bool:
    """Whether a declaration says all that adding a phone takes."""
    return waits_for(declaration) is None and claim_refusal(declaration) is None


def waits_for(declaration: Declaration) -> str | None:
    """Why a declared device that is not there has to be activated by somebody, or None where that is not the way."""
    if declaration.device_id or declaration.cloud_id:
        return None
    held = declaration.space or declaration.owner
    if declaration.model and is_room_device(declaration.model):
        return f"needs activation: {declaration.model} is a RoomOS device, which no call can add; {_BY_CODE}"
    if declaration.mac and declaration.model:
        return None
    if declaration.serial or declaration.mac or (declaration.name and (held or declaration.model)):
        return (
            f"needs activation: there is no such device; {_BY_CODE} (a phone is added without that where "
            "mac, model, and space or owner are declared)"
        )
    return None


def claim_refusal(declaration: Declaration) -> str | None:
    """Why a declaration cannot add a phone, or None where it can."""
    if declaration.device_id or declaration.cloud_id:
        return "Webex gives out ids itself; leave device_id and cloud_id out to add a device"
    if not (declaration.mac and declaration.model):
        return f"a phone is added by mac and model, into a space or for an owner; for a RoomOS device {_BY_CODE}"
    if not (declaration.space or declaration.owner):
        return "a phone is added into a workspace or for a person; declare space or owner"
    return None


def wanted_tags(declaration: Declaration, observed: Device | None) -> list[str]:
    """All tags that the device should have afterwards, those that it has in their order."""
    held = list(observed.tags or ()) if observed else []
    declared = list(declaration.tags or ())
    kept = [tag for tag in held if tag in declared] if declaration.purge_tags else held
    gone = declaration.absent_tags or {}
    return [tag for tag in [*kept, *(tag for tag in declared if tag not in kept)] if tag not in gone]


@dataclass
class Tenants:
    """What declarations say of one workspace: the names with the addresses that want them, and whether it may be shared."""

    names: dict[str, list[str]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    shared: bool = False


@dataclass(frozen=True)
class Naming:
    """What naming a device comes to: ``before`` and the ids for the call, or nothing but a warning."""

    before: str | None = None
    ids: t.Mapping[str, t.Any] | None = None
    warning: str | None = None


class Names:
    """The names that declarations want, by workspace. ``devices_in`` reads the devices of a workspace."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._tenants: dict[str, Tenants] = {}
        self._members: dict[str, list[Row]] = {}
        self._meant: dict[str, list[str]] = {}

    def mean(self, space: str, address: str) -> None:
        """Takes down that a declaration means a workspace by its name."""
        self._meant.setdefault(space, []).append(address)

    def note(self, declaration: Declaration, workspace: str, device: Device | None) -> None:
        """Takes down what a declaration says of the workspace that its device is in, or comes into."""
        if declaration.name is None:
            return
        tenants = self._tenants.setdefault(id_key(workspace), Tenants())
        tenants.names.setdefault(declaration.name, []).append(declaration.address)
        tenants.shared = tenants.shared or declaration.rename_shared_space
        if device is not None and device.id is not None:
            tenants.ids[id_key(device.id)] = declaration.name

    def keep_members(self, workspace: str, rows: t.Iterable[Row]) -> None:
        """Keeps what devices a workspace has. An activation code that was not used yet is none."""
        kept = [row for row in rows if text_of(row, "mac", "serial") or text_of(row, "connectionStatus") != "activating"]
        self._members[id_key(workspace)] = kept

    def naming(self, declaration: Declaration, observed: Device | None, workspace: str) -> Naming:
        """What it takes to give a device the declared name. Raises DeclarationError."""
        wanted = str(declaration.name)
        key = id_key(workspace)
        tenants = self._tenants.get(key, Tenants())
        if len(tenants.names) > 1:
            said = "; ".join(f"{' and '.join(sorted(who))} {name!r}" for name, who in sorted(tenants.names.items()))
            raise DeclarationError(
                f"a shared device is called as its workspace, and one workspace cannot have several names: {said}; keep one name"
            )
        personal = observed is not None and observed.owner is not None
        if observed is not None and personal and self._directory.lacks(workspace):
            refuse_personal(declaration, observed)
        row = self._directory.workspace(workspace)
        current = text_of(row, "displayName")
        if current == wanted:
            shown = "" if observed is None else f", and the device still shows {observed.name!r}"
            return Naming(warning=f"the workspace is called {wanted!r} already{shown}" if observed else None)
        for name in (current, wanted):
            if name in self._meant:
                who = " and ".join(sorted(self._meant[name]))
                raise DeclarationError(
                    f"workspace {current!r} would be called {wanted!r}, and {who} means a workspace by the name {name!r}, which "
                    "would be another one then, or none; declare `space` by its id, or leave `name` out"
                )
        if observed is not None and personal and current != observed.name:
            # Both a workspace and a person are told of it, as in a sample of the vendor's, and it is called after the person.
            refuse_personal(declaration, observed)
        others = [
            member for member in self._members.get(key, ()) if observed is None or not same_id(text_of(member, "id"), observed.id)
        ]
        strangers = [member for member in others if tenants.ids.get(id_key(text_of(member, "id"))) != wanted]
        if strangers and not (tenants.shared or declaration.rename_shared_space):
            listed = ", ".join(sorted(f"{member.get('product') or 'a device'} (id {member.get('id')})" for member in strangers))
            raise Unsupported(
                f"webex cannot set name (it is {current!r}, declared is {wanted!r}) of one device alone: the name is that of "
                f"workspace {current!r}, which {listed} would be called by too; where that is meant, declare "
                "rename_shared_space: true"
            )
        own = observed is not None and observed.name != current
        return Naming(current, {"workspace": text_of(row, "id") or workspace, "row": row, "was": current, "own": own})


def refuse_personal(declaration: Declaration, observed: Device) -> None:
    """Raises Unsupported for the name of a device that has no workspace, or whose person decides it."""
    seen = f"it is {observed.name!r}, declared is {declaration.name!r}"
    why = "a personal device is called after its person" if observed.owner else "Webex tells no workspace of this device"
    raise Unsupported(f"webex cannot set name ({seen}): {why}, and no call names a device; the nearest thing it can do is tags")
