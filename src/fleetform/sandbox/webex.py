# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cisco Webex's device management: its routes."""

from __future__ import annotations

from fleetform.sandbox.cloud import Handler
from fleetform.sandbox.webex_writes import WebexWrites


class Webex(WebexWrites):
    """Devices, their configurations, workspaces, and the look-ups that turn names into ids."""

    def routes(self) -> dict[str, dict[str, Handler]]:
        return {
            "/access_token": {"POST": self.token},
            "/devices": {"GET": self.list_devices, "POST": self.add_device},
            "/devices/activationCode": {"POST": self.make_code},
            r"/devices/([^/]+)": {"GET": self.get_device, "PATCH": self.patch_device, "DELETE": self.delete_device},
            "/deviceConfigurations": {"GET": self.get_configurations, "PATCH": self.patch_configurations},
            "/workspaces": {"GET": self.list_workspaces, "POST": self.add_workspace},
            r"/workspaces/([^/]+)": {"GET": self.get_workspace, "PUT": self.put_workspace, "DELETE": self.delete_workspace},
            r"/workspaces/([^/]+)/capabilities": {"GET": self.workspace_capabilities},
            "/people": {"GET": self.list_people},
            r"/people/([^/]+)": {"GET": self.get_person},
            "/organizations": {"GET": self.list_organizations},
            r"/organizations/([^/]+)": {"GET": self.get_organization},
            "/locations": {"GET": self.list_locations},
            r"/locations/([^/]+)": {"GET": self.get_location},
            "/workspaceLocations": {"GET": self.list_workspace_locations},
            r"/workspaceLocations/([^/]+)": {"GET": self.get_workspace_location},
            "/telephony/config/supportedDevices": {"GET": self.supported_devices},
            "/telephony/config/devices/actions/validateMacs/invoke": {"POST": self.validate_macs},
        }
