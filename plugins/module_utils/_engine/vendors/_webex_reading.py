# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The reading half of a Webex account. Facts: docs/vendors/webex.md."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    DeclarationError,
    Gone,
    NotFound,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import (
    RECORD_FIELDS,
    Declaration,
    Device,
    Listing,
    Query,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.select import select, sort_term
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_configurations import (
    Configuration,
    configurations_from_json,
    shown,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_declared import no_id
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_directory import Directory, is_id
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_finding import (
    CONFIGURATIONS,
    Finder,
    Sought,
    key_of,
    shows_others,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import (
    Row,
    device_from_json,
    id_key,
    texts_of,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_paging import PAGE, Pairs
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_query import (
    FILTERS,
    READ_OPTIONS,
    fits,
    own_words,
    parameters,
    refuse_unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import Sight, Vendor
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

_FEW = 10
"""Rows that are likely to show whose devices a token sees."""


class WebexReading(Vendor):
    """What an account shows."""

    IDENTIFIERS = frozenset({"device_id", "serial", "mac", "cloud_id"})
    DETAIL = frozenset({"metafields", "tags"})
    READ_OPTIONS: t.ClassVar[t.Mapping[str, str]] = READ_OPTIONS
    FILTERS: t.ClassVar[t.Mapping[str, str]] = FILTERS

    def __init__(self, settings: AccountSettings, client: Client | None = None) -> None:
        super().__init__(settings, client)
        self._finder = None if client is None else Finder(client, self.organization)
        self._names = None if client is None else Directory(client, self.organization)
        self._everything: list[Row] | None = None

    @property
    def organization(self) -> Pairs:
        """The query that names the account's organization, nothing where that is the token's own."""
        return () if self.settings.organization is None else (("orgId", self.settings.organization),)

    @property
    def finder(self) -> Finder:
        """Reads devices. Raises RuntimeError where the vendor was made for planning only."""
        if self._finder is None:
            raise RuntimeError("this webex account was opened without a client")
        return self._finder

    @property
    def names(self) -> Directory:
        """The look-ups of names. Raises RuntimeError where the vendor was made for planning only."""
        if self._names is None:
            raise RuntimeError("this webex account was opened without a client")
        return self._names

    def forget_names(self) -> None:
        """What was looked up before may have changed since."""
        self._names = Directory(self.client, self.organization)

    def own_organization(self) -> str | None:
        """See Vendor."""
        return self.names.own_organization()

    def sought(self, declaration: Declaration) -> Sought:
        """What a declaration looks for."""
        names = tuple(name for name in (declaration.name, declaration.previous_name) if name)
        return Sought(declaration.identifiers, () if declaration.identifiers else names)

    def identity_key(self, identifier: str, value: str) -> str:
        """What two spellings of one identifier have in common: ids compare by type and UUID, MACs without separators."""
        return key_of(identifier, value)

    def read(self, declarations: t.Sequence[Declaration]) -> Sight:
        wanted = [self.sought(item) for item in declarations]
        rows, listing = self.finder.find(wanted)
        self._everything = listing.rows if listing.whole else None
        missing = [pair for pair in zip(declarations, wanted, strict=True) if not rows.of(pair[1])]
        hidden: dict[str, str] = {}
        if missing and not self.finder.sees_all(listing.rows or rows.hits):
            hidden = {declaration.address: self.finder.why_hidden for declaration, _item in missing}
        for declaration, item in missing:
            if reason := self.finder.out_of_sight(item) or no_id(declaration):
                hidden[declaration.address] = reason
        return Sight([self.device(row) for row in rows.hits], hidden)

    def device(self, row: Row, *, include_raw: bool = False) -> Device:
        """The record of a row, with the names that were looked up."""
        names = self._names
        return device_from_json(
            row,
            account=self.settings.name,
            space=names.workspace_name if names else _nameless,
            person=names.person_record if names else None,
            include_raw=include_raw,
        )

    def enrich(self, device: Device, attributes: t.Collection[str]) -> Device:
        identifier = device.id
        if identifier is None:
            return device
        if "tags" in attributes and device.tags is None:
            # The listing did not tell them.
            row = self.finder.row(identifier)
            device = replace(device, tags=[] if row is None else texts_of(row.get("tags")))
        if "metafields" not in attributes:
            return device
        try:
            held = self.configurations(identifier)
        except Gone:
            # Phones of the older kind have none.
            return replace(device, facts={**device.facts, "configurations": None})
        return replace(device, metafields=shown(held), facts={**device.facts, "configurations": held})

    def configurations(
        self, device_id: str, key: str | None = None, deadline: Deadline | None = None
    ) -> dict[str, Configuration]:
        """The configurations of a device, or the one of a key. Raises ApiError."""
        query = (("deviceId", device_id), *((("key", key),) if key is not None else ()))
        return configurations_from_json(self.client.get(CONFIGURATIONS, query, deadline=deadline).body, device_id)

    def refresh(self, device: Device, attributes: t.Collection[str]) -> Device | None:
        row = self.finder.row(str(device.id))
        if row is None:
            return None
        device = self.device(row)
        return self.enrich(device if device.tags is not None else replace(device, tags=[]), attributes)

    def list_devices(self, query: Query) -> Listing:
        refuse_unsupported(query)
        self.forget_names()
        words = own_words(query)
        people, spaces = self._looked_up(query)
        # Whatever the rows themselves tell is decided before anything is read for a single device.
        late = {name for name in query.filters if name.partition(".")[0] == "metafields"}
        late |= {term for term in query.sort if sort_term(term)[0] == "metafields"}
        early = replace(
            query,
            filters={
                name: value
                for name, value in query.filters.items()
                if name.partition(".")[0] in RECORD_FIELDS and name not in late
            },
            sort=() if late else query.sort,
            limit=None if late else query.limit,
        )
        warnings: tuple[str, ...] = ()
        # A filter on what tells devices apart is served as the option for it is.
        filtered = {"device_id": "id", "cloud_id": "cloud_id", "mac": "mac"}
        identity = {
            name: value
            for name in ("device_id", "cloud_id", "serial", "mac")
            if (value := getattr(query, name) or query.filters.get(filtered.get(name, ""))) and isinstance(value, str)
        }
        if identity or query.name is not None:
            item = Sought(identity, () if identity or query.name is None else (query.name,))
            hits, listing = self.finder.find([item])
            rows = [row for row in hits.of(item) if item.is_row(row)]
            found = [self.device(row, include_raw=query.include_raw) for row in rows if fits(row, words)]
            found = [device for device in found if query.name is None or device.name == query.name]
            seen: t.Sequence[Row] | None = None if rows else listing.rows
        else:
            asked = parameters(query, people, spaces)
            found, seen = self._paged(early, words, asked)
            if asked and seen == []:
                # What no filter hides shows most easily whether the token sees others.
                seen = self.finder.listing(size=_FEW).more()
        if query.owner_email is not None:
            owner = id_key(self.names.person(query.owner_email).id)
            found = [device for device in found if device.owner is not None and id_key(device.owner["id"]) == owner]
        if seen is not None and not shows_others(seen) and not self.finder.sees_all(seen):
            warnings = (self.finder.why_hidden,)
        chosen = select(found, early)
        if "metafields" in query.gather or late or query.group_by == "metafields":
            chosen = self.client.map(lambda device: self.enrich(device, ("metafields",)), chosen)
        return Listing(chosen, warnings=warnings)

    def _paged(self, query: Query, words: t.Mapping[str, t.Any], asked: Pairs) -> tuple[list[Device], list[Row] | None]:
        """The devices of the listing as far as they are wanted, and all rows where nothing was left out."""
        size = query.page_size or PAGE
        as_they_come = query.limit is not None and not query.sort and query.group_by is None
        if as_they_come and not query.search and not query.filters and not words:
            size = min(size, query.limit or size)
        listing = self.finder.listing(asked, size=size)
        sieve = replace(query, sort=(), limit=None)
        found: list[Device] = []
        while not listing.whole:
            fresh = [self.device(row, include_raw=query.include_raw) for row in listing.more() if fits(row, words)]
            found += select(fresh, sieve)
            if as_they_come and len(found) >= (query.limit or 0):
                return found, None
        return found, None if asked and listing.rows else listing.rows

    def _looked_up(self, query: Query) -> tuple[list[str], list[str]]:
        """The ids of the people and workspaces that the query's filters name. Raises DeclarationError for one that nobody has."""
        people, spaces = [], []
        given = [text for name in ("owner", "owner.email") for text in _texts(query.filters.get(name))]
        emails = [text for text in (*given, query.owner_email) if text and "@" in text]
        self.names.find_people(emails)
        for email in emails:
            person = self.names.person(email)
            if email in given and person.email != email:
                raise DeclarationError(f"filters: the address of that person is {person.email!r} at Webex; write it so")
            people.append(person.id)
        for text in (*given, *_texts(query.filters.get("owner.id")), *_texts(query.filters.get("owner.name"))):
            if is_id(text):
                people.append(text)
            elif text not in emails:
                raise Unsupported(
                    f"webex cannot filter by an owner {text!r}; the nearest thing it can do is an e-mail address or an id"
                )
        named = [text for name in ("space", "space.name") for text in _texts(query.filters.get(name)) if not is_id(text)]
        self.names.find_workspaces(named)
        for name in named:
            row = self.names.workspace_named(name)
            if row is None:
                raise NotFound(self.unknown_workspace(name))
            spaces.append(str(row.get("id")))
        spaces += [text for name in ("space", "space.id") for text in _texts(query.filters.get(name)) if is_id(text)]
        return people, spaces

    def unknown_workspace(self, name: str) -> str:
        """What to say of a name that no workspace has."""
        near = self.names.near_workspaces(name)
        return f"there is no workspace {name!r}" + (f"; nearest: {', '.join(near)}" if near else "")


def _texts(value: t.Any) -> list[str]:
    return [item for item in (value if isinstance(value, (list, tuple)) else [value]) if isinstance(item, str) and item]


def _nameless(_identifier: str) -> None:
    return None
