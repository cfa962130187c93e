# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pages for users: the tutorial is typed in, examples are held against the command, the pipelines' steps run."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import typing as t
from pathlib import Path

import click
import pytest
import yaml

from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_syntax import check_text
from fleetform.cli import main

from .conftest import ROOT, Sandbox, ansible_environment

DOCS = ROOT / "docs"
PAGES = ("fleet-files.md", "pipelines.md", "tutorial.md")
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TYPED = re.compile(r"(?:^ *(?:- )?|&&|\||\$\(|run: |\) ) *(fleetform [a-z]+[^&|;`\n]*)", re.MULTILINE)
_NAMED = re.compile(r"`(fleetform [a-z]+[^&|;`\n]*)")


def blocks(page: str, *languages: str) -> list[tuple[str, str]]:
    """Language and text of the fenced blocks of a page."""
    found = _FENCE.findall((DOCS / page).read_text(encoding="utf-8"))
    return [(language, text) for language, text in found if language in languages]


class _Examples(yaml.SafeLoader):
    """YAML with Ansible's own tag for a text that is no template."""


_Examples.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def yaml_of(page: str) -> list[t.Any]:
    return [yaml.load(text, Loader=_Examples) for _language, text in blocks(page, "yaml")]


def bash(script: str, folder: Path, environment: t.Mapping[str, str]) -> str:
    """The output of a script that ends well."""
    places = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    process = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**ansible_environment(folder, environment), "PATH": places},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    assert process.returncode == 0, process.stdout
    return process.stdout


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    script, shown = [], []
    for number, (language, text) in enumerate(blocks("tutorial.md", "sh", "text")):
        if language == "sh":
            script.append(f"echo '== {number}'\n{text}")
        else:
            shown.append((number - 1, text))
    output = bash("trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "".join(script), tmp_path, {})
    parts = {int(number): part for number, part in re.findall(r"^== (\d+)\n(.*?)(?=^== |\Z)", output, re.MULTILINE | re.DOTALL)}
    for number, text in shown:
        for line in text.splitlines():
            assert line in parts[number], f"{line!r} is not in:\n{parts[number]}"


@pytest.mark.parametrize("page", [*PAGES, "../README.md"])
def test_commands_on_a_page_exist_with_their_options(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    fenced = "\n".join(block for _language, block in _FENCE.findall(text))
    commands = [command.split("  #")[0].strip() for command in (*_TYPED.findall(fenced), *_NAMED.findall(_FENCE.sub("", text)))]
    assert commands
    for command in commands:
        words = shlex.split(command.replace("...", ""), comments=True)
        words = words[1 : words.index(">")] if ">" in words else words[1:]
        name, *arguments = [word for word in words if word != "PLAN"]
        known = main.commands.get(name)
        assert known is not None, command
        flags = {flag for option in known.params if isinstance(option, click.Option) for flag in option.opts}
        assert {word for word in arguments if word.startswith("-")} <= flags, command


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", (DOCS / page).read_text(encoding="utf-8")):
        name, _hash, anchor = target.partition("#")
        assert (DOCS / name).exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", (DOCS / name).read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_every_key_of_a_fleet_file_is_documented_and_the_examples_are_right() -> None:
    page = (DOCS / "fleet-files.md").read_text(encoding="utf-8")
    schema = json.loads((DOCS / "schemas" / "fleet.schema.json").read_text(encoding="utf-8"))
    keys = {*schema["properties"], *_named(schema, "accounts"), *_named(schema, "devices")}
    assert {key for key in keys if f"`{key}`" not in page} == set()
    examples = [text for _language, text in blocks("fleet-files.md", "yaml") if text.startswith("accounts:")]
    assert len(examples) == 2
    for text in examples:
        assert check_text(text, "fleet-files.md").problems == []


def _named(schema: dict[str, t.Any], key: str) -> set[str]:
    """The options that may stand under a key, wherever the schema describes them."""
    found: set[str] = set()

    def look(node: t.Any) -> None:
        if isinstance(node, dict):
            if "$ref" in node:
                name = node["$ref"].rpartition("/")[2]
                look(schema["$defs"][name])
            found.update(node.get("properties", {}))
            for name in ("items", "additionalProperties", "anyOf", "oneOf", "allOf"):
                look(node.get(name))
        elif isinstance(node, list):
            for item in node:
                look(item)

    look(schema["properties"][key])
    assert found
    return found


FLEET = """
accounts: {lab: {vendor: blynk, url: "{{ lookup('env', 'SANDBOX') }}/blynk"}}
devices:
  - {account: lab, name: Hamburg Main Panel, metafields: {Rated Current: 400}}
"""


def example(page: str, start: str) -> t.Any:
    """The example whose text begins so."""
    (found,) = [text for _language, text in blocks(page, "yaml") if text.startswith(start)]
    return yaml.load(found, Loader=_Examples)


@pytest.fixture
def repository(tmp_path: Path, sandbox: Sandbox) -> dict[str, str]:
    """A folder with a fleet file, and the environment of a job there."""
    (tmp_path / "fleet.yml").write_text(FLEET)
    return {
        "SANDBOX": sandbox.url,
        "FLEETFORM_LAB_CLIENT_ID": "oa2-client-id_demo",
        "FLEETFORM_LAB_CLIENT_SECRET": "demo-secret",
        "FLEETFORM_PLAN_KEY": "signed",
    }


def stand_in(folder: Path, name: str, script: str) -> None:
    """A program in place of one that needs its service."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)


def test_the_steps_of_the_workflow_for_github_plan_comment_apply_and_find_no_drift(
    tmp_path: Path, repository: dict[str, str], sandbox: Sandbox
) -> None:
    workflow = example("pipelines.md", "# .github/workflows/fleet.yml")
    jobs = workflow["jobs"]
    assert jobs["apply"]["concurrency"] == {"group": "fleet-apply", "cancel-in-progress": False}
    stand_in(tmp_path, "pipx", "true")
    stand_in(tmp_path, "gh", 'echo "$*" >> gh.log; [ "$1 $2" != "run download" ] || test -f plan.json')
    scripts = {name: "\n".join(step["run"] for step in job["steps"] if "run" in step) for name, job in jobs.items()}
    assert not [script for script in scripts.values() if "${{" in script], "what others write is never part of a script"
    job = {**repository, "GH_REPO": "o/r", "PULL_REQUEST": "7", "PLAN": "fleet-plan-1", "GITHUB_STEP_SUMMARY": "summary.md"}
    bash(scripts["plan"], tmp_path, job)
    assert "pr comment 7 --body-file plan.md" in (tmp_path / "gh.log").read_text()
    assert (tmp_path / "summary.md").read_text().startswith("<!-- fleetform plan -->")
    assert not sandbox.requests(write=True, token=False)
    bash(scripts["apply"], tmp_path, job)
    assert len(sandbox.requests(write=True, token=False)) == 1
    bash(scripts["drift"], tmp_path, job)
    assert 'failures="0"' in (tmp_path / "drift.xml").read_text()


def test_the_scripts_for_gitlab_run(tmp_path: Path, repository: dict[str, str], sandbox: Sandbox) -> None:
    pipeline = example("pipelines.md", "# .gitlab-ci.yml")
    assert pipeline["apply"]["resource_group"] == "fleet"
    assert {pipeline[name]["stage"] for name in ("plan", "apply", "drift")} == set(pipeline["stages"])
    scripts = {name: pipeline[name]["script"] for name in ("plan", "apply", "drift")}
    for line in [line for script in scripts.values() for line in script if line.startswith("python3 - <<")]:
        compile(line.partition("\n")[2].rpartition("PYTHON")[0], "pipelines.md", "exec")
    own = {name: "\n".join(line for line in script if not line.startswith("python3")) for name, script in scripts.items()}
    for name in ("plan", "apply", "drift"):
        bash(own[name], tmp_path, repository)
    assert len(sandbox.requests(write=True, token=False)) == 1


def test_the_examples_for_awx_name_what_there_is() -> None:
    play, setup = [content for content in yaml_of("pipelines.md") if isinstance(content, list)]
    (role,) = play[0]["roles"]
    specs = yaml.safe_load((ROOT / "roles" / "fleet" / "meta" / "argument_specs.yml").read_text())
    assert role["role"] == "fleetform.devices.fleet"
    assert role["vars"].keys() <= specs["argument_specs"]["main"]["options"].keys()
    modules = [name for task in setup[0]["tasks"] for name in task if name.startswith("awx.awx.")]
    assert modules == ["awx.awx.credential_type", "awx.awx.job_template", "awx.awx.schedule"]


def test_the_policy_refuses_to_delete_one_model_and_nothing_else(tmp_path: Path) -> None:
    ((_language, policy),) = blocks("pipelines.md", "python")
    (tmp_path / "policy.py").write_text(policy)

    def judged(model: str, action: str) -> subprocess.CompletedProcess[str]:
        device = {"account": "av", "name": "Berlin display", "model": model, "actions": [action]}
        command = [sys.executable, tmp_path / "policy.py", "QM55C"]
        plan = json.dumps({"devices": [device]})
        return subprocess.run(command, input=plan, capture_output=True, text=True, timeout=30, check=False)

    assert [judged("QM55C", "update").returncode, judged("Trackpad", "delete").returncode] == [0, 0]
    refused = judged("QM55C", "delete")
    assert (refused.returncode, refused.stdout) == (1, "av: Berlin display is a QM55C and must not be deleted\n")
