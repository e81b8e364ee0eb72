"""What a sign-in is good for: a list of subscriptions, and connections of its own."""

from datetime import timedelta

import pytest

from local.azure.faults import Fault, Kind
from local.azure.knobs import SetPages
from local.azure.people_changes import GiveUserRole, RefuseUser, RevokeSignIns, TakeUserRoles
from pipeline.errors import AuthenticationFailed, InvalidRequest, SubscriptionRejected
from pipeline.requests import ChangeRequest, SignInAuth
from pipeline.sign_in.views import SignInSubscription
from tests.pipeline.sign_in.people import STARTER, People


async def listed(people: People, user: str = "ada") -> dict[str, SignInSubscription]:
    """Sign in and give what can be connected, by name."""
    done = await people.finish(user)
    shown = await people.sign_ins.show(done.sign_in_id, by=STARTER)
    return {one.display_name: one for one in shown.subscriptions}


class TestSubscriptions:
    """What the person sees."""

    async def test_connectable(self, people: People) -> None:
        """An enabled subscription on which the person has a role can be connected."""
        found = await listed(people)

        assert found["production"] == SignInSubscription(
            subscription_id=people.app.subscription_id("production"),
            display_name="production",
            state="Enabled",
            connectable=True,
        )

    @pytest.mark.parametrize(
        ("name", "words"),
        [("disabled", "is disabled"), ("warned", "disable the subscription soon"), ("hidden", "no role")],
    )
    async def test_reasons(self, people: People, name: str, words: str) -> None:
        """One that cannot be connected says why."""
        one = (await listed(people))[name]

        assert not one.connectable
        assert words in one.reason

    async def test_already_connected(self, people: People) -> None:
        """It names the connection."""
        made = await people.connected("production")

        one = (await listed(people))["production"]

        assert (one.connectable, one.connection_id) == (False, made.id)

    async def test_all_pages(self, people: People) -> None:
        """However many pages Azure answers in."""
        whole = await listed(people)
        people.app.azure.apply(SetPages(default=2))

        assert await listed(people) == whole
        assert len(whole) > 6

    async def test_nobodys(self, people: People) -> None:
        """A person without any role sees none; that is a list, not a failure."""
        assert await listed(people, "bert") == {}

    async def test_only_reads_leave(self, people: People) -> None:
        """Nothing but GET is sent to Azure Resource Manager, and no other tenant's list."""
        people.app.azure.simulation.log.clear()
        await listed(people)

        sent = [one for one in people.app.azure.simulation.log.entries if "/subscriptions" in one.path]
        assert {one.method for one in sent} == {"GET"}


class TestConnect:
    """Connections with a sign-in."""

    async def test_several_at_once(self, people: People) -> None:
        """Each gets a connection and a secret of its own, which names the person."""
        done = await people.finish()

        made = (await people.connect("production", "staging", sign_in_id=done.sign_in_id)).connections

        records = [await people.app.store.get(one.id) for one in made]
        settings = people.app.settings.sign_in
        assert settings is not None
        assert {one.auth.method for one in made} == {"sign_in"}
        assert {one.credential.principal_id for one in records} == {people.object_id()}
        assert {one.auth.client_id for one in made} == {settings.client_id}
        assert len({one.credential.secret_name for one in records}) == 2

    async def test_further_picks(self, people: People) -> None:
        """Until it expires a sign-in is good for more connections."""
        done = await people.finish()
        await people.connect("production", sign_in_id=done.sign_in_id)

        made = await people.connect("staging", sign_in_id=done.sign_in_id)

        assert len(made.connections) == 1

    async def test_expired(self, people: People) -> None:
        """Ten minutes later it is not, and the request names the field."""
        done = await people.finish()
        people.app.now += timedelta(minutes=10)

        with pytest.raises(InvalidRequest) as refused:
            await people.connect("production", sign_in_id=done.sign_in_id)

        assert refused.value.errors[0][0] == "auth.sign_in_id"

    async def test_pending(self, people: People) -> None:
        """One that nobody finished is good for nothing."""
        started = await people.start()

        with pytest.raises(InvalidRequest) as refused:
            await people.connect("production", sign_in_id=started.sign_in_id)

        assert "not complete" in refused.value.errors[0][1]

    async def test_the_sign_in_goes_and_the_connection_stays(self, people: People) -> None:
        """What the timer sweeps is not the connection's secret."""
        made = await people.connected()
        people.app.now += timedelta(minutes=13)
        await people.sign_ins.sweep()

        assert people.app.vault_names == [made.credential.secret_name]
        await people.used(made)

    async def test_a_subscription_without_a_role(self, people: People) -> None:
        """It is not seen, so it is rejected."""
        people.app.azure.apply(TakeUserRoles(subscription="staging"))

        with pytest.raises(SubscriptionRejected):
            await people.connect("staging")

    async def test_disconnected(self, people: People) -> None:
        """No generation of its secret is left."""
        made = await people.used(await people.connected())
        await people.app.connections.disconnect(made.id, purge_evidence=False)

        assert people.secrets_of(made) == []


