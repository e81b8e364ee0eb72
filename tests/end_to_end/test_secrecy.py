"""No secret and no token is anywhere but in the vault: not in a table, a log, a problem, an answer."""

import json
from collections.abc import Iterator

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from local.stack import Stack
from tests.end_to_end.conftest import Connect
from tests.end_to_end.reading import synced

TOKEN_PREFIX = "eyJ"  # how every JSON Web Token begins
WRONG = "made-up-wrong-secret-value-8Q~nobody"


@pytest.fixture
def used(stack: Stack, connect: Connect) -> Stack:
    """A stack after connecting, syncing, changing, rotating and losing its secret."""
    connection = connect("production")
    synced(stack.api, connection)
    auth = stack.connector()
    stack.api.call("PATCH", f"/connections/{connection['id']}", {"auth": auth})
    principal = {name: value for name, value in auth.items() if name != "method"}
    stack.api.call("POST", "/credentials/rotate", principal)
    stack.azure.control({"operation": "expire_secret"})
    synced(stack.api, connection)
    return stack


def rows_of(connection_string: str) -> Iterator[str]:
    """Give every row of every table and every waiting message, as text."""
    with TableServiceClient.from_connection_string(connection_string) as tables:
        for table in tables.list_tables():
            for entity in tables.get_table_client(table.name).list_entities():
                yield json.dumps(dict(entity), default=repr)
    with QueueServiceClient.from_connection_string(connection_string) as queues:
        for queue in queues.list_queues():
            with queues.get_queue_client(queue.name) as client:
                yield from (str(message.content) for message in client.peek_messages(32))


def _problems(stack: Stack) -> Iterator[str]:
    """Give what is answered to a secret that is refused, by this app and by Entra."""
    wrong = {**stack.connector(), "client_secret": WRONG}
    for ids in ("not-a-guid", stack.subscription_id("staging")):
        body = {"name": "x", "auth": wrong, "subscription_ids": ids}
        yield json.dumps(stack.api.call("POST", "/connections", body).body)


def _answers(stack: Stack) -> Iterator[str]:
    for path in ("/connections", "/evidence?latest=false", "/findings", "/health/details"):
        yield json.dumps(stack.api.call("GET", path).body)


def test_no_secret_and_no_token_is_written_anywhere(used: Stack) -> None:
    """Neither secret nor any token is found in tables, queues, answers, the host's log or a request log."""
    secrets = [used.connector()["client_secret"], WRONG, TOKEN_PREFIX, "Bearer "]
    places = {
        "problems": [*_problems(used)],
        "storage": [*rows_of(used.azurite.connection_string)],
        "answers": [*_answers(used)],
        "host log": [used.host.output],
        "request log": [json.dumps(used.azure.requests())],
    }

    found = [
        (place, secret[:12])
        for place, texts in places.items()
        for text in texts
        for secret in secrets
        if secret in text
    ]
    assert found == []
    assert all(places.values())
