# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `fleetform import` writes of a fleet with any names plans to nothing, and says exactly the way back of what is altered."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from hypothesis import Phase, given
from hypothesis import strategies as st

from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import ATTRIBUTES, Device, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import BY_KEY, Plan
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import Vendor
from ansible_collections.fleetform.devices.plugins.plugin_utils import fleet_file
from fleetform.exporter import Exported, as_yaml, export
from fleetform.sandbox.cloud import stable_uuid
from tests.unit.contract.profiles import PROFILES
from tests.unit.contract.test_properties import HOSTILE, NAMES, bounded
from tests.unit.contract.world import World

LIKE_YAML = [
    "on", "0012", "1e3", "~", "null", "11:22:33:44:55:06", "2026-11-28", "- x", "a: b", "# no comment", "!unsafe x", "&a", "*a",
    "|", ">-", "%TAG", "---", "...", "'", '"', "\\", "\\N", "tail ", " head", "\t", "\N{NEXT LINE}", "\N{LINE SEPARATOR}",
    "\N{ZERO WIDTH NO-BREAK SPACE}", "\N{GRINNING FACE}", "{% raw %}", "{# gone #}", "#jinja2: variable_start_string: '['",
    "{{ undefined_variable }}",
]  # fmt: skip
ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
WILD = st.sampled_from([text for text in (*HOSTILE, *LIKE_YAML) if text.isascii() or "\ud800" not in text]) | ANY
LABEL = st.text(st.sampled_from("abc 12-"), min_size=1, max_size=8).filter(lambda text: text == text.strip())


@dataclass(frozen=True)
class Field:
    """A field of a cloud's device, what fleetform may set it to, and what may stand there."""

    name: str
    calm: st.SearchStrategy[t.Any]
    wild: st.SearchStrategy[t.Any]


@dataclass(frozen=True)
class Cloud:
    """Devices to alter, their fields by attribute, and fields that nothing but the text of the file can show."""

    devices: tuple[str, ...]
    fields: t.Mapping[str, Field]
    shown: tuple[str, ...] = ()


def some(**parts: st.SearchStrategy[t.Any]) -> st.SearchStrategy[dict[str, t.Any]]:
    return st.fixed_dictionaries(parts)


def location(name: str) -> st.SearchStrategy[dict[str, t.Any]]:
    return st.just({"id": stable_uuid("location", name), "locationName": name})


def contact(first_name: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, t.Any]]:
    person = some(email=st.sampled_from(["noc@nordlicht.example", "desk@nordlicht.example"]), firstName=first_name)
    return some(type=st.just("NON-WORKSPACE-USER"), nonWorkspaceUser=person)


BERLIN, HAMBURG = "Wiz/Berlin/Room #1", "Wiz/Hamburg/Lab"
STATUS = st.sampled_from(["ACTIVE", "LOST", "STOLEN", "DISABLED"])
APPS = st.sampled_from(["ENABLED", "DISABLED"])
CLOUDS: dict[str, Cloud] = {
    "blynk": Cloud(
        ("1000", "1012"),
        {
            "name": Field("name", NAMES, WILD),
            "owner": Field("ownerUserId", st.sampled_from([501, 502]), st.sampled_from([501, 502, None])),
            "metafields": Field(
                "metafields",
                some(**{"Asset Note": LABEL, "Floor": st.integers(0, 5), "Mount": st.sampled_from(["Wall", "Desk"])}),
                some(**{"Asset Note": WILD, "Floor": st.integers(-2, 9), "Mount": st.sampled_from(["Wall", "Ceiling"])}),
            ),
        },
    ),
    "greenlake": Cloud(
        ("CN0010001K", "CN0010002K", "CZ0013001K"),
        {
            "tags": Field(
                "tags",
                st.dictionaries(LABEL, LABEL, min_size=1, max_size=3),
                st.dictionaries(LABEL, WILD, min_size=1, max_size=3),
            ),
            "space": Field("location", location("Hamburg Alsterufer"), location("Berlin Torstrasse") | st.none()),
            "contact": Field("contact", contact(LABEL), contact(WILD) | st.none()),
        },
        shown=("deviceName",),
    ),
    "mobilefirst": Cloud(
        ("Ada's iPhone", "Priya iPhone", "Emre XCover"),
        {
            "status": Field("status", STATUS, STATUS),
            "applications": Field("applications", some(deskbooking=APPS, rounds=APPS), some(deskbooking=APPS, rounds=APPS)),
        },
        shown=("deviceDisplayName",),
    ),
    "webex": Cloud(
        ("FOC2711N0B1", "FCH2701P0A1", "FOC2714N0E1"),
        {
            "name": Field("displayName", NAMES, WILD),
            "tags": Field("tags", st.lists(LABEL, min_size=1, max_size=3, unique=True), st.lists(WILD, max_size=3, unique=True)),
            "metafields": Field(
                "configurations",
                some(**{"Audio.DefaultVolume": st.integers(0, 49)}),
                some(**{"Audio.DefaultVolume": st.integers(51, 100)}),
            ),
        },
    ),
    "xyte": Cloud(
        ("XQD-00001", "XQD-00002", "XQD-00006"),
        {"name": Field("name", NAMES, WILD), "space": Field("space", st.just(BERLIN), st.sampled_from([HAMBURG, "Wiz"]))},
    ),
}
CONFIGURED = {"webex": {"FCH2701P0A1", "FOC2714N0E1"}}
"""Where a field is not tried because these devices of the sandbox do not have it."""