class TestRenewal:
    """Signing in again for a connection."""

    async def test_patch(self, people: People) -> None:
        """A new sign-in takes over, and the old secret goes."""
        made = await people.connected()
        people.app.azure.apply(RevokeSignIns())
        done = await people.finish()

        auth = SignInAuth(sign_in_id=done.sign_in_id)
        changed = await people.app.connections.change(made.id, ChangeRequest(auth=auth))

        now = await people.app.store.get(made.id)
        assert changed.status == "active"
        assert people.secrets_of(made) == []
        await people.used(now)

    async def test_a_person_without_a_role(self, people: People) -> None:
        """Who does not see the subscription cannot renew its connection; the old sign-in stays."""
        made = await people.connected()
        done = await people.finish("bert")

        with pytest.raises(SubscriptionRejected):
            await people.app.connections.change(
                made.id, ChangeRequest(auth=SignInAuth(sign_in_id=done.sign_in_id))
            )

        await people.used(await people.app.store.get(made.id))

    async def test_another_person(self, people: People) -> None:
        """Somebody else with a role may take over."""
        made = await people.connected()
        people.app.azure.apply(GiveUserRole(subscription="production", user="bert"))
        done = await people.finish("bert")

        await people.app.connections.change(
            made.id, ChangeRequest(auth=SignInAuth(sign_in_id=done.sign_in_id))
        )

        now = await people.app.store.get(made.id)
        assert now.credential.principal_id == people.object_id("bert")


class TestAttention:
    """What verifying finds wrong with a sign-in."""

    @pytest.mark.parametrize(
        ("code", "reason", "words"),
        [
            (50173, "grant_revoked", "Sign in again"),
            (70043, "sign_in_expired", "Sign in again"),
            (700082, "sign_in_expired", "Sign in again"),
            (50057, "person_blocked", "service principal"),
            (50053, "person_blocked", "service principal"),
            (53003, "blocked_by_conditional_access", "Conditional Access administrator"),
            (50076, "interaction_required", "Sign in again"),
            (50079, "interaction_required", "Sign in again"),
            (50158, "interaction_required", "Sign in again"),
            (65001, "consent_required", "administrator"),
            (90094, "consent_required", "administrator"),
        ],
    )
    async def test_refused(self, people: People, code: int, reason: str, words: str) -> None:
        """Each refusal of Entra says what to do."""
        made = await people.connected()
        people.app.azure.apply(RefuseUser(stage="refresh", code=code))

        shown = await people.app.connections.verify(made.id)

        assert shown.attention is not None
        assert (shown.status, shown.attention.code) == ("attention", reason)
        assert words in shown.attention.advice

    async def test_works_again(self, people: People) -> None:
        """Once Entra accepts it, nothing needs a person any more."""
        made = await people.connected()
        people.app.azure.apply(RefuseUser(stage="refresh", code=50076))
        await people.app.connections.verify(made.id)
        people.app.azure.apply(RefuseUser(stage="refresh"))

        assert (await people.app.connections.verify(made.id)).status == "active"

    async def test_entra_is_away(self, people: People) -> None:
        """A failure that passes is no reason for attention."""
        made = await people.connected()
        people.app.azure.add_fault(Fault(kind=Kind.STATUS, path="*/token", count=None))

        assert (await people.app.connections.verify(made.id)).attention is None

    async def test_while_connecting(self, people: People) -> None:
        """A sign-in that is refused by now makes no connection."""
        done = await people.finish()
        people.app.azure.apply(RevokeSignIns())

        with pytest.raises(AuthenticationFailed) as refused:
            await people.connect("production", sign_in_id=done.sign_in_id)

        assert refused.value.reason == "grant_revoked"
