"""Log Analytics workspaces: who reaches them, with what credential, and how long they keep logs."""

from collections.abc import Mapping

from collectors.contract import Check, JsonValue
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, good, judged, manual, must_be_on, unknown
from collectors.monitor.reads import WORKSPACES

_ACCESS = ("properties.publicNetworkAccessForIngestion", "properties.publicNetworkAccessForQuery")
_RETENTION = "properties.retentionInDays"


def public_access(workspace: Resource) -> Judgement:
    """Judge both ways in, writing and reading; each is open where nothing was set (REST: default Enabled)."""
    found = {path: workspace.text(path) for path in _ACCESS}
    values = {(value or "Enabled").lower() for value in found.values()}
    observed: dict[str, JsonValue] = {**found}
    if "enabled" in values:
        return bad("Public networks may write to or query the workspace.", **observed)
    if values == {"disabled"}:
        return good("Public networks neither write to nor query the workspace.", **observed)
    if values <= {"disabled", "securedbyperimeter"}:
        said = "A network security perimeter decides who reaches the workspace: review its access rules."
        return manual(said, **observed)
    return unknown("Public network access has a value this version does not know.", **observed)


def retention(workspace: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge how long a workspace keeps logs unless a table says otherwise; -1 is without end."""
    kept = workspace.number(_RETENTION)
    if kept is None:
        return unknown("Azure does not say how long the workspace keeps logs.", **{_RETENTION: None})
    said = f"The workspace keeps logs for {kept:.0f} days." if kept >= 0 else "It keeps logs without end."
    return judged(kept >= limits["days"] or kept < 0, said, said, **{_RETENTION: kept})


WORKSPACE_RULES = (
    Rule(
        Check(
            id="monitor_log_analytics_public_access_blocked",
            title="Log Analytics reached by private networks only",
            severity="medium",
            rationale="Logs can be forged or read from anywhere while public networks reach the workspace.",
            remediation="Portal: Log Analytics workspace > Network isolation > both switches to No. CLI: az "
            "monitor log-analytics workspace update -n <name> -g <group> --ingestion-access Disabled "
            "--query-access Disabled",
            permission=WORKSPACES.permission,
        ),
        public_access,
    ),
    Rule(
        Check(
            id="monitor_log_analytics_entra_ingestion_only",
            title="Log Analytics ingestion by Entra identities only",
            severity="low",
            rationale="Whoever holds the workspace key can write what they like into the logs.",
            remediation="Portal: Policy > Definitions > Log Analytics Workspaces should block non-Azure "
            "Active Directory based ingestion > Assign; the workspace's own pages have no switch. CLI: az "
            "resource update --ids <workspace id> --set properties.features.disableLocalAuth=true",
            permission=WORKSPACES.permission,
        ),
        # WorkspaceFeatures: "Disable Non-AAD based Auth", opt-in.
        must_be_on("properties.features.disableLocalAuth", "Refusing workspace keys", absent=False),
    ),
    Rule(
        Check(
            id="monitor_log_analytics_retention_one_year",
            title="Log Analytics keeps logs for a year",
            severity="medium",
            rationale="Break-ins are often found months later, when short-lived logs are gone.",
            remediation="Portal: Log Analytics workspace > Usage and estimated costs > Data Retention. CLI: "
            "az monitor log-analytics workspace update -n <name> -g <group> --retention-time 365",
            permission=WORKSPACES.permission,
            thresholds={"days": 365},
        ),
        within=retention,
    ),
)
