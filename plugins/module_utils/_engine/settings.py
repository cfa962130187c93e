# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: 2026 fleetform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Account options: checked once, before anything is sent, and held in a form whose repr shows no secret.

Where a value comes from, first match wins: the option itself; ``FLEETFORM_<OPTION>`` for an account without a name,
``FLEETFORM_<ACCOUNT>_<OPTION>`` for a named one; the variable of the vendor's own tools, on the vendor's default host only. One
explicit credential switches the environment off for all credentials, so that half of one identity never meets half of another.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import math
import os
import re
import typing as t
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from ansible_collections.fleetform.devices.plugins.module_utils._engine.errors import SettingsError

SECRET_OPTIONS = frozenset({"token", "client_secret", "refresh_token", "password"})
CREDENTIAL_OPTIONS = frozenset({"token", "client_id", "client_secret", "refresh_token", "username", "password"})

# Every vendor takes these; all other options only where VendorFacts.options names them.
GENERAL_OPTIONS = frozenset(
    {"vendor", "url", "validate_certs", "ca_path", "timeout", "deadline", "concurrency", "requests_per_minute"},
)
VENDOR_OPTIONS = CREDENTIAL_OPTIONS | {"token_url", "organization", "runtime", "api_version", "response_format", "locale"}
ACCOUNT_OPTIONS = GENERAL_OPTIONS | VENDOR_OPTIONS

PACE_CLASSES = ("read", "add", "patch", "poll")
# In a table of limits: the pool that all classes share.
ALL_CLASSES = "all"

# What holds where nobody says anything, the least and the most.
_CONCURRENCY = (8, 1, 64)

_TRUE = frozenset({"true", "yes", "on", "1", "y", "t"})
_FALSE = frozenset({"false", "no", "off", "0", "n", "f"})


@dataclass(frozen=True)
class VendorFacts:
    """What settings must know of a vendor.

    ``options`` are the options beyond GENERAL_OPTIONS that it takes; ``credentials`` the sets of which exactly one must be
    complete, preferred one first; ``native_environment`` maps an option to the variable of the vendor's own tools; ``limits`` are
    requests per minute by class (``read``, ``add``, ``patch``, ``poll``) and in common (``all``); ``defaults`` are the values of
    its own options.
    """

    name: str
    default_url: str | None = None
    options: frozenset[str] = frozenset()
    credentials: tuple[frozenset[str], ...] = ()
    native_environment: t.Mapping[str, str] = field(default_factory=dict)
    limits: t.Mapping[str, int] = field(default_factory=dict)
    defaults: t.Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AccountSettings:
    """The options of one account, checked. ``url`` has no trailing slash; ``timeout`` and ``deadline`` are seconds.

    ``requests_per_minute`` is the vendor's table with what the user changed in it; ``on_default_host`` tells whether ``url`` is
    on the host that the vendor names itself.
    """

    name: str | None
    vendor: str
    url: str
    token: str | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    token_url: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    organization: str | None = None
    runtime: str | None = None
    api_version: str | None = None
    response_format: str | None = None
    locale: str | None = None
    validate_certs: bool = True
    ca_path: str | None = None
    timeout: float = 30.0
    deadline: float = 600.0
    concurrency: int = 8
    requests_per_minute: t.Mapping[str, int] = field(default_factory=dict)
    on_default_host: bool = False

    def secrets(self) -> tuple[str, ...]:
        """The values that must be shown nowhere."""
        return tuple(value for option in sorted(SECRET_OPTIONS) if (value := getattr(self, option)))


def account_settings(
    options: t.Mapping[str, t.Any],
    *,
    name: str | None,
    vendor_facts: VendorFacts,
    environ: t.Mapping[str, str],
) -> AccountSettings:
    """The checked settings of one account. ``options`` holds what the user gave; None means not given. Raises SettingsError."""
    return _Reader(options, name, vendor_facts, environ).settings()


