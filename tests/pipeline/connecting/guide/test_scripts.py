"""The scripts, run by bash against a stand-in for the Azure CLI: what they make, once and twice."""

import re
import stat
import subprocess
from datetime import UTC, datetime

import pytest

from pipeline.authentication.methods import METHODS
from pipeline.authentication.pem import read_key_pair
from pipeline.connecting.guide.needs import ROLES
from pipeline.connecting.guide.ways import WAYS
from pipeline.requests import MethodName
from tests.pipeline.connecting.guide.conftest import (
    BASH,
    FIRST,
    HOME,
    IDENTITY,
    SECOND,
    THEIR_SUBSCRIPTION,
    THEIRS,
    Terminal,
    way,
)

METHOD_NAMES: tuple[MethodName, ...] = (
    "client_secret",
    "certificate",
    "managed_identity",
    "federated",
    "sign_in",
)
MAKING = re.compile(r"create|reset|add$|rest$")
CHOSEN = {name: (THEIR_SUBSCRIPTION,) if name == "federated" else (FIRST, SECOND) for name in METHOD_NAMES}


def script(method: MethodName) -> str:
    """Give the script of a method for the subscriptions chosen."""
    return way(method, *CHOSEN[method]).script


def with_graph(method: MethodName) -> str:
    """The same, with consent to Microsoft Graph."""
    return script(method).replace("\ngraph=no", "\ngraph=yes")


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_bash_reads_every_script(method: MethodName) -> None:
    """The command that is pasted, and the script within."""
    pasted = script(method)
    within = pasted.removeprefix("bash <<'END_OF_SCRIPT'\n").removesuffix("END_OF_SCRIPT\n")

    for text in (pasted, within):
        read = subprocess.run([BASH, "-n"], input=text, capture_output=True, text=True, check=False)
        assert (read.returncode, read.stderr) == (0, "")
    assert "END_OF_SCRIPT" not in within


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_every_value_that_is_printed_is_a_field(terminal: Terminal, method: MethodName) -> None:
    """What a person copies has the name of the request's field, and nothing required is missing."""
    fields = METHODS[method].request_type.__struct_fields__
    required = {field.name for field in way(method).fields if field.required}

    printed = set(terminal.values(script(method)))

    if method == "sign_in":  # nobody copies anything: the page signs in by itself
        printed = required
    assert required <= printed <= set(fields)


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_the_roles_are_assigned(terminal: Terminal, method: MethodName) -> None:
    """The three, on every subscription chosen and no other, to one principal."""
    terminal.paste(script(method))

    made = terminal.state["assignments"]
    expected = {(f"/subscriptions/{one}", role.id) for one in CHOSEN[method] for role in ROLES}
    assert {(one["scope"], one["role"]) for one in made} == expected
    assert len({one["principalId"] for one in made}) == 1
    assert {one["principalType"] for one in made} == {"User" if method == "sign_in" else "ServicePrincipal"}


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_a_second_run_makes_nothing(terminal: Terminal, method: MethodName) -> None:
    """It finds what is there, prints the same ids, and leaves every credential good."""
    graph = with_graph(method)
    first = terminal.values(graph)
    assert [call for call in terminal.calls() if MAKING.search(call)] != []
    before = {name: terminal.state[name] for name in ("applications", "principals", "assignments", "granted")}

    second = terminal.values(graph)

    assert {name: terminal.state[name] for name in before} == before
    assert [call for call in terminal.calls() if MAKING.search(call) and call != "rest"] == []
    assert {name: first[name] for name in first if name.endswith("_id")} == {
        name: second[name] for name in second if name.endswith("_id")
    }


@pytest.mark.parametrize("method", METHOD_NAMES)
def test_the_chosen_subscription_stays(terminal: Terminal, method: MethodName) -> None:
    """The Azure CLI works on where it did before, also after a script that failed."""
    terminal.change(current=SECOND)

    terminal.paste(script(method))
    assert terminal.state["current"] == SECOND

    terminal.change(fails={"role assignment create": 100, "role assignment list": 100})
    terminal.paste(script(method))
    assert terminal.state["current"] == SECOND


