# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules of GreenLake's key/value tags. Pure. Facts: docs/vendors/greenlake.md, section "Tags"."""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration

SYSTEM_PREFIX = "hpe:"
MOST_TAGS, HELP_PAGE_TAGS = 50, 25
LONGEST_KEY, LONGEST_VALUE = 128, 256
_STRANGE = re.compile(r"[^\w .:=+@-]")


def tag_problem(declaration: Declaration) -> str | None:
    """What is wrong with the declared tags by themselves, or None."""
    tags = declaration.tags
    if not tags and not declaration.absent_tags:
        return None
    if isinstance(tags, list) and tags:
        return "greenlake tags are keys with values, not labels; write them as a dictionary, such as {city: London}"
    declared = tags if isinstance(tags, dict) else {}
    absent = declaration.absent_tags or {}
    problem = _key_problem([*declared, *absent]) or _value_problem(declared)
    if problem is None and len([value for value in declared.values() if value is not None]) > MOST_TAGS:
        problem = f"tags: {len(declared)} are declared, and a device can have {MOST_TAGS}"
    return problem


def merged_tags(declaration: Declaration, observed: t.Mapping[str, str]) -> dict[str, str]:
    """All tags that the device should have afterwards.

    A key is the same key in any case, and keeps the spelling that it has. System tags are never touched. ``purge_tags`` takes
    away every other key that is not declared; ``absent_tags`` takes away a key where its value is the one named, or any for null.
    """
    declared = declaration.tags if isinstance(declaration.tags, dict) else {}
    result = dict(observed)
    if not declaration.purge_tags and not declaration.absent_tags and declared.items() <= result.items():
        return result
    spelling = {key.casefold(): key for key in observed}
    if declaration.purge_tags:
        wanted = {key.casefold() for key in declared}
        result = {key: value for key, value in observed.items() if key.casefold() in wanted or is_system(key)}
    for key, value in declared.items():
        held = spelling.get(key.casefold(), key)
        if value is None:
            result.pop(held, None)
        else:
            result[held] = value
    for key, required in (declaration.absent_tags or {}).items():
        held = spelling.get(key.casefold(), key)
        if held in result and required in (None, result[held]):
            del result[held]
    return result


def count_problem(tags: t.Mapping[str, str]) -> str | None:
    """Why a device cannot have so many tags, or None."""
    if len(tags) > MOST_TAGS:
        return f"tags: the device would have {len(tags)}, and can have {MOST_TAGS}; take some away first"
    return None


def count_warning(tags: t.Mapping[str, str]) -> str | None:
    """A word of care where the vendor's schema allows what its help page does not."""
    own = len([key for key in tags if not is_system(key)])
    if own > HELP_PAGE_TAGS:
        return f"the device would have {own} tags; HPE's help page allows {HELP_PAGE_TAGS}, its schema {MOST_TAGS}"
    return None


def is_system(key: str) -> bool:
    """Whether a tag belongs to the vendor."""
    return key.casefold().startswith(SYSTEM_PREFIX)


def _key_problem(keys: t.Sequence[str]) -> str | None:
    seen: dict[str, str] = {}
    for key in keys:
        if text := _fault_of(key):
            return text
        twin = seen.setdefault(key.casefold(), key)
        if twin != key:
            return f"tags: {twin!r} and {key!r} are one key to greenlake, which does not tell case apart; keep one"
    return None


# A fleet has few keys on many devices.
@functools.lru_cache(maxsize=1024)
def _fault_of(key: str) -> str | None:
    if is_system(key):
        return f"tags: {key!r} begins with {SYSTEM_PREFIX!r}, which is reserved for system tags"
    if not 1 <= len(key) <= LONGEST_KEY:
        return f"tags: the key {key!r} must have 1 to {LONGEST_KEY} characters"
    if strange := _strange(key):
        return f"tags: the key {key!r} holds {strange!r}; allowed are letters, digits, spaces and _ . : = + - @"
    return None


def _value_problem(tags: t.Mapping[str, str | None]) -> str | None:
    for key, value in tags.items():
        if value is not None and len(value) > LONGEST_VALUE:
            return f"tags: the value of {key!r} must have at most {LONGEST_VALUE} characters"
        if value is not None and (strange := _strange(value)):
            return f"tags: the value of {key!r} holds {strange!r}; allowed are letters, digits, spaces and _ . : = + - @"
    return None


def _strange(text: str) -> str | None:
    found = _STRANGE.search(text)
    return found.group() if found else None
