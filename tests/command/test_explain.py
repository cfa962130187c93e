# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`fleetform explain` as a process: what is declared where, what is there, what would be done and why."""

from __future__ import annotations

import pytest

from tests.command.conftest import Command

PANEL = {"name": "Hamburg Main Panel", "metafields": {"Panel": "MP-1", "Cost Center": 8}, "secret_metafields": ["Cost Center"]}
RENAMED = {"name": "Hamburg Cafeteria Climate", "previous_name": "Hamburg New Sensor"}


def test_it_shows_what_is_declared_what_is_there_and_the_calls(fleetform: Command) -> None:
    fleetform.fleet(PANEL, RENAMED)
    ran = fleetform("explain", "Hamburg Cafeteria Climate")
    lines = [line.strip() for line in ran.out.splitlines()]
    assert lines[:4] == [
        "lab/Hamburg Cafeteria Climate",
        "declared in fleet.yml:14",
        'name: "Hamburg Cafeteria Climate"',
        'previous_name: "Hamburg New Sensor"',
    ]
    assert 'id: "1012"' in lines
    assert "would be done: update" in lines
    assert 'name: "Hamburg New Sensor" -> "Hamburg Cafeteria Climate"' in lines
    assert "PUT /api/v1/organization/device" in lines
    assert fleetform.written() == []


def test_secret_values_are_hidden_in_what_is_declared_too(fleetform: Command) -> None:
    fleetform.fleet(PANEL)
    ran = fleetform("explain", "lab/Hamburg Main Panel")
    assert 'metafields: {"Cost Center": "(hidden)", "Panel": "MP-1"}' in ran.out
    assert "4711" not in ran.all


def test_what_is_declared_is_shown_as_it_is_written(fleetform: Command) -> None:
    device = {"serial": "FOC2710N0A1", "tags": ["x"], "purge_tags": False, "protect": True}
    fleetform.fleet(device, vendor="webex")
    ran = fleetform("explain", "FOC2710N0A1")
    assert '    tags: ["x"]\n' in ran.out
    assert "    protect: true\n" in ran.out
    fleetform.fleet({"serial": "FOC2715N0F2", "state": "absent"}, vendor="webex")
    ran = fleetform("explain", "FOC2715N0F2")
    assert '    state: "absent"\n' in ran.out
    assert "would be done: delete" in ran.out


@pytest.mark.parametrize("word", ["02:5e:10:01:00:01", "025E10010001", "02-5e-10-01-00-01", "XQD-00001", "Berlin Room 1 Display"])
def test_a_device_goes_by_whatever_it_is_known_by(fleetform: Command, word: str) -> None:
    fleetform.fleet({"serial": "XQD-00001"}, vendor="xyte")
    assert "lab/XQD-00001\n" in fleetform("explain", word).out


def test_a_device_that_is_wrong_shows_its_place_and_the_error(fleetform: Command) -> None:
    fleetform.fleet({"serial": "NOSUCH", "name": "Ghost"}, vendor="xyte")
    for word in ("NOSUCH", "Ghost"):
        ran = fleetform("explain", word, code=1)
        assert "declared in fleet.yml:" in ran.out
        assert "error: account lab, device lab/NOSUCH: no such device" in ran.out


def test_a_device_of_an_account_that_cannot_be_read_shows_why(fleetform: Command) -> None:
    account = {**fleetform.sandbox.account("xyte"), "token": "not-the-key"}
    fleetform.write("fleet.yml", {"accounts": {"lab": account}, "devices": [{"serial": "XQD-00001"}]})
    ran = fleetform("explain", "XQD-00001", code=1)
    assert "declared in fleet.yml:" in ran.out
    assert "401" in ran.out
    assert "not-the-key" not in ran.all


def test_a_word_that_means_nothing_gets_the_nearest_or_where_the_device_is(fleetform: Command) -> None:
    fleetform.fleet(PANEL)
    assert "did you mean 'Hamburg Main Panel'?" in fleetform("explain", "hamburg main pannel", code=1).err
    undeclared = fleetform("explain", "Hamburg New Sensor", code=1)
    assert "but it is in account lab; see what would declare it with `fleetform import --account lab`" in undeclared.err
    assert "say its address" in fleetform("explain", "zzz", code=1).err
    assert fleetform.written() == []


def test_a_device_that_prune_would_remove_is_explained(fleetform: Command) -> None:
    fleetform.fleet(PANEL, prune=[{"account": "lab", "scope": {"vendor": "blynk"}}])
    ran = fleetform("explain", "Hamburg New Sensor")
    assert "declared in no file" in ran.out
    assert "would be done: delete (not declared, and in the scope of fleet.yml: prune[0])" in ran.out
