# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the contract needs to know of each vendor: accounts, and a declaration for each thing that can be declared.

A new vendor gets a ``Profile`` here; everything else tests it unasked. All names, serial numbers and ids are those of the
sandbox's demo data (``fleetform sandbox``).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from fleetform.sandbox.cloud import stable_uuid
from fleetform.sandbox.server import CLOUDS
from fleetform.sandbox.webex_ids import vendor_id
from fleetform.sandbox.webex_seed import MANAGED

Options = dict[str, t.Any]


@dataclass(frozen=True)
class Case:
    """``declared`` is what somebody wants; ``attribute`` the row of the capabilities that it is about.

    ``first`` is declared and applied before, where the demo data has no fitting device. ``creates`` and ``deletes`` count
    devices. ``target`` tells the device in the cloud's own data: a key of it and its value, before or after the change.
    """

    name: str
    attribute: str
    declared: Options
    target: tuple[str, t.Any]
    first: Options | None = None
    creates: int = 0
    deletes: int = 0


@dataclass(frozen=True)
class Profile:
    """``accounts``: options of one account per kind of credentials, the first with a token that needs no fetching.

    ``second`` is another account of the same vendor with a declaration that it can be asked. ``switches`` and ``limits`` go to
    the sandbox. ``read_only`` maps an attribute of that level to a declaration that differs. ``secrets`` picks the secrets out
    of a device of the cloud's own data. ``fetched`` is an account whose token has to be fetched.

    ``matrix`` names the cases that the fault matrix takes, all where it is empty. Those that are left out send what another case
    sends, for a device that is found in another way or with another value, so that a fault does to them what it does to that one.
    Of these, ``one_read`` are found and applied with one read and ``more_writes`` send several writes: where there is no second
    call, nothing can go wrong with it. ``in_one_write`` are the fleets whose devices share one write.
    ``job_path`` is where a vendor that does its work later is asked how it goes, ``job_switches`` what makes its sandbox do it
    later. ``forms`` are options under which the same cloud is spoken to in another format, by name. ``tells_organization`` says
    that one read tells whose the credentials are.
    """

    vendor: str
    account: Options
    fetched: Options
    second: tuple[Options, Options]
    cases: tuple[Case, ...]
    listed: int
    known: Options
    missing: Options
    twins: tuple[Options, Options]
    contradictory: Options
    fleets: t.Mapping[str, tuple[Options, ...]]
    acts: t.Mapping[str, Options] = field(default_factory=dict)
    read_only: t.Mapping[str, Options] = field(default_factory=dict)
    switches: t.Mapping[str, t.Any] = field(default_factory=dict)
    limits: t.Mapping[str, int] = field(default_factory=dict)
    identifiers: t.Mapping[str, str] = field(default_factory=dict)
    gather: frozenset[str] = frozenset()
    secrets: t.Callable[[dict[str, t.Any]], list[str]] = lambda device: []
    matrix: tuple[str, ...] = ()
    one_read: frozenset[str] = frozenset()
    more_writes: frozenset[str] = frozenset()
    in_one_write: frozenset[str] = frozenset()
    job_path: str | None = None
    job_switches: t.Mapping[str, t.Any] = field(default_factory=dict)
    forms: t.Mapping[str, Options] = field(default_factory=dict)
    tells_organization: bool = False

    @property
    def main_case(self) -> Case:
        """A case that creates a device, where the vendor can do that."""
        return next((case for case in self.cases if case.creates), self.cases[0])

    @property
    def chosen(self) -> tuple[Case, ...]:
        """The cases of the fault matrix. Raises ValueError for a name that no case has."""
        if unknown := set(self.matrix) - {case.name for case in self.cases}:
            raise ValueError(f"{self.vendor}: no such case: {', '.join(sorted(unknown))}")
        return tuple(case for case in self.cases if not self.matrix or case.name in self.matrix)

    @property
    def job_faults(self) -> tuple[str, ...]:
        """How work that this cloud does later can go wrong; empty for a cloud that answers when all is done."""
        return next(cloud.JOB_FAULTS for cloud in CLOUDS if cloud.vendor == self.vendor)


