# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the summary of every run says. Here, because the process that writes it loads no conftest of a folder below."""

from __future__ import annotations

import typing as t
from collections import Counter

SUITES = {"test_contract": "contract", "test_faults": "fault matrix", "test_properties": "property tests"}
"""What is tried with each vendor: the name of its file, and what the summary calls it."""


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    """Says how many cases each suite has, for each vendor and in all."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    counts = Counter(noted for report in reports if report.when == "call" for noted in report.user_properties)
    for suite, title in SUITES.items():
        vendors = {vendor: count for (name, vendor), count in sorted(counts.items()) if name == suite}
        if vendors:
            shown = ", ".join(f"{vendor} {count}" for vendor, count in vendors.items())
            terminalreporter.write_line(f"{title}: {sum(vendors.values())} cases ({shown})")
