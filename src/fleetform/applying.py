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
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import ChangeResult, Report
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Plan, Step
from fleetform.render.words import plain

_KEPT = 50
"""So many journals are kept."""

_LOCKS = "/tmp"
"""Where locks are: the one folder that every user of a machine may write to."""

_SETTLED_AFTER = 5.0
"""Seconds after which a call whose sender was killed has reached the vendor's records, or never will."""


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
    """JSON lines: what is about to be sent, then what came of it. It holds methods, paths and addresses, and no body.

    It is on the disk before the call goes out, so that it also tells of a process that was killed. ``clouds`` maps account to
    cloud. Raises OSError where it cannot be written.
    """

    def __init__(self, path: Path | None, clouds: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        path = path or state_folder() / f"apply-{datetime.now():%Y%m%d-%H%M%S-%f}.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file: IO[str] = os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8")
        self._write({"event": "begin", "clouds": dict(clouds)})

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

    def close(self) -> None:
        """Ends the journal: nothing is under way any more."""
        with self._file:
            self._write({"event": "finished"})

    def _write(self, row: dict[str, Any]) -> None:
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **row})
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())


@dataclass(frozen=True)
class Open:
    """A call that an earlier apply sent and did not see end. ``at`` is in seconds, ``creates`` says that it makes something."""

    text: str
    at: float
    creates: bool


def journals(path: Path | None) -> list[Path]:
    """The journals that may tell of an apply that was cut off: the one that is given, or the newest of this user."""
    if path is not None:
        return [path]
    found = sorted(state_folder().glob("apply-*.jsonl"))
    for old in found[:-_KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()
    return found[-_KEPT:]


def unfinished(path: Path, clouds: Mapping[str, str]) -> list[Open]:
    """The calls to these clouds of which the last apply in a journal does not know what came. None for what is no journal."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    mine: set[str] = set()
    left: dict[str, tuple[dict[str, Any], set[str]]] = {}
    for number, line in enumerate(lines):
        try:
            row = json.loads(line)
            event = row["event"]
            if event in ("begin", "finished"):
                mine = {name for name, cloud in row.get("clouds", {}).items() if cloud in clouds.values()}
                left = {}
            elif event == "sending" and (row["account"] or "") in mine:
                left[str(number)] = (row, {_mark(change) for change in row["changes"]})
            elif event == "ended":
                for _row, waiting in left.values():
                    waiting.discard(_mark(row))
        except (ValueError, KeyError, TypeError, AttributeError):
            # The last line of a process that was killed may be half a line.
            continue
    return [_open(row) for row, waiting in left.values() if waiting]


def _mark(row: Mapping[str, Any]) -> str:
    return json.dumps([row["address"], row["action"], row["attribute"]])


def _open(row: Mapping[str, Any]) -> Open:
    changes = row["changes"]
    text = f"{row['method']} {row['path']} for {', '.join(sorted({str(change['address']) for change in changes}))}"
    creates = any(change["action"] in ("claim", "create_space") for change in changes)
    return Open(text, datetime.fromisoformat(row["at"]).timestamp(), creates)


def wait_for(left: Sequence[Open]) -> None:
    """Waits until the vendor has had time to carry out what makes something, so that it is found and not made twice."""
    newest = max((row.at for row in left if row.creates), default=0.0)
    time.sleep(max(0.0, min(_SETTLED_AFTER, newest + _SETTLED_AFTER - time.time())))


class Onlooker:
    """A Watch that writes the journal and shows progress: a bar on a terminal, a line per change in a log, or nothing."""

    def __init__(self, plan: Plan, journal: Journal, console: Console | None, *, bar: bool = True) -> None:
        self._journal = journal
        self._console = console
        self._bar: Progress | None = None
        if bar and console is not None and console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
            self._bar = Progress(*columns, console=console, transient=True)
            self._task = self._bar.add_task("applying", total=sum(len(change.calls) or 1 for change in plan.changes))

    def __enter__(self) -> Onlooker:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._journal.close()

    def sending(self, account: str | None, step: Step) -> None:
        """See Watch."""
        self._journal.sending(account, step)

    def ended(self, result: ChangeResult) -> None:
        """See Watch."""
        self._journal.ended(result)
        if self._bar is not None:
            self._bar.advance(self._task)
        elif self._console is not None:
            change = result.change
            words = f"{change.address}: {change.action}{f' {change.key}' if change.key else ''}: {result.status}"
            self._console.print(plain(words + (f": {result.message}" if result.message else "")), markup=False, highlight=False)


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
