# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A way to become another user that changes nothing, so that it can be used where no password is known."""

from __future__ import annotations

from ansible.plugins.become import BecomeBase

DOCUMENTATION = r"""
name: stand_in
short_description: Becomes nobody else
description: For tests only.
author: fleetform contributors (@fleetform)
"""


class BecomeModule(BecomeBase):
    name = "stand_in"

    def get_option(self, option: str, hostvars: object = None, playcontext: object = None) -> None:
        """No option is needed."""

    def build_become_command(self, cmd: str, shell: object) -> str:
        super().build_become_command(cmd, shell)
        return self._build_success_command(cmd, shell)