REFUSED: t.Mapping[str, t.Any] = {
    "name": "Another name",
    "space": "Somewhere",
    "owner": "ada.keller@nordlicht.example",
    "transfer_to": stable_uuid("tenant", "cafe").replace("-", ""),
    "tags": {"colour": "blue"},
    "metafields": {"Room": "Lobby"},
    "status": "ACTIVE",
    "applications": {"app": "ENABLED"},
    "application": {"id": stable_uuid("service", "central"), "region": "us-west"},
    "subscriptions": ["KEY1"],
    "contact": {"email": "somebody@example.com"},
    "warranty": {"service_level": "x", "end_date": "2030-01-01"},
    "archived": True,
}
"""A well-formed value of each attribute, for vendors that cannot set it."""


def _blynk() -> Profile:
    climate, leak = "TMPL8RITg_f9Q", "TMPL2LkSn0r7w"
    ada, jonas, mara = (f"{name}@nordlicht.example" for name in ("ada.keller", "jonas.weber", "mara.lindt"))
    board, panel, basement, berlin_room = "1000", "1001", "1002", "1003"
    return Profile(
        vendor="blynk",
        tells_organization=True,
        account={"vendor": "blynk", "token": "blynk-demo-token"},
        fetched={"vendor": "blynk", "client_id": "oa2-client-id_demo", "client_secret": "demo-secret"},
        second=(
            {"vendor": "blynk", "token": "blynk-berlin-token"},
            {"name": "Berlin Entrance Door", "metafields": {"Room": "Yard"}},
        ),
        listed=4,
        known={"device_id": board},
        missing={"name": "Nowhere Sensor"},
        twins=({"device_id": board}, {"name": "Hamburg Board Room Climate"}),
        contradictory={"device_id": board, "cloud_id": panel},
        identifiers={"device_id": "id", "cloud_id": "cloud_id"},
        gather=frozenset({"base_info", "tags", "metafields", "online", "timeline", "logs"}),
        secrets=lambda device: [device["token"]],
        acts={"trigger_event": {"event_code": "high_co2", "description": "too many people"}, "clear_data": {}},
        fleets={
            "names": tuple({"device_id": number, "name": f"Sensor {number}"} for number in (board, panel, basement, "1012")),
            "owners": tuple({"device_id": number, "owner": jonas} for number in (board, basement, "1012")),
            "new": tuple({"name": f"Row {number}", "model": climate, "metafields": {"Floor": number}} for number in (1, 2, 3)),
        },
        read_only={"tags": {"device_id": board, "tags": ["Lobby"]}, "status": {"device_id": board, "status": "Sleeping"}},
        matrix=(
            "create",
            "create_elsewhere",
            "rename",
            "metafield_text",
            "set_owner",
            "remove_owner",
            "transfer",
            "transfer_and_owner",
            "delete",
        ),
        one_read=frozenset({"rename", "remove_owner", "delete"}),
        more_writes=frozenset({"transfer_and_owner"}),
        cases=(
            Case("create", "create", {"name": "Fresh Sensor", "model": climate}, ("name", "Fresh Sensor"), creates=1),
            Case(
                "create_with_everything",
                "create",
                {
                    "name": "Rich Sensor",
                    "model": climate,
                    "owner": jonas,
                    "metafields": {"Floor": 7, "Asset Note": "new", "Mount": "Ceiling"},
                },
                ("name", "Rich Sensor"),
                creates=1,
            ),
            Case(
                "create_elsewhere",
                "create",
                {"name": "Branch Sensor", "model": leak, "transfer_to": "Nordlicht Berlin", "owner": mara},
                ("name", "Branch Sensor"),
                creates=1,
            ),
            Case("rename", "name", {"device_id": board, "name": "Big Room Climate"}, ("id", 1000)),
            Case("rename_by_name", "name", {"name": "Main Panel", "previous_name": "Hamburg Main Panel"}, ("id", 1001)),
            Case("metafield_text", "metafields", {"device_id": board, "metafields": {"Asset Note": "moved"}}, ("id", 1000)),
            Case(
                "metafield_number",
                "metafields",
                {"device_id": board, "metafields": {"Floor": 6, "Calibration Offset": 0.5}},
                ("id", 1000),
            ),
            Case(
                "metafield_list", "metafields", {"name": "Hamburg Basement Leak", "metafields": {"Zone": "Kitchen"}}, ("id", 1002)
            ),
            Case("set_owner", "owner", {"device_id": board, "owner": jonas}, ("id", 1000)),
            Case("first_owner", "owner", {"device_id": basement, "owner": ada}, ("id", 1002)),
            Case("remove_owner", "owner", {"device_id": board, "owner": ""}, ("id", 1000)),
            Case("transfer", "transfer_to", {"device_id": panel, "transfer_to": "2002"}, ("id", 1001)),
            Case(
                "transfer_by_name", "transfer_to", {"name": "Hamburg Main Panel", "transfer_to": "Nordlicht Berlin"}, ("id", 1001)
            ),
            Case("transfer_and_owner", "transfer_to", {"device_id": panel, "transfer_to": "2002", "owner": mara}, ("id", 1001)),
            Case(
                "everything",
                "name",
                {
                    "device_id": panel,
                    "name": "Panel One",
                    "metafields": {"Panel": "P1", "Rated Current": 80},
                    "transfer_to": "2002",
                    "owner": mara,
                },
                ("id", 1001),
            ),
            Case("device_of_a_branch", "name", {"device_id": berlin_room, "name": "Room 3 Climate"}, ("id", 1003)),
            Case("delete", "absent", {"name": "Hamburg Basement Leak", "state": "absent"}, ("id", 1002), deletes=1),
        ),
    )


