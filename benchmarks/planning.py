"""How long one timer tick takes to plan the runs of many connections.

Run as `python -m benchmarks.planning`: reads the number of connections as JSON, prints seconds.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

import function_app
from benchmarks.children import Answer
from pipeline.ids import new_connection_id
from pipeline.services import Services
from pipeline.stores.connection_table import ConnectionTable
from pipeline.stores.records import ConnectionRecord, CredentialRecord
from pipeline.stores.secrets import own_identity
from pipeline.stores.tables import TableStorage
from pipeline.times import rfc3339

_AT_ONCE = 16


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """How many connections there are."""

    connections: int


class NotPlannedError(Exception):
    """Say that a tick did not plan what it had to."""


async def fill(services: Services, number: int) -> None:
    """Keep so many connections, of subscriptions that nobody will read."""
    tables = TableStorage(services.settings.tables, lambda: own_identity(services.settings))
    store = ConnectionTable(tables)
    try:
        for start in range(0, number, _AT_ONCE):
            await asyncio.gather(*(store.create(_record()) for _ in range(min(_AT_ONCE, number - start))))
    finally:
        await tables.close()


async def measure(services: Services, number: int) -> Answer:
    """Plan once; raises NotPlannedError unless every connection has its run."""
    try:
        await fill(services, number)
        began = time.perf_counter()
        planned = await services.sync_runs.plan("daily")
        seconds = time.perf_counter() - began
    finally:
        await services.close()
    if planned != number:
        message = f"One tick planned {planned} of {number} connections."
        raise NotPlannedError(message)
    return {"seconds": seconds, "planned": planned}


def _record() -> ConnectionRecord:
    now = datetime.now(UTC)
    return ConnectionRecord(
        id=new_connection_id(now),
        name="Benchmark",
        subscription_id=str(uuid4()),
        subscription_name="made-up",
        credential=CredentialRecord(method="client_secret", tenant_id=str(uuid4())),
        frequency="daily",
        created_at=rfc3339(now),
        updated_at=rfc3339(now),
    )


if __name__ == "__main__":
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    print(json.dumps(asyncio.run(measure(function_app.services, order.connections))))
