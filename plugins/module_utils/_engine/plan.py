# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to change, as data: from an observed and a declared device to changes that know their calls. No I/O.

The vendor's part is small: it says what the declared values are in its own terms (``Desired``), what its abilities are, and how a
change becomes calls. Everything that decides whether there is a change at all stands here, once for all vendors.
"""

from __future__ import annotations

import dataclasses
import typing as t
from dataclasses import dataclass, field, replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Call, NewId
from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import NO, YES, Capabilities, refusal
from ansible_collections.fleetform.devices.plugins.module_utils._engine.diff import nested
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, FleetformError, NotFound
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import HIDDEN, Declaration, Device, mac_text
from ansible_collections.fleetform.devices.plugins.module_utils._engine.redaction import hide

IRREVERSIBLE = frozenset({"transfer", "archive", "delete"})
"""Actions that never follow a failed or unclear change of the same device, and that `protect` forbids."""

ACTIONS: t.Mapping[str, str] = {
    "name": "rename",
    "space": "move",
    "tags": "tag",
    "metafields": "set_metafield",
    "owner": "set_owner",
    "transfer_to": "transfer",
    "status": "set_status",
    "applications": "set_application",
    "application": "set_application",
    "subscriptions": "set_subscription",
    "contact": "set_contact",
    "warranty": "set_warranty",
    "archived": "archive",
}
"""Attribute to action. An owner that goes is ``remove_owner``, ``archived: false`` is ``unarchive``."""

_FEW = 3
"""As many devices are named when they have the same to say."""

NOT_KNOWN = "(not known)"
"""Stands in a difference for a value that the vendor does not show."""

BY_KEY = frozenset({"metafields", "applications"})
"""Attributes whose every key is a change of its own."""


def field_of(attribute: str) -> str:
    """The record field that an attribute is read from."""
    return "organization" if attribute == "transfer_to" else attribute


@dataclass(frozen=True)
class Change:
    """One attribute of one device from ``before`` to ``after``.

    ``attribute`` is None for a claim, a delete and the making of a space, and ``metafields.Room`` where a key is meant.
    ``ids`` are resolved ids that the calls need. ``device_id`` is None for a device that does not exist yet. ``secret`` hides
    the value, ``secret_keys`` these keys of it, or of the metafields that a claim sets. ``verify`` asks apply to read the value
    again before it sends, because an earlier change of the same device may have touched it. ``unverified`` marks a ``before``
    that cannot be read.
    ``shown_calls`` are the calls as plans and logs may show them: the same, unless something of the change is secret.
    """

    address: str
    action: str
    attribute: str | None
    before: t.Any
    after: t.Any
    device_id: str | None = None
    ids: t.Mapping[str, t.Any] = field(default_factory=dict)
    secret: bool = False
    secret_keys: frozenset[str] = frozenset()
    verify: bool = False
    unverified: bool = False
    calls: tuple[Call, ...] = ()
    shown_calls: tuple[Call, ...] = ()

    @property
    def root(self) -> str | None:
        """The declared attribute, without the key."""
        return self.attribute.split(".", 1)[0] if self.attribute else None

    @property
    def key(self) -> str | None:
        """The key below the attribute, such as the metafield's name."""
        return self.attribute.split(".", 1)[1] if self.attribute and "." in self.attribute else None

    @property
    def sensitive(self) -> tuple[str, ...]:
        """What of the change is secret, as attribute or ``attribute.key``."""
        if self.secret and self.attribute is not None:
            return (self.attribute,)
        sides = (self._keyed(self.before), self._keyed(self.after))
        held = {
            key
            for side in sides
            for key, shown in hide(side, self.secret_keys).items()
            if key in self.secret_keys or shown != side[key]
        }
        return tuple(f"{self.attribute or 'metafields'}.{key}" for key in sorted(held))

    def target(self) -> str | NewId:
        """The device's id, or what stands for it until it is known."""
        return self.device_id if self.device_id is not None else NewId(self.address)

    def hidden(self) -> Change:
        """The same change without its secret values, for showing."""
        return replace(self, before=self._shown(self.before), after=self._shown(self.after))

    def _shown(self, value: t.Any) -> t.Any:
        if self.secret:
            return None if value is None else HIDDEN
        keyed = self._keyed(value)
        if not self.secret_keys or not keyed:
            return value
        shown = hide(keyed, self.secret_keys)
        return {**value, "metafields": shown} if self.attribute is None else shown

    def _keyed(self, value: t.Any) -> dict[str, t.Any]:
        """The part of a value whose keys may be secret."""
        held = value.get("metafields") if self.attribute is None and isinstance(value, dict) else value
        return held if isinstance(held, dict) else {}

    def as_data(self) -> dict[str, t.Any]:
        """``{action, attribute, before, after}`` plus ``detail`` where a nested value changed in part."""
        shown = self.hidden()
        data: dict[str, t.Any] = {
            "action": self.action,
            "attribute": self.attribute,
            "before": shown.before,
            "after": shown.after,
        }
        if self.unverified:
            data["unverified"] = True
        if not self.secret and (rows := nested(shown.before, shown.after)):
            data["detail"] = rows
        return data


