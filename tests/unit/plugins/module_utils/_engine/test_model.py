# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two records: their public shape, and what counts as declared."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device, mac_key, mac_text

DOCUMENTED = [
    "vendor", "account", "id", "name", "serial", "mac", "cloud_id", "model", "device_type", "status", "online", "last_seen", "ip",
    "firmware", "tags", "metafields", "owner", "organization", "space", "applications", "application", "subscriptions", "contact",
    "warranty", "archived",
]  # fmt: skip


def test_a_record_has_the_documented_fields_in_the_documented_order() -> None:
    assert list(Device("acme").record()) == DOCUMENTED


def test_fields_that_were_not_read_are_null() -> None:
    record = Device("acme", id="1").record()
    assert {name for name, value in record.items() if value is not None} == {"vendor", "id"}


def test_raw_is_part_of_the_record_only_where_it_was_asked_for() -> None:
    assert Device("acme", raw={"id": 1}).record()["raw"] == {"id": 1}
    assert "raw" not in Device("acme").record()


def test_gathered_extras_stand_beside_the_fields() -> None:
    assert Device("acme", gathered={"timeline": [1]}).record()["timeline"] == [1]


def test_facts_of_the_adapter_show_nowhere_and_do_not_make_devices_differ() -> None:
    device = Device("acme", id="1", facts={"token": "s3cr3t"})
    assert "s3cr3t" not in repr(device)
    assert "s3cr3t" not in str(device.record())
    assert device == Device("acme", id="1")


@pytest.mark.parametrize(
    ("device", "label"),
    [
        (Device("acme", id="1", name="Lobby", serial="S"), "Lobby (id 1)"),
        (Device("acme", id="1", serial="S"), "S (id 1)"),
        (Device("acme", id="1"), "unnamed (id 1)"),
    ],
)
def test_a_message_names_a_device_by_the_best_that_is_known(device: Device, label: str) -> None:
    assert device.label() == label


def test_only_given_identifiers_count() -> None:
    assert Declaration(serial="S", mac="m", name="n").identifiers == {"serial": "S", "mac": "m"}
    assert Declaration(name="n").identifiers == {}


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({"account": "lab", "serial": "S", "name": "n"}, "lab/S"),
        ({"account": "lab", "device_id": "7", "serial": "S"}, "lab/7"),
        ({"account": "lab", "name": "Lobby"}, "lab/Lobby"),
        ({"name": "Lobby"}, "-/Lobby"),
        ({}, "-/"),
    ],
)
def test_the_address_is_account_and_declared_identity(options: dict[str, t.Any], address: str) -> None:
    assert Declaration(**options).address == address


def test_null_is_not_declared_and_empty_is() -> None:
    assert Declaration(name="n").attributes() == {}
    assert Declaration(name="n", owner="", tags=[], metafields={}, contact={}, archived=False).attributes() == {
        "owner": "",
        "tags": [],
        "metafields": {},
        "contact": {},
        "archived": False,
    }


def test_a_name_beside_an_identifier_is_an_attribute() -> None:
    assert Declaration(serial="S", name="n").attributes() == {"name": "n"}
    assert Declaration(name="n", previous_name="o").attributes() == {"name": "n"}


def test_a_name_is_only_identity_where_nothing_is_to_be_renamed() -> None:
    assert Declaration(serial="S", name="n", renames=False).attributes() == {}
    assert Declaration(name="n").attributes() == {}


def test_what_must_be_absent_makes_its_attribute_a_declared_one() -> None:
    assert Declaration(name="n", absent_tags={"a": None}).attributes() == {"tags": []}
    assert Declaration(name="n", absent_metafields=["Room"]).attributes() == {"metafields": {}}
    assert Declaration(name="n", tags=["b"], absent_tags={"a": None}).attributes() == {"tags": ["b"]}


@pytest.mark.parametrize("text", ["11:22:33:44:AA:FF", "11-22-33-44-aa-ff", "1122.3344.aaff", "11223344AAFF"])
def test_macs_are_one_whatever_their_separators_and_case(text: str) -> None:
    assert mac_key(text) == "11223344aaff"
    assert mac_text(text) == "11:22:33:44:aa:ff"


def test_text_that_is_no_mac_is_kept_and_empty_is_none() -> None:
    assert mac_text("Unknown") == "unknown"
    assert mac_text("") is None
    assert mac_text(None) is None
