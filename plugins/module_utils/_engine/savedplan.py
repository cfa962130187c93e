# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan that is kept and applied later: what it is bound to, when it is refused, and what of it still has to be done. Pure.

Nothing of a saved plan is ever sent. It is held against a fresh plan of the same declarations: what both want is done, as the
fresh one says; what is in effect by now is left; a device that has changed otherwise is skipped.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import hmac
import json
import typing as t
from dataclasses import dataclass

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import FleetformError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, DevicePlan, Plan
from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import DECLARATION, FORMAT
from ansible_collections.fleetform.devices.plugins.module_utils._engine.planshape import contradiction, has_shape
from ansible_collections.fleetform.devices.plugins.module_utils._engine.redaction import hide

Data = dict[str, t.Any]
_Key: t.TypeAlias = "tuple[str, str | None]"

_UNSEEN_AFTER = frozenset({"claim", "transfer"})
"""Changes after which the rest of a device may look otherwise than when it was planned."""


_NO_PLAN = "this is not a plan that fleetform has saved, or it was damaged; plan again"
_WRONG_SHAPE = (KeyError, TypeError, ValueError, AttributeError)


class PlanRefused(FleetformError):
    """A saved plan that must not be applied; nothing was sent."""


@dataclass(frozen=True)
class Held:
    """What is left of a saved plan: ``keep`` changes by address, ``already`` addresses, ``skipped`` addresses with a reason."""

    keep: t.Mapping[str, frozenset[tuple[str, str | None]]]
    already: tuple[str, ...] = ()
    skipped: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    def part(self, device: DevicePlan) -> DevicePlan | None:
        """The device with those of its changes that are still to be done, None where there are none."""
        if device.address not in self.keep:
            return None
        wanted = tuple(change for change in device.changes if (change.action, change.attribute) in self.keep[device.address])
        return dataclasses.replace(device, changes=wanted)


def binding(clouds: t.Mapping[str, t.Sequence[str | None]], declarations: t.Iterable[Declaration], prune: t.Any) -> Data:
    """What a plan is bound to: each account's cloud, each declaration, the prune scopes. It holds no secret value."""
    return {
        "accounts": {name: list(parts) for name, parts in sorted(clouds.items())},
        "declarations": {declaration.address: fingerprint(declaration) for declaration in declarations},
        "prune": _digest(prune),
    }


def fingerprint(declaration: Declaration) -> str:
    """What tells one declaration from another, secret values and its place in the file aside."""
    fields = {item.name: getattr(declaration, item.name) for item in dataclasses.fields(declaration)}
    del fields["declared_at"]
    if fields["metafields"] is not None:
        fields["metafields"] = hide(fields["metafields"], declaration.secret_metafields)
    return _digest(fields)


def signed(data: Data, key: str | None) -> Data:
    """The plan with what shows that it was changed since: a digest always, a signature where there is a key."""
    whole = {**data, "digest": _digest(_content(data))}
    return whole if key is None else {**whole, "hmac": _signature(whole, key)}


def check_whole(data: t.Any) -> None:
    """Raises PlanRefused for what is no saved plan, does not agree with itself, or was damaged or changed since."""
    try:
        if data["format"] != FORMAT:
            raise PlanRefused(f"the plan has format {data['format']!r}, and this version knows {FORMAT}; plan again")
        whole = hmac.compare_digest(data["digest"], _digest(_content(data)))
    except (KeyError, TypeError, RecursionError):
        raise PlanRefused(_NO_PLAN) from None
    if not whole:
        raise PlanRefused("the plan was changed or damaged since it was saved; plan again")
    if not has_shape(data):
        raise PlanRefused(_NO_PLAN)
    if (reason := contradiction(data)) is not None:
        raise PlanRefused(f"the plan contradicts itself: {reason}; plan again")


def check(data: t.Any, bound: Data, *, now: datetime.datetime, key: str | None, partial: bool) -> None:
    """Raises PlanRefused for a plan that is no plan, too old, not whole, not signed by this key, or bound to something else."""
    check_itself(data, now=now, key=key, partial=partial)
    check_binding(data, bound)


def check_itself(data: t.Any, *, now: datetime.datetime, key: str | None, partial: bool) -> None:
    """What can be said before anything that the plan names is looked at. Raises PlanRefused."""
    check_whole(data)
    check_signature(data, key)
    try:
        if expired(data, now):
            raise PlanRefused(f"the plan has expired at {data['expires_at']}; plan again")
        if any(error["cause"] == DECLARATION for error in data["errors"]):
            raise PlanRefused("the plan has errors: what was declared was wrong in part; mend that and plan again")
        if not data["complete"] and not partial:
            raise PlanRefused("the plan is not complete, an account could not be read; plan again, or say --partial")
    except _WRONG_SHAPE:
        raise PlanRefused(_NO_PLAN) from None


