# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One request, its answer, and how the way between them can fail: what the client and whoever carries for it agree on."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """One HTTP request. ``authorization`` is the value of that header; ``max_seconds`` bounds the reading of the whole body."""

    method: str
    url: str
    headers: t.Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    authorization: str | None = field(default=None, repr=False)
    timeout: float = 30.0
    max_seconds: float = 600.0


@dataclass(frozen=True)
class Response:
    """A complete answer. Header names are in lower case."""

    status: int
    headers: t.Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


class TransportFailure(Exception):
    """There is no complete answer. The text says why and holds nothing of the request."""


class NotConnected(TransportFailure):
    """No connection came about, so that nothing was sent."""


class NeverConnects(TransportFailure):
    """Nothing was sent, and trying again does not help: the server's certificate, say, is not accepted."""


class ConnectionLost(TransportFailure):
    """It ended after the request may have been sent: whether it was carried out is unknown."""


class CutBody(ConnectionLost):
    """The answer began and did not come to its end."""


class TooLarge(ConnectionLost):
    """The body is larger than LARGEST_BODY."""


class Transport(t.Protocol):
    """What the client needs of the network."""

    def send(self, request: Request) -> Response:
        """The complete answer, whatever its status. Raises TransportFailure."""

    def close(self) -> None:
        """Ends all connections."""
