# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A virtual environment that knows nothing of the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

# What would lead Python or Ansible back to the checkout, or to settings of the person who runs the tests.
FOREIGN = ("ANSIBLE_", "COVERAGE_", "PYTHON", "VIRTUAL_ENV")


class CleanEnvironment:
    """An environment in ``folder``, which is also the place where its commands run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | {
            "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "NO_COLOR": "1",
        }
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        (folder / "ansible.cfg").touch()

    def install(self, *requirements: str | Path) -> None:
        """Installs by pip; an AssertionError shows pip's words where that fails. Python compiles what it needs when it does."""
        self.run("python", "-m", "pip", "--disable-pip-version-check", "-qq", "install", "--no-compile", *requirements)

    def run(self, command: str, *arguments: str | Path, expect: int = 0, **environ: str) -> str:
        """The output of one of its commands, which ends with ``expect``; ``environ`` are further environment variables."""
        done = subprocess.run(
            [self.folder / "bin" / command, *arguments],
            cwd=self.folder,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == expect, f"{command} {arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def play(self, name: str, variables: dict[str, t.Any], *, expect: int = 0, **environ: str) -> str:
        """The output of a playbook of the collection, run by its name."""
        given = json.dumps({"ansible_python_interpreter": str(self.folder / "bin" / "python"), **variables})
        return self.run("ansible-playbook", f"fleetform.devices.{name}", "-e", given, expect=expect, **environ)

    def documented(self, names: t.Sequence[str], **environ: str) -> dict[str, t.Any]:
        """What ansible-doc shows of these modules, by name."""
        shown: dict[str, t.Any] = json.loads(self.run("ansible-doc", "-t", "module", "--json", *names, **environ))
        return shown
