# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fleet files, loaded and rendered by Ansible's own loader once their text is right.

Accounts, devices and prune scopes of all files are put together; an account, or a limit, that stands in two files is an error.
``defaults`` hold for the devices of their own file. Variables of all ``vars_files`` are seen by all files.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, is_trusted_as_template
from jinja2 import Environment, TemplateSyntaxError, nodes

from ansible_collections.fleetform.devices.plugins.module_utils._engine.argspec import ACCOUNT
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import declaration_from
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import DeclarationError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Scope
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_paths import FleetFileError, check
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_syntax import Checked, Problem
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
    """What the files say: accounts rendered, devices as declarations and as options, scopes to prune, limits by action."""

    files: tuple[str, ...] = ()
    accounts: dict[str | None, Options] = field(default_factory=dict, repr=False)
    declarations: list[Declaration] = field(default_factory=list)
    devices: list[Options] = field(default_factory=list, repr=False)
    prune: list[Scope] = field(default_factory=list)
    max_changes: dict[str, dict[str, int]] = field(default_factory=dict)


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
    if problems := [problem for found in checked.values() for problem in found.problems]:
        raise FleetFileError(problems)
    reading = _Reading(loader, allow_lookups)
    contents = {file: reading.contents(file) for file in files}
    variables: Options = dict(base_vars or {})
    for file, content in contents.items():
        for name in content.get("vars_files") or ():
            variables.update(reading.variables(str(Path(file).parent / str(name)), file))
    if base_vars is None:
        # In a play they are the play's, which looks up what it likes.
        reading.hold_to_lookups(extra_vars or {}, "--extra-vars")
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
        return self._loaded(file, file) or {}

    def variables(self, path: str, wanted_by: str) -> Options:
        content = self._loaded(path, wanted_by)
        if content is None:
            return {}
        if not isinstance(content, dict):
            self.problems.append(f"{path}: a file of variables must hold a mapping of names to values")
            return {}
        self.hold_to_lookups(content, path)
        return content

    def _loaded(self, path: str, wanted_by: str) -> t.Any:
        try:
            return self.loader.load_from_file(str(Path(path).resolve()), cache="none", trusted_as_template=True)
        except AnsibleError as error:
            whose = "" if path == wanted_by else f" (named in {wanted_by})"
            self.problems.append(f"{path}{whose}: {error.message}")
            return None

    def rendered(self, value: t.Any, where: str) -> t.Any:
        """A value with its templates rendered, as plain data. What cannot be rendered becomes None and a problem."""
        if not self.hold_to_lookups(value, where):
            return None
        try:
            # In a dictionary, because `omit` takes a key away.
            return plain(value if self.templar is None else self.templar.template({"value": value}).get("value"))
        except AnsibleError as error:
            self.problems.append(f"{where}: {error.message}")
            return None

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


def _add(fleet: LoadedFleet, file: str, content: Options, checked: Checked, reading: _Reading) -> None:
    for name, options in (content.get("accounts") or {}).items():
        where = f"{file}:{checked.account_lines.get(name, 1)}"
        if name in fleet.accounts:
            reading.problems.append(f"{where}: account {name} stands in another file as well; keep one")
            continue
        fleet.accounts[str(name)] = _account(options or {}, f"{where}: account {name}", reading)
    defaults = reading.rendered(content.get("defaults") or {}, f"{file}: defaults") or {}
    for number, options in enumerate(content.get("devices") or ()):
        where = f"{file}:{checked.device_lines[number]}"
        given = reading.rendered(options, where)
        if given is None:
            continue
        try:
            whole = {**defaults, **_given(given)}
            fleet.declarations.append(declaration_from(whole, declared_at=where))
            fleet.devices.append({**whole, "declared_at": where})
        except DeclarationError as error:
            reading.problems.append(f"{where}: {error}")
    for number, row in enumerate(content.get("prune") or ()):
        where = f"{file}: prune[{number}]"
        entry = reading.rendered(row, where) or {}
        if not entry.get("scope"):
            reading.problems.append(f"{where}: prune needs a scope: the devices outside of it are nobody's business here")
            continue
        if unset := [name for name, wanted in entry["scope"].items() if wanted is None]:
            reading.problems.append(f"{where}: scope: {', '.join(unset)} has no value; say which devices are meant")
            continue
        fleet.prune.append(Scope(entry.get("account") or defaults.get("account"), dict(entry["scope"]), where))
    for action, limit in (content.get("max_changes") or {}).items():
        if action in fleet.max_changes:
            reading.problems.append(f"{file}: max_changes: {action} stands in another file as well; keep one")
        fleet.max_changes[action] = {name: int(number) for name, number in (limit or {}).items()}


def _account(options: Options, where: str, reading: _Reading) -> Options:
    rendered = {}
    for name, value in options.items():
        rendered[name] = reading.rendered(value, f"{where}: {name}")
        if ACCOUNT[name].get("no_log") and isinstance(rendered[name], str) and not rendered[name].strip():
            reading.problems.append(f"{where}: {name} is empty; leave it out where it comes from the environment")
    return rendered


def _given(options: Options) -> Options:
    return {name: value for name, value in options.items() if value is not None}


def _texts(value: t.Any) -> t.Iterator[str]:
    """The texts that would be rendered: not those that are vaulted, or marked as unsafe."""
    if isinstance(value, str):
        if is_trusted_as_template(value) and ("{{" in value or "{%" in value or value.startswith(_OWN_SIGNS)):
            yield str.__str__(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
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
