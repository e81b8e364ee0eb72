"""App Service: web apps and function apps, with what each site's own configuration says."""

from collectors.app_service import function_apps, reads, web_apps
from collectors.contract import Collector
from collectors.declarations.configuration import Child, Kind, configuration
from collectors.declarations.diagnostics import DIAGNOSTIC_SETTINGS
from collectors.declarations.resources import Resource
from collectors.declarations.shared_reads import COMPONENTS, ROLE_ASSIGNMENTS


def _network_unset(site: Resource) -> bool:
    """Tell whether private endpoints decide, because public network access was never set."""
    return not site.text("properties.publicNetworkAccess")


COLLECTOR = Collector(
    service="app_service",
    title="Azure App Service",
    reads_what="Every web app and function app: transport, sign-in, network, logs, identity and stack. "
    "Deployment slots are not read.",
    roles=("Reader",),
    version="1",
    parts=(
        configuration(
            "app_service",
            "App Service Configuration",
            [
                Kind(
                    noun="web apps",
                    read=reads.SITES,
                    keep=reads.is_web_app,
                    rules=web_apps.RULES,
                    children={
                        "configuration": Child(reads.CONFIGURATION),
                        "authentication": Child(reads.AUTHENTICATION),
                        "publishing": Child(reads.PUBLISHING, many=True),
                        "private_endpoints": Child(reads.PRIVATE_ENDPOINTS, many=True),
                        "diagnostics": Child(DIAGNOSTIC_SETTINGS, many=True),
                    },
                ),
                Kind(
                    noun="function apps",
                    read=reads.SITES,
                    keep=reads.is_function_app,
                    rules=function_apps.RULES,
                    children={
                        "configuration": Child(reads.CONFIGURATION),
                        "functions": Child(reads.FUNCTIONS, many=True),
                        "private_endpoints": Child(reads.PRIVATE_ENDPOINTS, many=True, when=_network_unset),
                    },
                ),
            ],
            shared={
                "sites": reads.SITES,
                "components": COMPONENTS,
                "role_assignments": ROLE_ASSIGNMENTS,
            },
        ),
    ),
)
