"""A read ends whole or raises, is made once, and leaves a record of how it went."""

import asyncio
import subprocess
import sys
import weakref
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, cast

import msgspec
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import HttpRequest
from azure.mgmt.security.aio import SecurityCenter

from collectors.contract import Read, Reader
from collectors.errors import (
    AccessDenied,
    CredentialRejected,
    PageLoop,
    ReadRefused,
    ServiceUnavailable,
    UnexpectedAnswer,
)
from pipeline.settings import ReadLimits
from tests.pipeline.azure_rig import (
    ALERTS,
    ALERTS_PATH,
    SUBSCRIPTION,
    VAULT,
    VAULT_PATH,
    Item,
    RawClient,
    Reply,
    Rig,
    refusal,
    rig,
)

SCORES_PATH = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security/secureScores"


@pytest.fixture
async def azure() -> AsyncIterator[Rig]:
    """Everything set up against a scripted server."""
    async with rig() as ready:
        yield ready


class Vault(msgspec.Struct, rename="camel"):
    """An object in Azure's spelling."""

    id: str
    tenant_id: str = ""


class TestLists:
    """Lists, page by page."""

    async def test_pages_are_read_to_the_end(self, azure: Rig) -> None:
        """A list of three pages gives all its items, in order, for three requests."""
        azure.server.on(ALERTS_PATH, *(azure.server.page(n, more=n < 3) for n in (1, 2, 3)))
        reader = azure.reader()

        found = await reader.items(ALERTS, Item)

        assert ([item.id for item in found], reader.requests_sent) == (["item-1", "item-2", "item-3"], 3)

    async def test_an_empty_page_is_not_the_end(self, azure: Rig) -> None:
        """A page without items but with a link is followed by the next one."""
        empty = Reply({"value": [], "nextLink": f"{azure.server.url}{ALERTS_PATH}?page=2"})
        azure.server.on(ALERTS_PATH, empty, azure.server.page(2, more=False))

        assert [item.id for item in await azure.reader().items(ALERTS, Item)] == ["item-2"]

    @pytest.mark.parametrize("last", [{}, {"nextLink": None}, {"nextLink": ""}])
    async def test_no_link_is_the_end(self, azure: Rig, last: dict[str, str | None]) -> None:
        """A link that is absent, null or empty ends the list."""
        azure.server.on(ALERTS_PATH, Reply({"value": [{"id": "1"}], **last}))

        assert len(await azure.reader().items(ALERTS, Item)) == 1

    async def test_a_link_to_itself_is_a_loop(self, azure: Rig) -> None:
        """A page that links to a page read before ends the read with an error."""
        azure.server.on(ALERTS_PATH, azure.server.page(1))

        with pytest.raises(PageLoop, match="circle"):
            await azure.reader().items(ALERTS, Item)

        assert len(azure.server.seen) == 2

    async def test_more_pages_than_the_cap_is_an_error(self) -> None:
        """A list with more pages than the cap is never cut short in silence."""
        async with rig(ReadLimits(page_cap=3)) as azure:
            azure.server.on(ALERTS_PATH, *(azure.server.page(n) for n in range(9)))

            with pytest.raises(PageLoop, match="more than 3 pages"):
                await azure.reader().items(ALERTS, Item)

            assert len(azure.server.seen) == 3

    async def test_items_are_typed_or_plain(self, azure: Rig) -> None:
        """An item may be a struct or a plain dictionary."""
        azure.server.on(ALERTS_PATH, Reply({"value": [{"id": "1", "more": True}]}))
        reader = azure.reader()

        assert [Item("1")] == await reader.items(ALERTS, Item)
        assert await reader.items(ALERTS, dict) == [{"id": "1", "more": True}]

    async def test_a_byte_order_mark_is_no_fault(self, azure: Rig) -> None:
        """A body that starts with a byte order mark is read."""
        azure.server.on(ALERTS_PATH, Reply(b'\xef\xbb\xbf{"value":[]}'))

        assert await azure.reader().items(ALERTS, Item) == []

    @pytest.mark.parametrize(
        ("body", "names"),
        [
            (b"{}", "value"),
            (b'{"value": null}', r"\$\.value"),
            (b'{"value": [{"id": "1"}, {"id": 2}]}', r"\$\.value\[1\]\.id"),
            (b'{"value": [{"name": "x"}]}', "`id`"),
            (b"[]", "object"),
            (b'{"value": [{"id": "\xff"}]}', "UTF-8"),
        ],
    )
    async def test_a_body_that_does_not_fit_names_the_field(
        self, azure: Rig, body: bytes, names: str
    ) -> None:
        """An answer of another shape is an error that names path and field, never an empty list."""
        azure.server.on(ALERTS_PATH, Reply(body))

        with pytest.raises(UnexpectedAnswer, match=f"(?s)Microsoft.Security/alerts.*{names}"):
            await azure.reader().items(ALERTS, Item)


