# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The GreenLake adapter without a network: what it reads, plans and sends, and what it makes of answers."""

from __future__ import annotations

import typing as t
from dataclasses import replace
from datetime import date

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.auth import ClientCredentials, StaticToken
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Answer, Call, NewId
from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import ROWS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    Ambiguous,
    BadAnswer,
    DeclarationError,
    Forbidden,
    Gone,
    NotFound,
    Refused,
    SettingsError,
    Unavailable,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, DevicePlan, plan_device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.select import select
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings, account_settings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.steps import steps_for
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import greenlake
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_calls import (
    NewDevice,
    added_alone,
    call_for,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_jobs import ended, job_path
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_json import contact_record
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_listing import any_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_query import asked, group_property
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import Outcome
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.greenlake import GreenLake, _device_from_json

URL = "http://127.0.0.1:1/greenlake"
TOKEN = {"token": "t0ken"}


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def settings(**options: t.Any) -> AccountSettings:
    given = {"url": URL, **(TOKEN if "client_id" not in options else {}), **options}
    return account_settings(given, name=None, vendor_facts=GreenLake.FACTS, environ={})


class FakeDeadline:
    seconds = 9.0

    def __init__(self, client: FakeClient) -> None:
        self.client = client

    def left(self) -> float:
        return self.seconds - sum(self.client.pauses)


class FakeClient:
    """Answers from ``rows`` the way the listing does, and from ``paths`` what is given there."""

    crowd = 1

    def __init__(self, *rows: dict[str, t.Any], **paths: t.Any) -> None:
        self.settings = settings()
        self.rows = list(rows)
        self.paths: dict[str, list[t.Any]] = {}
        self.asked: list[tuple[str, dict[str, t.Any]]] = []
        self.pauses: list[float] = []
        self.refused: set[str] = set()
        self.ignored = False

    def will(self, path: str, *answers: t.Any) -> FakeClient:
        self.paths[path] = list(answers)
        return self

    def get(self, path: str, query: t.Any = (), **_options: t.Any) -> Answer:
        given = dict(query)
        self.asked.append((path, given))
        if path in self.paths:
            answers = self.paths[path]
            found = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(found, Exception):
                raise found
            return Answer(200, found)
        if path.startswith("/devices/v1/devices/"):
            found = [row for row in self.rows if row["id"] == path.rsplit("/", 1)[1]]
            if not found:
                raise Gone("not there")
            return Answer(200, found[0])
        condition = given.get("filter", "")
        name = condition.split(" ")[0]
        if name in self.refused:
            raise Refused("unknown property")
        rows = [row for row in self.rows if self.ignored or not condition or f"'{row.get(name)}'" in condition]
        offset, limit = int(given.get("offset", 0)), int(given["limit"])
        return Answer(200, {"items": rows[offset : offset + limit], "total": len(rows)})

    def page(self, path: str, query: t.Any = (), **options: t.Any) -> Answer:
        return self.get(path, query, **options)

    def map(self, function: t.Callable[[t.Any], t.Any], items: t.Iterable[t.Any]) -> list[t.Any]:
        return [function(item) for item in items]

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def deadline(self) -> t.Any:
        return FakeDeadline(self)


def row(number: int, **more: t.Any) -> dict[str, t.Any]:
    return {"id": uuid(number), "type": "devices/device", "serialNumber": f"SN{number}", "partNumber": "P", **more}


def vendor(client: t.Any = None) -> GreenLake:
    return GreenLake(settings(), client)


def device(number: int = 1, **more: t.Any) -> Device:
    return _device_from_json(row(number, **more))


def declared(number: int = 1, **options: t.Any) -> Declaration:
    return declaration_from({"serial": f"SN{number}", **options})


def plan(observed: Device | None, declaration: Declaration, adapter: GreenLake | None = None) -> DevicePlan:
    adapter = adapter or vendor()
    adapter.check(declaration)
    return plan_device(adapter, declaration, observed, adapter.resolve(declaration, observed))


def bodies(device_plan: DevicePlan) -> list[t.Any]:
    return [step.call.body for step in steps_for(vendor(), [device_plan])]


# Facts


def test_every_row_of_the_capability_table_is_filled_and_every_no_names_the_nearest() -> None:
    assert set(GreenLake.CAPABILITIES) == set(ROWS)
    for capability in GreenLake.CAPABILITIES.values():
        assert capability.level in ("yes", "read only", "no")
        assert capability.level == "yes" or (capability.reason and capability.nearest)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, f"{URL}/as/token.oauth2"),
        ({"organization": uuid(7).upper()}, f"{URL}/authorization/v2/oauth2/{uuid(7).replace('-', '')}/token"),
        ({"url": greenlake.DEFAULT_URL}, greenlake.CLASSIC_TOKEN_URL),
    ],
)
def test_tokens_come_from_the_endpoint_of_the_workspace_or_the_classic_one(options: dict[str, str], expected: str) -> None:
    assert greenlake.token_url(settings(**options)) == expected


def test_an_organization_that_is_no_workspace_id_is_refused_before_any_call() -> None:
    given = settings(organization="My workspace", client_id="a", client_secret="b")
    with pytest.raises(SettingsError, match="32 hexadecimal"):
        GreenLake.auth(given)


def test_a_given_token_is_used_as_it_is_and_client_credentials_fetch_one() -> None:
    assert isinstance(GreenLake.auth(settings()), StaticToken)
    assert isinstance(GreenLake.auth(settings(client_id="a", client_secret="b")), ClientCredentials)


# Reading a row


def test_a_row_with_nothing_but_its_identity_is_an_empty_record() -> None:
    found = device()
    assert (found.id, found.cloud_id, found.serial, found.name) == (uuid(1), uuid(1), "SN1", "SN1")
    assert (found.tags, found.subscriptions, found.application, found.space, found.contact) == ({}, [], None, None, None)
    assert (found.organization, found.warranty, found.archived, found.last_seen, found.raw) == (None, None, None, None, None)


@pytest.mark.parametrize("name", ["id", "serialNumber"])
def test_a_row_without_an_identity_is_a_bad_answer_that_names_the_property(name: str) -> None:
    with pytest.raises(BadAnswer, match=f"no {name}"):
        _device_from_json({**row(1), name: None})


