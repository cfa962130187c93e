# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands that talk to clouds: they open the accounts, plan, ask, apply, and say what came of it."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ansible_collections.fleetform.devices.plugins.module_utils._engine import savedplan
from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import Report
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DECLARED_WRONG, FleetformError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import RequestNote
from ansible_collections.fleetform.devices.plugins.module_utils._engine.limits import excesses, limits_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import (
    IRREVERSIBLE,
    Plan,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import plan_as_data
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_file import LoadedFleet
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_paths import FleetFileError
from fleetform import exporter, saved
from fleetform.applying import Journal, Locked, Onlooker, Open, journals, one_at_a_time, report_as_data, unfinished, wait_for
from fleetform.exits import ERROR, INTERRUPTED, NOTHING_SENT, Stop
from fleetform.loading import Source, load
from fleetform.planning import Chosen, Planned, bound_to, make
from fleetform.render import rendered
from fleetform.render.words import plain


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
        return {**data, "bound": bound_to(fleet, loaded)}


def apply_fleet(source: Source, chosen: Chosen, order: Order) -> Ended:
    """Plans, asks, and applies. Raises Stop."""
    loaded = loaded_fleet(source)
    with opened(loaded, verbose=source.verbose) as fleet, _alone(fleet, order):
        return _applied(fleet, loaded, chosen, order)


def apply_plan(data: dict[str, Any], source: Source, order: Order) -> Ended:
    """Applies a saved plan: what of it is not in effect yet, on devices that have not changed otherwise. Raises Stop."""
    files = source.files or data.get("files") or ()
    loaded = loaded_fleet(replace(source, files=tuple(str(file) for file in files)))
    with opened(loaded, verbose=source.verbose) as fleet:
        try:
            savedplan.check(data, bound_to(fleet, loaded), now=datetime.now(UTC), key=saved.key(), partial=order.partial)
            with _alone(fleet, order):
                return _held(fleet, loaded, data, order)
        except savedplan.PlanRefused as error:
            raise Stop(str(error), NOTHING_SENT) from None


@contextlib.contextmanager
def _alone(fleet: Fleet, order: Order) -> Iterator[None]:
    """Holds the clouds of a fleet for this apply, once calls that an earlier one left open have had time to end. Raises Stop."""
    clouds = _clouds(fleet)
    try:
        with one_at_a_time(list(clouds.values()), order.lock_timeout):
            left = _left_open(order, clouds)
            for row in left:
                click.echo(
                    f"An earlier apply ended before it knew what came of {plain(row.text)}; it is looked at anew.", err=True
                )
            wait_for(left)
            yield
    except Locked as error:
        raise Stop(str(error), NOTHING_SENT) from None


def _left_open(order: Order, clouds: Mapping[str, str]) -> list[Open]:
    """The calls that earlier applies did not see end. Raises Stop."""
    try:
        return [row for path in journals(order.journal) for row in unfinished(path, clouds)]
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        text = f"{where}journals of earlier applies cannot be looked for: {error.strerror}; say where with --journal"
        raise Stop(text, NOTHING_SENT) from None


def _clouds(fleet: Fleet) -> dict[str, str]:
    """What an apply must have to itself, by account."""
    return {name or "": " ".join(filter(None, parts)) for name, parts in fleet.clouds().items()}


def _held(fleet: Fleet, loaded: LoadedFleet, data: dict[str, Any], order: Order) -> Ended:
    fresh = made(fleet, loaded, Chosen(), order.once)
    held = savedplan.hold(data, fresh.plan)
    for address, reason in sorted(held.skipped.items()):
        click.echo(f"{address}: skipped: {reason}", err=True)
    if held.already:
        click.echo(f"{len(held.already)} of the planned devices are as planned already.", err=True)
    plan = savedplan.only(fresh.plan, held, fleet.narrowed)
    over = excesses(plan, limits_from(loaded.max_changes), order.once, whole=fresh.plan)
    now = plan_as_data(plan, tool_version=version("fleetform"), now=datetime.now(UTC))
    now["skipped"] = [{"address": address, "message": reason} for address, reason in sorted(held.skipped.items())]
    if not plan.changes:
        click.echo("There is nothing left to do.", err=True)
        return Ended(ERROR if held.skipped else 0, report_as_data(Report(), now))
    ended = _sent(fleet, replace(fresh, plan=plan, data=now, over=over), order)
    return replace(ended, code=ended.code or (ERROR if held.skipped else 0))


def _applied(fleet: Fleet, loaded: LoadedFleet, chosen: Chosen, order: Order) -> Ended:
    planned = made(fleet, loaded, chosen, order.once)
    if any(isinstance(error, DECLARED_WRONG) for error in planned.plan.errors):
        click.echo(rendered(planned.data, "text", colour=sys.stderr.isatty()), err=True, nl=False)
        click.echo("Nothing was sent: what is declared is wrong in part; mend that first", err=True)
        return Ended(NOTHING_SENT, report_as_data(Report(), planned.data))
    return _sent(fleet, planned, order)


def _sent(fleet: Fleet, planned: Planned, order: Order) -> Ended:
    """Shows a plan, asks, and sends it."""
    click.echo(rendered(planned.data, "text", colour=sys.stderr.isatty()), err=True, nl=False)
    if not planned.plan.changes:
        return Ended(ERROR if planned.plan.errors else 0, report_as_data(Report(), planned.data))
    if refusal := _refusal(planned, order):
        click.echo(f"Nothing was sent: {refusal}", err=True)
        return Ended(NOTHING_SENT, report_as_data(Report(), planned.data))
    console = None if order.quiet else Console(stderr=True, highlight=False)
    try:
        journal = Journal(order.journal, _clouds(fleet))
    except OSError as error:
        raise Stop(f"the journal cannot be written: {error}", NOTHING_SENT) from None
    try:
        with Onlooker(planned.plan, journal, console, bar=not order.verbose) as onlooker, terminable():
            report = fleet.apply(planned.plan, onlooker)
    except OSError as error:
        raise Stop(f"the journal cannot be written any more, so that nothing further is sent: {error}") from None
    for line in report.problems():
        click.echo(line, err=True)
    done = sum(result.status == "done" for result in report.results)
    already = sum(result.status == "already" for result in report.results)
    words = "Interrupted: " if report.interrupted else ""
    more = f", {already} were in effect already" if already else ""
    click.echo(f"{words}{done} of {len(report.results)} changes are done{more}.", err=True)
    return Ended(_code(report, planned.plan), report_as_data(report, planned.data))


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Within the block a request to terminate is an interruption: calls under way end, and what was done is told."""

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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


def loaded_fleet(source: Source) -> LoadedFleet:
    """What the files say. Raises Stop."""
    try:
        loaded = load(source)
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
    click.echo(plain(f"{note.method} {note.path}: {answer} after {note.seconds:.2f} s{again}"), err=True)


def made(fleet: Fleet, loaded: LoadedFleet, chosen: Chosen, once: Mapping[str, int]) -> Planned:
    """The plan. Raises Stop."""
    try:
        return make(fleet, loaded, chosen, once)
    except FleetformError as error:
        raise Stop(str(error)) from None


def import_fleet(source: Source, account: str) -> tuple[exporter.Exported, str]:
    """The devices of an account as declarations, and the text of its account. Raises Stop."""
    loaded = loaded_fleet(source)
    if account not in loaded.accounts:
        raise Stop(
            f"there is no account {account!r}; the accounts are: {', '.join(sorted(str(name) for name in loaded.accounts))}"
        )
    with opened(loaded, verbose=source.verbose) as fleet:
        try:
            vendor = (fleet.clouds()[account])[0]
            return exporter.export(fleet, account, vendor), exporter.account_text(loaded.files, account)
        except FleetformError as error:
            raise Stop(str(error)) from None