class TestStreaming:
    """Lists that may not fit in memory."""

    async def test_one_page_is_held_at_a_time(self, azure: Rig) -> None:
        """When the second page is handed out, the first is no longer held."""
        azure.server.on(ALERTS_PATH, azure.server.page(1), azure.server.page(2, more=False))
        held: list[int] = []
        seen: list[weakref.ref[Item]] = []
        async for page in azure.reader().pages(ALERTS, Item):
            seen.extend(weakref.ref(item) for item in page)
            del page
            held.append(sum(ref() is not None for ref in seen))

        assert held[-1] <= 1
        assert len(held) == 2

    async def test_the_next_page_is_fetched_ahead_and_no_further(self, azure: Rig) -> None:
        """While a page is being worked on, at most the next one is asked for."""
        azure.server.on(ALERTS_PATH, *(azure.server.page(n, more=n < 5) for n in range(6)))
        async with aclosing(cast("AsyncGenerator[Any]", azure.reader().pages(ALERTS, Item))) as pages:
            await anext(pages)
            await asyncio.sleep(0.1)

            assert len(azure.server.seen) == 2

    async def test_a_failure_comes_after_the_pages_before_it(self, azure: Rig) -> None:
        """A page that cannot be read raises where it would have come."""
        azure.server.on(ALERTS_PATH, azure.server.page(1), refusal(403, "AuthorizationFailed"))
        pages = azure.reader().pages(ALERTS, Item)

        assert [Item("item-1")] == await anext(pages)
        with pytest.raises(AccessDenied):
            await anext(pages)

    async def test_leaving_early_stops_the_fetch(self, azure: Rig) -> None:
        """A caller that stops early leaves no request behind."""
        azure.server.on(ALERTS_PATH, azure.server.page(1), Reply(before=lambda: asyncio.sleep(5)))
        async with aclosing(cast("AsyncGenerator[Any]", azure.reader().pages(ALERTS, Item))) as pages:
            await anext(pages)

        assert [task for task in asyncio.all_tasks() if "AzureReader" in repr(task.get_coro())] == []


