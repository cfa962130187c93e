# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the summary of every run says. Here, because the process that writes it loads no conftest of a folder below."""

from __future__ import annotations

import typing as t


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    """Says how many cases the fault matrix has."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    cases = [
        report
        for report in reports
        if "contract/test_faults.py" in report.nodeid and "[" in report.nodeid and report.when == "call"
    ]
    if cases:
        terminalreporter.write_line(f"fault matrix: {len(cases)} cases")
