"""Scale sets: a good one, a bad one, a silent one, and one whose machines stand alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.azure.estate import Estate
    from local.azure.wire import JsonObject

TYPE = "Microsoft.Compute/virtualMachineScaleSets"
CHECKS = (
    "vm_scale_set_load_balanced",
    "vm_encryption_at_host_enabled",
    "vm_trusted_launch_enabled",
    "vm_secure_boot_enabled",
    "vm_vtpm_enabled",
)
SECURITY = {
    "securityType": "TrustedLaunch",
    "encryptionAtHost": True,
    "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True},
}


def build(estate: Estate) -> None:
    """Add the scale sets and what is true of them."""
    pool = estate.resource_id("Microsoft.Network/loadBalancers", "lb") + "/backendAddressPools/pool"
    balanced: JsonObject = {"loadBalancerBackendAddressPools": [{"id": pool}]}
    good: JsonObject = {"securityProfile": SECURITY, "networkProfile": _network(balanced)}
    estate.expect(estate.add(TYPE, "good-vmss", {"virtualMachineProfile": good}), "pass", *CHECKS)
    bad: JsonObject = {"networkProfile": _network({})}
    estate.expect(estate.add(TYPE, "bad-vmss", {"virtualMachineProfile": bad}), "fail", *CHECKS)
    # The firmware of a trusted machine of which nothing is said: no default is documented.
    silent: JsonObject = {
        "securityProfile": {"securityType": "TrustedLaunch"},
        "networkProfile": _network({}),
    }
    trusted = estate.add(TYPE, "silent-vmss", {"virtualMachineProfile": silent})
    estate.expect(trusted, "fail", *CHECKS[:2])
    estate.expect(trusted, "pass", CHECKS[2])
    estate.expect(trusted, "unknown", *CHECKS[3:])
    alone = estate.add(TYPE, "flexible-vmss", {"orchestrationMode": "Flexible"})
    estate.expect(alone, "not_applicable", *CHECKS)


def _network(configuration: JsonObject) -> JsonObject:
    one = {"name": "ip", "properties": configuration}
    interface = {"name": "nic", "properties": {"primary": True, "ipConfigurations": [one]}}
    return {"networkInterfaceConfigurations": [interface]}
