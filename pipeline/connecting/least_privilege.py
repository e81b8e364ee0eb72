"""Which of a principal's roles allow more than reading.

A role allows an action if one of its patterns matches and none of its own `notActions` does ("Understand
Azure role definitions"). Names of roles prove nothing, so definitions are read; three built-in roles are
known to write and three to read ("Azure built-in roles").
"""

import asyncio
from collections.abc import Iterable, Mapping

import msgspec

from collectors.contract import Reader
from collectors.errors import ResourceAbsent
from pipeline.connecting.setup_probes import ROLE_ASSIGNMENTS, ROLE_DEFINITION

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
USER_ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
SECURITY_READER = "39bc4728-0917-49c7-9d2c-d95423bc2eb4"
MONITORING_READER = "43d0d8ad-25c7-4714-9337-8ba259a9fe05"

WRITERS: Mapping[str, str] = {
    OWNER: "Owner",
    CONTRIBUTOR: "Contributor",
    USER_ACCESS_ADMINISTRATOR: "User Access Administrator",
}
READERS = frozenset({READER, SECURITY_READER, MONITORING_READER})
READING_ACTIONS = frozenset(
    {
        "microsoft.operationalinsights/workspaces/search/action",
        "microsoft.policyinsights/policystates/summarize/action",
        "microsoft.policyinsights/policystates/queryresults/action",
    }
)
VERBS = ("write", "delete", "action")


class Excess(msgspec.Struct, frozen=True):
    """What was found.

    Args:
        writers: names of roles that allow more than reading.
        unresolved: ids of roles whose definition nobody would show.
        roles: how many roles there are in all.
    """

    writers: tuple[str, ...]
    unresolved: tuple[str, ...]
    roles: int


class _AssignmentProperties(msgspec.Struct, frozen=True, rename="camel"):
    role_definition_id: str
    principal_id: str
    principal_type: str = ""


class _Assignment(msgspec.Struct, frozen=True):
    properties: _AssignmentProperties


class _Permission(msgspec.Struct, frozen=True, rename="camel"):
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        return _can_write(self.actions, self.not_actions) or _can_write(
            self.data_actions, self.not_data_actions
        )


class _DefinitionProperties(msgspec.Struct, frozen=True, rename="camel"):
    role_name: str
    permissions: tuple[_Permission, ...] = ()


class _Definition(msgspec.Struct, frozen=True):
    properties: _DefinitionProperties


async def excess_roles(reader: Reader, principal_id: str) -> Excess:
    """Read a principal's roles in the subscription and judge each.

    Takes a reader of the subscription and the principal's object id. Roles of groups that it is a member of
    count, as `assignedTo` gives them.

    Raises:
        CollectionError: the assignments, or a definition that exists, could not be read.
    """
    assignments = await reader.items(ROLE_ASSIGNMENTS, _Assignment, principal_id=principal_id)
    ids = _role_ids(assignments, principal_id)
    others = [role_id for role_id in ids if role_id not in WRITERS and role_id not in READERS]
    definitions = await asyncio.gather(*(_definition(reader, role_id) for role_id in others))
    known = [found.properties for found in definitions if found is not None]
    written = [role.role_name for role in known if any(entry.writes for entry in role.permissions)]
    return Excess(
        writers=(*(WRITERS[role_id] for role_id in ids if role_id in WRITERS), *written),
        unresolved=tuple(
            role_id for role_id, found in zip(others, definitions, strict=True) if found is None
        ),
        roles=len(ids),
    )


def _role_ids(assignments: Iterable[_Assignment], principal_id: str) -> list[str]:
    """Give the GUIDs of the roles, once each; the rest of a definition's id is spelled in several ways."""
    mine = (
        entry.properties.role_definition_id.rpartition("/")[2].lower()
        for entry in assignments
        if entry.properties.principal_id.lower() == principal_id.lower()
        or entry.properties.principal_type.lower() == "group"
    )
    return list(dict.fromkeys(mine))


async def _definition(reader: Reader, role_id: str) -> _Definition | None:
    try:
        return await reader.get(ROLE_DEFINITION, _Definition, role_definition_id=role_id)
    except ResourceAbsent:
        return None


def _can_write(actions: Iterable[str], not_actions: Iterable[str]) -> bool:
    denied = {pattern.lower() for pattern in not_actions}
    return any(_grants(pattern.lower(), verb, denied) for pattern in actions for verb in VERBS)


def _grants(pattern: str, verb: str, denied: set[str]) -> bool:
    """Tell whether a pattern reaches a verb: it ends with it or with a star, and nothing takes it back."""
    if pattern in READING_ACTIONS or not pattern.endswith((f"/{verb}", "*")):
        return False
    return denied.isdisjoint({pattern, "*", f"*/{verb}"})
