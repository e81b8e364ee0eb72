"""Web apps and function apps: each check by what it passes, fails, and makes of an absent value."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.app_service import function_apps, identities, web_apps
from collectors.app_service.reads import is_function_app
from collectors.app_service.stacks import numbers_of
from collectors.contract import JsonValue
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.errors import AccessDenied

SUBSCRIPTION = "/subscriptions/s"
ID = f"{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Web/sites/app"
ENDPOINT: JsonObject = {"properties": {"privateLinkServiceConnectionState": {"status": "approved"}}}
PENDING: JsonObject = {"properties": {"privateLinkServiceConnectionState": {"status": "Pending"}}}
OWNER = "/providers/Microsoft.Authorization/roleDefinitions/8E3AF657-A8FF-443C-A75C-2FE8C4BCB635"
READER = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
COMPONENT = f"{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Insights/components/c"
TAG = "hidden-link: /app-insights-resource-id"


def site(
    properties: JsonObject | None = None,
    configuration: JsonObject | None = None,
    *,
    authentication: JsonObject | None = None,
    shared: Mapping[str, Sequence[JsonObject]] | None = None,
    parts: dict[str, Sequence[JsonObject]] | None = None,
    **more: JsonValue,
) -> Resource:
    """Give a site with its configuration and what was read beside it."""
    listed = {"components": (), "role_assignments": (), "role_definitions": (), **(shared or {})}
    around = Surroundings(
        datetime.now(UTC), {name: tuple(map(Resource, rows)) for name, rows in listed.items()}
    )
    names = ("private_endpoints", "publishing", "diagnostics", "functions")
    rows = {name: tuple(map(Resource, (parts or {}).get(name, ()))) for name in names}
    of_site = {
        "configuration": Resource({"id": f"{ID}/config/web", "properties": configuration or {}}),
        "authentication": None if authentication is None else Resource({"properties": authentication}),
    }
    return Resource({"id": ID, "properties": properties or {}, **more}, around, {**rows, **of_site})


def web(found: Resource, check_id: str) -> str:
    """Judge a web app by one check."""
    said = {one.check_id: one.status.value for one in evaluate(found, web_apps.RULES)}
    return said[f"app_service_{check_id}"]


def function(found: Resource, check_id: str) -> str:
    """Judge a function app by one check."""
    said = {one.check_id: one.status.value for one in evaluate(found, function_apps.RULES)}
    return said[f"function_app_{check_id}"]


COMMON: list[tuple[str, JsonObject, JsonObject, str]] = [
    ("https_only", {"httpsOnly": True}, {}, "pass"),
    ("https_only", {"httpsOnly": False}, {}, "fail"),
    ("https_only", {}, {}, "fail"),
    ("min_tls_12", {}, {"minTlsVersion": "1.3"}, "pass"),
    ("min_tls_12", {}, {"minTlsVersion": "1.1"}, "fail"),
    ("min_tls_12", {}, {"minTlsVersion": "2.0"}, "unknown"),
    ("min_tls_12", {}, {}, "unknown"),
    ("ftps_only", {}, {"ftpsState": "ftpsonly"}, "pass"),
    ("ftps_only", {}, {"ftpsState": "Disabled"}, "pass"),
    ("ftps_only", {}, {"ftpsState": "AllAllowed"}, "fail"),
    ("ftps_only", {}, {}, "unknown"),
    ("remote_debugging_off", {}, {"remoteDebuggingEnabled": False}, "pass"),
    ("remote_debugging_off", {}, {"remoteDebuggingEnabled": True}, "fail"),
    ("remote_debugging_off", {}, {}, "unknown"),
]


@pytest.mark.parametrize(("check_id", "properties", "configuration", "expected"), COMMON)
def test_both_kinds_of_site_say(
    check_id: str, properties: JsonObject, configuration: JsonObject, expected: str
) -> None:
    """The same of the same settings."""
    found = site(properties, configuration)

    assert web(found, check_id) == function(found, check_id) == expected


@pytest.mark.parametrize(
    ("check_id", "properties", "configuration", "expected"),
    [
        ("http2_enabled", {}, {"http20Enabled": True}, "pass"),
        ("http2_enabled", {}, {"http20Enabled": False}, "fail"),
        ("http2_enabled", {}, {}, "unknown"),
        ("cors_restricted", {}, {"cors": {"allowedOrigins": ["https://a.example"]}}, "pass"),
        ("cors_restricted", {}, {"cors": {"allowedOrigins": ["https://a.example", "*"]}}, "fail"),
        ("cors_restricted", {}, {}, "pass"),
        (
            "client_certificates_on",
            {"clientCertEnabled": True, "clientCertMode": "Required"},
            {},
            "pass",
        ),
        (
            "client_certificates_on",
            {"clientCertEnabled": True, "clientCertMode": "OptionalInteractiveUser"},
            {},
            "fail",
        ),
        (
            "client_certificates_on",
            {"clientCertEnabled": False, "clientCertMode": "Required"},
            {},
            "fail",
        ),
        ("client_certificates_on", {"clientCertEnabled": True}, {}, "unknown"),
        ("client_certificates_on", {}, {}, "fail"),
        ("java_version_supported", {}, {"linuxFxVersion": "JAVA|17-java17"}, "pass"),
        ("java_version_supported", {}, {"linuxFxVersion": "TOMCAT|9.0-jre8"}, "fail"),
        ("java_version_supported", {}, {"javaVersion": "1.8.0_202"}, "fail"),
        ("java_version_supported", {}, {"javaVersion": "newest"}, "unknown"),
        ("java_version_supported", {}, {"linuxFxVersion": "DOCKER|an/image:1"}, "not_applicable"),
        ("java_version_supported", {}, {}, "not_applicable"),
        ("php_version_supported", {}, {"linuxFxVersion": "PHP|8.3"}, "pass"),
        ("php_version_supported", {}, {"phpVersion": "5.6"}, "fail"),
        ("php_version_supported", {}, {"phpVersion": "Off"}, "not_applicable"),
        ("php_version_supported", {}, {}, "not_applicable"),
        ("python_version_supported", {}, {"linuxFxVersion": "python|3.12"}, "pass"),
        ("python_version_supported", {}, {"linuxFxVersion": "PYTHON|3.9"}, "fail"),
        ("python_version_supported", {}, {"pythonVersion": "2.7"}, "fail"),
        ("python_version_supported", {}, {"pythonVersion": ""}, "not_applicable"),
    ],
)
def test_a_web_app_says(
    check_id: str, properties: JsonObject, configuration: JsonObject, expected: str
) -> None:
    """What its settings are there to say."""
    assert web(site(properties, configuration), check_id) == expected


@pytest.mark.parametrize(
    ("properties", "endpoints", "expected"),
    [
        ({"publicNetworkAccess": "Disabled"}, [], "pass"),
        ({"publicNetworkAccess": "enabled"}, [ENDPOINT], "fail"),
        ({"publicNetworkAccess": "SecuredByPerimeter"}, [], "unknown"),
        ({"publicNetworkAccess": ""}, [ENDPOINT], "pass"),
        ({}, [PENDING], "fail"),
        ({}, [], "fail"),
        ({"hostingEnvironmentProfile": {"id": "/ase"}}, [], "unknown"),
    ],
)
def test_a_public_network_is_closed(
    properties: JsonObject, endpoints: list[JsonObject], expected: str
) -> None:
    """By a setting, or by a private endpoint where nothing was ever set."""
    found = site(properties, parts={"private_endpoints": endpoints})

    assert web(found, "public_network_disabled") == function(found, "not_public") == expected


def test_front_door_before_an_app_does_not_make_it_private() -> None:
    """The app's own address stays public, whoever may call it."""
    door: JsonObject = {"ipAddress": "AzureFrontDoor.Backend", "tag": "ServiceTag", "action": "Allow"}
    rules: JsonObject = {"ipSecurityRestrictions": [door], "ipSecurityRestrictionsDefaultAction": "Deny"}
    found = site({"publicNetworkAccess": "Enabled"}, rules)

    assert (web(found, "public_network_disabled"), web(found, "private_link_used")) == ("fail", "fail")
    assert function(found, "not_public") == "fail"


