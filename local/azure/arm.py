"""Azure Resource Manager: who may call, which route answers, one page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.azure import arm_errors as errors
from local.azure import arm_estate
from local.azure.official import find_official
from local.azure.paging import BadSkipTokenError, next_link, page, start_of
from local.azure.routing import Route, RouteTable
from local.azure.tokens import ARM, Claims, TokenExpiredError, TokenRefusedError
from local.azure.wire import Answer, JsonObject, Rows, json_answer
from local.azure.world import Defender, State

if TYPE_CHECKING:
    from local.azure.simulation import Simulation
    from local.azure.wire import Request
    from local.azure.world import Subscription, World


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route's declaration says of it."""

    action: str | None
    """The RBAC action it needs; None: any signed-in principal."""
    versions: frozenset[str]
    paged: bool = True
    described_by_specification: bool = True
    """False: the specification subscription answers from the world too (what a caller may do, say)."""

    @property
    def is_defender(self) -> bool:
        """Whether the operation belongs to Microsoft.Security."""
        return (self.action or "").startswith("Microsoft.Security/")


@dataclass(slots=True)
class ArmCall:
    """One authenticated GET."""

    simulation: Simulation
    request: Request
    caller: Claims
    parameters: dict[str, str]
    found_subscription: Subscription | None = None

    @property
    def world(self) -> World:
        """The world."""
        return self.simulation.world

    @property
    def subscription(self) -> Subscription:
        """The subscription in the path.

        Raises:
            LookupError: the route has none.
        """
        if self.found_subscription is None:
            raise LookupError(self.request.path)
        return self.found_subscription

    @property
    def version(self) -> str:
        """The api-version, checked before any handler runs."""
        return self.request.query.get("api-version") or ""


type Handler = Callable[[ArmCall], Rows | JsonObject | Answer]

POST_READS = ("/policystates/latest/summarize", "/policystates/latest/queryresults")
"""POSTs that only read (Policy States, REST reference)."""

ROUTES: RouteTable[Handler, Operation] = RouteTable()


def get(
    template: str,
    *,
    action: str | None,
    versions: Iterable[str],
    paged: bool = True,
    described_by_specification: bool = True,
) -> Callable[[Handler], Handler]:
    """Declare an ARM route; use as a decorator.

    Takes the path template and what `Operation` says. Gives the decorator.
    """
    return ROUTES.add(
        "GET", template, Operation(action, frozenset(versions), paged, described_by_specification)
    )


def authenticate(simulation: Simulation, request: Request) -> Claims | Answer:
    """Read the caller's token; gives its claims, or the 401 that refuses it."""
    if request.bearer is None:
        return errors.missing_token()
    try:
        claims = simulation.issuer.read(request.bearer)
    except TokenExpiredError as error:
        return errors.expired_token(error.expired_at)
    except TokenRefusedError:
        return errors.invalid_token()
    return claims if claims.aud == ARM else errors.invalid_token()


def answer(simulation: Simulation, request: Request, caller: Claims) -> Answer:
    """Answer an authenticated request.

    Takes the simulation, the request and the caller's claims. Gives the answer, errors included.
    """
    call = ArmCall(simulation, request, caller, {}, _subscription(simulation.world, request.path))
    if arm_estate.holds(call):
        return _answer_from_estate(call)
    if request.method == "POST" and request.path.lower().rstrip("/").endswith(POST_READS):
        return _answer_post(call)
    if request.method != "GET":
        return _refuse_write(call)
    return _answer_read(call)


def _answer_read(call: ArmCall) -> Answer:
    request = call.request
    found = ROUTES.find("GET", request.path)
    if not call.version:
        return errors.missing_api_version()
    if found is None:
        return _visible(call) or _answer_unrouted(call)
    route, call.parameters = found
    refused = _refuse(call, route)
    if refused:
        return refused
    if call.found_subscription and call.subscription.official and route.detail.described_by_specification:
        official = find_official(request.path, call.version)
        if official:
            return _official_answer(call, official.body)
    return _answer_page(call, route)


def _answer_post(call: ArmCall) -> Answer:
    """Answer a POST that only reads: the example body in the specification subscription, else no rows."""
    if not call.version:
        return errors.missing_api_version()
    action = f"{action_of(call.request.path).removesuffix('/read')}/action"
    refused = _visible(call) or _unauthorized(call, Operation(action, frozenset({call.version})))
    if refused:
        return refused
    official = find_official(call.request.path, call.version)
    if official and call.found_subscription and call.subscription.official:
        return json_answer(official.body)
    return json_answer({"@odata.nextLink": None, "@odata.count": 0, "value": []})


def _answer_from_estate(call: ArmCall) -> Answer:
    if not call.version:
        return errors.missing_api_version()
    estate = call.subscription.estate
    listed = estate.lists.get(call.request.path.lower().rstrip("/")) if estate else None
    action = (listed.action if listed else None) or action_of(call.request.path)
    if call.request.method == "POST":
        action = f"{action.removesuffix('/read')}/action"
    operation = Operation(action, frozenset({call.version}))
    refused = _visible(call) or _unauthorized(call, operation) or _unregistered(call, operation)
    return refused or arm_estate.answer(call)


