"""App registrations: how long their secrets and certificates hold."""

from collections.abc import Mapping

from collectors.contract import Check
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judgement, Rule, judged, not_applicable, unknown
from collectors.entra.reads import APPLICATIONS


def credentials_valid(application: Resource) -> Judgement:
    """Judge whether a secret or certificate of an application has expired."""
    found = (*application.objects("passwordCredentials"), *application.objects("keyCredentials"))
    if not found:
        return not_applicable("The application has no secret and no certificate.")
    ages = [one.age_days("endDateTime") for one in found]
    if None in ages:
        return unknown("Graph does not say when a secret or certificate ends.", credentials=len(found))
    expired = [
        one.text("keyId") for one, age in zip(found, ages, strict=True) if age is not None and age >= 0
    ]
    yes, no = "No secret or certificate has expired.", f"{len(expired)} secrets or certificates have expired."
    return judged(not expired, yes, no, credentials=len(found), expired=expired)


def _lifetime(secret: Resource) -> float | None:
    start, end = secret.moment("startDateTime"), secret.moment("endDateTime")
    return None if start is None or end is None else (end - start).total_seconds() / 86_400


def secrets_short(application: Resource, limits: Mapping[str, float]) -> Judgement:
    """Judge for how long an application's secrets were made to hold."""
    found = application.objects("passwordCredentials")
    if not found:
        return not_applicable("The application has no secret.")
    known = [life for life in map(_lifetime, found) if life is not None]
    longest = max(known, default=0)
    if longest <= limits["days"] and len(known) < len(found):
        return unknown("Graph does not say how long a secret holds.", secrets=len(found))
    said = f"The longest secret holds for {longest:.0f} days."
    return judged(longest <= limits["days"], said, said, secrets=len(found), longest_days=round(longest))


APPLICATION_RULES = (
    Rule(
        Check(
            id="entra_app_credential_not_expired",
            title="No expired credential on an app registration",
            severity="high",
            rationale="Expired credentials show that nobody keeps the application, and hide the others.",
            remediation="Portal: Entra ID > App registrations > the app > Certificates & secrets > Delete. "
            "CLI: az ad app credential delete --id <app id> --key-id <key id>",
            permission=APPLICATIONS.permission,
        ),
        credentials_valid,
    ),
    Rule(
        Check(
            id="entra_app_secret_expiry_short",
            title="App secrets short-lived",
            severity="medium",
            rationale="A secret that leaked is of use for as long as it holds.",
            remediation="Portal: Entra ID > App registrations > the app > Certificates & secrets > New "
            "client secret of at most 180 days, or a certificate. CLI: az ad app credential reset "
            "--end-date <date>",
            permission=APPLICATIONS.permission,
            thresholds={"days": 180},
        ),
        within=secrets_short,
    ),
)
