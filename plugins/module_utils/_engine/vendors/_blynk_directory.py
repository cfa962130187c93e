# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blynk takes ids where people write names: organizations, users and templates, each looked up once per account.

A name that means nothing is remembered as such, so that a thousand devices with one misspelt owner cost one look-up and each get
their own error.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    Ambiguous,
    BadAnswer,
    DeclarationError,
    Forbidden,
    Gone,
    Refused,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_answers import (
    API,
    LARGEST_ID,
    LARGEST_PAGE,
    LONGEST_QUERY,
    Row,
    fetch_page,
    listed,
    look_up,
    needed,
    rows_of,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._blynk_metafields import (
    Metafield,
    definitions_from_json,
)

_LARGEST_USER = 2**63 - 1
_DIGITS = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True)
class Organization:
    """``name`` is None where only the id was declared."""

    id: int
    name: str | None = None


@dataclass(frozen=True)
class User:
    """All but ``id`` is None where only the id was declared."""

    id: int
    email: str | None = None
    name: str | None = None
    organization: int | None = None


@dataclass(frozen=True)
class Miss:
    """A name that means nothing, or too much: the error for each declaration that uses it.

    ``certain`` is False where the look-up itself was refused, so that the name may be right all the same.
    """

    kind: type[DeclarationError]
    text: str
    certain: bool = True

    def error(self) -> DeclarationError:
        """A fresh error, since each gets the address of its own declaration."""
        return self.kind(self.text)


