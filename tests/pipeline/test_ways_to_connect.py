"""From one way to connect to another, and one new certificate for every connection of an application."""

import json
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.azure.changes import AddCertificate, AssignRole
from local.azure.identity_changes import RemoveCredentials
from pipeline.authentication.methods import METHODS, method_of
from pipeline.errors import AuthenticationFailed, InvalidRequest, NotFound
from pipeline.requests import (
    AuthRequest,
    CertificateAuth,
    ChangeRequest,
    FederatedAuth,
    ManagedIdentityAuth,
    RotateRequest,
)
from pipeline.triggers.http_parsing import parse
from tests.key_pairs import MadeUp, make
from tests.pipeline.app import App, check_of

GUID = "00000000-0000-4000-8000-000000000000"
VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.just(GUID) | st.lists(st.text())
FIELDS = (
    "tenant_id",
    "client_id",
    "client_secret",
    "secret_expires_on",
    "certificate_pem",
    "identity_client_id",
)


def registered(app: App) -> MadeUp:
    """Make a certificate that the connector knows."""
    pair = make()
    app.azure.apply(AddCertificate(certificate_pem=pair.certificate))
    return pair


def auth_of(app: App, method: str) -> AuthRequest:
    """Give a good credential of a method; each of them reads the production subscription."""
    app.azure.apply(AssignRole(subscription="production", role="Reader", application="identity"))
    ids = {"tenant_id": app.azure.connector.tenant_id, "client_id": app.azure.connector.client_id}
    made: dict[str, AuthRequest] = {
        "client_secret": app.auth(),
        "certificate": CertificateAuth(**ids, certificate_pem=registered(app).pem),
        "managed_identity": ManagedIdentityAuth(),
        "federated": FederatedAuth(**ids),
    }
    return made[method]


def rotation(app: App, pair: MadeUp, **other: str) -> RotateRequest:
    """Ask to rotate the connector's certificate."""
    ids = {"tenant_id": app.azure.connector.tenant_id, "client_id": app.azure.connector.client_id}
    return RotateRequest(**(ids | other), certificate_pem=pair.pem)


class TestChange:
    """A connection moves from any way to any other."""

    @pytest.mark.parametrize("new", ["client_secret", "certificate", "managed_identity", "federated"])
    @pytest.mark.parametrize("old", ["client_secret", "certificate", "managed_identity", "federated"])
    async def test_from_one_to_the_other(self, app: App, old: str, new: str) -> None:
        """The new credential works, and of the old one nothing is left in the vault, deleted or not."""
        made = await app.connect(auth=auth_of(app, old))
        before = set(app.vault_names)

        changed = await app.connections.change(made.id, ChangeRequest(auth=auth_of(app, new)))

        record = await app.store.get(made.id)
        assert (changed.auth.method, record.credential.method) == (new, new)
        assert before.isdisjoint(app.vault_names)
        assert app.vault_names == ([record.credential.secret_name] if METHODS[new].ends else [])
        assert check_of(changed, "subscription_visible").status == "pass"

    async def test_what_the_old_one_told_is_gone(self, app: App) -> None:
        """Neither the day nor the thumbprint of a certificate stays with a connection that has none."""
        made = await app.connect(auth=auth_of(app, "certificate"))

        changed = await app.connections.change(made.id, ChangeRequest(auth=ManagedIdentityAuth()))

        assert (changed.auth.secret_expires_on, changed.auth.certificate_thumbprint) == (None, None)

    async def test_refused(self, app: App) -> None:
        """A credential that Entra refuses leaves the old one as it was."""
        made = await app.connect()
        names = app.vault_names
        app.azure.apply(RemoveCredentials())

        with pytest.raises(AuthenticationFailed):
            await app.connections.change(
                made.id,
                ChangeRequest(
                    auth=FederatedAuth(tenant_id=made.tenant_id, client_id=str(made.auth.client_id))
                ),
            )

        assert (await app.connections.get(made.id)).auth.method == "client_secret"
        assert app.vault_names == names


