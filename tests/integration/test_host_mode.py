# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Devices that are inventory hosts, managed by their own variables: group_vars, limits, batches, slices, 200 hosts at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import ansible_runner
import pytest
import yaml

from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS

from .conftest import Sandbox, ansible_environment

Options = dict[str, t.Any]

BIN = Path(sys.executable).parent
"""Where ansible-playbook is."""

DEVICE = {
    "name": "The device is as its variables say",
    "fleetform.devices.device": {"device_id": "{{ fleetform_id }}"},
    "delegate_to": "localhost",
}


@dataclass(frozen=True)
class Result:
    """What a task did for one host."""

    task: str
    host: str
    outcome: str
    changed: bool
    result: Options


class Project:
    """A folder with an inventory of devices, the variables of groups, and a playbook, as in a repository."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "ansible.cfg").touch()

    def inventory(self, **options: t.Any) -> None:
        self._write("devices.fleetform.yml", {"plugin": "fleetform.devices.fleet", **options})

    def group(self, name: str, **variables: t.Any) -> None:
        (self.home / "group_vars").mkdir(exist_ok=True)
        self._write(f"group_vars/{name}.yml", variables)

    def playbook(self, account: Options, *tasks: Options, plays: int = 1, **more: t.Any) -> None:
        play = {"hosts": "all", "gather_facts": False, "module_defaults": {"group/fleetform.devices.all": account}, **more}
        self._write("play.yml", [{**play, "tasks": list(tasks)}] * plays)

    def run(self, *arguments: str) -> list[Result]:
        record = self.home / "record"
        record.unlink(missing_ok=True)
        process = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-i", "devices.fleetform.yml", "play.yml", *arguments],
            cwd=self.home,
            env=ansible_environment(self.home, {"RECORDER_PATH": str(record)}),
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        assert process.returncode == 0, process.stdout[-3000:] + process.stderr[-3000:]
        return results_of(record)

    def _write(self, name: str, content: t.Any) -> None:
        (self.home / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def results_of(record: Path) -> list[Result]:
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    return [
        Result(entry["task"], entry["host"], entry["outcome"], entry["result"].get("changed", False), entry["result"])
        for entry in map(json.loads, lines)
    ]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@dataclass(frozen=True)
class Large:
    """What is changed at each device of a large fleet: ``size`` devices of which ``hosts`` are shown; the path of the listing."""

    listing: str
    wanted: Options
    size: int = 60
    hosts: int = 60
    limits: t.Mapping[str, int] | None = None
    account: t.Mapping[str, t.Any] | None = None


LARGE = {
    "blynk": Large("/api/v1/organization/devices", {"owner": "jonas.weber@nordlicht.example"}, size=600, hosts=200),
    # What is stated here is how often the cloud is asked, so that it takes more patches a minute than it would.
    "greenlake": Large(
        "/devices/v1/devices",
        {"tags": {"audited": "yes"}, "space": "Hamburg Alsterufer"},
        limits={"patch_v2beta1": 10**6, "job_v1": 10**6, "job_polls": 0, "poll_interval": 0},
        account={"requests_per_minute": {"patch": 10**6, "poll": 10**6}},
    ),
    "mobilefirst": Large("/management-apis/2.0/runtimes/mfp/devices", {"status": "STOLEN"}),
    "webex": Large("/devices", {"tags": ["audited"]}),
    "xyte": Large(
        "/core/v1/organization/devices", {"name": "{{ fleetform_name }} in use", "space": "Wiz/Site 1"}, size=200, hosts=200
    ),
}
HANDFUL = 9
"""Three readings of a listing, the inventory's and one of each play, of two pages at most, and one more on a slow machine."""


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_the_hosts_of_a_play_are_one_client_of_the_cloud(sandbox: Sandbox, project: Project, vendor: str) -> None:
    large = LARGE[vendor]
    sandbox.reset(seed="large", size=large.size, limits={vendor: dict(large.limits or {})})
    account = {**sandbox.account(vendor), **(large.account or {})}
    project.inventory(**account, device_groups=["vendor"])
    project.group(f"vendor_{vendor}", wanted=large.wanted)
    task = {**DEVICE, "fleetform.devices.device": {**DEVICE["fleetform.devices.device"], **spread(large.wanted)}}
    project.playbook(account, task, plays=2)
    begun = time.monotonic()
    results = project.run("--forks", "10")
    seconds = time.monotonic() - begun
    assert Counter(result.outcome for result in results) == {"ok": 2 * large.hosts}
    first, second = results[: large.hosts], results[large.hosts :]
    assert {result.host for result in first} == {result.host for result in second}
    assert not [result.host for result in second if result.changed or result.result["calls"]["write"]]
    log = sandbox.requests(vendor=vendor)
    changed = [result for result in first if result.changed]
    assert len(changed) > large.hosts / 2
    writes = [entry for entry in log if entry["write"]]
    assert len(writes) <= sum(len(result.result["changes"]) for result in changed)
    assert sum(result.result["calls"]["write"] for result in first) == len(writes)
    assert len([entry for entry in log if entry["token"]]) == (1 if vendor in ("blynk", "greenlake") else 0)
    assert not [entry for entry in log if entry["violation"] or entry["status"] == 429 or entry["noop"]]
    listings = [entry for entry in log if entry["method"] == "GET" and entry["path"] == large.listing]
    assert len(listings) <= HANDFUL
    others = Counter(entry["path"] for entry in log if entry["method"] == "GET" and entry["path"] != large.listing)
    assert max(others.values(), default=0) <= HANDFUL, others.most_common(3)
    print(
        f"{vendor}: {len(listings)} listing calls, {len(writes)} writes, {seconds / len(results) * 1000:.0f} ms a host and task"
    )


