"""Microsoft Entra for people: the sign-in page, codes with PKCE, refresh tokens that rotate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
import pytest

from local.azure import SimulatedAzure
from local.azure.people_changes import (
    FilterLists,
    GiveUserRole,
    RefuseUser,
    RevokeSignIns,
    SetIdToken,
    TakeUserRoles,
)
from local.azure.user_grants import challenge_of
from tests.local.azure.http_client import Client, Heard

VERIFIER = "a-verifier-of-forty-three-characters-or-more-0123"
SCOPE = "https://management.azure.com/user_impersonation openid profile offline_access"


@dataclass
class Browser:
    """A person's browser and the application's server, in one."""

    client: Client
    verifier: str = VERIFIER
    asked: dict[str, str] = field(default_factory=dict)

    @property
    def azure(self) -> SimulatedAzure:
        """The simulated Azure."""
        return self.client.azure

    async def authorize(self, tenant: str = "common", **more: str) -> Heard:
        """Open the sign-in page."""
        application = self.azure.simulation.people.application
        query = {
            "client_id": application.client_id,
            "response_type": "code",
            "redirect_uri": next(iter(application.redirect_urls)),
            "scope": SCOPE,
            "state": "a state",
            "nonce": "a-nonce",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            **more,
        }
        url = f"{self.azure.url}/{tenant}/oauth2/v2.0/authorize?{urlencode(query)}"
        return await self.client.send("GET", url)

    async def sent_back(self, **more: str) -> Mapping[str, str]:
        """Sign in and give what the browser is sent back with."""
        heard = await self.authorize(**more)
        return dict(parse_qsl(urlsplit(heard.headers["Location"]).query))

    async def redeem(self, code: str, **more: str) -> Heard:
        """Redeem a code."""
        people = self.azure.simulation.people
        redirect = next(iter(people.application.redirect_urls))
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        return await self._post({**form, "redirect_uri": redirect, "scope": SCOPE, **more})

    async def refresh(self, token: object, scope: str = SCOPE) -> Heard:
        """Redeem a refresh token."""
        return await self._post({"grant_type": "refresh_token", "refresh_token": str(token), "scope": scope})

    async def signed_in(self) -> dict[str, object]:
        """Sign in and give the tokens."""
        return (await self.redeem((await self.sent_back())["code"])).json

    async def _post(self, form: dict[str, str]) -> Heard:
        application = self.azure.simulation.people.application
        known = {"client_id": application.client_id, "client_secret": application.secret, **form}
        async with self.client.session.post(
            f"{self.azure.url}/common/oauth2/v2.0/token", data=known
        ) as response:
            return Heard(response.status, response.headers, await response.read())


@pytest.fixture
async def browser(client: Client) -> Browser:
    """A browser."""
    return Browser(client)


def claims_of(token: object) -> dict[str, object]:
    """Read a token's claims without checking anything."""
    return dict(jwt.decode(str(token), options={"verify_signature": False}))


async def codes_of(heard: Heard) -> object:
    """Give the AADSTS codes of a refusal."""
    return heard.json["error_codes"]


async def test_signing_in_gives_tokens_of_the_person(browser: Browser) -> None:
    """The access token speaks for the person through the application; the id token says the nonce."""
    found = await browser.sent_back()
    tokens = (await browser.redeem(found["code"])).json

    people = browser.azure.simulation.people
    access, identity = claims_of(tokens["access_token"]), claims_of(tokens["id_token"])
    assert found["state"] == "a state"
    assert (access["oid"], access["appid"]) == (people.users[0].object_id, people.application.client_id)
    assert (identity["nonce"], identity["aud"]) == ("a-nonce", people.application.client_id)
    assert identity["tid"] == access["tid"] == browser.azure.tenant.tenant_id


async def test_login_hint_names_the_person(browser: Browser) -> None:
    """Another person signs in when the page is told so."""
    tokens = (await browser.redeem((await browser.sent_back(login_hint="bert"))["code"])).json

    assert claims_of(tokens["id_token"])["name"] == "bert"


async def test_a_code_is_good_once(browser: Browser) -> None:
    """The second redemption is refused as Entra does."""
    code = (await browser.sent_back())["code"]
    await browser.redeem(code)

    assert await codes_of(await browser.redeem(code)) == [54005]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"code_verifier": "another"}, 501481),
        ({"redirect_uri": "https://other.example"}, 500112),
        ({"client_secret": "wrong"}, 7000215),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, 700016),
        ({"code": "unknown"}, 70008),
    ],
)
async def test_a_code_is_bound(browser: Browser, wrong: dict[str, str], code: int) -> None:
    """Verifier, redirect address, application and its secret must be those of the request."""
    given = (await browser.sent_back())["code"]

    assert await codes_of(await browser.redeem(**{"code": given, **wrong})) == [code]


async def test_an_unknown_redirect_address_is_never_gone_to(browser: Browser) -> None:
    """Entra shows a page instead."""
    heard = await browser.authorize(redirect_uri="https://attacker.example")

    assert (heard.status, "Location" in heard.headers) == (400, False)


