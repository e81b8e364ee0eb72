"""Manifests: what went in comes out, whatever an abandoned attempt left behind."""

from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.stores.manifests import OpenFinding
from tests.pipeline.sync_rig import Rig, record

LARGE_BODY = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
entries = st.dictionaries(
    st.binary(min_size=16, max_size=16),
    st.tuples(
        st.binary(min_size=8, max_size=8),
        st.integers(0, 2**32 - 1),
        st.integers(0, 4),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**32 - 1),
    ),
    max_size=40,
)


def many(number: int, opened: int = 1) -> dict[bytes, OpenFinding]:
    """Give so many open findings."""
    ids = (sha256(b"%d" % one).digest()[:16] for one in range(number))
    return dict.fromkeys(ids, (b"12345678", opened, 0, 7, 65_536))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(findings=entries, sequence=st.integers(1, 10**9))
async def test_a_manifest_comes_back_as_it_went(
    rig: Rig, findings: dict[bytes, OpenFinding], sequence: int
) -> None:
    """Every id, fingerprint, number and status, trailing zero bytes included."""
    connection_id = record().id
    await rig.manifests.write(connection_id, "colour", sequence, findings)

    assert findings == await rig.manifests.read(connection_id, "colour", sequence)


@LARGE_BODY
async def test_50_000_findings_fit_into_three_rows(rig: Rig) -> None:
    """A sync of a large subscription reads its manifest in one request."""
    connection_id, findings = record().id, many(50_000)
    await rig.manifests.write(connection_id, "colour", 1, findings)

    assert len(await rig.rows("findings", f"{connection_id}|manifests")) == 3
    assert findings == await rig.manifests.read(connection_id, "colour", 1)


@LARGE_BODY
@pytest.mark.parametrize("number", [0, 1, 19_481, 19_482])
async def test_a_longer_one_of_an_abandoned_attempt_leaves_nothing(rig: Rig, number: int) -> None:
    """Written again under the same number, only the newest writing counts."""
    connection_id, findings = record().id, many(number, opened=2)
    await rig.manifests.write(connection_id, "colour", 1, many(40_000))
    await rig.manifests.write(connection_id, "colour", 1, findings)

    assert findings == await rig.manifests.read(connection_id, "colour", 1)


async def test_without_a_number_nothing_is_open(rig: Rig) -> None:
    """A kind that never committed a manifest."""
    assert await rig.manifests.read(record().id, "colour", None) == {}


async def test_older_ones_go_newer_ones_and_other_kinds_stay(rig: Rig) -> None:
    """A slow worker that cleans up after its commit must not take the next run's manifest."""
    connection_id = record().id
    for kind, sequence in (("colour", 9), ("colour", 10), ("colour", 11), ("colours", 1), ("shape", 1)):
        await rig.manifests.write(connection_id, kind, sequence, many(1))
    await rig.manifests.remove_older(connection_id, "colour", 10)

    left = {str(row["RowKey"])[:-5] for row in await rig.rows("findings", f"{connection_id}|manifests")}
    assert left == {"colour|0000000010", "colour|0000000011", "colours|0000000001", "shape|0000000001"}


async def test_a_purge_removes_all(rig: Rig) -> None:
    """Of this connection."""
    connection_id = record().id
    await rig.manifests.write(connection_id, "colour", 1, many(1))
    await rig.manifests.purge(connection_id)

    assert await rig.rows("findings", f"{connection_id}|manifests") == []
