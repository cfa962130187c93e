# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`fleetform apply` as a process, on a terminal where it asks: exit codes, limits, saved plans, lock, progress, interruption."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time

import pytest

from tests.command.conftest import COMMAND, Command, rows, sent, wait_until
from tests.integration.conftest import CREDENTIALS

RENAMED = {"name": "Hamburg Cafeteria Climate", "previous_name": "Hamburg New Sensor"}
NEW = {"name": "Hamburg Lobby Climate", "model": "TMPL8RITg_f9Q", "metafields": {"Floor": 0, "Mount": "Wall"}}
GONE = {"name": "Hamburg New Sensor", "state": "absent"}
SLOW = {"vendor": "blynk", "method": ["POST", "PUT", "PATCH", "DELETE"], "path": ".*/organization/.*", "times": None}


def test_apply_makes_it_so_tells_each_change_and_does_nothing_twice(fleetform: Command) -> None:
    fleetform.fleet(RENAMED, NEW)
    journal = fleetform.folder / "j.jsonl"
    ran = fleetform("apply", "--yes", "--journal", "j.jsonl", "--format", "json")
    assert (ran.json["outcome"], ran.json["failed"], ran.json["interrupted"]) == ({"already": 1, "done": 3}, False, False)
    assert "lab/Hamburg Lobby Climate: claim: done\n" in ran.err
    assert "3 of 4 changes are done, 1 were in effect already." in ran.err
    assert "\x1b" not in ran.err
    assert (journal.stat().st_mode & 0o777) == 0o600
    assert [row["event"] for row in rows(journal)][0 :: len(rows(journal)) - 1] == ["begin", "finished"]
    assert {(row["method"], row["path"]) for row in sent(journal)} == {
        (entry["method"], entry["path"]) for entry in fleetform.written() if not entry["token"]
    }
    assert not any(secret in journal.read_text() for secret in CREDENTIALS.values())
    fleetform.sandbox.clear()
    ran = fleetform("apply", "--yes")
    assert "Nothing to do" in ran.err
    assert fleetform.written() == []


