"""What a query on the register means: conditions the table evaluates, and those it cannot."""

from collectors.contract import POPULATION
from pipeline.model import Controls, EvidenceItem
from pipeline.requests import EvidenceQuery, FindingQuery


def matches(item: EvidenceItem, query: EvidenceQuery) -> bool:
    """Tell whether an item is what a query asks for, its times aside."""
    asked = {"service": query.service, "kind": query.kind, "sync_run_id": query.sync_run_id}
    same = all(value is None or getattr(item, name) == value for name, value in asked.items())
    return same and supports(item.controls, query.framework, query.control)


def supports(controls: Controls, framework: str | None, control: str | None) -> bool:
    """Tell whether controls hold one of the framework, or the control of it (of any without a framework)."""
    if framework is None and control is None:
        return True
    named = controls.values() if framework is None else [controls.get(framework, ())]
    return any(ids if control is None else control in ids for ids in named)


def finding_filter(query: FindingQuery, sequence: int) -> str:
    """Write the OData condition of a query on findings, as of a committed sequence number."""
    asked = {
        "service": query.service,
        "check_id": query.check_id,
        "status": query.status,
        "severity": query.severity,
        "resource_key": None if query.resource_id is None else query.resource_id.lower(),
    }
    where = [f"{name} eq {quoted(value)}" for name, value in asked.items() if value is not None]
    if query.as_of is not None or query.changed_since is None:
        where.append(interval_filter(query.as_of, sequence))
    if query.changed_since is not None:
        since = quoted(query.changed_since)
        where.append(f"(opened_at ge {since} or (closed_at ge {since} and closed_seq le {sequence}))")
    # Rows that only say that a resource was there are no findings: `;` is the character after `:`.
    where.append(f"(check_id lt '{POPULATION}' or check_id ge '{POPULATION[:-1]};')")
    return " and ".join(where)


def interval_filter(as_of: str | None, sequence: int) -> str:
    """Write the OData condition of intervals that are open, or were at a time."""
    if as_of is None:
        return f"closed_seq gt {sequence}"
    at = quoted(as_of)
    return f"opened_at le {at} and (closed_at gt {at} or closed_seq gt {sequence})"


def quoted(value: str) -> str:
    """Write an OData string; a quote inside is doubled."""
    doubled = value.replace("'", "''")
    return f"'{doubled}'"
