"""What crosses the wire: JSON objects, the request as handlers see it, and the answer they give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import msgspec

type JsonObject = dict[str, object]
type Rows = Sequence[JsonObject]

JSON_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, body already encoded."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE


def json_answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with a JSON body.

    Takes anything msgspec can encode, a status and further headers. Gives the answer.
    """
    return Answer(status, msgspec.json.encode(body), headers or {})


@dataclass(frozen=True, slots=True)
class Query:
    """Query parameters; Azure compares their names without regard to case."""

    pairs: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """Return the first value of a parameter, or None."""
        wanted = name.lower()
        return next((value for key, value in self.pairs if key.lower() == wanted), None)

    def without(self, *names: str) -> "Query":
        """Return the same parameters without the named ones."""
        dropped = {name.lower() for name in names}
        return Query(tuple(pair for pair in self.pairs if pair[0].lower() not in dropped))

    def encode(self) -> str:
        """Return the parameters as they stand in a URL, `$` kept as Azure keeps it."""
        return "&".join(f"{quote(key, safe='$-_.')}={quote(value, safe='-_.')}" for key, value in self.pairs)


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, body already read."""

    method: str
    path: str
    query: Query
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def bearer(self) -> str | None:
        """The bearer token, or None."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None
