"""Requests as types: what they show of themselves."""

import pytest

from pipeline.requests import ClientSecretAuth, ConnectRequest, Request, RotateRequest

SECRET = "made-up~secret.value"
AUTH = ClientSecretAuth(tenant_id="t1", client_id="c1", client_secret=SECRET)


@pytest.mark.parametrize(
    "request_",
    [
        AUTH,
        ConnectRequest(name="Shop", auth=AUTH, subscription_ids="s1"),
        RotateRequest(tenant_id="t1", client_id="c1", client_secret=SECRET),
    ],
    ids=lambda request_: type(request_).__name__,
)
@pytest.mark.parametrize("text", [repr, str, "{}".format])
def test_no_secret_when_printed(request_: Request, text: type[str]) -> None:
    """A request that ends up in a log line or a traceback tells its type and nothing of its values."""
    assert SECRET not in text(request_)
    assert type(request_).__name__ in text(request_)
