"""Claims about problem details: what callers are told, and what they never are."""

import json
from http import HTTPStatus
from typing import Any

import pytest

from collectors import errors as azure
from collectors.errors import ConnectorError
from pipeline import errors
from pipeline.triggers.problems import ProblemAnswer, describe


def portal_url(page: str) -> str | None:
    """Complete a page."""
    return f"https://portal.azure.com/{page}" if page else None


def described(error: Exception) -> tuple[ProblemAnswer, dict[str, Any]]:
    """Describe an error, and read what was written."""
    answer = describe(error, correlation_id="abc", portal_url=portal_url)
    return answer, json.loads(answer.body)


class TestDescribe:
    """Each branch of the error tree has its status."""

    def test_says_everything_a_problem_knows(self) -> None:
        """All members of API.md are there, and those the error adds."""
        error = errors.AlreadyConnected(
            "It has a connection.",
            advice="Change that one.",
            portal_page="#view/x",
            reason="why",
            errors=[("subscription_ids[0]", "is connected")],
            extra={"connection_id": "c1"},
        )

        answer, body = described(error)

        assert answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
        assert body == {
            "type": "urn:azure-evidence-connector:problem:already_connected",
            "title": "The subscription is already connected",
            "status": 422,
            "detail": "It has a connection.",
            "code": "already_connected",
            "reason": "why",
            "advice": "Change that one.",
            "portal_url": "https://portal.azure.com/#view/x",
            "correlation_id": "abc",
            "errors": [{"field": "subscription_ids[0]", "message": "is connected"}],
            "connection_id": "c1",
        }

    def test_extra_members_never_replace_the_standard_ones(self) -> None:
        """An error cannot give itself another status by its extra members."""
        _, body = described(errors.NotFound("Gone.", extra={"status": "200"}))

        assert body["status"] == 404

    @pytest.mark.parametrize(
        ("error", "status", "code"),
        [
            (errors.InvalidRequest("x"), 400, "invalid_request"),
            (errors.NotFound("x"), 404, "not_found"),
            (errors.Conflict("x"), 409, "conflict"),
            (errors.AuthenticationFailed("x"), 422, "authentication_failed"),
            (errors.TooManyAttempts("x", retry_after_s=1), 429, "too_many_attempts"),
            (errors.AuditUnavailable("x"), 503, "audit_unavailable"),
            (errors.UpstreamUnavailable("x"), 503, "upstream_unavailable"),
            (azure.UnexpectedAnswer("x"), 502, "unexpected_answer"),
            (azure.AccessDenied("x", permission="p", scope="s"), 502, "permission_missing"),
            (azure.ServiceUnavailable("x"), 503, "service_unavailable"),
            (errors.SecretUnavailable("x"), 503, "secret_unavailable"),
            (errors.LeaseLost("x"), 500, "lease_lost"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_each_error_has_its_status_and_code(self, error: ConnectorError, status: int, code: str) -> None:
        """Azure's refusals are 502, its silence is 503, our own are what they say."""
        answer, body = described(error)

        assert (answer.status, body["status"], body["code"]) == (status, status, code)

    def test_throttling_says_how_long_to_wait(self) -> None:
        """The wait that Azure asked for is handed on, in whole seconds, upwards."""
        assert described(azure.Throttled("x", retry_after_s=1.2))[0].headers == {"retry-after": "2"}
        assert described(azure.Throttled("x"))[0].headers == {}

    def test_too_many_attempts_say_how_long_to_wait(self) -> None:
        """And what to do meanwhile."""
        answer, body = described(errors.TooManyAttempts("x", retry_after_s=539.2))

        assert answer.headers == {"retry-after": "540"}
        assert "Value" in body["advice"]

    def test_tells_nothing_of_an_unforeseen_error(self) -> None:
        """The message of an error that is not ours stays in the log."""
        answer, body = described(RuntimeError("password=hunter2"))

        assert (answer.status, body["code"]) == (500, "internal_error")
        assert b"hunter2" not in answer.body
        assert body["correlation_id"] == "abc"
