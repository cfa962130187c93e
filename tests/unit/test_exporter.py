# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `fleetform import` writes, without a cloud: values as text, the account of a file for another one, names of files."""

from __future__ import annotations

import math
import os
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import FleetformError
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_syntax import check_text
from fleetform.account_source import account_source
from fleetform.import_files import file_names
from fleetform.render.words import plain
from fleetform.yaml_text import flow, shows


def read(text: str) -> t.Any:
    """By PyYAML and by Ansible, which agree."""
    by_yaml, by_ansible = yaml.safe_load(f"a: {text}")["a"], DataLoader().load(f"a: {text}")["a"]
    assert repr(by_yaml) == repr(by_ansible)
    return by_yaml


NUMBERS = [1e-07, 1e22, -1e-300, 5e-324, 1.5e300, 0.1, -0.0, 1e16, 123456789.0, sys.float_info.max, 0, -5, 10**30]


@given(st.floats(allow_nan=False) | st.integers())
def test_a_number_is_read_back_as_the_same_number(value: float) -> None:
    found = read(flow(value))
    assert (type(found), found, math.copysign(1, found)) == (type(value), value, math.copysign(1, value))


@pytest.mark.parametrize("value", [*NUMBERS, math.inf, -math.inf, True, False, None])
def test_numbers_that_are_odd_to_yaml_are_read_back(value: object) -> None:
    assert repr(read(flow(value))) == repr(value)
    assert read(flow({"in": [value]})) == {"in": [value]}


def test_what_is_no_number_stays_none() -> None:
    assert math.isnan(read(flow(math.nan)))


def test_a_name_of_any_length_can_be_a_key() -> None:
    long = {"k" * 5000: 1, "other": {"\u202e" * 400: "x"}}
    assert read(flow(long)) == long


@pytest.mark.parametrize(
    "code",
    [0x0A, 0x7F, 0x85, 0xA0, 0xAD, 0x034F, 0x061C, 0x115F, 0x180E, 0x200B, 0x202E, 0x2066, 0x2800, 0x3000, 0x3164, 0xE000]
    + [0xFE0F, 0xFEFF, 0xFFA0, 0xFFF9, 0xFFFF, 0x1D173, 0xE0001, 0xE0041, 0xE007F, 0xE0100, 0x10FFFF],
)
def test_what_does_not_show_as_what_it_is_is_escaped(code: int) -> None:
    text = f"a{chr(code)}b"
    assert not shows(chr(code))
    assert chr(code) not in flow(text)
    assert read(flow(text)) == text


def test_what_a_plan_writes_out_is_what_is_escaped_and_all_that_shows_can_be_read() -> None:
    for code in range(sys.maxunicode + 1):
        # The colour of a sign is part of what is seen.
        assert shows(chr(code)) or code in (0xFE0E, 0xFE0F) if plain(chr(code)) == chr(code) else not shows(chr(code))
    text = "".join(filter(shows, map(chr, range(sys.maxunicode + 1))))
    assert yaml.safe_load(flow(text)) == text
    assert all(map(shows, "aZ0 äß中文日本語हिन्दी\N{GRINNING FACE}é"))


SECRET = "top-secret-of-a-neighbour"


def copied(folder: Path, text: str, account: str = "av") -> str:
    (folder / "fleet.yml").write_text(text, encoding="utf-8")
    found = account_source([str(folder / "fleet.yml")], account, folder).text
    assert check_text(found, "x").problems == []
    assert SECRET not in found
    return found


