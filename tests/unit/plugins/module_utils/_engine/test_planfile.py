# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan as JSON: its documented keys, and no secret in it."""

from __future__ import annotations

import datetime
import json
import typing as t
from dataclasses import replace

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Forbidden
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import AccountPlan, Change, DevicePlan, Plan
from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import plan_as_data
from tests.unit.plugins.module_utils._engine.fake_vendor import FakeCloud, fleet_over, open_fake, open_placing

NOON = datetime.datetime(2026, 3, 1, 13, 0, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
KEYS = {
    "format",
    "tool_version",
    "created_at",
    "expires_at",
    "complete",
    "warnings",
    "effort",
    "errors",
    "blocked",
    "summary",
    "devices",
    "changes",
}
DEVICE_KEYS = {
    "address", "account", "vendor", "id", "name", "serial", "model", "actions", "before", "after", "after_unknown", "sensitive",
    "irreversible", "reason", "declared_at",
}  # fmt: skip


def data_of(monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, t.Any]], *declared: dict[str, t.Any]) -> dict[str, t.Any]:
    fleet = fleet_over(monkeypatch, open_fake(FakeCloud(*rows)))
    plan = fleet.plan([declaration_from(options, declared_at=f"fleet.yml:{line}") for line, options in enumerate(declared, 1)])
    return plan_as_data(plan, tool_version="1.2.3", now=NOON)


LOBBY = {"id": "d1", "name": "Lobby", "serial": "S1", "metafields": {"Pin": "1234"}}


def test_the_plan_has_the_documented_keys_and_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_of(monkeypatch, [LOBBY], {"serial": "S1", "name": "Hall"})
    assert set(data) == KEYS
    assert set(data["devices"][0]) == DEVICE_KEYS
    assert set(data["changes"][0]) == {"address", "action", "attribute", "before", "after", "calls"}
    assert json.loads(json.dumps(data)) == data


def test_times_are_utc_and_a_plan_lives_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_of(monkeypatch, [])
    assert (data["format"], data["tool_version"]) == (1, "1.2.3")
    assert (data["created_at"], data["expires_at"]) == ("2026-03-01T12:00:05Z", "2026-03-02T12:00:05Z")


def test_an_update_shows_before_and_after_of_what_is_declared_and_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_of(monkeypatch, [LOBBY], {"serial": "S1", "name": "Hall"})
    device = data["devices"][0]
    assert (device["address"], device["account"], device["vendor"]) == ("lab/S1", "lab", "fake")
    assert (device["id"], device["serial"], device["actions"], device["declared_at"]) == ("d1", "S1", ["update"], "fleet.yml:1")
    assert (device["before"], device["after"], device["after_unknown"], device["irreversible"]) == (
        {"name": "Lobby"},
        {"name": "Hall"},
        [],
        False,
    )
    assert data["changes"][0]["calls"] == [{"method": "PUT", "path": "/name", "body": {"device": "d1", "value": "Hall"}}]


def test_a_new_device_has_no_before_and_an_id_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_of(monkeypatch, [], {"serial": "S9", "name": "New", "model": "M1", "owner": "ada@example.com"})
    device = data["devices"][0]
    assert (device["id"], device["name"], device["actions"], device["before"], device["after_unknown"]) == (
        None,
        "New",
        ["create"],
        None,
        ["id"],
    )
    assert data["changes"][1]["calls"][0]["body"] == {"device": {"id_of_new": "lab/S9"}, "value": "u1"}


def test_a_deletion_has_no_after_and_is_irreversible(monkeypatch: pytest.MonkeyPatch) -> None:
    device = data_of(monkeypatch, [LOBBY], {"serial": "S1", "state": "absent"})["devices"][0]
    assert (device["actions"], device["before"], device["after"], device["irreversible"]) == (
        ["delete"],
        {"id": "d1", "name": "Lobby"},
        None,
        True,
    )


def test_a_device_that_is_absent_already_is_named_as_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    device = data_of(monkeypatch, [], {"serial": "S7", "name": "Old", "state": "absent"})["devices"][0]
    assert (device["id"], device["name"], device["serial"], device["actions"]) == (None, "Old", "S7", ["no-op"])


def test_the_summary_counts_devices_and_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[dict[str, t.Any]] = [
        LOBBY,
        {"id": "d2", "serial": "S2"},
        {"id": "d3", "serial": "S3"},
        {"id": "d4", "serial": "S4"},
    ]
    data = data_of(
        monkeypatch,
        rows,
        {"serial": "S1", "name": "Hall", "tags": ["red"]},
        {"serial": "S2", "state": "absent"},
        {"serial": "S3"},
        {"serial": "S4", "transfer_to": "org-branch", "protect": True},
        {"serial": "S9", "model": "M1"},
    )
    assert data["summary"] == {"create": 1, "update": 1, "delete": 1, "unchanged": 1, "unverified": 0, "calls": 4, "seconds": 0.0}
    assert data["effort"] == {"fake": {"calls": 4, "seconds": 0.0}}
    assert data["blocked"] == [{"address": "lab/S4", "reason": "protect: true forbids transfer"}]
    assert [device["reason"] for device in data["devices"] if device["address"] == "lab/S4"] == ["protect: true forbids transfer"]


