# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stand-ins of GitHub and GitLab: each runs the jobs of a pipeline and answers what these ask of it, and nothing else.

Run as a program, this is the command `gh`.
"""

from __future__ import annotations

import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import typing as t
import urllib.parse
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

Data = dict[str, t.Any]
Environment = t.Callable[[Path], dict[str, str]]
"""The environment of a machine whose home is that folder."""

_TOKENS = re.compile(r"'[^']*'|\"[^\"]*\"|\$?[A-Za-z_][\w.-]*(?:\(\))?|&&|\|\||[!=]=|[!()]|\s+")
_WORDS = {"&&": "and", "||": "or", "!": "not"}


@dataclass(frozen=True)
class Job:
    """What a job came to. ``kept`` are the files that it left behind, by their names."""

    code: int
    log: str = ""
    summary: str = ""
    kept: t.Mapping[str, str] = field(default_factory=dict)


def evaluated(expression: str, lookup: t.Callable[[str], t.Any]) -> t.Any:
    """The value of a condition: Python's, once its operators and names are put into Python's words."""
    parts = _TOKENS.findall(expression)
    assert "".join(parts) == expression, expression
    words = [_WORDS.get(part, part if re.match(r"['\"()=!\s]", part) else repr(lookup(part))) for part in parts]
    return eval(" ".join(words).strip(), {"__builtins__": {}})


def _run(command: t.Sequence[str], folder: Path, environment: t.Mapping[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    return done.returncode, done.stdout


def _program(folder: Path, name: str, script: str) -> None:
    """A program in place of one that needs its service."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def _with_programs(environment: t.Mapping[str, str], folder: Path) -> dict[str, str]:
    return {**environment, "PATH": os.pathsep.join([str(folder), str(Path(sys.executable).parent), environment["PATH"]])}