class Directory:
    """The names of one account. Many are looked up at once in the fewest calls; a single one when it is asked for."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._organizations: dict[str, Organization | Miss] = {}
        self._users: dict[str, User | Miss] = {}
        self._templates: dict[tuple[int | None, str], int | Miss] = {}
        self._template_numbers: dict[int | None, set[int]] = {}
        self._definitions: dict[int, tuple[Metafield, ...] | Miss] = {}
        self._organization_names: dict[int, str] = {}
        self._users_by_id: dict[int, User] = {}
        self._models: dict[int, str] = {}
        self._own: Organization | Miss | None = None

    def organization(self, text: str) -> Organization:
        """The organization of that id or name. Raises DeclarationError."""
        self.find_organizations([text])
        return _known(self._organizations[text])

    def organization_name(self, number: int) -> str | None:
        """The name of an organization, where a look-up has shown it."""
        return self._organization_names.get(number)

    def user_of(self, number: int) -> User:
        """The user of an id, with what a look-up has shown beside."""
        return self._users_by_id.get(number) or User(number)

    def model(self, template: int) -> str | None:
        """The TMPL id of a numeric template id, where a look-up has shown it."""
        return self._models.get(template)

    def find_organizations(self, texts: t.Iterable[str]) -> None:
        """Looks up these ids and names: digits are an id; a name is searched for, and compared with the own organization's."""
        wanted = sorted({text for text in texts if text not in self._organizations})
        if not wanted:
            return
        names = [text for text in wanted if not _number(text)]
        self._organizations.update(
            {text: _no_id("organization", text, LARGEST_ID) or Organization(int(text)) for text in wanted if _number(text)}
        )
        unknown = []
        for name, result in zip(names, self._client.map(self._search_organization, names), strict=True):
            if result is None:
                unknown.append(name)
            else:
                self._organizations[name] = result
        if unknown:
            own = self._own_organization()
            for name in unknown:
                same = isinstance(own, Organization) and own.name == name
                problem = own.text if isinstance(own, Miss) else "the credentials see none of that exact name; give its id"
                self._organizations[name] = (
                    own if same else Miss(DeclarationError, f"there is no organization {name!r}: {problem}")
                )
        known = [item for item in self._organizations.values() if isinstance(item, Organization)]
        self._organization_names.update({item.id: item.name for item in known if item.name is not None})

    def _search_organization(self, name: str) -> Organization | Miss | None:
        path = f"{API}/search"
        if len(name) > LONGEST_QUERY:
            return Miss(
                DeclarationError,
                f"organization {name[:40]!r}... is longer than the {LONGEST_QUERY} characters that can be searched for",
            )
        try:
            rows = listed(self._client, path, (("query", name),))
        except (Forbidden, Gone, Refused) as error:
            return Miss(DeclarationError, f"organization {name!r} could not be looked up, give its id: {error}")
        hits = [needed(row, "id", int, path) for row in rows if row.get("name") == name]
        if len(hits) > 1:
            return Miss(
                Ambiguous, f"{len(hits)} organizations are named {name!r} (ids {', '.join(map(str, sorted(hits)))}); give the id"
            )
        return Organization(hits[0], name) if hits else None

    def own_id(self) -> int | None:
        """The id of the credentials' own organization, or None where it cannot be read."""
        if self._own is None:
            self._own = self._own_organization()
        return None if isinstance(self._own, Miss) else self._own.id

    def _own_organization(self) -> Organization | Miss:
        path = f"{API}/profile"
        try:
            body = self._client.page(path).body
        except (Forbidden, Gone, Refused) as error:
            return Miss(DeclarationError, f"the account's own organization could not be read: {error}")
        return Organization(needed(body, "id", int, path), needed(body, "name", str, path))

    def user(self, text: str) -> User:
        """The user of that id or e-mail address. Raises DeclarationError."""
        key = text.casefold()
        if key not in self._users:
            self.find_users([text])
        return _known(self._users[key])

    def find_users(self, texts: t.Iterable[str]) -> None:
        """Looks up these ids and e-mail addresses: digits are an id, which costs no call."""
        wanted = sorted({text.casefold() for text in set(texts)} - self._users.keys())
        self._users.update({text: _no_id("owner", text, _LARGEST_USER) or User(int(text)) for text in wanted if _number(text)})
        emails = [text for text in wanted if not _number(text)]
        if not emails:
            return
        path, query = f"{API}/users", (("includeSubOrgUsers", True),)
        try:
            found = look_up(self._client, path, query, emails, _email, self._search_user)
            hits = found.by_key
            if not found.whole and (left := [email for email in emails if email not in hits]):
                # That the search looks at addresses is not documented; the list has them for certain.
                rows = listed(self._client, path, query)
                hits = {**hits, **{email: [row for row in rows if _email(row) == email] for email in left}}
        except (Forbidden, Gone, Refused) as error:
            self._users.update(
                {
                    email: Miss(DeclarationError, f"owner {email!r} could not be looked up, give the user's id: {error}")
                    for email in emails
                }
            )
            return
        for email in emails:
            self._users[email] = user = _only_user(email, hits.get(email, []))
            if isinstance(user, User):
                self._users_by_id[user.id] = user

    def find_owners(self, texts: t.Iterable[str]) -> None:
        """Looks up the users of these ids, who are about to own a device: their organization decides where it goes.

        Where users may not be read the id is taken as it is; ``User.organization`` then stays None.
        """
        wanted = [text for text in sorted(set(texts)) if self._bare(text)]
        for text, user in zip(wanted, self._client.map(self._owner, wanted), strict=True):
            self._users[text] = user
            if isinstance(user, User):
                self._users_by_id[user.id] = user

    def _bare(self, text: str) -> bool:
        user = self._users.get(text)
        return user is None or (isinstance(user, User) and user.organization is None)

    def _owner(self, text: str) -> User | Miss:
        path = f"{API}/user"
        try:
            row = self._client.page(path, (("userId", int(text)),)).body
        except Gone:
            # "Not found or belong to another organization": only the list shows users of organizations below.
            try:
                rows = listed(self._client, f"{API}/users", (("includeSubOrgUsers", True),))
            except (Forbidden, Gone, Refused):
                return User(int(text))
            row = next((row for row in rows if row.get("id") == int(text)), None)
            if row is None:
                return Miss(DeclarationError, f"there is no user with id {text} within sight of these credentials")
        except (Forbidden, Refused):
            return User(int(text))
        organization = row.get("orgId") if isinstance(row, dict) else None
        number = needed(row, "id", int, path)
        if number != int(text):
            raise BadAnswer(f"the answer is about user {number}, not {text}", method="GET", path=path)
        status = row.get("status")
        if isinstance(status, str) and status.casefold() != "active":
            return Miss(
                DeclarationError, f"owner {text!r} is {status}, not Active: users can own a device once they have logged in"
            )
        return User(
            number,
            row.get("email"),
            row.get("name"),
            organization if isinstance(organization, int) else None,
        )

    def _search_user(self, email: str) -> list[Row]:
        if len(email) > LONGEST_QUERY:
            return []
        return [row for row in listed(self._client, f"{API}/search/users", (("query", email),)) if _email(row) == email]

    def definitions(self, model: str, organization: int | None) -> tuple[Metafield, ...]:
        """The metafields of a TMPL template as an organization has it (None: the account's own). Raises DeclarationError."""
        self.find_templates([(organization, model)])
        return self.definitions_of(_known(self._templates[organization, model]))

    def definitions_of(self, template: int) -> tuple[Metafield, ...]:
        """The metafields of a template by its numeric id. Raises DeclarationError."""
        if template not in self._definitions:
            self._definitions[template] = self._read_definitions(template)
        return _known(self._definitions[template])

    def known_definitions(self, template: t.Any) -> tuple[Metafield, ...]:
        """The metafields of a template where they were read already; no call."""
        found = self._definitions.get(template)
        return () if found is None or isinstance(found, Miss) else found

    def find_templates(self, wanted: t.Iterable[tuple[int | None, str]]) -> None:
        """Looks up these TMPL templates: one listing for each organization, read until all of its templates are found."""
        by_organization: dict[int | None, set[str]] = {}
        for organization, model in wanted:
            if (organization, model) not in self._templates:
                by_organization.setdefault(organization, set()).add(model)
        for organization, results in zip(
            by_organization, self._client.map(self._search_templates, by_organization.items()), strict=True
        ):
            self._templates.update({(organization, model): result for model, result in results.items()})

    def find_definitions(self, templates: t.Iterable[int]) -> None:
        """Reads the metafields of these templates in parallel; what cannot be read shows where it is used."""
        wanted = sorted(set(templates) - self._definitions.keys())
        self._definitions.update(zip(wanted, self._client.map(self._read_definitions, wanted), strict=True))

    def refuse_move(self, model: str, numbers: t.Collection[int], organization: int) -> None:
        """Raises DeclarationError for a device's template that a target certainly lacks.

        It has it where it shows the same TMPL id, or one of the template's numbers as its own or as its parent's.
        """
        found = self._templates.get((organization, model))
        if isinstance(found, Miss) and found.certain and not self._template_numbers.get(organization, set()) & set(numbers):
            raise DeclarationError(f"transfer_to: {found.text}; a device can only move to where its template is")

    def refuse_template(self, model: str, organization: int | None) -> None:
        """Raises DeclarationError for a TMPL template that an organization certainly does not have."""
        found = self._templates.get((organization, model))
        if isinstance(found, Miss) and found.certain:
            raise found.error()

    def template_id(self, model: str, organization: int | None) -> int | None:
        """The numeric id of a TMPL template, where a look-up has found it."""
        found = self._templates.get((organization, model))
        return found if isinstance(found, int) else None

    def _search_templates(self, item: tuple[int | None, set[str]]) -> dict[str, int | Miss]:
        organization, models = item
        path, query = f"{API}/templates", (() if organization is None else (("orgId", organization),))
        where = "this account" if organization is None else f"organization {organization}"
        found: dict[str, int | Miss] = {}
        holders: dict[str, set[int]] = {model: set() for model in models}
        numbers = self._template_numbers.setdefault(organization, set())
        seen: list[str] = []
        number = 0
        try:
            while not models <= found.keys():
                page = fetch_page(self._client, path, query, number)
                for row in page.rows:
                    ids, own = needed(row, "templateIds", list, path), needed(row, "id", int, path)
                    seen += [str(text) for text in ids]
                    numbers.update(number for number in (own, row.get("parentId")) if isinstance(number, int))
                    if ids:
                        self._models[own] = str(ids[0])
                    for text in models.intersection(map(str, ids)):
                        holders[text].add(own)
                        found[text] = own
                number += 1
                if not page.rows or number * LARGEST_PAGE >= (page.total or 0):
                    break
        except (Forbidden, Gone, Refused) as error:
            text = "template {} could not be looked up: {}"
            return {model: Miss(DeclarationError, text.format(model, error), certain=False) for model in models}
        known = f"it has {', '.join(sorted(seen)[:10])}" if seen else "it has none at all"
        for model, templates in holders.items():
            if len(templates) > 1:
                listed_ids = ", ".join(map(str, sorted(templates)))
                found[model] = Miss(
                    Ambiguous, f"{where} has {len(templates)} templates {model} (ids {listed_ids})", certain=False
                )
        for model in models - found.keys():
            found[model] = Miss(DeclarationError, f"{where} has no template {model}; {known}")
        return found

    def _read_definitions(self, template: int) -> tuple[Metafield, ...] | Miss:
        path = f"{API}/template/metafields"
        try:
            body = self._client.page(path, (("templateId", template),)).body
        except (Forbidden, Gone, Refused) as error:
            return Miss(DeclarationError, f"the metafields of template {template} could not be read: {error}")
        return definitions_from_json(rows_of(body, path), path)


