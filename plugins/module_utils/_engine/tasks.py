# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The body of every module, without Ansible: parameters in, result out.

A one-device task is a plan of size one and check mode is a plan that is not applied. What tells the one-device tasks apart
stands in ``_STATES``: which options each of them states. All but ``device`` change a device that is there: ``name`` says which
one is meant, no more, and none is created.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import typing as t
from datetime import UTC, datetime

from ansible_collections.fleetform.devices.plugins.module_utils._engine import argspec
from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import Report
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from, tags_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    DECLARED_WRONG,
    DeclarationError,
    FleetformError,
    MissingLibrary,
    SettingsError,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet, Scope
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import RequestNote
from ansible_collections.fleetform.devices.plugins.module_utils._engine.limits import UPDATE, Limit, excesses, limits_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.listings import Crowd
from ansible_collections.fleetform.devices.plugins.module_utils._engine.masking import LEAST_SECRET, Masker
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import (
    IDENTIFIERS,
    Declaration,
    Device,
    Query,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import (
    Change,
    DevicePlan,
    Plan,
    shown_diff,
    shown_record,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import plan_as_data
from ansible_collections.fleetform.devices.plugins.module_utils._engine.redaction import hidden_by, hide
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import ACCOUNT_OPTIONS, SECRET_OPTIONS

Params = t.Mapping[str, t.Any]
Result = dict[str, t.Any]

_IDENTITY = tuple(argspec.IDENTITY)


@dataclasses.dataclass(frozen=True)
class _Stated:
    """What a one-device task states: the options that it hands on, and by ``state`` what it declares in place of the first."""

    options: tuple[str, ...]
    instead: t.Mapping[str, t.Callable[[Params], dict[str, t.Any]]] = dataclasses.field(default_factory=dict)


def perform(
    task: str,
    params: Params,
    *,
    check_mode: bool,
    diff_mode: bool,
    shared_path: str | None = None,
    environ: t.Mapping[str, str] | None = None,
    tool_version: str = "unknown",
    observer: t.Callable[[RequestNote], None] | None = None,
    kept: dict[str, Fleet] | None = None,
    crowd: Crowd | None = None,
) -> Result:
    """Carries a task out and returns its result. ``params`` were validated against argspec.spec_of(task).

    The result always holds ``changed``, and ``failed`` with ``msg`` where something went wrong, also beside what had been changed
    by then. It may hold ``warnings`` (list of text) and ``missing_library`` (an import name), both for the caller to word. In
    check mode nothing is sent that could change a cloud. Never raises FleetformError; no secret is in the result.

    ``kept`` is where accounts stay open for the next call with the same ones, as in a loop: connections and tokens serve all its
    items. Everything else is read anew each time, so that an item does and returns what it would alone. ``crowd`` says that the
    same task runs for other hosts just now: what they declare is planned by listings that are read once for all.
    """
    run = _Run(params, check_mode, diff_mode, tool_version)
    masker = Masker(secret_values(params))
    try:
        how = {"environ": environ, "shared_path": shared_path, "observer": observer, "crowd": crowd}
        with _opened(accounts_of(params), kept, **how) as fleet:
            before = fleet.calls
            try:
                result = _BODIES[task](run, fleet)
            except FleetformError as error:
                result = _failure([error])
            result["calls"] = {kind: count - before[kind] for kind, count in fleet.calls.items()}
            masker.add(*fleet.secrets())
    except FleetformError as error:
        result = _failure([error])
    return t.cast(Result, masker.scrub(result))


@contextlib.contextmanager
def _opened(accounts: dict[str | None, dict[str, t.Any]], kept: dict[str, Fleet] | None, **how: t.Any) -> t.Iterator[Fleet]:
    """The open accounts, closed afterwards unless they are to be kept. Raises SettingsError, MissingLibrary."""
    if kept is None:
        with Fleet(accounts, **how) as fleet:
            yield fleet
        return
    wanted = json.dumps(sorted(accounts.items(), key=lambda item: item[0] or ""), sort_keys=True, default=str)
    key = hashlib.sha256(wanted.encode()).hexdigest()
    if key in kept:
        kept[key].forget()
    else:
        kept[key] = Fleet(accounts, **how)
    yield kept[key]


def secret_values(params: Params) -> set[str]:
    """Every value in these parameters that must be shown nowhere.

    In ``accounts`` that is each leaf but those of options known to be harmless: a misspelt ``tokne`` holds a secret all the same.
    """
    secrets = {str(params[name]) for name in SECRET_OPTIONS if params.get(name)}
    accounts = params.get("accounts")
    for options in accounts.values() if isinstance(accounts, dict) else [accounts]:
        for name, value in options.items() if isinstance(options, dict) else [(None, options)]:
            if name not in ACCOUNT_OPTIONS or name in SECRET_OPTIONS:
                secrets.update(_leaves(value))
    for options in _declared(params):
        for value in hidden_by(options["metafields"], _secret_metafields(options, params)):
            secrets.update(text for text in _leaves(value) if len(text) >= LEAST_SECRET)
    return secrets


def shown_params(params: Params) -> dict[str, t.Any]:
    """The parameters with the values of secret metafields hidden by place, which also works for values too short to look for."""
    shown = dict(params)
    if isinstance(params.get("devices"), list):
        shown["devices"] = [
            _without_secrets(options, params) if isinstance(options, dict) else options for options in params["devices"]
        ]
    if isinstance(params.get("defaults"), dict):
        shown["defaults"] = _without_secrets(params["defaults"], params)
    return _without_secrets(shown, params)


def _without_secrets(options: Params, params: Params) -> dict[str, t.Any]:
    hidden = dict(options)
    secret = _secret_metafields(options, params)
    if secret and isinstance(options.get("metafields"), dict):
        hidden["metafields"] = hide(options["metafields"], secret)
    return hidden


def _declared(params: Params) -> list[Params]:
    """Every dict in the parameters that can declare metafields."""
    devices = params.get("devices")
    found = [params, params.get("defaults"), *(devices if isinstance(devices, list) else ())]
    return [options for options in found if isinstance(options, dict) and isinstance(options.get("metafields"), dict)]


def _secret_metafields(options: Params, params: Params) -> set[str]:
    """The names that are secret for these options. The names of any device count for all of them: too many is safe."""
    devices = params.get("devices")
    lists = [options.get("secret_metafields"), params.get("secret_metafields")]
    for other in (params.get("defaults"), *(devices if isinstance(devices, list) else ())):
        if isinstance(other, dict):
            lists.append(other.get("secret_metafields"))
    return {str(name) for names in lists if isinstance(names, (list, tuple)) for name in names}


def _leaves(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif value is not None and not isinstance(value, bool) and str(value):
        yield str(value)


def accounts_of(params: Params) -> dict[str | None, dict[str, t.Any]]:
    """``accounts``, or the one account that the options at the top level form; the two are never merged. Raises SettingsError."""
    accounts = params.get("accounts")
    if accounts is None:
        if params.get("account") is not None:
            raise SettingsError("`account` names an entry of `accounts`, which is not given")
        return {None: {name: params.get(name) for name in argspec.ACCOUNT}}
    if not accounts:
        raise SettingsError("`accounts` is empty")
    for name, options in accounts.items():
        if not isinstance(name, str) or not name:
            raise SettingsError("`accounts`: each name must be a string; quote it")
        if options is not None and not isinstance(options, dict):
            raise SettingsError("`accounts`: what stands under each name must be a dictionary of account options", account=name)
    return {name: options or {} for name, options in accounts.items()}


def _failure(errors: t.Sequence[FleetformError]) -> Result:
    result: Result = {"changed": False, "failed": True, "msg": "\n".join(dict.fromkeys(str(error) for error in errors))}
    result["calls"] = {"read": 0, "write": 0}
    for error in errors:
        if isinstance(error, MissingLibrary):
            result["missing_library"] = error.library
    return result


@dataclasses.dataclass(frozen=True)
class _Run:
    """How a task is to be run."""

    params: Params
    check_mode: bool
    diff_mode: bool
    tool_version: str


def _exact_tags(params: Params) -> dict[str, t.Any]:
    return {"tags": params["tags"], "purge_tags": True}


def _absent_tags(params: Params) -> dict[str, t.Any]:
    """Names, or a dict whose values must match unless null, as what has to go."""
    tags = tags_from(params["tags"], _refuse)
    return {"absent_tags": tags if isinstance(tags, dict) else dict.fromkeys(tags)}


def _absent_metafields(params: Params) -> dict[str, t.Any]:
    names = params["metafields"]
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        _refuse("metafields: with state absent give a list of metafield names")
    return {"absent_metafields": names}


def _metafields(params: Params) -> dict[str, t.Any]:
    if not isinstance(params["metafields"], dict):
        _refuse("metafields must be a dictionary of name and value")
    return {"metafields": params["metafields"]}


def _no_owner(params: Params) -> dict[str, t.Any]:
    if params.get("owner"):
        _refuse("owner: with state absent the owner is removed, whoever it is; leave owner out")
    return {"owner": ""}


def _refuse(text: str) -> t.NoReturn:
    raise DeclarationError(text)


_STATES: t.Mapping[str, _Stated] = {
    "device": _Stated((*argspec.DECLARATION, *argspec.METAFIELDS)),
    "device_tag": _Stated(("tags",), instead={"exact": _exact_tags, "absent": _absent_tags}),
    "device_metafield": _Stated(
        ("metafields", *argspec.METAFIELDS), instead={"present": _metafields, "absent": _absent_metafields}
    ),
    "device_owner": _Stated(("owner", "transfer_to"), instead={"absent": _no_owner}),
}
"""The tasks that state something of one device."""


def _declaration(task: str, params: Params) -> Declaration:
    """What a one-device task declares. Raises DeclarationError."""
    stated = _STATES[task]
    given = {name: params.get(name) for name in (*_IDENTITY, *stated.options)}
    if (instead := stated.instead.get(params["state"])) is not None:
        del given[stated.options[0]]
        given.update(instead(params))
    absent: dict[str, t.Any] = {name: given.pop(name) for name in ("absent_tags", "absent_metafields") if name in given}
    declaration = declaration_from(given, account=params.get("account"))
    whole = task == "device"
    return dataclasses.replace(declaration, renames=declaration.renames and whole, creates=whole, **absent)


def _state_one(task: str) -> t.Callable[[_Run, Fleet], Result]:
    def body(run: _Run, fleet: Fleet) -> Result:
        plan = fleet.plan([_declaration(task, run.params)])
        if plan.errors:
            return _failure(plan.errors)
        (device,) = plan.devices
        if device.blocked is not None:
            return _failure(
                [DeclarationError(f"blocked: {device.blocked}", account=device.declaration.account, device=device.address)]
            )
        report = None if run.check_mode else fleet.apply(plan)
        result = _rehearsed(run, fleet, plan, _outcome(plan, report, addressed=False))
        result["device"] = _record(device, report)
        if run.diff_mode:
            result["diff"] = _headed(device)
        return result

    return body


def _outcome(plan: Plan, report: Report | None, *, addressed: bool) -> Result:
    """``changed``, ``changes`` and, where the report says so, ``failed``: what was done, or in check mode would be."""
    done = plan.changes if report is None else [entry.change for entry in report.results if entry.status == "done"]
    changed = bool(done) if report is None else report.changed
    result: Result = {"changed": changed, "changes": [_shown_change(change, addressed) for change in done]}
    warnings = plan.warnings
    if report is not None:
        warnings += [
            f"{entry.change.address}: {entry.message}" for entry in report.results if entry.status == "done" and entry.message
        ]
    if warnings:
        result["warnings"] = warnings
    if notes := plan.notes:
        result["notes"] = notes
    if report is not None and report.failed:
        result["failed"] = True
        result["msg"] = "\n".join(report.problems())
    return result


def _rehearsed(run: _Run, fleet: Fleet, plan: Plan, result: Result) -> Result:
    """The result, failed where the vendors were asked to judge the plan and refuse something of it."""
    if run.check_mode and run.params.get("validate_at_vendor") and (refused := fleet.rehearse(plan)):
        result["failed"] = True
        result["msg"] = "\n".join(str(error) for error in refused)
    return result


def _shown_change(change: Change, addressed: bool) -> dict[str, t.Any]:
    return {"address": change.address, **change.as_data()} if addressed else change.as_data()


def _record(device: DevicePlan, report: Report | None) -> dict[str, t.Any] | None:
    """The record as it is now, or in check mode as it would be; None for a device that is gone."""
    after: Device | None = device.after if report is None else report.devices.get(device.address)
    return shown_record(after, device.declaration)


def _headed(device: DevicePlan) -> dict[str, t.Any]:
    sides = shown_diff(device)
    return {"before_header": device.address, "after_header": device.address, "before": sides["before"], "after": sides["after"]}


def query_of(params: Params) -> Query:
    """What the reading options ask for."""
    fields = {item.name for item in dataclasses.fields(Query)}
    given = {name: params[name] for name in fields if params.get(name) is not None}
    for name in ("fields", "sort"):
        given[name] = tuple(given.get(name, ()))
    given["gather"] = frozenset(given.get("gather", ()))
    return Query(**given)


def _read(run: _Run, fleet: Fleet) -> Result:
    listing = fleet.list_devices(run.params.get("account"), query_of(run.params))
    result: Result = {
        "changed": False,
        "devices": [device.record() for device in listing.devices],
        # A vendor that counts does not list: then the groups say how many there are.
        "count": len(listing.devices) or sum(entry["count"] for entry in listing.groups or ()),
        "groups": listing.groups,
    }
    if listing.warnings:
        result["warnings"] = list(listing.warnings)
    return result


def _act(run: _Run, fleet: Fleet) -> Result:
    params = run.params
    declaration = None
    if params["action"] != "activation_code":
        declaration = dataclasses.replace(
            declaration_from({name: params.get(name) for name in _IDENTITY}, account=params.get("account")), renames=False
        )
    elif given := [name for name in (*IDENTIFIERS, "name") if params.get(name) is not None]:
        _refuse(f"{', '.join(given)}: an activation code is for a device that does not exist yet; give space or owner instead")
    options = {
        name: params.get(name)
        for name in ("event_code", "description", "space", "owner", "model")
        if params.get(name) is not None
    }
    result = fleet.act(params.get("account"), params["action"], declaration, options, check_mode=run.check_mode)
    change = {"action": params["action"], "attribute": None, "before": None, "after": None}
    return {"changed": True, "changes": [change], "result": result}


def _converge(run: _Run, fleet: Fleet) -> Result:
    declarations, errors = _fleet_declarations(run.params)
    plan = fleet.plan(declarations, _scopes(run.params))
    errors.extend(plan.errors)
    wrong = [error for error in errors if isinstance(error, DECLARED_WRONG)]
    over = {
        excess: DeclarationError(f"{excess.fact}. Look at the plan; if it is meant, say so by max_changes")
        for excess in excesses(plan, _limits(run.params))
    }
    errors.extend(over.values())
    # Check mode still shows what it is that is too much.
    if not run.check_mode:
        wrong.extend(over.values())
    report = None if run.check_mode or wrong else fleet.apply(plan)
    result = _failure(errors) if wrong else _rehearsed(run, fleet, plan, _outcome(plan, report, addressed=True))
    if not wrong:
        if blocked := plan.blocked:
            result["warnings"] = [*result.get("warnings", []), *blocked]
        if errors:
            problems = [str(error) for error in errors] + ([result["msg"]] if "msg" in result else [])
            result["failed"] = True
            result["msg"] = "\n".join(problems)
        wanted = [device for device in plan.devices if device.changes or run.params["return_devices"] == "all"]
        result["devices"] = [record for device in wanted if (record := _record(device, report)) is not None]
        if run.diff_mode:
            result["diff"] = [_headed(device) for device in plan.devices if device.changes]
    result["plan"] = plan_as_data(plan, tool_version=run.tool_version, now=datetime.now(UTC))
    result["plan"]["over_limit"] = [{**dataclasses.asdict(excess), "message": error.message} for excess, error in over.items()]
    return result


def _scopes(params: Params) -> list[Scope]:
    """The scopes of ``prune``. Raises DeclarationError for one that is empty: it would mean every device of the account."""
    scopes = []
    for number, entry in enumerate(params.get("prune") or ()):
        where = entry.get("declared_at") or f"prune[{number}]"
        if not entry["scope"]:
            raise DeclarationError(f"{where}: scope is empty; say which devices are meant, such as a space or a tag")
        scopes.append(Scope(entry.get("account") or params.get("account"), entry["scope"], where))
    return scopes


def _limits(params: Params) -> dict[str, Limit]:
    """The limits of a task. What a task itself declares is meant; how much of it may change is asked for where it says so."""
    limits = limits_from(params.get("max_changes"))
    declared = params.get("file") is not None or "update" in (params.get("max_changes") or {})
    return limits if declared else {**limits, UPDATE: Limit()}


def _fleet_declarations(params: Params) -> tuple[list[Declaration], list[FleetformError]]:
    """The declarations of ``devices``, with ``defaults`` under each, and every one that is wrong in itself."""
    defaults = {name: value for name, value in (params.get("defaults") or {}).items() if value is not None}
    defaults.setdefault("account", params.get("account"))
    declarations: list[Declaration] = []
    errors: list[FleetformError] = []
    for number, options in enumerate(params.get("devices") or ()):
        given = {name: value for name, value in options.items() if value is not None}
        place = given.pop("declared_at", f"devices[{number}]")
        try:
            declarations.append(declaration_from({**defaults, **given}, declared_at=place))
        except DeclarationError as error:
            errors.append(error)
    return declarations, errors


_BODIES: t.Mapping[str, t.Callable[[_Run, Fleet], Result]] = {
    **{task: _state_one(task) for task in _STATES},
    "device_info": _read,
    "device_action": _act,
    "fleet": _converge,
}
