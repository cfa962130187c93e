# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Webex ids: base64 of ``ciscospark://<where>/<TYPE>/<uuid>``, written in several ways. Pure. Facts: docs/vendors/webex.md.

One thing can have ids with another cluster in them, in upper or lower case, with or without padding. They are sent as they came
and compared by type and UUID.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
import typing as t

_CONTENT = re.compile(r"ciscospark://[^/]+(?:/[^/]+)*?/([A-Za-z_]+)/([^/]+)", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_SYNONYMS = {"PLACES": "PLACE", "DEVICES": "DEVICE"}


@functools.lru_cache(maxsize=65536)
def decoded(text: str) -> tuple[str, str] | None:
    """Type and UUID of an id in the form in which they compare, or None where the text is no id of this form."""
    if not _BASE64.fullmatch(text):
        return None
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        content = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    found = _CONTENT.fullmatch(content)
    if not found:
        return None
    kind = found[1].upper()
    return _SYNONYMS.get(kind, kind), found[2].lower()


def id_key(text: str | None) -> str:
    """What two spellings of one id have in common; another text is its own key, None is empty."""
    if not text:
        return ""
    parts = decoded(text)
    return text if parts is None else "/".join(parts)


def same_id(before: str | None, after: str | None) -> bool:
    """Whether two ids mean the same thing."""
    return id_key(before) == id_key(after)


def same_place(before: t.Mapping[str, t.Any] | None, after: t.Mapping[str, t.Any] | None) -> bool:
    """Whether two ``{id, name, ...}`` records point at the same thing. What is still to be made has a name and no id."""
    held, wanted = before or {}, after or {}
    if wanted and not wanted.get("id"):
        return bool(held) and held.get("name") == wanted.get("name")
    return same_id(held.get("id"), wanted.get("id"))


MADE_UP_DEVICE = base64.b64encode(b"ciscospark://urn:TEAM:us-east-2_a/DEVICE/00000000-0000-4000-8000-000000000000").decode(
    "ascii"
)
"""A well-formed id that no device has."""
