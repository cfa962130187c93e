# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What becomes a change, what is refused, and what stays as it is."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import NewId
from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import NO, Capability
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError, NotFound, Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import HIDDEN, Declaration, Device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import (
    AccountPlan,
    Change,
    Desired,
    DevicePlan,
    Plan,
    check,
    field_of,
    plan_device,
    shown_diff,
    shown_record,
    with_changes,
)
from tests.unit.plugins.module_utils._engine.fake_vendor import FakeCloud, FakeVendor, PlacingVendor, open_fake, open_placing

SEEN = Device(
    "fake", account="lab", id="d1", name="Lobby", serial="S1", tags=["blue"], metafields={"Room": "Lobby", "Pin": "1234"},
    owner={"id": "u1", "email": "ada@example.com", "name": None}, organization={"id": "org-home", "name": None},
    space={"id": "Hall", "name": "Hall", "path": "Hall"}, status="UP", archived=False,
)  # fmt: skip


@pytest.fixture
def vendor() -> FakeVendor:
    return open_fake(FakeCloud())


def planned(vendor: FakeVendor, observed: Device | None = SEEN, **options: t.Any) -> DevicePlan:
    declaration = declaration_from({"serial": "S1", **options}, account="lab")
    check(vendor, declaration)
    desired = Desired() if declaration.state == "absent" else vendor.resolve(declaration, observed)
    return plan_device(vendor, declaration, observed, desired)


def rows(plan: DevicePlan) -> list[tuple[str, str | None, t.Any, t.Any]]:
    return [(change.action, change.attribute, change.before, change.after) for change in plan.changes]


def test_what_is_not_declared_is_not_touched(vendor: FakeVendor) -> None:
    plan = planned(vendor)
    assert (plan.changes, plan.action, plan.after) == ((), "no-op", SEEN)


def test_what_is_as_declared_is_no_change(vendor: FakeVendor) -> None:
    assert (
        planned(
            vendor, name="Lobby", owner="ada@example.com", tags=["blue"], metafields={"Room": "Lobby"}, archived=False
        ).changes
        == ()
    )


def test_each_attribute_that_differs_is_one_change_with_its_calls(vendor: FakeVendor) -> None:
    plan = planned(vendor, name="Roof", owner="ben@example.com", tags=["red"], contact={"email": "x@example.com"})
    assert [(action, attribute) for action, attribute, _before, _after in rows(plan)] == [
        ("rename", "name"),
        ("set_owner", "owner"),
        ("tag", "tags"),
        ("set_contact", "contact"),
    ]
    assert plan.action == "update"
    assert [len(change.calls) for change in plan.changes] == [1, 1, 1, 2]
    assert plan.changes[1].calls[0].body == {"device": "d1", "value": "u2"}


def test_the_record_after_shows_what_will_be(vendor: FakeVendor) -> None:
    plan = planned(vendor, name="Roof", metafields={"Room": "Top"}, transfer_to="org-branch")
    assert plan.after is not None
    assert plan.after.name == "Roof"
    assert plan.after.metafields == {"Room": "Top", "Pin": "1234"}
    assert plan.after.organization == {"id": "org-branch", "name": None}


def test_only_the_metafields_that_differ_are_changed_each_by_itself(vendor: FakeVendor) -> None:
    plan = planned(vendor, metafields={"Room": "Lobby", "Pin": "9", "Floor": 3})
    assert rows(plan) == [("set_metafield", "metafields.Pin", "1234", "9"), ("set_metafield", "metafields.Floor", None, 3)]
    assert [change.key for change in plan.changes] == ["Pin", "Floor"]


def test_a_metafield_whose_name_has_a_dot_keeps_it(vendor: FakeVendor) -> None:
    (change,) = planned(vendor, metafields={"a.b": 1}).changes
    assert (change.root, change.key) == ("metafields", "a.b")


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"owner": ""}, ("remove_owner", "owner", SEEN.owner, None)),
        ({"tags": [], "purge_tags": True}, ("tag", "tags", ["blue"], [])),
        ({"archived": True}, ("archive", "archived", False, True)),
        ({"transfer_to": "org-branch"}, ("transfer", "transfer_to", SEEN.organization, {"id": "org-branch", "name": None})),
    ],
)
def test_empty_and_false_are_declared_values(vendor: FakeVendor, options: dict[str, t.Any], change: tuple[t.Any, ...]) -> None:
    assert rows(planned(vendor, **options)) == [change]


