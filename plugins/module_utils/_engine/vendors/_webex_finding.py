# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finding declared devices in Webex in the fewest calls, and when one may be called absent. Facts: docs/vendors/webex.md.

How a filter matches is not documented, so that a device which a filter does not show may still be there: absent is only what
the whole listing lacks. And a token without administrator rights gets a listing of its owner's devices alone, without an error:
absent is only what a listing lacks that could have shown it.
"""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass, field
from urllib.parse import quote

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import BadAnswer, Forbidden, Gone, Refused
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import mac_key
from ansible_collections.fleetform.devices.plugins.module_utils._engine.reading import asking_is_cheaper
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_directory import WORKSPACES
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import (
    MADE_UP_DEVICE,
    Row,
    id_key,
    mac_forms,
    same_id,
    text_of,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_paging import (
    Listing,
    Pairs,
    look_up,
    refuse_foreign,
    row_key,
)

DEVICES, CONFIGURATIONS = "/devices", "/deviceConfigurations"
ADMIN_READ = "spark-admin:devices_read"

_PROPERTIES: t.Mapping[str, tuple[str, ...]] = {
    "device_id": ("id",),
    "cloud_id": ("webexDeviceId", "id"),
    "serial": ("serial",),
    "mac": ("mac",),
    "name": ("displayName",),
}


def key_of(identifier: str, value: str | None) -> str:
    """What two spellings of one identifier have in common; empty where it is not told."""
    if not value:
        return ""
    if identifier == "mac":
        return mac_key(value)
    return id_key(value) if identifier in ("device_id", "cloud_id") else value


def shown_by(row: Row, identifier: str) -> str:
    """The key of an identifier in a row."""
    return key_of(identifier, text_of(row, *_PROPERTIES[identifier]))


@dataclass(frozen=True)
class Sought:
    """One device that is looked for, by identifiers or else by ``names``. ``phone`` where it would be claimed."""

    identifiers: t.Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    phone: bool = False

    @functools.cached_property
    def keys(self) -> t.Mapping[str, str]:
        """What the identifiers compare by."""
        return {name: key_of(name, value) for name, value in self.identifiers.items()}

    def is_row(self, row: Row) -> bool:
        """Whether a row agrees with all of it."""
        if not self.identifiers:
            return shown_by(row, "name") in self.names
        return all(shown_by(row, name) == key for name, key in self.keys.items())

    def open_in(self, hits: t.Sequence[Row]) -> list[str]:
        """The identifiers that these rows, which agree in some, do not show.

        None are open where one of the rows contradicts: that is an error whatever else is there.
        """
        shown = {name: {shown_by(row, name) for row in hits} for name in self.keys}
        if any(shown[name] - {"", key} for name, key in self.keys.items()):
            return []
        return [name for name, key in self.keys.items() if key not in shown[name]]


class Rows:
    """Rows that were read, each once, by what devices are looked for by."""

    def __init__(self, wanted: t.Iterable[Sought]) -> None:
        self._keys: dict[str, set[str]] = {}
        for item in wanted:
            for name, key in item.keys.items():
                self._keys.setdefault(name, set()).add(key)
            if not item.identifiers:
                self._keys.setdefault("name", set()).update(item.names)
        self._by: dict[tuple[str, str], list[Row]] = {}
        self._seen: set[str] = set()
        self.hits: list[Row] = []
        """Those that somebody could mean: most of a listing is nobody's business where few devices are declared."""

    def keep(self, rows: t.Iterable[Row]) -> None:
        """Adds rows that are not there yet."""
        for row in rows:
            marks = [(name, key) for name, keys in self._keys.items() if (key := shown_by(row, name)) in keys]
            if not marks or (own := row_key(row)) in self._seen:
                continue
            self._seen.add(own)
            self.hits.append(row)
            for mark in marks:
                self._by.setdefault(mark, []).append(row)

    def of(self, item: Sought) -> list[Row]:
        """The rows that agree with any part of an item."""
        marks = list(item.keys.items()) if item.identifiers else [("name", name) for name in item.names]
        found = {id(row): row for mark in marks for row in self._by.get(mark, ())}
        return list(found.values())


