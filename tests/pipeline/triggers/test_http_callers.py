"""Claims about who calls, as every route sees it: before anything else is read, and on every answer."""

from dataclasses import replace
from typing import Any

import azure.functions as func
import pytest

from pipeline.callers.admission import Admission, TokenCheck
from pipeline.callers.caller import ANONYMOUS, KEY_HOLDER, MANAGE, READ, Caller
from pipeline.settings import CallerTokens
from pipeline.triggers.http_api import blueprint
from pipeline.triggers.http_calls import serve
from pipeline.triggers.http_headers import SECURITY
from pipeline.triggers.http_route import Call
from pipeline.triggers.http_routes import ROUTES
from tests.pipeline.triggers.calls import ROUTE, Answer, call, call_well
from tests.pipeline.triggers.memory_services import MemoryServices

RULES = CallerTokens(audiences=("a",), tenant_id="t")
PORTAL = "https://portal.example.com"
CLOSED = [name for name, route in ROUTE.items() if not route.anonymous]


class KnownTokens:
    """Knows two callers by their tokens; every other token is refused, as an unknown key's is."""

    async def check(self, token: str, /) -> Caller:
        """Tell whom a token speaks for."""
        role = {"reader.of.evidence": READ, "manager.of.evidence": MANAGE}.get(token)
        return Caller(kind="token", object_id="o1", client_id="c1", tenant_id="t", roles=(role or "none",))


def known(_rules: CallerTokens, /) -> TokenCheck:
    """Make the check."""
    return KnownTokens()


@pytest.fixture
def services(services: MemoryServices) -> MemoryServices:
    """Give a flow whose callers need a token."""
    services.callers = Admission(RULES, known)
    return services


async def as_caller(services: MemoryServices, name: str, token: str) -> Answer:
    """Call a route with a token."""
    return await call(services, name, headers={"authorization": f"Bearer {token}"}, body=None)


