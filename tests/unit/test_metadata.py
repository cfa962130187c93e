# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What pyproject.toml, meta/ and the collection say about the same things agrees."""

from __future__ import annotations

import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUNTIME = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())


def test_the_action_group_names_every_module() -> None:
    assert RUNTIME["action_groups"]["all"] == sorted(path.stem for path in (ROOT / "plugins/modules").glob("[!_]*.py"))


def test_package_and_collection_ask_for_the_same_ansible_core() -> None:
    wanted = next(line for line in PROJECT["dependencies"] if line.startswith("ansible-core"))
    assert RUNTIME["requires_ansible"].startswith(wanted.removeprefix("ansible-core"))


def test_an_execution_environment_gets_what_the_engine_imports_and_no_pins() -> None:
    lines = (ROOT / "meta/ee-requirements.txt").read_text().split()
    assert lines == [line for line in PROJECT["dependencies"] if line.startswith(("deepdiff", "defusedxml", "requests"))]
    assert not any("==" in line or "<" in line or line.startswith("ansible") for line in lines)


def test_every_sanity_ignore_gives_its_reason() -> None:
    lines = [
        line for path in (ROOT / "tests/sanity").glob("ignore-*.txt") for line in path.read_text().splitlines() if line.strip()
    ]
    assert [line for line in lines if "#" not in line or not line.split("#", 1)[1].strip()] == []
