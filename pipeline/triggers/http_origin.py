"""Where a call comes from, as far as it can be believed."""

from collections.abc import Mapping
from ipaddress import ip_address

from pipeline.audit import Origin

_LONGEST_AGENT = 200
_FORWARDED_FOR = "x-forwarded-for"


def origin_of(headers: Mapping[str, str]) -> Origin:
    """Say where a call comes from.

    Takes the headers as the Functions host gives them. The address is the last one of `X-Forwarded-For`, and
    no other: App Service's front end adds there who spoke to it, while everything before it is what that
    caller sent and may be made up. Behind an Application Gateway, Front Door or API Management it is theirs.
    Nothing that the caller says of itself (`User-Agent`) is believed, only kept, cut to 200 characters.
    https://learn.microsoft.com/azure/app-service/app-service-ip-restrictions
    """
    return Origin(address=_address(headers.get(_FORWARDED_FOR, "")), user_agent=_agent(headers))


def _address(forwarded_for: str) -> str | None:
    """Read the last address, its port left out: `203.0.113.7:49828`, `[2001:db8::7]:49828` or bare."""
    last = forwarded_for.rpartition(",")[2].strip()
    if last.startswith("["):
        last = last[1:].partition("]")[0]
    elif last.count(":") == 1:
        last = last.partition(":")[0]
    try:
        return str(ip_address(last.partition("%")[0]))
    except ValueError:
        return None


def _agent(headers: Mapping[str, str]) -> str | None:
    agent = "".join(filter(str.isprintable, headers.get("user-agent", "")))
    return agent[:_LONGEST_AGENT] or None
