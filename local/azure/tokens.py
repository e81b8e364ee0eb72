"""Access tokens: issues and reads JWTs as Microsoft Entra signs them (RS256, issuer `https://sts.windows.net/`)."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import jwt
from jwt.types import Options
from msgspec import Struct, ValidationError, convert

from local.azure.signing_keys import SigningKeys
from local.azure.world import FederatedCredential

if TYPE_CHECKING:
    from local.azure.world import Api, Application

ARM = "https://management.azure.com"
VAULT = "https://vault.azure.net"
GRAPH = "https://graph.microsoft.com"
STORAGE = "https://storage.azure.com"
EXCHANGE = "api://AzureADTokenExchange"
EXCHANGES = (EXCHANGE, f"{EXCHANGE}USGov", f"{EXCHANGE}China")

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
    **{exchange: exchange for exchange in EXCHANGES},
}


def issuer_of(tenant_id: str, audience: str) -> str:
    """Give the issuer of a token: an identity's token that stands for a secret is one of v2.0."""
    v1, v2 = f"https://sts.windows.net/{tenant_id}/", f"https://login.microsoftonline.com/{tenant_id}/v2.0"
    return v2 if audience in EXCHANGES else v1


def federated_with(identity: "Application") -> FederatedCredential:
    """Give the federated credential that trusts a managed identity."""
    return FederatedCredential(issuer_of(identity.tenant_id, EXCHANGE), identity.object_id, EXCHANGE)


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


@dataclass(slots=True)
class TokenIssuer:
    """Issues access tokens and recognises them again."""

    lifetime_s: int = 3600
    resources: dict[str, str] = field(default_factory=lambda: dict(RESOURCES))
    keys: SigningKeys = field(default_factory=SigningKeys)
    _known: dict[str, Claims] = field(default_factory=dict)

    def audience_of(self, resource: str) -> str | None:
        """Return the audience for a resource as a scope names it, or None for an unknown one."""
        return self.resources.get(resource.rstrip("/"))

    def issue(
        self,
        *,
        tenant_id: str,
        client_id: str,
        object_id: str,
        audience: str,
        more: Mapping[str, object] | None = None,
    ) -> str:
        """Issue an access token.

        Takes the tenant, the application, the object id of its service principal or of whom it acts for,
        the audience, and claims that replace or join the usual ones. Gives the JWT.
        """
        now = int(time.time())
        claims: dict[str, object] = {
            "aud": audience,
            "iss": issuer_of(tenant_id, audience),
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
            **(more or {}),
        }
        return self.keys.newest.sign(claims)

    def issue_for_api(self, api: "Api", application: "Application", authority: str) -> str:
        """Issue an access token (v2.0) for an API of a customer, with the app roles granted there.

        Takes the API, who calls it with client credentials, and the authority's address. Gives the JWT. A
        client without a role gets a token without `roles`, as Entra does unless assignment is required.
        """
        return self.keys.newest.sign(self.api_claims(api, application, authority))

    def api_claims(self, api: "Api", application: "Application", authority: str) -> dict[str, object]:
        """Give the claims of such a token ("Access token claims reference", v2.0)."""
        now = int(time.time())
        roles = api.granted.get(application.object_id, ())
        return {
            "aud": api.client_id,
            "iss": f"{authority}/{api.tenant_id}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + self.lifetime_s,
            "azp": application.client_id,
            "azpacr": "1",
            "idtyp": "app",
            "oid": application.object_id,
            "sub": application.object_id,
            "tid": api.tenant_id,
            "uti": uuid.uuid4().hex,
            "ver": "2.0",
            **({"roles": list(roles)} if roles else {}),
        }

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
            # Azure's own services go on taking what an earlier key signed.
            signed_by = self.keys.find(str(jwt.get_unverified_header(token).get("kid")))
            key = (signed_by or self.keys.newest).private.public_key()
            payload = jwt.decode(token, key, algorithms=["RS256"], options=unchecked)
            claims = convert(payload, Claims)
        except (jwt.InvalidTokenError, ValidationError) as error:
            raise TokenRefusedError from error
        self._known[token] = claims
        return claims
