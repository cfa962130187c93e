# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Activation codes: what brings in the devices that no call can add. Facts: docs/vendors/webex.md, "Activation codes"."""

from __future__ import annotations

import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import ADD, NEVER, Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    BadAnswer,
    DeclarationError,
    NotFound,
    Unclear,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_calls import ACTIVATION_CODE, holder_body
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_declared import not_a_person
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_directory import is_id
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import text_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_settling import WebexSettling

_LOOK_FIRST = " Look at the device before you send it again"
_CODE_LOST = " A code was perhaps made that nobody can read or cancel, and that does no harm unused; running again makes another"


class WebexCodes(WebexSettling):
    """The part of an account that makes codes."""

    ACTIONS = frozenset({"activation_code"})

    def act(self, action: str, device: Device | None, options: t.Mapping[str, t.Any]) -> t.Any:
        if action not in self.ACTIONS:
            return super().act(action, device, options)
        space, owner, model = (options.get(name) or None for name in ("space", "owner", "model"))
        if (space is None) == (owner is None):
            raise DeclarationError(
                "activation_code needs space (a workspace's name or id) or owner (a person's e-mail or id), "
                f"and {'neither is given' if space is None else 'not both'}: the code says where the device will belong"
            )
        self.forget_names()
        if model:
            self.names.find_models()
            self.names.refuse_model(model)
        holder: dict[str, t.Any] = {"workspace": self._workspace_id(space)} if space else {"person": self._person_id(str(owner))}
        body = {**holder_body(holder), **({"model": model} if model else {})}
        call = Call("POST", ACTIVATION_CODE, self.organization, body, pace=ADD, repeat=NEVER)
        result: dict[str, t.Any] = {"space_id": holder.get("workspace"), "owner_id": holder.get("person"), "model": model}
        if options.get("check_mode"):
            return {**result, "code": None, "expires_at": None}
        try:
            answer = self.client.send(call)
        except (BadAnswer, Unclear) as error:
            error.message = f"{error.message.removesuffix(_LOOK_FIRST)}{_CODE_LOST}"
            raise
        code = text_of(answer.body, "code") if isinstance(answer.body, dict) else None
        if code is None:
            raise BadAnswer(f"the answer holds no activation code.{_CODE_LOST}", method="POST", path=ACTIVATION_CODE)
        # Hidden in messages; the result is where the user gets it.
        self.client.masker.add_words([code])
        return {**result, "code": code, "expires_at": text_of(answer.body, "expiryTime")}

    def _workspace_id(self, wanted: str) -> str:
        if is_id(wanted):
            self.names.find_by_id([wanted])
            return self.names.workspace_id(wanted)
        self.names.find_workspaces([wanted])
        row = self.names.workspace_named(wanted)
        if row is None:
            raise NotFound(self.unknown_workspace(wanted))
        return str(row.get("id"))

    def _person_id(self, wanted: str) -> str:
        if text := not_a_person(wanted):
            raise DeclarationError(text)
        self.names.find_people([wanted] if "@" in wanted else [])
        self.names.find_persons([] if "@" in wanted else [wanted])
        return self.names.person(wanted).id
