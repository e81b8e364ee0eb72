"""What is read of access control: assignments, roles, locks, and who the principals are."""

from collectors.contract import Read

# A custom role of a management group is in no subscription's list, so it has to be asked for by its id.
ROLE = Read(
    path="/providers/Microsoft.Authorization/roleDefinitions/{id}",
    api_version="2022-04-01",
    permission="Microsoft.Authorization/roleDefinitions/read",
)
CLASSIC = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Authorization/classicAdministrators",
    api_version="2015-07-01",
    permission="Microsoft.Authorization/classicAdministrators/read",
)
# Resource Manager knows principals by their ids only. Each is asked for once, however many roles it has: a
# list of all users of the tenant would be far longer than that of the few who have a role here.
USER = Read(
    path="/v1.0/users/{id}",
    api_version="v1.0",
    permission="User.Read.All",
    query=(("$select", "id,accountEnabled,userType"),),
)
GROUP = Read(
    path="/v1.0/groups/{id}",
    api_version="v1.0",
    permission="GroupMember.Read.All",
    query=(("$select", "id"),),
)
# Who has a role through a group is only in the group, nested groups included.
MEMBERS = Read(
    path="/v1.0/groups/{id}/transitiveMembers",
    api_version="v1.0",
    permission="GroupMember.Read.All",
    query=(("$select", "id,accountEnabled,userType"),),
)
SERVICE_PRINCIPAL = Read(
    path="/v1.0/servicePrincipals/{id}",
    api_version="v1.0",
    permission="Application.Read.All",
    query=(("$select", "id,accountEnabled"),),
)
TENANT_CREATORS = Read(
    path="/v1.0/roleManagement/directory/roleAssignments",
    api_version="v1.0",
    permission="RoleManagement.Read.Directory",
    query=(("$filter", "roleDefinitionId eq '112ca1a2-15ad-4102-995e-45b0bc479a6a'"),),
)
