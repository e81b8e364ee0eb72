"""The running app does what `/openapi.json` says: generated calls over HTTP, good and bad, on every route."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local.api_client import ENDED, Json
from local.azure.profiles import Profile, build_world
from local.stack import Stack
from pipeline.triggers.http_parsing import public_fields
from pipeline.triggers.http_routes import ROUTES
from tests.end_to_end.conftest import QUICK
from tests.end_to_end.reading import row, rows
from tests.local.host.calls import until

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
    negative_data_rejection,
]
# Refusing what is not valid: 414 is the host's, for addresses over its limit.
REFUSALS = [400, 401, 403, 404, 414, 422, 429, 503]
CONFIG = schemathesis.Config.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}}
)
EXAMPLES = {"key": 24, "key and token": 8}
WITHIN_S = 60
[API] = build_world(Profile.SMALL).apis  # its ids depend on names alone
# What deletes comes last, so that every other route finds what there is.
NAMES = [route.name for route in sorted(ROUTES, key=lambda route: route.method == "DELETE")]
ROUTE = {route.name: route for route in ROUTES}


@dataclass(frozen=True, kw_only=True)
class Portal:
    """An app that runs, its own description, and a caller that may do everything."""

    base_url: str
    document: dict[str, Any]
    schema: schemathesis.BaseSchema
    examples: int
    session: requests.Session
    headers: Mapping[str, str]
    ids: Mapping[str, str]

    def ask(self, case: Case[Any]) -> None:
        """Make a call, and hold what comes back to every check."""
        case.call_and_validate(
            base_url=self.base_url,
            session=self.session,
            headers=dict(self.headers),
            checks=CHECKS,
            allow_redirects=False,
            timeout=WITHIN_S,
        )


@pytest.fixture(scope="module", params=["key", "key and token"])
def portal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """An app with a connection and its evidence, once as it is and once as it runs with API_AUDIENCE."""
    wants_token = request.param == "key and token"
    wanted = {"API_AUDIENCE": API.client_id, "API_TENANT_ID": API.tenant_id} if wants_token else {}
    with (
        Stack("small", tmp_path_factory.mktemp("stack"), settings={**QUICK, **wanted}) as stack,
        requests.Session() as session,
    ):
        session.trust_env = False  # no proxy: the host is on this machine
        headers = {"x-functions-key": stack.host.key}
        if wants_token:
            headers["authorization"] = f"Bearer {token_of(stack)}"
        session.headers.update(headers)
        base_url = f"{stack.host.base_url}/api"
        document = session.get(f"{base_url}/openapi.json").json()
        yield Portal(
            base_url=base_url,
            document=document,
            schema=schemathesis.openapi.from_dict(document, config=CONFIG),
            examples=EXAMPLES[request.param],
            session=session,
            headers=headers,
            ids=filled(stack, session, base_url),
        )


def token_of(stack: Stack) -> str:
    """Mint the token of a caller who may do everything."""
    claims = {"roles": ["Evidence.Manage"]}
    mint = {"operation": "mint_token", "application": "azure-evidence-connector", "claims": claims}
    return str(stack.azure.control(mint)["access_token"])


def filled(stack: Stack, session: requests.Session, base_url: str) -> Mapping[str, str]:
    """Connect two subscriptions, sync them, start a sign-in; give an id of all that a path can name."""

    def asked(method: str, path: str, body: Json | None = None) -> Json:
        return row(session.request(method, f"{base_url}{path}", json=body).json())

    subscriptions = [stack.subscription_id(name) for name in ("production", "staging")]
    wanted: Json = {
        "name": "Shop",
        "auth": dict(stack.connector()),
        "subscription_ids": list(subscriptions),
        "services": ["defender", "storage"],
        "sync_now": False,
    }
    first, *_ = rows(asked("POST", "/connections", wanted)["connections"])
    run = asked("POST", f"/connections/{first['id']}/sync-runs")
    until(lambda: asked("GET", f"/connections/{first['id']}/sync-runs/{run['id']}")["status"] in ENDED)
    [item, *_] = rows(asked("GET", "/evidence")["items"])
    return {
        "connection_id": str(first["id"]),
        "sync_run_id": str(run["id"]),
        "evidence_id": str(item["id"]),
        "framework_id": "soc2_2017",
        "sign_in_id": str(asked("POST", "/sign-in", {})["sign_in_id"]),
    }


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_there_is_documented(portal: Portal, name: str) -> None:
    """Ids that nothing has, in the path and in every filter, are answered as documented."""
    route = ROUTE[name]
    operation = portal.schema[f"/{route.path}"][route.method]
    filters = {"connection_id", "sync_run_id", "service", "kind", "check_id", "framework", "control"}
    known = {field.encode_name for field in public_fields(route.query).fields}
    for query in [{}, *({name: "nothing"} for name in sorted(filters & known))]:
        there = portal.ids if query else dict.fromkeys(portal.ids, "nothing")
        path = {name: there[name] for name in route.parameters}
        portal.ask(operation.Case(path_parameters=path, query=query))


def test_a_sign_in_that_is_not_there_is_documented(portal: Portal) -> None:
    """A credential can name a sign-in that nobody started."""
    body: Json = {
        "name": "Shop",
        "auth": {"method": "sign_in", "sign_in_id": "nothing"},
        "subscription_ids": [API.tenant_id],
    }

    portal.ask(portal.schema["/connections"]["POST"].Case(body=body))


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_as_documented(portal: Portal, name: str) -> None:
    """Status, content type, headers and body; never a 5xx, never an answer without the key and the token."""
    route = ROUTE[name]
    operation = portal.schema[f"/{route.path}"][route.method]
    there = {parameter: portal.ids[parameter] for parameter in route.parameters}
    valid = operation.as_strategy()
    invalid = operation.as_strategy(GenerationMode.NEGATIVE)

    @settings(
        max_examples=portal.examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(operation.as_strategy(path_parameters=there), valid, invalid))
    def hold(case: Case[Any]) -> None:
        portal.ask(case)

    hold()


def test_the_description_names_every_route(portal: Portal) -> None:
    """What the app serves is the table, no more and no less, and says which routes want what of a caller."""
    described = {
        f"{method.upper()} {path}": operation.get("security", portal.document["security"])
        for path, operations in portal.document["paths"].items()
        for method, operation in operations.items()
    }

    token: Json = {"entra_token": []} if "authorization" in portal.headers else {}
    keys: list[Json] = [{key: [], **token} for key in ("function_key_header", "function_key_query")]
    assert described == {f"{route.method} /{route.path}": [] if route.anonymous else keys for route in ROUTES}


@pytest.mark.parametrize("name", [name for name in NAMES if not ROUTE[name].anonymous])
def test_nobody_gets_in_without_what_is_documented(portal: Portal, name: str) -> None:
    """Each part of a caller's credential left out, or wrong: 401, whatever the route would find."""
    route = ROUTE[name]
    url = f"{portal.base_url}/{route.path.format(**portal.ids)}"
    for part in portal.headers:
        others = {name: value for name, value in portal.headers.items() if name != part}
        for wrong in ({}, {part: ""}, {part: "wrong"}, {part: "Bearer wrong"}):
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(route.method, url, headers={**others, **wrong}, json={})
            assert answer.status_code == 401, wrong