def test_quiet_shows_no_progress_and_still_the_end(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    ran = fleetform("apply", "--yes", "--quiet")
    assert "rename: done" not in ran.err
    assert "1 of 1 changes are done." in ran.err


def test_without_a_terminal_it_takes_a_yes(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    ran = fleetform("apply", code=3)
    assert "Nothing was sent: there is no terminal to ask on; say --yes" in ran.err
    assert fleetform.written() == []


@pytest.mark.parametrize(("answer", "code"), [("yes\n", 0), ("no\n", 3), ("\n", 3), ("y\n", 3), ("\x04", 3), ("\x03", 130)])
def test_on_a_terminal_it_asks(fleetform: Command, answer: str, code: int) -> None:
    fleetform.fleet(RENAMED)
    with fleetform.terminal("apply") as terminal:
        terminal.wait_for("Type yes")
        assert fleetform.written() == []
        terminal.say(answer)
        ran = terminal.ended()
    assert ran.code == code, ran.out
    assert "Traceback" not in ran.out
    assert bool(fleetform.written()) is (code == 0)


@pytest.mark.parametrize("planned", [False, True], ids=["files", "a saved plan"])
def test_what_changes_while_it_asks_is_not_written_over(fleetform: Command, planned: bool) -> None:
    fleetform.fleet(RENAMED)
    fleetform("plan", "--out", "plan.json")
    with fleetform.terminal("apply", *(["plan.json"] if planned else [])) as terminal:
        terminal.wait_for("Type yes")
        fleetform.sandbox.drift("blynk", "Hamburg New Sensor", name="Somebody was here" if planned else RENAMED["name"])
        terminal.say("yes\n")
        ran = terminal.ended()
    assert ran.code == 3, ran.out
    assert "has changed while you were asked; look at the plan anew" in ran.out
    assert fleetform.written() == []


def test_what_cannot_be_undone_wants_to_be_allowed_by_name(fleetform: Command) -> None:
    fleetform.fleet(GONE)
    ran = fleetform("apply", "--yes", code=3)
    assert "delete cannot be undone; say --allow delete if it is meant" in ran.err
    fleetform("apply", "--yes", "--allow", "transfer,archive", code=3)
    assert fleetform.written() == []
    fleetform("apply", "--yes", "--allow", "transfer, delete")
    assert [entry["method"] for entry in fleetform.written()] == ["DELETE"]


def test_limits_stop_and_are_raised_once(fleetform: Command) -> None:
    fleetform.fleet({"name": "Hamburg Main Panel"}, prune=[{"account": "lab", "scope": {"vendor": "blynk"}}])
    shown = fleetform("plan", "--format", "json").json
    deletes = shown["summary"]["delete"]
    assert deletes > 2
    assert (shown["over_limit"][0]["wanted"], shown["over_limit"][0]["allowed"]) == (deletes, 1)
    ran = fleetform("apply", "--yes", "--allow", "delete", code=3)
    assert f"--limit delete={deletes}" in ran.err
    fleetform("apply", "--yes", "--allow", "delete", "--limit", f"delete={deletes - 1}", code=3)
    assert fleetform.written() == []
    one = next(device for device in shown["devices"] if device["actions"] == ["delete"])
    fleetform("apply", "--yes", "--allow", "delete", "--where", f"id={one['id']}")
    assert len(fleetform.written()) == 1
    fleetform("apply", "--yes", "--allow", "delete", "--limit", f"delete={deletes - 1}")
    assert len(fleetform.written()) == deletes


def test_a_wrong_declaration_stops_everything(fleetform: Command) -> None:
    fleetform.fleet(RENAMED, {"name": "Nowhere"})
    ran = fleetform("apply", "--yes", "--format", "json", code=3)
    assert "Nothing was sent: what is declared is wrong in part" in ran.err
    assert ran.json["results"] == []
    fleetform("plan", "--out", "plan.json", code=1)
    for options in ([], ["--partial"]):
        ran = fleetform("apply", "plan.json", "--yes", *options, code=3)
        assert "what was declared was wrong in part; mend that and plan again" in ran.err
    assert fleetform.written() == []


def test_what_fails_ends_with_1_and_the_rest_is_done(fleetform: Command) -> None:
    fleetform.fleet(RENAMED, NEW)
    fleetform.sandbox.fault(
        {"vendor": "blynk", "method": "POST", "path": ".*/organization/device.*", "status": 400, "times": None}
    )
    ran = fleetform("apply", "--yes", "--format", "markdown", code=1)
    assert "failed: " in ran.err
    assert "### fleetform: applied in part, " in ran.out
    fleetform.sandbox.call("DELETE", "/faults")
    fleetform("apply", "--yes")
    assert "Nothing to do" in fleetform("apply", "--yes").err


def test_a_saved_plan_is_applied_once_and_held_to_what_it_was_made_for(fleetform: Command) -> None:
    fleetform.fleet(RENAMED, NEW)
    key = {"FLEETFORM_PLAN_KEY": "a key"}
    fleetform("plan", "--out", "plan.json", env=key)
    path = fleetform.folder / "plan.json"
    good = path.read_bytes()
    for damaged in (good.replace(b'"PUT"', b'"DELETE"', 1), good[:-20]):
        assert damaged != good
        path.write_bytes(damaged)
        fleetform("apply", "plan.json", "--yes", env=key, code=3)
    path.write_bytes(good)
    assert "FLEETFORM_PLAN_KEY is not set" in fleetform("apply", "plan.json", "--yes", code=3).err
    assert (
        "a saved plan is applied as it is" in fleetform("apply", "plan.json", "--yes", "--where", "name=x", env=key, code=1).err
    )
    assert fleetform.written() == []
    (fleetform.folder / "fleet.yml").rename(fleetform.folder / "moved.yml")
    fleetform("apply", "plan.json", "--yes", env=key, code=1)
    fleetform("apply", "plan.json", "--yes", "--file", "moved.yml", env=key)
    fleetform.sandbox.clear()
    ran = fleetform("apply", "plan.json", "--yes", "--file", "moved.yml", env=key)
    assert "There is nothing left to do." in ran.err
    assert fleetform.written() == []


def test_a_saved_plan_expires_and_skips_what_has_drifted(fleetform: Command) -> None:
    fleetform.fleet(RENAMED, {"name": "Hamburg Main Panel", "metafields": {"Panel": "MP-9"}})
    fleetform("plan", "--out", "plan.json", "--expires", "1s")
    time.sleep(1.0)
    assert "the plan has expired" in fleetform("apply", "plan.json", "--yes", code=3).err
    fleetform("plan", "--out", "plan.json")
    fleetform.fleet(RENAMED, {"name": "Hamburg Main Panel", "metafields": {"Panel": "MP-8"}})
    assert "is declared otherwise" in fleetform("apply", "plan.json", "--yes", code=3).err
    fleetform.fleet(RENAMED, {"name": "Hamburg Main Panel", "metafields": {"Panel": "MP-9"}})
    fleetform.sandbox.drift("blynk", "Hamburg New Sensor", name="Hamburg Cafeteria Climate")
    ran = fleetform("apply", "plan.json", "--yes")
    assert "1 of the planned devices are as planned already." in ran.err
    assert len(fleetform.written()) == 1


def test_one_apply_at_a_time_for_a_cloud(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    fleetform.sandbox.fault({**SLOW, "latency": 1.0})
    with fleetform.started("apply", "--yes", "--journal", "j.jsonl") as first:
        wait_until(lambda: sent(fleetform.folder / "j.jsonl"))
        first.send_signal(signal.SIGSTOP)
        # Whatever the other one calls its own: users of one machine share its clouds.
        other = {name: str(fleetform.folder / "other") for name in ("HOME", "XDG_STATE_HOME")}
        for env in ({}, other):
            ran = fleetform("apply", "--yes", env=env, code=3)
            assert "another apply is at work on blynk" in ran.err
        assert fleetform("plan").code == 0
        first.send_signal(signal.SIGCONT)
        ran = fleetform("apply", "--yes", "--lock-timeout", "30")
        assert "Nothing to do" in ran.err
        assert first.wait(30) == 0
    assert len(fleetform.written()) == 1


def test_an_interrupted_apply_lets_calls_end_says_what_was_done_and_ends_with_130(fleetform: Command) -> None:
    fleetform.fleet({**RENAMED, "metafields": {"Floor": 1, "Mount": "Ceiling"}})
    journal = fleetform.folder / "j.jsonl"
    fleetform.sandbox.fault({**SLOW, "latency": 1.2})
    for number, wanted in enumerate((signal.SIGINT, signal.SIGTERM)):
        journal.unlink(missing_ok=True)
        with fleetform.started("apply", "--yes", "--journal", "j.jsonl", "--format", "json") as process:
            wait_until(lambda: sent(journal))
            process.send_signal(wanted)
            out, err = process.communicate(timeout=30)
        assert process.returncode == 130, err
        report = json.loads(out)
        assert report["interrupted"] is True
        assert report["outcome"]["done"] == 1
        assert f"Interrupted: 1 of {3 - number} changes are done." in err
        assert "skipped: interrupted before this was sent" in err
        assert rows(journal)[-1]["event"] == "finished"
        assert len(sent(journal)) == 1
    fleetform.sandbox.call("DELETE", "/faults")
    fleetform("apply", "--yes")
    fleetform("plan", "--exit-code")


def test_control_c_on_a_terminal_is_the_same(fleetform: Command) -> None:
    fleetform.fleet({**RENAMED, "metafields": {"Floor": 1, "Mount": "Ceiling"}})
    fleetform.sandbox.fault({**SLOW, "latency": 1.2})
    with fleetform.terminal("apply", "--yes", "--journal", "j.jsonl") as terminal:
        wait_until(lambda: sent(fleetform.folder / "j.jsonl"))
        terminal.say("\x03")
        ran = terminal.ended()
    assert ran.code == 130
    assert "Interrupted: 1 of 3 changes are done." in ran.out
    assert "Traceback" not in ran.out


def fresh(number: int) -> list[dict[str, object]]:
    return [{**NEW, "name": f"Hamburg Sensor {index}"} for index in range(number)]


def slowed(fleetform: Command, **account: object) -> None:
    """Eight new devices, in an account with these options."""
    lab = {**fleetform.sandbox.account("blynk"), **account}
    fleetform.write("fleet.yml", {"accounts": {"lab": lab}, "devices": fresh(8)})


def test_an_interruption_sends_nothing_of_what_waits_for_the_pace(fleetform: Command) -> None:
    slowed(fleetform, requests_per_minute=10)
    began = time.monotonic()
    with fleetform.started("apply", "--yes", "--journal", "j.jsonl", "--format", "json") as process:
        wait_until(fleetform.written)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 30
    assert process.returncode == 130, err
    report = json.loads(out)
    written = [entry for entry in fleetform.written() if not entry["token"]]
    assert report["outcome"]["done"] == len(written) == len(sent(fleetform.folder / "j.jsonl")) < 8
    assert "Interrupted: nothing more is sent." in err
    assert "skipped: interrupted before this was sent" in err


def test_an_interruption_sends_nothing_again_that_was_refused(fleetform: Command) -> None:
    slowed(fleetform)
    fleetform.sandbox.fault({**SLOW, "status": 429, "retry_after": 20})
    with fleetform.started("apply", "--yes", "--journal", "j.jsonl") as process:
        wait_until(fleetform.written)
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=15)
    assert process.returncode == 130, err
    assert "skipped: interrupted before this was sent again; it was not carried out: " in err
    assert len(fleetform.written()) == len(sent(fleetform.folder / "j.jsonl"))
    assert rows(fleetform.folder / "j.jsonl")[-1]["event"] == "finished"


def test_further_interruptions_cost_no_report_and_a_lost_terminal_is_one(fleetform: Command) -> None:
    fleetform.fleet({**RENAMED, "metafields": {"Floor": 1, "Mount": "Ceiling"}})
    fleetform.sandbox.fault({**SLOW, "latency": 1.2})
    with fleetform.started("apply", "--yes", "--journal", "j.jsonl", "--format", "json") as process:
        wait_until(lambda: sent(fleetform.folder / "j.jsonl"))
        process.send_signal(signal.SIGHUP)
        for _time in range(3):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert json.loads(out)["outcome"] == {"done": 1, "skipped": 2}
    assert err.count("Interrupted: nothing more is sent. Under way, and let end within ") == 1
    assert "Traceback" not in err


def test_an_apply_goes_on_and_tells_all_when_nobody_reads_its_progress_any_more(fleetform: Command) -> None:
    fleetform.fleet(RENAMED, NEW)
    fleetform.sandbox.fault({**SLOW, "latency": 0.3})
    with fleetform.started("apply", "--yes", "--journal", "j.jsonl", "--format", "json") as process:
        wait_until(lambda: sent(fleetform.folder / "j.jsonl"))
        assert process.stderr is not None
        assert process.stdout is not None
        process.stderr.close()
        out = process.stdout.read()
        assert process.wait(30) == 0
    assert json.loads(out)["outcome"] == {"already": 1, "done": 3}
    assert rows(fleetform.folder / "j.jsonl")[-1]["event"] == "finished"


def test_a_journal_that_cannot_be_written_any_more_ends_the_apply_with_a_report(fleetform: Command) -> None:
    slowed(fleetform, concurrency=1)
    journal = fleetform.folder / "j.jsonl"
    # Room for a few rows: no file may grow further.
    limited = f"ulimit -f 2; exec {shlex.quote(COMMAND)} apply --yes --journal j.jsonl --format json"
    ran = subprocess.run(
        ["sh", "-c", limited],
        cwd=fleetform.folder,
        env={**fleetform.environment, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1, ran.stderr
    assert "error: the journal cannot be written any more, so that nothing further was sent: File too large" in ran.stderr
    report = json.loads(ran.stdout)
    made = [entry for entry in fleetform.written() if not entry["token"]]
    assert report["outcome"]["done"] == len(made) == len(sent(journal)) < 8
    assert report["outcome"]["skipped"]


def test_control_c_while_planning_ends_with_130(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    fleetform.sandbox.fault({"vendor": "blynk", "method": "GET", "latency": 0.7, "times": None})
    with fleetform.started("apply", "--yes") as process:
        wait_until(lambda: fleetform.sandbox.requests(token=True))
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=30)
    assert (process.returncode, err.strip()) == (130, "interrupted")
    assert fleetform.written() == []


def test_a_journal_that_cannot_be_written_stops_before_the_first_call(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    ran = fleetform("apply", "--yes", "--journal", "no/such/folder/j.jsonl", code=3)
    assert "the journal cannot be written" in ran.err
    assert fleetform.written() == []


def test_a_secret_value_that_a_vendor_quotes_is_hidden_everywhere(fleetform: Command) -> None:
    fleetform.fleet(
        {"name": "Hamburg Main Panel", "metafields": {"Panel": "S3CRET-WORD"}, "secret_metafields": ["Panel"]},
    )
    answer = {"status": 400, "body": {"error": {"message": "value S3CRET-WORD is not allowed"}}}
    fleetform.sandbox.fault({"vendor": "blynk", "method": "POST", "path": ".*/device/metafield", "times": None, **answer})
    ran = fleetform("apply", "--yes", "--journal", "j.jsonl", "--format", "json", "-v", code=1)
    assert "is not allowed" in ran.err
    assert "S3CRET-WORD" not in ran.all + (fleetform.folder / "j.jsonl").read_text()


def test_a_journal_that_is_no_file_stops_before_the_first_call(fleetform: Command) -> None:
    fleetform.fleet(RENAMED)
    os.mkfifo(fleetform.folder / "pipe")
    (fleetform.folder / "there").mkdir()
    assert (
        "error: pipe: the journal cannot be used: it is no regular file"
        in fleetform("apply", "--yes", "--journal", "pipe", code=3).err
    )
    assert "'there' is a directory" in fleetform("apply", "--yes", "--journal", "there", code=1).err
    assert [entry for entry in fleetform.written() if not entry["token"]] == []
