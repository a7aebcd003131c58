"""Who owns what: the installation, users, workspaces, their members, and tokens."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlmodel import Field, SQLModel

from macropod_server.db.columns import Word
from macropod_server.db.tables.fields import Id, instant
from macropod_server.domain.flavor import Flavor
from macropod_server.domain.roles import Role, Scope


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
    created_by: str | None = Field(default=None, sa_type=Id, description="id of a user")
    archived_at: datetime | None = instant(default=None)
    paused_at: datetime | None = instant(default=None)
    paused_by: str | None = None
    pause_reason: str | None = Field(default=None, sa_type=Text)
    default_flavor: Flavor = Field(
        default=Flavor.PLAIN, sa_type=Word(Flavor), description="of what is uploaded without one"
    )


class User(SQLModel, table=True):
    """A person. `email` is kept as `domain.accounts` writes it, so that one person has one row."""

    __tablename__ = "users"

    id: str = Field(sa_type=Id, primary_key=True)
    email: str = Field(sa_type=String(320), unique=True)
    name: str
    password_hash: str | None = Field(default=None, sa_type=Text)
    is_admin: bool = False
    default_workspace_id: int | None = None
    created_at: datetime = instant()
    disabled_at: datetime | None = instant(default=None)


class Member(SQLModel, table=True):
    __tablename__ = "members"

    workspace_id: int = Field(primary_key=True, foreign_key="workspaces.id", ondelete="CASCADE")
    user_id: str = Field(primary_key=True, foreign_key="users.id", index=True)
    role: Role = Field(sa_type=Word(Role))
    created_at: datetime = instant()


class Token(SQLModel, table=True):
    """A key of a person or program. Only its digest is kept."""

    __tablename__ = "tokens"

    sha256: str = Field(sa_type=String(64), primary_key=True)
    id: str | None = Field(default=None, sa_type=Id, index=True)
    workspace_id: int = Field(foreign_key="workspaces.id", description="where calls act that name no other")
    is_bound: bool = Field(default=True, description="whether it reaches no other workspace of its user")
    user_id: str | None = Field(default=None, sa_type=Id, index=True)
    scope: Scope = Field(default=Scope.ADMIN, sa_type=Word(Scope))
    name: str
    created_at: datetime = instant()
    expires_at: datetime | None = instant(default=None)
    last_used_at: datetime | None = instant(default=None)
    revoked_at: datetime | None = instant(default=None)


class IdempotencyKey(SQLModel, table=True):
    """What a creating call with this key made, so that its repetition makes nothing new."""

    __tablename__ = "idempotency_keys"

    workspace_id: int = Field(primary_key=True, foreign_key="workspaces.id")
    key: str = Field(sa_type=String(200), primary_key=True)
    fingerprint: str = Field(sa_type=String(64))
    made_id: str = Field(sa_type=Id)
    created_at: datetime = instant()
