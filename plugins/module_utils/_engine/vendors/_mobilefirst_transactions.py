# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MobileFirst's transactions: what the answer to a write says, and how it ended.

Facts: docs/vendors/mobilefirst.md. HTTP 200 is no success: ``ok`` and the transaction's status together are.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import POLL, Answer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import ApiError, BadAnswer, Gone
from ansible_collections.fleetform.devices.plugins.module_utils._engine.http import Client
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._mobilefirst_forms import (
    RESULTS,
    TRANSACTION,
    Row,
    data_of,
    reasons,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.vendors._mobilefirst_runtime import Runtime
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import Deadline

SUCCEEDED, FAILED, UNKNOWN = "succeeded", "failed", "unknown"

# Seconds between the looks at a transaction. Most take no time at all.
FIRST_PAUSE, LAST_PAUSE = 0.5, 10.0


@dataclass(frozen=True)
class Ended:
    """How a transaction ended: ``state`` is one of the three above, ``words`` say why where it did not succeed.

    ``description`` is what the vendor says that the transaction was about. ``contradicts`` marks a success that is called none.
    """

    state: str
    words: str = ""
    description: t.Mapping[str, t.Any] = field(default_factory=dict)
    contradicts: bool = False


def followed(client: Client, runtime: Runtime, answer: Answer, deadline: Deadline) -> Ended:
    """How the write that was answered so ended; polls a transaction that is under way. Raises no ApiError."""
    try:
        data = data_of(answer.body, RESULTS, "")
        transaction = _transaction(data)
    except BadAnswer as error:
        return Ended(UNKNOWN, error.message)
    status = _status(transaction)
    if status == "SUCCESS" and data.get("ok") is not True:
        state = FAILED if data.get("ok") is False else UNKNOWN
        said = "ok is false" if state == FAILED else "ok is missing"
        words = f"the vendor's transaction ended with SUCCESS, but {said}{_because(client, transaction)}"
        return Ended(state, words, contradicts=True)
    if (ended := _ended(client, transaction, status)) is not None:
        return ended
    number = transaction.get("id")
    if number is None or isinstance(number, (bool, dict, list)) or not str(number).strip("."):
        return Ended(UNKNOWN, f"the transaction is {status}, and the answer does not say its id")
    return _polled(client, runtime, str(number), status, deadline)


def _polled(client: Client, runtime: Runtime, number: str, status: str, deadline: Deadline) -> Ended:
    """Looks at a transaction until it has ended, within the deadline."""
    path = runtime.place.path("transactions", number)
    pause = FIRST_PAUSE
    while (left := deadline.left()) > 0:
        try:
            client.pause(min(pause, left))
            # The answer is the transaction itself, without the frame that a write's has.
            transaction = runtime.get(path, TRANSACTION, runtime.place.query(), pace=POLL, deadline=deadline)
        except Gone:
            return Ended(UNKNOWN, f"transaction {number} is gone; its last status was {status}")
        except ApiError as error:
            return Ended(UNKNOWN, f"transaction {number} could not be followed: {error}")
        status = _status(transaction)
        if (ended := _ended(client, transaction, status)) is not None:
            return ended
        pause = min(LAST_PAUSE, pause * 2)
    return Ended(UNKNOWN, f"transaction {number} did not end within {deadline.seconds:g} seconds; its last status is {status}")


def _ended(client: Client, transaction: Row, status: str) -> Ended | None:
    """What a transaction says that has ended; None for one that is under way, as one with a status that nobody documents is."""
    if status == "SUCCESS":
        described = transaction.get("description")
        return Ended(SUCCEEDED, description=described if isinstance(described, dict) else {})
    if status in ("FAILURE", "CANCELED"):
        return Ended(FAILED, f"the vendor's transaction ended with {status}{_because(client, transaction)}")
    return None


def _transaction(data: Row) -> Row:
    transaction = data.get("transaction")
    if not isinstance(transaction, dict):
        raise BadAnswer("the answer holds no transaction")
    return transaction


def _status(transaction: Row) -> str:
    return str(transaction.get("status") or "").upper()


def _because(client: Client, transaction: Row) -> str:
    """The vendor's words about a transaction, masked."""
    said = reasons(transaction)
    return f": {client.masker.mask(said)}" if said else ", without saying why"
