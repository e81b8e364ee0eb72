"""What the worker library lets pass and the real host does not is refused before anything starts."""

import json
from collections.abc import Mapping

import pytest

from local.host.errors import StartRefusedError
from local.host.functions import AnyFunction, HttpFunction, QueueFunction, TimerFunction, read_functions
from local.host.worker_messages import RpcFunctionMetadata, RpcRetryOptions

_SETTINGS = {"AzureWebJobsStorage": "a connection string", "NAME": "jobs", "DAILY": "0 30 2 * * *"}


def _listed(
    name: str, *bindings: Mapping[str, object], retry: RpcRetryOptions | None = None
) -> RpcFunctionMetadata:
    return RpcFunctionMetadata(
        name=name,
        function_id=f"id of {name}",
        managed_dependency_enabled=False,
        directory="",
        script_file="function_app.py",
        entry_point=name,
        is_proxy=False,
        language="python",
        bindings={},
        raw_bindings=[json.dumps({"name": "x", **binding}) for binding in bindings],
        retry_options=retry,
        properties={},
    )


def _http(name: str, route: str, *methods: str) -> RpcFunctionMetadata:
    trigger = {"type": "httpTrigger", "route": route, "methods": list(methods), "authLevel": "ANONYMOUS"}
    return _listed(name, trigger, {"type": "http"})


def _timer(schedule: str) -> RpcFunctionMetadata:
    return _listed("tick", {"type": "timerTrigger", "schedule": schedule})


def _queue(queue_name: str, connection: str = "AzureWebJobsStorage") -> RpcFunctionMetadata:
    return _listed("work", {"type": "queueTrigger", "queueName": queue_name, "connection": connection})


def _read(*listed: RpcFunctionMetadata, settings: dict[str, str] | None = None) -> list[AnyFunction]:
    return read_functions(listed, _SETTINGS if settings is None else settings, route_prefix="api")


def test_http_function_is_read() -> None:
    """A function without a route is found under its name, and answers every method."""
    (function,) = _read(_listed("hello", {"type": "httpTrigger"}, {"type": "http"}))

    assert isinstance(function, HttpFunction)
    assert (function.route.template, function.methods, function.level) == (
        "api/hello",
        frozenset(),
        "function",
    )


def test_timer_function_is_read() -> None:
    """The schedule may be a setting."""
    (function,) = _read(_timer("%DAILY%"))

    assert isinstance(function, TimerFunction)
    assert (function.schedule.text, function.run_on_startup) == ("0 30 2 * * *", False)


def test_queue_function_is_read() -> None:
    """The name of the queue may be a setting, and is taken in lower case."""
    (function,) = _read(_queue("%NAME%-Late"))

    assert isinstance(function, QueueFunction)
    assert (function.queue_name, function.connection_string) == ("jobs-late", "a connection string")


def test_connection_string_is_never_shown() -> None:
    """The secret of a connection does not stand in the text form of its function."""
    (function,) = _read(_queue("jobs"))

    assert "a connection string" not in repr(function)


@pytest.mark.parametrize("schedule", ["every hour", "0 0 25 * * *", "01:00:00", ""])
def test_bad_schedule_is_refused(schedule: str) -> None:
    """A schedule that is no NCRONTAB is named with its function."""
    with pytest.raises(StartRefusedError, match="Function tick: the schedule"):
        _read(_timer(schedule))


@pytest.mark.parametrize("queue_name", ["", "q", "a--b", "-ab", "ab-", "a_b", "é" * 5, "x" * 64])
def test_bad_queue_name_is_refused(queue_name: str) -> None:
    """A name that the queue service refuses is named with its function."""
    with pytest.raises(StartRefusedError, match=r"Function work: .* is no queue name"):
        _read(_queue(queue_name))


@pytest.mark.parametrize("listed", [_timer("%DAILY%"), _queue("%NAME%")])
def test_missing_setting_is_refused(listed: RpcFunctionMetadata) -> None:
    """A schedule or queue name whose setting nobody gives is refused by name."""
    with pytest.raises(StartRefusedError, match=r"the setting (DAILY|NAME) is missing"):
        _read(listed, settings={})


def test_missing_connection_is_refused() -> None:
    """The connection setting that a binding names must be there."""
    with pytest.raises(StartRefusedError, match="the connection setting OTHER is missing"):
        _read(_queue("jobs", connection="OTHER"))


def test_identity_based_connection_is_refused() -> None:
    """An identity-based connection is for Azure; here the message says what to set instead."""
    settings = {"AzureWebJobsStorage__queueServiceUri": "https://x.queue.core.windows.net"}

    with pytest.raises(StartRefusedError, match=r"identity-based .* set AzureWebJobsStorage to a connection"):
        _read(_queue("jobs"), settings=settings)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_http("a", "x/{id}", "GET"), _http("b", "X/{name}", "GET", "POST")),
        (_http("a", "x", "GET"), _http("b", "x")),
        (_http("a", "x/{id}", "GET"), _http("b", "x/{id?}", "GET")),
    ],
)
def test_shared_route_is_refused(one: RpcFunctionMetadata, other: RpcFunctionMetadata) -> None:
    """Two functions that no request can tell apart are refused, both named."""
    with pytest.raises(StartRefusedError, match="Functions a and b share the route"):
        _read(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_http("a", "x/{id}", "GET"), _http("b", "x/{id}", "DELETE")),
        (_http("a", "x/{id}", "GET"), _http("b", "x/{id:guid}", "GET")),
        (_http("a", "x/{id}", "GET"), _http("b", "x/all", "GET")),
    ],
)
def test_routes_that_differ_are_accepted(one: RpcFunctionMetadata, other: RpcFunctionMetadata) -> None:
    """A method, a constraint or a literal tells two routes apart."""
    assert [function.name for function in _read(one, other)] == ["a", "b"]


@pytest.mark.parametrize("route", ["admin/x", "Runtime/x"])
def test_route_of_the_host_is_refused(route: str) -> None:
    """Without a prefix a function could hide the host's own endpoints."""
    with pytest.raises(StartRefusedError, match="belongs to the host itself"):
        read_functions([_http("a", route)], _SETTINGS, route_prefix="")


def test_other_bindings_are_refused() -> None:
    """A binding that this host would silently not serve is named."""
    with pytest.raises(StartRefusedError, match="Function work has the bindings queue, queueTrigger"):
        _read(_listed("work", {"type": "queueTrigger", "queueName": "jobs"}, {"type": "queue"}))


def test_retry_policy_is_refused() -> None:
    """A retry policy would silently not be followed."""
    retry = RpcRetryOptions(max_retry_count=3, retry_strategy="fixed_delay")

    with pytest.raises(StartRefusedError, match="Function tick has a retry policy"):
        _read(_listed("tick", {"type": "timerTrigger", "schedule": "0 0 * * * *"}, retry=retry))
