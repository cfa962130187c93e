# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Blynk adapter without a network: a client that answers from a table."""

from __future__ import annotations

import re
import typing as t
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.auth import ClientCredentials, StaticToken
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import AFTER_READING, NEVER, Answer, Call, NewId
from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import ROWS, YES
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    Ambiguous,
    BadAnswer,
    DeclarationError,
    Forbidden,
    Gone,
    IncompleteRead,
    SettingsError,
    Unavailable,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.masking import Masker
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Step, plan_device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import account_settings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_metafields import (
    Metafield,
    declared_value,
    find,
    metafields_from_json,
    shown,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import DONE, FAILED, UNCLEAR
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.blynk import Blynk
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

API = "/api/v1/organization"
TOKEN = "ZJW2kImth5rGzPUBVcSPkqS_YsoFEFJm"
MODEL = "TMPL8RITg_f9Q"


class FakeClient:
    """Answers GETs from ``routes``: path below the API to a body, an error, or a function of the query. ``calls`` logs them."""

    crowd = 1

    def __init__(self, routes=None):
        unreadable = {path: Forbidden(f"{path} may not be read", status=403) for path in ("/templates", "/user")}
        self.routes = {**unreadable, **(routes or {})}
        self.masker = Masker()
        self.calls = []
        self.sent = []

    def get(self, path, query=(), **_options):
        pairs = dict(query)
        short = path.removeprefix(API)
        self.calls.append((short, pairs))
        body = self.routes[short]
        if callable(body):
            body = body(pairs)
        if isinstance(body, Exception):
            raise body
        return Answer(200, body)

    def page(self, path, query=(), **options):
        return self.get(path, query, **options)

    def send(self, call, **_options):
        self.sent.append(call)
        return Answer(204)

    def map(self, function, items):
        return [function(item) for item in items]

    def paths(self):
        return [path for path, _query in self.calls]


def row(number, name="Lobby sensor", **more):
    return {"id": number, "name": name, "templateId": 301, "orgId": 101, "token": TOKEN, "activatedAt": 1707244800000, **more}


def page(*rows, total=None):
    return {"content": list(rows), "totalElements": len(rows) if total is None else total}


def paged(rows):
    """A listing that keeps to page and size."""

    def answer(query):
        start = query["page"] * query["size"]
        return page(*rows[start : start + query["size"]], total=len(rows))

    return answer


def by_organization(**listings):
    """Listings by ``org101``; ``own`` where no orgId is given; an error is raised."""

    def answer(query):
        found = listings[f"org{query['orgId']}" if "orgId" in query else "own"]
        return found if isinstance(found, Exception) else paged(found)(query)

    return answer


def device_route(*rows):
    known = {item["id"]: item for item in rows}
    return lambda query: known.get(query["deviceId"], Gone("absent", status=404))


def settings(**options):
    return account_settings({"token": "static", **options}, name="lab", vendor_facts=Blynk.FACTS, environ={})


def blynk(routes=None, **options):
    return Blynk(settings(**options), FakeClient(routes), now=lambda: 1_718_000_000.0)


def declared(**options):
    return Declaration(account="lab", **options)


def observed(number="7", **fields):
    given = {"name": "Lobby sensor", "organization": {"id": "101", "name": None}, **fields}
    facts = {"template_id": 301, "places": frozenset({"source"}), **given.pop("facts", {})}
    return Device("blynk", account="lab", id=number, cloud_id=number, facts=facts, **given)


def change(action, attribute=None, after=None, **more):
    return Change("lab/Lobby sensor", action, attribute, None, after, **{"device_id": "7", **more})


class TestSettings:
    def test_credentials_are_a_token_or_an_oauth_client(self):
        assert settings().token == "static"
        pair = account_settings(
            {"client_id": "oa2-client-id_x", "client_secret": "s"}, name=None, vendor_facts=Blynk.FACTS, environ={}
        )
        assert isinstance(Blynk.auth(pair), ClientCredentials)
        assert isinstance(Blynk.auth(settings()), StaticToken)

    def test_the_default_url_is_the_vendor_s_and_one_pool_holds_all_calls(self):
        assert settings().url == "https://blynk.cloud"
        assert settings().requests_per_minute == {"all": 10_000}

    def test_every_row_of_the_capability_table_is_answered(self):
        assert set(Blynk.CAPABILITIES) == set(ROWS)

    def test_whatever_cannot_be_done_has_a_reason_and_something_near(self):
        for capability in Blynk.CAPABILITIES.values():
            assert capability.level == YES or (capability.reason and capability.nearest)

    def test_an_account_without_a_client_has_no_names(self):
        with pytest.raises(RuntimeError, match="without a client"):
            Blynk(settings()).names.organization("1")


class TestCalls:
    @pytest.mark.parametrize(
        ("made", "method", "path", "query", "body", "repeat"),
        [
            (change("rename", "name", "Hall"), "PUT", "/device", {"deviceId": 7}, {"name": "Hall"}, AFTER_READING),
            (
                change("set_metafield", "metafields.Room", "Lobby", ids={"metafield_id": 3}),
                "POST",
                "/device/metafield",
                {},
                {"deviceId": 7, "metaFieldId": 3, "newValue": "Lobby"},
                AFTER_READING,
            ),
            (
                change("set_owner", "owner", {"id": "202"}, ids={"user_id": 202}),
                "POST",
                "/device/transfer/to-owner",
                {},
                {"deviceId": 7, "newUserId": 202},
                NEVER,
            ),
            (change("remove_owner", "owner"), "DELETE", "/device/owner", {"deviceId": 7}, None, AFTER_READING),
            (
                change("transfer", "transfer_to", {"id": "9"}, ids={"organization_id": 9}),
                "POST",
                "/device/transfer/to-organization",
                {},
                {"deviceId": 7, "newOrgId": 9},
                NEVER,
            ),
            (change("delete"), "DELETE", "/device", {"deviceId": 7}, None, AFTER_READING),
        ],
    )
    def test_each_change_is_one_call(self, made, method, path, query, body, repeat):
        (call,) = Blynk(settings()).calls_for(made)
        assert (call.method, call.path, dict(call.query), call.body, call.repeat) == (method, API + path, query, body, repeat)
        assert call.targets == ("lab/Lobby sensor",)

    def test_a_claim_is_never_repeated_and_names_organization_and_owner_only_where_declared(self):
        bare = change("claim", after={"name": "Hall", "model": MODEL}, device_id=None)
        (call,) = Blynk(settings()).calls_for(bare)
        assert (call.method, call.path, call.repeat) == ("POST", f"{API}/device/create", NEVER)
        assert call.body == {"templateId": MODEL, "name": "Hall"}
        full = change("claim", after={"name": "Hall", "model": MODEL}, device_id=None, ids={"organization_id": 9, "user_id": 202})
        assert Blynk(settings()).calls_for(full)[0].body == {"templateId": MODEL, "name": "Hall", "orgId": 9, "ownerId": 202}

    def test_a_new_device_stands_in_its_later_calls_until_its_id_is_known(self):
        (call,) = Blynk(settings()).calls_for(
            change("set_metafield", "metafields.Room", "Lobby", ids={"metafield_id": 3}, device_id=None)
        )
        assert call.body["deviceId"] == NewId("lab/Lobby sensor")
        assert call.filled({"lab/Lobby sensor": Blynk(settings()).native_id("12")}).body["deviceId"] == 12

    def test_the_stages_put_the_transfer_before_the_owner_and_after_all_else(self):
        vendor = Blynk(settings())
        order = [
            change("claim", after={"name": "a", "model": MODEL}),
            change("rename", "name", "b"),
            change("transfer", ids={"organization_id": 9}),
            change("set_owner", ids={"user_id": 2}),
            change("delete"),
        ]
        stages = [vendor.calls_for(item)[0].stage for item in order]
        assert stages == sorted(set(stages))

    def test_an_action_that_blynk_does_not_have_is_refused(self):
        with pytest.raises(Unsupported, match="no call for archive"):
            Blynk(settings()).calls_for(change("archive"))


class TestRecord:
    def record(self, payload, **options):
        return blynk()._device_from_json(payload, "/x", **options)

    def test_a_listed_device_becomes_a_record(self):
        hardware = {"version": "1.4", "templateId": MODEL}
        device = self.record(row(7, ownerUserId=202, hardwareInfo=hardware))
        assert (device.id, device.cloud_id, device.name, device.model, device.firmware) == (
            "7",
            "7",
            "Lobby sensor",
            MODEL,
            "1.4",
        )
        assert device.owner == {"id": "202", "email": None, "name": None}
        assert device.organization == {"id": "101", "name": None}
        assert (device.status, device.last_seen, device.online, device.metafields) == (None, None, None, None)

    @pytest.mark.parametrize("owner", [{}, {"ownerUserId": None}, {"ownerUserId": 0}, {"ownerUserId": -1}])
    def test_every_form_of_nobody_is_no_owner(self, owner):
        assert self.record(row(7, **owner)).owner is None

    def test_an_owner_id_that_arrives_as_text_is_an_owner(self):
        assert self.record(row(7, ownerUserId="202")).owner == {"id": "202", "email": None, "name": None}
        assert self.record(row(7, ownerUserId="0")).owner is None

    def test_a_full_device_shows_status_address_and_the_latest_sign_of_life(self):
        full = row(
            7,
            lifecycleStatus={"eventId": 2, "name": "Active"},
            connectTime=1718118800000,
            disconnectTime=0,
            lastReceivedEventAt=1718122400999,
            ip="10.0.0.7",
            metaFieldValues=[{"id": 1, "name": "Room", "value": {"type": "Text", "value": "Lobby"}}],
        )
        device = self.record(full)
        assert (device.status, device.last_seen, device.ip) == ("Active", "2024-06-11T16:13:20Z", "10.0.0.7")
        assert device.metafields == {"Room": "Lobby"}

    def test_a_device_that_was_never_seen_has_no_time(self):
        assert self.record(row(7, connectTime=0, disconnectTime=0, lastReceivedEventAt=0)).last_seen is None

    @pytest.mark.parametrize("key", ["id", "name", "templateId", "orgId"])
    def test_a_missing_documented_key_is_named(self, key):
        payload = row(7)
        del payload[key]
        with pytest.raises(BadAnswer, match=repr(key)):
            self.record(payload)

    def test_the_token_stands_nowhere_in_the_record(self):
        device = self.record(
            row(7, hardwareInfo={"build": f"x {TOKEN}", "authToken": "abc"}, nested=[{"deviceToken": "q"}]), raw=True
        )
        assert TOKEN not in repr(device) + repr(device.record()) + repr(device.facts)
        assert device.raw["hardwareInfo"] == {"build": "x (hidden)"}
        assert device.raw["nested"] == [{}]

    def test_raw_is_there_only_where_it_was_asked_for(self):
        assert self.record(row(7)).raw is None
        assert self.record(row(7), raw=True).raw["activatedAt"] == 1707244800000


class TestReading:
    def test_declared_names_cost_one_listing(self):
        vendor = blynk({"/devices": paged([row(7), row(8, "Hall")])})
        sight = vendor.read([declared(name="Lobby sensor"), declared(name="Hall"), declared(name="Nowhere")])
        assert [device.name for device in sight.devices] == ["Lobby sensor", "Hall"]
        assert vendor.client.calls == [("/devices", {"page": 0, "size": 1000})]

    def test_an_organization_by_id_is_asked_for_without_a_look_up(self):
        vendor = blynk({"/devices": by_organization(org102=[row(7, orgId=102)])}, organization="102")
        vendor.read([declared(name="Lobby sensor")])
        assert vendor.client.calls == [("/devices", {"orgId": 102, "page": 0, "size": 1000})]

    def test_an_organization_that_nobody_knows_ends_the_account(self):
        vendor = blynk({"/search": page(), "/profile": {"id": 101, "name": "Root"}}, organization="Nirvana")
        with pytest.raises(SettingsError, match="Nirvana"):
            vendor.read([declared(name="Lobby sensor")])

    def test_one_identifier_is_read_by_itself(self):
        vendor = blynk({"/device": device_route(row(7))})
        sight = vendor.read([declared(device_id="7")])
        assert [device.id for device in sight.devices] == ["7"]
        assert vendor.client.calls == [("/device", {"deviceId": 7})]

    def test_a_404_for_an_identifier_is_an_empty_sight(self):
        vendor = blynk({"/device": device_route()})
        assert vendor.read([declared(device_id="7")]).devices == []

    def test_an_answer_about_another_device_is_not_believed(self):
        vendor = blynk({"/device": row(8)})
        with pytest.raises(BadAnswer, match="about device 8"):
            vendor.read([declared(device_id="7")])

    def test_several_identifiers_cost_one_page_where_that_holds_them(self):
        vendor = blynk({"/devices": paged([row(number, f"d{number}") for number in range(1, 9)])})
        sight = vendor.read([declared(device_id="3"), declared(cloud_id="5"), declared(device_id="6")])
        assert sorted(device.id for device in sight.devices) == ["3", "5", "6"]
        assert vendor.client.paths() == ["/devices"]

    def test_few_identifiers_in_a_large_organization_are_asked_for_after_the_first_page(self):
        rows = [row(number, f"d{number}") for number in range(1, 5001)]
        vendor = blynk({"/devices": paged(rows), "/device": device_route(*rows)})
        sight = vendor.read([declared(device_id=str(number)) for number in (1, 4000, 4500)])
        assert sorted(device.id for device in sight.devices) == ["1", "4000", "4500"]
        assert vendor.client.paths() == ["/devices", "/device", "/device"]

    def test_many_identifiers_in_a_large_organization_are_listed(self):
        rows = [row(number, f"d{number}") for number in range(1, 2501)]
        vendor = blynk({"/devices": paged(rows)})
        sight = vendor.read([declared(device_id=str(number)) for number in range(1, 2501, 100)])
        assert len(sight.devices) == 25
        assert vendor.client.paths() == ["/devices"] * 3

    def test_an_identifier_that_the_listing_lacks_may_stand_in_a_sub_organization(self):
        below = row(9, "Below", orgId=102)
        vendor = blynk({"/devices": paged([row(7)]), "/device": device_route(below)})
        sight = vendor.read([declared(name="Lobby sensor"), declared(device_id="9")])
        assert [device.id for device in sight.devices] == ["7", "9"]
        assert not vendor.in_scope(declared(name="Below"), sight.devices[1])
        assert vendor.in_scope(declared(device_id="9"), sight.devices[1])

    def test_an_identifier_that_a_whole_listing_lacks_is_asked_for(self):
        vendor = blynk({"/devices": paged([row(7), row(8)]), "/device": device_route(row(9, orgId=102))})
        assert len(vendor.read([declared(device_id="7"), declared(device_id="9")]).devices) == 2
        assert vendor.client.paths() == ["/devices", "/device"]

    def test_a_total_that_does_not_fit_is_an_incomplete_read(self):
        vendor = blynk({"/devices": page(row(7), total=3)})
        with pytest.raises(IncompleteRead):
            vendor.read([declared(name="Lobby sensor")])

    @pytest.mark.parametrize(
        "body", [[], {"content": [1], "totalElements": 1}, {"content": []}, None, {"content": [], "totalElements": True}]
    )
    def test_an_answer_in_another_form_is_an_error(self, body):
        with pytest.raises(BadAnswer):
            blynk({"/devices": body}).read([declared(name="Lobby sensor")])

    @pytest.mark.parametrize("declaration", [declared(name="Lobby sensor"), declared(device_id="7")])
    def test_a_row_of_another_organization_than_asked_is_an_error_that_names_both(self, declaration):
        rows = paged([row(8, orgId=102), row(7, orgId=101)])
        vendor = blynk({"/devices": rows, "/device": device_route(row(7))}, organization="102")
        with pytest.raises(BadAnswer, match="organization 102 was asked for, and the answer shows device 7 of organization 101"):
            vendor.read([declaration, declared(device_id="8")])

    @pytest.mark.parametrize(
        ("path", "options"),
        [
            ("/devices", {}),
            ("/devices", {"limit": 1}),
            ("/device/by-owner", {"owner_email": "a@b"}),
            ("/device/last-activated", {"activated_within": 5}),
        ],
    )
    def test_device_info_accepts_no_row_of_another_organization(self, path, options):
        answer = [row(7)] if path.endswith("activated") else page(row(7))
        with pytest.raises(BadAnswer, match="of organization 101"):
            blynk({path: answer}, organization="102").list_devices(Query(**options))

    def test_sub_organizations_are_listed_where_they_are_asked_for(self):
        vendor = blynk({"/devices": paged([row(7), row(8, orgId=102)])}, organization="102")
        assert len(vendor.list_devices(Query(include_sub_organizations=True)).devices) == 2

    @pytest.mark.parametrize(
        "read", [lambda vendor: vendor.read([declared(name="Hall")]), lambda vendor: vendor.list_devices(Query())]
    )
    def test_tokens_that_were_read_are_hidden_in_whatever_the_vendor_says(self, read):
        vendor = blynk({"/devices": paged([row(7), row(8, "Hall", token="another-device-token")])})
        read(vendor)
        assert vendor.client.masker.hide(f"odd: {TOKEN}, another-device-token.") == "odd: ********, ********."

    def test_a_failed_read_is_never_an_empty_cloud(self):
        with pytest.raises(Unavailable):
            blynk({"/devices": Unavailable("down")}).read([declared(name="Lobby sensor")])

    def test_nothing_declared_by_name_or_id_reads_nothing(self):
        vendor = blynk({})
        assert vendor.read([]).devices == []
        assert vendor.client.calls == []


class TestTransferSight:
    def test_the_target_is_read_too_and_its_devices_are_in_scope_of_that_declaration_only(self):
        vendor = blynk({"/devices": by_organization(own=[row(7, "Other")], org102=[row(8, orgId=102)])})
        moving = declared(name="Lobby sensor", transfer_to="102")
        sight = vendor.read([moving, declared(name="Other")])
        target = next(device for device in sight.devices if device.id == "8")
        assert vendor.in_scope(moving, target)
        assert not vendor.in_scope(declared(name="Lobby sensor"), target)
        assert not vendor.in_scope(declared(name="Lobby sensor", transfer_to="103"), target)
        assert sight.hidden == {}

    def test_a_target_that_cannot_be_read_hides_what_is_not_in_the_source(self):
        vendor = blynk({"/devices": by_organization(own=[row(7)], org102=Forbidden("no", status=403))})
        here, gone = declared(name="Lobby sensor", transfer_to="102"), declared(name="Gone", transfer_to="102")
        sight = vendor.read([here, gone])
        assert list(sight.hidden) == [gone.address]
        assert "403" in sight.hidden[gone.address]

    def test_any_other_error_of_the_target_is_raised(self):
        vendor = blynk({"/devices": by_organization(own=[], org102=Unavailable("down"))})
        with pytest.raises(Unavailable):
            vendor.read([declared(name="Lobby sensor", transfer_to="102")])

    def test_a_device_known_by_id_needs_the_target_only_where_it_is_not_seen(self):
        routes = {"/device": device_route(row(7)), "/devices": by_organization(org102=Gone("no", status=404))}
        vendor = blynk(routes)
        assert vendor.read([declared(device_id="7", transfer_to="102")]).hidden == {}
        assert vendor.client.paths() == ["/device"]
        unseen = declared(device_id="8", transfer_to="102")
        assert list(vendor.read([unseen]).hidden) == [unseen.address]

    def test_the_own_organization_as_target_is_not_read_twice(self):
        vendor = blynk({"/devices": by_organization(own=[row(7)])})
        vendor.read([declared(name="Lobby sensor", transfer_to="101")])
        assert vendor.client.paths() == ["/devices"]

    def test_a_target_that_means_nothing_is_refused_where_the_device_is_to_be_present_and_hides_it_else(self):
        routes = {"/devices": paged([]), "/search": page(), "/profile": {"id": 101, "name": "Root"}}
        vendor = blynk(routes)
        present = declared(name="a", transfer_to="Nirvana", model=MODEL)
        absent = declared(name="b", transfer_to="Nirvana", state="absent")
        assert list(vendor.read([present, absent]).hidden) == [absent.address]
        assert not vendor.in_scope(present, observed(facts={"places": frozenset({"102"})}))
        with pytest.raises(DeclarationError, match="no organization 'Nirvana'"):
            vendor.resolve(present, None)


class TestOrganizations:
    def test_a_name_is_compared_exactly_and_looked_up_once(self):
        rows = [{"id": 102, "name": "Berlin"}, {"id": 103, "name": "Berlin Mitte"}]
        vendor = blynk({"/search": page(*rows)})
        assert vendor.names.organization("Berlin").id == 102
        assert vendor.names.organization("Berlin").id == 102
        assert vendor.client.calls == [("/search", {"query": "Berlin", "page": 0, "size": 1000})]
        assert vendor.names.organization_name(102) == "Berlin"

    def test_digits_are_an_id_without_a_call(self):
        vendor = blynk()
        assert vendor.names.organization("102").id == 102
        assert vendor.client.calls == []

    def test_the_own_organization_is_found_by_its_name(self):
        vendor = blynk({"/search": page(), "/profile": {"id": 101, "name": "Root"}})
        assert vendor.names.organization("Root").id == 101

    def test_two_of_one_name_are_ambiguous(self):
        vendor = blynk({"/search": page({"id": 1, "name": "Berlin"}, {"id": 2, "name": "Berlin"})})
        with pytest.raises(Ambiguous, match="ids 1, 2"):
            vendor.names.organization("Berlin")

    def test_missing_rights_say_to_give_the_id(self):
        vendor = blynk({"/search": Forbidden("no", status=403)})
        with pytest.raises(DeclarationError, match="give its id"):
            vendor.names.organization("Berlin")

    def test_a_profile_that_cannot_be_read_is_said(self):
        vendor = blynk({"/search": page(), "/profile": Forbidden("no", status=403)})
        with pytest.raises(DeclarationError, match="own organization could not be read"):
            vendor.names.organization("Berlin")

    def test_a_name_too_long_to_search_for_is_refused(self):
        with pytest.raises(DeclarationError, match="255"):
            blynk({"/profile": {"id": 1, "name": "x"}}).names.organization("x" * 256)


USERS = [
    {"id": 202, "email": "Ops@Example.com", "name": "Ops", "orgId": 101},
    {"id": 203, "email": "b@example.com", "name": "B", "orgId": 102},
]


class TestUsers:
    def test_one_address_is_searched_for_without_regard_to_case(self):
        vendor = blynk({"/search/users": page(*USERS)})
        assert vendor.names.user("ops@EXAMPLE.com").id == 202
        assert vendor.client.paths() == ["/search/users"]
        assert vendor.names.user_of(202).name == "Ops"

    def test_an_address_that_the_search_misses_is_looked_for_in_the_list(self):
        vendor = blynk({"/search/users": page(), "/users": paged(USERS)})
        assert vendor.names.user("b@example.com").id == 203
        assert vendor.client.calls[1] == ("/users", {"includeSubOrgUsers": True, "page": 0, "size": 1000})

    def test_several_addresses_cost_one_list(self):
        vendor = blynk({"/users": paged(USERS)})
        vendor.names.find_users(["ops@example.com", "b@example.com", "7"])
        assert vendor.client.paths() == ["/users"]
        assert vendor.names.user("7").id == 7

    def test_few_addresses_among_very_many_users_are_searched_for(self):
        crowd = [{"id": number, "email": f"u{number}@example.com", "name": "U"} for number in range(9000)]

        def search(query: t.Any) -> t.Any:
            return page(*[user for user in crowd if user["email"] == query["query"]])

        vendor = blynk({"/users": paged(crowd), "/search/users": search})
        vendor.names.find_users(["u8000@example.com", "u8001@example.com"])
        assert vendor.client.paths() == ["/users", "/search/users", "/search/users"]
        assert vendor.names.user("u8001@example.com").id == 8001

    def test_an_unknown_address_is_looked_up_once_and_refused_each_time(self):
        vendor = blynk({"/search/users": page(), "/users": paged(USERS)})
        for _time in range(2):
            with pytest.raises(DeclarationError, match="no user 'who@example.com'"):
                vendor.names.user("who@example.com")
        assert len(vendor.client.calls) == 2

    def test_two_users_of_one_address_are_ambiguous(self):
        twins = [{"id": 1, "email": "x@example.com"}, {"id": 2, "email": "X@example.com"}]
        with pytest.raises(Ambiguous, match="ids 1, 2"):
            blynk({"/search/users": page(*twins)}).names.user("x@example.com")

    def test_missing_rights_say_to_give_the_id(self):
        with pytest.raises(DeclarationError, match="give the user's id"):
            blynk({"/search/users": Forbidden("no", status=403)}).names.user("x@example.com")

    def test_a_text_too_long_to_search_for_is_looked_for_in_the_list(self):
        vendor = blynk({"/users": paged(USERS)})
        with pytest.raises(DeclarationError, match="no user"):
            vendor.names.user("x" * 256)
        assert vendor.client.paths() == ["/users"]


TEMPLATES = [
    {"id": 300, "templateIds": ["TMPLother"], "orgId": 101, "name": "Other"},
    {"id": 301, "templateIds": ["TMPLold", MODEL], "orgId": 101, "name": "Climate"},
    {"id": 302, "templateIds": [], "orgId": 101, "name": "Empty"},
]
DEFINITIONS = [
    {"id": 3, "name": "Room", "type": "Text"},
    {"id": 4, "name": "Floor", "type": "Number"},
    {"id": 5, "name": "Place", "type": "Location"},
    {"id": 6, "name": "Device Name", "type": "DeviceName"},
    {"id": 7, "name": "Device Owner", "type": "DeviceOwner"},
]


class TestTemplates:
    def routes(self):
        return {"/templates": paged(TEMPLATES), "/template/metafields": DEFINITIONS}

    def test_the_firmware_id_leads_to_the_metafields(self):
        vendor = blynk(self.routes())
        assert [item.name for item in vendor.names.definitions(MODEL, None)][:2] == ["Room", "Floor"]
        assert vendor.client.calls[1] == ("/template/metafields", {"templateId": 301})
        assert vendor.names.model(300) == "TMPLother"
        assert vendor.names.template_id(MODEL, None) == 301

    def test_the_templates_of_another_organization_are_asked_for_there(self):
        vendor = blynk(self.routes())
        vendor.names.definitions(MODEL, 102)
        assert vendor.client.calls[0] == ("/templates", {"orgId": 102, "page": 0, "size": 1000})

    def test_an_unknown_template_names_the_known_ones(self):
        with pytest.raises(DeclarationError, match="TMPLother"):
            blynk(self.routes()).names.definitions("TMPLnone", None)
        with pytest.raises(DeclarationError, match="organization 9 has no template"):
            blynk({"/templates": page()}).names.definitions("TMPLnone", 9)

    def test_missing_rights_are_the_declaration_s_error(self):
        with pytest.raises(DeclarationError, match="could not be looked up"):
            blynk({"/templates": Forbidden("no", status=403)}).names.definitions(MODEL, None)
        with pytest.raises(DeclarationError, match="could not be read"):
            blynk({**self.routes(), "/template/metafields": Forbidden("no", status=403)}).names.definitions(MODEL, None)

    def test_a_firmware_id_of_two_templates_names_no_metafields_and_hinders_no_creation(self):
        vendor = blynk({"/templates": page(*({"id": number, "templateIds": [MODEL]} for number in (301, 302)))})
        with pytest.raises(Ambiguous, match="2 templates .* 301, 302"):
            vendor.names.definitions(MODEL, None)
        vendor.names.refuse_template(MODEL, None)

    def test_pages_are_read_until_the_template_is_found(self):
        many = [{"id": number, "templateIds": [f"TMPL{number}"]} for number in range(2500)]
        vendor = blynk({"/templates": paged(many)})
        vendor.names.find_templates([(None, "TMPL1500")])
        assert len(vendor.client.calls) == 2


class TestMetafields:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({"type": "Text", "value": "Lobby"}, "Lobby"),
            ({"type": "Number", "value": 5.0, "min": 0, "max": 9}, 5.0),
            ({"type": "List", "options": ["a", "b"], "selectedOption": "b"}, "b"),
            ({"type": "Image", "url": "https://x"}, "https://x"),
            ({"type": "Coordinates", "lat": 1, "lon": 2}, {"lat": 1, "lon": 2}),
            ({"type": "Brandnew", "value": "x"}, "x"),
            ({"type": "Brandnew", "a": "x"}, {"a": "x"}),
            ("Lobby", "Lobby"),
            (5, 5),
            (None, None),
        ],
    )
    def test_values_are_read_in_every_form(self, value, expected):
        fields = metafields_from_json([{"id": 1, "name": "F", "value": value}], "/x")
        assert shown(fields) == {"F": expected}

    @pytest.mark.parametrize(
        ("kind", "value", "expected"),
        [
            ("Text", 12, "12"),
            ("Text", True, "true"),
            ("Text", False, "false"),
            ("Text", 5.5, "5.5"),
            ("Number", "5", 5),
            ("Number", 5.0, 5),
            ("Number", "5.5", 5.5),
            ("Int", "7", 7),
            ("IMEI", "123456789012345", "123456789012345"),
            ("Hotspot Name", "guest", "guest"),
            (None, "text", "text"),
            (None, 5, 5),
        ],
    )
    def test_a_declared_scalar_takes_the_form_of_the_kind(self, kind, value, expected):
        result = declared_value(Metafield(1, "F", kind), value)
        assert result == expected
        assert type(result) is type(expected)

    @pytest.mark.parametrize(
        ("kind", "form", "value", "words"),
        [
            ("Text", {}, ["a"], "text is needed"),
            ("Text", {}, "x" * 256, "more than 255"),
            ("IMEI", {}, "12", "15 digits"),
            ("Number", {}, "abc", "number is needed"),
            ("Number", {}, True, "number is needed"),
            ("Number", {}, "nan", "number is needed"),
            ("Number", {}, {"a": 1}, "number is needed"),
            ("Number", {"min": 0, "max": 9}, 10, "from 0 to 9"),
            ("Int", {}, 5.5, "whole number"),
            ("List", {"options": ["Wall", "Desk"]}, "Roof", "one of Wall, Desk"),
            (None, {}, True, "kind is not known"),
            (None, {}, {"a": 1}, "kind is not known"),
        ],
    )
    def test_a_value_that_does_not_fit_is_refused(self, kind, form, value, words):
        with pytest.raises(DeclarationError, match=words):
            declared_value(Metafield(1, "F", kind, form=form), value)

    @pytest.mark.parametrize("text", ["1_0", "\uff15", " 5", "5 ", "0x5", "inf", "", "9" * 300])
    def test_only_decimal_notation_in_ascii_digits_is_a_number(self, text):
        with pytest.raises(DeclarationError, match="number is needed"):
            declared_value(Metafield(1, "F", "Number"), text)
        assert shown(metafields_from_json([{"id": 1, "name": "F", "value": {"type": "Number", "value": text}}], "/x")) == {
            "F": text
        }

    @pytest.mark.parametrize(
        ("text", "number"), [("5", 5), ("5.0", 5), ("-0.5", -0.5), ("1e2", 100), ("9007199254740993", 9007199254740993)]
    )
    def test_a_number_that_arrives_as_text_is_shown_and_compared_as_a_number(self, text, number):
        (item,) = metafields_from_json([{"id": 1, "name": "F", "value": {"type": "Number", "value": text}}], "/x")
        assert (item.value, type(item.value)) == (number, type(number))
        assert declared_value(item, number) == number

    def test_bounds_of_nought_bound_nothing(self):
        assert declared_value(Metafield(1, "F", "Number", form={"min": 0, "max": 0}), 70) == 70

    def test_a_list_without_known_options_takes_any(self):
        assert declared_value(Metafield(1, "F", "List"), "Roof") == "Roof"

    def test_a_secret_value_stands_in_no_message(self):
        with pytest.raises(DeclarationError) as caught:
            declared_value(Metafield(1, "F", "Number"), "hunter2", secret=True)
        assert "hunter2" not in str(caught.value)

    def test_a_composite_value_may_be_declared_as_it_is_and_not_otherwise(self):
        item = Metafield(1, "Spot", "Coordinates", {"lat": 1, "lon": 2})
        assert declared_value(item, {"type": "Coordinates", "lat": 1.0, "lon": 2}) == {"lat": 1, "lon": 2}
        with pytest.raises(Unsupported, match="Coordinates has no documented way"):
            declared_value(item, {"lat": 1, "lon": 3})

    @pytest.mark.parametrize(
        ("kind", "words"),
        [("DeviceName", "`name`"), ("DeviceOwner", "`owner`"), ("Email", "does not write"), ("Tz", "no documented")],
    )
    def test_read_only_kinds_say_what_to_do_instead(self, kind, words):
        with pytest.raises(Unsupported, match=words):
            declared_value(Metafield(1, "F", kind, "old"), "new")
        assert declared_value(Metafield(1, "F", kind, "old"), "old") == "old"

    def test_the_owner_s_address_is_compared_without_case(self):
        assert declared_value(Metafield(1, "F", "DeviceOwner", "a@example.com"), "A@example.com") == "a@example.com"

    def test_null_means_empty_and_nothing_can_be_unset(self):
        assert declared_value(Metafield(1, "F", "Text", ""), None) == ""
        assert declared_value(Metafield(1, "F", "Text"), None) is None
        with pytest.raises(Unsupported, match="cannot unset"):
            declared_value(Metafield(1, "F", "Text", "x"), None)

    def test_an_unknown_name_lists_the_nearest(self):
        fields = [Metafield(1, "Floor"), Metafield(2, "Room")]
        with pytest.raises(DeclarationError, match="nearest: Floor"):
            find(fields, "Flor")
        with pytest.raises(DeclarationError, match="none at all"):
            find([], "Flor")

    def test_two_of_one_name_are_ambiguous(self):
        with pytest.raises(Ambiguous, match="ids 1, 2"):
            find([Metafield(1, "Floor"), Metafield(2, "Floor")], "Floor")


