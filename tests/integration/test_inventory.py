# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory plugin through ansible-inventory and ansible-playbook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import ansible_runner
import pytest
import yaml

from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors import VENDORS

from .conftest import Playbook, Sandbox, ansible_environment

Options = dict[str, t.Any]


class Inventory:
    """Writes a configuration and asks ansible-inventory about it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "ansible.cfg").touch()

    def configure(self, name: str = "fleetform.yml", **options: t.Any) -> None:
        content = {"plugin": "fleetform.devices.fleet", **options}
        (self.home / name).write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")

    def run(
        self, *arguments: str, expect: int = 0, environment: t.Mapping[str, str] | None = None, sources: t.Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        chosen = [word for source in (sources or ("fleetform.yml",)) for word in ("-i", source)]
        process = subprocess.run(
            [sys.executable, "-m", "ansible", "inventory", *chosen, *arguments],
            cwd=self.home,
            env=ansible_environment(self.home, environment or {}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert process.returncode == expect, process.stdout + process.stderr
        return process

    def hosts(self, *arguments: str, **more: t.Any) -> dict[str, Options]:
        """The variables of every host."""
        return hostvars(self.run("--list", *arguments, **more).stdout)

    def groups(self) -> dict[str, Options]:
        listing = unwrapped(self.run("--list").stdout)
        return {name: group for name, group in listing.items() if name != "_meta"}


def unwrapped(text: str) -> Options:
    """What ansible-inventory shows, without the mark that it puts on each text which is no template."""

    def plain(found: Options) -> t.Any:
        return found["__ansible_unsafe"] if found.keys() == {"__ansible_unsafe"} else found

    return t.cast("Options", json.loads(text, object_hook=plain))


def hostvars(text: str) -> dict[str, Options]:
    """The variables of every host in a listing."""
    return t.cast("dict[str, Options]", unwrapped(text)["_meta"]["hostvars"])


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    return Inventory(tmp_path)


CACHED = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cache"}


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_every_vendor_fills_an_inventory(sandbox: Sandbox, inventory: Inventory, vendor: str) -> None:
    inventory.configure(**sandbox.account(vendor), device_groups=["vendor", "status"])
    found = inventory.hosts()
    assert len(found) > 3
    for variables in found.values():
        assert variables["fleetform_vendor"] == vendor
        assert variables["fleetform_id"]
        assert "fleetform_raw" not in variables
    assert sandbox.requests(write=True) == []
    assert not [entry for entry in sandbox.requests() if entry["violation"]]
    assert sorted(inventory.groups()[f"vendor_{vendor}"]["hosts"]) == sorted(found)


def test_many_accounts_are_one_inventory_in_the_order_of_accounts(sandbox: Sandbox, inventory: Inventory) -> None:
    inventory.configure(accounts={f"cloud_{vendor}": sandbox.account(vendor) for vendor in VENDORS}, device_groups=["account"])
    groups = inventory.groups()
    assert sorted(groups["all"]["children"]) == sorted(["ungrouped", *(f"account_cloud_{vendor}" for vendor in VENDORS)])
    graph = inventory.run("--graph").stdout
    assert [line for line in graph.splitlines() if "account_" in line] == [f"  |--@account_cloud_{v}:" for v in sorted(VENDORS)]
    export = json.loads(inventory.run("--list", "--export").stdout)
    assert export["_meta"]["hostvars"]


def test_output_is_stable(sandbox: Sandbox, inventory: Inventory) -> None:
    inventory.configure(
        accounts={vendor: sandbox.account(vendor) for vendor in VENDORS}, device_groups=["vendor", "tag", "space"]
    )
    assert inventory.run("--list").stdout == inventory.run("--list").stdout


def test_every_option_may_be_a_template_or_come_from_the_environment(sandbox: Sandbox, inventory: Inventory) -> None:
    account = sandbox.account("blynk")
    inventory.configure(
        vendor="{{ 'bly' ~ 'nk' }}",
        url=account["url"],
        client_id="{{ lookup('ansible.builtin.env', 'CID') }}",
        validate_certs="{{ 1 == 1 }}",
        limit="{{ 1 + 1 }}",
    )
    environment = {"CID": account["client_id"], "FLEETFORM_CLIENT_SECRET": account["client_secret"]}
    refused = inventory.run("--list", expect=1, environment=environment)
    assert "client_secret" in refused.stderr
    inventory.configure(vendor="blynk", url=account["url"], limit="{{ 1 + 1 }}", validate_certs="{{ 1 == 1 }}")
    environment = {"FLEETFORM_CLIENT_ID": account["client_id"], "FLEETFORM_CLIENT_SECRET": account["client_secret"]}
    assert len(inventory.hosts(environment=environment)) == 2


def test_templates_see_the_variables_of_the_command_line(sandbox: Sandbox, inventory: Inventory) -> None:
    account = sandbox.account("blynk")
    inventory.configure(**{**account, "client_secret": "{{ vault_secret }}"})
    assert inventory.hosts("-e", json.dumps({"vault_secret": account["client_secret"]}))


def test_vaulted_secrets_are_opened(sandbox: Sandbox, inventory: Inventory) -> None:
    account = sandbox.account("blynk")
    (inventory.home / "vault").write_text("open sesame", encoding="utf-8")
    encrypted = subprocess.run(
        [sys.executable, "-m", "ansible", "vault", "encrypt_string", "--vault-password-file", "vault", account["client_secret"]],
        cwd=inventory.home,
        env=ansible_environment(inventory.home, {}),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for indent, where in (("", {}), ("    ", {"accounts": {"lab": None}})):
        plain = {name: value for name, value in account.items() if name != "client_secret"}
        content = yaml.safe_dump({"plugin": "fleetform.devices.fleet", **({} if where else plain)})
        if where:
            content += "accounts:\n  lab:\n" + "".join(f"    {name}: {value}\n" for name, value in plain.items())
        content += f"{indent}client_secret: " + encrypted.replace("\n", f"\n{indent}")
        (inventory.home / "fleetform.yml").write_text(content.rstrip() + "\n", encoding="utf-8")
        assert inventory.hosts("--vault-password-file", "vault")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tokne": "x"}, "unknown option 'tokne'; did you mean 'token'?"),
        ({"filters": {"nmae": "x"}}, "did you mean 'name'?"),
        ({"token": "{{ nobody_defined_this }}"}, "token: the template cannot be rendered"),
        ({"on_error": "stale"}, "on_error: stale needs cache: true"),
        ({"group_by": "status"}, "group_by counts devices"),
        ({"validate_certs": "ture"}, "`validate_certs` must be true or false"),
        ({"include_sub_organizations": "ture"}, "include_sub_organizations must be true or false"),
        ({"hostnames": ["name |"]}, "hostnames: 'name |' cannot be read"),
        ({"hostnames": []}, "hostnames must be a list"),
        ({"hostvar_prefix": "my-"}, "hostvar_prefix must be"),
        ({"accounts": {"lab": {}}}, "stand under each name in accounts"),
        ({"vendor": "blink"}, "did you mean 'blynk'?"),
        ({"account": "lab"}, "`account` names an entry of `accounts`"),
    ],
)
def test_a_mistake_in_the_configuration_ends_the_run_whatever_on_error_says(
    sandbox: Sandbox, inventory: Inventory, options: Options, words: str
) -> None:
    base = {"on_error": "warn", **sandbox.account("blynk")}
    if "token" in options:
        base = {name: value for name, value in base.items() if not name.startswith("client_")}
    inventory.configure(**{**base, **options})
    assert words in " ".join(inventory.run("--list", expect=1).stderr.split())
    assert sandbox.requests(write=True) == []


HOSTILE = [
    "all",
    "localhost",
    "web[1:3]",
    "two\nlines",
    "{{ lookup('ansible.builtin.pipe', 'touch evaluated') }}",
    "same",
    "same",
    "../../escape",
    "-oProxyCommand=touch evaluated",
    "ungrouped",
    "",
]


def test_hostile_names_become_names_that_mean_nothing(sandbox: Sandbox, inventory: Inventory, playbook: Playbook) -> None:
    devices = [str(device["id"]) for device in sandbox.state("blynk")["devices"].values()]
    for name, device in zip(HOSTILE, devices, strict=False):
        sandbox.drift("blynk", device, name=name)
    inventory.configure(
        **sandbox.account("blynk"), include_sub_organizations=True, device_groups=["tag"], compose={"shown": "fleetform_name"}
    )
    found = inventory.hosts()
    names = {str(variables["fleetform_id"]): host for host, variables in found.items()}
    for host in found:
        assert not set(host) & set("[]{}:,&!*?~/\\ \n")
        assert not host.startswith(("-", "."))
    for name, device in zip(HOSTILE, devices, strict=False):
        if name in ("all", "localhost", "same", "ungrouped"):
            assert names[device] == f"{name}_{device}"
        if not name:
            assert names[device] == device
    assert [found[names[device]]["fleetform_name"] for device in devices[:5]] == HOSTILE[:5]
    assert "__ansible_unsafe" in inventory.run("--list").stdout, "a text of a vendor is marked as no template"
    source = (inventory.home / "fleetform.yml").read_text(encoding="utf-8")
    (inventory.home / "x.fleetform.yml").write_text(source, encoding="utf-8")
    run = playbook(
        {"ansible.builtin.debug": {"msg": "{{ fleetform_name }} {{ shown }}"}},
        hosts="all:!localhost",
        connection="local",
        arguments=("-i", "x.fleetform.yml"),
    )
    assert len(run.results) == len(found)
    assert any("{{ lookup" in str(entry["result"].get("msg")) for entry in run.results)
    assert not list(inventory.home.rglob("evaluated"))


@pytest.mark.parametrize("composed", ["groups", "keyed_groups"])
def test_a_device_that_is_called_like_a_group_of_the_user_gives_way(
    sandbox: Sandbox, inventory: Inventory, composed: str
) -> None:
    devices = [str(device["id"]) for device in sandbox.state("blynk")["devices"].values()]
    sandbox.drift("blynk", devices[0], name="climate")
    options: Options = {"groups": {"climate": "'Climate' in fleetform_name"}}
    if composed == "keyed_groups":
        options = {"keyed_groups": [{"key": "fleetform_name.split(' ')[-1] | lower", "separator": ""}]}
    inventory.configure(**sandbox.account("blynk"), include_sub_organizations=True, **options)
    groups = inventory.groups()
    assert f"climate_{devices[0]}" in json.dumps(groups)
    assert groups["climate"]["hosts"]
    assert "children" not in groups["climate"]
    assert "climate" not in inventory.hosts()


@pytest.mark.parametrize("options", [{"accounts": [{"token": "canary-token"}]}, {"token": ["canary-token"]}])
def test_a_secret_in_the_wrong_place_is_not_shown(sandbox: Sandbox, inventory: Inventory, options: Options) -> None:
    inventory.configure(**({} if "accounts" in options else {"vendor": "xyte", "url": sandbox.url + "/xyte"}), **options)
    process = inventory.run("--list", expect=1)
    assert "canary-token" not in process.stdout + process.stderr


def test_hostnames_are_fields_or_expressions_in_order_of_preference(sandbox: Sandbox, inventory: Inventory) -> None:
    inventory.configure(
        **sandbox.account("greenlake"), hostnames=["tags.nothing", "serial | lower ~ '-' ~ fleetform_vendor", "id"]
    )
    found = inventory.hosts()
    assert found
    assert all(host == f"{variables['fleetform_serial'].lower()}-greenlake" for host, variables in found.items())
    inventory.configure(**sandbox.account("greenlake"), hostnames=["tags.nothing"], strict=True)
    assert "hostnames: 'tags.nothing'" in inventory.run("--list", expect=1).stderr


def test_users_compose_what_they_like_under_a_prefix_of_theirs(sandbox: Sandbox, inventory: Inventory) -> None:
    inventory.configure(
        **sandbox.account("blynk"),
        hostvar_prefix="bl_",
        compose={"site": "bl_name.split(' ')[0]"},
        keyed_groups=[{"key": "site", "prefix": "site"}],
        groups={"climate": "'Climate' in bl_name"},
    )
    found = inventory.hosts()
    assert all(variables["site"] == variables["bl_name"].split(" ")[0] for variables in found.values())
    groups = inventory.groups()
    assert "site_Hamburg" in groups
    assert sorted(groups["climate"]["hosts"]) == sorted(h for h, v in found.items() if "Climate" in v["bl_name"])


def test_filters_mean_the_same_as_in_device_info(sandbox: Sandbox, inventory: Inventory, playbook: Playbook) -> None:
    options = {**sandbox.account("blynk"), "include_sub_organizations": True, "filters": {"status": "OFFLINE"}}
    devices = playbook({"fleetform.devices.device_info": options}).only["devices"]
    inventory.configure(**options)
    assert sorted(v["fleetform_id"] for v in inventory.hosts().values()) == sorted(device["id"] for device in devices)


# The cache


def test_cached_equals_fresh_byte_for_byte_and_asks_nobody(sandbox: Sandbox, inventory: Inventory) -> None:
    accounts = {vendor: sandbox.account(vendor) for vendor in VENDORS}
    inventory.configure(accounts=accounts, device_groups=["vendor", "space", "tag"], **CACHED)
    fresh = inventory.run("--list").stdout
    sandbox.clear()
    assert inventory.run("--list").stdout == fresh
    assert sandbox.requests() == []
    assert inventory.run("--list", "--flush-cache").stdout == fresh
    assert sandbox.requests()


def test_every_option_that_changes_the_answer_has_an_answer_of_its_own(sandbox: Sandbox, inventory: Inventory) -> None:
    account = sandbox.account("blynk")
    base = {**account, **CACHED}
    changes: list[Options] = [
        {},
        {"include_sub_organizations": True},
        {"filters": {"name": "x"}},
        {"limit": 1},
        {"search": "Berlin"},
        {"include_raw": True},
        {"gather": ["tags"]},
        {"organization": "2001"},
        {"url": account["url"] + "/"},
    ]
    for number, change in enumerate(changes):
        sandbox.clear()
        inventory.configure(**{**base, **change})
        inventory.run("--list")
        asked = [entry for entry in sandbox.requests() if not entry["token"]]
        # The last url is the first one, written differently.
        assert bool(asked) == (number < len(changes) - 1), change


def test_a_change_of_what_is_shown_needs_no_new_answer(sandbox: Sandbox, inventory: Inventory) -> None:
    inventory.configure(**sandbox.account("blynk"), **CACHED)
    inventory.run("--list")
    sandbox.clear()
    inventory.configure(**sandbox.account("blynk"), **CACHED, hostnames=["id"], device_groups=["status"], hostvar_prefix="b_")
    assert inventory.hosts()
    assert sandbox.requests() == []


def test_no_secret_is_in_the_cache(sandbox: Sandbox, inventory: Inventory) -> None:
    device = str(next(iter(sandbox.state("blynk")["devices"].values()))["id"])
    sandbox.drift("blynk", device, name="called demo-secret by somebody")
    accounts = {vendor: sandbox.account(vendor) for vendor in VENDORS}
    inventory.configure(accounts=accounts, include_raw=True, **CACHED)
    shown = inventory.run("--list").stdout
    kept = "".join(file.read_text(encoding="utf-8") for file in (inventory.home / "cache").iterdir())
    assert kept
    for account in accounts.values():
        for name in ("token", "client_secret", "password"):
            assert account.get(name, "no such option") not in kept + shown


@pytest.mark.parametrize("content", ["", "no JSON", "{}", '{"fleetform": "{}"}', "[1]"])
def test_a_cache_that_cannot_be_understood_is_read_anew(sandbox: Sandbox, inventory: Inventory, content: str) -> None:
    inventory.configure(**sandbox.account("blynk"), **CACHED)
    fresh = inventory.run("--list").stdout
    for file in (inventory.home / "cache").iterdir():
        file.write_text(content, encoding="utf-8")
    sandbox.clear()
    assert inventory.run("--list").stdout == fresh
    assert sandbox.requests()


def test_refresh_inventory_reads_the_cloud_again(sandbox: Sandbox, inventory: Inventory, playbook: Playbook) -> None:
    inventory.configure("x.fleetform.yml", **sandbox.account("blynk"), **CACHED)
    device = next(iter(sandbox.state("blynk")["devices"].values()))
    playbook({"ansible.builtin.debug": {"msg": "x"}}, arguments=("-i", "x.fleetform.yml"))
    sandbox.drift("blynk", str(device["id"]), name="Renamed")
    run = playbook(
        {"ansible.builtin.debug": {"msg": "{{ groups['all'] }}"}},
        {"ansible.builtin.meta": "refresh_inventory"},
        {"ansible.builtin.debug": {"msg": "{{ groups['all'] }}"}},
        arguments=("-i", "x.fleetform.yml"),
    )
    before, after = (entry["result"]["msg"] for entry in run.results)
    assert "Renamed" not in before
    assert "Renamed" in after


# What goes wrong


@pytest.mark.parametrize(("status", "words"), [(401, "credentials"), (403, "right"), (404, "")])
def test_a_refusal_of_any_vendor_is_never_an_empty_inventory(
    sandbox: Sandbox, inventory: Inventory, status: int, words: str
) -> None:
    inventory.configure(accounts={vendor: {**sandbox.account(vendor), "deadline": 2} for vendor in VENDORS})
    sandbox.fault(*({"vendor": vendor, "method": "GET", "status": status, "times": 1000} for vendor in VENDORS))
    process = inventory.run("--list", expect=1)
    told = {line for line in process.stderr.splitlines() if line.startswith("account ")}
    for vendor in VENDORS:
        lines = [line for line in process.stderr.splitlines() if f"account {vendor}:" in line]
        assert lines, told
        assert words in lines[0]
    assert process.stdout.strip() == ""


@pytest.mark.parametrize("choice", ["fail", "warn", "stale"])
def test_one_account_down_does_what_on_error_says(sandbox: Sandbox, inventory: Inventory, choice: str) -> None:
    accounts = {vendor: {**sandbox.account(vendor), "deadline": 1} for vendor in ("blynk", "greenlake")}
    inventory.configure(accounts=accounts, on_error=choice, **{**CACHED, "cache_timeout": 1})
    whole = inventory.hosts()
    sandbox.fault({"vendor": "blynk", "method": "GET", "status": 500, "times": 1000})
    process = inventory.run("--list", "--flush-cache", expect=1 if choice == "fail" else 0)
    if choice == "fail":
        assert process.stdout.strip() == ""
        return
    found = hostvars(process.stdout)
    assert "account blynk" in process.stderr
    fresh = {host for host, variables in whole.items() if variables["fleetform_vendor"] == "greenlake"}
    assert {host for host, variables in found.items() if variables["fleetform_vendor"] == "greenlake"} == fresh
    if choice == "warn":
        assert set(found) == fresh
        return
    assert set(found) == set(whole)
    for host, variables in found.items():
        if host in fresh:
            assert "fleetform_stale" not in variables
        else:
            assert variables["fleetform_stale"] is True
            assert variables["fleetform_age"] >= 0


def test_stale_without_an_older_answer_fails(sandbox: Sandbox, inventory: Inventory) -> None:
    inventory.configure(**sandbox.account("blynk"), deadline=1, on_error="stale", **CACHED)
    sandbox.fault({"vendor": "blynk", "method": "GET", "status": 503, "times": 1000})
    process = inventory.run("--list", expect=1)
    assert "no older answer" in process.stderr


def test_a_page_that_fails_half_way_is_no_shorter_inventory(sandbox: Sandbox, inventory: Inventory) -> None:
    sandbox.reset(seed="large", size=250)
    account = {**sandbox.account("blynk"), "deadline": 1, "page_size": 100, "include_sub_organizations": True}
    inventory.configure(**account, on_error="stale", **CACHED)
    whole = set(inventory.hosts())
    assert len(whole) == 250
    for choice in ("fail", "warn", "stale"):
        sandbox.call("DELETE", "/faults")
        sandbox.fault({"vendor": "blynk", "method": "GET", "skip": 1, "status": 500, "times": 1000})
        inventory.configure(**account, on_error=choice, **CACHED)
        process = inventory.run("--list", "--flush-cache", expect=1 if choice == "fail" else 0)
        if choice == "fail":
            assert process.stdout.strip() == ""
        elif choice == "warn":
            assert hostvars(process.stdout) == {}
            assert "left out" in process.stderr
        else:
            found = hostvars(process.stdout)
            assert set(found) == whole
            assert all(variables["fleetform_stale"] is True for variables in found.values())
    sandbox.call("DELETE", "/faults")
    inventory.configure(**account, on_error="stale", **CACHED)
    again = inventory.hosts("--flush-cache")
    assert set(again) == whole
    assert not any("fleetform_stale" in variables for variables in again.values()), "what was stale is never stored"


# Forms of output


def test_every_form_of_output_tells_the_same(sandbox: Sandbox, inventory: Inventory) -> None:
    inventory.configure(**sandbox.account("greenlake"), device_groups=["tag"], **CACHED)
    found = inventory.hosts()
    name = sorted(found)[0]
    assert json.loads(inventory.run("--host", name).stdout) == found[name]
    assert hostvars(inventory.run("--list", "--export").stdout) == found
    listed: dict[str, Options] = {}

    def collect(group: Options) -> None:
        for host, variables in (group.get("hosts") or {}).items():
            listed.setdefault(host, {}).update(variables or {})
        for child in (group.get("children") or {}).values():
            collect(child or {})

    collect(yaml.safe_load(inventory.run("--list", "--yaml").stdout)["all"])
    assert listed == found
    graph = inventory.run("--graph", "--vars").stdout
    assert all(f"--{host}" in graph for host in found)


def test_ansible_runner_gets_the_inventory(sandbox: Sandbox, inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    inventory.configure(**sandbox.account("mobilefirst"), device_groups=["status"], **CACHED)
    found = inventory.hosts()
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    answer, errors = ansible_runner.interface.get_inventory(
        action="list",
        inventories=["fleetform.yml"],
        response_format="json",
        quiet=True,
        private_data_dir=str(inventory.home),
        host_cwd=str(inventory.home),
        envvars=ansible_environment(inventory.home, {}),
    )
    assert not errors
    assert hostvars(json.dumps(answer)) == found
