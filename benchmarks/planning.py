"""How long one timer tick takes to plan the runs of many connections, in how much memory, and what of it.

Run as `python -m benchmarks.planning`: reads what to do as JSON, prints what it took. Filling, planning and
counting are processes of their own, so that the memory of one is not that of another.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

import function_app
from benchmarks.children import Answer, peak_memory_mib
from benchmarks.planned import wrong
from pipeline.ids import new_connection_id
from pipeline.model import Frequency, SetupCheck
from pipeline.services import Services
from pipeline.stores.records import ConnectionRecord, CredentialRecord
from pipeline.stores.run_queue import QUEUE, RunMessage
from pipeline.stores.secrets import own_identity
from pipeline.stores.tables import TRANSACTION_OPERATIONS, Entity, Operation, TableStorage, pack
from pipeline.times import rfc3339

_FREQUENCY: Frequency = "hourly"
_SETUP_CHECKS = 20
_MOST_MESSAGES = 32


class Fill(msgspec.Struct, tag="fill", tag_field="do", forbid_unknown_fields=True):
    """Keep so many connections, of subscriptions that nobody will read."""

    connections: int


class Plan(msgspec.Struct, tag="plan", tag_field="do", forbid_unknown_fields=True):
    """Let the timer tick."""


class Resume(msgspec.Struct, tag="resume", tag_field="do", forbid_unknown_fields=True):
    """Let the other timer look for runs that were left behind."""


class Count(msgspec.Struct, tag="count", tag_field="do", forbid_unknown_fields=True):
    """Count what the tick left, and take its messages from the queue."""


async def fill(tables: TableStorage, number: int) -> Answer:
    """Keep connections as `ConnectionTable` keeps them, a hundred at a time."""
    table = await tables.table("connections")
    for start in range(0, number, TRANSACTION_OPERATIONS):
        rows = [_row() for _ in range(min(TRANSACTION_OPERATIONS, number - start))]
        operations: list[Operation] = [("create", row) for row in rows]
        await table.submit_transaction(operations)
    return {"connections": number}


async def plan(services: Services) -> Answer:
    """Plan once; gives what it took."""
    began, cpu_began = time.perf_counter(), time.process_time()
    planned = await services.sync_runs.plan(_FREQUENCY)
    seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
    return {"seconds": seconds, "cpu_s": cpu_s, "planned": planned, "peak_mib": peak_memory_mib()}


async def resume(services: Services) -> Answer:
    """Look for runs left behind once; gives what it took."""
    began = time.perf_counter()
    resumed = await services.sync_runs.resume()
    return {"seconds": time.perf_counter() - began, "resumed": resumed, "peak_mib": peak_memory_mib()}


async def count(tables: TableStorage, connection_string: str) -> Answer:
    """Hold runs, slots and messages against the connections; gives how many of each, and what is wrong."""
    connections = [row["RowKey"] async for row in _rows(tables, "connections", "connection|")]
    known = {str(key).partition("|")[2] for key in connections}
    runs = [_key(row) async for row in _rows(tables, "evidence", "run|")]
    slots = [
        (str(row["PartitionKey"]), str(row["run_id"])) async for row in _rows(tables, "evidence", "slot|")
    ]
    messages = [message async for message in _messages(connection_string)]
    counted = {"runs": runs, "slots": slots, "messages": messages}
    problems = sum(wrong(known, runs, found) for found in counted.values())
    return {
        "connections": len(known),
        "wrong": problems,
        **{name: len(found) for name, found in counted.items()},
    }


async def _rows(tables: TableStorage, table: str, prefix: str) -> AsyncIterator[Entity]:
    client = await tables.table("connections" if table == "connections" else "evidence")
    end = f"{prefix[:-1]}}}"
    wanted = client.query_entities(
        f"RowKey ge '{prefix}' and RowKey lt '{end}'", select=["PartitionKey", "RowKey", "run_id"]
    )
    async for row in wanted:
        yield row


def _key(row: Entity) -> tuple[str, str]:
    return str(row["PartitionKey"]), str(row["RowKey"]).partition("|")[2]


async def _messages(connection_string: str) -> AsyncIterator[tuple[str, str]]:
    from azure.storage.queue import TextBase64DecodePolicy
    from azure.storage.queue.aio import QueueClient

    client = QueueClient.from_connection_string(
        connection_string, QUEUE, message_decode_policy=TextBase64DecodePolicy()
    )
    async with client:
        waiting = client.receive_messages(messages_per_page=_MOST_MESSAGES, visibility_timeout=3600)
        async for message in waiting:
            read = msgspec.json.decode(message.content, type=RunMessage)
            yield read.connection_id, read.sync_run_id


def _row() -> Entity:
    now = datetime.now(UTC)
    record = ConnectionRecord(
        id=new_connection_id(now),
        name="Benchmark",
        subscription_id=str(uuid4()),
        subscription_name="made-up",
        credential=CredentialRecord(method="client_secret", tenant_id=str(uuid4())),
        frequency=_FREQUENCY,
        created_at=rfc3339(now),
        updated_at=rfc3339(now),
        setup_checks=tuple(_setup_check(number) for number in range(_SETUP_CHECKS)),
    )
    key = {"PartitionKey": "connections", "RowKey": f"connection|{record.id}"}
    return {**key, "disconnected": False, **pack(record)}


def _setup_check(number: int) -> SetupCheck:
    detail = "Was tried for real when the subscription was connected, and could be read."
    return SetupCheck(id=f"service:{number}", title=f"Service {number}", status="pass", detail=detail)


async def carry_out(order: Fill | Plan | Resume | Count) -> Answer:
    """Do what was asked, and close what was opened."""
    services = function_app.services
    tables = TableStorage(services.settings.tables, lambda: own_identity(services.settings))
    try:
        match order:
            case Fill():
                return await fill(tables, order.connections)
            case Plan():
                return await plan(services)
            case Resume():
                return await resume(services)
            case Count():
                return await count(tables, services.settings.queues.connection_string or "")
    finally:
        await tables.close()
        await services.close()


if __name__ == "__main__":
    read = msgspec.json.decode(sys.stdin.buffer.read(), type=Fill | Plan | Resume | Count)
    print(json.dumps(asyncio.run(carry_out(read))))
