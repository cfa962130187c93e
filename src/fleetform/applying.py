# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands around an apply: one at a time on a machine, a journal before each call, and progress for whoever looks on."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import math
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import ChangeResult, Report
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Interrupted
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Plan, Step
from fleetform.render.words import plain

_KEPT = 50
"""So many journals are kept."""

_LOCKS = "/tmp"
"""Where locks are: the one folder that every user of a machine may write to."""

_SETTLED_AFTER = 30.0
"""Seconds after which a call whose sender was killed has reached the vendor's records, or never will, where no journal tells."""

_SETTLED_AT_MOST = 600.0
"""Seconds that are waited for that, whatever a journal says."""

_NAMED = 5
"""So many calls under way are named."""

_NO_FILE = "it is no regular file"


class Locked(Exception):
    """Another apply is at work on the same cloud."""


def state_folder() -> Path:
    """Where fleetform keeps what outlives a run, private to this user. Raises OSError."""
    try:
        base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    except RuntimeError:
        raise OSError(errno.ENOENT, "this user has no home folder; set XDG_STATE_HOME") from None
    folder = Path(base, "fleetform")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def one_at_a_time(clouds: Sequence[str], seconds: float) -> Iterator[None]:
    """Holds a lock for each cloud, in one order, for as long as the block runs. Raises Locked after so many seconds.

    It holds among all users of this machine, and ends with the process, however that ends.
    """
    until = time.monotonic() + seconds
    with contextlib.ExitStack() as held:
        for cloud in sorted(set(clouds)):
            held.enter_context(_locked(cloud, until))
        yield


