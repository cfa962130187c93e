# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One apply at a time for a cloud, whoever runs it on this machine."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetform import applying
from fleetform.applying import Locked, one_at_a_time

CLOUD = "blynk https://blynk.example"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(applying, "_LOCKS", str(tmp_path))
    before = os.umask(0o077)
    yield tmp_path
    os.umask(before)


def test_the_second_one_is_told_who_is_at_work_and_what_to_do(folder: Path) -> None:
    with one_at_a_time([CLOUD], 0):
        with pytest.raises(Locked, match=f"another apply is at work on {CLOUD}; wait until it ends, or .* --lock-timeout"):
            one_at_a_time([CLOUD, "xyte https://hub.example"], 0).__enter__()
        with one_at_a_time(["xyte https://hub.example"], 0):
            assert len(list(folder.iterdir())) == 2
    assert list(folder.iterdir()) == []


def test_another_user_can_lock_what_this_one_has_made(folder: Path) -> None:
    with one_at_a_time([CLOUD], 0):
        (path,) = folder.iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        assert stat.S_IMODE(folder.stat().st_mode) & 0o777 == 0o700


def test_a_cloud_that_is_named_twice_is_locked_once(folder: Path) -> None:
    with one_at_a_time([CLOUD, CLOUD], 0):
        assert len(list(folder.iterdir())) == 1


def test_whoever_waits_comes_next(folder: Path) -> None:
    came = threading.Event()

    def wait() -> None:
        with one_at_a_time([CLOUD], 30):
            came.set()

    waiting = threading.Thread(target=wait)
    with one_at_a_time([CLOUD], 0):
        waiting.start()
        assert not came.wait(0.3)
    waiting.join(30)
    assert came.is_set()


def test_a_file_that_was_taken_away_meanwhile_locks_nothing(folder: Path) -> None:
    """Who holds a lock on a file that has no name any more keeps nobody out."""
    with one_at_a_time([CLOUD], 0):
        (path,) = folder.iterdir()
        path.unlink()
        with one_at_a_time([CLOUD], 0):
            (again,) = folder.iterdir()
            assert again == path


def test_a_link_that_somebody_has_put_there_is_not_followed(folder: Path) -> None:
    with one_at_a_time([CLOUD], 0):
        (path,) = folder.iterdir()
    (folder / "precious").write_text("kept")
    path.symlink_to(folder / "precious")
    with pytest.raises(Locked, match="cannot be used"):
        one_at_a_time([CLOUD], 0).__enter__()
    assert (folder / "precious").read_text() == "kept"