class TestObjects:
    """Single objects and their addresses."""

    async def test_an_object_is_decoded(self, azure: Rig) -> None:
        """An object is decoded to the caller's type, Azure's spelling renamed."""
        azure.server.on(VAULT_PATH, Reply({"id": "v", "tenantId": "t", "new": 1}))

        assert Vault("v", "t") == await azure.reader().get(VAULT, Vault, vault="safe")

    async def test_the_address_is_composed(self, azure: Rig) -> None:
        """Fields fill path and query, are escaped, and the api-version comes first."""
        read = Read(
            "/subscriptions/{subscription_id}/providers/Microsoft.KeyVault/vaults/{vault}",
            "2023-07-01",
            "",
            query=(("$expand", "definition"), ("$filter", "at ge '{since}'")),
        )
        azure.server.on(f"{VAULT_PATH} box", Reply({}))

        await azure.reader().get(read, dict, vault="safe box", since="2026-01-01T00:00:00Z")

        assert azure.server.seen[0].query == {
            "api-version": "2023-07-01",
            "$expand": "definition",
            "$filter": "at ge '2026-01-01T00:00:00Z'",
        }

    async def test_a_resource_id_fills_a_path(self, azure: Rig) -> None:
        """A whole resource id may stand for a part of a path."""
        read = Read("/{resource_id}", "2023-07-01", "")
        azure.server.on(VAULT_PATH, Reply({"id": "v"}))

        assert Vault("v") == await azure.reader().get(read, Vault, resource_id=VAULT_PATH)

    async def test_graph_is_read_at_its_own_address(self, azure: Rig) -> None:
        """A path under v1.0 goes to Microsoft Graph: no api-version, Graph's token and page links."""
        users = Read("/v1.0/users", "v1.0", "User.Read.All")
        first = azure.server.page(1, path="/graph/v1.0/users", of="@odata.nextLink")
        azure.server.on("/graph/v1.0/users", first, azure.server.page(2, more=False))
        reader = azure.reader()

        found = await reader.items(users, Item)

        assert (len(found), azure.server.seen[0].query, reader.records()[0].api_version) == (2, {}, "v1.0")
        assert azure.credential.asked[0][0] == "https://graph.microsoft.com/.default"

    async def test_graph_names_the_permission_it_lacks(self, azure: Rig) -> None:
        """A 403 of Graph names the declared permission."""
        users = Read("/v1.0/users", "v1.0", "User.Read.All")
        azure.server.on("/graph/v1.0/users", refusal(403, "Authorization_RequestDenied"))

        with pytest.raises(AccessDenied) as caught:
            await azure.reader().items(users, Item)

        assert caught.value.permission == "User.Read.All"


class TestMemory:
    """What is asked for twice is requested once."""

    async def test_a_list_asked_for_twice_is_requested_once(self, azure: Rig) -> None:
        """The second asker gets the same items, and may change its list without harm."""
        azure.server.on(ALERTS_PATH, Reply({"value": [{"id": "1"}]}))
        reader = azure.reader()

        (await reader.items(ALERTS, Item)).clear()

        assert len(await reader.part().items(ALERTS, Item)) == 1
        assert len(azure.server.seen) == 1

    async def test_askers_at_the_same_time_share_one_request(self, azure: Rig) -> None:
        """Ten askers of one object cause one request."""
        azure.server.on(VAULT_PATH, Reply({"id": "v"}))
        reader = azure.reader()

        await asyncio.gather(*(reader.part().get(VAULT, Vault, vault="safe") for _ in range(10)))

        assert len(azure.server.seen) == 1

    async def test_a_terminal_error_is_remembered(self, azure: Rig) -> None:
        """What is denied once is denied to every part, for one request."""
        azure.server.on(ALERTS_PATH, refusal(403, "AuthorizationFailed"))
        reader = azure.reader()

        for part in (reader.part(), reader.part()):
            with pytest.raises(AccessDenied):
                await part.items(ALERTS, Item)
            assert [record.status for record in part.records()] == [403]

        assert len(azure.server.seen) == 1

    async def test_a_transient_error_is_not_remembered(self, azure: Rig) -> None:
        """What failed for the moment may succeed when asked again."""
        azure.server.on(ALERTS_PATH, *[refusal(503, "")] * 4, Reply({"value": []}))
        reader = azure.reader()

        with pytest.raises(ServiceUnavailable):
            await reader.items(ALERTS, Item)

        assert await reader.items(ALERTS, Item) == []

    async def test_another_field_is_another_object(self, azure: Rig) -> None:
        """Reads that differ in a field are different reads."""
        azure.server.on(VAULT_PATH, Reply({"id": "1"}))
        azure.server.on(VAULT_PATH + "2", Reply({"id": "2"}))
        reader = azure.reader()

        found = [await reader.get(VAULT, Vault, vault=name) for name in ("safe", "safe2")]

        assert [vault.id for vault in found] == ["1", "2"]


