# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GreenLake's asynchronous operations: following one to its end, and what its result says about each device.

Facts: docs/vendors/greenlake.md, section "Jobs". A job says that what was asked for is done, or failed, or nothing at all; in the
last case the inventory decides, which is the caller's to read.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import POLL, Answer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import ApiError, BadAnswer, Gone
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.settings import origin
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

SUCCEEDED, FAILED, UNKNOWN = "succeeded", "failed", "unknown"

# Seconds. Live jobs suggest 2; the floor keeps a server that suggests 0 from being polled without a pause.
SHORTEST_INTERVAL, USUAL_INTERVAL, LONGEST_INTERVAL = 0.05, 2.0, 30.0

_PATH = "/devices/v1/async-operations/"
_JOB = re.compile(r"/devices/v[0-9a-z]+/async-operations/([0-9A-Za-z-]+)/?")
_IDENTIFIER = re.compile(r"[0-9A-Za-z-]+")


@dataclass(frozen=True)
class Job:
    """How a job ended: ``state`` is one of the three above, ``words`` say why where it did not succeed.

    ``succeeded`` holds ids or serials; ``failed`` maps an id or serial to the vendor's words about it.
    """

    state: str
    words: str = ""
    succeeded: frozenset[str] = frozenset()
    failed: t.Mapping[str, str] = field(default_factory=dict)


def job_path(answer: Answer, url: str) -> str:
    """The path of the job that an answer started, below the account's ``url``. Raises BadAnswer for none, or another host.

    ``Location`` is a path as documented, though clients also meet whole URLs; v2beta1 writes point at the v1 job, the only one.
    """
    location = next((value for name, value in answer.headers.items() if name.lower() == "location"), None)
    if location:
        target = urljoin(url, location)
        if origin(target) != origin(url):
            raise BadAnswer(f"the vendor's job is on another host: {urlsplit(target).netloc}; credentials are not sent there")
        if found := _JOB.search(urlsplit(target).path):
            return _PATH + found.group(1)
    number = answer.body.get("transactionId") if isinstance(answer.body, dict) else None
    if isinstance(number, str) and _IDENTIFIER.fullmatch(number):
        return _PATH + number
    raise BadAnswer("the vendor accepted the change without saying which job carries it out")


def follow(client: Client, answer: Answer, deadline: Deadline) -> Job:
    """Polls the job to its end, at the pace that it suggests, within ``deadline``. Raises no ApiError."""
    try:
        path = job_path(answer, client.settings.url)
    except BadAnswer as error:
        return Job(UNKNOWN, error.message)
    while True:
        try:
            body = client.get(path, pace=POLL, deadline=deadline).body
        except Gone:
            return Job(UNKNOWN, "the job is gone: the vendor keeps its result for a day only")
        except ApiError as error:
            return Job(UNKNOWN, f"the job could not be followed: {error}")
        if (job := ended(body)) is not None:
            return job
        interval = _interval(body)
        if deadline.left() <= interval:
            return Job(
                UNKNOWN, f"the job did not end within {deadline.seconds:g} seconds; its last status is {body.get('status')}"
            )
        try:
            client.pause(interval)
        except ApiError as error:
            return Job(UNKNOWN, f"the job was not followed to its end: {error}")


def ended(body: t.Any) -> Job | None:
    """What a job says that has ended; None for one that is under way. A status that nobody documents is one that is under way."""
    if not isinstance(body, dict):
        return Job(UNKNOWN, "the job's answer is no object")
    status = str(body.get("status") or "").upper()
    result = body.get("result")
    succeeded, failed = _succeeded(result), _failed(result)
    if status == "SUCCEEDED":
        return Job(SUCCEEDED, succeeded=succeeded, failed=failed)
    if status == "FAILED":
        return Job(FAILED, result if isinstance(result, str) else "", succeeded, failed)
    if status in ("TIMEOUT", "TIMEDOUT"):
        return Job(UNKNOWN, "the vendor's job ran out of time", succeeded, failed)
    return None


def _interval(body: t.Mapping[str, t.Any]) -> float:
    """Seconds, although the vendor's own description says minutes."""
    seconds = body.get("suggestedPollingIntervalSeconds")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        return USUAL_INTERVAL
    return min(max(float(seconds), SHORTEST_INTERVAL), LONGEST_INTERVAL)


def _entries(result: t.Any, *names: str) -> t.Iterator[t.Any]:
    if not isinstance(result, dict):
        return
    for name in names:
        entries = result.get(name)
        yield from entries if isinstance(entries, list) else ()


def _labels(entry: t.Any) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    found = [entry.get("id"), entry.get("serialNumber")] if isinstance(entry, dict) else []
    return [label for label in found if isinstance(label, str) and label]


def _succeeded(result: t.Any) -> frozenset[str]:
    entries = _entries(result, "succeededDevices", "successfulDevicesSerial")
    return frozenset(label for entry in entries for label in _labels(entry))


def _failed(result: t.Any) -> dict[str, str]:
    return {
        label: _words(entry) for entry in _entries(result, "failedDevices", "failedDevicesSerial") for label in _labels(entry)
    }


def _words(entry: t.Any) -> str:
    """The vendor's words about a device: ``messages`` or ``message``, and the code."""
    if not isinstance(entry, dict):
        return ""
    messages = entry.get("messages") or entry.get("message") or []
    parts = [str(part) for part in (messages if isinstance(messages, list) else [messages])]
    code = entry.get("errorCode")
    return f"{'; '.join(parts)} ({code})" if parts and code else "; ".join(parts) or str(code or "")
