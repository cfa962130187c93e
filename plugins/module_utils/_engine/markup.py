# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""XML as plain data, read so that hostile input can do no harm. The only user of ``defusedxml``.

Document types, entities and external references are refused, and so is a document that is too large, too deep or has too many
elements, or with text between them: the vendors that answer in XML keep every value in an attribute.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import MissingLibrary

try:
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    HAS_DEFUSEDXML = True
except ImportError:
    HAS_DEFUSEDXML = False

# Bytes, elements inside each other, elements in all. A page of 1,000 devices with 20 applications each stays far below.
LARGEST = 32 * 1024 * 1024
DEEPEST = 32
MOST_ELEMENTS = 500_000


class BadMarkup(ValueError):
    """A document that is no XML, or none that is safe to read. The text says why and quotes nothing of it."""


@dataclass(frozen=True)
class Element:
    """One element: its name without namespace, its attributes as text, the elements in it."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict, repr=False)
    children: list[Element] = field(default_factory=list, repr=False)


def require_markup() -> None:
    """Raises MissingLibrary where XML cannot be read here."""
    if not HAS_DEFUSEDXML:
        raise MissingLibrary("defusedxml")


def parse_markup(content: bytes) -> Element:
    """The root element of a document. Raises BadMarkup, MissingLibrary."""
    require_markup()
    if len(content) > LARGEST:
        raise BadMarkup(f"the document is larger than {LARGEST} bytes")
    parser = DefusedXMLParser(target=_Builder(), forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(content)
        root = parser.close()
    except BadMarkup:
        raise
    except ParseError as error:
        raise BadMarkup(f"it is not XML, or was cut (line {error.position[0]})") from None
    except (ValueError, LookupError):
        # What defusedxml refuses is a ValueError; an unknown encoding is one or the other.
        raise BadMarkup("it declares a document type or entities, or an unknown encoding, which is not accepted") from None
    if not isinstance(root, Element):
        raise BadMarkup("the document is empty")
    return root


def as_data(element: Element, lists: t.Collection[str]) -> dict[str, t.Any]:
    """The attributes of an element, and the elements in it by name, as JSON would show them.

    An element that is named in ``lists`` wraps a list: it becomes the list of what is in it. Raises BadMarkup where two elements,
    or an element and an attribute, have one name.
    """
    data: dict[str, t.Any] = dict(element.attributes)
    for child in element.children:
        if child.name in data:
            raise BadMarkup("an element has two values of one name")
        inner = [as_data(entry, lists) for entry in child.children] if child.name in lists else as_data(child, lists)
        data[child.name] = inner
    return data


class _Builder:
    """What the parser reports to: makes elements, and stops at too many of them."""

    def __init__(self) -> None:
        self._open: list[Element] = []
        self._root: Element | None = None
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS:
            raise BadMarkup(f"the document has more than {MOST_ELEMENTS} elements")
        if len(self._open) >= DEEPEST:
            raise BadMarkup(f"its elements stand more than {DEEPEST} deep in each other")
        element = Element(_local(name), {_local(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)

    def data(self, text: str) -> None:
        if text.strip():
            raise BadMarkup("it holds text between its elements")

    def end(self, _name: str) -> None:
        self._open.pop()

    def close(self) -> Element | None:
        return self._root


def _local(name: str) -> str:
    return name.rpartition("}")[2]
