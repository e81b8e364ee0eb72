"""Whether a person still has a role on a subscription, tried for real.

Azure answers some lists with what the caller may see, which may be nothing: without a role an emptied list
would read as "there is none". An assignment above or at the subscription grants on all of it; one below it
only shows the subscription ("Understand scope for Azure RBAC").
"""

import msgspec

from collectors.contract import Reader
from collectors.errors import AccessDenied, ResourceAbsent, SubscriptionNotVisible
from pipeline.connecting.setup_probes import ACCESS_CONTROL_PAGE, ROLE_ASSIGNMENTS, ROLE_TAKES

_SEGMENTS_OF_A_SUBSCRIPTION = 2


class _Properties(msgspec.Struct, frozen=True):
    scope: str = ""


class _Assignment(msgspec.Struct, frozen=True):
    properties: _Properties = _Properties()


async def demand_role(reader: Reader, principal_id: str, *, tenant_id: str) -> None:
    """Ask Azure which roles a person has on the reader's subscription, groups' and inherited ones included.

    Raises:
        AccessDenied: none, or Azure does not even say.
        CollectionError: nobody can tell.
    """
    try:
        found = await reader.items(ROLE_ASSIGNMENTS, _Assignment, principal_id=principal_id)
    except (AccessDenied, ResourceAbsent, SubscriptionNotVisible):
        found = []
    if not any(_on_all(one.properties.scope) for one in found):
        raise _no_role(reader, tenant_id)


def _on_all(scope: str) -> bool:
    """Tell whether an assignment holds for a whole subscription: at it, or at what it lies in."""
    segments = [segment.lower() for segment in scope.split("/") if segment]
    below = len(segments) > _SEGMENTS_OF_A_SUBSCRIPTION and segments[0] == "subscriptions"
    return bool(scope) and not below


def _no_role(reader: Reader, tenant_id: str) -> AccessDenied:
    page = ACCESS_CONTROL_PAGE.replace("{tenant_id}", tenant_id)
    return AccessDenied(
        "The person who signed in has no role on the subscription.",
        permission=ROLE_ASSIGNMENTS.permission,
        scope=reader.subscription_scope,
        advice="Assign the person the roles Reader, Security Reader and Monitoring Reader at the scope "
        f"{reader.subscription_scope}, or connect with a service principal. {ROLE_TAKES}",
        portal_page=page.replace("{subscription_id}", reader.subscription_id),
    )
