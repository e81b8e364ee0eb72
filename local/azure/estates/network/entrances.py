"""Public addresses, application gateways, firewall policies, Front Doors and VPN gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

GATEWAY = "Microsoft.Network/applicationGateways"
GATEWAY_POLICY = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"
DOOR_POLICY = "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies"
VPN = "Microsoft.Network/virtualNetworkGateways"
WAF, TLS, HTTP2 = "network_waf_application_gateway", "network_appgw_min_tls_12", "network_appgw_http2_enabled"
BODY, BOTS = "network_waf_body_inspection", "network_waf_bot_protection"
DOOR, ENTRA = "network_waf_front_door", "network_vpn_entra_auth_only"
BOT_RULES = {"managedRuleSets": [{"ruleSetType": "Microsoft_BotManagerRuleSet", "ruleSetVersion": "1.1"}]}


def build(estate: Estate) -> None:
    """Add the entrances and what is true of them."""
    on, off = _policies(estate)
    for number in range(estate.copies):
        address = estate.add(
            "Microsoft.Network/publicIPAddresses", f"address-{number}", {"ipAddress": "192.0.2.1"}
        )
        estate.expect(address, "manual", "network_public_ips_reviewed")
    _gateways(estate, on, off)
    _doors(estate)
    _silent_policies(estate)
    _vpn(estate)


def _policies(estate: Estate) -> tuple[str, str]:
    """Add firewall policies of gateways: one on, one off that says nothing else; gives their ids."""
    settings = {"state": "Enabled", "mode": "Prevention", "requestBodyCheck": True}
    on = estate.add(GATEWAY_POLICY, "policy-on", {"policySettings": settings, "managedRules": BOT_RULES})
    estate.expect(on, "pass", BODY, BOTS)
    off = estate.add(GATEWAY_POLICY, "policy-off", {"policySettings": {"state": "disabled"}})
    estate.expect(off, "pass", BODY)
    estate.expect(off, "fail", BOTS)
    return on, off


def _gateway(estate: Estate, name: str, *verdicts: str, **properties: object) -> None:
    """Add a gateway with one HTTPS listener; takes what its three checks must say."""
    listener: JsonObject = {"id": f"/{name}/l", "name": "l", "properties": {"protocol": "Https"}}
    gateway = estate.add(GATEWAY, name, {"httpListeners": [listener], **properties})
    for check_id, status in zip((WAF, TLS, HTTP2), verdicts, strict=True):
        estate.expect(gateway, status, check_id)


def _gateways(estate: Estate, on: str, off: str) -> None:
    new = {"policyType": "Predefined", "policyName": "AppGwSslPolicy20220101"}
    old = {"policyType": "Custom", "minProtocolVersion": "TLSv1_1"}
    for number in range(estate.copies):
        _gateway(
            estate,
            f"good-gateway-{number}",
            *("pass", "pass", "pass"),
            firewallPolicy={"id": on.lower()},
            sslPolicy=new,
            enableHttp2=True,
        )
        _gateway(
            estate,
            f"bad-gateway-{number}",
            *("fail", "fail", "fail"),
            webApplicationFirewallConfiguration={"enabled": False},
            sslPolicy=old,
            enableHttp2=False,
        )
    _gateway(estate, "silent-gateway", "fail", "unknown", "fail")
    _gateway(
        estate,
        "default-gateway",
        *("fail", "fail", "fail"),
        firewallPolicy={"id": off},
        defaultPredefinedSslPolicy="AppGwSslPolicy20150501",
    )
    _gateway(
        estate,
        "plain-gateway",
        *("pass", "not_applicable", "fail"),
        webApplicationFirewallConfiguration={"enabled": True},
        httpListeners=[{"id": "/l", "properties": {"protocol": "Http"}}],
    )


def _silent_policies(estate: Estate) -> None:
    """Add firewall policies that say nothing: whether they are on, and whether they look into bodies."""
    of_gateway = estate.add(GATEWAY_POLICY, "policy-silent", {})
    estate.expect(of_gateway, "pass", BODY)
    estate.expect(of_gateway, "fail", BOTS)
    _gateway(estate, "doubtful-gateway", "unknown", "unknown", "fail", firewallPolicy={"id": of_gateway})
    of_door = estate.add(DOOR_POLICY, "doorpolicysilent", {})
    estate.expect(of_door, "unknown", BODY)
    estate.expect(of_door, "fail", BOTS)
    estate.expect(_profile(estate, "default-door", of_door), "pass", DOOR)


def _doors(estate: Estate) -> None:
    """Add Front Doors of both generations, guarded and not, and a profile that is none."""
    settings = {"enabledState": "Enabled", "requestBodyCheck": "Disabled"}
    policy = estate.add(DOOR_POLICY, "doorpolicy", {"policySettings": settings, "managedRules": BOT_RULES})
    estate.expect(policy, "fail", BODY)
    estate.expect(policy, "pass", BOTS)
    estate.expect(_profile(estate, "good-door", policy), "pass", DOOR)
    estate.expect(_profile(estate, "bad-door", None), "fail", DOOR)
    estate.add("Microsoft.Cdn/profiles", "network-of-caches", {}, sku={"name": "Standard_Microsoft"})
    for name, link, status in (("old-good", {"id": policy}, "pass"), ("old-bad", None, "fail")):
        door = estate.resource_id("Microsoft.Network/frontDoors", name)
        frontend = {
            "id": f"{door}/frontendEndpoints/f",
            "properties": {"webApplicationFirewallPolicyLink": link},
        }
        estate.add("Microsoft.Network/frontDoors", name, {"frontendEndpoints": [frontend]})
        estate.expect(door, status, DOOR)


def _profile(estate: Estate, name: str, policy: str | None) -> str:
    profile = estate.add("Microsoft.Cdn/profiles", name, {}, sku={"name": "Premium_AzureFrontDoor"})
    endpoint = f"{profile}/afdEndpoints/e"
    estate.list_at(f"{profile}/afdEndpoints").append({"id": endpoint, "name": "e", "properties": {}})
    guards = estate.list_at(f"{profile}/securityPolicies")
    if policy:
        parameters = {
            "type": "WebApplicationFirewall",
            "wafPolicy": {"id": policy},
            "associations": [{"domains": [{"id": endpoint.lower()}], "patternsToMatch": ["/*"]}],
        }
        guards.append({"id": f"{profile}/securityPolicies/s", "properties": {"parameters": parameters}})
    return profile


def _vpn(estate: Estate) -> None:
    """Add VPN gateways; the list of all resources names them without what they are set to."""
    pool = {"addressPrefixes": ["172.16.0.0/24"]}
    clients: dict[str, tuple[JsonObject | None, str]] = {
        "entra-gateway": ({"vpnClientAddressPool": pool, "vpnAuthenticationTypes": ["AAD"]}, "pass"),
        "mixed-gateway": (
            {"vpnClientAddressPool": pool, "vpnAuthenticationTypes": ["AAD", "Certificate"]},
            "fail",
        ),
        "site-gateway": (None, "not_applicable"),
        "silent-vpn-gateway": ({"vpnClientAddressPool": pool}, "unknown"),
    }
    for name, (client, status) in clients.items():
        gateway = estate.resource_id(VPN, name)
        row: JsonObject = {"id": gateway, "name": name, "type": VPN, "location": "westeurope", "tags": {}}
        estate.answer_at(
            gateway, {**row, "properties": {"gatewayType": "Vpn", "vpnClientConfiguration": client}}
        )
        estate.expect(gateway, status, ENTRA)
