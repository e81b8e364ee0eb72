"""What the flow needs of its stores; tables.py and secrets.py fulfil it with Table Storage and Key Vault."""

from typing import Protocol

from pipeline.stores.records import ConnectionRecord


class ConnectionStore(Protocol):
    """Connections, one per subscription."""

    async def create(self, record: ConnectionRecord) -> ConnectionRecord:
        """Keep a new connection; raises AlreadyConnected with the other's id if its subscription has one."""
        ...

    async def get(self, connection_id: str) -> ConnectionRecord:
        """Give a connection; raises NotFound, also for a disconnected one."""
        ...

    async def find(self, connection_id: str) -> ConnectionRecord | None:
        """Give a connection even if it was disconnected, or None if there never was one or it was purged."""
        ...

    async def claimed_by(self, subscription_id: str) -> str | None:
        """Give the id of the connection that a subscription has, or None."""
        ...

    async def replace(self, record: ConnectionRecord) -> ConnectionRecord:
        """Replace a connection read before; raises Conflict if it changed since."""
        ...

    async def page(
        self, *, limit: int, position: str | None, with_disconnected: bool = False
    ) -> tuple[list[ConnectionRecord], str | None]:
        """List newest first from a position; gives the rows and the position of the next page."""
        ...

    async def disconnect(self, record: ConnectionRecord, *, at: str) -> None:
        """Free the subscription and keep a tombstone, so that the evidence stays reachable."""
        ...

    async def purge(self, connection_id: str) -> None:
        """Remove the connection and its tombstone."""
        ...


class SecretStore(Protocol):
    """Secrets in the vault, each under a fresh name."""

    async def put(self, name: str, value: str, *, expires_on: str | None, tags: dict[str, str]) -> None:
        """Keep a secret under a name that was never used."""
        ...

    async def get(self, name: str) -> str:
        """Give a secret; raises SecretUnavailable (transient) or CredentialRejected(secret_missing)."""
        ...

    async def delete(self, name: str) -> bool:
        """Delete a secret and purge it where the vault allows; tells whether nothing is left of it."""
        ...
