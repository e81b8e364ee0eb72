"""The activity log: where it is sent, what of it, how its storage is kept, and for how long."""

from collections.abc import Mapping, Sequence

import pytest

from collectors.contract import JsonValue
from collectors.declarations.resources import JsonObject
from collectors.errors import AccessDenied, ResourceAbsent
from tests.collectors.monitor_subscription import WORKSPACES, said, subscription
from tests.collectors.path_reader import SCOPE, Answer

NONE: Mapping[str, Answer] = {}
OWN = SCOPE.rpartition("/")[2]
DENIED = AccessDenied("No.", permission="Some/read", scope=SCOPE)
WORKSPACE = f"{SCOPE}/resourceGroups/g/{WORKSPACES}/w"
TABLE = f"{WORKSPACE}/tables/AzureActivity"
ACCOUNT = f"{SCOPE}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/s"
LIFECYCLE = f"{ACCOUNT}/managementPolicies/default"
ELSEWHERE = "/subscriptions/00000000-0000-0000-0000-00000000beef/resourceGroups/g/x"
EXISTS = "monitor_activity_log_diagnostic_setting"
CATEGORIES = "monitor_activity_log_categories"
RETENTION = "monitor_activity_log_retention_one_year"
FOUR = ("Administrative", "security", "Alert", "POLICY")
ALL: JsonObject = {"categoryGroup": "allLogs", "enabled": True}
STORED = {"storageAccountId": ACCOUNT}


def logs(*categories: str) -> list[JsonObject]:
    """Make enabled logs of these categories."""
    return [{"category": category, "enabled": True} for category in categories]


def setting(rows: list[JsonObject], name: str = "d", /, **destinations: JsonValue) -> JsonObject:
    """Make a setting as Azure writes it: without type, its id without the leading slash."""
    found = f"{SCOPE}/providers/AzureResourceManager/diagnosticSettings/{name}".lstrip("/")
    properties: JsonObject = {"logs": [*rows], **destinations}
    return {"id": found, "type": None, "name": name, "properties": properties}


async def status(
    check: str, settings: Sequence[JsonObject], answers: Mapping[str, Answer] = NONE, *, name: str = OWN
) -> str:
    """Judge a subscription with these settings and further answers."""
    return (await said({"diagnosticSettings": [*settings], **answers}))[check, name]


def profile(*categories: str, **more: JsonValue) -> JsonObject:
    """Make a log profile."""
    properties = {"storageAccountId": ACCOUNT, "categories": [*categories], "locations": ["Global"], **more}
    return {"id": f"{SCOPE}/p", "type": "", "name": "p", "properties": properties}


WHOLE = ("Write", "delete", "Action")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([setting([ALL], workspaceId="/w")], ("pass", "pass")),
        ([setting([{"categoryGroup": "audit", "enabled": True}], workspaceId="/w")], ("pass", "pass")),
        ([setting(logs(*FOUR), eventHubAuthorizationRuleId="/e")], ("pass", "pass")),
        (
            [setting(logs(*FOUR[:2]), "a", **STORED), setting(logs(*FOUR[2:]), "b", **STORED)],
            ("pass", "pass"),
        ),
        ([setting(logs(*FOUR[:3]), workspaceId="/w")], ("pass", "fail")),
        ([setting([{**ALL, "enabled": False}], workspaceId="/w")], ("fail", "fail")),
        ([setting([ALL], workspaceId="", storageAccountId=None)], ("fail", "fail")),
        ([setting([], workspaceId="/w")], ("fail", "fail")),
        ([], ("fail", "fail")),
    ],
)
async def test_the_export(settings: list[JsonObject], expected: tuple[str, str]) -> None:
    """By category or category group (prowler#8460, steampipe-mod#320), several settings together."""
    found = await said({"diagnosticSettings": settings})

    assert (found[EXISTS, OWN], found[CATEGORIES, OWN]) == expected


