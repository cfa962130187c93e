# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`fleetform import` as a process: what exists becomes files that load, plan to nothing, and hold nobody else's secret."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

from fleetform.sandbox.cloud import stable_uuid
from tests.command.conftest import Command
from tests.integration.conftest import CREDENTIALS


class Loader(yaml.SafeLoader):
    """Reads values that are tagged as no template as what they are."""


Loader.add_constructor("!unsafe", lambda loader, node: node.value)


def devices(path: Path) -> list[dict[str, t.Any]]:
    return list(yaml.load(path.read_text(encoding="utf-8"), Loader=Loader)["devices"])


def device(path: Path, **wanted: str) -> dict[str, t.Any]:
    (found,) = [row for row in devices(path) if wanted.items() <= row.items()]
    return found


def imported(fleetform: Command, *arguments: str, account: str = "lab", **more: t.Any) -> Path:
    """The file of an account, written anew; it plans to nothing."""
    fleetform("import", "--account", account, "--output", "new/all.yml", "--force", *arguments, **more)
    fleetform("validate", "new")
    fleetform("plan", "new/all.yml", "--exit-code", **more)
    return fleetform.folder / "new" / "all.yml"


def test_import_writes_what_plans_to_nothing_and_overwrites_only_when_told(fleetform: Command) -> None:
    fleetform.fleet()
    ran = fleetform("import", "--account", "lab", "--output", "all/lab.yml")
    path = fleetform.folder / "all" / "lab.yml"
    assert ran.out == ""
    fleetform("validate", "all")
    fleetform("plan", "all/lab.yml", "--exit-code")
    text = path.read_text()
    assert "is there already" in fleetform("import", "--account", "lab", "--output", "all/lab.yml", code=1).err
    assert path.read_text() == text
    fleetform("import", "--account", "lab", "--output", "all/lab.yml", "--force")
    assert fleetform("import", "--account", "lab").out == text
    assert fleetform.written() == []


@pytest.mark.parametrize("how", [["--output", "deep/er/av.yml"], ["--output", "deep/er", "--split-by", "space"]])
def test_the_files_of_variables_are_found_from_the_new_folder_whichever_file_names_them(
    fleetform: Command, how: list[str]
) -> None:
    account = {**fleetform.sandbox.account("xyte"), "token": "{{ key }}"}
    fleetform.write("fleets/av.yml", {"accounts": {"av": account}})
    fleetform.write("fleets/vars.yml", {"vars_files": ["../secrets/keys.yml"]})
    fleetform.write("secrets/keys.yml", {"key": CREDENTIALS["xyte_key"]})
    fleetform("import", "fleets", "--account", "av", *how)
    fleetform("plan", "deep/er", "--exit-code")
    text = "".join(path.read_text() for path in (fleetform.folder / "deep" / "er").iterdir())
    assert "{{ key }}" in text
    assert CREDENTIALS["xyte_key"] not in text
    shown = fleetform("import", "fleets", "--account", "av").out
    assert '"secrets/keys.yml"' in shown


def test_an_account_behind_aliases_and_merges_is_copied_in_full_and_alone(fleetform: Command) -> None:
    url = fleetform.sandbox.account("xyte")["url"]
    text = f"accounts:\n  b: &b {{vendor: xyte, url: {url}}}\n  # old: {{vendor: xyte, token: seen-nowhere}}\n"
    text += "  av:\n    <<: *b\n    token: \"{{ lookup('env', 'KEY') }}\"\n  # z: {vendor: xyte, token: seen-nowhere}\n"
    fleetform.write("fleet.yml", text)
    secret = {"KEY": CREDENTIALS["xyte_key"], "FLEETFORM_B_TOKEN": CREDENTIALS["xyte_key"]}
    found = imported(fleetform, account="av", env=secret).read_text()
    assert "{{ lookup('env', 'KEY') }}" in found
    assert not [word for word in ("seen-nowhere", "&b", "*b", CREDENTIALS["xyte_key"]) if word in found]


def test_only_the_account_that_is_imported_needs_credentials(fleetform: Command) -> None:
    accounts = {"av": fleetform.sandbox.account("xyte"), "z": {"vendor": "webex"}}
    fleetform.write("fleet.yml", {"accounts": accounts})
    assert fleetform("import", "--account", "av").out.count("serial:") > 3
    assert "z" in fleetform("import", "--account", "z", code=1).err


