# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The client: retries, settling, pace, redirects, parallelism, counts."""

from __future__ import annotations

import json
import threading
import time

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.auth import StaticToken
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import AFTER_READING, NEVER, Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    AuthFailed,
    BadAnswer,
    DeclarationError,
    Forbidden,
    Gone,
    Interrupted,
    RateLimited,
    Refused,
    Unavailable,
    Unclear,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.exchange import (
    ConnectionLost,
    CutBody,
    NeverConnects,
    NotConnected,
    TooLarge,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import (
    MOST_ATTEMPTS,
    Client,
    Counts,
    Settled,
    account_key,
    encoded_query,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.listings import Crowd, SharedListings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.shared import SharedState
from tests.unit.plugins.module_utils._engine.wire import TOKEN, URL, Clock, FakeTransport, answer, client, settings

READ = Call("GET", "/things")
SET = Call("PATCH", "/things", body={"a": 1}, pace="patch", repeat=AFTER_READING)
CREATE = Call("POST", "/things", body={"a": 1}, pace="add", repeat=NEVER)
OK = answer(200, {"ok": True})
UNCLEAR_ENDINGS = [
    ConnectionLost("no answer came in time"),
    CutBody("the body was cut off"),
    TooLarge("large"),
    *[answer(status) for status in (408, 425, 500, 502, 503, 504)],
    answer(200, "<html>", content_type="text/html"),
    answer(201, '{"id": '),
]
NOT_DONE_ENDINGS = [NotConnected("the server does not accept connections"), answer(429)]


class Renewing(StaticToken):
    """Credentials that can be renewed so often."""

    def __init__(self, renewals):
        super().__init__("token-0")
        self.renewals = renewals
        self.failed = []

    def renew(self, failed, exchange):
        self.failed.append(failed)
        if len(self.failed) > self.renewals:
            return False
        self._value = f"Bearer token-{len(self.failed)}"
        return True


def settling(*verdicts):
    left = list(verdicts)
    return lambda: left.pop(0)


# What is sent


def test_a_read_is_sent_with_credentials_and_without_a_body():
    made = client(OK)
    assert made.get("/things", {"filter": "a eq 'b c'", "page": 0}).body == {"ok": True}
    (request,) = made.transport.sent
    assert request.url == f"{URL}/things?filter=a%20eq%20%27b%20c%27&page=0"
    assert (request.method, request.body, request.authorization) == ("GET", None, f"Bearer {TOKEN}")
    assert request.headers == {"Accept": "application/json", "User-Agent": "fleetform"}
    assert TOKEN not in repr(request)


def test_a_body_is_sent_as_json_of_its_content_type():
    made = client(OK)
    made.send(Call("PATCH", "/x", body={"ä": None, "n": [5.0, True]}, content_type="application/merge-patch+json", repeat=NEVER))
    (request,) = made.transport.sent
    assert request.headers["Content-Type"] == "application/merge-patch+json"
    assert json.loads(request.body) == {"ä": None, "n": [5.0, True]}


def test_a_query_that_is_no_text_is_refused():
    with pytest.raises(DeclarationError, match="no text"):
        client().get("/x", {"name": "\ud800"})


def test_a_body_that_json_cannot_hold_is_refused():
    with pytest.raises(DeclarationError, match="JSON"):
        client().send(Call("PATCH", "/x", body={"n": float("nan")}, repeat=NEVER))


@pytest.mark.parametrize("path", ["things", "/a/../b", "/.", "/a/./b", "//x/.."])
def test_a_path_that_leaves_the_account_is_refused(path):
    with pytest.raises(DeclarationError, match="path below"):
        client().get(path)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ((), ""),
        ((("id", "a"), ("id", "b")), "id=a&id=b"),
        ((("id", ["a", 2]), ("flag", True), ("none", None)), "id=a&id=2&flag=true"),
        ((("q", "a&b=c+d/é%20"),), "q=a%26b%3Dc%2Bd%2F%C3%A9%2520"),
        ((("filter-tags", "'city' eq 'London'"),), "filter-tags=%27city%27%20eq%20%27London%27"),
    ],
)
def test_queries_are_encoded_once(query, text):
    assert encoded_query(query) == text


def test_a_query_takes_plain_values_only():
    with pytest.raises(TypeError, match="q has no place"):
        encoded_query([("q", {"a": 1})])


# Reads


