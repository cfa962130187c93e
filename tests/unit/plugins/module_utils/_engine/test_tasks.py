# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The bodies of the modules over a cloud in memory: what each task states, what it returns, and what it never does."""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine import fleet as fleet_module
from ansible_collections.fleetform.devices.plugins.module_utils._engine.argspec import spec_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import MissingLibrary, SettingsError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import HIDDEN, Listing
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Desired
from ansible_collections.fleetform.devices.plugins.module_utils._engine.tasks import perform, secret_values, shown_params
from tests.unit.plugins.module_utils._engine.fake_vendor import (
    FakeCloud,
    FakeVendor,
    open_fake,
    open_placing,
    refused,
    unavailable,
)


class Clouds:
    """The accounts of a test by name, each a cloud in memory."""

    def __init__(self) -> None:
        self.by_name: dict[str | None, FakeCloud] = {None: FakeCloud()}
        self.opened: dict[str | None, FakeVendor] = {}
        self.prepare: t.Callable[[FakeVendor], None] = lambda vendor: None

    def open(self, name: str | None, options: t.Mapping[str, t.Any], **_more: t.Any) -> FakeVendor:
        if options.get("token") == "wrong":
            raise SettingsError("these settings will not do", account=name)
        vendor = open_fake(self.by_name[name], name)
        self.opened[name] = vendor
        self.prepare(vendor)
        return vendor

    @property
    def only(self) -> FakeCloud:
        return self.by_name[None]


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch) -> Clouds:
    found = Clouds()
    monkeypatch.setattr(fleet_module, "open_account", found.open)
    return found


def params(task: str, **given: t.Any) -> dict[str, t.Any]:
    """Parameters as Ansible hands them over: every option is there, defaults are filled in."""
    spec = spec_of(task)["argument_spec"]
    filled = {name: option.get("default") for name, option in spec.items()}
    if task == "fleet":
        names = spec["devices"]["options"]
        given["devices"] = [{**dict.fromkeys(names), **device} for device in given["devices"]]
    return {**filled, **given}


def run(task: str, *, check: bool = False, diff: bool = False, **given: t.Any) -> dict[str, t.Any]:
    result = perform(task, params(task, **given), check_mode=check, diff_mode=diff, environ={})
    json.dumps(result)
    return result


def test_a_device_is_created_and_then_left_alone(clouds: Clouds) -> None:
    first = run("device", name="Lobby", model="M1", owner="ada@example.com")
    assert first["changed"] is True
    assert [change["action"] for change in first["changes"]] == ["claim", "set_owner"]
    assert first["device"]["name"] == "Lobby"
    assert first["device"]["id"] == "d1"
    second = run("device", name="Lobby", model="M1", owner="ada@example.com")
    assert second["changed"] is False
    assert second["changes"] == []
    assert second["calls"]["write"] == 0


def test_check_mode_says_what_would_be_and_writes_nothing(clouds: Clouds) -> None:
    result = run("device", check=True, name="Lobby", model="M1")
    assert result["changed"] is True
    assert result["device"]["name"] == "Lobby"
    assert result["device"]["id"] is None
    assert result["calls"]["write"] == 0
    assert clouds.only.writes == []


