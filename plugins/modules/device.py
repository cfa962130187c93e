#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declares one device."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device
short_description: Declares one device of a vendor cloud
version_added: 1.0.0
description:
  - Reads one device, compares it with what is declared and sends the calls that are missing, in the order that the vendor needs.
  - What is not declared is left alone. What the vendor cannot do is refused before anything is written, with the nearest thing
    that it can do.
  - For many devices M(fleetform.devices.fleet) needs fewer calls, because it reads each account once.
author:
  - fleetform contributors (@fleetform)
extends_documentation_fragment:
  - fleetform.devices.account
  - fleetform.devices.accounts
  - fleetform.devices.identity
  - fleetform.devices.declaration
  - fleetform.devices.metafields
  - fleetform.devices.rehearsal
  - fleetform.devices.attributes
seealso:
  - module: fleetform.devices.fleet
  - module: fleetform.devices.device_info
"""

EXAMPLES = r"""
- name: Create a room sensor from its template, or bring the one that is there up to date
  fleetform.devices.device:
    vendor: blynk
    client_id: oa2-client-id_demo
    client_secret: "{{ blynk_client_secret }}"
    name: Hamburg Lobby Climate
    model: TMPL8RITg_f9Q
    owner: jonas.weber@nordlicht.example
    metafields:
      Floor: 0
      Mount: Ceiling

# With --check nothing is sent that could change the cloud, and "changed" says what would be. With --diff it shows:
#
#   --- before: -/Hamburg Board Room
#   +++ after: -/Hamburg Board Room
#   -    name: Hamburg Board Room Climate
#   +    name: Hamburg Board Room
- name: Rename a sensor that is known by name only
  fleetform.devices.device:
    vendor: blynk
    token: "{{ blynk_token }}"
    previous_name: Hamburg Board Room Climate
    name: Hamburg Board Room

- name: Hand a sensor over to the organization of the Berlin branch and to its new owner
  fleetform.devices.device:
    vendor: blynk
    token: "{{ blynk_token }}"
    name: Hamburg New Sensor
    transfer_to: Nordlicht Berlin
    owner: mara.lindt@nordlicht.example

- name: Delete a sensor
  fleetform.devices.device:
    vendor: blynk
    token: "{{ blynk_token }}"
    name: Hamburg Basement Leak
    state: absent

- name: Add a switch to the workspace, with its location and tags
  fleetform.devices.device:
    vendor: greenlake
    client_id: "{{ greenlake_client_id }}"
    client_secret: "{{ greenlake_client_secret }}"
    serial: CN0020000K
    mac: "B8:D4:E7:00:4E:20"
    device_type: NETWORK
    tags:
      site: Berlin
      floor: 3

- name: Archive a device that went out of service
  fleetform.devices.device:
    vendor: greenlake
    client_id: "{{ greenlake_client_id }}"
    client_secret: "{{ greenlake_client_secret }}"
    serial: CN0010006K
    archived: true

- name: Put a phone into a new workspace and tag it
  fleetform.devices.device:
    vendor: webex
    token: "{{ webex_token }}"
    mac: "C4:1F:3B:70:A0:01"
    model: DMS Cisco 8845
    space: Hamburg Post Room
    create_space: true
    tags: [floor 1]

# A video system is called what its workspace is called.
- name: Rename a meeting room, and set what its video system is like
  fleetform.devices.device:
    vendor: webex
    token: "{{ webex_token }}"
    serial: FOC2711N0B1
    name: Elbe Meeting
    tags: [floor 5, av-managed]
    metafields:
      Audio.DefaultVolume: 40
      Time.Zone: Europe/Berlin

- name: Delete the phone of a workshop that was closed
  fleetform.devices.device:
    vendor: webex
    token: "{{ webex_token }}"
    serial: FCH2702P0B2
    state: absent

# The configuration is complete: Xyte shows none, and merges none.
- name: Claim a projector into a room, with its configuration
  fleetform.devices.device:
    vendor: xyte
    token: "{{ xyte_key }}"
    cloud_id: xpj-cloud-00901
    name: Room 2 Projector
    space: "Wiz/Berlin/Room #2"
    metafields:
      projection:
        mode: ceiling
        lamp_power: 80
      schedule:
        "on": "08:00"
        "off": "19:30"

- name: Move a spare display to a room that Xyte does not know yet
  fleetform.devices.device:
    vendor: xyte
    token: "{{ xyte_key }}"
    serial: XQD-00009
    name: Room 3.12 Display
    space: Wiz/Berlin/Floor 3/Room 3.12
    create_space: true

- name: Block a phone that was left in a taxi
  fleetform.devices.device:
    vendor: mobilefirst
    url: "{{ mobilefirst_url }}"
    username: demo-admin
    password: "{{ mobilefirst_password }}"
    name: Priya iPhone
    status: LOST

- name: Take an app away from one phone, and leave the other one on
  fleetform.devices.device:
    vendor: mobilefirst
    url: "{{ mobilefirst_url }}"
    username: demo-admin
    password: "{{ mobilefirst_password }}"
    device_id: 0289a2e5-3a7d-5bc2-b9be-cdffacd9a375
    applications:
      deskbooking: ENABLED
      rounds: DISABLED
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
    - The record of the device as it is after the task, in check mode as it would be. Null when it is gone.
    - A field that the vendor does not have, or that was not read, is null.
  returned: unless the task failed before anything was written
  type: dict
  contains:
    vendor:
      description: The vendor.
      type: str
    account:
      description: Name of the account, null for the one without a name.
      type: str
    id:
      description: The vendor's id, null for a device that check mode would create.
      type: str
    name:
      description: Name of the device.
      type: str
    serial:
      description: Serial number.
      type: str
    mac:
      description: MAC address, lower case with colons.
      type: str
    cloud_id:
      description: The id by which it is claimed.
      type: str
    model:
      description: Model, template or part number.
      type: str
    device_type:
      description: The vendor's kind of device.
      type: str
    status:
      description: The vendor's word for its state.
      type: str
    online:
      description: Whether it is connected, null when unknown.
      type: bool
    last_seen:
      description: When it was last heard of, ISO 8601 in UTC.
      type: str
    ip:
      description: IP address.
      type: str
    firmware:
      description: Version of its firmware.
      type: str
    tags:
      description: A list of labels, or a dictionary where the vendor has keys and values.
      type: raw
    metafields:
      description: Fields by name.
      type: dict
    owner:
      description: C(id), C(email) and C(name) of the owner.
      type: dict
    organization:
      description: C(id) and C(name) of the organization.
      type: dict
    space:
      description: C(id), C(name) and C(path) of the space.
      type: dict
    applications:
      description: Applications by name, V(ENABLED) or V(DISABLED) (mobilefirst).
      type: dict
    application:
      description: C(id) and C(region) of the application (greenlake).
      type: dict
    subscriptions:
      description: Subscriptions (greenlake).
      type: list
      elements: dict
    contact:
      description: The person to ask (greenlake).
      type: dict
    warranty:
      description: Warranty (greenlake).
      type: dict
    archived:
      description: Whether it is archived (greenlake).
      type: bool
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
    run_module("device")


if __name__ == "__main__":
    main()
