# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a declaration means for Webex by itself: what is wrong with it, what it can create, what has to wait. Pure.

Facts: docs/vendors/webex.md, sections "Onboarding" and "Tags".
"""

from __future__ import annotations

import re

from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device

_ROOM = re.compile(r"\b(?:room|board|desk|codec|quad|navigator|[dms]x[- ]?\d+)", re.IGNORECASE)
_PHONE = re.compile(r"phone|\b[1-9]8\d\d\b|\bdms\b", re.IGNORECASE)

_BY_CODE = "`device_action` with `action: activation_code` makes a code, which somebody enters on the device"


def problem(declaration: Declaration) -> str | None:
    """The first thing that is wrong with a declaration whatever the device looks like, or None."""
    if isinstance(declaration.tags, dict):
        return "tags must be a list: Webex's tags are labels without values"
    if any(value is not None for value in (declaration.absent_tags or {}).values()):
        return "tags must be a list of names: Webex's tags are labels without values"
    if declaration.device_type is not None:
        return "webex tells the type of a device itself; the nearest thing that can be declared is `model`"
    if declaration.space and declaration.owner:
        return "space and owner exclude each other: a Webex device belongs to a workspace or to a person"
    return None


def is_room_device(model: str) -> bool:
    """Whether a model is a RoomOS device, which no call can add; a model that says nothing is taken for a phone."""
    return bool(_ROOM.search(model)) and not _PHONE.search(model)


def claims_phone(declaration: Declaration) -> bool:
    """Whether a declaration says all that adding a phone takes."""
    return waits_for(declaration) is None and claim_refusal(declaration) is None


def waits_for(declaration: Declaration) -> str | None:
    """Why a declared device that is not there has to be activated by somebody, or None where that is not the way."""
    if declaration.device_id or declaration.cloud_id:
        return None
    held = declaration.space or declaration.owner
    if declaration.model and is_room_device(declaration.model):
        return f"needs activation: {declaration.model} is a RoomOS device, which no call can add; {_BY_CODE}"
    if declaration.mac and declaration.model:
        return None
    if declaration.serial or declaration.mac or (declaration.name and (held or declaration.model)):
        return (
            f"needs activation: there is no such device; {_BY_CODE} (a phone is added without that where "
            "mac, model, and space or owner are declared)"
        )
    return None


def claim_refusal(declaration: Declaration) -> str | None:
    """Why a declaration cannot add a phone, or None where it can."""
    if declaration.device_id or declaration.cloud_id:
        return "Webex gives out ids itself; leave device_id and cloud_id out to add a device"
    if not (declaration.mac and declaration.model):
        return f"a phone is added by mac and model, into a space or for an owner; for a RoomOS device {_BY_CODE}"
    if not (declaration.space or declaration.owner):
        return "a phone is added into a workspace or for a person; declare space or owner"
    return None


def wanted_tags(declaration: Declaration, observed: Device | None) -> list[str]:
    """All tags that the device should have afterwards, those that it has in their order."""
    held = list(observed.tags or ()) if observed else []
    declared = list(declaration.tags or ())
    kept = [tag for tag in held if tag in declared] if declaration.purge_tags else held
    gone = declaration.absent_tags or {}
    return [tag for tag in [*kept, *(tag for tag in declared if tag not in kept)] if tag not in gone]
