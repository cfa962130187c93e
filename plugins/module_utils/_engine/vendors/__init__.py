# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The registry of vendors. Written out, because only what is imported statically is shipped to a target."""

from __future__ import annotations

from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import Vendor
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.blynk import Blynk
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.greenlake import GreenLake

VENDORS: dict[str, type[Vendor]] = {
    Blynk.NAME: Blynk,
    GreenLake.NAME: GreenLake,
}
"""Vendor name to adapter, sorted by name."""
