# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The engine against the sandbox, in a time that passes without anybody waiting."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
import typing as t

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine import accounts, http
from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import Report
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import FleetformError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Plan
from fleetform.sandbox.server import Running

Options = dict[str, t.Any]


class Time:
    """Real time, plus every pause that was slept through: on the client's side and on the sandbox's.

    ``meanwhile`` is called in each pause: it may wait for a sandbox that takes real time.
    """

    def __init__(self, sandbox: Running) -> None:
        self.meanwhile: t.Callable[[], object] | None = None
        self._sandbox = sandbox
        self._skipped = 0.0
        self._lock = threading.Lock()

    def clock(self) -> float:
        return time.monotonic() + self._skipped

    def wall(self) -> float:
        return time.time() + self._skipped

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._skipped += seconds
        self._sandbox.advance(seconds)
        if self.meanwhile is not None:
            self.meanwhile()


class World:
    """A sandbox and fleets of accounts over it."""

    def __init__(self, sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sandbox = sandbox
        self.time = Time(sandbox)
        client = functools.partial(
            http.Client, clock=self.time.clock, wall=self.time.wall, sleep=self.time.sleep, random=lambda: 0.5
        )
        monkeypatch.setattr(accounts, "Client", client)
        monkeypatch.setattr(http, "Pacer", functools.partial(http.Pacer, clock=self.time.clock))

    def account(self, vendor: str, options: Options) -> Options:
        """Options of an account as a user would write them."""
        return {"vendor": vendor, "url": self.sandbox.account(vendor), **options}

    @contextlib.contextmanager
    def fleet(self, **named: Options) -> t.Iterator[Fleet]:
        """Open accounts: name to ``{"vendor": ..., credentials and other options}``."""
        with Fleet({name: self.account(options["vendor"], options) for name, options in named.items()}, environ={}) as fleet:
            yield fleet

    def log(self, write: bool | None = None) -> list[dict[str, t.Any]]:
        """The requests that the sandbox saw, token requests aside."""
        return [entry for entry in self.sandbox.requests(write=write) if not entry["token"]]

    def rules(self) -> list[dict[str, t.Any]]:
        """The fault rules in force, each with how often it was ``used``."""
        return [rule.shown() for rule in self.sandbox.sandbox.faults.rules]

    def counted(self, expected: t.Mapping[str, int]) -> dict[str, int]:
        """How many requests the sandbox saw, read and write. One that is still under way gets a moment to arrive.

        After each connection that a fault closed, one request more may have been sent into the closing connection and lost.
        """
        for _look in range(100):
            found = {"read": len(self.log(write=False)), "write": len(self.log(write=True))}
            if found == expected:
                break
            time.sleep(0.005)
        closed = sum(1 for entry in self.sandbox.requests() if any(end in (entry["fault"] or "") for end in ("cut_body", "drop")))
        missed = [expected[kind] - found[kind] for kind in found]
        return dict(expected) if min(missed) >= 0 and 0 < sum(missed) <= closed else found

    def blunders(self) -> list[str]:
        """What a careful client would not have sent."""
        return [
            f"{entry['method']} {entry['path']} {entry['query']} {entry['body']}: {rule} {entry[rule]}"
            for entry in self.sandbox.requests()
            for rule in ("violation", "noop", "blind_repeat")
            if entry[rule]
        ]

    def devices(self, vendor: str) -> dict[str, dict[str, t.Any]]:
        """The devices of a cloud by id, as they are in its own data."""
        devices: dict[str, dict[str, t.Any]] = self.sandbox.sandbox.clouds[vendor].public()["devices"]
        return devices


def plan_of(fleet: Fleet, declared: t.Iterable[Options]) -> Plan:
    return fleet.plan([declaration_from(options) for options in declared])


def converge(fleet: Fleet, declared: t.Iterable[Options]) -> Report:
    """Plans and applies; raises AssertionError with every problem where it did not go well."""
    plan = plan_of(fleet, declared)
    assert [str(error) for error in plan.errors] == []
    assert [device.blocked for device in plan.devices if device.blocked] == []
    report = fleet.apply(plan)
    assert report.problems() == []
    return report


def actions_of(plan: Plan) -> list[str]:
    return [change.action for change in plan.changes]


def words(errors: t.Iterable[FleetformError]) -> str:
    return "; ".join(f"{type(error).__name__}: {error}" for error in errors)