@pytest.mark.parametrize("failure", [*NOT_DONE_ENDINGS, *UNCLEAR_ENDINGS[:2], *UNCLEAR_ENDINGS[3:]], ids=repr)
def test_a_read_is_repeated_after_whatever_may_pass(failure):
    made = client(failure, OK)
    assert made.send(READ).body == {"ok": True}
    assert len(made.transport.sent) == 2


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (answer(400, {"message": "no"}), Refused),
        (answer(403), Forbidden),
        (answer(404), Gone),
        (answer(409), Refused),
        (NeverConnects("certificate"), Unavailable),
        (TooLarge("large"), BadAnswer),
    ],
)
def test_a_read_is_not_repeated_where_that_is_no_use(failure, error):
    made = client(failure)
    with pytest.raises(error) as caught:
        made.send(READ)
    assert len(made.transport.sent) == 1
    assert caught.value.account == "lab"
    assert "GET /things" in str(caught.value)


@pytest.mark.parametrize(
    ("failure", "error", "attempts"),
    [
        (answer(503), Unavailable, MOST_ATTEMPTS),
        (ConnectionLost("lost"), Unavailable, MOST_ATTEMPTS),
        (NotConnected("refused"), Unavailable, MOST_ATTEMPTS),
        (answer(429), Unavailable, MOST_ATTEMPTS),
        (CutBody("cut"), BadAnswer, MOST_ATTEMPTS),
        (answer(200, "<html>", content_type="text/html"), BadAnswer, 3),
        (answer(200, "{"), BadAnswer, 3),
        (answer(200), BadAnswer, 3),
    ],
)
def test_attempts_end_in_a_named_error(failure, error, attempts):
    made = client(failure)
    with pytest.raises(error):
        made.send(READ)
    assert len(made.transport.sent) == attempts


def test_waits_grow_between_attempts():
    made = client(answer(503), answer(503), answer(503), OK)
    made.send(READ)
    assert made.time.slept == [0.5, 1, 2]


def test_the_pause_that_is_asked_for_is_kept():
    made = client(answer(503, None, retry_after="20"), OK)
    made.send(READ)
    assert made.time.slept == [21.0]


@pytest.mark.parametrize("hint", ["0", "0.2", "Thu, 01 Jan 1970 00:00:01 GMT"])
def test_a_pause_of_nothing_is_no_leave_to_storm(hint):
    made = client(answer(503, None, retry_after=hint), answer(503, None, retry_after=hint), OK)
    made.send(READ)
    assert made.time.slept == [0.5, 1.0]


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (503, Unavailable)])
def test_a_pause_beyond_the_deadline_ends_at_once(status, error):
    made = client(answer(status, {"message": "slow down"}, retry_after="601"))
    with pytest.raises(error) as caught:
        made.send(READ)
    assert made.time.slept == []
    assert "601.0 s" in str(caught.value)
    assert "`deadline` (600 s)" in str(caught.value)
    assert "slow down" in str(caught.value)
    assert caught.value.status == status


def test_a_pause_that_nobody_asked_for_is_not_put_into_the_vendors_mouth():
    made = client(answer(429, None, retry_after="0"), options={"deadline": 0.1})
    with pytest.raises(RateLimited, match="next attempt would come"):
        made.send(READ)


def test_a_locked_write_was_not_carried_out_and_is_sent_again_without_a_look():
    made = client(answer(423, None, retry_after="3"), OK)
    assert made.send(Call("PATCH", "/things/1", repeat=AFTER_READING), settle=pytest.fail).status == 200
    assert made.time.slept[0] >= 3


def test_after_such_a_pause_other_calls_of_the_class_end_at_once_as_well():
    made = client(answer(429, None, retry_after="3600"), options={"requests_per_minute": {"read": 5, "add": 5}})
    for _call in range(2):
        with pytest.raises(RateLimited, match=r"360\d\.\d s"):
            made.send(READ)
    assert len(made.transport.sent) == 1


def test_the_deadline_ends_the_repeats():
    made = client(answer(503, None, retry_after="50"), options={"deadline": 120})
    with pytest.raises(Unavailable, match="`deadline`"):
        made.send(READ)
    assert len(made.transport.sent) == 3


def test_a_bad_answer_at_the_deadline_is_still_called_so():
    made = client(answer(200, "<html>", content_type="text/html"), options={"deadline": 0.1})
    with pytest.raises(BadAnswer, match="next attempt would come"):
        made.send(READ)


