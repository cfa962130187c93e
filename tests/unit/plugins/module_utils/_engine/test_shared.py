# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""State that threads and processes share."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import SettingsError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.shared import SharedState


def count_up(path, times):
    shared = SharedState(path)
    for _time in range(times):
        shared.update("counter", lambda data: data.__setitem__("n", data.get("n", 0) + 1))


def number(shared):
    return shared.update("counter", lambda data: data.get("n"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "private" / "state.json"


def test_memory_is_shared_by_the_threads_of_one_object():
    shared = SharedState(None)
    assert shared.in_memory
    threads = [
        threading.Thread(target=lambda: shared.update("counter", lambda data: data.__setitem__("n", data.get("n", 0) + 1)))
        for _thread in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert number(shared) == 20


def test_a_file_is_shared_and_private(path):
    first, second = SharedState(path), SharedState(str(path))
    assert not first.in_memory
    assert first.update("a", lambda data: data.setdefault("x", 1)) == 1
    assert second.update("a", dict) == {"x": 1}
    assert second.update("b", dict) == {}
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not list(path.parent.glob("*.new"))


def test_processes_do_not_lose_each_others_changes(path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=count_up, args=(path, 25)) for _process in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert number(SharedState(path)) == 75


def test_a_reading_does_not_write_the_file(path):
    shared = SharedState(path)
    shared.update("a", dict)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"a": 3}', b" " * (5 * 1024 * 1024)])
def test_a_damaged_file_is_started_afresh(path, content):
    shared = SharedState(path)
    path.touch(0o600)
    path.write_bytes(content)
    assert shared.update("a", dict) == {}
    shared.update("a", lambda data: data.update(x=1))
    assert json.loads(path.read_text())["a"] == {"x": 1}


def test_a_file_that_others_may_read_is_refused(path):
    shared = SharedState(path)
    path.touch()
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="not this user's alone"):
        shared.update("a", dict)


def test_a_link_in_place_of_the_file_is_refused(path, tmp_path):
    shared = SharedState(path)
    target = tmp_path / "target"
    target.touch(0o600)
    path.symlink_to(target)
    with pytest.raises(SettingsError, match="cannot keep shared state"):
        shared.update("a", dict)


def test_a_link_in_place_of_the_lock_is_refused(path, tmp_path):
    shared = SharedState(path)
    path.with_name("state.json.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match="cannot keep shared state"):
        shared.update("a", dict)
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_others_may_write_is_refused(tmp_path):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(SettingsError, match="not this user's alone"):
        SharedState(folder / "state.json")


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot keep shared state"):
        SharedState(tmp_path / "file" / "state.json")


def test_a_folder_in_place_of_the_new_file_is_an_error(path):
    shared = SharedState(path)
    path.with_name(f"state.json.{os.getpid()}.new").mkdir()
    with pytest.raises(SettingsError, match="cannot keep shared state"):
        shared.update("a", lambda data: data.update(x=1))


@pytest.mark.parametrize("in_file", [False, True])
def test_only_one_thread_holds_a_named_lock(path, in_file):
    shared = SharedState(path if in_file else None)
    inside = []
    most = []

    def work():
        with shared.exclusive("token"):
            inside.append(1)
            most.append(len(inside))
            shared.update("a", lambda data: data.update(x=1))
            inside.pop()

    threads = [threading.Thread(target=work) for _thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(most) == 8
