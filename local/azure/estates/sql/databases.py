"""Databases of SQL servers; `master` is on every server, and nothing is to be said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.estates.sql.servers import CHECKS as OF_SERVERS
from local.azure.estates.sql.servers import add_database, good_server

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

ENCRYPTED, KEPT = CHECKS = ("sql_tde_enabled", "sql_long_term_geo_backup_enabled")
USERS = "v12.0,user,vcore"
YEARS: JsonObject = {"weeklyRetention": "P1M", "monthlyRetention": "PT0S", "yearlyRetention": "P5Y"}
NEVER: JsonObject = {"weeklyRetention": "PT0S", "monthlyRetention": "PT0S", "yearlyRetention": "PT0S"}


def build(estate: Estate) -> None:
    """Add one server with all kinds of databases, and what is true of them."""
    server = good_server(estate, "databasesql")
    estate.expect(server, "pass", *OF_SERVERS)
    for number in range(estate.copies):
        estate.expect(_add(estate, server, f"good{number}", "Geo", "Enabled", YEARS), "pass", *CHECKS)
        estate.expect(_add(estate, server, f"bad{number}", "Geo", "Disabled", NEVER), "fail", *CHECKS)
    near = _add(estate, server, "near", "Zone", "enabled", YEARS)
    estate.expect(near, "pass", ENCRYPTED)
    estate.expect(near, "fail", KEPT)
    _silent(estate, server)
    _warehouse(estate, server)


def _add(estate: Estate, server: str, name: str, redundancy: str, state: str, kept: JsonObject) -> str:
    path = add_database(estate, server, name, USERS, {"currentBackupStorageRedundancy": redundancy})
    # Microsoft's own example gives the id of the database here, and no more.
    encryption: JsonObject = {"id": path, "name": "current", "properties": {"state": state}}
    estate.answer_at(f"{path}/transparentDataEncryption/current", encryption)
    policy = f"{path}/backupLongTermRetentionPolicies/default"
    estate.answer_at(policy, {"id": policy, "name": "default", "properties": kept})
    return path


def _silent(estate: Estate, server: str) -> None:
    """A database of which no setting is known."""
    path = add_database(estate, server, "silent", USERS, {})
    estate.expect(path, "unknown", ENCRYPTED)
    estate.expect(path, "fail", KEPT)


def _warehouse(estate: Estate, server: str) -> None:
    """A dedicated SQL pool: encrypted, and backed up in a way of its own."""
    kind = "v12.0,user,datawarehouse"
    path = add_database(estate, server, "warehouse", kind, {"currentBackupStorageRedundancy": "Geo"})
    encryption: JsonObject = {"id": path, "name": "current", "properties": {"state": "Enabled"}}
    estate.answer_at(f"{path}/transparentDataEncryption/current", encryption)
    estate.expect(path, "pass", ENCRYPTED)
    estate.expect(path, "not_applicable", KEPT)
