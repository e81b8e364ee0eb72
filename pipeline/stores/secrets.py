"""Secrets in Azure Key Vault: each under a name used once, cached for minutes, gone when deleted.

Rules: "About Azure Key Vault secrets" (25,600 bytes, attributes), "Azure Key Vault soft-delete overview" (a
deleted name stays taken until it is purged), "Azure Key Vault throttling guidance" (cache in memory).
"""

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError

from collectors.errors import ConnectorError, CredentialRejected
from pipeline.azure.clouds import CLOUDS
from pipeline.errors import SecretUnavailable

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.pipeline.transport import AsyncHttpTransport
    from azure.keyvault.secrets.aio import SecretClient

    from pipeline.settings import Settings

VAULT_SUFFIXES = tuple(cloud.vault_suffix for cloud in CLOUDS.values())
PROBE = "health-probe"
CACHED_FOR_S = 300.0
CONNECT_WITHIN_S = 10
ANSWER_WITHIN_S = 30
FORBIDDEN = 403
_FAILURES = (AzureError, ValueError)
"""What the client raises: its own errors, and ValueError for a body or a challenge that is none."""
UNUSABLE = ("SecretDisabled", "SecretExpired")


class _Inner(msgspec.Struct, frozen=True):
    code: str = ""


class _Error(msgspec.Struct, frozen=True):
    code: str = ""
    innererror: _Inner = _Inner()


class _Body(msgspec.Struct, frozen=True):
    error: _Error = _Error()


def own_identity(
    settings: "Settings", *, connections: "AsyncHttpTransport[Any, Any] | None" = None
) -> "AsyncTokenCredential":
    """Make the credential of the app itself: managed identity in Azure, Azure CLI on a developer's machine.

    Takes the settings (client id of a user-assigned identity, authority) and connections other than its own.
    Gives a credential that whoever asked for it closes. Sources that would ask a person, or read an editor's
    accounts, are left out.
    """
    from azure.identity.aio import DefaultAzureCredential

    return DefaultAzureCredential(
        authority=settings.authority_host,
        managed_identity_client_id=settings.client_id,
        exclude_shared_token_cache_credential=True,
        exclude_visual_studio_code_credential=True,
        exclude_powershell_credential=True,
        exclude_developer_cli_credential=True,
        **({"transport": connections} if connections else {}),
    )


