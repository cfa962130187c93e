# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tokens: how they are asked for, kept, shared and renewed."""

from __future__ import annotations

import base64
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.auth import (
    FORM,
    QUERY_BASIC,
    ApiKey,
    Basic,
    ClientCredentials,
    FetchedToken,
    RefreshToken,
    StaticToken,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    AuthFailed,
    BadAnswer,
    RateLimited,
    SettingsError,
    Unavailable,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.exchange import ConnectionLost
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Counts
from ansible_collections.fleetform.devices.plugins.module_utils._engine.shared import SharedState
from tests.unit.plugins.module_utils._engine.wire import URL, Clock, answer, client, settings

SECRET = "canary secret+/"
CREDENTIALS = {"token": None, "client_id": "oa2-id", "client_secret": SECRET}
TOKEN_URL = f"{URL}/oauth2/token"


class Issuer:
    """A vendor with a token endpoint: hands out numbered tokens, and accepts those from ``oldest`` on."""

    def __init__(self, life=900, **more):
        self.life = life
        self.more = more
        self.issued = 0
        self.oldest = 1
        self.requests = []
        self.refusals = []

    def __call__(self, request):
        if urlsplit(request.url).path.endswith("/token"):
            self.requests.append(request)
            if self.refusals:
                refusal = self.refusals.pop(0)
                if isinstance(refusal, Exception):
                    raise refusal
                return refusal
            self.issued += 1
            return answer(200, {"access_token": f"canary-{self.issued}", "expires_in": self.life, **self.more})
        number = int(request.authorization.rpartition("-")[2])
        return answer(200, {}) if number >= self.oldest else answer(401, {"message": f"bad {request.authorization}"})


def made(issuer, style=FORM, auth=None, options=None, **more):
    account = settings(**{**CREDENTIALS, **(options or {})})
    auth = auth or ClientCredentials(account, style=style, token_url=TOKEN_URL)
    return client(issuer, auth=auth, options={**CREDENTIALS, **(options or {})}, **more)


def test_a_static_token_is_a_bearer_and_cannot_be_renewed():
    token = StaticToken("t")
    assert token.authorization(None) == "Bearer t"
    assert token.renew("Bearer t", None) is False


def test_an_api_key_stands_bare():
    assert ApiKey("key").authorization(None) == "key"


def test_basic_sends_both_and_hides_them():
    auth = Basic("user", "päss")
    made_client = client(auth=auth, options={"token": None, "username": "user", "password": "päss"})
    made_client.get("/x")
    header = made_client.transport.sent[0].authorization
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == "user:päss"
    assert header.removeprefix("Basic ") not in made_client.masker.mask(header)
    assert auth.renew(header, None) is False


def test_the_query_style_sends_the_grant_in_the_query_and_basic_credentials():
    issuer = Issuer()
    made(issuer, QUERY_BASIC).get("/x")
    (request,) = issuer.requests
    assert (request.method, request.url, request.body) == ("POST", f"{TOKEN_URL}?grant_type=client_credentials", None)
    assert base64.b64decode(request.authorization.removeprefix("Basic ")).decode() == f"oa2-id:{SECRET}"
    assert "Content-Type" not in request.headers


def test_the_form_style_sends_everything_in_a_form():
    issuer = Issuer()
    made(issuer).get("/x")
    (request,) = issuer.requests
    assert (request.method, request.url, request.authorization) == ("POST", TOKEN_URL, None)
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["oa2-id"],
        "client_secret": [SECRET],
    }


def test_an_unknown_style_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="unknown style"):
        ClientCredentials(settings(**CREDENTIALS), style="magic", token_url=TOKEN_URL)


def test_the_option_token_url_wins():
    issuer = Issuer()
    options = {"token_url": "https://sso.example/as/token"}
    made(issuer, options=options).get("/x")
    assert issuer.requests[0].url == "https://sso.example/as/token"


def test_a_token_host_that_nobody_named_is_refused():
    elsewhere = "https://sso.vendor.example/token"
    with pytest.raises(SettingsError, match="give `token_url`"):
        ClientCredentials(settings(**CREDENTIALS), style=FORM, token_url=elsewhere)
    assert ClientCredentials(settings(**CREDENTIALS, on_default_host=True), style=FORM, token_url=elsewhere)


def test_one_token_serves_until_shortly_before_its_end():
    issuer, clock = Issuer(life=900), Clock()
    account = made(issuer, clock=clock)
    account.get("/x")
    clock.now += 839
    account.get("/x")
    assert issuer.issued == 1
    clock.now += 1
    account.get("/x")
    assert issuer.issued == 2
    assert account.counts == Counts(read=3, write=0)


@pytest.mark.parametrize(
    ("life", "serves"), [(100, 90), ("300", 270), (None, 840), (0, 840), ("x", 840), (True, 840), (1e300, 840)]
)
def test_the_time_of_renewal_follows_the_life_of_the_token(life, serves):
    issuer, clock = Issuer(life=life), Clock()
    account = made(issuer, clock=clock)
    account.get("/x")
    clock.now += serves - 1
    account.get("/x")
    assert issuer.issued == 1
    clock.now += 1
    account.get("/x")
    assert issuer.issued == 2


