# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The version stands in galaxy.yml and nowhere else."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]


def test_the_installed_package_has_the_version_of_the_collection() -> None:
    assert importlib.metadata.version("fleetform") == VERSION


def test_no_other_file_states_a_version_of_its_own() -> None:
    stated = re.compile(r"""^\s*_*version_*\s*[:=]\s*["']?\d+\.\d+\.\d+""", re.IGNORECASE | re.MULTILINE)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py", "*.toml", "*.yml", "*.yaml", "*.cfg"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    files = [ROOT / name for name in listed if name and (ROOT / name).is_file()]
    assert [path.relative_to(ROOT).as_posix() for path in files if stated.search(path.read_text())] == ["galaxy.yml"]