def spread(wanted: Options) -> Options:
    """The options of the task: each from the variable ``wanted`` of the host."""
    return {name: f"{{{{ wanted.{name} }}}}" for name in wanted}


FLOORS = {
    **DEVICE,
    "fleetform.devices.device": {
        **DEVICE["fleetform.devices.device"],
        "owner": "{{ owner | default(omit) }}",
        "metafields": "{{ metafields | default(omit) }}",
    },
}


def blynk_project(sandbox: Sandbox, project: Project, **play: t.Any) -> list[str]:
    """A project of the demo devices of one company and its branches; gives the ids of those that have to change."""
    account = {**sandbox.account("blynk"), "include_sub_organizations": True}
    project.inventory(**account, device_groups=["model", "organization"])
    project.group("model_TMPL8RITg_f9Q", metafields={"Mount": "Ceiling"})
    project.group("organization_Nordlicht_Berlin", owner="mara.lindt@nordlicht.example")
    project.playbook(sandbox.account("blynk"), FLOORS, **play)
    return []


def test_group_vars_are_the_desired_state(sandbox: Sandbox, project: Project) -> None:
    blynk_project(sandbox, project, plays=2)
    results = project.run()
    hosts = {result.host for result in results}
    first = {result.host: result for result in results[: len(hosts)]}
    second = {result.host: result for result in results[len(hosts) :]}
    assert first.keys() == second.keys()
    changed = {host for host, result in first.items() if result.changed}
    assert changed
    assert changed != hosts, "groups that declare nothing change nothing"
    for host, result in second.items():
        assert not result.changed, host
        device = result.result["device"]
        if device["model"] == "TMPL8RITg_f9Q":
            assert device["metafields"]["Mount"] == "Ceiling"
        if (device["organization"] or {}).get("name") == "Nordlicht Berlin":
            assert device["owner"]["email"] == "mara.lindt@nordlicht.example"


def test_limit_and_serial_and_check_mode_mean_what_they_always_do(sandbox: Sandbox, project: Project) -> None:
    blynk_project(sandbox, project, serial=4)
    would = {result.host for result in project.run("--check") if result.changed}
    assert len(would) > 2
    assert sandbox.requests(write=True) == []
    chosen = sorted(would)[0]
    results = project.run("--limit", chosen)
    assert [(result.host, result.changed) for result in results] == [(chosen, True)]
    assert {entry["path"] for entry in sandbox.requests(write=True)}
    sandbox.clear()
    rest = project.run()
    assert {result.host for result in rest if result.changed} == would - {chosen}
    # One reading of the inventory and one for each batch of four hosts.
    batches = -(-len(rest) // 4)
    assert len([entry for entry in sandbox.requests() if entry["path"] == LARGE["blynk"].listing]) <= 3 * (1 + batches)
    assert len(sandbox.requests(token=True)) == 1


def test_two_tasks_for_the_same_hosts_read_the_listing_once_each(sandbox: Sandbox, project: Project) -> None:
    sandbox.reset(seed="large", size=60)
    account = sandbox.account("webex")
    project.inventory(**account)
    tag = {"fleetform.devices.device_tag": {"device_id": "{{ fleetform_id }}", "tags": ["one"]}, "delegate_to": "localhost"}
    also = {"fleetform.devices.device": {"device_id": "{{ fleetform_id }}", "tags": ["two"]}, "delegate_to": "localhost"}
    project.playbook(account, {"name": "One", **tag}, {"name": "Two", **also})
    results = project.run("--forks", "10")
    assert [result.changed for result in results] == [True] * 120
    assert len([entry for entry in sandbox.requests(method="GET") if entry["path"] == "/devices"]) <= 4
    assert all({"one", "two"} <= set(device["tags"]) for device in sandbox.state("webex")["devices"].values())


def test_slices_of_a_job_run_side_by_side(sandbox: Sandbox, project: Project, tmp_path: Path) -> None:
    """Job slicing as AWX does it: each run gets every n-th host of the sorted inventory."""
    sandbox.reset(seed="large", size=60)
    account = sandbox.account("xyte")
    project.inventory(**account)
    name = {"fleetform.devices.device": {"device_id": "{{ fleetform_id }}", "name": "{{ inventory_hostname }} sliced"}}
    project.playbook(account, {**DEVICE, **name})
    hosts = sorted(f"Screen {number:05d}".replace(" ", "_") for number in range(60))
    slices = [hosts[number::2] for number in range(2)]
    runs = []
    for number, part in enumerate(slices):
        home = tmp_path / f"slice{number}"
        home.mkdir()
        record = home / "record"
        thread, runner = ansible_runner.run_async(
            private_data_dir=str(home),
            project_dir=str(project.home),
            playbook="play.yml",
            inventory=str(project.home / "devices.fleetform.yml"),
            limit=",".join(part),
            forks=5,
            quiet=True,
            envvars=ansible_environment(home, {"RECORDER_PATH": str(record), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}),
        )
        runs.append((thread, runner, record))
    for thread, _runner, _record in runs:
        thread.join(120)
    for (_thread, runner, record), part in zip(runs, slices, strict=True):
        assert runner.status == "successful", runner.stdout.read()[-3000:]
        assert sorted(result.host for result in results_of(record) if result.changed) == part
    written = Counter(entry["path"] for entry in sandbox.requests(write=True))
    assert len(written) == 60
    assert set(written.values()) == {1}
    assert len([entry for entry in sandbox.requests(method="GET") if entry["path"] == LARGE["xyte"].listing]) <= 2 * HANDFUL
    assert not [entry for entry in sandbox.requests() if entry["violation"] or entry["status"] == 429]
