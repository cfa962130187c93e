# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task as an Ansible module: the one place of the engine that knows AnsibleModule."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.fleetform.devices.plugins.module_utils._engine.argspec import spec_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.tasks import perform, secret_values, shown_params

SHARED_VARIABLE = "FLEETFORM_SHARED_STATE"
"""Names the private file in which the processes of one run share tokens and pace; set for a module on the controller itself."""


class _Module(AnsibleModule):  # type: ignore[misc]  # ansible-core states no types
    """AnsibleModule that keeps our secrets to itself also where it fails on arguments, before it could be told what they are."""

    def fail_json(self, msg: str, **result: t.Any) -> None:
        """See AnsibleModule. Exits."""
        self.no_log_values |= secret_values(self.params)
        result.setdefault("invocation", {"module_args": shown_params(self.params)})
        super().fail_json(msg, **result)


def run_module(task: str) -> None:
    """Runs the task with the parameters of this module's process, prints the result and exits."""
    module = _Module(**spec_of(task), supports_check_mode=True)
    # Ansible registers every leaf of a no_log structure. In a fleet that is "blynk" and "8", and would turn results into stars.
    module.no_log_values = secret_values(module.params)
    shared = os.environ.get(SHARED_VARIABLE)
    result = worded(perform(task, module.params, check_mode=module.check_mode, diff_mode=module._diff, shared_path=shared))
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result, invocation={"module_args": shown_params(module.params)})


def worded(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """The result with a missing library explained the way Ansible does."""
    if library := result.pop("missing_library", None):
        result["msg"] = missing_required_lib(library)
    return result
