# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans for their readers: what matters is there, comes first, and vendor text is nothing but text in every format."""

from __future__ import annotations

import copy
import html
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from fleetform.render import rendered
from fleetform.render.markdown import MARKER, code, escaped
from fleetform.render.words import duration, value
from tests.unit.render.plans import HOSTILE, USUAL, change, device, plan

FORMS = ["text", "json", "markdown", "html", "junit"]


@pytest.mark.parametrize("form", FORMS)
def test_every_format_says_what_happens_to_every_device(form: str) -> None:
    shown = rendered(USUAL, form)
    for word in ("Hall", "New", "Old", "no right", "needs activation"):
        assert word in shown, word


@pytest.mark.parametrize("form", FORMS)
def test_a_plan_is_shown_the_same_every_time_and_is_not_altered(form: str) -> None:
    before = copy.deepcopy(USUAL)
    assert rendered(USUAL, form) == rendered(json.loads(json.dumps(USUAL)), form)
    assert before == USUAL


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", HOSTILE)
def test_names_that_mean_something_elsewhere_show_as_text(form: str, name: str) -> None:
    data = plan(
        (device(1, "update", name, reason=name, declared_at=name), [change(1, "rename", "name", name, name + "2")]),
        (device(2, "update", "x"), [change(2, "set_metafield", f"metafields.{name}", None, {name: [name]})]),
        errors=[{"account": name, "address": name, "kind": "Refused", "message": name}],
        warnings=[name],
    )
    shown = rendered(data, form)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u061c\u202e\u200b\ud800]", shown)
    if form == "json":
        assert json.loads(shown) == data
    if form == "junit":
        ElementTree.fromstring(shown)
    if form == "html":
        assert tags(shown) <= KNOWN_TAGS
        assert "<script>alert" not in shown
        assert "onerror=alert(1)>" not in shown.replace("&quot;", '"').split("<body>")[0]
    if form == "markdown":
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", shown)
        body = outside.replace(MARKER, "")
        assert "<!--" not in body
        assert "<script" not in body
        assert "](" not in body
        assert "@everyone" not in body
        assert not re.search(r"(?<!&)#1", body)
        for row in [line for line in shown.splitlines() if line.startswith("| ") and "---" not in line]:
            assert len(re.findall(r"(?<!\\)\|", row)) == 4, row


KNOWN_TAGS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ul", "li", "b", "bdi", "span", "strong", "script",
    "table", "thead", "tbody", "tr", "th", "td", "div", "label", "input", "output", "section", "details", "summary",
    "tfoot", "dl", "dt", "dd", "del", "ins",
}  # fmt: skip


def tags(page: str) -> set[str]:
    found: set[str] = set()
    scripts = 0

    class Look(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            nonlocal scripts
            found.add(tag)
            scripts += tag == "script"
            assert not [name for name, _value in attrs if name.startswith("on") or name in ("src", "href")]

    Look().feed(page)
    assert scripts == 1
    return found


@pytest.mark.parametrize("form", FORMS)
def test_the_time_for_a_device_does_not_grow_with_their_number(form: str) -> None:
    walks = 0

    class Rows(list[dict[str, Any]]):
        def __iter__(self) -> Iterator[dict[str, Any]]:
            nonlocal walks
            walks += 1
            return super().__iter__()

    pairs = [(device(number, "update", f"D{number}"), [change(number, "rename", "name", "a", "b")]) for number in range(5000)]
    data = plan(*pairs)
    data.update(devices=Rows(data["devices"]), changes=Rows(data["changes"]))
    shown = rendered(data, form, max_chars=10_000_000)
    assert "D4999" in shown
    assert walks < 20


def test_text_marks_what_cannot_be_undone_and_what_is_blocked() -> None:
    lines = rendered(USUAL, "text").splitlines()
    assert any("- Old" in line and "cannot be undone" in line for line in lines)
    assert any("! Waiting" in line for line in lines)
    assert not any("Same" in line for line in lines)
    assert lines[-1].startswith("The plan has errors: 1 to create, 1 to update, 1 to delete, 1 unchanged, 1 blocked.")


def test_text_has_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" not in rendered(USUAL, "text")
    assert "\x1b[" in rendered(USUAL, "text", colour=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in rendered(USUAL, "text", colour=True)


def test_warnings_that_devices_share_are_said_once() -> None:
    pairs = [(device(number, "delete", f"D{number}"), [change(number, "delete", None, {}, None)]) for number in range(3)]
    shown = rendered(plan(*pairs, warnings=[f"lab/{number}: it is gone for good" for number in range(3)]), "text")
    assert shown.count("gone for good") == 1
    assert "3 devices: it is gone for good" in shown


def test_markdown_begins_with_its_mark_then_errors_then_what_cannot_be_undone() -> None:
    shown = rendered(USUAL, "markdown")
    assert shown.startswith(MARKER)
    places = [shown.index(word) for word in ("1 to create", "**Errors**", "**Cannot be undone**", "**Warnings**", "Lobby")]
    assert places == sorted(places)


def test_what_is_sent_although_it_cannot_be_compared_is_planned_too() -> None:
    nothing = plan((device(1, "no-op", "Same"), []), effort={})
    sent = plan((device(1, "no-op", "Sent"), []), summary={**nothing["summary"], "unverified": 1, "calls": 1})
    assert [rendered(data, "markdown").splitlines()[2] for data in (nothing, sent)] == [
        "### fleetform: nothing to do",
        "### fleetform: changes are planned",
    ]


@pytest.mark.parametrize("most", [2_000, 10_000, 65_000])
def test_markdown_is_never_longer_than_a_comment_may_be_and_counts_the_rest(most: int) -> None:
    pairs = [
        (device(number, "update", f"Device {number}"), [change(number, "rename", "name", "x" * 50, "y" * 50)])
        for number in range(1000)
    ]
    shown = rendered(plan(*pairs, warnings=[f"w{number}" * 20 for number in range(50)]), "markdown", max_chars=most)
    assert len(shown) <= most
    left = re.search(r"and (\d+) more devices", shown)
    assert left is not None
    assert int(left[1]) + shown.count("**~ lab") == 1000


@pytest.mark.parametrize("text", ["", "a", "`", "``", "a`b``c", "`a", "a`"])
def test_code_cannot_be_ended_by_what_is_in_it(text: str) -> None:
    fenced = code(text)
    fence = re.match("`+", fenced)
    assert fence is not None
    assert max((len(run) for run in re.findall("`+", text)), default=0) < len(fence[0])
    assert fenced.endswith(fence[0])


def test_escaping_leaves_letters_alone() -> None:
    assert escaped("Lobby sensor 7, Küche") == "Lobby sensor 7, Küche"


def test_junit_has_a_case_for_every_device_with_a_name_of_its_own() -> None:
    root = ElementTree.fromstring(rendered(USUAL, "junit"))
    cases = [case.get("name") for case in root.iter("testcase")]
    assert sorted(name for name in cases if name and name.startswith("lab/")) == [f"lab/{number}" for number in range(1, 6)]
    assert len(set(cases)) == len(cases)
    (suite,) = [suite for suite in root.iter("testsuite") if suite.get("name") == "lab"]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("5", "3", "0", "1")
    (error,) = root.iter("error")
    assert error.get("message") == "account av: no right"
    same = next(case for case in root.iter("testcase") if case.get("name") == "lab/4")
    assert list(same) == []
    renamed = next(case for case in root.iter("testcase") if case.get("name") == "lab/1")
    assert renamed[0].text == 'name: "Lobby" -> "Hall"'


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (None, "nothing"),
        ({"id": "7", "name": "Room", "path": "A/Room"}, '"A/Room"'),
        ({"id": "7", "name": None}, '"7"'),
        ({"id": None}, "nothing"),
        ({"a": 1}, '{"a": 1}'),
        ("x\ny", '"x\\ny"'),
        (True, "true"),
    ],
)
def test_values_read_as_people_write_them(item: Any, words: str) -> None:
    assert value(item) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "about 1 s"), (61, "about 61 s"), (150, "about 2 min"), (7200, "about 2.0 h")]
)
def test_durations_read_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def applied(*statuses: tuple[str, str | None], **more: Any) -> dict[str, Any]:
    """USUAL without its errors, after an apply in which this came of its changes."""
    rows = [
        {**{name: change[name] for name in ("address", "action", "attribute")}, "status": status, "message": message}
        for change, (status, message) in zip(USUAL["changes"], statuses, strict=False)
    ]
    return {**USUAL, "errors": [], "interrupted": False, "results": rows, **more}