@pytest.mark.parametrize(
    ("profiles", "expected"),
    [
        ([profile(*WHOLE)], ("pass", "pass", "pass")),
        ([profile(*WHOLE, retentionPolicy={"enabled": True, "days": 0})], ("pass", "pass", "pass")),
        ([profile(*WHOLE, retentionPolicy={"enabled": True, "days": 365})], ("pass", "pass", "pass")),
        ([profile(*WHOLE, retentionPolicy={"enabled": True, "days": 90})], ("pass", "pass", "fail")),
        ([profile(*WHOLE, retentionPolicy={"enabled": False, "days": 90})], ("pass", "pass", "pass")),
        (
            [profile(*WHOLE, storageAccountId="", serviceBusRuleId="/b")],
            ("pass", "pass", "manual"),
        ),
        ([profile("Delete")], ("fail", "fail", "fail")),
        ([profile(*WHOLE, locations=["westeurope"])], ("fail", "fail", "fail")),
        ([profile(*WHOLE, storageAccountId="")], ("fail", "fail", "fail")),
        (DENIED, ("unknown", "unknown", "unknown")),
        (ResourceAbsent("Retired."), ("fail", "fail", "fail")),
    ],
)
async def test_a_retired_log_profile_still_counts(profiles: Answer, expected: tuple[str, ...]) -> None:
    """It is not failed for being retired; once the API is gone there are simply none."""
    found = await said({"logprofiles": profiles})

    assert tuple(found[check, OWN] for check in (EXISTS, CATEGORIES, RETENTION)) == expected


async def test_refused_profiles_do_not_hide_a_setting() -> None:
    """What a diagnostic setting proves needs no log profile."""
    assert await status(CATEGORIES, [setting([ALL], workspaceId="/w")], {"logprofiles": DENIED}) == "pass"


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (
            {"allowBlobPublicAccess": False, "encryption": {"keySource": "microsoft.keyvault"}},
            ("pass", "pass"),
        ),
        ({"allowBlobPublicAccess": True, "encryption": {"keySource": "Microsoft.Storage"}}, ("fail", "fail")),
        ({"encryption": {"keySource": "Elsewhere"}}, ("pass", "unknown")),
        ({}, ("pass", "fail")),
    ],
)
async def test_the_storage_account(account: JsonObject, expected: tuple[str, str]) -> None:
    """The account decides, whatever its container is called (the trap of steampipe-mod#184)."""
    answers: dict[str, Answer] = {ACCOUNT: {"id": ACCOUNT, "properties": account}}
    found = await said({"diagnosticSettings": [setting([ALL], **STORED)], **answers})

    ends = ("private", "cmk")
    assert tuple(found[f"monitor_activity_log_storage_{end}", "d"] for end in ends) == expected


@pytest.mark.parametrize(
    ("destination", "answers", "expected"),
    [
        ({"workspaceId": "/w"}, {}, "not_applicable"),
        ({"storageAccountId": ACCOUNT}, {}, "not_applicable"),
        ({"storageAccountId": ELSEWHERE}, {}, "manual"),
        ({"storageAccountId": ACCOUNT}, {ACCOUNT: DENIED}, "unknown"),
    ],
)
async def test_no_account_to_judge(
    destination: dict[str, JsonValue], answers: dict[str, Answer], expected: str
) -> None:
    """None, one that is gone, one of another subscription, and one that was refused."""
    row = setting([ALL], **destination)

    assert await status("monitor_activity_log_storage_cmk", [row], answers, name="d") == expected


async def test_a_setting_is_known_by_a_whole_id() -> None:
    """Azure leaves the leading slash out; the finding has it."""
    _, verdicts = await subscription({"diagnosticSettings": [setting([ALL], workspaceId="/w")]})

    found = {one.resource_id for one in verdicts if one.resource_id.endswith("/d")}
    assert found == {f"{SCOPE}/providers/AzureResourceManager/diagnosticSettings/d"}


def workspace(days: JsonValue) -> dict[str, Answer]:
    """Make the list of workspaces with the one that keeps logs so long."""
    return {WORKSPACES: [{"id": WORKSPACE.upper(), "name": "w", "properties": {"retentionInDays": days}}]}


