# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which tests stay together on a worker, what holds for every process, and what the summary of every run says.

Here, because the process that hands out tests and sums up loads no conftest of a folder below.
"""

from __future__ import annotations

import gc
import typing as t
from collections import Counter

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SUITES = {"test_contract": "contract", "test_faults": "fault matrix", "test_properties": "property tests"}
"""What is tried with each vendor: the name of its file, and what the summary calls it."""


class Together(LoadScopeScheduling):
    """Tests of one file stay together, for what they set up once; one scope is a file, or less where that would take long.

    Marks of groups are no way to say so: pytest 9.2 does not hand them on (pytest-xdist issue 1386). Nor is a scope for each
    test, since the time for scheduling grows with the square of their number.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _colons, _test = nodeid.partition("::")
        if file.startswith(("tests/integration/", "tests/command/")):
            return nodeid
        # Of a matrix the cases that differ in the last word alone.
        return nodeid.rpartition("-")[0] or nodeid if file.startswith("tests/unit/contract/") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """See Together."""
    return Together(config, log)


def pytest_collection_finish() -> None:
    """Takes what was collected, which stays to the end, out of what every collection of garbage looks through."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: t.Any) -> None:
    """Says how many cases each suite has, for each vendor and in all."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    counts = Counter(noted for report in reports if report.when == "call" for noted in report.user_properties)
    for suite, title in SUITES.items():
        vendors = {vendor: count for (name, vendor), count in sorted(counts.items()) if name == suite}
        if vendors:
            shown = ", ".join(f"{vendor} {count}" for vendor, count in vendors.items())
            terminalreporter.write_line(f"{title}: {sum(vendors.values())} cases ({shown})")
