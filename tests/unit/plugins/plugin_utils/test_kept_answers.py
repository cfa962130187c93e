# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the inventory's cache keeps of each account."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import SettingsError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import RECORD_FIELDS
from ansible_collections.fleetform.devices.plugins.plugin_utils.kept_answers import KeptAnswers, key_of, without_secrets

NOTHING: dict[str, t.Any] = dict.fromkeys(RECORD_FIELDS)
RECORDS = [{**NOTHING, "id": "1", "name": "Küche", "tags": ["a"]}, {**NOTHING, "id": "2", "tags": {"k": "v"}}]
ACCOUNT = {"vendor": "blynk", "client_id": "oa2-client-id_demo", "client_secret": "demo-secret"}


class Kept:
    """Answers of two accounts in a cache that is a dict, and a clock that stands still."""

    def __init__(self) -> None:
        self.cache: dict[str, t.Any] = {}
        self.now = 1000.0
        self.warnings: list[str] = []
        self.answers = self.opened()

    def opened(self) -> KeptAnswers:
        return KeptAnswers(self.cache, {"lab": "key-lab", None: "key-none"}, lambda: self.now, self.warnings.append)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_an_answer_comes_back_as_it_was_given_out(kept: Kept) -> None:
    given = kept.answers.keep("lab", RECORDS, set())
    assert given.records == RECORDS
    again = kept.opened().last("lab")
    assert again == given
    assert again is not None
    assert json.dumps(again.records) == json.dumps(given.records)
    assert kept.opened().last(None) is None
    assert kept.warnings == []


def test_an_answer_is_one_text_in_the_cache(kept: Kept) -> None:
    kept.answers.keep("lab", RECORDS, set())
    assert list(kept.cache) == ["key-lab"]
    assert [type(value) for value in kept.cache["key-lab"].values()] == [str]


@pytest.mark.parametrize(
    ("age", "seconds", "there"), [(9, 10, True), (10, 10, False), (10**6, 0, True), (10**6, None, True)], ids=str
)
def test_an_answer_is_fresh_for_so_long(kept: Kept, age: float, seconds: float | None, there: bool) -> None:
    kept.answers.keep("lab", RECORDS, set())
    kept.now += age
    assert list(kept.opened().fresh(seconds)) == (["lab"] if there else [])
    assert kept.opened().last("lab") is not None, "its age does not matter where the cloud is down"


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [1],
        {},
        {"fleetform": ""},
        {"fleetform": "[1]"},
        {"fleetform": json.dumps({"format": 1})},
        {"fleetform": json.dumps({"format": 1, "devices": 3, "stored_at": 1})},
        {"fleetform": json.dumps({"format": 1, "devices": [], "stored_at": "soon"})},
    ],
    ids=str,
)
def test_what_cannot_be_understood_is_not_there_and_said_so(kept: Kept, entry: t.Any) -> None:
    kept.cache["key-lab"] = entry
    assert kept.answers.last("lab") is None
    assert "holds something else" in kept.warnings[0]


def test_an_answer_of_another_format_is_not_there(kept: Kept) -> None:
    kept.cache["key-lab"] = {"fleetform": json.dumps({"format": 0, "devices": [], "stored_at": 1})}
    assert kept.answers.last("lab") is None
    assert kept.warnings == []


def test_a_cache_that_raises_is_no_reason_to_stop(kept: Kept) -> None:
    class Broken(dict[str, t.Any]):
        def __getitem__(self, key: str) -> t.Any:
            raise OSError("no such host")

    answers = KeptAnswers(Broken(), {"lab": "key"}, lambda: 0.0, kept.warnings.append)
    assert answers.fresh(None) == {}
    assert kept.warnings == ["the inventory cache cannot be read, so that the cloud is read: no such host"]


def test_no_secret_is_kept(kept: Kept) -> None:
    records = [{"id": "1", "name": "with canary-secret inside", "metafields": {"x": ['quote"canary']}}]
    given = kept.answers.keep("lab", records, {"canary-secret", 'quote"canary', "abc", "never seen here"})
    assert "canary" not in json.dumps(kept.cache) + json.dumps(given.records)
    assert given.records[0]["id"] == "1"


