"""The audit log and the limit on refused credentials, as a portal meets them."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient

from local.api_client import Json, Reply
from local.azure.profiles import Profile, build_world
from local.stack import Stack
from tests.end_to_end.conftest import QUICK, Connect
from tests.end_to_end.reading import row, rows

WRONG = "made-up-wrong-secret-value-8Q~nobody"
UNKNOWN = "00000000-1111-4222-8333-444444444444"


def entries(stack: Stack, **asked: str) -> list[Json]:
    """Read the audit log."""
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return list(stack.api.items(f"/audit-log{'?' if query else ''}{query}"))


def newest(stack: Stack) -> Json:
    """Read its newest entry."""
    return entries(stack, limit="1")[0]


def told(entry: Json) -> tuple[object, object, object, object]:
    """Give action, outcome, status and code of an entry."""
    result = row(entry["result"])
    return entry["action"], result["outcome"], result["status"], result["code"]


def connect_with(stack: Stack, auth: dict[str, str], name: str = "staging") -> Reply:
    """Try to connect."""
    body = {
        "name": name,
        "auth": auth,
        "subscription_ids": [stack.subscription_id(name)],
        "services": ["defender"],
        "sync_now": False,
    }
    return stack.api.call("POST", "/connections", body)


def asked_of_entra(stack: Stack) -> list[Json]:
    """Give the requests for tokens that were sent since the last look."""
    return [one for one in stack.azure.requests(reset=True) if str(one["path"]).endswith("/token")]


def test_every_change_leaves_its_entry(stack: Stack, connect: Connect) -> None:
    """Connect, change, verify, sync, rotate, disconnect and purge, in order, each with its connection."""
    connection_id = str(connect("production")["id"])
    path = f"/connections/{connection_id}"
    auth = {name: value for name, value in stack.connector().items() if name != "method"}
    stack.api.call("PATCH", path, {"name": "Renamed", "frequency": "hourly"})
    stack.api.call("POST", f"{path}/verify")
    run = stack.api.call("POST", f"{path}/sync-runs")
    stack.api.wait_for_run(run.document)
    stack.api.call("POST", "/credentials/rotate", auth)
    stack.api.call("DELETE", path)
    stack.api.call("DELETE", f"{path}?purge_evidence=true")

    found = [told(one) for one in reversed(entries(stack, connection_id=connection_id))]
    assert found == [
        ("connect", "succeeded", 201, None),
        ("change", "succeeded", 200, None),
        ("verify", "succeeded", 200, None),
        ("sync_now", "succeeded", 202, None),
        ("rotate", "succeeded", 200, None),
        ("disconnect", "succeeded", 204, None),
        ("purge", "succeeded", 204, None),
    ]


def test_an_entry_says_who_what_when_and_from_where(stack: Stack, connect: Connect) -> None:
    """Ids, names of fields, times and the address that the host saw."""
    connection_id = str(connect("production")["id"])

    entry = newest(stack)
    auth, principal = stack.connector(), build_world(Profile.SMALL).connector.object_id
    assert row(entry["actor"])["kind"] == "key"
    assert row(entry["from"])["address"] == "127.0.0.1"
    assert str(row(entry["from"])["user_agent"]).startswith("Python-urllib/")
    assert row(entry["target"]) == {
        "connection_ids": [connection_id],
        "subscription_ids": [stack.subscription_id("production")],
        "method": "client_secret",
        "tenant_id": auth["tenant_id"],
        "client_id": auth["client_id"],
        "principal_id": principal,
    }
    assert entry["fields"] == ["auth", "name", "services", "subscription_ids", "sync_now"]
    assert str(entry["at"]) <= str(row(entry["result"])["finished_at"])


def test_what_was_refused_is_there_too(stack: Stack) -> None:
    """A wrong secret, a wrong body and an unknown connection, each with its code."""
    connect_with(stack, {**stack.connector(), "client_id": UNKNOWN})
    first = newest(stack)
    stack.api.call("POST", "/connections", {"name": "x", "colour": "red"})
    second = newest(stack)
    stack.api.call("PATCH", f"/connections/{UNKNOWN}", {"name": "x"})
    third = newest(stack)

    assert told(first) == ("connect", "refused", 422, "authentication_failed")
    assert row(first["result"])["reason"] == "unknown_application"
    assert told(second) == ("connect", "refused", 400, "invalid_request")
    assert told(third) == ("change", "refused", 404, "not_found")


def test_the_log_is_searched(stack: Stack, connect: Connect) -> None:
    """By action and by time; a cursor goes on where the page ended."""
    connect("production")
    connect("disabled")
    by_action = entries(stack, action="connect", limit="1")
    [last, before, *_] = by_action

    assert {one["action"] for one in by_action} == {"connect"}
    assert [one["id"] for one in entries(stack, **{"from": str(last["at"])})] == [last["id"]]
    assert entries(stack, to=str(last["at"]))[0]["id"] == before["id"]


def test_no_secret_is_in_the_log(stack: Stack, connect: Connect) -> None:
    """Neither a good one nor a wrong one, in no row of any table, nor in an answer."""
    connect("production")
    connect_with(stack, {**stack.connector(), "client_id": UNKNOWN, "client_secret": WRONG})
    stack.api.call("POST", "/connections", {"name": WRONG, "subscription_ids": WRONG})

    secrets = [stack.connector()["client_secret"], WRONG]
    with TableServiceClient.from_connection_string(stack.azurite.connection_string) as tables:
        clients = [tables.get_table_client(name) for name in ("audit", "attempts")]
        kept = [str(dict(one)) for client in clients for one in client.list_entities()]
    answered = [json.dumps(one) for one in entries(stack)]
    assert kept
    assert not [text for text in kept + answered for secret in secrets if secret in text]


def test_a_crash_between_change_and_outcome_is_seen(state: Path) -> None:
    """The host dies while it connects: after a restart the entry says that nobody knows what came of it."""
    with Stack("small", state, settings={**QUICK, "READ_TIMEOUT_S": "600"}) as stack:
        hold = {"kind": "delay", "delay_s": 600, "path": "*/oauth2/v2.0/token", "count": 1}
        stack.azure.control({"operation": "add_fault", "fault": hold})
        with ThreadPoolExecutor(1) as pool:
            calling = pool.submit(connect_with, stack, stack.connector())
            wait_for_an_entry(stack)
            stack.host.kill()
            assert isinstance(calling.exception(), OSError | HTTPException)
        stack.start_host()

        [entry] = entries(stack)
        assert told(entry) == ("connect", "unknown", None, None)
        assert row(entry["target"])["subscription_ids"] == [stack.subscription_id("staging")]


def wait_for_an_entry(stack: Stack) -> None:
    """Wait until an attempt is recorded."""
    deadline = time.monotonic() + 30
    while not entries(stack):
        assert time.monotonic() < deadline
        time.sleep(0.1)


class TestGuessing:
    """Connecting is no way to find out a secret."""

    @pytest.fixture
    def stack(self, state: Path) -> Iterator[Stack]:
        """Three processes of the test's own: what was refused counts for a quarter of an hour."""
        with Stack("small", state, settings=QUICK) as running:
            yield running

    def test_the_sixth_wrong_secret_is_not_tried(self, stack: Stack) -> None:
        """429 with the time to wait, Entra is not asked, and the log has every attempt."""
        wrong = {**stack.connector(), "client_secret": WRONG}
        assert [connect_with(stack, wrong).status for _ in range(5)] == [422] * 5
        asked_of_entra(stack)

        held = connect_with(stack, wrong)

        assert (held.status, held.document["code"]) == (429, "too_many_attempts")
        assert 800 < int(held.headers["retry-after"]) <= 900
        assert "Value" in str(held.document["advice"])
        assert asked_of_entra(stack) == []
        assert [row(one["result"])["status"] for one in entries(stack)] == [429, *[422] * 5]

    def test_a_good_secret_comes_too_late_and_another_application_does_not(self, stack: Stack) -> None:
        """Else the answer would tell that it is the good one; who does not guess is let in."""
        wrong = {**stack.connector(), "client_secret": WRONG}
        for _ in range(5):
            connect_with(stack, wrong)

        assert connect_with(stack, stack.connector()).status == 429
        assert connect_with(stack, {**stack.connector(), "client_id": UNKNOWN}).status == 422

    def test_another_tenant_is_no_way_round(self, stack: Stack) -> None:
        """A multitenant application has one secret, which could be guessed in any tenant that it is in."""
        wrong = {**stack.connector(), "client_secret": WRONG}
        tenants = [UNKNOWN.replace("0000-1111", f"0000-111{number}") for number in range(6)]

        answered = [connect_with(stack, {**wrong, "tenant_id": tenant}).status for tenant in tenants]

        assert answered == [422] * 5 + [429]

    def test_rotating_and_changing_count_with_connecting(self, stack: Stack) -> None:
        """One count, whichever way a secret is tried."""
        connection = rows(connect_with(stack, stack.connector()).document["connections"])[0]
        wrong = {**stack.connector(), "client_secret": WRONG}
        rotation = {name: value for name, value in wrong.items() if name != "method"}
        tries = [
            ("POST", "/credentials/rotate", rotation),
            ("PATCH", f"/connections/{connection['id']}", {"auth": wrong}),
        ]

        answered = [stack.api.call(*tries[number % 2]).status for number in range(7)]

        assert answered == [422] * 5 + [429] * 2
        assert stack.api.get(f"/connections/{connection['id']}")["status"] == "active"

    def test_two_hosts_count_together(self, stack: Stack) -> None:
        """A limit of each instance would grow with their number."""
        wrong = {**stack.connector(), "client_secret": WRONG}
        first = [connect_with(stack, wrong).status for _ in range(3)]
        stack.start_host()
        second = [connect_with(stack, wrong).status for _ in range(3)]

        assert first + second == [422] * 5 + [429]

    def test_guesses_at_the_same_moment_are_counted(self, stack: Stack) -> None:
        """Of sixteen at once five reach Entra."""
        wrong = {**stack.connector(), "client_secret": WRONG}
        with ThreadPoolExecutor(16) as pool:
            answered = [reply.status for reply in pool.map(lambda _: connect_with(stack, wrong), range(16))]

        assert sorted(answered) == [422] * 5 + [429] * 11
        assert len(asked_of_entra(stack)) == 5
