# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a declaration by itself, and what the vendor's side effects add to its changes. Pure.

Facts: docs/vendors/greenlake.md, sections "Adding", "Patching" and "Side effects".
"""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_calls import NewDevice, claim_type
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_json import (
    contact_record,
    is_uuid,
    warranty_record,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_tags import tag_problem

DEVICE_TYPES = ("COMPUTE", "NETWORK", "STORAGE")
PLACED = ("space", "contact")
"""Attributes that adding a device can set in the same call, when it is added alone."""

_CONTACT_KEYS = frozenset(
    {"user_id", "userId", "id", "email", "first_name", "last_name", "phone_number", "firstName", "lastName", "phoneNumber"}
)
_CONTACT_NESTED = frozenset({"type", "workspaceuser", "nonworkspaceuser"})


def problem(declaration: Declaration) -> str | None:
    """The first thing that is wrong with a declaration whatever the device looks like, or None."""
    checks = (
        _identity_problem,
        tag_problem,
        _space_problem,
        _application_problem,
        _transfer_problem,
        _contact_problem,
        _warranty_problem,
    )
    for check in checks:
        if text := check(declaration):
            return text
    return None


def claim_problem(declaration: Declaration) -> str | None:
    """Why a declaration does not say enough to add its device, or None."""
    if not declaration.serial:
        return "adding needs serial, with mac for a network device, else with device_type and model (the part number)"
    if declaration.device_id or declaration.cloud_id:
        return "the vendor gives a new device its id; leave device_id and cloud_id out to add one"
    kind = claim_type(declaration.device_type, declaration.mac, declaration.model)
    if kind is None:
        return (
            "it must say what is added: mac for a network device, else device_type (COMPUTE, STORAGE) and model (the part number)"
        )
    if kind == "NETWORK" and not declaration.mac:
        return "a network device is added by serial and mac"
    if kind != "NETWORK" and not declaration.model:
        return f"a {kind} device is added by serial and model (the part number)"
    return None


def _identity_problem(declaration: Declaration) -> str | None:
    for name in ("device_id", "cloud_id"):
        value = getattr(declaration, name)
        if value is not None and not is_uuid(value):
            return f"{name} {value!r} is not a UUID, which every greenlake device id is"
        if value is not None and value != str(UUID(value)):
            return f"{name} {value!r} is compared exactly; write it as {str(UUID(value))!r}"
    if declaration.device_type is not None and declaration.device_type.upper() not in DEVICE_TYPES:
        return f"device_type must be {', '.join(DEVICE_TYPES)}, not {declaration.device_type!r}; the vendor tells finer types"
    return None


def _space_problem(declaration: Declaration) -> str | None:
    if declaration.create_space:
        return "greenlake cannot make locations by this API; make the location there and name it with space"
    return None


def _application_problem(declaration: Declaration) -> str | None:
    wanted = declaration.application
    if not wanted:
        return None
    if strange := sorted(wanted.keys() - {"id", "name", "region"}):
        return f"application: unknown key {strange[0]!r}; it takes id or name, and region"
    given = [name for name in ("id", "name") if wanted.get(name)]
    if len(given) != 1:
        return "application needs id or name (not both), and region; {} unassigns"
    if any(wanted.get(name) is not None and not isinstance(wanted[name], str) for name in ("id", "name", "region")):
        return "application: id, name and region are text; quote them"
    if wanted.get("id") and not is_uuid(wanted["id"]):
        return f"application: id {wanted['id']!r} is not a UUID; a name goes into application.name"
    return None


def _transfer_problem(declaration: Declaration) -> str | None:
    if declaration.transfer_to is None:
        return None
    if not is_uuid(declaration.transfer_to):
        return f"transfer_to {declaration.transfer_to!r} is not the id of a tenant workspace (32 hexadecimal digits)"
    if declaration.application == {}:
        return "transfer_to needs an application, which the tenant gets with the device; application: {} takes it away"
    return None


def _contact_problem(declaration: Declaration) -> str | None:
    wanted = declaration.contact
    if not wanted:
        return None
    strange = sorted(str(name) for name in wanted if name not in _CONTACT_KEYS and str(name).lower() not in _CONTACT_NESTED)
    if strange:
        return f"contact: unknown key {strange[0]!r}; it takes user_id, or email with first_name, last_name and phone_number"
    record = contact_record(wanted)
    if not record or not (record.get("user_id") or record.get("email")):
        return "contact needs user_id (somebody of the workspace) or email (anybody else); {} unassigns"
    if any(not isinstance(value, str) for value in record.values()):
        return "contact: every part is text; quote it"
    if record.get("user_id") and record.get("email"):
        return "contact takes user_id (somebody of the workspace) or email (anybody else), not both"
    if record.get("user_id") and not is_uuid(record["user_id"]):
        return f"contact: user_id {record['user_id']!r} is not the id of a user, which is a UUID; give email instead"
    return None


def _warranty_problem(declaration: Declaration) -> str | None:
    if declaration.warranty is None:
        return None
    wanted = declared_warranty(declaration.warranty)
    if strange := sorted(wanted.keys() - {"service_level", "end_date"}):
        return f"warranty: unknown key {strange[0]!r}; it takes service_level and end_date"
    if not wanted:
        return "warranty needs service_level and end_date; greenlake cannot take a support level away"
    if any(not isinstance(value, str) for value in wanted.values()):
        return "warranty: service_level and end_date are text; quote them"
    try:
        datetime.fromisoformat(wanted.get("end_date", "2000-01-01"))
    except ValueError:
        return f"warranty: end_date {wanted['end_date']!r} is no date; write it like 2027-12-31"
    return None


def declared_warranty(warranty: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A declared warranty as the record shows it; YAML makes a date of an end that is not quoted."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in warranty_record(warranty).items()}


def wanted_contact(declared: t.Mapping[str, t.Any], observed: t.Mapping[str, t.Any] | None) -> dict[str, t.Any] | None:
    """The whole contact that there should be: parts of the same person that are not declared stay."""
    record = contact_record(declared)
    if not record:
        return None
    if record.get("user_id"):
        return {"user_id": record["user_id"]}
    held = observed or {}
    same_person = not held.get("user_id") and str(held.get("email") or "").casefold() == str(record["email"]).casefold()
    return {**held, **record} if same_person else record


def new_device(declaration: Declaration) -> NewDevice:
    """What decides how the device of a declaration is added."""
    placed = (
        declaration.space or None,
        repr(sorted((declaration.contact or {}).items(), key=repr)) if declaration.contact else None,
    )
    assigned = (repr(sorted(declaration.application.items())), declaration.transfer_to) if declaration.application else None
    return NewDevice(declaration.address, placed if any(placed) else None, assigned)


def split_claim(changes: t.Sequence[Change]) -> list[Change]:
    """A claim for several devices at once cannot set location and contact: those become changes of their own."""
    result: list[Change] = []
    for change in changes:
        if change.action != "claim" or change.ids.get("alone", True):
            result.append(change)
            continue
        result.append(replace(change, after={name: value for name, value in change.after.items() if name not in PLACED}))
        for name, action in (("space", "move"), ("contact", "set_contact")):
            if value := change.after.get(name):
                result.append(Change(change.address, action, name, None, value, ids={"serial": change.after["serial"]}))
    return result


def with_side_effects(declaration: Declaration, observed: Device, changes: t.Sequence[Change]) -> list[Change]:
    """The changes with what the vendor does by itself: unassigning the application frees the subscriptions, archiving drops both.

    What happens by itself is shown as a change that an earlier call carries (``ids["carried_by"]``), so that no call is sent for
    it and the record afterwards is right. Subscriptions that are declared to stay are applied again.
    """
    by_action = {change.action: change for change in changes}
    if "archive" in by_action:
        carrier, taken = "archive", frozenset({"set_application", "set_subscription"})
    elif (unassigned := by_action.get("set_application")) is not None and not unassigned.after:
        carrier, taken = "set_application", frozenset({"set_subscription"})
    else:
        return list(changes)
    result = [change for change in changes if change.action not in taken]
    pattern = by_action[carrier]
    if "set_application" in taken and observed.application:
        result.append(_carried(pattern, carrier, "set_application", "application", observed.application, None))
    if observed.subscriptions and carrier == "set_application" and declaration.subscriptions:
        kept = Change(
            pattern.address, "set_subscription", "subscriptions", [], observed.subscriptions, pattern.device_id, pattern.ids
        )
        result.append(by_action.get("set_subscription", kept))
    elif observed.subscriptions:
        result.append(_carried(pattern, carrier, "set_subscription", "subscriptions", observed.subscriptions, []))
    elif "set_subscription" in by_action:
        result.append(by_action["set_subscription"])
    return result


def _carried(pattern: Change, carrier: str, action: str, attribute: str, before: t.Any, after: t.Any) -> Change:
    return replace(
        pattern, action=action, attribute=attribute, before=before, after=after, ids={**pattern.ids, "carried_by": carrier}
    )
