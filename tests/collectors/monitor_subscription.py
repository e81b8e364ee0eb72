"""A subscription as Azure Monitor sees it, with everything a test does not care about left empty."""

from collections.abc import Mapping, Sequence

from collectors.contract import Reading, Verdict
from collectors.declarations.resources import JsonObject
from collectors.monitor import COLLECTOR
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses

INSIGHTS = "providers/Microsoft.Insights"
WORKSPACES = "providers/Microsoft.OperationalInsights/workspaces"
ENTRA = "/providers/microsoft.aadiam/diagnosticSettings"
INTUNE = "/providers/Microsoft.Intune/diagnosticSettings"
GROUP: JsonObject = {
    "id": f"{SCOPE}/resourceGroups/g/providers/microsoft.insights/actionGroups/security",
    "properties": {"enabled": True, "emailReceivers": [{"name": "s", "status": "Enabled"}]},
}
NOTHING: Mapping[str, Answer] = {
    f"{INSIGHTS}/activityLogAlerts": [],
    f"{INSIGHTS}/actionGroups": [GROUP],
    f"{INSIGHTS}/diagnosticSettings": [],
    f"{INSIGHTS}/logprofiles": [],
    f"{INSIGHTS}/components": [],
    WORKSPACES: [],
    "resources": [],
    ENTRA: [],
    INTUNE: [],
}
_LISTS = ("activityLogAlerts", "actionGroups", "diagnosticSettings", "logprofiles", "components")


def reader_of(answers: Mapping[str, Answer], page_size: int = 2) -> PathReader:
    """Make a reader; lists of Microsoft.Insights by their last segment, others by path."""
    named = {f"{INSIGHTS}/{path}" if path in _LISTS else path: answer for path, answer in answers.items()}
    return PathReader({**NOTHING, **named}, page_size)


async def subscription(answers: Mapping[str, Answer]) -> tuple[Reading, Sequence[Verdict]]:
    """Read a subscription with these answers."""
    return await read_part(COLLECTOR.parts[0], reader_of(answers))


async def said(answers: Mapping[str, Answer]) -> dict[tuple[str, str], str]:
    """Give the statuses by check id and last segment of the resource id."""
    _, verdicts = await subscription(answers)
    return statuses(verdicts)
