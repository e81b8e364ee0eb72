"""What people granted by signing in, until it is used or has expired."""

from pipeline.authentication.method import Offer
from pipeline.authentication.sign_in import SignIn
from pipeline.errors import InvalidRequest
from pipeline.settings import Settings
from pipeline.settings import SignIn as SignInSettings
from pipeline.sign_in.records import SignInRecord
from pipeline.sign_in.table import SignInTable
from pipeline.stores.protocols import SecretStore
from pipeline.stores.records import CredentialRecord
from pipeline.times import Clock, rfc3339

_AGAIN = "Sign in again: a sign-in is good for ten minutes."


class Grants:
    """Fulfils `pipeline.authentication.sign_in.Granted` with the sign-ins that are kept."""

    def __init__(
        self, table: SignInTable, secrets: SecretStore, application: SignInSettings, clock: Clock
    ) -> None:
        self._table = table
        self._secrets = secrets
        self._application = application
        self._clock = clock

    async def offer(self, sign_in_id: str) -> Offer:
        """Give the credential of a complete sign-in, as often as it is asked for until it expires.

        Each connection keeps a secret of its own, so one sign-in does for several.

        Raises:
            InvalidRequest: there is no such sign-in, it has expired, or it is not complete.
            SecretUnavailable: Key Vault did not answer.
        """
        record = await self._table.find(sign_in_id)
        if record is None or record.expires_at <= rfc3339(self._clock()):
            raise _refused(f"There is no such sign-in, or it has expired. {_AGAIN}")
        if record.progress != "complete":
            raise _refused(f"This sign-in is not complete. Finish it, or: {_AGAIN}")
        secret = await self._secrets.get(record.grant_secret)
        return Offer(record=credential_of(record, self._application), secret=secret)


def granted_by(settings: Settings, table: SignInTable, secrets: SecretStore, clock: Clock) -> Grants | None:
    """Give what people granted; None where the settings name no application to sign in to."""
    return None if settings.sign_in is None else Grants(table, secrets, settings.sign_in, clock)


def credential_of(record: SignInRecord, application: SignInSettings) -> CredentialRecord:
    """Give the credential that a complete sign-in stands for, its secret the sign-in's own."""
    return CredentialRecord(
        method=SignIn.name,
        tenant_id=record.tenant_id or "",
        client_id=application.client_id,
        secret_name=record.grant_secret,
        principal_id=record.principal_id,
    )


def discarded_of(record: SignInRecord, secret_name: str) -> CredentialRecord:
    """Name a secret of a sign-in that is to go, also where nobody can sign in any more."""
    return CredentialRecord(method=SignIn.name, tenant_id=record.tenant_id or "", secret_name=secret_name)


def _refused(message: str) -> InvalidRequest:
    return InvalidRequest("The sign-in cannot be used.", errors=[("auth.sign_in_id", message)])
