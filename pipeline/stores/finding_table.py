"""Findings in Table Storage: intervals, newest first, visible only up to the committed sequence number.

A row's `opened_seq` and `closed_seq` name the runs that opened and closed it. A row counts as open at the
committed sequence number N when opened_seq <= N < closed_seq; what a run writes before its commit carries
N + 1 and is invisible until then. A change closes one interval and opens the next: the two rows may lie in
different partitions and be written in any order, but they carry the same uncommitted number, and so take
effect together, in one transaction: the commit of their run.

The parts of a run fill partitions of 500 rows, a few at a time. A partition is `<connection>|<run, newest
first>|<place>`, a row key `<run, newest first>|<place>|<finding id>`, a place the number of the part and that
of its partition: both keys grow in the same order, so all of a connection is one range of keys, and a row
key alone says where to go on. Why not one partition: Azure writes 2,000 rows a second into one, and a first
sync has tens of thousands. Why not by the finding id: a transaction is of one partition, and rows that are
spread over many fill none.
https://learn.microsoft.com/azure/storage/tables/scalability-targets

Rows of layout version 1 lie by ranges of the finding id: partition `<connection>|<run, newest first>|<range>`
with row key `<run, newest first>|<finding id>`. They stay where they are; no run has rows of both layouts.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus

import msgspec

from collectors.contract import JsonValue, Status, Verdict
from pipeline.stores.tables import (
    TRANSACTION_OPERATIONS,
    Entity,
    Operation,
    TableStorage,
    chunks_of,
    pack,
    unpack,
)
from pipeline.times import FOREVER

OPEN_SEQ = 2**31 - 1
_LAST_SEQ = 10**10 - 1
_STATUSES = tuple(Status)
ROWS_PER_PARTITION = 500
"""The emulator looks through a row's whole partition when it writes the row; Azure takes 2,000 a second."""
_PARTITIONS_AT_ONCE = 4
"""As many as writes are in flight: transactions that are written together go to different partitions."""
_TRANSACTIONS_PER_PARTITION = ROWS_PER_PARTITION // TRANSACTION_OPERATIONS
_PART_BITS = 16
BY_RANGE = 2**32 - 1
"""The place of an interval of layout version 1: no part has so high a number."""
_FIRST_BYTES_PER_RANGE = 4
"""How many first bytes of a finding id shared a partition then: 256 of them made 64 ranges."""


class FindingBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a finding row says besides its filterable columns."""

    title: str
    resource_id: str
    reason: str
    observed: Mapping[str, JsonValue]
    remediation: str


class FindingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A finding interval as read."""

    key: str
    finding_id: str
    service: str
    check_id: str
    status: str
    severity: str
    opened_at: str
    closed_at: str | None
    body: FindingBody


class FindingTable:
    """Write and read finding intervals."""

    def __init__(self, tables: TableStorage) -> None:
        self._tables = tables

    async def submit(self, operations: list[Operation]) -> None:
        """Write one transaction of rows of one partition; one that was written already is written again.

        So is one whose connection broke, once: the SDK itself sends no POST again, and a storage closes
        connections that were idle.
        """
        from azure.core.exceptions import ServiceRequestError
        from azure.data.tables import TableTransactionError

        table = await self._tables.table("findings")
        try:
            await table.submit_transaction(operations)
        except (TableTransactionError, ServiceRequestError) as error:
            if isinstance(error, TableTransactionError) and error.status_code != HTTPStatus.CONFLICT:
                raise
            await table.submit_transaction([_again(operation) for operation in operations])

    async def rows(
        self,
        connection_id: str,
        *,
        sequence: int,
        after: str | None = None,
        where: str = "",
        page_size: int = 100,
    ) -> AsyncIterator[FindingRow]:
        """Stream committed intervals newest first.

        Args:
            sequence: the committed sequence number.
            after: key of the last row seen; None to start with the newest.
            where: further OData condition; without one every interval, closed ones included.
            page_size: how many rows one request asks for.
        """
        table = await self._tables.table("findings")
        query = f"{_of_connection(connection_id, after)} and opened_seq le {sequence}"
        if where:
            query += f" and {where}"
        async for entity in table.query_entities(query, results_per_page=page_size):
            yield _row(entity, sequence)

    async def sweep(self, connection_id: str, sequence: int, *, undo: Callable[[str], bool]) -> None:
        """Undo what an attempt wrote and never committed.

        Args:
            sequence: the number that the attempt's rows carry.
            undo: tells for a kind whether its rows go; those of a finished part stay.
        """
        table = await self._tables.table("findings")
        theirs = f"(opened_seq eq {sequence} or closed_seq eq {sequence})"
        query = f"{_of_connection(connection_id)} and {theirs}"
        names = ["PartitionKey", "RowKey", "kind", "opened_seq"]
        undone = [
            _undo(entity, sequence)
            async for entity in table.query_entities(query, select=names)
            if undo(str(entity["kind"]))
        ]
        for operations in chunks_of(undone):
            await self.submit(operations)

    async def purge(self, connection_id: str) -> None:
        """Remove every finding of a connection."""
        await self._tables.remove("findings", _of_connection(connection_id))


