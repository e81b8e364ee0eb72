"""Microsoft Entra for people, through msal: the address of the sign-in page, codes, refresh tokens.

"Microsoft identity platform and OAuth 2.0 authorization code flow": code with PKCE (S256), state and nonce.
msal is synchronous, so it works in threads; an application is made for each request, so that no token stays
in its memory, and its connections are closed with it.
"""

import asyncio
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, override

import msgspec

from collectors.errors import CollectionError, CredentialRejected, ServiceUnavailable
from pipeline.authentication.errors import TokenError, code_in, explain
from pipeline.settings import Settings, SignIn

ANSWER_WITHIN_S = 30
_RENEW = "Whoever runs this app puts a valid secret into SIGN_IN_CLIENT_SECRET; nobody has to sign in again."
OWN_FAULTS: Mapping[str, str] = {
    "invalid_client_secret": _RENEW,
    "expired_client_secret": _RENEW,
    "unknown_application": "An administrator of the tenant has removed the sign-in application, or "
    "SIGN_IN_CLIENT_ID names none. Sign in again to have it back, or connect with a service principal.",
}
"""What to do about a refusal of the application that people sign in to, by its reason."""

type Answer = Mapping[str, object]


class Authorization(msgspec.Struct, frozen=True):
    """A sign-in that was begun.

    Args:
        url: of the page where the person signs in.
        flow: what redeeming the code needs, a secret: state, nonce and PKCE verifier.
    """

    url: str
    flow: str

    @override
    def __repr__(self) -> str:
        return "Authorization(...)"


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a person granted. Shows no token when printed."""

    refresh_token: str
    tenant_id: str
    object_id: str

    @override
    def __repr__(self) -> str:
        return f"Grant(tenant_id={self.tenant_id!r})"


class Tokens(msgspec.Struct, frozen=True):
    """What a refresh token bought; of the two only the second is kept. Shows no token when printed."""

    access_token: str
    expires_in: int
    refresh_token: str | None = None

    @override
    def __repr__(self) -> str:
        return f"Tokens(expires_in={self.expires_in})"


class _IdClaims(msgspec.Struct, frozen=True):
    aud: str
    iss: str
    tid: str
    oid: str


class _Redeemed(msgspec.Struct, frozen=True):
    id_token_claims: _IdClaims
    refresh_token: str


class _Flow(msgspec.Struct, frozen=True):
    auth_uri: str


class _Application(Protocol):
    """What is used of msal's ConfidentialClientApplication."""

    def initiate_auth_code_flow(
        self, scopes: list[str], *, redirect_uri: str, state: str, prompt: str
    ) -> dict[str, object]: ...

    def acquire_token_by_auth_code_flow(
        self, auth_code_flow: dict[str, object], auth_response: dict[str, str]
    ) -> dict[str, object]: ...

    def acquire_token_by_refresh_token(
        self, refresh_token: str, scopes: list[str], *, data: dict[str, str]
    ) -> dict[str, object]: ...


