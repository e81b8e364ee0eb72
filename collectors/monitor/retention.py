"""How long the activity log is kept, by each place it is sent to."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from collectors.contract import Check, JsonValue, Status
from collectors.declarations.configuration import Child, gap_judgement
from collectors.declarations.diagnostics import logs_not_sent
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, good, judged, manual, unknown
from collectors.errors import AccessDenied
from collectors.monitor.activity_log import CATEGORIES, DESTINATIONS, exports_all, sending
from collectors.monitor.reads import ACTIVITY_TABLE, LIFECYCLE, SETTINGS, bare, same_subscription

WORKSPACE = "properties.workspaceId"
ACCOUNT = "properties.storageAccountId"
_AGES = ("daysAfterModificationGreaterThan", "daysAfterCreationGreaterThan")


def _child_of(path: str, child: Child) -> Child:
    """Read a child of what a setting names at a path, where that is in the same subscription."""

    def of(setting: Resource) -> str:
        return setting.text(path) or ""

    def when(setting: Resource) -> bool:
        return same_subscription(setting, setting.text(path))

    return Child(child.read, of=of, when=when)


BENEATH: Mapping[str, Child] = {
    "table": _child_of(WORKSPACE, Child(ACTIVITY_TABLE)),
    "lifecycle": _child_of(ACCOUNT, Child(LIFECYCLE)),
}


class Deletion(NamedTuple):
    """A lifecycle rule that deletes append blobs, as which the activity log is written."""

    days: float
    prefixes: tuple[str, ...]


def deletions(policy: Resource) -> Iterator[Deletion]:
    """Give the rules of an account's lifecycle policy that delete; a rule without `enabled` acts."""
    for rule in policy.objects("properties.policy.rules"):
        kinds = {kind.lower() for kind in rule.texts("definition.filters.blobTypes")}
        if rule.flag("enabled") is False or (kinds and "appendblob" not in kinds):
            continue
        found = [rule.number(f"definition.actions.baseBlob.delete.{age}") for age in _AGES]
        ages = [age for age in found if age is not None]
        if ages:
            yield Deletion(min(ages), rule.texts("definition.filters.prefixMatch"))


def _bare_id(workspace: Resource) -> tuple[str, ...]:
    return (bare(workspace.id),)


def _in_workspace(setting: Resource, subscription: Resource, days: float) -> Judgement:
    """Judge a workspace by its table AzureActivity; without one the workspace's own time holds."""
    if not same_subscription(setting, setting.text(WORKSPACE)):
        return manual("a workspace of another subscription keeps it: look there how long")
    error = setting.gap(("table",)) or subscription.gap(("workspaces",))
    if error is not None:
        return gap_judgement(error)
    found = subscription.matching("workspaces", _bare_id, bare(setting.text(WORKSPACE)))
    if not found:
        return bad("its workspace does not exist")
    table = setting.part("table")
    kept = table.number("properties.totalRetentionInDays") if table else None
    if kept is None:
        kept = found[0].number("properties.retentionInDays")
    if kept is None:
        return unknown("Azure does not say how long its workspace keeps it")
    said = f"workspace {found[0].name} keeps it for {kept:.0f} days"
    return judged(kept >= days or kept < 0, said, said)  # -1: without end (REST reference, retentionInDays)


def _own_limit(setting: Resource) -> float | None:
    """Give the days after which the setting itself has blobs deleted; None for no such limit."""
    logs = [log for log in setting.objects("properties.logs") if log.flag("retentionPolicy.enabled")]
    limits = [days for log in logs if (days := log.number("retentionPolicy.days"))]
    return min(limits, default=None)


