# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The front door of the engine: read, plan and apply over many accounts at once.

Each account is read once, whatever the number of devices. Accounts are independent: one that cannot be read leaves the others
alone.
"""

from __future__ import annotations

import functools
import os
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ansible_collections.fleetform.devices.plugins.module_utils._engine.accounts import open_account
from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import Report, Watch, apply_account
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    Ambiguous,
    ApiError,
    DeclarationError,
    FleetformError,
    Forbidden,
    Gone,
    IncompleteRead,
    MissingLibrary,
    NotFound,
    NotPruned,
    Refused,
    SettingsError,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import RequestNote, account_key
from ansible_collections.fleetform.devices.plugins.module_utils._engine.identity import Index
from ansible_collections.fleetform.devices.plugins.module_utils._engine.listings import Crowd, SharedListings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import (
    RECORD_FIELDS,
    Declaration,
    Device,
    Listing,
    Query,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import (
    AccountPlan,
    Desired,
    DevicePlan,
    Plan,
    Step,
    check,
    plan_device,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.redaction import hidden_by
from ansible_collections.fleetform.devices.plugins.module_utils._engine.select import check_query, group, select
from ansible_collections.fleetform.devices.plugins.module_utils._engine.shared import SharedState
from ansible_collections.fleetform.devices.plugins.module_utils._engine.steps import steps_for
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import Sight, Vendor

T = t.TypeVar("T")
R = t.TypeVar("R")

_LOOK_UP = 0.2
"""Seconds between two looks of an apply whether somebody asked it to stop."""


@dataclass(frozen=True)
class Scope:
    """Devices of one account that are removed where nobody declares them: ``filters`` as in a Query, ``where`` it is written."""

    account: str | None
    filters: t.Mapping[str, t.Any]
    where: str


class Fleet:
    """Accounts that are open. A context manager: leaving it closes every connection.

    ``accounts`` maps name (None for the one without a name) to account options; ``shared_path`` names the private file in which
    the processes of one run share tokens and pace. ``crowd`` says that other processes plan the same for other devices just now,
    so that they read listings together. Raises SettingsError before any call.
    """

    def __init__(
        self,
        accounts: t.Mapping[str | None, t.Mapping[str, t.Any]],
        *,
        environ: t.Mapping[str, str] | None = None,
        shared_path: str | None = None,
        crowd: Crowd | None = None,
        observer: t.Callable[[RequestNote], None] | None = None,
    ) -> None:
        shared = SharedState(shared_path)
        self._listings = None if crowd is None else SharedListings(shared, crowd)
        self._vendors: dict[str | None, Vendor] = {}
        self._homes: dict[str | None, str | None] = {}
        for name, options in accounts.items():
            self._vendors[name] = open_account(
                name, options, environ=os.environ if environ is None else environ, shared=shared, observer=observer
            )

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def forget(self) -> None:
        """Keeps the connections and tokens, and forgets whatever was read or looked up over them."""
        self._vendors = {name: type(vendor)(vendor.settings, vendor.client) for name, vendor in self._vendors.items()}

    def close(self) -> None:
        """Closes every connection."""
        for vendor in self._vendors.values():
            vendor.client.close()

    @property
    def calls(self) -> dict[str, int]:
        """The HTTP requests sent so far, retries included, token requests aside."""
        counts = [vendor.client.counts for vendor in self._vendors.values()]
        return {"read": sum(count.read for count in counts), "write": sum(count.write for count in counts)}

    def clouds(self) -> dict[str | None, list[str]]:
        """What each account is bound to, as far as it says so itself: vendor, url, organization and runtime."""
        return {
            name: [one.vendor, one.url, one.organization or "", one.runtime or ""]
            for name, one in ((name, vendor.settings) for name, vendor in self._vendors.items())
        }

    def homes(self, names: t.Collection[str | None]) -> dict[str | None, list[str | None]]:
        """The same with the organization of the credentials where an account names none, which takes one read for each of these.

        None stands for one that could not be read.
        """

        def home(name: str | None) -> str | None:
            try:
                return self._vendors[name].own_organization() or ""
            except ApiError:
                # It is told where the account is read; until then nobody takes it for one that has none.
                return None

        clouds = self.clouds()
        unnamed = [name for name, parts in clouds.items() if not parts[2] and name in names and name not in self._homes]
        self._homes.update(zip(unnamed, _parallel(home, unnamed), strict=True))
        return {name: [*parts[:2], parts[2] or self._homes.get(name, ""), *parts[3:]] for name, parts in clouds.items()}

    def timeouts(self) -> dict[str | None, float]:
        """How long a call of each account is under way at most, in seconds."""
        return {name: vendor.settings.timeout for name, vendor in self._vendors.items()}

    def secrets(self) -> frozenset[str]:
        """Every secret value that these accounts know, fetched tokens included, for a caller that masks its own output."""
        return frozenset(secret for vendor in self._vendors.values() for secret in vendor.client.masker.secrets)

    def account(self, name: str | None) -> str | None:
        """The account that a declaration means: the named one, or the only one. Raises SettingsError."""
        if name in self._vendors:
            return name
        known = ", ".join(sorted(str(key) for key in self._vendors if key is not None)) or "none is named"
        if name is None and len(self._vendors) == 1:
            return next(iter(self._vendors))
        if name is None:
            raise SettingsError(f"there are several accounts ({known}); say which one with `account`")
        raise SettingsError(f"there is no account {name!r}; the accounts are: {known}")

    def addressed(self, declaration: Declaration) -> Declaration:
        """The declaration with its account: without one it means the only one. That one is unknown is for the plan to say."""
        try:
            name = self.account(declaration.account)
        except SettingsError:
            return declaration
        return declaration if declaration.account == name else replace(declaration, account=name)

    def could_create(self, declaration: Declaration) -> bool:
        """Whether a vendor that can create devices could create this one, were it not there; told without a call."""
        vendor = self._vendors[self.account(declaration.account)]
        try:
            vendor.check(declaration)
            check(vendor, declaration)
        except DeclarationError:
            return False
        return vendor.waits_for(declaration) is None and vendor.claim_refusal(declaration) is None

    def list_devices(self, account: str | None, query: Query) -> Listing:
        """What device_info shows for one account. Raises FleetformError."""
        vendor = self._vendors[self.account(account)]
        try:
            sifted = _without_vendor_words(vendor, query)
            check_query(sifted, vendor.FILTERS, vendor.GROUPS)
            listing = vendor.list_devices(query)
            search = None if listing.searched else query.search
            chosen = select(listing.devices, replace(sifted, search=search, group_by=None))
            groups = listing.groups
            if query.group_by is not None and groups is None:
                groups = group(chosen, query.group_by)
            if query.fields:
                chosen = [_with_fields(device, query.fields) for device in chosen]
            return Listing(chosen, groups, warnings=_told(vendor, listing.warnings))
        except FleetformError as error:
            _of_account(error, vendor)
            raise

    def list_all(self, query: Query, names: t.Collection[str | None]) -> dict[str | None, Listing | FleetformError]:
        """The same question to several accounts side by side: the answer of each, or why there is none."""

        def answer(name: str | None) -> Listing | FleetformError:
            try:
                return self.list_devices(name, query)
            except FleetformError as error:
                return error

        ordered = sorted(names, key=lambda name: name or "")
        return dict(zip(ordered, _parallel(answer, ordered), strict=True))

    def act(
        self,
        account: str | None,
        action: str,
        declaration: Declaration | None,
        options: t.Mapping[str, t.Any],
        *,
        check_mode: bool,
    ) -> t.Any:
        """Carries out an action that is no state.

        In check mode everything is looked up and nothing is sent. Raises FleetformError.
        """
        name = self.account(account)
        vendor = self._vendors[name]
        try:
            device = None
            if action not in vendor.ACTIONS:
                return vendor.act(action, None, options)
            if declaration is not None:
                declaration = replace(declaration, account=name)
                vendor.check(declaration)
                device = _match(vendor, declaration, Index(vendor.read([declaration]).devices, vendor.identity_key))
                if device is None:
                    raise NotFound("no such device", device=declaration.address)
            return vendor.act(action, device, {**options, "check_mode": check_mode})
        except FleetformError as error:
            _placed(error, vendor.settings.name, None if declaration is None else f"{declaration.address}: {action}")
            raise

    def plan(self, declarations: t.Sequence[Declaration], prune: t.Sequence[Scope] = ()) -> Plan:
        """What would have to change, devices in the scopes of ``prune`` that nobody declares included.

        Reads only. Errors stand in the plan: those of declarations, and accounts that cannot be read.
        """
        by_account: dict[str | None, list[Declaration]] = {}
        scopes: dict[str | None, list[Scope]] = {}
        strays: list[FleetformError] = []
        for scope in prune:
            try:
                scopes.setdefault(self.account(scope.account), []).append(scope)
            except SettingsError as error:
                error.device = scope.where
                strays.append(error)
        for declaration in declarations:
            try:
                name = self.account(declaration.account)
            except SettingsError as error:
                error.device = declaration.address
                strays.append(error)
                continue
            by_account.setdefault(name, []).append(
                declaration if declaration.account == name else replace(declaration, account=name)
            )
        if strays:
            # What is declared under a mistyped account would look undeclared in the account that is meant.
            scopes = {}
        names = sorted({*by_account, *scopes}, key=lambda name: name or "")

        def planned(name: str | None) -> AccountPlan:
            mine, within = by_account.get(name, ()), scopes.get(name, ())
            together = None if self._listings is None or within else self._plan_together(name, mine, self._listings)
            return together or _plan_account(self._vendors[name], mine, within)

        plans = _parallel(planned, names)
        plans = self._spared(self._apart(plans))
        if strays:
            plans.append(AccountPlan(account=None, vendor="", errors=tuple(_sorted(strays))))
        return Plan(tuple(plans))

    def _plan_together(
        self, name: str | None, declarations: t.Sequence[Declaration], listings: SharedListings
    ) -> AccountPlan | None:
        """The plan by what other tasks may have read already; None where that is not good enough.

        Where anything is wrong, missing, new or out of sight, or was written to since, only what is asked for from now on is good
        enough, which is as fresh as a reading of one's own.
        """
        key, begun = account_key(self._vendors[name].settings), listings.now()
        for not_before in (0.0, begun):
            vendor = self._vendors[name]
            reading = listings.reading(key, not_before=not_before)
            with vendor.client.reading_together(reading):
                plan = _plan_account(vendor, declarations, ())
            written = reading.written_since()
            failures = [error for error in plan.errors if isinstance(error, ApiError)]
            if any(not isinstance(error, (Gone, IncompleteRead)) for error in failures):
                # Failures are not kept, so that this one is as fresh as can be.
                return plan
            settled = not plan.errors and all(_is_settled(one, written) for one in plan.devices)
            if settled or (not_before and not failures):
                return plan
            self._vendors[name] = type(vendor)(vendor.settings, vendor.client)
        # Pages that several tasks have read need not fit together.
        return None

    def _apart(self, plans: list[AccountPlan]) -> list[AccountPlan]:
        """The plans without devices that are declared through two accounts of one cloud: each is an error that names both."""
        if len(plans) < 2:
            return plans
        seen: dict[tuple[str, ...], list[DevicePlan]] = {}
        for account in plans:
            settings = self._vendors[account.account].settings
            for device in account.devices:
                for key in _marks(self._vendors[account.account], device, account_key(settings)):
                    seen.setdefault((account.vendor, settings.url, settings.runtime or "", *key), []).append(device)
        twins = {id(device): group for group in seen.values() if len(group) > 1 for device in group}
        if not twins:
            return plans
        apart = []
        for account in plans:
            errors = list(account.errors)
            for device in [device for device in account.devices if id(device) in twins]:
                names = " and ".join(sorted(twin.address for twin in twins[id(device)]))
                known = "" if device.observed is None else f", {device.observed.label()}"
                text = f"{names} mean the same device{known}; declare it through one account"
                errors.append(_placed(DeclarationError(text), account.account, device.address))
            kept = tuple(device for device in account.devices if id(device) not in twins)
            apart.append(replace(account, devices=kept, errors=tuple(_sorted(errors)), **self._work(account.account, kept)))
        return apart

    def _spared(self, plans: list[AccountPlan]) -> list[AccountPlan]:
        """The plans without what prune would remove although another account of the vendor may declare it.

        One cloud may go by several urls, so that the vendor, not the url, says which accounts could see the same devices.
        """
        spared = []
        for account in plans:
            others = [other for other in plans if other is not account and other.vendor == account.vendor]
            reason = _doubt(account, others) if any(device.pruned for device in account.devices) else None
            if reason is not None:
                kept = tuple(device for device in account.devices if not device.pruned)
                errors = _sorted([*account.errors, NotPruned(f"prune does nothing: {reason}", account=account.account)])
                account = replace(account, devices=kept, errors=tuple(errors), **self._work(account.account, kept))
            spared.append(account)
        return spared

    def _work(self, account: str | None, devices: t.Sequence[DevicePlan]) -> dict[str, t.Any]:
        """The steps of these devices of one account, and how long they take. Pure."""
        vendor = self._vendors[account]
        steps = steps_for(vendor, devices) if devices else ()
        return {"steps": steps, "seconds": _seconds(vendor, steps) if steps else 0.0}

    def narrowed(self, plan: Plan, part: t.Callable[[DevicePlan], DevicePlan | None]) -> Plan:
        """The plan for what ``part`` leaves of each device, None for nothing. Pure."""
        accounts = []
        for account in plan.accounts:
            devices = tuple(left for device in account.devices if (left := part(device)) is not None)
            if devices != account.devices:
                account = replace(account, devices=devices, **self._work(account.account, devices))
            accounts.append(account)
        return Plan(tuple(accounts))

    def rehearse(self, plan: Plan) -> list[FleetformError]:
        """What the vendors refuse of a plan when they are asked to validate it. Nothing is carried out."""

        def refused(account: AccountPlan) -> list[FleetformError]:
            vendor = self._vendors[account.account]

            def judge(step: Step) -> FleetformError | None:
                try:
                    call = vendor.dry_run_call(step.call.filled({}))
                except KeyError:
                    # It names what does not exist before the plan is carried out.
                    return None
                if call is None:
                    return None
                try:
                    vendor.client.send(call)
                except FleetformError as error:
                    return _placed(error, account.account, ", ".join(step.addresses))
                return None

            return [error for error in vendor.client.map(judge, account.steps) if error is not None]

        planned = [account for account in plan.accounts if account.steps]
        return [error for errors in _parallel(refused, planned) for error in errors]

    def apply(self, plan: Plan, watch: Watch | None = None, stop: threading.Event | None = None) -> Report:
        """Sends what the plan says. Accounts go side by side. Never raises for what a vendor answers: the report says it.

        Once ``stop`` is set, or at a KeyboardInterrupt, the calls under way end, and nothing more is sent.
        """
        stop = stop or threading.Event()
        wanted = [account for account in plan.accounts if account.steps]

        def applied(account: AccountPlan) -> Report:
            vendor = self._vendors[account.account]
            if self._listings is None:
                return apply_account(vendor, account, watch, stop)
            ids = [str(device.observed.id) for device in account.devices if device.observed is not None and device.changes]
            with self._listings.writing(account_key(vendor.settings), ids):
                return apply_account(vendor, account, watch, stop)

        def stopping() -> None:
            if watch is not None:
                watch.stopping(max(self._vendors[account.account].settings.deadline for account in wanted))

        reports = _until_all_have_ended(applied, wanted, stop, stopping)
        devices: dict[str, Device | None] = {device.address: device.observed for device in plan.devices}
        for report in reports:
            devices.update(report.devices)
        results = tuple(result for report in reports for result in report.results)
        stopped = any(report.interrupted for report in reports)
        return Report(results, devices, any(report.wrote for report in reports), stopped)


def _plan_account(vendor: Vendor, declarations: t.Sequence[Declaration], scopes: t.Sequence[Scope]) -> AccountPlan:
    name = vendor.settings.name
    # A vendor that refuses a value may quote it.
    vendor.client.masker.add(*(secret for declaration in declarations for secret in _secrets_of(declaration)))
    errors: list[FleetformError] = []
    sound = _sound(vendor, declarations, errors)
    try:
        sight = vendor.read(sound) if sound else Sight([])
        pairs = _enriched(vendor, _matched(vendor, sound, sight, errors), errors)
        wanted = [
            pair for pair in pairs if pair[0].state == "present" and not (pair[1] is None and pair[0].address in sight.hidden)
        ]
        vendor.prepare(wanted)
        plans = [plan for plan in (_planned(vendor, sight, *pair, errors) for pair in pairs) if plan is not None]
        in_scope, pruned = _pruned(vendor, scopes, pairs, plans, errors) if scopes else (0, [])
    except MissingLibrary:
        raise
    except FleetformError as error:
        whole = isinstance(error, DeclarationError)
        return AccountPlan(name, vendor.NAME, errors=(*_sorted(errors), _of_account(error, vendor)), complete=whole)
    whole = not any(isinstance(error, ApiError) for error in errors)
    if not whole:
        plans = [_withheld(plan) for plan in plans]
    plans = sorted([*plans, *pruned], key=lambda plan: plan.address)
    steps = steps_for(vendor, plans)
    seconds = _seconds(vendor, steps)
    warnings = _told(vendor, sight.warnings)
    return AccountPlan(name, vendor.NAME, tuple(plans), steps, tuple(_sorted(errors)), whole, seconds, warnings, in_scope)


def _secrets_of(declaration: Declaration) -> t.Iterator[str]:
    """The values of secret metafields as texts."""
    if declaration.secret_metafields:
        yield from _leaves(list(hidden_by(declaration.metafields or {}, declaration.secret_metafields)))


def _leaves(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _withheld(plan: DevicePlan) -> DevicePlan:
    """The plan of a device of an account that could not be read whole: nothing is created or deleted there."""
    if plan.action not in ("create", "delete"):
        return plan
    reason = f"the account could not be read whole, so that nothing of it is {plan.action}d"
    return replace(plan, changes=(), after=plan.observed, blocked=reason)


def _doubt(account: AccountPlan, others: t.Sequence[AccountPlan]) -> str | None:
    """Why a device that prune would remove may be declared through another account of the same vendor; None where none is."""
    unsure = sorted(str(other.account) for other in others if other.errors or not other.complete)
    if unsure:
        return f"what looks undeclared may be declared in account {', '.join(unsure)}, which could not be planned whole"
    declared = {
        (str(device.observed.id), device.observed.name): device.address
        for other in others
        for device in other.devices
        if device.observed is not None and not device.pruned
    }
    for device in account.devices:
        if device.pruned and device.observed is not None:
            twin = declared.get((str(device.observed.id), device.observed.name))
            if twin is not None:
                return f"{device.observed.label()} seems to be declared as {twin}"
    return None


def _pruned(
    vendor: Vendor,
    scopes: t.Sequence[Scope],
    pairs: t.Sequence[tuple[Declaration, Device | None]],
    plans: t.Sequence[DevicePlan],
    errors: list[FleetformError],
) -> tuple[int, list[DevicePlan]]:
    """How many devices are in the scopes, and the deletion of those that nobody declares.

    Nothing is deleted where a declaration is not resolved: one of the devices that look undeclared could be the one it means.
    """
    name = vendor.settings.name
    place = scopes[0].where
    declared = {str(device.id) for _declaration, device in pairs if device is not None}
    if errors:
        text = "prune does nothing while declarations of this account are unresolved; mend these first"
        errors.append(NotPruned(text, account=name, device=place))
        return 0, []
    if pairs and not declared:
        text = "prune does nothing: none of the declared devices is there; is this the right organization?"
        errors.append(DeclarationError(text, account=name, device=place))
        return 0, []
    found: dict[str, tuple[Device, Scope]] = {}
    for scope in scopes:
        query = Query(filters=scope.filters)
        try:
            check_query(query)
            for device in select(vendor.list_devices(query).devices, query):
                found.setdefault(str(device.id), (device, scope))
        except DeclarationError as error:
            errors.append(_placed(error, name, scope.where))
            return 0, []
    undeclared = {device_id: pair for device_id, pair in found.items() if device_id not in declared}
    doubt = _unresolved(vendor, [device for device, _scope in undeclared.values()], pairs, plans) if undeclared else None
    if doubt is not None:
        errors.append(_placed(doubt, name, place))
        return len(found), []
    pruned = []
    for device_id, (device, scope) in undeclared.items():
        declaration = Declaration(account=name, device_id=device_id, state="absent", declared_at=scope.where)
        try:
            check(vendor, declaration)
        except DeclarationError as error:
            errors.append(_placed(error, name, scope.where))
            return len(found), []
        pruned.append(replace(plan_device(vendor, declaration, device, Desired()), pruned=True))
    return len(found), pruned


def _unresolved(
    vendor: Vendor,
    undeclared: t.Sequence[Device],
    pairs: t.Sequence[tuple[Declaration, Device | None]],
    plans: t.Sequence[DevicePlan],
) -> FleetformError | None:
    """Why a device that looks undeclared may be one that a declaration means; None where none is."""
    waiting = sorted(plan.address for plan in plans if plan.observed is None and plan.blocked is not None)
    if waiting:
        return NotPruned(f"prune does nothing while it is unresolved which device {', '.join(waiting)} is")
    index = Index(undeclared, vendor.identity_key)
    for declaration, _device in pairs:
        try:
            twin = index.find(declaration, functools.partial(vendor.in_scope, declaration))
        except Ambiguous:
            twin = undeclared[0]
        if twin is not None:
            # The listing of the scope shows what the reading of the declared devices did not, or shows it otherwise.
            return IncompleteRead(f"prune does nothing: two readings disagree about {declaration.address}; run again")
    return None


def _is_settled(plan: DevicePlan, written: t.Collection[str]) -> bool:
    """Whether a plan would be the same if everything had been read just now, as far as anybody can tell."""
    if plan.observed is None or plan.blocked is not None or str(plan.observed.id) in written:
        return False
    return all(change.action != "create_space" for change in plan.changes)


def _marks(vendor: Vendor, plan: DevicePlan, account: str) -> list[tuple[str, ...]]:
    """What tells this device from every other one in its cloud: its id, or what a new one is declared by."""
    if plan.observed is not None:
        return [("id", vendor.identity_key("device_id", str(plan.observed.id)))]
    if not plan.changes:
        return []
    declaration = plan.declaration
    if declaration.identifiers:
        return [(name, vendor.identity_key(name, value)) for name, value in declaration.identifiers.items()]
    # A name says who is meant within one organization only.
    return [("name", account, str(declaration.name))]


def _sound(vendor: Vendor, declarations: t.Sequence[Declaration], errors: list[FleetformError]) -> list[Declaration]:
    """The declarations that pass every check that needs no call. Of several with one address none does."""
    by_address: dict[str, list[Declaration]] = {}
    for declaration in declarations:
        by_address.setdefault(declaration.address, []).append(declaration)
    sound = []
    shapes: set[tuple[t.Any, ...]] = set()
    for address, twins in by_address.items():
        try:
            if len(twins) > 1:
                places = " and ".join(sorted(str(twin.declared_at) for twin in twins if twin.declared_at))
                raise DeclarationError("declared twice" + (f": {places}" if places else "") + "; keep one")
            vendor.check(twins[0])
            # What a vendor can do depends on the names of the attributes alone, and most of a fleet is declared alike.
            shape = (twins[0].state, twins[0].protect, *twins[0].attributes())
            if shape not in shapes:
                check(vendor, twins[0])
                shapes.add(shape)
        except DeclarationError as error:
            errors.append(_placed(error, vendor.settings.name, address))
            continue
        sound.append(twins[0])
    return sound


def _matched(
    vendor: Vendor, declarations: t.Sequence[Declaration], sight: Sight, errors: list[FleetformError]
) -> list[tuple[Declaration, Device | None]]:
    """Each declaration with the device that it means. Several that mean one device are an error that names them all."""
    index = Index(sight.devices, vendor.identity_key)
    pairs: list[tuple[Declaration, Device | None]] = []
    hits: dict[str, list[str]] = {}
    for declaration in declarations:
        try:
            device = _match(vendor, declaration, index)
        except DeclarationError as error:
            errors.append(_placed(error, vendor.settings.name, declaration.address))
            continue
        if device is not None and device.id is not None:
            hits.setdefault(device.id, []).append(declaration.address)
        pairs.append((declaration, device))
    if len(hits) == len(pairs):
        return pairs
    for text, twin in _twins(vendor, [declaration for declaration, device in pairs if device is None]):
        errors.append(_placed(DeclarationError(text), vendor.settings.name, twin.address))
        pairs = [pair for pair in pairs if pair[0] is not twin]
    single = []
    for declaration, device in pairs:
        twins = sorted(hits.get(device.id or "", ())) if device is not None else []
        if device is None or len(twins) < 2:
            single.append((declaration, device))
        elif declaration.address == twins[0]:
            text = f"{' and '.join(twins)} mean the same device, {device.label()}; declare it once"
            errors.append(_placed(DeclarationError(text), vendor.settings.name, declaration.address))
    return single


def _twins(vendor: Vendor, declarations: t.Sequence[Declaration]) -> list[tuple[str, Declaration]]:
    """The declarations of devices that are not there yet which share an identifier with another one, and what to say of each."""
    by_key: dict[tuple[str, str], list[Declaration]] = {}
    for declaration in declarations:
        for name, value in declaration.identifiers.items():
            by_key.setdefault((name, vendor.identity_key(name, value)), []).append(declaration)
    found: dict[int, tuple[str, Declaration]] = {}
    for (name, _key), twins in by_key.items():
        for twin in twins if len(twins) > 1 else ():
            others = " and ".join(sorted(other.address for other in twins if other is not twin))
            text = f"{name} {getattr(twin, name)!r} is declared for {others} as well, and none of them is there; keep it for one"
            found.setdefault(id(twin), (text, twin))
    return list(found.values())


def _match(vendor: Vendor, declaration: Declaration, index: Index) -> Device | None:
    """The device that a declaration means, or None. What is to be deleted must not be called otherwise than it says."""
    device = index.find(declaration, functools.partial(vendor.in_scope, declaration))
    if device is None or declaration.state != "absent" or not declaration.identifiers or declaration.name is None:
        return device
    if device.name is not None and device.name != declaration.name:
        raise Ambiguous(
            f"{device.label()} has the identifier, and is not called {declaration.name!r}; correct the name, or leave it out",
            account=declaration.account,
            device=declaration.address,
        )
    return device


def _enriched(
    vendor: Vendor, pairs: list[tuple[Declaration, Device | None]], errors: list[FleetformError]
) -> list[tuple[Declaration, Device | None]]:
    """The pairs with what extra calls have to read, in parallel, for those devices and attributes only that are declared."""
    wanted = [
        (number, device, _looked_into(declaration))
        for number, (declaration, device) in enumerate(pairs)
        if device is not None and declaration.state == "present" and not vendor.DETAIL.isdisjoint(_looked_into(declaration))
    ]
    if not wanted:
        return pairs
    enriched: list[tuple[Declaration, Device | None] | None] = list(pairs)

    def read(item: tuple[int, Device, frozenset[str]]) -> Device | FleetformError:
        number, device, attributes = item
        try:
            return vendor.enrich(device, attributes)
        except (Gone, Forbidden, Refused) as error:
            # A matter of this device alone: it went away, or may not be looked into.
            return _placed(error, vendor.settings.name, pairs[number][0].address)
        except FleetformError as error:
            _placed(error, vendor.settings.name, pairs[number][0].address)
            raise

    for (number, _device, _attributes), found in zip(wanted, vendor.client.map(read, wanted), strict=True):
        if isinstance(found, Device):
            enriched[number] = (pairs[number][0], found)
        else:
            errors.append(found)
            enriched[number] = None
    return [pair for pair in enriched if pair is not None]


def _looked_into(declaration: Declaration) -> frozenset[str]:
    """The declared attributes whose values matter: no metafields where none is named."""
    names = frozenset(declaration.attributes())
    return names if declaration.metafields or declaration.absent_metafields else names - {"metafields"}


def _planned(
    vendor: Vendor, sight: Sight, declaration: Declaration, device: Device | None, errors: list[FleetformError]
) -> DevicePlan | None:
    if device is None and (reason := sight.hidden.get(declaration.address)):
        return DevicePlan(declaration, None, None, blocked=f"out_of_sight: {reason}")
    try:
        if declaration.state == "absent":
            return plan_device(vendor, declaration, device, Desired())
        return plan_device(vendor, declaration, device, vendor.resolve(declaration, device))
    except DeclarationError as error:
        errors.append(_placed(error, vendor.settings.name, declaration.address))
        return None


def _of_account(error: FleetformError, vendor: Vendor) -> FleetformError:
    """The error as one about a whole account. One without a name goes by its vendor and host."""
    if isinstance(error, ApiError) and vendor.settings.name is None:
        error.place = f"{vendor.NAME} at {urlsplit(vendor.settings.url).netloc}"
    return _placed(error, vendor.settings.name)


def _placed(error: FleetformError, account: str | None, device: str | None = None) -> FleetformError:
    """The error with account and device filled in where it did not know them."""
    error.account = error.account or account
    error.device = error.device or device
    return error


def _without_vendor_words(vendor: Vendor, query: Query) -> Query:
    """The query without filters in the vendor's own words, which name no field of a record: the adapter sifts by these."""
    own = {name for name in query.filters if name in vendor.FILTERS and name.partition(".")[0] not in RECORD_FIELDS}
    return replace(query, filters={name: value for name, value in query.filters.items() if name not in own}) if own else query


