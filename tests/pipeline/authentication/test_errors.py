"""What a person is told when Entra gives no token."""

from collections.abc import Callable

import msgspec
import pytest
from azure.core.exceptions import ClientAuthenticationError

from collectors.errors import CredentialRejected, ServiceUnavailable, Throttled
from local.azure import entra
from local.azure.faults import Fault, Kind
from local.azure.wire import Answer
from pipeline.authentication.errors import TokenError, explain, translate_authentication_error
from pipeline.authentication.method import Offer
from pipeline.authentication.refusals import APPLICATIONS_PAGE
from pipeline.stores.records import CredentialRecord
from tests.pipeline.app import App

TOKEN_PATH = "*/oauth2/v2.0/token"
DESCRIPTION = "AADSTS{code}: Something about Kim Example.\r\nTrace ID: 1\r\nTimestamp: 2026-01-01 00:00:00Z"

type EntraAnswers = Callable[..., None]


@pytest.fixture
def entra_answers(monkeypatch: pytest.MonkeyPatch) -> EntraAnswers:
    """Let the token endpoint answer with an error body."""

    def set_answer(status: int = 400, headers: dict[str, str] | None = None, **body: object) -> None:
        answer = Answer(status, msgspec.json.encode(body), headers or {})
        monkeypatch.setattr(entra, "_client_credentials", lambda *_: answer)

    return set_answer


async def ask(app: App) -> None:
    """Ask for a token with the connector's secret."""
    owner = app.azure.connector
    record = CredentialRecord(method="client_secret", tenant_id=owner.tenant_id, client_id=owner.client_id)
    await app.credentials.authenticate(app.credentials.trial(Offer(record=record, secret="made-up")))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (7000215, "invalid_client_secret"),
        (7000222, "expired_client_secret"),
        (700016, "unknown_application"),
        (90002, "unknown_tenant"),
        (7000112, "application_disabled"),
        (53003, "blocked_by_conditional_access"),
        (530032, "blocked_by_conditional_access"),
        (65001, "consent_required"),
        (50173, "grant_revoked"),
        (70043, "sign_in_expired"),
        (700082, "sign_in_expired"),
        (500011, "authentication_rejected"),
    ],
)
async def test_each_code_has_its_reason(
    app: App, entra_answers: EntraAnswers, code: int, reason: str
) -> None:
    """The number in `error_codes` decides the reason, and every reason comes with advice."""
    entra_answers(error="invalid_client", error_codes=[code], error_description="unread")

    with pytest.raises(CredentialRejected) as refused:
        await ask(app)

    assert refused.value.reason == reason
    assert refused.value.advice
    assert f"AADSTS{code}" in refused.value.detail


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (50132, "grant_revoked"),
        (50133, "grant_revoked"),
        (50144, "person_blocked"),
        (50078, "interaction_required"),
        (50131, "blocked_by_conditional_access"),
        (53002, "blocked_by_conditional_access"),
        (53004, "blocked_by_conditional_access"),
        (700081, "sign_in_expired"),
        (70000, "grant_refused"),
        (123456789, "grant_refused"),
    ],
)
def test_a_persons_grant_is_never_advised_as_an_applications(code: int, reason: str) -> None:
    """Whatever ends a sign-in, known or not, the person is not sent to compare client ids."""
    refused = explain(TokenError(error="invalid_grant", error_codes=(code,)))

    assert refused.reason == reason
    assert "client ID" not in refused.advice
    assert "service principal" in refused.advice or "Conditional Access" in refused.advice


async def test_an_application_is_not_told_to_sign_in(app: App, entra_answers: EntraAnswers) -> None:
    """Of a code that is not known, it is told what an application can do about it."""
    entra_answers(error="invalid_grant", error_codes=[123456789])

    with pytest.raises(CredentialRejected) as refused:
        await ask(app)

    assert refused.value.reason == "authentication_rejected"
    assert "Sign in again" not in refused.value.advice


