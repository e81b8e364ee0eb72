"""Logs of the tenant: whether what Entra, Microsoft Graph and Intune record is sent anywhere."""

from collectors.contract import Check, JsonValue
from collectors.declarations.diagnostics import logs_not_sent
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, Rule, judged, manual
from collectors.monitor.activity_log import sending
from collectors.monitor.reads import ENTRA_SETTINGS, INTUNE_SETTINGS

# The sign-in logs of people and of applications are four categories (Microsoft Learn, "Microsoft Entra
# activity log integration options").
ENTRA_LOGS = (
    "AuditLogs",
    "SignInLogs",
    "NonInteractiveUserSignInLogs",
    "ServicePrincipalSignInLogs",
    "ManagedIdentitySignInLogs",
)
GRAPH_LOGS = ("MicrosoftGraphActivityLogs",)
INTUNE_LOGS = ("AuditLogs", "OperationalLogs")


def exported(name: str, what: str, wanted: tuple[str, ...]) -> Judge:
    """Make a judge that demands that the tenant's settings send categories of logs.

    Args:
        name: of the list of settings.
        what: the logs, beginning a sentence.
    """

    def judge(subscription: Resource) -> Judgement:
        settings = sending(subscription.shared(name))
        missing = logs_not_sent(settings, wanted, groups=("allLogs",))
        observed: dict[str, JsonValue] = {"settings": [one.name for one in settings], "missing": missing}
        no = f"{what} are not all sent on; missing are: {', '.join(missing)}."
        return judged(not missing, f"{what} are sent on.", no, **observed)

    return judge


_intune_exported = exported("intune", "Intune's logs", INTUNE_LOGS)


def intune_exported(subscription: Resource) -> Judgement:
    """Judge Intune's settings; where there is none, nobody can read here whether the tenant uses Intune."""
    if subscription.shared("intune"):
        return _intune_exported(subscription)
    return manual("No setting sends Intune's logs: confirm that the tenant does not use Intune.", settings=[])


_PORTAL = "Portal: Entra admin center > Monitoring & health > Diagnostic settings > Add diagnostic setting"
_BICEP = "Bicep: microsoft.aadiam/diagnosticSettings@2017-04-01 with targetScope 'tenant'"

TENANT_RULES = (
    Rule(
        Check(
            id="monitor_entra_logs_exported",
            title="Entra activity logs exported",
            severity="medium",
            rationale="Entra keeps sign-ins for 30 days at most; who broke in is often asked later.",
            remediation=f"{_PORTAL} > AuditLogs and the four sign-in logs. {_BICEP}",
            permission=ENTRA_SETTINGS.permission,
        ),
        exported("entra", "Entra's audit and sign-in logs", ENTRA_LOGS),
        needs=("entra",),
    ),
    Rule(
        Check(
            id="monitor_graph_activity_logs_exported",
            title="Microsoft Graph activity logs exported",
            severity="low",
            rationale="What an application reads and changes through Microsoft Graph stands in no other log.",
            remediation=f"{_PORTAL} > MicrosoftGraphActivityLogs. {_BICEP}",
            permission=ENTRA_SETTINGS.permission,
        ),
        exported("entra", "Microsoft Graph's activity logs", GRAPH_LOGS),
        needs=("entra",),
    ),
    Rule(
        Check(
            id="monitor_intune_logs_exported",
            title="Intune logs exported",
            severity="low",
            rationale="Intune's log says who changed the rules that devices live by.",
            remediation="Portal: Intune admin center > Reports > Diagnostic settings > Add diagnostic "
            "setting > AuditLogs, OperationalLogs. CLI: az rest --method put --url https://management.azure.com"
            "/providers/microsoft.intune/diagnosticSettings/<name>?api-version=2017-04-01-preview --body ...",
            permission=INTUNE_SETTINGS.permission,
        ),
        intune_exported,
        needs=("intune",),
    ),
)