class TestRecord:
    """How a read went is kept."""

    async def test_the_pages_of_a_list_are_one_record(self, azure: Rig) -> None:
        """A list is recorded once: pages, items, path, api-version, status."""
        azure.server.on(ALERTS_PATH, *(azure.server.page(n, more=n < 3) for n in (1, 2, 3)))
        reader = azure.reader()

        await reader.items(ALERTS, Item)

        (record,) = reader.records()
        assert (
            record.method,
            record.path,
            record.api_version,
            record.status,
            record.pages,
            record.items,
        ) == ("GET", ALERTS_PATH, "2022-01-01", 200, 3, 3)
        assert record.duration_ms >= 0

    async def test_parts_keep_their_own_records(self, azure: Rig) -> None:
        """A part records what it read, and what it used of another's reads, without counting that twice."""
        azure.server.on(ALERTS_PATH, Reply({"value": []}))
        azure.server.on(VAULT_PATH, Reply({"id": "v"}))
        reader = azure.reader()
        first, second = reader.part(), reader.part()

        await first.items(ALERTS, Item)
        await second.items(ALERTS, Item)
        await second.items(ALERTS, Item)
        await second.get(VAULT, Vault, vault="safe")

        assert (
            [record.path for record in first.records()],
            first.requests_sent,
            first.pages_read,
        ) == ([ALERTS_PATH], 1, 1)
        assert (
            [record.path for record in second.records()],
            second.requests_sent,
            second.pages_read,
        ) == ([ALERTS_PATH, VAULT_PATH], 1, 1)
        assert (reader.records(), reader.requests_sent) == ((), 0)

    async def test_two_streams_of_one_list_are_two_records(self, azure: Rig) -> None:
        """A list that is streamed twice is read and recorded twice."""
        azure.server.on(ALERTS_PATH, Reply({"value": []}))
        reader = azure.reader()

        for _ in range(2):
            _ = [page async for page in reader.pages(ALERTS, Item)]

        assert [record.pages for record in reader.records()] == [1, 1]


class TestCredential:
    """Entra's part."""

    async def test_a_refusal_of_entra_is_translated(self, azure: Rig) -> None:
        """What Entra says instead of giving a token is said in our words, and nothing is sent."""
        azure.credential.error = ClientAuthenticationError("AADSTS7000215")

        with pytest.raises(CredentialRejected) as caught:
            await azure.reader().items(ALERTS, Item)

        assert (caught.value.reason, azure.server.seen) == ("invalid_client_secret", [])


