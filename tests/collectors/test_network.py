"""Networks: each check by what it passes, fails, and makes of an absent value; what a refused read costs."""

import pytest

from collectors.contract import JsonValue, Verdict
from collectors.declarations.configuration import Kind, evaluate
from collectors.declarations.resources import JsonObject, Resource
from collectors.declarations.rules import Rule
from collectors.errors import AccessDenied
from collectors.network import COLLECTOR, KINDS
from collectors.network.application_gateways import GATEWAY_RULES, POLICY_RULES
from collectors.network.front_doors import VPN_RULES
from collectors.network.networks import NETWORK_RULES, SUBNET_RULES
from local.azure import SimulatedAzure
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import reading

NETWORK = "providers/Microsoft.Network"
GROUP = f"resourceGroups/g/{NETWORK}"
DENIED = AccessDenied("No.", permission="Some/read", scope=SCOPE)
ROOT = f"{SCOPE}/{GROUP}/virtualNetworks"
LISTS = (
    *("networkSecurityGroups", "virtualNetworks", "networkWatchers", "publicIPAddresses", "bastionHosts"),
    *("azureFirewalls", "applicationGateways", "ApplicationGatewayWebApplicationFirewallPolicies"),
    *("frontDoors", "FrontDoorWebApplicationFirewallPolicies", "networkSecurityPerimeters"),
)
EMPTY: dict[str, Answer] = {
    **{f"{NETWORK}/{name}": [] for name in LISTS},
    "providers/Microsoft.Cdn/profiles": [],
    "resources": [],
}
CUSTOM: JsonObject = {"policyType": "Custom", "minProtocolVersion": "TLSv1_1"}
HTTPS: JsonObject = {"id": "/l", "properties": {"protocol": "Https", "sslProfile": {"id": "/P"}}}
BARE: JsonObject = {"id": "/m", "properties": {"protocol": "Https"}}
STRICT: JsonObject = {"id": "/p", "properties": {"sslPolicy": {"policyName": "AppGwSslPolicy20220101S"}}}
LAX: JsonObject = {"id": "/p", "properties": {"sslPolicy": CUSTOM}}


def judged(rules: tuple[Rule, ...], check_id: str, properties: JsonValue, name: str = "thing") -> str:
    """Judge a resource with these properties by one check."""
    found = evaluate(
        Resource({"id": f"/{name}", "name": name, "properties": properties}),
        [rule for rule in rules if rule.check.id == check_id],
    )
    return found[0].status.value


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        ("work", {"networkSecurityGroup": {"id": "/nsg"}}, "pass"),
        ("work", {}, "fail"),
        ("gatewaysubnet", {}, "not_applicable"),
        ("AzureFirewallSubnet", {}, "not_applicable"),
        ("AzureBastionSubnet", {}, "not_applicable"),
        ("RouteServerSubnet", {}, "not_applicable"),
    ],
)
def test_subnets_need_a_group_unless_azure_forbids_one(
    name: str, properties: JsonValue, expected: str
) -> None:
    """Subnets of Azure's own services are left out."""
    assert judged(SUBNET_RULES, "network_subnet_nsg_associated", properties, name) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [({"enableDdosProtection": True}, "pass"), ({"enableDdosProtection": False}, "fail"), ({}, "fail")],
)
def test_ddos_protection(properties: JsonValue, expected: str) -> None:
    """Off unless it was switched on."""
    assert judged(NETWORK_RULES, "network_ddos_protection_enabled", properties) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"sslPolicy": {"policyName": "AppGwSslPolicy20220101"}, "httpListeners": [BARE]}, "pass"),
        ({"sslPolicy": {"policyName": "appgwsslpolicy20170401s"}, "httpListeners": [BARE]}, "pass"),
        ({"sslPolicy": {"policyName": "AppGwSslPolicy20170401"}, "httpListeners": [BARE]}, "fail"),
        ({"sslPolicy": CUSTOM, "httpListeners": [BARE]}, "fail"),
        ({"sslPolicy": {"minProtocolVersion": "TLSv1_3"}, "httpListeners": [BARE]}, "pass"),
        ({"sslPolicy": {"policyName": "AppGwSslPolicy20300101"}, "httpListeners": [BARE]}, "unknown"),
        ({"defaultPredefinedSslPolicy": "AppGwSslPolicy20220101", "httpListeners": [BARE]}, "pass"),
        ({"defaultPredefinedSslPolicy": "AppGwSslPolicy20150501", "httpListeners": [BARE]}, "fail"),
        ({"httpListeners": [BARE]}, "unknown"),
        ({"httpListeners": [{"id": "/h", "properties": {"protocol": "Http"}}]}, "not_applicable"),
        ({"sslPolicy": CUSTOM, "sslProfiles": [STRICT], "httpListeners": [HTTPS]}, "pass"),
        ({"sslPolicy": CUSTOM, "sslProfiles": [STRICT], "httpListeners": [HTTPS, BARE]}, "fail"),
        (
            {
                "sslPolicy": {"minProtocolVersion": "TLSv1_2"},
                "sslProfiles": [LAX],
                "httpListeners": [HTTPS],
            },
            "fail",
        ),
        (
            {"sslPolicy": {"minProtocolVersion": "TLSv1_2"}, "sslProfiles": [LAX], "httpListeners": [BARE]},
            "pass",
        ),
    ],
)
def test_the_oldest_tls_of_any_listener_decides(properties: JsonValue, expected: str) -> None:
    """A listener's profile goes before the gateway's policy, and unused profiles do not count."""
    assert judged(GATEWAY_RULES, "network_appgw_min_tls_12", properties) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [({"enableHttp2": True}, "pass"), ({"enableHttp2": False}, "fail"), ({}, "fail")],
)
def test_http2(properties: JsonValue, expected: str) -> None:
    """Off unless it was switched on."""
    assert judged(GATEWAY_RULES, "network_appgw_http2_enabled", properties) == expected


