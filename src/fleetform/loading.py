# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the command line to a loaded fleet: files, extra variables and vault passwords, by Ansible's own rules."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ansible import context
from ansible.errors import AnsibleError
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.utils.vars import load_extra_vars

from ansible_collections.fleetform.devices.plugins.module_utils._engine.accounts import settings_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import SettingsError
from ansible_collections.fleetform.devices.plugins.plugin_utils import fleet_file
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_paths import FleetFileError, find
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_words import words
from fleetform.utf8 import in_utf8

with in_utf8():
    from ansible.cli import CLI


@dataclass(frozen=True)
class Source:
    """Where a fleet comes from, as it was typed."""

    files: Sequence[str] = ()
    extra_vars: Sequence[str] = ()
    vault_ids: Sequence[str] = ()
    vault_password_files: Sequence[str] = ()
    allow_lookups: Sequence[str] = ()
    verbose: bool = False


def load(source: Source, account: str | None = None) -> fleet_file.LoadedFleet:
    """The fleet. Raises FleetFileError with every problem that could be found.

    With ``account`` the credentials of that account alone have to be there.
    """
    files = find(source.files or ["fleet.yml"])
    # Without this no lookup is known by its full name.
    init_plugin_loader()
    loader = DataLoader()
    context.CLIARGS = ImmutableDict(extra_vars=tuple(source.extra_vars))
    try:
        secrets = CLI.setup_vault_secrets(
            loader,
            vault_ids=list(source.vault_ids),
            vault_password_files=list(source.vault_password_files),
            ask_vault_pass=False,
            auto_prompt=False,
        )
        loader.set_vault_secrets(secrets)
        extra_vars = load_extra_vars(loader)
    except AnsibleError as error:
        raise FleetFileError([words(error)]) from None
    fleet = fleet_file.load(files, loader=loader, extra_vars=extra_vars, allow_lookups=source.allow_lookups)
    if problems := list(_account_problems(fleet, account)):
        raise FleetFileError(problems)
    return fleet


def _account_problems(fleet: fleet_file.LoadedFleet, account: str | None) -> Iterator[str]:
    """What is wrong with accounts once the environment has added to them, with the place of each."""
    for name, options in fleet.accounts.items():
        if account not in (None, name):
            continue
        try:
            settings_of(options, name=name, environ=os.environ)
        except SettingsError as error:
            yield f"{fleet.account_places[name]}: {error}"
