"""Changes to what callers of the connector's API can show: app roles, tokens of any kind, signing keys."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, override

from local.azure.changes import Change, application_named
from local.azure.world import UnknownNameError

if TYPE_CHECKING:
    from local.azure.signing_keys import SigningKey
    from local.azure.simulation import Simulation
    from local.azure.wire import JsonObject


class GrantAppRoles(Change, tag="grant_app_roles"):
    """Assign app roles of the connector's API to an application; those it had are taken."""

    roles: tuple[str, ...]
    application: str = "connector"

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Assign them; gives the API's address for scopes."""
        [api] = simulation.world.apis
        application = application_named(simulation.world, self.application)
        api.granted[application.object_id] = self.roles
        return {"scope": f"api://{api.client_id}/.default"}


class RotateSigningKey(Change, tag="rotate_signing_key"):
    """Sign tokens with a new key from now on; the old ones are withdrawn unless kept."""

    keep_old: bool = False

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Rotate; gives the new key's id."""
        return {"key_id": simulation.issuer.keys.rotate(keep_old=self.keep_old).key_id}


class MintToken(Change, tag="mint_token"):
    """Sign a token for the connector's API that Entra would not issue.

    `claims` and `headers` replace or join those of a good token, null removes one; `key_id` names an older
    key.
    """

    application: str = "connector"
    claims: Mapping[str, object] = {}
    headers: Mapping[str, object] = {}
    key_id: str | None = None

    @override
    def apply(self, simulation: "Simulation") -> "JsonObject":
        """Sign it; gives the token."""
        [api] = simulation.world.apis
        application = application_named(simulation.world, self.application)
        own = simulation.issuer.api_claims(api, application, simulation.url)
        claims = {name: value for name, value in {**own, **self.claims}.items() if value is not None}
        return {"access_token": self._key(simulation).sign(claims, self.headers)}

    def _key(self, simulation: "Simulation") -> "SigningKey":
        keys = simulation.issuer.keys
        found = keys.newest if self.key_id is None else keys.find(self.key_id)
        if found is None:
            raise UnknownNameError(self.key_id)
        return found
