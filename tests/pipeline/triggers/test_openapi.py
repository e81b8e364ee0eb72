"""Claims about the description of the API: valid, complete, and true of what is answered."""

import json
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from pipeline.authentication.methods import METHODS
from pipeline.requests import ConnectRequest
from pipeline.triggers.http_calls import AnyRoute
from pipeline.triggers.http_parsing import parse
from pipeline.triggers.http_routes import ROUTES
from pipeline.triggers.openapi import document
from tests.pipeline.triggers.calls import ROUTE, call, call_well
from tests.pipeline.triggers.memory_services import MemoryServices

DOCUMENT = document(ROUTES)


def operation(name: str) -> dict[str, Any]:
    """Give the description of a route."""
    route = ROUTE[name]
    found: dict[str, Any] = DOCUMENT["paths"][f"/{route.path}"][route.method.lower()]
    return found


def demand(instance: object, schema: dict[str, Any]) -> None:
    """Hold an answer against a schema of the document."""
    OAS31Validator({**schema, "components": DOCUMENT["components"]}).validate(instance)


def test_the_document_is_valid() -> None:
    """It is OpenAPI 3.1 by the specification's own schema."""
    validate(DOCUMENT)


def test_every_route_is_described_and_no_other() -> None:
    """Operation ids are the functions' names."""
    described = {
        one["operationId"]: f"{method.upper()} {path}"
        for path, operations in DOCUMENT["paths"].items()
        for method, one in operations.items()
    }

    assert described == {route.name: f"{route.method} /{route.path}" for route in ROUTES}


@pytest.mark.parametrize("name", ROUTE)
async def test_every_answer_is_as_described(services: MemoryServices, name: str) -> None:
    """A live answer has a status and a body that the document promises."""
    answer = await call_well(services, name)

    response = operation(name)["responses"][str(answer.status)]
    if answer.body is not None:
        demand(answer.body, response["content"][answer.headers["content-type"]]["schema"])
    assert ("location" in answer.headers) == ("location" in response["headers"])


@pytest.mark.parametrize("name", ROUTE)
async def test_every_problem_is_as_described(services: MemoryServices, name: str) -> None:
    """A refused call answers with the schema of problems."""
    answer = await call(services, name, params={"colour": "red"}, body=b"no json")

    content = operation(name)["responses"][str(answer.status)]["content"]
    demand(answer.body, content[answer.headers["content-type"]]["schema"])


def test_the_key_is_needed_where_the_blueprint_says_so() -> None:
    """Header or query carries the key; health alone needs none."""
    anonymous = [route.name for route in ROUTES if operation(route.name).get("security") == []]

    assert anonymous == [route.name for route in ROUTES if route.anonymous]
    assert DOCUMENT["security"] == [{"function_key_header": []}, {"function_key_query": []}]


def test_a_token_is_needed_where_the_settings_say_so() -> None:
    """Key and token together, on every route that is not anonymous."""
    described = document(ROUTES, wants_token=True)

    validate(described)
    assert described["security"] == [
        {"function_key_header": [], "entra_token": []},
        {"function_key_query": [], "entra_token": []},
    ]
    assert described["components"]["securitySchemes"]["entra_token"]["scheme"] == "bearer"


@pytest.mark.parametrize(("status", "code"), [("401", "unauthenticated"), ("403", "forbidden")])
def test_refusals_of_callers_are_described(status: str, code: str) -> None:
    """With the challenge; an anonymous route refuses nobody."""
    for route in ROUTES:
        described = operation(route.name)["responses"].get(status)
        assert (described is None) == route.anonymous
        if described is not None:
            assert code in described["description"]
            assert "www-authenticate" in described["headers"]


def test_each_way_to_connect_is_described() -> None:
    """`auth` is one of the methods, told apart by `method`."""
    schemas = DOCUMENT["components"]["schemas"]
    auth = schemas["ConnectRequest"]["properties"]["auth"]

    assert auth["discriminator"]["propertyName"] == "method"
    assert set(auth["discriminator"]["mapping"]) == set(METHODS)
    assert "certificate_thumbprint" in schemas["AuthView"]["properties"]


def test_lists_describe_limit_and_cursor() -> None:
    """A cursor is described, the position inside it is not, and no parameter may be null."""
    parameters = {one["name"]: one for one in operation("list_findings")["parameters"]}

    assert parameters["limit"]["schema"]["maximum"] == 1000
    assert parameters["as_of"]["schema"]["format"] == "date-time"
    assert "cursor" in parameters
    assert "position" not in parameters
    assert all("anyOf" not in one["schema"] for one in parameters.values())


@pytest.mark.parametrize("name", ["connect_subscriptions", "change_connection", "rotate_credentials"])
def test_a_limit_on_refused_credentials_is_described(name: str) -> None:
    """With the header that says how long to wait."""
    response = operation(name)["responses"]["429"]

    assert "too_many_attempts" in response["description"]
    assert set(response["headers"]) == {"x-correlation-id", "retry-after"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: str(route.name))
def test_a_change_that_cannot_be_recorded_is_described(route: AnyRoute) -> None:
    """Every route that is audited may answer so, and no other."""
    unavailable = operation(route.name)["responses"]["503"]["description"]

    assert ("audit_unavailable" in unavailable) == (route.audited is not None)


def test_ids_in_paths_are_described() -> None:
    """Each brace of a path is a required parameter."""
    parameters = [one["name"] for one in operation("get_sync_run")["parameters"] if one["in"] == "path"]

    assert parameters == ["connection_id", "sync_run_id"]


def test_the_example_of_connecting_can_be_sent() -> None:
    """What the document shows is what the parser takes."""
    example = operation("connect_subscriptions")["requestBody"]["content"]["application/json"]["example"]

    assert parse(json.dumps(example).encode(), ConnectRequest).name == "Production"


def test_secrets_are_described_as_write_only() -> None:
    """A client secret goes in and never comes out."""
    schemas = DOCUMENT["components"]["schemas"]

    assert schemas["CertificateAuth"]["properties"]["certificate_pem"]["writeOnly"] is True
    assert schemas["ClientSecretAuth"]["properties"]["client_secret"]["writeOnly"] is True
    assert "client_secret" not in schemas["AuthView"]["properties"]


async def test_the_document_is_served(services: MemoryServices) -> None:
    """`GET /openapi.json` answers the document itself."""
    assert (await call(services, "describe_api")).body == DOCUMENT
