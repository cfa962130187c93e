# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fleet files as text: what YAML would take otherwise than it was meant, with file, line, column and the nearest right word."""

from __future__ import annotations

import pytest

from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_syntax import Checked, check_text, named_variables

GOOD = """\
accounts:
  lab: {vendor: blynk, token: "{{ lookup('env', 'T') }}", timeout: 5, validate_certs: false, requests_per_minute: {read: 10}}
vars_files: [secrets.yml]
defaults: {account: lab}
devices:
  - {name: Lobby, metafields: {Floor: 0, "on": true, Since: 2026-01-02}, tags: [1, true]}
  - {serial: "0012", mac: "11:22:33:44:55:06"}
prune:
  - {account: lab, scope: {space: Wiz, owner.email: a@example.com}}
max_changes: {delete: {percent: 10, count: 5}, update: {percent: 50}}
"""


def problems(text: str) -> list[str]:
    return [str(problem) for problem in check_text(text, "fleet.yml").problems]


def test_a_good_file_has_no_problem_and_tells_the_lines_of_devices_and_accounts() -> None:
    checked = check_text(GOOD, "fleet.yml")
    assert checked == Checked([], [6, 7], {"lab": 2})


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "---\n", "accounts:\ndevices:\nprune:\nmax_changes:\ndefaults:\nvars_files:\n"]
)
def test_what_is_empty_is_no_problem(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("0012", "a number"),
        ("12", "a number"),
        ("1.50", "a number"),
        ("1_000", "a number"),
        ("0x1F", "a number"),
        ("11:22:33:44:55:06", "a number"),
        (".inf", "a number"),
        ("on", "true or false"),
        ("No", "true or false"),
        ("2026-01-02", "a date"),
        ("2026-01-02 10:00:00", "a date"),
    ],
)
@pytest.mark.parametrize("option", ["serial", "mac", "device_id", "cloud_id", "name", "previous_name", "model", "space", "owner"])
def test_an_identity_or_name_that_is_no_string_to_yaml_is_told_to_be_quoted(option: str, value: str, kind: str) -> None:
    text = f"devices:\n  - name: Lobby\n  - {option}: {value}\n"
    assert problems(text) == [
        f'fleet.yml:3:{len(option) + 7}: devices[1]: {option}: {value} is {kind} to YAML; quote it: "{value}"'
    ]


@pytest.mark.parametrize(
    "value", ['"0012"', "'on'", "!unsafe '{{ x }}'", "!vault 'abc'", "!vault |\n      abc", "~", "", "00:1a:2b:3c:4d:5e", "Lobby"]
)
def test_what_is_a_string_or_nothing_is_left_alone(value: str) -> None:
    assert problems(f"devices:\n  - name: x\n    serial: {value}\n") == []


