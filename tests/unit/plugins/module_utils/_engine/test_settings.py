# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Account options: sources, checks and messages without secrets."""

from __future__ import annotations

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import SettingsError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import (
    AccountSettings,
    VendorFacts,
    account_settings,
    is_loopback,
    origin,
    variable_name,
    vendor_of,
)

ACME = VendorFacts(
    name="acme",
    default_url="https://api.acme.example/",
    options=frozenset({"token", "client_id", "client_secret", "token_url", "organization", "runtime"}),
    credentials=(frozenset({"token"}), frozenset({"client_id", "client_secret"})),
    native_environment={"client_id": "ACME_ID", "client_secret": "ACME_SECRET"},
    limits={"read": 160, "patch": 20},
    defaults={"runtime": "mfp"},
)
HOMELESS = VendorFacts(
    name="homeless", options=frozenset({"username", "password"}), credentials=(frozenset({"username", "password"}),)
)


def made(options=None, environ=None, name=None, facts=ACME) -> AccountSettings:
    return account_settings({"token": "t0ken", **(options or {})}, name=name, vendor_facts=facts, environ=environ or {})


def from_environment(environ, options=None, name=None, facts=ACME) -> AccountSettings:
    return account_settings(options or {}, name=name, vendor_facts=facts, environ=environ)


def refusal(options=None, environ=None, name=None, facts=ACME) -> str:
    with pytest.raises(SettingsError) as caught:
        account_settings(options or {}, name=name, vendor_facts=facts, environ=environ or {})
    return str(caught.value)


def test_defaults_are_those_of_the_interface():
    account = made()
    assert (account.url, account.timeout, account.deadline, account.concurrency) == ("https://api.acme.example", 30, 600, 8)
    assert account.validate_certs is True
    assert account.requests_per_minute == {"read": 160, "patch": 20}
    assert account.runtime == "mfp"
    assert account.organization is None
    assert account.on_default_host


def test_no_secret_is_in_the_repr():
    account = made({"token": None, "client_id": "the-id", "client_secret": "canary"})
    assert "canary" not in repr(account)
    assert "the-id" in repr(account)
    assert account.secrets() == ("canary",)
    assert "t0ken" not in repr(made())


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://EU.acme.example/", "https://eu.acme.example"),
        ("HTTPS://eu.acme.example:8443/Base/", "https://eu.acme.example:8443/Base"),
        ("http://127.0.0.1:8080/blynk", "http://127.0.0.1:8080/blynk"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_url_is_normalised(url, normal):
    account = made({"url": url})
    assert account.url == normal
    assert not account.on_default_host


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://acme.example", "https://"),
        ("acme.example", "https://"),
        ("https://", "name a host"),
        ("https://user:canary@acme.example", "user name or password"),
        ("https://@acme.example", "user name or password"),
        ("https://acme.example?x=canary", "query or a fragment"),
        ("https://acme.example/#", "query or a fragment"),
        ("https://acme.example:99999", "host or port"),
        ("https://[acme", "host or port"),
        ("https://acme.example:0", "characters"),
        ("https://acme example", "characters"),
        ("https://bücher.example", "xn--"),
        ("http://acme.example", "loopback only"),
        ("http://10.0.0.1", "loopback only"),
        ("http://localhost.evil.example", "loopback only"),
        ("", "is empty"),
        ("https://a\nb", "cannot be printed"),
        (["https://a"], "must be a string"),
        (True, "must be a string"),
    ],
)
def test_a_bad_url_is_refused_without_showing_secrets(url, words):
    message = refusal({"token": "t0ken", "url": url})
    assert words in message
    assert "canary" not in message


def test_token_url_is_checked_like_url():
    assert made({"token_url": "https://sso.acme.example/token/"}).token_url == "https://sso.acme.example/token"
    assert "`token_url`" in refusal({"token": "t0ken", "token_url": "http://sso.acme.example"})


def test_url_is_needed_where_the_vendor_has_none():
    message = refusal({"username": "u", "password": "p"}, name="lab-1", facts=HOMELESS)
    assert "account lab-1" in message
    assert "FLEETFORM_LAB_1_URL" in message
    account = from_environment({}, {"url": "https://h:9443/mfpadmin", "username": "u", "password": "p"}, facts=HOMELESS)
    assert account.url == "https://h:9443/mfpadmin"
    assert not account.on_default_host


