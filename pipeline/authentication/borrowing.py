"""A credential on connections that are somebody else's."""

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class BorrowingCredential:
    """Base of credentials that own no connections, as azure-core's AsyncTokenCredential wants them closed."""

    async def close(self) -> None:
        """Leave the shared connections open: whoever made them closes them."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: "type[BaseException] | None" = None,
        exc_value: BaseException | None = None,
        traceback: "TracebackType | None" = None,
    ) -> None:
        await self.close()
