"""The only module that speaks to Azure Resource Manager and Microsoft Graph: reads, complete or raising."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Self, cast, override
from urllib.parse import quote, urlencode, urlsplit

from azure.core.pipeline import AsyncPipeline, transport
from azure.core.pipeline.transport import AsyncHttpResponse, AsyncHttpTransport, HttpRequest

from collectors.contract import Check, Read, Reader
from collectors.errors import Terminal
from pipeline.azure.guard import Guard, method_of
from pipeline.azure.journal import Entry, Journal
from pipeline.azure.limiter import Clock, Limiter
from pipeline.azure.pages import Links, decode_object, decode_page
from pipeline.azure.policies import AuthenticationErrors, Passage, Tokens
from pipeline.model import RequestRecord
from pipeline.settings import Settings

if TYPE_CHECKING:
    from types import TracebackType

    from azure.core.credentials_async import AsyncTokenCredential

_GRAPH = "/v1.0/"
_CONNECT_WITHIN_S = 20


class SharedTransport(AsyncHttpTransport[HttpRequest, AsyncHttpResponse]):
    """The connections of the process: made at first use, closed by their owner and by no client.

    Args:
        options: of azure-core's AioHttpTransport.
    """

    def __init__(self, **options: object) -> None:
        self._options = options
        self._transport: AsyncHttpTransport[HttpRequest, AsyncHttpResponse] | None = None

    @override
    async def open(self) -> None:
        if self._transport is None:
            # The attribute, not an import: azure-core loads aiohttp only when it is read.
            made: Any = transport.AioHttpTransport(connection_timeout=_CONNECT_WITHIN_S, **self._options)
            self._transport = made

    @override
    async def close(self) -> None:
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

    @override
    async def send(self, request: HttpRequest, **kwargs: Any) -> AsyncHttpResponse:
        await self.open()
        made: AsyncHttpResponse = await cast("Any", self._transport).send(request, **kwargs)
        return made

    @override
    async def __aenter__(self) -> Self:
        return self

    @override
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: "TracebackType | None" = None,
    ) -> None:
        """Stay open: a client that closes must not close its neighbours' connections."""


