"""The app of today is deployed over tables of version 1: it starts, and answers as the app of then did."""

from collections.abc import Iterator

import pytest

from local.api_client import ApiClient
from local.stack import Stack
from tests.end_to_end.conftest import QUICK
from tests.end_to_end.reading import row
from tests.pipeline.stores.version_1 import restore, version_1

THEN = version_1().expected


class UpgradedStack(Stack):
    """A stack whose storage holds tables of version 1 before the host starts."""

    def start_storage(self) -> None:
        """Start Azurite, and fill it."""
        super().start_storage()
        restore(self.azurite.connection_string)


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiClient]:
    """A caller of the app on those tables."""
    with UpgradedStack("small", tmp_path_factory.mktemp("upgrade"), settings=QUICK) as stack:
        yield stack.api


def test_every_finding_is_answered_as_before(upgraded: ApiClient) -> None:
    """In the same order, in pages: its id, status, reason, resource and times."""
    path = f"/findings?connection_id={THEN.connection_id}&changed_since=2026-01-01T00:00:00Z&limit=5"

    found = list(upgraded.items(path))

    assert [{name: now[name] for name in then} for now, then in zip(found, THEN.findings, strict=True)] == (
        THEN.findings
    )


def test_the_digest_chain_is_intact(upgraded: ApiClient) -> None:
    """Over all items, and they are those of then."""
    chain = upgraded.get(f"/connections/{THEN.connection_id}/evidence/verify")
    items = list(upgraded.items(f"/evidence?connection_id={THEN.connection_id}&latest=false"))

    assert chain == THEN.chain
    assert [item["digest"] for item in items] == [item["digest"] for item in THEN.items]


def test_the_connections_are_there(upgraded: ApiClient) -> None:
    """Both, with what they are called; the run that had broken off still stands, and will be finished."""
    connections = {str(one["id"]): one for one in upgraded.items("/connections")}

    assert set(connections) == {THEN.connection_id, THEN.other_id}
    assert row(connections[THEN.connection_id]["last_sync_run"])["status"] in {"queued", "running"}