class TestTokens:
    """Every route but the anonymous ones."""

    @pytest.mark.parametrize("name", CLOSED)
    async def test_no_token(self, services: MemoryServices, name: str) -> None:
        """401 with the challenge, and nothing was asked of the flow."""
        answer = await call_well(services, name)

        assert (answer.status, answer.body["code"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == 'Bearer realm="azure-evidence-connector"'
        assert answer.body["advice"]
        assert services.asked == []

    @pytest.mark.parametrize("name", ROUTE)
    async def test_a_reader(self, services: MemoryServices, name: str) -> None:
        """A reader's token opens what GET serves, and nothing else."""
        answer = await as_caller(services, name, "reader.of.evidence")

        assert (answer.status == 403) == (ROUTE[name].method != "GET")
        assert answer.status not in {401, 500}

    @pytest.mark.parametrize("name", ROUTE)
    async def test_a_manager(self, services: MemoryServices, name: str) -> None:
        """A manager's token opens everything."""
        answer = await as_caller(services, name, "manager.of.evidence")

        assert answer.status not in {401, 403, 500}

    async def test_a_missing_role_is_told(self, services: MemoryServices) -> None:
        """403 names the role, as a problem and as a challenge."""
        answer = await as_caller(services, "start_all_sync_runs", "reader.of.evidence")

        assert (answer.body["code"], answer.body["reason"]) == ("forbidden", "role_missing")
        assert MANAGE in answer.body["detail"]
        assert (
            f'error="insufficient_scope", error_description="{answer.body["detail"]}"'
            in (answer.headers["www-authenticate"])
        )

    async def test_a_token_is_asked_for_before_the_body_is_read(self, services: MemoryServices) -> None:
        """Who may not call is not told what is wrong with the body either."""
        answer = await call(services, "connect_subscriptions", body=b"no json", params={"colour": "red"})

        assert answer.status == 401

    @pytest.mark.parametrize(("token", "status"), [("reader.of.evidence", 403), ("no", 401)])
    async def test_a_refusal_is_as_described(self, services: MemoryServices, token: str, status: int) -> None:
        """Status, schema and challenge are those of `/openapi.json`, which says that a token is needed."""
        described = (await as_caller(services, "describe_api", "reader.of.evidence")).body
        answer = await as_caller(services, "start_all_sync_runs", token)

        response = described["paths"]["/sync-runs"]["post"]["responses"][str(status)]
        assert answer.status == status
        assert set(response["headers"]) <= set(answer.headers)
        assert all("entra_token" in one for one in described["security"])

    async def test_health_needs_none(self, services: MemoryServices) -> None:
        """What is anonymous stays so, whatever stands in the header."""
        assert (await as_caller(services, "get_health", "x")).status == 200


class TestHandlers:
    """What a handler and the audit log learn."""

    async def test_a_call_says_who_calls(self, services: MemoryServices) -> None:
        """The caller stands on the call, by ids and roles."""
        caller = await seen_by_handler(
            services, "list_connections", authorization="Bearer manager.of.evidence"
        )

        assert (caller.kind, caller.object_id, caller.roles) == ("token", "o1", (MANAGE,))

    async def test_a_holder_of_the_key_is_nobody_else(self, services: MemoryServices) -> None:
        """Without an audience neither a token nor the platform's headers make a caller known."""
        services.callers = Admission(None, known)
        headers = {"authorization": "Bearer manager.of.evidence", "x-ms-client-principal-id": "admin"}

        assert await seen_by_handler(services, "list_connections", **headers) == KEY_HOLDER
        assert await seen_by_handler(services, "get_health", **headers) == ANONYMOUS

    @pytest.mark.parametrize(
        ("token", "kind", "object_id"), [("reader.of.evidence", "token", "o1"), ("no token", "key", None)]
    )
    async def test_a_refused_change_names_who_asked(
        self, services: MemoryServices, token: str, kind: str, object_id: str | None
    ) -> None:
        """The audit log knows whose role was not enough; a bad token names nobody."""
        await as_caller(services, "start_all_sync_runs", token)

        [(attempt, _)] = services.audit.recorded
        assert (attempt.actor.kind, attempt.actor.object_id) == (kind, object_id)


class TestEveryAnswer:
    """Headers that say what browsers must not do."""

    @pytest.mark.parametrize("name", ROUTE)
    async def test_security_headers(self, services: MemoryServices, name: str) -> None:
        """Each is on every answer, good or refused."""
        refused = await call(services, name, params={"colour": "red"})
        good = await as_caller(services, name, "manager.of.evidence")

        own = {"content-security-policy"} if ROUTE[name].browser else set[str]()
        for answer in (refused, good):
            everybodys = SECURITY.keys() - own
            assert {header: answer.headers[header] for header in everybodys} == {
                header: SECURITY[header] for header in everybodys
            }

    def test_which_they_are(self) -> None:
        """Nothing may be loaded, framed, sniffed, cached or told to another site."""
        assert SECURITY["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert SECURITY["strict-transport-security"].startswith("max-age=31536000")
        assert (SECURITY["referrer-policy"], SECURITY["x-frame-options"]) == ("no-referrer", "DENY")

    async def test_a_defect_has_them_too(self, services: MemoryServices) -> None:
        """Also on a 500."""
        services.fails_with = RuntimeError("inner detail")

        answer = await as_caller(services, "list_connections", "manager.of.evidence")

        assert answer.status == 500
        assert SECURITY.items() <= answer.headers.items()


class TestOrigins:
    """Whose pages may call."""

    @pytest.mark.parametrize("token", ["manager.of.evidence", "x"])
    async def test_a_listed_origin(self, services: MemoryServices, token: str) -> None:
        """Its pages read every answer, refusals too, and the headers they need; no cookies."""
        services.portal_origins = (PORTAL,)

        answer = await call(
            services, "list_connections", headers={"authorization": f"Bearer {token}", "origin": PORTAL}
        )

        assert answer.headers["access-control-allow-origin"] == PORTAL
        assert answer.headers["vary"] == "origin"
        exposed = set(answer.headers["access-control-expose-headers"].split(", "))
        assert exposed == {"location", "x-correlation-id", "retry-after", "www-authenticate"}
        assert "access-control-allow-credentials" not in answer.headers

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example.com",
            "https://portal.example.com.evil.example",
            "https://portal.example.com:8443",
            "http://portal.example.com",
            "https://PORTAL.example.com",
            "null",
            "*",
            "",
        ],
    )
    async def test_any_other_origin(self, services: MemoryServices, origin: str) -> None:
        """Nothing is granted, neither beforehand nor on the answer."""
        services.portal_origins = (PORTAL,)
        headers = {"origin": origin, "accept": "*/*"}

        answer = await call(services, "get_health", headers=headers)
        asked = await preflight(services, headers)

        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert dict(asked.headers.items()) == SECURITY

    async def test_a_browser_may_ask_first(self, services: MemoryServices) -> None:
        """The preflight of a listed origin grants the methods and headers of this API, for ten minutes."""
        services.portal_origins = (PORTAL,)

        answer = await preflight(services, {"origin": PORTAL})

        assert (answer.status_code, answer.get_body()) == (204, b"")
        granted = {name: set(value.split(", ")) for name, value in answer.headers.items()}
        assert granted["access-control-allow-methods"] == {route.method for route in ROUTES}
        assert granted["access-control-allow-headers"] == {
            "authorization",
            "content-type",
            "x-correlation-id",
            "x-functions-key",
        }
        assert SECURITY.items() <= dict(answer.headers.items()).items()


async def preflight(services: MemoryServices, headers: dict[str, str]) -> func.HttpResponse:
    """Ask as a browser does before it calls."""
    app = func.FunctionApp()
    app.register_functions(blueprint(services))
    [function] = [one for one in app.get_functions() if one.get_function_name() == "preflight"]
    request = func.HttpRequest(
        method="OPTIONS", url="https://app.example/api/findings", headers=headers, body=b""
    )
    answer = await function.get_user_function()(request)
    assert isinstance(answer, func.HttpResponse)
    return answer


async def seen_by_handler(services: MemoryServices, name: str, **headers: str) -> Caller:
    """Give who calls, as the handler of a route is told."""
    seen: list[Caller] = []
    route = ROUTE[name]

    async def handler(call: Call[Any, Any]) -> object:
        seen.append(call.caller)
        return await route.handler(call)

    request = func.HttpRequest(method="GET", url="https://app.example/api", headers=headers, body=b"")
    await serve(replace(route, handler=handler), services, request)
    [caller] = seen
    return caller
