# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carrying a plan out: in parallel over devices and accounts, in order within a device, and truthfully.

A step is sent when every device in it has come so far. What an unclear answer left open is settled by reading. After a failed or
unclear change nothing irreversible follows on that device; the other devices go on.
"""

from __future__ import annotations

import contextlib
import threading
import typing as t
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    ApiError,
    FleetformError,
    Gone,
    Interrupted,
    Unclear,
)
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
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import (
    ALREADY,
    DONE,
    FAILED,
    UNCLEAR,
    Outcome,
    Vendor,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

SKIPPED = "skipped"

JOB_PAUSES = (2.0, 4.0, 8.0, 16.0)
"""Seconds between the looks at a device that settle a lost answer of a vendor still at work, as far as the deadline allows."""


@dataclass(frozen=True)
class ChangeResult:
    """What became of one change: done, already (somebody else had done it), failed, unclear or skipped, and why."""

    change: Change
    status: str
    message: str | None = None


@dataclass(frozen=True)
class Report:
    """What an apply did. ``devices`` maps address to the record afterwards, None where the device is gone.

    ``wrote`` says that something was written although the change failed, ``interrupted`` that somebody asked to stop.
    """

    results: tuple[ChangeResult, ...] = ()
    devices: t.Mapping[str, Device | None] = field(default_factory=dict)
    wrote: bool = False
    interrupted: bool = False

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


class Watch(t.Protocol):
    """Looks on while a plan is carried out; called from several threads.

    Interrupted, raised by any of these, ends the apply like an interruption: calls under way end, and nothing more is sent.
    """

    def sending(self, account: str | None, step: Step) -> None:
        """This step goes out now, as it stands here, or goes out once more. It does not where this raises Interrupted."""

    def ended(self, result: ChangeResult) -> None:
        """This is what came of a change, or of one of its calls."""

    def stopping(self, seconds: float) -> None:
        """Somebody has asked to stop; what is under way is given so many seconds to end."""


def apply_account(vendor: Vendor, plan: AccountPlan, watch: Watch | None = None, stop: threading.Event | None = None) -> Report:
    """Sends the steps of one account. Never raises for what a vendor answers: the report says it.

    Once ``stop`` is set, calls under way end and nothing more is sent. What waits to be sent, or sent again, is not under way.
    """
    stop = stop or threading.Event()
    with vendor.client.interruptible(stop):
        return _Run(vendor, plan, watch, stop).report()


class _Run:
    def __init__(self, vendor: Vendor, plan: AccountPlan, watch: Watch | None, stop: threading.Event) -> None:
        self.vendor = vendor
        self.plan = plan
        self.watch = watch
        self.stop = stop
        self.lock = threading.Lock()
        self.plans: dict[str, DevicePlan] = {device.address: device for device in plan.devices}
        self.records: dict[str, Device | None] = {device.address: device.observed for device in plan.devices}
        self.wrote = False
        # The ids of what was created, by address or by what `Call.makes` says, and those of spaces that reading found.
        self.ids: dict[str, t.Any] = {}
        self.seen: dict[str | None, t.Any] = {}
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
        records = {address: record and self.vendor.afterwards(record) for address, record in self.records.items()}
        return Report(tuple(results), records, self.wrote, self.stop.is_set())

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

        # The lanes that are taken, each with the steps that wait for it: they keep no thread waiting.
        lanes: dict[str, deque[Step]] = {}
        running: dict[Future[None], Step] = {}
        with ThreadPoolExecutor(max_workers=self.vendor.settings.concurrency, thread_name_prefix="fleetform-apply") as pool:

            def start(step: Step) -> None:
                running[pool.submit(self._step, step)] = step

            def ready(numbers: t.Iterable[int]) -> None:
                for step in (self.plan.steps[number] for number in numbers):
                    if step.call.lane is None:
                        start(step)
                    elif step.call.lane in lanes:
                        lanes[step.call.lane].append(step)
                    else:
                        lanes[step.call.lane] = deque()
                        start(step)

            ready(sorted(reached(list(queues))))
            while running:
                finished, _rest = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    step = running.pop(future)
                    if future.exception() is not None:
                        # No vendor's doing: nobody can say what comes next, so that nothing more is sent.
                        self.stop.set()
                    future.result()
                    if step.call.lane is not None:
                        if lanes[step.call.lane]:
                            start(lanes[step.call.lane].popleft())
                        else:
                            del lanes[step.call.lane]
                    for address in step.addresses:
                        queues[address].pop(0)
                    ready(reached(step.addresses))

    def _step(self, step: Step) -> None:
        parts = [part for part in (step.parts or (step,)) if self._may_go_on(part)]
        parts = [part for part in parts if self._still_needed(part)]
        if not parts:
            return
        if len(parts) < len(step.parts or (step,)):
            step = merged(self.vendor, parts)[0]
        found: dict[str, Device] = {}
        lane = step.call.lane
        try:
            with contextlib.nullcontext() if lane is None else self.vendor.client.exclusive(lane):
                outcomes = self._tried(step, found)
        except Interrupted as error:
            outcomes = dict.fromkeys(step.addresses, Outcome(SKIPPED, error.message))
        except FleetformError as error:
            outcomes = {address: Outcome(FAILED, str(error)) for address in step.addresses}
        for change in step.changes:
            self._note(change, outcomes.get(change.address, Outcome(UNCLEAR, "the vendor's answer does not mention this device")))

    def _tried(self, step: Step, found: dict[str, Device]) -> dict[str, Outcome]:
        """What came of each device, whether the call went well or not."""
        step = replace(step, call=step.call.filled(self.ids))
        deadline = self.vendor.client.deadline()
        try:
            return self._sent(step, found, deadline)
        except Interrupted:
            raise
        except FleetformError as error:
            with self.vendor.client.settling():
                return self._after(error, step, found, deadline)

    def _after(self, error: FleetformError, step: Step, found: dict[str, Device], deadline: Deadline) -> dict[str, Outcome]:
        """What came of a step that ended in an error: the vendor may know better than the engine."""
        if isinstance(error, ApiError):
            try:
                told = self.vendor.after_error(step, error, deadline)
            except FleetformError:
                # The first error says more than one that came up while explaining it.
                told = None
            if told is not None:
                return told
        if isinstance(error, Unclear):
            return self._sort_out(step, str(error), found)
        if isinstance(error, Gone):
            return dict.fromkeys(step.addresses, self._not_there(step, error))
        return {address: Outcome(FAILED, str(error)) for address in step.addresses}

    def _sent(self, step: Step, found: dict[str, Device], deadline: Deadline) -> dict[str, Outcome]:
        """What came of each device. Raises FleetformError."""
        step = self.vendor.before_sending(step)
        answer = self.vendor.client.send(
            step.call,
            settle=lambda: self._settle(step, found, deadline),
            deadline=deadline,
            leaving=lambda: self._leaving(step),
        )
        with self.vendor.client.settling():
            if answer.settled:
                return {address: self._as_read(step, address, found) for address in step.addresses}
            return self.vendor.finish(step, answer, deadline)

    def _leaving(self, step: Step) -> None:
        """Tells the watch of a call that goes out now. Raises Interrupted where it must not."""
        if self.watch is None:
            return
        try:
            self.watch.sending(self.plan.account, step)
        except Interrupted:
            self.stop.set()
            raise

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
        if self.stop.is_set():
            self._note_all(part, Outcome(SKIPPED, "interrupted before this was sent"))
            return False
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
        # What is not known of a space says nothing about the device.
        if any(status == UNCLEAR and action != "create_space" for action, status in broken):
            reason = "an earlier change of this device is unclear"
        elif any(action == "claim" for action, _status in broken):
            reason = "the device could not be created"
        elif actions & {"claim", "move"} and any(action == "create_space" for action, _status in broken):
            reason = "the space that it goes to could not be made"
        elif not actions & {"claim", "create_space"} and self.plans[address].observed is None and address not in self.ids:
            reason = "the id of the new device is not known yet; run again: it is found then"
        elif not self._named(part):
            reason = "the id of what was made for it is not known yet; run again: it is found then"
        elif broken and actions & IRREVERSIBLE:
            reason = "an earlier change of this device failed, and it goes with one that cannot be undone"
        elif broken and any(
            self.vendor.NEEDS.get(action, frozenset()) & {failed for failed, _status in broken} for action in actions
        ):
            reason = "it needs a change that failed"
        for change in part.changes if reason else ():
            self._note(change, Outcome(SKIPPED, reason))
        return reason is None

    def _named(self, part: Step) -> bool:
        """Whether every id that the call names is known by now."""
        try:
            part.call.filled(self.ids)
        except KeyError:
            return False
        return True

    def _still_needed(self, part: Step) -> bool:
        """Reads again what an earlier change of the same device may have touched. Changes already in effect are noted as such."""
        if not any(change.verify for change in part.changes):
            return True
        try:
            device = self._looked_at(part)
        except Interrupted as error:
            self._note_all(part, Outcome(SKIPPED, error.message))
            return False
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
        if self.watch is not None:
            try:
                self.watch.ended(ChangeResult(change, outcome.status, outcome.message))
            except Interrupted:
                self.stop.set()

    def _remember(self, change: Change, outcome: Outcome) -> None:
        if change.action == "delete":
            self.records[change.address] = None
            return
        record = self.records[change.address]
        if change.action == "claim":
            record = outcome.device or self.plans[change.address].after
            if record is not None and record.id is not None:
                self.ids[change.address] = self.vendor.native_id(record.id)
        if record is not None:
            record = with_changes(record, (change,))
            record = self.vendor.consequences(replace(record, space=self._placed(change.address, record.space)))
        self.records[change.address] = record

    def _placed(self, address: str, space: t.Any) -> t.Any:
        """A space, with the id that it got where it was made for this device."""
        if not isinstance(space, dict) or space.get("id") is not None:
            return space
        makers = [change for change in self.plans[address].changes if change.action == "create_space"]
        made = [self.ids[call.makes] for change in makers for call in change.calls if call.makes in self.ids]
        return {**space, "id": made[0]} if made else space

    def _as_read(self, step: Step, address: str, found: t.Mapping[str, Device]) -> Outcome:
        """What came of a device in a step that reading has shown to be carried out."""
        return Outcome(DONE, device=found.get(address), made=self.seen.get(step.call.makes))

    def _settle(self, step: Step, found: dict[str, Device], deadline: Deadline) -> Settled:
        """What reading says about a step whose answer was lost.

        Where the vendor may still be at work, as with a job, it is looked at again, and "not done" is never concluded.
        """
        pauses = list(JOB_PAUSES)
        while True:
            # Asked before the look, so that nothing ends between the two.
            busy = step.call.job or self.vendor.at_work()
            states = set(self._states(step.changes, found).values())
            state = states.pop() if len(states) == 1 else Settled.UNKNOWN
            if state is Settled.DONE or not busy:
                return state
            pause = pauses.pop(0) if pauses else 0.0 if step.call.job else JOB_PAUSES[-1]
            if not pause or deadline.left() < pause:
                return Settled.UNKNOWN
            self.vendor.client.pause(pause)

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
            # One call sets all of them, so that those which can be read speak for the rest.
            of_rows = {self._state(change, device) for change in [row for row in rows if self._tells(row)] or rows}
            states[address] = of_rows.pop() if len(of_rows) == 1 else Settled.UNKNOWN
        return states

    def _space_state(self, change: Change) -> Settled:
        try:
            made = self.vendor.made(change)
        except FleetformError:
            return Settled.UNKNOWN
        if made is None:
            return Settled.NOT_DONE
        self.seen.update({call.makes: made for call in change.calls})
        return Settled.DONE

    def _state(self, change: Change, device: Device | None) -> Settled:
        if change.action == "claim":
            if device is None:
                return Settled.NOT_DONE
            # It is there; whether it came with everything that was sent along is another question.
            sent = self.vendor.CLAIM_SETS & change.after.keys()
            after = {**change.after, "space": self._placed(change.address, change.after.get("space"))}
            whole = all(self.vendor.same(name, getattr(device, field_of(name)), after[name]) for name in sent)
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
            address: self._as_read(step, address, found) if state is Settled.DONE else Outcome(UNCLEAR, message)
            for address, state in self._states(step.changes, found).items()
        }

    def _reread(self, by_address: t.Mapping[str, t.Sequence[Change]]) -> dict[str, Device | None]:
        """The devices of these changes as they are now, None where one is not there.

        One read for as many as the vendor allows.
        """
        devices: dict[str, Device | None] = dict.fromkeys(by_address)
        claims = [self.plans[address].declaration for address, rows in by_address.items() if rows[0].action == "claim"]
        if claims:
            index = Index(self.vendor.read(claims).devices, self.vendor.identity_key)
            for claim in claims:
                devices[claim.address] = index.find(claim, lambda device, claim=claim: self.vendor.in_scope(claim, device))  # type: ignore[misc]
        with self.lock:
            known = {address: self.records[address] for address, rows in by_address.items() if rows[0].action != "claim"}
        present = {address: device for address, device in known.items() if device is not None}
        attributes = sorted({change.root for address in present for change in by_address[address] if change.root})
        devices.update(zip(present, self.vendor.refresh_all(list(present.values()), attributes), strict=True))
        return devices

    def _in_effect(self, change: Change, device: Device) -> bool:
        if change.action == "delete" or change.root is None or not self._tells(change):
            return False
        value = getattr(device, field_of(change.root))
        if change.key is not None:
            value = (value or {}).get(change.key)
        return self.vendor.same(change.root, value, self._wanted(change))

    def _tells(self, change: Change) -> bool:
        """Whether reading can show that a change was made: not where nothing can be read, or it read the same before."""
        if change.unverified:
            return False
        # A change that is looked at right before it is sent may have become one since the plan.
        return change.root is None or change.verify or not self.vendor.same(change.root, change.before, self._wanted(change))

    def _wanted(self, change: Change) -> t.Any:
        return self._placed(change.address, change.after) if change.root == "space" else change.after


def _key(change: Change) -> _Key:
    return change.action, change.attribute


def _worst(entries: t.Sequence[tuple[str, str | None]]) -> tuple[str, str | None]:
    """The status of a change that took several calls: the worst of theirs; ``already`` only when no call was sent."""
    order = (UNCLEAR, FAILED, SKIPPED, DONE, ALREADY)
    return min(entries, key=lambda entry: order.index(entry[0]))
