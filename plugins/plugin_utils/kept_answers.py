# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an Ansible cache plugin keeps of each account: whole answers only, and no secret.

An answer is kept as one string of JSON. Cache plugins tag each string that they read, which takes longer than reading a cloud
when there is one for every field of every device.
"""

from __future__ import annotations

import hashlib
import json
import typing as t
from dataclasses import dataclass

from ansible_collections.fleetform.devices.plugins.module_utils._engine.accounts import settings_of
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import account_key
from ansible_collections.fleetform.devices.plugins.module_utils._engine.masking import LEAST_SECRET, Masker
from ansible_collections.fleetform.devices.plugins.module_utils._engine.model import RECORD_FIELDS

_FORMAT = 1
_FIELD = "fleetform"
_FIELDS = frozenset(RECORD_FIELDS)
_HASHING = 100_000

Records = list[dict[str, t.Any]]


@dataclass(frozen=True)
class KeptAnswer:
    """The records of one account, and when they were read, in seconds since 1970."""

    records: Records
    stored_at: float


class KeptAnswers:
    """The answers of several accounts. ``keys`` maps each account to its key in the cache, a mapping that outlives the run."""

    def __init__(
        self,
        cache: t.MutableMapping[str, t.Any],
        keys: t.Mapping[str | None, str],
        wall: t.Callable[[], float],
        warn: t.Callable[[str], t.Any],
    ) -> None:
        self._cache = cache
        self._keys = keys
        self._wall = wall
        self._warn = warn

    def fresh(self, seconds: float | None) -> dict[str | None, KeptAnswer]:
        """The answers that are there and at most so old; None and 0 mean any age."""
        found = {name: self.last(name) for name in self._keys}
        now = self._wall()
        return {
            name: answer
            for name, answer in found.items()
            if answer is not None and (not seconds or now - answer.stored_at < seconds)
        }

    def last(self, name: str | None) -> KeptAnswer | None:
        """The answer that was kept last, whatever its age. What cannot be understood counts as not there, with a warning."""
        try:
            entry = self._cache[self._keys[name]]
        except KeyError:
            return None
        except Exception as error:  # noqa: BLE001 - a cache plugin may raise anything; the cloud is there all the same
            self._warn(f"the inventory cache cannot be read, so that the cloud is read: {error}")
            return None
        try:
            data = json.loads(str(entry[_FIELD]))
            if data["format"] != _FORMAT:
                return None
            if all(record.keys() >= _FIELDS for record in data["devices"]):
                return KeptAnswer(list(data["devices"]), float(data["stored_at"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            pass
        self._warn("the inventory cache holds something else than an answer of a cloud, so that the cloud is read")
        return None

    def keep(self, name: str | None, records: Records, secrets: t.Collection[str]) -> KeptAnswer:
        """Keeps an answer and gives it back as the next run will see it."""
        answer = KeptAnswer(without_secrets(records, secrets), self._wall())
        text = json.dumps({"format": _FORMAT, "stored_at": answer.stored_at, "devices": answer.records})
        self._cache[self._keys[name]] = {_FIELD: text}
        return answer


def key_of(name: str | None, options: t.Mapping[str, t.Any], environ: t.Mapping[str, str], asked: str) -> str:
    """A key that differs wherever the answer could: vendor, url, organization, whose credentials, name and question.

    It tells nothing about a password or a token: a guess takes as long as a strong hash does. Raises SettingsError.
    """
    settings = settings_of(options, name=name, environ=environ)
    who = "\0".join(sorted(settings.secrets()))
    strong = hashlib.pbkdf2_hmac("sha256", who.encode(), account_key(settings).encode(), _HASHING).hex()
    parts = [account_key(settings), strong, settings.runtime, settings.api_version, settings.locale, name, asked, _FORMAT]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def without_secrets(records: Records, secrets: t.Collection[str]) -> Records:
    """The records as plain JSON data. They are looked into only where the whole text holds a secret, which it should not."""
    text = json.dumps(records)
    if "\\ud" in text:
        text = json.dumps(_whole(records))
    for secret in secrets:
        if len(secret) >= LEAST_SECRET and json.dumps(secret)[1:-1] in text:
            return t.cast(Records, Masker(secrets).scrub(json.loads(text)))
    return t.cast(Records, json.loads(text))


def _whole(value: t.Any) -> t.Any:
    """The value without half characters, which a vendor makes by cutting a text in two and nobody can print."""
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value
