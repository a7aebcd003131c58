"""Secrets, connections, and which of them a run was given. Values are stored sealed; see `domain.envelope`."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from macropod_server.db.tables.fields import Id, instant
from macropod_server.domain.envelope import Sealed, Subject


def _goes_with(column: str, kind: Any, **options: Any) -> Any:
    """Refers to a row, and is deleted with it."""
    return Field(sa_type=kind, sa_column_args=[ForeignKey(column, ondelete="CASCADE")], **options)


class SealedFields(SQLModel):
    """The columns of a sealed value; all NULL where there is none any more."""

    ciphertext: bytes | None = Field(default=None, sa_type=LargeBinary)
    wrapped_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    key_id: str | None = Field(default=None, sa_type=String(64))

    @property
    def sealed(self) -> Sealed | None:
        if self.ciphertext is None or self.wrapped_key is None or self.key_id is None:
            return None
        return Sealed(self.ciphertext, self.wrapped_key, self.key_id)

    def keep(self, sealed: Sealed) -> None:
        self.ciphertext, self.wrapped_key, self.key_id = sealed.ciphertext, sealed.wrapped_key, sealed.key_id


class Secret(SQLModel, table=True):
    """`version` is the number of its newest one."""

    __tablename__ = "secrets"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: str = Field(sa_type=Id, primary_key=True)
    workspace_id: int = _goes_with("workspaces.id", Integer)
    name: str = Field(sa_type=String(100))
    version: int
    created_by: str | None = None
    updated_by: str | None = None
    created_at: datetime = instant()
    updated_at: datetime = instant()

    def subject(self, version: int) -> Subject:
        parts = ("secret", self.workspace_id, self.name, self.id, version)
        return Subject(f"Version {version} of the secret {self.name!r}", parts)


class SecretVersion(SealedFields, table=True):
    __tablename__ = "secret_versions"

    secret_id: str = _goes_with("secrets.id", Id, primary_key=True)
    number: int = Field(primary_key=True)
    created_by: str | None = None
    created_at: datetime = instant()


class Connection(SealedFields, table=True):
    """Named access to an outside system. Its details are sealed as a whole; `secret_fields` are paths in them.

    `workspace_id` is where it was made, none for one that only its owner reaches until it is linked.
    """

    __tablename__ = "connections"

    id: str = Field(sa_type=Id, primary_key=True)
    name: str = Field(sa_type=String(200), unique=True)
    type: str = Field(sa_type=String(200))
    secret_fields: list[str] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    workspace_id: int | None = _goes_with("workspaces.id", Integer, default=None)
    owner_id: str | None = Field(default=None, sa_type=Id, index=True)
    created_by: str | None = None
    created_at: datetime = instant()

    def subject(self) -> Subject:
        return Subject(f"What the connection {self.name!r} leads to", ("connection", self.id, self.name))


class ConnectionLink(SQLModel, table=True):
    """Runs of this workspace may use the connection."""

    __tablename__ = "connection_links"

    connection_id: str = _goes_with("connections.id", Id, primary_key=True)
    workspace_id: int = _goes_with("workspaces.id", Integer, primary_key=True, index=True)
    created_at: datetime = instant()


class Given(SealedFields, table=True):
    """What a run was given: a secret in a version, or a connection. The texts that must not show in what it prints are
    sealed with it, until the run is gone."""

    __tablename__ = "given_secrets"

    run_id: str = _goes_with("runs.id", Id, primary_key=True)
    kind: str = Field(primary_key=True, sa_type=String(20), description="secret or connection")
    name: str = Field(primary_key=True, sa_type=String(200))
    version: int | None = None
    given_at: datetime = instant()

    def subject(self) -> Subject:
        title = f"The {self.kind} {self.name!r} that run {self.run_id} was given"
        return Subject(title, ("given", self.run_id, self.kind, self.name))
