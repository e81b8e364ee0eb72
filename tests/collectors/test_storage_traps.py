"""Storage accounts: what other tools judge wrongly, locks, logs, and answers that are refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import JsonValue, Verdict
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.errors import AccessDenied, Terminal
from collectors.storage import COLLECTOR, RULES
from collectors.storage.network import anonymous_access
from collectors.storage.protection import locks_on
from local.azure import SimulatedAzure
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import reading

GROUP = f"{SCOPE}/resourceGroups/g"
TYPE = "Microsoft.Storage/storageAccounts"
ID = f"{GROUP}/providers/{TYPE}/account1"
BELOW = ID.removeprefix(f"{SCOPE}/")
CONTAINERS = f"{BELOW}/blobServices/default/containers"
SERVICES = ("blob", "file", "queue", "table")
LOCKS = "/providers/Microsoft.Authorization/locks/l"
DENIED = AccessDenied("No.", permission=f"{TYPE}/read", scope=SCOPE)
ALL: JsonObject = {"categoryGroup": "allLogs", "enabled": True}
RESOURCES = "resources"


def setting(*logs: JsonValue) -> Resource:
    """Make a diagnostic setting."""
    return Resource({"id": "s", "properties": {"logs": list(logs)}})


def judge(check_id: str, resource: Resource) -> Verdict:
    """Judge an account by one check."""
    return evaluate(resource, [rule for rule in RULES if rule.check.id == f"storage_{check_id}"])[0]


def logged(kind: str, **logs: tuple[Resource, ...]) -> str:
    """Judge the logging of an account of a kind with these settings per service."""
    parts = {f"{service}_logs": logs.get(service, ()) for service in SERVICES}
    resource = Resource({"id": ID, "kind": kind, "properties": {}}, parts=parts)
    return judge("logging_enabled", resource).status.value


def locked(*locks: tuple[str, str]) -> Resource:
    """Make an account in a subscription with locks, each a scope and a level."""
    rows = tuple(Resource({"id": f"{at}{LOCKS}", "properties": {"level": level}}) for at, level in locks)
    return Resource({"id": ID}, Surroundings(datetime.now(UTC), {"locks": rows}))


def test_logs_count_by_group_and_by_category() -> None:
    """The trap of prowler#8460 and steampipe-mod#320: `allLogs`, `audit` and each category by name count."""
    named: list[JsonObject] = [
        {"category": f"Storage{kind}", "enabled": True} for kind in ("Read", "Write", "Delete")
    ]
    explicit = setting(*named)
    audit = setting({"categoryGroup": "audit", "enabled": True})

    said = logged("StorageV2", blob=(setting(ALL),), file=(audit,), queue=(explicit,), table=(explicit,))
    assert said == "pass"


def test_each_service_of_an_account_has_to_be_logged() -> None:
    """One service without logs fails the account; a service that it does not have is not asked for."""
    everywhere = dict.fromkeys(SERVICES, (setting(ALL),))
    reads = setting({"category": "StorageRead", "enabled": True})

    assert logged("StorageV2", **everywhere) == "pass"
    assert logged("StorageV2", **{**everywhere, "queue": (reads,)}) == "fail"
    assert logged("StorageV2") == "fail"
    assert logged("FileStorage", file=(setting(ALL),)) == "pass"


def test_anonymous_access_is_an_accounts_flag_and_its_containers() -> None:
    """The trap of steampipe-mod#309: the flag decides, also if no container is open; open ones are named."""
    closed: JsonObject = {"id": "a", "name": "a", "properties": {"publicAccess": "None"}}
    opened: JsonObject = {"id": "b", "name": "b", "properties": {"publicAccess": "blob"}}
    raw: JsonObject = {"id": ID, "properties": {"allowBlobPublicAccess": True}}

    unused = anonymous_access(Resource(raw, parts={"containers": (Resource(closed),)}))
    used = anonymous_access(Resource(raw, parts={"containers": (Resource(closed), Resource(opened))}))
    assert [unused.status.value, used.status.value] == ["fail", "fail"]
    assert [unused.observed["names"], used.observed["names"]] == [[], ["b"]]


def test_refused_containers_do_not_hide_that_access_is_allowed() -> None:
    """The account's flag is known, so the verdict is."""
    raw: JsonObject = {"id": ID, "properties": {"allowBlobPublicAccess": True}}

    assert anonymous_access(Resource(raw, parts={"containers": DENIED})).status.value == "fail"


