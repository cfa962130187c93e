# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nothing is removed because of a wrong file, a wrong account or a wrong answer, however much the command line allows."""

from __future__ import annotations

import base64
import json
import typing as t
import urllib.request

import pytest
import yaml

from tests.command.conftest import Command, Ran
from tests.integration.conftest import CREDENTIALS, MOUNTS

ALLOWED = ("--yes", "--allow", "delete,transfer,archive", "--quiet")
LIFTED = ("--limit", "delete=99999", "--limit", "update=99999")
Options = dict[str, t.Any]


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


LISTINGS: dict[str, tuple[str, dict[str, str]]] = {
    "blynk": ("/api/v1/organization/devices?page=0&size=1000", _bearer(CREDENTIALS["blynk_token"])),
    "webex": ("/devices?max=1000", _bearer(CREDENTIALS["webex_token"])),
    "xyte": ("/core/v1/organization/devices", {"Authorization": CREDENTIALS["xyte_key"]}),
    "mobilefirst": (
        "/management-apis/2.0/runtimes/mfp/devices?pageSize=100",
        {"Authorization": "Basic " + base64.b64encode(b"demo-admin:" + CREDENTIALS["mobilefirst_password"].encode()).decode()},
    ),
}
"""Where each vendor that can delete lists its devices, and credentials that may see them."""
ROWS = {"blynk": "content"}
STRANGERS: dict[str, Options] = {
    "blynk": {"token": "blynk-berlin-token", "client_id": None, "client_secret": None},
    "xyte": {"token": "xyte-other-key"},
    "mobilefirst": {"runtime": "service"},
}
"""Another organization at the same vendor."""


class Fleets:
    """Fleet files of one vendor's devices, and what the command makes of them."""

    def __init__(self, fleetform: Command, vendor: str, size: int) -> None:
        self.fleetform = fleetform
        self.vendor = vendor
        self.account = fleetform.sandbox.account(vendor)
        self.devices = self._imported() if size < 1000 else self._known()

    def _imported(self) -> list[Options]:
        self.fleetform.fleet(vendor=self.vendor)
        self.fleetform("import", "--account", "lab", "--output", "all.yml")
        return t.cast("list[Options]", yaml.safe_load((self.fleetform.folder / "all.yml").read_text())["devices"])

    def _known(self) -> list[Options]:
        rows = self.fleetform.sandbox.state(self.vendor)["devices"].values()
        return [{"account": "lab", "device_id": row["id"], "name": row["name"]} for row in rows]

    def written(self, devices: t.Sequence[Options], **account: t.Any) -> None:
        """A file that declares these devices and removes all others."""
        options = {name: value for name, value in {**self.account, **account}.items() if value is not None}
        prune = [{"account": "lab", "scope": {"vendor": self.vendor}}]
        self.fleetform.write("fleet.yml", {"accounts": {"lab": options}, "devices": list(devices), "prune": prune})

    def refused(self, words: str, *options: str) -> Ran:
        """An apply that may do anything, and does nothing to any device."""
        self.fleetform.sandbox.clear()
        ran = self.fleetform("apply", *ALLOWED, *options, code=None)
        assert ran.code in (1, 3), ran.all
        assert words in ran.err, ran.err
        assert [entry for entry in self.fleetform.written() if not entry["token"]] == []
        return ran

    def listing(self) -> t.Any:
        """The vendor's own answer with the first page of its devices."""
        path, headers = LISTINGS[self.vendor]
        url = f"{self.fleetform.sandbox.url}/{MOUNTS.get(self.vendor, self.vendor)}{path}"
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return json.load(answer)


def made(fleetform: Command, vendor: str, size: int) -> Fleets:
    # Of Blynk's large fleet two thirds are in other organizations.
    fleetform.sandbox.reset(seed="large", size=size * 3 if vendor == "blynk" else size)
    fleets = Fleets(fleetform, vendor, size)
    assert len(fleets.devices) == size
    return fleets


EVERYWHERE = [(vendor, size) for vendor in LISTINGS for size in (1, 3, 9)] + [("xyte", 5000)]


