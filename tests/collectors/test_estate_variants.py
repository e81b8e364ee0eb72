"""Every verdict over the opposites of the demo's estate is the truth, and no check says one thing only."""

import asyncio
from collections import defaultdict

import pytest

from collectors import registry
from collectors.contract import POPULATION, Verdict
from local.azure import SimulatedAzure
from local.azure.estate import Estate
from tests.collectors.simulated_reader import reading

NEVER = {
    ("defender_external_attack_surface_enabled", "fail"): "a workspace elsewhere may cover the subscription",
    ("defender_log_analytics_agent_provisioned", "fail"): "the agent is retired",
    ("defender_plan_dns", "fail"): "the plan is retired",
    ("defender_storage_alerts_monitored", "pass"): "whether somebody looks at alerts only a person knows",
    ("entra_guest_users_reviewed", "fail"): "guests may be reviewed by hand",
    ("function_app_runtime_current", "fail"): "the version is an app setting, which Reader may not read",
    ("rbac_classic_admins_absent", "pass"): "they are retired: where there is none, nothing is asked",
    ("rbac_privileged_assignments_reviewed", "fail"): "whether each is needed only a person knows",
    (
        "rbac_privileged_assignments_reviewed",
        "pass",
    ): "a subscription without any owner has no one to connect it",
    ("rbac_resource_locks_set", "pass"): "whether locks cover what is critical only a person knows",
    ("rbac_tenant_creator_reviewed", "fail"): "whether each is needed only a person knows",
    ("storage_readonly_lock_considered", "fail"): "it is to be considered: without a lock a person is asked",
    ("vm_approved_extensions_only", "fail"): "which publishers are approved only a person knows",
}
"""What a check never says, and why: its judges have no way to, or no subscription is like that."""
VARIANTS = ("well-kept", "neglected", "beginning")


def truth_of(azure: SimulatedAzure, name: str) -> dict[tuple[str, str], str]:
    """Give what is true of a subscription; of what it has none of, that the question does not arise."""
    estate = azure.subscription(name).estate
    assert isinstance(estate, Estate)
    told = {check_id for check_id, _ in estate.truth}
    checks = {check.id for collector in registry.load().values() for check in collector.checks}
    return {**{(check, estate.scope.lower()): "not_applicable" for check in checks - told}, **estate.truth}


@pytest.mark.parametrize("variant", VARIANTS)
async def test_every_verdict_is_the_truth(variant: str) -> None:
    """No verdict differs from the truth, none is missing, none is about anything else."""
    found: dict[tuple[str, str], str] = {}

    async def emit(verdict: Verdict) -> None:
        if not verdict.check_id.startswith(POPULATION):
            found[verdict.check_id, verdict.resource_id.lower()] = verdict.status.value

    async with SimulatedAzure(variant) as azure, reading(azure, variant) as reader:
        parts = [part for collector in registry.load().values() for part in collector.parts]
        await asyncio.gather(*(part.collect(reader.part(), emit) for part in parts))
        expected = truth_of(azure, variant)

    differing = {key: (expected.get(key), found.get(key)) for key in expected | found}
    assert {key: pair for key, pair in differing.items() if pair[0] != pair[1]} == {}


async def test_every_check_passes_somewhere_and_fails_somewhere() -> None:
    """In the demo's estate or in one of its opposites, but for those that have a reason not to."""
    said: defaultdict[str, set[str]] = defaultdict(set)
    for profile, name in (("demo", "production"), *((one, one) for one in VARIANTS)):
        async with SimulatedAzure(profile) as azure:
            for (check_id, _), status in truth_of(azure, name).items():
                said[check_id].add(status)

    checks = [check for collector in registry.load().values() for check in collector.checks]
    missing = {
        (check.id, status)
        for check in checks
        for status in ("pass", "fail")
        if not check.manual and status not in said[check.id]
    }
    assert missing == NEVER.keys()
    assert all(said[check.id] <= {"manual", "not_applicable", "unknown"} for check in checks if check.manual)