def test_unarchiving_is_an_action_of_its_own(vendor: FakeVendor) -> None:
    assert planned(vendor, replace(SEEN, archived=True), archived=False).changes[0].action == "unarchive"


def test_no_owner_where_none_is_wanted_is_no_change(vendor: FakeVendor) -> None:
    assert planned(vendor, replace(SEEN, owner=None), owner="").changes == ()


def test_tags_are_these_at_least_unless_they_are_purged(vendor: FakeVendor) -> None:
    assert planned(vendor, tags=[]).changes == ()
    assert rows(planned(vendor, tags=["red"])) == [("tag", "tags", ["blue"], ["blue", "red"])]
    assert rows(planned(vendor, tags=["red"], purge_tags=True)) == [("tag", "tags", ["blue"], ["red"])]


def test_tags_that_must_be_absent_are_taken_away(vendor: FakeVendor) -> None:
    declaration = Declaration(account="lab", serial="S1", absent_tags={"blue": None})
    plan = plan_device(vendor, declaration, SEEN, vendor.resolve(declaration, SEEN))
    assert rows(plan) == [("tag", "tags", ["blue"], [])]


# Creation


def test_a_device_that_is_missing_is_claimed_and_the_rest_follows_by_its_new_id(vendor: FakeVendor) -> None:
    plan = planned(vendor, None, name="Lobby", model="M1", space="Hall", owner="ben@example.com")
    assert plan.action == "create"
    assert rows(plan) == [
        (
            "claim",
            None,
            None,
            {"serial": "S1", "name": "Lobby", "model": "M1", "space": {"id": "Hall", "name": "Hall", "path": "Hall"}},
        ),
        ("set_owner", "owner", None, {"id": "u2", "email": "ben@example.com", "name": None}),
    ]
    assert plan.changes[1].calls[0].body == {"device": NewId("lab/S1"), "value": "u2"}
    assert plan.changes[0].ids == {"model": "M1"}


def test_the_record_of_a_new_device_has_no_id_and_what_is_declared(vendor: FakeVendor) -> None:
    after = planned(vendor, None, name="Lobby", model="M1", mac="11:22:33:44:AA:FF", tags=["red"]).after
    assert after is not None
    assert (after.id, after.name, after.serial, after.tags, after.model, after.account) == (
        None,
        "Lobby",
        "S1",
        ["red"],
        "M1",
        "lab",
    )


def test_what_a_new_device_has_by_itself_is_no_change(vendor: FakeVendor) -> None:
    assert [change.action for change in planned(vendor, None, model="M1", owner="", tags=[]).changes] == ["claim"]


def test_a_missing_device_that_cannot_be_created_as_declared_is_an_error_that_says_so(vendor: FakeVendor) -> None:
    with pytest.raises(NotFound, match="no such device, and it cannot be created as declared: say model") as caught:
        planned(vendor, None, name="Lobby")
    assert caught.value.device == "lab/S1"


def test_a_vendor_that_cannot_create_says_so_for_a_missing_device(vendor: FakeVendor) -> None:
    vendor.CAPABILITIES = {**vendor.CAPABILITIES, "create": Capability(NO, reason="devices register themselves")}
    with pytest.raises(Unsupported, match=r"fake cannot create devices \(the device is not there\): devices register themselves"):
        planned(vendor, None, model="M1")


# Refusals


def test_what_a_vendor_can_never_do_is_refused_before_any_reading(vendor: FakeVendor) -> None:
    with pytest.raises(Unsupported) as caught:
        check(vendor, Declaration(account="lab", name="n", applications={"app": "ENABLED"}))
    assert "fake cannot set applications: devices run no applications; the nearest thing it can do is `tags`" in str(caught.value)
    assert (caught.value.account, caught.value.device) == ("lab", "lab/n")


def test_a_vendor_that_cannot_delete_refuses_absence(vendor: FakeVendor) -> None:
    vendor.CAPABILITIES = {**vendor.CAPABILITIES, "absent": Capability(NO, reason="records stay", nearest="`archived`")}
    with pytest.raises(Unsupported, match="fake cannot delete devices: records stay"):
        check(vendor, Declaration(name="n", state="absent"))