def test_the_list_s_site_config_is_never_believed() -> None:
    """It says the opposite of what `config/web` says."""
    lie: JsonObject = {"minTlsVersion": "1.2", "ftpsState": "Disabled", "http20Enabled": True}
    found = site({"siteConfig": lie}, {"minTlsVersion": "1.0", "http20Enabled": False})

    assert [web(found, name) for name in ("min_tls_12", "http2_enabled")] == ["fail", "fail"]
    assert web(found, "ftps_only") == "unknown"


@pytest.mark.parametrize(("endpoints", "expected"), [([ENDPOINT], "pass"), ([PENDING], "fail"), ([], "fail")])
def test_private_link_needs_an_approved_endpoint(endpoints: list[JsonObject], expected: str) -> None:
    """One that is pending carries nothing."""
    assert web(site(parts={"private_endpoints": endpoints}), "private_link_used") == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"platform": {"enabled": True}}, "pass"),
        ({"platform": {"enabled": False}}, "fail"),
        ({}, "fail"),
        (None, "fail"),
    ],
)
def test_authentication_is_off_unless_it_was_set(settings: JsonObject | None, expected: str) -> None:
    """A site that never had it answers no platform."""
    assert web(site(authentication=settings), "authentication_enabled") == expected


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ({"categoryGroup": "allLogs", "enabled": True}, "pass"),
        ({"category": "appservicehttplogs", "enabled": True}, "pass"),
        ({"category": "AppServiceHTTPLogs", "enabled": False}, "fail"),
        ({"categoryGroup": "audit", "enabled": True}, "fail"),
        (None, "fail"),
    ],
)
def test_http_logs_are_sent_by_category_or_group(log: JsonObject | None, expected: str) -> None:
    """`allLogs` holds them, `audit` does not (prowler#8460)."""
    settings: list[JsonObject] = [] if log is None else [{"properties": {"logs": [log]}}]

    assert web(site(parts={"diagnostics": settings}), "http_logs_enabled") == expected


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        ({"ftp": False, "scm": False}, "pass"),
        ({"ftp": False, "scm": True}, "fail"),
        ({"ftp": True}, "fail"),
        ({"scm": False}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_basic_authentication_is_off_for_both(allowed: dict[str, bool], expected: str) -> None:
    """One of them is enough to deploy code with a password."""
    rows: list[JsonObject] = [{"name": name, "properties": {"allow": on}} for name, on in allowed.items()]

    assert web(site(parts={"publishing": rows}), "scm_basic_auth_disabled") == expected


@pytest.mark.parametrize(
    ("bindings", "expected"),
    [
        ([{"type": "httpTrigger", "authLevel": "function"}], "pass"),
        ([{"type": "httpTrigger"}], "pass"),
        ([{"type": "HttpTrigger", "authLevel": "ANONYMOUS"}], "fail"),
        ([{"type": "httpTrigger", "authLevel": "newer"}], "unknown"),
        ([{"type": "timerTrigger"}], "not_applicable"),
    ],
)
def test_functions_ask_for_a_key(bindings: list[JsonValue], expected: str) -> None:
    """A trigger that says nothing asks for a function key, as documented."""
    row: JsonObject = {"id": "/f", "name": "app/f", "properties": {"config": {"bindings": bindings}}}

    assert function(site(parts={"functions": [row]}), "access_keys_configured") == expected
    assert function(site(), "access_keys_configured") == "not_applicable"


@pytest.mark.parametrize(
    ("identity", "role", "expected"),
    [
        ({"type": "SystemAssigned", "principalId": "P"}, OWNER, "fail"),
        ({"type": "UserAssigned", "userAssignedIdentities": {"/i": {"principalId": "p"}}}, OWNER, "fail"),
        ({"type": "SystemAssigned", "principalId": "p"}, READER, "pass"),
        ({"type": "SystemAssigned", "principalId": "another"}, OWNER, "pass"),
        (None, OWNER, "not_applicable"),
    ],
)
def test_an_identity_is_no_administrator(identity: JsonValue, role: str, expected: str) -> None:
    """Its own or one that was given to it; ids in any case."""
    rows: list[JsonObject] = [{"properties": {"principalId": "p", "roleDefinitionId": role}}]
    found = site(identity=identity, shared={"role_assignments": rows, "role_definitions": [BUILT_IN]})

    assert function(found, "identity_least_privilege") == expected


BUILT_IN: JsonObject = {"id": f"/roles/{READER}", "properties": {"type": "BuiltInRole"}}


def custom(data: tuple[str, ...] = (), **permissions: JsonValue) -> JsonObject:
    """Define a custom role."""
    allowed: JsonObject = {"actions": [], "dataActions": list(data), **permissions}
    return {
        "id": "/roles/C",
        "properties": {"type": "CustomRole", "permissions": [allowed], "roleName": "Mine"},
    }


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (custom(actions=["*"], notActions=["Microsoft.Authorization/*/Write"]), "fail"),
        (custom(actions=["*/write"]), "fail"),
        (custom(actions=["*/action"]), "fail"),
        (custom(actions=["microsoft.authorization/*"]), "fail"),
        (custom(actions=["Microsoft.Authorization/roleAssignments/Write"]), "fail"),
        (custom(actions=["Microsoft.Authorization/*/write"]), "fail"),
        (custom(actions=["Microsoft.Compute/*"]), "manual"),
        (custom(actions=["Microsoft.Compute/virtualMachines/write"]), "manual"),
        (custom(actions=["Microsoft.Web/sites/restart/action"]), "manual"),
        (custom(actions=["*/read"]), "pass"),
        (custom(actions=["Microsoft.Authorization/*/read"]), "pass"),
        (custom(("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",)), "pass"),
        (custom(("*",)), "fail"),
        ({"id": "/roles/c", "properties": {"type": "CustomRole"}}, "unknown"),
        ({"id": "/roles/c", "properties": {"type": "NewKind"}}, "unknown"),
        (BUILT_IN, "unknown"),
    ],
)
def test_a_custom_role_is_judged_by_what_it_allows(role: JsonObject, expected: str) -> None:
    """Everything, or giving roles away, is an administrator's; a role in no list is not known."""
    rows: list[JsonObject] = [{"properties": {"principalId": "p", "roleDefinitionId": "/x/c"}}]
    shared = {"role_assignments": rows, "role_definitions": [role]}
    found = site(identity={"principalId": "p"}, shared=shared)

    assert function(found, "identity_least_privilege") == expected


