# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the command ends: exit codes, and the error that carries one."""

from __future__ import annotations

from typing import Any

import click

ERROR, CHANGES, NOTHING_SENT, INTERRUPTED = 1, 2, 3, 130
"""1: an error, or something failed; 2: there are changes (with --exit-code); 3: nothing was sent; 130: interrupted."""


class Stop(click.ClickException):
    """An error for a person. ``code`` is how the command ends."""

    def __init__(self, message: str, code: int = ERROR) -> None:
        super().__init__(message)
        self.code = code

    def show(self, file: Any = None) -> None:
        """On stderr; ``file`` is what click would write to."""
        for line in self.message.splitlines():
            click.echo(f"error: {line}", file=file, err=True)
