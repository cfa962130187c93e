# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``python -m fleetform.sandbox``."""

from __future__ import annotations

import argparse
from pathlib import Path

from fleetform.sandbox.server import SEEDS, serve


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="fleetform sandbox", description="Vendor clouds simulated on this machine.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=Path, help="file that keeps the data over restarts")
    parser.add_argument("--reset", action="store_true", help="start from the seed even if the state file exists")
    parser.add_argument("--seed", choices=SEEDS, default="demo")
    parser.add_argument("--size", type=int, default=0, help="devices per cloud of the seed 'large'")
    parser.add_argument("--root", help="serve this vendor at / as well, for clients that drop the path of a base url")
    chosen = parser.parse_args(arguments)
    serve(chosen.port, chosen.host, chosen.state, chosen.reset, chosen.seed, chosen.size, chosen.root)


if __name__ == "__main__":
    main()
