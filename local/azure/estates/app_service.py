"""Web apps and function apps: good, bad, silent and tricky ones.

The list answers `siteConfig` with the opposite of what `config/web` says, as Azure may: whoever believes the
list is wrong about every site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.Web/sites"
COMPONENT = "Microsoft.Insights/components"
WEB = (
    *("https_only", "min_tls_12", "ftps_only", "managed_identity", "remote_debugging_off", "http2_enabled"),
    *("client_certificates_on", "authentication_enabled", "cors_restricted", "http_logs_enabled"),
    *("public_network_disabled", "private_link_used", "scm_basic_auth_disabled"),
)
STACKS = ("java_version_supported", "php_version_supported", "python_version_supported")
FUNCTION = (
    *("https_only", "min_tls_12", "ftps_only", "managed_identity", "remote_debugging_off"),
    *("access_keys_configured", "identity_least_privilege", "not_public", "vnet_integrated"),
    *("insights_enabled", "runtime_current"),
)
SECURE: JsonObject = {
    "minTlsVersion": "1.2",
    "ftpsState": "FtpsOnly",
    "http20Enabled": True,
    "remoteDebuggingEnabled": False,
}
OPEN: JsonObject = {
    "minTlsVersion": "1.0",
    "ftpsState": "AllAllowed",
    "http20Enabled": False,
    "remoteDebuggingEnabled": True,
    "cors": {"allowedOrigins": ["*"]},
    # Only Front Door may call: the app's own address is public all the same.
    "ipSecurityRestrictions": [{"ipAddress": "AzureFrontDoor.Backend", "tag": "ServiceTag"}],
}


def build(estate: Estate) -> None:
    """Add the sites and what is true of them."""
    for number in range(estate.copies):
        _good_web(estate, f"goodweb{number}")
        _bad_web(estate, f"badweb{number}")
        _good_function(estate, f"goodfunction{number}")
        _bad_function(estate, f"badfunction{number}")
    _silent(estate, "silentweb")
    _tricky_web(estate, "trickyweb")
    _stacks(estate)
    _tricky_function(estate, "trickyfunction")
    _slots(estate)


def _expect(estate: Estate, site: str, prefix: str, **by_status: tuple[str, ...]) -> None:
    for status, names in by_status.items():
        estate.expect(site, status.rstrip("_"), *(f"{prefix}_{name}" for name in names))


def _without(names: tuple[str, ...], *left_out: str) -> tuple[str, ...]:
    return tuple(name for name in names if name not in left_out)


def _add(
    estate: Estate,
    name: str,
    kind: str,
    properties: JsonObject,
    configuration: JsonObject,
    **more: object,
) -> str:
    """Add a site whose list row contradicts its configuration, with nothing below it yet."""
    lie = OPEN if configuration.get("minTlsVersion") == "1.2" else SECURE
    site = estate.add(TYPE, name, {**properties, "siteConfig": lie})
    estate.objects[site.lower()].update({"kind": kind, **more})
    _below(estate, site, configuration)
    return site


def _below(estate: Estate, site: str, configuration: JsonObject) -> None:
    body: JsonObject = {"id": f"{site}/config/web", "name": "web", "type": f"{TYPE}/config"}
    estate.answer_at(f"{site}/config/web", {**body, "properties": configuration})
    for child in ("privateEndpointConnections", "functions", "basicPublishingCredentialsPolicies"):
        estate.list_at(f"{site}/{child}")
    estate.list_at(f"{site}/providers/Microsoft.Insights/diagnosticSettings", paged=False)


def _slot(
    estate: Estate, site: str, name: str, properties: JsonObject, configuration: JsonObject, **more: object
) -> str:
    """Add a deployment slot to a site, whose row lies about its configuration too; gives its id."""
    of_site = estate.objects[site.lower()]
    slot, lie = f"{site}/slots/{name}", OPEN if configuration is SECURE else SECURE
    row: JsonObject = {"id": slot, "name": f"{of_site['name']}/{name}", "type": f"{TYPE}/slots", **more}
    properties = {**properties, "siteConfig": lie}
    rows = estate.list_at(f"{site}/slots")
    rows.append({**row, "kind": of_site["kind"], "location": "westeurope", "properties": properties})
    _below(estate, slot, configuration)
    return slot


def _authenticate(estate: Estate, site: str, *, on: bool) -> None:
    properties = {"platform": {"enabled": on}}
    body: JsonObject = {"id": f"{site}/config/authsettingsV2", "name": "authsettingsv2"}
    estate.answer_at(f"{site}/config/authsettingsV2", {**body, "properties": properties})


def _publish(estate: Estate, site: str, *, allow: bool) -> None:
    rows = estate.list_at(f"{site}/basicPublishingCredentialsPolicies")
    for name in ("ftp", "scm"):
        path = f"{site}/basicPublishingCredentialsPolicies/{name}"
        rows.append({"id": path, "name": name, "properties": {"allow": allow}})


def _connect(estate: Estate, site: str, state: str) -> None:
    status = {"privateLinkServiceConnectionState": {"status": state}}
    path = f"{site}/privateEndpointConnections/pe"
    rows = estate.list_at(f"{site}/privateEndpointConnections")
    rows.append({"id": path, "name": "pe", "properties": status})


def _log(estate: Estate, site: str, log: JsonObject) -> None:
    path = f"{site}/providers/Microsoft.Insights/diagnosticSettings"
    properties = {"workspaceId": "/w", "logs": [{"enabled": True, **log}]}
    estate.list_at(path).append({"id": f"{path}/logs", "name": "logs", "properties": properties})


def _function(estate: Estate, site: str, level: str | None) -> None:
    binding = {"type": "httpTrigger", **({"authLevel": level} if level else {})}
    properties = {"config": {"bindings": [binding, {"type": "http", "direction": "out"}]}}
    row = {"id": f"{site}/functions/hello", "name": f"{site.rpartition('/')[2]}/hello"}
    estate.list_at(f"{site}/functions").append({**row, "properties": properties})


def _good_web(estate: Estate, name: str) -> str:
    properties: JsonObject = {
        "httpsOnly": True,
        "clientCertEnabled": True,
        "clientCertMode": "Required",
        "publicNetworkAccess": "Disabled",
    }
    configuration: JsonObject = {**SECURE, "linuxFxVersion": "PYTHON|3.12"}
    identity = {"type": "SystemAssigned", "principalId": estate.guid("identity", name)}
    site = _add(estate, name, "app,linux", properties, configuration, identity=identity)
    _authenticate(estate, site, on=True)
    _publish(estate, site, allow=False)
    _connect(estate, site, "Approved")
    _log(estate, site, {"categoryGroup": "allLogs"})
    _expect(estate, site, "app_service", pass_=(*WEB, STACKS[2]), not_applicable=STACKS[:2])
    return site


def _bad_web(estate: Estate, name: str) -> None:
    """A Windows app with an old PHP; its certificate mode says Required while the flag is off."""
    properties: JsonObject = {
        "httpsOnly": False,
        "clientCertEnabled": False,
        "clientCertMode": "Required",
        "publicNetworkAccess": "enabled",
    }
    configuration: JsonObject = {**OPEN, "phpVersion": "5.6", "pythonVersion": "", "linuxFxVersion": ""}
    site = _add(estate, name, "app", properties, configuration)
    _authenticate(estate, site, on=False)
    _publish(estate, site, allow=True)
    _connect(estate, site, "Pending")
    _log(estate, site, {"category": "AppServiceAuditLogs"})
    _expect(estate, site, "app_service", fail=(*WEB, STACKS[1]), not_applicable=(STACKS[0], STACKS[2]))


def _silent(estate: Estate, name: str, configuration: JsonObject | None = None) -> str:
    """A site that says nothing: absent flags mean what Azure documents, or are unknown."""
    site = _add(estate, name, "", {}, configuration or {})
    unclear = ("min_tls_12", "ftps_only", "remote_debugging_off", "http2_enabled", "scm_basic_auth_disabled")
    failed = _without(WEB, *unclear, "cors_restricted")
    _expect(estate, site, "app_service", unknown=unclear, fail=failed, pass_=("cors_restricted",))
    _expect(estate, site, "app_service", not_applicable=STACKS)
    return site


def _stacks(estate: Estate) -> None:
    """Sites that say nothing but their stack: a Java and a PHP that are mended, a Python that is not."""
    for name, stack, status in (
        ("JAVA|21-java21", STACKS[0], "pass"),
        ("PHP|8.4", STACKS[1], "pass"),
        ("PYTHON|3.8", STACKS[2], "fail"),
    ):
        site = _silent(estate, f"{name.partition('|')[0].lower()}web", {"linuxFxVersion": name})
        estate.expect(site, status, f"app_service_{stack}")


def _tricky_web(estate: Estate, name: str) -> None:
    """Closed by its private endpoint, logs by category, Java under Tomcat, values nobody knows yet."""
    properties: JsonObject = {"httpsOnly": True, "clientCertEnabled": True, "clientCertMode": "Optional"}
    configuration: JsonObject = {
        "minTlsVersion": "1.4",
        "ftpsState": "Sometimes",
        "http20Enabled": True,
        "remoteDebuggingEnabled": False,
        "linuxFxVersion": "TOMCAT|9.0-jre8",
    }
    identity = {"type": "None"}
    site = _add(estate, name, "app,linux", properties, configuration, identity=identity)
    _connect(estate, site, "Approved")
    _log(estate, site, {"category": "AppServiceHTTPLogs"})
    failed = ("client_certificates_on", "managed_identity", "authentication_enabled", STACKS[0])
    unclear = ("min_tls_12", "ftps_only", "scm_basic_auth_disabled")
    good = _without(WEB, *failed, *unclear)
    _expect(estate, site, "app_service", pass_=good, fail=failed, unknown=unclear, not_applicable=STACKS[1:])


def _good_function(estate: Estate, name: str) -> None:
    component = estate.resource_id(COMPONENT, f"{name}-insights")
    body: JsonObject = {"id": component.lower(), "name": f"{name}-insights", "type": COMPONENT}
    estate.list_at(f"{estate.scope}/providers/{COMPONENT}").append({**body, "kind": "web", "properties": {}})
    properties: JsonObject = {
        "httpsOnly": True,
        "publicNetworkAccess": "Disabled",
        "virtualNetworkSubnetId": f"{estate.scope}/subnet",
        "functionAppConfig": {"runtime": {"name": "python", "version": "3.12"}},
    }
    identity = {"type": "SystemAssigned", "principalId": estate.guid("identity", name)}
    tags = {"hidden-link: /app-insights-resource-id": component}
    site = _add(estate, name, "functionapp,linux", properties, SECURE, identity=identity, tags=tags)
    _function(estate, site, None)
    _expect(estate, site, "function_app", pass_=FUNCTION)


def _bad_function(estate: Estate, name: str) -> str:
    """A function app whose identity is that of an owner, and whose Application Insights is gone."""
    owner = estate.guid("service-principal", "pipeline")
    identity = {"type": "UserAssigned", "userAssignedIdentities": {"/i": {"principalId": owner}}}
    tags = {"hidden-link: /app-insights-resource-id": estate.resource_id(COMPONENT, "gone")}
    properties: JsonObject = {"httpsOnly": False, "publicNetworkAccess": "Enabled"}
    site = _add(estate, name, "FunctionApp", properties, OPEN, identity=identity, tags=tags)
    _function(estate, site, "anonymous")
    passed, manual = ("managed_identity",), ("runtime_current",)
    failed = _without(FUNCTION, *passed, *manual)
    _expect(estate, site, "function_app", fail=failed, pass_=passed, manual=manual)
    return site


def _tricky_function(estate: Estate, name: str) -> None:
    """A workflow app that says nothing: no functions, no identity, no tag."""
    site = _add(estate, name, "functionapp,workflowapp", {}, {})
    _connect(estate, site, "Approved")
    _expect(
        estate,
        site,
        "function_app",
        unknown=("min_tls_12", "ftps_only", "remote_debugging_off"),
        fail=("https_only", "managed_identity", "vnet_integrated"),
        not_applicable=("access_keys_configured", "identity_least_privilege"),
        pass_=("not_public",),
        manual=("insights_enabled", "runtime_current"),
    )


def _slots(estate: Estate) -> None:
    """A good site with a bad slot, and a bad site with a good one: neither says anything of the other."""
    closed: JsonObject = {"httpsOnly": True, "publicNetworkAccess": "Disabled"}
    bad = _slot(estate, _good_web(estate, "slottedweb"), "staging", {"publicNetworkAccess": "Enabled"}, OPEN)
    _authenticate(estate, bad, on=False)
    _publish(estate, bad, allow=True)
    _expect(estate, bad, "app_service", fail=WEB, not_applicable=STACKS)
    app = _bad_function(estate, "slottedfunction")
    good = _slot(estate, app, "qa", closed, SECURE, identity={"type": "None"})
    _function(estate, good, "function")
    passed = ("https_only", "min_tls_12", "ftps_only", "remote_debugging_off", "access_keys_configured")
    failed, manual = ("managed_identity", "vnet_integrated"), ("insights_enabled", "runtime_current")
    none = ("identity_least_privilege",)
    found: dict[str, tuple[str, ...]] = {"pass_": (*passed, "not_public"), "fail": failed}
    _expect(estate, good, "function_app", **found, manual=manual, not_applicable=none)
