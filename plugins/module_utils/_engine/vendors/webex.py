# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cisco Webex: RoomOS devices and phones in workspaces or with people. Facts, with their sources: docs/vendors/webex.md.

A name is the workspace's, settings are device configurations, tags are labels without versions; only phones can be added by a
call, and nothing can be moved. Nothing comes in bulk but the configurations of one device.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.auth import RefreshToken, StaticToken
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Call, NewId
from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import (
    AT_CLAIM,
    NO,
    READ_ONLY,
    YES,
    Capabilities,
    Capability,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.diff import same_labels
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    DeclarationError,
    NotFound,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Auth, Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Desired, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings, VendorFacts
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_calls import (
    call_for,
    merge,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_codes import WebexCodes
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_configurations import (
    configured,
    wanted_values,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_declared import (
    Names,
    claim_refusal,
    claims_phone,
    problem,
    refuse_personal,
    waits_for,
    wanted_tags,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_directory import is_id
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_finding import Sought
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import (
    Row,
    id_key,
    same_id,
    same_place,
    text_of,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_settling import ANEW


def _no(reason: str, nearest: str) -> Capability:
    return Capability(NO, reason=reason, nearest=nearest)


class Webex(WebexCodes):
    """One organization, or what of it the token's owner may see."""

    NAME = "webex"
    FACTS = VendorFacts(
        name="webex",
        default_url="https://webexapis.com/v1",
        options=frozenset({"token", "refresh_token", "client_id", "client_secret", "token_url", "organization"}),
        credentials=(frozenset({"token"}), frozenset({"refresh_token", "client_id", "client_secret"})),
        native_environment={"token": "WEBEX_ACCESS_TOKEN"},
    )
    CAPABILITIES: t.ClassVar[Capabilities] = {
        "create": Capability(YES, note="phone: MAC + model; RoomOS: `device_action: activation_code`"),
        "name": Capability(YES, note="the workspace's; personal devices read only"),
        "space": Capability(
            AT_CLAIM, note="workspace", reason="a device stays in the workspace that it was onboarded into", nearest=ANEW
        ),
        "owner": Capability(AT_CLAIM, note="person", reason="a device stays with who it was onboarded for", nearest=ANEW),
        "transfer_to": _no("a device stays in its organization", "deleting it there and onboarding it with the other account"),
        "tags": Capability(YES, note="labels"),
        "metafields": Capability(YES, note="device configurations"),
        "status": Capability(READ_ONLY, reason="the status is what the connection is like", nearest="`tags`"),
        "applications": _no("Webex manages no applications on a device", "`metafields`"),
        "application": _no("Webex has no application assignment", "`space`, where the device is added"),
        "subscriptions": _no("licences belong to people and workspaces", "`tags`"),
        "contact": _no("Webex keeps no contact of a device", "`tags`"),
        "warranty": _no("Webex keeps no warranty", "`tags`"),
        "archived": _no("Webex has no archive", "`state: absent`, which is final"),
        "absent": Capability(YES, note="delete"),
    }
    CLAIM_SETS = frozenset({"name", "owner", "space"})
    DELETE_WARNING = "a deleted Webex device has to be onboarded anew, a RoomOS device with a new code that is entered on it"

    def __init__(self, settings: AccountSettings, client: Client | None = None) -> None:
        super().__init__(settings, client)
        self._naming: Names | None = None

    @classmethod
    def auth(cls, settings: AccountSettings) -> Auth:
        """The given token, or one that a refresh token gets."""
        if settings.token is not None:
            return StaticToken(settings.token)
        return RefreshToken(settings, token_url=f"{settings.url}/access_token")

    @property
    def naming(self) -> Names:
        """The names that are declared. Raises RuntimeError before `prepare`."""
        if self._naming is None:
            raise RuntimeError("the names that webex declarations want were not looked at")
        return self._naming

    # Planning

    def sought(self, declaration: Declaration) -> Sought:
        return replace(super().sought(declaration), phone=claims_phone(declaration))

    def check(self, declaration: Declaration) -> None:
        super().check(declaration)
        if text := problem(declaration):
            raise DeclarationError(text)

    def waits_for(self, declaration: Declaration) -> str | None:
        return waits_for(declaration)

    def claim_refusal(self, declaration: Declaration) -> str | None:
        return claim_refusal(declaration)

    def prepare(self, pairs: t.Sequence[tuple[Declaration, Device | None]]) -> None:
        self.forget_names()
        self._naming = Names(self.names)
        live = [(one, device) for one, device in pairs if device is not None or claims_phone(one)]
        if any(device is None for _one, device in live):
            self.names.find_models()
        self.names.find_people(one.owner for one, _device in live if one.owner and "@" in one.owner)
        self.names.find_persons(one.owner for one, device in live if device is None and one.owner and "@" not in one.owner)
        by_name = [(one, one.space, device) for one, device in live if one.space and not _known_place(one.space, device)]
        self.names.find_workspaces(space for _one, space, _device in by_name)
        for one, space, _device in by_name:
            self.naming.mean(space, one.address)
        # A workspace that was just made may not be listed yet, and can be read by its id.
        late = [device for _one, space, device in by_name if device and device.space and self.names.is_unknown(space)]
        self.names.find_by_id(str(device.space["id"]) for device in late if device.space)
        held = [(one, device, workspace) for one, device in live if (workspace := self._home(one, device)) is not None]
        for one, device, workspace in held:
            self.naming.note(one, workspace, device)
        renaming = {
            id_key(workspace): workspace
            for one, device, workspace in held
            if one.name is not None and (device is None or ("name" in one.attributes() and device.name != one.name))
        }
        claimed = [one.space for one, device in live if device is None and one.space and is_id(one.space)]
        self.names.find_by_id([*renaming.values(), *claimed])
        wanted = list(renaming.values())
        for workspace, rows in zip(wanted, self.client.map(self._members, wanted), strict=True):
            self.naming.keep_members(workspace, rows)

    def _home(self, declaration: Declaration, device: Device | None) -> str | None:
        """The id of the workspace whose name the device has, or will have; None where there is none, or it is not known."""
        if device is not None:
            return str(device.space["id"]) if device.space else None
        if not declaration.space:
            return None
        if is_id(declaration.space):
            return declaration.space
        try:
            row = self.names.workspace_named(declaration.space)
        except DeclarationError:
            # Reported for the declaration by resolve.
            return None
        return None if row is None else text_of(row, "id")

    def _members(self, workspace: str) -> list[Row]:
        if self._everything is not None:
            return [row for row in self._everything if same_id(text_of(row, "workspaceId", "placeId"), workspace)]
        return self.finder.in_workspace(workspace)

    def resolve(self, declaration: Declaration, observed: Device | None) -> Desired:
        if observed is None and not claims_phone(declaration):
            return Desired()
        if observed is not None and observed.id is None:
            raise DeclarationError(f"Webex lists {observed.name or 'the device'} without an id, and nothing can be changed on it")
        attributes = declaration.attributes()
        values: dict[str, t.Any] = {}
        ids: dict[str, t.Mapping[str, t.Any]] = {}
        warnings: list[str] = []
        desired = Desired()
        if declaration.owner is not None:
            values["owner"] = self.names.person(declaration.owner).record() if declaration.owner else None
        if declaration.space is not None:
            values["space"], desired = self._space(declaration, observed)
        if "name" in attributes:
            values["name"] = declaration.name
            if observed is not None:
                text = self._named(declaration, observed, values, ids)
                warnings += [text] if text else []
        if observed is None:
            self.names.refuse_model(str(declaration.model))
            desired = replace(desired, claim=self._claim(declaration, values, desired, ids))
        if "tags" in attributes:
            values["tags"] = wanted_tags(declaration, observed)
        if "status" in attributes:
            values["status"] = declaration.status
        forced: frozenset[str] = frozenset()
        if "metafields" in attributes:
            values["metafields"], forced = self._metafields(declaration, observed, ids)
            if observed is None and values["metafields"]:
                warnings.append("the configurations of a new device are known only when it is there: they were not checked")
        return replace(desired, values=values, ids={**desired.ids, **ids}, forced=forced, warnings=(*desired.warnings, *warnings))

    def _space(self, declaration: Declaration, observed: Device | None) -> tuple[dict[str, t.Any] | None, Desired]:
        """The declared workspace as the record shows it, and what making it takes where it has to be made."""
        wanted = declaration.space
        if not wanted:
            return None, Desired()
        if _known_place(wanted, observed):
            held = (observed.space if observed else None) or {}
            same = same_id(held.get("id"), wanted)
            place = held["id"] if same else wanted if observed else self.names.workspace_id(wanted)
            return {"id": place, "name": self.names.workspace_name(wanted), "path": None}, Desired()
        row = self.names.workspace_named(wanted)
        if row is None and observed is not None and observed.space:
            own = str(observed.space["id"])
            if self.names.workspace_name(own) == wanted:
                return {"id": own, "name": wanted, "path": None}, Desired()
        if row is not None:
            warnings: tuple[str, ...] = ()
            if observed is None and row.get("supportedDevices") == "collaborationDevices":
                warnings = (f"workspace {wanted!r} is one for collaboration devices, and Webex may refuse a phone in it",)
            return {"id": row.get("id"), "name": wanted, "path": None}, Desired(warnings=warnings)
        if observed is not None or not declaration.create_space:
            hint = "" if observed is not None else "; `create_space: true` makes it"
            raise NotFound(f"{self.unknown_workspace(wanted)}{hint}")
        making = {"create_space": {"supportedDevices": "phones"}}
        return {"id": None, "name": wanted, "path": None}, Desired(ids=making, new_space=wanted)

    def _named(
        self,
        declaration: Declaration,
        observed: Device,
        values: dict[str, t.Any],
        ids: dict[str, t.Mapping[str, t.Any]],
    ) -> str | None:
        """Fills in what naming a device takes; returns what the user should know. Raises DeclarationError."""
        if observed.name == declaration.name:
            return None
        workspace = self._home(declaration, observed)
        if workspace is None:
            refuse_personal(declaration, observed)
        naming = self.naming.naming(declaration, observed, str(workspace))
        if naming.ids is None:
            values["name"] = observed.name
            return naming.warning
        ids["name"] = naming.ids
        return None

    def _claim(
        self,
        declaration: Declaration,
        values: t.Mapping[str, t.Any],
        desired: Desired,
        ids: dict[str, t.Mapping[str, t.Any]],
    ) -> dict[str, t.Any]:
        """The ids that adding a phone takes. Raises DeclarationError for a name that it cannot have."""
        owner, space = values.get("owner"), values.get("space")
        if owner:
            if declaration.name not in (None, owner["name"]):
                raise Unsupported("webex cannot set name: a personal device is called after its person; leave `name` out")
            return {"person": owner["id"], "lane": id_key(owner["id"])}
        place = space or {}
        if desired.new_space is not None:
            if declaration.name not in (None, desired.new_space):
                raise Unsupported(
                    f"webex cannot set name: a shared device is called as its workspace; make workspace {declaration.name!r}, "
                    "or leave `name` out"
                )
            return {"workspace": NewId(f"space:{desired.new_space}"), "lane": desired.new_space}
        if declaration.name is not None:
            naming = self.naming.naming(declaration, None, str(place["id"]))
            if naming.ids is not None:
                ids["name"] = naming.ids
        # By its name, as where it is still to be made: other tasks may have made it meanwhile.
        return {"workspace": place["id"], "lane": place.get("name") or id_key(place["id"])}

    def _metafields(
        self, declaration: Declaration, observed: Device | None, ids: dict[str, t.Mapping[str, t.Any]]
    ) -> tuple[dict[str, t.Any], frozenset[str]]:
        if observed is None:
            return {key: value for key, value in (declaration.metafields or {}).items() if value is not None}, frozenset()
        if not declaration.metafields and not declaration.absent_metafields:
            return {}, frozenset()
        held = observed.facts.get("configurations")
        if held is None:
            raise Unsupported(
                f"webex cannot set metafields of {observed.label()}: the device has no configurations in the cloud, as older "
                "phones have none; the nearest thing it can do is tags"
            )
        wanted = wanted_values(declaration, held)
        ids.update({f"metafields.{key}": {"reset": True} for key in wanted.reset})
        return wanted.values, frozenset(f"metafields.{key}" for key in wanted.forced)

    def same(self, attribute: str, before: t.Any, after: t.Any) -> bool:
        if attribute == "tags":
            return same_labels(before, after)
        return same_place(before, after) if attribute in self.REFERENCES else super().same(attribute, before, after)

    def adjust(self, declaration: Declaration, observed: Device | None, changes: list[Change]) -> list[Change]:
        if observed is not None or declaration.name is None or not changes:
            return changes
        place = declaration.space
        if not place or (named := self._naming_of_new(declaration)) is None:
            return changes
        # The phone comes with the workspace's old name.
        without = [
            replace(change, after={name: value for name, value in change.after.items() if name != "name"})
            if change.action == "claim"
            else change
            for change in changes
        ]
        return [*without, Change(declaration.address, "rename", "name", named["was"], declaration.name, ids=named)]

    def _naming_of_new(self, declaration: Declaration) -> t.Mapping[str, t.Any] | None:
        workspace = self._home(declaration, None)
        return None if workspace is None else self.naming.naming(declaration, None, workspace).ids

    def consequences(self, device: Device) -> Device:
        if device.id is not None:
            return device
        # A new phone is called after its workspace or person, and its serial number is told when it has come in.
        holder = device.space or device.owner or {}
        model = device.model and device.model.removeprefix("DMS ")
        return replace(device, name=holder.get("name") or device.name, model=model, serial=None)

    @classmethod
    def stated(cls, device: Device, attribute: str) -> t.Any:
        """See Vendor. A configuration that nobody has set follows the default, which may be another one with the next release."""
        if attribute == "metafields" and device.facts.get("configurations"):
            return configured(device.facts["configurations"]) or None
        return super().stated(device, attribute)

    # Writing

    def calls_for(self, change: Change) -> tuple[Call, ...]:
        if change.action == "delete" and change.device_id is None:
            raise DeclarationError("Webex lists the device without an id, and it cannot be deleted")
        return (call_for(change, self.organization),)

    def merge(self, steps: t.Sequence[Step]) -> list[Step]:
        return merge(steps)


def _known_place(wanted: str, device: Device | None) -> bool:
    """Whether a declared workspace needs no look-up: it is an id."""
    held = (device.space if device else None) or {}
    return is_id(wanted) or held.get("id") == wanted
