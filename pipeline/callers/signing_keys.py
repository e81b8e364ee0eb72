"""The keys that Entra signs a tenant's tokens with: found by discovery, kept, asked for with measure.

"Signing key rollover in the Microsoft identity platform"; OpenID Connect Discovery 1.0; RFC 7517.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import jwt
import msgspec
from azure.core.exceptions import AzureError
from azure.core.pipeline import AsyncPipeline
from azure.core.pipeline.policies import SansIOHTTPPolicy, UserAgentPolicy
from azure.core.pipeline.transport import AsyncHttpResponse, AsyncHttpTransport, HttpRequest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from collectors.contract import JsonValue
from collectors.errors import UnexpectedAnswer
from pipeline.azure.clouds import Cloud
from pipeline.configuration.values import is_address
from pipeline.errors import UpstreamUnavailable
from pipeline.event_log import log
from pipeline.events import SigningKeysNotRead

FRESH_FOR_S = 3600.0
"""How long a key that Entra withdrew may still be believed."""
STALE_FOR_S = 24 * 3600.0
"""How long keys are believed while Entra does not answer."""
ASK_AGAIN_AFTER_S = 60.0
"""Whatever key ids callers make up, Entra is not asked more often."""
ASK_AT_FIRST_AFTER_S = 5.0
"""The same while nothing is known at all, and so nobody can be let in."""
ANSWER_WITHIN_S = 10.0
MOST_KEYS = 100
MOST_BYTES = 256 * 1024
"""Of one answer: Entra's keys take some twenty thousand."""
LEAST_BITS = 2048
_OK = 200
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}
"""Not compressed: what is unpacked may be a thousand times as long."""
_PRODUCT = "azure-evidence-connector"
_ALIASES = {"login.chinacloudapi.cn": "login.partner.microsoftonline.cn"}
"""Authorities whose discovery names another host of their own (msal: well-known authority hosts)."""
type _Policy = SansIOHTTPPolicy[Any, Any]


class TrustedKey(msgspec.Struct, frozen=True):
    """A key that tokens may be signed with.

    Args:
        key: as PyJWT takes it.
        issuers: what such a token may call its issuer, with the version of tokens that do.
    """

    key: jwt.PyJWK
    issuers: Mapping[str, str]


class _Description(msgspec.Struct, frozen=True):
    issuer: str
    jwks_uri: str


class _Published(msgspec.Struct, frozen=True):
    keys: tuple[dict[str, JsonValue], ...]


class _KeySet(msgspec.Struct, frozen=True):
    keys: Mapping[str, TrustedKey]
    read_at: float


