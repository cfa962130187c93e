# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every module can do."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and say what would be changed, without sending anything that could change the cloud.
    support: full
  diff_mode:
    description: Returns what has changed, or in check mode what would change, of the attributes that were given.
    support: full
  idempotent:
    description: A second run with the same options makes no writing call.
    support: full
"""

    READS = r"""
attributes:
  check_mode:
    description: Only reads, so that check mode makes no difference.
    support: full
  diff_mode:
    description: Returns what has changed, or in check mode what would change.
    support: N/A
    details: Nothing is changed.
  idempotent:
    description: A second run with the same options makes no writing call.
    support: full
"""

    ACTS = r"""
attributes:
  check_mode:
    description: Sends nothing in check mode beyond what finds the device.
    support: full
  diff_mode:
    description: Returns what has changed, or in check mode what would change.
    support: N/A
    details: An action is no state that could be compared.
  idempotent:
    description: A second run with the same options makes no writing call.
    support: none
    details: Each run carries the action out again.
"""
