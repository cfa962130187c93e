# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The `fleetform` command: arguments, printing and exit codes.

What a command needs is imported when it runs, so that help is quick.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import functools
import math
import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fleetform.exits import CHANGES, ERROR, INTERRUPTED, Stop

if TYPE_CHECKING:
    from fleetform.loading import Source
    from fleetform.planning import Chosen
    from fleetform.running import Ended, Order

Command = TypeVar("Command", bound=Callable[..., Any])

FORMATS = ("text", "json", "markdown", "html", "junit")
"""What a plan can be printed as."""


class Pair(click.ParamType[tuple[str, str]]):
    """``key=value``."""

    name = "key=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """The two as a tuple."""
        key, sign, text = str(value).partition("=")
        if not sign or not key:
            self.fail(f"{value!r} is not of the form key=value", param, ctx)
        return key, text


class Seconds(click.FloatRange):
    """A number of seconds from 0, and a number indeed."""

    def __init__(self) -> None:
        super().__init__(min=0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds."""
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):
            self.fail(f"{value!r} is not a number", param, ctx)
        return seconds


def with_options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options in one decorator, in the order in which help shows them."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_file_options = with_options(
    click.option("-e", "--extra-vars", multiple=True, metavar="VARS", help="Variables: key=value, YAML or JSON, or @FILE."),
    click.option("--vault-id", "vault_ids", multiple=True, metavar="ID", help="Vault identity, as ansible-playbook takes it."),
    click.option("--vault-password-file", "vault_files", multiple=True, metavar="FILE", help="File or script with the password."),
    click.option("--allow-lookup", "lookups", multiple=True, metavar="NAME", help="One more lookup that templates may use."),
    click.option("-v", "--verbose", is_flag=True, help="Show each request on stderr, without secrets."),
)


def reads_files(metavar: str = "[FILE...]") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The argument FILE and what belongs to it; the command gets them as one ``source``."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def with_source(
            *,
            files: tuple[str, ...],
            extra_vars: tuple[str, ...],
            vault_ids: tuple[str, ...],
            vault_files: tuple[str, ...],
            lookups: tuple[str, ...],
            verbose: bool,
            **others: Any,
        ) -> Any:
            from fleetform.loading import Source

            return command(source=Source(files, extra_vars, vault_ids, vault_files, lookups, verbose), **others)

        return click.argument("files", nargs=-1, metavar=metavar, type=click.Path())(_file_options(with_source))

    return decorate


def _account_names(context: click.Context, _option: click.Parameter, begun: str) -> list[str]:
    """The accounts of the fleet files that stand on the command line, for the shell to complete."""
    from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_paths import FleetFileError, check, find

    try:
        files = check(find(context.params.get("files") or ["fleet.yml"]))
    except FleetFileError:
        return []
    return [name for checked in files.values() for name in checked.account_lines if name.startswith(begun)]


chooses = with_options(
    click.option("--where", multiple=True, type=Pair(), help="Only devices with this value, such as account=lab or name=Lobby."),
    click.option("--exclude", multiple=True, type=Pair(), help="No devices with this value."),
)
prints = with_options(
    click.option("--format", "forms", multiple=True, type=click.Choice(FORMATS), help="What to print; with --output as a pair."),
    click.option(
        "--output", "outputs", multiple=True, type=click.Path(dir_okay=False, path_type=Path), help="Write there instead."
    ),
    click.option("--max-chars", type=click.IntRange(1000), default=65_000, show_default=True, help="How long Markdown may be."),
)


