#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gives one device to an owner or an organization."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device_owner
short_description: Sets or removes the owner of one device
version_added: 1.0.0
description:
  - Changes who a device belongs to and nothing else. O(name) only says which device is meant.
author:
  - fleetform contributors (@fleetform)
options:
  owner:
    description:
      - E-mail address or id of the owner (blynk). With webex a device gets its owner when it is added and keeps it.
    type: str
  transfer_to:
    description:
      - Organization that the device is handed over to, before the owner is set. Blynk organization id or name, greenlake tenant
        workspace id.
    type: str
  state:
    description:
      - V(present) sets the owner, V(absent) removes whoever it is.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - fleetform.devices.account
  - fleetform.devices.accounts
  - fleetform.devices.identity
  - fleetform.devices.attributes
seealso:
  - module: fleetform.devices.device
"""

EXAMPLES = r"""
# With --check nothing is written, and "changes" says what would be. With --diff it shows the owner before and after.
- name: Give a sensor to a colleague
  fleetform.devices.device_owner:
    vendor: blynk
    token: "{{ blynk_token }}"
    name: Hamburg Board Room Climate
    owner: jonas.weber@nordlicht.example

- name: Hand a sensor over to the Boston branch
  fleetform.devices.device_owner:
    vendor: blynk
    token: "{{ blynk_token }}"
    name: Hamburg New Sensor
    transfer_to: Nordlicht Boston
    owner: sam.ortiz@nordlicht.example

- name: Take the owner away
  fleetform.devices.device_owner:
    vendor: blynk
    token: "{{ blynk_token }}"
    name: Hamburg Main Panel
    state: absent
"""

RETURN = r"""
calls:
  description: The HTTP requests that were sent, retries included, token requests aside.
  returned: always
  type: dict
  contains:
    read:
      description: Requests that only read.
      type: int
      sample: 3
    write:
      description: Requests that could change the cloud. Always 0 in check mode.
      type: int
      sample: 1
changes:
  description: What was changed, or in check mode would be. Empty when the device already was as declared.
  returned: unless the task failed before anything was written
  type: list
  elements: dict
  contains:
    action:
      description: What was done, such as V(claim), V(rename), V(tag), V(set_metafield), V(set_owner), V(transfer) or V(delete).
      type: str
      sample: set_metafield
    attribute:
      description: The attribute, with the key behind a dot where one key changed. Null when a device was created or deleted.
      type: str
      sample: metafields.Floor
    before:
      description: The value before.
      type: raw
      sample: 5
    after:
      description: The value afterwards.
      type: raw
      sample: 6
    detail:
      description: The places where a nested value differs, each with path, before and after.
      returned: when a nested value changed and the library deepdiff is installed
      type: list
      elements: dict
    unverified:
      description: True where the vendor does not show the value, so that it is not known whether it was another one before.
      returned: when the value cannot be read back
      type: bool
device:
  description:
    - The record of the device as it is after the task, in check mode as it would be. The fields are those of
      RV(fleetform.devices.device#module:device).
  returned: unless the task failed before anything was written
  type: dict
  sample: {id: "1000", vendor: blynk, name: Hamburg Board Room Climate}
diff:
  description: The attributes that were given, before and after. In check mode, after is what they would be.
  returned: in diff mode
  type: dict
  contains:
    before:
      description: The attributes as they were.
      type: dict
      sample: {name: Hamburg Board Room Climate}
    after:
      description: The attributes as they are or would be.
      type: dict
      sample: {name: Hamburg Board Room}
notes:
  description: What is worth knowing about a device although nothing is wrong, each with the address of the device.
  returned: when there is something to say
  type: list
  elements: str
  sample: ["-/Hamburg Main Panel: what was sent cannot be read back"]
"""

from ansible_collections.fleetform.devices.plugins.module_utils._engine.module_shell import run_module


def main() -> None:
    run_module("device_owner")


if __name__ == "__main__":
    main()
