# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No secret in any output, however loud, whatever goes wrong."""

from __future__ import annotations

import json
import re
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
WEBEX = {
    "vendor": "webex",
    "url": "{{ webex_url }}",
    "client_id": "webex-demo-client",
    "client_secret": "{{ webex_client_secret }}",
    "refresh_token": "{{ webex_refresh_token }}",
}
XYTE = {"vendor": "xyte", "url": "{{ xyte_url }}", "token": "{{ xyte_key }}"}
MOBILEFIRST = {
    "vendor": "mobilefirst",
    "url": "{{ mobilefirst_url }}",
    "username": "demo-admin",
    "password": "{{ mobilefirst_password }}",
}
ROOM = {**WEBEX, "serial": "FOC2713N0D2", "metafields": {"SystemUnit.Name": "{{ canary }}", "Audio.DefaultVolume": 40}}
SECRET_ROOM = {**ROOM, "secret_metafields": ["SystemUnit.Name"]}
DISPLAY = {
    "serial": "XQD-00001",
    "metafields": {"display": {"brightness": 80}, "network": {"web_password": "{{ canary }}"}},
    "secret_metafields": ["network"],
}
OTHERS = {
    "accounts": {"rooms": WEBEX, "av": XYTE, "phones": MOBILEFIRST},
    "devices": [
        {"account": "rooms", "serial": "FOC2710N0A1", "tags": ["floor 5"], "purge_tags": True},
        {"account": "av", **DISPLAY, "serial": "XQD-00002"},
        {"account": "phones", "name": "Priya iPhone", "status": "LOST"},
    ],
}
SPOKEN = {
    "blynk": "demo-secret",
    "greenlake": "greenlake-demo-secret",
    "webex": "webex-demo-secret webex-demo-refresh",
    "xyte": "xyte-demo-key",
    "mobilefirst": "admin-secret ZGVtby1hZG1pbjphZG1pbi1zZWNyZXQ=",
}
"""Secrets of each account that a vendor might repeat in an error."""

ECHO = {"status": 400, "times": None}
ISSUED = re.compile("sandbox-[0-9a-f]{32}")
"""A bearer token that a cloud has given out."""

CASES: dict[str, tuple[str, dict[str, t.Any]]] = {
    "device_info": ("device_info", {**BLYNK, "include_raw": True, "gather": ["metafields", "base_info"]}),
    "device": ("device", SECRET_ONE),
    "device_metafield": ("device_metafield", SECRET_ONE),
    "fleet": ("fleet", MANY),
    "webex: device_info": ("device_info", {**WEBEX, "include_raw": True, "gather": ["metafields"]}),
    "webex: device": ("device", SECRET_ROOM),
    "xyte: device_info": ("device_info", {**XYTE, "include_raw": True, "gather": ["base_info"]}),
    "xyte: device": ("device", {**XYTE, **DISPLAY}),
    "mobilefirst: device_info": ("device_info", {**MOBILEFIRST, "include_raw": True, "response_format": "xml"}),
    "mobilefirst: device": ("device", {**MOBILEFIRST, "name": "Spare Phone 4", "status": "DISABLED"}),
    "fleet in the other clouds": ("fleet", OTHERS),
    "an unknown option": ("device", {**SECRET_ONE, "nmae": "x"}),
    "a wrong type": ("device", {**SECRET_ONE, "create_space": "perhaps"}),
    "a wrong secret": ("device", {**SECRET_ONE, **BAD_SECRET}),
    "a secret under a misspelt name": ("fleet", {**MANY, "accounts": {"sensors": {**BLYNK, "tokne": "{{ canary }}"}}}),
    "a secret in the wrong place": ("fleet", {**MANY, "accounts": {"sensors": "{{ canary }}"}}),
    "webex: a wrong refresh token": ("device_info", {**WEBEX, "refresh_token": "{{ canary }}"}),
    "webex: a wrong value": ("device", {**SECRET_ROOM, "metafields": {"SystemUnit.Name": "{{ canary }}" * 8}}),
    "xyte: a wrong key": ("device_info", {**XYTE, "token": "{{ canary }}"}),
    "xyte: a value that its schema does not allow": ("device", {**XYTE, **DISPLAY, "metafields": {"network": "{{ canary }}"}}),
    "mobilefirst: a wrong password": ("device_info", {**MOBILEFIRST, "password": "{{ canary }}"}),
    "a wrong declaration": ("fleet", {**MANY, "devices": [*MANY["devices"], {"name": "Nobody"}]}),
}


