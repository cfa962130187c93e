# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every documented form of GreenLake's filter, filter-tags and sort."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import pytest

from fleetform.sandbox.greenlake_filter import FilterError, Property, read_filter, read_sort, read_tag_filter

PROPERTIES = {
    **{
        n: Property("string", itemgetter(n))
        for n in ("serialNumber", "partNumber", "deviceType", "make", "management", "inUseWorkspaceId")
    },
    **{n: Property("string", itemgetter(n)) for n in ("secondaryName", "deviceName")},
    **{n: Property("time", itemgetter(n)) for n in ("createdAt", "updatedAt", "manufacturedDate")},
    **{n: Property("boolean", itemgetter(n)) for n in ("isFlex", "archived")},
}


def row(serial: str, **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = dict.fromkeys(PROPERTIES)
    return {**found, "serialNumber": serial, "archived": False, **fields}


ROWS = [
    row(
        "A",
        deviceType="SWITCH",
        make="HPE",
        partNumber="P1",
        createdAt="2024-01-18T19:53:51.480Z",
        tags={"City": "London", "street": "Piccadilly"},
    ),
    row(
        "B",
        deviceType="STORAGE",
        make="HPE",
        partNumber="P2",
        createdAt="2024-02-18T19:53:51.480Z",
        isFlex=True,
        management="MSP",
        tags={"city": "Tokyo"},
    ),
    row(
        "C",
        deviceType="COMPUTE",
        make="Other",
        partNumber="P2",
        createdAt="2024-03-18T20:53:51+01:00",
        archived=True,
        deviceName="it's",
        tags={},
    ),
    row("D", deviceType="AP", deviceName="x", secondaryName="x", manufacturedDate="2023-01-01", tags={"street": "Oxford Street"}),
]


def hits(expression: str) -> str:
    test = read_filter(expression, PROPERTIES)
    return "".join(r["serialNumber"] for r in ROWS if test(r))


def tag_hits(expression: str) -> str:
    test = read_tag_filter(expression)
    return "".join(r["serialNumber"] for r in ROWS if test(r))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("serialNumber eq 'A'", "A"),
        ("not serialNumber eq 'A'", "BCD"),
        ("serialNumber not eq 'A'", "BCD"),
        ("serialNumber ne 'A'", "BCD"),
        ("partNumber ne 'P1'", "BCD"),
        ("createdAt ge ''2024-02-18T19:53:51.480Z''", "BC"),
        ("createdAt le '2024-02-18T19:53:51.480Z'", "AB"),
        ("createdAt gt '2024-02-18T19:53:51.480Z'", "C"),
        ("createdAt lt '2024-02-18T19:53:51.480Z'", "A"),
        ("createdAt eq '2024-03-18T19:53:51Z'", "C"),
        ("deviceType eq 'STORAGE' and partNumber eq 'P2'", "B"),
        ("serialNumber eq 'A' or partNumber eq 'P2'", "ABC"),
        ("deviceType in 'COMPUTE', 'STORAGE'", "BC"),
        ("deviceType in 'COMPUTE','STORAGE' and make eq 'HPE'", "B"),
        ("serialNumber in ['A', 'B']", "AB"),
        ("serialNumber in ('A','B')", "AB"),
        ("serialNumber not in ('A','B')", "CD"),
        ("isFlex eq true", "B"),
        ("archived eq false", "ABD"),
        ("manufacturedDate eq null", "ABC"),
        ("manufacturedDate gt null", ""),
        ("management eq 'MSP' and inUseWorkspaceId eq null", "B"),
        ("(secondaryName eq 'x' or deviceName eq 'x') and deviceType eq 'AP'", "D"),
        ("serialNumber eq 'A' or serialNumber eq 'B' and deviceType eq 'AP'", "A"),
        ("not (serialNumber eq 'A' or serialNumber eq 'B')", "CD"),
        ("not serialNumber eq 'A' and not serialNumber eq 'B'", "CD"),
        ("serialNumber EQ 'A' OR serialNumber Eq 'B'", "AB"),
        ("deviceName eq 'it''s'", "C"),
        (r"deviceName eq 'it\'s'", "C"),
        ("deviceName eq ''", ""),
        ("serialNumber eq 'a'", ""),
    ],
)
def test_documented_filter_forms_find_their_rows(expression: str, expected: str) -> None:
    assert hits(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "serialNumber",
        "serialNumber eq",
        "serialNumber eq A",
        "serialNumber eq 5",
        "createdAt ge 2024-01-18T19:53:51.480Z",
        "createdAt ge 'yesterday'",
        "serialNumber eq 'A",
        "serialNumber eq ''A",
        "serialNumber eq 'A' serialNumber eq 'B'",
        "serialNumber eq 'A' and",
        "(serialNumber eq 'A'",
        "serialNumber in ('A'",
        "serialNumber in ['A')",
        "serialNumber in 'A',",
        "serialnumber eq 'A'",
        "colour eq 'A'",
        "isFlex eq 'true'",
        "isFlex gt true",
        "serialNumber eq true",
        "serialNumber contains 'A'",
        "'serialNumber' eq 'A'",
        "and",
    ],
)
def test_what_is_not_a_filter_is_refused(expression: str) -> None:
    with pytest.raises(FilterError):
        hits(expression)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'city' eq 'London'", "A"),
        ("'CITY' eq 'London'", "A"),
        ("'city' eq 'london'", ""),
        ("not 'city' eq 'Tokyo'", "ACD"),
        ("'city' ne 'Tokyo'", "ACD"),
        ("'city' eq 'London' and 'street' eq 'Piccadilly'", "A"),
        ("'street' eq 'Oxford Street' or 'street' eq 'Piccadilly'", "AD"),
        ("'street' in 'Regent Street', 'Oxford Street', 'Piccadilly'", "AD"),
        ("'street' not in ('Piccadilly')", "BCD"),
    ],
)
def test_documented_tag_filter_forms_find_their_rows(expression: str, expected: str) -> None:
    assert tag_hits(expression) == expected


@pytest.mark.parametrize("expression", ["city eq 'London'", "'city' gt 'L'", "'city' eq true", "'city' eq null", "'city'", ""])
def test_what_is_not_a_tag_filter_is_refused(expression: str) -> None:
    with pytest.raises(FilterError):
        tag_hits(expression)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("serialNumber desc", "DCBA"),
        ("partNumber,serialNumber desc", "DACB"),
        ("partNumber desc, serialNumber asc", "BCAD"),
        ("make", "DABC"),
    ],
)
def test_sort_orders_by_each_property_and_puts_null_first(expression: str, expected: str) -> None:
    assert "".join(r["serialNumber"] for r in read_sort(expression, PROPERTIES)(ROWS)) == expected


@pytest.mark.parametrize("expression", ["", "serialNumber up", "colour", "serialNumber,,make", "serialNumber asc desc"])
def test_what_is_not_a_sort_is_refused(expression: str) -> None:
    with pytest.raises(FilterError):
        read_sort(expression, PROPERTIES)
