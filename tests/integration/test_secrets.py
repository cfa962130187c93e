# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No secret in any output, however loud, whatever goes wrong."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from .conftest import CREDENTIALS, Playbook, Run, Sandbox

CANARY = "canary-7f3a9c"
BLYNK = {"vendor": "blynk", "client_id": "oa2-client-id_demo", "client_secret": "{{ blynk_client_secret }}"}
GREENLAKE = {"vendor": "greenlake", "client_id": "{{ greenlake_client_id }}", "client_secret": "{{ greenlake_client_secret }}"}
ONE = {**BLYNK, "name": "Hamburg Board Room Climate", "metafields": {"Asset Note": "{{ canary }}", "Floor": 6}}
SECRET_ONE = {**ONE, "secret_metafields": ["Asset Note"]}
MANY = {
    "accounts": {"sensors": BLYNK, "network": GREENLAKE},
    "defaults": {"account": "sensors", "secret_metafields": ["Asset Note"]},
    "devices": [
        {"name": "Hamburg Board Room Climate", "metafields": {"Asset Note": "{{ canary }}"}},
        {"account": "network", "serial": "CN0010003K", "tags": {"rack": 12}},
    ],
}
BAD_SECRET = {"client_secret": "{{ canary }}"}
ECHO = {
    "status": 400,
    "body": {"error": {"message": "bad token demo-secret greenlake-demo-secret blynk-demo-token"}},
    "times": None,
}

CASES: dict[str, tuple[str, dict[str, t.Any]]] = {
    "device_info": ("device_info", {**BLYNK, "include_raw": True, "gather": ["metafields", "base_info"]}),
    "device": ("device", SECRET_ONE),
    "device_metafield": ("device_metafield", SECRET_ONE),
    "fleet": ("fleet", MANY),
    "an unknown option": ("device", {**SECRET_ONE, "nmae": "x"}),
    "a wrong type": ("device", {**SECRET_ONE, "create_space": "perhaps"}),
    "a wrong secret": ("device", {**SECRET_ONE, **BAD_SECRET}),
    "a secret under a misspelt name": ("fleet", {**MANY, "accounts": {"sensors": {**BLYNK, "tokne": "{{ canary }}"}}}),
    "a secret in the wrong place": ("fleet", {**MANY, "accounts": {"sensors": "{{ canary }}"}}),
    "a wrong declaration": ("fleet", {**MANY, "devices": [*MANY["devices"], {"name": "Nobody"}]}),
}


@pytest.mark.parametrize("way", ["in process", "as a module"])
@pytest.mark.parametrize("fault", [None, ECHO, {"cut_body": True, "times": None}], ids=["no fault", "echo", "cut"])
def test_no_secret_is_shown(
    sandbox: Sandbox, playbook: Playbook, tmp_path: Path, way: str, fault: dict[str, t.Any] | None
) -> None:
    if fault:
        # The token endpoint is left alone, so that there is a token to be leaked.
        sandbox.fault({**fault, "path": "/(api|devices)/.*"})
    (tmp_path / "secrets.yml").write_text(json.dumps({**CREDENTIALS, "canary": CANARY}), encoding="utf-8")
    more: dict[str, t.Any] = {"environment": {"FLEETFORM_TEST": "1"}} if way == "as a module" else {}
    urls = {
        "FLEETFORM_URL": f"{sandbox.url}/blynk",
        "FLEETFORM_SENSORS_URL": f"{sandbox.url}/blynk",
        "FLEETFORM_NETWORK_URL": f"{sandbox.url}/greenlake",
        "FLEETFORM_DEADLINE": "2",
        "FLEETFORM_SENSORS_DEADLINE": "2",
        "FLEETFORM_NETWORK_DEADLINE": "2",
    }
    tasks = [
        {"name": name, f"fleetform.devices.{task}": options, "ignore_errors": True, "diff": True, **more}
        for name, (task, options) in CASES.items()
    ]
    run = playbook(*tasks, arguments=("-vvv", "-e", "@secrets.yml"), environment={**urls, "ANSIBLE_INJECT_INVOCATION": "1"})
    assert len(run.results) == len(CASES)
    if not fault:
        assert [entry["outcome"] for entry in run.results[:4]] == ["ok"] * 4, run.output
    assert_silent(sandbox, run)


def assert_silent(sandbox: Sandbox, run: Run) -> None:
    """Neither what was typed, nor what was fetched, nor what the vendor keeps in its devices."""
    text = run.output + json.dumps(run.results)
    secrets = {CANARY, CREDENTIALS["blynk_client_secret"], CREDENTIALS["greenlake_client_secret"]}
    for vendor in ("blynk", "greenlake"):
        state = sandbox.state(vendor)
        secrets.update(state.get("tokens", {}))
        secrets.update(device["token"] for device in state["devices"].values() if "token" in device)
    assert len(secrets) > 10
    assert not [secret for secret in secrets if secret in text]
    assert "Traceback" not in run.output


def test_loud_output_says_what_was_asked_of_whom(sandbox: Sandbox, playbook: Playbook) -> None:
    options = {**sandbox.account("blynk"), "limit": 1}
    run = playbook({"fleetform.devices.device_info": options}, arguments=("-vvv",))
    assert "fleetform: GET /blynk/api/v1/organization/devices: HTTP 200" in run.output
    quiet = playbook({"fleetform.devices.device_info": options, "no_log": True}, arguments=("-vvv",))
    assert "fleetform: GET" not in quiet.output
    assert "Hamburg" not in quiet.output
