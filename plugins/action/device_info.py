# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The task fleetform.devices.device_info on the controller."""

from __future__ import annotations

from ansible_collections.fleetform.devices.plugins.plugin_utils.in_process import InProcess


class ActionModule(InProcess):
    TASK = "device_info"
