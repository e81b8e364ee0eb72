"""A failing read is tried again when that may help, while patience lasts, and then says why it failed."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import (
    AccessDenied,
    CredentialRejected,
    ServiceUnavailable,
    Throttled,
    UnexpectedAnswer,
)
from pipeline.azure.retry import retry_after_s
from pipeline.settings import ReadLimits
from tests.pipeline.azure_rig import ALERTS, ALERTS_PATH, VAULT, VAULT_PATH, Item, Reply, Rig, refusal, rig

GOOD = Reply({"value": [{"id": "1"}]})
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
async def azure() -> AsyncIterator[Rig]:
    """Everything set up against a scripted server."""
    async with rig() as ready:
        yield ready


class TestThrottling:
    """Azure asks to wait."""

    async def test_seconds_are_waited(self, azure: Rig, caplog: pytest.LogCaptureFixture) -> None:
        """A 429 that asks for 17 seconds is repeated after 17 seconds, counted, logged without query."""
        azure.server.on(ALERTS_PATH, refusal(429, "TooManyRequests", Retry_After="17"), GOOD)
        reader = azure.reader()

        found = await reader.items(ALERTS, Item)

        assert (len(found), azure.clock.slept, reader.throttled, reader.requests_sent) == (1, [17.0], 1, 2)
        [line] = [one.message for one in caplog.records if one.message.startswith("throttled ")]
        assert f" path={ALERTS_PATH} retry_after_s=17.0 subscription_id=" in line
        assert "api-version" not in line

    async def test_a_date_is_waited_for(self, azure: Rig) -> None:
        """A 429 that names a time is repeated then, by the server's own clock."""
        headers = {"Retry_After": format_datetime(NOW.replace(second=30), usegmt=True)}
        headers["Date"] = format_datetime(NOW, usegmt=True)
        azure.server.on(ALERTS_PATH, refusal(429, "ResourceRequestsThrottled", **headers), GOOD)

        await azure.reader().items(ALERTS, Item)

        assert azure.clock.slept == [30.0]

    async def test_no_time_asked_backs_off(self, azure: Rig) -> None:
        """A 429 that asks for nothing, or for no time at all, is repeated after growing pauses."""
        silent = refusal(429, "TooManyRequests")
        azure.server.on(ALERTS_PATH, silent, refusal(429, "TooManyRequests", Retry_After="0"), silent, GOOD)

        await azure.reader().items(ALERTS, Item)

        assert azure.clock.slept == [1.0, 2.0, 4.0]

    async def test_does_not_use_up_the_tries(self, azure: Rig) -> None:
        """Waiting because Azure asked to leaves a failing service its four tries."""
        busy = refusal(429, "TooManyRequests", Retry_After="2")
        azure.server.on(ALERTS_PATH, *[busy] * 5, *[refusal(503, "")] * 3, GOOD)

        assert len(await azure.reader().items(ALERTS, Item)) == 1

    async def test_patience_ends(self, azure: Rig) -> None:
        """Asked to wait more than two minutes in total, the read ends as throttled and says so."""
        azure.server.on(ALERTS_PATH, refusal(429, "OperationNotAllowed", Retry_After="70"))

        with pytest.raises(Throttled) as caught:
            await azure.reader().items(ALERTS, Item)

        assert (caught.value.retry_after_s, azure.clock.slept) == (70.0, [70.0])


