#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Declares many devices in many accounts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet
short_description: Declares many devices of vendor clouds at once
version_added: 1.0.0
description:
  - Reads each account once, plans what is missing for all devices, and applies it in parallel within the limits of each vendor.
  - A declaration that is wrong stops everything before anything is written, and all of them are listed.
  - An account that cannot be read leaves the others alone. They are converged, then the task fails.
author:
  - fleetform contributors (@fleetform)
options:
  file:
    description:
      - Fleet files, or folders of them, which say accounts, devices and what to prune. They are read on the controller.
      - Templates in them see the variables of the play. It goes without O(accounts), O(defaults), O(devices), O(prune) and
        O(max_changes), which the files hold.
    type: list
    elements: path
  devices:
    description:
      - The devices, each with the options of M(fleetform.devices.device).
      - Required unless O(file) is given.
    type: list
    elements: dict
    suboptions:
      account:
        description:
          - Name of the account, see O(accounts). When not given, that of O(defaults), then O(account).
        type: str
      declared_at:
        description:
          - Where this is written, for messages and the plan. O(file) fills it in.
        type: str
      device_id:
        description:
          - The vendor's id of the device.
        type: str
      serial:
        description:
          - Serial number.
        type: str
      mac:
        description:
          - MAC address, in quotes.
        type: str
      cloud_id:
        description:
          - The id by which a device is claimed into a cloud (xyte).
        type: str
      name:
        description:
          - Name of the device. Without an identifier it says which device is meant.
        type: str
      previous_name:
        description:
          - For a device that is known by name only. It is found under either name, and then called O(devices[].name).
        type: str
      state:
        description:
          - Whether the device should be there. V(present) when not given.
        type: str
        choices: [present, absent]
      model:
        description:
          - What a new device is made from (blynk, webex, greenlake).
        type: str
      device_type:
        description:
          - Kind of a new device (greenlake).
        type: str
      space:
        description:
          - Where the device belongs (xyte, greenlake; webex when adding only). An empty string takes it out.
        type: str
      create_space:
        description:
          - Whether to create a space that is missing (xyte, webex). V(false) when not given.
        type: bool
      rename_shared_space:
        description:
          - Whether O(devices[].name) may rename a webex workspace that holds several devices. V(false) when not given.
        type: bool
      transfer_to:
        description:
          - Where the device is handed over to (blynk, greenlake).
        type: str
      owner:
        description:
          - E-mail address or id of the owner (blynk; webex when adding only). An empty string means no owner (blynk).
        type: str
      tags:
        description:
          - A list of labels (webex), or a dictionary of keys and values (greenlake).
        type: raw
      purge_tags:
        description:
          - Whether tags that are not named are removed. V(false) when not given.
        type: bool
      metafields:
        description:
          - Fields by name and their values (blynk, webex). For xyte the complete configuration object.
        type: dict
      status:
        description:
          - Status of the device (mobilefirst).
        type: str
      applications:
        description:
          - Applications by name (mobilefirst).
        type: dict
      application:
        description:
          - The application with C(id) and C(region) (greenlake).
        type: dict
      subscriptions:
        description:
          - Keys or ids of the subscriptions (greenlake).
        type: list
        elements: str
      contact:
        description:
          - The person to ask about the device (greenlake).
        type: dict
      warranty:
        description:
          - Support level (greenlake).
        type: dict
      archived:
        description:
          - Whether the device is archived (greenlake).
        type: bool
      protect:
        description:
          - Whether the device must never be deleted, transferred or archived. V(false) when not given.
        type: bool
      metafields_policy:
        description:
          - When to send metafields that cannot be read back (xyte). V(when_changed) when not given, see
            O(fleetform.devices.device#module:metafields_policy).
        type: str
        choices: [when_changed, always]
      state_path:
        description:
          - File with the fingerprints for that, see O(fleetform.devices.device#module:state_path).
        type: path
      secret_metafields:
        description:
          - Names of metafields whose values are shown nowhere.
        type: list
        elements: str
  defaults:
    description:
      - Options that hold for each device that does not give them itself.
    type: dict
  prune:
    description:
      - Devices that are removed where nobody declares them, each entry a scope in one account.
      - Nothing is removed where a declaration of the account is unresolved, where none of its devices is found, or where the
        account cannot be read whole.
    type: list
    elements: dict
    suboptions:
      account:
        description:
          - Name of the account, see O(accounts).
        type: str
      declared_at:
        description:
          - Where this is written, for messages and the plan. O(file) fills it in.
        type: str
      scope:
        description:
          - Fields of the device record with the values that the devices have, as in
            O(fleetform.devices.device_info#module:filters).
        type: dict
        required: true
  max_changes:
    description:
      - How much may change at once, by action V(delete) or V(update), each with V(percent), V(count) or both, of which the less
        counts.
      - Deletions are those of O(prune), in percent of the devices in its scopes, 10 percent when not given.
      - Updates are in percent of the declared devices that are there, 50 percent of more than ten when O(file) is given.
      - It is rounded down, but at least one, and never all.
      - A task that goes beyond it fails before anything is sent. In check mode it fails as well, and shows what would be done.
    type: dict
  return_devices:
    description:
      - Which records RV(devices) holds, those that changed or those of all declared devices.
    type: str
    choices: [changed, all]
    default: changed
extends_documentation_fragment:
  - fleetform.devices.account
  - fleetform.devices.accounts
  - fleetform.devices.rehearsal
  - fleetform.devices.attributes
seealso:
  - module: fleetform.devices.device
"""

EXAMPLES = r"""
# With --check nothing is written, and "plan" says what would be done and with which calls. With --diff each device that
# changes is shown before and after.
- name: Converge sensors and switches of an office
  fleetform.devices.fleet:
    accounts:
      sensors:
        vendor: blynk
        client_id: oa2-client-id_demo
        client_secret: "{{ blynk_client_secret }}"
      network:
        vendor: greenlake
        client_id: "{{ greenlake_client_id }}"
        client_secret: "{{ greenlake_client_secret }}"
    defaults:
      account: sensors
    devices:
      - name: Hamburg Lobby Climate
        model: TMPL8RITg_f9Q
        owner: ada.keller@nordlicht.example
        metafields:
          Floor: 0
      - name: Hamburg Main Panel
        owner: ada.keller@nordlicht.example
      - name: Hamburg Basement Leak
        state: absent
      - account: network
        serial: CN0010003K
        tags:
          environment: test
  register: converged

- name: Keep the metafields of all sensors of one account right
  fleetform.devices.fleet:
    vendor: blynk
    token: "{{ blynk_token }}"
    devices:
      - name: Hamburg Board Room Climate
        metafields: {Floor: 6}
      - name: Hamburg Basement Leak
        metafields: {Floor: -2}
    return_devices: all

- name: Open a project room, from the sensor in its ceiling to the phones of those who work there
  fleetform.devices.fleet:
    accounts:
      rooms:
        vendor: webex
        token: "{{ webex_token }}"
      av:
        vendor: xyte
        token: "{{ xyte_key }}"
      phones:
        vendor: mobilefirst
        url: "{{ mobilefirst_url }}"
        username: demo-admin
        password: "{{ mobilefirst_password }}"
      sensors:
        vendor: blynk
        client_id: oa2-client-id_demo
        client_secret: "{{ blynk_client_secret }}"
      network:
        vendor: greenlake
        client_id: "{{ greenlake_client_id }}"
        client_secret: "{{ greenlake_client_secret }}"
    devices:
      - account: rooms
        serial: FOC2713N0D2
        name: Torstrasse Studio
        tags: [floor 3, av-managed]
        metafields: {Audio.DefaultVolume: 40}
      - account: rooms
        mac: "C4:1F:3B:70:A0:02"
        model: DMS Cisco 8865
        space: Torstrasse Studio Phone
        create_space: true
      - account: av
        serial: XQD-00901
        mac: "02:5e:10:01:03:85"
        name: Studio Display
        space: Wiz/Berlin/Floor 3/Studio
        create_space: true
        metafields: {display: {brightness: 70, input: HDMI 1}}
      - account: phones
        device_id: 0289a2e5-3a7d-5bc2-b9be-cdffacd9a375
        applications: {deskbooking: ENABLED, rounds: DISABLED}
      - account: sensors
        name: Hamburg New Sensor
        metafields: {Floor: 3}
      - account: network
        serial: CN0010003K
        tags: {room: torstrasse-studio}
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
  description: What was changed, or in check mode would be. Empty when all devices already were as declared.
  returned: unless the task failed before anything was written
  type: list
  elements: dict
  contains:
    address:
      description: Account and declared identity of the device.
      type: str
      sample: sensors/Hamburg Main Panel
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
devices:
  description:
    - The records of the devices as they are after the task, in check mode as they would be. The fields are those of
      RV(fleetform.devices.device#module:device). Which devices depends on O(return_devices).
  returned: unless a declaration is wrong
  type: list
  elements: dict
  sample: [{id: "1001", vendor: blynk, name: Hamburg Main Panel}]
diff:
  description: For each device that changes, the declared attributes before and after.
  returned: in diff mode, unless a declaration is wrong
  type: list
  elements: dict
  sample:
    - before_header: sensors/Hamburg Main Panel
      after_header: sensors/Hamburg Main Panel
      before: {owner: {id: "502", email: jonas.weber@nordlicht.example, name: Jonas Weber}}
      after: {owner: {id: "501", email: ada.keller@nordlicht.example, name: Ada Keller}}
notes:
  description: What is worth knowing about a device although nothing is wrong, each with the address of the device.
  returned: when there is something to say
  type: list
  elements: str
  sample: ["sensors/Hamburg Main Panel: what was sent cannot be read back"]
plan:
  description: The plan in format 1. It holds no secret.
  returned: when the accounts could be opened
  type: dict
  contains:
    format:
      description: Number of the format.
      type: int
      sample: 1
    tool_version:
      description: Version of this collection.
      type: str
    created_at:
      description: When the plan was made, ISO 8601 in UTC.
      type: str
    expires_at:
      description: When it should no longer be used.
      type: str
    complete:
      description: Whether every account could be read.
      type: bool
    warnings:
      description: What deserves attention.
      type: list
      elements: str
    errors:
      description:
        - What is wrong, with C(account), C(address), C(kind), C(cause) and C(message).
        - The cause is C(declaration) where what is declared has to be mended, C(vendor) where a cloud did not answer well.
      type: list
      elements: dict
    blocked:
      description: Devices for which nothing can be done now, with C(address) and C(reason).
      type: list
      elements: dict
    summary:
      description:
        - How many devices are created, updated, deleted and unchanged, how many calls that takes and how many seconds.
        - Under C(unverified) those of which nothing but values that cannot be read back is set.
      type: dict
    effort:
      description: The C(calls) that carrying it out takes at each vendor, and the C(seconds) that they take at its limits.
      type: dict
    devices:
      description: Each declared or pruned device with its address, model, actions, and declared attributes before and after.
      type: list
      elements: dict
    changes:
      description: Each change with its calls.
      type: list
      elements: dict
    over_limit:
      description:
        - What is over a limit, see O(max_changes), with C(account), C(action), C(wanted), C(allowed), C(devices) and C(message).
      type: list
      elements: dict
"""

from ansible_collections.fleetform.devices.plugins.module_utils._engine.module_shell import run_module


def main() -> None:
    run_module("fleet")


if __name__ == "__main__":
    main()
