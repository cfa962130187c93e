#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets or removes the tags of one device."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device_tag
short_description: Sets or removes tags of one device
version_added: 1.0.0
description:
  - Changes the tags of a device that is there and nothing else. O(name) only says which device is meant.
  - For vendors whose tags can be set, which are webex and greenlake.
author:
  - fleetform contributors (@fleetform)
options:
  tags:
    description:
      - A list of labels (webex), or a dictionary of keys and values (greenlake).
      - With O(state=present) a null value removes the key.
      - With O(state=absent) names, or a dictionary whose values must match for a tag to be removed; null matches any value.
    type: raw
    required: true
  state:
    description:
      - V(present) sets these tags and leaves others alone, V(absent) removes them, V(exact) also removes all others except system
        tags.
    type: str
    choices: [present, absent, exact]
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
# With --check nothing is written, and "changes" says what would be. With --diff it shows the tags before and after.
- name: Tag a switch
  fleetform.devices.device_tag:
    vendor: greenlake
    client_id: "{{ greenlake_client_id }}"
    client_secret: "{{ greenlake_client_secret }}"
    serial: CN0010003K
    tags:
      environment: test
      rack: 12

- name: Remove a tag whatever its value
  fleetform.devices.device_tag:
    vendor: greenlake
    client_id: "{{ greenlake_client_id }}"
    client_secret: "{{ greenlake_client_secret }}"
    serial: CN0010003K
    tags: [floor]
    state: absent

- name: Remove a tag only where it has this value
  fleetform.devices.device_tag:
    vendor: greenlake
    client_id: "{{ greenlake_client_id }}"
    client_secret: "{{ greenlake_client_secret }}"
    serial: CN0010003K
    tags:
      env: prod
    state: absent

- name: Have exactly these tags
  fleetform.devices.device_tag:
    vendor: greenlake
    client_id: "{{ greenlake_client_id }}"
    client_secret: "{{ greenlake_client_secret }}"
    serial: CN0010003K
    tags:
      cost-center: 4711
    state: exact

- name: Label a video system, and keep the labels that it has
  fleetform.devices.device_tag:
    vendor: webex
    token: "{{ webex_token }}"
    serial: FOC2714N0E2
    tags: [floor 3, quiet zone]

- name: Take one label away
  fleetform.devices.device_tag:
    vendor: webex
    token: "{{ webex_token }}"
    serial: FOC2711N0B2
    tags: [on-loan]
    state: absent

- name: Have exactly this label on the board of a room
  fleetform.devices.device_tag:
    vendor: webex
    token: "{{ webex_token }}"
    mac: "8C:A5:3B:70:01:30"
    tags: [av-managed]
    state: exact
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
    run_module("device_tag")


if __name__ == "__main__":
    main()
