# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an HTTP answer means: a good one, one that may be asked for again, or a named error with the vendor's words.

Vendors, gateways and proxies answer in many forms. Everything is read defensively and masked before it gets into a message.
"""

from __future__ import annotations

import enum
import json
import re
import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleetform.devices.plugins.module_utils._engine.call import Answer
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import (
    ApiError,
    AuthFailed,
    BadAnswer,
    Forbidden,
    Gone,
    JobFailed,
    MissingLibrary,
    RateLimited,
    Refused,
    Unavailable,
)
from ansible_collections.fleetform.devices.plugins.module_utils._engine.exchange import Response
from ansible_collections.fleetform.devices.plugins.module_utils._engine.markup import BadMarkup, as_data, parse_markup
from ansible_collections.fleetform.devices.plugins.module_utils._engine.masking import Masker
from ansible_collections.fleetform.devices.plugins.module_utils._engine.waits import demanded

# What is locked (423) or comes too often (429) is refused before it is carried out; the others leave that open.
REFUSED_FOR_NOW = frozenset({423, 429})
REPEATABLE = frozenset({408, 425, 500, 502, 503, 504}) | REFUSED_FOR_NOW
_EXCERPT = 160
_MOST_WORDS = 500
_LOOK = 20_000
_XML = ("application/xml", "text/xml")
_TRACKING_HEADERS = ("trackingid", "x-tracking-id", "x-request-id", "x-correlation-id")
_PAGE = re.compile(r"<(!doctype html|html|head|body)[\s>]", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>|<h1[^>]*>(.*?)</h1>", re.IGNORECASE | re.DOTALL)


class Kind(enum.Enum):
    """What a client can conclude from one attempt."""

    GOOD = "good"
    NOT_DONE = "not done"  # certainly not carried out: it may be sent again, a write too
    UNCLEAR = "unclear"  # perhaps carried out: a read may be sent again, a write must be settled first
    UNAUTHORIZED = "unauthorized"  # not carried out; a new token may help
    FINAL = "final"  # repeating does not help


@dataclass(frozen=True)
class Ending:
    """How one attempt ended: ``answer`` where GOOD, else ``error``. ``wait`` is the pause in seconds that was asked for."""

    kind: Kind
    answer: Answer | None = None
    error: ApiError | None = None
    wait: float | None = None
    status: int | None = None


@dataclass(frozen=True)
class Asked:
    """Which request an error message is about; ``reads`` means that it cannot change anything.

    ``accept`` is the media type that was asked for.
    """

    method: str
    path: str
    account: str | None = None
    reads: bool = True
    token: bool = False
    accept: str = "application/json"

    def error(self, kind: type[ApiError], message: str, **more: t.Any) -> ApiError:
        """An error that names the account, the method and the path."""
        return kind(message, account=self.account, method=self.method, path=self.path, **more)


@dataclass(frozen=True)
class VendorWords:
    """What an error body says: message, its code where it has one, and what the vendor's support asks for."""

    message: str | None = None
    code: str | None = None
    tracking_id: str | None = None
    body: t.Any = field(default=None, repr=False)


