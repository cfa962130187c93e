# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which device a declaration means: agreement, contradiction, and what is unknown."""

from __future__ import annotations

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Ambiguous
from ansible_collections.fleetform.devices.plugins.module_utils._engine.identity import Index
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device

ONE = Device("acme", id="1", name="Lobby", serial="S1", mac="11:22:33:44:aa:01")
TWO = Device("acme", id="2", name="Roof", serial="S2", mac="11:22:33:44:aa:02")
VAGUE = Device("acme", id="3", name="Cellar", serial="S3")


@pytest.mark.parametrize(
    "declaration",
    [
        Declaration(device_id="1"),
        Declaration(serial="S1"),
        Declaration(mac="1122.3344.AA01"),
        Declaration(serial="S1", mac="11-22-33-44-AA-01", device_id="1"),
        Declaration(name="Lobby"),
    ],
)
def test_a_device_is_found_by_what_agrees(declaration: Declaration) -> None:
    assert Index([ONE, TWO]).find(declaration) is ONE


@pytest.mark.parametrize(
    "declaration", [Declaration(serial="S9"), Declaration(name="lobby"), Declaration(name="S1"), Declaration(serial="s1")]
)
def test_nothing_is_found_without_an_exact_agreement(declaration: Declaration) -> None:
    assert Index([ONE, TWO]).find(declaration) is None


def test_a_field_that_the_vendor_leaves_empty_does_not_contradict() -> None:
    assert Index([VAGUE]).find(Declaration(serial="S3", mac="11:22:33:44:aa:03", cloud_id="c")) is VAGUE


def test_an_identifier_that_only_one_of_two_devices_could_have_is_no_agreement_with_the_other() -> None:
    assert Index([VAGUE, ONE]).find(Declaration(mac="11:22:33:44:aa:01")) is ONE


def test_agreeing_and_contradicting_is_an_error_that_says_what_contradicts() -> None:
    with pytest.raises(Ambiguous) as caught:
        Index([ONE]).find(Declaration(account="lab", serial="S1", mac="11:22:33:44:aa:99"))
    assert "Lobby (id 1) fits only in part, its mac is 11:22:33:44:aa:01" in str(caught.value)
    assert caught.value.account == "lab"
    assert caught.value.device == "lab/S1"


def test_identifiers_that_hit_two_devices_are_an_error() -> None:
    with pytest.raises(Ambiguous, match="only in part"):
        Index([ONE, TWO]).find(Declaration(serial="S1", mac="11:22:33:44:aa:02"))


def test_two_devices_with_one_serial_are_listed() -> None:
    twin = Device("acme", id="9", name="Twin", serial="S1")
    with pytest.raises(Ambiguous, match=r"serial 'S1' fits 2 devices: Lobby \(id 1\), Twin \(id 9\); say device_id"):
        Index([ONE, twin]).find(Declaration(serial="S1"))


def test_two_devices_with_one_name_are_listed() -> None:
    twin = Device("acme", id="9", name="Lobby")
    with pytest.raises(Ambiguous, match=r"name 'Lobby' fits 2 devices: Lobby \(id 1\), Lobby \(id 9\)"):
        Index([twin, ONE]).find(Declaration(name="Lobby"))


def test_the_name_beside_an_identifier_is_no_identity() -> None:
    assert Index([ONE, TWO]).find(Declaration(serial="S1", name="Roof")) is ONE
    assert Index([ONE]).find(Declaration(serial="S9", name="Lobby")) is None


def test_a_previous_name_finds_the_device_under_either_name() -> None:
    assert Index([ONE, TWO]).find(Declaration(name="Reception", previous_name="Lobby")) is ONE
    assert Index([ONE, TWO]).find(Declaration(name="Lobby", previous_name="Old")) is ONE


def test_both_names_in_use_is_an_error_that_names_both() -> None:
    with pytest.raises(Ambiguous, match="name 'Lobby' or previous_name 'Roof' fits 2 devices"):
        Index([ONE, TWO]).find(Declaration(name="Lobby", previous_name="Roof"))


def test_devices_out_of_scope_are_not_found() -> None:
    assert Index([ONE, TWO]).find(Declaration(name="Lobby"), lambda device: device.id != "1") is None


def test_a_twin_out_of_scope_does_not_make_a_name_ambiguous() -> None:
    twin = Device("acme", id="9", name="Lobby")
    assert Index([ONE, twin]).find(Declaration(name="Lobby"), lambda device: device.id == "9") is twin


def test_one_device_that_is_listed_twice_is_one() -> None:
    assert Index([ONE, ONE]).find(Declaration(name="Lobby")) is ONE
