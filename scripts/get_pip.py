# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Installs pip into an empty virtual environment: what ansible-test would download, from the interpreter's own ensurepip."""

from __future__ import annotations

import os
import subprocess
import sys

# Options of the script that this stands in for; pip does not know them.
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip", "--default-pip"])
environment = {name: value for name, value in os.environ.items() if name != "GET_PIP"}
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", "--upgrade", *arguments], env=environment))
