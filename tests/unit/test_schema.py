# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The JSON Schemas: they accept what fleetform accepts and makes, and nothing that it refuses."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import context
from ansible.parsing.vault import VaultSecretsContext
from jsonschema import Draft202012Validator

from ansible_collections.fleetform.devices.plugins.module_utils._engine.tasks import perform
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_paths import FleetFileError
from fleetform import loading
from fleetform.checking import checked
from fleetform.sandbox.server import Running, running
from fleetform.schema import fleet_schema, plan_schema

ROOT = Path(__file__).parents[2]

FLEET = """
accounts:
  av: {vendor: xyte, token: "{{ vault_token }}", validate_certs: "{{ strict }}", concurrency: 4}
  lab: {vendor: blynk, client_id: x, client_secret: !vault secret, requests_per_minute: {read: 10}}
vars_files: [secrets.yml]
defaults: {account: lab, protect: true}
devices:
  - {name: Lobby sensor, model: TMPL8RITg_f9Q, owner: ops@example.com, metafields: {Room: Lobby}, tags: null}
  - {account: av, serial: XAt-1, mac: "11:22:33:44:aa:ff", space: Wiz/Berlin/Room 1, create_space: "{{ yes_please }}"}
prune:
  - {account: av, scope: {space: Wiz/Berlin, tags.site: Berlin}}
max_changes: {delete: {percent: 10, count: 5}, update: {percent: 50}}
"""


class Loader(yaml.SafeLoader):
    """Takes Ansible's own tags."""


for tag in ("!vault", "!unsafe"):
    Loader.add_constructor(tag, lambda loader, node: loader.construct_scalar(node))


def wrong(schema: dict[str, Any], data: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(data)]


@pytest.mark.parametrize("schema", [fleet_schema(), plan_schema()], ids=["fleet", "plan"])
def test_a_schema_is_a_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(("name", "schema"), [("fleet", fleet_schema()), ("plan", plan_schema())])
def test_the_shipped_file_is_the_generated_one(name: str, schema: dict[str, Any]) -> None:
    assert json.loads((ROOT / "docs" / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")) == schema


def test_a_fleet_file_as_it_is_documented_is_accepted() -> None:
    assert wrong(fleet_schema(), yaml.load(FLEET, Loader=Loader)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("devices", 0, "seriel"), "x"),
        (("devices", 0, "serial"), 12),
        (("devices", 0, "state"), "gone"),
        (("devices", 0, "protect"), "perhaps"),
        (("accounts", "av", "tokne"), "x"),
        (("accounts", "av", "concurrency"), "many"),
        (("prune", 0, "scope"), {}),
        (("prune", 0, "scope"), {"nmae": "x"}),
        (("max_changes", "delete"), {"percent": -1}),
        (("max_changes", "create"), {"count": 1}),
        (("device",), []),
    ],
)
def test_what_fleetform_refuses_is_refused_by_the_schema(path: tuple[Any, ...], value: Any) -> None:
    data = copy.deepcopy(yaml.load(FLEET, Loader=Loader))
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert wrong(fleet_schema(), data)


def account(options: str) -> str:
    return f"accounts: {{lab: {{{options}}}}}"


def device(options: str) -> str:
    return f"devices: [{{{options}}}]"


def scope(fields: str) -> str:
    return f"prune: [{{account: lab, scope: {fields}}}]"


RIGHT = [
    "",
    "# nothing",
    "accounts:\nvars_files:\ndefaults:\ndevices:\nprune:\nmax_changes:\n",
    "accounts: {}\nvars_files: []\ndefaults: {}\ndevices: []\nprune: []\nmax_changes: {}\n",
    account("vendor: xyte, token: t"),
    account("vendor: '{{ v }}', token: t"),
    account("vendor: mobilefirst, url: 'https://x', username: u, password: p, api_version: 2.0"),
    account("vendor: xyte, token: t, timeout: 5, deadline: '60', concurrency: 64, validate_certs: 'no'"),
    account("vendor: xyte, token: t, timeout: '{{ five }}', concurrency: '{{ five }}', requests_per_minute: '{{ five }}'"),
    account("vendor: xyte, token: t, requests_per_minute: {read: 5, add: '5', poll: ~}"),
    account("vendor: xyte, token: t, requests_per_minute: 5, ca_path: ~, url: 'https://hub.xyte.io'"),
    device("name: a, account: ~"),
    device("name: a, tags: ~, metafields: ~, protect: ~, subscriptions: ~"),
    device("name: a, tags: [a, 1, true, 2.5]"),
    device("name: a, tags: {a: b, c: 1, d: ~}"),
    device("name: a, tags: '{{ tags }}', subscriptions: '{{ tags }}', secret_metafields: '{{ tags }}'"),
    device("name: a, metafields: {a: [1, {b: ~}]}, applications: {a: ENABLED, b: '{{ on }}'}, subscriptions: [k, {id: i}]"),
    device("name: a, protect: '{{ true }}', archived: false, metafields_policy: always, state: '{{ there }}'"),
    device("name: '{{ word }}', mac: 11-22-33-44-aa-ff"),
    device("serial: !unsafe '{{ x }}'"),
    "defaults: {name: a}\ndevices: [{model: b}]\n",
    "defaults: {state: absent, account: ~}\ndevices: [{name: b}]\n",
    scope("{space: Wiz, owner.email: [a, b], online: false}"),
    scope("{space: '{{ word }}'}"),
    "max_changes: {delete: {percent: 100, count: 0}, update: {count: 5.0}}",
]