def fields(*rows):
    return metafields_from_json(list(rows), "/x")


ROOM = {"id": 3, "name": "Room", "value": {"type": "Text", "value": "Lobby"}}
FLOOR = {"id": 4, "name": "Floor", "value": {"type": "Number", "value": 5.0, "min": 0, "max": 9}}
UNSET = {"id": 4, "name": "Floor", "value": None}


class TestResolve:
    def plan(self, vendor, declaration, device):
        vendor.check(declaration)
        vendor.prepare([(declaration, device)])
        return plan_device(vendor, declaration, device, vendor.resolve(declaration, device))

    def actions(self, *arguments):
        return [(item.action, item.attribute, item.after) for item in self.plan(*arguments).changes]

    def test_what_is_not_declared_is_left_alone(self):
        assert self.actions(blynk(), declared(name="Lobby sensor"), observed(owner={"id": "1"})) == []

    def test_a_device_known_by_id_is_renamed(self):
        assert self.actions(blynk(), declared(device_id="7", name="Hall"), observed()) == [("rename", "name", "Hall")]

    def test_a_name_that_blynk_refuses_is_refused_where_it_would_be_written(self):
        with pytest.raises(DeclarationError, match="'#' '\\.'"):
            self.plan(blynk(), declared(device_id="7", name="Pump #3.1"), observed())
        with pytest.raises(DeclarationError, match="51 characters"):
            self.plan(blynk(), declared(name="x" * 51, model=MODEL), None)
        assert self.actions(blynk(), declared(name="Pump #3"), observed(name="Pump #3")) == []
        assert self.actions(blynk(), declared(device_id="7", name="Pump #3"), observed(name="Pump #3")) == []

    def test_names_may_have_letters_of_any_language_and_the_documented_signs(self):
        assert self.actions(blynk(), declared(device_id="7", name="Zoë's Büro_1-a"), observed()) != []

    def test_an_owner_by_address_becomes_an_id(self):
        vendor = blynk({"/search/users": page(*USERS)})
        (made,) = self.plan(vendor, declared(name="Lobby sensor", owner="ops@example.com"), observed()).changes
        assert (made.action, made.ids) == ("set_owner", {"user_id": 202})
        assert made.after == {"id": "202", "email": "Ops@Example.com", "name": "Ops"}

    def test_the_owner_who_is_there_is_no_change(self):
        assert (
            self.actions(blynk(), declared(name="Lobby sensor", owner="202"), observed(owner={"id": "202", "email": None})) == []
        )

    def test_an_empty_owner_is_nobody(self):
        assert self.actions(blynk(), declared(name="Lobby sensor", owner=""), observed(owner={"id": "202"})) == [
            ("remove_owner", "owner", None)
        ]
        assert self.actions(blynk(), declared(name="Lobby sensor", owner=""), observed()) == []

    def test_an_owner_of_another_organization_would_move_the_device_and_is_refused(self):
        vendor = blynk({"/search/users": page(*USERS)})
        with pytest.raises(DeclarationError, match='transfer_to: "102"'):
            self.plan(vendor, declared(name="Lobby sensor", owner="b@example.com"), observed())
        moving = declared(name="Lobby sensor", owner="b@example.com", transfer_to="102")
        assert [item[0] for item in self.actions(vendor, moving, observed())] == ["transfer", "set_owner"]

    def test_an_owner_elsewhere_who_owns_the_device_already_is_left(self):
        vendor = blynk({"/search/users": page(*USERS)})
        assert self.actions(vendor, declared(name="Lobby sensor", owner="b@example.com"), observed(owner={"id": "203"})) == []

    def test_a_new_device_s_owner_is_held_against_the_organization_that_was_listed(self):
        vendor = blynk({"/search/users": page(*USERS), "/devices": paged([row(7)])})
        new = declared(name="Hall", model=MODEL, owner="b@example.com")
        vendor.read([new])
        with pytest.raises(DeclarationError, match="belongs to organization 102"):
            self.plan(vendor, new, None)

    def test_a_transfer_brings_the_owner_up_again_although_it_is_right_now(self):
        vendor = blynk()
        device = observed(owner={"id": "202", "email": None, "name": None})
        made = self.plan(vendor, declared(name="Lobby sensor", owner="202", transfer_to="102"), device).changes
        assert [(item.action, item.verify) for item in made] == [("transfer", False), ("set_owner", True)]
        assert made[1].calls[0].body == {"deviceId": 7, "newUserId": 202}

    def test_an_owner_to_be_removed_is_looked_at_again_after_a_transfer(self):
        made = self.plan(
            blynk(), declared(name="Lobby sensor", owner="", transfer_to="102"), observed(owner={"id": "202"})
        ).changes
        assert [(item.action, item.verify) for item in made] == [("transfer", False), ("remove_owner", True)]
        assert [
            item[0] for item in self.actions(blynk(), declared(name="Lobby sensor", owner="", transfer_to="102"), observed())
        ] == ["transfer"]

    def test_the_organization_where_the_device_is_needs_no_transfer(self):
        assert (
            self.actions(blynk(), declared(name="Lobby sensor", owner="202", transfer_to="101"), observed(owner={"id": "202"}))
            == []
        )

    def test_a_new_device_is_created_with_owner_and_organization_in_one_call(self):
        vendor = blynk({"/search/users": page(*USERS)})
        new = declared(name="Hall", model=MODEL, owner="b@example.com", transfer_to="102")
        (made,) = self.plan(vendor, new, None).changes
        assert made.calls[0].body == {"templateId": MODEL, "name": "Hall", "orgId": 102, "ownerId": 203}

    def test_a_template_that_the_organization_does_not_have_is_refused_before_anything_is_made(self):
        vendor = blynk({"/templates": page({"id": 301, "templateIds": [MODEL], "orgId": 101, "name": "Climate"})})
        with pytest.raises(DeclarationError, match=f"no template TMPLother; it has {MODEL}"):
            self.plan(vendor, declared(name="Hall", model="TMPLother"), None)
        assert [item.action for item in self.plan(vendor, declared(name="Hall", model=MODEL), None).changes] == ["claim"]

    def test_a_new_device_is_made_in_the_account_s_organization(self):
        vendor = blynk(organization="103")
        (made,) = self.plan(vendor, declared(name="Hall", model=MODEL, owner=""), None).changes
        assert made.calls[0].body == {"templateId": MODEL, "name": "Hall", "orgId": 103}

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"name": "Hall"}, "declare `model`"),
            ({"name": "Hall", "model": "ESP32"}, "begins with TMPL"),
            (
                {"name": "Hall", "model": MODEL, "device_id": "7"},
                "no such device, or not visible to these credentials: device_id '7'",
            ),
        ],
    )
    def test_what_cannot_be_created_says_why_and_looks_nothing_up(self, options, words):
        vendor = blynk()
        declaration = declared(owner="ops@example.com", transfer_to="Berlin", metafields={"Room": "x"}, **options)
        with pytest.raises(DeclarationError, match=words):
            self.plan(vendor, declaration, None)
        assert vendor.client.calls == []

    def test_an_absent_device_resolves_to_nothing(self):
        assert blynk().resolve(declared(name="Hall", state="absent", owner="x@y"), None).values == {}

    def test_metafields_are_compared_in_the_form_of_their_kind(self):
        device = observed(metafields={"Room": "Lobby", "Floor": 5.0}, facts={"metafields": fields(ROOM, FLOOR)})
        assert self.actions(blynk(), declared(name="Lobby sensor", metafields={"Room": "Lobby", "Floor": "5"}), device) == []
        made = self.plan(blynk(), declared(name="Lobby sensor", metafields={"Room": 12, "Floor": 6}), device).changes
        assert [item.calls[0].body for item in made] == [
            {"deviceId": 7, "metaFieldId": 3, "newValue": "12"},
            {"deviceId": 7, "metaFieldId": 4, "newValue": 6},
        ]
        assert not any(item.verify for item in made)

    def test_a_value_without_a_kind_takes_it_from_the_template(self):
        device = observed(metafields={"Floor": None}, facts={"metafields": fields(UNSET)})
        vendor = blynk({"/template/metafields": DEFINITIONS})
        assert self.actions(vendor, declared(name="Lobby sensor", metafields={"Floor": "6"}), device) == [
            ("set_metafield", "metafields.Floor", 6)
        ]
        assert vendor.client.calls == [("/template/metafields", {"templateId": 301})]

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ({"id": 6, "name": "Device Name", "value": "Lobby sensor"}, "x", "`name`"),
            ({"id": 7, "name": "Device Owner", "value": "a@b.example"}, "x@y.example", "`owner`"),
            ({"id": 8, "name": "Mail", "value": "a@b.example"}, "x@y.example", "does not write"),
            ({"id": 9, "name": "Level", "value": 5}, 1000, "from 0 to 9"),
        ],
    )
    def test_a_bare_value_takes_its_kind_and_limits_from_the_template(self, field, value, words):
        more = [{"id": 8, "name": "Mail", "type": "Email"}, {"id": 9, "name": "Level", "type": "Number", "min": 0, "max": 9}]
        vendor = blynk({"/template/metafields": [*DEFINITIONS, *more], "/device/metafield": [field]})
        device = vendor.enrich(observed(), {"metafields"})
        with pytest.raises(DeclarationError, match=words):
            self.plan(vendor, declared(device_id="7", metafields={field["name"]: value}), device)
        assert self.actions(vendor, declared(device_id="7", metafields={field["name"]: field["value"]}), device) == []
        assert vendor.client.paths().count("/template/metafields") == 1

    @pytest.mark.parametrize(("held", "value"), [("5", 5), ("5", "5.0"), (5, "5")])
    def test_a_bare_number_is_compared_as_one(self, held, value):
        vendor = blynk({"/template/metafields": DEFINITIONS, "/device/metafield": [{"id": 4, "name": "Floor", "value": held}]})
        device = vendor.enrich(observed(), {"metafields"})
        assert self.actions(vendor, declared(name="Lobby sensor", metafields={"Floor": value}), device) == []

    def test_a_bare_text_of_digits_is_compared_as_a_text(self):
        vendor = blynk({"/template/metafields": DEFINITIONS, "/device/metafield": [{"id": 3, "name": "Room", "value": 12}]})
        device = vendor.enrich(observed(), {"metafields"})
        assert self.actions(vendor, declared(name="Lobby sensor", metafields={"Room": "12"}), device) == []

    @pytest.mark.parametrize("owner", ["0", "0502", "+5", "-1", "12345678901234567890123", str(2**63)])
    def test_an_owner_id_that_can_be_none_is_refused_without_a_call(self, owner):
        vendor = blynk()
        with pytest.raises(DeclarationError, match="is no id"):
            self.plan(vendor, declared(name="Lobby sensor", owner=owner), observed())
        assert vendor.client.calls == []

    @pytest.mark.parametrize("target", ["0", "0102", "+5", str(2**31)])
    def test_an_organization_id_that_can_be_none_is_refused_without_a_call(self, target):
        vendor = blynk()
        with pytest.raises(DeclarationError, match="is no id"):
            self.plan(vendor, declared(name="Lobby sensor", transfer_to=target), observed())
        assert vendor.client.calls == []

    @pytest.mark.parametrize("status", ["Pending", "Suspended"])
    def test_a_user_who_is_shown_as_not_active_is_refused(self, status):
        vendor = blynk({"/user": {**USERS[0], "status": status}})
        with pytest.raises(DeclarationError, match=f"owner '202' is {status}, not Active"):
            self.plan(vendor, declared(name="Lobby sensor", owner="202"), observed())
        vendor = blynk({"/user": {**USERS[0], "status": "Active"}})
        assert len(self.actions(vendor, declared(name="Lobby sensor", owner="202"), observed())) == 1

    def test_an_answer_about_another_user_is_not_believed(self):
        with pytest.raises(BadAnswer, match="about user 202, not 203"):
            blynk({"/user": USERS[0]}).names.find_owners(["203"])

    def test_an_owner_elsewhere_is_refused_after_a_transfer_too(self):
        vendor = blynk({"/user": USERS[0]})
        device = observed(owner={"id": "202"})
        with pytest.raises(DeclarationError, match="belongs to organization 101"):
            self.plan(vendor, declared(name="Lobby sensor", owner="202", transfer_to="102"), device)

    def test_a_transfer_to_where_the_template_is_missing_is_refused(self):
        vendor = blynk({"/templates": page({"id": 400, "templateIds": ["TMPLother"], "parentId": 399})})
        moving = [declared(name=name, transfer_to="102") for name in ("Lobby sensor", "Hall")]
        vendor.prepare([(item, observed(model=MODEL)) for item in moving])
        for item in moving:
            with pytest.raises(DeclarationError, match=f"organization 102 has no template {MODEL}; it has TMPLother"):
                vendor.resolve(item, observed(model=MODEL))
        assert vendor.client.calls == [("/templates", {"orgId": 102, "page": 0, "size": 1000})]

    @pytest.mark.parametrize(
        "templates",
        [
            page({"id": 400, "templateIds": [MODEL]}),
            page({"id": 400, "templateIds": [], "parentId": 301}),
            page({"id": 299, "templateIds": []}),
            Forbidden("no", status=403),
        ],
    )
    def test_a_transfer_goes_on_where_the_template_is_there_or_nobody_can_tell(self, templates):
        device = observed(model=MODEL, facts={"original_template_id": 299})
        moving = declared(name="Lobby sensor", transfer_to="102")
        assert [item[0] for item in self.actions(blynk({"/templates": templates}), moving, device)] == ["transfer"]

    def test_templates_are_looked_up_only_where_a_device_moves(self):
        vendor = blynk()
        assert self.actions(vendor, declared(name="Lobby sensor", transfer_to="101"), observed(model=MODEL)) == []
        assert vendor.client.calls == []

    @pytest.mark.parametrize("name", [" Hall", "Hall ", "   "])
    def test_a_name_with_white_space_at_its_ends_is_refused_where_it_would_be_written(self, name):
        for declaration, device in ((declared(device_id="7", name=name), observed()), (declared(name=name, model=MODEL), None)):
            with pytest.raises(DeclarationError, match="white space"):
                self.plan(blynk(), declaration, device)
        assert self.actions(blynk(), declared(device_id="7", name=name), observed(name=name)) == []

    def test_without_a_look_at_the_template_the_vendor_judges_the_value(self):
        device = observed(metafields={"Floor": None}, facts={"metafields": fields(UNSET)})
        vendor = blynk({"/template/metafields": Forbidden("no", status=403)})
        assert self.actions(vendor, declared(name="Lobby sensor", metafields={"Floor": "6"}), device) == [
            ("set_metafield", "metafields.Floor", "6")
        ]

    def test_metafields_of_a_new_device_are_checked_while_planning(self):
        vendor = blynk({"/templates": paged(TEMPLATES), "/template/metafields": DEFINITIONS})
        new = declared(name="Hall", model=MODEL, metafields={"Room": "Lobby", "Floor": 3})
        made = self.plan(vendor, new, None).changes
        assert [(item.action, item.verify) for item in made] == [
            ("claim", False),
            ("set_metafield", True),
            ("set_metafield", True),
        ]
        assert vendor.client.paths() == ["/templates", "/template/metafields"]
        for wrong, words in (
            ({"Rom": 1}, "nearest: Room"),
            ({"Place": {"city": "x"}}, "Location"),
            ({"Device Owner": "a@b"}, "`owner`"),
        ):
            with pytest.raises(DeclarationError, match=words):
                self.plan(vendor, declared(name="Hall", model=MODEL, metafields=wrong), None)

    def test_a_new_device_s_metafields_are_those_of_the_target_organization(self):
        vendor = blynk({"/templates": paged(TEMPLATES), "/template/metafields": DEFINITIONS})
        self.plan(vendor, declared(name="Hall", model=MODEL, transfer_to="102", metafields={"Room": "x"}), None)
        assert vendor.client.calls[0][1]["orgId"] == 102

    def test_name_and_the_metafield_of_the_name_are_not_declared_together(self):
        device = observed(
            facts={
                "metafields": fields({"id": 6, "name": "Device Name", "value": {"type": "DeviceName", "value": "Lobby sensor"}})
            }
        )
        with pytest.raises(DeclarationError, match="`name` declares already"):
            self.plan(blynk(), declared(name="Lobby sensor", metafields={"Device Name": "Lobby sensor"}), device)

    def test_tags_can_be_compared_and_not_written(self):
        device = observed(tags=["a", "b"])
        assert self.actions(blynk(), declared(name="Lobby sensor", tags=["b"]), device) == []
        assert self.actions(blynk(), declared(name="Lobby sensor", tags=["b", "a"], purge_tags=True), device) == []
        assert self.actions(blynk(), declared(name="Lobby sensor", absent_tags={"c": None}), device) == []
        for wrong in ({"tags": ["c"]}, {"tags": ["a"], "purge_tags": True}, {"absent_tags": {"a": None}}):
            with pytest.raises(Unsupported, match="no call that writes tags"):
                self.plan(blynk(), declared(name="Lobby sensor", **wrong), device)
        with pytest.raises(Unsupported, match="no call that writes tags"):
            self.plan(blynk(), declared(name="Hall", model=MODEL, tags=["c"]), None)

    def test_a_status_can_be_compared_and_not_written(self):
        assert self.actions(blynk(), declared(name="Lobby sensor", status="Active"), observed(status="Active")) == []
        with pytest.raises(Unsupported, match="status"):
            self.plan(blynk(), declared(name="Lobby sensor", status="Lost"), observed(status="Active"))

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"serial": "S1"}, "does not know serial"),
            ({"mac": "11:22:33:44:55:66"}, "does not know mac"),
            ({"device_id": "abc"}, "not a Blynk device id"),
            ({"cloud_id": "99999999999"}, "not a Blynk device id"),
            ({"device_id": "0500"}, "leading zeros"),
            ({"device_id": "+5"}, "not a Blynk device id"),
            ({"device_id": "9" * 5000}, "not a Blynk device id"),
            ({"name": "a", "tags": {"a": "b"}}, "labels without values"),
            ({"name": "a", "absent_metafields": ["Room"]}, "cannot unset"),
            ({"name": "a", "device_type": "STORAGE"}, "no device_type"),
        ],
    )
    def test_what_blynk_can_never_do_is_refused_without_a_call(self, options, words):
        with pytest.raises(DeclarationError, match=words):
            blynk().check(declared(**options))


