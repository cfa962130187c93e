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

import ansible_runner
import click
import pytest
import yaml

from ansible_collections.fleetform.devices.plugins.plugin_utils.fleet_syntax import check_text
from fleetform.cli import main

from .conftest import ROOT, Sandbox, ansible_environment
from .forges import Environment, GitHub, GitLab

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
    fenced = "\n".join(block for _language, block in _FENCE.findall(text)).replace("\\\n", " ")
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
    for target in re.findall(r"\]\(([^)]+)\)", _FENCE.sub("", (DOCS / page).read_text(encoding="utf-8"))):
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
MISTYPED = FLEET.replace("metafields", "metafeilds")
UNMADE = FLEET.replace("Hamburg Main Panel", "Nowhere `@ada`")
CREDENTIALS = {"FLEETFORM_LAB_CLIENT_ID": "oa2-client-id_demo", "FLEETFORM_LAB_CLIENT_SECRET": "demo-secret"}
KEY = {"FLEETFORM_PLAN_KEY": "signed"}
MARKER = "<!-- fleetform plan -->"


def text_of(start: str, language: str = "yaml") -> str:
    """The example of pipelines.md that begins so."""
    (found,) = [text for _language, text in blocks("pipelines.md", language) if text.startswith(start)]
    return found


def example(start: str) -> t.Any:
    return yaml.load(text_of(start), Loader=_Examples)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """What is in the repository."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "fleet.yml").write_text(FLEET)
    (folder / "gitlab.py").write_text(text_of('"""gitlab.py', "python"))
    return folder


@pytest.fixture
def machine(sandbox: Sandbox) -> Environment:
    """A machine that knows where the sandbox is, and no credentials."""
    return lambda home: ansible_environment(home, {"SANDBOX": sandbox.url})


def written(sandbox: Sandbox) -> int:
    return len(sandbox.requests(write=True, token=False))


@pytest.mark.parametrize(
    ("schema", "start"), [("vendor.github-workflows", "# .github/workflows/fleet.yml"), ("vendor.gitlab-ci", "# .gitlab-ci.yml")]
)
def test_a_pipeline_fits_the_schema_that_its_service_publishes(schema: str, start: str, tmp_path: Path) -> None:
    (tmp_path / "pipeline.yml").write_text(text_of(start))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, tmp_path / "pipeline.yml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def pull_request(action: str, sha: str, **more: t.Any) -> dict[str, t.Any]:
    """An event of a pull request that means no good."""
    evil = "$(touch pwned)`touch pwned`';touch pwned;\"\n"
    head = {"sha": sha, "ref": evil, "repo": {"full_name": "o/r"}}
    base = {"ref": "main"}
    return {"action": action, "pull_request": {"number": 7, "title": evil, "body": evil, "head": head, "base": base, **more}}


def merged(sha: str) -> dict[str, t.Any]:
    return pull_request("closed", sha, merged=True, merge_commit_sha="abc")


@pytest.fixture
def github(tmp_path: Path, machine: Environment) -> GitHub:
    secrets = {name.replace("FLEETFORM_LAB", "LAB"): value for name, value in {**CREDENTIALS, **KEY}.items()}
    return GitHub(tmp_path, example("# .github/workflows/fleet.yml"), machine, secrets)


def test_at_github_secrets_and_permissions_reach_only_what_needs_them() -> None:
    workflow = example("# .github/workflows/fleet.yml")
    assert workflow["permissions"] == {}
    assert "secrets." not in str(workflow["env"])
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    for step in steps:
        plans_or_applies = re.search(r"^ *fleetform (plan|apply) ", step.get("run", ""), re.MULTILINE) is not None
        assert ("secrets." in str(step)) is plans_or_applies
        assert "${{" not in step.get("run", ""), "what others write is never part of a script"
        assert step.get("with", {}).get("persist-credentials", False) is False
    assert sum("persist-credentials" in step.get("with", {}) for step in steps) == len(workflow["jobs"])
    assert workflow["jobs"]["apply"]["concurrency"] == {"group": "fleet-apply", "queue": "max"}
    assert workflow["jobs"]["plan"]["concurrency"]["cancel-in-progress"] is True


