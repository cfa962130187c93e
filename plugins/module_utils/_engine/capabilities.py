# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a vendor can do with each attribute: the one source of refusals, of the table in the documentation and of its tests."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Unsupported

YES, AT_CLAIM, READ_ONLY, NO = "yes", "at claim", "read only", "no"


@dataclass(frozen=True)
class Capability:
    """``level`` is one of the four above; ``note`` qualifies a yes; ``reason`` and ``nearest`` explain anything else."""

    level: str
    note: str | None = None
    reason: str | None = None
    nearest: str | None = None

    def __str__(self) -> str:
        text = self.level if self.note is None else f"{self.level}: {self.note}"
        return text if self.nearest is None else f"{text} (nearest: {self.nearest})"


Capabilities = t.Mapping[str, Capability]

ROWS = (
    "create",
    "name",
    "space",
    "owner",
    "transfer_to",
    "tags",
    "metafields",
    "status",
    "applications",
    "application",
    "subscriptions",
    "contact",
    "warranty",
    "archived",
    "absent",
)
"""Every attribute that each vendor has to say something about, in the order of the table."""


def refusal(vendor: str, attribute: str, capability: Capability, *, seen: str = "") -> Unsupported:
    """The error for an attribute that a vendor cannot set: names vendor, attribute, reason and the nearest thing that works."""
    verb = {
        "create": "create devices",
        "absent": "delete devices",
        "transfer_to": "transfer devices",
    }.get(attribute, f"set {attribute}" if capability.level != AT_CLAIM else f"change {attribute} after a device is claimed")
    text = f"{vendor} cannot {verb}"
    if seen:
        text += f" ({seen})"
    if capability.reason:
        text += f": {capability.reason}"
    if capability.nearest:
        text += f"; the nearest thing it can do is {capability.nearest}"
    return Unsupported(text)


def table(vendors: t.Mapping[str, Capabilities]) -> str:
    """The vendor by attribute table as Markdown, one column per vendor."""
    names = sorted(vendors)
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for row in ROWS:
        label = f"`state: {row}`" if row == "absent" else row if row == "create" else f"`{row}`"
        lines.append(f"| {label} | " + " | ".join(str(vendors[name][row]) for name in names) + " |")
    return "\n".join(lines)
