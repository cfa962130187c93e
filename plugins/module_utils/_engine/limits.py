# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much a plan may change at once. Pure.

A wrong file, a wrong organization or an empty answer asks for the same as a real change, only for far too many devices. Such a
plan stops before anything is sent, and a person says that it is meant.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import AccountPlan, Plan

DELETE, UPDATE = "delete", "update"
ACTIONS = (DELETE, UPDATE)


@dataclass(frozen=True)
class Limit:
    """The share of devices and their number that an action may touch; the less counts. None means no such bound.

    ``above`` is the number of devices from which on the limit is asked for at all, ``spares`` says that one is always left.
    """

    percent: int | None = None
    count: int | None = None
    above: int = 0
    spares: bool = True

    def allowed(self, devices: int) -> int:
        """How many of so many devices: rounded down, but one where it is not zero; never all where one is to be left."""
        bounded = self.percent is not None or self.count is not None
        bounds = [devices - 1] if bounded and self.spares else [devices]
        if self.percent is not None:
            bounds.append(max(1, devices * self.percent // 100) if self.percent else 0)
        if self.count is not None:
            bounds.append(self.count)
        return max(0, min(bounds))


DEFAULTS: t.Mapping[str, Limit] = {DELETE: Limit(percent=10), UPDATE: Limit(percent=50, above=10, spares=False)}
"""What holds where nobody says anything: deletes of what is not declared, and updates of a fleet worth the name."""


@dataclass(frozen=True)
class Excess:
    """An action of one account that goes beyond its limit: ``wanted`` of ``devices`` devices, where ``allowed`` may be."""

    account: str | None
    action: str
    wanted: int
    allowed: int
    devices: int

    def __str__(self) -> str:
        hint = f"allow it once with --limit {self.action}={self.wanted}, or always by max_changes"
        return f"{self.fact}. Look at the plan; if it is meant, {hint}"

    @property
    def fact(self) -> str:
        """What is over the limit, without a way to go on."""
        where = f"account {self.account}: " if self.account else ""
        of = "in the scope of prune" if self.action == DELETE else "declared and found"
        return (
            f"{where}{self.action} of {self.wanted} devices is over the limit: {self.allowed} of the {self.devices} {of} may be"
        )


def limits_from(given: t.Mapping[str, t.Mapping[str, int]] | None) -> dict[str, Limit]:
    """The limits that a fleet file sets, defaults for the rest. Raises DeclarationError that says what is wrong."""
    limits = dict(DEFAULTS)
    for action, bounds in (given or {}).items():
        if action not in ACTIONS:
            raise DeclarationError(f"max_changes: there is no limit for {action!r}; there are {', '.join(ACTIONS)}")
        if not isinstance(bounds, dict) or not bounds or not bounds.keys() <= {"percent", "count"}:
            raise DeclarationError(f"max_changes: {action} takes percent, count or both, such as {{percent: 10, count: 5}}")
        given_bounds = {name: _bound(f"max_changes: {action}: {name}", name, number) for name, number in bounds.items()}
        limits[action] = Limit(**given_bounds, spares=DEFAULTS[action].spares)
    return limits


def _bound(what: str, name: str, number: t.Any) -> int:
    """A bound as a whole number, which 5.0 is as well. Raises DeclarationError."""
    if isinstance(number, bool) or not isinstance(number, (int, float)) or number < 0 or number != number // 1:
        raise DeclarationError(f"{what} must be a whole number of at least 0, not {number!r}")
    if name == "percent" and number > 100:
        raise DeclarationError(f"{what} must be at most 100, not {number!r}")
    return int(number)


def excesses(
    plan: Plan, limits: t.Mapping[str, Limit], once: t.Mapping[str, int] | None = None, *, whole: Plan | None = None
) -> list[Excess]:
    """Every action of every account that is over its limit. ``once`` is what a person has allowed for this run.

    ``whole`` is the plan of the whole fleet, where ``plan`` is a part of it: what is a share of the fleet is counted there.
    """
    fleets = {account.account: account for account in (plan if whole is None else whole).accounts}
    return [
        excess
        for account in plan.accounts
        for action in ACTIONS
        if (excess := _excess(account, fleets[account.account], action, limits[action], (once or {}).get(action))) is not None
    ]


def _excess(account: AccountPlan, fleet: AccountPlan, action: str, limit: Limit, once: int | None) -> Excess | None:
    if action == DELETE:
        wanted = sum(device.pruned for device in account.devices)
        devices = fleet.in_scope
    else:
        wanted = sum(device.action == "update" and not device.unverified for device in account.devices)
        devices = sum(device.observed is not None and not device.pruned for device in fleet.devices)
    allowed = limit.allowed(devices) if once is None else once
    if not wanted or wanted <= allowed or (once is None and devices <= limit.above):
        return None
    return Excess(account.account, action, wanted, allowed, devices)
