"""The assessments of Defender for Cloud: one verdict per recommendation and resource."""

import html
import re
from collections import Counter
from collections.abc import Mapping

import msgspec

from collectors.contract import Check, Emit, JsonValue, Part, Read, Reader, Status, Summary, Verdict
from collectors.defender import recommendations
from collectors.defender.plans import PLANS, read_alerting_plans

METADATA = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Security/assessmentMetadata",
    api_version="2025-05-04",
    permission="Microsoft.Security/assessmentMetadata/read",
)
ASSESSMENTS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Security/assessments",
    api_version="2025-05-04",
    permission="Microsoft.Security/assessments/read",
)
ALL_HEALTHY = Check(
    id="defender_resource_assessments",
    title="Resource assessments healthy",
    severity="high",
    rationale="Each unhealthy assessment is a known weakness of one resource that nobody has closed yet.",
    remediation=(
        "Portal: Microsoft Defender for Cloud > Recommendations; carry out each that has unhealthy "
        "resources, or exempt it. CLI: az security assessment list --query "
        "\"[?status.code=='Unhealthy'].[displayName,resourceDetails.id]\""
    ),
    permission=ASSESSMENTS.permission,
)
_CHECK_ID_PREFIX = "defender_assessment:"
_ROW_MARK = "/providers/microsoft.security/assessments/"
_UNKNOWN_SEVERITY = "Unknown"
_SEVERITIES = {word.lower(): word for word in ("High", "Medium", "Low", _UNKNOWN_SEVERITY, "Critical")}
_HIGH_AND_ABOVE = frozenset({"High", "Critical"})
_STATUSES = {
    "healthy": (Status.PASS, "Defender for Cloud finds the resource healthy"),
    "unhealthy": (Status.FAIL, "Defender for Cloud finds the resource unhealthy"),
    "notapplicable": (Status.NOT_APPLICABLE, "Defender for Cloud did not assess the resource"),
}
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_LINE_BREAK = re.compile(r"<(?:br|/p|/li)\b[^<>]*>", re.IGNORECASE)


