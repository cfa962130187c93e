# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Saved plans as files: written private, read with care, and told from fleet files by what is in them."""

from __future__ import annotations

import contextlib
import json
import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.fleetform.devices.plugins.module_utils._engine.savedplan import PlanRefused, check_whole, signed
from fleetform.exits import ERROR, Stop

KEY_VARIABLE = "FLEETFORM_PLAN_KEY"
"""The environment variable whose value signs plans, and without which a signed one is not applied."""

_LARGEST = 256 * 1024 * 1024
# Keys of a plan, none of which a fleet file has. One or two may be damaged.
_MARKS = (b'"format"', b'"tool_version"', b'"created_at"', b'"expires_at"', b'"summary"', b'"changes"', b'"digest"')
_ENOUGH = 4
_LIFETIME = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def lifetime(text: str) -> timedelta:
    """``24h`` as a duration. Raises Stop."""
    found = _LIFETIME.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise Stop(f"--expires {text}: write a number and s, m, h or d, such as 24h")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def key() -> str | None:
    """The key that signs plans, None where there is none."""
    return os.environ.get(KEY_VARIABLE) or None


def write(data: dict[str, Any], path: Path, expires: timedelta) -> None:
    """Writes a plan that this user alone may read, at once and as a whole. Raises Stop."""
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
    if sum(mark in text for mark in _MARKS) < _ENOUGH:
        return None
    try:
        data: dict[str, Any] = json.loads(text)
        check_whole(data)
    except (ValueError, RecursionError):
        raise Stop(f"{name}: this is not a plan that fleetform has saved, or it was damaged; plan again", code) from None
    except PlanRefused as error:
        raise Stop(f"{name}: {error}", code) from None
    return data
