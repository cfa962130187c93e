# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inventory hosts: names that are safe and unique whatever devices are called, variables, and groups."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleetform.devices.plugins.module_utils._engine.hosts import (
    RESERVED,
    Wanted,
    address_of,
    grouped,
    host_names,
    safe_name,
    variables,
)


def names(*wanted: tuple[str | None, str], taken: t.Collection[str] = (), account: str | None = "a") -> list[str]:
    return host_names([Wanted(text, account, device_id) for text, device_id in wanted], taken)


def test_a_name_of_its_own_stays_as_it_is() -> None:
    assert names(("Lobby", "1"), ("Roof-2.local", "2"), ("Küche", "3")) == ["Lobby", "Roof-2.local", "Küche"]


@pytest.mark.parametrize(
    "reserved", ["all", "ungrouped", "localhost", "127.0.0.1", "127.0.0.2", "0.0.0.0", "ip6-localhost", "ALL", "Localhost"]
)
def test_a_reserved_name_gets_its_id(reserved: str) -> None:
    assert names((reserved, "7")) == [f"{reserved}_7"]


def test_every_device_of_a_shared_name_gets_its_id_so_that_none_changes_when_another_goes() -> None:
    assert names(("Lobby", "1"), ("Lobby", "2"), ("Roof", "3")) == ["Lobby_1", "Lobby_2", "Roof"]


def test_a_name_that_is_taken_by_a_host_or_a_group_gets_its_id() -> None:
    assert names(("Lobby", "1"), ("web", "2"), taken={"web"}) == ["Lobby", "web_2"]


@pytest.mark.parametrize("nothing", [None, "", "   ", "\t"])
def test_an_empty_name_gets_its_id(nothing: str | None) -> None:
    assert names((nothing, "9")) == ["_9"]


def test_names_that_become_the_same_count_as_shared() -> None:
    assert names(("a:b", "1"), ("a_b", "2")) == ["a_b_1", "a_b_2"]


def test_a_device_that_is_called_like_the_name_of_another_with_its_id_gets_its_own() -> None:
    assert names(("Lobby", "1"), ("Lobby", "2"), ("Lobby_1", "3")) == ["Lobby_a_1", "Lobby_2", "Lobby_1_3"]


def test_ids_that_repeat_in_two_accounts_get_the_account() -> None:
    both = [Wanted("Lobby", "east", "1"), Wanted("Lobby", "west", "1")]
    assert host_names(both) == ["Lobby_east_1", "Lobby_west_1"]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("web[1:3]", "web_1_3_"),
        ("{{ lookup('pipe','id') }}", "___lookup('pipe'_'id')___"),
        ("a\nb\tc d", "a_b_c_d"),
        ("../../etc/passwd", "_._.._etc_passwd"),
        ("-oProxyCommand=x", "_oProxyCommand=x"),
        ("@file", "_file"),
        ("~web.*", "_web._"),
        ("a,b&!c", "a_b__c"),
        ("\u202egnirts\u200b", "_gnirts_"),
        ("host:22", "host_22"),
    ],
)
def test_what_means_something_elsewhere_is_replaced(text: str, safe: str) -> None:
    assert safe_name(text) == safe


ANY_TEXT = st.one_of(
    st.none(), st.text(max_size=8), st.sampled_from(["all", "Lobby", "Lobby_1", "Lobby_a_1", "_1", "a:b", "a_b"])
)


@given(
    st.lists(
        st.tuples(ANY_TEXT, st.sampled_from(["a", "b", None]), st.sampled_from("123456789")),
        max_size=12,
        unique_by=lambda w: w[1:],
    ),
    st.sets(st.sampled_from(["Lobby", "web", "_1"])),
)
def test_names_are_always_unique_safe_and_free_and_independent_of_the_order(
    wanted: list[tuple[str | None, str | None, str]], taken: set[str]
) -> None:
    entries = [Wanted(*entry) for entry in wanted]
    found = host_names(entries, taken)
    assert len(set(found)) == len(found)
    assert not {name.casefold() for name in found} & RESERVED
    assert not set(found) & taken
    for name in found:
        assert name
        assert not set(name) & set("[]{}:,&!*?~/\\ \n\t")
        assert name[0] not in "-.@"
    for order in itertools.islice(itertools.permutations(range(len(entries))), 6):
        assert host_names([entries[number] for number in order], taken) == [found[number] for number in order]


