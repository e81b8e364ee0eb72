"""Names of a secret that is replaced at each use: a root they share, and what is never used twice after it.

No name comes back, because a vault that keeps deleted secrets refuses it ("Azure Key Vault soft-delete
overview"), and because whoever deletes what is left of a crash must not meet the next one's under its name.
"""

import re
import uuid

import msgspec

from pipeline.stores.records import CredentialRecord

_NAME = re.compile(r"(?P<root>.*?)(?:-r(?P<number>\d+)(?:-[0-9a-f]{8})?)?")


def root_of(name: str) -> str:
    """Give what all generations of a secret have in common: the name of the first."""
    return _parts(name)[0]


def successor(name: str) -> str:
    """Make a name for the next generation, another one at each call."""
    root, number = _parts(name)
    return f"{root}-r{number + 1}-{uuid.uuid4().hex[:8]}"


def is_same(one: CredentialRecord, other: CredentialRecord) -> bool:
    """Tell whether two records name one credential, in whatever generation of its secret."""
    return _first(one) == _first(other)


def _first(record: CredentialRecord) -> CredentialRecord:
    name = record.secret_name and root_of(record.secret_name)
    return msgspec.structs.replace(record, secret_name=name)


def _parts(name: str) -> tuple[str, int]:
    found = _NAME.fullmatch(name)
    return (name, 0) if found is None else (found["root"], int(found["number"] or 0))