@pytest.mark.parametrize(("role", "expected"), [(OWNER, "fail"), (READER, "unknown")])
def test_without_the_roles_only_built_in_administrators_are_told(role: str, expected: str) -> None:
    """These have the same id everywhere."""
    denied = AccessDenied("No.", permission="Microsoft.Authorization/roleDefinitions/read", scope="/")
    row = Resource({"properties": {"principalId": "p", "roleDefinitionId": role}})
    around = Surroundings(datetime.now(UTC), {"role_assignments": (row,), "role_definitions": denied})
    app = Resource({"id": ID, "identity": {"principalId": "p"}}, around)
    said = identities.no_admin_role(app)

    assert said.status == expected
    assert (said.observed.get("missing_permission") == denied.permission) is (expected == "unknown")


def test_roles_of_groups_are_said_not_to_be_seen() -> None:
    """Who is in a group only Graph tells, and it is not asked."""
    rows: list[JsonObject] = [
        {"properties": {"principalId": "g", "principalType": "Group", "roleDefinitionId": OWNER}}
    ]
    shared = {"role_assignments": rows, "role_definitions": [BUILT_IN]}
    said = identities.no_admin_role(site(identity={"principalId": "p"}, shared=shared))

    assert said.status == "pass"
    assert "groups" in said.reason
    assert said.observed["groups_with_administrator_roles"] == 1


