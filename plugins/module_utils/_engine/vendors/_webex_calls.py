# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Webex's writing calls: one change as a call, and several changes as one. Pure. Facts: docs/vendors/webex.md, "Writing".

The stages of one device: a space is made, the device is claimed into it, named, tagged, configured; or deleted.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import ADD, AFTER_READING, NEVER, PATCH, Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.steps import batch_devices, combine_per_device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_configurations import operation
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_directory import WORKSPACES
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_finding import CONFIGURATIONS, DEVICES
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import Row, id_key, plain_mac
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_paging import Pairs

JSON_PATCH = "application/json-patch+json"
ACTIVATION_CODE = f"{DEVICES}/activationCode"
SPACES_LANE = "spaces"
MAKE_SPACE, CLAIM, RENAME, TAG, CONFIGURE, DELETE = range(6)

_CARRIED = ("capacity", "type", "notes", "hotdeskingStatus", "deviceHostedMeetings", "indoorNavigation")
"""What a PUT of a workspace is given along with the name: the first three vanish when they are left out, of the others nobody
says whether they stay. Calling, calendar and site stay, and what is read of calling is not fit to be sent."""


def call_for(change: Change, organization: Pairs) -> Call:
    """The call of one change. ``organization`` is the query that names the account's. Raises ValueError."""
    made = _CALLS.get(change.action)
    if made is None:
        raise ValueError(f"webex has no call for {change.action}")
    return replace(made(change, organization), targets=(change.address,))


def _make_space(change: Change, organization: Pairs) -> Call:
    name = change.after["space"]
    body = {"displayName": name, **change.ids, **dict(organization)}
    return Call("POST", WORKSPACES, body=body, pace=ADD, repeat=NEVER, stage=MAKE_SPACE, lane=SPACES_LANE, makes=f"space:{name}")


def _claim(change: Change, organization: Pairs) -> Call:
    body = {"mac": plain_mac(change.after["mac"]), "model": change.after["model"], **holder_body(change.ids)}
    # Phones that are added to one place or person side by side race for being the first.
    return Call("POST", DEVICES, organization, body, pace=ADD, repeat=NEVER, stage=CLAIM, lane=f"devices of {change.ids['lane']}")


def holder_body(ids: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Who is to have a new device: a workspace, or a person."""
    return {"workspaceId": ids["workspace"]} if "workspace" in ids else {"personId": ids["person"]}


def _rename(change: Change, _organization: Pairs) -> Call:
    workspace = change.ids["workspace"]
    return Call(
        "PUT",
        f"{WORKSPACES}/{{id}}",
        body=renamed(change.ids["row"], change.after),
        path_id=workspace,
        pace=PATCH,
        repeat=AFTER_READING,
        stage=RENAME,
        lane=f"devices of {change.ids['was']}",
    )


def renamed(workspace: Row, name: str) -> Row:
    """The body that gives a workspace a name and leaves the rest of it as it is."""
    return {"displayName": name, **{key: workspace[key] for key in _CARRIED if workspace.get(key) is not None}}


def _tag(change: Change, organization: Pairs) -> Call:
    body = [tag_operation(change.before, change.after)]
    # Nothing carries a version: what is read right before a replacement must not change until it is sent.
    lane = f"tags of {id_key(change.device_id or change.address)}"
    return _patch(f"{DEVICES}/{{id}}", organization, body, TAG, path_id=change.target(), lane=lane)


def tag_operation(before: t.Sequence[str] | None, after: t.Sequence[str]) -> dict[str, t.Any]:
    """What is added is added; what goes makes it a replacement. ``remove`` takes away every tag whatever it names."""
    held = set(before or ())
    if held <= set(after):
        return {"op": "add", "path": "tags", "value": [tag for tag in after if tag not in held]}
    return {"op": "replace", "path": "tags", "value": list(after)} if after else {"op": "remove", "path": "tags"}


def _configure(change: Change, _organization: Pairs) -> Call:
    reset = bool(change.ids.get("reset"))
    body = [operation(str(change.key), change.after, reset=reset)]
    return _patch(CONFIGURATIONS, (("deviceId", change.target()),), body, CONFIGURE)


def _delete(change: Change, organization: Pairs) -> Call:
    return Call(
        "DELETE", f"{DEVICES}/{{id}}", organization, path_id=change.target(), pace=PATCH, repeat=AFTER_READING, stage=DELETE
    )


def _patch(path: str, query: Pairs, body: list[dict[str, t.Any]], stage: int, **more: t.Any) -> Call:
    return Call("PATCH", path, query, body, content_type=JSON_PATCH, pace=PATCH, repeat=AFTER_READING, stage=stage, **more)


_CALLS: t.Mapping[str, t.Callable[[Change, Pairs], Call]] = {
    "create_space": _make_space,
    "claim": _claim,
    "rename": _rename,
    "tag": _tag,
    "set_metafield": _configure,
    "delete": _delete,
}


def merge(steps: t.Sequence[Step]) -> list[Step]:
    """Configurations of one device in one call, and one call for the new name of a workspace, whichever devices ask for it."""
    if steps and steps[0].call.stage == CONFIGURE:
        return combine_per_device(steps, lambda calls: replace(calls[0], body=[part for call in calls for part in call.body]))
    if not steps or steps[0].call.stage != RENAME:
        return list(steps)
    return batch_devices(steps, len(steps), _alike_when_renamed, lambda calls: calls[0])


def _alike_when_renamed(call: Call) -> t.Hashable:
    return id_key(str(call.path_id)), call.body["displayName"]