def read_answer(asked: Asked, response: Response, masker: Masker, wall: float) -> Ending:
    """Classifies a complete answer; redirects are the client's business and do not come here."""
    status = response.status
    if 200 <= status < 300:
        return _read_good(asked, response, masker)
    words = vendor_words(response, masker)

    def ending(kind: Kind, error: type[ApiError], message: str, wait: float | None = None) -> Ending:
        told = {"status": status, "vendor_message": words.message, "tracking_id": words.tracking_id}
        return Ending(kind, error=asked.error(error, message, **told), wait=wait, status=status)

    if status == 401 or _token_expired(status, words):
        return ending(Kind.UNAUTHORIZED, AuthFailed, "the vendor does not accept the credentials")
    if asked.token and status in (400, 403):
        return ending(Kind.FINAL, AuthFailed, "the vendor does not give a token for these credentials")
    if status >= 500 and not asked.reads and _transaction_failed(words.body):
        return ending(Kind.FINAL, JobFailed, "the vendor's transaction failed")
    if status in REPEATABLE:
        wait = demanded(response.headers, words.body, wall, limited=response.status == 429)
        if status == 429:
            return ending(Kind.NOT_DONE, RateLimited, "the vendor's limit is reached", wait)
        if status == 423:
            return ending(Kind.NOT_DONE, Unavailable, "the vendor has it locked at the moment", wait)
        return ending(Kind.UNCLEAR, Unavailable, f"the vendor's service does not work ({status})", wait)
    if status == 403:
        return ending(Kind.FINAL, Forbidden, "the credentials do not have the right to do this")
    if status in (404, 410):
        return ending(Kind.FINAL, Gone, "the vendor does not have it, or does not show it to these credentials")
    if 400 <= status < 500:
        return ending(Kind.FINAL, Refused, "the vendor refuses this")
    if status >= 500:
        return ending(Kind.UNCLEAR, Unavailable, f"the vendor's service does not work ({status})")
    return ending(Kind.UNCLEAR, BadAnswer, f"the vendor answers with the unexpected status {status}; is `url` right?")


def vendor_words(response: Response, masker: Masker) -> VendorWords:
    """The message in an error answer, masked, whatever form it has."""
    text = response.body[: 1024 * 1024].decode("utf-8", "replace").strip()
    body: t.Any = _error_markup(response.body[: 1024 * 1024].strip()) if _is_markup(_media(response), text) else None
    try:
        body = json.loads(text) if text[:1] in '{["' and text else body
    except (ValueError, RecursionError):
        body = None
    header_id = next((response.headers[name] for name in _TRACKING_HEADERS if response.headers.get(name)), None)
    if body is None:
        message = _html_title(text) if text[:1] == "<" else text
        return VendorWords(masker.mask(message, _EXCERPT) or None, None, _id(header_id, masker))
    said = _said(body)
    code = body.get("errorCode") if isinstance(body, dict) else None
    code = code if isinstance(code, str) and code else None
    if code and code not in said:
        said = [code, *said]
    tracking = _first_text(body, ("trackingId", "debugId", "requestId")) or header_id
    message = masker.mask(": ".join(dict.fromkeys(said)), _MOST_WORDS)
    return VendorWords(message or None, code, _id(tracking, masker), body)


def excerpt(response: Response, masker: Masker) -> str:
    """The beginning of a body, or the title of a page, in one masked line. Empty for what looks like JSON.

    That is data, as XML is, cut or mislabelled, and may hold a secret that nobody has seen yet: the token of a device, say.
    """
    text = response.body[: 64 * 1024].decode("utf-8", "replace").strip()
    if text[:1] in ("{", "[") or text[:5] == "<?xml":
        return ""
    return masker.mask(_html_title(text) if text[:1] == "<" else text, _EXCERPT)


