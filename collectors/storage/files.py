"""Storage: how file shares are reached over SMB."""

from collectors.contract import Check
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, Rule, bad, judged, unknown
from collectors.storage.protection import of_service
from collectors.storage.reads import FILE_SERVICE


def only(path: str, what: str, *, wanted: str, others: frozenset[str]) -> Judge:
    """Demand that a list written as one text, with `;` between, allows one value only.

    Where nothing was chosen Azure Files allows every value (Microsoft Learn, "SMB file shares in Azure
    Files").

    Args:
        others: the other values Azure documents, lower-cased.
    """

    def judge(service: Resource) -> Judgement:
        found = service.text(path)
        values = {value.strip().lower() for value in (found or "").split(";")} - {""}
        if not values:
            return bad(f"{what} were never restricted, so that all are allowed.", **{path: found})
        if values - others - {wanted.lower()}:
            return unknown(f"{what} are {found}; this version does not know them all.", **{path: found})
        return judged(
            values == {wanted.lower()}, f"Only {wanted} is allowed.", f"{what} are {found}.", **{path: found}
        )

    return judge


FILE_RULES = (
    Rule(
        Check(
            id="storage_smb_version_311",
            title="SMB 3.1.1 for file shares",
            severity="medium",
            rationale="Older versions of SMB can be downgraded by somebody on the way.",
            remediation="Portal: storage account > File shares > Security > Maximum security. CLI: az "
            "storage "
            "account file-service-properties update -n <name> --versions SMB3.1.1",
            permission=FILE_SERVICE.permission,
        ),
        of_service(
            "file_service",
            only(
                "properties.protocolSettings.smb.versions",
                "The allowed versions of SMB",
                wanted="SMB3.1.1",
                others=frozenset({"smb2.1", "smb3.0"}),
            ),
        ),
        needs=("file_service",),
    ),
    Rule(
        Check(
            id="storage_smb_channel_encryption",
            title="SMB channel encryption AES-256-GCM",
            severity="medium",
            rationale="AES-256-GCM is the strongest encryption of the SMB channel.",
            remediation="Portal: storage account > File shares > Security > Maximum security. CLI: az "
            "storage "
            "account file-service-properties update -n <name> --channel-encryption AES-256-GCM",
            permission=FILE_SERVICE.permission,
        ),
        of_service(
            "file_service",
            only(
                "properties.protocolSettings.smb.channelEncryption",
                "The allowed encryptions of the SMB channel",
                wanted="AES-256-GCM",
                others=frozenset({"aes-128-ccm", "aes-128-gcm"}),
            ),
        ),
        needs=("file_service",),
    ),
)
