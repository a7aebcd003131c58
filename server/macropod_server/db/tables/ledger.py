"""What happened: ticks, and events others may want to be told of."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from macropod_server.db.columns import Word
from macropod_server.db.tables.fields import Id, instant
from macropod_server.domain.task import (
    TickOutcome,
)


class Tick(SQLModel, table=True):
    """One due moment of a scheduled task. Unique, so that nothing starts twice."""

    __tablename__ = "ticks"
    __table_args__ = (
        UniqueConstraint("task_id", "due_at"),
        Index("ix_ticks_created", "created_at"),
        Index("ix_ticks_run", "run_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    task_id: str = Field(foreign_key="tasks.id")
    due_at: datetime = instant()
    outcome: TickOutcome = Field(sa_type=Word(TickOutcome))
    reason: str | None = Field(default=None, sa_type=Text)
    run_id: str | None = Field(default=None, foreign_key="runs.id")
    created_at: datetime = instant()

    def become(self, other: "Tick") -> None:
        """What came of the moment after all."""
        self.outcome, self.reason, self.run_id = other.outcome, other.reason, other.run_id


class Event(SQLModel, table=True):
    """What others may want to be told of, in the order of `id`; written with the change it tells of."""

    __tablename__ = "events"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, sa_type=BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    workspace_id: int = Field(foreign_key="workspaces.id", index=True)
    kind: str = Field(sa_type=String(40))
    orchestration_id: str = Field(sa_type=Id)
    task_id: str | None = Field(default=None, sa_type=Id)
    run_id: str = Field(sa_type=Id)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    created_at: datetime = instant()
