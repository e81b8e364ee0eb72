"""How far monitoring reaches: applications, resources that can log, SKUs that are too small for it."""

from collectors.contract import Check, JsonValue
from collectors.declarations.diagnostics import DIAGNOSTIC_SETTINGS
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, good, judged, manual, not_applicable
from collectors.declarations.shared_reads import COMPONENTS
from collectors.monitor.activity_log import sending
from collectors.monitor.reads import RESOURCES

# Types with resource logs (Microsoft Learn, "Supported Resource log categories in Azure Monitor"). Storage
# accounts are left out: their logs are settings of the services inside, which the storage service judges.
LOGGING_TYPES = frozenset(
    {
        "microsoft.apimanagement/service",
        "microsoft.app/managedenvironments",
        "microsoft.appconfiguration/configurationstores",
        "microsoft.automation/automationaccounts",
        "microsoft.batch/batchaccounts",
        "microsoft.botservice/botservices",
        "microsoft.cache/redis",
        "microsoft.cdn/profiles",
        "microsoft.cognitiveservices/accounts",
        "microsoft.containerregistry/registries",
        "microsoft.containerservice/managedclusters",
        "microsoft.databricks/workspaces",
        "microsoft.datafactory/factories",
        "microsoft.dbformysql/flexibleservers",
        "microsoft.dbforpostgresql/flexibleservers",
        "microsoft.devices/iothubs",
        "microsoft.documentdb/databaseaccounts",
        "microsoft.eventgrid/domains",
        "microsoft.eventgrid/topics",
        "microsoft.eventhub/namespaces",
        "microsoft.keyvault/managedhsms",
        "microsoft.keyvault/vaults",
        "microsoft.kusto/clusters",
        "microsoft.logic/workflows",
        "microsoft.machinelearningservices/workspaces",
        "microsoft.network/applicationgateways",
        "microsoft.network/azurefirewalls",
        "microsoft.network/bastionhosts",
        "microsoft.network/frontdoors",
        "microsoft.network/networksecuritygroups",
        "microsoft.network/virtualnetworkgateways",
        "microsoft.operationalinsights/workspaces",
        "microsoft.purview/accounts",
        "microsoft.recoveryservices/vaults",
        "microsoft.search/searchservices",
        "microsoft.servicebus/namespaces",
        "microsoft.signalrservice/signalr",
        "microsoft.sql/managedinstances",
        "microsoft.sql/servers/databases",
        "microsoft.streamanalytics/streamingjobs",
        "microsoft.synapse/workspaces",
        "microsoft.web/sites",
    }
)
PRODUCTION = frozenset({"prod", "production", "prd", "live"})
OTHERWISE = frozenset({"dev", "development", "test", "testing", "qa", "uat", "staging", "sandbox", "demo"})
_ENVIRONMENT_TAGS = frozenset({"environment", "env", "stage"})
_SMALL_SKUS = ("basic", "consumption")
_SMALL_TIERS = (*_SMALL_SKUS, "dynamic")  # Dynamic is the consumption plan of Azure Functions


def _type(resource: Resource) -> str:
    return (resource.text("type") or "").lower()


def can_log(resource: Resource) -> bool:
    """Tell whether a resource has logs to send; SQL's `master` is no database of anybody."""
    system = _type(resource) == "microsoft.sql/servers/databases" and resource.id.lower().endswith("/master")
    return _type(resource) in LOGGING_TYPES and not system


def logs(resource: Resource) -> Judgement:
    """Judge whether a diagnostic setting sends any log of a resource anywhere; metrics are none."""
    settings = resource.rows("diagnostics")
    names: list[JsonValue] = [one.name for one in sending(settings)]
    return judged(
        names,
        "A diagnostic setting sends logs of this resource on.",
        "No diagnostic setting sends any log of this resource on.",
        type=resource.text("type"),
        settings=names,
    )


def has_sku(resource: Resource) -> bool:
    """Tell whether Azure names a SKU or a tier of a resource."""
    return bool(resource.text("sku.name") or resource.text("sku.tier"))


def environment(resource: Resource) -> str | None:
    """Give what a tag says of the environment a resource belongs to, lower-cased."""
    tags = resource.at("tags")
    for name, value in tags.items() if isinstance(tags, dict) else ():
        if name.lower() in _ENVIRONMENT_TAGS and isinstance(value, str):
            return value.strip().lower()
    return None


def sku(resource: Resource) -> Judgement:
    """Judge the SKU; whether a small one serves production a tag says, or a person."""
    name, tier = resource.text("sku.name") or "", resource.text("sku.tier") or ""
    observed: dict[str, JsonValue] = {"sku": name, "tier": tier, "environment": environment(resource)}
    if not name.lower().startswith(_SMALL_SKUS) and not tier.lower().startswith(_SMALL_TIERS):
        return good("The SKU is neither Basic nor Consumption.", **observed)
    said = f"The SKU is {name or tier}"
    if environment(resource) in PRODUCTION:
        return bad(f"{said}, and a tag says that it serves production.", **observed)
    if environment(resource) in OTHERWISE:
        return not_applicable(f"{said}, and a tag says that it does not serve production.", **observed)
    return manual(f"{said}: confirm that it does not serve production.", **observed)


def components(subscription: Resource) -> Judgement:
    """Judge whether Application Insights is used at all; its keys are never kept."""
    found: list[JsonValue] = [one.name for one in subscription.shared("components")]
    return judged(
        found,
        "Application Insights is configured.",
        "The subscription has no Application Insights component.",
        components=found,
    )


COMPONENTS_RULE = Rule(
    Check(
        id="monitor_application_insights_configured",
        title="Application Insights configured",
        severity="low",
        rationale="Without telemetry of applications an attack on them looks like nothing at all.",
        remediation="Portal: Application Insights > Create, then connect the application. CLI: az monitor "
        "app-insights component create --app <name> -g <group> -l <region> --workspace <id>",
        permission=COMPONENTS.permission,
    ),
    components,
    needs=("components",),
)
LOGGING_RULE = Rule(
    Check(
        id="monitor_resource_logging_enabled",
        title="Resource logs sent on",
        severity="medium",
        rationale="A resource's log that is sent nowhere is not kept at all.",
        remediation="Portal: resource > Diagnostic settings > Add diagnostic setting > allLogs. CLI: az "
        "monitor diagnostic-settings create --resource <id> -n <name> --workspace <id> --logs "
        '\'[{"categoryGroup":"allLogs","enabled":true}]\'',
        permission=DIAGNOSTIC_SETTINGS.permission,
    ),
    logs,
    needs=("diagnostics",),
)
SKU_RULE = Rule(
    Check(
        id="monitor_production_sku_not_basic",
        title="No Basic or Consumption SKU in production",
        severity="low",
        rationale="Basic and Consumption SKUs come without the service level that production needs.",
        remediation="Portal: resource > Scale up, or Pricing tier. CLI: az resource update --ids <id> --set "
        "sku.name=Standard. Tag what does not serve production: environment=development",
        permission=RESOURCES.permission,
    ),
    sku,
)
