# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What came of a write to Webex: nothing in this API carries a version, so what must not be lost is read before and after it.

Facts: docs/vendors/webex.md, sections "Writing" and "Workspaces".
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, replace
from urllib.parse import unquote

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Answer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.diff import same, same_labels
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import ApiError, DeclarationError, Unclear
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Device, mac_key
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_calls import renamed
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_configurations import not_in_effect
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_finding import Sought
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import (
    Row,
    id_key,
    same_id,
    text_of,
    texts_of,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_reading import WebexReading
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import (
    ALREADY,
    DONE,
    FAILED,
    UNCLEAR,
    Outcome,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

LOOKS, PAUSE = 3, 2.0
"""How often, and how many seconds apart, something is looked for that was just written and does not show yet."""

_IN_USE = re.compile(r"in use|already|exist|5675|taken", re.IGNORECASE)

ANEW = "deleting it and onboarding it anew"


class WebexSettling(WebexReading):
    """The part of an account that sees writes through."""

    def __init__(self, settings: AccountSettings, client: Client | None = None) -> None:
        super().__init__(settings, client)
        self._renamed: dict[str, tuple[str, str]] = {}
        self._own_names: dict[str, str | None] = {}
        self._there_before: dict[str, Device] = {}

    def afterwards(self, device: Device) -> Device:
        if (key := id_key(device.id)) in self._own_names:
            return replace(device, name=self._own_names[key])
        # Renaming a workspace names every device in it.
        was, now = self._renamed.get(id_key((device.space or {}).get("id")), (None, None))
        return replace(device, name=now) if was is not None and device.name == was else device

    def before_sending(self, step: Step) -> Step:
        """Reads what a write would lose if it had changed since it was read: nothing in this API carries a version."""
        change = step.changes[0]
        if change.action == "create_space":
            # Nothing forbids a second one of the name.
            rows = self.names.shown_now(str(change.after["space"]))
            row = self.one(rows, f"workspace {change.after['space']!r}", lambda found: str(found.get("id")))
            if row is not None:
                raise _IsThere(row)
        if change.action == "rename":
            row = self.names.read_workspace(str(change.ids["workspace"]))
            current = text_of(row, "displayName")
            if current not in (change.ids["was"], change.after):
                raise DeclarationError(
                    f"the workspace was called {change.ids['was']!r} when the plan was made, and is {current!r} now; "
                    "nothing was sent, run again"
                )
            return replace(step, call=replace(step.call, body=renamed(row, str(change.after))))
        if change.action == "tag":
            known = self._there_before.get(id_key(_device_of(step)))
            if known is not None and set(change.after) <= set(known.tags or ()):
                raise _InEffect("the device has these tags")
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
            outcome = self._space_made(change, answer, deadline)
        elif change.action == "claim":
            outcome = self._claimed(step, answer, deadline)
        elif change.action == "rename":
            outcome = self._confirmed(lambda: self._name_problem(step, answer), deadline)
            if outcome.status == DONE:
                return {one.address: self._renamed_device(one) for one in step.changes}
        elif change.action == "tag":
            outcome = self._confirmed(lambda: self._tag_problem(step), deadline)
        elif change.action == "set_metafield":
            outcome = self._confirmed(lambda: self._metafield_problem(step), deadline)
        else:
            return super().finish(step, answer, deadline)
        return dict.fromkeys(step.addresses, outcome)

    def _confirmed(self, problem_now: t.Callable[[], Problem | None], deadline: Deadline) -> Outcome:
        """Done where reading finds nothing wrong with what was written, which may take effect a moment late."""
        problem: Problem | None = None
        for _look in self._looks(deadline):
            try:
                problem = problem_now()
            except ApiError as error:
                return Outcome(UNCLEAR, f"the vendor accepted it, and reading it back failed: {error}")
            if problem is None:
                return Outcome(DONE)
        if problem is None or not problem.moved:
            text = "" if problem is None else f", but {problem.text}"
            return Outcome(UNCLEAR, f"the vendor accepted it{text}: it takes effect late, or not at all; run again")
        return Outcome(FAILED, f"it was written, but {problem.text}: somebody else may write it too", written=True)

    def _name_problem(self, step: Step, answer: Answer) -> Problem | None:
        change = step.changes[0]
        body = step.call.body
        row = answer.body if isinstance(answer.body, dict) else {}
        if not _carries(row, body):
            row = self.names.read_workspace(str(change.ids["workspace"]))
        if _carries(row, body):
            self.names.note_made(row)
            self._renamed[id_key(str(change.ids["workspace"]))] = (str(change.ids["was"]), str(change.after))
            return None
        wrong = sorted(name for name, value in body.items() if row.get(name) != value)
        moved = text_of(row, "displayName") != change.ids["was"]
        return Problem(f"the workspace does not show what was sent as {', '.join(wrong)}", moved)

    def _renamed_device(self, change: Change) -> Outcome:
        """A device that was not called as its workspace need not be so now: that one is looked at, and what it shows told."""
        if not change.ids.get("own"):
            return Outcome(DONE)
        try:
            row = self.finder.row(str(change.device_id))
        except ApiError as error:
            return Outcome(DONE, f"the workspace is called {change.after!r} now; reading the device failed: {error}")
        name = None if row is None else text_of(row, "displayName")
        if name == change.after:
            return Outcome(DONE)
        self._own_names[id_key(change.device_id)] = name
        return Outcome(DONE, f"the workspace is called {change.after!r} now, and the device shows {name!r}")

    def _tag_problem(self, step: Step) -> Problem | None:
        change = step.changes[0]
        held = self._tags(_device_of(step))
        if held is None:
            return Problem("the device is out of sight since then", moved=True)
        before, after = set(change.before or ()), set(change.after)
        missing, left = sorted(after - before - set(held)), sorted((before - after) & set(held))
        if not missing and not left:
            return None
        words = [f"{', '.join(missing)} missing"] if missing else []
        words += [f"{', '.join(left)} still there"] if left else []
        return Problem(f"reading the tags back shows {' and '.join(words)}", not same_labels(held, change.before))

    def _metafield_problem(self, step: Step) -> Problem | None:
        wanted = {str(change.key): change.after for change in step.changes}
        reset = {str(change.key) for change in step.changes if change.ids.get("reset")}
        device_id = dict(step.call.query)["deviceId"]
        held = self.configurations(device_id, next(iter(wanted)) if len(wanted) == 1 else None)
        if not wanted.keys() <= held.keys():
            held = self.configurations(device_id)
        wrong = not_in_effect(held, wanted, reset)
        if not wrong:
            return None
        before = {str(change.key): change.before for change in step.changes}
        moved = len(wrong) < len(wanted) or any(key in held and not same(held[key].value, before[key]) for key in wrong)
        return Problem(f"{', '.join(wrong)} does not show it", moved)

    def _space_made(self, change: Change, answer: Answer, deadline: Deadline) -> Outcome:
        """The new workspace, once the listing shows it: until then the next task would make another one of its name."""
        row = answer.body if isinstance(answer.body, dict) else {}
        identifier = text_of(row, "id")
        if identifier is not None:
            self.names.note_made(row)
        try:
            for _look in self._looks(deadline):
                rows = self.names.shown_now(str(change.after["space"]))
                if identifier is None and not rows:
                    identifier = self.made(change)
                elif identifier is None:
                    identifier = text_of(self.one(rows, "the new workspace", lambda found: str(found.get("id"))), "id")
                if identifier is not None and rows:
                    break
        except (ApiError, DeclarationError) as error:
            if identifier is None:
                return Outcome(UNCLEAR, f"the vendor made the workspace, and which one it is could not be read: {error}")
        if identifier is None:
            return Outcome(UNCLEAR, "the vendor made the workspace, and the listing does not show it yet; run again")
        return Outcome(DONE, made=identifier)

    def _claimed(self, step: Step, answer: Answer, deadline: Deadline) -> Outcome:
        """The new phone out of the answer, or by its MAC where that shows none."""
        change = step.changes[0]
        row = answer.body if isinstance(answer.body, dict) and text_of(answer.body, "id") else None
        try:
            if row is None:
                row = self._soon_by_mac(change, deadline)
        except ApiError as error:
            return Outcome(UNCLEAR, f"the vendor accepted the phone, and reading it failed: {error}")
        if row is None:
            return Outcome(DONE, f"the vendor accepted the phone, but does not list it after {LOOKS} looks, nor tell its id")
        device = self.device(row)
        if device.mac is not None and mac_key(device.mac) != mac_key(change.after["mac"]):
            return Outcome(UNCLEAR, f"the vendor accepted the phone, and answers with another one, {device.label()}")
        if text := _conflict(step, device):
            return Outcome(FAILED, text, device, written=True)
        return Outcome(DONE, device=device)

    def _by_mac(self, change: Change) -> Row | None:
        item = Sought({"mac": change.after["mac"]}, phone=True)
        hits = self.finder.find([item])[0].of(item)
        return t.cast("Row | None", self.one(hits, f"mac {change.after['mac']}", lambda row: str(row.get("id"))))

    def _soon_by_mac(self, change: Change, deadline: Deadline) -> Row | None:
        for _look in self._looks(deadline):
            if (row := self._by_mac(change)) is not None:
                return row
        return None

    def _looks(self, deadline: Deadline) -> t.Iterator[int]:
        """Numbers the looks at something that was just written and may show late, with a pause between them."""
        for number in range(LOOKS):
            if number:
                if deadline.left() < PAUSE:
                    return
                self.client.pause(PAUSE)
            yield number

    def after_error(self, step: Step, error: ApiError, deadline: Deadline) -> dict[str, Outcome] | None:
        change = step.changes[0]
        if isinstance(error, _InEffect):
            return dict.fromkeys(step.addresses, Outcome(ALREADY))
        if isinstance(error, _IsThere):
            self.names.note_made(error.row)
            return dict.fromkeys(step.addresses, Outcome(ALREADY, made=text_of(error.row, "id")))
        lost = isinstance(error, Unclear)
        if change.action != "claim" or not (lost or error.status in (400, 409)):
            return None
        # A MAC in use may be this very phone, added before. What is still under way keeps the lane: phones come one by one.
        in_use = bool(_IN_USE.search(error.vendor_message or ""))
        row = self._soon_by_mac(change, deadline) if lost or in_use else self._by_mac(change)
        if row is not None:
            device = self.device(row)
            text = _conflict(step, device)
            if text is None and not lost:
                # Not by this call: somebody added it before, or an earlier run whose phone was listed late.
                self._there_before[id_key(device.id)] = device
            outcome = Outcome(DONE if lost else ALREADY, device=device) if text is None else Outcome(FAILED, text)
            return dict.fromkeys(step.addresses, outcome)
        if not in_use or lost:
            return None
        why = "the listing shows no such device: it was added a moment ago, or is in another organization"
        return dict.fromkeys(step.addresses, Outcome(FAILED, f"{error} ({why})"))


@dataclass(frozen=True)
class Problem:
    """What reading back shows instead of what was written; ``moved`` unless that is just what was there before."""

    text: str
    moved: bool


class _InEffect(ApiError):
    """What was to be sent is so already."""


class _IsThere(ApiError):
    """A workspace that was to be made is there by now."""

    def __init__(self, row: Row) -> None:
        super().__init__("the workspace has been made since the plan")
        self.row = row


def _device_of(step: Step) -> str:
    """The id in the path of a step that is sent, also that of a device that was just created."""
    return unquote(step.call.path.rsplit("/", 1)[-1])


def _conflict(step: Step, device: Device) -> str | None:
    """What is wrong with a device that is there although it was to be added: it belongs to somebody else. None where not."""
    body, after = step.call.body, step.changes[0].after
    name, wanted = ("space", body["workspaceId"]) if "workspaceId" in body else ("owner", body["personId"])
    if same_id((getattr(device, name) or {}).get("id"), wanted):
        return None
    held = [f"{kind} {value['id']}" for kind in ("space", "owner") if (value := getattr(device, kind))]
    declared = after.get(name) or {}
    return (
        f"the MAC address is in use: {device.label()} belongs to {' and '.join(held) or 'nobody'}, declared is {name} "
        f"{declared.get('name') or declared.get('email') or wanted}; the nearest thing is {ANEW}"
    )


def _carries(row: Row, body: Row) -> bool:
    return all(row.get(name) == value for name, value in body.items())