@pytest.mark.parametrize(
    "value",
    [
        [{"id": "s", "key": "K", "tier": "T", "startTime": "a", "endTime": "b"}],
        {"id": "s", "key": "K", "tier": "T", "startTime": "a", "endTime": "b", "resourceUri": "/x"},
    ],
)
def test_subscriptions_are_a_list_in_whatever_form_they_come(value: t.Any) -> None:
    assert device(subscription=value).subscriptions == [{"id": "s", "key": "K", "tier": "T", "start": "a", "end": "b"}]
    assert device(subscription=None).subscriptions == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"type": "WORKSPACE-USER", "workspaceUser": {"id": "u"}}, {"user_id": "u"}),
        ({"type": "WORKSPACE-USER", "WorkspaceUser": {"id": "u"}}, {"user_id": "u"}),
        ({"type": "WORKSPACE-USER", "id": "u", "email": "a@b"}, {"user_id": "u", "email": "a@b"}),
        ({"type": "NON-WORKSPACE-USER", "id": "x", "email": "a@b", "firstName": "A"}, {"email": "a@b", "first_name": "A"}),
        ({"type": "NON-WORKSPACE-USER", "nonWorkspaceUser": {"email": "a@b"}}, {"email": "a@b"}),
        ({"type": "WORKSPACE-USER", "workspaceUser": None}, None),
        ({}, None),
        ("somebody", None),
    ],
)
def test_a_contact_is_read_in_every_form_that_the_vendor_has_shown(value: t.Any, expected: t.Any) -> None:
    assert contact_record(value) == expected


def test_a_full_row_fills_the_record() -> None:
    found = device(
        deviceName="",
        secondaryName="os-name",
        macAddress="AA:BB:CC:00:11:22",
        application={"id": "app"},
        region="us-west",
        location={"id": "loc", "locationName": "Office"},
        tenantWorkspaceId="ten",
        inUseWorkspace={"id": "other"},
        warranty={"country": "DE", "currentSupportLevel": {"serviceLevel": "L", "endDate": "2030-01-01"}},
        archived=False,
    )
    assert (found.name, found.mac) == ("os-name", "aa:bb:cc:00:11:22")
    assert found.application == {"id": "app", "region": "us-west"}
    assert found.space == {"id": "loc", "name": "Office", "path": None}
    assert found.organization == {"id": "ten", "name": None}
    assert found.warranty == {"service_level": "L", "end_date": "2030-01-01", "country": "DE"}


def test_odd_forms_of_empty_are_nothing() -> None:
    found = device(application={"id": None}, location={}, warranty={"currentSupportLevel": None}, inUseWorkspace={"id": "w"})
    assert (found.application, found.space, found.warranty) == (None, None, None)
    assert found.organization == {"id": "w", "name": None}
    assert device(warranty={"currentSupportLevel": "BASE"}).warranty == {"service_level": "BASE"}


# Checks that need no call


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device_id": "12"}, "not a UUID"),
        ({"device_id": "A" + uuid(1)[1:]}, "write it as 'a0000000-"),
        ({"device_type": "AP"}, "COMPUTE, NETWORK, STORAGE"),
        ({"space": "X", "create_space": True}, "cannot make locations"),
        ({"tags": ["label"]}, "keys with values"),
        ({"tags": {"": "x"}}, "1 to 128"),
        ({"tags": {"a" * 129: "x"}}, "1 to 128"),
        ({"tags": {"a": "x" * 257}}, "at most 256"),
        ({"tags": {"a/b": "x"}}, "holds '/'"),
        ({"tags": {"a": "it's"}}, 'holds "\'"'),
        ({"tags": {"City": "x", "city": "y"}}, "one key"),
        ({"tags": {"HPE:x": "y"}}, "reserved"),
        ({"tags": {f"k{number}": "v" for number in range(51)}}, "can have 50"),
        ({"application": {"id": uuid(1), "zone": "x"}}, "unknown key 'zone'"),
        ({"application": {"region": "x"}}, "id or name"),
        ({"application": {"id": uuid(1), "name": "x"}}, "id or name"),
        ({"application": {"id": uuid(1), "region": 5}}, "are text"),
        ({"application": {"id": "central"}}, "not a UUID"),
        ({"transfer_to": "Tenant"}, "tenant workspace"),
        ({"transfer_to": uuid(1), "application": {}}, "takes it away"),
        ({"contact": {"mail": "x"}}, "unknown key 'mail'"),
        ({"contact": {"first_name": "x"}}, "user_id"),
        ({"contact": {"email": 5}}, "is text"),
        ({"warranty": {}}, "cannot take"),
        ({"warranty": {"level": "x"}}, "unknown key 'level'"),
        ({"warranty": {"service_level": 5}}, "are text"),
    ],
)
def test_a_wrong_declaration_is_refused_without_a_call(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        vendor().check(declared(**options))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mac": "aabbccddeeff"}, "adding needs serial"),
        ({"serial": "S", "device_id": uuid(1)}, "leave device_id"),
        ({"serial": "S"}, "say what is added"),
        ({"serial": "S", "model": "P"}, "say what is added"),
        ({"serial": "S", "model": "P", "mac": "aabbccddeeff"}, "say what is added"),
        ({"serial": "S", "device_type": "NETWORK"}, "serial and mac"),
        ({"serial": "S", "device_type": "STORAGE"}, "serial and model"),
    ],
)
def test_a_device_is_not_added_by_half_of_what_it_takes(options: dict[str, t.Any], words: str) -> None:
    assert words in (vendor().claim_refusal(declaration_from(options)) or "")


def test_what_it_takes_to_add_each_kind_of_device_is_enough() -> None:
    for options in ({"mac": "aabbccddeeff"}, {"model": "P", "device_type": "compute"}, {"model": "P", "device_type": "STORAGE"}):
        assert vendor().claim_refusal(declared(**options)) is None


# Planning


def test_tags_are_merged_and_purged_without_touching_system_tags() -> None:
    observed = device(tags={"City": "London", "old": "x", "hpe:loc": "1"})
    assert bodies(plan(observed, declared(tags={"city": "Paris", "empty": "", "old": None}))) == [
        {"tags": {"old": None, "City": "Paris", "empty": ""}}
    ]
    assert bodies(plan(observed, declared(tags={"city": "London"}, purge_tags=True))) == [{"tags": {"old": None}}]
    assert not plan(observed, declared(tags={"CITY": "London"})).changes


def test_absent_tags_go_only_where_their_value_is_the_one_that_is_named() -> None:
    observed = device(tags={"a": "1", "b": "2"})
    declaration = Declaration(serial="SN1", absent_tags={"A": None, "b": "3", "c": None})
    assert bodies(plan(observed, declaration)) == [{"tags": {"a": None}}]


