"""Key vaults: each check by what it passes, fails, and makes of an absent value, and refused answers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.contract import JsonValue, Verdict
from collectors.declarations.configuration import evaluate
from collectors.declarations.resources import JsonObject, Resource, Surroundings
from collectors.errors import AccessDenied, Terminal
from collectors.key_vault import COLLECTOR, RULES
from collectors.key_vault.hsms import HSM_RULES
from tests.collectors.path_reader import SCOPE, Answer, PathReader, read_part, statuses
from tests.collectors.simulated_reader import official_verdicts

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AROUND = Surroundings(NOW)
TYPE = "Microsoft.KeyVault/vaults"
GROUP = f"{SCOPE}/resourceGroups/g"
ID = f"{GROUP}/providers/{TYPE}/vault1"
BELOW = ID.removeprefix(f"{SCOPE}/")
LOGS = "providers/Microsoft.Insights/diagnosticSettings"
SUBSCRIPTION = SCOPE.rpartition("/")[2]
DENIED = AccessDenied("No.", permission="Microsoft.KeyVault/vaults/keys/read", scope=SCOPE)
ROTATE: JsonObject = {"lifetimeActions": [{"action": {"type": "Notify"}}, {"action": {"type": "rotate"}}]}
NOTIFY: JsonObject = {"lifetimeActions": [{"action": {"type": "Notify"}}]}
_ATTRIBUTES = ("enabled", "nbf", "exp")
APPROVED: JsonValue = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}
PENDING: JsonValue = {"properties": {"privateLinkServiceConnectionState": {"status": "Pending"}}}


def in_days(days: float) -> int:
    """Write the time in some days as Key Vault does."""
    return int((NOW + timedelta(days=days)).timestamp())


def item(name: str = "a", detail: Resource | Terminal | None = None, **properties: JsonValue) -> Resource:
    """Make a key or secret, and what was read of it alone; attributes go by their own names."""
    attributes: JsonObject = {one: properties.pop(one) for one in _ATTRIBUTES if one in properties}
    raw: JsonObject = {"id": name, "name": name, "properties": {"attributes": attributes, **properties}}
    return Resource(raw, AROUND, {"detail": detail})


def certificate(name: str = "a", **attributes: float) -> Resource:
    """Make the secret of a certificate."""
    return item(name, None, contentType="application/x-pkcs12", **attributes)


def verdict(
    check_id: str,
    properties: JsonObject,
    parts: Mapping[str, Resource | tuple[Resource, ...] | Terminal | None] | None = None,
) -> Verdict:
    """Judge a vault with these properties by one check; what is not given was read and is empty."""
    empty = {"keys": (), "secrets": (), "logs": ()}
    vault = Resource({"id": ID, "properties": properties}, AROUND, {**empty, **(parts or {})})
    return evaluate(vault, [rule for rule in RULES if rule.check.id == f"key_vault_{check_id}"])[0]


@pytest.mark.parametrize(
    ("check_id", "properties", "expected"),
    [
        ("purge_protection_enabled", {"enablePurgeProtection": True}, "pass"),
        ("purge_protection_enabled", {"enablePurgeProtection": None}, "fail"),
        ("purge_protection_enabled", {"enablePurgeProtection": "later"}, "unknown"),
        ("purge_protection_enabled", {}, "fail"),
        ("soft_delete_enabled", {"enableSoftDelete": True}, "pass"),
        ("soft_delete_enabled", {"enableSoftDelete": False}, "fail"),
        ("soft_delete_enabled", {}, "pass"),
        ("rbac_enabled", {"enableRbacAuthorization": True}, "pass"),
        ("rbac_enabled", {"enableRbacAuthorization": False}, "fail"),
        ("rbac_enabled", {"enableRbacAuthorization": None}, "fail"),
        ("rbac_enabled", {}, "fail"),
        ("public_network_disabled", {"publicNetworkAccess": "disabled"}, "pass"),
        ("public_network_disabled", {"publicNetworkAccess": "Enabled"}, "fail"),
        ("public_network_disabled", {"publicNetworkAccess": "SecuredByPerimeter"}, "manual"),
        ("public_network_disabled", {"publicNetworkAccess": "Sometimes"}, "unknown"),
        ("public_network_disabled", {"networkAcls": {"defaultAction": "deny"}}, "pass"),
        ("public_network_disabled", {"networkAcls": {"defaultAction": "Allow"}}, "fail"),
        ("public_network_disabled", {"networkAcls": {"defaultAction": "Perhaps"}}, "unknown"),
        ("public_network_disabled", {}, "fail"),
        ("private_endpoint_used", {"privateEndpointConnections": [APPROVED]}, "pass"),
        ("private_endpoint_used", {"privateEndpointConnections": [PENDING]}, "fail"),
        ("private_endpoint_used", {}, "fail"),
    ],
)
def test_a_check_says(check_id: str, properties: JsonObject, expected: str) -> None:
    """What it is there to say."""
    assert verdict(check_id, properties).status.value == expected


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["203.0.113.7", "198.51.100.0/24"], "pass"),
        (["0.0.0.0/0"], "fail"),
        (["0.0.0.0/1", "128.0.0.0/1"], "fail"),
        (["here"], "unknown"),
    ],
)
def test_a_firewall_for_everybody_is_none(addresses: list[str], expected: str) -> None:
    """A default of deny says little where the rules let in the internet, whole or in halves."""
    rules: JsonValue = [{"value": one} for one in addresses]
    network: JsonObject = {"networkAcls": {"defaultAction": "Deny", "ipRules": rules}}

    assert verdict("public_network_disabled", network).status.value == expected


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ({"categoryGroup": "allLogs", "enabled": True}, "pass"),
        ({"categoryGroup": "audit", "enabled": True}, "pass"),
        ({"category": "AuditEvent", "enabled": True}, "pass"),
        ({"category": "AuditEvent", "enabled": False}, "fail"),
        ({"category": "AzurePolicyEvaluationDetails", "enabled": True}, "fail"),
        (None, "fail"),
    ],
)
def test_audit_events_are_logged_by_group_or_category(log: JsonValue, expected: str) -> None:
    """The trap of prowler#8460, prowler#11660 and steampipe-mod#320: each of the ways counts."""
    settings = () if log is None else (Resource({"id": "s", "properties": {"logs": [log]}}),)

    assert verdict("logging_enabled", {}, {"logs": settings}).status.value == expected