FORMS = {
    "lines": "accounts:\n  av:\n    vendor: xyte\n    token: '{{ t }}'\n  # z: {token: top-secret-of-a-neighbour}\n",
    "lines with comments": "accounts:\n  av:  # top-secret-of-a-neighbour\n    vendor: xyte\n"
    "    # token: top-secret-of-a-neighbour\n    token: '{{ t }}'\n# top-secret-of-a-neighbour\ndevices: []\n",
    "flow": "accounts: {z: {vendor: xyte, token: top-secret-of-a-neighbour}, av: {vendor: xyte,\ntoken: '{{ t }}'}}\n",
    "an alias": "accounts:\n  b: &b {vendor: xyte, token: '{{ t }}'}\n  av: *b\n",
    "an alias of a value": "accounts:\n  b: {vendor: xyte, token: &t '{{ t }}'}\n  av: {vendor: xyte, token: *t}\n",
    "a merge": "accounts:\n  b: &b {vendor: webex, token: '{{ t }}'}\n  av:\n    <<: *b\n    vendor: xyte\n",
    "several merges": "accounts:\n  b: &b {token: '{{ t }}'}\n  c: &c {vendor: xyte, token: top-secret-of-a-neighbour}\n"
    "  av: {<<: [*b, *c]}\n",
    "merged accounts": "accounts:\n  <<: {av: {vendor: xyte, token: '{{ t }}'}}\n",
    "a complex key": "accounts:\n  ? av\n  : vendor: xyte\n    token: '{{ t }}'\n",
    "json": '{"accounts": {"av": {"vendor": "xyte", "token": "{{ t }}"},\n "z": {"token": "top-secret-of-a-neighbour"}}}',
    "json with tabs": '{\n\t"accounts": {\n\t\t"av": {"vendor": "xyte",\t"token": "{{ t }}"}}}',
    "an odd indentation": "accounts:\n       av:\n              vendor: xyte\n              token: >-\n               {{ t }}\n",
    "an anchor in it": "accounts:\n  av: &a\n    vendor: &v xyte\n    token: '{{ t }}'\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_an_account_is_copied_alone_whatever_way_it_is_written(tmp_path: Path, form: str) -> None:
    found = yaml.safe_load(copied(tmp_path, FORMS[form]))
    assert found == {"accounts": {"av": {"vendor": "xyte", "token": "{{ t }}"}}}


def test_tags_texts_of_several_lines_and_ways_of_writing_numbers_stay(tmp_path: Path) -> None:
    text = "accounts:\n  b: &b\n    client_secret: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      3031\n"
    text += "  av:\n    <<: *b\n    vendor: blynk\n    client_id: !unsafe '{{ x }}'\n    timeout: 0x1E\n    organization:\n"
    found = copied(tmp_path, text)
    assert found.startswith("accounts:\n  av:\n    vendor: blynk\n    client_id: !unsafe '{{ x }}'\n    timeout: 0x1E\n")
    assert "    client_secret: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      3031\n" in found
    assert "    organization: null\n" in found


def test_the_files_of_variables_are_named_as_seen_from_the_new_folder_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "there").symlink_to(tmp_path / "real" / "deep")
    (tmp_path / "a.yml").write_text("vars_files: [one.yml, two.yml, one.yml]\n")
    (tmp_path / "b.yml").write_text(f"accounts: {{av: {{vendor: xyte}}}}\nvars_files: [x/../three.yml, {tmp_path}/four.yml]\n")
    (tmp_path / "x").mkdir()
    found = account_source([str(tmp_path / "a.yml"), str(tmp_path / "b.yml")], "av", tmp_path / "there")
    assert yaml.safe_load(found.text)["vars_files"] == ["../../two.yml", "../../one.yml", "../../three.yml", "../../four.yml"]
    assert {path.name for path in found.variables} == {"one.yml", "two.yml", "three.yml", "four.yml"}


def test_what_cannot_be_copied_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(FleetformError, match="there is no account 'other'"):
        copied(tmp_path, "accounts: {av: {vendor: xyte}}\n", "other")
    with pytest.raises(FleetformError, match="write the name as it is"):
        copied(tmp_path, "accounts: {av: {vendor: xyte}}\nvars_files: [!vault x]\n")


def test_what_all_may_not_read_the_copy_may_not_either(tmp_path: Path) -> None:
    (tmp_path / "fleet.yml").write_text("accounts: {av: {vendor: xyte}}\n")
    os.chmod(tmp_path / "fleet.yml", 0o640)
    assert account_source([str(tmp_path / "fleet.yml")], "av", tmp_path).mode == 0o640


def test_the_file_of_a_space_is_called_as_the_space() -> None:
    assert file_names({"1": "Wiz/Berlin/Room #1", "2": "Wiz/Berlin", "": ""}) == {
        "1": "wiz-berlin-room-1",
        "2": "wiz-berlin",
        "": "elsewhere",
    }


HARD = {
    "1": "Accounts", "2": "Elsewhere", "3": "a/b", "4": "A b", "5": "###", "6": "***", "7": "x" * 300 + "1", "8": "x" * 300 + "1",
    "9": "\N{LATIN SMALL LETTER SHARP S}", "10": "SS", "11": "e\u0301", "12": "\u00e9", "13": "../../etc", "14": "\u4e2d" * 200,
    "15": "secrets", "16": "lone \ud800", "": "",
}  # fmt: skip


def test_every_space_has_a_file_of_its_own_in_every_file_system() -> None:
    names = file_names(HARD, {"secrets"})
    assert names.keys() == HARD.keys()
    assert len({name.casefold() for name in names.values()}) == len(HARD)
    assert {"accounts", "secrets"}.isdisjoint(names.values())
    assert all(len(name.encode()) < 150 and "/" not in name and name.strip("-.") == name for name in names.values())
    assert names[""] == "elsewhere"
    turned = dict(reversed(HARD.items()))
    assert file_names(turned, {"secrets"}) == names
