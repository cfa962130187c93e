# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`fleetform validate`: every problem of all files in one run, without Ansible."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fleetform.checking import checked


def test_every_problem_of_every_file_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("accounts.yml").write_text("accounts:\n  lab: {vendor: bylnk}\n  av: {vendor: xyte}\n", encoding="utf-8")
    Path("devices.yml").write_text("devices:\n- {name: a, account: lba}\n- {name: '', account: av}\n", encoding="utf-8")
    assert [problem.partition(": ")[0] for problem in checked(["devices.yml", "accounts.yml"])] == [
        "devices.yml:2:22",
        "devices.yml:3:10",
        "accounts.yml:2:17",
    ]


def test_nothing_of_ansible_is_imported_for_it(tmp_path: Path) -> None:
    (tmp_path / "fleet.yml").write_text("accounts: {lab: {vendor: xyte}}\ndevices: [{name: a}]\n", encoding="utf-8")
    program = (
        "import sys; from fleetform.checking import checked; found = checked([]);"
        "strange = {'ansible', 'requests', 'jinja2', 'click'} & {name.partition('.')[0] for name in sys.modules};"
        "sys.exit(repr((found, strange)) if found or strange else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
