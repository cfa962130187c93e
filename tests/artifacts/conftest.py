# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fixtures of the artifact tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.artifacts.clean import CleanEnvironment


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks these tests, and keeps those of one file on one worker, because each file builds and installs once."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.artifacts)
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="module")
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> CleanEnvironment:
    """An environment of its own for each file of tests."""
    return CleanEnvironment(tmp_path_factory.mktemp("clean") / "environment")
