# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waits, deadline and retry budget."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import (
    Deadline,
    RetryBudget,
    backoff,
    demanded,
    remaining,
    reset_in,
)
from tests.unit.plugins.module_utils._engine.wire import Clock

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "7"}, None, 7),
        ({"retry-after": "0"}, None, 0),
        ({"retry-after": "1.5"}, None, 1.5),
        ({"retry-after": formatdate(NOW + 90, usegmt=True)}, None, 90),
        ({"retry-after": formatdate(NOW + 90)}, None, 90),
        ({"retry-after": "Tue, 14 Nov 2023 22:14:50"}, None, 90),
        ({"retry-after": formatdate(NOW - 90, usegmt=True)}, None, 0),
        ({"retry-after": "-5"}, None, None),
        ({"retry-after": "nan"}, None, None),
        ({"retry-after": "inf"}, None, None),
        ({"retry-after": "soon"}, None, None),
        ({"retry-after": ""}, None, None),
        ({"retry-after": "Tue, 99 Nov 2023 22:14:50 GMT"}, None, None),
        ({"retry-after": "Fri, 31 Dec 99999999999 23:59:59 GMT"}, None, None),
        ({"retry-after": "Mon, 01 Jan 0001 00:00:00 +2359"}, None, 0),
        ({"ratelimit-reset": "12"}, None, 12),
        ({"x-ratelimit-reset": "13"}, None, 13),
        ({"x-ratelimit-reset": str(NOW + 14)}, None, 14),
        ({"ratelimit-reset": str(NOW - 14)}, None, 0),
        ({"x-ratelimit-reset": str(int(NOW + 15) * 1000)}, None, 15),
        ({"ratelimit-reset": "x", "x-ratelimit-reset": "3"}, None, 3),
        ({"retry-after": "2", "ratelimit-reset": "30"}, {"errorDetails": [{"retryAfterSeconds": 9}]}, 2),
        ({"retry-after": "soon", "ratelimit-reset": "30"}, {"errorDetails": [{}, 3, {"retryAfterSeconds": 9}]}, 9),
        ({}, {"serverErrorDetails": [{"retryAfterSeconds": "30"}]}, 30),
        ({}, {"errorDetails": [{"retryAfterSeconds": -1}, {"retryAfterSeconds": True}]}, None),
        ({}, {"errorDetails": {"retryAfterSeconds": 3}}, None),
        ({}, [1], None),
        ({}, None, None),
    ],
)
def test_the_pause_that_an_answer_asks_for(headers, body, seconds):
    assert demanded(headers, body, NOW) == seconds


def test_a_reset_beside_another_failure_asks_for_no_pause():
    headers = {"ratelimit-limit": "160", "ratelimit-remaining": "150", "ratelimit-reset": "57"}
    assert demanded(headers, None, NOW, limited=False) is None
    assert demanded({**headers, "ratelimit-remaining": "0"}, None, NOW, limited=False) == 57
    assert demanded({**headers, "retry-after": "2"}, None, NOW, limited=False) == 2


def test_what_is_left_of_a_limit():
    assert remaining({"ratelimit-remaining": "0"}) == 0
    assert remaining({"x-ratelimit-remaining": "7"}) == 7
    assert remaining({"ratelimit-remaining": "none", "x-ratelimit-remaining": "1"}) == 1
    assert remaining({}) is None
    assert reset_in({}, NOW) is None


def test_backoff_grows_to_a_cap_with_full_jitter():
    bounds = [backoff(repeats, limited=False, random=lambda: 1.0) for repeats in range(9)]
    assert bounds == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert backoff(5, limited=False, random=lambda: 0.0) == 0
    assert backoff(10_000, limited=False, random=lambda: 1.0) == 30


def test_backoff_after_a_limit_without_a_hint_is_never_short():
    assert [backoff(repeats, limited=True, random=lambda: 0.0) for repeats in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_deadline_leaves_forgiven_waits_out():
    clock = Clock(0.0)
    deadline = Deadline(10, clock)
    clock.now = 8
    assert deadline.left() == 2
    deadline.forgive(5)
    assert deadline.left() == 7
    clock.now = 20
    assert deadline.left() == -5


def test_the_retry_budget_is_a_tenth_and_at_least_ten():
    budget = RetryBudget()
    assert budget.size == 10
    budget.planned(50)
    assert budget.size == 10
    budget.planned(51)
    assert budget.size == 11
    budget.planned(-5)
    assert [budget.spend() for _repeat in range(12)] == [True] * 11 + [False]
