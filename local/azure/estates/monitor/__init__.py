"""Azure Monitor: alerts that count and that do not, where logs go, workspaces, and resources that log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.estates.monitor import activity_log, alerts, resources
from local.azure.estates.monitor.resources import expect_assessed
from local.azure.estates.monitor.tenant import entra_settings

if TYPE_CHECKING:
    from local.azure.estate import Estate

__all__ = ["build", "entra_settings", "expect_assessed"]


def build(estate: Estate) -> None:
    """Add what Azure Monitor holds, and what is true of it; the tenant's settings are the world's."""
    alerts.build(estate)
    activity_log.build(estate)
    resources.build(estate)
    estate.expect(estate.scope, "pass", "monitor_entra_logs_exported")
    estate.expect(estate.scope, "fail", "monitor_graph_activity_logs_exported")
    estate.expect(estate.scope, "manual", "monitor_intune_logs_exported")
