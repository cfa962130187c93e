# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a fleet file as it is written, with file and line: no network, no templates, no secrets.

YAML reads ``0012`` as 10, ``11:22:33:44:55:06`` as a number and ``on`` as true, and takes the last of two equal keys. Nothing of
that can be seen in the loaded values, so that the text itself is looked at.
"""

from __future__ import annotations

import difflib
import typing as t
from dataclasses import dataclass, field

import yaml

from ansible_collections.fleetform.devices.plugins.module_utils._engine.argspec import ACCOUNT, Options
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import OPTIONS, TEXT_OPTIONS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import RECORD_FIELDS

TOP = ("accounts", "vars_files", "defaults", "devices", "prune", "max_changes")
"""What a fleet file may hold."""

LIMITED = ("delete", "update")
"""Actions that ``max_changes`` knows."""

_TEXT_TAG = "tag:yaml.org,2002:str"
_NULL_TAG = "tag:yaml.org,2002:null"
_MERGE_TAG = "tag:yaml.org,2002:merge"
# Ansible's own: a vaulted text, and a text that is no template.
_TEXT_TAGS = frozenset({_TEXT_TAG, "!vault", "!vault-encrypted", "!unsafe"})
_IN_QUOTES = 'a value that begins with {{ must be in quotes: "{{ ... }}"'
_DEEPEST = 100
_KINDS = {
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:bool": "true or false",
    "tag:yaml.org,2002:timestamp": "a date",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where: lines and columns from 1."""

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.text}"


@dataclass
class Checked:
    """What looking at a file found: problems in the order of the file, and the line of each device and account."""

    problems: list[Problem] = field(default_factory=list)
    device_lines: list[int] = field(default_factory=list)
    account_lines: dict[str, int] = field(default_factory=dict)


def check_text(text: str, file: str) -> Checked:
    """Looks at the text of a fleet file. Never raises for what is written in it."""
    look = _Look(file)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        hint = _template_hint(text, mark.line) if mark else ""
        words = " ".join(part for part in (error.context, error.problem) if part)
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        look.found.problems.append(Problem(file, *place, f"this is not YAML: {words}{hint}"))
        return look.found
    except yaml.YAMLError as error:
        look.found.problems.append(Problem(file, 1, 1, f"this is not YAML: {error}"))
        return look.found
    except (RecursionError, ValueError) as error:
        # PyYAML goes down one call for each level, and makes numbers of escapes before it knows that they are characters.
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        look.found.problems.append(Problem(file, 1, 1, f"this cannot be read: {why}"))
        return look.found
    if node is not None:
        look.file(node)
    return look.found