def test_a_client_secret(terminal: Terminal) -> None:
    """Tenant, application, the value and its last day; an application of this tenant alone."""
    values = terminal.values(script("client_secret"))

    [application] = terminal.state["applications"].values()
    assert values == {
        "tenant_id": HOME,
        "client_id": application["appId"],
        "client_secret": "made-up~secret.1",
        "secret_expires_on": "2999-05-01",
    }
    assert application["signInAudience"] == "AzureADMyOrg"


def test_another_secret_if_asked_for(terminal: Terminal) -> None:
    """A second run keeps the secret and says so; `new_secret=yes` adds one and keeps the first."""
    terminal.paste(script("client_secret"))

    assert "new_secret=yes" in terminal.values(script("client_secret"))["client_secret"]
    again = script("client_secret").replace("\nnew_secret=no", "\nnew_secret=yes")
    assert terminal.values(again)["client_secret"] == "made-up~secret.2"


def test_an_ended_secret_is_followed_by_another(terminal: Terminal) -> None:
    """Without being asked."""
    terminal.paste(script("client_secret"))
    applications = terminal.state["applications"]
    next(iter(applications.values()))["passwords"][0]["endDateTime"] = "2020-01-01T00:00:00Z"
    terminal.change(applications=applications)

    assert terminal.values(script("client_secret"))["client_secret"] == "made-up~secret.2"


def test_a_certificate(terminal: Terminal) -> None:
    """The file holds what the app accepts, for its owner alone; Azure is not given the key."""
    values = terminal.values(script("certificate"))

    [file] = terminal.home.iterdir()
    pair = read_key_pair(file.read_text(), today=datetime.now(UTC).date())
    [application] = terminal.state["applications"].values()
    [key] = application["keys"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert str(file) in values["certificate_pem"]
    assert key["displayName"].endswith(pair.thumbprint)
    assert "PRIVATE KEY" not in key["certificate"]
    assert key["certificate"] in file.read_text()


def test_the_certificate_is_used_again(terminal: Terminal) -> None:
    """A second run changes the file only if somebody else could read it."""
    terminal.paste(script("certificate"))
    [file] = terminal.home.iterdir()
    text = file.read_text()
    file.chmod(0o644)

    terminal.paste(script("certificate"))

    assert file.read_text() == text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_managed_identity(terminal: Terminal) -> None:
    """The roles go to the app's own identity, and nothing is registered."""
    values = terminal.values(script("managed_identity"))

    [principal] = terminal.state["principals"]
    assert values == {"client_id": IDENTITY}
    assert {one["principalId"] for one in terminal.state["assignments"]} == {principal["id"]}
    assert terminal.state["applications"] == {}


def test_a_managed_identity_of_another_tenant(terminal: Terminal) -> None:
    """It cannot read there: the script says what can, and assigns nothing."""
    ended = terminal.paste(way("managed_identity", THEIR_SUBSCRIPTION).script)

    assert ended.returncode == 1
    assert "federated" in ended.stderr
    assert terminal.state["assignments"] == []


def test_a_federated_credential(terminal: Terminal) -> None:
    """Registered in the identity's tenant, which it trusts; a service principal in the other tenant reads."""
    ended = terminal.paste(script("federated"))

    [application] = terminal.state["applications"].values()
    [trusted] = application["federated"]
    identity, reader = terminal.state["principals"]
    assert (application["tenant"], application["signInAudience"]) == (HOME, "AzureADMultipleOrgs")
    assert trusted["issuer"] == f"https://login.microsoftonline.com/{HOME}/v2.0"
    assert (trusted["subject"], trusted["audiences"]) == (identity["id"], ["api://AzureADTokenExchange"])
    assert (reader["appId"], reader["tenant"]) == (application["appId"], THEIRS)
    assert {one["principalId"] for one in terminal.state["assignments"]} == {reader["id"]}
    assert all(
        text in ended.stdout for text in (trusted["issuer"], trusted["subject"], *trusted["audiences"])
    )


def test_a_federated_credential_needs_the_tenant_of_the_app(terminal: Terminal) -> None:
    """Whoever works in the other tenant is told where to begin."""
    terminal.change(current=THEIR_SUBSCRIPTION)

    ended = terminal.paste(script("federated"))

    assert ended.returncode == 1
    assert "Choose the Function App's subscription" in ended.stderr
    assert terminal.state["applications"] == {}


@pytest.mark.parametrize(
    ("person", "principal"), [("", "id-of-myself"), ("ada@x.example", "id-of-ada@x.example")]
)
def test_a_person(terminal: Terminal, person: str, principal: str) -> None:
    """The roles go to whoever is named, else to whoever runs the script."""
    terminal.paste(script("sign_in").replace("\nperson=''", f"\nperson='{person}'"))

    assert {one["principalId"] for one in terminal.state["assignments"]} == {principal}


@pytest.mark.parametrize("method", [name for name in METHOD_NAMES if WAYS[name].graph])
def test_microsoft_graph_is_consented_to_if_asked_for(terminal: Terminal, method: MethodName) -> None:
    """Ids are looked up by name, what the cloud lacks is named, an application shows what it asks for."""
    terminal.paste(script(method))
    assert terminal.state["granted"] == []

    ended = terminal.paste(with_graph(method))

    roles = {one["id"] for one in terminal.state["appRoles"]}
    assert {one["appRoleId"] for one in terminal.state["granted"]} == roles
    assert "This cloud has no permission Application.Read.All" in ended.stderr
    shown = [
        access["id"]
        for application in terminal.state["applications"].values()
        for required in application["requiredResourceAccess"]
        for access in required["resourceAccess"]
    ]
    assert set(shown) == (roles if WAYS[method].application else set())


def test_what_azure_does_not_know_yet_is_tried_again(terminal: Terminal) -> None:
    """A new principal may be unknown for some seconds."""
    terminal.change(fails={"ad sp create": 2, "role assignment create": 3})

    terminal.values(script("client_secret"))

    assert len(terminal.state["assignments"]) == len(ROLES) * 2


def test_what_stays_refused_stops_the_script(terminal: Terminal) -> None:
    """No value is printed after a role that could not be assigned."""
    terminal.change(fails={"role assignment create": 100})

    ended = terminal.paste(script("client_secret"))

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "role assignment create" in ended.stderr


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ((), "Write your subscription IDs"),
        (("d5b8e0aa-2222-4c1d-8f57-7d1f3a5b9c03",), "You do not see subscription d5b8e0aa"),
        ((FIRST, THEIR_SUBSCRIPTION), "in several tenants"),
    ],
    ids=["none", "unseen", "two tenants"],
)
def test_subscriptions_are_checked_first(terminal: Terminal, chosen: tuple[str, ...], told: str) -> None:
    """Nothing is made before it is clear where."""
    ended = terminal.paste(way("client_secret", *chosen).script)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert told in ended.stderr
    assert [call for call in terminal.calls() if MAKING.search(call)] == []


