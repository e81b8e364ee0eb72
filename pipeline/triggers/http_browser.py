"""Answers to a person's browser: a page, or where to go next; what goes wrong is a page too."""

from collections.abc import Mapping
from http import HTTPStatus

import azure.functions as func
import msgspec

from collectors.errors import ConnectorError
from pipeline.sign_in.page import POLICY, page
from pipeline.triggers.problems import UNFORESEEN, status_and_title

MEDIA_TYPE = "text/html"
_LONGEST = 8192
"""More than any code of Entra's is long; what is longer is as good as absent."""


class BrowserAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler answers a browser.

    Args:
        page: HTML, everything in it escaped.
        status: of the page.
        location: where the browser goes instead: only ever an address of the settings.
    """

    page: str = ""
    status: HTTPStatus = HTTPStatus.OK
    location: str | None = None


def response_of(answer: BrowserAnswer) -> func.HttpResponse:
    """Send a browser a page, or on."""
    if answer.location is not None:
        return func.HttpResponse(status_code=HTTPStatus.FOUND, headers={"location": answer.location})
    return func.HttpResponse(
        answer.page.encode(),
        status_code=answer.status,
        headers={"content-security-policy": POLICY},
        mimetype=MEDIA_TYPE,
        charset="utf-8",
    )


def problem_page(error: Exception) -> func.HttpResponse:
    """Tell a person what went wrong; of an error that is none of ours, nothing but that."""
    known = error if isinstance(error, ConnectorError) else UNFORESEEN
    status, title = status_and_title(known)
    return response_of(BrowserAnswer(page=page(title, known.detail, known.advice), status=HTTPStatus(status)))


def query_of[Q: msgspec.Struct](params: Mapping[str, str], of: type[Q]) -> Q:
    """Read what a browser brings; what is not asked for, or longer than any may be, is passed over."""
    known = {name: params[name] for name in of.__struct_fields__ if 0 < len(params.get(name, "")) <= _LONGEST}
    return msgspec.convert(known, of)
