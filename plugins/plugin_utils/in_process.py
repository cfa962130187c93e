# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a task inside the controller's process where that gives the same as a module would, else hands it to the module.

A module costs a new interpreter for each item of a loop, about a hundred times more than the task itself. What a keyword would do
to that interpreter (another user, another environment, another machine) cannot be done here, so that such tasks go to the module.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import sys
import typing as t
from pathlib import Path

import yaml
from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.fleetform.devices.plugins.module_utils._engine.argspec import spec_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.fleet import Fleet
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import RequestNote
from ansible_collections.fleetform.devices.plugins.module_utils._engine.listings import Crowd
from ansible_collections.fleetform.devices.plugins.module_utils._engine.module_shell import SHARED_VARIABLE, worded
from ansible_collections.fleetform.devices.plugins.module_utils._engine.tasks import perform, secret_values, shown_params

# The items of a loop run one after the other in one worker process, which ends with the task.
_KEPT: dict[str, Fleet] = {}
_DISCOVERY = frozenset({"auto", "auto_legacy", "auto_silent", "auto_legacy_silent"})


class InProcess(ActionBase):
    """The action plugin of every task. A subclass says which ``TASK`` it is."""

    TASK: t.ClassVar[str]

    _supports_check_mode = True
    _supports_async = True

    def __init_subclass__(cls, **more: t.Any) -> None:
        """Called before Ansible forks its workers, which then need not import this each for himself."""
        super().__init_subclass__(**more)
        with contextlib.suppress(ImportError):
            importlib.import_module("deepdiff")

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """See ActionBase."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        variables = {} if task_vars is None else task_vars
        result.update(self._here(variables) if self._may_run_here(variables) else self._elsewhere(variables))
        if isinstance(result.get("plan"), dict):
            result["plan"]["tool_version"] = collection_version()
        return result

    def _may_run_here(self, task_vars: dict[str, t.Any]) -> bool:
        task = self._task
        return (
            self._connection.transport == "local"
            and not (task.become or self._connection.become)
            and not task.async_val
            and not any(task.environment or ())
            and is_this_interpreter(self._interpreter(task_vars))
        )

    def _interpreter(self, task_vars: dict[str, t.Any]) -> str:
        """The interpreter that a module would get, or one of the words that ask for discovery."""
        delegate = self._task.delegate_to
        variables = task_vars["ansible_delegated_vars"][delegate] if delegate else task_vars
        named = self._templar.template(C.config.get_config_value("INTERPRETER_PYTHON", variables=variables))
        return str(named or "auto").strip()

    def _elsewhere(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """What the module answers, as ansible.builtin.normal does it."""
        in_background = self._task.async_val
        if self._connection.transport == "local" and not in_background and not (self._task.become or self._connection.become):
            # The module runs on this machine as this user, so that it can share tokens and pace with the rest of the run.
            self._task.environment = [*(self._task.environment or ()), {SHARED_VARIABLE: shared_path()}]
        result: dict[str, t.Any] = self._execute_module(task_vars=task_vars, wrap_async=in_background)
        if not in_background:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def _here(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        spec = spec_of(self.TASK)
        # The variant for modules also reports aliases and deprecated options, on a controller through Display.
        checked = ModuleArgumentSpecValidator(**spec).validate(plain(self._task.args))
        params = checked.validated_parameters
        if checked.error_messages:
            text = checked.errors.msg
            if isinstance(checked.errors[0], UnsupportedError):
                text = f"Unsupported parameters for ({self._task.action}) module: {text}"
            result, secrets = {"failed": True, "msg": text}, checked._no_log_values | secret_values(params)
        else:
            secrets = secret_values(params)
            result = worded(
                perform(
                    self.TASK,
                    self._with_absolute_paths(params, spec),
                    check_mode=bool(self._task.check_mode),
                    diff_mode=bool(self._task.diff),
                    shared_path=shared_path(),
                    tool_version=collection_version(),
                    observer=self._observer(),
                    kept=_KEPT,
                    crowd=self._crowd(task_vars),
                )
            )
        if wants_invocation(task_vars):
            result["invocation"] = {"module_args": shown_params(params)}
        for warning in remove_values(result.pop("warnings", []), secrets):
            Display().warning(warning)
        kept = {name: value for name, value in result.items() if value is None or isinstance(value, bool)}
        return {**remove_values(result, secrets), **kept}

    def _crowd(self, task_vars: dict[str, t.Any]) -> Crowd | None:
        """The same task of the other hosts; None where it has none, or looks at the same thing again and again."""
        hosts = task_vars.get("ansible_play_batch") or ()
        if len(hosts) < 2 or self._task.run_once or self._task.until:
            return None
        return Crowd(str(self._task._uuid), len(hosts))

    def _with_absolute_paths(self, params: dict[str, t.Any], spec: dict[str, t.Any]) -> dict[str, t.Any]:
        """A local module runs in the folder of the playbook, which is where relative paths start."""
        paths = [name for name, option in spec["argument_spec"].items() if option["type"] == "path" and params.get(name)]
        folder = os.path.abspath(self._loader.get_basedir())
        return {**params, **{name: os.path.join(folder, params[name]) for name in paths}}

    def _observer(self) -> t.Callable[[RequestNote], None] | None:
        display = Display()
        if self._task.no_log or display.verbosity < 3:
            return None
        host = self._task.delegate_to or self._play_context.remote_addr

        def show(note: RequestNote) -> None:
            answer = "no answer" if note.status is None else f"HTTP {note.status}"
            again = f", attempt {note.attempt}" if note.attempt > 1 else ""
            display.vvv(f"fleetform: {note.method} {note.path}: {answer} after {note.seconds:.2f} s{again}", host=host)

        return show


def shared_path() -> str:
    """The private file of this run. Ansible removes the folder when the run ends."""
    return str(Path(C.DEFAULT_LOCAL_TMP, "fleetform", "shared.json"))


def plain(value: t.Any) -> t.Any:
    """A copy of task arguments as a module gets them, through JSON: nothing that templating could trust, no lazy containers."""
    if isinstance(value, dict):
        return {key_text(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str.__str__(value) if isinstance(value, str) else str(value)


def key_text(key: t.Any) -> str:
    """A key as JSON writes it."""
    return str.__str__(key) if isinstance(key, str) else json.dumps(plain(key))


def is_this_interpreter(path: str) -> bool:
    """Whether a module run by ``path`` would find the same libraries: the same link target in the same folder."""
    if path in _DISCOVERY:
        return True
    return _place(path) == _place(sys.executable)


def _place(path: str) -> tuple[str, str]:
    return os.path.realpath(os.path.dirname(path)), os.path.realpath(path)


def wants_invocation(task_vars: dict[str, t.Any]) -> bool:
    """Whether a module would return its arguments: always before ansible-core 2.21, where it became a setting."""
    if not hasattr(C, "INJECT_INVOCATION"):
        return True
    return bool(C.config.get_config_value("INJECT_INVOCATION", variables=task_vars))


@functools.cache
def collection_version() -> str:
    """The version of this collection, installed or as a checkout. Raises AnsibleError where neither file is there."""
    root = Path(__file__).resolve().parents[2]
    manifest, galaxy = root / "MANIFEST.json", root / "galaxy.yml"
    if manifest.exists():
        return str(json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]["version"])
    if galaxy.exists():
        return str(yaml.safe_load(galaxy.read_text(encoding="utf-8"))["version"])
    raise AnsibleError(f"the collection in {root} has neither MANIFEST.json nor galaxy.yml")
