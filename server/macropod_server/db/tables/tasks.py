"""The orders to run something."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, Text, text
from sqlmodel import Field, SQLModel

from macropod_server.db.columns import Word
from macropod_server.db.tables.fields import Id, instant
from macropod_server.domain.task import (
    UNKNOWN_RUN_STATUS,
    Missed,
    Overlap,
    TaskHealth,
    TaskKind,
    TaskStatus,
)

IS_TO_SETTLE = text("status = 'pending_kill'")
IS_IN_CRASH_LOOP = text("health = 'crash_loop'")
"""For few rows out of many. As text, for a database does not know of a value it is handed that the index has it."""


class Task(SQLModel, table=True):
    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_due", "next_due_at", sqlite_where=text("next_due_at IS NOT NULL")),
        Index("ix_tasks_updated", "workspace_id", "updated_at"),
        Index("ix_tasks_to_settle", "id", sqlite_where=IS_TO_SETTLE, postgresql_where=IS_TO_SETTLE),
        Index("ix_tasks_crash_loop", "id", sqlite_where=IS_IN_CRASH_LOOP, postgresql_where=IS_IN_CRASH_LOOP),
    )

    id: str = Field(sa_type=Id, primary_key=True)
    workspace_id: int = Field(foreign_key="workspaces.id")
    orchestration_id: str = Field(foreign_key="orchestrations.id", index=True)
    name: str
    kind: TaskKind = Field(sa_type=Word(TaskKind))
    status: TaskStatus = Field(sa_type=Word(TaskStatus))
    active: bool = True
    health: TaskHealth = Field(default=TaskHealth.HEALTHY, sa_type=Word(TaskHealth))
    json_args: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    debug: bool = False

    schedule: str | None = None
    timezone: str | None = None
    every_seconds: int | None = None
    starts_at: datetime | None = instant(default=None)
    ends_at: datetime | None = instant(default=None)
    excluded_dates: list[str] = Field(default_factory=list, sa_type=JSON)
    jitter_seconds: int = 0
    overlap: Overlap = Field(default=Overlap.ALLOW, sa_type=Word(Overlap))
    missed: Missed = Field(default=Missed.LATEST, sa_type=Word(Missed))
    missed_window_seconds: int = 3600
    missed_cap: int = 100
    pause_after_failures: int | None = None

    retries: int = 0
    retry_on: list[str] = Field(default_factory=list, sa_type=JSON)
    retry_delay_seconds: int = 10

    timeout_seconds: int | None = None
    start_timeout_seconds: int | None = None
    queue_timeout_seconds: int | None = None
    silence_timeout_seconds: int | None = None
    grace_seconds: int | None = None

    profile: str | None = None
    cpus: float | None = None
    memory_bytes: int | None = Field(default=None, sa_type=BigInteger)
    pids: int | None = None
    gpus: int | None = None
    locks: list[str] = Field(default_factory=list, sa_type=JSON)
    secrets: dict[str, str] = Field(default_factory=dict, sa_type=JSON, sa_column_kwargs={"server_default": "{}"})
    secret_files: dict[str, str] = Field(default_factory=dict, sa_type=JSON, sa_column_kwargs={"server_default": "{}"})

    next_due_at: datetime | None = instant(default=None)
    failures_in_a_row: int = 0
    paused_at: datetime | None = instant(default=None)
    paused_by: str | None = None
    pause_reason: str | None = Field(default=None, sa_type=Text)
    last_run_id: str | None = Field(default=None, sa_type=Id)
    last_run_status: str = Field(default=UNKNOWN_RUN_STATUS, sa_type=String(40))
    created_by: str | None = None
    owner_id: str | None = Field(default=None, sa_type=Id, description="id of the user who made it")
    kill_asked_at: datetime | None = instant(default=None)
    kill_asked_by: str | None = None
    created_at: datetime = instant()
    updated_at: datetime = instant()
