# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One runtime of a MobileFirst server: its paths, its listing of devices, and whether it is running.

Facts: docs/vendors/mobilefirst.md. Devices are listed only: there is no call for one of them.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from urllib.parse import quote, urlsplit

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import READ, Call
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    ApiError,
    AuthFailed,
    BadAnswer,
    Forbidden,
    Gone,
    IncompleteRead,
    Refused,
    SettingsError,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.markup import require_markup
from ansible_collections.fleetform.devices.plugins.module_utils._engine.paging import follow
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import AccountSettings
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._mobilefirst_forms import (
    LOCK,
    RUNTIMES,
    Page,
    Row,
    data_of,
    page_of,
    reasons,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

Pairs = tuple[tuple[str, t.Any], ...]

# Whether these rows by id, of so many as the server counts, are enough.
Enough: t.TypeAlias = "t.Callable[[t.Mapping[str, Row], int | None], bool]"

PAGE = 100
LARGEST_PAGE = 1000
MOST_PAGES = 10_000
MOST_READS = 3
"""How often a listing is read that does not fit together, before it counts as incomplete."""

_VERSIONS = {"2.0": "2.0", "2": "2.0", "1.0": "1.0", "1": "1.0"}
_FORMS = {"json": "application/json", "xml": "application/xml"}


@dataclass(frozen=True)
class Place:
    """Where an account's runtime is, below ``url``, and in which form and language it is asked to answer."""

    version: str
    runtime: str
    accept: str
    locale: str | None

    @classmethod
    def of(cls, settings: AccountSettings) -> Place:
        """The place that the options name. Raises SettingsError, MissingLibrary."""
        version = _VERSIONS.get(settings.api_version or "2.0")
        if version is None:
            raise SettingsError(
                "`api_version` must be 2.0 (MobileFirst 8.0), or 1.0 (7.0 and 7.1, for reading)", account=settings.name
            )
        form = settings.response_format or "json"
        if form not in _FORMS:
            raise SettingsError("`response_format` must be json or xml", account=settings.name)
        if form == "xml":
            require_markup()
        runtime = settings.runtime or "mfp"
        if runtime.startswith("/") or runtime in (".", ".."):
            raise SettingsError("`runtime` must be the name of a runtime, without a slash before it", account=settings.name)
        if ":" in (settings.username or ""):
            raise SettingsError("`username` must not hold a colon, which HTTP Basic cannot carry", account=settings.name)
        return cls(version, runtime, _FORMS[form], settings.locale)

    @property
    def runtimes(self) -> str:
        return f"/management-apis/{self.version}/runtimes"

    def path(self, *segments: str) -> str:
        """A path below the runtime, each segment percent-encoded."""
        return "/".join((self.runtimes, *(quote(segment, safe="") for segment in (self.runtime, *segments))))

    def query(self, *pairs: tuple[str, t.Any]) -> Pairs:
        """The pairs, with the language of error messages where one is set."""
        return pairs if self.locale is None else (*pairs, ("locale", self.locale))


@dataclass(frozen=True)
class Found:
    """Rows of a listing, each once; ``whole`` tells whether they are all of it.

    ``doubt`` says why there may be more although the listing has come to its end: what is not among them need not be absent.
    """

    rows: list[Row]
    whole: bool = True
    doubt: str | None = None


class _Misfit(Exception):
    """A listing that does not fit together; reading it again may help."""


class Runtime:
    """Reads one runtime."""

    def __init__(self, client: Client, place: Place) -> None:
        self._client = client
        self.place = place

    def get(
        self, path: str, roots: t.Collection[str], query: Pairs = (), *, pace: str = READ, deadline: Deadline | None = None
    ) -> Row:
        """The object at a path. Raises ApiError."""
        try:
            answer = self._client.send(Call("GET", path, query, pace=pace, accept=self.place.accept), deadline=deadline)
        except (AuthFailed, Forbidden) as error:
            raise self.explained(error) from None
        return data_of(answer.body, roots, path)

    def devices(
        self,
        *,
        query: str | None = None,
        order: str | None = None,
        size: int = PAGE,
        enough: Enough | None = None,
        deadline: Deadline | None = None,
    ) -> Found:
        """The devices, or those that the server finds for ``query`` by name or user.

        ``enough`` is asked after each page but the last whether reading may stop, and at the end of a listing that is shorter
        than it says. Raises ApiError: Gone that says what is wrong with the runtime, IncompleteRead for a listing that does not
        fit together.
        """
        chosen = (("query", query), ("orderBy", order), ("pageSize", size))
        asked = self.place.query(*(pair for pair in chosen if pair[1] is not None))
        try:
            return self._devices(asked, query is None, enough, deadline)
        except Gone as error:
            try:
                problem = self.problem(error, deadline)
            except ApiError as unread:
                problem = _reworded(error, f"{error.message}; the server's list of runtimes could not be read: {unread.message}")
            if problem is not None:
                raise problem from None
        # Some releases lose sight of a runtime for a moment (docs/vendors/mobilefirst.md).
        return self._devices(asked, query is None, enough, deadline)

    def _devices(self, asked: Pairs, counted: bool, enough: Enough | None, deadline: Deadline | None) -> Found:
        """``counted`` says that the total means these rows: nobody says whether that of a search counts what was found."""
        before: set[str] | None = None
        problem = ""
        for _reading in range(MOST_READS):
            try:
                found, total = self._read_once(asked, enough, deadline)
            except _Misfit as misfit:
                problem = str(misfit)
                continue
            if not (counted and found.whole and total is not None and len(found.rows) < total):
                return found
            rows = {row["id"]: row for row in found.rows}
            if enough is not None and enough(rows, total):
                return replace(found, whole=False)
            if before == rows.keys():
                text = (
                    f"the runtime {self.place.runtime!r} counts {total} devices and lists {len(rows)}, each time the same ones: "
                    "what is not among them may be there all the same"
                )
                return replace(found, doubt=text)
            before = set(rows)
            problem = f"{len(rows)} devices were listed and {total} counted, and other ones each time"
        raise self.incomplete(f"the listing does not fit together, read {MOST_READS} times: {problem}")

    def incomplete(self, text: str) -> IncompleteRead:
        """An error for a listing that cannot be trusted to show every device."""
        return IncompleteRead(text, account=self._client.settings.name, method="GET", path=self.place.path("devices"))

    def explained(self, error: AuthFailed | Forbidden, *, writes: bool = False) -> ApiError:
        """A refusal with the user, the server and, where a right is missing, the roles that have it."""
        settings = self._client.settings
        text = f"{error.message}: user {settings.username!r} at {urlsplit(settings.url).netloc}"
        if isinstance(error, Forbidden):
            kind = "worklight" if self.place.version == "1.0" else "mfp"
            roles = [f"{kind}{role}" for role in ("admin", "deployer", "operator", *(() if writes else ("monitor",)))]
            what = "writing to" if writes else "reading"
            text += f"; {what} the runtime {self.place.runtime!r} takes the role {', '.join(roles[:-1])} or {roles[-1]}"
        return _reworded(error, text)

    def _read_once(self, asked: Pairs, enough: Enough | None, deadline: Deadline | None) -> tuple[Found, int | None]:
        """The rows and the total. A page may be short, or empty, although another follows."""
        path = self.place.path("devices")
        first: Pairs = ()
        rows: dict[str, Row] = {}
        fresh = 0
        total: int | None = None

        def fetch(link: Pairs) -> Page:
            try:
                answer = self._client.page(path, (*asked, *link), deadline=deadline, accept=self.place.accept)
            except (AuthFailed, Forbidden) as error:
                raise self.explained(error) from None
            except Refused:
                if not link:
                    raise
                raise _Misfit("the server did not take the bookmark that it gave") from None
            try:
                return page_of(answer.body, path)
            except BadAnswer as error:
                error.vendor_message = self._client.masker.mask(reasons(answer.body)) or None
                raise

        def next_of(page: Page) -> Pairs | None:
            if page.bookmark is not None:
                return (("bookmark", page.bookmark),)
            if self.place.version == "1.0" and fresh and (total is None or len(rows) < total):
                # 7.0 has no bookmarks. Where 7.1 ignores the offset, the first page comes again and is the end.
                return (("offset", len(rows)),)
            return None

        try:
            for page in follow(fetch, first, next_of, most_pages=MOST_PAGES):
                known = len(rows)
                rows.update((row["id"], row) for row in page.rows)
                fresh, total = len(rows) - known, page.total
                if enough is not None and next_of(page) is not None and enough(rows, total):
                    return Found(list(rows.values()), whole=False), total
        except IncompleteRead as error:
            # A bookmark that comes again is the end only where nothing is left to be seen.
            if total is None or len(rows) < total:
                raise _Misfit(error.message) from None
        return Found(list(rows.values())), total

    def problem(self, error: Gone, deadline: Deadline | None = None) -> ApiError | None:
        """What is wrong with the runtime after a 404, as the server's list of runtimes shows it; None where it is running.

        Raises ApiError where that list cannot be read.
        """
        name = self.place.runtime
        try:
            states = self._states(deadline)
        except Gone:
            advice = "`url` must lead up to and including the admin root, such as https://host:9443/mfpadmin"
            return _reworded(error, f"there is no administration service of version {self.place.version}; {advice}")
        if states.get(name) is True:
            return None
        known = ", ".join(other if runs else f"{other} (not running)" for other, runs in sorted(states.items()))
        if name in states:
            return _reworded(error, f"the runtime {name!r} is not running")
        return _reworded(error, f"there is no runtime {name!r} that is running; the server knows {known or 'none'}")

    def _states(self, deadline: Deadline | None) -> dict[str, bool]:
        """Whether each runtime that the server knows is running."""
        data = self.get(self.place.runtimes, RUNTIMES, self.place.query(("mode", "db")), deadline=deadline)
        projects = data.get("projects")
        return {
            project["name"]: project.get("running") is True
            for project in (projects if isinstance(projects, list) else ())
            if isinstance(project, dict) and isinstance(project.get("name"), str)
        }

    def refuse_stopped(self, deadline: Deadline | None = None) -> None:
        """Raises Gone where the runtime is not running, so that what it does not list need not be gone."""
        path = self.place.path("devices")
        error = Gone("the runtime is not listed", account=self._client.settings.name, method="GET", path=path)
        if (problem := self.problem(error, deadline)) is not None:
            raise problem

    def busy(self, deadline: Deadline | None = None) -> bool:
        """Whether a transaction is under way in the runtime. False where the server does not tell."""
        try:
            return self.get(self.place.path("lock"), LOCK, deadline=deadline).get("busy") is True
        except ApiError:
            return False


def _reworded(error: ApiError, text: str) -> ApiError:
    """The same error with another message."""
    return type(error)(
        text,
        account=error.account,
        method=error.method,
        path=error.path,
        status=error.status,
        vendor_message=error.vendor_message,
        tracking_id=error.tracking_id,
    )