def table(days: int) -> dict[str, Answer]:
    """Make the table of the activity log in that workspace."""
    return {TABLE: {"id": TABLE, "properties": {"retentionInDays": 30, "totalRetentionInDays": days}}}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({**workspace(365), **table(365)}, "pass"),
        ({**workspace(30), **table(400)}, "pass"),
        ({**workspace(400), **table(90)}, "fail"),
        ({**workspace(365)}, "pass"),
        ({**workspace(-1)}, "pass"),
        ({**workspace(90)}, "fail"),
        ({**workspace(None)}, "unknown"),
        ({}, "fail"),
        ({**workspace(365), TABLE: DENIED}, "unknown"),
        ({WORKSPACES: DENIED}, "unknown"),
    ],
)
async def test_retention_in_a_workspace(answers: dict[str, Answer], expected: str) -> None:
    """The table's own time decides, else the workspace's."""
    row = setting([ALL], workspaceId=WORKSPACE)

    assert await status(RETENTION, [row], answers) == expected


def lifecycle(
    days: int, *, kinds: tuple[str, ...] = (), prefixes: tuple[str, ...] = (), on: bool = True
) -> Answer:
    """Make a lifecycle policy that deletes after so many days."""
    filters: JsonObject = {"blobTypes": [*kinds], "prefixMatch": [*prefixes]}
    delete: JsonObject = {"daysAfterModificationGreaterThan": days}
    rule: JsonObject = {
        "enabled": on,
        "definition": {"filters": filters, "actions": {"baseBlob": {"delete": delete}}},
    }
    return {"id": LIFECYCLE, "properties": {"policy": {"rules": [rule]}}}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, "pass"),
        ({LIFECYCLE: {"id": LIFECYCLE, "properties": {}}}, "pass"),
        ({LIFECYCLE: lifecycle(365)}, "pass"),
        ({LIFECYCLE: lifecycle(30, on=False)}, "pass"),
        ({LIFECYCLE: lifecycle(30, kinds=("blockBlob",))}, "pass"),
        ({LIFECYCLE: lifecycle(30)}, "fail"),
        ({LIFECYCLE: lifecycle(364, kinds=("blockBlob", "AppendBlob"))}, "fail"),
        ({LIFECYCLE: lifecycle(30, prefixes=("container/x",))}, "manual"),
        ({LIFECYCLE: DENIED}, "unknown"),
    ],
)
async def test_retention_in_a_storage_account(answers: dict[str, Answer], expected: str) -> None:
    """Blobs stay unless a rule deletes them; one with prefixes a person has to look at."""
    assert await status(RETENTION, [setting([ALL], **STORED)], answers) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"enabled": True, "days": 30}, "fail"),
        ({"enabled": True, "days": 365}, "pass"),
        ({"enabled": True, "days": 0}, "pass"),
        ({"enabled": False, "days": 30}, "pass"),
    ],
)
async def test_retention_of_the_setting_itself(policy: JsonObject, expected: str) -> None:
    """0 days are without end, and a policy that is off limits nothing."""
    assert await status(RETENTION, [setting([{**ALL, "retentionPolicy": policy}], **STORED)]) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ([setting([ALL], eventHubAuthorizationRuleId="/e")], "manual"),
        ([setting([ALL], workspaceId=ELSEWHERE)], "manual"),
        ([setting([ALL], storageAccountId=ELSEWHERE)], "manual"),
        ([setting([ALL], eventHubAuthorizationRuleId="/e", **STORED)], "pass"),
        (
            [setting(logs("Policy"), "a", **STORED), setting(logs("Alert"), "b", workspaceId=WORKSPACE)],
            "fail",
        ),
        (
            [setting(logs("Policy"), "a", **STORED), setting(logs("Policy"), "b", workspaceId=WORKSPACE)],
            "pass",
        ),
        ([], "fail"),
    ],
)
async def test_retention_in_several_places(settings: list[JsonObject], expected: str) -> None:
    """Each category that is sent has to be kept somewhere; what cannot be seen is for a person."""
    assert await status(RETENTION, settings, workspace(30)) == expected
