# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several accounts in one task; argspec.ACCOUNTS holds the same for the code."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  accounts:
    description:
      - Several accounts by name. Each holds the account options O(vendor), O(url), O(token) and so on.
      - Where this is given, account options beside it are left aside. The two are never merged.
    type: dict
  account:
    description:
      - The name of the account in O(accounts) that is meant. It can be left out where there is only one.
    type: str
"""
