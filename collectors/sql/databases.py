"""Databases of logical servers: encryption and long-term backup; system databases are left out."""

import re

from collectors.contract import Check, JsonValue
from collectors.declarations.configuration import Child, Kind
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, must_be_one_of, not_applicable, unknown
from collectors.sql.protection import of_part
from collectors.sql.reads import DATABASE_LIST, ENCRYPTION, RETENTION, SERVER_LIST

# REST specification 2021-11-01 and later: `state`; 2014-04-01 called it `status`.
_encrypted = of_part(
    "encryption",
    must_be_one_of(
        "properties.state",
        "Transparent data encryption",
        allowed=["Enabled"],
        others=["Disabled"],
        absent=None,
    ),
    unknown("Azure does not say whether the database is encrypted."),
)
_geo_redundant = must_be_one_of(
    "properties.currentBackupStorageRedundancy",
    "Long-term backups are kept, and their redundancy",
    allowed=["Geo", "GeoZone"],
    others=["Local", "Zone"],
    absent=None,
)
_PERIODS = ("weeklyRetention", "monthlyRetention", "yearlyRetention")


def is_users(database: Resource) -> bool:
    """Tell that a database is a user's: `master` is listed too, and is never encrypted by its owner."""
    kinds = (database.text("kind") or "").lower().split(",")
    return "system" not in kinds and database.name.lower() != "master"


def is_no_warehouse(database: Resource) -> bool:
    """Tell that a database is no dedicated SQL pool: those have restore points in place of retention."""
    return "datawarehouse" not in (database.text("kind") or "").lower().split(",")


def kept_long_and_far(database: Resource) -> Judgement:
    """Judge that long-term backups are kept, in storage that is copied to another region."""
    if not is_no_warehouse(database):
        return not_applicable("Dedicated SQL pools have no long-term retention.", kind=database.text("kind"))
    policy = database.part("retention")
    periods: dict[str, JsonValue] = {
        name: None if policy is None else policy.text(f"properties.{name}") for name in _PERIODS
    }
    # A period of nothing is written PT0S.
    if not any(isinstance(value, str) and re.search("[1-9]", value) for value in periods.values()):
        return bad("No long-term backup is kept.", **periods)
    status, reason, observed = _geo_redundant(database)
    return Judgement(status, reason, {**periods, **observed})


RULES = (
    Rule(
        Check(
            id="sql_tde_enabled",
            title="Transparent data encryption on",
            severity="high",
            rationale="Without it whoever gets hold of a file or backup of the database can read it.",
            remediation="Portal: SQL database > Transparent data encryption > On. CLI: az sql db tde set -d "
            "<database> -s <server> -g <group> --status Enabled",
            permission=ENCRYPTION.permission,
        ),
        _encrypted,
        needs=("encryption",),
    ),
    Rule(
        Check(
            id="sql_long_term_geo_backup_enabled",
            title="Long-term geo-redundant backup on",
            severity="low",
            rationale="Short-term backups are gone after weeks, and local ones with their region.",
            remediation="Portal: SQL server > Backups > Retention policies. CLI: az sql db ltr-policy set -n "
            "<database> -s <server> -g <group> --weekly-retention P4W; az sql db update "
            "--backup-storage-redundancy Geo ...",
            permission=RETENTION.permission,
        ),
        kept_long_and_far,
        needs=("retention",),
    ),
)

DATABASES = Kind(
    noun="SQL databases",
    read=SERVER_LIST,
    rules=RULES,
    children={
        "databases": Child(
            DATABASE_LIST,
            many=True,
            keep=is_users,
            children={
                "encryption": Child(ENCRYPTION),
                "retention": Child(RETENTION, when=is_no_warehouse),
            },
        )
    },
    inside="databases",
)
