"""Judge resources: every rule on every resource, a refused part making only what needs it `unknown`."""

from collections.abc import Callable, Mapping, Sequence

from collectors.contract import POPULATION, Check, JsonValue, Status, Verdict
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, unknown
from collectors.errors import AccessDenied, Terminal

type Limits = Callable[[Check], Mapping[str, float]]


def evaluate(resource: Resource, rules: Sequence[Rule], limits: Limits | None = None) -> list[Verdict]:
    """Judge a resource by every rule; a needed part that was refused makes that verdict `unknown`.

    Args:
        limits: gives a check's thresholds as they are set; their defaults if None.
    """
    return [verdict_of(rule, resource, _judgement(rule, resource, limits)) for rule in rules]


def gap_judgement(error: Terminal) -> Judgement:
    """Say that something could not be read, and what would cure it."""
    observed: dict[str, JsonValue] = {"problem": error.code}
    if isinstance(error, AccessDenied):
        observed["missing_permission"] = error.permission
    return unknown(f"Could not be read: {error.detail} {error.advice}".rstrip(), **observed)


def _judgement(rule: Rule, resource: Resource, limits: Limits | None) -> Judgement:
    error = resource.gap(rule.needs)
    if error is not None:
        return gap_judgement(error)
    return rule.decide(resource, None if limits is None else limits(rule.check))


def verdict_of(rule: Rule, resource: Resource, judgement: Judgement) -> Verdict:
    """Give the verdict of a rule on a resource."""
    status, reason, observed = judgement
    check = rule.check
    return Verdict(
        check.id, check.title, check.severity, resource.id, status, reason, observed, check.remediation
    )


def population_of(resource: Resource) -> Verdict:
    """Record that a resource was there."""
    kind = resource.text("type") or ""
    observed = {name: resource.at(name) for name in ("name", "type", "location", "tags")}
    return Verdict(
        check_id=f"{POPULATION}{kind.lower()}",
        title=kind,
        severity="",
        resource_id=resource.id,
        status=Status.NOT_APPLICABLE,
        reason="It was found.",
        observed=observed,
    )
