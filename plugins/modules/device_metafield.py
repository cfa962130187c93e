#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets metafields of one device."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device_metafield
short_description: Sets metafields of one device
version_added: 1.0.0
description:
  - Changes metafields of a device that is there and nothing else. O(name) only says which device is meant.
author:
  - fleetform contributors (@fleetform)
options:
  metafields:
    description:
      - A dictionary of names and values. Fields that are not named are left alone.
      - For xyte the complete configuration object, because the vendor neither returns nor merges it. See O(metafields_policy).
      - With O(state=absent) a list of names.
    type: raw
    required: true
  state:
    description:
      - V(present) sets the fields. V(absent) sets them back to the vendor's default, where the vendor has that (webex).
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - fleetform.devices.account
  - fleetform.devices.accounts
  - fleetform.devices.identity
  - fleetform.devices.metafields
  - fleetform.devices.attributes
seealso:
  - module: fleetform.devices.device
"""

EXAMPLES = r"""
# With --check nothing is written, and "changes" says what would be. With --diff it shows the named fields before and after.
- name: Say on which floor a sensor is and how it is mounted
  fleetform.devices.device_metafield:
    vendor: blynk
    token: "{{ blynk_token }}"
    name: Hamburg Board Room Climate
    metafields:
      Floor: 6
      Mount: Ceiling

- name: Set a field whose value must not be shown
  fleetform.devices.device_metafield:
    vendor: blynk
    token: "{{ blynk_token }}"
    name: Hamburg Board Room Climate
    metafields:
      Asset Note: "{{ alarm_code }}"
    secret_metafields: [Asset Note]

- name: Turn a room down and say whom its help button calls
  fleetform.devices.device_metafield:
    vendor: webex
    token: "{{ webex_token }}"
    serial: FOC2713N0D2
    metafields:
      Audio.DefaultVolume: 35
      "FacilityService.Service[1].Name": AV desk
      "FacilityService.Service[1].Number": "4400"

- name: Go back to the vendor's default
  fleetform.devices.device_metafield:
    vendor: webex
    token: "{{ webex_token }}"
    serial: FOC2710N0A1
    metafields: [Audio.Ultrasound.MaxVolume]
    state: absent

# Xyte shows no configuration: this is sent where it differs from what was accepted last from this machine.
- name: Configure a display, with a password that must not be shown
  fleetform.devices.device_metafield:
    vendor: xyte
    token: "{{ xyte_key }}"
    serial: XQD-00001
    metafields:
      display:
        brightness: 80
        input: HDMI 2
      network:
        hostname: berlin-room-1
        web_password: "{{ alarm_code }}"
    secret_metafields: [network]

- name: Configure a projector, and keep the fingerprint where the whole team runs this from
  fleetform.devices.device_metafield:
    vendor: xyte
    token: "{{ xyte_key }}"
    name: Room 3.07 Projector
    state_path: ~/fleet/xyte-fingerprints.json
    metafields:
      projection:
        mode: ceiling
        keystone: -4.5
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
    run_module("device_metafield")


if __name__ == "__main__":
    main()
