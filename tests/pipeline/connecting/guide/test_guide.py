"""The guide: every way with what a connect page shows of it, for this app and the subscriptions asked for."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import registry
from pipeline.connecting.guide.needs import ROLES, graph_permissions
from pipeline.connecting.guide.views import WayToConnect
from pipeline.connecting.guide.ways import GUID
from pipeline.connecting.setup_probes import ROLE_PROBES
from pipeline.errors import InvalidRequest
from pipeline.requests import GuideQuery
from tests.pipeline.connecting.guide.conftest import FIRST, IDENTITY, SECOND, guides, way

ROOT = Path(__file__).resolve().parents[4]
ALL = guides().guide(GuideQuery(subscription_ids=f"{FIRST}, {SECOND.upper()},")).ways
SIGN_IN = {
    "SIGN_IN_CLIENT_ID": GUID,
    "SIGN_IN_CLIENT_SECRET": "made up",
    "SIGN_IN_REDIRECT_URL": "https://app.example/api/sign-in/callback",
}


def named(one: WayToConnect) -> str:
    """Name a test's way."""
    return one.method


def test_the_best_way_stands_first() -> None:
    """In README's order; a person's own access stands last."""
    expected = ["managed_identity", "federated", "certificate", "client_secret", "sign_in"]

    assert [one.method for one in ALL] == expected


def test_one_way_can_be_asked_for() -> None:
    """The filter gives that one alone."""
    assert [one.method for one in guides().guide(GuideQuery(method="federated")).ways] == ["federated"]


@pytest.mark.parametrize("one", ALL, ids=named)
def test_every_way_is_complete(one: WayToConnect) -> None:
    """Title, one sentence when to choose it, numbered steps, and words for every field."""
    assert one.title
    assert re.fullmatch(r"Choose it [^.]+\.", one.choose_when)
    assert [step.number for step in one.steps] == list(range(1, len(one.steps) + 1))
    assert all(step.text.endswith((".", "certificate.pem")) for step in one.steps)
    assert all(field.label and field.help.endswith(".") and field.example for field in one.fields)


@pytest.mark.parametrize("one", ALL, ids=named)
def test_every_step_names_the_fields_it_fills(one: WayToConnect) -> None:
    """Whoever goes by hand is told where each required value comes from."""
    told = " ".join(step.text for step in one.steps)

    assert [field.name for field in one.fields if field.required and field.name not in told] == []


@pytest.mark.parametrize("one", ALL, ids=named)
def test_every_place_is_filled(one: WayToConnect) -> None:
    """No step and no link has an open place but that of a route."""
    texts = [text for step in one.steps for text in (step.text, step.portal_url or "")]

    assert {place for text in texts for place in re.findall(r"{\w+}", text)} <= {"{sign_in_id}"}


@pytest.mark.parametrize("one", ALL, ids=named)
def test_every_field_says_its_path(one: WayToConnect) -> None:
    """As problems name it."""
    assert {field.path for field in one.fields} == {f"auth.{field.name}" for field in one.fields}


@pytest.mark.parametrize("one", ALL, ids=named)
def test_the_example_of_every_id_is_one(one: WayToConnect) -> None:
    """An example passes its own rules."""
    for field in one.fields:
        if field.validation.pattern:
            assert re.search(field.validation.pattern, field.example)


def test_the_fields_of_the_request_itself() -> None:
    """What stands beside `auth`; a service is chosen among those of this app."""
    found = {field.name: field for field in guides().guide(GuideQuery()).fields}

    assert list(found) == ["name", "subscription_ids", "frequency", "services", "sync_now"]
    assert {name for name in found if found[name].required} == {"name", "subscription_ids"}
    assert found["services"].validation.choices == tuple(registry.load())


def test_the_roles_are_those_of_the_template() -> None:
    """The same ids as infra/reader-access.bicep assigns."""
    template = (ROOT / "infra" / "reader-access.bicep").read_text("utf-8")

    assert set(re.findall(r"^var \w+ = '([0-9a-f-]{36})'", template, re.MULTILINE)) == {
        role.id for role in ROLES
    }
    assert all(one.roles == ROLES for one in ALL)