def _greenlake() -> Profile:
    switch, bare, server, found, storage = "CN0010001K", "CN0010006K", "CZ0013001K", "CZ0013003K", "4U0014001K"
    tenant = stable_uuid("tenant", "cafe").replace("-", "")
    central, compute = {"name": "Aruba Central", "region": "us-west"}, {"name": "Compute Ops Management", "region": "us-west"}
    several = (switch, "CN0010002K", bare, "CN0010005K")
    new_switch = {"serial": "CN0020000K", "mac": "b8:d4:e7:00:4e:20"}
    new_server = {"serial": "CZ0022000K", "device_type": "COMPUTE", "model": "P52499-B21"}
    contact = {"email": "rack@nordlicht.example", "first_name": "Rack", "last_name": "Desk"}

    def on(serial: str) -> tuple[str, t.Any]:
        return ("serialNumber", serial)

    return Profile(
        vendor="greenlake",
        account={"vendor": "greenlake", "token": "greenlake-demo-token"},
        fetched={"vendor": "greenlake", "client_id": "greenlake-demo-client", "client_secret": "greenlake-demo-secret"},
        second=(
            {"vendor": "greenlake", "client_id": "greenlake-demo-client", "client_secret": "greenlake-demo-secret"},
            {"serial": "PH0011001K", "tags": {"floor": "4"}},
        ),
        listed=14,
        known={"serial": switch},
        missing={"serial": "CN0099999K"},
        twins=({"serial": switch}, {"mac": "B8:D4:E7:00:27:11"}),
        contradictory={"serial": switch, "mac": "B8:D4:E7:00:27:12"},
        identifiers={"device_id": "id", "cloud_id": "cloud_id", "serial": "serial", "mac": "mac"},
        read_only={"name": {"serial": switch, "name": "another-host"}},
        switches={"msp": True},
        matrix=(
            "add",
            "add_server",
            "tag",
            "move",
            "assign",
            "unassign",
            "subscribe",
            "set_contact",
            "warranty",
            "archive",
            "unarchive",
            "transfer",
        ),
        more_writes=frozenset({"subscribe"}),
        in_one_write=frozenset({"tags", "archive", "new"}),
        job_path=".*/async-operations/",
        fleets={
            "tags": tuple({"serial": serial, "tags": {"campaign": "7"}} for serial in several),
            "archive": tuple({"serial": serial, "archived": True} for serial in several),
            "subscribe": tuple(
                {"serial": serial, "application": central, "subscriptions": ["NLSWITCHADV0002"]} for serial in several[:3]
            ),
            "new": tuple(
                {"serial": f"CN002000{number}K", "mac": f"b8:d4:e7:00:4e:2{number}", "tags": {"env": "prod"}}
                for number in range(4)
            ),
        },
        cases=(
            Case("add", "create", new_switch, on("CN0020000K"), creates=1),
            Case("add_server", "create", {**new_server, "tags": {"env": "prod"}}, on("CZ0022000K"), creates=1),
            Case(
                "add_with_everything",
                "create",
                {
                    **new_switch,
                    "tags": {"env": "prod", "floor": "2"},
                    "space": "Berlin Torstrasse",
                    "contact": contact,
                    "application": central,
                    "subscriptions": ["NLSWITCHFND0001"],
                },
                on("CN0020000K"),
                creates=1,
            ),
            Case("tag", "tags", {"serial": switch, "tags": {"env": "test", "rack": "7"}}, on(switch)),
            Case("tag_away", "tags", {"serial": switch, "tags": {"env": None}}, on(switch)),
            Case("tag_exactly", "tags", {"serial": switch, "tags": {"only": "this"}, "purge_tags": True}, on(switch)),
            Case("tag_in_another_case", "tags", {"serial": switch, "tags": {"ENV": "test"}}, on(switch)),
            Case("no_tags", "tags", {"serial": switch, "tags": {}, "purge_tags": True}, on(switch)),
            Case("move", "space", {"serial": switch, "space": "Berlin Torstrasse"}, on(switch)),
            Case("move_away", "space", {"serial": switch, "space": ""}, on(switch)),
            Case("assign", "application", {"serial": bare, "application": central}, on(bare)),
            Case("assign_another_region", "application", {"serial": switch, "application": central}, on(switch)),
            Case("unassign", "application", {"serial": switch, "application": {}}, on(switch)),
            Case(
                "subscribe",
                "subscriptions",
                {"serial": bare, "application": central, "subscriptions": ["NLSWITCHFND0001"]},
                on(bare),
            ),
            Case("subscribe_otherwise", "subscriptions", {"serial": switch, "subscriptions": ["NLSWITCHADV0002"]}, on(switch)),
            Case("unsubscribe", "subscriptions", {"serial": server, "subscriptions": []}, on(server)),
            Case("set_contact", "contact", {"serial": bare, "contact": contact}, on(bare)),
            Case("remove_contact", "contact", {"serial": switch, "contact": {}}, on(switch)),
            Case(
                "warranty",
                "warranty",
                {"serial": found, "warranty": {"service_level": "Tech Care", "end_date": "2031-05-01"}},
                on(found),
            ),
            Case("archive", "archived", {"serial": switch, "archived": True}, on(switch)),
            Case("archive_bare", "archived", {"serial": storage, "archived": True}, on(storage)),
            Case(
                "unarchive", "archived", {"serial": bare, "archived": False}, on(bare), first={"serial": bare, "archived": True}
            ),
            Case(
                "unarchive_and_use",
                "archived",
                {
                    "serial": bare,
                    "archived": False,
                    "application": central,
                    "subscriptions": ["NLSWITCHFND0001"],
                    "tags": {"back": "yes"},
                },
                on(bare),
                first={"serial": bare, "archived": True},
            ),
            Case("transfer", "transfer_to", {"serial": bare, "application": central, "transfer_to": tenant}, on(bare)),
            Case(
                "everything",
                "tags",
                {
                    "serial": "CZ0013004K",
                    "tags": {"env": "prod"},
                    "space": "Hamburg Alsterufer",
                    "contact": contact,
                    "application": compute,
                    "subscriptions": ["NLCOMPUTE000004"],
                },
                on("CZ0013004K"),
            ),
        ),
    )