class TestFailingService:
    """The service fails for the moment."""

    @pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
    async def test_is_asked_four_times(self, azure: Rig, status: int) -> None:
        """A failing service is asked four times with growing pauses, then the read ends as unavailable."""
        azure.server.on(ALERTS_PATH, refusal(status, "ServerError"))

        with pytest.raises(ServiceUnavailable):
            await azure.reader().items(ALERTS, Item)

        assert (len(azure.server.seen), azure.clock.slept) == (4, [1.0, 2.0, 4.0])

    async def test_recovers(self, azure: Rig) -> None:
        """A service that recovers in time leaves no trace but the number of requests."""
        azure.server.on(ALERTS_PATH, refusal(503, ""), refusal(500, ""), GOOD)
        reader = azure.reader()

        await reader.items(ALERTS, Item)

        assert (reader.requests_sent, reader.pages_read, reader.throttled) == (3, 1, 0)

    async def test_may_ask_to_wait(self, azure: Rig) -> None:
        """A 503 that asks for 20 seconds is repeated after 20 seconds."""
        azure.server.on(ALERTS_PATH, refusal(503, "", Retry_After="20"), GOOD)

        await azure.reader().items(ALERTS, Item)

        assert azure.clock.slept == [20.0]

    async def test_dropped_connection(self, azure: Rig) -> None:
        """A connection that is dropped every time ends as unavailable, with status 0 on record."""
        azure.server.on(ALERTS_PATH, Reply(drop=True))
        reader = azure.reader()

        with pytest.raises(ServiceUnavailable, match="no answer"):
            await reader.items(ALERTS, Item)

        assert (reader.requests_sent, [record.status for record in reader.records()]) == (4, [0])

    async def test_timeout(self) -> None:
        """A try that takes too long is given up and repeated."""

        async def stall() -> None:
            await asyncio.sleep(5)

        async with rig(ReadLimits(timeout_s=0.05)) as azure:
            azure.server.on(ALERTS_PATH, Reply(before=stall), GOOD)

            assert len(await azure.reader().items(ALERTS, Item)) == 1

    async def test_half_sent_body(self, azure: Rig) -> None:
        """A body that breaks off before its announced length is a dropped connection."""
        azure.server.on(ALERTS_PATH, Reply(b'{"value":[', drop=True), GOOD)

        assert len(await azure.reader().items(ALERTS, Item)) == 1


class TestBrokenBody:
    """The body is no JSON."""

    @pytest.mark.parametrize(
        "reply",
        [
            pytest.param(Reply(b'{"value":[{"id":"1"}'), id="truncated"),
            pytest.param(Reply(b"<html>Sorry</html>", headers={"Content-Type": "text/html"}), id="HTML"),
            pytest.param(Reply(b'{"value":[]} extra'), id="trailing"),
            pytest.param(Reply(b""), id="empty"),
            pytest.param(Reply(b"no gzip", headers={"Content-Encoding": "gzip"}), id="false gzip"),
            pytest.param(
                Reply(gzip.compress(b'{"value":[]}')[:-14], headers={"Content-Encoding": "gzip"}),
                id="half gzip",
            ),
        ],
    )
    async def test_is_terminal_if_it_persists(self, azure: Rig, reply: Reply) -> None:
        """A broken body is asked for four times; then it is an unexpected answer, never empty."""
        azure.server.on(ALERTS_PATH, reply)

        with pytest.raises(UnexpectedAnswer, match="not JSON"):
            await azure.reader().items(ALERTS, Item)

        assert len(azure.server.seen) == 4

    async def test_is_forgotten_if_it_passes(self, azure: Rig) -> None:
        """A body that was broken once is read whole the second time."""
        azure.server.on(ALERTS_PATH, Reply(b'{"value":['), GOOD)

        assert [item.id for item in await azure.reader().items(ALERTS, Item)] == ["1"]


class TestRejectedToken:
    """Azure refuses the token."""

    async def test_is_renewed_once(self, azure: Rig) -> None:
        """After a 401 a new token is asked for, past the cache, and used."""
        azure.server.on(ALERTS_PATH, refusal(401, "ExpiredAuthenticationToken"), GOOD)

        await azure.reader().items(ALERTS, Item)

        assert [seen.authorization for seen in azure.server.seen] == ["Bearer token-1", "Bearer token-2"]
        assert [claims is not None for _, claims in azure.credential.asked] == [False, False, True]

    async def test_renewed_by_another_read_is_enough(self, azure: Rig) -> None:
        """Two reads whose common token expires renew it once, not twice."""
        barrier = asyncio.Barrier(2)
        expired = Reply({"error": {"code": "ExpiredAuthenticationToken"}}, 401, before=barrier.wait)
        azure.server.on(ALERTS_PATH, expired, GOOD)
        azure.server.on(VAULT_PATH, expired, Reply({}))
        reader = azure.reader()

        await asyncio.gather(reader.items(ALERTS, Item), reader.get(VAULT, dict, vault="safe"))

        assert sum(claims is not None for _, claims in azure.credential.asked) == 1

    async def test_twice_is_terminal(self, azure: Rig) -> None:
        """A second 401 means that the token is rejected."""
        azure.server.on(ALERTS_PATH, refusal(401, "InvalidAuthenticationToken"))

        with pytest.raises(CredentialRejected) as caught:
            await azure.reader().items(ALERTS, Item)

        assert (caught.value.reason, len(azure.server.seen)) == ("token_rejected", 2)

    async def test_of_another_tenant_is_terminal_at_once(self, azure: Rig) -> None:
        """A token of the wrong tenant is not worth a second try."""
        azure.server.on(ALERTS_PATH, refusal(401, "InvalidAuthenticationTokenTenant"))

        with pytest.raises(CredentialRejected) as caught:
            await azure.reader().items(ALERTS, Item)

        assert (caught.value.reason, len(azure.server.seen)) == ("wrong_tenant", 1)


