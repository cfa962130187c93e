# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processes of the command without its start: one process has imported everything, and copies itself for each run.

Most of what a short run of the command computes is the import of Ansible. A copy is a process of its own, with its own
arguments, environment, folder, output and signals, so that it can be killed like any other. Started as a program, this module
is the process that is copied.
"""

from __future__ import annotations

import gc
import importlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import fleetform.cli
from fleetform import applying

LARGEST = 1 << 17


@dataclass(frozen=True)
class Death:
    """Where a run kills itself: at the call of this number, from 0, once it is noted and before it goes out (``sending``), or
    once it was answered and before that is noted (``ended``)."""

    at: str
    number: int


class Forks:
    """Runs the command in copies of one process. Close it at the end."""

    def __init__(self, environment: t.Mapping[str, str], folder: Path) -> None:
        mine, others = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with others:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(others.fileno())], pass_fds=[others.fileno()], env=environment, cwd=folder
            )
        self._socket = mine

    def run(
        self, arguments: t.Sequence[str], *, folder: Path, env: t.Mapping[str, str], death: Death | None = None
    ) -> tuple[int, str, str]:
        """Exit code, output and error output of one run, as subprocess tells them: a negative code is a signal."""
        wanted = {
            "arguments": list(arguments),
            "folder": str(folder),
            "env": dict(env),
            "death": None if death is None else [death.at, death.number],
        }
        (told, tells), outputs = os.pipe(), [folder / f".{name}" for name in ("out", "err")]
        files = [os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600) for path in outputs]
        try:
            socket.send_fds(self._socket, [json.dumps(wanted).encode()], [*files, tells])
        finally:
            for descriptor in (*files, tells):
                os.close(descriptor)
        with open(told, encoding="ascii") as answer:
            code = answer.read()
        assert code, "the process that is copied has ended"
        texts = [path.read_text(encoding="utf-8") for path in outputs]
        for path in outputs:
            path.unlink()
        return int(code), *texts

    def close(self) -> None:
        self._socket.close()
        self._process.wait(10)


def _serve(control: socket.socket) -> None:
    # Those who wait for a run are nobody's to wait for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, _flags, _address = socket.recv_fds(control, LARGEST, 3)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _wait_for(json.loads(message), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _wait_for(wanted: dict[str, t.Any], out: int, err: int, tells: int) -> t.NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.close(tells)
        _run(wanted, out, err)
    _child, status = os.waitpid(child, 0)
    os.write(tells, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(wanted: dict[str, t.Any], out: int, err: int) -> t.NoReturn:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, number in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["env"])
    sys.argv = ["fleetform", *wanted["arguments"]]
    # The sandbox is done with a call when it answers it, so that there is no sense in waiting for it.
    applying._SETTLED_AT_MOST = 0.0
    if wanted["death"] is not None:
        _dies(*wanted["death"])
    code: t.Any = 1
    try:
        fleetform.cli.main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        if sys.exc_info()[0] is not None:
            sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _dies(at: str, number: int) -> None:
    """Kills this process at a call of an apply, as the power could go."""
    calls = itertools.count()
    noted = getattr(applying.Journal, at)

    def counted(self: applying.Journal, *arguments: t.Any) -> None:
        if at == "sending":
            noted(self, *arguments)
        if next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        if at == "ended":
            noted(self, *arguments)

    setattr(applying.Journal, at, counted)


if __name__ == "__main__":
    # What the commands import when they run, imported once for all copies.
    for name in ("deepdiff", "fleetform.running"):
        importlib.import_module(name)
    # What is there now is nobody's garbage, and stays shared by all copies.
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as control:
        _serve(control)
