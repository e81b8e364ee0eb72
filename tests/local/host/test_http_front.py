"""HTTP functions behave as in the real host: routes, keys, requests, answers, failures."""

import json
from collections.abc import Iterator

import pytest

from local.host.launch import HostProcess
from tests.local.host.calls import Answer, call, with_key, write_app

_APP = """
import asyncio, json, logging, sys

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route(route="locked", auth_level=func.AuthLevel.FUNCTION)
def locked(req: func.HttpRequest) -> str:
    return "open"

@app.route(route="master", auth_level=func.AuthLevel.ADMIN)
def master(req: func.HttpRequest) -> str:
    return "open"

@app.route(route="echo/{id?}", methods=["GET", "POST"])
async def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {"method": req.method, "url": req.url, "headers": dict(req.headers), "query": dict(req.params),
            "route": dict(req.route_params), "body": req.get_body().decode()}
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")

@app.route(route="size", methods=["POST"])
def size(req: func.HttpRequest) -> str:
    return str(len(req.get_body()))

@app.route(route="things/{id}", methods=["GET"])
def read_thing(req: func.HttpRequest) -> str:
    return "read " + req.route_params["id"]

@app.route(route="things/{id}", methods=["DELETE"])
def delete_thing(req: func.HttpRequest) -> str:
    return "deleted " + req.route_params["id"]

@app.route(route="things/all", methods=["GET"])
def all_things(req: func.HttpRequest) -> str:
    return "all"

@app.route(route="files/{*rest}")
def files(req: func.HttpRequest) -> str:
    return req.route_params.get("rest", "nothing")

@app.route(route="guids/{id:guid}")
def guids(req: func.HttpRequest) -> str:
    return "guid"

@app.route(route="full")
def full(req: func.HttpRequest) -> func.HttpResponse:
    headers = {"X-Own": "1", "Set-Cookie": "a=b; Path=/x; Secure; HttpOnly; SameSite=Lax; Max-Age=60; "
                                           "Expires=Fri, 01 Jan 2027 00:00:00 GMT"}
    return func.HttpResponse(bytes([0, 255]), status_code=203, headers=headers, mimetype="image/png")

@app.route(route="empty")
def empty(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(status_code=204)

@app.route(route="broken/{how}")
async def broken(req: func.HttpRequest) -> func.HttpResponse:
    how = req.route_params["how"]
    if how == "error":
        raise ValueError("a detail for the log only")
    if how == "exit":
        sys.exit(3)
    if how == "cancel":
        raise asyncio.CancelledError
    if how == "header":
        return func.HttpResponse("x", headers={"X-Split": "a\\r\\nSet-Cookie: b=c"})
    if how == "status":
        return func.HttpResponse("x", status_code=12)
    if how == "slow":
        await asyncio.sleep(60)
    return None

@app.route(route="broken-thread")
def broken_thread(req: func.HttpRequest) -> str:
    sys.exit(3)

@app.route(route="logged/{kind}")
async def logged(req: func.HttpRequest, context: func.Context) -> str:
    if req.route_params["kind"] == "task":
        logging.info("marker-task")
    return context.invocation_id

@app.route(route="logged-thread")
def logged_thread(req: func.HttpRequest, context: func.Context) -> str:
    logging.info("marker-thread")
    return context.invocation_id
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """Run the app above, with a short time limit on every invocation."""
    http = {"customHeaders": {"X-Own": "the host's", "X-More": "yes"}}
    host_json = json.dumps({"version": "2.0", "extensions": {"http": http}})
    app = write_app(tmp_path_factory.mktemp("app"), _APP, host_json=host_json)
    with HostProcess(app, environment={"AzureFunctionsJobHost__functionTimeout": "00:00:02"}) as running:
        yield running


def _echoed(answer: Answer) -> dict[str, object]:
    seen = json.loads(answer.body)
    assert isinstance(seen, dict)
    return seen


def test_key_in_the_header_opens_a_function(host: HostProcess) -> None:
    """The key in x-functions-key opens a function of level FUNCTION."""
    answer = call(host, "/api/locked", headers=with_key(host))

    assert (answer.status, answer.text) == (200, "open")


def test_key_in_the_query_opens_a_function(host: HostProcess) -> None:
    """The key in ?code= opens it too."""
    assert call(host, f"/api/locked?code={host.key}").status == 200


@pytest.mark.parametrize("headers", [{}, {"x-functions-key": "wrong"}, {"x-functions-key": "é"}])
@pytest.mark.parametrize("path", ["/api/locked", "/api/master", "/api/locked?code=wrong"])
def test_without_the_key_nothing_opens(host: HostProcess, path: str, headers: dict[str, str]) -> None:
    """No key or a wrong one is 401 with an empty body, for FUNCTION and ADMIN."""
    answer = call(host, path, headers=headers)

    assert (answer.status, answer.body) == (401, b"")


def test_admin_level_takes_the_same_key(host: HostProcess) -> None:
    """A function of level ADMIN opens with the one key there is."""
    assert call(host, "/api/master", headers=with_key(host)).status == 200


def test_optional_parameter_may_be_absent(host: HostProcess) -> None:
    """`{id?}` matches without a segment, and the parameter is then not there at all."""
    assert _echoed(call(host, "/api/echo"))["route"] == {}


def test_parameter_is_decoded_but_keeps_an_encoded_slash(host: HostProcess) -> None:
    """A segment is decoded after the path is split, and %2F stays as it is."""
    assert _echoed(call(host, "/api/echo/a%20b%2fc"))["route"] == {"id": "a b%2Fc"}


def test_routes_ignore_case_and_a_last_slash(host: HostProcess) -> None:
    """ASP.NET Core compares literals without case and ignores a slash at the end."""
    assert call(host, "/API/Things/All/").text == "all"


def test_literal_wins_over_parameter(host: HostProcess) -> None:
    """`things/all` is tried before `things/{id}`, though it is declared later."""
    assert call(host, "/api/things/all").text == "all"


@pytest.mark.parametrize(("method", "text"), [("GET", "read 7"), ("DELETE", "deleted 7")])
def test_methods_share_a_route(host: HostProcess, method: str, text: str) -> None:
    """Two functions may have one route when their methods differ."""
    assert call(host, "/api/things/7", method=method).text == text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/things/7"),
        ("HEAD", "/api/things/7"),
        ("GET", "/api/none"),
        ("GET", "/"),
        ("GET", "/echo"),
    ],
)
def test_unknown_path_or_method_is_not_found(host: HostProcess, method: str, path: str) -> None:
    """As in the real host a known path with another method is 404, not 405."""
    answer = call(host, path, method=method)

    assert (answer.status, answer.body) == (404, b"")


def test_an_address_over_the_limit_is_refused(host: HostProcess) -> None:
    """Kestrel takes request lines of 8,192 bytes, and answers longer ones itself: 414, no body."""
    line = "GET  HTTP/1.1\r\n"
    longest = f"/api/echo?q={'x' * (8192 - len(line) - len('/api/echo?q='))}"

    assert call(host, longest).status == 200
    refused = call(host, longest + "x")
    assert (refused.status, refused.body) == (414, b"")


@pytest.mark.parametrize(("path", "text"), [("/api/files/a/b/c", "a/b/c"), ("/api/files", "nothing")])
def test_catch_all_takes_the_rest(host: HostProcess, path: str, text: str) -> None:
    """`{*rest}` takes any number of segments, none included."""
    assert call(host, path).text == text


@pytest.mark.parametrize(
    ("id_", "status"), [("8f14e45f-ceea-467f-9f0a-0123456789ab", 200), ("8f14e45f", 404)]
)
def test_constraint_decides_whether_a_route_matches(host: HostProcess, id_: str, status: int) -> None:
    """A value that is no GUID does not reach `{id:guid}`."""
    assert call(host, f"/api/guids/{id_}").status == status


def test_header_names_are_lower_case(host: HostProcess) -> None:
    """A function sees every header name in lower case."""
    answer = call(host, "/api/echo", headers={"X-Mixed-Case": "Kept"})

    assert '"x-mixed-case": "Kept"' in answer.text


@pytest.mark.parametrize("made_up", ["", "198.51.100.1"])
def test_who_spoke_to_the_host_stands_last(host: HostProcess, made_up: str) -> None:
    """As App Service adds it: after whatever the caller itself sent, and with the port."""
    headers = {"X-Forwarded-For": made_up} if made_up else {}
    seen = _echoed(call(host, "/api/echo", headers=headers))["headers"]

    assert isinstance(seen, dict)
    *before, last = str(seen["x-forwarded-for"]).split(", ")
    assert before == ([made_up] if made_up else [])
    assert last.startswith("127.0.0.1:")


def test_empty_query_values_are_dropped_and_repeated_ones_joined(host: HostProcess) -> None:
    """`?a=&b=1&b=2` is seen as one b, whose values stand with a comma between them."""
    assert _echoed(call(host, "/api/echo?a=&b=1&b=2"))["query"] == {"b": "1,2"}


def test_url_is_whole(host: HostProcess) -> None:
    """The URL has scheme, host, path and query as they were sent."""
    assert _echoed(call(host, "/api/echo/1?b=%20"))["url"] == f"{host.base_url}/api/echo/1?b=%20"


def test_body_arrives(host: HostProcess) -> None:
    """A body reaches the function byte for byte."""
    seen = _echoed(call(host, "/api/echo", method="POST", body="{é}".encode()))

    assert (seen["method"], seen["body"]) == ("POST", "{é}")


def test_large_body_arrives(host: HostProcess) -> None:
    """The host itself limits no body that an app may want to judge."""
    assert call(host, "/api/size", method="POST", body=b"x" * 3_000_000).text == "3000000"


def test_text_becomes_a_plain_answer(host: HostProcess) -> None:
    """A returned str is 200 text/plain."""
    answer = call(host, "/api/things/all")

    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")


def test_whole_answer_is_sent(host: HostProcess) -> None:
    """Status, headers and bytes are those of the function."""
    answer = call(host, "/api/full")

    assert (answer.status, answer.headers["x-own"], answer.body) == (203, "1", b"\x00\xff")
    assert answer.headers["content-type"] == "image/png"


@pytest.mark.parametrize("path", ["/api/full", "/api/locked", "/nowhere", "/api/broken/error"])
def test_headers_of_host_json_are_on_every_answer(host: HostProcess, path: str) -> None:
    """On an app's answer and on the host's own; a header that the app sets itself stays."""
    answer = call(host, path)

    own = "1" if path == "/api/full" else "the host's"
    assert (answer.headers.get_all("X-Own"), answer.headers.get_all("X-More")) == ([own], ["yes"])


def test_cookies_are_sent(host: HostProcess) -> None:
    """A Set-Cookie header keeps every attribute on its way through the worker."""
    attributes = set(call(host, "/api/full").headers["set-cookie"].split("; "))

    expires = "expires=Fri, 01 Jan 2027 00:00:00 GMT"
    assert attributes == {"a=b", expires, "HttpOnly", "Max-Age=60", "Path=/x", "SameSite=Lax", "Secure"}


def test_empty_answer_is_sent(host: HostProcess) -> None:
    """An answer may have no body."""
    assert (call(host, "/api/empty").status, call(host, "/api/empty").body) == (204, b"")


@pytest.mark.parametrize("how", ["error", "exit", "cancel", "header", "status", "none"])
def test_failure_is_an_empty_500(host: HostProcess, how: str) -> None:
    """Whatever goes wrong in a function, the caller learns nothing of it."""
    answer = call(host, f"/api/broken/{how}")

    assert (answer.status, answer.body) == (500, b"")


def test_exit_in_a_thread_is_an_empty_500(host: HostProcess) -> None:
    """sys.exit() in a synchronous function fails that call, and the host lives on."""
    answer = call(host, "/api/broken-thread")

    assert (answer.status, answer.body, host.exit_code) == (500, b"", None)


def test_failure_is_logged(host: HostProcess) -> None:
    """The error of a function stands in the log with its traceback."""
    call(host, "/api/broken/error")

    assert "ValueError: a detail for the log only" in host.output
    assert "in broken" in host.output


def test_invocation_over_the_time_limit_is_ended(host: HostProcess) -> None:
    """An invocation over functionTimeout is an empty 500, and the log says why."""
    answer = call(host, "/api/broken/slow")

    assert (answer.status, answer.body) == (500, b"")
    assert "Timeout value of 2 s was exceeded." in host.output


@pytest.mark.parametrize(
    ("path", "marker"), [("logged/task", "marker-task"), ("logged-thread", "marker-thread")]
)
def test_log_lines_carry_the_invocation(host: HostProcess, path: str, marker: str) -> None:
    """Lines of synchronous and asynchronous functions name the invocation they belong to."""
    invocation_id = call(host, f"/api/{path}").text
    (line,) = [line for line in host.output.splitlines() if line.endswith(marker) and invocation_id in line]

    assert f"INFO root [{invocation_id}]: {marker}" in line
