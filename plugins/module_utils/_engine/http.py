# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sends calls to one account: credentials, pace, the one and only retry layer, redirects, parallelism, counts.

A read is repeated whenever that may help. A write is repeated when it certainly was not carried out (429, no connection); after
any other unclear ending it is settled by reading, and sent again only where the call allows that and reading shows that it is not
done.
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import json
import random as random_module
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode, urljoin, urlsplit

from ansible_collections.fleetform.devices.plugins.module_utils._engine.answers import Asked, Ending, Kind, read_answer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import AFTER_READING, READ, Answer, Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    ApiError,
    BadAnswer,
    DeclarationError,
    FleetformError,
    Interrupted,
    RateLimited,
    Unavailable,
    Unclear,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.exchange import (
    CutBody,
    NeverConnects,
    NotConnected,
    Request,
    Response,
    TooLarge,
    Transport,
    TransportFailure,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.listings import Reading
from ansible_collections.fleetform.devices.plugins.module_utils._engine.masking import Masker
from ansible_collections.fleetform.devices.plugins.module_utils._engine.pace import Pacer, Slot
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings, origin
from ansible_collections.fleetform.devices.plugins.module_utils._engine.shared import SharedState
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import (
    Deadline,
    RetryBudget,
    backoff,
    remaining,
    reset_in,
)

MOST_ATTEMPTS = 8
# A page in place of data seldom goes away by asking again; three rule out a passing fault of a gateway.
MOST_BAD_ANSWERS = 3
MOST_REDIRECTS = 5
# Seconds. A shorter pause than this that a vendor asks for is lengthened by the usual back-off.
_LEAST_DEMAND = 1.0
_USER_AGENT = "fleetform"

Item = t.TypeVar("Item")
Result = t.TypeVar("Result")
Query: t.TypeAlias = "t.Mapping[str, t.Any] | t.Iterable[tuple[str, t.Any]]"
# Sends a token request through the retry layer; the Answer is a good one.
Exchange = t.Callable[[Request], Answer]


class Auth(t.Protocol):
    """Where a client gets its credentials from; see auth.py."""

    def attach(self, shared: SharedState, masker: Masker, wall: t.Callable[[], float]) -> None:
        """Called once by the client: where tokens are kept, what hides them, and what tells the seconds since 1970."""

    def authorization(self, exchange: Exchange) -> str | None:
        """The value of the Authorization header for the next request. May fetch a token. Raises ApiError."""

    def renew(self, failed: str | None, exchange: Exchange) -> bool:
        """Replaces the value that got a 401. False when there is nothing better to be had."""


class Settled(enum.Enum):
    """What reading says of a write that ended unclearly."""

    DONE = "done"
    NOT_DONE = "not done"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class RequestNote:
    """One HTTP request that was sent, for logs: no query, no header, no secret. ``status`` is None when no answer came."""

    method: str
    path: str
    status: int | None
    attempt: int
    seconds: float
    token: bool = False


class Counts(t.NamedTuple):
    """HTTP requests sent, repeats and redirects included, token requests aside; ``write`` = could change the cloud."""

    read: int
    write: int


class Client:
    """One account's connection. All methods may be called from several threads."""

    def __init__(
        self,
        settings: AccountSettings,
        *,
        auth: Auth,
        transport: Transport,
        limits: t.Mapping[str, int] | None = None,
        masker: Masker | None = None,
        pacer: Pacer | None = None,
        shared: SharedState | None = None,
        clock: t.Callable[[], float] = time.monotonic,
        wall: t.Callable[[], float] = time.time,
        sleep: t.Callable[[float], t.Any] | None = None,
        random: t.Callable[[], float] = random_module.random,
        on_request: t.Callable[[RequestNote], None] | None = None,
    ) -> None:
        self.settings = settings
        self.masker = masker or Masker(settings.secrets())
        shared = shared or SharedState()
        self._shared = shared
        self._together: Reading | None = None
        limits = settings.requests_per_minute if limits is None else limits
        # Processes have only the time of day in common.
        pace_clock = clock if shared.in_memory else wall
        self.pacer = pacer or Pacer(limits, shared, key=account_key(settings), clock=pace_clock)
        auth.attach(shared, self.masker, wall)
        self.on_request = on_request
        self._auth = auth
        self._transport = transport
        self._clock = clock
        self._wall = wall
        self._closed = threading.Event()
        self._stop: threading.Event | None = None
        self._sleep = sleep
        self._random = random
        self._budget = RetryBudget()
        self._places = threading.BoundedSemaphore(settings.concurrency)
        self._lock = threading.Lock()
        self._reads = 0
        self._writes = 0
        self._pool: ThreadPoolExecutor | None = None
        self._worker = threading.local()

    @property
    def counts(self) -> Counts:
        """What was sent so far."""
        with self._lock:
            return Counts(self._reads, self._writes)

    def planned(self, calls: int) -> None:
        """So many calls are intended: a tenth of them may be repeated."""
        self._budget.planned(calls)

    def deadline(self) -> Deadline:
        """A fresh allowance of `deadline` seconds, for calls that share one: a job and its polling, say."""
        return Deadline(self.settings.deadline, self._clock)

    def get(
        self,
        path: str,
        query: Query = (),
        *,
        pace: str = READ,
        deadline: Deadline | None = None,
        accept: str = "application/json",
    ) -> Answer:
        """Reads a path below the account's url. Raises ApiError."""
        pairs = tuple(query.items() if isinstance(query, t.Mapping) else query)
        return self.send(Call("GET", path, pairs, pace=pace, accept=accept), deadline=deadline)

    def page(self, path: str, query: Query = (), *, deadline: Deadline | None = None, accept: str = "application/json") -> Answer:
        """Reads what is the same for every device, such as a page of a listing: once for all tasks that read together.

        Raises ApiError.
        """
        pairs = tuple(query.items() if isinstance(query, t.Mapping) else query)
        if self._together is None:
            return self.get(path, pairs, deadline=deadline, accept=accept)
        asked = f"{path}?{encoded_query(pairs)} {accept}"
        return self._together.page(asked, lambda: self.get(path, pairs, deadline=deadline, accept=accept))

    @property
    def crowd(self) -> int:
        """How many tasks ask for the same as this one, side by side: what is cheaper for one may be dearer for all."""
        return 1 if self._together is None else self._together.size

    @contextlib.contextmanager
    def reading_together(self, reading: Reading) -> t.Iterator[None]:
        """Within the block, pages are shared."""
        self._together = reading
        try:
            yield
        finally:
            self._together = None

    def exclusive(self, lane: str) -> t.ContextManager[None]:
        """Holds a lane against all threads and, where they share a file, all processes of the run.

        It is the cloud's, whoever the user is: accounts of one cloud have it in common.
        """
        settings = self.settings
        cloud = json.dumps([settings.vendor, settings.url, settings.organization, settings.runtime])
        return self._shared.exclusive(f"lane {cloud} {lane}", looking_up=None if self._stop is None else self._go_on)

    @contextlib.contextmanager
    def interruptible(self, stop: threading.Event) -> t.Iterator[None]:
        """Within the block nothing is sent any more once ``stop`` is set, and every wait ends with Interrupted.

        What `settling` holds goes on.
        """
        self._stop = stop
        try:
            yield
        finally:
            self._stop = None

    @contextlib.contextmanager
    def settling(self) -> t.Iterator[None]:
        """Within the block this thread finds out what came of a call that may have been carried out: no interruption ends that.

        It is bounded by the deadline, of which no wait for the pace is left out any more once the apply is interrupted.
        """
        before = self._settles
        self._worker.settles = True
        try:
            yield
        finally:
            self._worker.settles = before

    @property
    def _settles(self) -> bool:
        return getattr(self._worker, "settles", False)

    @property
    def _stopped(self) -> bool:
        return self._stop is not None and self._stop.is_set()

    def _go_on(self) -> None:
        """Raises Interrupted where this thread has nothing under way, and somebody has asked to stop."""
        if self._stopped and not self._settles:
            raise Interrupted("interrupted before this was sent", account=self.settings.name)

    def pause(self, seconds: float) -> None:
        """Waits, as between two looks at a job.

        Ends early, with Unavailable, when the client is closed; with Interrupted, when the apply is and nothing is under way.
        """
        self._go_on()
        ends = self._closed if self._stop is None or self._settles else self._stop
        (self._sleep or ends.wait)(max(0.0, seconds))
        if self._closed.is_set():
            raise Unavailable("interrupted while waiting", account=self.settings.name)
        self._go_on()

    def send(
        self,
        call: Call,
        *,
        settle: t.Callable[[], Settled] | None = None,
        deadline: Deadline | None = None,
        leaving: t.Callable[[], None] | None = None,
    ) -> Answer:
        """The vendor's answer to a call; ``settled`` where reading had to stand in for it.

        ``settle`` finds out by reading whether a write that ended unclearly has been carried out. ``leaving`` is called right
        before each attempt goes out, and keeps it back by what it raises. Raises ApiError: Unclear for a write that may have been
        carried out; any other error means that this call certainly was not, or was refused. Raises Interrupted.
        """
        deadline = deadline or self.deadline()
        if call.path_id is not None:
            call = call.filled({})
        asked = Asked(call.method, call.path, self.settings.name, reads=not call.writes, accept=call.accept)
        request = self._request(call)
        tries = _Tries()
        try:
            return self._sent(call, asked, request, tries, deadline, settle, leaving)
        except Interrupted as stop:
            raise _interrupted(stop, asked, tries) from None

    def _sent(
        self,
        call: Call,
        asked: Asked,
        request: Request,
        tries: _Tries,
        deadline: Deadline,
        settle: t.Callable[[], Settled] | None,
        leaving: t.Callable[[], None] | None,
    ) -> Answer:
        """See send."""
        while True:
            ending = self._attempt(call, asked, request, tries, deadline, leaving)
            if ending.answer is not None:
                return ending.answer
            tries.refusal = _error_of(ending)
            if ending.kind is Kind.UNAUTHORIZED:
                if tries.renewed or not self._auth.renew(tries.authorization, self._exchange_within(deadline)):
                    raise _error_of(ending)
                tries.renewed = True
            elif ending.kind is Kind.FINAL:
                raise _error_of(ending)
            elif ending.kind is Kind.NOT_DONE or not call.writes:
                self._wait_to_repeat(call.pace, asked, ending, tries, deadline)
            elif self._settled(call, asked, ending, tries, deadline, settle):
                return Answer(0, settled=True)

    def map(self, function: t.Callable[[Item], Result], items: t.Iterable[Item]) -> list[Result]:
        """The results of ``function`` for each item, in their order, up to `concurrency` at once.

        The first error stops what has not begun and is raised. May be called from within ``function``.
        """
        work = list(items)
        if len(work) < 2 or self.settings.concurrency < 2 or getattr(self._worker, "busy", False):
            return [function(item) for item in work]
        batch = _Batch(function, work, settles=self._settles)
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.settings.concurrency, thread_name_prefix="fleetform")
            pool = self._pool
        futures = [pool.submit(self._drain, batch) for _number in range(min(len(work), self.settings.concurrency))]
        try:
            wait(futures)
        except BaseException:
            # Interrupted: nothing more is begun, and nobody waits for what is under way.
            batch.stop()
            raise
        return batch.outcome()

    def close(self) -> None:
        """Ends waiting calls and all connections."""
        self._closed.set()
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
        self._transport.close()

    def _drain(self, batch: _Batch[t.Any, t.Any]) -> None:
        self._worker.busy = True
        # What is read for a call that may have been carried out is read by these threads as well.
        self._worker.settles = batch.settles
        batch.run()

    def _request(self, call: Call) -> Request:
        if not call.path.startswith("/") or any(part in (".", "..") for part in call.path.split("/")):
            raise DeclarationError(f"{call.path!r} is not a path below the account's url", account=self.settings.name)
        headers = {"Accept": call.accept, "User-Agent": _USER_AGENT}
        body = None
        if call.body is not None:
            headers["Content-Type"] = call.content_type
            try:
                body = json.dumps(call.body, separators=(",", ":"), allow_nan=False).encode("ascii")
            except ValueError:
                raise DeclarationError("a value is no number that JSON can hold", account=self.settings.name) from None
        try:
            query = encoded_query(call.query)
        except UnicodeEncodeError:
            raise DeclarationError(
                "a value holds half of a surrogate pair, which is no text", account=self.settings.name
            ) from None
        url = f"{self.settings.url}{call.path}{'?' if query else ''}{query}"
        return Request(call.method, url, headers, body, timeout=self.settings.timeout)

    def _attempt(
        self,
        call: Call,
        asked: Asked,
        request: Request,
        tries: _Tries,
        deadline: Deadline,
        leaving: t.Callable[[], None] | None,
    ) -> Ending:
        """One request, redirects included, as soon as the pace has room for it."""
        self._admit(call.pace, asked, deadline)
        try:
            tries.authorization = self._auth.authorization(self._exchange_within(deadline))
            request = replace(request, authorization=tries.authorization)
            self._go_on()
            if leaving is not None:
                leaving()
            ending, response = self._deliver(asked, request, tries.number, deadline)
        finally:
            self._places.release()
        left = None if response is None else remaining(response.headers)
        if response is not None and left is not None:
            self.pacer.learn(call.pace, left, reset_in(response.headers, self._wall()) or 0.0)
        return ending

    def _admit(self, pace: str, asked: Asked, deadline: Deadline) -> None:
        """Returns when the pace allows a request, holding one of the account's places."""
        self._take_place(deadline)
        while True:
            slot = self.pacer.reserve(pace)
            if slot.wait <= 0:
                return
            self._places.release()
            left = deadline.left()
            if slot.paused > left:
                raise asked.error(RateLimited, f"the vendor's limit is reached; {_too_long(slot.paused, left, deadline)}")
            if self._stopped and slot.wait > left:
                raise asked.error(Unavailable, f"the pace leaves no room for it; {_too_long(slot.wait, left, deadline, False)}")
            self._wait_for(slot, pace)
            if not self._stopped:
                deadline.forgive(slot.wait)
            self._take_place(deadline)
            if self.pacer.paused_for(pace) <= 0:
                return

    def _wait_for(self, slot: Slot, pace: str) -> None:
        try:
            self.pause(slot.wait)
        except (Interrupted, Unavailable):
            # What reads how a call under way has ended must not queue behind those that are never sent.
            self.pacer.give_back(pace, slot)
            raise

    def _take_place(self, deadline: Deadline) -> None:
        if not self._places.acquire(blocking=False):
            before = self._clock()
            self._places.acquire()
            deadline.forgive(self._clock() - before)

    def _deliver(self, asked: Asked, request: Request, attempt: int, deadline: Deadline) -> tuple[Ending, Response | None]:
        """Sends a request and follows redirects on the same host, with the same method and body."""
        home = origin(request.url)
        for _hop in range(MOST_REDIRECTS + 1):
            try:
                response = self._once(asked, request, attempt, deadline)
            except TransportFailure as failure:
                return _broken(asked, failure, request.url), None
            if response.status not in (301, 302, 303, 307, 308):
                return read_answer(asked, response, self.masker, self._wall()), response
            target, refusal = self._redirect(asked, request, response, home)
            if refusal is not None:
                # After a 303 the write may have been carried out; the others say that it was not.
                kind = Kind.UNCLEAR if response.status == 303 and not asked.reads else Kind.FINAL
                return Ending(kind, error=refusal, status=response.status), response
            request = replace(request, url=target)
        return Ending(Kind.FINAL, error=asked.error(BadAnswer, "the vendor redirects in a circle; correct `url`")), None

    def _redirect(
        self, asked: Asked, request: Request, response: Response, home: tuple[str, str, int]
    ) -> tuple[str, ApiError | None]:
        """Where a redirect leads, and the error that forbids to follow it."""
        status = response.status
        location = response.headers.get("location", "")
        try:
            target = urljoin(request.url, location)
            there = origin(target)
            usable = bool(location and there[1]) and "@" not in urlsplit(target).netloc
        except ValueError:
            usable = False
        if not usable:
            return "", asked.error(BadAnswer, "the vendor redirects to nowhere; correct `url`", status=status)
        if there != home:
            where = self.masker.mask(f"{there[0]}://{there[1]}:{there[2]}", 120)
            message = f"the vendor redirects to {where}; credentials go to no other host: if that is right, correct `url`"
            return "", asked.error(BadAnswer, message, status=status)
        if not asked.reads and status not in (307, 308):
            message = "the vendor redirects a write in a way that would drop its content; correct `url`"
            return "", asked.error(BadAnswer, message, status=status)
        return target, None

    def _once(self, asked: Asked, request: Request, attempt: int, deadline: Deadline) -> Response:
        started = self._clock()
        status = None
        sent = True
        try:
            response = self._transport.send(replace(request, max_seconds=request.timeout))
            status = response.status
            return response
        except (NotConnected, NeverConnects):
            sent = False
            raise
        finally:
            if sent and not asked.token:
                with self._lock:
                    self._reads += asked.reads
                    self._writes += not asked.reads
            if sent and self.on_request is not None:
                path = self.masker.mask(urlsplit(request.url).path)
                self.on_request(RequestNote(request.method, path, status, attempt, self._clock() - started, asked.token))

    def _wait_to_repeat(self, pace: str | None, asked: Asked, ending: Ending, tries: _Tries, deadline: Deadline) -> None:
        """Waits until the next attempt may begin; raises the error that ends the call where there must be none."""
        seconds = self._pause_after(ending, tries)
        # One exhausted limit answers 429 to all that is under way; only the first of them is charged.
        charged = pace is None or ending.status != 429 or self.pacer.pause(pace, seconds)
        asked_for = ending.wait if ending.wait is not None and ending.wait >= _LEAST_DEMAND else seconds
        self._may_repeat(asked, ending, tries, deadline, asked_for, charged)
        self.pause(seconds)

    def _pause_after(self, ending: Ending, tries: _Tries) -> float:
        limited = ending.status == 429
        if ending.wait is None:
            return backoff(tries.number - 1, limited=limited, random=self._random)
        if ending.wait < _LEAST_DEMAND:
            # "At once", or a date that is over by this clock, is no leave to storm.
            return max(ending.wait, backoff(tries.number - 1, limited=False, random=self._random))
        # A little more than asked for, unequal, so that the threads do not come back in one moment.
        return ending.wait + min(1.0, 0.1 * ending.wait) * self._random()

    def _may_repeat(
        self, asked: Asked, ending: Ending, tries: _Tries, deadline: Deadline, seconds: float, charged: bool = True
    ) -> None:
        """Counts one more attempt; raises what ends the call where there is none. ``seconds`` is the wait still to come."""
        error = _error_of(ending)
        told = {"status": error.status, "vendor_message": error.vendor_message, "tracking_id": error.tracking_id}
        wrong = isinstance(error, BadAnswer)
        tries.bad_answers += wrong and ending.status is not None
        if tries.bad_answers >= MOST_BAD_ANSWERS or (wrong and tries.number >= MOST_ATTEMPTS):
            raise error
        left = deadline.left()
        if seconds > left:
            kind = RateLimited if ending.status == 429 else type(error) if wrong else Unavailable
            raise asked.error(
                kind, f"{error.message}; {_too_long(seconds, left, deadline, (ending.wait or 0) >= _LEAST_DEMAND)}", **told
            )
        if tries.number >= MOST_ATTEMPTS:
            raise asked.error(Unavailable, f"{error.message}; given up after {tries.number} attempts", **told)
        if charged and not self._budget.spend():
            message = f"{error.message}; not tried again: the {self._budget.size} repeats that this run may make are used up"
            raise asked.error(Unavailable, message, **told)
        tries.number += 1

    def _settled(
        self,
        call: Call,
        asked: Asked,
        ending: Ending,
        tries: _Tries,
        deadline: Deadline,
        settle: t.Callable[[], Settled] | None,
    ) -> bool:
        """Whether reading shows a write to be done; False to send it again. Raises Unclear."""
        error = _error_of(ending)
        verdict = Settled.UNKNOWN
        pause = self._pause_after(ending, tries)
        finding, advice = "nothing can be read that would tell", "Look at the device before you send it again"
        if settle is not None:
            advice = "Run again: it reads first"
        if settle is not None:
            with self.settling():
                # The vendor may still be at work, so that reading at once could mislead.
                if pause <= deadline.left():
                    self.pause(pause)
                    pause = 0.0
                try:
                    verdict = settle()
                    finding = "reading did not tell"
                except FleetformError as failure:
                    finding = f"reading failed: {failure.message}"
        if verdict is Settled.DONE:
            return True
        if verdict is Settled.NOT_DONE:
            finding = "reading does not show it, but it may still come, and it must not be done twice"
            if call.repeat == AFTER_READING:
                try:
                    self._may_repeat(asked, ending, tries, deadline, pause)
                    tries.lost = error
                    return False
                except ApiError as stop:
                    finding = f"reading does not show it; {stop.message}"
        raise asked.error(
            Unclear,
            f"{error.message}: whether the change was made is not known ({finding}). {advice}",
            status=error.status,
            vendor_message=error.vendor_message,
            tracking_id=error.tracking_id,
        )

    def _exchange_within(self, deadline: Deadline) -> Exchange:
        return lambda request: self._exchange(request, deadline)

    def _exchange(self, request: Request, deadline: Deadline) -> Answer:
        """Sends a token request: safe to repeat, neither paced nor counted. Raises ApiError."""
        asked = Asked(request.method, urlsplit(request.url).path, self.settings.name, token=True)
        headers = {"Accept": "application/json", "User-Agent": _USER_AGENT, **request.headers}
        request = replace(request, headers=headers, timeout=self.settings.timeout)
        tries = _Tries()
        while True:
            ending, _response = self._deliver(replace(asked, reads=request.method == "GET"), request, tries.number, deadline)
            if ending.answer is not None:
                return ending.answer
            if ending.kind in (Kind.UNAUTHORIZED, Kind.FINAL):
                raise _error_of(ending)
            self._wait_to_repeat(None, asked, ending, tries, deadline)


