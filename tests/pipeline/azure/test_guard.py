"""No token leaves for anything but a read of the connection's own subscription."""

from collections.abc import AsyncIterator

import pytest
from azure.core.pipeline.transport import HttpRequest
from azure.mgmt.security.aio import SecurityCenter
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import Read
from collectors.errors import ReadRefused, UnexpectedAnswer
from pipeline.azure.guard import Guard, method_of
from tests.pipeline.azure_rig import (
    ALERTS,
    ALERTS_PATH,
    SUBSCRIPTION,
    VAULT,
    Item,
    RawClient,
    Reply,
    Rig,
    refusal,
    rig,
    settings_for,
)

OTHER = "66666666-7777-8888-9999-000000000000"
ARM = "https://management.example.org"


@pytest.fixture
async def azure() -> AsyncIterator[Rig]:
    """Everything set up against a scripted server."""
    async with rig() as ready:
        yield ready


@pytest.fixture
def guard() -> Guard:
    """The guard of one connection."""
    return Guard(settings_for(ARM), SUBSCRIPTION)


class TestNoTokenLeaves:
    """Proven by what the servers saw."""

    @pytest.mark.parametrize(
        "link",
        [
            pytest.param("{foreign}{path}?page=2", id="foreign host"),
            pytest.param("http://{netloc}{path}?page=2", id="http downgrade"),
            pytest.param("https://{netloc}@{foreign_netloc}{path}?page=2", id="user before a foreign host"),
            pytest.param("https://user@{netloc}{path}?page=2", id="user before our host"),
            pytest.param("https://{netloc}.example.invalid{path}", id="our host as a prefix"),
            pytest.param("//{foreign_netloc}{path}", id="no scheme"),
            pytest.param("{path}?page=2", id="relative"),
            pytest.param("nextLink", id="placeholder"),
            pytest.param("https://{{nextLink}}", id="placeholder host"),
            pytest.param("https://[half", id="broken host"),
            pytest.param("https://127.0.0.1:port/x", id="broken port"),
            pytest.param("{url}{path}#fragment", id="fragment"),
            pytest.param("{url}{path}\\..\\x", id="backslash"),
            pytest.param("{url}{path}\n?page=2", id="line feed"),
            pytest.param("{url}/subscriptions/" + OTHER + "/resources", id="other subscription"),
            pytest.param("{url}{path}/../../../../" + OTHER + "/resources", id="dot segments"),
        ],
    )
    async def test_by_a_page_link(self, azure: Rig, link: str) -> None:
        """A page link away from our host and subscription ends the read after its first page."""
        known = {
            "url": azure.server.url,
            "netloc": azure.server.url.removeprefix("https://"),
            "foreign": azure.foreign.url,
            "foreign_netloc": azure.foreign.url.removeprefix("https://"),
            "path": ALERTS_PATH,
        }
        azure.server.on(ALERTS_PATH, Reply({"value": [{"id": "1"}], "nextLink": link.format(**known)}))

        with pytest.raises(ReadRefused):
            await azure.reader().items(ALERTS, Item)

        assert (azure.foreign.seen, len(azure.server.seen)) == ([], 1)

    async def test_by_a_redirect(self, azure: Rig) -> None:
        """A redirect is an unexpected answer, never followed."""
        azure.server.on(ALERTS_PATH, Reply(status=302, headers={"Location": azure.foreign.url}))

        with pytest.raises(UnexpectedAnswer, match="302"):
            await azure.reader().items(ALERTS, Item)

        assert (azure.foreign.seen, len(azure.server.seen)) == ([], 1)

    async def test_by_automatic_registration(self, azure: Rig) -> None:
        """A provider that is not registered is reported by an azure-mgmt client, and never registered."""
        path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security/secureScores"
        azure.server.on(path, refusal(409, "MissingSubscriptionRegistration"))
        client = azure.reader().client(SecurityCenter)

        with pytest.raises(Exception, match="MissingSubscriptionRegistration"):
            _ = [score async for score in client.secure_scores.list()]

        assert [("GET", path)] == [(seen.method, seen.path) for seen in azure.server.seen]

    async def test_by_a_write_of_an_azure_mgmt_client(self, azure: Rig) -> None:
        """A DELETE of an azure-mgmt client is refused before it leaves."""
        client = azure.reader().client(SecurityCenter)

        with pytest.raises(ReadRefused):
            await client.security_contacts.delete("default")

        assert (azure.server.seen, azure.credential.asked) == ([], [])

    async def test_by_a_page_link_of_an_azure_mgmt_client(self, azure: Rig) -> None:
        """An azure-mgmt client does not follow a foreign page link either."""
        path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Security/secureScores"
        azure.server.on(path, Reply({"value": [], "nextLink": f"{azure.foreign.url}{path}?page=2"}))
        client = azure.reader().client(SecurityCenter)

        with pytest.raises(ReadRefused):
            _ = [score async for score in client.secure_scores.list()]

        assert azure.foreign.seen == []

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get"])
    async def test_by_a_method(self, azure: Rig, method: str) -> None:
        """Every method but GET is refused before a token is asked for."""
        client = azure.reader().client(RawClient)

        with pytest.raises(ReadRefused):
            await client.run(HttpRequest(method, f"{azure.server.url}{ALERTS_PATH}"))

        assert (azure.server.seen, azure.credential.asked) == ([], [])

    async def test_by_a_field_of_a_path(self, azure: Rig) -> None:
        """A resource name that climbs out of its subscription is refused."""
        with pytest.raises(ReadRefused):
            await azure.reader().get(VAULT, dict, vault=f"../../../{OTHER}/resources")

        assert azure.server.seen == []