def test_more_tags_than_a_device_can_have_are_refused_and_many_bring_a_warning() -> None:
    held = {f"k{number}": "v" for number in range(40)}
    more = {f"m{number}": "v" for number in range(11)}
    with pytest.raises(DeclarationError, match="would have 51"):
        plan(device(tags=held), declared(tags=more))
    assert "help page allows 25" in plan(device(tags=held), declared(tags={"x": "y"})).warnings[0]


def test_device_operations_of_one_device_are_one_call_and_a_subscription_another() -> None:
    declaration = declared(
        tags={"a": "b"},
        space=uuid(9),
        application={"id": uuid(8), "region": "eu"},
        subscriptions=[uuid(7)],
        contact={"user_id": uuid(6)},
        archived=False,
    )
    assert bodies(plan(device(archived=True), declaration)) == [
        {"archived": False},
        {
            "location": {"id": uuid(9)},
            "tags": {"a": "b"},
            "application": {"id": uuid(8)},
            "region": "eu",
            "contact": {"type": "WORKSPACE-USER", "workspaceUser": {"id": uuid(6)}},
        },
        {"subscription": [{"id": uuid(7)}]},
    ]


def test_calls_carry_what_the_vendor_wants_to_see() -> None:
    (call,) = plan(device(), declared(tags={"a": "b"})).changes[0].calls
    assert call == Call(
        "PATCH",
        "/devices/v2beta1/devices",
        (("id", uuid(1)),),
        {"tags": {"a": "b"}},
        "application/merge-patch+json",
        "patch",
        "after_reading",
        2,
        ("-/SN1",),
        True,
    )
    with pytest.raises(ValueError, match="no call for rename"):
        call_for(Change("x", "rename", "name", "a", "b"))


def test_a_name_is_compared_and_never_set() -> None:
    assert not plan(device(deviceName="a"), declared(name="a")).changes
    with pytest.raises(Unsupported, match="host name that the device reports"):
        plan(device(deviceName="a"), declared(name="b"))


def test_an_application_without_a_region_is_refused_unless_the_device_has_it_there() -> None:
    with pytest.raises(DeclarationError, match="needs region"):
        plan(device(), declared(application={"id": uuid(8)}))
    assert not plan(device(application={"id": uuid(8)}, region="eu"), declared(application={"id": uuid(8)})).changes


def test_a_transfer_takes_the_application_along() -> None:
    observed = device(application={"id": uuid(8)}, region="eu", inUseWorkspace={"id": uuid(1)})
    assert bodies(plan(observed, declared(transfer_to=uuid(5)))) == [
        {"application": {"id": uuid(8)}, "region": "eu", "tenantWorkspaceId": uuid(5)}
    ]
    with pytest.raises(DeclarationError, match="declare application"):
        plan(device(), declared(transfer_to=uuid(5)))
    moved = device(tenantWorkspaceId=uuid(5).replace("-", "").upper(), application={"id": uuid(8)}, region="eu")
    assert not plan(moved, declared(transfer_to=uuid(5))).changes


def test_unassigning_and_archiving_show_what_goes_with_them_and_send_one_call() -> None:
    observed = device(application={"id": uuid(8)}, region="eu", subscription=[{"id": uuid(7), "key": "K"}])
    unassigned = plan(observed, declared(application={}, subscriptions=[]))
    assert bodies(unassigned) == [{"application": {"id": None}, "region": None}]
    assert unassigned.after is not None
    assert (unassigned.after.application, unassigned.after.subscriptions) == (None, [])
    archived = plan(observed, declared(archived=True, application={}))
    assert bodies(archived) == [{"archived": True}]
    assert archived.after is not None
    assert (archived.after.application, archived.after.subscriptions, archived.after.archived) == (None, [], True)
    kept = plan(observed, declared(application={}, subscriptions=["K"]))
    assert bodies(kept) == [{"application": {"id": None}, "region": None}, {"subscription": [{"id": uuid(7)}]}]


def test_unassigning_a_device_without_subscriptions_leaves_a_declared_one_to_its_own_call() -> None:
    observed = device(application={"id": uuid(8)}, region="eu")
    assert bodies(plan(observed, declared(application={}, subscriptions=[uuid(7)]))) == [
        {"application": {"id": None}, "region": None},
        {"subscription": [{"id": uuid(7)}]},
    ]


def test_only_the_declared_parts_of_a_contact_are_compared_and_the_others_stay() -> None:
    observed = device(contact={"type": "NON-WORKSPACE-USER", "nonWorkspaceUser": {"email": "A@b", "firstName": "Al"}})
    assert not plan(observed, declared(contact={"email": "a@B"})).changes
    assert bodies(plan(observed, declared(contact={"email": "A@b", "last_name": "Ko"})))[0]["contact"]["nonWorkspaceUser"] == {
        "email": "A@b",
        "firstName": "Al",
        "lastName": "Ko",
    }
    assert bodies(plan(observed, declared(contact={"email": "c@d"})))[0]["contact"]["nonWorkspaceUser"] == {"email": "c@d"}
    assert bodies(plan(observed, declared(contact={}))) == [{"contact": {}}]
    user = device(contact={"type": "WORKSPACE-USER", "workspaceUser": {"id": uuid(3)}})
    assert not plan(user, declared(contact={"userId": uuid(3).replace("-", "")})).changes
    assert plan(user, declared(contact={"email": "a@b"})).changes


def test_a_warranty_compares_as_points_in_time_and_takes_both_parts() -> None:
    level = {"currentSupportLevel": {"serviceLevel": "L", "endDate": "2030-01-01T00:00:00.000Z"}}
    discovered = device(source="DISCOVERED", warranty=level)
    assert not plan(discovered, declared(warranty={"serviceLevel": "L", "endDate": date(2030, 1, 1)})).changes
    assert bodies(plan(discovered, declared(warranty={"service_level": "M"}))) == [
        {"warranty/currentSupportLevel": {"endDate": "2030-01-01T00:00:00.000Z", "serviceLevel": "M"}}
    ]
    with pytest.raises(DeclarationError, match="needs end_date"):
        plan(device(source="DISCOVERED"), declared(warranty={"service_level": "M"}))
    with pytest.raises(DeclarationError, match="discovered only"):
        plan(device(warranty=level), declared(warranty={"end_date": "2031-09-09"}))


def test_doubts_are_said_and_do_not_stop_a_plan() -> None:
    found = plan(device(archived=True, category="COMPUTE"), declared(tags={"a": "b"}, device_type="NETWORK"))
    assert [text.split(",")[0] for text in found.warnings] == ["declared as NETWORK", "the device is archived"]
    assert not plan(device(archived=True), declared(archived=True)).warnings


