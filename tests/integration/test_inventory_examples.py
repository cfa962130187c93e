# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory's examples, in docs/inventory.md and in its own documentation: each one runs against the sandbox."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.fleetform.devices.plugins.inventory import fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS

from .conftest import OPTIONS, ROOT, Sandbox, ansible_environment

PAGE = ROOT / "docs" / "inventory.md"
_FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)

ENVIRONMENT = {
    "WEBEX_ACCESS_TOKEN": OPTIONS["webex"]["token"],
    "XYTE_ORG_API_KEY": OPTIONS["xyte"]["token"],
    "BLYNK_CLIENT_ID": OPTIONS["blynk"]["client_id"],
    "BLYNK_CLIENT_SECRET": OPTIONS["blynk"]["client_secret"],
    "GREENLAKE_CLIENT_ID": OPTIONS["greenlake"]["client_id"],
    "GREENLAKE_CLIENT_SECRET": OPTIONS["greenlake"]["client_secret"],
    "MFP_PASSWORD": OPTIONS["mobilefirst"]["password"],
}
"""What the examples look up."""


def blocks(language: str) -> list[str]:
    """The fenced blocks of the page in one language, without their indentation."""
    found = _FENCE.findall(PAGE.read_text(encoding="utf-8"))
    return [
        "\n".join(line.removeprefix(indent) for line in text.splitlines()) for indent, word, text in found if word == language
    ]


def configurations() -> list[dict[str, t.Any]]:
    """Every inventory configuration that users are shown."""
    shown = [yaml.safe_load(text) for text in blocks("yaml")]
    shown += list(yaml.safe_load_all(fleet.EXAMPLES))
    return [content for content in shown if isinstance(content, dict) and "plugin" in content]


def at_the_sandbox(content: dict[str, t.Any], sandbox: Sandbox) -> dict[str, t.Any]:
    """The same configuration for the simulated clouds, with credentials where the example leaves them to the environment."""

    def placed(options: dict[str, t.Any]) -> dict[str, t.Any]:
        working = sandbox.account(options["vendor"])
        given = {"token", "client_id", "username"} & options.keys()
        return {**options, "url": working["url"]} if given else {**options, **working}

    if "accounts" not in content:
        return placed(content)
    return {**content, "accounts": {name: placed(options) for name, options in content["accounts"].items()}}


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ansible", *arguments],
        cwd=home,
        env=ansible_environment(home, ENVIRONMENT),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_every_configuration_that_is_shown_runs(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "ansible.cfg").touch()
    shown = configurations()
    assert len(shown) >= 8
    vendors = set()
    sources = []
    for number, content in enumerate(shown):
        placed = at_the_sandbox(content, sandbox)
        vendors |= {options["vendor"] for options in placed.get("accounts", {"": placed}).values()}
        name = f"e{number:02d}.fleetform.yml"
        prefix = f"e{number:02d}_"
        (tmp_path / name).write_text(yaml.safe_dump(placed, sort_keys=False), encoding="utf-8")
        sources += ["-i", name]
        # What each has found is told apart by a variable of its own.
        placed["compose"] = {**placed.get("compose", {}), prefix: "true"}
        (tmp_path / name).write_text(yaml.safe_dump(placed, sort_keys=False), encoding="utf-8")
    assert vendors == set(VENDORS)
    process = run(tmp_path, "inventory", *sources, "--list", "-e", f"vault_webex_token={OPTIONS['webex']['token']}")
    assert process.returncode == 0, process.stderr
    hosts = json.loads(process.stdout)["_meta"]["hostvars"]
    for number, content in enumerate(shown):
        assert any(f"e{number:02d}_" in variables for variables in hosts.values()), content
    assert sandbox.requests(write=True) == []
    assert not [entry for entry in sandbox.requests() if entry["violation"]]


def test_the_playbook_of_host_mode_runs(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "ansible.cfg").touch()
    (play,) = next(content for content in map(yaml.safe_load, blocks("yaml")) if isinstance(content, list))
    variables = next(content for content in map(yaml.safe_load, blocks("yaml")) if "wanted_tags" in content)
    account = sandbox.account(play["module_defaults"]["group/fleetform.devices.all"]["vendor"])
    play["module_defaults"]["group/fleetform.devices.all"] = account
    configuration = {"plugin": "fleetform.devices.fleet", **account, "device_groups": ["tag"]}
    (tmp_path / "group_vars").mkdir()
    for name, content in (
        ("devices.fleetform.yml", configuration),
        ("group_vars/tag_site_berlin.yml", variables),
        ("site.yml", [play]),
    ):
        (tmp_path / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    device = next(iter(sandbox.state("greenlake")["devices"].values()))
    sandbox.drift("greenlake", device["id"], tags={"site": "berlin"})
    process = run(tmp_path, "playbook", "-i", "devices.fleetform.yml", "site.yml")
    assert process.returncode == 0, process.stdout + process.stderr
    assert sandbox.state("greenlake")["devices"][device["id"]]["tags"] == variables["wanted_tags"]
    assert len(sandbox.requests(write=True)) == 1


def test_the_script_that_reads_the_listing_runs(sandbox: Sandbox, tmp_path: Path) -> None:
    (script,) = blocks("python")
    (tmp_path / "ansible.cfg").touch()
    content = {"plugin": "fleetform.devices.fleet", **sandbox.account("xyte")}
    (tmp_path / "devices.fleetform.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    environment = ansible_environment(tmp_path, {})
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    process = subprocess.run(
        [sys.executable, "-c", script + "\nprint(json.dumps(hosts))"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    hosts = json.loads(process.stdout)
    assert all(isinstance(variables["fleetform_id"], str) for variables in hosts.values())
    assert hosts


def test_every_block_of_data_is_valid() -> None:
    for text in blocks("yaml"):
        yaml.safe_load(text)
    for text in blocks("json"):
        json.loads(text)


@pytest.mark.parametrize("name", sorted({name for content in configurations() for name in content}))
def test_every_option_that_is_shown_is_documented(name: str) -> None:
    from tests.unit.plugins.inventory.test_fleet import documented

    assert name in documented()
