# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HPE GreenLake, the ground: tokens, rate limits, errors, and the forms of a device.

Facts: docs/vendors/greenlake.md. What is assumed there is a switch here.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from fleetform.sandbox.cloud import Cloud, Switch, basic_credentials, stable_uuid
from fleetform.sandbox.greenlake_seed import greenlake_seed
from fleetform.sandbox.wire import Answer, Call, Refusal, bad, encode

UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_DEVICE_PATH = re.compile(r"/devices/(v1|v1beta1|v2beta1)/(devices|async-operations)(/group|/[^/]+)?")
_TOKEN_PATH = re.compile(r"/as/token\.oauth2|/authorization/v2/oauth2/[^/]+/token")
_CODES = {
    400: ("HPE_GL_ERROR_BAD_REQUEST", "Bad Request"),
    401: ("HPE_GL_ERROR_UNAUTHORIZED", "Unauthorized Request"),
    403: ("HPE_GL_ERROR_FORBIDDEN", "Forbidden Request"),
    404: ("HPE_GL_ERROR_NOT_FOUND", "Not Found"),
    422: ("HPE_GL_UNPROCESSABLE_CONTENT", "Unprocessable Content"),
    429: ("HPE_GL_ERROR_TOO_MANY_REQUESTS", "Too Many Requests"),
    500: ("HPE_GL_ERROR_INTERNAL_SERVER_ERROR", "Internal Server Error"),
}
_MAY_BE_ABSENT = ("isFlex", "source", "deviceName", "secondaryName")

SWITCHES: dict[str, Switch] = {
    "unknown_query": Switch(
        "refuse", "live, an unknown query parameter is silently ignored ('ignore'); here it is refused to find misspellings"
    ),
    "error_details_key": Switch("errorDetails", "until July 2026 the array was named by error class"),
    "error_as_gateway_html": Switch(False, "gateways may answer 404 and 405 in HTML"),
    "subscription_form": Switch("array", "subscription on read: 'array', 'object' (first or null) or 'null' (when none)"),
    "tags_none": Switch("null", "a device without tags: 'null' or 'empty'"),
    "absent_keys": Switch(False, "isFlex, source, deviceName, secondaryName are absent rather than null"),
    "contact_form": Switch("nested", "contact on read: 'nested' as written, 'flat', or 'capital' (WorkspaceUser)"),
    "msp": Switch(False, "the demo workspace is a standalone enterprise; true makes it an MSP with two tenants"),
    "json_patch_type": Switch(True, "PATCH accepts plain application/json (live clients send it)"),
    "application_needs_region": Switch(True, "live, an application without region is 400, although examples omit it"),
    "subscription_needs_application": Switch(False, "a subscription may be applied to a device without application"),
    "application_frees_subscription": Switch(True, "unassigning the application frees the subscription"),
    "archive_drops": Switch(True, "archiving drops application and subscription"),
    "archived_refuses": Switch(True, "an archived device refuses assignments; it is unarchived first"),
    "category_checked": Switch(True, "an application or subscription of another device category fails"),
    "tag_clash_fails": Switch(True, "a tag key that exists in another spelling fails"),
    "tag_key_case_delete": Switch(True, "a null value removes the key whatever its case"),
    "tag_equals_sign": Switch(True, "'=' is legal in tags (the help page lists the set without it)"),
    "reserved_tags_refused": Switch(True, "keys that begin with hpe: are refused"),
    "job_type": Switch("devices/asyncOperation", "type of a job; live '/async-resource'"),
    "job_conflict": Switch("log", "a job for a device that has one under way: 'log' as a violation, or 'refuse' (422)"),
    "zero_limit": Switch("refuse", "limit=0: 'refuse' (400) or 'accept' (an empty page)"),
    "same_serial_twice": Switch("refuse", "the same serial twice in one request: 'refuse' (400) or 'accept'"),
    "dry_run_status": Switch(202, "status of a dry run"),
    "unsupported_select": Switch("refuse", "an unknown select name: 'refuse' (400) or 'ignore'"),
    "location_form": Switch(
        "plain", "Location of a job: 'plain' (host-relative, as documented), 'mounted' (below /greenlake) or 'absolute'"
    ),
    "retry_after": Switch("omit", "Retry-After on 429: 'omit' or 'send'; ratelimit-* come always"),
    "ratelimit_prefix": Switch("", "prefix of the ratelimit headers; 'x-' has been seen"),
}