@contextlib.contextmanager
def _locked(cloud: str, until: float) -> Iterator[None]:
    path = Path(_LOCKS, f"fleetform-{hashlib.sha256(cloud.encode()).hexdigest()[:24]}.lock")
    while True:
        try:
            descriptor = _taken(path)
        except OSError as error:
            raise Locked(f"{path}, which keeps two applies to {cloud} apart, cannot be used: {error.strerror}") from None
        if descriptor is not None:
            break
        if time.monotonic() >= until:
            raise Locked(f"another apply is at work on {cloud}; wait until it ends, or wait longer with --lock-timeout")
        time.sleep(0.2)
    try:
        yield
    finally:
        # While the lock is held, so that whoever waits for it sees that the file is not the one of this name any more.
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _taken(path: Path) -> int | None:
    """The descriptor of a lock file that is locked now; None where somebody else holds it. Raises OSError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        try:
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return None
        # Another user opens it to lock it, whatever this one's umask is.
        os.fchmod(descriptor, 0o644)
    with contextlib.ExitStack() as opened:
        opened.callback(os.close, descriptor)
        with contextlib.suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever held it before may have taken the file away.
            if os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False)):
                opened.pop_all()
                return descriptor
    return None


class Journal:
    """JSON lines: what goes out now, then what came of it. It holds methods, paths and addresses, and no body.

    It is on the disk before the call goes out, so that it also tells of a process that was killed. ``clouds`` maps account to
    cloud, ``timeouts`` to the seconds that its calls may take. Everything here raises OSError where it cannot be written.
    """

    def __init__(self, path: Path | None, clouds: Mapping[str, str], timeouts: Mapping[str, float]) -> None:
        self._lock = threading.Lock()
        path = path or state_folder() / f"apply-{datetime.now():%Y%m%d-%H%M%S-%f}.jsonl"
        # A named pipe that nobody reads would keep it waiting.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        self._descriptor = os.open(path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                raise OSError(errno.EINVAL, _NO_FILE, str(path))
            self._write({"event": "begin", "clouds": dict(clouds), "timeouts": dict(timeouts)})
        except OSError:
            os.close(self._descriptor)
            raise

    def sending(self, account: str | None, step: Step) -> None:
        """Notes a call that goes out now."""
        call = step.call
        changes = [{"address": change.address, "action": change.action, "attribute": change.attribute} for change in step.changes]
        self._write({"event": "sending", "account": account, "method": call.method, "path": call.path, "changes": changes})

    def ended(self, result: ChangeResult) -> None:
        """Notes what came of a change."""
        change = result.change
        row = {"event": "ended", "address": change.address, "action": change.action, "attribute": change.attribute}
        self._write({**row, "status": result.status, "message": result.message})

    def finished(self) -> None:
        """Notes that nothing is under way any more."""
        self._write({"event": "finished"})

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)

    def _write(self, row: dict[str, Any]) -> None:
        line = (json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **row}) + "\n").encode("ascii")
        with self._lock:
            # Past a file system's end a part of it may be taken.
            while line:
                line = line[os.write(self._descriptor, line) :]
            os.fsync(self._descriptor)


@dataclass(frozen=True)
class Open:
    """A call that an earlier apply sent and did not see end. ``at`` is in seconds, ``creates`` says that it makes something.

    Within ``timeout`` seconds the vendor has carried it out, or never will.
    """

    text: str
    at: float
    creates: bool
    timeout: float


def journals(path: Path | None) -> list[Path]:
    """The journals that may tell of an apply that was cut off, oldest first: the one that is given, or those of this user."""
    if path is not None:
        return [path]
    found = sorted(state_folder().glob("apply-*.jsonl"))
    for old in found[:-_KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()
    return found[-_KEPT:]


def unfinished(paths: Sequence[Path], clouds: Mapping[str, str]) -> list[Open]:
    """The calls to these clouds of which the last apply to each does not know what came, by these journals, oldest first.

    A line that is none counts for nothing. Raises OSError where there is something that cannot be read.
    """
    reader = _Reader(set(clouds.values()))
    for path in paths:
        for line, written in _lines(path):
            try:
                reader.take(json.loads(line), written)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                # The last line of a process that was killed may be half a line.
                continue
    found: dict[str, Open] = {}
    for call, _cloud, waiting in reader.left:
        # A call that was sent again counts from when it was sent last.
        if waiting and (call.text not in found or found[call.text].at <= call.at):
            found[call.text] = call
    return list(found.values())


class _Reader:
    """Takes the rows of journals one by one; ``left`` is each call to these clouds, its cloud, and what it has not ended yet."""

    def __init__(self, clouds: Collection[str]) -> None:
        self.left: list[tuple[Open, str, set[str]]] = []
        self._wanted = clouds
        self._clouds: dict[str, str] = {}
        self._timeouts: dict[str, Any] = {}

    def take(self, row: dict[str, Any], written: float) -> None:
        """One row of a file that was written last at this time. Raises what a row raises that is none."""
        event = row["event"]
        if event == "begin":
            self._clouds = {str(name): str(cloud) for name, cloud in row["clouds"].items()}
            timeouts = row.get("timeouts")
            self._timeouts = timeouts if isinstance(timeouts, dict) else {}
        if event in ("begin", "finished"):
            # Whoever began later has looked at what was left, and told of it.
            self.left = [entry for entry in self.left if entry[1] not in self._clouds.values()]
        elif event == "sending":
            account = row["account"] or ""
            cloud = self._clouds[account]
            if cloud in self._wanted:
                call = _open(row, _seconds(self._timeouts.get(account)), written)
                self.left.append((call, cloud, {_mark(change) for change in row["changes"]}))
        elif event == "ended":
            for _call, cloud, waiting in self.left:
                if cloud in self._clouds.values():
                    waiting.discard(_mark(row))


def _lines(path: Path) -> Iterator[tuple[str, float]]:
    """The lines of a journal, each with when the file was written last; none where there is no such file. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return
    with open(descriptor, encoding="utf-8", errors="replace") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, _NO_FILE, str(path))
        for line in file:
            yield line, found.st_mtime


def _mark(row: Mapping[str, Any]) -> str:
    return json.dumps([row["address"], row["action"], row["attribute"]])


def _seconds(timeout: Any) -> float:
    usable = isinstance(timeout, (int, float)) and not isinstance(timeout, bool) and 0 < timeout < math.inf
    return float(timeout) if usable else _SETTLED_AFTER


def _open(row: Mapping[str, Any], timeout: float, written: float) -> Open:
    changes = row["changes"]
    text = f"{row['method']} {row['path']} for {', '.join(sorted({str(change['address']) for change in changes}))}"
    creates = any(change["action"] in ("claim", "create_space") for change in changes)
    try:
        at = datetime.fromisoformat(row["at"]).timestamp()
    except (KeyError, TypeError, ValueError, OverflowError):
        # It was not sent later than that.
        at = written
    return Open(text, at, creates, timeout)


def wait_for(left: Sequence[Open]) -> None:
    """Waits until the vendor has had time to carry out what makes something, so that it is found and not made twice."""
    now = time.time()
    # However wrong a clock was, no longer than such a call takes.
    waits = [(min(row.at + row.timeout - now, row.timeout, _SETTLED_AT_MOST), row) for row in left if row.creates]
    seconds, row = max(waits, key=lambda wait: wait[0], default=(0.0, None))
    if row is not None and seconds > 0:
        tell(
            f"Waiting {math.ceil(seconds)} s for {plain(row.text)}: it may be carried out until then, and must not be made twice."
        )
        time.sleep(seconds)


