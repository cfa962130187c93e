# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which devices are read and what of them; argspec.READING holds the same for the code."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  search:
    description:
      - Text that the name, serial number, MAC address or id must contain, in any case.
    type: str
  filters:
    description:
      - Fields of the device record by name, with the value that each must have. A list means any of its values, null means that
        the field is empty.
      - C(tags.<key>) and C(metafields.<name>) look inside a dictionary. C(space) also finds what is below a path.
      - Which fields there are depends on what the vendor shows, others are refused. Webex also takes words of its own, such as
        C(errorCode) or C(upgradeChannel). The pages of the vendors list them all,
        U(https://github.com/fleetform/fleetform/tree/main/docs/vendors).
      - What a vendor can filter by itself is left to it, to save calls, and held against the filter again.
    type: dict
  vendor_filter:
    description:
      - A filter in the vendor's own words, passed on as it is (greenlake).
    type: str
  vendor_filter_tags:
    description:
      - A filter for tags in the vendor's own words, passed on as it is (greenlake).
    type: str
  fields:
    description:
      - Fields of the record that are wanted. The others are null, except C(vendor), C(account) and C(id), whatever the vendor.
        Filters, search, sort and grouping see them all the same. Where the vendor can leave fields out (greenlake) only what all
        these need is read.
    type: list
    elements: str
  sort:
    description:
      - Fields to sort by, each of them with C(asc) or C(desc) behind it where wanted.
    type: list
    elements: str
  limit:
    description:
      - The largest number of devices to return.
    type: int
  page_size:
    description:
      - Devices for each request. The vendor's largest when not given.
    type: int
  group_by:
    description:
      - A field by whose values the devices are counted.
    type: str
  include_sub_organizations:
    description:
      - Whether devices of organizations below the account's own are read as well (blynk).
    type: bool
    default: false
  owner_email:
    description:
      - Only devices of the owner with this e-mail address (blynk, webex), or of this first user (mobilefirst).
    type: str
  user_email:
    description:
      - Only devices in the organization of the user with this e-mail address (blynk), or devices that have this user among theirs
        (mobilefirst).
    type: str
  activated_within:
    description:
      - Only devices that were activated within this number of minutes (blynk, 1 to 60).
    type: int
  gather:
    description:
      - What to read beyond the listing. It costs further calls for each device.
      - V(metafields) (blynk, webex), V(base_info) (blynk, xyte), V(timeline) and V(logs) (blynk), V(tags) and V(online) (blynk;
        webex shows them anyway).
    type: list
    elements: str
    choices: [tags, metafields, online, timeline, logs, base_info]
  event_type:
    description:
      - Only events of this type in the timeline, see O(gather) (blynk).
    type: str
  include_raw:
    description:
      - Whether each record holds the vendor's own object as C(raw), without secrets.
    type: bool
    default: false
"""
