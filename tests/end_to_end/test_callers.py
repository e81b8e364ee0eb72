"""Nobody gets in who does not belong: the whole app, asked over HTTP, with tokens of the simulated Entra."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.identity import ClientSecretCredential
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jwt import PyJWK

from local.api_client import Json
from local.azure.profiles import Profile, build_world
from local.azure.signing_keys import base64url
from local.stack import Stack
from pipeline.triggers.http_headers import SECURITY
from pipeline.triggers.http_routes import ROUTES
from tests.end_to_end.conftest import QUICK
from tests.end_to_end.reading import row, rows
from tests.local.host.calls import Answer, call, with_key

[API] = build_world(Profile.SMALL).apis  # its ids depend on names alone
READER, MANAGER, STRANGER = "roleless-app", "azure-evidence-connector", "expired-app"
PORTAL = "https://portal.example.com"
KEYS = "/discovery/v2.0/keys"
CLOSED = [route for route in ROUTES if not route.anonymous]
EACH = pytest.mark.parametrize("name", [route.name for route in CLOSED])
ROUTE = {route.name: route for route in ROUTES}
NOW = int(time.time())


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The app as somebody runs it who wants to know who calls; roles are assigned."""
    world = build_world(Profile.SMALL)
    allowed = [world.application(name) for name in (READER, MANAGER)]
    wanted = {
        "API_AUDIENCE": f"api://{API.client_id}",
        "API_TENANT_ID": API.tenant_id,
        "API_ALLOWED_CLIENT_IDS": ",".join(client.client_id for client in allowed if client),
        "PORTAL_ORIGINS": f"{PORTAL},http://localhost:3000",
    }
    with Stack("small", tmp_path_factory.mktemp("stack"), settings={**QUICK, **wanted}) as running:
        for application, role in ((READER, "Evidence.Read"), (MANAGER, "Evidence.Manage")):
            grant = {"operation": "grant_app_roles", "application": application, "roles": [role]}
            running.azure.control(grant)
        yield running


def minted(stack: Stack, application: object = MANAGER, **more: object) -> str:
    """Mint a token: a good one but for what is said."""
    change = {"operation": "mint_token", "application": application, **more}
    return str(stack.azure.control(change)["access_token"])


def asked(
    stack: Stack, token: str | None, *, method: str = "GET", path: str = "/connections", **headers: str
) -> Answer:
    """Call with the key and a token."""
    sent = {**with_key(stack.host), "content-type": "application/json", **headers}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    return call(
        stack.host, f"/api{path}", method=method, headers=sent, body=b"{}" if method != "GET" else None
    )


def walked(stack: Stack, name: str, token: str | None) -> Answer:
    """Call a route, of whatever id."""
    route = ROUTE[name]
    path = route.path.format(**dict.fromkeys(route.parameters, "soc2_2017"))
    return asked(stack, token, method=route.method, path=f"/{path}")


def problem(answer: Answer) -> Json:
    """Read a problem, which must be one."""
    assert answer.headers["content-type"].startswith("application/problem+json")
    return row(json.loads(answer.body))


