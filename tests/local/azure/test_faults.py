"""Faults on request: each kind, and which requests they strike."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec
import pytest

from local.azure.faults import Fault, Kind
from tests.local.azure.http_client import Client

ALERTS = "*/providers/Microsoft.Security/alerts"


@pytest.fixture
def alerts(client: Client) -> str:
    """The URL of production's alerts."""
    return client.url(f"{client.azure.subscription('production').scope}/providers/Microsoft.Security/alerts")


async def test_throttling_says_how_long(client: Client, alerts: str) -> None:
    """429 with Retry-After in seconds."""
    client.azure.add_fault(Fault(kind=Kind.THROTTLE, path=ALERTS, retry_after_s=7))

    heard = await client.send("GET", alerts)

    assert (heard.status, heard.headers["Retry-After"]) == (429, "7")


async def test_throttling_may_name_a_date(client: Client, alerts: str) -> None:
    """Retry-After as an HTTP date (RFC 9110, 10.2.3)."""
    client.azure.add_fault(Fault(kind=Kind.THROTTLE, path=ALERTS, retry_after_s=60, retry_after_as_date=True))

    heard = await client.send("GET", alerts)

    wait = parsedate_to_datetime(heard.headers["Retry-After"]) - datetime.now(UTC)
    assert timedelta(seconds=55) < wait <= timedelta(seconds=60)


async def test_a_burst_ends(client: Client, alerts: str) -> None:
    """The first `skip` requests pass, the next `count` fail, the rest pass."""
    client.azure.add_fault(Fault(kind=Kind.STATUS, status=503, path=ALERTS, skip=1, count=2))

    statuses = [(await client.send("GET", alerts)).status for _ in range(5)]

    assert statuses == [200, 503, 503, 200, 200]


async def test_a_fault_may_last(client: Client, alerts: str) -> None:
    """Without a count it never ends."""
    client.azure.add_fault(Fault(kind=Kind.STATUS, status=500, path=ALERTS, count=None))

    statuses = {(await client.send("GET", alerts)).status for _ in range(4)}

    assert statuses == {500}


async def test_other_paths_are_spared(client: Client) -> None:
    """A fault strikes the paths and methods it names only."""
    fault = client.azure.add_fault(Fault(kind=Kind.STATUS, path=ALERTS, method="POST", count=None))

    heard = await client.get("/subscriptions")

    assert (heard.status, fault.hits) == (200, 0)


async def test_faults_stand_in_line(client: Client, alerts: str) -> None:
    """One fault strikes a request; the next one strikes the next request."""
    client.azure.add_fault(Fault(kind=Kind.THROTTLE, path=ALERTS))
    client.azure.add_fault(Fault(kind=Kind.STATUS, path=ALERTS, status=500))

    statuses = [(await client.send("GET", alerts)).status for _ in range(3)]

    assert statuses == [429, 500, 200]


async def test_a_connection_drops(client: Client, alerts: str) -> None:
    """The connection ends without an answer; the log says 0; aiohttp repeats a GET once."""
    client.azure.add_fault(Fault(kind=Kind.DROP, path=ALERTS, count=2))

    with pytest.raises(aiohttp.ClientConnectionError):
        await client.send("GET", alerts)
    assert client.azure.simulation.log.entries[-1].status == 0


async def test_an_answer_is_late(client: Client, alerts: str) -> None:
    """A delayed answer is right all the same, and its duration stands in the log."""
    client.azure.add_fault(Fault(kind=Kind.DELAY, path=ALERTS, delay_s=0.2))

    heard = await client.send("GET", alerts)

    assert (heard.status, len(heard.value)) == (200, 24)
    assert client.azure.simulation.log.entries[-1].duration_ms >= 200


async def test_a_body_is_truncated(client: Client, alerts: str) -> None:
    """Half a body whose length is honest: valid HTTP, broken JSON."""
    client.azure.add_fault(Fault(kind=Kind.TRUNCATE, path=ALERTS))

    heard = await client.send("GET", alerts)

    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(heard.body)


async def test_a_body_is_cut(client: Client, alerts: str) -> None:
    """Half a body whose length is not honest: the connection breaks in the middle."""
    client.azure.add_fault(Fault(kind=Kind.CUT, path=ALERTS))

    with pytest.raises(aiohttp.ClientPayloadError):
        await client.send("GET", alerts)


async def test_an_html_page_comes_instead(client: Client, alerts: str) -> None:
    """200 with HTML, as a proxy or a portal answers."""
    client.azure.add_fault(Fault(kind=Kind.HTML, path=ALERTS))

    heard = await client.send("GET", alerts)

    assert (heard.status, heard.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


async def test_a_page_link_leads_elsewhere(client: Client, alerts: str) -> None:
    """The page link names a foreign host."""
    client.azure.add_fault(Fault(kind=Kind.FOREIGN_NEXT_LINK, path=ALERTS, location="https://evil.invalid/x"))

    heard = await client.send("GET", alerts)

    assert (heard.json["nextLink"], len(heard.value)) == ("https://evil.invalid/x", 24)


async def test_a_page_link_loops(client: Client, alerts: str) -> None:
    """The page link leads to the very page it stands on."""
    client.azure.add_fault(Fault(kind=Kind.LOOPING_NEXT_LINK, path=ALERTS, count=None))

    first = await client.send("GET", alerts)
    second = await client.send("GET", str(first.json["nextLink"]))

    assert first.body == second.body


async def test_a_request_is_sent_elsewhere(client: Client, alerts: str) -> None:
    """302 to another host."""
    client.azure.add_fault(Fault(kind=Kind.REDIRECT, path=ALERTS, location="https://evil.invalid/x"))

    heard = await client.send("GET", alerts)

    assert (heard.status, heard.headers["Location"]) == (302, "https://evil.invalid/x")


async def test_a_token_expires_early(client: Client, alerts: str) -> None:
    """401 ExpiredAuthenticationToken once, then the same token is good again."""
    client.azure.add_fault(Fault(kind=Kind.EXPIRED, path=ALERTS))

    first, second = await client.send("GET", alerts), await client.send("GET", alerts)

    assert (first.status, first.code, second.status) == (401, "ExpiredAuthenticationToken", 200)


async def test_a_denial_under_load(client: Client, alerts: str) -> None:
    """403 AuthorizationFailed once, worded as a real one."""
    client.azure.add_fault(Fault(kind=Kind.DENIED, path=ALERTS))

    first, second = await client.send("GET", alerts), await client.send("GET", alerts)

    assert (first.status, first.code, second.status) == (403, "AuthorizationFailed", 200)
    assert b"'Microsoft.Security/alerts/read'" in first.body


async def test_the_token_endpoint_is_throttled(client: Client) -> None:
    """Faults strike Entra like any other path."""
    client.azure.add_fault(Fault(kind=Kind.THROTTLE, path="*/oauth2/v2.0/token"))

    statuses = [
        (await client.ask_for_token(client.application.secrets[0].value)).status,
        (await client.ask_for_token(client.application.secrets[0].value)).status,
    ]

    assert statuses == [429, 200]
