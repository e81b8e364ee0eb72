"""Microsoft Defender for Cloud: its score, its recommendations per resource, and its alerts."""

from collectors.contract import Collector
from collectors.defender import alerts, assessments, secure_score

COLLECTOR = Collector(
    service="defender",
    title="Microsoft Defender for Cloud",
    reads_what=(
        "The secure score with its controls, every assessment of every resource, and the security alerts "
        "that Defender for Cloud keeps for the subscription."
    ),
    roles=("Security Reader", "Reader"),
    version="1",
    parts=(secure_score.PART, assessments.PART, alerts.PART),
)