STRANGERS = {"xyte: a wrong key", "mobilefirst: a wrong password"}
"""Accounts that never heard of the secrets in SPOKEN, and send their own with the very call that is answered with those."""


@pytest.mark.parametrize("way", ["in process", "as a module"])
@pytest.mark.parametrize("fault", [None, ECHO, {"cut_body": True, "times": None}], ids=["no fault", "echo", "cut"])
def test_no_secret_is_shown(
    sandbox: Sandbox, playbook: Playbook, tmp_path: Path, way: str, fault: dict[str, t.Any] | None
) -> None:
    if fault:
        # The token endpoint is left alone, so that there is a token to be leaked.
        path = "/(api|devices|deviceConfigurations|core|management-apis)\\b.*"
        for vendor, words in SPOKEN.items():
            told = {"body": {"error": {"message": f"bad token {words}"}, "message": words}} if fault is ECHO else {}
            sandbox.fault({**fault, **told, "vendor": vendor, "path": path})
    urls_of = {f"{vendor}_url": sandbox.account(vendor)["url"] for vendor in ("webex", "xyte", "mobilefirst")}
    variables = {**CREDENTIALS, **urls_of, "canary": CANARY}
    (tmp_path / "secrets.yml").write_text(json.dumps(variables), encoding="utf-8")
    more: dict[str, t.Any] = {"environment": {"FLEETFORM_TEST": "1"}} if way == "as a module" else {}
    urls = {
        "FLEETFORM_URL": f"{sandbox.url}/blynk",
        "FLEETFORM_SENSORS_URL": f"{sandbox.url}/blynk",
        "FLEETFORM_NETWORK_URL": f"{sandbox.url}/greenlake",
        "FLEETFORM_DEADLINE": "2",
        **{f"FLEETFORM_{name}_DEADLINE": "2" for name in ("SENSORS", "NETWORK", "ROOMS", "AV", "PHONES")},
    }
    tasks = [
        {"name": name, f"fleetform.devices.{task}": options, "ignore_errors": True, "diff": True, **more}
        for name, (task, options) in CASES.items()
        if fault is not ECHO or name not in STRANGERS
    ]
    run = playbook(*tasks, arguments=("-vvv", "-e", "@secrets.yml"), environment={**urls, "ANSIBLE_INJECT_INVOCATION": "1"})
    assert len(run.results) == len(tasks)
    if not fault:
        right = [entry["task"] for entry in run.results if entry["outcome"] == "ok"]
        assert right == list(CASES)[:11], run.output
    assert_silent(sandbox, run)


def assert_silent(sandbox: Sandbox, run: Run) -> None:
    """Neither what was typed, nor what was fetched, nor what the vendor keeps in its devices."""
    text = run.output + json.dumps(run.results)
    secrets = {CANARY, *(value for name, value in CREDENTIALS.items() if name != "greenlake_client_id")}
    # Basic authentication of MobileFirst, passwords that devices report to Xyte.
    secrets |= {"ZGVtby1hZG1pbjphZG1pbi1zZWNyZXQ=", "pt900-studio-secret", "rack-secret"}
    for vendor in SPOKEN:
        state = sandbox.state(vendor)
        secrets.update(device["token"] for device in state["devices"].values() if "token" in device)
    assert len(secrets) > 10
    assert not [secret for secret in secrets if secret in text]
    assert not ISSUED.search(text)
    assert "Traceback" not in run.output


def test_an_activation_code_is_in_no_output_but_the_result(sandbox: Sandbox, playbook: Playbook) -> None:
    options = {**sandbox.account("webex"), "action": "activation_code", "space": "Spree Lounge"}
    task = {"fleetform.devices.device_action": options, "register": "made", "no_log": True}
    use = {"ansible.builtin.assert": {"that": "made.result.code | length == 16", "quiet": True}}
    run = playbook(task, {**task, "environment": {"FLEETFORM_TEST": "1"}}, use, arguments=("-vvv",))
    codes = list(sandbox.state("webex")["codes"])
    assert len(codes) == 2
    assert not [code for code in codes if code in run.output + json.dumps(run.results)]


def test_loud_output_says_what_was_asked_of_whom(sandbox: Sandbox, playbook: Playbook) -> None:
    options = {**sandbox.account("blynk"), "limit": 1}
    run = playbook({"fleetform.devices.device_info": options}, arguments=("-vvv",))
    assert "fleetform: GET /blynk/api/v1/organization/devices: HTTP 200" in run.output
    quiet = playbook({"fleetform.devices.device_info": options, "no_log": True}, arguments=("-vvv",))
    assert "fleetform: GET" not in quiet.output
    assert "Hamburg" not in quiet.output