class TestEveryRoute:
    """A walk over all routes."""

    @EACH
    def test_without_a_key(self, stack: Stack, name: str) -> None:
        """The host refuses whoever has no key, or a wrong one, even with a manager's token."""
        route = ROUTE[name]
        token = {"authorization": f"Bearer {minted(stack)}"}
        path = "/api/" + route.path.format(**dict.fromkeys(route.parameters, "x"))

        for key in ({}, {"x-functions-key": "wrong"}):
            assert call(stack.host, path, method=route.method, headers={**token, **key}).status == 401

    @EACH
    def test_without_a_token(self, stack: Stack, name: str) -> None:
        """The app refuses whoever has only the key, with the challenge."""
        answer = walked(stack, name, None)

        assert (answer.status, problem(answer)["code"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == 'Bearer realm="azure-evidence-connector"'

    @EACH
    def test_with_a_readers_token(self, stack: Stack, name: str) -> None:
        """An auditor reads everything and changes nothing."""
        answer = walked(stack, name, minted(stack, READER))

        if ROUTE[name].method == "GET":
            assert answer.status in {200, 404}
        else:
            assert (answer.status, problem(answer)["code"]) == (403, "forbidden")
            assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]

    def test_no_route_is_left_out(self, stack: Stack) -> None:
        """What the app itself describes is what was walked, and what is open to anybody without a key."""
        described = row(json.loads(asked(stack, minted(stack, READER), path="/openapi.json").body))
        served = {
            f"{method.upper()} {path.removeprefix('/')}": row(operation).get("security") == []
            for path, operations in row(described["paths"]).items()
            for method, operation in row(operations).items()
        }

        assert served == {f"{route.method} {route.path}": route.anonymous for route in ROUTES}

    def test_the_app_is_well_for_anybody(self, stack: Stack) -> None:
        """Health alone is told without key and token."""
        assert call(stack.host, "/api/health").status == 200


class TestGoodTokens:
    """Who belongs gets in."""

    def test_a_token_of_client_credentials(self, stack: Stack) -> None:
        """What azure-identity gets from Entra with a secret opens the app, changes too."""
        auth = stack.connector()
        credential = ClientSecretCredential(
            auth["tenant_id"],
            auth["client_id"],
            auth["client_secret"],
            authority=stack.azure.url,
            disable_instance_discovery=True,
            connection_verify=stack.azure.settings["SSL_CERT_FILE"],
        )
        with credential:
            token = credential.get_token(f"api://{API.client_id}/.default").token

        assert asked(stack, token).status == 200
        assert asked(stack, token, method="POST", path="/sync-runs").status == 202

    def test_a_change_names_who_made_it(self, stack: Stack) -> None:
        """The audit log holds the ids of the caller's token."""
        assert asked(stack, minted(stack), method="POST", path="/sync-runs").status == 202

        entries = rows(row(json.loads(asked(stack, minted(stack), path="/audit-log").body))["items"])

        world = build_world(Profile.SMALL)
        assert row(entries[0]["actor"])["object_id"] == world.connector.object_id


BAD: dict[str, tuple[Json, int, str]] = {
    "wrong issuer": ({"claims": {"iss": "https://attacker.invalid/v2.0"}}, 401, "wrong_issuer"),
    "other tenant's issuer": (
        {"claims": {"iss": f"https://sts.windows.net/{API.client_id}/", "ver": "1.0"}},
        401,
        "wrong_issuer",
    ),
    "other tenant": ({"claims": {"tid": API.client_id}}, 401, "wrong_tenant"),
    "expired": ({"claims": {"exp": NOW - 120}}, 401, "token_expired"),
    "not yet valid": ({"claims": {"nbf": NOW + 3600}}, 401, "token_not_yet_valid"),
    "wrong audience": ({"claims": {"aud": "https://management.azure.com"}}, 401, "wrong_audience"),
    "ID token": ({"claims": {"azp": None, "nonce": "x"}}, 401, "not_an_access_token"),
    "crit": ({"headers": {"crit": ["exp"]}}, 401, "token_malformed"),
    "other client id": ({"application": STRANGER}, 403, "client_not_allowed"),
    "no role": ({"claims": {"roles": None}}, 403, "role_missing"),
    "another role": ({"claims": {"roles": ["Evidence.Reader"]}}, 403, "role_missing"),
}


class TestBadTokens:
    """Who does not belong gets nothing."""

    @pytest.mark.parametrize("kind", BAD)
    def test_a_token_that_does_not_hold(self, stack: Stack, kind: str) -> None:
        """Each is refused with its reason and advice, and nothing of it is repeated."""
        change, status, reason = BAD[kind]
        token = minted(stack, **{"application": MANAGER, **change})

        answer = asked(stack, token)

        assert (answer.status, problem(answer)["reason"]) == (status, reason)
        assert problem(answer)["advice"]
        told = f"{answer.text} {answer.headers}"
        assert not [part for part in token.split(".") if part in told]

    def test_a_public_key_as_a_shared_secret(self, stack: Stack) -> None:
        """`alg` confusion: HS256 with the published key as the secret."""
        header, claims, _ = minted(stack).split(".")
        key = PyJWK(next(iter(published(stack)))).key
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        secret = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        signed = f"{changed(header, alg='HS256')}.{claims}"
        signature = base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))

        assert asked(stack, f"{signed}.{signature}").status == 401

    @pytest.mark.parametrize("alg", ["none", "None", "NONE"])
    @pytest.mark.parametrize("signed", [True, False])
    def test_an_unsigned_token(self, stack: Stack, alg: str, *, signed: bool) -> None:
        """`none` is no algorithm, with or without a signature."""
        header, claims, signature = minted(stack).split(".")

        token = f"{changed(header, alg=alg)}.{claims}.{signature if signed else ''}"

        assert asked(stack, token).status == 401

    def test_the_platforms_headers_are_not_believed(self, stack: Stack) -> None:
        """X-MS-CLIENT-PRINCIPAL opens nothing, and makes no manager of a reader."""
        claims = [{"typ": "roles", "val": "Evidence.Manage"}]
        principal = base64.b64encode(json.dumps({"auth_typ": "aad", "claims": claims}).encode()).decode()
        headers = {"x-ms-client-principal": principal, "x-ms-client-principal-id": API.client_id}

        assert asked(stack, None, **headers).status == 401
        reader = minted(stack, READER)
        assert asked(stack, reader, method="POST", path="/sync-runs", **headers).status == 403

    def test_a_flood_of_made_up_keys(self, stack: Stack) -> None:
        """Two hundred key ids that Entra never had: Entra is asked once at most."""
        assert asked(stack, minted(stack)).status == 200
        tokens = [minted(stack, headers={"kid": f"made-up-{number}"}) for number in range(200)]
        stack.azure.requests(reset=True)

        with ThreadPoolExecutor(8) as callers:
            statuses = set(callers.map(lambda token: asked(stack, token).status, tokens))

        assert statuses == {401}
        assert sum(str(one["path"]).endswith(KEYS) for one in stack.azure.requests()) <= 1

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        value=st.one_of(
            st.text(
                st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=300
            ),
            st.text("abcXYZ019-_.=,", max_size=300).map("Bearer {}".format),
            st.lists(st.binary(max_size=60), min_size=3, max_size=3).map(
                lambda parts: f"Bearer {'.'.join(map(base64url, parts))}"
            ),
        )
    )
    def test_garbage(self, stack: Stack, value: str) -> None:
        """Whatever stands in the header: 401, never a failure of the app."""
        assert asked(stack, None, authorization=value).status == 401