@pytest.mark.parametrize("ip", ["192.0.2.7", "2001:db8::1", "10.0.0.1", "169.254.1.1"])
def test_an_address_is_where_to_connect(ip: str) -> None:
    assert variables({"ip": ip, "name": "x"}, "fleetform_") == {"fleetform_ip": ip, "fleetform_name": "x", "ansible_host": ip}


WRAPPED = ["::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "255.255.255.255"]
NO_ADDRESSES = [
    *WRAPPED,
    None,
    "",
    "host.example",
    "10.0.0",
    "127.0.0.1",
    "::1",
    "0.0.0.0",
    "224.0.0.1",
    "fe80::1%eth0",
    7,
    "{{ x }}",
]


@pytest.mark.parametrize("ip", NO_ADDRESSES)
def test_anything_else_is_not(ip: t.Any) -> None:
    assert address_of(ip) is None


SPACES = [
    {"space": {"id": "1", "name": "Room 1", "path": "Wiz/Berlin/Room 1"}, "vendor": "xyte"},
    {"space": {"id": "2", "name": "Berlin", "path": "Wiz/Berlin"}, "vendor": "xyte"},
    {"space": {"id": "3", "name": "Annex", "path": None}, "vendor": "greenlake"},
    {"space": None, "vendor": "blynk"},
]


def test_spaces_are_groups_nested_as_their_path() -> None:
    found = grouped(SPACES, ["space"])
    assert found.members == {
        "space_Annex": [2],
        "space_Wiz": [],
        "space_Wiz_Berlin": [1],
        "space_Wiz_Berlin_Room_1": [0],
    }
    assert found.parents == {"space_Wiz_Berlin": "space_Wiz", "space_Wiz_Berlin_Room_1": "space_Wiz_Berlin"}


def test_groups_by_what_has_one_value_leave_out_devices_without_it() -> None:
    records = [
        {
            "vendor": "webex",
            "account": None,
            "model": "Room Kit",
            "status": "connected",
            "organization": {"id": "o", "name": None},
        }
    ]
    found = grouped(records, ["vendor", "account", "model", "status", "organization"])
    assert found.members == {"vendor_webex": [0], "model_Room_Kit": [0], "status_connected": [0], "organization_o": [0]}


def test_tags_are_labels_or_keys_with_values() -> None:
    records = [{"tags": ["red", "blue"]}, {"tags": {"site": "Berlin", "spare": ""}}, {"tags": None}]
    found = grouped(records, ["tag"])
    assert found.members == {"tag_red": [0], "tag_blue": [0], "tag_site": [], "tag_site_Berlin": [1], "tag_spare": [1]}
    assert found.parents == {"tag_site_Berlin": "tag_site"}


def test_values_that_differ_never_share_a_group() -> None:
    found = grouped([{"model": "Room 1"}, {"model": "Room_1"}, {"model": "Room-2"}], ["model"])
    assert sorted(found.members.values()) == [[0], [1], [2]]
    assert "model_Room_2" in found.members
    assert not {"model_Room_1"} & set(found.members)


def test_a_mark_that_somebody_has_computed_does_not_make_two_values_share_a_group() -> None:
    first = grouped([{"model": "a b"}, {"model": "a-b"}], ["model"])
    marked = next(name for name, members in first.members.items() if members == [0])
    found = grouped([{"model": "a b"}, {"model": "a-b"}, {"model": marked.removeprefix("model_")}], ["model"])
    assert sorted(found.members.values()) == [[0], [1], [2]]


def test_a_group_does_not_take_the_name_of_a_host() -> None:
    (name,) = grouped([{"model": "x"}], ["model"], {"model_x"}).members
    assert name != "model_x"
    assert name.startswith("model_x_")


def test_a_long_name_is_cut_and_stays_its_own() -> None:
    one, other = names(("x" * 400, "1"), ("x" * 401, "2"))
    assert one != other
    assert len(one.encode()) <= 180
    assert len(safe_name("\U0001f600" * 100).encode()) <= 180
