"""What a role allows, and where an assignment of it stands."""

from collectors.declarations.azure_roles import role_id
from collectors.declarations.resources import Resource

_GROUPS = "/providers/microsoft.management/managementgroups/"


def scope_of(assignment: Resource) -> str:
    """Give the scope of an assignment, lower-cased; "" for the root."""
    return (assignment.text("properties.scope") or "").lower().rstrip("/")


def holds_subscription(scope: str, subscription: str) -> bool:
    """Tell whether a scope is the subscription, one of its management groups, or the root."""
    return scope == subscription.lower() or scope == "" or scope.startswith(_GROUPS)


def unlisted(assignment: Resource) -> bool:
    """Tell whether an assignment's role is missing in the subscription's list of roles."""
    if assignment.gap(("definitions",)) is not None:
        return False
    return assignment.found("definitions", role_id(assignment)) is None


def definition_of(assignment: Resource) -> Resource | None:
    """Give the role of an assignment; None if it is defined nowhere."""
    return assignment.found("definitions", role_id(assignment)) or assignment.part("role")


def is_custom(definition: Resource) -> bool:
    """Tell whether a role is a custom one."""
    return (definition.text("properties.type") or "").lower() == "customrole"


def actions_of(definition: Resource) -> tuple[str, ...]:
    """Give the actions a role allows, those on data too."""
    permissions = definition.objects("properties.permissions")
    return tuple(
        action for one in permissions for name in ("actions", "dataActions") for action in one.texts(name)
    )


def writes(definition: Resource) -> bool:
    """Tell whether a role allows more than reading."""
    return any(not action.lower().endswith("/read") for action in actions_of(definition))
