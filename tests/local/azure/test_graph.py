"""The simulated Microsoft Graph: audience, consent, licence, `$select`, pages."""

import ssl
from collections.abc import AsyncIterator, Mapping

import aiohttp
import msgspec
import pytest

from local.azure import SimulatedAzure
from local.azure.tokens import ARM, GRAPH

type Body = dict[str, object]
SIGN_INS = "users?$select=id,signInActivity&$top=500"


@pytest.fixture
async def azure() -> AsyncIterator[SimulatedAzure]:
    """A simulated Azure of profile demo."""
    async with SimulatedAzure("demo") as simulated:
        yield simulated


async def ask(azure: SimulatedAzure, path: str, audience: str = GRAPH) -> tuple[int, Body]:
    """Ask Graph as the connector; gives the status and the body."""
    url = path if path.startswith("https:") else f"{azure.url}/v1.0/{path}"
    headers = {"Authorization": f"Bearer {azure.token(audience=audience)}"}
    context = ssl.create_default_context(cafile=azure.ca_path)
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers=headers, ssl=context) as answer,
    ):
        return answer.status, msgspec.json.decode(await answer.read(), type=dict[str, object])


def code(body: Mapping[str, object]) -> object:
    """Give the code of an error body."""
    error = body["error"]
    return error["code"] if isinstance(error, dict) else None


def rows(body: Mapping[str, object]) -> list[Body]:
    """Give the rows of a list."""
    return msgspec.convert(body["value"], list[dict[str, object]])


async def test_a_token_for_another_service_is_refused(azure: SimulatedAzure) -> None:
    """Resource Manager's token is none of Graph's."""
    status, body = await ask(azure, "users", ARM)

    assert (status, code(body)) == (401, "InvalidAuthenticationToken")


async def test_without_consent_all_is_refused(azure: SimulatedAzure) -> None:
    """In Graph's own words."""
    azure.connector.graph_permissions = frozenset({"Policy.Read.All"})
    status, body = await ask(azure, "users")

    assert (status, code(body)) == (403, "Authorization_RequestDenied")
    assert (await ask(azure, "policies/authorizationPolicy"))[0] == 200


async def test_sign_ins_take_a_licence_and_a_permission(azure: SimulatedAzure) -> None:
    """The users themselves take neither."""
    azure.world.tenants[0].premium = False
    unlicensed = await ask(azure, SIGN_INS)
    azure.connector.graph_permissions -= {"AuditLog.Read.All"}
    denied = await ask(azure, SIGN_INS)

    assert code(unlicensed[1]) == "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
    assert code(denied[1]) == "Authorization_RequestDenied"
    assert (await ask(azure, "users?$select=id"))[0] == 200


async def test_only_what_is_selected_is_answered(azure: SimulatedAzure) -> None:
    """Without `$select` a user has Graph's few members only."""
    chosen = rows((await ask(azure, "users?$select=id,userType"))[1])
    plain = rows((await ask(azure, "users"))[1])

    assert {frozenset(row) for row in chosen} == {frozenset({"id", "userType"})}
    assert all("accountEnabled" not in row and "displayName" in row for row in plain)


async def test_every_page_leads_to_the_next(azure: SimulatedAzure) -> None:
    """`@odata.nextLink` keeps the rest of the query."""
    everybody = len(rows((await ask(azure, "users?$select=id"))[1]))
    link: object = "users?$select=id&$top=4"
    found: list[Body] = []
    while isinstance(link, str):
        _, body = await ask(azure, link)
        found.extend(rows(body))
        link = body.get("@odata.nextLink")

    assert len(found) == everybody > 4
    assert {frozenset(row) for row in found} == {frozenset({"id"})}


async def test_what_is_not_there_is_not_found(azure: SimulatedAzure) -> None:
    """A deleted user is 404, as Graph says it."""
    status, body = await ask(azure, "users/00000000-0000-0000-0000-000000000000")

    assert (status, code(body)) == (404, "Request_ResourceNotFound")


async def test_an_application_by_its_client_id(azure: SimulatedAzure) -> None:
    """It lists when each secret ends and how it begins, and no secret."""
    secret, path = azure.connector.secrets[0], f"applications(appId='{azure.connector.client_id}')"
    status, body = await ask(azure, f"{path}?$select=passwordCredentials")

    [listed] = msgspec.convert(body["passwordCredentials"], list[dict[str, str | None]])
    assert status == 200
    assert (listed["hint"], listed["secretText"]) == (secret.value[:3], None)
    assert str(listed["endDateTime"])[:10] == secret.expires_at.date().isoformat()


async def test_an_application_without_consent_or_of_another_tenant(azure: SimulatedAzure) -> None:
    """Without consent it is refused; registered in another tenant, it is not found."""
    path = f"applications(appId='{azure.connector.client_id}')"
    azure.connector.registered_in = "another"
    away = await ask(azure, path)
    azure.connector.graph_permissions = frozenset()
    refused = await ask(azure, path)

    assert (away[0], refused[0]) == (404, 403)
