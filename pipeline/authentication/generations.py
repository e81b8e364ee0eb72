"""Names of a secret that is replaced at each use: each follows from the one before.

So whatever a crash leaves between two names is found by either of them, and nobody has to remember it.
"""

import re

import msgspec

from pipeline.stores.records import CredentialRecord

_NAME = re.compile(r"(?P<root>.*?)(?:-r(?P<number>\d+))?")


def root_of(name: str) -> str:
    """Give what all generations of a secret have in common: the name of the first."""
    return _parts(name)[0]


def successor(name: str) -> str:
    """Give the name of the next generation."""
    root, number = _parts(name)
    return f"{root}-r{number + 1}"


def neighbours(name: str) -> tuple[str, ...]:
    """Give a name with those right before and after it: what may be left of a replacement that crashed."""
    root, number = _parts(name)
    numbers = [one for one in (number - 1, number, number + 1) if one >= 0]
    return tuple(f"{root}-r{one}" if one else root for one in numbers)


def is_same(one: CredentialRecord, other: CredentialRecord) -> bool:
    """Tell whether two records name one credential, in whatever generation of its secret."""
    return _first(one) == _first(other)


def _first(record: CredentialRecord) -> CredentialRecord:
    name = record.secret_name and root_of(record.secret_name)
    return msgspec.structs.replace(record, secret_name=name)


def _parts(name: str) -> tuple[str, int]:
    found = _NAME.fullmatch(name)
    return (name, 0) if found is None else (found["root"], int(found["number"] or 0))