class _Tries:
    """What the attempts of one call have come to."""

    def __init__(self) -> None:
        self.number = 1
        self.bad_answers = 0
        self.renewed = False
        self.authorization: str | None = None
        # How the last one ended, and the error of one whose answer was lost, which reading showed not to be carried out yet.
        self.refusal: ApiError | None = None
        self.lost: ApiError | None = None


class _Batch(t.Generic[Item, Result]):
    """The items of one ``map``, taken by several threads. ``settles`` says that they are read within `Client.settling`."""

    def __init__(self, function: t.Callable[[Item], Result], items: list[Item], *, settles: bool = False) -> None:
        self.settles = settles
        self._function = function
        self._items = items
        self._results: list[t.Any] = [None] * len(items)
        self._lock = threading.Lock()
        self._next = 0
        self._error: BaseException | None = None

    def run(self) -> None:
        while (number := self._take()) is not None:
            try:
                self._results[number] = self._function(self._items[number])
            except BaseException as error:
                with self._lock:
                    self._error = self._error or error
                self.stop()
                raise

    def stop(self) -> None:
        with self._lock:
            self._next = len(self._items)

    def outcome(self) -> list[Result]:
        if self._error is not None:
            raise self._error
        return self._results

    def _take(self) -> int | None:
        with self._lock:
            if self._next >= len(self._items):
                return None
            self._next += 1
            return self._next - 1


