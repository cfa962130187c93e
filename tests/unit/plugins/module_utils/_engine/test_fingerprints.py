# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was accepted last, remembered without the value."""

from __future__ import annotations

import json
import multiprocessing
import stat
import threading

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import SettingsError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fingerprints import FingerprintFile, default_path

VALUE = {"display": {"brightness": 50}, "network": {"password": "hunter22"}}
ENTRY = "https://hub.xyte.io 4711"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "xyte.json"


def accept(path, entry, value):
    file = FingerprintFile(path)
    file.accept(file.begin(entry), value)


def accepted(path, entry=ENTRY, **value):
    return FingerprintFile(path).read().accepted(entry, value.get("value", VALUE))


def test_an_accepted_value_is_known_again_in_any_order_of_keys(path):
    accept(path, ENTRY, VALUE)
    assert accepted(path)
    assert accepted(path, value={"network": {"password": "hunter22"}, "display": {"brightness": 50}})


@pytest.mark.parametrize(
    "other", [{}, {"display": {"brightness": 51}}, {**VALUE, "more": None}, {**VALUE, "display": {"brightness": True}}, None]
)
def test_another_value_is_told_apart(path, other):
    accept(path, ENTRY, VALUE)
    assert accepted(path, value=other) is False


def test_nothing_is_known_of_another_device_or_account(path):
    accept(path, ENTRY, VALUE)
    assert accepted(path, "https://hub.xyte.io 4712") is None
    assert accepted(path, "https://elsewhere.example 4711") is None


def test_reading_makes_neither_file_nor_folder_nor_lock(path):
    file = FingerprintFile(path)
    assert file.read().accepted(ENTRY, VALUE) is None
    assert file.obstacle() is None
    assert not path.parent.exists()


def test_reading_does_not_wait_for_a_lock_and_touches_nothing(path):
    accept(path, ENTRY, VALUE)
    (path.parent / "xyte.json.lock").unlink()
    before = {item.name: item.stat().st_mtime_ns for item in path.parent.iterdir()}
    assert accepted(path)
    assert {item.name: item.stat().st_mtime_ns for item in path.parent.iterdir()} == before


def test_file_and_folder_are_private_and_hold_no_value(path):
    accept(path, ENTRY, VALUE)
    assert [stat.S_IMODE(item.stat().st_mode) for item in (path.parent, path, path.with_name("xyte.json.lock"))] == [
        0o700,
        0o600,
        0o600,
    ]
    assert sorted(item.name for item in path.parent.iterdir()) == ["xyte.json", "xyte.json.lock"]
    assert "hunter22" not in path.read_text()


def test_two_files_have_different_keys(tmp_path):
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    for path in (one, other):
        accept(path, ENTRY, VALUE)
    first, second = (json.loads(path.read_text()) for path in (one, other))
    assert first["key"] != second["key"]
    assert first["entries"] != second["entries"]


def test_the_same_value_of_two_devices_does_not_look_the_same(path):
    accept(path, ENTRY, VALUE)
    accept(path, "https://hub.xyte.io 4712", VALUE)
    assert len(set(json.loads(path.read_text())["entries"].values())) == 2


def test_while_a_value_is_on_its_way_nothing_is_known(path):
    accept(path, ENTRY, VALUE)
    FingerprintFile(path).begin(ENTRY)
    assert accepted(path) is None


def test_what_was_certainly_not_accepted_leaves_the_old_one(path):
    accept(path, ENTRY, VALUE)
    file = FingerprintFile(path)
    file.put_back(file.begin(ENTRY))
    assert accepted(path)
    file.put_back(file.begin("never seen"))
    assert accepted(path, "never seen") is None


def test_of_two_that_send_at_once_neither_is_believed(path):
    accept(path, ENTRY, VALUE)
    file = FingerprintFile(path)
    first, second = file.begin(ENTRY), file.begin(ENTRY)
    file.accept(second, VALUE)
    file.accept(first, {"display": {}})
    assert accepted(path) is None
    first, second = file.begin(ENTRY), file.begin(ENTRY)
    file.accept(first, VALUE)
    file.accept(second, VALUE)
    assert accepted(path) is None


def test_putting_back_leaves_alone_what_somebody_else_is_sending(path):
    file = FingerprintFile(path)
    first, second = file.begin(ENTRY), file.begin(ENTRY)
    file.put_back(first)
    file.accept(second, VALUE)
    assert accepted(path)


def test_a_forgotten_entry_is_gone_and_the_others_stay(path):
    accept(path, ENTRY, VALUE)
    accept(path, "other", VALUE)
    FingerprintFile(path).forget(ENTRY)
    assert accepted(path) is None
    assert accepted(path, "other")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "notes of somebody",
        "[]",
        "{}",
        '{"format": "fleetform fingerprints 2", "key": "00", "entries": {}}',
        '{"format": "fleetform fingerprints 1", "key": "", "entries": {}}',
        '{"format": "fleetform fingerprints 1", "key": "xx", "entries": {}}',
        '{"format": "fleetform fingerprints 1", "key": "00", "entries": {"a": 1}}',
        '{"format": "fleetform fingerprints 1", "key": "00"',
    ],
)
def test_a_file_that_is_not_ours_is_an_error_and_stays_as_it_is(path, content):
    path.parent.mkdir(mode=0o700)
    path.touch(0o600)
    path.write_text(content)
    file = FingerprintFile(path)
    with pytest.raises(SettingsError, match="left as it is") as error:
        file.read()
    assert str(path) in str(error.value)
    with pytest.raises(SettingsError, match="left as it is"):
        file.begin(ENTRY)
    assert path.read_text() == content


def test_a_file_that_others_may_read_is_refused(path):
    accept(path, ENTRY, VALUE)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="not this user's alone"):
        FingerprintFile(path).read()


def test_a_link_in_place_of_the_file_is_not_followed(path, tmp_path):
    accept(tmp_path / "target.json", ENTRY, VALUE)
    path.parent.mkdir()
    path.symlink_to(tmp_path / "target.json")
    with pytest.raises(SettingsError, match="cannot keep fingerprints in"):
        FingerprintFile(path).read()


def test_an_obstacle_shows_without_touching_anything(tmp_path):
    (tmp_path / "file").touch()
    assert "is not a folder" in str(FingerprintFile(tmp_path / "file" / "xyte.json").obstacle())
    with pytest.raises(SettingsError, match="cannot keep fingerprints in"):
        FingerprintFile(tmp_path / "file" / "xyte.json").begin(ENTRY)


def test_the_file_stands_in_the_users_folder_for_state():
    assert str(default_path("xyte", {"XDG_STATE_HOME": "/var/state"})) == "/var/state/fleetform/xyte.json"
    for environ in ({}, {"XDG_STATE_HOME": "relative"}, {"XDG_STATE_HOME": ""}):
        assert str(default_path("xyte", environ)).endswith("/.local/state/fleetform/xyte.json")


def accept_many(path, name, times):
    for number in range(times):
        accept(path, f"{name} {number}", VALUE)


def test_processes_and_threads_do_not_lose_each_others_fingerprints(path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=accept_many, args=(path, f"process {number}", 8)) for number in range(2)]
    workers += [threading.Thread(target=accept_many, args=(path, f"thread {number}", 8)) for number in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    snapshot = FingerprintFile(path).read()
    assert len(snapshot.entries) == 32
    assert all(snapshot.accepted(entry, VALUE) for entry in snapshot.entries)
