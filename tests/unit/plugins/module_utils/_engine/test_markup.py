# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""XML as plain data, and what a hostile document cannot do."""

from __future__ import annotations

import pytest

from ansible_collections.fleetform.devices.plugins.module_utils._engine import markup
from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import MissingLibrary
from ansible_collections.fleetform.devices.plugins.module_utils._engine.markup import BadMarkup, as_data, parse_markup

LAUGHS = b"""<!DOCTYPE a [<!ENTITY l0 "ha">%s]><a x="&l9;"/>""" % b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10)
)


def test_attributes_lists_and_nested_objects_become_what_json_would_show() -> None:
    root = parse_markup(
        b'<?xml version="1.0" encoding="UTF-8"?>\n<answer ok="true">'
        b'<errors><error details="a &lt; b"/>\n<error details=""/></errors>'
        b'<inner id="7"><errors/></inner></answer>'
    )
    assert root.name == "answer"
    assert as_data(root, {"errors"}) == {
        "ok": "true",
        "errors": [{"details": "a < b"}, {"details": ""}],
        "inner": {"id": "7", "errors": []},
    }


def test_text_between_the_elements_is_refused() -> None:
    for content in (b"<a>text<b/></a>", b"<a><b/>tail</a>", b"<a><![CDATA[x]]></a>"):
        with pytest.raises(BadMarkup, match="text between"):
            parse_markup(content)


def test_namespaces_comments_and_blanks_are_left_out() -> None:
    root = parse_markup(b'<x:a xmlns:x="urn:x" x:b="1"><!-- no --><?pi no?>\n <x:c/> </x:a>')
    assert as_data(root, ()) == {"b": "1", "c": {}}
    assert root.name == "a"


def test_letters_of_every_kind_survive_whatever_the_encoding() -> None:
    text = '<a name="Jérémy \N{SNOWMAN} &amp; \N{CJK UNIFIED IDEOGRAPH-4E2D}"/>'
    wanted = {"name": "Jérémy \N{SNOWMAN} & \N{CJK UNIFIED IDEOGRAPH-4E2D}"}
    assert as_data(parse_markup(text.encode()), ()) == wanted
    assert as_data(parse_markup(f'<?xml version="1.0" encoding="UTF-16"?>{text}'.encode("utf-16")), ()) == wanted


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(LAUGHS, id="billion laughs"),
        pytest.param(b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>', id="external DTD"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', id="external entity"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]><a/>', id="parameter entity"),
        pytest.param(b"<!DOCTYPE a><a/>", id="harmless DTD"),
        pytest.param(b'<?xml version="1.0" encoding="nonsense"?><a/>', id="unknown encoding"),
        pytest.param(b'<?xml version="1.0" encoding="utf-7"?><a/>', id="encoding of several bytes"),
        pytest.param(b"<a>&unknown;</a>", id="unknown entity"),
        pytest.param(b"<a>" * 100_000, id="deep"),
        pytest.param(b"<a><b></a>", id="crossed"),
        pytest.param(b'<a x="1" x="2"/>', id="attribute twice"),
        pytest.param(b'<a x="1"', id="cut"),
        pytest.param(b"", id="empty"),
        pytest.param(b"   ", id="blank"),
        pytest.param(b"{}", id="JSON"),
        pytest.param(b"<a/><b/>", id="two roots"),
        pytest.param(b"<a>\xff</a>", id="no text"),
        pytest.param(b'<a x="\x00"/>', id="null"),
    ],
)
def test_what_is_unsafe_or_no_xml_is_refused_and_not_quoted(document: bytes) -> None:
    with pytest.raises(BadMarkup) as caught:
        parse_markup(document)
    assert "passwd" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_size_depth_and_number_of_elements_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = b"<a>" * markup.DEEPEST + b"</a>" * markup.DEEPEST
    assert parse_markup(deep).name == "a"
    with pytest.raises(BadMarkup, match="deep"):
        parse_markup(b"<a>" + deep + b"</a>")
    monkeypatch.setattr(markup, "MOST_ELEMENTS", 3)
    assert len(parse_markup(b"<a><b/><b/></a>").children) == 2
    with pytest.raises(BadMarkup, match="more than 3 elements"):
        parse_markup(b"<a><b/><b/><b/></a>")
    monkeypatch.setattr(markup, "LARGEST", 10)
    with pytest.raises(BadMarkup, match="larger than 10 bytes"):
        parse_markup(b"<a>0123456789</a>")


@pytest.mark.parametrize("document", [b"<a><b/><b/></a>", b'<a b="1"><b/></a>'])
def test_two_values_of_one_name_are_refused(document: bytes) -> None:
    with pytest.raises(BadMarkup, match="two values"):
        as_data(parse_markup(document), ())


def test_without_the_library_xml_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "HAS_DEFUSEDXML", False)
    with pytest.raises(MissingLibrary) as caught:
        parse_markup(b"<a/>")
    assert caught.value.library == "defusedxml"
