# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The MobileFirst adapter through the engine's front door, against the sandbox over HTTP, in both forms."""

from __future__ import annotations

import time

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Ambiguous, Gone, NotFound
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.tasks import perform
from fleetform.sandbox.server import running

WRITES = {"vendor": "mobilefirst", "method": ["PUT", "DELETE"]}
PRIYA = {"name": "Priya iPhone", "status": "LOST"}
FORMS = pytest.mark.parametrize("form", ["json", "xml"])


@pytest.fixture(scope="module")
def cloud():
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(cloud):
    cloud.reset()
    return cloud


@pytest.fixture
def fleet(sandbox):
    with opened(sandbox) as found:
        yield found


def opened(sandbox, user="admin", **options):
    account = {
        "vendor": "mobilefirst",
        "url": sandbox.account("mobilefirst"),
        "username": f"demo-{user}",
        "password": f"{user}-secret",
    }
    return without_waiting(Fleet({"lab": {**account, **options}}, environ={}), sandbox)


def without_waiting(fleet, sandbox):
    """Pauses take no time, and count all the same."""
    passed = [0.0]

    def sleep(seconds):
        passed[0] += seconds
        sandbox.advance(seconds)

    for vendor in fleet._vendors.values():
        vendor.client._sleep = sleep
        vendor.client._clock = lambda: time.monotonic() + passed[0]
    return fleet


def plan_of(fleet, *declared):
    return fleet.plan([declaration_from(options, account="lab") for options in declared])


def converge(fleet, *declared):
    """Plans and applies; the report. The plan has no errors."""
    plan = plan_of(fleet, *declared)
    assert not plan.errors, plan.errors
    return fleet.apply(plan)


def error_of(fleet, *declared):
    (error,) = plan_of(fleet, *declared).errors
    return error


def device(sandbox, name):
    return next(row for row in sandbox.state["mobilefirst"]["devices"].values() if row["deviceDisplayName"] == name)


def writes(sandbox):
    return [(entry["method"], entry["path"].rpartition("/devices/")[2]) for entry in sandbox.requests("mobilefirst", write=True)]


def reads(sandbox):
    return [entry["path"].rpartition("/")[2] for entry in sandbox.requests("mobilefirst", write=False)]


def blunders(sandbox):
    return [
        (entry["method"], entry["path"], rule)
        for entry in sandbox.requests("mobilefirst")
        for rule in ("violation", "noop", "blind_repeat")
        if entry.get(rule)
    ]


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"last_page": "null", "no_name": "null", "empty_lists": "absent"},
        {"last_page": "empty", "no_name": "empty", "page_numbers": "sample", "previous_page": "same"},
        {"full_last_page": "more", "total": "all"},
        {"short_pages": True, "page_numbers": "absent", "app_device_status": "lags"},
    ],
)
@pytest.mark.parametrize("size", [1, 3, 16, 100])
def test_both_forms_show_the_same_devices_whatever_the_pages_look_like(sandbox, switches, size):
    sandbox.switch("mobilefirst", **switches)
    shown = []
    for form in ("json", "xml"):
        with opened(sandbox, response_format=form) as fleet:
            shown.append([one.record() for one in fleet.list_devices("lab", Query(page_size=size, include_raw=True)).devices])
    assert shown[0] == shown[1]
    assert len({one["id"] for one in shown[0]}) == 16
    assert blunders(sandbox) == []


def test_a_server_that_repeats_a_bookmark_is_an_error_and_nothing_is_concluded(sandbox, fleet):
    sandbox.reset(seed="large", size=350, switches={"mobilefirst": {"repeating_bookmark": True}})
    plan = plan_of(fleet, {"name": "Not there", "state": "absent"})
    assert not plan.complete
    assert "read already" in str(plan.errors[0])


@FORMS
def test_a_large_fleet_is_read_in_the_fewest_calls(sandbox, form):
    sandbox.reset(seed="large", size=1050)
    with opened(sandbox, response_format=form) as fleet:
        assert len(fleet.list_devices("lab", Query()).devices) == 1050
        assert len(reads(sandbox)) == 11
        sandbox.clear()
        converge(fleet, {"name": "Staff Phone 00777", "status": "STOLEN"})
        assert (reads(sandbox), len(writes(sandbox))) == (["devices"], 1)
        sandbox.clear()
        plan_of(fleet, *({"name": f"Staff Phone 0000{number}", "status": "LOST"} for number in range(4)))
        assert len(reads(sandbox)) == 5
        sandbox.clear()
        assert plan_of(fleet, {"name": "Staff Phone 9", "state": "absent"}).changes == ()
        assert len(reads(sandbox)) == 12, "absence is proven by the whole listing"
    assert blunders(sandbox) == []


