# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HPE GreenLake's device management: its routes."""

from __future__ import annotations

from fleetform.sandbox.cloud import Handler
from fleetform.sandbox.greenlake_writes import GreenLakeWrites


class GreenLake(GreenLakeWrites):
    """Three versions of the device API, jobs, and the look-ups that turn names into ids."""

    def routes(self) -> dict[str, dict[str, Handler]]:
        return {
            "/devices/v1/devices": {"GET": self.list_v1, "POST": self.add_v1, "PATCH": self.patch_v1},
            "/devices/v1beta1/devices": {"GET": self.list_v1beta1, "POST": self.add_v1beta1, "PATCH": self.patch_v1beta1},
            "/devices/v2beta1/devices": {"GET": self.list_v2beta1, "POST": self.add_v2beta1, "PATCH": self.patch_v2beta1},
            "/devices/v2beta1/devices/group": {"GET": self.group},
            r"/devices/(?:v1|v2beta1)/devices/([^/]+)": {"GET": self.get_device},
            r"/devices/v1beta1/devices/([^/]+)": {"GET": self.get_v1beta1},
            r"/devices/v1(?:beta1)?/async-operations/([^/]+)": {"GET": self.get_job},
            "/subscriptions/v1/subscriptions": {"GET": self.subscriptions},
            "/locations/v1/locations": {"GET": self.locations},
            "/service-catalog/v1/service-managers": {"GET": self.service_managers},
            "/service-catalog/v1/per-region-service-managers": {"GET": self.per_region},
            "/service-catalog/v1/service-manager-provisions": {"GET": self.provisions},
            r"/workspaces/v1/workspaces/([^/]+)": {"GET": self.workspace},
            "/workspaces/v1/msp-tenants": {"GET": self.tenants},
            "/identity/v1/users": {"GET": self.users},
            "/tags/v1/tags": {"GET": self.tags},
            "/tags/v1/tag-resources": {"GET": self.tag_resources},
            r"/as/token\.oauth2": {"POST": self.token},
            r"/authorization/v2/oauth2/([^/]+)/token": {"POST": self.token},
        }
