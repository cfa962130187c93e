# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GreenLake's writing calls: one change as a call, and many calls as the fewest. Pure.

Facts: docs/vendors/greenlake.md, sections "Adding" and "Patching". Stages order the calls of one device: added, unarchived,
device operations (application, tags, location, contact, warranty, tenant), subscription, archived.
"""

from __future__ import annotations

import math
import typing as t
from collections import Counter
from dataclasses import dataclass, replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import ADD, AFTER_READING, NEVER, PATCH, Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.steps import batch_devices, combine_per_device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_json import (
    _json_from_application,
    _json_from_contact,
    _json_from_mac,
    _json_from_space,
    _json_from_tags,
    _json_from_warranty,
)

ADD_MANY, ADD_ONE = "/devices/v1/devices", "/devices/v2beta1/devices"
MERGE_PATCH = "application/merge-patch+json"
MOST_ADDED, MOST_PATCHED = 5, 25
CLAIM, UNARCHIVE, OPERATION, SUBSCRIPTION, ARCHIVE = 0, 1, 2, 3, 4

# Properties that the vendor takes together or not at all; each of the others may travel in a call of its own.
_TOGETHER = frozenset({"application", "region", "tenantWorkspaceId"})


def call_for(change: Change) -> Call:
    """The call of one change. ``change.ids["carried_by"]`` names the action whose call brings this change about as well."""
    carrier = change.ids.get("carried_by")
    if change.action == "claim":
        return _claim(change)
    if change.action in ("archive", "unarchive") or carrier == "archive":
        archived = change.action != "unarchive"
        return _patch(change, ARCHIVE if archived else UNARCHIVE, {"archived": archived})
    if change.action == "set_subscription" and carrier is None:
        return _patch(change, SUBSCRIPTION, {"subscription": [{"id": entry["id"]} for entry in change.after or ()]})
    return _patch(change, OPERATION, _operation(change))


def _operation(change: Change) -> dict[str, t.Any]:
    if change.action == "set_application" or change.ids.get("carried_by"):
        return _json_from_application(change.after if change.action == "set_application" else None)
    if change.action == "transfer":
        return {**_json_from_application(change.ids["application"]), "tenantWorkspaceId": change.after["id"]}
    if change.action == "tag":
        return {"tags": _json_from_tags(change.before, change.after)}
    if change.action == "move":
        return {"location": _json_from_space(change.after)}
    if change.action == "set_contact":
        return {"contact": _json_from_contact(change.after)}
    if change.action == "set_warranty":
        return {"warranty/currentSupportLevel": _json_from_warranty(change.after)}
    raise ValueError(f"greenlake has no call for {change.action}")


def _patch(change: Change, stage: int, body: dict[str, t.Any]) -> Call:
    return Call(
        "PATCH",
        ADD_ONE,
        query=(("id", change.target()),),
        body=body,
        content_type=MERGE_PATCH,
        pace=PATCH,
        repeat=AFTER_READING,
        stage=stage,
        targets=(change.address,),
        job=True,
    )


def claim_type(device_type: str | None, mac: str | None, model: str | None) -> str | None:
    """COMPUTE, NETWORK or STORAGE as declared; NETWORK where a MAC and no part number is given; None where it cannot be told."""
    if device_type:
        return device_type.upper()
    return "NETWORK" if mac and not model else None


def _claim(change: Change) -> Call:
    wanted = change.after
    kind = claim_type(wanted.get("device_type"), wanted.get("mac"), wanted.get("model")) or "NETWORK"
    entry: dict[str, t.Any] = {"serialNumber": wanted["serial"]}
    if kind == "NETWORK":
        entry["macAddress"] = _json_from_mac(wanted["mac"])
    else:
        entry["partNumber"] = wanted["model"]
    if wanted.get("tags"):
        entry["tags"] = dict(wanted["tags"])
    if wanted.get("space") or wanted.get("contact"):
        entry["deviceType"] = kind
        if wanted.get("space"):
            entry["location"] = _json_from_space(wanted["space"])
        if wanted.get("contact"):
            entry["contact"] = _json_from_contact(wanted["contact"])
        return Call("POST", ADD_ONE, body=entry, pace=ADD, repeat=NEVER, stage=CLAIM, targets=(change.address,), job=True)
    body: dict[str, list[dict[str, t.Any]]] = {"network": [], "compute": [], "storage": []}
    body[kind.lower()].append(entry)
    return Call("POST", ADD_MANY, body=body, pace=ADD, repeat=NEVER, stage=CLAIM, targets=(change.address,), job=True)


def merge(steps: t.Sequence[Step]) -> list[Step]:
    """The steps of one stage in the fewest calls: adding by 5, patching equal bodies by 25 ids."""
    adding = [step for step in steps if step.call.method == "POST"]
    patching = [step for step in steps if step.call.method != "POST"]
    added = batch_devices(adding, MOST_ADDED, _alike_when_added, _joined_adds)
    return added + _patched(patching)


def _alike_when_added(call: Call) -> t.Hashable:
    return call.path if call.path == ADD_MANY else (call.path, call.targets)


def _joined_adds(calls: t.Sequence[Call]) -> Call:
    body = {kind: [entry for call in calls for entry in call.body[kind]] for kind in ("network", "compute", "storage")}
    return replace(calls[0], body=body)


def _patched(steps: t.Sequence[Step]) -> list[Step]:
    """Combined per device, except for the properties that take fewer calls apart because many devices share them."""
    joined: list[Step] = []
    for properties in _fewest_blocks([(step.call.targets, step.call.body) for step in steps]):
        block = [step for step in steps if properties is None or set(step.call.body) <= properties]
        joined += batch_devices(combine_per_device(block, _folded), MOST_PATCHED, _alike_when_patched, _joined_patches)
    return joined


def _fewest_blocks(bodies: t.Sequence[tuple[t.Hashable, dict[str, t.Any]]]) -> list[frozenset[str] | None]:
    """Which properties go together for the fewest calls in all; ``[None]`` for all of them, which wins where it is a draw.

    Combining is right for one device. For many, a property with few different values (a location for all) costs less apart from
    one with many (a name tag for each): then the equal part needs one call for 25 devices instead of one for each.
    """
    units = sorted({_unit(body) for _target, body in bodies}, key=sorted)
    if len(units) < 2 or len({target for target, _body in bodies}) < 2:
        return [None]
    values: dict[t.Hashable, dict[frozenset[str], t.Hashable]] = {}
    for target, body in bodies:
        held = values.setdefault(target, {})
        unit = _unit(body)
        held[unit] = (held.get(unit), _frozen(body))

    def cost(blocks: t.Sequence[t.Sequence[frozenset[str]]]) -> int:
        calls = 0
        for block in blocks:
            keys = (tuple(held.get(unit) for unit in block) for held in values.values())
            counts = Counter(key for key in keys if any(part is not None for part in key))
            calls += sum(math.ceil(count / MOST_PATCHED) for count in counts.values())
        return calls

    together = cost([units])
    if together <= max(cost([[unit]]) for unit in units):
        return [None]
    best = min(_partitions(units), key=lambda blocks: (cost(blocks), len(blocks)))
    return [None] if len(best) == 1 else [frozenset().union(*block) for block in best]


def _unit(body: t.Mapping[str, t.Any]) -> frozenset[str]:
    return _TOGETHER if _TOGETHER & body.keys() else frozenset(body)


def _partitions(items: t.Sequence[frozenset[str]]) -> t.Iterator[list[list[frozenset[str]]]]:
    """Every way to put the items into groups; 52 for the five kinds of device operation, the most there are."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for groups in _partitions(rest):
        yield [[first], *groups]
        for place in range(len(groups)):
            yield [*groups[:place], [first, *groups[place]], *groups[place + 1 :]]