class KeyVaultSecrets:
    """Fulfils `SecretStore` with one vault and the app's own identity.

    Args:
        settings: says which vault.
        identity: gives the app's own identity, which its giver closes; by default one is made here.
        connections: to the vault, which their giver closes; by default they are made and closed here.
        monotonic: seconds that only grow; for the age of what is cached.
    """

    def __init__(
        self,
        settings: "Settings",
        identity: "Callable[[], AsyncTokenCredential] | None" = None,
        *,
        connections: "AsyncHttpTransport[Any, Any] | None" = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._identity = identity
        self._connections = connections
        self._monotonic = monotonic
        self._cached: dict[str, tuple[float, str]] = {}
        self._opened: tuple[AsyncTokenCredential, SecretClient] | None = None

    async def put(self, name: str, value: str, *, expires_on: str | None, tags: dict[str, str]) -> None:
        """Keep a secret under a name that was never used.

        Takes the name, the value, the last day it is good for (YYYY-MM-DD, UTC) and tags for people who look
        into the vault.

        Raises:
            SecretUnavailable: Key Vault did not take it.
        """
        try:
            await self._client().set_secret(name, value, expires_on=_end_of(expires_on), tags=tags)
        except _FAILURES as error:
            raise _failed(error, "keep") from None
        self._remember(name, value)

    async def get(self, name: str) -> str:
        """Give a secret, from memory if it was asked for within five minutes.

        Raises:
            SecretUnavailable: Key Vault did not answer this time.
            CredentialRejected: the secret is gone, disabled or expired (`secret_missing`).
        """
        until, value = self._cached.get(name, (0.0, ""))
        if until > self._monotonic():
            return value
        try:
            bundle = await self._client().get_secret(name)
        except _FAILURES as error:
            raise _missing() if _is_missing(error) else _failed(error, "read") from None
        return self._remember(name, bundle.value or "")

    async def delete(self, name: str) -> bool:
        """Delete a secret and purge it where the vault allows; tells whether nothing is left of it.

        False: the vault keeps it, deleted, until its retention ends. A secret that is not there is no error.

        Raises:
            SecretUnavailable: Key Vault did not answer, or forbids deleting.
        """
        self.forget(name)
        try:
            await self._client().delete_secret(name)
        except ResourceNotFoundError:
            pass
        except _FAILURES as error:
            raise _failed(error, "delete") from None
        return await self._purge(name)

    async def probe(self) -> None:
        """Ask for a secret that does not exist: that the vault says so proves it usable."""
        with contextlib.suppress(CredentialRejected):
            await self.get(PROBE)

    def forget(self, name: str) -> None:
        """Drop a secret from memory, so that the next read asks Key Vault."""
        self._cached.pop(name, None)

    async def close(self) -> None:
        """Close the connections to Key Vault and to the identity's endpoint, and drop what is cached."""
        self._cached.clear()
        opened, self._opened = self._opened, None
        if opened is not None:
            identity, client = opened
            if self._connections is None:
                await client.close()
            if self._identity is None:
                await identity.close()

    async def _purge(self, name: str) -> bool:
        try:
            await self._client().purge_deleted_secret(name)
        except ResourceNotFoundError:
            return True
        except HttpResponseError as error:
            if error.status_code == FORBIDDEN:
                return False
            raise _failed(error, "purge") from None
        except _FAILURES as error:
            raise _failed(error, "purge") from None
        return True

    def _remember(self, name: str, value: str) -> str:
        now = self._monotonic()
        self._cached = {known: entry for known, entry in self._cached.items() if entry[0] > now}
        self._cached[name] = (now + CACHED_FOR_S, value)
        return value

    def _client(self) -> "SecretClient":
        """Open the vault on first use; elsewhere than in Azure no name can match the challenge's resource."""
        if self._opened is None:
            from azure.keyvault.secrets.aio import SecretClient

            identity = (self._identity or partial(own_identity, self._settings))()
            client = SecretClient(
                self._settings.key_vault_url,
                identity,
                verify_challenge_resource=is_azure_vault(self._settings.key_vault_url),
                connection_timeout=CONNECT_WITHIN_S,
                read_timeout=ANSWER_WITHIN_S,
                **({"transport": self._connections} if self._connections else {}),
            )
            self._opened = (identity, client)
        return self._opened[1]


def is_azure_vault(vault_url: str) -> bool:
    """Tell whether a vault's host name ends as those of Azure's clouds do."""
    return (urlsplit(vault_url).hostname or "").endswith(VAULT_SUFFIXES)


def _end_of(day: str | None) -> datetime | None:
    """Give the moment a day is over in UTC."""
    if day is None:
        return None
    return datetime.combine(date.fromisoformat(day) + timedelta(days=1), datetime.min.time(), UTC)


def _is_missing(error: AzureError | ValueError) -> bool:
    return isinstance(error, ResourceNotFoundError) or _inner_code(error) in UNUSABLE


def _inner_code(error: AzureError | ValueError) -> str:
    response = error.response if isinstance(error, HttpResponseError) else None
    if response is None:
        return ""
    try:
        return msgspec.json.decode(response.text(), type=_Body).error.innererror.code
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _missing() -> ConnectorError:
    return CredentialRejected(
        "The credential's secret is no longer in the key vault, or cannot be used there.",
        advice="Change the connection and enter the credential again.",
        reason="secret_missing",
    )


def _failed(error: AzureError | ValueError, verb: str) -> ConnectorError:
    """Say what Key Vault did, by status and code; its message may quote what was sent."""
    status = error.status_code if isinstance(error, HttpResponseError) else None
    if status == FORBIDDEN:
        return SecretUnavailable(
            f"Key Vault does not let this app {verb} a secret ({_inner_code(error) or 'Forbidden'}).",
            advice="Give the app's identity the role Key Vault Secrets Officer on the vault, and let its "
            "network through the vault's firewall. A new role can take up to 30 minutes.",
        )
    answer = f"HTTP {status}" if status else type(error).__name__
    return SecretUnavailable(
        f"Key Vault could not {verb} a secret ({answer}).",
        advice="It is tried again. If it stays, check KEY_VAULT_URL and the app's identity.",
    )