class EntraSignIn:
    """Speaks to Entra about people.

    Args:
        authority: the address of the cloud's authority.
        application: of the sign-in flow.
        scope: what a token for Azure Resource Manager is asked for, ending in `/.default`.
    """

    def __init__(self, authority: str, application: SignIn, scope: str) -> None:
        self._authority = authority
        self.application = application
        self._scope = f"{scope.removesuffix('/.default')}/user_impersonation"

    async def begin(self, state: str) -> Authorization:
        """Begin a sign-in; raises ServiceUnavailable if Entra does not answer."""

        def ask(application: _Application) -> dict[str, object]:
            return application.initiate_auth_code_flow(
                [self._scope],
                redirect_uri=self.application.redirect_url,
                state=state,
                prompt="select_account",
            )

        flow = await self._ask(self.application.tenant, ask)
        return Authorization(msgspec.convert(flow, _Flow).auth_uri, msgspec.json.encode(flow).decode())

    async def redeem(self, flow: str, answer: Mapping[str, str]) -> Grant:
        """Redeem the code that the browser brought back.

        Takes what `begin` gave as the flow, and the parameters of the callback.

        Raises:
            CredentialRejected: Entra refuses it, or its answer belongs to another sign-in.
            Transient: Entra did not answer.
        """
        kept = msgspec.json.decode(flow, type=dict[str, object])
        found = await self._ask(
            self.application.tenant,
            lambda application: application.acquire_token_by_auth_code_flow(kept, dict(answer)),
        )
        redeemed = _converted(found, _Redeemed)
        claims = redeemed.id_token_claims
        if claims.aud != self.application.client_id or not claims.iss.endswith(f"/{claims.tid}/v2.0"):
            raise _of_another_sign_in()
        return Grant(
            refresh_token=redeemed.refresh_token,
            tenant_id=claims.tid.lower(),
            object_id=claims.oid.lower(),
        )

    async def refresh(
        self, refresh_token: str, scope: str, *, tenant_id: str, claims: str | None = None
    ) -> Tokens:
        """Buy an access token, and most often a new refresh token.

        Takes the refresh token, what the access token is for, the tenant that the person signed in to, and
        claims that the access token must meet.

        Raises:
            CredentialRejected: Entra refuses it; `reason` says how.
            Transient: Entra did not answer.
        """
        data = {} if claims is None else {"claims": claims}
        found = await self._ask(
            tenant_id,
            lambda application: application.acquire_token_by_refresh_token(refresh_token, [scope], data=data),
        )
        return _converted(found, Tokens)

    async def _ask(
        self, tenant: str, question: Callable[[_Application], dict[str, object]]
    ) -> dict[str, object]:
        answer = await asyncio.to_thread(self._ask_now, tenant, question)
        if "error" in answer:
            error = _converted(_known(answer), TokenError)
            raise _of_the_application(explain(error, client_id=self.application.client_id))
        return answer

    def _ask_now(
        self, tenant: str, question: Callable[[_Application], dict[str, object]]
    ) -> dict[str, object]:
        """Ask in a thread; what msal raises may quote tokens, so nothing of it goes on."""
        from msal.exceptions import MsalError

        try:
            with _opened(f"{self._authority}/{tenant}", self.application) as application:
                return question(application)
        except RuntimeError:
            raise _of_another_sign_in() from None
        except ValueError as error:
            return _refused_tenant(error)
        except (MsalError, OSError, LookupError, TypeError, AttributeError) as error:
            raise ServiceUnavailable(
                f"Microsoft Entra did not give a token ({type(error).__name__})."
            ) from None


def entra_sign_in(settings: Settings) -> EntraSignIn | None:
    """Give what speaks to Entra about people; None where the settings name no application to sign in to."""
    if settings.sign_in is None:
        return None
    return EntraSignIn(settings.authority_host, settings.sign_in, settings.resource_manager_scope)


@contextmanager
def _opened(authority: str, application: SignIn) -> Iterator[_Application]:
    """Make msal's application: asking the configured authority alone, and silent, as it logs answers."""
    logging.getLogger("msal").setLevel(logging.CRITICAL + 1)
    # It would have the browser post a form. A code in an address is of no use without the verifier.
    warnings.filterwarnings("ignore", "response_mode=", UserWarning)
    from msal import ConfidentialClientApplication

    # In two steps: the second asks Entra, and where that fails the connections are there already.
    made = ConfidentialClientApplication.__new__(ConfidentialClientApplication)
    try:
        ConfidentialClientApplication.__init__(
            made,
            application.client_id,
            client_credential=application.client_secret,
            authority=authority,
            instance_discovery=False,
            timeout=ANSWER_WITHIN_S,
        )
        yield made
    finally:
        made.http_client.close()


def _refused_tenant(error: ValueError) -> dict[str, object]:
    """Make an answer of what msal says where there is no tenant to ask; of anything else, no answer."""
    told = f"{error.__context__}"
    if code_in(told) is None:
        raise ServiceUnavailable("Microsoft Entra answered something that is no token.") from None
    return {"error": "invalid_tenant", "error_description": told}


def _known(answer: Answer) -> Answer:
    return {name: value for name, value in answer.items() if value is not None}


def _converted[T](answer: Answer, of: type[T]) -> T:
    try:
        return msgspec.convert(answer, of, strict=False)
    except msgspec.ValidationError:
        raise ServiceUnavailable("Microsoft Entra answered something that is no token.") from None


def _of_the_application(error: CollectionError) -> CollectionError:
    """Say it where the fault is the sign-in application's own: the person can do nothing about that."""
    if error.reason not in OWN_FAULTS:
        return error
    return CredentialRejected(
        error.detail,
        advice=OWN_FAULTS[error.reason],
        portal_page=error.portal_page,
        reason="sign_in_application_refused",
    )


def _of_another_sign_in() -> CredentialRejected:
    return CredentialRejected(
        "Microsoft Entra's answer belongs to another sign-in.",
        advice="Start the sign-in again, and finish it in the same browser.",
        reason="sign_in_mismatch",
    )
