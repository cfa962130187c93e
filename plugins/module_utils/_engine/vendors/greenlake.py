# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HPE GreenLake's device inventory: every write is a job, patches go to 25 devices at once, nothing can be deleted.

Facts, with their sources: docs/vendors/greenlake.md. Reading uses v1, the only version with ``filter-tags`` and pages of 2,000;
patching uses v2beta1, the only one with tags, location, contact and archiving.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.auth import FORM, ClientCredentials, StaticToken
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import ALWAYS, Answer, Call, NewId
from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import NO, READ_ONLY, YES, Capability
from ansible_collections.fleetform.devices.plugins.module_utils._engine.diff import same
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    ApiError,
    DeclarationError,
    Gone,
    NotFound,
    Refused,
    SettingsError,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Auth, Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device, Listing, Query, mac_key
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Desired, Step, field_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings, VendorFacts
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_calls import (
    added_alone,
    call_for,
    merge,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_declared import (
    DEVICE_TYPES,
    PLACED,
    claim_problem,
    declared_warranty,
    new_device,
    problem,
    split_claim,
    wanted_contact,
    with_side_effects,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_jobs import FAILED as JOB_FAILED
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_jobs import (
    SUCCEEDED,
    UNKNOWN,
    Job,
    follow,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_json import (
    _device_from_json,
    is_uuid,
    same_application,
    same_contact,
    same_id,
    same_subscriptions,
    same_warranty,
    uuid_key,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_listing import (
    DEVICES,
    INVENTORY,
    FilterIgnored,
    Found,
    Row,
    read_all,
    read_group,
    read_page,
    read_wanted,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_names import Names, region_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_query import (
    FILTERS,
    GROUP_NAMES,
    READ_OPTIONS,
    asked,
    group_property,
    refuse_unsupported,
    sifted,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._greenlake_tags import (
    count_problem,
    count_warning,
    merged_tags,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import (
    DONE,
    FAILED,
    UNCLEAR,
    Outcome,
    Sight,
    Vendor,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

DEFAULT_URL = "https://global.api.greenlake.hpe.com"
CLASSIC_TOKEN_URL = "https://sso.common.cloud.hpe.com/as/token.oauth2"

MOST_BY_ID = 10
"""Devices that are read one by one, at 40 a minute, before the whole listing is the better way to be sure of their absence."""
VISIBLE_TRIES, VISIBLE_PAUSE = 3, 3.0
"""How often, and how many seconds apart, a device is looked for that was just added."""

_FOLLOWS = ("UNASSIGNED", "ASSIGNED_TO_SERVICE")
"""States that come and go with the application; any other is left as it was read."""

_NOT_ADDED = (
    "the vendor did not add it and does not say why: the serial number is not known to it, belongs to another workspace, "
    "or does not go with this MAC address or part number"
)


class GreenLake(Vendor):
    """One workspace of HPE GreenLake."""

    NAME = "greenlake"
    FACTS = VendorFacts(
        name="greenlake",
        default_url=DEFAULT_URL,
        options=frozenset({"token", "client_id", "client_secret", "token_url", "organization"}),
        credentials=(frozenset({"client_id", "client_secret"}), frozenset({"token"})),
        native_environment={"client_id": "GREENLAKE_CLIENT_ID", "client_secret": "GREENLAKE_CLIENT_SECRET"},
        # Requests per minute; where the documentation has shown two figures, the lower one.
        limits={"read": 160, "add": 25, "patch": 20, "poll": 90},
    )
    CAPABILITIES = {
        "create": Capability(YES, note="added by serial and MAC (network), or by serial and part number (compute, storage)"),
        "name": Capability(READ_ONLY, reason="the name is the host name that the device reports", nearest="tags"),
        "space": Capability(YES, note="location"),
        "owner": Capability(NO, reason="a device belongs to the workspace, not to a person", nearest="contact"),
        "transfer_to": Capability(YES, note="MSP tenant, with application"),
        "tags": Capability(YES, note="key/value"),
        "metafields": Capability(NO, reason="tags are the only fields that can be set freely", nearest="tags"),
        "status": Capability(NO, reason="the inventory has no state that can be set", nearest="archived"),
        "applications": Capability(NO, reason="a device has one application, which is assigned to it", nearest="application"),
        "application": Capability(YES, note="service manager and region"),
        "subscriptions": Capability(YES),
        "contact": Capability(YES),
        "warranty": Capability(YES, note="support level of discovered devices"),
        "archived": Capability(YES),
        "absent": Capability(NO, reason="no public operation takes a device out of the inventory", nearest="archived"),
    }
    IDENTIFIERS = frozenset({"device_id", "serial", "mac", "cloud_id"})
    CLAIM_SETS = frozenset({"tags", *PLACED})
    NEEDS = {
        "set_subscription": frozenset({"set_application", "transfer", "unarchive"}),
        "set_application": frozenset({"unarchive"}),
        "transfer": frozenset({"set_application", "unarchive"}),
    }
    READ_OPTIONS = READ_OPTIONS
    FILTERS = FILTERS
    GROUPS = frozenset(GROUP_NAMES)

    def __init__(self, settings: AccountSettings, client: Client | None = None) -> None:
        super().__init__(settings, client)
        self._names = Names()
        self._added_alone: frozenset[str] | None = None

    @classmethod
    def auth(cls, settings: AccountSettings) -> Auth:
        """The given token, or one fetched for the API client. Raises SettingsError."""
        if settings.token is not None:
            return StaticToken(settings.token)
        return ClientCredentials(settings, style=FORM, token_url=token_url(settings))

    # Reading

    def read(self, declarations: t.Sequence[Declaration]) -> Sight:
        """By serial number where every device has one, by id where that is declared, by the whole listing where neither is.

        Only the documented filter and reading by id are taken as proof that a device is not there.
        """
        if any(not (one.serial or one.device_id or one.cloud_id) for one in declarations):
            return Sight(self._devices(_meant(declarations, read_all(self.client, INVENTORY))))
        found = read_wanted(self.client, INVENTORY, "serialNumber", [one.serial for one in declarations if one.serial])
        rows = {row.get("id"): row for row in found.rows}
        ids = {uuid for one in declarations for uuid in (one.device_id, one.cloud_id) if uuid and uuid not in rows}
        if ids and not found.whole:
            found = self._by_id(sorted(ids))
            rows.update((row.get("id"), row) for row in found.rows)
        if not found.whole and self._adds_by_mac(declarations, rows.values()):
            rows.update((row.get("id"), row) for row in read_all(self.client, INVENTORY))
        return Sight(self._devices(_meant(declarations, rows.values())))

    def _by_id(self, ids: t.Sequence[str]) -> Found:
        """The devices with these ids. Only clients say that ``id`` is filterable: the rest is read one by one."""
        found = self._hinted("id", ids)
        shown = {row.get("id") for row in found.rows}
        unseen = [] if found.whole else [uuid for uuid in ids if uuid not in shown]
        if len(unseen) > MOST_BY_ID:
            return Found(read_all(self.client, INVENTORY), whole=True)
        one_by_one = [row for row in self.client.map(self._row, unseen) if row is not None]
        return Found(found.rows + one_by_one, found.whole)

    def _row(self, device_id: str) -> Row | None:
        try:
            body = self.client.get(f"{DEVICES}/{device_id}").body
        except Gone:
            return None
        return dict(body) if isinstance(body, dict) else {}

    def _adds_by_mac(self, declarations: t.Sequence[Declaration], rows: t.Iterable[Row]) -> bool:
        """Whether a device would be added whose MAC another one may have, which then contradicts the declaration.

        MACs are not documented to be filterable, so that only the whole listing can tell.
        """
        serials = {row.get("serialNumber") for row in rows}
        new = (one for one in declarations if one.creates and one.state == "present" and one.serial not in serials)
        return any(one.mac and one.serial for one in new)

    def _hinted(self, name: str, values: t.Sequence[str]) -> Found:
        """The rows of a filter that is not documented; none where the vendor does not take it."""
        try:
            return read_wanted(self.client, INVENTORY, name, values)
        except (FilterIgnored, Refused):
            return Found([], whole=False)

    def _devices(self, rows: t.Iterable[Row], **options: t.Any) -> list[Device]:
        return [_device_from_json(row, account=self.settings.name, **options) for row in rows]

    def refresh(self, device: Device, attributes: t.Collection[str]) -> Device | None:
        """By serial number: reading by id has a limit of its own that is a quarter of the listing's."""
        return self.refresh_all([device], attributes)[0]

    def refresh_all(self, devices: t.Sequence[Device], attributes: t.Collection[str]) -> list[Device | None]:
        """All of them by as few filters as they fit into."""
        rows = self._by_serial([device.serial for device in devices if device.serial])
        found = {device.id: device for device in rows.values()}
        return [found.get(device.id) for device in devices]

    def _by_serial(self, serials: t.Sequence[str]) -> dict[str, Device]:
        rows = read_wanted(self.client, INVENTORY, "serialNumber", serials).rows
        return {device.serial or "": device for device in self._devices(rows)}

    def list_devices(self, query: Query) -> Listing:
        """One listing with the vendor's own filter, sort and select; or the vendor's own counting, which shows no devices."""
        refuse_unsupported(query)
        if query.group_by and (name := group_property(query)):
            return Listing([], read_group(self.client, name, asked(query).vendor_filter))
        request = asked(query)
        inventory = replace(INVENTORY, sort=request.sort)
        if query.device_id or query.cloud_id:
            found = self._by_id([query.device_id or query.cloud_id or ""]).rows
            return Listing(sifted(self._devices(found, include_raw=query.include_raw), query))
        size = query.page_size or inventory.page_size
        rows: t.Sequence[Row] | None = None
        if request.most is not None and request.most <= size:
            rows = read_page(self.client, inventory, request.parameters, 0, max(request.most, 1)).rows
        if rows is None or not all(request.fits(row) for row in rows):
            rows = read_all(self.client, inventory, request.parameters, size=size)
        devices = self._devices(rows, include_raw=query.include_raw, selected=request.selected)
        return Listing(sifted(devices, query))

    # Planning

    def check(self, declaration: Declaration) -> None:
        """Refuses what is wrong for GreenLake whatever the device looks like. Raises DeclarationError."""
        super().check(declaration)
        if text := problem(declaration):
            raise DeclarationError(text, account=declaration.account, device=declaration.address)

    def claim_refusal(self, declaration: Declaration) -> str | None:
        """Why this declaration cannot add a device, or None where it can."""
        return claim_problem(declaration)

    def prepare(self, pairs: t.Sequence[tuple[Declaration, Device | None]]) -> None:
        """Looks names up, and decides which new devices are added one by one and which five at a time."""
        self._names.look_up(self.client, pairs)
        self._added_alone = added_alone([new_device(one) for one, device in pairs if device is None])

    def resolve(self, declaration: Declaration, observed: Device | None) -> Desired:
        """Names as ids, tags merged with what is there. Raises DeclarationError."""
        try:
            return self._desired(declaration, observed)
        except DeclarationError as error:
            error.account, error.device = declaration.account, declaration.address
            raise

    def _desired(self, declaration: Declaration, observed: Device | None) -> Desired:
        wanted = declaration.attributes()
        values: dict[str, t.Any] = {name: wanted[name] for name in ("name", "archived") if name in wanted}
        serial = observed.serial if observed else declaration.serial
        ids: dict[str, dict[str, t.Any]] = {name: {"serial": serial} for name in wanted}
        warnings: list[str] = []
        if "tags" in wanted:
            values["tags"] = merged_tags(declaration, _tags_of(observed))
            if values["tags"] != _tags_of(observed):
                if text := count_problem(values["tags"]):
                    raise DeclarationError(text)
                warnings += [text for text in (count_warning(values["tags"]),) if text]
        if "space" in wanted:
            values["space"] = self._space(wanted["space"], observed)
        if "application" in wanted:
            values["application"] = self._application(wanted["application"], observed)
        if "subscriptions" in wanted:
            values["subscriptions"] = [self._subscription(key, observed) for key in wanted["subscriptions"]]
        if "contact" in wanted:
            values["contact"] = wanted_contact(wanted["contact"], observed.contact if observed else None)
        if "warranty" in wanted:
            values["warranty"] = self._warranty(wanted["warranty"], observed)
        if "transfer_to" in wanted:
            values["transfer_to"] = {"id": wanted["transfer_to"], "name": None}
            ids["transfer_to"]["application"] = self._of_tenant(values, observed)
        alone = self._added_alone is None or declaration.address in self._added_alone
        warnings += self._doubts(declaration, observed, values)
        in_order = {name: values[name] for name in wanted if name in values}
        return Desired(in_order, ids, claim={"alone": alone}, warnings=tuple(warnings))

    def _space(self, wanted: str, observed: Device | None) -> dict[str, t.Any] | None:
        held = observed.space if observed else None
        if not wanted:
            return None
        if held and (wanted == held["name"] or uuid_key(wanted) == uuid_key(held["id"])):
            return held
        if is_uuid(wanted):
            return {"id": wanted, "name": None, "path": None}
        row = self.one(self._names.locations(wanted), f"location {wanted!r}", lambda row: str(row.get("id")))
        if row is None:
            raise NotFound(f"there is no location {wanted!r}; make it in GreenLake, or correct the name, which compares exactly")
        return {"id": row["id"], "name": wanted, "path": None}

    def _application(self, wanted: t.Mapping[str, t.Any], observed: Device | None) -> dict[str, t.Any] | None:
        if not wanted:
            return None
        identifier = wanted.get("id")
        if identifier is None:
            name = wanted["name"]
            row = self.one(self._names.services(name), f"application {name!r}", lambda row: str(row.get("id")))
            if row is None:
                raise NotFound(
                    f"there is no application (service manager) {name!r}; correct the name, which compares exactly, or use its id"
                )
            identifier = row["id"]
        region = region_of({**wanted, "id": identifier}, observed)
        if region is None:
            known = ", ".join(self._names.regions(identifier))
            where = f"; it is provisioned in {known}" if known else ""
            raise DeclarationError(f"application needs region, without which GreenLake refuses the assignment{where}")
        return {"id": identifier, "region": region}

    def _subscription(self, wanted: str, observed: Device | None) -> dict[str, t.Any]:
        for entry in (observed.subscriptions if observed else None) or ():
            if entry["key"] == wanted or uuid_key(entry["id"]) == uuid_key(wanted):
                return entry
        if is_uuid(wanted):
            return {"id": wanted, "key": None, "tier": None, "start": None, "end": None}
        row = self.one(self._names.subscriptions(wanted), f"subscription {wanted!r}", lambda row: str(row.get("id")))
        if row is None:
            raise NotFound(f"there is no subscription with the key {wanted!r} in this workspace; add it to the workspace first")
        return {
            "id": row["id"],
            "key": wanted,
            "tier": row.get("tier"),
            "start": row.get("startTime"),
            "end": row.get("endTime"),
        }

    def _warranty(self, wanted: t.Mapping[str, t.Any], observed: Device | None) -> dict[str, t.Any]:
        held = (observed.warranty if observed else None) or {}
        value = {**held, **declared_warranty(wanted)}
        if same_warranty(held, value):
            return value
        if observed is None or observed.facts.get("discovered") is not True:
            raise DeclarationError(
                "greenlake sets a warranty on devices that it discovered only; this one was added or is managed otherwise"
            )
        if missing := [name for name in ("service_level", "end_date") if not value.get(name)]:
            raise DeclarationError(f"warranty needs {missing[0]} as well: the vendor takes service level and end date together")
        return value

    def _of_tenant(self, values: t.Mapping[str, t.Any], observed: Device | None) -> dict[str, t.Any]:
        """The application that goes to a tenant with the device."""
        application = values.get("application") or (observed.application if observed else None)
        if not application:
            raise DeclarationError("transfer_to needs an application, which the tenant gets with the device; declare application")
        return dict(application)

    def _doubts(self, declaration: Declaration, observed: Device | None, values: t.Mapping[str, t.Any]) -> list[str]:
        """What the vendor does not document and may refuse."""
        if observed is None:
            return []
        doubts = []
        category = observed.facts.get("category")
        if declaration.device_type and category and declaration.device_type.upper() != category:
            doubts.append(f"declared as {declaration.device_type}, the device is of the category {category}")
        if observed.archived and declaration.archived is not False:
            moved = [name for name, value in values.items() if not self.same(name, getattr(observed, field_of(name)), value)]
            if moved:
                doubts.append(
                    f"the device is archived, and the vendor may refuse to change {', '.join(moved)}; declare archived: false"
                )
        return doubts

    def same(self, attribute: str, before: t.Any, after: t.Any) -> bool:
        """Whether two values mean the same: ids without hyphens and case, contact and warranty by what is declared of them."""
        if attribute in ("space", "transfer_to"):
            return same_id(before, after)
        if attribute == "application":
            return same_application(before, after)
        if attribute == "subscriptions":
            return same_subscriptions(before, after)
        if attribute == "contact":
            return same_contact(before, after)
        if attribute == "warranty":
            return same_warranty(before, after)
        if attribute == "tags":
            # An empty value is a value, so that this is no matter of "every kind of empty is one".
            return dict(before or {}) == dict(after or {})
        if attribute == "archived":
            return bool(before) is bool(after)
        return same(before, after)

    @classmethod
    def claimed_as(cls, device: Device) -> dict[str, str]:
        """See Vendor. What it is added as is its category; its part number is not in the record."""
        category = device.facts.get("category")
        return {"device_type": category} if category in DEVICE_TYPES else {}

    def adjust(self, declaration: Declaration, observed: Device | None, changes: list[Change]) -> list[Change]:
        """Location and contact of devices that are added together, and what unassigning and archiving take with them."""
        if observed is None:
            return split_claim(changes)
        return with_side_effects(declaration, observed, changes)

    def consequences(self, device: Device) -> Device:
        """The state follows the application, and the vendor finds out the model of a new device itself."""
        if device.id is None:
            device = replace(device, model=None)
        if device.status not in (None, *_FOLLOWS):
            return device
        return replace(device, status=_FOLLOWS[0] if device.application is None else _FOLLOWS[1])

    # Writing

    def calls_for(self, change: Change) -> tuple[Call, ...]:
        """One call: adding by v1 or v2beta1, everything else a merge patch of v2beta1."""
        return (call_for(change),)

    def merge(self, steps: t.Sequence[Step]) -> list[Step]:
        """Adding by five, patching equal bodies by 25."""
        return merge(steps)

    def dry_run_call(self, call: Call) -> Call | None:
        """The call that has the vendor validate a write without doing it; None where the device has no id yet."""
        if not call.writes or any(isinstance(value, NewId) for _name, value in call.query):
            return None
        # It changes nothing, so that it may be repeated like a read.
        return replace(call, query=(*call.query, ("dry-run", "true")), job=False, repeat=ALWAYS)

    def finish(self, step: Step, answer: Answer, deadline: Deadline) -> dict[str, Outcome]:
        """Follows the job to its end; what it leaves open is settled by reading the devices back."""
        job = follow(self.client, answer, deadline)
        return self._added(step, job, deadline) if step.call.method == "POST" else self._changed(step, job)

    def _added(self, step: Step, job: Job, deadline: Deadline) -> dict[str, Outcome]:
        serials = {change.address: str(change.after["serial"]) for change in step.changes}
        hopeless = set(job.failed) if job.state == JOB_FAILED else set()
        try:
            found = self._new_devices(list(serials.values()), hopeless, deadline)
        except ApiError as error:
            return {
                address: Outcome(
                    DONE if job.state == SUCCEEDED and serial not in job.failed else UNCLEAR,
                    f"{job.words or 'the job ended'}, and the inventory could not be read: {error}",
                )
                for address, serial in serials.items()
            }
        outcomes = {}
        for change in step.changes:
            device = found.get(serials[change.address])
            certain = job.state == SUCCEEDED and serials[change.address] not in job.failed
            outcomes[change.address] = self._added_outcome(change, device, job, certain)
        return outcomes

    def _added_outcome(self, change: Change, device: Device | None, job: Job, certain: bool) -> Outcome:
        if device is not None:
            lacking = (
                [] if certain else [name for name in ("tags", *PLACED) if not self._has(device, name, change.after.get(name))]
            )
            if lacking:
                text = f"the device is in the workspace now, but adding it did not set {', '.join(lacking)}; run again"
                return Outcome(FAILED, text, device, written=True)
            return Outcome(DONE, device=device)
        if certain:
            text = (
                f"the vendor's job succeeded, but the inventory does not show the device after {VISIBLE_TRIES} looks, nor its id"
            )
            return Outcome(DONE, text)
        if job.state == UNKNOWN:
            return Outcome(UNCLEAR, f"{job.words}, and the inventory does not show the device")
        words = job.failed.get(str(change.after["serial"])) or job.words
        # A bare status such as FAILED is no reason.
        return Outcome(FAILED, f"{_NOT_ADDED}{f'. The vendor says: {words}' if words and ' ' in words else ''}")

    def _has(self, device: Device, attribute: str, wanted: t.Any) -> bool:
        """Whether a device has what adding it should have set; tags may have more."""
        if not wanted:
            return True
        if attribute == "tags":
            return all(_tags_of(device).get(key) == value for key, value in wanted.items())
        return self.same(attribute, getattr(device, attribute), wanted)

    def _new_devices(self, serials: t.Sequence[str], hopeless: t.Collection[str], deadline: Deadline) -> dict[str, Device]:
        """The new devices by serial number. The inventory may show them some seconds late, except those that were refused."""
        found: dict[str, Device] = {}
        missing = list(serials)
        for number in range(VISIBLE_TRIES):
            if number:
                if deadline.left() < VISIBLE_PAUSE:
                    break
                self.client.pause(VISIBLE_PAUSE)
            found.update(self._by_serial(missing))
            missing = [serial for serial in serials if serial not in found and serial not in hopeless]
            if not missing:
                break
        return found

    def _changed(self, step: Step, job: Job) -> dict[str, Outcome]:
        addresses = step.addresses
        if job.state == SUCCEEDED and not job.failed and (not job.succeeded or len(job.succeeded) >= len(addresses)):
            return {address: Outcome(DONE) for address in addresses}
        by_address: dict[str, list[Change]] = {}
        for change in step.changes:
            by_address.setdefault(change.address, []).append(change)
        outcomes: dict[str, Outcome] = {}
        for address, changes in by_address.items():
            labels = {changes[0].device_id, changes[0].ids.get("serial")}
            refused = next((label for label in labels if label in job.failed), None)
            if refused is not None:
                outcomes[address] = Outcome(FAILED, _refusal(job.failed[refused]))
            elif labels & job.succeeded:
                outcomes[address] = Outcome(DONE)
        open_changes = {address: changes for address, changes in by_address.items() if address not in outcomes}
        if open_changes:
            outcomes.update(self._read_back(open_changes, job))
        return outcomes

    def _read_back(self, changes: t.Mapping[str, list[Change]], job: Job) -> dict[str, Outcome]:
        """What the inventory says of devices that the job's result leaves open: one reading for all of them."""
        try:
            found = self._by_serial([str(group[0].ids["serial"]) for group in changes.values()])
        except ApiError as error:
            return {
                address: Outcome(UNCLEAR, f"{job.words or 'the job ended'}, and the device could not be read: {error}")
                for address in changes
            }
        outcomes = {}
        for address, group in changes.items():
            device = found.get(str(group[0].ids["serial"]))
            if device is not None and device.id is not None and device.id in job.failed:
                outcomes[address] = Outcome(FAILED, _refusal(job.failed[device.id]))
            elif device is not None and all(self._in_effect(device, change) for change in group):
                outcomes[address] = Outcome(DONE)
            elif job.state == JOB_FAILED:
                outcomes[address] = Outcome(FAILED, _refusal(job.words))
            else:
                outcomes[address] = Outcome(
                    UNCLEAR, f"{job.words or 'the job does not mention the device'}, and the device does not show the change"
                )
        return outcomes

    def _in_effect(self, device: Device, change: Change) -> bool:
        name = change.root or ""
        return self.same(name, getattr(device, field_of(name)), change.after)


def token_url(settings: AccountSettings) -> str:
    """Where tokens of an account come from: its workspace's own endpoint, else the classic one, below `url` if not HPE's.

    Raises SettingsError for an organization that is no workspace id.
    """
    if settings.organization is not None:
        if not is_uuid(settings.organization):
            raise SettingsError(
                "`organization` must be the workspace's id, 32 hexadecimal digits with or without hyphens", account=settings.name
            )
        return f"{settings.url}/authorization/v2/oauth2/{uuid_key(settings.organization)}/token"
    return CLASSIC_TOKEN_URL if settings.on_default_host else f"{settings.url}/as/token.oauth2"


def _meant(declarations: t.Sequence[Declaration], rows: t.Iterable[Row]) -> list[Row]:
    """The rows that agree with some declaration in anything: most of a listing is nobody's business where few are declared.

    A row without id or serial number stays, so that it is refused as a bad answer and not taken for a device that is not there.
    """
    serials = {one.serial for one in declarations if one.serial}
    ids = {uuid for one in declarations for uuid in (one.device_id, one.cloud_id) if uuid}
    macs = {mac_key(one.mac) for one in declarations if one.mac}
    names = {name for one in declarations if not one.identifiers for name in (one.name, one.previous_name) if name}
    return [
        row
        for row in rows
        if row.get("serialNumber") in serials
        or row.get("id") in ids
        or (macs and mac_key(row.get("macAddress") or "") in macs)
        or not (row.get("id") and row.get("serialNumber"))
        or (names and (row.get("deviceName") or row.get("secondaryName") or row.get("serialNumber")) in names)
    ]


def _tags_of(device: Device | None) -> dict[str, str]:
    return dict(device.tags) if device is not None and isinstance(device.tags, dict) else {}


def _refusal(words: str) -> str:
    return f"the vendor's job failed for this device{f': {words}' if words else ', without saying why'}"