class Azure:
    """Azure as this process reaches it: one set of connections, one limiter per tenant and subscription.

    Args:
        settings: addresses and limits.
        authentication_error: says what Entra's refusal of a credential means.
        connections: the transport; one of its own if None.
        clock: time.
    """

    def __init__(
        self,
        settings: Settings,
        authentication_error: AuthenticationErrors,
        *,
        connections: SharedTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._authentication_error = authentication_error
        self._connections = connections or SharedTransport()
        self._clock = clock or Clock()
        self._limiters: dict[tuple[str, str], Limiter] = {}

    def reader(
        self, *, credential: "AsyncTokenCredential", tenant_id: str, subscription_id: str
    ) -> "AzureReader":
        """Give a reader of one subscription.

        Takes the credential (the caller closes it), its tenant and the subscription. Gives a reader that
        remembers what it read: make a new one for every run.
        """
        limits = self._settings.limits
        place = (tenant_id.lower(), subscription_id.lower())
        passage = Passage(
            tenant_id=tenant_id,
            subscription_id=subscription_id,
            guard=Guard(self._settings, subscription_id),
            tokens=Tokens(credential, self._authentication_error, self._clock),
            limiter=self._limiters.setdefault(place, Limiter(limits, self._clock)),
            limits=limits,
            clock=self._clock,
        )
        return AzureReader(self._settings, passage, self._connections, credential)

    async def close(self) -> None:
        """Close all connections; readers made before are of no use afterwards."""
        await self._connections.close()


class _Remembered:
    """One read that was made, or is being made: its value or its terminal error."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.entry: Entry | None = None
        self.value: object = None
        self.error: Terminal | None = None


class AzureReader(Reader):
    """Reads one subscription; fulfils `collectors.contract.Reader`. Made by `Azure.reader` and `part`."""

    def __init__(
        self,
        settings: Settings,
        passage: Passage,
        connections: SharedTransport,
        credential: "AsyncTokenCredential",
        memory: dict[Hashable, _Remembered] | None = None,
    ) -> None:
        self._settings = settings
        self._passage = passage
        self._connections = connections
        self._credential = credential
        self._memory = {} if memory is None else memory
        self._journal = Journal()
        self._pipeline = AsyncPipeline(connections, passage.policies(self._journal))

    @property
    @override
    def subscription_id(self) -> str:
        return self._passage.subscription_id

    @property
    @override
    def subscription_scope(self) -> str:
        return f"/subscriptions/{self._passage.subscription_id}"

    @property
    def requests_sent(self) -> int:
        """How many requests left for this part, every try counted."""
        return self._journal.requests_sent

    @property
    def pages_read(self) -> int:
        """How many pages and objects arrived whole for this part."""
        return self._journal.pages_read

    @property
    def throttled(self) -> int:
        """How often this part was answered 429."""
        return self._journal.throttled

    def records(self) -> tuple[RequestRecord, ...]:
        """Give every read this part rests on, also those that another part had made before."""
        return self._journal.records()

    def part(self) -> "AzureReader":
        """Give a reader with a record of its own, that shares memory, token and limits with this one."""
        return AzureReader(self._settings, self._passage, self._connections, self._credential, self._memory)

    @override
    def pages[T](self, read: Read, item: type[T], **fields: str) -> AsyncIterator[list[T]]:
        if read.shared:
            return self._in_one_piece(read, item, fields)
        url = self._address(read, fields)
        return self._pages(url, read, item, self._entry(url))

    async def _in_one_piece[T](
        self, read: Read, item: type[T], fields: dict[str, str]
    ) -> AsyncIterator[list[T]]:
        yield await self.items(read, item, **fields)

    @override
    async def items[T](self, read: Read, item: type[T], **fields: str) -> list[T]:
        url = self._address(read, fields)

        async def fetch(entry: Entry) -> object:
            return [row async for page in self._pages(url, read, item, entry) for row in page]

        return list(cast("list[T]", await self._once(("items", url, item), url, fetch)))

    @override
    async def get[T](self, read: Read, of: type[T], **fields: str) -> T:
        url = self._address(read, fields)

        async def fetch(entry: Entry) -> object:
            found = decode_object(await self._fetch(url, read, entry), of, entry.path)
            self._journal.note_page(entry, 1)
            return found

        return cast("T", await self._once(("get", url, of), url, fetch))

    @override
    def limits(self, check: Check) -> Mapping[str, float]:
        return {**check.thresholds, **self._settings.thresholds.get(check.id, {})}

    @override
    def client[C](self, client_class: type[C]) -> C:
        make = cast("Callable[..., C]", client_class)
        return make(
            credential=self._credential,
            subscription_id=self.subscription_id,
            base_url=self._settings.resource_manager_url,
            credential_scopes=[self._settings.resource_manager_scope],
            policies=self._passage.policies(self._journal),
            transport=self._connections,
        )

    def _entry(self, url: str) -> Entry:
        return self._journal.use(Entry(method_of(urlsplit(url).path), url))

    def _address(self, read: Read, fields: dict[str, str]) -> str:
        known = {"subscription_id": self.subscription_id, **fields}
        inside = {name: quote(value.strip("/"), safe="/") for name, value in known.items()}
        path = "/" + read.path.lstrip("/").format_map(inside)
        base, version = self._settings.resource_manager_url, {"api-version": read.api_version}
        if path.startswith(_GRAPH):
            base, version = self._settings.graph_url, {}
        query = {**version, **{name: value.format_map(known) for name, value in read.query}}
        return f"{base}{path}{'?' if query else ''}{urlencode(query, quote_via=quote, safe='$,')}"

    async def _fetch(self, url: str, read: Read, entry: Entry) -> bytes:
        request = HttpRequest(entry.method, url, headers={"Accept": "application/json"})
        ran = await self._pipeline.run(request, entry=entry, permission=read.permission)
        body: bytes = ran.http_response.body()
        return body

    async def _pages[T](self, url: str, read: Read, item: type[T], entry: Entry) -> AsyncIterator[list[T]]:
        links = Links(entry.path, url, self._passage.limits.page_cap)
        ahead: asyncio.Task[bytes] | None = asyncio.create_task(self._fetch(url, read, entry))
        try:
            while ahead:
                page = decode_page(await ahead, item, entry.path)
                ahead = None
                if page.next:
                    link = links.follow(page.next)
                    ahead = asyncio.create_task(self._fetch(link, read, entry))
                self._journal.note_page(entry, len(page.value))
                yield page.value
                del page
        finally:
            if ahead:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    async def _once(self, key: Hashable, url: str, fetch: Callable[[Entry], Awaitable[object]]) -> object:
        known = self._memory.setdefault(key, _Remembered())
        async with known.lock:
            if known.entry is None:
                await self._make(known, url, fetch)
        if known.entry:
            self._journal.use(known.entry)
        if known.error:
            raise known.error
        return known.value

    async def _make(self, known: _Remembered, url: str, fetch: Callable[[Entry], Awaitable[object]]) -> None:
        entry = self._entry(url)
        try:
            known.value = await fetch(entry)
        except Terminal as error:
            known.error = error
        known.entry = entry