@pytest.mark.parametrize("part", ["keys", "secrets"])
@pytest.mark.parametrize(
    ("model", "flag"), [("rbac", True), ("access_policy", False), ("access_policy", None)]
)
def test_expiration_is_asked_once_by_the_model_of_the_vault(part: str, model: str, flag: JsonValue) -> None:
    """Of the two checks one applies: an absent flag means access policies."""
    name = f"{part.removesuffix('s')}_expiration"
    other = "access_policy" if model == "rbac" else "rbac"
    vault: JsonObject = {"enableRbacAuthorization": flag}
    endless, ending = item("endless"), item("ending", exp=in_days(-1))
    off = item("off", enabled=False)
    said = [
        verdict(f"{name}_{model}", vault, {part: items}).status.value
        for items in ((ending, off), (ending, endless), (off,), ())
    ]

    assert said == ["pass", "fail", "not_applicable", "not_applicable"]
    assert verdict(f"{name}_{other}", vault, {part: (endless,)}).status.value == "not_applicable"
    assert verdict(f"{name}_{other}", vault, {part: DENIED}).status.value == "not_applicable"
    assert verdict(f"{name}_{model}", vault, {part: DENIED}).status.value == "unknown"


@pytest.mark.parametrize("part", ["keys", "secrets"])
@pytest.mark.parametrize("unreadable", ["soon", 10**20, True, {"on": "Monday"}])
def test_an_expiration_nobody_can_read_is_unknown(part: str, unreadable: JsonValue) -> None:
    """Something stands there, so it is not known to be endless; one that is endless fails all the same."""
    name = f"{part.removesuffix('s')}_expiration_rbac"
    strange, ending, endless = item("a", exp=unreadable), item("b", exp=in_days(9)), item("c", exp=None)
    vault: JsonObject = {"enableRbacAuthorization": True}
    found = [verdict(name, vault, {part: (strange, other)}) for other in (ending, endless)]

    assert [one.status.value for one in found] == ["unknown", "fail"]
    assert [one.observed["names"] for one in found] == [["a"], ["c"]]