def test_observed_names_and_keys_need_no_looking_up() -> None:
    observed = device(location={"id": uuid(9), "locationName": "Office"}, subscription={"id": uuid(7), "key": "K"})
    adapter = vendor(FakeClient())
    adapter.prepare([(declared(space="Office", subscriptions=["K"]), observed)])
    assert t.cast(FakeClient, adapter.client).asked == []
    assert not plan(observed, declared(space="Office", subscriptions=["K"]), adapter).changes
    assert not plan(observed, declared(space=uuid(9).upper())).changes


def test_names_that_mean_nothing_or_two_things_are_errors() -> None:
    client = FakeClient().will(
        "/locations/v1/locations",
        {"items": [{"id": "1", "name": "Twin"}, {"id": "2", "name": "Twin"}, {"id": "3", "name": "Else"}]},
        {"items": []},
    )
    client.will("/service-catalog/v1/service-managers", {"items": [], "total": 0})
    client.will("/subscriptions/v1/subscriptions", {"items": [], "total": 0})
    adapter = vendor(client)
    wanted = [
        declared(1, space="Twin"),
        declared(2, space="Nowhere"),
        declared(3, application={"name": "Nothing", "region": "eu"}),
        declared(4, subscriptions=["NO"]),
    ]
    adapter.prepare([(declaration, device()) for declaration in wanted])
    for declaration, kind, words in zip(
        wanted,
        (Ambiguous, NotFound, NotFound, NotFound),
        ("fits 2", "no location 'Nowhere'", "service manager", "the key 'NO'"),
        strict=True,
    ):
        with pytest.raises(kind, match=words) as caught:
            adapter.resolve(declaration, device())
        assert caught.value.device == declaration.address
    assert [path for path, _query in client.asked].count("/locations/v1/locations") == 2


# Adding


def steps(*device_plans: DevicePlan) -> list[Call]:
    return [step.call for step in steps_for(vendor(), device_plans)]


def test_new_devices_are_added_five_in_a_call_with_all_three_lists() -> None:
    network = [plan(None, declared(number, mac=f"aabbccddee{number:02d}", tags={"a": "b"})) for number in range(1, 6)]
    compute = plan(None, declared(6, model="P", device_type="COMPUTE"))
    calls = steps(*network, compute)
    assert [call.path for call in calls] == ["/devices/v1/devices"] * 2
    assert calls[0].body["network"][0] == {"serialNumber": "SN1", "macAddress": "AA:BB:CC:DD:EE:01", "tags": {"a": "b"}}
    assert [len(calls[0].body[kind]) for kind in ("network", "compute", "storage")] == [5, 0, 0]
    assert calls[1].body == {"network": [], "compute": [{"serialNumber": "SN6", "partNumber": "P"}], "storage": []}
    assert {call.repeat for call in calls} == {"never"}


def test_a_device_with_a_location_is_added_alone_and_several_that_share_it_together() -> None:
    one = plan(None, declared(mac="aabbccddeeff", space=uuid(9), contact={"email": "a@b"}))
    (call,) = steps(one)
    assert call.path == "/devices/v2beta1/devices"
    assert call.body == {
        "serialNumber": "SN1",
        "macAddress": "AA:BB:CC:DD:EE:FF",
        "deviceType": "NETWORK",
        "location": {"id": uuid(9)},
        "contact": {"type": "NON-WORKSPACE-USER", "nonWorkspaceUser": {"email": "a@b"}},
    }
    adapter = vendor(FakeClient())
    many = [declared(number, mac=f"aabbccddee{number:02d}", space=uuid(9), contact={"email": "a@b"}) for number in range(1, 6)]
    adapter.prepare([(declaration, None) for declaration in many])
    plans = [plan(None, declaration, adapter) for declaration in many]
    calls = steps(*plans)
    assert [(call.method, call.path) for call in calls] == [
        ("POST", "/devices/v1/devices"),
        ("PATCH", "/devices/v2beta1/devices"),
    ]
    assert calls[1].query == tuple(("id", NewId(f"-/SN{number}")) for number in range(1, 6))
    assert {tuple(change.action for change in found.changes) for found in plans} == {("claim", "move", "set_contact")}
    assert plans[0].after is not None
    assert plans[0].after.space is not None


@pytest.mark.parametrize(
    ("sizes", "plain", "assigned", "alone"),
    [
        ([1], 0, False, 1),
        ([2], 0, False, 2),
        ([3], 0, False, 0),
        ([2], 3, False, 0),
        ([1, 1, 1], 0, False, 3),
        ([1, 30], 2, False, 1),
        ([1] * 10, 0, True, 10),
        ([], 7, False, 0),
    ],
)
def test_the_way_of_adding_is_the_one_with_the_fewest_calls(sizes: list[int], plain: int, assigned: bool, alone: int) -> None:
    devices = [
        NewDevice(f"{group}-{number}", group, "app" if assigned else None)
        for group, size in enumerate(sizes)
        for number in range(size)
    ]
    devices += [NewDevice(f"plain-{number}", None, None) for number in range(plain)]
    assert len(added_alone(devices)) == alone


# Merging


def test_equal_patches_are_joined_to_twenty_five_devices() -> None:
    plans = [plan(device(number), declared(number, tags={"a": "b"})) for number in range(1, 28)]
    assert [len(call.query) for call in steps(*plans)] == [25, 2]


def test_what_all_devices_share_travels_apart_from_what_each_has_for_itself() -> None:
    plans = [
        plan(device(number), declared(number, tags={"asset": str(number % 6)}, space=uuid(number % 5))) for number in range(1, 31)
    ]
    calls = steps(*plans)
    assert len(calls) == 11
    assert {tuple(call.body) for call in calls} == {("tags",), ("location",)}
    same_tag = [plan(device(number), declared(number, tags={"a": "b"}, space=uuid(9))) for number in range(1, 4)]
    assert len(steps(*same_tag)) == 1


def test_a_part_of_a_joined_step_merges_to_the_same_call_for_fewer_devices() -> None:
    plans = [plan(device(number), declared(number, tags={"a": "b"}, space=uuid(9))) for number in range(1, 4)]
    (step,) = steps_for(vendor(), plans)
    (fewer,) = vendor().merge(step.parts[1:])
    assert fewer.call.body == step.call.body
    assert fewer.addresses == ("-/SN2", "-/SN3")
    assert [change.action for change in fewer.changes] == ["move", "tag", "move", "tag"]