def test_a_name_that_can_never_be_set_is_refused_beside_an_identifier_only(vendor: FakeVendor) -> None:
    vendor.CAPABILITIES = {**vendor.CAPABILITIES, "name": Capability(NO)}
    check(vendor, Declaration(name="n"))
    check(vendor, Declaration(serial="S", name="n", renames=False))
    with pytest.raises(Unsupported, match="fake cannot set name"):
        check(vendor, Declaration(serial="S", name="n"))


def test_a_read_only_attribute_is_refused_only_where_it_differs(vendor: FakeVendor) -> None:
    assert planned(vendor, status="UP").changes == ()
    with pytest.raises(Unsupported, match=r"fake cannot set status \(it is 'UP', declared is 'DOWN'\): the device reports it"):
        planned(vendor, status="DOWN")


def test_a_refusal_on_a_new_device_does_not_pretend_to_have_seen_a_value(vendor: FakeVendor) -> None:
    with pytest.raises(Unsupported) as caught:
        planned(vendor, None, model="M1", status="DOWN")
    assert "it is" not in str(caught.value)


def test_what_is_fixed_when_a_device_is_claimed_is_refused_later(vendor: FakeVendor) -> None:
    assert planned(vendor, space="Hall").changes == ()
    with pytest.raises(Unsupported, match="fake cannot change space after a device is claimed"):
        planned(vendor, space="Roof")


def test_a_long_value_is_cut_in_a_refusal(vendor: FakeVendor) -> None:
    with pytest.raises(Unsupported) as caught:
        planned(vendor, status="x" * 500)
    assert "x" * 50 in str(caught.value)
    assert "x" * 100 not in str(caught.value)


# Absence and protection


def test_an_absent_device_that_is_not_there_is_no_change(vendor: FakeVendor) -> None:
    plan = planned(vendor, None, state="absent")
    assert (plan.changes, plan.after, plan.action) == ((), None, "no-op")


def test_an_absent_device_that_is_there_is_deleted_and_nothing_else_happens_to_it(vendor: FakeVendor) -> None:
    plan = planned(vendor, state="absent", tags=["red"])
    assert rows(plan) == [("delete", None, {"id": "d1", "name": "Lobby"}, None)]
    assert (plan.action, plan.after) == ("delete", None)


def test_protected_and_absent_contradict_each_other(vendor: FakeVendor) -> None:
    with pytest.raises(DeclarationError, match="state: absent and protect: true contradict each other"):
        check(vendor, Declaration(serial="S1", state="absent", protect=True))


@pytest.mark.parametrize(("options", "action"), [({"transfer_to": "org-branch"}, "transfer"), ({"archived": True}, "archive")])
def test_a_protected_device_is_neither_transferred_nor_archived(
    vendor: FakeVendor, options: dict[str, t.Any], action: str
) -> None:
    plan = planned(vendor, protect=True, name="Roof", **options)
    assert plan.blocked == f"protect: true forbids {action}"
    assert (plan.changes, plan.after, plan.action) == ((), SEEN, "no-op")


def test_a_protected_device_is_still_changed_in_harmless_ways(vendor: FakeVendor) -> None:
    assert [change.action for change in planned(vendor, protect=True, name="Roof").changes] == ["rename"]
    assert [change.action for change in planned(vendor, replace(SEEN, archived=True), protect=True, archived=False).changes] == [
        "unarchive"
    ]


# Transfers


def test_after_a_transfer_the_owner_is_read_again_before_it_is_set(vendor: FakeVendor) -> None:
    plan = planned(vendor, transfer_to="org-branch", owner="ben@example.com")
    assert [(change.action, change.verify) for change in plan.changes] == [("transfer", False), ("set_owner", True)]


# Secrets


def test_a_secret_metafield_is_shown_nowhere_and_still_sent(vendor: FakeVendor) -> None:
    plan = planned(vendor, metafields={"Pin": "9876", "Room": "Roof"}, secret_metafields=["Pin"])
    secret, plain = plan.changes
    assert secret.as_data() == {"action": "set_metafield", "attribute": "metafields.Pin", "before": HIDDEN, "after": HIDDEN}
    assert plain.as_data()["after"] == "Roof"
    assert secret.calls[0].body["value"] == "9876"
    assert secret.shown_calls[0].body["value"] == HIDDEN
    assert plain.shown_calls == plain.calls
    assert shown_diff(plan) == {
        "before": {"metafields": {"Pin": HIDDEN, "Room": "Lobby"}},
        "after": {"metafields": {"Pin": HIDDEN, "Room": "Roof"}},
    }
    shown = [shown_record(plan.observed, plan.declaration), shown_record(plan.after, plan.declaration), shown_diff(plan)]
    assert "1234" not in str(shown)
    assert "9876" not in str(shown)


