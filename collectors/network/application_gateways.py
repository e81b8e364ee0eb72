"""Application gateways: firewall, TLS and HTTP/2; and the firewall policies of gateways and Front Doors."""

from collectors.contract import Check
from collectors.declarations.resources import Resource, whole_id
from collectors.declarations.rules import (
    Judgement,
    Rule,
    bad,
    good,
    judged,
    must_be_on,
    not_applicable,
    unknown,
)
from collectors.network.reads import APPLICATION_GATEWAYS, GATEWAY_POLICIES

GATEWAY_POLICIES_NAME = "gateway_policies"
# Microsoft's documentation of the TLS policies of Application Gateway; the S marks a stricter cipher list.
_TLS_OF_POLICY = {
    "appgwsslpolicy20150501": "TLSv1_0",
    "appgwsslpolicy20170401": "TLSv1_1",
    "appgwsslpolicy20170401s": "TLSv1_2",
    "appgwsslpolicy20220101": "TLSv1_2",
    "appgwsslpolicy20220101s": "TLSv1_2",
}
_OF_FRONT_DOOR = "/frontdoorwebapplicationfirewallpolicies/"
_BODY_CHECK = "properties.policySettings.requestBodyCheck"
_OLD_TLS, _NEW_TLS = frozenset({"tlsv1_0", "tlsv1_1"}), frozenset({"tlsv1_2", "tlsv1_3"})


def _is_on(policy: Resource) -> bool | None:
    """Tell whether a firewall policy is on; the specification does not say what an absent state means."""
    return policy.flag("properties.policySettings.state")


def firewall_on(gateway: Resource) -> Judgement:
    """Judge whether a web application firewall guards a gateway, or each of its listeners."""
    tier = gateway.text("properties.sku.tier")
    if gateway.flag("properties.webApplicationFirewallConfiguration.enabled"):
        return good("The gateway's own web application firewall is on.", tier=tier)
    ids = _policies_of(gateway)
    if not ids:
        return bad("No web application firewall guards every listener of the gateway.", tier=tier)
    found = {one: gateway.matching(GATEWAY_POLICIES_NAME, whole_id, one) for one in ids}
    states = {one: {_is_on(policy) for policy in found[one]} for one in ids}
    off = [one for one in ids if False in states[one]]
    if off:
        return bad("A firewall policy of the gateway is off.", tier=tier, policies_off=off)
    unseen = [one for one in ids if not found[one]]
    if unseen:
        return unknown("A firewall policy of the gateway is not in this subscription's list.", unseen=unseen)
    unclear = [one for one in ids if states[one] != {True}]
    if unclear:
        return unknown("Azure does not say whether a firewall policy is on.", unclear=unclear)
    return good("Web application firewall policies guard the gateway.", tier=tier, policies=ids)


def _policies_of(gateway: Resource) -> list[str]:
    """Give the policies that guard a gateway: its own or, if each listener has one, theirs; else none."""
    own = gateway.text("properties.firewallPolicy.id")
    if own:
        return [own.lower()]
    listeners = [
        one.text("properties.firewallPolicy.id") for one in gateway.objects("properties.httpListeners")
    ]
    return sorted({one.lower() for one in listeners if one}) if all(listeners) else []


def tls_minimum(gateway: Resource) -> Judgement:
    """Judge the oldest TLS version that any HTTPS listener takes.

    A listener with an SSL profile follows the profile's policy, the others the gateway's. Without a policy
    the default, `defaultPredefinedSslPolicy`, depends on the API version the gateway was made with.
    """
    secure = [
        one
        for one in gateway.objects("properties.httpListeners")
        if (one.text("properties.protocol") or "").lower() in {"https", "tls"}
    ]
    if not secure:
        return not_applicable("The gateway has no HTTPS listener.", https_listeners=0)
    own = _minimum(gateway, "properties.sslPolicy") or _named(
        gateway.text("properties.defaultPredefinedSslPolicy")
    )
    profiles = {one.id.lower(): one for one in gateway.objects("properties.sslProfiles")}
    used = [profiles.get((one.text("properties.sslProfile.id") or "").lower()) for one in secure]
    versions = sorted({(_minimum(one, "properties.sslPolicy") if one else None) or own or "" for one in used})
    lowered = {version.lower() for version in versions}
    if lowered & _OLD_TLS:
        return bad("A listener takes TLS versions before 1.2.", minimum=versions)
    if lowered <= _NEW_TLS:
        return good("Every listener takes TLS 1.2 or newer only.", minimum=versions)
    return unknown("Azure does not say which TLS version a listener takes.", minimum=versions)


