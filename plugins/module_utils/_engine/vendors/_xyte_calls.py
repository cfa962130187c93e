# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a change to Xyte's call. Pure (docs/vendors/xyte.md, "Writing")."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import ADD, AFTER_READING, NEVER, PATCH, Call, NewId
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_listing import DEVICE, DEVICES, SPACES

CLAIM = f"{DEVICES}/claim"
MOVE = f"{DEVICE}/move"
FIND_OR_CREATE = f"{SPACES}/find_or_create"

# Spaces come first, the higher ones before those below them. The configuration comes last: nothing is known of it after a lost
# answer, which would stop the others.
_DEEPEST_SPACE = 99
_CLAIM, _RENAME, _MOVE, _CONFIGURE, _DELETE = range(_DEEPEST_SPACE + 1, _DEEPEST_SPACE + 6)


def call_for(change: Change) -> Call:
    """The one call of a change. Raises Unsupported."""
    call = Call("PATCH", DEVICE, path_id=change.target(), pace=PATCH, repeat=AFTER_READING)
    if change.action == "create_space":
        path = change.after["space"]
        body = {name: value for name, value in change.ids.items() if value is not None}
        call = Call("POST", FIND_OR_CREATE, body=body, pace=ADD, repeat=AFTER_READING, lane="spaces", makes=_makes(path))
        call = replace(call, stage=min(path.count("/"), _DEEPEST_SPACE))
    elif change.action == "claim":
        call = Call("POST", CLAIM, body=_claim_body(change), pace=ADD, repeat=NEVER, stage=_CLAIM)
    elif change.action == "rename":
        call = replace(call, body={"name": change.after}, stage=_RENAME)
    elif change.action == "move":
        call = replace(call, method="POST", path=MOVE, body={"space_id": _space_id(change)}, stage=_MOVE)
    elif change.action == "set_metafield":
        # It cannot be read back, so that reading could not tell whether to send it again.
        call = replace(call, body={"configuration": change.after}, repeat=NEVER, stage=_CONFIGURE)
    elif change.action == "delete":
        call = replace(call, method="DELETE", stage=_DELETE)
    else:
        raise Unsupported(f"xyte has no call for {change.action}")
    return replace(call, targets=(change.address,))


def _makes(path: str) -> str:
    return f"space:{path}"


def _space_id(change: Change) -> int | NewId:
    """Where a device goes: a space that is there, or one that is made before."""
    found: int | NewId = change.ids["space_id"] if "space_id" in change.ids else NewId(_makes(_space_of(change)["path"]))
    return found


def _space_of(change: Change) -> dict[str, t.Any]:
    space: dict[str, t.Any] = change.after["space"] if change.action == "claim" else change.after
    return space


def _claim_body(change: Change) -> dict[str, t.Any]:
    """One set of identifiers only: with both, the vendor cannot tell which one is meant to prove the ownership."""
    wanted = change.after
    body = {"cloud_id": wanted["cloud_id"]} if "cloud_id" in wanted else {"sn": wanted["serial"], "mac": wanted["mac"]}
    if "name" in wanted:
        body["name"] = wanted["name"]
    if "space" in wanted:
        body["space_id"] = _space_id(change)
    return body