def test_records_without_a_secret_are_copied_as_they_are() -> None:
    copied = without_secrets(RECORDS, {"another-secret"})
    assert copied == RECORDS
    assert copied[0] is not RECORDS[0]


# Keys


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://fra1.blynk.cloud"},
        {"organization": "7"},
        {"client_id": "oa2-client-id_other"},
        {"vendor": "greenlake"},
        {"vendor": "mobilefirst", "url": "https://h/mfpadmin", "username": "u", "password": "p"},
    ],
    ids=str,
)
def test_the_key_differs_where_the_answer_could(change: dict[str, t.Any]) -> None:
    changed = {**ACCOUNT, **change}
    if "username" in change:
        changed = dict(change)
    assert key_of("lab", changed, {}, "all") != key_of("lab", ACCOUNT, {}, "all")


@pytest.mark.parametrize(
    "change", [{"runtime": "other"}, {"locale": "de_DE"}, {"username": "v"}, {"api_version": "1.0"}], ids=str
)
def test_the_key_of_a_mobilefirst_account_differs_where_the_answer_could(change: dict[str, t.Any]) -> None:
    account = {"vendor": "mobilefirst", "url": "https://h/mfpadmin", "username": "u", "password": "p"}
    assert key_of("lab", {**account, **change}, {}, "all") != key_of("lab", account, {}, "all")


def test_the_key_depends_on_name_and_question() -> None:
    keys = {key_of(name, ACCOUNT, {}, asked) for name in ("lab", "other", None) for asked in ("all", "some")}
    assert len(keys) == 6


@pytest.mark.parametrize("change", [{"url": "https://blynk.cloud/"}, {"timeout": 7}, {"concurrency": 2}], ids=str)
def test_the_key_stays_where_the_answer_is_the_same(change: dict[str, t.Any]) -> None:
    assert key_of("lab", {**ACCOUNT, **change}, {}, "all") == key_of("lab", ACCOUNT, {}, "all")


def test_the_key_differs_for_another_secret_and_does_not_tell_it() -> None:
    key = key_of("lab", {**ACCOUNT, "client_secret": "rotated-secret"}, {}, "all")
    assert key != key_of("lab", ACCOUNT, {}, "all")
    webex = {"vendor": "webex", "client_id": "integration", "client_secret": "s", "refresh_token": "of-ada"}
    assert key_of("x", webex, {}, "all") != key_of("x", {**webex, "refresh_token": "of-ben"}, {}, "all")


@pytest.mark.parametrize("devices", [[5], [{}], "abc", [{"id": "1"}]], ids=str)
def test_an_entry_whose_devices_are_no_records_is_not_there(kept: Kept, devices: t.Any) -> None:
    kept.answers.keep("lab", RECORDS, set())
    (entry,) = kept.cache.values()
    entry["fleetform"] = json.dumps({**json.loads(entry["fleetform"]), "devices": devices})
    assert kept.answers.last("lab") is None


def test_half_characters_are_replaced_and_whole_ones_kept() -> None:
    (record,) = without_secrets([{**NOTHING, "id": "1", "name": "cut \ud83d off \U0001f600"}], set())
    assert record["name"] == "cut \ufffd off \U0001f600"


def test_the_key_takes_credentials_from_the_environment_and_tells_nothing_about_them() -> None:
    environ = {"FLEETFORM_LAB_CLIENT_ID": ACCOUNT["client_id"], "FLEETFORM_LAB_CLIENT_SECRET": ACCOUNT["client_secret"]}
    key = key_of("lab", {"vendor": "blynk"}, environ, "all")
    assert key == key_of("lab", ACCOUNT, {}, "all")
    assert int(key, 16)


def test_an_account_that_is_wrong_has_no_key() -> None:
    with pytest.raises(SettingsError):
        key_of("lab", {"vendor": "blynk"}, {}, "all")
