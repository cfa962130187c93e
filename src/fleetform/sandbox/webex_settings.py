# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings that each product knows, with their value spaces, and the key patterns that choose among them."""

from __future__ import annotations

import re
from typing import Any

Setting = tuple[dict[str, Any], Any]

_SEGMENT = re.compile(r"(\*|[A-Za-z][A-Za-z0-9]*)(?:\[(\*|\d{1,3}|\d{1,3}\.\.(?:\d{1,3}|n))\])?")


def _number(low: int, high: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}


def _text(longest: int, shortest: int = 0) -> dict[str, Any]:
    return {"type": "string", "minLength": shortest, "maxLength": longest}


def _one(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


_SERVICES = ("Catering", "Concierge", "Emergency", "Helpdesk", "Other", "Security", "Transportation")
_ZONES = ("Etc/UTC", "Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo")

_EVERY: dict[str, Setting] = {
    "Audio.DefaultVolume": (_number(0, 100), 50),
    "Audio.SoundsAndAlerts.RingVolume": (_number(0, 100), 50),
    "Audio.SoundsAndAlerts.RingTone": (_one("Sunrise", "Mischief", "Ripples", "Vibes", "Delight"), "Sunrise"),
    "Audio.Ultrasound.MaxVolume": (_number(0, 90), 70),
    "Bluetooth.Allowed": (_one("True", "False"), "True"),
    "Conference.AutoAnswer.Mode": (_one("On", "Off"), "Off"),
    "Conference.DefaultCall.Rate": (_number(64, 20000), 20000),
    "Conference.MaxReceiveCallRate": (_number(64, 20000), 20000),
    "Conference.MaxTransmitCallRate": (_number(64, 20000), 20000),
    "Logging.External.Mode": (_one("On", "Off"), "Off"),
    "Phonebook.Server[1].ID": ({"type": "string", "maxLength": 64}, None),
    "RoomAnalytics.AmbientNoiseEstimation.Mode": (_one("On", "Off"), "On"),
    "RoomAnalytics.PeopleCountOutOfCall": (_one("On", "Off"), "Off"),
    "Standby.Control": (_one("On", "Off"), "On"),
    "Standby.Delay": (_number(1, 480), 10),
    "SystemUnit.Name": (_text(50), ""),
    "Time.TimeFormat": (_one("24H", "12H"), "24H"),
    "Time.Zone": (_one(*_ZONES), "Etc/UTC"),
    "UserInterface.Language": (_one("English", "German", "French", "Japanese"), "English"),
}
for _index in range(1, 6):
    _EVERY |= {
        f"FacilityService.Service[{_index}].CallType": (_one("Audio", "Video"), "Video"),
        f"FacilityService.Service[{_index}].Name": (_text(1024), "Live Support" if _index == 1 else ""),
        f"FacilityService.Service[{_index}].Number": (_text(1024), ""),
        f"FacilityService.Service[{_index}].Type": (_one(*_SERVICES), "Helpdesk"),
    }
_ROOM: dict[str, Setting] = {
    "Audio.Input.Microphone[1].Mode": (_one("On", "Off"), "On"),
    "Audio.Input.Microphone[2].Mode": (_one("On", "Off"), "On"),
    "Cameras.SpeakerTrack.Mode": (_one("Auto", "Off"), "Auto"),
    "Video.Output.Connector[1].Resolution": (_one("Auto", "1920_1080_60", "3840_2160_60"), "Auto"),
    "Video.Output.Connector[2].Resolution": (_one("Auto", "1920_1080_60", "3840_2160_60"), "Auto"),
}
_BOARD: dict[str, Setting] = {
    "Audio.Input.Microphone[1].Mode": (_one("On", "Off"), "On"),
    "Cameras.SpeakerTrack.Mode": (_one("Auto", "Off"), "Auto"),
    "Video.Output.Connector[1].Brightness": (_number(0, 100), 80),
}
_DESK: dict[str, Setting] = {
    "Cameras.PresenterTrack.Enabled": (_one("True", "False"), "False"),
    "Video.Output.Connector[1].Brightness": (_number(0, 100), 80),
}
_PHONE_9800: dict[str, Setting] = {
    "Audio.DefaultVolume": (_number(0, 15), 9),
    "Bluetooth.Enabled": ({"type": "boolean"}, True),
    "Display.Brightness": ({"type": "number", "minimum": 0, "maximum": 1}, 0.8),
    "Standby.Delay": (_number(1, 480), 10),
    "SystemUnit.Name": (_text(50), ""),
}


def settings_of(product: str) -> dict[str, Setting] | None:
    """``{key: (value space, default)}`` of a product; None for a device that does not use the configuration service."""
    if "Cisco 98" in product:
        return _PHONE_9800
    if product.startswith(("Cisco 78", "Cisco 88")):
        return None
    family = _BOARD if "Board" in product else _DESK if "Desk" in product else _ROOM
    return {**_EVERY, **family}


def fits(space: dict[str, Any], value: Any) -> bool:
    """Whether a value lies in a value space, a small part of JSON Schema."""
    kind = space["type"]
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("integer", "number"):
        if isinstance(value, bool) or not isinstance(value, int if kind == "integer" else (int, float)):
            return False
        return bool(space["minimum"] <= value <= space["maximum"])
    if not isinstance(value, str):
        return False
    words = space.get("enum")
    return value in words if words else space.get("minLength", 0) <= len(value) <= space["maxLength"]


def chosen(keys: list[str], pattern: str) -> list[str] | None:
    """The keys that a pattern means; None for a pattern that is none.

    A segment may be ``*`` or carry ``[3]``, ``[*]``, ``[1..3]``, ``[2..n]``; a ``*`` at the end takes all that is below, and
    so does a pattern that ends before the key does.
    """
    matchers = []
    for segment in re.split(r"\.(?![.\d])(?!n\])", pattern):
        found = _SEGMENT.fullmatch(segment)
        if found is None:
            return None
        matchers.append(found.groups())
    return [key for key in keys if _means(matchers, key.split("."))]


def _means(matchers: list[tuple[Any, ...]], segments: list[str]) -> bool:
    if len(matchers) > len(segments):
        return False
    return all(_segment_fits(name, index, segment) for (name, index), segment in zip(matchers, segments, strict=False))


def _segment_fits(name: str, index: str | None, segment: str) -> bool:
    held, _bracket, number = segment.rstrip("]").partition("[")
    if name not in ("*", held):
        return False
    if index is None:
        return name == "*" or not number
    if not number or index == "*":
        return bool(number)
    low, dots, high = index.partition("..")
    if not dots:
        return int(number) == int(low)
    return int(low) <= int(number) and (high == "n" or int(number) <= int(high))
