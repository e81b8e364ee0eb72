"""What may run in a cluster: as Defender for Cloud sees it through the Azure Policy add-on."""

from collectors.aks.reads import ASSESSMENT_PERMISSION, has_policy
from collectors.contract import Check
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, Rule, bad, good, manual, not_applicable, unknown

_LOOK = (
    "Look whether the cluster's own admission control (Pod Security Admission, Gatekeeper, Kyverno) does it."
)


def _assessed(check_id: str, healthy: str, unhealthy: str) -> Judge:
    """Make a judge of what Defender for Cloud says of a cluster under one recommendation."""

    def judge(cluster: Resource) -> Judgement:
        if not has_policy(cluster):
            return manual(
                f"The Azure Policy add-on is off, so Azure sees no workloads. {_LOOK}", policy_addon=False
            )
        found = cluster.part(check_id)
        if found is None:
            return manual(f"Defender for Cloud has not assessed the cluster. {_LOOK}", assessment=None)
        code = found.text("properties.status.code")
        cause = found.text("properties.status.cause")
        match (code or "").lower():
            case "healthy":
                return good(healthy, assessment=code)
            case "unhealthy":
                return bad(unhealthy, assessment=code)
            case "notapplicable":
                return not_applicable(
                    "Defender for Cloud does not assess it here.", assessment=code, cause=cause
                )
        return unknown(
            f"Defender for Cloud says {code}, a status this version does not know.", assessment=code
        )

    return judge


RULES = (
    Rule(
        Check(
            id="aks_privileged_containers_blocked",
            title="Privileged containers blocked",
            severity="medium",
            rationale="A privileged container owns its node, and every other container on it.",
            remediation="Portal: Policy > Assignments > assign 'Kubernetes cluster should not allow "
            "privileged containers' with effect deny. CLI: az policy assignment create --policy "
            "95edb821-ddaf-4404-9732-666045e056b4 --scope <cluster id>",
            permission=ASSESSMENT_PERMISSION,
        ),
        _assessed(
            "aks_privileged_containers_blocked",
            "No privileged container runs in the cluster.",
            "Privileged containers run in the cluster.",
        ),
        needs=("aks_privileged_containers_blocked",),
    ),
    Rule(
        Check(
            id="aks_privilege_escalation_blocked",
            title="Privilege escalation blocked",
            severity="medium",
            rationale="A container that may gain privileges turns a small hole into the whole node.",
            remediation="Portal: Policy > Assignments > assign 'Kubernetes clusters should not allow "
            "container privilege escalation' with effect deny. CLI: az policy assignment create --policy "
            "1c6e92c9-99f0-4e55-9cf2-0c234dc48f99 --scope <cluster id>",
            permission=ASSESSMENT_PERMISSION,
        ),
        _assessed(
            "aks_privilege_escalation_blocked",
            "No container may gain privileges.",
            "Containers run that may gain privileges.",
        ),
        needs=("aks_privilege_escalation_blocked",),
    ),
    Rule(
        Check(
            id="aks_trusted_images_only",
            title="Only allowed images",
            severity="high",
            rationale="An image from anywhere brings whatever its author put into it.",
            remediation="Portal: Policy > Assignments > assign 'Kubernetes cluster containers should only "
            "use allowed images' with effect deny. CLI: az policy assignment create --policy "
            "febd0533-8e55-448f-b837-bd0e06f16469 --scope <cluster id> --params '<allowed registries>'",
            permission=ASSESSMENT_PERMISSION,
        ),
        _assessed(
            "aks_trusted_images_only",
            "Every container uses an allowed image.",
            "Containers run images that are not allowed.",
        ),
        needs=("aks_trusted_images_only",),
    ),
    Rule(
        Check(
            id="aks_https_ingress_only",
            title="Ingress through HTTPS only",
            severity="high",
            rationale="Plain HTTP lets anybody on the way read and change what is sent.",
            remediation="Portal: Policy > Assignments > assign 'Kubernetes clusters should be accessible "
            "only over HTTPS' with effect deny. CLI: az policy assignment create --policy "
            "1a5b4dca-0b6f-4cf5-907c-56316bc1bf3d --scope <cluster id>",
            permission=ASSESSMENT_PERMISSION,
        ),
        _assessed(
            "aks_https_ingress_only",
            "Every ingress takes HTTPS only.",
            "An ingress takes plain HTTP.",
        ),
        needs=("aks_https_ingress_only",),
    ),
)