@pytest.mark.parametrize(("vendor", "size"), EVERYWHERE)
def test_a_file_that_lost_its_devices_is_over_the_limit(fleetform: Command, vendor: str, size: int) -> None:
    fleets = made(fleetform, vendor, size)
    count = len(fleets.devices)
    fleets.written([])
    ran = fleets.refused(f"delete of {count} devices is over the limit")
    assert f"--limit delete={count}" in ran.err
    fleetform.write("fleet.yml", "")
    fleets.refused("there are no accounts")


@pytest.mark.parametrize(("vendor", "size"), EVERYWHERE)
def test_a_cloud_that_shows_none_of_the_declared_devices_loses_none(fleetform: Command, vendor: str, size: int) -> None:
    fleets = made(fleetform, vendor, size)
    declared = fleets.devices[:60]
    if vendor in STRANGERS:
        fleets.written(declared, **STRANGERS[vendor])
        fleets.refused("prune does nothing", *LIFTED)
    fleets.written(declared)
    fleetform.sandbox.reset(seed="empty")
    fleets.refused("prune does nothing", *LIFTED)


@pytest.mark.parametrize(("vendor", "size"), [(vendor, size) for vendor, size in EVERYWHERE if size > 1])
def test_an_answer_that_is_no_answer_removes_nothing(fleetform: Command, vendor: str, size: int) -> None:
    """One device too many is in the cloud, and would be removed if everything could be read."""
    fleets = made(fleetform, vendor, size)
    fleets.written(fleets.devices[-60:-1])
    page = {"vendor": vendor, "method": "GET", "path": f".*{LISTINGS[vendor][0].partition('?')[0]}$", "times": None}
    for fault, words in (
        ({"status": 403}, "403"),
        ({"status": 403, "skip": 3, "times": 1} if size > 1000 else {"status": 403}, "403"),
        ({"body": "[]"}, "account lab"),
        ({"body": {ROWS.get(vendor, "items"): None}}, "account lab"),
    ):
        fleetform.sandbox.fault({**page, **fault})
        fleets.refused(words, *LIFTED)
        fleetform.sandbox.call("DELETE", "/faults")


@pytest.mark.parametrize(("vendor", "size"), [(vendor, size) for vendor, size in EVERYWHERE if size > 1])
def test_half_a_page_is_not_the_whole_cloud(fleetform: Command, vendor: str, size: int) -> None:
    fleets = made(fleetform, vendor, size)
    answer = fleets.listing()
    key = ROWS.get(vendor, "items")
    rows = answer[key]
    # Without what it takes to claim them again: a listing without a sum is believed, and what it lacks would be new.
    known = [{name: value for name, value in device.items() if name not in ("mac", "cloud_id")} for device in fleets.devices]
    fleets.written(known[:-1][:60])
    page = {"vendor": vendor, "method": "GET", "path": f".*{LISTINGS[vendor][0].partition('?')[0]}$", "times": None}
    for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
        fleetform.sandbox.fault({**page, "body": {**answer, key: half}})
        fleetform.sandbox.clear()
        # A cloud of 5,000 of which 60 are declared is not for lifted limits.
        ran = fleetform("apply", *ALLOWED, *(LIFTED if size < 1000 else ()), code=None)
        assert [entry for entry in fleetform.written() if not entry["token"]] == [], ran.all
        fleetform.sandbox.call("DELETE", "/faults")


@pytest.mark.parametrize(("vendor", "size"), [("xyte", 9), ("xyte", 5000)])
def test_a_protected_device_and_one_that_is_not_allowed_to_go_stay(fleetform: Command, vendor: str, size: int) -> None:
    fleets = made(fleetform, vendor, size)
    (first, *others) = fleets.devices[:20]
    identity = {name: value for name, value in first.items() if name in ("account", "serial", "device_id")}
    fleetform.write("fleet.yml", {"accounts": {"lab": fleets.account}, "devices": [{**identity, "state": "absent"}, *others]})
    fleetform.sandbox.clear()
    ran = fleetform("apply", "--yes", code=3)
    assert "delete cannot be undone; say --allow delete" in ran.err
    fleetform.write(
        "fleet.yml", {"accounts": {"lab": fleets.account}, "devices": [{**identity, "state": "absent", "protect": True}, *others]}
    )
    fleets.refused("contradict each other")
