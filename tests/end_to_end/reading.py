"""What the tests read of a running app, in the shapes they compare."""

from local.api_client import ApiClient, Json, JsonValue
from local.stack import Stack


def rows(value: JsonValue) -> list[Json]:
    """The objects of a list."""
    assert isinstance(value, list)
    return [row for row in value if isinstance(row, dict)]


def row(value: JsonValue) -> Json:
    """An object."""
    assert isinstance(value, dict)
    return value


def words(value: JsonValue) -> list[str]:
    """The strings of a list."""
    assert isinstance(value, list)
    return [str(one) for one in value]


def synced(api: ApiClient, connection: Json, *, timeout_s: float = 60) -> Json:
    """Sync a connection now and give the ended run."""
    run = api.call("POST", f"/connections/{connection['id']}/sync-runs").document
    return api.wait_for_run(run, timeout_s=timeout_s)


def evidence(api: ApiClient, connection: Json, query: str = "") -> dict[str, Json]:
    """The newest evidence of a connection by kind."""
    return {
        str(item["kind"]): item for item in api.items(f"/evidence?connection_id={connection['id']}{query}")
    }


def findings(api: ApiClient, connection: Json, query: str = "") -> list[Json]:
    """The findings of a connection."""
    return list(api.items(f"/findings?connection_id={connection['id']}&limit=1000{query}"))


def truth(stack: Stack, name: str) -> dict[str, int]:
    """What the simulated Azure says it holds of assessments."""
    known = rows(stack.azure.world()["subscriptions"])
    [subscription] = [one for one in known if one["name"] == name]
    counts = row(subscription["assessments"])
    return {status: int(str(number)) for status, number in counts.items()}