def check_signature(data: Data, key: str | None) -> None:
    """Raises PlanRefused where a plan is not signed by this key, or is signed and there is no key here."""
    if key is None and "hmac" in data:
        raise PlanRefused("the plan is signed, and FLEETFORM_PLAN_KEY is not set here; set it")
    # As bytes, since what stands there may be any text.
    found = str(data.get("hmac", "")).encode(errors="replace")
    if key is not None and not hmac.compare_digest(found, _signature(data, key).encode()):
        raise PlanRefused("the plan is not signed with FLEETFORM_PLAN_KEY, or was changed since; plan again")


def expired(data: Data, now: datetime.datetime) -> bool:
    """Whether the time of a plan is over."""
    return now >= datetime.datetime.fromisoformat(data["expires_at"].replace("Z", "+00:00"))


def check_binding(data: Data, bound: Data) -> None:
    """Raises PlanRefused for a plan that is bound to something else."""
    try:
        _check_binding(data, bound)
    except _WRONG_SHAPE:
        raise PlanRefused(_NO_PLAN) from None


def _check_binding(data: Data, bound: Data) -> None:
    saved = data["bound"]
    planned = {change["address"] for change in data["changes"]}
    by_address = {device["address"]: device["account"] for device in data["devices"]}
    accounts = {by_address[address] for address in planned}
    for name in sorted(accounts, key=str):
        key = "" if name is None else name
        if None in (bound["accounts"].get(key) or ()):
            raise PlanRefused(f"it cannot be read now which organization account {name} is of; apply the plan later")
        if saved["accounts"].get(key) != bound["accounts"].get(key):
            raise PlanRefused(
                f"account {name} was another cloud when the plan was made (vendor, url or organization); plan again"
            )
    if saved["prune"] != bound["prune"]:
        raise PlanRefused("the scopes of prune have changed since the plan was made; plan again")
    pruned = {device["address"] for device in data["devices"] if device["actions"] == ["delete"]}
    for address in sorted(planned):
        now = bound["declarations"].get(address)
        if saved["declarations"].get(address) != now:
            raise PlanRefused(f"{address} is declared otherwise than when the plan was made; plan again")
        if now is None and address not in pruned:
            raise PlanRefused(f"{address} is in the plan and nobody declares it; plan again")


def hold(data: Data, fresh: Plan, plan: Look) -> Held:
    """What of a saved plan is still to be done. By ``plan``, that of the fleet, it is looked for what was to be deleted.

    Raises PlanRefused where the calls of the saved plan are not those that are made now.
    """
    try:
        return _held(data, fresh, plan)
    except _WRONG_SHAPE:
        raise PlanRefused(_NO_PLAN) from None


def _held(data: Data, fresh: Plan, plan: Look) -> Held:
    devices = {device.address: device for device in fresh.devices}
    declared = {str(device.observed.id) for device in fresh.devices if device.observed is not None and not device.pruned}
    ids = {row["address"]: row["id"] for row in data["devices"]}
    keep: dict[str, frozenset[_Key]] = {}
    already: list[str] = []
    skipped: dict[str, str] = {}
    by_address: dict[str, list[Data]] = {}
    for row in data["changes"]:
        by_address.setdefault(row["address"], []).append(row)
    for address, rows in by_address.items():
        device = devices.get(address)
        if device is None:
            reason = _unplanned(address, rows, fresh, known=str(ids[address]) in declared)
            wanted: frozenset[_Key] = frozenset()
        else:
            wanted, reason = _of_device(rows, device, ids[address])
        if reason is not None:
            skipped[address] = reason
        elif wanted:
            keep[address] = wanted
        else:
            already.append(address)
    left = _not_gone([row for row in data["devices"] if row["address"] in already and row["actions"] == ["delete"]], plan)
    return Held(keep, tuple(address for address in already if address not in left), {**skipped, **left})


def _not_gone(rows: t.Sequence[Data], plan: Look) -> dict[str, str]:
    """Of devices that were to be deleted and that nothing finds any more: those that are there all the same, and why they stay.

    That a device is in no scope of prune, or not found by what is declared, may also mean that it is called otherwise by now.
    """
    wanted = [
        (row["address"], Declaration(account=row["account"], device_id=str(row["id"]), state="absent"))
        for row in rows
        if row["id"] is not None
    ]
    if not wanted:
        return {}
    looked = plan([declaration for _address, declaration in wanted])
    found = {device.address: device for device in looked.devices}
    left = {}
    for address, declaration in wanted:
        device = found.get(declaration.address)
        told = [str(error) for error in looked.errors if error.device in (None, declaration.address)]
        if device is None:
            left[address] = f"it could not be looked for: {told[0]}" if told else "it could not be looked for"
        elif device.blocked is not None:
            left[address] = f"it could not be looked for: {device.blocked}"
        elif device.observed is not None:
            pruned = address == declaration.address
            why = "it is not in the scope of prune any more" if pruned else "what is declared does not find it any more"
            left[address] = f"{why}, and {device.observed.label()} is still there"
    return left


