# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes the sandbox back to its start state in the middle of a play, with the faults that are asked for."""

from __future__ import annotations

import json
import typing as t
import urllib.request

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """See ActionBase. ``url`` is the sandbox's, ``faults`` a list of rules."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        for path, body in (("reset", {}), ("faults", list(self._task.args.get("faults", ())))):
            request = urllib.request.Request(
                f"{self._task.args['url']}/_sandbox/{path}", json.dumps(body).encode(), method="POST"
            )
            urllib.request.urlopen(request, timeout=30).close()
        return {**result, "changed": False}
