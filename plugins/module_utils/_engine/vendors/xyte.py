# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Xyte, by its organization API: one listing without search, hardware that is claimed, a configuration that nobody can read.

Facts, with their sources: docs/vendors/xyte.md.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace
from urllib.parse import unquote

from ansible_collections.fleetform.devices.plugins.module_utils._engine.auth import ApiKey
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import (
    Answer,
    Call,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import (
    NO,
    READ_ONLY,
    YES,
    Capabilities,
    Capability,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    ApiError,
    BadAnswer,
    DeclarationError,
    FleetformError,
    Gone,
    IncompleteRead,
    NotFound,
    Refused,
    SettingsError,
    Unclear,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Auth, Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.identity import Index
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import (
    IDENTIFIERS,
    Declaration,
    Device,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Desired, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.redaction import hidden_by, without_secrets
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings, VendorFacts
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_calls import CLAIM, call_for
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_configuration import (
    Configurations,
    refuse_configuration,
    texts_in,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_json import _device_from_json
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_listing import DEVICES, all_devices
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_query import (
    refuse_id,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_reading import XyteReading
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._xyte_spaces import (
    Missing,
    Spaces,
    apart,
    refuse_path,
    stands_in,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import (
    DONE,
    FAILED,
    UNCLEAR,
    Outcome,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

T = t.TypeVar("T")

_NOTHING = object()

LOOKS, PAUSE = 3, 1.0
"""How often, and how many seconds apart, a change is looked for that was accepted: the answer to it shows nothing."""


def _no(reason: str, nearest: str) -> Capability:
    return Capability(NO, reason=reason, nearest=nearest)


class Xyte(XyteReading):
    """One organization at Xyte."""

    NAME = "xyte"
    FACTS = VendorFacts(
        name="xyte",
        default_url="https://hub.xyte.io",
        options=frozenset({"token"}),
        credentials=(frozenset({"token"}),),
        native_environment={"token": "XYTE_ORG_API_KEY"},
        # No figure is published for the organization API.
    )
    CAPABILITIES: t.ClassVar[Capabilities] = {
        "create": Capability(YES, note="claim: `cloud_id`, or serial + MAC"),
        "name": Capability(YES),
        "space": Capability(YES),
        "owner": _no("a device belongs to the organization, not to a person", "`space`"),
        "transfer_to": _no(
            "no call moves a device to another organization",
            "`state: absent` here, which loses its history, then a claim with the other organization's key",
        ),
        "tags": _no("Xyte has no tags on devices", "`space`, or `name`"),
        "metafields": Capability(YES, note="`configuration`, write only"),
        "status": Capability(READ_ONLY, reason="the status is what the device reports", nearest="`state: absent`"),
        "applications": _no("Xyte has no applications on a device", "`metafields`, the configuration"),
        "application": _no("Xyte has no application assignment", "`space`"),
        "subscriptions": _no("Xyte has no subscriptions on a device", "`metafields`, the configuration"),
        "contact": _no("Xyte keeps no contact of a device", "`space`"),
        "warranty": _no("Xyte keeps no warranty of a device", "`metafields`, the configuration"),
        "archived": _no("Xyte has no archive", "`state: absent`, which loses the device's history"),
        "absent": Capability(YES, note="delete, history lost"),
    }
    IDENTIFIERS = frozenset({"device_id", "serial", "mac", "cloud_id"})
    CLAIM_SETS = frozenset({"name", "space"})
    WHOLE = frozenset({"metafields"})
    DELETE_WARNING = (
        "Xyte deletes a device with its history, which cannot be undone; one that a connector imported is not imported again"
    )

    def __init__(self, settings: AccountSettings, client: Client | None = None) -> None:
        super().__init__(settings, client)
        self._spaces: Spaces | None = None
        self._configurations = Configurations(settings.url)

    @classmethod
    def auth(cls, settings: AccountSettings) -> Auth:
        """The key, which stands bare in the header: with ``Bearer`` before it, it is refused."""
        return ApiKey(settings.token or "")

    @property
    def spaces(self) -> Spaces:
        """The look-ups of spaces. Raises RuntimeError where the vendor was made for planning only."""
        if self._spaces is None:
            self._spaces = Spaces(self.client, self._shown)
        return self._spaces

    # Planning

    def check(self, declaration: Declaration) -> None:
        super().check(declaration)
        if declaration.device_id is not None:
            refuse_id(declaration.device_id)
        if declaration.device_type is not None:
            raise Unsupported("xyte has no device_type; the nearest thing it has is the model, which the hardware tells itself")
        if declaration.absent_metafields is not None:
            raise Unsupported(
                "xyte cannot unset metafields by name; the nearest thing it can do is `metafields` with the complete "
                "configuration as it is to be"
            )
        if declaration.space == "":
            raise Unsupported(
                "xyte keeps every device in a space; the nearest thing to none is the space Unsorted, as in `space: Wiz/Unsorted`"
            )
        if declaration.space is not None:
            refuse_path(declaration.space)
        refuse_configuration(declaration)

    def claim_refusal(self, declaration: Declaration) -> str | None:
        if declaration.device_id is not None:
            return "Xyte gives out device_id itself when a device is claimed; correct it, or leave it out"
        if declaration.cloud_id is not None or (declaration.serial is not None and declaration.mac is not None):
            return None
        if declaration.serial is not None:
            return "with a serial number Xyte needs `mac` as well; or declare `cloud_id`, where the model has one"
        if declaration.mac is not None:
            return "with a MAC address Xyte needs `serial` as well; or declare `cloud_id`, where the model has one"
        return "declare `cloud_id`, or `serial` and `mac`, whichever the manufacturer's data sheet asks for"

    def prepare(self, pairs: t.Sequence[tuple[Declaration, Device | None]]) -> None:
        # Each plan sees the spaces and the fingerprints as they are now.
        self._spaces = None
        self._configurations.renew()
        live = [(one, device) for one, device in pairs if one.space is not None and not self._refused(one, device)]
        self.spaces.look_up({str(one.space) for one, device in live if not stands_in(device, str(one.space))})

    def _refused(self, declaration: Declaration, observed: Device | None) -> bool:
        """Whether the declaration cannot be planned anyhow, so that nothing need be looked up for it."""
        return observed is None and (not declaration.creates or self.claim_refusal(declaration) is not None)

    def resolve(self, declaration: Declaration, observed: Device | None) -> Desired:
        if self._refused(declaration, observed):
            return Desired()
        values: dict[str, t.Any] = {}
        ids: dict[str, t.Mapping[str, t.Any]] = {}
        warnings: list[str] = []
        notes: tuple[str, ...] = ()
        new_space = None
        forced: frozenset[str] = frozenset()
        unverified: frozenset[str] = frozenset()
        if declaration.space is not None:
            values["space"], ids["space"], made = self._space(declaration, observed)
            if made is not None:
                new_space, ids["create_space"] = made.path, {"parent_id": made.above.id, "name": made.below}
        if declaration.status is not None:
            values["status"] = declaration.status
        if declaration.metafields is not None:
            verdict = self._configurations.judge(declaration, observed)
            warnings += verdict.warnings
            secret = declaration.secret_metafields
            if secret and next(hidden_by(declaration.metafields, secret), _NOTHING) is _NOTHING:
                warnings.append(f"secret_metafields hides nothing: the configuration has no {' or '.join(map(repr, secret))}")
            notes = verdict.notes
            if verdict.sends:
                values["metafields"] = declaration.metafields
                forced = frozenset({"metafields"})
                unverified = forced if verdict.unverified else frozenset()
        if declaration.model is not None and observed is not None:
            known = (observed.model, observed.facts.get("model_id"))
            if declaration.model not in known:
                warnings.append(f"declared as model {declaration.model!r}, the device says {observed.model!r}")
        return Desired(
            values,
            ids,
            claim=ids.get("space", {}) if observed is None else {},
            new_space=new_space,
            forced=forced,
            unverified=unverified,
            warnings=tuple(warnings),
            notes=notes,
        )

    def _space(
        self, declaration: Declaration, observed: Device | None
    ) -> tuple[dict[str, t.Any] | None, dict[str, t.Any], Missing | None]:
        """The space as in a record, the ids that calls need, and what is missing of it where it has to be made."""
        text = str(declaration.space)
        if observed is not None and stands_in(observed, text):
            return observed.space, {}, None
        found = self.spaces.find(text)
        if observed is not None and apart((observed.space or {}).get("path"), found.path):
            raise Unsupported(
                f"xyte cannot move a device from {(observed.space or {})['path']!r} to {found.path!r}, which belongs to another "
                "customer; the nearest thing it can do is `state: absent`, which loses its history, and then a claim"
            )
        if not isinstance(found, Missing):
            return found.record(), {"space_id": found.id}, None
        if not declaration.create_space:
            raise NotFound(
                f"there is no space {text!r}: {found.hint}; correct it, or declare `create_space: true` to have it made"
            )
        return {"id": None, "name": found.path.rpartition("/")[2], "path": found.path}, {}, found

    def same(self, attribute: str, before: t.Any, after: t.Any) -> bool:
        """Whether two values mean the same. No configuration ever does: what is in effect is not known."""
        if attribute == "metafields":
            return False
        if attribute == "space" and before and after:
            # A space that is only being made has no id yet, and one that was just made has it as a number.
            by = "path" if before.get("id") is None or after.get("id") is None else "id"
            return str(before.get(by)) == str(after.get(by))
        return super().same(attribute, before, after)

    def consequences(self, device: Device) -> Device:
        """Bodies need the id of a space as a number, and records have it as text."""
        if not isinstance((device.space or {}).get("id"), int):
            return device
        return replace(device, space={**(device.space or {}), "id": str((device.space or {})["id"])})

    # Writing

    def calls_for(self, change: Change) -> tuple[Call, ...]:
        return (call_for(change),)

    def before_sending(self, step: Step) -> Step:
        """Takes the fingerprint of a configuration out of its file before the call leaves. Raises SettingsError."""
        change = step.changes[0]
        if change.action in ("set_metafield", "delete"):
            device_id = unquote(step.call.path.rpartition("/")[2])
            state_path = self._state_paths.get(change.address)
            if change.action == "delete":
                self._configurations.forget(device_id, state_path)
            else:
                self.client.masker.add(
                    *(text for value in hidden_by(change.after, change.secret_keys) for text in texts_in(value))
                )
                self._configurations.begin(change.address, device_id, state_path)
        return step

    def finish(self, step: Step, answer: Answer, deadline: Deadline) -> dict[str, Outcome]:
        change = step.changes[0]
        if change.action == "create_space":
            return dict.fromkeys(step.addresses, self._space_made(change, answer, deadline))
        if change.action == "claim":
            outcome = self._claimed(change, answer, deadline)
        elif change.action == "set_metafield":
            outcome = self._configured(change, unquote(step.call.path.rpartition("/")[2]), answer.body)
        elif change.action == "delete":
            outcome = self._deleted(change, answer)
        else:
            outcome = self._confirmed(change, step.call.path.removesuffix("/move"), answer, deadline)
        return {change.address: outcome}

    def after_error(self, step: Step, error: ApiError, deadline: Deadline) -> dict[str, Outcome] | None:
        """What a refused claim and a configuration without an answer have come to."""
        change = step.changes[0]
        if change.action == "claim" and isinstance(error, (Refused, Gone)):
            return {change.address: self._not_claimed(change, error)}
        if change.action == "claim" and isinstance(error, Unclear) and deadline.left() >= PAUSE:
            # It was looked for once, at once, and a listing may lag.
            self.client.pause(PAUSE)
            device = self._find(change)
            return None if device is None else {change.address: self._ours(change, device, written=True)}
        if change.action != "set_metafield":
            return None
        if not isinstance(error, Unclear):
            self._configurations.refused(change.address)
            return None
        why = "the answer was lost" if error.status is None else f"HTTP {error.status}"
        text = (
            f"whether the configuration was accepted is not known ({why}), and Xyte does not show it; the next run sends it again"
        )
        return {change.address: Outcome(UNCLEAR, text if error.vendor_message is None else f"{text}. {_said(error)}")}

    def made(self, change: Change) -> int | None:
        found = Spaces(self.client, self._shown).find(change.after["space"])
        return None if isinstance(found, Missing) else found.id

    def _space_made(self, change: Change, answer: Answer, deadline: Deadline) -> Outcome:
        """The new space out of the answer, or by reading."""
        body = answer.body if isinstance(answer.body, dict) else {}
        number = body.get("id")
        words = self._refusal(body)
        if body.get("name") != change.ids["name"].rpartition("/")[2] or not isinstance(number, int) or isinstance(number, bool):
            try:
                number = self.made(change) if words is not None else self._looked_for(lambda: self.made(change), deadline)
            except FleetformError as error:
                return Outcome(UNCLEAR, f"the space could not be read: {error}")
        if number is None and words is not None:
            return Outcome(FAILED, f"the vendor did not accept the space {change.after['space']!r}{words}")
        if number is None:
            return Outcome(FAILED, f"the vendor accepted the space {change.after['space']!r}, and does not show it; run again")
        return Outcome(DONE, made=number)

    def _claimed(self, change: Change, answer: Answer, deadline: Deadline) -> Outcome:
        """The new device out of the answer, or by reading; held against what was asked for."""
        if (words := self._refusal(answer.body)) is not None:
            refused = Refused(f"the vendor did not accept the claim{words}", method="POST", path=CLAIM, status=answer.status)
            return self._not_claimed(change, refused)
        certain = isinstance(answer.body, dict) and answer.body.get("success") is True
        try:
            device: Device | None = _device_from_json(answer.body, account=self.settings.name, path=CLAIM)
        except BadAnswer:
            device = None
        try:
            if device is None or not _is_meant(change, device):
                device = self._looked_for(lambda: self._find(change), deadline)
            elif self._differs(change, device):
                device = self.refresh(device, ()) or device
        except FleetformError as error:
            text = f"the claim was accepted, and the device could not be read: {error}"
            return Outcome(UNCLEAR, text, written=certain)
        if device is None:
            said = "the claim was accepted" if certain else "the answer to the claim shows no device"
            text = f"{said}, and the organization does not show it yet; run again: it reads first"
            return Outcome(UNCLEAR, text, written=certain)
        try:
            # Hardware that was deleted elsewhere and claimed again may have its earlier id, and no configuration.
            self._configurations.forget(str(device.id), self._state_paths.get(change.address))
        except SettingsError as error:
            return Outcome(DONE, f"an old fingerprint of its configuration is still there: {error.message}", device)
        if lacking := self._differs(change, device):
            text = f"the device is claimed, with id {device.id}, but {lacking}; run again"
            return Outcome(FAILED, text, device, written=True)
        return Outcome(DONE, device=device)

    def _looked_for(self, look: t.Callable[[], T | None], deadline: Deadline) -> T | None:
        """What was accepted and not shown in the answer, by reading: a listing may lag. Raises what ``look`` raises."""
        for _look in range(LOOKS - 1):
            if (found := look()) is not None or deadline.left() < PAUSE:
                return found
            self.client.pause(PAUSE)
        return look()

    def _not_claimed(self, change: Change, error: ApiError) -> Outcome:
        """After a refusal: "already claimed" does not say by whom, which the listing does."""
        try:
            device = self._find(change)
        except FleetformError as failure:
            return Outcome(FAILED, f"{error}; whether the device is in this organization could not be read: {failure}")
        if device is not None:
            return self._ours(change, device)
        words = f"{error.message} {error.vendor_message or ''}".lower()
        if "already" in words:
            return Outcome(
                FAILED,
                "claimed elsewhere: this organization does not show it, and another one may have it "
                f"(or it was claimed here a moment ago: then run again). {error}",
            )
        if "space" in words and "space" not in change.after:
            return Outcome(FAILED, f"{error}; no `space` is declared, which newer revisions of this API want")
        return Outcome(FAILED, str(error))

    def _ours(self, change: Change, device: Device, *, written: bool = False) -> Outcome:
        """The outcome of a claim without a good answer whose device is in this organization."""
        if lacking := self._differs(change, device):
            text = f"the device is in this organization already, with id {device.id}, but {lacking}; run again"
            return Outcome(FAILED, text, device, written=written)
        return Outcome(DONE, device=device)

    def _find(self, change: Change) -> Device | None:
        """The device that a claim means, in the listing.

        Raises Ambiguous where several fit, or one in part, IncompleteRead where the listing may leave it out.
        """
        identity = Declaration.of({name: change.after[name] for name in IDENTIFIERS if name in change.after})
        listing = all_devices(self.client, lambda rows: self._lacks([identity], rows))
        found = Index(self._devices(listing.rows)).find(identity)
        if found is None and listing.doubt is not None:
            raise IncompleteRead(listing.doubt, method="GET", path=DEVICES)
        return found

    def _differs(self, change: Change, device: Device) -> str | None:
        """What of a claim the device does not show, in words."""
        lacking = []
        if "name" in change.after and device.name != change.after["name"]:
            lacking.append(f"it is called {device.name!r}")
        if "space" in change.after and not self.same("space", device.space, change.after["space"]):
            lacking.append(f"it is in space {(device.space or {}).get('path')!r}")
        return " and ".join(lacking) or None

    def _configured(self, change: Change, device_id: str, body: t.Any) -> Outcome:
        """What the answer to a configuration says. Nothing, success, or the device mean that it was accepted."""
        words = self._refusal(body)
        try:
            if words is not None:
                self._configurations.refused(change.address)
                return Outcome(FAILED, f"the vendor did not accept the configuration{words}")
            shown = body if isinstance(body, dict) else {}
            if body not in (None, {}) and shown.get("success") is not True and shown.get("id") != device_id:
                text = "the answer does not say whether the configuration was accepted; the next run sends it again"
                return Outcome(UNCLEAR, text)
            self._configurations.accepted(change.address, change.after)
        except SettingsError as error:
            return Outcome(DONE, f"the configuration was accepted, and will be sent again by the next run: {error.message}")
        return Outcome(DONE)

    def _deleted(self, change: Change, answer: Answer) -> Outcome:
        if isinstance(answer.body, dict) and answer.body.get("success") is True:
            return Outcome(DONE)
        try:
            left = self.refresh(self._stub(str(change.device_id)), ())
        except ApiError as error:
            return Outcome(UNCLEAR, f"the answer does not say that the device was deleted, and it could not be read: {error}")
        return Outcome(DONE) if left is None else Outcome(FAILED, f"the device is still there{self._reason(answer.body)}")

    def _confirmed(self, change: Change, path: str, answer: Answer, deadline: Deadline) -> Outcome:
        """Reads a new name or space back: the answer does not show it, and what the vendor does not know it may pass over."""
        stub = self._stub(unquote(path.rpartition("/")[2]))
        words = self._refusal(answer.body)
        said = "accepted, not confirmed" if words is None else "not accepted"
        shown: t.Any = None
        for number in range(LOOKS if words is None else 1):
            if number:
                if deadline.left() < PAUSE:
                    break
                self.client.pause(PAUSE)
            try:
                device = self.refresh(stub, ())
            except ApiError as error:
                granted = isinstance(answer.body, dict) and answer.body.get("success") is True
                return Outcome(UNCLEAR, f"{said}: the device could not be read: {error}", written=granted)
            if device is None:
                return Outcome(UNCLEAR, f"{said}: the device is not there any more")
            shown = getattr(device, str(change.attribute))
            if self.same(str(change.attribute), shown, change.after):
                return Outcome(DONE)
        moved = not self.same(str(change.attribute), shown, change.before)
        if change.attribute == "space":
            shown = (shown or {}).get("path")
        if moved:
            return Outcome(FAILED, f"it was changed, but not as declared: the device shows {shown!r} now", written=True)
        return Outcome(FAILED, f"{said}: the device still shows {shown!r}{self._reason(answer.body)}")

    def _refusal(self, body: t.Any) -> str | None:
        """The end of a sentence about an answer that denies its own status of success; None for other answers."""
        if not isinstance(body, dict) or body.get("id") is not None or body.get("success") is True:
            return None
        return self._reason(body) if body.get("success") is False or body.get("error") else None

    def _reason(self, body: t.Any) -> str:
        words = without_secrets(body).get("error") if isinstance(body, dict) else None
        return f". The vendor says: {self.client.masker.mask(words)}" if isinstance(words, str) and words else ""

    def _stub(self, device_id: str) -> Device:
        return Device(vendor=self.NAME, account=self.settings.name, id=device_id)


def _is_meant(change: Change, device: Device) -> bool:
    """Whether the device of an answer is the one that was claimed."""
    identity = Declaration.of({name: change.after[name] for name in IDENTIFIERS if name in change.after})
    try:
        return Index([device]).find(identity) is not None
    except DeclarationError:
        return False


def _said(error: ApiError) -> str:
    return f"The vendor says: {error.vendor_message}"
