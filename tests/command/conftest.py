# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fixtures of the tests of the command: the installed `fleetform` as a process, with or without a terminal, and fleet files."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.command.forks import Death, Forks
from tests.integration.conftest import ROOT, Sandbox, ansible_environment, sandbox, sandbox_process

__all__ = ["sandbox", "sandbox_process"]

COMMAND = str(Path(sys.executable).with_name("fleetform"))
SECONDS = 60.0


@dataclass(frozen=True)
class Ran:
    """What a process did. On a terminal everything it wrote is in ``out``."""

    code: int
    out: str
    err: str = ""

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> t.Any:
        return json.loads(self.out)


class Terminal:
    """A process of the command on a terminal of its own."""

    def __init__(self, arguments: t.Sequence[str], folder: Path, environment: t.Mapping[str, str]) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [COMMAND, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env={**environment, "TERM": "xterm-256color", "COLUMNS": "200"},
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(slave)
        self.seen = b""

    def wait_for(self, text: str, seconds: float = SECONDS) -> None:
        until = time.monotonic() + seconds
        while text.encode() not in self.seen:
            assert time.monotonic() < until, self.text()
            assert self._read(0.5), self.text()

    def say(self, text: str) -> None:
        os.write(self.master, text.encode())

    def ended(self, seconds: float = SECONDS) -> Ran:
        until = time.monotonic() + seconds
        while self._read(0.2):
            assert time.monotonic() < until, self.text()
        code = self.process.wait(seconds)
        os.close(self.master)
        return Ran(code, self.text())

    def text(self) -> str:
        return self.seen.decode("utf-8", "replace").replace("\r\n", "\n")

    def _read(self, seconds: float) -> bool:
        """Whether there may be more to come."""
        if not select.select([self.master], [], [], seconds)[0]:
            return self.process.poll() is None
        try:
            part = os.read(self.master, 65536)
        except OSError as error:
            # What Linux says once the other side is closed.
            if error.errno != errno.EIO:
                raise
            return False
        self.seen += part
        return bool(part)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Command:
    """Runs the installed command in a folder of its own, with a fleet file that can be written there."""

    def __init__(self, folder: Path, sandbox: Sandbox, forks: Forks) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.forks = forks
        self.environment = ansible_environment(folder, {})
        (folder / "ansible.cfg").touch()

    def __call__(
        self, *arguments: str, env: t.Mapping[str, str] | None = None, code: int | None = 0, death: Death | None = None
    ) -> Ran:
        """Runs it without a terminal, in a copy of a process that has started already, and holds it to this exit code."""
        environment = {**self.environment, **(env or {})}
        return self._held(Ran(*self.forks.run(arguments, folder=self.folder, env=environment, death=death)), code)

    def installed(self, *arguments: str, env: t.Mapping[str, str] | None = None, code: int | None = 0) -> Ran:
        """The same with the installed command, start included."""
        process = subprocess.run(
            [COMMAND, *arguments],
            cwd=self.folder,
            env={**self.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return self._held(Ran(process.returncode, process.stdout, process.stderr), code)

    def _held(self, ran: Ran, code: int | None) -> Ran:
        assert "Traceback" not in ran.err, ran.err
        assert code is None or ran.code == code, ran.all
        return ran

    @contextlib.contextmanager
    def started(self, *arguments: str, env: t.Mapping[str, str] | None = None) -> t.Iterator[subprocess.Popen[str]]:
        """The process while it runs; killed where it still does at the end."""
        with subprocess.Popen(
            [COMMAND, *arguments],
            cwd=self.folder,
            env={**self.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)

    @contextlib.contextmanager
    def terminal(self, *arguments: str, env: t.Mapping[str, str] | None = None) -> t.Iterator[Terminal]:
        """The process on a terminal; killed where it still runs at the end."""
        terminal = Terminal(arguments, self.folder, {**self.environment, **(env or {})})
        try:
            yield terminal
        finally:
            if terminal.process.poll() is None:
                terminal.process.kill()
                terminal.process.wait()

    def write(self, name: str, content: t.Any) -> Path:
        """A file in the folder: text as it is, anything else as YAML."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        path.write_text(text, encoding="utf-8")
        return path

    def fleet(self, *devices: dict[str, t.Any], name: str = "fleet.yml", vendor: str = "blynk", **more: t.Any) -> Path:
        """A fleet file with these devices in one account, ``lab``."""
        return self.write(name, {"accounts": {"lab": self.sandbox.account(vendor)}, "devices": list(devices), **more})

    def demo(self) -> Path:
        """The fleet of the demo: five clouds."""
        shown = yaml.safe_load((ROOT / "playbooks" / "vars" / "demo_fleet.yml").read_text(encoding="utf-8"))
        text = yaml.safe_dump(
            {"accounts": shown["demo_accounts"], "defaults": {"account": "building"}, "devices": shown["demo_devices"]},
            sort_keys=False,
        )
        text = text.replace("{{ demo_sandbox }}", self.sandbox.url)
        return self.write("fleet.yml", text.replace("{{ demo_state }}", str(self.folder / "demo.json")))

    def written(self) -> list[dict[str, t.Any]]:
        """The requests that could have changed a cloud, in order."""
        return [entry for entry in self.sandbox.requests() if entry["write"]]


def rows(path: Path) -> list[dict[str, t.Any]]:
    """The whole lines of a journal."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def sent(path: Path) -> list[dict[str, t.Any]]:
    return [row for row in rows(path) if row["event"] == "sending"]


def wait_until(true: t.Callable[[], t.Any], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so would every process that is started from here."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Forks]:
    """Runs of the command that cost no start. Where Ansible finds its configuration, they have all in common."""
    folder = tmp_path_factory.mktemp("forks")
    (folder / "ansible.cfg").touch()
    made = Forks({**ansible_environment(folder, {}), "PYTHONPATH": str(ROOT)}, folder)
    yield made
    made.close()


@pytest.fixture
def fleetform(sandbox: Sandbox, forks: Forks, tmp_path: Path) -> Command:
    """The command over a fresh sandbox."""
    sandbox.clear()
    return Command(tmp_path, sandbox, forks)
