"""Virtual machines with their disks, scale sets, extensions, network, backup and measured settings."""

from collectors.contract import Collector
from collectors.declarations import shared_reads
from collectors.declarations.configuration import Child, Kind, configuration
from collectors.virtual_machines import baselines, classic, disks, extensions, model, network, reads, recovery

MACHINE_RULES = (*model.RULES, *network.RULES, *recovery.RULES, *extensions.RULES, *baselines.RULES)
SCALE_SET_RULES = (*model.SCALE_SET_RULES, *recovery.SCALE_SET_RULES)

COLLECTOR = Collector(
    service="virtual_machines",
    title="Azure Virtual Machines",
    reads_what="Every virtual machine, disk and scale set: encryption, boot, network, extensions, backup, "
    "baselines.",
    roles=("Reader",),
    version="1",
    parts=(
        configuration(
            "virtual_machines",
            "Virtual Machine Configuration",
            [
                Kind(
                    noun="virtual machines",
                    read=reads.VIRTUAL_MACHINES,
                    rules=MACHINE_RULES,
                    children={"extensions": Child(reads.EXTENSIONS, many=True)},
                ),
                Kind(noun="scale sets", read=reads.SCALE_SETS, rules=SCALE_SET_RULES),
                Kind(
                    noun="classic virtual machines",
                    read=reads.CLASSIC,
                    rules=classic.CLASSIC_RULES,
                    keep=classic.is_classic,
                ),
                Kind(noun="disks", read=reads.DISKS, rules=disks.DISK_RULES),
                Kind(noun="disk accesses", read=reads.DISK_ACCESSES, rules=disks.DISK_ACCESS_RULES),
            ],
            shared={
                "disks": reads.DISKS,
                "interfaces": reads.INTERFACES,
                "security_groups": shared_reads.SECURITY_GROUPS,
                "networks": shared_reads.NETWORKS,
                "public_addresses": shared_reads.PUBLIC_ADDRESSES,
                "just_in_time": reads.JUST_IN_TIME,
                "guest_assignments": reads.GUEST_ASSIGNMENTS,
                "vaults": shared_reads.VAULTS,
            },
            beneath={
                "vaults": {
                    "protected_items": Child(shared_reads.PROTECTED_ITEMS, many=True),
                    "backup_policies": Child(shared_reads.BACKUP_POLICIES, many=True),
                    "replicated_items": Child(shared_reads.REPLICATED_ITEMS, many=True),
                }
            },
        ),
    ),
)
