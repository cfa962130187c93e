#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Does something with a device that is no state."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device_action
short_description: Triggers an event, clears data or makes an activation code
version_added: 1.0.0
description:
  - Carries out an action that is no state of a device.
  - It is not idempotent. Each run does it again and reports a change.
  - An action is never repeated after an answer that leaves open whether it was carried out. The task then fails and says so.
author:
  - fleetform contributors (@fleetform)
options:
  action:
    description:
      - V(trigger_event) reports an event as if the device had (blynk), with O(event_code) and O(description).
      - V(clear_data) erases the data that the device has stored in the cloud (blynk). That cannot be undone.
      - V(activation_code) makes a code with which a new device can be activated (webex), for O(space) or O(owner). It takes no
        identity, because the device does not exist yet. The code is typed into the device; it cannot be listed or taken back.
    type: str
    choices: [trigger_event, clear_data, activation_code]
    required: true
  event_code:
    description:
      - Code of the event, as it stands in the template of the device.
    type: str
  description:
    description:
      - Text that is stored with the event.
    type: str
  space:
    description:
      - Workspace that the new device is for, id or name (webex).
    type: str
  owner:
    description:
      - Person that the new device is for, e-mail address or id (webex).
    type: str
  model:
    description:
      - Model of the new device, for a phone (webex). A RoomOS device needs none.
    type: str
extends_documentation_fragment:
  - fleetform.devices.account
  - fleetform.devices.accounts
  - fleetform.devices.identity
  - fleetform.devices.attributes.acts
seealso:
  - module: fleetform.devices.device
"""

EXAMPLES = r"""
# With --check the device is looked up and nothing is sent. The task still reports a change, because each run is one.
- name: Note in the timeline of a sensor that its filter was changed
  fleetform.devices.device_action:
    vendor: blynk
    token: "{{ blynk_token }}"
    name: Hamburg Board Room Climate
    action: trigger_event
    event_code: filter_service
    description: Filter changed

- name: Erase the data of a sensor before it goes to another room
  fleetform.devices.device_action:
    vendor: blynk
    token: "{{ blynk_token }}"
    name: Hamburg New Sensor
    action: clear_data

- name: Get a code to type into the video system of a new room
  fleetform.devices.device_action:
    vendor: webex
    token: "{{ webex_token }}"
    action: activation_code
    space: Spree Lounge
  register: lounge
  no_log: true

- name: Get a code for the desk phone of a colleague
  fleetform.devices.device_action:
    vendor: webex
    token: "{{ webex_token }}"
    action: activation_code
    owner: lena.vogt@nordlicht.example
    model: DMS Cisco 8865
  register: phone
  no_log: true
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
  description: One entry with the action.
  returned: success
  type: list
  elements: dict
  sample: [{action: clear_data, attribute: null, before: null, after: null}]
result:
  description:
    - What the vendor answered.
    - For O(action=activation_code) a dictionary with C(code), which is a secret, and C(expires_at), both null in check mode, and
      with C(space_id), C(owner_id) and C(model) of what it was made for. Set C(no_log) on the task.
  returned: success
  type: dict
  sample: {}
"""

from ansible_collections.fleetform.devices.plugins.module_utils._engine.module_shell import run_module


def main() -> None:
    run_module("device_action")


if __name__ == "__main__":
    main()
