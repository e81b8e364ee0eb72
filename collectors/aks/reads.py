"""What is read of Kubernetes clusters."""

from collectors.contract import Read
from collectors.declarations.configuration import Child
from collectors.declarations.diagnostics import DIAGNOSTIC_SETTINGS
from collectors.declarations.resources import Resource

CLUSTERS = Read(
    path="/subscriptions/{subscription_id}/providers/Microsoft.ContainerService/managedClusters",
    api_version="2025-05-01",
    permission="Microsoft.ContainerService/managedClusters/read",
)
VERSIONS = Read(
    path="/{id}/kubernetesVersions",
    api_version="2025-05-01",
    permission="Microsoft.ContainerService/locations/kubernetesVersions/read",
)
ASSESSMENT_PERMISSION = "Microsoft.Security/assessments/read"
# Keys of Defender for Cloud's recommendations about what runs in a cluster, by the check they answer.
ASSESSMENTS = {
    "aks_privileged_containers_blocked": "5d90913f-a1c5-4429-ad54-2c6c17fb3c73",
    "aks_privilege_escalation_blocked": "43dc2a2e-ce69-4d42-923e-ab7d136f2cfe",
    "aks_trusted_images_only": "8d244d29-fa00-4332-b935-c3a51d525417",
    "aks_https_ingress_only": "c6d87087-9ebe-b31f-b452-0bf3bbbaccd2",
}


def region_of(cluster: Resource) -> str:
    """Give the id of the region a cluster is in, as the version list of that region is addressed."""
    subscription = "/".join(cluster.id.strip("/").split("/")[:2])
    region = (cluster.text("location") or "").replace(" ", "").lower()
    return f"{subscription}/providers/Microsoft.ContainerService/locations/{region}"


def has_region(cluster: Resource) -> bool:
    """Tell whether a cluster says which region it is in."""
    return bool(cluster.text("location"))


def has_policy(cluster: Resource) -> bool:
    """Tell whether the Azure Policy add-on is on: without it Azure sees nothing of what runs inside."""
    found = addon(cluster, "azurepolicy")
    return found is not None and found.flag("enabled") is True


def addon(cluster: Resource, name: str) -> Resource | None:
    """Give an add-on's profile; Azure answers its name in the casing of whoever switched it on."""
    profiles = cluster.at("properties.addonProfiles")
    for key in profiles if isinstance(profiles, dict) else ():
        found = cluster.at(f"properties.addonProfiles.{key}")
        if key.lower() == name and isinstance(found, dict):
            return cluster.with_raw(found)
    return None


def _assessment(key: str) -> Child:
    read = Read(
        path=f"/{{id}}/providers/Microsoft.Security/assessments/{key}",
        # The version that the defender service asks for: one shape of an assessment in the whole app.
        api_version="2025-05-04",
        permission=ASSESSMENT_PERMISSION,
    )
    return Child(read, when=has_policy)


CHILDREN = {
    # Which versions are supported depends on the region, and no list of the subscription says it; clusters of
    # one region share the request.
    "versions": Child(VERSIONS, of=region_of, when=has_region),
    # Diagnostic settings are answered per resource only.
    "diagnostics": Child(DIAGNOSTIC_SETTINGS, many=True),
    # The subscription's list of assessments holds every recommendation about every resource, tens of
    # thousands; these four per cluster are far fewer, and are asked only where Azure Policy looks into the
    # cluster.
    **{check_id: _assessment(key) for check_id, key in ASSESSMENTS.items()},
}