@pytest.mark.parametrize("minimum", [1, 3])
def test_names_are_exact_and_short_ones_are_found_too(sandbox, minimum):
    sandbox.switch("mobilefirst", query_minimum=minimum)
    number = device(sandbox, "Ada's iPhone")["id"]
    sandbox.drift("mobilefirst", number, deviceDisplayName="iP")
    with opened(sandbox) as fleet:
        assert plan_of(fleet, {"name": "iP"}).devices[0].observed.id == number
        assert isinstance(error_of(fleet, {"name": "Priya"}), NotFound)
        assert isinstance(error_of(fleet, {"name": "Jonas Weber Pixel"}), Ambiguous)
        assert [one.name for one in fleet.list_devices("lab", Query(search="ip")).devices if one.id == number] == ["iP"]


@FORMS
def test_status_and_applications_are_set_one_after_the_other_and_then_nothing_more(sandbox, form):
    wanted = {"name": "Mara's Galaxy", "status": "STOLEN", "applications": {"deskbooking": "DISABLED", "rounds": "DISABLED"}}
    with opened(sandbox, response_format=form, locale="de_DE") as fleet:
        report = converge(fleet, wanted, PRIYA)
        assert report.problems() == []
        found = device(sandbox, "Mara's Galaxy")
        assert found["status"] == "STOLEN"
        assert {app["status"] for app in found["applicationDeviceAssociations"]} == {"DISABLED"}
        assert len(writes(sandbox)) == 4
        assert plan_of(fleet, wanted, PRIYA).changes == ()
    assert {entry["query"].get("locale") for entry in sandbox.requests("mobilefirst")} == {"de_DE"}
    assert blunders(sandbox) == []


@pytest.mark.parametrize("first", ["ENABLED", "DISABLED"])
@pytest.mark.parametrize("declared", ["ENABLED", "DISABLED"])
def test_versions_of_one_app_that_differ_are_brought_together(sandbox, fleet, first, declared):
    found = device(sandbox, "Mara's Galaxy")
    apps = found["applicationDeviceAssociations"]
    other = "DISABLED" if first == "ENABLED" else "ENABLED"
    apps[0]["status"], apps[1]["status"] = first, other
    sandbox.drift("mobilefirst", found["id"], applicationDeviceAssociations=apps)
    report = converge(fleet, {"name": "Mara's Galaxy", "applications": {"deskbooking": declared}})
    assert (report.problems(), report.results[0].change.before) == ([], "MIXED")
    states = {app["status"] for app in device(sandbox, "Mara's Galaxy")["applicationDeviceAssociations"][:2]}
    assert states == {declared}


@FORMS
@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("declared", [PRIYA, {"name": "Priya iPhone", "state": "absent"}], ids=["status", "delete"])
def test_a_failed_transaction_is_a_failure_under_either_status(sandbox, form, status, declared):
    sandbox.switch("mobilefirst", failed_status=status, fails=True)
    with opened(sandbox, response_format=form) as fleet:
        report = converge(fleet, declared)
    assert [entry.status for entry in report.results] == ["failed"]
    assert "FWLSE3091W" in report.problems()[0]
    assert (report.changed, len(writes(sandbox))) == (False, 1)


@FORMS
@pytest.mark.parametrize("ok", [True, False])
@pytest.mark.parametrize("status", [200, 202])
def test_an_asynchronous_server_is_followed_to_the_end(sandbox, form, ok, status):
    sandbox.switch("mobilefirst", synchronous=False, async_ok=ok, async_status=status)
    with opened(sandbox, response_format=form) as fleet:
        report = converge(fleet, PRIYA, {"name": "Ada's iPhone", "applications": {"rounds": "DISABLED"}})
    assert report.problems() == []
    assert "1" in reads(sandbox)
    assert blunders(sandbox) == [], "no write while a transaction is under way"