def subscription_id_in(path: str) -> str | None:
    """Return the subscription id in an ARM path, or None."""
    match path.split("/"):
        case ["", root, subscription_id, *_] if root.lower() == "subscriptions" and subscription_id:
            return subscription_id
        case _:
            return None


def _subscription(world: World, path: str) -> Subscription | None:
    wanted = subscription_id_in(path)
    found = world.subscription(wanted) if wanted else None
    return found if found and wanted and found.subscription_id == wanted.lower() else None


def _refuse_write(call: ArmCall) -> Answer:
    """Refuse a write; the request log keeps it, so that a test can prove there was none."""
    path, subscription = call.request.path, call.found_subscription
    if subscription and subscription.state is State.DISABLED:
        return errors.read_only_subscription(subscription.subscription_id)
    if subscription and path.lower().rstrip("/").endswith("/register"):
        namespace = path.rstrip("/").split("/")[-2]
        return errors.authorization_failed(call.caller, f"{namespace}/register/action", subscription.scope)
    return errors.method_not_allowed(call.request.method)


def _refuse(call: ArmCall, route: Route[Handler, Operation]) -> Answer | None:
    if call.version not in route.detail.versions:
        return errors.invalid_api_version(call.version, route.detail.versions)
    return _visible(call) or _unauthorized(call, route.detail) or _unregistered(call, route.detail)


def _visible(call: ArmCall) -> Answer | None:
    """Refuse a subscription that does not exist or belongs to another tenant than the token."""
    wanted = subscription_id_in(call.request.path)
    if wanted is None:
        return None
    subscription = call.found_subscription
    if subscription is None or subscription.state is State.DELETED:
        return errors.subscription_not_found(wanted)
    if subscription.tenant_id != call.caller.tid:
        return errors.wrong_tenant(call.caller.tid, subscription.tenant_id)
    return None


def _unauthorized(call: ArmCall, operation: Operation) -> Answer | None:
    subscription = call.found_subscription
    if subscription is None or operation.action is None:
        return None
    held = subscription.roles_of(call.caller.oid)
    if any(role.grants(operation.action) for role in held):
        return None
    if held and subscription.filters_lists and call.request.method == "GET":
        return json_answer({"value": []})
    return errors.authorization_failed(call.caller, operation.action, scope_of(call.request.path))


def scope_of(path: str) -> str:
    """Return the scope a refusal names: the path up to its last provider."""
    end = path.lower().rfind("/providers/")
    return path[:end] if end > 0 else path


def _unregistered(call: ArmCall, operation: Operation) -> Answer | None:
    subscription = call.found_subscription
    if subscription and operation.is_defender and subscription.defender is Defender.UNREGISTERED:
        return errors.subscription_not_registered()
    return None


def _answer_unrouted(call: ArmCall) -> Answer:
    """Answer a path no route declares: an example body in the specification subscription, else 404."""
    official = find_official(call.request.path, call.version)
    if official and call.found_subscription:
        operation = Operation(action_of(call.request.path), frozenset({official.api_version}))
        refused = _unauthorized(call, operation) or _unregistered(call, operation)
        if refused:
            return refused
        if call.subscription.official:
            return _official_answer(call, official.body)
        if official.is_list:
            return json_answer({"value": []})
        return errors.resource_not_found(call.request.path)
    return errors.invalid_resource_type(call.request.path, call.version)


def action_of(path: str) -> str:
    """Derive the read action from a path: the types of its last provider."""
    namespace, *segments = path.strip("/").rpartition("roviders/")[2].split("/")
    return "/".join([namespace, *segments[::2], "read"])


def _official_answer(call: ArmCall, body: JsonObject) -> Answer:
    """Answer with an example body as it is; its page link, if any, leads to an empty last page."""
    if "nextLink" not in body:
        return json_answer(body)
    if call.request.query.get("$skipToken"):
        return json_answer({"value": []})
    link = next_link(call.simulation.url, call.request.path, call.request.query, 1)
    return json_answer({**body, "nextLink": link})


def _answer_page(call: ArmCall, route: Route[Handler, Operation]) -> Answer:
    try:
        start = start_of(call.request.query)
        outcome = route.handler(call)
    except BadSkipTokenError:
        return errors.bad_request("The skip token is not valid.")
    if isinstance(outcome, Answer):
        return outcome
    if isinstance(outcome, dict):
        return json_answer(outcome)
    if not route.detail.paged:
        return json_answer({"value": outcome})
    rows, following = page(outcome, start, call.simulation.pages.default)
    body: JsonObject = {"value": rows}
    if following is not None:
        body["nextLink"] = next_link(call.simulation.url, call.request.path, call.request.query, following)
    return json_answer(body)