def _with_fields(device: Device, fields: t.Collection[str]) -> Device:
    """The device with nothing in the fields of the record that were not asked for, whether the vendor can leave them out or not.

    Whose device it is, and which one, always stands there, and so does what other options asked for.
    """
    left_out = set(RECORD_FIELDS) - {*fields, "vendor", "account", "id"}
    nothing: dict[str, t.Any] = dict.fromkeys(left_out)
    return replace(device, **nothing)


def _told(vendor: Vendor, warnings: t.Iterable[str]) -> tuple[str, ...]:
    """Warnings that say which account they are about, where it has a name."""
    name = vendor.settings.name
    return tuple(text if name is None else f"account {name}: {text}" for text in warnings)


def _sorted(errors: t.Iterable[FleetformError]) -> list[FleetformError]:
    return sorted(errors, key=lambda error: (error.device or "", str(error)))


def _seconds(vendor: Vendor, steps: t.Sequence[Step]) -> float:
    """How long these steps take at the account's pace: nothing below one minute's worth, then a minute for each further one."""
    counts: dict[str, int] = {}
    for step in steps:
        counts[step.call.pace] = counts.get(step.call.pace, 0) + 1
    limits = vendor.settings.requests_per_minute
    return max(
        (max(0, count - limits[pace]) * 60 / limits[pace] for pace, count in counts.items() if limits.get(pace)), default=0.0
    )


def _until_all_have_ended(
    function: t.Callable[[T], R], items: t.Sequence[T], stop: threading.Event, stopping: t.Callable[[], None]
) -> list[R]:
    """``function`` over independent accounts, side by side. An interruption sets ``stop``, and waits until they have ended.

    ``stopping`` is called when it is set, whoever sets it. Further interruptions change nothing.
    """
    if not items:
        return []
    with ThreadPoolExecutor(max_workers=len(items), thread_name_prefix="fleetform-account") as pool:
        results = [pool.submit(function, item) for item in items]
        running = set(results)
        told = False
        while running:
            try:
                if stop.is_set() and not told:
                    told = True
                    stopping()
                _ended, running = wait(running, timeout=None if told else _LOOK_UP)
            except KeyboardInterrupt:
                stop.set()
        if stop.is_set() and not told:
            stopping()
    return [future.result() for future in results]


def _parallel(function: t.Callable[[T], R], items: t.Sequence[T]) -> list[R]:
    """``function`` over independent accounts, side by side, results in order."""
    if len(items) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(max_workers=len(items), thread_name_prefix="fleetform-account") as pool:
        return list(pool.map(function, items))
