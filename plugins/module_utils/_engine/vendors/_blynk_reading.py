# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading Blynk: which calls show the devices that somebody means, and how an answer becomes a record (docs/vendors/blynk.md)."""

from __future__ import annotations

import time
import typing as t
from dataclasses import replace
from datetime import UTC, datetime

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    BadAnswer,
    DeclarationError,
    Forbidden,
    Gone,
    SettingsError,
    Unsupported,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import Declaration, Device, Listing, Query
from ansible_collections.fleetform.devices.plugins.module_utils._engine.redaction import without_secrets
from ansible_collections.fleetform.devices.plugins.module_utils._engine.select import select, sort_term
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_answers import (
    API,
    LARGEST_ID,
    LARGEST_PAGE,
    LONGEST_QUERY,
    Pairs,
    Row,
    fetch_page,
    held_to_organization,
    listed,
    listed_by_place,
    look_up,
    needed,
    rows_of,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_directory import Directory, User
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_metafields import (
    metafields_from_json,
    shown,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors.base import Sight, Vendor
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

DEVICES = f"{API}/devices"
SEARCH = f"{API}/search/devices"
BY_OWNER = f"{API}/device/by-owner"
BY_USER = f"{API}/device/by-user-org"
LAST_ACTIVATED = f"{API}/device/last-activated"
DEVICE = f"{API}/device"
BASE_INFO = f"{API}/device/baseInfo"
ONLINE = f"{API}/device/online"
TAGS = f"{API}/device/tags"
TIMELINE = f"{API}/device/timeline"
LOGS = f"{API}/device/logs"
METAFIELD = f"{API}/device/metafield"

LONGEST_WINDOW = 60

# Where a record field comes from that a listing does not show, by its word in `gather`.
_GATHERED = {
    "tags": "tags",
    "metafields": "metafields",
    "online": "online",
    "status": "base_info",
    "last_seen": "base_info",
    "ip": "base_info",
}
_GATHER = ("base_info", "tags", "metafields", "online", "timeline", "logs")
# Record field to the vendor's word for it, in a search.
_SORTS = {
    "id": "Device Id",
    "cloud_id": "Device Id",
    "name": "Name",
    "last_seen": "Last Reported At",
    "firmware": "Firmware Version",
    "organization": "Organization Id",
}
_HERE = "compared by fleetform in what was read"
_SOURCE = "source"


class BlynkReading(Vendor):
    """The reading half of an account."""

    READ_OPTIONS: t.ClassVar[t.Mapping[str, str]] = {
        "include_sub_organizations": f"GET {DEVICES} with includeSubOrgDevices",
        "page_size": "size of every page, 1000 where not given",
        "name": f"GET {DEVICES}; {_HERE}",
        "device_id": f"GET {DEVICE}",
        "cloud_id": f"GET {DEVICE}",
        "search": f"GET {SEARCH}",
        "sort": f"sortBy and sortOrder of {SEARCH} for {', '.join(sorted(_SORTS))}; else sorted by fleetform",
        "owner_email": f"GET {BY_OWNER}",
        "user_email": f"GET {BY_USER}",
        "activated_within": f"GET {LAST_ACTIVATED}, then GET {DEVICES} or GET {DEVICE}, whichever takes fewer calls",
        "gather: base_info": f"GET {BASE_INFO} for each device",
        "gather: tags": f"GET {TAGS} for each device",
        "gather: metafields": f"GET {METAFIELD} for each device",
        "gather: online": f"GET {ONLINE} for each device",
        "gather: timeline": f"GET {TIMELINE} for each device",
        "gather: logs": f"GET {LOGS} for each device",
        "event_type": f"eventType of {TIMELINE}",
    }
    DETAIL = frozenset({"tags", "metafields", "status"})
    FILTERS: t.ClassVar[t.Mapping[str, str]] = {
        **dict.fromkeys(("vendor", "account", "id", "name", "cloud_id", "model", "firmware", "owner", "organization"), _HERE),
        **{name: f"{_HERE}, after `gather: {extra}`" for name, extra in _GATHERED.items()},
    }

    def __init__(
        self, settings: AccountSettings, client: Client | None = None, *, now: t.Callable[[], float] = time.time
    ) -> None:
        super().__init__(settings, client)
        self._names = None if client is None else Directory(client)
        self._now = now
        self._own: int | None = None

    @property
    def names(self) -> Directory:
        """The look-ups of names. Raises RuntimeError where the vendor was made for planning only."""
        if self._names is None:
            raise RuntimeError("this blynk account was opened without a client")
        return self._names

    def read(self, declarations: t.Sequence[Declaration]) -> Sight:
        source = self._of_source()
        rows: dict[int, Row] = {}
        places: dict[int, frozenset[str]] = {}

        def keep(found: t.Iterable[Row], place: str | None, path: str) -> None:
            here = frozenset([place] if place else [])
            for row in found:
                number = needed(row, "id", int, path)
                rows.setdefault(number, row)
                places[number] = places[number] | here if number in places else here

        wanted = {value for declaration in declarations for value in declaration.identifiers.values()}
        if any(not declaration.identifiers for declaration in declarations):
            listing = listed(self.client, DEVICES, source)
            self._learn_own(listing)
            keep(listing, _SOURCE, DEVICES)
            unseen = sorted(wanted - {str(number) for number in rows})
        else:
            found = look_up(self.client, DEVICES, source, wanted, _id_of, self._ask)
            self._learn_own(found.rows)
            for hits in found.by_key.values():
                keep(hits, None, DEVICE)
            unseen = sorted(wanted - found.by_key.keys()) if found.whole else []
        # A listing shows one organization; a device that it lacks may stand in another one that these credentials see.
        for hits in self.client.map(self._ask, unseen):
            keep(hits, None, DEVICE)
        hidden: dict[str, str] = {}
        if moving := [item for item in declarations if item.transfer_to]:
            in_source = {row["name"] for number, row in rows.items() if _SOURCE in places[number] and "name" in row}
            strays = [item for item in moving if not self._seen(item, rows, in_source)]
            unreadable = self._read_targets([*(item for item in moving if not item.identifiers), *strays], keep)
            hidden = {item.address: reason for item in strays if (reason := self._hidden(item, unreadable))}
        # Most of a listing is nobody's business where few devices are declared. A row without a name is a bad answer.
        names = {name for item in declarations for name in (item.name, item.previous_name) if name and not item.identifiers}
        devices = [
            self._device_from_json(row, DEVICES, places=places[number])
            for number, row in rows.items()
            if row.get("name") in names or str(number) in wanted or not isinstance(row.get("name"), str)
        ]
        self._mask_tokens(rows.values())
        return Sight(devices, hidden)

    def in_scope(self, declaration: Declaration, device: Device) -> bool:
        if declaration.identifiers:
            return True
        places = device.facts.get("places", frozenset())
        if _SOURCE in places or not declaration.transfer_to:
            return _SOURCE in places
        try:
            return str(self.names.organization(declaration.transfer_to).id) in places
        except DeclarationError:
            # The target means nothing: resolve says so, and nothing was read there.
            return False

    def enrich(self, device: Device, attributes: t.Collection[str]) -> Device:
        wanted = {_GATHERED[name] for name in attributes if name in _GATHERED}
        return self._gathered([device], wanted, Query())[0]

    def refresh(self, device: Device, attributes: t.Collection[str]) -> Device | None:
        wanted = {_GATHERED[name] for name in attributes if _GATHERED.get(name) in ("tags", "metafields", "online")}
        try:
            if attributes and all(_GATHERED.get(name) in wanted for name in attributes):
                return self._gathered([device], wanted, Query())[0]
            number = str(device.id)
            body = self.client.get(DEVICE, (("deviceId", self.native_id(number)),)).body
            known = self._device_from_json(body, DEVICE, places=device.facts.get("places", ()))
            return self._gathered([replace(known, model=known.model or device.model)], wanted, Query())[0]
        except Gone:
            return None

    def list_devices(self, query: Query) -> Listing:
        self._refuse_reading(query)
        self._look_up_filters(query)
        devices = self._listed(query)
        filtered = {name.partition(".")[0] for name in query.filters} & _GATHERED.keys()
        ordered = {sort_term(term)[0] for term in query.sort} & _GATHERED.keys()
        if query.search is not None and query.sort and sort_term(query.sort[0])[0] in _SORTS:
            # The vendor has sorted already, also by what its rows do not show.
            ordered = set()
        grouped = {query.group_by or ""} & _GATHERED.keys()
        searched = query.search is not None and not (query.device_id or query.cloud_id)
        # Whatever the rows themselves tell is decided before anything is read for a single device.
        early = replace(
            query,
            search=None if searched else query.search,
            filters={name: value for name, value in query.filters.items() if name.partition(".")[0] not in filtered},
            sort=() if ordered else query.sort,
            limit=None if filtered | ordered else query.limit,
        )
        devices = select(devices, early)
        wanted = {*query.gather, *(_GATHERED[name] for name in filtered | ordered | grouped)}
        return Listing(self._gathered(devices, wanted, query), searched=searched)

    def _listed(self, query: Query) -> list[Device]:
        """The devices that the vendor itself can pick out, with what its rows show."""
        size = query.page_size or LARGEST_PAGE
        number = query.device_id or query.cloud_id
        # For a single device the organization does not matter, and its name need not be looked up.
        organization = self._of_source() if number is None else ()
        path = DEVICES
        rows: list[Row] = []
        if number is not None:
            path = BASE_INFO if "base_info" in query.gather else DEVICE
            if query.cloud_id in (None, number):
                rows = self._ask(number, path)
        elif query.search is not None:
            path = SEARCH
            order: Pairs = ()
            if query.sort and (by := _SORTS.get(sort_term(query.sort[0])[0])):
                order = (("sortBy", by), ("sortOrder", sort_term(query.sort[0])[1].upper()))
            rows = listed(self.client, path, (("query", query.search), *order), size=size)
            if not query.include_sub_organizations:
                rows = _within(rows, organization)
        elif query.owner_email is not None:
            path = BY_OWNER
            rows = listed(self.client, path, (("ownerEmail", query.owner_email), *organization), size=size)
        elif query.user_email is not None:
            path = BY_USER
            rows = _within(listed(self.client, path, (("userEmail", query.user_email),), size=size), organization)
        elif query.activated_within is not None:
            rows = self._activated(query.activated_within, organization)
        else:
            below: Pairs = (("includeSubOrgDevices", True),) if query.include_sub_organizations else ()
            choosing = query.name is not None or query.filters or query.sort
            if query.limit is not None and 0 < query.limit <= size and not choosing:
                rows = list(fetch_page(self.client, path, (*organization, *below), 0, query.limit).rows)
            else:
                rows = listed(self.client, path, (*organization, *below), size=size)
        devices = [self._device_from_json(row, path, raw=query.include_raw) for row in rows]
        self._mask_tokens(rows)
        return [device for device in devices if query.name is None or device.name == query.name]

    def _activated(self, minutes: int, organization: Pairs) -> list[Row]:
        """The rows of the recently activated devices. The vendor's own rows have no name, so that the devices are looked up."""
        body = self.client.get(LAST_ACTIVATED, (*organization, ("minutes", minutes))).body
        # An older page shows a single object in place of the array.
        recent = rows_of([body] if isinstance(body, dict) and body else body or [], LAST_ACTIVATED)
        held_to_organization(recent, organization, LAST_ACTIVATED)
        ids = [str(needed(row, "id", int, LAST_ACTIVATED)) for row in recent]
        if not ids:
            return []
        found = look_up(self.client, DEVICES, organization, ids, _id_of, self._ask)
        return [row for number in ids for row in found.by_key.get(number, [])]

    def _refuse_reading(self, query: Query) -> None:
        for option, nearest in (
            ("serial", "filters by a metafield, such as `metafields.Serial Number`"),
            ("mac", "filters by a metafield"),
            ("vendor_filter", "`search`, or `filters`"),
            ("vendor_filter_tags", "filters by `tags`"),
        ):
            if getattr(query, option) is not None:
                raise Unsupported(f"blynk has no {option}; the nearest thing it can do is {nearest}")
        ways = ("device_id", "cloud_id", "search", "owner_email", "user_email", "activated_within")
        chosen = [option for option in ways if getattr(query, option) is not None]
        if len(chosen) > 1 and chosen != ["device_id", "cloud_id"]:
            raise Unsupported(
                f"blynk reads by one of {', '.join(chosen)} at a time; the nearest thing it can do is one of them with `filters`"
            )
        if query.include_sub_organizations and chosen not in ([], ["search"]):
            raise Unsupported(
                f"blynk cannot include sub-organizations with {chosen[0]}; the nearest thing it can do is `filters`"
            )
        for option in ("device_id", "cloud_id"):
            refuse_number(option, getattr(query, option))
        if query.search is not None and not 0 < len(query.search) <= LONGEST_QUERY:
            raise DeclarationError(f"search must have 1 to {LONGEST_QUERY} characters")
        if query.page_size is not None and not 1 <= query.page_size <= LARGEST_PAGE:
            raise DeclarationError(f"page_size must be from 1 to {LARGEST_PAGE}, not {query.page_size}")
        if query.activated_within is not None and not 1 <= query.activated_within <= LONGEST_WINDOW:
            raise DeclarationError(f"activated_within must be from 1 to {LONGEST_WINDOW} minutes, not {query.activated_within}")
        if query.event_type is not None and "timeline" not in query.gather:
            raise DeclarationError("event_type chooses entries of the timeline; add `timeline` to `gather`")
        for name in sorted(query.gather):
            if name not in _GATHER:
                raise Unsupported(f"blynk has nothing to gather as {name}; it has {', '.join(_GATHER)}")
        for name in query.filters:
            if name.partition(".")[0] not in self.FILTERS:
                raise Unsupported(f"blynk cannot filter by {name}; it can by {', '.join(sorted(self.FILTERS))}")

    def _look_up_filters(self, query: Query) -> None:
        """Looks up the owners that a filter names by address: rows show their ids alone.

        Raises DeclarationError for one that nobody has, and where the filter could fit nothing at all.
        """
        for name, wanted in query.filters.items():
            if name.partition(".")[0] != "owner":
                continue
            if name == "owner.name" or isinstance(wanted, dict):
                raise Unsupported(f"blynk cannot filter by {name}: {wanted!r}; the nearest thing it can do is `owner` with an id")
            for value in wanted if isinstance(wanted, (list, tuple)) else [wanted]:
                if value is None or name == "owner.id" or str(value).isdigit():
                    continue
                user = self.names.user(str(value))
                # Filters compare letter by letter.
                if user.email != value:
                    raise DeclarationError(f"filters: the address of user {user.id} is {user.email!r} at Blynk; write it so")

    def _gathered(self, devices: list[Device], wanted: t.Collection[str], query: Query) -> list[Device]:
        """The devices with these extras read, all reads side by side."""
        jobs = [
            (number, name)
            for number, device in enumerate(devices)
            for name in _GATHER
            # A device that was read by its own id shows the base information already.
            if name in wanted and not (name == "base_info" and device.facts.get("full"))
        ]
        results = self.client.map(lambda job: self._extra(devices[job[0]], job[1], query), jobs)
        richer = list(devices)
        for (number, _name), add in zip(jobs, results, strict=True):
            richer[number] = add(richer[number])
        return richer

    def _extra(self, device: Device, name: str, query: Query) -> t.Callable[[Device], Device]:
        """Reads one extra of a device; returns what puts it into the record."""
        pairs: Pairs = (("deviceId", self.native_id(str(device.id))),)
        size = query.page_size or LARGEST_PAGE
        if name == "base_info":
            body = self.client.get(BASE_INFO, pairs).body
            fresh = self._device_from_json(body, BASE_INFO, raw=query.include_raw)
            return lambda held: replace(
                held,
                status=fresh.status,
                last_seen=fresh.last_seen,
                ip=fresh.ip,
                raw=None if held.raw is None else {**held.raw, **(fresh.raw or {})},
            )
        if name == "tags":
            rows = rows_of(self.client.get(TAGS, pairs).body, TAGS)
            labels = [str(needed(row, "name", str, TAGS)) for row in rows]
            return lambda held: replace(held, tags=labels)
        if name == "metafields":
            fields = metafields_from_json(rows_of(self.client.get(METAFIELD, pairs).body, METAFIELD), METAFIELD)
            return lambda held: replace(
                held,
                metafields=shown(fields),
                # Whose name and owner the mirroring ones show.
                facts={**held.facts, "metafields": fields, "mirrored": (held.name, (held.owner or {}).get("id"))},
            )
        if name == "online":
            body = self.client.get(ONLINE, pairs).body
            connected = body.get("connected") if isinstance(body, dict) else None
            if not isinstance(connected, bool):
                raise BadAnswer("the answer lacks the documented key 'connected'", method="GET", path=ONLINE)
            seen = _iso(int(self._now() * 1000)) if connected else None
            return lambda held: replace(held, online=connected, last_seen=seen or held.last_seen)
        if name == "timeline":
            kind: Pairs = (("eventType", query.event_type),) if query.event_type is not None else ()
            entries = without_secrets(listed(self.client, TIMELINE, (*pairs, *kind), size=size))
        else:
            entries = without_secrets(listed_by_place(self.client, LOGS, pairs, size=size))
        return lambda held: replace(held, gathered={**held.gathered, name: entries})

    def _of_source(self) -> Pairs:
        """The query of a listing for the account's organization; nothing where that is the credentials' own."""
        number = self._organization_of_account()
        return () if number is None else (("orgId", number),)

    def own_organization(self) -> str | None:
        """See Vendor."""
        number = self.names.own_id()
        return None if number is None else str(number)

    def _organization_of_account(self) -> int | None:
        if self.settings.organization is None:
            return None
        try:
            return self.names.organization(self.settings.organization).id
        except DeclarationError as error:
            raise SettingsError(error.message, account=self.settings.name) from error

    def _learn_own(self, listing: t.Iterable[Row]) -> None:
        """Every row of a listing without sub-organizations tells the organization that was listed."""
        for row in listing:
            self._own = needed(row, "orgId", int, DEVICES)
            return

    def _ask(self, number: str, path: str = DEVICE, deadline: Deadline | None = None) -> list[Row]:
        """The device of an id, or none."""
        try:
            body = self.client.get(path, (("deviceId", self.native_id(number)),), deadline=deadline).body
        except Gone:
            return []
        if needed(body, "id", int, path) != int(number):
            raise BadAnswer(f"the answer is about device {body['id']}, not {number}", method="GET", path=path)
        return [body]

    def _seen(self, declaration: Declaration, rows: t.Mapping[int, Row], in_source: t.Collection[str]) -> bool:
        if declaration.identifiers:
            return any(int(value) in rows for value in declaration.identifiers.values())
        return declaration.name in in_source or declaration.previous_name in in_source

    def _read_targets(
        self, declarations: t.Sequence[Declaration], keep: t.Callable[[t.Iterable[Row], str | None, str], None]
    ) -> dict[int, str]:
        """Lists each organization that devices are to be in; returns why, for each that cannot be read."""
        texts = sorted({str(item.transfer_to) for item in declarations})
        self.names.find_organizations(texts)
        targets = {self._target(text) for text in texts} - {None, self._own, self._organization_of_account()}
        ordered = sorted(number for number in targets if number is not None)
        unreadable = {}
        for number, result in zip(ordered, self.client.map(self._list_target, ordered), strict=True):
            if isinstance(result, str):
                unreadable[number] = result
            else:
                keep(result, str(number), DEVICES)
        return unreadable

    def _list_target(self, number: int) -> list[Row] | str:
        try:
            return listed(self.client, DEVICES, (("orgId", number),))
        except (Forbidden, Gone) as error:
            return (
                f"organization {number} cannot be read with these credentials (HTTP {error.status}), and the device may be there"
            )

    def _target(self, text: str) -> int | None:
        try:
            return self.names.organization(text).id
        except DeclarationError:
            # Reported for the declaration by resolve, or as hidden.
            return None

    def _hidden(self, declaration: Declaration, unreadable: t.Mapping[int, str]) -> str | None:
        number = self._target(str(declaration.transfer_to))
        if number is None:
            # Where the device is to be present, resolve refuses the name.
            if declaration.state != "absent":
                return None
            return f"the organization {declaration.transfer_to!r} of `transfer_to` was not found, and the device may be there"
        return unreadable.get(number)

    def _device_from_json(self, payload: t.Any, path: str, *, places: t.Iterable[str] = (), raw: bool = False) -> Device:
        """The record of a device object, short or full. The device's token stays behind. Raises BadAnswer for a missing key."""
        number = needed(payload, "id", int, path)
        organization = needed(payload, "orgId", int, path)
        template = needed(payload, "templateId", int, path)
        hardware = payload.get("hardwareInfo")
        hardware = hardware if isinstance(hardware, dict) else {}
        model = hardware.get("templateId")
        names = self._names
        full = "lifecycleStatus" in payload or "isLocked" in payload
        facts: dict[str, t.Any] = {"places": frozenset(places), "template_id": template, "full": full}
        if (original := payload.get("originalTemplateId")) is not None:
            facts["original_template_id"] = original
        lifecycle = payload.get("lifecycleStatus")
        values = payload.get("metaFieldValues")
        text = str(number)
        fields: dict[str, t.Any] = {
            "vendor": self.NAME,
            "account": self.settings.name,
            "id": text,
            "name": needed(payload, "name", str, path),
            "cloud_id": text,
            "model": model if isinstance(model, str) and model else names.model(template) if names else None,
            "firmware": hardware.get("version") or None,
            "owner": self._owner_record(payload.get("ownerUserId")),
            "organization": {"id": str(organization), "name": names.organization_name(organization) if names else None},
            "facts": facts,
        }
        if full or "connectTime" in payload:
            fields["status"] = lifecycle.get("name") if isinstance(lifecycle, dict) else None
            fields["last_seen"] = _last_seen(payload)
            fields["ip"] = payload.get("ip") or None
        if values is not None:
            fields["metafields"] = shown(metafields_from_json(rows_of(values, path), path))
        if raw:
            fields["raw"] = without_secrets(payload)
        return Device.of(fields)

    def _mask_tokens(self, rows: t.Iterable[Row]) -> None:
        """Has the client hide the tokens of these devices, should the vendor name one in an error."""
        self.client.masker.add_words(token for row in rows if isinstance(token := row.get("token"), str))

    def _owner_record(self, number: t.Any) -> dict[str, t.Any] | None:
        """``{id, email, name}``; absent, null, 0 and below all mean that nobody owns the device."""
        if isinstance(number, str) and number.isascii() and number.isdigit():
            number = int(number)
        if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
            return None
        return user_record(self._names.user_of(number) if self._names else User(number))


def refuse_number(option: str, value: str | None) -> None:
    if value is None:
        return
    if not (value.isascii() and value.isdigit() and len(value) <= 10 and int(value) <= LARGEST_ID):
        raise DeclarationError(f"{option} {value!r} is not a Blynk device id, which is a number")
    if value != str(int(value)):
        raise DeclarationError(
            f"{option} {value!r} is not a Blynk device id as the vendor writes it; leave out the leading zeros"
        )


def _within(rows: list[Row], organization: Pairs) -> list[Row]:
    """The rows of the account's organization, where it names one and the operation cannot be told."""
    return [row for row in rows if not organization or row.get("orgId") == organization[0][1]]


def _id_of(row: Row) -> str:
    return str(row.get("id"))


def user_record(user: User) -> dict[str, t.Any]:
    return {"id": str(user.id), "email": user.email, "name": user.name}


def _last_seen(payload: Row) -> str | None:
    """The latest sign of life that the object holds; 0 means never."""
    moments = [payload.get(name) for name in ("connectTime", "disconnectTime", "lastReceivedEventAt")]
    return _iso(max((moment for moment in moments if isinstance(moment, int)), default=0))


def _iso(milliseconds: int) -> str | None:
    if milliseconds <= 0:
        return None
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