@pytest.mark.parametrize(
    ("identity", "expected"), [({"type": "UserAssigned"}, "pass"), ({"type": "None"}, "fail"), (None, "fail")]
)
def test_an_identity_is_there(identity: JsonValue, expected: str) -> None:
    """None, in words or absent, is none."""
    found = site(identity=identity)

    assert web(found, "managed_identity") == function(found, "managed_identity") == expected


@pytest.mark.parametrize(
    ("tags", "components", "expected"),
    [
        ({TAG: COMPONENT.upper()}, [{"id": COMPONENT}], "pass"),
        ({TAG: COMPONENT}, [], "fail"),
        ({TAG: COMPONENT.replace("/s/", "/other/")}, [], "pass"),
        ({}, [{"id": COMPONENT}], "manual"),
        (None, [], "manual"),
    ],
)
def test_insights_are_told_by_a_tag(tags: JsonValue, components: list[JsonObject], expected: str) -> None:
    """Without one only the app settings tell, which Reader may not read."""
    assert function(site(tags=tags, shared={"components": components}), "insights_enabled") == expected


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("runtime_current", {"functionAppConfig": {"runtime": {"name": "node", "version": "22"}}}, "pass"),
        ("runtime_current", {}, "manual"),
        ("vnet_integrated", {"virtualNetworkSubnetId": "/subnet"}, "pass"),
        ("vnet_integrated", {"virtualNetworkSubnetId": ""}, "fail"),
        ("vnet_integrated", {}, "fail"),
    ],
)
def test_a_function_app_says(check_id: str, properties: JsonObject, expected: str) -> None:
    """What its own members are there to say."""
    assert function(site(properties), check_id) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("functionapp,linux", True), ("FunctionApp", True), ("app,linux", False), ("", False), (None, False)],
)
def test_function_apps_are_told_by_their_kind(*, kind: JsonValue, expected: bool) -> None:
    """A list of words, in any case."""
    assert is_function_app(Resource({"id": ID, "kind": kind})) is expected


@given(st.integers(2, 99), st.integers(0, 99))
def test_versions_are_compared_by_numbers(major: int, minor: int) -> None:
    """3.10 is newer than 3.9."""
    assert numbers_of(f"{major}.{minor}") == (major, minor)


def test_role_assignments_and_components_are_looked_up_by_an_index() -> None:
    """Each is made once, at its first use: else apps times assignments would be the cost."""
    rows: dict[str, list[JsonObject]] = {
        "role_assignments": [
            {"properties": {"principalId": f"p{number}", "roleDefinitionId": OWNER}} for number in range(500)
        ],
        "components": [{"id": f"{COMPONENT}{number}"} for number in range(500)],
    }
    around = Surroundings(datetime.now(UTC), {name: tuple(map(Resource, of)) for name, of in rows.items()})

    for number in range(500):
        identity: JsonObject = {"principalId": f"P{number}"}
        app = Resource({"id": ID, "identity": identity, "tags": {TAG: f"{COMPONENT}{number}"}}, around)
        assert identities.no_admin_role(app).status == "fail"
        assert function_apps.insights(app).status == "pass"

    indexes = {name: len(index) for (name, _, _), index in around.groups.items()}
    assert indexes == {"role_assignments": 500, "components": 500}
