"""Azure SQL: servers with their databases, and managed instances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.estates.sql import databases, managed_instances, servers

if TYPE_CHECKING:
    from local.azure.estate import Estate


def build(estate: Estate) -> None:
    """Add the servers and instances, and what is true of them."""
    servers.build(estate)
    databases.build(estate)
    managed_instances.build(estate)
