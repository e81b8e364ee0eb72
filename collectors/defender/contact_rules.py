"""Whom Defender for Cloud writes to: the security contacts of the subscription.

`emails` is one text joined by semicolons. A minimal severity or risk level is "this or higher": a lower one
sends more, and so is never worse (Microsoft.Security, preview/2023-12-01-preview/securityContacts.json).
"""

from collections.abc import Iterable

from collectors.contract import Check, JsonValue
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Judge, Judgement, Rule, bad, good, judged, unknown
from collectors.defender.reads import CONTACTS

_PORTAL = "Portal: Microsoft Defender for Cloud > Environment settings > subscription > Email notifications"
_BICEP = "Bicep: Microsoft.Security/securityContacts@2023-12-01-preview named default:"


def email_set(subscription: Resource) -> Judgement:
    """Judge that a contact has an address; how many are observed, not whose."""
    contacts = _in_force(subscription)
    addresses = sum(len(_addresses(contact)) for contact in contacts)
    return judged(
        addresses,
        "A security contact has an e-mail address.",
        _none_in_force(subscription, "No security contact has an e-mail address."),
        contacts=len(contacts),
        addresses=addresses,
    )


def owners_notified(subscription: Resource) -> Judgement:
    """Judge that owners of the subscription are written to."""
    contacts = _in_force(subscription)
    states = [contact.text("properties.notificationsByRole.state") for contact in contacts]
    roles = [contact.texts("properties.notificationsByRole.roles") for contact in contacts]
    observed: dict[str, JsonValue] = {"states": states, "roles": [list(one) for one in roles]}
    if any(_by_role(contact, "owner") for contact in contacts):
        return good("Owners of the subscription are notified.", **observed)
    if any((state or "off").lower() not in {"on", "off"} for state in states):
        return unknown("The notification by role has a state that this version does not know.", **observed)
    return bad(_none_in_force(subscription, "Owners of the subscription are not notified."), **observed)


def notified_of(source: str, what: str, level: str, levels: Iterable[str]) -> Judge:
    """Make a judge that demands notifications of a kind of source, to anybody.

    Args:
        source: the source's type, `Alert` or `AttackPath`.
        what: what is told, in the plural.
        level: the field with the lowest level that is told.
        levels: the documented levels: whichever it is, the highest is told too.
    """
    known = {one.lower() for one in levels}

    def judge(subscription: Resource) -> Judgement:
        contacts = _in_force(subscription)
        heard = [contact for contact in contacts if _addresses(contact) or _by_role(contact)]
        told = [found for contact in heard for found in _sources(contact, source, level)]
        observed: dict[str, JsonValue] = {"recipients": len(heard), level: told}
        if any((one or "").lower() in known for one in told):
            return good(f"E-mails are sent about {what}.", **observed)
        if told:
            return unknown(f"The lowest level of {what} is none that this version knows.", **observed)
        reason = f"No e-mails are sent about {what}." if heard else f"Nobody receives e-mails about {what}."
        return bad(_none_in_force(subscription, reason), **observed)

    return judge


def _in_force(subscription: Resource) -> list[Resource]:
    """Leave out contacts that are switched off; one that does not say is not."""
    return [one for one in subscription.shared("contacts") if one.flag("properties.isEnabled") is not False]


def _none_in_force(subscription: Resource, otherwise: str) -> str:
    if not subscription.shared("contacts"):
        return "The subscription has no security contact."
    return otherwise if _in_force(subscription) else "The security contact is switched off."


def _addresses(contact: Resource) -> list[str]:
    emails = contact.text("properties.emails") or ""
    return [address for address in map(str.strip, emails.split(";")) if address]


def _by_role(contact: Resource, role: str | None = None) -> bool:
    on = contact.flag("properties.notificationsByRole.state") is True
    roles = {one.lower() for one in contact.texts("properties.notificationsByRole.roles")}
    return on and (bool(roles) if role is None else role in roles)


def _sources(contact: Resource, source: str, level: str) -> list[str | None]:
    found = contact.objects("properties.notificationsSources")
    wanted = [one for one in found if (one.text("sourceType") or "").lower() == source.lower()]
    return [one.text(level) for one in wanted]


RULES = (
    Rule(
        Check(
            id="defender_security_contact_email_set",
            title="Security contact email set",
            severity="medium",
            rationale="Microsoft writes to this address when it sees that data may have been stolen.",
            remediation=f"{_PORTAL} > Additional email addresses. {_BICEP} emails: '<address>;<address>'",
            permission=CONTACTS.permission,
        ),
        email_set,
        needs=("contacts",),
    ),
    Rule(
        Check(
            id="defender_security_contact_owners_notified",
            title="Owners notified of alerts",
            severity="medium",
            rationale="Owners can act at once, and do not depend on one mailbox being read.",
            remediation=f"{_PORTAL} > All users with the following roles > Owner. {_BICEP} "
            "notificationsByRole: { state: 'On', roles: ['Owner'] }",
            permission=CONTACTS.permission,
        ),
        owners_notified,
        needs=("contacts",),
    ),
    Rule(
        Check(
            id="defender_alert_notifications_high_severity",
            title="High severity alert email on",
            severity="medium",
            rationale="An alert of high severity is a probable attack, and should not wait to be looked up.",
            remediation=f"{_PORTAL} > Notify about alerts with the following severity (or higher) > High. "
            f"{_BICEP} notificationsSources: [{{ sourceType: 'Alert', minimalSeverity: 'High' }}]",
            permission=CONTACTS.permission,
        ),
        notified_of("Alert", "alerts of high severity", "minimalSeverity", ["High", "Medium", "Low"]),
        needs=("contacts",),
    ),
    Rule(
        Check(
            id="defender_attack_path_notifications_enabled",
            title="Attack path notifications on",
            severity="low",
            rationale="A new attack path is best closed before somebody walks it.",
            remediation=f"{_PORTAL} > Notify about attack paths with the following risk level (or higher). "
            f"{_BICEP} notificationsSources: [{{ sourceType: 'AttackPath', minimalRiskLevel: 'High' }}]",
            permission=CONTACTS.permission,
        ),
        notified_of("AttackPath", "attack paths", "minimalRiskLevel", ["Critical", "High", "Medium", "Low"]),
        needs=("contacts",),
    ),
)
