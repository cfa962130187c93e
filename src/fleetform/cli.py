# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The `fleetform` command:

arguments, printing and exit codes. What a command needs is imported when it runs, so that help is quick.
"""

from __future__ import annotations

from pathlib import Path

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fleetform", prog_name="fleetform")
def main() -> None:
    """Provision devices that live in vendor clouds.

    Try it without an account: `fleetform sandbox` serves simulated clouds on this machine.
    """


@main.command()
def capabilities() -> None:
    """Show what can be set at which vendor, as a Markdown table."""
    from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import table
    from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS

    click.echo(table({name: vendor.CAPABILITIES for name, vendor in VENDORS.items()}))


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="a free one", help="Port on 127.0.0.1.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the clouds' data in this file, so that it survives a restart.",
)
@click.option("--reset", is_flag=True, help="Start from the demo fleet even where the state file holds something else.")
def sandbox(port: int, state: Path | None, reset: bool) -> None:
    """Serve the simulated vendor clouds until interrupted.

    Prints one line of JSON with the url when it is ready. The accounts' urls are below it: /blynk and /greenlake.
    """
    from fleetform.sandbox.server import serve

    serve(port=port, state=state, reset=reset)


if __name__ == "__main__":
    main()
