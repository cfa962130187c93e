# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fixtures of the artifact tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.artifacts.clean import CleanEnvironment
from tests.integration.conftest import Sandbox, sandbox, sandbox_process

__all__ = ["sandbox", "sandbox_process"]

FLEET = """
accounts: {{lab: {{vendor: blynk, url: {url}/blynk, client_id: oa2-client-id_demo, client_secret: demo-secret}}}}
devices:
  - {{account: lab, name: Hamburg Main Panel, metafields: {{Rated Current: 400}}}}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks these tests."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.artifacts)


@pytest.fixture
def fleet_file(sandbox: Sandbox, tmp_path: Path) -> Path:
    """A fleet file with one device to change."""
    path = tmp_path / "fleet.yml"
    path.write_text(FLEET.format(url=sandbox.url))
    return path


@pytest.fixture(scope="module")
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> CleanEnvironment:
    """An environment of its own for each file of tests."""
    return CleanEnvironment(tmp_path_factory.mktemp("clean") / "environment")