def _xyte() -> Profile:
    display, table, hall = "XQD-00001", "XQD-00002", "xpj-cloud-00012"
    fresh = {"serial": "XQD-00901", "mac": "02:5e:10:01:03:85"}

    def on(serial: str) -> tuple[str, t.Any]:
        return ("sn", serial)

    return Profile(
        vendor="xyte",
        tells_organization=True,
        account={"vendor": "xyte", "token": "xyte-demo-key"},
        fetched={"vendor": "xyte", "token": "xyte-demo-key"},
        second=({"vendor": "xyte", "token": "xyte-other-key"}, {"serial": "XQD-00701", "name": "Linz Big Display"}),
        listed=20,
        known={"serial": display},
        missing={"serial": "XQD-99999"},
        twins=({"serial": display}, {"mac": "02-5E-10-01-00-01"}),
        contradictory={"serial": display, "mac": "02:5e:10:01:00:02"},
        identifiers={"device_id": "id", "cloud_id": "cloud_id", "serial": "serial", "mac": "mac"},
        gather=frozenset({"base_info"}),
        secrets=lambda device: [
            *(value for name, value in device["details"].items() if "password" in name),
            *(value for name, value in device["custom_parameters"].items() if "Password" in name and value),
        ],
        read_only={"status": {"serial": display, "status": "offline"}},
        matrix=(
            "claim",
            "claim_by_cloud_id",
            "claim_with_everything",
            "rename",
            "move",
            "move_to_a_new_space",
            "configure",
            "delete",
        ),
        one_read=frozenset({"configure", "delete"}),
        more_writes=frozenset({"claim_with_everything", "move_to_a_new_space"}),
        fleets={
            "names": tuple({"serial": f"XQD-0000{number}", "name": f"Screen {number}"} for number in range(1, 5)),
            "moves": tuple({"serial": f"XQD-0000{number}", "space": "Wiz/Archive"} for number in range(1, 5)),
            "configurations": tuple(
                {"serial": f"XQD-0000{number}", "metafields": {"display": {"brightness": 10 + number}}} for number in range(1, 5)
            ),
            "new": tuple(
                {
                    "serial": f"XQD-0090{number}",
                    "mac": f"02:5e:10:01:03:8{4 + number}",
                    "name": f"Row {number}",
                    "space": "Wiz/Boston",
                }
                for number in range(1, 5)
            ),
        },
        cases=(
            Case("claim", "create", {**fresh, "space": "Wiz/Unsorted"}, on("XQD-00901"), creates=1),
            Case(
                "claim_by_cloud_id",
                "create",
                {"cloud_id": "xpj-cloud-00901", "serial": "XPJ-00901", "name": "New Projector", "space": "11540"},
                ("cloud_id", "xpj-cloud-00901"),
                creates=1,
            ),
            Case(
                "claim_with_everything",
                "create",
                {
                    "serial": "XQD-00902",
                    "mac": "02:5E:10:01:03:86",
                    "name": "Rich Display",
                    "space": "Wiz/Berlin/Floor 9/Room 9.01",
                    "create_space": True,
                    "metafields": {"display": {"brightness": 40}, "network": {"web_password": "much-too-secret"}},
                    "secret_metafields": ["network"],
                },
                on("XQD-00902"),
                creates=1,
            ),
            Case("rename", "name", {"serial": display, "name": "Window Display"}, on(display)),
            Case("rename_by_name", "name", {"name": "Big Hall", "previous_name": "Hall Projector"}, ("cloud_id", hall)),
            Case("first_name", "name", {"cloud_id": "xpj-cloud-00014", "name": "Spare"}, ("cloud_id", "xpj-cloud-00014")),
            Case("move", "space", {"serial": display, "space": "Wiz/Hamburg/Hall A/B"}, on(display)),
            Case("move_by_id", "space", {"serial": display, "space": "11552"}, on(display)),
            Case(
                "move_to_a_new_space",
                "space",
                {"serial": display, "space": "Wiz/Hamburg/Floor 2/Room 2.01", "create_space": True},
                on(display),
            ),
            Case("configure", "metafields", {"serial": table, "metafields": {"display": {"brightness": 40}}}, on(table)),
            Case(
                "everything",
                "name",
                {
                    "serial": "XQD-00005",
                    "name": "Lab One",
                    "space": "Wiz/Hamburg/lab",
                    "metafields": {"display": {"input": "USB-C"}},
                },
                on("XQD-00005"),
            ),
            Case("delete", "absent", {"cloud_id": hall, "state": "absent"}, ("cloud_id", hall), deletes=1),
        ),
    )


