# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The locale in which Ansible is imported."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from fleetform.exits import Stop
from fleetform.utf8 import in_utf8


@pytest.mark.parametrize("variables", [{"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LANG": "C"}, {"LC_ALL": "xx_YY.UTF-8"}, {}])
def test_the_command_starts_in_a_locale_that_is_not_of_utf8(variables: dict[str, str]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    ran = subprocess.run(
        [sys.executable, "-c", "import fleetform.loading"],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_what_ansible_refuses_all_the_same_is_told_with_what_to_do() -> None:
    with pytest.raises(Stop) as caught, in_utf8():
        raise SystemExit("ERROR: Ansible requires the filesystem encoding to be UTF-8; Detected iso8859-1.")
    assert str(caught.value) == ("Ansible requires the filesystem encoding to be UTF-8; Detected iso8859-1; set LC_ALL=C.UTF-8")
    with pytest.raises(Stop) as caught, in_utf8():
        raise SystemExit("ERROR: Ansible requires Python 3.12 or newer.")
    assert str(caught.value) == "Ansible requires Python 3.12 or newer"
