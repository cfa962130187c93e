# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Having the vendor judge a plan; argspec.REHEARSAL holds the same for the code."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  validate_at_vendor:
    description:
      - In check mode, also have the vendor validate each call that is planned, where it can do so without carrying it out
        (greenlake, C(dry-run)). What it refuses fails the task.
      - Calls that need the id of a device that does not exist yet cannot be validated. Outside check mode this does nothing.
    type: bool
    default: false
"""
