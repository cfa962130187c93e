# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Listings that the tasks of one run read once for all of them."""

from __future__ import annotations

import json
import multiprocessing
import threading
import typing as t
from pathlib import Path

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Answer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Unavailable
from ansible_collections.fleetform.devices.plugins.module_utils._engine.listings import LIFETIME, Crowd, SharedListings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.shared import SharedState
from tests.unit.plugins.module_utils._engine.wire import Clock

CROWD = Crowd("task-1", 200)
PAGE = {"items": [{"id": "d1"}]}


class Cloud:
    """Answers each question with its number, and counts."""

    def __init__(self, body: t.Any = None) -> None:
        self.asked = 0
        self.body = PAGE if body is None else body

    def __call__(self) -> Answer:
        self.asked += 1
        return Answer(200, self.body, {"link": f"<page {self.asked}>"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "shared.json"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def opened(path: Path | None, clock: Clock, crowd: Crowd = CROWD) -> SharedListings:
    """What one process of the run has."""
    return SharedListings(SharedState(path), crowd, wall=clock)


def test_what_one_task_has_read_serves_the_others(path: Path, clock: Clock, cloud: Cloud) -> None:
    answers = [opened(path, clock).reading("lab").page("/devices", cloud) for _process in range(3)]
    assert cloud.asked == 1
    assert {(answer.status, answer.headers["link"]) for answer in answers} == {(200, "<page 1>")}
    assert all(answer.body == PAGE for answer in answers)


def test_pages_lie_in_private_files(path: Path, clock: Clock, cloud: Cloud) -> None:
    opened(path, clock).reading("lab").page("/devices", cloud)
    files = list(path.parent.glob("listing.*"))
    assert len(files) == 1
    assert files[0].stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("crowd", "account", "asked"),
    [(Crowd("task-2", 200), "lab", "/devices"), (CROWD, "other", "/devices"), (CROWD, "lab", "/devices?page=2")],
    ids=["another task", "another account", "another question"],
)
def test_what_differs_is_read_for_itself(path: Path, clock: Clock, cloud: Cloud, crowd: Crowd, account: str, asked: str) -> None:
    opened(path, clock).reading("lab").page("/devices", cloud)
    opened(path, clock, crowd).reading(account).page(asked, cloud)
    assert cloud.asked == 2


@pytest.mark.parametrize(("seconds", "asked"), [(LIFETIME - 1, 1), (LIFETIME, 2), (-1, 2)])
def test_a_page_is_good_for_its_lifetime_and_not_from_the_future(
    path: Path, clock: Clock, cloud: Cloud, seconds: float, asked: int
) -> None:
    opened(path, clock).reading("lab").page("/devices", cloud)
    clock.now += seconds
    opened(path, clock).reading("lab").page("/devices", cloud)
    assert cloud.asked == asked


def test_the_age_of_a_page_counts_from_when_it_was_asked_for(path: Path, clock: Clock, cloud: Cloud) -> None:
    def slow() -> Answer:
        clock.now += LIFETIME
        return cloud()

    opened(path, clock).reading("lab").page("/devices", slow)
    opened(path, clock).reading("lab").page("/devices", cloud)
    assert cloud.asked == 2


def test_who_needs_something_newer_reads_it_for_everybody(path: Path, clock: Clock, cloud: Cloud) -> None:
    opened(path, clock).reading("lab").page("/devices", cloud)
    clock.now += 1
    listings = opened(path, clock)
    assert listings.reading("lab", not_before=listings.now()).page("/devices", cloud).headers["link"] == "<page 2>"
    assert opened(path, clock).reading("lab").page("/devices", cloud).headers["link"] == "<page 2>"
    assert opened(path, clock).reading("lab", not_before=clock.now).page("/devices", cloud).headers["link"] == "<page 2>"
    assert cloud.asked == 2


@pytest.mark.parametrize(
    "content",
    ["", "no JSON", "[]", "{}", '{"begun": "soon", "status": 200, "body": {}, "headers": {}}', '{"begun": 1000.0}', "null"],
)
def test_a_page_that_cannot_be_understood_is_read_again(path: Path, clock: Clock, cloud: Cloud, content: str) -> None:
    opened(path, clock).reading("lab").page("/devices", cloud)
    next(path.parent.glob("listing.*")).write_text(content, encoding="ascii")
    assert opened(path, clock).reading("lab").page("/devices", cloud).body == PAGE
    assert cloud.asked == 2


def test_what_is_no_json_data_is_not_kept(path: Path, clock: Clock) -> None:
    cloud = Cloud(body=b"<xml/>")
    for _process in range(2):
        assert opened(path, clock).reading("lab").page("/devices", cloud).body == b"<xml/>"
    assert cloud.asked == 2


def test_without_a_file_nothing_is_kept(clock: Clock, cloud: Cloud) -> None:
    listings = opened(None, clock)
    for _time in range(2):
        listings.reading("lab").page("/devices", cloud)
    assert cloud.asked == 2
    with listings.writing("lab", ["d1"]):
        assert listings.written_since("lab", clock.now) == {"d1"}


def test_a_failure_is_nobody_elses(path: Path, clock: Clock, cloud: Cloud) -> None:
    def fail() -> Answer:
        raise Unavailable("no answer", method="GET", path="/devices")

    with pytest.raises(Unavailable):
        opened(path, clock).reading("lab").page("/devices", fail)
    assert opened(path, clock).reading("lab").page("/devices", cloud).status == 200


def test_tasks_that_ask_at_the_same_time_wait_for_the_first(path: Path, clock: Clock, cloud: Cloud) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> Answer:
        begun.set()
        assert go_on.wait(10)
        return cloud()

    threads = [threading.Thread(target=lambda: opened(path, clock).reading("lab").page("/devices", slow)) for _task in range(4)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    go_on.set()
    for thread in threads:
        thread.join()
    assert cloud.asked == 1


def read_in_process(path: Path, log: Path) -> None:
    """One worker of a play."""

    def fetch() -> Answer:
        with log.open("a", encoding="ascii") as file:
            file.write("asked\n")
        return Answer(200, PAGE, {})

    SharedListings(SharedState(path), CROWD).reading("lab").page("/devices", fetch)


def test_processes_read_once_for_all(path: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    log = tmp_path / "log"
    workers = [context.Process(target=read_in_process, args=(path, log)) for _process in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert log.read_text(encoding="ascii").splitlines() == ["asked"]


# Devices that are written to


def test_a_device_is_out_of_date_while_it_is_written_to_and_until_something_newer_is_read(
    path: Path, clock: Clock, cloud: Cloud
) -> None:
    mine, other = opened(path, clock), opened(path, clock)
    reading = other.reading("lab")
    reading.page("/devices", cloud)
    clock.now += 1
    with mine.writing("lab", ["d1", "", "d2"]):
        clock.now += 100
        assert reading.written_since() == {"d1", "d2"}
        assert other.written_since("lab", clock.now) == {"d1", "d2"}
    assert reading.written_since() == {"d1", "d2"}
    assert other.reading("lab").written_since() == frozenset(), "nothing was read that could be out of date"
    assert other.written_since("other", 0) == frozenset()
    clock.now += 1
    later = other.reading("lab")
    later.page("/devices", cloud)
    assert cloud.asked == 2
    assert later.written_since() == frozenset()


def test_the_oldest_page_of_a_reading_counts(path: Path, clock: Clock, cloud: Cloud) -> None:
    listings = opened(path, clock)
    reading = listings.reading("lab")
    reading.page("/devices?page=1", cloud)
    clock.now += 1
    with listings.writing("lab", ["d1"]):
        pass
    clock.now += 1
    reading.page("/devices?page=2", cloud)
    assert reading.written_since() == {"d1"}


def test_a_task_that_dies_while_it_writes_leaves_a_device_that_everybody_reads_for_himself(path: Path, clock: Clock) -> None:
    listings = opened(path, clock)

    def die() -> None:
        with listings.writing("lab", ["d1"]):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die()
    clock.now += 100 * LIFETIME
    with listings.writing("lab", ["d2"]):
        pass
    assert listings.written_since("lab", clock.now) == {"d1", "d2"}


def test_what_is_long_over_is_forgotten_and_nothing_is_noted_of_nobody(path: Path, clock: Clock) -> None:
    listings = opened(path, clock)
    with listings.writing("lab", []):
        pass
    assert not path.with_name("writes.json").exists()
    for device in ("d1", "d2"):
        with listings.writing("lab", [device]):
            clock.now += 11 * LIFETIME
    assert list(json.loads(path.with_name("writes.json").read_text(encoding="ascii"))["lab"]) == ["d2"]