@pytest.mark.parametrize("method", ["managed_identity", "federated"])
def test_an_identity_that_is_not_known_is_asked_for(terminal: Terminal, method: MethodName) -> None:
    """An app with a system-assigned identity alone cannot tell its client id."""
    unknown = way(method, *CHOSEN[method], AZURE_CLIENT_ID="")

    ended = terminal.paste(unknown.script)

    assert unknown.fill_in == ("identity",)
    assert "after identity=" in ended.stderr
    assert IDENTITY in terminal.paste(unknown.script.replace("identity=''", f"identity={IDENTITY}")).stdout


def test_two_applications_of_one_name(terminal: Terminal) -> None:
    """The script takes neither."""
    terminal.paste(script("client_secret"))
    [application] = terminal.state["applications"].values()
    terminal.change(applications={"a": application, "b": {**application, "appId": "b"}})

    assert "several applications" in terminal.paste(script("client_secret")).stderr


@pytest.mark.parametrize("cloud", ["AzureUSGovernment", "AzureChinaCloud"])
def test_another_cloud(terminal: Terminal, cloud: str) -> None:
    """The Azure CLI is set to it, and the federated credential has its addresses."""
    terminal.paste(way("federated", THEIR_SUBSCRIPTION, AZURE_CLOUD=cloud).script)

    [application] = terminal.state["applications"].values()
    [trusted] = application["federated"]
    assert terminal.state["cloud"] == cloud
    assert "microsoftonline.com" not in trusted["issuer"]
    assert trusted["audiences"] != ["api://AzureADTokenExchange"]