class TestAzureMgmtClient:
    """Clients of azure-mgmt packages, through the same pipeline."""

    async def test_its_lists_are_recorded_like_ours(self, azure: Rig) -> None:
        """The pages that an azure-mgmt client reads are one record, items counted, loops left alone."""
        link = f"{azure.server.url}{SCORES_PATH}?api-version=2020-01-01&$skipToken=2"
        first = Reply({"value": [{"name": "ascScore"}], "nextLink": link})
        azure.server.on(
            SCORES_PATH, first, Reply({"value": [{"name": "custom"}]}), first, Reply({"value": []})
        )
        reader = azure.reader()
        client = reader.client(SecurityCenter)

        names = [score.name async for score in client.secure_scores.list()]
        _ = [score async for score in client.secure_scores.list()]

        (record,) = reader.records()
        assert (
            names,
            record.pages,
            record.items,
            record.api_version,
        ) == (["ascScore", "custom"], 4, 3, "2020-01-01")
        assert (reader.requests_sent, reader.pages_read) == (4, 4)

    async def test_its_loops_are_found(self, azure: Rig) -> None:
        """An azure-mgmt client that is led in a circle is stopped."""
        link = f"{azure.server.url}{SCORES_PATH}?api-version=2020-01-01&$skipToken=2"
        azure.server.on(SCORES_PATH, Reply({"value": [], "nextLink": link}))

        with pytest.raises(PageLoop):
            _ = [score async for score in azure.reader().client(SecurityCenter).secure_scores.list()]

        assert len(azure.server.seen) == 2

    async def test_its_broken_links_are_refused(self, azure: Rig) -> None:
        """A page link that is no address is refused before the azure-mgmt client takes it apart."""
        azure.server.on(SCORES_PATH, Reply({"value": [], "nextLink": "https://[half"}))

        with pytest.raises(ReadRefused):
            _ = [score async for score in azure.reader().client(SecurityCenter).secure_scores.list()]

    async def test_its_errors_are_ours(self, azure: Rig) -> None:
        """A 403 comes out of an azure-mgmt client as the missing permission."""
        azure.server.on(SCORES_PATH, refusal(403, "AuthorizationFailed"))

        with pytest.raises(AccessDenied) as caught:
            _ = [score async for score in azure.reader().client(SecurityCenter).secure_scores.list()]

        assert caught.value.permission == "Microsoft.Security/secureScores/read"

    async def test_closing_it_leaves_the_others_open(self, azure: Rig) -> None:
        """A closed azure-mgmt client does not close the connections of the process."""
        azure.server.on(SCORES_PATH, Reply({"value": []}))
        reader = azure.reader()
        async with reader.client(SecurityCenter) as client:
            _ = [score async for score in client.secure_scores.list()]

        assert [score async for score in reader.client(SecurityCenter).secure_scores.list()] == []

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [(b"{}", "application/octet-stream"), (b'{"value":["\xff"]}', "application/json")],
    )
    async def test_an_answer_it_cannot_decode_is_unexpected(
        self, azure: Rig, body: bytes, content_type: str
    ) -> None:
        """An answer of an undeclared type or encoding is an unexpected answer, not an error of azure-core."""
        azure.server.on(SCORES_PATH, Reply(body, headers={"Content-Type": content_type}))

        with pytest.raises(UnexpectedAnswer, match="DecodeError"):
            _ = [score async for score in azure.reader().client(SecurityCenter).secure_scores.list()]

    async def test_it_is_built_for_the_cloud(self, azure: Rig) -> None:
        """A client gets subscription, address and scope of the connection; one object counts as one item."""
        azure.server.on(VAULT_PATH, Reply({"id": "v"}))
        reader = azure.reader()
        client = reader.client(RawClient)

        await client.run(HttpRequest("GET", f"{azure.server.url}{VAULT_PATH}?api-version=1"))

        assert (SUBSCRIPTION, azure.server.url, ["https://management.azure.com/.default"]) == (
            client.options["subscription_id"],
            client.options["base_url"],
            client.options["credential_scopes"],
        )
        assert [record.items for record in reader.records()] == [1]


async def test_fulfils_the_contract(azure: Rig) -> None:
    """The reader is what collectors are promised."""
    reader: Reader = azure.reader()

    assert (SUBSCRIPTION, f"/subscriptions/{SUBSCRIPTION}") == (
        reader.subscription_id,
        reader.subscription_scope,
    )


async def test_parts_of_a_subscription_share_one_limiter() -> None:
    """Readers of one tenant and subscription, in any case, together keep to one cap."""
    busiest = under_way = 0

    async def work() -> None:
        nonlocal busiest, under_way
        under_way += 1
        busiest = max(busiest, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1

    async with rig(ReadLimits(in_flight=2)) as azure:
        azure.server.on(ALERTS_PATH, Reply({"value": []}, before=work))
        await asyncio.gather(*(azure.reader().items(ALERTS, Item) for _ in range(8)))

    assert busiest == 2


def test_nothing_heavy_is_imported() -> None:
    """Importing the reader loads neither aiohttp nor any azure-mgmt package."""
    heavy = "(name for name in ('aiohttp', 'azure.mgmt') if name in sys.modules)"
    code = f"import sys, pipeline.azure_reader; print(*{heavy})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == ""
