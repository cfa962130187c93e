# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which fleet files are meant, and what is wrong with their text. It needs nothing of Ansible, so that a look is quick.

A folder means every ``*.yml``, ``*.yaml`` and ``*.json`` directly in it, by name, except hidden ones, saved plans and those that
another one names under ``vars_files``.
"""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import is_plan
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_syntax import Checked, check_text, named_variables
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_together import clashes, strays
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_yaml import Problem

_ENDINGS = (".yml", ".yaml", ".json")


class FleetFileError(Exception):
    """Something is wrong with the files; nothing was sent. ``problems`` says what and where."""

    def __init__(self, problems: t.Sequence[Problem | str]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def find(paths: t.Sequence[str]) -> list[str]:
    """The files that these names of files and folders mean, each once, whatever it is called.

    Raises FleetFileError for one that is not there or cannot be read.
    """
    found: list[str] = []
    for name in paths:
        path = Path(name)
        if path.is_dir():
            found += _in_folder(path)
        elif path.is_file():
            found.append(name)
        else:
            raise FleetFileError([f"{name}: there is no such file or folder; name the fleet file, or run where fleet.yml is"])
    by_place: dict[str, str] = {}
    for name in found:
        by_place.setdefault(os.path.realpath(name), name)
    return list(by_place.values())


def _in_folder(folder: Path) -> list[str]:
    """The fleet files of a folder: those that no other one names as a file of variables. Raises FleetFileError."""
    try:
        inside = sorted(entry for entry in folder.iterdir() if entry.suffix in _ENDINGS and not entry.name.startswith("."))
    except OSError as error:
        raise FleetFileError([f"{folder}: this folder cannot be read: {error.strerror}"]) from None
    problems: list[str] = []
    others = set()
    for entry in inside:
        try:
            text = _text(entry, errors="replace")
            if is_plan(text):
                others.add(os.path.realpath(entry))
                continue
            named = named_variables(text)
        except FleetFileError as error:
            problems += [str(problem) for problem in error.problems]
            continue
        others |= {os.path.realpath(folder / name) for name in named}
    if problems:
        raise FleetFileError(problems)
    fleet = [str(entry) for entry in inside if os.path.realpath(entry) not in others]
    if not fleet:
        raise FleetFileError([f"{folder}: there is no *.yml, *.yaml or *.json file in this folder that describes a fleet"])
    return fleet


def _text(path: Path, errors: str = "strict") -> str:
    """The text of a file. Raises FleetFileError that says why there is none."""
    if path.is_dir():
        raise FleetFileError([f"{path}: this is a folder; give it another name, or name the files in it"])
    if path.is_symlink() and not path.exists():
        raise FleetFileError([f"{path}: this is a link to {os.readlink(path)}, which is not there; take it away or mend it"])
    if path.exists() and not path.is_file():
        raise FleetFileError([f"{path}: this is no file that can be read"])
    try:
        return path.read_text(encoding="utf-8", errors=errors)
    except OSError as error:
        raise FleetFileError([f"{path}: it cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise FleetFileError([f"{path}:{line}: it cannot be read: this is not UTF-8; save it as UTF-8"]) from None


def check(files: t.Sequence[str]) -> dict[str, Checked]:
    """Every file looked at as text, by name. Raises FleetFileError for files that cannot be read or are wholly vaulted."""
    checked = {}
    problems: list[Problem | str] = []
    for file in files:
        try:
            text = _text(Path(file))
        except FleetFileError as error:
            problems += error.problems
            continue
        if text.startswith("$ANSIBLE_VAULT"):
            problems.append(f"{file}: a fleet file is not vaulted as a whole; put the secrets into a vaulted vars_files")
            continue
        if is_plan(text):
            problems.append(f"{file} is a saved plan; apply it alone")
            continue
        checked[file] = check_text(text, file)
    if problems:
        raise FleetFileError([*problems, *(problem for found in checked.values() for problem in found.problems)])
    return checked


def problems_in(checked: t.Mapping[str, Checked], *, to_the_end: bool = False) -> list[Problem]:
    """What is wrong with each file and with all of them together, by file and line.

    ``to_the_end`` takes in what a plan shows by itself: accounts that are not declared or have no vendor, and devices that are
    declared twice.
    """
    found = [problem for looked in checked.values() for problem in looked.problems]
    found += clashes(checked)
    if to_the_end:
        found += strays(checked, os.environ)
    order = list(checked)
    return sorted(found, key=lambda problem: (order.index(problem.file), problem.line, problem.column))
