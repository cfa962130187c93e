# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sandbox's server: vendor clouds on one local port, with a request log and faults.

Clouds (``CLOUDS``; one line adds one), each the ``url`` of an account, token endpoints included: ``/blynk``, ``/greenlake``,
``/webex/v1``, ``/xyte``, ``/mobilefirst/mfpadmin`` (``/mobilefirst/worklightadmin`` is the same).

=============================== =====================================================================================
endpoint                        what it does
=============================== =====================================================================================
``GET /_sandbox``               vendors, their urls, demo credentials, switches with reasons, limits
``GET /_sandbox/requests``      the request log; ``?vendor=`` and ``?write=true`` sift; DELETE clears it
``POST /_sandbox/reset``        start state; body (all optional) ``seed`` demo/empty/large, ``size``, ``switches`` and
                                ``limits`` (``{vendor: {name: value}}``), ``token_lifetime`` (seconds). Clears log,
                                faults, rate windows and clock
``GET|POST /_sandbox/switches`` ``{"switches": {vendor: {..}}, "limits": {vendor: {..}}}``; POST sets the named ones;
                                ``{vendor: {..}}`` alone sets switches
``POST /_sandbox/faults``       one rule or a list; GET lists them with ``seen`` and ``used``; DELETE clears
``POST /_sandbox/clock``        ``{"advance": seconds}``: tokens run out and windows end without waiting
``GET /_sandbox/state/VENDOR``  devices and all else as plain JSON
``PATCH /_sandbox/state/VENDOR``  ``{"device": id or serial or name, "set": {..}}`` or ``"remove": true``: drift
``POST /_sandbox/state/VENDOR``   ``{"event": ...}``: what a device does by itself; Webex ``redeem`` with ``code`` (and
                                ``serial``, ``mac``, ``product``) takes an activation code
=============================== =====================================================================================

