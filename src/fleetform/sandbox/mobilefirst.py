# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IBM MobileFirst's administration service: its routes. Version 1.0 is read only; the audit log is left out."""

from __future__ import annotations

from fleetform.sandbox.cloud import Handler
from fleetform.sandbox.mobilefirst_base import BASE, OLD_BASE
from fleetform.sandbox.mobilefirst_writes import MobileFirstWrites


class MobileFirst(MobileFirstWrites):
    """Devices, runtimes, transactions, the lock, and the push registrations for reading.

    Users are ``demo-admin``, ``demo-deployer``, ``demo-operator`` and ``demo-monitor``, one of each role, and ``demo-guest``,
    who has none; the password is the second word and ``-secret``. Runtimes are ``mfp``, ``service``, and ``pilot``, which is
    stopped.
    """

    def routes(self) -> dict[str, dict[str, Handler]]:
        new, old = BASE.replace(".", r"\."), OLD_BASE.replace(".", r"\.")
        one = new + "/runtimes/([^/]+)"
        return {
            new + "/runtimes": {"GET": self.list_runtimes},
            one: {"GET": self.get_runtime},
            one + "/devices": {"GET": self.list_devices},
            one + "/devices/([^/]+)": {"PUT": self.set_status, "DELETE": self.delete},
            one + "/devices/([^/]+)/applications/(.+)": {"PUT": self.set_app_status},
            one + "/transactions": {"GET": self.list_transactions},
            one + "/transactions/([^/]+)": {"GET": self.get_transaction},
            one + "/lock": {"GET": self.get_lock, "DELETE": self.unlock},
            one + "/notifications/applications/([^/]+)/devices": {"GET": self.push_devices},
            one + "/notifications/applications/([^/]+)/devices/([^/]+)": {"GET": self.push_device},
            old + "/runtimes": {"GET": self.list_runtimes},
            old + "/runtimes/([^/]+)/devices": {"GET": self.list_old_devices},
        }
