"""Classic machines: they should not be there, and every machine that is there is asked."""

from collectors.contract import Check
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Rule, bad, good
from collectors.virtual_machines.reads import CLASSIC

_ABSENT = Check(
    id="vm_classic_absent",
    title="No classic machines",
    severity="high",
    rationale="Classic machines are retired and lack roles, policies and encryption of Resource Manager.",
    remediation="Portal: Virtual machines (classic) > migrate or delete. CLI: az resource delete --ids <id>",
    permission=CLASSIC.permission,
)
NOT_CLASSIC_RULE = Rule(
    _ABSENT, lambda machine: good("The machine is of Resource Manager.", type=machine.at("type"))
)
CLASSIC_RULES = (
    Rule(_ABSENT, lambda machine: bad("The machine is a classic one.", type=machine.at("type"))),
)


def is_classic(resource: Resource) -> bool:
    """Tell whether a resource is a classic machine, in case a filter was not heeded."""
    return (resource.text("type") or "").lower() == "microsoft.classiccompute/virtualmachines"
