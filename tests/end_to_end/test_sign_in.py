"""Sign in with Microsoft through HTTP: a portal, a person's browser, Entra, and the app between them."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from ssl import create_default_context
from typing import NamedTuple, override
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from local.api_client import Json, Reply
from local.azure.people import RETURN_URL
from local.stack import Stack
from tests.end_to_end.reading import evidence, findings, row, rows, synced
from tests.end_to_end.test_secrecy import rows_of


class Shown(NamedTuple):
    """What a browser was answered."""

    status: int
    location: str
    page: str
    policy: str


class Still(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    @override
    def redirect_request(self, *_: object) -> None:
        return None


class Portal:
    """A portal in front of the app, with a person before it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        context = create_default_context(cafile=stack.azure.settings["SSL_CERT_FILE"])
        self._browser = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), Still()
        )

    def start(self, **body: str) -> Reply:
        """Start a sign-in."""
        return self.stack.api.call("POST", "/sign-in", body)

    def signed_in(self, started: Json, user: str = "ada") -> str:
        """Let the person sign in at Entra; gives the query that the browser comes back with."""
        url = f"{started['authorization_url']}&{urlencode({'login_hint': user})}"
        return urlsplit(self.open(url).location).query

    def come_back(self, query: str) -> Shown:
        """Let the browser come back, without any key."""
        return self.open(f"{self.stack.api.base_url}/api/sign-in/callback?{query}")

    def sign_in(self, user: str = "ada", **body: str) -> str:
        """Sign in; gives the sign-in's id."""
        started = self.start(**body).document
        self.come_back(self.signed_in(started, user))
        return str(started["sign_in_id"])

    def show(self, sign_in_id: str) -> Json:
        """Read a sign-in."""
        return self.stack.api.get(f"/sign-in/{sign_in_id}")

    def connect(self, sign_in_id: str, *names: str) -> Reply:
        """Connect subscriptions with a sign-in."""
        body = {
            "name": "A person's",
            "auth": {"method": "sign_in", "sign_in_id": sign_in_id},
            "subscription_ids": [self.stack.subscription_id(name) for name in names],
            "services": ["defender"],
            "sync_now": False,
        }
        return self.stack.api.call("POST", "/connections", body)

    def control(self, operation: str, **change: object) -> None:
        """Change the simulated world."""
        self.stack.azure.control({"operation": operation, **change})

    def open(self, url: str) -> Shown:
        """Open an address in the browser."""
        try:
            with self._browser.open(url, timeout=60) as answer:
                return _shown(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return _shown(error.code, error.headers, error.read())


def _shown(status: int, headers: object, body: bytes) -> Shown:
    found = {name.lower(): value for name, value in dict(getattr(headers, "items", dict)()).items()}
    policy = found.get("content-security-policy", "")
    return Shown(status, found.get("location", ""), body.decode(), policy)


@pytest.fixture
def portal(stack: Stack) -> Iterator[Portal]:
    """A portal; what it connected is disconnected and purged after the test."""
    portal = Portal(stack)
    yield portal
    for stage in ("authorize", "redeem", "refresh"):
        portal.control("refuse_user", stage=stage)
    portal.control("filter_lists", subscription="production", filters=False)
    for role in ("Reader", "Security Reader", "Monitoring Reader"):
        portal.control("give_user_role", subscription="production", role=role)
    for connection in stack.api.items("/connections"):
        stack.api.call("DELETE", f"/connections/{connection['id']}?purge_evidence=true")


@pytest.fixture
def connection(portal: Portal) -> Json:
    """A connection of production by a person."""
    return rows(portal.connect(portal.sign_in(), "production").document["connections"])[0]


def test_the_whole_flow(portal: Portal) -> None:
    """Start, sign in, choose two, connect both, sync: the evidence says that the person read it."""
    started = portal.start().document
    assert portal.show(str(started["sign_in_id"]))["status"] == "pending"

    shown = portal.come_back(portal.signed_in(started))
    signed_in = portal.show(str(started["sign_in_id"]))
    chosen = [one for one in rows(signed_in["subscriptions"]) if one["connectable"]]
    made = portal.connect(str(started["sign_in_id"]), "production", "sandbox")
    connected = rows(made.document["connections"])
    run = synced(portal.stack.api, connected[0])

    assert (shown.status, "You are signed in" in shown.page) == (200, True)
    assert "default-src 'none'" in shown.policy
    assert signed_in["status"] == "complete"
    assert {"production", "sandbox"} <= {one["display_name"] for one in chosen}
    assert (made.status, len(connected), run["status"]) == (201, 2, "succeeded")
    [person] = [one for one in rows(portal.stack.azure.directory["people"]) if one["name"] == "ada"]
    item = evidence(portal.stack.api, connected[0])["resource_assessments"]
    assert row(item["provenance"])["principal"] == person["object_id"]


def test_the_person_is_in_the_audit_log(portal: Portal) -> None:
    """Who signed in, and whose access the connection got: ids alone, no id of the sign-in."""
    [person] = [one for one in rows(portal.stack.azure.directory["people"]) if one["name"] == "ada"]
    sign_in_id = portal.sign_in()
    portal.connect(sign_in_id, "production")

    connected, ended, started = list(portal.stack.api.items("/audit-log?limit=3"))[:3]

    target = row(connected["target"])
    actor = row(ended["actor"])
    assert [one["action"] for one in (connected, ended, started)] == ["connect", "sign_in", "sign_in"]
    assert (target["method"], target["principal_id"]) == ("sign_in", person["object_id"])
    assert target["tenant_id"] == actor["tenant_id"] == portal.stack.connector()["tenant_id"]
    assert (actor["kind"], actor["object_id"]) == ("person", person["object_id"])
    assert (row(ended["from"])["address"], row(ended["result"])["outcome"]) == ("127.0.0.1", "succeeded")
    assert sign_in_id not in json.dumps([connected, ended, started])


def test_back_to_the_portal(portal: Portal) -> None:
    """With an address of the settings the browser goes on there, with the sign-in's id."""
    started = portal.start(return_url=RETURN_URL).document

    shown = portal.come_back(portal.signed_in(started))

    assert shown.status == 302
    assert shown.location == f"{RETURN_URL}?sign_in_id={started['sign_in_id']}"


@pytest.mark.parametrize(
    "address",
    [
        "https://attacker.example/connected",
        f"{RETURN_URL}/../elsewhere",
        f"{RETURN_URL}?next=https://attacker.example",
        RETURN_URL.replace("localhost", "localhost@attacker.example"),
        RETURN_URL.replace("3000", "3001"),
        RETURN_URL.replace("http:", "https:"),
        "//attacker.example",
        "javascript:alert(1)",
    ],
)
def test_a_foreign_return_url(portal: Portal, address: str) -> None:
    """No other address, however alike, is ever gone to."""
    refused = portal.start(return_url=address)

    assert (refused.status, rows(refused.document["errors"])[0]["field"]) == (400, "return_url")


def test_a_replayed_callback(portal: Portal) -> None:
    """The second browser with the same state is shown a page that tells nothing."""
    query = portal.signed_in(portal.start().document)
    portal.come_back(query)

    shown = portal.come_back(query)

    assert shown.status == 400
    assert "cannot be finished" in shown.page
    assert not any(value in shown.page for values in parse_qs(query).values() for value in values)


def test_two_callbacks_at_once(portal: Portal) -> None:
    """One is let in, and the sign-in is complete."""
    started = portal.start().document
    query = portal.signed_in(started)

    with ThreadPoolExecutor(4) as browsers:
        statuses = sorted(shown.status for shown in browsers.map(portal.come_back, [query] * 4))

    assert statuses == [200, 400, 400, 400]
    assert portal.show(str(started["sign_in_id"]))["status"] == "complete"


@pytest.mark.parametrize("query", ["", "code=c", "code=c&state=unknown", "state=", "error=access_denied"])
def test_a_callback_of_no_sign_in(portal: Portal, query: str) -> None:
    """Missing and unknown states look the same."""
    shown = portal.come_back(query)

    assert (shown.status, "cannot be finished" in shown.page) == (400, True)


@pytest.mark.parametrize(
    ("code", "reason"),
    [(65004, "consent_declined"), (90094, "consent_required"), (53003, "blocked_by_conditional_access")],
)
@pytest.mark.parametrize("stage", ["authorize", "redeem"])
def test_a_refused_sign_in(portal: Portal, stage: str, code: int, reason: str) -> None:
    """The portal learns the reason by a word, and the sign-in tells what to do."""
    portal.control("refuse_user", stage=stage, code=code)
    started = portal.start(return_url=RETURN_URL).document

    shown = portal.come_back(portal.signed_in(started))

    signed_in = portal.show(str(started["sign_in_id"]))
    assert shown.location.endswith(f"&error={reason}")
    assert (signed_in["status"], row(signed_in["problem"])["reason"]) == ("failed", reason)
    assert row(signed_in["problem"])["advice"]


def test_an_error_is_never_echoed(portal: Portal) -> None:
    """Whatever a description holds, no page shows it."""
    query = parse_qs(portal.signed_in(portal.start().document))
    made_up = {
        "state": query["state"][0],
        "error": "access_denied",
        "error_description": "<script>alert('AADSTS65004 call 555-0100')</script>",
    }

    shown = portal.come_back(urlencode(made_up))

    assert shown.status == 400
    assert "555-0100" not in shown.page
    assert "<script" not in shown.page


def test_a_code_of_another_sign_in(portal: Portal) -> None:
    """PKCE binds a code to its sign-in: somebody else's code grants nothing."""
    mine, theirs = portal.start().document, portal.start().document
    code = parse_qs(portal.signed_in(theirs))["code"][0]
    state = parse_qs(portal.signed_in(mine))["state"][0]

    shown = portal.come_back(urlencode({"code": code, "state": state}))

    assert shown.status == 400
    assert portal.show(str(mine["sign_in_id"]))["status"] == "failed"


def test_a_wrong_nonce(portal: Portal) -> None:
    """An id token of another sign-in is refused."""
    portal.control("set_id_token", nonce="another")
    try:
        sign_in_id = portal.sign_in()
    finally:
        portal.control("set_id_token")

    assert row(portal.show(sign_in_id)["problem"])["reason"] == "sign_in_mismatch"


def test_every_use_rotates(portal: Portal, connection: Json) -> None:
    """Each sync puts a new secret and deletes the old one, in this order."""
    portal.stack.azure.requests(reset=True)

    runs = [synced(portal.stack.api, connection) for _ in range(2)]

    steps = [
        (str(one["method"]), re.sub(r".*(-r\d+)$", r"\1", str(one["path"])))
        for one in portal.stack.azure.requests()
        if str(one["path"]).startswith("/secrets/connection-") and one["method"] in {"PUT", "DELETE"}
    ]
    put = [name for method, name in steps if method == "PUT"]
    assert [run["status"] for run in runs] == ["succeeded", "succeeded"]
    assert len(put) == len(set(put)) == 2
    assert steps.index(("PUT", put[1])) < steps.index(("DELETE", put[0]))


def test_revoked_and_signed_in_again(portal: Portal, connection: Json) -> None:
    """A revoked sign-in fails the run and asks to sign in again; a new one for the connection cures it."""
    api, path = portal.stack.api, f"/connections/{connection['id']}"
    portal.control("revoke_sign_ins")

    failed = synced(api, connection)
    refused = api.get(path)
    auth = {"method": "sign_in", "sign_in_id": portal.sign_in()}
    changed = api.call("PATCH", path, {"auth": auth})
    cured = synced(api, connection)

    attention = row(refused["attention"])
    assert (failed["status"], refused["status"], attention["code"]) == (
        "failed",
        "attention",
        "grant_revoked",
    )
    assert "Sign in again" in str(attention["advice"])
    assert (changed.status, changed.document["status"], cured["status"]) == (200, "active", "succeeded")


@pytest.mark.parametrize("filters", [False, True], ids=["refused", "emptied"])
def test_a_lost_role(portal: Portal, connection: Json, *, filters: bool) -> None:
    """It reads as a missing permission, also where Azure empties lists: no finding closes."""
    api, stack = portal.stack.api, portal.stack
    synced(api, connection)
    before = {str(one["id"]) for one in findings(api, connection)}
    portal.control("take_user_roles", subscription="production")
    if filters:
        portal.control("give_user_role", subscription="production", role="Reader of one resource group")
        portal.control("filter_lists", subscription="production")

    run = synced(api, connection)

    [collector] = rows(run["collectors"])
    problems = {row(part["problem"])["code"] for part in rows(collector["parts"])}
    after = {str(one["id"]) for one in findings(stack.api, connection)}
    assert (run["status"], problems) == ("failed", {"permission_missing"})
    assert row(run["changes"])["closed"] == 0
    assert before <= after
    shown = api.get(f"/connections/{connection['id']}")
    assert row(shown["attention"])["code"] == "permission_missing"
    assert "Reader" in str(row(shown["attention"])["advice"])


def test_a_role_given_back(portal: Portal, connection: Json) -> None:
    """With the role back the next run succeeds, and nothing needs a person."""
    portal.control("take_user_roles", subscription="production")
    synced(portal.stack.api, connection)
    for role in ("Reader", "Security Reader", "Monitoring Reader"):
        portal.control("give_user_role", subscription="production", role=role)

    run = synced(portal.stack.api, connection)

    shown = portal.stack.api.get(f"/connections/{connection['id']}")
    assert (run["status"], shown["status"]) == ("succeeded", "active")


def test_no_token_is_written_anywhere(portal: Portal, connection: Json) -> None:
    """No token, code, verifier or secret is in a table, a queue, an answer or a log."""
    api = portal.stack.api
    synced(api, connection)
    answers = [
        portal.start().body,
        portal.show(portal.sign_in()),
        api.get(f"/connections/{connection['id']}"),
    ]
    started, *others = [json.dumps(answer) for answer in answers]
    hidden = [
        "made-up-refresh-token",
        "made-up-code",
        "eyJ",
        portal.stack.azure.settings["SIGN_IN_CLIENT_SECRET"],
    ]
    places = {
        "storage": [*rows_of(portal.stack.azurite.connection_string)],
        "answers": others,
        "host log": [portal.stack.host.output],
        "request log": [json.dumps(portal.stack.azure.requests())],
        "started": [started],
    }

    found = [
        (place, word) for place, texts in places.items() for text in texts for word in hidden if word in text
    ]

    assert found == []
    assert all(places.values())
