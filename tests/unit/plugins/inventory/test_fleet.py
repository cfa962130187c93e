# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the inventory plugin: the words of the modules, and what only an inventory has."""

from __future__ import annotations

import importlib
import typing as t

import pytest
import yaml
from ansible.plugins.inventory import BaseInventoryPlugin

from ansible_collections.fleetform.devices.plugins.inventory import fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine import argspec
from ansible_collections.fleetform.devices.plugins.module_utils._engine.hosts import GROUP_KINDS
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import RECORD_FIELDS

OWN = {"plugin", "hostnames", "hostvar_prefix", "device_groups", "on_error"}
FRAGMENTS = "ansible_collections.fleetform.devices.plugins.doc_fragments"
FACTS = ("type", "elements", "default", "choices", "required")


def documented() -> dict[str, t.Any]:
    """Every option, those of the fragments included."""
    documentation = yaml.safe_load(fleet.DOCUMENTATION)
    options: dict[str, t.Any] = {}
    for name in documentation["extends_documentation_fragment"]:
        place, _dot, fragment = name.rpartition(".")
        module = f"{FRAGMENTS}.{fragment}" if place.startswith("fleetform") else f"ansible.plugins.doc_fragments.{fragment}"
        options |= yaml.safe_load(importlib.import_module(module).ModuleDocFragment.DOCUMENTATION)["options"]
    return {**options, **documentation["options"]}


def test_every_option_of_accounts_and_of_reading_is_one_of_the_inventory_and_means_the_same() -> None:
    options = documented()
    for name, spec in {**argspec.ACCOUNT, **argspec.ACCOUNTS, **argspec.READING}.items():
        assert {key: options[name][key] for key in FACTS if key in options[name]} == {
            key: spec[key] for key in FACTS if key in spec
        }


def test_what_only_an_inventory_has_is_documented_here() -> None:
    assert set(yaml.safe_load(fleet.DOCUMENTATION)["options"]) == OWN
    assert documented()["device_groups"]["choices"] == list(GROUP_KINDS)
    assert set(documented()["hostnames"]["default"]) <= set(RECORD_FIELDS)


@pytest.mark.parametrize("fragment", ["constructed", "inventory_cache"])
def test_what_every_inventory_can_do_it_can_do(fragment: str) -> None:
    module = importlib.import_module(f"ansible.plugins.doc_fragments.{fragment}")
    assert set(yaml.safe_load(module.ModuleDocFragment.DOCUMENTATION)["options"]) <= set(documented())


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("fleetform.yml", True),
        ("x.fleetform.yaml", True),
        ("fleetform.json", False),
        ("hosts.yml", False),
        ("absent.fleetform.yml", False),
    ],
)
def test_files_are_told_by_their_names(tmp_path: t.Any, name: str, ours: bool) -> None:
    if not name.startswith("absent"):
        (tmp_path / name).touch()
    assert fleet.InventoryModule().verify_file(str(tmp_path / name)) is ours
    assert issubclass(fleet.InventoryModule, BaseInventoryPlugin)