def test_front_door_documents_no_default_of_body_inspection() -> None:
    """What Azure does not say is unknown; Application Gateway's default is documented."""
    path = f"{SCOPE}/{GROUP}/FrontDoorWebApplicationFirewallPolicies/p"
    policy = Resource({"id": path, "properties": {"policySettings": {"enabledState": "Enabled"}}})
    found = {one.check_id: one.status.value for one in evaluate(policy, POLICY_RULES)}

    assert found["network_waf_body_inspection"] == "unknown"


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("network_waf_body_inspection", {"policySettings": {"requestBodyCheck": True}}, "pass"),
        ("network_waf_body_inspection", {"policySettings": {"requestBodyCheck": "Disabled"}}, "fail"),
        ("network_waf_body_inspection", {}, "pass"),
        (
            "network_waf_bot_protection",
            {"managedRules": {"managedRuleSets": [{"ruleSetType": "Microsoft_BotManagerRuleSet"}]}},
            "pass",
        ),
        (
            "network_waf_bot_protection",
            {"managedRules": {"managedRuleSets": [{"ruleSetType": "OWASP"}]}},
            "fail",
        ),
        ("network_waf_bot_protection", {}, "fail"),
    ],
)
def test_firewall_policies(check_id: str, properties: JsonValue, expected: str) -> None:
    """Bodies are inspected by default, bots are not kept out."""
    assert judged(POLICY_RULES, check_id, properties) == expected


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ({"vpnAuthenticationTypes": ["AAD"]}, "pass"),
        ({"vpnAuthenticationTypes": ["aad", "Radius"]}, "fail"),
        ({"vpnClientAddressPool": {}, "vpnClientRootCertificates": []}, "not_applicable"),
        ({"vpnClientAddressPool": {"addressPrefixes": ["10.0.0.0/24"]}}, "unknown"),
        (
            {"vpnClientAddressPool": {"addressPrefixes": ["p"]}, "vpnClientRootCertificates": [{"id": "c"}]},
            "fail",
        ),
        (None, "not_applicable"),
    ],
)
def test_people_connect_with_entra_only(client: JsonValue, expected: str) -> None:
    """Any other way in beside Entra fails; a gateway between sites has no people."""
    gateway = Resource({"id": "/g", "properties": {"vpnClientConfiguration": client}})
    row = Resource({"id": "/g"}).with_parts({"gateway": gateway})

    assert [one.status.value for one in evaluate(row, VPN_RULES)] == [expected]


async def read(answers: dict[str, Answer]) -> tuple[PathReader, dict[tuple[str, str], str], int]:
    """Read a subscription that is empty but for these answers."""
    reader = PathReader({**EMPTY, **answers})
    answer, verdicts = await read_part(COLLECTOR.parts[0], reader)
    return reader, statuses(verdicts), len(answer.gaps)


