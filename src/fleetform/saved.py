# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Saved plans as files: written private, read with care, and told from fleet files by what is in them."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.fleetform.devices.plugins.module_utils._engine.planfile import is_plan
from ansible_collections.fleetform.devices.plugins.module_utils._engine.savedplan import (
    PlanRefused,
    check_signature,
    check_whole,
    expired,
    signed,
)
from fleetform.exits import ERROR, Stop

KEY_VARIABLE = "FLEETFORM_PLAN_KEY"
"""The environment variable whose value signs plans, and without which a signed one is not applied."""

_LARGEST = 256 * 1024 * 1024
_LIFETIME = re.compile(r"([0-9]{1,9})([smhd])")
_LONGEST = timedelta(days=3650)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def lifetime(text: str) -> timedelta:
    """``24h`` as a duration. Raises Stop."""
    found = _LIFETIME.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise Stop(f"--expires {text}: write a number and s, m, h or d, such as 24h")
    life = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if life > _LONGEST:
        raise Stop(f"--expires {text}: that is longer than {_LONGEST.days}d, the longest time for which a plan holds")
    return life


def key(code: int = ERROR) -> str | None:
    """The key that signs plans, None where there is none. Raises Stop with this exit code for an empty one."""
    found = os.environ.get(KEY_VARIABLE)
    if found is not None and not found.strip():
        raise Stop(
            f"{KEY_VARIABLE} is set and empty; is the secret missing? Where plans are not signed, it must not be set", code
        )
    return found


def files_of(data: dict[str, Any]) -> tuple[str, ...]:
    """The fleet files and folders that a plan names, as they were typed."""
    return tuple(data.get("files") or ["fleet.yml"])


def outside(files: Sequence[str]) -> list[str]:
    """Those of these files that are not below the folder in which the command runs, by their names."""
    return [name for name in files if Path(name).is_absolute() or ".." in Path(name).parts]


def write(data: dict[str, Any], path: Path, expires: timedelta) -> str:
    """Writes a plan that this user alone may read, at once and as a whole. Returns until when it holds. Raises Stop."""
    created = datetime.fromisoformat(data["created_at"].replace("Z", "+00:00"))
    until = (created + expires).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = json.dumps(signed({**data, "expires_at": until}, key()), indent=2)
    # A link stays one, and a device is no place for a plan.
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        raise Stop(f"{path}: the plan cannot be written there: it is no file")
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(text + "\n")
        os.replace(new, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            new.unlink()
        raise Stop(f"{path}: the plan cannot be written: {error.strerror}") from None
    return until


def remarks(data: dict[str, Any]) -> list[str]:
    """What whoever looks at a plan should know that does not stand in it. Raises Stop for one that the key did not sign."""
    told = []
    if key() is not None:
        try:
            check_signature(data, key())
        except PlanRefused as error:
            raise Stop(str(error)) from None
    elif "hmac" in data:
        told.append(f"The plan is signed; whether by the right key cannot be told without {KEY_VARIABLE}.")
    if expired(data, datetime.now(UTC)):
        told.append(f"The plan has expired at {data['expires_at']}; it will not be applied.")
    return told


def read(name: str, code: int = ERROR) -> dict[str, Any] | None:
    """The plan in a file, None where the file is something else, such as a fleet file.

    Raises Stop with this exit code for a plan that was damaged or changed since it was saved.
    """
    path = Path(name)
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        text = path.read_bytes()
    except OSError:
        return None
    if not is_plan(text.decode("utf-8", "replace")):
        return None
    try:
        data: dict[str, Any] = json.loads(text)
        check_whole(data)
    except (ValueError, RecursionError):
        raise Stop(f"{name}: this is not a plan that fleetform has saved, or it was damaged; plan again", code) from None
    except PlanRefused as error:
        raise Stop(f"{name}: {error}", code) from None
    return data
