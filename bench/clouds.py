# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sandbox as a process of its own, so that the work of the clouds is never taken for the work of the client."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

import requests

Entry = dict[str, t.Any]


class Clouds:
    """A running sandbox: its start state, what is in it, and which requests it saw."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def reset(self, size: int, limits: t.Mapping[str, t.Mapping[str, int]]) -> None:
        """``size`` devices per cloud, an empty log, and limits (``{vendor: {name: value}}``) that nobody reaches."""
        self._send("POST", "reset", json={"seed": "large", "size": size, "limits": limits})

    def state(self, vendor: str) -> dict[str, t.Any]:
        """Everything that a vendor's cloud holds, as plain JSON."""
        found: dict[str, t.Any] = self._send("GET", f"state/{vendor}").json()
        return found

    def clear(self) -> None:
        """Forgets the requests seen so far."""
        self._send("DELETE", "requests")

    def seen(self, vendor: str) -> list[Entry]:
        """The requests to a vendor since the last ``clear``, token requests aside, oldest first."""
        entries: list[Entry] = self._send("GET", f"requests?vendor={vendor}").json()
        return [entry for entry in entries if not entry["token"]]

    def _send(self, method: str, path: str, **more: t.Any) -> requests.Response:
        response = self._session.request(method, f"{self.url}/_sandbox/{path}", timeout=120, **more)
        response.raise_for_status()
        return response


@contextmanager
def running() -> Iterator[Clouds]:
    """A sandbox on a free port for as long as the block lasts. Raises RuntimeError where it does not start."""
    with subprocess.Popen(
        [sys.executable, "-m", "fleetform.sandbox", "--seed", "empty"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError("the sandbox did not start")
            yield Clouds(json.loads(line)["url"])
        finally:
            process.terminate()
