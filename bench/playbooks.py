# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task costs in a real ansible-playbook: a loop over `ansible.builtin.uri`, a loop over `device`, and one `fleet` task."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.clouds import Clouds
from bench.profiles import Options, Profile

Task = dict[str, t.Any]


@dataclass(frozen=True)
class Spent:
    """What a run of ansible-playbook took: seconds of the clock, and of CPU with all its worker processes."""

    seconds: float
    cpu: float


@dataclass(frozen=True)
class Cost:
    """Seconds per device beyond Ansible's start-up, of which ``cpu`` in its processes and ``http`` in HTTP calls.

    ``ran`` counts devices, ``calls`` all HTTP calls. On a busy machine ``cpu`` is the figure to trust.
    """

    ran: int
    seconds: float
    cpu: float
    http: float
    calls: int

    @property
    def own(self) -> float:
        """Seconds per device beyond start-up and HTTP calls."""
        return self.seconds - self.http


class Playbooks:
    """Runs plays over the devices of one vendor, none of which needs a change. Ansible's start-up is measured at once before."""

    def __init__(self, clouds: Clouds, profile: Profile, folder: Path) -> None:
        self._clouds = clouds
        self._profile = profile
        self._folder = folder
        self._start_up = start_up(folder)
        self._account = profile.account(clouds.url)

    def uri(self, devices: t.Sequence[Options]) -> Cost:
        """What a user would write: one GET for each device, not even compared with anything."""
        asked = [{"url": self._account["url"] + self._profile.single(options)} for options in devices]
        task = {
            "ansible.builtin.uri": {"url": "{{ item.url }}", "headers": {"Authorization": f"Bearer {self._account['token']}"}},
            "loop": asked,
        }
        return self._cost(task, len(devices))

    def device(self, devices: t.Sequence[Options]) -> Cost:
        """One `device` task with a loop, in process."""
        options = {name: f"{{{{ item.{name} }}}}" for name in devices[0]}
        return self._cost({"fleetform.devices.device": {**self._account, **options}, "loop": list(devices)}, len(devices))

    def fleet(self, devices: t.Sequence[Options]) -> Cost:
        """One `fleet` task."""
        task = {
            "fleetform.devices.fleet": {
                "accounts": {"lab": self._account},
                "defaults": {"account": "lab"},
                "devices": list(devices),
            }
        }
        return self._cost(task, len(devices))

    def _cost(self, task: Task, devices: int) -> Cost:
        self._clouds.clear()
        spent = run(self._folder, [{"name": "Measure", **task}])
        seconds, cpu = spent.seconds - self._start_up.seconds, spent.cpu - self._start_up.cpu
        seen = self._clouds.seen(self._profile.vendor)
        if changed := [entry for entry in seen if entry["write"]]:
            raise RuntimeError(f"a play without changes wrote: {changed[0]['method']} {changed[0]['path']}")
        return Cost(devices, seconds / devices, cpu / devices, self._replayed(seen) / devices, len(seen))

    def _replayed(self, seen: t.Sequence[t.Mapping[str, t.Any]]) -> float:
        """Seconds that the same requests need with a plain session, one after the other."""
        headers = {"Authorization": f"Bearer {self._account['token']}"}
        started = time.perf_counter()
        with requests.Session() as session:
            for entry in seen:
                session.get(self._account["url"] + entry["path"], params=entry["query"], headers=headers).raise_for_status()
        return time.perf_counter() - started


def start_up(folder: Path) -> Spent:
    """What a play that does nothing takes, the least of three runs."""
    runs = [run(folder, [{"name": "Do nothing", "ansible.builtin.meta": "noop"}]) for _number in range(3)]
    return Spent(min(spent.seconds for spent in runs), min(spent.cpu for spent in runs))


def run(folder: Path, tasks: t.Sequence[Task]) -> Spent:
    """One run of ansible-playbook. Raises RuntimeError with the end of its output where it fails."""
    play = {
        "name": "Measure",
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable},
        "tasks": list(tasks),
    }
    playbook = folder / "play.json"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(playbook)]
    return measured(folder, command, {})


def measured(folder: Path, command: t.Sequence[str], more: t.Mapping[str, str]) -> Spent:
    """What a command of Ansible takes in this folder. Raises RuntimeError with the end of its output where it fails."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "FLEETFORM_"))}
    environ |= {"ANSIBLE_LOCAL_TEMP": str(folder / "tmp"), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "False", **more}
    started, cpu = time.perf_counter(), _cpu_of_children()
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=300, check=False)
    spent = Spent(time.perf_counter() - started, _cpu_of_children() - cpu)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: " + (done.stdout + done.stderr)[-600:])
    return spent


def _cpu_of_children() -> float:
    """CPU seconds of the child processes that have ended; the sandbox has not."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