def _mobilefirst() -> Profile:
    ada, priya, mara, emre = "Ada's iPhone", "Priya iPhone", "Mara's Galaxy", "Emre XCover"
    lost, left, rounds = "Lena iPhone SE", "Torben's Galaxy", "Rounds Hamburg 1"

    def on(name: str) -> tuple[str, t.Any]:
        return ("deviceDisplayName", name)

    def id_of(phone: str) -> str:
        # The server's ids come in both spellings.
        number = stable_uuid("phone", phone)
        return number if sum(phone.encode()) % 4 else number.replace("-", "")

    return Profile(
        vendor="mobilefirst",
        account={"vendor": "mobilefirst", "username": "demo-admin", "password": "admin-secret"},
        fetched={
            "vendor": "mobilefirst",
            "username": "demo-deployer",
            "password": "deployer-secret",
            "response_format": "xml",
        },
        second=(
            {"vendor": "mobilefirst", "username": "demo-operator", "password": "operator-secret", "runtime": "service"},
            {"name": "Van 3 Tablet", "status": "ACTIVE"},
        ),
        listed=16,
        known={"device_id": id_of("ada")},
        missing={"name": "Nobody's Phone"},
        twins=({"device_id": id_of("ada")}, {"name": ada}),
        contradictory={"device_id": id_of("ada"), "cloud_id": id_of("mara")},
        identifiers={"device_id": "id", "cloud_id": "cloud_id"},
        read_only={
            "name": {"device_id": id_of("ada"), "name": "Ada's other phone"},
            "owner": {"device_id": id_of("ada"), "owner": "mara.lindt"},
        },
        matrix=(
            "block",
            "restore",
            "block_expired",
            "block_app",
            "app_of_two_versions",
            "app_with_a_space",
            "everything",
            "delete",
        ),
        one_read=frozenset({"block", "restore", "block_expired", "block_app", "app_with_a_space", "delete"}),
        more_writes=frozenset({"app_with_a_space", "everything"}),
        job_path=".*/transactions/",
        job_switches={"synchronous": False},
        forms={"xml": {"response_format": "xml"}},
        fleets={
            "statuses": tuple({"name": name, "status": "DISABLED"} for name in (ada, priya, mara, lost)),
            "applications": tuple({"name": name, "applications": {"deskbooking": "DISABLED"}} for name in (ada, priya, mara)),
            "both": ({"name": ada, "status": "LOST", "applications": {"rounds": "DISABLED"}}, {"name": left, "status": "ACTIVE"}),
        },
        cases=(
            Case("block", "status", {"name": priya, "status": "STOLEN"}, on(priya)),
            Case("block_by_id", "status", {"device_id": id_of("ada"), "status": "LOST"}, on(ada)),
            Case("restore", "status", {"name": lost, "status": "ACTIVE"}, on(lost)),
            Case("another_block", "status", {"name": left, "status": "STOLEN"}, on(left)),
            Case("block_expired", "status", {"name": "Boston Loaner", "status": "DISABLED"}, on("Boston Loaner")),
            Case("block_app", "applications", {"name": priya, "applications": {"rounds": "DISABLED"}}, on(priya)),
            Case("restore_app", "applications", {"name": emre, "applications": {"rounds": "ENABLED"}}, on(emre)),
            Case("app_of_two_versions", "applications", {"name": mara, "applications": {"deskbooking": "DISABLED"}}, on(mara)),
            Case(
                "app_with_a_space",
                "applications",
                {"name": "Hamburg Reception Tablet", "applications": {"Visitor Desk": "DISABLED", "deskbooking": "DISABLED"}},
                on("Hamburg Reception Tablet"),
            ),
            Case(
                "everything",
                "status",
                {"name": mara, "status": "LOST", "applications": {"deskbooking": "DISABLED", "rounds": "DISABLED"}},
                on(mara),
            ),
            Case("delete", "absent", {"name": rounds, "state": "absent"}, on(rounds), deletes=1),
        ),
    )


