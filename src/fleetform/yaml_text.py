# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values as YAML in one line, which Ansible's loader reads back as what they are and people see as what they are."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

_TEMPLATE = ("{{", "{%", "{#")
_OWN_SIGNS = "#jinja2:"
# Default ignorable, or blank, although Unicode counts them as letters, marks or signs.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# A key of more than 1024 characters has to be marked as one, says YAML.
_LONGEST_KEY = 1000


def shows(character: str) -> bool:
    """Whether a character is seen as what it is, in one line: no space but the usual one, nothing unseen or turning."""
    return character.isprintable() and _UNSEEN.match(character) is None


def is_template(text: str) -> bool:
    """Whether Ansible takes a text for a template."""
    return any(mark in text for mark in _TEMPLATE) or text.startswith(_OWN_SIGNS)


def flow(value: Any) -> str:
    """A value as YAML in one line: every text quoted, and no template where it looks like one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(str(name))}: {flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    text = str(value)
    return ("!unsafe " if is_template(text) else "") + quoted(text)


def quoted(text: str) -> str:
    """A text in double quotes, with escapes for whatever does not show as what it is."""
    return '"' + "".join(_escaped(text)) + '"'


def _number(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    digits, sign, exponent = float.__repr__(value).partition("e")
    # Without a point YAML 1.1 reads 1e-07 as a text.
    return f"{digits}.0e{exponent}" if sign and "." not in digits else digits + sign + exponent


def _key(name: str) -> str:
    text = quoted(name)
    return text if len(text) < _LONGEST_KEY else f"? {text} "


def _escaped(text: str) -> Iterator[str]:
    for character in text:
        if character in '"\\':
            yield "\\" + character
        elif shows(character):
            yield character
        elif ord(character) < 0x10000:
            yield f"\\u{ord(character):04x}"
        else:
            yield f"\\U{ord(character):08x}"