def test_several_calls_can_share_one_deadline():
    made = client(answer(503, None, retry_after="50"), OK, options={"deadline": 60})
    deadline = made.deadline()
    made.send(READ, deadline=deadline)
    made.transport.plays = [answer(503, None, retry_after="50")]
    with pytest.raises(Unavailable, match="`deadline`"):
        made.send(READ, deadline=deadline)


def test_the_retry_budget_bounds_an_outage():
    made = client(answer(503))
    made.planned(20)
    for _call in range(5):
        with pytest.raises(Unavailable):
            made.send(READ)
    # 5 calls and the 10 repeats that 20 planned calls allow.
    assert len(made.transport.sent) == 15
    with pytest.raises(Unavailable, match="the 10 repeats that this run may make are used up"):
        made.send(READ)


def test_the_answers_of_one_exhausted_limit_are_charged_once():
    limited = answer(429, None, retry_after="5")
    made = None

    def while_another_thread_is_told_the_same(_request):
        made.pacer.pause("read", 5)
        return limited

    made = client(while_another_thread_is_told_the_same, OK)
    for _call in range(30):
        made.transport.plays = [while_another_thread_is_told_the_same, OK]
        made.send(READ)
    assert len(made.transport.sent) == 60


# Writes


@pytest.mark.parametrize("call", [SET, CREATE], ids=["set", "create"])
@pytest.mark.parametrize("failure", NOT_DONE_ENDINGS, ids=repr)
def test_a_write_that_was_not_carried_out_is_sent_again(call, failure):
    made = client(failure, answer(202))
    assert made.send(call, settle=settling()).status == 202
    assert len(made.transport.sent) == 2


@pytest.mark.parametrize("failure", UNCLEAR_ENDINGS, ids=repr)
@pytest.mark.parametrize("call", [SET, CREATE], ids=["set", "create"])
def test_an_unclear_write_that_is_done_counts_as_answered(call, failure):
    made = client(failure)
    settled = made.send(call, settle=settling(Settled.DONE))
    assert settled.settled
    assert (settled.status, settled.body, settled.settled) == (0, None, True)
    assert len(made.transport.sent) == 1


@pytest.mark.parametrize("failure", UNCLEAR_ENDINGS, ids=repr)
def test_an_unclear_setting_that_is_not_done_is_sent_again(failure):
    made = client(failure, OK)
    assert made.send(SET, settle=settling(Settled.NOT_DONE)).status == 200
    assert len(made.transport.sent) == 2


@pytest.mark.parametrize("failure", UNCLEAR_ENDINGS, ids=repr)
def test_an_unclear_creation_is_never_sent_again(failure):
    made = client(failure)
    with pytest.raises(Unclear, match=r"must not be done twice.*Run again: it reads first") as caught:
        made.send(CREATE, settle=settling(Settled.NOT_DONE))
    assert len(made.transport.sent) == 1
    assert caught.value.method == "POST"


@pytest.mark.parametrize("call", [SET, CREATE], ids=["set", "create"])
def test_what_reading_cannot_tell_is_unclear(call):
    for settle, words in [(None, "nothing can be read"), (settling(Settled.UNKNOWN), "reading did not tell")]:
        made = client(answer(504, {"message": "gateway"}))
        with pytest.raises(Unclear, match=words) as caught:
            made.send(call, settle=settle)
        assert len(made.transport.sent) == 1
        assert (caught.value.status, caught.value.vendor_message) == (504, "gateway")


def test_a_failed_reading_leaves_the_write_unclear():
    made = client(ConnectionLost("lost"))

    def settle():
        raise Forbidden("no right to read")

    with pytest.raises(Unclear, match="reading failed: no right to read"):
        made.send(SET, settle=settle)


def test_settling_waits_as_long_as_a_repeat_would():
    made = client(answer(503, None, retry_after="400"), OK)
    assert made.send(SET, settle=settling(Settled.NOT_DONE)).status == 200
    assert made.time.slept == [401.0]


def test_settling_does_not_wait_beyond_the_deadline():
    made = client(answer(503, None, retry_after="6000"))
    assert made.send(SET, settle=settling(Settled.DONE)).status == 0
    assert made.time.slept == []
    with pytest.raises(Unclear, match="6001.0 s, more than the 600.0 s"):
        made.send(SET, settle=settling(Settled.NOT_DONE))


