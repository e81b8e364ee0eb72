"""Claims about every call, whatever the route: ids, limits, cursors, problems."""

import logging
import re

import pytest

from collectors.errors import Throttled
from pipeline.errors import AuthenticationFailed
from pipeline.requests import FindingQuery
from tests.pipeline.triggers.calls import BODIES, CONNECT, JSON_ROUTES, ROUTE, call, call_well, faults_of
from tests.pipeline.triggers.memory_services import MemoryServices

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class TestCorrelation:
    """Every answer carries the id that finds it in the log."""

    async def test_a_sane_id_is_taken_over(self, services: MemoryServices) -> None:
        """A portal's own id comes back."""
        answer = await call(services, "get_health", headers={"X-Correlation-Id": "portal-42"})

        assert answer.headers["x-correlation-id"] == "portal-42"

    @pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\r\nset-cookie: x", "é"])
    async def test_any_other_is_replaced(self, services: MemoryServices, given: str) -> None:
        """What could break a log or a header is not taken over."""
        answer = await call(services, "get_health", headers={"x-correlation-id": given})

        assert UUID.fullmatch(answer.headers["x-correlation-id"])

    async def test_a_problem_names_the_same_id(self, services: MemoryServices) -> None:
        """Header and problem agree."""
        answer = await call(services, "connect_subscriptions", body={})

        assert answer.body["correlation_id"] == answer.headers["x-correlation-id"]


class TestAnswers:
    """How answers are sent."""

    @pytest.mark.parametrize("name", JSON_ROUTES)
    async def test_no_answer_is_cached_or_sniffed(self, services: MemoryServices, name: str) -> None:
        """Evidence stays out of caches, and JSON is never taken for a page."""
        answer = await call_well(services, name)

        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"] == "application/json"

    @pytest.mark.parametrize("name", ROUTE)
    async def test_every_route_answers_with_its_status(self, services: MemoryServices, name: str) -> None:
        """The status is the one in the table of routes."""
        answer = await call_well(services, name)

        assert answer.status == ROUTE[name].status

    async def test_long_work_says_where_to_look(self, services: MemoryServices) -> None:
        """202 comes with the address of the run."""
        answer = await call(services, "start_sync_run")

        assert answer.status == 202
        assert answer.headers["location"] == "/api/connections/c1/sync-runs/r1"


class TestRefusals:
    """What never reaches a service."""

    async def test_a_body_over_64_kib(self, services: MemoryServices) -> None:
        """A large body is refused before it is read."""
        answer = await call(services, "connect_subscriptions", body=b" " * 65_537)

        assert (answer.status, answer.body["code"]) == (400, "invalid_request")
        assert services.asked == []

    @pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded"])
    async def test_a_body_that_is_not_sent_as_json(self, services: MemoryServices, media_type: str) -> None:
        """A form on a foreign page cannot send JSON, so nothing else is taken."""
        headers = {"content-type": media_type}

        answer = await call(services, "connect_subscriptions", body=CONNECT, headers=headers)

        assert faults_of(answer) == {"content-type": "must be application/json"}

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"content-type": "application/json; charset=utf-8"},
            {"content-type": "application/merge-patch+json"},
        ],
    )
    async def test_json_by_any_of_its_names_is_taken(
        self, services: MemoryServices, headers: dict[str, str]
    ) -> None:
        """No type, JSON with a charset, and JSON under another name are all JSON."""
        answer = await call(
            services, "connect_subscriptions", body=CONNECT, headers=headers or {"accept": "*/*"}
        )

        assert answer.status == 201

    @pytest.mark.parametrize("connection_id", ["a b", "..\\x", "x" * 201, "a'b", "\u0663", "a/b"])
    async def test_an_id_that_can_be_none(self, services: MemoryServices, connection_id: str) -> None:
        """An id that no id looks like is not found, and never gets near a key."""
        answer = await call(services, "get_connection", path={"connection_id": connection_id})

        assert (answer.status, services.asked) == (404, [])

    @pytest.mark.parametrize("name", [name for name in JSON_ROUTES if name not in BODIES])
    async def test_fields_nobody_reads(self, services: MemoryServices, name: str) -> None:
        """A route without a body refuses one, a route without parameters refuses them."""
        assert (await call(services, name, body={"x": 1})).status == 400
        assert (await call(services, name, params={"x": "1"})).status == 400
        assert services.asked == []


class TestErrors:
    """Whatever goes wrong is answered as a problem."""

    @pytest.mark.parametrize("name", JSON_ROUTES)
    async def test_an_error_of_ours_is_told(self, services: MemoryServices, name: str) -> None:
        """Code, reason and advice reach the caller from every route."""
        services.fails_with = AuthenticationFailed("No.", reason="invalid_client_secret", advice="Do this.")

        answer = await call_well(services, name)

        if services.asked:
            assert (answer.status, answer.body["reason"]) == (422, "invalid_client_secret")
            assert answer.headers["content-type"] == "application/problem+json"

    async def test_a_wait_is_handed_on(self, services: MemoryServices) -> None:
        """Retry-After is a header, as clients expect it."""
        services.fails_with = Throttled("Slow down.", retry_after_s=7)

        answer = await call(services, "verify_connection")

        assert (answer.status, answer.headers["retry-after"]) == (503, "7")

    async def test_an_unforeseen_error_is_logged_not_told(
        self, services: MemoryServices, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A defect is 500 with an id; the log has the error under the same id."""
        services.fails_with = RuntimeError("inner detail")

        with caplog.at_level(logging.ERROR):
            answer = await call(services, "list_connections", headers={"x-correlation-id": "find-me"})

        assert (answer.status, answer.body["code"]) == (500, "internal_error")
        assert "inner detail" not in str(answer.body)
        assert "find-me" in caplog.text
        assert "inner detail" in caplog.text


class TestCursors:
    """Positions leave the app sealed, and come back only to the list they left."""

    async def test_a_position_leaves_sealed_and_comes_back(self, services: MemoryServices) -> None:
        """The next page begins where the first ended; another page size is no other list."""
        services.next_position = "row-100"
        first = await call(services, "list_findings", params={"service": "defender", "limit": "10"})
        cursor = first.body["next_cursor"]

        await call(services, "list_findings", params={"service": "defender", "cursor": cursor, "limit": "5"})

        assert "row-100" not in cursor
        assert services.asked[-1] == (
            "findings",
            FindingQuery(service="defender", limit=5, position="row-100"),
        )

    async def test_the_last_page_has_no_cursor(self, services: MemoryServices) -> None:
        """Null says that there is no more."""
        assert (await call(services, "list_findings")).body["next_cursor"] is None

    @pytest.mark.parametrize(
        ("name", "params", "path"),
        [
            ("list_findings", {"service": "storage"}, {}),
            ("list_findings", {}, {}),
            ("list_evidence", {"service": "defender"}, {}),
            ("list_sync_runs", {}, {"connection_id": "c2"}),
        ],
    )
    async def test_a_cursor_of_another_list_is_refused(
        self, services: MemoryServices, name: str, params: dict[str, str], path: dict[str, str]
    ) -> None:
        """Other filters, another route and another connection are other lists."""
        services.next_position = "row-100"
        findings = await call(services, "list_findings", params={"service": "defender"})
        runs = await call(services, "list_sync_runs")
        cursor = (runs if name == "list_sync_runs" else findings).body["next_cursor"]

        answer = await call(services, name, params={**params, "cursor": cursor}, path=path)

        assert (answer.status, list(faults_of(answer))) == (400, ["cursor"])