def test_a_secret_that_is_new_shows_that_there_was_nothing_before(vendor: FakeVendor) -> None:
    (change,) = planned(vendor, replace(SEEN, metafields={}), metafields={"Pin": "9876"}, secret_metafields=["Pin"]).changes
    assert change.as_data() == {"action": "set_metafield", "attribute": "metafields.Pin", "before": None, "after": HIDDEN}


def test_a_refusal_does_not_show_a_secret(vendor: FakeVendor) -> None:
    vendor.CAPABILITIES = {**vendor.CAPABILITIES, "metafields": vendor.CAPABILITIES["status"]}
    with pytest.raises(Unsupported) as caught:
        planned(vendor, metafields={"Pin": "9876"}, secret_metafields=["Pin"])
    assert "9876" not in str(caught.value)
    assert "1234" not in str(caught.value)


def test_secret_metafields_that_the_device_does_not_have_change_nothing(vendor: FakeVendor) -> None:
    declaration = Declaration(serial="S1", secret_metafields=("Other",))
    assert shown_record(SEEN, declaration) == SEEN.record()
    assert shown_record(replace(SEEN, metafields=None), declaration) == replace(SEEN, metafields=None).record()
    assert shown_record(None, declaration) is None


# What is shown


def test_a_change_is_shown_by_action_attribute_before_and_after() -> None:
    assert Change("lab/S1", "rename", "name", "a", "b").as_data() == {
        "action": "rename",
        "attribute": "name",
        "before": "a",
        "after": "b",
    }


def test_a_change_inside_a_nested_value_shows_where() -> None:
    data = Change("lab/S1", "set_contact", "contact", {"a": 1, "b": 2}, {"a": 1, "b": 3}).as_data()
    assert data["detail"] == [{"path": "b", "before": 2, "after": 3}]


def test_the_diff_shows_declared_attributes_only(vendor: FakeVendor) -> None:
    assert shown_diff(planned(vendor, owner="", transfer_to="org-branch")) == {
        "before": {"owner": SEEN.owner, "organization": SEEN.organization},
        "after": {"owner": None, "organization": {"id": "org-branch", "name": None}},
    }


def test_the_diff_shows_the_metafields_that_go(vendor: FakeVendor) -> None:
    declaration = Declaration(serial="S1", absent_metafields=["Room"], renames=False)
    plan = plan_device(vendor, declaration, SEEN, Desired({"metafields": {"Room": None}}))
    assert shown_diff(plan) == {"before": {"metafields": {"Room": "Lobby"}}, "after": {"metafields": {"Room": None}}}


def test_the_diff_says_so_where_the_value_before_is_not_known(vendor: FakeVendor) -> None:
    whole = Desired({"contact": {"a": 1}}, unverified=frozenset({"contact"}))
    declaration = Declaration(serial="S1", contact={"a": 1}, renames=False)
    assert shown_diff(plan_device(vendor, declaration, SEEN, whole)) == {
        "before": {"contact": "(not known)"},
        "after": {"contact": {"a": 1}},
    }
    keyed = Desired({"metafields": {"Room": "x", "Pin": "y"}}, unverified=frozenset({"metafields.Pin"}))
    declaration = Declaration(serial="S1", metafields={"Room": "x", "Pin": "y"}, renames=False)
    assert shown_diff(plan_device(vendor, declaration, SEEN, keyed))["before"] == {
        "metafields": {"Room": "Lobby", "Pin": "(not known)"}
    }
    new = plan_device(vendor, replace(declaration, model="M1"), None, keyed)
    assert shown_diff(new)["before"] == {}


def test_the_diff_of_a_new_device_has_an_empty_before_and_what_was_declared(vendor: FakeVendor) -> None:
    assert shown_diff(planned(vendor, None, model="M1", name="Roof")) == {
        "before": {},
        "after": {"name": "Roof", "serial": "S1", "model": "M1"},
    }


def test_the_diff_of_a_deletion_shows_what_goes(vendor: FakeVendor) -> None:
    assert shown_diff(planned(vendor, state="absent")) == {"before": {"id": "d1", "name": "Lobby"}, "after": {}}


