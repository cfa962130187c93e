# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page of a plan as a browser shows it: what runs, what is seen, what keys and paper make of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from fleetform.render import rendered
from fleetform.render.words import plain
from tests.browser.conftest import PHONE, Visit, Visits
from tests.unit.render.plans import HOSTILE, USUAL, change, device, plan

WIDE = "W" * 300
HARMFUL = [
    *HOSTILE,
    "</title></style></script><script>alert(2)</script>",
    "</summary></details></section><svg onload=alert(3)>",
    "javascript:alert(4)",
    "' onmouseover='alert(5)",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/><link rel=stylesheet href=/x.css>",
]
UNCHANGED = [f"Same {number}" for number in range(3)]


def harmful(*names: str) -> dict[str, Any]:
    """A plan with these names wherever a vendor or a user could have put them."""
    pairs = []
    for number, name in enumerate(names):
        first, second = f"{name}/{number}", f"{number}/{name}"
        one = device(number, "update", name, address=first, account=name, reason=name, declared_at=name, serial=name)
        other = device(number, "update", name, address=second, account=name, id=name)
        pairs += [
            (one, [change(number, "rename", "name", name, f"{name} 2", address=first)]),
            (other, [change(number, "set_metafield", f"metafields.{name}", None, {name: [name]}, address=second)]),
        ]
    return plan(
        *pairs,
        errors=[{"account": name, "address": name, "kind": "Refused", "message": name} for name in names],
        blocked=[{"address": name, "reason": name} for name in names],
        warnings=list(names),
        effort={name: {"calls": 1, "seconds": 0.0} for name in names},
    )


def fleet() -> dict[str, Any]:
    """Two accounts, one of which has only devices that are as declared."""
    return plan(
        (
            device(1, "update", "Lobby"),
            [change(1, "rename", "name", "Lobby", "Hall"), change(1, "set_tags", "tags", ["a"], ["b"])],
        ),
        (device(2, "create", "New"), [change(2, "claim", None, None, {"model": "M"})]),
        (device(3, "delete", "Old"), [change(3, "delete", None, {"id": "3", "name": "Old"}, None)]),
        (device(4, "no-op", "Waiting", reason="needs activation"), []),
        *((device(10 + number, "no-op", name, account="store", vendor="webex"), []) for number, name in enumerate(UNCHANGED)),
        blocked=[{"address": "lab/4", "reason": "needs activation"}],
        errors=[{"account": "av", "address": None, "kind": "Forbidden", "message": "account av: no right"}],
        warnings=["lab/3: it does not come back", "something general"],
        effort={"blynk": {"calls": 3, "seconds": 0.0}, "webex": {"calls": 120, "seconds": 90.0}},
        complete=False,
    )


def page(data: dict[str, Any]) -> str:
    return rendered(data, "html")


def open_all(visited: Visit) -> None:
    visited.look("() => document.querySelectorAll('details').forEach((element) => { element.open = true; })")


