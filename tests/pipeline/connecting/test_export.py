"""The exported configuration makes the connections again, and holds no secret."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from pipeline.connecting.export import ConfigurationExports, ExportedConnection, exported_settings
from pipeline.settings import SETTINGS, Settings
from pipeline.stores.records import ConnectionRecord, CredentialRecord
from tests.pipeline.sync_rig import Rig, mappings

REQUIRED = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "KEY_VAULT_URL": "https://vault.example"}
CHANGED = {
    "AZURE_CLOUD": "AzureUSGovernment",
    "DAILY_SCHEDULE": "0 15 4 * * *",
    "HOURLY_SCHEDULE": "0 20 * * * *",
    "SYNC_DEADLINE_S": "900",
    "SYNC_LEASE_S": "45",
    "READS_IN_FLIGHT": "4",
    "READS_PER_SECOND": "12.5",
    "READ_PATIENCE_S": "60",
    "READ_TIMEOUT_S": "30",
    "READ_PAGE_CAP": "500",
    "CHECK_THRESHOLDS": '{"defender_secure_score":{"target_percentage":90.0}}',
}
SECRET_NAME = "connection-secret-1"


@pytest.fixture
async def rig(rig: Rig) -> AsyncIterator[Rig]:
    """The rig, with no connection of another test."""
    await rig.forget_all()
    yield rig
    await rig.forget_all()


def exports(rig: Rig) -> ConfigurationExports:
    """Give what exports the rig's connections."""
    return ConfigurationExports(rig.connections, Settings.read(REQUIRED), mappings, rig.time)


async def exported(rig: Rig, *, limit: int = 100) -> list[ExportedConnection]:
    """Export every page."""
    found: list[ExportedConnection] = []
    position: str | None = None
    while True:
        page = await exports(rig).page(limit=limit, position=position)
        found += page.connections
        if (position := page.next_cursor) is None:
            return found


async def several(rig: Rig, count: int) -> list[ConnectionRecord]:
    """Connect some subscriptions, one after the other."""
    made = []
    for _ in range(count):
        rig.time.later(seconds=1)
        made.append(await rig.connect())
    return made


@pytest.mark.parametrize("limit", [1, 2, 5, 1000])
async def test_every_connection_is_exported_once(rig: Rig, limit: int) -> None:
    """Newest first, whatever a page holds: nothing is left out in silence."""
    made = await several(rig, 5)

    assert [one.id for one in await exported(rig, limit=limit)] == [one.id for one in reversed(made)]


async def test_what_was_disconnected_is_not_exported(rig: Rig) -> None:
    """It is to be made again by nobody."""
    gone, kept = await several(rig, 2)
    await rig.connections.disconnect(gone, at="2026-11-21T12:00:00.000000Z")

    assert [one.id for one in await exported(rig)] == [kept.id]


async def test_a_connection_is_exported_as_it_was_asked_for(rig: Rig) -> None:
    """All services that there are stay all services, also those of later versions; paused stays paused."""
    await rig.connect(paused=True, services=None, name="All")
    await rig.connect(services=("defender",), frequency="hourly", name="One")

    shown = {one.name: (one.services, one.status, one.frequency) for one in await exported(rig)}

    assert shown == {"All": (None, "paused", "daily"), "One": (("defender",), "active", "hourly")}


async def test_no_secret_and_no_place_of_one_is_exported(rig: Rig) -> None:
    """Neither a secret, which no table holds, nor the name it has in the vault."""
    credential = CredentialRecord(
        method="certificate",
        tenant_id="t",
        client_id="app",
        secret_name=SECRET_NAME,
        secret_expires_on="2027-05-01",
        certificate_thumbprint="ABCD",
        identity_client_id="i",
    )
    await rig.connect(credential=credential)

    page = await exports(rig).page(limit=10, position=None)

    assert SECRET_NAME.encode() not in msgspec.json.encode(page)
    assert msgspec.to_builtins(page.connections[0].auth) == {
        "method": "certificate",
        "client_id": "app",
        "secret_expires_on": "2027-05-01",
        "certificate_thumbprint": "ABCD",
        "identity_client_id": "i",
    }


async def test_it_says_what_it_is(rig: Rig) -> None:
    """Its own version, the app's, the mappings', and when it was made."""
    page = await exports(rig).page(limit=10, position=None)

    assert (page.schema_version, page.exported_at) == (1, "2026-11-21T12:00:00.000000Z")
    assert page.mapping_version == mappings().version
    assert page.app_version


def test_settings_are_exported_as_they_were_set() -> None:
    """Each value read back is the value that was set, and by its name an app setting."""
    shown = exported_settings(Settings.read({**REQUIRED, **CHANGED}))

    assert shown == CHANGED
    assert shown.keys() <= {setting.name for setting in SETTINGS}


def test_effective_defaults_are_exported() -> None:
    """What nobody set is told too: a later version may have another default."""
    shown = exported_settings(Settings.read(REQUIRED))

    assert exported_settings(Settings.read({**REQUIRED, **shown})) == shown
    assert shown["DAILY_SCHEDULE"] == "0 30 2 * * *"


def test_no_other_setting_is_exported() -> None:
    """None that is secret, or belongs to one deployment: storage, vault, identities, callers, addresses."""
    shown = exported_settings(Settings.read(REQUIRED))

    assert shown.keys() == CHANGED.keys()