def test_the_diff_of_a_device_that_is_not_there_is_empty(vendor: FakeVendor) -> None:
    assert shown_diff(planned(vendor, None, state="absent")) == {"before": {}, "after": {}}


def test_changes_make_the_record_that_will_be() -> None:
    after = with_changes(
        SEEN,
        [
            Change("a", "claim", None, None, {}),
            Change("a", "set_metafield", "metafields.X", None, 1),
            Change("a", "rename", "name", "", "N"),
        ],
    )
    assert (after.name, after.metafields) == ("N", {"Room": "Lobby", "Pin": "1234", "X": 1})
    assert with_changes(SEEN, []) is SEEN
    assert SEEN.metafields == {"Room": "Lobby", "Pin": "1234"}


def test_a_transfer_is_read_from_the_organization() -> None:
    assert (field_of("transfer_to"), field_of("name")) == ("organization", "name")


def test_a_plan_gathers_what_its_accounts_say() -> None:
    change = Change("a", "rename", "name", "x", "y")
    device = DevicePlan(Declaration(name="n"), SEEN, SEEN, (change,))
    error = DeclarationError("wrong")
    plan = Plan((AccountPlan("a", "fake", (device,)), AccountPlan("b", "fake", errors=(error,), complete=False)))
    assert (plan.devices, plan.changes, plan.errors, plan.complete) == ((device,), (change,), (error,), False)
    assert Plan().complete


# New spaces


@pytest.fixture
def placing() -> PlacingVendor:
    return open_placing(FakeCloud())


def placed(vendor: PlacingVendor, observed: Device | None = SEEN, **options: t.Any) -> DevicePlan:
    return planned(vendor, observed, create_space=True, **options)


ATTIC = {"id": None, "name": "Attic", "path": "Attic"}


def test_a_space_that_is_missing_is_made_before_the_device_moves_there(placing: PlacingVendor) -> None:
    plan = placed(placing, space="Attic", name="Hall")
    assert rows(plan) == [
        ("create_space", None, None, {"space": "Attic"}),
        ("rename", "name", "Lobby", "Hall"),
        ("move", "space", SEEN.space, ATTIC),
    ]
    made, _renamed, moved = plan.changes
    assert made.ids == {"parent": "s0"}
    assert made.calls[0].makes == "space:Attic"
    assert moved.calls[0].body == {"space": NewId("space:Attic")}
    assert moved.calls[0].as_data()["path"] == "/devices/d1"
    assert plan.action == "update"
    assert plan.after is not None
    assert plan.after.space == ATTIC


def test_a_space_that_is_missing_is_made_before_the_device_that_is_claimed_into_it(placing: PlacingVendor) -> None:
    plan = placed(placing, None, model="M1", space="Attic")
    assert [change.action for change in plan.changes] == ["create_space", "claim"]
    assert plan.changes[1].calls[0].body["space"] == NewId("space:Attic")
    assert plan.action == "create"


def test_a_device_in_no_space_goes_to_a_new_one_although_neither_has_an_id(placing: PlacingVendor) -> None:
    plan = placed(placing, replace(SEEN, space=None), space="Attic")
    assert [change.action for change in plan.changes] == ["create_space", "move"]


def test_a_new_device_moves_to_a_new_space_where_claiming_sets_none(placing: PlacingVendor) -> None:
    placing.CLAIM_SETS = frozenset({"name"})
    plan = placed(placing, None, model="M1", space="Attic")
    assert [change.action for change in plan.changes] == ["create_space", "claim", "move"]
    (moved,) = plan.changes[2].calls
    assert moved.path_id == NewId("lab/S1")


def test_no_space_is_made_for_a_device_that_goes_nowhere(placing: PlacingVendor) -> None:
    desired = Desired({"name": "Roof"}, new_space="Attic")
    declaration = declaration_from({"serial": "S1", "name": "Roof"}, account="lab")
    assert [change.action for change in plan_device(placing, declaration, SEEN, desired).changes] == ["rename"]


def test_what_makes_a_space_needs_no_ids_beside_its_name(placing: PlacingVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "calls_for", lambda change: ())
    declaration = declaration_from({"serial": "S1", "space": "Attic"}, account="lab")
    plan = plan_device(placing, declaration, SEEN, Desired({"space": ATTIC}, new_space="Attic"))
    assert plan.changes[0].ids == {}


# Forced, unverified, set as a whole


