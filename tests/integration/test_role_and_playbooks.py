# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The role and the playbooks of the collection, run by their full names as a pipeline runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from .conftest import ROOT, Playbook, Run, Sandbox, ansible_environment

FLEET = """
accounts:
  lab: {{vendor: blynk, url: {url}/blynk, client_id: oa2-client-id_demo, client_secret: "{{{{ lab_secret }}}}"}}
defaults: {{account: lab}}
devices:
  - {{name: Hamburg Main Panel, metafields: {{Rated Current: 400}}}}
  - {{name: Lobby sensor, model: TMPL8RITg_f9Q}}
"""

Named = t.Callable[..., Run]


@pytest.fixture
def fleet(tmp_path: Path, sandbox: Sandbox) -> Path:
    """A fleet file with one device to change and one to create."""
    path = tmp_path / "fleet.yml"
    path.write_text(FLEET.format(url=sandbox.url))
    return path


@pytest.fixture
def named(tmp_path: Path) -> Named:
    """Runs a playbook of the collection."""

    def run(name: str, variables: dict[str, t.Any], *arguments: str, expect: int = 0) -> Run:
        record = tmp_path / "record"
        record.unlink(missing_ok=True)
        (tmp_path / "ansible.cfg").touch()
        places = str(Path(sys.executable).parent)
        environment = ansible_environment(tmp_path, {"RECORDER_PATH": str(record), "ANSIBLE_LOCALHOST_WARNING": "0"})
        process = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", f"fleetform.devices.{name}", "-e", json.dumps(variables), *arguments],
            cwd=tmp_path,
            env={**environment, "PATH": os.pathsep.join([places, "/usr/bin", "/bin"])},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        output = process.stdout + process.stderr
        assert process.returncode == expect, output
        lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
        return Run(process.returncode, output, [json.loads(line) for line in lines])

    return run


def test_the_playbooks_find_drift_apply_and_import(named: Named, fleet: Path, sandbox: Sandbox, tmp_path: Path) -> None:
    given = {"fleet_file": str(fleet), "lab_secret": "demo-secret"}
    drifted = named("drift", given, expect=2)
    assert "1 to create, 1 to update, 0 to delete, 0 unchanged" in drifted.output
    assert "Rated Current" in drifted.output, "it shows what would change"
    assert "2 devices are not as declared: lab/Hamburg Main Panel, lab/Lobby sensor" in drifted.output
    assert not sandbox.requests(write=True, token=False)

    named("apply", given)
    assert sandbox.requests(write=True, token=False)
    sandbox.clear()
    assert "changed=0" in named("drift", given).output
    assert not sandbox.requests(write=True, token=False)

    there = tmp_path / "lab.yml"
    given = {"fleet_file": [str(fleet)], "fleet_account": "lab", "fleet_output": str(there)}
    imported = named("import", {**given, "fleet_extra_vars": {"lab_secret": "demo-secret"}}, "-vvv")
    assert "devices are in" in imported.output
    assert "demo-secret" not in imported.output.replace("ansible-playbook", "").partition("PLAY [")[2]
    written = yaml.safe_load(there.read_text())
    assert {"Lobby sensor", "Hamburg Main Panel"} <= {device.get("name") for device in written["devices"]}
    assert written["accounts"]["lab"]["client_secret"] == "{{ lab_secret }}"


def test_the_import_says_what_went_wrong(named: Named, fleet: Path, tmp_path: Path) -> None:
    given = {"fleet_file": str(fleet), "fleet_account": "lab", "fleet_output": str(tmp_path / "lab.yml")}
    failed = named("import", given, expect=2)
    assert "lab_secret" in failed.results[-1]["result"]["msg"]
    assert not (tmp_path / "lab.yml").exists()


def test_a_plan_over_a_limit_is_shown_and_not_applied(named: Named, fleet: Path, sandbox: Sandbox) -> None:
    fleet.write_text(fleet.read_text() + "prune:\n  - {account: lab, scope: {vendor: blynk}}\n")
    given = {"fleet_file": str(fleet), "lab_secret": "demo-secret"}
    assert "is over the limit" in named("plan", given).output
    assert "is over the limit" in named("apply", given, expect=2).output
    assert not sandbox.requests(write=True, token=False)


def test_the_role_hands_on_the_result_and_holds_its_arguments_to_the_specs(
    playbook: Playbook, fleet: Path, sandbox: Sandbox
) -> None:
    role = {"name": "fleetform.devices.fleet"}
    given = {"lab_secret": "demo-secret", "fleet_return_devices": "all"}
    told = "{{ fleet_result.devices | map(attribute='name') | sort | join(', ') }} {{ fleet_result.calls.write }}"
    run = playbook(
        {"name": "Plan", "ansible.builtin.include_role": role, "vars": {**given, "fleet_action": "plan"}},
        {"name": "Told", "ansible.builtin.debug": {"msg": told}},
        {"name": "Apply", "ansible.builtin.include_role": role, "vars": given},
        {"name": "Told", "ansible.builtin.debug": {"msg": told}},
        {"name": "Wrong", "ansible.builtin.include_role": role, "vars": {**given, "fleet_action": "destroy"}},
        expect=2,
    )
    first, second = [entry["result"]["msg"] for entry in run.results if entry["task"] == "Told"]
    assert first == "Hamburg Main Panel, Lobby sensor 0"
    assert second == "Hamburg Main Panel, Lobby sensor 2"
    assert "value of fleet_action must be one of: plan, apply, drift, got: destroy" in run.results[-1]["result"]["msg"]


def test_the_specs_of_the_role_name_its_defaults_and_its_readme_all_of_them() -> None:
    role = ROOT / "roles" / "fleet"
    options = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text())
    assert {name: option["default"] for name, option in options.items()} == defaults
    readme = (role / "README.md").read_text()
    assert all(f"| `{name}` |" in readme for name in options)