def test_a_diff_is_returned_in_diff_mode_only(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby")
    assert "diff" not in run("device", check=True, name="Lobby", tags=["a"])
    result = run("device", check=True, diff=True, name="Lobby", tags=["a"])
    assert result["diff"]["before"] == {"tags": []}
    assert result["diff"]["after"] == {"tags": ["a"]}


def test_a_device_that_is_deleted_has_no_record(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby")
    result = run("device", name="Lobby", state="absent")
    assert result["device"] is None
    assert result["changed"] is True
    assert run("device", name="Lobby", state="absent")["changed"] is False


def test_device_renames_a_device_that_has_an_identifier(clouds: Clouds) -> None:
    clouds.only.add(name="Old", serial="S1")
    assert [change["action"] for change in run("device", serial="S1", name="New")["changes"]] == ["rename"]


@pytest.mark.parametrize(
    ("task", "options"),
    [
        ("device_tag", {"tags": ["a"]}),
        ("device_metafield", {"metafields": {"Room": "1"}}),
        ("device_owner", {"owner": "ada@example.com"}),
    ],
)
def test_the_other_tasks_never_rename(clouds: Clouds, task: str, options: dict[str, t.Any]) -> None:
    clouds.only.add(name="Old", serial="S1")
    result = run(task, serial="S1", name="New", **options)
    assert "rename" not in [change["action"] for change in result["changes"]]
    assert result["device"]["name"] == "Old"


def test_tags_are_added_to_those_that_are_there(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby", tags=["a"])
    assert run("device_tag", name="Lobby", tags=["b"])["device"]["tags"] == ["a", "b"]


def test_exact_tags_replace_the_others(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby", tags=["a"])
    assert run("device_tag", name="Lobby", tags=["b"], state="exact")["device"]["tags"] == ["b"]


def test_absent_tags_go_and_the_others_stay(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby", tags=["a", "b"])
    assert run("device_tag", name="Lobby", tags=["a"], state="absent")["device"]["tags"] == ["b"]
    assert run("device_tag", name="Lobby", tags=["a"], state="absent")["changed"] is False


def test_a_bare_string_is_no_list_of_tags(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby")
    for state in ("present", "absent", "exact"):
        result = run("device_tag", name="Lobby", tags="a", state=state)
        assert result["failed"] is True
        assert "list of labels" in result["msg"]


def test_metafields_by_name_only_where_they_are_to_go(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby")
    assert "list of metafield names" in run("device_metafield", name="Lobby", metafields={"Room": "1"}, state="absent")["msg"]
    assert "dictionary" in run("device_metafield", name="Lobby", metafields=["Room"])["msg"]


def test_an_owner_is_set_and_removed(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby")
    assert run("device_owner", name="Lobby", owner="ada@example.com")["device"]["owner"]["email"] == "ada@example.com"
    removed = run("device_owner", name="Lobby", state="absent")
    assert [change["action"] for change in removed["changes"]] == ["remove_owner"]
    assert run("device_owner", name="Lobby", state="absent")["changed"] is False
    assert "leave owner out" in run("device_owner", name="Lobby", owner="ada@example.com", state="absent")["msg"]


def test_a_device_that_is_not_there_is_not_created_by_the_tasks_for_one_attribute(clouds: Clouds) -> None:
    result = run("device_tag", name="Lobby", tags=["a"])
    assert result["failed"] is True
    assert result["changed"] is False
    assert clouds.only.writes == []


def test_what_a_vendor_cannot_do_fails_before_anything_is_written(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby")
    result = run("device", name="Lobby", applications={"app": "ENABLED"}, tags=["a"])
    assert result["failed"] is True
    assert "nearest" in result["msg"]
    assert clouds.only.writes == []


def test_a_blocked_device_fails_when_it_is_the_only_one(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby")
    result = run("device", name="Lobby", archived=True, protect=True)
    assert result["failed"] is True
    assert "blocked: protect" in result["msg"]


def test_a_failure_comes_with_what_had_been_changed_by_then(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby", serial="S1")
    clouds.prepare = lambda vendor: vendor.client.refuse.update({"/metafield": refused()})
    result = run("device", serial="S1", tags=["a"], metafields={"Room": "1"})
    assert result["failed"] is True
    assert result["changed"] is True
    assert [change["action"] for change in result["changes"]] == ["tag"]
    assert "the vendor says no" in result["msg"]
    assert result["device"]["tags"] == ["a"]


def test_an_account_that_cannot_be_read_is_a_failure_with_its_calls(clouds: Clouds) -> None:
    clouds.only.unreadable = unavailable()
    result = run("device", name="Lobby", tags=["a"])
    assert result["failed"] is True
    assert result["changed"] is False
    assert result["calls"] == {"read": 1, "write": 0}


def test_settings_that_are_wrong_are_a_failure_without_a_call(clouds: Clouds) -> None:
    result = run("device", name="Lobby", token="wrong")
    assert result == {"changed": False, "failed": True, "msg": "these settings will not do", "calls": {"read": 0, "write": 0}}


def test_a_missing_library_is_named(clouds: Clouds) -> None:
    def fail(_vendor: FakeVendor) -> None:
        raise MissingLibrary("requests")

    clouds.prepare = fail
    assert run("device", name="Lobby")["missing_library"] == "requests"


def test_devices_are_read_with_count_and_groups(clouds: Clouds) -> None:
    clouds.only.add(name="A", model="M1")
    clouds.only.add(name="B", model="M2")
    result = run("device_info", group_by="model")
    assert result["changed"] is False
    assert [device["name"] for device in result["devices"]] == ["A", "B"]
    assert result["count"] == 2
    assert result["groups"] == [{"key": "M1", "count": 1}, {"key": "M2", "count": 1}]


def test_fields_that_are_not_asked_for_are_null(clouds: Clouds) -> None:
    clouds.only.add(name="A", model="M1")
    (whole,) = run("device_info")["devices"]
    (found,) = run("device_info", fields=["model"], sort=["name"], filters={"name": "A"})["devices"]
    assert found.keys() == whole.keys()
    left = {name: value for name, value in found.items() if value is not None}
    assert left == {name: whole[name] for name in ("vendor", "account", "id", "model") if whole[name] is not None}


def test_an_unknown_field_is_a_failure(clouds: Clouds) -> None:
    assert "did you mean 'serial'" in run("device_info", sort=["seriall"])["msg"]


def test_an_action_reports_a_change_each_time_and_is_told_of_check_mode(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    clouds.only.add(name="Lobby")
    seen: list[tuple[str, t.Any]] = []
    monkeypatch.setattr(
        FakeVendor, "act", lambda _self, action, device, options: seen.append((action, options)) or {"done": device.id}
    )
    for check in (True, False):
        result = run("device_action", check=check, name="Lobby", action="trigger_event", event_code="e")
        assert result["changed"] is True
        assert result["result"] == {"done": "d1"}
    assert seen == [("trigger_event", {"event_code": "e", "check_mode": check}) for check in (True, False)]


def test_an_activation_code_is_for_no_device_that_exists(clouds: Clouds) -> None:
    assert "does not exist yet" in run("device_action", action="activation_code", space="Lobby", name="Lobby")["msg"]


def test_an_activation_code_is_asked_for_without_a_device(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeVendor, "act", lambda _self, action, device, options: {"device": device, "space": options["space"]})
    assert run("device_action", action="activation_code", space="Lobby")["result"] == {"device": None, "space": "Lobby"}


def test_metafields_that_go_are_given_by_name(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby")
    assert "failed" not in run("device_metafield", name="Lobby", metafields=["Room"], state="absent")


def test_warnings_of_the_plan_name_their_device(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    clouds.only.add(name="Lobby")
    monkeypatch.setattr(FakeVendor, "resolve", lambda _self, _declaration, _observed: Desired(warnings=("mind the gap",)))
    assert run("device", name="Lobby")["warnings"] == ["-/Lobby: mind the gap"]


def test_what_more_than_three_devices_share_is_said_once_with_their_number(
    clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "ABCD":
        clouds.only.add(name=name)

    def resolved(_self: FakeVendor, declaration: t.Any, _observed: t.Any) -> Desired:
        return Desired(warnings=("mind the gap",), notes=("by the way", f"this is {declaration.name}"))

    monkeypatch.setattr(FakeVendor, "resolve", resolved)
    few = run("fleet", devices=[{"name": name} for name in "ABC"])
    assert few["warnings"] == [f"-/{name}: mind the gap" for name in "ABC"]
    many = run("fleet", devices=[{"name": name} for name in "ABCD"])
    assert many["warnings"] == ["4 devices, such as -/A: mind the gap"]
    assert many["notes"] == ["4 devices, such as -/A: by the way", *(f"-/{name}: this is {name}" for name in "ABCD")]
    assert many["plan"]["warnings"] == [f"-/{name}: mind the gap" for name in "ABCD"]


def test_a_fleet_is_converged_in_every_account(clouds: Clouds) -> None:
    clouds.by_name = {"one": FakeCloud({"name": "A"}), "two": FakeCloud({"name": "B"}, {"name": "C"})}
    devices = [{"name": "A", "tags": ["x"]}, {"name": "B", "account": "two", "tags": ["y"]}, {"name": "C", "account": "two"}]
    given = {"accounts": {"one": {}, "two": {}}, "defaults": {"account": "one"}, "devices": devices}
    result = run("fleet", diff=True, **given)
    assert result["changed"] is True
    assert [change["address"] for change in result["changes"]] == ["one/A", "two/B"]
    assert [device["name"] for device in result["devices"]] == ["A", "B"]
    assert [side["after"] for side in result["diff"]] == [{"tags": ["x"]}, {"tags": ["y"]}]
    assert result["plan"]["summary"]["update"] == 2
    again = run("fleet", return_devices="all", **given)
    assert again["changed"] is False
    assert again["calls"]["write"] == 0
    assert [device["name"] for device in again["devices"]] == ["A", "B", "C"]


def test_a_fleet_in_check_mode_writes_nothing(clouds: Clouds) -> None:
    clouds.only.add(name="A")
    result = run("fleet", check=True, devices=[{"name": "A", "tags": ["x"]}, {"name": "B", "model": "M"}])
    assert result["changed"] is True
    assert result["devices"][1]["id"] is None
    assert clouds.only.writes == []


def test_every_wrong_declaration_is_listed_and_nothing_is_written(clouds: Clouds) -> None:
    clouds.only.add(name="A")
    devices = [
        {"name": "A", "tags": ["x"]},
        {"name": "B", "tags": "bare"},
        {"name": "C"},
        {"name": "A", "applications": {"a": "ENABLED"}},
    ]
    result = run("fleet", devices=devices)
    assert result["failed"] is True
    assert result["changed"] is False
    for part in ("devices[1]", "list of labels", "-/C", "declared twice"):
        assert part in result["msg"]
    assert clouds.only.writes == []


def test_two_declarations_of_one_device_are_an_error(clouds: Clouds) -> None:
    clouds.only.add(name="A", serial="S1")
    result = run("fleet", devices=[{"name": "A", "tags": ["x"]}, {"serial": "S1", "tags": ["y"]}])
    assert result["failed"] is True
    assert "mean the same device" in result["msg"]


def test_an_unreadable_account_leaves_the_others_converged_and_then_fails(clouds: Clouds) -> None:
    clouds.by_name = {"one": FakeCloud({"name": "A"}), "two": FakeCloud()}
    clouds.by_name["two"].unreadable = unavailable()
    devices = [{"account": "one", "name": "A", "tags": ["x"]}, {"account": "two", "name": "B", "tags": ["y"]}]
    result = run("fleet", accounts={"one": {}, "two": {}}, devices=devices)
    assert result["failed"] is True
    assert result["changed"] is True
    assert clouds.by_name["one"].rows["d1"]["tags"] == ["x"]
    assert result["plan"]["complete"] is False


def test_a_blocked_device_is_a_warning_and_the_others_go_on(clouds: Clouds) -> None:
    clouds.only.add(name="A")
    clouds.only.add(name="B")
    result = run("fleet", devices=[{"name": "A", "archived": True, "protect": True}, {"name": "B", "tags": ["x"]}])
    assert "failed" not in result
    assert "-/A: blocked: protect" in result["warnings"][0]
    assert [change["address"] for change in result["changes"]] == ["-/B"]


def test_accounts_are_never_merged_with_options_beside_them(clouds: Clouds) -> None:
    clouds.by_name = {"one": FakeCloud({"name": "A"})}
    result = run("device", accounts={"one": {}}, token="wrong", name="A")
    assert "failed" not in result
    assert result["device"]["account"] == "one"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"account": "lab"}, "which is not given"),
        ({"accounts": {}}, "is empty"),
        ({"accounts": {"one": "text"}}, "must be a dictionary"),
        ({"accounts": {1: {}}}, "quote it"),
        ({"accounts": {"one": {}, "two": {}}}, "say which one"),
        ({"accounts": {"one": {}, "two": {}}, "account": "three"}, "there is no account 'three'"),
    ],
)
def test_accounts_that_cannot_be_understood_are_explained(clouds: Clouds, given: dict[str, t.Any], words: str) -> None:
    clouds.by_name = {"one": FakeCloud(), "two": FakeCloud()}
    result = run("device", name="A", **given)
    assert result["failed"] is True
    assert words in result["msg"]


def test_secrets_are_in_no_result(clouds: Clouds) -> None:
    clouds.only.add(name="canary-token", model="token-of-None")
    result = run("device", token="canary-token", name="canary-token", tags=["x"])
    assert "canary-token" not in json.dumps(result)
    assert "token-of-None" not in json.dumps(result)


def test_secret_metafields_are_hidden_in_result_and_parameters(clouds: Clouds) -> None:
    clouds.only.add(name="A")
    given = {"name": "A", "metafields": {"Code": "canary", "Room": "1"}, "secret_metafields": ["Code"]}
    result = run("device", diff=True, **given)
    assert "canary" not in json.dumps(result)
    assert "canary" not in json.dumps(shown_params(params("device", **given)))
    assert shown_params(params("device", **given))["metafields"]["Room"] == "1"
    assert clouds.only.rows["d1"]["metafields"]["Code"] == "canary"


def test_secret_metafields_of_a_fleet_are_hidden_in_parameters() -> None:
    given = params(
        "fleet",
        devices=[{"name": "A", "metafields": {"Code": 42}}],
        defaults={"secret_metafields": ["Code"], "metafields": {"Code": "canary"}},
    )
    assert "canary" not in json.dumps(shown_params(given))
    assert shown_params(given)["devices"][0]["metafields"]["Code"] != 42
    assert "canary" in secret_values(given)


def test_values_of_accounts_are_secret_unless_their_option_is_known_to_be_harmless() -> None:
    accounts = {"one": {"vendor": "blynk", "token": "t1", "concurrency": 8, "tokne": "t2", "more": {"deep": ["t3"]}}, "two": "t4"}
    assert secret_values(params("device", accounts=accounts, password="p")) == {"t1", "t2", "t3", "t4", "p"}


def test_accounts_that_are_kept_open_serve_the_next_item_and_count_for_each_alone(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby")
    kept: dict[str, t.Any] = {}
    results = [
        perform("device", params("device", name="Lobby", tags=tags), check_mode=False, diff_mode=False, environ={}, kept=kept)
        for tags in (["a"], ["a"], ["b"])
    ]
    assert len(kept) == 1
    assert [result["calls"]["write"] for result in results] == [1, 0, 1]
    other = params("device", name="Lobby", url="https://other.example")
    perform("device", other, check_mode=False, diff_mode=False, environ={}, kept=kept)
    assert len(kept) == 2


@pytest.mark.parametrize(
    ("task", "options"),
    [
        ("device_tag", {"tags": ["a"]}),
        ("device_tag", {"tags": ["a"], "state": "absent"}),
        ("device_metafield", {"metafields": {"Room": "1"}}),
        ("device_owner", {"owner": "ada@example.com"}),
    ],
)
def test_the_other_tasks_never_create(clouds: Clouds, task: str, options: dict[str, t.Any]) -> None:
    result = run(task, serial="S9", mac="00:11:22:33:44:55", **options)
    assert result["failed"] is True
    assert "creates none" in result["msg"]
    assert clouds.only.writes == []


def test_new_devices_that_share_an_identifier_are_refused_and_named(clouds: Clouds) -> None:
    mac = "00:11:22:33:44:55"
    declared = [
        {"name": "A", "serial": "S1", "mac": mac, "model": "M1"},
        {"name": "B", "serial": "S2", "mac": mac, "model": "M1"},
    ]
    result = run("fleet", devices=declared)
    assert result["failed"] is True
    assert "is declared for -/S2 as well" in result["msg"]
    assert "is declared for -/S1 as well" in result["msg"]
    assert clouds.only.writes == []


# Notes, warnings, what waits and what cannot be read back


def saying(monkeypatch: pytest.MonkeyPatch, **fields: t.Any) -> None:
    """Every declaration means what it says, and this beside it."""
    resolve = FakeVendor.resolve
    monkeypatch.setattr(FakeVendor, "resolve", lambda *args: replace(resolve(*args), **fields))


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("task", "options"),
    [
        ("device", {}),
        ("device_tag", {"tags": ["a"]}),
        ("device_metafield", {"metafields": {"Room": "1"}}),
        ("device_owner", {"owner": "ada@example.com"}),
        ("fleet", {}),
    ],
)
def test_notes_of_the_plan_name_their_device_and_are_no_warning(
    clouds: Clouds, monkeypatch: pytest.MonkeyPatch, task: str, options: dict[str, t.Any], check: bool
) -> None:
    clouds.only.add(name="Lobby")
    saying(monkeypatch, notes=("it takes a while",))
    given = {"devices": [{"name": "Lobby", **options}]} if task == "fleet" else {"name": "Lobby", **options}
    result = run(task, check=check, **given)
    assert result["notes"] == ["-/Lobby: it takes a while"]
    assert "warnings" not in result
    assert "failed" not in result


def test_without_anything_to_say_there_are_no_notes(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby")
    assert "notes" not in run("device", name="Lobby", tags=["a"])
    assert "notes" not in run("fleet", devices=[{"name": "Lobby"}])


@pytest.mark.parametrize("task", ["device", "fleet"])
def test_what_an_account_has_to_say_comes_before_what_its_devices_do(
    clouds: Clouds, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    clouds.only.add(name="Lobby")
    read = FakeVendor.read
    monkeypatch.setattr(FakeVendor, "read", lambda *args: replace(read(*args), warnings=("a page was odd",)))
    saying(monkeypatch, warnings=("mind the gap",))
    given = {"devices": [{"name": "Lobby"}]} if task == "fleet" else {"name": "Lobby"}
    assert run(task, **given)["warnings"] == ["a page was odd", "-/Lobby: mind the gap"]


def test_what_a_listing_has_to_say_is_a_warning(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "warnings" not in run("device_info")
    monkeypatch.setattr(FakeVendor, "list_devices", lambda _self, _query: Listing([], warnings=("one place cannot be read",)))
    assert run("device_info")["warnings"] == ["one place cannot be read"]


def test_a_delete_comes_with_what_a_user_should_know_in_check_mode_too(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeVendor, "DELETE_WARNING", "its licence is lost")
    clouds.only.add(name="Lobby")
    for check in (True, False):
        assert run("device", check=check, name="Lobby", state="absent")["warnings"] == ["-/Lobby: its licence is lost"]
    assert "warnings" not in run("device", name="Lobby", state="absent")


def test_a_device_that_waits_for_a_person_fails_alone_and_is_a_warning_among_others(
    clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeVendor, "waits_for", lambda _self, _declaration: "needs activation: enter the code")
    clouds.only.add(name="Lobby")
    for check in (True, False):
        result = run("device", check=check, name="New")
        assert (result["failed"], result["changed"]) == (True, False)
        assert "-/New" in result["msg"]
        assert "blocked: needs activation: enter the code" in result["msg"]
    result = run("fleet", devices=[{"name": "New"}, {"name": "Lobby", "tags": ["x"]}])
    assert "failed" not in result
    assert result["warnings"] == ["-/New: blocked: needs activation: enter the code"]
    assert [change["address"] for change in result["changes"]] == ["-/Lobby"]
    assert [device["name"] for device in result["devices"]] == ["Lobby"]
    assert result["plan"]["blocked"] == [{"address": "-/New", "reason": "needs activation: enter the code"}]


def test_what_cannot_be_read_back_is_changed_in_check_mode_and_counted_apart(
    clouds: Clouds, monkeypatch: pytest.MonkeyPatch
) -> None:
    clouds.only.add(name="Lobby")
    saying(monkeypatch, unverified=frozenset({"contact"}), forced=frozenset({"contact"}))
    for check in (True, False, True):
        result = run("fleet", check=check, devices=[{"name": "Lobby", "contact": {"a": 1}}])
        assert result["changed"] is True
        assert result["changes"][0]["unverified"] is True
        assert result["plan"]["summary"]["unverified"] == 1
        assert result["plan"]["summary"]["update"] == 0


def test_short_secrets_of_metafields_set_as_a_whole_are_in_no_result(clouds: Clouds) -> None:
    clouds.only.add(name="Lobby", metafields={"Pin": "7q", "Room": "1"})
    clouds.prepare = lambda vendor: setattr(vendor, "WHOLE", frozenset({"metafields"}))
    declared = {"name": "Lobby", "metafields": {"Pin": "8q", "Room": "2"}, "secret_metafields": ["Pin"]}
    for check in (True, False):
        for result in (
            run("device", check=check, diff=True, **declared),
            run("fleet", check=check, diff=True, devices=[declared]),
        ):
            assert "7q" not in json.dumps(result)
            assert "8q" not in json.dumps(result)
            if check:
                assert result["changes"][0]["after"] == {"Pin": HIDDEN, "Room": "2"}
    assert clouds.only.rows["d1"]["metafields"] == {"Pin": "8q", "Room": "2"}


def test_the_result_tells_the_id_of_a_space_that_was_made(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    clouds.only.add(name="Lobby")
    monkeypatch.setattr(fleet_module, "open_account", lambda name, *_args, **_options: open_placing(clouds.only, name))
    declared = {"name": "Lobby", "space": "Attic", "create_space": True}
    foreseen = run("device", check=True, **declared)
    assert foreseen["device"]["space"] == {"id": None, "name": "Attic", "path": "Attic"}
    done = run("device", **declared)
    assert [change["action"] for change in done["changes"]] == [change["action"] for change in foreseen["changes"]]
    assert [change["action"] for change in done["changes"]] == ["create_space", "move"]
    assert done["device"]["space"] == {"id": "s1", "name": "Attic", "path": "Attic"}
    assert run("device", **declared)["changed"] is False
