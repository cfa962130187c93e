# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The registry of vendors. Written out, because only what is imported statically is shipped to a target."""

from __future__ import annotations

import difflib

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import SettingsError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import Vendor
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.blynk import Blynk
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.greenlake import GreenLake
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.mobilefirst import MobileFirst
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.webex import Webex
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.xyte import Xyte

VENDORS: dict[str, type[Vendor]] = {
    Blynk.NAME: Blynk,
    GreenLake.NAME: GreenLake,
    MobileFirst.NAME: MobileFirst,
    Webex.NAME: Webex,
    Xyte.NAME: Xyte,
}
"""Vendor name to adapter, sorted by name."""


def adapter(vendor: str) -> type[Vendor]:
    """The adapter of a vendor. Raises SettingsError that names the nearest one."""
    if vendor not in VENDORS:
        near = difflib.get_close_matches(vendor, VENDORS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingsError(f"there is no vendor {vendor!r}{hint} (known: {', '.join(VENDORS)})")
    return VENDORS[vendor]
