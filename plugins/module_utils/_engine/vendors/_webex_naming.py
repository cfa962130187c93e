# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of Webex devices: a shared device is called as its workspace, so that naming it renames the workspace.

Facts: docs/vendors/webex.md, "Names". Everything else in the workspace gets the new name too, so that a workspace with several
devices is renamed only where the declarations say so, and never to two names.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_directory import Directory
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_ids import id_key, same_id
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import text_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_paging import Row

_PERSONAL = (
    "webex cannot set name ({seen}): a personal device is called after its person, and no call names a device; "
    "the nearest thing it can do is tags"
)


@dataclass
class Tenants:
    """What declarations say of one workspace: the names by the addresses that want them, and who allows it to be shared."""

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
        row = self._directory.workspace(workspace)
        current = text_of(row, "displayName")
        if current == wanted:
            shown = "" if observed is None else f", and the device still shows {observed.name!r}"
            return Naming(warning=f"the workspace is called {wanted!r} already{shown}" if observed else None)
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
        return Naming(current, {"workspace": text_of(row, "id") or workspace, "row": row, "was": current})


def refuse_personal(declaration: Declaration, observed: Device) -> None:
    """Raises Unsupported for the name of a device that has no workspace, or whose person decides it."""
    raise Unsupported(_PERSONAL.format(seen=f"it is {observed.name!r}, declared is {declaration.name!r}"))