class TestPaths:
    """What may be read, and what not."""

    @pytest.mark.parametrize(
        "path",
        [
            f"/subscriptions/{SUBSCRIPTION}",
            f"/SUBSCRIPTIONS/{SUBSCRIPTION.upper()}/Providers/Microsoft.Security/alerts",
            f"//subscriptions/{SUBSCRIPTION}//resources",
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/my%20group/providers/Microsoft.Sql/servers",
            "/subscriptions",
            "/subscriptions/",
            "/tenants",
            "/providers/Microsoft.Subscription/policies/default",
            "/providers/Microsoft.Security/assessmentMetadata",
            "/providers/Microsoft.Security/assessmentMetadata/abc",
            "/providers/Microsoft.Authorization/roleDefinitions/abc",
            "/providers/microsoft.aadiam/diagnosticSettings",
            "/providers/Microsoft.Intune/diagnosticSettings",
            "/providers/Microsoft.Management/managementGroups/top/providers/Microsoft.Authorization/roleDefinitions",
            "/providers/Microsoft.Management/managementGroups/top/providers/Microsoft.Authorization/roleDefinitions/a",
        ],
    )
    def test_reads_of_the_connection_pass(self, guard: Guard, path: str) -> None:
        """The own subscription, in any case, and the named tenant-level reads pass."""
        endpoint = guard.endpoint("GET", f"{ARM}{path}?api-version=1")

        assert (endpoint.scope, endpoint.graph) == ("https://management.azure.com/.default", False)

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "/",
            f"/subscriptions/{OTHER}",
            f"/subscriptions/{OTHER}/providers/Microsoft.Security/alerts",
            f"/tenants/{OTHER}",
            "/providers",
            "/providers/Microsoft.Security/alerts",
            "/providers/microsoft.aadiam/diagnosticSettings/one",
            "/providers/microsoft.aadiam/domainServices",
            "/providers/Microsoft.Management/managementGroups/top",
            "/providers/Microsoft.Management/managementGroups/top/providers/Microsoft.Security/alerts",
            f"/x/subscriptions/{SUBSCRIPTION}",
            f"/subscriptions/{SUBSCRIPTION}/../{OTHER}",
            f"/subscriptions/{SUBSCRIPTION}/%2e%2e/{OTHER}",
            f"/subscriptions/{SUBSCRIPTION}/.%2E;x/{OTHER}",
            f"/subscriptions/{SUBSCRIPTION}%2f..%2f{OTHER}",
            f"/subscriptions/{SUBSCRIPTION}/%252e%252e/{OTHER}",
            f"/subscriptions/{SUBSCRIPTION}/%5c..%5c{OTHER}",
            f"/subscriptions/{SUBSCRIPTION}/a%00b",
            f"/v1.0/subscriptions/{SUBSCRIPTION}",
        ],
    )
    def test_everything_else_is_refused(self, guard: Guard, path: str) -> None:
        """Other subscriptions, unnamed tenant-level reads and paths with tricks are refused."""
        with pytest.raises(ReadRefused):
            guard.endpoint("GET", f"{ARM}{path}")

    def test_a_reader_without_subscription_reads_tenant_level_only(self) -> None:
        """Without a subscription no subscription's path passes, an empty one neither."""
        tenant_guard = Guard(settings_for(ARM), "")

        assert not tenant_guard.endpoint("GET", f"{ARM}/subscriptions").graph
        for path in ("/subscriptions//resources", f"/subscriptions/{SUBSCRIPTION}"):
            with pytest.raises(ReadRefused):
                tenant_guard.endpoint("GET", f"{ARM}{path}")

    def test_the_default_port_may_be_written_out(self, guard: Guard) -> None:
        """Azure writes page links with :443, which is the same host."""
        endpoint = guard.endpoint("GET", f"{ARM}:443/subscriptions/{SUBSCRIPTION}/resources")

        assert not endpoint.graph

    @pytest.mark.parametrize("name", ["summarize", "queryResults"])
    def test_the_named_posts_pass(self, guard: Guard, name: str) -> None:
        """The two POSTs that only read pass, in the own subscription."""
        below = f"providers/Microsoft.PolicyInsights/policyStates/latest/{name}"

        assert not guard.endpoint("POST", f"{ARM}/subscriptions/{SUBSCRIPTION}/{below}").graph
        with pytest.raises(ReadRefused):
            guard.endpoint("POST", f"{ARM}/subscriptions/{OTHER}/{below}")
        with pytest.raises(ReadRefused):
            guard.endpoint("POST", f"{ARM}/subscriptions/{SUBSCRIPTION}/{below}/x")

    def test_graph_is_read_under_its_stable_version_only(self, guard: Guard) -> None:
        """Microsoft Graph is read under v1.0, with its own token, by GET."""
        assert (
            guard.endpoint("GET", f"{ARM}/graph/v1.0/users").scope == "https://graph.microsoft.com/.default"
        )
        for method, path in (("GET", "/beta/users"), ("GET", "/v1.0"), ("POST", "/v1.0/users")):
            with pytest.raises(ReadRefused):
                guard.endpoint(method, f"{ARM}/graph{path}")

    def test_one_address_may_serve_both(self) -> None:
        """Resource Manager and Graph may share one address; the path tells them apart."""
        shared = Guard(settings_for(ARM, graph=""), SUBSCRIPTION)

        assert shared.endpoint("GET", f"{ARM}/v1.0/users").graph
        assert not shared.endpoint("GET", f"{ARM}/subscriptions/{SUBSCRIPTION}").graph

    @given(
        st.lists(st.sampled_from(["..", ".", "%2e%2e", "a", "%2F", OTHER, SUBSCRIPTION, "subscriptions", ""]))
    )
    def test_whatever_passes_stays_inside(self, parts: list[str]) -> None:
        """No mixture of dots, encodings and names leads a passing path out of the own subscription."""
        path = f"/subscriptions/{SUBSCRIPTION}/{'/'.join(parts)}"
        climbs = any(part in {"..", ".", "%2e%2e", "%2F"} for part in parts)
        inside = Guard(settings_for(ARM), SUBSCRIPTION)

        if climbs:
            with pytest.raises(ReadRefused):
                inside.endpoint("GET", ARM + path)
        else:
            assert not inside.endpoint("GET", ARM + path).graph

    @given(st.text(), st.sampled_from(["GET", "POST"]))
    def test_no_text_is_an_address_that_passes_by_accident(self, text: str, method: str) -> None:
        """Whatever is put in place of an address is refused with our own error."""
        with pytest.raises(ReadRefused):
            Guard(settings_for(ARM), SUBSCRIPTION).endpoint(method, text)


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/subscriptions/x/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults", "POST"),
        ("/subscriptions/x/providers/microsoft.policyinsights/policystates/latest/summarize", "POST"),
        ("/subscriptions/x/providers/Microsoft.PolicyInsights/policyStates", "GET"),
    ],
)
def test_the_method_follows_from_the_path(path: str, method: str) -> None:
    """Only the reads of the allow-list are POSTs."""
    assert method == method_of(path)


async def test_post_reads_are_paged_by_post() -> None:
    """A list read by POST follows its page links by POST."""
    path = (
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults"
    )
    states = Read(path.replace(SUBSCRIPTION, "{subscription_id}"), "2024-10-01", "")
    async with rig() as ready:
        first = ready.server.page(1, path=path, of="@odata.nextLink")
        ready.server.on(path, first, ready.server.page(2, more=False))

        found = await ready.reader().items(states, Item)

        assert (
            [item.id for item in found],
            [seen.method for seen in ready.server.seen],
        ) == (["item-1", "item-2"], ["POST", "POST"])
