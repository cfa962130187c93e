# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GreenLake's writing operations: what is refused at once, and what becomes a job."""

from __future__ import annotations

import re
from typing import Any

from fleetform.sandbox.greenlake_base import UUID, plain_id
from fleetform.sandbox.greenlake_jobs import GreenLakeJobs
from fleetform.sandbox.wire import Answer, Call, Refusal, bad, check_fields

_TAG_TEXT = re.compile(r"[\w .:=+@-]*")
_MAC_KEYS = {"NETWORK": "macAddress", "COMPUTE": "partNumber", "STORAGE": "partNumber"}
_KINDS_V1 = {"application": "object", "region": "any", "subscription": "list", "tenantPlatformCustomerId": "string"}
_KINDS_V2 = {
    "application": "object",
    "region": "any",
    "tags": "object",
    "location": "object",
    "contact": "object",
    "tenantWorkspaceId": "string",
    "warranty/currentSupportLevel": "object",
    "archived": "boolean",
    "subscription": "list",
}
_PERSON = {"firstName": "string", "lastName": "string", "phoneNumber": "string"}


class GreenLakeWrites(GreenLakeJobs):
    """POST and PATCH."""

    def _media(self, call: Call, *allowed: str) -> None:
        if call.media_type() not in allowed:
            raise Refusal(415, "Unsupported Media Type", rule=f"content type {call.media_type() or 'missing'}")

    def _dry(self, call: Call, *names: str) -> bool:
        self.query(call, "dry-run", *names, repeatable=("id",))
        return call.boolean("dry-run")

    def _accepted(self, call: Call, job: str, *, body: bool, dry_run: bool) -> Answer:
        status = int(self.switches["dry_run_status"]) if dry_run else 202
        form = self.switches["location_form"]
        base = {"mounted": f"/{self.mount}", "absolute": f"http://{call.headers.get('host', '')}/{self.mount}"}.get(form, "")
        location = {"Location": f"{base}/devices/v1/async-operations/{job}"}
        if body:
            return Answer.of({"code": 202, "status": "202 ACCEPTED", "transactionId": job}, status, location)
        return Answer(status, None, location)

    def add_v1(self, call: Call) -> Answer:
        self._media(call, "application/json")
        return self._add_lists(call, dry_run=self._dry(call))

    def add_v1beta1(self, call: Call) -> Answer:
        self._media(call, "application/json")
        self.query(call)
        return self._add_lists(call, dry_run=False)

    def _add_lists(self, call: Call, *, dry_run: bool) -> Answer:
        body = call.json()
        check_fields(body, {"network": "list", "compute": "list", "storage": "list"})
        entries = []
        for kind in ("network", "compute", "storage"):
            category = kind.upper()
            for place, entry in enumerate(body[kind]):
                where = f"{kind}[{place}]."
                if not isinstance(entry, dict):
                    raise bad(f"{where} must be an object", kind)
                extra = {"tags": "object", **({"partNumber": "string"} if kind == "network" else {})}
                check_fields(entry, {"serialNumber": "string", _MAC_KEYS[category]: "string"}, extra, where)
                self._check_entry(entry)
                entries.append({**entry, "category": category})
        if not 1 <= len(entries) <= self.limits["add_batch"]:
            raise bad(f"between 1 and {self.limits['add_batch']} devices in one request, all lists together", "devices")
        return self._start_add(call, entries, body=True, dry_run=dry_run)

    def add_v2beta1(self, call: Call) -> Answer:
        self._media(call, "application/json")
        dry_run = self._dry(call)
        body = call.json()
        optional = {"macAddress": "string", "partNumber": "string", "tags": "object", "location": "object", "contact": "object"}
        check_fields(body, {"serialNumber": "string", "deviceType": "string"}, optional)
        category = body["deviceType"]
        if category not in _MAC_KEYS:
            raise bad("deviceType must be one of: COMPUTE, NETWORK, STORAGE", "deviceType")
        if _MAC_KEYS[category] not in body:
            raise bad(f"{_MAC_KEYS[category]}: must not be null", _MAC_KEYS[category])
        if category != "NETWORK" and "macAddress" in body:
            raise bad("macAddress belongs to NETWORK devices", "macAddress")
        self._check_entry(body)
        if "location" in body:
            self._check_location(body["location"], empty=False)
        if "contact" in body:
            self._check_contact(body["contact"], empty=False)
        entry = {**{name: value for name, value in body.items() if name != "deviceType"}, "category": category}
        return self._start_add(call, [entry], body=False, dry_run=dry_run)

    def _check_entry(self, entry: dict[str, Any]) -> None:
        for name in ("serialNumber", "macAddress", "partNumber"):
            if name in entry and not entry[name].strip():
                raise bad(f"{name}: must not be blank", name)
        if "tags" in entry:
            self._check_tags(entry["tags"], removing=False)

    def _start_add(self, call: Call, entries: list[dict[str, Any]], *, body: bool, dry_run: bool) -> Answer:
        self.settle()
        serials = [entry["serialNumber"] for entry in entries]
        if len(set(serials)) != len(serials) and self.switches["same_serial_twice"] == "refuse":
            raise bad("the same serialNumber twice", "serialNumber")
        job = self.start_job(call, {"op": "add", "entries": entries}, serials, dry_run=dry_run)
        return self._accepted(call, job, body=body, dry_run=dry_run)

    def patch_v1(self, call: Call) -> Answer:
        return self._patch_lists(call, dry_run=self._dry(call, "id"))

    def patch_v1beta1(self, call: Call) -> Answer:
        self.query(call, "id", repeatable=("id",))
        return self._patch_lists(call, dry_run=False)

    def _patch_body(self, call: Call, kinds: dict[str, str]) -> dict[str, Any]:
        also = ("application/json",) if self.switches["json_patch_type"] else ()
        self._media(call, "application/merge-patch+json", *also)
        body = call.json()
        check_fields(body, {}, kinds)
        if not body:
            raise bad("the body changes nothing", "body")
        return body

    def _patch_lists(self, call: Call, *, dry_run: bool) -> Answer:
        ids = self._ids(call, self.limits["ids_v1"])
        body = self._patch_body(call, _KINDS_V1)
        if "subscription" in body and len(body) > 1:
            raise bad("only one operation in one call", "subscription")
        tenant = body.pop("tenantPlatformCustomerId", None)
        if tenant is not None:
            body["tenantWorkspaceId"] = tenant
        return self._start_patch(call, ids, body, body=True, dry_run=dry_run)

    def patch_v2beta1(self, call: Call) -> Answer:
        dry_run = self._dry(call, "id")
        ids = self._ids(call, self.limits["ids_v2"])
        body = self._patch_body(call, _KINDS_V2)
        for alone in ("archived", "subscription"):
            if alone in body and len(body) > 1:
                raise bad(f"{alone} cannot be combined with other operations", alone)
        if "tags" in body:
            self._check_tags(body["tags"], removing=True)
        if "location" in body:
            self._check_location(body["location"], empty=True)
        if "contact" in body:
            self._check_contact(body["contact"], empty=True)
        if "warranty/currentSupportLevel" in body:
            check_fields(
                body["warranty/currentSupportLevel"],
                {"endDate": "string", "serviceLevel": "string"},
                where="warranty/currentSupportLevel.",
            )
        return self._start_patch(call, ids, body, body=False, dry_run=dry_run)

    def _ids(self, call: Call, largest: int) -> list[str]:
        ids = call.values("id")
        if not ids:
            raise bad("id is required", "id", "query.parameter")
        if len(ids) > largest:
            raise bad(f"at most {largest} ids in one request", "id", "query.parameter")
        for number in ids:
            if not UUID.fullmatch(number):
                raise bad("id must be a UUID", "id", "query.parameter")
        folded = [number.lower() for number in ids]
        if len(set(folded)) != len(folded):
            raise bad("ids must be unique", "id", "query.parameter")
        return folded

    def _start_patch(self, call: Call, ids: list[str], changes: dict[str, Any], *, body: bool, dry_run: bool) -> Answer:
        self._check_application(changes)
        if "subscription" in changes:
            self._check_subscription_list(changes["subscription"])
        self.settle()
        work = {"op": "patch", "changes": changes, "workspace": call.note["workspace"]}
        job = self.start_job(call, work, ids, dry_run=dry_run)
        return self._accepted(call, job, body=body, dry_run=dry_run)

    def _check_application(self, changes: dict[str, Any]) -> None:
        region = changes.get("region")
        if region is not None and not isinstance(region, str):
            raise bad("region: must be of type string", "region")
        if "application" not in changes:
            if "region" in changes:
                raise bad("region goes with application", "region")
            if "tenantWorkspaceId" in changes:
                raise bad("a tenant goes with application and region", "tenantWorkspaceId")
            return
        application = changes["application"]
        if set(application) != {"id"} or not (application["id"] is None or isinstance(application["id"], str)):
            raise bad("application holds an id, a UUID or null", "application")
        number = application["id"]
        if number is None:
            if region is not None:
                raise bad("region must be null when the application is unassigned", "region")
            if "tenantWorkspaceId" in changes:
                raise bad("a tenant needs an application", "tenantWorkspaceId")
            return
        if not UUID.fullmatch(number):
            raise bad("application.id must be a UUID", "application")
        application["id"] = number.lower()
        if region is None and self.switches["application_needs_region"]:
            raise bad("region is required with application", "region", code="HPE_GL_DM_BAD_REQUEST")
        if "tenantWorkspaceId" in changes:
            if not self.switches["msp"]:
                raise bad("only an MSP workspace has tenants", "tenantWorkspaceId")
            changes["tenantWorkspaceId"] = plain_id(changes["tenantWorkspaceId"])

    def _check_subscription_list(self, entries: list[Any]) -> None:
        for place, entry in enumerate(entries):
            if not isinstance(entry, dict):
                raise bad("subscription holds objects", "subscription")
            check_fields(entry, {"id": "string"}, where=f"subscription[{place}].")
            if not UUID.fullmatch(entry["id"]):
                raise bad("subscription.id must be a UUID", "subscription")

    def _check_location(self, location: dict[str, Any], *, empty: bool) -> None:
        if not location and empty:
            return
        check_fields(location, {"id": "string"}, where="location.")
        if not UUID.fullmatch(location["id"]):
            raise bad("location.id must be a UUID", "location")

    def _check_contact(self, contact: dict[str, Any], *, empty: bool) -> None:
        if not contact and empty:
            return
        check_fields(contact, {"type": "string"}, {"workspaceUser": "object", "nonWorkspaceUser": "object"}, "contact.")
        inside = {"WORKSPACE-USER": "workspaceUser", "NON-WORKSPACE-USER": "nonWorkspaceUser"}.get(contact["type"])
        if inside is None:
            raise bad("contact.type must be WORKSPACE-USER or NON-WORKSPACE-USER", "contact")
        if set(contact) != {"type", inside}:
            raise bad(f"a contact of type {contact['type']} needs {inside} alone", "contact")
        if inside == "workspaceUser":
            check_fields(contact[inside], {"id": "string"}, where="contact.workspaceUser.")
        else:
            check_fields(contact[inside], {"email": "string"}, _PERSON, "contact.nonWorkspaceUser.")

    def _check_tags(self, tags: dict[str, Any], *, removing: bool) -> None:
        if not tags and removing:
            raise bad("tags changes nothing", "tags")
        if len(tags) > self.limits["tags"]:
            raise bad(f"at most {self.limits['tags']} tags", "tags")
        if len({key.lower() for key in tags}) != len(tags):
            raise bad("two tag keys that differ in case only", "tags")
        for key, value in tags.items():
            if not 1 <= len(key) <= 128 or not self._tag_text(key):
                raise bad(f"tag key {key!r} is not legal", "tags")
            if self.switches["reserved_tags_refused"] and key.lower().startswith("hpe:"):
                raise bad("tag keys that begin with hpe: are reserved", "tags")
            if value is None and removing:
                continue
            if not isinstance(value, str) or len(value) > 256 or not self._tag_text(value):
                raise bad(f"the value of tag {key!r} is not legal", "tags")

    def _tag_text(self, text: str) -> bool:
        if "=" in text and not self.switches["tag_equals_sign"]:
            return False
        return _TAG_TEXT.fullmatch(text) is not None
