# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The request log: what was asked, what was answered, and what a careful client would not have sent."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections import deque
from typing import Any
from urllib.parse import parse_qsl

from fleetform.sandbox.wire import Call

_SECRET_NAMES = frozenset({"client_secret", "refresh_token", "subject_token", "access_token", "password"})
_KEPT = 200_000


def fingerprint(secret: str) -> str:
    """Eight hex digits that tell two secrets apart without showing either."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]


def _authorization(value: str) -> str:
    scheme, _space, rest = value.partition(" ")
    if not rest:
        # A bare key, as Xyte wants it.
        return fingerprint(value)
    if scheme.lower() == "basic":
        try:
            user = base64.b64decode(rest).decode().partition(":")[0]
        except ValueError:
            user = "?"
        return f"Basic {user}:{fingerprint(rest)}"
    return f"{scheme} {fingerprint(rest)}"


def _body(call: Call) -> Any:
    if not call.body:
        return None
    text = call.body.decode("utf-8", "replace")
    if call.media_type() == "application/x-www-form-urlencoded":
        return {k: "***" if k in _SECRET_NAMES else v for k, v in parse_qsl(text, keep_blank_values=True)}
    try:
        data = json.loads(text)
    except ValueError:
        return text
    if isinstance(data, dict) and _SECRET_NAMES & data.keys():
        return {k: "***" if k in _SECRET_NAMES else v for k, v in data.items()}
    return data


def _query(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, given in call.query:
        value = "***" if key in _SECRET_NAMES else given
        if key in found:
            earlier = found[key]
            found[key] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        else:
            found[key] = value
    return found


class Journal:
    """The requests seen, oldest first, and the writes whose answer the client did not get."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._unanswered: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._count = 0

    def entries(self) -> list[dict[str, Any]]:
        return list(self._entries)

    def clear(self) -> None:
        self._entries.clear()
        self._unanswered.clear()
        self._count = 0

    def add(self, call: Call, status: int | None, fault: str | None) -> dict[str, Any]:
        """Log one request; ``status`` None means that the connection was closed without an answer.

        A write is a blind repeat when the same write was sent before, ended without an answer or with 5xx, and the client
        read neither that device nor a list since then.
        """
        headers = dict(call.headers)
        if "authorization" in headers:
            headers["authorization"] = _authorization(headers["authorization"])
        self._count += 1
        entry: dict[str, Any] = {
            "n": self._count,
            "time": time.time(),
            "vendor": call.vendor,
            "method": call.method,
            "path": call.path,
            "query": _query(call),
            "headers": headers,
            "body": _body(call),
            "status": status,
            "write": call.write,
            "token": call.token,
            "idempotent": call.idempotent,
            "violation": call.violation,
            "noop": call.noop,
            "blind_repeat": self._blind(call, status),
            "devices": list(call.devices),
            "fault": fault,
            **call.note,
        }
        self._entries.append(entry)
        return entry

    def _blind(self, call: Call, status: int | None) -> bool:
        unclear = status is None or status >= 500
        if not call.write:
            if call.reads and not unclear:
                self._read(call)
            return False
        key = (call.vendor, call.method, call.path, call.query_string, hashlib.sha256(call.body).hexdigest())
        blind = key in self._unanswered
        if unclear:
            self._unanswered[key] = call.devices
        else:
            self._unanswered.pop(key, None)
        return blind

    def _read(self, call: Call) -> None:
        seen = set(call.devices)
        for key, devices in list(self._unanswered.items()):
            if key[0] == call.vendor and (not seen or seen & set(devices)):
                del self._unanswered[key]
