# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands that talk to clouds: they open the accounts, plan, ask, apply, and say what came of it."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from ansible_collections.fleetform.devices.plugins.module_utils._engine import savedplan
from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import Report
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DECLARED_WRONG, FleetformError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import RequestNote
from ansible_collections.fleetform.devices.plugins.module_utils._engine.limits import excesses, limits_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import (
    IRREVERSIBLE,
    DevicePlan,
    Plan,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import REFUSED, plan_as_data
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_file import LoadedFleet
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_paths import FleetFileError
from fleetform import exporter, saved
from fleetform.account_source import AccountSource, account_source
from fleetform.applying import (
    Journal,
    Locked,
    Onlooker,
    Open,
    journals,
    one_at_a_time,
    report_as_data,
    tell,
    unfinished,
    wait_for,
)
from fleetform.exits import ERROR, INTERRUPTED, NOTHING_SENT, Stop
from fleetform.loading import Source, load
from fleetform.planning import Chosen, Planned, bound_to, make
from fleetform.render import rendered
from fleetform.render.words import plain

_FEW = 3
"""As many devices are named where they have the same to say."""


@dataclass(frozen=True)
class Order:
    """How an apply is wanted: ``allow`` names actions that cannot be undone, ``once`` raises limits for this run."""

    yes: bool = False
    allow: frozenset[str] = frozenset()
    once: Mapping[str, int] = field(default_factory=dict)
    lock_timeout: float = 0.0
    journal: Path | None = None
    quiet: bool = False
    verbose: bool = False
    partial: bool = False


@dataclass(frozen=True)
class Ended:
    """What an apply came to: its exit code, and the report as data where something was sent."""

    code: int
    report: dict[str, Any] | None = None


def plan_fleet(source: Source, chosen: Chosen) -> dict[str, Any]:
    """The plan as data, with what it is bound to. Raises Stop."""
    loaded = loaded_fleet(source)
    with opened(loaded, verbose=source.verbose) as fleet:
        data = made(fleet, loaded, chosen, {}).data
        _warn(data)
        # As it was typed: what a folder holds is looked up anew by whoever applies the plan.
        return {**data, "files": list(source.files or ["fleet.yml"]), "bound": bound_to(fleet, loaded, data)}


def apply_fleet(source: Source, chosen: Chosen, order: Order) -> Ended:
    """Plans, asks, and applies. Raises Stop."""
    loaded = loaded_fleet(source)
    with opened(loaded, verbose=source.verbose) as fleet, _alone(fleet, order):
        return _told(_applied(fleet, loaded, chosen, order))


def apply_plan(data: dict[str, Any], source: Source, order: Order) -> Ended:
    """Applies a saved plan: what of it is not in effect yet, on devices that have not changed otherwise. Raises Stop."""
    try:
        # Before any file that it names: a fleet file says who gets the credentials of the environment.
        savedplan.check_itself(data, now=datetime.now(UTC), key=saved.key(NOTHING_SENT), partial=order.partial)
        loaded = loaded_fleet(_with_files_of(data, source))
        with opened(loaded, verbose=source.verbose) as fleet:
            savedplan.check_binding(data, bound_to(fleet, loaded, data))
            with _alone(fleet, order):
                return _told(_held(fleet, loaded, data, order))
    except savedplan.PlanRefused as error:
        raise Stop(str(error), NOTHING_SENT) from None


def _with_files_of(data: dict[str, Any], source: Source) -> Source:
    """The source with the files that a plan names, where the command line names none. Raises PlanRefused and Stop."""
    if source.files:
        return source
    files = saved.files_of(data)
    if outside := saved.outside(files):
        raise savedplan.PlanRefused(
            f"the plan names {', '.join(map(plain, outside))}, outside of this folder; if that is meant, say it with --file"
        )
    if missing := [name for name in files if not Path(name).exists()]:
        raise Stop(f"{plain(missing[0])}: the plan names it, and it is not here; run where it is, or say with --file where it is")
    click.echo(f"Reading {', '.join(map(plain, files))} as the plan says.", err=True)
    return replace(source, files=files)


def refused(message: str) -> dict[str, Any]:
    """The report of an apply that sent nothing, because it was refused before there was anything to plan."""
    nothing = plan_as_data(Plan(), tool_version=version("fleetform"), now=datetime.now(UTC))
    error = {"account": None, "address": None, "kind": "Refused", "cause": REFUSED, "message": message}
    return report_as_data(Report(), {**nothing, "errors": [error], "refused": message})


def _told(ended: Ended) -> Ended:
    """The same with a report that agrees with the exit code."""
    if ended.report is None or ended.code != ERROR:
        return ended
    return replace(ended, report={**ended.report, "failed": True})


def _withheld(ended: Ended, devices: Iterable[DevicePlan]) -> Ended:
    """What an apply came to, where something that is declared for these devices may not be done, and waits for nobody."""
    held = [plain(device.address) for device in devices if device.blocked is not None and not device.waits]
    if not held or ended.code in (NOTHING_SENT, INTERRUPTED):
        return ended
    named = ", ".join(held[:_FEW]) + (" and others" if len(held) > _FEW else "")
    click.echo(f"{len(held)} device{' is' if len(held) == 1 else 's are'} blocked: {named}.", err=True)
    return replace(ended, code=ended.code or ERROR)


@contextlib.contextmanager
def _alone(fleet: Fleet, order: Order) -> Iterator[None]:
    """Holds the clouds of a fleet for this apply, once calls that an earlier one left open have had time to end. Raises Stop."""
    clouds = _clouds(fleet)
    try:
        with one_at_a_time(list(clouds.values()), order.lock_timeout):
            left = _left_open(order, clouds)
            for row in left:
                tell(f"An earlier apply ended before it knew what came of {plain(row.text)}; it is looked at anew.")
            wait_for(left)
            yield
    except Locked as error:
        raise Stop(str(error), NOTHING_SENT) from None


def _left_open(order: Order, clouds: Mapping[str, str]) -> list[Open]:
    """The calls that earlier applies did not see end. Raises Stop."""
    try:
        found = journals(order.journal)
        return unfinished(found, clouds)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        if order.journal is not None:
            raise Stop(f"{order.journal}: the journal cannot be used: {error.strerror}", NOTHING_SENT) from None
        text = f"{where}journals of earlier applies cannot be looked for: {error.strerror}; say where with --journal"
        raise Stop(text, NOTHING_SENT) from None


def _clouds(fleet: Fleet) -> dict[str, str]:
    """What an apply must have to itself, by account."""
    return {name or "": " ".join(filter(None, parts)) for name, parts in fleet.homes(list(fleet.clouds())).items()}


def _held(fleet: Fleet, loaded: LoadedFleet, data: dict[str, Any], order: Order) -> Ended:
    fresh, held = _held_now(fleet, loaded, data, order)
    for address, reason in sorted(held.skipped.items()):
        click.echo(f"{address}: skipped: {reason}", err=True)
    if held.already:
        click.echo(f"{len(held.already)} of the planned devices are as planned already.", err=True)
    if fresh.plan.changes:
        ended = _sent(fleet, fresh, order, lambda: _held_now(fleet, loaded, data, order)[0])
    else:
        click.echo("There is nothing left to do.", err=True)
        ended = Ended(0, report_as_data(Report(), fresh.data))
    blocked = {row["address"] for row in data["blocked"]}
    ended = _withheld(ended, (device for device in fresh.whole.devices if device.address in blocked))
    return replace(ended, code=ended.code or (ERROR if held.skipped else 0))


def _held_now(fleet: Fleet, loaded: LoadedFleet, data: dict[str, Any], order: Order) -> tuple[Planned, savedplan.Held]:
    """What of a saved plan is still to be done, by what is there now. Raises Stop and PlanRefused."""
    fresh = made(fleet, loaded, Chosen(), order.once)
    held = savedplan.hold(data, fresh.plan, fleet.plan)
    plan = savedplan.only(fresh.plan, held, fleet.narrowed)
    over = excesses(plan, limits_from(loaded.max_changes), order.once, whole=fresh.plan)
    now = plan_as_data(plan, tool_version=version("fleetform"), now=datetime.now(UTC))
    now["skipped"] = [{"address": address, "message": reason} for address, reason in sorted(held.skipped.items())]
    return replace(fresh, plan=plan, data=now, over=over), held


def _applied(fleet: Fleet, loaded: LoadedFleet, chosen: Chosen, order: Order) -> Ended:
    planned = made(fleet, loaded, chosen, order.once)
    _warn(planned.data)
    if any(isinstance(error, DECLARED_WRONG) for error in planned.plan.errors):
        click.echo(rendered(planned.data, "text", colour=sys.stderr.isatty()), err=True, nl=False)
        click.echo("Nothing was sent: what is declared is wrong in part; mend that first", err=True)
        return Ended(NOTHING_SENT, report_as_data(Report(), planned.data))
    ended = _sent(fleet, planned, order, lambda: made(fleet, loaded, chosen, order.once))
    return _withheld(ended, planned.plan.devices)


def _warn(data: Mapping[str, Any]) -> None:
    """Says what was asked for in vain."""
    for pair in data["unmatched"]:
        click.echo(f"warning: no declared device fits --where {plain(pair)}", err=True)


def _sent(fleet: Fleet, planned: Planned, order: Order, again: Callable[[], Planned]) -> Ended:
    """Shows a plan, asks, and sends it. ``again`` makes it anew, since whoever was asked may have taken his time."""
    click.echo(rendered(planned.data, "text", colour=sys.stderr.isatty()), err=True, nl=False)
    if not planned.plan.changes:
        return Ended(ERROR if planned.plan.errors else 0, report_as_data(Report(), planned.data))
    refusal = _refusal(planned, order)
    if refusal is None and not order.yes and again().data["changes"] != planned.data["changes"]:
        refusal = "what is there has changed while you were asked; look at the plan anew"
    if refusal is not None:
        click.echo(f"Nothing was sent: {refusal}", err=True)
        return Ended(NOTHING_SENT, report_as_data(Report(), planned.data))
    try:
        journal = Journal(order.journal, _clouds(fleet), {name or "": seconds for name, seconds in fleet.timeouts().items()})
    except OSError as error:
        raise Stop(f"the journal cannot be written: {error}", NOTHING_SENT) from None
    stop = threading.Event()
    with terminable(stop), Onlooker(planned.plan, journal, shown=not order.quiet, bar=not order.verbose) as onlooker:
        report = fleet.apply(planned.plan, onlooker, stop)
    for line in report.problems():
        tell(line)
    done = sum(result.status == "done" for result in report.results)
    already = sum(result.status == "already" for result in report.results)
    words = "Interrupted: " if report.interrupted else ""
    more = f", {already} were in effect already" if already else ""
    tell(f"{words}{done} of {len(report.results)} changes are done{more}.")
    if onlooker.broken is not None:
        tell(f"error: the journal cannot be written any more, so that nothing further was sent: {onlooker.broken.strerror}")
    code = _code(report, planned.plan) if onlooker.broken is None else ERROR
    return Ended(code, report_as_data(report, planned.data))


@contextlib.contextmanager
def terminable(stop: threading.Event) -> Iterator[None]:
    """Within the block Ctrl-C, a request to terminate and a lost terminal set ``stop``: calls under way end, and that is told.

    It begins none that the process was started to ignore. Once stopped, what was done is told to the end: Ctrl-C and a terminal
    that goes are ignored from then on.
    """

    def interrupt(_signal: int, _frame: object) -> None:
        stop.set()

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in heard:
            ends = stop.is_set() and number != signal.SIGTERM
            signal.signal(number, signal.SIG_IGN if ends else before[number] or signal.SIG_DFL)


def _code(report: Report, plan: Plan) -> int:
    if report.interrupted:
        return INTERRUPTED
    return ERROR if report.failed or plan.errors else 0


def _refusal(planned: Planned, order: Order) -> str | None:
    """Why this plan must not be applied as it was asked for; None where it may."""
    if planned.over:
        return "; ".join(str(excess) for excess in planned.over)
    risky = sorted({change.action for change in planned.plan.changes if change.action in IRREVERSIBLE} - order.allow)
    if order.yes:
        return f"{', '.join(risky)} cannot be undone; say --allow {','.join(risky)} if it is meant" if risky else None
    if not sys.stdin.isatty():
        return "there is no terminal to ask on; say --yes if the plan is right"
    warning = f" {', '.join(risky)} cannot be undone." if risky else ""
    click.echo(f"Apply this plan?{warning} Type yes: ", err=True, nl=False)
    # The end of the input is no yes.
    return None if sys.stdin.readline().strip() == "yes" else "it was declined"


def loaded_fleet(source: Source, account: str | None = None) -> LoadedFleet:
    """What the files say; with ``account`` the others need no credentials. Raises Stop."""
    try:
        loaded = load(source, account)
    except FleetFileError as error:
        raise Stop(str(error)) from None
    if not loaded.accounts:
        raise Stop(f"{', '.join(loaded.files)}: there are no accounts; name at least one under accounts:")
    return loaded


def opened(loaded: LoadedFleet, *, verbose: bool) -> Fleet:
    """The accounts, open. Raises Stop."""
    try:
        return Fleet(loaded.accounts, observer=_show_request if verbose else None)
    except FleetformError as error:
        raise Stop(str(error)) from None


def _show_request(note: RequestNote) -> None:
    answer = "no answer" if note.status is None else f"HTTP {note.status}"
    again = f", attempt {note.attempt}" if note.attempt > 1 else ""
    tell(plain(f"{note.method} {note.path}: {answer} after {note.seconds:.2f} s{again}"))


def made(fleet: Fleet, loaded: LoadedFleet, chosen: Chosen, once: Mapping[str, int]) -> Planned:
    """The plan. Raises Stop."""
    try:
        return make(fleet, loaded, chosen, once)
    except FleetformError as error:
        raise Stop(str(error)) from None


def import_fleet(source: Source, account: str, folder: Path) -> tuple[exporter.Exported, AccountSource]:
    """The devices of an account as declarations, and its account as it is written, for a file in this folder. Raises Stop."""
    loaded = loaded_fleet(source, account)
    if account not in loaded.accounts:
        raise Stop(
            f"there is no account {account!r}; the accounts are: {', '.join(sorted(str(name) for name in loaded.accounts))}"
        )
    # The credentials of the others are nobody's business here.
    alone = replace(loaded, accounts={account: loaded.accounts[account]})
    try:
        copied = account_source(loaded.files, account, folder)
        with opened(alone, verbose=source.verbose) as fleet:
            vendor = (fleet.clouds()[account])[0]
            return exporter.export(fleet, account, vendor), copied
    except FleetformError as error:
        raise Stop(str(error)) from None