class SigningKeys:
    """The published keys of one tenant.

    Args:
        cloud: where its Entra is.
        tenant_id: in lower case.
        connections: to Entra; whoever gave them closes them.
        monotonic: seconds that only grow.
    """

    def __init__(
        self,
        cloud: Cloud,
        tenant_id: str,
        connections: AsyncHttpTransport[HttpRequest, AsyncHttpResponse],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cloud = cloud
        self._tenant_id = tenant_id
        policies: list[_Policy] = [UserAgentPolicy(sdk_moniker=_PRODUCT)]
        self._pipeline = AsyncPipeline(connections, policies)
        self._monotonic = monotonic
        self._one_at_a_time = asyncio.Lock()
        self._known = _KeySet({}, float("-inf"))
        self._asked_at = float("-inf")
        self._failed = False

    async def find(self, key_id: str) -> TrustedKey | None:
        """Find a key by the id that a token names.

        Asks Entra where the id is not known or what is known is an hour old, but one request at a time and
        not again within a minute. Gives None for an id that Entra does not publish.

        Raises:
            UpstreamUnavailable: Entra does not answer, and what is known is too old or lacks the id.
        """
        if not self._is_fresh(key_id):
            await self._ask(key_id)
        found = self._known.keys.get(key_id)
        if self._age() > STALE_FOR_S or (found is None and self._failed):
            raise UpstreamUnavailable(
                "The bearer token cannot be checked: Microsoft Entra does not give its signing keys.",
                advice="Try again in a minute. If it stays, check AZURE_AUTHORITY_HOST and API_TENANT_ID, "
                "and that the app can reach Entra.",
                reason="signing_keys_unavailable",
            )
        return found

    def _age(self) -> float:
        return self._monotonic() - self._known.read_at

    def _is_fresh(self, key_id: str) -> bool:
        return key_id in self._known.keys and self._age() < FRESH_FOR_S

    async def _ask(self, key_id: str) -> None:
        if self._one_at_a_time.locked() and key_id in self._known.keys:
            return  # somebody is asking; meanwhile what is known will do
        async with self._one_at_a_time:
            pause = ASK_AGAIN_AFTER_S if self._age() <= STALE_FOR_S else ASK_AT_FIRST_AFTER_S
            if self._is_fresh(key_id) or self._monotonic() - self._asked_at < pause:
                return
            self._asked_at = self._monotonic()
            try:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    self._known = await self._read()
                self._failed = False
            except (AzureError, TimeoutError, UnexpectedAnswer, msgspec.MsgspecError, ValueError) as error:
                self._failed = True
                log(SigningKeysNotRead(error=type(error).__name__))

    async def _read(self) -> _KeySet:
        authority = self._cloud.authority
        address = f"{authority}/{self._tenant_id}/v2.0/.well-known/openid-configuration"
        described = await self._get(address, _Description)
        host = urlsplit(authority).netloc.lower()
        if urlsplit(described.jwks_uri).netloc.lower() not in {
            host,
            _ALIASES.get(host, host),
        } or not is_address(described.jwks_uri):
            raise UnexpectedAnswer("Entra's discovery document names keys on another host.")
        published = await self._get(described.jwks_uri, _Published)
        issuers = self._issuers(described.issuer)
        return _KeySet(dict(_trusted(published, issuers, self._tenant_id)), self._monotonic())

    def _issuers(self, described: str) -> Mapping[str, str]:
        """Give what this tenant's tokens may call their issuer: an exact list, with the versions."""
        own = {
            f"{self._cloud.authority}/{self._tenant_id}/v2.0": "2.0",
            f"{self._cloud.tokens_v1}/{self._tenant_id}/": "1.0",
        }
        if is_address(described) and urlsplit(described).path == f"/{self._tenant_id}/v2.0":
            own[described] = "2.0"
        return own

    async def _get[T](self, address: str, of: type[T]) -> T:
        request = HttpRequest("GET", address, headers=_HEADERS)
        answer = (await self._pipeline.run(request, stream=True)).http_response
        try:
            if answer.status_code != _OK:
                raise UnexpectedAnswer(f"Entra answered HTTP {answer.status_code} when asked for its keys.")
            return msgspec.json.decode(await self._body(answer), type=of)
        finally:
            answer.internal_response.close()

    async def _body(self, answer: AsyncHttpResponse) -> bytes:
        """Read an answer as it came over the wire; raises UnexpectedAnswer for more than any is long."""
        read = bytearray()
        async for chunk in answer.stream_download(self._pipeline, decompress=False):
            read += chunk
            if len(read) > MOST_BYTES:
                raise UnexpectedAnswer(f"Entra answered more than {MOST_BYTES} bytes.")
        return bytes(read)


def _trusted(
    published: _Published, issuers: Mapping[str, str], tenant_id: str
) -> Iterator[tuple[str, TrustedKey]]:
    """Give the keys that may sign: RSA, for signatures, long enough, of this tenant where they say whose."""
    for found in published.keys[:MOST_KEYS]:
        key_id, issuer = found.get("kid"), found.get("issuer")
        if found.get("kty") != "RSA" or found.get("use") != "sig" or not isinstance(key_id, str):
            continue
        if issuer is not None and str(issuer).replace("{tenantid}", tenant_id) not in issuers:
            continue
        if (key := _usable(found)) is not None:
            yield key_id, TrustedKey(key, issuers)


def _usable(found: dict[str, JsonValue]) -> jwt.PyJWK | None:
    """Load the public half of a key; one that is broken or too short is as good as none."""
    try:
        key = jwt.PyJWK({"kty": "RSA", "n": found.get("n"), "e": found.get("e")}, algorithm="RS256")
    except jwt.PyJWTError:
        return None
    loaded = key.key
    return key if isinstance(loaded, RSAPublicKey) and loaded.key_size >= LEAST_BITS else None