@pytest.mark.parametrize("form", FORMS)
def test_after_an_apply_every_format_says_what_came_of_each_change(form: str) -> None:
    shown = rendered(
        applied(("done", None), ("failed", "HTTP 400: no such template"), ("skipped", "it needs a change that failed")), form
    )
    assert "no such template" in shown
    assert "it needs a change that failed" in shown
    if form not in ("json", "junit"):
        assert "pplied in part, 1 of 3 changes are in effect" in shown


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (applied(("done", None), ("already", None), ("done", None)), "applied, 3 of 3 changes are in effect"),
        (
            applied(("done", None), ("skipped", "x"), ("skipped", "x"), interrupted=True),
            "interrupted, 1 of 3 changes are in effect",
        ),
        (applied(), "nothing was sent"),
        (
            {**applied(), "changes": [], "summary": {**USUAL["summary"], "create": 0, "update": 0, "delete": 0, "calls": 0}},
            "nothing to do",
        ),
    ],
)
def test_the_headline_says_what_an_apply_came_to(data: dict[str, Any], words: str) -> None:
    assert f"### fleetform: {words}\n" in rendered(data, "markdown")
    assert rendered(data, "text").splitlines()[-1].startswith(words.capitalize())
    assert f"<title>fleetform: {words}</title>" in rendered(data, "html")


def test_a_device_passes_in_junit_once_its_changes_are_in_effect() -> None:
    root = ElementTree.fromstring(rendered(applied(("done", None), ("failed", "no"), ("already", None)), "junit"))
    failed = [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed == ["lab/2"]


def test_the_outcome_is_a_column_of_a_markdown_table() -> None:
    shown = rendered(applied(("done", None), ("failed", "a | b"), ("done", None)), "markdown")
    assert "| what | before | after | outcome |\n|---|---|---|---|\n" in shown
    assert '| name | `"Lobby"` | `"Hall"` | done |' in shown
    assert "failed&#58; a &#124; b |" in shown


def test_names_in_junit_are_unique_whatever_is_declared_twice() -> None:
    twice = [{"account": "nope", "address": "nope/q", "kind": "SettingsError", "message": "no account"}] * 2
    root = ElementTree.fromstring(rendered(plan(errors=twice), "junit"))
    assert [case.get("name") for case in root.iter("testcase")] == ["nope/q", "nope/q (2)"]


@pytest.mark.parametrize("text", ["@octocat", "see #1", "www.evil.example", "WWW.evil.example"])
def test_nobody_is_called_and_nothing_is_linked_by_a_name(text: str) -> None:
    """GitHub looks for mentions in what is shown, after entities were read."""
    seen = html.unescape(escaped(text))
    assert not re.search(r"[@#]\w", seen)
    assert "www." not in escaped(text).lower()
