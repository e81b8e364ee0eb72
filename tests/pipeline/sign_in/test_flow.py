"""The sign-in flow: one state, one browser, ten minutes."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from local.azure.faults import Fault, Kind
from local.azure.knobs import SetVault
from local.azure.people import RETURN_URL
from local.azure.people_changes import RefuseUser, RevokeSignIns, SetIdToken
from pipeline.errors import Conflict, InvalidRequest, NotFound, SignInNotConfigured, SignInRefused
from pipeline.requests import CallbackQuery, SignInRequest
from pipeline.sign_in.flow import SignIns
from pipeline.sign_in.subscriptions import SubscriptionList
from tests.pipeline.sign_in.people import STARTER, People


def query_of(url: str) -> dict[str, str]:
    """Give the parameters of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


class TestStart:
    """Starting."""

    async def test_authorization_url(self, people: People) -> None:
        """It asks Entra for a code with PKCE, state and nonce, for Azure Resource Manager and offline use."""
        started = await people.start()

        query = query_of(started.authorization_url)
        assert query["code_challenge_method"] == "S256"
        assert query["response_type"] == "code"
        assert {"state", "nonce", "code_challenge"} <= query.keys()
        assert set(query["scope"].split()) == {
            "https://management.azure.com/user_impersonation",
            "offline_access",
            "openid",
            "profile",
        }
        assert started.sign_in_id not in started.authorization_url

    async def test_ten_minutes(self, people: People) -> None:
        """It is good for ten minutes."""
        started = await people.start()

        record = await people.table.find(started.sign_in_id)
        assert record is not None
        assert started.expires_at == record.expires_at > record.created_at
        assert (await people.sign_ins.show(started.sign_in_id, by=STARTER)).status == "pending"

    async def test_the_row_holds_no_secret(self, people: People) -> None:
        """State, verifier and nonce are in the vault alone; the table has a hash and names."""
        started = await people.start()

        record = await people.table.find(started.sign_in_id)
        assert record is not None
        kept = msgspec.json.encode(record).decode()
        flow = msgspec.json.decode(people.values()[record.flow_secret], type=dict[str, object])
        assert all(str(flow[name]) not in kept for name in ("state", "code_verifier", "nonce"))

    async def test_foreign_return_url(self, people: People) -> None:
        """A browser is sent to none but the addresses of the settings; nothing is kept of such a request."""
        with pytest.raises(InvalidRequest) as refused:
            await people.start("https://attacker.example/connected")

        assert refused.value.errors[0][0] == "return_url"
        assert people.app.vault_names == []

    async def test_not_configured(self, people: People) -> None:
        """Without the settings there is no sign-in."""
        bare = SignIns(
            people.table,
            people.app.secrets,
            None,
            people.app.credentials,
            SubscriptionList(lambda: people.app.reads, people.app.store),
            people.app.discarded,
            clock=people.app.clock,
        )

        with pytest.raises(SignInNotConfigured):
            await bare.start(SignInRequest(), by=None)


