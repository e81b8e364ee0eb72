"""What web apps and function apps are both asked: transport, identity, network, remote debugging."""

from collections.abc import Mapping

from collectors.app_service.reads import CONFIGURATION, PRIVATE_ENDPOINTS, SITES
from collectors.contract import Check, CheckSeverity, JsonValue
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judge,
    Judgement,
    Rule,
    bad,
    good,
    judged,
    must_be_off,
    must_be_on,
    must_be_one_of,
    unknown,
)


def of_configuration(judge: Judge) -> Judge:
    """Make a judge look at `config/web` of the site, never at the list's `siteConfig`."""

    def asked(site: Resource) -> Judgement:
        configuration = site.part("configuration")
        if configuration is None:
            return unknown("Azure has no configuration of the site.")
        return judge(configuration)

    return asked


def has_identity(site: Resource) -> Judgement:
    """Judge whether a site has a managed identity of either kind; without the member it has none."""
    kind = site.text("identity.type")
    return judged(
        kind is not None and kind.lower() != "none",
        f"The app has a managed identity ({kind}).",
        "The app has no managed identity.",
        identity=kind,
    )


def approved_endpoints(site: Resource) -> int:
    """Count the private endpoints of a site that are connected and approved."""
    path = "properties.privateLinkServiceConnectionState.status"
    states = [(one.text(path) or "").lower() for one in site.rows("private_endpoints")]
    return states.count("approved")


def not_public(site: Resource) -> Judgement:
    """Judge whether the site's own address answers public networks.

    Access restrictions only narrow a public network, and a Front Door or gateway before the app leaves the
    app's own address public. Where nothing was set, an approved private endpoint closes the public network
    (Microsoft, "Azure App Service access restrictions": app access); in an environment its network decides.
    """
    path = "properties.publicNetworkAccess"
    said = site.text(path) or ""
    observed: dict[str, JsonValue] = {"publicNetworkAccess": site.at(path)}
    if said.lower() in {"enabled", "disabled"}:
        return judged(
            said.lower() == "disabled",
            "Public network access is disabled.",
            "Public network access is enabled.",
            **observed,
        )
    if said:
        reason = f"Public network access is {said}, a value this version does not know."
        return unknown(reason, **observed)
    if site.text("properties.hostingEnvironmentProfile.id"):
        return unknown("The app is in an App Service Environment, whose network decides.", **observed)
    return judged(
        approved_endpoints(site),
        "Public network access was never set, and an approved private endpoint closes it.",
        "Public network access was never set, which leaves it open.",
        **observed,
    )


_SECURE_TLS = ("1.2", "1.3")
_OLD_TLS = ("1.0", "1.1")

_TEXTS: Mapping[str, tuple[str, CheckSeverity, str, str]] = {
    "https_only": (
        "HTTPS only",
        "high",
        "Plain HTTP can be read and changed on the way.",
        (
            "Portal: app > Configuration > General settings > HTTPS Only. CLI: az webapp update -g <group> "
            "-n <app> --https-only true"
        ),
    ),
    "min_tls_12": (
        "Minimum TLS version 1.2",
        "high",
        "TLS 1.0 and 1.1 have known weaknesses.",
        (
            "Portal: app > Configuration > General settings > Minimum inbound TLS version. CLI: az webapp "
            "config set -g <group> -n <app> --min-tls-version 1.2"
        ),
    ),
    "ftps_only": (
        "FTPS only, or no FTP",
        "high",
        "FTP sends the password that deploys code in plain text.",
        (
            "Portal: app > Configuration > General settings > FTP state. CLI: az webapp config set -g "
            "<group> -n <app> --ftps-state Disabled"
        ),
    ),
    "managed_identity": (
        "Managed identity used",
        "medium",
        "An app with an identity needs no secret in its settings to reach other services.",
        "Portal: app > Identity > System assigned: On. CLI: az webapp identity assign -g <group> -n <app>",
    ),
    "remote_debugging_off": (
        "Remote debugging off",
        "low",
        "A debugger reads and changes everything the app holds in memory.",
        (
            "Portal: app > Configuration > General settings > Remote debugging: Off. CLI: az webapp "
            "config set -g <group> -n <app> --remote-debugging-enabled false"
        ),
    ),
}
_JUDGES: Mapping[str, tuple[Judge, tuple[str, ...], str]] = {
    # "HttpsOnly: configures a web site to accept only https requests"; nobody did where it is absent.
    "https_only": (must_be_on("properties.httpsOnly", "HTTPS only", absent=False), (), SITES.permission),
    "min_tls_12": (
        of_configuration(
            must_be_one_of(
                "properties.minTlsVersion",
                "The minimum TLS version",
                allowed=_SECURE_TLS,
                others=_OLD_TLS,
                absent=None,
            )
        ),
        ("configuration",),
        CONFIGURATION.permission,
    ),
    "ftps_only": (
        of_configuration(
            must_be_one_of(
                "properties.ftpsState",
                "The FTP state",
                allowed=("FtpsOnly", "Disabled"),
                others=("AllAllowed",),
                absent=None,
            )
        ),
        ("configuration",),
        CONFIGURATION.permission,
    ),
    "managed_identity": (has_identity, (), SITES.permission),
    "remote_debugging_off": (
        of_configuration(must_be_off("properties.remoteDebuggingEnabled", "Remote debugging", absent=None)),
        ("configuration",),
        CONFIGURATION.permission,
    ),
}


def common_rules(prefix: str, what: str) -> tuple[Rule, ...]:
    """Make the rules that both kinds of site are asked.

    Args:
        prefix: of the check ids: `app_service` or `function_app`.
        what: begins the titles.
    """
    rules = []
    for name, (title, severity, rationale, remediation) in _TEXTS.items():
        judge, needs, permission = _JUDGES[name]
        check = Check(
            id=f"{prefix}_{name}",
            title=f"{what}: {title}",
            severity=severity,
            rationale=rationale,
            remediation=remediation.replace("az webapp", "az functionapp")
            if "function" in prefix
            else remediation,
            permission=permission,
        )
        rules.append(Rule(check, judge, needs))
    return tuple(rules)


def not_public_rule(check_id: str, title: str, severity: CheckSeverity) -> Rule:
    """Make the rule about public networks, which the two kinds weigh differently."""
    return Rule(
        Check(
            id=check_id,
            title=title,
            severity=severity,
            rationale="An app that only the virtual network reaches is attacked from there only.",
            remediation="Portal: app > Networking > Public network access > Disabled. CLI: az resource "
            "update --ids <app id> --set properties.publicNetworkAccess=Disabled",
            permission=PRIVATE_ENDPOINTS.permission,
        ),
        not_public,
        needs=("private_endpoints",),
    )


def has_private_endpoint(site: Resource) -> Judgement:
    """Judge whether a private endpoint is connected and approved; Front Door before an app is none."""
    found = len(site.rows("private_endpoints"))
    approved = approved_endpoints(site)
    if approved:
        return good("An approved private endpoint is connected.", approved=approved, private_endpoints=found)
    return bad("No approved private endpoint is connected.", approved=0, private_endpoints=found)
