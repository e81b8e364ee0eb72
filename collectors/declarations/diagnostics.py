"""Diagnostic settings: whether the logs of a resource are sent anywhere."""

from collections.abc import Iterable, Sequence

from collectors.contract import Read
from collectors.declarations.resources import Resource

DIAGNOSTIC_SETTINGS = Read(
    path="/{id}/providers/Microsoft.Insights/diagnosticSettings",
    api_version="2021-05-01-preview",
    permission="Microsoft.Insights/diagnosticSettings/read",
    shared=True,
)
"""The settings of one resource: read for each, as no list of the subscription holds them."""


def logs_not_sent(
    settings: Sequence[Resource], wanted: Iterable[str], *, groups: Iterable[str] = ("allLogs", "audit")
) -> list[str]:
    """Give the wanted log categories that no diagnostic setting sends, in the order they were asked for.

    A category counts if it is enabled by its own name or by a category group that holds it (prowler#8460 and
    steampipe-mod#320 each saw one of the two only); several settings count together.

    Args:
        settings: the diagnostic settings of one resource.
        wanted: names of log categories.
        groups: the category groups that hold all of them.
    """
    logs = [log for setting in settings for log in setting.objects("properties.logs") if log.flag("enabled")]
    sent_groups = {(log.text("categoryGroup") or "").lower() for log in logs}
    if sent_groups & {group.lower() for group in groups}:
        return []
    sent = {(log.text("category") or "").lower() for log in logs}
    return [category for category in wanted if category.lower() not in sent]
