# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Blynk's reading operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fleetform.sandbox.blynk_base import BlynkBase
from fleetform.sandbox.wire import Answer, Call, Refusal

_DEVICE_SORTS = (
    "Device Id",
    "Name",
    "Auth Token",
    "Owner Id",
    "Device Owner Name",
    "Device Owner",
    "Last Reported At",
    "Activated At",
    "Activated By",
    "Model",
    "Template Name",
    "Template Id",
    "Firmware Version",
    "Organization Id",
    "Status",
)
_USER_SORTS = (
    "User Id",
    "Name",
    "Email",
    "Status",
    "Role",
    "Organization Name",
    "Devices Count",
    "Country",
    "Registered At",
    "Phone Number",
)
_ORGANIZATION_SORTS = ("Organization Id", "Name", "Device Count", "User Count", "Sub Organizations")
_ORDERS = ("ASC", "DESC")
_FULL = ("firstConnectTime", "connectTime", "disconnectTime", "firmwareUpdatedAt", "isLocked", "lastReceivedEventAt")
_USER_ROW = ("id", "name", "email", "roleId", "orgId", "isDev")


class BlynkReads(BlynkBase):
    """GET operations; each method is named after its path."""

    def list_devices(self, call: Call) -> Answer:
        self.query(call, "orgId", "includeSubOrgDevices", "page", "size")
        org = self.org_asked(call)
        orgs = self.tree(org) if call.boolean("includeSubOrgDevices") else frozenset({org})
        return self.device_page(call, [device for device in self.data["devices"].values() if device["orgId"] in orgs])

    def search_devices(self, call: Call) -> Answer:
        self.query(call, "query", "sortBy", "sortOrder", "page", "size")
        text = (call.text("query", required=True, longest=255) or "").lower()
        own = self.own(call)
        orgs = self.tree(own) if self.switches["search_sub_organizations"] else frozenset({own})
        found = [d for d in self.data["devices"].values() if d["orgId"] in orgs and self._matches(d, text)]
        return self.device_page(call, self._sorted(call, found, _DEVICE_SORTS, self._device_key))

    def _matches(self, device: dict[str, Any], text: str) -> bool:
        if text in device["name"].lower():
            return True
        owner = self._users.get(device["ownerUserId"] or 0)
        return bool(owner and text in owner["email"].lower()) or text in self.template_of(device)["name"].lower()

    def _device_key(self, device: dict[str, Any], by: str) -> Any:
        owner = self._users.get(device["ownerUserId"] or 0)
        template = self.template_of(device)
        hardware = device["hardwareInfo"] or {}
        return {
            "Name": device["name"],
            "Auth Token": device["token"],
            "Owner Id": owner["name"] if owner else "",
            "Device Owner Name": owner["name"] if owner else "",
            "Device Owner": owner["email"] if owner else "",
            "Last Reported At": device["lastReceivedEventAt"],
            "Activated At": device["activatedAt"] or 0,
            "Model": hardware.get("boardType", ""),
            "Template Name": template["name"],
            "Template Id": device["templateId"],
            "Firmware Version": hardware.get("version", ""),
            "Organization Id": device["orgId"],
            "Status": device["connected"],
        }.get(by, device["id"])

    def _sorted(
        self, call: Call, rows: list[dict[str, Any]], names: tuple[str, ...], key: Callable[[dict[str, Any], str], Any]
    ) -> list[dict[str, Any]]:
        by, order = call.choice("sortBy", names), call.choice("sortOrder", _ORDERS)
        if by is None:
            return rows[::-1] if order == "DESC" else rows
        return sorted(rows, key=lambda row: (key(row, by), row["id"]), reverse=order == "DESC")

    def by_owner(self, call: Call) -> Answer:
        self.query(call, "ownerEmail", "orgId", "page", "size")
        email = call.text("ownerEmail", required=True) or ""
        org = self.org_asked(call)
        user = self._by_email(call, email)
        if user is None:
            raise Refusal(404, "User is not found or you don't have access to him.")
        return self.device_page(
            call, [d for d in self.data["devices"].values() if d["orgId"] == org and d["ownerUserId"] == user["id"]]
        )

    def by_user_org(self, call: Call) -> Answer:
        self.query(call, "userEmail", "page", "size")
        user = self._by_email(call, call.text("userEmail", required=True) or "")
        if user is None:
            raise Refusal(int(self.switches["by_user_unknown"]), "User is not found or you don't have access to him.")
        return self.device_page(call, [d for d in self.data["devices"].values() if d["orgId"] == user["orgId"]])

    def _by_email(self, call: Call, email: str) -> dict[str, Any] | None:
        orgs = self.tree(self.own(call))
        folded = self.switches["by_email"] == "folded"
        for user in self.data["users"]:
            same = user["email"].lower() == email.lower() if folded else user["email"] == email
            if same and user["orgId"] in orgs:
                return dict(user)
        return None

    def get_device(self, call: Call) -> Answer:
        self.query(call, "deviceId")
        return Answer.of(self.full(self.device(call)))

    def base_info(self, call: Call) -> Answer:
        self.query(call, "deviceId")
        return Answer.of(self.base(self.device(call)))

    def base(self, device: dict[str, Any]) -> dict[str, Any]:
        """The full form without its two arrays."""
        row = {**self.short(device), **{name: device[name] for name in _FULL}}
        for name in ("lifecycleStatus", "ip"):
            if device[name] is not None:
                row[name] = device[name]
        return row

    def full(self, device: dict[str, Any]) -> dict[str, Any]:
        values = [{key: row[key] for key in ("id", "name", "value")} for row in self.metafield_rows(device)]
        return {**self.base(device), "dataStreamValues": device["dataStreamValues"], "metaFieldValues": values}

    def metafield_rows(self, device: dict[str, Any]) -> list[dict[str, Any]]:
        rows = []
        for field in self.template_of(device)["metafields"]:
            value = device["metafields"].get(str(field["id"]))
            if value is not None and self.switches["metafield_value"] == "bare":
                value = value.get("value", value.get("selectedOption"))
            row = {"id": field["id"], "name": field["name"], "value": value}
            if self.switches["metafield_flags"]:
                row.update(isMandatory=field["isMandatory"], includeInProvision=field["includeInProvision"])
            rows.append(row)
        return rows

    def metafields(self, call: Call) -> Answer:
        self.query(call, "deviceId")
        return Answer.of(self.metafield_rows(self.device(call)))

    def online(self, call: Call) -> Answer:
        self.query(call, "deviceId")
        return Answer.of({"connected": self.device(call)["connected"]})

    def device_tags(self, call: Call) -> Answer:
        self.query(call, "deviceId")
        worn = self.device(call)["tags"]
        rows = [{"id": t["id"], "name": t["name"], "tagOwnerOrgId": t["orgId"]} for t in self.data["tags"] if t["id"] in worn]
        return Answer.of(rows)

    def timeline(self, call: Call) -> Answer:
        self.query(call, "deviceId", "eventType", "page", "size")
        kind = call.get("eventType")
        entries = [entry for entry in self.device(call)["timeline"] if kind in (None, entry["eventType"])]
        newest_first = sorted(entries, key=lambda entry: (-entry["ts"], -entry["id"]))
        return self.page(call, [{k: v for k, v in entry.items() if k != "triggered"} for entry in newest_first])

    def logs(self, call: Call) -> Answer:
        self.query(call, "deviceId", "page", "size")
        return self.page(call, self.device(call)["logs"])

    def last_activated(self, call: Call) -> Answer:
        self.query(call, "orgId", "minutes")
        org = self.org_asked(call)
        since = self.clock.millis() - call.integer("minutes", 5, 1, 60) * 60_000
        rows = []
        for device in self.data["devices"].values():
            if device["orgId"] == org and (device["activatedAt"] or 0) >= since:
                row = {
                    "id": device["id"],
                    "orgId": org,
                    "templateId": device["templateId"],
                    "activationTime": device["activatedAt"],
                }
                if device["ownerUserId"] is not None:
                    row["ownerUserId"] = device["ownerUserId"]
                rows.append(row)
        if self.switches["last_activated_form"] == "object":
            return Answer.of(rows[0] if rows else {})
        return Answer.of(rows)

    def profile(self, call: Call) -> Answer:
        self.query(call)
        return Answer.of(self.organization(self.own(call)))

    def get_organization(self, call: Call) -> Answer:
        self.query(call, "orgId")
        return Answer.of(self.organization(self.org_asked(call)))

    def search_organizations(self, call: Call) -> Answer:
        self.query(call, "query", "page", "size", "sortBy", "sortOrder")
        text = (call.text("query", required=True, longest=255) or "").lower()
        orgs = self.tree(self.own(call))
        rows = [o for o in self.data["organizations"] if o["id"] in orgs and text in o["name"].lower()]
        return self.page(call, self._sorted(call, rows, _ORGANIZATION_SORTS, self._organization_key))

    def _organization_key(self, organization: dict[str, Any], by: str) -> Any:
        number = organization["id"]
        if by == "Device Count":
            return sum(device["orgId"] == number for device in self.data["devices"].values())
        if by == "User Count":
            return sum(user["orgId"] == number for user in self.data["users"])
        if by == "Sub Organizations":
            return len(self.tree(number))
        return organization["name"] if by == "Name" else number

    def sub_organizations(self, call: Call) -> Answer:
        self.query(call, "orgId", "page", "size")
        org = self.org_asked(call)
        rows = [o for o in self.data["organizations"] if o["id"] in self.tree(org) and o["id"] != org]
        return self.page(call, rows) if self.switches["sub_organizations_paged"] else Answer.of(rows)

    def list_users(self, call: Call) -> Answer:
        self.query(call, "includeSubOrgUsers", "page", "size")
        own = self.own(call)
        orgs = self.tree(own) if call.boolean("includeSubOrgUsers") else frozenset({own})
        return self.page(call, [self._user_row(user) for user in self.data["users"] if user["orgId"] in orgs])

    def search_users(self, call: Call) -> Answer:
        self.query(call, "query", "page", "size", "sortBy", "sortOrder")
        text = (call.text("query", required=True, longest=255) or "").lower()
        orgs = self.tree(self.own(call))
        mails = self.switches["users_search_email"]
        hits = [
            u
            for u in self.data["users"]
            if u["orgId"] in orgs and (text in u["name"].lower() or (mails and text in u["email"].lower()))
        ]
        return self.page(call, [self._user_row(user) for user in self._sorted(call, hits, _USER_SORTS, self._user_key)])

    def _user_key(self, user: dict[str, Any], by: str) -> Any:
        if by == "Organization Name":
            return self.organization(user["orgId"])["name"]
        if by == "Devices Count":
            return sum(device["ownerUserId"] == user["id"] for device in self.data["devices"].values())
        names = {
            "Name": "name",
            "Email": "email",
            "Status": "status",
            "Role": "roleId",
            "Registered At": "registeredAt",
            "Phone Number": "phoneNumber",
        }
        return user.get(names.get(by, "id")) or 0 if by == "Registered At" else user.get(names.get(by, "id"), "")

    def _user_row(self, user: dict[str, Any]) -> dict[str, Any]:
        return {name: user[name] for name in _USER_ROW}

    def get_user(self, call: Call) -> Answer:
        self.query(call, "userId")
        number = call.integer("userId", None, 0, 2**63 - 1)
        user = self._users.get(number)
        if user is None or user["orgId"] not in self.tree(self.own(call)):
            raise Refusal(404, f"User with identifier {number} is not found or belong to another organization.")
        return Answer.of(user)

    def own_profile(self, call: Call) -> Answer:
        self.query(call)
        raise Refusal(403, "User-scoped token is required.", rule="/user/profile with a client-credentials token")

    def list_templates(self, call: Call) -> Answer:
        self.query(call, "orgId", "page", "size")
        org = self.org_asked(call)
        names = ("id", "templateIds", "parentId", "orgId", "name")
        rows = [{n: t[n] for n in names if t.get(n) is not None} for t in self.data["templates"] if t["orgId"] == org]
        return self.page(call, rows)

    def _template(self, call: Call) -> dict[str, Any]:
        self.query(call, "templateId")
        template = self._templates.get(call.integer("templateId", None))
        if template is None or template["orgId"] not in self.tree(self.own(call)):
            raise Refusal(404, "Template is not found.")
        return template

    def get_template(self, call: Call) -> Answer:
        template = self._template(call)
        return Answer.of({k: v for k, v in template.items() if k not in ("metafields", "events", "defaults") and v is not None})

    def template_metafields(self, call: Call) -> Answer:
        names = ("id", "name", "type", "description", "hint", "icon")
        return Answer.of([{name: field.get(name, "") for name in names} for field in self._template(call)["metafields"]])

    def template_events(self, call: Call) -> Answer:
        return Answer.of(
            [{name: e[name] for name in ("id", "type", "name", "eventCode")} for e in self._template(call)["events"]]
        )

    def list_tags(self, call: Call) -> Answer:
        self.query(call, "orgId")
        org = self.org_asked(call)
        return Answer.of(
            [{"id": t["id"], "name": t["name"], "color": t["color"]} for t in self.data["tags"] if t["orgId"] == org]
        )

    def static_tokens(self, call: Call) -> Answer:
        self.query(call, "page", "size")
        orgs = self.tree(self.own(call))
        return self.page(call, [token for token in self.data["static_tokens"] if token["orgId"] in orgs])
