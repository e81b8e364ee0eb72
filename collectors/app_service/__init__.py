"""App Service: web apps, function apps and their slots, with what each one's own configuration says."""

from collections.abc import Callable, Mapping

import msgspec

from collectors.app_service import function_apps, reads, web_apps
from collectors.contract import Collector
from collectors.declarations.configuration import Child, Kind, configuration
from collectors.declarations.diagnostics import DIAGNOSTIC_SETTINGS
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Rule
from collectors.declarations.shared_reads import COMPONENTS, ROLE_ASSIGNMENTS, ROLE_DEFINITIONS


def _network_unset(site: Resource) -> bool:
    """Tell whether private endpoints decide, because public network access was never set."""
    return not site.text("properties.publicNetworkAccess")


_OF_WEB_APPS = {
    "configuration": Child(reads.CONFIGURATION),
    "authentication": Child(reads.AUTHENTICATION),
    "publishing": Child(reads.PUBLISHING, many=True),
    "private_endpoints": Child(reads.PRIVATE_ENDPOINTS, many=True),
    "diagnostics": Child(DIAGNOSTIC_SETTINGS, many=True),
}
_OF_FUNCTION_APPS = {
    "configuration": Child(reads.CONFIGURATION),
    "functions": Child(reads.FUNCTIONS, many=True),
    "private_endpoints": Child(reads.PRIVATE_ENDPOINTS, many=True, when=_network_unset),
}


def _sites(
    noun: str, keep: Callable[[Resource], bool], rules: tuple[Rule, ...], children: Mapping[str, Child]
) -> tuple[Kind, Kind]:
    """Make the kind of these sites, and that of their slots: a slot is asked all that a site is."""
    of_slots = {
        name: msgspec.structs.replace(child, read=reads.of_slot(child.read))
        for name, child in children.items()
    }
    slots = Child(reads.SLOTS, many=True, children=of_slots)
    return (
        Kind(noun=noun, read=reads.SITES, keep=keep, rules=rules, children=children),
        Kind(
            noun=f"deployment slots of {noun}",
            read=reads.SITES,
            keep=keep,
            rules=rules,
            children={"slots": slots},
            inside="slots",
            refused_as="slots",
        ),
    )


COLLECTOR = Collector(
    service="app_service",
    title="Azure App Service",
    reads_what="Every web app and function app and each of their deployment slots: transport, sign-in, "
    "network, logs, identity and stack.",
    roles=("Reader",),
    version="1",
    parts=(
        configuration(
            "app_service",
            "App Service Configuration",
            [
                *_sites("web apps", reads.is_web_app, web_apps.RULES, _OF_WEB_APPS),
                *_sites("function apps", reads.is_function_app, function_apps.RULES, _OF_FUNCTION_APPS),
            ],
            shared={
                "sites": reads.SITES,
                "components": COMPONENTS,
                "role_assignments": ROLE_ASSIGNMENTS,
                "role_definitions": ROLE_DEFINITIONS,
            },
        ),
    ),
)