def located(fleetform: Command, *names: str) -> None:
    """GreenLake devices at places of these names."""
    rows = [row["id"] for row in fleetform.sandbox.state("greenlake")["devices"].values() if not row.get("archived")]
    for number, name in enumerate(names):
        place = {"id": stable_uuid("location", "Hamburg Alsterufer" if number % 2 else "Berlin Torstrasse"), "locationName": name}
        fleetform.sandbox.drift("greenlake", rows[number], location=place)


def test_a_folder_has_a_file_for_each_space_that_is_called_as_it_is(fleetform: Command) -> None:
    fleetform.fleet(vendor="greenlake")
    fleetform("import", "--account", "lab", "--split-by", "space", "--output", "gl")
    names = {path.stem for path in (fleetform.folder / "gl").iterdir()}
    assert {"accounts", "elsewhere", "hamburg-alsterufer", "berlin-torstrasse"} <= names
    fleetform("plan", "gl", "--exit-code")


def test_a_space_of_any_name_has_a_file_of_its_own_beside_the_account(fleetform: Command) -> None:
    fleetform.fleet(vendor="greenlake")
    located(fleetform, "Accounts", "#!")
    fleetform("import", "--account", "lab", "--split-by", "space", "--output", "gl")
    folder = fleetform.folder / "gl"
    assert "client_secret" in (folder / "accounts.yml").read_text()
    names = sorted(path.stem.rpartition("-")[0] for path in folder.iterdir() if "-" in path.stem)
    assert {"accounts", "space"} <= set(names)
    fleetform("plan", "gl", "--exit-code")


def test_a_space_with_a_long_path_gets_a_name_that_fits(fleetform: Command) -> None:
    long = "Wiz/" + "/".join(f"a rather long name of floor {number}" for number in range(12))
    fleetform.fleet({"serial": "XQD-00001", "space": long, "create_space": True}, vendor="xyte")
    fleetform("apply", "--yes", "--quiet")
    fleetform("import", "--account", "lab", "--split-by", "space", "--output", "av")
    fleetform("plan", "av", "--exit-code")
    (path,) = [path for path in (fleetform.folder / "av").iterdir() if "floor-11" in path.name]
    assert device(path, serial="XQD-00001")["space"] == long


def test_what_an_earlier_import_left_is_named_and_nothing_is_written(fleetform: Command) -> None:
    fleetform.fleet(vendor="xyte")
    fleetform("import", "--account", "lab", "--split-by", "space", "--output", "av")
    fleetform("import", "--account", "lab", "--split-by", "space", "--output", "av", "--force")
    folder = fleetform.folder / "av"
    (folder / "wiz-berlin-room-1.yml").rename(folder / "wiz-old-room.yml")
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    ran = fleetform("import", "--account", "lab", "--split-by", "space", "--output", "av", "--force", code=1)
    assert "av/wiz-old-room.yml declares devices of the account lab too" in ran.err
    assert "remove it first" in ran.err
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    (folder / "wiz-old-room.yml").unlink()
    fleetform.write("av/other.yml", {"accounts": {"other": fleetform.sandbox.account("blynk")}, "defaults": {"account": "other"}})
    fleetform("import", "--account", "lab", "--split-by", "space", "--output", "av", "--force")
    fleetform("plan", "av", "--exit-code")