def _in_storage(setting: Resource, _subscription: Resource, days: float) -> Judgement:
    """Judge a storage account, which keeps everything unless a rule deletes it."""
    own = _own_limit(setting)
    if own is not None and own < days:
        return bad(f"the setting has its blobs deleted after {own:.0f} days")
    if not same_subscription(setting, setting.text(ACCOUNT)):
        return manual("a storage account of another subscription keeps it: look there what deletes blobs")
    error = setting.gap(("lifecycle",))
    if error is not None:
        return gap_judgement(error)
    policy = setting.part("lifecycle")
    early = [one for one in (deletions(policy) if policy else ()) if one.days < days]
    if not early:
        return good("a storage account keeps it, and no rule deletes it in that time")
    if all(one.prefixes for one in early):
        names = ", ".join(prefix for one in early for prefix in one.prefixes)
        return manual(f"lifecycle rules delete blobs below {names}: look whether the activity log is there")
    return bad(f"a lifecycle rule deletes its blobs after {min(one.days for one in early):.0f} days")


def _elsewhere(_setting: Resource, _subscription: Resource, _days: float) -> Judgement:
    return manual("an event hub or a partner receives it: look there how long it is kept")


_JUDGES = {"workspaceId": _in_workspace, "storageAccountId": _in_storage}


def _places(setting: Resource, subscription: Resource, days: float) -> Iterator[Judgement]:
    for name in DESTINATIONS:
        if setting.text(f"properties.{name}"):
            yield _JUDGES.get(name, _elsewhere)(setting, subscription, days)


def _profiles(subscription: Resource, days: float) -> Iterator[Judgement]:
    """Judge log profiles, where 0 days, or a policy that is off, is without end (REST reference)."""
    error = subscription.gap(("log_profiles",))
    if isinstance(error, AccessDenied):
        yield gap_judgement(error)
    for profile in () if error else filter(exports_all, subscription.shared("log_profiles")):
        limited = profile.flag("properties.retentionPolicy.enabled")
        kept = profile.number("properties.retentionPolicy.days") or 0
        said = f"log profile {profile.name} keeps it for {kept:.0f} days"
        if limited and 0 < kept < days:
            yield bad(said)
        elif profile.text(ACCOUNT):
            yield good(said if limited and kept else f"log profile {profile.name} keeps it without end")
        else:
            yield manual(
                f"log profile {profile.name} sends it to an event hub: look there how long it is kept"
            )


def _kept(judgements: Iterable[Judgement]) -> bool:
    return any(one.status is Status.PASS for one in judgements)


def kept_long_enough(subscription: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge whether every required category that is sent is kept long enough somewhere."""
    days = limits["days"]
    settings = sending(subscription.shared("settings"))
    places = {one.id: list(_places(one, subscription, days)) for one in settings}
    profiles = list(_profiles(subscription, days))
    every = [*(one for found in places.values() for one in found), *profiles]
    observed: dict[str, JsonValue] = {"places": [f"{one.status}: {one.reason}" for one in every]}
    sent = set(CATEGORIES) - set(logs_not_sent(settings, CATEGORIES))
    keeping = [one for one in settings if _kept(places[one.id])]
    if _kept(profiles) or (keeping and not logs_not_sent(keeping, sorted(sent))):
        return good(f"The activity log is kept for {days:.0f} days or longer.", **observed)
    for status, said in (
        (Status.UNKNOWN, "Not every place that keeps the activity log could be read."),
        (Status.MANUAL, "How long the activity log is kept has to be looked up where it is sent to."),
    ):
        if any(one.status is status for one in every):
            return Judgement(status, said, observed)
    said = "Azure keeps the activity log for 90 days, and nothing it is sent to keeps all of it longer."
    return bad(said if not every else f"The activity log is not kept for {days:.0f} days.", **observed)


RETENTION_RULE = Rule(
    Check(
        id="monitor_activity_log_retention_one_year",
        title="Activity log kept for a year",
        severity="medium",
        rationale="Break-ins are often found months later, when the log of 90 days is gone.",
        remediation="Portal: Log Analytics workspace > Tables > AzureActivity > Manage table > Total "
        "retention period. CLI: az monitor log-analytics workspace table update -n AzureActivity -g <group> "
        "--workspace-name <name> --total-retention-time 365",
        permission=SETTINGS.permission,
        thresholds={"days": 365},
    ),
    needs=("settings",),
    within=kept_long_enough,
)