# The texts that are seen, each with the size of its letters and their contrast to what is behind them and to white paper.
TEXTS = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => channels(colour).slice(0, 3).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const clear = (colour) => channels(colour)[3] === 0;
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const { backgroundColor } = getComputedStyle(element);
      if (!clear(backgroundColor)) return backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const owns = (element) => Array.from(element.childNodes).some((node) => node.nodeType === 3 && node.data.trim());
  return Array.from(document.body.querySelectorAll("*"))
    .filter((element) => (owns(element) || element.matches("input[type=search]")) && element.checkVisibility())
    .map((element) => {
      const { color, fontSize, opacity } = getComputedStyle(element);
      return {
        text: `${element.tagName} ${element.className} ${element.textContent.slice(0, 30)}`,
        size: parseFloat(fontSize), opacity: Number(opacity),
        contrast: contrast(color, behind(element)), paper: contrast(color, "rgb(255, 255, 255)"),
      };
    });
}"""


def test_a_name_runs_nothing_loads_nothing_and_is_read_as_it_is(visit: Visits) -> None:
    visited = visit(page(harmful(*HARMFUL)))
    assert visited.page.title() == "fleetform: the plan has errors"
    assert sorted(visited.devices()) == sorted([plain(name) for name in HARMFUL] * 2)
    open_all(visited)
    seen = visited.look("() => document.body.innerText")
    assert {name: seen.count(plain(name)) for name in HARMFUL if seen.count(plain(name)) < 15} == {}
    assert visited.look("() => document.querySelectorAll('script').length") == 1
    for name in HARMFUL:
        assert visited.filter(plain(name)).count(plain(name)) == 2, name
    assert (visited.dialogs, visited.errors, len(visited.requests)) == ([], [], 1)
    assert visited.look("() => window.blocked") == []


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """The address of a server, and what was asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_the_policy_stops_what_gets_into_the_page_all_the_same(visit: Visits, elsewhere: tuple[str, list[str]]) -> None:
    address, asked = elsewhere
    injected = f"""
    <script>window.ran = "script"</script>
    <script src="{address}/script.js"></script>
    <style>body {{ opacity: 0.5 }}</style>
    <link rel="stylesheet" href="{address}/style.css">
    <img src="{address}/image.png" onerror="window.ran = 'error'">
    <iframe src="{address}/frame"></iframe>
    <iframe srcdoc="<script>parent.ran = 'frame'</script>"></iframe>
    <object data="{address}/object"></object>
    <button id="press" style="position: fixed; top: 0; left: 0" onclick="window.ran = 'press'">press</button>
    <form action="{address}/form" method="post"><input type="submit" id="send"></form>
    </body>"""
    visited = visit(page(USUAL).replace("</body>", injected))
    visited.page.locator("#press").click()
    # What belongs to the page goes on.
    assert visited.filter("lobby") == ["Lobby"]
    # Not wait_for_function: it is evaluated over and over, which the policy forbids as well.
    with visited.page.expect_console_message(lambda message: "form-action" in message.text):
        visited.look("() => document.getElementById('send').click()")
    forbidden = set(visited.look("() => window.blocked"))
    assert forbidden >= {
        "script-src-elem",
        "script-src-attr",
        "style-src-elem",
        "style-src-attr",
        "img-src",
        "frame-src",
        "object-src",
    }
    assert visited.look("() => window.ran") is None
    assert visited.look("() => getComputedStyle(document.body).opacity") == "1"
    assert asked == []


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("lobby", ["Lobby"]),
        ("LOBBY", ["Lobby"]),
        ("lab/2", ["New"]),
        ("tags", ["Lobby"]),
        ("hall", ["Lobby"]),
        ("fleet.yml:3", ["Old"]),
        ("cannot be undone", ["Old"]),
        ("needs activation", ["Waiting"]),
        ("blocked", ["Waiting"]),
        ("webex", UNCHANGED),
        ("same 2", ["Same 2"]),
        ("  update   lobby ", ["Lobby"]),
        ("lobby old", []),
        ("no such device", []),
    ],
)
def test_the_filter_finds_devices_by_every_word_in_them(visit: Visits, words: str, names: list[str]) -> None:
    visited = visit(page(fleet()))
    assert visited.filter(words) == names
    assert visited.page.locator("output").inner_text() == f"{len(names)} of 7 devices shown"


def test_an_account_whose_devices_are_all_hidden_hides_its_heading_and_clearing_shows_all_again(visit: Visits) -> None:
    visited = visit(page(fleet()))
    everything = visited.devices()
    assert visited.accounts() == ["lab", "store"]
    visited.filter("lobby")
    assert visited.accounts() == ["lab"]
    visited.filter("store")
    assert visited.accounts() == ["store"]
    visited.filter("nothing like that")
    assert visited.accounts() == []
    assert visited.filter("") == everything
    assert visited.accounts() == ["lab", "store"]
    assert visited.page.locator("output").inner_text() == "7 of 7 devices shown"


def test_unchanged_devices_can_be_hidden_together_with_the_filter(visit: Visits) -> None:
    visited = visit(page(fleet()))
    visited.page.get_by_label("Hide unchanged").check()
    assert visited.devices() == ["Lobby", "New", "Old", "Waiting"]
    assert visited.accounts() == ["lab"]
    assert visited.page.locator("output").inner_text() == "4 of 7 devices shown"
    assert visited.filter("same") == []
    visited.page.get_by_label("Hide unchanged").uncheck()
    assert visited.devices() == UNCHANGED


