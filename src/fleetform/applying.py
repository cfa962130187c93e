# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands around an apply: one at a time on a machine, a journal before each call, and progress for whoever looks on."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import ChangeResult, Report
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Plan, Step
from fleetform.render.words import plain


class Locked(Exception):
    """Another apply is at work on the same cloud."""


def state_folder() -> Path:
    """Where fleetform keeps what outlives a run, private to this user."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    folder = Path(base, "fleetform")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def one_at_a_time(clouds: Sequence[str], seconds: float) -> Iterator[None]:
    """Holds a lock for each cloud, in one order, for as long as the block runs. Raises Locked after so many seconds."""
    with contextlib.ExitStack() as held:
        for cloud in sorted(set(clouds)):
            name = hashlib.sha256(cloud.encode()).hexdigest()[:24]
            descriptor = os.open(state_folder() / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            held.callback(os.close, descriptor)
            _lock(descriptor, cloud, time.monotonic() + seconds)
        yield


def _lock(descriptor: int, cloud: str, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise Locked(
                    f"another apply is at work on {cloud}; wait until it ends, or wait longer with --lock-timeout"
                ) from None
            time.sleep(0.2)
        else:
            return


class Journal:
    """JSON lines: what is about to be sent, then what came of it. It holds methods, paths and addresses, and no body.

    It is on the disk before the call goes out, so that it also tells of a process that was killed.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file: IO[str] = os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8")

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
        """Ends the journal."""
        self._file.close()

    def _write(self, row: dict[str, Any]) -> None:
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **row})
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())


class Onlooker:
    """A Watch that writes the journal and shows progress: a bar on a terminal, a line per change in a log, or nothing."""

    def __init__(self, plan: Plan, journal: Journal, console: Console | None) -> None:
        self._journal = journal
        self._console = console
        self._bar: Progress | None = None
        if console is not None and console.is_terminal:
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


def report_as_data(report: Report) -> dict[str, Any]:
    """What came of each change, as plain data."""
    rows = [
        {"address": result.change.address, **result.change.as_data(), "status": result.status, "message": result.message}
        for result in report.results
    ]
    counts: dict[str, int] = {}
    for row in rows:
        counts[str(row["status"])] = counts.get(str(row["status"]), 0) + 1
    return {"changed": report.changed, "failed": report.failed, "summary": dict(sorted(counts.items())), "results": rows}
