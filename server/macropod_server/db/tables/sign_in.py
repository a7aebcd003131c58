"""How people come in: sessions, log-ins of devices that wait for them, and who they are at other providers."""

from datetime import datetime

from sqlalchemy import String, Text
from sqlmodel import Field, SQLModel

from macropod_server.db.columns import Word
from macropod_server.db.tables.fields import Id, instant
from macropod_server.domain.sign_in import How


class UserSession(SQLModel, table=True):
    """From signing in to signing out. Of what its holder is given only a digest is kept."""

    __tablename__ = "sessions"

    id: str = Field(sa_type=Id, primary_key=True)
    user_id: str = Field(sa_type=Id, foreign_key="users.id", ondelete="CASCADE", index=True)
    refresh_sha256: str = Field(sa_type=String(64), unique=True)
    how: How = Field(sa_type=Word(How))
    address: str | None = Field(default=None, sa_type=String(64), description="from where it began")
    created_at: datetime = instant()
    last_used_at: datetime = instant()
    expires_at: datetime = instant(index=True)
    ended_at: datetime | None = instant(default=None)


class DeviceLogin(SQLModel, table=True):
    """A program without a browser waits until its user says yes in one; it goes once it has been answered."""

    __tablename__ = "device_logins"

    device_sha256: str = Field(sa_type=String(64), primary_key=True)
    user_code: str = Field(sa_type=String(16), unique=True)
    interval_seconds: int
    created_at: datetime = instant()
    expires_at: datetime = instant(index=True)
    polled_at: datetime | None = instant(default=None)
    user_id: str | None = Field(default=None, sa_type=Id, foreign_key="users.id", ondelete="CASCADE")
    denied_at: datetime | None = instant(default=None)


class OutsideIdentity(SQLModel, table=True):
    """Who a provider of OpenID Connect says somebody is, by its own lasting name for them."""

    __tablename__ = "identities"

    issuer: str = Field(sa_type=String(500), primary_key=True)
    subject: str = Field(sa_type=String(255), primary_key=True)
    user_id: str = Field(sa_type=Id, foreign_key="users.id", ondelete="CASCADE", index=True)
    email: str = Field(sa_type=Text, description="as the provider last told it")
    created_at: datetime = instant()
    last_used_at: datetime = instant()
