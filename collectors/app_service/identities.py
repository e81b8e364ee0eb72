"""What the managed identity of an app may do: the roles that were assigned to it."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from collectors.app_service.reads import principal_of
from collectors.contract import JsonValue
from collectors.declarations.azure_roles import PRIVILEGED, role_id
from collectors.declarations.judging import gap_judgement
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, bad, good, manual, not_applicable, unknown

_DEFINITIONS = "role_definitions"
_GIVE_ROLES = "microsoft.authorization/roleassignments/write"
_UNSEEN = "roles that it holds through groups are not looked at"


def _principals(app: Resource) -> list[str]:
    """Give the object ids of an app's identities, its own and those given to it."""
    given = app.at("identity.userAssignedIdentities")
    rows = given.values() if isinstance(given, dict) else ()
    members = [app.with_raw(one) for one in rows if isinstance(one, dict)]
    found = [app.text("identity.principalId"), *(one.text("principalId") for one in members)]
    return [one for one in found if one]


def no_admin_role(app: Resource) -> Judgement:
    """Judge whether an identity of the app has a role that may change anything, at any scope.

    Azure's own administrators are told by their ids, custom roles by what they allow. Who is in a group only
    Microsoft Graph tells, so what an identity may do as a member of one is not seen, and that is said.
    """
    principals = _principals(app)
    if not principals:
        return not_applicable("The app has no managed identity.")
    rows = [row for one in principals for row in app.matching("role_assignments", principal_of, one)]
    held = sorted({PRIVILEGED[role_id(row)] for row in rows if role_id(row) in PRIVILEGED})
    observed: dict[str, JsonValue] = {"roles": len(rows), "administrator_roles": held}
    if held:
        return bad(f"An identity of the app has the role {', '.join(held)}.", **observed)
    others = sorted({role_id(row) for row in rows})
    if others and (error := app.gap((_DEFINITIONS,))) is not None:
        return gap_judgement(error)
    observed["groups_with_administrator_roles"] = _groups(app)
    return _of_definitions(app, others, observed)


def _groups(app: Resource) -> int:
    """Count the groups of the subscription that have an administrator's role."""
    return len(
        {
            row.text("properties.principalId")
            for row in app.shared("role_assignments")
            if role_id(row) in PRIVILEGED
            and (row.text("properties.principalType") or "").lower().endswith("group")
        }
    )


def _of_definitions(app: Resource, roles: Sequence[str], observed: dict[str, JsonValue]) -> Judgement:
    found = {role: app.found(_DEFINITIONS, role) for role in roles}
    custom = [one for one in found.values() if one is not None and not _built_in(one)]
    widest = [_name(one) for one in custom if _administers(one)]
    if widest:
        said = f"An identity of the app has the role {', '.join(widest)}, which may change anything."
        return bad(said, **{**observed, "administrator_roles": widest})
    unread: list[JsonValue] = [role for role, one in found.items() if one is None or not _readable(one)]
    if unread:
        return unknown("What a role of an identity allows is not known.", **observed, unread_roles=unread)
    changing = [_name(one) for one in custom if _changes(one)]
    if changing:
        said = f"Look whether the app needs all that the role {', '.join(changing)} may change; {_UNSEEN}."
        return manual(said, **observed, custom_roles=changing)
    return good(f"No identity of the app has an administrator's role of its own; {_UNSEEN}.", **observed)


def _kind(definition: Resource) -> str:
    return (definition.text("properties.type") or "").lower()


def _built_in(definition: Resource) -> bool:
    return _kind(definition) == "builtinrole"


def _readable(definition: Resource) -> bool:
    """Tell whether it is known what a role allows; of Azure's own the administrators are known by id."""
    custom = _kind(definition) == "customrole" and definition.objects("properties.permissions")
    return _built_in(definition) or bool(custom)


def _name(definition: Resource) -> str:
    return definition.text("properties.roleName") or definition.name


def _allowed(definition: Resource, member: str) -> list[str]:
    permissions = definition.objects("properties.permissions")
    return [action.lower() for one in permissions for action in one.texts(member)]


def _administers(definition: Resource) -> bool:
    """Tell whether a role may change resources of every provider or all data, or give roles away."""
    actions = _allowed(definition, "actions")
    return any(
        _every_provider(action) and not action.endswith("/read")
        for action in (*actions, *_allowed(definition, "dataActions"))
    ) or any(fnmatchcase(_GIVE_ROLES, action) for action in actions)


def _every_provider(action: str) -> bool:
    return "*" in action.partition("/")[0]


def _changes(definition: Resource) -> bool:
    return any(not action.endswith("/read") for action in _allowed(definition, "actions"))
