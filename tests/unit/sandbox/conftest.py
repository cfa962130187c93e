# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One sandbox for all tests of this folder, back at its start state before each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from fleetform.sandbox.server import Running, running


class Client:
    """A plain HTTP client with a token and a base, so that tests read as requests."""

    def __init__(self, base: str, token: str) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.base + path, timeout=10, allow_redirects=False, **options)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self("GET", path, params=query)


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Running]:
    with running() as started:
        yield started


@pytest.fixture
def sandbox(_sandbox: Running) -> Running:
    _sandbox.reset()
    return _sandbox


@pytest.fixture
def blynk(sandbox: Running) -> Iterator[Client]:
    client = Client(sandbox.account("blynk") + "/api/v1/organization", "blynk-demo-token")
    with client.session:
        yield client


@pytest.fixture
def greenlake(sandbox: Running) -> Iterator[Client]:
    client = Client(sandbox.account("greenlake"), "greenlake-demo-token")
    with client.session:
        yield client


@pytest.fixture
def webex(sandbox: Running) -> Iterator[Client]:
    client = Client(sandbox.account("webex"), "webex-demo-token")
    with client.session:
        yield client
