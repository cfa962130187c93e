# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blynk, by its organization API: many small calls, nothing in bulk, no client-side ids. Facts: docs/vendors/blynk.md."""

from __future__ import annotations

import re
import typing as t
from dataclasses import replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.auth import QUERY_BASIC, ClientCredentials, StaticToken
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import (
    ADD,
    AFTER_READING,
    NEVER,
    PATCH,
    Answer,
    Call,
    NewId,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import (
    NO,
    READ_ONLY,
    YES,
    Capabilities,
    Capability,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.diff import same_labels
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import BadAnswer, DeclarationError, Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Auth
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Desired, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import ALL_CLASSES, AccountSettings, VendorFacts
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_answers import API, Pairs
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_directory import User
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_metafields import (
    Metafield,
    declared_value,
    find,
    with_kind,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_reading import (
    DEVICE,
    METAFIELD,
    BlynkReading,
    refuse_number,
    user_record,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import DONE, UNCLEAR, Outcome
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

CREATE = f"{API}/device/create"
TO_OWNER = f"{API}/device/transfer/to-owner"
TO_ORGANIZATION = f"{API}/device/transfer/to-organization"
OWNER = f"{API}/device/owner"
CLEAR = f"{API}/device/clear"
TRIGGER_EVENT = f"{API}/device/trigger-event"

LONGEST_NAME = 50
LONGEST_CODE, LONGEST_DESCRIPTION = 50, 300

_NAME = re.compile(r"[^\W_]|[ '_-]")
_CODE = re.compile(r"[A-Za-z0-9 _]+")
# The stages of one device: it is moved after all else that its present owner may still be asked about, and owned last.
_CLAIM, _SET, _TRANSFER, _OWN, _DELETE = range(5)


def _no(reason: str, nearest: str) -> Capability:
    return Capability(NO, reason=reason, nearest=nearest)


_UNSEEN_OWNER = "the organization of owner {!r} could not be read; if it is another one than the device's, the device moves there"


class Blynk(BlynkReading):
    """One account, which is one organization and what stands below it."""

    NAME = "blynk"
    FACTS = VendorFacts(
        name="blynk",
        default_url="https://blynk.cloud",
        options=frozenset({"token", "client_id", "client_secret", "token_url", "organization"}),
        credentials=(frozenset({"token"}), frozenset({"client_id", "client_secret"})),
        limits={ALL_CLASSES: 10_000},
    )
    CAPABILITIES: t.ClassVar[Capabilities] = {
        "create": Capability(YES, note="template + name"),
        "name": Capability(YES),
        "space": _no("Blynk has no places below an organization", "`transfer_to` an organization"),
        "owner": Capability(YES),
        "transfer_to": Capability(YES),
        "tags": Capability(READ_ONLY, reason="the API has no call that writes tags", nearest="a metafield of kind Text"),
        "metafields": Capability(YES, note="scalar kinds; composite read only"),
        "status": Capability(
            READ_ONLY, reason="the lifecycle status follows from what the device does", nearest="`state: absent`"
        ),
        "applications": _no("Blynk has no applications on a device", "a metafield"),
        "application": _no("Blynk has no application assignment", "`transfer_to` an organization"),
        "subscriptions": _no("Blynk has no subscriptions on a device", "a metafield"),
        "contact": _no("a Contact metafield has no documented way of writing", "`owner`"),
        "warranty": _no("Blynk keeps no warranty", "a metafield of kind Text"),
        "archived": _no("Blynk has no archive", "`state: absent`, which is final"),
        "absent": Capability(YES, note="delete, its data too"),
    }
    IDENTIFIERS = frozenset({"device_id", "cloud_id"})
    CLAIM_SETS = frozenset({"name", "owner", "transfer_to"})
    # To an owner in another organization the device would follow, so the new one waits for the transfer.
    NEEDS: t.ClassVar[t.Mapping[str, frozenset[str]]] = {"set_owner": frozenset({"transfer"})}
    ACTIONS = frozenset({"trigger_event", "clear_data"})

    @classmethod
    def auth(cls, settings: AccountSettings) -> Auth:
        if settings.token is not None:
            return StaticToken(settings.token)
        url = f"{settings.url}/oauth2/token"
        return ClientCredentials(settings, style=QUERY_BASIC, token_url=url)

    # Planning

    def check(self, declaration: Declaration) -> None:
        super().check(declaration)
        for option, value in declaration.identifiers.items():
            refuse_number(option, value)
        if isinstance(declaration.tags, dict):
            raise DeclarationError("tags must be a list: Blynk's tags are labels without values")
        if declaration.absent_metafields is not None:
            raise Unsupported("blynk cannot unset metafields; the nearest thing it can do is `metafields` with an empty text")
        if declaration.device_type is not None:
            raise Unsupported("blynk has no device_type; the nearest thing it has is `model`, a template")

    def claim_refusal(self, declaration: Declaration) -> str | None:
        if declaration.identifiers:
            return f"Blynk gives out {' and '.join(declaration.identifiers)} itself; leave it out to create a new device"
        if declaration.model is None:
            return "declare `model`, the template that it is made from, such as TMPL8RITg_f9Q"
        if not declaration.model.startswith("TMPL"):
            return f"model {declaration.model!r} is not a template; it must be an id that begins with TMPL, such as TMPL8RITg_f9Q"
        return None

    def prepare(self, pairs: t.Sequence[tuple[Declaration, Device | None]]) -> None:
        live = [pair for pair in pairs if pair[0].state == "present" and not (pair[1] is None and self.claim_refusal(pair[0]))]
        self.names.find_organizations(item.transfer_to for item, _device in live if item.transfer_to)
        self.names.find_users({item.owner for item, _device in live if item.owner})
        # An id costs no call as long as the device is his already.
        self.names.find_owners(
            item.owner
            for item, device in live
            if item.owner and item.owner.isdigit() and (device is None or (device.owner or {}).get("id") != item.owner)
        )
        wanted = []
        for declaration in [declaration for declaration, device in live if device is None]:
            organization = self._target(declaration.transfer_to) if declaration.transfer_to else self._organization_of_account()
            if organization is not None or not declaration.transfer_to:
                wanted.append((declaration, organization, str(declaration.model)))
        self.names.find_templates((organization, model) for _declaration, organization, model in wanted)
        templates = [
            number
            for declaration, organization, model in wanted
            if declaration.metafields and (number := self.names.template_id(model, organization)) is not None
        ]
        for declaration, device in live:
            if device is not None and declaration.metafields and self._kindless(declaration, device):
                templates.append(device.facts["template_id"])
        self.names.find_definitions(templates)

    def resolve(self, declaration: Declaration, observed: Device | None) -> Desired:
        if declaration.state == "absent" or (observed is None and self.claim_refusal(declaration)):
            return Desired()
        attributes = declaration.attributes()
        values: dict[str, t.Any] = {}
        ids: dict[str, t.Mapping[str, t.Any]] = {}
        claim: dict[str, t.Any] = {}
        warnings: list[str] = []
        home = self._organization_of_account()
        if declaration.name is not None and (observed is None or ("name" in attributes and observed.name != declaration.name)):
            _refuse_name(declaration.name)
        if "name" in attributes:
            values["name"] = declaration.name
        if declaration.transfer_to is not None:
            target = self.names.organization(declaration.transfer_to)
            home = target.id
            values["transfer_to"] = {"id": str(target.id), "name": target.name or self.names.organization_name(target.id)}
            ids["transfer_to"] = {"organization_id": target.id}
        if observed is None:
            self.names.refuse_template(str(declaration.model), home)
            if home is not None:
                claim["organization_id"] = home
        if declaration.owner is not None:
            values["owner"] = None
            if declaration.owner:
                user = self.names.user(declaration.owner)
                self._refuse_stranger(declaration, observed, user, home)
                values["owner"] = user_record(user)
                if user.organization is None and ((observed and observed.owner) or {}).get("id") != str(user.id):
                    warnings.append(_UNSEEN_OWNER.format(declaration.owner))
                ids["owner"] = claim["owner"] = {"user_id": user.id}
        if "tags" in attributes:
            values["tags"] = _labels(declaration, observed)
        if "status" in attributes:
            values["status"] = declaration.status
        if declaration.metafields:
            values["metafields"], field_ids = self._metafields(declaration, observed, home)
            ids.update(field_ids)
        claim = {**claim, **claim.pop("owner", {})} if observed is None else {}
        return Desired(values, ids, claim, tuple(warnings))

    def same(self, attribute: str, before: t.Any, after: t.Any) -> bool:
        return same_labels(before, after) if attribute == "tags" else super().same(attribute, before, after)

    def adjust(self, declaration: Declaration, observed: Device | None, changes: list[Change]) -> list[Change]:
        if observed is None:
            # A template may give a new device values of its own; writing an equal one would be a change of nothing.
            return [replace(change, verify=True) if change.root == "metafields" else change for change in changes]
        if not changes or declaration.owner is None or not any(change.action == "transfer" for change in changes):
            return changes
        # A transfer may take the owner away, so that even an owner who is right now is looked at again.
        owned = [replace(change, verify=True) if change.root == "owner" else change for change in changes]
        if declaration.owner and not any(change.root == "owner" for change in owned):
            user = self.names.user(declaration.owner)
            owned.append(
                Change(
                    declaration.address,
                    "set_owner",
                    "owner",
                    observed.owner,
                    user_record(user),
                    device_id=observed.id,
                    ids={"user_id": user.id},
                    verify=True,
                )
            )
        return owned

    def _refuse_stranger(self, declaration: Declaration, observed: Device | None, user: User, home: int | None) -> None:
        """An owner in another organization would take the device there, which nobody declared (docs/vendors/blynk.md)."""
        if declaration.transfer_to is None and observed is not None:
            if (observed.owner or {}).get("id") == str(user.id):
                return
            home = int((observed.organization or {})["id"])
        elif home is None and user.organization is not None:
            home = self._own if self._own is not None else self.names.own_id()
        if user.organization is None or home is None or user.organization == home:
            return
        raise DeclarationError(
            f"owner {declaration.owner!r} belongs to organization {user.organization}, the device to {home}: it would move; "
            f'declare an owner of organization {home}, or `transfer_to: "{user.organization}"` as well'
        )

    def _metafields(
        self, declaration: Declaration, observed: Device | None, organization: int | None
    ) -> tuple[dict[str, t.Any], dict[str, dict[str, t.Any]]]:
        """The declared values in the form of their kinds, and the id of each metafield by ``metafields.NAME``."""
        fields: t.Sequence[Metafield] = (
            self.names.definitions(str(declaration.model), organization) if observed is None else observed.facts["metafields"]
        )
        values: dict[str, t.Any] = {}
        ids: dict[str, dict[str, t.Any]] = {}
        for name, value in (declaration.metafields or {}).items():
            item = find(fields, name)
            if item.kind is None and observed is not None:
                item = self._with_kind(item, observed)
            kind = (item.kind or "").lower()
            if kind == "devicename" and declaration.name is not None:
                raise DeclarationError(
                    f"metafields: {name!r} is the device's name, which `name` declares already; leave it out here"
                )
            values[name] = declared_value(item, value, secret=name in declaration.secret_metafields)
            ids[f"metafields.{name}"] = {"metafield_id": item.id}
        return values, ids

    def _with_kind(self, item: Metafield, observed: Device) -> Metafield:
        try:
            return with_kind(item, self.names.definitions_of(observed.facts["template_id"]))
        except DeclarationError:
            # Without a look at the template the vendor itself has to judge the value.
            return item

    def _kindless(self, declaration: Declaration, device: Device) -> bool:
        """Whether a declared metafield has a value, such as null, that does not tell its kind."""
        declared = declaration.metafields or {}
        return any(item.kind is None and item.name in declared for item in device.facts.get("metafields", ()))

    # Writing

    def native_id(self, device_id: str) -> int:
        return int(device_id)

    def calls_for(self, change: Change) -> tuple[Call, ...]:
        target: int | NewId = NewId(change.address) if change.device_id is None else self.native_id(change.device_id)
        query: Pairs = (("deviceId", target),)
        targets = (change.address,)
        if change.action == "claim":
            body = {"templateId": change.after["model"], "name": change.after["name"]}
            if "organization_id" in change.ids:
                body["orgId"] = change.ids["organization_id"]
            if "user_id" in change.ids:
                body["ownerId"] = change.ids["user_id"]
            call = Call("POST", CREATE, body=body, pace=ADD, repeat=NEVER, stage=_CLAIM)
        elif change.action == "rename":
            call = Call("PUT", DEVICE, query, {"name": change.after}, pace=PATCH, repeat=AFTER_READING, stage=_SET)
        elif change.action == "set_metafield":
            body = {"deviceId": target, "metaFieldId": change.ids["metafield_id"], "newValue": change.after}
            call = Call("POST", METAFIELD, body=body, pace=PATCH, repeat=AFTER_READING, stage=_SET)
        elif change.action == "transfer":
            body = {"deviceId": target, "newOrgId": change.ids["organization_id"]}
            call = Call("POST", TO_ORGANIZATION, body=body, pace=PATCH, repeat=NEVER, stage=_TRANSFER)
        elif change.action == "set_owner":
            body = {"deviceId": target, "newUserId": change.ids["user_id"]}
            call = Call("POST", TO_OWNER, body=body, pace=PATCH, repeat=NEVER, stage=_OWN)
        elif change.action == "remove_owner":
            call = Call("DELETE", OWNER, query, pace=PATCH, repeat=AFTER_READING, stage=_OWN)
        elif change.action == "delete":
            call = Call("DELETE", DEVICE, query, pace=PATCH, repeat=AFTER_READING, stage=_DELETE)
        else:
            raise Unsupported(f"blynk has no call for {change.action}")
        return (replace(call, targets=targets),)

    def finish(self, step: Step, answer: Answer, deadline: Deadline) -> dict[str, Outcome]:
        change = step.changes[0]
        if change.action != "claim":
            return super().finish(step, answer, deadline)
        try:
            device = self._device_from_json(answer.body, CREATE)
        except BadAnswer as error:
            return {change.address: Outcome(UNCLEAR, f"the device was created, but {error.message}; run again to go on")}
        return {change.address: Outcome(DONE, device=replace(device, model=device.model or change.after["model"]))}

    def act(self, action: str, device: Device | None, options: t.Mapping[str, t.Any]) -> t.Any:
        if action not in self.ACTIONS:
            return super().act(action, device, options)
        if device is None or device.id is None:
            raise DeclarationError(f"{action} needs a device; say which one by name or device_id")
        number = self.native_id(device.id)
        result: dict[str, t.Any] = {"device_id": device.id}
        if action == "clear_data":
            call = Call("DELETE", CLEAR, (("deviceId", number),), pace=PATCH, repeat=NEVER, targets=(device.id,))
        else:
            body = {"deviceId": number, **_event(options)}
            result["event_code"] = body["eventCode"]
            call = Call("POST", TRIGGER_EVENT, body=body, pace=ADD, repeat=NEVER, targets=(device.id,))
        if not options.get("check_mode"):
            self.client.send(call)
        return result


def _event(options: t.Mapping[str, t.Any]) -> dict[str, str]:
    """The event part of a trigger's body, within the documented lengths. Raises DeclarationError."""
    code, text = options.get("event_code"), options.get("description")
    if not code:
        raise DeclarationError("trigger_event needs event_code, the code of an event of the device's template")
    if len(code) > LONGEST_CODE or not _CODE.fullmatch(code):
        raise DeclarationError(f"event_code {code!r} must be 1 to {LONGEST_CODE} letters, digits, spaces and underscores")
    if text is None:
        return {"eventCode": code}
    if len(text) > LONGEST_DESCRIPTION:
        raise DeclarationError(f"description has {len(text)} characters, more than {LONGEST_DESCRIPTION}")
    return {"eventCode": code, "eventDescription": text}


def _labels(declaration: Declaration, observed: Device | None) -> list[str]:
    """The labels that the device should have; they can only be compared."""
    held = [] if observed is None else list(observed.tags or ())
    declared = list(declaration.tags or ())
    wanted = declared if declaration.purge_tags else [*held, *(label for label in declared if label not in held)]
    return [label for label in wanted if label not in (declaration.absent_tags or {})]


def _refuse_name(name: str) -> None:
    if len(name) > LONGEST_NAME:
        raise DeclarationError(f"name {name!r} has {len(name)} characters; Blynk takes at most {LONGEST_NAME}")
    wrong = sorted({character for character in name if not _NAME.fullmatch(character)})
    if wrong:
        raise DeclarationError(
            f"name {name!r} holds {' '.join(map(repr, wrong))}; "
            "Blynk takes letters, digits, spaces, apostrophes, underscores and hyphens"
        )
