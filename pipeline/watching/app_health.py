"""The health of the whole app, put together: what is tried, and what else the details tell."""

from collections.abc import Awaitable, Callable

import pipeline
from pipeline.azure.clouds import Cloud
from pipeline.health import Health, Names, Reports, SecretsHealth
from pipeline.stores.secrets import KeyVaultSecrets
from pipeline.stores.tables import TableStorage
from pipeline.syncing.attempt import Stores
from pipeline.times import Clock
from pipeline.watching.front_doors import FrontDoors, Transport
from pipeline.watching.old_evidence import OldEvidence
from pipeline.watching.timer_runs import TimerRuns


def app_health(
    stores: Stores,
    tables: TableStorage,
    vault: KeyVaultSecrets,
    outside: tuple[Cloud, Transport],
    *,
    timers: TimerRuns,
    secrets_left: Callable[[], Awaitable[SecretsHealth]],
    functions: Names,
    clock: Clock,
) -> Health:
    """Put it together.

    Takes the app's own parts, the cloud and the connections to it, what keeps the timers' runs and counts the
    secrets left, and the functions that the host found.
    """
    doors = FrontDoors(*outside)
    return Health(
        {"tables": tables.probe, "queue": stores.queue.length, "key_vault": vault.probe},
        outside={"entra": doors.entra, "resource_manager": doors.resource_manager},
        reports=Reports(
            timers=timers.health,
            connections=OldEvidence(stores.connections, stores.evidence, clock).count,
            secrets_left=secrets_left,
        ),
        version=pipeline.__version__,
        functions=functions,
    )
