# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which device is meant; argspec.IDENTITY holds the same for the code."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  device_id:
    description:
      - The vendor's id of the device.
      - Each identifier that is given must agree with the device that is found. Where they fit several devices, or one only in
        part, the task fails and lists them.
    type: str
  serial:
    description:
      - Serial number (webex, xyte, greenlake).
    type: str
  mac:
    description:
      - MAC address (webex, xyte, greenlake). Separators and case do not matter. Write it in quotes.
    type: str
  cloud_id:
    description:
      - The id by which a device is claimed into a cloud (xyte). With the other vendors another word for O(device_id).
    type: str
  name:
    description:
      - Name of the device, compared exactly. Without an identifier it says which device is meant.
      - A webex device is called what its workspace or its person is called.
    type: str
"""
