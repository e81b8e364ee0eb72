"""Azure Monitor: what somebody is told of, which logs are kept, and for how long."""

from collectors.contract import Collector
from collectors.declarations.configuration import Child, Kind, configuration
from collectors.declarations.diagnostics import DIAGNOSTIC_SETTINGS
from collectors.declarations.shared_reads import COMPONENTS
from collectors.monitor import reads
from collectors.monitor.activity_log import ACCOUNT, EXPORT_RULES, SHAPE, STORAGE_RULES
from collectors.monitor.alerts import ALERT_RULES
from collectors.monitor.coverage import (
    COMPONENTS_RULE,
    LOGGING_RULE,
    SKU_RULE,
    can_log,
    has_sku,
)
from collectors.monitor.retention import BENEATH, RETENTION_RULE
from collectors.monitor.tenant_logs import TENANT_RULES
from collectors.monitor.workspaces import WORKSPACE_RULES

SUBSCRIPTION_RULES = (*ALERT_RULES, *EXPORT_RULES, RETENTION_RULE, *TENANT_RULES, COMPONENTS_RULE)

KINDS = (
    Kind("activity log alerts", reads.ALERTS, ()),
    Kind("action groups", reads.ACTION_GROUPS, ()),
    Kind(
        "diagnostic settings of the activity log",
        reads.SETTINGS,
        STORAGE_RULES,
        {"account": ACCOUNT},
        shape=SHAPE,
    ),
    Kind("Log Analytics workspaces", reads.WORKSPACES, WORKSPACE_RULES),
    Kind("Application Insights components", COMPONENTS, ()),
    Kind(
        "resources that can log",
        reads.RESOURCES,
        (LOGGING_RULE,),
        # Diagnostic settings exist below each resource only: no list of a subscription has them. Where
        # another service has asked for the same ones in this run, they are not asked for again.
        {"diagnostics": Child(DIAGNOSTIC_SETTINGS, many=True)},
        keep=can_log,
        population=False,
    ),
    Kind("resources with an SKU", reads.RESOURCES, (SKU_RULE,), keep=has_sku, population=False),
)

COLLECTOR = Collector(
    service="monitor",
    title="Azure Monitor",
    reads_what="Activity log alerts, where the activity log, the logs of resources and those of the tenant "
    "are sent, Log Analytics workspaces, and Application Insights.",
    roles=("Reader", "Reader at /providers/microsoft.aadiam", "Reader at /providers/Microsoft.Intune"),
    version="1",
    parts=(
        configuration(
            "monitor",
            "Monitor Configuration",
            KINDS,
            shared={
                "alerts": reads.ALERTS,
                "action_groups": reads.ACTION_GROUPS,
                "settings": reads.SETTINGS,
                "log_profiles": reads.LOG_PROFILES,
                "workspaces": reads.WORKSPACES,
                "components": COMPONENTS,
                "resources": reads.RESOURCES,
                "entra": reads.ENTRA_SETTINGS,
                "intune": reads.INTUNE_SETTINGS,
            },
            beneath={"settings": BENEATH},
            retired=("log_profiles",),
            subscription_rules=SUBSCRIPTION_RULES,
        ),
    ),
)
