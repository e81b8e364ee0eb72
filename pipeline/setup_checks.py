"""What a connection may read, tried for real: the call decides, the role name only explains."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import msgspec

from collectors.contract import Collector, Read, Reader
from collectors.errors import (
    AccessDenied,
    CollectionError,
    NotComputedYet,
    ResourceAbsent,
    ServiceNotEnabled,
    SubscriptionNotVisible,
)
from pipeline.authentication.claims import Principal
from pipeline.connecting import setup_probes as probes
from pipeline.connecting.expiry_check import check_expiry
from pipeline.connecting.graph_expiry import EndRemark
from pipeline.connecting.least_privilege import excess_roles
from pipeline.connecting.setup_probes import Outcome, Probe, service_probe
from pipeline.model import CheckStatus, SetupCheck
from pipeline.stores.records import ConnectionRecord

type PortalUrl = Callable[[str], str | None]


class Subscription(msgspec.Struct, frozen=True, rename="camel"):
    """A subscription as Azure describes it, every field optional (Microsoft.Resources, 2022-12-01)."""

    display_name: str | None = None
    state: str | None = None


class _List(msgspec.Struct, frozen=True):
    """The first page of a list; what stands in it does not matter here."""

    value: tuple[msgspec.Raw, ...] = ()


# Subscription states: "Azure subscription states" (learn.microsoft.com/azure/cost-management-billing/manage).
STATES: Mapping[str, tuple[CheckStatus, str, str]] = {
    "Enabled": ("pass", "is enabled", ""),
    "Warned": (
        "warn",
        "is in the state Warned: Azure will disable it soon",
        "Ask its billing owner to settle what is due. Until then everything can still be read.",
    ),
    "PastDue": (
        "warn",
        "is past due: an invoice is unpaid, and Azure may disable it",
        "Ask its billing owner to pay the invoice. Until then everything can still be read.",
    ),
    "Disabled": (
        "fail",
        "is disabled: Azure runs nothing in it, and Defender for Cloud assesses it no more",
        "Ask its billing owner to enable it again, or disconnect it. Evidence collected so far is kept.",
    ),
    "Deleted": (
        "fail",
        "was deleted",
        "Disconnect it. Evidence collected so far is kept.",
    ),
}
_STATES_LOWER = {state.lower(): meaning for state, meaning in STATES.items()}


async def read_subscription(reader: Reader) -> Subscription:
    """Read the subscription itself.

    Raises:
        SubscriptionNotVisible: the credential does not see it.
        CollectionError: it could not be read.
    """
    try:
        return await reader.get(probes.SUBSCRIPTION, Subscription)
    except ResourceAbsent as absent:
        raise SubscriptionNotVisible(absent.detail) from absent


async def check_setup(
    reader: Reader,
    *,
    connection: ConnectionRecord,
    principal: Principal | None,
    collectors: Mapping[str, Collector],
    now: datetime,
    portal_url: PortalUrl,
    remark: EndRemark | None = None,
) -> tuple[SetupCheck, ...]:
    """Try everything that a connection needs, all at once.

    Takes a reader of the connection's subscription, the connection, whom its token speaks for (None if there
    is no token), the collectors of its enabled services by name, the present, what makes addresses of portal
    pages, and what else is to be said of the secret's end. Gives every check, in a fixed order. An error of
    reading is an answer here, never raised.
    """
    setup = _Setup(reader, connection, portal_url)
    checks: list[Awaitable[SetupCheck]] = [
        setup.check(probes.VISIBLE, _visible(reader)),
        *(setup.check(probe, _tried(reader, probe)) for probe in probes.ROLE_PROBES),
        setup.check(probes.DEFENDER, _defender(reader)),
        setup.check(probes.PRIVILEGE, _privilege(reader, principal)),
        setup.check(probes.EXPIRY, _at_once(check_expiry(connection, now, remark))),
        *(setup.check(probe, _tried(reader, probe)) for probe in map(service_probe, collectors.values())),
    ]
    return tuple(await asyncio.gather(*checks))


class _Setup:
    """What every check needs to say where things are done."""

    def __init__(self, reader: Reader, connection: ConnectionRecord, portal_url: PortalUrl) -> None:
        self._scope = reader.subscription_scope
        self._portal_url = portal_url
        self._places = {
            "{subscription_id}": connection.subscription_id,
            "{tenant_id}": connection.credential.tenant_id,
            "{client_id}": connection.credential.client_id or "",
        }

    async def check(self, probe: Probe, attempt: Awaitable[Outcome]) -> SetupCheck:
        try:
            outcome = await attempt
        except CollectionError as error:
            outcome = self._explain(probe, error)
        return SetupCheck(
            id=probe.id,
            title=probe.title,
            status=outcome.status,
            detail=outcome.detail,
            advice=self._fill(outcome.advice),
            portal_url=self._portal_url(self._fill(outcome.portal_page)),
        )

    def _explain(self, probe: Probe, error: CollectionError) -> Outcome:
        meaning = next(probe.meanings[kind] for kind in type(error).__mro__ if kind in probe.meanings)
        if isinstance(error, AccessDenied) and error.scope == "/":
            # A permission of Microsoft Graph: no Azure role gives it, and the error itself says what does.
            meaning = msgspec.structs.replace(meaning, advice="", portal_page="")
        words = {
            "{permission}": error.permission if isinstance(error, AccessDenied) else "",
            "{role}": probe.role,
            "{scope}": self._scope,
            "{detail}": error.detail,
        }
        return Outcome(
            status=meaning.status,
            detail=_replace(meaning.detail, words),
            advice=_replace(meaning.advice, words) or error.advice or probes.LAST_ADVICE,
            portal_page=meaning.portal_page or error.portal_page,
        )

    def _fill(self, text: str) -> str:
        return _replace(text, {**self._places, "{scope}": self._scope})


def _replace(text: str, words: Mapping[str, str]) -> str:
    """Fill places one by one; unlike `format`, braces in what people named their things stay as they are."""
    for place, word in words.items():
        text = text.replace(place, word)
    return text


async def _tried(reader: Reader, probe: Probe) -> Outcome:
    """Try a probe's reads at once; of several refusals the missing permissions are named together."""
    answers = await asyncio.gather(*(_first_page(reader, read) for read in probe.reads))
    errors = [answer for answer in answers if answer is not None]
    denied = [error for error in errors if isinstance(error, AccessDenied)]
    if denied:
        permissions = " and ".join(error.permission for error in denied)
        first = denied[0]
        raise AccessDenied(
            first.detail,
            permission=permissions,
            scope=first.scope,
            advice=first.advice,
            portal_page=first.portal_page,
        )
    if errors:
        raise errors[0]
    return Outcome(status="pass", detail=probe.passed)


