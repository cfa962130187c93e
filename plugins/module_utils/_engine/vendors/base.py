# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The port that every vendor fills in. An adapter is one class in one file; this docstring is its author's manual.

Facts first: set the class attributes. ``FACTS`` names default URL, account options, credentials and the documented calls per
minute by pace class; ``CAPABILITIES`` what can be set, with a reason where it cannot; ``IDENTIFIERS`` the identifiers that this
vendor has; ``CLAIM_SETS`` the attributes that creating a device sets in the same call; ``DETAIL`` those that ``read`` leaves
out and ``enrich`` reads; ``WHOLE`` those that are set as a whole although others set them by key; ``NEEDS`` which action is
pointless after which other one failed; ``DELETE_WARNING`` what a user should know before a device is deleted; ``READ_OPTIONS``
the reading options with the operation that serves them; ``FILTERS`` and ``GROUPS`` what ``filters`` and ``group_by`` take here,
words of the vendor's own included.

Then read: ``read`` finds the devices that declarations could mean, in the fewest calls, or raises; ``enrich`` adds what costs
extra calls; ``list_devices`` serves device_info and the inventory. A failed read is an error, never an empty list.

Then resolve: ``prepare`` looks up the names that many declarations use, ``resolve`` says what one declaration means in the
vendor's terms. Whether that is a change is not the adapter's business.

``stated`` is the way back, from a record to what declares it, for `fleetform import`; ``claimed_as`` what claims it anew.

Then write: ``calls_for`` is pure and turns one change into calls, each with a ``stage`` that orders the calls of one device and,
where the vendor wants it, a ``lane`` in which one call follows the other. Only a vendor with bulk calls overrides ``merge``, only
one with asynchronous jobs, ids that come late or answers that need a second look overrides ``finish``. A space that has to be
made first is ``Desired.new_space``; the engine plans the change, ``calls_for`` says how, ``made`` finds it after a lost answer.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Answer, Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.capabilities import Capabilities
from ansible_collections.fleetform.devices.plugins.module_utils._engine.diff import same, same_reference
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import Ambiguous, ApiError, Unsupported
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Auth, Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.identity import key_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device, Listing, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.plan import Change, Desired, Step
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings, VendorFacts
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

DONE, FAILED, UNCLEAR, ALREADY = "done", "failed", "unclear", "already"


@dataclass(frozen=True)
class Outcome:
    """What became of one device in a step: ``status`` is done, failed, unclear, or already where somebody else had done it.

    ``message`` holds the vendor's words; ``device`` is the record of a device that the step created, where the answer shows it;
    ``made`` the id of a space that it made. ``written`` marks a failure after which the cloud is certainly not what it was.
    """

    status: str
    message: str | None = None
    device: Device | None = None
    made: t.Any = None
    written: bool = False


