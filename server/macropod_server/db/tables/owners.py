"""Who owns what: the installation, workspaces and their tokens."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlmodel import Field, SQLModel

from macropod_server.db.tables.fields import Id, instant


class Installation(SQLModel, table=True):
    """One row: the name by which containers of this installation are told from others."""

    __tablename__ = "installation"

    id: int = Field(default=1, primary_key=True)
    installation_id: str = Field(sa_type=Id)
    key_digest: str | None = Field(
        default=None, sa_type=String(64), description="by which servers tell if theirs is the same"
    )
    master_key_id: str | None = Field(
        default=None, sa_type=String(64), description="the master key that secrets are encrypted with from now on"
    )
    created_at: datetime = instant()


class Workspace(SQLModel, table=True):
    __tablename__ = "workspaces"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime = instant()
    paused_at: datetime | None = instant(default=None)
    paused_by: str | None = None
    pause_reason: str | None = Field(default=None, sa_type=Text)


class Token(SQLModel, table=True):
    """A key of a person or program. Only its digest is kept."""

    __tablename__ = "tokens"

    sha256: str = Field(sa_type=String(64), primary_key=True)
    workspace_id: int = Field(foreign_key="workspaces.id")
    name: str
    created_at: datetime = instant()


class IdempotencyKey(SQLModel, table=True):
    """What a creating call with this key made, so that its repetition makes nothing new."""

    __tablename__ = "idempotency_keys"

    workspace_id: int = Field(primary_key=True, foreign_key="workspaces.id")
    key: str = Field(sa_type=String(200), primary_key=True)
    fingerprint: str = Field(sa_type=String(64))
    made_id: str = Field(sa_type=Id)
    created_at: datetime = instant()
