# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``python -m bench``: runs everything and prints one table. Ends with 0 unless a measurement could not be made."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from bench import clouds, document
from bench.profiles import PROFILES
from bench.report import Section, table
from bench.sections import Bench, growth

SMALL, LARGE = 1_000, 10_000


def main(arguments: list[str] | None = None) -> int:
    """Measures and prints; gives the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures fleetform against the sandbox.")
    parser.add_argument("--quick", action="store_true", help=f"{SMALL:,} devices only, fewer loop items: under a minute")
    parser.add_argument(
        "--vendor", action="append", choices=[profile.vendor for profile in PROFILES], help="only this one; may be repeated"
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--document", action="store_true", help="also write counts and ratios into docs/benchmark.md")
    chosen = parser.parse_args(arguments)
    profiles = [profile for profile in PROFILES if chosen.vendor is None or profile.vendor in chosen.vendor]
    sections: list[Section] = []
    started = time.monotonic()

    def note(text: str) -> None:
        sys.stderr.write(f"{time.monotonic() - started:5.0f} s  {text}\n")
        sys.stderr.flush()

    def add(section: Section) -> None:
        sections.append(section)
        note(section.title)

    with tempfile.TemporaryDirectory(prefix="fleetform-bench-") as name, clouds.running() as cloud:
        folder = Path(name)
        for profile in profiles:
            benches = [Bench(cloud, profile, size, folder) for size in ((SMALL,) if chosen.quick else (SMALL, LARGE))]
            for bench in benches:
                add(bench.planning())
            if len(benches) > 1:
                add(growth(*benches))
            for bench in benches:
                add(bench.applying())
            for bench in benches:
                add(bench.inventory())
            add(benches[0].tasks(5 if chosen.quick else 20, 100))
    sys.stdout.write(table(sections) + "\n")
    if chosen.document:
        document.write(sections)
    if chosen.json is not None:
        data = [{"title": section.title, "rows": [row.as_data() for row in section.rows]} for section in sections]
        chosen.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return 1 if any(section.failures for section in sections) else 0


if __name__ == "__main__":
    raise SystemExit(main())
