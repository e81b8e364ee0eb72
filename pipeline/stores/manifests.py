"""Manifests: per evidence kind, which findings are open, packed so that 50,000 fit into three rows.

A sync compares what it sees with the manifest, not with the finding rows: an unchanged subscription costs
two reads and no write. A manifest is written under the sequence number of its run and counts only once that
run's commit points at it.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping

from pipeline.stores.finding_table import BY_RANGE
from pipeline.stores.tables import TableStorage, starts_with

_ENTRY = struct.Struct("<16s8sIBII")
_ENTRY_OF_VERSION_1 = struct.Struct("<16s8sIBI")
"""Without a place: the finding id told it."""
_PROPERTY_BYTES = _ENTRY.size * (65_536 // _ENTRY.size)
_ROW_PROPERTIES = 11
"""As much as the emulator takes too, which counts an entity in base64."""

type OpenFinding = tuple[bytes, int, int, int, int]
"""Fingerprint of the verdict (8 bytes), number of the run that opened it, status code, mark of the check, and
the place of its row in that run."""


class ManifestTable:
    """Read and write manifests, beside the findings they list."""

    def __init__(self, tables: TableStorage) -> None:
        self._tables = tables

    async def read(self, connection_id: str, kind: str, sequence: int | None) -> dict[bytes, OpenFinding]:
        """Give the open findings of a kind by finding id; none for None."""
        findings: dict[bytes, OpenFinding] = {}
        if sequence is None:
            return findings
        table = await self._tables.table("findings")
        query = f"PartitionKey eq '{_partition(connection_id)}' and {starts_with(_prefix(kind, sequence))}"
        expected: int | None = None
        entry = _ENTRY
        async for row in table.query_entities(query):
            if expected is None:
                expected, entry = int(row["entries"]), _entry_of(row)
            if len(findings) == expected:
                break  # what follows was left behind by an attempt that never committed
            for packed in _properties(row):
                findings.update(_unpacked(entry, packed))
        return findings

    async def write(
        self, connection_id: str, kind: str, sequence: int, findings: Mapping[bytes, OpenFinding]
    ) -> None:
        """Keep the open findings of a kind under a run's sequence number.

        Rows that a longer one left under the same number stay; each row says how many entries count.
        """
        table = await self._tables.table("findings")
        packed = b"".join(_ENTRY.pack(found, *finding) for found, finding in findings.items())
        chunks = [packed[at : at + _PROPERTY_BYTES] for at in range(0, len(packed), _PROPERTY_BYTES)]
        for number in range(0, max(1, len(chunks)), _ROW_PROPERTIES):
            row: dict[str, str | int | bytes] = {
                "PartitionKey": _partition(connection_id),
                "RowKey": f"{_prefix(kind, sequence)}{number:04d}",
                "entries": len(findings),
            }
            row |= {f"p{at}": chunk for at, chunk in enumerate(chunks[number : number + _ROW_PROPERTIES])}
            await table.upsert_entity(row, mode="replace")

    async def remove_older(self, connection_id: str, kind: str, sequence: int) -> None:
        """Remove the manifests that the committed one replaced; the next run may have written its own."""
        table = await self._tables.table("findings")
        older = f"RowKey ge '{kind}|' and RowKey lt '{_prefix(kind, sequence)}'"
        query = f"PartitionKey eq '{_partition(connection_id)}' and {older}"
        async for row in table.query_entities(query, select=["PartitionKey", "RowKey"]):
            await table.delete_entity(row)

    async def purge(self, connection_id: str) -> None:
        """Remove every manifest of a connection."""
        await self._tables.purge("findings", _partition(connection_id))


def check_mark(check_id: str) -> int:
    """Give the 32 bits by which a manifest knows a check; equal for two by chance once in four billion."""
    return zlib.crc32(check_id.encode())


def _entry_of(first: Mapping[str, object]) -> struct.Struct:
    """Tell the layout of a manifest by its first row: how long so many entries are, as far as they fit."""
    entries, packed = int(str(first["entries"])), next(_properties(first), b"")
    size = _ENTRY_OF_VERSION_1.size
    is_old = len(packed) == size * min(entries, 65_536 // size)
    return _ENTRY_OF_VERSION_1 if is_old else _ENTRY


def _unpacked(entry: struct.Struct, packed: bytes) -> Iterator[tuple[bytes, OpenFinding]]:
    for found, mark, opened, code, check, *place in entry.iter_unpack(packed):
        yield found, (mark, opened, code, check, place[0] if place else BY_RANGE)


def _properties(row: Mapping[str, object]) -> Iterator[bytes]:
    for at in range(_ROW_PROPERTIES):
        value = row.get(f"p{at}")
        if isinstance(value, bytes):
            yield value


def _partition(connection_id: str) -> str:
    return f"{connection_id}|manifests"


def _prefix(kind: str, sequence: int) -> str:
    return f"{kind}|{sequence:010d}|"
