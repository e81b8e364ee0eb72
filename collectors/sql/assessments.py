"""Vulnerability assessment: the express configuration, or else the classic one with its recurring scans."""

from collectors.contract import Check, JsonValue
from collectors.declarations.configuration import gap_judgement
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, Rule, bad, good, judged, manual, unknown
from collectors.sql.reads import CLASSIC_ASSESSMENT, EXPRESS_ASSESSMENT

_SCANS = "properties.recurringScans.isEnabled"
_ADMINS = "properties.recurringScans.emailSubscriptionAdmins"
_EMAILS = "properties.recurringScans.emails"
_EXPRESS = "The express configuration is on: it scans every week, and needs no storage account."
_NO_RECIPIENTS = (
    "The express configuration is on, which keeps no recipients: look whether a workflow automation or a "
    "notification of Defender for Cloud sends the scan results to somebody."
)
_NONE = "Vulnerability assessment was never set."
_NOT_SCANNING = "No recurring scan runs, so nothing is reported."


def _express(server: Resource) -> bool:
    setting = server.part("express")
    return setting is not None and setting.flag("properties.state") is True


def not_express(server: Resource) -> bool:
    """Tell whether the classic configuration decides: the express one is off, or was never set."""
    return server.gap(("express",)) is None and not _express(server)


def express_or(judge: Judge, express: Judgement) -> Judge:
    """Make a judge of a server that looks at the express configuration first.

    Takes how the classic configuration is judged, and what is said where the express one is on. The classic
    one is not looked at then, whatever it answers.
    """

    def decide(server: Resource) -> Judgement:
        return express if _express(server) else judge(server)

    return decide


def _classic(judge: Judge) -> Judge:
    def decide(server: Resource) -> Judgement:
        error = server.gap(("classic",))
        if error is not None:
            return gap_judgement(error)
        setting = server.part("classic")
        return bad(_NONE, vulnerability_assessment=None) if setting is None else judge(setting)

    return decide


def _on(setting: Resource) -> Judgement:
    # The container is told only to those who may see it, so its absence says nothing.
    scans, container = setting.flag(_SCANS), setting.text("properties.storageContainerPath")
    observed: dict[str, JsonValue] = {
        _SCANS: scans,
        "storage_container": None if container is None else bool(container),
    }
    if not scans and container is None:
        hidden = "No recurring scan runs, and Azure does not say whether there is a container for scans."
        return unknown(hidden, **observed)
    return judged(
        scans or container,
        "Vulnerability assessment is set up.",
        "Vulnerability assessment is not set up: no recurring scan runs.",
        **observed,
    )


def _scanning(setting: Resource) -> Judgement:
    scans = setting.flag(_SCANS)
    return judged(scans, "Recurring scans are on.", "Recurring scans are off.", **{_SCANS: scans})


def _reported(setting: Resource) -> Judgement:
    if not setting.flag(_SCANS):
        return bad(_NOT_SCANNING, **{_SCANS: setting.flag(_SCANS)})
    recipients = [one for text in setting.texts(_EMAILS) for one in text.split(";") if one.strip()]
    return judged(
        recipients,
        "Scan reports are sent to named recipients.",
        "Scan reports have no recipients.",
        recipients=len(recipients),
    )


def _admins_told(setting: Resource) -> Judgement:
    if not setting.flag(_SCANS):
        return bad(_NOT_SCANNING, **{_SCANS: setting.flag(_SCANS)})
    told = setting.flag(_ADMINS)
    # Absent means yes: the REST specification gives true as the default.
    return judged(
        told is not False,
        "Scan reports are sent to subscription administrators and owners.",
        "Scan reports are not sent to subscription administrators and owners.",
        **{_ADMINS: told},
    )


instance_assessed = _classic(_on)
assessed = express_or(_classic(_on), good(_EXPRESS, express=True))
scanning = express_or(_classic(_scanning), good(_EXPRESS, express=True))
reported = express_or(_classic(_reported), manual(_NO_RECIPIENTS, express=True))
admins_told = express_or(_classic(_admins_told), manual(_NO_RECIPIENTS, express=True))

ASSESSMENT_RULES = (
    Rule(
        Check(
            id="sql_vulnerability_assessment_enabled",
            title="Vulnerability assessment on",
            severity="medium",
            rationale="Scans find weak settings and rights before somebody else does.",
            remediation="Portal: SQL server > Microsoft Defender for Cloud > Configure > Enable express "
            "configuration. Bicep: Microsoft.Sql/servers/sqlVulnerabilityAssessments, state: 'Enabled'",
            permission=EXPRESS_ASSESSMENT.permission,
        ),
        assessed,
        needs=("express",),
    ),
    Rule(
        Check(
            id="sql_va_recurring_scans_enabled",
            title="Recurring vulnerability scans on",
            severity="medium",
            rationale="One scan says nothing of what was changed since.",
            remediation="Portal: SQL server > Microsoft Defender for Cloud > Configure > Periodic recurring "
            "scans, or the express configuration, which always scans. Bicep: "
            "Microsoft.Sql/servers/vulnerabilityAssessments@2023-08-01 named default: recurringScans: "
            "{ isEnabled: true }",
            permission=CLASSIC_ASSESSMENT.permission,
        ),
        scanning,
        needs=("express",),
    ),
    Rule(
        Check(
            id="sql_va_scan_reports_configured",
            title="Recipients of vulnerability scan reports set",
            severity="low",
            rationale="A report that nobody gets changes nothing.",
            remediation="Portal: SQL server > Microsoft Defender for Cloud > Configure > Send scan reports "
            "to. Bicep: Microsoft.Sql/servers/vulnerabilityAssessments@2023-08-01 named default: "
            "recurringScans: { isEnabled: true, emails: ['<address>'] }",
            permission=CLASSIC_ASSESSMENT.permission,
        ),
        reported,
        needs=("express",),
    ),
    Rule(
        Check(
            id="sql_va_admins_notified",
            title="Vulnerability scan reports sent to administrators and owners",
            severity="low",
            rationale="Owners answer for the subscription, and should hear of its weaknesses.",
            remediation="Portal: SQL server > Microsoft Defender for Cloud > Configure > Also send email "
            "notification to admins and subscription owners. Bicep: "
            "Microsoft.Sql/servers/vulnerabilityAssessments@2023-08-01 named default: recurringScans: "
            "{ isEnabled: true, emailSubscriptionAdmins: true }",
            permission=CLASSIC_ASSESSMENT.permission,
        ),
        admins_told,
        needs=("express",),
    ),
)
"""What is asked of each logical server."""
