"""Azure Database for PostgreSQL, flexible servers: transport, logs, network, sign-in, backup and keys."""

from collectors.contract import Collector
from collectors.declarations.configuration import Child, Kind, configuration
from collectors.declarations.database_servers import reached_publicly
from collectors.postgresql.parameters import PARAMETER_RULES
from collectors.postgresql.reads import FIREWALL, PARAMETERS, SERVERS
from collectors.postgresql.servers import SERVER_RULES

RULES = (*PARAMETER_RULES, *SERVER_RULES)

COLLECTOR = Collector(
    service="postgresql",
    title="Azure Database for PostgreSQL",
    reads_what="Every PostgreSQL flexible server with its parameters, firewall, sign-in, backup and keys.",
    roles=("Reader",),
    version="1",
    parts=(
        configuration(
            "postgresql",
            "PostgreSQL Configuration",
            [
                Kind(
                    noun="PostgreSQL flexible servers",
                    read=SERVERS,
                    rules=RULES,
                    # Parameters and firewall rules are listed below each server only; one list each.
                    children={
                        "parameters": Child(PARAMETERS, many=True),
                        "firewall": Child(FIREWALL, many=True, when=reached_publicly),
                    },
                )
            ],
        ),
    ),
)
