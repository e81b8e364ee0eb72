"""What reading Azure can end in: the branch of the error tree that collectors and the reader share.

ConnectorError                     every error of ours: code, detail, advice, portal page
  x CollectionError                a read of Azure did not complete
    x Terminal                     trying again is no use: the part is `unavailable`, its checks `unknown`
      - CredentialRejected         Entra or ARM refuses the credential (reason says how)
      - AccessDenied               403: the permission that is missing
      - SubscriptionNotVisible     the credential does not see the subscription
      - ServiceNotEnabled          the provider is off or never registered
      - NotComputedYet             the service is on, its first data has not arrived
      - ResourceAbsent             404 for anything else
      - UnexpectedAnswer           an undocumented status or redirect, a body that stays broken
      - ReadRefused                our own guard: not a read, or outside the connection
      - PageLoop                   a page link that was followed before, or more pages than the cap
    x Transient                    worth trying again: the attempt fails, the queue retries the run
      - Throttled                  429 beyond our patience
      - ServiceUnavailable         5xx, time-outs, dropped connections
pipeline/errors.py adds the branches of requests, credentials and settings.
"""

from typing import ClassVar


class ConnectorError(Exception):
    """Say what went wrong, what to do about it and where.

    Args:
        detail: what happened, for a person; never holds a secret or a token.
        advice: what to do next, one or two sentences.
        portal_page: the page of the Azure portal where it is done, as the part of its address after the host
            (`#view/...`); the host depends on the cloud.
        reason: a finer stable cause than `code`, snake_case; "" if there is none.
    """

    code: ClassVar[str] = "internal_error"
    default_advice: ClassVar[str] = ""

    def __init__(self, detail: str, *, advice: str = "", portal_page: str = "", reason: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.advice = advice or self.default_advice
        self.portal_page = portal_page
        self.reason = reason


class CollectionError(ConnectorError):
    """A read of Azure did not complete."""

    code = "collection_failed"


class Terminal(CollectionError):
    """Trying again changes nothing until somebody acts."""


class Transient(CollectionError):
    """The same read may well succeed later."""


class CredentialRejected(Terminal):
    """Entra or Azure Resource Manager refuses the credential; `reason` says how."""

    code = "authentication_failed"


class AccessDenied(Terminal):
    """The credential lacks a permission.

    Args:
        permission: the RBAC action or Graph permission that is missing, as Azure spells it.
        scope: the ARM scope it is missing at.
    """

    code = "permission_missing"

    def __init__(
        self, detail: str, *, permission: str, scope: str, advice: str = "", portal_page: str = ""
    ) -> None:
        super().__init__(detail, advice=advice, portal_page=portal_page)
        self.permission = permission
        self.scope = scope


class SubscriptionNotVisible(Terminal):
    """The credential does not see the subscription, or there is none of that id."""

    code = "subscription_not_found"


class ServiceNotEnabled(Terminal):
    """The resource provider was never registered, or the service is off."""

    code = "service_not_enabled"


class NotComputedYet(Terminal):
    """The service answers, but has computed nothing yet (or was never enabled: it does not tell)."""

    code = "not_computed_yet"


class ResourceAbsent(Terminal):
    """404: what was asked for does not exist."""

    code = "resource_absent"
    default_advice = "Azure does not have what was asked for. Report it if it should, and if it stays."


class UnexpectedAnswer(Terminal):
    """Azure answered what its specification does not declare."""

    code = "unexpected_answer"
    default_advice = "Azure answered what its specification does not declare. Report it if it stays."


class ReadRefused(Terminal):
    """Our own guard refused the request before a token was attached."""

    code = "read_refused"
    default_advice = (
        "Azure's answer led outside this connection, and was not followed. Report it if it stays."
    )


class PageLoop(Terminal):
    """The page links lead in a circle, or further than the page cap."""

    code = "page_loop"
    default_advice = "Nothing of the list counts, because it may not be whole. Report it if it stays."


class Throttled(Transient):
    """Azure asks to wait longer than one attempt may.

    Args:
        retry_after_s: the seconds Azure asked for, if it did.
    """

    code = "throttled"

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail, advice="Nothing to do: the sync is tried again.")
        self.retry_after_s = retry_after_s


class ServiceUnavailable(Transient):
    """The service failed, timed out or dropped the connection."""

    code = "service_unavailable"
    default_advice = "Nothing to do: the sync is tried again."
