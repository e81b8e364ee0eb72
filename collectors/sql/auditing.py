"""Auditing of a logical server: that it is on, that its log arrives somewhere, and how long it is kept."""

from collections.abc import Mapping

from collectors.declarations.configuration import gap_judgement
from collectors.declarations.diagnostics import logs_not_sent
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, bad, judged, manual, must_be_one_of, unknown
from collectors.sql.protection import of_part

AUDIT_EVENTS = "SQLSecurityAuditEvents"
_MONITORED = "properties.isAzureMonitorTargetEnabled"
_NOT_SENT = f"Auditing is on, but no diagnostic setting of the database master sends {AUDIT_EVENTS} anywhere."
_STATE = must_be_one_of("properties.state", "Auditing", allowed=["Enabled"], others=["Disabled"], absent=None)
# Auditing of a server covers all its databases, whatever their own settings say: those are not asked.
_enabled = of_part("auditing", _STATE, bad("Auditing was never set.", auditing=None))


def master_of(server: Resource) -> str:
    """Give the id of a server's database `master`, whose diagnostic settings send the server's audit log."""
    return f"{server.id}/databases/master"


def only_monitored(server: Resource) -> bool:
    """Tell whether a server's audit log goes to Azure Monitor only, so that diagnostic settings decide."""
    auditing = None if server.gap(("auditing",)) else server.part("auditing")
    return (
        auditing is not None
        and auditing.flag("properties.state") is True
        and not auditing.text("properties.storageEndpoint")
        and auditing.flag(_MONITORED) is True
    )


def _sent(server: Resource) -> bool:
    return not logs_not_sent(server.rows("audit_log"), [AUDIT_EVENTS])


def audited(server: Resource) -> Judgement:
    """Judge that auditing is on and its log arrives: in storage, or where a diagnostic setting sends it.

    For Azure Monitor alone a diagnostic setting of `master` with SQLSecurityAuditEvents is needed too, and
    with Enabled one of the two targets is required (REST specification of server auditing settings).
    """
    judgement, auditing = _enabled(server), server.part("auditing")
    if (
        auditing is None
        or not auditing.flag("properties.state")
        or auditing.text("properties.storageEndpoint")
    ):
        return judgement
    observed = {**judgement.observed, _MONITORED: auditing.at(_MONITORED)}
    if not only_monitored(server):
        return unknown("Auditing is on, and Azure does not say where its log goes.", **observed)
    refused = server.gap(("audit_log",))
    if refused:
        return gap_judgement(refused)
    observed["diagnostic_settings"] = len(server.rows("audit_log"))
    return judged(_sent(server), f"Auditing is on, and {AUDIT_EVENTS} are sent.", _NOT_SENT, **observed)


def audit_kept(server: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge how long audit logs are kept in storage; zero days mean for ever (REST specification)."""
    auditing = server.part("auditing")
    if auditing is None or not auditing.flag("properties.state"):
        state = None if auditing is None else auditing.at("properties.state")
        return bad("Auditing is off, so nothing is kept.", **{"properties.state": state})
    if not auditing.text("properties.storageEndpoint"):
        return _kept_elsewhere(server, auditing)
    days = auditing.number("properties.retentionDays")
    if days is None:
        return unknown("Azure does not say how long the audit log is kept.", retention_days=None)
    return judged(
        days == 0 or days >= limits["days"],
        "The audit log is kept for ever." if days == 0 else f"The audit log is kept for {days:g} days.",
        f"The audit log is kept for {days:g} days only.",
        retention_days=days,
    )


def _kept_elsewhere(server: Resource, auditing: Resource) -> Judgement:
    monitored = auditing.flag(_MONITORED)
    if only_monitored(server) and not server.gap(("audit_log",)) and not _sent(server):
        return bad(f"{_NOT_SENT} Nothing is kept.", azure_monitor=monitored)
    return manual(
        "The audit log goes to Azure Monitor, not to storage: look how long its workspace keeps it.",
        azure_monitor=monitored,
    )
