# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fixtures of the integration tests: a sandbox in a process of its own, and ansible-playbook against it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

CREDENTIALS = {
    "blynk_client_secret": "demo-secret",
    "blynk_token": "blynk-demo-token",
    "greenlake_client_id": "greenlake-demo-client",
    "greenlake_client_secret": "greenlake-demo-secret",
    "webex_token": "webex-demo-token",
    "webex_client_secret": "webex-demo-secret",
    "webex_refresh_token": "webex-demo-refresh",
    "xyte_key": "xyte-demo-key",
    "mobilefirst_password": "admin-secret",
    "mobilefirst_monitor_password": "monitor-secret",
}
"""What the sandbox's demo state accepts, under the names that the examples use."""

MOUNTS = {"webex": "webex/v1", "mobilefirst": "mobilefirst/mfpadmin"}
"""Where a cloud is served whose url ends in more than its name."""

OPTIONS: dict[str, dict[str, str]] = {
    "blynk": {"client_id": "oa2-client-id_demo", "client_secret": CREDENTIALS["blynk_client_secret"]},
    "greenlake": {"client_id": CREDENTIALS["greenlake_client_id"], "client_secret": CREDENTIALS["greenlake_client_secret"]},
    "webex": {"token": CREDENTIALS["webex_token"]},
    "xyte": {"token": CREDENTIALS["xyte_key"]},
    "mobilefirst": {"username": "demo-admin", "password": CREDENTIALS["mobilefirst_password"]},
}
"""Credentials that work, by vendor."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks these tests, so that they can be chosen or left out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.integration)


class Sandbox:
    """The sandbox's own endpoints."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, method: str, path: str, body: t.Any = None) -> t.Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
        return json.loads(text) if text else None

    def requests(self, **wanted: t.Any) -> list[dict[str, t.Any]]:
        """The log, sifted by its keys."""
        log = self.call("GET", "/requests")
        return [entry for entry in log if all(entry[name] == value for name, value in wanted.items())]

    def clear(self) -> None:
        self.call("DELETE", "/requests")

    def reset(self, **wanted: t.Any) -> None:
        self.call("POST", "/reset", wanted)

    def fault(self, *rules: dict[str, t.Any]) -> None:
        self.call("POST", "/faults", list(rules))

    def drift(self, vendor: str, device: str, **changes: t.Any) -> None:
        self.call("PATCH", f"/state/{vendor}", {"device": device, "set": changes})

    def state(self, vendor: str) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", self.call("GET", f"/state/{vendor}"))

    def account(self, vendor: str) -> dict[str, t.Any]:
        """Account options that work."""
        return {"vendor": vendor, "url": f"{self.url}/{MOUNTS.get(vendor, vendor)}", **OPTIONS[vendor]}


@dataclass(frozen=True)
class Run:
    """What one ansible-playbook did. ``results`` are the results of its tasks in order, with outcome, task and host."""

    code: int
    output: str
    results: list[dict[str, t.Any]]

    @property
    def only(self) -> dict[str, t.Any]:
        """The result of the only task."""
        assert len(self.results) == 1, self.output
        return t.cast("dict[str, t.Any]", self.results[0]["result"])

    def went_to_the_module(self) -> bool:
        """Whether a module was run; needs -vvv."""
        return "Using module file" in self.output


class Playbook(t.Protocol):
    def __call__(
        self,
        *tasks: dict[str, t.Any],
        arguments: t.Sequence[str] = (),
        environment: t.Mapping[str, str] | None = None,
        inventory: str | None = None,
        expect: int | None = 0,
        **play: t.Any,
    ) -> Run:
        """Runs one play of these tasks."""


@pytest.fixture(scope="session")
def sandbox_process() -> t.Iterator[Sandbox]:
    """The process, for all tests of a session."""
    command = [sys.executable, "-m", "fleetform.sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield Sandbox(json.loads(line)["url"])
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """The sandbox in its start state."""
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture
def playbook(sandbox: Sandbox, tmp_path: Path) -> Playbook:
    """Runs ansible-playbook on a play of the given tasks and returns what each of them returned."""

    def run(
        *tasks: dict[str, t.Any],
        arguments: t.Sequence[str] = (),
        environment: t.Mapping[str, str] | None = None,
        inventory: str | None = None,
        expect: int | None = 0,
        **play: t.Any,
    ) -> Run:
        record = tmp_path / "record"
        record.unlink(missing_ok=True)
        (tmp_path / "ansible.cfg").touch()
        content = [{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks), **play}]
        (tmp_path / "play.yml").write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
        (tmp_path / "hosts").write_text(
            "localhost ansible_connection=local\n" if inventory is None else inventory, encoding="utf-8"
        )
        command = [sys.executable, "-m", "ansible", "playbook", "-i", "hosts", "play.yml", *arguments]
        process = subprocess.run(
            command,
            cwd=tmp_path,
            env=ansible_environment(tmp_path, {"RECORDER_PATH": str(record), **(environment or {})}),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        output = process.stdout + process.stderr
        assert expect is None or process.returncode == expect, output
        lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
        return Run(process.returncode, output, [json.loads(line) for line in lines])

    return run


def ansible_environment(home: Path, more: t.Mapping[str, str]) -> dict[str, str]:
    """An environment in which nothing of the user's own configuration has a say."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "FLEETFORM_", "GREENLAKE_"))}
    return {
        **kept,
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "ANSIBLE_CONFIG": str(home / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".dev"),
        "ANSIBLE_LOCAL_TEMP": str(home / "local"),
        "ANSIBLE_REMOTE_TEMP": str(home / "remote"),
        "ANSIBLE_ASYNC_DIR": str(home / "async"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "recorder",
        "ANSIBLE_ACTION_PLUGINS": str(HERE / "action"),
        "ANSIBLE_BECOME_PLUGINS": str(HERE / "become"),
        "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "connection"),
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
        "PYTHONWARNINGS": "ignore",
        "LC_ALL": "C.UTF-8",
        **more,
    }