def named_variables(text: str) -> list[str]:
    """The files that a fleet file names under ``vars_files``; nothing where it cannot be read."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return []
    rows = [value for key, value in node.value if key.value == "vars_files"] if isinstance(node, yaml.MappingNode) else []
    named = [row for rows_of in rows if isinstance(rows_of, yaml.SequenceNode) for row in rows_of.value]
    return [row.value for row in named if isinstance(row, yaml.ScalarNode)]


def _template_hint(text: str, line: int) -> str:
    lines = text.splitlines()
    near = " ".join(lines[max(0, line - 1) : line + 1])
    return f"; {_IN_QUOTES}" if "{{" in near else ""


class _Look:
    """One pass over the nodes of a file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found = Checked()
        # The nodes that are being looked into, since an anchor may hold itself.
        self._within: list[yaml.Node] = []

    def refuse(self, node: yaml.Node, text: str) -> None:
        self.found.problems.append(Problem(self.name, node.start_mark.line + 1, node.start_mark.column + 1, text))

    def pairs(self, node: yaml.Node, what: str, known: t.Collection[str] | None) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """Key, its node and its value for each entry of a mapping; what a merge brings comes along."""
        if not isinstance(node, yaml.MappingNode):
            if node.tag != _NULL_TAG:
                self.refuse(node, f"{what} must be a mapping of names to values")
            return []
        if node in self._within:
            self.refuse(node, f"{what} holds itself")
            return []
        self._within.append(node)
        try:
            return self._pairs(node, what, known)
        finally:
            self._within.pop()

    def _pairs(
        self, node: yaml.MappingNode, what: str, known: t.Collection[str] | None
    ) -> list[tuple[str, yaml.Node, yaml.Node]]:
        seen: dict[str, int] = {}
        found = []
        for key, value in node.value:
            if key.tag == _MERGE_TAG:
                for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    found += self.pairs(part, what, known)
                continue
            if isinstance(key, yaml.MappingNode):
                self.refuse(node, f"{what}: {_IN_QUOTES}")
                continue
            if not isinstance(key, yaml.ScalarNode) or key.tag != _TEXT_TAG:
                self.refuse(key, f"{what}: the name {getattr(key, 'value', '')!r} is not a string to YAML; quote it")
                continue
            if key.value in seen:
                self.refuse(key, f"{what}: {key.value!r} stands here twice, first in line {seen[key.value]}; keep one")
            seen.setdefault(key.value, key.start_mark.line + 1)
            if known is not None and key.value not in known:
                near = difflib.get_close_matches(key.value, known, n=1)
                self.refuse(key, f"{what}: unknown option {key.value!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
                continue
            found.append((key.value, key, value))
        return found

    def inside(self, what: str, node: yaml.Node) -> None:
        """Refuses what is wrong in a value of any shape: duplicate names, and names that are no strings."""
        if isinstance(node, yaml.MappingNode):
            for name, _key, value in self.pairs(node, what, None):
                self._deeper(f"{what}: {name}", node, value)
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                self._deeper(f"{what}[{number}]", node, value)

    def _deeper(self, what: str, node: yaml.Node, value: yaml.Node) -> None:
        if isinstance(value, yaml.ScalarNode):
            return
        if node in self._within or len(self._within) > _DEEPEST:
            self.refuse(value, f"{what} holds itself, or is nested too deeply")
            return
        self._within.append(node)
        try:
            self.inside(what, value)
        finally:
            self._within.pop()

    def rows(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        if node.tag != _NULL_TAG:
            self.refuse(node, f"{what} must be a list")
        return []

    def text(self, what: str, node: yaml.Node, *, secret: bool = False) -> None:
        """Refuses a value that has to be a string and is none to YAML. A secret one is not shown."""
        if node.tag in _TEXT_TAGS or node.tag == _NULL_TAG:
            return
        if isinstance(node, yaml.ScalarNode):
            kind = _KINDS.get(node.tag, "no string")
            shown = (
                f"the value is {kind} to YAML; quote it"
                if secret
                else f'{node.value} is {kind} to YAML; quote it: "{node.value}"'
            )
            self.refuse(node, f"{what}: {shown}")
        else:
            template = isinstance(node, yaml.MappingNode) and any(isinstance(key, yaml.MappingNode) for key, _value in node.value)
            self.refuse(node, f"{what}: {_IN_QUOTES}" if template else f"{what} must be a string")

    def file(self, node: yaml.Node) -> None:
        for name, _key, value in self.pairs(node, "the fleet file", TOP):
            getattr(self, f"_{name}")(value)

    def _accounts(self, node: yaml.Node) -> None:
        for name, key, value in self.pairs(node, "accounts", None):
            self.found.account_lines[name] = key.start_mark.line + 1
            for option, _key, given in self.pairs(value, f"account {name}", ACCOUNT):
                if _is_text(ACCOUNT, option) and option != "api_version":
                    self.text(f"account {name}: {option}", given, secret=bool(ACCOUNT[option].get("no_log")))
                else:
                    self.inside(f"account {name}: {option}", given)

    def _vars_files(self, node: yaml.Node) -> None:
        for row in self.rows(node, "vars_files"):
            self.text("vars_files", row)

    def _defaults(self, node: yaml.Node) -> None:
        self.declared(node, "defaults")

    def _devices(self, node: yaml.Node) -> None:
        for number, row in enumerate(self.rows(node, "devices")):
            self.found.device_lines.append(row.start_mark.line + 1)
            self.declared(row, f"devices[{number}]")

    def declared(self, node: yaml.Node, what: str) -> None:
        for name, _key, value in self.pairs(node, what, ("account", *OPTIONS)):
            if name in TEXT_OPTIONS or name == "account":
                self.text(f"{what}: {name}", value)
            else:
                self.inside(f"{what}: {name}", value)

    def _prune(self, node: yaml.Node) -> None:
        for number, row in enumerate(self.rows(node, "prune")):
            what = f"prune[{number}]"
            for name, _key, value in self.pairs(row, what, ("account", "scope")):
                if name == "account":
                    self.text(f"{what}: account", value)
                    continue
                for field_name, key, wanted in self.pairs(value, f"{what}: scope", None):
                    if field_name.partition(".")[0] not in RECORD_FIELDS:
                        near = difflib.get_close_matches(field_name, RECORD_FIELDS, n=1)
                        hint = f"; did you mean {near[0]!r}?" if near else ""
                        self.refuse(key, f"{what}: scope: a device has no field {field_name!r}{hint}")
                    self.inside(f"{what}: scope: {field_name}", wanted)

    def _max_changes(self, node: yaml.Node) -> None:
        for action, _key, value in self.pairs(node, "max_changes", LIMITED):
            for name, _name, number in self.pairs(value, f"max_changes: {action}", ("percent", "count")):
                if number.tag != "tag:yaml.org,2002:int" or int(yaml.safe_load(number.value)) < 0:
                    self.refuse(number, f"max_changes: {action}: {name} must be a whole number of at least 0")


def _is_text(options: Options, name: str) -> bool:
    return options[name]["type"] in ("str", "path")