def _minimum(holder: Resource, path: str) -> str | None:
    """Give the minimum version of a TLS policy, which says it or is known by its name."""
    return holder.text(f"{path}.minProtocolVersion") or _named(holder.text(f"{path}.policyName"))


def _named(policy: str | None) -> str | None:
    return None if policy is None else _TLS_OF_POLICY.get(policy.lower(), policy)


def inspects_bodies(policy: Resource) -> Judgement:
    """Judge whether a firewall policy looks into request bodies.

    Application Gateway does by default (Microsoft, "Web application firewall request size limits"). For
    Front Door no default is documented.
    """
    absent = None if _OF_FRONT_DOOR in policy.id.lower() else True
    return must_be_on(_BODY_CHECK, "Inspection of request bodies", absent=absent)(policy)


def bot_rules(policy: Resource) -> Judgement:
    """Judge whether a firewall policy holds Microsoft's rules against bots."""
    names = [one.text("ruleSetType") for one in policy.objects("properties.managedRules.managedRuleSets")]
    return judged(
        any((name or "").lower() == "microsoft_botmanagerruleset" for name in names),
        "The policy has rules against bots.",
        "The policy has no rules against bots.",
        rule_sets=names,
    )


GATEWAY_RULES = (
    Rule(
        Check(
            id="network_waf_application_gateway",
            title="Web application firewall on Application Gateway",
            severity="medium",
            rationale="The firewall stops attacks on web applications that their own code lets through.",
            remediation="Portal: application gateway > Web application firewall > tier WAF V2, add a "
            "policy. CLI: az network application-gateway update -g <group> -n <name> --set "
            "firewallPolicy.id=<policy id>",
            permission=APPLICATION_GATEWAYS.permission,
        ),
        firewall_on,
        needs=(GATEWAY_POLICIES_NAME,),
    ),
    Rule(
        Check(
            id="network_appgw_min_tls_12",
            title="Application Gateway takes TLS 1.2 or newer only",
            severity="medium",
            rationale="Older TLS versions have known weaknesses and are forbidden by card and health "
            "standards.",
            remediation="Portal: application gateway > Listeners > SSL policy > AppGwSslPolicy20220101. "
            "CLI: az network application-gateway ssl-policy set -g <group> --gateway-name <name> -n "
            "AppGwSslPolicy20220101 --policy-type Predefined",
            permission=APPLICATION_GATEWAYS.permission,
        ),
        tls_minimum,
    ),
    Rule(
        Check(
            id="network_appgw_http2_enabled",
            title="Application Gateway speaks HTTP/2",
            severity="low",
            rationale="HTTP/2 serves more clients with fewer connections, and needs modern TLS.",
            remediation="Portal: application gateway > Configuration > HTTP2 > Enabled. CLI: az network "
            "application-gateway update -g <group> -n <name> --http2 Enabled",
            permission=APPLICATION_GATEWAYS.permission,
        ),
        # "By default, HTTP/2 support is disabled" (Microsoft, Application Gateway FAQ).
        must_be_on("properties.enableHttp2", "HTTP/2", absent=False),
    ),
)
POLICY_RULES = (
    Rule(
        Check(
            id="network_waf_body_inspection",
            title="Firewall inspects request bodies",
            severity="low",
            rationale="Most attacks come in the body of a request.",
            remediation="Portal: WAF policy > Policy settings > Inspect request body. CLI: az network "
            "application-gateway waf-policy policy-setting update -g <group> --policy-name <name> "
            "--request-body-check true",
            permission=GATEWAY_POLICIES.permission,
        ),
        inspects_bodies,
    ),
    Rule(
        Check(
            id="network_waf_bot_protection",
            title="Firewall has rules against bots",
            severity="low",
            rationale="Bots try stolen passwords and known holes on every address they find.",
            remediation="Portal: WAF policy > Managed rules > Assign > Microsoft_BotManagerRuleSet. CLI: az "
            "network application-gateway waf-policy managed-rule rule-set add -g <group> --policy-name "
            "<name> --type Microsoft_BotManagerRuleSet --version 1.1",
            permission=GATEWAY_POLICIES.permission,
        ),
        bot_rules,
    ),
)
