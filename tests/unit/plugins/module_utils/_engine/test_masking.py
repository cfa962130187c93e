# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets and hostile text stay out of messages."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleetform.devices.plugins.module_utils._engine.masking import HIDDEN, Masker

SECRET = 'p+q/r "s"=ä'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        "p%2Bq%2Fr%20%22s%22%3D%C3%A4",
        "p%2Bq/r%20%22s%22%3D%C3%A4",
        "p%2Bq%2Fr+%22s%22%3D%C3%A4",
        'p+q/r \\"s\\"=\\u00e4',
        'p+q/r \\"s\\"=ä',
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_secret_is_hidden_in_every_form_in_which_it_can_come_back(form):
    masker = Masker([SECRET])
    assert masker.mask(f"before {form} after") == f"before {HIDDEN} after"


def test_basic_credentials_are_hidden_as_they_travel():
    masker = Masker()
    masker.add_basic("user", "pass-word")
    encoded = base64.b64encode(b"user:pass-word").decode()
    assert encoded not in masker.mask(f"Basic {encoded}")
    assert masker.secrets == {"pass-word", encoded}


def test_secrets_fetched_later_are_hidden_from_then_on():
    masker = Masker()
    assert masker.mask("token-2") == "token-2"
    masker.add("token-2", None, "")
    masker.add("token-2")
    assert masker.mask("token-2") == HIDDEN


def test_short_values_are_not_taken_for_secrets():
    assert Masker(["abc"]).mask("abc") == "abc"


def test_the_longer_of_two_secrets_is_hidden_whole():
    assert Masker(["token", "token-long"]).mask("token-long") == HIDDEN


def test_vendor_text_becomes_one_harmless_line():
    text = "\x1b[31mred\x1b[0m\r\nline\ttwo\x1b]0;title\x07 \u202eabc\u200b \x9b2Jx\x00\ud800"
    assert Masker().mask(text) == "red line two abc x"


def test_a_secret_interrupted_by_control_characters_is_hidden_as_well():
    assert "canary" not in Masker(["canary"]).mask("can\u200bary and c\x1b[0manary")


def test_long_text_is_cut_and_never_within_a_secret():
    masker = Masker(["canary-secret"])
    assert masker.mask("x" * 600).endswith("xxx...")
    assert len(masker.mask("x" * 600)) == 500
    assert "canary" not in masker.mask("\x00" * 19_990 + "canary-secret")
    assert masker.mask("abcdefgh", limit=5) == "ab..."


def test_nested_data_is_scrubbed_in_keys_and_values():
    masker = Masker(["canary"])
    data = {"a": ["canary", ("x", 1)], "canary": {"b": None, "c\n": "1\n2"}}
    assert masker.scrub(data) == {"a": [HIDDEN, ["x", 1]], HIDDEN: {"b": None, "c\n": "1\n2"}}


@given(st.text(min_size=4, max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_survives_masking(secret, before, after):
    assert secret not in Masker([secret]).hide(before + secret + after).replace(HIDDEN, "") or secret in before + after


@given(st.text(max_size=700))
def test_masked_text_is_printable_on_one_line(text):
    masked = Masker(["secret"]).mask(text)
    assert len(masked) <= 500
    assert not any(ord(character) < 32 or ord(character) == 127 for character in masked)


def test_thousands_of_words_are_hidden_wherever_they_stand():
    words = [f"{number:04d}-abcdefghijklmnopqrstuvwxyz_" for number in range(10_000)]
    masker = Masker(["the-client-secret"])
    masker.add_words([*words, "short"])
    text = f"device {words[7]}, x{words[9999]}y and short or the-client-secret; {words[1]}{words[2]}"
    assert masker.hide(text) == "device ********, x********y and short or ********; ****************"
    assert masker.hide("nothing-that-is-known-here-at-all") == "nothing-that-is-known-here-at-all"
