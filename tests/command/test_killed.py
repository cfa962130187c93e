# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An apply over five clouds is killed at any of its calls: the next one ends in the right state, and nothing is done twice."""

from __future__ import annotations

import json
import signal

import pytest
import yaml

from tests.command.conftest import Command, sent, wait_until
from tests.command.forks import Death

FIVE = ("webex", "xyte", "mobilefirst", "blynk", "greenlake")
TELLING = (
    "name", "displayName", "deviceDisplayName", "sn", "serial", "serialNumber", "mac", "macAddress", "status", "tags",
    "metafields", "ownerUserId", "orgId", "application", "subscription", "location", "configuration",
)  # fmt: skip


def inventory(fleetform: Command) -> dict[str, list[str]]:
    """What exists in each cloud, without the ids that are made anew each time."""
    found = {}
    for vendor in FIVE:
        state = fleetform.sandbox.state(vendor)
        lines = []
        for kind in ("devices", "spaces", "workspaces"):
            held = state.get(kind) or ()
            for row in held.values() if isinstance(held, dict) else held:
                lines.append(f"{kind} {json.dumps({name: row.get(name) for name in TELLING}, sort_keys=True)}")
        found[vendor] = sorted(lines)
    return found


CALLS = 34
"""The writing calls of the demo."""
OPTIONS = ("--yes", "--allow", "transfer", "--journal", "j.jsonl", "--quiet")


@pytest.fixture
def demo(fleetform: Command) -> Command:
    """The command over five clouds that do their jobs at once, and the fleet of the demo."""
    fleetform.sandbox.reset(limits={"greenlake": {"job_polls": 0, "poll_interval": 0}})
    fleetform.demo()
    if not WANTED:
        fleetform("apply", *OPTIONS)
        assert len(sent(fleetform.folder / "j.jsonl")) == CALLS
        WANTED.update(inventory(fleetform))
        fleetform.sandbox.reset(limits={"greenlake": {"job_polls": 0, "poll_interval": 0}})
        for name in ("j.jsonl", "demo.json"):
            (fleetform.folder / name).unlink()
    fleetform.sandbox.clear()
    return fleetform


WANTED: dict[str, list[str]] = {}
"""What an apply that nothing disturbs comes to; filled by the first test that needs it."""


def noted_before_they_were_made(demo: Command) -> bool:
    """Whether the journal names every call that a cloud has seen."""
    told = {(row["method"], row["path"]) for row in sent(demo.folder / "j.jsonl")}
    made = [entry for entry in demo.written() if not entry["token"]]
    return all(any(entry["method"] == method and entry["path"].endswith(path) for method, path in told) for entry in made)


@pytest.mark.parametrize("kept", [True, False], ids=["journal kept", "journal lost"])
@pytest.mark.parametrize("number", range(CALLS))
def test_an_apply_that_is_killed_at_a_call_is_finished_by_the_next_one(demo: Command, number: int, kept: bool) -> None:
    """Every second call before it goes out and after it was answered, from a file and from a saved plan."""
    at = ("sending", "ended")[(number + kept) % 2]
    planned = number % 4 < 2
    if planned:
        demo("plan", "--out", "plan.json")
    target = ["plan.json"] if planned else []
    demo("apply", *target, *OPTIONS, death=Death(at, number), code=-signal.SIGKILL)
    assert noted_before_they_were_made(demo)
    if not kept:
        (demo.folder / "j.jsonl").unlink()
    ran = demo("apply", *target, *OPTIONS)
    assert ("An earlier apply ended before it knew what came of " in ran.err) is kept
    assert inventory(demo) == WANTED
    assert [entry for entry in demo.sandbox.requests() if entry["blind_repeat"]] == []
    demo("plan", "--exit-code")


@pytest.mark.parametrize("boundary", [0, 13, 29])
def test_an_apply_that_is_killed_while_calls_are_under_way_is_finished_by_the_next_one(demo: Command, boundary: int) -> None:
    """The same with the installed command, killed from outside while a vendor takes its time."""
    slow = {"method": ["POST", "PUT", "PATCH", "DELETE"], "path": "(?!.*(token|oauth)).*", "skip": boundary, "latency": 0.4}
    demo.sandbox.fault({**slow, "times": None})
    # As long as that an open call is waited for.
    fleet = yaml.safe_load((demo.folder / "fleet.yml").read_text(encoding="utf-8"))
    for account in fleet["accounts"].values():
        account["timeout"] = 3
    demo.write("fleet.yml", fleet)
    journal = demo.folder / "j.jsonl"
    with demo.started("apply", *OPTIONS) as process:
        wait_until(lambda: len(sent(journal)) > boundary or process.poll() is not None)
        process.kill()
        assert process.wait(10) == -signal.SIGKILL
    demo.sandbox.call("DELETE", "/faults")
    assert noted_before_they_were_made(demo)
    assert "An earlier apply ended before it knew what came of " in demo.installed("apply", *OPTIONS).err
    assert inventory(demo) == WANTED
    assert [entry for entry in demo.sandbox.requests() if entry["blind_repeat"]] == []
    demo.sandbox.clear()
    demo("apply", "--yes")
    assert [entry for entry in demo.written() if not entry["token"]] == []
