# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A network and a clock that tests drive: nothing is sent and nobody sleeps."""

from __future__ import annotations

import json
import threading
import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.auth import StaticToken
from ansible_collections.fleetform.devices.plugins.module_utils._engine.exchange import Request, Response
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Auth, Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings

URL = "https://cloud.example"
TOKEN = "canary-token-1"
# What a fake transport plays back: a response, a failure to raise, or a function of the request.
Play: t.TypeAlias = "Response | Exception | t.Callable[[Request], Response]"


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.now += seconds


class FakeTransport:
    """Plays answers back in order, the last one for ever, and remembers what was sent."""

    def __init__(self, *plays: Play) -> None:
        self.plays = list(plays)
        self.sent: list[Request] = []
        self.closed = False
        self._lock = threading.Lock()

    def send(self, request: Request) -> Response:
        with self._lock:
            self.sent.append(request)
            play = self.plays.pop(0) if len(self.plays) > 1 else self.plays[0]
        if isinstance(play, Exception):
            raise play
        return play(request) if callable(play) else play

    def close(self) -> None:
        self.closed = True


def answer(status: int = 200, body: t.Any = None, **headers: str) -> Response:
    """A response with a JSON body; header names are given with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, (bytes, str)):
        return Response(status, named, body.encode() if isinstance(body, str) else body)
    content = b"" if body is None else json.dumps(body).encode()
    return Response(status, {**({"content-type": "application/json"} if content else {}), **named}, content)


def settings(**options: t.Any) -> AccountSettings:
    """Settings of an account at URL."""
    return AccountSettings(**{"name": "lab", "vendor": "acme", "url": URL, "token": TOKEN, **options})


def client(*plays: Play, auth: Auth | None = None, clock: Clock | None = None, options: t.Any = None, **more: t.Any) -> Client:
    """A client over a FakeTransport, to be found as ``client.transport``; waits are as long as the random part allows."""
    clock = clock or Clock()
    transport = FakeTransport(*(plays or (answer(200, {}),)))
    made = Client(
        settings(**(options or {})),
        auth=auth or StaticToken(TOKEN),
        transport=transport,
        **{"clock": clock, "wall": clock, "sleep": clock.sleep, "random": lambda: 1.0, **more},
    )
    made.transport = transport  # type: ignore[attr-defined]
    made.time = clock  # type: ignore[attr-defined]
    return made
