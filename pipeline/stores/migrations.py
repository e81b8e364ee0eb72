"""How each table is brought from one layout to the next."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipeline.stores.schema import Migration, Progress, TableName, Tables

if TYPE_CHECKING:
    from azure.data.tables.aio import TableClient

_NOTED_EVERY_S = 5.0
_CONNECTION = "connection|"


async def keep_findings_in_place(_table: "TableClient", _tables: Tables, _progress: Progress) -> None:
    """Bring findings from version 1 to 2, in which the parts of a run have partitions of their own.

    Rows and manifests of version 1 are read where they lie: the partition follows from the finding id. So
    nothing is written again, and nothing can break off.
    """


async def forget_unfinished_parts(table: "TableClient", tables: Tables, progress: Progress) -> None:
    """Bring evidence from version 1 to 2, in which staged parts have findings of version 2.

    No run may have findings in both layouts, for then its row keys would not grow with its partitions. So
    what runs had staged and not committed is forgotten: the next attempt sweeps those findings and reads
    these parts again. Nothing that was committed is touched.
    """
    connections = await tables.table("connections")
    noted = time.monotonic()
    query = (
        f"PartitionKey eq 'connections' and RowKey gt '{_CONNECTION}{progress.position}' "
        f"and RowKey lt '{_CONNECTION[:-1]}}}'"
    )
    async for row in connections.query_entities(query, select=["RowKey"]):
        connection_id = str(row["RowKey"]).removeprefix(_CONNECTION)
        await _remove_staged(table, connection_id)
        if time.monotonic() - noted >= _NOTED_EVERY_S:
            await progress.reached(connection_id)
            noted = time.monotonic()


async def _remove_staged(table: "TableClient", connection_id: str) -> None:
    query = f"PartitionKey eq '{connection_id}' and RowKey ge 'staged|' and RowKey lt 'staged}}'"
    async for row in table.query_entities(query, select=["PartitionKey", "RowKey"]):
        await table.delete_entity(row)


MIGRATIONS: Mapping[tuple[TableName, int], Migration] = {
    ("evidence", 1): forget_unfinished_parts,
    ("findings", 1): keep_findings_in_place,
}
"""By table and the version that each starts from."""
