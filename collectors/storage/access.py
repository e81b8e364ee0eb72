"""Storage: keys, signatures and tenants that open an account."""

from collections.abc import Mapping
from datetime import UTC, datetime

from collectors.contract import Check, JsonValue
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, good, judged, must_be_off, must_be_on, unknown
from collectors.storage.reads import ACCOUNTS

REPLICATION = "properties.allowCrossTenantReplication"
REPLICATION_OFF_SINCE = datetime(2023, 12, 15, tzinfo=UTC)
_KEYS = ("key1", "key2")
_replication_off = must_be_off(REPLICATION, "Replication to other tenants", absent=None)


def key_rotation(account: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge the age of both keys.

    A key without a time was not regenerated since Azure keeps these times (2021; Microsoft Learn, "Configure
    an expiration policy for shared access signatures": null means that the key has to be rotated first), so
    it is as old as the account as far as anybody can tell.
    """
    times = {key: account.at(f"properties.keyCreationTime.{key}") for key in _KEYS}
    ages = {key: account.age_days(f"properties.keyCreationTime.{key}") for key in _KEYS}
    observed: dict[str, JsonValue] = {f"{key}_created": time for key, time in times.items()}
    if any(times[key] and ages[key] is None for key in _KEYS):
        return unknown("Azure wrote the age of the keys in a way this version does not know.", **observed)
    account_age = account.age_days("properties.creationTime")
    known = [account_age if age is None else age for age in ages.values()]
    oldest = max((age for age in known if age is not None), default=None)
    if oldest is None or None in known:
        return bad("A key was not regenerated since Azure keeps the times of keys.", **observed)
    limit = limits["days"]
    return judged(
        oldest <= limit,
        f"Both keys are younger than {limit:g} days.",
        f"A key is {oldest:.0f} days old, older than {limit:g} days.",
        **observed,
    )


def rotation_reminders(account: Resource) -> Judgement:
    """Judge whether Azure reminds of key rotation; without a key policy it does not."""
    path = "properties.keyPolicy.keyExpirationPeriodInDays"
    days = account.number(path)
    observed: dict[str, JsonValue] = {path: account.at(path)}
    if days is not None and days > 0:
        return good(f"Azure reminds of key rotation after {days:g} days.", **observed)
    return bad("No reminder of key rotation is set.", **observed)


def sas_policy(account: Resource) -> Judgement:
    """Judge whether shared access signatures have a recommended upper limit."""
    path = "properties.sasPolicy.sasExpirationPeriod"
    period = account.text(path)
    return judged(
        period,
        f"Shared access signatures should last {period} at most.",
        "No policy limits how long shared access signatures last.",
        **{path: period},
    )


def cross_tenant_replication(account: Resource) -> Judgement:
    """Judge object replication to other tenants.

    An absent flag means "allowed" for accounts made before 2023-12-15 and "not allowed" since (Microsoft
    Learn, "Prevent object replication across Microsoft Entra tenants").
    """
    if account.at(REPLICATION) is not None:
        return _replication_off(account)
    created = account.moment("properties.creationTime")
    observed: dict[str, JsonValue] = {REPLICATION: None, "created": account.at("properties.creationTime")}
    if created is None:
        return unknown("The flag was never set, and Azure does not say how old the account is.", **observed)
    return judged(
        created >= REPLICATION_OFF_SINCE,
        "Replication to other tenants is off, the default of accounts made since 2023-12-15.",
        "Replication to other tenants was never switched off, and is on in accounts made before 2023-12-15.",
        **observed,
    )


ACCESS_RULES = (
    Rule(
        Check(
            id="storage_shared_key_access_disabled",
            title="Shared key access disabled",
            severity="medium",
            rationale="An account key is full access that no sign-in log ties to a person.",
            remediation="Portal: storage account > Configuration > Allow storage account key access > "
            "Disabled. CLI: az storage account update -n <name> -g <group> --allow-shared-key-access false",
            permission=ACCOUNTS.permission,
        ),
        # "The default value is null, which is equivalent to true."
        must_be_off("properties.allowSharedKeyAccess", "Shared key access", absent=True),
    ),
    Rule(
        Check(
            id="storage_default_entra_authorization",
            title="Portal defaults to Microsoft Entra authorization",
            severity="low",
            rationale="With Entra as the default, people in the portal act under their own name and roles.",
            remediation="Portal: storage account > Configuration > Default to Microsoft Entra authorization "
            "> "
            "Enabled. CLI: az storage account update -n <name> -g <group> --set "
            "defaultToOAuthAuthentication=true",
            permission=ACCOUNTS.permission,
        ),
        # "The default interpretation is false for this property."
        must_be_on(
            "properties.defaultToOAuthAuthentication",
            "The portal's default of Microsoft Entra authorization",
            absent=False,
        ),
    ),
    Rule(
        Check(
            id="storage_key_rotation_90_days",
            title="Access keys regenerated within 90 days",
            severity="medium",
            rationale="A key that leaked unnoticed opens the account until it is regenerated.",
            remediation="Portal: storage account > Access keys > Rotate key. CLI: az storage account keys "
            "renew -n <name> -g <group> --key primary",
            permission=ACCOUNTS.permission,
            thresholds={"days": 90},
        ),
        within=key_rotation,
    ),
    Rule(
        Check(
            id="storage_key_rotation_reminders_enabled",
            title="Key rotation reminders on",
            severity="low",
            rationale="A reminder keeps the regeneration of keys from being forgotten.",
            remediation="Portal: storage account > Access keys > Set rotation reminder. CLI: az storage "
            "account update -n <name> -g <group> --key-exp-days 90",
            permission=ACCOUNTS.permission,
        ),
        rotation_reminders,
    ),
    Rule(
        Check(
            id="storage_sas_expiration_policy_set",
            title="Expiration policy for shared access signatures set",
            severity="low",
            rationale="A signature that lasts for years is a password that nobody can take back.",
            remediation="Portal: storage account > Configuration > Allow recommended upper limit for SAS "
            "expiry interval. CLI: az storage account update -n <name> -g <group> --sas-exp 1.00:00:00",
            permission=ACCOUNTS.permission,
        ),
        sas_policy,
    ),
    Rule(
        Check(
            id="storage_cross_tenant_replication_disabled",
            title="Cross-tenant replication disabled",
            severity="medium",
            rationale="Object replication to another tenant copies the data out of the organisation.",
            remediation="Portal: storage account > Object replication > Advanced settings > Allow "
            "cross-tenant "
            "replication off. CLI: az storage account update -n <name> -g <group> "
            "--allow-cross-tenant-replication "
            "false",
            permission=ACCOUNTS.permission,
        ),
        cross_tenant_replication,
    ),
)
