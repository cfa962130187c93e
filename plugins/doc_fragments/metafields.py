# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How metafields are sent and shown; argspec.METAFIELDS holds the same for the code."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  metafields_policy:
    description:
      - When to send metafields that cannot be read back (xyte).
      - V(when_changed) compares a keyed fingerprint of the last object that was accepted, V(always) sends each time.
    type: str
    choices: [when_changed, always]
    default: when_changed
  state_path:
    description:
      - File with the fingerprints for O(metafields_policy=when_changed). A private file of the user when not given.
    type: path
  secret_metafields:
    description:
      - Names of metafields whose values are shown nowhere, neither in differences and changes nor in logs.
    type: list
    elements: str
"""