def test_a_model_nobody_knows_is_unknown() -> None:
    """Neither check guesses it."""
    vault: JsonObject = {"enableRbacAuthorization": "both"}

    assert verdict("key_expiration_rbac", vault).status.value == "unknown"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ((item(rotationPolicy=ROTATE),), "pass"),
        ((item(detail=item(rotationPolicy=ROTATE)),), "pass"),
        ((item(detail=item(rotationPolicy=NOTIFY)),), "fail"),
        ((item(detail=item()),), "fail"),
        ((item(),), "fail"),
        ((item(rotationPolicy=ROTATE), item("b", detail=DENIED)), "unknown"),
        ((item(), item("b", detail=DENIED)), "fail"),
        ((item(enabled=False),), "not_applicable"),
        ((), "not_applicable"),
    ],
)
def test_rotation_is_read_through_resource_manager(keys: tuple[Resource, ...], expected: str) -> None:
    """The trap of prowler#12654: the policy is on the key's ARM resource, whatever the vault's network."""
    assert verdict("key_rotation_enabled", {}, {"keys": keys}).status.value == expected


@pytest.mark.parametrize(
    ("secret", "expected"),
    [(certificate(), "not_applicable"), (item(), "unknown"), (item(contentType="text/plain"), "fail")],
)
def test_the_key_of_a_certificate_needs_no_policy(secret: Resource, expected: str) -> None:
    """It is renewed with its certificate, which a secret of the same name tells."""
    assert (
        verdict("key_rotation_enabled", {}, {"keys": (item(),), "secrets": (secret,)}).status.value
        == expected
    )


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        (-10, 355, ("pass", "pass")),
        (-10, 356.01, ("pass", "pass")),
        (-10, 357.01, ("fail", "pass")),
        (-300, 29, ("pass", "fail")),
        (-900, -1, ("fail", "fail")),
    ],
)
def test_certificates_are_judged_by_their_secrets(
    starts: float, ends: float, expected: tuple[str, str]
) -> None:
    """Their validity is mirrored to the secret of their name."""
    secret = certificate("Site", nbf=in_days(starts), exp=in_days(ends))
    parts = {"keys": (item("site"),), "secrets": (secret,)}

    said = [
        verdict(f"certificate_{check}", {}, parts).status.value for check in ("validity_max", "not_expiring")
    ]
    assert tuple(said) == expected


@pytest.mark.parametrize(
    ("secrets", "expected"),
    [
        ((), "not_applicable"),
        ((certificate("other"),), "not_applicable"),
        ((item(contentType="text/plain"),), "not_applicable"),
        ((certificate(enabled=False),), "not_applicable"),
        ((item(),), "manual"),
        ((certificate(),), "unknown"),
    ],
)
def test_what_may_be_a_certificate_is_left_to_a_person(secrets: tuple[Resource, ...], expected: str) -> None:
    """A secret without a key of its name is none; one without a content type may be one."""
    parts = {"keys": (item(),), "secrets": secrets}

    assert verdict("certificate_validity_max", {}, parts).status.value == expected


@given(st.integers(-2_000, 2_000), st.integers(0, 2_000))
def test_a_certificate_ends_soon_or_not(ends: int, limit: int) -> None:
    """By whole days, at any limit that is set."""
    rule = next(one for one in RULES if one.check.id == "key_vault_certificate_not_expiring")
    secret = certificate(nbf=in_days(-3_000), exp=in_days(ends))
    vault = Resource({"id": ID}, AROUND, {"keys": (item(),), "secrets": (secret,)})

    judgement = rule.decide(vault, {"days": limit})

    assert judgement.status.value == ("fail" if ends < limit else "pass")
    assert judgement.observed["days"] == limit


@pytest.mark.parametrize(
    ("flag", "expected"), [(True, "pass"), (False, "fail"), (None, "unknown"), ("later", "unknown")]
)
def test_purge_protection_of_a_managed_hsm(flag: JsonValue, expected: str) -> None:
    """What is documented in two ways, the absent flag, is not guessed."""
    hsm = Resource({"id": "h", "properties": {"enablePurgeProtection": flag}})

    assert evaluate(hsm, HSM_RULES)[0].status.value == expected


