"""What setup tries for real, as data: which reads, which role grants them, what each refusal means."""

from collections.abc import Mapping

import msgspec

from collectors.contract import Collector, Read
from collectors.defender.alerts import ALERTS
from collectors.defender.assessments import ASSESSMENTS
from collectors.defender.plans import PLANS
from collectors.defender.secure_score import SCORES
from collectors.errors import (
    AccessDenied,
    CollectionError,
    CredentialRejected,
    NotComputedYet,
    ResourceAbsent,
    ServiceNotEnabled,
    SubscriptionNotVisible,
    Transient,
)
from pipeline.model import CheckStatus

AUTHORIZATION = "/subscriptions/{subscription_id}/providers/Microsoft.Authorization"

SUBSCRIPTION = Read(
    path="/subscriptions/{subscription_id}",
    api_version="2022-12-01",
    permission="Microsoft.Resources/subscriptions/read",
)
RESOURCES = Read(
    path="/subscriptions/{subscription_id}/resources",
    api_version="2021-04-01",
    permission="Microsoft.Resources/subscriptions/resources/read",
    query=(("$top", "1"),),
)
ACTIVITY_LOG_ALERTS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Insights/activityLogAlerts",
    api_version="2020-10-01",
    permission="Microsoft.Insights/activityLogAlerts/read",
)
ROLE_ASSIGNMENTS = Read(
    path=f"{AUTHORIZATION}/roleAssignments",
    api_version="2022-04-01",
    permission="Microsoft.Authorization/roleAssignments/read",
    query=(("$filter", "assignedTo('{principal_id}')"),),
)
ROLE_DEFINITION = Read(
    path=f"{AUTHORIZATION}/roleDefinitions/{{role_definition_id}}",
    api_version="2022-04-01",
    permission="Microsoft.Authorization/roleDefinitions/read",
)

LAST_ADVICE = "Verify the connection again. If it stays, report it with the time."
ROLE_TAKES = "A new role can take up to 30 minutes to work."


type Meanings = Mapping[type[CollectionError], Meaning]


class Meaning(msgspec.Struct, frozen=True):
    """What an error means for a setup check.

    Args:
        detail: with `{permission}`, `{role}`, `{scope}` and `{detail}` (the error's own words).
        advice: with the same places; "" for the error's own.
        portal_page: with `{subscription_id}` and `{tenant_id}`; "" for the error's own.
    """

    status: CheckStatus
    detail: str = "{detail}"
    advice: str = ""
    portal_page: str = ""


class Probe(msgspec.Struct, frozen=True):
    """A setup check as it is declared.

    Args:
        id: of the setup check.
        reads: what it tries; of a list the first page.
        role: an Azure role that grants them all.
        passed: what success means.
        meanings: what each error means; looked up along the error's classes.
    """

    id: str
    title: str
    reads: tuple[Read, ...]
    role: str
    passed: str
    meanings: Meanings


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a setup check; advice and page with the same places as those of a meaning."""

    status: CheckStatus
    detail: str
    advice: str = ""
    portal_page: str = ""


ACCESS_CONTROL_PAGE = "#@{tenant_id}/resource/subscriptions/{subscription_id}/users"
SUBSCRIPTION_PAGE = "#@{tenant_id}/resource/subscriptions/{subscription_id}/overview"
DEFENDER_PAGE = "#view/Microsoft_Azure_Security/SecurityMenuBlade/~/EnvironmentSettings"
DEFENDER_OVERVIEW_PAGE = "#view/Microsoft_Azure_Security/SecurityMenuBlade/~/0"

NOTHING_YET = Meaning(
    status="warn",
    detail="The service answers, but has nothing to show yet.",
    advice="It is collected as soon as there is something; the first data can take up to 24 hours.",
)
MEANINGS: Meanings = {
    AccessDenied: Meaning(
        status="fail",
        detail="Missing permission: {permission}.",
        advice="Assign the role {role} at the scope {scope} to the application. " + ROLE_TAKES,
        portal_page=ACCESS_CONTROL_PAGE,
    ),
    CredentialRejected: Meaning(status="unknown"),
    SubscriptionNotVisible: Meaning(
        status="unknown",
        detail="This cannot be tried, because the credential does not see the subscription.",
        advice="Cure the check 'The subscription is visible' first.",
        portal_page=ACCESS_CONTROL_PAGE,
    ),
    ServiceNotEnabled: Meaning(status="warn", detail="The service is not enabled in this subscription."),
    NotComputedYet: NOTHING_YET,
    ResourceAbsent: NOTHING_YET,
    Transient: Meaning(status="unknown", advice="Verify the connection again in a minute."),
    CollectionError: Meaning(status="unknown"),
}
"""What an error means unless a check says otherwise; looked up along the error's classes."""

