"""What web apps are asked beyond what all sites are."""

from collectors.app_service import stacks
from collectors.app_service.reads import AUTHENTICATION, CONFIGURATION, PRIVATE_ENDPOINTS, PUBLISHING, SITES
from collectors.app_service.settings import (
    common_rules,
    has_private_endpoint,
    not_public_rule,
    of_configuration,
)
from collectors.contract import Check
from collectors.declarations.diagnostics import DIAGNOSTIC_SETTINGS, logs_not_sent
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, judged, must_be_on, unknown

_MODES = {"required", "optional", "optionalinteractiveuser"}
HTTP_LOGS = "AppServiceHTTPLogs"


def client_certificates(site: Resource) -> Judgement:
    """Judge whether callers must show a certificate; the mode says nothing while the flag is off.

    "ClientCertEnabled: false means ClientCert is ignored" (REST reference, ClientCertMode).
    """
    enabled = site.flag("properties.clientCertEnabled") is True
    mode = site.text("properties.clientCertMode")
    observed = {"clientCertEnabled": site.at("properties.clientCertEnabled"), "clientCertMode": mode}
    if not enabled:
        return bad("Client certificates are not asked for.", **observed)
    if mode is None or mode.lower() not in _MODES:
        return unknown("Azure does not say whether client certificates are required.", **observed)
    required = mode.lower() == "required"
    return judged(
        required, "Client certificates are required.", "Client certificates are optional.", **observed
    )


def authentication(site: Resource) -> Judgement:
    """Judge whether App Service authentication is on; a site that never had it answers no platform."""
    settings = site.part("authentication")
    on = settings is not None and settings.flag("properties.platform.enabled") is True
    action = None
    if settings is not None:
        action = settings.text("properties.globalValidation.unauthenticatedClientAction")
    return judged(
        on,
        "App Service authentication is on.",
        "App Service authentication is off.",
        enabled=on,
        unauthenticatedClientAction=action,
    )


def cors(configuration: Resource) -> Judgement:
    """Judge whether every website may call the app; without the member none may."""
    origins = configuration.texts("properties.cors.allowedOrigins")
    return judged(
        "*" not in {origin.strip() for origin in origins},
        "Only named origins may call the app from a browser.",
        "Every website may call the app from a browser.",
        allowedOrigins=list(origins),
    )


def http_logs(site: Resource) -> Judgement:
    """Judge whether the log of requests is sent, by its own name or with all logs; audit does not hold it."""
    missing = logs_not_sent(site.rows("diagnostics"), [HTTP_LOGS], groups=["allLogs"])
    return judged(
        not missing,
        "The log of HTTP requests is sent.",
        "No diagnostic setting sends the log of HTTP requests.",
        diagnostic_settings=len(site.rows("diagnostics")),
    )


def basic_publishing_off(site: Resource) -> Judgement:
    """Judge whether code can be deployed with a password, by FTP or by the deployment site."""
    allowed = {one.name.lower(): one.flag("properties.allow") for one in site.rows("publishing")}
    on = sorted(name for name in ("ftp", "scm") if allowed.get(name) is True)
    if on:
        return bad(f"Basic authentication is allowed for {' and '.join(on)}.", **allowed)
    if allowed.get("ftp") is None or allowed.get("scm") is None:
        return unknown("Azure does not say whether basic authentication is allowed.", **allowed)
    return judged(not on, "Basic authentication is off for FTP and SCM.", "", **allowed)


RULES = (
    *common_rules("app_service", "Web app"),
    Rule(
        Check(
            id="app_service_http2_enabled",
            title="HTTP/2 on",
            severity="low",
            rationale="HTTP/2 mends weaknesses of its forerunner and is faster.",
            remediation="Portal: app > Configuration > General settings > HTTP version. CLI: az webapp "
            "config set -g <group> -n <app> --http20-enabled true",
            permission=CONFIGURATION.permission,
        ),
        of_configuration(must_be_on("properties.http20Enabled", "HTTP/2", absent=None)),
        needs=("configuration",),
    ),
    Rule(
        Check(
            id="app_service_client_certificates_on",
            title="Client certificates required",
            severity="low",
            rationale="Only callers that hold a certificate get as far as the app.",
            remediation="Portal: app > Configuration > General settings > Client certificate mode: Require. "
            "CLI: az webapp update -g <group> -n <app> --set clientCertEnabled=true clientCertMode=Required",
            permission=SITES.permission,
        ),
        client_certificates,
    ),
    Rule(
        Check(
            id="app_service_authentication_enabled",
            title="App Service authentication on",
            severity="medium",
            rationale="The platform turns strangers away before the app's own code sees them.",
            remediation="Portal: app > Authentication > Add identity provider. CLI: az webapp auth update "
            "-g <group> -n <app> --enabled true",
            permission=AUTHENTICATION.permission,
        ),
        authentication,
        needs=("authentication",),
    ),
    Rule(
        Check(
            id="app_service_cors_restricted",
            title="CORS not open to all",
            severity="low",
            rationale="A star lets every website call the app with its visitors' rights.",
            remediation="Portal: app > CORS. CLI: az webapp cors remove -g <group> -n <app> "
            "--allowed-origins '*'",
            permission=CONFIGURATION.permission,
        ),
        of_configuration(cors),
        needs=("configuration",),
    ),
    Rule(
        Check(
            id="app_service_http_logs_enabled",
            title="Resource logs of HTTP requests on",
            severity="medium",
            rationale="Without the log of requests nobody can say afterwards what an intruder did.",
            remediation="Portal: app > Diagnostic settings > Add. CLI: az monitor diagnostic-settings "
            "create --resource <app id> -n <name> --workspace <workspace> --logs "
            '\'[{"category":"AppServiceHTTPLogs","enabled":true}]\'',
            permission=DIAGNOSTIC_SETTINGS.permission,
        ),
        http_logs,
        needs=("diagnostics",),
    ),
    not_public_rule("app_service_public_network_disabled", "Public network access disabled", "medium"),
    Rule(
        Check(
            id="app_service_private_link_used",
            title="Private link used",
            severity="low",
            rationale="Through a private endpoint requests travel inside the virtual network only.",
            remediation="Portal: app > Networking > Private endpoints > Add. CLI: az network "
            "private-endpoint create --group-id sites --private-connection-resource-id <app id> ...",
            permission=PRIVATE_ENDPOINTS.permission,
        ),
        has_private_endpoint,
        needs=("private_endpoints",),
    ),
    Rule(
        Check(
            id="app_service_scm_basic_auth_disabled",
            title="Basic authentication off for FTP and SCM",
            severity="medium",
            rationale="A publishing password is shared, never expires and passes by every sign-in policy.",
            remediation="Portal: app > Configuration > General settings > Basic Auth Publishing "
            "Credentials: Off. CLI: az resource update --ids <app "
            "id>/basicPublishingCredentialsPolicies/scm --set properties.allow=false",
            permission=PUBLISHING.permission,
        ),
        basic_publishing_off,
        needs=("publishing",),
    ),
    *stacks.RULES,
)
