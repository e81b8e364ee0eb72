"""Error bodies of Azure Resource Manager, worded as Azure words them.

Shape: common-types/resource-management/v5/types.json, ErrorResponse. Wording: Azure's own answers as
published in "Troubleshoot common Azure deployment errors" and in the issue trackers of Azure's tools.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from local.azure.wire import Answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.azure.tokens import Claims

GATEWAY = {"x-ms-failure-cause": "gateway"}


def error(status: int, code: str, message: str) -> Answer:
    """Answer with an ARM error raised by the gateway itself."""
    return json_answer({"error": {"code": code, "message": message}}, status, GATEWAY)


def missing_token() -> Answer:
    """401 for a request without a bearer token."""
    message = "Authentication failed. The 'Authorization' header is missing."
    return _challenge(error(401, "AuthenticationFailed", message))


def invalid_token() -> Answer:
    """401 for a token that is none, or is for something else."""
    return _challenge(error(401, "InvalidAuthenticationToken", "The access token is invalid."))


def expired_token(expired_at: float) -> Answer:
    """401 for a token whose time is over."""
    then, now = (
        f"{moment.month}/{moment.day}/{moment.year} {moment:%I:%M:%S %p}"
        for moment in (datetime.fromtimestamp(expired_at, UTC), datetime.now(UTC))
    )
    message = f"The access token expiry UTC time '{then}' is earlier than current UTC time '{now}'."
    return _challenge(error(401, "ExpiredAuthenticationToken", message))


def wrong_tenant(token_tenant: str, subscription_tenant: str) -> Answer:
    """401 for a token of another tenant than the subscription's."""
    message = (
        f"The access token is from the wrong issuer 'https://sts.windows.net/{token_tenant}/'. It must "
        f"match the tenant 'https://sts.windows.net/{subscription_tenant}/' associated with this "
        f"subscription. Please use the authority (URL) 'https://login.windows.net/{subscription_tenant}' to "
        "get the token. Note, if the subscription is transferred to another tenant there is no impact to "
        "the services, but information about new tenant could take time to propagate (up to an hour). If "
        "you just transferred your subscription and see this error message, please try back later."
    )
    return _challenge(error(401, "InvalidAuthenticationTokenTenant", message))


def _challenge(answer: Answer) -> Answer:
    challenge = 'Bearer authorization_uri="https://login.windows.net/", error="invalid_token"'
    return Answer(answer.status, answer.body, {**answer.headers, "WWW-Authenticate": challenge})


def authorization_failed(caller: Claims, action: str, scope: str) -> Answer:
    """403 for a principal whose roles do not grant the action."""
    message = (
        f"The client '{caller.appid}' with object id '{caller.oid}' does not have authorization to perform "
        f"action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, "
        "please refresh your credentials."
    )
    return error(403, "AuthorizationFailed", message)


def subscription_not_found(subscription_id: str) -> Answer:
    """404 for a subscription that does not exist."""
    return error(404, "SubscriptionNotFound", f"The subscription '{subscription_id}' could not be found.")


def subscription_not_registered() -> Answer:
    """404 of Microsoft.Security in a subscription that never registered it; the code has blanks."""
    message = "Please register to Microsoft.Security in order to view your security status"
    return json_answer({"error": {"code": "Subscription Not Registered", "message": message}}, 404)


def score_not_found(subscription_id: str) -> Answer:
    """404 for a score that is not computed; PascalCase keys (Azure/Microsoft-Defender-for-Cloud#197)."""
    message = f"Secure score 'ascScore' does not exist in scope '{subscription_id}'"
    return json_answer({"Error": {"Code": "ResourceNotFound", "Message": message}}, 404)


def read_only_subscription(subscription_id: str) -> Answer:
    """409 for a write to a disabled subscription."""
    message = (
        f"The subscription '{subscription_id}' is disabled and therefore marked as read only. You cannot "
        "perform any write actions on this subscription until it is re-enabled."
    )
    return error(409, "ReadOnlyDisabledSubscription", message)


def missing_api_version() -> Answer:
    """400 for a request without api-version."""
    message = "The api-version query parameter (?api-version=) is required for all requests."
    return error(400, "MissingApiVersionParameter", message)


def invalid_api_version(version: str, supported: Iterable[str]) -> Answer:
    """400 for an api-version the resource type does not have."""
    known = ",".join(sorted(supported, reverse=True))
    message = f"The api-version '{version}' is invalid. The supported versions are '{known}'."
    return error(400, "InvalidApiVersionParameter", message)


def invalid_resource_type(path: str, version: str) -> Answer:
    """404 for a path nothing answers."""
    _, _, tail = path.rpartition("/providers/")
    namespace, _, kind = tail.partition("/")
    message = (
        f"The resource type '{kind}' could not be found in the namespace '{namespace}' "
        f"for api version '{version}'."
    )
    return error(404, "InvalidResourceType", message)


def resource_not_found(path: str) -> Answer:
    """404 for a resource that does not exist."""
    return error(404, "ResourceNotFound", f"The Resource '{path}' was not found.")


def resource_group_not_found(name: str) -> Answer:
    """404 for a resource group that does not exist."""
    return error(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def bad_request(message: str) -> Answer:
    """400 for anything else wrong with the request."""
    return error(400, "BadRequest", message)


def flat_bad_request(message: str) -> Answer:
    """400 of Microsoft.Insights, whose specification declares no `error` wrapper."""
    return json_answer({"code": "BadRequest", "message": message}, 400)


def method_not_allowed(method: str) -> Answer:
    """405 for a write: nothing here can be changed through Azure's own API."""
    return error(
        405, "MethodNotAllowed", f"The HTTP method '{method}' is not supported by the simulated Azure."
    )
