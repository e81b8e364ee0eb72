"""Microsoft.Security: what Defender for Cloud says about a subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure import arm_errors as errors
from local.azure import defender, standards
from local.azure.arm import ArmCall, get
from local.azure.generator import metadata
from local.azure.paging import next_link, start_of
from local.azure.wire import Answer, JsonObject, Rows
from local.azure.world import Defender, State

if TYPE_CHECKING:
    from local.azure.world import Subscription

ROOT = "/subscriptions/{subscription_id}/providers/Microsoft.Security"
SCORE_VERSIONS = ("2020-01-01", "2020-01-01-preview")
ASSESSMENT_VERSIONS = ("2020-01-01", "2021-06-01", "2025-05-04")
METADATA_VERSIONS = (*ASSESSMENT_VERSIONS, "2019-01-01-preview")


def _has_score(subscription: Subscription) -> bool:
    return subscription.defender is Defender.ON and subscription.state is not State.DISABLED


@get(f"{ROOT}/secureScores", action="Microsoft.Security/secureScores/read", versions=SCORE_VERSIONS)
def secure_scores(call: ArmCall) -> Rows | Answer:
    """List secure scores: one, none while it is not computed, or 404 in the second kind of not computed."""
    if call.subscription.defender is Defender.COMPUTING_MISSING:
        return errors.score_not_found(call.subscription.subscription_id)
    return [defender.score(call.subscription)] if _has_score(call.subscription) else []


@get(f"{ROOT}/secureScores/{{score}}", action="Microsoft.Security/secureScores/read", versions=SCORE_VERSIONS)
def secure_score(call: ArmCall) -> JsonObject | Answer:
    """Read the score named ascScore."""
    if call.parameters["score"].lower() != "ascscore" or not _has_score(call.subscription):
        return errors.score_not_found(call.subscription.subscription_id)
    return defender.score(call.subscription)


@get(
    f"{ROOT}/secureScores/{{score}}/secureScoreControls",
    action="Microsoft.Security/secureScores/secureScoreControls/read",
    versions=SCORE_VERSIONS,
)
@get(
    f"{ROOT}/secureScoreControls",
    action="Microsoft.Security/secureScoreControls/read",
    versions=SCORE_VERSIONS,
)
def secure_score_controls(call: ArmCall) -> Rows:
    """List score controls, with their definition when asked."""
    expand = (call.request.query.get("$expand") or "").lower() == "definition"
    return (
        defender.controls(call.subscription, with_definition=expand) if _has_score(call.subscription) else []
    )


@get(
    f"{ROOT}/secureScoreControlDefinitions",
    action="Microsoft.Security/secureScoreControlDefinitions/read",
    versions=SCORE_VERSIONS,
)
def secure_score_control_definitions(call: ArmCall) -> Rows:
    """List the definitions of score controls."""
    del call
    return defender.control_definitions()


@get(f"{ROOT}/assessments", action="Microsoft.Security/assessments/read", versions=ASSESSMENT_VERSIONS)
def assessments(call: ArmCall) -> Answer:
    """List assessments, without metadata and severity; rows come encoded."""
    subscription = call.subscription
    if subscription.defender is not Defender.ON:
        return Answer(200, b'{"value":[]}')
    start, size = start_of(call.request.query), call.simulation.pages.assessments
    rows, following = subscription.content.assessments.page(start, size)
    link = b""
    if following is not None:
        target = next_link(call.simulation.url, call.request.path, call.request.query, following)
        link = f',"nextLink":"{target}"'.encode()
    return Answer(200, b'{"value":' + rows + link + b"}")


@get(
    f"{ROOT}/assessmentMetadata",
    action="Microsoft.Security/assessmentMetadata/read",
    versions=METADATA_VERSIONS,
)
@get("/providers/Microsoft.Security/assessmentMetadata", action=None, versions=METADATA_VERSIONS)
def assessment_metadata(call: ArmCall) -> Rows:
    """List assessment metadata; ids are tenant-level in the subscription's list too."""
    del call
    return metadata()


@get(f"{ROOT}/alerts", action="Microsoft.Security/alerts/read", versions=("2021-11-01", "2022-01-01"))
def alerts(call: ArmCall) -> Rows:
    """List alerts of all statuses."""
    return call.subscription.content.alerts if call.subscription.defender is Defender.ON else []


