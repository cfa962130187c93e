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
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    ApiError,
    BadAnswer,
    DeclarationError,
    NotFound,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Auth
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Desired, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import ALL_CLASSES, AccountSettings, VendorFacts
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_answers import (
    API,
    Pairs,
    Row,
    listed,
    needed,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_directory import User
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_metafields import (
    Metafield,
    declared_value,
    find,
    settable,
    with_kind,
    without_stale_mirrors,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_reading import (
    DEVICE,
    DEVICES,
    METAFIELD,
    BlynkReading,
    refuse_number,
    user_record,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import DONE, FAILED, UNCLEAR, Outcome
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


_MOVED = (
    "{done}, but that owner belongs to organization {there}, and the device has gone there from {home}; "
    'declare `transfer_to: "{there}"` where that is meant, else an owner of organization {home} and `transfer_to: "{home}"`'
)
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
            return _not_visible(declaration)
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
            if item.owner
            and item.owner.isdigit()
            # A transfer may take the owner away, who then is set again.
            and (device is None or (device.owner or {}).get("id") != item.owner or self._moves(item, device))
        )
        wanted = []
        for declaration in [declaration for declaration, device in live if device is None]:
            organization = self._target(declaration.transfer_to) if declaration.transfer_to else self._organization_of_account()
            if organization is not None or not declaration.transfer_to:
                wanted.append((declaration, organization, str(declaration.model)))
        moving = [
            (self._target(str(declaration.transfer_to)), device.model)
            for declaration, device in live
            if device is not None and device.model is not None and self._moves(declaration, device)
        ]
        self.names.find_templates([*((organization, model) for _declaration, organization, model in wanted), *moving])
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
        if declaration.state == "absent":
            return Desired()
        if observed is None and declaration.identifiers:
            raise NotFound(_not_visible(declaration))
        if observed is None and self.claim_refusal(declaration):
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
            if observed is not None and observed.model is not None and self._moves(declaration, observed):
                numbers = [observed.facts[name] for name in ("template_id", "original_template_id") if name in observed.facts]
                self.names.refuse_move(observed.model, numbers, target.id)
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
                ids["owner"] = claim["owner"] = self._owner_ids(user, observed, home)
        if "tags" in attributes:
            values["tags"] = _labels(declaration, observed)
        if "status" in attributes:
            values["status"] = declaration.status
        if declaration.metafields:
            values["metafields"], field_ids = self._metafields(declaration, observed, home)
            ids.update(field_ids)
        claim = {**claim.pop("owner", {}), **claim} if observed is None else {}
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
                    ids=self._owner_ids(user, observed, self.names.organization(str(declaration.transfer_to)).id),
                    verify=True,
                )
            )
        return owned

    def consequences(self, device: Device) -> Device:
        fields, mirrored = device.facts.get("metafields"), device.facts.get("mirrored")
        if not device.metafields or not fields or mirrored is None:
            return device
        template = device.facts.get("template_id")
        renamed, given_away = device.name != mirrored[0], (device.owner or {}).get("id") != mirrored[1]
        if not renamed and not given_away:
            return device
        if self._names is not None and (known := self._names.known_definitions(template)):
            fields = [item if item.told else with_kind(item, known) for item in fields]
        values = without_stale_mirrors(device.metafields, fields, renamed=renamed, given_away=given_away)
        return replace(device, metafields=values)

    def _moves(self, declaration: Declaration, device: Device) -> bool:
        """Whether the declaration puts the device into another organization than its own."""
        target = self._target(declaration.transfer_to) if declaration.transfer_to else None
        return target is not None and str(target) != (device.organization or {}).get("id")

    def _owner_ids(self, user: User, observed: Device | None, home: int | None) -> dict[str, t.Any]:
        """The ids for giving a device to a user.

        Where nobody could say whose user that is, with the organization that the device has to be in afterwards.
        """
        if user.organization is not None:
            return {"user_id": user.id}
        if home is None:
            home = self._own if observed is None else int((observed.organization or {})["id"])
        return {"user_id": user.id} if home is None else {"user_id": user.id, "home_id": home}

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
            if not item.told and observed is not None:
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
        """Whether a declared metafield has a value, such as null or a bare scalar, that does not tell its kind."""
        declared = declaration.metafields or {}
        return any(not item.told and item.name in declared for item in device.facts.get("metafields", ()))

    @classmethod
    def stated(cls, device: Device, attribute: str) -> t.Any:
        """See Vendor. What mirrors the name or the owner is declared there."""
        if attribute == "metafields" and device.facts.get("metafields"):
            return settable(device.facts["metafields"]) or None
        return super().stated(device, attribute)

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
        if change.action == "claim":
            return {change.address: self._created(change, answer, deadline)}
        if change.action == "set_owner" and "home_id" in change.ids:
            return {change.address: self._given(change, deadline)}
        return super().finish(step, answer, deadline)

    def _created(self, change: Change, answer: Answer, deadline: Deadline) -> Outcome:
        """The new device out of the answer, or, where that does not show it, by reading."""
        row = answer.body
        try:
            device = self._device_from_json(row, CREATE)
        except BadAnswer as lack:
            try:
                row = self._new_row(change, row, deadline)
                device = self._device_from_json(row, DEVICE)
            except ApiError as error:
                return Outcome(UNCLEAR, f"Blynk accepted the creation, but {lack.message}, and reading did not help: {error}")
        self._mask_tokens([row])
        home = change.ids.get("home_id")
        there = (device.organization or {})["id"]
        if home is not None and there != str(home):
            done = f"the device was created with id {device.id}"
            return Outcome(FAILED, _MOVED.format(done=done, there=there, home=home), written=True)
        return Outcome(DONE, device=replace(device, model=device.model or change.after["model"]))

    def _new_row(self, change: Change, body: t.Any, deadline: Deadline) -> Row:
        """The object of a device that was just created, by its id or else by its name. Raises ApiError."""
        number = body.get("id") if isinstance(body, dict) else None
        if isinstance(number, int) and not isinstance(number, bool):
            rows = self._ask(str(number), deadline=deadline)
        else:
            organization = change.ids.get("organization_id")
            query: Pairs = () if organization is None else (("orgId", organization),)
            rows = [row for row in listed(self.client, DEVICES, query) if row.get("name") == change.after["name"]]
        if len(rows) != 1:
            raise BadAnswer(f"it shows {len(rows) or 'no'} such device{'s' if rows else ''}", method="GET", path=DEVICES)
        return rows[0]

    def _given(self, change: Change, deadline: Deadline) -> Outcome:
        """Where the device is after it went to an owner whose organization could not be read before."""
        home = change.ids["home_id"]
        try:
            # A new device gets its owner with its creation, so that this one has an id.
            rows = self._ask(str(change.device_id), deadline=deadline)
            there = needed(rows[0], "orgId", int, DEVICE) if rows else None
        except ApiError as error:
            return Outcome(UNCLEAR, f"the owner was set, but where the device is now could not be read: {error}")
        if there is None:
            return Outcome(
                FAILED,
                f"the owner was set, but the device is out of sight since then: that owner belongs to another organization than "
                f"{home}, and the device has gone there; declare that organization as `transfer_to`",
                written=True,
            )
        if there != home:
            return Outcome(FAILED, _MOVED.format(done="the owner was set", there=there, home=home), written=True)
        return Outcome(DONE)

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


def _not_visible(declaration: Declaration) -> str:
    words = " and ".join(f"{name} {value!r}" for name, value in declaration.identifiers.items())
    return f"no such device, or not visible to these credentials: {words}; correct it (Blynk itself gives out these numbers)"


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
    if name != name.strip():
        raise DeclarationError(
            f"name {name!r} begins or ends with white space, which Blynk may cut off, and then not be found again; leave it out"
        )
    if len(name) > LONGEST_NAME:
        raise DeclarationError(f"name {name!r} has {len(name)} characters; Blynk takes at most {LONGEST_NAME}")
    wrong = sorted({character for character in name if not _NAME.fullmatch(character)})
    if wrong:
        raise DeclarationError(
            f"name {name!r} holds {' '.join(map(repr, wrong))}; "
            "Blynk takes letters, digits, spaces, apostrophes, underscores and hyphens"
        )
