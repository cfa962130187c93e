# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the engine refuses of the values in a fleet file, before anything is sent and whatever the environment adds.

Everything here gives pairs of an option and what is wrong with it; None in place of the option means all of them together. The
values are such as are written, or rendered; what is known later only is left out by the caller.
"""

from __future__ import annotations

import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.argspec import ACCOUNT
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, SettingsError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.limits import limits_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import CREDENTIAL_OPTIONS, written_wrong
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import adapter

Wrong = list[tuple[str | None, str]]

NO_SCOPE = "prune needs a scope: the devices outside of it are nobody's business here"

_SOMEBODY = {"device_id": "-"}


def wrong_in_device(options: t.Mapping[str, t.Any], *, whole: bool) -> Wrong:
    """What is wrong with the options of one device. ``whole`` says that nothing is to come that could add to them."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        declaration_from(given if whole else {**_SOMEBODY, **given})
        return []
    except DeclarationError as error:
        together = error.message
    alone = [(name, text) for name, value in given.items() if (text := _wrong_alone(name, value)) is not None]
    return alone or ([(None, together)] if whole else [])


def _wrong_alone(name: str, value: t.Any) -> str | None:
    somebody = {"name": "-"} if name == "previous_name" else _SOMEBODY
    try:
        declaration_from({**somebody, name: value})
    except DeclarationError as error:
        return error.message
    return None


def wrong_in_account(options: t.Mapping[str, t.Any], name: str | None, unknown: t.Collection[str] = ()) -> Wrong:
    """What is wrong with the options of one account. ``unknown`` are further ones, whose values are not known yet."""
    given = {option: value for option, value in options.items() if value is not None}
    empty: Wrong = [
        (option, f"{option} is empty; leave it out where it comes from the environment")
        for option, value in given.items()
        if option in CREDENTIAL_OPTIONS and isinstance(value, str) and not value.strip()
    ]
    unknown = (*unknown, *(option for option, _text in empty if option))
    rest = {option: value for option, value in given.items() if option not in unknown}
    facts = None
    if "vendor" in rest:
        vendor = rest["vendor"]
        try:
            if not isinstance(vendor, str) or not vendor.strip():
                raise SettingsError("`vendor` must be the name of a vendor")
            facts = adapter(vendor).FACTS
        except SettingsError as error:
            return [*empty, ("vendor", error.message), *written_wrong(rest, name=name, vendor_facts=None, unknown=unknown)]
    return [*empty, *written_wrong(rest, name=name, vendor_facts=facts, unknown=unknown)]


def is_secret(option: str) -> bool:
    """Whether the value of an account option is shown to nobody."""
    return bool(ACCOUNT.get(option, {}).get("no_log"))


def wrong_in_scope(scope: t.Any) -> Wrong:
    """What is wrong with the scope of a prune, whose fields are known to be such."""
    if not isinstance(scope, dict):
        return [(None, NO_SCOPE if scope is None else "scope must be a mapping of names to values")]
    if not scope:
        return [(None, NO_SCOPE)]
    # No value would mean every device in which the field is empty.
    return [
        (name, f"{name} has no value; say which devices are meant")
        for name, wanted in scope.items()
        if wanted is None or (isinstance(wanted, list) and None in wanted)
    ]


def wrong_in_limit(action: str, bounds: t.Any) -> Wrong:
    """What is wrong with the limit of one action of max_changes."""
    try:
        limits_from({action: bounds})
        return []
    except DeclarationError as error:
        together = error.message
    alone: Wrong = []
    for name, number in bounds.items() if isinstance(bounds, dict) else ():
        try:
            limits_from({action: {name: number}})
        except DeclarationError as error:
            alone.append((name, error.message))
    return alone or [(None, together)]
