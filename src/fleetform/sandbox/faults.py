# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fault rules: which requests go wrong, and how. The table of fields is in the docstring of server.py."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from fleetform.sandbox.wire import Call

_MATCH = frozenset({"name", "vendor", "method", "path", "query", "body_contains", "skip", "times"})
_EFFECT = frozenset(
    {
        "status", "headers", "body", "content_type", "retry_after", "ratelimit_reset", "latency", "drop", "cut_body", "after",
        "repeat_page", "missing_page", "wrong_total", "redirect", "job", "polls", "effect",
    }
)  # fmt: skip


class Rule:
    """One fault rule with its counters. ``jobs`` says for each vendor how its jobs can go wrong.

    :raises ValueError: for a field that is unknown or unusable, naming it.
    """

    def __init__(self, fields: dict[str, Any], jobs: Mapping[str, Collection[str]]) -> None:
        unknown = set(fields) - _MATCH - _EFFECT
        if unknown:
            raise ValueError(f"unknown fault field: {', '.join(sorted(unknown))}")
        if not set(fields) & _EFFECT:
            raise ValueError(f"a fault needs an effect, one of: {', '.join(sorted(_EFFECT))}")
        if fields.get("drop") not in (None, "before", "after"):
            raise ValueError("drop: before or after")
        kinds = sorted({kind for known in jobs.values() for kind in known})
        if fields.get("job") not in (None, *kinds):
            raise ValueError(f"job: one of {', '.join(kinds)}")
        self.fields = fields
        self._jobs = jobs
        self.skip = int(fields.get("skip", 0))
        times = fields.get("times", 1)
        self.times = None if times is None else int(times)
        self.seen = 0
        self.used = 0
        path = fields.get("path")
        try:
            self._path = re.compile(path) if path else None
        except re.error as error:
            raise ValueError(f"path: {error}") from None

    def fits(self, call: Call, first_page: bool) -> bool:
        """Whether the request is meant. A page fault never hits what is not a page, nor repeats before the first."""
        fields = self.fields
        if fields.get("vendor") not in (None, call.vendor):
            return False
        method = fields.get("method")
        if method is not None and call.method not in ([method] if isinstance(method, str) else method):
            return False
        if self._path is not None and not self._path.match(call.path):
            return False
        for name, value in (fields.get("query") or {}).items():
            if str(value) not in call.values(name):
                return False
        text = fields.get("body_contains")
        if text is not None and text.encode() not in call.body:
            return False
        if call.token and self._path is None:
            return False
        if fields.get("job") and not (call.write and fields["job"] in self._jobs.get(call.vendor, ())):
            return False
        return not (fields.get("repeat_page") and first_page)

    def take(self) -> bool:
        """Count a match; true when this one is to go wrong."""
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.used >= self.times):
            return False
        self.used += 1
        return True

    def label(self) -> str:
        """How the request log names it."""
        name = self.fields.get("name")
        if name:
            return str(name)
        return " ".join(
            f"{key}={self.fields[key]}" for key in sorted(_EFFECT & set(self.fields)) if key not in ("body", "headers")
        )

    def shown(self) -> dict[str, Any]:
        return {**self.fields, "seen": self.seen, "used": self.used}

    def headers(self) -> dict[str, str]:
        """The extra headers that the rule asks for."""
        found = {str(k): str(v) for k, v in (self.fields.get("headers") or {}).items()}
        wait = self.fields.get("retry_after")
        if isinstance(wait, dict):
            moment = datetime.now(UTC) + timedelta(seconds=float(wait["date_in"]))
            found["Retry-After"] = format_datetime(moment.replace(microsecond=0), usegmt=True)
        elif wait is not None:
            found["Retry-After"] = str(wait)
        if self.fields.get("ratelimit_reset") is not None:
            found["ratelimit-reset"] = str(self.fields["ratelimit_reset"])
        return found

    def status(self) -> int | None:
        """The status to answer with instead of the real one, if any."""
        if self.fields.get("status") is not None:
            return int(self.fields["status"])
        if self.fields.get("redirect"):
            return 308
        if "retry_after" in self.fields or "ratelimit_reset" in self.fields:
            return 429
        return None


class Faults:
    """The rules in force, tried in the order in which they were added."""

    def __init__(self, jobs: Mapping[str, Collection[str]]) -> None:
        self.rules: list[Rule] = []
        self._jobs = jobs

    def add(self, rules: dict[str, Any] | list[dict[str, Any]]) -> None:
        self.rules.extend([Rule(fields, self._jobs) for fields in (rules if isinstance(rules, list) else [rules])])

    def clear(self) -> None:
        self.rules.clear()

    def pick(self, call: Call, first_page: bool) -> Rule | None:
        """The rule that this request falls to. Rules passed over in their ``skip`` phase count the request as well."""
        for rule in self.rules:
            if rule.fits(call, first_page) and rule.take():
                return rule
        return None