def written_wrong(
    options: t.Mapping[str, t.Any],
    *,
    name: str | None,
    vendor_facts: VendorFacts | None,
    unknown: t.Collection[str] = (),
) -> list[tuple[str | None, str]]:
    """What is wrong with options whatever the environment adds to them: option and message, None for the credentials together.

    ``vendor_facts`` is None where the vendor is not known; ``unknown`` are options that are given with values not known yet. That
    something is missing is wrong only where the environment cannot add it. No file is looked for.
    """
    facts = vendor_facts or VendorFacts("", options=VENDOR_OPTIONS)
    found: list[tuple[str | None, str]] = []
    for option in options:
        try:
            _Reader({option: options[option]}, name, facts, {}).check_written(option)
        except SettingsError as error:
            found.append((option, error.message))
    accepted = frozenset().union(*facts.credentials)
    wrong = {option for option, _message in found}
    if accepted & options.keys() and accepted.isdisjoint({*unknown, *wrong}):
        try:
            _Reader(options, name, facts, {}).check_credentials()
        except SettingsError as error:
            found.append((None, error.message))
    return found


def namesakes(names: t.Collection[str]) -> list[tuple[str, str, str]]:
    """The accounts of which two read one variable of the environment: both names and the first such variable."""
    readers: dict[str, str] = {}
    found: dict[tuple[str, str], str] = {}
    for name in names:
        for option in sorted(ACCOUNT_OPTIONS):
            variable = variable_name(name, option)
            first = readers.setdefault(variable, name)
            if first != name:
                found.setdefault((first, name), variable)
    return [(first, second, variable) for (first, second), variable in found.items()]


def vendor_of(options: t.Mapping[str, t.Any], *, name: str | None, environ: t.Mapping[str, str]) -> str:
    """The option ``vendor``, from the same places as every other option. Raises SettingsError when it is nowhere."""
    variable = variable_name(name, "vendor")
    value = options.get("vendor")
    if value is None:
        value = environ.get(variable) or None
    if value is None:
        raise SettingsError(f"`vendor` is missing; give it, or set {variable}", account=name)
    if not isinstance(value, str) or not value:
        raise SettingsError("`vendor` must be the name of a vendor", account=name)
    return str(value)


def variable_name(name: str | None, option: str) -> str:
    """The environment variable that stands in for an option: ``variable_name("lab-1", "token")`` is ``FLEETFORM_LAB_1_TOKEN``."""
    parts = ["FLEETFORM", *([re.sub(r"[^A-Z0-9]", "_", name.upper())] if name else []), option.upper()]
    return "_".join(parts)


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL, in the form in which two of them can be compared. Raises ValueError for a bad port."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    port = parts.port or {"http": 80, "https": 443}.get(scheme, 0)
    return scheme, (parts.hostname or "").rstrip("."), port