Known = t.TypeVar("Known")


def _known(found: Known | Miss) -> Known:
    if isinstance(found, Miss):
        raise found.error()
    return found


def _only_user(email: str, rows: t.Sequence[Row]) -> User | Miss:
    path = f"{API}/users"
    users = {needed(row, "id", int, path): row for row in rows}
    if len(users) > 1:
        return Miss(
            Ambiguous, f"{len(users)} users have the address {email!r} (ids {', '.join(map(str, sorted(users)))}); give the id"
        )
    for number, row in users.items():
        organization = row.get("orgId")
        return User(number, row.get("email"), row.get("name"), organization if isinstance(organization, int) else None)
    return Miss(
        DeclarationError,
        f"there is no user {email!r} within sight of these credentials; invite them first, or give the user's id",
    )


def _email(row: Row) -> str:
    return str(row.get("email") or "").casefold()


def _number(text: str) -> bool:
    """Whether a text is meant as an id: digits, with or without a sign."""
    return _DIGITS.fullmatch(text) is not None


def _no_id(option: str, text: str, largest: int) -> Miss | None:
    """What is wrong with a number as an id, or None. The vendor takes 0500 for 500, so that only one way of writing is taken."""
    if len(text) <= 20 and text == str(int(text)) and 1 <= int(text) <= largest:
        return None
    return Miss(DeclarationError, f"{option} {text[:40]!r} is no id: a number from 1 to {largest}, without sign or leading zeros")