def forcing(vendor: FakeVendor, desired: Desired, **options: t.Any) -> DevicePlan:
    return plan_device(vendor, declaration_from({"serial": "S1", **options}, account="lab"), SEEN, desired)


def test_a_forced_value_is_a_change_although_it_compares_equal(vendor: FakeVendor) -> None:
    desired = Desired({"tags": ["blue"], "metafields": {"Room": "Lobby", "Pin": "1234"}}, forced=frozenset({"metafields.Pin"}))
    plan = forcing(vendor, desired)
    assert rows(plan) == [("set_metafield", "metafields.Pin", "1234", "1234")]
    assert rows(forcing(vendor, replace(desired, forced=frozenset({"tags"})))) == [("tag", "tags", ["blue"], ["blue"])]


def test_an_attribute_that_is_forced_is_so_with_all_its_keys(vendor: FakeVendor) -> None:
    desired = Desired({"metafields": {"Room": "Lobby", "Pin": "1234"}}, forced=frozenset({"metafields"}))
    assert [change.attribute for change in forcing(vendor, desired).changes] == ["metafields.Room", "metafields.Pin"]


def test_what_cannot_be_read_back_is_marked_and_counted_apart(vendor: FakeVendor) -> None:
    desired = Desired({"name": "Roof", "contact": {"a": 1}}, unverified=frozenset({"contact"}))
    plan = forcing(vendor, desired)
    assert [(change.action, change.unverified) for change in plan.changes] == [("rename", False), ("set_contact", True)]
    assert ["unverified" in change.as_data() for change in plan.changes] == [False, True]
    assert plan.changes[1].as_data()["unverified"] is True
    assert not plan.unverified
    assert forcing(vendor, replace(desired, values={"contact": {"a": 1}})).unverified
    assert not forcing(vendor, Desired()).unverified


def test_one_key_may_be_what_cannot_be_read_back(vendor: FakeVendor) -> None:
    desired = Desired({"metafields": {"Room": "x", "Pin": "y"}}, unverified=frozenset({"metafields.Pin"}))
    assert [(change.key, change.unverified) for change in forcing(vendor, desired).changes] == [("Room", False), ("Pin", True)]


def test_notes_and_warnings_of_a_declaration_come_with_its_plan(vendor: FakeVendor) -> None:
    for desired in (Desired(), Desired({"tags": ["red"]})):
        plan = forcing(vendor, replace(desired, notes=("by the way",), warnings=("mind",)))
        assert (plan.notes, plan.warnings) == (("by the way",), ("mind",))


@pytest.fixture
def whole(vendor: FakeVendor) -> FakeVendor:
    vendor.WHOLE = frozenset({"metafields"})
    return vendor


def test_metafields_that_are_set_as_a_whole_are_one_change(whole: FakeVendor) -> None:
    plan = planned(whole, metafields={"Room": "Roof", "Floor": 3})
    assert rows(plan) == [("set_metafield", "metafields", SEEN.metafields, {"Room": "Roof", "Floor": 3})]
    assert plan.after is not None
    assert plan.after.metafields == {"Room": "Roof", "Floor": 3}
    assert planned(whole, metafields={"Room": "Lobby", "Pin": "1234"}).changes == ()


def test_secrets_among_metafields_that_are_set_as_a_whole_are_shown_nowhere_and_still_sent(whole: FakeVendor) -> None:
    plan = planned(whole, metafields={"Room": "Roof", "Pin": "9876", "New": "5555"}, secret_metafields=["Pin", "New", "Other"])
    (change,) = plan.changes
    assert change.calls[0].body["value"] == {"Room": "Roof", "Pin": "9876", "New": "5555"}
    assert change.shown_calls[0].body["value"] == {"Room": "Roof", "Pin": HIDDEN, "New": HIDDEN}
    data = change.as_data()
    assert data["before"] == {"Room": "Lobby", "Pin": HIDDEN}
    assert data["after"] == {"Room": "Roof", "Pin": HIDDEN, "New": HIDDEN}
    assert data["detail"] == [
        {"path": "New", "before": None, "after": HIDDEN},
        {"path": "Room", "before": "Lobby", "after": "Roof"},
    ]
    assert change.sensitive == ("metafields.New", "metafields.Pin")
    assert change.hidden().hidden() == change.hidden()
    everything = str([data, shown_diff(plan), [call.as_data() for call in change.shown_calls]])
    for secret in ("1234", "9876", "5555"):
        assert secret not in everything


