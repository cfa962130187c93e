# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two forms of every MobileFirst body, JSON and XML, and which of them a request wants."""

from __future__ import annotations

import re
from functools import partial
from typing import Any
from xml.etree import ElementTree as ET

from fleetform.sandbox.wire import Answer, encode

JSON, XML, TEXT_XML = "application/json", "application/xml", "text/xml"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def chosen(accept: str | None, default: str = JSON) -> str | None:
    """The media type that an Accept header asks for; ``default`` where it leaves the choice, None where nothing fits."""
    offered = [default, *(kind for kind in (JSON, XML, TEXT_XML) if kind != default)]
    ranges = []
    for place, part in enumerate((accept or "*/*").split(",")):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
        try:
            ranges.append((name, float(quality), place))
        except ValueError:
            continue
    found: list[tuple[float, int, str]] = []
    for kind in offered:
        for wanted in (kind, kind.partition("/")[0] + "/*", "*/*"):
            match = next(((quality, -place, kind) for name, quality, place in ranges if name == wanted), None)
            if match is not None:
                found.append(match)
                break
    best = max((match for match in found if match[0] > 0), key=lambda match: match[:2], default=None)
    return best[2] if best else None


def _text(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return _NOT_XML.sub("\ufffd", text)


def _element(name: str, data: dict[str, Any]) -> ET.Element:
    element = ET.Element(name)
    for key, value in data.items():
        if isinstance(value, dict):
            element.append(_element(key, value))
        elif isinstance(value, list):
            wrapper = ET.SubElement(element, key)
            entry = key.removesuffix("s")
            wrapper.extend([_element(entry, row) for row in value])
        elif value is not None:
            element.set(key, _text(value))
    return element


def to_xml(root: str, data: dict[str, Any]) -> bytes:
    """Every scalar an attribute, every list a wrapper element with an element per entry, every object an element.

    A null is no attribute. What XML cannot hold, such as a control character, becomes U+FFFD.
    """
    body: bytes = ET.tostring(_element(root, data), encoding="utf-8")
    return _DECLARATION + body


def written(kind: str, root: str, data: dict[str, Any], status: int = 200) -> Answer:
    """An answer in the form ``kind``; ``root`` names the outermost element in XML."""
    if kind == JSON:
        return Answer(status, encode(data))
    return Answer(status, to_xml(root, data), content_type=kind, document=data, write=partial(to_xml, root))
