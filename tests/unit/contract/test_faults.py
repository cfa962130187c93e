# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fault matrix: each fault, at each action, of each vendor.

Whatever goes wrong, an apply ends converged or with a named error; nothing is doubled, nothing is lost, and a run after the
fault is gone converges. The sandbox's log is the witness: no rule of the vendor broken, no write that changes nothing, none
repeated blindly.
"""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import Report
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import ApiError, DeclarationError, FleetformError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Plan
from fleetform.sandbox.server import Running
from tests.unit.contract.profiles import PROFILES, SPOKEN, Case, Profile
from tests.unit.contract.world import Options, World, actions_of, converge, plan_of, words

# Which lines run is measured by the other tests; here it would take as long again as the tests themselves.
pytestmark = pytest.mark.no_cover

Fault = dict[str, t.Any]

HTML = {"body": "<html><body><h1>Please wait</h1></body></html>", "content_type": "text/html"}
PASSING: dict[str, Fault] = {
    "408": {"status": 408},
    "425": {"status": 425},
    "429": {"status": 429},
    "429_seconds": {"retry_after": 1},
    "429_date": {"retry_after": {"date_in": 2}},
    "429_nonsense": {"retry_after": "soon"},
    "500": {"status": 500},
    "502": {"status": 502, **HTML},
    "503": {"status": 503},
    "503_seconds": {"status": 503, "headers": {"Retry-After": "1"}},
    "504": {"status": 504, "body": "upstream timed out", "content_type": "text/plain"},
    "lost_before": {"drop": "before"},
}
"""Faults that say: not now. Reading gets over each of them by itself."""
LASTING: dict[str, Fault] = {
    "400": {"status": 400},
    "401": {"status": 401},
    "403": {"status": 403},
    "404": {"status": 404},
    "409": {"status": 409},
    "422": {"status": 422},
    "429_too_long": {"retry_after": 86_400},
    "html_404": {"status": 404, **HTML},
    "redirect": {"redirect": "http://127.0.0.2:9/elsewhere"},
    "empty": {"status": 200, "body": None},
    "html": {"status": 200, **HTML},
    "list": {"status": 200, "body": [1, 2, 3]},
    "text": {"status": 200, "body": "OK", "content_type": "text/plain"},
}
"""Faults that say: no, or nonsense. The work was not done."""
DONE_BUT: dict[str, Fault] = {
    "lost_after": {"drop": "after"},
    "500_after": {"status": 500, "after": True},
    "504_after": {"status": 504, "after": True, **HTML},
    "cut": {"cut_body": True},
    "empty_after": {"status": 200, "body": None, "after": True},
    "list_after": {"status": 200, "body": [1, 2, 3], "after": True},
    "html_after": {"status": 200, "after": True, **HTML},
    "half_json": {"status": 200, "after": True, "body": '{"id": 12, "na', "content_type": "application/json"},
    "mislabelled": {"content_type": "text/plain"},
}
"""The work was done, and the answer does not say so."""
PAGES: dict[str, Fault] = {
    "repeat_page": {"repeat_page": True},
    "missing_page": {"missing_page": True},
    "total_too_high": {"wrong_total": {"plus": 3}},
    "total_too_low": {"wrong_total": {"plus": -1}},
    "total_zero": {"wrong_total": 0},
}
# A good status without the work and without a word that is wrong is a lie that nobody could see through.
WRITING = {name: fault for name, fault in {**PASSING, **LASTING, **DONE_BUT}.items() if name not in ("empty", "list")}
READING = {**PASSING, **LASTING, **DONE_BUT, **PAGES}
HEALS = {*PASSING, "lost_after", "500_after", "504_after", "cut", "mislabelled"}
"""What a read gets over by itself."""


def cases(faults: t.Iterable[str], profiles: t.Iterable[Profile] = tuple(PROFILES.values())) -> list[t.Any]:
    names = list(faults)
    return [
        pytest.param(profile, case, name, id=f"{profile.vendor}-{case.name}-{name}")
        for profile in profiles
        for case in profile.chosen
        for name in names
    ]


EACH_ACTION = [
    pytest.param(profile, case, id=f"{profile.vendor}-{case.name}") for profile in PROFILES.values() for case in profile.chosen
]
WITH_JOBS = [profile for profile in PROFILES.values() if profile.job_faults]
WITH_TOKENS = [profile for profile in PROFILES.values() if "client_id" in profile.fetched]
OTHERWISE = {"never": False, "vanish": False, "failed": True, "failed_empty": True, "canceled": True}
"""Whether the work is done, in contradiction to how a job ends. A work that is done and a job that ends well are no fault."""


def job_cases(faults: t.Collection[str] | None = None) -> list[t.Any]:
    """The faults of jobs, or those of them that are named, for each vendor that has them."""
    return [
        case
        for profile in WITH_JOBS
        for case in cases([kind for kind in profile.job_faults if faults is None or kind in faults], [profile])
    ]


class Trial:
    """One case under one fault, from the fault to the run after it."""

    def __init__(self, world: World, profile: Profile, case: Case, **account: t.Any) -> None:
        self.world, self.profile, self.case = world, profile, case
        self.account: Options = {**profile.account, "deadline": 120, **account}
        if case.first is not None:
            with world.fleet(lab=profile.account) as fleet:
                converge(fleet, [case.first])
            world.sandbox.clear()
        self.before = world.devices(profile.vendor)
        self.fleet: Fleet | None = None

    def run(self, *rules: Fault, between: t.Sequence[Fault] = ()) -> tuple[Plan, Report]:
        """Plans under ``rules`` and applies under these and ``between``."""
        self.world.sandbox.fault(*rules)
        with self.world.fleet(lab=self.account) as fleet:
            self.fleet = fleet
            plan = plan_of(fleet, [self.case.declared])
            assert self.world.log(write=True) == [], "planning writes nothing"
            self.world.sandbox.fault(*between)
            report = fleet.apply(plan)
            assert fleet.calls == self.world.counted(fleet.calls)
        assert all(entry["used"] for entry in self.world.rules()), "a fault that never happens tries nothing"
        self.world.sandbox.clear_faults()
        assert repeated(self.world) == [], "what must not be done twice is not sent again in the same run, not even after reading"
        return plan, report

    def ends_well(self, plan: Plan, report: Report) -> None:
        """Whatever happened is named; and the run after it converges, with nothing doubled and nothing lost."""
        for error in plan.errors:
            # A vendor that says "no such thing" once is believed: to whom it may concern, that is a wrong declaration.
            assert isinstance(error, (ApiError, DeclarationError)), words([error])
            assert error.account == "lab"
        assert plan.complete is not any(isinstance(error, ApiError) for error in plan.errors)
        assert {result.status for result in report.results} <= {"done", "already", "failed", "unclear", "skipped"}
        for result in report.results:
            assert bool(result.message) is (result.status not in ("done", "already")), result
        untroubled = not plan.errors and not report.failed and not any(device.blocked for device in plan.devices)
        # Nobody starts the next run at once; what the vendor had accepted is over by then.
        self.world.time.sleep(60)
        with self.world.fleet(lab=self.profile.account) as fleet:
            if not untroubled:
                converge(fleet, [self.case.declared])
            left = plan_of(fleet, [self.case.declared])
            assert (words(left.errors), actions_of(left)) == ("", []), "it was said that all is done"
        assert self.world.blunders() == []
        self.nothing_doubled_and_nothing_lost()

    def nothing_doubled_and_nothing_lost(self) -> None:
        after = self.world.devices(self.profile.vendor)
        key, value = self.case.target
        others = {number: row for number, row in self.before.items() if row[key] != value}
        assert {number: after.get(number) for number in others} == others
        assert len(after) == len(self.before) + self.case.creates - self.case.deletes
        if self.case.creates:
            assert [row[key] for row in after.values()].count(value) == 1


def repeated(world: World) -> list[str]:
    """Creating, adding and the like that were sent more than once although the first of them may have been carried out."""
    seen = [
        (f"{entry['method']} {entry['path']} {entry['body']}", entry)
        for entry in world.log(write=True)
        if not entry["idempotent"]
    ]
    unclear = {key for key, entry in seen if entry["status"] is None or entry["status"] >= 500}
    return [key for key in unclear if [held for held, _entry in seen].count(key) > 1]


def rule(profile: Profile, effect: Fault, *, write: bool, **match: t.Any) -> Fault:
    return {"vendor": profile.vendor, "method": ["POST", "PUT", "PATCH", "DELETE"] if write else "GET", **match, **effect}


@pytest.mark.parametrize(("profile", "case", "fault"), cases(WRITING))
def test_a_fault_at_the_first_write(world: World, profile: Profile, case: Case, fault: str) -> None:
    trial = Trial(world, profile, case)
    plan, report = trial.run(rule(profile, WRITING[fault], write=True))
    assert plan.errors == ()
    if fault.startswith("429") and fault not in ("429_too_long", "429_after"):
        assert not report.failed, "a 429 says that nothing was done, so that sending it again is right"
    trial.ends_well(plan, report)


@pytest.mark.parametrize(
    ("profile", "case", "fault"), cases(("400", "401", "500", "503", "lost_before", "lost_after", "html_after"))
)
def test_a_fault_at_every_write(world: World, profile: Profile, case: Case, fault: str) -> None:
    trial = Trial(world, profile, case)
    plan, report = trial.run(rule(profile, WRITING[fault], write=True, times=None))
    trial.ends_well(plan, report)


@pytest.mark.parametrize(("profile", "case", "fault"), cases(("lost_before", "lost_after", "503", "504_after")))
def test_a_write_is_lost_and_so_is_the_reading_that_would_settle_it(
    world: World, profile: Profile, case: Case, fault: str
) -> None:
    trial = Trial(world, profile, case)

    def break_reading() -> None:
        # Not before the write is lost: some are read for just before they are sent.
        if [entry["used"] for entry in world.rules()] == [1]:
            world.sandbox.fault({"vendor": profile.vendor, "method": "GET", "status": 503, "times": None})

    world.time.meanwhile = break_reading
    plan, report = trial.run(between=[rule(profile, WRITING[fault], write=True)])
    world.time.meanwhile = None
    assert report.failed
    trial.ends_well(plan, report)


# The first page cannot be that of before.
@pytest.mark.parametrize(("profile", "case", "fault"), cases([name for name in READING if name != "repeat_page"]))
def test_a_fault_at_the_first_read(world: World, profile: Profile, case: Case, fault: str) -> None:
    trial = Trial(world, profile, case)
    plan, report = trial.run(rule(profile, READING[fault], write=False))
    if fault in HEALS:
        assert words(plan.errors) == ""
        assert report.problems() == []
    if fault == "429_too_long":
        assert [type(error).__name__ for error in plan.errors] == ["RateLimited"]
    trial.ends_well(plan, report)


@pytest.mark.parametrize(
    ("profile", "case", "fault"), cases(("401", "403", "404", "503", "lost_before", "cut", "html", "empty", "total_too_high"))
)
def test_a_fault_at_every_read(world: World, profile: Profile, case: Case, fault: str) -> None:
    trial = Trial(world, profile, case)
    plan, report = trial.run(rule(profile, READING[fault], write=False, times=None))
    assert plan.errors or any(device.blocked for device in plan.devices) or fault in ("404", "total_too_high"), (
        "what cannot be read is not planned"
    )
    trial.ends_well(plan, report)


@pytest.mark.parametrize(
    ("profile", "case", "fault"),
    [
        given
        for given in cases(("400", "404", "503", "lost_before", "html", "cut", "429_seconds"))
        if given.values[1].name not in given.values[0].one_read
    ],
)
def test_a_fault_at_a_later_read(world: World, profile: Profile, case: Case, fault: str) -> None:
    trial = Trial(world, profile, case)
    plan, report = trial.run(rule(profile, READING[fault], write=False, skip=1))
    if fault in HEALS:
        assert words(plan.errors) == ""
        assert report.problems() == []
    trial.ends_well(plan, report)


@pytest.mark.parametrize(
    ("skip", "profile", "case", "kind"),
    [
        pytest.param(skip, *given.values, id=f"{skip}-{given.id}")
        for given in job_cases()
        for skip in (0, 1)
        if not skip or given.values[1].name in given.values[0].more_writes
    ],
)
def test_a_job_that_does_not_end_as_it_should(world: World, profile: Profile, case: Case, kind: str, skip: int) -> None:
    trial = Trial(world, profile, case)
    plan, report = trial.run({"vendor": profile.vendor, "job": kind, "skip": skip})
    assert plan.errors == ()
    if kind in ("string_result", "slow"):
        assert report.problems() == []
    trial.ends_well(plan, report)


@pytest.mark.parametrize(("profile", "case", "kind"), job_cases(OTHERWISE))
def test_a_job_that_does_its_work_and_says_otherwise_or_the_reverse(
    world: World, profile: Profile, case: Case, kind: str
) -> None:
    trial = Trial(world, profile, case)
    plan, report = trial.run({"vendor": profile.vendor, "job": kind, "effect": OTHERWISE[kind]})
    assert plan.errors == ()
    assert report.failed or OTHERWISE[kind]
    trial.ends_well(plan, report)


@pytest.mark.parametrize(
    ("profile", "case", "fault"), cases(("404", "401", "503", "lost_before", "html", "empty", "429_seconds"), WITH_JOBS)
)
@pytest.mark.parametrize("times", [1, None])
def test_a_fault_at_asking_how_a_job_goes(world: World, profile: Profile, case: Case, fault: str, times: int | None) -> None:
    trial = Trial(world, profile, case)
    world.sandbox.switch(profile.vendor, **profile.job_switches)
    plan, report = trial.run(rule(profile, READING[fault], write=False, times=times, path=profile.job_path))
    assert plan.errors == ()
    if times == 1 and fault in HEALS:
        assert report.problems() == []
    trial.ends_well(plan, report)


@pytest.mark.parametrize(("profile", "case"), EACH_ACTION)
def test_the_matrix_knows_which_cases_have_a_second_call(world: World, profile: Profile, case: Case) -> None:
    trial = Trial(world, profile, case)
    plan, report = trial.run()
    reads, writes = len(world.log(write=False)), len(world.log(write=True))
    trial.ends_well(plan, report)
    assert (case.name in profile.one_read, case.name in profile.more_writes) == (reads == 1, writes > 1)


@pytest.mark.parametrize(("profile", "case"), EACH_ACTION)
@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
def test_an_answer_that_comes_too_late(world: World, profile: Profile, case: Case, write: bool) -> None:
    trial = Trial(world, profile, case, timeout=0.1)
    if write:
        # However slow the machine is: what was sent is done by the time of the look that settles it.
        world.time.meanwhile = lambda: trial.fleet and world.counted(trial.fleet.calls)
    plan, report = trial.run(rule(profile, {"latency": 0.16}, write=write))
    world.time.meanwhile = None
    if not write:
        assert words(plan.errors) == ""
    trial.ends_well(plan, report)


# Many devices at once: what goes wrong with one call is a matter of the devices in it


def fleets(faults: t.Iterable[str], profiles: t.Iterable[Profile] = tuple(PROFILES.values())) -> list[t.Any]:
    names = list(faults)
    return [
        pytest.param(profile, fleet, name, id=f"{profile.vendor}-{fleet}-{name}")
        for profile in profiles
        for fleet in profile.fleets
        for name in names
    ]


def writes_of_fleets(found: t.Iterable[t.Any]) -> list[t.Any]:
    """Each case with the number of writes before the one that goes wrong: a second one only where there is one."""
    return [
        pytest.param(skip, *given.values, id=f"{skip}-{given.id}")
        for given in found
        for skip in (0, 1)
        if not skip or given.values[1] not in given.values[0].in_one_write
    ]


def several_devices(world: World, profile: Profile, name: str, *rules: Fault) -> tuple[Plan, Report]:
    """Applies the declarations of a fleet under rules, and checks that a run after it finishes the rest and no more."""
    declared = list(profile.fleets[name])
    before = world.devices(profile.vendor)
    with world.fleet(lab={**profile.account, "deadline": 120}) as fleet:
        plan = plan_of(fleet, declared)
        world.sandbox.fault(*rules)
        report = fleet.apply(plan)
        assert fleet.calls == world.counted(fleet.calls)
    assert all(entry["used"] for entry in world.rules()), "a fault that never happens tries nothing"
    world.sandbox.clear_faults()
    done = {result.change.address for result in report.results} - {
        result.change.address for result in report.results if result.status in ("failed", "unclear", "skipped")
    }
    world.time.sleep(60)
    with world.fleet(lab=profile.account) as fleet:
        left = plan_of(fleet, declared)
        assert words(left.errors) == ""
        assert {change.address for change in left.changes} & done == set(), "what was said to be done is done"
        assert fleet.apply(left).problems() == []
        assert plan_of(fleet, declared).changes == ()
    assert world.blunders() == []
    after = world.devices(profile.vendor)
    assert len(after) == len(before) + len({change.address for change in plan.changes if change.action == "claim"})
    return plan, report


@pytest.mark.parametrize(("skip", "profile", "name", "fault"), writes_of_fleets(fleets(WRITING)))
def test_a_fault_at_one_write_of_many(world: World, profile: Profile, name: str, fault: str, skip: int) -> None:
    plan, report = several_devices(world, profile, name, rule(profile, WRITING[fault], write=True, skip=skip))
    if fault not in PASSING:
        broken = {result.change.address for result in report.results if result.status in ("failed", "unclear", "skipped")}
        together = max(len(step.addresses) for account in plan.accounts for step in account.steps)
        assert len(broken) <= together, "what one call is for is no matter of the others"


@pytest.mark.parametrize(
    ("skip", "profile", "name", "kind"),
    writes_of_fleets([case for profile in WITH_JOBS for case in fleets(profile.job_faults, [profile])]),
)
def test_a_job_for_many_devices_that_does_not_end_as_it_should(
    world: World, profile: Profile, name: str, kind: str, skip: int
) -> None:
    _plan, report = several_devices(world, profile, name, {"vendor": profile.vendor, "job": kind, "skip": skip})
    if kind in ("string_result", "slow"):
        assert report.problems() == []
    if kind == "partial" and skip == 0:
        statuses = {
            result.status for result in report.results if result.change.action in ("claim", "tag", "archive", "set_application")
        }
        assert "done" in statuses
        assert statuses != {"done"}, "each device is told apart"


# Actions that are no state

ACTS = [
    pytest.param(profile, action, id=f"{profile.vendor}-{action}") for profile in PROFILES.values() for action in profile.acts
]


@pytest.mark.parametrize(("profile", "action"), ACTS)
@pytest.mark.parametrize("fault", WRITING)
def test_an_action_is_never_sent_again_after_an_unclear_answer(world: World, profile: Profile, action: str, fault: str) -> None:
    world.sandbox.fault(rule(profile, WRITING[fault], write=True))
    with world.fleet(lab={**profile.account, "deadline": 120}) as fleet:
        error = act_or_error(fleet, profile, action)
        assert fleet.calls == world.counted(fleet.calls)
    certain = [entry for entry in world.log(write=True) if entry["status"] != 429]
    assert len(certain) <= 1
    if error is None:
        assert fault in DONE_BUT or certain[0]["status"] < 300
    else:
        assert isinstance(error, ApiError)
        assert error.account == "lab"
    assert world.blunders() == []


def act_or_error(fleet: Fleet, profile: Profile, action: str) -> FleetformError | None:
    try:
        fleet.act("lab", action, declaration_from(profile.known), profile.acts[action], check_mode=False)
    except FleetformError as error:
        return error
    return None


# Reading for its own sake, and tokens


def listed_or_error(fleet: Fleet) -> list[Device] | ApiError:
    try:
        return fleet.list_devices("lab", Query(page_size=2)).devices
    except ApiError as error:
        return error


@pytest.mark.parametrize("fault", READING)
@pytest.mark.parametrize("skip", [0, 1])
@pytest.mark.parametrize("profile", SPOKEN.values(), ids=SPOKEN)
def test_a_listing_is_whole_or_an_error(world: World, profile: Profile, fault: str, skip: int) -> None:
    with world.fleet(lab=profile.account) as fleet:
        whole = fleet.list_devices("lab", Query(page_size=2)).devices
    world.sandbox.clear()
    world.sandbox.fault(rule(profile, READING[fault], write=False, skip=skip))
    with world.fleet(lab={**profile.account, "deadline": 120}) as fleet:
        found = listed_or_error(fleet)
    if isinstance(found, ApiError):
        assert fault not in HEALS, words([found])
        assert found.account == "lab"
    else:
        assert found == whole
    assert world.blunders() == []


@pytest.mark.parametrize("fault", [name for name in WRITING if name != "mislabelled"])
@pytest.mark.parametrize("profile", WITH_TOKENS, ids=lambda profile: profile.vendor)
def test_a_fault_at_fetching_the_token(world: World, profile: Profile, fault: str) -> None:
    case = profile.chosen[2]
    trial = Trial(world, profile, case)
    trial.account = {**profile.fetched, "deadline": 120}
    plan, report = trial.run({"vendor": profile.vendor, "method": "POST", "path": ".*token", **WRITING[fault]})
    if fault in PASSING:
        assert words(plan.errors) == ""
    trial.ends_well(plan, report)


@pytest.mark.parametrize(
    ("profile", "case"),
    [pytest.param(profile, case, id=f"{profile.vendor}-{case.name}") for profile in WITH_TOKENS for case in profile.chosen],
)
def test_a_token_that_runs_out_between_plan_and_apply_is_renewed(world: World, profile: Profile, case: Case) -> None:
    trial = Trial(world, profile, case)
    with world.fleet(lab=profile.fetched) as fleet:
        plan = plan_of(fleet, [case.declared])
        revoke(world.sandbox, profile.vendor)
        report = fleet.apply(plan)
    assert report.problems() == []
    trial.ends_well(plan, report)


def revoke(sandbox: Running, vendor: str) -> None:
    """Every fetched token is void from now on, long before its time."""
    tokens = sandbox.sandbox.clouds[vendor].data["tokens"]
    for name, token in list(tokens.items()):
        if token["expires"] is not None:
            del tokens[name]
