"""The built-in roles of Azure that services look for, and which role an assignment is of."""

from collectors.declarations.resources import Resource

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
USER_ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
PRIVILEGED = {
    OWNER: "Owner",
    CONTRIBUTOR: "Contributor",
    USER_ACCESS_ADMINISTRATOR: "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}
"""Privileged administrator roles ("Azure built-in roles")."""


def role_id(assignment: Resource) -> str:
    """Give the GUID of an assignment's role, which Azure writes with and without a scope, in any casing."""
    return (assignment.text("properties.roleDefinitionId") or "").rstrip("/").rpartition("/")[2].lower()