@pytest.mark.parametrize(
    ("level", "created", "expected"),
    [
        ("Blob", "2021-05-01T00:00:00Z", "fail"),
        ("container", None, "fail"),
        ("Anything", None, "fail"),
        ("None", "2021-05-01T00:00:00Z", "manual"),
        (None, None, "manual"),
        ("Blob", "2023-11-01T00:00:00Z", "pass"),
    ],
)
async def test_the_containers_of_an_old_account_tell_what_no_flag_does(
    level: str | None, created: str | None, expected: str
) -> None:
    """Accounts made before November 2023 allowed anonymous access until they were told not to."""
    opened: JsonObject = {"id": "c", "name": "c", "properties": {"publicAccess": level}}
    answers: dict[str, Answer] = {
        f"providers/{TYPE}": [{"id": ID, "kind": "StorageV2", "properties": {"creationTime": created}}],
        CONTAINERS: [opened],
    }
    reader = subscription(**answers)
    _, verdicts = await read_part(COLLECTOR.parts[0], reader)

    assert statuses(verdicts)["storage_blob_anonymous_access_disabled", "account1"] == expected
    assert (CONTAINERS in reader.sent) == (expected != "pass")


async def test_refused_containers_of_an_old_account_leave_its_verdict_unknown() -> None:
    """Without the flag they are what decides, so the missing permission is named."""
    _, verdicts = await read_part(COLLECTOR.parts[0], subscription("account1", **{CONTAINERS: DENIED}))

    said = [one for one in verdicts if one.check_id == "storage_blob_anonymous_access_disabled"]
    assert [one.status.value for one in said] == ["unknown"]
    assert said[0].observed["missing_permission"] == DENIED.permission


@pytest.mark.parametrize(
    ("scope", "level", "deleting", "changing"),
    [
        (ID, "CanNotDelete", "pass", "manual"),
        (ID.upper(), "readonly", "pass", "pass"),
        (GROUP, "CanNotDelete", "pass", "manual"),
        (SCOPE, "ReadOnly", "pass", "pass"),
        (ID, "NotSpecified", "fail", "manual"),
        (ID[:-1], "ReadOnly", "fail", "manual"),
        (f"{ID}/blobServices/default/containers/c", "CanNotDelete", "fail", "manual"),
        (f"{GROUP}/providers/Microsoft.Sql/servers/s", "ReadOnly", "fail", "manual"),
    ],
)
def test_locks_hold_where_they_stand_and_below(scope: str, level: str, deleting: str, changing: str) -> None:
    """On the account, its group or its subscription, in any case, and nowhere else."""
    resource = locked((scope, level))

    assert judge("delete_lock_set", resource).status.value == deleting
    assert judge("readonly_lock_considered", resource).status.value == changing


@given(st.text("abc", min_size=1, max_size=3), st.text("abc", min_size=1, max_size=3))
def test_a_lock_on_another_account_does_not_hold(one: str, other: str) -> None:
    """However alike their names are."""
    root = f"{GROUP}/providers/{TYPE}"
    lock = Resource({"id": f"{root}/{other}{LOCKS}", "properties": {"level": "ReadOnly"}})
    resource = Resource({"id": f"{root}/{one}"}, Surroundings(datetime.now(UTC), {"locks": (lock,)}))

    assert bool(locks_on(resource)["readonly"]) == (one == other)


def subscription(*names: str, **answers: Answer) -> PathReader:
    """Make a reader of a subscription with silent accounts of all services; every other list is empty."""
    rows: list[JsonObject] = [
        {"id": f"{GROUP}/providers/{TYPE}/{name}", "name": name, "kind": "StorageV2", "properties": {}}
        for name in names
    ]
    lists: dict[str, Answer] = {f"providers/{TYPE}": rows, "providers/Microsoft.Authorization/locks": []}
    return PathReader({**lists, RESOURCES: [], **answers})


async def test_an_empty_subscription_says_so_once_per_check() -> None:
    """Nothing found is evidence too: one `not_applicable` each, and no classic accounts."""
    reading_, verdicts = await read_part(COLLECTOR.parts[0], subscription())

    said = statuses(verdicts)
    assert len(said) == len(COLLECTOR.checks)
    assert {check for (check, _), status in said.items() if status != "not_applicable"} == {
        "storage_classic_absent"
    }
    assert reading_.gaps == ()


