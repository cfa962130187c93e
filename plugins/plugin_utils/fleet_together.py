# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with fleet files together although each of them is right: names that clash, and names that are nowhere."""

from __future__ import annotations

import difflib
import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import namesakes, variable_name
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_syntax import Checked, Place, Row
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_yaml import Problem

Looked = t.Mapping[str, Checked]
"""What looking at each file found, by its name."""


def clashes(looked: Looked) -> list[Problem]:
    """Accounts and limits that stand in two files, and accounts that read the same variables of the environment."""
    found: list[Problem] = []
    for what, places in (("account", _accounts(looked)), ("max_changes:", _limits(looked))):
        first: dict[str, str] = {}
        for name, file, place in places:
            if name in first:
                found.append(Problem(file, *place, f"{what} {name} stands in {first[name]} as well; keep one"))
            first.setdefault(name, f"{file}:{place[0]}")
    written = {name: (file, place) for name, file, place in reversed(_accounts(looked))}
    for one, other, variable in namesakes([name for name, _file, _place in _accounts(looked)]):
        file, place = written[other]
        text = f"accounts {one!r} and {other!r} both read the environment variable {variable}; rename one of them"
        found.append(Problem(file, *place, text))
    return found


def strays(looked: Looked, environ: t.Mapping[str, str]) -> list[Problem]:
    """Accounts whose vendor is nowhere, devices and scopes under an account that no file declares, devices that stand here twice.

    A plan says the same of what it finds once everything is rendered. Where no file declares an account, accounts come from
    elsewhere, and nothing is said of their names.
    """
    accounts = list(dict.fromkeys(name for name, _file, _place in _accounts(looked)))
    found: dict[Problem, None] = {}
    for name, file, place in _accounts(looked):
        variable = variable_name(name, "vendor")
        if name in looked[file].vendorless and not environ.get(variable):
            found.setdefault(Problem(file, *place, f"account {name}: `vendor` is missing; give it, or set {variable}"))
    declared: dict[str, str] = {}
    for file, checked in looked.items():
        for row in checked.rows:
            if not row.known:
                continue
            if accounts and (text := _wrong_account(row, accounts)) is not None:
                place = row.place if row.account is None else row.account_place
                what = row.what if row.account is None or row.own else "defaults"
                found.setdefault(Problem(file, *place, f"{what}: {text}"))
                continue
            if not row.identity:
                continue
            account = row.account or (accounts[0] if len(accounts) == 1 else None)
            address = Declaration(account=account, **row.identity).address
            if address in declared:
                text = f"{row.what}: {address} is declared in {declared[address]} as well; keep one"
                found.setdefault(Problem(file, *row.place, text))
            declared.setdefault(address, f"{file}:{row.place[0]}")
    return list(found)


def _wrong_account(row: Row, accounts: t.Sequence[str]) -> str | None:
    if row.account in accounts:
        return None
    known = ", ".join(sorted(accounts))
    if row.account is None:
        return None if len(accounts) == 1 else f"there are several accounts ({known}); say which one with `account`"
    near = difflib.get_close_matches(row.account, accounts, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"there is no account {row.account!r}{hint} (known: {known})"


def _accounts(looked: Looked) -> list[tuple[str, str, Place]]:
    """Every account with its file and place, in the order in which they stand there."""
    return [(name, file, place) for file, checked in looked.items() for name, place in checked.accounts.items()]


def _limits(looked: Looked) -> list[tuple[str, str, Place]]:
    return [(name, file, place) for file, checked in looked.items() for name, place in checked.limits.items()]
