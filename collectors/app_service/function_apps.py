"""What function apps are asked beyond what all sites are."""

from collectors.app_service.identities import no_admin_role
from collectors.app_service.reads import FUNCTIONS, SETTINGS_PERMISSION, SITES
from collectors.app_service.settings import common_rules, not_public_rule
from collectors.contract import Check, JsonValue
from collectors.declarations.resources import Resource, whole_id
from collectors.declarations.rules import Judgement, Rule, bad, good, judged, manual, not_applicable, unknown
from collectors.declarations.shared_reads import COMPONENTS, ROLE_ASSIGNMENTS

_COMPONENT_TAG = "hidden-link: /app-insights-resource-id"
_LEVELS = {"function", "admin", "anonymous"}


def _http_levels(function: Resource) -> list[str]:
    """Give what a function's HTTP triggers ask for; a trigger that says nothing asks for a function key.

    `authLevel` defaults to `function` (Microsoft, "Azure Functions HTTP trigger": configuration).
    """
    bindings = function.objects("properties.config.bindings")
    triggers = [one for one in bindings if (one.text("type") or "").lower() == "httptrigger"]
    return [(one.text("authLevel") or "function").lower() for one in triggers]


def keys_asked_for(app: Resource) -> Judgement:
    """Judge whether every function that HTTP starts asks for a key; the keys themselves are not read."""
    levels = {one.name: _http_levels(one) for one in app.rows("functions")}
    anonymous = sorted(name for name, found in levels.items() if "anonymous" in found)
    asked = {level for found in levels.values() for level in found}
    observed: dict[str, JsonValue] = {"functions": len(levels), "anonymous": anonymous}
    if anonymous:
        return bad(f"Anybody may call {', '.join(anonymous)} without a key.", **observed)
    if asked - _LEVELS:
        return unknown("A function asks for a level this version does not know.", **observed)
    if not asked:
        return not_applicable("No function of the app is started by HTTP.", **observed)
    return good("Every function that HTTP starts asks for a key.", **observed)


def in_network(app: Resource) -> Judgement:
    """Judge whether the app reaches out through a virtual network; absent means that it does not."""
    subnet = app.text("properties.virtualNetworkSubnetId")
    return judged(
        subnet,
        "The app is integrated with a virtual network.",
        "The app is integrated with no virtual network.",
        virtualNetworkSubnetId=subnet,
    )


def insights(app: Resource) -> Judgement:
    """Judge by the tag that the portal sets: app settings, where the link is, hold secrets too."""
    tags = app.at("tags")
    linked = next(
        (
            value
            for name, value in (tags.items() if isinstance(tags, dict) else ())
            if name.lower() == _COMPONENT_TAG and isinstance(value, str)
        ),
        None,
    )
    if linked is None:
        reason = (
            "Look for APPLICATIONINSIGHTS_CONNECTION_STRING in the app's settings, which only "
            f"{SETTINGS_PERMISSION} shows."
        )
        return manual(reason, missing_permission=SETTINGS_PERMISSION)
    own = linked.lower().startswith(f"{_subscription(app)}/")
    if own and not app.matching("components", whole_id, linked):
        return bad("The Application Insights resource that the app names is gone.", component=linked)
    return good("The app is linked to Application Insights.", component=linked)


def _subscription(app: Resource) -> str:
    return "/".join(app.id.lower().split("/")[:3])


def runtime(app: Resource) -> Judgement:
    """Judge the version of the Functions runtime: it is an app setting, but for Flex Consumption.

    A Flex Consumption app has `functionAppConfig` and runs version 4 only (Microsoft, "Functions runtime
    versions overview").
    """
    name = app.text("properties.functionAppConfig.runtime.name")
    if name:
        version = app.text("properties.functionAppConfig.runtime.version")
        return good(
            "The app runs on Flex Consumption, whose runtime is version 4.", stack=name, version=version
        )
    reason = (
        "Look whether FUNCTIONS_EXTENSION_VERSION in the app's settings is ~4; only "
        f"{SETTINGS_PERMISSION} shows it."
    )
    return manual(reason, missing_permission=SETTINGS_PERMISSION)


RULES = (
    *common_rules("function_app", "Function app"),
    Rule(
        Check(
            id="function_app_access_keys_configured",
            title="Functions ask their callers for a key",
            severity="high",
            rationale="A function that anybody may start is anybody's function.",
            remediation="Portal: function > Integration > HTTP trigger > Authorization level. CLI: az "
            "functionapp deployment source sync -g <group> -n <app>, after authLevel function in the code",
            permission=FUNCTIONS.permission,
        ),
        keys_asked_for,
        needs=("functions",),
    ),
    Rule(
        Check(
            id="function_app_identity_least_privilege",
            title="Identity without an administrator's role",
            severity="high",
            rationale="Whoever breaks into the app has the rights of its identity.",
            remediation="Portal: app > Identity > Azure role assignments. CLI: az role assignment delete "
            "--assignee <principal id> --role <role> --scope <scope>",
            permission=ROLE_ASSIGNMENTS.permission,
        ),
        no_admin_role,
        needs=("role_assignments",),
    ),
    not_public_rule("function_app_not_public", "Function app not public", "high"),
    Rule(
        Check(
            id="function_app_vnet_integrated",
            title="Function app integrated with a virtual network",
            severity="medium",
            rationale="What leaves through a network can be filtered and reaches private endpoints.",
            remediation="Portal: app > Networking > Virtual network integration. CLI: az functionapp "
            "vnet-integration add -g <group> -n <app> --vnet <vnet> --subnet <subnet>",
            permission=SITES.permission,
        ),
        in_network,
    ),
    Rule(
        Check(
            id="function_app_insights_enabled",
            title="Application Insights on",
            severity="low",
            rationale="Without telemetry failures and misuse of a function go unseen.",
            remediation="Portal: app > Application Insights > Turn on. CLI: az monitor app-insights "
            "component connect-function -g <group> --app <component> --function <app>",
            permission=COMPONENTS.permission,
        ),
        insights,
        needs=("components",),
    ),
    Rule(
        Check(
            id="function_app_runtime_current",
            title="Functions runtime current",
            severity="medium",
            rationale="Runtimes before version 4 get no security fixes.",
            remediation="Portal: app > Configuration > Function runtime settings. CLI: az functionapp "
            "config appsettings set -g <group> -n <app> --settings FUNCTIONS_EXTENSION_VERSION=~4",
            permission=SITES.permission,
        ),
        runtime,
    ),
)
