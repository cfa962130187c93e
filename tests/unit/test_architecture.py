# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Holds the imports of the code against the table in docs/architecture.md.

A vendor is the file ``vendors/<vendor>.py`` with the private files ``vendors/_<vendor>_*.py`` that nobody else may import.
"""

from __future__ import annotations

import ast
import graphlib
import re
import sys
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "plugins" / "module_utils" / "_engine"
SANDBOX = ROOT / "src" / "fleetform" / "sandbox"
PACKAGE = "ansible_collections.fleetform.devices.plugins.module_utils._engine"
PAGE = ROOT / "docs" / "architecture.md"

THIRD_PARTIES = {
    "requests": {"transport"},
    "urllib3": {"transport"},
    "deepdiff": {"diff"},
    "defusedxml": {"markup"},
    "ansible": {"module_shell"},
}
"""Who may import what is neither ours nor Python's own."""

SPEAKS = {"module_shell"}
"""Who may print, exit and fail: the file that Ansible talks to."""


def name_of(path: Path) -> str:
    return path.relative_to(ENGINE).with_suffix("").as_posix()


FILES = {
    name_of(path): ast.parse(path.read_text(), str(path))
    for path in sorted(ENGINE.rglob("*.py"))
    if path.parent == ENGINE or path.parent.name == "vendors"
}


