"""Entra's signing keys: found, kept, asked for again, withdrawn, and what happens when Entra is silent."""

import asyncio
from contextlib import nullcontext

import msgspec
import pytest

from local.azure import SimulatedAzure
from local.azure.caller_changes import RotateSigningKey
from local.azure.faults import Fault, Kind
from local.azure.signing_keys import base64url
from local.azure.wire import Answer, json_answer
from pipeline.azure.clouds import CLOUDS
from pipeline.azure_reader import SharedTransport
from pipeline.callers.signing_keys import MOST_BYTES, SigningKeys
from pipeline.errors import UpstreamUnavailable
from tests.pipeline.callers.token_rig import DISCOVERY, KEYS, TokenRig

HOUR = 3600.0
TOO_SHORT = base64url((2**1023 + 1).to_bytes(128))


def newest(rig: TokenRig) -> str:
    """The id of the key that signs now."""
    return rig.azure.simulation.issuer.keys.newest.key_id


def rotate(rig: TokenRig) -> str:
    """Withdraw the key that signs, and give the new one's id."""
    return str(rig.azure.apply(RotateSigningKey())["key_id"])


def silence(rig: TokenRig, path: str = f"*{DISCOVERY}") -> None:
    """Let Entra fail from now on."""
    rig.azure.add_fault(Fault(kind=Kind.STATUS, status=503, path=path, count=None))


class TestAsking:
    """How often Entra is asked."""

    async def test_a_key_is_asked_for_once(self, rig: TokenRig) -> None:
        """What is known is not asked for again within the hour."""
        for _ in range(3):
            assert await rig.keys.find(newest(rig))
            rig.clock.now += HOUR / 4

        assert (rig.asked(DISCOVERY), rig.asked(KEYS)) == (1, 1)

    async def test_an_hour_later_it_is_asked_again(self, rig: TokenRig) -> None:
        """What was known an hour ago may have been withdrawn."""
        await rig.keys.find(newest(rig))
        rig.clock.now += HOUR

        await rig.keys.find(newest(rig))

        assert rig.asked(KEYS) == 2

    async def test_many_callers_at_once_ask_once(self, rig: TokenRig) -> None:
        """A cold start under load is one request."""
        found = await asyncio.gather(*(rig.keys.find(newest(rig)) for _ in range(50)))

        assert all(found)
        assert rig.asked(KEYS) == 1

    async def test_made_up_ids_do_not_multiply(self, rig: TokenRig) -> None:
        """A thousand ids that Entra never had cost two requests a minute, not a thousand."""
        await rig.keys.find(newest(rig))
        for minute in range(3):
            rig.clock.now += 60
            found = await asyncio.gather(*(rig.keys.find(f"{minute}-{one}") for one in range(1000)))
            assert not any(found)

        assert rig.asked(KEYS) == 4


class TestRotation:
    """Keys come and go."""

    async def test_a_new_key_is_found(self, rig: TokenRig) -> None:
        """An id that is not known is asked for at once, if the last time is a minute ago."""
        await rig.keys.find(newest(rig))
        rig.clock.now += 60
        new = rotate(rig)

        assert await rig.keys.find(new)

    async def test_a_withdrawn_key_is_refused_after_the_refresh(self, rig: TokenRig) -> None:
        """What Entra no longer publishes is forgotten as soon as Entra is asked, for whatever reason."""
        old = newest(rig)
        await rig.keys.find(old)
        rig.clock.now += 60
        await rig.keys.find(rotate(rig))

        assert await rig.keys.find(old) is None

    async def test_a_withdrawn_key_lives_an_hour_at_most(self, rig: TokenRig) -> None:
        """Even if nobody comes with a new one."""
        old = newest(rig)
        await rig.keys.find(old)
        rotate(rig)
        rig.clock.now += HOUR

        assert await rig.keys.find(old) is None