def test_a_plan_holds_no_secret_value(monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_of(monkeypatch, [LOBBY], {"serial": "S1", "metafields": {"Pin": "9876"}, "secret_metafields": ["Pin"]})
    assert data["devices"][0]["sensitive"] == ["metafields.Pin"]
    assert data["changes"][0]["calls"][0]["body"]["value"] == "(hidden)"
    assert "9876" not in json.dumps(data)
    assert "1234" not in json.dumps(data)


def test_errors_stand_in_the_plan_by_kind_and_place(monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_of(monkeypatch, [], {"serial": "S9"})
    (error,) = data["errors"]
    assert (error["account"], error["address"], error["kind"]) == ("lab", "lab/S9", "NotFound")
    assert "cannot be created as declared" in error["message"]


def test_an_account_that_could_not_be_read_makes_the_plan_incomplete() -> None:
    error = Forbidden("no right", account="lab", method="GET", path="/devices", status=403, tracking_id="t-1")
    data = plan_as_data(Plan((AccountPlan("lab", "fake", errors=(error,), complete=False),)), tool_version="1", now=NOON)
    assert data["complete"] is False
    assert (data["errors"][0]["status"], data["errors"][0]["tracking_id"]) == (403, "t-1")


def test_what_cannot_be_read_back_is_counted_apart_unless_something_else_changes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[dict[str, t.Any]] = [LOBBY, {"id": "d2", "serial": "S2", "name": "Roof"}]
    vendor = open_fake(FakeCloud(*rows))
    resolve = vendor.resolve
    monkeypatch.setattr(
        vendor,
        "resolve",
        lambda *both: replace(resolve(*both), unverified=frozenset({"contact"}), notes=("sent anew each time",)),
    )
    fleet = fleet_over(monkeypatch, vendor)
    wanted = [{"serial": "S1", "contact": {"a": 1}}, {"serial": "S2", "contact": {"a": 1}, "name": "Hall"}]
    data = plan_as_data(fleet.plan([declaration_from(options) for options in wanted]), tool_version="1", now=NOON)
    assert (data["summary"]["update"], data["summary"]["unverified"], data["summary"]["unchanged"]) == (1, 1, 0)
    assert [(change["action"], change.get("unverified", False)) for change in data["changes"]] == [
        ("set_contact", True),
        ("rename", False),
        ("set_contact", True),
    ]
    assert [device["actions"] for device in data["devices"]] == [["update"], ["update"]]


def test_a_blocked_device_is_in_no_count(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = open_fake(FakeCloud())
    monkeypatch.setattr(vendor, "waits_for", lambda declaration: "needs activation: enter the code")
    plan = fleet_over(monkeypatch, vendor).plan([declaration_from({"serial": "S9", "name": "New"})])
    data = plan_as_data(plan, tool_version="1", now=NOON)
    assert data["blocked"] == [{"address": "lab/S9", "reason": "needs activation: enter the code"}]
    assert set(data["summary"].values()) == {0}
    assert (data["devices"][0]["reason"], data["devices"][0]["name"]) == ("needs activation: enter the code", "New")


def test_warnings_of_accounts_come_before_those_of_devices() -> None:
    device = DevicePlan(declaration_from({"serial": "S1"}, account="b"), None, None, warnings=("mind",))
    plan = Plan((AccountPlan("a", "fake", warnings=("odd",)), AccountPlan("b", "fake", (device,), warnings=("strange",))))
    assert plan_as_data(plan, tool_version="1", now=NOON)["warnings"] == ["odd", "strange", "b/S1: mind"]


def test_a_new_space_stands_in_the_plan_with_the_call_that_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = fleet_over(monkeypatch, open_placing(FakeCloud(LOBBY, {"id": "d2", "serial": "S2"})))
    wanted = [{"serial": serial, "space": "Attic", "create_space": True} for serial in ("S1", "S2")]
    data = plan_as_data(fleet.plan([declaration_from(options) for options in wanted]), tool_version="1", now=NOON)
    made, moved = data["changes"][:2]
    assert (made["action"], made["attribute"], made["before"], made["after"]) == ("create_space", None, None, {"space": "Attic"})
    assert made["calls"] == [{"method": "POST", "path": "/spaces", "body": {"name": "Attic", "parent": "s0"}}]
    assert moved["calls"] == [{"method": "PATCH", "path": "/devices/d1", "body": {"space": {"id_of_new": "space:Attic"}}}]
    assert (data["summary"]["update"], data["summary"]["calls"]) == (2, 3)
    assert json.loads(json.dumps(data)) == data


def test_secrets_of_metafields_set_as_a_whole_are_named_and_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = open_fake(FakeCloud(LOBBY))
    vendor.WHOLE = frozenset({"metafields"})
    fleet = fleet_over(monkeypatch, vendor)
    options = {"serial": "S1", "metafields": {"Pin": "9876", "Room": "H"}, "secret_metafields": ["Pin"]}
    data = plan_as_data(fleet.plan([declaration_from(options)]), tool_version="1", now=NOON)
    assert data["devices"][0]["sensitive"] == ["metafields.Pin"]
    assert data["changes"][0]["after"] == {"Pin": "(hidden)", "Room": "H"}
    assert data["changes"][0]["detail"] == [{"path": "Room", "before": None, "after": "H"}]
    assert "9876" not in json.dumps(data)
    assert "1234" not in json.dumps(data)


def test_what_is_sensitive_is_named_once_for_a_device() -> None:
    changes = tuple(Change("b/S1", "set_metafield", "metafields.Pin", None, 1, secret=True) for _number in range(2))
    device = DevicePlan(declaration_from({"serial": "S1"}, account="b"), None, None, changes)
    data = plan_as_data(Plan((AccountPlan("b", "fake", (device,)),)), tool_version="1", now=NOON)
    assert data["devices"][0]["sensitive"] == ["metafields.Pin"]
