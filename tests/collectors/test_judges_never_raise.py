"""Whatever Azure answers, every rule gives a verdict: no judge raises, and what it says can be stored."""

import asyncio
from functools import cache
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors import registry
from collectors.contract import Part, Reading, Status, Verdict
from collectors.errors import UnexpectedAnswer
from tests.collectors.hostile_reader import Answers, HostileReader, recorded

PARTS = {
    part.kind: part
    for collector in registry.load().values()
    for part in collector.parts
    if part.kind.endswith("_configuration")
}


@cache
def _answers(kind: str) -> Answers:
    return asyncio.run(recorded(PARTS[kind]))


async def _verdicts(part: Part, reader: HostileReader) -> list[Verdict]:
    verdicts: list[Verdict] = []

    async def keep(verdict: Verdict) -> None:
        verdicts.append(verdict)

    try:
        reading = await part.collect(reader, keep)
    except UnexpectedAnswer:
        return verdicts
    assert isinstance(reading, Reading)
    return verdicts


@pytest.mark.parametrize("kind", PARTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chance=st.randoms(use_true_random=True), harm=st.sampled_from([0.01, 0.05, 0.2, 0.5]))
def test_every_answer_gets_a_verdict(kind: str, chance: Random, harm: float) -> None:
    """A damaged answer ends in verdicts, each with a reason and fit to be stored; or in a missing id."""
    verdicts = asyncio.run(_verdicts(PARTS[kind], HostileReader(_answers(kind), chance, harm)))

    assert all(one.status in Status and one.reason.strip() for one in verdicts)
    assert msgspec.json.decode(msgspec.json.encode(verdicts), type=list[Verdict]) is not None
