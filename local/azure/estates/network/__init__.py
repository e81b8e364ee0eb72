"""Networks: what the internet reaches, what guards it, what records it, each in its good and its bad ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.estates.network import entrances, groups, machines, networks

if TYPE_CHECKING:
    from local.azure.estate import Estate


def build(estate: Estate) -> None:
    """Add the resources and what is true of them."""
    networks.build(estate)
    groups.build(estate)
    entrances.build(estate)
    machines.build(estate)
