"""Lets callers in: whether a token is needed, whether it holds, whether its roles are enough."""

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from pipeline.callers.caller import KEY_HOLDER, Caller, lacking_role
from pipeline.callers.refusals import Fault, invalid_token, missing_token, role_missing
from pipeline.settings import CallerTokens

LONGEST_TOKEN = 16 * 1024
_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)


class TokenCheck(Protocol):
    """Checks tokens."""

    async def check(self, token: str, /) -> Caller:
        """Tell whom a token speaks for; raises CallerRefused or UpstreamUnavailable."""
        ...


class Admission:
    """Decides who may call what. The Functions host has checked the key before.

    Args:
        rules: what tokens must say; None if none is needed.
        tokens: makes what checks tokens, when the first one comes.
    """

    def __init__(self, rules: CallerTokens | None, tokens: Callable[[CallerTokens], TokenCheck]) -> None:
        self._rules = rules
        self._make = tokens
        self._tokens: TokenCheck | None = None

    @property
    def wants_token(self) -> bool:
        """Whether a Functions key alone does not suffice."""
        return self._rules is not None

    async def admit(self, headers: Mapping[str, str], *, changes: bool) -> Caller:
        """Let a caller in.

        Takes the request's headers by lower-case name, of which only `Authorization` is believed: App Service
        puts its own findings into X-MS-CLIENT-PRINCIPAL headers, and so can anybody where it does not. Takes
        also whether the call may change anything. Gives who calls.

        Raises:
            Unauthenticated: no token, or one that does not hold.
            Forbidden: the token holds, and its client or its roles are not enough.
            UpstreamUnavailable: Entra's keys cannot be read.
        """
        if self._rules is None:
            return KEY_HOLDER
        if self._tokens is None:
            self._tokens = self._make(self._rules)
        caller = await self._tokens.check(bearer_token(headers))
        lacking = lacking_role(caller.roles, changes=changes, required=self._rules.required_role)
        if lacking is not None:
            raise role_missing(lacking, caller)
        return caller


def bearer_token(headers: Mapping[str, str]) -> str:
    """Take the bearer token out of the one header it may stand in (RFC 6750, section 2.1).

    Takes the headers by lower-case name, several of one name joined by commas as the Functions host does.

    Raises:
        Unauthenticated: there is none, or something that can be no signed JWT.
    """
    scheme, _, rest = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer":
        raise missing_token()
    token = rest.strip(" ")
    if len(token) > LONGEST_TOKEN or not _TOKEN.fullmatch(token):
        raise invalid_token(Fault.MALFORMED)
    return token