def place_of(part: int, number: int) -> int:
    """Tell which partition of a run takes an interval: the part's number, and that of its partition.

    Each transaction goes to another partition than the ones before it, and fills.

    Args:
        part: number of the part in the run.
        number: how many intervals the part has opened before.
    """
    round_, transaction = divmod(
        number // TRANSACTION_OPERATIONS, _PARTITIONS_AT_ONCE * _TRANSACTIONS_PER_PARTITION
    )
    return part << _PART_BITS | round_ * _PARTITIONS_AT_ONCE + transaction % _PARTITIONS_AT_ONCE


def finding_key(sequence: int, place: int, finding_id: bytes) -> str:
    """Give the row key of an interval: later runs sort first."""
    run, found = f"{_LAST_SEQ - sequence:010d}", finding_id.hex()
    return f"{run}|{found}" if place == BY_RANGE else f"{run}|{place:08x}|{found}"


def _partition(connection_id: str, key: str) -> str:
    """Give the partition of a row key: its run and place, or the range of the finding id in version 1."""
    run_and_place, _, found = key.rpartition("|")
    if "|" in run_and_place:
        return f"{connection_id}|{run_and_place}"
    return f"{connection_id}|{run_and_place}|{int(found[:2], 16) // _FIRST_BYTES_PER_RANGE:02d}"


def _of_connection(connection_id: str, after: str | None = None) -> str:
    """Filter on a connection's rows, or on those that follow a row key; manifests lie beyond them."""
    first = f"{connection_id}|0" if after is None else _partition(connection_id, after)
    rows = f"PartitionKey ge '{first}' and PartitionKey lt '{connection_id}|:'"
    return rows if after is None else f"{rows} and RowKey gt '{after}'"


class Intervals(msgspec.Struct, frozen=True, kw_only=True):
    """How one part of one run writes its intervals.

    Args:
        part: number of the part in the run.
        sequence: the number the run commits under.
        at: when the run looked.
    """

    connection_id: str
    service: str
    kind: str
    part: int
    sequence: int
    at: str

    def opening(self, finding_id: bytes, verdict: Verdict, place: int) -> Operation:
        """Give the operation that opens an interval in a place of its run."""
        body = FindingBody(
            title=verdict.title,
            resource_id=verdict.resource_id,
            reason=verdict.reason,
            observed=verdict.observed,
            remediation=verdict.remediation,
        )
        key = finding_key(self.sequence, place, finding_id)
        entity: Entity = {
            "PartitionKey": _partition(self.connection_id, key),
            "RowKey": key,
            "service": self.service,
            "kind": self.kind,
            "check_id": verdict.check_id,
            "status": verdict.status.value,
            "severity": verdict.severity,
            "resource_key": verdict.resource_id.lower(),
            "opened_at": self.at,
            "closed_at": FOREVER,
            "opened_seq": self.sequence,
            "closed_seq": OPEN_SEQ,
            **pack(body),
        }
        return "create", entity

    def closing(self, finding_id: bytes, opened_seq: int, place: int) -> Operation:
        """Give the operation that closes the interval that a run opened in a place."""
        key = finding_key(opened_seq, place, finding_id)
        entity: Entity = {
            "PartitionKey": _partition(self.connection_id, key),
            "RowKey": key,
            "closed_at": self.at,
            "closed_seq": self.sequence,
        }
        return "update", entity, {"mode": "merge"}


def status_code(status: Status) -> int:
    """Give the number a manifest keeps of a verdict's status."""
    return _STATUSES.index(status)


def status_of(code: int) -> Status:
    """Give the status that a manifest keeps as a number: the inverse of `status_code`."""
    return _STATUSES[code]


def _again(operation: Operation) -> Operation:
    """Give what makes the same row of an operation whose answer was lost."""
    return ("upsert", operation[1], {"mode": "replace"}) if operation[0] == "create" else operation


def _undo(entity: Mapping[str, object], sequence: int) -> Operation:
    row: Entity = {name: str(entity[name]) for name in ("PartitionKey", "RowKey")}
    if entity["opened_seq"] == sequence:
        return "delete", row
    return "update", {**row, "closed_at": FOREVER, "closed_seq": OPEN_SEQ}, {"mode": "merge"}


def _row(entity: Mapping[str, object], sequence: int) -> FindingRow:
    closed_seq = entity["closed_seq"]
    is_closed = isinstance(closed_seq, int) and closed_seq <= sequence
    key = str(entity["RowKey"])
    return FindingRow(
        key=key,
        finding_id=key.rpartition("|")[2],
        service=str(entity["service"]),
        check_id=str(entity["check_id"]),
        status=str(entity["status"]),
        severity=str(entity["severity"]),
        opened_at=str(entity["opened_at"]),
        closed_at=str(entity["closed_at"]) if is_closed else None,
        body=unpack(entity, FindingBody),
    )
