# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The real transport against a real server on loopback: what the environment must not change, and how connections end."""

from __future__ import annotations

import base64
import socket
import ssl
import struct
import subprocess
import sys
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine import transport as transport_file
from ansible_collections.fleetform.devices.plugins.module_utils._engine.auth import StaticToken
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import NEVER, Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import BadAnswer, MissingLibrary, Unclear
from ansible_collections.fleetform.devices.plugins.module_utils._engine.exchange import (
    ConnectionLost,
    CutBody,
    NeverConnects,
    NotConnected,
    Request,
    TooLarge,
    TransportFailure,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.transport import RequestsTransport, _failure
from tests.unit.plugins.module_utils._engine.wire import settings


class Handler(BaseHTTPRequestHandler):
    """Does what the path says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        length = int(self.headers.get("Content-Length", 0))
        self.server.seen.append((self.command, self.path, dict(self.headers.items()), self.rfile.read(length)))
        name = self.path.split("?")[0].strip("/").replace("/", "_") or "plain"
        getattr(self, f"say_{name}", self.say_plain)()

    do_POST = do_HEAD = do_PATCH = do_GET

    def reply(self, status=200, body=b"{}", length=None, **headers):
        self.send_response(status)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body) if length is None else length), **headers}
        for header, value in headers.items():
            if value is not None:
                self.send_header(header.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def say_plain(self):
        self.reply()

    def say_cookie(self):
        self.reply(Set_Cookie="session=canary; Path=/")

    def say_redirect(self):
        self.reply(307, b"", Location="/arrived?x=1")

    def say_elsewhere(self):
        self.reply(302, b"", Location=f"http://localhost:{self.server.server_port}/plain")

    def say_cut(self):
        self.reply(body=b'{"a": 1', length=100)
        self.close_connection = True

    def say_cut_chunks(self):
        self.reply(body=b'5\r\n{"a":', Content_Length=None, Transfer_Encoding="chunked")
        self.close_connection = True

    def say_bad_gzip(self):
        self.reply(body=b"no gzip", Content_Encoding="gzip")

    def say_gzip(self):
        packer = zlib.compressobj(wbits=31)
        self.reply(body=packer.compress(b'{"zip": 1}') + packer.flush(), Content_Encoding="gzip")

    def say_bomb(self):
        packer = zlib.compressobj(wbits=31)
        self.reply(body=packer.compress(b" " * 1_000_000) + packer.flush(), Content_Encoding="gzip")

    def say_drop(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def say_nonsense(self):
        self.wfile.write(b"this is no HTTP\r\n\r\n")
        self.close_connection = True

    def say_silence(self):
        self.server.gate.wait(5)
        self.close_connection = True

    def say_drip(self):
        self.reply(body=b"{", length=1000)
        for _byte in range(200):
            if self.server.gate.wait(0.005):
                return
            self.wfile.write(b" " * 5)
            self.wfile.flush()

    def log_message(self, format, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # connections that end early are what these tests are about


@pytest.fixture
def server():
    server = Server(("127.0.0.1", 0), Handler)
    server.seen = []
    server.gate = threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def carrier(server):
    made = RequestsTransport(settings(url=server.url), largest_body=100_000)
    yield made
    made.close()


@pytest.fixture
def online(server):
    known = settings(url=server.url, deadline=5)
    made = Client(known, auth=StaticToken("t-canary"), transport=RequestsTransport(known), sleep=lambda _seconds: None)
    yield made
    made.close()


def headers_of(server, number=-1):
    return server.seen[number][2]


def test_an_answer_comes_back_whole(server, carrier):
    response = carrier.send(Request("POST", f"{server.url}/plain?a=%20b", {"X-Y": "1"}, b"body", authorization="Bearer t"))
    assert (response.status, response.body, response.headers["content-type"]) == (200, b"{}", "application/json")
    method, path, headers, body = server.seen[0]
    assert (method, path, body) == ("POST", "/plain?a=%20b", b"body")
    assert (headers["Authorization"], headers["X-Y"]) == ("Bearer t", "1")


def test_the_connection_is_kept(server, carrier):
    for _request in range(5):
        carrier.send(Request("GET", f"{server.url}/plain"))
    pools = carrier._session.get_adapter(server.url).poolmanager.pools
    assert [pools[key].num_connections for key in pools.keys()] == [1]  # noqa: SIM118 - no dict


def test_no_netrc_entry_replaces_credentials(server, carrier, tmp_path, monkeypatch):
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login wrong password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    carrier.send(Request("GET", f"{server.url}/plain", authorization="Bearer mine"))
    carrier.send(Request("GET", f"{server.url}/plain"))
    assert headers_of(server, 0)["Authorization"] == "Bearer mine"
    assert "Authorization" not in headers_of(server, 1)


def test_cookies_are_neither_kept_nor_sent(server, carrier):
    carrier.send(Request("GET", f"{server.url}/cookie"))
    carrier.send(Request("GET", f"{server.url}/plain"))
    assert "Cookie" not in headers_of(server)


def test_redirects_come_back_as_they_are(server, carrier):
    assert carrier.send(Request("GET", f"{server.url}/redirect")).status == 307
    assert len(server.seen) == 1


def test_the_client_follows_a_redirect_with_body_and_credentials(server, online):
    online.send(Call("POST", "/redirect", body={"a": 1}, repeat=NEVER))
    method, path, headers, body = server.seen[1]
    assert (method, path, body, headers["Authorization"]) == ("POST", "/arrived?x=1", b'{"a":1}', "Bearer t-canary")


def test_the_client_takes_credentials_to_no_other_host(server, online):
    with pytest.raises(BadAnswer, match="correct `url`"):
        online.get("/elsewhere")
    assert len(server.seen) == 1


def test_compressed_answers_are_read(server, carrier):
    assert carrier.send(Request("GET", f"{server.url}/gzip")).body == b'{"zip": 1}'


@pytest.mark.parametrize("path", ["cut", "cut_chunks", "bad_gzip"])
def test_a_cut_body_is_told_from_a_whole_one(server, carrier, path):
    with pytest.raises(CutBody):
        carrier.send(Request("GET", f"{server.url}/{path}"))


def test_a_cut_body_is_noticed_where_the_library_does_not(server, carrier, monkeypatch):
    monkeypatch.setattr("requests.Response.iter_content", lambda _response, _size: iter([b'{"a": 1']))
    with pytest.raises(CutBody):
        carrier.send(Request("GET", f"{server.url}/cut"))


def test_an_answer_to_head_has_no_body_to_be_cut(server, carrier):
    assert carrier.send(Request("HEAD", f"{server.url}/plain")).body == b""


def test_a_body_beyond_the_cap_is_not_read_on(server, carrier):
    with pytest.raises(TooLarge):
        carrier.send(Request("GET", f"{server.url}/bomb"))


def test_a_body_that_drips_ends_with_the_time_given(server, carrier):
    with pytest.raises(CutBody):
        carrier.send(Request("GET", f"{server.url}/drip", max_seconds=0.001))


@pytest.mark.parametrize("path", ["drop", "nonsense"])
def test_a_lost_connection_leaves_the_outcome_open(server, carrier, path):
    with pytest.raises(ConnectionLost):
        carrier.send(Request("POST", f"{server.url}/{path}", body=b"x"))
    assert len(server.seen) == 1


def test_no_answer_in_time_leaves_the_outcome_open(server, carrier):
    with pytest.raises(ConnectionLost, match="in time"):
        carrier.send(Request("POST", f"{server.url}/silence", timeout=0.05))


def test_a_read_outlives_dropped_connections(server, online):
    with pytest.raises(Exception, match="connection was lost"):
        online.get("/drop")
    assert len(server.seen) == online.counts.read > 2


def test_a_write_is_sent_once_over_a_dropped_connection(server, online):
    with pytest.raises(Unclear):
        online.send(Call("POST", "/drop", body={}, repeat=NEVER))
    assert len(server.seen) == online.counts.write == 1


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_refused_connection_sent_nothing(carrier):
    with pytest.raises(NotConnected, match="does not accept"):
        carrier.send(Request("GET", f"http://127.0.0.1:{free_port()}/"))


def test_a_name_that_does_not_resolve_sent_nothing(carrier, monkeypatch):
    def unknown(*_arguments, **_more):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotConnected, match="resolved"):
        carrier.send(Request("GET", "http://nowhere.invalid/"))


def test_a_proxy_of_the_environment_is_used(server, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://user:canary@127.0.0.1:{server.server_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    made = RequestsTransport(settings())
    made.send(Request("GET", "http://cloud.example/plain"))
    assert server.seen[0][1] == "http://cloud.example/plain"
    monkeypatch.setenv("http_proxy", f"http://user:canary@127.0.0.1:{free_port()}")
    made = RequestsTransport(settings())
    with pytest.raises(NotConnected, match="proxy") as caught:
        made.send(Request("GET", "http://cloud.example/plain"))
    assert "canary" not in str(caught.value)


def test_loopback_never_goes_through_a_proxy(server, carrier, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert carrier.send(Request("GET", f"{server.url}/plain")).status == 200


@pytest.fixture
def tls_server(server, tmp_path):
    """The same server with a certificate that nobody knows."""
    pem = tmp_path / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    try:
        done = subprocess.run([*command, *subject, "-keyout", pem, "-out", tmp_path / "ca.pem"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    assert done.returncode == 0, done.stderr
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem", pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.url = server.url.replace("http:", "https:")
    server.ca = str(tmp_path / "ca.pem")
    return server


def test_an_unknown_certificate_is_refused_and_not_asked_for_again(tls_server):
    with pytest.raises(NeverConnects, match="ca_path"):
        RequestsTransport(settings(url=tls_server.url)).send(Request("GET", f"{tls_server.url}/plain"))
    assert tls_server.seen == []


def test_no_variable_overrides_the_verification(tls_server, monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, tls_server.ca)
    with pytest.raises(NeverConnects):
        RequestsTransport(settings(url=tls_server.url)).send(Request("GET", f"{tls_server.url}/plain"))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, "/nonexistent/bundle.pem")
    for options in ({"ca_path": tls_server.ca}, {"validate_certs": False, "ca_path": "/nonexistent/bundle.pem"}):
        carrier = RequestsTransport(settings(url=tls_server.url, **options))
        assert carrier.send(Request("GET", f"{tls_server.url}/plain")).status == 200
        carrier.close()


def test_a_file_of_certificates_that_went_away_is_named(server):
    with pytest.raises(NeverConnects, match="ca_path"):
        RequestsTransport(settings(ca_path="/nonexistent/ca.pem")).send(Request("GET", "https://127.0.0.1:1/"))


@pytest.mark.parametrize("request_", [Request("GET", "http://"), Request("GET", "http://127.0.0.1", {"X": "a\nb"})])
def test_what_cannot_be_expressed_in_http_is_never_sent(carrier, request_):
    with pytest.raises(NeverConnects):
        carrier.send(request_)


def named(name, *bases):
    return type(name, bases or (Exception,), {})("canary")


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (named("ConnectTimeout"), NotConnected),
        (named("SSLError"), ConnectionLost),
        (named("ReadTimeout"), ConnectionLost),
        (named("IncompleteRead"), CutBody),
        (named("Whatever"), ConnectionLost),
        (named("ProxyError"), ConnectionLost),
        (named("ProxyError", OSError), ConnectionLost),
        (named("InvalidProxyURL"), NeverConnects),
    ],
)
def test_failures_are_told_in_our_own_words(error, failure):
    wrapped = RuntimeError("outer")
    wrapped.__cause__ = error
    error.__context__ = wrapped
    found = _failure(wrapped)
    assert found.__class__ is failure
    assert isinstance(found, TransportFailure)
    assert "canary" not in str(found)


def test_a_proxy_that_refuses_the_tunnel_sent_nothing():
    error = named("ProxyError")
    error.__cause__ = OSError("Tunnel connection failed: 403 Forbidden")
    assert _failure(error).__class__ is NotConnected


def test_a_missing_library_is_an_error_at_first_use(monkeypatch):
    monkeypatch.setattr(transport_file, "HAS_REQUESTS", False)
    with pytest.raises(MissingLibrary) as caught:
        RequestsTransport(settings())
    assert caught.value.library == "requests"


def test_the_engine_can_be_imported_without_the_library():
    script = "import sys; sys.modules['requests'] = None; import " + transport_file.__name__ + " as t; assert not t.HAS_REQUESTS"
    path = transport_file.__file__.partition("/ansible_collections/")[0]
    done = subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": path}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_basic_credentials_arrive_as_they_are(server, carrier):
    value = "Basic " + base64.b64encode(b"u:p").decode()
    carrier.send(Request("GET", f"{server.url}/plain", authorization=value))
    assert headers_of(server)["Authorization"] == value
