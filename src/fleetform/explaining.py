# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`fleetform explain`: what is declared of a device and where, what is there, what would be done and why."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import FleetformError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device, Listing, Query, mac_key
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import DevicePlan, Plan, shown_record
from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import plan_as_data
from ansible_collections.fleetform.devices.plugins.module_utils._engine.redaction import hide
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_file import LoadedFleet
from fleetform.exits import Stop
from fleetform.loading import Source
from fleetform.planning import Chosen
from fleetform.render.words import label, plain, value
from fleetform.running import loaded_fleet, made, opened

_OF_THE_FILE = frozenset({"account", "declared_at"})


def explain_device(source: Source, wanted: str) -> list[dict[str, Any]]:
    """What is to be said of each declared device that the word can mean.

    A row holds ``address``, ``declared_at``, ``declared`` (options), ``observed`` (record, or None), ``action``, ``reason``,
    ``changes``, ``warnings`` and ``errors``. Raises Stop where no declared device is meant.
    """
    loaded = loaded_fleet(source)
    with opened(loaded, verbose=source.verbose) as fleet:
        plan = made(fleet, loaded, Chosen(), {}).plan
        rows = list(_rows(fleet, loaded, plan, wanted))
        if not rows:
            raise Stop(_not_declared(fleet, loaded, wanted))
        return rows


def _rows(fleet: Fleet, loaded: LoadedFleet, plan: Plan, wanted: str) -> Iterator[dict[str, Any]]:
    planned = {device.address: device for device in plan.devices}
    for declaration, options in zip(loaded.declarations, loaded.devices, strict=True):
        address = fleet.addressed(declaration).address
        device = planned.get(address)
        if not _meant(wanted, address, declaration, None if device is None else device.observed):
            continue
        yield {
            "address": address,
            "declared_at": declaration.declared_at,
            "declared": _declared(options),
            "errors": _errors(plan, address),
            **(_nothing_known() if device is None else _outlook(fleet, plan, device)),
        }
    for device in plan.devices:
        if device.pruned and _meant(wanted, device.address, device.declaration, device.observed):
            outlook = _outlook(fleet, plan, device)
            yield {"address": device.address, "declared_at": None, "declared": {}, "errors": [], **outlook}


def _nothing_known() -> dict[str, Any]:
    return {"observed": None, "action": None, "reason": None, "changes": [], "warnings": []}


def _outlook(fleet: Fleet, plan: Plan, device: DevicePlan) -> dict[str, Any]:
    alone = fleet.narrowed(plan, lambda other: other if other is device else None)
    data = plan_as_data(alone, tool_version=version("fleetform"), now=datetime.now(UTC))
    record = shown_record(device.observed, device.declaration)
    return {
        "observed": None if record is None else {name: item for name, item in record.items() if item is not None},
        "action": device.action,
        "reason": data["devices"][0]["reason"],
        "changes": data["changes"],
        "warnings": [*device.warnings, *device.notes],
    }


def _declared(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a device as they are written, without secret values."""
    shown = {name: item for name, item in options.items() if name not in _OF_THE_FILE}
    if isinstance(shown.get("metafields"), dict):
        shown["metafields"] = hide(shown["metafields"], shown.get("secret_metafields") or ())
    return shown


def _errors(plan: Plan, address: str) -> list[str]:
    """What is wrong with a device, or with the account in which it is looked for."""
    mine = [str(error) for error in plan.errors if error.device == address]
    account = address.partition("/")[0]
    return mine or [str(error) for error in plan.errors if error.device is None and (error.account or "-") == account]


def _names(address: str, declaration: Declaration, observed: Device | None) -> list[str]:
    names = [address, declaration.name, declaration.previous_name, *declaration.identifiers.values()]
    if observed is not None:
        names += [observed.name, observed.id, observed.serial, observed.mac, observed.cloud_id]
    return [name for name in names if name]


def _meant(wanted: str, address: str, declaration: Declaration, observed: Device | None) -> bool:
    macs = {mac_key(mac) for mac in (declaration.mac, observed and observed.mac) if mac}
    return wanted in _names(address, declaration, observed) or mac_key(wanted) in macs


def _not_declared(fleet: Fleet, loaded: LoadedFleet, wanted: str) -> str:
    """What to say of a word that means no declared device: the nearest ones, and whether such a device is there at all."""
    known = [name for one in loaded.declarations for name in _names("", one, None)]
    folded = {name.casefold(): name for name in known}
    near = [folded[name] for name in difflib.get_close_matches(wanted.casefold(), folded, n=3)]
    text = f"no declared device is called {wanted!r}"
    if near:
        return f"{text}; did you mean {' or '.join(repr(name) for name in dict.fromkeys(near))}?"
    return f"{text}{_undeclared(fleet, wanted) or '; say its address, name, serial number, MAC address or id'}"


def _undeclared(fleet: Fleet, wanted: str) -> str | None:
    """Where a device is that nobody declares."""
    found: Mapping[str | None, Listing | FleetformError] = fleet.list_all(Query(), list(fleet.clouds()))
    for account, listing in found.items():
        devices: Sequence[Device] = [] if isinstance(listing, FleetformError) else listing.devices
        if any(_meant(wanted, "", Declaration(), device) for device in devices):
            return f", but it is in account {account}; see what would declare it with `fleetform import --account {account}`"
    return None


def explained(row: Mapping[str, Any]) -> str:
    """One row as lines."""
    lines = [plain(row["address"]), f"  declared in {plain(row['declared_at'] or 'no file')}"]
    lines += [f"    {name}: {value(item)}" for name, item in row["declared"].items()]
    if row["errors"]:
        return "\n".join([*lines, *(f"  error: {plain(text)}" for text in row["errors"])])
    lines.append("  there is" if row["observed"] else "  there is no such device")
    lines += [f"    {name}: {value(item)}" for name, item in (row["observed"] or {}).items()]
    lines.append(f"  would be done: {row['action']}" + (f" ({plain(row['reason'])})" if row["reason"] else ""))
    for change in row["changes"]:
        before = "not known" if change.get("unverified") else value(change["before"])
        lines.append(f"    {label(change)}: {before} -> {value(change['after'])}")
        lines += [f"      {call['method']} {plain(call['path'])}" for call in change["calls"]]
    lines += [f"  note: {plain(text)}" for text in row["warnings"]]
    return "\n".join(lines)
