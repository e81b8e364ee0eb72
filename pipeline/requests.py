"""What callers may ask: the request bodies and queries of API.md, as types that parse and document them."""

from typing import Annotated, Literal, override

import msgspec

from pipeline.model import Frequency

type Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
type Guid = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        extra_json_schema={"format": "uuid"},
    ),
]
type Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", extra_json_schema={"format": "date"})]
type Time = Annotated[str, msgspec.Meta(max_length=64, extra_json_schema={"format": "date-time"})]
type Filter = Annotated[str, msgspec.Meta(max_length=1024)]
type Verdict = Literal["pass", "fail", "manual", "not_applicable", "unknown"]
type Severity = Literal[
    "critical", "high", "medium", "low", "High", "Medium", "Low", "Informational", "Unknown"
]  # ours for our checks, Microsoft's words for Defender's
type AuditAction = Literal[
    "connect", "change", "rotate", "disconnect", "purge", "verify", "sync_now", "sync_all", "sign_in"
]
type Secret = Annotated[
    str, msgspec.Meta(min_length=1, max_length=10_000, extra_json_schema={"writeOnly": True})
]

type MethodName = Literal["client_secret", "certificate", "managed_identity", "federated", "sign_in"]
type SignInId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
type Pem = Annotated[
    str, msgspec.Meta(min_length=1, max_length=25_000, extra_json_schema={"writeOnly": True})
]
"""A certificate with its private key. Key Vault keeps 25,600 bytes; encoded anew it is a little longer."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every request body: unknown fields are refused, and none is shown when printed."""

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class ClientSecretAuth(Request, frozen=True, kw_only=True, tag="client_secret", tag_field="method"):
    """A service principal with a client secret."""

    tenant_id: Guid
    client_id: Guid
    client_secret: Secret
    secret_expires_on: Day | None = None


class CertificateAuth(Request, frozen=True, kw_only=True, tag="certificate", tag_field="method"):
    """A service principal with a certificate: `certificate_pem` is it and its private key, no password."""

    tenant_id: Guid
    client_id: Guid
    certificate_pem: Pem


class ManagedIdentityAuth(Request, frozen=True, kw_only=True, tag="managed_identity", tag_field="method"):
    """A managed identity of the app itself; without `client_id` the one that the app uses for its own."""

    client_id: Guid | None = None


class FederatedAuth(Request, frozen=True, kw_only=True, tag="federated", tag_field="method"):
    """An application in any tenant that trusts a managed identity of the app in the place of a secret."""

    tenant_id: Guid
    client_id: Guid
    identity_client_id: Guid | None = None


class SignInAuth(Request, frozen=True, kw_only=True, tag="sign_in", tag_field="method"):
    """A person who signed in: `sign_in_id` of a complete sign-in."""

    sign_in_id: SignInId


type AuthRequest = ClientSecretAuth | CertificateAuth | ManagedIdentityAuth | FederatedAuth | SignInAuth


class ConnectRequest(Request, frozen=True, kw_only=True):
    """Connect one or more subscriptions with one credential."""

    name: Name
    auth: AuthRequest
    subscription_ids: Annotated[tuple[Guid, ...], msgspec.Meta(min_length=1)] | str
    frequency: Frequency = "daily"
    services: tuple[str, ...] | None = None
    sync_now: bool = True


class ChangeRequest(Request, frozen=True, kw_only=True):
    """Change what is given, leave the rest."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    frequency: Frequency | msgspec.UnsetType = msgspec.UNSET
    services: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    status: Literal["active", "paused"] | msgspec.UnsetType = msgspec.UNSET
    auth: AuthRequest | msgspec.UnsetType = msgspec.UNSET


class RotateRequest(Request, frozen=True, kw_only=True):
    """Replace the secret, or the certificate, of every connection of one application: one of the two."""

    tenant_id: Guid
    client_id: Guid
    client_secret: Secret | None = None
    secret_expires_on: Day | None = None
    certificate_pem: Pem | None = None


class SignInRequest(Request, frozen=True, kw_only=True):
    """Start a sign-in, and say where the browser goes afterwards; without it a page says what to do."""

    return_url: Annotated[str, msgspec.Meta(max_length=2048)] | None = None


class GuideQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which way to connect to tell about, and for which subscriptions (with commas) its script is."""

    method: MethodName | None = None
    subscription_ids: Annotated[str, msgspec.Meta(max_length=20_000)] | None = None


class CallbackQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What Entra sends the browser back with; whatever else it adds is passed over."""

    code: str | None = None
    state: str | None = None
    error: str | None = None
    error_description: str | None = None


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of a list, and from where. `position` is what the cursor sealed."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    position: str | None = None


class DisconnectQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the evidence goes with the connection."""

    purge_evidence: bool = False


class EvidenceQuery(PageQuery, frozen=True, kw_only=True):
    """Which evidence items; every filter given must hold. `as_of` is fixed-width UTC, as it is stored."""

    connection_id: Filter | None = None
    subscription_id: Guid | None = None
    service: Filter | None = None
    kind: Filter | None = None
    framework: Filter | None = None
    control: Filter | None = None
    sync_run_id: Filter | None = None
    as_of: Time | None = None
    latest: bool | None = None


class FindingQuery(PageQuery, frozen=True, kw_only=True):
    """Which findings; every filter given must hold. The times are fixed-width UTC.

    A change carries the time its run looked, `started_at`: whoever polls gives the `started_at` of the newest
    run seen as `changed_since`, not the time of the last poll.
    """

    connection_id: Filter | None = None
    subscription_id: Guid | None = None
    service: Filter | None = None
    check_id: Filter | None = None
    status: Verdict | None = None
    severity: Severity | None = None
    framework: Filter | None = None
    control: Filter | None = None
    resource_id: Filter | None = None
    as_of: Time | None = None
    changed_since: Time | None = None


class AuditQuery(PageQuery, frozen=True, kw_only=True):
    """Which entries of the audit log: from a time on, before a time, of one action, about one connection.

    `connection_id` finds what names that connection; a sync of all connections names none.
    """

    since: Time | None = msgspec.field(default=None, name="from")
    to: Time | None = None
    action: AuditAction | None = None
    connection_id: Filter | None = None


class ResourceQuery(PageQuery, frozen=True, kw_only=True):
    """Which resources; every filter given must hold. `as_of` is fixed-width UTC."""

    connection_id: Filter | None = None
    subscription_id: Guid | None = None
    service: Filter | None = None
    type: Filter | None = None
    as_of: Time | None = None


class ControlQuery(PageQuery, frozen=True, kw_only=True):
    """Which control states: of one connection, or of all."""

    connection_id: Filter | None = None


class CheckQuery(PageQuery, frozen=True, kw_only=True):
    """Which checks of the catalogue."""

    service: Filter | None = None
