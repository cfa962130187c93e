# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One source for what a vendor can do: the refusals and the table that come from it."""

from __future__ import annotations

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import (
    AT_CLAIM,
    NO,
    READ_ONLY,
    ROWS,
    YES,
    Capability,
    refusal,
    table,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import ATTRIBUTES
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS


@pytest.mark.parametrize(
    ("attribute", "capability", "text"),
    [
        (
            "status",
            Capability(NO, reason="devices report it", nearest="`archived`"),
            "acme cannot set status: devices report it; the nearest thing it can do is `archived`",
        ),
        ("create", Capability(NO, reason="people do"), "acme cannot create devices: people do"),
        ("absent", Capability(NO), "acme cannot delete devices"),
        ("transfer_to", Capability(NO), "acme cannot transfer devices"),
        ("space", Capability(AT_CLAIM, reason="it is fixed"), "acme cannot change space after a device is claimed: it is fixed"),
        ("name", Capability(READ_ONLY), "acme cannot set name"),
    ],
)
def test_a_refusal_names_vendor_attribute_reason_and_the_nearest_thing(attribute: str, capability: Capability, text: str) -> None:
    assert refusal("acme", attribute, capability).message == text


def test_a_refusal_says_what_was_seen() -> None:
    assert (
        refusal("acme", "name", Capability(READ_ONLY), seen="it is 'a', declared is 'b'").message
        == "acme cannot set name (it is 'a', declared is 'b')"
    )


def test_the_table_has_a_row_per_attribute_and_a_column_per_vendor_in_order() -> None:
    one = {row: Capability(YES) for row in ROWS}
    other = {
        **one,
        "name": Capability(READ_ONLY),
        "space": Capability(YES, note="location"),
        "absent": Capability(NO, nearest="`archived`"),
    }
    lines = table({"zeta": one, "acme": other}).splitlines()
    assert lines[:4] == ["| | acme | zeta |", "|---|---|---|", "| create | yes | yes |", "| `name` | read only | yes |"]
    assert lines[4] == "| `space` | yes: location | yes |"
    assert lines[-1] == "| `state: absent` | no (nearest: `archived`) | yes |"
    assert len(lines) == len(ROWS) + 2


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_each_vendor_says_something_about_each_attribute_and_gives_its_reason(vendor: str) -> None:
    capabilities = VENDORS[vendor].CAPABILITIES
    assert set(ROWS) <= set(capabilities)
    for row in ROWS:
        assert capabilities[row].level in (YES, AT_CLAIM, READ_ONLY, NO)
        assert capabilities[row].level == YES or capabilities[row].reason, f"{vendor} gives no reason for {row}"


def test_the_table_speaks_of_every_attribute_that_can_be_declared() -> None:
    assert {"name", *ATTRIBUTES} <= set(ROWS)
