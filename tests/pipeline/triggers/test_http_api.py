"""Claims about the blueprint: the functions that Azure will find."""

import inspect
import typing
from functools import cache

import azure.functions as func
import pytest

from pipeline.triggers.http_api import blueprint
from pipeline.triggers.http_routes import ROUTES
from tests.pipeline.triggers.memory_services import MemoryServices


@cache
def functions() -> tuple[func.decorators.function_app.Function, ...]:
    """Give the functions of the blueprint; an app can be asked for them only once."""
    app = func.FunctionApp()
    app.register_functions(blueprint(MemoryServices()))
    return tuple(app.get_functions())


def trigger_of(function: func.decorators.function_app.Function) -> dict[str, typing.Any]:
    """Give the trigger binding of a function."""
    trigger = function.get_trigger()
    assert trigger is not None
    binding: dict[str, typing.Any] = trigger.get_dict_repr()
    return binding


def test_one_function_a_route() -> None:
    """Names, routes, methods and levels are those of the table; one more answers browsers that ask first."""
    found = {
        (
            function.get_function_name(),
            trigger_of(function)["methods"][0].value,
            trigger_of(function)["route"],
            trigger_of(function)["authLevel"].value,
        )
        for function in functions()
    }

    assert found == {
        (route.name, route.method, route.path, "anonymous" if route.anonymous else "function")
        for route in ROUTES
    } | {("preflight", "OPTIONS", "{*path}", "anonymous")}


def test_only_health_and_a_browsers_return_are_anonymous() -> None:
    """Every other route of the table needs a key."""
    assert [route.name for route in ROUTES if route.anonymous] == ["finish_sign_in", "get_health"]


def test_no_route_is_served_twice() -> None:
    """A method and a path belong to one function."""
    served = [(route.method, route.path) for route in ROUTES]

    assert len(set(served)) == len(served)


@pytest.mark.parametrize(
    "index", range(len(ROUTES) + 1), ids=[*(route.name for route in ROUTES), "preflight"]
)
def test_the_worker_accepts_every_signature(index: int) -> None:
    """One parameter `req`, no default, and exactly the annotations that the worker library demands."""
    function = functions()[index].get_user_function()

    assert inspect.iscoroutinefunction(function)
    assert typing.get_type_hints(function) == {"req": func.HttpRequest, "return": func.HttpResponse}
    assert [one.default for one in inspect.signature(function).parameters.values()] == [
        inspect.Parameter.empty
    ]


async def test_a_function_serves_its_route() -> None:
    """What Azure calls is the route's handler."""
    function = next(one for one in functions() if one.get_function_name() == "get_health")
    request = func.HttpRequest(method="GET", url="https://app.example/api/health", body=b"")

    response = await function.get_user_function()(request)

    assert (response.status_code, response.get_body()) == (200, b'{"status":"ok"}')
