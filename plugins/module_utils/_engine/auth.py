# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Credentials: what goes into the Authorization header, and how tokens are fetched, kept, shared and renewed.

A token is fetched by one thread of one process at a time; all others wait for it and use the same one. It goes nowhere but to the
account's own host and the token host that the user or the vendor names.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import typing as t
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Answer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import AuthFailed, SettingsError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.exchange import Request
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Exchange
from ansible_collections.fleetform.devices.plugins.module_utils._engine.masking import Masker
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings, origin
from ansible_collections.fleetform.devices.plugins.module_utils._engine.shared import Data, SharedState

# How client credentials are sent.
QUERY_BASIC = "query_basic"  # grant in the query, credentials as Basic, no body (docs/vendors/blynk.md)
FORM = "form"  # grant and credentials in a form (docs/vendors/greenlake.md)

# Seconds. Renewed so long before the end, or at a tenth of a shorter life.
_RENEW_BEFORE = 60.0
# For an answer that does not say how long its token lives.
_DEFAULT_LIFE = 900.0
_LONGEST_LIFE = 366 * 86_400.0


class StaticToken:
    """A bearer token that the user made; nothing can renew it."""

    def __init__(self, token: str) -> None:
        self._value = f"Bearer {token}"

    def attach(self, shared: SharedState, masker: Masker, wall: t.Callable[[], float]) -> None:
        """See http.Auth."""

    def authorization(self, exchange: Exchange) -> str:
        """See http.Auth."""
        return self._value

    def renew(self, failed: str | None, exchange: Exchange) -> bool:
        """See http.Auth."""
        return False


class ApiKey(StaticToken):
    """A key that stands bare in the Authorization header."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self._value = key


class Basic(StaticToken):
    """User name and password with every request."""

    def __init__(self, username: str, password: str) -> None:
        super().__init__(password)
        self._value = _basic(username, password)
        self._both = username, password

    def attach(self, shared: SharedState, masker: Masker, wall: t.Callable[[], float]) -> None:
        """See http.Auth."""
        masker.add_basic(*self._both)


@dataclass(frozen=True)
class Token:
    """An access token; ``expires_at`` and ``renew_at`` are seconds since 1970."""

    value: str = field(repr=False)
    expires_at: float
    renew_at: float
    refresh_token: str | None = field(default=None, repr=False)


class FetchedToken:
    """A bearer token that is fetched when it is needed. ``token_url`` is the vendor's; the option of that name wins.

    Raises SettingsError where the vendor's token URL is on a host that nobody named.
    """

    def __init__(self, settings: AccountSettings, *, token_url: str) -> None:
        self._settings = settings
        self._url = settings.token_url or token_url
        named = settings.token_url is not None or settings.on_default_host
        if not named and origin(self._url) != origin(settings.url):
            message = "the token would be fetched from another host than `url`; give `token_url`"
            raise SettingsError(message, account=settings.name)
        self._shared = SharedState()
        self._masker = Masker()
        self._wall: t.Callable[[], float] = time.time
        self._token: Token | None = None
        self._secret = settings.client_secret or settings.refresh_token or ""
        identity = [settings.vendor, settings.url, self._url, settings.client_id, self._secret, settings.refresh_token]
        self._key = hashlib.sha256(json.dumps(identity).encode()).hexdigest()

    def attach(self, shared: SharedState, masker: Masker, wall: t.Callable[[], float]) -> None:
        """See http.Auth."""
        self._shared, self._masker, self._wall = shared, masker, wall
        masker.add_basic(self._settings.client_id or "", self._secret)

    def authorization(self, exchange: Exchange) -> str:
        """See http.Auth."""
        token = self._token
        if token is None or self._wall() >= token.renew_at:
            with self._shared.exclusive(self._key):
                token = self._stored()
                if token is None or self._wall() >= token.renew_at:
                    token = self._fetch(exchange)
            self._token = token
        return f"Bearer {token.value}"

    def renew(self, failed: str | None, exchange: Exchange) -> bool:
        """See http.Auth. Fetches only when the token that failed is still the one in use."""
        with self._shared.exclusive(self._key):
            token = self._stored()
            if token is None or f"Bearer {token.value}" == failed or self._wall() >= token.renew_at:
                token = self._fetch(exchange)
        self._token = token
        return True

    def _request(self, stored: Token | None) -> Request:
        raise NotImplementedError

    def _stored(self) -> Token | None:
        """The token that another thread or process may have fetched meanwhile."""
        record = self._shared.update("tokens", lambda tokens: tokens.get(self._key))
        token = _token_from_record(record)
        if token is not None:
            self._masker.add(token.value, token.refresh_token)
        return token

    def _fetch(self, exchange: Exchange) -> Token:
        asked_at = self._wall()
        token = self._token_from(exchange(self._request(self._stored())), asked_at)
        record = [token.value, token.expires_at, token.renew_at, token.refresh_token]

        def store(tokens: Data) -> None:
            tokens[self._key] = record

        self._shared.update("tokens", store)
        return token

    def _token_from(self, answer: Answer, asked_at: float) -> Token:
        body = answer.body if isinstance(answer.body, dict) else {}
        value = body.get("access_token")
        if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable() or " " in value:
            raise AuthFailed("the answer of the token endpoint holds no usable token", account=self._settings.name)
        refresh = body.get("refresh_token")
        refresh = refresh if isinstance(refresh, str) and refresh else None
        self._masker.add(value, refresh)
        life = _life(body.get("expires_in"))
        return Token(value, asked_at + life, asked_at + life - min(_RENEW_BEFORE, life / 10), refresh)


class ClientCredentials(FetchedToken):
    """OAuth client credentials, sent in the style of the vendor."""

    def __init__(self, settings: AccountSettings, *, style: str, token_url: str) -> None:
        if style not in (QUERY_BASIC, FORM):
            raise ValueError(f"unknown style {style}")
        super().__init__(settings, token_url=token_url)
        self._style = style

    def _request(self, stored: Token | None) -> Request:
        client_id, secret = self._settings.client_id or "", self._settings.client_secret or ""
        grant = {"grant_type": "client_credentials"}
        if self._style == QUERY_BASIC:
            return Request("POST", f"{self._url}?{urlencode(grant)}", authorization=_basic(client_id, secret))
        return _form(self._url, {**grant, "client_id": client_id, "client_secret": secret})


class RefreshToken(FetchedToken):
    """An OAuth refresh token; where the vendor answers with a new one, the next renewal uses that."""

    def _request(self, stored: Token | None) -> Request:
        newest = stored.refresh_token if stored is not None else None
        fields = {
            "grant_type": "refresh_token",
            "client_id": self._settings.client_id or "",
            "client_secret": self._settings.client_secret or "",
            "refresh_token": newest or self._settings.refresh_token or "",
        }
        return _form(self._url, fields)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def _form(url: str, fields: t.Mapping[str, str]) -> Request:
    return Request("POST", url, {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(fields).encode("ascii"))


def _life(value: t.Any) -> float:
    """Seconds that a token lives, by its ``expires_in``, which some servers send as text."""
    try:
        life = 0.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        life = 0.0
    return life if 0 < life < _LONGEST_LIFE else _DEFAULT_LIFE


def _token_from_record(record: t.Any) -> Token | None:
    """The token of a record in the shared state, or None where the file holds something else."""
    if not isinstance(record, list) or len(record) != 4:
        return None
    value, expires_at, renew_at, refresh = record
    if not isinstance(value, str) or not isinstance(expires_at, (int, float)) or not isinstance(renew_at, (int, float)):
        return None
    return Token(value, expires_at, renew_at, refresh if isinstance(refresh, str) else None)
