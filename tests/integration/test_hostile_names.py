# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that come from a vendor are text, and nothing but text."""

from __future__ import annotations

import json

import pytest

from .conftest import Playbook, Sandbox

NAMES = [
    "{{ 1+1 }}",
    "{{ lookup('ansible.builtin.pipe', 'touch evaluated') }}",
    "{% for x in range(3) %}x{% endfor %}",
    "{# comment #}",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "<script>alert(1)</script>",
    "first line\nPLAY RECAP: ok=1",
    "!unsafe &anchor *alias",
    "${HOME} `id` $(id)",
    "\u202egnirts",
]


@pytest.mark.parametrize("way", ["in process", "as a module"])
def test_hostile_names_come_back_as_text(sandbox: Sandbox, playbook: Playbook, way: str) -> None:
    devices = list(sandbox.state("blynk")["devices"].values())
    for name, device in zip(NAMES, devices, strict=False):
        sandbox.drift("blynk", str(device["id"]), name=name)
    account = {**sandbox.account("blynk"), "include_sub_organizations": True}
    more = {"environment": {"FLEETFORM_TEST": "1"}} if way == "as a module" else {}
    run = playbook(
        {"fleetform.devices.device_info": account, "register": "found", **more},
        {"ansible.builtin.set_fact": {"names": "{{ found.devices | map(attribute='name') | list }}"}},
        {"ansible.builtin.debug": {"msg": "{{ names }}"}},
        {"ansible.builtin.debug": {"var": "found.devices"}},
    )
    expected = sorted(NAMES)
    assert sorted(set(NAMES) & {device["name"] for device in run.results[0]["result"]["devices"]}) == expected
    assert sorted(set(NAMES) & set(run.results[2]["result"]["msg"])) == expected
    assert sorted(set(NAMES) & {device["name"] for device in run.results[3]["result"]["found.devices"]}) == expected


def test_hostile_names_in_declarations_and_errors(sandbox: Sandbox, playbook: Playbook) -> None:
    devices = list(sandbox.state("blynk")["devices"].values())
    for name, device in zip(NAMES, devices, strict=False):
        sandbox.drift("blynk", str(device["id"]), name=name)
    number = str(devices[0]["id"])
    account = sandbox.account("blynk")
    run = playbook(
        {
            "fleetform.devices.device_owner": {**account, "device_id": number, "owner": "jonas.weber@nordlicht.example"},
            "diff": True,
        },
        {
            "fleetform.devices.device": {**account, "device_id": number, "tags": ["x"]},
            "ignore_errors": True,
            "register": "failure",
        },
        {"ansible.builtin.debug": {"msg": "{{ failure.msg }}"}},
    )
    assert run.results[0]["result"]["device"]["name"] == NAMES[0]
    assert run.results[1]["outcome"] == "failed"
    assert "2" not in json.dumps(run.results[0]["result"]["device"]["name"])
