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
      - V(when_changed) compares a keyed fingerprint of the last object that was accepted, V(always) sends each time and reports a
        change each time.
      - Without a fingerprint, as in the first run, on a fresh machine or where the file was lost, the object is sent, and the
        change is marked as C(unverified).
      - What somebody changed elsewhere since then, as in the vendor's portal, cannot be seen. The result says so under C(notes).
    type: str
    choices: [when_changed, always]
    default: when_changed
  state_path:
    description:
      - File with the fingerprints for O(metafields_policy=when_changed), on the host that runs the task, with an absolute path or
        one that begins with C(~/). It holds keyed fingerprints and no values, and check mode does not touch it.
      - When not given, C(fleetform/xyte.json) in E(XDG_STATE_HOME), which is C(~/.local/state) by default.
      - Where runs come from several machines, as in CI, keep this file from one to the next.
    type: path
  secret_metafields:
    description:
      - Names of metafields whose values are shown nowhere, neither in differences and changes nor in logs. For xyte these are
        names in the configuration object at any depth; V(network.password) is the V(password) in V(network).
    type: list
    elements: str
"""