class TestFinish:
    """The browser's return."""

    async def test_complete(self, people: People) -> None:
        """The refresh token is in the vault, the verifier no more, and the row names the person."""
        done = await people.finish(return_url=RETURN_URL)

        record = await people.table.find(done.sign_in_id)
        assert record is not None
        assert (done.problem, done.return_url, record.progress) == (None, RETURN_URL, "complete")
        assert (done.tenant_id, done.principal_id) == (record.tenant_id, record.principal_id)
        assert record.tenant_id == people.app.azure.tenant.tenant_id
        assert record.principal_id == people.object_id()
        assert list(people.values()) == [record.grant_secret]
        assert people.values()[record.grant_secret] in people.app.azure.simulation.people.refresh_tokens

    async def test_replayed_state(self, people: People) -> None:
        """A state is good once, with whatever code it comes again."""
        came = await people.browse(await people.start())
        await people.sign_ins.finish(came)

        with pytest.raises(SignInRefused):
            await people.sign_ins.finish(came)

    async def test_two_at_once(self, people: People) -> None:
        """Of two callbacks with one state one is let in, and Entra is asked for tokens once."""
        came = await people.browse(await people.start())
        people.app.azure.simulation.log.clear()

        ends = await asyncio.gather(*(people.sign_ins.finish(came) for _ in range(5)), return_exceptions=True)

        log = people.app.azure.simulation.log.entries
        assert sum(not isinstance(end, BaseException) for end in ends) == 1
        assert sum(isinstance(end, SignInRefused) for end in ends) == 4
        assert sum(entry.path.endswith("common/oauth2/v2.0/token") for entry in log) == 1

    async def test_expired(self, people: People) -> None:
        """After ten minutes the state is as unknown as any other."""
        came = await people.browse(await people.start())
        people.app.now += timedelta(minutes=10)

        with pytest.raises(SignInRefused):
            await people.sign_ins.finish(came)

    @pytest.mark.parametrize("state", [None, "", "unknown", "\ud800", "a" * 5000])
    async def test_unknown_state(self, people: People, state: str | None) -> None:
        """A missing or unknown state is refused in the same words."""
        with pytest.raises(SignInRefused) as refused:
            await people.sign_ins.finish(CallbackQuery(code="code", state=state))

        assert refused.value.detail == "This sign-in is not known, was finished before, or took too long."

    async def test_another_sign_ins_code(self, people: People) -> None:
        """A code that was made for another state fails by its PKCE verifier, and nothing is granted."""
        mine, theirs = await people.start(), await people.start()
        code = (await people.browse(theirs)).code
        state = (await people.browse(mine)).state

        done = await people.sign_ins.finish(CallbackQuery(code=code, state=state))

        shown = await people.sign_ins.show(done.sign_in_id, by=STARTER)
        assert done.problem is not None
        assert "AADSTS501481" in done.problem.detail
        assert (shown.status, shown.subscriptions) == ("failed", ())
        assert not [name for name in people.app.vault_names if "grant" in name]

    @pytest.mark.parametrize("wrong", [SetIdToken(nonce="another"), SetIdToken(audience="another")], ids=repr)
    async def test_wrong_id_token(self, people: People, wrong: SetIdToken) -> None:
        """One of another sign-in, or for another application: nothing that came with it is kept."""
        people.app.azure.apply(wrong)

        done = await people.finish()

        assert done.problem is not None
        assert done.problem.reason == "sign_in_mismatch"
        assert people.app.vault_names == []

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            (65004, "consent_declined"),
            (65001, "consent_required"),
            (90094, "consent_required"),
            (53003, "blocked_by_conditional_access"),
            (50105, "person_not_assigned"),
            (50076, "interaction_required"),
        ],
    )
    @pytest.mark.parametrize("stage", ["authorize", "redeem"])
    async def test_refused(self, people: People, stage: str, code: int, reason: str) -> None:
        """Entra's refusal, by the browser or at the token endpoint, is explained and never quoted."""
        people.app.azure.apply(msgspec.convert({"stage": stage, "code": code}, RefuseUser))

        done = await people.finish()

        shown = await people.sign_ins.show(done.sign_in_id, by=STARTER)
        assert done.problem is not None
        assert (done.problem.reason, shown.status) == (reason, "failed")
        assert shown.problem is not None
        assert shown.problem["advice"]
        assert "User 'ada'" not in msgspec.json.encode(shown).decode()

    async def test_an_error_without_a_code(self, people: People) -> None:
        """`error` alone says enough."""
        state = (await people.browse(await people.start())).state

        done = await people.sign_ins.finish(CallbackQuery(error="access_denied", state=state))

        assert done.problem is not None
        assert done.problem.reason == "consent_declined"

    async def test_entra_is_away(self, people: People) -> None:
        """The sign-in fails, with the advice to start again; it can not be finished twice."""
        came = await people.browse(await people.start())
        people.app.azure.add_fault(Fault(kind=Kind.STATUS, path="*/token", count=None))

        done = await people.sign_ins.finish(came)

        assert done.problem is not None
        assert done.problem.code == "service_unavailable"


