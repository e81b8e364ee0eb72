"""The app itself in a process of its own, as the Functions worker has it: `services` of function_app.

Run as `python -m benchmarks.worker`: reads an order as JSON, prints what it took. Starting the interpreter
and importing function_app are not timed; whatever the app imports later, at its first read, is.
"""

import asyncio
import json
import sys
import time

import msgspec

import function_app
from benchmarks.children import Answer, peak_memory_mib
from pipeline.requests import ClientSecretAuth, ConnectRequest
from pipeline.services import Services
from pipeline.stores.run_queue import RunMessage

SERVICES = ("defender",)
"""The service with the lists of tens of thousands; the floor fetches the same lists."""


class Connect(msgspec.Struct, tag="connect", tag_field="do", forbid_unknown_fields=True):
    """Connect a subscription, and queue its first run."""

    tenant_id: str
    client_id: str
    client_secret: str
    subscription_id: str
    further_services: tuple[str, ...] = ()


class Queue(msgspec.Struct, tag="queue", tag_field="do", forbid_unknown_fields=True):
    """Queue another run of a connection."""

    connection_id: str


class Sync(msgspec.Struct, tag="sync", tag_field="do", forbid_unknown_fields=True):
    """Work on a queued run."""

    connection_id: str
    sync_run_id: str


class Warm(msgspec.Struct, tag="warm", tag_field="do", forbid_unknown_fields=True):
    """Work on a queued run, and then, everything imported and opened, on another: that one counts."""

    connection_id: str
    sync_run_id: str


async def connect(services: Services, order: Connect) -> Answer:
    """Connect a subscription; gives its connection and run."""
    auth = ClientSecretAuth(
        tenant_id=order.tenant_id, client_id=order.client_id, client_secret=order.client_secret
    )
    services_read = (*SERVICES, *order.further_services)
    asked = ConnectRequest(
        name="Benchmark", auth=auth, subscription_ids=(order.subscription_id,), services=services_read
    )
    connected = await services.connections.connect(asked)
    return await queue(services, Queue(connected.connections[0].id))


async def queue(services: Services, order: Queue) -> Answer:
    """Queue a run, or give the one that is queued."""
    run = await services.sync_runs.start(order.connection_id)
    return {"connection_id": order.connection_id, "sync_run_id": run.id}


async def sync(services: Services, order: Sync) -> Answer:
    """Work on a run; gives what it took and what came of it."""
    message = RunMessage(connection_id=order.connection_id, sync_run_id=order.sync_run_id)
    began, cpu_began = time.perf_counter(), time.process_time()
    await services.worker.run(message)
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
    run = await services.sync_runs.get(order.connection_id, order.sync_run_id)
    return {
        "seconds": seconds,
        "cpu_s": cpu_s,
        "status": run.status,
        "opened": run.changes.opened,
        "closed": run.changes.closed,
        "reads": sum(one.requests for one in run.collectors),
        "peak_mib": peak_memory_mib(),
    }


async def warm(services: Services, order: Warm) -> Answer:
    """Work on two runs; gives what the second took."""
    await sync(services, Sync(order.connection_id, order.sync_run_id))
    again = await services.sync_runs.start(order.connection_id)
    return await sync(services, Sync(order.connection_id, again.id))


async def carry_out(order: Connect | Queue | Sync | Warm) -> Answer:
    """Do what was asked, and close what was opened."""
    services = function_app.services
    try:
        match order:
            case Connect():
                return await connect(services, order)
            case Queue():
                return await queue(services, order)
            case Sync():
                return await sync(services, order)
            case Warm():
                return await warm(services, order)
    finally:
        await services.close()


if __name__ == "__main__":
    read = msgspec.json.decode(sys.stdin.buffer.read(), type=Connect | Queue | Sync | Warm)
    print(json.dumps(asyncio.run(carry_out(read))))