def row(kind: str, name: str, **properties: JsonValue) -> JsonObject:
    """Make a resource of Microsoft.Network."""
    return {
        "id": f"{SCOPE}/{GROUP}/{kind}/{name}",
        "name": name,
        "location": "westeurope",
        "properties": properties,
    }


def watched(*logs: JsonObject | AccessDenied) -> dict[str, Answer]:
    """Answer one watcher with these flow logs, or the error of its list."""
    refused = next((log for log in logs if isinstance(log, AccessDenied)), None)
    found = [log for log in logs if not isinstance(log, AccessDenied)]
    return {
        f"{NETWORK}/networkWatchers": [row("networkWatchers", "w")],
        f"{GROUP}/networkWatchers/w/flowLogs": refused or found,
    }


def flow_log(
    target: str, *, days: int = 0, limited: bool = False, sent: bool = True, on: bool = True
) -> JsonObject:
    """Make a flow log."""
    analytics: JsonObject = {"enabled": sent, "workspaceResourceId": "/workspace"}
    return {
        "id": f"/flowLogs/{target}",
        "properties": {
            "targetResourceId": f"{SCOPE}/{GROUP}/{target}".upper(),
            "enabled": on,
            "retentionPolicy": {"days": days, "enabled": limited},
            "flowAnalyticsConfiguration": {"networkWatcherFlowAnalyticsConfiguration": analytics},
        },
    }


NIC = f"{SCOPE}/{GROUP}/networkInterfaces/n"
SUBNETS: JsonValue = [
    {"id": f"{ROOT}/v/subnets/a", "name": "a", "properties": {}},
    {
        "id": f"{ROOT}/v/subnets/b",
        "name": "b",
        "properties": {"ipConfigurations": [{"id": f"{NIC}/ipConfigurations/i"}]},
    },
]


@pytest.mark.parametrize(
    ("logs", "group", "network"),
    [
        ([flow_log("virtualNetworks/v")], ("pass", "pass"), ("pass", "pass")),
        ([flow_log("networkSecurityGroups/s")], ("pass", "pass"), ("fail", "fail")),
        ([flow_log("virtualNetworks/v", days=30, limited=True)], ("pass", "fail"), ("pass", "fail")),
        ([flow_log("virtualNetworks/v", days=90, limited=True)], ("pass", "pass"), ("pass", "pass")),
        ([flow_log("virtualNetworks/v", days=0, limited=True)], ("pass", "pass"), ("pass", "pass")),
        ([flow_log("virtualNetworks/v", days=7)], ("pass", "pass"), ("pass", "pass")),
        ([flow_log("virtualNetworks/v", sent=False)], ("fail", "pass"), ("fail", "pass")),
        ([flow_log("virtualNetworks/v", on=False)], ("fail", "fail"), ("fail", "fail")),
        (
            [flow_log("virtualNetworks/v/subnets/a"), flow_log("virtualNetworks/v/subnets/b")],
            ("pass", "pass"),
            ("pass", "pass"),
        ),
        ([flow_log("virtualNetworks/v/subnets/a")], ("fail", "fail"), ("fail", "fail")),
        (
            [flow_log("virtualNetworks/v/subnets/a"), flow_log("networkInterfaces/n")],
            ("pass", "pass"),
            ("fail", "fail"),
        ),
        ([], ("fail", "fail"), ("fail", "fail")),
        ([DENIED], ("unknown", "unknown"), ("unknown", "unknown")),
    ],
)
async def test_flow_logs_of_networks_record_their_groups(
    logs: list[JsonObject | AccessDenied], group: tuple[str, str], network: tuple[str, str]
) -> None:
    """Those of groups are retired: a network with its own passes; 0 days and no limit both mean for ever."""
    attached = {"subnets": [{"id": f"{ROOT}/v/subnets/a"}], "networkInterfaces": [{"id": NIC}]}
    guarded = row("networkSecurityGroups", "s", **attached)
    answers: dict[str, Answer] = {
        f"{NETWORK}/networkSecurityGroups": [guarded],
        f"{NETWORK}/virtualNetworks": [row("virtualNetworks", "v", subnets=SUBNETS)],
    }
    _, found, _ = await read({**answers, **watched(*logs)})

    checks = ("flow_logs_sent", "flow_log_retention_90_days")
    assert tuple(found[f"network_nsg_{one}", "s"] for one in checks) == group
    assert tuple(found[f"network_vnet_{one}", "v"] for one in checks) == network


