"""Where the activity log of the subscription is sent, and how the storage accounts that hold it are kept."""

from collections.abc import Iterable

from collectors.contract import Check, JsonValue
from collectors.declarations.configuration import Child, gap_judgement
from collectors.declarations.diagnostics import logs_not_sent
from collectors.declarations.resources import Resource
from collectors.declarations.rules import (
    Judge,
    Judgement,
    Rule,
    bad,
    good,
    manual,
    must_be_off,
    must_be_one_of,
    not_applicable,
)
from collectors.errors import AccessDenied
from collectors.monitor.reads import SETTINGS, STORAGE_ACCOUNT, same_subscription

DESTINATIONS = (
    "workspaceId",
    "storageAccountId",
    "eventHubAuthorizationRuleId",
    "marketplacePartnerId",
    "serviceBusRuleId",
)
CATEGORIES = ("Administrative", "Alert", "Policy", "Security")
"""The categories that a diagnostic setting has to capture (CIS Microsoft Azure Foundations 6.1.1.2)."""

_OPERATIONS = frozenset({"write", "delete", "action"})


def sends(setting: Resource) -> bool:
    """Tell whether a diagnostic setting sends any log anywhere; a destination may be written as ""."""
    somewhere = any(setting.text(f"properties.{name}") for name in DESTINATIONS)
    return somewhere and any(log.flag("enabled") for log in setting.objects("properties.logs"))


def sending(settings: Iterable[Resource]) -> tuple[Resource, ...]:
    """Give the diagnostic settings that send anything."""
    return tuple(filter(sends, settings))


def exports_all(profile: Resource) -> bool:
    """Tell whether a log profile exports the whole activity log: every kind of operation, global ones too."""
    operations = {one.lower() for one in profile.texts("properties.categories")}
    places = {one.lower() for one in profile.texts("properties.locations")}
    somewhere = any(profile.text(f"properties.{name}") for name in ("storageAccountId", "serviceBusRuleId"))
    return somewhere and operations >= _OPERATIONS and "global" in places


def by_profile(subscription: Resource, otherwise: Judgement) -> Judgement:
    """Judge by log profiles where diagnostic settings do not suffice.

    Log profiles are the retired way of exporting the activity log: one that exports all of it counts, and
    an API that is gone means that there are none.
    """
    error = subscription.gap(("log_profiles",))
    if isinstance(error, AccessDenied):
        return gap_judgement(error)
    profiles = () if error else subscription.shared("log_profiles")
    names: list[JsonValue] = [one.name for one in profiles if exports_all(one)]
    if names:
        return good("A log profile, the retired kind of setting, exports the activity log.", profiles=names)
    return otherwise


def exported(subscription: Resource) -> Judgement:
    """Judge whether the activity log is sent anywhere at all."""
    names: list[JsonValue] = [one.name for one in sending(subscription.shared("settings"))]
    if names:
        return good("A diagnostic setting sends the activity log on.", settings=names)
    said = "No diagnostic setting sends the activity log anywhere, so that it is gone after 90 days."
    return by_profile(subscription, bad(said, settings=[]))


def categories(subscription: Resource) -> Judgement:
    """Judge whether all required categories are sent, by whichever settings, by category or group."""
    settings = sending(subscription.shared("settings"))
    missing = logs_not_sent(settings, CATEGORIES)
    if not missing:
        return good("Every required category of the activity log is sent on.", missing=[])
    said = f"These categories of the activity log are not sent on: {', '.join(missing)}."
    return by_profile(subscription, bad(said, missing=missing))


def _account_of(setting: Resource) -> str:
    return setting.text("properties.storageAccountId") or ""


def _in_reach(setting: Resource) -> bool:
    return same_subscription(setting, _account_of(setting))


ACCOUNT = Child(STORAGE_ACCOUNT, of=_account_of, when=_in_reach)
"""The storage account of a diagnostic setting, whatever its containers are called."""


def of_account(judge: Judge) -> Judge:
    """Judge the storage account that a diagnostic setting sends the activity log to."""

    def judge_setting(setting: Resource) -> Judgement:
        account_id, account = _account_of(setting), setting.part("account")
        if not account_id:
            return not_applicable("This setting sends nothing to a storage account.")
        if account is not None:
            said = judge(account)
            return said._replace(observed={"storage_account": account_id, **said.observed})
        if _in_reach(setting):
            return not_applicable("The storage account is gone.", storage_account=account_id)
        return manual(
            "The storage account is in another subscription: look at it there, or connect that subscription.",
            storage_account=account_id,
        )

    return judge_setting


def _slashed(setting: Resource) -> dict[str, JsonValue]:
    """Give a subscription's setting the id and type of other resources: Azure writes neither."""
    return {"id": f"/{setting.id.lstrip('/')}", "type": "Microsoft.Insights/diagnosticSettings"}


SHAPE = _slashed

EXPORT_RULES = (
    Rule(
        Check(
            id="monitor_activity_log_diagnostic_setting",
            title="Activity log sent on by a diagnostic setting",
            severity="high",
            rationale="Azure keeps the activity log for 90 days; investigations often begin later.",
            remediation="Portal: Monitor > Activity log > Export Activity Logs > Add diagnostic setting. "
            "CLI: az monitor diagnostic-settings subscription create -n <name> --location global --workspace "
            '<id> --logs \'[{"category":"Administrative","enabled":true}]\'',
            permission=SETTINGS.permission,
        ),
        exported,
        needs=("settings",),
    ),
    Rule(
        Check(
            id="monitor_activity_log_categories",
            title="Activity log captures the required categories",
            severity="high",
            rationale="A category that is not sent is missing when somebody asks who changed what.",
            remediation="Portal: Monitor > Activity log > Export Activity Logs > Edit setting > "
            "Administrative, Security, Alert, Policy. CLI: az monitor diagnostic-settings subscription "
            "update -n <name> --logs ...",
            permission=SETTINGS.permission,
        ),
        categories,
        needs=("settings",),
    ),
)
STORAGE_RULES = (
    Rule(
        Check(
            id="monitor_activity_log_storage_cmk",
            title="Activity log storage uses a customer-managed key",
            severity="low",
            rationale="With a key of one's own the log can be made unreadable without Microsoft's help.",
            remediation="Portal: storage account > Encryption > Customer-managed keys. CLI: az storage "
            "account update -n <name> -g <group> --encryption-key-source Microsoft.Keyvault "
            "--encryption-key-vault <uri> --encryption-key-name <key>",
            permission=STORAGE_ACCOUNT.permission,
        ),
        # Encryption.keySource: default Microsoft.Storage.
        of_account(
            must_be_one_of(
                "properties.encryption.keySource",
                "The source of the encryption key",
                allowed=["Microsoft.Keyvault"],
                others=["Microsoft.Storage"],
                absent="Microsoft.Storage",
            )
        ),
        needs=("account",),
    ),
    Rule(
        Check(
            id="monitor_activity_log_storage_private",
            title="Activity log storage not public",
            severity="high",
            rationale="The activity log tells an attacker who administers what, and from where.",
            remediation="Portal: storage account > Configuration > Allow Blob anonymous access > Disabled. "
            "CLI: az storage account update -n <name> -g <group> --allow-blob-public-access false",
            permission=STORAGE_ACCOUNT.permission,
        ),
        # Of the account, since whoever may change a container can open it where the account allows that.
        # 2023-05-01: "The default interpretation is false for this property."
        of_account(
            must_be_off("properties.allowBlobPublicAccess", "Anonymous access to blobs", absent=False)
        ),
        needs=("account",),
    ),
)
