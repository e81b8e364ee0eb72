"""Microsoft.Subscription: the tenant's policy on moving subscriptions, which everybody in it may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.arm import ArmCall, get

if TYPE_CHECKING:
    from local.azure.wire import JsonObject


@get("/providers/Microsoft.Subscription/policies/default", action=None, versions=("2021-10-01",))
def policy(call: ArmCall) -> JsonObject:
    """Read the policy (SubscriptionPolicy_GetPolicyForTenant)."""
    tenant = call.world.tenant(call.caller.tid)
    blocked = tenant is not None and tenant.keeps_subscriptions
    return {
        "id": "/providers/Microsoft.Subscription/policies/default",
        "name": "default",
        "type": "Microsoft.Subscription/policies",
        "properties": {
            "policyId": call.caller.tid,
            "blockSubscriptionsLeavingTenant": blocked,
            "blockSubscriptionsIntoTenant": blocked,
            "exemptedPrincipals": [],
        },
    }
