"""Azure Database for MySQL, flexible servers: transport, audit, network, backup, availability and keys."""

from collectors.contract import Check, Collector, Read
from collectors.declarations.configuration import Child, Kind, configuration
from collectors.declarations.database_servers import (
    absent_parameter,
    outside_networks,
    parameter,
    parameter_lists_only,
    parameter_on,
    public_network_off_outside,
)
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judgement,
    Rule,
    bad,
    judged,
    must_be_one_of,
    private_endpoint_approved,
)

SERVERS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.DBforMySQL/flexibleServers",
    api_version="2023-12-30",
    permission="Microsoft.DBforMySQL/flexibleServers/read",
)
PARAMETERS = Read(
    path="/{id}/configurations",
    api_version="2023-12-30",
    permission="Microsoft.DBforMySQL/flexibleServers/configurations/read",
)
IN_A_NETWORK = "The server is inside a virtual network, where private endpoints do not exist."

_audited = parameter_on("audit_log_enabled")


def connections_audited(server: Resource) -> Judgement:
    """Judge that the audit log is on and holds connections: the events are of no effect without the log."""
    if parameter(server, "audit_log_enabled") is None:
        return absent_parameter("audit_log_enabled")
    value = parameter(server, "audit_log_events")
    if value is None:
        return absent_parameter("audit_log_events")
    if _audited(server).status != "pass":
        return bad("The audit log is off, so no event is kept.", audit_log_events=value)
    events = {event.strip().upper() for event in value.split(",")}
    return judged(
        events & {"CONNECTION", "CONNECTION_V2"},
        "The audit log keeps connections.",
        "The audit log does not keep connections.",
        audit_log_events=value,
    )


RULES = (
    Rule(
        Check(
            id="mysql_ssl_enforced",
            title="Encrypted connections enforced",
            severity="high",
            rationale="Without encryption passwords and data can be read on the way.",
            remediation="Portal: server > Server parameters > require_secure_transport = ON. CLI: az mysql "
            "flexible-server parameter set -g <group> -s <server> -n require_secure_transport -v ON",
            permission=PARAMETERS.permission,
        ),
        parameter_on("require_secure_transport"),
        needs=("parameters",),
    ),
    Rule(
        Check(
            id="mysql_min_tls_12",
            title="Minimum TLS version 1.2",
            severity="high",
            rationale="Older TLS versions have known weaknesses.",
            remediation="Portal: server > Server parameters > tls_version = TLSv1.2,TLSv1.3. CLI: az mysql "
            "flexible-server parameter set -g <group> -s <server> -n tls_version -v TLSv1.2",
            permission=PARAMETERS.permission,
        ),
        parameter_lists_only("tls_version", ["TLSv1.2", "TLSv1.3"], ["TLSv1", "TLSv1.0", "TLSv1.1"]),
        needs=("parameters",),
    ),
    Rule(
        Check(
            id="mysql_audit_log_enabled",
            title="Audit log on",
            severity="medium",
            rationale="Without an audit log nobody can tell afterwards who read or changed what.",
            remediation="Portal: server > Server parameters > audit_log_enabled = ON. CLI: az mysql "
            "flexible-server parameter set -g <group> -s <server> -n audit_log_enabled -v ON",
            permission=PARAMETERS.permission,
        ),
        _audited,
        needs=("parameters",),
    ),
    Rule(
        Check(
            id="mysql_audit_log_connections",
            title="Audit log keeps connections",
            severity="medium",
            rationale="Sign-ins, and those that failed, are the first thing an investigation asks for.",
            remediation="Portal: server > Server parameters > audit_log_events with CONNECTION. CLI: az "
            "mysql flexible-server parameter set -g <group> -s <server> -n audit_log_events -v CONNECTION",
            permission=PARAMETERS.permission,
        ),
        connections_audited,
        needs=("parameters",),
    ),
    Rule(
        Check(
            id="mysql_geo_redundant_backup",
            title="Geo-redundant backup on",
            severity="low",
            rationale="Backups in one region are lost with it.",
            remediation="Portal: server > Compute + storage > Backups > Geo-redundancy. CLI: az mysql "
            "flexible-server update -n <server> -g <group> --geo-redundant-backup Enabled",
            permission=SERVERS.permission,
        ),
        # Opt-in: locally redundant is what a server gets (Microsoft's documentation of MySQL backup).
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
            id="mysql_high_availability",
            title="High availability on",
            severity="low",
            rationale="With a standby a failed machine costs a minute, and not a restore.",
            remediation="Portal: server > High availability. CLI: az mysql flexible-server update -n "
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
            id="mysql_public_network_disabled",
            title="Public network access disabled",
            severity="high",
            rationale="Without a public address a leaked password is of no use outside the virtual network.",
            remediation="Portal: server > Networking > Public access off. CLI: az mysql flexible-server "
            "update -n <server> -g <group> --public-access Disabled",
            permission=SERVERS.permission,
        ),
        public_network_off_outside("properties.network.publicNetworkAccess"),
    ),
    Rule(
        Check(
            id="mysql_private_endpoint_used",
            title="Private endpoint used",
            severity="medium",
            rationale="Through a private endpoint queries stay inside the virtual network.",
            remediation="Portal: server > Networking > Private endpoints. CLI: az network private-endpoint "
            "create --private-connection-resource-id <server id> --group-id mysqlServer ...",
            permission=SERVERS.permission,
        ),
        outside_networks(private_endpoint_approved, IN_A_NETWORK),
    ),
    Rule(
        Check(
            id="mysql_entra_only_authentication",
            title="Entra-only authentication on",
            severity="medium",
            rationale="As long as MySQL passwords work, a guessed one passes every Entra rule by.",
            remediation="Portal: server > Authentication > Microsoft Entra authentication only. CLI: az "
            "mysql flexible-server parameter set -g <group> -s <server> -n aad_auth_only -v ON",
            permission=PARAMETERS.permission,
        ),
        parameter_on("aad_auth_only"),
        needs=("parameters",),
    ),
    Rule(
        Check(
            id="mysql_cmk_encryption",
            title="Encrypted with a customer-managed key",
            severity="low",
            rationale="With a key of one's own the data can be made unreadable without Microsoft's help.",
            remediation="Portal: server > Data encryption > Customer-managed key. CLI: az mysql "
            "flexible-server update -n <server> -g <group> --key <key id> --identity <identity>",
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

COLLECTOR = Collector(
    service="mysql",
    title="Azure Database for MySQL",
    reads_what="Every MySQL flexible server with its parameters, network, backup, availability and keys.",
    roles=("Reader",),
    version="1",
    parts=(
        configuration(
            "mysql",
            "MySQL Configuration",
            [
                Kind(
                    noun="MySQL flexible servers",
                    read=SERVERS,
                    rules=RULES,
                    # Parameters are listed below each server only; one list holds them all.
                    children={"parameters": Child(PARAMETERS, many=True)},
                )
            ],
        ),
    ),
)
