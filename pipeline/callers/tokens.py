"""Checks a caller's access token: every rule of Microsoft's "Access tokens" page on validating them.

RFC 8725 (JSON Web Token Best Current Practices): one algorithm, chosen here and not by the token; keys only
from the issuer's published set; issuer, audience and kind of token checked.
"""

from typing import Protocol

import jwt
import msgspec
from jwt.types import Options

from collectors.contract import JsonValue
from pipeline.callers.caller import Caller
from pipeline.callers.refusals import Fault, client_not_allowed, invalid_token
from pipeline.callers.signing_keys import TrustedKey
from pipeline.settings import CallerTokens

LEEWAY_S = 60
LONGEST_LIFE_S = 48 * 3600
"""Entra gives up to 24 hours, 28 with continuous access evaluation."""
_LONGEST_KEY_ID = 256
_FAULTS: tuple[tuple[type[jwt.InvalidTokenError], Fault], ...] = (
    (jwt.ExpiredSignatureError, Fault.EXPIRED),
    (jwt.ImmatureSignatureError, Fault.EARLY),
    (jwt.InvalidAudienceError, Fault.AUDIENCE),
    (jwt.InvalidIssuerError, Fault.ISSUER),
    (jwt.InvalidSignatureError, Fault.SIGNATURE),
    (jwt.MissingRequiredClaimError, Fault.NO_ACCESS_TOKEN),
)


class _Claims(msgspec.Struct, frozen=True):
    """What is read of a token whose signature holds ("Access token claims reference").

    `appid` names the client in version 1.0, `azp` in 2.0. An ID token has neither, and may have the last
    three.
    """

    iss: str
    tid: str
    oid: str
    ver: str
    iat: int
    exp: int
    nbf: int
    appid: str | None = None
    azp: str | None = None
    roles: tuple[str, ...] = ()
    nonce: JsonValue = None
    at_hash: JsonValue = None
    c_hash: JsonValue = None


class KeySource(Protocol):
    """The keys that tokens may be signed with."""

    async def find(self, key_id: str, /) -> TrustedKey | None:
        """Find a key by its id; raises UpstreamUnavailable."""
        ...


class AccessTokens:
    """Fulfils `TokenCheck` for one tenant of Entra.

    Args:
        rules: audience, tenant and clients.
        keys: of the tenant.
    """

    def __init__(self, rules: CallerTokens, keys: KeySource) -> None:
        self._rules = rules
        self._keys = keys

    async def check(self, token: str, /) -> Caller:
        """Tell whom a token speaks for.

        Raises:
            Unauthenticated: it does not hold.
            Forbidden: another application than those that may call asked for it.
            UpstreamUnavailable: Entra's keys cannot be read.
        """
        key = await self._keys.find(_key_id(token))
        if key is None:
            raise invalid_token(Fault.UNKNOWN_KEY)
        claims = self._verified(token, key)
        client_id = self._client_id(claims, key.issuers[claims.iss])
        caller = Caller(
            kind="token",
            object_id=claims.oid,
            client_id=client_id,
            tenant_id=claims.tid,
            roles=claims.roles,
        )
        if self._rules.allowed_client_ids and client_id not in self._rules.allowed_client_ids:
            raise client_not_allowed(caller)
        return caller

    def _verified(self, token: str, key: TrustedKey) -> _Claims:
        try:
            payload = jwt.decode(
                token,
                key.key,
                algorithms=["RS256"],
                audience=self._rules.audiences,
                issuer=tuple(key.issuers),
                leeway=LEEWAY_S,
                options=Options(require=["exp", "nbf", "iat", "iss", "aud"], strict_aud=False),
            )
            return msgspec.convert(payload, _Claims)
        except jwt.InvalidTokenError as error:
            raise invalid_token(_fault(error)) from None
        except (msgspec.ValidationError, OverflowError):
            raise invalid_token(Fault.NO_ACCESS_TOKEN) from None

    def _client_id(self, claims: _Claims, version: str) -> str:
        """Give the application that asked for the token, once the rest of the claims holds."""
        if claims.tid.lower() != self._rules.tenant_id:
            raise invalid_token(Fault.TENANT)
        client_id = claims.azp if version == "2.0" else claims.appid
        of_sign_in = (claims.nonce, claims.at_hash, claims.c_hash)
        sane = 0 < claims.exp - claims.iat <= LONGEST_LIFE_S and claims.ver == version
        if not client_id or not sane or any(claim is not None for claim in of_sign_in):
            raise invalid_token(Fault.NO_ACCESS_TOKEN)
        return client_id.lower()


def _key_id(token: str) -> str:
    """Read which key a token names; nothing else of its header is followed."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, RecursionError):
        raise invalid_token(Fault.MALFORMED) from None
    key_id = header.get("kid")
    signed_as_entra_does = (
        header.get("alg") == "RS256" and header.get("typ") == "JWT" and "crit" not in header
    )
    if not signed_as_entra_does or not isinstance(key_id, str) or not 0 < len(key_id) <= _LONGEST_KEY_ID:
        raise invalid_token(Fault.MALFORMED)
    return key_id


def _fault(error: jwt.InvalidTokenError) -> Fault:
    return next((fault for kind, fault in _FAULTS if isinstance(error, kind)), Fault.MALFORMED)