def table() -> dict[str, set[str]]:
    """File, or ``vendors/*``, to the files of the engine that it may import."""
    block = re.search(r"^```imports\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert block, f"{PAGE} has no block that begins with ```imports"
    rows = (line.partition(":") for line in block[1].splitlines() if line.strip())
    return {name.strip(): {item.strip() for item in allowed.split(",") if item.strip()} for name, _colon, allowed in rows}


TABLE = table()


def row_of(name: str) -> str:
    """The row of the table that a file falls under."""
    return "vendors/*" if name.startswith("vendors/") and name not in TABLE else name


def family_of(name: str) -> str | None:
    """The vendor that a file belongs to: ``vendors/_acme_tags`` and ``vendors/acme`` are of acme."""
    head, _slash, own = name.partition("/")
    if head != "vendors" or own in ("__init__", "base"):
        return None
    public = [
        file.partition("/")[2]
        for file in FILES
        if file.startswith("vendors/") and not file.startswith("vendors/_") and file != "vendors/base"
    ]
    return own if own in public else next((vendor for vendor in public if own.startswith(f"_{vendor}_")), None)


def imported(tree: ast.AST) -> list[tuple[str, int, ast.AST]]:
    """Every module that is imported, as dotted name, level and node; ``from x import y`` counts as ``x`` and as ``x.y``."""
    found: list[tuple[str, int, ast.AST]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, 0, node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.module or "", node.level, node))
            found += [(f"{node.module}.{alias.name}", node.level, node) for alias in node.names]
    return found


def engine_imports(tree: ast.AST) -> set[str]:
    """The files of the engine that a file imports."""
    names = {
        module.removeprefix(f"{PACKAGE}.").replace(".", "/")
        for module, _level, _node in imported(tree)
        if module.startswith(f"{PACKAGE}.")
    }
    return {f"{name}/__init__" if f"{name}/__init__" in FILES else name for name in names} & set(FILES)


def third_parties(tree: ast.AST) -> set[str]:
    tops = {
        module.partition(".")[0]
        for module, _level, node in imported(tree)
        if not (isinstance(node, ast.ImportFrom) and node.level)
    }
    return tops - set(sys.stdlib_module_names) - {"ansible_collections", "__future__"}


def calls(tree: ast.AST) -> t.Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_imports_only_what_the_picture_allows(name: str) -> None:
    row = row_of(name)
    assert row in TABLE, f"{name} is in no row of the table of imports in {PAGE.relative_to(ROOT)}: add it"
    allowed = set(TABLE[row])
    if "vendors/*" in allowed:
        allowed |= {file for file in FILES if file.startswith("vendors/") and not file.startswith("vendors/_")}
    own = {file for file in FILES if family_of(file) is not None and family_of(file) == family_of(name)}
    assert engine_imports(FILES[name]) - allowed - own == set()


@pytest.mark.parametrize("name", sorted(name for name in FILES if family_of(name)))
def test_no_vendor_imports_another_or_what_carries_plans_out(name: str) -> None:
    others = {file for file in FILES if family_of(file) not in (None, family_of(name))}
    assert (
        engine_imports(FILES[name]) & (others | {"apply", "fleet", "accounts", "tasks", "module_shell", "vendors/__init__"})
        == set()
    )


def test_every_file_of_the_vendors_belongs_to_one() -> None:
    lost = [
        name
        for name in FILES
        if name.startswith("vendors/") and name not in ("vendors/__init__", "vendors/base") and family_of(name) is None
    ]
    assert lost == []


def test_the_picture_has_no_file_that_does_not_exist() -> None:
    named = {name for row, allowed in TABLE.items() for name in (row, *allowed)} - {"vendors/*"}
    assert named - set(FILES) == set()


def test_all_arrows_point_one_way() -> None:
    order = graphlib.TopologicalSorter({name: engine_imports(tree) - {name} for name, tree in FILES.items()})
    assert set(order.static_order()) == set(FILES)


@pytest.mark.parametrize("name", sorted(FILES))
def test_third_parties_are_imported_by_one_file_each(name: str) -> None:
    strangers = {module for module in third_parties(FILES[name]) if name not in THIRD_PARTIES.get(module, ())}
    assert strangers == set()


@pytest.mark.parametrize("name", ["transport", "diff", "markup"])
def test_a_library_that_may_be_missing_is_imported_under_guard(name: str) -> None:
    guarded = [child for node in ast.walk(FILES[name]) if isinstance(node, ast.Try) for child in ast.walk(node)]
    loose = [
        ast.unparse(node)
        for module, _level, node in imported(FILES[name])
        if module.partition(".")[0] in THIRD_PARTIES and node not in guarded
    ]
    assert loose == []


@pytest.mark.parametrize("name", sorted(FILES))
def test_imports_are_absolute_and_static(name: str) -> None:
    relative = [ast.unparse(node) for _module, level, node in imported(FILES[name]) if level]
    dynamic = [call for call in calls(FILES[name]) if call in ("__import__", "exec", "eval") or call.startswith("importlib.")]
    assert (relative, dynamic) == ([], [])


@pytest.mark.parametrize("name", sorted(set(FILES) - SPEAKS))
def test_the_engine_neither_prints_nor_exits_nor_fails_a_module(name: str) -> None:
    ends = re.compile(
        r"^(print|exit|quit|input|sys\.exit|os\._exit|sys\.(stdout|stderr|stdin)\..*)$|(^|\.)(fail_json|exit_json)$"
    )
    assert [call for call in calls(FILES[name]) if ends.search(call)] == []


@pytest.mark.parametrize("path", sorted((ROOT / "plugins" / "modules").glob("*.py")), ids=lambda path: path.stem)
def test_a_module_knows_nothing_of_the_engine_but_its_shell(path: Path) -> None:
    assert engine_imports(ast.parse(path.read_text())) <= {"module_shell"}


@pytest.mark.parametrize("path", sorted((ROOT / "plugins" / "action").glob("*.py")), ids=lambda path: path.stem)
def test_an_action_plugin_knows_nothing_of_the_engine(path: Path) -> None:
    assert engine_imports(ast.parse(path.read_text())) == set()


@pytest.mark.parametrize("path", sorted(SANDBOX.glob("*.py")), ids=lambda path: path.stem)
def test_the_sandbox_shares_no_code_with_the_engine(path: Path) -> None:
    modules = {module for module, level, _node in imported(ast.parse(path.read_text())) if not level}
    assert [module for module in modules if module.partition(".")[0] in ("ansible", "ansible_collections")] == []
    assert [module for module in modules if module.startswith("fleetform.") and not module.startswith("fleetform.sandbox")] == []


def test_the_engine_knows_nothing_of_the_command() -> None:
    assert [
        name
        for name, tree in FILES.items()
        if any(module.partition(".")[0] == "fleetform" for module, _level, _node in imported(tree))
    ] == []
