"""A writer of transactions that takes its time, as a storage does."""

import asyncio

from pipeline.stores.tables import Operation


class SlowWriter:
    """Keeps transactions; each takes a while, and may fail."""

    def __init__(self) -> None:
        self.done: list[list[Operation]] = []
        self.begun = 0
        self.under_way = 0
        self.most_under_way = 0
        self.fails_at = 0

    @property
    def operations(self) -> list[Operation]:
        """Everything that was written."""
        return [operation for batch in self.done for operation in batch]

    async def submit(self, operations: list[Operation]) -> None:
        """Write one transaction."""
        self.begun += 1
        number = self.begun
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0.01)
        self.under_way -= 1
        if number == self.fails_at:
            raise ConnectionError
        self.done.append(operations)
