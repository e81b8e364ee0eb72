"""The security alerts of Defender for Cloud, which it keeps for 90 days."""

import heapq
from collections import Counter
from datetime import UTC, datetime

import msgspec

from collectors.contract import Check, Emit, JsonValue, Part, Read, Reader, Status, Summary
from collectors.defender.plans import PLANS, read_alerting_plans
from collectors.defender.sdk_lists import pages, security_center

ALERTS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Security/alerts",
    api_version="2022-01-01",
    permission="Microsoft.Security/alerts/read",
)
# "Active" and not "unresolved": an alert in progress is not resolved, but somebody works on it.
NONE_ACTIVE = Check(
    id="defender_security_alerts",
    title="No active security alerts",
    severity="high",
    rationale="An active alert is a possible attack that nobody has looked at yet.",
    remediation=(
        "Portal: Microsoft Defender for Cloud > Security alerts; investigate each active alert, remove its "
        "cause, then change its status. CLI: az security alert list --query \"[?status=='Active']\", then "
        "az security alert update --location LOCATION --name ALERT --status dismiss"
    ),
    permission=ALERTS.permission,
)
SAMPLES = 10
_ABSENT = "Unknown"
_SEVERITIES = ("High", "Medium", "Low", "Informational")
_STATUSES = ("Active", "InProgress", "Resolved", "Dismissed")
_SPELLINGS = {word.lower(): word for word in (*_SEVERITIES, *_STATUSES)}
_RANKS = {severity: rank for rank, severity in enumerate(_SEVERITIES)}


class Identifier(msgspec.Struct, frozen=True):
    """What an alert is about; only Azure's own resources have an id."""

    azure_resource_id: str | None = None


class Alert(msgspec.Struct, frozen=True):
    """What is read of an alert; every field of it is optional in the specification."""

    name: str
    alert_display_name: str | None = None
    severity: str | None = None
    status: str | None = None
    start_time_utc: datetime | None = None
    resource_identifiers: list[Identifier] | None = None


class Tally:
    """Counts alerts as their pages pass, and keeps the most pressing active ones."""

    def __init__(self) -> None:
        self.by_status: Counter[str] = Counter()
        self.by_severity: Counter[str] = Counter(dict.fromkeys(_SEVERITIES, 0))
        self.most_pressing: list[Alert] = []

    @property
    def active(self) -> int:
        """How many alerts nobody has taken on."""
        return self.by_status["Active"]

    def add(self, page: list[Alert]) -> None:
        """Count one page; of all the alerts seen, at most `SAMPLES` are kept."""
        self.by_status.update(_word(alert.status) for alert in page)
        active = [alert for alert in page if _word(alert.status) == "Active"]
        self.by_severity.update(_word(alert.severity) for alert in active)
        self.most_pressing = heapq.nsmallest(SAMPLES, [*self.most_pressing, *active], key=pressing_first)

    def summary(self) -> Summary:
        """Give the summary of the evidence item; words that are not documented stand as they came."""
        return {
            "active": self.active,
            "by_severity": dict(self.by_severity),
            "by_status": dict(self.by_status),
            "samples": [_sample(alert) for alert in self.most_pressing],
        }

    def judge(self) -> tuple[Status, str]:
        """Answer whether no alert is active; a status that Microsoft does not document is never a pass."""
        undocumented = sorted(self.by_status.keys() - set(_STATUSES))
        if self.active:
            return Status.FAIL, f"Active security alerts: {self.active}."
        if undocumented:
            return Status.UNKNOWN, f"Alerts have the undocumented status {', '.join(undocumented)}."
        return Status.PASS, f"No security alert is active; in progress: {self.by_status['InProgress']}."


async def collect(reader: Reader, emit: Emit) -> Summary:
    """Read the alerts page by page, count them, and judge that none is active.

    Where there is no alert at all, and no plan that could raise one is on, the verdict is `unknown`: nobody
    watches, so that silence says nothing. (`not_applicable` would take monitoring out of scope: it is not.)
    """
    tally = Tally()
    async for page in pages(security_center(reader).alerts.list(), Alert):
        tally.add(page)
    status, reason = tally.judge()
    if not tally.by_status and not await read_alerting_plans(reader):
        status, reason = Status.UNKNOWN, "There are no alerts, and no Defender plan that raises alerts is on."
    observed: dict[str, JsonValue] = {"active": tally.active, "in_progress": tally.by_status["InProgress"]}
    await emit(NONE_ACTIVE.verdict(reader.subscription_scope, status, reason, **observed))
    return tally.summary()


def pressing_first(alert: Alert) -> tuple[int, float, str]:
    """Order alerts: the most severe first, of these the newest first, then by name so that no tie is left.

    A severity that is not documented stands behind the documented ones, a missing time behind all times.
    """
    started = _utc(alert.start_time_utc)
    age = -started.timestamp() if started else float("inf")
    return _RANKS.get(_word(alert.severity), len(_RANKS)), age, alert.name


def _word(told: str | None) -> str:
    return _SPELLINGS.get(told.lower(), told) if told else _ABSENT


def _utc(told: datetime | None) -> datetime | None:
    if told is None or told.tzinfo:
        return told
    return told.replace(tzinfo=UTC)


def _sample(alert: Alert) -> Summary:
    started = _utc(alert.start_time_utc)
    ids = (identifier.azure_resource_id for identifier in alert.resource_identifiers or ())
    return {
        "name": alert.name,
        "display_name": alert.alert_display_name,
        "severity": _word(alert.severity),
        "started_at": started.astimezone(UTC).isoformat().replace("+00:00", "Z") if started else None,
        "resource_id": next(filter(None, ids), None),
    }


PART = Part(
    kind="security_alerts",
    title="Security Alerts",
    checks=(NONE_ACTIVE,),
    reads=(ALERTS, PLANS),
    collect=collect,
)