def test_a_name_of_an_option_that_yaml_takes_for_something_else_is_refused() -> None:
    assert problems("devices:\n  - name: x\n    on: 1\n") == [
        "fleet.yml:3:5: devices[0]: the name 'on' is not a string to YAML; quote it"
    ]
    assert problems("accounts:\n  12: {vendor: blynk}\n") == [
        "fleet.yml:2:3: accounts: the name '12' is not a string to YAML; quote it"
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("device: []", "fleet.yml:1:1: the fleet file: unknown option 'device'; did you mean 'devices'?"),
        ("zzz: 1", "fleet.yml:1:1: the fleet file: unknown option 'zzz'"),
        ("accounts:\n  lab: {vender: blynk}", "fleet.yml:2:9: account lab: unknown option 'vender'; did you mean 'vendor'?"),
        ("defaults: {acount: lab}", "fleet.yml:1:12: defaults: unknown option 'acount'; did you mean 'account'?"),
        ("devices:\n- {nmae: x}", "fleet.yml:2:4: devices[0]: unknown option 'nmae'; did you mean 'name'?"),
        ("prune:\n- {scop: {}}", "fleet.yml:2:4: prune[0]: unknown option 'scop'; did you mean 'scope'?"),
        ("prune:\n- scope: {spce: x}", "fleet.yml:2:11: prune[0]: scope: a device has no field 'spce'; did you mean 'space'?"),
        ("max_changes: {deletes: {count: 1}}", "fleet.yml:1:15: max_changes: unknown option 'deletes'; did you mean 'delete'?"),
        (
            "max_changes: {delete: {percents: 1}}",
            "fleet.yml:1:24: max_changes: delete: unknown option 'percents'; did you mean 'percent'?",
        ),
        (
            "max_changes: {delete: {percent: ten}}",
            "fleet.yml:1:33: max_changes: delete: percent must be a whole number of at least 0",
        ),
        ("max_changes: {delete: {count: -1}}", "fleet.yml:1:31: max_changes: delete: count must be a whole number of at least 0"),
        (
            "max_changes: {delete: {count: true}}",
            "fleet.yml:1:31: max_changes: delete: count must be a whole number of at least 0",
        ),
        (
            "max_changes: {delete: {count: [1]}}",
            "fleet.yml:1:31: max_changes: delete: count must be a whole number of at least 0",
        ),
        ("devices: {name: x}", "fleet.yml:1:10: devices must be a list"),
        ("devices: [x]", "fleet.yml:1:11: devices[0] must be a mapping of names to values"),
        ("devices:\n- {name: [a]}", "fleet.yml:2:10: devices[0]: name must be a string"),
        ("accounts: [x]", "fleet.yml:1:11: accounts must be a mapping of names to values"),
        ("- name: x", "fleet.yml:1:1: the fleet file must be a mapping of names to values"),
        ("just text", "fleet.yml:1:1: the fleet file must be a mapping of names to values"),
        ("vars_files: [12]", 'fleet.yml:1:14: vars_files: 12 is a number to YAML; quote it: "12"'),
        ("vars_files: secrets.yml", "fleet.yml:1:13: vars_files must be a list"),
        ("accounts:\n  lab: {token: 0012}", "fleet.yml:2:16: account lab: token: the value is a number to YAML; quote it"),
        ("prune:\n- account: 5", 'fleet.yml:2:12: prune[0]: account: 5 is a number to YAML; quote it: "5"'),
    ],
)
def test_each_mistake_names_its_place_and_the_nearest_right_word(text: str, wanted: str) -> None:
    assert problems(text + "\n") == [wanted]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("devices: []\naccounts: {}\ndevices: []\n", "3:1: the fleet file: 'devices' stands here twice, first in line 1"),
        ("accounts:\n  a: {vendor: xyte}\n  a: {vendor: blynk}\n", "3:3: accounts: 'a' stands here twice, first in line 2"),
        ("devices:\n- name: a\n  name: b\n", "3:3: devices[0]: 'name' stands here twice, first in line 2"),
        (
            "devices:\n- name: a\n  metafields: {x: 1, x: 2}\n",
            "3:22: devices[0]: metafields: 'x' stands here twice, first in line 3",
        ),
        (
            "devices:\n- name: a\n  metafields: {x: {y: 1, y: 2}}\n",
            "3:26: devices[0]: metafields: x: 'y' stands here twice, first in line 3",
        ),
        (
            "accounts:\n  a:\n    requests_per_minute: {read: 1, read: 2}\n",
            "3:36: account a: requests_per_minute: 'read' stands here twice, first in line 3",
        ),
        ("prune:\n- scope: {space: a, space: b}\n", "2:21: prune[0]: scope: 'space' stands here twice, first in line 2"),
    ],
)
def test_a_duplicate_key_is_an_error_with_both_lines(text: str, where: str) -> None:
    assert problems(text) == [f"fleet.yml:{where}; keep one"]


def test_merge_keys_and_anchors_bring_what_they_hold_and_may_be_overridden() -> None:
    text = "devices:\n- &one {name: a, model: M}\n- {<<: *one, name: b}\n- <<: [*one, {owner: x}]\n  name: c\n"
    assert problems(text) == []


def test_what_a_merge_key_brings_is_checked_as_well() -> None:
    text = "devices:\n- {<<: {nmae: a, serial: 0012}, name: b}\n"
    assert problems(text) == [
        "fleet.yml:2:9: devices[0]: unknown option 'nmae'; did you mean 'name'?",
        'fleet.yml:2:26: devices[0]: serial: 0012 is a number to YAML; quote it: "0012"',
    ]


def test_an_anchor_within_itself_ends_as_a_problem() -> None:
    assert problems("devices: &all\n- metafields: {x: *all}\n") != []
    assert problems("devices:\n- &a {name: x, <<: *a}\n") != []


def test_a_template_without_quotes_gets_a_hint() -> None:
    (found,) = problems("accounts:\n  lab: {vendor: xyte, token: {{ x }}}\n")
    assert found.startswith("fleet.yml:2:")
    assert 'must be in quotes: "{{ ... }}"' in found


@pytest.mark.parametrize(
    "text",
    ["a: [", "a: b: c", "\tx: 1", "a: *nobody", "a: !!python/object:os.system x", "a: \x00", "%YAML 9\n---\na: 1\n---\nb: 2"],
)
def test_what_is_no_yaml_is_a_problem_and_never_a_traceback(text: str) -> None:
    assert problems(text)[0].startswith("fleet.yml:")


def test_very_deep_nesting_is_a_problem_and_never_a_traceback() -> None:
    assert problems("devices: " + "[" * 3000 + "]" * 3000)


def test_more_than_one_document_is_a_problem() -> None:
    assert "not YAML" in problems("devices: []\n---\ndevices: []\n")[0]


def test_all_problems_are_told_in_the_order_of_the_file() -> None:
    text = "devices:\n- {serial: 1}\n- {nmae: x}\n- {serial: on}\n"
    assert [problem.line for problem in check_text(text, "f").problems] == [2, 3, 4]


def test_the_files_of_variables_are_known_without_loading() -> None:
    assert named_variables("vars_files: [a.yml, b.yml]\n") == ["a.yml", "b.yml"]
    for text in ("", "- x", "vars_files: a.yml", "vars_files: [[a], {b: c}]", "x: [", "{[a]: b}", "vars_files: {a: b}"):
        assert named_variables(text) == []
