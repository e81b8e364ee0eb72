"""Every verdict shows what decided it: the values that were seen, beside the limits they were held to."""

import pytest

from collectors import registry
from collectors.contract import POPULATION, JsonValue, Status, Verdict
from collectors.cosmos_db import RULES as COSMOS_RULES
from collectors.declarations.configuration import evaluate
from collectors.declarations.database_servers import WIDEST_RANGE
from collectors.declarations.resources import Resource
from collectors.declarations.rules import Rule
from collectors.key_vault.vaults import VAULT_RULES
from collectors.sql.servers import RULES as SQL_RULES
from local.azure import SimulatedAzure
from tests.collectors.simulated_reader import reading

OFFICE: JsonValue = {"ipRules": [{"ipAddressOrRange": "203.0.113.0/30"}]}
VAULT: JsonValue = {"networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/30"}]}}
OFFICE_RULE = Resource(
    {"name": "r", "properties": {"startIpAddress": "203.0.113.0", "endIpAddress": "203.0.113.3"}}
)


@pytest.mark.parametrize("service", registry.load())
async def test_what_passes_or_fails_shows_why(service: str) -> None:
    """Over the simulated estate: more than the limits of the check, which are the same for every resource."""
    bare: set[str] = set()
    collector = registry.load()[service]
    limits = {check.id: set(check.thresholds) for check in collector.checks}

    async def emit(verdict: Verdict) -> None:
        decided = verdict.status in {Status.PASS, Status.FAIL} and not verdict.check_id.startswith(POPULATION)
        if decided and not verdict.observed.keys() - limits.get(verdict.check_id, set()):
            bare.add(f"{verdict.check_id} {verdict.status}: {verdict.reason}")

    async with SimulatedAzure("demo") as azure, reading(azure, "production") as reader:
        for part in collector.parts:
            await part.collect(reader, emit)

    assert bare == set()


@pytest.mark.parametrize(
    ("rules", "check_id", "properties"),
    [
        (SQL_RULES, "sql_no_unrestricted_inbound", {}),
        (COSMOS_RULES, "cosmos_db_selected_networks_only", OFFICE),
        (VAULT_RULES, "key_vault_public_network_disabled", VAULT),
    ],
)
def test_a_firewall_shows_its_addresses_and_the_limit(
    rules: tuple[Rule, ...], check_id: str, properties: JsonValue
) -> None:
    """Neither takes the other's place."""
    server = Resource({"id": "/s", "properties": properties})
    asked = server.with_parts({"firewall": (OFFICE_RULE,), "firewall_v6": ()})

    (found,) = evaluate(asked, [rule for rule in rules if rule.check.id == check_id])

    assert found.status is Status.PASS
    assert (found.observed["addresses_let_in"], found.observed["addresses"]) == (4, WIDEST_RANGE)