def _unplanned(address: str, rows: t.Sequence[Data], fresh: Plan, *, known: bool) -> str | None:
    """Why a device has no fresh plan. None for one that was to be removed and is gone."""
    account = address.partition("/")[0]
    told = [str(error) for error in fresh.errors if error.device == address]
    told += [str(error) for error in fresh.errors if error.device != address and (error.account or "-") == account]
    if told:
        return f"it could not be planned again: {told[0]}"
    if not all(row["action"] == "delete" for row in rows):
        return "it could not be planned again"
    return "it is declared by now" if known else None


def _of_device(rows: t.Sequence[Data], device: DevicePlan, saved_id: t.Any) -> tuple[frozenset[_Key], str | None]:
    """What of these changes is still to be done, or why nothing of the device is."""
    if device.blocked is not None:
        return frozenset(), f"blocked: {device.blocked}"
    found = None if device.observed is None else device.observed.id
    if saved_id is not None and found is None and device.declaration.state == "present":
        return frozenset(), "the device is not there any more"
    if saved_id is not None and found is not None and str(found) != str(saved_id):
        return frozenset(), f"it is another device by now: it had the id {saved_id} and has {found}"
    changes = {(change.action, change.attribute): change for change in device.changes}
    # What the device would be like after these was never seen by whoever planned it, so that "before" says nothing.
    unseen = any(row["action"] in _UNSEEN_AFTER and (row["action"], row["attribute"]) not in changes for row in rows)
    wanted = set()
    for row in rows:
        key = (row["action"], row["attribute"])
        change = changes.get(key)
        if change is None:
            continue
        now = _as_saved(change)
        if not _fits(row["after"], now["after"]) or not (unseen or _fits(row["before"], now["before"])):
            where = change.attribute or change.action
            return frozenset(), f"{where} has changed since the plan was made: it was {row['before']!r} and is {now['before']!r}"
        if not unseen and not _same_calls(row["calls"], now["calls"]):
            raise PlanRefused(f"{device.address}: the calls in the plan are not those that this version makes; plan again")
        wanted.add(key)
    return frozenset(wanted), None


def _fits(saved: t.Any, now: t.Any) -> bool:
    """Whether two values are the same, where the saved one may not have known an id that exists by now."""
    if isinstance(saved, dict):
        if saved.keys() == {"id_of_new"}:
            return saved == now or isinstance(now, (str, int))
        if not isinstance(now, dict) or saved.keys() != now.keys():
            return False
        return all(_fits(item, now[name]) or (name == "id" and item is None) for name, item in saved.items())
    if isinstance(saved, list):
        return isinstance(now, list) and len(saved) == len(now) and all(map(_fits, saved, now))
    # True is no 1.
    return bool(saved == now) and isinstance(saved, bool) is isinstance(now, bool)


def _same_calls(saved: t.Sequence[Data], now: t.Sequence[Data]) -> bool:
    return len(saved) == len(now) and all(map(_same_call, saved, now))


def _same_call(saved: Data, now: Data) -> bool:
    if "path_id" in saved and "path_id" not in now:
        # The id is in the path by now.
        start, _id, end = saved["path"].partition("{id}")
        if not (now["path"].startswith(start) and now["path"].endswith(end)):
            return False
        saved = {name: item for name, item in saved.items() if name != "path_id"} | {"path": now["path"]}
    return _fits(saved, now)


Look: t.TypeAlias = "t.Callable[[t.Sequence[Declaration]], Plan]"
Narrow: t.TypeAlias = "t.Callable[[Plan, t.Callable[[DevicePlan], DevicePlan | None]], Plan]"


def only(plan: Plan, held: Held, narrowed: Narrow) -> Plan:
    """The fresh plan with nothing but what the saved one wants. ``narrowed`` is that of the fleet."""
    # What is wrong with other devices is not this plan's business; its own say why they are skipped.
    return Plan(tuple(dataclasses.replace(account, errors=(), complete=True) for account in narrowed(plan, held.part).accounts))


def _as_saved(change: Change) -> Data:
    data = {**change.as_data(), "calls": [call.as_data() for call in change.shown_calls]}
    return t.cast(Data, json.loads(json.dumps(data)))


def _content(data: Data) -> Data:
    return {name: value for name, value in data.items() if name not in ("digest", "hmac")}


def _signature(data: Data, key: str) -> str:
    return hmac.new(key.encode(), _canonical(_content(data)).encode(), hashlib.sha256).hexdigest()


def _digest(value: t.Any) -> str:
    return hashlib.sha256(_canonical(value).encode()).hexdigest()


def _canonical(value: t.Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