class _Reader:
    """Looks each option up in its places and checks it."""

    def __init__(
        self, options: t.Mapping[str, t.Any], name: str | None, facts: VendorFacts, environ: t.Mapping[str, str]
    ) -> None:
        self.name = name
        self.facts = facts
        self.environ = environ
        self.given = {option: value for option, value in options.items() if value is not None}

    def settings(self) -> AccountSettings:
        self._refuse_strangers()
        url, on_default_host = self._url()
        values: dict[str, t.Any] = dict(self._credentials(on_default_host))
        token_url = self._text("token_url")
        if token_url is not None:
            values["token_url"] = self._checked_url("token_url", token_url)
        for option in ("organization", "runtime", "api_version", "response_format", "locale"):
            if option in self.facts.options:
                values[option] = self._text(option) or self.facts.defaults.get(option)
        return AccountSettings(
            name=self.name,
            vendor=self.facts.name,
            url=url,
            validate_certs=self._truth("validate_certs", True),
            ca_path=self._ca_path(),
            timeout=self._seconds("timeout", 30.0),
            deadline=self._seconds("deadline", 600.0),
            concurrency=self._count("concurrency", *_CONCURRENCY),
            requests_per_minute=self._limits(),
            on_default_host=on_default_host,
            **values,
        )

    def check_written(self, option: str) -> None:
        """Checks one given option by itself. Raises SettingsError."""
        if option not in self.facts.options | GENERAL_OPTIONS:
            self._refuse_strangers()
        elif option in CREDENTIAL_OPTIONS:
            self._credential(f"`{option}`", self.given[option])
        elif option in ("url", "token_url"):
            self._checked_url(option, self._text(option) or "")
        elif option == "validate_certs":
            self._truth(option, True)
        elif option in ("timeout", "deadline"):
            self._seconds(option, 1.0)
        elif option == "concurrency":
            self._count(option, *_CONCURRENCY)
        elif option == "requests_per_minute":
            self._limits()
        elif option != "vendor":
            self._text(option)

    def check_credentials(self) -> None:
        """Checks whether the given credentials are one set that the vendor takes. Raises SettingsError."""
        self._credentials(True)

    def _error(self, message: str) -> SettingsError:
        return SettingsError(message, account=self.name)

    def _refuse_strangers(self) -> None:
        for option in sorted(self.given):
            if option not in ACCOUNT_OPTIONS:
                near = difflib.get_close_matches(option, ACCOUNT_OPTIONS, n=1)
                hint = f"did you mean `{near[0]}`?" if near else f"there are {_listed(ACCOUNT_OPTIONS)}"
                raise self._error(f"`{option}` is not an account option; {hint}")
            if option in VENDOR_OPTIONS and option not in self.facts.options:
                takes = _listed(self.facts.options)
                raise self._error(f"{self.facts.name} does not take `{option}`; besides the general options it takes {takes}")
        vendor = self.given.get("vendor")
        if vendor is not None and vendor != self.facts.name:
            raise self._error(f"`vendor` is {vendor!r} here, not {self.facts.name!r}")

    def _raw(self, option: str) -> tuple[t.Any, str]:
        """The value and how to name its source in a message; the value is None when the option is nowhere."""
        if option in self.given:
            return self.given[option], f"`{option}`"
        variable = variable_name(self.name, option)
        return self.environ.get(variable) or None, f"`{option}` (from {variable})"

    def _text(self, option: str) -> str | None:
        if option not in self.facts.options and option not in GENERAL_OPTIONS:
            return None
        value, source = self._raw(option)
        if value is None:
            return None
        # A version such as 2.0 is a number to YAML.
        kinds = (str, int, float) if option == "api_version" else (str, int)
        if isinstance(value, bool) or not isinstance(value, kinds):
            raise self._error(f"{source} must be a string")
        text = str(value)
        if not text.strip():
            raise self._error(f"{source} is empty; leave it out instead")
        if not text.isprintable():
            raise self._error(f"{source} contains a character that cannot be printed")
        return text

    def _url(self) -> tuple[str, bool]:
        default = self.facts.default_url
        text = self._text("url")
        if text is None:
            if default is None:
                variable = variable_name(self.name, "url")
                raise self._error(f"`url` is missing: {self.facts.name} has no default; give it, or set {variable}")
            return default.rstrip("/"), True
        url = self._checked_url("url", text)
        return url, default is not None and origin(url) == origin(default)

    def _checked_url(self, option: str, text: str) -> str:
        """The URL without its trailing slash. No message repeats a URL that may hold a password."""
        try:
            parts = urlsplit(text)
            has_port = parts.port is None or parts.port > 0
            host = parts.hostname
        except ValueError:
            raise self._error(f"`{option}` is not a URL: its host or port cannot be read") from None
        if parts.username is not None or parts.password is not None or "@" in parts.netloc:
            raise self._error(f"`{option}` must not hold a user name or password; use the options for credentials")
        if parts.scheme.lower() not in ("http", "https") or not host:
            raise self._error(f"`{option}` must begin with https:// and name a host")
        if not has_port or not text.isascii() or re.search(r"[\s\\<>\"]", text):
            raise self._error(f"`{option}` holds characters that a URL cannot have (for a host with other letters use xn--)")
        if "?" in text or "#" in text:
            raise self._error(f"`{option}` must not hold a query or a fragment (`?` or `#`)")
        if parts.scheme.lower() == "http" and not is_loopback(host):
            raise self._error(f"`{option}` uses http:// for {host}: credentials would travel in clear; http is for loopback only")
        return _normal(parts)

    def _credentials(self, on_default_host: bool) -> dict[str, str]:
        accepted = frozenset().union(*self.facts.credentials)
        explicit = {option: self.given[option] for option in accepted if option in self.given}
        if explicit:
            found = {option: self._credential(f"`{option}`", value) for option, value in explicit.items()}
            return self._one_set(found)
        found = {}
        for option in sorted(accepted):
            for variable in self._variables(option, on_default_host):
                if self.environ.get(variable):
                    found[option] = self._credential(variable, self.environ[variable])
                    break
        for wanted in self.facts.credentials:
            if wanted <= found.keys():
                return {option: found[option] for option in wanted}
        raise self._missing(found, on_default_host)

    def _variables(self, option: str, on_default_host: bool) -> list[str]:
        native = self.facts.native_environment.get(option)
        return [variable_name(self.name, option), *([native] if native and on_default_host else [])]

    def _credential(self, source: str, value: t.Any) -> str:
        """A credential as text; raises without ever showing it."""
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise self._error(f"{source} must be a string")
        text = str(value)
        if not text.strip():
            raise self._error(f"{source} is empty")
        if text != text.strip():
            raise self._error(f"{source} begins or ends with white space, such as the line break of a file")
        if not text.isprintable():
            raise self._error(f"{source} contains a character that cannot be printed")
        # These travel in a header as they are; a password is encoded first and may hold any letter.
        if source.lower().strip("`").endswith("token") and not (text.isascii() and " " not in text):
            raise self._error(f"{source} contains a character that no token has")
        return text

    def _one_set(self, found: dict[str, str]) -> dict[str, str]:
        if found.keys() in self.facts.credentials:
            return found
        if any(wanted < found.keys() for wanted in self.facts.credentials):
            choice = ", or ".join(" and ".join(f"`{option}`" for option in sorted(wanted)) for wanted in self.facts.credentials)
            raise self._error(f"{_listed(found)} contradict each other; give either {choice}")
        nearest = max(self.facts.credentials, key=lambda wanted: len(wanted & found.keys()))
        missing = _listed(nearest - found.keys())
        raise self._error(f"{missing} missing: with {_listed(found)} given, the environment is not asked for credentials")

    def _missing(self, found: t.Mapping[str, str], on_default_host: bool) -> SettingsError:
        ways = []
        for wanted in self.facts.credentials:
            variables = []
            for option in sorted(wanted - found.keys()):
                variables.append(" or ".join(self._variables(option, on_default_host)))
            ways.append(f"{_listed(wanted)} (environment: {' and '.join(variables)})")
        empty = sorted(
            variable
            for wanted in self.facts.credentials
            for option in wanted
            for variable in self._variables(option, on_default_host)
            if self.environ.get(variable) == ""
        )
        hint = f" Set but empty: {', '.join(dict.fromkeys(empty))}." if empty else ""
        return self._error(f"credentials for {self.facts.name} are missing; give {', or '.join(ways)}.{hint}")

    def _truth(self, option: str, default: bool) -> bool:
        value, source = self._raw(option)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        word = str(value).strip().lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        raise self._error(f"{source} must be true or false")

    def _ca_path(self) -> str | None:
        text = self._text("ca_path")
        if text is None:
            return None
        path = os.path.expanduser(text)
        if not os.path.exists(path):
            raise self._error(f"`ca_path`: there is no file or folder {path}")
        return path

    def _number(self, option: str) -> float | None:
        value, source = self._raw(option)
        if value is None:
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise self._error(f"{source} must be a number")
        return number

    def _seconds(self, option: str, default: float) -> float:
        number = self._number(option)
        if number is None:
            return default
        if number <= 0:
            raise self._error(f"`{option}` must be more than 0 seconds")
        return number

    def _count(self, option: str, default: int, least: int, most: int) -> int:
        number = self._number(option)
        if number is None:
            return default
        if number != int(number) or not least <= number <= most:
            raise self._error(f"`{option}` must be a whole number from {least} to {most}")
        return int(number)

    def _limits(self) -> dict[str, int]:
        value, source = self._raw("requests_per_minute")
        if value is None:
            return dict(self.facts.limits)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise self._error(f"{source} must be a whole number, or a dict by {_listed(PACE_CLASSES)}") from None
        if isinstance(value, t.Mapping):
            strangers = sorted(str(name) for name in value if name not in PACE_CLASSES)
            if strangers:
                raise self._error(f"{source} has the unknown class {', '.join(strangers)}; there are {_listed(PACE_CLASSES)}")
            named = {name: self._limit(source, number) for name, number in value.items() if number is not None}
            return {**self.facts.limits, **named}
        # One number holds for each class by itself, unless the vendor counts all requests together.
        classes = (ALL_CLASSES,) if ALL_CLASSES in self.facts.limits else PACE_CLASSES
        return dict.fromkeys(classes, self._limit(source, value))

    def _limit(self, source: str, value: t.Any) -> int:
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self._error(f"{source} must be a whole number of at least 1, or a dict of such by {_listed(PACE_CLASSES)}")
        return value


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine whatever a name server says."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _normal(parts: SplitResult) -> str:
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), path=parts.path.rstrip("/")).geturl()


def _listed(options: t.Iterable[str]) -> str:
    names = [f"`{option}`" for option in (options if isinstance(options, tuple) else sorted(options))]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names) or "none"
