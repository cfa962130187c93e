# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One HTTP request as data: what a plan shows, a test compares and the client sends."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace
from urllib.parse import quote

# Pace classes: a vendor publishes limits for each of these, see Vendor.LIMITS.
READ, ADD, PATCH, POLL = "read", "add", "patch", "poll"

# What may happen after an answer that leaves open whether the call was carried out.
ALWAYS = "always"  # reading: send it again
AFTER_READING = "after_reading"  # setting a value: read first, send again only where reading shows that it was not done
NEVER = "never"  # creating, transferring, triggering: reading may settle it, sending again is never right


@dataclass(frozen=True)
class NewId:
    """Stands in a call for the id of what an earlier call of the same plan creates.

    ``address`` is a device's address, or what ``Call.makes`` says.
    """

    address: str


@dataclass(frozen=True)
class Call:
    """One request below the account's ``url``.

    ``path`` starts with a slash and is percent-encoded; ``{id}`` in it stands for ``path_id``. ``query`` is a tuple of pairs,
    so that a name can repeat. ``body`` is plain JSON data or None. ``accept`` is the media type that is asked for. ``targets``
    are the addresses of the devices that the call is for. ``stage`` orders the calls of one device. ``job`` marks a call whose
    answer only starts the work. Calls of one ``lane`` are never under way side by side. ``makes`` names what is no device and
    later calls refer to, such as a space; calls that make the same are sent once.
    """

    method: str
    path: str
    query: tuple[tuple[str, t.Any], ...] = ()
    body: t.Any = None
    content_type: str = "application/json"
    pace: str = READ
    repeat: str = ALWAYS
    stage: int = 0
    targets: tuple[str, ...] = ()
    job: bool = False
    path_id: str | NewId | None = None
    accept: str = "application/json"
    lane: str | None = None
    makes: str | None = None

    @property
    def writes(self) -> bool:
        """Whether the call could change the cloud."""
        return self.repeat != ALWAYS

    def filled(self, ids: t.Mapping[str, t.Any]) -> Call:
        """The same call with every NewId replaced by the id that its device got. Raises KeyError where one is not known yet."""
        path = self.path if self.path_id is None else _path(self.path, _filled(self.path_id, ids))
        query = tuple((name, _filled(value, ids)) for name, value in self.query)
        return replace(self, path=path, path_id=None, query=query, body=_filled(self.body, ids))

    def as_data(self) -> dict[str, t.Any]:
        """Method, path, query and body as plain JSON data, for plans and logs."""
        data: dict[str, t.Any] = {"method": self.method, "path": self.path}
        if isinstance(self.path_id, NewId):
            data["path_id"] = _plain(self.path_id)
        elif self.path_id is not None:
            data["path"] = _path(self.path, self.path_id)
        if self.query:
            data["query"] = [[name, _plain(value)] for name, value in self.query]
        if self.body is not None:
            data["body"] = _plain(self.body)
        return data


@dataclass(frozen=True)
class Answer:
    """What the vendor answered: ``body`` is decoded JSON, or None where the vendor documents an empty one.

    ``settled`` marks what stands for a lost answer: reading showed that the write was carried out. Then status is 0 and body
    None.
    """

    status: int
    body: t.Any = None
    headers: t.Mapping[str, str] = field(default_factory=dict)
    settled: bool = False


def _path(path: str, path_id: t.Any) -> str:
    return path.replace("{id}", quote(str(path_id), safe=""))


def _filled(value: t.Any, ids: t.Mapping[str, t.Any]) -> t.Any:
    if isinstance(value, NewId):
        return ids[value.address]
    if isinstance(value, dict):
        return {key: _filled(item, ids) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(item, ids) for item in value]
    return value


def _plain(value: t.Any) -> t.Any:
    if isinstance(value, NewId):
        return {"id_of_new": value.address}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