def _open_streams() -> None:
    """Opens standard streams that were closed before the start, so that no file that is opened later takes their place."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            # The lowest number that is free is the one of the stream.
            os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(number, mode, encoding="utf-8"))  # noqa: SIM115 - open as long as the process


def _nobody_reads() -> None:
    """Lets what is left in the buffer of stdout go nowhere, since it would fail once more at the end of the process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class Fleetform(click.Group):
    """A group in which every mistake, wrong usage included, ends with 1."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """See click."""
        kwargs["standalone_mode"] = False
        _open_streams()
        try:
            try:
                return super().main(*args, **kwargs)
            finally:
                sys.stdout.flush()
        except click.ClickException as error:
            error.show()
            sys.exit(error.code if isinstance(error, Stop) else ERROR)
        except click.Abort:
            click.echo("interrupted", err=True)
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            # Whoever reads the output has seen enough.
            _nobody_reads()
            sys.exit(ERROR)
        except OSError as error:
            _nobody_reads()
            where = "the output" if error.filename is None else str(error.filename)
            click.echo(f"error: {where} cannot be written or read: {error.strerror or error}", err=True)
            sys.exit(ERROR)


@click.group(cls=Fleetform, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="fleetform", prog_name="fleetform")
def main() -> None:
    """Provision devices that live in vendor clouds.

    \b
      fleetform validate                      is the file right? no network
      fleetform plan                          what would change? nothing is written
      fleetform apply                         change it, after asking
      fleetform plan --exit-code              in a pipeline: 2 means drift

    \b
    It ends with 0 when it is done or there is nothing to do, with 1 after an error, with 2 where --exit-code finds changes,
    with 3 when an apply has sent nothing, and with 130 when it was interrupted.

    For completion in bash: eval "$(_FLEETFORM_COMPLETE=bash_source fleetform)"; zsh and fish likewise.

    FILE is fleet.yml when none is given. Try it without an account: `fleetform sandbox` serves simulated clouds here.
    """


@main.command()
@click.argument("files", nargs=-1, metavar="[FILE...]", type=click.Path())
def validate(files: tuple[str, ...]) -> None:
    """Check fleet files as they are written: no network, no lookups, no secrets.

    \b
      fleetform validate
      fleetform validate fleets/ shared.yml
    """
    from fleetform.checking import checked

    problems = checked(files)
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        raise Stop(f"{len(problems)} problem{'' if len(problems) == 1 else 's'} found")
    click.echo("The fleet files are right.")


@main.command()
@reads_files()
@chooses
@prints
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan there, for `fleetform apply PLAN`.")
@click.option("--expires", default="24h", show_default=True, metavar="TIME", help="How long a saved plan may be applied.")
@click.option("--exit-code", is_flag=True, help="End with 2 where there are changes.")
def plan(
    source: Source,
    where: tuple[tuple[str, str], ...],
    exclude: tuple[tuple[str, str], ...],
    forms: tuple[str, ...],
    outputs: tuple[Path, ...],
    max_chars: int,
    out: Path | None,
    expires: str,
    exit_code: bool,
) -> None:
    """Show what would have to change. Writes nothing to a cloud.

    \b
      fleetform plan
      fleetform plan --where account=lab
      fleetform plan --out plan.json && fleetform apply plan.json
      fleetform plan --format json --output drift.json --exit-code
    """
    from fleetform import saved
    from fleetform.running import plan_fleet

    life = saved.lifetime(expires)
    if out is not None:
        # What is wrong with it is said before anything is read.
        saved.key()
    pairs = _pairs(forms, outputs)
    _keep_apart([output for _form, output in pairs if output is not None], out, _read_by(source))
    data = plan_fleet(source, _chosen(where, exclude))
    if out is not None:
        # First, since whoever reads what is printed may stop reading.
        until = saved.write(data, out, life)
        click.echo(f"The plan is saved in {out} and holds until {until}.", err=True)
        if outside := saved.outside(saved.files_of(data)):
            files = " ".join(f"--file {shlex.quote(name)}" for name in source.files)
            click.echo(f"It names {', '.join(outside)}, outside of this folder: apply it with {files}", err=True)
    _print(data, pairs, max_chars)
    _end(data, exit_code)


def _end(data: dict[str, Any], exit_code: bool) -> None:
    """The exit code of a plan: errors beat changes."""
    from fleetform.render.words import has_changes

    if data["errors"] or not data["complete"]:
        sys.exit(ERROR)
    if exit_code and data.get("unmatched"):
        # A mistyped choice would be without changes for ever.
        sys.exit(ERROR)
    if exit_code and has_changes(data):
        sys.exit(CHANGES)


@main.command()
@click.argument("plan", metavar="PLAN", type=click.Path())
@prints
@click.option("--exit-code", is_flag=True, help="End with 2 where there are changes.")
def show(plan: str, forms: tuple[str, ...], outputs: tuple[Path, ...], max_chars: int, exit_code: bool) -> None:
    """Print a saved plan.

    \b
      fleetform show plan.json
      fleetform show plan.json --format json
    """
    from fleetform import saved

    pairs = _pairs(forms, outputs)
    _keep_apart([output for _form, output in pairs if output is not None], None, [plan])
    data = saved.read(plan)
    if data is None:
        raise Stop(f"{plan} is not a saved plan; make one with `fleetform plan --out PLAN`")
    for text in saved.remarks(data):
        click.echo(text, err=True)
    _print(data, pairs, max_chars)
    _end(data, exit_code)


@main.command()
@reads_files("[FILE... | PLAN]")
@chooses
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--allow", default="", metavar="ACTIONS", help="Actions that cannot be undone and are meant: delete,transfer,archive."
)
@click.option("--limit", "limits", multiple=True, type=Pair(), help="Allow so many in each account this once: delete=20.")
@click.option("--lock-timeout", type=Seconds(), default=0.0, show_default=True, help="Seconds to wait for another apply to end.")
@click.option("--journal", type=click.Path(dir_okay=False, path_type=Path), help="Where to note each call before it is sent.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option("--file", "relocated", multiple=True, metavar="FILE", help="With a saved plan: where its fleet files are now.")
@click.option("--partial", is_flag=True, help="With a saved plan: although an account could not be read when it was made.")
@prints
def apply(
    source: Source,
    where: tuple[tuple[str, str], ...],
    exclude: tuple[tuple[str, str], ...],
    yes: bool,
    allow: str,
    limits: tuple[tuple[str, str], ...],
    lock_timeout: float,
    journal: Path | None,
    quiet: bool,
    relocated: tuple[str, ...],
    partial: bool,
    forms: tuple[str, ...],
    outputs: tuple[Path, ...],
    max_chars: int,
) -> None:
    """Make the clouds what the fleet file says, or carry out a saved plan.

    Shows the plan and asks; without a terminal it takes --yes. Ctrl-C lets the calls under way end, and says what was done.
    Instead of FILE it takes the PLAN of `fleetform plan --out PLAN`, and does what of it is left to do.

    \b
      fleetform apply
      fleetform apply plan.json
      fleetform apply --yes --allow delete --limit delete=20

    \b
    It ends with 0 when all is done, with 1 when something failed, is unclear, was skipped or is blocked, with 3 when nothing
    was sent (declined, refused, over a limit, another apply is at work), and with 130 when it was interrupted.
    """
    from fleetform.exits import NOTHING_SENT
    from fleetform.running import Order, refused

    pairs = _pairs(forms, outputs) if forms or outputs else []
    places = [output for _form, output in pairs if output is not None]
    _keep_apart(places, journal, [*_read_by(source), *relocated])
    _check_places(places)
    order = Order(
        yes=yes,
        allow=_allowed(allow),
        once={action: _count(action, number) for action, number in limits},
        lock_timeout=lock_timeout,
        journal=journal,
        quiet=quiet,
        verbose=source.verbose,
        partial=partial,
    )
    try:
        outcome = _applied(source, relocated, _chosen(where, exclude), order, places)
    except Stop as stop:
        if stop.code == NOTHING_SENT:
            # Whoever reads a report must not take that of an earlier run for this one's.
            _print(refused(stop.message), pairs, max_chars)
        raise
    if outcome.report is not None:
        _print(outcome.report, pairs, max_chars)
    sys.exit(outcome.code)


def _applied(source: Source, relocated: tuple[str, ...], chosen: Chosen, order: Order, places: Sequence[Path]) -> Ended:
    """Applies the fleet files, or the saved plan that stands in their place. Raises Stop and UsageError."""
    from fleetform import saved
    from fleetform.exits import NOTHING_SENT
    from fleetform.running import apply_fleet, apply_plan

    data = saved.read(source.files[0], NOTHING_SENT) if len(source.files) == 1 else None
    if data is not None:
        if chosen.where or chosen.exclude:
            raise Stop("--where and --exclude choose while planning; a saved plan is applied as it is")
        _keep_apart(places, order.journal, relocated or saved.files_of(data))
        return apply_plan(data, replace(source, files=relocated), order)
    if relocated or order.partial:
        none = f"{', '.join(source.files)} is none" if source.files else "none is named"
        raise click.UsageError(f"{'--file' if relocated else '--partial'} goes with a saved plan, and {none}")
    return apply_fleet(source, chosen, order)


def _allowed(text: str) -> frozenset[str]:
    """The actions of ``--allow``. Raises UsageError that knows the nearest right word."""
    from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import IRREVERSIBLE

    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in IRREVERSIBLE:
            near = difflib.get_close_matches(word, sorted(IRREVERSIBLE), n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(IRREVERSIBLE))}"
            raise click.UsageError(f"--allow {word}: there is no such action; {hint}")
    return frozenset(words)


def _count(action: str, text: str) -> int:
    if action not in ("delete", "update") or re.fullmatch("[0-9]{1,9}", text) is None:
        raise Stop(f"--limit {action}={text}: write delete=NUMBER or update=NUMBER")
    return int(text)


def _check_places(outputs: Sequence[Path]) -> None:
    """That there is no place for a report is no news to have after the writing. Raises Stop."""
    for path in outputs:
        problem = None
        if path.exists():
            problem = None if os.access(path, os.W_OK) else errno.EACCES
        elif not path.parent.is_dir():
            problem = errno.ENOENT
        elif not os.access(path.parent, os.W_OK | os.X_OK):
            problem = errno.EACCES
        if problem is not None:
            raise Stop(f"{path}: it cannot be written: {os.strerror(problem)}")


def _chosen(where: tuple[tuple[str, str], ...], exclude: tuple[tuple[str, str], ...]) -> Chosen:
    from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError
    from fleetform.planning import Chosen

    try:
        return Chosen(where, exclude)
    except DeclarationError as error:
        raise Stop(str(error)) from None


def _pairs(forms: Sequence[str], outputs: Sequence[Path]) -> list[tuple[str, Path | None]]:
    """Each format with its output; what has none goes to stdout, which takes one. Raises UsageError."""
    forms = forms or ("text",)
    if len(outputs) > len(forms):
        raise click.UsageError(f"--output {outputs[len(forms)]} has no --format of its own; give both in pairs")
    if len(forms) - len(outputs) > 1:
        raise click.UsageError(f"only one format can go to the terminal, not {' and '.join(forms[len(outputs) :])}; add --output")
    return [(form, outputs[number] if number < len(outputs) else None) for number, form in enumerate(forms)]


def _read_by(source: Source) -> list[str]:
    """The files and folders that a command line names to be read, except what stands in them."""
    named = [text.removeprefix("@") for text in source.extra_vars if text.startswith("@")]
    # A vault identity is label@file, or the file alone.
    named += [text.rpartition("@")[2] for text in source.vault_ids]
    return [*(source.files or ("fleet.yml",)), *named, *source.vault_password_files]


def _keep_apart(outputs: Sequence[Path], other: Path | None, files: Sequence[str]) -> None:
    """Nothing is written over what is read, nor one thing over another. Raises UsageError."""
    from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_paths import FleetFileError, find

    read: set[str] = set()
    for name in files:
        # That a file is not there is said where it is loaded.
        with contextlib.suppress(FleetFileError):
            read |= {os.path.realpath(found) for found in find([name])}
    taken: set[str] = set()
    for path in [*outputs, *([] if other is None else [other])]:
        real = os.path.realpath(path)
        if real in read:
            raise click.UsageError(f"{path} is read here; name another file to write")
        if real in taken and (path.is_file() or not path.exists()):
            raise click.UsageError(f"{path} is named for two outputs; give each its own")
        taken.add(real)


def _print(data: dict[str, Any], pairs: Sequence[tuple[str, Path | None]], max_chars: int) -> None:
    """The plan in each format to its output. Raises Stop."""
    from fleetform.render import rendered

    for form, output in pairs:
        shown = rendered(data, form, colour=output is None and sys.stdout.isatty(), max_chars=max_chars)
        if output is None:
            click.echo(shown, nl=not shown.endswith("\n"))
            continue
        try:
            output.write_text(shown, encoding="utf-8")
        except OSError as error:
            raise Stop(f"{output}: it cannot be written: {error.strerror}") from None


@main.command("import")
@reads_files()
@click.option(
    "--account", required=True, metavar="NAME", shell_complete=_account_names, help="The account whose devices are written."
)
@click.option("--output", type=click.Path(path_type=Path), help="File to write; with --split-by space a folder.")
@click.option(
    "--split-by", type=click.Choice(["account", "space"]), default="account", show_default=True, help="One file for each."
)
@click.option("--force", is_flag=True, help="Write over files that are there.")
def import_devices(
    source: Source,
    account: str,
    output: Path | None,
    split_by: str,
    force: bool,
) -> None:
    """Write the devices that exist as a fleet file that plans to nothing.

    \b
      fleetform import --account lab
      fleetform import --account av --split-by space --output av/
    """
    from fleetform import exporter, import_files
    from fleetform.running import import_fleet

    if split_by == "space" and output is None:
        raise Stop("--split-by space writes a folder of files; name it with --output")
    folder = Path() if output is None else output if split_by == "space" else output.parent
    exported, accounts = import_fleet(source, account, folder)
    for text in exported.warnings():
        click.echo(f"warning: {text}", err=True)
    if output is None:
        click.echo(exporter.as_yaml(exported, accounts.text), nl=False)
        return
    parts = {output: exporter.as_yaml(exported, accounts.text)}
    if split_by == "space":
        parts = import_files.by_space(exported, accounts, output)
    import_files.write(parts, exported, accounts, force=force)
    click.echo(f"{len(exported.devices)} devices are in {', '.join(str(path) for path in parts)}.", err=True)


@main.command()
@click.argument("device")
@reads_files()
def explain(
    device: str,
    source: Source,
) -> None:
    """Show what is declared where for a DEVICE, what is there, what would be done and why.

    \b
      fleetform explain "Lobby sensor"
      fleetform explain av/XAt-1 fleets/
    """
    from fleetform.explaining import explain_device, explained

    rows = explain_device(source, device)
    for row in rows:
        click.echo(explained(row))
    if any(row["errors"] for row in rows):
        sys.exit(ERROR)


@main.command()
@click.argument("what", type=click.Choice(["fleet", "plan"]))
def schema(what: str) -> None:
    """Print the JSON Schema of fleet files, for editors, or of JSON plans, for programs.

    \b
      fleetform schema fleet > fleet.schema.json
      # yaml-language-server: $schema=fleet.schema.json      (first line of fleet.yml)
    """
    import json

    from fleetform.schema import fleet_schema, plan_schema

    click.echo(json.dumps(fleet_schema() if what == "fleet" else plan_schema(), indent=2))


@main.command()
def capabilities() -> None:
    """Show what can be set at which vendor, as a Markdown table.

    \b
      fleetform capabilities
      fleetform capabilities | grep tags
    """
    from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import table
    from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS

    click.echo(table({name: vendor.CAPABILITIES for name, vendor in VENDORS.items()}))


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="a free one", help="Port on 127.0.0.1.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the clouds' data in this file, so that it survives a restart.",
)
@click.option("--reset", is_flag=True, help="Start from the demo fleet even where the state file holds something else.")
def sandbox(port: int, state: Path | None, reset: bool) -> None:
    """Serve the simulated vendor clouds until interrupted.

    Prints one line of JSON with the url when it is ready. The urls of accounts are below it: /webex/v1, /blynk, /xyte, /greenlake
    and /mobilefirst/mfpadmin; URL/_sandbox names credentials that work.

    \b
      fleetform sandbox --port 8080
      fleetform sandbox --state clouds.json
    """
    from fleetform.sandbox.server import serve

    serve(port=port, state=state, reset=reset)


if __name__ == "__main__":
    main()