def test_a_dry_run_asks_the_vendor_to_check_and_needs_an_id() -> None:
    adapter = vendor()
    (call,) = plan(device(), declared(tags={"a": "b"})).changes[0].calls
    dry = adapter.dry_run_call(call)
    assert dry is not None
    assert (dry.query, dry.job) == ((("id", uuid(1)), ("dry-run", "true")), False)
    fresh = plan(None, declared(mac="aabbccddeeff", application={"id": uuid(8), "region": "eu"}))
    assert adapter.dry_run_call(fresh.changes[1].calls[0]) is None
    assert adapter.dry_run_call(Call("GET", "/x")) is None


# Reading


def test_serials_are_asked_for_by_one_filter() -> None:
    client = FakeClient(row(1), row(2), row(3))
    found = vendor(client).read([declared(1), declared(2)])
    assert [item.serial for item in found.devices] == ["SN1", "SN2"]
    assert client.asked == [
        ("/devices/v1/devices", {"filter": "serialNumber in ('SN1','SN2')", "limit": 2000, "sort": "serialNumber"})
    ]


def test_many_serials_of_a_small_inventory_take_its_one_page() -> None:
    client = FakeClient(*(row(number) for number in range(300)))
    assert len(vendor(client).read([declared(number) for number in range(250)]).devices) == 250
    assert len(client.asked) == 1


def test_a_few_serials_that_the_first_page_does_not_show_are_asked_for() -> None:
    client = FakeClient(*(row(number) for number in range(9000)))
    found = vendor(client).read([declared(number) for number in (*range(150), 8000, 8001)]).devices
    assert {"SN8000", "SN8001"} <= {item.serial for item in found}
    assert [query.get("filter") for _path, query in client.asked] == [None, "serialNumber in ('SN8000','SN8001')"]


def test_long_serials_are_cut_into_filters_that_no_gateway_refuses() -> None:
    client = FakeClient(*(row(number) for number in range(9000)))
    vendor(client).refresh_all([device(number, serialNumber=f"{number:0500d}") for number in range(1, 11)], [])
    sent = [query["filter"] for _path, query in client.asked if "filter" in query]
    assert len(sent) == 2
    assert max(len(condition) for condition in sent) < 3000


def test_many_ids_of_a_small_inventory_take_its_one_page() -> None:
    client = FakeClient(*(row(number) for number in range(150)))
    found = vendor(client).read([Declaration(device_id=uuid(number)) for number in range(170)])
    assert (len(found.devices), len(client.asked)) == (150, 1)


def test_a_filter_that_the_vendor_ignores_is_an_error_and_not_an_answer() -> None:
    client = FakeClient(row(1), row(2))
    client.ignored = True
    with pytest.raises(BadAnswer, match="ignored the filter"):
        vendor(client).read([declared(1)])


def test_an_id_that_a_filter_does_not_show_is_read_by_itself() -> None:
    client = FakeClient(row(1), row(2))
    client.refused = {"id"}
    found = vendor(client).read([Declaration(device_id=uuid(1)), Declaration(cloud_id=uuid(7))])
    assert [item.id for item in found.devices] == [uuid(1)]
    assert [path for path, _query in client.asked][1:] == [f"/devices/v1/devices/{uuid(1)}", f"/devices/v1/devices/{uuid(7)}"]


def test_many_ids_that_a_filter_does_not_show_take_the_listing() -> None:
    client = FakeClient(row(1))
    client.ignored = True
    found = vendor(client).read([Declaration(device_id=uuid(number)) for number in range(1, 13)])
    assert [item.id for item in found.devices] == [uuid(1)]


def test_a_mac_of_another_device_is_seen_before_anything_is_added() -> None:
    client = FakeClient(row(2, macAddress="AA:BB:CC:DD:EE:FF"))
    wanted = declared(1, mac="aabb.ccdd.eeff")
    assert [item.serial for item in vendor(client).read([wanted]).devices] == ["SN2"]
    # MACs are not documented to be filterable: only the whole listing can tell.
    assert [query.get("filter") for _path, query in client.asked] == ["serialNumber eq 'SN1'", None]


def test_a_name_or_a_mac_alone_takes_the_whole_listing() -> None:
    client = FakeClient(row(1), row(2, deviceName="x"), row(3))
    assert {item.serial for item in vendor(client).read([Declaration(name="x"), declared(1)]).devices} == {"SN1", "SN2"}
    assert [query for _path, query in client.asked if "filter" in query] == []


def test_a_row_without_a_serial_number_is_a_bad_answer_and_no_missing_device() -> None:
    client = FakeClient(row(1), row(2, serialNumber=None))
    with pytest.raises(BadAnswer, match="serialNumber"):
        vendor(client).read([Declaration(name="x"), declared(1)])


@pytest.mark.parametrize("body", [None, {}, {"items": {}}, {"items": ["x"]}, []])
def test_a_listing_without_items_is_a_bad_answer(body: t.Any) -> None:
    client = FakeClient().will("/devices/v1/devices", body)
    with pytest.raises(BadAnswer, match="no items"):
        vendor(client).read([Declaration(name="x")])


def test_a_device_that_is_gone_is_none_when_it_is_read_again() -> None:
    client = FakeClient(row(1), row(2))
    found = vendor(client).refresh_all([device(1), device(7)], [])
    assert [item and item.id for item in found] == [uuid(1), None]
    assert vendor(client).refresh(device(2), []) == device(2)


# Listing


def test_a_quote_in_a_literal_is_doubled() -> None:
    assert any_of("name", ["O'Hara"]) == "name eq 'O''Hara'"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), ()),
        (Query(vendor_filter="a eq 'b' or c eq 'd'"), (("filter", "a eq 'b' or c eq 'd'"),)),
        (
            Query(vendor_filter="a eq 'b' or c eq 'd'", serial="S"),
            (("filter", "(a eq 'b' or c eq 'd') and serialNumber eq 'S'"),),
        ),
        (Query(filters={"device_type": ["AP", "SWITCH"], "status": "X"}), (("filter", "deviceType in ('AP','SWITCH')"),)),
        (Query(filters={"tags": {"a": "b", "c": "d"}}), (("filter-tags", "'a' eq 'b' and 'c' eq 'd'"),)),
        (Query(filters={"tags.a": ["b", "c"]}), (("filter-tags", "'a' in 'b', 'c'"),)),
        (Query(filters={"tags.a": None, "tags": {"a": None}, "device_type": None}), ()),
        (Query(vendor_filter_tags="'x' eq 'y'", filters={"tags.a": "b"}), (("filter-tags", "'x' eq 'y'"),)),
        (
            Query(fields=("mac", "online"), filters={"space": "x"}, sort=("model",)),
            (("select", "id,location,macAddress,model,serialNumber"),),
        ),
        (Query(fields=("mac", "contact")), ()),
        (Query(fields=("mac",), include_raw=True), ()),
        (
            Query(fields=("tags",), search="x", group_by="model"),
            (("select", "deviceName,id,macAddress,model,secondaryName,serialNumber,tags"),),
        ),
    ],
)
def test_a_query_becomes_the_parameters_of_the_listing(query: Query, expected: t.Any) -> None:
    assert asked(query).parameters == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ((), "serialNumber"),
        (("name",), "serialNumber"),
        (("mac desc", "serial"), "macAddress desc,serialNumber"),
    ],
)
def test_sorting_is_the_vendors_where_it_has_the_property(sort: tuple[str, ...], expected: str) -> None:
    assert asked(Query(sort=sort)).sort == expected


