"""Recovery Services vaults: each check by what it passes, fails, and makes of an absent value."""

import pytest

from collectors.backup import COLLECTOR, RULES
from collectors.contract import JsonValue, Reading, Verdict
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource
from collectors.errors import AccessDenied
from collectors.virtual_machines.recovery import retention_days
from local.azure import SimulatedAzure
from tests.collectors.path_reader import SCOPE, PathReader, read_part, statuses
from tests.collectors.simulated_reader import reading

PART = COLLECTOR.parts[0]
ID = f"{SCOPE}/v/one"
LIST = "providers/Microsoft.RecoveryServices/vaults"
DENIED = AccessDenied("No.", permission="Some/read", scope=SCOPE)
APPROVED: JsonObject = {"properties": {"privateLinkServiceConnectionState": {"status": "approved"}}}
BACKUP: JsonObject = {"id": "/i", "properties": {"policyId": f"{ID}/POLICIES/P"}}
DELETED: JsonObject = {"id": "/i", "properties": {"policyId": "p", "isScheduledForDeferredDelete": True}}


def policy(schedule: str, count: JsonValue, unit: str) -> JsonObject:
    """Give a policy that keeps backups for so long."""
    kept: JsonObject = {schedule: {"retentionDuration": {"count": count, "durationType": unit}}}
    return {"id": f"{ID}/policies/p", "name": "p", "properties": {"retentionPolicy": kept}}


def says(
    check_id: str,
    properties: JsonObject,
    *,
    items: tuple[JsonObject, ...] = (),
    policies: tuple[JsonObject, ...] = (),
    replicas: tuple[JsonObject, ...] = (),
) -> str:
    """Judge a vault by one check."""
    rows = {"protected_items": items, "backup_policies": policies, "replicated_items": replicas}
    parts = {name: tuple(map(Resource, found)) for name, found in rows.items()}
    vault = Resource({"id": ID, "properties": properties}, None, parts)
    return {one.check_id: one.status.value for one in evaluate(vault, RULES)}[f"recovery_{check_id}"]


def security(**settings: JsonValue) -> JsonObject:
    """Give security settings."""
    return {"securitySettings": settings}


def soft_delete(state: str) -> JsonObject:
    """Give a state of soft delete."""
    return security(softDeleteSettings={"softDeleteState": state})


def alerts(state: str) -> JsonObject:
    """Give a state of the alerts of failed jobs."""
    return {"monitoringSettings": {"azureMonitorAlertSettings": {"alertsForAllJobFailures": state}}}


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("vault_soft_delete_enabled", soft_delete("AlwaysOn"), "pass"),
        ("vault_soft_delete_enabled", soft_delete("Disabled"), "fail"),
        ("vault_soft_delete_enabled", soft_delete("Invalid"), "unknown"),
        ("vault_soft_delete_enabled", {}, "unknown"),
        ("vault_immutability_enabled", security(immutabilitySettings={"state": "Locked"}), "pass"),
        ("vault_immutability_enabled", security(immutabilitySettings={"state": "disabled"}), "fail"),
        ("vault_immutability_enabled", {}, "fail"),
        ("vault_multi_user_authorization", security(multiUserAuthorization="Enabled"), "pass"),
        ("vault_multi_user_authorization", security(multiUserAuthorization="Disabled"), "fail"),
        ("vault_multi_user_authorization", security(multiUserAuthorization="Invalid"), "unknown"),
        ("vault_multi_user_authorization", {}, "fail"),
        ("vault_cmk_encryption", {"encryption": {"keyVaultProperties": {"keyUri": "k"}}}, "pass"),
        ("vault_cmk_encryption", {"encryption": {}}, "fail"),
        ("vault_cmk_encryption", {}, "fail"),
        ("vault_private_link_used", {"privateEndpointConnections": [APPROVED]}, "pass"),
        ("vault_private_link_used", {"privateEndpointConnections": [{}]}, "fail"),
        ("vault_private_link_used", {}, "fail"),
        ("vault_cross_region_restore", {"redundancySettings": {"crossRegionRestore": "enabled"}}, "pass"),
        ("vault_cross_region_restore", {"redundancySettings": {"crossRegionRestore": "Disabled"}}, "fail"),
        ("vault_cross_region_restore", {"redundancySettings": {"crossRegionRestore": "Soon"}}, "unknown"),
        ("vault_cross_region_restore", {}, "fail"),
        ("backup_alerts_monitored", alerts("Enabled"), "pass"),
        ("backup_alerts_monitored", alerts("Disabled"), "fail"),
        ("backup_alerts_monitored", {}, "unknown"),
    ],
)
def test_the_settings_of_a_vault_say(check_id: str, properties: JsonObject, expected: str) -> None:
    """What they are there to say."""
    assert says(check_id, properties) == expected


