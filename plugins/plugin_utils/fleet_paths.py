# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which fleet files are meant, and what is wrong with their text. It needs nothing of Ansible, so that a look is quick.

A folder means every ``*.yml``, ``*.yaml`` and ``*.json`` directly in it, by name, except hidden ones and those that another one
names under ``vars_files``.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_syntax import (
    Checked,
    Problem,
    check_text,
    named_variables,
)

_ENDINGS = (".yml", ".yaml", ".json")


class FleetFileError(Exception):
    """Something is wrong with the files; nothing was sent. ``problems`` says what and where."""

    def __init__(self, problems: t.Sequence[Problem | str]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def find(paths: t.Sequence[str]) -> list[str]:
    """The files that these names of files and folders mean. Raises FleetFileError for one that is not there."""
    found: list[str] = []
    for name in paths:
        path = Path(name)
        if path.is_dir():
            found += _in_folder(path)
        elif path.is_file():
            found.append(name)
        else:
            raise FleetFileError([f"{name}: there is no such file or folder; name the fleet file, or run where fleet.yml is"])
    return list(dict.fromkeys(found))


def _in_folder(folder: Path) -> list[str]:
    """The fleet files of a folder: those that no other one names as a file of variables. Raises FleetFileError."""
    inside = sorted(entry for entry in folder.iterdir() if entry.suffix in _ENDINGS and not entry.name.startswith("."))
    variables = {
        (folder / name).resolve() for entry in inside for name in named_variables(entry.read_text("utf-8", errors="replace"))
    }
    fleet = [str(entry) for entry in inside if entry.resolve() not in variables]
    if not fleet:
        raise FleetFileError([f"{folder}: there is no *.yml, *.yaml or *.json file in this folder that describes a fleet"])
    return fleet


def check(files: t.Sequence[str]) -> dict[str, Checked]:
    """Every file looked at as text, by name. Raises FleetFileError for a file that cannot be read or is wholly vaulted."""
    checked = {}
    for file in files:
        try:
            text = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise FleetFileError([f"{file}: it cannot be read: {error}"]) from None
        if text.startswith("$ANSIBLE_VAULT"):
            raise FleetFileError([f"{file}: a fleet file is not vaulted as a whole; put the secrets into a vaulted vars_files"])
        checked[file] = check_text(text, file)
    return checked