@get(
    f"{ROOT}/pricings",
    action="Microsoft.Security/pricings/read",
    versions=("2018-06-01", "2022-03-01", "2023-01-01", "2024-01-01"),
    paged=False,
)
def pricings(call: ArmCall) -> Rows:
    """List Defender plans; the specification declares no paging."""
    return defender.plans(call.subscription)


@get(
    f"{ROOT}/securityContacts",
    action="Microsoft.Security/securityContacts/read",
    versions=("2017-08-01-preview", "2020-01-01-preview", "2023-12-01-preview"),
)
def security_contacts(call: ArmCall) -> Rows:
    """List security contacts."""
    return defender.contacts(call.subscription)


@get(
    f"{ROOT}/settings",
    action="Microsoft.Security/settings/read",
    versions=("2019-01-01", "2021-06-01", "2021-07-01", "2022-05-01"),
)
def settings(call: ArmCall) -> Rows:
    """List integration settings."""
    return defender.settings(call.subscription)


@get(
    f"{ROOT}/autoProvisioningSettings",
    action="Microsoft.Security/autoProvisioningSettings/read",
    versions=("2017-08-01-preview",),
)
def auto_provisioning_settings(call: ArmCall) -> Rows:
    """List auto-provisioning settings."""
    return defender.auto_provisioning(call.subscription)


@get(f"{ROOT}/automations", action="Microsoft.Security/automations/read", versions=("2023-12-01-preview",))
@get(
    f"{ROOT}/alertsSuppressionRules",
    action="Microsoft.Security/alertsSuppressionRules/read",
    versions=("2019-01-01-preview",),
)
@get(
    f"{ROOT}/iotSecuritySolutions",
    action="Microsoft.Security/iotSecuritySolutions/read",
    versions=("2019-08-01",),
)
@get(
    f"{ROOT}/serverVulnerabilityAssessmentsSettings",
    action="Microsoft.Security/serverVulnerabilityAssessmentsSettings/read",
    versions=("2023-05-01",),
)
@get(
    "/subscriptions/{subscription_id}/providers/Microsoft.Devices/IotHubs",
    action="Microsoft.Devices/IotHubs/read",
    versions=("2023-06-30",),
)
@get(
    "/subscriptions/{subscription_id}/providers/Microsoft.Easm/workspaces",
    action="Microsoft.Easm/workspaces/read",
    versions=("2023-04-01-preview",),
)
def empty_lists(call: ArmCall) -> Rows:
    """List what only the estate of a subscription has any of."""
    del call
    return []


STANDARDS = f"{ROOT}/regulatoryComplianceStandards"
CONTROLS = STANDARDS + "/{standard}/regulatoryComplianceControls"
STANDARD_VERSIONS = ("2019-01-01", "2019-01-01-preview")


@get(STANDARDS, action="Microsoft.Security/regulatoryComplianceStandards/read", versions=STANDARD_VERSIONS)
def compliance_standards(call: ArmCall) -> Rows:
    """List regulatory standards."""
    return standards.standards(call.subscription)


@get(
    CONTROLS,
    action="Microsoft.Security/regulatoryComplianceStandards/regulatoryComplianceControls/read",
    versions=STANDARD_VERSIONS,
)
def compliance_controls(call: ArmCall) -> Rows | Answer:
    """List a standard's controls."""
    found = standards.standard_controls(call.subscription, call.parameters["standard"])
    return errors.resource_not_found(call.request.path) if found is None else found


@get(
    CONTROLS + "/{control}/regulatoryComplianceAssessments",
    action=(
        "Microsoft.Security/regulatoryComplianceStandards/regulatoryComplianceControls/"
        "regulatoryComplianceAssessments/read"
    ),
    versions=STANDARD_VERSIONS,
)
def compliance_assessments(call: ArmCall) -> Rows | Answer:
    """List a control's assessments."""
    standard, control = call.parameters["standard"], call.parameters["control"]
    found = standards.control_assessments(call.subscription, standard, control)
    return errors.resource_not_found(call.request.path) if found is None else found
