# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From account options to an open account: the vendor's adapter with its client."""

from __future__ import annotations

import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import SettingsError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client, RequestNote
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import (
    AccountSettings,
    account_settings,
    vendor_of,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.shared import SharedState
from ansible_collections.fleetform.devices.plugins.module_utils._engine.transport import RequestsTransport
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import adapter
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import Vendor


def settings_of(options: t.Mapping[str, t.Any], *, name: str | None, environ: t.Mapping[str, str]) -> AccountSettings:
    """The checked settings of one account, its vendor included. Raises SettingsError; sends nothing."""
    return account_settings(options, name=name, vendor_facts=_vendor(options, name, environ).FACTS, environ=environ)


def open_account(
    name: str | None,
    options: t.Mapping[str, t.Any],
    *,
    environ: t.Mapping[str, str],
    shared: SharedState,
    observer: t.Callable[[RequestNote], None] | None = None,
) -> Vendor:
    """The adapter of one account with an open client, which the caller closes. Raises SettingsError, MissingLibrary."""
    settings = settings_of(options, name=name, environ=environ)
    vendor = _vendor(options, name, environ)
    auth, transport = vendor.auth(settings), RequestsTransport(settings)
    return vendor(settings, Client(settings, auth=auth, transport=transport, shared=shared, on_request=observer))


def _vendor(options: t.Mapping[str, t.Any], name: str | None, environ: t.Mapping[str, str]) -> type[Vendor]:
    try:
        return adapter(vendor_of(options, name=name, environ=environ))
    except SettingsError as error:
        error.account = name
        raise