@pytest.mark.parametrize(
    ("items", "replicas", "expected"),
    [((BACKUP,), (), "pass"), ((), (BACKUP,), "pass"), ((DELETED,), (), "fail"), ((), (), "fail")],
)
def test_a_vault_protects_something(
    items: tuple[JsonObject, ...], replicas: tuple[JsonObject, ...], expected: str
) -> None:
    """Backups and replicas do; a deleted backup does not."""
    assert says("vault_protected_items_exist", {}, items=items, replicas=replicas) == expected


@pytest.mark.parametrize(
    ("items", "policies", "expected"),
    [
        ((BACKUP,), (policy("dailySchedule", 30, "Days"),), "pass"),
        ((BACKUP,), (policy("weeklySchedule", 2, "weeks"),), "fail"),
        ((BACKUP,), (policy("dailySchedule", None, "Days"),), "unknown"),
        ((BACKUP,), (), "unknown"),
        ((DELETED,), (policy("dailySchedule", 1, "Days"),), "not_applicable"),
        ((), (policy("dailySchedule", 1, "Days"),), "not_applicable"),
    ],
)
def test_only_policies_in_use_are_judged(
    items: tuple[JsonObject, ...], policies: tuple[JsonObject, ...], expected: str
) -> None:
    """By their ids in any case; those that came with the vault keep nothing."""
    assert says("vault_retention_adequate", {}, items=items, policies=policies) == expected


@pytest.mark.parametrize(("items", "expected"), [((BACKUP,), "manual"), ((), "not_applicable")])
def test_a_restore_is_shown_by_a_person(items: tuple[JsonObject, ...], expected: str) -> None:
    """Where there is something to restore."""
    assert says("restore_tested", {}, items=items) == expected


def test_the_full_backups_of_a_workload_count() -> None:
    """Its log backups are another policy."""
    kept: JsonObject = {"dailySchedule": {"retentionDuration": {"count": 5, "durationType": "Days"}}}
    full: JsonObject = {"policyType": "Full", "retentionPolicy": kept}
    log: JsonObject = {"policyType": "Log", "retentionPolicy": {}}

    assert retention_days(Resource({"id": "p", "properties": {"subProtectionPolicy": [log, full]}})) == 5


async def test_an_empty_subscription_has_one_verdict_for_each_check() -> None:
    """Looked for, and none found."""
    _, verdicts = await read_part(PART, PathReader({LIST: []}))

    said = statuses(verdicts)
    assert said == {(rule.check.id, SCOPE.rpartition("/")[2]): "not_applicable" for rule in RULES}


async def test_a_refused_list_is_a_gap() -> None:
    """Of every check."""
    found, _ = await read_part(PART, PathReader({LIST: DENIED}))

    assert [len(gap.checks) for gap in found.gaps] == [len(RULES)]


async def test_refused_items_concern_one_vault_and_what_needs_them() -> None:
    """On every page of the list."""
    vaults: list[JsonObject] = [{"id": f"{SCOPE}/v/{name}"} for name in "abc"]
    _, verdicts = await read_part(PART, PathReader({LIST: vaults, "v/b/backupProtectedItems": DENIED}))

    said = statuses(verdicts)
    check_id = "recovery_vault_protected_items_exist"
    assert [said[check_id, name] for name in "abc"] == ["fail", "unknown", "fail"]
    assert said["recovery_vault_cmk_encryption", "b"] == "fail"


async def test_the_examples_of_the_specification_are_read() -> None:
    """Microsoft's vaults are another subscription's, so that nothing below them is asked for."""
    found: dict[tuple[str, str], Verdict] = {}

    async def emit(verdict: Verdict) -> None:
        found[verdict.check_id, verdict.resource_id.rpartition("/")[2]] = verdict

    async with SimulatedAzure("specification") as azure, reading(azure, "specification") as reader:
        answer = await PART.collect(reader, emit)

    assert isinstance(answer, Reading)
    assert answer.gaps == ()
    assert found["recovery_vault_cmk_encryption", "swaggerExample"].status == "fail"
    assert found["recovery_restore_tested", "swaggerExample"].observed == {"problem": "read_refused"}
