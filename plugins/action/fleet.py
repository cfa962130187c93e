# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The task fleetform.devices.fleet on the controller, which is where fleet files are read."""

from __future__ import annotations

import os
import typing as t

from ansible.utils.vars import load_extra_vars

from ansible_collections.fleetform.devices.plugins.plugin_utils import fleet_file
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_paths import FleetFileError, find
from ansible_collections.fleetform.devices.plugins.plugin_utils.in_process import InProcess, plain

_INSTEAD = ("accounts", "defaults", "devices", "prune", "max_changes")
"""What a fleet file says, so that the task cannot say it as well."""


class ActionModule(InProcess):
    TASK = "fleet"

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """See ActionBase."""
        if self._task.args.get("file"):
            try:
                self._task.args = {**self._task.args, **self._from_files(task_vars or {})}
            except FleetFileError as error:
                return {"failed": True, "changed": False, "msg": str(error)}
        return super().run(tmp, task_vars)

    def _from_files(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The options that the files stand for. Raises FleetFileError."""
        if twice := [name for name in _INSTEAD if self._task.args.get(name) is not None]:
            raise FleetFileError([f"file: {', '.join(twice)} stand in the fleet file; take them out of the task"])
        given = plain(self._task.args["file"])
        folder = self._loader.get_basedir()
        names = [os.path.join(folder, os.path.expanduser(name)) for name in (given if isinstance(given, list) else [given])]
        loaded = fleet_file.load(find(names), loader=self._loader, base_vars=task_vars, extra_vars=load_extra_vars(self._loader))
        return {
            "accounts": dict(loaded.accounts),
            "devices": loaded.devices,
            "prune": [{"account": scope.account, "scope": scope.filters, "declared_at": scope.where} for scope in loaded.prune],
            "max_changes": loaded.max_changes,
        }