class Finder:
    """Finds devices of one account. ``organization`` is the query that names it, or nothing."""

    def __init__(self, client: Client, organization: Pairs) -> None:
        self._client = client
        self._organization = organization
        self._admin: bool | None = None
        self.forbidden: dict[str, str] = {}
        self.why_hidden = OWN_ONLY

    def listing(self, query: Pairs = (), **more: t.Any) -> Listing:
        """The device list with these filters."""
        return Listing(self._client, DEVICES, (*self._organization, *query), **more)

    def find(self, wanted: t.Sequence[Sought]) -> tuple[Rows, Listing]:
        """Rows among which every device is that is wanted and there, and the listing as far as it was read. Raises ApiError."""
        self.forbidden = {}
        listing, rows = self.listing(), Rows(wanted)
        asked: list[Sought] = []

        def shown(item: Sought, whole: bool) -> bool:
            # Another device may have the same name, which only the whole listing shows.
            hits = rows.of(item)
            return whole or bool(item.identifiers and hits and not item.open_in(hits))

        def ask(item: Sought) -> tuple[list[Row], bool]:
            asked.append(item)
            return self._ask(item)

        look_up(self._client, listing, wanted, keep=rows.keep, shown=shown, ask=ask)
        if listing.whole and not listing.rows and not rows.hits:
            # Nothing at all is rare enough for a second look.
            listing = self.listing()
            rows.keep(listing.all())
        if listing.whole and listing.pages > 1:
            self._look_again([item for item in wanted if item not in asked and not rows.of(item)], rows, listing.pages)
        return rows, listing

    def _look_again(self, missing: t.Sequence[Sought], rows: Rows, pages: int) -> None:
        """What one reading of several pages lacks: when a device goes meanwhile, those behind it move up, and one is skipped."""
        if not missing:
            return
        if asking_is_cheaper(len(missing) * self._client.crowd, 1, 1, pages):
            for found, _settled in self._client.map(self._ask, missing):
                rows.keep(found)
        else:
            rows.keep(self.listing().all())

    def _ask(self, item: Sought) -> tuple[list[Row], bool]:
        """What reading by id and by filter shows of a device, and whether that settles it."""
        rows: list[Row] = []
        if not item.identifiers:
            whole = True
            for name in item.names:
                hits, certain = self._filtered("name", "displayName", name, name)
                rows += hits
                whole = whole and certain
            return rows, whole and bool(rows)
        for name in ("device_id", "cloud_id", "serial", "mac"):
            if name not in (item.open_in(rows) if rows else item.keys):
                continue
            value = item.identifiers[name]
            if name in ("device_id", "cloud_id"):
                rows += self._by_id(value)
                continue
            for form in mac_forms(value, phone=item.phone) if name == "mac" else (value,):
                hits, _certain = self._filtered(name, name, form, value)
                rows += hits
                if hits:
                    break
        return rows, bool(rows)

    def _filtered(self, identifier: str, parameter: str, value: str, wanted: str) -> tuple[list[Row], bool]:
        """The rows that a filter shows and that fit, and whether they are all of that kind; not where the filter is ignored."""
        listing = self.listing(((parameter, value),))
        key = key_of(identifier, wanted)
        hits: list[Row] = []
        while not listing.whole:
            fresh = listing.more()
            hits += [row for row in fresh if shown_by(row, identifier) == key]
            if any(key.casefold() not in shown_by(row, identifier).casefold() for row in fresh):
                return hits, False
        return hits, True

    def _by_id(self, identifier: str) -> list[Row]:
        try:
            path = f"{DEVICES}/{quote(identifier, safe='')}"
            body = self._client.get(path, self._organization).body
        except (Gone, Refused, UnicodeEncodeError):
            # Not there, or an id in a form that the vendor does not read: the listing tells.
            return []
        except Forbidden as error:
            self.forbidden[id_key(identifier)] = str(error)
            return []
        if self._shows(body, identifier, path):
            return [body]
        if not any(same_id(text_of(body, name), identifier) for name in ("callingDeviceId", "deviceId")):
            raise BadAnswer("the answer is about another device", account=self._client.settings.name, method="GET", path=path)
        self.forbidden[id_key(identifier)] = f"that is another of the ids of device {body.get('id')}; declare this one"
        return []

    def row(self, identifier: str) -> Row | None:
        """A device by the id that the vendor itself gave it, or None where it is gone. Raises ApiError."""
        path = f"{DEVICES}/{quote(identifier, safe='')}"
        try:
            body = self._client.get(path, self._organization).body
        except Gone:
            return None
        if not self._shows(body, identifier, path):
            raise BadAnswer("the answer is about another device", account=self._client.settings.name, method="GET", path=path)
        return t.cast("Row", body)

    def _shows(self, body: t.Any, identifier: str, path: str) -> bool:
        """Whether an answer is the device of this id. Raises BadAnswer for what is none, or is another organization's."""
        if not isinstance(body, dict):
            raise BadAnswer("the answer is no device", account=self._client.settings.name, method="GET", path=path)
        refuse_foreign([body], dict(self._organization).get("orgId"), path)
        return any(same_id(text_of(body, name), identifier) for name in ("id", "webexDeviceId"))

    def in_workspace(self, workspace: str) -> list[Row]:
        """The devices of a workspace. Raises ApiError."""
        rows = self.listing((("workspaceId", workspace),)).all()
        return [row for row in rows if same_id(text_of(row, "workspaceId", "placeId"), workspace)]

    def sees_all(self, rows: t.Sequence[Row]) -> bool:
        """Whether the token shows devices of others: the rows prove it, or one call with a right of its own is tried.

        Raises ApiError.
        """
        if self._admin is None and shows_others(rows):
            self._admin = True
        if self._admin is None:
            # The call takes no organization, so that a device of a managed one is not fit to be asked for.
            shown = [] if self._organization else [identifier for row in rows if (identifier := text_of(row, "id"))]
            known = shown[0] if shown else MADE_UP_DEVICE
            try:
                self._client.get(CONFIGURATIONS, (("deviceId", known),))
            except Forbidden:
                self._admin = False
            except (Gone, Refused):
                # The device may have been looked for before the rights were looked at.
                self._admin = self._reads_workspaces()
                self.why_hidden = OWN_ONLY if self._admin else UNPROVEN
            else:
                self._admin = True
        return self._admin

    def _reads_workspaces(self) -> bool:
        try:
            self._client.get(WORKSPACES, (*self._organization, ("max", "1")))
        except (Forbidden, Gone, Refused):
            return False
        return True

    def out_of_sight(self, item: Sought) -> str | None:
        """Why a device that was not found may be there all the same, where reading it by id was forbidden."""
        ids = (item.identifiers.get(name) for name in ("device_id", "cloud_id"))
        return next((reason for identifier in ids if identifier and (reason := self.forbidden.get(id_key(identifier)))), None)


OWN_ONLY = (
    f"the token shows its owner's own devices only, without an error; to see the others it needs {ADMIN_READ} "
    "and an administrator as its owner"
)
UNPROVEN = (
    "nothing shows that the token sees more than its owner's own devices, which it would list without an error; "
    f"{ADMIN_READ} and spark-admin:workspaces_read would"
)


def shows_others(rows: t.Iterable[Row]) -> bool:
    """Whether rows prove that they are not one person's own devices: a shared device, or devices of two people."""
    people = set()
    for row in rows:
        person = text_of(row, "personId")
        if person is None and text_of(row, "workspaceId", "placeId"):
            return True
        people.add(id_key(person))
    return len(people - {""}) > 1