@pytest.mark.parametrize("kind", ["failed", "failed_empty", "canceled", "never", "slow", "vanish"])
def test_a_transaction_that_does_not_end_as_it_should(sandbox, kind):
    sandbox.fault({**WRITES, "job": kind})
    with opened(sandbox, deadline=60) as fleet:
        report = converge(fleet, PRIYA, {"name": "Ada's iPhone", "status": "LOST"})
        done = {entry.change.address for entry in report.results if entry.status == "done"}
        assert "lab/Priya iPhone" in done or kind != "slow"
        assert len(done) >= 1, "one device is no matter of the other"
        again = plan_of(fleet, PRIYA, {"name": "Ada's iPhone", "status": "LOST"})
        assert {change.address for change in again.changes} & done == set()
    assert blunders(sandbox) == []


@FORMS
@pytest.mark.parametrize("effect", [{"drop": "before"}, {"drop": "after"}, {"status": 500}, {"status": 500, "after": True}])
@pytest.mark.parametrize("declared", [PRIYA, {"name": "Priya iPhone", "state": "absent"}], ids=["status", "delete"])
def test_a_lost_answer_is_settled_by_reading(sandbox, form, effect, declared):
    sandbox.fault({**WRITES, **effect})
    with opened(sandbox, response_format=form) as fleet:
        report = converge(fleet, declared)
    assert [entry.status for entry in report.results] == ["done"]
    assert report.changed
    assert reads(sandbox)[1] == "lock"
    assert len(writes(sandbox)) == (1 if "after" in (*effect, effect.get("drop")) else 2)
    assert blunders(sandbox) == []


def logged(sandbox, count):
    """Waits until the sandbox has carried out so many writes."""
    for _look in range(1000):
        if len(writes(sandbox)) >= count:
            return
        time.sleep(0.005)


@FORMS
@pytest.mark.parametrize("declared", [PRIYA, {"name": "Priya iPhone", "state": "absent"}], ids=["status", "delete"])
def test_a_write_that_begins_only_after_the_first_look_is_not_sent_again(sandbox, form, declared):
    sandbox.fault({**WRITES, "latency": 0.4})
    with opened(sandbox, response_format=form, timeout=0.2) as fleet:
        client = fleet._vendors["lab"].client
        skip = client._sleep

        def sleep(seconds):
            skip(seconds)
            if "lock" in reads(sandbox):
                logged(sandbox, 1)

        client._sleep = sleep
        report = converge(fleet, declared)
    assert ([entry.status for entry in report.results], report.changed) == (["done"], True)
    assert reads(sandbox).count("lock") == 2
    assert len(writes(sandbox)) == 1
    assert blunders(sandbox) == []


@FORMS
@pytest.mark.parametrize("declared", [PRIYA, {"name": "Priya iPhone", "state": "absent"}], ids=["status", "delete"])
def test_a_write_that_begins_after_every_look_comes_twice_and_does_no_more_than_once(sandbox, form, declared):
    sandbox.fault({**WRITES, "latency": 1.0})
    with opened(sandbox, response_format=form, timeout=0.2) as fleet:
        before = len(sandbox.state["mobilefirst"]["devices"])
        report = converge(fleet, declared)
        assert ([entry.status for entry in report.results], report.changed) == (["done"], True)
        logged(sandbox, 2)
        assert len(set(writes(sandbox))) == 1, "the same value, to the same device"
        assert plan_of(fleet, declared).changes == ()
    assert len(sandbox.state["mobilefirst"]["devices"]) == before - ("state" in declared)
    assert {rule for _method, _path, rule in blunders(sandbox)} <= {"noop"}


@FORMS
def test_a_delete_that_is_sent_again_and_finds_nothing_was_ours(sandbox, form):
    sandbox.fault({**WRITES, "drop": "before"}, {**WRITES, "status": 404, "after": True})
    with opened(sandbox, response_format=form) as fleet:
        report = converge(fleet, {"name": "Priya iPhone", "state": "absent"})
    assert ([entry.status for entry in report.results], report.changed) == (["done"], True)


