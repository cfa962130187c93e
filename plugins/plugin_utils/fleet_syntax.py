# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a fleet file as it is written, with file and line: no network, no templates, no secrets.

YAML reads ``0012`` as 10, ``11:22:33:44:55:06`` as a number and ``on`` as true, and takes the last of two equal keys. Nothing of
that can be seen in the loaded values, so that the text itself is looked at. What is written out is then judged by the engine; a
value that is vaulted or holds a template is left alone, and so is what depends on it.
"""

from __future__ import annotations

import difflib
import typing as t
from dataclasses import dataclass, field

import yaml

from ansible_collections.fleetform.devices.plugins.module_utils._engine.argspec import (
    ACCOUNT,
    DECLARATION,
    IDENTITY,
    METAFIELDS,
    Options,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import OPTIONS, TEXT_OPTIONS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import RECORD_FIELDS
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_values import (
    NO_SCOPE,
    Wrong,
    is_secret,
    wrong_in_account,
    wrong_in_device,
    wrong_in_limit,
    wrong_in_scope,
)
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_yaml import (
    IN_QUOTES,
    MERGE_TAG,
    NULL_TAG,
    TEXT_TAG,
    TEXT_TAGS,
    Problem,
    Unreadable,
    Values,
    compose,
    is_open,
    place_of,
)

TOP = ("accounts", "vars_files", "defaults", "devices", "prune", "max_changes")
"""What a fleet file may hold."""

LIMITED = ("delete", "update")
"""Actions that ``max_changes`` knows."""

Place = tuple[int, int]

_SPEC: Options = {**IDENTITY, **DECLARATION, **METAFIELDS}
_KINDS = {
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:bool": "true or false",
    "tag:yaml.org,2002:timestamp": "a date",
}


@dataclass(frozen=True)
class Row:
    """A device, or a scope to prune: its ``place`` as line and column, and the account that it names.

    ``account`` is None where none is named, and of no meaning where it is not ``known``; it is the row's ``own``, or comes from
    the defaults. ``identity`` holds what says which device is meant; it is None for a scope, and where that is not known.
    """

    what: str
    place: Place
    account: str | None
    account_place: Place
    own: bool
    known: bool
    identity: t.Mapping[str, str] | None = None


@dataclass
class Checked:
    """What looking at a file found: problems in the order of the file, and where things stand in it.

    ``vendorless`` are the accounts that have options and no vendor among them.
    """

    problems: list[Problem] = field(default_factory=list)
    device_lines: list[int] = field(default_factory=list)
    account_lines: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, Place] = field(default_factory=dict, compare=False)
    limits: dict[str, Place] = field(default_factory=dict, compare=False)
    rows: list[Row] = field(default_factory=list, compare=False)
    defaults_line: int = field(default=1, compare=False)
    prune_lines: list[int] = field(default_factory=list, compare=False)
    variable_lines: list[int] = field(default_factory=list, compare=False)
    vendorless: list[str] = field(default_factory=list, compare=False)


@dataclass(frozen=True)
class Given:
    """The options of a mapping: the values that are known and right in themselves, where each stands, the names of the others.

    Among the names is the empty one where something stands there that may have meant any option.
    """

    values: dict[str, t.Any] = field(default_factory=dict)
    places: dict[str, yaml.Node] = field(default_factory=dict)
    others: frozenset[str] = frozenset()


def check_text(text: str, file: str) -> Checked:
    """Looks at the text of a fleet file. Never raises for what is written in it."""
    look = _Look(file)
    try:
        node = compose(text)
    except Unreadable as error:
        look.found.problems.append(Problem(file, *error.place, error.text))
        return look.found
    if node is not None:
        look.file(node)
    look.found.problems.sort(key=lambda problem: (problem.line, problem.column))
    return look.found


def named_variables(text: str) -> list[str]:
    """The files that a fleet file names under ``vars_files``; nothing where it cannot be read."""
    if "vars_files" not in text:
        return []
    try:
        node = compose(text)
    except Unreadable:
        return []
    rows = [value for key, value in node.value if key.value == "vars_files"] if isinstance(node, yaml.MappingNode) else []
    named = [row for rows_of in rows if isinstance(rows_of, yaml.SequenceNode) for row in rows_of.value]
    return [row.value for row in named if isinstance(row, yaml.ScalarNode) and "\0" not in row.value]


class _Look:
    """One pass over the nodes of a file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found = Checked()
        self.values = Values()
        self.defaults = Given()
        # How often something was refused, and what was: an anchor is wrong wherever it is meant, and told once.
        self.refusals = 0
        self._refused: set[tuple[Place, str]] = set()
        self._looked_into: set[int] = set()

    def refuse(self, node: yaml.Node, what: str, text: str) -> None:
        self.refusals += 1
        place = place_of(node)
        if (place, text) not in self._refused:
            self._refused.add((place, text))
            joined = f"{what} {text}" if text.startswith("must ") else f"{what}: {text}"
            self.found.problems.append(Problem(self.name, *place, joined))

    def pairs(self, node: yaml.Node, what: str, known: t.Collection[str] | None) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """Key, its node and its value for each entry of a mapping; what a merge brings comes first, since others beat it."""
        if not isinstance(node, yaml.MappingNode):
            if node.tag != NULL_TAG:
                self.refuse(node, what, "must be a mapping of names to values")
            return []
        seen: dict[str, int] = {}
        brought: list[tuple[str, yaml.Node, yaml.Node]] = []
        found = []
        for key, value in node.value:
            if key.tag == MERGE_TAG:
                for part in reversed(value.value if isinstance(value, yaml.SequenceNode) else [value]):
                    brought += self.pairs(part, what, known)
                continue
            if isinstance(key, yaml.MappingNode):
                self.refuse(node, what, IN_QUOTES)
                continue
            if isinstance(key, yaml.SequenceNode):
                self.refuse(key, what, "a name must be a text, not a list")
                continue
            if key.tag != TEXT_TAG:
                self.refuse(key, what, f"the name {key.value!r} is not a string to YAML; quote it")
                continue
            if key.value in seen:
                self.refuse(key, what, f"{key.value!r} stands here twice, first in line {seen[key.value]}; keep one")
            seen.setdefault(key.value, key.start_mark.line + 1)
            if known is not None and key.value not in known:
                self.refuse(key, what, _unknown(key.value, known))
                continue
            found.append((key.value, key, value))
        return [*brought, *found]

    def inside(self, what: str, node: yaml.Node) -> None:
        """Refuses what is wrong in a value of any shape: duplicate names, and names that are no strings."""
        if isinstance(node, yaml.ScalarNode) or id(node) in self._looked_into:
            return
        self._looked_into.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for name, _key, value in self.pairs(node, what, None):
                self.inside(f"{what}: {name}", value)
        else:
            for number, value in enumerate(node.value):
                self.inside(f"{what}[{number}]", value)

    def rows(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        if node.tag != NULL_TAG:
            self.refuse(node, what, "must be a list")
        return []

    def text(self, what: str, node: yaml.Node, *, secret: bool = False) -> None:
        """Refuses a value that has to be a string and is none to YAML. A secret one is not shown."""
        if isinstance(node, yaml.ScalarNode):
            if node.tag in TEXT_TAGS or node.tag == NULL_TAG:
                return
            kind = _KINDS.get(node.tag, "no string")
            shown = (
                f"the value is {kind} to YAML; quote it"
                if secret
                else f'{node.value} is {kind} to YAML; quote it: "{node.value}"'
            )
            self.refuse(node, what, shown)
        else:
            template = isinstance(node, yaml.MappingNode) and any(isinstance(key, yaml.MappingNode) for key, _value in node.value)
            self.refuse(node, what, IN_QUOTES if template else "must be a string")

    def value(self, what: str, node: yaml.Node) -> t.Any:
        """What a node stands for; refuses a date or number that there is not, which is None then."""
        try:
            return self.values.of(node)
        except ValueError as error:
            self.refuse(node, what, f"this cannot be read: {error}; quote it where it is a text")
            return None

    def options(self, node: yaml.Node, what: str, known: t.Collection[str], look: t.Callable[[str, yaml.Node], None]) -> Given:
        """The options of a mapping, each refused by ``look`` where it is wrong. What is null is not given."""
        begun = self.refusals
        values: dict[str, t.Any] = {}
        places: dict[str, yaml.Node] = {}
        others = set()
        pairs = self.pairs(node, what, known)
        if self.refusals > begun:
            # A name that is not known, or stands here twice, may have meant anything.
            others.add("")
        for name, _key, given in pairs:
            before = self.refusals
            look(name, given)
            value = self.value(f"{what}: {name}", given)
            values.pop(name, None)
            others.discard(name)
            places[name] = given
            if self.refusals > before or is_open(value):
                others.add(name)
            elif value is not None:
                values[name] = value
        return Given(values, places, frozenset(others))

    def tell(self, node: yaml.Node, what: str, given: Given, wrong: Wrong) -> None:
        """Refuses what the engine refuses, at the option that it is about."""
        for name, text in wrong:
            self.refuse(given.places.get(name or "", node), what, text)

    def file(self, node: yaml.Node) -> None:
        found = {name: value for name, _key, value in self.pairs(node, "the fleet file", TOP)}
        # What devices do not say themselves stands in the defaults, wherever these are.
        for name in sorted(found, key=TOP.index):
            getattr(self, f"_{name}")(found[name])

    def _accounts(self, node: yaml.Node) -> None:
        for name, key, value in self.pairs(node, "accounts", None):
            if name in TOP and not _is_account(value):
                self.refuse(key, "accounts", f"{name} stands at the top level of the file, beside accounts; move it to the left")
                continue
            if not name.strip():
                self.refuse(key, "accounts", "an account needs a name")
                continue
            self.found.account_lines[name] = key.start_mark.line + 1
            self.found.accounts[name] = place_of(key)
            self._account(name, key, value)

    def _account(self, name: str, key: yaml.Node, node: yaml.Node) -> None:
        what = f"account {name}"

        def look(option: str, given: yaml.Node) -> None:
            if ACCOUNT[option]["type"] in ("str", "path") and option != "api_version":
                self.text(f"{what}: {option}", given, secret=is_secret(option))
            else:
                self.inside(f"{what}: {option}", given)
            self._choice(f"{what}: {option}", given, ACCOUNT[option])

        given = self.options(node, what, ACCOUNT, look)
        self.tell(key, what, given, wrong_in_account(given.values, name, given.others))
        if given.places and given.others.isdisjoint(("vendor", "")) and "vendor" not in given.values:
            self.found.vendorless.append(name)

    def _choice(self, what: str, node: yaml.Node, option: t.Mapping[str, t.Any]) -> None:
        choices = option.get("choices")
        if choices is None or not isinstance(node, yaml.ScalarNode) or node.tag not in TEXT_TAGS:
            return
        if is_open(self.values.of(node)) or node.value in choices:
            return
        near = difflib.get_close_matches(node.value, choices, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        self.refuse(node, what, f"must be {' or '.join(choices)}, not {node.value!r}{hint}")

    def _vars_files(self, node: yaml.Node) -> None:
        for number, row in enumerate(self.rows(node, "vars_files")):
            self.found.variable_lines.append(row.start_mark.line + 1)
            if row.tag == NULL_TAG or not str(row.value).strip():
                self.refuse(row, f"vars_files[{number}]", "this is empty; name a file, or take the dash away")
            else:
                self.text("vars_files", row)

    def _defaults(self, node: yaml.Node) -> None:
        self.found.defaults_line = node.start_mark.line + 1
        given = self.declared(node, "defaults")
        before = self.refusals
        wrong = wrong_in_device(given.values, whole=False)
        self.tell(node, "defaults", given, wrong)
        refused = {name for name, _text in wrong if name}
        if self.refusals > before:
            values = {name: value for name, value in given.values.items() if name not in refused}
            given = Given(values, given.places, given.others | refused)
        self.defaults = given

    def _devices(self, node: yaml.Node) -> None:
        for number, row in enumerate(self.rows(node, "devices")):
            what = f"devices[{number}]"
            self.found.device_lines.append(row.start_mark.line + 1)
            if row.tag == NULL_TAG:
                self.refuse(row, what, "this is empty; say which device is meant, or take the dash away")
                continue
            given = self.declared(row, what)
            if not isinstance(row, yaml.MappingNode):
                continue
            values = {**{name: value for name, value in self.defaults.values.items() if name not in given.others}, **given.values}
            others = given.others | (self.defaults.others - given.values.keys())
            self.tell(row, what, given, wrong_in_device(values, whole=not others))
            self.found.rows.append(self._row(what, row, given, identified=True))

    def _row(self, what: str, node: yaml.Node, given: Given, *, identified: bool) -> Row:
        own = "account" in given.values
        given_by = given if own else self.defaults
        others = given.others | (self.defaults.others - given.values.keys())
        at = given_by.places.get("account", node)
        identity = None
        if identified and not others.intersection((*IDENTITY, "previous_name")):
            both = {**self.defaults.values, **given.values}
            identity = {name: both[name] for name in IDENTITY if isinstance(both.get(name), str)}
        known = others.isdisjoint(("account", ""))
        return Row(what, place_of(node), given_by.values.get("account"), place_of(at), own, known, identity)

    def declared(self, node: yaml.Node, what: str) -> Given:
        def look(name: str, given: yaml.Node) -> None:
            if name in TEXT_OPTIONS or name == "account":
                self.text(f"{what}: {name}", given)
                if name == "account" and given.tag == TEXT_TAG and not given.value.strip():
                    self.refuse(given, f"{what}: account", "this is empty; leave it out where it is not meant")
            else:
                self.inside(f"{what}: {name}", given)
            self._choice(f"{what}: {name}", given, _SPEC.get(name, {}))

        return self.options(node, what, ("account", *OPTIONS), look)

    def _prune(self, node: yaml.Node) -> None:
        for number, row in enumerate(self.rows(node, "prune")):
            what = f"prune[{number}]"
            self.found.prune_lines.append(row.start_mark.line + 1)

            def look(name: str, given: yaml.Node, what: str = what) -> None:
                if name == "account":
                    self.text(f"{what}: account", given)
                    return
                before = self.refusals
                self._scope(f"{what}: scope", given)
                if self.refusals == before:
                    for name, text in wrong_in_scope(self.value(f"{what}: scope", given)):
                        at = next((value for key, value in _entries(given) if key == name), given)
                        self.refuse(at, what if name is None else f"{what}: scope", text)

            given = self.options(row, what, ("account", "scope"), look)
            if "scope" not in given.places and "" not in given.others:
                self.refuse(row, what, NO_SCOPE)
            self.found.rows.append(self._row(what, row, given, identified=False))

    def _scope(self, what: str, node: yaml.Node) -> None:
        for name, key, wanted in self.pairs(node, what, None):
            if name.partition(".")[0] not in RECORD_FIELDS:
                near = difflib.get_close_matches(name, RECORD_FIELDS, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                self.refuse(key, what, f"a device has no field {name!r}{hint}")
            self.inside(f"{what}: {name}", wanted)

    def _max_changes(self, node: yaml.Node) -> None:
        for action, key, value in self.pairs(node, "max_changes", LIMITED):
            self.found.limits[action] = place_of(key)
            before = self.refusals
            numbers = {name: number for name, _key, number in self.pairs(value, f"max_changes: {action}", ("percent", "count"))}
            bounds = self.value(f"max_changes: {action}", value)
            if self.refusals > before:
                continue
            for name, text in wrong_in_limit(action, bounds):
                at = numbers.get(name or "", key if value.tag == NULL_TAG else value)
                self.refuse(at, "max_changes", text.removeprefix("max_changes: "))


def _unknown(name: str, known: t.Collection[str]) -> str:
    if name in TOP and known is not TOP:
        return f"{name} stands at the top level of the file, not in here; move it to the left"
    near = difflib.get_close_matches(name, known, n=1)
    return f"unknown option {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def _is_account(node: yaml.Node) -> bool:
    """Whether a node under accounts looks like options of one, or like nothing at all."""
    if isinstance(node, yaml.MappingNode):
        return not node.value or any(isinstance(key, yaml.ScalarNode) and key.value in ACCOUNT for key, _value in node.value)
    return node.tag == NULL_TAG


def _entries(node: yaml.Node) -> list[tuple[str, yaml.Node]]:
    return [(key.value, value) for key, value in node.value] if isinstance(node, yaml.MappingNode) else []
