# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Puts the collection into the wheel, at the place where Ansible looks for it."""

from __future__ import annotations

import typing as t
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# galaxy.yml is among them because `ansible-galaxy collection list` reads the version from it.
SHIPPED = ("plugins", "roles", "playbooks", "meta", "galaxy.yml", "README.md", "CHANGELOG.md", "LICENSE")


class CollectionHook(BuildHookInterface[t.Any]):
    """Adds the collection to a wheel, but not to an editable install: a copy there would shadow the checkout."""

    def initialize(self, version: str, build_data: dict[str, t.Any]) -> None:
        """Called by hatchling before it builds the wheel; ``version`` is ``standard`` or ``editable``."""
        if version == "editable":
            return
        for name in SHIPPED:
            if Path(self.root, name).exists():
                build_data["force_include"][name] = f"ansible_collections/fleetform/devices/{name}"
