# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fleet files loaded: vaults, templates and what they may do, several files as one fleet, and errors with their place."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.cli import CLI
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret, VaultSecretsContext
from ansible.template import trust_as_template

from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_file import LoadedFleet, load
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_paths import FleetFileError, check, find

PASSWORD = b"vault-word"


@pytest.fixture(autouse=True)
def no_vault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible keeps the secrets of a process once and for all."""
    monkeypatch.setattr(VaultSecretsContext, "_current", None)


class Folder:
    """Fleet files in a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: t.Any) -> str:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return str(path)

    def load(self, *names: str, vault: str | None = None, ids: t.Sequence[str] = (), **more: t.Any) -> LoadedFleet:
        """As the command does it, in a process of its own."""
        VaultSecretsContext._current = None
        loader = DataLoader()
        secrets = CLI.setup_vault_secrets(
            loader,
            vault_ids=list(ids),
            vault_password_files=[] if vault is None else [vault],
            ask_vault_pass=False,
            auto_prompt=False,
        )
        loader.set_vault_secrets(secrets)
        return load(find([str(self.path / name) for name in names or ("fleet.yml",)]), loader=loader, **more)

    def refused(self, *names: str, **more: t.Any) -> list[str]:
        with pytest.raises(FleetFileError) as caught:
            self.load(*names, **more)
        return [str(problem).replace(f"{self.path}/", "") for problem in caught.value.problems]

    def value(self, text: str, **more: t.Any) -> t.Any:
        """What a name becomes that is written so."""
        self.write("fleet.yml", f"devices:\n- model: M\n  name: {text}\n")
        return self.load(**more).declarations[0].name

    def value_refused(self, text: str, **more: t.Any) -> str:
        self.write("fleet.yml", f"devices:\n- model: M\n  name: {text}\n")
        (problem,) = self.refused(**more)
        return problem


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def vaulted(text: str, password: bytes = PASSWORD) -> str:
    return t.cast(str, VaultLib([("default", VaultSecret(password))]).encrypt(text.encode(), VaultSecret(password)).decode())


def inline(text: str, indent: int) -> str:
    return "!vault |\n" + "\n".join(" " * indent + line for line in vaulted(text).splitlines())


def password_file(folder: Folder, *, script: bool = False) -> str:
    if not script:
        return folder.write("word", PASSWORD.decode() + "\n")
    path = folder.write("word.sh", f"#!/bin/sh\necho {PASSWORD.decode()}\n")
    Path(path).chmod(0o700)
    return path


@pytest.mark.parametrize("script", [False, True])
def test_vaulted_files_of_variables_open_by_a_password_file_and_by_a_script(folder: Folder, script: bool) -> None:
    folder.write("fleet.yml", 'vars_files: [secrets.yml]\naccounts: {lab: {vendor: xyte, token: "{{ word }}"}}\n')
    folder.write("secrets.yml", vaulted("word: s3cret\n"))
    loaded = folder.load(vault=password_file(folder, script=script))
    assert loaded.accounts == {"lab": {"vendor": "xyte", "token": "s3cret"}}
    assert "s3cret" not in repr(loaded)


@pytest.mark.parametrize("script", [False, True])
def test_vaulted_values_open_in_a_fleet_file_and_in_variables(folder: Folder, script: bool) -> None:
    folder.write(
        "fleet.yml",
        f"vars_files: [v.yml]\naccounts:\n  lab:\n    vendor: xyte\n"
        f"    token: {inline('here', 6)}\n  av: {{vendor: xyte, token: '{{{{ word }}}}'}}\n",
    )
    folder.write("v.yml", f"word: {inline('there', 2)}\n")
    loaded = folder.load(vault=password_file(folder, script=script))
    assert {name: options["token"] for name, options in loaded.accounts.items()} == {"lab": "here", "av": "there"}


def test_a_vault_id_opens_what_is_vaulted_with_it(folder: Folder) -> None:
    text = VaultLib().encrypt(b"word: s3cret\n", VaultSecret(PASSWORD), vault_id="prod").decode()
    folder.write("fleet.yml", 'vars_files: [secrets.yml]\naccounts: {lab: {vendor: xyte, token: "{{ word }}"}}\n')
    folder.write("secrets.yml", text)
    assert folder.load(ids=[f"prod@{password_file(folder)}"]).accounts["lab"]["token"] == "s3cret"


