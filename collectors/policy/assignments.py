"""Which policies are assigned to the subscription, with what effect."""

from collections.abc import Collection as Several
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from collectors.contract import Check
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, Rule, bad, good, judged, not_applicable, unknown
from collectors.policy.reads import ASSIGNMENTS

MCSB = frozenset({"1f3afdf9-d0c9-4c3d-847f-89da613e70a8", "e3ec7e09-768c-4b64-882c-fcada3772047"})
"""Initiatives "Microsoft cloud security benchmark" and its v2 (Azure Policy built-in initiatives)."""

LOCATIONS = frozenset({"e56962a6-4747-49cd-b67b-bf8b01975c4c"})
"""Built-in definition "Allowed locations"."""

RESOURCE_TYPES = frozenset({"a08ec900-254a-4555-9bf5-e42af04b5c5c", "6c112d4e-5bc7-47ae-a041-ea2d9dccd749"})
"""Built-in definitions "Allowed resource types" and "Not allowed resource types"."""

_GROUP = "/providers/microsoft.management/managementgroups/"
_IDLE = frozenset({"audit", "disabled"})


def _end(resource_id: str | None) -> str:
    return (resource_id or "").rstrip("/").rpartition("/")[2].lower()


def _at(assignment: Resource) -> str:
    """Give the scope of an assignment, in lower case."""
    at = (assignment.text("properties.scope") or assignment.id).lower().rstrip("/")
    return at.partition("/providers/microsoft.authorization/")[0]


def reach(assignment: Resource, scope: str, above: Several[str]) -> bool | None:
    """Tell whether an assignment applies to all of a subscription; None if that cannot be told.

    It does not if it stands below, or leaves out the subscription, anything in it or a group above it.

    Args:
        above: management groups that are known to hold the subscription, in lower case. Whether another one
            does, which the assignment leaves out, no list of the subscription says.
    """
    wanted = scope.lower()
    left_out = {one.lower().rstrip("/") for one in assignment.texts("properties.notScopes")}
    if _at(assignment).startswith(f"{wanted}/") or left_out & {wanted, *above}:
        return False
    if any(one.startswith(f"{wanted}/") for one in left_out):
        return False
    return None if any(one.startswith(_GROUP) for one in left_out) else True


class Assigned(NamedTuple):
    """Assignments that apply to the whole subscription, and those of which that cannot be told."""

    whole: tuple[Resource, ...]
    untold: tuple[Resource, ...]


def assigned(subscription: Resource, definitions: frozenset[str]) -> Assigned:
    """Give the assignments of some definitions, by whether they apply to the whole subscription."""
    rows = subscription.shared("assignments")
    # The list holds what is inherited: the groups that assignments stand at are above the subscription.
    above = {at for at in map(_at, rows) if at.startswith(_GROUP)}
    mine = [one for one in rows if _end(one.text("properties.policyDefinitionId")) in definitions]
    reaches = [(one, reach(one, subscription.id, above)) for one in mine]
    whole = tuple(one for one, all_of_it in reaches if all_of_it)
    return Assigned(whole, tuple(one for one, all_of_it in reaches if all_of_it is None))


def _untold(assignments: Iterable[Resource]) -> Judgement:
    return unknown(
        "An assignment leaves out management groups, and nothing read says whether this is below one.",
        assignments=[one.id for one in assignments],
    )


def _holding(subscription: Resource, definitions: frozenset[str]) -> frozenset[str]:
    """Give the custom initiatives that hold one of some definitions, by the end of their ids."""
    return frozenset(
        _end(initiative.id)
        for initiative in subscription.shared("initiatives")
        if any(
            _end(one.text("policyDefinitionId")) in definitions
            for one in initiative.objects("properties.policyDefinitions")
        )
    )


def _enforced(assignment: Resource) -> bool:
    """Tell whether an assignment acts: `enforcementMode` absent means Default (REST specification).

    "Not allowed resource types" can be told to audit only, by its parameter or by an override of its effect.
    """
    mode = (assignment.text("properties.enforcementMode") or "Default").lower()
    effects = {
        assignment.text("properties.parameters.effect.value"),
        *(one.text("value") for one in _effect_overrides(assignment)),
    }
    return mode == "default" and not {(one or "").lower() for one in effects} & _IDLE


def benchmark_assigned(subscription: Resource) -> Judgement:
    """Judge whether Microsoft's benchmark is assigned at the subscription or above it."""
    whole, untold = assigned(subscription, MCSB)
    if untold and not whole:
        return _untold(untold)
    found = [one.id for one in whole]
    yes = "The Microsoft cloud security benchmark is assigned."
    no = "The Microsoft cloud security benchmark is not assigned to the whole subscription."
    return judged(found, yes, no, assignments=found)


