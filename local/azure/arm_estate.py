"""Answers what a subscription's estate holds, after the same checks as every other route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure import arm_errors as errors
from local.azure.paging import BadSkipTokenError, next_link, page, start_of
from local.azure.wire import json_answer

if TYPE_CHECKING:
    from local.azure.arm import ArmCall
    from local.azure.estate import Listed
    from local.azure.wire import Answer, JsonObject


def holds(call: ArmCall) -> bool:
    """Tell whether the estate of the subscription in the path answers there."""
    subscription = call.found_subscription
    if subscription is None or subscription.estate is None:
        return False
    path = call.request.path.lower().rstrip("/")
    if call.request.method == "POST":
        return path in subscription.estate.posts
    return path in subscription.estate.lists or path in subscription.estate.objects


def answer(call: ArmCall) -> Answer:
    """Answer from the estate; `holds` has been asked."""
    estate, path = call.subscription.estate, call.request.path.lower().rstrip("/")
    if estate is None:
        raise LookupError(path)
    if call.request.method == "POST":
        return _posted(call, estate.posts[path])
    if path in estate.lists:
        return _list(call, estate.lists[path])
    return json_answer(estate.objects[path])


def added(call: ArmCall) -> list[JsonObject]:
    """Give the rows that the estate adds to a list with a route of its own."""
    estate = call.subscription.estate
    return [] if estate is None else estate.additions.get(call.request.path.lower().rstrip("/"), [])


def _posted(call: ArmCall, body: JsonObject) -> Answer:
    """Answer a POST that only reads; the next page is at `@odata.nextLink`, by POST too."""
    rows = body.get("value")
    if not isinstance(rows, list):
        return json_answer(body)
    try:
        start = start_of(call.request.query)
    except BadSkipTokenError:
        return errors.bad_request("The skip token is not valid.")
    some, following = page(rows, start, call.simulation.pages.default)
    link = None
    if following is not None:
        link = next_link(call.simulation.url, call.request.path, call.request.query, following)
    return json_answer({**body, "@odata.nextLink": link, "@odata.count": len(some), "value": some})


def _list(call: ArmCall, listed: Listed) -> Answer:
    if not listed.paged:
        return json_answer({"value": listed.rows})
    try:
        start = start_of(call.request.query)
    except BadSkipTokenError:
        return errors.bad_request("The skip token is not valid.")
    rows, following = page(listed.rows, start, call.simulation.pages.default)
    body: JsonObject = {"value": rows}
    if following is not None:
        body["nextLink"] = next_link(call.simulation.url, call.request.path, call.request.query, following)
    return json_answer(body)