class TestSilence:
    """Entra does not answer."""

    async def test_known_keys_go_on_for_a_day(self, rig: TokenRig) -> None:
        """An outage of Entra's discovery locks nobody out whose key is known."""
        await rig.keys.find(newest(rig))
        silence(rig)
        rig.clock.now += 23 * HOUR

        assert await rig.keys.find(newest(rig))

    async def test_not_longer(self, rig: TokenRig) -> None:
        """After a day nothing that is known counts any more."""
        await rig.keys.find(newest(rig))
        silence(rig)
        rig.clock.now += 24 * HOUR + 1

        with pytest.raises(UpstreamUnavailable) as caught:
            await rig.keys.find(newest(rig))
        assert caught.value.reason == "signing_keys_unavailable"

    async def test_an_unknown_id_cannot_be_judged(self, rig: TokenRig) -> None:
        """It may be a new key: the caller is told to try again, not that the token is wrong."""
        await rig.keys.find(newest(rig))
        silence(rig)
        rig.clock.now += 60

        with pytest.raises(UpstreamUnavailable):
            await rig.keys.find(rotate(rig))

    async def test_a_silent_entra_is_asked_with_measure(self, rig: TokenRig) -> None:
        """Before anything is known Entra is asked every five seconds at most, then every minute."""
        silence(rig)
        for _ in range(10):
            with pytest.raises(UpstreamUnavailable):
                await rig.keys.find(newest(rig))
            rig.clock.now += 1

        assert rig.asked(DISCOVERY) == 2

    async def test_it_works_again_once_entra_answers(self, rig: TokenRig) -> None:
        """A failure is not remembered longer than the pause."""
        silence(rig)
        with pytest.raises(UpstreamUnavailable):
            await rig.keys.find(newest(rig))
        rig.azure.simulation.faults.clear()
        rig.clock.now += 5

        assert await rig.keys.find(newest(rig))

    @pytest.mark.parametrize("kind", [Kind.HTML, Kind.TRUNCATE, Kind.DROP, Kind.REDIRECT, Kind.CUT])
    @pytest.mark.parametrize("path", [f"*{DISCOVERY}", f"*{KEYS}"])
    async def test_any_other_answer_is_silence(self, rig: TokenRig, kind: Kind, path: str) -> None:
        """A page, half an answer, none, or a redirect: not followed, not believed."""
        fault = Fault(kind=kind, path=path, count=None, location=f"{rig.azure.url}/steal")
        rig.azure.add_fault(fault)

        with pytest.raises(UpstreamUnavailable):
            await rig.keys.find(newest(rig))
        assert rig.asked("/steal") == 0

    @pytest.mark.parametrize("member", ["issuer", "keys"])
    @pytest.mark.parametrize(("more", "believed"), [(MOST_BYTES // 2, True), (MOST_BYTES, False)])
    async def test_a_huge_answer_is_silence(
        self, rig: TokenRig, monkeypatch: pytest.MonkeyPatch, member: str, more: int, *, believed: bool
    ) -> None:
        """Discovery or keys, however good, are read no further than a quarter of a mebibyte."""

        def padded(body: dict[str, object]) -> Answer:
            return json_answer({**body, "more": "x" * more} if member in body else body)

        monkeypatch.setattr("local.azure.entra.json_answer", padded)

        with nullcontext() if believed else pytest.raises(UpstreamUnavailable):
            assert await rig.keys.find(newest(rig))

    async def test_callers_do_not_wait_for_one_who_asks(self, rig: TokenRig) -> None:
        """While somebody waits for a slow Entra, those whose key is known go on."""
        known = newest(rig)
        await rig.keys.find(known)
        rig.clock.now += 60
        rig.azure.add_fault(Fault(kind=Kind.DELAY, delay_s=1.0, path=f"*{DISCOVERY}"))
        asking = asyncio.create_task(rig.keys.find("made-up"))
        await asyncio.sleep(0.05)

        async with asyncio.timeout(0.5):
            rig.clock.now += HOUR
            assert await rig.keys.find(known)
        assert await asking is None


class TestWhichKeys:
    """Which of the published keys count."""

    @pytest.mark.parametrize(
        "odd",
        [
            {"kty": "EC"},
            {"kty": "oct", "k": "c2VjcmV0"},
            {"use": "enc"},
            {"use": None},
            {"n": "AQAB"},
            {"n": TOO_SHORT},
            {"n": None},
            {"n": 7},
            {"e": ""},
            {"kid": 7},
            {"issuer": "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"},
        ],
        ids=str,
    )
    async def test_a_key_for_something_else_does_not_count(
        self, rig: TokenRig, monkeypatch: pytest.MonkeyPatch, odd: dict[str, object]
    ) -> None:
        """Only RSA keys for signatures, long enough, of this tenant; one odd key spoils no other."""
        good = rig.azure.simulation.issuer.keys.newest
        bad = {**good.published(f"{rig.azure.url}/{rig.rules.tenant_id}/v2.0"), "kid": "odd", **odd}
        served = {"keys": [bad, good.published(f"{rig.azure.url}/{{tenantid}}/v2.0")]}
        keys = rig.azure.simulation.issuer.keys
        monkeypatch.setattr(type(keys), "document", lambda _keys, _issuer: served)

        assert await rig.keys.find(good.key_id)
        assert await rig.keys.find(str(bad["kid"])) is None

    async def test_keys_on_another_host_are_not_read(
        self, azure: SimulatedAzure, rig: TokenRig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever could change the discovery document could name keys of their own."""
        monkeypatch.setattr(azure.simulation, "url", azure.url.replace("127.0.0.1", "localhost"))

        with pytest.raises(UpstreamUnavailable):
            await rig.keys.find(newest(rig))
        assert rig.asked(KEYS) == 0

    async def test_what_may_be_the_issuer(self, rig: TokenRig) -> None:
        """Exactly the two issuers of this tenant, with the versions whose tokens name them."""
        found = await rig.keys.find(newest(rig))

        assert found is not None
        assert found.issuers == {
            f"{rig.azure.url}/{rig.rules.tenant_id}/v2.0": "2.0",
            f"https://sts.windows.net/{rig.rules.tenant_id}/": "1.0",
        }

    @pytest.mark.parametrize(
        ("described", "added"),
        [
            ("https://login.example.com/{tenant}/v2.0", True),
            ("https://login.example.com/00000000-0000-0000-0000-000000000000/v2.0", False),
            ("https://login.example.com/{tenant}/v2.0/more", False),
            ("http://login.example.com/{tenant}/v2.0", False),
        ],
    )
    async def test_the_described_issuer_counts_if_it_is_this_tenant(
        self, rig: TokenRig, monkeypatch: pytest.MonkeyPatch, described: str, *, added: bool
    ) -> None:
        """Some clouds name another host in their tokens than the one that is asked; never another tenant."""
        issuer = described.format(tenant=rig.rules.tenant_id)

        def told(body: dict[str, object]) -> Answer:
            return json_answer({**body, "issuer": issuer} if "issuer" in body else body)

        monkeypatch.setattr("local.azure.entra.json_answer", told)
        found = await rig.keys.find(newest(rig))

        assert found is not None
        assert found.issuers.get(issuer) == ("2.0" if added else None)

    async def test_an_unknown_tenant_has_no_keys(self, azure: SimulatedAzure) -> None:
        """A wrong API_TENANT_ID lets nobody in."""
        wire = SharedTransport(connection_verify=str(azure.ca_path))
        cloud = msgspec.structs.replace(CLOUDS["AzureCloud"], authority=azure.url)
        keys = SigningKeys(cloud, "00000000-0000-0000-0000-000000000000", wire)

        with pytest.raises(UpstreamUnavailable):
            await keys.find("any")
        await wire.close()
