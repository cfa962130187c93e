# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IBM MobileFirst's administration service, the ground: users, roles, errors, runtimes, and the forms of a device.

Facts: docs/vendors/mobilefirst.md. What is assumed there is a switch here.
"""

from __future__ import annotations

import copy
import re
from typing import Any, ClassVar

from fleetform.sandbox.cloud import Cloud, Switch, basic_user, stable_uuid
from fleetform.sandbox.mobilefirst_forms import JSON, TEXT_XML, XML, chosen, written
from fleetform.sandbox.mobilefirst_seed import STOPPED, mobilefirst_seed
from fleetform.sandbox.wire import Answer, Call, Refusal, bad, encode

BASE = "/management-apis/2.0"
OLD_BASE = "/management-apis/1.0"
STATUSES = ("ACTIVE", "LOST", "STOLEN", "EXPIRED", "DISABLED")
_WRITERS = ("mfpadmin", "mfpdeployer", "mfpoperator")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z]{2})?")
_PATH = re.compile(
    r"/management-apis/(?:1\.0|2\.0)/runtimes/[^/]+/(?:(devices|transactions)|devices/([^/]+)(?:/applications/.+)?)"
)
_DAY = 86_400
_FORMS = {"json": JSON, "xml": XML, "text/xml": TEXT_XML}
_MESSAGES = {
    "FWLSE3000E": ("A server error was detected.", "Ein Serverfehler ist aufgetreten."),
    "FWLSE3001E": ("A conflict was detected.", "Ein Konflikt ist aufgetreten."),
    "FWLSE3002E": ("The resource is not found.", "Die Ressource wurde nicht gefunden."),
    "FWLSE3021E": ("Timeout while waiting for the transaction lock.", "Zeitlimit beim Warten auf die Transaktionssperre."),
    "FWLSE3030E": ("The runtime does not exist in the database.", "Die Laufzeit ist nicht in der Datenbank."),
    "FWLSE3041E": ("No MBean was found for the runtime.", "Zur Laufzeit wurde keine MBean gefunden."),
    "FWLSE3051E": ("Invalid payload.", "Ungueltige Nutzdaten."),
    "FWLSE3053E": ("Invalid parameters.", "Ungueltige Parameter."),
    "FWLSE3091W": ("The transaction failed.", "Die Transaktion ist fehlgeschlagen."),
    "FWLSE3092W": ("The transaction was canceled before it started.", "Die Transaktion wurde vor dem Start abgebrochen."),
}

SWITCHES: dict[str, Switch] = {
    "stopped": Switch([STOPPED], "names of the runtimes that are not running; not an assumption, but where one is stopped"),
    "product_version": Switch("8.0.0.00-20260301-1012", "samples say 8.0; real servers send a longer build string"),
    "default_form": Switch("json", "form where Accept is missing or leaves the choice: 'json', 'xml' or 'text/xml'"),
    "unacceptable": Switch(406, "an Accept header that fits nothing: a status, or 0 for the default form"),
    "unauthorized_body": Switch("html", "body of a 401, which comes from the Java EE container: 'html' or 'empty'"),
    "error_form": Switch("errors", "errors: 'errors' like those of a transaction, 'html' as a container writes them, or 'empty'"),
    "unknown_query": Switch("refuse", "an unknown query parameter: 'refuse' (400), or 'ignore' as many servers do"),
    "operator_deletes": Switch(True, "mfpoperator may DELETE a device; one page says so, the role table of another does not"),
    "order_by_unknown": Switch(400, "an unknown orderBy: a status, or 0 to sort by the default"),
    "query_minimum": Switch(1, "characters that a query needs; the web console wants three"),
    "total": Switch("matching", "totalListSize counts the devices 'matching' the query, or 'all'"),
    "page_numbers": Switch("true", "pageNumber, startIndex: 'true', 'absent', or 'sample' (nonsense, as in IBM's own sample)"),
    "last_page": Switch("absent", "nextPageBookmark on the last page: 'absent', 'null' or 'empty' text"),
    "full_last_page": Switch("last", "a full page at the very end: 'last', or 'more' (a bookmark to one more, empty page)"),
    "short_pages": Switch(False, "pages hold half of what pageSize says, although more follows"),
    "repeating_bookmark": Switch(False, "a broken server: from the second page on, nextPageBookmark is the request's own"),
    "previous_page": Switch("first", "prevPageBookmark: the 'first' page, the 'previous' one, or the 'same', as in the sample"),
    "bookmark_alone": Switch("refuse", "a bookmark without the parameters of its listing: 'refuse' (400) or 'accept'"),
    "old_paging": Switch("offset", "version 1.0 pages by 'offset' (7.0) or by 'bookmark' (7.1)"),
    "no_name": Switch("absent", "deviceDisplayName that was never set: 'absent', 'null' or 'empty'"),
    "empty_lists": Switch("empty", "a device without users or apps: an 'empty' list, or 'absent'"),
    "app_device_status": Switch("repeats", "deviceStatus of an app 'repeats' the device's status, or 'lags' (stays ACTIVE)"),
    "app_server": Switch("Liberty", "appServerId of a transaction; empty: the member is absent"),
    "errors_none": Switch("empty", "errors of a transaction that succeeded: 'empty' or 'absent'"),
    "fails": Switch(False, "every transaction fails and changes nothing"),
    "failed_status": Switch(200, "status of an answer that shows a failed transaction: 200 or 500"),
    "synchronous": Switch(True, "async=false waits for the end; false: the answer is PENDING all the same"),
    "async_status": Switch(200, "status of an answer whose transaction has not ended; 202 would be usual"),
    "async_ok": Switch(True, "member ok of an answer whose transaction has not ended"),
    "overlap": Switch("log", "a write while another one is under way: 'log' it as a violation and do it, or 'refuse' (500)"),
    "lock": Switch("free", "the runtime's lock: 'free', 'busy' until it is forced, or 'passing' (free after lock_looks looks)"),
    "unknown_app": Switch(404, "status for an application that is not on the device"),
    "expire_after_days": Switch(0, "days without contact until an ACTIVE device is EXPIRED; 0 is never, 90 the server's default"),
    "archive_after_days": Switch(0, "further days until an EXPIRED device leaves the list; 0 is never, 90 the server's default"),
    "expired_returns": Switch(True, "an EXPIRED device that contacts the server is ACTIVE again (8.0); false: it stays (7.1)"),
    "returns_after": Switch(0, "a deleted phone is back under a new id at the n-th listing after its deletion; 0 is never"),
}


def platform(row: dict[str, Any]) -> str:
    """The platform part of the first app's id; empty where there is none."""
    for app in row["applicationDeviceAssociations"]:
        parts = app["appId"].split("$")
        return parts[1] if len(parts) == 3 else ""
    return ""