def test_what_is_in_a_vault_is_no_template(folder: Folder) -> None:
    trap = "{{ lookup('pipe', 'echo taken') }}"
    folder.write("fleet.yml", f"accounts:\n  lab:\n    vendor: mobilefirst\n    username: x\n    password: {inline(trap, 6)}\n")
    assert folder.load(vault=password_file(folder)).accounts["lab"]["password"] == trap


def test_a_vault_without_its_password_is_an_error_that_names_file_and_account(folder: Folder) -> None:
    folder.write("fleet.yml", f"accounts:\n  lab:\n    vendor: xyte\n    token: {inline('here', 6)}\n")
    (problem,) = folder.refused()
    assert problem.startswith("fleet.yml:2: account lab: token: ")
    folder.write("fleet.yml", "vars_files: [secrets.yml]\n")
    folder.write("secrets.yml", vaulted("word: s3cret\n"))
    (problem,) = folder.refused()
    assert problem.startswith("secrets.yml (named in fleet.yml:1): ")
    assert problem.endswith("; give --vault-password-file or --vault-id")
    wrong = folder.write("wrong", "something else\n")
    (problem,) = folder.refused(vault=wrong)
    assert problem.startswith("secrets.yml (named in fleet.yml:1): ")
    assert problem.endswith("none of the passwords fits; look at --vault-password-file and --vault-id")


def test_a_fleet_file_that_is_vaulted_as_a_whole_is_refused_with_what_to_do(folder: Folder) -> None:
    folder.write("fleet.yml", vaulted("devices: []\n"))
    assert "put the secrets into a vaulted vars_files" in folder.refused()[0]


def test_extra_variables_win_over_files_of_variables(folder: Folder) -> None:
    folder.write("v.yml", "where: file\n")
    folder.write("fleet.yml", "vars_files: [v.yml]\ndevices:\n- {name: '{{ where }}', model: M}\n")
    assert folder.load().declarations[0].name == "file"
    assert folder.load(extra_vars={"where": "command"}).declarations[0].name == "command"


def test_files_of_variables_are_found_beside_the_file_that_names_them(folder: Folder) -> None:
    folder.write("deep/vars/v.yml", "x: found\n")
    folder.write("deep/fleet.yml", "vars_files: [vars/v.yml]\ndevices:\n- {name: '{{ x }}', model: M}\n")
    assert folder.load("deep/fleet.yml").declarations[0].name == "found"


def test_a_missing_or_unfit_file_of_variables_names_itself_and_who_wants_it(folder: Folder) -> None:
    folder.write("fleet.yml", "vars_files: [nowhere.yml]\n")
    assert folder.refused() == ["vars_files: nowhere.yml: there is no such file (named in fleet.yml:1)"]
    folder.write("nowhere.yml", "- a list\n")
    assert folder.refused() == ["nowhere.yml: a file of variables must hold a mapping of names to values"]