def _folded(calls: t.Sequence[Call]) -> Call:
    body: dict[str, t.Any] = {}
    for call in calls:
        body.update(call.body)
    return replace(calls[0], body=body)


def _alike_when_patched(call: Call) -> t.Hashable:
    return _frozen(call.body)


def _joined_patches(calls: t.Sequence[Call]) -> Call:
    return replace(calls[0], query=tuple(pair for call in calls for pair in call.query))


def _frozen(value: t.Any) -> t.Hashable:
    if isinstance(value, dict):
        return tuple(sorted((key, _frozen(item)) for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return tuple(_frozen(item) for item in value)
    return (type(value).__name__, str(value))


@dataclass(frozen=True)
class NewDevice:
    """What decides how a device is added: ``placed`` is its location and contact, ``assigned`` its application and tenant."""

    address: str
    placed: t.Hashable
    assigned: t.Hashable


def added_alone(devices: t.Sequence[NewDevice]) -> frozenset[str]:
    """The addresses of the devices that are best added one by one, with location and contact in the same call.

    The other way is to add five at once and to set location and contact for up to 25 devices that share them; an application
    takes a patch in both. The sizes of groups from which on the second way is taken are tried, the fewest calls win, in a draw
    the more devices alone, since that saves them a job.
    """
    groups: dict[t.Hashable, list[NewDevice]] = {}
    for device in devices:
        if device.placed is not None:
            groups.setdefault((device.placed, device.assigned), []).append(device)
    best: tuple[float, frozenset[str]] = (math.inf, frozenset())
    for least in sorted({len(group) for group in groups.values()} | {len(devices) + 1}, reverse=True):
        alone = frozenset(device.address for group in groups.values() if len(group) < least for device in group)
        calls = len(alone) + math.ceil((len(devices) - len(alone)) / MOST_ADDED)
        patches = Counter(
            (None if device.address in alone else device.placed, device.assigned)
            for device in devices
            if device.assigned is not None or (device.placed is not None and device.address not in alone)
        )
        calls += sum(math.ceil(count / MOST_PATCHED) for count in patches.values())
        if calls < best[0]:
            best = (calls, alone)
    return best[1]