async def test_a_refused_list_is_a_gap_of_its_checks() -> None:
    """All checks of accounts, but not the one about classic accounts."""
    reader = PathReader({f"providers/{TYPE}": DENIED, RESOURCES: []})
    reading_, verdicts = await read_part(COLLECTOR.parts[0], reader)

    assert [len(gap.checks) for gap in reading_.gaps] == [len(RULES)]
    assert statuses(verdicts) == {("storage_classic_absent", SCOPE.rpartition("/")[2]): "pass"}


async def test_refused_locks_make_two_checks_unknown() -> None:
    """The rest of the account is judged."""
    answers: dict[str, Answer] = {"providers/Microsoft.Authorization/locks": DENIED}
    _, verdicts = await read_part(COLLECTOR.parts[0], subscription("a", **answers))

    refused = [one.check_id for one in verdicts if "missing_permission" in one.observed]
    assert refused == ["storage_delete_lock_set", "storage_readonly_lock_considered"]


@pytest.mark.parametrize(
    ("child", "checks"),
    [
        ("blobServices/default", ["blob_soft_delete", "blob_versioning", "container_soft_delete"]),
        ("fileServices/default", ["file_soft_delete", "smb_channel_encryption", "smb_version_311"]),
        ("queueServices/default/providers/Microsoft.Insights/diagnosticSettings", ["logging"]),
    ],
)
async def test_a_refused_child_is_unknown_for_its_account_only(child: str, checks: list[str]) -> None:
    """The checks that need it, on that account, with the permission that is missing."""
    answers: dict[str, Answer] = {f"{BELOW}/{child}": DENIED}
    _, verdicts = await read_part(COLLECTOR.parts[0], subscription("account1", "account2", **answers))

    refused = [one for one in verdicts if "missing_permission" in one.observed]
    names = {one.check_id.removeprefix("storage_").removesuffix("_enabled") for one in refused}
    assert sorted(names) == checks
    assert {one.resource_id for one in refused} == {ID}


async def test_every_page_of_accounts_is_judged() -> None:
    """Five accounts, two on a page."""
    _, verdicts = await read_part(COLLECTOR.parts[0], subscription(*"abcde"))

    assert {name for check, name in statuses(verdicts) if check == "storage_https_only"} == set("abcde")


async def test_only_services_that_an_account_has_are_asked_for() -> None:
    """Its endpoints name them, else its kind; containers matter only where anybody might be let in."""
    rows: list[JsonObject] = [
        {"id": ID, "kind": "FileStorage", "properties": {"allowBlobPublicAccess": True}},
        {"id": f"{ID}2", "kind": "New", "properties": {"primaryEndpoints": {"blob": "https://b/"}}},
    ]
    reader = subscription(**{f"providers/{TYPE}": rows})
    await read_part(COLLECTOR.parts[0], reader)

    logs = "providers/Microsoft.Insights/diagnosticSettings"
    files, blobs = f"{BELOW}/fileServices/default", f"{BELOW}2/blobServices/default"
    asked = sorted(path for path in reader.sent if path.startswith(BELOW))
    assert asked == [files, f"{files}/{logs}", blobs, f"{blobs}/containers", f"{blobs}/{logs}"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"id": "a", "type": "microsoft.classicstorage/StorageAccounts"}], "fail"),
        ([{"id": "a", "type": "Microsoft.KeyVault/vaults"}], "pass"),
        ([], "pass"),
        (DENIED, "unknown"),
    ],
)
async def test_classic_accounts(rows: list[JsonObject] | Terminal, expected: str) -> None:
    """None may be left; a row of another type is none."""
    _, verdicts = await read_part(COLLECTOR.parts[0], subscription(**{RESOURCES: rows}))

    assert statuses(verdicts)["storage_classic_absent", SCOPE.rpartition("/")[2]] == expected


async def test_the_official_bodies_are_read() -> None:
    """Every body of the specification is understood; what they say of one account."""
    async with SimulatedAzure("demo") as azure, reading(azure, "specification") as reader:
        verdicts: list[Verdict] = []

        async def keep(verdict: Verdict) -> None:
            verdicts.append(verdict)

        await COLLECTOR.parts[0].collect(reader, keep)

    said = {check: status for (check, name), status in statuses(verdicts).items() if name == "sto8596"}
    assert said["storage_https_only"] == "fail"
    assert said["storage_cmk_encryption"] == "pass"
    assert said["storage_default_network_deny"] == "fail"
    assert said["storage_geo_redundant"] == "pass"
