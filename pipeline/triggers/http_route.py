"""What one route is: enough to serve it, to document it and to test it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

import msgspec

from pipeline.audit import Origin
from pipeline.callers.caller import Caller
from pipeline.connecting.attempt_limit import Trier
from pipeline.errors import Problem
from pipeline.requests import AuditAction
from pipeline.triggers.http_services import HttpServices

_PARAMETER = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call[B: msgspec.Struct, Q: msgspec.Struct]:
    """One call as a handler sees it: parsed, and allowed.

    Args:
        services: the flow behind the API.
        caller: who calls, by ids alone.
        path: the parameters of the path.
        body: the request body.
        query: the query parameters, a cursor opened to its position.
        origin: where the call comes from.
        correlation_id: what finds the call in the log.
    """

    services: HttpServices
    caller: Caller
    path: Mapping[str, str]
    body: B
    query: Q
    origin: Origin
    correlation_id: str

    @property
    def trier(self) -> Trier:
        """Who tries a credential with this call, for the limit on refused ones."""
        caller = self.caller
        token_of = f"{caller.tenant_id}/{caller.object_id or caller.client_id}"
        return Trier(token_of=token_of if caller.kind == "token" else None, address=self.origin.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route[B: msgspec.Struct, Q: msgspec.Struct, A]:
    """One route of the API, declared once for the blueprint, `/openapi.json` and the tests.

    Args:
        name: the function's, unique in the app; also the operation id.
        path: below the base path, parameters in braces.
        handler: answers a call; raises the errors of `pipeline.errors`.
        request: the type of the body.
        query: the type of the query parameters.
        answer: the type of what the handler gives; NoneType for an answer without a body.
        status: of a good answer.
        summary: one line for the reader of the API.
        location: the path of what was made or started, for the `Location` header.
        anonymous: nobody needs a key.
        browser: a person's browser calls it: whatever parameters it brings, problems are shown as a page.
        audited: the action that the audit log records of every call; a route that only reads has none.
        audited_if: a parameter of the query, and what the audit log calls a call instead where that is true.
        errors: the problems it may answer beyond those of every route.
    """

    name: str
    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    handler: Callable[[Call[B, Q]], Awaitable[A]]
    request: type[B]
    query: type[Q]
    answer: type[A]
    summary: str
    status: HTTPStatus = HTTPStatus.OK
    location: Callable[[A], str] | None = None
    anonymous: bool = False
    browser: bool = False
    audited: AuditAction | None = None
    audited_if: tuple[str, AuditAction] | None = None
    errors: tuple[type[Problem], ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path's parameters."""
        return tuple(_PARAMETER.findall(self.path))

    @property
    def changes(self) -> bool:
        """Whether a call may change anything: what GET serves, a caller who only reads may have."""
        return self.method != "GET"

    def action_of(self, query: Q | None) -> AuditAction | None:
        """Give what the audit log calls a call; None for the query stands for a call that was not read."""
        if self.audited_if is not None and getattr(query, self.audited_if[0], False) is True:
            return self.audited_if[1]
        return self.audited
