# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a loaded fleet to a plan as data: planned as a whole, narrowed to what was asked for, held against the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.limits import Excess, excesses, limits_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import RECORD_FIELDS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import DevicePlan, Plan
from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import plan_as_data
from ansible_collections.fleetform.devices.plugins.module_utils._engine.savedplan import binding
from ansible_collections.fleetform.devices.plugins.module_utils._engine.select import matches
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_file import LoadedFleet

OWN_FIELDS = ("address", "action", "declared_at")
"""What ``--where`` knows besides the fields of a device record."""

DEVICE_ACTIONS = ("create", "update", "delete", "no-op")
"""What a plan does with a device."""


@dataclass(frozen=True)
class Planned:
    """A plan, the same as data, the limits that it exceeds, and the plan of the whole fleet of which it may be a part."""

    plan: Plan
    data: dict[str, Any]
    over: Sequence[Excess]
    whole: Plan


@dataclass(frozen=True)
class Chosen:
    """Which devices are meant: those that fit every ``where`` and no ``exclude``, each ``key=value``."""

    where: Sequence[tuple[str, str]] = ()
    exclude: Sequence[tuple[str, str]] = ()

    def __post_init__(self) -> None:
        for key, _value in (*self.where, *self.exclude):
            if key.partition(".")[0] not in (*RECORD_FIELDS, *OWN_FIELDS):
                raise DeclarationError(
                    f"there is no field {key!r}; choose by a field of the device record, {', '.join(OWN_FIELDS)}"
                )

    def fits(self, device: DevicePlan) -> bool:
        """Whether a device is meant."""
        return all(_fits(device, *pair) for pair in self.where) and not any(_fits(device, *pair) for pair in self.exclude)


def _fits(device: DevicePlan, key: str, wanted: str) -> bool:
    if key in ("address", "action"):
        return str(getattr(device, key)) == wanted
    if key == "declared_at":
        return (device.declaration.declared_at or "").startswith(wanted)
    if key == "account":
        return device.declaration.account == wanted
    # On the command line everything is a text.
    meant = [wanted, {"true": True, "false": False}.get(wanted.lower(), wanted)]
    return any(matches(record, {key: meant}) for record in (device.observed, device.after) if record is not None)


def _is_known(fleet: Fleet, loaded: LoadedFleet, whole: Plan, key: str, wanted: str) -> bool:
    """Whether a pair of ``--where`` is of any device, those included that could not be planned; none is likely to be mistyped."""
    if key == "action" and wanted in DEVICE_ACTIONS:
        # What no device needs today another one may need tomorrow.
        return True
    if any(_fits(device, key, wanted) for device in whole.devices):
        return True
    declared = (fleet.addressed(declaration) for declaration in loaded.declarations)
    if key == "declared_at":
        return any((one.declared_at or "").startswith(wanted) for one in declared)
    return any(getattr(one, key, None) == wanted for one in declared)


def bound_to(fleet: Fleet, loaded: LoadedFleet, data: Mapping[str, Any]) -> dict[str, Any]:
    """What this plan of the fleet is bound to: as much as can be told of the accounts in which it changes something."""
    changed = {change["address"] for change in data["changes"]}
    accounts = {device["account"] for device in data["devices"] if device["address"] in changed}
    clouds = {name or "": parts for name, parts in fleet.homes(accounts).items()}
    scopes = [[scope.account, scope.filters] for scope in loaded.prune]
    return binding(clouds, [fleet.addressed(one) for one in loaded.declarations], scopes)


def make(fleet: Fleet, loaded: LoadedFleet, chosen: Chosen, once: Mapping[str, int]) -> Planned:
    """The plan. What is wrong with devices and accounts stands in it; limits that mean nothing raise DeclarationError."""
    limits = limits_from(loaded.max_changes)
    whole = fleet.plan(loaded.declarations, loaded.prune)
    plan = fleet.narrowed(whole, lambda device: device if chosen.fits(device) else None)
    over = excesses(plan, limits, once, whole=whole)
    data = plan_as_data(plan, tool_version=version("fleetform"), now=datetime.now(UTC))
    data["warnings"] += [str(excess) for excess in over]
    data["unmatched"] = [f"{key}={value}" for key, value in chosen.where if not _is_known(fleet, loaded, whole, key, value)]
    data["over_limit"] = [{**asdict(excess), "message": str(excess)} for excess in over]
    return Planned(plan, data, over, whole)
