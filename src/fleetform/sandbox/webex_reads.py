# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Webex's reading operations, settings of devices aside."""

from __future__ import annotations

import re
from typing import Any

from fleetform.sandbox.webex_base import WebexBase, plain_mac, texts
from fleetform.sandbox.webex_ids import decoded
from fleetform.sandbox.webex_seed import PHONES
from fleetform.sandbox.wire import Answer, Call, Refusal, bad, check_fields, encode

DEVICE_TYPES = ("roomdesk", "phone", "accessory", "webexgo", "unknown")
PLATFORMS = ("cisco", "microsoftTeamsRoom")
MAINTENANCE = ("off", "on", "upcoming")
_TEXT_FILTERS = ("displayName", "serial", "software", "upgradeChannel", "connectionStatus", "type", "devicePlatform")
_ID_FILTERS = ("personId", "workspaceId", "locationId", "workspaceLocationId")
_LIST_FILTERS = {"errorCode": "errorCodes", "permission": "permissions", "capability": "capabilities"}
_MAC = re.compile(r"[0-9A-Fa-f]{12}")
_MAC_IN_USE = 5675


class WebexReads(WebexBase):
    """GET operations and the check of MACs."""

    def list_devices(self, call: Call) -> Answer:
        names = (*_TEXT_FILTERS, *_ID_FILTERS, *_LIST_FILTERS, "product", "mac", "tag", "plannedMaintenance", "orgId")
        self.query(call, *names, *self.page_names, repeatable=("tag",))
        for name, options in (("type", DEVICE_TYPES), ("devicePlatform", PLATFORMS), ("plannedMaintenance", MAINTENANCE)):
            call.choice(name, options)
        org = self.org(call)
        rows = self.of_org(self.listed("devices", call), org)
        if not self.may(call, "spark-admin:devices_read"):
            self.need(call, "spark:devices_read")
            rows = [row for row in rows if self._own(call, row)]
        if self.switches["pending_device"]:
            rows = [*rows, *self._pending(org)]
        filters = [(name, given) for name, given in call.query if name in names[:-1] and (given or name == "displayName")]
        if filters:
            rows = [row for row in rows if self._fits(filters, row)]
        last = rows[-1]["id"] if rows and self.switches["nameless_device"] else None
        shown = self.encoded if last is None else lambda row: self._nameless(row) if row["id"] == last else self.encoded(row)
        return self.page(call, rows, shown, self.limits["page"], self.limits["page_cap"])

    def _nameless(self, row: dict[str, Any]) -> bytes:
        return encode({name: value for name, value in self.shown(row).items() if name != "id"})

    def _own(self, call: Call, row: dict[str, Any]) -> bool:
        return row["personId"] is not None and decoded(row["personId"]) == ("PEOPLE", self.grant(call)["person"])

    def _pending(self, org: str) -> list[dict[str, Any]]:
        return [entry["row"] for entry in self.data["codes"].values() if entry["row"] and self.owned(entry["row"], org)]

    def _fits(self, filters: list[tuple[str, str]], row: dict[str, Any]) -> bool:
        for name, given in filters:
            if name in _TEXT_FILTERS:
                fits = self._same_text(str(row[name] or ""), given)
            elif name in _ID_FILTERS:
                fits = self._same_id(row[name], given)
            elif name in _LIST_FILTERS:
                fits = given in row[_LIST_FILTERS[name]]
            elif name == "tag":
                fits = all(tag in row["tags"] for tag in given.split(",") if tag)
            elif name == "mac":
                fits = row["mac"] is not None and self._same_mac(row["mac"], given)
            elif name == "product":
                # the filter's values (RoomKit) are not those of the answers (Cisco Room Kit)
                fits = row["product"].removeprefix("Cisco ").replace(" ", "") == given.replace("-", "")
            else:
                fits = row["plannedMaintenance"] == given
            if not fits:
                return False
        return True

    def _same_text(self, held: str, given: str) -> bool:
        way = self.switches["text_filters"]
        if way == "exact":
            return held == given
        return held.lower().startswith(given.lower()) if way == "prefix" else held.lower() == given.lower()

    def _same_id(self, held: str | None, given: str) -> bool:
        if held is None:
            return False
        loose = self.switches["id_forms"] != "exact" or self.switches["reference_ids"] != "same"
        return held == given or (loose and decoded(held) is not None and decoded(held) == decoded(given))

    def _same_mac(self, held: str, given: str) -> bool:
        return held == given if self.switches["mac_filter"] == "listed" else plain_mac(held) == plain_mac(given)

    def device(self, call: Call, given: str, scope: str = "devices_read") -> dict[str, Any]:
        """The device that a path or query names, if the caller may do with it what ``scope`` says."""
        org = self.org(call)
        row = self.find("devices", "DEVICE", given)
        if row is None or not self.owned(row, org):
            if not self.may(call, f"spark-admin:{scope}"):
                self.need(call, f"spark:{scope}")
            if row is not None and int(self.switches["foreign_device"]) == 403:
                raise Refusal(403, "The device belongs to another organization.")
            raise self.gone(given)
        if not self.may(call, f"spark-admin:{scope}"):
            self.need(call, f"spark:{scope}")
            if not self._own(call, row):
                status = int(self.switches["weak_details"])
                raise self.gone(given) if status == 404 else Refusal(status, "The device is not the caller's own.")
        return row

    def get_device(self, call: Call, given: str) -> Answer:
        self.query(call, "orgId")
        return Answer(200, self.encoded(self.device(call, given)))

    def list_workspaces(self, call: Call) -> Answer:
        words = (
            "displayName",
            "floorId",
            "locationId",
            "workspaceLocationId",
            "type",
            "calling",
            "supportedDevices",
            "calendar",
        )
        flags = ("includeDevices", "includeCapabilities", "deviceHostedMeetingsEnabled")
        rest = ("capacity", "devicePlatform", "healthLevel", "plannedMaintenance", "customAttribute", "orgId")
        self.query(call, *words, *flags, *rest, *self.page_names)
        self.need(call, "spark-admin:workspaces_read")
        org = self.org(call)
        rows = self.of_org(self.listed("workspaces", call), org)
        if {name for name, _given in call.query} - {*self.page_names, *flags[:2], "orgId"}:
            rows = [row for row in rows if self._workspace_fits(call, row)]
        with_devices, with_capabilities = call.boolean("includeDevices"), call.boolean("includeCapabilities")
        held: dict[str, list[dict[str, Any]]] = {}
        if with_devices or with_capabilities:
            for device in self.data["devices"].values():
                held.setdefault(device["workspaceId"], []).append(device)

        def shown(row: dict[str, Any]) -> bytes:
            inside = held.get(row["id"], [])
            return encode(self.workspace_shown(row, inside, devices=with_devices, capabilities=with_capabilities))

        return self.page(call, rows, shown, self.limits["page"], self.limits["page_cap"])

    def _workspace_fits(self, call: Call, row: dict[str, Any]) -> bool:
        name = call.get("displayName")
        if name:
            held, way = row["displayName"].lower(), self.switches["workspace_name_filter"]
            wanted = name.lower()
            if not (held == wanted if way == "exact" else held.startswith(wanted) if way == "prefix" else wanted in held):
                return False
        for field in ("floorId", "locationId", "workspaceLocationId", "supportedDevices", "devicePlatform"):
            given = call.get(field)
            if given and row[field] != given and not self._same_id(row[field], given):
                return False
        for field in ("calling", "calendar"):
            if call.get(field) and row[field]["type"] != call.get(field):
                return False
        if call.get("type") and (row["type"] or "notSet") != call.get("type"):
            return False
        if call.get("capacity") is not None:
            number = call.integer("capacity", None, -1)
            if row["capacity"] != (None if number == -1 else number):
                return False
        if call.get("healthLevel") and row["health"]["level"] != call.get("healthLevel"):
            return False
        if call.get("plannedMaintenance") and call.get("plannedMaintenance") != "off":
            return False
        if call.get("deviceHostedMeetingsEnabled") is not None:
            return bool(row["deviceHostedMeetings"]["enabled"] == call.boolean("deviceHostedMeetingsEnabled"))
        return not call.get("customAttribute")

    def workspace_shown(
        self, row: dict[str, Any], held: list[dict[str, Any]], *, devices: bool = False, capabilities: bool = False
    ) -> dict[str, Any]:
        """The workspace, which holds the devices ``held``, as it is sent; how its phone number was assigned is not shown."""
        wire = {name: value for name, value in row.items() if value is not None}
        wire["calling"] = {"type": row["calling"]["type"]}
        wire["plannedMaintenance"] = {"mode": "off"}
        if devices:
            wire["devices"] = [self.shown(device) for device in held]
        if capabilities:
            wire["capabilities"] = _capability_map(held)
        return wire

    def inside(self, workspace: dict[str, Any]) -> list[dict[str, Any]]:
        """The devices of a workspace."""
        return [row for row in self.data["devices"].values() if row["workspaceId"] == workspace["id"]]

    def workspace(self, call: Call, given: str) -> dict[str, Any]:
        """The workspace of a path, in the caller's organization or one that the caller manages: no orgId exists here."""
        row = self.find("workspaces", "PLACE", given)
        grant = self.grant(call)
        if row is None or not any(self.owned(row, org) for org in (grant["org"], *grant["managed"])):
            raise self.gone(given)
        return row

    def get_workspace(self, call: Call, given: str) -> Answer:
        self.query(call, "includeDevices")
        self.need(call, "spark-admin:workspaces_read")
        row = self.workspace(call, given)
        return Answer.of(self.workspace_shown(row, self.inside(row), devices=call.boolean("includeDevices")))

    def workspace_capabilities(self, call: Call, given: str) -> Answer:
        self.query(call)
        self.need(call, "spark-admin:workspaces_read")
        row = self.workspace(call, given)
        return Answer.of({"id": row["id"], "capabilities": _capability_map(self.inside(row))})

    def list_people(self, call: Call) -> Answer:
        names = ("email", "displayName", "id", "orgId", "roles", "callingData", "locationId", "excludeStatus")
        self.query(call, *names, "max", "after", "before")
        org = self.org(call)
        if not self.may(call, "spark-admin:people_read"):
            self.need(call, "spark:people_read")
            if not call.get("email") and not call.get("displayName"):
                raise bad("Email or displayName should be specified.")
        cap = 100 if call.boolean("callingData") else 50 if call.get("locationId") else 1000
        ids = [given for given in (call.get("id") or "").split(",") if given]
        if len(ids) > self.limits["people_ids"]:
            raise bad(f"at most {self.limits['people_ids']} ids")
        people = [row for row in self.data["people"].values() if self.owned(row, org) and self._person_fits(call, row, ids)]
        if call.get("email") and not people and int(self.switches["unknown_email_status"]) == 404:
            raise Refusal(404, "The requested resource could not be found.")
        missing = [given for given in ids if not any(self._same_id(row["id"], given) for row in people)]
        also = b',"notFoundIds":' + encode(missing if ids else None)

        def shown(row: dict[str, Any]) -> bytes:
            return encode(self._person_shown(call, row))

        return self.page(call, people, shown, min(cap, self.limits["people_page"]), cap, opaque=True, also=also)

    def _person_fits(self, call: Call, row: dict[str, Any], ids: list[str]) -> bool:
        email, name, place = call.get("email"), call.get("displayName"), call.get("locationId")
        if email and email.lower() not in [held.lower() for held in row["emails"]]:
            return False
        if name and not row["displayName"].lower().startswith(name.lower()):
            return False
        if place and not self._same_id(row["locationId"], place):
            return False
        if call.get("roles") and not set((call.get("roles") or "").split(",")) & set(row["roles"]):
            return False
        return not ids or any(self._same_id(row["id"], given) for given in ids)

    def _person_shown(self, call: Call, row: dict[str, Any]) -> dict[str, Any]:
        hidden = {"status", "lastActivity"} if call.boolean("excludeStatus") else set()
        return {name: value for name, value in row.items() if value is not None and name not in hidden}

    def get_person(self, call: Call, given: str) -> Answer:
        self.query(call, "callingData", "excludeStatus")
        if not self.may(call, "spark-admin:people_read"):
            self.need(call, "spark:people_read")
        grant = self.grant(call)
        row = self.data["people"].get(grant["person"]) if given == "me" else self.find("people", "PEOPLE", given)
        if row is None or not any(self.owned(row, org) for org in (grant["org"], *grant["managed"])):
            raise self.gone(given)
        return Answer.of(self._person_shown(call, row))

    def list_organizations(self, call: Call) -> Answer:
        self.query(call)
        self.need(call, "spark-admin:organizations_read")
        grant = self.grant(call)
        return Answer.of({"items": [self.data["organizations"][org] for org in (grant["org"], *grant["managed"])]})

    def get_organization(self, call: Call, given: str) -> Answer:
        self.query(call)
        self.need(call, "spark-admin:organizations_read")
        grant = self.grant(call)
        row = self.find("organizations", "ORGANIZATION", given)
        if row is None or row not in [self.data["organizations"][org] for org in (grant["org"], *grant["managed"])]:
            raise self.gone(given)
        return Answer.of(row)

    def list_locations(self, call: Call) -> Answer:
        self.query(call, "name", "id", "orgId", "max", "after", "before")
        self._may_see_locations(call)
        org = self.org(call)
        name, given = (call.get("name") or "").lower(), call.get("id")
        rows = [
            row
            for row in self.of_org(self.data["locations"].values(), org)
            if name in row["name"].lower() and (not given or self._same_id(row["id"], given))
        ]
        size = self.limits["location_page"]
        return self.page(call, rows, lambda row: encode(_location(row)), size, size, opaque=True)

    def _may_see_locations(self, call: Call) -> None:
        if not any(self.may(call, f"spark-admin:{scope}") for scope in ("locations_read", "people_read", "device_read")):
            raise Refusal(403, "The token lacks spark-admin:locations_read.")

    def get_location(self, call: Call, given: str) -> Answer:
        self.query(call, "orgId")
        self._may_see_locations(call)
        row = self.find("locations", "LOCATION", given)
        if row is None or not self.owned(row, self.org(call)):
            raise self.gone(given)
        return Answer.of(_location(row))

    def list_workspace_locations(self, call: Call) -> Answer:
        self.query(call, "orgId", "displayName", "address", "countryCode", "cityName")
        self.need(call, "spark-admin:workspace_locations_read")
        org = self.org(call)
        name = call.get("displayName")
        rows = [row for row in self.data["locations"].values() if self.owned(row, org) and name in (None, row["name"])]
        return Answer.of({"items": [_old_location(row) for row in rows]})

    def get_workspace_location(self, call: Call, given: str) -> Answer:
        self.query(call)
        self.need(call, "spark-admin:workspace_locations_read")
        grant = self.grant(call)
        for row in self.data["locations"].values():
            if row["_legacy"] == given and any(self.owned(row, org) for org in (grant["org"], *grant["managed"])):
                return Answer.of(_old_location(row))
        raise Refusal(404, "The requested resource could not be found.")

    def supported_devices(self, call: Call) -> Answer:
        self.query(call, "orgId", "type", "allowConfigureLayoutEnabled")
        self.need(call, "spark-admin:telephony_config_read")
        self.org(call)
        return Answer.of(
            {
                "devices": [
                    {
                        "model": model,
                        "displayName": product,
                        "familyDisplayName": f"{product[:-2]}XX Series",
                        "type": "MPP",
                        "manufacturer": "CISCO",
                        "managedBy": "CISCO",
                        "supportedFor": ["PEOPLE", "PLACE"],
                        "onboardingMethod": ["MAC_ADDRESS", "ACTIVATION_CODE"],
                        "allowConfigureLayoutEnabled": True,
                        "numberOfLinePorts": lines,
                        "kemSupportEnabled": product.endswith("65"),
                    }
                    for model, (product, lines) in PHONES.items()
                ],
                "upgradeChannelList": ["Beta", "Stable", "Stable Delay"],
            }
        )

    def validate_macs(self, call: Call) -> Answer:
        self.query(call, "orgId")
        grant = self.grant(call)
        # a read-only administrator may
        if grant["role"] == "user" or "spark-admin:telephony_config_write" not in grant["scopes"]:
            raise Refusal(403, "The token lacks spark-admin:telephony_config_write or its user the role for it.")
        self.org(call)
        body = call.json()
        check_fields(body, {"macs": "list"})
        if not body["macs"] or not texts(body["macs"]):
            raise bad("macs: a list of texts")
        rows = [self._mac_state(mac, body["macs"]) for mac in body["macs"]]
        fine = all(row["state"] == "AVAILABLE" for row in rows)
        return Answer.of({"status": "OK" if fine else "ERRORS", "macStatus": rows})

    def _mac_state(self, mac: str, among: list[str]) -> dict[str, Any]:
        if not _MAC.fullmatch(mac):
            return {"mac": mac, "state": "INVALID", "errorCode": 5676, "message": "The MAC address is invalid."}
        if [other.upper() for other in among].count(mac.upper()) > 1:
            return {"mac": mac, "state": "DUPLICATE_IN_LIST", "errorCode": 5677, "message": "The MAC address is repeated."}
        if self.mac_taken(mac):
            return {"mac": mac, "state": "UNAVAILABLE", "errorCode": _MAC_IN_USE, "message": "The MAC address is in use."}
        return {"mac": mac, "state": "AVAILABLE"}

    def mac_taken(self, mac: str) -> bool:
        """Whether any organization has a device with the MAC."""
        plain = plain_mac(mac)
        return any(row["mac"] is not None and plain_mac(row["mac"]) == plain for row in self.data["devices"].values())


def _capability_map(devices: list[dict[str, Any]]) -> dict[str, Any]:
    rooms = any(device["type"] == "roomdesk" for device in devices)
    names = ("occupancyDetection", "presenceDetection", "ambientNoise", "soundLevel", "temperature", "airQuality")
    return {name: {"supported": rooms, "configured": rooms and name == "presenceDetection"} for name in names}


def _location(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _old_location(row: dict[str, Any]) -> dict[str, Any]:
    address = row["address"]
    return {
        "id": row["_legacy"],
        "locationId": row["id"],
        "displayName": row["name"],
        "address": f"{address['address1']}, {address['postalCode']} {address['city']}",
        "countryCode": address["country"],
        "cityName": address["city"],
        "latitude": float(row["latitude"]),
        "longitude": float(row["longitude"]),
        "notes": row["notes"],
    }