def test_a_setting_that_stays_undone_ends_unclear_after_so_many_attempts():
    made = client(answer(503))
    with pytest.raises(Unclear, match="attempts"):
        made.send(SET, settle=lambda: Settled.NOT_DONE)
    assert len(made.transport.sent) == MOST_ATTEMPTS


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_a_refused_write_is_not_settled(status):
    made = client(answer(status))
    with pytest.raises((Refused, Forbidden, Gone)):
        made.send(CREATE, settle=settling())


# Credentials


def test_credentials_are_renewed_once_after_a_401():
    auth = Renewing(1)
    made = client(answer(401), OK, auth=auth)
    made.send(CREATE)
    assert [request.authorization for request in made.transport.sent] == ["Bearer token-0", "Bearer token-1"]
    assert auth.failed == ["Bearer token-0"]
    assert made.time.slept == []


@pytest.mark.parametrize("renewals", [0, 5])
def test_a_second_401_is_final(renewals):
    made = client(answer(401, {"error": f"bad {TOKEN}"}), auth=Renewing(renewals))
    with pytest.raises(AuthFailed) as caught:
        made.send(READ)
    assert len(made.transport.sent) == min(renewals, 1) + 1
    assert TOKEN not in str(caught.value)


# Redirects


def test_a_redirect_on_the_same_host_is_followed_with_method_and_body():
    made = client(answer(308, None, location="/v2/things"), answer(307, None, location=f"{URL}:443/v3"), OK)
    made.send(CREATE)
    assert [(r.method, r.url, r.body) for r in made.transport.sent] == [
        ("POST", f"{URL}/things", b'{"a":1}'),
        ("POST", f"{URL}/v2/things", b'{"a":1}'),
        ("POST", f"{URL}:443/v3", b'{"a":1}'),
    ]
    assert made.counts == Counts(0, 3)


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_read_follows_every_redirect(status):
    made = client(answer(status, None, location="x?y=1"), OK)
    made.send(READ)
    assert made.transport.sent[1].url == f"{URL}/x?y=1"


