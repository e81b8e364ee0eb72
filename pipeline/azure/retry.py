"""When a read is tried again: when Azure asks to wait, when it may do better in a moment, and never else."""

import re
import zlib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from http import HTTPStatus
from typing import override
from urllib.parse import urlsplit

import msgspec
from azure.core.exceptions import (
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline import PipelineContext, PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.pipeline.transport import AsyncHttpResponse, HttpRequest

from collectors.errors import CollectionError, ServiceUnavailable, UnexpectedAnswer
from pipeline.azure.errors import FAILING, WRONG_TENANT, Asked, Refusal, error_code, error_of
from pipeline.azure.journal import Entry, Journal
from pipeline.azure.limiter import Clock
from pipeline.azure.pages import is_json
from pipeline.event_log import log
from pipeline.events import Throttled
from pipeline.settings import ReadLimits

type _Response = PipelineResponse[HttpRequest, AsyncHttpResponse]

_NO_ANSWER = (ServiceRequestError, ServiceResponseError, HttpResponseError, TimeoutError)
_SECONDS = re.compile(r"\d{1,9}(\.\d{1,6})?")
_SHORTEST_WAIT_S = 1.0


class Cure(Enum):
    """What may help."""

    NONE = auto()
    WAIT_AS_ASKED = auto()
    BACK_OFF = auto()
    FRESH_TOKEN = auto()
    ALONE = auto()


class Trouble(msgspec.Struct, frozen=True):
    """A try that failed: the error if it stays so, what may help, and the seconds Azure asks to wait."""

    error: CollectionError
    cure: Cure
    asked_s: float | None = None


def retry_after_s(headers: Mapping[str, str], now: float) -> float | None:
    """Read how long an answer asks to wait.

    Takes the headers, names in any case, and the present as seconds since 1970 (the answer's own Date, if it
    has one, is preferred: clocks differ). Gives seconds, None if it does not ask. Sources: RFC 9110,
    Retry-After (seconds or a date); x-ms-retry-after-ms of Azure's services.
    """
    known = {name.lower(): value.strip() for name, value in headers.items()}
    for name, factor in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("retry-after", 1.0)):
        if _SECONDS.fullmatch(known.get(name, "")):
            return float(known[name]) * factor
    until = _epoch(known.get("retry-after", ""))
    if until is None:
        return None
    sent_at = _epoch(known.get("date", ""))
    return max(0.0, until - (now if sent_at is None else sent_at))


def _epoch(http_date: str) -> float | None:
    try:
        at = parsedate_to_datetime(http_date)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


class Effort:
    """What one call has spent on tries and waiting.

    Args:
        limits: tries and patience.
        clock: time.
    """

    def __init__(self, limits: ReadLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._times: Counter[Cure] = Counter()
        self._waited_s = 0.0

    async def prepare(self, trouble: Trouble, context: PipelineContext) -> None:
        """Do what may help before the next try; raises the trouble's error if nothing is left to do."""
        match trouble.cure:
            case Cure.WAIT_AS_ASKED:
                await self._wait(trouble)
            case Cure.BACK_OFF if self._times[Cure.BACK_OFF] + 1 < self._limits.tries:
                await self._wait(trouble)
            case Cure.FRESH_TOKEN if not self._times[Cure.FRESH_TOKEN]:
                context["rejected_token"] = context["token"]
            case Cure.ALONE:
                context["alone"] = True
            case _:
                raise trouble.error
        self._times[trouble.cure] += 1

    async def _wait(self, trouble: Trouble) -> None:
        backed_off_s = 2.0 ** self._times[trouble.cure] * self._clock.jitter()
        asked_s = trouble.asked_s or 0.0
        wait_s = asked_s if asked_s >= _SHORTEST_WAIT_S else backed_off_s
        if self._waited_s + wait_s > self._limits.patience_s:
            raise trouble.error
        self._waited_s += wait_s
        await self._clock.sleep(wait_s)


class Retry(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Gives a whole answer of status 200 or raises what went wrong.

    Args:
        tenant_id: for the words of errors.
        subscription_id: for the words of errors.
        limits: tries and patience.
        clock: time.
        journal: counts throttling.
    """

    def __init__(
        self, tenant_id: str, subscription_id: str, *, limits: ReadLimits, clock: Clock, journal: Journal
    ) -> None:
        super().__init__()
        self._tenant_id = tenant_id
        self._subscription_id = subscription_id
        self._limits = limits
        self._clock = clock
        self._journal = journal

    @override
    async def send(self, request: PipelineRequest[HttpRequest]) -> _Response:
        effort = Effort(self._limits, self._clock)
        request.context["permission"] = request.context.options.pop("permission", "")
        while True:
            result = await self._try(request)
            if not isinstance(result, Trouble):
                return result
            if result.cure is Cure.WAIT_AS_ASKED:
                self._note_throttling(request, result)
            await effort.prepare(result, request.context)

    def _note_throttling(self, request: PipelineRequest[HttpRequest], trouble: Trouble) -> None:
        self._journal.throttled += 1
        entry: Entry = request.context["entry"]
        log(
            Throttled(
                host=urlsplit(request.http_request.url).netloc,
                path=entry.path,
                retry_after_s=trouble.asked_s,
                subscription_id=self._subscription_id,
            )
        )

    async def _try(self, request: PipelineRequest[HttpRequest]) -> _Response | Trouble:
        entry: Entry = request.context["entry"]
        try:
            response = await self.next.send(request)
        except _NO_ANSWER as error:
            unavailable = ServiceUnavailable(
                f"{entry.method} {entry.path} got no answer ({type(error).__name__})."
            )
            unavailable.__cause__ = error
            return Trouble(unavailable, Cure.BACK_OFF)
        body = _body_of(response)
        if response.http_response.status_code != HTTPStatus.OK:
            return self._refused(request, response, error_code(body))
        if not is_json(body):
            broken = UnexpectedAnswer(
                f"{entry.method} {entry.path} was answered with a body that is not JSON."
            )
            return Trouble(broken, Cure.BACK_OFF)
        return response

    def _refused(self, request: PipelineRequest[HttpRequest], response: _Response, code: str) -> Trouble:
        answer = response.http_response
        refusal = Refusal(
            asked=self._asked(request),
            status=answer.status_code,
            code=code,
            retry_after_s=retry_after_s(answer.headers, self._clock.wall()),
        )
        cure = _cure_of(refusal, shared=bool(request.context.get("shared")))
        return Trouble(error_of(refusal), cure, refusal.retry_after_s)

    def _asked(self, request: PipelineRequest[HttpRequest]) -> Asked:
        entry: Entry = request.context["entry"]
        return Asked(
            method=entry.method,
            path=entry.path,
            tenant_id=self._tenant_id,
            subscription_id=self._subscription_id,
            graph=request.context["endpoint"].graph,
            permission=request.context["permission"],
        )


def _cure_of(refusal: Refusal, *, shared: bool) -> Cure:
    if refusal.status in FAILING:
        return Cure.BACK_OFF
    match refusal.status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Cure.WAIT_AS_ASKED
        case HTTPStatus.UNAUTHORIZED if refusal.known_as != WRONG_TENANT:
            return Cure.FRESH_TOKEN
        # Under load Azure has answered 403 for 429: a role is blamed only when nothing else was under way.
        case HTTPStatus.FORBIDDEN if shared:
            return Cure.ALONE
    return Cure.NONE


def _body_of(response: _Response) -> bytes:
    try:
        return response.http_response.body() or b""
    except zlib.error:
        return b""