class MobileFirstBase(Cloud):
    """What reading and writing both need."""

    vendor = "mobilefirst"
    mount = "mobilefirst/mfpadmin"
    other_mounts = ("mobilefirst/worklightadmin",)
    SWITCHES = SWITCHES
    LIMITS: ClassVar[dict[str, int]] = {
        "window": 60,
        "page_size": 1000,
        "transaction_polls": 2,
        "transaction_seconds": 10,
        "lock_looks": 2,
    }
    TOKEN_LIFETIME = 3600
    rows_key = "items"
    total_key = "totalListSize"

    def seed(self, name: str, size: int) -> dict[str, Any]:
        return mobilefirst_seed(name, size, self.clock.now())

    def reloaded(self) -> None:
        self._encoded: dict[tuple[str, str], bytes] = {}
        self.sorted: dict[tuple[Any, ...], list[Any]] = {}

    def turn(self, switches: dict[str, Any], limits: dict[str, int]) -> None:
        super().turn(switches, limits)
        self.reloaded()
        if "lock" in switches:
            self.data["lock_looks"] = 0

    def describe(self, call: Call) -> None:
        call.write = call.method not in ("GET", "HEAD", "OPTIONS")
        found = _PATH.fullmatch(call.path)
        listing, device = found.groups() if found else (None, None)
        call.devices = (device,) if device else ()
        call.reads = not call.write and listing is not None

    def form(self, call: Call) -> str | None:
        """The media type for the answer; None where Accept fits none."""
        return chosen(call.headers.get("accept"), _FORMS[self.switches["default_form"]])

    def reply(self, call: Call, root: str, data: dict[str, Any], status: int = 200) -> Answer:
        """An answer in the form that the call asks for, with the product's version."""
        return self.bare(call, root, {"productVersion": self.version(call), **data}, status)

    def bare(self, call: Call, root: str, data: dict[str, Any], status: int = 200) -> Answer:
        """The same without the product's version."""
        return written(self.form(call) or _FORMS[self.switches["default_form"]], root, data, status)

    def version(self, call: Call) -> str:
        if call.path.startswith(OLD_BASE):
            return "7.0.0.00" if self.switches["old_paging"] == "offset" else "7.1.0.00"
        return str(self.switches["product_version"])

    def refuse(self, call: Call, refusal: Refusal) -> Answer:
        status = refusal.status
        form = "html" if refusal.source == "path" else self.switches["error_form"]
        if status == 401:
            form = self.switches["unauthorized_body"]
            refusal.headers["WWW-Authenticate"] = 'Basic realm="WASRealm"'
        if form == "errors":
            answer = self.reply(call, "error-result", {"errors": [{"details": self.details(call, refusal)}]}, status)
        elif form == "html":
            text = f"<html><head><title>Error {status}</title></head><body>Error {status}</body></html>"
            answer = Answer(status, text.encode(), content_type="text/html;charset=ISO-8859-1")
        else:
            answer = Answer(status)
        answer.headers.update(refusal.headers)
        return answer

    def details(self, call: Call, refusal: Refusal) -> str:
        """The text of an error: code, words in the language of ``locale``, and what it is about."""
        code = refusal.code
        if code is None and refusal.status == 400:
            code = "FWLSE3053E" if refusal.source == "query.parameter" else "FWLSE3051E"
        code = code or {404: "FWLSE3002E", 409: "FWLSE3001E", 500: "FWLSE3000E"}.get(refusal.status)
        if code is None:
            return refusal.message
        german = (call.get("locale") or "").lower().startswith("de")
        return f"{code}: {_MESSAGES[code][german]} {refusal.message}"

    def admit(self, call: Call) -> dict[str, str]:
        given = basic_user(call)
        user = self.data["clients"].get(given[0]) if given else None
        if given is None or user is None or user["secret"] != given[1]:
            raise Refusal(401, "Unauthorized", rule=None if given else "Authorization is not HTTP Basic")
        call.note["user"] = given[0]
        if not self._may(call, user["role"]):
            raise Refusal(403, "The user is not authorized to call this service.")
        if self.form(call) is None and self.switches["unacceptable"]:
            text = f"Accept {call.headers['accept']} names no form of this service"
            raise Refusal(int(self.switches["unacceptable"]), text, rule=text)
        if call.body and call.method != "PUT":
            raise bad(f"{call.method} with a body")
        return {}

    def _may(self, call: Call, role: str | None) -> bool:
        if not call.write:
            return role is not None
        if call.path.endswith("/lock"):
            return role == "mfpadmin"
        if call.method == "DELETE" and role == "mfpoperator":
            return bool(self.switches["operator_deletes"])
        return role in _WRITERS

    def query(self, call: Call, *names: str) -> None:
        """Refuse what is not in ``names`` or ``locale``."""
        wrong = call.unknown_query((*names, "locale"))
        locale = call.get("locale")
        if locale is not None and not _LOCALE.fullmatch(locale):
            raise bad("locale is a language, such as de or de_DE", "locale", "query.parameter")
        if wrong is None:
            return
        if self.switches["unknown_query"] == "refuse":
            raise bad(wrong, source="query.parameter")
        call.violation = wrong

    def runtime(self, name: str, *, running: bool) -> str:
        """The name of a runtime that exists, and where asked for, runs.

        :raises Refusal: 404, the same for both.
        """
        if name not in self.data["runtimes"]:
            raise Refusal(404, f"Runtime {name}.", code="FWLSE3030E")
        if running and name in self.switches["stopped"]:
            raise Refusal(404, f"Runtime {name} is not running.", code="FWLSE3041E")
        self.pass_time()
        return name

    def pass_time(self) -> None:
        """The daily job: devices without contact expire, and at last leave the list."""
        expire, archive = int(self.switches["expire_after_days"]), int(self.switches["archive_after_days"])
        passed = self.clock.now() - self.data["epoch"]
        for row in list(self.data["devices"].values()) if expire else ():
            days = (row["idle"] + passed) / _DAY
            if row["status"] == "ACTIVE" and days >= expire:
                row["status"] = "EXPIRED"
                self.changed(row)
            if archive and row["status"] == "EXPIRED" and days >= expire + archive:
                del self.data["devices"][row["id"]]
                self.changed(row)

    def find(self, runtime: str, number: str) -> dict[str, Any]:
        """The device of a runtime by its id. 404 where there is none."""
        row: dict[str, Any] | None = self.data["devices"].get(number)
        if row is None or row["runtime"] != runtime:
            raise Refusal(404, f"Device {number}.", code="FWLSE3002E")
        return row

    def changed(self, row: dict[str, Any]) -> None:
        """Forget what was made of a device, and have the state saved."""
        self._encoded.pop((row["id"], BASE), None)
        self._encoded.pop((row["id"], OLD_BASE), None)
        self.sorted.clear()
        self.dirty = True

    def shown(self, row: dict[str, Any], base: str) -> dict[str, Any]:
        """A device on the wire, in version 2.0 or 1.0."""
        lagging = self.switches["app_device_status"] == "lags"
        status = "ACTIVE" if lagging else row["status"]
        apps = [{**app, "deviceId": row["id"], "deviceStatus": status} for app in row["applicationDeviceAssociations"]]
        wire = {
            "applicationDeviceAssociations": apps,
            "deviceDisplayName": row["deviceDisplayName"],
            "deviceModel": row["deviceModel"],
            "deviceOs": row["deviceOs"],
            "id": row["id"],
            "lastAccessed": row["lastAccessed"],
            "status": row["status"],
            "userIds": [{"str": user} for user in row["userIds"]],
        }
        if wire["deviceDisplayName"] is None and self.switches["no_name"] != "null":
            wire["deviceDisplayName"] = ""
            if self.switches["no_name"] == "absent":
                del wire["deviceDisplayName"]
        if self.switches["empty_lists"] == "absent":
            wire = {name: value for name, value in wire.items() if value != []}
        return wire if base == BASE else self._old(row, wire)

    def _old(self, row: dict[str, Any], wire: dict[str, Any]) -> dict[str, Any]:
        if "applicationDeviceAssociations" in wire:
            names = ("appName", "deviceId", "deviceStatus", "status")
            apps = [{name: app[name] for name in names} for app in wire["applicationDeviceAssociations"]]
            wire["applicationDeviceAssociations"] = apps
        if "deviceDisplayName" in wire:
            wire["friendlyName"] = wire.pop("deviceDisplayName")
        wire.pop("userIds", None)
        if row["userIds"]:
            wire["uid"] = row["userIds"][0]
        wire["deviceEnvironment"] = platform(row)
        return wire

    def encoded(self, row: dict[str, Any], base: str) -> bytes:
        """:meth:`shown` as JSON, encoded once per change."""
        known = self._encoded.get((row["id"], base))
        if known is None:
            known = self._encoded[row["id"], base] = encode(self.shown(row, base))
        return known

    def contact(self, row: dict[str, Any]) -> None:
        """The phone talks to the server."""
        row["idle"] = self.data["epoch"] - self.clock.now()
        row["lastAccessed"] = self.clock.rfc3339()
        if row["status"] == "EXPIRED" and self.switches["expired_returns"]:
            row["status"] = "ACTIVE"

    def come_back(self) -> None:
        """One more listing has passed for the phones that were deleted; some register anew, unblocked and under a new id."""
        for gone in list(self.data["returning"]):
            gone["left"] -= 1
            self.dirty = True
            if gone["left"] > 0:
                continue
            self.data["returning"].remove(gone)
            row = copy.deepcopy(gone["row"])
            row.update(id=stable_uuid("phone again", row["id"]), status="ACTIVE", deviceDisplayName=None)
            for app in row["applicationDeviceAssociations"]:
                app["status"] = "ENABLED"
            self.contact(row)
            self.data["devices"][row["id"]] = row
            self.changed(row)

    def drift(self, device: str, changes: dict[str, Any]) -> dict[str, Any]:
        """``set``: any field of the stored device, ``applications`` as ``{name: status}``, ``contact`` true: it is back."""
        rows = self.data["devices"]
        found = rows.get(device) or next((row for row in rows.values() if row["deviceDisplayName"] == device), None)
        if found is None:
            raise KeyError(device)
        changes = dict(changes)
        if changes.pop("remove", False):
            del rows[found["id"]]
            self.changed(found)
            return dict(found)
        for name, status in changes.pop("applications", {}).items():
            apps = [app for app in found["applicationDeviceAssociations"] if app["appName"] == name]
            if not apps:
                raise KeyError(name)
            for app in apps:
                app["status"] = status
        if changes.pop("contact", False):
            self.contact(found)
        unknown = changes.keys() - found.keys() | changes.keys() & {"id", "runtime"}
        if unknown:
            raise KeyError(", ".join(sorted(unknown)))
        found.update(changes)
        self.changed(found)
        return dict(found)