@pytest.mark.parametrize(
    ("query", "most"),
    [
        (Query(limit=3), 3),
        (Query(limit=3, sort=("serial desc",)), 3),
        (Query(limit=3, sort=("name",)), None),
        (Query(limit=3, search="x"), None),
        (Query(limit=3, filters={"status": "x"}), None),
        (Query(limit=3, vendor_filter_tags="'a' eq 'b'", filters={"tags.c": "d"}), None),
    ],
)
def test_a_limit_is_the_vendors_only_where_nothing_is_sifted_here(query: Query, most: int | None) -> None:
    assert asked(query).most == most


@pytest.mark.parametrize(
    "query",
    [
        Query(gather=frozenset({"tags"})),
        Query(include_sub_organizations=True),
        Query(owner_email="a@b"),
        Query(user_email="a@b"),
        Query(activated_within=5),
        Query(event_type="x"),
    ],
)
def test_a_reading_option_that_the_vendor_lacks_is_refused(query: Query) -> None:
    with pytest.raises(Unsupported, match="greenlake has no"):
        vendor(FakeClient()).list_devices(query)


def test_a_filter_on_what_the_vendor_never_shows_is_refused() -> None:
    with pytest.raises(Unsupported, match="no online to filter by; it can filter by account"):
        vendor(FakeClient()).list_devices(Query(filters={"online": True}))


def test_an_id_that_is_none_is_not_sent() -> None:
    with pytest.raises(DeclarationError, match="not a UUID"):
        vendor(FakeClient()).list_devices(Query(device_id="../x?y=z"))


def test_a_device_without_an_id_is_a_bad_answer_when_it_is_read_by_id() -> None:
    client = FakeClient().will(f"/devices/v1/devices/{uuid(1)}", [])
    with pytest.raises(BadAnswer, match="no id"):
        vendor(client).read([Declaration(device_id=uuid(1))])


def test_a_page_size_out_of_range_is_refused() -> None:
    with pytest.raises(DeclarationError, match="1 to 2000"):
        vendor(FakeClient()).list_devices(Query(page_size=2001))


def test_a_listing_is_read_in_pages_of_the_wanted_size_and_stops_at_a_limit() -> None:
    client = FakeClient(*(row(number) for number in range(5)))
    assert len(vendor(client).list_devices(Query(page_size=2)).devices) == 5
    assert len(client.asked) == 3
    client.asked.clear()
    assert len(vendor(client).list_devices(Query(limit=2)).devices) == 2
    assert [query["limit"] for _path, query in client.asked] == [2]


def test_a_limit_is_not_taken_from_rows_that_the_vendor_did_not_filter() -> None:
    client = FakeClient(row(1, deviceType="AP"), row(2, deviceType="SWITCH", tags={"City": "London"}))
    client.ignored = True
    found = vendor(client).list_devices(Query(limit=1, filters={"device_type": "SWITCH", "tags.city": "London"})).devices
    assert [item.serial for item in found] == ["SN1", "SN2"]
    assert asked(Query(filters={"device_type": "SWITCH", "tags.city": "London"})).fits(client.rows[1])


def test_a_selected_name_is_looked_up_once_for_all_that_declare_it() -> None:
    client = FakeClient()
    client.will("/locations/v1/locations", {"items": [{"id": uuid(9), "name": "Office"}], "total": 1})
    client.will("/service-catalog/v1/service-managers", {"items": [{"id": uuid(8), "name": "Central"}], "total": 1})
    client.will("/subscriptions/v1/subscriptions", {"items": [{"id": uuid(7), "key": "K", "tier": "T"}], "total": 1})
    provisions = [{"id": "p", "serviceManager": {"id": uuid(8)}, "region": "eu"}, {"id": "q", "region": "us"}]
    client.will("/service-catalog/v1/service-manager-provisions", {"items": provisions, "total": 2})
    adapter = vendor(client)
    wanted = [
        declared(number, space="Office", application={"name": "Central", "region": "eu"}, subscriptions=["K"])
        for number in (1, 2)
    ]
    adapter.prepare([(declaration, device(number)) for number, declaration in enumerate(wanted, start=1)])
    adapter.prepare([(declaration, device(number)) for number, declaration in enumerate(wanted, start=1)])
    desired = adapter.resolve(wanted[1], device(2))
    assert desired.values["space"] == {"id": uuid(9), "name": "Office", "path": None}
    assert desired.values["application"] == {"id": uuid(8), "region": "eu"}
    assert desired.values["subscriptions"][0]["tier"] == "T"
    assert len(client.asked) == 3
    regionless = declared(3, application={"name": "Central"})
    adapter.prepare([(regionless, device(3))])
    with pytest.raises(DeclarationError, match="provisioned in eu$"):
        adapter.resolve(regionless, device(3))


def test_devices_are_listed_by_identity() -> None:
    client = FakeClient(row(1, macAddress="AA:BB:CC:DD:EE:FF", deviceName="x"), row(2))
    for query in (
        Query(device_id=uuid(1)),
        Query(cloud_id=uuid(1)),
        Query(mac="aabbccddeeff"),
        Query(name="x"),
        Query(serial="SN1"),
    ):
        assert [item.id for item in vendor(client).list_devices(query).devices] == [uuid(1)]
    assert vendor(client).list_devices(Query(device_id=uuid(9))).devices == []
    with_raw = vendor(client).list_devices(Query(serial="SN2", include_raw=True)).devices[0]
    assert with_raw.raw == row(2)


def test_a_selected_listing_leaves_the_other_fields_open() -> None:
    client = FakeClient({"id": uuid(1), "serialNumber": "SN1", "model": "M"})
    found = vendor(client).list_devices(Query(fields=("model",))).devices[0]
    assert (found.model, found.name, found.tags, found.subscriptions) == ("M", None, None, None)