@pytest.mark.parametrize("wrong", [{"code_challenge_method": "plain"}, {"response_type": "token"}])
async def test_only_codes_with_s256_are_given(browser: Browser, wrong: dict[str, str]) -> None:
    """Neither a plain challenge nor the implicit flow."""
    assert (await browser.authorize(**wrong)).status == 400


async def test_refresh_tokens_rotate_and_the_old_one_stays(browser: Browser) -> None:
    """Each use gives a new one; Entra does not revoke the one that was used."""
    first = (await browser.signed_in())["refresh_token"]
    second = (await browser.refresh(first)).json["refresh_token"]

    assert first != second
    assert (await browser.refresh(first)).status == (await browser.refresh(second)).status == 200


async def test_no_refresh_token_without_offline_access(browser: Browser) -> None:
    """It is given only to those who ask."""
    token = (await browser.signed_in())["refresh_token"]
    heard = await browser.refresh(token, "https://management.azure.com/.default")

    assert "refresh_token" not in heard.json


async def test_revoked_is_revoked(browser: Browser) -> None:
    """After an administrator's revocation no token is good."""
    token = (await browser.signed_in())["refresh_token"]

    assert browser.azure.apply(RevokeSignIns()) == {"revoked": 1}
    assert await codes_of(await browser.refresh(token)) == [50173]


async def test_other_resources_were_not_consented_to(browser: Browser) -> None:
    """A token for Microsoft Graph is refused: the application asked for Azure Resource Manager alone."""
    token = (await browser.signed_in())["refresh_token"]

    assert await codes_of(await browser.refresh(token, "https://graph.microsoft.com/.default")) == [65001]
    assert await codes_of(await browser.refresh(token, "https://nowhere.example/.default")) == [500011]


@pytest.mark.parametrize("code", [50173, 70043, 700082, 50057, 50053, 53003, 50076, 50079, 50158, 65001])
async def test_each_refusal_can_be_asked_for(browser: Browser, code: int) -> None:
    """A renewal ends in the code that was set, and works again without it."""
    token = (await browser.signed_in())["refresh_token"]
    browser.azure.apply(RefuseUser(stage="refresh", code=code))

    assert await codes_of(await browser.refresh(token)) == [code]
    browser.azure.apply(RefuseUser(stage="refresh"))
    assert (await browser.refresh(token)).status == 200


@pytest.mark.parametrize(
    ("code", "error"),
    [(65004, "access_denied"), (90094, "consent_required"), (53003, "invalid_grant")],
)
async def test_the_page_sends_back_with_an_error(browser: Browser, code: int, error: str) -> None:
    """The browser brings error, description and state, and no code."""
    browser.azure.apply(RefuseUser(stage="authorize", code=code))
    found = await browser.sent_back()

    assert (found["error"], found["state"], "code" in found) == (error, "a state", False)
    assert f"AADSTS{code}" in found["error_description"]


async def test_a_refusal_at_the_redemption(browser: Browser) -> None:
    """The page may let a person pass whom the token endpoint refuses."""
    browser.azure.apply(RefuseUser(stage="redeem", code=53003))

    assert await codes_of(await browser.redeem((await browser.sent_back())["code"])) == [53003]


async def test_the_nonce_can_be_wrong(browser: Browser) -> None:
    """An id token that was made for another sign-in."""
    browser.azure.apply(SetIdToken(nonce="another"))

    assert claims_of((await browser.signed_in())["id_token"])["nonce"] == "another"


async def test_unknown_tenants_are_refused(browser: Browser) -> None:
    """Discovery knows `common` and the tenants there are."""
    base = browser.azure.url
    known = await browser.client.send("GET", f"{base}/common/v2.0/.well-known/openid-configuration")
    unknown = await browser.client.send("GET", f"{base}/nowhere/v2.0/.well-known/openid-configuration")

    assert (known.json["issuer"], unknown.status) == (f"{base}/{{tenantid}}/v2.0", 400)


async def test_roles_decide_what_a_person_sees(browser: Browser) -> None:
    """A role given shows a subscription, all roles taken hide it."""
    azure, token = browser.azure, (await browser.signed_in())["access_token"]
    browser.client.headers = {"Authorization": f"Bearer {token}"}

    async def seen() -> set[object]:
        return {row["displayName"] for row in (await browser.client.get("/subscriptions")).value}

    assert {"production", "hidden"} <= await seen()
    azure.apply(TakeUserRoles(subscription="production"))
    assert "production" not in await seen()
    azure.apply(GiveUserRole(subscription="production"))
    assert "production" in await seen()


async def test_lists_can_be_filtered(browser: Browser) -> None:
    """A list in which nothing may be seen is refused, or empty where the subscription filters."""
    azure, token = browser.azure, (await browser.signed_in())["access_token"]
    browser.client.headers = {"Authorization": f"Bearer {token}"}
    path = f"{azure.subscription('hidden').scope}/providers/Microsoft.Security/alerts"

    assert (await browser.client.get(path)).status == 403
    azure.apply(FilterLists(subscription="hidden"))
    assert (await browser.client.get(path)).value == []
