# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The account of a fleet file for another fleet file: as it is written, never rendered.

Its options are taken from the nodes of the text, so that a template stays one and a vaulted value stays vaulted. What an alias
or a merge brings stands in its place, since the anchor stays behind. Comments stay behind too: nobody knows whose they are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import FleetformError
from ansible_collections.fleetform.devices.plugins.plugin_utils import fleet_yaml
from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_syntax import check_text
from fleetform.yaml_text import quoted

_MAP, _TEXT, _NULL, _MERGE = (f"tag:yaml.org,2002:{name}" for name in ("map", "str", "null", "merge"))
_EVERYBODY = 0o666


@dataclass(frozen=True)
class AccountSource:
    """``text`` is the account and the names of the ``variables`` files that it may need, which are given as real paths.

    ``mode`` holds the permissions that all files have which were read: nobody else may read the copy.
    """

    text: str
    variables: frozenset[Path]
    mode: int


def account_source(files: Sequence[str], account: str, folder: Path) -> AccountSource:
    """The beginning of a fleet file in ``folder``: this account, and the files of variables of all ``files``, as seen from there.

    Raises FleetformError where the account is in none of the files or cannot be copied, and OSError.
    """
    found: tuple[yaml.Node, yaml.Node] | None = None
    variables: list[str] = []
    mode = _EVERYBODY
    for file in files:
        path = Path(file)
        mode &= path.stat().st_mode
        try:
            node = fleet_yaml.compose(path.read_text(encoding="utf-8"))
        except fleet_yaml.Unreadable as error:
            raise FleetformError(f"{file}: it cannot be read: {error.text}") from None
        top = {key.value: value for key, value in _pairs(node)}
        found = found or next((pair for pair in _pairs(top.get("accounts")) if pair[0].value == account), None)
        variables += [_path(row, path.parent) for row in _rows(top.get("vars_files"))]
    if found is None:
        raise FleetformError(f"there is no account {account!r} in {', '.join(files)}")
    text = _written(account, *found)
    # Of two variables with one name the later counts, so that the last place of a file is the one that matters.
    rows = list(dict.fromkeys(reversed(variables)))[::-1]
    if rows:
        text += "vars_files:\n" + "".join(f"  - {quoted(_seen_from(folder, row))}\n" for row in rows)
    if problems := check_text(text, "the new file").problems:
        raise FleetformError(f"account {account} cannot be copied: {problems[0].text}; write it in a simpler way")
    return AccountSource(text, frozenset(Path(os.path.realpath(row)) for row in rows), mode)


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    """The entries of a mapping with what merges bring: its own before that, and of several merged ones the first."""
    if not isinstance(node, yaml.MappingNode):
        return []
    own = [(key, value) for key, value in node.value if key.tag != _MERGE]
    merged = [value for key, value in node.value if key.tag == _MERGE]
    parts = [part for value in merged for part in (value.value if isinstance(value, yaml.SequenceNode) else [value])]
    found = {_content(key): (key, value) for key, value in own}
    for pair in (pair for part in parts for pair in _pairs(part)):
        found.setdefault(_content(pair[0]), pair)
    return list(found.values())


def _rows(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _path(row: yaml.Node, folder: Path) -> str:
    """Where a file of variables is. The folder is a real one, since ``..`` leads elsewhere behind a link."""
    if row.tag.startswith("!vault"):
        raise FleetformError("vars_files: a vaulted name of a file cannot be copied; write the name as it is")
    path = folder / str(row.value)
    return os.path.join(os.path.realpath(path.parent), path.name)


def _seen_from(folder: Path, path: str) -> str:
    return os.path.relpath(path, os.path.realpath(folder))


def _written(account: str, key: yaml.Node, value: yaml.Node) -> str:
    """The account as the only one of a file. Raises FleetformError where it cannot be written so that it reads the same."""
    accounts = yaml.MappingNode(_MAP, [(_own(key), _own(value))], flow_style=False)
    whole = yaml.MappingNode(_MAP, [(yaml.ScalarNode(_TEXT, "accounts"), accounts)], flow_style=False)
    try:
        text = str(yaml.serialize(whole, Dumper=yaml.SafeDumper, width=float("inf"), allow_unicode=True))
        read = yaml.compose(text, Loader=yaml.SafeLoader)
        if read is not None and _content(read) == _content(whole):
            return text
    except yaml.YAMLError as error:
        raise FleetformError(f"account {account} cannot be copied: {error}; write it in a simpler way") from None
    raise FleetformError(f"account {account} cannot be copied so that it reads the same; write it in a simpler way")


def _own(node: yaml.Node) -> yaml.Node:
    """A node that shares nothing with others, so that it is written in full: what aliases and merges bring stands in it."""
    if isinstance(node, yaml.MappingNode):
        pairs = [(_own(key), _own(value)) for key, value in _pairs(node)]
        return yaml.MappingNode(node.tag, pairs, flow_style=node.flow_style)
    if isinstance(node, yaml.SequenceNode):
        return yaml.SequenceNode(node.tag, [_own(item) for item in node.value], flow_style=node.flow_style)
    # Nothing at all cannot stand everywhere.
    value = "null" if node.tag == _NULL else node.value
    return yaml.ScalarNode(node.tag, value, style=getattr(node, "style", None))


def _content(node: yaml.Node) -> object:
    """What a node says, however it is written."""
    if isinstance(node, yaml.MappingNode):
        return node.tag, tuple((_content(key), _content(value)) for key, value in node.value)
    if isinstance(node, yaml.SequenceNode):
        return node.tag, tuple(_content(item) for item in node.value)
    return node.tag, node.value