def test_a_pull_request_at_github_has_one_comment_with_its_plan_or_with_what_is_wrong(
    github: GitHub, source: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    github.says("mallory", f"{MARKER} all is well")
    github.says("github-actions[bot]", "The linter of this repository is content.")
    shown = []
    for action, sha, fleet in (("opened", "c1", MISTYPED), ("synchronize", "c2", UNMADE), ("synchronize", "c3", FLEET)):
        (source / "fleet.yml").write_text(fleet)
        jobs = github.event("pull_request", pull_request(action, sha), source)
        assert list(jobs) == ["plan"]
        assert list(jobs["plan"].kept) == ([f"fleet-plan-{sha}"] if fleet == FLEET else [])
        assert jobs["plan"].code == (0 if fleet == FLEET else 1), jobs["plan"].log
        (comment,) = github.comments[2:]
        assert jobs["plan"].summary == comment["body"]
        assert comment["body"].startswith(MARKER)
        assert comment["body"].endswith(f"\nCommit {sha}, [run](https://github.example/o/r/actions/runs/{len(shown) + 1})\n")
        shown.append(comment["body"])
    assert "\n\n    error: fleet.yml:4:46: devices[0]: unknown option 'metafeilds'" in shown[0]
    assert "### fleetform: the plan has errors" in shown[1]
    assert "@ada" not in shown[1]
    assert "| metafields.Rated Current | `250.0` | `400` |" in shown[2]
    assert [comment["user"]["login"] for comment in github.comments] == ["mallory", *["github-actions[bot]"] * 2]
    assert github.comments[0]["body"].endswith("all is well")
    assert not written(sandbox)
    assert not list(tmp_path.rglob("pwned"))
    assert "demo-secret" not in "".join(
        path.read_text() for path in tmp_path.rglob("*") if path.suffix in (".json", ".log", ".md")
    )


def test_a_merge_at_github_applies_the_plan_of_its_commit_and_nothing_twice(
    github: GitHub, source: Path, sandbox: Sandbox
) -> None:
    planned = github.event("pull_request", pull_request("opened", "c1"), source)["plan"]
    assert planned.code == 0, planned.log
    github.stranger({name: {"plan.json": text.replace("Hamburg", "Bremen")} for name, text in planned.kept.items()})

    unplanned = github.event("pull_request", merged("c2"), source)["apply"]
    assert (unplanned.code, unplanned.kept) == (1, {})
    assert "::error::Nothing was applied: commit c2 has no plan" in unplanned.log
    assert not written(sandbox)

    applied = github.event("pull_request", merged("c1"), source)["apply"]
    assert applied.code == 0, applied.log
    assert written(sandbox) == 1
    assert '"event": "finished"' in applied.kept["journal-1"]
    again = github.again(4, merged("c1"), source)["apply"]
    assert again.code == 0, again.log
    assert "There is nothing left to do." in again.log
    assert written(sandbox) == 1


def test_github_starts_no_job_for_a_fork_another_branch_or_what_was_not_merged(github: GitHub, source: Path) -> None:
    fork = {"head": {"sha": "c1", "ref": "main", "repo": {"full_name": "m/r"}}}
    assert github.event("pull_request", pull_request("opened", "c1", **fork), source) == {}
    assert github.event("pull_request", pull_request("closed", "c1", merged=False), source) == {}
    assert github.event("pull_request", pull_request("closed", "c1", merged=True, base={"ref": "feature"}), source) == {}
    merge = pull_request("closed", "c1", merged=True, merge_commit_sha="abc", **fork)
    assert "::error::Nothing was applied" in github.event("pull_request", merge, source)["apply"].log


def test_the_nightly_job_at_github_fails_on_drift_and_says_what_it_is(github: GitHub, source: Path, sandbox: Sandbox) -> None:
    jobs = github.event("schedule", {"schedule": "17 3 * * *"}, source)
    assert list(jobs) == ["drift"]
    assert jobs["drift"].code == 2, jobs["drift"].log
    assert "metafields.Rated Current: 250.0 -> 400" in jobs["drift"].log
    assert "| metafields.Rated Current | `250.0` | `400` |" in jobs["drift"].summary
    assert 'failures="1"' in jobs["drift"].kept["drift"]
    assert not written(sandbox)


@pytest.fixture
def gitlab(tmp_path: Path, machine: Environment) -> t.Iterator[GitLab]:
    variables = {"FLEET_BOT_TOKEN": GitLab.TOKEN, **CREDENTIALS, **KEY}
    with GitLab(tmp_path, example("# .gitlab-ci.yml"), machine, variables) as stand_in:
        yield stand_in


def merge_request(sha: str, **more: str) -> dict[str, str]:
    """The variables of a pipeline of a merge request."""
    evil = "$(touch pwned)`touch pwned`';touch pwned;\""
    names = {"TITLE": evil, "SOURCE_BRANCH_NAME": evil, "SOURCE_PROJECT_ID": "3", "TARGET_BRANCH_NAME": "main", "IID": "7"}
    names |= {"REF_PATH": "refs/merge-requests/7/head", **more}
    return {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_COMMIT_SHA": sha,
        **{f"CI_MERGE_REQUEST_{name}": value for name, value in names.items()},
    }


def push(sha: str) -> dict[str, str]:
    return {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main", "CI_COMMIT_SHA": sha}


def test_at_gitlab_one_apply_runs_at_a_time_and_no_merge_cancels_another() -> None:
    pipeline = example("# .gitlab-ci.yml")
    assert {pipeline[name]["stage"] for name in ("plan", "apply", "drift")} == set(pipeline["stages"])
    assert pipeline["apply"]["resource_group"] == pipeline["drift"]["resource_group"] == "fleet"
    assert pipeline["workflow"]["auto_cancel"]["on_new_commit"] == "interruptible"
    assert [name for name, job in pipeline.items() if isinstance(job, dict) and job.get("interruptible")] == ["plan"]


def test_a_merge_request_at_gitlab_has_one_comment_and_its_merge_applies_what_that_shows(
    gitlab: GitLab, source: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    merged_results = "refs/merge-requests/7/merge"
    gitlab.says(99, f"{MARKER} all is well")
    for number in range(120):
        gitlab.says(gitlab.BOT, f"changed the milestone {number} times")
    (source / "fleet.yml").write_text(MISTYPED)
    failed = gitlab.pipeline(merge_request("result", SOURCE_BRANCH_SHA="c1", REF_PATH=merged_results), source)
    assert [(name, job.code, dict(job.kept)) for name, job in failed.items()] == [("plan", 1, {})]
    assert "\n\n    error: fleet.yml:4:46: devices[0]: unknown option 'metafeilds'" in gitlab.notes[-1]["body"]
    assert gitlab.notes[-1]["body"].endswith("\nCommit c1, [job](https://gitlab.example/o/r/-/jobs/1)\n")
    (source / "fleet.yml").write_text(FLEET)
    planned = gitlab.pipeline(merge_request("c2"), source)
    assert [(name, job.code, list(job.kept)) for name, job in planned.items()] == [("plan", 0, ["plan-c2.json"])]
    assert "| metafields.Rated Current | `250.0` | `400` |" in gitlab.notes[-1]["body"]
    assert gitlab.notes[-1]["body"].endswith("\nCommit c2, [job](https://gitlab.example/o/r/-/jobs/1)\n")
    assert [method for method, path in gitlab.requests if method != "GET"] == ["POST", "PUT"]
    assert len(gitlab.notes) == 122
    assert gitlab.notes[0]["body"].endswith("all is well")
    assert not written(sandbox)

    other = {"iid": 9, "sha": "c9", "merge_commit_sha": None, "squash_commit_sha": None, "has": "m2"}
    gitlab.merge_requests += [other, {"iid": 7, "sha": "c2", "merge_commit_sha": "m2", "squash_commit_sha": "s2"}]
    applied = gitlab.pipeline(push("m2"), source)
    assert [(name, job.code, list(job.kept)) for name, job in applied.items()] == [("apply", 0, ["journal.jsonl"])]
    assert written(sandbox) == 1
    gitlab.artifacts = {(merged_results, job): kept for (_reference, job), kept in gitlab.artifacts.items()}
    again = gitlab.pipeline(push("s2"), source)["apply"]
    assert again.code == 0, again.log
    assert "There is nothing left to do." in again.log
    drift = gitlab.pipeline({"CI_PIPELINE_SOURCE": "schedule"}, source)["drift"]
    assert drift.code == 0, drift.log
    assert 'failures="0"' in drift.kept["drift.xml"]
    assert written(sandbox) == 1
    assert not list(tmp_path.rglob("pwned"))


def test_at_gitlab_a_merge_without_a_plan_applies_nothing_and_says_why(gitlab: GitLab, source: Path) -> None:
    gitlab.merge_requests.append({"iid": 7, "sha": "c1", "merge_commit_sha": "m1", "squash_commit_sha": None})
    jobs = [gitlab.pipeline(push(sha), source)["apply"] for sha in ("m1", "m2")]
    assert [(job.code, job.log) for job in jobs] == [
        (1, "Nothing was applied: commit c1 of !7 has no plan without errors, or its plan is gone by now.\n"),
        (1, "Nothing was applied: m2 is not the merge of a merge request, so that nobody has seen a plan.\n"),
    ]
    fork = gitlab.pipeline(merge_request("c1", SOURCE_PROJECT_ID="4"), source)
    feature = gitlab.pipeline(merge_request("c1", TARGET_BRANCH_NAME="feature"), source)
    assert fork == feature == {}


def test_the_playbooks_for_awx_run_with_the_credentials_that_its_type_injects(
    sandbox: Sandbox, machine: Environment, tmp_path: Path
) -> None:
    play, setup = [content for content in yaml_of("pipelines.md") if isinstance(content, list)]
    tasks = {name: task[name] for task in setup[0]["tasks"] for name in task if name.startswith("awx.awx.")}
    kind, held = tasks["awx.awx.credential_type"], tasks["awx.awx.credential"]
    assert held["inputs"].keys() == {field["id"] for field in kind["inputs"]["fields"]} == set(kind["inputs"]["required"])
    values = {"client_id": "oa2-client-id_demo", "client_secret": "demo-secret"}
    injected = {
        name: re.sub(r"{{ (\w+) }}", lambda found: values[found[1]], text) for name, text in kind["injectors"]["env"].items()
    }
    assert injected == CREDENTIALS

    project = tmp_path / "project"
    project.mkdir()
    (project / "fleet.yml").write_text(FLEET)
    (project / "hosts").write_text("localhost\n")
    told = {}
    for action, status in (("plan", "successful"), ("drift", "failed"), ("apply", "successful")):
        play[0]["roles"][0]["vars"]["fleet_action"] = action
        (project / f"{action}.yml").write_text(yaml.safe_dump(play))
        home = tmp_path / action
        home.mkdir()
        places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        run = ansible_runner.run(
            private_data_dir=str(home),
            project_dir=str(project),
            playbook=f"{action}.yml",
            inventory=str(project / "hosts"),
            quiet=True,
            envvars={**machine(home), "PATH": places, "RECORDER_PATH": str(home / "record"), **injected},
        )
        with run.stdout as output:
            told[action] = output.read()
        assert run.status == status, told[action]
        assert written(sandbox) == (action == "apply")
    assert "Rated Current" in told["plan"]
    assert "1 device is not as declared: lab/Hamburg Main Panel" in told["drift"]
    assert "demo-secret" not in "".join(told.values())


def test_what_is_set_up_in_awx_names_what_there_is() -> None:
    play, setup = [content for content in yaml_of("pipelines.md") if isinstance(content, list)]
    specs = yaml.safe_load((ROOT / "roles" / "fleet" / "meta" / "argument_specs.yml").read_text())
    options = specs["argument_specs"]["main"]["options"]
    (role,) = play[0]["roles"]
    assert role["role"] == "fleetform.devices.fleet"
    assert role["vars"].keys() <= options.keys()
    tasks = {name: (task[name], task.get("loop")) for task in setup[0]["tasks"] for name in task if name.startswith("awx.awx.")}
    templates, actions = tasks["awx.awx.job_template"]
    assert set(actions) == set(options["fleet_action"]["choices"])
    assert templates["credentials"] == [tasks["awx.awx.credential"][0]["name"]]
    assert tasks["awx.awx.credential"][0]["credential_type"] == tasks["awx.awx.credential_type"][0]["name"]
    names = {templates["name"].replace("{{ item }}", action) for action in actions}
    assert tasks["awx.awx.schedule"][0]["unified_job_template"] in names
    nodes = {node["identifier"]: node for node in tasks["awx.awx.workflow_job_template"][0]["workflow_nodes"]}
    kinds = [node["unified_job_template"]["type"] for node in nodes.values()]
    assert kinds == ["job_template", "workflow_approval", "job_template"]
    assert {node["unified_job_template"]["name"] for node in nodes.values() if node["identifier"] != "agree"} <= names
    following = [one["identifier"] for node in nodes.values() for one in node.get("related", {}).get("success_nodes", ())]
    assert following == [*nodes][1:]


POLICY = """
accounts: {av: {vendor: xyte, url: "{{ lookup('env', 'SANDBOX') }}/xyte"}}
defaults: {account: av}
devices:
  - {serial: XQD-00001, state: absent}
  - {serial: XQD-00003, name: Town Hall}
  - {serial: XSP-00016, state: absent}
"""


def test_the_policy_refuses_to_delete_one_model_and_nothing_else(tmp_path: Path, sandbox: Sandbox) -> None:
    (tmp_path / "policy.py").write_text(text_of('"""policy.py', "python"))
    (tmp_path / "fleet.yml").write_text(POLICY)
    (script,) = [text for _language, text in blocks("pipelines.md", "shell") if "policy.py" in text]
    given = {"SANDBOX": sandbox.url, "FLEETFORM_AV_TOKEN": "xyte-demo-key"}
    output = bash(f'{script.rstrip()} || echo "ended with $?"', tmp_path, given)
    assert output.endswith("av: Berlin Room 1 Display is a Display - QM55 and must not be deleted\nended with 1\n")
    judge = [sys.executable, "policy.py", "Projector - PT900"]
    plan = (tmp_path / "plan.json").read_text()
    judged = subprocess.run(judge, cwd=tmp_path, input=plan, capture_output=True, text=True, timeout=30, check=True)
    assert judged.stdout == "The plan is within the rules.\n"