class GitHub:
    """A repository with one workflow. Each job runs in a folder of its own, as on a machine of its own."""

    NAME = "o/r"

    def __init__(self, home: Path, workflow: Data, environment: Environment, secrets: t.Mapping[str, str]) -> None:
        self._home, self._workflow, self._environment, self._secrets = home, workflow, environment, secrets
        self._store = home / "github.json"
        self._write({"runs": [], "comments": []})
        _program(home / "bin", "pipx", 'case "$*" in "install fleetform=="[0-9]*) ;; *) exit 1 ;; esac')
        _program(home / "bin", "gh", f'exec {sys.executable} {__file__} "$@"')

    def _write(self, data: Data) -> None:
        self._store.write_text(json.dumps(data))

    def _read(self) -> Data:
        return t.cast(Data, json.loads(self._store.read_text()))

    @property
    def comments(self) -> list[Data]:
        return t.cast("list[Data]", self._read()["comments"])

    def says(self, login: str, body: str) -> None:
        """Adds somebody's comment."""
        data = self._read()
        data["comments"].append({"id": len(data["comments"]) + 1, "user": {"login": login}, "body": body})
        self._write(data)

    def stranger(self, artifacts: Data) -> None:
        """A run of a fork, which may leave artifacts of any name."""
        self._new(2)
        data = self._read()
        data["runs"][-1]["artifacts"] = artifacts
        self._write(data)

    def _new(self, repository: int) -> int:
        data = self._read()
        data["runs"].append({"id": len(data["runs"]) + 1, "repository_id": 1, "head_repository_id": repository, "artifacts": {}})
        self._write(data)
        return len(data["runs"])

    def event(self, name: str, event: Data, source: Path) -> dict[str, Job]:
        """Runs the jobs that an event starts, on what is in ``source``."""
        wanted = (self._workflow.get("on") or self._workflow[True])[name]
        pull = event.get("pull_request")
        if pull and (event["action"] not in wanted["types"] or pull["base"]["ref"] not in wanted["branches"]):
            return {}
        return self._jobs(self._new(1), 1, name, event, source)

    def again(self, run: int, event: Data, source: Path) -> dict[str, Job]:
        """Runs the jobs of a run once more."""
        return self._jobs(run, 2, "pull_request", event, source)

    def _jobs(self, run: int, attempt: int, name: str, event: Data, source: Path) -> dict[str, Job]:
        github = {"event_name": name, "event": event, "repository": self.NAME, "server_url": "https://github.example"}
        fork = event.get("pull_request", {}).get("head", {}).get("repo", {}).get("full_name", self.NAME) != self.NAME
        context = {
            "github": {**github, "run_id": run, "run_attempt": attempt, "token": "ghs"},
            "secrets": {} if fork else self._secrets,
        }
        context["env"] = _filled(self._workflow["env"], context)
        return {
            title: self._job(self._home / f"{run}-{attempt}-{title}", job, context, source)
            for title, job in self._workflow["jobs"].items()
            if evaluated(job["if"], lambda path: _found(context, path))
        }

    def _job(self, folder: Path, job: Data, context: Data, source: Path) -> Job:
        folder.mkdir()
        granted = self._workflow["permissions"] | job["permissions"]
        if not context["secrets"]:
            granted = dict.fromkeys(granted, "read")
        machine = _with_programs(self._environment(folder), self._home / "bin")
        machine |= context["env"] | {"STAND_IN": json.dumps([str(self._store), granted])}
        shell = {"bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}[self._workflow["defaults"]["run"]["shell"]]
        code, logs, summary, kept = 0, [], "", {}
        for number, step in enumerate(job["steps"]):
            condition = re.sub(r"^\$\{\{(.*)\}\}$", r"\1", step.get("if", "success()"))
            states = {"success()": code == 0, "failure()": code != 0, "always()": True, "cancelled()": False}
            assert any(state in condition for state in states), "a condition that asks for no state also asks for success()"
            if not evaluated(condition, lambda path, states=states: states.get(path, _found(context, path))):
                continue
            given = _filled(step.get("with", {}), context)
            action = step.get("uses", "").partition("@")[0]
            if action == "actions/checkout":
                shutil.copytree(source, folder, dirs_exist_ok=True)
            elif action == "actions/upload-artifact":
                kept |= self._upload(context["github"]["run_id"], folder, given)
            else:
                told = folder / f".summary{number}"
                environment = machine | _filled(step.get("env", {}), context) | {"GITHUB_STEP_SUMMARY": str(told)}
                ended, log = _run([*shell, "-c", step["run"]], folder, environment)
                code, summary = code or ended, summary + (told.read_text() if told.exists() else "")
                logs.append(log)
        return Job(code, "".join(logs), summary, kept)

    def _upload(self, run: int, folder: Path, given: Data) -> dict[str, str]:
        path = folder / given["path"]
        if not path.exists():
            assert given.get("if-no-files-found") == "ignore", f"{path.name} is not there"
            return {}
        data = self._read()
        artifacts = data["runs"][run - 1]["artifacts"]
        assert given.get("overwrite") or given["name"] not in artifacts, "the run has an artifact of this name"
        artifacts[given["name"]] = {path.name: path.read_text()}
        self._write(data)
        return {given["name"]: path.read_text()}


def _found(context: t.Any, path: str) -> t.Any:
    for name in path.split("."):
        context = context.get(name) if isinstance(context, dict) else None
    return context


def _filled(values: t.Mapping[str, t.Any], context: Data) -> Data:
    """Values with each expression replaced."""

    def value(found: re.Match[str]) -> str:
        result = evaluated(found[1].strip(), lambda path: _found(context, path))
        return "" if result is None else str(result)

    return {name: re.sub(r"\$\{\{(.*?)\}\}", value, text) if isinstance(text, str) else text for name, text in values.items()}


def gh(arguments: t.Sequence[str]) -> int:
    """The command `gh`, as far as the workflow needs it: its answers, its refusals, and what its token may do."""
    import jq

    file, granted = json.loads(os.environ["STAND_IN"])
    store = Path(file)
    data = json.loads(store.read_text())
    repository = f"repos/{os.environ['GH_REPO']}"

    def may(what: str, how: str) -> None:
        if not os.environ.get("GH_TOKEN") or granted.get(what) not in (how, "write"):
            sys.exit(f"HTTP 403: Resource not accessible by integration ({what}: {how})")

    def tell(query: str, answer: t.Any) -> None:
        for item in jq.compile(query).input_value(answer):
            print(item if isinstance(item, str) else json.dumps(item))

    match list(arguments):
        case ["api", path, "--paginate", "--jq", query] if path == f"{repository}/issues/7/comments":
            may("pull-requests", "write")
            # A page at a time, and each page is short.
            for start in range(0, len(data["comments"]), 2):
                tell(query, data["comments"][start : start + 2])
            return 0
        case ["api", "--silent", "--method", "PATCH", path, "-F", body] if body.startswith("body=@"):
            may("pull-requests", "write")
            (comment,) = [one for one in data["comments"] if path == f"{repository}/issues/comments/{one['id']}"]
            comment["body"] = Path(body.removeprefix("body=@")).read_text()
        case ["pr", "comment", "7", "--body-file", name]:
            may("pull-requests", "write")
            user = {"login": "github-actions[bot]"}
            data["comments"].append({"id": len(data["comments"]) + 1, "user": user, "body": Path(name).read_text()})
        case ["api", path, "--jq", query] if path.startswith(f"{repository}/actions/artifacts?name="):
            may("actions", "read")
            name = path.partition("=")[2]
            runs = [run for run in data["runs"] if name in run["artifacts"]]
            tell(query, {"artifacts": [{"created_at": f"2026-01-0{run['id']}", "workflow_run": run} for run in runs]})
            return 0
        case ["run", "download", number, "--name", name] if number:
            may("actions", "read")
            artifact = data["runs"][int(number) - 1]["artifacts"].get(name)
            if artifact is None:
                sys.exit("no artifact matches any of the names or patterns provided")
            for file_name, text in artifact.items():
                Path(file_name).write_text(text)
            return 0
        case _:
            sys.exit(f"gh is not asked so: {arguments}")
    store.write_text(json.dumps(data))
    return 0


class GitLab:
    """A project with its pipeline and the API that its jobs call, on loopback. ``merge_requests`` are as the API shows them.

    ``artifacts`` are those of the newest successful pipeline, by its ref and the name of the job.
    """

    BOT, TOKEN, PROJECT = 41, "glpat-bot", "/api/v4/projects/3"

    def __init__(self, home: Path, pipeline: Data, environment: Environment, variables: t.Mapping[str, str]) -> None:
        self._home, self._pipeline, self._environment, self._variables = home, pipeline, environment, variables
        self._count = 0
        self.notes: list[Data] = []
        self.merge_requests: list[Data] = []
        self.requests: list[tuple[str, str]] = []
        self.artifacts: dict[tuple[str, str], t.Mapping[str, str]] = {}
        _program(home / "bin", "pip", 'case "$*" in "install --quiet fleetform=="[0-9]*) ;; *) exit 1 ;; esac')
        gitlab = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _answered(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                allowed = self.headers["PRIVATE-TOKEN"] == gitlab.TOKEN
                status, answer, headers = gitlab._answer(self.command, self.path, body) if allowed else (401, {}, {})
                data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = _answered

            def log_message(self, format: str, *arguments: t.Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> GitLab:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def says(self, author: int, body: str) -> None:
        """Adds somebody's note to the merge request."""
        self.notes.append({"id": 900 + len(self.notes), "author": {"id": author}, "body": body})

    def _answer(self, method: str, target: str, body: bytes) -> tuple[int, t.Any, dict[str, str]]:
        self.requests.append((method, target))
        url = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(url.query))
        if (method, url.path) == ("GET", "/api/v4/user"):
            return 200, {"id": self.BOT}, {}
        match [method, *(urllib.parse.unquote(part) for part in url.path.removeprefix(self.PROJECT).split("/")[1:])]:
            case ["GET", "merge_requests", "7", "notes"]:
                size, page = int(query.get("per_page", 20)), int(query.get("page", 1))
                more = str(page + 1) if len(self.notes) > size * page else ""
                return 200, self.notes[size * (page - 1) : size * page], {"X-Next-Page": more}
            case ["POST", "merge_requests", "7", "notes"]:
                self.says(self.BOT, json.loads(body)["body"])
                return 201, self.notes[-1], {}
            case ["PUT", "merge_requests", "7", "notes", number]:
                (note,) = [note for note in self.notes if str(note["id"]) == number]
                if note["author"]["id"] != self.BOT:
                    return 403, {"message": "403 Forbidden"}, {}
                note |= json.loads(body)
                return 200, note, {}
            case ["GET", "repository", "commits", sha, "merge_requests"]:
                return 200, [one for one in self.merge_requests if sha in one.values()], {}
            case ["GET", "jobs", "artifacts", reference, "raw", path]:
                text = self.artifacts.get((reference, query["job"]), {}).get(path)
                return (404, {"message": "404 Not Found"}, {}) if text is None else (200, text, {})
        return 404, {"message": "404 Not Found"}, {}

    def pipeline(self, variables: t.Mapping[str, str], source: Path) -> dict[str, Job]:
        """Runs the jobs whose rules fit these predefined variables."""
        own = {"CI_PROJECT_ID": "3", "CI_DEFAULT_BRANCH": "main", "CI_JOB_URL": "https://gitlab.example/o/r/-/jobs/1"}
        own |= {"CI_API_V4_URL": f"http://127.0.0.1:{self._server.server_port}/api/v4", **variables}
        jobs = {name: job for name, job in self._pipeline.items() if "script" in job}
        self._count += 1
        return {
            name: self._job(name, job, own, source)
            for name, job in jobs.items()
            if any(evaluated(rule["if"], lambda word: own.get(word[1:])) for rule in job["rules"])
        }

    def _job(self, name: str, job: Data, variables: t.Mapping[str, str], source: Path) -> Job:
        folder = self._home / f"{self._count}-{name}"
        shutil.copytree(source, folder)
        environment = _with_programs(self._environment(folder), self._home / "bin") | self._variables | variables
        script = "\n".join([*self._pipeline["default"]["before_script"], *job["script"]])
        code, log = _run(["sh", "-e", "-c", script], folder, environment | self._pipeline["variables"])
        given = job["artifacts"]
        kept = {}
        if code == 0 or given.get("when") == "always":
            patterns = [*given.get("paths", ()), *given.get("reports", {}).values()]
            found = [path for path in folder.iterdir() if any(fnmatch(path.name, pattern) for pattern in patterns)]
            kept = {path.name: path.read_text() for path in found}
        if code == 0 and "CI_MERGE_REQUEST_IID" in variables:
            self.artifacts[variables["CI_MERGE_REQUEST_REF_PATH"], name] = kept
        return Job(code, log, kept=kept)


if __name__ == "__main__":
    sys.exit(gh(sys.argv[1:]))