def subscription(*names: str, **answers: Answer) -> PathReader:
    """Make a reader of a subscription with silent vaults; every other list is empty."""
    rows: list[JsonObject] = [
        {"id": f"{GROUP}/providers/{TYPE}/{name}", "name": name, "properties": {}} for name in names
    ]
    lists: dict[str, Answer] = {f"providers/{TYPE}": rows, "providers/Microsoft.KeyVault/managedHSMs": []}
    return PathReader({**lists, **answers})


async def test_an_empty_subscription_says_so_once_per_check() -> None:
    """Nothing found is evidence too; whether an HSM is required is left to a person all the same."""
    _, verdicts = await read_part(COLLECTOR.parts[0], subscription())

    said = statuses(verdicts)
    assert len(said) == len(COLLECTOR.checks)
    manual = {("key_vault_hsm_used_when_required", SUBSCRIPTION): "manual"}
    assert {key: status for key, status in said.items() if status != "not_applicable"} == manual


async def test_a_refused_list_is_a_gap_of_its_checks() -> None:
    """Refused vaults leave the HSMs judged, and the other way round."""
    vaults, _ = await read_part(COLLECTOR.parts[0], subscription(**{f"providers/{TYPE}": DENIED}))
    refused: dict[str, Answer] = {"providers/Microsoft.KeyVault/managedHSMs": DENIED}
    hsms, verdicts = await read_part(COLLECTOR.parts[0], subscription("a", **refused))

    assert [len(gap.checks) for gap in vaults.gaps] == [len(RULES)]
    assert [len(gap.checks) for gap in hsms.gaps] == [len(HSM_RULES)]
    assert statuses(verdicts)["key_vault_hsm_used_when_required", SUBSCRIPTION] == "unknown"


@pytest.mark.parametrize(
    ("child", "checks"),
    [
        ("keys", ["certificate_not", "certificate_validity", "key_expiration_access", "key_rotation"]),
        ("secrets", ["certificate_not", "certificate_validity", "key_rotation", "secret_expiration_access"]),
        (LOGS, ["logging"]),
    ],
)
async def test_a_refused_child_is_unknown_for_its_vault_only(child: str, checks: list[str]) -> None:
    """The checks that need it, on that vault, with the permission that is missing."""
    _, verdicts = await read_part(
        COLLECTOR.parts[0], subscription("vault1", "vault2", **{f"{BELOW}/{child}": DENIED})
    )

    refused = [one for one in verdicts if "missing_permission" in one.observed]
    names = {one.check_id.removeprefix("key_vault_").rpartition("_")[0] for one in refused}
    assert sorted(names) == checks
    assert {one.resource_id for one in refused} == {ID}


async def test_only_a_key_that_lacks_its_policy_is_read_by_itself() -> None:
    """What the list says already, and what cannot be used, is not asked for, nor is the data plane."""
    keys: list[JsonObject] = [
        {"id": f"{ID}/keys/{name}", "name": name, "properties": properties}
        for name, properties in (
            ("known", {"rotationPolicy": ROTATE}),
            ("off", {"attributes": {"enabled": False}}),
            ("bare", {}),
        )
    ]
    reader = subscription("vault1", **{f"{BELOW}/keys": keys})
    await read_part(COLLECTOR.parts[0], reader)

    asked = {path.removeprefix(BELOW) for path in reader.sent if path.startswith(BELOW)}
    assert asked == {"/keys", "/secrets", f"/{LOGS}", "/keys/bare"}


async def test_every_page_of_vaults_is_judged() -> None:
    """Five vaults, two on a page."""
    _, verdicts = await read_part(COLLECTOR.parts[0], subscription(*"abcde"))

    assert {name for check, name in statuses(verdicts) if check == "key_vault_rbac_enabled"} == set("abcde")


async def test_the_official_bodies_are_read() -> None:
    """Every body of the specification is understood; what they say of one vault and one HSM."""
    said = statuses(await official_verdicts(COLLECTOR.parts[0]))

    assert said["key_vault_purge_protection_enabled", "sample-vault"] == "fail"
    assert said["key_vault_soft_delete_enabled", "sample-vault"] == "pass"
    assert said["key_vault_rbac_enabled", "sample-vault"] == "fail"
    assert said["key_vault_hsm_purge_protection_enabled", "hsm1"] == "fail"
