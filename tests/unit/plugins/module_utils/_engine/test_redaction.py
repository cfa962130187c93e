# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets of devices in vendor data."""

from __future__ import annotations

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.redaction import (
    hidden_by,
    hide,
    without_secrets,
)


@pytest.mark.parametrize(
    "name", ["token", "authToken", "client_secret", "Admin Password", "API-Key", "wifi passphrase", "private_key", "tokens"]
)
def test_what_a_name_calls_a_secret_is_left_out_at_every_depth(name):
    assert without_secrets({"a": [{name: {"b": "canary"}, "c": 1}], name: "canary"}) == {"a": [{"c": 1}]}


def test_the_same_value_is_hidden_wherever_else_it_stands():
    assert without_secrets({"token": "abcdefgh", "url": "x/abcdefgh", "list": ["abcdefgh"]}) == {
        "url": "x/(hidden)",
        "list": ["(hidden)"],
    }


def test_short_words_under_a_secret_name_do_not_blacken_others():
    assert without_secrets({"token": "on", "text": "one"}) == {"text": "one"}


VALUES = {"network": {"web": {"password": "a"}, "port": 1}, "users": [{"pin": "b"}, [{"pin": "c"}]], "pin": None}


@pytest.mark.parametrize(
    ("secret", "shown", "hidden"),
    [
        (["network"], {**VALUES, "network": "(hidden)"}, [VALUES["network"]]),
        (["password"], {**VALUES, "network": {"web": {"password": "(hidden)"}, "port": 1}}, ["a"]),
        (["network.web.password"], {**VALUES, "network": {"web": {"password": "(hidden)"}, "port": 1}}, ["a"]),
        (["pin"], {**VALUES, "users": [{"pin": "(hidden)"}, [{"pin": "(hidden)"}]]}, ["b", "c", None]),
        (["users.password"], VALUES, []),
    ],
)
def test_what_the_user_calls_secret_is_hidden_at_any_depth(secret, shown, hidden):
    assert hide(VALUES, secret) == shown
    assert list(hidden_by(VALUES, secret)) == hidden


def test_a_name_with_dots_is_a_name_as_well():
    assert hide({"Audio.Volume": 5, "Audio": {"Volume": 6}}, ["Audio.Volume"]) == {
        "Audio.Volume": "(hidden)",
        "Audio": {"Volume": "(hidden)"},
    }
