"""Front Door, both generations, and point-to-site VPN gateways."""

from collectors.contract import Check
from collectors.declarations.resources import Resource, whole_id
from collectors.declarations.rules import Judgement, Rule, bad, good, judged, not_applicable, unknown
from collectors.network.reads import FRONT_DOOR_PROFILES, SECURITY_POLICIES, VPN_GATEWAY

FRONT_DOOR_POLICIES_NAME = "front_door_policies"


def is_front_door(profile: Resource) -> bool:
    """Tell whether a profile is a Front Door: the same list holds content delivery networks."""
    return (profile.text("sku.name") or "").lower().endswith("_azurefrontdoor")


def is_vpn_gateway(row: Resource) -> bool:
    """Tell whether a row of the list of all resources is a virtual network gateway."""
    return (row.text("type") or "").lower() == "microsoft.network/virtualnetworkgateways"


def profile_guarded(profile: Resource) -> Judgement:
    """Judge whether a firewall policy guards each endpoint of a Front Door profile."""
    endpoints = [endpoint.id.lower() for endpoint in profile.rows("endpoints")]
    if not endpoints:
        return not_applicable("The profile has no endpoint.", endpoints=0)
    policies: dict[str, str] = {}
    for one in profile.rows("security_policies"):
        policy = (one.text("properties.parameters.wafPolicy.id") or "").lower()
        for association in one.objects("properties.parameters.associations"):
            policies |= {domain.id.lower(): policy for domain in association.objects("domains")}
    return _guarded(profile, endpoints, policies)


def classic_guarded(front_door: Resource) -> Judgement:
    """Judge whether a firewall policy guards each frontend of a classic Front Door."""
    frontends = front_door.objects("properties.frontendEndpoints")
    if not frontends:
        return not_applicable("The Front Door has no frontend.", endpoints=0)
    path = "properties.webApplicationFirewallPolicyLink.id"
    policies = {one.id.lower(): policy.lower() for one in frontends if (policy := one.text(path))}
    return _guarded(front_door, [one.id.lower() for one in frontends], policies)


def _is_on(policy: Resource) -> bool:
    """Tell whether a firewall policy is on: `enabledState` "defaults to Enabled if not specified"."""
    state = policy.text("properties.policySettings.enabledState")
    return (state or "Enabled").lower() == "enabled"


def _guarded(door: Resource, endpoints: list[str], policies: dict[str, str]) -> Judgement:
    bare = [one for one in endpoints if not policies.get(one)]
    if bare:
        return bad("No firewall policy guards an endpoint.", without=bare[:10], endpoints=len(endpoints))
    used = sorted({policies[one] for one in endpoints})
    known = {one: door.matching(FRONT_DOOR_POLICIES_NAME, whole_id, one) for one in used}
    off = [one for one in used if not all(map(_is_on, known[one]))]
    if off:
        return bad("The firewall policy of an endpoint is off.", policies_off=off)
    unseen = [one for one in used if not known[one]]
    if unseen:
        return unknown("A firewall policy is not in this subscription's list.", unseen=unseen)
    return good("A firewall policy guards each endpoint.", endpoints=len(endpoints))


def entra_only(row: Resource) -> Judgement:
    """Judge whether people connect to a VPN gateway with Entra only."""
    gateway = row.part("gateway")
    if gateway is None:
        return unknown("The gateway was listed, but is no longer there.")
    client = "properties.vpnClientConfiguration"
    types = [one.lower() for one in gateway.texts(f"{client}.vpnAuthenticationTypes")]
    if types:
        return judged(
            set(types) == {"aad"},
            "People connect with Entra only.",
            "People may connect with certificates or RADIUS.",
            authentication=types,
        )
    if not gateway.at(f"{client}.vpnClientAddressPool"):
        return not_applicable("The gateway takes no point-to-site connections.", authentication=types)
    # Gateways set up before the list of types existed answer only what each type needs.
    others = bool(gateway.objects(f"{client}.vpnClientRootCertificates")) or gateway.text(
        f"{client}.radiusServerAddress"
    )
    if others:
        return bad("People may connect with certificates or RADIUS.", authentication=types)
    return unknown("Azure does not say how people connect.", authentication=types)


_GUARDED = Check(
    id="network_waf_front_door",
    title="Web application firewall on Front Door",
    severity="medium",
    rationale="The firewall stops attacks at the edge, before they reach the application.",
    remediation="Portal: Front Door > Security policies > Add a WAF policy for every domain. CLI: az afd "
    "security-policy create -g <group> --profile-name <name> --security-policy-name <policy> --domains <ids> "
    "--waf-policy <id>",
    permission=f"{FRONT_DOOR_PROFILES.permission}, {SECURITY_POLICIES.read.permission}",
)
PROFILE_RULES = (
    Rule(_GUARDED, profile_guarded, needs=("endpoints", "security_policies", FRONT_DOOR_POLICIES_NAME)),
)
CLASSIC_RULES = (Rule(_GUARDED, classic_guarded, needs=(FRONT_DOOR_POLICIES_NAME,)),)
VPN_RULES = (
    Rule(
        Check(
            id="network_vpn_entra_auth_only",
            title="VPN point-to-site with Entra only",
            severity="medium",
            rationale="Certificates and RADIUS let people in without multi-factor authentication and leaver "
            "checks.",
            remediation="Portal: virtual network gateway > Point-to-site configuration > Authentication "
            "type Azure Active Directory only. CLI: az network vnet-gateway update -g <group> -n <name> "
            "--vpn-auth-type AAD",
            permission=VPN_GATEWAY.read.permission,
        ),
        entra_only,
        needs=("gateway",),
    ),
)