@pytest.mark.parametrize(
    "location",
    ["https://evil.example/things", "http://cloud.example/things", f"{URL}:8443/things", "//evil.example/x"],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_go_to_no_other_host(location, status):
    made = client(answer(status, None, location=location))
    with pytest.raises(BadAnswer, match="correct `url`"):
        made.send(READ)
    assert len(made.transport.sent) == 1


@pytest.mark.parametrize("location", ["", "https://u:p@cloud.example/", "mailto:x", "https://cloud.example:bad/", "https://[x"])
def test_a_redirect_to_nowhere_is_a_bad_answer(location):
    made = client(answer(302, None, location=location))
    with pytest.raises(BadAnswer, match="redirects to nowhere"):
        made.send(READ)


def test_a_circle_of_redirects_ends():
    made = client(answer(302, None, location="/things"))
    with pytest.raises(BadAnswer, match="circle"):
        made.send(READ)
    assert len(made.transport.sent) == 6


@pytest.mark.parametrize("status", [301, 302])
def test_a_write_never_turns_into_a_read(status):
    made = client(answer(status, None, location="/login"))
    with pytest.raises(BadAnswer, match="drop its content"):
        made.send(CREATE)
    assert len(made.transport.sent) == 1


def test_a_write_that_is_answered_with_see_other_is_settled():
    made = client(answer(303, None, location="/done"))
    assert made.send(CREATE, settle=settling(Settled.DONE)).status == 0


# Pace


def test_calls_wait_for_the_pace_without_spending_the_deadline():
    made = client(OK, options={"deadline": 10, "requests_per_minute": {"read": 2}})
    for _call in range(6):
        made.send(READ)
    assert sum(made.time.slept) > 120


def test_a_class_stops_when_the_vendor_says_that_nothing_is_left():
    used = answer(200, {}, ratelimit_remaining="0", ratelimit_reset="33")
    made = client(used, OK)
    made.send(READ)
    made.send(SET)
    assert made.time.slept == []
    made.send(READ)
    assert made.time.slept == [33]


def test_a_used_up_limit_without_a_reset_changes_nothing():
    made = client(answer(200, {}, ratelimit_remaining="0"))
    for _call in range(2):
        made.send(READ)
    assert made.time.slept == []


def test_a_pause_that_begins_while_waiting_is_kept_too():
    made = client(OK, options={"requests_per_minute": {"read": 1}})
    made.send(READ)
    sleep = made._sleep

    def sleep_and_pause(seconds):
        sleep(seconds)
        if len(made.time.slept) == 1:
            made.pacer.pause("read", 500)

    made._sleep = sleep_and_pause
    made.send(READ)
    assert made.time.slept[1:] == [500]


# Counts and notes


def test_counts_tell_reads_from_writes_and_leave_out_what_never_left():
    made = client(answer(503), NotConnected("x"), OK)
    made.send(READ)
    made.transport.plays = [answer(429), OK]
    made.send(CREATE)
    assert made.counts == Counts(read=2, write=2)
    assert made.counts._asdict() == {"read": 2, "write": 2}


def test_notes_show_requests_without_secrets():
    notes = []
    made = client(answer(503), ConnectionLost("x"), NotConnected("x"), OK, on_request=notes.append)
    made.send(Call("GET", f"/things/{TOKEN}", (("token", TOKEN),)))
    assert [(note.method, note.status, note.attempt) for note in notes] == [("GET", 503, 1), ("GET", None, 2), ("GET", 200, 4)]
    assert TOKEN not in repr(notes)


def test_accounts_have_keys_that_reveal_nothing():
    one, other = account_key(settings()), account_key(settings(token="another"))
    assert one != other
    assert TOKEN not in one


# Parallel work


def test_map_keeps_the_order_and_the_bound():
    made = client(options={"concurrency": 3})
    under_way = []
    most = []

    def work(number):
        under_way.append(number)
        most.append(len(under_way))
        time.sleep(0.002)
        under_way.remove(number)
        return number * 2

    assert made.map(work, range(20)) == [number * 2 for number in range(20)]
    assert 1 < max(most) <= 3
    made.close()
    assert made.transport.closed


def test_map_within_map_does_not_lock_up():
    made = client(options={"concurrency": 2})
    assert made.map(lambda row: sum(made.map(lambda x: x + row, [1, 2, 3])), [10, 20, 30, 40]) == [36, 66, 96, 126]
    made.close()


def test_the_first_error_stops_the_rest():
    made = client(options={"concurrency": 2})
    done = []

    def work(number):
        if number == 3:
            raise Gone("no 3")
        time.sleep(0.001)
        done.append(number)

    with pytest.raises(Gone, match="no 3"):
        made.map(work, range(1000))
    assert len(done) < 10
    assert made.map(str, [1, 2]) == ["1", "2"]
    made.close()


@pytest.mark.parametrize(("concurrency", "items"), [(1, [1, 2]), (8, [1]), (8, [])])
def test_small_work_needs_no_threads(concurrency, items):
    made = client(options={"concurrency": concurrency})
    assert made.map(lambda _item: threading.current_thread().name, items) == [threading.current_thread().name] * len(items)


def test_an_interrupted_map_begins_nothing_more(monkeypatch):
    made = client(options={"concurrency": 2})
    gate = threading.Event()
    begun = []

    def interrupt(_futures):
        raise KeyboardInterrupt

    monkeypatch.setattr("ansible_collections.fleetform.devices.plugins.module_utils._engine.http.wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        made.map(lambda item: begun.append(item) or gate.wait(5), range(100))
    gate.set()
    made.close()
    assert len(begun) <= 2


def test_no_more_requests_are_under_way_than_concurrency_allows():
    under_way = []
    most = []

    def slow(_request):
        under_way.append(1)
        most.append(len(under_way))
        time.sleep(0.002)
        under_way.pop()
        return OK

    made = client(slow, options={"concurrency": 2})
    threads = [threading.Thread(target=made.send, args=(READ,)) for _thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) <= 2
    assert made.counts.read == 8


def test_closing_ends_the_waits():
    made = Client(settings(), auth=StaticToken(TOKEN), transport=FakeTransport(answer(503, None, retry_after="500")))
    errors = []

    def work():
        try:
            made.send(READ)
        except Unavailable as error:
            errors.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    while not made.counts.read:
        time.sleep(0.001)
    made.close()
    thread.join(5)
    assert errors == ["account lab: interrupted while waiting"]


def test_a_pause_is_a_wait_that_closing_ends():
    made = client()
    made.pause(3)
    made.pause(-1)
    assert made.time.slept == [3, 0]
    made.close()
    with pytest.raises(Unavailable, match="interrupted"):
        made.pause(1)


def test_ten_thousand_calls_cost_little():
    made = client(answer(200, "{}"), clock=Clock(), options={"requests_per_minute": {"all": 10_000}})
    began = time.process_time()
    for _call in range(2_000):
        made.send(READ)
    assert time.process_time() - began < 2


def test_a_lengthened_pause_is_held_against_the_deadline_too():
    made = client(*[answer(429, None, retry_after="0")] * 8, options={"deadline": 2.0})
    with pytest.raises(RateLimited):
        made.send(READ)
    assert sum(made.time.slept) <= 2.0


def test_a_path_may_name_its_id_apart():
    made = client(OK)
    made.send(Call("PATCH", "/things/{id}/x", body={"n": 1}, repeat=NEVER, path_id="a/b c"))
    assert made.transport.sent[0].url == f"{URL}/things/a%2Fb%20c/x"


def test_an_id_cannot_lead_out_of_the_account():
    made = client(OK)
    with pytest.raises(DeclarationError, match="path below"):
        made.send(Call("PATCH", "/things/{id}/x", repeat=NEVER, path_id=".."))
    assert made.transport.sent == []


def test_a_call_says_which_media_type_it_wants():
    made = client(OK)
    made.get("/things", accept="text/xml")
    made.send(Call("PATCH", "/x", body={}, repeat=NEVER, accept="application/xml"))
    assert [request.headers["Accept"] for request in made.transport.sent] == ["text/xml", "application/xml"]
    assert made.transport.sent[1].headers["Content-Type"] == "application/json"


def test_a_lane_is_held_by_one_at_a_time_and_leaves_the_others_free():
    made = client(OK)
    order, there = [], threading.Event()

    def second():
        there.set()
        with made.exclusive("a"):
            order.append("second")

    thread = threading.Thread(target=second)
    with made.exclusive("a"), made.exclusive("b"):
        thread.start()
        there.wait(5)
        thread.join(0.005)
        order.append("first")
    thread.join(5)
    assert order == ["first", "second"]


def test_clients_of_one_cloud_share_its_lanes_where_they_share_a_file_and_others_do_not(tmp_path):
    """Whoever the user is: what the vendor wants done one after the other is the cloud's."""
    one, two, other = (
        client(OK, shared=SharedState(tmp_path / "run" / "state.json"), options={"token": token, "organization": organization})
        for token, organization in (("t1", "o1"), ("t2", "o1"), ("t1", "o2"))
    )
    tried = threading.Event()
    held = []

    def second():
        with other.exclusive("a"):
            held.append("other")
        tried.set()
        with two.exclusive("a"):
            held.append("two")

    thread = threading.Thread(target=second)
    with one.exclusive("a"):
        thread.start()
        assert tried.wait(5)
        thread.join(0.005)
        held.append("one")
    thread.join(5)
    assert held == ["other", "one", "two"]


# Interruption


class Stopping(Clock):
    """Time in which somebody asks to stop during the first wait."""

    def __init__(self):
        super().__init__()
        self.stop = threading.Event()

    def sleep(self, seconds):
        super().sleep(seconds)
        self.stop.set()


def stopped(*plays, **options):
    clock = Stopping()
    return client(*plays, clock=clock, options=options), clock.stop


def test_what_waits_for_the_pace_when_somebody_asks_to_stop_is_not_sent_and_leaves_its_place_to_others():
    made, stop = stopped(answer(201, {}), requests_per_minute={"all": 1})
    with made.interruptible(stop):
        made.send(CREATE)
        with pytest.raises(Interrupted, match="interrupted before this was sent$") as caught:
            made.send(CREATE)
        assert caught.value.account == "lab"
    assert made.counts.write == 1
    (waited,) = made.time.slept
    made.send(CREATE)
    assert sum(made.time.slept) == waited


def test_once_stopped_nothing_is_sent_and_nothing_waits():
    made, stop = stopped(OK)
    stop.set()
    with made.interruptible(stop):
        for call in (CREATE, READ):
            with pytest.raises(Interrupted):
                made.send(call)
    assert (made.transport.sent, made.time.slept) == ([], [])
    assert made.send(CREATE).body == {"ok": True}


@pytest.mark.parametrize("refusal", [answer(429, None, retry_after="30"), NotConnected("nobody listens")])
def test_a_refused_call_is_not_sent_again_once_stopped_and_that_it_was_not_carried_out_is_said(refusal):
    made, stop = stopped(refusal)
    with made.interruptible(stop), pytest.raises(Interrupted, match="before this was sent again; it was not carried out: "):
        made.send(CREATE, settle=settling())
    assert len(made.transport.sent) == 1


@pytest.mark.parametrize("verdict", [Settled.DONE, Settled.NOT_DONE])
def test_a_call_that_may_have_been_carried_out_is_settled_although_somebody_asks_to_stop_and_never_sent_again(verdict):
    made, stop = stopped(answer(503))
    looked = []

    def settle():
        looked.append(stop.is_set())
        made.pause(1)
        return verdict

    with made.interruptible(stop):
        if verdict is Settled.DONE:
            assert made.send(SET, settle=settle).settled
        else:
            with pytest.raises(Unclear, match=r"reading does not show it; interrupted before it was sent again\). Run again"):
                made.send(SET, settle=settle)
    assert looked == [True]
    assert len(made.transport.sent) == 1


def test_the_threads_that_settle_go_on_as_well_and_the_others_do_not():
    made, stop = stopped(OK, concurrency=2)
    stop.set()
    with made.interruptible(stop):
        with made.settling():
            assert [found.body for found in made.map(lambda _item: made.get("/things"), range(4))] == [{"ok": True}] * 4
        with pytest.raises(Interrupted):
            made.map(lambda _item: made.get("/things"), range(4))
    made.close()
    assert made.counts.read == 4


def test_once_stopped_settling_waits_for_the_pace_within_the_deadline_only():
    made, stop = stopped(OK, requests_per_minute={"all": 1}, deadline=5.0)
    stop.set()
    with made.interruptible(stop), made.settling():
        made.get("/things")
        with pytest.raises(Unavailable, match="the pace leaves no room for it"):
            made.get("/things")
    assert made.time.slept == []


def test_a_real_wait_ends_when_somebody_asks_to_stop():
    made = Client(settings(), auth=StaticToken(TOKEN), transport=FakeTransport(answer(429, None, retry_after="500")))
    stop = threading.Event()
    threading.Timer(0.02, stop.set).start()
    began = time.monotonic()
    with made.interruptible(stop), pytest.raises(Interrupted):
        made.send(CREATE)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("in_file", [False, True])
def test_who_waits_for_a_lane_gives_up_once_stopped(tmp_path, in_file):
    shared = SharedState(tmp_path / "run" / "state.json") if in_file else SharedState()
    other = SharedState(tmp_path / "run" / "state.json") if in_file else shared
    holder, waiter = client(OK, shared=other), client(OK, shared=shared)
    stop, ended = threading.Event(), []

    def wait():
        with waiter.interruptible(stop):
            try:
                with waiter.exclusive("a"):
                    ended.append("held")
            except Interrupted:
                ended.append("gave up")

    thread = threading.Thread(target=wait)
    with holder.exclusive("a"):
        thread.start()
        stop.set()
        thread.join(5)
        assert ended == ["gave up"]


def test_whoever_sends_a_call_hears_of_each_attempt_before_it_goes_out_and_may_keep_it_back():
    made = client(answer(429, None, retry_after="1"), OK)
    heard = []
    made.send(CREATE, leaving=lambda: heard.append(len(made.transport.sent)))
    assert heard == [0, 1]

    def keep_back():
        raise Interrupted("the journal is full")

    with pytest.raises(Interrupted, match="^the journal is full$"):
        made.send(CREATE, leaving=keep_back)
    assert len(made.transport.sent) == 2


# What is the same for every device


def test_tasks_that_read_together_ask_once_and_others_each_time(tmp_path):
    first, second = client(answer(200, {"items": []})), client(answer(200, {"items": []}))
    listings = SharedListings(SharedState(tmp_path / "private" / "shared.json"), Crowd("task", 20))
    assert (first.page("/devices", {"page": 1}).body, first.crowd) == ({"items": []}, 1)
    for one in (first, second):
        with one.reading_together(listings.reading("lab")):
            assert one.page("/devices", (("page", 1),)).body == {"items": []}
            assert one.page("/devices", {"page": 2}).body == {"items": []}
            assert one.crowd == 20
        assert one.crowd == 1
    second.page("/devices", {"page": 1})
    assert [len(one.transport.sent) for one in (first, second)] == [3, 1]
