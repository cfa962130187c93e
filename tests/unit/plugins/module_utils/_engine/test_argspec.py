# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Argument specs against the documentation: fragments one to one, modules option by option, suboptions included."""

from __future__ import annotations

import importlib
import typing as t

import pytest
import yaml

from ansible_collections.fleetform.devices.plugins.module_utils._engine import argspec
from ansible_collections.fleetform.devices.plugins.module_utils._engine.declaration import OPTIONS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import ACCOUNT_OPTIONS, SECRET_OPTIONS

PLUGINS = "ansible_collections.fleetform.devices.plugins"
FRAGMENTS = ("account", "accounts", "identity", "declaration", "metafields", "reading", "rehearsal")
KEYS = ("type", "elements", "default", "choices", "required")


def fragment(name: str) -> dict[str, t.Any]:
    """The options of ``account`` or ``attributes.reads``."""
    file, _dot, part = name.partition(".")
    holder = importlib.import_module(f"{PLUGINS}.doc_fragments.{file}").ModuleDocFragment
    return t.cast("dict[str, t.Any]", yaml.safe_load(getattr(holder, (part or "documentation").upper())))


def documented(task: str) -> dict[str, t.Any]:
    """The documentation of a module with its fragments merged in."""
    documentation = yaml.safe_load(importlib.import_module(f"{PLUGINS}.modules.{task}").DOCUMENTATION)
    for name in documentation["extends_documentation_fragment"]:
        part = fragment(name.removeprefix("fleetform.devices."))
        for section in ("options", "attributes"):
            documentation[section] = {**part.get(section, {}), **documentation.get(section, {})}
    return t.cast("dict[str, t.Any]", documentation)


def facts(option: dict[str, t.Any]) -> dict[str, t.Any]:
    """What documentation and code both say of an option."""
    return {key: option[key] for key in KEYS if key in option}


def compare(options: dict[str, t.Any], spec: dict[str, t.Any], where: str) -> None:
    assert set(options) == set(spec), where
    for name, option in options.items():
        assert facts(option) == facts(spec[name]), f"{where}: {name}"
        assert option["description"], f"{where}: {name}"
        if "suboptions" in option or "options" in spec[name]:
            compare(option["suboptions"], spec[name]["options"], f"{where}: {name}")


@pytest.mark.parametrize("name", FRAGMENTS)
def test_a_fragment_documents_the_group_of_the_same_name(name: str) -> None:
    compare(fragment(name)["options"], getattr(argspec, name.upper()), name)


@pytest.mark.parametrize("task", argspec.TASKS)
def test_a_module_documents_exactly_the_options_that_it_takes(task: str) -> None:
    compare(documented(task)["options"], argspec.spec_of(task)["argument_spec"], task)


@pytest.mark.parametrize("task", argspec.TASKS)
def test_a_module_says_what_it_does_in_check_and_diff_mode(task: str) -> None:
    assert {"check_mode", "diff_mode", "idempotent"} <= set(documented(task)["attributes"])


@pytest.mark.parametrize("task", argspec.TASKS)
def test_a_module_has_its_action_plugin(task: str) -> None:
    assert task == importlib.import_module(f"{PLUGINS}.action.{task}").ActionModule.TASK


def test_every_account_option_can_be_given() -> None:
    assert set(argspec.ACCOUNT) == ACCOUNT_OPTIONS


def test_every_secret_is_kept_out_of_logs() -> None:
    assert {name for name, option in argspec.ACCOUNT.items() if option.get("no_log")} == SECRET_OPTIONS


def test_no_account_option_has_a_default_that_would_hide_the_environment() -> None:
    assert not [name for name, option in {**argspec.ACCOUNT, **argspec.ACCOUNTS}.items() if "default" in option]


def test_every_vendor_can_be_named() -> None:
    assert "choices" not in argspec.ACCOUNT["vendor"]


def test_everything_that_can_be_declared_is_an_option_of_device_and_fleet() -> None:
    assert set(OPTIONS) <= set(argspec.spec_of("device")["argument_spec"])
    own = {"declared_at"}
    assert set(argspec.spec_of("fleet")["argument_spec"]["devices"]["options"]) - own == set(OPTIONS)


def test_devices_of_a_fleet_have_no_defaults_that_would_hide_those_of_the_user() -> None:
    assert not [
        name for name, option in argspec.spec_of("fleet")["argument_spec"]["devices"]["options"].items() if "default" in option
    ]


def test_everything_that_can_be_asked_is_an_option_of_device_info() -> None:
    assert set(Query.__dataclass_fields__) == {*argspec.IDENTITY, *argspec.READING}


def test_a_spec_may_be_written_into() -> None:
    argspec.spec_of("device")["argument_spec"]["name"]["type"] = "int"
    assert argspec.spec_of("device")["argument_spec"]["name"]["type"] == "str"
