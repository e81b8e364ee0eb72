"""One new secret for every connection of an application."""

from collections.abc import Callable

import msgspec
import pytest

from local.azure.changes import AddCertificate, RevokeRole
from local.azure.faults import Fault, Kind
from pipeline.errors import (
    AuthenticationFailed,
    Conflict,
    InvalidRequest,
    NotFound,
    NothingRotated,
    Problem,
    SecretUnavailable,
    UpstreamUnavailable,
)
from pipeline.model import Rejected
from pipeline.requests import AuthRequest, CertificateAuth, ChangeRequest, RotateRequest
from pipeline.stores.records import ConnectionRecord
from tests.key_pairs import MadeUp, make
from tests.pipeline.app import REFUSED, App, check_of


def rotation(app: App, secret: str, ends: str | None = None, **other: str) -> RotateRequest:
    """Ask to rotate the connector's secret."""
    owner = app.azure.connector
    ids = {"tenant_id": owner.tenant_id, "client_id": owner.client_id} | other
    return RotateRequest(**ids, client_secret=secret, secret_expires_on=ends)


async def test_every_connection_of_the_application(app: App) -> None:
    """Each connection of the application has the new secret, each under a name of its own."""
    await app.connections.connect(app.request("production", "staging"))
    old = set(app.vault_names)

    rotated = await app.connections.rotate(rotation(app, app.new_secret(), app.day(100)))

    assert len(rotated.connections) == 2
    assert rotated.rejected == ()
    assert {one.auth.secret_expires_on for one in rotated.connections} == {app.day(100)}
    assert old.isdisjoint(app.vault_names)
    assert len(app.vault_names) == 2


async def test_others_stay(app: App) -> None:
    """Connections of other applications keep their secret."""
    stranger = app.azure.application("other-company-app")
    await app.connect("foreign", auth=app.auth(stranger))
    made = await app.connect()

    rotated = await app.connections.rotate(rotation(app, app.new_secret()))

    assert [one.id for one in rotated.connections] == [made.id]


async def test_ids_in_any_case(app: App) -> None:
    """Tenant and client ids are compared in any case."""
    await app.connect()
    owner = app.azure.connector
    asked = rotation(
        app,
        app.new_secret(),
        tenant_id=owner.tenant_id.upper(),
        client_id=owner.client_id.upper(),
    )

    assert len((await app.connections.rotate(asked)).connections) == 1


async def test_cures_attention(app: App) -> None:
    """A connection whose secret expired works again."""
    made = await app.connect_refused()

    rotated = await app.connections.rotate(rotation(app, app.new_secret()))

    assert [(one.id, one.status) for one in rotated.connections] == [(made.id, "active")]


async def test_refused_secret(app: App) -> None:
    """A secret that Entra refuses changes no connection."""
    await app.connect()
    names = app.vault_names

    with pytest.raises(AuthenticationFailed):
        await app.connections.rotate(rotation(app, "wrong"))

    assert app.vault_names == names


async def test_secret_id(app: App) -> None:
    """The fields of a rotation are named as a rotation spells them."""
    await app.connect()

    with pytest.raises(InvalidRequest) as refused:
        await app.connections.rotate(rotation(app, app.azure.tenant.tenant_id))

    assert [field for field, _ in refused.value.errors] == ["client_secret"]


async def test_unknown_application(app: App) -> None:
    """An application that no connection uses has nothing to rotate."""
    with pytest.raises(NotFound):
        await app.connections.rotate(rotation(app, "made-up"))


