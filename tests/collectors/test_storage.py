"""Storage accounts: each check by what it passes, fails, and makes of an absent value."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from collectors.contract import JsonValue
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.storage import RULES

NOW = datetime(2026, 3, 1, tzinfo=UTC)
GROUP = "/subscriptions/s/resourceGroups/g"
ID = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/account1"
SERVICES = ("blob", "file", "queue", "table")
APPROVED = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
PENDING = {"properties": {"privateLinkServiceConnectionState": {"status": "Pending"}}}


def ago(days: float) -> str:
    """Write the time of some days ago as Azure does."""
    return (NOW - timedelta(days=days)).isoformat().replace("+00:00", ".1234567Z")


def account(
    properties: JsonObject,
    parts: Mapping[str, Resource | tuple[Resource, ...] | None] | None = None,
    locks: tuple[Resource, ...] = (),
    **more: JsonValue,
) -> Resource:
    """Make an account, everything below it read and empty but what is given."""
    logs = {f"{service}_logs": () for service in SERVICES}
    empty = {"blob_service": None, "file_service": None, "containers": (), **logs}
    surroundings = Surroundings(NOW, {"locks": locks})
    return Resource({"id": ID, "properties": properties, **more}, surroundings, {**empty, **(parts or {})})


def verdict(check_id: str, resource: Resource) -> str:
    """Judge an account by one check."""
    return evaluate(resource, [rule for rule in RULES if rule.check.id == f"storage_{check_id}"])[
        0
    ].status.value


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("https_only", {"supportsHttpsTrafficOnly": True}, "pass"),
        ("https_only", {"supportsHttpsTrafficOnly": False}, "fail"),
        ("https_only", {}, "pass"),
        ("min_tls_12", {"minimumTlsVersion": "TLS1_2"}, "pass"),
        ("min_tls_12", {"minimumTlsVersion": "tls1_3"}, "pass"),
        ("min_tls_12", {"minimumTlsVersion": "TLS1_1"}, "fail"),
        ("min_tls_12", {"minimumTlsVersion": "TLS2_0"}, "unknown"),
        ("min_tls_12", {}, "fail"),
        ("blob_anonymous_access_disabled", {"allowBlobPublicAccess": False}, "pass"),
        ("blob_anonymous_access_disabled", {"allowBlobPublicAccess": True}, "fail"),
        ("blob_anonymous_access_disabled", {"allowBlobPublicAccess": "perhaps"}, "unknown"),
        ("blob_anonymous_access_disabled", {"creationTime": "2023-11-01T00:00:00Z"}, "pass"),
        ("blob_anonymous_access_disabled", {"creationTime": "2023-10-31T23:59:59Z"}, "manual"),
        ("blob_anonymous_access_disabled", {"allowBlobPublicAccess": None, "creationTime": "?"}, "manual"),
        ("blob_anonymous_access_disabled", {"primaryEndpoints": {"file": "https://f/"}}, "pass"),
        ("blob_anonymous_access_disabled", {}, "manual"),
        ("public_network_disabled", {"publicNetworkAccess": "disabled"}, "pass"),
        ("public_network_disabled", {"publicNetworkAccess": "Enabled"}, "fail"),
        ("public_network_disabled", {"publicNetworkAccess": "SecuredByPerimeter"}, "manual"),
        ("public_network_disabled", {}, "fail"),
        ("default_network_deny", {"networkAcls": {"defaultAction": "deny"}}, "pass"),
        ("default_network_deny", {"networkAcls": {"defaultAction": "Allow"}}, "fail"),
        ("default_network_deny", {"publicNetworkAccess": "Disabled"}, "pass"),
        ("default_network_deny", {"publicNetworkAccess": "securedByPerimeter"}, "manual"),
        (
            "default_network_deny",
            {"publicNetworkAccess": "SecuredByPerimeter", "networkAcls": {"defaultAction": "Allow"}},
            "manual",
        ),
        ("default_network_deny", {}, "fail"),
        ("private_endpoint_used", {"privateEndpointConnections": [PENDING, APPROVED]}, "pass"),
        ("private_endpoint_used", {"privateEndpointConnections": [PENDING]}, "fail"),
        ("private_endpoint_used", {}, "fail"),
        ("trusted_services_allowed", {"networkAcls": {"bypass": "Logging, azureservices"}}, "pass"),
        ("trusted_services_allowed", {"networkAcls": {"bypass": "Logging, Metrics"}}, "fail"),
        ("trusted_services_allowed", {"networkAcls": {"bypass": "None"}}, "fail"),
        ("trusted_services_allowed", {"networkAcls": {"bypass": "Friends"}}, "unknown"),
        ("trusted_services_allowed", {}, "pass"),
        ("shared_key_access_disabled", {"allowSharedKeyAccess": False}, "pass"),
        ("shared_key_access_disabled", {"allowSharedKeyAccess": True}, "fail"),
        ("shared_key_access_disabled", {"allowSharedKeyAccess": None}, "fail"),
        ("shared_key_access_disabled", {}, "fail"),
        ("default_entra_authorization", {"defaultToOAuthAuthentication": True}, "pass"),
        ("default_entra_authorization", {"defaultToOAuthAuthentication": False}, "fail"),
        ("default_entra_authorization", {}, "fail"),
        ("key_rotation_90_days", {"keyCreationTime": {"key1": ago(1), "key2": ago(89)}}, "pass"),
        ("key_rotation_90_days", {"keyCreationTime": {"key1": ago(1), "key2": ago(91)}}, "fail"),
        ("key_rotation_90_days", {"keyCreationTime": {"key1": ago(1), "key2": "soon"}}, "unknown"),
        ("key_rotation_90_days", {"keyCreationTime": {"key1": ago(1)}, "creationTime": ago(9)}, "pass"),
        ("key_rotation_90_days", {"keyCreationTime": {"key1": ago(1)}, "creationTime": ago(99)}, "fail"),
        ("key_rotation_90_days", {}, "fail"),
        ("key_rotation_reminders_enabled", {"keyPolicy": {"keyExpirationPeriodInDays": 90}}, "pass"),
        ("key_rotation_reminders_enabled", {"keyPolicy": {"keyExpirationPeriodInDays": 0}}, "fail"),
        ("key_rotation_reminders_enabled", {}, "fail"),
        ("sas_expiration_policy_set", {"sasPolicy": {"sasExpirationPeriod": "7.00:00:00"}}, "pass"),
        ("sas_expiration_policy_set", {"sasPolicy": None}, "fail"),
        ("sas_expiration_policy_set", {}, "fail"),
        ("cmk_encryption", {"encryption": {"keySource": "Microsoft.KeyVault"}}, "pass"),
        ("cmk_encryption", {"encryption": {"keySource": "Microsoft.Storage"}}, "fail"),
        ("cmk_encryption", {}, "fail"),
        (
            "infrastructure_encryption_enabled",
            {"encryption": {"requireInfrastructureEncryption": True}},
            "pass",
        ),
        (
            "infrastructure_encryption_enabled",
            {"encryption": {"requireInfrastructureEncryption": None}},
            "fail",
        ),
        ("infrastructure_encryption_enabled", {}, "fail"),
        ("cross_tenant_replication_disabled", {"allowCrossTenantReplication": False}, "pass"),
        ("cross_tenant_replication_disabled", {"allowCrossTenantReplication": True}, "fail"),
        ("cross_tenant_replication_disabled", {"creationTime": "2023-12-14T23:59:59Z"}, "fail"),
        ("cross_tenant_replication_disabled", {"creationTime": "2023-12-15T00:00:00Z"}, "pass"),
        ("cross_tenant_replication_disabled", {}, "unknown"),
    ],
)
def test_a_check_says(check_id: str, properties: JsonObject, expected: str) -> None:
    """What it is there to say."""
    assert verdict(check_id, account(properties)) == expected


@pytest.mark.parametrize(
    ("sku", "expected"),
    [
        *((f"Standard_{name}", "pass") for name in ("GRS", "RAGRS", "GZRS", "RAGZRS", "ragrs")),
        *((f"StandardV2_{name}", "pass") for name in ("GRS", "GZRS")),
        *((name, "fail") for name in ("Standard_LRS", "Standard_ZRS", "Premium_LRS", "PremiumV2_ZRS")),
        ("Standard_XRS", "unknown"),
        (None, "unknown"),
    ],
)
def test_redundancy_that_reads_from_its_second_region_is_geo_redundant(
    sku: str | None, expected: str
) -> None:
    """The trap of prowler#8454: RA-GRS and RA-GZRS are geo-redundant, as is each of the whole set."""
    assert verdict("geo_redundant", account({}, sku={"name": sku})) == expected


