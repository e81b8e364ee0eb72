"""Azure role-based access control: who may do what in the subscription, and who they are."""

from collectors.contract import Collector
from collectors.declarations.azure_roles import role_id
from collectors.declarations.configuration import Child, Kind, configuration
from collectors.declarations.shared_reads import LOCKS, ROLE_ASSIGNMENTS, ROLE_DEFINITIONS
from collectors.rbac import principals, reads, subscription
from collectors.rbac.principals import has_type, principal_id
from collectors.rbac.roles import is_custom, unlisted

PRINCIPALS = {
    "role": Child(reads.ROLE, when=unlisted, of=role_id),
    "user": Child(reads.USER, when=has_type("user"), of=principal_id),
    "group": Child(reads.GROUP, when=has_type("group"), of=principal_id),
    "members": Child(reads.MEMBERS, many=True, when=has_type("group"), of=principal_id),
    "service_principal": Child(reads.SERVICE_PRINCIPAL, when=has_type("serviceprincipal"), of=principal_id),
}
KINDS = (
    Kind("role assignments", ROLE_ASSIGNMENTS, principals.RULES, PRINCIPALS),
    Kind("custom roles", ROLE_DEFINITIONS, subscription.CUSTOM_ROLE_RULES, keep=is_custom),
)

COLLECTOR = Collector(
    service="rbac",
    title="Azure role-based access control",
    reads_what="Role assignments, roles, locks and classic administrators, and whether principals are "
    "guests, blocked or gone.",
    roles=(
        "Reader",
        "Microsoft Graph: User.Read.All",
        "Microsoft Graph: GroupMember.Read.All",
        "Microsoft Graph: Application.Read.All",
        "Microsoft Graph: RoleManagement.Read.Directory",
    ),
    version="1",
    parts=(
        configuration(
            "rbac",
            "Access Control Configuration",
            KINDS,
            shared={
                "assignments": ROLE_ASSIGNMENTS,
                "definitions": ROLE_DEFINITIONS,
                "locks": LOCKS,
                "classic": reads.CLASSIC,
                "tenant_creators": reads.TENANT_CREATORS,
            },
            subscription_rules=subscription.SUBSCRIPTION_RULES,
        ),
    ),
)
