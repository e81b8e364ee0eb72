"""What callers ask of connections, checked beyond its types: subscription ids and service names."""

from collections.abc import Iterable, Iterator

import msgspec

from pipeline.errors import InvalidRequest
from pipeline.requests import CertificateAuth, ClientSecretAuth, Guid, RotateRequest

MOST_SUBSCRIPTIONS = 500
"""What one request tries well within the 230 seconds that Azure gives an HTTP answer."""
_SHOWN = 60

type Fault = tuple[str, str]


def subscription_ids(asked: tuple[str, ...] | str) -> tuple[str, ...]:
    """Give the ids that a caller asked for, lower-cased, each once.

    Takes a list, or one string with commas; blanks around an id and empty places between commas do not count.

    Raises:
        InvalidRequest: names each that is no GUID, or says that there are none or more than 500.
    """
    parts = asked.split(",") if isinstance(asked, str) else asked
    ids = dict.fromkeys(part.strip().lower() for part in parts if part.strip())
    faults = list(_id_faults(ids))
    if not ids:
        faults = [("subscription_ids", "Name at least one subscription.")]
    if len(ids) > MOST_SUBSCRIPTIONS:
        message = f"Name at most {MOST_SUBSCRIPTIONS} subscriptions at a time, not {len(ids)}."
        faults = [("subscription_ids", message)]
    if faults:
        raise InvalidRequest("The subscription ids are not valid.", errors=faults)
    return tuple(ids)


def _id_faults(ids: Iterable[str]) -> Iterator[Fault]:
    for given in ids:
        try:
            msgspec.convert(given, Guid)
        except msgspec.ValidationError:
            message = f"'{given[:_SHOWN]}' is not a subscription ID: 32 hexadecimal digits in five groups."
            yield "subscription_ids", message


def service_names(asked: tuple[str, ...] | None, known: Iterable[str]) -> tuple[str, ...] | None:
    """Give the services that a caller chose, each once; None for all there are, those added later included.

    Raises:
        InvalidRequest: names each that does not exist, or says that none was chosen.
    """
    if asked is None:
        return None
    names = tuple(dict.fromkeys(asked))
    there = sorted(known)
    faults = [
        ("services", f"'{name[:_SHOWN]}' is not a service. There are: {', '.join(there)}.")
        for name in names
        if name not in there
    ]
    if not names:
        faults = [("services", "Choose at least one service, or leave the field out for all.")]
    if faults:
        raise InvalidRequest("The services are not valid.", errors=faults)
    return names


def new_credential(asked: RotateRequest) -> ClientSecretAuth | CertificateAuth:
    """Give the credential that a rotation asks for.

    Raises:
        InvalidRequest: it gives neither a secret nor a certificate, or both, or a day for a certificate.
    """
    if asked.client_secret is not None and asked.certificate_pem is None:
        return ClientSecretAuth(
            tenant_id=asked.tenant_id,
            client_id=asked.client_id,
            client_secret=asked.client_secret,
            secret_expires_on=asked.secret_expires_on,
        )
    if asked.certificate_pem is None or asked.client_secret is not None:
        message = "Give either client_secret or certificate_pem."
        faults = [("client_secret", message), ("certificate_pem", message)]
        raise InvalidRequest("A rotation takes one new credential.", errors=faults)
    if asked.secret_expires_on is not None:
        fault = ("secret_expires_on", "A certificate says itself when it ends: leave this out.")
        raise InvalidRequest("A rotation takes one new credential.", errors=[fault])
    return CertificateAuth(
        tenant_id=asked.tenant_id, client_id=asked.client_id, certificate_pem=asked.certificate_pem
    )


def unprefixed(error: InvalidRequest) -> InvalidRequest:
    """Name the fields of a refused credential as a rotation spells them, which has no `auth` around them."""
    faults = [(field.removeprefix("auth."), message) for field, message in error.errors]
    return InvalidRequest(error.detail, advice=error.advice, errors=faults)
