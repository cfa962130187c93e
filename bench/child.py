# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One measurement in a fresh process: a job as JSON on standard input, figures as JSON on standard output.

Every job imports the same libraries before anything is measured. CPU seconds are those of the whole process, all threads; of
``repeats`` runs the one with the least counts, because everything else on the machine can only add.
"""

from __future__ import annotations

import gc
import json
import sys
import time
import typing as t
from unittest.mock import patch

import requests

from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Plan
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS

Job = t.Mapping[str, t.Any]
Figures = dict[str, t.Any]


def idle(job: Job) -> Figures:
    """The peak memory of a process that holds the imports and the declared options, and does nothing."""
    _declared(job)
    return {"kib": _peak_kib()}


def bare(job: Job) -> Figures:
    """What requests and json need for ``paths``: get, parse, keep; nothing else."""
    url, headers = job["account"]["url"], {"Authorization": f"Bearer {job['account']['token']}"}
    cpu, wall = [], []
    for _number in range(job["repeats"]):
        gc.collect()
        started, clock = time.process_time(), time.perf_counter()
        with requests.Session() as session:
            kept = []
            for path in job["paths"]:
                response = session.get(url + path, headers=headers)
                response.raise_for_status()
                kept.append(json.loads(response.content))
        cpu.append(time.process_time() - started)
        wall.append(time.perf_counter() - clock)
        del kept
    return {"cpu": min(cpu), "wall": min(wall), "kib": _peak_kib()}


def plan(job: Job) -> Figures:
    """A plan over the declared options: CPU seconds of all of it and of reading, and of checking the options before.

    Raises RuntimeError unless the plan is empty.
    """
    options = _declared(job)
    vendor = VENDORS[job["account"]["vendor"]]
    read = vendor.read
    whole, reading, declaring = [], [], []

    def timed(self: t.Any, declarations: t.Any) -> t.Any:
        started = time.process_time()
        sight = read(self, declarations)
        reading.append(time.process_time() - started)
        return sight

    calls: Figures = {}
    with patch.object(vendor, "read", timed):
        for _number in range(job["repeats"]):
            gc.collect()
            started = time.process_time()
            declarations = [declaration_from(one) for one in options]
            declaring.append(time.process_time() - started)
            started = time.process_time()
            with Fleet({None: job["account"]}, environ={}) as fleet:
                found = _planned(fleet, declarations)
                calls = fleet.calls
            whole.append(time.process_time() - started)
            if found.changes:
                raise RuntimeError(f"the plan is not empty: {found.changes[0].as_data()}")
            del found
    best = min(range(len(whole)), key=whole.__getitem__)
    return {"cpu": whole[best], "read_cpu": reading[best], "declare_cpu": min(declaring), "calls": calls, "kib": _peak_kib()}


def apply(job: Job) -> Figures:
    """Plans and applies, then plans again. Raises RuntimeError where anything fails, or is left to do."""
    declarations = [declaration_from(one) for one in _declared(job)]
    with Fleet({None: job["account"]}, environ={}) as fleet:
        found = _planned(fleet, declarations)
        before = fleet.calls
        report = fleet.apply(found)
        if report.failed:
            raise RuntimeError(report.problems()[0])
        after = fleet.calls
    with Fleet({None: job["account"]}, environ={}) as fleet:
        if left := _planned(fleet, declarations).changes:
            raise RuntimeError(f"something is left to do: {left[0].as_data()}")
        checked = fleet.calls
    return {
        "changes": len(report.results),
        "writes": after["write"],
        "reads": after["read"] - before["read"],
        "all": sum(after.values()) + sum(checked.values()),
    }


def _planned(fleet: Fleet, declarations: t.Sequence[Declaration]) -> Plan:
    found = fleet.plan(declarations)
    if found.errors:
        raise RuntimeError(f"{len(found.errors)} errors, the first: {found.errors[0]}")
    if len(found.devices) != len(declarations):
        raise RuntimeError(f"{len(declarations)} devices were declared and {len(found.devices)} planned")
    return found


def _declared(job: Job) -> list[dict[str, t.Any]]:
    with open(job["declared"], encoding="utf-8") as file:
        options: list[dict[str, t.Any]] = json.load(file)
    return options


def _peak_kib() -> int:
    """The largest resident memory of this process so far. ru_maxrss will not do: it begins with what the parent held."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


MEASUREMENTS: t.Mapping[str, t.Callable[[Job], Figures]] = {"idle": idle, "bare": bare, "plan": plan, "apply": apply}


def main() -> None:
    """Reads the job, measures, writes the figures."""
    job = json.load(sys.stdin)
    json.dump(MEASUREMENTS[job["measurement"]](job), sys.stdout)


if __name__ == "__main__":
    main()
