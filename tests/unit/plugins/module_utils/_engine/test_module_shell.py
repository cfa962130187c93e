# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A task as a module: what is printed, how it ends, and what stays hidden."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible import constants as C
from ansible.module_utils.testing import patch_module_args

from ansible_collections.fleetform.devices.plugins.module_utils._engine import module_shell

# Before ansible-core 2.21 the arguments are always returned, and asking for them is an unknown option.
LOUD = {"_ansible_inject_invocation": True} if hasattr(C, "INJECT_INVOCATION") else {}

Runner = t.Callable[..., tuple[int, dict[str, t.Any]]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    """Runs the module ``device`` with these arguments and this answer of the engine; returns exit code and printed result."""

    def module(arguments: dict[str, t.Any], **answer: t.Any) -> tuple[int, dict[str, t.Any]]:
        monkeypatch.setattr(module_shell, "perform", lambda *_args, **_how: {"changed": False, **answer})
        with patch_module_args({**arguments, **LOUD}), pytest.raises(SystemExit) as ended:
            module_shell.run_module("device")
        return int(ended.value.code or 0), json.loads(capsys.readouterr().out)

    return module


def test_a_result_is_printed_with_its_arguments(run: Runner) -> None:
    code, result = run({"name": "A"}, changed=True, device={"name": "A"})
    assert code == 0
    assert result["changed"] is True
    assert result["device"] == {"name": "A"}
    assert result["invocation"]["module_args"]["state"] == "present"


def test_a_failure_says_what_had_been_changed(run: Runner) -> None:
    code, result = run({"name": "A"}, changed=True, failed=True, msg="half way")
    assert code == 1
    assert (result["failed"], result["changed"], result["msg"]) == (True, True, "half way")


def test_secrets_are_hidden_and_harmless_account_options_are_not(run: Runner) -> None:
    accounts = {"one": {"vendor": "blynk", "token": "canary", "concurrency": 8}}
    secret = {"metafields": {"Code": "hidden value", "Floor": 8}, "secret_metafields": ["Code"]}
    _code, result = run({"name": "A", "accounts": accounts, **secret}, device={"vendor": "blynk", "name": "canary", "id": "8"})
    assert result["device"] == {"vendor": "blynk", "name": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "id": "8"}
    assert result["invocation"]["module_args"]["accounts"]["one"]["concurrency"] == 8
    assert "canary" not in json.dumps(result)
    assert "hidden value" not in json.dumps(result)


@pytest.mark.parametrize(
    "wrong", [{"state": "gone"}, {"nmae": "x"}, {"accounts": "canary2"}, {"subscriptions": {"a": "b"}}], ids=str
)
def test_secrets_are_hidden_where_the_arguments_are_wrong(run: Runner, wrong: dict[str, t.Any]) -> None:
    given = {"name": "A", "token": "canary1", "accounts": {"one": {"tokne": "canary2"}}}
    code, result = run({**given, **wrong})
    assert code == 1
    assert "canary" not in json.dumps(result)


def test_a_missing_library_is_explained_in_the_words_of_ansible(run: Runner) -> None:
    _code, result = run({"name": "A"}, failed=True, msg="", missing_library="requests")
    assert result["msg"].startswith("Failed to import the required Python library (requests)")


def test_warnings_reach_ansible(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(module_shell.AnsibleModule, "warn", lambda _self, text: warned.append(text))
    run({"name": "A"}, warnings=["beware"])
    assert warned == ["beware"]