def test_the_vendor_counts_by_its_own_properties() -> None:
    client = FakeClient()
    client.will(
        "/devices/v2beta1/devices/group", {"items": [{"model": "B", "count": 2}, {"model": None, "count": 1}], "total": 2}
    )
    groups = vendor(client).list_devices(Query(group_by="model", filters={"device_type": "AP"})).groups
    assert groups == [{"key": "B", "count": 2}, {"key": None, "count": 1}]
    assert client.asked[0][1] == {"group-by": "model", "filter": "deviceType eq 'AP'", "limit": 100}
    client.will("/devices/v2beta1/devices/group", {"items": [{"model": "B"}], "total": 1})
    with pytest.raises(BadAnswer, match="no count"):
        vendor(client).list_devices(Query(group_by="model"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(group_by="device_type"), "deviceType"),
        (Query(group_by="category"), "category"),
        (Query(group_by="space"), None),
        (Query(group_by="model", search="x"), None),
        (Query(group_by="model", vendor_filter_tags="'a' eq 'b'"), None),
    ],
)
def test_what_the_vendor_cannot_count_is_counted_here(query: Query, expected: str | None) -> None:
    assert group_property(query) == expected


# Jobs

JOB = "/devices/v1/async-operations/j-1"
STARTED = Answer(202, None, {"location": JOB})


def follow_up(client: FakeClient, *device_plans: DevicePlan, answer: Answer = STARTED, number: int = 0) -> dict[str, Outcome]:
    return vendor(client).finish(steps_for(vendor(), device_plans)[number], answer, client.deadline())


def statuses(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {address[-3:]: outcome.status for address, outcome in sorted(outcomes.items())}


def tagged(*numbers: int) -> list[DevicePlan]:
    return [plan(device(number), declared(number, tags={"a": "b"})) for number in numbers]


def added(*numbers: int) -> list[DevicePlan]:
    return [plan(None, declared(number, mac=f"aabbccddee{number:02d}", tags={"a": "b"})) for number in numbers]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Location": JOB}, None),
        ({"location": f"/greenlake{JOB}"}, None),
        ({"location": f"{URL}{JOB}"}, None),
        ({"location": JOB.replace("v1", "v2beta1")}, None),
        ({}, {"transactionId": "j-1"}),
        ({"location": "/elsewhere"}, {"transactionId": "j-1"}),
    ],
)
def test_the_job_is_found_in_every_form_of_its_place(headers: dict[str, str], body: t.Any) -> None:
    assert job_path(Answer(202, body, headers), URL) == JOB


