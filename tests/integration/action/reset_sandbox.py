# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes the sandbox back to a start state in the middle of a play, with the faults that are asked for."""

from __future__ import annotations

import json
import typing as t
import urllib.request

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """See ActionBase. ``url`` is the sandbox's, ``start`` what a reset takes, ``faults`` a list of rules.

        Returns the ``writes`` that the sandbox had seen by now.
        """
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        seen = [entry for entry in self._call("GET", "requests?write=true") if not entry["token"]]
        self._call("POST", "reset", self._task.args.get("start", {}))
        self._call("POST", "faults", list(self._task.args.get("faults", ())))
        return {**result, "changed": False, "writes": [f"{entry['method']} {entry['path']}" for entry in seen]}

    def _call(self, method: str, path: str, body: t.Any = None) -> t.Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._task.args['url']}/_sandbox/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.loads(response.read())
