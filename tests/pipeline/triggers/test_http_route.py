"""Claims about calls and routes by themselves."""

import pytest

from pipeline.audit import Origin
from pipeline.callers.caller import ANONYMOUS, KEY_HOLDER, Caller
from pipeline.connecting.attempt_limit import Trier
from pipeline.triggers.http_parsing import NoBody, NoQuery
from pipeline.triggers.http_route import Call
from tests.pipeline.triggers.memory_services import MemoryServices

ADDRESS = "203.0.113.7"
PERSON = Caller(kind="token", tenant_id="t", object_id="o", client_id="c")
APPLICATION = Caller(kind="token", tenant_id="t", client_id="c")


@pytest.mark.parametrize(
    ("caller", "token_of"),
    [(PERSON, "t/o"), (APPLICATION, "t/c"), (KEY_HOLDER, None), (ANONYMOUS, None)],
    ids=["person", "application", "key", "anybody"],
)
def test_refused_credentials_are_counted_for_whom_a_token_names(caller: Caller, token_of: str | None) -> None:
    """Whoever holds a key alone is told apart by the address."""
    call = Call(
        services=MemoryServices(),
        caller=caller,
        path={},
        body=NoBody(),
        query=NoQuery(),
        origin=Origin(address=ADDRESS),
        correlation_id="x",
    )

    assert call.trier == Trier(token_of=token_of, address=ADDRESS)
