"""The other branches of the error tree: what callers, credentials and settings do wrong.

ConnectorError                       (collectors/errors.py, with the branch of reading Azure)
  x Problem                          answered to a caller as RFC 9457 problem details, with its status
    - InvalidRequest            400  names each field
    - CallerRefused                  with the challenge that clients read
      - Unauthenticated         401  no bearer token, or one that does not hold
      - Forbidden               403  the token holds, but not for this
    - NotFound                  404
      - SignInNotConfigured     404  the settings name no application to sign in to
    - Conflict                  409
    - PayloadTooLarge           400  over 64 KiB (API.md: invalid_request)
    - SignInRefused             400  a browser came back with what fits no sign-in, or no more
    - Unprocessable             422  no connection could be made
    - AuthenticationFailed      422  Entra refuses the credential; reason says how
    - TooManyAttempts           429  credentials were refused too often; says when to try again
    - AuditUnavailable          503  the audit log cannot be written, so nothing is changed
    - TablesBeingMigrated       503  tables of an older version are being brought forward
    - SchemaTooNew              503  the tables are of a newer version of the app
  x SettingsError                    the app cannot start: names every missing or malformed setting
  x SecretUnavailable (Transient)    Key Vault did not answer
  x AttemptsSpent (Terminal)          every attempt at a run failed
  x LeaseLost                        another worker took over; this one must not commit
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from collectors.contract import JsonValue
from collectors.errors import ConnectorError, Terminal, Transient
from pipeline.callers.caller import KEY_HOLDER, Caller

PROBLEM_TYPES = "urn:azure-evidence-connector:problem:"
"""What a problem's `type` begins with; its code follows."""


class Problem(ConnectorError):
    """Something the caller is told as problem details.

    Args:
        errors: (field, message) pairs, for requests with several faults.
        extra: further members of the problem, such as the id of the connection that exists already.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        advice: str = "",
        portal_page: str = "",
        reason: str = "",
        errors: Sequence[tuple[str, str]] = (),
        extra: Mapping[str, JsonValue] | None = None,
    ) -> None:
        super().__init__(detail, advice=advice, portal_page=portal_page, reason=reason)
        self.errors = tuple(errors)
        self.extra: Mapping[str, JsonValue] = extra or {}


class InvalidRequest(Problem):
    """The request itself is wrong; `errors` names each field."""

    code = "invalid_request"
    status = 400
    title = "The request is not valid"


class CallerRefused(Problem):
    """The caller is not let in.

    Args:
        challenge: for the header WWW-Authenticate (RFC 6750, section 3); never holds the token.
        caller: who calls, as far as that is known.
    """

    def __init__(
        self, detail: str, *, challenge: str, reason: str, advice: str, caller: Caller = KEY_HOLDER
    ) -> None:
        super().__init__(detail, advice=advice, reason=reason)
        self.challenge = challenge
        self.caller = caller


class Unauthenticated(CallerRefused):
    """Who calls is not known; `reason` says what is wrong with the token."""

    code = "unauthenticated"
    status = 401
    title = "The caller is not known"


class Forbidden(CallerRefused):
    """Who calls is known, and may not do this."""

    code = "forbidden"
    status = 403
    title = "The caller may not do this"


class NotFound(Problem):
    """There is nothing of that id."""

    code = "not_found"
    status = 404
    title = "Not found"


class SignInNotConfigured(NotFound):
    """There is no sign-in flow: its settings are missing."""

    code = "sign_in_not_configured"
    title = "Sign-in with Microsoft is not set up"
    default_advice = (
        "Whoever runs this app sets SIGN_IN_CLIENT_ID, SIGN_IN_CLIENT_SECRET and SIGN_IN_REDIRECT_URL. "
        "Connect with a service principal until then."
    )


class SignInRefused(Problem):
    """A browser came back with what fits no sign-in, or fits one no more; which of the two is not told."""

    code = "sign_in_refused"
    status = 400
    title = "This sign-in cannot be finished"
    default_advice = "Start the sign-in again where you came from. It has to be finished within ten minutes."


class SubscriptionRejected(Problem):
    """The credential works, but does not see this subscription."""

    code = "subscription_not_found"
    status = 422
    title = "The subscription cannot be seen"


class AlreadyConnected(Problem):
    """The subscription has a connection; `extra["connection_id"]` says which."""

    code = "already_connected"
    status = 422
    title = "The subscription is already connected"


class NothingConnected(Problem):
    """No subscription of the request could be connected."""

    code = "nothing_connected"
    status = 422
    title = "No subscription was connected"


class NothingRotated(Problem):
    """No connection of the application could be given the new credential; each keeps the old one."""

    code = "nothing_rotated"
    status = 422
    title = "No connection was changed"


class AuthenticationFailed(Problem):
    """Entra refuses the credential; `reason` is the stable cause."""

    code = "authentication_failed"
    status = 422
    title = "Microsoft Entra refused the credential"


class TooManyAttempts(Problem):
    """Credentials were refused too often; Entra is not asked again before the wait is over.

    Args:
        retry_after_s: seconds until the next try may be made.
    """

    code = "too_many_attempts"
    status = 429
    title = "Too many refused credentials"
    default_advice = "Correct the client ID and the secret's Value meanwhile, and try again then."

    def __init__(self, detail: str, *, retry_after_s: float) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class AuditUnavailable(Problem):
    """What cannot be recorded is not done."""

    code = "audit_unavailable"
    status = 503
    title = "The audit log cannot be written"
    default_advice = "Try again. If it stays, look at the storage account that keeps the tables."


class TablesBeingMigrated(Problem):
    """Tables that an older version of the app wrote are being brought to the layout of this one."""

    code = "tables_being_migrated"
    status = 503
    title = "The tables are being brought forward"
    default_advice = "There is nothing to do: it goes on by itself, and after it all is as before. Try again."


class SchemaTooNew(Problem):
    """A newer version of the app wrote the tables: this one neither reads nor writes them."""

    code = "schema_too_new"
    status = 503
    title = "The tables are of a newer version of the app"
    default_advice = (
        "Deploy the newer version of the app again. Nothing in the tables was changed by this one."
    )


class UpstreamUnavailable(Problem):
    """Azure did not answer while the caller waited."""

    code = "upstream_unavailable"
    status = 503
    title = "Azure did not answer"


class SettingsError(ConnectorError):
    """The app cannot start; the detail names every setting that is missing or malformed."""

    code = "invalid_settings"


class SecretUnavailable(Transient):
    """Key Vault did not give the secret this time."""

    code = "secret_unavailable"


class LeaseLost(ConnectorError):
    """Another worker holds the connection now; nothing of this attempt may be committed."""

    code = "lease_lost"


class Conflict(Problem):
    """Somebody else changed it first."""

    code = "conflict"
    status = 409
    title = "It was changed meanwhile"
    default_advice = "Read it again and repeat the change."


class AttemptsSpent(Terminal):
    """Every attempt at a run failed; what could not be read stays a gap until the next run."""

    code = "attempts_spent"
    default_advice = "The next scheduled run tries again. Start one by hand once the cause is gone."