def test_writes_to_one_runtime_through_two_accounts_follow_one_another(sandbox):
    """A transaction that has not ended keeps the other account waiting as well."""
    sandbox.switch("mobilefirst", synchronous=False)
    accounts = {
        name: {
            "vendor": "mobilefirst",
            "url": sandbox.account("mobilefirst"),
            "username": f"demo-{name}",
            "password": f"{name}-secret",
        }
        for name in ("admin", "operator")
    }
    names = {"admin": ("Priya iPhone", "Ada's iPhone"), "operator": ("Emre XCover", "Lena iPhone SE")}
    with without_waiting(Fleet(accounts, environ={}), sandbox) as fleet:
        wanted = [{"account": name, "name": phone, "status": "STOLEN"} for name in names for phone in names[name]]
        report = fleet.apply(fleet.plan([declaration_from(options) for options in wanted]))
    assert report.problems() == []
    assert len(writes(sandbox)) == 4
    assert blunders(sandbox) == []


@FORMS
@pytest.mark.parametrize("total", [{"plus": 7}, 99])
def test_a_listing_that_is_cut_off_proves_nothing(sandbox, form, total):
    account = {
        "vendor": "mobilefirst",
        "url": sandbox.account("mobilefirst"),
        "username": "demo-admin",
        "password": "admin-secret",
        "response_format": form,
    }
    sandbox.fault({"vendor": "mobilefirst", "method": "GET", "path": ".*/devices", "wrong_total": total, "times": None})

    def run(task, **options):
        return perform(task, {"state": "present", **account, **options}, check_mode=False, diff_mode=False, environ={})

    for options in ({}, {"device_id": "nobody"}, {"filters": {"id": "nobody"}}, {"search": "nobody"}):
        assert "lists 16, each time the same ones" in run("device_info", **options)["msg"]
    for wanted in ({"device_id": "nobody"}, {"name": "Nobody's Phone"}):
        found = run("device", **wanted, state="absent")
        assert "may be there all the same" in found["msg"], "never called absent"
        assert not found["changed"]
    devices = [{"account": "lab", "device_id": "nobody", "state": "absent"}]
    found = perform("fleet", {"accounts": {"lab": account}, "devices": devices}, check_mode=True, diff_mode=False, environ={})
    assert not found["plan"]["complete"]
    assert run("device", name="Priya iPhone", status="LOST")["changed"]
    assert run("device_info", name="Priya iPhone")["devices"][0]["status"] == "LOST"


def test_a_lost_answer_waits_for_the_lock_within_the_deadline(sandbox):
    sandbox.fault({**WRITES, "drop": "before"})
    sandbox.switch("mobilefirst", lock="passing")
    with opened(sandbox, deadline=120) as fleet:
        assert converge(fleet, PRIYA).problems() == []
    assert reads(sandbox).count("lock") == 3
    sandbox.reset(switches={"mobilefirst": {"lock": "busy"}})
    with opened(sandbox, deadline=120) as fleet:
        report = converge(fleet, PRIYA, {"name": "Ada's iPhone", "status": "LOST"})
    assert sorted(entry.status for entry in report.results) == ["failed", "unclear"]
    assert "The lock of the runtime 'mfp' is held" in report.problems()[0]
    assert len(writes(sandbox)) == 1, "what may still come is not sent again, and nothing is sent behind it"


@FORMS
def test_a_404_for_a_delete_is_gone_only_where_the_runtime_is_running(sandbox, form):
    wanted = {"name": "Spare Phone 4", "state": "absent"}
    with opened(sandbox, response_format=form) as fleet:
        plan = plan_of(fleet, wanted)
        sandbox.switch("mobilefirst", stopped=["mfp", "pilot"])
        report = fleet.apply(plan)
        assert [entry.status for entry in report.results] == ["failed"]
        assert "'mfp' is not running" in report.problems()[0]
        assert isinstance(error_of(fleet, wanted), Gone)
        sandbox.switch("mobilefirst", stopped=["pilot"])
        plan = plan_of(fleet, wanted)
        with opened(sandbox) as other:
            assert converge(other, wanted).problems() == []
        report = fleet.apply(plan)
        assert ([entry.status for entry in report.results], report.changed) == (["already"], False)
        assert plan_of(fleet, wanted).changes == ()


def test_a_404_for_a_status_names_what_has_gone(sandbox, fleet):
    plan = plan_of(fleet, PRIYA)
    with opened(sandbox) as other:
        converge(other, {"name": "Priya iPhone", "state": "absent"})
    (problem,) = fleet.apply(plan).problems()
    assert "the runtime is running, but the device has gone since it was read" in problem


