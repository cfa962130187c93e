# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way of one request: log, fault, cloud, answer; and how a connection is cut."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from fleetform.sandbox.cloud import Cloud
from fleetform.sandbox.faults import Faults, Rule
from fleetform.sandbox.journal import Journal
from fleetform.sandbox.wire import Answer, Call, Refusal, encode

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_TRANSPORTS: dict[tuple[Any, ...], asyncio.Transport] = {}


class TrackingProtocol(AutoHTTPProtocol):  # type: ignore[valid-type, misc]
    """uvicorn's own protocol; it only remembers the transport of each peer, so that a fault can close it.

    ``scope["client"]`` names the same peer, whichever parser uvicorn chose.
    """

    def connection_made(self, transport: Any) -> None:
        self._peer = tuple(transport.get_extra_info("peername")[:2])
        _TRANSPORTS[self._peer] = transport
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        _TRANSPORTS.pop(self._peer, None)
        super().connection_lost(exc)


async def hang_up(scope: Scope) -> None:
    """Close the connection of a request; what was written before still leaves the machine."""
    transport = _TRANSPORTS.get(tuple(scope["client"][:2]))
    if transport is not None:
        transport.close()
    for _number in range(3):
        await asyncio.sleep(0)


async def read_body(receive: Receive) -> bytes:
    """The whole request body."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    chunks = [body]
    while message.get("more_body"):
        message = await receive()
        chunks.append(message.get("body", b""))
    return b"".join(chunks)


class Gate:
    """The ASGI application in front of one cloud, whose paths begin after ``prefix``."""

    def __init__(self, cloud: Cloud, journal: Journal, faults: Faults, saved: Callable[[], None], prefix: str) -> None:
        self.prefix = len(prefix)
        self.cloud = cloud
        self.journal = journal
        self.faults = faults
        self.saved = saved

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call = self._call(scope, await read_body(receive))
        self.cloud.describe(call)
        rule = self.faults.pick(call, self.cloud.previous_page(call.query) is None) if self.faults.rules else None
        if rule is None:
            answer = self._work(call)
            self.journal.add(call, answer.status, None)
            await _send(answer, send)
        else:
            await self._go_wrong(call, rule, scope, send)

    def _call(self, scope: Scope, body: bytes) -> Call:
        raw = scope["query_string"].decode("latin-1")
        path = scope["path"][self.prefix :]
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qsl(raw, keep_blank_values=True) if raw else []
        return Call(self.cloud.vendor, scope["method"], path, query, headers, body, raw)

    def _work(self, call: Call) -> Answer:
        answer = self.cloud.answer(call)
        if call.write or call.token or self.cloud.dirty:
            self.cloud.dirty = False
            self.saved()
        return answer

    async def _go_wrong(self, call: Call, rule: Rule, scope: Scope, send: Send) -> None:
        fields = rule.fields
        if fields.get("latency"):
            await asyncio.sleep(float(fields["latency"]))
        status = rule.status()
        drop = fields.get("drop")
        call.fault = fields
        if drop == "before":
            self.journal.add(call, None, rule.label())
            await hang_up(scope)
            return
        if drop == "after":
            call.note["lost"] = True
            self._work(call)
            self.journal.add(call, None, rule.label())
            await hang_up(scope)
            return
        answer = self._damaged(call, rule, status)
        if fields.get("cut_body"):
            self.journal.add(call, None, rule.label())
            await _send_half(answer, send)
            await hang_up(scope)
            return
        self.journal.add(call, answer.status, rule.label())
        await _send(answer, send)

    def _damaged(self, call: Call, rule: Rule, status: int | None) -> Answer:
        fields = rule.fields
        if status is None or fields.get("after"):
            if status is not None or fields.get("cut_body"):
                call.note["lost"] = True
            answer = self._page(call, rule)
        else:
            answer = Answer(status)
        if status is not None:
            shaped = self.cloud.refuse(call, Refusal(status, f"fault {rule.label()}")) if status >= 400 else Answer(status)
            answer = Answer(status, shaped.body, {**answer.headers, **shaped.headers}, shaped.content_type)
            answer.headers.pop("Location", None)
        if "body" in fields:
            body = fields["body"]
            answer.body = body.encode() if isinstance(body, str) else None if body is None else encode(body)
            call.note["lost"] = True
        if "content_type" in fields:
            answer.content_type = str(fields["content_type"])
        if fields.get("redirect"):
            answer.headers["Location"] = str(fields["redirect"])
        answer.headers.update(rule.headers())
        return answer

    def _page(self, call: Call, rule: Rule) -> Answer:
        fields = rule.fields
        asked = call.query
        if fields.get("repeat_page"):
            call.query = self.cloud.previous_page(asked) or asked
        answer = self._work(call)
        call.query = asked
        wanted = fields.keys() & {"repeat_page", "missing_page", "wrong_total"}
        if not wanted or answer.status != 200 or answer.body is None:
            return answer
        page = json.loads(answer.body) if answer.write is None else answer.document
        if not isinstance(page, dict) or self.cloud.rows_key not in page:
            return answer
        if "offset" in page:
            page["offset"] = int(call.get("offset") or 0)
        if fields.get("missing_page"):
            page[self.cloud.rows_key] = []
            if "count" in page:
                page["count"] = 0
        if "wrong_total" in fields and self.cloud.total_key:
            wrong = fields["wrong_total"]
            total = page.get(self.cloud.total_key, 0)
            page[self.cloud.total_key] = (
                total + 1 if wrong is True else total + wrong["plus"] if isinstance(wrong, dict) else wrong
            )
        answer.body = (answer.write or encode)(page)
        return answer


def _head(answer: Answer, length: int) -> dict[str, Any]:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    if answer.body is not None:
        headers.append((b"content-type", answer.content_type.encode("latin-1")))
    if answer.status != 204:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


async def _send(answer: Answer, send: Send) -> None:
    body = answer.body or b""
    await send(_head(answer, len(body)))
    await send({"type": "http.response.body", "body": body})


async def _send_half(answer: Answer, send: Send) -> None:
    body = answer.body or b'{"cut": "here"}'
    answer.body = body
    await send(_head(answer, len(body)))
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
