"""Who is let in: with which header, which role, and what is told to whoever is not."""

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.azure.caller_changes import GrantAppRoles
from pipeline.callers.admission import LONGEST_TOKEN, Admission, bearer_token
from pipeline.callers.caller import KEY_HOLDER, MANAGE, READ
from pipeline.callers.tokens import AccessTokens
from pipeline.errors import CallerRefused, Forbidden, Unauthenticated
from pipeline.settings import CallerTokens
from tests.pipeline.callers.token_rig import TokenRig

# What App Service sends on when its own authentication is on, and anybody may send when it is not.
EASY_AUTH = {
    "x-ms-client-principal": "eyJyb2xlcyI6WyJFdmlkZW5jZS5NYW5hZ2UiXX0=",
    "x-ms-client-principal-id": "00000000-0000-0000-0000-000000000001",
    "x-ms-client-principal-name": "admin@example.com",
    "x-ms-client-principal-idp": "aad",
    "x-ms-token-aad-access-token": "aaa.bbb.ccc",
    "x-ms-token-aad-id-token": "aaa.bbb.ccc",
}


def with_token(token: str) -> dict[str, str]:
    """Send a token."""
    return {"authorization": f"Bearer {token}"}


async def refused(
    admission: Admission, headers: Mapping[str, str], *, changes: bool = False
) -> CallerRefused:
    """Give the refusal of a call."""
    with pytest.raises(CallerRefused) as caught:
        await admission.admit(headers, changes=changes)
    return caught.value


class TestWithoutAudience:
    """No token is wanted."""

    @pytest.mark.parametrize("headers", [{}, EASY_AUTH, {"authorization": "Bearer a.b.c"}])
    async def test_the_key_suffices(self, headers: dict[str, str]) -> None:
        """Whatever a caller says of itself changes nothing about who it is: a holder of the key."""
        admission = Admission(None, unwanted)

        assert await admission.admit(headers, changes=True) == KEY_HOLDER
        assert not admission.wants_token


class TestHeaders:
    """What must be sent."""

    async def test_no_token(self, rig: TokenRig) -> None:
        """The challenge says that one is wanted, and accuses nobody (RFC 6750, 3.1)."""
        error = await refused(rig.admission(), {})

        assert (type(error), error.reason) == (Unauthenticated, "token_missing")
        assert error.challenge == 'Bearer realm="azure-evidence-connector"'

    @pytest.mark.parametrize("value", ["Basic YTpi", "a.b.c", "bearer", "Bearer", "", "Digest x"])
    async def test_another_scheme(self, rig: TokenRig, value: str) -> None:
        """What is no bearer token is none."""
        assert (await refused(rig.admission(), {"authorization": value})).status == 401

    async def test_the_findings_of_the_platform_are_not_believed(self, rig: TokenRig) -> None:
        """Headers that App Service may add are headers that anybody may add."""
        assert (await refused(rig.admission(), EASY_AUTH)).reason == "token_missing"

    async def test_a_good_token_stays_who_it_is(self, rig: TokenRig) -> None:
        """Such headers beside a token neither add a role nor change who calls."""
        rig.azure.apply(GrantAppRoles(roles=(READ,)))
        headers = {**with_token(rig.token()), **EASY_AUTH}

        caller = await rig.admission().admit(headers, changes=False)

        assert (caller.object_id, caller.roles) == (rig.azure.connector.object_id, (READ,))
        assert (await refused(rig.admission(), headers, changes=True)).reason == "role_missing"

    @pytest.mark.parametrize("form", ["bearer {}", "BEARER  {} ", " Bearer {}"])
    def test_the_scheme_in_any_case(self, form: str) -> None:
        """Schemes are compared without regard to case (RFC 9110, 11.1)."""
        assert bearer_token({"authorization": form.format("a.b.c")}) == "a.b.c"

    @pytest.mark.parametrize(
        "token", ["a.b.c,Bearer a.b.c", "a.b.c a.b.c", "a.b", "a.b.", "a.b.c.d", "a.b.ç", "a.b.c="]
    )
    def test_twice_or_no_token(self, token: str) -> None:
        """Two headers arrive joined by a comma, and neither counts."""
        with pytest.raises(Unauthenticated):
            bearer_token(with_token(token))

    def test_a_token_without_end(self) -> None:
        """What is longer than any token of Entra is not even decoded."""
        with pytest.raises(Unauthenticated):
            bearer_token(with_token(f"a.{'b' * LONGEST_TOKEN}.c"))


class TestRoles:
    """What a good token may do."""

    @pytest.mark.parametrize(
        ("roles", "required", "reads", "writes"),
        [
            ((READ,), None, None, MANAGE),
            ((MANAGE,), None, None, None),
            ((), None, READ, MANAGE),
            (("Own",), "Own", None, None),
            ((MANAGE,), "Own", "Own", "Own"),
        ],
    )
    async def test_roles(
        self, rig: TokenRig, roles: tuple[str, ...], required: str | None, reads: str, writes: str
    ) -> None:
        """403 names the role that is missing, in the problem and in the challenge."""
        rig.azure.apply(GrantAppRoles(roles=roles))
        headers = with_token(rig.token())
        for changes, lacking in ((False, reads), (True, writes)):
            if lacking is None:
                assert await rig.admission(required).admit(headers, changes=changes)
            else:
                error = await refused(rig.admission(required), headers, changes=changes)
                assert (type(error), error.detail) == (Forbidden, f"This call needs the app role {lacking}.")
                assert f'error="insufficient_scope", error_description="{error.detail}"' in error.challenge
                assert f'scope="{lacking}"' in error.challenge


class NoKeys:
    """Stands for an Entra that publishes no key: no token can hold."""

    async def find(self, _key_id: str, /) -> None:
        """Find none."""


def unwanted(_rules: CallerTokens, /) -> AccessTokens:
    """Fail: no token is to be checked."""
    raise AssertionError


RULES = CallerTokens(audiences=("a",), tenant_id="t")
SEGMENT = st.from_regex(r"[\w-]{1,40}", fullmatch=True)


@given(
    st.one_of(
        st.text(max_size=200),
        st.text(max_size=200).map("Bearer {}".format),
        st.lists(SEGMENT, min_size=3, max_size=3).map(lambda parts: f"Bearer {'.'.join(parts)}"),
    )
)
def test_garbage_is_refused(value: str) -> None:
    """Whatever stands in the header, the answer is 401 with a challenge that can be sent, never a failure."""
    admission = Admission(RULES, lambda rules: AccessTokens(rules, NoKeys()))

    error = asyncio.run(refused(admission, {"authorization": value}))

    assert error.status == 401
    assert error.challenge.isascii()
    assert error.challenge.isprintable()
