# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan as test results: a device as declared passes, one that is not fails, an account that cannot be read is an error.

After an apply a device passes when all of its changes are in effect.
"""

from __future__ import annotations

import re
from collections import Counter
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from fleetform.render.words import Data, action, changes_with_outcomes, is_good, label, plain, title, value

# What XML 1.0 cannot hold at all.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(plan: Data) -> str:
    """The plan as JUnit XML, one suite per account, one case per device under its address."""
    suites = Element("testsuites", name="fleetform")
    changes = changes_with_outcomes(plan)
    accounts = sorted(
        {device["account"] or "" for device in plan["devices"]} | {error["account"] or "" for error in plan["errors"]}
    )
    for account in accounts:
        devices = [device for device in plan["devices"] if (device["account"] or "") == account]
        errors = [error for error in plan["errors"] if (error["account"] or "") == account]
        suite = SubElement(suites, "testsuite", name=_text(account or "fleet"))
        failures = skipped = 0
        names: Counter[str] = Counter()
        for device in devices:
            case = _case(suite, account, device["address"], names)
            mine = changes[device["address"]]
            if device["reason"] and action(device) == "no-op":
                skipped += 1
                SubElement(case, "skipped", message=_text(f"blocked: {device['reason']}"))
            elif action(device) != "no-op" and not all(is_good(change.get("outcome", "")) for change in mine):
                failures += 1
                words = f"{action(device)} {title(device)}: {len(mine)} changes"
                failure = SubElement(case, "failure", type=action(device), message=_text(words))
                failure.text = _text("\n".join(_line(change) for change in mine))
        for error in errors:
            case = _case(suite, account, error["address"] or f"account {account}", names)
            SubElement(case, "error", type=str(error["kind"]), message=_text(error["message"]))
        suite.attrib.update(
            tests=str(len(devices) + len(errors)), failures=str(failures), errors=str(len(errors)), skipped=str(skipped)
        )
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _case(suite: Element, account: str, name: str, names: Counter[str]) -> Element:
    """A case with a name of its own: a name that comes again gets a number."""
    names[name] += 1
    own = name if names[name] == 1 else f"{name} ({names[name]})"
    return SubElement(suite, "testcase", classname=_text(f"fleetform.{account or 'fleet'}"), name=_text(own))


def _line(change: Data) -> str:
    before = "not known" if change.get("unverified") else value(change["before"])
    outcome = f" ({plain(change['outcome'])})" if "outcome" in change else ""
    return f"{label(change)}: {before} -> {value(change['after'])}{outcome}"


def _text(text: str) -> str:
    return _NOT_XML.sub("?", plain(text) if "\n" not in text else "\n".join(plain(line) for line in text.split("\n")))
