"""Storage: what reaches an account, and how the traffic is protected."""

from collectors.contract import Check, JsonValue, Status
from collectors.declarations.configuration import gap_judgement
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judgement,
    Rule,
    bad,
    good,
    judged,
    manual,
    must_be_off,
    must_be_on,
    must_be_one_of,
    private_endpoint_approved,
    unknown,
)
from collectors.storage.reads import ACCOUNTS, ANONYMOUS_ACCESS, leaves_anonymous_access_open

PUBLIC_ACCESS = "properties.publicNetworkAccess"
_PERIMETER = "securedbyperimeter"
_EXCEPTIONS = frozenset({"none", "logging", "metrics", "azureservices"})

_public_access_disabled = must_be_one_of(
    PUBLIC_ACCESS, "Public network access", allowed=["Disabled"], others=["Enabled"], absent="Enabled"
)
# NetworkRuleSet: "Specifies the default action of allow or deny when no other rules match", default Allow.
_denied_by_default = must_be_one_of(
    "properties.networkAcls.defaultAction",
    "The default network rule",
    allowed=["Deny"],
    others=["Allow"],
    absent="Allow",
)
# 2023-05-01: "The default interpretation is false for this property." Older accounts: see `_old_default`.
_anonymous_access_off = must_be_off(ANONYMOUS_ACCESS, "Anonymous access to blobs", absent=False)


def public_network(account: Resource) -> Judgement:
    """Judge public network access; where a perimeter decides, a person has to read its rules."""
    return _public_access_disabled(account) if _access(account) != _PERIMETER else _by_perimeter(account)


def default_rule(account: Resource) -> Judgement:
    """Judge the rule for traffic that no other rule names.

    A disabled public network lets none in anyway, and a perimeter's rules stand in place of the account's own
    (Microsoft Learn, "Network security perimeter for Azure Storage").
    """
    access = _access(account)
    if access == _PERIMETER:
        return _by_perimeter(account)
    if access == "disabled":
        return good(
            "No rule lets anybody in: public network access is disabled.", **{PUBLIC_ACCESS: "Disabled"}
        )
    return _denied_by_default(account)


def _access(account: Resource) -> str:
    return (account.text(PUBLIC_ACCESS) or "").lower()


def _by_perimeter(account: Resource) -> Judgement:
    return manual(
        "A network security perimeter decides who reaches the account: review its access rules.",
        **{PUBLIC_ACCESS: account.at(PUBLIC_ACCESS)},
    )


def trusted_services(account: Resource) -> Judgement:
    """Judge the exception for trusted services: one word of a text, and the default of NetworkRuleSet."""
    path = "properties.networkAcls.bypass"
    found = account.text(path)
    words = {word.strip().lower() for word in (found or "AzureServices").split(",")}
    if not words <= _EXCEPTIONS:
        return unknown(f"The exceptions are {found}, a value this version does not know.", **{path: found})
    return judged(
        "azureservices" in words,
        "Trusted Microsoft services may pass the network rules.",
        "Trusted Microsoft services may not pass the network rules.",
        **{path: found},
    )


def anonymous_access(account: Resource) -> Judgement:
    """Judge anonymous access by the account's flag, which overrules its containers, and name the open ones.

    An account that allows it fails even while no container is open: whoever may change a container can open
    it (steampipe-mod-azure-compliance#309 missed such accounts). Without a flag, what the containers of an
    old account show decides.
    """
    if leaves_anonymous_access_open(account):
        return _old_default(account)
    decided = _anonymous_access_off(account)
    if decided.status is not Status.FAIL or account.gap(("containers",)):
        return decided
    names = _open_containers(account)
    reason = "The account allows anonymous access, though no container is open now."
    if names:
        reason = f"The account allows anonymous access, and containers are open to anybody: {len(names)}."
    return bad(reason, **decided.observed, open_containers=len(names), names=names[:20])


def _old_default(account: Resource) -> Judgement:
    error = account.gap(("containers",))
    if error is not None:
        return gap_judgement(error)
    names = _open_containers(account)
    created = account.at("properties.creationTime")
    observed: dict[str, JsonValue] = {ANONYMOUS_ACCESS: None, "created": created, "names": names[:20]}
    if names:
        reason = f"Anonymous access was never switched off, and containers are open to anybody: {len(names)}."
        return bad(reason, **observed)
    return manual(
        "No container is open now, but anonymous access was never switched off, and accounts made before "
        "2023-11-01 may allow it: look under Configuration > Allow Blob anonymous access.",
        **observed,
    )


