"""The one pipeline every read of Azure passes, whoever makes it: our own policies, in this order.

    Record         counts, times, translates what is left of azure-core's errors
    (RequestId, UserAgent, ContentDecode: azure-core's)
    Retry          tries again, waits, or says what went wrong            azure_retry.py
    TakeTurn       token bucket, reads in flight                          azure_limiter.py
    RefuseWrites   nothing but reads of this subscription                 azure_guard.py
    Authorise      the bearer token
    Send           counts what really leaves; one try's time-out

There is no redirect policy and no automatic registration of resource providers, on purpose.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, override

import msgspec
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import (
    AsyncHTTPPolicy,
    ContentDecodePolicy,
    RequestIdPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.pipeline.transport import AsyncHttpResponse, HttpRequest

from collectors.errors import CollectionError, UnexpectedAnswer
from pipeline.azure.guard import Guard
from pipeline.azure.journal import Entry, Journal
from pipeline.azure.limiter import Clock, Limiter
from pipeline.azure.pages import SdkLists
from pipeline.azure.retry import Retry
from pipeline.settings import ReadLimits

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

type Policy = AsyncHTTPPolicy[Any, Any] | SansIOHTTPPolicy[Any, Any]
type AuthenticationErrors = Callable[[ClientAuthenticationError], CollectionError]
type _Response = PipelineResponse[HttpRequest, AsyncHttpResponse]

PRODUCT = "azure-evidence-connector"


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """What the requests of one connection share.

    Args:
        tenant_id: the connection's tenant, for the words of errors.
        subscription_id: the connection's subscription, for the words of errors.
        guard: decides what may leave.
        tokens: where bearer tokens come from.
        limiter: how fast it may leave.
        limits: tries, patience, time-outs, page cap.
        clock: time.
    """

    tenant_id: str
    subscription_id: str
    guard: Guard
    tokens: "Tokens"
    limiter: Limiter
    limits: ReadLimits
    clock: Clock

    def policies(self, journal: Journal) -> list[Policy]:
        """Give a fresh list of policies that writes into a journal: each pipeline needs its own."""
        return [
            Record(journal, SdkLists(self.limits.page_cap, partial(self.guard.endpoint, "GET"))),
            RequestIdPolicy(),
            UserAgentPolicy(sdk_moniker=PRODUCT),
            ContentDecodePolicy(),
            Retry(
                self.tenant_id, self.subscription_id, limits=self.limits, clock=self.clock, journal=journal
            ),
            TakeTurn(self.limiter),
            RefuseWrites(self.guard),
            Authorise(self.tokens),
            Send(journal, self.limits.timeout_s),
        ]


class Tokens:
    """Bearer tokens of one credential, asked for one at a time so that a cold start asks Entra once.

    Args:
        credential: of azure-identity, which keeps tokens until shortly before they end.
        authentication_error: says what Entra's refusal means.
        clock: time.
    """

    def __init__(
        self, credential: "AsyncTokenCredential", authentication_error: AuthenticationErrors, clock: Clock
    ) -> None:
        self._credential = credential
        self._authentication_error = authentication_error
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def get(self, scope: str, *, rejected: str | None = None) -> str:
        """Give a token.

        Takes the scope, and the token that was just rejected: Entra is asked for another.

        Raises:
            CollectionError: Entra gives none.
        """
        try:
            async with self._one_at_a_time:
                token = (await self._credential.get_token(scope)).token
                if token == rejected:
                    token = (await self._credential.get_token(scope, claims=self._issued_from_now())).token
        except ClientAuthenticationError as error:
            raise self._authentication_error(error) from error
        return token

    def _issued_from_now(self) -> str:
        # What is asked after a revocation; with any claims azure-identity asks Entra, not its cache.
        claim = {"essential": True, "value": str(int(self._clock.wall()))}
        return msgspec.json.encode({"access_token": {"nbf": claim}}).decode()


class Record(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Outermost: keeps the provenance of the read, and lets no error out but our own."""

    def __init__(self, journal: Journal, lists: SdkLists) -> None:
        super().__init__()
        self._journal = journal
        self._lists = lists

    @override
    async def send(self, request: PipelineRequest[HttpRequest]) -> _Response:
        given = request.context.options.pop("entry", None)
        asked = request.http_request
        entry: Entry = given or self._journal.entry_for(asked.method, asked.url)
        request.context["entry"] = entry
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            response = await self.next.send(request)
        except (AzureError, UnicodeDecodeError) as error:
            raise UnexpectedAnswer(f"{entry.method} {entry.path} ended in {type(error).__name__}.") from error
        finally:
            entry.duration_s += loop.time() - began
        if given is None:
            body = response.context.get(ContentDecodePolicy.CONTEXT_NAME)
            self._journal.note_page(entry, self._lists.note(asked.url, body))
        return response


class TakeTurn(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Holds a turn of the limiter for one try."""

    def __init__(self, limiter: Limiter) -> None:
        super().__init__()
        self._limiter = limiter

    @override
    async def send(self, request: PipelineRequest[HttpRequest]) -> _Response:
        async with self._limiter.turn(alone=bool(request.context.get("alone"))) as turn:
            response = await self.next.send(request)
        request.context["shared"] = turn.shared
        return response


class RefuseWrites(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Lets reads of the connection pass, and nothing else."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self._guard = guard

    @override
    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        asked = request.http_request
        request.context["endpoint"] = self._guard.endpoint(asked.method, asked.url)


class Authorise(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Attaches the bearer token for the endpoint that the guard found."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens

    @override
    async def send(self, request: PipelineRequest[HttpRequest]) -> _Response:
        context = request.context
        token = await self._tokens.get(context["endpoint"].scope, rejected=context.get("rejected_token"))
        context["token"] = token
        request.http_request.headers["Authorization"] = f"Bearer {token}"
        return await self.next.send(request)


class Send(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Innermost: counts what really leaves, and gives one try its time."""

    def __init__(self, journal: Journal, timeout_s: float) -> None:
        super().__init__()
        self._journal = journal
        self._timeout_s = timeout_s

    @override
    async def send(self, request: PipelineRequest[HttpRequest]) -> _Response:
        entry: Entry = request.context["entry"]
        self._journal.requests_sent += 1
        entry.status = 0
        async with asyncio.timeout(self._timeout_s):
            response = await self.next.send(request)
        entry.status = response.http_response.status_code
        return response
