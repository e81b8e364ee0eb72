"""Key vaults: when keys and secrets expire, and whether keys are rotated."""

from collections.abc import Sequence

from collectors.contract import Check, JsonValue
from collectors.declarations.configuration import gap_judgement
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, Rule, bad, good, judged, not_applicable, unknown
from collectors.errors import Terminal
from collectors.key_vault.certificates import certificates
from collectors.key_vault.reads import KEYS, ROTATION_POLICY, SECRETS, is_enabled

RBAC = "properties.enableRbacAuthorization"
_ENDS = "properties.attributes.exp"
SHOWN = 20
"""So many names are kept with a verdict; their number always is."""


def expiration(part: str, *, roles: bool) -> Judge:
    """Demand that each enabled key or secret of a vault expires.

    Args:
        part: `keys` or `secrets`.
        roles: of vaults whose access Azure roles decide; else of those with access policies.
    """

    def judge(vault: Resource) -> Judgement:
        other = _other_model(vault, roles=roles)
        error = vault.gap((part,))
        if other is not None or error is not None:
            return other or _refused(error)
        usable = [item for item in vault.rows(part) if is_enabled(item)]
        if not usable:
            return not_applicable(f"The vault has no enabled {part}.", **{part: 0})
        undated = [item for item in usable if item.moment(_ENDS) is None]
        endless = [item for item in undated if item.at(_ENDS) is None]
        observed: dict[str, JsonValue] = {
            part: len(usable),
            "without_expiration": len(endless),
            "names": names_of(endless or undated),
        }
        if undated and not endless:
            reason = f"Enabled {part} whose expiration date Azure wrote in a way this version does not know"
            return unknown(f"{reason}: {len(undated)}.", **observed)
        return judged(
            not endless,
            f"All enabled {part} expire.",
            f"Enabled {part} without an expiration date: {len(endless)}.",
            **observed,
        )

    return judge


def names_of(items: Sequence[Resource]) -> list[str]:
    """Give the first names, in order."""
    return [item.name for item in items][:SHOWN]


def key_rotation(vault: Resource) -> Judgement:
    """Judge whether each enabled key has a rotation policy that rotates it, as Azure Resource Manager tells.

    The keys of certificates are left out: they are renewed with their certificate and have no policy.
    """
    certain, possible = certificates(vault)
    renewed = {one.name.lower() for one in certain}
    keys = [key for key in vault.rows("keys") if is_enabled(key) and key.name.lower() not in renewed]
    if not keys:
        return not_applicable("The vault has no enabled keys of its own.", keys=0)
    unread = [error for key in keys if (error := key.gap(("detail",)))]
    still = [key for key in keys if not key.gap(("detail",)) and not _rotates(key)]
    doubtful = {one.name.lower() for one in possible}
    surely = [key for key in still if key.name.lower() not in doubtful]
    observed: dict[str, JsonValue] = {
        "keys": len(keys),
        "without_rotation": len(still),
        "names": names_of(still),
    }
    if surely:
        return bad(f"Enabled keys that are not rotated: {len(surely)}.", **observed)
    if unread:
        return gap_judgement(unread[0])
    if still:
        return unknown("Keys without a policy may belong to certificates; Azure does not say.", **observed)
    return good("Every enabled key is rotated by its policy.", **observed)


def _other_model(vault: Resource, *, roles: bool) -> Judgement | None:
    """Say that a check is not about this vault; an absent flag means access policies."""
    found = vault.flag(RBAC)
    if found is None and vault.at(RBAC) is not None:
        return unknown("Azure does not say how access to the vault is decided.", **{RBAC: vault.at(RBAC)})
    if bool(found) is roles:
        return None
    how = "Azure roles decide" if found else "Access policies decide"
    return not_applicable(f"{how} access to this vault.", **{RBAC: found})


def _refused(error: Terminal | None) -> Judgement:
    return unknown("Could not be read.") if error is None else gap_judgement(error)


def _rotates(key: Resource) -> bool:
    detail = key.part("detail")
    said = [one for one in (key, detail) if one is not None]
    return any(
        (action.text("action.type") or "").lower() == "rotate"
        for one in said
        for action in one.objects(f"{ROTATION_POLICY}.lifetimeActions")
    )


CONTENT_RULES = (
    Rule(
        Check(
            id="key_vault_key_expiration_rbac",
            title="Keys expire (vaults with Azure roles)",
            severity="high",
            rationale="A key that never expires stays in use long after it should have been replaced.",
            remediation="Portal: key vault > Keys > key > version > Set expiration date. CLI: az keyvault "
            "key set-attributes --vault-name <vault> -n <key> --expires <date>",
            permission=KEYS.permission,
        ),
        expiration("keys", roles=True),
    ),
    Rule(
        Check(
            id="key_vault_key_expiration_access_policy",
            title="Keys expire (vaults with access policies)",
            severity="high",
            rationale="A key that never expires stays in use long after it should have been replaced.",
            remediation="Portal: key vault > Keys > key > version > Set expiration date. CLI: az keyvault "
            "key set-attributes --vault-name <vault> -n <key> --expires <date>",
            permission=KEYS.permission,
        ),
        expiration("keys", roles=False),
    ),
    Rule(
        Check(
            id="key_vault_secret_expiration_rbac",
            title="Secrets expire (vaults with Azure roles)",
            severity="high",
            rationale="A secret that never expires opens its door to whoever once learned it.",
            remediation="Portal: key vault > Secrets > secret > version > Set expiration date. CLI: az "
            "keyvault secret set-attributes --vault-name <vault> -n <secret> --expires <date>",
            permission=SECRETS.permission,
        ),
        expiration("secrets", roles=True),
    ),
    Rule(
        Check(
            id="key_vault_secret_expiration_access_policy",
            title="Secrets expire (vaults with access policies)",
            severity="high",
            rationale="A secret that never expires opens its door to whoever once learned it.",
            remediation="Portal: key vault > Secrets > secret > version > Set expiration date. CLI: az "
            "keyvault secret set-attributes --vault-name <vault> -n <secret> --expires <date>",
            permission=SECRETS.permission,
        ),
        expiration("secrets", roles=False),
    ),
    Rule(
        Check(
            id="key_vault_key_rotation_enabled",
            title="Automatic key rotation on",
            severity="medium",
            rationale="Keys that rotate by themselves are not forgotten, and a leaked one loses its worth.",
            remediation="Portal: key vault > Keys > key > Rotation policy > Enable auto rotation. CLI: az "
            "keyvault key rotation-policy update --vault-name <vault> -n <key> --value <policy file>",
            permission=KEYS.permission,
        ),
        key_rotation,
        needs=("keys", "secrets"),
    ),
)