class TestRotation:
    """One new certificate for every connection of an application."""

    async def test_every_connection_with_a_certificate(self, app: App) -> None:
        """Each has the new certificate, told by its thumbprint; the old ones are gone from the vault."""
        auth = auth_of(app, "certificate")
        await app.connections.connect(app.request("production", "staging", auth=auth))
        old = set(app.vault_names)

        rotated = await app.connections.rotate(rotation(app, registered(app)))

        [thumbprint] = {one.auth.certificate_thumbprint for one in rotated.connections}
        assert thumbprint
        assert len(rotated.connections) == len(app.vault_names) == 2
        assert old.isdisjoint(app.vault_names)

    async def test_those_with_a_secret_stay(self, app: App) -> None:
        """A certificate replaces certificates, a secret secrets."""
        made = await app.connect(auth=auth_of(app, "certificate"))
        await app.connect("staging")

        rotated = await app.connections.rotate(rotation(app, registered(app)))

        assert [one.id for one in rotated.connections] == [made.id]

    async def test_none_has_one(self, app: App) -> None:
        """Without a connection that uses a certificate there is nothing to rotate, in these words."""
        await app.connect()

        with pytest.raises(NotFound, match="with a certificate"):
            await app.connections.rotate(rotation(app, make()))

    async def test_tried_first(self, app: App) -> None:
        """A certificate that the application does not know changes no connection."""
        await app.connect(auth=auth_of(app, "certificate"))
        names = app.vault_names

        with pytest.raises(AuthenticationFailed) as refused:
            await app.connections.rotate(rotation(app, make()))

        assert refused.value.reason == "unknown_certificate"
        assert app.vault_names == names

    async def test_faults_as_a_rotation_spells_them(self, app: App) -> None:
        """The field is `certificate_pem`, without `auth` before it."""
        await app.connect(auth=auth_of(app, "certificate"))

        with pytest.raises(InvalidRequest) as refused:
            await app.connections.rotate(rotation(app, MadeUp("", make().key)))

        assert [field for field, _ in refused.value.errors] == ["certificate_pem"]

    @pytest.mark.parametrize(
        ("given", "fields"),
        [
            ({}, ["client_secret", "certificate_pem"]),
            ({"client_secret": "x", "certificate_pem": "y"}, ["client_secret", "certificate_pem"]),
            ({"certificate_pem": "y", "secret_expires_on": "2030-01-01"}, ["secret_expires_on"]),
        ],
        ids=["neither", "both", "a day"],
    )
    async def test_one_of_two(self, app: App, given: dict[str, str], fields: list[str]) -> None:
        """A rotation takes a secret or a certificate, and a day only with a secret."""
        with pytest.raises(InvalidRequest) as refused:
            await app.connections.rotate(RotateRequest(tenant_id=GUID, client_id=GUID, **given))

        assert [field for field, _ in refused.value.errors] == fields


@given(st.sampled_from(list(METHODS)), st.dictionaries(st.sampled_from(FIELDS), VALUES))
async def test_any_credential_is_read_or_refused(method: str, given_fields: dict[str, object]) -> None:
    """Whatever is entered for any way: an offer that shows nothing, or faults named as `auth.<field>`."""
    body = json.dumps({"auth": {"method": method, **given_fields}}).encode()
    fields = {"auth"}
    try:
        asked = parse(body, ChangeRequest).auth
        assert not isinstance(asked, msgspec.UnsetType)
        offer = await method_of(asked).accept(asked, today=date(2026, 11, 22))
        shown = (repr(asked), repr(offer))
    except InvalidRequest as refused:
        fields, shown = {field.partition(".")[0] for field, _ in refused.errors}, None

    assert fields == {"auth"}
    assert shown in {None, (f"{METHODS[method].request_type.__name__}(...)", f"Offer(method={method!r})")}
