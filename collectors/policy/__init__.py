"""Azure Policy: what is assigned, what is exempted, and what does not comply."""

from collectors.contract import Collector
from collectors.declarations.configuration import Kind, configuration
from collectors.policy import assignments
from collectors.policy.compliance import COMPLIANCE, EXEMPTION
from collectors.policy.reads import ASSIGNMENTS, EXEMPTIONS, INITIATIVES, STATES, SUMMARY

KINDS = (
    Kind(noun="policy assignments", read=ASSIGNMENTS, rules=(COMPLIANCE,)),
    Kind(noun="policy exemptions", read=EXEMPTIONS, rules=(EXEMPTION,)),
)

COLLECTOR = Collector(
    service="policy",
    title="Azure Policy",
    reads_what="Policy assignments and exemptions, and the compliance that Azure Policy has found.",
    roles=(
        "Reader",
        "Microsoft.PolicyInsights/policyStates/summarize/action",
        "Microsoft.PolicyInsights/policyStates/queryResults/action",
    ),
    version="1",
    parts=(
        configuration(
            "policy",
            "Policy Configuration",
            KINDS,
            shared={
                "assignments": ASSIGNMENTS,
                "initiatives": INITIATIVES,
                "summary": SUMMARY,
                "states": STATES,
            },
            subscription_rules=assignments.RULES,
        ),
    ),
)
