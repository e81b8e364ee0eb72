"""What machine configuration measured inside machines: baselines and secure protocols."""

from collectors.contract import Check, CheckSeverity, JsonValue
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, Rule, bad, good, unknown
from collectors.virtual_machines.operating_systems import only_on
from collectors.virtual_machines.reads import GUEST_ASSIGNMENTS, assigned_machine


def _configuration(assignment: Resource) -> str:
    """Give the name of the configuration; a policy assigned twice puts `$pid...` behind it."""
    name = assignment.text("properties.guestConfiguration.name") or assignment.name
    return name.partition("$")[0].lower()


def measured(*configurations: str) -> Judge:
    """Make a judge of what one of these configurations measured.

    A machine that nothing measures fails, as in the policies behind these checks (auditIfNotExists): the
    missing assignment is the finding. `Pending` is no result yet.
    """
    wanted = {name.lower() for name in configurations}

    def judge(machine: Resource) -> Judgement:
        all_of_it = machine.matching("guest_assignments", assigned_machine, machine.id)
        found = [one for one in all_of_it if _configuration(one) in wanted]
        states = sorted({(one.text("properties.complianceStatus") or "").lower() for one in found})
        checked = [one.text("properties.lastComplianceStatusChecked") for one in found]
        observed: dict[str, JsonValue] = {"complianceStatus": states, "lastComplianceStatusChecked": checked}
        if not found:
            return bad("No machine configuration assignment measures this on the machine.", **observed)
        if "noncompliant" in states:
            return bad("Machine configuration measured that the machine does not comply.", **observed)
        if states == ["compliant"]:
            return good("Machine configuration measured that the machine complies.", **observed)
        return unknown("Machine configuration has no result for the machine yet.", **observed)

    return judge


def _check(check_id: str, title: str, severity: CheckSeverity, rationale: str) -> Check:
    return Check(
        id=check_id,
        title=title,
        severity=severity,
        rationale=rationale,
        remediation="Portal: Policy > Compliance > the machine > Guest assignments, for the settings that "
        "differ. CLI: az rest --url <vm "
        "id>/providers/Microsoft.GuestConfiguration/guestConfigurationAssignments?api-version=2024-04-05",
        permission=GUEST_ASSIGNMENTS.permission,
    )


RULES = (
    Rule(
        _check(
            "vm_linux_baseline_met",
            "Linux security baseline met",
            "low",
            "The baseline is what Microsoft advises for the settings inside a Linux machine.",
        ),
        only_on("linux", measured("AzureLinuxBaseline")),
        needs=("guest_assignments",),
    ),
    Rule(
        _check(
            "vm_windows_baseline_met",
            "Windows security baseline met",
            "low",
            "The baseline is what Microsoft advises for the settings inside a Windows machine.",
        ),
        only_on("windows", measured("AzureWindowsBaseline")),
        needs=("guest_assignments",),
    ),
    Rule(
        _check(
            "vm_windows_secure_protocols",
            "Windows web servers use secure protocols",
            "high",
            "Old versions of TLS can be read and changed on the way.",
        ),
        only_on("windows", measured("AuditSecureProtocol", "SetSecureProtocol")),
        needs=("guest_assignments",),
    ),
)
