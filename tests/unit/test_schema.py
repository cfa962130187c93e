# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The JSON Schemas: they accept what fleetform accepts and makes, and nothing that it refuses."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from ansible_collections.fleetform.devices.plugins.module_utils._engine.tasks import perform
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


Loader.add_constructor("!vault", lambda loader, node: loader.construct_scalar(node))


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
