"""Reads single values out of the app settings, noting every problem instead of stopping at the first."""

import re
from collections.abc import Mapping
from typing import Literal, Self, override
from urllib.parse import urlsplit

import msgspec

from pipeline.azure.clouds import CLOUDS, Cloud
from pipeline.configuration.table import DEFAULTS

# The emulator's published account and key ("Use the Azurite emulator", Well-known storage account and key).
_EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
DEVELOPMENT_STORAGE = (
    f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={_EMULATOR_KEY};"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;"
    "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
    "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;"
)
_UNRESOLVED = "@Microsoft.KeyVault("
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE)
_ORIGIN = re.compile(r"(?P<scheme>https?)://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::(?P<port>[1-9]\d{0,4}))?")
_HIGHEST_PORT = 65_535
_NAME = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,120}")
"""What may stand unescaped in the quotes of a header (RFC 6750, section 3: scope)."""
_API = "api://"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_SCHEDULE = (
    (0, 59, ()),
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")),
    (0, 6, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
)
"""Lowest and highest number and the names of each NCRONTAB field, seconds first."""
_HIGHEST_NUMBER = 1_000_000
_RANGE = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?")


class StorageTarget(msgspec.Struct, frozen=True, kw_only=True):
    """One storage service: by connection string, or by address and identity. Shows no key when printed."""

    connection_string: str | None = None
    uri: str | None = None

    @override
    def __repr__(self) -> str:
        return f"StorageTarget(uri={self.uri!r})" if self.uri else "StorageTarget(connection_string=...)"


class Values(msgspec.Struct, frozen=True):
    """The app settings that are set, and what is wrong with them.

    Args:
        known: by name, trimmed, none blank.
        problems: one sentence per faulty setting, names first, values never.
    """

    known: Mapping[str, str]
    problems: list[str]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Take the settings of the app out of an environment, noting unresolved references."""
        known = {name: environment[name].strip() for name in DEFAULTS if environment.get(name, "").strip()}
        unresolved = [name for name, value in known.items() if _UNRESOLVED in value]
        return cls(known, [f"{name} is an unresolved Key Vault reference" for name in unresolved])

    def any_of(self, *names: str) -> bool:
        """Tell whether one of these is set."""
        return any(name in self.known for name in names)

    def text(self, name: str, *, needed_by: str = "") -> str | None:
        """Give a value, its default, or None; None is a problem if something needs it."""
        value = self.known.get(name) or DEFAULTS[name] or None
        if value is None and needed_by:
            self.problems.append(f"{name} is missing ({needed_by} needs it)")
        return None if value and _UNRESOLVED in value else value

    def refuse(self, name: str, expected: str) -> None:
        """Note that a value is not what it should be."""
        self.problems.append(f"{name} must be {expected}")

    def url(self, name: str, *, default: str = "", loopback: bool = False, needed_by: str = "the app") -> str:
        """Give an https address without trailing slash; plain http only where loopback is allowed."""
        value = self.text(name, needed_by="" if default else needed_by) or default
        if value and not is_address(value, loopback=loopback):
            self.refuse(name, "an https:// address without user, query or fragment")
        return value.rstrip("/")

    def urls(self, name: str) -> tuple[str, ...]:
        """Give a comma-separated list of addresses; plain http only on loopback."""
        values = _listed(self.text(name))
        if not all(is_address(value, loopback=True) for value in values):
            self.refuse(name, "a list of https:// addresses separated by commas")
        return values

    def guid(self, name: str, *, needed_by: str = "") -> str | None:
        """Give a GUID in lower case, or None."""
        value = self.text(name, needed_by=needed_by)
        if value and not _GUID.fullmatch(value):
            self.refuse(name, "a GUID")
        return value.lower() if value else None

    def guids(self, name: str) -> tuple[str, ...]:
        """Give a comma-separated list of GUIDs in lower case."""
        values = _listed(self.text(name))
        if not all(_GUID.fullmatch(value) for value in values):
            self.refuse(name, "a list of GUIDs separated by commas")
        return tuple(value.lower() for value in values)

    def audiences(self, name: str, *, needed_by: str) -> tuple[str, ...]:
        """Give a comma-separated list of token audiences; a client id stands for `api://<client id>` too.

        Entra's v2.0 tokens name the client id, its v1.0 tokens the address that was asked for ("Access token
        claims reference", `aud`).
        """
        values = _listed(self.text(name, needed_by=needed_by))
        if self.any_of(name) and not (
            values and all(_NAME.fullmatch(value) and "*" not in value for value in values)
        ):
            self.refuse(name, "a client id or an application ID URI, or a list of them separated by commas")
        return tuple(dict.fromkeys(form for value in values for form in _forms_of_audience(value)))

    def role(self, name: str) -> str | None:
        """Give an app role's value, or None ("Add app roles to your application": 120 characters)."""
        value = self.text(name)
        if value and not _NAME.fullmatch(value):
            self.refuse(name, "the value of an app role: at most 120 characters, no spaces")
        return value

    def origins(self, name: str) -> tuple[str, ...]:
        """Give a comma-separated list of web origins as browsers spell them (RFC 6454), none a wildcard."""
        values = _listed(self.text(name))
        if not all(is_origin(value) for value in values):
            self.refuse(name, "a list of origins such as https://portal.example.com separated by commas")
        return values

    def tenant(self, name: str) -> str:
        """Give a tenant as an authority's address spells it: a GUID, a domain or a word for several."""
        value = self.text(name) or ""
        if value not in {"", "common", "organizations"} and not (
            _GUID.fullmatch(value) or _DOMAIN.fullmatch(value)
        ):
            self.refuse(name, "common, organizations, a tenant id or a domain")
        return value

    def number(self, name: str, *, whole: bool = False) -> float:
        """Give a number above 0, at most a million."""
        value = self.text(name) or ""
        if (
            re.fullmatch(r"\d{1,7}" if whole else r"\d{1,7}(\.\d{1,3})?", value)
            and 0 < float(value) <= _HIGHEST_NUMBER
        ):
            return float(value)
        if value:
            self.refuse(name, "a whole number above 0" if whole else "a number above 0")
        return 1.0

    def thresholds(self, name: str) -> Mapping[str, Mapping[str, float]]:
        """Read thresholds as JSON: names and numbers by check id."""
        written = self.text(name)
        if written is None:
            return {}
        try:
            return msgspec.json.decode(written, type=dict[str, dict[str, float]])
        except msgspec.DecodeError:
            self.refuse(name, 'a JSON object such as {"check_id": {"threshold": 90}}')
            return {}

    def schedule(self, name: str) -> str:
        """Give an NCRONTAB expression of six fields."""
        value = self.text(name) or ""
        if value and not is_schedule(value):
            self.refuse(name, "an NCRONTAB expression of six fields: second minute hour day month weekday")
        return value

    def cloud(self, name: str) -> Cloud:
        """Give the cloud of that name, in any case."""
        value = (self.text(name) or "").lower()
        found = next((cloud for cloud in CLOUDS.values() if cloud.name.lower() == value), None)
        if value and not found:
            self.refuse(name, f"one of {', '.join(CLOUDS)}")
        return found or CLOUDS["AzureCloud"]

    def storage(self, *names: str, service: Literal["table", "queue"]) -> StorageTarget:
        """Give the first storage that is set, by connection string or by the address of its service."""
        for name in names:
            if connection_string := self.text(name):
                return self._by_key(name, connection_string)
            if self.any_of(by_identity := f"{name}__{service}ServiceUri"):
                return StorageTarget(uri=self.url(by_identity))
        if not any(self.any_of(name) for name in names):
            self.problems.append(f"{names[-1]} (or {names[-1]}__{service}ServiceUri) is missing")
        return StorageTarget()

    def _by_key(self, name: str, connection_string: str) -> StorageTarget:
        if connection_string.rstrip(";").lower() == "usedevelopmentstorage=true":
            return StorageTarget(connection_string=DEVELOPMENT_STORAGE)
        parts = [part.partition("=") for part in connection_string.strip(";").split(";")]
        keys = {key.strip().lower() for key, _, value in parts if value}
        if len(parts) != len(keys) or not keys & {"accountname", "tableendpoint", "queueendpoint"}:
            self.refuse(name, "a storage connection string")
        return StorageTarget(connection_string=connection_string)


def _listed(value: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (value or "").split(",") if part.strip())


def _forms_of_audience(audience: str) -> tuple[str, ...]:
    client_id = audience.removeprefix(_API).lower()
    return (client_id, f"{_API}{client_id}") if _GUID.fullmatch(client_id) else (audience,)


def is_origin(value: str) -> bool:
    """Tell whether a value is an origin as a browser sends it: scheme, host, port unless it is the usual one.

    Takes the value. Plain http is for this machine only; a wildcard, a path, capitals are no origin.
    """
    found = _ORIGIN.fullmatch(value)
    if not found or not is_address(value, loopback=True):
        return False
    usual = {"https": "443", "http": "80"}[found["scheme"]]
    return found["port"] is None or (found["port"] != usual and int(found["port"]) <= _HIGHEST_PORT)


def is_address(value: str, *, loopback: bool = False) -> bool:
    """Tell whether a value is an address we may call: https, a host, no user, query or fragment.

    Takes the value and whether plain http on this machine will do ("Redirect URI restrictions" of Entra: http
    is for localhost only).
    """
    if not value.isascii() or not value.isprintable() or " " in value or "\\" in value:
        return False
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    safe = parts.scheme == "https" or (loopback and parts.scheme == "http" and parts.hostname in _LOOPBACK)
    return (
        safe and bool(parts.hostname) and "@" not in parts.netloc and not parts.query and not parts.fragment
    )


def is_schedule(value: str) -> bool:
    """Tell whether a value is an NCRONTAB expression of six fields ("NCRONTAB expressions", timer trigger).

    Stricter than the Functions host: no five fields, no reversed ranges, no time spans.
    """
    fields = value.split()
    return len(fields) == len(_SCHEDULE) and all(
        _is_field(part, *limits)
        for field, limits in zip(fields, _SCHEDULE, strict=True)
        for part in field.split(",")
    )


def _is_field(part: str, lowest: int, highest: int, names: tuple[str, ...]) -> bool:
    found = _RANGE.fullmatch(part)
    if not found or (found[3] is not None and not int(found[3])):
        return False
    first = _number(found[1], lowest, names) if found[1] else lowest
    last = _number(found[2], lowest, names) if found[2] else first
    return lowest <= first <= last <= highest


def _number(word: str, lowest: int, names: tuple[str, ...]) -> int:
    if word.upper() in names:
        return names.index(word.upper()) + lowest
    return int(word) if word.isascii() and word.isdecimal() else -1