class TestShow:
    """What the caller sees."""

    async def test_bound_to_the_starter(self, people: People) -> None:
        """To everybody else there is no such sign-in."""
        done = await people.finish()

        for other in ("another caller", None):
            with pytest.raises(NotFound):
                await people.sign_ins.show(done.sign_in_id, by=other)

    @pytest.mark.parametrize("sign_in_id", ["unknown", "../x", "a'b", "a#b", "\ud800", ""])
    async def test_unknown(self, people: People, sign_in_id: str) -> None:
        """An id that is none is not found, and never gets near a key."""
        with pytest.raises(NotFound):
            await people.sign_ins.show(sign_in_id, by=None)

    async def test_expires(self, people: People) -> None:
        """Ten minutes after it was completed it is gone."""
        done = await people.finish()
        people.app.now += timedelta(minutes=10)

        with pytest.raises(NotFound):
            await people.sign_ins.show(done.sign_in_id, by=STARTER)

    async def test_revoked_meanwhile(self, people: People) -> None:
        """A sign-in that was revoked reads as failed."""
        done = await people.finish()
        people.app.azure.apply(RevokeSignIns())

        shown = await people.sign_ins.show(done.sign_in_id, by=STARTER)

        assert shown.problem is not None
        assert (shown.status, shown.problem["reason"]) == ("failed", "grant_revoked")


class TestSweep:
    """What the timer removes."""

    async def test_expired_ones_go_with_their_secrets(self, people: People) -> None:
        """Neither row nor secret is left, finished or not."""
        started, done = await people.start(), await people.finish()
        people.app.now += timedelta(minutes=13)

        await people.sign_ins.sweep()

        assert people.app.vault_names == []
        assert await people.table.find(started.sign_in_id) is None
        assert await people.table.find(done.sign_in_id) is None

    async def test_others_stay(self, people: People) -> None:
        """One that is still good is left alone."""
        done = await people.finish()

        await people.sign_ins.sweep()

        assert await people.table.find(done.sign_in_id) is not None

    async def test_a_vault_that_is_away(self, people: People) -> None:
        """The row stays as long as its secrets do, for the next minute."""
        done = await people.finish()
        people.app.now += timedelta(minutes=13)
        people.app.azure.add_fault(Fault(kind=Kind.STATUS, path="/secrets/*", method="DELETE", count=None))

        await people.sign_ins.sweep()

        assert await people.table.find(done.sign_in_id) is not None


class TestProtectedVault:
    """A vault that keeps what is deleted until its retention ends."""

    @pytest.fixture
    def protected(self, people: People) -> People:
        """Nothing can be purged."""
        people.app.azure.apply(SetVault(purgeable=False))
        return people

    async def test_what_stays_is_told(self, protected: People) -> None:
        """The refresh token of a sign-in that nobody connected with is counted until it is gone."""
        await protected.finish()
        protected.app.now += timedelta(minutes=13)

        await protected.sign_ins.sweep()

        assert (await protected.app.discarded.count()).kept_by_vault == 2

    async def test_until_it_is_gone(self, protected: People) -> None:
        """Once the vault lets go of verifier and token, nothing is told of any more."""
        await protected.finish()
        protected.app.now += timedelta(minutes=13)
        await protected.sign_ins.sweep()
        protected.app.azure.apply(SetVault(purgeable=True))
        protected.app.now += timedelta(days=1)

        await protected.app.discarded.sweep()

        assert protected.app.vault_names == []
        assert (await protected.app.discarded.count()).kept_by_vault == 0


async def test_a_row_changes_only_as_it_was_read(people: People) -> None:
    """Of two writers the second meets a conflict."""
    started = await people.start()
    record = await people.table.find(started.sign_in_id)
    assert record is not None
    await people.table.replace(msgspec.structs.replace(record, claim="one"))

    with pytest.raises(Conflict):
        await people.table.replace(msgspec.structs.replace(record, claim="two"))
