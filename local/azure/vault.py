"""State of the key vault: secrets with versions, soft delete, purge and recovery."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from enum import StrEnum

DAY_S = 86_400


class RecoveryLevel(StrEnum):
    """Whether a deleted secret can be purged (Key Vault secrets 7.4, DeletionRecoveryLevel)."""

    PURGEABLE = "Recoverable+Purgeable"
    PROTECTED = "Recoverable"


@dataclass(slots=True)
class SecretVersion:
    """One version of a secret."""

    version: str
    value: str
    created: int
    updated: int
    enabled: bool = True
    not_before: int | None = None
    expires: int | None = None
    content_type: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Secret:
    """A secret: its versions, oldest first, and when it was deleted if it was."""

    name: str
    versions: list[SecretVersion] = field(default_factory=list)
    deleted_at: int | None = None

    @property
    def newest(self) -> SecretVersion:
        """The current version."""
        return self.versions[-1]

    def version(self, version: str) -> SecretVersion | None:
        """Return a version; the newest for an empty string, None for an unknown one."""
        if not version:
            return self.newest
        return next((found for found in self.versions if found.version == version), None)


@dataclass(slots=True)
class Vault:
    """A vault. `owners` are the object ids that may use it."""

    recovery_level: RecoveryLevel = RecoveryLevel.PURGEABLE
    retention_days: int = 90
    owners: set[str] = field(default_factory=set)
    secrets: dict[str, Secret] = field(default_factory=dict)
    deleted: dict[str, Secret] = field(default_factory=dict)

    def find(self, name: str) -> Secret | None:
        """Find a secret that is not deleted; names compare in any case."""
        return self.secrets.get(name.lower())

    def find_deleted(self, name: str) -> Secret | None:
        """Find a deleted secret."""
        return self.deleted.get(name.lower())

    def add_version(self, name: str, value: str) -> tuple[Secret, SecretVersion]:
        """Add a version, and the secret if it is new."""
        now = int(time.time())
        secret = self.secrets.setdefault(name.lower(), Secret(name))
        secret.versions.append(SecretVersion(uuid.uuid4().hex, value, now, now))
        return secret, secret.newest

    def delete(self, secret: Secret) -> None:
        """Soft-delete a secret."""
        secret.deleted_at = int(time.time())
        self.deleted[secret.name.lower()] = self.secrets.pop(secret.name.lower())

    def recover(self, secret: Secret) -> None:
        """Undo a soft delete."""
        secret.deleted_at = None
        self.secrets[secret.name.lower()] = self.deleted.pop(secret.name.lower())

    def purge(self, secret: Secret) -> None:
        """Remove a deleted secret for good."""
        del self.deleted[secret.name.lower()]
