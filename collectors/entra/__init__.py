"""Microsoft Entra ID: how people sign in, what they may do, and which applications hold secrets."""

from collectors.contract import Collector
from collectors.declarations import shared_reads
from collectors.declarations.configuration import Kind, configuration
from collectors.entra import conditional_access, privileges, reads, tenant
from collectors.entra.applications import APPLICATION_RULES
from collectors.entra.objects import as_administrator, as_application, as_tenant, as_user
from collectors.entra.users import ADMINISTRATOR_RULES, USER_RULES, is_administrator

TENANT_RULES = (*conditional_access.RULES, *tenant.RULES, *privileges.RULES)
KINDS = (
    Kind("users", reads.USERS, USER_RULES, shape=as_user),
    Kind("administrators", reads.DETAILS, ADMINISTRATOR_RULES, keep=is_administrator, shape=as_administrator),
    Kind("applications", reads.APPLICATIONS, APPLICATION_RULES, shape=as_application),
    Kind("tenants", reads.SUBSCRIPTION, TENANT_RULES, shape=as_tenant),
)
SHARED = {
    "users": reads.USERS,
    "sign_ins": reads.SIGN_INS,
    "details": reads.DETAILS,
    "policies": reads.CONDITIONAL_ACCESS,
    "locations": reads.LOCATIONS,
    "group_settings": reads.GROUP_SETTINGS,
    "roles": reads.ROLE_ASSIGNMENTS,
    "schedules": reads.SCHEDULES,
    "eligible": reads.ELIGIBLE,
    "reviews": reads.REVIEWS,
    "azure_roles": shared_reads.ROLE_ASSIGNMENTS,
}
OBJECTS = {
    "subscription": reads.SUBSCRIPTION,
    "security_defaults": reads.SECURITY_DEFAULTS,
    "authorization": reads.AUTHORIZATION,
    "methods": reads.METHODS,
    "devices": reads.DEVICES,
    "transfers": reads.TRANSFERS,
}

COLLECTOR = Collector(
    service="entra",
    title="Microsoft Entra ID",
    reads_what="Users, administrators, applications, Conditional Access and settings of the tenant.",
    roles=(
        "Microsoft Graph: User.Read.All",
        "Microsoft Graph: AuditLog.Read.All",
        "Microsoft Graph: Policy.Read.All",
        "Microsoft Graph: Policy.Read.DeviceConfiguration",
        "Microsoft Graph: Application.Read.All",
        "Microsoft Graph: RoleManagement.Read.Directory",
        "Microsoft Graph: GroupSettings.Read.All",
        "Microsoft Graph: AccessReview.Read.All",
        "Reader",
    ),
    version="1",
    parts=(
        configuration(
            "entra",
            "Entra ID Configuration",
            KINDS,
            shared=SHARED,
            objects=OBJECTS,
            subscription_rules=privileges.SUBSCRIPTION_RULES,
        ),
    ),
)