NOT_VISIBLE = Meaning(
    status="fail",
    detail="The credential does not see the subscription {scope}.",
    advice="Compare the subscription ID and the tenant ID with the subscription's overview, and assign the "
    "role Reader at the scope {scope} to the application. " + ROLE_TAKES,
    portal_page=ACCESS_CONTROL_PAGE,
)
VISIBLE_MEANINGS: Meanings = {
    **MEANINGS,
    CredentialRejected: Meaning(status="fail"),
    SubscriptionNotVisible: NOT_VISIBLE,
    AccessDenied: NOT_VISIBLE,
}
SECURITY_MEANINGS: Meanings = {
    **MEANINGS,
    ServiceNotEnabled: Meaning(
        status="unknown",
        detail="Defender for Cloud is off, so its findings cannot be tried.",
        advice="Cure the check 'Defender for Cloud is on' first.",
        portal_page=DEFENDER_PAGE,
    ),
}
DEFENDER_OFF = Meaning(
    status="fail",
    detail="Defender for Cloud is off: the subscription is not registered with Microsoft.Security.",
    advice="Open Defender for Cloud, Environment settings, choose the subscription and enable at least the "
    "free tier (Foundational CSPM). The first data can take up to 24 hours.",
    portal_page=DEFENDER_PAGE,
)
DEFENDER_DENIED = Meaning(
    status="unknown",
    detail="Whether Defender for Cloud is on cannot be read. Missing permission: {permission}.",
    advice="Assign the role Security Reader at the scope {scope} to the application. " + ROLE_TAKES,
    portal_page=ACCESS_CONTROL_PAGE,
)
DEFENDER_COMPUTING = Meaning(
    status="warn",
    detail="Defender for Cloud has not computed a secure score yet.",
    advice="Open Defender for Cloud once, check that at least the free tier is on for this subscription, "
    "and wait: the first data can take up to 24 hours.",
    portal_page=DEFENDER_OVERVIEW_PAGE,
)
DEFENDER_MEANINGS: Meanings = {
    **MEANINGS,
    ServiceNotEnabled: DEFENDER_OFF,
    AccessDenied: DEFENDER_DENIED,
    NotComputedYet: DEFENDER_COMPUTING,
    ResourceAbsent: DEFENDER_COMPUTING,
}
PRIVILEGE_MEANINGS: Meanings = {
    **MEANINGS,
    AccessDenied: Meaning(
        status="unknown",
        detail="The application's own roles cannot be read. Missing permission: {permission}.",
        advice="Assign the role Reader at the scope {scope} to the application. " + ROLE_TAKES,
        portal_page=ACCESS_CONTROL_PAGE,
    ),
}


VISIBLE = Probe(
    id="subscription_visible",
    title="The subscription is visible",
    reads=(SUBSCRIPTION,),
    role="Reader",
    passed="The subscription '{name}' {state}.",
    meanings=VISIBLE_MEANINGS,
)
READER_ROLE = Probe(
    id="reader_role",
    title="Resources can be read",
    reads=(RESOURCES,),
    role="Reader",
    passed="The resources of the subscription can be read.",
    meanings=MEANINGS,
)
SECURITY_READER_ROLE = Probe(
    id="security_reader_role",
    title="Defender findings can be read",
    reads=(ASSESSMENTS, ALERTS),
    role="Security Reader",
    passed="The assessments and alerts of Defender for Cloud can be read.",
    meanings=SECURITY_MEANINGS,
)
MONITORING_READER_ROLE = Probe(
    id="monitoring_reader_role",
    title="Monitoring settings can be read",
    reads=(ACTIVITY_LOG_ALERTS,),
    role="Monitoring Reader",
    passed="The activity log alerts can be read.",
    meanings=MEANINGS,
)
ROLE_PROBES = (READER_ROLE, SECURITY_READER_ROLE, MONITORING_READER_ROLE)
DEFENDER = Probe(
    id="defender_enabled",
    title="Defender for Cloud is on",
    reads=(PLANS, SCORES),
    role="Security Reader",
    passed="Defender for Cloud is on and has computed a secure score.",
    meanings=DEFENDER_MEANINGS,
)
PRIVILEGE = Probe(
    id="least_privilege",
    title="The credential can only read",
    reads=(ROLE_ASSIGNMENTS, ROLE_DEFINITION),
    role="Reader",
    passed="None of the application's roles allows more than reading.",
    meanings=PRIVILEGE_MEANINGS,
)
EXPIRY = Probe(
    id="secret_expiry",
    title="The client secret or certificate is not about to end",
    reads=(),
    role="",
    passed="The {name} ends on {day}.",
    meanings=MEANINGS,
)


def service_probe(collector: Collector) -> Probe:
    """Derive the probe of a service: its first declared read, and the first role that suffices."""
    return Probe(
        id=f"service:{collector.service}",
        title=f"{collector.title} can be read",
        reads=collector.reads[:1],
        role=collector.roles[0],
        passed=f"{collector.title} answers.",
        meanings=MEANINGS,
    )