@pytest.mark.parametrize(
    ("check_id", "path", "on"),
    [
        ("blob_soft_delete_enabled", "deleteRetentionPolicy", {"enabled": True}),
        ("container_soft_delete_enabled", "containerDeleteRetentionPolicy", {"enabled": True}),
        ("blob_versioning_enabled", "isVersioningEnabled", True),
        ("file_soft_delete_enabled", "shareDeleteRetentionPolicy", {"enabled": True}),
        ("smb_version_311", "protocolSettings", {"smb": {"versions": "SMB3.1.1;"}}),
        ("smb_channel_encryption", "protocolSettings", {"smb": {"channelEncryption": "aes-256-gcm"}}),
    ],
)
def test_the_services_of_an_account_are_judged(check_id: str, path: str, on: JsonValue) -> None:
    """What is on passes, what is absent was never set, and an account without the service has nothing."""
    part = "file_service" if check_id.startswith(("file", "smb")) else "blob_service"
    services: list[Resource | None] = [
        Resource({"properties": {path: on}}),
        Resource({"properties": {}}),
        None,
    ]

    said = [verdict(check_id, account({}, {part: service})) for service in services]
    assert said == ["pass", "fail", "not_applicable"]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [("SMB3.0;SMB3.1.1", "fail"), ("SMB2.1", "fail"), ("SMB3.1.1;SMB4.0", "unknown"), ("", "fail")],
)
def test_one_old_version_of_smb_is_one_too_many(versions: str, expected: str) -> None:
    """A list that holds the newest version does not exclude the others."""
    service = Resource({"properties": {"protocolSettings": {"smb": {"versions": versions}}}})

    assert verdict("smb_version_311", account({}, {"file_service": service})) == expected


@pytest.mark.parametrize(("on", "expected"), [(True, "pass"), (False, "not_applicable")])
def test_a_hierarchical_account_cannot_keep_versions(on: JsonValue, expected: str) -> None:
    """Its blobs are not failed for what Azure does not offer them."""
    service = Resource({"properties": {"isVersioningEnabled": on}})

    assert (
        verdict("blob_versioning_enabled", account({"isHnsEnabled": True}, {"blob_service": service}))
        == expected
    )
