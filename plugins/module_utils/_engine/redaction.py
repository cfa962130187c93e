# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes the secrets of devices out of data: what the user calls secret, and what the names in vendor data tell.

Masking hides those of the account.
"""

from __future__ import annotations

import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import HIDDEN

# Names are keys of JSON (accessToken, web_password) or labels that people wrote ("Admin password", "API-Key").
_WORDS = ("password", "passwd", "passphrase", "secret", "token", "credential", "apikey", "privatekey")
_SEPARATORS = str.maketrans("", "", " _-")
# Shorter values would blacken ordinary words; a device token has 32 characters.
_LEAST = 8


def without_secrets(value: t.Any, secrets: t.Collection[str] = ()) -> t.Any:
    """A copy of vendor data without what stands under a name that speaks of a secret, nor that value as any other text.

    ``secrets`` are values that are known already.
    """
    if isinstance(value, dict):
        named = (item for name, item in value.items() if _speaks_of_secrets(name))
        inner = {*secrets, *(item for item in named if isinstance(item, str) and len(item) >= _LEAST)}
        return {name: without_secrets(item, inner) for name, item in value.items() if not _speaks_of_secrets(name)}
    if isinstance(value, list):
        return [without_secrets(item, secrets) for item in value]
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, HIDDEN)
    return value


def hide(values: t.Mapping[str, t.Any], secret: t.Collection[str]) -> dict[str, t.Any]:
    """The values with those under secret names hidden, at any depth; null stays null. ``network.key`` is the key in network."""
    return {
        name: HIDDEN if name in secret and value is not None else _hidden_in(value, _inside(name, secret))
        for name, value in values.items()
    }


def hidden_by(values: t.Mapping[str, t.Any], secret: t.Collection[str]) -> t.Iterator[t.Any]:
    """The values that ``hide`` hides."""
    for name, value in values.items():
        if name in secret:
            yield value
            continue
        for item in _dicts(value):
            yield from hidden_by(item, _inside(name, secret))


def _hidden_in(value: t.Any, secret: t.Collection[str]) -> t.Any:
    if isinstance(value, dict):
        return hide(value, secret)
    return [_hidden_in(item, secret) for item in value] if isinstance(value, (list, tuple)) else value


def _dicts(value: t.Any) -> t.Iterator[dict[str, t.Any]]:
    """The value, or what of dicts is in its lists."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _dicts(item)


def _inside(name: str, secret: t.Collection[str]) -> set[str]:
    """The names that are secret within a value."""
    return {*secret, *(other.removeprefix(f"{name}.") for other in secret)}


def _speaks_of_secrets(name: str) -> bool:
    plain = name.casefold().translate(_SEPARATORS)
    return any(word in plain for word in _WORDS)
