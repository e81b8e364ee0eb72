"""What is read of Azure Policy: assignments, exemptions, initiatives, and the two POSTs that only read."""

from collectors.contract import Read

_AUTHORIZATION = "/subscriptions/{subscription_id}/providers/Microsoft.Authorization"
_STATES = "/subscriptions/{subscription_id}/providers/Microsoft.PolicyInsights/policyStates/latest"

# Unfiltered, the list holds inherited assignments and those below the subscription too.
ASSIGNMENTS = Read(
    path=f"{_AUTHORIZATION}/policyAssignments",
    api_version="2025-01-01",
    permission="Microsoft.Authorization/policyAssignments/read",
)
# There is no stable version. Expired exemptions are in it.
EXEMPTIONS = Read(
    path=f"{_AUTHORIZATION}/policyExemptions",
    api_version="2024-12-01-preview",
    permission="Microsoft.Authorization/policyExemptions/read",
)
# The built-in initiatives hold none of the definitions that are looked for inside initiatives.
INITIATIVES = Read(
    path=f"{_AUTHORIZATION}/policySetDefinitions",
    api_version="2025-01-01",
    permission="Microsoft.Authorization/policySetDefinitions/read",
    query=(("$filter", "policyType eq 'Custom'"),),
)
SUMMARY = Read(
    path=f"{_STATES}/summarize",
    api_version="2024-10-01",
    permission="Microsoft.PolicyInsights/policyStates/summarize/action",
)
STATES = Read(
    path=f"{_STATES}/queryResults",
    api_version="2024-10-01",
    permission="Microsoft.PolicyInsights/policyStates/queryResults/action",
    query=(
        ("$filter", "complianceState eq 'NonCompliant'"),
        ("$select", "timestamp,resourceId,policyAssignmentId,policyDefinitionId,complianceState"),
    ),
)
