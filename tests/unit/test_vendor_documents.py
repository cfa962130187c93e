# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The facts pages: every operation and parameter in their tables is reached by the option that they name, and none is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.tasks import perform
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS
from fleetform.sandbox.server import Running, running

DOCUMENTS = Path(__file__).parents[2] / "docs" / "vendors"

BLYNK_OPERATIONS = {
    ("GET", "/devices"),
    ("GET", "/search/devices"),
    ("GET", "/device"),
    ("PUT", "/device"),
    ("DELETE", "/device"),
    ("GET", "/device/baseInfo"),
    ("POST", "/device/create"),
    ("GET", "/device/online"),
    ("GET", "/device/tags"),
    ("GET", "/device/timeline"),
    ("GET", "/device/logs"),
    ("POST", "/device/transfer/to-owner"),
    ("POST", "/device/transfer/to-organization"),
    ("DELETE", "/device/owner"),
    ("DELETE", "/device/clear"),
    ("POST", "/device/trigger-event"),
    ("GET", "/device/by-owner"),
    ("GET", "/device/by-user-org"),
    ("GET", "/device/last-activated"),
    ("GET", "/device/metafield"),
    ("POST", "/device/metafield"),
}
"""What Blynk's page of device operations lists."""

GREENLAKE_PARAMETERS = {"filter", "filter-tags", "limit", "offset", "select", "sort"}
"""The query parameters of HPE's page for listing devices."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with running() as cloud:
        yield cloud


def run(task: str, account: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The result of a task that has to succeed."""
    result = perform(task, {"state": "present", **account, **options}, check_mode=False, diff_mode=False)
    assert not result.get("failed"), result.get("msg")
    return result


@pytest.mark.parametrize("name", sorted(VENDORS))
def test_every_reading_option_is_on_the_page(name: str) -> None:
    page = (DOCUMENTS / f"{name}.md").read_text(encoding="utf-8")
    phrases = set(re.findall(r"`([^`]+)`", page))
    for option in VENDORS[name].READ_OPTIONS:
        kind, _colon, value = option.partition(": ")
        assert option in phrases or f"{kind}: [{value}]" in phrases, option


def test_the_page_lists_every_operation_of_blynk_once() -> None:
    rows = re.findall(
        r"^\| \d+ \|[^|]*\| (GET|PUT|POST|DELETE) `([^`]+)`", (DOCUMENTS / "blynk.md").read_text(encoding="utf-8"), re.M
    )
    assert len(rows) == len(BLYNK_OPERATIONS)
    assert set(rows) == BLYNK_OPERATIONS


def test_every_operation_of_blynk_is_reached_by_an_option(sandbox: Running) -> None:
    sandbox.reset()
    account = {"vendor": "blynk", "url": f"{sandbox.url}/blynk", "token": "blynk-demo-token"}
    run("device_info", account, gather=["base_info", "tags", "metafields", "online", "timeline", "logs"])
    run("device_info", account, search="Hamburg", sort=["name desc"])
    run("device_info", account, device_id="1000")
    run("device_info", account, owner_email="ada.keller@nordlicht.example")
    run("device_info", account, user_email="ada.keller@nordlicht.example")
    run("device_info", account, activated_within=60)
    run("device", account, name="Reach", model="TMPL8RITg_f9Q")
    run("device", account, name="Reach 2", previous_name="Reach", owner="ada.keller@nordlicht.example", metafields={"Floor": 7})
    run("device_owner", account, name="Reach 2", state="absent")
    run("device_action", account, name="Reach 2", action="trigger_event", event_code="high_co2")
    run("device_action", account, name="Reach 2", action="clear_data")
    run("device_owner", account, name="Reach 2", transfer_to="2002")
    run("device", {**account, "organization": "2002"}, name="Reach 2", state="absent")
    base = "/api/v1/organization"
    reached = {(entry["method"], entry["path"].removeprefix(base)) for entry in sandbox.requests(vendor="blynk")}
    assert reached >= BLYNK_OPERATIONS
    assert [entry["violation"] for entry in sandbox.requests() if entry["violation"]] == []


def test_every_parameter_of_greenlakes_listing_is_reached_by_an_option(sandbox: Running) -> None:
    sandbox.reset(seed="large", size=30)
    account = {"vendor": "greenlake", "url": f"{sandbox.url}/greenlake", "token": "greenlake-demo-token"}
    run("device_info", account, page_size=10, sort=["serial desc"], fields=["serial", "mac"])
    run("device_info", account, vendor_filter="deviceType eq 'SWITCH'", vendor_filter_tags="'env' eq 'prod'", limit=3)
    listing = [entry for entry in sandbox.requests(vendor="greenlake") if entry["path"] == "/devices/v1/devices"]
    assert {name for entry in listing for name in entry["query"]} == GREENLAKE_PARAMETERS
    assert [entry["violation"] for entry in sandbox.requests() if entry["violation"]] == []


def test_every_parameter_of_greenlakes_listing_is_on_the_page() -> None:
    page = (DOCUMENTS / "greenlake.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in GREENLAKE_PARAMETERS)
