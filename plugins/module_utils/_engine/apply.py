# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carrying a plan out: in parallel over devices and accounts, in order within a device, and truthfully.

A step is sent when every device in it has come so far. What an unclear answer left open is settled by reading. After a failed or
unclear change nothing irreversible follows on that device; the other devices go on.
"""

from __future__ import annotations

import threading
import typing as t
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import FleetformError, Gone, Unclear
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Settled
from ansible_collections.fleetform.devices.plugins.module_utils._engine.identity import Index
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import (
    BY_KEY,
    IRREVERSIBLE,
    AccountPlan,
    Change,
    DevicePlan,
    Step,
    field_of,
    with_changes,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.steps import merged
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import DONE, FAILED, UNCLEAR, Outcome, Vendor
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

ALREADY, SKIPPED = "already", "skipped"

JOB_PAUSES = (2.0, 4.0, 8.0, 16.0)
"""Seconds between the looks at a device that settle a lost answer to a call that starts a job, as far as the deadline allows."""


@dataclass(frozen=True)
class ChangeResult:
    """What became of one change: done, already (somebody else had done it), failed, unclear or skipped, and why."""

    change: Change
    status: str
    message: str | None = None


@dataclass(frozen=True)
class Report:
    """What an apply did. ``devices`` maps address to the record afterwards, None where the device is gone.

    ``wrote`` says that something was written although the change failed.
    """

    results: tuple[ChangeResult, ...] = ()
    devices: t.Mapping[str, Device | None] = field(default_factory=dict)
    wrote: bool = False

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return self.wrote or any(result.status == DONE for result in self.results)

    @property
    def failed(self) -> bool:
        """Whether anything was left undone, or is not known to be done."""
        return any(result.status in (FAILED, UNCLEAR, SKIPPED) for result in self.results)

    def problems(self) -> list[str]:
        """One line for each change that failed, is unclear or was skipped, causes before what came of them."""
        return [
            f"{result.change.address}: {result.change.action}"
            + (f" {result.change.key}" if result.change.key else "")
            + f" {result.status}: {result.message}"
            for statuses in ((FAILED, UNCLEAR), (SKIPPED,))
            for result in self.results
            if result.status in statuses
        ]


_Key: t.TypeAlias = "tuple[str, str | None]"
Observer = t.Callable[[ChangeResult], None]


def apply_account(vendor: Vendor, plan: AccountPlan, observer: Observer | None = None) -> Report:
    """Sends the steps of one account. Never raises for what a vendor answers: the report says it."""
    return _Run(vendor, plan, observer).report()


class _Run:
    def __init__(self, vendor: Vendor, plan: AccountPlan, observer: Observer | None) -> None:
        self.vendor = vendor
        self.plan = plan
        self.observer = observer
        self.lock = threading.Lock()
        self.plans: dict[str, DevicePlan] = {device.address: device for device in plan.devices}
        self.records: dict[str, Device | None] = {device.address: device.observed for device in plan.devices}
        self.wrote = False
        self.ids: dict[str, t.Any] = {}
        self.looks: dict[tuple[str, frozenset[str]], Device] = {}
        self.outcomes: dict[str, dict[_Key, list[tuple[str, str | None]]]] = {}

    def report(self) -> Report:
        """Runs every step and gathers what came of each change, in the order of the plan."""
        self.vendor.client.planned(len(self.plan.steps))
        self._run()
        results = []
        for device in self.plan.devices:
            for change in device.changes:
                entries = self.outcomes.get(change.address, {}).get(_key(change))
                status, message = _worst(entries or [(SKIPPED, "it was never reached")])
                results.append(ChangeResult(change, status, message))
        return Report(tuple(results), dict(self.records), self.wrote)

    def _run(self) -> None:
        queues: dict[str, list[int]] = {}
        for number, step in enumerate(self.plan.steps):
            for address in step.addresses:
                queues.setdefault(address, []).append(number)
        behind = [len(step.addresses) for step in self.plan.steps]

        def reached(addresses: t.Iterable[str]) -> list[int]:
            ready = []
            for address in addresses:
                if queues[address]:
                    behind[queues[address][0]] -= 1
                    if behind[queues[address][0]] == 0:
                        ready.append(queues[address][0])
            return ready

        waiting = sorted(reached(list(queues)))
        with ThreadPoolExecutor(max_workers=self.vendor.settings.concurrency, thread_name_prefix="fleetform-apply") as pool:
            running: dict[Future[None], Step] = {}
            while True:
                # A step whose lane is taken keeps no thread waiting.
                taken = {step.call.lane for step in running.values()} - {None}
                for number in tuple(waiting):
                    step = self.plan.steps[number]
                    if step.call.lane not in taken:
                        waiting.remove(number)
                        taken |= {step.call.lane} - {None}
                        running[pool.submit(self._step, step)] = step
                if not running:
                    return
                finished, _rest = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    step = running.pop(future)
                    future.result()
                    for address in step.addresses:
                        queues[address].pop(0)
                    waiting += reached(step.addresses)

    def _step(self, step: Step) -> None:
        parts = [part for part in (step.parts or (step,)) if self._may_go_on(part)]
        parts = [part for part in parts if self._still_needed(part)]
        if not parts:
            return
        if len(parts) < len(step.parts or (step,)):
            step = merged(self.vendor, parts)[0]
        if step.call.lane is None:
            self._sent(step)
            return
        with self.vendor.client.exclusive(step.call.lane):
            self._sent(step)

    def _sent(self, step: Step) -> None:
        found: dict[str, Device] = {}
        try:
            step = self.vendor.before_sending(replace(step, call=step.call.filled(self.ids)))
            deadline = self.vendor.client.deadline()
            answer = self.vendor.client.send(step.call, settle=lambda: self._settle(step, found, deadline), deadline=deadline)
            if answer.settled:
                outcomes = self._as_read(step, found)
            else:
                outcomes = self.vendor.finish(step, answer, deadline)
        except Unclear as error:
            outcomes = self._sort_out(step, str(error), found)
        except Gone as error:
            outcomes = dict.fromkeys(step.addresses, self._not_there(step, error))
        except FleetformError as error:
            outcomes = {address: Outcome(FAILED, str(error)) for address in step.addresses}
        for change in step.changes:
            self._note(change, outcomes.get(change.address, Outcome(UNCLEAR, "the vendor's answer does not mention this device")))

    def _not_there(self, step: Step, error: Gone) -> Outcome:
        """After a 404. A device that is really not there any more is what a delete wants."""
        if any(change.action != "delete" for change in step.changes):
            return Outcome(FAILED, str(error))
        states = set(self._states(step.changes, {}).values())
        if states == {Settled.DONE}:
            return Outcome(ALREADY)
        if Settled.UNKNOWN in states:
            return Outcome(UNCLEAR, f"{error}; whether the device is still there could not be read")
        return Outcome(FAILED, f"{error}; but the device is still there")

    def _may_go_on(self, part: Step) -> bool:
        """Whether nothing that happened to this device forbids the step; else its changes are noted as skipped."""
        address = part.changes[0].address
        with self.lock:
            known = self.outcomes.get(address, {})
            broken = [
                (key[0], status)
                for key, entries in known.items()
                for status, _message in entries
                if status not in (DONE, ALREADY)
            ]
        reason = None
        actions = {change.action for change in part.changes}
        if any(status == UNCLEAR for _action, status in broken):
            reason = "an earlier change of this device is unclear"
        elif any(action == "claim" for action, _status in broken):
            reason = "the device could not be created"
        elif actions & {"claim", "move"} and any(action == "create_space" for action, _status in broken):
            reason = "the space that it goes to could not be made"
        elif not actions & {"claim", "create_space"} and self.plans[address].observed is None and address not in self.ids:
            reason = "the id of the new device is not known yet; run again: it is found then"
        elif broken and actions & IRREVERSIBLE:
            reason = "an earlier change of this device failed, and it goes with one that cannot be undone"
        elif broken and any(
            self.vendor.NEEDS.get(action, frozenset()) & {failed for failed, _status in broken} for action in actions
        ):
            reason = "it needs a change that failed"
        for change in part.changes if reason else ():
            self._note(change, Outcome(SKIPPED, reason))
        return reason is None

    def _still_needed(self, part: Step) -> bool:
        """Reads again what an earlier change of the same device may have touched. Changes already in effect are noted as such."""
        if not any(change.verify for change in part.changes):
            return True
        try:
            device = self._looked_at(part)
        except FleetformError as error:
            self._note_all(part, Outcome(FAILED, f"it could not be read again before this change: {error}"))
            return False
        if device is None:
            self._note_all(part, Outcome(FAILED, "the device is out of sight of these credentials since the change before"))
            return False
        if all(self._in_effect(change, device) for change in part.changes):
            self._note_all(part, Outcome(ALREADY))
            return False
        return True

    def _looked_at(self, part: Step) -> Device | None:
        """The device of a part as it is now. One read serves every key of an attribute: setting one leaves the others alone."""
        address = part.changes[0].address
        roots = frozenset(change.root for change in part.changes if change.root)
        if roots <= BY_KEY and (held := self.looks.get((address, roots))) is not None:
            return held
        device = self._reread({address: part.changes})[address]
        if device is not None:
            self.looks[address, roots] = device
        return device

    def _note_all(self, part: Step, outcome: Outcome) -> None:
        for change in part.changes:
            self._note(change, outcome)

    def _note(self, change: Change, outcome: Outcome) -> None:
        with self.lock:
            self.outcomes.setdefault(change.address, {}).setdefault(_key(change), []).append((outcome.status, outcome.message))
            self.wrote = self.wrote or outcome.written
            if outcome.status in (DONE, ALREADY):
                self._remember(change, outcome)
                if outcome.made is not None:
                    for call in change.calls:
                        self.ids[call.makes or change.address] = outcome.made
        if self.observer is not None:
            self.observer(ChangeResult(change, outcome.status, outcome.message))

    def _remember(self, change: Change, outcome: Outcome) -> None:
        if change.action == "delete":
            self.records[change.address] = None
            return
        record = self.records[change.address]
        if change.action == "claim":
            record = outcome.device or self.plans[change.address].after
            if record is not None and record.id is not None:
                self.ids[change.address] = self.vendor.native_id(record.id)
        self.records[change.address] = None if record is None else self.vendor.consequences(with_changes(record, (change,)))

    def _as_read(self, step: Step, found: t.Mapping[str, Device]) -> dict[str, Outcome]:
        """What came of a step that reading has shown to be carried out."""
        made = self.vendor.made(step.changes[0]) if step.call.makes is not None else None
        return {address: Outcome(DONE, device=found.get(address), made=made) for address in step.addresses}

    def _settle(self, step: Step, found: dict[str, Device], deadline: Deadline) -> Settled:
        """What reading says about a step whose answer was lost.

        A job may still be at work, so "not done" is never concluded for one.
        """
        state = Settled.UNKNOWN
        for pause in (0.0, *(JOB_PAUSES if step.call.job else ())):
            if pause:
                if deadline.left() < pause:
                    break
                self.vendor.client.pause(pause)
            states = set(self._states(step.changes, found).values())
            state = states.pop() if len(states) == 1 else Settled.UNKNOWN
            if state is Settled.DONE:
                return state
        return Settled.UNKNOWN if step.call.job else state

    def _states(self, changes: t.Sequence[Change], found: dict[str, Device]) -> dict[str, Settled]:
        """What reading says about each device of these changes, by address."""
        if any(change.action == "create_space" for change in changes):
            return dict.fromkeys((change.address for change in changes), self._space_state(changes[0]))
        by_address: dict[str, list[Change]] = {}
        for change in changes:
            by_address.setdefault(change.address, []).append(change)
        try:
            devices = self._reread(by_address)
        except FleetformError:
            # The read failed as well: that says nothing about the changes, and the caller ends in Unclear.
            return dict.fromkeys(by_address, Settled.UNKNOWN)
        states = {}
        for address, rows in by_address.items():
            device = devices[address]
            if device is not None and rows[0].action == "claim":
                found[address] = device
            of_rows = {self._state(change, device) for change in rows}
            states[address] = of_rows.pop() if len(of_rows) == 1 else Settled.UNKNOWN
        return states

    def _space_state(self, change: Change) -> Settled:
        try:
            return Settled.NOT_DONE if self.vendor.made(change) is None else Settled.DONE
        except FleetformError:
            return Settled.UNKNOWN

    def _state(self, change: Change, device: Device | None) -> Settled:
        if change.action == "claim":
            if device is None:
                return Settled.NOT_DONE
            # It is there; whether it came with everything that was sent along is another question.
            sent = self.vendor.CLAIM_SETS & change.after.keys()
            whole = all(self.vendor.same(name, getattr(device, field_of(name)), change.after[name]) for name in sent)
            return Settled.DONE if whole else Settled.UNKNOWN
        if device is None:
            # A device that was just moved to another organization may be out of sight for the credentials that moved it.
            return Settled.DONE if change.action in ("delete", "transfer") else Settled.UNKNOWN
        return Settled.DONE if self._in_effect(change, device) else Settled.NOT_DONE

    def _sort_out(self, step: Step, message: str, found: dict[str, Device]) -> dict[str, Outcome]:
        """After an unclear step for many devices: each device by itself."""
        if len(step.addresses) == 1:
            return dict.fromkeys(step.addresses, Outcome(UNCLEAR, message))
        return {
            address: Outcome(DONE, device=found.get(address)) if state is Settled.DONE else Outcome(UNCLEAR, message)
            for address, state in self._states(step.changes, found).items()
        }

    def _reread(self, by_address: t.Mapping[str, t.Sequence[Change]]) -> dict[str, Device | None]:
        """The devices of these changes as they are now, None where one is not there.

        One read for as many as the vendor allows.
        """
        devices: dict[str, Device | None] = dict.fromkeys(by_address)
        claims = [self.plans[address].declaration for address, rows in by_address.items() if rows[0].action == "claim"]
        if claims:
            index = Index(self.vendor.read(claims).devices)
            for claim in claims:
                devices[claim.address] = index.find(claim, lambda device, claim=claim: self.vendor.in_scope(claim, device))  # type: ignore[misc]
        with self.lock:
            known = {address: self.records[address] for address, rows in by_address.items() if rows[0].action != "claim"}
        present = {address: device for address, device in known.items() if device is not None}
        attributes = sorted({change.root for address in present for change in by_address[address] if change.root})
        devices.update(zip(present, self.vendor.refresh_all(list(present.values()), attributes), strict=True))
        return devices

    def _in_effect(self, change: Change, device: Device) -> bool:
        if change.action == "delete" or change.root is None:
            return False
        value = getattr(device, field_of(change.root))
        if change.key is not None:
            value = (value or {}).get(change.key)
        return self.vendor.same(change.root, value, change.after)


def _key(change: Change) -> _Key:
    return change.action, change.attribute


def _worst(entries: t.Sequence[tuple[str, str | None]]) -> tuple[str, str | None]:
    """The status of a change that took several calls: the worst of theirs; ``already`` only when no call was sent."""
    order = (UNCLEAR, FAILED, SKIPPED, DONE, ALREADY)
    return min(entries, key=lambda entry: order.index(entry[0]))