def plain_id(workspace: str) -> str:
    """A workspace id without hyphens, lower case: both spellings occur."""
    return workspace.replace("-", "").lower()


class GreenLakeBase(Cloud):
    """What reading, writing and jobs need."""

    vendor = "greenlake"
    mount = "greenlake"
    SWITCHES = SWITCHES
    LIMITS: ClassVar[dict[str, int]] = {
        "window": 60,
        "list_v1": 160, "get_v1": 40, "add_v1": 50, "patch_v1": 40, "job_v1": 90,
        "list_v1beta1": 160, "get_v1beta1": 40, "add_v1beta1": 25, "patch_v1beta1": 5, "job_v1beta1": 90,
        "list_v2beta1": 300, "get_v2beta1": 300, "group_v2beta1": 300, "add_v2beta1": 50, "patch_v2beta1": 40,
        "neighbour": 60,
        "ids_v1": 5, "ids_v2": 25, "add_batch": 5, "tags": 50, "page_v1": 2000, "page_v2": 500, "url_length": 4096,
        "job_polls": 1, "poll_interval": 1, "job_seconds": 10, "visibility_reads": 0,
    }  # fmt: skip
    TOKEN_LIFETIME = 900
    rows_key = "items"
    total_key = "total"

    def seed(self, name: str, size: int) -> dict[str, Any]:
        return greenlake_seed(name, size)

    def reloaded(self) -> None:
        self._encoded: dict[str, bytes] = {}
        self._ordered: list[dict[str, Any]] | None = None
        self._open = [number for number, job in self.data["jobs"].items() if not job["ended"]]

    def turn(self, switches: dict[str, Any], limits: dict[str, int]) -> None:
        super().turn(switches, limits)
        self._encoded = {}

    def describe(self, call: Call) -> None:
        if _TOKEN_PATH.fullmatch(call.path):
            call.token = True
            return
        call.write = call.method not in ("GET", "HEAD", "OPTIONS")
        found = _DEVICE_PATH.fullmatch(call.path)
        if not call.write:
            call.reads = bool(found and found.group(2) == "devices" and found.group(3) != "/group")
            if call.reads and found and found.group(3):
                call.devices = (found.group(3)[1:],)
            return
        call.idempotent = call.method == "PATCH"
        if call.method == "PATCH":
            call.devices = tuple(call.values("id"))
            return
        serials = re.findall(rb'"serialNumber"\s*:\s*"([^"]*)"', call.body)
        call.devices = tuple(serial.decode("utf-8", "replace") for serial in serials)

    def previous_page(self, query: list[tuple[str, str]]) -> list[tuple[str, str]] | None:
        given = dict(query)
        offset = given.get("offset", "0")
        if not offset.isdigit() or int(offset) == 0:
            return None
        step = given.get("limit", "")
        before = max(0, int(offset) - (int(step) if step.isdigit() else self.limits["page_v1"]))
        return [(name, str(before)) if name == "offset" else (name, value) for name, value in query]

    def refuse(self, call: Call, refusal: Refusal) -> Answer:
        if call.token:
            return Answer.of({"error": refusal.code or "invalid_request", "error_description": refusal.message}, refusal.status)
        status = refusal.status
        if self.switches["error_as_gateway_html"] and refusal.source == "path":
            return Answer(status, b"<html><body><h1>Not Found</h1></body></html>", content_type="text/html")
        code, message = _CODES.get(status, (f"HPE_GL_ERROR_{status}", refusal.message))
        body: dict[str, Any] = {
            "httpStatusCode": status,
            "errorCode": refusal.code or code,
            "message": "Invalid input provided" if refusal.code == "HPE_GL_DM_DEVICE_ID_NOT_FOUND" else message,
            "debugId": stable_uuid("debug", self.data.get("debug_serial", 0)),
        }
        self.data["debug_serial"] = self.data.get("debug_serial", 0) + 1
        body[str(self.switches["error_details_key"])] = [self._detail(call, refusal)]
        return Answer.of(body, status)

    def _detail(self, call: Call, refusal: Refusal) -> dict[str, Any]:
        status = refusal.status
        if status == 500:
            return {"type": "hpe.greenlake.retry_info", "retryAfterSeconds": 30}
        if status == 400 or (status in (401, 404) and "/async-operations/" in call.path):
            kind = {400: "hpe.greenlake.bad_request", 401: "hpe.greenlake.unauthorized"}.get(status, "hpe.greenlake.not_found")
            return {
                "type": kind,
                "issues": [{"source": refusal.source, "subject": refusal.subject, "description": refusal.message}],
            }
        metadata = {401: {"access_token": refusal.message}, 429: {"apiRateLimit": refusal.message}}.get(
            status, {refusal.subject or "detail": refusal.message}
        )
        return {"type": "hpe.greenlake.metadata", "source": "hpe.greenlake.devicemanagement", "metadata": metadata}

    def token(self, call: Call, workspace: str | None = None) -> Answer:
        """Both token endpoints: a form with the grant, the client in the form or as Basic; or an MSP's token exchange."""
        wrong = call.unknown_query(())
        if wrong:
            raise Refusal(400, wrong, rule=wrong, code="invalid_request")
        if call.media_type() != "application/x-www-form-urlencoded":
            raise Refusal(
                400,
                "the token request is a form",
                rule=f"content type {call.media_type()} on the token request",
                code="invalid_request",
            )
        form = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
        exchange = form.get("grant_type") == EXCHANGE
        allowed = {"grant_type", "client_id", "client_secret", *(("subject_token", "subject_token_type") if exchange else ())}
        if set(form) - allowed:
            extra = f"unknown form field: {', '.join(sorted(set(form) - allowed))}"
            raise Refusal(400, extra, rule=extra, code="invalid_request")
        if not exchange and form.get("grant_type") != "client_credentials":
            raise Refusal(400, "grant_type is missing or not supported", rule="grant_type", code="unsupported_grant_type")
        user, secret = basic_credentials(call) or (form.get("client_id"), form.get("client_secret"))
        client = self.data["clients"].get(user)
        if client is None or client["secret"] != secret:
            raise Refusal(401, "Client authentication failed", code="invalid_client")
        own = self.data["workspace"]
        if exchange:
            own = self._tenant(workspace, form)
        elif workspace is not None and plain_id(workspace) != own:
            raise Refusal(401, "The client does not belong to this workspace", code="invalid_client")
        access = self.issue({"client": user, "workspace": own})
        return Answer.of({"access_token": access, "token_type": "Bearer", "expires_in": self.token_lifetime})

    def _tenant(self, workspace: str | None, form: dict[str, str]) -> str:
        subject = self.data["tokens"].get(form.get("subject_token", ""))
        tenants = {tenant["id"] for tenant in self.data["tenants"]}
        if (
            not self.switches["msp"]
            or workspace is None
            or workspace not in tenants
            or subject is None
            or subject["workspace"] != self.data["workspace"]
        ):
            raise Refusal(400, "The token cannot be exchanged", rule="token exchange", code="invalid_grant")
        return workspace

    def admit(self, call: Call) -> dict[str, str]:
        length = len(call.path) + len(call.query_string) + len(self.mount) + 2
        if length > self.limits["url_length"]:
            raise Refusal(414, "URI Too Long", rule=f"url of {length} characters")
        grant = self.bearer(call)
        if grant is None:
            rule = None if call.headers.get("authorization", "").startswith("Bearer ") else "Authorization is not a bearer token"
            raise Refusal(401, "The access token is missing, unknown or its signature has expired", rule=rule, source="header")
        call.note["workspace"] = grant["workspace"]
        group = self._rate_class(call)
        limit = self.limits[group]
        pool = call.path if group == "neighbour" else group
        left, seconds = self.charge(f"{grant['workspace']}/{pool}", limit)
        prefix = self.switches["ratelimit_prefix"]
        headers = {
            f"{prefix}ratelimit-limit": str(limit),
            f"{prefix}ratelimit-remaining": str(max(0, left)),
            f"{prefix}ratelimit-reset": str(seconds),
        }
        if left < 0:
            if self.switches["retry_after"] == "send":
                headers["Retry-After"] = str(seconds)
            raise Refusal(429, f"{limit} requests per minute", rule=f"rate limit {group}", headers=headers)
        if call.method == "GET" and call.body:
            raise bad("GET with a body", "body")
        return headers

    def _rate_class(self, call: Call) -> str:
        found = _DEVICE_PATH.fullmatch(call.path)
        if found is None:
            return "neighbour"
        version, kind, below = found.groups()
        if kind == "async-operations":
            return f"job_{version}"
        if call.method == "GET":
            return f"{'group' if below == '/group' and version == 'v2beta1' else 'get' if below else 'list'}_{version}"
        return f"{'add' if call.method == 'POST' else 'patch'}_{version}"

    def query(self, call: Call, *names: str, repeatable: tuple[str, ...] = ()) -> None:
        """Refuse, or log, what is not in ``names``."""
        wrong = call.unknown_query(names, repeatable)
        if wrong is None:
            return
        if self.switches["unknown_query"] == "refuse" or wrong.startswith("query parameter given twice"):
            raise bad(wrong, wrong.rpartition(" ")[2], "query.parameter")
        call.violation = wrong

    def changed(self, row: dict[str, Any]) -> None:
        """Forget what was encoded of a device."""
        self._encoded.pop(row["id"], None)

    def visible(self, call: Call, row: dict[str, Any]) -> bool:
        """Whether the token's workspace sees the device: an MSP sees all, a tenant its own."""
        workspace = call.note["workspace"]
        return bool(workspace == self.data["workspace"] or plain_id(row["tenantWorkspaceId"] or "") == workspace)

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        """The device as it is sent."""
        wire = dict(row)
        if not wire["tags"] and self.switches["tags_none"] == "null":
            wire["tags"] = None
        form = self.switches["subscription_form"]
        if form == "object":
            wire["subscription"] = wire["subscription"][0] if wire["subscription"] else None
        elif form == "null" and not wire["subscription"]:
            wire["subscription"] = None
        if wire["contact"]:
            wire["contact"] = self._contact(wire["contact"])
        if self.switches["msp"]:
            wire["management"] = "MSP"
            wire["inUseWorkspace"] = None
        if self.switches["absent_keys"]:
            for name in _MAY_BE_ABSENT:
                if wire[name] is None:
                    del wire[name]
        return wire

    def _contact(self, contact: dict[str, Any]) -> dict[str, Any]:
        form = self.switches["contact_form"]
        if form == "flat":
            person = contact.get("workspaceUser") or contact.get("nonWorkspaceUser") or {}
            return {"type": contact["type"], **person}
        if form == "capital":
            return {name[:1].upper() + name[1:] if name != "type" else name: value for name, value in contact.items()}
        return contact

    def encoded(self, row: dict[str, Any]) -> bytes:
        """:meth:`shown`, encoded once per change."""
        known = self._encoded.get(row["id"])
        if known is None:
            known = self._encoded[row["id"]] = encode(self.shown(row))
        return known

    def drift(self, device: str, changes: dict[str, Any]) -> dict[str, Any]:
        """``set``: any field of the stored device as it is on the wire (``tags`` and ``subscription`` replaced as a whole)."""
        rows = self.data["devices"]
        found = rows.get(device) or next((row for row in rows.values() if row["serialNumber"] == device), None)
        if found is None:
            raise KeyError(device)
        self.changed(found)
        if changes.get("remove"):
            self._ordered = None
            removed: dict[str, Any] = rows.pop(found["id"])
            return removed
        for name, value in changes.items():
            if name not in found:
                raise KeyError(name)
            found[name] = value
        found["updatedAt"] = self.clock.rfc3339()
        return dict(found)
