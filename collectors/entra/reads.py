"""What is read of Microsoft Entra ID, each with the Graph application permission it needs."""

from collectors.contract import Read


def _graph(path: str, permission: str, *query: tuple[str, str]) -> Read:
    return Read(path=f"/v1.0/{path}", api_version="v1.0", permission=permission, query=query)


POLICIES = "Policy.Read.All"
ROLES = "RoleManagement.Read.Directory"

# A user has 11 members by default, and none of these but the id: they have to be asked for.
USERS = _graph(
    "users",
    "User.Read.All",
    ("$select", "id,displayName,userPrincipalName,accountEnabled,userType,createdDateTime"),
    ("$top", "999"),
)
# Sign-ins need another permission and a licence, and come in pages of 120: a list of their own, so that
# without them the users are still known.
SIGN_INS = _graph("users", "AuditLog.Read.All", ("$select", "id,signInActivity"), ("$top", "120"))
DETAILS = _graph("reports/authenticationMethods/userRegistrationDetails", "AuditLog.Read.All")
APPLICATIONS = _graph(
    "applications",
    "Application.Read.All",
    ("$select", "id,appId,displayName,passwordCredentials,keyCredentials"),
    ("$top", "999"),
)
CONDITIONAL_ACCESS = _graph("identity/conditionalAccess/policies", POLICIES)
LOCATIONS = _graph("identity/conditionalAccess/namedLocations", POLICIES)
SECURITY_DEFAULTS = _graph("policies/identitySecurityDefaultsEnforcementPolicy", POLICIES)
AUTHORIZATION = _graph("policies/authorizationPolicy", POLICIES)
METHODS = _graph("policies/authenticationMethodsPolicy", POLICIES)
# In v1.0 too, with this permission (Microsoft Graph, "Get deviceRegistrationPolicy").
DEVICES = _graph("policies/deviceRegistrationPolicy", "Policy.Read.DeviceConfiguration")
GROUP_SETTINGS = _graph("groupSettings", "GroupSettings.Read.All")
# One list of all roles: that of activated roles would take a request for the members of each.
ROLE_ASSIGNMENTS = _graph("roleManagement/directory/roleAssignments", ROLES, ("$expand", "principal"))
SCHEDULES = _graph("roleManagement/directory/roleAssignmentScheduleInstances", ROLES)
ELIGIBLE = _graph("roleManagement/directory/roleEligibilityScheduleInstances", ROLES)
REVIEWS = _graph("identityGovernance/accessReviews/definitions", "AccessReview.Read.All")

SUBSCRIPTION = Read(
    path="/subscriptions/{subscription_id}",
    api_version="2022-12-01",
    permission="Microsoft.Resources/subscriptions/read",
)
TRANSFERS = Read(
    path="/providers/Microsoft.Subscription/policies/default",
    api_version="2021-10-01",
    permission="Microsoft.Subscription/policies/read",
)
