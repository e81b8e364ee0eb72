"""Azure SQL: logical servers, their databases, and managed instances."""

from collectors.contract import Collector
from collectors.declarations.configuration import configuration
from collectors.sql.databases import DATABASES
from collectors.sql.managed_instances import MANAGED_INSTANCES
from collectors.sql.reads import SERVER_LIST
from collectors.sql.servers import SERVERS

COLLECTOR = Collector(
    service="sql",
    title="Azure SQL",
    reads_what="Every SQL server, its databases and every managed instance: sign-in, network, encryption, "
    "auditing, vulnerability assessment and long-term backup.",
    roles=("Reader",),
    version="1",
    parts=(
        configuration(
            "sql",
            "SQL Configuration",
            [SERVERS, DATABASES, MANAGED_INSTANCES],
            # Two kinds rest on the list of servers, which is read once for both.
            shared={"servers": SERVER_LIST},
        ),
    ),
)
