"""Virtual machines: good, bad, silent and tricky ones, with their disks, networks, vaults and results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.estates.virtual_machines import disks, machines, networks, scale_sets, vaults

if TYPE_CHECKING:
    from local.azure.estate import Estate


def build(estate: Estate) -> None:
    """Add everything and what is true of it."""
    networks.build(estate)
    vaults.build(estate)
    machines.build(estate)
    disks.build(estate)
    scale_sets.build(estate)
