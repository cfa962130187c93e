# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every source file says under which licence it stands."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LICENCE = "SPDX-License-Identifier: GPL-3.0-or-later"
COPYRIGHT = "SPDX-FileCopyrightText: 2026 fleetform contributors"
GPL = "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)"
COMMENTED = {".py", ".sh", ".toml", ".yml", ".yaml"}
# Written by antsibull-changelog, or read by it and then gone.
GENERATED = ("changelogs/changelog.yaml", "changelogs/fragments/")


def source_files() -> list[Path]:
    """Every file that git holds or would add and that has content."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    files = [ROOT / name for name in listed if name and not name.startswith(GENERATED)]
    return [path for path in files if path.is_file() and path.stat().st_size]


def test_every_python_file_starts_with_the_licence() -> None:
    header = [f"# {LICENCE}", f"# {COPYRIGHT}", GPL]
    files = [path for path in source_files() if path.suffix == ".py"]
    assert files

    def start(path: Path) -> list[str]:
        lines = path.read_text().splitlines()
        return lines[1:4] if lines[0].startswith("#!") else lines[:3]

    assert [str(path.relative_to(ROOT)) for path in files if start(path) != header] == []


def test_every_script_and_data_file_names_its_licence() -> None:
    def expected(path: Path) -> bool:
        return path.suffix in COMMENTED or path.name == "Makefile" or (path.suffix == "" and path.read_bytes()[:2] == b"#!")

    def named(path: Path) -> bool:
        start = "\n".join(path.read_text().splitlines()[:4])
        return LICENCE in start and COPYRIGHT in start

    assert [str(path.relative_to(ROOT)) for path in source_files() if expected(path) and not named(path)] == []


def test_the_licence_text_is_there() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "Version 3, 29 June 2007" in text
    assert "END OF TERMS AND CONDITIONS" in text
