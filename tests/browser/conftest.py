# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fixtures of the browser tests: a Chromium without a window, and what it makes of a page."""

from __future__ import annotations

import os
import shutil
import typing as t
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing but the page itself may reach for the network. The sandbox of Chromium does not start for root.
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
]
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}


@dataclass
class Visit:
    """An open page, and what happened in it that somebody who reads a plan does not expect."""

    page: Page
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    """What the page asked for, itself included."""

    def look(self, script: str, argument: t.Any = None) -> t.Any:
        return self.page.evaluate(script, argument)

    def devices(self) -> list[str]:
        """The names of the devices that are shown."""
        return self.page.locator("details.device:visible > summary bdi").all_text_contents()

    def accounts(self) -> list[str]:
        return self.page.locator("section.account:visible > h2 bdi").all_inner_texts()

    def filter(self, words: str) -> list[str]:
        """The names that are shown once the words stand in the filter box."""
        self.page.get_by_label("Filter devices").fill(words)
        return self.devices()


Visits = Callable[..., Visit]


def chromium() -> str:
    """Where Chromium is. Skips where there is none, but CI does not pass without these tests."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    reason = f"no {', '.join(NAMES)} on the PATH and no CHROMIUM in the environment (on Debian: apt install chromium)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


# For one module and no longer: while it is open, no other test of this process could start an event loop.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visits]:
    """Opens a page from a file. Options are those of a browser's context: the size of the window, the colour scheme, ..."""
    contexts = []

    def opened(html: str, **options: t.Any) -> Visit:
        path = tmp_path / f"plan{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        # The policy of the page does not hold for this script, so that it can tell what the policy forbade.
        context.add_init_script(
            "window.blocked = [];"
            "addEventListener('securitypolicyviolation', (event) => window.blocked.push(event.effectiveDirective), true);"
        )
        visited = Visit(context.new_page())
        visited.page.on("dialog", lambda dialog: (visited.dialogs.append(dialog.message), dialog.dismiss()))
        visited.page.on("pageerror", lambda error: visited.errors.append(str(error)))
        visited.page.on("console", lambda message: visited.errors.append(message.text))
        visited.page.on("request", lambda request: visited.requests.append(request.url))
        visited.page.goto(path.as_uri())
        return visited

    yield opened
    for context in contexts:
        context.close()
