"""What is true of the network that the virtual machines of the estate are connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.azure.estates.network.groups import ANY, EXPOSURES, FLOW_LOGS, HTTP, UDP
from local.azure.estates.network.groups import TYPE as GROUP
from local.azure.estates.network.networks import DDOS, FIREWALL, LOGGED, SUBNET, TYPE, WATCHER

if TYPE_CHECKING:
    from local.azure.estate import Estate


def build(estate: Estate) -> None:
    """Write down the truth; the resources are made with the machines."""
    closed, denied, opened = (
        estate.resource_id(GROUP, f"machines-{name}-nsg") for name in ("closed", "denied", "open")
    )
    # A rule for every protocol opens UDP too, and HTTPS is for a person to look at.
    estate.expect(closed, "pass", *[one for one in EXPOSURES if one not in (HTTP, UDP)])
    estate.expect(closed, "manual", HTTP)
    estate.expect(closed, "fail", UDP)
    estate.expect(denied, "pass", *EXPOSURES)
    estate.expect(opened, "fail", *EXPOSURES, ANY)
    for group in (closed, denied, opened):
        estate.expect(group, "not_applicable", *FLOW_LOGS)
    network = estate.resource_id(TYPE, "machines-vnet")
    estate.expect(network, "pass", WATCHER)
    estate.expect(network, "fail", DDOS, FIREWALL, *LOGGED)
    estate.expect(f"{network}/subnets/guarded", "pass", SUBNET)
    estate.expect(f"{network}/subnets/bare", "fail", SUBNET)
