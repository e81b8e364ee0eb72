"""A refusal is understood by status and code, in every shape Azure has, and says what to do."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import (
    AccessDenied,
    ConnectorError,
    CredentialRejected,
    ResourceAbsent,
    ServiceNotEnabled,
    ServiceUnavailable,
    SubscriptionNotVisible,
    Throttled,
    UnexpectedAnswer,
)
from pipeline.azure.errors import Asked, Refusal, action_of, error_code, error_of, role_for

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
TENANT = "99999999-8888-7777-6666-555555555555"
SCOPE = f"/subscriptions/{SUBSCRIPTION}"
USERS_PAGE = f"#@{TENANT}/resource/subscriptions/{SUBSCRIPTION}/users"


def refused(
    status: int, code: str = "", *, provider: str = "Microsoft.Security/alerts", graph: bool = False
) -> ConnectorError:
    """Give the error for a refused read of a provider, or of Graph."""
    asked = Asked(
        method="GET",
        path="/v1.0/users" if graph else f"{SCOPE}/providers/{provider}",
        tenant_id=TENANT,
        subscription_id=SUBSCRIPTION,
        graph=graph,
        permission="User.Read.All" if graph else "",
    )
    return error_of(Refusal(asked=asked, status=status, code=code, retry_after_s=7.0))


class TestErrorCode:
    """The code of an error body."""

    @pytest.mark.parametrize(
        "body",
        [
            b'{"error": {"code": "TheCode", "message": "x"}}',
            b'{"Error": {"Code": "TheCode", "Message": "x"}}',
            b'{"ERROR": {"CODE": "TheCode"}}',
            b'{"code": "TheCode", "message": "x"}',
            b'{"Code": "TheCode"}',
            b'{"error": "TheCode", "error_description": "x"}',
        ],
    )
    def test_is_found_in_every_shape(self, body: bytes) -> None:
        """Wrapped or flat, in any case, the code is found."""
        assert error_code(body) == "TheCode"

    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b"[]", b"{}", b'{"error": {"code": 5}}', b'{"error": null}', b'{"a":"\xff"}']
    )
    def test_may_be_absent(self, body: bytes) -> None:
        """A body without code has the code "" and is no error of its own."""
        assert error_code(body) == ""

    @given(st.binary())
    def test_any_body_is_survived(self, body: bytes) -> None:
        """Whatever the body is, the code is a short text."""
        assert len(error_code(body)) <= 100

    @given(
        st.recursive(
            st.none() | st.text(), lambda inner: st.dictionaries(st.sampled_from(["error", "code"]), inner)
        )
    )
    def test_any_nesting_is_survived(self, body: object) -> None:
        """Whatever stands where the code should be, the code is a text."""
        assert isinstance(error_code(msgspec.json.encode(body)), str)


class TestMeaning:
    """Status and code decide; the rest of the body does not."""

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (429, "", Throttled),
            (429, "SubscriptionRequestsThrottled", Throttled),
            (429, "RetryableErrorDueToAnotherOperation", Throttled),
            (408, "", ServiceUnavailable),
            (500, "InternalServerError", ServiceUnavailable),
            (502, "", ServiceUnavailable),
            (503, "ServerBusy", ServiceUnavailable),
            (504, "GatewayTimeout", ServiceUnavailable),
            (401, "InvalidAuthenticationToken", CredentialRejected),
            (403, "AuthorizationFailed", AccessDenied),
            (403, "", AccessDenied),
            (404, "Subscription Not Registered", ServiceNotEnabled),
            (409, "MissingSubscriptionRegistration", ServiceNotEnabled),
            (409, "ReadOnlyDisabledSubscription", ServiceNotEnabled),
            (409, "Conflict", UnexpectedAnswer),
            (404, "SubscriptionNotFound", SubscriptionNotVisible),
            (404, "ResourceNotFound", ResourceAbsent),
            (404, "", ResourceAbsent),
            (400, "BadRequest", UnexpectedAnswer),
            (204, "", UnexpectedAnswer),
            (302, "", UnexpectedAnswer),
            (418, "", UnexpectedAnswer),
        ],
    )
    def test_of_status_and_code(self, status: int, code: str, kind: type[ConnectorError]) -> None:
        """Each documented pair has its error."""
        assert kind is type(refused(status, code))

    def test_throttled_keeps_the_time(self) -> None:
        """Throttling says how long Azure asked to wait."""
        error = refused(429)

        assert isinstance(error, Throttled)
        assert error.retry_after_s == 7.0

    def test_denied_beside_the_subscriptions_names_that_scope(self) -> None:
        """Settings of the tenant need a role at their provider's scope; one in a subscription is no use."""
        asked = Asked(
            method="GET",
            path="/providers/microsoft.aadiam/diagnosticSettings",
            tenant_id=TENANT,
            subscription_id=SUBSCRIPTION,
        )
        error = error_of(Refusal(asked=asked, status=403, code="AuthorizationFailed"))

        assert isinstance(error, AccessDenied)
        assert (error.permission, error.scope) == (
            "microsoft.aadiam/diagnosticSettings/read",
            "/providers/microsoft.aadiam",
        )
        assert "--scope /providers/microsoft.aadiam" in error.advice

    def test_denied_names_permission_role_scope_and_time(self) -> None:
        """A missing permission is named, with the role to add, where, and how long that takes."""
        error = refused(403, "AuthorizationFailed")

        assert isinstance(error, AccessDenied)
        assert (
            error.permission,
            error.scope,
            error.portal_page,
        ) == ("Microsoft.Security/alerts/read", SCOPE, USERS_PAGE)
        for word in ("Microsoft.Security/alerts/read", "Security Reader", SUBSCRIPTION, "30 minutes"):
            assert word in error.advice

    @pytest.mark.parametrize(
        ("permission", "role"),
        [
            ("Microsoft.Security/alerts/read", "Security Reader"),
            ("microsoft.security/pricings/read", "Security Reader"),
            ("Microsoft.Insights/diagnosticSettings/read", "Monitoring Reader"),
            ("Microsoft.Storage/storageAccounts/read", "Reader"),
        ],
    )
    def test_the_role_follows_from_the_provider(self, permission: str, role: str) -> None:
        """Defender needs Security Reader, monitoring Monitoring Reader, all else Reader."""
        assert role == role_for(permission)

    def test_graph_asks_for_a_graph_permission(self) -> None:
        """On Microsoft Graph no Azure role helps: the declared permission is named."""
        error = refused(403, "Authorization_RequestDenied", graph=True)

        assert isinstance(error, AccessDenied)
        assert error.permission == "User.Read.All"
        assert "User.Read.All" in error.advice

    def test_a_missing_licence_is_no_missing_permission(self) -> None:
        """A tenant without premium licence is told so."""
        error = refused(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", graph=True)

        assert isinstance(error, ServiceNotEnabled)
        assert error.reason == "licence_missing"

    def test_a_missing_p2_licence_is_said_with_another_status(self) -> None:
        """Privileged Identity Management answers 400 where its licence is missing."""
        error = refused(400, "AadPremiumLicenseRequired", graph=True)

        assert isinstance(error, ServiceNotEnabled)
        assert "P2" in error.advice

    def test_defender_off_says_how_to_enable_it(self) -> None:
        """Defender that was never enabled: free tier, 24 hours, its page."""
        error = refused(404, "Subscription Not Registered")

        assert "free tier" in error.advice
        assert "24 hours" in error.advice
        assert error.portal_page.endswith("EnvironmentSettings")

    def test_another_provider_is_registered_by_name(self) -> None:
        """Another provider that is not registered is named, with the page of the subscription's providers."""
        error = refused(409, "MissingSubscriptionRegistration", provider="Microsoft.Sql/servers")

        assert "Microsoft.Sql" in error.advice
        assert error.portal_page.endswith(f"{SUBSCRIPTION}/resourceproviders")

    def test_an_invisible_subscription_says_which(self) -> None:
        """A subscription that is not visible is named, with the role that shows it."""
        error = refused(404, "SubscriptionNotFound")

        assert SUBSCRIPTION in error.advice
        assert error.portal_page == USERS_PAGE

    def test_the_wrong_tenant_is_told_from_a_bad_token(self) -> None:
        """A token of another tenant has a reason of its own."""
        reasons = [refused(401, code).reason for code in ("InvalidAuthenticationTokenTenant", "Other")]

        assert reasons == ["wrong_tenant", "token_rejected"]

    def test_the_detail_names_request_status_and_code(self) -> None:
        """Every error says what was asked and what came back."""
        assert f"GET {SCOPE}/providers/Microsoft.Security/alerts was answered with HTTP 400 Bad." == str(
            refused(400, "Bad")
        )


class TestAction:
    """The action behind a path."""

    @pytest.mark.parametrize(
        ("path", "action"),
        [
            (f"{SCOPE}/providers/Microsoft.Security/alerts", "Microsoft.Security/alerts/read"),
            (
                f"{SCOPE}/providers/Microsoft.Security/pricings/VirtualMachines",
                "Microsoft.Security/pricings/read",
            ),
            (
                f"{SCOPE}/resourceGroups/g/providers/Microsoft.Sql/servers/s/databases/d/transparentDataEncryption",
                "Microsoft.Sql/servers/databases/transparentDataEncryption/read",
            ),
            (
                f"{SCOPE}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers",
                "Microsoft.Storage/storageAccounts/blobServices/containers/read",
            ),
            (
                f"{SCOPE}/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v/providers/Microsoft.Insights/diagnosticSettings",
                "Microsoft.Insights/diagnosticSettings/read",
            ),
            (f"{SCOPE}/resourceGroups/providers/providers/Microsoft.Web/sites", "Microsoft.Web/sites/read"),
            (
                "/providers/Microsoft.Security/assessmentMetadata",
                "Microsoft.Security/assessmentMetadata/read",
            ),
            ("/subscriptions", "Microsoft.Resources/subscriptions/read"),
            (SCOPE, "Microsoft.Resources/subscriptions/read"),
            (f"{SCOPE}/resourceGroups", "Microsoft.Resources/subscriptions/resourceGroups/read"),
            (f"{SCOPE}/resources", "Microsoft.Resources/subscriptions/resources/read"),
            (f"{SCOPE}/providers/Microsoft.Security", "Microsoft.Resources/subscriptions/providers/read"),
        ],
    )
    def test_of_documented_paths(self, path: str, action: str) -> None:
        """Lists, objects, nested types and extensions have the action that Azure documents for them."""
        assert action == action_of(path)

    def test_of_a_post_is_the_operation(self) -> None:
        """A POST needs the action of its operation."""
        path = f"{SCOPE}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults"

        assert action_of(path, "POST") == "Microsoft.PolicyInsights/policyStates/queryResults/action"

    @given(
        types=st.lists(st.from_regex(r"[a-zA-Z]{1,9}", fullmatch=True), min_size=1, max_size=4),
        names=st.lists(st.from_regex(r"[a-zA-Z0-9.]{1,9}|providers", fullmatch=True), min_size=4, max_size=4),
        named=st.booleans(),
    )
    def test_is_provider_types_and_verb(self, *, types: list[str], names: list[str], named: bool) -> None:
        """Whatever the names are, the action is provider, types in order, and read; list or object alike."""
        path = "/".join(part for pair in zip(types, names, strict=False) for part in pair)
        path = path if named else path.rpartition("/")[0]

        action = action_of(f"/subscriptions/x/resourceGroups/{names[0]}/providers/Microsoft.Some/{path}")

        assert "/".join(("Microsoft.Some", *types, "read")) == action


def test_codes_do_not_depend_on_messages() -> None:
    """Two bodies that differ in their message only have one code."""
    codes = {
        error_code(json.dumps({"error": {"code": "C", "message": text}}).encode()) for text in ("a", "b")
    }

    assert {"C"} == codes
