"""What every way to connect needs to read: three Azure roles, and what Microsoft Graph asks for."""

from collections import defaultdict
from collections.abc import Mapping

from collectors.contract import Collector
from pipeline.connecting.guide.views import GraphPermission, GuideRole

# "Azure built-in roles": the same ids in every tenant and cloud, and in infra/reader-access.bicep.
ROLES = (
    GuideRole(
        name="Reader",
        id="acdd72a7-3385-48ef-bd42-f606fba81ae7",
        why="Reads the subscription, its resources and their settings. It reads no data in them, no secret.",
    ),
    GuideRole(
        name="Security Reader",
        id="39bc4728-0917-49c7-9d2c-d95423bc2eb4",
        why="Reads the secure score, recommendations, alerts and plans of Defender for Cloud.",
    ),
    GuideRole(
        name="Monitoring Reader",
        id="43d0d8ad-25c7-4714-9337-8ba259a9fe05",
        why="Reads activity log alerts and diagnostic settings.",
    ),
)


def graph_permissions(collectors: Mapping[str, Collector]) -> tuple[GraphPermission, ...]:
    """Give what collectors declare to read of Microsoft Graph: permissions of Azure have a slash."""
    services: defaultdict[str, list[str]] = defaultdict(list)
    for collector in collectors.values():
        for permission in sorted({read.permission for read in collector.reads}):
            if "/" not in permission:
                services[permission].append(collector.service)
    return tuple(GraphPermission(name=name, services=tuple(services[name])) for name in sorted(services))
