# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One sandbox for each process that runs tests, as new for each test."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from fleetform.sandbox.server import Running, running
from tests.unit.contract.profiles import PROFILES, Profile
from tests.unit.contract.world import World

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Notes for the summary which vendor a case is about. A case about all of them, or none, is left out."""
    for item in items:
        given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        profile = given.get("profile")
        vendor = profile.vendor if isinstance(profile, Profile) else given.get("vendor")
        if item.path.parent == HERE and vendor in PROFILES:
            item.user_properties.append((item.path.stem, vendor))


@pytest.fixture(scope="session")
def sandbox() -> t.Iterator[Running]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def world(sandbox: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    # What was accepted last is remembered on this machine; another test may have sent something else.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    sandbox.reset(
        switches={vendor: dict(profile.switches) for vendor, profile in PROFILES.items()},
        limits={vendor: dict(profile.limits) for vendor, profile in PROFILES.items()},
    )
    return World(sandbox, monkeypatch)
