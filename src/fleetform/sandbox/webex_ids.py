# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Webex ids: base64 of ``ciscospark://<cluster>/<TYPE>/<uuid>``, in the several forms that occur (docs/vendors/webex.md)."""

from __future__ import annotations

import base64
import binascii
import functools
import re

_CLUSTER = "urn:TEAM:us-east-2_a"
_CLUSTERS = {"DEVICE": _CLUSTER, "PLACE": _CLUSTER}
_TEXT = re.compile(r"ciscospark://([^/]+)/([A-Z_]+)/([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})")
_SAME = {"PLACES": "PLACE", "CALLING_DEVICE": "DEVICE"}


@functools.lru_cache(maxsize=65_536)
def vendor_id(kind: str, uuid: str) -> str:
    """The usual form: devices and workspaces name their cluster, everything else says ``us``; no padding."""
    return _encoded(f"ciscospark://{_CLUSTERS.get(kind, 'us')}/{kind}/{uuid}").rstrip("=")


def calling_id(uuid: str) -> str:
    """The second id of a phone, which only the calling surface takes."""
    return _encoded(f"ciscospark://us/CALLING_DEVICE/{uuid}").rstrip("=")


def legacy_location_id(org: str, uuid: str) -> str:
    """The id of ``/workspaceLocations``: it names the organization as well."""
    return _encoded(f"ciscospark://us/LOCATION/{org}#{uuid}").rstrip("=")


def other_form(given: str) -> str:
    """The same id as another service writes it: cluster ``us``, plural type, upper-case UUID, padding."""
    kind, uuid = decoded(given) or ("", "")
    kind = {"PLACE": "PLACES"}.get(kind, kind)
    return _encoded(f"ciscospark://us/{kind}/{uuid.upper()}")


@functools.lru_cache(maxsize=65_536)
def decoded(given: str) -> tuple[str, str] | None:
    """Type and lower-case UUID, or None for what is no id."""
    try:
        text = base64.urlsafe_b64decode(given.rstrip("=") + "=" * (-len(given.rstrip("=")) % 4)).decode("ascii")
    except (ValueError, binascii.Error):
        return None
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    return _SAME.get(found.group(2), found.group(2)), found.group(3).lower()


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()
