"""Key vaults: how long certificates are valid, told by the secrets that Key Vault keeps for them.

Azure Resource Manager lists no certificates. But each has a key and a secret of its own name, to which its
validity is mirrored (Microsoft Learn, "About Azure Key Vault certificates"), and those are listed.
"""

from collections.abc import Callable, Mapping

from collectors.contract import Check, JsonValue
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, bad, good, manual, not_applicable, unknown
from collectors.key_vault.reads import SECRETS, is_enabled

_TYPES = frozenset({"application/x-pkcs12", "application/x-pem-file"})
_STARTS, _ENDS = "properties.attributes.nbf", "properties.attributes.exp"
_DAY_S = 86_400

type Fault = Callable[[Resource, Mapping[str, float]], bool]


def certificates(vault: Resource) -> tuple[list[Resource], list[Resource]]:
    """Give the enabled secrets that certificates stand behind: those that surely do, and those that may.

    A secret with the name of a key may be a certificate's; its content type says so, where Azure gives it.
    """
    keys = {key.name.lower() for key in vault.rows("keys")}
    named = [one for one in vault.rows("secrets") if is_enabled(one) and one.name.lower() in keys]
    kinds = [(one, (one.text("properties.contentType") or "").lower()) for one in named]
    return [one for one, kind in kinds if kind in _TYPES], [one for one, kind in kinds if not kind]


def valid_too_long(certificate: Resource, limits: Mapping[str, float]) -> bool:
    """Tell whether a certificate is valid for more whole days than allowed."""
    starts, ends = certificate.moment(_STARTS), certificate.moment(_ENDS)
    if starts is None or ends is None:
        return False
    return (ends - starts).days > limits["days"]


def near_expiry(certificate: Resource, limits: Mapping[str, float]) -> bool:
    """Tell whether a certificate ends within so many days, or has ended."""
    ends = certificate.moment(_ENDS)
    return ends is not None and (ends - certificate.now).total_seconds() < limits["days"] * _DAY_S


def without(fault: Fault, yes: str, no: str) -> Callable[[Resource, Mapping[str, float]], Judgement]:
    """Demand that no certificate of a vault has a fault."""

    def judge(vault: Resource, limits: Mapping[str, float]) -> Judgement:
        certain, possible = certificates(vault)
        faulty = [one.name for one in certain if fault(one, limits)]
        undated = [one.name for one in certain if one.moment(_STARTS) is None or one.moment(_ENDS) is None]
        observed: dict[str, JsonValue] = {"certificates": len(certain), "names": faulty[:20]}
        if faulty:
            return bad(f"{no}: {len(faulty)}.", **observed)
        if undated:
            return unknown("A certificate came without the times of its validity.", **observed)
        if possible:
            names: JsonValue = [one.name for one in possible][:20]
            reason = "Azure does not say whether these secrets are certificates: look at their validity."
            return manual(reason, **observed, possible_certificates=names)
        return good(f"{yes}.", **observed) if certain else not_applicable("The vault has no certificates.")

    return judge


CERTIFICATE_RULES = (
    Rule(
        Check(
            id="key_vault_certificate_validity_max",
            title="Certificates valid for at most 12 months",
            severity="medium",
            rationale="The longer a certificate is valid, the longer a stolen one is of use.",
            remediation="Portal: key vault > Certificates > certificate > Issuance policy > Validity period. "
            "CLI: az keyvault certificate create --vault-name <vault> -n <name> -p <policy with "
            "validityInMonths 12>",
            permission=SECRETS.permission,
            thresholds={"days": 366},
        ),
        needs=("keys", "secrets"),
        within=without(
            valid_too_long, "No certificate is valid too long", "Certificates that are valid too long"
        ),
    ),
    Rule(
        Check(
            id="key_vault_certificate_not_expiring",
            title="Certificates not near expiry",
            severity="medium",
            rationale="A certificate that runs out takes its service down with it.",
            remediation="Portal: key vault > Certificates > certificate > New version, or Issuance policy > "
            "Lifetime action. CLI: az keyvault certificate create --vault-name <vault> -n <name> -p <policy>",
            permission=SECRETS.permission,
            thresholds={"days": 30},
        ),
        needs=("keys", "secrets"),
        within=without(near_expiry, "No certificate ends soon", "Certificates that end soon or have ended"),
    ),
)
