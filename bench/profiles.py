# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked of each vendor: one ``Profile`` per vendor in ``PROFILES``, which is all that a new vendor needs here.

The devices are those of the seed "large". Least possible figures are counted from the vendor's documented page and batch
sizes (docs/vendors/<vendor>.md), not from what the engine does.
"""

from __future__ import annotations

import math
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

State = Mapping[str, t.Any]
Options = dict[str, t.Any]

NO_LIMIT = 1_000_000_000


@dataclass(frozen=True)
class Variant:
    """One way to declare the fleet.

    ``declare(state)`` gives the options of each device, equal to what is there. ``lookups`` counts the calls that turn names into
    ids, at the least. ``detail(state)`` gives the paths that have to be read besides the listing, one per device.
    """

    name: str
    declare: Callable[[State], list[Options]]
    lookups: int = 0
    detail: Callable[[State], list[str]] | None = None


@dataclass(frozen=True)
class Profile:
    """One vendor. Paths are below the account's url.

    ``pages(count)`` are the pages of the whole listing at the largest size; ``single(options)`` is what somebody would ask for a
    declared device with `ansible.builtin.uri`; ``change(options)`` are the options with one attribute different;
    The seed spreads its devices evenly over ``organizations``; those of the first one are declared.
    ``least_writes(count)`` counts the calls that carry such a change of ``count`` devices, ``least_polls(count)`` those that
    follow the vendor's jobs.
    """

    vendor: str
    token: str
    limits: Mapping[str, int]
    pages: Callable[[int], list[str]]
    variants: tuple[Variant, ...]
    single: Callable[[Options], str]
    change: Callable[[Options], Options]
    least_writes: Callable[[int], int]
    least_polls: Callable[[int], int] = lambda _count: 0
    organizations: int = 1

    def account(self, url: str) -> Options:
        """The account options, with a pace that never holds anything up."""
        return {"vendor": self.vendor, "url": f"{url}/{self.vendor}", "token": self.token, "requests_per_minute": NO_LIMIT}


_BLYNK = "/api/v1/organization"


def _blynk_pages(count: int) -> list[str]:
    return [f"{_BLYNK}/devices?page={page}&size=1000" for page in range(math.ceil(count / 1000))]


def _blynk_devices(state: State) -> list[Options]:
    """The devices of the token's own organization, which is what a name means without `transfer_to`."""
    home = state["organizations"][0]["id"]
    return [device for device in state["devices"].values() if device["orgId"] == home]


def _blynk_listed(state: State) -> list[Options]:
    mails = {user["id"]: user["email"] for user in state["users"]}
    return [
        {"name": device["name"], "model": device["hardwareInfo"]["templateId"], "owner": mails.get(device["ownerUserId"], "")}
        for device in _blynk_devices(state)
    ]


def _blynk_metafields(state: State) -> list[Options]:
    names = {template["id"]: {str(row["id"]): row["name"] for row in template["metafields"]} for template in state["templates"]}
    found = []
    for device in _blynk_devices(state):
        fields = {names[device["templateId"]][number]: value for number, value in device["metafields"].items()}
        declared = {name: fields[name]["value"] for name in ("Serial Number", "MAC Address")}
        found.append({"name": device["name"], "metafields": declared})
    return found


def _blynk_details(state: State) -> list[str]:
    return [f"{_BLYNK}/device?deviceId={device['id']}" for device in _blynk_devices(state)]


def _blynk_change(options: Options) -> Options:
    """The other owner of the same organization; a device without an owner stays as it is."""
    ada, jonas = "ada.keller@nordlicht.example", "jonas.weber@nordlicht.example"
    return {**options, "owner": {ada: jonas, jonas: ada}.get(options["owner"], "")}


def _greenlake_pages(count: int) -> list[str]:
    return [f"/devices/v1/devices?limit=2000&offset={start}" for start in range(0, count, 2000)]


def _greenlake_listed(state: State) -> list[Options]:
    return [{"serial": device["serialNumber"], "tags": dict(device["tags"])} for device in state["devices"].values()]


def _greenlake_patches(count: int) -> int:
    return math.ceil(count / 25)


PROFILES: tuple[Profile, ...] = (
    Profile(
        vendor="blynk",
        token="blynk-demo-token",
        limits={"requests": NO_LIMIT},
        organizations=3,
        pages=_blynk_pages,
        variants=(
            # The listing names owners by id; one page of users turns the declared e-mails into ids.
            Variant("name, owner", _blynk_listed, lookups=1),
            Variant("name, metafields", _blynk_metafields, detail=_blynk_details),
        ),
        single=lambda options: f"{_BLYNK}/search/devices?query={quote(options['name'])}&size=1000",
        change=_blynk_change,
        least_writes=lambda count: count,
    ),
    Profile(
        vendor="greenlake",
        token="greenlake-demo-token",
        limits={"list_v1": NO_LIMIT, "patch_v2beta1": NO_LIMIT, "job_v1": NO_LIMIT, "job_polls": 0, "poll_interval": 0},
        pages=_greenlake_pages,
        variants=(Variant("serial, tags", _greenlake_listed),),
        single=lambda options: "/devices/v1/devices?filter=" + quote(f"serialNumber eq '{options['serial']}'"),
        change=lambda options: {**options, "tags": {**options["tags"], "audited": "yes"}},
        least_writes=_greenlake_patches,
        least_polls=_greenlake_patches,
    ),
)
