"""Entra's and Azure Resource Manager's front doors, on the simulated Azure."""

import pytest

from local.azure import SimulatedAzure
from local.azure.faults import Fault, Kind
from pipeline.azure.clouds import CLOUDS
from pipeline.errors import UpstreamUnavailable
from pipeline.watching.front_doors import FrontDoors
from tests.pipeline.app import App

ENTRA, ARM = "*/.well-known/openid-configuration", "/subscriptions"


@pytest.fixture
def doors(app: App) -> FrontDoors:
    """The two, as the app's settings name them."""
    return FrontDoors(app.settings.cloud, app.wire)


async def test_both_answer(doors: FrontDoors, azure: SimulatedAzure) -> None:
    """Without any credential being shown."""
    await doors.entra()
    await doors.resource_manager()

    shown = [
        one for one in azure.simulation.log.entries if one.path.startswith(ARM) or "well-known" in one.path
    ]
    assert len(shown) >= 2
    assert not any(one.authorization for one in shown)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(kind=Kind.STATUS, status=503, path=ENTRA), "Microsoft Entra answered HTTP 503, not 200."),
        (Fault(kind=Kind.DROP, path=ENTRA, count=None), "Microsoft Entra cannot be reached"),
        (Fault(kind=Kind.REDIRECT, path=ENTRA), "Microsoft Entra answered HTTP 302, not 200."),
    ],
)
async def test_entra_fails(doors: FrontDoors, azure: SimulatedAzure, fault: Fault, words: str) -> None:
    """In our words, with what to check; no redirect is followed."""
    azure.add_fault(fault)

    with pytest.raises(UpstreamUnavailable) as caught:
        await doors.entra()

    assert words in caught.value.detail
    assert "AZURE_AUTHORITY_HOST" in caught.value.advice


@pytest.mark.parametrize(
    ("kind", "words"),
    [(Kind.HTML, "HTTP 200, not 401"), (Kind.DROP, "cannot be reached"), (Kind.STATUS, "HTTP 503, not 401")],
)
async def test_resource_manager_fails(
    doors: FrontDoors, azure: SimulatedAzure, kind: Kind, words: str
) -> None:
    """A proxy's friendly page is not Azure: only the refusal that Azure gives will do."""
    azure.add_fault(Fault(kind=kind, path=ARM, count=None))

    with pytest.raises(UpstreamUnavailable) as caught:
        await doors.resource_manager()

    assert words in caught.value.detail
    assert "AZURE_RESOURCE_MANAGER_URL" in caught.value.advice


def test_each_cloud_has_both() -> None:
    """The addresses come from the table of clouds alone."""
    assert all(cloud.authority and cloud.resource_manager for cloud in CLOUDS.values())