def test_files_of_variables_are_never_written_over(fleetform: Command) -> None:
    fleetform.write("fleet.yml", {"accounts": {"lab": fleetform.sandbox.account("xyte")}, "vars_files": ["keys.yml"]})
    path = fleetform.write("keys.yml", {"key": "x"})
    ran = fleetform("import", "--account", "lab", "--output", "keys.yml", "--force", code=1)
    assert "keys.yml holds variables" in ran.err
    assert path.read_text() == "key: x\n"


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("file/below.yml", "cannot be written"),
        ("x" * 300 + ".yml", "cannot be written: File name too long"),
        ("folder", "is there and is no file"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_in_words(fleetform: Command, output: str, words: str) -> None:
    fleetform.fleet(vendor="xyte")
    fleetform.write("file", "")
    (fleetform.folder / "folder").mkdir()
    before = sorted(fleetform.folder.rglob("*"))
    ran = fleetform("import", "--account", "lab", "--output", output, code=1)
    assert words in ran.err
    assert [path for path in sorted(fleetform.folder.rglob("*")) if path not in before and path.suffix == ".yml"] == []


def test_a_file_keeps_its_permissions_and_a_new_one_shows_nobody_more_than_the_old(fleetform: Command) -> None:
    fleetform.fleet(vendor="xyte").chmod(0o600)
    fleetform("import", "--account", "lab", "--output", "new.yml")
    path = fleetform.folder / "new.yml"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    (fleetform.folder / "link.yml").symlink_to("new.yml")
    fleetform("import", "--account", "lab", "--output", "link.yml", "--force")
    assert (fleetform.folder / "link.yml").is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["  ", "\u00a0"])
def test_of_a_device_with_a_blank_name_only_the_name_is_left_out(fleetform: Command, name: str) -> None:
    fleetform.fleet(vendor="xyte")
    fleetform.sandbox.drift("xyte", "XQD-00001", name=name)
    ran = fleetform("import", "--account", "lab")
    assert "lab/XQD-00001: name is left out: name is blank" in ran.err
    row = device(imported(fleetform), serial="XQD-00001")
    assert "name" not in row
    assert row["space"]


def test_tags_that_cannot_be_declared_are_left_alone_and_the_others_stay(fleetform: Command) -> None:
    fleetform.fleet(vendor="greenlake")
    fleetform.sandbox.drift("greenlake", "CN0010001K", tags={"{{ x": "1", "site": "berlin", "": "nothing"})
    ran = fleetform("import", "--account", "lab")
    assert "purge_tags is left out" in ran.err
    row = device(imported(fleetform), serial="CN0010001K")
    assert row["tags"] == {"site": "berlin"}
    assert "purge_tags" not in row


def test_a_device_can_be_claimed_again_by_what_was_imported(fleetform: Command) -> None:
    fleetform.fleet(vendor="xyte")
    path = imported(fleetform)
    row = device(path, serial="XQD-00001")
    assert list(row)[:3] == ["account", "serial", "mac"]
    fleetform.sandbox.call("PATCH", "/state/xyte", {"device": "XQD-00001", "remove": True})
    ran = fleetform("plan", "new/all.yml", "--exit-code", code=2)
    assert "1 to create" in ran.out
    fleetform("apply", "new/all.yml", "--yes", "--quiet")
    fleetform("plan", "new/all.yml", "--exit-code")


def test_a_network_device_is_told_from_a_server_that_has_a_mac_too(fleetform: Command) -> None:
    fleetform.fleet(vendor="greenlake")
    kinds = {row["serialNumber"]: row["category"] for row in fleetform.sandbox.state("greenlake")["devices"].values()}
    rows = devices(imported(fleetform))
    assert {row.get("device_type") for row in rows if kinds[row["serial"]] != "NETWORK"} == {None}
    assert {row.get("device_type") for row in rows if row.get("mac")} == {"NETWORK"}
    assert any(row.get("mac") for row in rows)


def test_two_devices_with_one_mac_are_declared_without_it(fleetform: Command) -> None:
    fleetform.fleet(vendor="xyte")
    state = fleetform.sandbox.state("xyte")
    mac = next(row["mac"] for row in state["devices"].values() if row["sn"] == "XQD-00001")
    fleetform.sandbox.drift("xyte", "XQD-00002", mac=mac)
    path = imported(fleetform)
    assert [name for name in ("XQD-00001", "XQD-00002") if "mac" in device(path, serial=name)] == []


def test_a_device_that_somebody_archives_is_seen(fleetform: Command) -> None:
    fleetform.fleet(vendor="greenlake")
    path = imported(fleetform)
    serial = next(row["serial"] for row in devices(path) if row["archived"] is False and "application" not in row)
    fleetform.sandbox.drift("greenlake", serial, archived=True)
    ran = fleetform("plan", "new/all.yml", "--exit-code", code=2)
    assert serial in ran.out
    assert "archived" in ran.out
