# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GreenLake's asynchronous jobs: what each does to devices, how it ends, and what it then says."""

from __future__ import annotations

import copy
import math
from datetime import UTC, datetime
from typing import Any

from fleetform.sandbox.cloud import stable_uuid
from fleetform.sandbox.greenlake_reads import GreenLakeReads
from fleetform.sandbox.greenlake_seed import new_row
from fleetform.sandbox.wire import Answer, Call, Refusal

_DAY = 86_400
_AT_ONCE = ("never", "vanish")
_NO_EFFECT = ("failed", "failed_empty", "timeout", "timedout")
_STUCK = ("never", "vanish", "timeout", "timedout")
NOT_FOUND = "HPE_GL_ERROR_NOT_FOUND"
PRECONDITION = "HPE_GL_ERROR_PRECONDITION_FAILED"


class DeviceFailure(Exception):
    """One device of a job cannot be changed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class GreenLakeJobs(GreenLakeReads):
    """A job is a dict in ``data["jobs"]``: ``work``, ``left`` (polls until the end), ``ended``, ``status``, ``result``."""

    JOB_FAULTS = ("failed", "failed_empty", "partial", "never", "timeout", "timedout", "string_result", "slow", "vanish")

    def start_job(self, call: Call, work: dict[str, Any], targets: list[str], *, dry_run: bool) -> str:
        """Accept work for later; the id of its job. Notes in the log what a careful client would not have sent."""
        serial = self.data["job_serial"] = self.data["job_serial"] + 1
        number = stable_uuid("job", serial)
        if dry_run:
            return number
        self._note_conflict(call, targets)
        fault = call.fault or {}
        kind = fault.get("job")
        polls = int(fault.get("polls", 5)) if kind == "slow" else self.limits["job_polls"]
        job = {
            "id": number,
            "work": work,
            "targets": targets,
            "fault": kind,
            "effect": fault.get("effect", kind not in _NO_EFFECT),
            "polls": polls,
            "left": polls,
            "lost": bool(call.note.get("lost")),
            "started": self.clock.now(),
            "startedAt": self.clock.rfc3339(),
            "ended": None,
            "endedAt": None,
            "status": "INITIALIZED",
            "result": None,
            "done": False,
        }
        self.data["jobs"][number] = job
        self._open.append(number)
        unchanged = [target for target in targets if self._would_not_change(work, target)]
        call.noop = len(unchanged) == len(targets)
        call.note.update(job=number, noop_devices=unchanged)
        if kind in _AT_ONCE and job["effect"]:
            self._carry_out(job)
        return number

    def _note_conflict(self, call: Call, targets: list[str]) -> None:
        wanted = set(targets)
        for number in self._open:
            other = self.data["jobs"][number]
            if other["fault"] not in _STUCK and wanted & set(other["targets"]):
                call.violation = f"job {number} for the same device is still under way"
                if self.switches["job_conflict"] == "refuse":
                    raise Refusal(422, "another operation for the device is under way", rule=call.violation, subject="id")

    def settle(self) -> None:
        """End the jobs whose answer the client lost, and those older than ``job_seconds`` that nobody polls."""
        for number in list(self._open):
            job = self.data["jobs"][number]
            old = self.clock.now() - job["started"] >= self.limits["job_seconds"]
            if (job["lost"] or old) and job["fault"] not in _STUCK and job["fault"] != "slow":
                self._end(job)

    def get_job(self, call: Call, number: str) -> Answer:
        self.query(call)
        job = self.data["jobs"].get(number)
        gone = job is None or job["fault"] == "vanish" or (job["ended"] is not None and self.clock.now() - job["ended"] > _DAY)
        if job is None or gone:
            raise Refusal(404, "async operation not found", subject="id", source="path.parameter")
        if job["ended"] is None:
            self.dirty = True
            if job["left"] > 0 or job["fault"] == "never":
                first = job["left"] == job["polls"] and job["polls"] > 1
                job["left"] -= 1
                job["status"] = "INITIALIZED" if first else "RUNNING"
            else:
                self._end(job)
        return Answer.of(self._wire(job))

    def _wire(self, job: dict[str, Any]) -> dict[str, Any]:
        adding = job["work"]["op"] == "add"
        wire = {
            "id": job["id"],
            "type": self.switches["job_type"],
            "status": job["status"],
            "startedAt": job["startedAt"],
            "progressPercent": {"INITIALIZED": 0, "RUNNING": 50, "SUCCEEDED": 100}.get(job["status"], 0),
            "suggestedPollingIntervalSeconds": self.limits["poll_interval"],
            "timeoutMinutes": 2,
            "resultType": "postDevicesResponse" if adding else "PatchDeviceResponseV2",
            "sourceResourceUri": "AsyncOperationResource",
            "logMessages": [],
        }
        if job["endedAt"]:
            wire["endedAt"] = job["endedAt"]
        if job["result"] is not None:
            wire["result"] = job["result"]
        return wire

    def _end(self, job: dict[str, Any]) -> None:
        fault = job["fault"]
        if not job["done"] and job["effect"]:
            self._carry_out(job)
        failures: dict[str, list[str]] = job.get("failures", {})
        if not job["done"]:
            failures = {target: [PRECONDITION, "Operation failed"] for target in job["targets"]}
        job["status"] = "FAILED" if failures else "SUCCEEDED"
        job["result"] = self._result(job, failures)
        if fault in ("failed", "failed_empty"):
            job["status"] = "FAILED"
        if fault == "failed_empty":
            job["result"] = {}
        elif fault in ("timeout", "timedout"):
            job["status"], job["result"] = fault.upper(), None
        elif fault == "string_result" and not failures:
            job["result"] = "SUCCEEDED"
        job["ended"], job["endedAt"] = self.clock.now(), self.clock.rfc3339()
        self._open.remove(job["id"])
        self.dirty = True

    def _result(self, job: dict[str, Any], failures: dict[str, list[str]]) -> Any:
        if job["work"]["op"] == "add":
            return {"failedDevicesSerial": list(failures)} if failures else "SUCCEEDED"
        result: dict[str, Any] = {}
        done = [{"id": target} for target in job["targets"] if target not in failures]
        if failures:
            result["failedDevices"] = [
                {"id": key, "errorCode": code, "messages": [message]} for key, (code, message) in failures.items()
            ]
        if done or not failures:
            result["succeededDevices"] = done
        return result

    def _carry_out(self, job: dict[str, Any]) -> None:
        targets = job["targets"]
        allowed = math.floor(len(targets) / 2) if job["fault"] == "partial" else len(targets)
        failures: dict[str, list[str]] = {}
        for place, target in enumerate(targets):
            try:
                if place >= allowed:
                    raise DeviceFailure(PRECONDITION, "Operation failed")
                if job["work"]["op"] == "add":
                    self._add(job["work"], target)
                else:
                    self._patch(job["work"], target)
            except DeviceFailure as failure:
                failures[target] = [failure.code, failure.message]
        job["done"], job["failures"] = True, failures

    def _would_not_change(self, work: dict[str, Any], target: str) -> bool:
        if work["op"] == "add":
            return self._by_serial(target) is not None
        row = self.data["devices"].get(target)
        if row is None:
            return False
        draft = copy.deepcopy(row)
        try:
            self.apply(draft, work)
        except DeviceFailure:
            return False
        return bool(draft == row)

    def _by_serial(self, serial: str) -> dict[str, Any] | None:
        for row in self.data["devices"].values():
            if row["serialNumber"] == serial:
                return dict(row)
        return None

    def _add(self, work: dict[str, Any], serial: str) -> None:
        entry = next(entry for entry in work["entries"] if entry["serialNumber"] == serial)
        if self._by_serial(serial) is not None:
            raise DeviceFailure(PRECONDITION, "already claimed")
        if serial in self.data["elsewhere"]:
            raise DeviceFailure(PRECONDITION, "already claimed by another workspace")
        known = self.data["catalogue"].get(serial)
        if known is None or known["category"] != entry["category"]:
            raise DeviceFailure(NOT_FOUND, "device not found")
        if entry["category"] == "NETWORK" and entry["macAddress"] != known["macAddress"]:
            raise DeviceFailure(NOT_FOUND, "device not found")
        if "partNumber" in entry and entry["partNumber"] != known["partNumber"]:
            raise DeviceFailure(NOT_FOUND, "device not found")
        row = new_row(known, self.clock.rfc3339())
        self.apply(row, {"changes": {name: entry[name] for name in ("tags", "location", "contact") if name in entry}})
        self.data["devices"][row["id"]] = row
        if self.limits["visibility_reads"]:
            self.data["hidden"][row["id"]] = self.limits["visibility_reads"]
        self._ordered = None

    def _patch(self, work: dict[str, Any], target: str) -> None:
        row = self.data["devices"].get(target)
        if row is None or not (work["workspace"] == self.data["workspace"] or row["tenantWorkspaceId"] == work["workspace"]):
            raise DeviceFailure(NOT_FOUND, "device not found")
        draft = copy.deepcopy(row)
        self.apply(draft, work)
        if draft != row:
            row.update(draft, updatedAt=self.clock.rfc3339())
            self.changed(row)

    def apply(self, row: dict[str, Any], work: dict[str, Any]) -> None:
        """Change a device; on DeviceFailure the row may be half changed, so callers work on a copy."""
        changes = work["changes"]
        assigns = changes.keys() & {"application", "subscription", "tenantWorkspaceId"}
        if row["archived"] and assigns and self.switches["archived_refuses"]:
            raise DeviceFailure(PRECONDITION, "device is archived")
        for name, value in changes.items():
            if name in ("region", "tenantWorkspaceId"):
                continue
            if name == "application":
                self._apply_application(row, changes)
            elif name == "tags":
                self._apply_tags(row, value)
            elif name == "location":
                row["location"] = self._location(value)
            elif name == "contact":
                row["contact"] = self._contact_known(value)
            elif name == "subscription":
                self._apply_subscription(row, value)
            elif name == "archived":
                row["archived"] = value
                if value and self.switches["archive_drops"]:
                    self._drop_application(row)
                    row["subscription"] = []
            else:
                if row["source"] != "DISCOVERED":
                    raise DeviceFailure(PRECONDITION, "the support level can be set on discovered devices only")
                row["warranty"] = {**(row["warranty"] or {"country": None, "supportLevels": []}), "currentSupportLevel": value}

    def _drop_application(self, row: dict[str, Any]) -> None:
        row.update(application=None, region=None, assignedState="UNASSIGNED", tenantWorkspaceId=None, inUseWorkspace=None)

    def _apply_application(self, row: dict[str, Any], changes: dict[str, Any]) -> None:
        number, region = changes["application"]["id"], changes.get("region")
        if number is None:
            self._drop_application(row)
            if self.switches["application_frees_subscription"]:
                row["subscription"] = []
            return
        manager = next((m for m in self.data["service_managers"] if m["id"] == number), None)
        if manager is None:
            raise DeviceFailure(NOT_FOUND, "application not found")
        here = [
            p["region"]
            for p in self.data["provisions"]
            if p["serviceManager"]["id"] == number and p["provisionStatus"] == "PROVISIONED"
        ]
        if region is not None and region not in here:
            raise DeviceFailure(PRECONDITION, "application is not provisioned in this region")
        if self.switches["category_checked"] and row["category"] not in self.data["manager_categories"][number]:
            raise DeviceFailure(PRECONDITION, "application does not manage this kind of device")
        row["application"] = {"id": number, "resourceUri": f"/service-catalog/v1/service-managers/{number}"}
        row["region"] = region or here[0]
        row["assignedState"] = "ASSIGNED_TO_SERVICE"
        tenant = changes.get("tenantWorkspaceId")
        if tenant is not None:
            if tenant not in {known["id"] for known in self.data["tenants"]}:
                raise DeviceFailure(NOT_FOUND, "tenant workspace not found")
            row["tenantWorkspaceId"] = tenant
        user = row["tenantWorkspaceId"] or self.data["workspace"]
        row["inUseWorkspace"] = {"id": user, "type": "workspaces/workspace", "resourceUri": f"/workspaces/v1/workspaces/{user}"}

    def _apply_tags(self, row: dict[str, Any], wanted: dict[str, str | None]) -> None:
        tags: dict[str, str] = dict(row["tags"])
        for key, value in wanted.items():
            spelt = next((name for name in tags if name.lower() == key.lower()), None)
            if value is None:
                if spelt is not None and (spelt == key or self.switches["tag_key_case_delete"]):
                    del tags[spelt]
            elif spelt is not None and spelt != key and self.switches["tag_clash_fails"]:
                raise DeviceFailure(PRECONDITION, f"tag key {key} exists as {spelt}")
            else:
                tags[key] = value
        if len(tags) > self.limits["tags"]:
            raise DeviceFailure(PRECONDITION, f"more than {self.limits['tags']} tags")
        row["tags"] = tags

    def _location(self, wanted: dict[str, str]) -> dict[str, Any] | None:
        if not wanted:
            return None
        for place in self.data["locations"]:
            if place["id"] == wanted["id"].lower():
                address = place["addresses"][0]
                return {
                    "id": place["id"],
                    "resourceUri": f"/locations/v1/locations/{place['id']}",
                    "locationName": place["name"],
                    "locationSource": "USER",
                    **{
                        name: address[name]
                        for name in ("streetAddress", "city", "state", "country", "postalCode", "latitude", "longitude")
                    },
                }
        raise DeviceFailure(NOT_FOUND, "location not found")

    def _contact_known(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        user = wanted.get("workspaceUser")
        if user is not None and user["id"].lower() not in {known["id"] for known in self.data["users"]}:
            raise DeviceFailure(NOT_FOUND, "contact user not found")
        return wanted or None

    def _apply_subscription(self, row: dict[str, Any], wanted: list[dict[str, str]]) -> None:
        if wanted and row["application"] is None and self.switches["subscription_needs_application"]:
            raise DeviceFailure(PRECONDITION, "device has no application")
        held = {entry["id"] for entry in row["subscription"]}
        found = []
        for entry in wanted:
            known = next((s for s in self.data["subscriptions"] if s["id"] == entry["id"].lower()), None)
            if known is None:
                raise DeviceFailure(NOT_FOUND, "subscription not found")
            self._check_subscription(row, known, held)
            names = ("id", "key", "tier", "startTime", "endTime")
            found.append(
                {**{name: known[name] for name in names}, "resourceUri": f"/subscriptions/v1/subscriptions/{known['id']}"}
            )
        row["subscription"] = found

    def _check_subscription(self, row: dict[str, Any], known: dict[str, Any], held: set[str]) -> None:
        if datetime.fromisoformat(known["endTime"]) < datetime.fromtimestamp(self.clock.now(), UTC):
            raise DeviceFailure(PRECONDITION, "subscription has expired")
        if self.switches["category_checked"] and self.data["subscription_categories"][known["id"]] != row["category"]:
            raise DeviceFailure(PRECONDITION, "subscription does not fit this kind of device")
        used = sum(entry["id"] == known["id"] for other in self.data["devices"].values() for entry in other["subscription"])
        if known["id"] not in held and used >= known["quantity"]:
            raise DeviceFailure(PRECONDITION, "subscription has no free seat")
