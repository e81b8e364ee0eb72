"""What the parameters of a server say: encrypted transport, logs and throttling.

The names are those of Flexible Server. Single Server had others (`log_retention_days`,
`connection_throttling`), which a flexible server does not answer.
"""

from collections.abc import Mapping

from collectors.contract import Check
from collectors.declarations.database_servers import (
    absent_parameter,
    parameter,
    parameter_lists_only,
    parameter_on,
)
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, good, judged, unknown
from collectors.postgresql.reads import PARAMETERS

# From version 18 on `log_connections` lists stages of a connection (PostgreSQL's documentation).
CONNECTION_STAGES = frozenset({"receipt", "authentication", "authorization", "setup_durations", "all"})
_connections_switched = parameter_on("log_connections")


def connections_logged(server: Resource) -> Judgement:
    """Judge that connections are logged, as a switch or, from version 18 on, as a list of stages."""
    value = parameter(server, "log_connections")
    stages = {stage.strip().lower() for stage in (value or "").split(",")}
    if stages & CONNECTION_STAGES:
        return good(f"log_connections is {value}.", parameter="log_connections", value=value)
    if value is not None and not value.strip():
        return bad("log_connections is empty.", parameter="log_connections", value=value)
    return _connections_switched(server)


def logs_kept(server: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge how long server logs are kept; where capturing them is off, there are none to keep."""
    value = parameter(server, "logfiles.retention_days")
    if value is None:
        return absent_parameter("logfiles.retention_days")
    days = Resource({"days": value}).number("days")
    captured = parameter(server, "logfiles.download_enable")
    observed = {"logfiles.retention_days": value, "logfiles.download_enable": captured}
    if days is None:
        return unknown(f"logfiles.retention_days is {value!r}, which is no number.", **observed)
    if Resource({"captured": captured}).flag("captured") is False:
        return bad("Server logs are not captured (logfiles.download_enable is off).", **observed)
    return judged(
        days > limits["days"],
        f"Server logs are kept for {days:g} days.",
        f"Server logs are kept for {days:g} days only.",
        **observed,
    )


def statements_audited(server: Resource) -> Judgement:
    """Judge that pgAudit is loaded and told what to write down; either alone writes nothing."""
    libraries, classes = parameter(server, "shared_preload_libraries"), parameter(server, "pgaudit.log")
    observed = {"shared_preload_libraries": libraries, "pgaudit.log": classes}
    if libraries is None:
        return unknown("The server has no parameter shared_preload_libraries.", **observed)
    if "pgaudit" not in {name.strip().lower() for name in libraries.split(",")}:
        return bad("pgAudit is not loaded.", **observed)
    if classes is None:
        return unknown("The server has no parameter pgaudit.log.", **observed)
    return judged(
        {name.strip().lower() for name in classes.split(",")} - {"", "none"},
        f"pgAudit writes down {classes}.",
        "pgAudit is loaded, but told to write down nothing.",
        **observed,
    )


def _set(name: str, value: str) -> str:
    return (
        f"Portal: server > Server parameters > {name} = {value}. CLI: az postgres flexible-server parameter "
        f"set -g <group> -s <server> -n {name} -v {value}"
    )


PARAMETER_RULES = (
    Rule(
        Check(
            id="postgresql_ssl_enforced",
            title="Encrypted connections enforced",
            severity="high",
            rationale="Without encryption passwords and data can be read on the way.",
            remediation=_set("require_secure_transport", "on"),
            permission=PARAMETERS.permission,
        ),
        parameter_on("require_secure_transport"),
        needs=("parameters",),
    ),
    Rule(
        Check(
            id="postgresql_min_tls_12",
            title="Minimum TLS version 1.2",
            severity="medium",
            rationale="Older TLS versions have known weaknesses.",
            remediation=_set("ssl_min_protocol_version", "TLSv1.2"),
            permission=PARAMETERS.permission,
        ),
        parameter_lists_only("ssl_min_protocol_version", ["TLSv1.2", "TLSv1.3"], ["TLSv1", "TLSv1.1"]),
        needs=("parameters",),
    ),
    Rule(
        Check(
            id="postgresql_log_checkpoints_on",
            title="Checkpoints logged",
            severity="low",
            rationale="Logged checkpoints tell what a server was doing when it slowed down or failed.",
            remediation=_set("log_checkpoints", "on"),
            permission=PARAMETERS.permission,
        ),
        parameter_on("log_checkpoints"),
        needs=("parameters",),
    ),
    Rule(
        Check(
            id="postgresql_log_connections_on",
            title="Connections logged",
            severity="medium",
            rationale="Sign-ins, and those that failed, are the first thing an investigation asks for.",
            remediation=_set("log_connections", "on"),
            permission=PARAMETERS.permission,
        ),
        connections_logged,
        needs=("parameters",),
    ),
    Rule(
        Check(
            id="postgresql_log_disconnections_on",
            title="Disconnections logged",
            severity="medium",
            rationale="With the end of a session the log tells how long somebody was connected.",
            remediation=_set("log_disconnections", "on"),
            permission=PARAMETERS.permission,
        ),
        parameter_on("log_disconnections"),
        needs=("parameters",),
    ),
    Rule(
        Check(
            id="postgresql_log_retention_over_3_days",
            title="Server logs kept for more than 3 days",
            severity="low",
            rationale="What happened before a weekend must still be there after it.",
            remediation=_set("logfiles.retention_days", "7"),
            permission=PARAMETERS.permission,
            thresholds={"days": 3},
        ),
        needs=("parameters",),
        within=logs_kept,
    ),
    Rule(
        Check(
            id="postgresql_connection_throttling_on",
            title="Connections throttled after failed sign-ins",
            severity="low",
            rationale="Throttling slows those who guess passwords.",
            remediation=_set("connection_throttle.enable", "on"),
            permission=PARAMETERS.permission,
        ),
        parameter_on("connection_throttle.enable"),
        needs=("parameters",),
    ),
    Rule(
        Check(
            id="postgresql_pgaudit_enabled",
            title="pgAudit on",
            severity="medium",
            rationale="Without it nobody can tell afterwards who read or changed what.",
            remediation="Portal: server > Server parameters > shared_preload_libraries with pgaudit, and "
            "pgaudit.log. CLI: az postgres flexible-server parameter set -g <group> -s <server> -n "
            "pgaudit.log -v write,ddl,role",
            permission=PARAMETERS.permission,
        ),
        statements_audited,
        needs=("parameters",),
    ),
)
"""What is asked of the parameters, which one list gives for each server."""
