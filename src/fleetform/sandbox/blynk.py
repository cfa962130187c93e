# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blynk's organization API: its routes."""

from __future__ import annotations

from fleetform.sandbox.blynk_base import BASE
from fleetform.sandbox.blynk_writes import BlynkWrites
from fleetform.sandbox.cloud import Handler


class Blynk(BlynkWrites):
    """The 21 device operations and the look-ups that turn names into ids."""

    def routes(self) -> dict[str, dict[str, Handler]]:
        below: dict[str, dict[str, Handler]] = {
            "/devices": {"GET": self.list_devices},
            "/search/devices": {"GET": self.search_devices},
            "/device": {"GET": self.get_device, "PUT": self.rename, "DELETE": self.delete},
            "/device/baseInfo": {"GET": self.base_info},
            "/device/create": {"POST": self.create},
            "/device/online": {"GET": self.online},
            "/device/tags": {"GET": self.device_tags},
            "/device/timeline": {"GET": self.timeline},
            "/device/logs": {"GET": self.logs},
            "/device/transfer/to-owner": {"POST": self.to_owner},
            "/device/transfer/to-organization": {"POST": self.to_organization},
            "/device/owner": {"DELETE": self.remove_owner},
            "/device/clear": {"DELETE": self.clear},
            "/device/trigger-event": {"POST": self.trigger_event},
            "/device/by-owner": {"GET": self.by_owner},
            "/device/by-user-org": {"GET": self.by_user_org},
            "/device/last-activated": {"GET": self.last_activated},
            "/device/metafield": {"GET": self.metafields, "POST": self.set_metafield},
            "/profile": {"GET": self.profile},
            "": {"GET": self.get_organization},
            "/search": {"GET": self.search_organizations},
            "/sub-organizations": {"GET": self.sub_organizations},
            "/users": {"GET": self.list_users},
            "/search/users": {"GET": self.search_users},
            "/user": {"GET": self.get_user},
            "/user/profile": {"GET": self.own_profile},
            "/templates": {"GET": self.list_templates},
            "/template": {"GET": self.get_template},
            "/template/metafields": {"GET": self.template_metafields},
            "/template/events": {"GET": self.template_events},
            "/tags": {"GET": self.list_tags},
            "/static-tokens": {"GET": self.static_tokens},
            "/static-tokens/claim": {"POST": self.claim},
            "/static-tokens/unclaim": {"POST": self.unclaim},
        }
        return {"/oauth2/token": {"POST": self.token}, **{BASE + path: methods for path, methods in below.items()}}
