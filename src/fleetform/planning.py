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


@dataclass(frozen=True)
class Planned:
    """A plan, the same as data, and the limits that it exceeds."""

    plan: Plan
    data: dict[str, Any]
    over: Sequence[Excess]


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
    return any(matches(record, {key: wanted}) for record in (device.observed, device.after) if record is not None)


def bound_to(fleet: Fleet, loaded: LoadedFleet) -> dict[str, Any]:
    """What a plan of this fleet is bound to."""
    clouds = {name or "": parts for name, parts in fleet.clouds().items()}
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
    data["over_limit"] = [{**asdict(excess), "message": str(excess)} for excess in over]
    data["files"] = list(loaded.files)
    return Planned(plan, data, over)
