"""Checks that Defender's own recommendations answer, decided as the assessments stream by.

The keys are those of the public reference of recommendations; a recommendation is known by its key, since its
name changes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from collectors.contract import Check, CheckSeverity, JsonValue, Status, Verdict

PERMISSION = "Microsoft.Security/assessments/read"
_PREFIX = "defender_assessment:"
_CURE = (
    "Portal: Microsoft Defender for Cloud > Recommendations > {name}; carry it out for each unhealthy "
    "resource. CLI: az security assessment list --query \"[?name=='{key}' && status.code=='Unhealthy'].id\""
)

_LOOK = (
    "Look whether each exemption still holds: Microsoft Defender for Cloud > Recommendations, filtered by "
    "resources exempted."
)
_ABSENT = (
    "Defender for Cloud does not list the recommendation: nothing here is of its kind, or the plan that "
    "would assess it is off."
)


class Question(NamedTuple):
    """A check and the recommendations that answer it.

    Args:
        name: what the first recommendation is called.
        keys: of the recommendations; each has its say.
        retired: keys of recommendations that Microsoft has retired with the agent they rested on ("Deprecated
            security recommendations"): what they still say decides nothing.
    """

    id: str
    title: str
    severity: CheckSeverity
    rationale: str
    name: str
    keys: tuple[str, ...]
    retired: tuple[str, ...] = ()

    @property
    def check(self) -> Check:
        """The check as it is declared."""
        cure = _CURE.format(name=self.name, key=self.keys[0])
        return Check(self.id, self.title, self.severity, self.rationale, cure, PERMISSION)


QUESTIONS = (
    Question(
        "defender_vm_vulnerabilities_resolved",
        "VM vulnerability findings resolved",
        "high",
        "A known vulnerability of a machine is the first thing an attacker tries.",
        "Machines should have vulnerability findings resolved",
        ("1195afff-c881-495e-9bc5-1486211ae03f",),
    ),
    Question(
        "defender_machine_secrets_resolved",
        "Machine secret findings resolved",
        "high",
        "A secret on a machine opens the next one to whoever breaks in.",
        "Machines should have secret findings resolved",
        ("17618b1a-ed14-49bb-b37f-9f8ba967be8b",),
    ),
    Question(
        "defender_container_image_vulns_resolved",
        "Registry image vulnerabilities resolved",
        "high",
        "A vulnerable image in a registry is deployed again and again.",
        "Container images in Azure registry should have vulnerability findings resolved",
        ("33422d8f-ab1e-42be-bc9a-38685bb567b9", "c0b7cfc6-3172-465a-b378-53c7ff2cc0d5"),
    ),
    Question(
        "defender_running_image_vulns_resolved",
        "Running image vulnerabilities resolved",
        "high",
        "A vulnerable container that runs can be attacked now.",
        "Containers running in Azure should have vulnerability findings resolved",
        (
            "c5045ea3-afc6-4006-ab8f-86c8574dbf3d",
            "c609cf0f-71ab-41e9-a3c6-9a1f7fe1b8d5",
            "e9acaf48-d2cf-45a3-a6e7-3caa2ef769e0",
        ),
    ),
    Question(
        "defender_endpoint_protection_installed",
        "Endpoint protection installed on VMs",
        "high",
        "A machine without endpoint protection neither stops malware nor tells of it.",
        "EDR solution should be installed on Virtual Machines",
        ("06e3a6db-6c0c-4ad9-943f-31d9d73ecf6c",),
        ("4fb67663-9ab9-475d-b026-8c544cced439", "83f577bd-a1b6-b7e1-0891-12ca19d1e6df"),
    ),
    Question(
        "defender_endpoint_protection_healthy",
        "Endpoint protection health issues resolved",
        "medium",
        "Endpoint protection that is half switched off, or out of date, protects in name only.",
        "EDR configuration issues should be resolved on virtual machines",
        (
            "dc5357d0-3858-4d17-a1a3-072840bff5be",
            "506d18a1-d571-4341-aad5-a7d363c5bbd4",
            "aafa7d27-01ae-40c6-a56c-1d0ef04b1d71",
            "d44de051-1862-48f8-8476-192aee854699",
        ),
        ("37a3689a-818e-4a0e-82ac-b1392b9bb000",),
    ),
    Question(
        "defender_exploit_guard_enabled",
        "Exploit Guard on Windows machines",
        "medium",
        "It blocks the behaviour that attacks on Windows have in common.",
        "Windows Defender Exploit Guard should be enabled on machines",
        ("22489c48-27d1-4e40-9420-4303ad9cffef",),
    ),
    Question(
        "defender_system_updates_applied",
        "VM system updates applied",
        "high",
        "A missing update leaves a hole that is described in public.",
        "System updates should be installed on your machines (powered by Azure Update Manager)",
        ("e1145ab1-eb4f-43d8-911b-36ddf771d13f",),
        ("4ab6e3c5-74dd-8b35-9ab9-f61b30875b27",),
    ),
    Question(
        "defender_periodic_update_assessment_enabled",
        "Periodic update assessment on",
        "medium",
        "Only a machine that looks for updates by itself shows which are missing.",
        "Machines should be configured to periodically check for missing system updates",
        ("90386950-71ca-4357-a12e-486d1679427c",),
    ),
    Question(
        "defender_sql_vulnerabilities_resolved",
        "SQL vulnerability findings resolved",
        "high",
        "A misconfigured database gives away what it holds.",
        "SQL databases should have vulnerability findings resolved",
        ("82e20e14-edc5-4373-bfc4-f13121257c37",),
    ),
    Question(
        "defender_sql_on_machines_vulns_resolved",
        "SQL on machines findings resolved",
        "high",
        "A misconfigured database gives away what it holds.",
        "SQL servers on machines should have vulnerability findings resolved",
        ("f97aa83c-9b63-4f9a-99f6-b22c4398f936",),
    ),
)
EXEMPTIONS_REVIEWED = Check(
    id="defender_exemptions_reviewed",
    title="Assessment exemptions reviewed",
    severity="medium",
    rationale="An exemption that outlived its reason hides a weakness from every score and report.",
    remediation=(
        "Portal: Microsoft Defender for Cloud > Recommendations, filtered by resources exempted; delete the "
        "exemptions no longer wanted. CLI: az security assessment list --query "
        "\"[?status.cause=='Exempt'].id\""
    ),
    permission=PERMISSION,
    manual=True,
)
CHECKS = (*(question.check for question in QUESTIONS), EXEMPTIONS_REVIEWED)


class Answers:
    """Counts what the recommendations of the checks say; holds no row."""

    def __init__(self) -> None:
        keys = {key for question in QUESTIONS for key in (*question.keys, *question.retired)}
        self._statuses: Mapping[str, Counter[Status]] = {f"{_PREFIX}{key}": Counter() for key in keys}
        self._exempt: Counter[str] = Counter()

    def add(self, verdict: Verdict) -> None:
        """Count one assessment."""
        known = self._statuses.get(verdict.check_id)
        if known is not None:
            known[verdict.status] += 1
        if verdict.status is Status.NOT_APPLICABLE and str(verdict.observed.get("cause")).lower() == "exempt":
            self._exempt[verdict.check_id] += 1

    def verdicts(self, scope: str) -> list[Verdict]:
        """Answer every check for the subscription."""
        answers = [self._answer(question, scope) for question in QUESTIONS]
        return [*answers, self._exemptions(scope)]

    def _answer(self, question: Question, scope: str) -> Verdict:
        statuses, retired = self._count(question.keys), self._count(question.retired)
        status, reason = _judge(statuses, retired.total())
        observed: dict[str, JsonValue] = {name.value: number for name, number in statuses.items()}
        return question.check.verdict(
            scope, status, reason, recommendations=list(question.keys), resources=observed
        )

    def _count(self, keys: Sequence[str]) -> Counter[Status]:
        return sum((self._statuses[f"{_PREFIX}{key}"] for key in keys), Counter())

    def _exemptions(self, scope: str) -> Verdict:
        observed: dict[str, JsonValue] = {
            "exempt": self._exempt.total(),
            "recommendations": [one.removeprefix(_PREFIX) for one in sorted(self._exempt)],
        }
        status, reason = Status.NOT_APPLICABLE, "No assessment is exempt."
        if self._exempt:
            status, reason = Status.MANUAL, f"Exempt assessments: {self._exempt.total()}. {_LOOK}"
        return EXEMPTIONS_REVIEWED.verdict(scope, status, reason, **observed)


def _judge(statuses: Mapping[Status, int], retired: int) -> tuple[Status, str]:
    if statuses[Status.FAIL]:
        return Status.FAIL, f"Unhealthy by the recommendation: {statuses[Status.FAIL]}."
    if statuses[Status.UNKNOWN]:
        return Status.UNKNOWN, f"Assessments with a status not documented: {statuses[Status.UNKNOWN]}."
    if statuses[Status.PASS]:
        return Status.PASS, f"Healthy by the recommendation, all it applies to: {statuses[Status.PASS]}."
    if statuses[Status.NOT_APPLICABLE]:
        return Status.NOT_APPLICABLE, "The recommendation applies to no resource that it lists."
    if retired:
        return Status.NOT_APPLICABLE, "Only a recommendation that Microsoft has retired is listed."
    return Status.NOT_APPLICABLE, _ABSENT
