# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""MobileFirst's reading operations: devices in two versions, runtimes, transactions, the lock, push registrations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fleetform.sandbox.mobilefirst_base import BASE, OLD_BASE, platform
from fleetform.sandbox.mobilefirst_forms import JSON
from fleetform.sandbox.mobilefirst_pages import Keyed, MobileFirstPages, Row
from fleetform.sandbox.wire import Answer, Call, Refusal, bad, encode

_DEVICE_KEYS: dict[str, Callable[[Row], Any]] = {
    "uid": lambda row: row["userIds"][0] if row["userIds"] else "",
    "friendlyName": lambda row: row["deviceDisplayName"] or "",
    "deviceModel": lambda row: row["deviceModel"],
    "deviceEnvironment": platform,
    "status": lambda row: row["status"],
    "lastAccessed": lambda row: row["lastAccessed"],
}
_TRANSACTION_KEYS: dict[str, Callable[[Row], Any]] = {
    "created": lambda row: row["timeCreated"],
    "updated": lambda row: row["timeUpdated"],
    "type": lambda row: row["type"],
    "status": lambda row: row["status"],
    "user": lambda row: row["userName"],
    "server": lambda row: row["server"],
}
_CACHED = 40


class MobileFirstReads(MobileFirstPages):
    """GET operations."""

    def transaction(self, row: Row) -> Row:
        """A transaction on the wire; see the writes' file."""
        raise NotImplementedError

    def settle(self, runtime: str) -> None:
        """Bring transactions that nobody polls to their end; see the writes' file."""

    def list_devices(self, call: Call, runtime: str) -> Answer:
        if call.get("offset") is not None:
            call.violation = "offset is not supported since 7.1"
        return self._devices(call, runtime, BASE, "bookmark")

    def list_old_devices(self, call: Call, runtime: str) -> Answer:
        return self._devices(call, runtime, OLD_BASE, self.switches["old_paging"])

    def _devices(self, call: Call, runtime: str, base: str, paging: str) -> Answer:
        self.query(call, "orderBy", "pageSize", "query", "offset", *(("bookmark",) if paging == "bookmark" else ()))
        self.runtime(runtime, running=True)
        self.settle(runtime)
        if call.get("bookmark") is None:
            self.come_back()
        wanted = call.get("query") or ""
        if 0 < len(wanted) < self.switches["query_minimum"]:
            raise bad(f"query needs {self.switches['query_minimum']} characters", "query", "query.parameter")
        asked = self.asked(call, f"{runtime}/devices", wanted, _DEVICE_KEYS, "uid", paging)
        rows = self._cached(runtime, asked.query, asked.key)
        total = len(rows) if self.switches["total"] == "matching" else len(self._cached(runtime, "", asked.key))
        part, numbers = self.page(asked, rows, total)
        if self.form(call) != JSON:
            return self.reply(call, "devices", {**numbers, "items": [self.shown(row, base) for row in part]})
        items = b",".join([self.encoded(row, base) for row in part])
        rest = encode({"productVersion": self.version(call), **numbers})
        return Answer(200, b'{"items":[' + items + b"]," + rest[1:])

    def _cached(self, runtime: str, wanted: str, order: str) -> list[Keyed]:
        """The matching devices with their sort keys, always ascending."""
        key = (runtime, wanted.casefold(), order)
        known = self.sorted.get(key)
        if known is None:
            if len(self.sorted) >= _CACHED:
                self.sorted.clear()
            value = _DEVICE_KEYS[key[2]]
            rows = [row for row in self.data["devices"].values() if row["runtime"] == runtime and _matches(row, key[1])]
            known = self.sorted[key] = sorted((((value(row), row["id"]), row) for row in rows), key=lambda pair: pair[0])
        return known

    def list_runtimes(self, call: Call) -> Answer:
        self.query(call, "mode")
        stopped = self.switches["stopped"]
        every = call.choice("mode", ("running", "db")) == "db"
        names = [name for name in self.data["runtimes"] if every or name not in stopped]
        return self.reply(call, "projectconfiguration", {"projects": [self._project(call, name) for name in names]})

    def _project(self, call: Call, name: str) -> Row:
        base = OLD_BASE if call.path.startswith(OLD_BASE) else BASE
        return {
            "apiVersion": base[-3:],
            "link": f"http://{call.headers.get('host', 'localhost')}/{self.mount}{base}/runtimes/{name}",
            "name": name,
            "running": name not in self.switches["stopped"],
            "synchronizationStatus": "ok",
        }

    def get_runtime(self, call: Call, name: str) -> Answer:
        self.query(call, "expand")
        call.boolean("expand")
        self.runtime(name, running=False)
        states = [row["status"] for row in self.data["devices"].values() if row["runtime"] == name]
        shown = self._project(call, name)
        del shown["link"], shown["apiVersion"]
        shown.update(
            numberOfActiveDevices=len(states) - states.count("EXPIRED"),
            numberOfDecommisionedDevices=states.count("EXPIRED"),
            config={"runtimeVersion": self.version(call)},
            runtimeInfo={"platformVersion": self.version(call)},
            confidentialClients=[{"id": "push", "displayName": "Push", "secret": "push-confidential", "allowedScope": "**"}],
        )
        return self.reply(call, "runtime", shown)

    def list_transactions(self, call: Call, runtime: str) -> Answer:
        self.query(call, "bookmark", "offset", "pageSize", "orderBy", "mode", "file")
        self.runtime(runtime, running=False)
        self.settle(runtime)
        if call.boolean("file"):
            raise bad("the sandbox has no zip of transactions", "file", "query.parameter")
        failed = call.choice("mode", ("errors",)) is not None
        paging = "bookmark" if call.get("bookmark") is not None or call.get("offset") is None else "offset"
        mode = "errors" if failed else ""
        asked = self.asked(call, f"{runtime}/transactions", mode, _TRANSACTION_KEYS, "created", paging)
        value = _TRANSACTION_KEYS[asked.key]
        found = [row for row in self.data["transactions"][runtime] if not failed or row["status"] == "FAILURE"]
        rows = sorted((((value(row), row["id"]), row) for row in found), key=lambda pair: pair[0])
        part, numbers = self.page(asked, rows, len(rows))
        return self.reply(call, "transactions", {**numbers, "items": [self.transaction(row) for row in part]})

    def get_transaction(self, call: Call, runtime: str, number: str) -> Answer:
        self.query(call)
        self.runtime(runtime, running=False)
        found = next((row for row in self.data["transactions"][runtime] if str(row["id"]) == number), None)
        if found is None or found["fault"] == "vanish":
            raise Refusal(404, f"Transaction {number}.", code="FWLSE3002E")
        self.advance(found)
        return self.reply(call, "transaction", self.transaction(found))

    def advance(self, row: Row) -> None:
        """One poll further; see the writes' file."""

    def get_lock(self, call: Call, runtime: str) -> Answer:
        self.query(call)
        self.runtime(runtime, running=False)
        self.settle(runtime)
        return self.bare(call, "lock", {"busy": self.busy(runtime)})

    def busy(self, runtime: str) -> bool:
        """Whether the lock is held; a look at a lock that is only passing counts. See the writes' file."""
        raise NotImplementedError

    def push_devices(self, call: Call, runtime: str, application: str) -> Answer:
        self.query(call, "expand", "filter", "offset", "size", "userId")
        expand = call.boolean("expand")
        offset, size = call.integer("offset", 0, 0), call.integer("size", 100, 1, self.limits["page_size"])
        rows = self._registrations(runtime, application)
        name, equals, kind = (call.get("filter") or "platform==").partition("==")
        if not equals or name != "platform":
            raise bad("the sandbox filters by platform== only", "filter", "query.parameter")
        user = call.get("userId")
        rows = [row for row in rows if kind in ("", row["platform"]) and user in (None, row["userId"])]
        shown = [self._registration(call, row) for row in rows[offset : offset + size]]
        short = ("deviceId", "href", "userId")
        devices = shown if expand else [{name: row[name] for name in short} for row in shown]
        return self.reply(call, "push-devices", {"devices": devices})

    def push_device(self, call: Call, runtime: str, application: str, number: str) -> Answer:
        self.query(call)
        for row in self._registrations(runtime, application):
            if row["deviceId"] == number:
                return self.reply(call, "push-device", self._registration(call, row))
        raise Refusal(404, f"Push device {number}.", code="FWLSE3002E")

    def _registrations(self, runtime: str, application: str) -> list[Row]:
        self.runtime(runtime, running=True)
        rows = [row for row in self.data["push"] if (row["runtime"], row["application"]) == (runtime, application)]
        if not rows:
            raise Refusal(404, f"Application {application}.", code="FWLSE3002E")
        return rows

    def _registration(self, call: Call, row: Row) -> Row:
        path = f"{BASE}/runtimes/{row['runtime']}/notifications/applications/{row['application']}/devices/{row['deviceId']}"
        shown = {name: value for name, value in row.items() if name not in ("runtime", "application")}
        return {**shown, "href": f"http://{call.headers.get('host', 'localhost')}/{self.mount}{path}"}


def _matches(row: Row, wanted: str) -> bool:
    """Whether the friendly name or a user contains the text, whatever the case. The id is not looked at."""
    return any(wanted in text.casefold() for text in (row["deviceDisplayName"] or "", *row["userIds"]))
