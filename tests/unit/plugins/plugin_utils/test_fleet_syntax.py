# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fleet files as text: what YAML would take otherwise than it was meant, with file, line, column and the nearest right word."""

from __future__ import annotations

import json
import time

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
            "fleet.yml:1:33: max_changes: delete: percent must be a whole number of at least 0, not 'ten'",
        ),
        (
            "max_changes: {delete: {count: -1}}",
            "fleet.yml:1:31: max_changes: delete: count must be a whole number of at least 0, not -1",
        ),
        (
            "max_changes: {delete: {count: true}}",
            "fleet.yml:1:31: max_changes: delete: count must be a whole number of at least 0, not True",
        ),
        (
            "max_changes: {delete: {count: [1]}}",
            "fleet.yml:1:31: max_changes: delete: count must be a whole number of at least 0, not [1]",
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
        ("prune:\n- account: 5\n  scope: {space: x}", 'fleet.yml:2:12: prune[0]: account: 5 is a number to YAML; quote it: "5"'),
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


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("name: a, state: abesnt", "20: devices[0]: state must be present or absent, not 'abesnt'; did you mean 'absent'?"),
        ('name: a, protect: "yes"', "22: devices[0]: protect must be true or false, not 'yes'"),
        ("name: a, create_space: maybe", "27: devices[0]: create_space must be true or false, not 'maybe'"),
        (
            "name: a, tags: abc",
            "19: devices[0]: tags must be a list of labels or a dictionary of key and value, not 'abc'; "
            "write [abc] for a single label",
        ),
        ("name: a, tags: [[a]]", "19: devices[0]: a tag must be text, not ['a']"),
        (
            "name: a, subscriptions: abc",
            "28: devices[0]: subscriptions must be a list of subscription keys or ids, not 'abc'",
        ),
        ("name: a, metafields: [a]", "25: devices[0]: metafields must be a dictionary, not ['a']"),
        (
            "name: a, applications: {a: enabled}",
            "27: devices[0]: applications: a must be ENABLED or DISABLED, not 'enabled'",
        ),
        (
            "name: a, metafields_policy: alway",
            "32: devices[0]: metafields_policy must be when_changed or always, not 'alway'; did you mean 'always'?",
        ),
        ('serial: ""', "12: devices[0]: serial is an empty string; leave it out where it is not meant"),
        ('name: "  "', "10: devices[0]: name is blank; leave it out where it is not meant"),
        ("", "3: devices[0]: nothing says which device is meant; give one of device_id, serial, mac, cloud_id, name"),
        ("name: ~", "3: devices[0]: nothing says which device is meant; give one of device_id, serial, mac, cloud_id, name"),
        ("name: a, mac: 11-22", "18: devices[0]: mac '11-22' is not a MAC address; write it like 11:22:33:44:aa:ff, in quotes"),
        ('name: a, account: ""', "22: devices[0]: account: this is empty; leave it out where it is not meant"),
        ("name: a, tags: !foo x", "19: the tag !foo means nothing here, only !vault and !unsafe do; take it away"),
        ("name: =", '10: = alone means something else to YAML; quote it: "="'),
        (
            "name: a, metafields: {x: 2026-13-45}",
            "25: devices[0]: metafields: this cannot be read: month must be in 1..12; quote it where it is a text",
        ),
        ("name: a, [b]: c", "13: devices[0]: a name must be a text, not a list"),
        ("name: a, devices: []", "13: devices[0]: devices stands at the top level of the file, not in here; move it to the left"),
    ],
)
def test_what_the_engine_refuses_of_a_device_is_told_at_its_option(row: str, wanted: str) -> None:
    assert problems(f"devices:\n- {{{row}}}\n") == [f"fleet.yml:2:{wanted}"]


@pytest.mark.parametrize(
    "row",
    [
        'name: "{{ x }}", tags: "{{ x }}", protect: "{{ x }}", metafields: "{{ x }}", state: "{% if x %}absent{% endif %}"',
        '"serial": !vault "abc", state: !vault "abc", tags: !vault "abc"',
        'serial: !unsafe "{{ x }}", state: !unsafe "{{ x }}"',
        'name: "{{ x }}", model: b',
    ],
)
def test_what_is_known_later_only_is_left_alone(row: str) -> None:
    assert problems(f"devices:\n- {{{row}}}\n") == []


def test_beside_a_template_everything_that_is_written_out_is_judged() -> None:
    assert problems('devices:\n- {name: "{{ x }}", tags: abc, protect: "no"}\n') == [
        "fleet.yml:2:27: devices[0]: tags must be a list of labels or a dictionary of key and value, not 'abc'; "
        "write [abc] for a single label",
        "fleet.yml:2:41: devices[0]: protect must be true or false, not 'no'",
    ]


