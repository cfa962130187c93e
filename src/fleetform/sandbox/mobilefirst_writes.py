# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MobileFirst's writing operations. Each is a transaction of its runtime, one after the other."""

from __future__ import annotations

import copy
from typing import Any

from fleetform.sandbox.mobilefirst_base import STATUSES
from fleetform.sandbox.mobilefirst_pages import Row
from fleetform.sandbox.mobilefirst_reads import MobileFirstReads
from fleetform.sandbox.wire import Answer, Call, Refusal, bad, check_fields

_FINAL = ("SUCCESS", "FAILURE", "CANCELED")
_NO_EFFECT = ("failed", "failed_empty", "canceled")
_STUCK = ("never", "vanish")
_ROOTS = {
    "CHANGE_DEVICE_STATUS": "set-device-status-result",
    "CHANGE_DEVICE_APPLICATION_STATUS": "set-applicationdevice-status-result",
    "REMOVE_DEVICE": "remove-device-result",
}


class MobileFirstWrites(MobileFirstReads):
    """A transaction is a dict in ``data["transactions"][runtime]``: what the wire shows, and ``left``, the polls to its end."""

    JOB_FAULTS = ("failed", "failed_empty", "canceled", "never", "slow", "vanish")

    def set_status(self, call: Call, runtime: str, number: str) -> Answer:
        status, row = self._asked(call, runtime, number, STATUSES)
        call.noop = row["status"] == status
        return self._transact(call, runtime, "CHANGE_DEVICE_STATUS", {"deviceId": number, "status": status})

    def set_app_status(self, call: Call, runtime: str, number: str, application: str) -> Answer:
        status, row = self._asked(call, runtime, number, ("ENABLED", "DISABLED"))
        apps = [app for app in row["applicationDeviceAssociations"] if app["appName"] == application]
        if not apps:
            raise Refusal(int(self.switches["unknown_app"]), f"Application {application}.", code="FWLSE3002E")
        call.noop = all(app["status"] == status for app in apps)
        what = {"appName": application, "deviceId": number, "status": status}
        return self._transact(call, runtime, "CHANGE_DEVICE_APPLICATION_STATUS", what)

    def delete(self, call: Call, runtime: str, number: str) -> Answer:
        self.query(call, "async")
        row = self.find(self.runtime(runtime, running=True), number)
        return self._transact(call, runtime, "REMOVE_DEVICE", {"deviceId": number, "status": row["status"]})

    def _asked(self, call: Call, runtime: str, number: str, allowed: tuple[str, ...]) -> tuple[str, Row]:
        self.query(call, "async")
        call.boolean("async")
        row = self.find(self.runtime(runtime, running=True), number)
        if call.media_type() != "application/json":
            raise Refusal(415, "Unsupported Media Type", rule=f"content type {call.media_type() or 'missing'}")
        body = call.json()
        check_fields(body, {"status": "string"})
        if body["status"] not in allowed:
            raise bad(f"status must be one of: {', '.join(allowed)}", "status")
        return body["status"], row

    def unlock(self, call: Call, runtime: str) -> Answer:
        self.query(call)
        self.runtime(runtime, running=False)
        self.switches["lock"] = "free"
        for row in self._open(runtime):
            self._end(row, "CANCELED", "FWLSE3092W: The transaction was canceled.")
        return self.bare(call, "lock", {"busy": False})

    def busy(self, runtime: str) -> bool:
        if self.switches["lock"] == "passing":
            looks = self.data["lock_looks"] = self.data.get("lock_looks", 0) + 1
            self.dirty = True
            if looks > self.limits["lock_looks"]:
                self.switches["lock"] = "free"
        return self.switches["lock"] != "free" or bool(self._open(runtime))

    def _open(self, runtime: str) -> list[Row]:
        """The transactions under way. One that a fault keeps from ending holds nobody up."""
        rows = self.data["transactions"][runtime]
        return [row for row in rows[-50:] if row["status"] not in _FINAL and row["fault"] not in _STUCK]

    def _transact(self, call: Call, runtime: str, kind: str, what: dict[str, str]) -> Answer:
        waits = not call.boolean("async")
        self.settle(runtime)
        self._take_lock(call, runtime)
        fault = (call.fault or {}).get("job")
        rows = self.data["transactions"][runtime]
        now = self.clock.rfc3339()
        row: Row = {
            "id": len(rows) + 1,
            "runtime": runtime,
            "type": kind,
            "status": "PENDING",
            "description": what,
            "errors": [],
            "timeCreated": now,
            "timeUpdated": now,
            "userName": call.note["user"],
            "server": self.switches["app_server"],
            "fault": fault,
            "effect": bool((call.fault or {}).get("effect", fault not in _NO_EFFECT)),
            "left": int((call.fault or {}).get("polls", 5)) if fault == "slow" else self.limits["transaction_polls"],
            "started": self.clock.now(),
            "lost": bool(call.note.get("lost")),
            "done": False,
        }
        rows.append(row)
        call.note["transaction"] = row["id"]
        if fault in _STUCK:
            self._carry_out(row)
        elif waits and self.switches["synchronous"] and fault != "slow":
            self._finish(row)
        wire = self.transaction(row)
        ended = row["status"] in _FINAL
        ok = row["status"] == "SUCCESS" if ended else bool(self.switches["async_ok"])
        status = 200 if ok and ended else int(self.switches["failed_status" if ended else "async_status"])
        return self.reply(call, _ROOTS[kind], {"ok": ok, "transaction": wire}, status)

    def _take_lock(self, call: Call, runtime: str) -> None:
        others = self._open(runtime)
        if others:
            call.violation = f"transaction {others[0]['id']} of the runtime is still under way"
            if self.switches["overlap"] == "refuse":
                raise Refusal(500, "Another transaction is under way.", rule=call.violation, code="FWLSE3021E")
            for row in others:
                self._finish(row)
        if self.switches["lock"] != "free" and self.busy(runtime):
            raise Refusal(500, "The lock was not released in time.", code="FWLSE3021E")

    def settle(self, runtime: str) -> None:
        """End the transactions whose answer the client lost, and those older than ``transaction_seconds`` that nobody polls."""
        for row in self._open(runtime):
            old = self.clock.now() - row["started"] >= self.limits["transaction_seconds"]
            if (row["lost"] or old) and row["fault"] != "slow":
                self._finish(row)

    def advance(self, row: Row) -> None:
        if row["status"] in _FINAL or row["fault"] == "never":
            return
        self.dirty = True
        if row["left"] <= 0:
            self._finish(row)
            return
        row["left"] -= 1
        row["status"] = "PREPARING" if row["status"] == "PENDING" and row["left"] else "COMMITTING"
        row["timeUpdated"] = self.clock.rfc3339()

    def _finish(self, row: Row) -> None:
        fault = row["fault"]
        if row["effect"] and not (self.switches["fails"] and fault is None):
            self._carry_out(row)
        if fault == "canceled":
            self._end(row, "CANCELED", "FWLSE3092W: The transaction was canceled before it started.")
        elif fault in _NO_EFFECT or not row["done"]:
            self._end(row, "FAILURE", "" if fault == "failed_empty" else "FWLSE3091W: The transaction failed.")
        else:
            self._end(row, "SUCCESS")

    def _end(self, row: Row, status: str, error: str = "") -> None:
        row.update(status=status, timeUpdated=self.clock.rfc3339(), errors=[{"details": error}] if error else [])
        self.dirty = True

    def _carry_out(self, row: Row) -> None:
        """What the transaction is for. Not done where the device has gone meanwhile."""
        what = row["description"]
        device = self.data["devices"].get(what["deviceId"])
        if device is None or not row["effect"]:
            return
        row["done"] = True
        self.changed(device)
        if row["type"] == "CHANGE_DEVICE_STATUS":
            device["status"] = what["status"]
        elif row["type"] == "REMOVE_DEVICE":
            del self.data["devices"][device["id"]]
            self.data["push"] = [entry for entry in self.data["push"] if entry["deviceId"] != device["id"]]
            if self.switches["returns_after"]:
                gone = {"row": copy.deepcopy(device), "left": int(self.switches["returns_after"])}
                self.data["returning"].append(gone)
        else:
            for app in device["applicationDeviceAssociations"]:
                if app["appName"] == what["appName"]:
                    app["status"] = what["status"]

    def transaction(self, row: Row) -> Row:
        wire: dict[str, Any] = {
            "appServerId": row["server"],
            "description": dict(row["description"]),
            "errors": list(row["errors"]),
            "id": row["id"],
            "project": {"name": row["runtime"]},
            "status": row["status"],
            "timeCreated": row["timeCreated"],
            "timeUpdated": row["timeUpdated"],
            "type": row["type"],
            "userName": row["userName"],
        }
        if not wire["appServerId"]:
            del wire["appServerId"]
        if not wire["errors"] and self.switches["errors_none"] == "absent":
            del wire["errors"]
        return wire