async def _first_page(reader: Reader, read: Read) -> CollectionError | None:
    try:
        await reader.get(read, msgspec.Raw)
    except CollectionError as error:
        return error
    return None


async def _visible(reader: Reader) -> Outcome:
    subscription = await read_subscription(reader)
    told = subscription.state or ""
    unknown: tuple[CheckStatus, str, str] = ("unknown", f"is in the state '{told}'", "")
    status, state, advice = _STATES_LOWER.get(told.lower(), unknown)
    words = {"{state}": state, "{name}": subscription.display_name or reader.subscription_id}
    return Outcome(
        status=status,
        detail=_replace(probes.VISIBLE.passed, words),
        advice=advice,
        portal_page=probes.SUBSCRIPTION_PAGE if advice else "",
    )


async def _defender(reader: Reader) -> Outcome:
    """Tell apart: off, not readable, not computed yet. A score proves it is on, whatever the plans answer."""
    plans, scores = await asyncio.gather(*(_listed(reader, read) for read in probes.DEFENDER.reads))
    if isinstance(scores, _List) and scores.value:
        return Outcome(status="pass", detail=probes.DEFENDER.passed)
    errors = [answer for answer in (plans, scores) if isinstance(answer, CollectionError)]
    if errors:
        raise min(errors, key=_weight)
    raise NotComputedYet("Defender for Cloud lists no secure score.")


async def _listed(reader: Reader, read: Read) -> _List | CollectionError:
    try:
        return await reader.get(read, _List)
    except CollectionError as error:
        return error


def _weight(error: CollectionError) -> int:
    """Order errors by what they prove: Defender is off, it cannot be read, anything, not computed."""
    if isinstance(error, ServiceNotEnabled):
        return 0
    if isinstance(error, AccessDenied):
        return 1
    return 3 if isinstance(error, NotComputedYet | ResourceAbsent) else 2


async def _privilege(reader: Reader, principal: Principal | None) -> Outcome:
    if principal is None:
        return Outcome(
            status="unknown",
            detail="Whose roles to look at is not known, because there was no access token.",
            advice="Cure the credential first.",
        )
    if principal.object_id is None:
        return Outcome(
            status="unknown",
            detail="Whose roles to look at is not known, because the access token does not name its owner.",
            advice="Check under Access control that the application has no role that writes.",
            portal_page=probes.ACCESS_CONTROL_PAGE,
        )
    excess = await excess_roles(reader, principal.object_id)
    if excess.writers:
        return Outcome(
            status="warn",
            detail=f"These roles allow more than reading: {', '.join(excess.writers)}.",
            advice="Remove them from the application at the scope {scope}; Reader, Security Reader and "
            "Monitoring Reader are enough.",
            portal_page=probes.ACCESS_CONTROL_PAGE,
        )
    if excess.unresolved:
        return Outcome(
            status="unknown",
            detail=f"The definitions of these roles cannot be seen: {', '.join(excess.unresolved)}.",
            advice="Check under Access control that they allow no more than reading.",
            portal_page=probes.ACCESS_CONTROL_PAGE,
        )
    return Outcome(status="pass", detail=probes.PRIVILEGE.passed)


async def _at_once(outcome: Outcome) -> Outcome:
    """Give what is known without asking anybody, as the other checks give theirs."""
    return outcome
