"""Microsoft Defender for Cloud: its score, recommendations, alerts and set-up."""

from collectors.contract import Collector
from collectors.defender import alerts, assessments, configuration, regulatory_compliance, secure_score

COLLECTOR = Collector(
    service="defender",
    title="Microsoft Defender for Cloud",
    reads_what=(
        "The secure score with its controls, every assessment of every resource, the security alerts that "
        "Defender for Cloud keeps for the subscription, how it is set up (plans, contacts, integrations, "
        "export), and the regulatory standards as Microsoft sees them."
    ),
    roles=("Security Reader", "Reader"),
    version="1",
    parts=(
        secure_score.PART,
        assessments.PART,
        alerts.PART,
        configuration.PART,
        regulatory_compliance.PART,
    ),
)
