# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the artifacts are held against: the checkout's own list of files."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def collection_files() -> set[str]:
    """The files of plugins, roles, playbooks and meta that git holds or would add, as paths from the root of the collection."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "plugins", "roles", "playbooks", "meta"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return {name for name in listed if name and (ROOT / name).is_file()}


def module_names() -> list[str]:
    """The modules of the checkout by their full names."""
    return sorted(f"fleetform.devices.{path.stem}" for path in (ROOT / "plugins/modules").glob("[!_]*.py"))
