"""Azure Policy: assignments here, inherited, contained and idle, exemptions, and what does not comply."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

ASSIGNMENT = "Microsoft.Authorization/policyAssignments"
EXEMPTION = "Microsoft.Authorization/policyExemptions"
GROUP = "/providers/Microsoft.Management/managementGroups/example"
BENCHMARK = "/providers/Microsoft.Authorization/policySetDefinitions/1f3afdf9-d0c9-4c3d-847f-89da613e70a8"
LOCATIONS = "/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c"
TYPES = "/providers/Microsoft.Authorization/policyDefinitions/a08ec900-254a-4555-9bf5-e42af04b5c5c"
EVALUATED_AT = "2026-11-20T03:12:44Z"


def build(estate: Estate) -> None:
    """Add the assignments, the exemptions, the states and what is true of them."""
    _assignments(estate)
    _exemptions(estate)
    estate.expect(
        estate.scope, "pass", "policy_mcsb_initiative_assigned", "policy_allowed_locations_assigned"
    )
    # One policy of the benchmark is switched off; resource types are restricted without enforcement only.
    estate.expect(estate.scope, "fail", "policy_mcsb_not_disabled", "policy_allowed_resource_types_assigned")


def _assign(estate: Estate, scope: str, name: str, definition: str, **more: object) -> str:
    resource_id = f"{scope}/providers/{ASSIGNMENT}/{name}"
    properties: JsonObject = {"displayName": name, "policyDefinitionId": definition, "scope": scope, **more}
    body: JsonObject = {"id": resource_id, "name": name, "type": ASSIGNMENT, "properties": properties}
    estate.list_at(f"{estate.scope}/providers/{ASSIGNMENT}").append(body)
    return resource_id


def _assignments(estate: Estate) -> None:
    off = {"identityMfaEffect": {"value": "disabled"}, "tlsEffect": {"value": "AuditIfNotExists"}}
    benchmark = _assign(estate, GROUP, "mcsb", BENCHMARK.lower(), parameters=off, notScopes=[])
    _summarise(estate, benchmark, policies=3, resources=["vm-a", "vm-b"])
    estate.expect(benchmark, "fail", "policy_compliance_state")

    # Allowed locations come inside a custom initiative.
    residency = f"{estate.scope}/providers/Microsoft.Authorization/policySetDefinitions/residency"
    inside: JsonObject = {"policyType": "Custom", "policyDefinitions": [{"policyDefinitionId": LOCATIONS}]}
    rows = estate.list_at(f"{estate.scope}/providers/Microsoft.Authorization/policySetDefinitions")
    rows.append({"id": residency, "name": "residency", "properties": inside})
    # The summary spells ids in lower case.
    compliant = _assign(estate, estate.scope, "Residency", residency)
    _summarise(estate, compliant.lower(), policies=0, resources=[])
    estate.expect(compliant, "pass", "policy_compliance_state")

    idle = _assign(estate, estate.scope, "types-idle", TYPES, enforcementMode="DoNotEnforce")
    below = _assign(estate, f"{estate.scope}/resourceGroups/rg-estate", "types-below", TYPES)
    elsewhere = _assign(estate, GROUP, "types-elsewhere", TYPES, notScopes=[estate.scope.upper()])
    # A resource group is left out of it, so that it is not for the whole subscription.
    in_part = _assign(estate, GROUP, "types-in-part", TYPES, notScopes=[f"{estate.scope}/resourceGroups/rg"])
    for fresh in (idle, below, elsewhere, in_part):
        estate.expect(fresh, "unknown", "policy_compliance_state")
    for number in range(estate.copies - 1):
        copy = _assign(estate, estate.scope, f"copy-{number}", f"{estate.scope}/policyDefinitions/{number}")
        estate.expect(copy, "unknown", "policy_compliance_state")


def _summarise(estate: Estate, assignment: str, *, policies: int, resources: list[str]) -> None:
    """Write down what Azure Policy found, in the two spellings of its two POSTs."""
    root = f"{estate.scope}/providers/Microsoft.PolicyInsights/policyStates/latest"
    details = [{"complianceState": "noncompliant", "count": len(resources)}]
    results = {
        "nonCompliantPolicies": policies,
        "nonCompliantResources": len(resources),
        "resourceDetails": [*details, {"complianceState": "compliant", "count": 12}],
    }
    whole: JsonObject = {"results": results, "policyAssignments": []}
    summary = estate.posts.setdefault(f"{root}/summarize".lower(), {"@odata.count": 1, "value": [whole]})
    states = estate.posts.setdefault(f"{root}/queryResults".lower(), {"value": []})
    for body, row in ((summary, {"policyAssignmentId": assignment, "results": results}),):
        kept = body["value"]
        if isinstance(kept, list):
            kept[0]["policyAssignments"].append(row)
    rows = states["value"]
    if isinstance(rows, list):
        rows.extend(_state(estate, assignment, name) for name in resources)


def _state(estate: Estate, assignment: str, name: str) -> JsonObject:
    return {
        "timestamp": EVALUATED_AT,
        "resourceId": estate.resource_id("Microsoft.Compute/virtualMachines", name),
        "policyAssignmentId": assignment,
        "policyDefinitionId": TYPES,
        "complianceState": "NonCompliant",
    }


def _exemptions(estate: Estate) -> None:
    now = datetime.now(UTC)
    ends = {
        "ends-soon": (now + timedelta(days=90), "pass"),
        "ends-late": (now + timedelta(days=900), "fail"),
        "ended": (now - timedelta(days=9), "not_applicable"),
        "never-ends": (None, "fail"),
    }
    for name, (at, status) in ends.items():
        more = {} if at is None else {"expiresOn": at.strftime("%Y-%m-%dT%H:%M:%S.0000000Z")}
        properties: JsonObject = {
            "policyAssignmentId": f"{GROUP}/providers/{ASSIGNMENT}/mcsb",
            "exemptionCategory": "Waiver",
            **more,
        }
        estate.expect(estate.add(EXEMPTION, name, properties), status, "policy_exemptions_reviewed")
