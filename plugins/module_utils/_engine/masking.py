# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps secrets, and whatever a hostile device name may hold, out of messages and logs."""

from __future__ import annotations

import base64
import json
import re
import threading
import typing as t
from urllib.parse import quote, quote_plus

HIDDEN = "********"
# Shorter values would turn ordinary words into stars, and protect nothing.
LEAST_SECRET = 4
# Vendor text in a message: enough for a sentence or two.
LONGEST_TEXT = 500
_LONGEST_LOOK = 20_000

# Terminal sequences: CSI, OSC up to its end, and the two-character ones.
_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?|\x9b[0-?]*[ -/]*[@-~]")
# Invisible characters and those that turn the direction of text around.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_SPACES = re.compile(r"\s{2,}")


# What device tokens are made of; shorter runs hold none.
_RUN = re.compile(r"[A-Za-z0-9_-]{8,}")


class Masker:
    """Knows the secrets of one account, in the forms in which they can come back. Safe to use from several threads."""

    def __init__(self, secrets: t.Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._forms: frozenset[str] = frozenset()
        self._secrets: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None
        self._longest = 0
        self._words: set[str] = set()
        self._lengths: tuple[int, ...] = ()
        self.add(*secrets)

    @property
    def secrets(self) -> frozenset[str]:
        """The secrets known so far, as they were given."""
        return self._secrets

    def add(self, *secrets: str | None) -> None:
        """Hide these from now on: as they are, percent-encoded, escaped as in JSON, and in base64."""
        new = {secret for secret in secrets if secret and len(secret) >= LEAST_SECRET} - self._secrets
        if not new:
            return
        forms = {form for secret in new for form in _forms(secret)}
        with self._lock:
            self._secrets |= new
            self._forms |= forms
            # The longest first: one secret may be the beginning of another.
            ordered = sorted(self._forms, key=lambda form: (-len(form), form))
            self._longest = len(ordered[0])
            self._pattern = re.compile("|".join(re.escape(form) for form in ordered))

    def add_words(self, words: t.Iterable[str]) -> None:
        """Hide these from now on, as they are. For thousands of secrets of the form ``[A-Za-z0-9_-]``, such as device tokens."""
        fit = {word for word in words if _RUN.fullmatch(word)}
        with self._lock:
            self._words |= fit
            self._lengths = tuple(sorted({*self._lengths, *map(len, fit)}, reverse=True))

    def add_basic(self, user: str, password: str) -> None:
        """Hide a user's password and the value that HTTP Basic makes of both."""
        self.add(password, base64.b64encode(f"{user}:{password}".encode()).decode("ascii"))

    def hide(self, text: str) -> str:
        """The text with every secret replaced, otherwise as it is."""
        if self._pattern:
            text = self._pattern.sub(HIDDEN, text)
        return _RUN.sub(lambda found: self._without_words(found.group()), text) if self._words else text

    def _without_words(self, run: str) -> str:
        """A run of letters and digits with the words in it replaced, wherever they begin."""
        for length in self._lengths:
            for start in range(len(run) - length + 1):
                if run[start : start + length] in self._words:
                    return self._without_words(run[:start]) + HIDDEN + self._without_words(run[start + length :])
        return run

    def mask(self, text: str, limit: int = LONGEST_TEXT) -> str:
        """Foreign text made fit for a message: one line without secrets or invisible characters, at most ``limit`` long."""
        if len(text) > _LONGEST_LOOK:
            # A secret cut in two at the end would not be recognised, so that its length is left out as well.
            text = self.hide(text[: _LONGEST_LOOK + self._longest])[:_LONGEST_LOOK]
        # Hidden twice: removing characters can put a secret together that was interrupted by them.
        text = _CONTROL.sub(" ", _INVISIBLE.sub("", _TERMINAL.sub("", self.hide(text))))
        text = self.hide(_SPACES.sub(" ", text).strip())
        return text if len(text) <= limit else text[: max(0, limit - 3)] + "..."

    def scrub(self, data: t.Any) -> t.Any:
        """A copy of plain data with the secrets hidden in every string, keys included. The strings are otherwise left alone."""
        if isinstance(data, str):
            return self.hide(data)
        if isinstance(data, t.Mapping):
            return {self.scrub(key): self.scrub(value) for key, value in data.items()}
        if isinstance(data, (list, tuple)):
            return [self.scrub(item) for item in data]
        return data


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode("ascii")
    return {
        secret,
        quote(secret, safe="", errors="replace"),
        quote(secret, errors="replace"),
        quote_plus(secret, errors="replace"),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        encoded,
        encoded.rstrip("="),
    }
