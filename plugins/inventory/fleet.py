# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Devices of vendor clouds as inventory hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet
short_description: Devices of vendor clouds as inventory hosts
version_added: 1.0.0
description:
  - Reads the devices of one account or of several and makes each of them a host, in the same shape for every vendor.
  - The configuration is a YAML file whose name ends in C(fleetform.yml) or C(fleetform.yaml).
  - Every option may be a template or vaulted. Account options fall back to environment variables as they do in the modules.
  - A listing that is cut off or refused is an error, never an inventory with fewer hosts. What happens then says O(on_error).
  - A host is called by the first of O(hostnames) that says something. Names that are reserved, taken, empty or shared by several
    devices get C(_<id>) appended, for every device that shares the name. Characters that mean something in patterns, templates or
    paths, white space, and those that cannot be printed, become C(_).
  - Text from a vendor is never a template. C(ansible_host) is set from the address that the vendor shows, where it is one that
    can be connected to.
author:
  - fleetform contributors (@fleetform)
options:
  plugin:
    description:
      - Marks the file as one for this plugin.
    type: str
    required: true
    choices: [fleetform.devices.fleet]
  hostnames:
    description:
      - What a host is called, in order of preference. Each entry is a field of the device record such as V(name), or a Jinja2
        expression over the fields and the host variables.
    type: list
    elements: str
    default: [name, serial, id]
  hostvar_prefix:
    description:
      - What stands before the name of each field in the host variables.
    type: str
    default: fleetform_
  device_groups:
    description:
      - Groups to make without templates, which is many times faster than O(keyed_groups).
      - The groups are called C(vendor_<vendor>), C(account_<account>) and so on. A tag with a value stands in
        C(tag_<key>_<value>) below C(tag_<key>), a space with a path in groups that are nested as the path is.
    type: list
    elements: str
    choices: [vendor, account, model, status, tag, organization, space]
    default: []
  on_error:
    description:
      - What happens when an account cannot be read whole.
      - V(fail) ends the run with an error. Ansible alone would go on without these hosts.
      - V(warn) leaves that account out and says so.
      - V(stale) uses the answer of that account that was cached last, however old it is, and sets C(fleetform_stale) and
        C(fleetform_age) (seconds) for its hosts. It needs O(cache), and fails where nothing was cached.
      - A mistake in the configuration is an error in any case.
    type: str
    choices: [fail, warn, stale]
    default: fail
extends_documentation_fragment:
  - fleetform.devices.account
  - fleetform.devices.accounts
  - fleetform.devices.reading
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
seealso:
  - module: fleetform.devices.device_info
"""

EXAMPLES = r"""
# Every device of one Blynk company, the token from FLEETFORM_TOKEN.
---
plugin: fleetform.devices.fleet
vendor: blynk
device_groups: [status, organization]

# Two accounts, cached for ten minutes, and the last answer where a cloud is down.
---
plugin: fleetform.devices.fleet
accounts:
  av:
    vendor: xyte
    token: "{{ lookup('ansible.builtin.env', 'XYTE_ORG_API_KEY') }}"
  rooms:
    vendor: webex
    token: "{{ vault_webex_token }}"
device_groups: [vendor, space, tag]
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/fleetform
cache_timeout: 600
on_error: stale

# Names and groups from expressions.
---
plugin: fleetform.devices.fleet
vendor: greenlake
hostnames:
  - tags.hostname
  - serial | lower
compose:
  site: fleetform_tags.site | default('unknown')
keyed_groups:
  - key: fleetform_device_type
    prefix: type
groups:
  archived: fleetform_archived
