"""What the list of servers says, and their firewall rules."""

from collectors.contract import Check
from collectors.declarations.database_servers import (
    azure_services_refused,
    outside_networks,
    public_network_off_outside,
)
from collectors.declarations.rules import Rule, must_be_one_of, private_endpoint_approved
from collectors.postgresql.reads import FIREWALL, SERVERS

IN_A_NETWORK = "The server is inside a virtual network, where private endpoints do not exist."

SERVER_RULES = (
    Rule(
        Check(
            id="postgresql_allow_azure_services_disabled",
            title="Access for all Azure services off",
            severity="high",
            rationale="The rule lets in machines of every Azure customer, not only one's own.",
            remediation="Portal: server > Networking > Allow public access from any Azure service > off. "
            "CLI: az postgres flexible-server firewall-rule delete -g <group> -s <server> -n <rule>",
            permission=FIREWALL.permission,
        ),
        azure_services_refused,
        needs=("firewall",),
    ),
    Rule(
        Check(
            id="postgresql_public_network_disabled",
            title="Public network access disabled",
            severity="high",
            rationale="Without a public address a leaked password is of no use outside the virtual network.",
            remediation="Portal: server > Networking > Public access off. CLI: az postgres flexible-server "
            "update -n <server> -g <group> --public-access Disabled",
            permission=SERVERS.permission,
        ),
        public_network_off_outside("properties.network.publicNetworkAccess"),
    ),
    Rule(
        Check(
            id="postgresql_private_endpoint_used",
            title="Private endpoint used",
            severity="medium",
            rationale="Through a private endpoint queries stay inside the virtual network.",
            remediation="Portal: server > Networking > Private endpoints. CLI: az network private-endpoint "
            "create --private-connection-resource-id <server id> --group-id postgresqlServer ...",
            permission=SERVERS.permission,
        ),
        outside_networks(private_endpoint_approved, IN_A_NETWORK),
    ),
    Rule(
        Check(
            id="postgresql_entra_authentication_enabled",
            title="Entra authentication on",
            severity="medium",
            rationale="Entra identities can be limited, watched and withdrawn; local passwords cannot.",
            remediation="Portal: server > Authentication > Microsoft Entra authentication. CLI: az postgres "
            "flexible-server update -n <server> -g <group> --microsoft-entra-auth Enabled",
            permission=SERVERS.permission,
        ),
        # Opt-in (Microsoft's documentation of Entra authentication).
        must_be_one_of(
            "properties.authConfig.activeDirectoryAuth",
            "Entra authentication",
            allowed=["Enabled"],
            others=["Disabled"],
            absent="Disabled",
        ),
    ),
    Rule(
        Check(
            id="postgresql_geo_redundant_backup",
            title="Geo-redundant backup on",
            severity="low",
            rationale="Backups in one region are lost with it.",
            remediation="Portal: Azure Database for PostgreSQL flexible servers > Create > Compute + "
            "storage > Geo-redundancy; a server gets it at creation. CLI: az postgres flexible-server "
            "create -n <server> -g <group> --geo-redundant-backup Enabled",
            permission=SERVERS.permission,
        ),
        # Opt-in at creation (Microsoft's documentation of backup).
        must_be_one_of(
            "properties.backup.geoRedundantBackup",
            "Geo-redundant backup",
            allowed=["Enabled"],
            others=["Disabled"],
            absent="Disabled",
        ),
    ),
    Rule(
        Check(
            id="postgresql_high_availability",
            title="High availability on",
            severity="low",
            rationale="With a standby a failed machine costs a minute, and not a restore.",
            remediation="Portal: server > High availability. CLI: az postgres flexible-server update -n "
            "<server> -g <group> --high-availability ZoneRedundant",
            permission=SERVERS.permission,
        ),
        # Opt-in (Microsoft's documentation of high availability).
        must_be_one_of(
            "properties.highAvailability.mode",
            "High availability",
            allowed=["ZoneRedundant", "SameZone"],
            others=["Disabled"],
            absent="Disabled",
        ),
    ),
    Rule(
        Check(
            id="postgresql_cmk_encryption",
            title="Encrypted with a customer-managed key",
            severity="low",
            rationale="With a key of one's own the data can be made unreadable without Microsoft's help.",
            remediation="Portal: Azure Database for PostgreSQL flexible servers > Create > Security > Data "
            "encryption key; a server gets its key at creation. CLI: az postgres flexible-server create -n "
            "<server> -g <group> --key <key id> --identity <identity> ...",
            permission=SERVERS.permission,
        ),
        # SystemManaged where no key was ever given (REST specification of dataEncryption).
        must_be_one_of(
            "properties.dataEncryption.type",
            "The kind of encryption key",
            allowed=["AzureKeyVault"],
            others=["SystemManaged"],
            absent="SystemManaged",
        ),
    ),
)
"""What is asked of the servers as they are listed."""