def ids(world: World, vendor: str) -> dict[str, str]:
    """The id of each device that is altered, which stays the same whatever it is called."""
    found = {}
    for number, row in world.devices(vendor).items():
        if row.get("runtime", "mfp") != "mfp":
            continue
        for key in CLOUDS[vendor].devices:
            if key in (number, row.get("sn"), row.get("serial"), row.get("serialNumber"), row.get("deviceDisplayName")):
                found[key] = str(row["id"])
    assert found.keys() == set(CLOUDS[vendor].devices)
    return found


def records(fleet: Fleet, vendor: str) -> dict[str, Device]:
    gather = frozenset({"metafields"} & set(VENDORS[vendor].DETAIL))
    return {str(device.id): device for device in fleet.list_devices("lab", Query(gather=gather)).devices}


def planned(fleet: Fleet, exported: Exported, folder: Path) -> Plan:
    """The plan of what was written, through the file and Ansible's loader."""
    path = folder / "imported.yml"
    path.write_text(as_yaml(exported, f"accounts:\n  lab: {{vendor: {exported.vendor}}}\n"), encoding="utf-8")
    loaded = fleet_file.load([str(path)], loader=DataLoader())
    assert [declaration.account for declaration in loaded.declarations] == ["lab"] * len(exported.devices)
    return fleet.plan(loaded.declarations)


def differing(exported: Exported, before: t.Mapping[str, Device], after: t.Mapping[str, Device]) -> set[tuple[str, str]]:
    """Id and attribute of everything that is declared and is otherwise by now."""
    kind, found = VENDORS[exported.vendor], set()
    for entry in exported.devices:
        number = str(entry.device.id)
        for name in [name for name in ("name", *ATTRIBUTES) if name in entry.options]:
            was, now = [_told(kind, device[number], name) for device in (before, after)]
            if name not in BY_KEY:
                found |= {(number, name)} if was != now else set()
                continue
            found |= {
                (number, f"{name}.{key}")
                for key in entry.options[name]
                if (was or {}).get(key) != (getattr(after[number], name) or {}).get(key)
            }
    return found


def _told(kind: type[Vendor], device: Device, name: str) -> t.Any:
    """What a record says of an attribute. People and places are who they are, whether their names were looked up or not."""
    held = getattr(device, name)
    return (held or {}).get("id") if name in ("owner", "space") else kind.stated(device, name)


def altered(world: World, vendor: str, device: str, field: Field, value: t.Any) -> None:
    world.sandbox.drift(vendor, device, **{field.name: value})


@pytest.mark.parametrize("vendor", PROFILES)
@bounded(max_examples=25, phases=[Phase.generate])
@given(data=st.data())
def test_what_is_imported_plans_to_nothing_and_back(world: World, tmp_path: Path, vendor: str, data: st.DataObject) -> None:
    if vendor not in CLOUDS:
        pytest.fail(f"say in CLOUDS what can be altered at {vendor}")
    cloud, profile = CLOUDS[vendor], PROFILES[vendor]
    world.sandbox.reset(switches={vendor: dict(profile.switches)}, limits={vendor: dict(profile.limits)})
    known = ids(world, vendor)
    target = data.draw(st.sampled_from(cloud.devices))
    attribute = data.draw(
        st.sampled_from([name for name in cloud.fields if name != "metafields" or target not in CONFIGURED.get(vendor, ())])
    )
    for device in cloud.devices:
        for name, field in cloud.fields.items():
            if name == "metafields" and device in CONFIGURED.get(vendor, ()):
                continue
            chosen = field.calm if (device, name) == (target, attribute) else field.wild
            altered(world, vendor, known[device], field, data.draw(chosen))
        for name in cloud.shown:
            world.sandbox.drift(vendor, known[device], **{name: data.draw(WILD)})
    with world.fleet(lab=profile.account) as fleet:
        exported = export(fleet, "lab", vendor)
        before = records(fleet, vendor)
        plan = planned(fleet, exported, tmp_path)
        assert ([str(error) for error in plan.errors], plan.changes, plan.blocked) == ([], (), [])
        assert world.log(write=True) == []

        altered(world, vendor, known[target], cloud.fields[attribute], data.draw(cloud.fields[attribute].wild))
        after = records(fleet, vendor)
        plan = planned(fleet, exported, tmp_path)
        wanted = differing(exported, before, after)
        assert [str(error) for error in plan.errors] == []
        assert {(str(change.device_id), change.attribute) for change in plan.changes} == wanted
        assert not fleet.apply(plan).failed
        assert differing(exported, before, records(fleet, vendor)) == set()
