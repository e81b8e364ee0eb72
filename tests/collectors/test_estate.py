"""Every verdict over the simulated estate is the truth that its generator wrote down."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from collectors import registry
from collectors.contract import POPULATION, Reading, Verdict
from local.azure import SimulatedAzure
from local.azure.estate import Estate
from tests.collectors.simulated_reader import reading

SERVICES = list(registry.load())
ASSESSED = "defender_assessment:"


@pytest.fixture
async def azure() -> AsyncIterator[SimulatedAzure]:
    """A simulated Azure of profile demo."""
    async with SimulatedAzure("demo") as simulated:
        yield simulated


@pytest.mark.parametrize("service", SERVICES)
async def test_every_verdict_is_the_truth(azure: SimulatedAzure, service: str) -> None:
    """No verdict differs from the truth, none is missing, none is about anything else."""
    estate = azure.subscription("production").estate
    assert isinstance(estate, Estate)
    found: dict[tuple[str, str], str] = {}

    async def emit(verdict: Verdict) -> None:
        if not verdict.check_id.startswith(POPULATION):
            found[verdict.check_id, verdict.resource_id.lower()] = verdict.status.value

    collector = registry.load()[service]
    async with reading(azure, "production") as reader:
        for part in collector.parts:
            answer = await part.collect(reader, emit)
            assert not isinstance(answer, Reading) or answer.gaps == ()

    checks = {check.id for check in collector.checks}
    mine = {
        key
        for key in estate.truth
        if key[0] in checks or (service == "defender" and key[0].startswith(ASSESSED))
    }
    expected = {key: estate.truth[key] for key in mine}
    differing = {key: (expected.get(key), found.get(key)) for key in expected | found}
    assert {key: pair for key, pair in differing.items() if pair[0] != pair[1]} == {}


@pytest.mark.parametrize("service", SERVICES)
async def test_each_request_is_declared_and_made_once(azure: SimulatedAzure, service: str) -> None:
    """Reading a service sends no request twice."""
    collector = registry.load()[service]
    azure.simulation.log.clear()

    async def emit(verdict: Verdict) -> None:
        del verdict

    async with reading(azure, "production") as reader:
        for part in collector.parts:
            await part.collect(reader, emit)

    sent = [
        f"{entry.path}?{entry.query}"
        for entry in azure.simulation.log.entries
        if "/oauth2/" not in entry.path
    ]
    assert len(sent) == len(set(sent)) == reader.requests_sent


async def test_services_ask_no_list_that_another_asked(azure: SimulatedAzure) -> None:
    """A run of all services at once, as a sync is, sends no request twice: what two need, one asks."""
    azure.simulation.log.clear()

    async def emit(verdict: Verdict) -> None:
        del verdict

    async with reading(azure, "production") as reader:
        parts = [part for collector in registry.load().values() for part in collector.parts]
        await asyncio.gather(*(part.collect(reader.part(), emit) for part in parts))

    sent = Counter(
        f"{entry.method} {entry.path}?{entry.query}".lower()
        for entry in azure.simulation.log.entries
        if "/oauth2/" not in entry.path
    )
    assert {request: times for request, times in sent.items() if times > 1} == {}
