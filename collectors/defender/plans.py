"""The Defender plans of a subscription: what tells "nothing found" from "nobody looked"."""

import msgspec

from collectors.contract import Read, Reader

# The scope in the path is `subscriptions/<id>` here; this version declares no page link (Microsoft.Security,
# stable/2024-01-01/pricings.json).
PLANS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Security/pricings",
    api_version="2024-01-01",
    permission="Microsoft.Security/pricings/read",
)
# Plans that assess posture and detect no attacks, so that they raise no alert however long they are on.
_POSTURE_PLANS = frozenset({"cloudposture", "foundationalcspm", "discovery"})


class PlanProperties(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of a plan's state."""

    pricing_tier: str


class Plan(msgspec.Struct, frozen=True):
    """One Defender plan."""

    name: str
    properties: PlanProperties


async def read_alerting_plans(reader: Reader) -> tuple[str, ...]:
    """Read the plans of the subscription and give the names of those that are on and raise alerts.

    Raises:
        ServiceNotEnabled: the subscription was never registered with Microsoft.Security.
    """
    plans = await reader.items(PLANS, Plan)
    return tuple(plan.name for plan in plans if _raises_alerts(plan))


def _raises_alerts(plan: Plan) -> bool:
    on = plan.properties.pricing_tier.lower() == "standard"
    return on and plan.name.lower() not in _POSTURE_PLANS
