"""Access control: each check by what it passes, fails, and makes of what Azure or Graph leave out."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from collectors.contract import JsonValue, Verdict
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.errors import AccessDenied, PageLoop, ResourceAbsent, Terminal
from collectors.rbac import COLLECTOR, principals, subscription
from local.azure import SimulatedAzure
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import reading

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
GROUP = "/providers/Microsoft.Management/managementGroups/m"
ROOT = "providers/Microsoft.Authorization"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
NO_GRAPH = AccessDenied("No.", permission="User.Read.All", scope="/")


def role(
    role_id: str, *actions: str, kind: str = "BuiltInRole", scopes: tuple[str, ...] = ("/",)
) -> Resource:
    """Define a role."""
    permissions: list[JsonValue] = [{"actions": list(actions)}]
    properties: JsonObject = {"type": kind, "permissions": permissions, "assignableScopes": list(scopes)}
    return Resource({"id": f"{SCOPE}/{ROOT}/roleDefinitions/{role_id}", "properties": properties})


ROLES = (role(OWNER, "*"), role(CONTRIBUTOR, "*"), role(READER, "*/read"), role(ADMINISTRATOR, "x/*"))
type Parts = Mapping[str, Resource | tuple[Resource, ...] | Terminal | None]
MEMBER: JsonObject = {"id": "u", "userType": "Member", "accountEnabled": True}
GUEST: JsonObject = {"id": "u", "userType": "GUEST", "accountEnabled": True}
BLOCKED: JsonObject = {"id": "u", "userType": "Member", "accountEnabled": False}
MUTE: JsonObject = {"id": "u"}
STRANGE: JsonObject = {"id": "u", "userType": "Robot", "accountEnabled": True}
ROBOT: JsonObject = {"@odata.type": "#microsoft.graph.servicePrincipal", "id": "s"}


def assignment(
    role_id: str, kind: str | None = "User", scope: str | None = SCOPE, parts: Parts | None = None
) -> Resource:
    """Assign a role."""
    properties: JsonObject = {
        "roleDefinitionId": f"/PROVIDERS/x/{role_id.upper()}",
        "principalId": "p",
        "principalType": kind,
        "scope": scope,
    }
    nothing: Parts = dict.fromkeys(("role", "user", "group", "members", "service_principal"))
    shared = {"definitions": ROLES}
    return Resource(
        {"id": "/a", "properties": properties}, Surroundings(NOW, shared), {**nothing, **(parts or {})}
    )


def verdict(check_id: str, found: Resource) -> str:
    """Judge an assignment by one check."""
    said = {one.check_id: one.status.value for one in evaluate(found, principals.RULES)}
    return said[f"rbac_{check_id}"]


def of_user(role_id: str, user: JsonObject | None) -> Resource:
    """Assign a role to a user."""
    return assignment(role_id, "user", parts={"user": Resource(user) if user else None})


def of_group(role_id: str, *members: JsonObject) -> Resource:
    """Assign a role to a group."""
    rows = tuple(map(Resource, members))
    return assignment(role_id, "Group", parts={"group": Resource({"id": "p"}), "members": rows})


@pytest.mark.parametrize(
    ("check_id", "found", "expected"),
    [
        ("guest_owner_absent", of_user(OWNER, MEMBER), "pass"),
        ("guest_owner_absent", of_user(OWNER, GUEST), "fail"),
        ("guest_owner_absent", of_user(OWNER, MUTE), "unknown"),
        ("guest_owner_absent", of_user(OWNER, STRANGE), "unknown"),
        ("guest_owner_absent", of_group(OWNER, STRANGE, {**GUEST, "id": "v"}), "fail"),
        ("guest_owner_absent", assignment(OWNER, "Robot"), "unknown"),
        ("guest_write_absent", of_user(CONTRIBUTOR, STRANGE), "unknown"),
        ("guest_read_absent", of_user(READER, STRANGE), "unknown"),
        ("guest_owner_absent", of_user(OWNER, None), "not_applicable"),
        ("guest_owner_absent", of_user(READER, GUEST), "not_applicable"),
        ("guest_owner_absent", of_group(OWNER, MEMBER), "pass"),
        ("guest_owner_absent", of_group(OWNER, MEMBER, {**GUEST, "id": "v"}), "fail"),
        ("guest_owner_absent", assignment(OWNER, "Group", parts={"members": ()}), "not_applicable"),
        ("guest_owner_absent", assignment(OWNER, "ServicePrincipal"), "not_applicable"),
        ("guest_owner_absent", assignment(OWNER, "ForeignGroup"), "manual"),
        ("guest_owner_absent", assignment(OWNER, None), "unknown"),
        ("guest_write_absent", of_user(CONTRIBUTOR, MEMBER), "pass"),
        ("guest_write_absent", of_user(CONTRIBUTOR, GUEST), "fail"),
        ("guest_write_absent", of_user("none", GUEST), "unknown"),
        ("guest_write_absent", of_user(OWNER, GUEST), "not_applicable"),
        ("guest_read_absent", of_user(READER, MEMBER), "pass"),
        ("guest_read_absent", of_user(READER, GUEST), "fail"),
        ("guest_read_absent", of_user(READER, MUTE), "unknown"),
        ("blocked_owner_absent", of_user(OWNER, MEMBER), "pass"),
        ("blocked_owner_absent", of_user(OWNER, BLOCKED), "fail"),
        ("blocked_owner_absent", of_user(OWNER, MUTE), "unknown"),
        ("blocked_accounts_absent", of_user(READER, MEMBER), "pass"),
        ("blocked_accounts_absent", of_user(CONTRIBUTOR, BLOCKED), "fail"),
        ("blocked_accounts_absent", of_user(OWNER, BLOCKED), "not_applicable"),
        ("service_principal_owner_absent", assignment(OWNER, "User"), "pass"),
        ("service_principal_owner_absent", assignment(OWNER, "servicePrincipal"), "fail"),
        ("service_principal_owner_absent", assignment(OWNER, None), "unknown"),
        ("service_principal_owner_absent", assignment(OWNER, "Robot"), "unknown"),
        ("service_principal_owner_absent", assignment(OWNER, "Device"), "pass"),
        ("service_principal_owner_absent", assignment(OWNER, "ForeignGroup"), "manual"),
        ("service_principal_owner_absent", of_group(OWNER, MEMBER), "pass"),
        ("service_principal_owner_absent", of_group(OWNER, MEMBER, ROBOT), "fail"),
        (
            "service_principal_owner_absent",
            assignment(OWNER, "Group", parts={"members": NO_GRAPH}),
            "unknown",
        ),
        ("service_principal_owner_absent", assignment(READER, "ServicePrincipal"), "not_applicable"),
        ("orphaned_assignments_absent", of_user(READER, MEMBER), "pass"),
        ("orphaned_assignments_absent", of_user(READER, None), "fail"),
        ("orphaned_assignments_absent", assignment(READER, "ServicePrincipal"), "fail"),
        ("orphaned_assignments_absent", assignment(READER, None), "unknown"),
        ("orphaned_assignments_absent", assignment(READER, "ForeignGroup"), "not_applicable"),
        ("user_access_admin_restricted", assignment(ADMINISTRATOR), "pass"),
        ("user_access_admin_restricted", assignment(ADMINISTRATOR, scope=GROUP), "pass"),
        ("user_access_admin_restricted", assignment(ADMINISTRATOR, scope="/"), "fail"),
        ("user_access_admin_restricted", assignment(ADMINISTRATOR, scope=None), "unknown"),
        ("user_access_admin_restricted", assignment(READER, scope="/"), "not_applicable"),
    ],
)
def test_an_assignment_says(check_id: str, found: Resource, expected: str) -> None:
    """What it is there to say."""
    assert verdict(check_id, found) == expected


def test_what_else_is_in_a_group_is_no_guest() -> None:
    """Devices and service principals have no user type, and are none."""
    device: JsonObject = {"@odata.type": "#microsoft.graph.device", "id": "d"}

    assert verdict("guest_owner_absent", of_group(OWNER, MEMBER, device)) == "pass"


def test_without_graph_only_what_needs_it_is_unknown() -> None:
    """Whether the role is Owner is known all the same."""
    said = {
        one.check_id: one for one in evaluate(assignment(READER, parts={"user": NO_GRAPH}), principals.RULES)
    }

    unknown = {name for name, one in said.items() if one.status == "unknown"}
    assert unknown == {f"rbac_{name}" for name in ("guest_read_absent", "blocked_accounts_absent")} | {
        "rbac_orphaned_assignments_absent"
    }
    assert said["rbac_guest_read_absent"].observed["missing_permission"] == "User.Read.All"


def subscription_verdict(check_id: str, **shared: tuple[Resource, ...] | Terminal) -> str:
    """Judge the subscription by one check."""
    known: dict[str, tuple[Resource, ...] | Terminal] = {"assignments": (), "definitions": ROLES, **shared}
    for name in ("locks", "classic", "tenant_creators"):
        known.setdefault(name, ())
    found = evaluate(Resource({"id": SCOPE}, Surroundings(NOW, known)), subscription.SUBSCRIPTION_RULES)
    return next(one.status.value for one in found if one.check_id == f"rbac_{check_id}")


def owners(*kinds: str, scope: str = SCOPE) -> tuple[Resource, ...]:
    """Make owners of some kinds."""
    return tuple(
        Resource(
            {
                "id": f"/{number}",
                "properties": {
                    "roleDefinitionId": OWNER,
                    "principalId": f"p{number}",
                    "principalType": kind,
                    "scope": scope,
                },
            }
        )
        for number, kind in enumerate(kinds)
    )


USER = "User"


@pytest.mark.parametrize(
    ("found", "at_most", "at_least"),
    [
        (owners(), "pass", "fail"),
        (owners(USER), "pass", "fail"),
        (owners(USER, "ServicePrincipal"), "pass", "fail"),
        (owners(USER, USER), "pass", "pass"),
        (owners(USER, USER, USER), "pass", "pass"),
        (owners(USER, USER, USER, USER), "fail", "pass"),
        (owners(USER, USER, scope="/"), "pass", "pass"),
        (owners(USER, USER, USER, USER, scope=GROUP), "fail", "pass"),
        (owners(USER, USER, USER, USER, scope=f"{SCOPE}/resourceGroups/g"), "pass", "fail"),
        (owners("Group"), "manual", "manual"),
        (owners(USER, USER) + owners(USER, USER, scope="/"), "pass", "pass"),
    ],
)
def test_owners_are_counted(found: tuple[Resource, ...], at_most: str, at_least: str) -> None:
    """Inherited ones too, each principal once; those of a resource group are owners of nothing else."""
    said = [subscription_verdict(f"owner_count_{name}", assignments=found) for name in ("max", "min")]

    assert said == [at_most, at_least]


LOCKER = role("l", "Microsoft.Authorization/locks/write", kind="CustomRole")
LOOKER = role("l", "Microsoft.Authorization/locks/read", kind="CustomRole")
CLASSIC = Resource({"id": "/c", "properties": {"role": "CoAdministrator;AccountAdministrator"}})


@pytest.mark.parametrize(
    ("check_id", "shared", "expected"),
    [
        ("privileged_assignments_reviewed", {}, "pass"),
        ("privileged_assignments_reviewed", {"assignments": owners(USER)}, "manual"),
        ("tenant_creator_reviewed", {}, "pass"),
        ("tenant_creator_reviewed", {"tenant_creators": (Resource({"principalId": "p"}),)}, "manual"),
        ("tenant_creator_reviewed", {"tenant_creators": NO_GRAPH}, "unknown"),
        ("classic_admins_absent", {}, "not_applicable"),
        ("classic_admins_absent", {"classic": (CLASSIC,)}, "fail"),
        ("classic_admins_absent", {"classic": ResourceAbsent("Gone.")}, "not_applicable"),
        ("classic_admins_absent", {"classic": NO_GRAPH}, "unknown"),
        ("classic_admins_absent", {"classic": PageLoop("Round.")}, "unknown"),
        ("resource_locks_set", {}, "fail"),
        ("resource_locks_set", {"locks": (Resource({"id": "/l", "properties": {}}),)}, "manual"),
        ("resource_lock_role_exists", {}, "fail"),
        ("resource_lock_role_exists", {"definitions": (LOCKER,)}, "pass"),
        ("resource_lock_role_exists", {"definitions": (LOOKER,)}, "fail"),
    ],
)
def test_a_subscription_says(
    check_id: str, shared: dict[str, tuple[Resource, ...] | Terminal], expected: str
) -> None:
    """What it is there to say: classic administrators were retired, and a list that is gone shows none."""
    assert subscription_verdict(check_id, **shared) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (role("c", "*", scopes=(SCOPE,)), "fail"),
        (role("c", "*", scopes=(GROUP,)), "fail"),
        (role("c", "*", scopes=(f"{SCOPE}/resourceGroups/g",)), "pass"),
        (role("c", "Microsoft.Compute/*", scopes=(SCOPE,)), "pass"),
        (role("c", scopes=()), "pass"),
    ],
)
def test_a_custom_role_is_no_owner(found: Resource, expected: str) -> None:
    """Everything, on a whole subscription or more, is what an owner may do."""
    one = Resource(found.raw, Surroundings(NOW, {"assignments": ()}))
    said = {made.check_id: made.status.value for made in evaluate(one, subscription.CUSTOM_ROLE_RULES)}

    assert said == {"rbac_custom_owner_role_absent": expected, "rbac_custom_roles_audited": "manual"}


async def read(answers: dict[str, Answer]) -> tuple[dict[tuple[str, str], str], PathReader, int]:
    """Read a subscription; gives its verdicts, the reader, and how many gaps there are."""
    names = ("roleAssignments", "roleDefinitions", "locks", "classicAdministrators")
    nothing: dict[str, Answer] = {f"{ROOT}/{name}": [] for name in names}
    nothing["/v1.0/roleManagement/directory/roleAssignments"] = []
    reader = PathReader({**nothing, **answers})
    made, verdicts = await read_part(COLLECTOR.parts[0], reader)
    return statuses(verdicts), reader, len(made.gaps)


async def test_an_empty_subscription_has_one_verdict_per_check() -> None:
    """Nobody and nothing there is said once per check."""
    found, _, gaps = await read({})

    assert (len(found), gaps) == (len(COLLECTOR.checks), 0)


async def test_a_refused_list_is_a_gap() -> None:
    """Nothing is said of assignments that were not read; what is known is said."""
    found, _, gaps = await read({f"{ROOT}/roleAssignments": NO_GRAPH})

    assert gaps == 1
    assert found["rbac_owner_count_max", SCOPE.rpartition("/")[2]] == "unknown"
    assert found["rbac_resource_locks_set", SCOPE.rpartition("/")[2]] == "fail"


async def test_a_role_of_a_management_group_is_resolved_by_its_id() -> None:
    """It is in no list of the subscription; those that are get no request of their own."""
    rows = [{**of_user(one, None).raw, "id": f"/{one}"} for one in ("inherited", READER)]
    path = f"/{ROOT}/roleDefinitions/INHERITED".lower()
    answers: dict[str, Answer] = {
        f"{ROOT}/roleAssignments": rows,
        f"{ROOT}/roleDefinitions": [ROLES[2].raw],
        path: role("inherited", "x/write").raw,
        "/v1.0/users/p": GUEST,
    }
    found, reader, _ = await read(answers)

    assert found["rbac_guest_write_absent", "inherited"] == "fail"
    assert [one for one in reader.sent if "roledefinitions/" in one.lower()] == [
        f"/{ROOT}/roleDefinitions/inherited"
    ]


async def official() -> tuple[dict[str, Verdict], int]:
    """Read the subscription that answers with Microsoft's examples, as an application without Graph."""
    found: dict[str, Verdict] = {}

    async def keep(one: Verdict) -> None:
        found[f"{one.check_id}@{one.resource_id.rpartition('/')[2]}"] = one

    async with SimulatedAzure("specification") as azure:
        azure.connector.graph_permissions = frozenset()
        async with reading(azure, "specification") as reader:
            answer = await COLLECTOR.parts[0].collect(reader, keep)
    return found, len(getattr(answer, "gaps", ()))


async def test_official_bodies_are_read_without_graph() -> None:
    """Microsoft's example assigns to a user: who that is takes consent, and the verdict says which."""
    found, gaps = await official()

    said = found["rbac_orphaned_assignments_absent@b0f43c54-e787-4862-89b1-a653fa9cf747"]
    assert gaps == 0
    assert (said.status.value, said.observed["missing_permission"]) == ("unknown", "User.Read.All")
    assert found["rbac_classic_admins_absent@20ff7fc3-e762-44dd-bd96-b71116dcdc23"].status.value == "fail"