def test_a_device_is_judged_with_the_defaults_wherever_they_stand() -> None:
    archived = "archived: true takes the application and the subscriptions away; leave them out, or make them empty"
    text = "devices:\n- {name: a}\n- {name: b, archived: false}\ndefaults: {archived: true, subscriptions: [k]}\n"
    assert problems(text) == [f"fleet.yml:2:3: devices[0]: {archived}"]
    assert problems('devices:\n- {model: b}\ndefaults: {name: "{{ x }}"}\n') == []
    assert problems("devices:\n- {model: b}\ndefaults: {serial: 12}\n") == [
        'fleet.yml:3:20: defaults: serial: 12 is a number to YAML; quote it: "12"'
    ]


def test_what_is_wrong_in_the_defaults_is_told_there_and_once() -> None:
    text = 'defaults:\n  protect: "yes"\n  status: ""\ndevices:\n- {name: a}\n- {name: b}\n'
    assert problems(text) == [
        "fleet.yml:2:12: defaults: protect must be true or false, not 'yes'",
        "fleet.yml:3:11: defaults: status is an empty string; leave it out where it is not meant",
    ]


def test_what_is_wrong_in_an_anchor_is_told_once() -> None:
    text = (
        'devices:\n- {name: a, metafields: &m {x: 1, x: 2}}\n- {name: b, metafields: *m}\n- &c {name: "", model: M}\n- {<<: *c}\n'
    )
    assert [problem.split(": ")[0] for problem in problems(text)] == ["fleet.yml:2:35", "fleet.yml:4:13"]


def test_an_empty_row_is_no_row() -> None:
    assert problems("devices:\n-\n- ~\n- name: a\n") == [
        f"fleet.yml:{place}: devices[{number}]: this is empty; say which device is meant, or take the dash away"
        for number, place in enumerate(("2:2", "3:3"))
    ]
    assert problems("vars_files: [~, '']\n") == [
        f"fleet.yml:1:{column}: vars_files[{number}]: this is empty; name a file, or take the dash away"
        for number, column in enumerate((14, 17))
    ]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("vendor: bylnk", "17: account lab: there is no vendor 'bylnk'; did you mean 'blynk'? (known: "),
        ("vendor: xyte, timeout: soon", "32: account lab: `timeout` must be a number"),
        ("vendor: xyte, deadline: 0", "33: account lab: `deadline` must be more than 0 seconds"),
        ("vendor: xyte, concurrency: 65", "36: account lab: `concurrency` must be a whole number from 1 to 64"),
        ("vendor: xyte, requests_per_minute: {raed: 5}", "44: account lab: `requests_per_minute` has the unknown class raed"),
        ('vendor: xyte, url: "ftp://x"', "28: account lab: `url` must begin with https:// and name a host"),
        ('vendor: xyte, token: ""', "30: account lab: token is empty; leave it out where it comes from the environment"),
        ('vendor: xyte, token: " x"', "30: account lab: `token` begins or ends with white space"),
        ("vendor: xyte, username: u", "33: account lab: xyte does not take `username`"),
        ("vendor: blynk, token: t, client_id: c", "3: account lab: `client_id` and `token` contradict each other"),
        ("vendor: blynk, client_id: c", "3: account lab: `client_secret` missing"),
        ("response_format: yaml, vendor: mobilefirst", "26: account lab: response_format must be json or xml, not 'yaml'"),
        ("devices: []", "9: account lab: devices stands at the top level of the file, not in here; move it to the left"),
    ],
)
def test_what_is_written_of_an_account_is_judged_and_told_at_its_option(options: str, wanted: str) -> None:
    (found,) = problems(f"accounts:\n  lab: {{{options}}}\n")
    assert found.startswith(f"fleet.yml:2:{wanted}")


@pytest.mark.parametrize(
    "options",
    [
        "",
        "vendor: xyte",
        'vendor: "{{ v }}", username: u, timeout: "{{ t }}"',
        "vendor: blynk, client_id: c, client_secret: !vault abc",
        'vendor: blynk, client_id: "{{ c }}"',
        "vendor: mobilefirst, api_version: 2.0, validate_certs: no, requests_per_minute: {read: ~}",
    ],
)
def test_what_the_environment_may_add_to_an_account_is_not_missed(options: str) -> None:
    assert problems(f"accounts:\n  lab: {{{options}}}\n") == []


def test_a_name_of_an_account_may_be_any_word_and_its_options_any_mess() -> None:
    assert problems("accounts:\n  devices: {vendor: xyte}\n") == []
    assert problems("accounts:\n  devices: {[a]: b}\n") != []


