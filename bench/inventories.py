# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the inventory plugin costs: `ansible-inventory --list` beside a plugin that hands the same hosts and variables over."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

from bench.clouds import Clouds
from bench.playbooks import Spent, measured
from bench.profiles import Profile
from bench.report import Row

MOST_TIMES_FLOOR = 1.3
"""Aim: an inventory takes at most so many times the CPU of the plugin that only hands hosts over."""
SLACK = 1.05
"""How far above it still counts as met: two runs of ansible-inventory waver."""

_PLUGINS = Path(__file__).parent / "inventory_plugins"


class Inventories:
    """Runs ansible-inventory on the devices of one vendor, in a folder of its own. Figures are the least of ``repeats`` runs."""

    def __init__(self, clouds: Clouds, profile: Profile, folder: Path, repeats: int) -> None:
        self._clouds = clouds
        self._profile = profile
        self._folder = folder / "inventory"
        self._folder.mkdir(exist_ok=True)
        self._repeats = repeats

    def rows(self, devices: int, pages: int) -> list[Row]:
        """The rows of the result for so many devices on so many pages. Raises RuntimeError where the hosts are not those."""
        ours = self._configuration("fresh.fleetform.yml", {})
        cached = self._configuration(
            "cached.fleetform.yml",
            {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(self._folder / "cache")},
        )
        listing = self._listing(cached)
        hosts = listing["_meta"]["hostvars"]
        if len(hosts) != devices:
            raise RuntimeError(f"{len(hosts)} hosts were found, and {devices} are there")
        groups = {name: group["hosts"] for name, group in listing.items() if name.startswith("model_")}
        (self._folder / "hosts.floor").write_text(json.dumps({"hosts": hosts, "groups": groups}), encoding="utf-8")
        (self._folder / "nothing.floor").write_text('{"hosts": {}, "groups": {}}', encoding="utf-8")
        start_up, floor = self._spent("nothing.floor"), self._spent("hosts.floor")
        self._clouds.clear()
        fresh = self._spent(ours)
        calls = len(self._clouds.seen(self._profile.vendor)) / self._repeats
        kept = self._spent(cached)
        if len(self._clouds.seen(self._profile.vendor)) != calls * self._repeats:
            raise RuntimeError("the cloud was asked although the answer was cached")
        if self._listing(cached) != self._listing(ours):
            raise RuntimeError("cached and fresh output differ")
        return [
            Row("inventory: HTTP calls", calls, pages),
            Row("inventory: fresh, CPU against the floor", fresh.cpu / floor.cpu, MOST_TIMES_FLOOR, "x", SLACK),
            Row("inventory: cached, CPU against the floor", kept.cpu / floor.cpu, MOST_TIMES_FLOOR, "x", SLACK),
            Row("inventory: cached against fresh, CPU", kept.cpu / fresh.cpu, 1, "x", SLACK),
            Row("inventory: fresh, CPU of a host beyond start-up", (fresh.cpu - start_up.cpu) / devices * 1000, None, "ms"),
            Row("inventory: the floor, CPU of a host beyond start-up", (floor.cpu - start_up.cpu) / devices * 1000, None, "ms"),
        ]

    def _configuration(self, name: str, more: t.Mapping[str, t.Any]) -> str:
        options = {"plugin": "fleetform.devices.fleet", **self._profile.account(self._clouds.url), "device_groups": ["model"]}
        if self._profile.organizations > 1:
            options["include_sub_organizations"] = True
        # JSON is YAML.
        (self._folder / name).write_text(json.dumps({**options, **more}), encoding="utf-8")
        return name

    def _listing(self, source: str) -> dict[str, t.Any]:
        def plain(found: dict[str, t.Any]) -> t.Any:
            return found["__ansible_unsafe"] if found.keys() == {"__ansible_unsafe"} else found

        self._run(source)
        listing: dict[str, t.Any] = json.loads((self._folder / "output").read_bytes(), object_hook=plain)
        return listing

    def _spent(self, source: str) -> Spent:
        runs = [self._run(source) for _number in range(self._repeats)]
        return Spent(min(run.seconds for run in runs), min(run.cpu for run in runs))

    def _run(self, source: str) -> Spent:
        command = [str(Path(sys.executable).with_name("ansible-inventory")), "-i", source, "--list", "--output", "output"]
        more = {"ANSIBLE_INVENTORY_PLUGINS": str(_PLUGINS), "ANSIBLE_INVENTORY_ENABLED": "floor,auto"}
        return measured(self._folder, command, more)
