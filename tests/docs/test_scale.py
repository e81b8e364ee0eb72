"""What docs/scale.md derives is what the code and the documented limits come to."""

import base64
import re
from datetime import UTC, datetime

import msgspec
import pytest

from benchmarks.day import FIXED_S, INSTANCES, LATENCY_S, host
from benchmarks.fleet import Host
from benchmarks.ticks import MANY, MEMORY_LIMIT, RESUME_EACH_S, WITHIN_S
from collectors import registry
from pipeline.ids import new_connection_id, new_run_id
from pipeline.settings import ReadLimits
from pipeline.stores.run_queue import RunMessage
from pipeline.stores.secrets import CACHED_FOR_S
from tests.docs.markdown import rows, section, text_of

PAGE = " ".join(text_of("docs/scale.md").split())
WALLS = "Where the walls are, for connections synced every hour"
HOUR = 3600
AN_INSTANCE = 1600
"""Syncs an hour of the page's example."""
READS = {(read.path, read.query) for service in registry.load().values() for read in service.reads}
OF_TENANT = [path for path, _ in READS if path.startswith("/providers/") and "{" not in path]
LISTS = [path for path, _ in READS if re.findall(r"{\w+}", path) == ["{subscription_id}"]]
OTHERS = len(READS) - len(OF_TENANT) - len(LISTS) - sum(path.startswith("/v1.0/") for path, _ in READS)
WRITES = 2 * sum(len(service.parts) for service in registry.load().values())
ROW_READS = 1 / 60 + (1 + 3) / HOUR
"""Of a connection's row in a second: by the timer of every minute, the hourly one, three steps of a sync."""


def wall(first: str) -> int:
    """Give the number of connections in the last cell of a line."""
    cells = next(row for row in rows(section("docs/scale.md", WALLS)) if row[0].startswith(first))
    return int(re.findall(r"[\d,]+\d", cells[-1])[0].replace(",", ""))


@pytest.mark.parametrize(
    ("first", "connections"),
    [
        ("Azure Resource Manager, tenant", ReadLimits().per_second * HOUR / len(OF_TENANT)),
        ("Flex instances", INSTANCES * AN_INSTANCE),
        ("one partition", 2000 / ROW_READS),
        ("Flex memory", 512_000 // 2048 * AN_INSTANCE),
        ("planning", 30 * 60 / (WITHIN_S / MANY)),
        ("Key Vault", 400 * HOUR),
        ("one queue", 2000 * HOUR / 3),
        ("one storage account", 20_000 * HOUR / WRITES),
    ],
)
def test_a_wall_stands_where_its_limit_puts_it(first: str, connections: float) -> None:
    """To two digits and a half: the limits are targets."""
    assert wall(first) == pytest.approx(connections, rel=0.02)


def test_the_reads_of_a_sync_are_those_that_are_declared() -> None:
    """Lists, reads of the tenant, and what is asked once for each of something."""
    own = f"{len(LISTS)} lists, one request a page; {len(OF_TENANT)} reads of the tenant"

    assert f"{own}; and up to {OTHERS} kinds" in PAGE


def test_the_message_has_the_told_size() -> None:
    """As it is sent, in base64."""
    now = datetime.now(UTC)
    message = RunMessage(connection_id=new_connection_id(now), sync_run_id=new_run_id(now))
    size = len(base64.b64encode(msgspec.json.encode(message)))

    assert f"one message of {size} bytes" in PAGE


def test_what_is_assumed_and_what_is_taken_from_the_app_is_told() -> None:
    """Latency, what is not reading, host.json, scaling, the cache, and the limits of the benchmarks."""
    plain = Host(1, 1, 1, 1)
    told = (
        f"within {LATENCY_S:.2f} s on average, and that {FIXED_S:.0f} s of a sync is not reading",
        f"`batchSize` {host().batch}, `newBatchThreshold` {host().threshold}",
        f"`maxPollingInterval` {host().polling_s:.0f} s",
        f"decision falls every {plain.decided_each_s:.0f} s",
        f"that an instance starts in {plain.start_s:.0f} s",
        f"kept in memory for {CACHED_FOR_S / 60:.0f} minutes",
        f"{WITHIN_S:.0f} s on two cores",
        f"{MEMORY_LIMIT} times that of 1,000 connections",
        f"with at most {INSTANCES} instances",
        f"`maximumInstanceCount` {INSTANCES} in `infra/main.bicep`",
    )

    assert [one for one in told if one not in PAGE] == []
    assert RESUME_EACH_S == 60


def test_shares_at_100_000_are_those_of_the_walls() -> None:
    """Queue, vault and account, in percent; the hot partition in rows."""
    shares = [round(100 * 100_000 / wall(one)) for one in ("one queue", "Key Vault", "one storage account")]

    assert "{} %, {} % and {} % of their limits".format(*shares) in PAGE
    assert f"{100_000 * ROW_READS:,.0f} with planning and syncs" in PAGE
