# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GreenLake's reading operations: devices in three versions, and the neighbours that turn names into ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from fleetform.sandbox.greenlake_base import UUID, GreenLakeBase, plain_id
from fleetform.sandbox.greenlake_filter import FilterError, Property, instant, read_filter, read_sort, read_tag_filter
from fleetform.sandbox.wire import Answer, Call, Refusal, bad, encode

_DEPRECATED = {"Deprecation": "Wed, 15 Jan 2025 23:59:59 GMT", "Sunset": "Tue, 15 Apr 2025 23:59:59 GMT"}
_SELECTABLE = (
    "application",
    "archived",
    "assignedState",
    "category",
    "contact",
    "createdAt",
    "dedicatedPlatformWorkspace",
    "deviceName",
    "deviceType",
    "id",
    "inUseWorkspace",
    "isFlex",
    "location",
    "macAddress",
    "make",
    "management",
    "manufacturedDate",
    "model",
    "ownership",
    "partNumber",
    "region",
    "secondaryName",
    "serialNumber",
    "source",
    "subscription",
    "subscriptionCategory",
    "tags",
    "tenantWorkspaceId",
    "type",
    "updatedAt",
    "warranty",
    "billingTier",
    "billingAccountId",
    "billingAccountName",
)


def _inner(outer: str, inner: str) -> Property:
    return Property("string", lambda row: (row[outer] or {}).get(inner))


def _support_end(row: Mapping[str, Any]) -> Any:
    return ((row["warranty"] or {}).get("currentSupportLevel") or {}).get("endDate")


DEVICE_PROPERTIES: dict[str, Property] = {
    **{
        name: Property("string", itemgetter(name))
        for name in (
            "id",
            "type",
            "serialNumber",
            "partNumber",
            "macAddress",
            "deviceType",
            "category",
            "model",
            "make",
            "deviceName",
            "secondaryName",
            "assignedState",
            "region",
            "subscriptionCategory",
            "tenantWorkspaceId",
            "management",
            "ownership",
            "source",
            "billingTier",
            "billingAccountId",
            "billingAccountName",
        )
    },
    **{name: Property("time", itemgetter(name)) for name in ("createdAt", "updatedAt", "manufacturedDate")},
    **{name: Property("boolean", itemgetter(name)) for name in ("archived", "isFlex")},
    "currentSupportLevelEndDate": Property("time", _support_end),
    "inUseWorkspaceId": _inner("inUseWorkspace", "id"),
    "locationId": _inner("location", "id"),
    "locationName": _inner("location", "locationName"),
    "applicationId": _inner("application", "id"),
}

_GROUPS = {
    "make": "make",
    "source": "source",
    "category": "category",
    "manufacturedDate": "manufacturedDate",
    "deviceType": "deviceType",
    "currentSupportLevelEndDate": "currentSupportLevelEndDate",
    "billingAccountId": "billingAccountId",
    "billingTier": "billingTier",
    "ownership": "ownership",
    "isFlex": "isFlex",
    "model": "model",
}


def _plain(*names: str) -> dict[str, Property]:
    return {name: Property("string", itemgetter(name)) for name in names}


