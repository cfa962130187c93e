# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The wheel: what is in it, and that it works where nothing else of the project is."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.artifacts.checkout import ROOT, collection_files, module_names
from tests.artifacts.clean import CleanEnvironment
from tests.integration.conftest import Sandbox

COLLECTION = "ansible_collections/fleetform/devices/"
VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built the way that pip builds it, by way of the source archive, so that the archive is complete too."""
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def content(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, clean_environment: CleanEnvironment) -> CleanEnvironment:
    clean_environment.install(wheel)
    return clean_environment


def test_the_wheel_holds_every_file_of_the_collection(content: set[str]) -> None:
    assert {COLLECTION + name for name in collection_files() | {"galaxy.yml", "README.md", "LICENSE"}} - content == set()


def test_the_wheel_holds_nothing_else(content: set[str]) -> None:
    expected = {COLLECTION + name for name in collection_files() | {"galaxy.yml", "README.md", "CHANGELOG.md", "LICENSE"}}
    strangers = {name for name in content - expected if not name.startswith(("fleetform/", f"fleetform-{VERSION}.dist-info/"))}
    assert strangers == set()
    assert not any("__pycache__" in name for name in content)


def test_the_installed_command_runs_and_names_the_version(installed: CleanEnvironment) -> None:
    assert "sandbox" in installed.run("fleetform", "--help")
    assert VERSION in installed.run("fleetform", "--version")


def test_ansible_finds_the_installed_collection_and_its_version(installed: CleanEnvironment) -> None:
    listed = yaml.safe_load(installed.run("ansible-galaxy", "collection", "list", "fleetform.devices", "--format", "json"))
    assert [found["fleetform.devices"]["version"] for found in listed.values() if "fleetform.devices" in found] == [VERSION]


def test_ansible_documents_every_module_of_the_installed_collection(installed: CleanEnvironment) -> None:
    shown = installed.documented(module_names())
    assert sorted(shown) == module_names()
    assert all(Path(found["doc"]["filename"]).is_relative_to(installed.folder) for found in shown.values())


def test_the_engine_of_the_installed_collection_imports(installed: CleanEnvironment) -> None:
    package = "ansible_collections.fleetform.devices.plugins.module_utils._engine"
    place = installed.run("python", "-c", f"import {package}.errors as it; print(it.__file__)").strip()
    assert Path(place).is_relative_to(installed.folder)


def test_the_installed_command_and_the_installed_playbooks_work_on_one_fleet(
    installed: CleanEnvironment, fleet_file: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    given = {"fleet_file": str(fleet_file), "fleet_account": "lab", "fleet_output": str(tmp_path / "lab.yml")}
    installed.run("fleetform", "plan", fleet_file, "--exit-code", expect=2)
    installed.play("apply", given)
    assert len(sandbox.requests(write=True, token=False)) == 1
    installed.run("fleetform", "plan", fleet_file, "--exit-code")
    installed.play("import", given)
    assert "Nothing to do" in installed.run("fleetform", "plan", tmp_path / "lab.yml", "--exit-code")
