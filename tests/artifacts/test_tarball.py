# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Galaxy tarball: what is in it, and that it works where nothing else of the project is."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import yaml

from tests.artifacts.checkout import ROOT, collection_files, module_names
from tests.artifacts.clean import CleanEnvironment
from tests.integration.conftest import Sandbox

GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text())
# All that may stand at the top of the tarball: `ansible-galaxy collection build` takes what build_ignore does not name.
TOP = {
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "changelogs",
    "docs",
    "examples",
    "meta",
    "playbooks",
    "plugins",
    "roles",
    "tests",
}


@pytest.fixture(scope="module")
def environment(clean_environment: CleanEnvironment) -> CleanEnvironment:
    """What an execution environment would hold: ansible-core and the collection's own requirements."""
    clean_environment.install("ansible-core", "-r", ROOT / "meta/ee-requirements.txt")
    return clean_environment


@pytest.fixture(scope="module")
def tarball(environment: CleanEnvironment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tarball")
    environment.run("ansible-galaxy", "collection", "build", ROOT, "--output-path", folder)
    return folder / f"fleetform-devices-{GALAXY['version']}.tar.gz"


@pytest.fixture(scope="module")
def content(tarball: Path) -> set[str]:
    with tarfile.open(tarball) as archive:
        return {member.name for member in archive.getmembers() if not member.isdir()}


@pytest.fixture(scope="module")
def collections(tarball: Path, environment: CleanEnvironment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collections")
    environment.run("ansible-galaxy", "collection", "install", tarball, "-p", folder, "--offline")
    return folder


def test_the_tarball_holds_every_file_of_the_collection(content: set[str]) -> None:
    assert collection_files() - content == set()


def test_the_tarball_holds_nothing_of_the_workshop(content: set[str]) -> None:
    assert {name.split("/")[0] for name in content} - TOP == set()
    assert {name.split("/")[1] for name in content if name.startswith("tests/")} <= {"config.yml", "sanity"}
    assert {name for name in content if name.startswith("plugins/")} - collection_files() == set()


def test_the_tarball_names_itself_as_galaxy_yml_does(tarball: Path, content: set[str]) -> None:
    assert tarball.is_file()
    assert content >= {"MANIFEST.json", "FILES.json", "README.md", "LICENSE", "meta/runtime.yml"}


def test_ansible_finds_the_collection_and_its_version(environment: CleanEnvironment, collections: Path) -> None:
    listed = yaml.safe_load(
        environment.run("ansible-galaxy", "collection", "list", "--format", "json", ANSIBLE_COLLECTIONS_PATH=str(collections))
    )
    assert listed[str(collections / "ansible_collections")]["fleetform.devices"]["version"] == GALAXY["version"]


def test_ansible_documents_every_module(environment: CleanEnvironment, collections: Path) -> None:
    shown = environment.documented(module_names(), ANSIBLE_COLLECTIONS_PATH=str(collections))
    assert sorted(shown) == module_names()
    assert all(Path(found["doc"]["filename"]).is_relative_to(collections) for found in shown.values())


def test_the_engine_imports_where_the_package_is_not_installed(environment: CleanEnvironment, collections: Path) -> None:
    package = "ansible_collections.fleetform.devices.plugins.module_utils._engine"
    place = environment.run("python", "-c", f"import {package}.errors as it; print(it.__file__)", PYTHONPATH=str(collections))
    assert Path(place.strip()).is_relative_to(collections)


def test_the_playbooks_and_the_role_run_where_only_the_collection_is_installed(
    environment: CleanEnvironment, collections: Path, fleet_file: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    given = {"fleet_file": str(fleet_file), "fleet_account": "lab", "fleet_output": str(tmp_path / "lab.yml")}
    where = {"ANSIBLE_COLLECTIONS_PATH": str(collections)}
    assert "1 to update" in environment.play("plan", given, **where)
    assert "lab/Hamburg Main Panel" in environment.play("drift", given, expect=2, **where)
    assert not sandbox.requests(write=True, token=False)
    environment.play("apply", given, **where)
    assert len(sandbox.requests(write=True, token=False)) == 1
    assert "1 unchanged" in environment.play("drift", given, **where)
    assert "The command fleetform is not on the PATH" in environment.play("import", given, expect=2, **where)