class GreenLakeReads(GreenLakeBase):
    """GET operations."""

    def settle(self) -> None:
        """Bring jobs that nobody polls to their end; see the jobs' file."""

    def list_v1(self, call: Call) -> Answer:
        return self._list(call, "page_v1", self.limits["page_v1"], tags=True)

    def list_v1beta1(self, call: Call) -> Answer:
        answer = self.list_v1(call)
        answer.headers.update(_DEPRECATED)
        return answer

    def list_v2beta1(self, call: Call) -> Answer:
        return self._list(call, "page_v2", 100, tags=False)

    def _list(self, call: Call, page: str, default: int, *, tags: bool) -> Answer:
        names = ("filter", "limit", "offset", "select", "sort")
        self.query(call, *names, *(("filter-tags",) if tags else ()), repeatable=("select",))
        limit, offset = self._window(call, default, self.limits[page])
        chosen = self._select(call)
        self.settle()
        rows = self._matching(call, DEVICE_PROPERTIES, [row for row in self._in_order() if self.visible(call, row)])
        rows = [row for row in rows if not self._hidden(row)]
        part = rows[offset : offset + limit]
        if chosen is None:
            items = [self.encoded(row) for row in part]
        else:
            items = [encode({name: wire[name] for name in chosen if name in wire}) for wire in map(self.shown, part)]
        numbers = f'],"count":{len(part)},"offset":{offset},"total":{len(rows)}}}'
        return Answer(200, b'{"items":[' + b",".join(items) + numbers.encode())

    def _hidden(self, row: dict[str, Any]) -> bool:
        left = self.data["hidden"].get(row["id"])
        if left is None:
            return False
        self.dirty = True
        if left <= 1:
            del self.data["hidden"][row["id"]]
        else:
            self.data["hidden"][row["id"]] = left - 1
        return True

    def _in_order(self) -> list[dict[str, Any]]:
        if self._ordered is None:
            self._ordered = sorted(self.data["devices"].values(), key=lambda row: (row["createdAt"], row["id"]))
        return self._ordered

    def _window(self, call: Call, default: int, largest: int) -> tuple[int, int]:
        lowest = 0 if self.switches["zero_limit"] == "accept" else 1
        return call.integer("limit", default, lowest, largest), call.integer("offset", 0, 0, 2**63 - 1)

    def _select(self, call: Call) -> list[str] | None:
        given = call.values("select")
        if not given:
            return None
        names = [name.strip() for value in given for name in value.split(",")]
        if len(set(names)) != len(names):
            raise bad("select names a property twice", "select", "query.parameter")
        unknown = [name for name in names if name not in _SELECTABLE]
        if unknown and self.switches["unsupported_select"] == "refuse":
            raise bad(f"unknown property in select: {unknown[0]}", "select", "query.parameter")
        return [name for name in names if name in _SELECTABLE]

    def _matching(self, call: Call, properties: Mapping[str, Property], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows after ``filter``, ``filter-tags`` and ``sort``."""
        subject = "filter"
        try:
            source = call.get("filter")
            if source is not None:
                test = read_filter(source, properties)
                rows = [row for row in rows if test(row)]
            subject = "filter-tags"
            source = call.get("filter-tags")
            if source is not None:
                test = read_tag_filter(source)
                rows = [row for row in rows if test(row)]
            subject = "sort"
            source = call.get("sort")
            if source is not None:
                rows = read_sort(source, properties)(rows)
        except FilterError as error:
            raise bad(f"{subject}: {error}", subject, "query.parameter") from None
        return rows

    def find(self, call: Call, number: str) -> dict[str, Any]:
        """The device with this id. 400 when it is no UUID, 404 when it is unknown or out of sight."""
        if not UUID.fullmatch(number):
            raise bad("id must be a UUID", "id", "path.parameter")
        row: dict[str, Any] | None = self.data["devices"].get(number.lower())
        if row is None or not self.visible(call, row):
            raise Refusal(404, number, subject="id", source="path.parameter", code="HPE_GL_DM_DEVICE_ID_NOT_FOUND")
        return row

    def get_device(self, call: Call, number: str) -> Answer:
        self.query(call)
        self.settle()
        return Answer(200, self.encoded(self.find(call, number)))

    def get_v1beta1(self, call: Call, number: str) -> Answer:
        answer = self.get_device(call, number)
        answer.headers.update(_DEPRECATED)
        return answer

    def group(self, call: Call) -> Answer:
        self.query(call, "group-by", "filter", "lower-threshold", "upper-threshold", "select", "offset", "limit")
        by = call.get("group-by")
        if by not in _GROUPS:
            raise bad(f"group-by must be one of: {', '.join(sorted(_GROUPS))}", "group-by", "query.parameter")
        limit, offset = call.integer("limit", 10, 0, 100), call.integer("offset", 0, 0, 2**63 - 1)
        only = call.get("select")
        if only not in (None, by):
            raise bad("select must be the property of group-by", "select", "query.parameter")
        self.settle()
        property_ = DEVICE_PROPERTIES[by]
        bucket = self._thresholds(call, property_.kind)
        counted = Counter(
            bucket(property_.get(row))
            for row in self._matching(call, DEVICE_PROPERTIES, [r for r in self._in_order() if self.visible(call, r)])
        )
        groups = sorted(counted.items(), key=lambda pair: str(pair[0]))
        rows = [{by: value} if only else {by: value, "count": count} for value, count in groups]
        part = rows[offset : offset + limit]
        return Answer.of({"items": part, "count": len(part), "offset": offset, "total": len(rows)})

    def _thresholds(self, call: Call, kind: str) -> Any:
        texts = call.get("lower-threshold"), call.get("upper-threshold")
        if texts == (None, None):
            return lambda value: str(value).lower() if kind == "boolean" and value is not None else value
        if kind != "time":
            raise bad("thresholds fit date properties only", "lower-threshold", "query.parameter")
        try:
            lower, upper = instant(texts[0]), instant(texts[1])
        except ValueError:
            raise bad("a threshold is a timestamp", "lower-threshold", "query.parameter") from None

        def bucket(value: str | None) -> str:
            moment = instant(value)
            if moment is None:
                return "missing"
            if lower is not None and moment < lower:
                return "less_than_lower"
            return "greater_than_upper" if upper is not None and moment > upper else "lower_to_upper"

        return bucket

    def _neighbour(
        self, call: Call, rows: list[dict[str, Any]], default: int, largest: int, filterable: Mapping[str, Property], *more: str
    ) -> Answer:
        self.query(call, "filter", "limit", "offset", *more)
        limit, offset = self._window(call, default, largest)
        found = self._matching(call, filterable, rows)
        part = found[offset : offset + limit]
        return Answer.of({"items": part, "count": len(part), "offset": offset, "total": len(found)})

    def subscriptions(self, call: Call) -> Answer:
        used = Counter(s["id"] for row in self.data["devices"].values() for s in row["subscription"])
        rows = [{**s, "availableQuantity": s["quantity"] - used[s["id"]]} for s in self.data["subscriptions"]]
        filterable = {
            **_plain("id", "key", "tier", "subscriptionType", "sku"),
            **{n: Property("time", itemgetter(n)) for n in ("startTime", "endTime")},
        }
        return self._neighbour(call, rows, 50, 200, filterable, "sort", "select")

    def locations(self, call: Call) -> Answer:
        return self._neighbour(call, self.data["locations"], 50, 2000, _plain("name"))

    def service_managers(self, call: Call) -> Answer:
        return self._neighbour(call, self.data["service_managers"], 50, 2000, _plain("id", "name"))

    def per_region(self, call: Call) -> Answer:
        regions: dict[str, list[dict[str, str]]] = {}
        for provision in self.data["provisions"]:
            manager = next(m for m in self.data["service_managers"] if m["id"] == provision["serviceManager"]["id"])
            regions.setdefault(provision["region"], []).append({"id": manager["id"], "name": manager["name"]})
        rows = [
            {"id": r, "type": "service-catalog/per-region-service-manager", "regionName": r, "serviceManagers": m}
            for r, m in sorted(regions.items())
        ]
        return self._neighbour(call, rows, 50, 2000, _plain("id", "regionName"))

    def provisions(self, call: Call) -> Answer:
        filterable = {**_plain("id", "region", "provisionStatus"), "serviceManagerId": _inner("serviceManager", "id")}
        return self._neighbour(call, self.data["provisions"], 50, 2000, filterable)

    def workspace(self, call: Call, number: str) -> Answer:
        self.query(call)
        for found in self.data["workspaces"]:
            if plain_id(number) == found["id"]:
                return Answer.of(found)
        raise Refusal(404, "workspace not found", subject="id", source="path.parameter")

    def tenants(self, call: Call) -> Answer:
        if not self.switches["msp"]:
            raise Refusal(403, "The workspace is not an MSP")
        return self._neighbour(call, self.data["tenants"], 50, 2000, _plain("id", "workspaceName"))

    def users(self, call: Call) -> Answer:
        return self._neighbour(call, self.data["users"], 50, 600, _plain("id", "username", "userStatus"))

    def tags(self, call: Call) -> Answer:
        pairs = sorted({pair for row in self.data["devices"].values() for pair in row["tags"].items()})
        rows = [{"type": "tags/tag", "key": key, "value": value} for key, value in pairs]
        return self._neighbour(call, rows, 50, 2000, _plain("key", "value"))

    def tag_resources(self, call: Call) -> Answer:
        rows = [
            {"type": "tags/tag-resource", "resourceType": "devices/device", "resourceId": row["id"], "key": key, "value": value}
            for row in self._in_order()
            for key, value in row["tags"].items()
        ]
        return self._neighbour(call, rows, 50, 2000, _plain("key", "value", "resourceId"))
