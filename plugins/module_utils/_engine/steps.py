# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the changes of many devices to the fewest calls: which calls can be one. Pure.

A vendor with bulk calls builds its ``merge`` from the two functions below; a vendor without has none and each call is a step.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import DevicePlan, Step


class Merger(t.Protocol):
    """The part of a vendor that makes fewer calls of many."""

    def merge(self, steps: t.Sequence[Step]) -> list[Step]:
        """The same work in the fewest calls. Pure."""


def steps_for(vendor: Merger, devices: t.Iterable[DevicePlan]) -> tuple[Step, ...]:
    """Every call of these plans, merged where the vendor can, ordered by stage and then by address."""
    singles = [Step(call, (change,)) for device in devices for change in device.changes for call in change.calls]
    singles.sort(key=lambda step: (step.call.stage, step.call.targets))
    return tuple(step for _key, group in _grouped(singles, key=lambda step: step.call.stage) for step in merged(vendor, group))


def merged(vendor: Merger, steps: t.Sequence[Step]) -> list[Step]:
    """Steps of one stage in the fewest calls: what several devices need made is made once, the rest is the vendor's business."""
    makers = [step for step in steps if step.call.makes is not None]
    once = [
        group[0] if len(group) == 1 else joined_step(group, lambda calls: calls[0])
        for _key, group in _grouped(makers, key=lambda step: step.call.makes)
    ]
    return once + (vendor.merge([step for step in steps if step.call.makes is None]) if len(makers) < len(steps) else [])


def combine_per_device(steps: t.Sequence[Step], fold: t.Callable[[t.Sequence[Call]], Call]) -> list[Step]:
    """One step per device: ``fold`` makes one call of all the calls that a device has among ``steps``."""
    combined = []
    for _key, group in _grouped(steps, key=lambda step: step.call.targets):
        if len(group) == 1:
            combined.append(group[0])
        else:
            combined.append(Step(fold([step.call for step in group]), tuple(change for step in group for change in step.changes)))
    return combined


def batch_devices(
    steps: t.Sequence[Step], size: int, alike: t.Callable[[Call], t.Hashable], join: t.Callable[[t.Sequence[Call]], Call]
) -> list[Step]:
    """Steps of different devices whose calls are ``alike``, joined into calls for at most ``size`` devices each."""
    joined = []
    for _key, group in _grouped(steps, key=lambda step: alike(step.call)):
        for start in range(0, len(group), size):
            parts = group[start : start + size]
            joined.append(parts[0] if len(parts) == 1 else joined_step(parts, join))
    return joined


def joined_step(parts: t.Sequence[Step], join: t.Callable[[t.Sequence[Call]], Call]) -> Step:
    """One step for all parts. The parts are kept, so that apply can leave a device out."""
    call = replace(join([part.call for part in parts]), targets=tuple(address for part in parts for address in part.call.targets))
    return Step(call, tuple(change for part in parts for change in part.changes), tuple(parts))


T = t.TypeVar("T")


def _grouped(items: t.Iterable[T], key: t.Callable[[T], t.Hashable]) -> list[tuple[t.Hashable, list[T]]]:
    """Items by key, in the order in which each key was first seen."""
    groups: dict[t.Hashable, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.items())
