"""Machines and what stands around them, as small as a test needs them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from collectors.contract import JsonValue
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.declarations.rules import Rule
from collectors.virtual_machines import MACHINE_RULES

ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm"
NIC = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkInterfaces/nic"
VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v"
GUEST = "providers/Microsoft.GuestConfiguration/guestConfigurationAssignments"
LISTS = (
    "disks",
    "interfaces",
    "security_groups",
    "networks",
    "public_addresses",
    "just_in_time",
    "guest_assignments",
    "vaults",
)


def surroundings(vaults: Sequence[Resource] = (), **lists: Sequence[JsonObject]) -> Surroundings:
    """Give the lists of a subscription, empty where none is given."""
    rows = {name: tuple(map(Resource, lists.get(name, ()))) for name in LISTS}
    return Surroundings(datetime.now(UTC), {**rows, "vaults": tuple(vaults)})


def machine_with(
    properties: JsonObject,
    around: Surroundings | None = None,
    *,
    extensions: Sequence[JsonObject] = (),
    identity: JsonValue = None,
) -> Resource:
    """Give a machine with these properties and extensions."""
    raw: JsonObject = {"id": ID, "properties": properties, "identity": identity}
    return Resource(raw, around or surroundings(), {"extensions": tuple(map(Resource, extensions))})


def says(resource: Resource, check_id: str, rules: Sequence[Rule] = MACHINE_RULES) -> str:
    """Judge a resource by one check."""
    return {one.check_id: one.status.value for one in evaluate(resource, rules)}[f"vm_{check_id}"]


def extension(
    kind: str,
    publisher: str = "Microsoft.Azure.AzureDefenderForServers",
    *,
    state: str | None = "Succeeded",
) -> JsonObject:
    """Give an installed extension."""
    properties: JsonObject = {"publisher": publisher, "type": kind, "provisioningState": state}
    return {"id": f"{ID}/extensions/{kind}", "properties": properties}


def measured(configuration: str, state: str | None) -> JsonObject:
    """Give the result of a machine configuration."""
    properties: JsonObject = {"complianceStatus": state}
    return {
        "id": f"{ID.upper()}/{GUEST}/{configuration}",
        "name": configuration,
        "properties": properties,
    }


def backup(state: str, *, policy: str = "month", **more: JsonValue) -> JsonObject:
    """Give a protected item of the machine, its id in another case."""
    policy_id = f"{VAULT.lower()}/backupPolicies/{policy}"
    properties: JsonObject = {"protectionState": state, "virtualMachineId": ID.lower(), "policyId": policy_id}
    return {"id": f"{VAULT}/item", "properties": {**properties, **more}}


def vault(items: Sequence[JsonObject] = (), replicas: Sequence[JsonObject] = ()) -> Resource:
    """Give a vault with two policies, of a month and of a week."""
    policies = [_policy("month", 30), _policy("week", 7)]
    parts = {"protected_items": items, "backup_policies": policies, "replicated_items": replicas}
    return Resource({"id": VAULT}, None, {name: tuple(map(Resource, rows)) for name, rows in parts.items()})


def _policy(name: str, days: int) -> JsonObject:
    duration: JsonObject = {"retentionDuration": {"count": days, "durationType": "Days"}}
    return {
        "id": f"{VAULT}/backupPolicies/{name}",
        "properties": {"retentionPolicy": {"dailySchedule": duration}},
    }


def interface(*, public: bool = False, group: str | None = None, **more: JsonValue) -> JsonObject:
    """Give the machine's interface, on the one subnet."""
    place: JsonObject = {"privateIPAddress": "10.0.0.4", "subnet": {"id": "/net/subnets/one"}}
    if public:
        place["publicIPAddress"] = {"id": "/address"}
    properties: JsonObject = {"ipConfigurations": [{"properties": place}], **more}
    if group:
        properties["networkSecurityGroup"] = {"id": group.upper()}
    return {"id": NIC, "name": "nic", "properties": properties}