def tell(text: str) -> None:
    """A line on stderr, if anybody is there to see it: what was sent is sent, whether that can be told or not."""
    try:
        click.echo(text, err=True)
    except (OSError, ValueError):
        _nobody_looks()


def _nobody_looks() -> None:
    """Points stderr at nothing. What it still holds would otherwise be an error at the end."""
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stderr.fileno())
        os.close(nothing)


class _Terminal(Console):
    """stderr, for a bar."""

    def on_broken_pipe(self) -> None:
        """Leaves it to the caller: the one that is overridden takes stdout away, and exits."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


class Onlooker:
    """A Watch that writes the journal and shows progress: a bar on a terminal, a line per change in a log, or nothing.

    ``broken`` is the error of a journal that could not be written any more. Nothing is sent from then on.
    """

    def __init__(self, plan: Plan, journal: Journal, *, shown: bool, bar: bool) -> None:
        self.broken: OSError | None = None
        self._journal = journal
        self._shown = shown
        self._lock = threading.Lock()
        self._under_way: dict[str, str] = {}
        self._bar: Progress | None = None
        # Whatever the environment says of colours: what is no terminal is a log.
        if shown and bar and sys.stderr.isatty() and (console := _Terminal(stderr=True, highlight=False)).is_interactive:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            # Without a thread of its own, in which nobody would catch what a closed terminal raises.
            self._bar = Progress(
                *columns, console=console, transient=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
            )
            self._task = self._bar.add_task("applying", total=sum(len(change.calls) or 1 for change in plan.changes))

    def __enter__(self) -> Onlooker:
        if self._bar is not None:
            self._show(self._bar.start)
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._bar is not None:
            self._show(self._bar.stop)
        if self.broken is None:
            try:
                self._journal.finished()
            except OSError as error:
                self.broken = error
        self._journal.close()

    def sending(self, account: str | None, step: Step) -> None:
        """See Watch."""
        self._note(lambda: self._journal.sending(account, step))
        with self._lock:
            self._under_way.update({_of(change): f"{step.call.method} {step.call.path}" for change in step.changes})

    def ended(self, result: ChangeResult) -> None:
        """See Watch."""
        with self._lock:
            self._under_way.pop(_of(result.change), None)
        if self._bar is not None:
            update = self._bar.update
            self._show(lambda: update(self._task, advance=1, refresh=True))
        elif self._shown:
            change = result.change
            words = f"{change.address}: {change.action}{f' {change.key}' if change.key else ''}: {result.status}"
            tell(plain(words + (f": {result.message}" if result.message else "")))
        self._note(lambda: self._journal.ended(result))

    def stopping(self, seconds: float) -> None:
        """See Watch."""
        with self._lock:
            calls = sorted(set(self._under_way.values()))
        why = "Interrupted" if self.broken is None else "The journal cannot be written any more"
        more = f", {len(calls) - _NAMED} more" if len(calls) > _NAMED else ""
        wait = f" Under way, and let end within {seconds:g} s: {', '.join(calls[:_NAMED])}{more}." if calls else ""
        text = plain(f"{why}: nothing more is sent.{wait}")
        if self._bar is not None:
            console = self._bar.console
            self._show(lambda: console.print(text, markup=False, highlight=False, soft_wrap=True))
        else:
            tell(text)

    def _note(self, write: Callable[[], None]) -> None:
        """Writes to the journal. Raises Interrupted where that fails, or has failed."""
        if self.broken is None:
            try:
                write()
                return
            except OSError as error:
                self.broken = error
        raise Interrupted(f"the journal cannot be written any more, so that this was not sent: {self.broken.strerror}")

    def _show(self, draw: Callable[[], object]) -> None:
        """Draws the bar, and gives it up where that fails: an apply does not depend on who looks on."""
        try:
            draw()
        except (OSError, ValueError):
            self._bar = None
            self._shown = False
            _nobody_looks()


def _of(change: Change) -> str:
    return json.dumps([change.address, change.action, change.attribute])


def report_as_data(report: Report, plan: Mapping[str, Any]) -> dict[str, Any]:
    """What was planned as plain data, and what came of each change."""
    rows = [
        {"address": result.change.address, **result.change.as_data(), "status": result.status, "message": result.message}
        for result in report.results
    ]
    counts: dict[str, int] = {}
    for row in rows:
        counts[str(row["status"])] = counts.get(str(row["status"]), 0) + 1
    ended = {"changed": report.changed, "failed": report.failed, "interrupted": report.interrupted}
    return {**plan, **ended, "outcome": dict(sorted(counts.items())), "results": rows}