def test_a_deleted_phone_that_comes_back_is_another_device(sandbox, fleet):
    sandbox.switch("mobilefirst", returns_after=1)
    number = device(sandbox, "Lena iPhone SE")["id"]
    plan = plan_of(fleet, {"device_id": number, "state": "absent"})
    assert "comes back under a new id" in plan.devices[0].warnings[0]
    assert fleet.apply(plan).problems() == []
    back = [one for one in fleet.list_devices("lab", Query()).devices if (one.owner or {}).get("id") == "lena.vogt"]
    assert [(one.status, one.id == number) for one in back] in ([], [("ACTIVE", False)])
    assert plan_of(fleet, {"device_id": number, "state": "absent"}).changes == ()


@pytest.mark.parametrize(("runtime", "words"), [("pilot", "'pilot' is not running"), ("nope", "knows mfp, pilot (not running)")])
@FORMS
def test_a_runtime_that_cannot_be_read_is_an_error_that_says_why(sandbox, runtime, words, form):
    with opened(sandbox, runtime=runtime, response_format=form) as fleet:
        error = error_of(fleet, {"name": "Anything", "state": "absent"})
    assert isinstance(error, Gone)
    assert words in str(error)


@pytest.mark.parametrize("paging", ["offset", "bookmark"])
@FORMS
def test_version_1_0_is_for_reading(sandbox, paging, form):
    sandbox.switch("mobilefirst", old_paging=paging)
    with opened(sandbox) as fleet:
        new = fleet.list_devices("lab", Query(page_size=5)).devices
    url = sandbox.account("mobilefirst").replace("mfpadmin", "worklightadmin")
    with opened(sandbox, url=url, api_version="1.0", response_format=form) as fleet:
        old = fleet.list_devices("lab", Query(page_size=5)).devices
        assert [(one.id, one.name, one.status, one.owner, one.applications) for one in old] == [
            (one.id, one.name, one.status, one.owner, one.applications) for one in new
        ]
        assert "api_version 1.0" in str(error_of(fleet, PRIYA))
        assert plan_of(fleet, {"name": "Priya iPhone", "status": "ACTIVE"}).errors == ()
    assert writes(sandbox) == []
    assert blunders(sandbox) == []


@pytest.mark.parametrize("user", ["deployer", "operator"])
def test_every_role_that_may_write_can(sandbox, user):
    with opened(sandbox, user) as fleet:
        assert converge(fleet, PRIYA, {"name": "Spare Phone 4", "state": "absent"}).problems() == []


def test_a_role_that_may_not_is_told(sandbox):
    with opened(sandbox, "monitor") as fleet:
        report = converge(fleet, PRIYA)
    assert "user 'demo-monitor'" in report.problems()[0]
    assert "writing to the runtime 'mfp' takes the role mfpadmin, mfpdeployer or mfpoperator" in report.problems()[0]
    with opened(sandbox, "guest") as fleet:
        assert "mfpmonitor" in str(error_of(fleet, PRIYA))


@FORMS
@pytest.mark.parametrize("options", [{"search": "CARE"}, {"user_email": "mara.lindt"}, {"owner_email": "mara.lindt"}])
def test_reading_options_reach_the_listing(sandbox, form, options):
    account = {"url": sandbox.account("mobilefirst"), "username": "demo-monitor", "password": "monitor-secret"}
    params = {"vendor": "mobilefirst", **account, "response_format": form, **options, "sort": ["name"], "page_size": 2}
    result = perform("device_info", params, check_mode=False, diff_mode=False, environ={})
    names = [found["name"] for found in result["devices"]]
    assert (
        names
        == {
            "search": ["Rounds Hamburg 1", "Rounds Hamburg 2", None],
            "user_email": ["Berlin Reception Tablet", "Mara's Galaxy"],
            "owner_email": ["Mara's Galaxy"],
        }[next(iter(options))]
    )
    (query,) = {(entry["query"].get("query"), entry["query"]["orderBy"]) for entry in sandbox.requests("mobilefirst")}
    assert query == (None if "search" in options else next(iter(options.values())), "friendlyName")
    assert "monitor-secret" not in str(result)
