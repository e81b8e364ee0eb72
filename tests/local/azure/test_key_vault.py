"""The key vault as the azure-keyvault-secrets client uses it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity.aio import ClientSecretCredential, ManagedIdentityCredential
from azure.keyvault.secrets.aio import SecretClient

from local.azure import SimulatedAzure
from local.azure.knobs import SetVault

VALUE = "made-up-value"


@pytest.fixture
async def vault(azure: SimulatedAzure, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SecretClient]:
    """Microsoft's own client, as the connector's managed identity."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{azure.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", azure.simulation.identity_header)
    trusted = str(azure.ca_path)
    async with (
        ManagedIdentityCredential(connection_verify=trusted) as credential,
        SecretClient(
            azure.url, credential, verify_challenge_resource=False, connection_verify=trusted, retry_total=0
        ) as client,
    ):
        yield client


async def test_a_secret_is_kept(vault: SecretClient) -> None:
    """What is set can be read, with its expiry, type and tags."""
    expires_on = datetime(2027, 5, 1, tzinfo=UTC)
    await vault.set_secret("a", VALUE, expires_on=expires_on, content_type="text", tags={"for": "test"})

    secret = await vault.get_secret("a")

    properties = secret.properties
    found = (secret.value, properties.expires_on, properties.content_type, properties.tags)
    assert found == (VALUE, expires_on, "text", {"for": "test"})


async def test_the_first_request_is_challenged(azure: SimulatedAzure, vault: SecretClient) -> None:
    """The client asks without a token first and is told where to get one."""
    await vault.set_secret("a", VALUE)

    asked = [(entry.status, entry.authorization) for entry in azure.simulation.log.entries]
    assert asked == [(401, False), (200, False), (200, True)]


async def test_versions_are_kept(vault: SecretClient) -> None:
    """A second set adds a version; the first can still be read."""
    first = await vault.set_secret("a", "made-up-1")
    second = await vault.set_secret("a", "made-up-2")

    versions = {found.version async for found in vault.list_properties_of_secret_versions("a")}
    old = await vault.get_secret("a", first.properties.version)

    assert versions == {first.properties.version, second.properties.version}
    assert (old.value, (await vault.get_secret("a")).value) == ("made-up-1", "made-up-2")


async def test_an_unknown_secret_is_not_found(vault: SecretClient) -> None:
    """404 SecretNotFound."""
    with pytest.raises(ResourceNotFoundError, match="SecretNotFound"):
        await vault.get_secret("a")


async def test_secrets_are_listed_without_values(vault: SecretClient) -> None:
    """The list goes over several pages and holds no value."""
    for number in range(27):
        await vault.set_secret(f"secret-{number:02d}", VALUE)

    listed = [found.name async for found in vault.list_properties_of_secrets()]

    assert listed == [f"secret-{number:02d}" for number in range(27)]


async def test_attributes_can_be_changed(vault: SecretClient) -> None:
    """A disabled secret cannot be read: 403."""
    await vault.set_secret("a", VALUE)
    await vault.update_secret_properties("a", enabled=False)

    with pytest.raises(HttpResponseError, match="disabled secret") as caught:
        await vault.get_secret("a")

    assert caught.value.status_code == 403


async def test_expiry_does_not_stop_reading(vault: SecretClient) -> None:
    """`exp` only informs: an expired secret can be read (About Key Vault secrets)."""
    await vault.set_secret("a", VALUE, expires_on=datetime.now(UTC) - timedelta(days=1))

    assert (await vault.get_secret("a")).value == VALUE


async def test_a_deleted_secret_is_soft_deleted(vault: SecretClient) -> None:
    """It is gone from its place and listed among the deleted."""
    await vault.set_secret("a", VALUE)
    deleted = await vault.delete_secret("a")

    listed = [found.name async for found in vault.list_deleted_secrets()]

    assert (deleted.name, listed) == ("a", ["a"])
    with pytest.raises(ResourceNotFoundError):
        await vault.get_secret("a")


async def test_a_deleted_name_cannot_be_used(vault: SecretClient) -> None:
    """Setting a soft-deleted name is 409 ObjectIsDeletedButRecoverable."""
    await vault.set_secret("a", VALUE)
    await vault.delete_secret("a")

    with pytest.raises(ResourceExistsError, match="deleted but recoverable"):
        await vault.set_secret("a", VALUE)


async def test_a_deleted_secret_can_be_recovered(vault: SecretClient) -> None:
    """Recovery brings the value back."""
    await vault.set_secret("a", VALUE)
    await vault.delete_secret("a")

    await vault.recover_deleted_secret("a")

    assert (await vault.get_secret("a")).value == VALUE


async def test_a_purged_name_can_be_used(vault: SecretClient) -> None:
    """After a purge the name is free."""
    await vault.set_secret("a", VALUE)
    await vault.delete_secret("a")
    await vault.purge_deleted_secret("a")

    await vault.set_secret("a", "made-up-2")

    assert (await vault.get_secret("a")).value == "made-up-2"


async def test_a_protected_vault_does_not_purge(azure: SimulatedAzure, vault: SecretClient) -> None:
    """With purge protection a purge is 403, and the recovery level says so."""
    azure.apply(SetVault(purgeable=False))
    await vault.set_secret("a", VALUE)
    deleted = await vault.delete_secret("a")

    with pytest.raises(HttpResponseError, match="not enabled for this vault"):
        await vault.purge_deleted_secret("a")
    assert deleted.properties.recovery_level == "Recoverable"


async def test_a_bad_name_is_refused(vault: SecretClient) -> None:
    """Names are letters, digits and dashes."""
    with pytest.raises(HttpResponseError, match="BadParameter"):
        await vault.set_secret("a_b", VALUE)


async def test_another_principal_is_forbidden(
    azure: SimulatedAzure, credential: ClientSecretCredential
) -> None:
    """The connector's app registration may not use the vault: 403 ForbiddenByRbac."""
    async with SecretClient(
        azure.url, credential, verify_challenge_resource=False, connection_verify=str(azure.ca_path)
    ) as client:
        with pytest.raises(HttpResponseError, match="Caller is not authorized") as caught:
            await client.get_secret("a")

    assert caught.value.status_code == 403