def test_a_token_that_is_no_longer_accepted_is_renewed_once():
    issuer = Issuer()
    account = made(issuer)
    account.get("/x")
    issuer.oldest = 2
    account.get("/x")
    assert issuer.issued == 2
    issuer.oldest = 99
    with pytest.raises(AuthFailed) as caught:
        account.get("/x")
    assert issuer.issued == 3
    assert "canary" not in str(caught.value)


def test_a_renewal_by_another_is_used_without_a_fetch():
    issuer, shared = Issuer(), SharedState()
    one, other = made(issuer, shared=shared), made(issuer, shared=shared)
    one.get("/x")
    other.get("/x")
    assert issuer.issued == 1
    issuer.oldest = 2
    one.get("/x")
    other.get("/x")
    assert issuer.issued == 2


def test_many_threads_cause_one_fetch():
    issuer = Issuer()

    def slow(request):
        time.sleep(0.002)
        return issuer(request)

    account = made(slow)
    threads = [threading.Thread(target=account.get, args=("/x",)) for _thread in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert issuer.issued == 1
    issuer.oldest = 2
    account.map(lambda _item: account.get("/x"), range(12))
    assert issuer.issued == 2
    account.close()


def test_processes_share_a_token_through_a_private_file(tmp_path):
    issuer = Issuer()
    for _process in range(3):
        account = made(issuer, shared=SharedState(tmp_path / "run" / "state"))
        account.get("/x")
        assert account.masker.mask("canary-1") == "********"
    assert issuer.issued == 1
    other = made(issuer, shared=SharedState(tmp_path / "run" / "state"), options={"client_secret": "another"})
    other.get("/x")
    assert issuer.issued == 2
    assert SECRET not in (tmp_path / "run" / "state").read_text()


@pytest.mark.parametrize("record", [None, 3, [1, 2], [1, 2, 3, 4], ["t", "x", 9e9, None], ["t", 9e9, None, None]])
def test_a_damaged_record_is_fetched_anew(record):
    issuer, shared = Issuer(), SharedState()
    account = made(issuer, shared=shared)
    key = account._auth._key
    shared.update("tokens", lambda tokens: tokens.__setitem__(key, record))
    account.get("/x")
    assert issuer.issued == 1


@pytest.mark.parametrize(
    "failure", [answer(429), answer(503), ConnectionLost("lost"), answer(200, "<html>", content_type="text/html")]
)
def test_a_token_request_is_repeated(failure):
    issuer = Issuer()
    issuer.refusals = [failure]
    account = made(issuer)
    account.get("/x")
    assert len(issuer.requests) == 2
    assert account.counts == Counts(read=1, write=0)
    assert not account.pacer.paused_for("read")


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (answer(400, {"error": "invalid_client", "error_description": f"no {SECRET}"}), AuthFailed),
        (answer(401, {"error": "invalid_client"}), AuthFailed),
        (answer(403), AuthFailed),
        (answer(200, {"token": "x"}), AuthFailed),
        (answer(200, {"access_token": "two\nlines"}), AuthFailed),
        (answer(200, {"access_token": ""}), AuthFailed),
        (answer(200, ["x"]), AuthFailed),
        (answer(204), AuthFailed),
        (answer(429, None, retry_after="9999"), RateLimited),
        (answer(503), Unavailable),
        (answer(302, None, location="https://evil.example/token"), BadAnswer),
    ],
)
def test_a_token_that_is_not_given_is_a_named_error(refusal, error):
    issuer = Issuer()
    issuer.refusals = [refusal] * 20
    account = made(issuer)
    with pytest.raises(error) as caught:
        account.get("/x")
    assert SECRET not in str(caught.value)
    assert "lab" in str(caught.value)
    assert all(request.url.startswith(URL) for request in account.transport.sent)


def test_waiting_for_a_token_spends_the_deadline_of_the_call():
    issuer = Issuer()
    issuer.refusals = [answer(503, None, retry_after="50")] * 5
    with pytest.raises(Unavailable, match="`deadline`"):
        made(issuer, options={"deadline": 120}).get("/x")
    assert len(issuer.requests) == 3


def test_notes_mark_token_requests():
    notes = []
    made(Issuer(), on_request=notes.append).get("/x")
    assert [(note.path, note.token) for note in notes] == [("/oauth2/token", True), ("/x", False)]


def test_a_refresh_token_is_replaced_by_the_one_that_the_vendor_answers_with():
    issuer = Issuer(refresh_token="canary-refresh-2")
    options = {"refresh_token": "canary-refresh-1"}
    account = made(issuer, auth=RefreshToken(settings(**CREDENTIALS, **options), token_url=TOKEN_URL), options=options)
    account.get("/x")
    issuer.oldest = 2
    account.get("/x")
    sent = [parse_qs(request.body.decode())["refresh_token"] for request in issuer.requests]
    assert sent == [["canary-refresh-1"], ["canary-refresh-2"]]
    assert account.masker.mask("canary-refresh-2") == "********"


def test_no_secret_is_in_a_repr():
    issuer = Issuer()
    account = made(issuer)
    account.get("/x")
    assert "canary" not in repr(account._auth._token)
    assert SECRET not in repr(issuer.requests[0])


def test_each_way_to_fetch_says_what_it_sends():
    with pytest.raises(NotImplementedError):
        FetchedToken(settings(**CREDENTIALS), token_url=TOKEN_URL).authorization(None)