@pytest.mark.parametrize(("location", "expected"), [("West Europe", "pass"), ("northeurope", "fail")])
async def test_a_watcher_is_wanted_in_each_region_used(location: str, expected: str) -> None:
    """Regions are spelled with and without blanks."""
    network: JsonObject = {**row("virtualNetworks", "v"), "location": location}
    _, found, _ = await read({f"{NETWORK}/virtualNetworks": [network], **watched()})

    assert found["network_watcher_enabled", "v"] == expected


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        (f"{ROOT}/hub", "pass"),
        (f"{ROOT}/other", "fail"),
        ("/subscriptions/other/resourceGroups/g/providers/x/hub", "manual"),
    ],
)
async def test_a_firewall_may_stand_in_a_hub(peer: str, expected: str) -> None:
    """A hub of another subscription is not seen: a person has to look."""
    peering: JsonValue = [{"properties": {"remoteVirtualNetwork": {"id": peer}}}]
    address: JsonValue = [{"properties": {"subnet": {"id": f"{ROOT}/HUB/subnets/AzureFirewallSubnet"}}}]
    answers: dict[str, Answer] = {
        f"{NETWORK}/virtualNetworks": [row("virtualNetworks", "v", virtualNetworkPeerings=peering)],
        f"{NETWORK}/azureFirewalls": [row("azureFirewalls", "f", ipConfigurations=address)],
    }
    _, found, _ = await read(answers)

    assert found["network_azure_firewall_deployed", "v"] == expected


@pytest.mark.parametrize(
    ("modes", "expected"), [(["Enforced"], "pass"), (["Learning"], "fail"), ([], "fail"), (DENIED, "unknown")]
)
async def test_a_perimeter_counts_once_it_enforces(modes: list[str] | AccessDenied, expected: str) -> None:
    """One that only learns keeps nothing in."""
    held: Answer = (
        modes
        if isinstance(modes, AccessDenied)
        else [row("resourceAssociations", mode, accessMode=mode) for mode in modes]
    )
    answers: dict[str, Answer] = {
        f"{NETWORK}/networkSecurityPerimeters": [row("networkSecurityPerimeters", "p")],
        f"{GROUP}/networkSecurityPerimeters/p/resourceAssociations": held,
    }
    _, found, _ = await read(answers)

    assert found["network_security_perimeter_used", SCOPE.rpartition("/")[2]] == expected


async def test_networks_without_a_bastion_fail() -> None:
    """No Bastion host is a finding as soon as there is a network."""
    _, found, _ = await read({f"{NETWORK}/virtualNetworks": [row("virtualNetworks", "v")]})

    assert found["network_bastion_host_exists", SCOPE.rpartition("/")[2]] == "fail"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"firewallPolicy": {"id": "/known/on"}}, "pass"),
        ({"firewallPolicy": {"id": "/known/OFF"}}, "fail"),
        ({"firewallPolicy": {"id": "/elsewhere"}}, "unknown"),
        ({"httpListeners": [{"properties": {"firewallPolicy": {"id": "/known/on"}}}]}, "pass"),
        ({"httpListeners": [{"properties": {"firewallPolicy": {"id": "/known/on"}}}, BARE]}, "fail"),
        ({"firewallPolicy": {"id": "/known/silent"}}, "unknown"),
        ({"webApplicationFirewallConfiguration": {"enabled": True}}, "pass"),
        ({"webApplicationFirewallConfiguration": {"enabled": False}}, "fail"),
        ({}, "fail"),
    ],
)
async def test_a_gateway_is_guarded_by_a_policy_that_is_on(
    properties: dict[str, JsonValue], expected: str
) -> None:
    """Its own, or one for each of its listeners."""
    policies: Answer = [
        {"id": "/known/on", "properties": {"policySettings": {"state": "Enabled"}}},
        {"id": "/known/off", "properties": {"policySettings": {"state": "Disabled"}}},
        {"id": "/known/silent", "properties": {"policySettings": {}}},
    ]
    answers: dict[str, Answer] = {
        f"{NETWORK}/applicationGateways": [row("applicationGateways", "g", **properties)],
        f"{NETWORK}/ApplicationGatewayWebApplicationFirewallPolicies": policies,
    }
    _, found, _ = await read(answers)

    assert found["network_waf_application_gateway", "g"] == expected


