# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Ansible says of files, vaults and templates, with what to do about it."""

from __future__ import annotations

from ansible.errors import AnsibleError

_NO_SECRETS = ("no vault secrets", "a vault password must be specified")
_WRONG_SECRETS = "no vault secrets were found that could decrypt"


def words(error: AnsibleError) -> str:
    """The message of an error in one line."""
    text = " ".join(str(error.message).split())
    lower = text.lower()
    if _WRONG_SECRETS in lower:
        return f"{text.rstrip('.')}: none of the passwords fits; look at --vault-password-file and --vault-id"
    if any(told in lower for told in _NO_SECRETS):
        return f"{text.rstrip('.')}; give --vault-password-file or --vault-id"
    return text


def line_of(error: AnsibleError) -> int | None:
    """The line that an error of Ansible's parser is about; None where it does not know one."""
    line = getattr(error.obj, "line_num", None)
    return line if isinstance(line, int) and line > 0 else None