def test_an_option_of_another_vendor_is_refused():
    message = refusal({"token": "t0ken", "username": "u"})
    assert "acme does not take `username`" in message
    assert "`client_id`" in message


def test_an_unknown_option_is_refused():
    assert "`tokn` is not an account option" in refusal({"tokn": "canary"})


def test_the_vendor_option_must_agree():
    assert "`vendor`" in refusal({"vendor": "blynk", "token": "t0ken"})
    assert made({"vendor": "acme"}).vendor == "acme"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token": ""}, "`token` is empty"),
        ({"token": "  "}, "`token` is empty"),
        ({"token": "canary\n"}, "white space"),
        ({"token": "can\x00ary"}, "cannot be printed"),
        ({"token": "can ary"}, "no token has"),
        ({"token": "canäry"}, "no token has"),
        ({"token": ["canary"]}, "must be a string"),
        ({"token": True}, "must be a string"),
        ({"token": "canary", "client_id": "x"}, "contradict each other"),
        ({"token": "canary", "client_id": "x", "client_secret": "canary"}, "contradict each other"),
        ({"client_id": "x"}, "`client_secret` missing"),
        ({"client_secret": "canary"}, "`client_id` missing"),
    ],
)
def test_unusable_credentials_are_refused_without_showing_them(options, words):
    message = refusal(options)
    assert words in message
    assert "canary" not in message
    assert "canäry" not in message


def test_missing_credentials_name_the_variables_that_would_do():
    message = refusal({}, {"FLEETFORM_LAB_CLIENT_ID": "canary", "FLEETFORM_LAB_TOKEN": ""}, name="lab")
    assert "`token` (environment: FLEETFORM_LAB_TOKEN)" in message
    assert "FLEETFORM_LAB_CLIENT_SECRET or ACME_SECRET" in message
    assert "Set but empty: FLEETFORM_LAB_TOKEN" in message
    assert "canary" not in message


def test_a_password_may_hold_what_a_token_may_not():
    account = from_environment({}, {"url": "https://h", "username": "u", "password": "päss wörd"}, facts=HOMELESS)
    assert account.password == "päss wörd"


def test_a_number_is_taken_for_the_text_of_a_credential():
    assert made({"token": 12345}).token == "12345"


def test_unnamed_and_named_accounts_have_their_own_variables():
    environ = {"FLEETFORM_TOKEN": "plain", "FLEETFORM_MY_LAB_2_TOKEN": "named"}
    assert from_environment(environ).token == "plain"
    assert from_environment(environ, name="my-lab.2").token == "named"
    assert "missing" in refusal({}, {"FLEETFORM_TOKEN": "plain"}, name="other")


def test_variable_names():
    assert variable_name(None, "token") == "FLEETFORM_TOKEN"
    assert variable_name("büro 1", "client_id") == "FLEETFORM_B_RO_1_CLIENT_ID"


def test_every_option_can_come_from_the_environment():
    environ = {
        "FLEETFORM_TOKEN": "t",
        "FLEETFORM_URL": "https://eu.acme.example",
        "FLEETFORM_TIMEOUT": "5.5",
        "FLEETFORM_DEADLINE": "60",
        "FLEETFORM_CONCURRENCY": "2",
        "FLEETFORM_VALIDATE_CERTS": "no",
        "FLEETFORM_REQUESTS_PER_MINUTE": '{"add": 3}',
        "FLEETFORM_ORGANIZATION": "17",
    }
    account = from_environment(environ)
    assert (account.url, account.timeout, account.deadline, account.concurrency) == ("https://eu.acme.example", 5.5, 60, 2)
    assert account.validate_certs is False
    assert account.requests_per_minute == {"read": 160, "patch": 20, "add": 3}
    assert account.organization == "17"


def test_native_variables_count_on_the_default_host_only():
    environ = {"ACME_ID": "id", "ACME_SECRET": "secret"}
    assert from_environment(environ).client_secret == "secret"
    assert from_environment(environ, {"url": "https://api.acme.example:443/sub"}).client_id == "id"
    assert "ACME_ID" not in refusal({"url": "https://elsewhere.example"}, environ)


