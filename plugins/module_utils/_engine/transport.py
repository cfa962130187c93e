# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries one request to a server and brings the answer back whole. The only user of ``requests``.

Nothing here repeats, redirects, remembers or decides. No ``.netrc`` entry, cookie or certificate variable of the environment
takes part; proxies of the environment do.
"""

from __future__ import annotations

import time
import typing as t
from http.cookiejar import DefaultCookiePolicy

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import MissingLibrary
from ansible_collections.fleetform.devices.plugins.module_utils._engine.exchange import (
    ConnectionLost,
    CutBody,
    NeverConnects,
    NotConnected,
    Request,
    Response,
    TooLarge,
    TransportFailure,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings, is_loopback, origin

try:
    import requests
    import requests.adapters
    import requests.utils
    import urllib3
    import urllib3.exceptions

    HAS_REQUESTS = True
except ImportError:
    HAS_REQUESTS = False

# Bytes of one body after decompression. The largest page of the vendors' listings stays far below.
LARGEST_BODY = 64 * 1024 * 1024
_CHUNK = 16 * 1024
_NO_CONNECTION = frozenset({"NewConnectionError", "ConnectTimeoutError", "ConnectionRefusedError", "gaierror"})


class RequestsTransport:
    """One session of ``requests`` for one account, safe to use from as many threads as the account has ``concurrency``."""

    def __init__(self, settings: AccountSettings, *, largest_body: int = LARGEST_BODY) -> None:
        if not HAS_REQUESTS:
            raise MissingLibrary("requests")
        self._verify: bool | str = (settings.ca_path or True) if settings.validate_certs else False
        if not settings.validate_certs:
            # Asked for by the user; a warning with each request would only spoil the output.
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._largest_body = largest_body
        self._proxies: dict[tuple[str, str, int], dict[str, str]] = {}
        self._session = requests.Session()
        # Without this, requests would take credentials from .netrc and certificates from REQUESTS_CA_BUNDLE.
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            adapter = requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=settings.concurrency, max_retries=0)
            self._session.mount(scheme, adapter)

    def send(self, request: Request) -> Response:
        """See Transport. Redirects come back as they are."""
        started = time.monotonic()
        try:
            response = self._session.request(
                request.method,
                request.url,
                data=request.body,
                headers=dict(request.headers),
                auth=_Authorization(request.authorization),
                timeout=(request.timeout, request.timeout),
                verify=self._verify,
                proxies=self._proxies_for(request.url),
                allow_redirects=False,
                stream=True,
            )
            with response:
                body = self._body(response, started + request.max_seconds)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Response(response.status_code, headers, body)
        except TransportFailure:
            raise
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise _failure(error) from None

    def close(self) -> None:
        """See Transport."""
        self._session.close()

    def _proxies_for(self, url: str) -> dict[str, str]:
        where = origin(url)
        if where not in self._proxies:
            # Plain http is for loopback only; over a proxy it would leave this machine.
            local = is_loopback(where[1])
            self._proxies[where] = {} if local else requests.utils.get_environ_proxies(url, no_proxy=None)
        return self._proxies[where]

    def _body(self, response: requests.Response, end: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in _parts(response):
            size += len(part)
            if size > self._largest_body:
                raise TooLarge(f"the body is larger than {self._largest_body} bytes")
            if time.monotonic() > end:
                raise CutBody("the body did not end in time")
            parts.append(part)
        # Older releases of urllib3 take a cut body for a whole one.
        announced = response.headers.get("Content-Length", "")
        has_body = response.request.method != "HEAD" and response.status_code not in (204, 304)
        measured = has_body and announced.isdigit() and "Transfer-Encoding" not in response.headers
        if measured and response.raw.tell() < int(announced):
            raise CutBody("the body was cut off")
        return b"".join(parts)


def _parts(response: requests.Response) -> t.Iterator[bytes]:
    """The body as it arrives. Older releases of urllib3 only give whole chunks, however slowly they fill."""
    read1 = getattr(response.raw, "read1", None)
    if read1 is None:
        yield from response.iter_content(_CHUNK)
        return
    while part := read1(_CHUNK, decode_content=True):
        yield part


class _Authorization:
    """Sets the header as ``auth=`` does, so that nothing else can set another."""

    def __init__(self, value: str | None) -> None:
        self._value = value

    def __call__(self, prepared: t.Any) -> t.Any:
        prepared.headers.pop("Authorization", None)
        if self._value is not None:
            prepared.headers["Authorization"] = self._value
        return prepared


def _failure(error: BaseException) -> TransportFailure:
    """The failure in our words: those of the libraries hold URLs, and proxies with passwords."""
    chain = list(_chain(error))
    names = {kind.__name__ for link in chain for kind in type(link).__mro__}
    if "SSLCertVerificationError" in names:
        return NeverConnects("the server's certificate was not accepted; see the options ca_path and validate_certs")
    if any("invalid path" in str(link) and isinstance(link, OSError) and "CA certificate" in str(link) for link in chain):
        return NeverConnects("the file of ca_path cannot be used")
    if "InvalidProxyURL" in names:
        return NeverConnects("the proxy variable of the environment holds no usable URL")
    if "ProxyError" in names:
        # Some releases of urllib3 call every failure over a proxy so, a connection that broke after sending included.
        if names & _NO_CONNECTION or any("Tunnel connection failed" in str(link) for link in chain):
            return NotConnected("the proxy of the environment did not connect")
        return ConnectionLost("the connection through the proxy of the environment was lost")
    if "NameResolutionError" in names or "gaierror" in names:
        return NotConnected("the host name cannot be resolved")
    if names & {"ConnectTimeout", "ConnectTimeoutError"} and "NewConnectionError" not in names:
        return NotConnected("connecting took too long")
    if names & _NO_CONNECTION:
        return NotConnected("the server does not accept connections")
    if names & {"InvalidURL", "InvalidHeader", "LocationParseError", "UnicodeEncodeError"}:
        return NeverConnects("the request cannot be expressed in HTTP")
    if names & {"ReadTimeout", "ReadTimeoutError", "TimeoutError"}:
        return ConnectionLost("no answer came in time")
    if names & {"SSLError"}:
        return ConnectionLost("the encrypted connection broke")
    if names & {"IncompleteRead", "ChunkedEncodingError", "ContentDecodingError", "DecodeError"}:
        return CutBody("the body was cut off or damaged")
    return ConnectionLost("the connection was lost")


def _chain(error: BaseException) -> t.Iterator[BaseException]:
    """The error and all those that it wraps, as arguments, reason, cause or context."""
    seen: set[int] = set()
    queue: list[t.Any] = [error]
    while queue:
        link = queue.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            queue += [*link.args, getattr(link, "reason", None), link.__cause__, link.__context__]
