# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files that `fleetform import` writes: what they are called, what must not be there, and all of them or none."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

import yaml

from ansible_collections.fleetform.devices.plugins.plugin_utils import fleet_yaml
from fleetform.account_source import AccountSource
from fleetform.exits import Stop
from fleetform.exporter import Entry, Exported, as_yaml

ACCOUNTS, ELSEWHERE = "accounts", "elsewhere"
"""The file with the account, and that of devices without a space."""

_ENDINGS = (".yml", ".yaml", ".json")
_LONGEST_NAME = 100
_SHORT = 8


def by_space(exported: Exported, source: AccountSource, folder: Path) -> dict[Path, str]:
    """Path to text: the account, and a file for each space, which is called as the space is, by name."""
    groups: dict[str, list[Entry]] = {}
    labels: dict[str, str] = {}
    for entry in exported.devices:
        space = entry.device.space or {}
        label = space.get("path") or space.get("name") or space.get("id") or ""
        key = str(space.get("id") or label)
        groups.setdefault(key, []).append(entry)
        labels[key] = str(label)
    here = os.path.realpath(folder)
    taken = {path.stem for path in source.variables if str(path.parent) == here}
    names = file_names(labels, taken)
    parts = {folder / f"{ACCOUNTS}.yml": source.text}
    for key in sorted(groups, key=names.__getitem__):
        part = Exported(exported.account, exported.vendor, groups[key])
        parts[folder / f"{names[key]}.yml"] = as_yaml(part, "---")
    return parts


def file_names(labels: Mapping[str, str], taken: Collection[str] = ()) -> dict[str, str]:
    """A name without ending for each space, by its key: of bounded length, none twice whatever its case, and none that is taken.

    ``labels`` are what the spaces are called, the key ``""`` means devices without one. Where two would get one name, or no name
    is left, a short sum of the key is added, so that a name does not depend on the order.
    """
    slugs = {key: _slug(label) for key, label in labels.items()}
    counts = Counter(_folded(slug) for slug in slugs.values())
    reserved = {_folded(name) for name in (ACCOUNTS, ELSEWHERE, *taken)}
    names = {"": ELSEWHERE} if "" in labels else {}
    for key in sorted(set(labels) - {""}):
        slug, digits = slugs[key], hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()
        cut = _bounded(slug)
        if slug and cut == slug and counts[_folded(slug)] == 1 and _folded(slug) not in reserved:
            names[key] = slug
            continue
        length = _SHORT
        while _folded(name := f"{cut or 'space'}-{digits[:length]}") in reserved or _folded(name) in counts:
            length += 1
        counts[_folded(name)] += 1
        names[key] = name
    return names


def _slug(label: str) -> str:
    return re.sub(r"[^\w-]+", "-", unicodedata.normalize("NFC", label)).strip("-").lower()


def _folded(name: str) -> str:
    """What names have in common that are one file where case, or the form of an accent, does not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _bounded(slug: str) -> str:
    """The end of a long name, which says the room."""
    return slug.encode()[-_LONGEST_NAME:].decode(errors="ignore").strip("-")


def write(parts: Mapping[Path, str], exported: Exported, source: AccountSource, *, force: bool) -> None:
    """Writes all files, each at once and as a whole, or none. Raises Stop in words.

    Nobody who could not read the fleet files can read new ones. A file that is there keeps its permissions, and a link stays one.
    """
    new: dict[Path, Path] = {}
    try:
        _refuse_what_is_there(parts, exported, source, force=force)
        for number, (path, text) in enumerate(parts.items()):
            path.parent.mkdir(parents=True, exist_ok=True)
            real = Path(os.path.realpath(path))
            made = real.with_name(f".fleetform-{os.getpid()}-{number}.new")
            new[made] = real
            descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, source.mode | stat.S_IRUSR | stat.S_IWUSR)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            if real.exists():
                made.chmod(stat.S_IMODE(real.stat().st_mode))
        for made, real in new.items():
            os.replace(made, real)
    except OSError as error:
        where = next((real for made, real in new.items() if str(made) == error.filename), error.filename or _listed(parts))
        raise Stop(f"{where}: it cannot be written: {error.strerror}") from None
    finally:
        for made in new:
            with contextlib.suppress(OSError):
                made.unlink()


def _refuse_what_is_there(parts: Mapping[Path, str], exported: Exported, source: AccountSource, *, force: bool) -> None:
    """Raises Stop where something is in the way, before anything is written."""
    real = {os.path.realpath(path): path for path in parts}
    if named := [path for name, path in real.items() if Path(name) in source.variables]:
        raise Stop(f"{_listed(named)} holds variables that the fleet files need; name another place with --output")
    if strange := [path for path in parts if path.exists() and not path.is_file()]:
        raise Stop(f"{_listed(strange)} is there and is no file; name another place with --output")
    if there := [path for path in parts if path.exists() and not force]:
        raise Stop(f"{_listed(there)} is there already; write over it with --force")
    # A folder is loaded as a whole, so that what is left of an earlier import would declare devices a second time.
    folders = {path.parent for path in parts} if len(parts) > 1 else set()
    if left := sorted(
        path
        for folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
        if path.suffix in _ENDINGS
        and not path.name.startswith(".")
        and os.path.realpath(path) not in real
        and Path(os.path.realpath(path)) not in source.variables
        and _declares(path, exported.account)
    ):
        raise Stop(
            f"{_listed(left)} declares devices of the account {exported.account} too, which would be declared twice; "
            "move or remove it first"
        )


def _listed(paths: Collection[Path]) -> str:
    return ", ".join(str(path) for path in paths)


def _declares(path: Path, account: str) -> bool:
    """Whether a fleet file declares devices of an account. What cannot be read as a fleet file declares nothing."""
    try:
        node = fleet_yaml.compose(path.read_text(encoding="utf-8"))
    except (fleet_yaml.Unreadable, UnicodeDecodeError):
        return False
    top = _entries(node)
    usual = _account_of(top.get("defaults"), account)
    devices = top.get("devices")
    rows = devices.value if isinstance(devices, yaml.SequenceNode) else []
    return any(_account_of(row, usual) == account for row in rows)


def _entries(node: yaml.Node | None) -> dict[str, yaml.Node]:
    return {str(key.value): value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def _account_of(node: yaml.Node | None, otherwise: str) -> str:
    named = _entries(node).get("account")
    return str(named.value) if isinstance(named, yaml.ScalarNode) else otherwise