WRONG = [
    "[]",
    "text",
    "device: []",
    account("vendor: bylnk, token: t"),
    account("token: t"),
    account("vendor: ~, token: t"),
    account("vendor: xyte, token: ''"),
    account("vendor: xyte, token: t, timeout: soon"),
    account("vendor: xyte, token: t, timeout: 0"),
    account("vendor: xyte, token: t, concurrency: 0"),
    account("vendor: xyte, token: t, concurrency: 65"),
    account("vendor: xyte, token: t, validate_certs: perhaps"),
    account("vendor: xyte, token: t, url: 'ftp://x'"),
    account("vendor: xyte, token: t, requests_per_minute: {raed: 5}"),
    account("vendor: xyte, token: t, requests_per_minute: 0"),
    account("vendor: mobilefirst, url: 'https://x', username: u, password: p, response_format: yaml"),
    account("vendor: xyte, tokne: t"),
    "accounts: [lab]",
    "accounts: {lab: {devices: []}}",
    "accounts: {'': {vendor: xyte, token: t}}",
    device(""),
    device("model: b"),
    device("name: ~"),
    device("name: ''"),
    device("serial: ''"),
    device("name: '  '"),
    device("serial: 12"),
    device("name: a, account: ''"),
    device("name: a, tags: abc"),
    device("name: a, tags: [[a]]"),
    device("name: a, tags: ['']"),
    device("name: a, tags: {a: [b]}"),
    device("name: a, state: abesnt"),
    device("name: a, protect: 'yes'"),
    device("name: a, create_space: maybe"),
    device("name: a, metafields: [a]"),
    device("name: a, metafields_policy: alway"),
    device("name: a, applications: {a: enabled}"),
    device("name: a, subscriptions: abc"),
    device("name: a, subscriptions: [{name: x}]"),
    device("name: a, secret_metafields: abc"),
    device("name: a, mac: 11-22"),
    device("name: a, naem: b"),
    "devices: [~]",
    "devices: {name: a}",
    "defaults: {account: lab}\ndevices: [{}]\n",
    "defaults: {state: gone}",
    "prune: [{account: lab}]",
    "prune: [~]",
    scope("~"),
    scope("{}"),
    scope("{space: ~}"),
    scope("{space: [a, ~]}"),
    scope("{spcae: a}"),
    "max_changes: {delete: }",
    "max_changes: {delete: {}}",
    "max_changes: {delete: {percent: 150}}",
    "max_changes: {delete: {count: 1.5}}",
    "max_changes: {delete: {count: -1}}",
    "max_changes: {delete: {count: '5'}}",
    "max_changes: {create: {count: 5}}",
    "vars_files: [~]",
    "vars_files: v.yml",
]

VARIABLES = ["v=xyte", "five=5", "word=x", '{"tags": ["a"], "on": "ENABLED", "there": "present"}']


@pytest.mark.parametrize(("text", "right"), [*((text, True) for text in RIGHT), *((text, False) for text in WRONG)])
def test_schema_validate_and_plan_agree(text: str, right: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("FLEETFORM_", "XYTE_"))]:
        monkeypatch.delenv(name)
    # What a process does once and for all.
    monkeypatch.setattr(loading, "init_plugin_loader", lambda: None)
    monkeypatch.setattr(context, "CLIARGS", context.CLIARGS)
    monkeypatch.setattr(VaultSecretsContext, "_current", None)
    file = tmp_path / "fleet.yml"
    file.write_text(text, encoding="utf-8")
    assert (not wrong(fleet_schema(), yaml.load(text, Loader=Loader))) is right
    problems = checked([str(file)])
    assert (not problems) is right, problems
    if not right:
        with pytest.raises(FleetFileError):
            loading.load(loading.Source([str(file)]))
        return
    loading.load(loading.Source([str(file)], extra_vars=VARIABLES))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running() as cloud:
        yield cloud


def test_plans_fit_their_schema(sandbox: Running) -> None:
    account = {
        "vendor": "blynk",
        "url": f"{sandbox.url}/blynk",
        "client_id": "oa2-client-id_demo",
        "client_secret": "demo-secret",
    }
    devices = [
        {"device_id": "1000", "name": "Hall", "metafields": {"Floor": 7}, "secret_metafields": ["Floor"]},
        {"name": "New one", "model": "TMPL8RITg_f9Q"},
        {"device_id": "1001", "state": "absent"},
        {"device_id": "1002", "protect": True, "transfer_to": "2002"},
        {"device_id": "nope"},
    ]
    params = {**account, "devices": devices, "return_devices": "all"}
    result = perform("fleet", params, check_mode=True, diff_mode=False)
    assert len(result["plan"]["devices"]) >= 3
    assert wrong(plan_schema(), json.loads(json.dumps(result["plan"]))) == []
