"""Who did what: written with the change it tells of, and never changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String
from sqlmodel import Field, SQLModel

from macropod_server.db.tables.fields import Id, instant


class AuditEntry(SQLModel, table=True):
    """`outcome` is `done` or `refused`. `facts` hold what the call was about beside the object."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_workspace", "workspace_id", "id"),
        Index("ix_audit_entries_at", "at"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, sa_type=BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: datetime = instant()
    actor: str = Field(sa_type=String(400))
    user_id: str | None = Field(default=None, sa_type=Id)
    token_id: str | None = Field(default=None, sa_type=Id)
    run_id: str | None = Field(default=None, sa_type=Id)
    action: str = Field(sa_type=String(100))
    outcome: str = Field(default="done", sa_type=String(40))
    workspace_id: int | None = None
    object_kind: str | None = Field(default=None, sa_type=String(40))
    object_id: str | None = Field(default=None, sa_type=String(300))
    address: str | None = Field(default=None, sa_type=String(100))
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
