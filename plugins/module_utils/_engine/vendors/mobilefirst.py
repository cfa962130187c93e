# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IBM MobileFirst's administration service: the phones that ran an app built with it, their status and that of their apps.

Facts, with their sources: docs/vendors/mobilefirst.md. Nothing can be created or renamed here. Every write is a transaction, and
those of one runtime come one after the other. There is no call for a single device, so that all reading is listing.
"""

from __future__ import annotations

import math
import typing as t

from ansible_collections.fleetform.devices.plugins.module_utils._engine.auth import Basic
from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import AFTER_READING, PATCH, Answer, Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import (
    NO,
    READ_ONLY,
    YES,
    Capabilities,
    Capability,
    refusal,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.diff import same, same_reference
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    ApiError,
    AuthFailed,
    DeclarationError,
    Forbidden,
    Gone,
    NotFound,
    Unavailable,
    Unclear,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Auth, Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device, Listing, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Desired, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.select import matches
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings, VendorFacts
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._mobilefirst_forms import (
    DISABLED,
    ENABLED,
    NAME,
    Row,
    device_from_row,
    name_of,
    owner_record,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._mobilefirst_query import (
    FILTERS,
    READ_OPTIONS,
    SHORTEST_QUERY,
    chosen_by_limit,
    exact,
    ids_of,
    in_order,
    needle_of,
    order_of,
    ordered_by_server,
    refuse_unsupported,
    sifted,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._mobilefirst_runtime import (
    PAGE,
    Found,
    Place,
    Runtime,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._mobilefirst_transactions import (
    FAILED as TRANSACTION_FAILED,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._mobilefirst_transactions import (
    FIRST_PAUSE,
    LAST_PAUSE,
    SUCCEEDED,
    UNKNOWN,
    Ended,
    followed,
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

STATUSES = ("ACTIVE", "LOST", "STOLEN", "DISABLED")
"""What can be declared. ``EXPIRED`` is the server's own, for a device that it has not heard of for long; it blocks nothing."""

LAGS = (1.0, 2.0)
"""Seconds before further looks at a device that does not show yet what the vendor says is done: a listing may lag behind."""

_SET_STATUS, _SET_APPLICATIONS, _DELETE = range(3)


def _no(reason: str, nearest: str) -> Capability:
    return Capability(NO, reason=reason, nearest=nearest)


