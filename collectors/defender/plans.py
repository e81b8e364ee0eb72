"""The Defender plans of a subscription: what tells "nothing found" from "nobody looked"."""

from collectors.contract import JsonValue, Read, Reader
from collectors.declarations.resources import Resource
from collectors.errors import UnexpectedAnswer

# The scope in the path is `subscriptions/<id>` here; this version declares no page link (Microsoft.Security,
# stable/2024-01-01/pricings.json).
PLANS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Security/pricings",
    api_version="2024-01-01",
    permission="Microsoft.Security/pricings/read",
)
# Plans that assess posture and detect no attacks, so that they raise no alert however long they are on.
_POSTURE_PLANS = frozenset({"cloudposture", "foundationalcspm", "discovery"})


async def read_plans(reader: Reader) -> tuple[Resource, ...]:
    """Read the plans of the subscription: one request, however many parts ask for them.

    Raises:
        ServiceNotEnabled: the subscription was never registered with Microsoft.Security.
    """
    return tuple(map(Resource, await reader.items(PLANS, dict[str, JsonValue])))


async def read_alerting_plans(reader: Reader) -> tuple[str, ...]:
    """Read the plans of the subscription and give the names of those that are on and raise alerts.

    Raises:
        ServiceNotEnabled: the subscription was never registered with Microsoft.Security.
        UnexpectedAnswer: a plan came without its tier.
    """
    return tuple(plan.name for plan in await read_plans(reader) if _raises_alerts(plan))


def _raises_alerts(plan: Resource) -> bool:
    tier = plan.text("properties.pricingTier")
    if tier is None:
        raise UnexpectedAnswer(f"The Defender plan {plan.name} came without its tier.")
    return tier.lower() == "standard" and plan.name.lower() not in _POSTURE_PLANS
