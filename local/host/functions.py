"""The functions of an app as this host sees them: what triggers each, checked before anything starts."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from typing import TypedDict

from local.host.errors import StartRefusedError
from local.host.ncrontab import Schedule, ScheduleError, parse_schedule
from local.host.routes import Route, parse_route
from local.host.settings import expand
from local.host.worker_messages import RpcFunctionMetadata

_QUEUE_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
_RESERVED_ROUTES = ("admin", "runtime")
_OTHER_BINDINGS = "this host runs HTTP, timer and queue triggers without further bindings"


class AuthLevel(StrEnum):
    """Say who may call an HTTP function."""

    ANONYMOUS = "anonymous"
    FUNCTION = "function"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class Function:
    """What every function has: a name, an id in the worker library, and the parameter its trigger fills."""

    name: str
    function_id: str
    parameter: str


@dataclass(frozen=True, kw_only=True)
class HttpFunction(Function):
    """A function called by HTTP requests; `methods` is empty when it answers all of them."""

    route: Route
    methods: frozenset[str]
    level: AuthLevel


@dataclass(frozen=True, kw_only=True)
class TimerFunction(Function):
    """A function called by the clock; `use_monitor` None leaves it to the schedule."""

    schedule: Schedule
    run_on_startup: bool
    use_monitor: bool | None


@dataclass(frozen=True, kw_only=True)
class QueueFunction(Function):
    """A function called for each message of a queue."""

    queue_name: str
    # A connection string is a secret: never shown.
    connection_string: str = field(repr=False)


class _Common(TypedDict):
    name: str
    function_id: str
    parameter: str


type AnyFunction = HttpFunction | TimerFunction | QueueFunction


def read_functions(
    listed: Iterable[RpcFunctionMetadata], environment: Mapping[str, str], *, route_prefix: str
) -> list[AnyFunction]:
    """Read the bindings of every function and refuse what cannot run.

    The worker library checks the Python side of an app; what stands here is what the real host checks.

    Args:
        listed: The functions as the worker library lists them.
        environment: The settings, for `%NAME%` and connections.
        route_prefix: The prefix of every route.

    Returns:
        The functions in the order of the app.

    Raises:
        StartRefusedError: A binding is not supported, refers to a missing setting or holds a malformed value,
            or two functions share a route and a method.
    """
    functions = [_read_function(metadata, environment, route_prefix) for metadata in listed]
    _refuse_shared_routes([function for function in functions if isinstance(function, HttpFunction)])
    return functions


def _read_function(metadata: RpcFunctionMetadata, environment: Mapping[str, str], prefix: str) -> AnyFunction:
    where = f"Function {metadata.name}"
    bindings: list[dict[str, object]] = [json.loads(raw) for raw in metadata.raw_bindings]
    kinds = {str(binding["type"]) for binding in bindings}
    triggers = [binding for binding in bindings if str(binding["type"]).endswith("Trigger")]
    if len(triggers) != 1 or not kinds <= {"httpTrigger", "http", "timerTrigger", "queueTrigger"}:
        message = f"{where} has the bindings {', '.join(sorted(kinds))}; {_OTHER_BINDINGS}."
        raise StartRefusedError(message)
    if metadata.retry_options is not None:
        message = f"{where} has a retry policy, which this host does not follow."
        raise StartRefusedError(message)
    (trigger,) = triggers
    common = _Common(name=metadata.name, function_id=metadata.function_id, parameter=str(trigger["name"]))
    if trigger["type"] == "httpTrigger":
        return _read_http(common, trigger, prefix)
    if trigger["type"] == "timerTrigger":
        return _read_timer(common, trigger, environment)
    return _read_queue(common, trigger, environment)


def _read_http(common: _Common, trigger: Mapping[str, object], prefix: str) -> HttpFunction:
    where = f"Function {common['name']}"
    own = parse_route(str(trigger.get("route") or common["name"]), where=where)
    route = parse_route(f"{prefix}/{own.template}" if prefix else own.template, where=where)
    if route.segments and route.segments[0].literal.lower() in _RESERVED_ROUTES:
        message = f"{where}: route {route.template!r} belongs to the host itself."
        raise StartRefusedError(message)
    methods = trigger.get("methods") or []
    return HttpFunction(
        **common,
        route=route,
        methods=frozenset(
            str(method).upper() for method in (methods if isinstance(methods, list) else [methods])
        ),
        level=AuthLevel(str(trigger.get("authLevel") or "function").lower()),
    )


def _read_timer(
    common: _Common, trigger: Mapping[str, object], environment: Mapping[str, str]
) -> TimerFunction:
    where = f"Function {common['name']}"
    text = expand(str(trigger.get("schedule", "")), environment, where=where)
    try:
        schedule = parse_schedule(text)
    except ScheduleError as error:
        message = f"{where}: the schedule {text!r} is not NCRONTAB: {error}"
        raise StartRefusedError(message) from error
    use_monitor = trigger.get("useMonitor")
    return TimerFunction(
        **common,
        schedule=schedule,
        run_on_startup=bool(trigger.get("runOnStartup")),
        use_monitor=use_monitor if isinstance(use_monitor, bool) else None,
    )


def _read_queue(
    common: _Common, trigger: Mapping[str, object], environment: Mapping[str, str]
) -> QueueFunction:
    where = f"Function {common['name']}"
    queue_name = expand(str(trigger.get("queueName", "")), environment, where=where).lower()
    if not _QUEUE_NAME.fullmatch(queue_name):
        message = (
            f"{where}: {queue_name!r} is no queue name: 3-63 letters, digits and single hyphens between them."
        )
        raise StartRefusedError(message)
    connection = str(trigger.get("connection") or "AzureWebJobsStorage")
    return QueueFunction(
        **common,
        queue_name=queue_name,
        connection_string=_connection_string(connection, environment, where=where),
    )


def _connection_string(name: str, environment: Mapping[str, str], *, where: str) -> str:
    value = environment.get(name)
    if value:
        return value
    if any(key.lower().startswith(f"{name}__".lower()) for key in environment):
        message = (
            f"{where}: {name} is identity-based ({name}__...), which this host does not do; "
            f"set {name} to a connection string, such as UseDevelopmentStorage=true for Azurite."
        )
        raise StartRefusedError(message)
    message = (
        f"{where}: the connection setting {name} is missing; add it to the Values of local.settings.json."
    )
    raise StartRefusedError(message)


def _refuse_shared_routes(functions: Iterable[HttpFunction]) -> None:
    for one, other in combinations(functions, 2):
        overlap = one.methods & other.methods or not one.methods or not other.methods
        if one.route.shape == other.route.shape and overlap:
            message = (
                f"Functions {one.name} and {other.name} share the route {one.route.template!r} and a method."
            )
            raise StartRefusedError(message)
