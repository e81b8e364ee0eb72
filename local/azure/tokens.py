"""Access tokens: issues and reads JWTs as Microsoft Entra signs them (RS256, issuer `https://sts.windows.net/`)."""

import base64
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.types import Options
from msgspec import Struct, ValidationError, convert

KEY_ID = "simulated-azure-signing-key"
ARM = "https://management.azure.com"
VAULT = "https://vault.azure.net"
GRAPH = "https://graph.microsoft.com"
STORAGE = "https://storage.azure.com"
EXCHANGE = "api://AzureADTokenExchange"

# What a resource may be called in a scope, without its trailing slash, and what `aud` says then. One Resource
# Manager stands for those of all clouds.
RESOURCES: Mapping[str, str] = {
    ARM: ARM,
    "https://management.core.windows.net": ARM,
    "https://management.usgovcloudapi.net": ARM,
    "https://management.chinacloudapi.cn": ARM,
    VAULT: VAULT,
    GRAPH: GRAPH,
    STORAGE: STORAGE,
    EXCHANGE: EXCHANGE,
}


class Claims(Struct, frozen=True):
    """The claims of an access token that the services look at."""

    iss: str
    aud: str
    tid: str
    appid: str
    oid: str
    exp: int
    nbf: int


class TokenRefusedError(Exception):
    """The token is not one of ours."""


class TokenExpiredError(Exception):
    """The token was ours and its time is over; carries the time it ended."""

    def __init__(self, expired_at: int) -> None:
        super().__init__("The access token has expired.")
        self.expired_at = expired_at


@cache
def signing_key() -> RSAPrivateKey:
    """Return this process's signing key, made at first use."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def public_keys() -> dict[str, object]:
    """Return the key set that `jwks_uri` serves."""
    numbers = signing_key().public_key().public_numbers()
    key = {"kty": "RSA", "use": "sig", "kid": KEY_ID, "n": _base64url(numbers.n), "e": _base64url(numbers.e)}
    return {"keys": [key]}


@dataclass(slots=True)
class TokenIssuer:
    """Issues access tokens and recognises them again."""

    lifetime_s: int = 3600
    resources: dict[str, str] = field(default_factory=lambda: dict(RESOURCES))
    _known: dict[str, Claims] = field(default_factory=dict)

    def audience_of(self, resource: str) -> str | None:
        """Return the audience for a resource as a scope names it, or None for an unknown one."""
        return self.resources.get(resource.rstrip("/"))

    def issue(self, *, tenant_id: str, client_id: str, object_id: str, audience: str) -> str:
        """Issue an access token.

        Takes the tenant, the application, its service principal's object id and the audience. Gives the JWT.
        """
        now = int(time.time())
        claims: dict[str, object] = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{tenant_id}/",
            "iat": now,
            "nbf": now - 300,
            "exp": now + self.lifetime_s,
            "appid": client_id,
            "appidacr": "1",
            "idp": f"https://sts.windows.net/{tenant_id}/",
            "idtyp": "app",
            "oid": object_id,
            "sub": object_id,
            "tid": tenant_id,
            "uti": uuid.uuid4().hex,
            "ver": "1.0",
        }
        return jwt.encode(claims, signing_key(), algorithm="RS256", headers={"kid": KEY_ID, "x5t": KEY_ID})

    def read(self, token: str) -> Claims:
        """Read a token issued here.

        Takes the token. Gives its claims.

        Raises:
            TokenExpiredError: its time is over.
            TokenRefusedError: it was not signed here, or lacks a claim.
        """
        claims = self._known.get(token) or self._verify(token)
        if claims.exp <= time.time():
            raise TokenExpiredError(claims.exp)
        return claims

    def _verify(self, token: str) -> Claims:
        unchecked = Options(verify_aud=False, verify_exp=False, verify_nbf=False, verify_iat=False)
        try:
            payload = jwt.decode(token, signing_key().public_key(), algorithms=["RS256"], options=unchecked)
            claims = convert(payload, Claims)
        except (jwt.InvalidTokenError, ValidationError) as error:
            raise TokenRefusedError from error
        self._known[token] = claims
        return claims