@dataclass(frozen=True)
class Sight:
    """What a read could see.

    ``hidden`` maps the address of a declaration to the reason why it cannot be concluded to be absent. ``warnings`` is text for
    the user.
    """

    devices: list[Device]
    hidden: t.Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Vendor:
    """One account at one vendor. ``client`` is None where only the pure half is used."""

    NAME: t.ClassVar[str]
    FACTS: t.ClassVar[VendorFacts]
    CAPABILITIES: t.ClassVar[Capabilities]
    IDENTIFIERS: t.ClassVar[frozenset[str]]
    CLAIM_SETS: t.ClassVar[frozenset[str]] = frozenset()
    DETAIL: t.ClassVar[frozenset[str]] = frozenset()
    NEEDS: t.ClassVar[t.Mapping[str, frozenset[str]]] = {}
    READ_OPTIONS: t.ClassVar[t.Mapping[str, str]] = {}
    FILTERS: t.ClassVar[t.Mapping[str, str]] = {}
    GROUPS: t.ClassVar[frozenset[str]] = frozenset()
    ACTIONS: t.ClassVar[frozenset[str]] = frozenset()
    REFERENCES: t.ClassVar[frozenset[str]] = frozenset({"owner", "transfer_to", "space"})
    WHOLE: t.ClassVar[frozenset[str]] = frozenset()
    DELETE_WARNING: t.ClassVar[str | None] = None

    def __init__(self, settings: AccountSettings, client: Client | None = None) -> None:
        self.settings = settings
        self._client = client

    @property
    def client(self) -> Client:
        """The open client. Raises RuntimeError where the vendor was made for planning only."""
        if self._client is None:
            raise RuntimeError(f"this {self.NAME} account was opened without a client")
        return self._client

    @classmethod
    def auth(cls, settings: AccountSettings) -> Auth:
        """How calls of this account authenticate."""
        raise NotImplementedError

    # Reading

    def read(self, declarations: t.Sequence[Declaration]) -> Sight:
        """The devices that these declarations could mean. Raises ApiError; never takes a failed read for an empty cloud."""
        raise NotImplementedError

    def in_scope(self, declaration: Declaration, device: Device) -> bool:
        """Whether a device of ``read`` is one that this declaration could mean."""
        return True

    def identity_key(self, identifier: str, value: str) -> str:
        """What two spellings of an identifier have in common. A vendor that writes one id in several ways overrides it."""
        return key_of(identifier, value)

    def enrich(self, device: Device, attributes: t.Collection[str]) -> Device:
        """The device with the fields of these attributes read. Called only where one of them is in ``DETAIL``."""
        return device

    def refresh(self, device: Device, attributes: t.Collection[str]) -> Device | None:
        """The device read anew by its id, or None where it is gone. Used to settle unclear calls."""
        raise NotImplementedError

    def refresh_all(self, devices: t.Sequence[Device], attributes: t.Collection[str]) -> list[Device | None]:
        """``refresh`` for several devices. A vendor that can read several in one call overrides it."""
        return self.client.map(lambda device: self.refresh(device, attributes), devices)

    def list_devices(self, query: Query) -> Listing:
        """What device_info asks for. The engine filters, sorts and limits afterwards; do here what the vendor can do cheaper."""
        raise NotImplementedError

    # Planning

    def check(self, declaration: Declaration) -> None:
        """Refuses what is wrong for this vendor without any call. Raises DeclarationError."""
        for name in declaration.identifiers:
            if name not in self.IDENTIFIERS:
                known = ", ".join(sorted(self.IDENTIFIERS))
                raise Unsupported(
                    f"{self.NAME} does not know {name}; it identifies devices by {known}",
                    account=declaration.account,
                    device=declaration.address,
                )

    def prepare(self, pairs: t.Sequence[tuple[Declaration, Device | None]]) -> None:
        """Looks up what many declarations share, in the fewest calls."""

    def resolve(self, declaration: Declaration, observed: Device | None) -> Desired:
        """What the declaration means in the vendor's terms. Raises DeclarationError where a name means nothing."""
        raise NotImplementedError

    def waits_for(self, declaration: Declaration) -> str | None:
        """Why a declared device that is not there has to wait for a person, or None where it is for ``claim_refusal`` to say."""
        return None

    def claim_refusal(self, declaration: Declaration) -> str | None:
        """Why this declaration cannot create a device, or None where it can."""
        return None

    def same(self, attribute: str, before: t.Any, after: t.Any) -> bool:
        """Whether two values of an attribute mean the same."""
        return same_reference(before, after) if attribute in self.REFERENCES else same(before, after)

    def adjust(self, declaration: Declaration, observed: Device | None, changes: list[Change]) -> list[Change]:
        """The changes after the vendor's own side effects are taken into account. Pure."""
        return changes

    def consequences(self, device: Device) -> Device:
        """A record after changes, with what the vendor itself changes along with them. What is not known becomes None. Pure."""
        return device

    @classmethod
    def stated(cls, device: Device, attribute: str) -> t.Any:
        """What a record shows of an attribute, as a declaration states it: None for nothing, or nothing but defaults. Pure.

        A vendor whose record shows more than can be declared, or more than somebody has set, overrides it.
        """
        value = getattr(device, attribute)
        if value is None:
            return None
        if attribute == "space":
            return value.get("path") or value.get("id")
        if attribute == "owner":
            return value.get("email") or value.get("id")
        if attribute == "subscriptions":
            return [entry.get("key") or entry.get("id") for entry in value] or None
        if isinstance(value, dict):
            value = {name: item for name, item in value.items() if item is not None}
        # False is the default of what can be switched on.
        return value or None

    @classmethod
    def claimed_as(cls, device: Device) -> dict[str, str]:
        """What a claim of the same device would need beside its identifiers, by option: ``device_type`` or ``model``. Pure.

        Only what a claim takes in the words of the record: a product's name is no part number.
        """
        return {}

    def own_organization(self) -> str | None:
        """The id of the organization that the credentials are of, where one read tells it; None where it cannot be told.

        It says for which cloud a plan was made where no organization is named, so that other credentials are noticed.
        """
        return None

    def afterwards(self, device: Device) -> Device:
        """A record when all of a plan was carried out, with what changes of other devices have done to this one."""
        return device

    # Writing

    def calls_for(self, change: Change) -> tuple[Call, ...]:
        """The calls of one change. Pure: no network, no clock."""
        raise NotImplementedError

    def merge(self, steps: t.Sequence[Step]) -> list[Step]:
        """The same work in fewer calls, for steps of one stage. Pure."""
        return list(steps)

    def dry_run_call(self, call: Call) -> Call | None:
        """The call that has the vendor validate this one without carrying it out, or None where it cannot. Pure."""
        return None

    def native_id(self, device_id: str) -> t.Any:
        """A device id in the form that bodies need."""
        return device_id

    def before_sending(self, step: Step) -> Step:
        """The step as it is to be sent, right before that: reads what must be fresh, notes what is about to happen.

        Raises FleetformError to send nothing.
        """
        return step

    def after_error(self, step: Step, error: ApiError, deadline: Deadline) -> dict[str, Outcome] | None:
        """What came of a step that ended in this error, where the vendor knows better; None for the engine's own way.

        The engine calls Unclear unclear, a 404 failed unless reading shows that a delete is done, and anything else failed.
        """
        return None

    def at_work(self) -> bool:
        """Whether the vendor may still be at work on what was sent, so that reading cannot show yet that it was not done."""
        return False

    def made(self, change: Change) -> t.Any:
        """The id of the space that a create_space change makes, found by reading; None where it is not there."""
        raise NotImplementedError

    def finish(self, step: Step, answer: Answer, deadline: Deadline) -> dict[str, Outcome]:
        """What came of each device of a step that was answered: waits for a job, reads the new device out of the answer.

        ``deadline`` is what the call has left of its allowance for waiting.
        """
        return {address: Outcome(DONE) for address in step.addresses}

    def act(self, action: str, device: Device | None, options: t.Mapping[str, t.Any]) -> t.Any:
        """The calls of an action that is no state, such as clear_data. Raises Unsupported."""
        known = ", ".join(sorted(self.ACTIONS)) or "no action"
        raise Unsupported(f"{self.NAME} has no {action}; it has {known}", account=self.settings.name)

    def one(self, rows: t.Sequence[t.Any], words: str, listed: t.Callable[[t.Any], str]) -> t.Any:
        """The only row, or None. Raises Ambiguous that lists them where there are several."""
        if len(rows) > 1:
            raise Ambiguous(
                f"{words} fits {len(rows)}: {', '.join(sorted(listed(row) for row in rows))}; use the id",
                account=self.settings.name,
            )
        return rows[0] if rows else None