def encoded_query(query: t.Iterable[tuple[str, t.Any]]) -> str:
    """Pairs as a query string: names may repeat, a list repeats its name, true is ``true``, a pair with None is left out."""
    pairs = []
    for name, value in query:
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if item is None:
                continue
            if not isinstance(item, (str, int, float)):
                raise TypeError(f"{name} has no place in a query: {type(item).__name__}")
            pairs.append((name, str(item).lower() if isinstance(item, bool) else item))
    return urlencode(pairs, quote_via=quote, safe="")


def account_key(settings: AccountSettings) -> str:
    """Names an account in the shared state without revealing it: vendor, url, organization and whose credentials they are."""
    who = settings.client_id or settings.username or settings.token or ""
    parts = [settings.vendor, settings.url, settings.organization or "", settings.runtime or "", who]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _broken(asked: Asked, failure: TransportFailure, url: str) -> Ending:
    # Whoever cannot be reached is named: it may be a proxy's, or a mistyped, host.
    _scheme, host, port = origin(url)
    if isinstance(failure, NotConnected):
        return Ending(Kind.NOT_DONE, error=asked.error(Unavailable, f"{failure} ({host}:{port})"))
    if isinstance(failure, NeverConnects):
        return Ending(Kind.FINAL, error=asked.error(Unavailable, f"{failure} ({host}:{port})"))
    if isinstance(failure, TooLarge):
        return Ending(Kind.FINAL if asked.reads else Kind.UNCLEAR, error=asked.error(BadAnswer, str(failure)))
    if isinstance(failure, CutBody):
        return Ending(Kind.UNCLEAR, error=asked.error(BadAnswer, str(failure)))
    return Ending(Kind.UNCLEAR, error=asked.error(Unavailable, str(failure)))


