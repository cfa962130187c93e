#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads devices."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device_info
short_description: Reads devices of a vendor cloud
version_added: 1.0.0
description:
  - Lists the devices of one account, in the same shape for every vendor.
  - A listing that is cut off or contradicts itself makes the task fail. It is never taken for fewer devices.
author:
  - fleetform contributors (@fleetform)
extends_documentation_fragment:
  - fleetform.devices.account
  - fleetform.devices.accounts
  - fleetform.devices.identity
  - fleetform.devices.reading
  - fleetform.devices.attributes.reads
seealso:
  - module: fleetform.devices.device
"""

EXAMPLES = r"""
- name: Read all sensors of the company, branches included
  fleetform.devices.device_info:
    vendor: blynk
    token: "{{ blynk_token }}"
    include_sub_organizations: true
  register: sensors

- name: Read what one owner has in the basement, with metafields and connection
  fleetform.devices.device_info:
    vendor: blynk
    token: "{{ blynk_token }}"
    owner_email: ada.keller@nordlicht.example
    gather: [metafields, online]
    filters:
      metafields.Floor: 5

- name: Count the network devices of a workspace by model
  fleetform.devices.device_info:
    vendor: greenlake
    client_id: "{{ greenlake_client_id }}"
    client_secret: "{{ greenlake_client_secret }}"
    filters:
      archived: false
    group_by: model

- name: Find devices with the vendor's own filters
  fleetform.devices.device_info:
    vendor: greenlake
    client_id: "{{ greenlake_client_id }}"
    client_secret: "{{ greenlake_client_secret }}"
    vendor_filter: "deviceType eq 'SWITCH'"
    vendor_filter_tags: "'floor' eq '3'"
    sort: [serial desc]
    limit: 10

- name: Find the video systems that report an error with their SIP account
  fleetform.devices.device_info:
    vendor: webex
    token: "{{ webex_token }}"
    filters:
      device_type: roomdesk
      errorCode: sipprofileregistration

- name: Read what one person has on the desk, with its settings
  fleetform.devices.device_info:
    vendor: webex
    token: "{{ webex_token }}"
    owner_email: ada.keller@nordlicht.example
    gather: [metafields]

- name: Read all that is installed in Berlin and online
  fleetform.devices.device_info:
    vendor: xyte
    token: "{{ xyte_key }}"
    filters:
      space: Wiz/Berlin
      online: true
    sort: [space, name]

- name: Count the devices of each model, and show what each reports of itself
  fleetform.devices.device_info:
    vendor: xyte
    token: "{{ xyte_key }}"
    gather: [base_info]
    include_raw: true
    group_by: model

- name: List the phones that are blocked, the one that was used last at the top
  fleetform.devices.device_info:
    vendor: mobilefirst
    url: "{{ mobilefirst_url }}"
    username: demo-monitor
    password: "{{ mobilefirst_monitor_password }}"
    filters:
      status: [LOST, STOLEN, DISABLED]
    sort: [last_seen desc]

- name: Read the phones of one user from a server that answers in XML
  fleetform.devices.device_info:
    vendor: mobilefirst
    url: "{{ mobilefirst_url }}"
    username: demo-admin
    password: "{{ mobilefirst_password }}"
    response_format: xml
    user_email: front.desk
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
devices:
  description:
    - The devices, each as a record. A field that the vendor does not have, or that was not read, is null.
  returned: success
  type: list
  elements: dict
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
    base_info:
      description: The last telemetry and the parameters of the device, without secrets (xyte).
      returned: with V(base_info) in O(gather), for xyte
      type: dict
    timeline:
      description: Events of the device.
      returned: with V(timeline) in O(gather)
      type: list
      elements: dict
    logs:
      description: What users did with the device.
      returned: with V(logs) in O(gather)
      type: list
      elements: dict
    raw:
      description: The vendor's own object without secrets.
      returned: with O(include_raw=true)
      type: dict
count:
  description: How many devices there are in RV(devices).
  returned: success
  type: int
  sample: 3
groups:
  description: How many devices share each value, with C(key) and C(count). Null without O(group_by).
  returned: success
  type: list
  elements: dict
  sample: [{key: Aruba 6300M, count: 2}]
"""

from ansible_collections.fleetform.devices.plugins.module_utils._engine.module_shell import run_module


def main() -> None:
    run_module("device_info")


if __name__ == "__main__":
    main()