@pytest.mark.parametrize("name", ["devices", "prune", "defaults"])
def test_what_is_nested_under_accounts_is_told_where_it_belongs(name: str) -> None:
    assert problems(f"accounts:\n  lab: {{vendor: xyte}}\n  {name}:\n  - {{name: a}}\n") == [
        f"fleet.yml:3:3: accounts: {name} stands at the top level of the file, beside accounts; move it to the left"
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("max_changes: {delete: }", "1:15: max_changes: delete takes percent, count or both"),
        ("max_changes: {delete: {}}", "1:23: max_changes: delete takes percent, count or both"),
        ("max_changes: {delete: {percent: 150}}", "1:33: max_changes: delete: percent must be at most 100, not 150"),
        ("max_changes: {delete: {count: 1.5}}", "1:31: max_changes: delete: count must be a whole number of at least 0"),
        ("max_changes: {delete: {count: }}", "1:31: max_changes: delete: count must be a whole number of at least 0, not None"),
    ],
)
def test_limits_are_judged_by_the_engine(text: str, wanted: str) -> None:
    (found,) = problems(text + "\n")
    assert found.startswith(f"fleet.yml:{wanted}")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('a: "x\nb: y\n', "1:4: this is not YAML: this quote is never closed"),
        ("a: 'x\n  y\n- z", "1:4: this is not YAML: this quote is never closed"),
        ("a:\n- [1,\n  2\n", "2:3: this is not YAML: this bracket is never closed"),
        ("a:\n\tb: 1\n", "2:1: this is not YAML: a tab stands here; indent with blanks"),
        ("é: 1\nb: ü\x07\n", "2:5: this is not YAML: the character #x0007 may not stand here; take it away"),
        ("x: 1\n\x00", "2:1: this is not YAML: the character #x0000 may not stand here; take it away"),
    ],
)
def test_what_is_no_yaml_is_told_where_it_begins_and_in_one_line(text: str, wanted: str) -> None:
    assert problems(text) == [f"fleet.yml:{wanted}"]


@pytest.mark.parametrize("text", ['"\\ud83d\\ude00"', '"x \\ud83d"', '{"\\udc00": 1}'])
def test_half_a_character_is_told_with_what_to_write(text: str) -> None:
    (found,) = problems(f"devices:\n- name: a\n  metafields: {text}\n")
    assert found.startswith("fleet.yml:3:")
    assert "half a character" in found
    assert "write the character itself" in found


def test_json_is_read_as_json() -> None:
    fields = '{"a/b": 1e5, "c": "\\/"}'
    text = f'{{\n\t"devices":\t[\n\t\t{{"name": "\\ud83d\\ude00 \\\\ud83d", "metafields": {fields}, "seriel": "x"}}\n\t]\n}}\n'
    json.loads(text)
    (found,) = problems(text)
    assert found.startswith("fleet.yml:3:")
    assert found.endswith("devices[0]: unknown option 'seriel'; did you mean 'serial'?")
    assert problems(text.replace("seriel", "serial")) == []
    assert "half a character" in problems('{"devices": [{"name": "\\ud83d"}]}')[0]
    assert named_variables('{\n\t"vars_files": ["a.yml"]\n}') == ["a.yml"]


def nested(row: str) -> str:
    lines = ["defaults:", "  metafields:", "    a0: &a0 {x: 1}"]
    return "\n".join(lines + [f"    a{level}: &a{level} {row.format(level - 1)}" for level in range(1, 41)]) + "\n"


@pytest.mark.parametrize("row", ["{{x: *a{0}, y: *a{0}}}", "[*a{0}, *a{0}]", "{{<<: [*a{0}, *a{0}]}}"])
def test_forty_levels_of_anchors_end_quickly_and_as_a_problem(row: str) -> None:
    begun = time.process_time()
    (found,) = problems(nested(row))
    assert time.process_time() - begun < 1
    assert "the anchors in this stand for more than 1000000 values" in found


def test_anchors_may_be_meant_many_times() -> None:
    rows = "".join(f"- {{name: d{number}, metafields: *m}}\n" for number in range(300))
    assert problems("defaults: {metafields: &m {a: {b: [1, 2, 3]}}}\ndevices:\n" + rows) == []


def test_what_is_nested_too_deeply_by_anchors_is_a_problem() -> None:
    lines = [f"    a{level}: &a{level} {{x: *a{level - 1}}}" for level in range(1, 2000)]
    text = "defaults:\n  metafields:\n    a0: &a0 {x: 1}\n" + "\n".join(lines) + "\n"
    assert "nested too deeply" in problems(text)[0]
