"""How a failure is cured: every check says it for a person at the portal, and for one at a terminal."""

import json
import re
from collections.abc import Iterator

import pytest

from collectors import registry
from collectors.contract import Check

CHECKS = [check for collector in registry.load().values() for check in collector.checks]
FORM = re.compile(
    r"Portal: (?P<path>\S.*?)\. (?:CLI: (?P<command>az .+)|Bicep: (?P<bicep>\S.+))", flags=re.DOTALL
)
RESOURCE_TYPE = re.compile(r"microsoft\.[a-z]+/[a-z/]+", flags=re.IGNORECASE)
REST = re.compile(
    r"az rest (?:--method (?P<method>[a-z]+) )?--url (?P<url>'[^']*'|\S+)(?P<more>.*)", re.DOTALL
)
BODY = re.compile(r"--body '(?P<json>[^']*)'")
HOSTS = ("https://graph.microsoft.com/v1.0/", "https://management.azure.com/", "<")


def rest_calls() -> Iterator[tuple[str, re.Match[str]]]:
    """Give the checks whose command is a request to an API, with its parts."""
    for check in CHECKS:
        found = REST.search(check.remediation)
        if found is not None:
            yield check.id, found


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_every_check_says_how_it_is_cured(check: Check) -> None:
    """First the path in the portal, then a line for Azure CLI or Bicep, always in the same form."""
    found = FORM.fullmatch(check.remediation)

    assert found is not None, check.remediation
    assert " > " in found["path"]
    assert found["bicep"] is None or RESOURCE_TYPE.match(found["bicep"])
    assert "PowerShell" not in check.remediation


@pytest.mark.parametrize(("check_id", "call"), [pytest.param(*found, id=found[0]) for found in rest_calls()])
def test_a_request_can_be_sent_as_it_stands(check_id: str, call: re.Match[str]) -> None:
    """It goes to a host of Microsoft, a shell leaves its URL whole, and what it sends is JSON."""
    url, bodies = call["url"], BODY.findall(call["more"])

    assert url.strip("'").startswith(HOSTS), check_id
    assert not set("&$ ") & set(url) or url.startswith("'")
    assert " " not in re.sub(r"<[^>]*>", "", url)
    assert (call["method"] or "get") in {"get", "put", "post", "patch", "delete"}
    assert all(isinstance(json.loads(body), dict) for body in bodies)
    assert bodies or (call["method"] or "get") in {"get", "delete"} or "..." in call["more"]
