# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every error that the engine raises, so that a caller can translate them in one place.

::

    FleetformError
    |-- SettingsError       an account option is missing, contradictory or unusable; nothing was sent
    |-- DeclarationError    a declaration is wrong in itself; nothing was written
    |   |-- Ambiguous       it fits several devices, or contradicts the one that it fits
    |   |-- NotFound        it fits no device and cannot be created as declared
    |   `-- Unsupported     the vendor cannot do it; names the nearest thing that it can do
    |-- NotPruned           prune removes nothing, since something that it has to know is not known
    |-- MissingLibrary      requests is not installed where the engine runs
    |-- Interrupted         somebody asked an apply to stop; this was not carried out
    `-- ApiError            a call to a vendor went wrong; holds status, method, path, vendor's words
        |-- AuthFailed      401, or the token endpoint refused
        |-- Forbidden       403: the credentials are good, the right is missing
        |-- Gone            404 or 410: absent, or not visible to these credentials
        |-- Refused         any other 4xx: the vendor will not do this, asking again does not help
        |-- RateLimited     429, and the wait that the vendor asks for does not fit into `deadline`
        |-- Unavailable     no usable answer within deadline, attempts or retry budget
        |-- BadAnswer       an answer that is not what the vendor documents: HTML, cut, mislabelled
        |-- Unclear         a write whose outcome could not be established, even by reading
        |-- JobFailed       an asynchronous job ended without doing the work
        `-- IncompleteRead  a listing that cannot be trusted to show everything

No message ever holds a secret: the client masks vendor text before it builds one.
"""

from __future__ import annotations


class FleetformError(Exception):
    """Anything that fleetform can explain.

    ``account`` and ``device`` say where, when known; ``place`` is vendor and host, for an account without a name.
    """

    def __init__(self, message: str, *, account: str | None = None, device: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.account = account
        self.device = device
        self.place: str | None = None

    def __str__(self) -> str:
        account = f"account {self.account}" if self.account else self.place
        where = [part for part in (account, self.device and f"device {self.device}") if part]
        return f"{', '.join(where)}: {self.message}" if where else self.message


class SettingsError(FleetformError):
    """An account option is missing, contradictory or unusable. Raised before any call."""


class DeclarationError(FleetformError):
    """A declaration is wrong in itself. Raised before any call that writes."""


class Ambiguous(DeclarationError):
    """A declaration fits several devices, or agrees and disagrees with one at the same time."""


class NotFound(DeclarationError):
    """A declared device is not there and the declaration does not say how to create it."""


class Unsupported(DeclarationError):
    """The vendor cannot do what is declared."""


DECLARED_WRONG = (SettingsError, DeclarationError)
"""What a person has to mend in what is declared. While there is one, nothing is written anywhere."""


class NotPruned(FleetformError):
    """Prune removes nothing in an account: what looks undeclared may be declared. Other changes go on."""


class MissingLibrary(FleetformError):
    """A Python library is missing where the engine runs; ``library`` is its import name."""

    def __init__(self, library: str) -> None:
        super().__init__(f"the Python library {library} is missing here; install it for the interpreter that runs this task")
        self.library = library


class Interrupted(FleetformError):
    """Somebody asked an apply to stop before this was sent, or before it was sent again after a refusal."""


class ApiError(FleetformError):
    """A call to a vendor went wrong.

    ``status`` is the HTTP status or None when there was no answer; ``vendor_message`` the vendor's own words, masked;
    ``tracking_id`` what the vendor's support asks for.
    """

    def __init__(
        self,
        message: str,
        *,
        account: str | None = None,
        device: str | None = None,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
        vendor_message: str | None = None,
        tracking_id: str | None = None,
    ) -> None:
        super().__init__(message, account=account, device=device)
        self.method = method
        self.path = path
        self.status = status
        self.vendor_message = vendor_message
        self.tracking_id = tracking_id

    def __str__(self) -> str:
        text = super().__str__()
        if self.method and self.path:
            text += f" [{self.method} {self.path}"
            if self.status:
                text += f", HTTP {self.status}"
            elif isinstance(self, (Unavailable, Unclear)):
                text += ", no answer"
            text += f", tracking id {self.tracking_id}]" if self.tracking_id else "]"
        if self.vendor_message:
            text += f" The vendor says: {self.vendor_message}"
        return text


class AuthFailed(ApiError):
    """The vendor did not accept the credentials."""


class Forbidden(ApiError):
    """The credentials are good but lack a right."""


class Gone(ApiError):
    """404 or 410. A vendor does not tell absence from lack of access; the caller decides what it means."""


class Refused(ApiError):
    """A 4xx that repeating cannot mend."""


class RateLimited(ApiError):
    """The vendor asks for a longer pause than `deadline` leaves."""


class Unavailable(ApiError):
    """No usable answer within `deadline`, the number of attempts, or the retry budget."""


class BadAnswer(ApiError):
    """An answer that does not have the documented form."""


class Unclear(ApiError):
    """A write may or may not have been carried out, and reading did not settle it."""


class JobFailed(ApiError):
    """An asynchronous job ended without doing what it was asked to do."""


class IncompleteRead(ApiError):
    """A listing ended in a way that leaves open whether everything was seen. Never "nothing is there"."""
