# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Xyte's organization API: its routes.

Keys of the start state, sent bare: ``xyte-demo-key`` (organization Wiz), ``xyte-other-key`` (organization Suedwind),
``xyte-partner-key`` (a key of another kind: 403), ``xyte-expired-key`` (401).
"""

from __future__ import annotations

from fleetform.sandbox.cloud import Handler
from fleetform.sandbox.xyte_base import BASE
from fleetform.sandbox.xyte_spaces import XyteSpaces


class Xyte(XyteSpaces):
    """Devices, the space tree and the organization's profile."""

    def routes(self) -> dict[str, dict[str, Handler]]:
        below: dict[str, dict[str, Handler]] = {
            "/devices": {"GET": self.list_devices},
            "/devices/claim": {"POST": self.claim},
            "/devices/([^/]+)": {"GET": self.get_device, "PATCH": self.update, "DELETE": self.delete},
            "/devices/([^/]+)/move": {"POST": self.move},
            "/spaces": {"GET": self.list_spaces, "POST": self.create_space},
            "/spaces/find_or_create": {"POST": self.find_or_create},
            "/spaces/([^/]+)": {"GET": self.get_space, "PUT": self.put_space, "DELETE": self.delete_space},
            "/info": {"GET": self.info},
        }
        return {BASE + path: methods for path, methods in below.items()}