"""

import difflib
import json
import os
import re
import time
import typing as t
from dataclasses import asdict

from ansible import constants as C
from ansible.errors import AnsibleError, AnsibleParserError, AnsibleTemplateSyntaxError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.fleetform.devices.plugins.module_utils._engine.argspec import ACCOUNT, READING
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    DeclarationError,
    FleetformError,
    MissingLibrary,
    SettingsError,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.hosts import (
    Grouped,
    Wanted,
    grouped,
    host_names,
    variables,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import RECORD_FIELDS, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.tasks import accounts_of, query_of
from ansible_collections.fleetform.devices.plugins.plugin_utils.in_process import plain, shared_path
from ansible_collections.fleetform.devices.plugins.plugin_utils.kept_answers import KeptAnswer, KeptAnswers, key_of

# Ansible evaluates these itself, for each host.
_EVALUATED_LATER = frozenset({"compose", "groups", "keyed_groups", "hostnames"})
_ANSIBLE_TOO = frozenset({"plugin"})

_TRUTHS = tuple(name for name, option in READING.items() if option["type"] == "bool")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ATTEMPTS = 3

Records = list[dict[str, t.Any]]


def _truth(name: str, value: t.Any) -> bool:
    try:
        return bool(boolean(value, strict=True))
    except TypeError:
        raise AnsibleParserError(f"{name} must be true or false, not {value!r}") from None


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """See DOCUMENTATION."""

    NAME = "fleetform.devices.fleet"

    def verify_file(self, path: str) -> bool:
        """Whether the file is called like one of ours."""
        return bool(super().verify_file(path)) and path.endswith(("fleetform.yml", "fleetform.yaml"))

    def set_options(self, task_keys: t.Any = None, var_options: t.Any = None, direct: t.Any = None) -> None:
        """Ansible hands templates over as they are written, and checks types first; so they are rendered here, before that.

        What belongs to accounts it does not get to see: it would show a value of the wrong type in its error, secrets included,
        and take every word for a truth value.
        """
        if direct is None:
            super().set_options(task_keys=task_keys, var_options=var_options)
            return
        rendered = {name: self._rendered(name, value) for name, value in direct.items()}
        self._accounts = {name: rendered.pop(name) for name in (*ACCOUNT, "accounts") if name in rendered}
        for name in _TRUTHS:
            if name in rendered:
                rendered[name] = _truth(name, rendered[name])
        super().set_options(task_keys=task_keys, var_options=var_options, direct=rendered)
        if self.get_option("on_error") == "stale":
            # An answer that the cache has thrown away could not be used when it is needed: this plugin looks at the age itself.
            self._lifetime = self.get_option("cache_timeout")
            self.set_option("cache_timeout", 0)

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Reads every account, or what the cache holds of it, and adds the hosts only when all of that went well."""
        super().parse(inventory, loader, path, cache=cache)
        self._lifetime: t.Any = None
        self._accounts: dict[str, t.Any] = {}
        # Ansible takes a source that cannot be parsed for one without hosts, unless it is told otherwise.
        before, C.INVENTORY_ANY_UNPARSED_IS_FAILED = C.INVENTORY_ANY_UNPARSED_IS_FAILED, True
        try:
            self._check_names(self._read_config_data(path))
            self._add_hosts(self._records(path, cache))
        except FleetformError as error:
            raise AnsibleParserError(str(error)) from None
        C.INVENTORY_ANY_UNPARSED_IS_FAILED = before

    def _rendered(self, name: str, value: t.Any) -> t.Any:
        if name in _EVALUATED_LATER:
            return value
        # Hosts and groups have none yet: these are the variables of the command line.
        self.templar.available_variables = self._vars
        try:
            return plain(self.templar.template(value))
        except AnsibleError as error:
            raise AnsibleParserError(f"{name}: the template cannot be rendered: {error.message}") from None

    def _check_names(self, config: t.Mapping[str, t.Any]) -> None:
        known = set(self._options) | _ANSIBLE_TOO
        for name in config:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1)
                raise AnsibleParserError(f"unknown option {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        if self._accounts.get("accounts") is not None and len(self._accounts) > 1:
            beside = ", ".join(sorted(self._accounts.keys() - {"accounts"}))
            raise AnsibleParserError(f"{beside}: account options stand under each name in accounts; beside it they mean nothing")
        names = self.get_option("hostnames")
        if not names or not all(isinstance(entry, str) and entry.strip() for entry in names):
            raise AnsibleParserError("hostnames must be a list of fields or expressions, such as [name, serial, id]")
        if not _VARIABLE.fullmatch(str(self.get_option("hostvar_prefix"))):
            raise AnsibleParserError("hostvar_prefix must be the beginning of a variable's name: letters, digits and underscores")
        if self.get_option("group_by") is not None:
            raise AnsibleParserError("group_by counts devices and makes no groups of hosts; use device_groups or keyed_groups")
        if self.get_option("on_error") == "stale" and not self.get_option("cache"):
            raise AnsibleParserError("on_error: stale needs cache: true, else there is never an older answer")

    # Reading

    def _records(self, path: str, cache: bool) -> Records:
        """The records of all accounts, by account and then by id. Raises FleetformError, AnsibleError."""
        options = {**self.get_options(), **dict.fromkeys(ACCOUNT), "accounts": None, **self._accounts}
        accounts = accounts_of(options)
        if options.get("account") is not None:
            accounts = {name: given for name, given in accounts.items() if name == options["account"]}
            if not accounts:
                raise SettingsError(f"there is no account {options['account']!r}")
        query = query_of(options)
        kept = self._kept(path, accounts, query)
        answers = kept.fresh(self._seconds()) if cache else {}
        missing = {name: given for name, given in accounts.items() if name not in answers}
        answers.update(self._read(missing, query, kept))
        records: Records = []
        for name in sorted(answers, key=lambda name: name or ""):
            records += sorted(answers[name].records, key=lambda record: str(record["id"]))
        return records

    def _kept(self, path: str, accounts: t.Mapping[str | None, t.Mapping[str, t.Any]], query: Query) -> KeptAnswers:
        asked = json.dumps(asdict(query), sort_keys=True, default=sorted)
        prefix = self.get_cache_key(path)
        keys = {name: f"{prefix}_{key_of(name, options, os.environ, asked)}" for name, options in accounts.items()}
        return KeptAnswers(self._cache if self.get_option("cache") else {}, keys, time.time, self.display.warning)

    def _seconds(self) -> float | None:
        """How long a cached answer is good; None where the cache itself sees to that."""
        if self.get_option("on_error") != "stale":
            return None
        return float(self._lifetime or 0)

    def _read(
        self, accounts: t.Mapping[str | None, t.Mapping[str, t.Any]], query: Query, kept: KeptAnswers
    ) -> dict[str | None, KeptAnswer]:
        """Fresh answers, kept for the next time; for accounts that cannot be read what on_error says."""
        if not accounts:
            return {}
        answers: dict[str | None, KeptAnswer] = {}
        failures: list[FleetformError] = []
        # The tasks of the run go on with the same tokens and the same pace.
        with Fleet(accounts, shared_path=shared_path()) as fleet:
            for name, listing in fleet.list_all(query, list(accounts)).items():
                if not isinstance(listing, FleetformError):
                    for warning in listing.warnings:
                        self.display.warning(warning)
                    answers[name] = kept.keep(name, [device.record() for device in listing.devices], fleet.secrets())
                elif (instead := self._instead(name, listing, kept)) is None:
                    failures.append(listing)
                else:
                    answers[name] = instead
        if failures:
            raise AnsibleParserError("\n".join(str(failure) for failure in failures))
        return answers

    def _instead(self, name: str | None, failure: FleetformError, kept: KeptAnswers) -> KeptAnswer | None:
        """What stands in for an account that could not be read; None where nothing may."""
        choice = self.get_option("on_error")
        if choice == "fail" or isinstance(failure, (SettingsError, DeclarationError, MissingLibrary)):
            return None
        if choice == "warn":
            self.display.warning(f"{failure}. The devices of this account are left out.")
            return KeptAnswer([], 0.0)
        old = kept.last(name)
        if old is None:
            self.display.warning(f"there is no older answer of {'this account' if name is None else f'account {name}'} to use")
            return None
        age = int(max(0.0, time.time() - old.stored_at))
        self.display.warning(f"{failure}. The devices of this account are as they were {age} seconds ago.")
        return KeptAnswer([{**record, "stale": True, "age": age} for record in old.records], old.stored_at)

    # Hosts

    def _add_hosts(self, records: Records) -> None:
        prefix = str(self.get_option("hostvar_prefix"))
        there = {*self.inventory.hosts, *self.inventory.groups}
        groups = grouped(records, self.get_option("device_groups"), self.inventory.hosts)
        found = [variables(record, prefix) for record in records]
        wanted = [
            Wanted(self._preferred(record, hostvars), record["account"], str(record["id"] or record["serial"] or ""))
            for record, hostvars in zip(records, found, strict=True)
        ]
        taken = {*there, *groups.members, *(self.get_option("groups") or ())}
        for _attempt in range(_ATTEMPTS):
            names = host_names(wanted, taken)
            before = set(self.inventory.groups)
            problem = self._filled(names, found, groups)
            made = set(self.inventory.groups) - before
            if problem is None and made.isdisjoint(names):
                return
            if problem is not None and made.isdisjoint(names):
                raise problem
            # A device is called like a group that the user composes. It is the device that gives way.
            for name in names:
                self.inventory.remove_host(self.inventory.hosts[name])
            for group in made:
                self.inventory.remove_group(self.inventory.groups[group])
            taken |= made
        raise AnsibleParserError("keyed_groups makes other groups each time, called like hosts; give it a prefix")

    def _filled(self, names: t.Sequence[str], found: t.Sequence[dict[str, t.Any]], groups: Grouped) -> AnsibleError | None:
        """Adds hosts and groups; the error where what the user composes cannot be added."""
        for group in groups.members:
            self.inventory.add_group(group)
        for name, hostvars in zip(names, found, strict=True):
            self.inventory.add_host(name)
            for key, value in hostvars.items():
                self.inventory.set_variable(name, key, value)
        for group, members in groups.members.items():
            for number in members:
                self.inventory.add_child(group, names[number])
        for child, parent in groups.parents.items():
            self.inventory.add_child(parent, child)
        try:
            self._construct(names, found)
        except AnsibleError as error:
            return error
        return None

    def _construct(self, names: t.Sequence[str], found: t.Sequence[dict[str, t.Any]]) -> None:
        """What the user composes; a template takes about a millisecond, so that nothing is done where there is none."""
        compose, composed, keyed = (self.get_option(option) for option in ("compose", "groups", "keyed_groups"))
        strict = self.get_option("strict")
        if not (compose or composed or keyed):
            return
        for name, hostvars in zip(names, found, strict=True):
            self._set_composite_vars(compose, hostvars, name, strict=strict)
            self._add_host_to_composed_groups(composed, hostvars, name, strict=strict)
            self._add_host_to_keyed_groups(keyed, hostvars, name, strict=strict)

    def _preferred(self, record: dict[str, t.Any], hostvars: dict[str, t.Any]) -> str | None:
        """The first of hostnames that says something about this device."""
        for entry in self.get_option("hostnames"):
            if entry in RECORD_FIELDS:
                value = record[entry]
            else:
                try:
                    value = self._compose(entry, {**record, **hostvars})
                except AnsibleTemplateSyntaxError as error:
                    hint = "; it is an expression, without braces" if "{{" in entry else ""
                    raise AnsibleParserError(f"hostnames: {entry!r} cannot be read: {error.message}{hint}") from None
                except AnsibleError as error:
                    if self.get_option("strict"):
                        raise AnsibleParserError(f"hostnames: {entry!r}: {error.message}") from None
                    continue
            if value not in (None, "", [], {}) and not isinstance(value, (list, dict)):
                return str(value)
        return None
