"""How Defender for Cloud is tied to the rest: integrations, scanners, export, rules that hide alerts."""

from collections.abc import Callable, Iterable, Sequence

from collectors.contract import Check, JsonValue
from collectors.declarations.configuration import gap_judgement
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judge,
    Judgement,
    Rule,
    bad,
    good,
    judged,
    manual,
    not_applicable,
    unknown,
)
from collectors.defender.reads import (
    ATTACK_SURFACES,
    AUTOMATIONS,
    IOT_SOLUTIONS,
    PROVISIONING,
    SERVER_SCANNERS,
    SETTINGS,
    SUPPRESSIONS,
)
from collectors.errors import ResourceAbsent, ServiceNotEnabled

_ENVIRONMENT = "Portal: Microsoft Defender for Cloud > Environment settings > subscription"
_EXPORTS = frozenset({"eventhub", "workspace"})


def integration_on(name: str, what: str) -> Judge:
    """Make a judge that demands an integration: a setting of the kind DataExportSettings.

    What a setting that is not listed means is not documented, so it is `unknown`.
    """

    def judge(subscription: Resource) -> Judgement:
        setting = subscription.found("settings", name)
        if setting is None:
            return unknown(f"Defender for Cloud does not list the setting {name}.", setting=name)
        on = setting.flag("properties.enabled")
        kind = setting.text("kind")
        if on is None or (kind or "").lower() != "dataexportsettings":
            return unknown(f"The setting {name} is of a form this version does not know.", kind=kind)
        return judged(on, f"{what} is on.", f"{what} is off.", setting=name, kind=kind)

    return judge


def scanner_provisioned(subscription: Resource) -> Judgement:
    """Judge that machines get a vulnerability scanner; MdeTvm is the documented one."""
    settings = subscription.shared("server_scanners")
    providers = [one.text("properties.selectedProvider") for one in settings]
    if any((provider or "").lower() == "mdetvm" for provider in providers):
        return good("Machines get Defender Vulnerability Management.", providers=providers)
    if any(providers):
        return unknown("The vulnerability scanner is none that this version knows.", providers=providers)
    return bad("No vulnerability scanner is provisioned for machines.", providers=providers)


def agent_provisioned(subscription: Resource) -> Judgement:
    """Judge the provisioning of the Log Analytics agent, retired in August 2024: off is not a failure."""
    settings = subscription.shared("provisioning")
    states = [one.text("properties.autoProvision") for one in settings]
    if any((state or "").lower() == "on" for state in states):
        return good("The Log Analytics agent is provisioned, which is retired.", states=states)
    return not_applicable("The Log Analytics agent is retired: nothing is to be provisioned.", states=states)


def exported(subscription: Resource) -> Judgement:
    """Judge that what Defender finds leaves it: an automation to Event Hubs or Log Analytics that is on.

    One that starts Logic Apps exports nothing. Automations apply "on defined scopes" only, so that one of a
    resource group is not the subscription's (automations.json).
    """
    found = subscription.shared("automations")
    exporting = [one for one in found if _exports(one) and _covers(one, subscription.id)]
    states = [one.flag("properties.isEnabled") for one in exporting]
    observed: dict[str, JsonValue] = {"automations": len(found), "exports": [one.name for one in exporting]}
    if True in states:
        return good("Findings of the whole subscription are exported continuously.", **observed)
    if None in states:
        return unknown("Azure does not say whether the continuous export is on.", **observed)
    return bad("No continuous export of the whole subscription is on.", **observed)


def suppressions_reviewed(subscription: Resource) -> Judgement:
    """Judge whether there are rules that hide alerts; whether each is still right, a person tells."""
    names: list[JsonValue] = [one.name for one in subscription.shared("suppressions") if _hides(one)]
    if not names:
        return not_applicable("No rule suppresses alerts.", rules=names)
    return manual(
        "Rules suppress alerts. Look whether each is still wanted: Microsoft Defender for Cloud > Security "
        "alerts > Suppression rules.",
        rules=names,
    )


def hubs_watched(subscription: Resource, hubs: Sequence[Resource]) -> Judgement:
    """Judge that every IoT hub belongs to a security solution that is on."""
    solutions = subscription.shared("iot_solutions")
    watched = _hubs_of(one for one in solutions if one.flag("properties.status"))
    unclear = _hubs_of(one for one in solutions if one.flag("properties.status") is None)
    unwatched: list[JsonValue] = [hub.name for hub in hubs if hub.id.lower() not in watched]
    if not hubs:
        return not_applicable("The subscription has no IoT hubs.", hubs=0)
    if unwatched and all(hub.id.lower() in watched | unclear for hub in hubs):
        return unknown("Azure does not say whether a security solution is on.", unwatched=unwatched)
    return judged(
        not unwatched,
        "Every IoT hub is watched by Defender for IoT.",
        "There are IoT hubs that Defender for IoT does not watch.",
        hubs=len(hubs),
        unwatched=unwatched,
    )


def attack_surface_watched(_subscription: Resource, workspaces: Sequence[Resource]) -> Judgement:
    """Judge that there is a workspace; one in another subscription may do as well, which a person tells."""
    if workspaces:
        names: list[JsonValue] = [one.name for one in workspaces]
        return good("External attack surface management is on.", workspaces=names)
    return manual(
        "The subscription has no workspace of external attack surface management. Look whether one in "
        "another subscription covers it: Microsoft Defender EASM.",
        workspaces=[],
    )