def _read_good(asked: Asked, response: Response, masker: Masker) -> Ending:
    headers = dict(response.headers)
    if not response.body.strip():
        # Writes are documented to answer without content; a read is empty with 204 only.
        if asked.method == "GET" and response.status != 204:
            return _bad(asked, response, masker, "the vendor's answer is empty")
        return Ending(Kind.GOOD, Answer(response.status, None, headers), status=response.status)
    media = _media(response)
    labelled = media == "application/json" or media.endswith("+json")
    wanted = "XML" if asked.accept in _XML else "JSON"
    # Servers that forget the label, or call everything plain text, are common; any other label is believed.
    unlabelled = media in ("", "text/plain")
    if wanted == "XML" and (_labelled_xml(media) or (unlabelled and response.body.lstrip()[:1] == b"<")):
        return _read_markup(asked, response, masker)
    if not labelled and not unlabelled:
        what = "a web page" if media in ("text/html", "application/xhtml+xml") else f"content of type {masker.mask(media, 60)}"
        return _bad(asked, response, masker, f"the vendor answers with {what} instead of {wanted}; is `url` right?")
    try:
        body = json.loads(response.body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return _bad(asked, response, masker, "the vendor's answer is not JSON, or was cut")
    if not labelled and not isinstance(body, (dict, list)):
        return _bad(asked, response, masker, "the vendor's answer is not JSON")
    return Ending(Kind.GOOD, Answer(response.status, body, headers), status=response.status)


def _read_markup(asked: Asked, response: Response, masker: Masker) -> Ending:
    """A good answer in XML. Its body is the root element. Raises MissingLibrary."""
    try:
        body = parse_markup(response.body)
    except BadMarkup as error:
        return _bad(asked, response, masker, f"the vendor's answer is no XML that can be read: {error}.")
    return Ending(Kind.GOOD, Answer(response.status, body, dict(response.headers)), status=response.status)


def _error_markup(content: bytes) -> dict[str, t.Any] | None:
    """An error body in XML in the form that JSON would have; None where it cannot be read here, or holds nothing."""
    try:
        return as_data(parse_markup(content), ("errors",)) or None
    except (BadMarkup, MissingLibrary):
        return None


def _media(response: Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _labelled_xml(media: str) -> bool:
    return media in _XML or (media.endswith("+xml") and media != "application/xhtml+xml")


def _is_markup(media: str, text: str) -> bool:
    return text[:1] == "<" and (_labelled_xml(media) or text[:5] == "<?xml" or not _PAGE.search(text[:_LOOK]))


def _bad(asked: Asked, response: Response, masker: Masker, message: str) -> Ending:
    begins = "" if asked.token else excerpt(response, masker)
    error = asked.error(
        BadAnswer,
        f"{message} It begins: {begins!r}" if begins else message,
        status=response.status,
        tracking_id=_id(next((response.headers[n] for n in _TRACKING_HEADERS if response.headers.get(n)), None), masker),
    )
    return Ending(Kind.UNCLEAR, error=error, status=response.status)


def _refuse_constant(name: str) -> t.NoReturn:
    raise ValueError(f"{name} is not JSON")


def _token_expired(status: int, words: VendorWords) -> bool:
    """GreenLake also tells of an expired token in an error body with another status (docs/vendors/greenlake.md)."""
    if not (words.code and words.code.startswith("HPE_GL_ERROR") and 400 <= status < 500):
        return False
    text = (words.message or "").lower()
    return "signature has expired" in text or "token has expired" in text


def _transaction_failed(body: t.Any) -> bool:
    """MobileFirst may tell with a server error that a transaction was rolled back, in the documented body of a result.

    See docs/vendors/mobilefirst.md.
    """
    transaction = body.get("transaction") if isinstance(body, dict) else None
    return isinstance(transaction, dict) and transaction.get("status") in ("FAILURE", "CANCELED")


def _said(body: t.Any) -> list[str]:
    """The sentences of an error body, general ones first."""
    if isinstance(body, str):
        return [body]
    if isinstance(body, list):
        return [text for entry in body[:10] for text in _said(entry)]
    if not isinstance(body, dict):
        return []
    said: list[str] = []
    for name in ("error", "error_description", "message", "description", "details", "transaction"):
        value = body.get(name)
        if value and (isinstance(value, (dict, str)) or (name == "details" and isinstance(value, list))):
            said += _said(value)
    # GreenLake has renamed its list of details several times; Webex calls it errors. What should be a list may be a text.
    for name, value in body.items():
        if isinstance(value, (list, str)) and (name in ("errors", "issues", "messages") or name.lower().endswith("errordetails")):
            said += _said(value)
    subject = body.get("subject")
    if isinstance(subject, str) and subject and said:
        said[0] = f"{subject}: {said[0]}"
    return said


def _first_text(body: t.Any, names: tuple[str, ...]) -> str | None:
    if isinstance(body, dict):
        for name in names:
            if isinstance(body.get(name), str) and body[name]:
                return str(body[name])
    return None


def _id(text: str | None, masker: Masker) -> str | None:
    return masker.mask(text, 100) or None if text else None


def _html_title(text: str) -> str:
    found = _TITLE.search(text[:_LOOK])
    title = next((group for group in found.groups() if group), "") if found else ""
    if not title and not _PAGE.search(text[:_LOOK]):
        return ""
    return f"a web page, {re.sub('<[^>]*>', ' ', title).strip()}" if title.strip() else "a web page"