class TestBrowsers:
    """Pages that call."""

    def test_a_listed_origin(self, stack: Stack) -> None:
        """Its preflight needs neither key nor token, and its pages read every answer, refusals too."""
        asking = {"origin": PORTAL, "access-control-request-method": "PATCH"}

        granted = call(stack.host, "/api/connections/x", method="OPTIONS", headers=asking)
        answer = asked(stack, None, origin=PORTAL)

        assert (granted.status, granted.body) == (204, b"")
        assert "PATCH" in granted.headers["access-control-allow-methods"]
        assert "authorization" in granted.headers["access-control-allow-headers"]
        for one in (granted, answer):
            assert (one.headers["access-control-allow-origin"], one.headers["vary"]) == (PORTAL, "origin")

    @pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "http://localhost:3001"])
    def test_any_other_origin(self, stack: Stack, origin: str) -> None:
        """It is granted nothing."""
        asking = {"origin": origin, "access-control-request-method": "GET"}

        refused = call(stack.host, "/api/connections", method="OPTIONS", headers=asking)
        answer = asked(stack, minted(stack), origin=origin)

        for one in (refused, answer):
            assert not [name for name in one.headers if name.lower().startswith("access-control")]

    @pytest.mark.parametrize("path", ["/health", "/connections", "/connections/none"])
    def test_security_headers(self, stack: Stack, path: str) -> None:
        """They are on what is told to anybody, to callers, and to those who are refused."""
        for token in (None, minted(stack)):
            answer = asked(stack, token, path=path)
            assert {name: answer.headers[name] for name in SECURITY} == SECURITY

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/connections", 401), ("GET", "/nowhere", 404), ("PUT", "/connections", 404)],
    )
    def test_what_the_host_answers_itself(self, stack: Stack, method: str, path: str, status: int) -> None:
        """No key, no such path, no such method: the app never sees the call, and the headers are there."""
        answer = call(stack.host, f"/api{path}", method=method)

        assert answer.status == status
        assert {name: answer.headers[name] for name in SECURITY} == SECURITY


def test_a_sign_in_is_its_starters(stack: Stack) -> None:
    """Whoever else holds a good token can neither read it nor connect with it."""
    own, other = minted(stack), minted(stack, claims={"oid": "00000000-0000-0000-0000-00000000abcd"})
    sign_in_id = str(json.loads(asked(stack, own, method="POST", path="/sign-in").body)["sign_in_id"])
    body = {
        "name": "x",
        "auth": {"method": "sign_in", "sign_in_id": sign_in_id},
        "subscription_ids": stack.subscription_id("production"),
    }

    def connect(token: str) -> Answer:
        headers = {**with_key(stack.host), "content-type": "application/json"}
        headers["authorization"] = f"Bearer {token}"
        sent = json.dumps(body).encode()
        return call(stack.host, "/api/connections", method="POST", headers=headers, body=sent)

    reads = [asked(stack, token, path=f"/sign-in/{sign_in_id}").status for token in (own, other)]

    assert reads == [200, 404]
    assert (problem(connect(other))["code"], problem(connect(own))["code"]) == (
        "not_found",
        "invalid_request",
    )


def test_a_key_that_was_withdrawn(stack: Stack) -> None:
    """Replayed after the rotation: what the old key signed is refused, what the new one signs is taken."""
    [old] = [str(key["kid"]) for key in published(stack)]
    assert asked(stack, minted(stack)).status == 200
    stack.azure.control({"operation": "rotate_signing_key"})
    stack.start_host()

    assert asked(stack, minted(stack)).status == 200
    assert problem(asked(stack, minted(stack, key_id=old)))["reason"] == "unknown_key"


def published(stack: Stack) -> list[Json]:
    """Read the keys that Entra publishes."""
    return rows(stack.azure.read(f"/{API.tenant_id}{KEYS}")["keys"])


def changed(header: str, **parameters: str) -> str:
    """Change a token's header."""
    known = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    return base64url(json.dumps({**known, **parameters}).encode())
