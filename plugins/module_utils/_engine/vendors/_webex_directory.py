# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Webex's workspaces and people: names to ids, in the fewest calls. Facts: docs/vendors/webex.md, "Workspaces" and "People".

The name filter of workspaces finds by prefix or substring, nobody documents which; so it is asked for less work and never for
proof. Where a look-up is refused, only the declarations that need it are in error.
"""

from __future__ import annotations

import difflib
import typing as t
from dataclasses import dataclass
from urllib.parse import quote

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    Ambiguous,
    BadAnswer,
    DeclarationError,
    Forbidden,
    Gone,
    NotFound,
    Refused,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.reading import chunks
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_json import (
    Row,
    decoded,
    id_key,
    same_id,
    text_of,
    texts_of,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._webex_paging import (
    Listing,
    Pairs,
    look_up,
    refuse_foreign,
)

WORKSPACES, PEOPLE, ME = "/workspaces", "/people", "/people/me"
MOST_IDS = 85
MODELS = "/telephony/config/supportedDevices"
_MODEL_NAMES = ("model", "displayName", "product")


@dataclass(frozen=True)
class Person:
    """A user: id, e-mail address, name."""

    id: str
    email: str | None = None
    name: str | None = None

    def record(self) -> dict[str, t.Any]:
        """The ``owner`` of the device record."""
        return {"id": self.id, "email": self.email, "name": self.name}


class Directory:
    """What was looked up for one account. ``organization`` is the query that names it, or nothing."""

    def __init__(self, client: Client, organization: Pairs) -> None:
        self._client = client
        self._organization = organization
        self._listing: Listing | None = None
        self._named: dict[str, list[Row]] = {}
        self._workspaces: dict[str, Row] = {}
        self._people: dict[str, list[Person]] = {}
        self._persons: dict[str, Person] = {}
        self._refused: dict[str, str] = {}
        self._absent: set[str] = set()
        self._models: list[set[str]] | None = None

    def find_models(self) -> None:
        """Reads which phones can be added. Where that is not allowed, the vendor itself judges a model."""
        try:
            body = self._client.page(MODELS).body
        except (Forbidden, Gone, Refused):
            return
        rows = body.get("devices") if isinstance(body, dict) else None
        if isinstance(rows, list):
            names = [{text_of(row, name) or "" for name in _MODEL_NAMES} - {""} for row in rows if isinstance(row, dict)]
            self._models = [held for held in names if held]

    def refuse_model(self, model: str) -> None:
        """Raises DeclarationError for a model that no phone has, as far as that was read."""
        if not self._models or any(model in names for names in self._models):
            return
        known = sorted({name for names in self._models for name in names if "isco" in name})
        near = difflib.get_close_matches(model, known, n=3) or known[:3]
        raise DeclarationError(f"model {model!r} is not among the phones that can be added; nearest: {', '.join(near)}")

    def find_workspaces(self, names: t.Iterable[str]) -> None:
        """Looks these names up. Raises ApiError."""
        wanted = sorted({name for name in names if name not in self._named and f"workspace {name}" not in self._refused})
        if not wanted:
            return
        try:
            if self._listing is None:
                self._listing = Listing(self._client, WORKSPACES, self._organization)
            # Two workspaces may have one name: only the whole listing, or the filter, shows that there is no other.
            look_up(
                self._client,
                self._listing,
                wanted,
                keep=self._keep_all,
                shown=lambda _name, whole: whole,
                ask=self._ask_workspace,
            )
        except (Forbidden, Gone, Refused) as error:
            self._refused.update({f"workspace {name}": str(error) for name in wanted})
            return
        by_name: dict[str, list[Row]] = {}
        for row in self._workspaces.values():
            # A workspace is also found by an id that does not have the usual form.
            for name in dict.fromkeys((str(row.get("displayName")), str(row.get("id")))):
                by_name.setdefault(name, []).append(row)
        self._named.update((name, by_name.get(name, [])) for name in wanted)

    def _keep_all(self, rows: t.Iterable[Row]) -> None:
        for row in rows:
            self._keep(row)

    def _ask_workspace(self, name: str) -> tuple[list[Row], bool]:
        listing = Listing(self._client, WORKSPACES, (*self._organization, ("displayName", name)))
        rows: list[Row] = []
        while not listing.whole:
            rows += listing.more()
            if any(name.casefold() not in str(row.get("displayName")).casefold() for row in rows):
                # The filter is ignored: the listing itself shows no more than that.
                return [], False
        return rows, any(row.get("displayName") == name for row in rows)

    def _keep(self, row: Row) -> None:
        if identifier := text_of(row, "id"):
            self._workspaces[id_key(identifier)] = row

    def workspace_named(self, name: str) -> Row | None:
        """The workspace of exactly this name, or None. Raises Ambiguous, and DeclarationError where it could not be looked up."""
        if (reason := self._refused.get(f"workspace {name}")) is not None:
            raise DeclarationError(f"{name!r} could not be looked up among the workspaces, give the id: {reason}")
        rows = self._named.get(name, [])
        if len(rows) > 1:
            listed = ", ".join(sorted(str(row.get("id")) for row in rows))
            raise Ambiguous(f"workspace {name!r} fits {len(rows)}: {listed}; use the id")
        return rows[0] if rows else None

    def is_unknown(self, name: str) -> bool:
        """Whether a name was looked up and no workspace has it."""
        return self._named.get(name) == []

    def near_workspaces(self, name: str) -> list[str]:
        """The names that come nearest to one that no workspace has."""
        names = sorted({str(row.get("displayName")) for row in self._workspaces.values() if row.get("displayName")})
        alike = [known for known in names if name.casefold() in known.casefold()]
        return list(dict.fromkeys([*alike[:2], *difflib.get_close_matches(name, names, n=3), *alike]))[:3]

    def find_by_id(self, ids: t.Iterable[str]) -> None:
        """Reads these workspaces, each once. Raises ApiError."""
        wanted = {id_key(identifier): identifier for identifier in ids}
        missing = [identifier for key, identifier in wanted.items() if key not in self._workspaces and key not in self._refused]
        self._client.map(self._read_one, missing)

    def _read_one(self, identifier: str) -> None:
        try:
            self._workspaces[id_key(identifier)] = self.read_workspace(identifier)
        except (Forbidden, Gone, Refused) as error:
            self._refused[id_key(identifier)] = str(error)
            if isinstance(error, Gone):
                self._absent.add(id_key(identifier))

    def read_workspace(self, identifier: str) -> Row:
        """A workspace as it is now. An id in another form than the vendor's own is found in the listing. Raises ApiError."""
        try:
            return self._one(identifier)
        except Gone:
            listing = Listing(self._client, WORKSPACES, self._organization)
            for row in listing.all():
                own = text_of(row, "id")
                if own is not None and own != identifier and same_id(own, identifier):
                    return self._one(own)
            raise

    def _one(self, identifier: str) -> Row:
        path = f"{WORKSPACES}/{quote(identifier, safe='')}"
        body = self._client.get(path).body
        if not isinstance(body, dict) or not same_id(text_of(body, "id"), identifier):
            raise BadAnswer("the answer is not about the workspace that was asked for", method="GET", path=path)
        refuse_foreign([body], dict(self._organization).get("orgId"), path)
        return body

    def workspace(self, identifier: str) -> Row:
        """A workspace that was read. Raises DeclarationError where it may not be, or is not there."""
        key = id_key(identifier)
        if key in self._workspaces:
            return self._workspaces[key]
        raise DeclarationError(f"workspace {identifier!r} could not be read: {self._refused.get(key, 'it was not asked for')}")

    def lacks(self, identifier: str) -> bool:
        """Whether a workspace was asked for by its id and is not there."""
        return id_key(identifier) in self._absent

    def workspace_id(self, wanted: str) -> str:
        """The id of a workspace that was asked for by id, as the vendor writes it. Raises NotFound where there is none."""
        key = id_key(wanted)
        if self.lacks(wanted):
            raise NotFound(f"there is no workspace with the id {wanted!r}, or none that these credentials see")
        row = self._workspaces.get(key)
        return wanted if row is None else text_of(row, "id") or wanted

    def workspace_name(self, identifier: str) -> str | None:
        """The name of a workspace, where it was read."""
        row = self._workspaces.get(id_key(identifier))
        return None if row is None else text_of(row, "displayName")

    def note_made(self, row: Row) -> None:
        """Keeps a workspace that was just made, or renamed."""
        self._keep(row)

    def shown_now(self, name: str) -> list[Row]:
        """The workspaces of this name that the filter shows now, which proves no absence. Raises ApiError."""
        rows = Listing(self._client, WORKSPACES, (*self._organization, ("displayName", name))).all()
        return [row for row in rows if row.get("displayName") == name]

    def fresh_named(self, name: str) -> list[Row]:
        """The workspaces of this name as they are now, the whole listing read. Raises ApiError."""
        rows = [row for row in Listing(self._client, WORKSPACES, self._organization).all() if row.get("displayName") == name]
        self._keep_all(rows)
        return rows

    def own_organization(self) -> str | None:
        """The key of the organization whose token this is, None where people may not be read. Raises ApiError."""
        try:
            body = self._client.get(ME).body
        except (Forbidden, Gone, Refused):
            return None
        if not isinstance(body, dict):
            raise BadAnswer("the person is no object", method="GET", path=ME)
        return id_key(text_of(body, "orgId")) or None

    def find_people(self, emails: t.Iterable[str]) -> None:
        """Looks these e-mail addresses up. Raises ApiError."""
        wanted = {email.casefold(): email for email in emails}
        missing = [email for key, email in wanted.items() if key not in self._people and f"person {key}" not in self._refused]
        self._client.map(self._ask_person, sorted(missing))

    def find_persons(self, ids: t.Iterable[str]) -> None:
        """Looks these people up by their ids. Where that is not allowed, the vendor itself judges them. Raises ApiError."""
        wanted = {id_key(identifier): identifier for identifier in ids if id_key(identifier) not in self._persons}
        for part in chunks(list(wanted.values()), MOST_IDS):
            try:
                rows = Listing(self._client, PEOPLE, (*self._organization, ("id", ",".join(part)))).all()
            except (Forbidden, Gone, Refused):
                return
            for row in rows:
                if identifier := text_of(row, "id"):
                    email = next(iter(texts_of(row.get("emails"))), None)
                    self._persons[id_key(identifier)] = Person(identifier, email, text_of(row, "displayName"))
            self._absent |= {id_key(identifier) for identifier in part} - self._persons.keys()

    def _ask_person(self, email: str) -> None:
        key = email.casefold()
        try:
            rows = Listing(self._client, PEOPLE, (*self._organization, ("email", email))).all()
        except (Forbidden, Gone, Refused) as error:
            self._refused[f"person {key}"] = str(error)
            return
        found = []
        for row in rows:
            address = next((held for held in texts_of(row.get("emails")) if held.casefold() == key), None)
            identifier = text_of(row, "id")
            if address is not None and identifier is not None:
                found.append(Person(identifier, address, text_of(row, "displayName")))
        self._people[key] = found
        self._persons.update((id_key(person.id), person) for person in found)

    def person(self, wanted: str) -> Person:
        """The person of an e-mail address that was looked up, or of an id. Raises DeclarationError."""
        if "@" not in wanted:
            if id_key(wanted) in self._absent:
                raise NotFound(f"there is no person with the id {wanted!r}, or none that these credentials see; correct it")
            return self._persons.get(id_key(wanted), Person(wanted))
        key = wanted.casefold()
        if (reason := self._refused.get(f"person {key}")) is not None:
            raise DeclarationError(f"owner {wanted!r} could not be looked up, give the person's id: {reason}")
        people = self._people.get(key, [])
        if len(people) > 1:
            raise Ambiguous(f"owner {wanted!r} fits {len(people)}: {', '.join(sorted(item.id for item in people))}; use the id")
        if not people:
            raise NotFound(f"no person with the e-mail address {wanted!r} is visible to these credentials; correct it")
        return people[0]

    def person_record(self, identifier: str) -> dict[str, t.Any]:
        """The owner with this id, as far as is known."""
        known = self._persons.get(id_key(identifier))
        return Person(identifier, known.email if known else None, known.name if known else None).record()


def is_id(text: str) -> bool:
    """Whether a declared text has the form of an id."""
    return decoded(text) is not None