class _Shape(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Base of the shapes read in bulk: they hold no cycles, so the collector of garbage may skip them."""


class MetadataProperties(_Shape, frozen=True):
    """What is read of a recommendation's description."""

    severity: str | None = None
    remediation_description: str | None = None


class Metadata(_Shape, frozen=True):
    """A recommendation; its name is the key that assessments share."""

    name: str
    properties: MetadataProperties | None = None


class AssessmentStatus(_Shape, frozen=True):
    """The result of one assessment."""

    code: str | None = None
    cause: str | None = None
    description: str | None = None


class ResourceDetails(_Shape, frozen=True):
    """What was assessed; older answers spell the keys with capitals, and only Azure's own have an id."""

    id: str | None = None
    capital_id: str | None = msgspec.field(default=None, name="Id")
    upper_id: str | None = msgspec.field(default=None, name="ID")


class AssessmentProperties(_Shape, frozen=True):
    """What is read of an assessment."""

    display_name: str | None = None
    status: AssessmentStatus | None = None
    resource_details: ResourceDetails | None = None


class Assessment(_Shape, frozen=True):
    """One recommendation judged on one resource."""

    id: str
    name: str
    properties: AssessmentProperties


class Recommendation(msgspec.Struct, frozen=True):
    """What all assessments of one key share."""

    check_id: str
    severity: str
    remediation: str = ""


class Tally:
    """Counts assessments as they pass; rows and distinct recommendations apart, in bounded memory."""

    def __init__(self) -> None:
        self._statuses: Counter[Status] = Counter()
        self._unhealthy_rows: Counter[str] = Counter()
        self._unhealthy: dict[str, tuple[str, str]] = {}

    def add(self, verdict: Verdict) -> None:
        """Count one assessment."""
        self._statuses[verdict.status] += 1
        if verdict.status is Status.FAIL:
            self._unhealthy_rows[verdict.severity] += 1
            self._unhealthy[verdict.check_id] = (verdict.severity, verdict.title)

    def counts(self) -> dict[str, JsonValue]:
        """Give the numbers of rows, `other` (an undocumented status) only where there are any."""
        other = {"other": self._statuses[Status.UNKNOWN]} if self._statuses[Status.UNKNOWN] else {}
        return {
            "total": self._statuses.total(),
            "healthy": self._statuses[Status.PASS],
            "unhealthy": self._statuses[Status.FAIL],
            "not_applicable": self._statuses[Status.NOT_APPLICABLE],
            **other,
            "recommendations_unhealthy": len(self._unhealthy),
        }

    def summary(self) -> Summary:
        """Give the summary of the evidence item.

        `by_severity` counts unhealthy rows, so that its numbers add up to `unhealthy`; a word of Microsoft's
        other than High, Medium and Low appears only where it occurs. `high_severity` names every distinct
        recommendation of High severity or above with an unhealthy resource.
        """
        every = dict.fromkeys(("High", "Medium", "Low", _UNKNOWN_SEVERITY), 0)
        high = {title for severity, title in self._unhealthy.values() if severity in _HIGH_AND_ABOVE}
        return {
            **self.counts(),
            "by_severity": every | self._unhealthy_rows,
            "high_severity": sorted(high),
        }

    def judge(self) -> tuple[Status, str]:
        """Answer whether all assessments are healthy; an undocumented status is never a pass."""
        unhealthy, unknown = self._statuses[Status.FAIL], self._statuses[Status.UNKNOWN]
        if unhealthy:
            return (
                Status.FAIL,
                f"Unhealthy assessments: {unhealthy}, recommendations: {len(self._unhealthy)}.",
            )
        if unknown:
            return Status.UNKNOWN, f"Assessments with a status that is not documented: {unknown}."
        if self._statuses[Status.PASS]:
            return Status.PASS, f"Every assessment that applies is healthy: {self._statuses[Status.PASS]}."
        if self._statuses.total():
            return Status.NOT_APPLICABLE, "No assessment applies to the resources of the subscription."
        return (
            Status.NOT_APPLICABLE,
            "Defender for Cloud is on and has assessed nothing; first data may take 24 hours to appear.",
        )


async def collect(reader: Reader, emit: Emit) -> Summary:
    """Stream the assessments, each joined with its recommendation, and count them.

    The checks that single recommendations answer are decided in the same pass, over the same rows.

    The list tells no severity and cannot be expanded: `assessmentMetadata` has it, under the same name. An
    empty list alone proves nothing, so the plans are read then: they tell whether Defender for Cloud is on.

    Raises:
        ServiceNotEnabled: the list is empty because the subscription never used Defender for Cloud.
    """
    known = _by_key(await reader.items(METADATA, Metadata))
    tally, answers = Tally(), recommendations.Answers()
    async for page in reader.pages(ASSESSMENTS, Assessment):
        for row in page:
            verdict = evaluate(row, known)
            tally.add(verdict)
            answers.add(verdict)
            await emit(verdict)
    counts = tally.counts()
    if not counts["total"]:
        await read_alerting_plans(reader)
    for answer in answers.verdicts(reader.subscription_scope):
        await emit(answer)
    status, reason = tally.judge()
    await emit(ALL_HEALTHY.verdict(reader.subscription_scope, status, reason, **counts))
    return tally.summary()


def evaluate(row: Assessment, known: Mapping[str, Recommendation]) -> Verdict:
    """Turn one assessment into a verdict on its resource.

    Takes the row and the recommendations by key in lower case. A row of no known recommendation has the
    severity Unknown; a status that Microsoft does not document is `unknown`, with the word it used.
    """
    key = row.name.lower()
    recommendation = known.get(key) or Recommendation(_CHECK_ID_PREFIX + key, _UNKNOWN_SEVERITY)
    result = row.properties.status or AssessmentStatus()
    status, reason = _judge(result)
    return Verdict(
        check_id=recommendation.check_id,
        title=row.properties.display_name or row.name,
        severity=recommendation.severity,
        resource_id=_resource_id(row),
        status=status,
        reason=reason,
        observed=_observed(result),
        remediation=recommendation.remediation,
    )


def plain_text(markup: str) -> str:
    """Take the HTML tags and entities out of a text, line breaks kept, nothing cut."""
    text = html.unescape(_TAG.sub("", _LINE_BREAK.sub("\n", markup)))
    return "\n".join(line for line in map(str.strip, text.splitlines()) if line)


def _by_key(metadata: list[Metadata]) -> dict[str, Recommendation]:
    return {one.name.lower(): _recommendation(one) for one in metadata}


def _recommendation(metadata: Metadata) -> Recommendation:
    told = metadata.properties or MetadataProperties()
    severity = told.severity or _UNKNOWN_SEVERITY
    return Recommendation(
        check_id=_CHECK_ID_PREFIX + metadata.name.lower(),
        severity=_SEVERITIES.get(severity.lower(), severity),
        remediation=plain_text(told.remediation_description or ""),
    )


def _judge(result: AssessmentStatus) -> tuple[Status, str]:
    if not result.code:
        return Status.UNKNOWN, "Defender for Cloud lists the assessment without a status."
    undocumented = (Status.UNKNOWN, f"Defender for Cloud answers the undocumented status {result.code!r}")
    status, reason = _STATUSES.get(result.code.lower(), undocumented)
    cause = f" ({result.cause})" if result.cause else ""
    return status, f"{reason}{cause}: {result.description}" if result.description else f"{reason}{cause}."


def _observed(result: AssessmentStatus) -> dict[str, JsonValue]:
    told = {"status": result.code, "cause": result.cause, "description": result.description}
    return {name: value for name, value in told.items() if value}


def _resource_id(row: Assessment) -> str:
    """Prefer what the row says it assessed; machines outside Azure have no id there, or none of ARM's."""
    details = row.properties.resource_details
    told = details and (details.id or details.capital_id or details.upper_id)
    if told and told.startswith("/"):
        return told
    end = row.id.lower().rfind(_ROW_MARK)
    return row.id[:end] if end > 0 else row.id


PART = Part(
    kind="resource_assessments",
    title="Resource Assessments",
    checks=(ALL_HEALTHY, *recommendations.CHECKS),
    stands_for=(ALL_HEALTHY,),
    reads=(ASSESSMENTS, METADATA, PLANS),
    collect=collect,
)
