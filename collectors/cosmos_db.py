"""Azure Cosmos DB: who reaches an account, with what credential, and what survives a failure."""

from collections.abc import Mapping

from collectors.contract import Check, Collector, JsonValue, Read
from collectors.declarations.configuration import Child, Kind, configuration
from collectors.declarations.database_servers import (
    WIDEST_RANGE,
    firewall_limited,
    public_network_off,
    range_of_block,
)
from collectors.declarations.diagnostics import DIAGNOSTIC_SETTINGS, logs_not_sent
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judgement,
    Rule,
    bad,
    good,
    judged,
    manual,
    must_be_on,
    must_be_one_of,
    not_applicable,
    private_endpoint_approved,
    unknown,
)

ACCOUNTS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.DocumentDB/databaseAccounts",
    api_version="2025-04-15",
    permission="Microsoft.DocumentDB/databaseAccounts/read",
)
_PUBLIC_ACCESS = "properties.publicNetworkAccess"
# The category that says who did what, by capability of the account (Azure Monitor reference of Cosmos DB).
REQUEST_LOGS = {
    "enablecassandra": "CassandraRequests",
    "enablegremlin": "GremlinRequests",
    "enabletable": "TableApiRequests",
    "enablemongo": "MongoRequests",
}


def selected_networks(account: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge that the firewall names networks: an account without any rule is open to all of them.

    Public network access that is absent is Enabled, as for `cosmos_db_public_network_disabled`.
    """
    blocks = [rule.text("ipAddressOrRange") or "" for rule in account.objects("properties.ipRules")]
    filtered = account.flag("properties.isVirtualNetworkFilterEnabled")
    access = account.at(_PUBLIC_ACCESS)
    observed: dict[str, JsonValue] = {
        _PUBLIC_ACCESS: access,
        "virtual_network_filter": filtered,
        "ip_rules": len(blocks),
    }
    match "enabled" if access is None else str(access).lower():
        case "disabled":
            return good("Public network access is off, so no network has to be selected.", **observed)
        case "securedbyperimeter":
            return manual("A network security perimeter decides: review its access rules.", **observed)
        case other if other != "enabled":
            return unknown("Public network access has a value this version does not know.", **observed)
    if not blocks and not filtered:
        return bad("No network is selected: the account is reached from all networks.", **observed)
    ranges = {block: range_of_block(block) for block in blocks}
    if (0, 0) in ranges.values():
        return bad("The rule 0.0.0.0 lets in every Azure service, of any customer.", **observed)
    judgement = firewall_limited(list(ranges.items()), limits["addresses"])
    return judgement._replace(observed={**observed, **judgement.observed})


def automatic_failover(account: Resource) -> Judgement:
    """Judge that the write region moves by itself, where there is another region, and one that writes.

    `locations` holds every region of the account (REST specification); absent, it tells nothing.
    """
    regions = account.objects("properties.locations")
    if len(regions) == 1:
        return not_applicable(
            "The account is in one region only, so there is none to fail over to.",
            regions=[regions[0].text("locationName")],
        )
    if account.flag("properties.enableMultipleWriteLocations"):
        return not_applicable(
            "The account writes in every region, so there is no write region to fail over.",
            **{"properties.enableMultipleWriteLocations": True},
        )
    return _FAILOVER_ON(account)


def logged(account: Resource) -> Judgement:
    """Judge that a diagnostic setting keeps the log of requests, by category or by category group."""
    settings = account.rows("diagnostics")
    missing = logs_not_sent(settings, [_request_log(account)])
    return judged(
        not missing,
        "A diagnostic setting keeps the request log.",
        f"No diagnostic setting keeps the request log {_request_log(account)}.",
        settings=len(settings),
        missing=missing,
    )


def _request_log(account: Resource) -> str:
    capabilities = [one.text("name") or "" for one in account.objects("properties.capabilities")]
    if (account.text("kind") or "").lower() == "mongodb":
        return "MongoRequests"
    found = (REQUEST_LOGS.get(name.lower()) for name in capabilities)
    return next((category for category in found if category), "DataPlaneRequests")


# Absent means off (REST reference of database accounts: "Enables automatic failover", opt-in).
_FAILOVER_ON = must_be_on("properties.enableAutomaticFailover", "Automatic failover", absent=False)

RULES = (
    Rule(
        Check(
            id="cosmos_db_selected_networks_only",
            title="Firewall limited to selected networks",
            severity="high",
            rationale="An account that every network reaches is protected by its keys alone.",
            remediation="Portal: account > Networking > Selected networks. CLI: az cosmosdb update -n <name> "
            "-g <group> --enable-virtual-network true --ip-range-filter <addresses>",
            permission=ACCOUNTS.permission,
            thresholds={"addresses": WIDEST_RANGE},
        ),
        within=selected_networks,
    ),
    Rule(
        Check(
            id="cosmos_db_public_network_disabled",
            title="Public network access disabled",
            severity="high",
            rationale="Without a public endpoint a leaked key is of no use outside the virtual network.",
            remediation="Portal: account > Networking > Public access > Disabled. CLI: az cosmosdb update -n "
            "<name> -g <group> --public-network-access Disabled",
            permission=ACCOUNTS.permission,
        ),
        public_network_off("properties.publicNetworkAccess"),
    ),
    Rule(
        Check(
            id="cosmos_db_private_endpoint_used",
            title="Private endpoint used",
            severity="medium",
            rationale="Through a private endpoint requests stay inside the virtual network.",
            remediation="Portal: account > Networking > Private access > Private endpoint. CLI: az network "
            "private-endpoint create --private-connection-resource-id <account id> --group-id Sql ...",
            permission=ACCOUNTS.permission,
        ),
        private_endpoint_approved,
    ),
    Rule(
        Check(
            id="cosmos_db_local_auth_disabled",
            title="Local authentication disabled",
            severity="medium",
            rationale="Account keys give all rights and name nobody; Entra identities can be limited.",
            remediation="Portal: Policy > Definitions > Configure Cosmos DB database accounts to disable "
            "local authentication > Assign, and remediate. CLI: az resource update --ids <account id> --set "
            "properties.disableLocalAuth=true",
            permission=ACCOUNTS.permission,
        ),
        # Absent means keys work (REST reference: "Opt-out of local authentication").
        must_be_on("properties.disableLocalAuth", "Refusing account keys", absent=False),
    ),
    Rule(
        Check(
            id="cosmos_db_min_tls_12",
            title="Minimum TLS version 1.2",
            severity="medium",
            rationale="Older TLS versions have known weaknesses.",
            remediation="Portal: account > Networking > Connectivity > Minimum TLS version. CLI: az cosmosdb "
            "update -n <name> -g <group> --minimal-tls-version Tls12",
            permission=ACCOUNTS.permission,
        ),
        # REST reference 2025-04-15: "The default value is Tls 1.2".
        must_be_one_of(
            "properties.minimalTlsVersion",
            "The minimum TLS version",
            allowed=["Tls12"],
            others=["Tls", "Tls11"],
            absent="Tls12",
        ),
    ),
    Rule(
        Check(
            id="cosmos_db_cmk_encryption",
            title="Encrypted with a customer-managed key",
            severity="low",
            rationale="With a key of one's own the data can be made unreadable without Microsoft's help.",
            remediation="Portal: account > Data encryption > Customer-managed key. CLI: az cosmosdb update "
            "-n <name> -g <group> --key-uri <key identifier>",
            permission=ACCOUNTS.permission,
        ),
        # keyVaultKeyUri is there only where a customer's key is used.
        lambda account: judged(
            account.text("properties.keyVaultKeyUri"),
            "The account is encrypted with a customer-managed key.",
            "The account is encrypted with Microsoft's key only.",
            key=account.text("properties.keyVaultKeyUri"),
        ),
    ),
    Rule(
        Check(
            id="cosmos_db_continuous_backup",
            title="Continuous backup",
            severity="low",
            rationale="Continuous backup restores to any second, and without a request to support.",
            remediation="Portal: account > Backup & Restore > switch to continuous. CLI: az cosmosdb update "
            "-n <name> -g <group> --backup-policy-type Continuous",
            permission=ACCOUNTS.permission,
        ),
        # Periodic is the default mode (Microsoft's documentation of Cosmos DB backup).
        must_be_one_of(
            "properties.backupPolicy.type",
            "The backup mode",
            allowed=["Continuous"],
            others=["Periodic"],
            absent="Periodic",
        ),
    ),
    Rule(
        Check(
            id="cosmos_db_automatic_failover",
            title="Automatic failover on",
            severity="low",
            rationale="With automatic failover an outage of the write region does not wait for an operator.",
            remediation="Portal: account > Replicate data globally > Service-Managed Failover. CLI: az "
            "cosmosdb update -n <name> -g <group> --enable-automatic-failover true",
            permission=ACCOUNTS.permission,
        ),
        automatic_failover,
    ),
    Rule(
        Check(
            id="cosmos_db_logging_enabled",
            title="Resource logs kept",
            severity="medium",
            rationale="Without request logs nobody can tell afterwards who read or changed what.",
            remediation="Portal: account > Diagnostic settings > Add > audit or allLogs. CLI: az monitor "
            'diagnostic-settings create --resource <account id> --logs \'[{"categoryGroup":"audit",'
            '"enabled":true}]\' --workspace <workspace id> --name audit',
            permission=DIAGNOSTIC_SETTINGS.permission,
        ),
        logged,
        needs=("diagnostics",),
    ),
)

COLLECTOR = Collector(
    service="cosmos_db",
    title="Azure Cosmos DB",
    reads_what="Every Cosmos DB account with its network, sign-in, encryption, backup and log settings.",
    roles=("Reader",),
    version="1",
    parts=(
        configuration(
            "cosmos_db",
            "Cosmos DB Configuration",
            [
                Kind(
                    noun="Cosmos DB accounts",
                    read=ACCOUNTS,
                    rules=RULES,
                    # Diagnostic settings exist below each resource only: no list of a subscription has them.
                    children={"diagnostics": Child(DIAGNOSTIC_SETTINGS, many=True)},
                )
            ],
        ),
    ),
)
