"""Microsoft.Resources: subscriptions, tenants, resource groups, resources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from local.azure import arm_errors as errors
from local.azure import arm_estate, generator
from local.azure.arm import ArmCall, get
from local.azure.world import State

if TYPE_CHECKING:
    from local.azure.wire import Answer, JsonObject, Rows
    from local.azure.world import Subscription

VERSIONS = ("2016-06-01", "2019-10-01", "2020-01-01", "2021-01-01", "2021-04-01", "2022-12-01")
RESOURCE_VERSIONS = ("2015-11-01", "2019-10-01", "2020-06-01", *VERSIONS[3:], "2024-07-01", "2025-04-01")
TYPE_FILTER = re.compile(r"resourceType eq '([^']+)'", re.IGNORECASE)


def _describe(subscription: Subscription) -> JsonObject:
    return {
        "id": subscription.scope,
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription.subscription_id,
        "tenantId": subscription.tenant_id,
        "displayName": subscription.name,
        "state": subscription.state.value,
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


@get("/subscriptions", action=None, versions=VERSIONS)
def subscriptions(call: ArmCall) -> Rows:
    """List the subscriptions in which the caller has a role: none is an empty list, not a refusal."""
    return [
        _describe(subscription)
        for subscription in call.world.subscriptions
        if subscription.tenant_id == call.caller.tid
        and subscription.state is not State.DELETED
        and subscription.roles_of(call.caller.oid)
    ]


@get("/subscriptions/{subscription_id}", action=None, versions=VERSIONS)
def subscription(call: ArmCall) -> JsonObject | Answer:
    """Read a subscription; any role in it will do."""
    if not call.subscription.roles_of(call.caller.oid):
        action = "Microsoft.Resources/subscriptions/read"
        return errors.authorization_failed(call.caller, action, call.subscription.scope)
    return _describe(call.subscription)


@get("/tenants", action=None, versions=VERSIONS)
def tenants(call: ArmCall) -> Rows:
    """List the tenants the caller belongs to."""
    return [
        {
            "id": f"/tenants/{tenant.tenant_id}",
            "tenantId": tenant.tenant_id,
            "countryCode": "DE",
            "displayName": tenant.name,
            "domains": [tenant.domain],
            "tenantCategory": "Home",
            "defaultDomain": tenant.domain,
            "tenantType": "AAD",
        }
        for tenant in call.world.tenants
        if tenant.tenant_id == call.caller.tid
    ]


@get(
    "/subscriptions/{subscription_id}/resourcegroups",
    action="Microsoft.Resources/subscriptions/resourceGroups/read",
    versions=RESOURCE_VERSIONS,
)
def resource_groups(call: ArmCall) -> Rows:
    """List resource groups."""
    return generator.resource_groups(call.subscription.content)


@get(
    "/subscriptions/{subscription_id}/resources",
    action="Microsoft.Resources/subscriptions/resources/read",
    versions=RESOURCE_VERSIONS,
)
def resources(call: ArmCall) -> Rows:
    """List resources, those of one type if `$filter` says so: then all of the estate too."""
    rows, estate = generator.resources(call.subscription.content), call.subscription.estate
    wanted = TYPE_FILTER.search(call.request.query.get("$filter") or "")
    if wanted is None:
        return [*rows, *arm_estate.added(call)]
    bodies = [] if estate is None else estate.objects.values()
    named = [{key: body.get(key) for key in ("id", "name", "type", "location", "tags")} for body in bodies]
    return [row for row in [*rows, *named] if str(row["type"]).lower() == wanted[1].lower()]
