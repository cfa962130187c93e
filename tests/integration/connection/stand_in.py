# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A connection that leads to this machine without saying so, as an ssh connection to it would."""

from __future__ import annotations

from ansible.plugins.connection.local import Connection as LocalConnection

DOCUMENTATION = r"""
name: stand_in
short_description: This machine, as if it were another
description: For tests only.
author: fleetform contributors (@fleetform)
extends_documentation_fragment: [connection_pipelining]
"""


class Connection(LocalConnection):
    transport = "stand_in"
