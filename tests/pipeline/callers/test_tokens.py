"""Access tokens: what holds, and everything that must not."""

import base64
import hashlib
import hmac
import json
import time
from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.azure.caller_changes import GrantAppRoles, MintToken, RotateSigningKey
from local.azure.signing_keys import SigningKey, base64url
from pipeline.callers.caller import READ
from pipeline.errors import CallerRefused, Forbidden, Unauthenticated
from tests.pipeline.callers.token_rig import KEYS, TokenRig

STRANGER = "00000000-0000-0000-0000-0000000000aa"


def timed(claims: dict[str, object]) -> dict[str, object]:
    """Make moments of claims told as distances from now: tests are collected long before they run."""
    now = int(time.time())
    return {
        name: now + int(value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in claims.items()
    }


async def refused(rig: TokenRig, token: str) -> CallerRefused:
    """Give the refusal of a token, which repeats nothing of it."""
    with pytest.raises(CallerRefused) as caught:
        await rig.tokens.check(token)
    error = caught.value
    told = f"{error.detail} {error.advice} {error.challenge} {error.extra}"
    assert not [part for part in token.split(".") if len(part) > 8 and part in told]
    return error


class TestWhatHolds:
    """Tokens as Entra issues them."""

    async def test_a_token_of_an_application(self, rig: TokenRig) -> None:
        """Version 2.0, client credentials: who calls is known by ids, with the roles."""
        rig.azure.apply(GrantAppRoles(roles=(READ,)))
        connector = rig.azure.connector

        caller = await rig.tokens.check(rig.token())

        assert (caller.kind, caller.object_id, caller.client_id) == (
            "token",
            connector.object_id,
            connector.client_id,
        )
        assert (caller.tenant_id, caller.roles) == (connector.tenant_id, (READ,))

    async def test_a_token_of_version_1(self, rig: TokenRig) -> None:
        """The default of app registrations: another issuer, audience and name for the client."""
        [api] = rig.azure.world.apis
        token = rig.token(
            iss=f"https://sts.windows.net/{api.tenant_id}/",
            aud=f"api://{api.client_id}",
            ver="1.0",
            azp=None,
            appid=rig.azure.connector.client_id,
        )

        assert (await rig.tokens.check(token)).client_id == rig.azure.connector.client_id

    async def test_a_token_of_a_person(self, rig: TokenRig) -> None:
        """Name and address that a person's token holds are not taken over."""
        token = rig.token(scp="access", idtyp="user", name="Ada", preferred_username="ada@example.com")

        assert b"ada" not in msgspec.json.encode(await rig.tokens.check(token)).lower()

    @pytest.mark.parametrize(("claim", "seconds"), [("exp", -40), ("nbf", 40), ("iat", 40)])
    async def test_clocks_may_differ_by_a_minute(self, rig: TokenRig, claim: str, seconds: int) -> None:
        """A little early or late is forgiven."""
        claims = timed({"iat": timedelta(minutes=-10), claim: timedelta(seconds=seconds)})

        assert await rig.tokens.check(rig.token(MintToken(claims=claims)))

    async def test_a_listed_client(self, rig: TokenRig) -> None:
        """Who is on the list may call."""
        rig.rules = msgspec.structs.replace(
            rig.rules, allowed_client_ids=(STRANGER, rig.azure.connector.client_id)
        )

        assert await rig.tokens.check(rig.token())


class TestClaims:
    """Well signed, and still refused."""

    @pytest.mark.parametrize(
        ("claims", "reason"),
        [
            ({"exp": timedelta(seconds=-61)}, "token_expired"),
            ({"nbf": timedelta(seconds=90)}, "token_not_yet_valid"),
            ({"iat": timedelta(seconds=90)}, "token_not_yet_valid"),
            ({"aud": STRANGER}, "wrong_audience"),
            ({"aud": "https://management.azure.com"}, "wrong_audience"),
            ({"aud": None}, "not_an_access_token"),
            ({"iss": f"https://login.microsoftonline.com/{STRANGER}/v2.0"}, "wrong_issuer"),
            ({"iss": "https://sts.windows.net/"}, "wrong_issuer"),
            ({"iss": None}, "not_an_access_token"),
            ({"tid": STRANGER}, "wrong_tenant"),
            ({"tid": None}, "not_an_access_token"),
            ({"oid": None}, "not_an_access_token"),
            ({"azp": None}, "not_an_access_token"),
            ({"ver": "1.0"}, "not_an_access_token"),
            ({"exp": None}, "not_an_access_token"),
            ({"nbf": None}, "not_an_access_token"),
            ({"iat": None}, "not_an_access_token"),
            ({"exp": timedelta(seconds=10**9)}, "not_an_access_token"),
            ({"exp": 1e300}, "not_an_access_token"),
            ({"exp": "soon"}, "token_malformed"),
            ({"roles": "Evidence.Manage"}, "not_an_access_token"),
            ({"roles": [7]}, "not_an_access_token"),
        ],
    )
    async def test_a_wrong_claim(self, rig: TokenRig, claims: dict[str, object], reason: str) -> None:
        """Time, audience, issuer, tenant, and all that an access token of Entra has."""
        error = await refused(rig, rig.token(MintToken(claims=timed(claims))))

        assert (type(error), error.reason) == (Unauthenticated, reason)
        assert f'error="invalid_token", error_description="{error.detail}"' in error.challenge

    @pytest.mark.parametrize("claim", ["nonce", "at_hash", "c_hash"])
    async def test_an_id_token(self, rig: TokenRig, claim: str) -> None:
        """What says who signed in is not what lets a call in, even for the same audience."""
        for client in ({"azp": None}, {}):
            token = rig.token(MintToken(claims={claim: "x", **client}))
            assert (await refused(rig, token)).reason == "not_an_access_token"

    async def test_a_version_1_issuer_with_a_version_2_token(self, rig: TokenRig) -> None:
        """The two versions are not mixed."""
        token = rig.token(iss=f"https://sts.windows.net/{rig.rules.tenant_id}/")

        assert (await refused(rig, token)).reason == "not_an_access_token"

    async def test_a_client_that_is_not_listed(self, rig: TokenRig) -> None:
        """A good token that another application asked for is not enough: another one would not help."""
        rig.rules = msgspec.structs.replace(rig.rules, allowed_client_ids=(STRANGER,))

        error = await refused(rig, rig.token())

        assert (type(error), error.reason) == (Forbidden, "client_not_allowed")
        assert 'error="insufficient_scope"' in error.challenge


class TestSignatures:
    """Forged."""

    async def test_a_public_key_as_a_shared_secret(self, rig: TokenRig) -> None:
        """`alg` confusion: HS256 with what everybody can read as the secret, in every form of it."""
        public = rig.azure.simulation.issuer.keys.newest.private.public_key()
        forms = [(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), (Encoding.PEM, PublicFormat.PKCS1)]
        forms += [(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)]
        for form in forms:
            token = hs256(rig.token(), public.public_bytes(*form))
            assert (await refused(rig, token)).reason == "token_malformed"

    @pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, "RS384", "PS256", "ES256", 7])
    async def test_another_algorithm(self, rig: TokenRig, alg: object) -> None:
        """Only RS256 as it is spelled, whatever the signature is."""
        _, claims, signature = rig.token().split(".")
        kid = rig.azure.simulation.issuer.keys.newest.key_id
        header = encoded({"typ": "JWT", "kid": kid, "alg": alg})

        for ending in (signature, "", "AA"):
            assert (await refused(rig, f"{header}.{claims}.{ending}")).reason == "token_malformed"

    @pytest.mark.parametrize(
        "headers",
        [
            {"typ": None},
            {"typ": "at+jwt"},
            {"typ": "dpop+jwt"},
            {"crit": ["exp"]},
            {"crit": []},
            {"crit": ["b64"], "b64": True},
            {"crit": None, "b64": False},
            {"kid": None},
            {"kid": ""},
            {"kid": 7},
            {"kid": ["x"]},
            {"kid": "x" * 300},
        ],
        ids=str,
    )
    async def test_an_odd_header(self, rig: TokenRig, headers: dict[str, object]) -> None:
        """What Entra never sends is refused before any key is looked for."""
        assert (await refused(rig, rig.token(MintToken(headers=headers)))).reason == "token_malformed"
        assert rig.asked(KEYS) == 0

    async def test_a_key_that_the_token_brings_itself(self, rig: TokenRig) -> None:
        """Keys come from Entra alone: none from the header, and no address in it is asked."""
        own = SigningKey(generate_private_key(public_exponent=65537, key_size=2048))
        known = rig.azure.simulation.issuer.keys.newest.key_id
        brought = {
            "jwk": own.published("x"),
            "jku": f"{rig.azure.url}/steal",
            "x5u": f"{rig.azure.url}/steal",
        }
        claims = json.loads(decoded(rig.token().split(".")[1]))

        assert (await refused(rig, own.sign(claims, {**brought, "kid": known}))).reason == "invalid_signature"
        assert (await refused(rig, own.sign(claims, brought))).reason == "unknown_key"
        assert rig.asked("/steal") == 0

    async def test_a_changed_claim(self, rig: TokenRig) -> None:
        """One changed role breaks the signature."""
        header, claims, signature = rig.token().split(".")
        better = encoded({**json.loads(decoded(claims)), "roles": ["Evidence.Manage"]})

        assert (await refused(rig, f"{header}.{better}.{signature}")).reason == "invalid_signature"

    async def test_a_key_that_was_withdrawn(self, rig: TokenRig) -> None:
        """A stolen key is of no use once Entra has withdrawn it and was asked again."""
        old = rig.azure.simulation.issuer.keys.newest.key_id
        assert await rig.tokens.check(rig.token())
        rig.azure.apply(RotateSigningKey())
        rig.clock.now += 60
        assert await rig.tokens.check(rig.token())

        assert (await refused(rig, rig.token(MintToken(key_id=old)))).reason == "unknown_key"

    async def test_a_header_nested_without_end(self, rig: TokenRig) -> None:
        """Depth is no way to bring the app down."""
        deep = base64url(b'{"kid":' + b"[" * 9000)

        assert (await refused(rig, f"{deep}.e30.AA")).reason == "token_malformed"


def decoded(part: str) -> bytes:
    """Decode a part of a token."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encoded(content: object) -> str:
    """Encode a part of a token."""
    return base64url(json.dumps(content).encode())


def hs256(token: str, secret: bytes) -> str:
    """Sign the claims of a token anew with a shared secret."""
    header, claims, _ = token.split(".")
    signed = f"{encoded({**json.loads(decoded(header)), 'alg': 'HS256'})}.{claims}"
    return f"{signed}.{base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))}"
