# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fleet files, loaded and rendered by Ansible's own loader once their text is right.

Accounts, devices and prune scopes of all files are put together; an account, or a limit, that stands in two files is an error.
``defaults`` hold for the devices of their own file. Variables of all ``vars_files`` are seen by all files.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, is_trusted_as_template
from jinja2 import Environment, TemplateSyntaxError, nodes

from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Scope
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_paths import FleetFileError, check, problems_in
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_syntax import Checked
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_values import wrong_in_account, wrong_in_scope
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_words import line_of, words
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_yaml import Problem
from ansible_collections.fleetform.devices.plugins.plugin_utils.in_process import plain

LOOKUPS = frozenset({"env", "vars", "file", "unvault"})
"""Lookups that a fleet file may use unless more are allowed."""

_LOOKUP_NAMES = frozenset({"lookup", "query", "q"})
_BUILTIN = "ansible.builtin."
_SYNTAX = Environment(autoescape=True)
# With this first line a template says which signs it uses, so that lookups could not be seen.
_OWN_SIGNS = "#jinja2:"
_ELSEWHERE = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)

Options = dict[str, t.Any]


@dataclass
class LoadedFleet:
    """What the files say: accounts rendered, devices as declarations and as options, scopes to prune, limits by action.

    ``account_places`` says in which file and line each account stands.
    """

    files: tuple[str, ...] = ()
    accounts: dict[str | None, Options] = field(default_factory=dict, repr=False)
    declarations: list[Declaration] = field(default_factory=list)
    devices: list[Options] = field(default_factory=list, repr=False)
    prune: list[Scope] = field(default_factory=list)
    max_changes: dict[str, dict[str, int]] = field(default_factory=dict)
    account_places: dict[str | None, str] = field(default_factory=dict)


def load(
    files: t.Sequence[str],
    *,
    loader: DataLoader,
    base_vars: t.Mapping[str, t.Any] | None = None,
    extra_vars: t.Mapping[str, t.Any] | None = None,
    allow_lookups: t.Collection[str] = (),
) -> LoadedFleet:
    """The fleet that the files describe. Raises FleetFileError with every problem that could be found."""
    checked = check(files)
    if problems := problems_in(checked):
        raise FleetFileError(problems)
    reading = _Reading(loader, allow_lookups)
    contents = {file: reading.contents(file) for file in files}
    variables: Options = dict(base_vars or {})
    for file, content in contents.items():
        for name, line in zip(content.get("vars_files") or (), checked[file].variable_lines, strict=False):
            variables.update(reading.variables(str(Path(file).parent / str(name)), f"{file}:{line}"))
    if base_vars is None:
        # In a play they are the play's, which looks up what it likes.
        reading.hold_each_to_lookups(extra_vars or {}, "--extra-vars")
    variables.update(extra_vars or {})
    if reading.problems:
        # A variable is rendered wherever it is used, so that nothing is rendered while one of them is wrong.
        raise FleetFileError(reading.problems)
    reading.templar = Templar(loader=loader, variables=variables)
    fleet = LoadedFleet(files=tuple(files))
    for file, content in contents.items():
        _add(fleet, file, content, checked[file], reading)
    if reading.problems:
        raise FleetFileError(reading.problems)
    return fleet


class _Reading:
    """Loads and renders, and gathers what is wrong on the way."""

    def __init__(self, loader: DataLoader, allow_lookups: t.Collection[str]) -> None:
        self.loader = loader
        self.allowed = LOOKUPS | {name.removeprefix(_BUILTIN) for name in allow_lookups}
        self.templar: Templar | None = None
        self.problems: list[Problem | str] = []

    def contents(self, file: str) -> Options:
        """What a fleet file holds, its text being right."""
        try:
            return self._loaded(file) or {}
        except AnsibleError as error:
            self.problems.append(f"{_placed(file, error)}: {words(error)}")
            return {}

    def variables(self, path: str, wanted_by: str) -> Options:
        """The variables of a file that a fleet file names; none where it is wrong, which is a problem."""
        if not os.path.isfile(path):
            what = "this is a folder" if os.path.isdir(path) else "there is no such file"
            self.problems.append(f"vars_files: {path}: {what} (named in {wanted_by})")
            return {}
        try:
            content = self._loaded(path)
        except AnsibleError as error:
            self.problems.append(f"{_placed(path, error)} (named in {wanted_by}): {words(error)}")
            return {}
        if content is None:
            return {}
        if not isinstance(content, dict):
            self.problems.append(f"{path}: a file of variables must hold a mapping of names to values")
            return {}
        self.hold_each_to_lookups(content, path)
        return content

    def _loaded(self, path: str) -> t.Any:
        return self.loader.load_from_file(os.path.realpath(path), cache="none", trusted_as_template=True)

    def rendered(self, value: t.Any, where: str) -> t.Any:
        """A value with its templates rendered, as plain data. What cannot be rendered becomes None and a problem."""
        if not self.hold_to_lookups(value, where):
            return None
        try:
            return self._rendered(value)
        except AnsibleError as error:
            self.problems.append(f"{where}: {words(error)}")
            return None

    def rendered_options(self, options: t.Mapping[str, t.Any], where: str) -> Options | None:
        """The options of a mapping rendered together. None where that cannot be; each option that is wrong is a problem."""
        before = len(self.problems)
        self.hold_each_to_lookups(options, where)
        if len(self.problems) > before:
            return None
        try:
            return t.cast(Options, self._rendered(options))
        except AnsibleError as error:
            for name, value in options.items():
                self.rendered(value, f"{where}: {name}")
            if len(self.problems) == before:
                self.problems.append(f"{where}: {words(error)}")
            return None

    def _rendered(self, value: t.Any) -> t.Any:
        # In a dictionary, because `omit` takes a key away.
        return plain(value if self.templar is None else self.templar.template({"value": value}).get("value"))

    def hold_each_to_lookups(self, named: t.Mapping[str, t.Any], where: str) -> None:
        """The same as hold_to_lookups for each of several values, so that a problem names the one it is about."""
        for name, value in named.items():
            self.hold_to_lookups(value, f"{where}: {name}")

    def hold_to_lookups(self, value: t.Any, where: str) -> bool:
        """Whether the templates of a value make such lookups only as are allowed; what is not becomes a problem."""
        before = len(self.problems)
        for text in _texts(value):
            if text.startswith(_OWN_SIGNS):
                self.problems.append(f"{where}: a template that begins with {_OWN_SIGNS} is not allowed here")
                continue
            try:
                tree = _SYNTAX.parse(text)
            except TemplateSyntaxError as error:
                self.problems.append(f"{where}: this is not a template: {error.message}")
                continue
            if tree.find(_ELSEWHERE) is not None:
                self.problems.append(f"{where}: a template may not include or import another one here")
            for name in _lookups(tree):
                if name is None or name.removeprefix(_BUILTIN) not in self.allowed:
                    shown = "a lookup whose name is not written out" if name is None else f"the lookup {name!r}"
                    allowed = ", ".join(sorted(self.allowed))
                    self.problems.append(f"{where}: {shown} is not allowed here, only {allowed}; see --allow-lookup")
        return len(self.problems) == before