def _open_containers(account: Resource) -> list[JsonValue]:
    return [
        container.name
        for container in account.rows("containers")
        if (container.text("properties.publicAccess") or "None").lower() != "none"
    ]


NETWORK_RULES = (
    Rule(
        Check(
            id="storage_https_only",
            title="Secure transfer required",
            severity="high",
            rationale="Over plain HTTP and unencrypted SMB anybody on the way reads and changes the data.",
            remediation="Portal: storage account > Configuration > Secure transfer required > Enabled. CLI: "
            "az storage account update -n <name> -g <group> --https-only true",
            permission=ACCOUNTS.permission,
        ),
        # "Allows https traffic only to storage service if sets to true. The default value is true since API
        # version 2019-04-01."
        must_be_on("properties.supportsHttpsTrafficOnly", "Secure transfer", absent=True),
    ),
    Rule(
        Check(
            id="storage_min_tls_12",
            title="Minimum TLS version 1.2",
            severity="medium",
            rationale="TLS before 1.2 has known weaknesses that let others read along.",
            remediation="Portal: storage account > Configuration > Minimum TLS version > Version 1.2. CLI: "
            "az storage account update -n <name> -g <group> --min-tls-version TLS1_2",
            permission=ACCOUNTS.permission,
        ),
        # "The default interpretation is TLS 1.0 for this property."
        must_be_one_of(
            "properties.minimumTlsVersion",
            "The minimum TLS version",
            allowed=["TLS1_2", "TLS1_3"],
            others=["TLS1_0", "TLS1_1"],
            absent="TLS1_0",
        ),
    ),
    Rule(
        Check(
            id="storage_blob_anonymous_access_disabled",
            title="Anonymous blob access disabled",
            severity="high",
            rationale="Where anonymous access is allowed, one changed container publishes its blobs to "
            "anybody.",
            remediation="Portal: storage account > Configuration > Allow Blob anonymous access > Disabled. "
            "CLI: az storage account update -n <name> -g <group> --allow-blob-public-access false",
            permission=ACCOUNTS.permission,
        ),
        # With a flag the containers are not needed: a refusal of their list does not take the verdict away.
        anonymous_access,
    ),
    Rule(
        Check(
            id="storage_public_network_disabled",
            title="Public network access disabled",
            severity="high",
            rationale="An account that the internet reaches is one leaked key away from being read.",
            remediation="Portal: storage account > Networking > Public network access > Disabled. CLI: az "
            "storage account update -n <name> -g <group> --public-network-access Disabled",
            permission=ACCOUNTS.permission,
        ),
        public_network,
    ),
    Rule(
        Check(
            id="storage_default_network_deny",
            title="Default network rule denies",
            severity="high",
            rationale="With a default of allow, every network that no rule names reaches the account.",
            remediation="Portal: storage account > Networking > Enabled from selected virtual networks and "
            "IP "
            "addresses. CLI: az storage account update -n <name> -g <group> --default-action Deny",
            permission=ACCOUNTS.permission,
        ),
        default_rule,
    ),
    Rule(
        Check(
            id="storage_private_endpoint_used",
            title="Private endpoint used",
            severity="medium",
            rationale="Through a private endpoint the data travels inside the virtual network only.",
            remediation="Portal: storage account > Networking > Private endpoint connections > Add. CLI: az "
            "network private-endpoint create --group-id blob --private-connection-resource-id <id> ...",
            permission=ACCOUNTS.permission,
        ),
        private_endpoint_approved,
    ),
    Rule(
        Check(
            id="storage_trusted_services_allowed",
            title="Trusted Microsoft services may pass the network rules",
            severity="low",
            rationale="Without the exception, backup, monitoring and other services of Azure stop working "
            "behind network rules, and people open the network instead.",
            remediation="Portal: storage account > Networking > Exceptions > Allow Azure services on the "
            "trusted services list. CLI: az storage account update -n <name> -g <group> --bypass "
            "AzureServices",
            permission=ACCOUNTS.permission,
        ),
        trusted_services,
    ),
)