@pytest.mark.parametrize(
    ("headers", "body", "words"),
    [
        ({"location": f"http://evil.example{JOB}"}, None, "another host"),
        ({}, None, "which job"),
        ({}, {"transactionId": "../x"}, "which job"),
    ],
)
def test_a_job_on_another_host_or_nowhere_is_refused(headers: dict[str, str], body: t.Any, words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        job_path(Answer(202, body, headers), URL)


@pytest.mark.parametrize("status", ["INITIALIZED", "RUNNING", "PENDING", "PAUSED", "SOMETHING", None])
def test_every_other_status_is_a_job_under_way(status: str | None) -> None:
    assert ended({"status": status}) is None


@pytest.mark.parametrize(
    ("result", "failed", "succeeded"),
    [
        ("SUCCEEDED", {}, set()),
        (None, {}, set()),
        ([], {}, set()),
        ({"failedDevicesSerial": ["S1", 5]}, {"S1": ""}, set()),
        ({"succeededDevices": [{"id": "a"}, {"serialNumber": "S"}], "failedDevices": None}, {}, {"a", "S"}),
        (
            {
                "failedDevices": [
                    {"id": "a", "errorCode": "E", "messages": ["x", "y"]},
                    {"id": "b", "message": "z"},
                    {"id": "c", "errorCode": "E"},
                ]
            },
            {"a": "x; y (E)", "b": "z", "c": "E"},
            set(),
        ),
    ],
)
def test_results_are_read_in_every_form(result: t.Any, failed: dict[str, str], succeeded: set[str]) -> None:
    job = ended({"status": "FAILED", "result": result})
    assert job is not None
    assert (dict(job.failed), set(job.succeeded)) == (failed, succeeded)


def test_a_job_is_polled_at_the_interval_that_it_suggests() -> None:
    client = FakeClient().will(
        JOB,
        {"status": "RUNNING", "suggestedPollingIntervalSeconds": 0},
        {"status": "RUNNING", "suggestedPollingIntervalSeconds": 3},
        {"status": "RUNNING"},
        {"status": "SUCCEEDED", "result": "SUCCEEDED"},
    )
    assert statuses(follow_up(client, *tagged(1, 2))) == {"SN1": "done", "SN2": "done"}
    assert client.pauses == [0.05, 3.0, 2.0]


def test_partial_success_is_told_device_by_device() -> None:
    result = {"succeededDevices": [{"id": uuid(1)}], "failedDevices": [{"serialNumber": "SN2", "messages": ["no"]}]}
    client = FakeClient(row(3, tags={"a": "b"}), row(4)).will(JOB, {"status": "FAILED", "result": result})
    outcomes = follow_up(client, *tagged(1, 2, 3, 4))
    assert statuses(outcomes) == {"SN1": "done", "SN2": "failed", "SN3": "done", "SN4": "failed"}
    assert outcomes["-/SN2"].message == "the vendor's job failed for this device: no"
    assert len(client.asked) == 2


def test_an_id_in_a_result_is_recognized_for_a_device_that_is_new_in_this_plan() -> None:
    fresh = plan(None, declared(1, mac="aabbccddeeff", application={"id": uuid(8), "region": "eu"}))
    client = FakeClient(row(1)).will(JOB, {"status": "FAILED", "result": {"failedDevices": [{"id": uuid(1), "message": "no"}]}})
    outcomes = follow_up(client, fresh, number=1)
    assert outcomes["-/SN1"] == Outcome("failed", "the vendor's job failed for this device: no")


@pytest.mark.parametrize("status", ["TIMEOUT", "TIMEDOUT"])
def test_a_job_that_ran_out_of_time_is_settled_by_reading(status: str) -> None:
    client = FakeClient(row(1, tags={"a": "b"}), row(2)).will(JOB, {"status": status})
    assert statuses(follow_up(client, *tagged(1, 2))) == {"SN1": "done", "SN2": "unclear"}


@pytest.mark.parametrize("answer", [Gone("gone"), Unavailable("down"), [], {"status": "RUNNING"}])
def test_a_job_that_cannot_be_followed_to_its_end_is_settled_by_reading(answer: t.Any) -> None:
    client = FakeClient(row(1, tags={"a": "b"})).will(JOB, answer)
    assert statuses(follow_up(client, *tagged(1, 2))) == {"SN1": "done", "SN2": "unclear"}


def test_an_answer_that_names_no_job_is_settled_by_reading() -> None:
    assert statuses(follow_up(FakeClient(row(1)), *tagged(1), answer=Answer(202))) == {"SN1": "unclear"}


def test_an_interrupted_wait_is_settled_by_reading() -> None:
    class Closing(FakeClient):
        def pause(self, seconds: float) -> None:
            raise Unavailable("interrupted")

    client = Closing(row(1, tags={"a": "b"})).will(JOB, {"status": "RUNNING"})
    assert statuses(follow_up(client, *tagged(1))) == {"SN1": "done"}


def test_when_reading_back_fails_too_the_change_is_unclear() -> None:
    client = FakeClient().will(JOB, {"status": "FAILED"}).will("/devices/v1/devices", Unavailable("down"))
    assert statuses(follow_up(client, *tagged(1))) == {"SN1": "unclear"}
    assert statuses(follow_up(client, *added(1))) == {"SN1": "unclear"}


def test_a_job_that_succeeded_and_does_not_mention_a_device_is_not_believed_for_it() -> None:
    client = FakeClient(row(2)).will(JOB, {"status": "SUCCEEDED", "result": {"succeededDevices": [{"id": uuid(1)}]}})
    assert statuses(follow_up(client, *tagged(1, 2))) == {"SN1": "done", "SN2": "unclear"}


def test_an_added_device_that_shows_up_late_is_looked_for_again() -> None:
    client = FakeClient().will(JOB, {"status": "SUCCEEDED", "result": "SUCCEEDED"})
    client.will("/devices/v1/devices", {"items": [], "total": 0}, {"items": [row(1, tags={"a": "b"})], "total": 1})
    outcomes = follow_up(client, *added(1))
    assert outcomes["-/SN1"].device == device(1, tags={"a": "b"})
    assert client.pauses == [greenlake.VISIBLE_PAUSE]


def test_an_added_device_that_shows_up_late_is_done_without_an_id() -> None:
    client = FakeClient().will(JOB, {"status": "SUCCEEDED", "result": "SUCCEEDED"})
    (outcome,) = follow_up(client, *added(1)).values()
    assert (outcome.status, outcome.device) == ("done", None)
    assert "does not show the device" in str(outcome.message)


def test_an_added_device_whose_job_ran_out_of_time_is_unclear() -> None:
    client = FakeClient().will(JOB, {"status": "TIMEOUT"})
    assert statuses(follow_up(client, *added(1))) == {"SN1": "unclear"}


def test_a_failed_add_says_what_may_be_wrong_and_believes_the_inventory() -> None:
    client = FakeClient(row(2, tags={"a": "b", "more": "x"}), row(3)).will(
        JOB, {"status": "FAILED", "result": {"failedDevicesSerial": ["SN1", "SN3"]}}
    )
    outcomes = follow_up(client, *added(1, 2, 3))
    assert statuses(outcomes) == {"SN1": "failed", "SN2": "done", "SN3": "failed"}
    assert "another workspace" in str(outcomes["-/SN1"].message)
    assert "did not set tags" in str(outcomes["-/SN3"].message)
    assert {address: outcome.written for address, outcome in outcomes.items()} == {"-/SN1": False, "-/SN2": False, "-/SN3": True}
    assert client.pauses == []


def test_a_device_that_was_in_the_workspace_already_is_done_when_nothing_is_lacking() -> None:
    bare = plan(None, declared(1, mac="aabbccddeeff"))
    client = FakeClient(row(1)).will(JOB, {"status": "FAILED", "result": {"failedDevicesSerial": ["SN1"]}})
    assert statuses(follow_up(client, bare)) == {"SN1": "done"}


def test_a_location_counts_as_set_only_when_it_is_read_back() -> None:
    placed = plan(None, declared(1, mac="aabbccddeeff", space=uuid(9)))
    client = FakeClient(row(1)).will(JOB, {"status": "TIMEDOUT"})
    assert "did not set space" in str(follow_up(client, placed)["-/SN1"].message)


def test_more_values_than_a_filter_may_hold_are_sifted_here() -> None:
    client = FakeClient(*(row(number) for number in range(300)))
    serials = [f"SN{number}" for number in range(150)]
    devices = vendor(client).list_devices(Query(filters={"serial": serials})).devices
    assert [query for _path, query in client.asked if "filter" in query] == []
    assert len(select(devices, Query(filters={"serial": serials}))) == 150


@pytest.mark.parametrize(("space", "app"), [("Here", None), (None, "Central")])
def test_a_look_up_that_is_refused_concerns_only_who_needs_it(space: str | None, app: str | None) -> None:
    client = FakeClient(row(1)).will("/locations/v1/locations", Forbidden("no right", status=403))
    client.will("/service-catalog/v1/service-managers", Forbidden("no right", status=403))
    adapter = vendor(client)
    needs = declared(1, space=space, application={"name": app, "region": "us-west"} if app else None)
    plain = declared(2, tags={"a": "b"})
    adapter.prepare([(needs, device(1)), (plain, device(2))])
    with pytest.raises(DeclarationError, match="could not be looked up.*no right"):
        adapter.resolve(needs, device(1))
    assert adapter.resolve(plain, device(2)).values["tags"] == {"a": "b"}


def test_the_record_after_a_change_has_the_state_that_follows_the_application() -> None:
    central = {"id": uuid(77), "region": "us-west"}
    assigned = plan(device(1, assignedState="UNASSIGNED"), declared(1, application=central))
    assert assigned.after is not None
    assert assigned.after.status == "ASSIGNED_TO_SERVICE"
    held = {"application": {"id": uuid(77)}, "region": "us-west", "assignedState": "ASSIGNED_TO_SERVICE"}
    archived = plan(device(1, **held), declared(1, archived=True))
    assert archived.after is not None
    assert (archived.after.status, archived.after.application) == ("UNASSIGNED", None)


def test_the_model_of_a_new_device_is_not_known_before_it_is_there() -> None:
    made = plan(None, Declaration(serial="SN9", model="P52499-B21", device_type="COMPUTE"))
    assert made.after is not None
    assert made.after.model is None


def test_a_task_that_creates_nothing_looks_for_no_strange_mac() -> None:
    client = FakeClient(row(2, macAddress="AA:BB:CC:DD:EE:FF"))
    vendor(client).read([replace(declared(1, mac="aabb.ccdd.eeff"), creates=False)])
    assert [query.get("filter") for _path, query in client.asked] == ["serialNumber eq 'SN1'"]
