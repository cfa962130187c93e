# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The least that an inventory plugin can do: hosts, variables and groups from a file of JSON go to ansible-core, nothing else."""

from __future__ import annotations

import json
import typing as t

from ansible.plugins.inventory import BaseInventoryPlugin

DOCUMENTATION = r"""
name: floor
short_description: Hosts from a file of JSON
description: Only to be measured against.
author: fleetform contributors (@fleetform)
options: {}
"""


class InventoryModule(BaseInventoryPlugin):
    """``{"hosts": {name: {variable: value}}, "groups": {name: [host]}}`` in a file that ends in .floor."""

    NAME = "floor"

    def verify_file(self, path: str) -> bool:
        """Whether the file is one of ours."""
        return bool(super().verify_file(path)) and path.endswith(".floor")

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Adds what the file holds."""
        super().parse(inventory, loader, path, cache=cache)
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        for name, variables in data["hosts"].items():
            inventory.add_host(name)
            for key, value in variables.items():
                inventory.set_variable(name, key, value)
        for group, members in data["groups"].items():
            inventory.add_group(group)
            for name in members:
                inventory.add_child(group, name)
