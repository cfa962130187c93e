# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sections of the benchmark: which measurements are made, and what each figure is held against."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.clouds import Clouds
from bench.inventories import Inventories
from bench.playbooks import Playbooks
from bench.profiles import Options, Profile, State, Variant
from bench.report import Row, Section

ROOT = Path(__file__).resolve().parent.parent

MOST_TIMES_BARE = 3.0
"""Aim: reading and planning takes at most so many times the CPU of `requests` and `json` for the same calls."""
MOST_ITEM_MS = 20.0
"""Aim: a loop item of `device` takes at most so many milliseconds beyond its HTTP calls."""
GROWTH_SLACK = 1.2
"""How far above linear growth still counts as linear: two measurements waver."""


class Bench:
    """Measures one vendor at one size. Figures of different sizes meet in ``growth``."""

    def __init__(self, clouds: Clouds, profile: Profile, size: int, folder: Path) -> None:
        self._clouds = clouds
        self._profile = profile
        self._size = size
        self._folder = folder
        self._account = profile.account(clouds.url)
        self._repeats = 5 if size <= 1000 else 3
        self.cpu: dict[str, dict[str, float]] = {}

    def start(self) -> State:
        """A fresh cloud, with as many devices as can be declared in one organization."""
        self._clouds.reset(self._size * self._profile.organizations, {self._profile.vendor: self._profile.limits})
        return self._clouds.state(self._profile.vendor)

    def planning(self) -> Section:
        """Calls, CPU time and memory of a plan without changes, for each way of declaring."""
        state = self.start()
        rows: list[Row] = []
        failures: list[str] = []
        for variant in self._profile.variants:
            _collect(rows, failures, variant.name, partial(self._variant, variant, state))
        return Section(f"{self._profile.vendor}, {self._size:,} devices, nothing to change", tuple(rows), tuple(failures))

    def applying(self) -> Section:
        """Calls of an apply that changes every tenth device."""
        rows: list[Row] = []
        failures: list[str] = []
        _collect(rows, failures, "apply", lambda: self._apply(self.start()))
        return Section(f"{self._profile.vendor}, {self._size:,} devices, a tenth to change", tuple(rows), tuple(failures))

    def inventory(self) -> Section:
        """What the inventory plugin costs beside one that only hands the same hosts over."""
        rows: list[Row] = []
        failures: list[str] = []
        # Every device that the seed has is a host.
        self._clouds.reset(self._size, {self._profile.vendor: self._profile.limits})
        inventories = Inventories(self._clouds, self._profile, self._folder, 3 if self._size <= 1000 else 1)
        _collect(rows, failures, "ansible-inventory", lambda: inventories.rows(self._size, len(self._profile.pages(self._size))))
        return Section(f"{self._profile.vendor}, {self._size:,} hosts of an inventory", tuple(rows), tuple(failures))

    def tasks(self, uri_items: int, device_items: int) -> Section:
        """What somebody would write instead, beside the modules."""
        rows: list[Row] = []
        failures: list[str] = []
        declared = self._profile.variants[0].declare(self.start())
        plays = Playbooks(self._clouds, self._profile, self._folder)
        few, many = declared[:uri_items], declared[:device_items]
        lookups = self._profile.variants[0].lookups
        least = len(self._profile.pages(self._size)) + lookups
        _collect(rows, failures, "ansible-playbook", lambda: _task_rows(plays, few, many, device_items + lookups, least))
        return Section(f"{self._profile.vendor}, tasks in ansible-playbook, beyond its start-up", tuple(rows), tuple(failures))

    def _variant(self, variant: Variant, state: State) -> list[Row]:
        repeats = 1 if variant.detail else self._repeats
        paths = self._profile.pages(self._size) + (variant.detail(state) if variant.detail else [])
        job = {"account": self._account, "declared": self._declared(variant.declare(state)), "repeats": repeats}
        bare = self._child("bare", {**job, "paths": paths})
        self._clouds.clear()
        plan = self._child("plan", job)
        calls = self._counted(plan["calls"]["read"] + plan["calls"]["write"], repeats)
        thousands = self._size / 1000
        planning = (plan["cpu"] - plan["read_cpu"]) / thousands * 1000
        declaring = plan["declare_cpu"] / thousands * 1000
        name = variant.name
        rows = [Row(f"{name}: HTTP calls", calls, len(paths) + variant.lookups)]
        rows.append(Row(f"{name}: read and plan, CPU against bare", plan["cpu"] / bare["cpu"], MOST_TIMES_BARE, "x"))
        if variant.detail:
            return rows
        self.cpu[name] = {"read and plan": plan["cpu"], "planning alone": plan["cpu"] - plan["read_cpu"], "bare": bare["cpu"]}
        once = {**job, "repeats": 1}
        idle, held = self._child("idle", once)["kib"], self._child("plan", once)["kib"]
        kept = self._child("bare", {**once, "paths": paths})["kib"]
        rows.append(Row(f"{name}: reading alone, CPU against bare", plan["read_cpu"] / bare["cpu"], None, "x"))
        rows.append(Row(f"{name}: planning alone, CPU for 1,000", planning, None, "ms"))
        rows.append(Row(f"{name}: checking what is typed, CPU for 1,000", declaring, None, "ms"))
        rows.append(Row(f"{name}: memory per device", (held - idle) / self._size, None, "KiB"))
        rows.append(Row(f"{name}: memory against bare", (held - idle) / max(1, kept - idle), None, "x"))
        return rows

    def _apply(self, state: State) -> list[Row]:
        declared = self._profile.variants[0].declare(state)
        wanted = self._size // 10
        changed = 0
        for place, options in enumerate(declared):
            if changed < wanted and (other := self._profile.change(options)) != options:
                declared[place] = other
                changed += 1
        if changed < wanted:
            raise RuntimeError(f"only {changed} of {wanted} devices can be changed")
        self._clouds.clear()
        figures = self._child("apply", {"account": self._account, "declared": self._declared(declared)})
        self._counted(figures["all"], 1)
        if violations := [entry for entry in self._clouds.seen(self._profile.vendor) if entry["violation"] or entry["noop"]]:
            raise RuntimeError(f"the cloud found fault with {violations[0]['method']} {violations[0]['path']}: {violations[0]}")
        return [
            Row("apply: changes done", figures["changes"], wanted),
            Row("apply: calls that write", figures["writes"], self._profile.least_writes(wanted)),
            Row("apply: calls that read meanwhile", figures["reads"], self._profile.least_polls(wanted)),
        ]

    def _counted(self, said: int, repeats: int) -> int:
        """The calls of one run, as the engine counts them. Raises RuntimeError where the cloud counted otherwise."""
        seen = len(self._clouds.seen(self._profile.vendor))
        if seen != said * repeats:
            raise RuntimeError(f"the engine counts {said} calls in each of {repeats} runs, the cloud {seen} in all")
        return said

    def _declared(self, options: list[Options]) -> str:
        file = self._folder / "declared.json"
        file.write_text(json.dumps(options), encoding="utf-8")
        return str(file)

    def _child(self, measurement: str, job: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        text = json.dumps({**job, "measurement": measurement})
        done = subprocess.run(
            [sys.executable, "-m", "bench.child"], cwd=ROOT, input=text, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            raise RuntimeError((done.stderr.strip() or "no message").splitlines()[-1])
        figures: dict[str, t.Any] = json.loads(done.stdout)
        return figures


def growth(small: Bench, large: Bench) -> Section:
    """How CPU time grows with the number of devices; linear is the aim."""
    factor = large._size / small._size
    rows = [
        Row(f"{name}: {part}", large.cpu[name][part] / seconds, None if part == "bare" else factor, "x", GROWTH_SLACK)
        for name, parts in small.cpu.items()
        for part, seconds in parts.items()
        if name in large.cpu
    ]
    return Section(f"{small._profile.vendor}, CPU for {large._size:,} devices against {small._size:,}", tuple(rows))


def _task_rows(plays: Playbooks, few: list[Options], many: list[Options], of_items: int, of_fleet: int) -> list[Row]:
    """``of_items`` and ``of_fleet`` are the calls that are needed at the least."""
    uri, first, device, fleet = plays.uri(few), plays.device(many[:1]), plays.device(many), plays.fleet(many)
    return [
        Row(f"uri, {uri.ran} items: an item", uri.seconds * 1000, None, "ms"),
        Row("uri: an item, CPU", uri.cpu * 1000, None, "ms"),
        Row(f"device, {device.ran} items: HTTP calls", device.calls, of_items),
        Row("device: an item beyond its calls", device.own * 1000, MOST_ITEM_MS, "ms"),
        Row("device: an item, CPU", device.cpu * 1000, MOST_ITEM_MS, "ms"),
        Row("device: a single item, CPU", first.cpu * 1000, None, "ms"),
        Row("device: an item against a uri item, CPU", device.cpu / uri.cpu, 1, "x"),
        Row(f"fleet, {fleet.ran} devices: HTTP calls", fleet.calls, of_fleet),
        Row("fleet: a device against a uri item, CPU", fleet.cpu / uri.cpu, 1, "x"),
    ]


def _collect(rows: list[Row], failures: list[str], name: str, measure: Callable[[], list[Row]]) -> None:
    """A measurement that cannot be made is said so, and the others go on."""
    try:
        rows += measure()
    except (RuntimeError, OSError, subprocess.TimeoutExpired, LookupError, ValueError) as error:
        failures.append(f"{name}: {error}")
