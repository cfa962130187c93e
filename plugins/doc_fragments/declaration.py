# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a device should be; argspec.DECLARATION holds the same for the code."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  previous_name:
    description:
      - For a device that is known by name only. It is found under O(previous_name) or O(name), and then called O(name).
    type: str
  state:
    description:
      - Whether the device should be there. Not every vendor can delete devices; greenlake can only archive them, see O(archived).
      - Deleting loses what the vendor has stored of the device (blynk, xyte). A mobilefirst phone that is in use comes back under
        a new id, unblocked; to block it set O(status).
    type: str
    choices: [present, absent]
    default: present
  model:
    description:
      - What a new device is made from. Blynk template (C(TMPL...)), webex phone model (C(DMS Cisco 8845)), greenlake part number.
      - A device that is not there is created only where this or claim identifiers are given. Xyte claims by O(cloud_id), or by
        O(serial) with O(mac).
      - No call makes a webex RoomOS device or a mobilefirst phone. The first needs an activation code, see
        M(fleetform.devices.device_action), and is reported as blocked until it is there.
    type: str
  device_type:
    description:
      - Kind of a new device, for greenlake one of V(COMPUTE), V(NETWORK) and V(STORAGE).
    type: str
  space:
    description:
      - Where the device belongs. Xyte space id or full path, webex workspace id or name (when adding only), greenlake location id
        or name.
      - An empty string takes the device out of its space, where the vendor has that.
    type: str
  create_space:
    description:
      - Whether to create a space that is missing (xyte, webex).
    type: bool
    default: false
  rename_shared_space:
    description:
      - Whether O(name) may rename a webex workspace that holds several devices.
      - A webex device is called what its workspace is called, so that all of them get the name.
    type: bool
    default: false
  transfer_to:
    description:
      - Where the device is handed over to. Blynk organization id or name, greenlake tenant workspace id.
    type: str
  owner:
    description:
      - E-mail address or id of the owner (blynk; webex when adding only). An empty string means no owner (blynk).
    type: str
  tags:
    description:
      - A list of labels (webex), or a dictionary of keys and values (greenlake), where a null value removes the key.
      - Numbers and truth values become text. A single string is refused, write a list.
    type: raw
  purge_tags:
    description:
      - Whether tags that are not in O(tags) are removed. System tags stay in any case.
    type: bool
    default: false
  metafields:
    description:
      - Fields by name and their values. Blynk metafields, webex device configurations. Only the named ones are touched.
      - For xyte the complete configuration object, because the vendor neither returns nor merges it. See O(metafields_policy).
    type: dict
  status:
    description:
      - Status of the device (mobilefirst), one of V(ACTIVE), V(LOST), V(STOLEN) and V(DISABLED). A device that the server has let
        expire counts as V(ACTIVE).
    type: str
  applications:
    description:
      - Applications by name and V(ENABLED) or V(DISABLED) for each (mobilefirst). Those that are not named are left alone.
    type: dict
  application:
    description:
      - The application that the device is assigned to, with C(id) and C(region) (greenlake). An empty dictionary unassigns.
    type: dict
  subscriptions:
    description:
      - Keys or ids of the subscriptions of the device (greenlake). An empty list takes them away.
    type: list
    elements: str
  contact:
    description:
      - The person to ask about the device (greenlake), for example with C(email), C(first_name) and C(last_name). An empty
        dictionary removes it.
    type: dict
  warranty:
    description:
      - Support level of a discovered device, with C(service_level) and C(end_date) (greenlake).
    type: dict
  archived:
    description:
      - Whether the device is archived (greenlake). It cannot be combined with an assignment.
    type: bool
  protect:
    description:
      - Whether the device must never be deleted, transferred or archived.
    type: bool
    default: false
"""