@dataclass(frozen=True)
class Desired:
    """What a declaration means in the vendor's terms, names resolved to ids.

    ``values`` maps attribute to the value that the record should show; ``ids`` maps attribute, or ``attribute.key``, to the ids
    that calls need; ``claim`` holds ids for creating. ``warnings`` is text for the user, ``notes`` what should be known although
    nothing is wrong. ``new_space`` names the space that has to be made first; its ids stand under ``create_space``. ``forced``
    names what is a change although the values compare equal, ``unverified`` what cannot be read back.
    """

    values: t.Mapping[str, t.Any] = field(default_factory=dict)
    ids: t.Mapping[str, t.Mapping[str, t.Any]] = field(default_factory=dict)
    claim: t.Mapping[str, t.Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    new_space: str | None = None
    forced: frozenset[str] = frozenset()
    unverified: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DevicePlan:
    """The plan for one declaration. ``blocked`` says why nothing can be done for it although nothing is wrong with it.

    ``pruned`` marks a device that is removed because nobody declares it, ``waits`` one that is blocked until a person has done
    something, which is no failure of anybody.
    """

    declaration: Declaration
    observed: Device | None
    after: Device | None
    changes: tuple[Change, ...] = ()
    blocked: str | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pruned: bool = False
    waits: bool = False

    @property
    def address(self) -> str:
        return self.declaration.address

    @property
    def action(self) -> str:
        """``create``, ``update``, ``delete`` or ``no-op``."""
        if not self.changes:
            return "no-op"
        actions = {change.action for change in self.changes}
        return "create" if "claim" in actions else "delete" if "delete" in actions else "update"

    @property
    def unverified(self) -> bool:
        """Whether nothing but values that cannot be read back is to be set."""
        return bool(self.changes) and all(change.unverified for change in self.changes)


@dataclass(frozen=True)
class Step:
    """What is sent at once: one call, and the changes that it carries, by device.

    ``parts`` are the same step split by device, so that a device can be left out when an earlier step of it failed.
    """

    call: Call
    changes: tuple[Change, ...]
    parts: tuple[Step, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.call.targets


@dataclass(frozen=True)
class AccountPlan:
    """The plan for the declared devices of one account: devices sorted by address, and the steps that carry it out.

    ``in_scope`` counts the devices that prune looks at.
    """

    account: str | None
    vendor: str
    devices: tuple[DevicePlan, ...] = ()
    steps: tuple[Step, ...] = ()
    errors: tuple[FleetformError, ...] = ()
    complete: bool = True
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    in_scope: int = 0


@dataclass(frozen=True)
class Plan:
    """The plans of all accounts, sorted by account name."""

    accounts: tuple[AccountPlan, ...] = ()

    @property
    def devices(self) -> tuple[DevicePlan, ...]:
        return tuple(device for account in self.accounts for device in account.devices)

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(change for device in self.devices for change in device.changes)

    @property
    def errors(self) -> tuple[FleetformError, ...]:
        return tuple(error for account in self.accounts for error in account.errors)

    @property
    def complete(self) -> bool:
        """False where an account could not be read whole: then the plan says nothing about its devices."""
        return all(account.complete for account in self.accounts)

    @property
    def warnings(self) -> list[str]:
        """Those of the accounts and of the devices, as they are shown."""
        return [text for account in self.accounts for text in account.warnings] + self._told(lambda device: device.warnings)

    @property
    def notes(self) -> list[str]:
        """Those of the devices, as they are shown."""
        return self._told(lambda device: device.notes)

    @property
    def blocked(self) -> list[str]:
        """Why nothing can be done for which devices, as it is shown."""
        return self._told(lambda device: () if device.blocked is None else (f"blocked: {device.blocked}",))

    def _told(self, texts: t.Callable[[DevicePlan], t.Sequence[str]]) -> list[str]:
        """Each text with its device; one that many devices of an account share stands once, with their number."""
        told = []
        for account in self.accounts:
            sharing: dict[str, list[str]] = {}
            for device in account.devices:
                for text in texts(device):
                    sharing.setdefault(text, []).append(device.address)
            for text, addresses in sharing.items():
                if len(addresses) > _FEW:
                    whose = "" if account.account is None else f" of account {account.account}"
                    told.append(f"{len(addresses)} devices{whose}, such as {addresses[0]}: {text}")
            told += [
                f"{device.address}: {text}" for device in account.devices for text in texts(device) if len(sharing[text]) <= _FEW
            ]
        return told


class Planner(t.Protocol):
    """The pure half of a vendor, which is all that planning needs."""

    NAME: t.ClassVar[str]
    CAPABILITIES: t.ClassVar[Capabilities]
    CLAIM_SETS: t.ClassVar[frozenset[str]]
    WHOLE: t.ClassVar[frozenset[str]]
    DELETE_WARNING: t.ClassVar[str | None]

    def waits_for(self, declaration: Declaration) -> str | None:
        """Why a device that is not there has to wait for a person, or None."""

    def claim_refusal(self, declaration: Declaration) -> str | None:
        """Why this declaration cannot create a device, or None."""

    def same(self, attribute: str, before: t.Any, after: t.Any) -> bool:
        """Whether two values of an attribute mean the same."""

    def adjust(self, declaration: Declaration, observed: Device | None, changes: list[Change]) -> list[Change]:
        """The changes after the vendor's own side effects are taken into account."""

    def consequences(self, device: Device) -> Device:
        """A record after changes, with what the vendor itself changes along with them."""

    def calls_for(self, change: Change) -> tuple[Call, ...]:
        """The calls of one change. Pure."""


def check(vendor: Planner, declaration: Declaration) -> None:
    """Refuses, before any call, what the vendor can never do. Raises Unsupported."""
    for attribute in declaration.attributes():
        capability = vendor.CAPABILITIES[attribute]
        if capability.level == NO:
            raise _located(refusal(vendor.NAME, attribute, capability), declaration)
    if declaration.state == "absent" and vendor.CAPABILITIES["absent"].level == NO:
        raise _located(refusal(vendor.NAME, "absent", vendor.CAPABILITIES["absent"]), declaration)
    if declaration.state == "absent" and declaration.protect:
        raise _located(
            DeclarationError("state: absent and protect: true contradict each other; take one of them out"), declaration
        )


def plan_device(vendor: Planner, declaration: Declaration, observed: Device | None, desired: Desired) -> DevicePlan:
    """The plan for one declaration. Raises DeclarationError where the vendor cannot do what is declared."""
    if declaration.state == "absent":
        return _plan_absence(vendor, declaration, observed)
    if desired.new_space is not None:
        # It is another one than any that a device is in now, whatever `same` makes of an id that is not known yet.
        desired = replace(desired, forced=desired.forced | {"space"})
    changes: list[Change] = []
    current = observed
    values = desired.values
    if "name" in declaration.attributes():
        values = {"name": declaration.name, **values}
    if current is None:
        if declaration.creates and (reason := vendor.waits_for(declaration)):
            plan = DevicePlan(declaration, None, None, blocked=reason, warnings=desired.warnings, notes=desired.notes)
            return replace(plan, waits=True)
        changes.append(_claim(vendor, declaration, desired))
        claimed = {field_of(name): value for name, value in values.items() if name in vendor.CLAIM_SETS}
        if declaration.name and "name" in vendor.CLAIM_SETS:
            claimed["name"] = declaration.name
        current = Device(vendor=vendor.NAME, account=declaration.account, model=declaration.model, **claimed)
        current = replace(current, serial=declaration.serial, mac=mac_text(declaration.mac), cloud_id=declaration.cloud_id)
    for attribute, after in values.items():
        if observed is None and attribute in vendor.CLAIM_SETS:
            continue
        whole = attribute not in BY_KEY or attribute in vendor.WHOLE
        held = getattr(current, field_of(attribute))
        if whole and attribute not in desired.forced and vendor.same(attribute, held, after):
            continue
        changes.extend(_attribute_changes(vendor, declaration, observed, current, attribute, after, desired))
    if desired.new_space is not None and any(change.action in ("claim", "move") for change in changes):
        made = {"space": desired.new_space}
        changes.insert(0, Change(declaration.address, "create_space", None, None, made, ids=desired.ids.get("create_space", {})))
    changes = vendor.adjust(declaration, observed, changes)
    plan = DevicePlan(declaration, observed, observed, warnings=desired.warnings, notes=desired.notes)
    if not changes:
        return plan
    if declaration.protect and (risky := [change.action for change in changes if change.action in IRREVERSIBLE]):
        return replace(plan, blocked=f"protect: true forbids {', '.join(risky)}")
    planned = tuple(_with_calls(vendor, change) for change in changes)
    return replace(plan, after=vendor.consequences(with_changes(current, planned)), changes=planned)


def _plan_absence(vendor: Planner, declaration: Declaration, observed: Device | None) -> DevicePlan:
    if observed is None:
        return DevicePlan(declaration, None, None)
    change = Change(declaration.address, "delete", None, {"id": observed.id, "name": observed.name}, None, device_id=observed.id)
    warnings = () if vendor.DELETE_WARNING is None else (vendor.DELETE_WARNING,)
    return DevicePlan(declaration, observed, None, (_with_calls(vendor, change),), warnings=warnings)


def _with_calls(vendor: Planner, change: Change) -> Change:
    calls = vendor.calls_for(change)
    hides = change.secret or bool(change.secret_keys)
    return replace(change, calls=calls, shown_calls=vendor.calls_for(change.hidden()) if hides else calls)


def _claim(vendor: Planner, declaration: Declaration, desired: Desired) -> Change:
    if vendor.CAPABILITIES["create"].level == NO:
        raise _located(refusal(vendor.NAME, "create", vendor.CAPABILITIES["create"], seen="the device is not there"), declaration)
    if not declaration.creates:
        text = "no such device; this task changes one that is there, and creates none"
        raise NotFound(text, account=declaration.account, device=declaration.address)
    if reason := vendor.claim_refusal(declaration):
        raise NotFound(
            f"no such device, and it cannot be created as declared: {reason}",
            account=declaration.account,
            device=declaration.address,
        )
    after: dict[str, t.Any] = dict(declaration.identifiers)
    if declaration.mac is not None:
        after["mac"] = mac_text(declaration.mac)
    for name in ("name", "model", "device_type"):
        if getattr(declaration, name) is not None:
            after[name] = getattr(declaration, name)
    after.update({name: value for name, value in desired.values.items() if name in vendor.CLAIM_SETS and value})
    secret = frozenset(declaration.secret_metafields) if "metafields" in after else frozenset()
    return Change(declaration.address, "claim", None, None, after, ids=desired.claim, secret_keys=secret)


def _attribute_changes(
    vendor: Planner,
    declaration: Declaration,
    observed: Device | None,
    current: Device,
    attribute: str,
    after: t.Any,
    desired: Desired,
) -> list[Change]:
    before = getattr(current, field_of(attribute))
    rows: list[tuple[str, t.Any, t.Any]] = []
    by_key = attribute in BY_KEY and attribute not in vendor.WHOLE
    if by_key:
        rows = [(f"{attribute}.{key}", (before or {}).get(key), value) for key, value in after.items()]
    else:
        rows = [(attribute, before, after)]
    whole_secrets = frozenset(declaration.secret_metafields) if attribute == "metafields" and not by_key else frozenset()
    changes = []
    for name, old, new in rows:
        either = {attribute, name}
        if either.isdisjoint(desired.forced) and vendor.same(attribute, old, new):
            continue
        secret = by_key and name.partition(".")[2] in declaration.secret_metafields
        capability = vendor.CAPABILITIES[attribute]
        if capability.level != YES:
            hidden = secret or bool(whole_secrets) or observed is None
            shown = "" if hidden else f"it is {_brief(old)}, declared is {_brief(new)}"
            raise _located(refusal(vendor.NAME, attribute, capability, seen=shown), declaration)
        changes.append(
            Change(
                declaration.address,
                _action(attribute, new),
                name,
                old,
                new,
                device_id=None if observed is None else observed.id,
                ids=desired.ids.get(name, desired.ids.get(attribute, {})),
                secret=secret,
                secret_keys=whole_secrets,
                unverified=not either.isdisjoint(desired.unverified),
            )
        )
    return changes


def _action(attribute: str, after: t.Any) -> str:
    if attribute == "owner" and not after:
        return "remove_owner"
    if attribute == "archived" and not after:
        return "unarchive"
    return ACTIONS[attribute]


def _brief(value: t.Any) -> str:
    if isinstance(value, dict) and value.get("id") is not None:
        # Ids of a vendor may differ at the end only.
        named = value.get("path") or value.get("name") or value.get("email")
        return repr(value["id"]) if named is None else f"{named!r} (id {value['id']})"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def with_changes(device: Device, changes: t.Iterable[Change]) -> Device:
    """The record as it will be. Pure."""
    values: dict[str, t.Any] = {}
    for change in changes:
        if change.attribute is None or change.root is None:
            continue
        name = field_of(change.root)
        if change.key is None:
            values[name] = change.after
        else:
            held = dict(values.get(name, getattr(device, name)) or {})
            held[change.key] = change.after
            values[name] = held
    return dataclasses.replace(device, **values) if values else device


def _located(error: DeclarationError, declaration: Declaration) -> DeclarationError:
    error.account, error.device = declaration.account, declaration.address
    return error


def shown_record(device: Device | None, declaration: Declaration) -> dict[str, t.Any] | None:
    """The public record with the values of ``secret_metafields`` hidden."""
    if device is None:
        return None
    record = device.record()
    if record["metafields"] and declaration.secret_metafields:
        record["metafields"] = hide(record["metafields"], declaration.secret_metafields)
    return record


_SHOWN_OF_NEW = ("name", "serial", "mac", "cloud_id", "model")
"""What says which device is created, where it is declared."""


def shown_diff(plan: DevicePlan) -> dict[str, dict[str, t.Any]]:
    """``{before, after}`` with the declared attributes only, secrets hidden, and ``NOT_KNOWN`` for what cannot be read."""
    if plan.action == "delete":
        return {"before": dict(plan.changes[0].before), "after": {}}
    sides: dict[str, dict[str, t.Any]] = {"before": {}, "after": {}}
    names = [name for name in _SHOWN_OF_NEW if plan.action == "create" and getattr(plan.declaration, name) is not None]
    names += [field_of(name) for name in plan.declaration.attributes()]
    for side, device in (("before", plan.observed), ("after", plan.after)):
        record = shown_record(device, plan.declaration)
        if record is None:
            continue
        for name in names:
            value = record[name]
            if name in BY_KEY:
                keys = [*(getattr(plan.declaration, name) or ())]
                keys += (plan.declaration.absent_metafields or ()) if name == "metafields" else ()
                value = {key: (value or {}).get(key) for key in keys}
            sides[side][name] = value
    for change in plan.changes:
        held = None if change.root is None else field_of(change.root)
        if change.unverified and held in sides["before"]:
            if change.key is None:
                sides["before"][held] = NOT_KNOWN
            else:
                sides["before"][held][change.key] = NOT_KNOWN
    return sides
