# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What travels between the socket and a cloud: a call, an answer, a refusal, and the checks of their parts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

INT32 = (-(2**31), 2**31 - 1)
INT64 = (-(2**63), 2**63 - 1)
_INTEGER = re.compile(r"-?\d{1,19}")


class Refusal(Exception):
    """An answer that is an error; the cloud gives it the vendor's form.

    ``rule`` is the strictness rule that the client violated, for the request log; None where the client did nothing wrong
    (a device that is gone, a token that ran out).
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        rule: str | None = None,
        subject: str = "",
        source: str = "field",
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.rule = rule
        self.subject = subject
        self.source = source
        self.code = code
        self.headers = dict(headers or {})


def bad(message: str, subject: str = "", source: str = "field", code: str | None = None) -> Refusal:
    """A 400 that the client could have avoided: always a violated rule."""
    return Refusal(400, message, rule=message, subject=subject, source=source, code=code)


@dataclass(slots=True)
class Answer:
    """Status, headers and encoded body. ``body`` None means no body and no content type.

    A body that is not JSON has ``document``, the data that ``write`` made it of.
    """

    status: int
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    document: Any = None
    write: Callable[[Any], bytes] | None = None

    @classmethod
    def of(cls, data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        return cls(status, encode(data), dict(headers or {}))


def encode(data: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(slots=True)
class Call:
    """One request as a cloud sees it; ``path`` is what follows the account's url, header names are lower case.

    The fields from ``write`` on are found out while the call is answered, and go into the request log.
    """

    vendor: str
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    query_string: str = ""
    fault: dict[str, Any] | None = None
    write: bool = False
    token: bool = False
    idempotent: bool = True
    violation: str | None = None
    noop: bool = False
    devices: tuple[str, ...] = ()
    reads: bool = False
    note: dict[str, Any] = field(default_factory=dict)

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name]

    def get(self, name: str) -> str | None:
        for key, value in self.query:
            if key == name:
                return value
        return None

    def unknown_query(self, allowed: Iterable[str], repeatable: Iterable[str] = ()) -> str | None:
        """The first complaint about the query, or None: a name that is not known, or one given twice."""
        known = set(allowed)
        twice = set(repeatable)
        seen: set[str] = set()
        for key, _value in self.query:
            if key not in known:
                return f"unknown query parameter: {key}"
            if key in seen and key not in twice:
                return f"query parameter given twice: {key}"
            seen.add(key)
        return None

    def integer(self, name: str, default: int | None, low: int = INT32[0], high: int = INT32[1]) -> int:
        """A whole number from the query; None as default makes it required."""
        raw = self.get(name)
        if raw is None:
            if default is None:
                raise bad(f"{name} is required", name, "query.parameter")
            return default
        if not _INTEGER.fullmatch(raw):
            raise bad(f"{name} must be an integer", name, "query.parameter")
        number = int(raw)
        if not low <= number <= high:
            raise bad(f"{name} must be between {low} and {high}", name, "query.parameter")
        return number

    def boolean(self, name: str, default: bool = False) -> bool:
        raw = self.get(name)
        if raw is None:
            return default
        if raw not in ("true", "false"):
            raise bad(f"{name} must be true or false", name, "query.parameter")
        return raw == "true"

    def text(self, name: str, *, required: bool = False, longest: int | None = None) -> str | None:
        raw = self.get(name)
        if raw is None or raw == "":
            if required:
                raise bad(f"{name} is required", name, "query.parameter")
            return raw
        if longest is not None and len(raw) > longest:
            raise bad(f"{name} must have at most {longest} characters", name, "query.parameter")
        return raw

    def choice(self, name: str, options: Iterable[str]) -> str | None:
        raw = self.get(name)
        allowed = list(options)
        if raw is not None and raw not in allowed:
            raise bad(f"{name} must be one of: {', '.join(allowed)}", name, "query.parameter")
        return raw

    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        try:
            data = json.loads(self.body.decode())
        except ValueError:
            raise bad("the body is not valid JSON", "body") from None
        if not isinstance(data, dict):
            raise bad("the body must be a JSON object", "body")
        return data

    def media_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


def _fits(value: Any, kind: str) -> bool:
    if kind in ("int32", "int64"):
        low, high = INT32 if kind == "int32" else INT64
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    if kind == "string":
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "scalar":
        return isinstance(value, (str, int, float)) and not isinstance(value, bool)
    if kind == "object":
        return isinstance(value, dict)
    if kind == "list":
        return isinstance(value, list)
    return kind == "any"


def check_fields(
    body: Mapping[str, Any], required: Mapping[str, str], optional: Mapping[str, str] | None = None, where: str = ""
) -> None:
    """Hold a body against ``{field: kind}`` tables; kinds: int32, int64, string, boolean, scalar, object, list, any.

    :raises Refusal: 400 for a missing, an unknown or a mistyped field, a null included.
    """
    optional = optional or {}
    for name in required:
        if name not in body:
            raise bad(f"{where}{name}: must not be null", name)
    for name, value in body.items():
        kind = required.get(name) or optional.get(name)
        if kind is None:
            raise bad(f"unknown field: {where}{name}", name)
        if not _fits(value, kind):
            raise bad(f"{where}{name}: must be of type {kind}", name)