async def test_no_network_is_evidence_too() -> None:
    """One not_applicable per check, but for the perimeter, which is missing."""
    _, found, gaps = await read({})

    scope = SCOPE.rpartition("/")[2]
    expected = {(check.id, scope): "not_applicable" for check in COLLECTOR.checks}
    assert found == expected | {("network_security_perimeter_used", scope): "fail"}
    assert gaps == 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.noun)
async def test_a_refused_list_is_a_gap_of_its_own_size(kind: Kind) -> None:
    """Whatever is not seen is not judged, and the rest is."""
    path = kind.read.path.removeprefix("/subscriptions/{subscription_id}/")
    _, found, gaps = await read({path: DENIED})

    missed = {rule.check.id for rule in kind.rules}
    assert gaps == sum(one.read == kind.read for one in KINDS)
    assert missed & {check_id for check_id, _ in found} == set()


async def test_a_second_page_is_read() -> None:
    """Three groups come on two pages, and each is judged."""
    groups = [row("networkSecurityGroups", name) for name in "abc"]
    _, found, _ = await read({f"{NETWORK}/networkSecurityGroups": groups})

    assert {name for check_id, name in found if check_id == "nsg_ssh_closed_to_internet"} == set("abc")


async def test_microsofts_own_examples_are_understood() -> None:
    """The specification's bodies, in which most is absent, are judged without an error."""
    found: dict[tuple[str, str], str] = {}

    async def keep(verdict: Verdict) -> None:
        found[verdict.check_id, verdict.resource_id.rpartition("/")[2]] = verdict.status.value

    async with SimulatedAzure("small") as azure, reading(azure, "specification") as reader:
        await COLLECTOR.parts[0].collect(reader, keep)

    assert found["nsg_ssh_closed_to_internet", "nsg1"] == "pass"
    assert found["network_subnet_nsg_associated", "test-1"] == "fail"
    assert found["network_appgw_min_tls_12", "appgw"] == "fail"
    assert found["network_waf_body_inspection", "Policy1"] == "pass"


@pytest.mark.parametrize(
    ("guards", "expected"),
    [
        ([{"id": "/s", "domain": "E", "policy": "/known/ON"}], "pass"),
        ([{"id": "/s", "domain": "E", "policy": "/known/off"}], "fail"),
        ([{"id": "/s", "domain": "E", "policy": "/elsewhere"}], "unknown"),
        ([{"id": "/s", "domain": "other", "policy": "/known/on"}], "fail"),
        ([], "fail"),
        (DENIED, "unknown"),
    ],
)
async def test_each_endpoint_of_a_front_door_is_guarded(
    guards: list[dict[str, str]] | AccessDenied, expected: str
) -> None:
    """By a policy that is on; a profile whose guards were refused is unknown, the other one is judged."""
    held: Answer = guards if isinstance(guards, AccessDenied) else [_guard(one) for one in guards]
    doors = [{**row("profiles", name), "sku": {"name": "Standard_AzureFrontDoor"}} for name in ("d", "bare")]
    answers: dict[str, Answer] = {
        "providers/Microsoft.Cdn/profiles": doors,
        f"{GROUP}/profiles/d/afdEndpoints": [{"id": "/endpoints/e"}],
        f"{GROUP}/profiles/bare/afdEndpoints": [{"id": "/endpoints/f"}],
        f"{GROUP}/profiles/d/securityPolicies": held,
        f"{NETWORK}/FrontDoorWebApplicationFirewallPolicies": [
            {"id": "/known/on", "properties": {"policySettings": {"enabledState": "Enabled"}}},
            {"id": "/known/off", "properties": {"policySettings": {"enabledState": "Disabled"}}},
        ],
    }
    _, found, _ = await read(answers)

    assert [found["network_waf_front_door", name] for name in ("d", "bare")] == [expected, "fail"]


def _guard(one: dict[str, str]) -> JsonObject:
    associations: JsonValue = [{"domains": [{"id": f"/Endpoints/{one['domain']}"}]}]
    parameters: JsonObject = {"wafPolicy": {"id": one["policy"]}, "associations": associations}
    return {"id": one["id"], "properties": {"parameters": parameters}}