def _error_of(ending: Ending) -> ApiError:
    if ending.error is None:
        raise AssertionError("an ending without an answer has an error")
    return ending.error


def _interrupted(stop: Interrupted, asked: Asked, tries: _Tries) -> FleetformError:
    """What is true of a call that an interruption kept from being sent, or from being sent again."""
    if (lost := tries.lost) is not None:
        return asked.error(
            Unclear,
            f"{lost.message}: whether the change was made is not known (reading does not show it; interrupted before it was sent"
            " again). Run again: it reads first",
            status=lost.status,
            vendor_message=lost.vendor_message,
            tracking_id=lost.tracking_id,
        )
    if (refusal := tries.refusal) is not None:
        text = f"interrupted before this was sent again; it was not carried out: {refusal.message}"
        return Interrupted(text, account=stop.account)
    return stop


def _too_long(seconds: float, left: float, deadline: Deadline, asked_for: bool = True) -> str:
    whose = "the vendor asks for a pause of" if asked_for else "the next attempt would come in"
    rest = f"the {left:.1f} s that are" if left > 0 else "nothing is"
    more = f"more than {rest} left" if left > 0 else f"and {rest} left"
    return f"{whose} {seconds:.1f} s, {more} of `deadline` ({deadline.seconds:g} s)"