async def test_code_in_description(app: App, entra_answers: EntraAnswers) -> None:
    """Without `error_codes` the number in the description decides."""
    entra_answers(error="invalid_client", error_description=DESCRIPTION.format(code=7000222))

    with pytest.raises(CredentialRejected) as refused:
        await ask(app)

    assert refused.value.reason == "expired_client_secret"


async def test_ids_are_kept_and_names_are_not(app: App, entra_answers: EntraAnswers) -> None:
    """Trace and correlation ids are told for support; the description and the error's address are not."""
    entra_answers(
        error="invalid_client",
        error_codes=[7000215],
        error_description=DESCRIPTION.format(code=7000215),
        trace_id="trace-1",
        correlation_id="correlation-1",
        error_uri="https://login.example/error?code=7000215",
    )

    with pytest.raises(CredentialRejected) as refused:
        await ask(app)

    told = f"{refused.value} {refused.value.detail} {refused.value.advice}"
    assert "trace ID trace-1" in told
    assert "correlation ID correlation-1" in told
    assert "Kim Example" not in told
    assert "login.example" not in told


async def test_error_without_code(app: App, entra_answers: EntraAnswers) -> None:
    """A refusal without any number is still a refusal."""
    entra_answers(error="invalid_client")

    with pytest.raises(CredentialRejected) as refused:
        await ask(app)

    assert refused.value.reason == "authentication_rejected"
    assert refused.value.detail == "Microsoft Entra refuses this credential."


async def test_page_of_the_application(app: App, entra_answers: EntraAnswers) -> None:
    """A wrong secret leads to the credentials of that very application."""
    entra_answers(error="invalid_client", error_codes=[7000215])

    with pytest.raises(CredentialRejected) as refused:
        await ask(app)

    blade = "#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Credentials/appId"
    assert refused.value.portal_page == f"{blade}/{app.azure.connector.client_id}"


def test_page_without_application() -> None:
    """Where the application is not known, the page is the list of applications."""
    error = ClientAuthenticationError("AADSTS7000215: wrong")

    translated = translate_authentication_error(error)

    assert isinstance(translated, CredentialRejected)
    assert translated.portal_page == APPLICATIONS_PAGE


async def test_temporarily_unavailable(app: App, entra_answers: EntraAnswers) -> None:
    """The one error that Entra's page calls worth a retry is no refusal."""
    entra_answers(error="temporarily_unavailable", error_codes=[90033])

    with pytest.raises(ServiceUnavailable):
        await ask(app)


async def test_tenant_throttled(app: App, entra_answers: EntraAnswers) -> None:
    """A tenant with too many requests is asked to wait, whatever the status."""
    entra_answers(error="invalid_request", error_codes=[90055])

    with pytest.raises(Throttled):
        await ask(app)


async def test_too_many_requests(app: App, entra_answers: EntraAnswers) -> None:
    """429 tells how long to wait."""
    entra_answers(429, {"Retry-After": "17"}, error="invalid_request")

    with pytest.raises(Throttled) as throttled:
        await ask(app)

    assert throttled.value.retry_after_s == 17


@pytest.mark.parametrize("kind", [Kind.DROP, Kind.HTML, Kind.STATUS], ids=["dropped", "html", "503"])
async def test_entra_does_not_answer(app: App, kind: Kind) -> None:
    """A dropped connection, a page instead of JSON and a 503 say nothing about the credential."""
    app.azure.add_fault(Fault(kind=kind, path=TOKEN_PATH, count=None))

    with pytest.raises(ServiceUnavailable):
        await ask(app)


@pytest.mark.parametrize("page", [b"<html>error</html>", b"<html>blocked</html>", b'["error"]', b"17"])
async def test_something_else_answers(app: App, monkeypatch: pytest.MonkeyPatch, page: bytes) -> None:
    """What a proxy puts in the place of Entra's answer is no refusal of the credential."""
    monkeypatch.setattr(entra, "_client_credentials", lambda *_: Answer(403, page))

    with pytest.raises(ServiceUnavailable):
        await ask(app)
