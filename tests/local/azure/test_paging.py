"""Page links: complete, on the same host, valid for ever."""

import pytest

from local.azure.changes import RemoveResource
from local.azure.knobs import SetPages
from tests.local.azure.http_client import Client

SECURITY = "providers/Microsoft.Security"


def url_of(client: Client, kind: str) -> str:
    """Return the first page's URL of a list of Microsoft.Security in production."""
    return client.url(f"{client.azure.subscription('production').scope}/{SECURITY}/{kind}")


@pytest.mark.parametrize(
    ("kind", "total"), [("alerts", 24), ("assessments", 400), ("assessmentMetadata", 71)]
)
async def test_pages_hold_every_row_once(client: Client, kind: str, total: int) -> None:
    """Following page links gives every row once, seven at a time."""
    client.azure.apply(SetPages(default=7, assessments=7))

    pages = await client.pages(url_of(client, kind))

    identifiers = [row["id"] for rows in pages for row in rows]
    assert (len(identifiers), len(set(identifiers))) == (total, total)
    assert {len(rows) for rows in pages[:-1]} == {7}


async def test_a_page_link_stays_on_the_host(client: Client) -> None:
    """The link leads to the same host and path, with the token ARM calls `$skipToken`."""
    client.azure.apply(SetPages(default=7))
    url = url_of(client, "alerts")

    link = str((await client.send("GET", url)).json["nextLink"])

    assert link.startswith(url)
    assert "&$skipToken=" in link


async def test_a_page_link_answers_alike_again(client: Client) -> None:
    """A page link can be followed twice, with the same rows."""
    client.azure.apply(SetPages(assessments=50))
    link = str((await client.send("GET", url_of(client, "assessments"))).json["nextLink"])

    first, second = await client.send("GET", link), await client.send("GET", link)

    assert first.body == second.body


async def test_a_page_link_survives_a_removed_resource(client: Client) -> None:
    """Removing a resource between two pages neither repeats nor drops another row."""
    client.azure.apply(SetPages(assessments=50))
    before = await client.pages(url_of(client, "assessments"))
    link = str((await client.send("GET", url_of(client, "assessments"))).json["nextLink"])

    client.azure.apply(RemoveResource(subscription="production"))

    second = (await client.send("GET", link)).value
    assert {row["id"] for row in second} <= {row["id"] for row in before[1]}


async def test_a_made_up_token_is_refused(client: Client) -> None:
    """A skip token that was not made here is 400."""
    heard = await client.send("GET", url_of(client, "alerts") + "&$skipToken=made-up")

    assert heard.status == 400


async def test_plans_are_never_paged(client: Client) -> None:
    """The specification declares no page link for pricings: the whole list comes at once."""
    client.azure.apply(SetPages(default=2))

    heard = await client.send("GET", url_of(client, "pricings"))

    assert ("nextLink" in heard.json, len(heard.value)) == (False, 13)
