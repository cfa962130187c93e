# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What holds for any state, any declaration and any text: examples are made up by hypothesis, the same ones in every run."""

from __future__ import annotations

import contextlib
import copy
import datetime
import functools
import typing as t

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import OPTIONS, declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.diff import same
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Ambiguous, DeclarationError, FleetformError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.identity import Index
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import (
    RECORD_FIELDS,
    Declaration,
    Device,
    Query,
    mac_key,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import plan_as_data
from ansible_collections.fleetform.devices.plugins.module_utils._engine.select import select
from fleetform.sandbox.server import Running
from tests.unit.contract.profiles import PROFILES, Options, Profile
from tests.unit.contract.world import World, actions_of, plan_of, words
from tests.unit.plugins.module_utils._engine.fake_vendor import HOME, USERS, FakeCloud, fleet_over, open_fake

NOON = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
bounded = functools.partial(settings, derandomize=True, deadline=None, database=None, suppress_health_check=CHECKS)


def maybe(strategy: st.SearchStrategy[t.Any]) -> st.SearchStrategy[t.Any]:
    return st.none() | strategy


def options(**parts: st.SearchStrategy[t.Any]) -> st.SearchStrategy[Options]:
    """A dict of those parts that did not turn out None."""
    return st.fixed_dictionaries(parts).map(lambda made: {name: value for name, value in made.items() if value is not None})


def by_identity(made: t.Iterable[Options], *names: str) -> list[Options]:
    """The last of those that have the same identity."""
    return list({tuple(entry.get(name) for name in names): entry for entry in made}.values())


# With the vendor in memory

LABELS = st.sampled_from(["blue", "red", "new", "a b", "\N{SNOWMAN}"])
SERIALS = [f"S{number}" for number in range(5)]
ROWS = st.lists(
    options(
        serial=st.sampled_from(SERIALS),
        name=maybe(st.sampled_from(["Lobby", "Roof", "Hall"])),
        tags=st.lists(LABELS, unique=True),
        owner=maybe(st.sampled_from(list(USERS.values()))),
        metafields=st.dictionaries(st.sampled_from(["Room", "Floor", "Pin"]), st.sampled_from(["", "x", 1, 2.5, None])),
        contact=maybe(st.sampled_from([{"email": "a"}, {"email": "b", "name": "B"}])),
        archived=st.booleans(),
        organization=st.sampled_from([HOME, HOME, "org-branch"]),
    ),
    max_size=5,
).map(lambda rows: by_identity(rows, "serial"))
DECLARED = st.lists(
    options(
        serial=st.sampled_from(SERIALS),
        model=st.just("M1"),
        state=st.sampled_from(["present", "present", "present", "absent"]),
        name=maybe(st.sampled_from(["Lobby", "Roof", "Hall"])),
        tags=maybe(st.lists(LABELS)),
        purge_tags=st.booleans(),
        owner=maybe(st.sampled_from(["", *USERS])),
        metafields=maybe(
            st.dictionaries(st.sampled_from(["Room", "Floor", "Pin", "a.b"]), st.sampled_from(["", "x", 1, 1.0, 2.5, None, True]))
        ),
        secret_metafields=st.just(["Pin"]),
        contact=maybe(st.sampled_from([{}, {"email": "a"}, {"email": "b", "name": "B"}])),
        archived=maybe(st.booleans()),
        transfer_to=maybe(st.sampled_from([HOME, "org-branch"])),
        space=maybe(st.sampled_from(["Hall"])),
        protect=st.booleans(),
    ),
    max_size=5,
).map(lambda declared: by_identity(declared, "serial"))


@bounded(max_examples=300)
@given(rows=ROWS, declared=DECLARED)
def test_any_state_applied_plans_to_nothing(rows: list[Options], declared: list[Options]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        cloud = FakeCloud(*copy.deepcopy(rows))
        fleet = fleet_over(patch, open_fake(cloud))
        plan = plan_of(fleet, declared)
        assert cloud.writes == []
        report = fleet.apply(plan)
        assert report.problems() == []
        sent = len(cloud.writes)
        again = plan_of(fleet, declared)
        assert again.changes == ()
        assert [str(error) for error in again.errors] == [str(error) for error in plan.errors]
        assert fleet.apply(again).results == ()
        assert len(cloud.writes) == sent


@bounded(max_examples=150)
@given(rows=ROWS, declared=DECLARED, randomness=st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_of_anything(
    rows: list[Options], declared: list[Options], randomness: t.Any
) -> None:
    seen = []
    for _turn in range(2):
        with pytest.MonkeyPatch.context() as patch:
            numbered = [{"id": f"d-{row['serial']}", **copy.deepcopy(row)} for row in rows]
            fleet = fleet_over(patch, open_fake(FakeCloud(*numbered)))
            seen.append(plan_as_data(plan_of(fleet, declared), tool_version="1", now=NOON))
        randomness.shuffle(rows)
        randomness.shuffle(declared)
    assert seen[0] == seen[1]


@bounded(max_examples=150)
@given(rows=ROWS, declared=DECLARED)
def test_what_is_not_declared_is_not_touched(rows: list[Options], declared: list[Options]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        cloud = FakeCloud(*copy.deepcopy(rows))
        before = copy.deepcopy(cloud.rows)
        fleet = fleet_over(patch, open_fake(cloud))
        fleet.apply(plan_of(fleet, declared))
    named = {entry["serial"]: entry for entry in declared}
    fields = {"transfer_to": "organization"}
    for number, row in before.items():
        entry = named.get(row["serial"])
        if entry is None:
            assert cloud.rows[number] == row
        elif entry["state"] == "present":
            touched = {fields.get(name, name) for name in entry} | {"draft"}
            assert {name: value for name, value in cloud.rows[number].items() if name not in touched} == {
                name: value for name, value in row.items() if name not in touched
            }


@bounded(max_examples=150)
@given(rows=ROWS, declared=DECLARED)
def test_a_protected_device_stays_where_and_what_it_is(rows: list[Options], declared: list[Options]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        cloud = FakeCloud(*copy.deepcopy(rows))
        before = copy.deepcopy(cloud.rows)
        fleet = fleet_over(patch, open_fake(cloud))
        fleet.apply(plan_of(fleet, [{**entry, "protect": True} for entry in declared]))
    for number, row in before.items():
        assert cloud.rows[number]["organization"] == row["organization"]
        assert cloud.rows[number]["archived"] in (row["archived"], False)


def blynk_apart(made: list[Options]) -> list[Options]:
    """One declaration for each device, and none that takes the name of another's identity."""
    apart = {entry.get("device_id") or entry["name"]: entry for entry in made}
    taken = {entry["name"] for entry in apart.values() if "device_id" not in entry}
    for entry in apart.values():
        if "device_id" in entry and entry.get("name") in taken:
            del entry["name"]
    return list(apart.values())


# With the sandbox

LOCATIONS = ("Hamburg Alsterufer", "Berlin Torstrasse", "Boston Congress Street")
PLACES = ("Wiz/Berlin/Room #1", "Hamburg/Hall A/B", "11552", "Wiz/Hamburg/Lab", "Wiz")
NAMES = st.text(st.sampled_from("abC 'z-_9"), min_size=1, max_size=12).filter(lambda text: text == text.strip())
STATES: dict[str, st.SearchStrategy[list[Options]]] = {
    "blynk": st.lists(
        options(
            device_id=st.sampled_from(["1000", "1012"]),
            name=maybe(NAMES),
            owner=maybe(st.sampled_from(["", "ada.keller@nordlicht.example", "JONAS.WEBER@nordlicht.example"])),
            metafields=maybe(
                options(
                    **{
                        "Asset Note": maybe(st.sampled_from(["", "note", "5"])),
                        "Floor": maybe(st.sampled_from([-2, 0, 5, 5.0])),
                        "Calibration Offset": maybe(st.sampled_from([0, 0.5, -1])),
                        "Mount": maybe(st.sampled_from(["Wall", "Desk"])),
                    }
                )
            ),
        )
        | options(
            name=st.sampled_from(["New One", "New Two"]),
            model=st.just("TMPL8RITg_f9Q"),
            owner=maybe(st.sampled_from(["", "ada.keller@nordlicht.example"])),
            metafields=maybe(options(Floor=maybe(st.sampled_from([0, 3])), Mount=maybe(st.sampled_from(["Wall", "Ceiling"])))),
        )
        | options(
            name=st.just("Hamburg Main Panel"),
            transfer_to=st.sampled_from(["2001", "Nordlicht Berlin"]),
            metafields=maybe(st.sampled_from([{"Panel": "P"}, {"Cost Center": 7}])),
        )
        | options(name=st.just("Hamburg Basement Leak"), state=st.sampled_from(["present", "absent"])),
        max_size=4,
    ).map(blynk_apart),
    "greenlake": st.lists(
        options(
            serial=st.sampled_from(["CN0010001K", "CN0010002K", "CN0010006K", "PH0011001K"]),
            tags=maybe(
                st.dictionaries(
                    st.sampled_from(["env", "ENV", "floor", "a b"]), st.sampled_from([None, "", "x", "5"]), max_size=2
                )
            ),
            purge_tags=st.booleans(),
            space=maybe(st.sampled_from(["", *LOCATIONS])),
            application=maybe(st.sampled_from([{}, {"name": "Aruba Central", "region": "us-west"}])),
            subscriptions=maybe(st.sampled_from([[], ["NLSWITCHFND0001"]])),
            contact=maybe(st.sampled_from([{}, {"email": "a@example.com"}, {"email": "a@example.com", "first_name": "A"}])),
            archived=st.just(False),
        )
        | options(
            serial=st.sampled_from(["4U0014001K", "CZ0013004K"]),
            archived=st.booleans(),
            tags=maybe(st.sampled_from([{"kept": "yes"}, {"env": None}])),
        )
        | st.sampled_from(
            [
                {"serial": "CN0020000K", "mac": "b8:d4:e7:00:4e:20", "tags": {"env": "x"}},
                {"serial": "CN0020001K", "mac": "b8:d4:e7:00:4e:21", "space": "Berlin Torstrasse"},
                {"serial": "CZ0022000K", "model": "P52499-B21", "device_type": "COMPUTE"},
            ]
        ),
        max_size=4,
    ).map(lambda made: by_identity(made, "serial")),
    "mobilefirst": st.lists(
        options(
            name=st.sampled_from(["Ada's iPhone", "Priya iPhone", "Lena iPhone SE", "Boston Loaner", "Torben's Galaxy"]),
            status=maybe(st.sampled_from(["ACTIVE", "LOST", "STOLEN", "DISABLED"])),
            applications=maybe(options(deskbooking=maybe(st.sampled_from(["ENABLED", "DISABLED"])))),
        )
        | options(
            name=st.just("Mara's Galaxy"),
            applications=maybe(
                options(
                    deskbooking=maybe(st.sampled_from(["ENABLED", "DISABLED"])),
                    rounds=maybe(st.sampled_from(["ENABLED", "DISABLED"])),
                )
            ),
        )
        | options(name=st.just("Rounds Hamburg 1"), state=st.sampled_from(["present", "absent"])),
        max_size=4,
    ).map(lambda made: by_identity(made, "name")),
    "webex": st.lists(
        options(
            serial=st.sampled_from(["FOC2711N0B1", "FOC2714N0E1", "FCH2701P0A1"]),
            name=maybe(NAMES),
            tags=maybe(st.lists(st.sampled_from(["floor 5", "a,b", "hot-desk", "\N{SNOWMAN}"]), unique=True)),
            purge_tags=st.booleans(),
        )
        | options(
            serial=st.sampled_from(["FOC2710N0A1", "FOC2713N0D1"]),
            tags=maybe(st.lists(st.sampled_from(["floor 3", "new"]), unique=True)),
            metafields=maybe(
                st.dictionaries(
                    st.sampled_from(["Standby.Delay", "Audio.Ultrasound.MaxVolume"]),
                    st.sampled_from([None, 1, 70, "60"]),
                    max_size=2,
                )
            ),
        )
        | options(serial=st.just("FOC2715N0F2"), state=st.sampled_from(["present", "absent"]))
        | options(
            mac=st.sampled_from(["c4:1f:3b:99:00:01", "C41F3B990002"]),
            model=st.just("DMS Cisco 8845"),
            space=st.sampled_from(["Berlin Mail Room", "Annex"]),
            create_space=st.just(True),
            tags=maybe(st.sampled_from([[], ["new"]])),
        )
        | options(mac=st.just("c4:1f:3b:99:00:03"), model=st.just("Cisco 9861"), owner=st.just("lena.vogt@nordlicht.example")),
        max_size=4,
    ).map(lambda made: by_identity(made, "serial", "mac")),
    "xyte": st.lists(
        options(
            serial=st.sampled_from(["XQD-00001", "XQD-00002", "XQD-00006"]),
            name=maybe(NAMES),
            space=maybe(st.sampled_from([*PLACES, "Wiz/Boston/New/One", "Wiz/Boston/New/Two", "Wiz/Boston/New"])),
            create_space=st.just(True),
            metafields=maybe(st.sampled_from([{}, {"display": {"brightness": 1}}, {"network": {"hostname": "a"}}])),
        )
        | options(serial=st.just("XQD-00007"), state=st.sampled_from(["present", "absent"]))
        | options(
            serial=st.just("XQD-00901"),
            mac=st.just("02:5e:10:01:03:85"),
            name=maybe(NAMES),
            space=maybe(st.sampled_from(PLACES)),
            metafields=maybe(st.sampled_from([{}, {"display": {"brightness": 1}}])),
        ),
        max_size=4,
    ).map(lambda made: by_identity(made, "serial")),
}


@pytest.mark.parametrize("vendor", PROFILES)
@bounded(max_examples=40)
@given(data=st.data())
def test_any_state_of_the_sandbox_applied_plans_to_nothing(world: World, vendor: str, data: st.DataObject) -> None:
    if vendor not in STATES:
        pytest.fail(f"add a strategy of declarations of {vendor} to STATES")
    profile = PROFILES[vendor]
    world.sandbox.reset(switches={vendor: dict(profile.switches)})
    with world.fleet(lab=profile.account) as fleet:
        for _state in range(2):
            declared = data.draw(STATES[vendor])
            plan = plan_of(fleet, declared)
            report = fleet.apply(plan)
            assert report.problems() == []
            mixed = data.draw(st.permutations(declared))
            again = plan_of(fleet, mixed)
            assert (actions_of(again), words(again.errors)) == ([], words(plan.errors)), declared
    assert world.blunders() == []


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_shuffled_declarations_and_rows_give_the_same_plan(world: World, sandbox: Running, profile: Profile) -> None:
    chosen = {case.target: case.declared for case in profile.cases if case.first is None}
    declared = list(chosen.values())
    seen = []
    for turn in range(4):
        with world.fleet(lab=profile.account) as fleet:
            seen.append(plan_as_data(plan_of(fleet, declared[turn:] + declared[:turn][::-1]), tool_version="1", now=NOON))
        reverse_rows(sandbox, profile.vendor)
    assert all(data == seen[0] for data in seen[1:])
    assert len(seen[0]["changes"]) > 3


def reverse_rows(sandbox: Running, vendor: str) -> None:
    """Has the cloud list its devices in another order."""
    cloud = sandbox.sandbox.clouds[vendor]
    cloud.data["devices"] = dict(reversed(cloud.data["devices"].items()))
    cloud.reloaded()


ANY = st.text(st.characters(), max_size=30)
HOSTILE = [
    "{{ lookup('pipe', 'id') }}",
    "\x1b[31mred\x1b[0m",
    "<script>alert(1)</script>",
    "a\nb\r\nc",
    "x" * 2000,
    "\x00",
    "..",
    "a/../b",
    "?a=b&c#d",
    "'; drop table",
    "%2e%2e%2f",
    "\ud800",
    "\N{RIGHT-TO-LEFT OVERRIDE}abc",
    "' or serialNumber ne 'x",
    "hpe:reserved",
    " ",
    "\N{ZERO WIDTH SPACE}",
]
WORD = ANY | st.sampled_from(HOSTILE)
VALUE = st.none() | st.booleans() | st.integers() | st.floats() | WORD


@pytest.mark.parametrize("vendor", PROFILES)
@bounded(max_examples=80)
@given(
    name=maybe(WORD),
    tags=maybe(st.lists(WORD, max_size=3) | st.dictionaries(WORD, maybe(WORD), max_size=3)),
    metafields=maybe(st.dictionaries(WORD | st.sampled_from(["Asset Note", "Floor", "Mount"]), VALUE, max_size=3)),
    space=maybe(WORD),
    owner=maybe(WORD),
    model=maybe(WORD),
    target=maybe(WORD),
)
def test_no_text_is_too_strange(world: World, vendor: str, **texts: t.Any) -> None:
    profile = PROFILES[vendor]
    target = texts.pop("target")
    given_ = {name: value for name, value in {**texts, "transfer_to": target}.items() if value is not None}
    attempts = [
        {**profile.known, **given_},
        {**profile.known, **{name: value for name, value in given_.items() if name in ("tags", "name")}},
        {**profile.known, **{name: value for name, value in given_.items() if name in ("metafields", "space")}},
        {"name": texts["name"] or "x", **given_},
        {"name": texts["name"] or "x", "previous_name": texts["owner"] or "y", "model": "TMPL8RITg_f9Q"},
        {"serial": texts["name"] or "x", "mac": texts["model"] or "b8:d4:e7:00:4e:21", **given_},
    ]
    world.sandbox.reset(switches={vendor: dict(profile.switches)})
    attempted(world, profile, attempts)


def attempted(world: World, profile: Profile, attempts: t.Iterable[Options]) -> None:
    """Plans and applies each by itself. Whatever it comes to, it is no exception, and no rule of the vendor is broken."""
    with world.fleet(lab=profile.account) as fleet:
        for attempt in attempts:
            declaration = declared_or_error(attempt)
            if isinstance(declaration, DeclarationError):
                continue
            plan = fleet.plan([declaration])
            plan_as_data(plan, tool_version="1", now=NOON)
            report = fleet.apply(plan)
            if not plan.errors and not report.failed:
                assert fleet.plan([declaration]).changes == ()
    assert [entry for entry in world.blunders() if "violation" in entry] == []


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("vendor", PROFILES)
def test_hostile_text_in_every_place(world: World, vendor: str, text: str) -> None:
    profile = PROFILES[vendor]
    places: list[Options] = [
        {"name": text},
        {"owner": text},
        {"space": text},
        {"transfer_to": text},
        {"status": text},
        {"tags": [text]},
        {"tags": {text: "x"}},
        {"tags": {"key": text}},
        {"metafields": {"Asset Note": text}},
        {"metafields": {"Mount": text}},
        {"metafields": {text: "x"}},
        {"application": {"name": text, "region": text}},
        {"subscriptions": [text]},
        {"contact": {"email": text}},
        {"contact": {"email": "a@example.com", "first_name": text}},
        {"warranty": {"service_level": text, "end_date": text}},
    ]
    attempted(world, profile, [{**profile.known, **place} for place in places])
    creations = [case.declared for case in profile.cases if case.creates]
    strange = [{**declared, name: text} for declared in creations for name in declared if isinstance(declared[name], str)]
    attempted(world, profile, strange)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
@pytest.mark.parametrize("vendor", PROFILES)
@pytest.mark.parametrize("option", ["search", "name", "device_id", "owner_email", "user_email", "vendor_filter", "serial"])
def test_hostile_text_as_something_to_look_for(world: World, vendor: str, option: str, text: str) -> None:
    with world.fleet(lab=PROFILES[vendor].account) as fleet, contextlib.suppress(FleetformError):
        found = fleet.list_devices("lab", Query(**{option: text})).devices
        if option not in ("search", "vendor_filter"):
            assert found == []


@bounded(max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from(OPTIONS) | WORD,
        VALUE | st.lists(VALUE, max_size=2) | st.dictionaries(WORD, VALUE, max_size=2),
        max_size=6,
    )
)
def test_whatever_is_typed_is_a_declaration_or_an_error_that_says_why(typed: Options) -> None:
    declared = declared_or_error(typed)
    if isinstance(declared, DeclarationError):
        assert declared.message
    else:
        assert declared.address
        assert "" not in declared.identifiers.values()


def declared_or_error(typed: Options) -> Declaration | DeclarationError:
    try:
        return declaration_from(typed)
    except DeclarationError as error:
        return error


DEVICES = st.lists(
    st.builds(
        Device,
        vendor=st.just("acme"),
        id=st.sampled_from(["1", "2", "3", "4"]),
        name=maybe(st.sampled_from(["Lobby", "Roof"])),
        serial=maybe(st.sampled_from(["A", "B"])),
        mac=maybe(st.sampled_from(["11:22:33:44:55:66", "11:22:33:44:55:77"])),
        tags=maybe(st.lists(LABELS) | st.dictionaries(LABELS, LABELS)),
        online=maybe(st.booleans()),
        owner=maybe(st.just({"id": "7", "email": "a@example.com", "name": None})),
    ),
    unique_by=lambda device: device.id,
)


@bounded(max_examples=200)
@given(
    devices=DEVICES,
    wanted=options(
        serial=maybe(st.sampled_from(["A", "B", "C"])),
        mac=maybe(st.just("112233445566")),
        device_id=maybe(st.just("1")),
        name=maybe(st.just("Lobby")),
    ),
)
def test_what_is_found_agrees_and_never_contradicts(devices: list[Device], wanted: Options) -> None:
    declaration = Declaration(**wanted)
    keys = {"serial": "serial", "device_id": "id"} if declaration.identifiers else {"name": "name"}

    def verdicts(device: Device) -> set[bool]:
        found = {
            getattr(device, field) == wanted[option]
            for option, field in keys.items()
            if option in wanted and getattr(device, field) is not None
        }
        if declaration.mac and device.mac:
            found.add(mac_key(device.mac) == mac_key(declaration.mac))
        return found

    agreeing = [device for device in devices if True in verdicts(device)]
    try:
        found = Index(devices).find(declaration)
    except Ambiguous:
        assert len(agreeing) > 1 or any(verdicts(device) == {True, False} for device in agreeing)
    else:
        assert agreeing == ([] if found is None else [found])
        assert found is None or verdicts(found) == {True}


@bounded(max_examples=200)
@given(
    devices=DEVICES,
    filters=st.dictionaries(
        st.sampled_from(RECORD_FIELDS) | st.sampled_from(["owner.email", "tags.blue"]) | WORD,
        VALUE | st.lists(VALUE, max_size=2),
        max_size=2,
    ),
    sort=st.lists(st.sampled_from(RECORD_FIELDS) | WORD, max_size=2),
    limit=maybe(st.integers(0, 3)),
)
def test_a_selection_is_part_of_the_whole_or_an_error(
    devices: list[Device], filters: dict[str, t.Any], sort: list[str], limit: int | None
) -> None:
    query = Query(filters=filters, sort=tuple(sort), limit=limit)
    try:
        chosen = select(devices, query)
    except DeclarationError:
        return
    assert all(device in devices for device in chosen)
    assert len(chosen) <= (len(devices) if limit is None else limit)
    assert select(select(devices, query), query) == chosen


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False) | st.sampled_from(["", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=6,
)


@bounded(max_examples=300)
@given(one=NESTED, other=NESTED)
def test_being_the_same_holds_for_itself_and_in_both_directions(one: t.Any, other: t.Any) -> None:
    assert same(one, copy.deepcopy(one))
    assert same(one, other) is same(other, one)
