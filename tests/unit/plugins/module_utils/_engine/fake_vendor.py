# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A vendor that is simple enough to reason about: a cloud in memory, a client without a network, an adapter that fills the port.

It has one of each kind: something claimed with the device (``name``, ``space``), something read only (``status``), something that
it cannot do (``applications`` and what is like it), bulk calls of two devices (``tags``), an attribute of two calls
(``contact``), an attribute that reading leaves out (``metafields``), a transfer, and owners that have to be looked up. A second
vendor moves devices between spaces, which it makes where they are missing, and names devices in paths.
"""

from __future__ import annotations

import contextlib
import threading
import typing as t
from dataclasses import replace
from urllib.parse import unquote

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine import fleet
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
    AT_CLAIM,
    NO,
    READ_ONLY,
    ROWS,
    YES,
    Capability,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    ApiError,
    Gone,
    NotFound,
    Refused,
    Unavailable,
    Unclear,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Counts, Settled
from ansible_collections.fleetform.devices.plugins.module_utils._engine.listings import Reading
from ansible_collections.fleetform.devices.plugins.module_utils._engine.masking import Masker
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device, Listing, Query, mac_text
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Desired, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings, VendorFacts
from ansible_collections.fleetform.devices.plugins.module_utils._engine.steps import batch_devices
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import DONE, FAILED, Outcome, Sight, Vendor
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

HOME, BRANCH, DARK = "org-home", "org-branch", "org-dark"
"""Two organizations that can be read, and one that can only be transferred to."""

USERS = {"ada@example.com": "u1", "ben@example.com": "u2"}


class FakeCloud:
    """The devices of a vendor that exists in memory only. ``writes`` lists the calls that changed something, in order.

    ``spaces`` maps the name of a space to its id.
    """

    def __init__(self, *rows: dict[str, t.Any]) -> None:
        self.rows: dict[str, dict[str, t.Any]] = {}
        self.spaces: dict[str, str] = {}
        self.made = 0
        self.writes: list[Call] = []
        self.reads: list[str] = []
        self.lock = threading.Lock()
        self.unreadable: ApiError | None = None
        self.refused_tags: set[str] = set()
        for row in rows:
            self.add(**row)

    def add(self, **row: t.Any) -> dict[str, t.Any]:
        self.made += 1
        number = row.pop("id", f"d{self.made}")
        defaults = {
            "name": None,
            "serial": None,
            "mac": None,
            "model": None,
            "owner": None,
            "space": None,
            "contact": None,
            "organization": HOME,
        }
        self.rows[number] = {"id": number, **defaults, "tags": [], "metafields": {}, "archived": False, **row}
        return self.rows[number]

    def row(self, device_id: str) -> dict[str, t.Any]:
        if device_id not in self.rows or self.rows[device_id]["organization"] == DARK:
            raise Gone(f"no device {device_id}", method="GET", path=f"/devices/{device_id}", status=404)
        return self.rows[device_id]

    def do(self, call: Call) -> Answer:
        """Carries out a write."""
        with self.lock:
            self.writes.append(call)
            body = call.body
            if call.path == "/devices":
                return Answer(201, dict(self.add(**body)))
            if call.path == "/spaces":
                self.spaces[body["name"]] = f"s{len(self.spaces) + 1}"
                return Answer(201, {"id": self.spaces[body["name"]]})
            if call.path.startswith("/devices/"):
                self.row(unquote(call.path.removeprefix("/devices/"))).update(body)
                return Answer(204)
            if call.path == "/tags":
                for device_id in body["devices"]:
                    if device_id not in self.refused_tags:
                        self.row(device_id)["tags"] = body["tags"]
                return Answer(200, {"refused": [device_id for device_id in body["devices"] if device_id in self.refused_tags]})
            row = self.row(body["device"])
            if call.method == "DELETE":
                del self.rows[row["id"]]
            elif call.path == "/metafield":
                row["metafields"] = {**row["metafields"], body["name"]: body["value"]} if "name" in body else body["value"]
            elif call.path == "/contact-draft":
                row["draft"] = body["value"]
            else:
                row[call.path.removeprefix("/")] = body["value"]
            return Answer(204)


class FakeClient:
    """Sends calls to a FakeCloud. ``lose`` maps a path to how its answer is lost: ``before`` or ``after`` the work was done.

    ``refuse`` maps a path to the error that it gets. ``gates`` maps a path to a function that is called just before the work.
    """

    def __init__(self, cloud: FakeCloud, settings: AccountSettings) -> None:
        self.cloud = cloud
        self.settings = settings
        self.lose: dict[str, str] = {}
        self.refuse: dict[str, Exception] = {}
        self.gates: dict[str, t.Callable[[Call], None]] = {}
        self.reads = self.writes = 0
        self.budget = 0
        self.pauses: list[float] = []
        self.closed = False
        self.lanes: dict[str, threading.Lock] = {}
        self.lane_error: Exception | None = None
        self.together: Reading | None = None
        self.stop = threading.Event()
        self.masker = Masker([f"token-of-{settings.name}"])

    @property
    def counts(self) -> Counts:
        return Counts(self.reads, self.writes)

    def planned(self, calls: int) -> None:
        self.budget += calls

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    @contextlib.contextmanager
    def exclusive(self, lane: str) -> t.Iterator[None]:
        if self.lane_error is not None:
            raise self.lane_error
        with self.lanes.setdefault(lane, threading.Lock()):
            yield

    def close(self) -> None:
        self.closed = True

    def map(self, function: t.Callable[[t.Any], t.Any], items: t.Iterable[t.Any]) -> list[t.Any]:
        return [function(item) for item in items]

    def get(self, path: str) -> t.Any:
        self.reads += 1
        self.cloud.reads.append(path)
        if self.cloud.unreadable is not None:
            raise self.cloud.unreadable
        if path == "/spaces":
            return dict(self.cloud.spaces)
        if path == "/devices":
            return [dict(row) for row in self.cloud.rows.values() if row["organization"] != DARK]
        return dict(self.cloud.row(path.split("/")[2]))

    def page(self, path: str) -> t.Any:
        if self.together is None:
            return self.get(path)
        return self.together.page(path, lambda: Answer(200, self.get(path))).body

    @contextlib.contextmanager
    def reading_together(self, reading: Reading) -> t.Iterator[None]:
        self.together = reading
        yield
        self.together = None

    def deadline(self) -> Deadline:
        return Deadline(600.0, lambda: sum(self.pauses))

    @contextlib.contextmanager
    def interruptible(self, stop: threading.Event) -> t.Iterator[None]:
        self.stop = stop
        yield

    def settling(self) -> t.ContextManager[None]:
        return contextlib.nullcontext()

    def send(
        self,
        call: Call,
        *,
        settle: t.Callable[[], Settled] | None = None,
        deadline: Deadline | None = None,
        leaving: t.Callable[[], None] | None = None,
    ) -> Answer:
        if leaving is not None:
            leaving()
        self.writes += 1
        if call.path in self.gates:
            self.gates[call.path](call)
        if call.path in self.refuse:
            raise self.refuse[call.path]
        loss = self.lose.pop(call.path, None)
        if loss is None:
            return self.cloud.do(call)
        if loss == "after":
            self.cloud.do(call)
        verdict = settle() if settle is not None else Settled.UNKNOWN
        if verdict is Settled.DONE:
            return Answer(0, settled=True)
        if verdict is Settled.NOT_DONE and call.repeat == AFTER_READING:
            return self.send(call, settle=settle)
        raise Unclear("the connection was lost", method=call.method, path=call.path)


class FakeVendor(Vendor):
    """The adapter. Attributes of an instance may be changed by a test: ``CAPABILITIES``, ``NEEDS``, ``hides``."""

    NAME = "fake"
    FACTS = VendorFacts(
        name="fake", default_url="https://fake.example", options=frozenset({"token"}), credentials=(frozenset({"token"}),)
    )
    LIMITS: t.ClassVar[t.Mapping[str, int]] = {}
    IDENTIFIERS = frozenset({"device_id", "serial", "mac"})
    CLAIM_SETS = frozenset({"name", "space"})
    DETAIL = frozenset({"tags", "metafields"})
    ACTIONS = frozenset({"blink", "reset", "trigger_event", "activation_code"})
    NEEDS: t.ClassVar[t.Mapping[str, frozenset[str]]] = {"set_contact": frozenset({"rename"})}
    CAPABILITIES: t.ClassVar[t.Mapping[str, Capability]] = {
        **{row: Capability(YES) for row in ROWS},
        "space": Capability(AT_CLAIM, reason="a device stays where it was made"),
        "status": Capability(READ_ONLY, reason="the device reports it"),
        "applications": Capability(NO, reason="devices run no applications", nearest="`tags`"),
        "application": Capability(NO, reason="there is no such thing"),
        "subscriptions": Capability(NO, reason="there is no such thing"),
        "warranty": Capability(NO, reason="there is no such thing"),
    }

    def __init__(self, settings: AccountSettings, client: t.Any = None) -> None:
        super().__init__(settings, client)
        self.hides: dict[str, str] = {}

    def read(self, declarations: t.Sequence[Declaration]) -> Sight:
        return Sight([_device(row, self.settings.name) for row in self.client.page("/devices")], self.hides)

    def in_scope(self, declaration: Declaration, device: Device) -> bool:
        return device.facts.get("elsewhere") is not True

    def enrich(self, device: Device, attributes: t.Collection[str]) -> Device:
        if "metafields" not in attributes:
            return device
        return replace(device, metafields=dict(self.client.get(f"/devices/{device.id}/metafields")["metafields"]))

    def refresh(self, device: Device, attributes: t.Collection[str]) -> Device | None:
        try:
            row = self.client.get(f"/devices/{device.id}")
        except Gone:
            return None
        return replace(_device(row, self.settings.name), metafields=dict(row["metafields"]))

    def list_devices(self, query: Query) -> Listing:
        return Listing(self.read([]).devices)

    def claim_refusal(self, declaration: Declaration) -> str | None:
        return None if declaration.model else "say model"

    def resolve(self, declaration: Declaration, observed: Device | None) -> Desired:
        declared = declaration.attributes()
        values: dict[str, t.Any] = {}
        for attribute, value in declared.items():
            values[attribute] = getattr(self, f"_{attribute}")(declaration, observed) if hasattr(self, f"_{attribute}") else value
        return Desired(values, ids={"owner": {"user": (values.get("owner") or {}).get("id")}}, claim={"model": declaration.model})

    def _owner(self, declaration: Declaration, observed: Device | None) -> dict[str, t.Any] | None:
        if not declaration.owner:
            return None
        if declaration.owner not in USERS:
            raise NotFound(f"no user {declaration.owner}")
        return {"id": USERS[declaration.owner], "email": declaration.owner, "name": None}

    def _transfer_to(self, declaration: Declaration, observed: Device | None) -> dict[str, t.Any]:
        return {"id": declaration.transfer_to, "name": None}

    def _space(self, declaration: Declaration, observed: Device | None) -> dict[str, t.Any]:
        return {"id": declaration.space, "name": declaration.space, "path": declaration.space}

    def _tags(self, declaration: Declaration, observed: Device | None) -> list[str]:
        held = [] if observed is None or declaration.purge_tags else list(observed.tags or ())
        kept = [tag for tag in held if tag not in (declaration.absent_tags or {})]
        return kept + [tag for tag in declaration.tags or () if tag not in kept]

    def adjust(self, declaration: Declaration, observed: Device | None, changes: list[Change]) -> list[Change]:
        if not any(change.action == "transfer" for change in changes):
            return changes
        return [replace(change, verify=True) if change.action == "set_owner" else change for change in changes]

    def calls_for(self, change: Change) -> tuple[Call, ...]:
        targets = (change.address,)
        if change.action == "claim":
            after = {name: value for name, value in change.after.items() if name != "space"}
            body = {**after, "space": change.after["space"]["id"]} if change.after.get("space") else after
            return (Call("POST", "/devices", body=body, pace=ADD, repeat=NEVER, targets=targets),)
        if change.action == "delete":
            return (Call("DELETE", "/device", body={"device": change.target()}, repeat=NEVER, stage=9, targets=targets),)
        if change.action == "tag":
            body = {"devices": [change.target()], "tags": change.after}
            return (Call("PATCH", "/tags", body=body, pace=PATCH, repeat=AFTER_READING, stage=3, targets=targets),)
        if change.action == "set_metafield":
            body = {"device": change.target(), "value": change.after}
            if change.key is not None:
                body["name"] = change.key
            return (Call("PUT", "/metafield", body=body, pace=PATCH, repeat=AFTER_READING, stage=4, targets=targets),)
        field, stage, repeat = {
            "transfer": ("organization", 1, NEVER),
            "set_owner": ("owner", 2, AFTER_READING),
            "remove_owner": ("owner", 2, AFTER_READING),
            "rename": ("name", 3, AFTER_READING),
            "set_contact": ("contact", 5, AFTER_READING),
            "unarchive": ("archived", 0, AFTER_READING),
            "archive": ("archived", 8, AFTER_READING),
        }[change.action]
        value = change.ids.get("user") if field == "owner" else change.after["id"] if field == "organization" else change.after
        body = {"device": change.target(), "value": value}
        call = Call("PUT", f"/{field}", body=body, pace=PATCH, repeat=repeat, stage=stage, targets=targets)
        if change.action == "set_contact":
            return (replace(call, path="/contact-draft", stage=4), call)
        return (call,)

    def merge(self, steps: t.Sequence[Step]) -> list[Step]:
        bulk = [step for step in steps if step.call.path == "/tags"]
        rest = [step for step in steps if step.call.path != "/tags"]

        def join(calls: t.Sequence[Call]) -> Call:
            return replace(
                calls[0], body={**calls[0].body, "devices": [device for call in calls for device in call.body["devices"]]}
            )

        return rest + batch_devices(bulk, 2, lambda call: tuple(call.body["tags"]), join)

    def finish(self, step: Step, answer: Answer, deadline: Deadline) -> dict[str, Outcome]:
        if step.call.path == "/devices":
            return {address: Outcome(DONE, device=_device(answer.body, self.settings.name)) for address in step.addresses}
        refused = (answer.body or {}).get("refused", ()) if step.call.path == "/tags" else ()
        outcomes = {change.address: Outcome(DONE) for change in step.changes}
        outcomes.update(
            {change.address: Outcome(FAILED, "no more tags") for change in step.changes if change.device_id in refused}
        )
        return outcomes


class PlacingVendor(FakeVendor):
    """Moves devices between spaces and makes the spaces that are missing. ``lanes`` maps an action to the lane of its calls."""

    CAPABILITIES: t.ClassVar[t.Mapping[str, Capability]] = {**FakeVendor.CAPABILITIES, "space": Capability(YES)}
    MAKES: t.ClassVar[str] = NEVER

    def __init__(self, settings: AccountSettings, client: t.Any = None) -> None:
        super().__init__(settings, client)
        self.lanes: dict[str, t.Callable[[Change], str | None]] = {"create_space": lambda change: "spaces"}

    def resolve(self, declaration: Declaration, observed: Device | None) -> Desired:
        desired = super().resolve(declaration, observed)
        if declaration.space is None:
            return desired
        known = self.client.page("/spaces").get(declaration.space)
        values = {**desired.values, "space": {"id": known, "name": declaration.space, "path": declaration.space}}
        if known is None and not declaration.create_space:
            raise NotFound(f"no space {declaration.space}")
        ids = {**desired.ids, "create_space": {"parent": "s0"}}
        return replace(desired, values=values, ids=ids, new_space=declaration.space if known is None else None)

    def calls_for(self, change: Change) -> tuple[Call, ...]:
        targets = (change.address,)
        if change.action == "create_space":
            made = change.after["space"]
            body = {"name": made, "parent": change.ids["parent"]}
            found = Call("POST", "/spaces", body=body, pace=ADD, repeat=self.MAKES, targets=targets, makes=f"space:{made}")
        elif change.action == "claim":
            (found,) = super().calls_for(change)
            if space := change.after.get("space"):
                found = replace(found, body={**found.body, "space": _id_of(space)})
        elif change.action == "move":
            found = Call(
                "PATCH", "/devices/{id}", body={"space": _id_of(change.after)}, pace=PATCH, repeat=AFTER_READING, stage=6,
                targets=targets, path_id=change.target(),
            )  # fmt: skip
        else:
            calls = super().calls_for(change)
            return tuple(replace(call, lane=self._lane(change)) for call in calls)
        return (replace(found, lane=self._lane(change)),)

    def _lane(self, change: Change) -> str | None:
        return self.lanes[change.action](change) if change.action in self.lanes else None

    def made(self, change: Change) -> t.Any:
        return self.client.get("/spaces").get(change.after["space"])

    def finish(self, step: Step, answer: Answer, deadline: Deadline) -> dict[str, Outcome]:
        if step.call.makes is None:
            return super().finish(step, answer, deadline)
        return dict.fromkeys(step.addresses, Outcome(DONE, made=answer.body["id"]))


def _id_of(space: t.Mapping[str, t.Any]) -> str | NewId:
    return space["id"] if space["id"] is not None else NewId(f"space:{space['path']}")


def _device(row: t.Mapping[str, t.Any], account: str | None) -> Device:
    emails = {number: email for email, number in USERS.items()}
    return Device(
        vendor="fake",
        account=account,
        id=row["id"],
        name=row["name"],
        serial=row["serial"],
        mac=mac_text(row["mac"]),
        model=row["model"],
        owner={"id": row["owner"], "email": emails.get(row["owner"]), "name": None} if row["owner"] else None,
        organization={"id": row["organization"], "name": None},
        space={"id": row["space"], "name": row["space"], "path": row["space"]} if row["space"] else None,
        tags=list(row["tags"]),
        contact=row["contact"],
        archived=row["archived"],
        status=row.get("status"),
        facts={"elsewhere": row.get("elsewhere", False)},
    )


def settings(name: str | None = "lab", **options: t.Any) -> AccountSettings:
    """Settings of an account at the fake vendor."""
    return AccountSettings(name=name, vendor="fake", url=f"https://{name or 'fake'}.example", **options)


def open_fake(cloud: FakeCloud, name: str | None = "lab", **options: t.Any) -> FakeVendor:
    """An open account over a cloud."""
    held = settings(name, **options)
    return FakeVendor(held, FakeClient(cloud, held))


def open_placing(cloud: FakeCloud, name: str | None = "lab", **options: t.Any) -> PlacingVendor:
    """An open account at the vendor that moves devices."""
    held = settings(name, **options)
    return PlacingVendor(held, FakeClient(cloud, held))


def fleet_over(monkeypatch: pytest.MonkeyPatch, *vendors: FakeVendor, **more: t.Any) -> fleet.Fleet:
    """A fleet whose accounts are these open ones; ``more`` as Fleet takes it."""
    by_name = {vendor.settings.name: vendor for vendor in vendors}
    monkeypatch.setattr(fleet, "open_account", lambda name, *_args, **_options: by_name[name])
    return fleet.Fleet({name: {"vendor": "fake"} for name in by_name}, environ={}, **more)


def refused(text: str = "the vendor says no") -> Refused:
    """A 400 as the client would raise it."""
    return Refused(text, method="PUT", path="/x", status=400)


def unavailable() -> Unavailable:
    """An outage as the client would raise it."""
    return Unavailable("no answer", method="GET", path="/devices")