def test_a_secret_that_goes_is_named_as_sensitive_too(whole: FakeVendor) -> None:
    (change,) = planned(whole, metafields={"Room": "Lobby"}, secret_metafields=["Pin"]).changes
    assert change.sensitive == ("metafields.Pin",)
    assert "1234" not in str(change.as_data())


def test_metafields_without_a_secret_among_them_are_shown(whole: FakeVendor) -> None:
    (change,) = planned(whole, metafields={"Room": "Roof"}, secret_metafields=["Other"]).changes
    assert (change.sensitive, change.hidden().after) == ((), {"Room": "Roof"})


def test_a_refusal_does_not_show_a_secret_among_metafields_set_as_a_whole(whole: FakeVendor) -> None:
    whole.CAPABILITIES = {**whole.CAPABILITIES, "metafields": whole.CAPABILITIES["status"]}
    with pytest.raises(Unsupported) as caught:
        planned(whole, metafields={"Pin": "9876"}, secret_metafields=["Pin"])
    assert "9876" not in str(caught.value)
    assert "1234" not in str(caught.value)


def test_secret_metafields_that_a_claim_sets_are_shown_nowhere_and_still_sent(vendor: FakeVendor) -> None:
    vendor.CLAIM_SETS = frozenset({"name", "metafields"})
    plan = planned(vendor, None, model="M1", metafields={"Pin": "9876", "Room": "Roof"}, secret_metafields=["Pin"])
    (claim,) = plan.changes
    assert claim.calls[0].body["metafields"] == {"Pin": "9876", "Room": "Roof"}
    assert claim.shown_calls[0].body["metafields"] == {"Pin": HIDDEN, "Room": "Roof"}
    assert claim.as_data()["after"] == {"serial": "S1", "model": "M1", "metafields": {"Pin": HIDDEN, "Room": "Roof"}}
    assert claim.sensitive == ("metafields.Pin",)
    assert "9876" not in str(shown_diff(plan))


def test_a_claim_without_metafields_has_no_secret(vendor: FakeVendor) -> None:
    claim = planned(vendor, None, model="M1", metafields={"Pin": "9876"}, secret_metafields=["Pin"]).changes[0]
    assert (claim.secret_keys, claim.sensitive, claim.hidden()) == (frozenset(), (), claim)


def test_a_secret_value_is_named_by_its_attribute() -> None:
    assert Change("a", "set_metafield", "metafields.Pin", "1", "2", secret=True).sensitive == ("metafields.Pin",)
    assert Change("a", "delete", None, {"id": "d1"}, None).sensitive == ()


# Waiting, deleting


def test_a_device_that_waits_for_a_person_is_blocked_before_anybody_asks_whether_it_can_be_created(
    vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor, "waits_for", lambda declaration: "needs activation: enter a code")
    monkeypatch.setattr(
        vendor, "resolve", lambda declaration, observed: Desired({"tags": ["a"]}, warnings=("w",), notes=("the code is 1",))
    )
    plan = planned(vendor, None)
    assert (plan.blocked, plan.changes, plan.after) == ("needs activation: enter a code", (), None)
    assert (plan.warnings, plan.notes, plan.action) == (("w",), ("the code is 1",), "no-op")


def test_a_device_that_is_there_waits_for_nobody(vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor, "waits_for", lambda declaration: "needs activation")
    assert [change.action for change in planned(vendor, name="Roof").changes] == ["rename"]
    assert planned(vendor, None, state="absent").blocked is None


def test_a_task_that_creates_nothing_waits_for_nobody_either(vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor, "waits_for", lambda declaration: "needs activation")
    declaration = replace(declaration_from({"serial": "S1", "tags": ["a"]}, account="lab"), creates=False)
    with pytest.raises(NotFound, match="creates none"):
        plan_device(vendor, declaration, None, Desired({"tags": ["a"]}))


def test_what_a_user_should_know_before_a_delete_is_a_warning_of_every_delete(vendor: FakeVendor) -> None:
    assert planned(vendor, state="absent").warnings == ()
    vendor.DELETE_WARNING = "its licence is lost"
    assert planned(vendor, state="absent").warnings == ("its licence is lost",)
    assert planned(vendor, None, state="absent").warnings == ()
    assert planned(vendor, name="Roof").warnings == ()