def _effect_overrides(assignment: Resource) -> Iterator[Resource]:
    """Give the overrides by which an assignment changes the effect of policies without their parameters."""
    for override in assignment.objects("properties.overrides"):
        if (override.text("kind") or "").lower() == "policyeffect":
            yield override


def _disabled(assignment: Resource) -> Iterator[str]:
    parameters = assignment.at("properties.parameters")
    for name in parameters if isinstance(parameters, dict) else ():
        if (assignment.text(f"properties.parameters.{name}.value") or "").lower() == "disabled":
            yield name
    for override in _effect_overrides(assignment):
        if (override.text("value") or "").lower() == "disabled":
            chosen = [one for selector in override.objects("selectors") for one in selector.texts("in")]
            yield from chosen or ("every policy",)


def benchmark_effective(subscription: Resource) -> Judgement:
    """Judge whether an assignment of the benchmark switches policies off by its parameters."""
    found, untold = assigned(subscription, MCSB)
    if not found:
        none = "The Microsoft cloud security benchmark is not assigned to the whole subscription."
        return _untold(untold) if untold else not_applicable(none)
    off = sorted({name for one in found for name in _disabled(one)})
    if off:
        return bad(f"The assignment disables {len(off)} policies of the benchmark.", disabled=off)
    return good("The assignment leaves every policy of the benchmark with its effect.", disabled=[])


def restricted(definitions: frozenset[str], what: str) -> Judge:
    """Make a judge that demands an enforced assignment of one of some definitions, alone or in an initiative.

    Args:
        what: the definitions' purpose, beginning a sentence.
    """

    def judge(subscription: Resource) -> Judgement:
        found, untold = assigned(subscription, definitions | _holding(subscription, definitions))
        acting = [one.id for one in found if _enforced(one)]
        if acting:
            return good(f"{what} are restricted by an assignment that is enforced.", assignments=acting)
        unclear = [one for one in untold if _enforced(one)]
        if unclear:
            return _untold(unclear)
        if found:
            idle = [one.id for one in found]
            return bad(f"{what} are restricted by an assignment that is not enforced.", assignments=idle)
        return bad(
            f"{what} are restricted by no assignment of the built-in policy to the whole subscription.",
            assignments=[],
        )

    return judge


RULES = (
    Rule(
        Check(
            id="policy_mcsb_initiative_assigned",
            title="Microsoft cloud security benchmark assigned",
            severity="medium",
            rationale="Without the benchmark's policies Defender for Cloud measures nothing.",
            remediation="Portal: Policy > Assignments > Assign initiative > Microsoft cloud security "
            "benchmark. CLI: az policy assignment create --policy-set-definition "
            "1f3afdf9-d0c9-4c3d-847f-89da613e70a8 --scope /subscriptions/<id>",
            permission=ASSIGNMENTS.permission,
        ),
        benchmark_assigned,
        ("assignments",),
    ),
    Rule(
        Check(
            id="policy_mcsb_not_disabled",
            title="No policy of the benchmark disabled",
            severity="medium",
            rationale="A disabled policy looks like a passed one in every total.",
            remediation="Portal: Policy > Assignments > the benchmark > Edit assignment > Parameters: set "
            "each Disabled back to AuditIfNotExists. CLI: az policy assignment update --params ...",
            permission=ASSIGNMENTS.permission,
        ),
        benchmark_effective,
        ("assignments",),
    ),
    Rule(
        Check(
            id="policy_allowed_locations_assigned",
            title="Allowed locations assigned",
            severity="low",
            rationale="Resources in unexpected regions escape residency rules and often notice.",
            remediation="Portal: Policy > Definitions > Allowed locations > Assign. CLI: az policy "
            "assignment create --policy e56962a6-4747-49cd-b67b-bf8b01975c4c --scope /subscriptions/<id> "
            "--params ...",
            permission=ASSIGNMENTS.permission,
        ),
        restricted(LOCATIONS, "Locations"),
        ("assignments", "initiatives"),
    ),
    Rule(
        Check(
            id="policy_allowed_resource_types_assigned",
            title="Resource types restricted",
            severity="low",
            rationale="Resource types nobody needs are attack surface nobody watches.",
            remediation="Portal: Policy > Definitions > Allowed resource types (or Not allowed resource "
            "types) > Assign. CLI: az policy assignment create --policy "
            "a08ec900-254a-4555-9bf5-e42af04b5c5c ...",
            permission=ASSIGNMENTS.permission,
        ),
        restricted(RESOURCE_TYPES, "Resource types"),
        ("assignments", "initiatives"),
    ),
)
