"""A connection to storage is used again only while the other end surely keeps it."""

import asyncio

import pytest
from azure.core.rest import HttpRequest

from pipeline.stores.transport import IDLE_S, behind_proxy, storage_transport

EMULATOR_KEEPS_S = 5.0
"""Node.js: server.keepAliveTimeout."""


class Server:
    """Answers every request with nothing, and counts who connects."""

    def __init__(self) -> None:
        self.connections = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it is closed."""
        self.connections += 1
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()


@pytest.mark.parametrize(("pause_s", "connections"), [(0.0, 1), (0.6, 2)])
async def test_a_connection_that_waited_is_not_used_again(pause_s: float, connections: int) -> None:
    """Two requests share a connection, unless the second comes late."""
    server = Server()
    async with await asyncio.start_server(server.answer, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with storage_transport(idle_s=0.2) as transport:
            for wait_s in (0.0, pause_s):
                await asyncio.sleep(wait_s)
                await transport.send(HttpRequest("GET", f"http://127.0.0.1:{port}/"))

    assert server.connections == connections


def test_connections_are_given_up_before_the_emulator_does() -> None:
    """With time to spare."""
    assert IDLE_S + 1 < EMULATOR_KEEPS_S


@pytest.mark.parametrize(("name", "named"), [("https_proxy", True), ("SOMETHING_ELSE", False)])
def test_a_proxy_is_used_where_the_environment_names_one(
    monkeypatch: pytest.MonkeyPatch, name: str, *, named: bool
) -> None:
    """And not looked for at each request where it names none."""
    for known in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(known, raising=False)
        monkeypatch.delenv(known.upper(), raising=False)
    monkeypatch.setenv(name, "http://127.0.0.1:3128")

    assert behind_proxy() is named