async def test_more_than_one_page(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are found on every page of the list."""
    monkeypatch.setattr("pipeline.connections._PAGE", 1)
    await app.connections.connect(app.request("production", "staging", "sandbox"))

    assert len((await app.connections.rotate(rotation(app, app.new_secret()))).connections) == 3


async def test_lost_role(app: App) -> None:
    """A connection that lost its role gets the new secret too: the role may come back."""
    made = await app.connect()
    app.azure.apply(RevokeRole(subscription="production"))

    (one,) = (await app.connections.rotate(rotation(app, app.new_secret()))).connections

    assert one.id == made.id
    assert check_of(one, "subscription_visible").status == "fail"


async def test_one_that_could_not_be_changed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that could not be changed is told with the reason, and keeps its old secret."""
    await app.connections.connect(app.request("production", "staging"))
    replace, staging = app.store.replace, app.subscription_id("staging")

    async def refuse_one(record: ConnectionRecord) -> ConnectionRecord:
        if record.subscription_id == staging:
            raise Conflict("It was changed meanwhile.")
        return await replace(record)

    monkeypatch.setattr(app.store, "replace", refuse_one)
    rotated = await app.connections.rotate(rotation(app, app.new_secret(keep_old=True)))

    assert [one.subscription_name for one in rotated.connections] == ["production"]
    assert [(one.subscription_id, one.problem["code"]) for one in rotated.rejected] == [(staging, "conflict")]
    assert len(app.vault_names) == 2


class TestNothingRotated:
    """A rotation that changed nothing is no success."""

    async def test_for_several_reasons(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        """422 with a code of its own, and the reason of each subscription; every old secret is kept."""
        records = await connected(app, "client_secret", "production", "staging")
        staging = app.subscription_id("staging")

        async def refuse(record: ConnectionRecord) -> ConnectionRecord:
            if record.subscription_id == staging:
                raise Conflict("It was changed meanwhile.")
            raise SecretUnavailable("Key Vault did not answer.")

        monkeypatch.setattr(app.store, "replace", refuse)
        with pytest.raises(NothingRotated) as refused:
            await app.connections.rotate(rotation(app, app.new_secret(keep_old=True)))

        problem = refused.value
        assert (problem.status, problem.code) == (422, "nothing_rotated")
        assert problem.detail == "None of the 2 connections was changed."
        assert told(problem) == {
            staging: "conflict",
            app.subscription_id("production"): "secret_unavailable",
        }
        assert [await app.store.get(record.id) for record in records] == records

    async def test_for_one_reason(self, app: App) -> None:
        """That reason's own answer, here the outage of the vault, with every subscription."""
        await app.connections.connect(app.request("production", "staging"))
        before = app.vault_names
        secret = app.new_secret(keep_old=True)
        app.azure.add_fault(Fault(kind=Kind.STATUS, path="/secrets/*", method="PUT", count=None))

        with pytest.raises(UpstreamUnavailable) as refused:
            await app.connections.rotate(rotation(app, secret))

        assert set(told(refused.value).values()) == {"secret_unavailable"}
        assert len(told(refused.value)) == 2
        assert app.vault_names == before


def told(problem: Problem) -> dict[str, str]:
    """Give the code of each subscription that a problem names."""
    rejected = msgspec.convert(problem.extra["rejected"], tuple[Rejected, ...])
    return {one.subscription_id: str(one.problem["code"]) for one in rejected}


def by(method: str) -> Callable[[App], RotateRequest]:
    """Give what asks to rotate to a new secret, or to a new certificate, that Entra knows."""

    def asked(app: App) -> RotateRequest:
        if method == "client_secret":
            return rotation(app, app.new_secret(keep_old=True))
        pair, owner = registered(app), app.azure.connector
        return RotateRequest(tenant_id=owner.tenant_id, client_id=owner.client_id, certificate_pem=pair.pem)

    return asked


def registered(app: App) -> MadeUp:
    """Make a certificate that the connector knows."""
    pair = make()
    app.azure.apply(AddCertificate(certificate_pem=pair.certificate))
    return pair


async def connected(app: App, method: str, *names: str) -> list[ConnectionRecord]:
    """Connect subscriptions with a client secret or a certificate; gives their rows, by subscription."""
    owner = app.azure.connector
    auth: AuthRequest = app.auth()
    if method == "certificate":
        auth = CertificateAuth(
            tenant_id=owner.tenant_id, client_id=owner.client_id, certificate_pem=registered(app).pem
        )
    made = (await app.connections.connect(app.request(*names, auth=auth))).connections
    return [await app.store.get(one.id) for one in made]


@pytest.mark.parametrize("method", ["client_secret", "certificate"])
class TestBothKinds:
    """What holds for a client secret holds for a certificate."""

    async def test_the_new_one_is_kept_and_the_old_one_gone(self, app: App, method: str) -> None:
        """Each connection has the new one under a name of its own; nothing else is left in the vault."""
        records = await connected(app, method, "production", "staging")
        asked = by(method)(app)

        rotated = await app.connections.rotate(asked)

        now = [await app.store.get(record.id) for record in records]
        held = app.azure.simulation.vault.secrets
        assert {one.id for one in rotated.connections} == {record.id for record in records}
        assert set(app.vault_names) == {str(record.credential.secret_name) for record in now}
        assert len({held[str(record.credential.secret_name)].newest.value for record in now}) == 1
        assert {record.credential.secret_name for record in records}.isdisjoint(app.vault_names)

    async def test_a_paused_one_and_one_in_attention(self, app: App, method: str) -> None:
        """Both are changed too: the one stays paused, the other's attention is cleared."""
        paused, refused = await connected(app, method, "production", "staging")
        await app.connections.change(paused.id, ChangeRequest(status="paused"))
        await app.store.replace(msgspec.structs.replace(await app.store.get(paused.id), attention=REFUSED))
        await app.store.replace(msgspec.structs.replace(refused, attention=REFUSED))

        rotated = await app.connections.rotate(by(method)(app))

        assert {(one.id, one.status, one.attention) for one in rotated.connections} == {
            (paused.id, "paused", None),
            (refused.id, "active", None),
        }

    async def test_the_vault_refuses_the_third(self, app: App, method: str) -> None:
        """It says which two changed and which kept the old one; the old ones of these two are gone."""
        records = await connected(app, method, "production", "staging", "sandbox")
        asked = by(method)(app)
        app.azure.add_fault(Fault(kind=Kind.STATUS, path="/secrets/*", method="PUT", skip=2, count=None))

        rotated = await app.connections.rotate(asked)

        changed = {one.id for one in rotated.connections}
        [kept] = [record for record in records if record.id not in changed]
        [told] = rotated.rejected
        now = {record.id: (await app.store.get(record.id)).credential.secret_name for record in records}
        assert len(changed) == 2
        assert (told.subscription_id, told.problem["code"]) == (kept.subscription_id, "secret_unavailable")
        assert now[kept.id] == kept.credential.secret_name
        assert set(app.vault_names) == set(now.values())

    async def test_the_one_that_kept_the_old_one(self, app: App, method: str) -> None:
        """It still works, and asking once more changes it too."""
        await connected(app, method, "production", "staging", "sandbox")
        asked = by(method)(app)
        app.azure.add_fault(Fault(kind=Kind.STATUS, path="/secrets/*", method="PUT", skip=2, count=None))
        [told] = (await app.connections.rotate(asked)).rejected
        app.azure.simulation.faults.clear()
        kept = str(await app.store.claimed_by(told.subscription_id))

        verified = await app.connections.verify(kept)
        again = await app.connections.rotate(asked)

        assert verified.status == "active"
        assert (len(again.connections), again.rejected) == (3, ())
        assert len(app.vault_names) == 3

    async def test_the_other_kind_stays(self, app: App, method: str) -> None:
        """A connection of the same application with a credential of the other kind is left alone."""
        other = {"client_secret": "certificate", "certificate": "client_secret"}[method]
        [mine] = await connected(app, method, "production")
        [left] = await connected(app, other, "staging")

        rotated = await app.connections.rotate(by(method)(app))

        assert [one.id for one in rotated.connections] == [mine.id]
        assert await app.store.get(left.id) == left