def _placed(path: str, error: AnsibleError) -> str:
    line = line_of(error)
    return path if line is None else f"{path}:{line}"


def _add(fleet: LoadedFleet, file: str, content: Options, checked: Checked, reading: _Reading) -> None:
    for name, options in (content.get("accounts") or {}).items():
        place = f"{file}:{checked.account_lines.get(name, 1)}"
        fleet.accounts[str(name)] = _account(str(name), options or {}, f"{place}: account {name}", reading)
        fleet.account_places[str(name)] = place
    place = f"{file}:{checked.defaults_line}: defaults"
    defaults = reading.rendered_options(content.get("defaults") or {}, place) or {}
    for number, options in enumerate(content.get("devices") or ()):
        where = f"{file}:{checked.device_lines[number]}"
        given = reading.rendered_options(options, where)
        if given is None:
            continue
        try:
            whole = {**defaults, **_given(given)}
            fleet.declarations.append(declaration_from(whole, declared_at=where))
            fleet.devices.append({**whole, "declared_at": where})
        except DeclarationError as error:
            device = str(error.device).removesuffix(f" ({where})")
            reading.problems.append(f"{where}: device {device}: {error.message}")
    for number, row in enumerate(content.get("prune") or ()):
        where = f"{file}:{checked.prune_lines[number]}: prune[{number}]"
        entry = reading.rendered_options(row, where)
        if entry is None:
            continue
        if wrong := wrong_in_scope(entry.get("scope")):
            reading.problems += [f"{where}: {'' if name is None else 'scope: '}{text}" for name, text in wrong]
            continue
        account = entry.get("account") or defaults.get("account")
        fleet.prune.append(Scope(account, dict(entry["scope"]), f"{file}: prune[{number}]"))
    for action, limit in (content.get("max_changes") or {}).items():
        fleet.max_changes[action] = {name: int(number) for name, number in limit.items()}


def _account(name: str, options: Options, where: str, reading: _Reading) -> Options:
    rendered = {}
    unknown = []
    for option, value in options.items():
        before = len(reading.problems)
        rendered[option] = reading.rendered(value, f"{where}: {option}")
        if len(reading.problems) > before:
            unknown.append(option)
    known = {option: value for option, value in rendered.items() if option not in unknown}
    reading.problems += [f"{where}: {text}" for _option, text in wrong_in_account(known, name, unknown)]
    return rendered


def _given(options: Options) -> Options:
    return {name: value for name, value in options.items() if value is not None}


def _texts(value: t.Any) -> t.Iterator[str]:
    """The texts that would be rendered: not those that are vaulted, or marked as unsafe, and no names."""
    if isinstance(value, str):
        if is_trusted_as_template(value) and ("{{" in value or "{%" in value or value.startswith(_OWN_SIGNS)):
            yield str.__str__(value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _lookups(tree: nodes.Template) -> list[str | None]:
    """The lookups that a template makes by name, None for one whose name cannot be seen."""
    found: list[str | None] = []
    named = set()
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in _LOOKUP_NAMES:
            named.add(id(call.node))
            first = call.args[0] if call.args else None
            found.append(first.value if isinstance(first, nodes.Const) and isinstance(first.value, str) else None)
    found += [None for name in tree.find_all(nodes.Name) if name.name in _LOOKUP_NAMES and id(name) not in named]
    return found