def test_filter_toggle_and_devices_are_reached_and_used_by_keys_alone(visit: Visits) -> None:
    visited = visit(page(fleet()))
    keys = visited.page.keyboard

    def focused() -> str:
        return str(visited.look("() => document.activeElement.id || document.activeElement.innerText"))

    def tab_to(wanted: str) -> None:
        for _turn in range(12):
            keys.press("Tab")
            if wanted in focused():
                return
        pytest.fail(f"{wanted} is not reached")

    tab_to("filter")
    assert visited.look("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"
    keys.type("same lab/11")
    keys.press("Enter")
    assert visited.devices() == ["Same 1"]
    tab_to("Same 1")
    closed = visited.page.locator("details.device:visible")
    assert closed.get_attribute("open") is None
    keys.press("Enter")
    assert closed.get_attribute("open") is not None
    keys.press("Shift+Tab")
    assert focused() == "hide"
    keys.press("Space")
    assert visited.devices() == []
    keys.press("Shift+Tab")
    keys.press("Escape")
    assert visited.devices() == ["Lobby", "New", "Old", "Waiting"]
    assert len(visited.requests) == 1


def test_what_is_shown_is_told_to_those_who_do_not_see_it(visit: Visits) -> None:
    visited = visit(page(fleet()))
    for role, name in (("searchbox", "Filter devices"), ("checkbox", "Hide unchanged"), ("status", None), ("search", None)):
        assert visited.page.get_by_role(role, name=name).count() == 1, role  # type: ignore[arg-type]


def test_the_summary_says_all_of_the_plan_before_the_devices(visit: Visits) -> None:
    visited = visit(page(fleet()))
    before = visited.look("() => document.body.innerText").split("Filter devices")[0]
    for words in (
        *("the plan has errors", "not complete", "account av: no right", "lab/4: needs activation", "2026-11-22T10:00:00Z"),
        *("1\nto create", "1\nto update", "1\nto delete", "3\nunchanged", "1\nblocked", "1\ncannot be undone"),
        *(
            "lab/3: it does not come back",
            "something general",
            "blynk\t3\tno wait",
            "webex\t120\tabout 2 min",
            "all\t123\tabout 2 min",
        ),
    ):
        assert words in before, words


def test_a_changed_device_is_open_with_before_and_after_and_an_unchanged_one_opens_by_a_click(visit: Visits) -> None:
    visited = visit(page(fleet()))
    lobby = visited.page.locator("details.device", has_text="Lobby")
    assert lobby.locator("del:visible").all_inner_texts() == ['"Lobby"', '["a"]']
    assert lobby.locator("ins:visible").all_inner_texts() == ['"Hall"', '["b"]']
    new = visited.page.locator("details.device", has_text="New")
    assert (new.locator("del").count(), new.locator("ins:visible").all_inner_texts()) == (0, ['{"model": "M"}'])
    old = visited.page.locator("details.device", has_text="Old")
    assert (old.locator("del:visible").all_inner_texts(), old.locator("ins").count()) == (['"Old"'], 0)
    assert old.get_by_text("cannot be undone").is_visible()
    same = visited.page.locator("details.device", has_text="Same 1")
    assert not same.get_by_text("lab/11").is_visible()
    same.locator("summary").click()
    assert same.get_by_text("lab/11").is_visible()


@pytest.mark.parametrize(
    "names", [[WIDE, "\u0645\u062f\u064a\u0631 " * 60, "\U0001f5a5" * 100], HARMFUL], ids=["long", "harmful"]
)
def test_on_a_phone_nothing_goes_sideways(visit: Visits, names: list[str]) -> None:
    visited = visit(page(harmful(*names)), **PHONE)
    open_all(visited)
    assert visited.look("() => innerWidth") == 360
    assert visited.look("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    beyond = "() => Array.from(document.body.querySelectorAll('*'), (one) => one.getBoundingClientRect().right)"
    assert max(visited.look(beyond)) <= 360


@pytest.mark.parametrize("options", [PHONE, {}], ids=["phone", "desktop"])
def test_text_is_large_enough_to_read_and_what_is_touched_large_enough_to_touch(visit: Visits, options: dict[str, Any]) -> None:
    visited = visit(page(fleet()), **options)
    open_all(visited)
    assert [text for text in visited.look(TEXTS) if text["size"] < 16] == []
    targets = visited.page.locator("summary:visible, label:visible, input[type=search]")
    assert min(visited.look("(all) => all.map((one) => one.getBoundingClientRect().height)", targets.element_handles())) >= 40


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(visit: Visits, scheme: str) -> None:
    visited = visit(page(fleet()), color_scheme=scheme)
    open_all(visited)
    texts = visited.look(TEXTS)
    assert len(texts) > 60
    assert [text for text in texts if text["contrast"] < 4.5 or text["opacity"] < 1] == []
    dark = visited.look("() => getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
    assert dark == (scheme == "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_paper_there_is_no_filter_every_device_is_open_and_letters_are_dark(visit: Visits, scheme: str) -> None:
    visited = visit(page(fleet()), color_scheme=scheme)
    visited.page.emulate_media(media="print")
    assert not visited.page.get_by_label("Filter devices").is_visible()
    assert not visited.page.get_by_label("Hide unchanged").is_visible()
    assert visited.page.locator("details.device:not([open])").count() == len(UNCHANGED)
    assert visited.page.locator("details.device p:visible").count() == visited.page.locator("details.device p").count()
    for number in range(len(UNCHANGED)):
        assert visited.page.get_by_text(f"lab/{10 + number}").bounding_box() is not None
    assert visited.look("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert [text for text in visited.look(TEXTS) if min(text["contrast"], text["paper"]) < 4.5] == []


def test_a_printed_page_is_as_long_as_one_with_every_device_open_and_closes_them_again(visit: Visits) -> None:
    many = [(device(number, "no-op", f"D{number}"), []) for number in range(100)]
    visited = visit(page(plan(*many)))

    def sheets() -> int:
        return len(re.findall(rb"/Type */Page\b", visited.page.pdf()))

    printed = sheets()
    assert visited.page.locator("details.device[open]").count() == 0
    open_all(visited)
    assert printed == sheets() > 5


def test_on_paper_no_device_is_left_out_because_there_are_very_many(visit: Visits) -> None:
    many = [(device(number, "no-op", f"D{number}"), []) for number in range(600)]
    visited = visit(page(plan(*many)))
    visited.page.emulate_media(media="print")
    seen = visited.look("() => document.body.innerText")
    assert [number for number in range(600) if f"address lab/{number}," not in seen] == []


def test_a_browser_whose_style_cannot_open_devices_opens_them_before_it_prints(visit: Visits) -> None:
    visited = visit(page(fleet()))
    count = visited.page.locator("details.device[open]").count()
    visited.look("() => dispatchEvent(new Event('beforeprint'))")
    assert visited.page.locator("details.device:not([open])").count() == 0
    visited.look("() => dispatchEvent(new Event('afterprint'))")
    assert visited.page.locator("details.device[open]").count() == count


def test_without_its_script_the_page_shows_all_and_no_filter_that_does_nothing(visit: Visits) -> None:
    visited = visit(page(fleet()), java_script_enabled=False)
    assert visited.page.get_by_label("Filter devices").count() == 1
    assert not visited.page.get_by_label("Filter devices").is_visible()
    assert len(visited.devices()) == 7
    assert visited.page.locator("output").inner_text() == "7 devices"


def test_five_thousand_devices_are_shown_and_filtered_in_the_time_of_a_key(visit: Visits) -> None:
    changed = [
        (
            device(number, "update", f"Device {number}", account=f"lab {number % 5}"),
            [
                change(number, "rename", "name", f"Device {number}", f"Hall {number}"),
                change(number, "set_tags", "tags", [], ["a"]),
            ],
        )
        for number in range(5000)
    ]
    html = page(plan(*changed))
    assert len(html) < 5_000_000
    visited = visit(html)
    assert visited.page.locator("output").inner_text() == "5000 of 5000 devices shown"
    milliseconds = """(words) => {
      const box = document.getElementById("filter");
      const start = performance.now();
      box.value = words;
      box.dispatchEvent(new Event("input"));
      document.body.getBoundingClientRect();
      return performance.now() - start;
    }"""
    took = {words: visited.look(milliseconds, words) for words in ("hall 4321", "update", "no such device", "")}
    assert max(took.values()) < 2000, took
    assert visited.filter("hall 4321") == ["Device 4321"]