def test_unsafe_text_and_text_from_outside_is_no_template(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = "{{ lookup('pipe', 'echo taken') }}"
    assert folder.value(f'!unsafe "{trap}"') == trap
    monkeypatch.setenv("OUTSIDE", trap)
    assert folder.value("\"{{ lookup('env', 'OUTSIDE') }}\"") == trap
    outside = folder.write("outside.txt", trap)
    assert folder.value(f"\"{{{{ lookup('file', '{outside}') }}}}\"") == trap
    assert folder.value("'{{ x }}'", extra_vars={"x": trap}) == trap


def test_what_a_template_makes_is_no_template(folder: Folder) -> None:
    made = "{{ '{{ lookup(' ~ \"'pipe', 'echo taken'\" ~ ') }}' }}"
    assert folder.value(json.dumps(made)) == "{{ lookup('pipe', 'echo taken') }}"


def test_the_allowed_lookups_work(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORD", "of the environment")
    folder.write("text", "of a file")
    folder.write("sealed", vaulted("of a vault"))
    word = password_file(folder)
    for text, wanted in (
        ("lookup('env', 'WORD')", "of the environment"),
        ("query('env', 'WORD') | first", "of the environment"),
        ("q('env', 'WORD')[0]", "of the environment"),
        (f"lookup('file', '{folder.path}/text')", "of a file"),
        (f"lookup('unvault', '{folder.path}/sealed') | trim", "of a vault"),
        ("lookup('vars', 'x')", "of a variable"),
    ):
        assert folder.value(json.dumps("{{ " + text + " }}"), extra_vars={"x": "of a variable"}, vault=word) == wanted


@pytest.mark.parametrize(
    "trick",
    [
        "{{ lookup('pipe', 'touch HERE') }}",
        '{{ lookup("pipe", "touch HERE") }}',
        "{{ query('pipe', 'touch HERE') }}",
        "{{ q('pipe', 'touch HERE') }}",
        "{{ lookup('ansible.builtin.pipe', 'touch HERE') }}",
        "{{ lookup('ansible.legacy.pipe', 'touch HERE') }}",
        "{{ lookup('pi' ~ 'pe', 'touch HERE') }}",
        "{{ lookup('%s' % 'pipe', 'touch HERE') }}",
        "{{ lookup(name, 'touch HERE') }}",
        "{{ lookup(*['pipe', 'touch HERE']) }}",
        "{{ lookup(**{'name': 'pipe'}) }}",
        "{% set l = lookup %}{{ l('pipe', 'touch HERE') }}",
        "{% for l in [lookup] %}{{ l('pipe', 'touch HERE') }}{% endfor %}",
        "{% macro m(f) %}{{ f('pipe', 'touch HERE') }}{% endmacro %}{{ m(lookup) }}",
        "{% call lookup('pipe', 'touch HERE') %}{% endcall %}",
        "{% with l = q %}{{ l('pipe', 'touch HERE') }}{% endwith %}",
        "{{ [lookup][0]('pipe', 'touch HERE') }}",
        "{{ (lookup)('pipe', 'touch HERE') }}",
        "{{ lookup.__call__('pipe', 'touch HERE') }}",
        "{{ lookup | attr('__call__') }}",
        "{{ {'f': lookup}.f('pipe', 'touch HERE') }}",
        "{{ nope | default(lookup('pipe', 'touch HERE')) }}",
        "{{ lookup('env', lookup('pipe', 'touch HERE')) }}",
        "{% if lookup('pipe', 'touch HERE') %}x{% endif %}",
        "{{ lookup('template', 'x.j2') }}",
        "{{ lookup('password', 'HERE') }}",
        "{{ lookup('url', 'http://localhost') }}",
        "{{ lookup('first_found', ['x']) }}",
        "{% include 'HERE' %}",
        "{% import 'HERE' as x %}",
        "{% from 'HERE' import x %}",
        "{% extends 'HERE' %}",
        "#jinja2: variable_start_string:'[[', variable_end_string:']]'\n[[ lookup('pipe', 'touch HERE') ]]",
        "#jinja2:variable_start_string:'[[',variable_end_string:']]'\n[[ lookup('pipe', 'touch HERE') ]]",
        "{{ self._TemplateReference__context['lookup']('pipe', 'touch HERE') }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ lipsum.__globals__['os'].popen('touch HERE') }}",
    ],
)
@pytest.mark.parametrize("place", ["device", "account", "variable", "extra"])
def test_no_trick_makes_another_lookup_or_leaves_the_sandbox(folder: Folder, trick: str, place: str) -> None:
    made = folder.path / "made"
    text = json.dumps(trick.replace("HERE", str(made)))
    account = text if place == "account" else '"t"'
    name = text if place == "device" else '"{{ x }}"' if place in ("variable", "extra") else "Lobby"
    folder.write("v.yml", f"x: {text}\n" if place == "variable" else "y: 1\n")
    folder.write(
        "fleet.yml",
        f"vars_files: [v.yml]\naccounts:\n  lab: {{vendor: xyte, token: {account}}}\ndevices:\n- name: {name}\n  model: M\n",
    )
    extra = {"x": trust_as_template(trick.replace("HERE", str(made)))} if place == "extra" else None
    where = {"device": "fleet.yml:5: ", "account": "fleet.yml:3: account lab: token: ", "variable": "", "extra": ""}[place]
    assert any(problem.startswith(where) for problem in folder.refused(extra_vars=extra))
    assert not made.exists()


def test_a_forbidden_lookup_says_how_to_allow_it_and_is_allowed_so(folder: Folder) -> None:
    text = "\"{{ lookup('pipe', 'echo taken') }}\""
    assert folder.value_refused(text) == (
        "fleet.yml:2: name: the lookup 'pipe' is not allowed here, only env, file, unvault, vars; see --allow-lookup"
    )
    assert folder.value(text, allow_lookups=["pipe"]) == "taken"
    assert folder.value(text, allow_lookups=["ansible.builtin.pipe"]) == "taken"


@pytest.mark.parametrize("text", ["{{ x", "{% if %}", "{{ 1 + }}", "{% do x %}", "{% endif %}"])
def test_what_is_no_template_is_told_with_its_place(folder: Folder, text: str) -> None:
    assert folder.value_refused(json.dumps(text)).startswith("fleet.yml:2: name: this is not a template: ")


def test_an_undefined_variable_names_file_line_and_option(folder: Folder) -> None:
    folder.write(
        "fleet.yml", 'accounts:\n  lab:\n    vendor: xyte\n    token: "{{ nope }}"\ndevices:\n- {name: "{{ neither }}"}\n'
    )
    first, second = folder.refused()
    assert first.startswith("fleet.yml:2: account lab: token: ")
    assert "'nope' is undefined" in first
    assert second.startswith("fleet.yml:6: ")
    assert "'neither' is undefined" in second


@pytest.mark.parametrize(
    "value", ['""', "'  '", "\"{{ '' }}\"", "\"{{ lookup('env', 'NO_SUCH_VARIABLE') }}\"", "\"{{ nope | default('') }}\""]
)
@pytest.mark.parametrize("option", ["token", "client_secret", "refresh_token", "password"])
def test_an_empty_credential_is_an_error_before_any_call(folder: Folder, option: str, value: str) -> None:
    folder.write("fleet.yml", f"accounts:\n  lab:\n    vendor: webex\n    {option}: {value}\n")
    (problem,) = folder.refused()
    place = "2" if "{{" in value else f"4:{len(option) + 7}"
    assert problem == f"fleet.yml:{place}: account lab: {option} is empty; leave it out where it comes from the environment"


def test_omit_leaves_an_option_out(folder: Folder) -> None:
    folder.write(
        "fleet.yml",
        'accounts: {lab: {vendor: xyte, token: "{{ nope | default(omit) }}"}}\n'
        'devices:\n- {name: a, owner: "{{ nope | default(omit) }}"}\n',
    )
    loaded = folder.load()
    assert loaded.accounts["lab"].get("token") is None
    assert loaded.declarations[0].owner is None


def test_values_keep_their_types_and_hold_nothing_of_ansible(folder: Folder) -> None:
    folder.write(
        "fleet.yml",
        'devices:\n- {name: "0012", metafields: {a: "{{ 5 }}", b: "{{ true }}", c: "{{ [1, {\'d\': 2.5}] }}", d: 2026-01-02,\n'
        '  e: "007"}}\n',
    )
    fields = folder.load().declarations[0].metafields
    assert fields == {"a": 5, "b": True, "c": [1, {"d": 2.5}], "d": "2026-01-02", "e": "007"}
    assert [type(value) for value in (fields or {}).values()] == [int, bool, list, str, str]


@pytest.mark.parametrize("text", ['"{{ 12 }}"', '"{{ true }}"'])
def test_a_template_that_makes_no_string_of_a_name_is_an_error(folder: Folder, text: str) -> None:
    problem = folder.value_refused(text)
    assert problem.startswith("fleet.yml:2: ")
    assert "name must be a string" in problem


def test_each_device_knows_where_it_is_declared(folder: Folder) -> None:
    folder.write("fleet.yml", "devices:\n- name: a\n\n- name: b\n")
    assert [one.declared_at for one in folder.load().declarations] == [f"{folder.path}/fleet.yml:{line}" for line in (2, 4)]


def test_what_is_wrong_as_text_is_told_before_anything_is_loaded(folder: Folder) -> None:
    folder.write("fleet.yml", "devices:\n- {serial: 0012}\n- {nmae: x}\nvars_files: [nowhere.yml]\n")
    assert folder.refused() == [
        'fleet.yml:2:12: devices[0]: serial: 0012 is a number to YAML; quote it: "0012"',
        "fleet.yml:3:4: devices[1]: unknown option 'nmae'; did you mean 'name'?",
    ]


def test_anchors_and_merge_keys_reach_the_declarations(folder: Folder) -> None:
    folder.write("fleet.yml", "devices:\n- &one {name: a, model: M, owner: x@example.com}\n- {<<: *one, name: b}\n")
    assert [(one.name, one.model, one.owner) for one in folder.load().declarations] == [
        ("a", "M", "x@example.com"),
        ("b", "M", "x@example.com"),
    ]


def test_defaults_hold_for_their_own_file_and_give_way_to_the_device(folder: Folder) -> None:
    folder.write(
        "a.yml", "defaults: {account: one, model: M}\ndevices:\n- {name: a}\n- {name: b, model: N}\n- {name: d, model: null}\n"
    )
    folder.write("b.yml", "defaults: {account: two}\ndevices:\n- {name: c}\n")
    assert [(one.account, one.name, one.model) for one in folder.load("a.yml", "b.yml").declarations] == [
        ("one", "a", "M"),
        ("one", "b", "N"),
        ("one", "d", "M"),
        ("two", "c", None),
    ]


def test_several_files_are_one_fleet_and_see_the_variables_of_all(folder: Folder) -> None:
    folder.write("a.yml", "vars_files: [v.yml]\naccounts: {one: {vendor: xyte}}\nmax_changes: {delete: {count: 1}}\n")
    folder.write(
        "b.yml",
        "accounts: {two: {vendor: blynk}}\nmax_changes: {update: {percent: 5}}\n"
        "prune:\n- {account: one, scope: {space: '{{ place }}'}}\n",
    )
    folder.write("v.yml", "place: Wiz\n")
    loaded = folder.load("a.yml", "b.yml")
    assert set(loaded.accounts) == {"one", "two"}
    assert loaded.max_changes == {"delete": {"count": 1}, "update": {"percent": 5}}
    assert [(scope.account, scope.filters) for scope in loaded.prune] == [("one", {"space": "Wiz"})]


def test_the_same_account_or_limit_in_two_files_is_an_error_with_its_place(folder: Folder) -> None:
    for name in ("a.yml", "b.yml"):
        folder.write(name, "accounts:\n  lab: {vendor: xyte}\nmax_changes: {delete: {count: 1}}\n")
    assert folder.refused("a.yml", "b.yml") == [
        "b.yml:2:3: account lab stands in a.yml:2 as well; keep one",
        "b.yml:3:15: max_changes: delete stands in a.yml:3 as well; keep one",
    ]


def test_a_folder_means_its_files_by_name_without_hidden_ones_and_files_of_variables(folder: Folder) -> None:
    folder.write("f/b.yaml", "vars_files: [secrets.yml]\n")
    folder.write("f/a.yml", "devices: []\n")
    folder.write("f/c.json", '{"devices": [{"name": "j"}]}')
    folder.write("f/secrets.yml", "x: 1\n")
    folder.write("f/.hidden.yml", "not: a fleet\n")
    folder.write("f/notes.txt", "not a fleet\n")
    folder.write("f/below/d.yml", "not: a fleet\n")
    found = [Path(name).name for name in find([str(folder.path / "f")])]
    assert found == ["a.yml", "b.yaml", "c.json"]
    assert folder.load("f").declarations[0].name == "j"


def test_a_file_that_is_named_twice_counts_once_however_it_is_spelled(folder: Folder) -> None:
    folder.write("f/a.yml", "devices:\n- {name: a}\n")
    (folder.path / "f" / "b.yml").symlink_to("a.yml")
    (folder.path / "other").symlink_to("f")
    assert len(folder.load("f", "f/a.yml", "f/../f/a.yml", "other").declarations) == 1


@pytest.mark.parametrize("kind", ["broken link", "folder", "pipe", "locked"])
def test_what_in_a_folder_is_no_file_that_can_be_read_is_told_in_words(
    folder: Folder, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("f/a.yml", "devices: []\n")
    path = folder.path / "f" / "x.yml"
    if kind == "broken link":
        path.symlink_to("nowhere.yml")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        folder.write("f/x.yml", "devices: []\n")
        read = Path.read_text

        def refuse(self: Path, *more: t.Any, **options: t.Any) -> str:
            if self == path:
                raise PermissionError(13, "Permission denied")
            return read(self, *more, **options)

        monkeypatch.setattr(Path, "read_text", refuse)
    wanted = {
        "broken link": "this is a link to nowhere.yml, which is not there; take it away or mend it",
        "folder": "this is a folder; give it another name, or name the files in it",
        "pipe": "this is no file that can be read",
        "locked": "it cannot be read: Permission denied",
    }
    assert folder.refused("f") == [f"f/x.yml: {wanted[kind]}"]


def test_what_is_not_there_is_told(folder: Folder) -> None:
    assert folder.refused("nowhere.yml")[0].startswith("nowhere.yml: there is no such file or folder")
    folder.write("empty/notes.txt", "")
    assert folder.refused("empty")[0].startswith("empty: there is no *.yml")


def test_a_file_that_is_no_text_is_told(folder: Folder) -> None:
    (folder.path / "fleet.yml").write_bytes(b"\xff\xfe\x00")
    assert folder.refused() == ["fleet.yml:1: it cannot be read: this is not UTF-8; save it as UTF-8"]


def test_prune_needs_a_scope(folder: Folder) -> None:
    folder.write("fleet.yml", "prune:\n- {account: lab}\n- {account: lab, scope: {}}\n- {account: lab, scope: null}\n- ~\n")
    assert folder.refused() == [
        f"fleet.yml:{place}: prune[{number}]: prune needs a scope: the devices outside of it are nobody's business here"
        for number, place in enumerate(("2:3", "3:25", "4:25", "5:3"))
    ]


def test_a_scope_that_cannot_be_rendered_is_told_once_with_its_line_and_option(folder: Folder) -> None:
    folder.write("fleet.yml", "prune:\n- {account: lab, scope: {space: '{{ nope }}'}}\n")
    (problem,) = folder.refused()
    assert problem.startswith("fleet.yml:2: prune[0]: scope: ")
    assert "'nope' is undefined" in problem


def test_an_empty_filter_of_a_scope_is_refused_and_never_means_everything(folder: Folder) -> None:
    for value in ("null", "[null]", "[Wiz, ~]"):
        folder.write("fleet.yml", f"prune:\n- {{account: lab, scope: {{space: {value}}}}}\n")
        assert folder.refused() == ["fleet.yml:2:33: prune[0]: scope: space has no value; say which devices are meant"]
    folder.write("fleet.yml", 'prune:\n- {account: lab, scope: {space: "{{ [none] }}"}}\n')
    assert folder.refused() == ["fleet.yml:2: prune[0]: scope: space has no value; say which devices are meant"]
    folder.write("fleet.yml", 'prune:\n- {account: lab, scope: {space: "{{ nope | default(omit) }}"}}\n')
    assert "scope" in folder.refused()[0]


def test_check_reads_no_variables_and_needs_no_secret(folder: Folder) -> None:
    folder.write("fleet.yml", 'vars_files: [nowhere.yml]\naccounts: {lab: {vendor: xyte, token: "{{ nope }}"}}\n')
    found = next(iter(check(find([str(folder.path / "fleet.yml")])).values()))
    assert found.problems == []


def test_names_are_never_rendered_so_that_anything_may_stand_in_them(folder: Folder) -> None:
    folder.write(
        "fleet.yml",
        "devices:\n- name: a\n  metafields: {'{{ k }}': '{{ k }}', \"{{ lookup('pipe', 'x') }}\": [{'{% if %}': 1}]}\n"
        "  applications: {'{{ app': ENABLED}\n",
    )
    declaration = folder.load(extra_vars={"k": "v"}).declarations[0]
    assert declaration.metafields == {"{{ k }}": "v", "{{ lookup('pipe', 'x') }}": [{"{% if %}": 1}]}
    assert declaration.applications == {"{{ app": "ENABLED"}


def test_a_problem_of_a_file_of_variables_names_line_and_variable(folder: Folder) -> None:
    folder.write("fleet.yml", "\nvars_files: [v.yml]\n")
    folder.write("v.yml", "a: 1\n\nb: c: d\n")
    assert folder.refused()[0].startswith("v.yml:3 (named in fleet.yml:2): ")
    folder.write("v.yml", "a: 1\nb: {c: \"{{ lookup('pipe', 'x') }}\"}\n")
    assert folder.refused()[0].startswith("v.yml: b: the lookup 'pipe' is not allowed here")


def test_a_wrong_option_of_an_account_names_its_place_once_rendered(folder: Folder) -> None:
    folder.write(
        "fleet.yml",
        "vars_files: [v.yml]\naccounts:\n  lab:\n    vendor: '{{ v }}'\n    timeout: '{{ t }}'\n    client_id: '{{ c }}'\n",
    )
    folder.write("v.yml", "v: bylnk\nt: soon\nc: ''\n")
    assert folder.refused() == [
        "fleet.yml:3: account lab: client_id is empty; leave it out where it comes from the environment",
        "fleet.yml:3: account lab: there is no vendor 'bylnk'; did you mean 'blynk'? "
        "(known: blynk, greenlake, mobilefirst, webex, xyte)",
        "fleet.yml:3: account lab: `timeout` must be a number",
    ]


def test_a_wrong_device_names_its_place_once(folder: Folder) -> None:
    folder.write("fleet.yml", "devices:\n- name: '{{ n }}'\n  protect: '{{ p }}'\n")
    assert folder.refused(extra_vars={"n": "a", "p": "perhaps"}) == [
        "fleet.yml:2: device -/a: protect must be true or false, not 'perhaps'"
    ]


def test_defaults_that_cannot_be_rendered_name_their_line_and_option(folder: Folder) -> None:
    folder.write("fleet.yml", "devices: []\ndefaults:\n  owner: '{{ nope }}'\n")
    (problem,) = folder.refused()
    assert problem.startswith("fleet.yml:3: defaults: owner: ")


@pytest.mark.parametrize(
    ("one", "other", "variable"),
    [
        ("a-b", "a_b", "FLEETFORM_A_B_API_VERSION"),
        ("a-b", "A-B", "FLEETFORM_A_B_API_VERSION"),
        ("ä", "ö", "FLEETFORM___API_VERSION"),
        ("lab", "lab_token", "FLEETFORM_LAB_TOKEN_URL"),
    ],
)
def test_accounts_that_read_the_same_variables_of_the_environment_are_an_error_that_names_both(
    folder: Folder, one: str, other: str, variable: str
) -> None:
    folder.write("a.yml", f"accounts:\n  {one}: {{vendor: xyte}}\n")
    folder.write("b.yml", f"accounts:\n  c: {{vendor: xyte}}\n  {other}: {{vendor: xyte}}\n")
    assert folder.refused("a.yml", "b.yml") == [
        f"b.yml:3:3: accounts {one!r} and {other!r} both read the environment variable {variable}; rename one of them"
    ]


def test_all_files_are_judged_in_one_run(folder: Folder) -> None:
    folder.write("a.yml", "devices:\n- {nmae: a}\n")
    (folder.path / "b.yml").write_bytes(b"x: 1\n\xff")
    folder.write("c.yml", "devices:\n- {serial: 5}\n")
    assert [problem.partition(": ")[0] for problem in folder.refused("a.yml", "b.yml", "c.yml")] == [
        "b.yml:2",
        "a.yml:2:4",
        "c.yml:2:12",
    ]