class MobileFirst(Vendor):
    """One runtime of one server."""

    NAME = NAME
    FACTS = VendorFacts(
        name=NAME,
        options=frozenset({"username", "password", "runtime", "api_version", "response_format", "locale"}),
        credentials=(frozenset({"username", "password"}),),
        defaults={"runtime": "mfp", "api_version": "2.0", "response_format": "json"},
    )
    CAPABILITIES: t.ClassVar[Capabilities] = {
        "create": _no("a device registers itself when an app on it first contacts the server", "starting such an app on it"),
        "name": Capability(
            READ_ONLY, reason="only an app on the device or an adapter of the server can name it", nearest="`status`"
        ),
        "space": _no("the server knows no places", "an account for each runtime"),
        "owner": Capability(
            READ_ONLY, reason="the users of a device are those who logged in on it", nearest="`state: absent`, which forgets them"
        ),
        "transfer_to": _no(
            "a device belongs to the runtime that its app contacts", "`state: absent`, and an app of the other one"
        ),
        "tags": _no("devices have no tags", "`applications`"),
        "metafields": _no("devices have no fields that can be set freely", "`status`"),
        "status": Capability(YES, note="ACTIVE, LOST, STOLEN, DISABLED"),
        "applications": Capability(YES, note="ENABLED, DISABLED"),
        "application": _no("no application is assigned to a device; those that ran on it can be blocked", "`applications`"),
        "subscriptions": _no("the server knows no subscriptions of a device", "`applications`"),
        "contact": _no("the server keeps no contact for a device", "`status`"),
        "warranty": _no("the server knows no warranty", "`status`"),
        "archived": _no("the server archives by itself what it has not heard of for long", "`status: DISABLED`"),
        "absent": Capability(YES, note="delete; a living phone comes back unblocked"),
    }
    IDENTIFIERS = frozenset({"device_id", "cloud_id"})
    READ_OPTIONS = READ_OPTIONS
    FILTERS = FILTERS
    DELETE_WARNING = (
        "deleting blocks nothing: a phone that is in use comes back under a new id, ACTIVE, whatever block it had; to block it "
        "declare status LOST, STOLEN or DISABLED instead. Its name, users and apps are forgotten"
    )

    def __init__(self, settings: AccountSettings, client: Client | None = None) -> None:
        super().__init__(settings, client)
        self._place = Place.of(settings)
        # Whether a transaction of ours may still be under way although its change is over.
        self._left_open = False
        # Of the step that is being sent: whether an answer was lost, whether it was looked for since then, and what came of that.
        self._lost = self._looked = False
        self._finding: str | None = None

    @classmethod
    def auth(cls, settings: AccountSettings) -> Auth:
        """User and password with each request. Raises SettingsError, MissingLibrary, before anything is sent."""
        Place.of(settings)
        return Basic(settings.username or "", settings.password or "")

    @property
    def _runtime(self) -> Runtime:
        return Runtime(self.client, self._place)

    def _devices(self, rows: t.Iterable[Row], *, include_raw: bool = False) -> list[Device]:
        name, runtime = self.settings.name, self._place.runtime
        return [device_from_row(row, account=name, runtime=runtime, include_raw=include_raw) for row in rows]

    # Reading

    def read(self, declarations: t.Sequence[Declaration]) -> Sight:
        """The listing: up to the last device where all are declared by id, by search where few are declared by name.

        A search finds all devices of a name. That it finds none is believed only after the whole listing has shown none either.
        Raises ApiError, also where that listing is shorter than it says: it proves no absence, and no name to be the only one.
        """
        ids = {number for one in declarations for number in (one.device_id, one.cloud_id) if number is not None}
        names = {name for one in declarations if not one.identifiers for name in (one.name, one.previous_name) if name}
        if names and not ids:
            found = self._by_name(names)
        else:
            found = self._runtime.devices(enough=None if names else lambda rows, _total: ids <= rows.keys())
        if found.doubt is not None:
            raise self._runtime.incomplete(found.doubt)
        return Sight(self._devices(found.rows))

    def _by_name(self, names: t.Collection[str]) -> Found:
        """All devices that have one of these names, perhaps with others."""
        runtime = self._runtime
        asks = all(len(name.strip()) >= SHORTEST_QUERY for name in names)
        crowd = self.client.crowd
        if not asks or len(names) * crowd > 1:
            found = runtime.devices(enough=lambda rows, total: asks and _pages_left(rows, total) > len(names) * crowd)
            if found.whole and (found.doubt is None or not asks):
                return found
        rows: dict[str, Row] = {}
        for found in self.client.map(lambda name: runtime.devices(query=name), sorted(names)):
            rows.update((row["id"], row) for row in found.rows)
        missing = set(names) - {name_of(row) for row in rows.values()}
        return runtime.devices() if missing else Found(list(rows.values()), whole=False)

    def refresh(self, device: Device, attributes: t.Collection[str]) -> Device | None:
        """See refresh_all."""
        return self.refresh_all([device], attributes)[0]

    def refresh_all(self, devices: t.Sequence[Device], attributes: t.Collection[str]) -> list[Device | None]:
        """The listing, up to the last of them. A runtime has to be running before a device that it does not list is gone."""
        try:
            found = self._anew(devices, attributes, None)
        except ApiError as error:
            self._finding = f"The device could not be read: {error}"
            raise
        self._finding = "The device is not listed any more" if None in found else None
        return found

    def _anew(self, devices: t.Sequence[Device], attributes: t.Collection[str], deadline: Deadline | None) -> list[Device | None]:
        ids = {str(device.id) for device in devices}
        words = _search_words(devices[0]) if len(devices) == 1 and attributes else None
        found: Found | None = None
        if words is not None:
            # One page for one device, instead of half of the pages on average.
            found = self._runtime.devices(query=words, enough=lambda rows, _total: ids <= rows.keys(), deadline=deadline)
        if found is None or not ids <= {row["id"] for row in found.rows}:
            found = self._runtime.devices(enough=lambda rows, _total: ids <= rows.keys(), deadline=deadline)
        by_id = {device.id: device for device in self._devices(found.rows)}
        if not ids <= by_id.keys():
            if found.doubt is not None:
                raise self._runtime.incomplete(found.doubt)
            self._runtime.refuse_stopped(deadline)
        return [by_id.get(device.id) for device in devices]

    def list_devices(self, query: Query) -> Listing:
        """The listing, or what the server finds by name or user; what it finds is held against the query here.

        Raises ApiError, also for a listing that is shorter than it says and does not show what was asked for.
        """
        refuse_unsupported(query)
        runtime, order, size = self._runtime, order_of(query), query.page_size or PAGE
        needle, ids, limit = needle_of(query), ids_of(query), query.limit or 1
        if ids:
            found = runtime.devices(order=order, size=size, enough=lambda rows, _total: ids <= rows.keys())
        elif needle is not None:
            found = runtime.devices(query=needle, order=order, size=size)
        elif chosen_by_limit(query):
            found = runtime.devices(size=min(size, limit), enough=lambda rows, _total: len(rows) >= limit)
        elif ordered_by_server(query):
            falls = order == "-lastAccessed"
            found = runtime.devices(
                order=order, size=size, enough=lambda rows, _total: len(rows) >= limit and in_order(rows.values(), falls)
            )
        else:
            found = runtime.devices(order=order, size=size)
        devices = sifted(self._devices(found.rows, include_raw=query.include_raw), query)
        if not ids and needle is not None and exact(query) and not any(matches(one, query.filters) for one in devices):
            found = runtime.devices(order=order, size=size)
            devices = sifted(self._devices(found.rows, include_raw=query.include_raw), query)
        if found.doubt is not None:
            raise runtime.incomplete(found.doubt)
        return Listing(devices, searched=query.search is not None)

    # Planning

    def check(self, declaration: Declaration) -> None:
        """Refuses what is wrong for MobileFirst whatever the device looks like. Raises DeclarationError."""
        super().check(declaration)
        status = declaration.status
        text = None
        if status == "EXPIRED":
            text = (
                "status EXPIRED is the server's to set, for devices that it has not heard of for long; declare DISABLED to block"
            )
        elif status is not None and status not in STATUSES:
            text = f"status must be one of {', '.join(STATUSES)}, not {status!r}"
        elif declaration.applications is not None and not all(declaration.applications):
            text = "applications holds an empty name"
        if text is not None:
            raise DeclarationError(text, account=declaration.account, device=declaration.address)

    def resolve(self, declaration: Declaration, observed: Device | None) -> Desired:
        """The declared values; an application must be on the device. Raises DeclarationError."""
        if declaration.state == "absent":
            return Desired()
        if observed is None:
            refused = refusal(NAME, "create", self.CAPABILITIES["create"]).message
            raise NotFound(f"no such device in the runtime {self._place.runtime!r}; {refused}")
        wanted = declaration.attributes()
        values: dict[str, t.Any] = {name: wanted[name] for name in ("name", "status", "applications") if name in wanted}
        words = _search_words(observed)
        ids: dict[str, dict[str, t.Any]] = {"status": {"search": words}}
        if "owner" in wanted:
            held = wanted["owner"] in observed.facts.get("users", ())
            values["owner"] = observed.owner if held else owner_record(wanted["owner"]) if wanted["owner"] else None
        for name in wanted.get("applications", ()):
            there = observed.applications or {}
            if name not in there:
                known = ", ".join(sorted(there)) or "none"
                raise NotFound(
                    f"applications: {name!r} is not on {observed.label()}; there are {known}; correct the name, which compares "
                    "exactly, or have the app contact the server first"
                )
            ids[f"applications.{name}"] = {"search": words, "versions": observed.facts.get("versions", {}).get(name, 1)}
        return Desired(values, ids)

    def same(self, attribute: str, before: t.Any, after: t.Any) -> bool:
        """Whether two values mean the same. A device that expired is active for all that can be declared of it."""
        if attribute == "status" and (before, after) == ("EXPIRED", "ACTIVE"):
            return True
        return same_reference(before, after) if attribute in self.REFERENCES else same(before, after)

    @classmethod
    def stated(cls, device: Device, attribute: str) -> t.Any:
        """See Vendor. An expired device is as active as it can be declared; of an app whose versions differ nothing can."""
        value = super().stated(device, attribute)
        if attribute == "status" and value == "EXPIRED":
            return "ACTIVE"
        if attribute == "applications" and value is not None:
            return {name: status for name, status in value.items() if status in (ENABLED, DISABLED)} or None
        return value

    # Writing

    def calls_for(self, change: Change) -> tuple[Call, ...]:
        """One synchronous call. Raises Unsupported for version 1.0, which is for reading."""
        if self._place.version != "2.0":
            raise Unsupported(
                f"mobilefirst cannot {change.action.replace('_', ' ')} over api_version {self._place.version}, which is for "
                "reading; the nearest thing it can do is api_version 2.0, which MobileFirst 8.0 has"
            )
        device = str(change.device_id)
        if change.action == "set_status":
            return (self._write("PUT", (device,), change, _SET_STATUS),)
        if change.action == "set_application":
            return (self._write("PUT", (device, "applications", str(change.key)), change, _SET_APPLICATIONS),)
        if change.action == "delete":
            return (self._write("DELETE", (device,), change, _DELETE),)
        raise Unsupported(f"mobilefirst has no call for {change.action}")

    def _write(self, method: str, segments: tuple[str, ...], change: Change, stage: int) -> Call:
        return Call(
            method,
            self._place.path("devices", *segments),
            self._place.query(("async", "false")),
            None if method == "DELETE" else {"status": change.after},
            pace=PATCH,
            repeat=AFTER_READING,
            stage=stage,
            targets=(change.address,),
            accept=self._place.accept,
            # The server does the transactions of a runtime one after the other, and the others wait for its lock.
            lane=f"runtime:{self._place.runtime}",
        )

    def before_sending(self, step: Step) -> Step:
        """Lets a transaction of ours end that was left behind. Raises Unavailable where it does not within the deadline."""
        self._lost = self._looked = False
        self._finding = None
        if self._left_open and not self._idle(self.client.deadline()):
            text = f"the runtime {self._place.runtime!r} is at work on an earlier change still; nothing was sent"
            raise Unavailable(text, account=self.settings.name, method=step.call.method, path=step.call.path)
        return step

    def at_work(self) -> bool:
        """Whether a transaction is under way in the runtime, which may be the one whose answer was lost, or could yet begin.

        A request that waits in front of the server holds no lock: the first look after a lost answer therefore proves nothing.
        """
        self._lost = True
        over = not self._busy() and self._looked
        self._looked = not over
        return not over

    def _busy(self) -> bool:
        self._left_open = self._runtime.busy()
        return self._left_open

    def _idle(self, deadline: Deadline) -> bool:
        """Waits until no transaction is under way, within the deadline; False where one still is."""
        pause = FIRST_PAUSE
        while self._busy():
            if deadline.left() <= pause:
                return False
            self.client.pause(pause)
            pause = min(LAST_PAUSE, pause * 2)
        return True

    def after_error(self, step: Step, error: ApiError, deadline: Deadline) -> dict[str, Outcome] | None:
        """What a 404 means: a runtime that is not running says the same as a device that is gone. What else an error leaves out.

        A call that was sent again may be refused because the one before it, whose answer was lost, has done the work.
        """
        if isinstance(error, Unclear):
            busy, self._left_open = self._left_open, True
            held = f"The lock of the runtime {self._place.runtime!r} is held: a transaction is at work, perhaps this one"
            told = [text for text in (self._finding, held if busy else None) if text]
            return dict.fromkeys(step.addresses, Outcome(UNCLEAR, ". ".join([str(error), *told]))) if told else None
        if self._lost:
            try:
                if self._shows(step.changes[0], deadline):
                    return dict.fromkeys(step.addresses, Outcome(DONE))
            except ApiError as unread:
                text = f"{error}; what was sent before it and had no answer may have been done, and could not be read: {unread}"
                return dict.fromkeys(step.addresses, Outcome(UNCLEAR, text))
        if isinstance(error, (AuthFailed, Forbidden)):
            return dict.fromkeys(step.addresses, Outcome(FAILED, str(self._runtime.explained(error, writes=True))))
        return self._not_found(step, error, deadline) if isinstance(error, Gone) else None

    def _not_found(self, step: Step, error: Gone, deadline: Deadline) -> dict[str, Outcome] | None:
        try:
            problem = self._runtime.problem(error, deadline)
        except ApiError as unread:
            text = f"{error}; whether the runtime is running could not be read: {unread}"
            return dict.fromkeys(step.addresses, Outcome(FAILED, text))
        if problem is not None:
            return dict.fromkeys(step.addresses, Outcome(FAILED, str(problem)))
        if step.call.method == "DELETE":
            # Reading shows whether that is what was wanted.
            return None
        change = step.changes[0]
        try:
            device = self._look(change, deadline)
        except ApiError as unread:
            text = f"{error}; the runtime is running, but whether the device is still there could not be read: {unread}"
            return dict.fromkeys(step.addresses, Outcome(FAILED, text))
        if device is not None and self._in_effect(change, device):
            return dict.fromkeys(step.addresses, Outcome(DONE))
        what = "the device" if device is None else f"application {change.key!r}"
        there = device is not None and (change.key is None or change.key in (device.applications or {}))
        text = f"the runtime is running, {'and the device is still there' if there else f'but {what} has gone since it was read'}"
        return dict.fromkeys(step.addresses, Outcome(FAILED, f"{error}; {text}"))

    def finish(self, step: Step, answer: Answer, deadline: Deadline) -> dict[str, Outcome]:
        """Follows the transaction to its end. What it leaves open, and an app of several versions, is read back."""
        change = step.changes[0]
        return {change.address: self._outcome(change, followed(self.client, self._runtime, answer, deadline), deadline)}

    def _outcome(self, change: Change, ended: Ended, deadline: Deadline) -> Outcome:
        if ended.state == SUCCEEDED and change.ids.get("versions", 1) == 1 and _describes(ended.description, change):
            return Outcome(DONE)
        if ended.state == TRANSACTION_FAILED and not ended.contradicts and not self._lost:
            return Outcome(FAILED, ended.words)
        try:
            # What is still under way would not show yet.
            idle = ended.state != UNKNOWN or self._idle(deadline)
            shows = self._shows(change, deadline)
            for pause in LAGS if ended.state == SUCCEEDED else ():
                if shows or deadline.left() < pause:
                    break
                self.client.pause(pause)
                shows = self._shows(change, deadline)
        except ApiError as error:
            self._left_open = ended.state == UNKNOWN
            why = ended.words or "the vendor says that it is done"
            return Outcome(UNCLEAR, f"{why}, and the device could not be read: {error}")
        if ended.state == TRANSACTION_FAILED:
            # What was sent before, and had no answer, may have done what this one then could not do again.
            return Outcome(FAILED, ended.words, written=shows) if ended.contradicts or not shows else Outcome(DONE)
        if ended.state == SUCCEEDED and not shows:
            return Outcome(FAILED, "the vendor says that it is done, but the device does not show it", written=True)
        if shows and idle:
            return Outcome(DONE)
        return Outcome(UNCLEAR, f"{ended.words}, and {'the runtime is at work' if shows else 'the device does not show it'}")

    def _shows(self, change: Change, deadline: Deadline) -> bool:
        """Whether reading shows a change in effect. Raises ApiError."""
        device = self._look(change, deadline)
        if device is None or change.action == "delete":
            return device is None and change.action == "delete"
        return self._in_effect(change, device)

    def _look(self, change: Change, deadline: Deadline) -> Device | None:
        """The device of a change as it is now, None where it has gone. Raises ApiError."""
        words = change.ids.get("search")
        sought = Device(vendor=NAME, id=change.device_id, facts={"users": (words,) if words else ()})
        return self._anew([sought], [change.root] if change.root else [], deadline)[0]

    def _in_effect(self, change: Change, device: Device) -> bool:
        held = getattr(device, change.root or "status")
        return self.same(change.root or "", held.get(change.key) if change.key is not None else held, change.after)


def _pages_left(rows: t.Mapping[str, Row], total: int | None) -> int:
    """How many pages are still to be read, by the server's own count; 0 where it does not say."""
    return 0 if total is None else math.ceil(max(0, total - len(rows)) / PAGE)


def _search_words(device: Device) -> str | None:
    """What a search finds this device by, among others: its name, or the first of its users."""
    words = (device.name, *device.facts.get("users", ())[:1])
    return next((word for word in words if word and len(word.strip()) >= SHORTEST_QUERY), None)


def _describes(description: t.Mapping[str, t.Any], change: Change) -> bool:
    """Whether a transaction was about this change, as far as the vendor says what it was about."""
    wanted = {"deviceId": change.device_id, "appName": change.key, "status": change.after}
    # What a removal says of the status is the device's last one.
    names = ("deviceId",) if change.action == "delete" else tuple(name for name in wanted if wanted[name] is not None)
    return all(description.get(name) in (None, wanted[name]) for name in names)
