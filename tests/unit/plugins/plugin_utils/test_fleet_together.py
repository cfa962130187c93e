# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Several fleet files that are right one by one: account names that are nowhere, and what stands in two of them."""

from __future__ import annotations

import typing as t

from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_syntax import check_text
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_together import clashes, strays

LAB = "accounts:\n  lab: {vendor: blynk}\n"
BOTH = LAB + "  av: {vendor: xyte}\n"


def wrong(*texts: str, environ: t.Mapping[str, str] | None = None) -> list[str]:
    looked = {f"{name}.yml": check_text(text, f"{name}.yml") for name, text in zip("abc", texts, strict=False)}
    assert not [problem for checked in looked.values() for problem in checked.problems]
    return [str(problem) for problem in (*clashes(looked), *strays(looked, environ or {}))]


def test_an_account_that_no_file_declares_is_told_with_the_nearest_one() -> None:
    devices = "devices:\n- {name: a, account: lba}\nprune:\n- {account: lbb, scope: {space: x}}\n"
    assert wrong(LAB, devices) == [
        "b.yml:2:22: devices[0]: there is no account 'lba'; did you mean 'lab'? (known: lab)",
        "b.yml:4:13: prune[0]: there is no account 'lbb'; did you mean 'lab'? (known: lab)",
    ]


def test_an_account_of_the_defaults_is_told_once_where_it_stands() -> None:
    devices = "devices:\n- {name: a}\n- {name: b}\ndefaults: {account: lba}\n"
    assert wrong(LAB, devices) == ["b.yml:4:21: defaults: there is no account 'lba'; did you mean 'lab'? (known: lab)"]


def test_of_several_accounts_one_has_to_be_named() -> None:
    devices = "devices:\n- {name: a}\n- {name: b, account: lab}\nprune:\n- {scope: {space: x}}\n"
    assert wrong(BOTH, devices) == [
        "b.yml:2:3: devices[0]: there are several accounts (av, lab); say which one with `account`",
        "b.yml:5:3: prune[0]: there are several accounts (av, lab); say which one with `account`",
    ]
    assert wrong(LAB, devices) == []


def test_what_cannot_be_known_is_not_judged() -> None:
    assert wrong("devices:\n- {name: a, account: lba}\n") == []
    assert wrong(BOTH, "devices:\n- {name: a, account: '{{ x }}'}\n- {name: a, account: !vault abc}\n") == []
    assert wrong(BOTH, "devices:\n- {name: a}\ndefaults: {account: '{{ x }}'}\n") == []


def test_a_device_that_is_declared_twice_is_told_with_both_places() -> None:
    one = "devices:\n- {name: a, metafields: {x: '{{ x }}'}}\n- {serial: S, account: lab}\n- {name: '{{ n }}'}\n"
    two = "defaults: {account: lab}\ndevices:\n- {name: a}\n- {serial: S, name: b}\n- {name: '{{ n }}'}\n- {name: b}\n"
    assert wrong(LAB, one, two) == [
        "c.yml:3:3: devices[0]: lab/a is declared in b.yml:2 as well; keep one",
        "c.yml:4:3: devices[1]: lab/S is declared in b.yml:3 as well; keep one",
    ]
    assert wrong(BOTH, "devices:\n- {name: a, account: lab}\n- {name: a, account: av}\n") == []


def test_an_account_without_a_vendor_is_told_unless_the_environment_has_it() -> None:
    text = "accounts:\n  a-b: {timeout: 5}\n  other:\n  third: {vendor: '{{ v }}'}\n"
    assert wrong(text) == ["a.yml:2:3: account a-b: `vendor` is missing; give it, or set FLEETFORM_A_B_VENDOR"]
    assert wrong(text, environ={"FLEETFORM_A_B_VENDOR": "xyte"}) == []


def test_what_stands_in_two_files_names_both() -> None:
    text = LAB + "max_changes: {delete: {count: 1}}\n"
    assert wrong(text, text) == [
        "b.yml:2:3: account lab stands in a.yml:2 as well; keep one",
        "b.yml:3:15: max_changes: delete stands in a.yml:3 as well; keep one",
    ]
