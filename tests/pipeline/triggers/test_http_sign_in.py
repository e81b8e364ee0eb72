"""The routes of the sign-in: whom they tell what, and what a browser is shown."""

import msgspec
import pytest

from pipeline.audit import Actor, Target
from pipeline.callers.caller import KEY_HOLDER, Caller
from pipeline.errors import SignInRefused
from pipeline.model import ProblemView
from pipeline.requests import CallbackQuery
from pipeline.sign_in.flow import Finished
from pipeline.triggers.http_sign_in import starter_of
from tests.pipeline.triggers.calls import CONNECT, HTML, Answer, call
from tests.pipeline.triggers.memory_services import MemoryServices

TENANT, PERSON = (f"00000000-0000-0000-0000-00000000000{number}" for number in (1, 5))
HEADERS = {"x-forwarded-for": "203.0.113.7:49828", "x-correlation-id": "portal-42"}
RETURN_URL = "https://portal.example/connected"
FAILED = ProblemView(
    code="authentication_failed", detail="<b>No.</b>", advice="Ask.", reason="consent_declined"
)


async def came_back(services: MemoryServices, **params: str) -> Answer:
    """Come back from Entra with a browser."""
    return await call(services, "finish_sign_in", params=params)


def done(*, return_url: str | None = None, problem: ProblemView | None = None) -> Finished:
    """Give how a sign-in ended."""
    return Finished(sign_in_id="s 1", return_url=return_url, problem=problem)


class TestPage:
    """What a person sees."""

    async def test_signed_in(self, services: MemoryServices) -> None:
        """Without an address to return to, a page says what to do next."""
        answer = await came_back(services, code="c", state="s")

        assert (answer.status, answer.headers["content-type"]) == (200, HTML)
        assert "You are signed in" in answer.body
        assert services.asked == [("finish_sign_in", CallbackQuery(code="c", state="s"))]

    async def test_nothing_can_run_on_it(self, services: MemoryServices) -> None:
        """No script, no frame, no form, no picture: one style, by its hash."""
        answer = await came_back(services)

        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert "<script" not in answer.body

    async def test_failed(self, services: MemoryServices) -> None:
        """The reason and the advice, escaped."""
        services.sign_ins.finished = done(problem=FAILED)

        answer = await came_back(services)

        assert answer.status == 400
        assert "&lt;b&gt;No.&lt;/b&gt;" in answer.body
        assert "<b>" not in answer.body

    async def test_what_entra_says_is_never_shown(self, services: MemoryServices) -> None:
        """Neither an error nor a description that anybody may have made up."""
        services.fails_with = SignInRefused("This sign-in is not known.")

        answer = await came_back(
            services, error="<script>a</script>", error_description="<img src=x>", state="s"
        )

        assert answer.status == 400
        assert "This sign-in is not known." in answer.body
        assert "script" not in answer.body
        assert "img" not in answer.body

    async def test_an_error_of_nobodys(self, services: MemoryServices) -> None:
        """Of what nobody foresaw the page tells nothing."""
        services.fails_with = RuntimeError("secret")

        answer = await came_back(services)

        assert (answer.status, "secret" in answer.body) == (500, False)

    async def test_other_parameters(self, services: MemoryServices) -> None:
        """What Entra adds is passed over, and so is what is longer than any code."""
        await came_back(services, state="s", session_state="x", code="c" * 9000, colour="red")

        assert services.asked == [("finish_sign_in", CallbackQuery(state="s"))]


class TestRedirect:
    """Where a browser goes on to."""

    async def test_back_to_the_portal(self, services: MemoryServices) -> None:
        """With the id of the sign-in, escaped."""
        services.sign_ins.finished = done(return_url=RETURN_URL)

        answer = await came_back(services)

        assert (answer.status, answer.headers["location"]) == (302, f"{RETURN_URL}?sign_in_id=s+1")

    async def test_with_the_reason(self, services: MemoryServices) -> None:
        """A sign-in that failed says why, in a word of ours."""
        services.sign_ins.finished = done(return_url=RETURN_URL, problem=FAILED)

        answer = await came_back(services)

        assert answer.headers["location"] == f"{RETURN_URL}?sign_in_id=s+1&error=consent_declined"


class TestAuditLog:
    """What is left of a sign-in that ended."""

    @pytest.mark.parametrize(("return_url", "status"), [(None, 200), (RETURN_URL, 302)])
    async def test_complete(self, services: MemoryServices, return_url: str | None, status: int) -> None:
        """The person's ids as Entra gave them, from where, and the result; no code, state or sign-in id."""
        ended = done(return_url=return_url)
        services.sign_ins.finished = msgspec.structs.replace(ended, tenant_id=TENANT, principal_id=PERSON)

        await call(
            services, "finish_sign_in", params={"code": "hunter2", "state": "hunter3"}, headers=HEADERS
        )

        [(attempt, ending)] = services.audit.recorded
        assert attempt.action == "sign_in"
        assert attempt.actor == Actor(kind="person", object_id=PERSON, tenant_id=TENANT)
        assert attempt.target == Target(method="sign_in", tenant_id=TENANT, principal_id=PERSON)
        assert (attempt.origin.address, attempt.correlation_id) == ("203.0.113.7", "portal-42")
        assert (ending.result.outcome, ending.result.status) == ("succeeded", status)
        assert not [one for one in (b"hunter", b"s 1") if one in msgspec.json.encode((attempt, ending))]

    @pytest.mark.parametrize(("return_url", "status"), [(None, 400), (RETURN_URL, 302)])
    async def test_failed(self, services: MemoryServices, return_url: str | None, status: int) -> None:
        """Code and reason of what failed; Entra has named nobody."""
        services.sign_ins.finished = done(return_url=return_url, problem=FAILED)

        await came_back(services)

        [(attempt, ending)] = services.audit.recorded
        result = ending.result
        assert attempt.actor == Actor(kind="person")
        assert (result.outcome, result.status) == ("refused", status)
        assert (result.code, result.reason) == ("authentication_failed", "consent_declined")

    async def test_of_no_sign_in(self, services: MemoryServices) -> None:
        """Nothing is left of what anybody makes up: the log could be filled with it."""
        services.fails_with = SignInRefused("This sign-in is not known.")

        await came_back(services, state="s", code="c")

        assert services.audit.recorded == []


class TestStarter:
    """Who may use a sign-in."""

    @pytest.mark.parametrize(
        ("caller", "name"),
        [
            (KEY_HOLDER, None),
            (Caller(kind="token", tenant_id="t", object_id="o", client_id="c"), "t/o"),
            (Caller(kind="token", tenant_id="t", client_id="c"), "t/c"),
        ],
    )
    def test_named_by_the_token(self, caller: Caller, name: str | None) -> None:
        """Tenant and object id, or the application's; a key tells callers not apart."""
        assert starter_of(caller) == name

    @pytest.mark.parametrize("name", ["connect_subscriptions", "change_connection"])
    async def test_demanded_before_it_is_used(self, services: MemoryServices, name: str) -> None:
        """Connecting and changing ask first whether the caller started the sign-in."""
        auth = {"method": "sign_in", "sign_in_id": "s1"}
        body = {**CONNECT, "auth": auth} if name == "connect_subscriptions" else {"auth": auth}

        await call(services, name, body=body)

        assert services.asked[0] == ("demand_sign_in", "s1", None)

    async def test_other_methods_are_nobodys(self, services: MemoryServices) -> None:
        """A client secret was started by nobody."""
        await call(services, "connect_subscriptions", body=CONNECT)

        assert [asked[0] for asked in services.asked] == ["connect"]
