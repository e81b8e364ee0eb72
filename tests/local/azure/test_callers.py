"""Tokens for the connector's own API: issued, signed with keys that are published, and rotated."""

import jwt
import msgspec
import pytest

from local.azure.caller_changes import GrantAppRoles, MintToken, RotateSigningKey
from tests.local.azure.http_client import Client, Heard


async def published(client: Client) -> jwt.PyJWKSet:
    """Read the keys as a service does: by the address that discovery names."""
    base = f"{client.azure.url}/{client.azure.tenant.tenant_id}"
    described = await client.send("GET", f"{base}/v2.0/.well-known/openid-configuration")
    heard = await client.send("GET", str(described.json["jwks_uri"]))
    return jwt.PyJWKSet.from_dict(heard.json)


async def asked(client: Client) -> Heard:
    """Ask for a token for the API with client credentials."""
    [api] = client.azure.world.apis
    return await client.ask_for_token(client.application.secrets[0].value, scope=f"api://{api.client_id}")


def roles_of(token: str) -> object:
    """Give the roles of a token, unverified."""
    return jwt.decode(token, options={"verify_signature": False}).get("roles")


async def test_a_token_is_signed_with_a_published_key(client: Client) -> None:
    """What Entra issues verifies with what it publishes under the token's key id."""
    token = str((await asked(client)).json["access_token"])
    key = (await published(client))[jwt.get_unverified_header(token)["kid"]]

    claims = jwt.decode(token, key, algorithms=["RS256"], audience=client.azure.world.apis[0].client_id)

    assert claims["azp"] == client.application.client_id
    assert claims["iss"] == f"{client.azure.url}/{client.azure.tenant.tenant_id}/v2.0"


@pytest.mark.parametrize(("granted", "said"), [((), None), (("Evidence.Read",), ["Evidence.Read"])])
async def test_roles_are_those_that_were_assigned(
    client: Client, granted: tuple[str, ...], said: list[str] | None
) -> None:
    """A token carries the client's app roles, and no such claim if it has none."""
    client.azure.apply(GrantAppRoles(roles=granted))

    assert roles_of(str((await asked(client)).json["access_token"])) == said


async def test_a_rotated_key_is_withdrawn(client: Client) -> None:
    """After a rotation only the new key is published, and it signs."""
    made = client.azure.apply(RotateSigningKey())["key_id"]
    token = str((await asked(client)).json["access_token"])

    assert [key.key_id for key in (await published(client)).keys] == [made]
    assert jwt.get_unverified_header(token)["kid"] == made


async def test_an_old_key_may_stay(client: Client) -> None:
    """Kept keys stay published beside the new one."""
    [old] = [key.key_id for key in (await published(client)).keys]
    new = client.azure.apply(RotateSigningKey(keep_old=True))["key_id"]

    assert [key.key_id for key in (await published(client)).keys] == [old, new]


async def test_azure_takes_tokens_of_an_earlier_key(client: Client) -> None:
    """A rotation does not lock the app out of the simulated Resource Manager."""
    client.headers["Authorization"] = f"Bearer {client.azure.token()}"
    client.azure.apply(RotateSigningKey())

    assert (await client.get("/subscriptions")).status == 200


async def test_any_token_can_be_minted(client: Client) -> None:
    """Claims and header parameters are replaced, joined or removed, with a withdrawn key too."""
    [old] = [key.key_id for key in (await published(client)).keys]
    client.azure.apply(RotateSigningKey())
    change = MintToken(claims={"iss": "x", "oid": None}, headers={"crit": ["x"]}, key_id=old)

    token = str(client.azure.apply(change)["access_token"])

    header, claims = (
        msgspec.json.decode(jwt.utils.base64url_decode(part), type=dict[str, object])
        for part in token.split(".")[:2]
    )
    assert (claims["iss"], "oid" in claims) == ("x", False)
    assert (header["crit"], header["kid"]) == (["x"], old)
