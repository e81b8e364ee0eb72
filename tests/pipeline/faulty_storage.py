"""A storage that fails on command: a proxy before Azurite's tables that dies, or loses an answer."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from re import search
from typing import Literal

from aiohttp import ClientSession, web
from yarl import URL

from local.host.settings import emulator_connection_string

type Fate = Literal["dies before", "dies after", "answer lost", "answer late", "cut before", "cut after"]


@dataclass
class FaultyStorage:
    """Counts the writes that pass, and gives one of them a fate.

    `dies before`: that write and all that follows never arrives. `dies after`: it arrives, the answer does
    not, and nothing follows. `answer lost`: it arrives, the client sees a 503 and sends it again. `answer
    late`: it arrives, and `meanwhile` happens before the client hears of it. `cut before`, `cut after`: the
    connection breaks before it arrives, or after, without any answer.

    Args:
        connection_string: where clients find it.
        at: which write, counted from 1; 0 for none.
    """

    connection_string: str
    fate: Fate = "dies before"
    at: int = 0
    writes: int = 0
    dead: bool = False
    bodies: list[bytes] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[object]] | None = None

    def strike(self, fate: Fate, at: int) -> None:
        """Decide the fate of a write from now on."""
        self.fate, self.at, self.writes, self.dead = fate, at, 0, False

    async def answer(self, request: web.Request, upstream: ClientSession, port: int) -> web.Response:
        """Pass a request on, or not."""
        body = await request.read()
        struck = False
        if request.method != "GET":
            self.writes += 1
            self.bodies.append(body)
            struck = self.writes == self.at
        if struck and self.fate == "dies before":
            self.dead = True
        if self.dead:
            return _refused(403)
        if struck and self.fate == "cut before":
            return _cut(request)
        url = URL(f"http://127.0.0.1:{port}{request.raw_path}", encoded=True)  # it is signed as it stands
        async with upstream.request(request.method, url, data=body, headers=request.headers) as answered:
            passed = web.Response(status=answered.status, body=await answered.read())
            for name, value in answered.headers.items():
                if name.lower() not in {"content-length", "transfer-encoding", "connection", "date"}:
                    passed.headers[name] = value
        if struck and self.fate == "cut after":
            return _cut(request)
        if struck and self.meanwhile is not None:
            await self.meanwhile()
        elif struck:
            self.dead = self.fate == "dies after"
            return _refused(403 if self.dead else 503)
        return passed


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _refused(status: int) -> web.Response:
    error = {"code": "Refused", "message": {"lang": "en", "value": "Struck."}}
    return web.json_response({"odata.error": error}, status=status)


@asynccontextmanager
async def faulty(storage: str) -> AsyncIterator[FaultyStorage]:
    """Give a storage that fails on command, in front of a real one."""
    blob, queue, table = (_port(kind, storage) for kind in ("Blob", "Queue", "Table"))
    proxy = FaultyStorage("")
    async with ClientSession(auto_decompress=False, skip_auto_headers=["Content-Type"]) as upstream:

        async def handle(request: web.Request) -> web.Response:
            return await proxy.answer(request, upstream, table)

        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            _, mine = runner.addresses[0][:2]
            proxy.connection_string = emulator_connection_string(
                blob_port=blob, queue_port=queue, table_port=mine
            )
            yield proxy
        finally:
            await runner.cleanup()


def _port(kind: str, connection_string: str) -> int:
    found = search(rf"{kind}Endpoint=http://[^:]+:(\d+)/", connection_string)
    assert found is not None
    return int(found.group(1))