def where_offered(name: str, judge: Callable[[Resource, Sequence[Resource]], Judgement]) -> Judge:
    """Make a judge of a list of another provider: none is there where the provider is not registered."""

    def judge_listed(subscription: Resource) -> Judgement:
        error = subscription.gap((name,))
        if isinstance(error, ServiceNotEnabled | ResourceAbsent):
            return judge(subscription, ())
        return judge(subscription, subscription.shared(name)) if error is None else gap_judgement(error)

    return judge_listed


def _exports(automation: Resource) -> bool:
    actions = automation.objects("properties.actions")
    sources = automation.objects("properties.sources")
    return bool(sources) and any((one.text("actionType") or "").lower() in _EXPORTS for one in actions)


def _covers(automation: Resource, scope: str) -> bool:
    paths = (one.text("scopePath") or "" for one in automation.objects("properties.scopes"))
    return any(path.rstrip("/").lower() == scope.lower() for path in paths)


def _hides(rule: Resource) -> bool:
    ends = rule.age_days("properties.expirationDateUtc")
    return (rule.text("properties.state") or "").lower() != "disabled" and (ends is None or ends < 0)


def _hubs_of(solutions: Iterable[Resource]) -> set[str]:
    return {hub.lower() for one in solutions for hub in one.texts("properties.iotHubs")}


RULES = (
    Rule(
        Check(
            id="defender_mde_integration_enabled",
            title="Defender for Endpoint integration on",
            severity="high",
            rationale="With it machines are watched by Defender for Endpoint, and its alerts are seen here.",
            remediation=f"{_ENVIRONMENT} > Defender plans > Servers > Settings > Endpoint protection. CLI: "
            "az security setting update --name WDATP --enabled true",
            permission=SETTINGS.permission,
        ),
        integration_on("WDATP", "The integration of Defender for Endpoint"),
        needs=("settings",),
    ),
    Rule(
        Check(
            id="defender_cloud_apps_integration_enabled",
            title="Defender for Cloud Apps integration on",
            severity="low",
            rationale="With it unusual behaviour of users across cloud apps is seen here too.",
            remediation=f"{_ENVIRONMENT} > Integrations > Microsoft Defender for Cloud Apps. CLI: az "
            "security setting update --name MCAS --enabled true",
            permission=SETTINGS.permission,
        ),
        integration_on("MCAS", "The integration of Defender for Cloud Apps"),
        needs=("settings",),
    ),
    Rule(
        Check(
            id="defender_vulnerability_assessment_provisioned",
            title="VM vulnerability assessment provisioned",
            severity="high",
            rationale="A machine that no scanner looks at hides its known weaknesses.",
            remediation=f"{_ENVIRONMENT} > Defender plans > Servers > Settings > Vulnerability assessment "
            "for machines. Bicep: Microsoft.Security/serverVulnerabilityAssessmentsSettings@2023-05-01 "
            "named azureServersSetting: kind: 'AzureServersSetting', selectedProvider: 'MdeTvm'",
            permission=SERVER_SCANNERS.permission,
        ),
        scanner_provisioned,
        needs=("server_scanners",),
    ),
    Rule(
        Check(
            id="defender_log_analytics_agent_provisioned",
            title="Log Analytics agent auto-provisioned (legacy)",
            severity="low",
            rationale="The agent collected events of machines until it was retired in August 2024.",
            remediation=f"{_ENVIRONMENT} > Settings & monitoring: nothing is to be done, the agent is "
            "retired. CLI: az security auto-provisioning-setting list",
            permission=PROVISIONING.permission,
        ),
        agent_provisioned,
        needs=("provisioning",),
    ),
    Rule(
        Check(
            id="defender_continuous_export_configured",
            title="Continuous export configured",
            severity="medium",
            rationale="Defender keeps alerts for 90 days; what is exported is kept as long as one wants.",
            remediation=f"{_ENVIRONMENT} > Continuous export > Log Analytics workspace or Event hub. "
            "Bicep: Microsoft.Security/automations@2023-12-01-preview: scopes: the subscription, sources: "
            "Alerts and Assessments, actions: [{ actionType: 'Workspace', workspaceResourceId: '<id>' }]",
            permission=AUTOMATIONS.permission,
        ),
        exported,
        needs=("automations",),
    ),
    Rule(
        Check(
            id="defender_alert_suppression_reviewed",
            title="Alert suppression rules reviewed",
            severity="medium",
            rationale="A rule that outlived its reason hides real attacks.",
            remediation="Portal: Microsoft Defender for Cloud > Security alerts > Suppression rules; delete "
            "those no longer wanted. CLI: az security alerts-suppression-rule list",
            permission=SUPPRESSIONS.permission,
            manual=True,
        ),
        suppressions_reviewed,
        needs=("suppressions",),
    ),
    Rule(
        Check(
            id="defender_plan_iot_hub",
            title="Defender for IoT Hub on",
            severity="medium",
            rationale="Without it attacks on devices, and on the hub, raise no alert.",
            remediation="Portal: IoT hub > Defender for IoT > Settings > Data Collection > Enable Microsoft "
            "Defender for IoT. CLI: az security iot-solution create --solution-name <name> --iot-hubs <id>",
            permission=IOT_SOLUTIONS.permission,
        ),
        where_offered("iot_hubs", hubs_watched),
        needs=("iot_solutions",),
    ),
    Rule(
        Check(
            id="defender_external_attack_surface_enabled",
            title="External attack surface management on",
            severity="low",
            rationale="It finds what the organisation shows the internet without knowing.",
            remediation="Portal: Microsoft Defender EASM > Create. CLI: az resource create --resource-type "
            "Microsoft.Easm/workspaces --name <name> --resource-group <group> --properties {}",
            permission=ATTACK_SURFACES.permission,
        ),
        where_offered("attack_surfaces", attack_surface_watched),
    ),
)
