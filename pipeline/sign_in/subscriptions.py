"""The subscriptions that a person sees, each with the reason if it cannot be connected."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec

from collectors.contract import Read, Reader
from collectors.errors import AccessDenied
from pipeline.sign_in.roles import demand_role
from pipeline.sign_in.views import SignInSubscription
from pipeline.stores.protocols import ConnectionStore

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

SUBSCRIPTIONS = Read(
    path="/subscriptions", api_version="2022-12-01", permission="Microsoft.Resources/subscriptions/read"
)
"""The one read outside any subscription that a sign-in makes; the guard allows it by its name."""
AT_ONCE = 8

# Subscription states: "Azure subscription states" (learn.microsoft.com/azure/cost-management-billing/manage).
NOT_CONNECTABLE: Mapping[str, str] = {
    "disabled": "The subscription is disabled. Ask its billing owner to enable it again.",
    "deleted": "The subscription was deleted.",
    "warned": "Azure will disable the subscription soon. Ask its billing owner to settle what is due.",
}
TO_KNOW: Mapping[str, str] = {
    "pastdue": "An invoice is unpaid, and Azure may disable the subscription.",
}


class OpensReaders(Protocol):
    """Opens Azure, one subscription at a time."""

    def reader(self, *, credential: "AsyncTokenCredential", tenant_id: str, subscription_id: str) -> Reader:
        """Give a reader of one subscription; "" for none, which reads what lies outside all."""
        ...


class _Subscription(msgspec.Struct, frozen=True, rename="camel"):
    subscription_id: str
    display_name: str = ""
    state: str = ""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who signed in: how to read as that person."""

    credential: "AsyncTokenCredential"
    tenant_id: str
    principal_id: str


class SubscriptionList:
    """Lists what a person could connect.

    Args:
        azure: gives what opens readers, when it is first needed.
        store: tells what is connected already.
    """

    def __init__(self, azure: Callable[[], OpensReaders], store: ConnectionStore) -> None:
        self._azure = azure
        self._store = store
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def of(self, person: Person) -> tuple[SignInSubscription, ...]:
        """List every subscription that a person sees, by name.

        Raises:
            CredentialRejected: Entra refuses the sign-in by now.
            CollectionError: Azure did not answer the list, or one of the tries.
        """
        reader = self._reader(person, "")
        found = [row async for page in reader.pages(SUBSCRIPTIONS, _Subscription) for row in page]
        by_id = {row.subscription_id.lower(): row for row in found}
        ordered = sorted(by_id.values(), key=lambda row: (row.display_name.lower(), row.subscription_id))
        return tuple(await asyncio.gather(*(self._judged(person, row) for row in ordered)))

    async def _judged(self, person: Person, row: _Subscription) -> SignInSubscription:
        subscription_id = row.subscription_id.lower()
        async with self._turn:
            connection_id = await self._store.claimed_by(subscription_id)
            reason = "The subscription is connected already." if connection_id else ""
            reason = reason or NOT_CONNECTABLE.get(row.state.lower(), "")
            reason = reason or await self._missing_role(person, subscription_id)
        return SignInSubscription(
            subscription_id=subscription_id,
            display_name=row.display_name or subscription_id,
            state=row.state,
            connectable=not reason,
            reason=reason or TO_KNOW.get(row.state.lower(), ""),
            connection_id=connection_id,
        )

    async def _missing_role(self, person: Person, subscription_id: str) -> str:
        """Say that the person has no role, tried with the person's own token; "" if there is one."""
        reader = self._reader(person, subscription_id)
        try:
            await demand_role(reader, person.principal_id, tenant_id=person.tenant_id)
        except AccessDenied as error:
            return f"{error.detail} {error.advice}"
        return ""

    def _reader(self, person: Person, subscription_id: str) -> Reader:
        return self._azure().reader(
            credential=person.credential, tenant_id=person.tenant_id, subscription_id=subscription_id
        )
