# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`fleetform validate`: what can be seen in the text of fleet files, without loading anything of Ansible."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_paths import FleetFileError, check, find, problems_in


def checked(names: Sequence[str]) -> list[str]:
    """Every problem that can be seen in the text of these files and folders, each with its place."""
    try:
        return [str(problem) for problem in problems_in(check(find(names or ["fleet.yml"])), to_the_end=True)]
    except FleetFileError as error:
        return [str(problem) for problem in error.problems]