def _webex() -> Profile:
    boardroom, board, huddle, booth, video_bar = "FOC2710N0A1", "FOC2710N0A2", "FOC2711N0B1", "FOC2714N0E1", "FOC2713N0D1"
    desk, phone, workshop = "FOC2716N0G1", "FCH2701P0A1", "FCH2702P0B2"
    mail_room = "Berlin Mail Room"
    fresh = {"mac": "c4:1f:3b:99:00:01", "model": "DMS Cisco 8845"}

    def on(serial: str) -> tuple[str, t.Any]:
        return ("serial", serial)

    return Profile(
        vendor="webex",
        tells_organization=True,
        account={"vendor": "webex", "token": "webex-demo-token"},
        fetched={
            "vendor": "webex",
            "client_id": "webex-demo-client",
            "client_secret": "webex-demo-secret",
            "refresh_token": "webex-demo-refresh",
        },
        second=(
            {"vendor": "webex", "token": "webex-partner-token", "organization": vendor_id("ORGANIZATION", MANAGED)},
            {"serial": "FOC2720N0H1", "tags": ["espresso"]},
        ),
        listed=19,
        known={"serial": boardroom},
        missing={"name": "Nowhere Room"},
        twins=({"serial": boardroom}, {"mac": "8CA53B70000B"}),
        contradictory={"serial": boardroom, "mac": "8c:a5:3b:70:01:30"},
        identifiers={"device_id": "id", "cloud_id": "cloud_id", "serial": "serial", "mac": "mac"},
        gather=frozenset({"tags", "online", "metafields"}),
        acts={"activation_code": {"space": "Elbe Huddle"}},
        read_only={"status": {"serial": boardroom, "status": "disconnected"}},
        matrix=(
            "claim",
            "claim_for_a_person",
            "claim_with_everything",
            "rename",
            "tag",
            "tag_exactly",
            "no_tags",
            "configure",
            "configure_back",
            "everything",
            "delete",
        ),
        one_read=frozenset({"delete"}),
        more_writes=frozenset({"claim_with_everything", "everything"}),
        fleets={
            "tags": tuple({"serial": serial, "tags": ["campaign 7"]} for serial in (boardroom, board, huddle, desk)),
            "names": tuple({"serial": serial, "name": f"Room {serial}"} for serial in (huddle, booth, video_bar, phone)),
            "configurations": tuple(
                {"serial": serial, "metafields": {"Standby.Delay": 7}} for serial in (boardroom, board, video_bar)
            ),
            "new": tuple({**fresh, "mac": f"c4:1f:3b:99:00:0{number}", "space": mail_room} for number in range(1, 4)),
            "new_spaces": tuple(
                {**fresh, "mac": f"c4:1f:3b:99:00:0{number}", "space": f"Annex {number}", "create_space": True}
                for number in range(1, 4)
            ),
        },
        cases=(
            Case("claim", "create", {**fresh, "space": mail_room}, ("mac", "C41F3B990001"), creates=1),
            Case(
                "claim_for_a_person",
                "create",
                {**fresh, "owner": "Lena.Vogt@nordlicht.example"},
                ("mac", "C41F3B990001"),
                creates=1,
            ),
            Case(
                "claim_with_everything",
                "create",
                {**fresh, "space": "Annex", "create_space": True, "name": "Annex", "tags": ["new", "floor 9"]},
                ("mac", "C41F3B990001"),
                creates=1,
            ),
            Case("rename", "name", {"serial": booth, "name": "Booth 1"}, on(booth)),
            Case("rename_by_name", "name", {"name": "Workshop", "previous_name": "Berlin Workshop"}, on(workshop)),
            Case("tag", "tags", {"serial": boardroom, "tags": ["new", "floor 5"]}, on(boardroom)),
            Case("tag_exactly", "tags", {"serial": boardroom, "tags": ["floor 5", "only"], "purge_tags": True}, on(boardroom)),
            Case("no_tags", "tags", {"serial": boardroom, "tags": [], "purge_tags": True}, on(boardroom)),
            Case("tag_a_personal_device", "tags", {"serial": desk, "tags": ["desk"]}, on(desk)),
            Case(
                "configure",
                "metafields",
                {"serial": video_bar, "metafields": {"Standby.Delay": 3, "Standby.Control": False}},
                on(video_bar),
            ),
            Case("configure_back", "metafields", {"serial": boardroom, "metafields": {"SystemUnit.Name": None}}, on(boardroom)),
            Case(
                "everything",
                "name",
                {
                    "serial": huddle,
                    "name": "Elbe Room",
                    "tags": ["floor 6"],
                    "purge_tags": True,
                    "metafields": {"SystemUnit.Name": "elbe", "Audio.DefaultVolume": "40"},
                },
                on(huddle),
            ),
            Case("delete", "absent", {"serial": phone, "state": "absent"}, on(phone), deletes=1),
        ),
    )


PROFILES: dict[str, Profile] = {
    profile.vendor: profile for profile in (_blynk(), _greenlake(), _mobilefirst(), _webex(), _xyte())
}

SPOKEN: dict[str, Profile] = {
    **PROFILES,
    **{
        f"{profile.vendor}_{form}": replace(
            profile, account={**profile.account, **options}, second=({**profile.second[0], **options}, profile.second[1])
        )
        for profile in PROFILES.values()
        for form, options in profile.forms.items()
    },
}
"""Each vendor in each format that it speaks."""