class TestDenied:
    """Azure refuses the read."""

    async def test_alone_is_final(self, azure: Rig) -> None:
        """A 403 while nothing else was under way is a missing permission."""
        azure.server.on(ALERTS_PATH, refusal(403, "AuthorizationFailed"))

        with pytest.raises(AccessDenied):
            await azure.reader().items(ALERTS, Item)

        assert len(azure.server.seen) == 1

    async def test_under_load_is_tried_alone(self, azure: Rig) -> None:
        """A 403 beside another read is tried once more when that one has ended, and may then succeed."""
        barrier = asyncio.Barrier(2)
        denied = Reply({"error": {"code": "AuthorizationFailed"}}, 403, before=barrier.wait)
        azure.server.on(ALERTS_PATH, denied, GOOD)
        azure.server.on(VAULT_PATH, Reply({}, before=barrier.wait))
        reader = azure.reader()

        found, _ = await asyncio.gather(reader.items(ALERTS, Item), reader.get(VAULT, dict, vault="safe"))

        assert (len(found), len(azure.server.seen)) == (1, 3)

    async def test_under_load_and_alone_is_a_missing_permission(self, azure: Rig) -> None:
        """A 403 that stays when nothing else is under way is a missing permission after two tries."""
        barrier = asyncio.Barrier(2)
        denied = Reply({"error": {"code": "AuthorizationFailed"}}, 403, before=barrier.wait)
        azure.server.on(ALERTS_PATH, denied, refusal(403, "AuthorizationFailed"))
        azure.server.on(VAULT_PATH, Reply({}, before=barrier.wait))
        reader = azure.reader()

        results = await asyncio.gather(
            reader.items(ALERTS, Item), reader.get(VAULT, dict, vault="safe"), return_exceptions=True
        )

        assert (AccessDenied, 2) == (
            type(results[0]),
            sum(seen.path == ALERTS_PATH for seen in azure.server.seen),
        )


class TestRetryAfter:
    """How long an answer asks to wait."""

    @given(st.integers(min_value=0, max_value=999_999_999))
    def test_seconds_are_read(self, seconds: int) -> None:
        """A number is seconds, whatever the case of the name."""
        assert float(seconds) == retry_after_s({"RETRY-AFTER": f" {seconds} "}, now=0.0)

    @given(st.integers(min_value=0, max_value=1_000_000))
    def test_milliseconds_win(self, milliseconds: int) -> None:
        """Where Azure says milliseconds too, they are the finer word."""
        headers = {"x-ms-retry-after-ms": str(milliseconds), "Retry-After": "9"}

        assert milliseconds * 0.001 == retry_after_s(headers, now=0.0)

    @given(st.integers(0, 10**10), st.floats(0, 1e9))
    def test_dates_are_read(self, until: int, now: float) -> None:
        """A date is the seconds until then, none if it has passed."""
        date = format_datetime(datetime.fromtimestamp(until, UTC), usegmt=True)

        assert max(0.0, until - now) == retry_after_s({"Retry-After": date}, now)

    @given(st.text())
    def test_nonsense_asks_for_nothing(self, text: str) -> None:
        """Whatever stands there, the answer is seconds or None."""
        seconds = retry_after_s({"Retry-After": text, "Date": text}, now=0.0)

        assert seconds is None or seconds >= 0

    def test_absence_asks_for_nothing(self) -> None:
        """No header, no wait."""
        assert retry_after_s({}, now=0.0) is None
