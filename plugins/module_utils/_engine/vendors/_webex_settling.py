# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What came of a write to Webex: nothing in this API carries a version, so what must not be lost is read before and after it.

Facts: docs/vendors/webex.md, sections "Writing" and "Onboarding".
"""

from __future__ import annotations

import typing as t
from dataclasses import replace
from urllib.parse import unquote

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Answer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.diff import same_labels
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import ApiError, DeclarationError
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, mac_key
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_calls import renamed
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_configurations import not_in_effect
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_finding import Sought
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import text_of, texts_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_paging import Row
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_reading import WebexReading
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import DONE, FAILED, UNCLEAR, Outcome
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

LOOKS, PAUSE = 3, 2.0
"""How often, and how many seconds apart, something is looked for that was just written and does not show yet."""

ANEW = "deleting it and onboarding it anew"


class WebexSettling(WebexReading):
    """The part of an account that sees writes through."""

    def before_sending(self, step: Step) -> Step:
        """Reads what a write would lose if it had changed since it was read: nothing in this API carries a version."""
        change = step.changes[0]
        if change.action == "rename":
            row = self.names.read_workspace(str(change.ids["workspace"]))
            current = text_of(row, "displayName")
            if current not in (change.ids["was"], change.after):
                raise DeclarationError(
                    f"the workspace was called {change.ids['was']!r} when the plan was made, and is {current!r} now; "
                    "nothing was sent, run again"
                )
            return replace(step, call=replace(step.call, body=renamed(row, str(change.after))))
        if change.action == "tag" and step.call.body[0]["op"] != "add":
            held = self._tags(str(change.device_id))
            if held is not None and not same_labels(held, change.before) and not same_labels(held, change.after):
                raise DeclarationError(
                    f"the tags were {sorted(change.before or ())} when the plan was made, and are {sorted(held)} now; "
                    "nothing was sent, run again"
                )
        return step

    def _tags(self, device_id: str) -> list[str] | None:
        row = self.finder.row(device_id)
        return None if row is None else texts_of(row.get("tags"))

    def made(self, change: Change) -> t.Any:
        rows = self.names.fresh_named(str(change.after["space"]))
        row = self.one(rows, f"workspace {change.after['space']!r}", lambda found: str(found.get("id")))
        return None if row is None else text_of(row, "id")

    def finish(self, step: Step, answer: Answer, deadline: Deadline) -> dict[str, Outcome]:
        change = step.changes[0]
        if change.action == "create_space":
            outcome = self._space_made(change, answer)
        elif change.action == "claim":
            outcome = self._claimed(change, answer, deadline)
        elif change.action == "rename":
            outcome = self._confirmed(lambda: self._name_problem(step, answer), deadline)
        elif change.action == "tag":
            outcome = self._confirmed(lambda: self._tag_problem(step), deadline)
        elif change.action == "set_metafield":
            outcome = self._confirmed(lambda: self._metafield_problem(step), deadline)
        else:
            return super().finish(step, answer, deadline)
        return dict.fromkeys(step.addresses, outcome)

    def _confirmed(self, problem_now: t.Callable[[], str | None], deadline: Deadline) -> Outcome:
        """Done where reading finds nothing wrong with what was written, which may take effect a moment late."""
        text: str | None = None
        for number in range(LOOKS):
            if number:
                if deadline.left() < PAUSE:
                    break
                self.client.pause(PAUSE)
            try:
                text = problem_now()
            except ApiError as error:
                return Outcome(UNCLEAR, f"the vendor accepted it, and reading it back failed: {error}")
            if text is None:
                return Outcome(DONE)
        return Outcome(FAILED, text, written=True)

    def _name_problem(self, step: Step, answer: Answer) -> str | None:
        change = step.changes[0]
        body = step.call.body
        row = answer.body if isinstance(answer.body, dict) else {}
        if not _carries(row, body):
            row = self.names.read_workspace(str(change.ids["workspace"]))
        if _carries(row, body):
            self.names.note_made(row)
            return None
        wrong = sorted(name for name, value in body.items() if row.get(name) != value)
        return f"the workspace was written, and does not show what was sent as {', '.join(wrong)}: somebody else may write it too"

    def _tag_problem(self, step: Step) -> str | None:
        change = step.changes[0]
        # The path of a step that is sent names the device, also one that was just created.
        held = self._tags(unquote(step.call.path.rsplit("/", 1)[-1]))
        if held is None:
            return "the device is out of sight since its tags were written"
        before, after = set(change.before or ()), set(change.after)
        missing, left = sorted(after - before - set(held)), sorted((before - after) & set(held))
        if not missing and not left:
            return None
        words = [f"{', '.join(missing)} missing"] if missing else []
        words += [f"{', '.join(left)} still there"] if left else []
        return f"the tags were written, and reading them back shows {' and '.join(words)}: somebody else writes them too"

    def _metafield_problem(self, step: Step) -> str | None:
        wanted = {str(change.key): change.after for change in step.changes}
        reset = {str(change.key) for change in step.changes if change.ids.get("reset")}
        device_id = dict(step.call.query)["deviceId"]
        held = self.configurations(device_id, next(iter(wanted)) if len(wanted) == 1 else None)
        if not wanted.keys() <= held.keys():
            held = self.configurations(device_id)
        if wrong := not_in_effect(held, wanted, reset):
            return f"the configurations were written, and {', '.join(wrong)} does not show it; somebody else writes them too"
        return None

    def _space_made(self, change: Change, answer: Answer) -> Outcome:
        identifier = text_of(answer.body, "id") if isinstance(answer.body, dict) else None
        try:
            if identifier is None:
                identifier = self.made(change)
            else:
                self.names.note_made(answer.body)
        except (ApiError, DeclarationError) as error:
            return Outcome(UNCLEAR, f"the vendor made the workspace, and which one it is could not be read: {error}")
        if identifier is None:
            return Outcome(UNCLEAR, "the vendor made the workspace, and the listing does not show it yet; run again")
        return Outcome(DONE, made=identifier)

    def _claimed(self, change: Change, answer: Answer, deadline: Deadline) -> Outcome:
        """The new phone out of the answer, or by its MAC where that shows none."""
        row = answer.body if isinstance(answer.body, dict) and text_of(answer.body, "id") else None
        try:
            for number in range(LOOKS if row is None else 0):
                if number:
                    if deadline.left() < PAUSE:
                        break
                    self.client.pause(PAUSE)
                row = self._by_mac(change)
                if row is not None:
                    break
        except ApiError as error:
            return Outcome(UNCLEAR, f"the vendor accepted the phone, and reading it failed: {error}")
        if row is None:
            return Outcome(DONE, f"the vendor accepted the phone, but does not list it after {LOOKS} looks, nor tell its id")
        device = self.device(row)
        if device.mac is not None and mac_key(device.mac) != mac_key(change.after["mac"]):
            return Outcome(UNCLEAR, f"the vendor accepted the phone, and answers with another one, {device.label()}")
        if text := self.conflict(change, device):
            return Outcome(FAILED, text, device, written=True)
        return Outcome(DONE, device=device)

    def _by_mac(self, change: Change) -> Row | None:
        item = Sought({"mac": change.after["mac"]}, phone=True)
        hits = self.finder.find([item])[0].of(item)
        return t.cast("Row | None", self.one(hits, f"mac {change.after['mac']}", lambda row: str(row.get("id"))))

    def conflict(self, change: Change, device: Device) -> str | None:
        """What is wrong with a device that is there although it was to be added: it belongs to somebody else. None where not."""
        for name in ("space", "owner"):
            wanted = change.after.get(name)
            # A workspace that was made for it has an id by now that the change does not know.
            if not wanted or not wanted.get("id") or self.same(name, getattr(device, name), wanted):
                continue
            held = [f"{kind} {value['id']}" for kind in ("space", "owner") if (value := getattr(device, kind))]
            return (
                f"the MAC address is in use: {device.label()} belongs to {' and '.join(held) or 'nobody'}, declared is {name} "
                f"{wanted.get('name') or wanted.get('email') or wanted['id']}; the nearest thing is {ANEW}"
            )
        return None

    def refused(self, step: Step, error: ApiError, deadline: Deadline) -> dict[str, Outcome] | None:
        """What came of a phone that the vendor refused to add: a MAC in use may be this very phone, added before."""
        change = step.changes[0]
        if change.action != "claim" or error.status not in (400, 409):
            return None
        try:
            row = self._by_mac(change)
        except (ApiError, DeclarationError):
            return None
        if row is None:
            return None
        device = self.device(row)
        text = self.conflict(change, device)
        outcome = Outcome(DONE, device=device) if text is None else Outcome(FAILED, text)
        return dict.fromkeys(step.addresses, outcome)


def _carries(row: Row, body: Row) -> bool:
    return all(row.get(name) == value for name, value in body.items())