class TestApply:
    def test_the_new_device_comes_out_of_the_answer(self):
        vendor = blynk()
        made = change("claim", after={"name": "Hall", "model": MODEL}, device_id=None)
        outcomes = vendor.finish(Step(Call("POST", "/x"), (made,)), Answer(201, row(12, "Hall")), Deadline(60, float))
        outcome = outcomes["lab/Lobby sensor"]
        assert (outcome.status, outcome.device.id, outcome.device.model) == (DONE, "12", MODEL)

    def created(self, vendor, body, **ids):
        made = change("claim", after={"name": "Hall", "model": MODEL}, device_id=None, ids=ids)
        return vendor.finish(Step(Call("POST", "/x"), (made,)), Answer(201, body), Deadline(60, float))["lab/Lobby sensor"]

    def test_an_answer_with_the_id_alone_is_completed_by_one_read(self):
        vendor = blynk({"/device": device_route(row(12, "Hall"))})
        outcome = self.created(vendor, {"id": 12})
        assert (outcome.status, outcome.device.id, outcome.device.name) == (DONE, "12", "Hall")
        assert vendor.client.calls == [("/device", {"deviceId": 12})]

    @pytest.mark.parametrize("body", [None, [], {}, {"id": "12"}])
    def test_an_answer_without_an_id_is_settled_by_the_listing(self, body):
        vendor = blynk({"/devices": paged([row(7), row(12, "Hall", orgId=9)][1:])})
        outcome = self.created(vendor, body, organization_id=9)
        assert (outcome.status, outcome.device.id) == (DONE, "12")
        assert vendor.client.calls == [("/devices", {"orgId": 9, "page": 0, "size": 1000})]

    @pytest.mark.parametrize(
        ("listing", "words"),
        [
            (paged([]), "no such device"),
            (paged([row(1, "Hall"), row(2, "Hall")]), "2 such devices"),
            (Unavailable("down"), "down"),
        ],
    )
    def test_a_creation_that_reading_cannot_settle_is_unclear(self, listing, words):
        outcome = self.created(blynk({"/devices": listing}), {})
        assert outcome.status == UNCLEAR
        assert "lacks the documented key 'id'" in outcome.message
        assert words in outcome.message

    def test_a_new_device_that_followed_an_unseen_owner_is_a_failure_that_says_where_it_is(self):
        outcome = self.created(blynk(), row(12, "Hall", orgId=102), user_id=203, home_id=101)
        assert outcome.status == FAILED
        assert "id 12" in outcome.message
        assert 'transfer_to: "102"' in outcome.message
        assert self.created(blynk(), row(12, "Hall"), user_id=203, home_id=101).status == DONE

    @pytest.mark.parametrize(
        ("answer", "status", "words"),
        [
            (device_route(row(7)), DONE, None),
            (
                device_route(row(7, orgId=102)),
                FAILED,
                'organization 102, and the device has gone there from 101; declare `transfer_to: "102"`',
            ),
            (device_route(), FAILED, "out of sight"),
            (Unavailable("down"), UNCLEAR, "could not be read: down"),
        ],
    )
    def test_a_device_is_looked_for_after_it_went_to_an_unseen_owner(self, answer, status, words):
        vendor = blynk({"/device": answer})
        declaration = declared(name="Lobby sensor", owner="203")
        vendor.prepare([(declaration, observed())])
        planned = plan_device(vendor, declaration, observed(), vendor.resolve(declaration, observed()))
        (made,) = planned.changes
        assert "could not be read" in planned.warnings[0]
        step = Step(made.calls[0], planned.changes)
        outcome = vendor.finish(step, Answer(204), Deadline(60, float))["lab/Lobby sensor"]
        assert outcome.status == status
        assert words is None or words in outcome.message
        assert vendor.client.paths() == ["/user", "/device"]

    def test_after_a_change_of_name_or_owner_the_mirroring_metafields_are_not_shown(self):
        mirrors = [
            ROOM,
            {"id": 6, "name": "Device Name", "value": {"type": "DeviceName", "value": "Lobby sensor"}},
            {"id": 7, "name": "Device Owner", "value": {"type": "DeviceOwner", "value": "ops@example.com"}},
        ]
        vendor = blynk({"/device/metafield": mirrors})
        device = vendor.enrich(observed(owner={"id": "202"}), {"metafields"})
        assert vendor.consequences(device) == device
        assert set(vendor.consequences(replace(device, name="Hall")).metafields) == {"Room", "Device Owner"}
        assert set(vendor.consequences(replace(device, owner=None)).metafields) == {"Room", "Device Name"}
        plain = observed(name="Hall")
        assert vendor.consequences(plain) is plain

    def test_mirroring_metafields_without_a_kind_are_known_by_the_template(self):
        bare = [{"id": 3, "name": "Room", "value": "Lobby"}, {"id": 6, "name": "Device Name", "value": "Lobby sensor"}]
        vendor = blynk({"/device/metafield": bare, "/template/metafields": DEFINITIONS})
        device = vendor.enrich(observed(), {"metafields"})
        vendor.prepare([(declared(name="Lobby sensor", metafields={"Room": "x"}), device)])
        assert set(vendor.consequences(replace(device, name="Hall")).metafields) == {"Room"}

    def test_other_answers_are_done(self):
        step = Step(Call("PUT", "/x", targets=("lab/Lobby sensor",)), (change("rename"),))
        assert blynk().finish(step, Answer(200), Deadline(60, float))["lab/Lobby sensor"].status == DONE

    def test_a_device_is_read_again_by_its_id(self):
        vendor = blynk({"/device": device_route(row(7, "Hall"))})
        fresh = vendor.refresh(observed(model=MODEL), ["name"])
        assert (fresh.name, fresh.model) == ("Hall", MODEL)
        assert vendor.in_scope(declared(name="Hall"), fresh)

    def test_a_device_that_is_gone_is_none(self):
        assert blynk({"/device": device_route()}).refresh(observed(), []) is None
        assert blynk({"/device/metafield": Gone("no", status=404)}).refresh(observed(), ["metafields"]) is None

    def test_metafields_are_read_again_alone(self):
        vendor = blynk({"/device/metafield": [ROOM]})
        assert vendor.refresh(observed(), ["metafields"]).metafields == {"Room": "Lobby"}
        assert vendor.client.paths() == ["/device/metafield"]

    def test_only_what_is_declared_costs_calls(self):
        vendor = blynk({"/device/metafield": [ROOM], "/device/tags": [{"id": 1, "name": "In Service"}]})
        assert vendor.enrich(observed(), {"name", "owner"}) == observed()
        assert vendor.client.calls == []
        rich = vendor.enrich(observed(), {"tags", "metafields", "name"})
        assert (rich.tags, rich.metafields) == (["In Service"], {"Room": "Lobby"})

    def test_clear_data_and_trigger_event_are_sent_once(self):
        vendor = blynk()
        assert vendor.act("clear_data", observed(), {"check_mode": False}) == {"device_id": "7"}
        result = vendor.act("trigger_event", observed(), {"event_code": "high_temp", "description": "hot"})
        assert result == {"device_id": "7", "event_code": "high_temp"}
        vendor.act("trigger_event", observed(), {"event_code": "high_temp", "description": None})
        assert [(call.method, call.path.removeprefix(API), call.repeat) for call in vendor.client.sent] == [
            ("DELETE", "/device/clear", NEVER),
            ("POST", "/device/trigger-event", NEVER),
            ("POST", "/device/trigger-event", NEVER),
        ]
        assert vendor.client.sent[1].body == {"deviceId": 7, "eventCode": "high_temp", "eventDescription": "hot"}
        assert vendor.client.sent[2].body == {"deviceId": 7, "eventCode": "high_temp"}

    @pytest.mark.parametrize(
        ("action", "options", "words"),
        [
            ("activation_code", {}, "no activation_code"),
            ("trigger_event", {}, "needs event_code"),
            ("trigger_event", {"event_code": "a/b"}, "letters, digits"),
            ("trigger_event", {"event_code": "a", "description": "x" * 301}, "301 characters"),
        ],
    )
    def test_a_wrong_action_sends_nothing(self, action, options, words):
        vendor = blynk()
        with pytest.raises(DeclarationError, match=words):
            vendor.act(action, observed(), options)
        assert vendor.client.sent == []

    def test_an_action_needs_a_device_and_check_mode_sends_nothing(self):
        vendor = blynk()
        with pytest.raises(DeclarationError, match="needs a device"):
            vendor.act("clear_data", None, {})
        assert vendor.act("clear_data", observed(), {"check_mode": True}) == {"device_id": "7"}
        assert vendor.client.sent == []