def test_own_variables_come_before_native_ones():
    environ = {"ACME_ID": "id", "ACME_SECRET": "secret", "FLEETFORM_CLIENT_ID": "own"}
    account = from_environment(environ)
    assert (account.client_id, account.client_secret) == ("own", "secret")


def test_an_explicit_credential_switches_the_environment_off():
    environ = {"FLEETFORM_TOKEN": "t", "FLEETFORM_CLIENT_SECRET": "s", "ACME_SECRET": "s", "FLEETFORM_ORGANIZATION": "9"}
    assert "environment is not asked" in refusal({"client_id": "x"}, environ)
    account = made({"token": "explicit"}, environ)
    assert (account.token, account.client_secret, account.organization) == ("explicit", None, "9")


def test_the_preferred_set_wins_in_the_environment():
    environ = {"FLEETFORM_TOKEN": "t", "FLEETFORM_CLIENT_ID": "i", "FLEETFORM_CLIENT_SECRET": "s"}
    account = from_environment(environ)
    assert (account.token, account.client_id, account.client_secret) == ("t", None, None)


def test_variables_of_options_that_the_vendor_does_not_take_are_ignored():
    assert made({}, {"FLEETFORM_LOCALE": "de"}).locale is None


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("timeout", 0, "more than 0"),
        ("timeout", -1, "more than 0"),
        ("timeout", "soon", "must be a number"),
        ("timeout", True, "must be a number"),
        ("timeout", float("inf"), "must be a number"),
        ("deadline", 0, "more than 0"),
        ("deadline", [1], "must be a number"),
        ("concurrency", 0, "from 1 to 64"),
        ("concurrency", 65, "from 1 to 64"),
        ("concurrency", 1.5, "from 1 to 64"),
        ("validate_certs", "maybe", "true or false"),
        ("requests_per_minute", 0, "at least 1"),
        ("requests_per_minute", True, "at least 1"),
        ("requests_per_minute", 1.5, "at least 1"),
        ("requests_per_minute", "many", "whole number"),
        ("requests_per_minute", {"reed": 1}, "unknown class reed"),
        ("requests_per_minute", {"read": 0}, "at least 1"),
        ("ca_path", "/nonexistent/ca.pem", "no file or folder"),
        ("organization", 1.5, "must be a string"),
    ],
)
def test_values_out_of_range_are_refused(option, value, words):
    message = refusal({"token": "t0ken", option: value})
    assert words in message
    assert f"`{option}`" in message


def test_the_pace_can_be_set_for_all_or_by_class():
    each = {"read": 50, "add": 50, "patch": 50, "poll": 50}
    assert made({"requests_per_minute": 50}).requests_per_minute == each
    assert made({"requests_per_minute": "50"}).requests_per_minute == each
    changed = made({"requests_per_minute": {"read": "10", "add": None}})
    assert changed.requests_per_minute == {"read": 10, "patch": 20}


def test_truth_and_numbers_come_in_the_forms_that_ansible_passes(tmp_path):
    account = made({"validate_certs": False, "ca_path": str(tmp_path), "concurrency": 64, "timeout": "2"})
    assert (account.validate_certs, account.ca_path, account.concurrency, account.timeout) == (False, str(tmp_path), 64, 2.0)
    assert made({"validate_certs": "yes"}).validate_certs is True


def test_the_vendor_comes_from_the_option_or_the_environment():
    assert vendor_of({"vendor": "blynk"}, name=None, environ={}) == "blynk"
    assert vendor_of({}, name="av", environ={"FLEETFORM_AV_VENDOR": "xyte"}) == "xyte"
    for options in ({}, {"vendor": ""}, {"vendor": 3}):
        with pytest.raises(SettingsError, match="vendor"):
            vendor_of(options, name=None, environ={"FLEETFORM_VENDOR": ""})


def test_origins_compare_with_default_ports():
    assert origin("https://A.example/x") == origin("https://a.example:443")
    assert origin("http://a.example") != origin("https://a.example")


def test_loopback():
    assert all(map(is_loopback, ["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "::1"]))
    assert not any(map(is_loopback, ["localhost.example", "0.0.0.0", "example"]))
