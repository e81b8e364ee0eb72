"""The secure score of Defender for Cloud, with the controls it is made of."""

import math

import msgspec

from collectors.contract import Check, Emit, JsonValue, Part, Read, Reader, Status, Summary
from collectors.defender.sdk_lists import pages, security_center
from collectors.errors import NotComputedYet, ResourceAbsent, UnexpectedAnswer

SCORES = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Security/secureScores",
    api_version="2020-01-01",
    permission="Microsoft.Security/secureScores/read",
)
SCORE_CONTROLS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.Security/secureScoreControls",
    api_version="2020-01-01",
    permission="Microsoft.Security/secureScoreControls/read",
)
ABOVE_TARGET = Check(
    id="defender_secure_score",
    title="Secure Score at or above target",
    severity="high",
    rationale="The score sums up how many of Microsoft's security recommendations the subscription follows.",
    remediation=(
        "Portal: Microsoft Defender for Cloud > Recommendations, sorted by score increase; carry out the "
        "first ones. "
        "CLI: az security secure-score-controls list --query "
        '"[?unhealthyResourceCount > `0`].{control:displayName,score:score}"'
    ),
    permission=SCORES.permission,
    thresholds={"target_percentage": 80},
)
ENVIRONMENT_SETTINGS = "#view/Microsoft_Azure_Security/SecurityMenuBlade/~/EnvironmentSettings"
_DEFAULT_SCORE = "ascscore"


class Score(msgspec.Struct, frozen=True):
    """A score as Azure gives it; `percentage` is a fraction of one."""

    id: str
    name: str
    current: float | None = None
    max: float | None = None
    percentage: float | None = None


class ScoreControl(msgspec.Struct, frozen=True):
    """A control of a score; its resources are counted once each."""

    id: str
    name: str
    display_name: str | None = None
    current: float | None = None
    max: float | None = None
    unhealthy_resource_count: int | None = None


def percentage_of(current: float, maximum: float, fraction: float | None = None) -> float:
    """Give a score as a percentage of 0 to 100 with two decimals.

    Takes the points reached and possible, and Azure's own fraction if it gave one: "Ratio of the current
    score divided by the maximum", 0 to 1 (Microsoft.Security, stable/2020-01-01/secureScore.json). A fraction
    outside its range is not believed. Where no point can be reached the percentage is 0.
    """
    if fraction is None or not 0 <= fraction <= 1:
        ratio = current / maximum if maximum > 0 else 0.0
        fraction = ratio if math.isfinite(ratio) else 0.0
    return round(min(max(fraction, 0.0), 1.0) * 100, 2)


async def collect(reader: Reader, emit: Emit) -> Summary:
    """Read the score and its controls, and judge the score against the target.

    Raises:
        NotComputedYet: there is no score, which is all that Azure tells of a subscription where Defender for
            Cloud was never opened, or was opened today.
        UnexpectedAnswer: there is a score without points.
    """
    score, controls = await _read(reader)
    if score.current is None or score.max is None:
        raise UnexpectedAnswer(f"The secure score {score.name} came without its points.")
    percentage = percentage_of(score.current, score.max, score.percentage)
    limits = reader.limits(ABOVE_TARGET)
    status, reason = _judge(percentage, score.max, limits["target_percentage"])
    observed: dict[str, JsonValue] = {"percentage": percentage, **limits}
    await emit(ABOVE_TARGET.verdict(reader.subscription_scope, status, reason, **observed))
    return {
        "percentage": percentage,
        "current": score.current,
        "max": score.max,
        "controls": [_control_summary(control) for control in controls if _belongs(control, score)],
    }


async def _read(reader: Reader) -> tuple[Score, list[ScoreControl]]:
    client = security_center(reader)
    try:
        scores = [one async for page in pages(client.secure_scores.list(), Score) for one in page]
        if not scores:
            raise _not_computed()
        listing = client.secure_score_controls.list()
        controls = [one async for page in pages(listing, ScoreControl) for one in page]
    except ResourceAbsent as absent:
        raise _not_computed() from absent
    return min(scores, key=lambda score: score.name.lower() != _DEFAULT_SCORE), controls


def _not_computed() -> NotComputedYet:
    return NotComputedYet(
        "Defender for Cloud has no secure score for this subscription.",
        advice=(
            "Defender for Cloud may not be enabled on the subscription: enable the free tier under Microsoft "
            "Defender for Cloud > Environment settings. First data may take 24 hours to appear."
        ),
        portal_page=ENVIRONMENT_SETTINGS,
    )


def _judge(percentage: float, maximum: float, target: float) -> tuple[Status, str]:
    if maximum <= 0:
        return (
            Status.NOT_APPLICABLE,
            "No control of the secure score applies to the subscription: no points can be won.",
        )
    if percentage >= target:
        return Status.PASS, f"The secure score is {percentage:g} %, the target {target:g} %."
    return Status.FAIL, f"The secure score is {percentage:g} %, below the target of {target:g} %."


def _belongs(control: ScoreControl, score: Score) -> bool:
    """Leave out the controls of another initiative's score: the list holds those of all of them."""
    _, found, rest = control.id.lower().partition("/securescores/")
    return not found or rest.partition("/")[0] == score.name.lower()


def _control_summary(control: ScoreControl) -> Summary:
    return {
        "name": control.display_name or control.name,
        "current": control.current,
        "max": control.max,
        "unhealthy": control.unhealthy_resource_count,
    }


PART = Part(
    kind="secure_score",
    title="Secure Score",
    checks=(ABOVE_TARGET,),
    reads=(SCORES, SCORE_CONTROLS),
    collect=collect,
)