A log entry: ``n, time, vendor, method, path`` (below the account's url), ``query, headers`` (secrets as fingerprints),
``body, status`` (null: closed without an answer), ``write, token, idempotent, violation`` (the rule broken, or null), ``noop``
(a write that changed nothing), ``blind_repeat`` (a write sent again after a lost or 5xx answer without reading first),
``devices``, ``fault``; for jobs also ``noop_devices``.

A fault rule is a JSON object. Which requests: ``vendor``, ``method`` (one or a list), ``path`` (regular expression, matched
from the start; without it token requests are spared), ``query`` (dict), ``body_contains``, ``skip`` (matches let through
first, 0), ``times`` (1; null for ever), ``name``. What happens, combinable: ``latency`` (seconds), ``status`` (work not done,
unless ``after: true``), ``headers``, ``body`` (text, or JSON; without ``status`` the work is done), ``content_type``,
``retry_after`` (seconds, text, or ``{"date_in": seconds}``; implies 429), ``ratelimit_reset`` (implies 429), ``redirect`` (308
and Location), ``drop`` (``before`` or ``after`` the work), ``cut_body`` (work done, half of the body, connection closed); for
pages ``repeat_page``, ``missing_page``, ``wrong_total`` (true: one too many; a number; ``{"plus": n}``); for GreenLake's jobs
``job`` (failed, failed_empty, partial, never, timeout, timedout, string_result, slow, vanish) with ``polls`` (for slow) and
``effect`` (whether a job with an unusual end still does its work; partial does the first half of its devices), likewise for
MobileFirst's transactions (failed, failed_empty, canceled, never, slow, vanish).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from fleetform.sandbox.blynk import Blynk
from fleetform.sandbox.cloud import Clock, Cloud
from fleetform.sandbox.faults import Faults
from fleetform.sandbox.gate import Gate, TrackingProtocol
from fleetform.sandbox.greenlake import GreenLake
from fleetform.sandbox.journal import Journal
from fleetform.sandbox.mobilefirst import MobileFirst
from fleetform.sandbox.webex import Webex
from fleetform.sandbox.xyte import Xyte

CLOUDS: tuple[type[Cloud], ...] = (
    Blynk,
    GreenLake,
    Webex,
    Xyte,
    MobileFirst,
)
SEEDS = ("demo", "empty", "large")
T = TypeVar("T")


class Sandbox:
    """All clouds with their log and faults, and the ASGI application that serves them."""

    def __init__(
        self, state: Path | None = None, reset: bool = False, seed: str = "demo", size: int = 0, root: str | None = None
    ) -> None:
        self.clock = Clock()
        self.journal = Journal()
        self.faults = Faults({kind.vendor: kind.JOB_FAULTS for kind in CLOUDS})
        self.clouds: dict[str, Cloud] = {kind.vendor: kind(self.clock) for kind in CLOUDS}
        self._file = state
        if state is not None and state.exists() and not reset:
            self._load(state)
        else:
            self.reset({"seed": seed, "size": size})
        self.app = Starlette(
            routes=[
                Route("/_sandbox", self._about, methods=["GET"]),
                Route("/_sandbox/requests", self._requests, methods=["GET", "DELETE"]),
                Route("/_sandbox/reset", self._reset, methods=["POST"]),
                Route("/_sandbox/switches", self._switches, methods=["GET", "POST"]),
                Route("/_sandbox/faults", self._faults, methods=["GET", "POST", "DELETE"]),
                Route("/_sandbox/clock", self._clock, methods=["POST"]),
                Route("/_sandbox/state/{vendor}", self._state, methods=["GET", "PATCH", "POST"]),
                *[
                    Mount("/" + mount, self._gate(cloud, "/" + mount))
                    for cloud in self.clouds.values()
                    for mount in (cloud.mount, *cloud.other_mounts)
                ],
                *([Mount("", self._gate(self.clouds[root], ""))] if root else []),
            ]
        )

    def _gate(self, cloud: Cloud, prefix: str) -> Gate:
        return Gate(cloud, self.journal, self.faults, self.save, prefix)

    def reset(self, wanted: dict[str, Any]) -> None:
        """Restore a start state; see the module's docstring for the keys.

        :raises ValueError: for an unknown key, seed, vendor, switch or limit.
        """
        unknown = set(wanted) - {"seed", "size", "switches", "limits", "token_lifetime"}
        if unknown:
            raise ValueError(f"unknown reset option: {', '.join(sorted(unknown))}")
        seed = wanted.get("seed") or "demo"
        if seed not in SEEDS:
            raise ValueError(f"unknown seed {seed}, one of {', '.join(SEEDS)}")
        switches, limits = wanted.get("switches") or {}, wanted.get("limits") or {}
        self._known(switches, limits)
        self.clock.offset = 0.0
        for vendor, cloud in self.clouds.items():
            cloud.reset(
                seed, int(wanted.get("size") or 0), switches.get(vendor), limits.get(vendor), wanted.get("token_lifetime")
            )
        self.journal.clear()
        self.faults.clear()
        self.save()

    def turn(self, switches: dict[str, Any], limits: dict[str, Any]) -> None:
        """Set the named switches and limits, ``{vendor: {name: value}}``."""
        self._known(switches, limits)
        for vendor, cloud in self.clouds.items():
            cloud.turn(switches.get(vendor, {}), limits.get(vendor, {}))
        self.save()

    def _turn(self, wanted: dict[str, Any]) -> None:
        named = set(wanted) <= {"switches", "limits"}
        self.turn(wanted.get("switches") or {} if named else wanted, wanted.get("limits") or {} if named else {})

    def _known(self, *by_vendor: dict[str, Any]) -> None:
        for group in by_vendor:
            unknown = set(group) - set(self.clouds)
            if unknown:
                raise ValueError(f"unknown vendor: {', '.join(sorted(unknown))}")

    def save(self) -> None:
        """Write the state file, if there is one, so that a reader never sees half of it."""
        if self._file is None:
            return
        text = json.dumps({vendor: cloud.dump() for vendor, cloud in self.clouds.items()})
        draft = self._file.with_name(self._file.name + ".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
        draft.replace(self._file)

    def _load(self, file: Path) -> None:
        saved = json.loads(file.read_text(encoding="utf-8"))
        for vendor, cloud in self.clouds.items():
            if vendor in saved:
                cloud.load(saved[vendor])
            else:
                cloud.reset()

    async def _about(self, request: Request) -> Response:
        base = str(request.base_url).rstrip("/")
        return JSONResponse(
            {
                vendor: {
                    "url": f"{base}/{cloud.mount}",
                    "credentials": cloud.data.get("clients", {}),
                    "switches": {name: {"value": cloud.switches[name], "reason": s.reason} for name, s in cloud.SWITCHES.items()},
                    "limits": cloud.limits,
                }
                for vendor, cloud in self.clouds.items()
            }
        )

    async def _requests(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.journal.clear()
            return Response(status_code=204)
        found = self.journal.entries()
        vendor, write = request.query_params.get("vendor"), request.query_params.get("write")
        if vendor:
            found = [entry for entry in found if entry["vendor"] == vendor]
        if write:
            found = [entry for entry in found if entry["write"] == (write == "true")]
        return JSONResponse(found)

    async def _reset(self, request: Request) -> Response:
        return await self._change(request, self.reset)

    async def _switches(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._change(request, self._turn)
        clouds = self.clouds.items()
        return JSONResponse({"switches": {v: c.switches for v, c in clouds}, "limits": {v: c.limits for v, c in clouds}})

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.faults.clear()
            return Response(status_code=204)
        if request.method == "GET":
            return JSONResponse([rule.shown() for rule in self.faults.rules])
        return await self._change(request, self.faults.add)

    async def _clock(self, request: Request) -> Response:
        return await self._change(request, lambda wanted: self.advance(float(wanted["advance"])))

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward."""
        self.clock.offset += seconds

    async def _state(self, request: Request) -> Response:
        cloud = self.clouds.get(request.path_params["vendor"])
        if cloud is None:
            return JSONResponse({"error": "unknown vendor"}, 404)
        if request.method == "GET":
            return JSONResponse(cloud.public())
        wanted = await request.json()
        try:
            if request.method == "POST":
                device = cloud.happen(str(wanted.pop("event")), wanted)
            else:
                device = cloud.drift(
                    str(wanted["device"]), {"remove": True} if wanted.get("remove") else dict(wanted.get("set") or {})
                )
        except KeyError as error:
            return JSONResponse({"error": f"unknown: {error}"}, 404)
        self.save()
        return JSONResponse(device)

    async def _change(self, request: Request, change: Callable[[Any], None]) -> Response:
        body = await request.body()
        try:
            change(json.loads(body) if body else {})
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"ok": True})


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready, and that ends with status 0 when it is told to stop."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(host: str, port: int) -> tuple[socket.socket, str]:
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer waits 40 ms
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(512)
    shown = f"[{host}]" if ":" in host else host
    return listener, f"http://{shown}:{listener.getsockname()[1]}"


def _config(sandbox: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        sandbox.app,
        http=TrackingProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )


def serve(
    port: int = 0,
    host: str = "127.0.0.1",
    state: Path | None = None,
    reset: bool = False,
    seed: str = "demo",
    size: int = 0,
    root: str | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. Prints one line of JSON, ``{"url": ...}``, when it accepts connections."""
    sandbox = Sandbox(state, reset, seed, size, root)
    listener, url = _listen(host, port)

    def ready() -> None:
        sys.stdout.write(json.dumps({"url": url}) + "\n")
        sys.stdout.flush()

    with listener:
        _Server(_config(sandbox), ready).run(sockets=[listener])


class Running:
    """A sandbox in a thread of this process, as :func:`running` yields it."""

    def __init__(self, sandbox: Sandbox, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self.sandbox = sandbox
        self.url = url
        self._loop = loop

    def _there(self, work: Callable[[], T]) -> T:
        async def run() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(60)

    def account(self, vendor: str) -> str:
        """The account url of a vendor."""
        return f"{self.url}/{self.sandbox.clouds[vendor].mount}"

    @property
    def state(self) -> dict[str, dict[str, Any]]:
        """The data of each cloud, live; look, or change through :meth:`drift`."""
        return {vendor: cloud.data for vendor, cloud in self.sandbox.clouds.items()}

    def requests(self, vendor: str | None = None, write: bool | None = None) -> list[dict[str, Any]]:
        found = self._there(self.sandbox.journal.entries)
        return [e for e in found if vendor in (None, e["vendor"]) and write in (None, e["write"])]

    def clear(self) -> None:
        """Empty the request log."""
        self._there(self.sandbox.journal.clear)

    def reset(self, **wanted: Any) -> None:
        self._there(lambda: self.sandbox.reset(wanted))

    def fault(self, *rules: dict[str, Any]) -> None:
        self._there(lambda: self.sandbox.faults.add(list(rules)))

    def clear_faults(self) -> None:
        self._there(self.sandbox.faults.clear)

    def switch(self, vendor: str, **values: Any) -> None:
        self._there(lambda: self.sandbox.turn({vendor: values}, {}))

    def limit(self, vendor: str, **values: int) -> None:
        self._there(lambda: self.sandbox.turn({}, {vendor: values}))

    def advance(self, seconds: float) -> None:
        self._there(lambda: self.sandbox.advance(seconds))

    def happen(self, vendor: str, event: str, **fields: Any) -> dict[str, Any]:
        return self._there(lambda: self.sandbox.clouds[vendor].happen(event, fields))

    def drift(self, vendor: str, device: str | int, **changes: Any) -> dict[str, Any]:
        return self._there(lambda: self.sandbox.clouds[vendor].drift(str(device), changes))


@contextlib.contextmanager
def running(
    state: Path | None = None,
    reset: bool = False,
    seed: str = "demo",
    size: int = 0,
    port: int = 0,
    host: str = "127.0.0.1",
    root: str | None = None,
) -> Iterator[Running]:
    """A sandbox on a free port of this machine for as long as the block lasts.

    ``root`` names a cloud that is served at ``/`` as well, for clients that drop the path of a base url.

    :raises RuntimeError: when it does not come up within ten seconds.
    """
    sandbox = Sandbox(state, reset, seed, size, root)
    listener, url = _listen(host, port)
    up = threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    def ready() -> None:
        loops.append(asyncio.get_running_loop())
        up.set()

    server = _Server(_config(sandbox), ready)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="fleetform-sandbox", daemon=True)
    with listener:
        thread.start()
        if not up.wait(10):
            raise RuntimeError("the sandbox did not start")
        try:
            yield Running(sandbox, url, loops[0])
        finally:
            server.should_exit = True
            thread.join(10)
