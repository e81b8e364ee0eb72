"""The sign-in, with nobody signed in."""

from collections.abc import AsyncIterator

import pytest

from tests.pipeline.app import App
from tests.pipeline.sign_in.people import People, people_of


@pytest.fixture
async def people(app: App, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[People]:
    """The app's parts; msal finds the simulated Azure's certificate authority where requests looks."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(app.azure.ca_bundle_path))
    await app.tables.purge("connections", "sign-in")
    made = people_of(app)
    yield made
    await made.app.credentials.close()
