# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where the command writes: never over what it reads, never twice over one thing, and in words where it cannot."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.command.conftest import COMMAND, Command

RENAMED = {"name": "Hamburg Cafeteria Climate", "previous_name": "Hamburg New Sensor"}


def shell(fleetform: Command, line: str) -> subprocess.CompletedProcess[str]:
    """A line of a shell in which `fleetform` is the installed command."""
    script = f'fleetform() {{ "{COMMAND}" "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", script],
        cwd=fleetform.folder,
        # Unbuffered, Python takes a part of a write for the whole, and does not notice who stopped reading.
        env={**fleetform.environment, "PYTHONUNBUFFERED": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--output", "fleet.yml"],
        ["plan", "fleet.yml", "--out", "./fleet.yml"],
        ["plan", ".", "--format", "json", "--output", "fleet.yml"],
        ["plan", "--output", "link.yml"],
        ["apply", "--yes", "--format", "json", "--output", "fleet.yml"],
        ["apply", "--yes", "--journal", "fleet.yml"],
        ["plan", "-e", "@fleet.yml", "nowhere.yml", "--output", "fleet.yml"],
        ["plan", "--vault-password-file", "fleet.yml", "nowhere.yml", "--out", "fleet.yml"],
        ["plan", "--vault-id", "dev@fleet.yml", "nowhere.yml", "--out", "fleet.yml"],
    ],
)
def test_a_fleet_file_is_not_written_over(fleetform: Command, arguments: list[str]) -> None:
    path = fleetform.fleet(RENAMED)
    text = path.read_text()
    if "link.yml" in arguments:
        (fleetform.folder / "link.yml").symlink_to(path)
    ran = fleetform(*arguments, code=1)
    assert "is read here; name another file to write" in ran.err
    assert path.read_text() == text
    assert fleetform.written() == []


def test_a_saved_plan_is_not_written_over_by_what_shows_it(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    fleetform("plan", "--out", "plan.json")
    text = (fleetform.folder / "plan.json").read_text()
    for command in (["show", "plan.json"], ["apply", "plan.json", "--yes"]):
        assert "is read here" in fleetform(*command, "--format", "json", "--output", "plan.json", code=1).err
    assert (fleetform.folder / "plan.json").read_text() == text
    assert fleetform.written() == []


def test_the_fleet_files_of_a_saved_plan_are_not_written_over(fleetform: Command) -> None:
    path = fleetform.fleet(RENAMED)
    text = path.read_text()
    fleetform("plan", "--out", "plan.json")
    fleetform("plan", ".", "--out", "folder.json")
    for plan in ("plan.json", "folder.json"):
        for place in (["--format", "json", "--output", "fleet.yml"], ["--journal", "fleet.yml"]):
            assert "fleet.yml is read here" in fleetform("apply", plan, "--yes", *place, code=1).err
    assert path.read_text() == text
    assert fleetform.written() == []


def test_two_outputs_in_one_file_are_refused(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    twice = ["--format", "json", "--output", "x", "--format", "html", "--output", "./x"]
    assert "is named for two outputs" in fleetform("plan", *twice, code=1).err
    assert "is named for two outputs" in fleetform("plan", "--output", "x", "--out", "x", code=1).err
    assert not (fleetform.folder / "x").exists()
    fleetform("plan", "--format", "json", "--output", "/dev/null", "--format", "html", "--output", "/dev/null")


def test_a_plan_is_saved_behind_a_link_and_not_over_what_is_no_file(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    (fleetform.folder / "link.json").symlink_to("plan.json")
    fleetform("plan", "--out", "link.json")
    assert (fleetform.folder / "link.json").is_symlink()
    assert fleetform("show", "plan.json").code == 0
    before = Path("/dev/null").stat()
    assert "it is no file" in fleetform("plan", "--out", "/dev/null", code=1).err
    assert Path("/dev/null").stat().st_rdev == before.st_rdev


def test_a_reader_who_has_seen_enough_is_no_accident(fleetform: Command) -> None:
    fleetform.fleet(*({"name": f"Sensor {number:04}", "model": "TMPL8RITg_f9Q"} for number in range(1500)))
    ran = shell(fleetform, "fleetform plan --format json | head -n 1; exit ${PIPESTATUS[0]}")
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "{\n", "")


@pytest.mark.parametrize("command", ["plan", "capabilities", "schema fleet"])
def test_an_output_that_is_full_is_an_error_in_words(fleetform: Command, command: str) -> None:
    fleetform.fleet(RENAMED)
    ran = shell(fleetform, f"fleetform {command} > /dev/full")
    assert (ran.returncode, ran.stderr) == (1, "error: the output cannot be written or read: No space left on device\n")


def test_closed_standard_streams_do_not_matter(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    ran = shell(fleetform, "fleetform plan --exit-code --format json --output plan.json >&- 2>&- <&-")
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", "")
    assert shell(fleetform, "fleetform apply <&-").returncode == 3
    assert fleetform.written() == []


def test_a_state_folder_that_cannot_be_used_stops_before_the_first_call(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    (fleetform.folder / "taken").touch()
    ran = fleetform("apply", "--yes", env={"XDG_STATE_HOME": str(fleetform.folder / "taken")}, code=3)
    assert "journals of earlier applies cannot be looked for: Not a directory; say where with --journal" in ran.err
    assert fleetform.written() == []
