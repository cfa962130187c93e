# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the journals of earlier applies tell the next one, and an apply whose journal or onlookers are lost."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.apply import ChangeResult
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Interrupted
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Plan, Step
from fleetform import applying
from fleetform.applying import Journal, Onlooker, unfinished, wait_for

CLOUDS = {"lab": "blynk https://blynk.example"}
OTHER = {"av": "xyte https://hub.example"}
CHANGE = Change("lab/Lobby", "claim", None, None, "Lobby")
STEP = Step(Call("POST", "/device"), (CHANGE,))
OPEN = "POST /device for lab/Lobby"


def journal(path: Path, clouds: dict[str, str] | None = None, timeout: float = 7.0) -> Journal:
    clouds = clouds or CLOUDS
    return Journal(path, clouds, dict.fromkeys(clouds, timeout))


def cut_off(path: Path, clouds: dict[str, str] | None = None) -> Path:
    """The journal of an apply that was killed with a call under way."""
    written = journal(path, clouds)
    written.sending(next(iter(clouds or CLOUDS)), STEP)
    written.close()
    return path


def altered(path: Path, **fields: Any) -> Path:
    """The journal with other fields in the row of its call; None takes one out."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    row = {name: value for name, value in {**lines[-1], **fields}.items() if value is not None}
    path.write_text("".join(json.dumps(line) + "\n" for line in [*lines[:-1], row]))
    return path


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(applying.time, "sleep", taken.append)
    return taken


def test_a_call_that_did_not_end_is_found_and_waited_for_as_long_as_it_may_take(
    tmp_path: Path, naps: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    left = unfinished([cut_off(tmp_path / "j")], CLOUDS)
    assert [(row.text, row.creates, row.timeout) for row in left] == [(OPEN, True, 7.0)]
    wait_for(left)
    assert naps == [pytest.approx(7.0, abs=1.0)]
    assert f"Waiting 7 s for {OPEN}: it may be carried out until then" in capsys.readouterr().err


@pytest.mark.parametrize("timeouts", [None, {}, {"lab": "long"}, {"lab": True}, {"lab": -1}, {"lab": float("inf")}, []])
def test_without_a_timeout_in_the_journal_it_is_thirty_seconds(tmp_path: Path, timeouts: Any) -> None:
    path = cut_off(tmp_path / "j")
    begin, *rest = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps({**json.loads(begin), "timeouts": timeouts}), *rest]))
    assert [row.timeout for row in unfinished([path], CLOUDS)] == [30.0]


@pytest.mark.parametrize("at", [None, 5, "soon", "0001-01-01T00:00:00", ["x"]])
def test_a_call_without_a_time_counts_from_when_its_journal_was_written_last(tmp_path: Path, naps: list[float], at: Any) -> None:
    path = altered(cut_off(tmp_path / "j"), at=at)
    os.utime(path, (time.time(), time.time() - 3))
    (row,) = unfinished([path], CLOUDS)
    if at != "0001-01-01T00:00:00":
        wait_for([row])
        assert naps == [pytest.approx(4.0, abs=1.0)]


def test_a_clock_that_was_wrong_makes_nobody_wait_longer(tmp_path: Path, naps: list[float]) -> None:
    path = altered(cut_off(tmp_path / "j"), at=datetime(2999, 1, 1, tzinfo=UTC).isoformat())
    wait_for(unfinished([path], CLOUDS))
    assert naps == [7.0]


def test_what_makes_nothing_and_what_is_long_over_is_not_waited_for(tmp_path: Path, naps: list[float]) -> None:
    path = altered(cut_off(tmp_path / "a"), at="2020-01-01T00:00:00+00:00")
    renamed = [{"address": "lab/Lobby", "action": "rename", "attribute": "name"}]
    wait_for(unfinished([path, altered(cut_off(tmp_path / "b"), changes=renamed)], CLOUDS))
    assert naps == []


def test_only_the_last_apply_to_a_cloud_counts(tmp_path: Path) -> None:
    first, of_another, again = (cut_off(tmp_path / name, clouds) for name, clouds in (("1", CLOUDS), ("2", OTHER), ("3", CLOUDS)))
    assert [row.text for row in unfinished([first, of_another], CLOUDS)] == [OPEN]
    assert [row.text for row in unfinished([first, again], CLOUDS)] == [OPEN]
    whole = journal(tmp_path / "4")
    assert unfinished([first, again, tmp_path / "4"], CLOUDS) == []
    whole.close()
    assert len(unfinished([first, of_another, tmp_path / "4"], {**CLOUDS, **OTHER})) == 1


def test_one_journal_of_two_clouds_keeps_what_is_open_in_the_other(tmp_path: Path) -> None:
    path = cut_off(tmp_path / "j")
    other = journal(path, OTHER)
    other.finished()
    other.close()
    assert [row.text for row in unfinished([path], CLOUDS)] == [OPEN]


def test_a_call_that_was_sent_again_is_one_call_and_counts_from_then(tmp_path: Path) -> None:
    path = cut_off(tmp_path / "j")
    row = json.loads(path.read_text().splitlines()[-1])
    with path.open("a") as file:
        file.write(json.dumps({**row, "at": "2999-01-01T00:00:00+00:00"}) + "\n")
    (found,) = unfinished([path], CLOUDS)
    assert datetime.fromtimestamp(found.at, UTC).year == 2999


def test_lines_that_are_none_count_for_nothing(tmp_path: Path) -> None:
    path = cut_off(tmp_path / "j")
    with path.open("ab") as file:
        file.write(b'\xff\n[]\n{"event": "sending"}\n{"event": "begin", "clouds": 3}\n' + b"[" * 100_000 + b'\n{"event": "en')
    assert [row.text for row in unfinished([path, tmp_path / "none"], CLOUDS)] == [OPEN]


def test_what_is_no_file_is_said_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(OSError, match="regular file|directory"):
            unfinished([tmp_path / name], CLOUDS)
        with pytest.raises(OSError):
            journal(tmp_path / name)
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OSError, match="regular file"):
        journal(tmp_path / "pipe")
    os.close(reader)


class Torn(io.TextIOBase):
    """A stderr that nobody reads any more."""

    def __init__(self, terminal: bool) -> None:
        self.terminal = terminal
        self.tried = 0

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        self.tried += 1
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


@pytest.fixture
def plan() -> Plan:
    return Plan()


@pytest.mark.parametrize("terminal", [True, False])
def test_an_apply_goes_on_when_nobody_looks_on_any_more(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    torn = Torn(terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", torn)
    with Onlooker(plan, journal(tmp_path / "j"), shown=True, bar=True) as onlooker:
        onlooker.sending("lab", STEP)
        onlooker.stopping(5)
        onlooker.ended(ChangeResult(CHANGE, "done"))
    assert torn.tried
    assert onlooker.broken is None
    assert [json.loads(line)["event"] for line in (tmp_path / "j").read_text().splitlines()] == [
        "begin",
        "sending",
        "ended",
        "finished",
    ]


def test_a_journal_that_is_full_keeps_back_what_was_not_sent_yet(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full: list[bool] = []

    def write(descriptor: int, line: bytes) -> int:
        if full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(descriptor, line)

    written = os.write
    with Onlooker(plan, journal(tmp_path / "j"), shown=True, bar=True) as onlooker:
        onlooker.sending("lab", STEP)
        monkeypatch.setattr(applying.os, "write", write)
        full.append(True)
        for what in (lambda: onlooker.ended(ChangeResult(CHANGE, "done")), lambda: onlooker.sending("lab", STEP)):
            with pytest.raises(Interrupted, match="the journal cannot be written any more, .*No space left"):
                what()
        full.clear()
        onlooker.stopping(5)
    assert onlooker.broken is not None
    assert "lab/Lobby: claim: done\nThe journal cannot be written any more: nothing more is sent.\n" in capsys.readouterr().err
    # An end that it cannot vouch for is not noted.
    assert [row.text for row in unfinished([tmp_path / "j"], CLOUDS)] == [OPEN]


def test_lines_of_a_log_are_not_wrapped_and_no_colour_makes_a_log_a_terminal(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("COLUMNS", "10"), ("FORCE_COLOR", "1"), ("TTY_COMPATIBLE", "1")):
        monkeypatch.setenv(name, value)
    with Onlooker(plan, journal(tmp_path / "j"), shown=True, bar=True) as onlooker:
        onlooker.ended(ChangeResult(CHANGE, "failed", "no " * 100))
    assert capsys.readouterr().err == f"lab/Lobby: claim: failed: {'no ' * 100}\n"
