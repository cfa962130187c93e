# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what a user typed to a Declaration: every check that needs no network and no vendor."""

from __future__ import annotations

import dataclasses
import difflib
import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import IDENTIFIERS, Declaration, mac_key

OPTIONS: tuple[str, ...] = tuple(
    item.name
    for item in dataclasses.fields(Declaration)
    if item.name not in ("absent_tags", "absent_metafields", "renames", "creates", "declared_at")
)
"""What a user may declare for one device."""

TEXT_OPTIONS = frozenset(
    (
        *IDENTIFIERS,
        "name",
        "previous_name",
        "model",
        "device_type",
        "space",
        "transfer_to",
        "owner",
        "status",
        "metafields_policy",
        "state_path",
    )
)
NEVER_EMPTY = frozenset((*IDENTIFIERS, "name", "previous_name", "model", "device_type", "transfer_to", "status"))
"""Options whose text must not be blank."""

_FLAGS = frozenset(("create_space", "rename_shared_space", "purge_tags", "protect", "archived"))
_DICTS = frozenset(("metafields", "applications", "application", "contact", "warranty"))


def declaration_from(
    options: t.Mapping[str, t.Any], *, account: str | None = None, declared_at: str | None = None
) -> Declaration:
    """A checked Declaration from a dict of options.

    Raises DeclarationError that says which option is wrong and how to mend it.
    """
    given = {name: value for name, value in options.items() if value is not None}
    account = given.pop("account", account)

    def refuse(text: str) -> t.NoReturn:
        raise DeclarationError(text, account=account, device=_where(given, account, declared_at))

    if account is not None and not isinstance(account, str):
        refuse(f"account must be a string, not {account!r}; quote it")
    for name in given:
        if name not in OPTIONS:
            near = difflib.get_close_matches(str(name), OPTIONS, n=1)
            refuse(f"unknown option {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    for name, value in given.items():
        if not _sendable(value):
            refuse(f"{name} holds half a character (a lone surrogate), which no API takes; correct the text")
    for name in [name for name in given if name in TEXT_OPTIONS]:
        if not isinstance(given[name], str):
            refuse(f"{name} must be a string, not {given[name]!r}; quote it")
    for name in [name for name in given if name in NEVER_EMPTY]:
        if not given[name].strip():
            refuse(f"{name} is {'an empty string' if given[name] == '' else 'blank'}; leave it out where it is not meant")
    for name in [name for name in given if name in _FLAGS]:
        if not isinstance(given[name], bool):
            refuse(f"{name} must be true or false, not {given[name]!r}")
    for name in [name for name in given if name in _DICTS]:
        if not isinstance(given[name], dict):
            refuse(f"{name} must be a dictionary, not {given[name]!r}")
    if "mac" in given and (len(mac_key(given["mac"])) != 12 or any(c not in "0123456789abcdef" for c in mac_key(given["mac"]))):
        refuse(f"mac {given['mac']!r} is not a MAC address; write it like 11:22:33:44:aa:ff, in quotes")
    if given.get("state", "present") not in ("present", "absent"):
        refuse(f"state must be present or absent, not {given['state']!r}")
    if "previous_name" in given and not any(name in given for name in (*IDENTIFIERS, "name")):
        refuse("previous_name needs name, which is what the device is to be called")
    if not any(name in given for name in (*IDENTIFIERS, "name")):
        refuse(f"nothing says which device is meant; give one of {', '.join((*IDENTIFIERS, 'name'))}")
    if "previous_name" in given and any(name in given for name in IDENTIFIERS):
        refuse("previous_name is for a device that is known by name only; leave it out where an identifier is given")
    if "tags" in given:
        given["tags"] = tags_from(given["tags"], refuse)
    if "metafields" in given:
        given["metafields"] = {str(key): value for key, value in given["metafields"].items()}
    if "applications" in given:
        given["applications"] = _applications(given["applications"], refuse)
    if "subscriptions" in given:
        given["subscriptions"] = _subscriptions(given["subscriptions"], refuse)
    secret = given.get("secret_metafields", ())
    if not isinstance(secret, (list, tuple)) or not all(isinstance(name, str) for name in secret):
        refuse("secret_metafields must be a list of metafield names")
    given["secret_metafields"] = tuple(secret)
    if given.get("metafields_policy", "when_changed") not in ("when_changed", "always"):
        refuse(f"metafields_policy must be when_changed or always, not {given['metafields_policy']!r}")
    if given.get("archived") and (given.get("application") or given.get("subscriptions")):
        refuse("archived: true takes the application and the subscriptions away; leave them out, or make them empty")
    renames = given.get("state", "present") == "present"
    return Declaration.of({**given, "account": account, "renames": renames, "declared_at": declared_at})


def tags_from(tags: t.Any, refuse: t.Callable[[str], t.NoReturn]) -> list[str] | dict[str, str | None]:
    """Tags as a list of labels or a dict;

    scalars become strings the way YAML writes them. ``refuse`` is called with what is wrong.
    """
    if isinstance(tags, dict):
        return {scalar_text(key, refuse) or "": scalar_text(value, refuse) for key, value in tags.items()}
    if isinstance(tags, (list, tuple)):
        labels: list[str] = []
        for tag in tags:
            text = scalar_text(tag, refuse)
            if not text:
                refuse("tags holds an empty label")
            if text not in labels:
                labels.append(text)
        return labels
    refuse(f"tags must be a list of labels or a dictionary of key and value, not {tags!r}; write [{tags}] for a single label")


def scalar_text(value: t.Any, refuse: t.Callable[[str], t.NoReturn]) -> str | None:
    """A scalar as text: true, 5 and 5.5 become what YAML shows. None stays None; anything nested is refused."""
    if value is None:
        return None
    if isinstance(value, str):
        # Ansible's text may be of a subclass that carries its origin along.
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    refuse(f"a tag must be text, not {value!r}")


def _applications(applications: dict[t.Any, t.Any], refuse: t.Callable[[str], t.NoReturn]) -> dict[str, str]:
    for name, status in applications.items():
        if status not in ("ENABLED", "DISABLED"):
            refuse(f"applications: {name} must be ENABLED or DISABLED, not {status!r}")
    return {str(name): status for name, status in applications.items()}


def _subscriptions(subscriptions: t.Any, refuse: t.Callable[[str], t.NoReturn]) -> list[str]:
    if isinstance(subscriptions, (str, dict)) or not isinstance(subscriptions, (list, tuple)):
        refuse(f"subscriptions must be a list of subscription keys or ids, not {subscriptions!r}")
    keys: list[str] = []
    for entry in subscriptions:
        key = entry.get("id") or entry.get("key") if isinstance(entry, dict) else entry
        if not isinstance(key, str) or not key:
            refuse(f"subscriptions holds {entry!r}; write the subscription's key or id as text")
        if key not in keys:
            keys.append(key)
    return keys


def _sendable(value: t.Any) -> bool:
    """Whether all text of a value can be encoded. YAML cannot write half a character, but facts of a host can hold one."""
    if isinstance(value, str):
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(_sendable(part) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple)):
        return all(_sendable(part) for part in value)
    return True


def _where(given: t.Mapping[str, t.Any], account: str | None, declared_at: str | None) -> str:
    identity = next((str(given[name]) for name in (*IDENTIFIERS, "name") if given.get(name)), None)
    words = f"{account or '-'}/{identity}" if identity else "without identity"
    words = words.encode("utf-8", "backslashreplace").decode()
    return f"{words} ({declared_at})" if declared_at else words
