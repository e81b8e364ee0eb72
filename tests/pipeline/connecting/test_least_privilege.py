"""Which roles allow more than reading."""

import pytest

from collectors.errors import AccessDenied
from local.azure import arm_authorization
from local.azure.changes import AssignRole, RevokeRole
from local.azure.faults import Fault, Kind
from pipeline.connecting.least_privilege import Excess, excess_roles
from tests.pipeline.app import App

PRODUCTION = "production"


async def judged(app: App, *actions: str, not_actions: tuple[str, ...] = (), role: str = "Custom") -> Excess:
    """Give the connector a custom role beside Reader, and judge its roles."""
    app.azure.apply(AssignRole(subscription=PRODUCTION, role=role, actions=actions, not_actions=not_actions))
    return await excess_roles(app.reader(PRODUCTION), app.azure.connector.object_id)


async def test_the_three_readers(app: App) -> None:
    """Reader, Security Reader and Monitoring Reader allow no more than reading."""
    found = await excess_roles(app.reader(PRODUCTION), app.azure.connector.object_id)

    assert found == Excess(writers=(), unresolved=(), roles=3)


@pytest.mark.parametrize(
    "action",
    [
        "*",
        "*/write",
        "Microsoft.Storage/*",
        "Microsoft.Storage/storageAccounts/*",
        "Microsoft.Storage/storageAccounts/write",
        "Microsoft.Storage/storageAccounts/delete",
        "Microsoft.Storage/storageAccounts/listKeys/action",
        "MICROSOFT.STORAGE/STORAGEACCOUNTS/WRITE",
    ],
)
async def test_writing_actions(app: App, action: str) -> None:
    """A pattern that reaches a write, a delete or an action writes."""
    assert (await judged(app, "*/read", action)).writers == ("Custom",)


@pytest.mark.parametrize(
    "action",
    ["*/read", "Microsoft.Storage/*/read", "Microsoft.OperationalInsights/workspaces/search/action"],
)
async def test_reading_actions(app: App, action: str) -> None:
    """A pattern that only reaches reads does not, nor does the search that is a read."""
    assert (await judged(app, action)).writers == ()


@pytest.mark.parametrize(
    ("not_actions", "writers"),
    [
        (("*/write", "*/delete", "*/action"), ()),
        (("*/write", "*/delete"), ("Custom",)),
        (("Microsoft.Authorization/*/write",), ("Custom",)),
    ],
    ids=["all verbs", "two verbs", "one provider"],
)
async def test_what_is_taken_back(app: App, not_actions: tuple[str, ...], writers: tuple[str, ...]) -> None:
    """What a role takes back for every resource does not count, what it takes back for a few does."""
    assert (await judged(app, "*", not_actions=not_actions)).writers == writers


async def test_known_writer_without_definition(app: App) -> None:
    """Owner, Contributor and User Access Administrator need no definition to be known."""
    app.azure.apply(AssignRole(subscription=PRODUCTION, role="Owner"))
    app.azure.add_fault(Fault(kind=Kind.DENIED, path="*/roleDefinitions/*", count=None))

    found = await excess_roles(app.reader(PRODUCTION), app.azure.connector.object_id)

    assert found.writers == ("Owner",)


async def test_definition_denied(app: App) -> None:
    """A definition that may not be read raises: nothing is guessed."""
    app.azure.add_fault(Fault(kind=Kind.DENIED, path="*/roleDefinitions/*", count=None))

    with pytest.raises(AccessDenied):
        await judged(app, "*/read")


async def test_definition_gone(app: App) -> None:
    """A role that is defined nowhere is named by its id."""
    app.azure.apply(AssignRole(subscription=PRODUCTION, role="Gone", actions=("*/read",)))
    (gone,) = [role for role in app.azure.world.custom_roles if role.name == "Gone"]
    app.azure.world.custom_roles.clear()

    found = await excess_roles(app.reader(PRODUCTION), app.azure.connector.object_id)

    assert found.unresolved == (gone.role_id,)


async def test_no_roles(app: App) -> None:
    """A principal without roles has none too many."""
    app.azure.apply(RevokeRole(subscription=PRODUCTION))
    app.azure.apply(AssignRole(subscription=PRODUCTION, role="Reader", application="roleless-app"))

    found = await excess_roles(
        app.reader(PRODUCTION, app.azure.application("roleless-app")), app.azure.connector.object_id
    )

    assert found.roles == 0


@pytest.mark.parametrize(
    ("principal", "kind", "counted"),
    [("other", "ServicePrincipal", False), ("other", "Group", True), ("mine", "ServicePrincipal", True)],
)
async def test_whose_assignments_count(
    app: App, monkeypatch: pytest.MonkeyPatch, principal: str, kind: str, *, counted: bool
) -> None:
    """Assignments to the principal count, in any case, and to its groups; those to others do not."""
    mine = app.azure.connector.object_id
    role = "/providers/Microsoft.Authorization/RoleDefinitions/8E3AF657-A8FF-443C-A75C-2FE8C4BCB635"
    properties = {
        "roleDefinitionId": role,
        "principalId": mine.upper() if principal == "mine" else principal,
        "principalType": kind,
    }
    monkeypatch.setattr(arm_authorization, "_assignment", lambda *_: {"properties": properties})

    found = await excess_roles(app.reader(PRODUCTION), mine)

    assert found.writers == (("Owner",) if counted else ())