class TestListing:
    def names(self, vendor, **options):
        return [device.name for device in vendor.list_devices(Query(**options)).devices]

    def test_the_listing_serves_everything_that_has_no_operation_of_its_own(self):
        vendor = blynk({"/devices": paged([row(7), row(8, "Hall")])})
        assert self.names(vendor, name="Hall") == ["Hall"]
        assert self.names(vendor, filters={"id": 7}, page_size=100) == ["Lobby sensor"]
        assert vendor.client.calls[1][1] == {"page": 0, "size": 100}

    def test_sub_organizations_are_the_vendor_s_to_add(self):
        vendor = blynk({"/devices": paged([row(7)])})
        self.names(vendor, include_sub_organizations=True)
        assert vendor.client.calls == [("/devices", {"includeSubOrgDevices": True, "page": 0, "size": 1000})]

    def test_a_small_limit_asks_for_so_many_rows(self):
        vendor = blynk({"/devices": paged([row(number, f"d{number}") for number in range(50)])})
        assert self.names(vendor, limit=2) == ["d0", "d1"]
        assert vendor.client.calls == [("/devices", {"page": 0, "size": 2})]
        assert self.names(vendor, limit=1, sort=("name desc",)) == ["d9"]

    def test_one_device_is_read_by_its_id(self):
        vendor = blynk({"/device": device_route(row(7))}, organization="Berlin")
        assert self.names(vendor, device_id="7") == ["Lobby sensor"]
        assert self.names(vendor, cloud_id="7") == ["Lobby sensor"]
        assert self.names(vendor, device_id="8") == []
        assert self.names(vendor, device_id="7", cloud_id="8") == []
        assert set(vendor.client.paths()) == {"/device"}

    def test_base_info_replaces_the_device_where_one_is_read(self):
        vendor = blynk({"/device/baseInfo": device_route(row(7, isLocked=False, lifecycleStatus={"name": "Active"}))})
        (device,) = vendor.list_devices(Query(device_id="7", gather=frozenset({"base_info"}))).devices
        assert device.status == "Active"
        assert vendor.client.paths() == ["/device/baseInfo"]

    def test_a_search_sorts_at_the_vendor_where_it_can(self):
        vendor = blynk({"/search/devices": paged([row(8, "Hall"), row(7, "Hallway")])})
        assert self.names(vendor, search="hall", sort=("last_seen desc",)) == ["Hall", "Hallway"]
        assert vendor.client.calls == [
            ("/search/devices", {"query": "hall", "sortBy": "Last Reported At", "sortOrder": "DESC", "page": 0, "size": 1000})
        ]
        assert self.names(vendor, search="hall", sort=("model", "name desc")) == ["Hallway", "Hall"]
        assert "sortBy" not in vendor.client.calls[1][1]

    def test_a_search_keeps_to_the_organization_that_the_account_names(self):
        rows = [row(7, "Hall", orgId=102), row(8, "Hallway", orgId=103)]
        vendor = blynk({"/search/devices": paged(rows)}, organization="102")
        assert self.names(vendor, search="hall") == ["Hall"]
        assert self.names(vendor, search="hall", include_sub_organizations=True) == ["Hall", "Hallway"]

    def test_owner_and_user_have_operations_of_their_own(self):
        vendor = blynk(
            {
                "/device/by-owner": paged([row(7, orgId=102)]),
                "/device/by-user-org": paged([row(8, orgId=102), row(9, orgId=103)]),
            },
            organization="102",
        )
        assert len(self.names(vendor, owner_email="a@b")) == 1
        assert len(self.names(vendor, user_email="a@b")) == 1
        assert vendor.client.calls == [
            ("/device/by-owner", {"ownerEmail": "a@b", "orgId": 102, "page": 0, "size": 1000}),
            ("/device/by-user-org", {"userEmail": "a@b", "page": 0, "size": 1000}),
        ]

    @pytest.mark.parametrize("form", [lambda rows: rows, lambda rows: rows[0]])
    def test_recently_activated_devices_get_their_names_in_the_fewest_calls(self, form):
        recent = [{"id": 7, "orgId": 101, "templateId": 301, "activationTime": 1}]
        vendor = blynk({"/device/last-activated": form(recent), "/device": device_route(row(7))})
        assert self.names(vendor, activated_within=5) == ["Lobby sensor"]
        assert vendor.client.calls[0] == ("/device/last-activated", {"minutes": 5})

    def test_several_recently_activated_devices_are_listed(self):
        recent = [{"id": number} for number in (8, 7)]
        vendor = blynk({"/device/last-activated": recent, "/devices": paged([row(7), row(8, "Hall")])})
        assert self.names(vendor, activated_within=60) == ["Hall", "Lobby sensor"]
        assert vendor.client.paths() == ["/device/last-activated", "/devices"]

    def test_nothing_recently_activated_is_nothing(self):
        for empty in ([], {}, None):
            assert self.names(blynk({"/device/last-activated": empty}), activated_within=5) == []

    def test_everything_that_can_be_gathered_is_read_for_each_device(self):
        routes = {
            "/devices": paged([row(7)]),
            "/device/baseInfo": row(7, lifecycleStatus={"name": "Active"}, connectTime=1000, ip="10.0.0.7", isLocked=False),
            "/device/tags": [{"id": 1, "name": "In Service"}],
            "/device/metafield": [ROOM],
            "/device/online": {"connected": True},
            "/device/timeline": page({"id": 1, "eventType": "ONLINE", "token": TOKEN}),
            "/device/logs": page({"value": "1"}, {"value": "1"}),
        }
        vendor = blynk(routes)
        gather = frozenset({"tags", "metafields", "online", "timeline", "logs", "base_info"})
        (device,) = vendor.list_devices(Query(gather=gather, event_type="ONLINE", include_raw=True)).devices
        record = device.record()
        assert (record["status"], record["ip"], record["online"], record["tags"]) == ("Active", "10.0.0.7", True, ["In Service"])
        assert record["last_seen"] == "2024-06-10T06:13:20Z"
        assert record["metafields"] == {"Room": "Lobby"}
        assert record["timeline"] == [{"id": 1, "eventType": "ONLINE"}]
        assert record["logs"] == [{"value": "1"}, {"value": "1"}]
        assert record["raw"]["lifecycleStatus"] == {"name": "Active"}
        assert ("/device/timeline", {"deviceId": 7, "eventType": "ONLINE", "page": 0, "size": 1000}) in vendor.client.calls
        (plain,) = vendor.list_devices(Query(gather=frozenset({"base_info"}))).devices
        assert (plain.raw, plain.last_seen) == (None, "1970-01-01T00:00:01Z")

    def test_a_device_that_is_not_connected_keeps_its_last_sign_of_life(self):
        vendor = blynk({"/device": device_route(row(7, connectTime=1000)), "/device/online": {"connected": False}})
        (device,) = vendor.list_devices(Query(device_id="7", gather=frozenset({"online"}))).devices
        assert (device.online, device.last_seen) == (False, "1970-01-01T00:00:01Z")

    @pytest.mark.parametrize("body", [{}, {"connected": 1}, []])
    def test_an_online_answer_in_another_form_is_an_error(self, body):
        with pytest.raises(BadAnswer, match="connected"):
            blynk({"/device": device_route(row(7)), "/device/online": body}).list_devices(
                Query(device_id="7", gather=frozenset({"online"}))
            )

    def test_a_filter_by_the_owner_s_address_looks_it_up(self):
        rows = [row(7, ownerUserId=202), row(8, "Hall")]
        vendor = blynk({"/devices": paged(rows), "/search/users": page(*USERS)})
        for name in ("owner", "owner.email"):
            assert self.names(vendor, filters={name: "Ops@Example.com"}) == ["Lobby sensor"]
        assert self.names(vendor, filters={"owner": ["Ops@Example.com", "7"]}) == ["Lobby sensor"]
        assert self.names(vendor, filters={"owner": "202"}) == ["Lobby sensor"]
        assert self.names(vendor, filters={"owner": None}) == ["Hall"]

    @pytest.mark.parametrize(
        ("filters", "words"),
        [
            ({"owner": {"id": "202"}}, "`owner` with an id"),
            ({"owner.name": "Ops"}, "`owner` with an id"),
            ({"owner": "who@example.com"}, "no user"),
            ({"owner": "ops@example.com"}, "'Ops@Example.com' at Blynk"),
        ],
    )
    def test_a_filter_by_owner_that_could_fit_nothing_is_refused(self, filters, words):
        vendor = blynk({"/devices": paged([row(7)]), "/search/users": page(*USERS), "/users": paged(USERS)})
        with pytest.raises(DeclarationError, match=words):
            vendor.list_devices(Query(filters=filters))

    def test_costly_filters_read_only_the_devices_that_cheap_ones_leave(self):

        def online(query: t.Any) -> t.Any:
            return {"connected": query["deviceId"] == 8}

        vendor = blynk({"/devices": paged([row(7), row(8, "Hall"), row(9, "Hall")]), "/device/online": online})
        vendor.list_devices(Query(filters={"online": True, "name": "Hall"}, limit=1))
        assert vendor.client.paths() == ["/devices", "/device/online", "/device/online"]

    def test_sorting_and_grouping_by_what_rows_do_not_show_reads_it(self):
        routes = {"/devices": paged([row(7)]), "/device/baseInfo": row(7), "/device/tags": []}
        vendor = blynk(routes)
        vendor.list_devices(Query(sort=("status",), group_by="tags"))
        assert vendor.client.paths() == ["/devices", "/device/baseInfo", "/device/tags"]

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"serial": "S"}, "no serial"),
            ({"mac": "x"}, "no mac"),
            ({"vendor_filter": "x"}, "no vendor_filter"),
            ({"vendor_filter_tags": "x"}, "no vendor_filter_tags"),
            ({"search": "x", "owner_email": "a@b"}, "one of search, owner_email at a time"),
            ({"owner_email": "a@b", "include_sub_organizations": True}, "cannot include sub-organizations with owner_email"),
            ({"device_id": "x"}, "not a Blynk device id"),
            ({"search": ""}, "1 to 255"),
            ({"page_size": 1001}, "1 to 1000"),
            ({"activated_within": 61}, "1 to 60"),
            ({"event_type": "ONLINE"}, "add `timeline`"),
            ({"gather": frozenset({"colour"})}, "nothing to gather as colour"),
            ({"filters": {"space": "x"}}, "cannot filter by space"),
        ],
    )
    def test_what_blynk_cannot_read_is_refused_without_a_call(self, options, words):
        vendor = blynk()
        with pytest.raises(DeclarationError, match=words):
            vendor.list_devices(Query(**options))
        assert vendor.client.calls == []


def test_the_facts_page_has_every_operation_and_every_reading_option():
    text = (Path(__file__).resolve().parents[6] / "docs" / "vendors" / "blynk.md").read_text(encoding="utf-8")
    numbers = {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert numbers == set(range(1, 22))
    options = set(Blynk.READ_OPTIONS) - {"page_size", "name"}
    for option in options:
        word = option.replace("gather: ", "gather: [") + ("]" if option.startswith("gather: ") else "")
        assert f"`{word}`" in text, option
    for capability in ("name", "owner", "transfer_to", "metafields"):
        assert f"`{capability}`" in text
