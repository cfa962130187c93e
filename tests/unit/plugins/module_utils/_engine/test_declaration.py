# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user may type, and what an error says about the rest."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import OPTIONS, declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration

DOCUMENTED = {
    "device_id", "serial", "mac", "cloud_id", "name", "previous_name", "state", "model", "device_type", "space",
    "create_space", "rename_shared_space", "transfer_to", "owner", "tags", "purge_tags", "metafields", "metafields_policy",
    "state_path", "secret_metafields", "status", "applications", "application", "subscriptions", "contact", "warranty",
    "archived", "protect", "account",
}  # fmt: skip


def test_the_options_are_the_documented_ones() -> None:
    assert set(OPTIONS) == DOCUMENTED


def test_options_that_are_null_are_not_declared() -> None:
    nothing = dict.fromkeys(DOCUMENTED - {"name"})
    assert declaration_from({"name": "Lobby", **nothing}) == Declaration(name="Lobby")


def test_the_account_of_the_options_beats_the_default() -> None:
    assert declaration_from({"name": "n", "account": "av"}, account="lab").account == "av"
    assert declaration_from({"name": "n"}, account="lab").account == "lab"


def test_the_name_of_an_account_is_a_string() -> None:
    with pytest.raises(DeclarationError, match="account must be a string, not 7; quote it"):
        declaration_from({"name": "n", "account": 7})


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"name": "n", "serail": "x"}, "unknown option 'serail'; did you mean 'serial'?"),
        ({"name": "n", "zzzzzz": "x"}, "unknown option 'zzzzzz'"),
        ({"name": "n", 5: "x"}, "unknown option 5"),
        ({"serial": 12}, "serial must be a string, not 12; quote it"),
        ({"name": True}, "name must be a string, not True; quote it"),
        ({"serial": ""}, "serial is an empty string; leave it out where it is not meant"),
        ({"name": ""}, "name is an empty string"),
        ({"name": " \n"}, "name is blank; leave it out where it is not meant"),
        ({"name": "Lobby \ud800"}, "name holds half a character"),
        ({"name": "n", "tags": {"a": ["\udfff"]}}, "tags holds half a character"),
        ({"name": "n", "metafields": {"\ud800": 1}}, "metafields holds half a character"),
        ({"name": "n", "model": ""}, "model is an empty string"),
        ({"name": "n", "transfer_to": ""}, "transfer_to is an empty string"),
        ({"name": "n", "purge_tags": "yes"}, "purge_tags must be true or false, not 'yes'"),
        ({"name": "n", "archived": 1}, "archived must be true or false, not 1"),
        ({"name": "n", "metafields": ["Room"]}, "metafields must be a dictionary, not ['Room']"),
        ({"mac": "11:22:33"}, "mac '11:22:33' is not a MAC address"),
        ({"mac": "zz:22:33:44:55:66"}, "is not a MAC address"),
        ({"name": "n", "state": "gone"}, "state must be present or absent, not 'gone'"),
        ({"model": "TMPL1"}, "nothing says which device is meant; give one of device_id, serial, mac, cloud_id, name"),
        ({"serial": "S", "name": "n", "previous_name": "o"}, "previous_name is for a device that is known by name only"),
        ({"name": "n", "tags": "blue"}, "write [blue] for a single label"),
        ({"name": "n", "tags": [""]}, "tags holds an empty label"),
        ({"name": "n", "tags": [["a"]]}, "a tag must be text, not ['a']"),
        ({"name": "n", "tags": {"a": {"b": 1}}}, "a tag must be text, not {'b': 1}"),
        ({"name": "n", "applications": {"app": "ON"}}, "applications: app must be ENABLED or DISABLED, not 'ON'"),
        ({"name": "n", "subscriptions": "KEY"}, "subscriptions must be a list of subscription keys or ids, not 'KEY'"),
        ({"name": "n", "subscriptions": [""]}, "subscriptions holds ''; write the subscription's key or id as text"),
        ({"name": "n", "subscriptions": [{"tier": "x"}]}, "subscriptions holds {'tier': 'x'}"),
        ({"name": "n", "secret_metafields": "Pin"}, "secret_metafields must be a list of metafield names"),
        ({"name": "n", "secret_metafields": [1]}, "secret_metafields must be a list of metafield names"),
        ({"name": "n", "secret_metafields": 1}, "secret_metafields must be a list of metafield names"),
        ({"name": "n", "metafields_policy": "never"}, "metafields_policy must be when_changed or always, not 'never'"),
        (
            {"serial": "S", "archived": True, "application": {"id": "a"}},
            "archived: true takes the application and the subscriptions away",
        ),
        ({"serial": "S", "archived": True, "subscriptions": ["K"]}, "archived: true takes the application"),
    ],
)
def test_what_is_wrong_is_refused_with_words_that_help(options: dict[str, t.Any], text: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        declaration_from(options, account="lab")
    assert text in str(caught.value)
    assert caught.value.account == "lab"


def test_previous_name_needs_the_new_name() -> None:
    with pytest.raises(DeclarationError, match="previous_name needs name, which is what the device is to be called"):
        declaration_from({"previous_name": "old"})


def test_an_error_says_where_the_device_was_declared() -> None:
    with pytest.raises(DeclarationError) as caught:
        declaration_from({"serial": "S", "tags": "x"}, account="lab", declared_at="fleet.yml:7")
    assert caught.value.device == "lab/S (fleet.yml:7)"
    with pytest.raises(DeclarationError) as caught:
        declaration_from({"tags": ["x"]}, declared_at="fleet.yml:9")
    assert caught.value.device == "without identity (fleet.yml:9)"


def test_an_error_about_text_that_cannot_be_shown_can_be_shown() -> None:
    with pytest.raises(DeclarationError) as caught:
        declaration_from({"name": "Lobby \ud800"})
    assert str(caught.value).encode("utf-8")


def test_letters_of_any_script_are_welcome() -> None:
    name = "B\N{LATIN SMALL LETTER U WITH DIAERESIS}ro \N{SNOWMAN}"
    assert declaration_from({"name": name}).name == name


def test_archived_goes_together_with_an_assignment_that_is_taken_away() -> None:
    declared = declaration_from({"serial": "S", "archived": True, "application": {}, "subscriptions": []})
    assert (declared.archived, declared.application, declared.subscriptions) == (True, {}, [])


def test_scalars_in_tags_become_the_text_that_yaml_shows() -> None:
    assert declaration_from({"name": "n", "tags": ["a", 5, 5.5, True]}).tags == ["a", "5", "5.5", "true"]
    assert declaration_from({"name": "n", "tags": {"floor": 3, "live": False, 7: "x"}}).tags == {
        "floor": "3",
        "live": "false",
        "7": "x",
    }


def test_a_null_value_in_tags_survives_as_the_wish_to_remove_the_key() -> None:
    assert declaration_from({"name": "n", "tags": {"city": None}}).tags == {"city": None}


def test_a_label_that_is_given_twice_is_one() -> None:
    assert declaration_from({"name": "n", "tags": ["a", "b", "a"]}).tags == ["a", "b"]


def test_text_of_a_subclass_of_str_becomes_plain_text() -> None:
    class Marked(str):
        __slots__ = ()

    tags = declaration_from({"name": "n", "tags": [Marked("a")]}).tags
    assert tags == ["a"]
    assert t.cast("list[str]", tags)[0].__class__ is str


def test_subscriptions_may_be_keys_ids_or_records_of_a_device() -> None:
    declared = declaration_from({"serial": "S", "subscriptions": ["K1", {"id": "u1", "key": "K2"}, {"key": "K3"}, "K1"]})
    assert declared.subscriptions == ["K1", "u1", "K3"]


def test_names_of_metafields_and_applications_become_text() -> None:
    declared = declaration_from({"name": "n", "metafields": {5: 1}, "applications": {7: "ENABLED"}, "secret_metafields": ["5"]})
    assert declared.metafields == {"5": 1}
    assert declared.applications == {"7": "ENABLED"}
    assert declared.secret_metafields == ("5",)


def test_a_device_that_must_be_absent_is_never_renamed() -> None:
    assert declaration_from({"serial": "S", "name": "n", "state": "absent"}).attributes() == {}
    assert declaration_from({"serial": "S", "name": "n"}).attributes() == {"name": "n"}


def test_where_it_was_declared_is_kept() -> None:
    assert declaration_from({"name": "n"}, declared_at="fleet.yml:3").declared_at == "fleet.yml:3"