def test_the_roles_are_those_that_setup_checks() -> None:
    """Every role that a setup check tries is assigned, and no other."""
    assert [probe.role for probe in ROLE_PROBES] == [role.name for role in ROLES]


def test_graph_permissions_are_those_that_collectors_declare() -> None:
    """Each with the services that use it; docs/permissions.md lists the same."""
    found = {one.name: one.services for one in graph_permissions(registry.load())}
    page = (ROOT / "docs" / "permissions.md").read_text("utf-8")

    assert found["User.Read.All"] == ("entra", "rbac")
    assert set(found) == set(re.findall(r"^- `(\w+(?:\.\w+)+)`$", page, re.MULTILINE))


@pytest.mark.parametrize("one", ALL, ids=named)
def test_a_person_consents_to_nothing_in_advance(one: WayToConnect) -> None:
    """Application permissions are for applications and identities."""
    assert bool(one.graph_permissions) == (one.method != "sign_in")


def test_sign_in_says_why_it_is_not_available() -> None:
    """With the settings that would change it; every other way always is."""
    unavailable = {one.method: one.reason for one in ALL if not one.available}

    assert list(unavailable) == ["sign_in"]
    assert all(name in (unavailable["sign_in"] or "") for name in SIGN_IN)


def test_sign_in_is_available_once_it_is_configured() -> None:
    """And then there is no reason."""
    found = way("sign_in", **SIGN_IN)

    assert (found.available, found.reason) == (True, None)


def test_the_portal_of_the_cloud() -> None:
    """Links open the chosen subscription where there is one, else the list."""
    chosen = way("client_secret", FIRST, AZURE_CLOUD="AzureUSGovernment")
    links = [step.portal_url for step in chosen.steps if step.portal_url]

    assert all(link.startswith("https://portal.azure.us/#") for link in links)
    assert f"https://portal.azure.us/#resource/subscriptions/{FIRST}/users" in links
    assert not any("/resource/" in (step.portal_url or "") for step in way("client_secret").steps)


@pytest.mark.parametrize("one", ALL, ids=named)
def test_a_script_has_the_subscriptions(one: WayToConnect) -> None:
    """In lower case, each once, so that nothing is left to fill in."""
    assert f"\nsubscriptions=({FIRST} {SECOND})\n" in one.script
    assert one.fill_in == ()


def test_what_is_left_to_fill_in_is_named() -> None:
    """The variables are there, empty, with a note."""
    found = way("managed_identity", AZURE_CLIENT_ID="")

    assert found.fill_in == ("subscriptions", "identity")
    assert "\nsubscriptions=() # your subscription IDs\n" in found.script
    assert "\nidentity='' # " in found.script
    assert f"\nidentity={IDENTITY} # " in way("managed_identity").script


@given(
    text=st.text(min_size=1, max_size=60)
    | st.sampled_from([f"{FIRST}$(id)", f"{FIRST}\nid", f"{FIRST};id", "`id`"])
)
def test_only_ids_reach_a_script(text: str) -> None:
    """Whatever is asked: it is refused, or the script holds ids and nothing else."""
    asked = GuideQuery(method="client_secret", subscription_ids=text)
    try:
        scripts = [one.script for one in guides().guide(asked).ways]
    except InvalidRequest:
        scripts = []

    lines = [line for script in scripts for line in script.splitlines() if line.startswith("subscriptions=")]
    assert len(lines) == len(scripts)
    assert all(
        re.fullmatch(r"subscriptions=\([0-9a-f -]*\)( # your subscription IDs)?", line) for line in lines
    )


@pytest.mark.parametrize("text", [f"{FIRST}$(id)", f"{FIRST}\nid", f"{FIRST};id", "`id`", ","])
def test_what_is_no_id_is_refused(text: str) -> None:
    """With the name of the parameter."""
    with pytest.raises(InvalidRequest) as refused:
        guides().guide(GuideQuery(subscription_ids=text))

    assert [field for field, _ in refused.value.errors] == ["subscription_ids"]


def test_no_script_holds_a_secret_of_the_app() -> None:
    """Of the settings only the client id of the identity is told."""
    found = guides(**SIGN_IN).guide(GuideQuery())

    assert not any(SIGN_IN["SIGN_IN_CLIENT_SECRET"] in one.script for one in found.ways)
