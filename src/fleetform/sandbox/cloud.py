# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every simulated cloud shares: routes, switches, limits, tokens, clock, and its start state."""

from __future__ import annotations

import base64
import functools
import json
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple
from urllib.parse import unquote
from uuid import NAMESPACE_URL, uuid5

from fleetform.sandbox.wire import Answer, Call, Refusal

Handler = Callable[..., Answer]


class Switch(NamedTuple):
    """A fact that no source confirms: its assumed value, and why. Correcting it is changing one line."""

    default: Any
    reason: str


class Clock:
    """The sandbox's time; tests move it forward instead of waiting."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        return time.time() + self.offset

    def millis(self) -> int:
        return int(self.now() * 1000)

    def rfc3339(self) -> str:
        """UTC with milliseconds and Z."""
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@functools.lru_cache(maxsize=4096)
def stable_uuid(*parts: object) -> str:
    """The same UUID for the same words, on every machine. Kept, since a reset asks for hundreds of them again."""
    return str(uuid5(NAMESPACE_URL, "fleetform-sandbox/" + "/".join(str(part) for part in parts)))


class Cloud(ABC):
    """One vendor's cloud. A subclass is one file of routes plus its seed; ``server.py`` names it in one line.

    ``data`` is plain JSON, so that it can be kept in a file; ``dirty`` asks for that after a read that changed something.
    ``mount`` is the path of the account's url below the sandbox, ``other_mounts`` further paths of the same data.
    ``JOB_FAULTS`` names how work that a write starts can go wrong, for a cloud that tells of it later.
    """

    vendor: ClassVar[str]
    mount: ClassVar[str]
    other_mounts: ClassVar[tuple[str, ...]] = ()
    SWITCHES: ClassVar[dict[str, Switch]]
    LIMITS: ClassVar[dict[str, int]]
    TOKEN_LIFETIME: ClassVar[int]
    JOB_FAULTS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.data: dict[str, Any] = {}
        self.switches: dict[str, Any] = {}
        self.limits: dict[str, int] = {}
        self.token_lifetime = self.TOKEN_LIFETIME
        self.dirty = False
        self._windows: dict[str, tuple[int, int]] = {}
        routes = self.routes()
        self._exact = {path: methods for path, methods in routes.items() if "(" not in path and "\\" not in path}
        self._patterns = [(re.compile(path), methods) for path, methods in routes.items() if path not in self._exact]

    @abstractmethod
    def routes(self) -> dict[str, dict[str, Handler]]:
        """``{path pattern: {method: handler(call, *groups)}}``."""

    @abstractmethod
    def seed(self, name: str, size: int) -> dict[str, Any]:
        """The start state ``demo``, ``empty`` or ``large``."""

    @abstractmethod
    def refuse(self, call: Call, refusal: Refusal) -> Answer:
        """The vendor's form of an error."""

    @abstractmethod
    def describe(self, call: Call) -> None:
        """Fill in ``write``, ``token``, ``idempotent``, ``reads`` and ``devices`` from the request alone."""

    @abstractmethod
    def admit(self, call: Call) -> dict[str, str]:
        """Check the token and the rate limit; gives headers for every answer."""

    @abstractmethod
    def drift(self, device: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Change a device behind the client's back, and give it as it now is. KeyError when there is none."""

    def happen(self, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        """What a device or a person does and no call of the vendor can. KeyError for an event that the cloud does not know."""
        raise KeyError(event)

    @abstractmethod
    def previous_page(self, query: list[tuple[str, str]]) -> list[tuple[str, str]] | None:
        """The query of the page before this one; None for the first page."""

    rows_key: ClassVar[str]
    total_key: ClassVar[str]
    """Where a page says how many rows there are in all; empty for a vendor that does not say."""

    @abstractmethod
    def reloaded(self) -> None:
        """Called after ``data`` was replaced, for what a subclass derives from it."""

    def reset(
        self,
        seed: str = "demo",
        size: int = 0,
        switches: dict[str, Any] | None = None,
        limits: dict[str, int] | None = None,
        token_lifetime: int | None = None,
    ) -> None:
        """Back to a start state; switches and limits that are not named go back to their defaults.

        :raises ValueError: for a switch or limit that does not exist.
        """
        self.switches = {name: switch.default for name, switch in self.SWITCHES.items()}
        self.limits = dict(self.LIMITS)
        self.token_lifetime = self.TOKEN_LIFETIME if token_lifetime is None else token_lifetime
        self.turn(switches or {}, limits or {})
        self._windows.clear()
        self.data = self.seed(seed, size)
        self.data.setdefault("tokens", {})
        self.reloaded()

    def turn(self, switches: dict[str, Any], limits: dict[str, int]) -> None:
        """Set switches and limits by name."""
        for name, value in switches.items():
            if name not in self.SWITCHES:
                raise ValueError(f"{self.vendor}: unknown switch {name}")
            self.switches[name] = value
        for name, value in limits.items():
            if name not in self.LIMITS:
                raise ValueError(f"{self.vendor}: unknown limit {name}")
            self.limits[name] = int(value)

    def answer(self, call: Call) -> Answer:
        """Do what the request asks."""
        headers: dict[str, str] = {}
        try:
            methods, groups = self._find(call.path)
            if methods is None:
                raise Refusal(404, "Not Found", rule=f"unknown path: {call.path}", source="path")
            handler = methods.get(call.method)
            if handler is None:
                allowed = ", ".join(sorted(methods))
                raise Refusal(405, "Method Not Allowed", rule=f"method {call.method} on {call.path}", headers={"Allow": allowed})
            if not call.token:
                headers = self.admit(call)
            answer = handler(call, *groups)
        except Refusal as refusal:
            call.violation = refusal.rule or call.violation
            answer = self.refuse(call, refusal)
            headers = {**headers, **refusal.headers}
        if headers:
            answer.headers = {**headers, **answer.headers}
        return answer

    def _find(self, path: str) -> tuple[dict[str, Handler] | None, tuple[str, ...]]:
        exact = self._exact.get(path)
        if exact is not None:
            return exact, ()
        for pattern, methods in self._patterns:
            found = pattern.fullmatch(path)
            if found:
                return methods, found.groups()
        return None, ()

    def charge(self, key: str, limit: int) -> tuple[int, int]:
        """Count one request in the fixed window of ``key``; gives (remaining, seconds to the window's end).

        Remaining is -1 when the request is over the limit.
        """
        width = max(1, self.limits["window"])
        now = self.clock.now()
        window = int(now // width)
        start, used = self._windows.get(key, (window, 0))
        if start != window:
            used = 0
        used += 1
        self._windows[key] = (window, used)
        return max(-1, limit - used), max(1, int((window + 1) * width - now) + 1)

    def issue(self, grant: dict[str, Any]) -> str:
        """A new bearer token for the grant, good for ``token_lifetime`` seconds."""
        serial = self.data.get("token_serial", 0) + 1
        self.data["token_serial"] = serial
        token = "sandbox-" + stable_uuid("token", self.vendor, serial).replace("-", "")
        self.data["tokens"][token] = {**grant, "expires": self.clock.now() + self.token_lifetime}
        return token

    def bearer(self, call: Call) -> dict[str, Any] | None:
        """What the call's bearer token stands for; None when it is missing, unknown or expired."""
        scheme, _space, token = call.headers.get("authorization", "").partition(" ")
        grant: dict[str, Any] | None = self.data["tokens"].get(token.strip()) if scheme == "Bearer" else None
        if grant is None or (grant["expires"] is not None and grant["expires"] <= self.clock.now()):
            return None
        return grant

    def dump(self) -> dict[str, Any]:
        """Everything that must survive a restart."""
        return {"data": self.data, "switches": self.switches, "limits": self.limits, "token_lifetime": self.token_lifetime}

    def load(self, saved: dict[str, Any]) -> None:
        """The reverse of :meth:`dump`."""
        self.reset("empty")
        self.turn(
            {name: value for name, value in saved["switches"].items() if name in self.SWITCHES},
            {name: value for name, value in saved["limits"].items() if name in self.LIMITS},
        )
        self.token_lifetime = saved["token_lifetime"]
        self.data = saved["data"]
        self.reloaded()

    def public(self) -> dict[str, Any]:
        """The state for tests: everything but the tokens and clients."""
        hidden = ("tokens", "clients", "token_serial")
        shown: dict[str, Any] = json.loads(json.dumps({k: v for k, v in self.data.items() if k not in hidden}))
        return shown


def basic_user(call: Call) -> tuple[str, str] | None:
    """User and password of HTTP Basic as they are; None when there are none."""
    scheme, _space, rest = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, secret = base64.b64decode(rest, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, secret) if colon else None


def basic_credentials(call: Call) -> tuple[str, str] | None:
    """The same form-decoded, as OAuth wants it."""
    found = basic_user(call)
    return (unquote(found[0]), unquote(found[1])) if found else None
