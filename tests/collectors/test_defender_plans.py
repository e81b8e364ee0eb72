"""Defender plans: what is on, what of it is switched on, and what a retired or missing plan means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import JsonValue, Verdict
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.defender import plan_extensions, plan_rules
from collectors.defender.plan_rules import PLAN_CHECKS

RULES = (*plan_rules.RULES, *plan_extensions.RULES)
SCOPE = "/subscriptions/s"
DATABASES = ("SqlServers", "SqlServerVirtualMachines", "OpenSourceRelationalDatabases", "CosmosDbs")


def plan(name: str, tier: str | None = "Standard", **properties: JsonValue) -> JsonObject:
    """Make a Defender plan."""
    path = f"{SCOPE}/providers/Microsoft.Security/pricings/{name}"
    return {"id": path, "name": name, "properties": {"pricingTier": tier, **properties}}


def extension(name: str, flag: JsonValue, **more: JsonValue) -> JsonValue:
    """Make a list of one extension."""
    return [{"name": name, "isEnabled": flag, **more}]


def verdict(check_id: str, *plans: JsonObject) -> Verdict:
    """Judge a subscription with these plans by one check."""
    surroundings = Surroundings(Resource({}).now, {"plans": tuple(map(Resource, plans))})
    found = evaluate(Resource({"id": SCOPE}, surroundings), RULES)
    return next(one for one in found if one.check_id == f"defender_{check_id}")


def status(check_id: str, *plans: JsonObject) -> str:
    """Give the status alone."""
    return verdict(check_id, *plans).status.value


@pytest.mark.parametrize("asked", PLAN_CHECKS, ids=lambda asked: asked.id)
@pytest.mark.parametrize(
    ("tier", "expected"),
    [("Standard", "pass"), ("standard", "pass"), ("Free", "fail"), ("Premium", "unknown"), (None, "unknown")],
)
def test_a_plan_is_on_or_off(asked: plan_rules.PlanCheck, tier: str | None, expected: str) -> None:
    """In any casing; a tier that is not documented is never guessed."""
    assert status(asked.id.removeprefix("defender_"), plan(asked.plan.upper(), tier)) == expected


@pytest.mark.parametrize("asked", PLAN_CHECKS, ids=lambda asked: asked.id)
def test_a_plan_that_is_not_offered_cannot_be_off(asked: plan_rules.PlanCheck) -> None:
    """Azure lists plans that are off as Free; one that it does not list is not for sale here."""
    assert status(asked.id.removeprefix("defender_"), plan("Another")) == "not_applicable"


def test_what_decided_is_kept() -> None:
    """Tier, sub-plan and coverage; that not all resources are covered is said."""
    found = verdict(
        "plan_servers", plan("VirtualMachines", subPlan="P2", resourcesCoverageStatus="PartiallyCovered")
    )

    assert found.observed == {
        "plan": "VirtualMachines",
        "tier": "Standard",
        "sub_plan": "P2",
        "coverage": "PartiallyCovered",
    }
    assert "not for all resources" in found.reason


@pytest.mark.parametrize(
    ("plans", "expected"),
    [
        ([plan("Dns")], "pass"),
        ([plan("Dns", "Free"), plan("VirtualMachines", subPlan="P2")], "pass"),
        ([plan("VirtualMachines", subPlan="p2")], "pass"),
        ([plan("Dns", "Free", deprecated=True), plan("VirtualMachines", subPlan="P1")], "not_applicable"),
        ([plan("Dns", "Free"), plan("VirtualMachines", "Free")], "not_applicable"),
        ([], "not_applicable"),
    ],
)
def test_the_retired_plan_for_dns_is_never_failed(plans: list[JsonObject], expected: str) -> None:
    """Its alerts are part of Defender for Servers Plan 2 since August 2023."""
    assert status("plan_dns", *plans) == expected


@given(tiers=st.lists(st.sampled_from(["Standard", "Free", "Odd", "absent"]), min_size=4, max_size=4))
def test_all_database_plans_are_as_good_as_the_worst(tiers: list[str]) -> None:
    """One that is off fails it, one not known keeps it from passing, one not offered does not count."""
    plans = [plan(name, tier) for name, tier in zip(DATABASES, tiers, strict=True) if tier != "absent"]
    worst = {"Free": "fail", "Odd": "unknown", "Standard": "pass", "absent": "not_applicable"}

    expected = next(worst[tier] for tier in worst if tier in tiers)
    assert status("plan_databases_all", *plans) == expected


AGENTLESS, SCAN = "AgentlessVmScanning", "ContainerRegistriesVulnerabilityAssessments"
FILES = "FileIntegrityMonitoring"


@pytest.mark.parametrize(
    ("check_id", "name", "plans"),
    [
        ("agentless_scanning_enabled", AGENTLESS, ("VirtualMachines", "CloudPosture")),
        ("file_integrity_monitoring_enabled", FILES, ("VirtualMachines",)),
        ("container_image_scan_enabled", SCAN, ("Containers", "CloudPosture")),
    ],
)
class TestExtension:
    """What a plan is made of; the flags are words."""

    @pytest.mark.parametrize(
        ("flag", "expected"),
        [
            ("True", "pass"),
            ("true", "pass"),
            (True, "pass"),
            ("False", "fail"),
            ("Partly", "unknown"),
            (None, "unknown"),
        ],
    )
    def test_its_flag_decides(
        self, check_id: str, name: str, plans: tuple[str, ...], flag: JsonValue, expected: str
    ) -> None:
        """In each plan that has it, whatever the casing of its name."""
        for one in plans:
            assert status(check_id, plan(one, extensions=extension(name.lower(), flag))) == expected

    def test_one_that_is_not_listed_is_off(self, check_id: str, name: str, plans: tuple[str, ...]) -> None:
        """A plan without extensions, or with another one, does not do it."""
        del name
        assert status(check_id, plan(plans[0])) == "fail"
        assert status(check_id, plan(plans[0], extensions=extension("Another", "True"))) == "fail"

    def test_it_is_off_with_its_plan(self, check_id: str, name: str, plans: tuple[str, ...]) -> None:
        """What is switched on in a plan that is off does nothing; without the plan nothing is asked."""
        assert status(check_id, plan(plans[0], "Free", extensions=extension(name, "True"))) == "fail"
        assert status(check_id, plan(plans[0], "Odd", extensions=extension(name, "True"))) == "unknown"
        assert status(check_id, plan("Another")) == "not_applicable"

    def test_one_that_could_not_be_set_up_is_not_on(
        self, check_id: str, name: str, plans: tuple[str, ...]
    ) -> None:
        """Azure says so in the status of the operation."""
        failed = extension(name, "True", operationStatus={"code": "Failed", "message": "no rights"})

        assert status(check_id, plan(plans[0], extensions=failed)) == "fail"


@pytest.mark.parametrize(
    ("plans", "expected"),
    [
        ([plan("StorageAccounts")], "manual"),
        ([plan("StorageAccounts", "Free")], "fail"),
        ([plan("StorageAccounts", None)], "unknown"),
        ([], "unknown"),
    ],
)
def test_who_watches_the_alerts_of_storage_a_person_tells(plans: list[JsonObject], expected: str) -> None:
    """Without the plan there are none to watch."""
    assert status("storage_alerts_monitored", *plans) == expected
