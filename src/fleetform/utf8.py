# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A locale that Ansible takes: while it is imported it ends the process in one that is not of UTF-8, as in a bare container."""

from __future__ import annotations

import contextlib
import locale
import os
from collections.abc import Iterator

from fleetform.exits import Stop

_LOCALES = ("C.UTF-8", "en_US.UTF-8", "UTF-8")


@contextlib.contextmanager
def in_utf8() -> Iterator[None]:
    """For the import of Ansible: sets LC_ALL of this process where the locale is not of UTF-8. Raises Stop where none will do."""
    if not _is_utf8():
        for name in _LOCALES:
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_ALL, name)
                os.environ["LC_ALL"] = name
                break
    try:
        yield
    except SystemExit as error:
        text = str(error.code).removeprefix("ERROR: ").rstrip(".")
        hint = "; set LC_ALL=C.UTF-8" if "locale" in text or "encoding" in text else ""
        raise Stop(f"{text}{hint}") from None


def _is_utf8() -> bool:
    """Whether the locale is of UTF-8, asked for as Ansible does it."""
    try:
        locale.setlocale(locale.LC_ALL, "")
        return (locale.getlocale()[1] or "").lower() in ("utf-8", "utf8")
    except (locale.Error, ValueError):
        return False
